//! The short forms of requests: which text stands for which.

use super::script::{unquoted, words};
use serde_json::{Map, Value, json};
use wire::Operation;

/// The domain of all short forms.
const DOMAIN: &str = "d";

/// A request before its names are filled in, or nothing if the text is no short form.
pub fn parse(text: &str) -> Option<(Operation, Value)> {
    let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
    if let Some(operation) = Operation::ALL.iter().find(|operation| operation.name() == verb) {
        let body = serde_json::from_str(rest).unwrap_or_else(|error| panic!("{error}: {text}"));
        return Some((*operation, body));
    }
    use Operation as O;
    if verb == "decide" {
        let (workflow_id, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let (options, list) = rest.split_once('|').unwrap_or(("", rest));
        let mut body = members(words(options));
        body.insert("taskToken".to_owned(), json!(format!("${workflow_id}.decision")));
        body.insert("decisions".to_owned(), decisions(list));
        return Some((O::RespondDecisionTaskCompleted, body.into()));
    }
    let words = words(rest);
    let (given, members_given): (Vec<String>, Vec<String>) =
        words.into_iter().partition(|word| !word.contains('=') || word.starts_with('"'));
    let given: Vec<String> = given.iter().map(|word| unquoted(word)).collect();
    let first = given.first().map(String::as_str);
    let named = || first.unwrap_or_else(|| panic!("it names nothing: {text}"));
    let run = || given.get(1).cloned().unwrap_or_else(|| format!("${}.run", named()));
    let execution = || json!({ "workflowId": named(), "runId": run() });
    let list = |default: &str| json!({ "name": first.unwrap_or(default) });
    let token = || json!({ "taskToken": format!("${}.activity", named()) });
    let (operation, body) = match verb {
        "start" => (
            O::StartWorkflowExecution,
            json!({ "domain": DOMAIN, "workflowId": named(),
                    "workflowType": { "name": "w", "version": "1" } }),
        ),
        "poll" => {
            (O::PollForDecisionTask, json!({ "domain": DOMAIN, "taskList": list("deciders") }))
        }
        "take" => {
            (O::PollForActivityTask, json!({ "domain": DOMAIN, "taskList": list("workers") }))
        }
        "beat" => (O::RecordActivityTaskHeartbeat, token()),
        "completed" => (O::RespondActivityTaskCompleted, token()),
        "failed" => (O::RespondActivityTaskFailed, token()),
        "canceled" => (O::RespondActivityTaskCanceled, token()),
        "signal" => (
            O::SignalWorkflowExecution,
            json!({ "domain": DOMAIN, "workflowId": named(),
                    "signalName": given.get(1).map_or("s", String::as_str) }),
        ),
        "request-cancel" => {
            (O::RequestCancelWorkflowExecution, json!({ "domain": DOMAIN, "workflowId": named() }))
        }
        "terminate" => {
            (O::TerminateWorkflowExecution, json!({ "domain": DOMAIN, "workflowId": named() }))
        }
        "history" => {
            (O::GetWorkflowExecutionHistory, json!({ "domain": DOMAIN, "execution": execution() }))
        }
        "describe" => {
            (O::DescribeWorkflowExecution, json!({ "domain": DOMAIN, "execution": execution() }))
        }
        "workflow-type" => (O::RegisterWorkflowType, registration(&given)),
        "activity-type" => (O::RegisterActivityType, registration(&given)),
        _ => return None,
    };
    let Value::Object(mut body) = body else { panic!("a body is an object") };
    body.extend(members(members_given));
    Some((operation, body.into()))
}

fn registration(given: &[String]) -> Value {
    let [name, version] = given else { panic!("a type has a name and a version") };
    json!({ "domain": DOMAIN, "name": name, "version": version })
}

/// Words of the form `key=value`, as members of a request.
fn members(words: Vec<String>) -> Map<String, Value> {
    let member = |word: String| {
        let (key, text) = word.split_once('=').expect("a member is written key=value");
        let text = unquoted(text);
        let value = match key {
            "taskList" | "defaultTaskList" => json!({ "name": text }),
            "activityType" | "workflowType" => type_of(&text),
            "tagList" => text.split(',').filter(|tag| !tag.is_empty()).collect(),
            "maximumPageSize" => json!(text.parse::<i64>().expect("a number")),
            "reverseOrder" | "startAtPreviousStartedEvent" => json!(text == "true"),
            _ => json!(text),
        };
        (key.to_owned(), value)
    };
    words.into_iter().map(member).collect()
}

/// A type, from `name/version`.
fn type_of(text: &str) -> Value {
    let (name, version) = text.split_once('/').expect("a type is written name/version");
    json!({ "name": name, "version": version })
}

/// Decisions separated by semicolons. `3 * timer t# 5` are three, with `#` counted up from 1.
fn decisions(text: &str) -> Value {
    let mut decisions = Vec::new();
    for text in text.split(';').map(str::trim).filter(|text| !text.is_empty()) {
        match text.split_once(" * ") {
            Some((count, text)) => {
                let count: usize = count.parse().expect("a number of decisions");
                let one = |index: usize| decision(&text.replace('#', &index.to_string()));
                decisions.extend((1..=count).map(one));
            }
            None => decisions.push(decision(text)),
        }
    }
    decisions.into()
}

fn decision(text: &str) -> Value {
    let mut words = words(text).into_iter();
    let verb = words.next().expect("a decision has a verb");
    let (decision_type, positional): (&str, &[&str]) = match verb.as_str() {
        "schedule" => ("ScheduleActivityTask", &["activityId"]),
        "cancel-activity" => ("RequestCancelActivityTask", &["activityId"]),
        "complete" => ("CompleteWorkflowExecution", &[]),
        "fail" => ("FailWorkflowExecution", &[]),
        "cancel" => ("CancelWorkflowExecution", &[]),
        "continue" => ("ContinueAsNewWorkflowExecution", &[]),
        "marker" => ("RecordMarker", &["markerName"]),
        "timer" => ("StartTimer", &["timerId", "startToFireTimeout"]),
        "cancel-timer" => ("CancelTimer", &["timerId"]),
        "signal" => ("SignalExternalWorkflowExecution", &["workflowId", "signalName"]),
        "request-cancel" => ("RequestCancelExternalWorkflowExecution", &["workflowId"]),
        "child" => ("StartChildWorkflowExecution", &["workflowId"]),
        "lambda" => ("ScheduleLambdaFunction", &["id", "name"]),
        // A decision without its attributes.
        bare => return json!({ "decisionType": bare }),
    };
    let mut attributes = Map::new();
    match verb.as_str() {
        "schedule" => attributes.insert("activityType".to_owned(), type_of("a/1")),
        "child" => attributes.insert("workflowType".to_owned(), type_of("w/1")),
        _ => None,
    };
    for key in positional {
        let value = words.next().unwrap_or_else(|| panic!("{text}: it lacks {key}"));
        attributes.insert((*key).to_owned(), json!(unquoted(&value)));
    }
    attributes.extend(members(words.collect()));
    let (first, rest) = decision_type.split_at(1);
    let key = format!("{}{rest}DecisionAttributes", first.to_lowercase());
    json!({ "decisionType": decision_type, key: attributes })
}
