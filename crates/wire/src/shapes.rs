//! The structures that several operations share, and what operations answer.

use crate::macros::shapes;
use crate::values::*;

shapes! {
    ActivityTask {
        required {
            task_token: TaskToken,
            activity_id: ActivityId,
            started_event_id: EventId,
            workflow_execution: WorkflowExecution,
            activity_type: ActivityType,
        }
        optional { input: Data }
    }
    ActivityTaskStatus {
        required { cancel_requested: bool }
        optional {}
    }
    ActivityType {
        required { name: Name, version: Version }
        optional {}
    }
    ActivityTypeConfiguration {
        required {}
        optional {
            default_task_start_to_close_timeout: Timeout,
            default_task_heartbeat_timeout: Timeout,
            default_task_list: TaskList,
            default_task_priority: TaskPriority,
            default_task_schedule_to_start_timeout: Timeout,
            default_task_schedule_to_close_timeout: Timeout,
        }
    }
    ActivityTypeDetail {
        required { type_info: ActivityTypeInfo, configuration: ActivityTypeConfiguration }
        optional {}
    }
    ActivityTypeInfo {
        required {
            activity_type: ActivityType,
            status: RegistrationStatus,
            creation_date: Timestamp,
        }
        optional { description: Description, deprecation_date: Timestamp }
    }
    ActivityTypeInfos {
        required { type_infos: Vec<ActivityTypeInfo> }
        optional { next_page_token: PageToken }
    }
    CloseStatusFilter {
        required { status: CloseStatus }
        optional {}
    }
    DomainConfiguration {
        required { workflow_execution_retention_period_in_days: RetentionPeriod }
        optional {}
    }
    DomainDetail {
        required { domain_info: DomainInfo, configuration: DomainConfiguration }
        optional {}
    }
    DomainInfo {
        required { name: DomainName, status: RegistrationStatus }
        optional { description: Description, arn: Arn }
    }
    DomainInfos {
        required { domain_infos: Vec<DomainInfo> }
        optional { next_page_token: PageToken }
    }
    ExecutionTimeFilter {
        required { oldest_date: Timestamp }
        optional { latest_date: Timestamp }
    }
    ListTagsForResourceOutput {
        required {}
        optional { tags: Vec<ResourceTag> }
    }
    PendingTaskCount {
        required { count: u32 }
        optional { truncated: bool }
    }
    ResourceTag {
        required { key: ResourceTagKey }
        optional { value: ResourceTagValue }
    }
    Run {
        required {}
        optional { run_id: RunId }
    }
    TagFilter {
        required { tag: Tag }
        optional {}
    }
    TaskList {
        required { name: Name }
        optional {}
    }
    WorkflowExecution {
        required { workflow_id: WorkflowId, run_id: RunId }
        optional {}
    }
    WorkflowExecutionConfiguration {
        required {
            task_start_to_close_timeout: Timeout,
            execution_start_to_close_timeout: Timeout,
            task_list: TaskList,
            child_policy: ChildPolicy,
        }
        optional { task_priority: TaskPriority, lambda_role: Arn }
    }
    WorkflowExecutionCount {
        required { count: u32 }
        optional { truncated: bool }
    }
    WorkflowExecutionDetail {
        required {
            execution_info: WorkflowExecutionInfo,
            execution_configuration: WorkflowExecutionConfiguration,
            open_counts: WorkflowExecutionOpenCounts,
        }
        optional { latest_activity_task_timestamp: Timestamp, latest_execution_context: Data }
    }
    WorkflowExecutionFilter {
        required { workflow_id: WorkflowId }
        optional {}
    }
    WorkflowExecutionInfo {
        required {
            execution: WorkflowExecution,
            workflow_type: WorkflowType,
            start_timestamp: Timestamp,
            execution_status: ExecutionStatus,
        }
        optional {
            close_timestamp: Timestamp,
            close_status: CloseStatus,
            parent: WorkflowExecution,
            tag_list: Vec<Tag>,
            cancel_requested: bool,
        }
    }
    WorkflowExecutionInfos {
        required { execution_infos: Vec<WorkflowExecutionInfo> }
        optional { next_page_token: PageToken }
    }
    WorkflowExecutionOpenCounts {
        required {
            open_activity_tasks: u32,
            open_decision_tasks: u32,
            open_timers: u32,
            open_child_workflow_executions: u32,
        }
        optional { open_lambda_functions: u32 }
    }
    WorkflowType {
        required { name: Name, version: Version }
        optional {}
    }
    WorkflowTypeConfiguration {
        required {}
        optional {
            default_task_start_to_close_timeout: Timeout,
            default_execution_start_to_close_timeout: Timeout,
            default_task_list: TaskList,
            default_task_priority: TaskPriority,
            default_child_policy: ChildPolicy,
            default_lambda_role: Arn,
        }
    }
    WorkflowTypeDetail {
        required { type_info: WorkflowTypeInfo, configuration: WorkflowTypeConfiguration }
        optional {}
    }
    WorkflowTypeFilter {
        required { name: Name }
        optional { version: Version }
    }
    WorkflowTypeInfo {
        required {
            workflow_type: WorkflowType,
            status: RegistrationStatus,
            creation_date: Timestamp,
        }
        optional { description: Description, deprecation_date: Timestamp }
    }
    WorkflowTypeInfos {
        required { type_infos: Vec<WorkflowTypeInfo> }
        optional { next_page_token: PageToken }
    }
}
