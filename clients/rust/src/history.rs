//! Events as lines of text, of which the whole history of an order is compared.

use aws_sdk_swf::types::{EventType, HistoryEvent};

/// The ids of other events in the attributes of one, by name and in the order given.
macro_rules! ids {
    ($event:ident.$attributes:ident: $($name:literal $member:ident),+) => {{
        let attributes = $event.$attributes.as_ref()?;
        vec![$(($name, attributes.$member)),+]
    }};
}

/// An event as a line: its id, its type, and each member of its attributes that is the id of an
/// event.
///
/// # Panics
///
/// When the attributes are not those of the event's type, or the type is none that an order has.
pub fn line(event: &HistoryEvent) -> String {
    let ids = ids(event).unwrap_or_else(|| panic!("the attributes of {event:?}"));
    let named: String = ids.iter().map(|(name, id)| format!(" {name}={id}")).collect();
    format!("{} {}{named}", event.event_id(), event.event_type())
}

fn ids(event: &HistoryEvent) -> Option<Vec<(&'static str, i64)>> {
    Some(match event.event_type() {
        EventType::WorkflowExecutionStarted => ids!(
            event.workflow_execution_started_event_attributes:
            "parentInitiated" parent_initiated_event_id
        ),
        EventType::WorkflowExecutionCompleted => ids!(
            event.workflow_execution_completed_event_attributes:
            "decisionTaskCompleted" decision_task_completed_event_id
        ),
        EventType::WorkflowExecutionSignaled => ids!(
            event.workflow_execution_signaled_event_attributes:
            "externalInitiated" external_initiated_event_id
        ),
        EventType::DecisionTaskScheduled => {
            event.decision_task_scheduled_event_attributes.as_ref()?;
            Vec::new()
        }
        EventType::DecisionTaskStarted => ids!(
            event.decision_task_started_event_attributes: "scheduled" scheduled_event_id
        ),
        EventType::DecisionTaskCompleted => ids!(
            event.decision_task_completed_event_attributes:
            "scheduled" scheduled_event_id, "started" started_event_id
        ),
        EventType::ActivityTaskScheduled => ids!(
            event.activity_task_scheduled_event_attributes:
            "decisionTaskCompleted" decision_task_completed_event_id
        ),
        EventType::ActivityTaskStarted => ids!(
            event.activity_task_started_event_attributes: "scheduled" scheduled_event_id
        ),
        EventType::ActivityTaskCancelRequested => ids!(
            event.activity_task_cancel_requested_event_attributes:
            "decisionTaskCompleted" decision_task_completed_event_id
        ),
        EventType::ActivityTaskCanceled => ids!(
            event.activity_task_canceled_event_attributes:
            "latestCancelRequested" latest_cancel_requested_event_id,
            "scheduled" scheduled_event_id,
            "started" started_event_id
        ),
        EventType::MarkerRecorded => ids!(
            event.marker_recorded_event_attributes:
            "decisionTaskCompleted" decision_task_completed_event_id
        ),
        EventType::TimerStarted => ids!(
            event.timer_started_event_attributes:
            "decisionTaskCompleted" decision_task_completed_event_id
        ),
        EventType::TimerFired => ids!(
            event.timer_fired_event_attributes: "started" started_event_id
        ),
        EventType::TimerCanceled => ids!(
            event.timer_canceled_event_attributes:
            "decisionTaskCompleted" decision_task_completed_event_id, "started" started_event_id
        ),
        EventType::StartChildWorkflowExecutionInitiated => ids!(
            event.start_child_workflow_execution_initiated_event_attributes:
            "decisionTaskCompleted" decision_task_completed_event_id
        ),
        EventType::ChildWorkflowExecutionStarted => ids!(
            event.child_workflow_execution_started_event_attributes:
            "initiated" initiated_event_id
        ),
        EventType::ChildWorkflowExecutionCompleted => ids!(
            event.child_workflow_execution_completed_event_attributes:
            "initiated" initiated_event_id, "started" started_event_id
        ),
        EventType::ChildWorkflowExecutionFailed => ids!(
            event.child_workflow_execution_failed_event_attributes:
            "initiated" initiated_event_id, "started" started_event_id
        ),
        EventType::ChildWorkflowExecutionCanceled => ids!(
            event.child_workflow_execution_canceled_event_attributes:
            "initiated" initiated_event_id, "started" started_event_id
        ),
        EventType::SignalExternalWorkflowExecutionInitiated => ids!(
            event.signal_external_workflow_execution_initiated_event_attributes:
            "decisionTaskCompleted" decision_task_completed_event_id
        ),
        EventType::ExternalWorkflowExecutionSignaled => ids!(
            event.external_workflow_execution_signaled_event_attributes:
            "initiated" initiated_event_id
        ),
        EventType::RequestCancelExternalWorkflowExecutionInitiated => ids!(
            event.request_cancel_external_workflow_execution_initiated_event_attributes:
            "decisionTaskCompleted" decision_task_completed_event_id
        ),
        EventType::ExternalWorkflowExecutionCancelRequested => ids!(
            event.external_workflow_execution_cancel_requested_event_attributes:
            "initiated" initiated_event_id
        ),
        _ => return None,
    })
}
