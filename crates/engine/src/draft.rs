//! A transition while it is being built: each event evolves the draft, so the next decision sees
//! it, and at the end a decision task is scheduled if there is news.

use crate::execution::Execution;
use crate::registry::Registry;
use serde::{Deserialize, Serialize};
use wire::event::DecisionTaskScheduled;
use wire::{Data, Event, EventAttributes, EventId, Timestamp};

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

pub(crate) struct Draft<'r> {
    pub next: Execution,
    pub registry: &'r Registry,
    /// The one timestamp of every event of the transition.
    pub now: Timestamp,
    events: Vec<Event>,
    heartbeat: Option<Heartbeat>,
    successor: Option<Box<Transition>>,
    /// An event was recorded that a decider has to see.
    news: bool,
}

impl<'r> Draft<'r> {
    /// A draft on top of `execution`. Time never goes backwards within a history, whatever the
    /// wall clock does.
    pub fn new(execution: &Execution, registry: &'r Registry, now: Timestamp) -> Draft<'r> {
        Draft {
            next: execution.clone(),
            registry,
            now: now.max(execution.last_event_timestamp),
            events: Vec::new(),
            heartbeat: None,
            successor: None,
            news: false,
        }
    }

    /// A draft whose first event is already in `started`.
    pub fn of_start(
        started: Execution,
        first: Event,
        registry: &'r Registry,
        now: Timestamp,
    ) -> Draft<'r> {
        let mut draft = Draft::new(&started, registry, now);
        draft.news = is_news(&first.attributes);
        draft.events.push(first);
        draft
    }

    /// Adds an event, and returns its id.
    pub fn record(&mut self, attributes: impl Into<EventAttributes>) -> EventId {
        let event = Event {
            event_id: self.next.last_event_id.next(),
            event_timestamp: self.now,
            attributes: attributes.into(),
        };
        self.next.evolve(&event);
        self.news |= is_news(&event.attributes);
        let event_id = event.event_id;
        self.events.push(event);
        event_id
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
    /// is started: nothing is buffered (engine.md, section 2.1).
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
        }
    }
}

/// Whether a decider has to see the event (engine.md, section 2.2).
fn is_news(attributes: &EventAttributes) -> bool {
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
