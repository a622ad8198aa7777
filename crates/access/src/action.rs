//! The actions that policies allow and deny: the operations of SWF, its decisions as pseudo
//! actions, our own operations, and those of the identities' own administration.
//!
//! Invariant: every operation and every decision of the API has its action. The matches below
//! have no wildcard, so a new one does not compile without a row here.

use wire::{DecisionType, Operation, OwnOperation};

/// Names each action once: the enumeration, its service and its text.
macro_rules! actions {
    ($($service:literal { $($action:ident),* $(,)? })*) => {
        /// What a policy's `Action` names, such as `swf:PollForDecisionTask`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs)]
        pub enum Action { $($($action),*),* }

        impl Action {
            /// All of them, in the order of their masks.
            pub const ALL: &'static [Action] = &[$($(Action::$action),*),*];

            /// The prefix, such as `swf`.
            pub fn service(self) -> &'static str {
                match self { $($(Action::$action => $service),*),* }
            }

            /// The name behind the prefix.
            pub fn name(self) -> &'static str {
                match self { $($(Action::$action => stringify!($action)),*),* }
            }
        }
    };
}

actions! {
    "swf" {
        // The operations.
        CountClosedWorkflowExecutions,
        CountOpenWorkflowExecutions,
        CountPendingActivityTasks,
        CountPendingDecisionTasks,
        DeleteActivityType,
        DeleteWorkflowType,
        DeprecateActivityType,
        DeprecateDomain,
        DeprecateWorkflowType,
        DescribeActivityType,
        DescribeDomain,
        DescribeWorkflowExecution,
        DescribeWorkflowType,
        GetWorkflowExecutionHistory,
        ListActivityTypes,
        ListClosedWorkflowExecutions,
        ListDomains,
        ListOpenWorkflowExecutions,
        ListTagsForResource,
        ListWorkflowTypes,
        PollForActivityTask,
        PollForDecisionTask,
        RecordActivityTaskHeartbeat,
        RegisterActivityType,
        RegisterDomain,
        RegisterWorkflowType,
        RequestCancelWorkflowExecution,
        RespondActivityTaskCanceled,
        RespondActivityTaskCompleted,
        RespondActivityTaskFailed,
        RespondDecisionTaskCompleted,
        SignalWorkflowExecution,
        StartWorkflowExecution,
        TagResource,
        TerminateWorkflowExecution,
        UndeprecateActivityType,
        UndeprecateDomain,
        UndeprecateWorkflowType,
        UntagResource,
        // The decisions. ScheduleLambdaFunction has none (access.md, section 1.4).
        CancelTimer,
        CancelWorkflowExecution,
        CompleteWorkflowExecution,
        ContinueAsNewWorkflowExecution,
        FailWorkflowExecution,
        RecordMarker,
        RequestCancelActivityTask,
        RequestCancelExternalWorkflowExecution,
        ScheduleActivityTask,
        SignalExternalWorkflowExecution,
        StartChildWorkflowExecution,
        StartTimer,
    }
    "iam" {
        PassRole,
        // The identities' own administration, with IAM's names.
        CreateUser,
        DeleteUser,
        GetUser,
        ListUsers,
        TagUser,
        UntagUser,
        PutUserPermissionsBoundary,
        DeleteUserPermissionsBoundary,
        CreateAccessKey,
        UpdateAccessKey,
        DeleteAccessKey,
        ListAccessKeys,
        GetAccessKeyLastUsed,
        PutUserPolicy,
        GetUserPolicy,
        DeleteUserPolicy,
        ListUserPolicies,
        AttachUserPolicy,
        DetachUserPolicy,
        ListAttachedUserPolicies,
        CreateGroup,
        DeleteGroup,
        GetGroup,
        ListGroups,
        AddUserToGroup,
        RemoveUserFromGroup,
        ListGroupsForUser,
        PutGroupPolicy,
        GetGroupPolicy,
        DeleteGroupPolicy,
        ListGroupPolicies,
        AttachGroupPolicy,
        DetachGroupPolicy,
        ListAttachedGroupPolicies,
        CreateRole,
        DeleteRole,
        GetRole,
        ListRoles,
        UpdateRole,
        UpdateAssumeRolePolicy,
        TagRole,
        UntagRole,
        PutRolePermissionsBoundary,
        DeleteRolePermissionsBoundary,
        PutRolePolicy,
        GetRolePolicy,
        DeleteRolePolicy,
        ListRolePolicies,
        AttachRolePolicy,
        DetachRolePolicy,
        ListAttachedRolePolicies,
        CreatePolicy,
        DeletePolicy,
        GetPolicy,
        ListPolicies,
        ListEntitiesForPolicy,
        SimulatePrincipalPolicy,
        // Demanded by operations that do what IAM's of these names do.
        CreatePolicyVersion,
        DeletePolicyVersion,
        GetPolicyVersion,
        SetDefaultPolicyVersion,
        GetAccountAuthorizationDetails,
    }
    // Ours: IAM has no such operations, and who wrote `iam:*` for AWS did not mean them.
    "tidewheel" {
        ImportAccessKey,
        UpdatePolicy,
        ImportIdentities,
        CreateAccount,
        DeleteAccount,
        ListAccounts,
        // On workflows: SWF has no such operations, nor does `swf:*` mean them.
        BeginBackup,
        DescribeServer,
        EndBackup,
        ReadBackup,
        ImportWorkflowExecution,
        DescribeLoad,
        DescribeTaskLists,
        WaitForEvents,
    }
    "sts" {
        AssumeRole,
        GetCallerIdentity,
    }
}

