//! The IAM policy language: what a document says, and what all documents that bind a principal say
//! of a check.
//!
//! Invariants: what is wrong with a document is said when it is read ([`PolicyError`]), so that an
//! evaluation cannot fail; an evaluation allocates nothing, but for rare patterns where a text is
//! not ASCII, and its work is bounded by the sizes of the documents and of the texts; nothing is
//! allowed that no statement allows completely, and whatever a statement denies is denied, in
//! whatever order they are written. Does not know where policies are kept nor who has which.

mod action;
mod condition;
mod document;
mod error;
mod key;
mod node;
mod pattern;
mod resource;
mod statement;
mod trust;
mod value;

pub use error::{PolicyError, PolicyWarning};
pub use trust::{Admission, TrustPolicy, TrustedIds};

use crate::action::Action;
use crate::caller::{Principal, PrincipalKind};
use crate::check::Check;
pub(crate) use key::is_resource_tag;
pub(crate) use node::Node;

use key::Context;
use resource::Name;
use statement::{Effect, Statement};
use std::sync::Arc;

/// A policy, read and checked.
#[derive(Clone, Debug)]
pub struct Policy {
    /// See [`Policy::named`].
    name: Option<Arc<str>>,
    document: Arc<str>,
    statements: Vec<Statement>,
    warnings: Vec<PolicyWarning>,
    /// See [`Policy::warnings_in`].
    accounts: Vec<PolicyWarning>,
}

/// Where a policy stands, which decides how long it may be.
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

impl PolicyPlace {
    /// All of them.
    pub const ALL: [PolicyPlace; 5] = [
        PolicyPlace::Managed,
        PolicyPlace::User,
        PolicyPlace::Group,
        PolicyPlace::Role,
        PolicyPlace::Session,
    ];

    /// How many characters beside white space a policy may have there. In users, groups and roles,
    /// that is the bound of all their inline policies together.
    pub fn characters_max(self) -> usize {
        match self {
            PolicyPlace::Managed => 6144,
            PolicyPlace::User | PolicyPlace::Session => 2048,
            PolicyPlace::Group => 5120,
            PolicyPlace::Role => 10_240,
        }
    }
}

impl Policy {
    /// Reads a document.
    pub fn parse(document: &str, place: PolicyPlace) -> Result<Policy, PolicyError> {
        let (statements, reader) =
            document::read(document, place.characters_max(), document::Reader::statement)?;
        let document::Reader { warnings, accounts, .. } = reader;
        Ok(Policy { name: None, document: document.into(), statements, warnings, accounts })
    }

    /// The same under a name, by which verdicts tell that it was this one.
    #[must_use]
    pub fn named(self, name: Arc<str>) -> Policy {
        Policy { name: Some(name), ..self }
    }

    /// The document, as it was given.
    pub fn document(&self) -> &Arc<str> {
        &self.document
    }

    /// What in it is legal, but has no effect.
    pub fn warnings(&self) -> &[PolicyWarning] {
        &self.warnings
    }

    /// What in it has no effect in an account, though it may have in others: names of their domains.
    pub fn warnings_in(&self, account: &str) -> impl Iterator<Item = &PolicyWarning> {
        self.accounts.iter().filter(move |warning| {
            matches!(warning, PolicyWarning::OtherAccount { account: named, .. } if *named != account)
        })
    }

    /// How many of its characters count against the bound of its place.
    pub fn counted_characters(&self) -> usize {
        document::counted_characters(&self.document)
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
    /// Allowed, by that statement: none if nobody asks, and of an account's root.
    Allowed(Option<Matched>),
    /// Denied.
    Denied(Denial),
}

/// Why something is denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The one reason that is reported; explicit denials come first.
    pub reason: DenialReason,
    /// The statement that denies, if one does.
    pub by: Option<Matched>,
}

/// The statement that decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matched {
    /// The name of its policy, if it has one: a session's has none.
    pub policy: Option<Arc<str>>,
    /// Its place in the policy. The first is 1.
    pub statement: usize,
    /// Its `Sid`, if it has one.
    pub sid: Option<Arc<str>>,
}

