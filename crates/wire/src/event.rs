//! The 54 events of a history, and their JSON.
//!
//! The form is AWS's and frozen: it is what the service stores and what clients read.

use crate::macros::shapes;
use crate::shapes::*;
use crate::values::*;
use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One entry of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its number in the history: 1, 2, 3, ... without gaps.
    pub event_id: EventId,
    /// When it was written. Equal for all events of one transition, and never smaller than that
    /// of the event before.
    pub event_timestamp: Timestamp,
    /// What happened.
    pub attributes: EventAttributes,
}

/// Names every event once: its structure, the enumeration, and the member that carries it.
macro_rules! events {
    ($($name:ident $key:literal { required $required:tt optional $optional:tt })*) => {
        shapes! { $(
            #[doc = concat!("Attributes of the event `", stringify!($name), "`.")]
            $name { required $required optional $optional }
        )* }

        /// What happened, by event type.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[allow(missing_docs)]
        pub enum EventAttributes { $($name($name)),* }

        $(impl From<$name> for EventAttributes {
            fn from(attributes: $name) -> EventAttributes {
                EventAttributes::$name(attributes)
            }
        })*

        impl EventAttributes {
            /// Every event type, in the model's order.
            pub const TYPES: &'static [&'static str] = &[$(stringify!($name)),*];

            /// The event's type as it stands on the wire.
            pub fn event_type(&self) -> &'static str {
                match self { $(EventAttributes::$name(_) => stringify!($name)),* }
            }
        }

        impl Serialize for Event {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(Some(4))?;
                map.serialize_entry("eventTimestamp", &self.event_timestamp)?;
                map.serialize_entry("eventType", self.attributes.event_type())?;
                map.serialize_entry("eventId", &self.event_id)?;
                match &self.attributes {
                    $(EventAttributes::$name(attributes) => {
                        map.serialize_entry($key, attributes)?;
                    })*
                }
                map.end()
            }
        }

        impl<'de> Visitor<'de> for EventVisitor {
            type Value = Event;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a history event")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Event, A::Error> {
                let mut event_id = None;
                let mut event_timestamp = None;
                let mut attributes = None;
                while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
                    match key.as_ref() {
                        "eventId" => event_id = Some(map.next_value()?),
                        "eventTimestamp" => event_timestamp = Some(map.next_value()?),
                        $($key => attributes = Some(EventAttributes::$name(map.next_value()?)),)*
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(Event {
                    event_id: event_id.ok_or_else(|| A::Error::missing_field("eventId"))?,
                    event_timestamp: event_timestamp
                        .ok_or_else(|| A::Error::missing_field("eventTimestamp"))?,
                    attributes: attributes
                        .ok_or_else(|| A::Error::custom("an event without known attributes"))?,
                })
            }
        }
    };
}

struct EventVisitor;

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Event, D::Error> {
        deserializer.deserialize_map(EventVisitor)
    }
}

