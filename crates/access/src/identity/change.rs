//! What happens to a directory. Each change is one row of the store.

use super::record::{
    AccountRecord, DeletedKeyRecord, Folded, GroupRecord, KeyRecord, KeyUse, PolicyRecord,
    RoleRecord, UserRecord,
};
use std::sync::Arc;
use wire::Timestamp;

/// One record that is put in the place of what it was, or deleted. The first text of those that
/// have one is the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// An account.
    PutAccount(AccountRecord),
    /// An account. Nothing of it is left by then.
    DeleteAccount(Arc<str>),
    /// A managed policy.
    PutPolicy(Arc<str>, PolicyRecord),
    /// A managed policy. Nothing uses it by then.
    DeletePolicy(Arc<str>, Folded),
    /// A group.
    PutGroup(Arc<str>, GroupRecord),
    /// A group. Nobody is in it by then.
    DeleteGroup(Arc<str>, Folded),
    /// A user.
    PutUser(Arc<str>, UserRecord),
    /// A user. It has no keys by then.
    DeleteUser(Arc<str>, Folded),
    /// A role.
    PutRole(Arc<str>, RoleRecord),
    /// A role.
    DeleteRole(Arc<str>, Folded),
    /// An access key, by its id.
    PutKey(KeyRecord),
    /// An access key, and when it was last used.
    DeleteKey(Arc<str>),
    /// When an access key was last used.
    PutKeyUse(Arc<str>, KeyUse),
    /// That there was an access key, which is to stay deleted.
    PutDeletedKey(DeletedKeyRecord),
    /// The same, by the key's id: nothing is known of it any more.
    ForgetDeletedKey(Arc<str>),
    /// The greatest wall time that was seen.
    PutTime(Timestamp),
}
