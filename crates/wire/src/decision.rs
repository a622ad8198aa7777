//! The 13 decisions, and how a list of them is read from a request.

use crate::fault::Fault;
use crate::macros::shapes;
use crate::shapes::*;
use crate::values::*;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Names every decision once: its structure, the enumeration, and the member that carries it.
macro_rules! decisions {
    ($($name:ident $key:literal { required $required:tt optional $optional:tt })*) => {
        shapes! { $(
            #[doc = concat!("Attributes of the decision `", stringify!($name), "`.")]
            $name { required $required optional $optional }
        )* }

        /// What a decider wants done.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub enum Decision {
            $($name($name),)*
            /// A decision whose attributes are missing: refused by [`check_decisions`].
            Incomplete(DecisionType),
        }

        /// The name of a decision.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[allow(missing_docs)]
        pub enum DecisionType { $($name),* }

        impl DecisionType {
            /// All of them, in the model's order.
            pub const ALL: &'static [DecisionType] = &[$(DecisionType::$name),*];

            /// The name as it stands on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(DecisionType::$name => stringify!($name)),* }
            }
        }

        impl Decision {
            /// The decision's name.
            pub fn decision_type(&self) -> DecisionType {
                match self {
                    $(Decision::$name(_) => DecisionType::$name,)*
                    Decision::Incomplete(decision_type) => *decision_type,
                }
            }
        }

        impl Serialize for Decision {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                map.serialize_entry("decisionType", self.decision_type().as_str())?;
                match self {
                    $(Decision::$name(attributes) => map.serialize_entry($key, attributes)?,)*
                    Decision::Incomplete(_) => (),
                }
                map.end()
            }
        }

        impl<'de> Deserialize<'de> for Decision {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Decision, D::Error> {
                // Attribute blocks of other types are legal and mean nothing.
                #[derive(Deserialize)]
                #[allow(non_snake_case)]
                struct Members {
                    #[serde(rename = "decisionType")]
                    decision_type: DecisionType,
                    $(#[serde(rename = $key)] $name: Option<$name>,)*
                }
                let members = Members::deserialize(deserializer)?;
                let incomplete = Decision::Incomplete(members.decision_type);
                // Where no attribute is required, leaving them all out says the same.
                let bare = serde_json::json!({});
                Ok(match members.decision_type {
                    $(DecisionType::$name => members
                        .$name
                        .or_else(|| serde_json::from_value(bare).ok())
                        .map_or(incomplete, Decision::$name),)*
                })
            }
        }
    };
}

impl DecisionType {
    /// True if carrying the decision out takes the id of a new run.
    pub fn starts_run(self) -> bool {
        matches!(
            self,
            DecisionType::ContinueAsNewWorkflowExecution
                | DecisionType::StartChildWorkflowExecution
        )
    }

    /// A closing decision ends the run, so it must be the last in its list.
    pub fn closes(self) -> bool {
        use DecisionType as D;
        match self {
            D::CompleteWorkflowExecution
            | D::FailWorkflowExecution
            | D::CancelWorkflowExecution
            | D::ContinueAsNewWorkflowExecution => true,
            D::ScheduleActivityTask
            | D::RequestCancelActivityTask
            | D::RecordMarker
            | D::StartTimer
            | D::CancelTimer
            | D::SignalExternalWorkflowExecution
            | D::RequestCancelExternalWorkflowExecution
            | D::StartChildWorkflowExecution
            | D::ScheduleLambdaFunction => false,
        }
    }
}

/// Refuses a list that must not be applied at all: attributes missing, or a closing decision that
/// is not the last.
pub(crate) fn check_decisions(decisions: &[Decision]) -> Result<(), Fault> {
    for decision in decisions {
        if let Decision::Incomplete(decision_type) = decision {
            let name = decision_type.as_str();
            return Err(Fault::Validation(format!(
                "{name}DecisionAttributes must be specified for decision of type {name}"
            )));
        }
    }
    match decisions.split_last() {
        Some((_, before)) if before.iter().any(|d| d.decision_type().closes()) => {
            Err(Fault::Validation("Close must be last decision in list".to_owned()))
        }
        Some(_) | None => Ok(()),
    }
}

decisions! {
    ScheduleActivityTask "scheduleActivityTaskDecisionAttributes" {
        required { activity_type: ActivityType, activity_id: ActivityId }
        optional {
            control: Data,
            input: Data,
            schedule_to_close_timeout: Timeout,
            task_list: TaskList,
            task_priority: TaskPriority,
            schedule_to_start_timeout: Timeout,
            start_to_close_timeout: Timeout,
            heartbeat_timeout: Timeout,
        }
    }
    RequestCancelActivityTask "requestCancelActivityTaskDecisionAttributes" {
        required { activity_id: ActivityId }
        optional {}
    }
    CompleteWorkflowExecution "completeWorkflowExecutionDecisionAttributes" {
        required {}
        optional { result: Data }
    }
    FailWorkflowExecution "failWorkflowExecutionDecisionAttributes" {
        required {}
        optional { reason: Reason, details: Data }
    }
    CancelWorkflowExecution "cancelWorkflowExecutionDecisionAttributes" {
        required {}
        optional { details: Data }
    }
    ContinueAsNewWorkflowExecution "continueAsNewWorkflowExecutionDecisionAttributes" {
        required {}
        optional {
            input: Data,
            execution_start_to_close_timeout: Timeout,
            task_list: TaskList,
            task_priority: TaskPriority,
            task_start_to_close_timeout: Timeout,
            child_policy: ChildPolicy,
            tag_list: Vec<Tag>,
            workflow_type_version: Version,
            lambda_role: Arn,
        }
    }
    RecordMarker "recordMarkerDecisionAttributes" {
        required { marker_name: MarkerName }
        optional { details: Data }
    }
    StartTimer "startTimerDecisionAttributes" {
        required { timer_id: TimerId, start_to_fire_timeout: Timeout }
        optional { control: Data }
    }
    CancelTimer "cancelTimerDecisionAttributes" {
        required { timer_id: TimerId }
        optional {}
    }
    SignalExternalWorkflowExecution "signalExternalWorkflowExecutionDecisionAttributes" {
        required { workflow_id: WorkflowId, signal_name: SignalName }
        optional { run_id: RunId, input: Data, control: Data }
    }
    RequestCancelExternalWorkflowExecution "requestCancelExternalWorkflowExecutionDecisionAttributes" {
        required { workflow_id: WorkflowId }
        optional { run_id: RunId, control: Data }
    }
    StartChildWorkflowExecution "startChildWorkflowExecutionDecisionAttributes" {
        required { workflow_type: WorkflowType, workflow_id: WorkflowId }
        optional {
            control: Data,
            input: Data,
            execution_start_to_close_timeout: Timeout,
            task_list: TaskList,
            task_priority: TaskPriority,
            task_start_to_close_timeout: Timeout,
            child_policy: ChildPolicy,
            tag_list: Vec<Tag>,
            lambda_role: Arn,
        }
    }
    ScheduleLambdaFunction "scheduleLambdaFunctionDecisionAttributes" {
        required { id: FunctionId, name: FunctionName }
        optional { control: Data, input: Data, start_to_close_timeout: Timeout }
    }
}
