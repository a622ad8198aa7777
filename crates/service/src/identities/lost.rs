//! Identities whose master key is lost, in a store that no service uses: they are read without it, and
//! what it has sealed is deleted, so that [`Identities::open`](super::Identities::open) has no reason
//! to refuse the rest.

use super::rows::{load, write};
use super::{IdentitiesError, KEYS_PER_COMMIT};
use crate::keys;
use access::identity::{Change, Directory, KeyRecord, KeyStatus};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{Batch, Store, StoreError};
use wire::Timestamp;

/// The identities as they are stored. Whether the secrets among them open is not looked at.
pub fn stored_identities(store: &dyn Store, now: Timestamp) -> Result<Directory, IdentitiesError> {
    load(store, now)
}

/// Deletes access keys of `directory`, and what is known of their use. They are lost and not revoked,
/// so nothing is remembered that would keep a document from bringing them back; but for those that
/// were disabled, which would come back enabled. Where that fails, some of them may be gone.
pub fn discard_access_keys(
    owner: &str,
    store: &dyn Store,
    directory: &Directory,
    keys: &[&Arc<KeyRecord>],
    now: Timestamp,
) -> Result<(), StoreError> {
    let epoch = store.claim(keys::IDENTITY_SHARD, owner)?;
    let mut changes = Vec::new();
    let mut disabled: BTreeMap<&str, Vec<&Arc<KeyRecord>>> = BTreeMap::new();
    for key in keys {
        match key.status {
            KeyStatus::Active => changes.push(Change::DeleteKey(Arc::clone(&key.id))),
            KeyStatus::Inactive => disabled.entry(&key.account).or_default().push(key),
        }
    }
    changes.extend(disabled.values().flat_map(|keys| directory.without_keys(keys, now)));
    for changes in changes.chunks(KEYS_PER_COMMIT) {
        let mut batch = Batch::default();
        changes.iter().for_each(|change| write(change, &mut batch));
        store
            .commit(keys::IDENTITY_SHARD, epoch, batch)
            .map_err(|error| StoreError(format!("the keys were not all deleted: {error}")))?;
    }
    Ok(())
}
