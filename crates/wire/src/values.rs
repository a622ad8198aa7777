//! The words and numbers of the API: names, times, durations, priorities, enumerations.
//!
//! A value of these types has been checked (see [`crate::Model::check`] and `rules.rs`) before it
//! is made from a request; the engine and the service above never see unchecked text.

use crate::macros::{texts, words};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::sync::Arc;

texts! {
    /// A domain's name: 1 to 256 characters, unique in an account and region.
    DomainName
    /// Chosen by who starts an execution: 1 to 256 characters, unique among the open executions
    /// of a domain.
    WorkflowId
    /// Minted by the service for every run: opaque, at most 64 characters.
    RunId
    /// Chosen by the decider: 1 to 256 characters, unique among an execution's open activities.
    ActivityId
    /// Chosen by the decider: 1 to 256 characters, unique among an execution's open timers.
    TimerId
    /// A type's or task list's name: 1 to 256 characters.
    Name
    /// A type's version: 1 to 64 characters.
    Version
    /// A marker's name: 1 to 256 characters, not unique.
    MarkerName
    /// A signal's name: 1 to 256 characters.
    SignalName
    /// A Lambda task's id: 1 to 256 characters.
    FunctionId
    /// A Lambda function's name: 1 to 64 characters.
    FunctionName
    /// A tag of an execution: at most 256 characters.
    Tag
    /// Who polls, for people: at most 256 characters.
    Identity
    /// Input, result, details, control or context: at most 32,768 characters (heartbeat details:
    /// 2,048), never interpreted.
    Data
    /// Why something failed or was terminated: at most 256 characters.
    Reason
    /// For people: at most 1,024 characters.
    Description
    /// An Amazon resource name: 1 to 1,600 characters.
    Arn
    /// Names one delivery of a task: opaque, at most 1,024 characters.
    TaskToken
    /// Names one page of a longer answer: opaque, at most 2,048 characters.
    PageToken
    /// A place in what is told of events: opaque, at most 64 characters.
    EventsToken
    /// An address of the internet protocol, as text.
    PollerAddress
    /// The key of a domain's tag: 1 to 128 characters.
    ResourceTagKey
    /// The value of a domain's tag: at most 256 characters.
    ResourceTagValue
    /// What went wrong when a Lambda task was started: at most 1,728 characters.
    CauseMessage
    /// How long a closed execution is kept, in days: `0` to `90`, or `NONE`; `0` and `NONE` both
    /// keep nothing. The text is given back as it was registered.
    RetentionPeriod
}

impl RetentionPeriod {
    /// The days, where `NONE` keeps nothing.
    pub fn days(&self) -> u32 {
        self.as_str().parse().unwrap_or(0)
    }
}

/// An event's number in its history, from 1. Zero stands for "no such event" where the API wants
/// a number all the same.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct EventId(pub u64);

impl EventId {
    /// Written where there is no event to name: a root's parent, a task that never started.
    pub const NONE: EventId = EventId(0);

    /// The id after this one.
    pub fn next(self) -> EventId {
        EventId(self.0 + 1)
    }
}

impl std::fmt::Display for EventId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A moment, in milliseconds since 1970 UTC. On the wire: seconds, with three decimals at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Later than every moment that a history can hold.
    pub const MAX: Timestamp = Timestamp(i64::MAX);

    /// The moment `timeout` after this one; [`Timestamp::MAX`] when it never comes.
    pub fn after(self, timeout: Timeout) -> Timestamp {
        match timeout {
            Timeout::Seconds(seconds) => {
                Timestamp(self.0.saturating_add(i64::from(seconds) * 1000))
            }
            Timeout::Unlimited => Timestamp::MAX,
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0 as f64 / 1000.0)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        // A cast from f64 saturates, so that absurd dates stay absurd instead of wrapping.
        Ok(Timestamp((f64::deserialize(deserializer)? * 1000.0).round() as i64))
    }
}

/// How long something may take. On the wire: digits, or `NONE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timeout {
    /// Whole seconds, at most eight digits. Zero is immediate, not unlimited.
    Seconds(u32),
    /// `NONE`: no limit of its own.
    Unlimited,
}

impl Timeout {
    /// Digits (at most eight) or `NONE`; anything else is no timeout.
    pub fn parse(text: &str) -> Option<Timeout> {
        if text == "NONE" {
            return Some(Timeout::Unlimited);
        }
        let digits =
            !text.is_empty() && text.len() <= 8 && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse().ok().map(Timeout::Seconds)).flatten()
    }
}

