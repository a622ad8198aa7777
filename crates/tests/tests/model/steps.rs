//! What happens by itself: time-outs, timers, and messages that arrive. What falls due at the same
//! moment, and messages of different senders, have no order in SWF; there the model follows the
//! service, as long as what the service did is one of the orders that there could be.

use super::mistakes::Mistake;
use super::state::*;
use serde_json::{Value, json};

/// How many things may happen by themselves at one moment.
const STEPS_MAX: usize = 1000;

/// Something that may happen next.
#[derive(Clone, Copy)]
pub enum Step {
    ExecutionTimesOut(usize),
    DecisionTimesOut(usize),
    WaitingTimesOut(usize),
    ActivityTimesOut(usize, u64, &'static str),
    TimerFires(usize, u64),
    LambdaStarts(usize, u64),
    LambdaTimesOut(usize, u64),
    Arrives(usize),
}

impl World {
    /// When something happens by itself next.
    pub fn next_deadline(&self) -> Option<i64> {
        self.deadlines().into_iter().map(|(at, _)| at).min()
    }

    fn deadlines(&self) -> Vec<(i64, Step)> {
        let mut found = Vec::new();
        for (index, run) in self.runs.iter().enumerate().filter(|(_, run)| run.is_open()) {
            let mut add = |at: Option<i64>, step| found.extend(at.map(|at| (at, step)));
            let settings = run.settings();
            add(
                later(run.opened, text(settings, "executionStartToCloseTimeout")),
                Step::ExecutionTimesOut(index),
            );
            if let Some((_, at)) = run.working.as_ref().and_then(|task| task.started) {
                let limit = text(settings, "taskStartToCloseTimeout");
                add(later(at, limit), Step::DecisionTimesOut(index));
            }
            if let Some(task) = &run.waiting
                && run.working.is_none()
            {
                add(later(task.ready, &task.wait), Step::WaitingTimesOut(index));
            }
            for timer in &run.timers {
                add(timer.fires, Step::TimerFires(index, timer.started));
            }
            for lambda in &run.lambdas {
                if let Some((_, at)) = lambda.started {
                    let at = later(at, text(&lambda.attributes, "startToCloseTimeout"));
                    add(at, Step::LambdaTimesOut(index, lambda.scheduled));
                }
            }
            for activity in &run.activities {
                let mut ends = Vec::new();
                let mut limit = |from, member, kind| {
                    ends.extend(
                        later(from, text(&activity.attributes, member)).map(|at| (at, kind)),
                    );
                };
                // Among those of the same moment, the first.
                if let Some((_, at)) = activity.started {
                    let extended = self.is(Mistake::HeartbeatExtends);
                    let from = if extended { activity.beat } else { at };
                    limit(from, "startToCloseTimeout", "START_TO_CLOSE");
                    limit(activity.since, "scheduleToCloseTimeout", "SCHEDULE_TO_CLOSE");
                    limit(activity.beat, "heartbeatTimeout", "HEARTBEAT");
                } else {
                    limit(activity.since, "scheduleToStartTimeout", "SCHEDULE_TO_START");
                    limit(activity.since, "scheduleToCloseTimeout", "SCHEDULE_TO_CLOSE");
                }
                if let Some((at, kind)) = ends.into_iter().min_by_key(|(at, _)| *at) {
                    add(Some(at), Step::ActivityTimesOut(index, activity.scheduled, kind));
                }
            }
        }
        found
    }

    fn possible(&self) -> Vec<Step> {
        // One sender's messages to one workflow arrive in order.
        let first = |index: &usize| {
            let place = self.route(&self.messages[*index]);
            self.messages[..*index].iter().all(|earlier| self.route(earlier) != place)
        };
        let messages = (0..self.messages.len()).filter(first).map(Step::Arrives);
        let due = self.deadlines().into_iter().filter(|(at, _)| *at <= self.now);
        let open = self.runs.iter().enumerate().filter(|(_, run)| run.is_open());
        let starts = open.filter_map(|(index, run)| {
            let lambda = run.lambdas.iter().find(|lambda| lambda.started.is_none())?;
            Some(Step::LambdaStarts(index, lambda.scheduled))
        });
        messages.chain(starts).chain(due.map(|(_, step)| step)).collect()
    }

    /// Lets everything happen that happens by itself at this time, in an order that leads to what
    /// the service shows; if there is none, in some order.
    pub fn settle(&mut self) -> Result<(), String> {
        if let Some(end) = self.search(&mut STEPS_MAX.clone()) {
            *self = end;
            return Ok(());
        }
        for _ in 0..STEPS_MAX {
            let steps = self.possible();
            let Some(first) = steps.first().copied() else { return Ok(()) };
            let next = steps.into_iter().map(|step| self.after(step)).find(World::is_begun);
            *self = next.unwrap_or_else(|| self.after(first));
        }
        Err("the model finds no rest".to_owned())
    }

