//! From events to groups.

use super::{Close, Group, Kind, Limits, Outcome, Timeline};
use wire::EventAttributes as A;
use wire::{CloseStatus, Data, Event, EventId, Timestamp};

/// What belongs to an event beside its name.
type Payloads<'a> = &'a [(&'static str, &'a Option<Data>)];

impl Timeline {
    /// Adds the next event of the history.
    pub fn add(&mut self, event: &Event) {
        let (id, at) = (event.event_id, event.event_timestamp);
        self.last = id;
        match &event.attributes {
            A::WorkflowExecutionStarted(e) => self.started = Some((at, e.clone())),
            A::WorkflowExecutionCancelRequested(e) => {
                self.cancel_requested = true;
                let group = self.point(Kind::CancelRequest, "requested", event, "received");
                let from = e.external_workflow_execution.as_ref();
                group.by = from.map(|from| from.workflow_id.to_string());
                if let Some(cause) = e.cause {
                    group.word = cause.as_str().to_owned();
                }
            }
            A::WorkflowExecutionCompleted(e) => {
                self.close(event, CloseStatus::Completed, &[("result", &e.result)]);
            }
            A::WorkflowExecutionFailed(e) => {
                self.close(event, CloseStatus::Failed, &[("details", &e.details)]);
                self.reason(e.reason.as_ref());
            }
            A::WorkflowExecutionTimedOut(_) => self.close(event, CloseStatus::TimedOut, &[]),
            A::WorkflowExecutionCanceled(e) => {
                self.close(event, CloseStatus::Canceled, &[("details", &e.details)]);
            }
            A::WorkflowExecutionContinuedAsNew(e) => {
                self.close(event, CloseStatus::ContinuedAsNew, &[("input", &e.input)]);
                if let Some(closed) = &mut self.closed {
                    closed.continued_as = Some(e.new_execution_run_id.clone());
                }
            }
            A::WorkflowExecutionTerminated(e) => {
                self.close(event, CloseStatus::Terminated, &[("details", &e.details)]);
                self.reason(e.reason.as_ref());
            }
            A::CompleteWorkflowExecutionFailed(e) => {
                self.refuse("complete", event, e.cause.as_str())
            }
            A::FailWorkflowExecutionFailed(e) => self.refuse("fail", event, e.cause.as_str()),
            A::CancelWorkflowExecutionFailed(e) => self.refuse("cancel", event, e.cause.as_str()),
            A::ContinueAsNewWorkflowExecutionFailed(e) => {
                self.refuse("continue as new", event, e.cause.as_str());
            }
            A::DecisionTaskScheduled(e) => {
                let group = self.begin(Kind::Decision, "task", "", event);
                group.task_list = Some(e.task_list.name.to_string());
                group.limits.schedule_to_start = e.schedule_to_start_timeout;
                group.limits.start_to_close = e.start_to_close_timeout;
            }
            A::DecisionTaskStarted(e) => self.start(e.scheduled_event_id, at, e.identity.as_ref()),
            A::DecisionTaskCompleted(e) => {
                self.decided_at = Some(at);
                let payloads: Payloads<'_> = &[("executionContext", &e.execution_context)];
                self.end(e.scheduled_event_id, at, Outcome::Done, "completed", payloads);
            }
            A::DecisionTaskTimedOut(e) => {
                self.decided_at = Some(at);
                self.time_out(e.scheduled_event_id, at, e.timeout_type.as_str(), &None);
            }
            A::ActivityTaskScheduled(e) => {
                let kind = format!("{}\u{0}{}", e.activity_type.name, e.activity_type.version);
                let input = e.input.as_ref().map_or("", Data::as_str);
                let keys = [
                    format!("{kind}\u{0}id\u{0}{}", e.activity_id),
                    format!("{kind}\u{0}input\u{0}{input}"),
                ];
                let attempt = self.attempt(&kind, keys);
                let name = e.activity_type.name.as_str();
                let group = self.begin(Kind::Activity, name, e.activity_id.as_str(), event);
                group.attempt = attempt;
                group.task_list = Some(e.task_list.name.to_string());
                group.take(&[("input", &e.input), ("control", &e.control)]);
                group.limits = Limits {
                    schedule_to_start: e.schedule_to_start_timeout,
                    start_to_close: e.start_to_close_timeout,
                    schedule_to_close: e.schedule_to_close_timeout,
                    heartbeat: e.heartbeat_timeout,
                };
                group.id = e.activity_id.to_string();
                let version = e.activity_type.version.to_string();
                group.payloads.insert(0, ("version", version));
            }
            A::ScheduleActivityTaskFailed(e) => {
                self.refuse(&format!("activity {}", e.activity_type.name), event, e.cause.as_str());
            }
            A::ActivityTaskStarted(e) => self.start(e.scheduled_event_id, at, e.identity.as_ref()),
            A::ActivityTaskCompleted(e) => {
                self.end(
                    e.scheduled_event_id,
                    at,
                    Outcome::Done,
                    "completed",
                    &[("result", &e.result)],
                );
            }
            A::ActivityTaskFailed(e) => {
                self.end(
                    e.scheduled_event_id,
                    at,
                    Outcome::Failed,
                    "failed",
                    &[("details", &e.details)],
                );
                self.reason_of(e.scheduled_event_id, e.reason.as_ref());
                self.mark_unlucky(e.scheduled_event_id);
            }
            A::ActivityTaskTimedOut(e) => {
                self.time_out(e.scheduled_event_id, at, e.timeout_type.as_str(), &e.details);
                self.mark_unlucky(e.scheduled_event_id);
            }
            A::ActivityTaskCanceled(e) => {
                let payloads: Payloads<'_> = &[("details", &e.details)];
                self.end(e.scheduled_event_id, at, Outcome::Canceled, "canceled", payloads);
            }
            A::ActivityTaskCancelRequested(e) => {
                let id = e.activity_id.as_str();
                // Ids are unique among what is open, and that is no more than a quota allows.
                let found = self.begun.values().copied().find(|index| {
                    let group = &self.groups[*index];
                    group.kind == Kind::Activity && group.id == id
                });
                if let Some(index) = found {
                    self.groups[index].cancel_requested = true;
                }
            }
            A::RequestCancelActivityTaskFailed(e) => {
                self.refuse(&format!("cancel of {}", e.activity_id), event, e.cause.as_str());
            }
            A::WorkflowExecutionSignaled(e) => {
                let group = self.point(Kind::Signal, e.signal_name.as_str(), event, "received");
                group.by =
                    e.external_workflow_execution.as_ref().map(|from| from.workflow_id.to_string());
                group.take(&[("input", &e.input)]);
            }
            A::MarkerRecorded(e) => {
                let group = self.point(Kind::Marker, e.marker_name.as_str(), event, "recorded");
                group.take(&[("details", &e.details)]);
            }
            A::RecordMarkerFailed(e) => {
                self.refuse(&format!("marker {}", e.marker_name), event, e.cause.as_str());
            }
            A::TimerStarted(e) => {
                let group = self.begin(Kind::Timer, e.timer_id.as_str(), "", event);
                group.limits.schedule_to_close = Some(e.start_to_fire_timeout);
                group.take(&[("control", &e.control)]);
            }
            A::StartTimerFailed(e) => {
                self.refuse(&format!("timer {}", e.timer_id), event, e.cause.as_str());
            }
            A::TimerFired(e) => self.end(e.started_event_id, at, Outcome::Done, "fired", &[]),
            A::TimerCanceled(e) => {
                self.end(e.started_event_id, at, Outcome::Canceled, "canceled", &[]);
            }
            A::CancelTimerFailed(e) => {
                self.refuse(&format!("cancel of timer {}", e.timer_id), event, e.cause.as_str());
            }
            A::StartChildWorkflowExecutionInitiated(e) => {
                let name = e.workflow_type.name.as_str();
                let group = self.begin(Kind::Child, name, e.workflow_id.as_str(), event);
                group.limits.start_to_close = e.execution_start_to_close_timeout;
                group.take(&[("input", &e.input), ("control", &e.control)]);
            }
            A::StartChildWorkflowExecutionFailed(e) => {
                // Without such an event, the decision was refused at once.
                if self.begun.contains_key(&e.initiated_event_id) {
                    self.end(e.initiated_event_id, at, Outcome::Failed, e.cause.as_str(), &[]);
                } else {
                    self.refuse(&format!("child {}", e.workflow_id), event, e.cause.as_str());
                }
            }
            A::ChildWorkflowExecutionStarted(e) => {
                self.start(e.initiated_event_id, at, None);
            }
            A::ChildWorkflowExecutionCompleted(e) => {
                self.end(
                    e.initiated_event_id,
                    at,
                    Outcome::Done,
                    "completed",
                    &[("result", &e.result)],
                );
            }
            A::ChildWorkflowExecutionFailed(e) => {
                self.end(
                    e.initiated_event_id,
                    at,
                    Outcome::Failed,
                    "failed",
                    &[("details", &e.details)],
                );
                self.reason_of(e.initiated_event_id, e.reason.as_ref());
            }
            A::ChildWorkflowExecutionTimedOut(e) => {
                self.time_out(e.initiated_event_id, at, e.timeout_type.as_str(), &None);
            }
            A::ChildWorkflowExecutionCanceled(e) => {
                let payloads: Payloads<'_> = &[("details", &e.details)];
                self.end(e.initiated_event_id, at, Outcome::Canceled, "canceled", payloads);
            }
            A::ChildWorkflowExecutionTerminated(e) => {
                self.end(e.initiated_event_id, at, Outcome::Failed, "terminated", &[]);
            }
            A::SignalExternalWorkflowExecutionInitiated(e) => {
                let name = e.workflow_id.as_str();
                let group = self.begin(Kind::ExternalSignal, name, e.signal_name.as_str(), event);
                group.take(&[("input", &e.input), ("control", &e.control)]);
            }
            A::SignalExternalWorkflowExecutionFailed(e) => {
                if self.begun.contains_key(&e.initiated_event_id) {
                    self.end(e.initiated_event_id, at, Outcome::Failed, e.cause.as_str(), &[]);
                } else {
                    self.refuse(&format!("signal to {}", e.workflow_id), event, e.cause.as_str());
                }
            }
            A::ExternalWorkflowExecutionSignaled(e) => {
                self.end(e.initiated_event_id, at, Outcome::Done, "delivered", &[]);
            }
            A::RequestCancelExternalWorkflowExecutionInitiated(e) => {
                let group = self.begin(Kind::ExternalCancel, e.workflow_id.as_str(), "", event);
                group.take(&[("control", &e.control)]);
            }
            A::RequestCancelExternalWorkflowExecutionFailed(e) => {
                if self.begun.contains_key(&e.initiated_event_id) {
                    self.end(e.initiated_event_id, at, Outcome::Failed, e.cause.as_str(), &[]);
                } else {
                    self.refuse(&format!("cancel of {}", e.workflow_id), event, e.cause.as_str());
                }
            }
            A::ExternalWorkflowExecutionCancelRequested(e) => {
                self.end(e.initiated_event_id, at, Outcome::Done, "delivered", &[]);
            }
            A::LambdaFunctionScheduled(e) => {
                let group = self.begin(Kind::Lambda, e.name.as_str(), e.id.as_str(), event);
                group.limits.start_to_close = e.start_to_close_timeout;
                group.take(&[("input", &e.input), ("control", &e.control)]);
            }
            A::LambdaFunctionStarted(e) => self.start(e.scheduled_event_id, at, None),
            A::LambdaFunctionCompleted(e) => {
                self.end(
                    e.scheduled_event_id,
                    at,
                    Outcome::Done,
                    "completed",
                    &[("result", &e.result)],
                );
            }
            A::LambdaFunctionFailed(e) => {
                self.end(
                    e.scheduled_event_id,
                    at,
                    Outcome::Failed,
                    "failed",
                    &[("details", &e.details)],
                );
                self.reason_of(e.scheduled_event_id, e.reason.as_ref());
            }
            A::LambdaFunctionTimedOut(e) => {
                let which = e.timeout_type.map_or("START_TO_CLOSE", |which| which.as_str());
                self.time_out(e.scheduled_event_id, at, which, &None);
            }
            A::ScheduleLambdaFunctionFailed(e) => {
                self.refuse(&format!("lambda {}", e.name), event, e.cause.as_str());
            }
            A::StartLambdaFunctionFailed(e) => {
                let cause = e.cause.map_or("not started", |cause| cause.as_str());
                self.end(e.scheduled_event_id, at, Outcome::Failed, cause, &[]);
            }
        }
    }

