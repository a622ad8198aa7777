//! What must be true of histories, read from the JSON that clients see.

use super::ledger::{Ledger, Mark};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// How far the clock of a node may be behind the true time, in milliseconds.
const CLOCK_BEHIND_MS: i64 = 5_000;

/// The attributes of an event.
pub fn attributes(event: &Value) -> &Value {
    let members = event.as_object().expect("an event is an object");
    let named = members.iter().find(|(name, _)| name.ends_with("EventAttributes"));
    named.map_or(&Value::Null, |(_, attributes)| attributes)
}

/// The type of an event.
pub fn event_type(event: &Value) -> &str {
    event["eventType"].as_str().expect("an event has a type")
}

/// When an event happened, in milliseconds.
pub fn at(event: &Value) -> i64 {
    (event["eventTimestamp"].as_f64().expect("an event has a time") * 1000.0).round() as i64
}

fn number(attributes: &Value, member: &str) -> u64 {
    attributes[member].as_u64().unwrap_or_else(|| panic!("{member} is not in {attributes}"))
}

/// A time-out in milliseconds; `None` if there is none.
fn millis(attributes: &Value, member: &str) -> Option<i64> {
    attributes[member].as_str()?.parse::<i64>().ok().map(|seconds| seconds * 1000)
}

/// True if the event ends a history.
pub fn is_close(event: &Value) -> bool {
    matches!(
        event_type(event),
        "WorkflowExecutionCompleted"
            | "WorkflowExecutionFailed"
            | "WorkflowExecutionCanceled"
            | "WorkflowExecutionContinuedAsNew"
            | "WorkflowExecutionTerminated"
            | "WorkflowExecutionTimedOut"
    )
}

/// The announcements that others have not answered yet: children that have not closed, signals and
/// requests to cancel.
pub fn pending_with_others(events: &[Value]) -> BTreeSet<u64> {
    let mut pending = BTreeSet::new();
    for event in events {
        match event_type(event) {
            "StartChildWorkflowExecutionInitiated"
            | "SignalExternalWorkflowExecutionInitiated"
            | "RequestCancelExternalWorkflowExecutionInitiated" => {
                pending.insert(number(event, "eventId"));
            }
            "ChildWorkflowExecutionStarted" => (),
            _ => {
                if let Some(answered) = attributes(event)["initiatedEventId"].as_u64() {
                    pending.remove(&answered);
                }
            }
        }
    }
    pending
}

/// A task or timer that is open: when it began, and when it may end by itself at the earliest.
#[derive(Debug, Default)]
struct Open {
    started: u64,
    began: i64,
    scheduled_at: i64,
    given: Value,
}

/// Checks one history by itself.
pub fn check(run_id: &str, events: &[Value], ledger: &Ledger) -> Result<(), String> {
    let mut fold = Fold { ledger, run_id, ..Fold::new(ledger, run_id) };
    for event in events {
        fold.add(event).map_err(|what| format!("run {run_id}: {what}: {event}"))?;
    }
    match events.last() {
        Some(last) if is_close(last) => Ok(()),
        Some(_) | None => Err(format!("run {run_id} has not ended")),
    }?;
    check_decisions(run_id, events, ledger)
}

/// Each answer of a decider leads to as many events as it has decisions; of those that are denied,
/// each leads to the event that says so, and nothing else does.
fn check_decisions(run_id: &str, events: &[Value], ledger: &Ledger) -> Result<(), String> {
    for event in events.iter().filter(|event| event_type(event) == "DecisionTaskCompleted") {
        let mark = attributes(event)["executionContext"].as_str().unwrap_or_default();
        let Some(decided) = ledger.decisions_of(mark) else {
            return Err(format!("run {run_id}: no decider answered with {mark}"));
        };
        let decisions = decided.count;
        let id = number(event, "eventId");
        // The later answer to an announcement refers to the decision, too, and is not its event.
        let refers = |e: &&Value| {
            let given = attributes(e);
            let answers = given["initiatedEventId"].as_u64().is_some_and(|initiated| initiated > 0);
            given["decisionTaskCompletedEventId"] == id && !answers
        };
        let led_to = events.iter().filter(refers).count();
        let is_cut = led_to < decisions && ends_at_the_limit(events);
        let denials = events.iter().filter(refers).filter(|event| is_denial(event));
        let denials: Vec<&str> = denials.map(event_type).collect();
        let expected: Vec<String> =
            decided.denied.iter().map(|kind| format!("{kind}Failed")).collect();
        let agree = denials == expected
            || (is_cut && denials == expected[..denials.len().min(expected.len())]);
        if !agree {
            return Err(format!(
                "run {run_id}: {expected:?} of {id} are denied, and it says {denials:?}"
            ));
        }
        if led_to != decisions && !is_cut {
            return Err(format!("run {run_id}: {decisions} decisions of {id} led to {led_to}"));
        }
    }
    Ok(())
}