    fn after(&self, step: Step) -> World {
        let mut next = self.clone();
        next.take(step);
        next
    }

    /// Tries the orders one after the other.
    fn search(&self, steps_left: &mut usize) -> Option<World> {
        let steps = self.possible();
        if steps.is_empty() {
            return self.is_shown().then(|| self.clone());
        }
        steps.into_iter().find_map(|step| {
            *steps_left = steps_left.checked_sub(1)?;
            let next = self.after(step);
            if next.is_begun() { next.search(steps_left) } else { None }
        })
    }

    /// Whether the histories are the beginnings of what the service shows.
    fn is_begun(&self) -> bool {
        self.runs.iter().all(|run| {
            let shown = self.shown.get(&run.run_id);
            shown.is_some_and(|(_, _, events)| events.starts_with(&run.events))
        })
    }

    /// Whether the histories are what the service shows.
    fn is_shown(&self) -> bool {
        let events = |run: &Run| self.shown.get(&run.run_id).map_or(0, |(_, _, it)| it.len());
        self.runs.len() == self.shown.len()
            && self.is_begun()
            && self.runs.iter().all(|run| events(run) == run.events.len())
    }

    /// From which run a message comes, and to which workflow it goes.
    fn route(&self, message: &Message) -> (Option<usize>, Option<usize>, String) {
        let target = |sender: usize, initiated: u64| {
            let workflow_id = text(self.runs[sender].event(initiated), "workflowId").to_owned();
            (Some(sender), None, workflow_id)
        };
        match message {
            Message::StartChild { parent, initiated }
            | Message::Policy { parent, initiated, .. } => target(*parent, *initiated),
            Message::Deliver { sender, initiated, .. } => target(*sender, *initiated),
            Message::ChildStarted { parent, initiated, .. }
            | Message::ChildRefused { parent, initiated }
            | Message::ChildClosed { parent, initiated, .. } => {
                (None, Some(*parent), format!("of {initiated}"))
            }
            Message::Delivered { sender, initiated, .. } => {
                (None, Some(*sender), format!("of {initiated}"))
            }
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::ExecutionTimesOut(index) => {
                let policy = self.runs[index].settings()["childPolicy"].clone();
                let attributes = json!({"timeoutType": "START_TO_CLOSE", "childPolicy": policy});
                self.close(index, "TIMED_OUT", "WorkflowExecutionTimedOut", attributes);
            }
            Step::DecisionTimesOut(index) => {
                let now = self.now;
                let task = self.runs[index].release(now).expect("it was worked on");
                self.decision_times_out(index, &task, "START_TO_CLOSE");
            }
            Step::WaitingTimesOut(index) => {
                let task = self.runs[index].waiting.take().expect("it waited");
                self.decision_times_out(index, &task, "SCHEDULE_TO_START");
            }
            Step::ActivityTimesOut(index, scheduled, kind) => {
                let activity = self.remove_activity(index, scheduled);
                let attributes = json!({
                    "timeoutType": kind, "scheduledEventId": scheduled,
                    "startedEventId": activity.started.map_or(0, |(id, _)| id),
                    "details": activity.details,
                });
                self.tell(index, "ActivityTaskTimedOut", attributes);
            }
            Step::TimerFires(index, started) => {
                let run = &mut self.runs[index];
                let place = run.timers.iter().position(|timer| timer.started == started);
                let timer = run.timers.remove(place.expect("it was open"));
                let attributes = json!({"timerId": timer.id, "startedEventId": started});
                self.tell(index, "TimerFired", attributes);
            }
            Step::LambdaStarts(index, scheduled) => self.start_lambda(index, scheduled),
            Step::LambdaTimesOut(index, scheduled) => {
                let timeout = json!({"timeoutType": "START_TO_CLOSE"});
                self.end_lambda(index, scheduled, "LambdaFunctionTimedOut", timeout);
            }
            Step::Arrives(place) => {
                let message = self.messages.remove(place);
                self.arrive(message);
            }
        }
    }

    /// A function is called, if somebody allows it.
    fn start_lambda(&mut self, index: usize, scheduled: u64) {
        let which = json!({"scheduledEventId": scheduled});
        let (now, run) = (self.now, &mut self.runs[index]);
        if run.settings()["lambdaRole"].is_null() {
            run.lambdas.retain(|lambda| lambda.scheduled != scheduled);
            let text = "No IAM role is attached to the current workflow execution.";
            let why = json!({"cause": "ASSUME_ROLE_FAILED", "message": text});
            self.tell(index, "StartLambdaFunctionFailed", join(which, why));
            return;
        }
        let started = run.events.len() as u64 + 1;
        let lambda = run.lambdas.iter_mut().find(|lambda| lambda.scheduled == scheduled);
        lambda.expect("it was scheduled").started = Some((started, now));
        self.calls.push((index, scheduled));
        self.record(index, "LambdaFunctionStarted", which);
        self.finish(index);
    }

