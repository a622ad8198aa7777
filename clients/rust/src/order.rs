//! An order as a workflow: it starts four others, hears of their ends, and speaks with them by
//! signals.
//!
//! - `parcel` waits for the address, tells the order that it is packed, and completes.
//! - `invoice` fails, which the order only notes down.
//! - `insurance` waits until the order cancels it.
//! - `tracking` goes on as a new run, and completes when the order says that the parcel has arrived.
//!
//! Meanwhile an activity prints the label, until it is asked to stop. Deciders are functions from
//! what is new in a history to decisions: they keep nothing between their turns, so that any process
//! can take the next one.

use crate::decisions::{
    cancel, cancel_timer, complete, continue_as_new, fail, record_marker, request_cancel,
    request_cancel_activity, schedule_activity, signal, start_child, start_timer,
};
use crate::domain::Task;
use aws_sdk_swf::error::BuildError;
use aws_sdk_swf::types::{Decision, EventType, HistoryEvent, WorkflowType};

/// The workflow that starts all others.
pub const ORDER: &str = "order";
/// Completes.
pub const PARCEL: &str = "parcel";
/// Fails.
pub const INVOICE: &str = "invoice";
/// Is canceled.
pub const INSURANCE: &str = "insurance";
/// Continues as new, then completes.
pub const TRACKING: &str = "tracking";
/// The activity.
pub const PRINT_LABEL: &str = "print-label";

/// What is decided on one event, in the order in which it is done.
type Reaction = Result<Vec<Decision>, BuildError>;

/// What comes next in the workflow of a decision task.
///
/// # Errors
///
/// When a decision lacks a member that it must have.
///
/// # Panics
///
/// When the workflow is none of these.
pub fn decide(task: &Task) -> Reaction {
    let react: fn(&HistoryEvent, &Task) -> Option<Reaction> = match task.workflow_type() {
        ORDER => order,
        PARCEL => parcel,
        INVOICE => invoice,
        INSURANCE => insurance,
        TRACKING => tracking,
        other => panic!("a decider for {other}"),
    };
    let decisions: Result<Vec<_>, _> = task.news().filter_map(|event| react(event, task)).collect();
    Ok(decisions?.into_iter().flatten().collect())
}

/// Nothing is decided on an event of a type that is not listed; likewise in those below.
fn order(event: &HistoryEvent, task: &Task) -> Option<Reaction> {
    let child = |name: &str| format!("{}/{name}", task.execution().workflow_id());
    Some(match event.event_type() {
        EventType::WorkflowExecutionStarted => all([
            start_child(&child(PARCEL), PARCEL),
            schedule_activity(PRINT_LABEL, "label", "A6"),
            start_timer("patience", 3600),
        ]),
        EventType::ChildWorkflowExecutionStarted => {
            let started = event.child_workflow_execution_started_event_attributes()?;
            let next = match started.workflow_type()?.name() {
                PARCEL => INVOICE,
                INVOICE => INSURANCE,
                INSURANCE => TRACKING,
                _ => return None,
            };
            all([start_child(&child(next), next)])
        }
        EventType::ChildWorkflowExecutionFailed => {
            let failed = event.child_workflow_execution_failed_event_attributes()?;
            let marker = format!("{} failed", failed.workflow_type()?.name());
            all([record_marker(&marker, failed.reason())])
        }
        EventType::WorkflowExecutionSignaled => {
            let signaled = event.workflow_execution_signaled_event_attributes()?;
            all([match signaled.signal_name() {
                "address" => signal(&child(PARCEL), "address", signaled.input()),
                "packed" => request_cancel_activity("label"),
                _ => return None,
            }])
        }
        EventType::ActivityTaskCanceled => all([cancel_timer("patience"), start_timer("pause", 1)]),
        EventType::TimerFired => all([request_cancel(&child(INSURANCE), "no longer needed")]),
        EventType::ChildWorkflowExecutionCanceled => {
            all([signal(&child(TRACKING), "arrived", None)])
        }
        EventType::ChildWorkflowExecutionCompleted => {
            let completed = event.child_workflow_execution_completed_event_attributes()?;
            completed.workflow_type().map(WorkflowType::name).filter(|name| *name == TRACKING)?;
            all([complete(completed.result())])
        }
        _ => return None,
    })
}

fn parcel(event: &HistoryEvent, task: &Task) -> Option<Reaction> {
    Some(match event.event_type() {
        EventType::WorkflowExecutionSignaled => {
            let signaled = event.workflow_execution_signaled_event_attributes()?;
            let started = task.events[0].workflow_execution_started_event_attributes()?;
            let parent = started.parent_workflow_execution()?.workflow_id();
            all([signal(parent, "packed", signaled.input())])
        }
        EventType::ExternalWorkflowExecutionSignaled => all([complete(Some("packed"))]),
        _ => return None,
    })
}

fn invoice(event: &HistoryEvent, _: &Task) -> Option<Reaction> {
    match event.event_type() {
        EventType::WorkflowExecutionStarted => Some(all([fail("no account", "asked twice")])),
        _ => None,
    }
}

fn insurance(event: &HistoryEvent, _: &Task) -> Option<Reaction> {
    match event.event_type() {
        EventType::WorkflowExecutionCancelRequested => Some(all([cancel("refunded")])),
        _ => None,
    }
}

fn tracking(event: &HistoryEvent, _: &Task) -> Option<Reaction> {
    match event.event_type() {
        EventType::WorkflowExecutionStarted => {
            let started = event.workflow_execution_started_event_attributes()?;
            let first = started.continued_execution_run_id().is_none();
            first.then(|| all([continue_as_new("second leg")]))
        }
        EventType::WorkflowExecutionSignaled => {
            let signaled = event.workflow_execution_signaled_event_attributes()?;
            Some(all([complete(Some(signaled.signal_name()))]))
        }
        _ => None,
    }
}

fn all<const COUNT: usize>(decisions: [Result<Decision, BuildError>; COUNT]) -> Reaction {
    decisions.into_iter().collect()
}
