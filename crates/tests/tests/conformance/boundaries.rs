//! Every constraint of AWS's model at its boundary: a request for each, made from the model, and
//! the refusal that api.md, section 1.4, prescribes. Nothing of the service's own check is used.

use super::host::{Answer, Host, Sent};
use super::in_process::InProcess;
use super::model;
use super::over_tcp::OverTcp;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use wire::Operation;

/// A request, and what is to come of it.
struct Probe {
    operation: &'static str,
    body: Value,
    expected: Expected,
}

enum Expected {
    /// No constraint is broken. The request may be refused for another reason.
    Passes,
    /// A value of the wrong type.
    WrongType(String),
    /// Broken constraints, in whatever order.
    Broken(BTreeSet<String>),
}

/// Where a value is: names of members, and the places of lists.
type Path = Vec<Step>;

#[derive(Clone)]
enum Step {
    Member(&'static str),
    /// The first of a list.
    First,
}

/// The decision types in the service's own order (api.md, section 1.4).
const DECISION_TYPES: &str = "CompleteWorkflowExecution, StartTimer, \
    RequestCancelExternalWorkflowExecution, SignalExternalWorkflowExecution, CancelTimer, \
    RecordMarker, ScheduleActivityTask, ContinueAsNewWorkflowExecution, ScheduleLambdaFunction, \
    FailWorkflowExecution, RequestCancelActivityTask, StartChildWorkflowExecution, \
    CancelWorkflowExecution";

/// Two UTF-16 units in one character.
const CLEF: &str = "\u{1d11e}";

/// An operation being probed.
struct Prober {
    operation: &'static str,
    /// A right request.
    base: Value,
    probes: Vec<Probe>,
}

impl Prober {
    /// All probes of an operation.
    fn of(operation: &'static str) -> Vec<Probe> {
        let input = model::input(operation);
        let mut base = sample(input);
        if operation == "RegisterDomain" {
            base["name"] = json!("r"); // Not the domain of the others, which is to stay unknown.
        }
        if operation.ends_with("ClosedWorkflowExecutions") {
            base["startTimeFilter"] = json!({ "oldestDate": 1 });
        }
        let mut prober = Prober { operation, base, probes: Vec::new() };
        if operation == "RespondDecisionTaskCompleted" {
            prober.probe_decisions();
        }
        prober.probe_members(input, &Vec::new());
        prober.probes
    }

    fn add(&mut self, path: &Path, value: Value, expected: Expected) {
        let mut body = self.base.clone();
        put(&mut body, model::input(self.operation), path, value);
        self.probes.push(Probe { operation: self.operation, body, expected });
    }

    fn passes(&mut self, path: &Path, value: Value) {
        self.add(path, value, Expected::Passes);
    }

    fn wrong_type(&mut self, path: &Path, value: Value, text: impl Into<String>) {
        self.add(path, value, Expected::WrongType(text.into()));
    }

    fn broken(&mut self, path: &Path, value: Value, rule: &str) {
        let shown = match value.as_array() {
            Some(items) => {
                let texts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
                format!("[{}]", texts.join(", "))
            }
            None => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
        };
        let path_text = path_text(path);
        let item = format!("Value '{shown}' at '{path_text}' failed to satisfy constraint: {rule}");
        self.add(path, value, Expected::Broken([item].into()));
    }

    /// The attributes of each decision type in a decision of that type, and all of them in one of
    /// another: they are checked even where they mean nothing.
    fn probe_decisions(&mut self) {
        let decision = |decision_type: &str| {
            let attributes = sample(&format!("{decision_type}DecisionAttributes"));
            json!({ "decisionType": decision_type, attributes_member(decision_type): attributes })
        };
        let list = vec![Step::Member("decisions")];
        for decision_type in model::words("DecisionType") {
            self.base["decisions"] = json!([decision(decision_type)]);
            let mut path = list.clone();
            path.extend([Step::First, Step::Member(attributes_member(decision_type))]);
            self.probe_members(&format!("{decision_type}DecisionAttributes"), &path);
        }
        self.base["decisions"] = json!([decision("RecordMarker")]);
        self.probe("DecisionList", &list);
    }

    fn probe_members(&mut self, structure: &str, path: &Path) {
        for (name, member) in members(structure) {
            if name == "decisions" {
                continue; // See [`Prober::probe_decisions`].
            }
            let mut path = path.clone();
            path.push(Step::Member(name));
            let shape = member["shape"].as_str().expect("a member has a shape");
            let absent = match is_required(structure, name) {
                true => Expected::Broken(nulls([path_text(&path)])),
                false => Expected::Passes,
            };
            self.add(&path, Value::Null, absent);
            self.probe(shape, &path);
        }
    }

