//! What a history says, read a second time: from the JSON that clients see, and sharing no code
//! with [`crate::Execution`]. Panics at the first event that must not stand where it stands.

use super::script::attributes;
use crate::{Command, Heartbeat};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The events after which a decision task must be pending (engine.md, section 2.2).
const TRIGGERS: [&str; 34] = [
    "WorkflowExecutionStarted",
    "WorkflowExecutionSignaled",
    "WorkflowExecutionCancelRequested",
    "ActivityTaskCompleted",
    "ActivityTaskFailed",
    "ActivityTaskTimedOut",
    "ActivityTaskCanceled",
    "TimerFired",
    "ChildWorkflowExecutionStarted",
    "ChildWorkflowExecutionCompleted",
    "ChildWorkflowExecutionFailed",
    "ChildWorkflowExecutionTimedOut",
    "ChildWorkflowExecutionCanceled",
    "ChildWorkflowExecutionTerminated",
    "ExternalWorkflowExecutionSignaled",
    "ExternalWorkflowExecutionCancelRequested",
    "DecisionTaskTimedOut",
    "RequestCancelActivityTaskFailed",
    "ScheduleActivityTaskFailed",
    "StartTimerFailed",
    "CancelTimerFailed",
    "RecordMarkerFailed",
    "StartChildWorkflowExecutionFailed",
    "SignalExternalWorkflowExecutionFailed",
    "RequestCancelExternalWorkflowExecutionFailed",
    "ScheduleLambdaFunctionFailed",
    "StartLambdaFunctionFailed",
    "LambdaFunctionCompleted",
    "LambdaFunctionFailed",
    "LambdaFunctionTimedOut",
    "CompleteWorkflowExecutionFailed",
    "FailWorkflowExecutionFailed",
    "CancelWorkflowExecutionFailed",
    "ContinueAsNewWorkflowExecutionFailed",
];

/// The events that end a history.
const CLOSES: [&str; 6] = [
    "WorkflowExecutionCompleted",
    "WorkflowExecutionFailed",
    "WorkflowExecutionCanceled",
    "WorkflowExecutionContinuedAsNew",
    "WorkflowExecutionTerminated",
    "WorkflowExecutionTimedOut",
];

/// How many events a history holds at most, unless the script says otherwise; the last of so many
/// closes the execution.
const EVENTS_MAX: u64 = 25_000;

const YEAR_MS: i64 = 365 * 24 * 60 * 60 * 1000;
const NEVER: i64 = i64::MAX;

/// A decision task: the event that scheduled it, the event of its start (or 0), and its deadline.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    pub scheduled: u64,
    pub started: u64,
    pub due: i64,
    /// How long it may wait once it can be delivered.
    schedule_to_start: Option<i64>,
}

/// An open activity's clocks.
#[derive(Clone, Debug)]
pub struct Clocks {
    pub activity_id: String,
    pub started: u64,
    schedule_to_start: i64,
    schedule_to_close: i64,
    start_to_close: i64,
    heartbeat: i64,
    timeouts: [Option<i64>; 2],
    cancel_requested: u64,
    details: Option<String>,
}

/// A child that was announced and has not closed: the event of its start, or 0.
#[derive(Clone, Debug)]
pub struct OpenChild {
    pub workflow_id: String,
    pub started: u64,
}

/// A Lambda task that has not closed: the event of its start, or 0, and when it times out.
#[derive(Clone, Copy, Debug)]
pub struct OpenLambda {
    pub started: u64,
    start_to_close: Option<i64>,
    due: i64,
}

/// What is open.
#[derive(Clone, Debug, Default)]
pub struct Shadow {
    pub scheduled: Option<Task>,
    pub started: Option<Task>,
    pub activities: BTreeMap<u64, Clocks>,
    /// By timer id: the event of its start, and when it fires.
    pub timers: BTreeMap<String, (u64, i64)>,
    /// By the event that announced them.
    pub children: BTreeMap<u64, OpenChild>,
    /// Signals and requests to cancel that were announced and not answered.
    pub asked: BTreeMap<u64, &'static str>,
    /// By the event that scheduled them.
    pub lambdas: BTreeMap<u64, OpenLambda>,
    pub closed: bool,
    /// How many events the history holds at most, if the script says so.
    events_max: Option<u64>,
    /// The execution has a role for its functions.
    has_role: bool,
    closes_at: i64,
    task_timeout: Option<i64>,
    events: u64,
    at: i64,
}

