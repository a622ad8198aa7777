//! What an operation on identities is refused with: IAM's names, statuses and texts.

/// A refusal. It changes nothing. No variant holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityFault {
    /// What the request names is not there.
    #[error("{0}")]
    NoSuchEntity(String),
    /// The name is taken.
    #[error("{0}")]
    EntityAlreadyExists(String),
    /// A quota.
    #[error("{0}")]
    LimitExceeded(String),
    /// Something hangs on it still.
    #[error("{0}")]
    DeleteConflict(String),
    /// A policy document that is none.
    #[error("{0}")]
    MalformedPolicyDocument(String),
    /// A value that is well formed and makes no sense here.
    #[error("{0}")]
    InvalidInput(String),
    /// A value that is not well formed.
    #[error("{0}")]
    Validation(String),
    /// Whoever asks may not.
    #[error("{0}")]
    AccessDenied(String),
    /// A session's policy makes its token too long.
    #[error("{0}")]
    PackedPolicyTooLarge(String),
    /// No operation of that name.
    #[error("The action {0} is not valid for this endpoint.")]
    InvalidAction(String),
    /// A secret that was just opened does not open any more, or the like: ours, not the caller's.
    #[error("The request processing has failed because of an unknown error.")]
    ServiceFailure,
}

impl IdentityFault {
    /// IAM's name of it.
    pub fn code(&self) -> &'static str {
        match self {
            IdentityFault::NoSuchEntity(_) => "NoSuchEntity",
            IdentityFault::EntityAlreadyExists(_) => "EntityAlreadyExists",
            IdentityFault::LimitExceeded(_) => "LimitExceeded",
            IdentityFault::DeleteConflict(_) => "DeleteConflict",
            IdentityFault::MalformedPolicyDocument(_) => "MalformedPolicyDocument",
            IdentityFault::InvalidInput(_) => "InvalidInput",
            IdentityFault::Validation(_) => "ValidationError",
            IdentityFault::AccessDenied(_) => "AccessDenied",
            IdentityFault::PackedPolicyTooLarge(_) => "PackedPolicyTooLarge",
            IdentityFault::InvalidAction(_) => "InvalidAction",
            IdentityFault::ServiceFailure => "ServiceFailure",
        }
    }

    /// The same, and where in a document it happened.
    pub(super) fn at(self, entry: &str) -> IdentityFault {
        let told = |text: String| format!("{entry}: {text}");
        match self {
            IdentityFault::NoSuchEntity(text) => IdentityFault::NoSuchEntity(told(text)),
            IdentityFault::EntityAlreadyExists(text) => {
                IdentityFault::EntityAlreadyExists(told(text))
            }
            IdentityFault::LimitExceeded(text) => IdentityFault::LimitExceeded(told(text)),
            IdentityFault::DeleteConflict(text) => IdentityFault::DeleteConflict(told(text)),
            IdentityFault::MalformedPolicyDocument(text) => {
                IdentityFault::MalformedPolicyDocument(told(text))
            }
            IdentityFault::InvalidInput(text) => IdentityFault::InvalidInput(told(text)),
            IdentityFault::Validation(text) => IdentityFault::Validation(told(text)),
            IdentityFault::AccessDenied(text) => IdentityFault::AccessDenied(told(text)),
            IdentityFault::PackedPolicyTooLarge(text) => {
                IdentityFault::PackedPolicyTooLarge(told(text))
            }
            IdentityFault::InvalidAction(text) => IdentityFault::InvalidAction(text),
            IdentityFault::ServiceFailure => IdentityFault::ServiceFailure,
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            IdentityFault::NoSuchEntity(_) => 404,
            IdentityFault::EntityAlreadyExists(_)
            | IdentityFault::LimitExceeded(_)
            | IdentityFault::DeleteConflict(_) => 409,
            IdentityFault::AccessDenied(_) => 403,
            IdentityFault::MalformedPolicyDocument(_)
            | IdentityFault::InvalidInput(_)
            | IdentityFault::Validation(_)
            | IdentityFault::PackedPolicyTooLarge(_)
            | IdentityFault::InvalidAction(_) => 400,
            IdentityFault::ServiceFailure => 500,
        }
    }

    /// Who may have the keys of an account's root: as in AWS, no policy gives anybody all of an account.
    pub(super) fn of_the_root_alone(caller_arn: &str) -> IdentityFault {
        IdentityFault::AccessDenied(format!(
            "User: {caller_arn} is not authorized to administer access keys of the account's root; \
             the root is, and whoever administers the data directory"
        ))
    }

    pub(super) fn unknown(what: &str, name: &str) -> IdentityFault {
        IdentityFault::NoSuchEntity(format!("The {what} with name {name} cannot be found."))
    }

    pub(super) fn unknown_key(id: &str) -> IdentityFault {
        IdentityFault::NoSuchEntity(format!("The Access Key with id {id} cannot be found."))
    }

    pub(super) fn unknown_policy(arn: &str) -> IdentityFault {
        IdentityFault::NoSuchEntity(format!("Policy {arn} was not found."))
    }

    pub(super) fn taken(what: &str, name: &str) -> IdentityFault {
        IdentityFault::EntityAlreadyExists(format!("{what} with name {name} already exists."))
    }

    pub(super) fn quota(name: &str, most: usize) -> IdentityFault {
        IdentityFault::LimitExceeded(format!("Cannot exceed quota for {name}: {most}"))
    }
}