impl Verdict {
    /// The statement that decided, if one did.
    pub fn by(&self) -> Option<&Matched> {
        match self {
            Verdict::Allowed(by) => by.as_ref(),
            Verdict::Denied(denial) => denial.by.as_ref(),
        }
    }
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

impl Denial {
    /// What the caller is told.
    pub fn text(&self, principal_arn: &str, action: Action, resource: &str) -> String {
        let context = match self.reason {
            DenialReason::ExplicitIdentity => " with an explicit deny in an identity-based policy",
            DenialReason::ExplicitBoundary => " with an explicit deny in a permissions boundary",
            DenialReason::ExplicitSession => " with an explicit deny in a session policy",
            DenialReason::ImplicitIdentity => " because no identity-based policy allows the ",
            DenialReason::ImplicitBoundary => " because no permissions boundary allows the ",
            DenialReason::ImplicitSession => " because no session policy allows the ",
        };
        let mut text = format!(
            "User: {principal_arn} is not authorized to perform: {action} on resource: \
             {resource}{context}"
        );
        if !self.reason.is_explicit() {
            text += &format!("{action} action");
        }
        text
    }
}

impl DenialReason {
    /// One word for it, as the audit writes it.
    pub fn word(self) -> &'static str {
        match self {
            DenialReason::ExplicitIdentity => "explicit-identity",
            DenialReason::ExplicitBoundary => "explicit-boundary",
            DenialReason::ExplicitSession => "explicit-session",
            DenialReason::ImplicitIdentity => "implicit-identity",
            DenialReason::ImplicitBoundary => "implicit-boundary",
            DenialReason::ImplicitSession => "implicit-session",
        }
    }

    /// Whether a statement denies; otherwise none allows.
    pub fn is_explicit(self) -> bool {
        match self {
            DenialReason::ExplicitIdentity
            | DenialReason::ExplicitBoundary
            | DenialReason::ExplicitSession => true,
            DenialReason::ImplicitIdentity
            | DenialReason::ImplicitBoundary
            | DenialReason::ImplicitSession => false,
        }
    }
}

impl Permissions {
    /// Evaluates everything that binds `principal`, in the order of access.md, section 2.4.
    pub fn judge(&self, principal: &Principal, check: &Check<'_>) -> Verdict {
        use DenialReason as Reason;
        let context = Context { principal, check };
        let name = Name::split(check.resource);
        let name = name.as_ref();
        let alone = |policy| Opinion::of(std::slice::from_ref(policy), name, &context);
        let identity = Opinion::of(&self.identity, name, &context);
        let boundary = self.boundary.as_ref().map(alone);
        let session = self.session.as_ref().map(alone);

        let explicit = [
            (Some(&identity), Reason::ExplicitIdentity),
            (boundary.as_ref(), Reason::ExplicitBoundary),
            (session.as_ref(), Reason::ExplicitSession),
        ];
        for (opinion, reason) in explicit {
            if let Some(found) = opinion.and_then(|opinion| opinion.denies) {
                return Verdict::Denied(Denial { reason, by: Some(found.matched()) });
            }
        }
        // The root of an account needs no permission.
        if principal.kind == PrincipalKind::Account {
            return Verdict::Allowed(None);
        }
        let implicit = |reason| Verdict::Denied(Denial { reason, by: None });
        let Some(allows) = identity.allows else { return implicit(Reason::ImplicitIdentity) };
        if boundary.is_some_and(|boundary| boundary.allows.is_none()) {
            return implicit(Reason::ImplicitBoundary);
        }
        if session.is_some_and(|session| session.allows.is_none()) {
            return implicit(Reason::ImplicitSession);
        }
        Verdict::Allowed(Some(allows.matched()))
    }

    /// Whether the verdict on an action depends on the resource alone: no statement that speaks of
    /// it has conditions or variables. Then one verdict does for all checks of one request that agree in both.
    pub fn is_unconditional(&self, action: Action) -> bool {
        let policies = self.identity.iter().chain(&self.boundary).chain(&self.session);
        let mut statements = policies.flat_map(|policy| &policy.statements);
        statements.all(|statement| !statement.speaks_of(action) || statement.is_unconditional())
    }
}

/// What a set of policies says of a check: the first statement of each effect that matches.
struct Opinion<'a> {
    denies: Option<Found<'a>>,
    allows: Option<Found<'a>>,
}

/// A statement, and where it is.
#[derive(Clone, Copy)]
struct Found<'a> {
    policy: &'a Policy,
    index: usize,
}

impl Found<'_> {
    fn matched(self) -> Matched {
        let Found { policy, index } = self;
        let sid = policy.statements[index].sid.clone();
        Matched { policy: policy.name.clone(), statement: index + 1, sid }
    }
}

impl<'a> Opinion<'a> {
    /// Looks at every statement, since one that allows says nothing of those behind it. Only behind
    /// one that denies there is nothing left to learn.
    fn of(policies: &'a [Arc<Policy>], name: Option<&Name<'_>>, context: &Context<'_>) -> Self {
        let mut opinion = Opinion { denies: None, allows: None };
        let statements = policies
            .iter()
            .flat_map(|policy| policy.statements.iter().enumerate().map(move |at| (policy, at)));
        for (policy, (index, statement)) in statements {
            match statement.effect {
                // One that allows is enough.
                Effect::Allow if opinion.allows.is_some() => (),
                Effect::Allow if statement.matches(name, context) => {
                    opinion.allows = Some(Found { policy, index });
                }
                Effect::Deny if statement.matches(name, context) => {
                    opinion.denies = Some(Found { policy, index });
                    return opinion;
                }
                Effect::Allow | Effect::Deny => (),
            }
        }
        opinion
    }
}

#[cfg(test)]
mod tests;
