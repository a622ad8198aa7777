//! What came of decisions: which events a decision task led to.

use super::{Group, Kind, Timeline};
use wire::EventAttributes as A;
use wire::EventId;

/// Something that a decision led to.
#[derive(Clone, Debug)]
pub(crate) enum Effect {
    /// A group that it began, by its index.
    Began(usize),
    /// A timer that it canceled.
    TimerCanceled(String),
    /// An activity that it asked to cancel.
    ActivityCancelRequested(String),
}

impl Timeline {
    /// What the decision task that this event completed led to, in the order of the history.
    pub(crate) fn effects(&self, completed: EventId) -> &[Effect] {
        self.effects.get(&completed).map_or(&[], Vec::as_slice)
    }

    /// An effect in a few words, as what a decider has done.
    pub(crate) fn told(&self, effect: &Effect) -> String {
        match effect {
            Effect::Began(index) => self.groups[*index].deed(),
            Effect::TimerCanceled(id) => format!("canceled timer {id}"),
            Effect::ActivityCancelRequested(id) => format!("asked for activity {id} to cancel"),
        }
    }

    /// Notes what an event is the effect of, if a decision led to it.
    pub(super) fn note_effect(&mut self, event_id: EventId, attributes: &A) {
        let Some(completed) = decided_by(attributes) else { return };
        let effect = if let A::TimerCanceled(e) = attributes {
            Effect::TimerCanceled(e.timer_id.to_string())
        } else if let A::ActivityTaskCancelRequested(e) = attributes {
            Effect::ActivityCancelRequested(e.activity_id.to_string())
        } else if let Some(index) = self.index(event_id) {
            self.groups[index].decided_by = Some(completed);
            Effect::Began(index)
        } else {
            // What failed after it had begun is of the group that it began.
            return;
        };
        self.effects.entry(completed).or_default().push(effect);
    }
}

impl Group {
    /// What a decider did by beginning this.
    fn deed(&self) -> String {
        let named = |what: &str| {
            if self.id.is_empty() || self.id == self.name {
                format!("{what} {}", self.name)
            } else {
                format!("{what} {} [{}]", self.name, self.id)
            }
        };
        match self.kind {
            Kind::Activity => named("scheduled activity"),
            Kind::Timer => named("started timer"),
            Kind::Child => named("started child"),
            Kind::Marker => named("recorded marker"),
            Kind::Lambda => named("scheduled function"),
            Kind::ExternalSignal => format!("sent signal {} to {}", self.id, self.name),
            Kind::ExternalCancel => named("requested the cancelation of"),
            Kind::Refusal => format!("tried {}, refused as {}", self.name, self.word),
            Kind::Close => format!("closed the execution as {}", self.word),
            // No decision leads to these.
            Kind::Signal | Kind::Decision | Kind::CancelRequest => named(self.kind.word()),
        }
    }
}

/// The event that completed the decision task which an event is the outcome of.
fn decided_by(attributes: &A) -> Option<EventId> {
    match attributes {
        A::WorkflowExecutionCompleted(e) => Some(e.decision_task_completed_event_id),
        A::CompleteWorkflowExecutionFailed(e) => Some(e.decision_task_completed_event_id),
        A::WorkflowExecutionFailed(e) => Some(e.decision_task_completed_event_id),
        A::FailWorkflowExecutionFailed(e) => Some(e.decision_task_completed_event_id),
        A::WorkflowExecutionCanceled(e) => Some(e.decision_task_completed_event_id),
        A::CancelWorkflowExecutionFailed(e) => Some(e.decision_task_completed_event_id),
        A::WorkflowExecutionContinuedAsNew(e) => Some(e.decision_task_completed_event_id),
        A::ContinueAsNewWorkflowExecutionFailed(e) => Some(e.decision_task_completed_event_id),
        A::ActivityTaskScheduled(e) => Some(e.decision_task_completed_event_id),
        A::ScheduleActivityTaskFailed(e) => Some(e.decision_task_completed_event_id),
        A::ActivityTaskCancelRequested(e) => Some(e.decision_task_completed_event_id),
        A::RequestCancelActivityTaskFailed(e) => Some(e.decision_task_completed_event_id),
        A::MarkerRecorded(e) => Some(e.decision_task_completed_event_id),
        A::RecordMarkerFailed(e) => Some(e.decision_task_completed_event_id),
        A::TimerStarted(e) => Some(e.decision_task_completed_event_id),
        A::StartTimerFailed(e) => Some(e.decision_task_completed_event_id),
        A::TimerCanceled(e) => Some(e.decision_task_completed_event_id),
        A::CancelTimerFailed(e) => Some(e.decision_task_completed_event_id),
        A::StartChildWorkflowExecutionInitiated(e) => Some(e.decision_task_completed_event_id),
        A::StartChildWorkflowExecutionFailed(e) => Some(e.decision_task_completed_event_id),
        A::SignalExternalWorkflowExecutionInitiated(e) => Some(e.decision_task_completed_event_id),
        A::SignalExternalWorkflowExecutionFailed(e) => Some(e.decision_task_completed_event_id),
        A::RequestCancelExternalWorkflowExecutionInitiated(e) => {
            Some(e.decision_task_completed_event_id)
        }
        A::RequestCancelExternalWorkflowExecutionFailed(e) => {
            Some(e.decision_task_completed_event_id)
        }
        A::LambdaFunctionScheduled(e) => Some(e.decision_task_completed_event_id),
        A::ScheduleLambdaFunctionFailed(e) => Some(e.decision_task_completed_event_id),
        A::WorkflowExecutionStarted(_)
        | A::WorkflowExecutionCancelRequested(_)
        | A::WorkflowExecutionTimedOut(_)
        | A::WorkflowExecutionTerminated(_)
        | A::DecisionTaskScheduled(_)
        | A::DecisionTaskStarted(_)
        | A::DecisionTaskCompleted(_)
        | A::DecisionTaskTimedOut(_)
        | A::ActivityTaskStarted(_)
        | A::ActivityTaskCompleted(_)
        | A::ActivityTaskFailed(_)
        | A::ActivityTaskTimedOut(_)
        | A::ActivityTaskCanceled(_)
        | A::WorkflowExecutionSignaled(_)
        | A::TimerFired(_)
        | A::ChildWorkflowExecutionStarted(_)
        | A::ChildWorkflowExecutionCompleted(_)
        | A::ChildWorkflowExecutionFailed(_)
        | A::ChildWorkflowExecutionTimedOut(_)
        | A::ChildWorkflowExecutionCanceled(_)
        | A::ChildWorkflowExecutionTerminated(_)
        | A::ExternalWorkflowExecutionSignaled(_)
        | A::ExternalWorkflowExecutionCancelRequested(_)
        | A::LambdaFunctionStarted(_)
        | A::LambdaFunctionCompleted(_)
        | A::LambdaFunctionFailed(_)
        | A::LambdaFunctionTimedOut(_)
        | A::StartLambdaFunctionFailed(_) => None,
    }
}
