//! Who there is: accounts, users, groups, roles, managed policies, access keys and sessions.
//!
//! A [`Directory`] is one state of them, and a fold over [`Change`]s. An operation is looked at
//! purely ([`Directory::apply`]) and gives the changes that whoever keeps the directory makes
//! durable before they are folded in. Names, quotas and refusals are IAM's.
//!
//! Invariants: a secret is in memory only while it is used, and sealed otherwise; nothing here
//! shows one in `Debug` or `Display`. Every policy of a directory has been read, so a check builds
//! nothing. Time and chance are handed in.

mod about;
mod apply;
mod asked;
mod change;
mod deleted_keys;
mod directory;
mod document;
mod fault;
mod fresh;
mod import;
mod judge;
pub mod limits;
mod names;
mod plan;
mod record;
mod reply;
mod request;
mod resolve;
mod sealing;
mod sessions;
mod shape;
mod warnings;

pub use apply::{Applied, Setting, Simulation};
pub use change::Change;
pub use directory::{Directory, Unreadable};
pub use document::{
    AccountEntry, Document, GroupEntry, KeyEntry, PolicyEntry, RoleEntry, SecretError,
    SecretSource, UserEntry,
};
pub use fault::IdentityFault;
pub use fresh::Fresh;
pub use judge::{Asker, Judged};
pub use plan::{Plan, PlanError, Step, Unnamed, carry_out};
pub use record::{
    AccountRecord, DeletedKeyRecord, Documents, Folded, GroupRecord, KeyOwner, KeyRecord,
    KeyStatus, KeyUse, PolicyRecord, RoleRecord, Tags, UserRecord, root_arn,
};
pub use reply::*;
pub use request::*;
pub use resolve::KeyMaterial;
pub use sealing::{
    Keyring, KeyringError, MASTER_KEY_BYTES, NONCE_BYTES, OpenError, Sealed, Secret,
};
pub use shape::{Kind, Member, Shape, Words};
pub use warnings::DocumentWarning;

#[cfg(test)]
mod tests;
