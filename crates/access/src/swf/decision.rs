//! Each decision's row (access.md, sections 1.4 and 1.5).

use super::Facts;
use super::demand::Demand;
use super::request::{activity_type, workflow_type};
use crate::action::Action;
use crate::check::ServiceKey as K;
use wire::{Decision, Name, WorkflowType};

/// What a decision of an execution of type `current` demands. `None` for Lambda tasks, which have
/// no action: what they may do hangs on the role that was passed to their execution.
///
/// A decision comes from nowhere: its checks have no [`crate::Origin`].
pub fn decision<'a>(
    decision: &'a Decision,
    current: &'a WorkflowType,
    facts: &'a dyn Facts,
) -> Option<Demand<'a>> {
    let demand = Demand::new(Action::of_decision(decision.decision_type())?);
    Some(match decision {
        Decision::ScheduleActivityTask(d) => {
            let given = d.task_list.as_ref().map(|list| &list.name);
            let list = given.or_else(|| facts.activity_task_list(&d.activity_type));
            activity_type(demand, &d.activity_type)
                .with_some(K::TaskListName, list.map(Name::as_str))
        }
        Decision::ContinueAsNewWorkflowExecution(d) => {
            let version = d.workflow_type_version.as_ref().unwrap_or(&current.version);
            let default = || {
                let (name, version) = (current.name.clone(), version.clone());
                facts.workflow_task_list(&WorkflowType { name, version })
            };
            let list = d.task_list.as_ref().map(|list| &list.name).or_else(default);
            demand
                .with(K::WorkflowTypeVersion, version.as_str())
                .with_some(K::TaskListName, list.map(Name::as_str))
                .with_tag_list(d.tag_list.as_deref().unwrap_or_default())
                .with_role(d.lambda_role.as_ref())
        }
        Decision::StartChildWorkflowExecution(d) => {
            let given = d.task_list.as_ref().map(|list| &list.name);
            let list = given.or_else(|| facts.workflow_task_list(&d.workflow_type));
            workflow_type(demand, &d.workflow_type)
                .with_some(K::TaskListName, list.map(Name::as_str))
                .with_tag_list(d.tag_list.as_deref().unwrap_or_default())
                .with_role(d.lambda_role.as_ref())
        }
        Decision::CancelTimer(_)
        | Decision::CancelWorkflowExecution(_)
        | Decision::CompleteWorkflowExecution(_)
        | Decision::FailWorkflowExecution(_)
        | Decision::RecordMarker(_)
        | Decision::RequestCancelActivityTask(_)
        | Decision::RequestCancelExternalWorkflowExecution(_)
        | Decision::SignalExternalWorkflowExecution(_)
        | Decision::StartTimer(_)
        | Decision::ScheduleLambdaFunction(_)
        // Refused with its whole list before anybody is asked.
        | Decision::Incomplete(_) => demand,
    })
}