fn text<'a>(attributes: &'a Map<String, Value>, key: &str) -> &'a str {
    attributes[key].as_str().expect("the member is text")
}

fn number(attributes: &Map<String, Value>, key: &str) -> u64 {
    attributes[key].as_u64().expect("the member is an event id")
}

fn millis(attributes: &Map<String, Value>, key: &str) -> Option<i64> {
    match text(attributes, key) {
        "NONE" => None,
        digits => Some(digits.parse::<i64>().expect("a timeout is digits or NONE") * 1000),
    }
}

fn after(at: i64, timeout: Option<i64>) -> i64 {
    timeout.map_or(NEVER, |timeout| at + timeout)
}

impl Shadow {
    /// Of a run that begins.
    pub fn new(events_max: Option<u64>) -> Shadow {
        Shadow { events_max, ..Shadow::default() }
    }

    /// From now on the history holds so many events at most.
    pub fn limit_events(&mut self, events_max: u64) {
        self.events_max = Some(events_max);
    }

    /// Adds one transition's events.
    pub fn add(&mut self, events: &[Value]) {
        let mut news = false;
        let mut completed = None;
        let events_max = self.events_max.unwrap_or(EVENTS_MAX);
        for (index, event) in events.iter().enumerate() {
            let event_type = event["eventType"].as_str().expect("an event has a type");
            let attributes = attributes(event);
            assert!(!self.closed, "nothing follows a closing event, but {event_type} did");
            self.events += 1;
            assert_eq!(event["eventId"], self.events, "event ids are dense");
            let seconds = event["eventTimestamp"].as_f64().expect("an event has a time");
            let at = (seconds * 1000.0).round() as i64;
            assert!(self.events == 1 || self.at <= at, "time never goes backwards");
            assert!(index == 0 || self.at == at, "a transition has one timestamp");
            self.at = at;
            if event_type == "DecisionTaskScheduled" {
                assert!(news, "a decision task is scheduled for a reason");
                assert_eq!(index + 1, events.len(), "a decision task is scheduled last");
            }
            if event_type == "DecisionTaskCompleted" {
                assert_eq!(index, 0, "an answer begins with its completion");
                completed = Some(event["eventId"].clone());
            } else if let Some(completed) = &completed {
                let refers = attributes.get("decisionTaskCompletedEventId") == Some(completed);
                let follows = ["ActivityTaskCanceled", "DecisionTaskScheduled"];
                let allowed = refers || follows.contains(&event_type) || self.events >= events_max;
                assert!(allowed, "{event_type} is no decision's");
            }
            news |= TRIGGERS.contains(&event_type);
            self.fold(event_type, attributes);
            self.closed = CLOSES.contains(&event_type);
            assert!(self.closed || self.events < events_max, "the last of too many events closes");
            if attributes.get("cause").is_some_and(|cause| cause == "EVENT_LIMIT_EXCEEDED") {
                assert!(self.events >= events_max, "no execution ends before its history is full");
            }
        }
        let pending = self.closed || self.scheduled.is_some();
        assert!(!news || pending, "a decision task is pending after a triggering event");
    }

    /// Notes events that change nothing.
    pub fn fill(&mut self, events: u64) {
        self.events = events;
    }