    fn begin(&mut self, kind: Kind, name: &str, id: &str, event: &Event) -> &mut Group {
        self.begun.insert(event.event_id, self.groups.len());
        self.groups.push(Group {
            kind,
            name: name.to_owned(),
            id: id.to_owned(),
            event_id: event.event_id,
            scheduled_at: event.event_timestamp,
            started_at: None,
            closed_at: None,
            outcome: Outcome::Waits,
            word: "waits".to_owned(),
            by: None,
            attempt: 1,
            task_list: None,
            cancel_requested: false,
            payloads: Vec::new(),
            limits: Limits::default(),
        });
        self.groups.last_mut().expect("it was just put there")
    }

    /// What is over in the moment in which it happens.
    fn point(&mut self, kind: Kind, name: &str, event: &Event, word: &str) -> &mut Group {
        self.begin(kind, name, "", event);
        self.begun.remove(&event.event_id);
        let group = self.groups.last_mut().expect("it was just put there");
        group.closed_at = Some(event.event_timestamp);
        group.outcome = Outcome::Done;
        group.word = word.to_owned();
        group
    }

    /// A decision that was not carried out.
    fn refuse(&mut self, what: &str, event: &Event, cause: &str) {
        self.point(Kind::Refusal, what, event, cause).outcome = Outcome::Failed;
    }

