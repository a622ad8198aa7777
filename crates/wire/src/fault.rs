//! What the API answers when it refuses: a closed list, with AWS's names, texts and status codes.
//!
//! Texts are those of the live service where they are known (api.md, section 1.4); clients parse
//! them.

use crate::shapes::{ActivityType, WorkflowType};
use crate::values::*;

/// A refusal. It changes nothing, and tells the caller what to do otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A domain, type, execution or task that does not exist, or is closed.
    UnknownResource(String),
    /// The domain's name is taken, by a registered or a deprecated domain.
    DomainAlreadyExists(DomainName),
    /// The domain is deprecated.
    DomainDeprecated(DomainName),
    /// The type's name and version are taken, by a registered or a deprecated type.
    TypeAlreadyExists(String),
    /// The type is deprecated.
    TypeDeprecated(String),
    /// A type has to be deprecated before it can be deleted.
    TypeNotDeprecated,
    /// The domain has an open execution with that workflow id.
    WorkflowExecutionAlreadyStarted,
    /// A setting that neither the request nor the type gives.
    DefaultUndefined(&'static str),
    /// A quota.
    LimitExceeded(String),
    /// More tags than a domain may have.
    TooManyTags(String),
    /// A member that breaks a constraint, or a token that is not ours.
    Validation(String),
    /// The body is no JSON, or a member has the wrong type.
    Serialization(Option<String>),
    /// The operation's name is unknown.
    UnknownOperation,
    /// The request carries no credentials.
    MissingAuthenticationToken,
    /// The credentials are malformed.
    IncompleteSignature(String),
    /// The signature, or what it covers, is wrong.
    InvalidSignature(String),
    /// The access key is unknown or inactive, or the session token is not its own.
    UnrecognizedClient,
    /// The temporary credentials have expired.
    ExpiredToken,
    /// Whoever asks may not do that.
    AccessDenied(String),
    /// The same in the API's own spelling, which a server can be set to.
    OperationNotPermitted(String),
    /// The body is longer than [`Fault::BODY_BYTES_MAX`].
    RequestTooLarge,
    /// More requests at once than the service takes; the same request may be sent again.
    Throttling,
    /// Ours, not the caller's; the same request may be sent again.
    Internal,
}

impl Fault {
    /// The longest body that is read, in bytes: 1 MB, with the room that AWS's front end leaves.
    pub const BODY_BYTES_MAX: usize = 1_049_600;