    fn probe(&mut self, name: &str, path: &Path) {
        let shape = model::shape(name);
        match shape["type"].as_str().expect("a shape has a type") {
            "string" => self.probe_text(name, path),
            "integer" => self.probe_integer(shape, path),
            "boolean" => {
                self.passes(path, json!(true));
                self.passes(path, json!("false"));
                self.wrong_types(path, "Boolean", &[json!(5), json!("x")]);
            }
            "timestamp" => {
                for moment in [json!(1), json!(1.5), json!(-1)] {
                    self.passes(path, moment);
                }
                self.wrong_types(path, "Date", &[json!(true), json!("1")]);
            }
            "list" => self.probe_list(shape, path),
            "structure" => {
                for wrong in [json!(5), json!("x"), json!(true)] {
                    self.wrong_type(path, wrong, "Unexpected field type");
                }
                let class = format!("com.amazonaws.swf.base.model.{name}");
                self.wrong_type(
                    path,
                    json!([]),
                    format!("Unrecognized collection type class {class}"),
                );
                let below = |member: &str| format!("{}.{member}", path_text(path));
                let required = members(name).map(|(member, _)| member);
                let required: Vec<_> = required.filter(|m| is_required(name, m)).collect();
                match required.is_empty() {
                    true => self.passes(path, json!({})),
                    false => {
                        let nulls = nulls(required.into_iter().map(below));
                        self.add(path, json!({}), Expected::Broken(nulls));
                    }
                }
                self.probe_members(name, path);
            }
            other => panic!("an input has a member of type {other}"),
        }
    }

    fn probe_text(&mut self, name: &str, path: &Path) {
        self.wrong_types(path, "String", &[json!(5), json!(1.5), json!(true), json!(false)]);
        let words = model::words(name);
        if !words.is_empty() {
            let printed = words.join(", ");
            let printed = if name == "DecisionType" { DECISION_TYPES } else { &printed };
            let rule = format!("Member must satisfy enum value set: [{printed}]");
            for wrong in ["BOGUS".to_owned(), words[0].to_lowercase(), String::new()] {
                self.broken(path, json!(wrong), &rule);
            }
            words.into_iter().for_each(|word| self.passes(path, json!(word)));
            return;
        }
        let bound = |key: &str| model::shape(name)[key].as_u64().map(|bound| bound as usize);
        match bound("min") {
            Some(min) if min > 0 => {
                assert_eq!(min, 1, "no text needs more than one character");
                let rule = "Member must have length greater than or equal to 1";
                self.broken(path, json!(""), rule);
                self.passes(path, json!(filler(name)));
            }
            // A priority of no digits is none: see the scripts.
            _ if name == "TaskPriority" => (),
            _ => self.passes(path, json!("")),
        }
        let Some(max) = bound("max") else { return };
        // One of Lambda's must be between 1 and 900 as well: see the scripts.
        let is_lambda = path_text(path).contains("Lambda");
        if name == "DurationInSecondsOptional" && is_lambda {
            return;
        }
        let rule = format!("Member must have length less than or equal to {max}");
        let longest = match name {
            "DurationInDays" => format!("{:0>max$}", "7"),
            _ => filler(name).repeat(max),
        };
        self.passes(path, json!(longest));
        self.broken(path, json!(longest + filler(name)), &rule);
        if filler(name) == "x" && !name.contains("Tag") {
            // Lengths are counted in units of UTF-16.
            self.passes(path, json!(CLEF.repeat(max / 2)));
            self.broken(path, json!(CLEF.repeat(max / 2 + 1)), &rule);
        }
    }

    fn probe_integer(&mut self, shape: &Value, path: &Path) {
        let min = shape["min"].as_i64().expect("integers of inputs have bounds");
        let max = shape["max"].as_i64().expect("integers of inputs have bounds");
        self.passes(path, json!(min));
        self.passes(path, json!(max));
        let rule = format!("Member must have value greater than or equal to {min}");
        self.broken(path, json!(min - 1), &rule);
        let rule = format!("Member must have value less than or equal to {max}");
        self.broken(path, json!(max + 1), &rule);
        self.wrong_types(path, "Integer", &[json!(true), json!("5")]);
        self.wrong_type(path, json!(1.5), "DECIMAL_VALUE cannot be converted to Integer");
    }

    fn probe_list(&mut self, shape: &Value, path: &Path) {
        for wrong in [json!(5), json!("x"), json!(true)] {
            self.wrong_type(path, wrong, "Unexpected field type");
        }
        let text = "Start of structure or map found where not expected";
        self.wrong_type(path, json!({}), text);
        let member = shape["member"]["shape"].as_str().expect("a list has members");
        self.passes(path, json!([]));
        if let Some(max) = shape["max"].as_u64() {
            let items = |count: u64| json!(vec![sample(member); count as usize]);
            self.passes(path, items(max));
            let rule = format!("Member must have length less than or equal to {max}");
            self.broken(path, items(max + 1), &rule);
        }
        let mut path = path.clone();
        path.push(Step::First);
        self.probe(member, &path);
    }