    fn start(&mut self, scheduled: EventId, at: Timestamp, by: Option<&wire::Identity>) {
        if let Some(index) = self.begun.get(&scheduled) {
            let group = &mut self.groups[*index];
            group.started_at = Some(at);
            group.outcome = Outcome::Runs;
            group.word = "runs".to_owned();
            group.by = by.map(|identity| identity.to_string());
        }
    }

    fn end(
        &mut self,
        begun: EventId,
        at: Timestamp,
        outcome: Outcome,
        word: &str,
        payloads: Payloads<'_>,
    ) {
        if let Some(index) = self.begun.remove(&begun) {
            let group = &mut self.groups[index];
            group.closed_at = Some(at);
            group.outcome = outcome;
            group.word = word.to_owned();
            group.take(payloads);
        }
    }

    fn time_out(&mut self, begun: EventId, at: Timestamp, which: &str, details: &Option<Data>) {
        let word = format!("timed out {which}");
        self.end(begun, at, Outcome::Failed, &word, &[("details", details)]);
    }

    fn close(&mut self, event: &Event, status: CloseStatus, payloads: Payloads<'_>) {
        self.closed = Some(Close { at: event.event_timestamp, status, continued_as: None });
        let group = self.point(Kind::Close, "closed", event, status.as_str());
        group.outcome = match status {
            CloseStatus::Completed | CloseStatus::ContinuedAsNew => Outcome::Done,
            CloseStatus::Canceled => Outcome::Canceled,
            CloseStatus::Failed | CloseStatus::Terminated | CloseStatus::TimedOut => {
                Outcome::Failed
            }
        };
        group.take(payloads);
        // Nobody works on them any more, though no event says so.
        for index in std::mem::take(&mut self.begun).into_values() {
            let group = &mut self.groups[index];
            group.closed_at = Some(event.event_timestamp);
            group.outcome = Outcome::Canceled;
            group.word = "left open".to_owned();
        }
    }