    /// The namespaced name in `__type`.
    pub fn type_name(&self) -> &'static str {
        match self {
            Fault::UnknownResource(_) => "com.amazonaws.swf.base.model#UnknownResourceFault",
            Fault::DomainAlreadyExists(_) => {
                "com.amazonaws.swf.base.model#DomainAlreadyExistsFault"
            }
            Fault::DomainDeprecated(_) => "com.amazonaws.swf.base.model#DomainDeprecatedFault",
            Fault::TypeAlreadyExists(_) => "com.amazonaws.swf.base.model#TypeAlreadyExistsFault",
            Fault::TypeDeprecated(_) => "com.amazonaws.swf.base.model#TypeDeprecatedFault",
            Fault::TypeNotDeprecated => "com.amazonaws.swf.base.model#TypeNotDeprecatedFault",
            Fault::WorkflowExecutionAlreadyStarted => {
                "com.amazonaws.swf.base.model#WorkflowExecutionAlreadyStartedFault"
            }
            Fault::DefaultUndefined(_) => "com.amazonaws.swf.base.model#DefaultUndefinedFault",
            Fault::LimitExceeded(_) => "com.amazonaws.swf.base.model#LimitExceededFault",
            Fault::TooManyTags(_) => "com.amazonaws.swf.base.model#TooManyTagsFault",
            Fault::Validation(_) => "com.amazon.coral.validate#ValidationException",
            Fault::Serialization(_) => "com.amazon.coral.service#SerializationException",
            Fault::UnknownOperation => "com.amazon.coral.service#UnknownOperationException",
            Fault::MissingAuthenticationToken => {
                "com.amazon.coral.service#MissingAuthenticationTokenException"
            }
            Fault::IncompleteSignature(_) => {
                "com.amazon.coral.service#IncompleteSignatureException"
            }
            Fault::InvalidSignature(_) => "com.amazon.coral.service#InvalidSignatureException",
            Fault::UnrecognizedClient => "com.amazon.coral.service#UnrecognizedClientException",
            Fault::ExpiredToken => "com.amazon.coral.service#ExpiredTokenException",
            Fault::AccessDenied(_) => "com.amazon.coral.service#AccessDeniedException",
            Fault::OperationNotPermitted(_) => {
                "com.amazonaws.swf.base.model#OperationNotPermittedFault"
            }
            Fault::RequestTooLarge => "com.amazon.coral.service#RequestEntityTooLargeException",
            Fault::Throttling => "com.amazon.coral.availability#ThrottlingException",
            Fault::Internal => "com.amazon.coral.service#InternalFailure",
        }
    }

    /// What a person reads, where AWS says anything at all.
    pub fn message(&self) -> Option<&str> {
        match self {
            Fault::UnknownResource(text)
            | Fault::TypeAlreadyExists(text)
            | Fault::TypeDeprecated(text)
            | Fault::LimitExceeded(text)
            | Fault::TooManyTags(text)
            | Fault::IncompleteSignature(text)
            | Fault::InvalidSignature(text)
            | Fault::AccessDenied(text)
            | Fault::OperationNotPermitted(text)
            | Fault::Validation(text) => Some(text),
            Fault::DomainAlreadyExists(name) | Fault::DomainDeprecated(name) => Some(name.as_str()),
            Fault::TypeNotDeprecated => {
                Some("The type is currently registered and cannot be deleted in its current state")
            }
            Fault::DefaultUndefined(member) => Some(member),
            Fault::Serialization(text) => text.as_deref(),
            Fault::MissingAuthenticationToken => Some("Request is missing Authentication Token"),
            Fault::UnrecognizedClient => {
                Some("The security token included in the request is invalid.")
            }
            Fault::ExpiredToken => Some("The security token included in the request is expired"),
            Fault::Throttling => Some("Rate exceeded"),
            Fault::RequestTooLarge => Some("HTTP content length exceeded 1049600 bytes."),
            Fault::WorkflowExecutionAlreadyStarted | Fault::UnknownOperation | Fault::Internal => {
                None
            }
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Fault::Internal => 500,
            Fault::RequestTooLarge => 413,
            Fault::UnknownResource(_)
            | Fault::DomainAlreadyExists(_)
            | Fault::DomainDeprecated(_)
            | Fault::TypeAlreadyExists(_)
            | Fault::TypeDeprecated(_)
            | Fault::TypeNotDeprecated
            | Fault::WorkflowExecutionAlreadyStarted
            | Fault::DefaultUndefined(_)
            | Fault::LimitExceeded(_)
            | Fault::TooManyTags(_)
            | Fault::Validation(_)
            | Fault::Serialization(_)
            | Fault::UnknownOperation
            | Fault::MissingAuthenticationToken
            | Fault::Throttling
            | Fault::IncompleteSignature(_)
            | Fault::InvalidSignature(_)
            | Fault::UnrecognizedClient
            | Fault::ExpiredToken
            | Fault::AccessDenied(_)
            | Fault::OperationNotPermitted(_) => 400,
        }
    }

    /// The body of the error response.
    pub fn to_json(&self) -> Vec<u8> {
        // The front end that refuses undecodable bodies spells the member with a capital.
        let member = if matches!(self, Fault::Serialization(_)) { "Message" } else { "message" };
        let mut body = serde_json::Map::new();
        body.insert("__type".to_owned(), self.type_name().into());
        if let Some(message) = self.message() {
            body.insert(member.to_owned(), message.into());
        }
        serde_json::Value::Object(body).to_string().into_bytes()
    }

    /// No domain of that name.
    pub fn unknown_domain(name: &DomainName) -> Fault {
        Fault::UnknownResource(format!("Unknown domain: {name}"))
    }

    /// No such activity type.
    pub fn unknown_activity_type(activity_type: &ActivityType) -> Fault {
        Fault::UnknownResource(format!("Unknown type: {activity_type}"))
    }

    /// No such workflow type.
    pub fn unknown_workflow_type(workflow_type: &WorkflowType) -> Fault {
        Fault::UnknownResource(format!("Unknown type: {workflow_type}"))
    }

    /// No such run, or none that is open.
    pub fn unknown_run(workflow_id: &WorkflowId, run_id: &RunId) -> Fault {
        Fault::UnknownResource(format!(
            "Unknown execution: WorkflowExecution=[workflowId={workflow_id}, runId={run_id}]"
        ))
    }

    /// No open run of that workflow id.
    pub fn unknown_workflow(workflow_id: &WorkflowId) -> Fault {
        Fault::UnknownResource(format!("Unknown execution, workflowId = {workflow_id}"))
    }

    /// The activity task is closed.
    pub fn unknown_activity(scheduled_event_id: EventId) -> Fault {
        Fault::UnknownResource(format!("Unknown activity, scheduledEventId = {scheduled_event_id}"))
    }

    /// The Lambda task is closed. No operation is about one, so no client sees this.
    pub fn unknown_lambda_function(scheduled_event_id: EventId) -> Fault {
        Fault::UnknownResource(format!(
            "Unknown Lambda function, scheduledEventId = {scheduled_event_id}"
        ))
    }

    /// The decision task is closed.
    pub fn unknown_decision_task(scheduled_event_id: EventId) -> Fault {
        Fault::UnknownResource(format!(
            "Unknown decision task, scheduledEventId = {scheduled_event_id}"
        ))
    }

    /// A resource name that is none of a domain here.
    pub fn unknown_arn(arn: &Arn) -> Fault {
        Fault::UnknownResource(format!("Unknown resource: {arn}"))
    }

    /// A task or page token that is not one of ours.
    pub fn invalid_token() -> Fault {
        Fault::Validation("Invalid token".to_owned())
    }

    pub(crate) fn from_decoding(error: &serde_json::Error) -> Fault {
        Fault::Serialization(Some(error.to_string()))
    }
}

impl std::fmt::Display for ActivityType {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "ActivityType=[name={}, version={}]", self.name, self.version)
    }
}

impl std::fmt::Display for WorkflowType {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "WorkflowType=[name={}, version={}]", self.name, self.version)
    }
}