    /// A function that was called ends. Nobody waits for it any more if its time is over, or its
    /// run.
    pub fn function_ends(&mut self, call: usize, outcome: &Value) {
        let (index, scheduled) = self.calls[call];
        let run = &self.runs[index];
        if !run.is_open() || run.lambdas.iter().all(|lambda| lambda.scheduled != scheduled) {
            return;
        }
        // An empty text is none.
        let mut said = outcome.clone();
        said.as_object_mut().into_iter().for_each(|said| said.retain(|_, value| value != ""));
        if outcome["result"].is_string() {
            self.end_lambda(index, scheduled, "LambdaFunctionCompleted", said);
        } else if outcome["reason"].is_string() {
            self.end_lambda(index, scheduled, "LambdaFunctionFailed", said);
        }
    }

    fn end_lambda(&mut self, index: usize, scheduled: u64, kind: &'static str, said: Value) {
        let lambdas = &mut self.runs[index].lambdas;
        let place = lambdas.iter().position(|lambda| lambda.scheduled == scheduled);
        let lambda = lambdas.remove(place.expect("it was open"));
        let started = lambda.started.map(|(id, _)| id);
        let which = json!({"scheduledEventId": scheduled, "startedEventId": started});
        self.tell(index, kind, join(which, said));
    }

    /// The functions that were called: name, input and seconds.
    pub fn called(&self) -> Vec<(String, String, u64)> {
        let none = if self.is(Mistake::NoInputIsEmpty) { "" } else { "{}" };
        let told = |(index, scheduled): &(usize, u64)| {
            let event = self.runs[*index].event(*scheduled);
            let seconds = text(event, "startToCloseTimeout").parse().expect("a number of seconds");
            let input = event["input"].as_str().unwrap_or(none).to_owned();
            (text(event, "name").to_owned(), input, seconds)
        };
        self.calls.iter().map(told).collect()
    }

    fn decision_times_out(&mut self, index: usize, task: &DecisionTask, kind: &str) {
        let started = task.started.map_or(0, |(id, _)| id);
        if self.is(Mistake::PreviousTimedOut) {
            self.runs[index].previous = started;
        }
        let provisional = self.runs[index].moved.as_ref().is_some_and(|it| it.wait.is_some());
        if provisional && !self.is(Mistake::KeepsOverride) {
            self.runs[index].moved = None;
        }
        let attributes = json!({
            "timeoutType": kind, "scheduledEventId": task.scheduled, "startedEventId": started,
        });
        self.record(index, "DecisionTaskTimedOut", attributes);
        self.finish(index);
    }

    /// An activity task is open no longer.
    pub fn remove_activity(&mut self, index: usize, scheduled: u64) -> Activity {
        let activities = &mut self.runs[index].activities;
        let place = activities.iter().position(|activity| activity.scheduled == scheduled);
        activities.remove(place.expect("it was open"))
    }