impl std::fmt::Display for Timeout {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Timeout::Seconds(seconds) => seconds.fmt(formatter),
            Timeout::Unlimited => formatter.write_str("NONE"),
        }
    }
}

impl Serialize for Timeout {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timeout {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Timeout, D::Error> {
        let text = String::deserialize(deserializer)?;
        Timeout::parse(&text).ok_or_else(|| serde::de::Error::custom("not a duration"))
    }
}

/// Which tasks of a list go first: the larger, the sooner. On the wire: a signed number as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskPriority(pub i32);

impl Serialize for TaskPriority {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for TaskPriority {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<TaskPriority, D::Error> {
        let text = Arc::<str>::deserialize(deserializer)?;
        text.parse().map(TaskPriority).map_err(|_| serde::de::Error::custom("not a priority"))
    }
}

words! {
    /// See the API model.
    ActivityTaskTimeoutType { StartToClose = "START_TO_CLOSE", ScheduleToStart = "SCHEDULE_TO_START", ScheduleToClose = "SCHEDULE_TO_CLOSE", Heartbeat = "HEARTBEAT" }
    /// See the API model.
    CancelTimerFailedCause { TimerIdUnknown = "TIMER_ID_UNKNOWN", OperationNotPermitted = "OPERATION_NOT_PERMITTED" }
    /// See the API model.
    CancelWorkflowExecutionFailedCause { UnhandledDecision = "UNHANDLED_DECISION", OperationNotPermitted = "OPERATION_NOT_PERMITTED" }
    /// See the API model.
    ChildPolicy { Terminate = "TERMINATE", RequestCancel = "REQUEST_CANCEL", Abandon = "ABANDON" }
    /// See the API model.
    CloseStatus { Completed = "COMPLETED", Failed = "FAILED", Canceled = "CANCELED", Terminated = "TERMINATED", ContinuedAsNew = "CONTINUED_AS_NEW", TimedOut = "TIMED_OUT" }
    /// See the API model.
    CompleteWorkflowExecutionFailedCause { UnhandledDecision = "UNHANDLED_DECISION", OperationNotPermitted = "OPERATION_NOT_PERMITTED" }
    /// See the API model.
    ContinueAsNewWorkflowExecutionFailedCause { UnhandledDecision = "UNHANDLED_DECISION", WorkflowTypeDeprecated = "WORKFLOW_TYPE_DEPRECATED", WorkflowTypeDoesNotExist = "WORKFLOW_TYPE_DOES_NOT_EXIST", DefaultExecutionStartToCloseTimeoutUndefined = "DEFAULT_EXECUTION_START_TO_CLOSE_TIMEOUT_UNDEFINED", DefaultTaskStartToCloseTimeoutUndefined = "DEFAULT_TASK_START_TO_CLOSE_TIMEOUT_UNDEFINED", DefaultTaskListUndefined = "DEFAULT_TASK_LIST_UNDEFINED", DefaultChildPolicyUndefined = "DEFAULT_CHILD_POLICY_UNDEFINED", ContinueAsNewWorkflowExecutionRateExceeded = "CONTINUE_AS_NEW_WORKFLOW_EXECUTION_RATE_EXCEEDED", OperationNotPermitted = "OPERATION_NOT_PERMITTED" }
    /// See the API model.
    DecisionTaskTimeoutType { StartToClose = "START_TO_CLOSE", ScheduleToStart = "SCHEDULE_TO_START" }
    /// See the API model.
    ExecutionStatus { Open = "OPEN", Closed = "CLOSED" }
    /// See the API model.
    FailWorkflowExecutionFailedCause { UnhandledDecision = "UNHANDLED_DECISION", OperationNotPermitted = "OPERATION_NOT_PERMITTED" }
    /// See the API model.
    LambdaFunctionTimeoutType { StartToClose = "START_TO_CLOSE" }
    /// See the API model.
    RecordMarkerFailedCause { OperationNotPermitted = "OPERATION_NOT_PERMITTED" }
    /// See the API model.
    RegistrationStatus { Registered = "REGISTERED", Deprecated = "DEPRECATED" }
    /// See the API model.
    RequestCancelActivityTaskFailedCause { ActivityIdUnknown = "ACTIVITY_ID_UNKNOWN", OperationNotPermitted = "OPERATION_NOT_PERMITTED" }
    /// See the API model.
    RequestCancelExternalWorkflowExecutionFailedCause { UnknownExternalWorkflowExecution = "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION", RequestCancelExternalWorkflowExecutionRateExceeded = "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED", OperationNotPermitted = "OPERATION_NOT_PERMITTED" }
    /// See the API model.
    ScheduleActivityTaskFailedCause { ActivityTypeDeprecated = "ACTIVITY_TYPE_DEPRECATED", ActivityTypeDoesNotExist = "ACTIVITY_TYPE_DOES_NOT_EXIST", ActivityIdAlreadyInUse = "ACTIVITY_ID_ALREADY_IN_USE", OpenActivitiesLimitExceeded = "OPEN_ACTIVITIES_LIMIT_EXCEEDED", ActivityCreationRateExceeded = "ACTIVITY_CREATION_RATE_EXCEEDED", DefaultScheduleToCloseTimeoutUndefined = "DEFAULT_SCHEDULE_TO_CLOSE_TIMEOUT_UNDEFINED", DefaultTaskListUndefined = "DEFAULT_TASK_LIST_UNDEFINED", DefaultScheduleToStartTimeoutUndefined = "DEFAULT_SCHEDULE_TO_START_TIMEOUT_UNDEFINED", DefaultStartToCloseTimeoutUndefined = "DEFAULT_START_TO_CLOSE_TIMEOUT_UNDEFINED", DefaultHeartbeatTimeoutUndefined = "DEFAULT_HEARTBEAT_TIMEOUT_UNDEFINED", OperationNotPermitted = "OPERATION_NOT_PERMITTED" }
    /// See the API model.
    ScheduleLambdaFunctionFailedCause { IdAlreadyInUse = "ID_ALREADY_IN_USE", OpenLambdaFunctionsLimitExceeded = "OPEN_LAMBDA_FUNCTIONS_LIMIT_EXCEEDED", LambdaFunctionCreationRateExceeded = "LAMBDA_FUNCTION_CREATION_RATE_EXCEEDED", LambdaServiceNotAvailableInRegion = "LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION" }
    /// See the API model.
    SignalExternalWorkflowExecutionFailedCause { UnknownExternalWorkflowExecution = "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION", SignalExternalWorkflowExecutionRateExceeded = "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED", OperationNotPermitted = "OPERATION_NOT_PERMITTED" }
    /// See the API model.
    StartChildWorkflowExecutionFailedCause { WorkflowTypeDoesNotExist = "WORKFLOW_TYPE_DOES_NOT_EXIST", WorkflowTypeDeprecated = "WORKFLOW_TYPE_DEPRECATED", OpenChildrenLimitExceeded = "OPEN_CHILDREN_LIMIT_EXCEEDED", OpenWorkflowsLimitExceeded = "OPEN_WORKFLOWS_LIMIT_EXCEEDED", ChildCreationRateExceeded = "CHILD_CREATION_RATE_EXCEEDED", WorkflowAlreadyRunning = "WORKFLOW_ALREADY_RUNNING", DefaultExecutionStartToCloseTimeoutUndefined = "DEFAULT_EXECUTION_START_TO_CLOSE_TIMEOUT_UNDEFINED", DefaultTaskListUndefined = "DEFAULT_TASK_LIST_UNDEFINED", DefaultTaskStartToCloseTimeoutUndefined = "DEFAULT_TASK_START_TO_CLOSE_TIMEOUT_UNDEFINED", DefaultChildPolicyUndefined = "DEFAULT_CHILD_POLICY_UNDEFINED", OperationNotPermitted = "OPERATION_NOT_PERMITTED" }
    /// See the API model.
    StartLambdaFunctionFailedCause { AssumeRoleFailed = "ASSUME_ROLE_FAILED" }
    /// See the API model.
    StartTimerFailedCause { TimerIdAlreadyInUse = "TIMER_ID_ALREADY_IN_USE", OpenTimersLimitExceeded = "OPEN_TIMERS_LIMIT_EXCEEDED", TimerCreationRateExceeded = "TIMER_CREATION_RATE_EXCEEDED", OperationNotPermitted = "OPERATION_NOT_PERMITTED" }
    /// See the API model.
    WorkflowExecutionCancelRequestedCause { ChildPolicyApplied = "CHILD_POLICY_APPLIED" }
    /// See the API model.
    WorkflowExecutionTerminatedCause { ChildPolicyApplied = "CHILD_POLICY_APPLIED", EventLimitExceeded = "EVENT_LIMIT_EXCEEDED", OperatorInitiated = "OPERATOR_INITIATED" }
    /// See the API model.
    WorkflowExecutionTimeoutType { StartToClose = "START_TO_CLOSE" }
}