    fn fold(&mut self, event_type: &str, attributes: &Map<String, Value>) {
        let (id, at) = (self.events, self.at);
        let sched = || number(attributes, "scheduledEventId");
        let started = || number(attributes, "startedEventId");
        match event_type {
            "WorkflowExecutionStarted" => {
                let timeout = millis(attributes, "executionStartToCloseTimeout");
                self.closes_at = at + timeout.unwrap_or(YEAR_MS).min(YEAR_MS);
                self.task_timeout = millis(attributes, "taskStartToCloseTimeout");
                self.has_role = attributes.contains_key("lambdaRole");
            }
            "WorkflowExecutionTimedOut" => assert!(self.closes_at <= at, "closed too early"),
            "DecisionTaskScheduled" => {
                assert!(self.scheduled.is_none(), "at most one decision task waits");
                let schedule_to_start = millis(attributes, "scheduleToStartTimeout");
                let held = self.started.is_some();
                let due = if held { NEVER } else { after(at, schedule_to_start) };
                self.scheduled = Some(Task { scheduled: id, started: 0, due, schedule_to_start });
            }
            "DecisionTaskStarted" => {
                assert!(self.started.is_none(), "at most one decision task is started");
                let task = self.scheduled.take().expect("the task was scheduled");
                assert_eq!(task.scheduled, sched(), "the waiting task is started");
                let due = after(at, self.task_timeout);
                self.started = Some(Task { started: id, due, ..task });
            }
            "DecisionTaskCompleted" => {
                let task = self.started.take().expect("the task was started");
                assert_eq!((task.scheduled, task.started), (sched(), started()), "whose answer");
                self.release();
            }
            "DecisionTaskTimedOut" => {
                let task = match text(attributes, "timeoutType") {
                    "START_TO_CLOSE" => self.started.take(),
                    _ => self.scheduled.take(),
                };
                let task = task.expect("there was a decision task to time out");
                assert_eq!((task.scheduled, task.started), (sched(), started()), "which task");
                assert!(task.due <= at, "a decision task timed out too early");
                self.release();
            }
            "ActivityTaskScheduled" => self.schedule_activity(attributes),
            "ActivityTaskStarted" => {
                let activity = self.activities.get_mut(&sched()).expect("the activity is open");
                assert_eq!(activity.started, 0, "an activity is started once");
                activity.started = id;
                activity.start_to_close = after(at, activity.timeouts[0]);
                activity.heartbeat = after(at, activity.timeouts[1]);
            }
            "ActivityTaskCompleted"
            | "ActivityTaskFailed"
            | "ActivityTaskTimedOut"
            | "ActivityTaskCanceled" => self.close_activity(event_type, attributes),
            "ActivityTaskCancelRequested" => {
                let wanted = text(attributes, "activityId");
                let mut open = self.activities.values_mut();
                let activity = open.find(|activity| activity.activity_id == wanted);
                activity.expect("the activity is open").cancel_requested = id;
            }
            "TimerStarted" => {
                let fires_at = after(at, millis(attributes, "startToFireTimeout"));
                let timer_id = text(attributes, "timerId").to_owned();
                let twin = self.timers.insert(timer_id, (id, fires_at));
                assert!(twin.is_none(), "a timer id is used once at a time");
            }
            _ if event_type.contains("LambdaFunction") => self.fold_lambda(event_type, attributes),
            _ if event_type.contains("ChildWorkflow") || event_type.contains("External") => {
                self.fold_external(event_type, attributes);
            }
            "TimerFired" | "TimerCanceled" => {
                let timer = self.timers.remove(text(attributes, "timerId"));
                let (event_id, fires_at) = timer.expect("the timer runs");
                assert_eq!(event_id, started(), "which timer");
                assert!(event_type == "TimerCanceled" || fires_at <= at, "a timer fired too early");
            }
            _ => (),
        }
    }

    /// The decision task that was held back, if any, can be delivered from now on.
    fn release(&mut self) {
        if let Some(task) = &mut self.scheduled {
            task.due = after(self.at, task.schedule_to_start);
        }
    }