events! {
    WorkflowExecutionStarted "workflowExecutionStartedEventAttributes" {
        required {
            child_policy: ChildPolicy,
            task_list: TaskList,
            workflow_type: WorkflowType,
            parent_initiated_event_id: EventId,
        }
        optional {
            input: Data,
            execution_start_to_close_timeout: Timeout,
            task_start_to_close_timeout: Timeout,
            task_priority: TaskPriority,
            tag_list: Vec<Tag>,
            continued_execution_run_id: RunId,
            parent_workflow_execution: WorkflowExecution,
            lambda_role: Arn,
        }
    }
    WorkflowExecutionCancelRequested "workflowExecutionCancelRequestedEventAttributes" {
        required { external_initiated_event_id: EventId }
        optional {
            external_workflow_execution: WorkflowExecution,
            cause: WorkflowExecutionCancelRequestedCause,
        }
    }
    WorkflowExecutionCompleted "workflowExecutionCompletedEventAttributes" {
        required { decision_task_completed_event_id: EventId }
        optional { result: Data }
    }
    CompleteWorkflowExecutionFailed "completeWorkflowExecutionFailedEventAttributes" {
        required {
            cause: CompleteWorkflowExecutionFailedCause,
            decision_task_completed_event_id: EventId,
        }
        optional {}
    }
    WorkflowExecutionFailed "workflowExecutionFailedEventAttributes" {
        required { decision_task_completed_event_id: EventId }
        optional { reason: Reason, details: Data }
    }
    FailWorkflowExecutionFailed "failWorkflowExecutionFailedEventAttributes" {
        required {
            cause: FailWorkflowExecutionFailedCause,
            decision_task_completed_event_id: EventId,
        }
        optional {}
    }
    WorkflowExecutionTimedOut "workflowExecutionTimedOutEventAttributes" {
        required { timeout_type: WorkflowExecutionTimeoutType, child_policy: ChildPolicy }
        optional {}
    }
    WorkflowExecutionCanceled "workflowExecutionCanceledEventAttributes" {
        required { decision_task_completed_event_id: EventId }
        optional { details: Data }
    }
    CancelWorkflowExecutionFailed "cancelWorkflowExecutionFailedEventAttributes" {
        required {
            cause: CancelWorkflowExecutionFailedCause,
            decision_task_completed_event_id: EventId,
        }
        optional {}
    }
    WorkflowExecutionContinuedAsNew "workflowExecutionContinuedAsNewEventAttributes" {
        required {
            decision_task_completed_event_id: EventId,
            new_execution_run_id: RunId,
            task_list: TaskList,
            child_policy: ChildPolicy,
            workflow_type: WorkflowType,
        }
        optional {
            input: Data,
            execution_start_to_close_timeout: Timeout,
            task_priority: TaskPriority,
            task_start_to_close_timeout: Timeout,
            tag_list: Vec<Tag>,
            lambda_role: Arn,
        }
    }
    ContinueAsNewWorkflowExecutionFailed "continueAsNewWorkflowExecutionFailedEventAttributes" {
        required {
            cause: ContinueAsNewWorkflowExecutionFailedCause,
            decision_task_completed_event_id: EventId,
        }
        optional {}
    }
    WorkflowExecutionTerminated "workflowExecutionTerminatedEventAttributes" {
        required { child_policy: ChildPolicy }
        optional { reason: Reason, details: Data, cause: WorkflowExecutionTerminatedCause }
    }
    DecisionTaskScheduled "decisionTaskScheduledEventAttributes" {
        required { task_list: TaskList }
        optional {
            task_priority: TaskPriority,
            start_to_close_timeout: Timeout,
            schedule_to_start_timeout: Timeout,
        }
    }
    DecisionTaskStarted "decisionTaskStartedEventAttributes" {
        required { scheduled_event_id: EventId }
        optional { identity: Identity }
    }
    DecisionTaskCompleted "decisionTaskCompletedEventAttributes" {
        required { scheduled_event_id: EventId, started_event_id: EventId }
        optional {
            execution_context: Data,
            task_list: TaskList,
            task_list_schedule_to_start_timeout: Timeout,
        }
    }
    DecisionTaskTimedOut "decisionTaskTimedOutEventAttributes" {
        required {
            timeout_type: DecisionTaskTimeoutType,
            scheduled_event_id: EventId,
            started_event_id: EventId,
        }
        optional {}
    }
    ActivityTaskScheduled "activityTaskScheduledEventAttributes" {
        required {
            activity_type: ActivityType,
            activity_id: ActivityId,
            task_list: TaskList,
            decision_task_completed_event_id: EventId,
        }
        optional {
            input: Data,
            control: Data,
            schedule_to_start_timeout: Timeout,
            schedule_to_close_timeout: Timeout,
            start_to_close_timeout: Timeout,
            task_priority: TaskPriority,
            heartbeat_timeout: Timeout,
        }
    }
    ScheduleActivityTaskFailed "scheduleActivityTaskFailedEventAttributes" {
        required {
            activity_type: ActivityType,
            activity_id: ActivityId,
            cause: ScheduleActivityTaskFailedCause,
            decision_task_completed_event_id: EventId,
        }
        optional {}
    }
    ActivityTaskStarted "activityTaskStartedEventAttributes" {
        required { scheduled_event_id: EventId }
        optional { identity: Identity }
    }
    ActivityTaskCompleted "activityTaskCompletedEventAttributes" {
        required { scheduled_event_id: EventId, started_event_id: EventId }
        optional { result: Data }
    }
    ActivityTaskFailed "activityTaskFailedEventAttributes" {
        required { scheduled_event_id: EventId, started_event_id: EventId }
        optional { reason: Reason, details: Data }
    }
    ActivityTaskTimedOut "activityTaskTimedOutEventAttributes" {
        required {
            timeout_type: ActivityTaskTimeoutType,
            scheduled_event_id: EventId,
            started_event_id: EventId,
        }
        optional { details: Data }
    }
    ActivityTaskCanceled "activityTaskCanceledEventAttributes" {
        required { scheduled_event_id: EventId, started_event_id: EventId }
        optional { details: Data, latest_cancel_requested_event_id: EventId }
    }
    ActivityTaskCancelRequested "activityTaskCancelRequestedEventAttributes" {
        required { decision_task_completed_event_id: EventId, activity_id: ActivityId }
        optional {}
    }
    RequestCancelActivityTaskFailed "requestCancelActivityTaskFailedEventAttributes" {
        required {
            activity_id: ActivityId,
            cause: RequestCancelActivityTaskFailedCause,
            decision_task_completed_event_id: EventId,
        }
        optional {}
    }
    WorkflowExecutionSignaled "workflowExecutionSignaledEventAttributes" {
        required { signal_name: SignalName, external_initiated_event_id: EventId }
        optional { input: Data, external_workflow_execution: WorkflowExecution }
    }
    MarkerRecorded "markerRecordedEventAttributes" {
        required { marker_name: MarkerName, decision_task_completed_event_id: EventId }
        optional { details: Data }
    }
    RecordMarkerFailed "recordMarkerFailedEventAttributes" {
        required {
            marker_name: MarkerName,
            cause: RecordMarkerFailedCause,
            decision_task_completed_event_id: EventId,
        }
        optional {}
    }
    TimerStarted "timerStartedEventAttributes" {
        required {
            timer_id: TimerId,
            start_to_fire_timeout: Timeout,
            decision_task_completed_event_id: EventId,
        }
        optional { control: Data }
    }
    StartTimerFailed "startTimerFailedEventAttributes" {
        required {
            timer_id: TimerId,
            cause: StartTimerFailedCause,
            decision_task_completed_event_id: EventId,
        }
        optional {}
    }
    TimerFired "timerFiredEventAttributes" {
        required { timer_id: TimerId, started_event_id: EventId }
        optional {}
    }
    TimerCanceled "timerCanceledEventAttributes" {
        required {
            timer_id: TimerId,
            started_event_id: EventId,
            decision_task_completed_event_id: EventId,
        }
        optional {}
    }
    CancelTimerFailed "cancelTimerFailedEventAttributes" {
        required {
            timer_id: TimerId,
            cause: CancelTimerFailedCause,
            decision_task_completed_event_id: EventId,
        }
        optional {}
    }
    StartChildWorkflowExecutionInitiated "startChildWorkflowExecutionInitiatedEventAttributes" {
        required {
            workflow_id: WorkflowId,
            workflow_type: WorkflowType,
            task_list: TaskList,
            decision_task_completed_event_id: EventId,
            child_policy: ChildPolicy,
        }
        optional {
            control: Data,
            input: Data,
            execution_start_to_close_timeout: Timeout,
            task_priority: TaskPriority,
            task_start_to_close_timeout: Timeout,
            tag_list: Vec<Tag>,
            lambda_role: Arn,
        }
    }
    StartChildWorkflowExecutionFailed "startChildWorkflowExecutionFailedEventAttributes" {
        required {
            workflow_type: WorkflowType,
            cause: StartChildWorkflowExecutionFailedCause,
            workflow_id: WorkflowId,
            initiated_event_id: EventId,
            decision_task_completed_event_id: EventId,
        }
        optional { control: Data }
    }
    ChildWorkflowExecutionStarted "childWorkflowExecutionStartedEventAttributes" {
        required {
            workflow_execution: WorkflowExecution,
            workflow_type: WorkflowType,
            initiated_event_id: EventId,
        }
        optional {}
    }
    ChildWorkflowExecutionCompleted "childWorkflowExecutionCompletedEventAttributes" {
        required {
            workflow_execution: WorkflowExecution,
            workflow_type: WorkflowType,
            initiated_event_id: EventId,
            started_event_id: EventId,
        }
        optional { result: Data }
    }
    ChildWorkflowExecutionFailed "childWorkflowExecutionFailedEventAttributes" {
        required {
            workflow_execution: WorkflowExecution,
            workflow_type: WorkflowType,
            initiated_event_id: EventId,
            started_event_id: EventId,
        }
        optional { reason: Reason, details: Data }
    }
    ChildWorkflowExecutionTimedOut "childWorkflowExecutionTimedOutEventAttributes" {
        required {
            workflow_execution: WorkflowExecution,
            workflow_type: WorkflowType,
            timeout_type: WorkflowExecutionTimeoutType,
            initiated_event_id: EventId,
            started_event_id: EventId,
        }
        optional {}
    }
    ChildWorkflowExecutionCanceled "childWorkflowExecutionCanceledEventAttributes" {
        required {
            workflow_execution: WorkflowExecution,
            workflow_type: WorkflowType,
            initiated_event_id: EventId,
            started_event_id: EventId,
        }
        optional { details: Data }
    }
    ChildWorkflowExecutionTerminated "childWorkflowExecutionTerminatedEventAttributes" {
        required {
            workflow_execution: WorkflowExecution,
            workflow_type: WorkflowType,
            initiated_event_id: EventId,
            started_event_id: EventId,
        }
        optional {}
    }
    SignalExternalWorkflowExecutionInitiated "signalExternalWorkflowExecutionInitiatedEventAttributes" {
        required {
            workflow_id: WorkflowId,
            signal_name: SignalName,
            decision_task_completed_event_id: EventId,
        }
        optional { run_id: RunId, input: Data, control: Data }
    }
    SignalExternalWorkflowExecutionFailed "signalExternalWorkflowExecutionFailedEventAttributes" {
        required {
            workflow_id: WorkflowId,
            cause: SignalExternalWorkflowExecutionFailedCause,
            initiated_event_id: EventId,
            decision_task_completed_event_id: EventId,
        }
        optional { run_id: RunId, control: Data }
    }
    ExternalWorkflowExecutionSignaled "externalWorkflowExecutionSignaledEventAttributes" {
        required { workflow_execution: WorkflowExecution, initiated_event_id: EventId }
        optional {}
    }
    RequestCancelExternalWorkflowExecutionInitiated "requestCancelExternalWorkflowExecutionInitiatedEventAttributes" {
        required { workflow_id: WorkflowId, decision_task_completed_event_id: EventId }
        optional { run_id: RunId, control: Data }
    }
    RequestCancelExternalWorkflowExecutionFailed "requestCancelExternalWorkflowExecutionFailedEventAttributes" {
        required {
            workflow_id: WorkflowId,
            cause: RequestCancelExternalWorkflowExecutionFailedCause,
            initiated_event_id: EventId,
            decision_task_completed_event_id: EventId,
        }
        optional { run_id: RunId, control: Data }
    }
    ExternalWorkflowExecutionCancelRequested "externalWorkflowExecutionCancelRequestedEventAttributes" {
        required { workflow_execution: WorkflowExecution, initiated_event_id: EventId }
        optional {}
    }
    LambdaFunctionScheduled "lambdaFunctionScheduledEventAttributes" {
        required { id: FunctionId, name: FunctionName, decision_task_completed_event_id: EventId }
        optional { control: Data, input: Data, start_to_close_timeout: Timeout }
    }
    LambdaFunctionStarted "lambdaFunctionStartedEventAttributes" {
        required { scheduled_event_id: EventId }
        optional {}
    }
    LambdaFunctionCompleted "lambdaFunctionCompletedEventAttributes" {
        required { scheduled_event_id: EventId, started_event_id: EventId }
        optional { result: Data }
    }
    LambdaFunctionFailed "lambdaFunctionFailedEventAttributes" {
        required { scheduled_event_id: EventId, started_event_id: EventId }
        optional { reason: Reason, details: Data }
    }
    LambdaFunctionTimedOut "lambdaFunctionTimedOutEventAttributes" {
        required { scheduled_event_id: EventId, started_event_id: EventId }
        optional { timeout_type: LambdaFunctionTimeoutType }
    }
    ScheduleLambdaFunctionFailed "scheduleLambdaFunctionFailedEventAttributes" {
        required {
            id: FunctionId,
            name: FunctionName,
            cause: ScheduleLambdaFunctionFailedCause,
            decision_task_completed_event_id: EventId,
        }
        optional {}
    }
    StartLambdaFunctionFailed "startLambdaFunctionFailedEventAttributes" {
        required { scheduled_event_id: EventId }
        optional { cause: StartLambdaFunctionFailedCause, message: CauseMessage }
    }
}