/// True if the event says that a decision was not allowed.
fn is_denial(event: &Value) -> bool {
    attributes(event)["cause"] == "OPERATION_NOT_PERMITTED"
}

/// True if the execution was ended because its history was full.
pub fn ends_at_the_limit(events: &[Value]) -> bool {
    events.last().is_some_and(|last| attributes(last)["cause"] == "EVENT_LIMIT_EXCEEDED")
}

struct Fold<'l> {
    ledger: &'l Ledger,
    run_id: &'l str,
    events: u64,
    at: i64,
    closed: bool,
    execution: Open,
    scheduled: Option<(u64, Open)>,
    started: Option<(u64, Open)>,
    activities: BTreeMap<u64, Open>,
    timers: BTreeMap<String, (u64, Open)>,
    lambdas: BTreeMap<u64, Open>,
}

fn ensure(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}

impl<'l> Fold<'l> {
    fn new(ledger: &'l Ledger, run_id: &'l str) -> Fold<'l> {
        Fold {
            ledger,
            run_id,
            events: 0,
            at: 0,
            closed: false,
            execution: Open::default(),
            scheduled: None,
            started: None,
            activities: BTreeMap::new(),
            timers: BTreeMap::new(),
            lambdas: BTreeMap::new(),
        }
    }

    fn add(&mut self, event: &Value) -> Result<(), String> {
        let (id, now, given) = (self.events + 1, at(event), attributes(event));
        ensure(event["eventId"] == id, "ids are dense from 1")?;
        ensure(self.at <= now, "time does not go backwards")?;
        ensure(!self.closed, "nothing follows a close")?;
        ensure((id == 1) == (event_type(event) == "WorkflowExecutionStarted"), "it starts once")?;
        (self.events, self.at, self.closed) = (id, now, is_close(event));
        let open = || Open { started: 0, began: now, scheduled_at: now, given: given.clone() };
        match event_type(event) {
            "WorkflowExecutionStarted" => self.execution = open(),
            "WorkflowExecutionTimedOut" => {
                let due = millis(&self.execution.given, "executionStartToCloseTimeout");
                ensure(due.is_some_and(|ms| self.execution.began + ms <= now), "too early")?;
            }
            "DecisionTaskScheduled" => {
                ensure(self.scheduled.is_none(), "one decision task waits at a time")?;
                self.scheduled = Some((id, open()));
            }
            "DecisionTaskStarted" => {
                ensure(self.started.is_none(), "one decision task is started at a time")?;
                let task = self.scheduled.take().ok_or("it was not scheduled")?;
                ensure(task.0 == number(given, "scheduledEventId"), "it is the one that waits")?;
                let began = Open { started: id, began: now, ..task.1 };
                self.started = Some((task.0, began));
            }
            "DecisionTaskCompleted" => {
                self.end_decision_task(given)?;
            }
            "DecisionTaskTimedOut" if given["timeoutType"] == "SCHEDULE_TO_START" => {
                let (_, task) = self.scheduled.take().ok_or("it was not scheduled")?;
                let due = millis(&task.given, "scheduleToStartTimeout");
                ensure(due.is_some_and(|ms| task.began + ms <= now), "too early")?;
            }
            "DecisionTaskTimedOut" => {
                let task = self.end_decision_task(given)?;
                let due = millis(&task.given, "startToCloseTimeout");
                ensure(due.is_some_and(|ms| task.began + ms <= now), "too early")?;
            }
            "ActivityTaskScheduled" => {
                self.activities.insert(id, open());
            }
            "ActivityTaskStarted" => {
                let task = self.activities.get_mut(&number(given, "scheduledEventId"));
                let task = task.ok_or("it was not scheduled")?;
                ensure(task.started == 0, "a task is started once")?;
                (task.started, task.began) = (id, now);
            }
            "ActivityTaskCompleted"
            | "ActivityTaskFailed"
            | "ActivityTaskCanceled"
            | "ActivityTaskTimedOut" => self.end_activity(event, given)?,
            "TimerStarted" => {
                let timer = given["timerId"].as_str().unwrap_or_default().to_owned();
                ensure(self.timers.insert(timer, (id, open())).is_none(), "it runs already")?;
            }
            "TimerFired" | "TimerCanceled" => {
                let timer = given["timerId"].as_str().unwrap_or_default();
                let (started, open) = self.timers.remove(timer).ok_or("it does not run")?;
                ensure(number(given, "startedEventId") == started, "it is the one that runs")?;
                let due = millis(&open.given, "startToFireTimeout").unwrap_or(0) + open.began;
                ensure(event_type(event) == "TimerCanceled" || due <= now, "too early")?;
            }
            "LambdaFunctionScheduled" => {
                self.lambdas.insert(id, open());
            }
            "LambdaFunctionStarted" => {
                let task = self.lambdas.get_mut(&number(given, "scheduledEventId"));
                let task = task.ok_or("it was not scheduled")?;
                ensure(task.started == 0, "a function is called once")?;
                (task.started, task.began) = (id, now);
            }
            "LambdaFunctionCompleted"
            | "LambdaFunctionFailed"
            | "LambdaFunctionTimedOut"
            | "StartLambdaFunctionFailed" => self.end_lambda(event, given)?,
            _ => (),
        }
        Ok(())
    }

    /// A function returns its input, or fails with it, and nothing else is recorded of it.
    fn end_lambda(&mut self, event: &Value, given: &Value) -> Result<(), String> {
        let scheduled = number(given, "scheduledEventId");
        let task = self.lambdas.remove(&scheduled).ok_or("it is not open")?;
        if event_type(event) == "StartLambdaFunctionFailed" {
            let role = self.execution.given.get("lambdaRole").is_some();
            return ensure(task.started == 0 && !role, "it could be started");
        }
        ensure(number(given, "startedEventId") == task.started, "it was started there")?;
        let mark = task.given["input"].as_str().unwrap_or_default();
        let said = |member: &str| given[member] == mark && self.ledger.has_ended(mark);
        match event_type(event) {
            "LambdaFunctionCompleted" => ensure(said("result"), "the function returned that"),
            // A node without functions says so.
            "LambdaFunctionFailed" => {
                let nobody = given["reason"] == "ServiceException";
                ensure(said("reason") || nobody, "the function failed so")
            }
            _ => {
                let due = millis(&task.given, "startToCloseTimeout").map(|ms| task.began + ms);
                ensure(due.is_some_and(|due| due <= at(event)), "too early")?;
                let heard = self.ledger.heard_at(mark);
                ensure(heard.is_none_or(|heard| due <= Some(heard)), "its outcome was heard")
            }
        }
    }

    fn end_decision_task(&mut self, given: &Value) -> Result<Open, String> {
        let (scheduled, task) = self.started.take().ok_or("it was not started")?;
        ensure(number(given, "scheduledEventId") == scheduled, "it is the one that was started")?;
        ensure(number(given, "startedEventId") == task.started, "it was started there")?;
        Ok(task)
    }

    fn end_activity(&mut self, event: &Value, given: &Value) -> Result<(), String> {
        let scheduled = number(given, "scheduledEventId");
        let task = self.activities.remove(&scheduled).ok_or("it is not open")?;
        ensure(number(given, "startedEventId") == task.started, "it was started there")?;
        if event_type(event) != "ActivityTaskTimedOut" {
            return Ok(());
        }
        let details = given["details"].as_str();
        self.ledger.check_last_heartbeat(self.run_id, task.started, details)?;
        let (base, member) = match given["timeoutType"].as_str().unwrap_or_default() {
            "SCHEDULE_TO_START" => (task.scheduled_at, "scheduleToStartTimeout"),
            "SCHEDULE_TO_CLOSE" => (task.scheduled_at, "scheduleToCloseTimeout"),
            "START_TO_CLOSE" => (task.began, "startToCloseTimeout"),
            _ => {
                let heard = self.ledger.newest_heartbeat(self.run_id, task.started);
                let heard = heard.map_or(task.began, |at| at - CLOCK_BEHIND_MS);
                (heard.max(task.began), "heartbeatTimeout")
            }
        };
        ensure(millis(&task.given, member).is_some_and(|ms| base + ms <= at(event)), "too early")
    }
}

