//! What each of the 39 operations takes.

use crate::decision::Decision;
use crate::macros::{operations, shapes};
use crate::shapes::*;
use crate::values::*;

operations! {
    /// An operation of the API.
    Operation
    /// A request whose members have the right types and satisfy every constraint.
    Request
    CountClosedWorkflowExecutions(CountClosedWorkflowExecutionsInput),
    CountOpenWorkflowExecutions(CountOpenWorkflowExecutionsInput),
    CountPendingActivityTasks(CountPendingActivityTasksInput),
    CountPendingDecisionTasks(CountPendingDecisionTasksInput),
    DeleteActivityType(DeleteActivityTypeInput),
    DeleteWorkflowType(DeleteWorkflowTypeInput),
    DeprecateActivityType(DeprecateActivityTypeInput),
    DeprecateDomain(DeprecateDomainInput),
    DeprecateWorkflowType(DeprecateWorkflowTypeInput),
    DescribeActivityType(DescribeActivityTypeInput),
    DescribeDomain(DescribeDomainInput),
    DescribeWorkflowExecution(DescribeWorkflowExecutionInput),
    DescribeWorkflowType(DescribeWorkflowTypeInput),
    GetWorkflowExecutionHistory(GetWorkflowExecutionHistoryInput),
    ListActivityTypes(ListActivityTypesInput),
    ListClosedWorkflowExecutions(ListClosedWorkflowExecutionsInput),
    ListDomains(ListDomainsInput),
    ListOpenWorkflowExecutions(ListOpenWorkflowExecutionsInput),
    ListTagsForResource(ListTagsForResourceInput),
    ListWorkflowTypes(ListWorkflowTypesInput),
    PollForActivityTask(PollForActivityTaskInput),
    PollForDecisionTask(PollForDecisionTaskInput),
    RecordActivityTaskHeartbeat(RecordActivityTaskHeartbeatInput),
    RegisterActivityType(RegisterActivityTypeInput),
    RegisterDomain(RegisterDomainInput),
    RegisterWorkflowType(RegisterWorkflowTypeInput),
    RequestCancelWorkflowExecution(RequestCancelWorkflowExecutionInput),
    RespondActivityTaskCanceled(RespondActivityTaskCanceledInput),
    RespondActivityTaskCompleted(RespondActivityTaskCompletedInput),
    RespondActivityTaskFailed(RespondActivityTaskFailedInput),
    RespondDecisionTaskCompleted(RespondDecisionTaskCompletedInput),
    SignalWorkflowExecution(SignalWorkflowExecutionInput),
    StartWorkflowExecution(StartWorkflowExecutionInput),
    TagResource(TagResourceInput),
    TerminateWorkflowExecution(TerminateWorkflowExecutionInput),
    UndeprecateActivityType(UndeprecateActivityTypeInput),
    UndeprecateDomain(UndeprecateDomainInput),
    UndeprecateWorkflowType(UndeprecateWorkflowTypeInput),
    UntagResource(UntagResourceInput),
}

