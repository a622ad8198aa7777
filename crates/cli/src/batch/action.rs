//! What is done to an execution, and what came of it.

use super::job::Target;
use crate::failure::{CallError, ServiceError};
use crate::retry::Outcome as Refusal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wire::{ChildPolicy, Fault, Operation};

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", content = "parameters", rename_all = "camelCase")]
pub enum Action {
    /// It is terminated. What is not given is as SWF has it without.
    #[serde(rename_all = "camelCase")]
    Terminate {
        /// Why
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// And what else is to be known of it
        #[serde(default, skip_serializing_if = "Option::is_none")]
        details: Option<String>,
        /// What becomes of its children
        #[serde(default, skip_serializing_if = "Option::is_none")]
        child_policy: Option<ChildPolicy>,
    },
    /// Its decider is asked to cancel it.
    Cancel {},
    /// It gets a signal.
    #[serde(rename_all = "camelCase")]
    Signal {
        /// The signal's name
        signal_name: String,
        /// What comes with it
        #[serde(default, skip_serializing_if = "Option::is_none")]
        input: Option<String>,
    },
}

impl Action {
    /// The subcommand.
    pub fn word(&self) -> &'static str {
        match self {
            Action::Terminate { .. } => "terminate",
            Action::Cancel {} => "cancel",
            Action::Signal { .. } => "signal",
        }
    }

    /// The same, of something that was done.
    pub(super) fn past(&self) -> &'static str {
        match self {
            Action::Terminate { .. } => "terminated",
            Action::Cancel {} => "asked to cancel",
            Action::Signal { .. } => "signaled",
        }
    }

    fn operation(&self) -> Operation {
        match self {
            Action::Terminate { .. } => Operation::TerminateWorkflowExecution,
            Action::Cancel {} => Operation::RequestCancelWorkflowExecution,
            Action::Signal { .. } => Operation::SignalWorkflowExecution,
        }
    }

    /// The operation of SWF that does it.
    pub fn operation_name(&self) -> &'static str {
        self.operation().name()
    }

    /// What the operation is called with for one execution.
    pub fn parameters(&self, domain: &str, target: &Target) -> Value {
        let mut parameters = json!({
            "domain": domain,
            "workflowId": target.workflow_id,
            "runId": target.run_id,
        });
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                parameters[name] = value;
            }
        };
        match self {
            Action::Terminate { reason, details, child_policy } => {
                set("reason", reason.as_ref().map(|text| json!(text)));
                set("details", details.as_ref().map(|text| json!(text)));
                set("childPolicy", child_policy.map(|policy| json!(policy)));
            }
            Action::Cancel {} => (),
            Action::Signal { signal_name, input } => {
                set("signalName", Some(json!(signal_name)));
                set("input", input.as_ref().map(|text| json!(text)));
            }
        }
        parameters
    }

    /// Looks whether the service would take it, so that it is not refused once for each execution.
    ///
    /// # Errors
    ///
    /// What the service would say.
    pub fn check(&self, domain: &str) -> Result<(), Fault> {
        let parameters = self.parameters(domain, &Target::example());
        wire::Model::get().check(self.operation(), parameters).map(|_| ())
    }
}

/// What came of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is done.
    Done,
    /// The execution was not open any more.
    Closed,
    /// The service does not do it to this execution.
    Failed(String),
    /// The service wants fewer requests.
    Throttled,
    /// Nobody knows whether it was done: the connection broke, or the service did.
    Unknown(String),
    /// The service does it to no execution: not for whoever asks, or not in this domain.
    Refused(String),
}

/// Refusals of whoever asks, or of what: what they say holds for all executions of a job.
const OF_ALL: &[&str] = &[
    "AccessDeniedException",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "OperationNotPermittedFault",
    "SignatureDoesNotMatch",
    "UnknownOperationException",
    "UnrecognizedClientException",
];
/// The refusal of what is not there.
const UNKNOWN: &str = "UnknownResourceFault";
/// With what its text begins where that is the domain.
const UNKNOWN_DOMAIN: &str = "Unknown domain";

impl Answer {
    /// Reads what came of a call that was sent once.
    pub fn of(result: Result<(), &CallError>) -> Answer {
        let error = match result {
            Ok(()) => return Answer::Done,
            Err(error) => error,
        };
        match error {
            CallError::Service(service) => Answer::of_refusal(service),
            CallError::NoConnection { .. }
            | CallError::ConnectTimeout { .. }
            | CallError::ReadTimeout { .. }
            | CallError::Closed { .. }
            | CallError::Unreadable { .. } => Answer::Unknown(error.to_string()),
            CallError::Refused(_)
            | CallError::Profile(_)
            | CallError::Process(_)
            | CallError::Query(_)
            | CallError::Paging(_)
            | CallError::InvalidEndpoint(_)
            | CallError::Tls { .. }
            | CallError::Unprintable(_)
            | CallError::Pager(_)
            | CallError::System(_)
            | CallError::Interrupted => Answer::Refused(error.to_string()),
        }
    }

    fn of_refusal(service: &ServiceError) -> Answer {
        let ServiceError { code, message, status, .. } = service;
        let outcome = Refusal::Refused { status: *status, code, retry_after: None };
        let text = || format!("{code}: {message}");
        if outcome.is_throttled() {
            Answer::Throttled
        } else if outcome.is_worth_another() {
            Answer::Unknown(text())
        } else if code == UNKNOWN && !message.starts_with(UNKNOWN_DOMAIN) {
            Answer::Closed
        } else if code == UNKNOWN || OF_ALL.contains(&&**code) {
            Answer::Refused(text())
        } else {
            Answer::Failed(text())
        }
    }
}
