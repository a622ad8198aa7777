//! Which action can have which condition key at all. Nothing is judged by it: whoever writes a policy
//! is told of conditions on what is never there. The tests hold it against the rows.

use crate::action::Action;
use crate::check::ServiceKey;

/// Whether there are requests or decisions in which an action has a key.
pub(crate) fn can_have(action: Action, key: ServiceKey) -> bool {
    use Action as A;
    use ServiceKey as K;
    match key {
        K::ActivityTypeName | K::ActivityTypeVersion => matches!(
            action,
            A::DeleteActivityType
                | A::DeprecateActivityType
                | A::DescribeActivityType
                | A::UndeprecateActivityType
                | A::RespondActivityTaskCompleted
                | A::ScheduleActivityTask
        ),
        K::DefaultTaskListName | K::Name | K::Version => {
            matches!(action, A::RegisterActivityType | A::RegisterWorkflowType)
        }
        K::TagFilterTag | K::TypeFilterName | K::TypeFilterVersion => matches!(
            action,
            A::CountClosedWorkflowExecutions
                | A::CountOpenWorkflowExecutions
                | A::ListClosedWorkflowExecutions
                | A::ListOpenWorkflowExecutions
        ),
        K::TagListMember0
        | K::TagListMember1
        | K::TagListMember2
        | K::TagListMember3
        | K::TagListMember4 => matches!(
            action,
            A::StartWorkflowExecution
                | A::StartChildWorkflowExecution
                | A::ContinueAsNewWorkflowExecution
                | A::RespondActivityTaskCompleted
        ),
        K::TaskListName => matches!(
            action,
            A::CountPendingActivityTasks
                | A::CountPendingDecisionTasks
                | A::PollForActivityTask
                | A::PollForDecisionTask
                | A::RespondActivityTaskCompleted
                | A::StartWorkflowExecution
                | A::ScheduleActivityTask
                | A::StartChildWorkflowExecution
                | A::ContinueAsNewWorkflowExecution
        ),
        K::WorkflowTypeName | K::WorkflowTypeVersion => {
            matches!(
                action,
                A::DeleteWorkflowType
                    | A::DeprecateWorkflowType
                    | A::DescribeWorkflowType
                    | A::UndeprecateWorkflowType
                    | A::RespondActivityTaskCompleted
                    | A::StartWorkflowExecution
                    | A::StartChildWorkflowExecution
            ) || (key == K::WorkflowTypeVersion && action == A::ContinueAsNewWorkflowExecution)
        }
        K::PassedToService => action == A::PassRole,
        K::PolicyArn => matches!(
            action,
            A::AttachUserPolicy
                | A::AttachGroupPolicy
                | A::AttachRolePolicy
                | A::DetachUserPolicy
                | A::DetachGroupPolicy
                | A::DetachRolePolicy
        ),
        K::PermissionsBoundary => matches!(
            action,
            A::CreateUser
                | A::CreateRole
                // With what is made.
                | A::TagUser
                | A::TagRole
                | A::PutUserPermissionsBoundary
                | A::PutRolePermissionsBoundary
                | A::DeleteUserPermissionsBoundary
                | A::DeleteRolePermissionsBoundary
                | A::PutUserPolicy
                | A::PutRolePolicy
                | A::DeleteUserPolicy
                | A::DeleteRolePolicy
                | A::AttachUserPolicy
                | A::AttachRolePolicy
                | A::DetachUserPolicy
                | A::DetachRolePolicy
        ),
    }
}