    /// The reason of the newest group.
    fn reason(&mut self, reason: Option<&wire::Reason>) {
        if let (Some(group), Some(reason)) = (self.groups.last_mut(), reason) {
            group.payloads.insert(0, ("reason", reason.to_string()));
        }
    }

    /// The reason of an activity, a child or a function that has just failed.
    fn reason_of(&mut self, begun: EventId, reason: Option<&wire::Reason>) {
        if let (Some(index), Some(reason)) = (self.index(begun), reason) {
            self.groups[index].payloads.push(("reason", reason.to_string()));
        }
    }

    /// Groups are in the order of the events that began them.
    fn index(&self, begun: EventId) -> Option<usize> {
        self.groups.binary_search_by_key(&begun, |group| group.event_id).ok()
    }

    /// What is scheduled next with the same id or input takes its place.
    fn mark_unlucky(&mut self, scheduled: EventId) {
        let Some(index) = self.index(scheduled) else { return };
        let group = &self.groups[index];
        let text = |name: &str| {
            let found = group.payloads.iter().find(|(key, _)| *key == name);
            found.map_or("", |(_, text)| text.as_str())
        };
        let kind = format!("{}\u{0}{}", group.name, text("version"));
        for key in [
            format!("{kind}\u{0}id\u{0}{}", group.id),
            format!("{kind}\u{0}input\u{0}{}", text("input")),
        ] {
            self.unlucky.entry(key).or_default().push_back(index);
        }
    }

    /// How often an activity was tried, this time included. SWF has no retries: what is scheduled
    /// after one of the same type failed or timed out is taken for one if it has the same id, or else
    /// the same input, or else if none of its type was scheduled in between; each is tried again once.
    fn attempt(&mut self, kind: &str, keys: [String; 2]) -> u32 {
        let newest = self.newest.insert(kind.to_owned(), self.groups.len());
        for key in keys {
            let Some(waiting) = self.unlucky.get_mut(&key) else { continue };
            while let Some(index) = waiting.pop_front() {
                if self.retried.insert(index) {
                    return self.groups[index].attempt.saturating_add(1);
                }
            }
        }
        match newest {
            Some(index)
                if self.groups[index].outcome == Outcome::Failed && self.retried.insert(index) =>
            {
                self.groups[index].attempt.saturating_add(1)
            }
            Some(_) | None => 1,
        }
    }
}

impl Group {
    fn take(&mut self, payloads: Payloads<'_>) {
        for (name, data) in payloads {
            if let Some(data) = data {
                self.payloads.push((name, data.to_string()));
            }
        }
    }
}