    /// What has to do with other executions.
    fn fold_external(&mut self, event_type: &str, attributes: &Map<String, Value>) {
        let id = self.events;
        let initiated = || number(attributes, "initiatedEventId");
        match event_type {
            "StartChildWorkflowExecutionInitiated" => {
                let workflow_id = text(attributes, "workflowId").to_owned();
                self.children.insert(id, OpenChild { workflow_id, started: 0 });
            }
            "StartChildWorkflowExecutionFailed" => {
                let running = text(attributes, "cause") == "WORKFLOW_ALREADY_RUNNING";
                assert_eq!(initiated() != 0, running, "a failure is announced if it comes late");
                if running {
                    let child = self.children.remove(&initiated()).expect("it was announced");
                    assert_eq!(child.started, 0, "a child that has started did not fail to");
                }
            }
            "ChildWorkflowExecutionStarted" => {
                let child = self.children.get_mut(&initiated()).expect("it was announced");
                assert_eq!(child.started, 0, "a child starts once");
                let workflow_id = &attributes["workflowExecution"]["workflowId"];
                assert_eq!(*workflow_id, child.workflow_id, "which child it is");
                child.started = id;
            }
            _ if event_type.starts_with("ChildWorkflow") => {
                let child = self.children.remove(&initiated()).expect("the child is open");
                assert!(child.started != 0, "a child starts before it closes");
                assert_eq!(child.started, number(attributes, "startedEventId"), "which start");
                let workflow_id = &attributes["workflowExecution"]["workflowId"];
                assert_eq!(*workflow_id, child.workflow_id, "which child it is");
            }
            "SignalExternalWorkflowExecutionInitiated" => drop(self.asked.insert(id, "signal")),
            "RequestCancelExternalWorkflowExecutionInitiated" => {
                self.asked.insert(id, "cancel");
            }
            _ if event_type.ends_with("Failed") && initiated() == 0 => {
                let cause = text(attributes, "cause");
                let at_once =
                    cause.ends_with("_RATE_EXCEEDED") || cause == "OPERATION_NOT_PERMITTED";
                assert!(at_once, "{cause} is found out afterwards");
            }
            _ => {
                let kind = if event_type.contains("Signal") { "signal" } else { "cancel" };
                let asked = self.asked.remove(&initiated());
                assert_eq!(asked, Some(kind), "what was asked for is answered once");
            }
        }
    }

    fn fold_lambda(&mut self, event_type: &str, attributes: &Map<String, Value>) {
        let (id, at) = (self.events, self.at);
        let sched = || number(attributes, "scheduledEventId");
        match event_type {
            "ScheduleLambdaFunctionFailed" => (),
            "LambdaFunctionScheduled" => {
                let start_to_close = millis(attributes, "startToCloseTimeout");
                let in_range = |ms| (1000..=900_000).contains(&ms);
                assert!(start_to_close.is_some_and(in_range), "a function may take 15 minutes");
                self.lambdas.insert(id, OpenLambda { started: 0, start_to_close, due: NEVER });
            }
            "LambdaFunctionStarted" => {
                assert!(self.has_role, "a function is called under a role");
                let lambda = self.lambdas.get_mut(&sched()).expect("the Lambda task is open");
                assert_eq!(lambda.started, 0, "a function is called once");
                (lambda.started, lambda.due) = (id, after(at, lambda.start_to_close));
            }
            "StartLambdaFunctionFailed" => {
                assert!(!self.has_role, "a role is all that a start needs");
                let lambda = self.lambdas.remove(&sched()).expect("the Lambda task is open");
                assert_eq!(lambda.started, 0, "what has started did not fail to");
            }
            _ => {
                let lambda = self.lambdas.remove(&sched()).expect("the Lambda task is open");
                assert!(lambda.started != 0, "a Lambda task is started before it closes");
                assert_eq!(lambda.started, number(attributes, "startedEventId"), "which start");
                let timed_out = event_type == "LambdaFunctionTimedOut";
                assert!(!timed_out || lambda.due <= at, "a function timed out too early");
            }
        }
    }

    fn schedule_activity(&mut self, attributes: &Map<String, Value>) {
        let activity_id = text(attributes, "activityId").to_owned();
        let twin = self.activities.values().find(|open| open.activity_id == activity_id);
        assert!(twin.is_none(), "an activity id is used once at a time");
        let clocks = Clocks {
            activity_id,
            started: 0,
            schedule_to_start: after(self.at, millis(attributes, "scheduleToStartTimeout")),
            schedule_to_close: after(self.at, millis(attributes, "scheduleToCloseTimeout")),
            start_to_close: NEVER,
            heartbeat: NEVER,
            timeouts: ["startToCloseTimeout", "heartbeatTimeout"]
                .map(|key| millis(attributes, key)),
            cancel_requested: 0,
            details: None,
        };
        self.activities.insert(self.events, clocks);
    }