impl From<Operation> for Action {
    fn from(operation: Operation) -> Action {
        use Operation as O;
        match operation {
            O::CountClosedWorkflowExecutions => Action::CountClosedWorkflowExecutions,
            O::CountOpenWorkflowExecutions => Action::CountOpenWorkflowExecutions,
            O::CountPendingActivityTasks => Action::CountPendingActivityTasks,
            O::CountPendingDecisionTasks => Action::CountPendingDecisionTasks,
            O::DeleteActivityType => Action::DeleteActivityType,
            O::DeleteWorkflowType => Action::DeleteWorkflowType,
            O::DeprecateActivityType => Action::DeprecateActivityType,
            O::DeprecateDomain => Action::DeprecateDomain,
            O::DeprecateWorkflowType => Action::DeprecateWorkflowType,
            O::DescribeActivityType => Action::DescribeActivityType,
            O::DescribeDomain => Action::DescribeDomain,
            O::DescribeWorkflowExecution => Action::DescribeWorkflowExecution,
            O::DescribeWorkflowType => Action::DescribeWorkflowType,
            O::GetWorkflowExecutionHistory => Action::GetWorkflowExecutionHistory,
            O::ListActivityTypes => Action::ListActivityTypes,
            O::ListClosedWorkflowExecutions => Action::ListClosedWorkflowExecutions,
            O::ListDomains => Action::ListDomains,
            O::ListOpenWorkflowExecutions => Action::ListOpenWorkflowExecutions,
            O::ListTagsForResource => Action::ListTagsForResource,
            O::ListWorkflowTypes => Action::ListWorkflowTypes,
            O::PollForActivityTask => Action::PollForActivityTask,
            O::PollForDecisionTask => Action::PollForDecisionTask,
            O::RecordActivityTaskHeartbeat => Action::RecordActivityTaskHeartbeat,
            O::RegisterActivityType => Action::RegisterActivityType,
            O::RegisterDomain => Action::RegisterDomain,
            O::RegisterWorkflowType => Action::RegisterWorkflowType,
            O::RequestCancelWorkflowExecution => Action::RequestCancelWorkflowExecution,
            O::RespondActivityTaskCanceled => Action::RespondActivityTaskCanceled,
            O::RespondActivityTaskCompleted => Action::RespondActivityTaskCompleted,
            O::RespondActivityTaskFailed => Action::RespondActivityTaskFailed,
            O::RespondDecisionTaskCompleted => Action::RespondDecisionTaskCompleted,
            O::SignalWorkflowExecution => Action::SignalWorkflowExecution,
            O::StartWorkflowExecution => Action::StartWorkflowExecution,
            O::TagResource => Action::TagResource,
            O::TerminateWorkflowExecution => Action::TerminateWorkflowExecution,
            O::UndeprecateActivityType => Action::UndeprecateActivityType,
            O::UndeprecateDomain => Action::UndeprecateDomain,
            O::UndeprecateWorkflowType => Action::UndeprecateWorkflowType,
            O::UntagResource => Action::UntagResource,
        }
    }
}

impl From<OwnOperation> for Action {
    fn from(operation: OwnOperation) -> Action {
        match operation {
            OwnOperation::BeginBackup => Action::BeginBackup,
            OwnOperation::DescribeLoad => Action::DescribeLoad,
            OwnOperation::DescribeServer => Action::DescribeServer,
            OwnOperation::DescribeTaskLists => Action::DescribeTaskLists,
            OwnOperation::EndBackup => Action::EndBackup,
            OwnOperation::ImportWorkflowExecution => Action::ImportWorkflowExecution,
            OwnOperation::ReadBackup => Action::ReadBackup,
            OwnOperation::WaitForEvents => Action::WaitForEvents,
        }
    }
}

impl Action {
    /// The pseudo action of a decision, where it has one.
    pub fn of_decision(decision: DecisionType) -> Option<Action> {
        use DecisionType as D;
        match decision {
            D::CancelTimer => Some(Action::CancelTimer),
            D::CancelWorkflowExecution => Some(Action::CancelWorkflowExecution),
            D::CompleteWorkflowExecution => Some(Action::CompleteWorkflowExecution),
            D::ContinueAsNewWorkflowExecution => Some(Action::ContinueAsNewWorkflowExecution),
            D::FailWorkflowExecution => Some(Action::FailWorkflowExecution),
            D::RecordMarker => Some(Action::RecordMarker),
            D::RequestCancelActivityTask => Some(Action::RequestCancelActivityTask),
            D::RequestCancelExternalWorkflowExecution => {
                Some(Action::RequestCancelExternalWorkflowExecution)
            }
            D::ScheduleActivityTask => Some(Action::ScheduleActivityTask),
            D::ScheduleLambdaFunction => None,
            D::SignalExternalWorkflowExecution => Some(Action::SignalExternalWorkflowExecution),
            D::StartChildWorkflowExecution => Some(Action::StartChildWorkflowExecution),
            D::StartTimer => Some(Action::StartTimer),
        }
    }
}

impl std::fmt::Display for Action {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}", self.service(), self.name())
    }
}