/// How often each mark of a caller stands where it belongs.
pub fn marks<'e>(histories: impl Iterator<Item = &'e Vec<Value>>) -> BTreeMap<Mark, usize> {
    let mut found = BTreeMap::new();
    for event in histories.flatten() {
        let given = attributes(event);
        let member = match event_type(event) {
            "WorkflowExecutionStarted"
                if given.get("parentWorkflowExecution").is_none()
                    && given.get("continuedExecutionRunId").is_none() =>
            {
                "input"
            }
            "WorkflowExecutionSignaled" if given["externalInitiatedEventId"] == 0 => "input",
            "DecisionTaskCompleted" => "executionContext",
            "ActivityTaskCompleted" => "result",
            "ActivityTaskFailed" | "WorkflowExecutionTerminated" => "reason",
            "ActivityTaskCanceled" => "details",
            _ => continue,
        };
        if let Some(mark) = given[member].as_str() {
            *found.entry(mark.to_owned()).or_default() += 1;
        }
    }
    found
}

/// The inputs of the functions whose starts are in the histories.
pub fn started_functions<'e>(histories: impl Iterator<Item = &'e Vec<Value>>) -> BTreeSet<&'e str> {
    let mut started = BTreeSet::new();
    for events in histories {
        let of_type = |kind: &'static str| events.iter().filter(move |e| event_type(e) == kind);
        for start in of_type("LambdaFunctionStarted") {
            let scheduled = &attributes(start)["scheduledEventId"];
            let mut tasks = of_type("LambdaFunctionScheduled");
            let task = tasks.find(|event| event["eventId"] == *scheduled);
            started.extend(task.and_then(|task| attributes(task)["input"].as_str()));
        }
    }
    started
}