    fn arrive(&mut self, message: Message) {
        match message {
            Message::StartChild { parent, initiated } => self.start_child(parent, initiated),
            Message::ChildStarted { parent, initiated, run_id } => {
                let run = &mut self.runs[parent];
                if run.is_open() {
                    let started = run.events.len() as u64 + 1;
                    let child = run.children.iter_mut().find(|it| it.initiated == initiated);
                    let child = child.expect("it was initiated");
                    child.started = Some(started);
                    let attributes = json!({
                        "workflowExecution":
                            {"workflowId": child.attributes["workflowId"], "runId": run_id},
                        "workflowType": child.attributes["workflowType"],
                        "initiatedEventId": initiated,
                    });
                    self.tell(parent, "ChildWorkflowExecutionStarted", attributes);
                }
            }
            Message::ChildRefused { parent, initiated } => {
                let run = &mut self.runs[parent];
                if run.is_open() {
                    run.children.retain(|child| child.initiated != initiated);
                }
                let asked = pick(
                    run.event(initiated),
                    &["workflowId", "workflowType", "control", "decisionTaskCompletedEventId"],
                );
                let attributes =
                    json!({"cause": "WORKFLOW_ALREADY_RUNNING", "initiatedEventId": initiated});
                if run.is_open() {
                    let attributes = join(asked, attributes);
                    self.tell(parent, "StartChildWorkflowExecutionFailed", attributes);
                }
            }
            Message::ChildClosed { parent, initiated, kind, mut attributes } => {
                let run = &mut self.runs[parent];
                if run.is_open() {
                    let place = run.children.iter().position(|it| it.initiated == initiated);
                    let child = run.children.remove(place.expect("it was open"));
                    attributes["startedEventId"] = match self.is(Mistake::InitiatedForStarted) {
                        true => json!(initiated),
                        false => json!(child.started),
                    };
                    self.record(parent, &kind, attributes);
                    self.finish(parent);
                }
            }
            Message::Deliver { sender, initiated, signal } => {
                let from = self.runs[sender].clone();
                let asked = from.event(initiated);
                let (workflow_id, run_id) = (text(asked, "workflowId"), text(asked, "runId"));
                let found = self.find(&from.domain, workflow_id, run_id);
                if let Some(target) = found {
                    let source = json!({
                        "externalWorkflowExecution": from.execution(),
                        "externalInitiatedEventId": initiated,
                    });
                    if signal {
                        let said = pick(asked, &["signalName", "input"]);
                        self.tell(target, "WorkflowExecutionSignaled", join(said, source));
                    } else {
                        self.runs[target].cancel_requested = true;
                        self.tell(target, "WorkflowExecutionCancelRequested", source);
                    }
                }
                let run_id = found.map(|target| self.runs[target].run_id.clone());
                self.messages.push(Message::Delivered { sender, initiated, signal, run_id });
            }
            Message::Delivered { sender, initiated, signal, run_id } => {
                if self.runs[sender].is_open() {
                    self.delivered(sender, initiated, signal, run_id);
                }
            }
            Message::Policy { parent, initiated, policy } => {
                let child = |run: &Run| run.is_open() && run.parent == Some((parent, initiated));
                let Some(child) = self.runs.iter().position(child) else { return };
                let cause = json!("CHILD_POLICY_APPLIED");
                if policy == "TERMINATE" {
                    let own = self.runs[child].settings()["childPolicy"].clone();
                    let attributes = json!({"childPolicy": own, "cause": cause});
                    self.close(child, "TERMINATED", "WorkflowExecutionTerminated", attributes);
                } else {
                    self.runs[child].cancel_requested = true;
                    let attributes = json!({"externalInitiatedEventId": 0, "cause": cause});
                    self.tell(child, "WorkflowExecutionCancelRequested", attributes);
                }
            }
        }
    }

    fn start_child(&mut self, parent: usize, initiated: u64) {
        let from = self.runs[parent].clone();
        let asked = from.event(initiated);
        let workflow_id = text(asked, "workflowId");
        if self.find(&from.domain, workflow_id, "").is_some() {
            self.messages.push(Message::ChildRefused { parent, initiated });
            return;
        }
        let ended = matches!(from.closed, Some(("TERMINATED" | "TIMED_OUT", _)));
        let end = from.events.last().filter(|_| ended);
        if end.is_some_and(|end| text(attributes(end), "childPolicy") == "TERMINATE") {
            return; // It was only announced.
        }
        let settings = pick(asked, STARTED_MEMBERS);
        let link = json!({
            "parentWorkflowExecution": from.execution(), "parentInitiatedEventId": initiated,
        });
        let place = (from.domain.as_str(), workflow_id);
        let child = self.open(place, join(settings, link), Some((parent, initiated)));
        let run_id = self.runs[child].run_id.clone();
        self.messages.push(Message::ChildStarted { parent, initiated, run_id });
    }

    fn delivered(&mut self, sender: usize, initiated: u64, signal: bool, run_id: Option<String>) {
        let asked = self.runs[sender].event(initiated).clone();
        if let Some(run_id) = run_id {
            let attributes = json!({
                "workflowExecution": {"workflowId": asked["workflowId"], "runId": run_id},
                "initiatedEventId": initiated,
            });
            let kind = match signal {
                true => "ExternalWorkflowExecutionSignaled",
                false => "ExternalWorkflowExecutionCancelRequested",
            };
            self.tell(sender, kind, attributes);
            return;
        }
        let said =
            pick(&asked, &["workflowId", "runId", "control", "decisionTaskCompletedEventId"]);
        let why = json!({
            "cause": "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION", "initiatedEventId": initiated,
        });
        let kind = match signal {
            true => "SignalExternalWorkflowExecutionFailed",
            false => "RequestCancelExternalWorkflowExecutionFailed",
        };
        self.tell(sender, kind, join(said, why));
    }
}

/// The settings that a started event has.
pub const STARTED_MEMBERS: &[&str] = &[
    "workflowType",
    "input",
    "executionStartToCloseTimeout",
    "taskStartToCloseTimeout",
    "taskList",
    "taskPriority",
    "childPolicy",
    "tagList",
    "lambdaRole",
];

/// An event's attributes whose members are those of `value`, as far as they are given.
pub fn given(value: &Value, members: &[&str], others: Value) -> Value {
    join(pick(value, members), others)
}
