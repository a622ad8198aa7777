//! Trust policies: who may assume a role (`AssumeRolePolicyDocument`).
//!
//! They differ from others in that they name principals and no resource: the role is the resource.

use super::condition::Condition;
use super::document::{self, Elements, Reader, texts};
use super::error::{PolicyError, PolicyWarning};
use super::key::Context;
use super::node::Node;
use super::statement::Effect;
use crate::caller::{Principal, PrincipalKind};
use crate::check::Check;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A trust policy, read and checked.
#[derive(Clone, Debug)]
pub struct TrustPolicy {
    document: Arc<str>,
    statements: Vec<TrustStatement>,
    warnings: Vec<PolicyWarning>,
}

/// What a trust policy says of somebody who wants to assume the role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// A statement denies it.
    Denied,
    /// No statement allows it.
    Unmentioned,
    /// The account is trusted, or everybody is: who is in it still needs a policy that allows
    /// `sts:AssumeRole` on the role.
    Account,
    /// The principal itself is named. Within the role's own account, that is enough.
    Named,
}

/// The ids of users and roles, by their resource names.
pub type TrustedIds = BTreeMap<Arc<str>, Arc<str>>;

/// How long a trust policy may be: IAM's quota.
const CHARACTERS_MAX: usize = 2048;

/// The one action that is asked of a trust policy.
const SERVICE: &str = "sts";
const ACTION: &str = "AssumeRole";
/// Trust policies of AWS have it beside the other, and so it is no slip of the pen.
const TAG_SESSION: &str = "TagSession";

#[derive(Clone, Debug)]
struct TrustStatement {
    effect: Effect,
    /// Whether it speaks of assuming the role, and not only of other things.
    concerned: bool,
    trusted: Vec<Trusted>,
    conditions: Box<[Condition]>,
}

/// Somebody whom a statement speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Trusted {
    Everybody,
    /// By its twelve digits.
    Account(Box<str>),
    /// A user, a role or a role's session, by name.
    Named(Box<str>),
}

impl TrustPolicy {
    /// Reads a document.
    pub fn parse(document: &str) -> Result<TrustPolicy, PolicyError> {
        let (statements, reader) = document::read(document, CHARACTERS_MAX, statement)?;
        Ok(TrustPolicy { document: document.into(), statements, warnings: reader.warnings })
    }

    /// The document, as it was given.
    pub fn document(&self) -> &Arc<str> {
        &self.document
    }

    /// What in it is legal, but has no effect.
    pub fn warnings(&self) -> &[PolicyWarning] {
        &self.warnings
    }

    /// Those whom it names itself, by their resource names.
    pub fn named(&self) -> impl Iterator<Item = &str> {
        let trusted = self.statements.iter().flat_map(|statement| &statement.trusted);
        trusted.filter_map(|trusted| match trusted {
            Trusted::Named(name) => Some(&**name),
            Trusted::Everybody | Trusted::Account(_) => None,
        })
    }

    /// The accounts that it names as a whole, by their ids.
    pub fn accounts(&self) -> impl Iterator<Item = &str> {
        let trusted = self.statements.iter().flat_map(|statement| &statement.trusted);
        trusted.filter_map(|trusted| match trusted {
            Trusted::Account(account) => Some(&**account),
            Trusted::Everybody | Trusted::Named(_) => None,
        })
    }

    /// Whether `principal` may assume the role. The check is that of `sts:AssumeRole` on the role;
    /// of it, only what conditions ask for counts. `ids` are those of users and roles who had the
    /// names in it when it was written: who was made again under such a name is not meant.
    pub fn admits(&self, principal: &Principal, ids: &TrustedIds, check: &Check<'_>) -> Admission {
        let context = Context { principal, check };
        let mut admission = Admission::Unmentioned;
        for statement in self.statements.iter().filter(|statement| statement.concerned) {
            let Some(how) = statement.speaks_of(principal, ids) else { continue };
            let mut conditions = statement.conditions.iter();
            if !conditions.all(|condition| condition.holds(statement.effect, &context)) {
                continue;
            }
            match (statement.effect, how) {
                (Effect::Deny, _) => return Admission::Denied,
                (Effect::Allow, Admission::Named) => admission = Admission::Named,
                (Effect::Allow, how) if admission == Admission::Unmentioned => admission = how,
                (Effect::Allow, _) => (),
            }
        }
        admission
    }
}

