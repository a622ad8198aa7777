//! What becomes of a decision that its decider is not permitted: the event that says so, whatever
//! the state of the execution, so that nobody learns by it what he may not know.
//!
//! Who is permitted what is decided above the engine (access.md, section 1.4).

use wire::event::*;
use wire::{Decision, EventAttributes, EventId};

/// The event with the cause OPERATION_NOT_PERMITTED. `None` for Lambda tasks, which have no such
/// cause: what they may do hangs on the execution's role.
pub fn not_permitted(decision: &Decision, completed: EventId) -> Option<EventAttributes> {
    let decision_task_completed_event_id = completed;
    Some(match decision {
        Decision::ScheduleActivityTask(d) => ScheduleActivityTaskFailed {
            activity_type: d.activity_type.clone(),
            activity_id: d.activity_id.clone(),
            cause: wire::ScheduleActivityTaskFailedCause::OperationNotPermitted,
            decision_task_completed_event_id,
        }
        .into(),
        Decision::RequestCancelActivityTask(d) => RequestCancelActivityTaskFailed {
            activity_id: d.activity_id.clone(),
            cause: wire::RequestCancelActivityTaskFailedCause::OperationNotPermitted,
            decision_task_completed_event_id,
        }
        .into(),
        Decision::CompleteWorkflowExecution(_) => CompleteWorkflowExecutionFailed {
            cause: wire::CompleteWorkflowExecutionFailedCause::OperationNotPermitted,
            decision_task_completed_event_id,
        }
        .into(),
        Decision::FailWorkflowExecution(_) => FailWorkflowExecutionFailed {
            cause: wire::FailWorkflowExecutionFailedCause::OperationNotPermitted,
            decision_task_completed_event_id,
        }
        .into(),
        Decision::CancelWorkflowExecution(_) => CancelWorkflowExecutionFailed {
            cause: wire::CancelWorkflowExecutionFailedCause::OperationNotPermitted,
            decision_task_completed_event_id,
        }
        .into(),
        Decision::ContinueAsNewWorkflowExecution(_) => ContinueAsNewWorkflowExecutionFailed {
            cause: wire::ContinueAsNewWorkflowExecutionFailedCause::OperationNotPermitted,
            decision_task_completed_event_id,
        }
        .into(),
        Decision::RecordMarker(d) => RecordMarkerFailed {
            marker_name: d.marker_name.clone(),
            cause: wire::RecordMarkerFailedCause::OperationNotPermitted,
            decision_task_completed_event_id,
        }
        .into(),
        Decision::StartTimer(d) => StartTimerFailed {
            timer_id: d.timer_id.clone(),
            cause: wire::StartTimerFailedCause::OperationNotPermitted,
            decision_task_completed_event_id,
        }
        .into(),
        Decision::CancelTimer(d) => CancelTimerFailed {
            timer_id: d.timer_id.clone(),
            cause: wire::CancelTimerFailedCause::OperationNotPermitted,
            decision_task_completed_event_id,
        }
        .into(),
        // Without an Initiated event (engine.md, section 13, row 15).
        Decision::SignalExternalWorkflowExecution(d) => SignalExternalWorkflowExecutionFailed {
            workflow_id: d.workflow_id.clone(),
            cause: wire::SignalExternalWorkflowExecutionFailedCause::OperationNotPermitted,
            initiated_event_id: EventId::NONE,
            decision_task_completed_event_id,
            run_id: d.run_id.clone(),
            control: d.control.clone(),
        }
        .into(),
        Decision::RequestCancelExternalWorkflowExecution(d) => {
            RequestCancelExternalWorkflowExecutionFailed {
                workflow_id: d.workflow_id.clone(),
                cause:
                    wire::RequestCancelExternalWorkflowExecutionFailedCause::OperationNotPermitted,
                initiated_event_id: EventId::NONE,
                decision_task_completed_event_id,
                run_id: d.run_id.clone(),
                control: d.control.clone(),
            }
            .into()
        }
        Decision::StartChildWorkflowExecution(d) => StartChildWorkflowExecutionFailed {
            workflow_type: d.workflow_type.clone(),
            cause: wire::StartChildWorkflowExecutionFailedCause::OperationNotPermitted,
            workflow_id: d.workflow_id.clone(),
            initiated_event_id: EventId::NONE,
            decision_task_completed_event_id,
            control: d.control.clone(),
        }
        .into(),
        Decision::ScheduleLambdaFunction(_) | Decision::Incomplete(_) => return None,
    })
}
