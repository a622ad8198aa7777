//! The IAM policy language.

use crate::caller::Principal;
use crate::check::Check;
use std::sync::Arc;

/// A policy, read and checked.
#[derive(Clone, Debug)]
pub struct Policy {
    document: Arc<str>,
}

/// Where a policy stands, which decides what it may hold and how long it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyPlace {
    /// A managed policy: 6,144 characters.
    Managed,
    /// In a user: 2,048 characters.
    User,
    /// In a group: 5,120 characters.
    Group,
    /// In a role: 10,240 characters.
    Role,
    /// Given when a role is assumed: 2,048 characters.
    Session,
}

impl Policy {
    /// The document, as it was given.
    pub fn document(&self) -> &Arc<str> {
        &self.document
    }
}

/// All policies that bind a principal.
#[derive(Clone, Debug, Default)]
pub struct Permissions {
    /// Of the user and its groups, or of the role.
    pub identity: Vec<Arc<Policy>>,
    /// The permissions boundary.
    pub boundary: Option<Arc<Policy>>,
    /// What a session is cut down to.
    pub session: Option<Arc<Policy>>,
}

/// What the policies say of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Allowed, by the statement of that `Sid`, if it has one.
    Allowed(Option<Arc<str>>),
    /// Denied.
    Denied(Denial),
}

/// Why something is denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The one reason that is reported; explicit denials come first.
    pub reason: DenialReason,
    /// The `Sid` of the statement that denies, if one does and has one.
    pub sid: Option<Arc<str>>,
}

/// The reasons of access.md, section 2.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum DenialReason {
    ExplicitIdentity,
    ExplicitBoundary,
    ExplicitSession,
    ImplicitIdentity,
    ImplicitBoundary,
    ImplicitSession,
}

impl Permissions {
    /// Evaluates everything that binds `principal`.
    pub fn judge(&self, _principal: &Principal, _check: &Check<'_>) -> Verdict {
        Verdict::Denied(Denial { reason: DenialReason::ImplicitIdentity, sid: None })
    }
}