impl TrustStatement {
    /// How it speaks of a principal, if it does. What denies, denies to whoever has the name.
    fn speaks_of(&self, principal: &Principal, ids: &TrustedIds) -> Option<Admission> {
        // That of a session is its role's id with its own name.
        let id = principal.user_id.split(':').next();
        let meant = |name: &str| {
            self.effect == Effect::Deny || ids.get(name).is_none_or(|meant| id == Some(&**meant))
        };
        let named = |name: &str| {
            (*principal.arn == *name || principal.role_arn.as_deref() == Some(name)) && meant(name)
        };
        let hows = self.trusted.iter().filter_map(|trusted| match trusted {
            Trusted::Named(name) if named(name) => Some(Admission::Named),
            Trusted::Account(account) if *principal.account == **account => {
                // An account's root is the account.
                let is_root = principal.kind == PrincipalKind::Account;
                Some(if is_root { Admission::Named } else { Admission::Account })
            }
            Trusted::Everybody => Some(Admission::Account),
            Trusted::Named(_) | Trusted::Account(_) => None,
        });
        hows.fold(None, |best, how| if best == Some(Admission::Named) { best } else { Some(how) })
    }
}

fn statement(reader: &mut Reader, elements: &Elements<'_>) -> Result<TrustStatement, PolicyError> {
    elements.without(&["Resource", "NotResource", "NotPrincipal"])?;
    reader.sid(elements)?;
    let effect = reader.effect(elements)?;
    let concerned = reader.speaks_of(elements, SERVICE, ACTION)?;
    if !concerned && !reader.speaks_of(elements, SERVICE, TAG_SESSION)? {
        let place = elements.place.clone();
        reader.warnings.push(PolicyWarning::NotAboutTrust { place });
    }
    Ok(TrustStatement {
        effect,
        concerned,
        trusted: principals(elements)?,
        conditions: reader.conditions(elements, None)?,
    })
}

/// Reads `"*"` or an object of lists. Services and federated users are never principals here, but
/// roles that were written for AWS trust them.
fn principals(elements: &Elements<'_>) -> Result<Vec<Trusted>, PolicyError> {
    let place = format!("{}.Principal", elements.place);
    let node = elements.get("Principal").ok_or_else(|| elements.missing("Principal"))?;
    if let Node::Text(text) = node {
        if text == "*" {
            return Ok(vec![Trusted::Everybody]);
        }
        return Err(PolicyError::TrustedPrincipal { place, given: text.clone() });
    }
    let mut trusted = Vec::new();
    let kinds = Elements::of(node, place)?;
    if kinds.entries().is_empty() {
        return Err(kinds.missing("AWS"));
    }
    for (kind, node) in kinds.entries() {
        let place = format!("{}.{kind}", kinds.place);
        match kind.as_str() {
            "AWS" => {
                for (place, text) in texts(node, place)? {
                    let given = || text.to_owned();
                    let read = Trusted::parse(text);
                    trusted
                        .push(read.ok_or(PolicyError::TrustedPrincipal { place, given: given() })?);
                }
            }
            "Service" | "Federated" => {
                texts(node, place)?;
            }
            other => {
                let (place, element) = (kinds.place.clone(), other.to_owned());
                return Err(PolicyError::UnknownElement { place, element });
            }
        }
    }
    Ok(trusted)
}

impl Trusted {
    fn parse(text: &str) -> Option<Trusted> {
        let is_account =
            |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        if text == "*" {
            return Some(Trusted::Everybody);
        }
        if is_account(text) {
            return Some(Trusted::Account(text.into()));
        }
        // Names have no wildcards here: a role trusts somebody, or an account.
        if text.contains(['*', '?']) {
            return None;
        }
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", _, service, "", account, name] = parts[..] else { return None };
        let known = match service {
            "iam" => name == "root" || name.starts_with("user/") || name.starts_with("role/"),
            "sts" => name.starts_with("assumed-role/"),
            _ => false,
        };
        if !is_account(account) || !known {
            return None;
        }
        if name == "root" {
            return Some(Trusted::Account(account.into()));
        }
        Some(Trusted::Named(text.into()))
    }
}
