//! From events to groups.

use super::{Close, Group, Kind, Limits, Outcome, Registered, Timeline};
use wire::EventAttributes as A;
use wire::{CloseStatus, Data, Event, EventId, WorkflowId};

/// What belongs to an event beside its name.
type Payloads<'a> = &'a [(&'static str, &'a Option<Data>)];

impl Timeline {
    /// Adds the next event of the history.
    pub fn add(&mut self, event: &Event) {
        self.last = event.event_id;
        self.gather(event);
        self.note_effect(event.event_id, &event.attributes);
    }

    fn gather(&mut self, event: &Event) {
        match &event.attributes {
            A::WorkflowExecutionStarted(e) => {
                self.started = Some((event.event_timestamp, e.clone()));
            }
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
                if let (Some(group), Some(cause)) = (self.groups.last_mut(), e.cause) {
                    group.payloads.insert(0, ("cause", cause.as_str().to_owned()));
                }
            }
            A::CompleteWorkflowExecutionFailed(e) => {
                self.refuse("complete", event, e.cause.as_str());
            }
            A::FailWorkflowExecutionFailed(e) => {
                self.refuse("fail", event, e.cause.as_str());
            }
            A::CancelWorkflowExecutionFailed(e) => {
                self.refuse("cancel", event, e.cause.as_str());
            }
            A::ContinueAsNewWorkflowExecutionFailed(e) => {
                self.refuse("continue as new", event, e.cause.as_str());
            }
            A::DecisionTaskScheduled(e) => {
                let group = self.begin(Kind::Decision, "task", "", event);
                group.task_list = Some(e.task_list.name.to_string());
                group.limits.schedule_to_start = e.schedule_to_start_timeout;
                group.limits.start_to_close = e.start_to_close_timeout;
            }
            A::DecisionTaskStarted(e) => {
                self.start(e.scheduled_event_id, event, e.identity.as_ref());
            }
            A::DecisionTaskCompleted(e) => {
                self.decided_at = Some(event.event_timestamp);
                self.end(e.scheduled_event_id, event, Outcome::Done, "completed");
                self.take(e.scheduled_event_id, &[("executionContext", &e.execution_context)]);
            }
            A::DecisionTaskTimedOut(e) => {
                self.decided_at = Some(event.event_timestamp);
                self.time_out(e.scheduled_event_id, event, e.timeout_type.as_str(), &None);
            }
            A::ActivityTaskScheduled(e) => {
                let name = e.activity_type.name.as_str();
                let group = self.begin(Kind::Activity, name, e.activity_id.as_str(), event);
                group.registered = Some(Registered::of_activity(&e.activity_type));
                group.task_list = Some(e.task_list.name.to_string());
                group.take(&[("input", &e.input), ("control", &e.control)]);
                group.limits = Limits {
                    schedule_to_start: e.schedule_to_start_timeout,
                    start_to_close: e.start_to_close_timeout,
                    schedule_to_close: e.schedule_to_close_timeout,
                    heartbeat: e.heartbeat_timeout,
                };
                self.count_attempt();
            }
            A::ScheduleActivityTaskFailed(e) => {
                let what = format!("activity {}", e.activity_type.name);
                let group = self.refuse(&what, event, e.cause.as_str());
                group.id = e.activity_id.to_string();
                group.registered = Some(Registered::of_activity(&e.activity_type));
            }
            A::ActivityTaskStarted(e) => {
                self.start(e.scheduled_event_id, event, e.identity.as_ref());
            }
            A::ActivityTaskCompleted(e) => self.complete(e.scheduled_event_id, event, &e.result),
            A::ActivityTaskFailed(e) => {
                self.fail(e.scheduled_event_id, event, e.reason.as_ref(), &e.details);
            }
            A::ActivityTaskTimedOut(e) => {
                self.time_out(e.scheduled_event_id, event, e.timeout_type.as_str(), &e.details);
            }
            A::ActivityTaskCanceled(e) => self.cancel(e.scheduled_event_id, event, &e.details),
            A::ActivityTaskCancelRequested(e) => {
                let id = e.activity_id.as_str();
                // Ids are unique among what is open, and that is no more than a quota allows.
                let found = self.begun.values().copied().find(|index| {
                    let group = &self.groups[*index];
                    group.kind == Kind::Activity && group.id == id
                });
                if let Some(index) = found {
                    self.groups[index].cancel_requested_at = Some(event.event_timestamp);
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
            A::TimerFired(e) => self.end(e.started_event_id, event, Outcome::Done, "fired"),
            A::TimerCanceled(e) => self.cancel(e.started_event_id, event, &None),
            A::CancelTimerFailed(e) => {
                self.refuse(&format!("cancel of timer {}", e.timer_id), event, e.cause.as_str());
            }
            A::StartChildWorkflowExecutionInitiated(e) => {
                let name = e.workflow_type.name.as_str();
                let group = self.begin(Kind::Child, name, e.workflow_id.as_str(), event);
                group.registered = Some(Registered::of_workflow(&e.workflow_type));
                group.task_list = Some(e.task_list.name.to_string());
                group.limits.start_to_close = e.execution_start_to_close_timeout;
                group.take(&[("input", &e.input), ("control", &e.control)]);
            }
            A::StartChildWorkflowExecutionFailed(e) => {
                let what = format!("child {}", e.workflow_id);
                let of = (&e.workflow_id, &*what);
                if let Some(group) =
                    self.fall_through(e.initiated_event_id, of, event, e.cause.as_str())
                {
                    group.registered = Some(Registered::of_workflow(&e.workflow_type));
                }
            }
            A::ChildWorkflowExecutionStarted(e) => {
                self.start(e.initiated_event_id, event, None);
                if let Some(index) = self.begun.get(&e.initiated_event_id) {
                    self.groups[*index].run = Some(e.workflow_execution.run_id.clone());
                }
            }
            A::ChildWorkflowExecutionCompleted(e) => {
                self.complete(e.initiated_event_id, event, &e.result);
            }
            A::ChildWorkflowExecutionFailed(e) => {
                self.fail(e.initiated_event_id, event, e.reason.as_ref(), &e.details);
            }
            A::ChildWorkflowExecutionTimedOut(e) => {
                self.time_out(e.initiated_event_id, event, e.timeout_type.as_str(), &None);
            }
            A::ChildWorkflowExecutionCanceled(e) => {
                self.cancel(e.initiated_event_id, event, &e.details);
            }
            A::ChildWorkflowExecutionTerminated(e) => {
                self.end(e.initiated_event_id, event, Outcome::Failed, "terminated");
            }
            A::SignalExternalWorkflowExecutionInitiated(e) => {
                let name = e.workflow_id.as_str();
                let group = self.begin(Kind::ExternalSignal, name, e.signal_name.as_str(), event);
                group.take(&[("input", &e.input), ("control", &e.control)]);
            }
            A::SignalExternalWorkflowExecutionFailed(e) => {
                let what = format!("signal to {}", e.workflow_id);
                let of = (&e.workflow_id, &*what);
                self.fall_through(e.initiated_event_id, of, event, e.cause.as_str());
            }
            A::ExternalWorkflowExecutionSignaled(e) => {
                self.end(e.initiated_event_id, event, Outcome::Done, "delivered");
            }
            A::RequestCancelExternalWorkflowExecutionInitiated(e) => {
                let group = self.begin(Kind::ExternalCancel, e.workflow_id.as_str(), "", event);
                group.take(&[("control", &e.control)]);
            }
            A::RequestCancelExternalWorkflowExecutionFailed(e) => {
                let what = format!("cancel of {}", e.workflow_id);
                let of = (&e.workflow_id, &*what);
                self.fall_through(e.initiated_event_id, of, event, e.cause.as_str());
            }
            A::ExternalWorkflowExecutionCancelRequested(e) => {
                self.end(e.initiated_event_id, event, Outcome::Done, "delivered");
            }
            A::LambdaFunctionScheduled(e) => {
                let group = self.begin(Kind::Lambda, e.name.as_str(), e.id.as_str(), event);
                group.limits.start_to_close = e.start_to_close_timeout;
                group.take(&[("input", &e.input), ("control", &e.control)]);
            }
            A::LambdaFunctionStarted(e) => self.start(e.scheduled_event_id, event, None),
            A::LambdaFunctionCompleted(e) => self.complete(e.scheduled_event_id, event, &e.result),
            A::LambdaFunctionFailed(e) => {
                self.fail(e.scheduled_event_id, event, e.reason.as_ref(), &e.details);
            }
            A::LambdaFunctionTimedOut(e) => {
                let which = e.timeout_type.map_or("START_TO_CLOSE", |which| which.as_str());
                self.time_out(e.scheduled_event_id, event, which, &None);
            }
            A::ScheduleLambdaFunctionFailed(e) => {
                let group = self.refuse(&format!("lambda {}", e.name), event, e.cause.as_str());
                group.id = e.id.to_string();
            }
            A::StartLambdaFunctionFailed(e) => {
                let cause = e.cause.map_or("not started", |cause| cause.as_str());
                self.end(e.scheduled_event_id, event, Outcome::Failed, cause);
                if let (Some(index), Some(message)) = (self.index(e.scheduled_event_id), &e.message)
                {
                    self.groups[index].payloads.push(("message", message.to_string()));
                }
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
            cancel_requested_at: None,
            registered: None,
            other: None,
            run: None,
            decided_by: None,
            started_event: None,
            closed_event: None,
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
    fn refuse(&mut self, what: &str, event: &Event, cause: &str) -> &mut Group {
        let group = self.point(Kind::Refusal, what, event, cause);
        group.outcome = Outcome::Failed;
        group
    }

    fn start(&mut self, scheduled: EventId, event: &Event, by: Option<&wire::Identity>) {
        if let Some(index) = self.begun.get(&scheduled) {
            let group = &mut self.groups[*index];
            group.started_at = Some(event.event_timestamp);
            group.started_event = Some(event.event_id);
            group.outcome = Outcome::Runs;
            group.word = "runs".to_owned();
            group.by = by.map(|identity| identity.to_string());
        }
    }

    fn end(&mut self, begun: EventId, event: &Event, outcome: Outcome, word: &str) {
        if let Some(index) = self.begun.remove(&begun) {
            let group = &mut self.groups[index];
            group.closed_at = Some(event.event_timestamp);
            group.closed_event = Some(event.event_id);
            group.outcome = outcome;
            group.word = word.to_owned();
        }
    }

    /// What an activity, a child or a function has given.
    fn complete(&mut self, begun: EventId, event: &Event, result: &Option<Data>) {
        self.end(begun, event, Outcome::Done, "completed");
        self.take(begun, &[("result", result)]);
    }

    fn fail(
        &mut self,
        begun: EventId,
        event: &Event,
        reason: Option<&wire::Reason>,
        details: &Option<Data>,
    ) {
        self.end(begun, event, Outcome::Failed, "failed");
        if let (Some(index), Some(reason)) = (self.index(begun), reason) {
            self.groups[index].payloads.push(("reason", reason.to_string()));
        }
        self.take(begun, &[("details", details)]);
    }

    fn time_out(&mut self, begun: EventId, event: &Event, which: &str, details: &Option<Data>) {
        self.end(begun, event, Outcome::Failed, &format!("timed out {which}"));
        self.take(begun, &[("details", details)]);
    }

    fn cancel(&mut self, begun: EventId, event: &Event, details: &Option<Data>) {
        self.end(begun, event, Outcome::Canceled, "canceled");
        self.take(begun, &[("details", details)]);
    }

    /// What another execution was told of, or asked for, failed: the decision was refused at once,
    /// and that is a group of its own, or it failed later.
    fn fall_through(
        &mut self,
        begun: EventId,
        (other, what): (&WorkflowId, &str),
        event: &Event,
        cause: &str,
    ) -> Option<&mut Group> {
        if self.begun.contains_key(&begun) {
            self.end(begun, event, Outcome::Failed, cause);
            return None;
        }
        let group = self.refuse(what, event, cause);
        group.other = Some(other.clone());
        Some(group)
    }

    fn take(&mut self, begun: EventId, payloads: Payloads<'_>) {
        if let Some(index) = self.index(begun) {
            self.groups[index].take(payloads);
        }
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

    /// Groups are in the order of the events that began them.
    pub(super) fn index(&self, begun: EventId) -> Option<usize> {
        self.groups.binary_search_by_key(&begun, |group| group.event_id).ok()
    }

    /// How often the newest activity was tried, this time included. SWF has no retries: what is
    /// scheduled with the type and the id of one that failed or timed out is taken for one, and
    /// nothing else is.
    fn count_attempt(&mut self) {
        let index = self.groups.len() - 1;
        let group = &self.groups[index];
        let key = (group.registered.clone(), group.id.clone());
        let before = self.newest.insert(key, index).map(|before| &self.groups[before]);
        if let Some(before) = before.filter(|before| before.outcome == Outcome::Failed) {
            self.groups[index].attempt = before.attempt.saturating_add(1);
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
