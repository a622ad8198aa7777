//! Who calls, as established once for each request, and what the policies say of a check.

use crate::check::{Check, Origin};
use crate::policy::{Permissions, Verdict};
use std::collections::BTreeMap;
use std::sync::Arc;
use wire::Timestamp;

/// A caller: in whose name and from where a request acts.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Twelve digits: the account of the access key.
    pub account: Arc<str>,
    /// Such as `us-east-1`: the region of the credential's scope.
    pub region: Arc<str>,
    /// Whose rights count.
    pub authority: Authority,
    /// Where the request comes from.
    pub origin: Arc<Origin>,
}

/// Whose rights count.
#[derive(Clone, Debug)]
pub enum Authority {
    /// Nobody asks: access control is off.
    Unrestricted,
    /// A principal and the credential that it presented.
    Principal(Arc<Principal>, KeyRef),
}

/// The credential that established a principal, so that it can be looked at again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRef {
    /// The access key that signed the request.
    pub access_key_id: Arc<str>,
    /// Temporary credentials only: the session's token, to be opened again.
    pub session: Option<Session>,
}

/// A role's session, as its token says.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Session {
    /// The role's account.
    pub account: Arc<str>,
    /// The role's name.
    pub role_name: Arc<str>,
    /// The role's id: one that is made again under its name has another, and its sessions end.
    pub role_id: Arc<str>,
    /// Chosen by who assumed the role.
    pub name: Arc<str>,
    /// When the credentials were issued.
    pub issued_at: Timestamp,
    /// From when on they are refused.
    pub expires_at: Timestamp,
    /// What the session is cut down to, if anything: a policy document.
    pub policy: Option<Arc<str>>,
    /// The resource name of who assumed the role.
    pub source: Arc<str>,
}

/// Someone who can be allowed or denied something, as of one state of the identities.
#[derive(Clone, Debug)]
pub struct Principal {
    /// Such as `arn:aws:iam::000000000000:user/decider`.
    pub arn: Arc<str>,
    /// Role sessions only: the role's own name, which is what `aws:PrincipalArn` says of them.
    pub role_arn: Option<Arc<str>>,
    /// Twelve digits.
    pub account: Arc<str>,
    /// What it is.
    pub kind: PrincipalKind,
    /// `aws:username`: users only.
    pub user_name: Option<Arc<str>>,
    /// `aws:userid`.
    pub user_id: Arc<str>,
    /// `aws:PrincipalTag/*`.
    pub tags: BTreeMap<Arc<str>, Arc<str>>,
    /// `aws:TokenIssueTime`: temporary credentials only.
    pub token_issued_at: Option<Timestamp>,
    /// Its policies.
    pub permissions: Permissions,
}

/// `aws:PrincipalType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrincipalKind {
    /// The account's root: only its explicit denials bind it (access.md, section 2.4).
    Account,
    /// A user.
    User,
    /// A role's session.
    AssumedRole,
}

impl Caller {
    /// A caller of whom nobody asks anything, in an account and region.
    pub fn unrestricted(account: Arc<str>, region: Arc<str>) -> Caller {
        let origin = Arc::new(Origin::default());
        Caller { account, region, authority: Authority::Unrestricted, origin }
    }

    /// What the policies say of `check`.
    pub fn judge(&self, check: &Check<'_>) -> Verdict {
        match &self.authority {
            Authority::Unrestricted => Verdict::Allowed(None),
            Authority::Principal(principal, _) => principal.permissions.judge(principal, check),
        }
    }
}
