//! What a simulated decider answers: anything that a decider may, in any order.

use super::chance::Chance;
use serde_json::{Value, json};

/// The workflows that anybody starts.
pub const WORKFLOWS: [&str; 5] = ["w0", "w1", "w2", "w3", "w4"];

/// The workflows that deciders start as children, besides.
const CHILDREN: [&str; 3] = ["c0", "c1", "c2"];

/// The lists on which decision tasks wait.
pub const DECISION_LISTS: [&str; 2] = ["deciders", "other-deciders"];

/// The lists on which activity tasks wait.
pub const ACTIVITY_LISTS: [&str; 2] = ["workers", "other-workers"];

const ACTIVITIES: [&str; 4] = ["a0", "a1", "a2", "a3"];
const TIMERS: [&str; 3] = ["t0", "t1", "t2"];

/// The role under which functions are called.
pub const ROLE: &str = "arn:aws:iam::123456789012:role/r";

/// Numbers the texts that stand for one thing each.
#[derive(Debug, Default)]
pub struct Names(u64);

impl Names {
    /// A text that begins with `kind` and was not used before.
    pub fn fresh(&mut self, kind: &str) -> String {
        self.0 += 1;
        format!("{kind}{}", self.0)
    }
}

/// Some decisions, each of which leads to exactly one event that refers to the answer.
pub fn some(chance: &mut Chance, names: &mut Names) -> Vec<Value> {
    let count = chance.below(5);
    let mut decisions: Vec<Value> = (0..count).map(|_| one(chance, names)).collect();
    if chance.once_in(8) {
        decisions.push(close(chance, names));
    }
    decisions
}

/// Many decisions that do nothing but make a history long.
pub fn markers(chance: &mut Chance, names: &mut Names) -> Vec<Value> {
    let count = 100 + chance.below(200);
    (0..count).map(|_| marker(names)).collect()
}

fn marker(names: &mut Names) -> Value {
    json!({
        "decisionType": "RecordMarker",
        "recordMarkerDecisionAttributes": {"markerName": names.fresh("marker")},
    })
}

/// A decision that ends the execution.
pub fn complete() -> Value {
    json!({"decisionType": "CompleteWorkflowExecution"})
}

fn close(chance: &mut Chance, names: &mut Names) -> Value {
    match chance.weighted(&[4, 2, 2, 3]) {
        0 => complete(),
        1 => json!({
            "decisionType": "FailWorkflowExecution",
            "failWorkflowExecutionDecisionAttributes": {"reason": names.fresh("why")},
        }),
        2 => json!({"decisionType": "CancelWorkflowExecution"}),
        _ => json!({
            "decisionType": "ContinueAsNewWorkflowExecution",
            "continueAsNewWorkflowExecutionDecisionAttributes": {"input": names.fresh("again")},
        }),
    }
}

fn seconds(chance: &mut Chance) -> &'static str {
    chance.one_of(&["0", "1", "5", "20", "60"])
}

fn timeout(chance: &mut Chance) -> &'static str {
    chance.one_of(&["1", "5", "20", "60", "NONE"])
}

fn somebody(chance: &mut Chance) -> &'static str {
    if chance.once_in(2) { chance.one_of(&WORKFLOWS) } else { chance.one_of(&CHILDREN) }
}

/// Calls a function that may take its time.
pub fn call_a_function(names: &mut Names) -> Value {
    json!({
        "decisionType": "ScheduleLambdaFunction",
        "scheduleLambdaFunctionDecisionAttributes": {
            "id": names.fresh("settled"), "name": "f", "startToCloseTimeout": "60",
            "input": names.fresh("function"),
        },
    })
}

fn one(chance: &mut Chance, names: &mut Names) -> Value {
    match chance.weighted(&[8, 3, 6, 2, 3, 5, 2, 5, 8]) {
        0 => json!({
            "decisionType": "ScheduleActivityTask",
            "scheduleActivityTaskDecisionAttributes": {
                "activityId": chance.one_of(&ACTIVITIES),
                "activityType": {"name": "a", "version": chance.one_of(&["1", "1", "1", "none"])},
                "taskList": {"name": chance.one_of(&ACTIVITY_LISTS)},
                "scheduleToStartTimeout": timeout(chance),
                "scheduleToCloseTimeout": timeout(chance),
                // A task that is lost with its worker has to come to an end.
                "startToCloseTimeout": seconds(chance),
                "heartbeatTimeout": timeout(chance),
                "taskPriority": chance.one_of(&["-1", "0", "5"]),
            },
        }),
        1 => json!({
            "decisionType": "RequestCancelActivityTask",
            "requestCancelActivityTaskDecisionAttributes": {
                "activityId": chance.one_of(&ACTIVITIES),
            },
        }),
        2 => json!({
            "decisionType": "StartTimer",
            "startTimerDecisionAttributes": {
                "timerId": chance.one_of(&TIMERS), "startToFireTimeout": seconds(chance),
            },
        }),
        3 => json!({
            "decisionType": "CancelTimer",
            "cancelTimerDecisionAttributes": {"timerId": chance.one_of(&TIMERS)},
        }),
        4 => marker(names),
        5 => json!({
            "decisionType": "SignalExternalWorkflowExecution",
            "signalExternalWorkflowExecutionDecisionAttributes": {
                "workflowId": somebody(chance), "signalName": "s", "input": names.fresh("note"),
            },
        }),
        6 => json!({
            "decisionType": "RequestCancelExternalWorkflowExecution",
            "requestCancelExternalWorkflowExecutionDecisionAttributes": {
                "workflowId": somebody(chance),
            },
        }),
        7 => json!({
            "decisionType": "StartChildWorkflowExecution",
            "startChildWorkflowExecutionDecisionAttributes": {
                "workflowId": somebody(chance),
                "workflowType": {"name": "w", "version": chance.one_of(&["1", "1", "1", "none"])},
                "childPolicy": chance.one_of(&["TERMINATE", "REQUEST_CANCEL", "ABANDON"]),
                "executionStartToCloseTimeout": chance.one_of(&["30", "86400", "86400"]),
                "input": names.fresh("child"),
                "lambdaRole": ROLE,
            },
        }),
        _ => json!({
            "decisionType": "ScheduleLambdaFunction",
            "scheduleLambdaFunctionDecisionAttributes": {
                "id": chance.one_of(&["l0", "l1"]), "name": "f",
                "startToCloseTimeout": chance.one_of(&["1", "5", "20", "60"]),
                // The input tells one call from another.
                "input": names.fresh("function"),
            },
        }),
    }
}
