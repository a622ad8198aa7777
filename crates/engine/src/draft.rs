//! A transition while it is being built: each event evolves the draft, so the next decision sees
//! it, and at the end a decision task is scheduled if there is news.

use crate::execution::Execution;
use crate::message::{Content, Message, Recipient, child_policies, child_report};
use crate::surroundings::Surroundings;
use serde::{Deserialize, Serialize};
use wire::event::{DecisionTaskScheduled, WorkflowExecutionTerminated};
use wire::{
    Data, Event, EventAttributes, EventId, Timestamp, WorkflowExecution,
    WorkflowExecutionTerminatedCause,
};

/// What a command makes of an execution. Nothing has happened until it is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// What is added to the history, all with one timestamp.
    pub events: Vec<Event>,
    /// The one thing that is kept outside of the history.
    pub heartbeat: Option<Heartbeat>,
    /// The state with all that folded in.
    pub after: Execution,
    /// The run that goes on where this one ends, started in the same commit.
    pub successor: Option<Box<Transition>>,
    /// What is to be told to other executions, in this order.
    pub messages: Vec<Message>,
}

/// A sign of life of a started activity. SWF writes no event for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// Which activity.
    pub scheduled_event_id: EventId,
    /// When it was recorded.
    pub at: Timestamp,
    /// How far the activity is.
    pub details: Option<Data>,
}

impl Transition {
    /// True if the history had no room for what the command does: the execution is terminated
    /// instead.
    pub fn exceeds_event_limit(&self) -> bool {
        use WorkflowExecutionTerminatedCause::EventLimitExceeded;
        let first = self.events.first().map(|event| &event.attributes);
        matches!(first, Some(EventAttributes::WorkflowExecutionTerminated(terminated))
            if terminated.cause == Some(EventLimitExceeded))
    }
}

pub(crate) struct Draft<'s> {
    pub next: Execution,
    pub around: Surroundings<'s>,
    /// The one timestamp of every event of the transition.
    pub now: Timestamp,
    events: Vec<Event>,
    heartbeat: Option<Heartbeat>,
    successor: Option<Box<Transition>>,
    messages: Vec<Message>,
    /// The decision that is being carried out comes faster than decisions of its kind may.
    pub rate_exceeded: bool,
    /// Children that the transition has announced so far.
    pub children_announced: u64,
    /// An event was recorded that a decider has to see.
    news: bool,
    /// The history is full, and the execution was terminated for it: nothing more is recorded.
    full: bool,
}

impl<'s> Draft<'s> {
    /// A draft on top of `execution`. Time never goes backwards within a history, whatever the
    /// wall clock does.
    pub fn new(execution: &Execution, around: Surroundings<'s>, now: Timestamp) -> Draft<'s> {
        Draft {
            next: execution.clone(),
            around,
            now: now.max(execution.last_event_timestamp),
            events: Vec::new(),
            heartbeat: None,
            successor: None,
            messages: Vec::new(),
            rate_exceeded: false,
            children_announced: 0,
            news: false,
            full: false,
        }
    }

    /// A draft whose first event is already in `started`.
    pub fn of_start(
        started: Execution,
        first: Event,
        around: Surroundings<'s>,
        now: Timestamp,
    ) -> Draft<'s> {
        let mut draft = Draft::new(&started, around, now);
        draft.news = is_news(&first.attributes);
        draft.events.push(first);
        draft
    }

    /// Adds an event, and returns its id. The last one that a history can hold ends the execution,
    /// by itself or else by a termination in its place; what would follow is dropped (engine.md,
    /// section 13, rows 10 and 26).
    pub fn record(&mut self, attributes: impl Into<EventAttributes>) -> EventId {
        let event_id = self.next.last_event_id.next();
        if self.full {
            return event_id;
        }
        let mut attributes = attributes.into();
        // Beyond the limit are histories from before it was set.
        let is_last = event_id.0 >= self.around.limits.history_events_max;
        if is_last && !is_close(&attributes) {
            self.full = true;
            let terminated = WorkflowExecutionTerminated {
                child_policy: self.next.settings.child_policy,
                reason: None,
                details: None,
                cause: Some(WorkflowExecutionTerminatedCause::EventLimitExceeded),
            };
            attributes = terminated.into();
        }
        let event = Event { event_id, event_timestamp: self.now, attributes };
        self.next.evolve(&event);
        self.news |= is_news(&event.attributes);
        if !self.next.is_open() {
            self.messages.extend(child_report(&self.next, &event.attributes));
            self.messages.extend(child_policies(&self.next, &event.attributes));
        }
        self.events.push(event);
        event_id
    }

    /// There may be news from before the draft.
    pub fn note_news(&mut self, news: bool) {
        self.news |= news;
    }

    /// True if the event limit ended the execution: the latest event was not recorded.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// Tells another execution something, unless the event that announces it was not recorded. What
    /// was announced is done although the execution closes in the same batch (engine.md, section 13,
    /// row 8).
    pub fn send(&mut self, message: Message) {
        if !self.full {
            self.messages.push(message);
        }
    }

    /// Tells the sender of `content` that it did not take effect, because there was no room for it.
    pub fn refuse(&mut self, content: Content) {
        let to = Recipient::beside(&self.next.identity, &self.next.identity.execution());
        self.messages.extend(Message { to, content }.refused());
    }

