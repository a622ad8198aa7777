//! The language of the scripts: which text stands for which request, and how events are written.
//!
//! It knows the API's JSON and nothing of executions. See [`super::check`] for whole scripts.

use serde_json::{Map, Value, json};
use wire::{Event, RunId};

/// Members that say which event belongs to which, in the short form that scripts use. They and the
/// cause of a failure must stand in every expected line; other members may.
const LINKS: [(&str, &str); 9] = [
    ("decisionTaskCompletedEventId", "dtc"),
    ("scheduledEventId", "sched"),
    ("startedEventId", "started"),
    ("latestCancelRequestedEventId", "cancel"),
    ("parentInitiatedEventId", "parent"),
    ("externalInitiatedEventId", "external"),
    ("initiatedEventId", "initiated"),
    ("cause", "cause"),
    ("timeoutType", "timeout"),
];

/// An event, or a refusal.
#[derive(Clone, Debug)]
pub enum Reply {
    /// The run, and the event.
    Event(RunId, Event),
    /// A fault's name and text.
    Fault(String),
}

/// The attributes of an event in its JSON form.
pub fn attributes(event: &Value) -> &Map<String, Value> {
    let members = event.as_object().expect("an event is an object");
    let (_, attributes) = members
        .iter()
        .find(|(key, _)| key.ends_with("EventAttributes"))
        .expect("an event has attributes");
    attributes.as_object().expect("attributes are an object")
}

/// An event as clients see it.
pub fn json(event: &Event) -> Value {
    serde_json::to_value(event).expect("an event can be written")
}

impl Reply {
    /// The line that expects this and nothing more than has to be said.
    pub fn line(&self) -> String {
        let (run_id, event) = match self {
            Reply::Fault(text) => return format!("=> ! {text}"),
            Reply::Event(run_id, event) => (run_id.as_str(), event),
        };
        let run = if run_id == "r1" { String::new() } else { format!("{run_id} ") };
        let event_type = event.attributes.event_type();
        let mut line = format!("=> {run}{} {event_type}", event.event_id);
        let event = json(event);
        for (member, short) in LINKS {
            if let Some(value) = attributes(&event).get(member) {
                line += &format!(" {short}={}", word(value));
            }
        }
        line
    }

    /// True if `expected` says of this everything that has to be said, and nothing wrong.
    pub fn satisfies(&self, expected: &str) -> bool {
        let event = match self {
            Reply::Fault(_) => return self.line() == expected,
            Reply::Event(_, event) => json(event),
        };
        let is_link = |word: &&str| {
            let key = word.split_once('=').map_or("", |(key, _)| key);
            key.is_empty() || LINKS.iter().any(|link| link.1 == key)
        };
        let (mut said, extra): (Vec<&str>, Vec<&str>) =
            expected.split_whitespace().partition(is_link);
        let line = self.line();
        let mut links: Vec<&str> = line.split_whitespace().collect();
        links.sort_unstable();
        said.sort_unstable();
        links == said
            && extra.iter().filter_map(|word| word.split_once('=')).all(|(key, value)| {
                attributes(&event).get(key).map_or("-".to_owned(), word) == value
            })
    }
}

/// A value as one word: the name of a list, `name/version` of a type, tags with commas.
pub fn word(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(word).collect::<Vec<_>>().join(","),
        Value::Object(members) => {
            let values = ["name", "version", "workflowId", "runId"].map(|key| members.get(key));
            values.into_iter().flatten().map(word).collect::<Vec<_>>().join("/")
        }
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// Compares members of `view` with what `questions` say of them: `path=value path=value ...`.
#[track_caller]
pub fn ask(view: &Value, questions: &str) {
    for question in questions.split_whitespace() {
        let (path, value) = question.split_once('=').expect("a question is path=value");
        let pointer = format!("/{}", path.replace('.', "/"));
        let actual = view.pointer(&pointer).map_or("-".to_owned(), word);
        assert_eq!(actual, value, "{path} of {view:#}");
    }
}

/// Words of the form `key=value`, as the members of a request.
pub fn members<'t>(words: impl IntoIterator<Item = &'t str>) -> Map<String, Value> {
    words
        .into_iter()
        .map(|word| {
            let (key, text) = word.split_once('=').expect("a member is written key=value");
            let value = match key {
                "taskList" => json!({ "name": text }),
                "activityType" | "workflowType" => named(text),
                "tagList" => text.split(',').filter(|tag| !tag.is_empty()).collect(),
                _ => json!(text),
            };
            (key.to_owned(), value)
        })
        .collect()
}

/// A type, from `name/version`.
pub fn named(text: &str) -> Value {
    let (name, version) = text.split_once('/').expect("a type is written name/version");
    json!({ "name": name, "version": version })
}

/// Decisions separated by semicolons, as they stand in a request.
pub fn decisions(text: &str) -> Value {
    text.split(';').map(str::trim).filter(|text| !text.is_empty()).map(decision).collect()
}

fn decision(text: &str) -> Value {
    let mut words = text.split_whitespace();
    let verb = words.next().expect("a decision has a verb");
    let (decision_type, positional): (&str, &[&str]) = match verb {
        "schedule" => ("ScheduleActivityTask", &["activityId"]),
        "cancel-activity" => ("RequestCancelActivityTask", &["activityId"]),
        "complete" => ("CompleteWorkflowExecution", &[]),
        "fail" => ("FailWorkflowExecution", &[]),
        "cancel" => ("CancelWorkflowExecution", &[]),
        "continue" => ("ContinueAsNewWorkflowExecution", &[]),
        "marker" => ("RecordMarker", &["markerName"]),
        "timer" => ("StartTimer", &["timerId", "startToFireTimeout"]),
        "cancel-timer" => ("CancelTimer", &["timerId"]),
        "signal-external" => ("SignalExternalWorkflowExecution", &["workflowId", "signalName"]),
        "cancel-external" => ("RequestCancelExternalWorkflowExecution", &["workflowId"]),
        "child" => ("StartChildWorkflowExecution", &["workflowId"]),
        "lambda" => ("ScheduleLambdaFunction", &["id", "name"]),
        // A decision without its attributes.
        bare => return json!({ "decisionType": bare }),
    };
    let mut attributes = Map::new();
    if verb == "schedule" {
        attributes.insert("activityType".to_owned(), named("work/1"));
    }
    if verb == "child" {
        attributes.insert("workflowType".to_owned(), named("order/1"));
    }
    for key in positional {
        let value = words.next().expect("the decision names what it is about");
        attributes.insert((*key).to_owned(), json!(value));
    }
    attributes.extend(members(words));
    let (first, rest) = decision_type.split_at(1);
    let key = format!("{}{rest}DecisionAttributes", first.to_lowercase());
    json!({ "decisionType": decision_type, key: attributes })
}