    fn close_activity(&mut self, event_type: &str, attributes: &Map<String, Value>) {
        let activity = self.activities.remove(&number(attributes, "scheduledEventId"));
        let activity = activity.expect("the activity is open");
        assert_eq!(activity.started, number(attributes, "startedEventId"), "which start");
        if event_type == "ActivityTaskTimedOut" {
            let due = match text(attributes, "timeoutType") {
                "SCHEDULE_TO_START" => activity.schedule_to_start,
                "SCHEDULE_TO_CLOSE" => activity.schedule_to_close,
                "START_TO_CLOSE" => activity.start_to_close,
                _ => activity.heartbeat,
            };
            assert!(due <= self.at, "an activity timed out too early");
            let details = attributes.get("details").and_then(Value::as_str);
            assert_eq!(details, activity.details.as_deref(), "the last heartbeat's details");
        } else if event_type == "ActivityTaskCanceled" {
            let latest = attributes.get("latestCancelRequestedEventId").and_then(Value::as_u64);
            assert_eq!(latest.unwrap_or(0), activity.cancel_requested, "the latest request");
        }
    }

    /// Notes a sign of life.
    pub fn add_heartbeat(&mut self, heartbeat: &Heartbeat) {
        let activity = self.activities.get_mut(&heartbeat.scheduled_event_id.0);
        let activity = activity.expect("only an open activity shows signs of life");
        activity.heartbeat = after(heartbeat.at.0, activity.timeouts[1]);
        activity.details = heartbeat.details.as_ref().map(|details| details.as_str().to_owned());
    }

    /// When the first thing falls due.
    pub fn due(&self) -> Option<i64> {
        let tasks = [self.scheduled, self.started].into_iter().flatten().map(|task| task.due);
        let activities = self.activities.values().flat_map(|open| match open.started {
            0 => [open.schedule_to_start, open.schedule_to_close, NEVER],
            _ => [open.schedule_to_close, open.start_to_close, open.heartbeat],
        });
        let timers = self.timers.values().map(|timer| timer.1);
        let lambdas = self.lambdas.values().map(|lambda| lambda.due);
        let all = tasks.chain(activities).chain(timers).chain(lambdas);
        let due = all.chain([self.closes_at]).min();
        due.filter(|due| !self.closed && *due < NEVER)
    }

    /// Whether a command is to be taken, rather than refused with a fault.
    pub fn accepts(&self, command: &Command) -> bool {
        let taken = |id: u64| self.activities.get(&id).is_some_and(|open| open.started != 0);
        let fits = match command {
            Command::Signal { .. }
            | Command::RequestCancel
            | Command::Terminate { .. }
            | Command::FireDue => true,
            Command::StartDecisionTask { scheduled_event_id: id, .. } => {
                self.started.is_none() && self.scheduled.is_some_and(|task| task.scheduled == id.0)
            }
            Command::CompleteDecisionTask(answer) => self.started.is_some_and(|task| {
                (task.scheduled, task.started)
                    == (answer.scheduled_event_id.0, answer.started_event_id.0)
            }),
            Command::StartActivityTask { scheduled_event_id: id, .. } => {
                self.activities.get(&id.0).is_some_and(|open| open.started == 0)
            }
            Command::RecordHeartbeat { scheduled_event_id: id, .. }
            | Command::CloseActivityTask { scheduled_event_id: id, .. } => taken(id.0),
            Command::StartLambdaFunction { scheduled_event_id: id } => {
                self.lambdas.get(&id.0).is_some_and(|open| open.started == 0)
            }
            Command::CloseLambdaFunction { scheduled_event_id: id, .. } => {
                self.lambdas.get(&id.0).is_some_and(|open| open.started != 0)
            }
        };
        fits && !self.closed
    }
}