    /// Values that are not of the type that `wanted` is called.
    fn wrong_types(&mut self, path: &Path, wanted: &str, scalars: &[Value]) {
        for scalar in scalars {
            let token = match scalar {
                Value::Bool(true) => "TRUE_VALUE",
                Value::Bool(false) => "FALSE_VALUE",
                Value::Number(_) => "NUMBER_VALUE",
                Value::String(_) => "STRING_VALUE",
                Value::Null | Value::Array(_) | Value::Object(_) => panic!("this is no scalar"),
            };
            self.wrong_type(
                path,
                scalar.clone(),
                format!("{token} cannot be converted to {wanted}"),
            );
        }
        let text = "Start of structure or map found where not expected";
        self.wrong_type(path, json!({}), text);
        let text = format!("Unrecognized collection type class java.lang.{wanted}");
        self.wrong_type(path, json!([]), text);
    }
}

fn members(structure: &str) -> impl Iterator<Item = (&'static str, &'static Value)> {
    let members = model::shape(structure)["members"].as_object();
    members.into_iter().flatten().map(|(name, member)| (name.as_str(), member))
}

fn is_required(structure: &str, member: &str) -> bool {
    let required = model::shape(structure)["required"].as_array();
    required.into_iter().flatten().any(|name| name == member)
}

fn attributes_member(decision_type: &str) -> &'static str {
    let shape = format!("{decision_type}DecisionAttributes");
    let mut members = members("Decision");
    let named = members.find(|(_, member)| member["shape"] == *shape);
    named.expect("a decision has attributes of each type").0
}

/// A letter or digit of which texts of that shape may consist.
fn filler(shape: &str) -> &'static str {
    match shape {
        "DurationInSeconds" | "DurationInSecondsOptional" | "DurationInDays" | "TaskPriority" => {
            "7"
        }
        _ => "x",
    }
}

/// The least that a shape allows: no member that is not required.
fn sample(name: &str) -> Value {
    let shape = model::shape(name);
    match shape["type"].as_str().expect("a shape has a type") {
        "string" => match model::words(name).first() {
            Some(word) => json!(word),
            None => json!(filler(name)),
        },
        "integer" => json!(1),
        "boolean" => json!(false),
        "timestamp" => json!(1),
        "list" => json!([]),
        "structure" => {
            let required = members(name).filter(|(member, _)| is_required(name, member));
            let sampled = required.map(|(member, inner)| {
                let shape = inner["shape"].as_str().expect("a member has a shape");
                (member.to_owned(), sample(shape))
            });
            Value::Object(sampled.collect::<Map<_, _>>())
        }
        other => panic!("an input has a member of type {other}"),
    }
}

/// Puts a value where `path` says, and what is missing on the way.
fn put(body: &mut Value, shape: &str, path: &[Step], value: Value) {
    let [step, rest @ ..] = path else {
        *body = value;
        return;
    };
    match step {
        Step::Member(name) => {
            let inner = model::shape(shape)["members"][name]["shape"].as_str();
            let inner = inner.expect("the path is one of the model");
            if body.get(name).is_none() {
                body[*name] = sample(inner);
            }
            put(&mut body[*name], inner, rest, value);
        }
        Step::First => {
            let inner = model::shape(shape)["member"]["shape"].as_str();
            let inner = inner.expect("the path is one of the model");
            if body.get(0).is_none() {
                *body = json!([sample(inner)]);
            }
            put(&mut body[0], inner, rest, value);
        }
    }
}

/// `decisions.1.member.startTimerDecisionAttributes.timerId`.
fn path_text(path: &[Step]) -> String {
    let steps = path.iter().map(|step| match step {
        Step::Member(name) => *name,
        Step::First => "1.member",
    });
    steps.collect::<Vec<_>>().join(".")
}

fn nulls(paths: impl IntoIterator<Item = String>) -> BTreeSet<String> {
    let item = |path| {
        format!("Value null at '{path}' failed to satisfy constraint: Member must not be null")
    };
    paths.into_iter().map(item).collect()
}

