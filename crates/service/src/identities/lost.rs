//! Identities whose master key is lost, in a store that no service uses: they are read without it, and
//! what it has sealed is deleted, so that [`Identities::open`](super::Identities::open) has no reason
//! to refuse the rest.

use super::rows::{load, write};
use super::{IdentitiesError, KEYS_PER_COMMIT};
use crate::keys;
use access::identity::{Change, Directory};
use std::sync::Arc;
use store::{Batch, Store, StoreError};
use wire::Timestamp;

/// The identities as they are stored. Whether the secrets among them open is not looked at.
pub fn stored_identities(store: &dyn Store, now: Timestamp) -> Result<Directory, IdentitiesError> {
    load(store, now)
}

/// Deletes access keys, and what is known of their use. They are lost and not revoked, so nothing is
/// remembered that would keep a document from bringing them back. Where that fails, some of them may be gone.
pub fn discard_access_keys(
    owner: &str,
    store: &dyn Store,
    ids: &[Arc<str>],
) -> Result<(), StoreError> {
    let epoch = store.claim(keys::IDENTITY_SHARD, owner)?;
    for ids in ids.chunks(KEYS_PER_COMMIT) {
        let mut batch = Batch::default();
        ids.iter().for_each(|id| write(&Change::DeleteKey(Arc::clone(id)), &mut batch));
        store
            .commit(keys::IDENTITY_SHARD, epoch, batch)
            .map_err(|error| StoreError(format!("the keys were not all deleted: {error}")))?;
    }
    Ok(())
}
