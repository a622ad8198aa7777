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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Kind, Model, ShapeId};
    use serde_json::{Value, json};
    use wire::Event;

    /// The number that stands wherever one can.
    const NUMBER: i64 = 7;

    /// A value of a shape, with all members.
    fn sample(model: &Model, shape: ShapeId) -> Value {
        match &model.shape(shape).kind {
            Kind::Text { words, .. } => json!(words.first().map_or("60", String::as_str)),
            Kind::Integer { .. } | Kind::Timestamp => json!(NUMBER),
            Kind::Boolean => json!(true),
            Kind::List { member, .. } => json!([sample(model, *member)]),
            Kind::Structure { members, .. } => members
                .iter()
                .map(|member| (member.name.clone(), sample(model, member.shape)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }

    /// The engine writes which decision task an event answers into the member that AWS's model has
    /// for that; so the model says which events do.
    #[test]
    fn the_events_that_decisions_lead_to_are_those_of_the_model() {
        let model = Model::get();
        let event = model.shape_named("HistoryEvent").expect("the model has it");
        let mut answering = 0;
        for attributes in model.members(event) {
            let Some(name) = attributes.name.strip_suffix("EventAttributes") else { continue };
            let (first, rest) = name.split_at(1);
            let event: Event = serde_json::from_value(json!({
                "eventId": 9,
                "eventTimestamp": 1,
                "eventType": first.to_uppercase() + rest,
                &attributes.name: sample(model, attributes.shape),
            }))
            .expect(name);
            let members = model.members(attributes.shape);
            let answers =
                members.iter().any(|member| member.name == "decisionTaskCompletedEventId");
            answering += usize::from(answers);
            let expected = answers.then_some(EventId(NUMBER as u64));
            assert_eq!(decided_by(&event.attributes), expected, "{name}");
        }
        assert!(answering > 20, "{answering}");
    }
}