shapes! {
    /// Input of CountClosedWorkflowExecutions.
    CountClosedWorkflowExecutionsInput {
        required { domain: DomainName }
        optional {
            start_time_filter: ExecutionTimeFilter,
            close_time_filter: ExecutionTimeFilter,
            execution_filter: WorkflowExecutionFilter,
            type_filter: WorkflowTypeFilter,
            tag_filter: TagFilter,
            close_status_filter: CloseStatusFilter,
        }
    }
    /// Input of CountOpenWorkflowExecutions.
    CountOpenWorkflowExecutionsInput {
        required { domain: DomainName, start_time_filter: ExecutionTimeFilter }
        optional {
            type_filter: WorkflowTypeFilter,
            tag_filter: TagFilter,
            execution_filter: WorkflowExecutionFilter,
        }
    }
    /// Input of CountPendingActivityTasks.
    CountPendingActivityTasksInput {
        required { domain: DomainName, task_list: TaskList }
        optional {}
    }
    /// Input of CountPendingDecisionTasks.
    CountPendingDecisionTasksInput {
        required { domain: DomainName, task_list: TaskList }
        optional {}
    }
    /// Input of DeleteActivityType.
    DeleteActivityTypeInput {
        required { domain: DomainName, activity_type: ActivityType }
        optional {}
    }
    /// Input of DeleteWorkflowType.
    DeleteWorkflowTypeInput {
        required { domain: DomainName, workflow_type: WorkflowType }
        optional {}
    }
    /// Input of DeprecateActivityType.
    DeprecateActivityTypeInput {
        required { domain: DomainName, activity_type: ActivityType }
        optional {}
    }
    /// Input of DeprecateDomain.
    DeprecateDomainInput {
        required { name: DomainName }
        optional {}
    }
    /// Input of DeprecateWorkflowType.
    DeprecateWorkflowTypeInput {
        required { domain: DomainName, workflow_type: WorkflowType }
        optional {}
    }
    /// Input of DescribeActivityType.
    DescribeActivityTypeInput {
        required { domain: DomainName, activity_type: ActivityType }
        optional {}
    }
    /// Input of DescribeDomain.
    DescribeDomainInput {
        required { name: DomainName }
        optional {}
    }
    /// Input of DescribeWorkflowExecution.
    DescribeWorkflowExecutionInput {
        required { domain: DomainName, execution: WorkflowExecution }
        optional {}
    }
    /// Input of DescribeWorkflowType.
    DescribeWorkflowTypeInput {
        required { domain: DomainName, workflow_type: WorkflowType }
        optional {}
    }
    /// Input of GetWorkflowExecutionHistory.
    GetWorkflowExecutionHistoryInput {
        required { domain: DomainName, execution: WorkflowExecution }
        optional { next_page_token: PageToken, maximum_page_size: u32, reverse_order: bool }
    }
    /// Input of ListActivityTypes.
    ListActivityTypesInput {
        required { domain: DomainName, registration_status: RegistrationStatus }
        optional {
            name: Name,
            next_page_token: PageToken,
            maximum_page_size: u32,
            reverse_order: bool,
        }
    }
    /// Input of ListClosedWorkflowExecutions.
    ListClosedWorkflowExecutionsInput {
        required { domain: DomainName }
        optional {
            start_time_filter: ExecutionTimeFilter,
            close_time_filter: ExecutionTimeFilter,
            execution_filter: WorkflowExecutionFilter,
            close_status_filter: CloseStatusFilter,
            type_filter: WorkflowTypeFilter,
            tag_filter: TagFilter,
            next_page_token: PageToken,
            maximum_page_size: u32,
            reverse_order: bool,
        }
    }
    /// Input of ListDomains.
    ListDomainsInput {
        required { registration_status: RegistrationStatus }
        optional { next_page_token: PageToken, maximum_page_size: u32, reverse_order: bool }
    }
    /// Input of ListOpenWorkflowExecutions.
    ListOpenWorkflowExecutionsInput {
        required { domain: DomainName, start_time_filter: ExecutionTimeFilter }
        optional {
            type_filter: WorkflowTypeFilter,
            tag_filter: TagFilter,
            next_page_token: PageToken,
            maximum_page_size: u32,
            reverse_order: bool,
            execution_filter: WorkflowExecutionFilter,
        }
    }
    /// Input of ListTagsForResource.
    ListTagsForResourceInput {
        required { resource_arn: Arn }
        optional {}
    }
    /// Input of ListWorkflowTypes.
    ListWorkflowTypesInput {
        required { domain: DomainName, registration_status: RegistrationStatus }
        optional {
            name: Name,
            next_page_token: PageToken,
            maximum_page_size: u32,
            reverse_order: bool,
        }
    }
    /// Input of PollForActivityTask.
    PollForActivityTaskInput {
        required { domain: DomainName, task_list: TaskList }
        optional { identity: Identity }
    }
    /// Input of PollForDecisionTask.
    PollForDecisionTaskInput {
        required { domain: DomainName, task_list: TaskList }
        optional {
            identity: Identity,
            next_page_token: PageToken,
            maximum_page_size: u32,
            reverse_order: bool,
            start_at_previous_started_event: bool,
        }
    }
    /// Input of RecordActivityTaskHeartbeat.
    RecordActivityTaskHeartbeatInput {
        required { task_token: TaskToken }
        optional { details: Data }
    }
    /// Input of RegisterActivityType.
    RegisterActivityTypeInput {
        required { domain: DomainName, name: Name, version: Version }
        optional {
            description: Description,
            default_task_start_to_close_timeout: Timeout,
            default_task_heartbeat_timeout: Timeout,
            default_task_list: TaskList,
            default_task_priority: TaskPriority,
            default_task_schedule_to_start_timeout: Timeout,
            default_task_schedule_to_close_timeout: Timeout,
        }
    }
    /// Input of RegisterDomain.
    RegisterDomainInput {
        required { name: DomainName, workflow_execution_retention_period_in_days: RetentionPeriod }
        optional { description: Description, tags: Vec<ResourceTag> }
    }
    /// Input of RegisterWorkflowType.
    RegisterWorkflowTypeInput {
        required { domain: DomainName, name: Name, version: Version }
        optional {
            description: Description,
            default_task_start_to_close_timeout: Timeout,
            default_execution_start_to_close_timeout: Timeout,
            default_task_list: TaskList,
            default_task_priority: TaskPriority,
            default_child_policy: ChildPolicy,
            default_lambda_role: Arn,
        }
    }
    /// Input of RequestCancelWorkflowExecution.
    RequestCancelWorkflowExecutionInput {
        required { domain: DomainName, workflow_id: WorkflowId }
        optional { run_id: RunId }
    }
    /// Input of RespondActivityTaskCanceled.
    RespondActivityTaskCanceledInput {
        required { task_token: TaskToken }
        optional { details: Data }
    }
    /// Input of RespondActivityTaskCompleted.
    RespondActivityTaskCompletedInput {
        required { task_token: TaskToken }
        optional { result: Data }
    }
    /// Input of RespondActivityTaskFailed.
    RespondActivityTaskFailedInput {
        required { task_token: TaskToken }
        optional { reason: Reason, details: Data }
    }
    /// Input of RespondDecisionTaskCompleted.
    RespondDecisionTaskCompletedInput {
        required { task_token: TaskToken }
        optional {
            decisions: Vec<Decision>,
            execution_context: Data,
            task_list: TaskList,
            task_list_schedule_to_start_timeout: Timeout,
        }
    }
    /// Input of SignalWorkflowExecution.
    SignalWorkflowExecutionInput {
        required { domain: DomainName, workflow_id: WorkflowId, signal_name: SignalName }
        optional { run_id: RunId, input: Data }
    }
    /// Input of StartWorkflowExecution.
    StartWorkflowExecutionInput {
        required { domain: DomainName, workflow_id: WorkflowId, workflow_type: WorkflowType }
        optional {
            task_list: TaskList,
            task_priority: TaskPriority,
            input: Data,
            execution_start_to_close_timeout: Timeout,
            tag_list: Vec<Tag>,
            task_start_to_close_timeout: Timeout,
            child_policy: ChildPolicy,
            lambda_role: Arn,
        }
    }
    /// Input of TagResource.
    TagResourceInput {
        required { resource_arn: Arn, tags: Vec<ResourceTag> }
        optional {}
    }
    /// Input of TerminateWorkflowExecution.
    TerminateWorkflowExecutionInput {
        required { domain: DomainName, workflow_id: WorkflowId }
        optional { run_id: RunId, reason: Reason, details: Data, child_policy: ChildPolicy }
    }
    /// Input of UndeprecateActivityType.
    UndeprecateActivityTypeInput {
        required { domain: DomainName, activity_type: ActivityType }
        optional {}
    }
    /// Input of UndeprecateDomain.
    UndeprecateDomainInput {
        required { name: DomainName }
        optional {}
    }
    /// Input of UndeprecateWorkflowType.
    UndeprecateWorkflowTypeInput {
        required { domain: DomainName, workflow_type: WorkflowType }
        optional {}
    }
    /// Input of UntagResource.
    UntagResourceInput {
        required { resource_arn: Arn, tag_keys: Vec<ResourceTagKey> }
        optional {}
    }
}