/// What is wrong with an answer.
fn judge(expected: &Expected, answer: &Answer) -> Result<(), String> {
    let Answer { status, body } = answer;
    let name = body["__type"].as_str().unwrap_or("success");
    let message = body["message"].as_str().or(body["Message"].as_str()).unwrap_or_default();
    let right = match expected {
        Expected::Passes => {
            !name.ends_with("#SerializationException")
                && !message.contains("detected: ")
                && *status != 500
        }
        Expected::WrongType(text) => {
            name == "com.amazon.coral.service#SerializationException"
                && body["Message"] == **text
                && *status == 400
        }
        Expected::Broken(items) => {
            let (count, errors) = match items.len() {
                1 => (1, "error"),
                count => (count, "errors"),
            };
            let frame = format!("{count} validation {errors} detected: ");
            let actual = body["message"].as_str().and_then(|text| text.strip_prefix(&frame));
            let actual: BTreeSet<String> =
                actual.unwrap_or_default().split("; ").map(str::to_owned).collect();
            name == "com.amazon.coral.validate#ValidationException"
                && *status == 400
                && actual == *items
        }
    };
    let told = match expected {
        Expected::Passes => "no broken constraint".to_owned(),
        Expected::WrongType(text) => text.clone(),
        Expected::Broken(items) => format!("{items:?}"),
    };
    right.then_some(()).ok_or_else(|| format!("expected {told}\nbut got {name} {message}"))
}

fn probe_all(host: &mut dyn Host) {
    let mut wrong = Vec::new();
    let mut count = 0;
    for name in model::operations() {
        let operation = Operation::ALL.iter().find(|operation| operation.name() == name);
        let operation = operation.expect("every operation of the model is one of ours");
        for probe in Prober::of(name) {
            count += 1;
            let answer = match host.send(*operation, &probe.body) {
                Sent::Answered(answer) => answer,
                Sent::Waits(_) => panic!("{name} {} waits", probe.body),
            };
            if let Err(error) = judge(&probe.expected, &answer) {
                let shown: String = probe.body.to_string().chars().take(300).collect();
                let error: String = error.chars().take(600).collect();
                wrong.push(format!("{} {shown}\n{error}", probe.operation));
            }
        }
    }
    assert!(count > 3000, "{count} probes are too few");
    let shown = wrong.iter().take(20).cloned().collect::<Vec<_>>().join("\n\n");
    assert!(wrong.is_empty(), "{} of {count} probes fail:\n{shown}", wrong.len());
}

#[test]
fn every_constraint_holds_at_its_boundary_in_process() {
    probe_all(&mut InProcess::new(&[]));
}

#[test]
fn every_constraint_holds_at_its_boundary_over_tcp() {
    probe_all(&mut OverTcp::new(&[]));
}

/// Many broken constraints are told together, but no more than ten.
#[test]
fn at_most_ten_broken_constraints_are_told() {
    let mut host = InProcess::new(&[]);
    let blank = json!({ "decisionType": "RecordMarker",
                        "recordMarkerDecisionAttributes": { "markerName": "" } });
    for count in [1, 2, 9, 10, 11, 40] {
        let body = json!({ "taskToken": "x", "decisions": vec![blank.clone(); count] });
        let Sent::Answered(answer) = host.send(Operation::RespondDecisionTaskCompleted, &body)
        else {
            panic!("this is no poll");
        };
        let item = |number: usize| {
            format!(
                "Value '' at 'decisions.{number}.member.recordMarkerDecisionAttributes.markerName' \
                 failed to satisfy constraint: Member must have length greater than or equal to 1"
            )
        };
        let items = (1..=count.min(10)).map(item).collect();
        assert_eq!(judge(&Expected::Broken(items), &answer), Ok(()), "{count}");
    }
}

/// A judge that finds nothing wrong would prove nothing.
#[test]
fn wrong_answers_are_noticed() {
    let answer = |name: &str, message: &str| Answer {
        status: 400,
        body: json!({ "__type": name, "message": message, "Message": message }),
    };
    let validation = "com.amazon.coral.validate#ValidationException";
    let serialization = "com.amazon.coral.service#SerializationException";
    let broken = || Expected::Broken(["a".to_owned()].into());
    let right = "1 validation error detected: a";
    assert_eq!(judge(&broken(), &answer(validation, right)), Ok(()));
    let other = Answer { status: 200, body: json!({}) };
    for (expected, answer) in [
        (broken(), answer(serialization, right)),
        (broken(), answer(validation, "1 validation error detected: b")),
        (broken(), answer(validation, "2 validation errors detected: a; b")),
        (broken(), other.clone()),
        (Expected::WrongType("a".to_owned()), answer(validation, "a")),
        (Expected::WrongType("a".to_owned()), answer(serialization, "b")),
        (Expected::WrongType("a".to_owned()), other),
        (Expected::Passes, answer(validation, right)),
        (Expected::Passes, answer(serialization, "a")),
    ] {
        assert!(judge(&expected, &answer).is_err());
    }
}
