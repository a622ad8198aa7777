//! What the identities consist of, as it is stored.
//!
//! The serialized forms are the store's format: members are added with a default, and none changes
//! its meaning. Names of members are written out here for that reason.

use super::sealing::Sealed;
use crate::policy::TrustedIds;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use wire::Timestamp;

/// Tags by their keys.
pub type Tags = BTreeMap<Arc<str>, Arc<str>>;

/// Documents of inline policies by their names.
pub type Documents = BTreeMap<Arc<str>, Arc<str>>;

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRecord {
    /// Twelve digits.
    pub id: Arc<str>,
    /// For people.
    pub name: Arc<str>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRecord {
    /// Its name, in the spelling in which it was made. Names differ in more than case.
    pub name: Arc<str>,
    /// Begins and ends with a slash.
    pub path: Arc<str>,
    /// `AIDA` and 17 characters. A user that is made again under its name has another one.
    pub id: Arc<str>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its tags.
    pub tags: Tags,
    /// Its inline policies.
    pub policies: Documents,
    /// The resource names of managed policies.
    pub attached: BTreeSet<Arc<str>>,
    /// The managed policy that bounds it.
    pub boundary: Option<Arc<str>>,
    /// Names of groups, folded.
    pub groups: BTreeSet<Folded>,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRecord {
    /// Its name.
    pub name: Arc<str>,
    /// Begins and ends with a slash.
    pub path: Arc<str>,
    /// `AGPA` and 17 characters.
    pub id: Arc<str>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its inline policies.
    pub policies: Documents,
    /// The resource names of managed policies.
    pub attached: BTreeSet<Arc<str>>,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleRecord {
    /// Its name.
    pub name: Arc<str>,
    /// Begins and ends with a slash.
    pub path: Arc<str>,
    /// `AROA` and 17 characters. Sessions name it, so those of a role that was deleted end.
    pub id: Arc<str>,
    /// When it was made.
    pub created_at: Timestamp,
    /// For people.
    pub description: Arc<str>,
    /// Who may assume it: a policy document with principals.
    pub trust: Arc<str>,
    /// The ids of those whom that names, as of when it was written: whoever is made again under
    /// such a name is somebody else.
    #[serde(default, skip_serializing_if = "TrustedIds::is_empty")]
    pub trusted: TrustedIds,
    /// The longest that a session may be asked to last.
    pub session_seconds_max: u32,
    /// Its tags.
    pub tags: Tags,
    /// Its inline policies.
    pub policies: Documents,
    /// The resource names of managed policies.
    pub attached: BTreeSet<Arc<str>>,
    /// The managed policy that bounds it.
    pub boundary: Option<Arc<str>>,
}

/// A managed policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRecord {
    /// Its name: unique in its account, whatever the path.
    pub name: Arc<str>,
    /// Begins and ends with a slash.
    pub path: Arc<str>,
    /// `ANPA` and 17 characters.
    pub id: Arc<str>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its document was last replaced.
    pub updated_at: Timestamp,
    /// For people.
    pub description: Arc<str>,
    /// What it says.
    pub document: Arc<str>,
}

/// An access key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecord {
    /// `AKIA` and 16 characters, or whatever an imported one is.
    pub id: Arc<str>,
    /// Its account.
    pub account: Arc<str>,
    /// Whose it is.
    pub owner: KeyOwner,
    /// Whether it is accepted.
    pub status: KeyStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its secret.
    pub secret: Sealed,
}

/// An access key that is there no more: a document that still names it does not bring it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletedKeyRecord {
    /// Its id.
    pub id: Arc<str>,
    /// Its account.
    pub account: Arc<str>,
    /// Whose it was. Records from before that was kept lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<KeyOwner>,
    /// When it was deleted.
    pub deleted_at: Timestamp,
}

/// Whose an access key is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum KeyOwner {
    /// The root of its account.
    Root,
    /// A user, by its name folded.
    User(Folded),
}

/// Whether an access key is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyStatus {
    /// It is.
    Active,
    /// It is not.
    Inactive,
}

/// When an access key was last used, within the interval at which that is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyUse {
    /// When.
    pub at: Timestamp,
    /// For which region.
    pub region: Arc<str>,
    /// For which service, such as `swf`.
    pub service: Arc<str>,
}

/// A name without its case: what tells users, groups, roles and policies apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Folded(Arc<str>);

impl Folded {
    /// The name without its case. Names are plain ASCII.
    pub fn of(name: &str) -> Folded {
        Folded(name.to_ascii_lowercase().into())
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl UserRecord {
    /// Its resource name.
    pub fn arn(&self, account: &str) -> String {
        format!("arn:aws:iam::{account}:user{}{}", self.path, self.name)
    }
}

impl GroupRecord {
    /// Its resource name.
    pub fn arn(&self, account: &str) -> String {
        format!("arn:aws:iam::{account}:group{}{}", self.path, self.name)
    }
}

impl RoleRecord {
    /// Its resource name.
    pub fn arn(&self, account: &str) -> String {
        format!("arn:aws:iam::{account}:role{}{}", self.path, self.name)
    }
}

impl PolicyRecord {
    /// Its resource name.
    pub fn arn(&self, account: &str) -> String {
        format!("arn:aws:iam::{account}:policy{}{}", self.path, self.name)
    }
}

/// The resource name of an account's root.
pub fn root_arn(account: &str) -> String {
    format!("arn:aws:iam::{account}:root")
}