    /// Tells whoever asked for something what came of it.
    pub fn report(&mut self, to: Option<WorkflowExecution>, event: impl Into<EventAttributes>) {
        let Some(to) = to else { return };
        let to = Recipient::beside(&self.next.identity, &to);
        self.send(Message { to, content: Content::Report(Box::new(event.into())) });
    }

    pub fn record_heartbeat(&mut self, heartbeat: Heartbeat) {
        self.next.evolve_heartbeat(&heartbeat);
        self.heartbeat = Some(heartbeat);
    }

    pub fn succeed(&mut self, successor: Transition) {
        self.successor = Some(Box::new(successor));
    }

    /// True if a decider would miss something were the execution to close now.
    pub fn has_undecided_news(&self) -> bool {
        self.news || self.next.decision_task_scheduled.is_some()
    }

    /// Schedules a decision task if there is news and none waits already, even while another one
    /// is started: nothing is buffered (engine.md, section 2.1). It is the last event of the batch;
    /// one that waits already is enough after a time-out, too (section 13, rows 2 and 3).
    pub fn finish(mut self) -> Transition {
        let wanted = self.news && self.next.is_open();
        if wanted && self.next.decision_task_scheduled.is_none() {
            let (task_list, schedule_to_start) = self.next.next_task_list();
            let settings = &self.next.settings;
            let scheduled = DecisionTaskScheduled {
                task_list,
                task_priority: settings.task_priority,
                start_to_close_timeout: Some(settings.task_start_to_close_timeout),
                // "NONE" is written out (engine.md, section 2.3).
                schedule_to_start_timeout: Some(schedule_to_start),
            };
            self.record(scheduled);
        }
        Transition {
            events: self.events,
            heartbeat: self.heartbeat,
            after: self.next,
            successor: self.successor,
            messages: self.messages,
        }
    }
}

/// Whether the event ends its execution.
pub fn is_close(attributes: &EventAttributes) -> bool {
    use EventAttributes as A;
    matches!(
        attributes,
        A::WorkflowExecutionCompleted(_)
            | A::WorkflowExecutionFailed(_)
            | A::WorkflowExecutionCanceled(_)
            | A::WorkflowExecutionContinuedAsNew(_)
            | A::WorkflowExecutionTimedOut(_)
            | A::WorkflowExecutionTerminated(_)
    )
}

/// Whether a decider has to see the event (engine.md, section 2.2): every failure of a decision is
/// among them, and that a signal has arrived (section 13, rows 16 and 33).
pub(crate) fn is_news(attributes: &EventAttributes) -> bool {
    use EventAttributes as A;
    match attributes {
        A::WorkflowExecutionStarted(_)
        | A::WorkflowExecutionSignaled(_)
        | A::WorkflowExecutionCancelRequested(_)
        | A::DecisionTaskTimedOut(_)
        | A::ActivityTaskCompleted(_)
        | A::ActivityTaskFailed(_)
        | A::ActivityTaskTimedOut(_)
        | A::ActivityTaskCanceled(_)
        | A::TimerFired(_)
        | A::ChildWorkflowExecutionStarted(_)
        | A::ChildWorkflowExecutionCompleted(_)
        | A::ChildWorkflowExecutionFailed(_)
        | A::ChildWorkflowExecutionTimedOut(_)
        | A::ChildWorkflowExecutionCanceled(_)
        | A::ChildWorkflowExecutionTerminated(_)
        | A::ExternalWorkflowExecutionSignaled(_)
        | A::ExternalWorkflowExecutionCancelRequested(_)
        | A::LambdaFunctionCompleted(_)
        | A::LambdaFunctionFailed(_)
        | A::LambdaFunctionTimedOut(_)
        | A::StartLambdaFunctionFailed(_)
        | A::CompleteWorkflowExecutionFailed(_)
        | A::FailWorkflowExecutionFailed(_)
        | A::CancelWorkflowExecutionFailed(_)
        | A::ContinueAsNewWorkflowExecutionFailed(_)
        | A::ScheduleActivityTaskFailed(_)
        | A::RequestCancelActivityTaskFailed(_)
        | A::RecordMarkerFailed(_)
        | A::StartTimerFailed(_)
        | A::CancelTimerFailed(_)
        | A::StartChildWorkflowExecutionFailed(_)
        | A::SignalExternalWorkflowExecutionFailed(_)
        | A::RequestCancelExternalWorkflowExecutionFailed(_)
        | A::ScheduleLambdaFunctionFailed(_) => true,
        A::DecisionTaskScheduled(_)
        | A::DecisionTaskStarted(_)
        | A::DecisionTaskCompleted(_)
        | A::ActivityTaskScheduled(_)
        | A::ActivityTaskStarted(_)
        | A::ActivityTaskCancelRequested(_)
        | A::MarkerRecorded(_)
        | A::TimerStarted(_)
        | A::TimerCanceled(_)
        | A::StartChildWorkflowExecutionInitiated(_)
        | A::SignalExternalWorkflowExecutionInitiated(_)
        | A::RequestCancelExternalWorkflowExecutionInitiated(_)
        | A::LambdaFunctionScheduled(_)
        | A::LambdaFunctionStarted(_)
        | A::WorkflowExecutionCompleted(_)
        | A::WorkflowExecutionFailed(_)
        | A::WorkflowExecutionTimedOut(_)
        | A::WorkflowExecutionCanceled(_)
        | A::WorkflowExecutionContinuedAsNew(_)
        | A::WorkflowExecutionTerminated(_) => false,
    }
}
