//! Puts a backup into a data directory of its own.
//!
//! Invariant: until every row is durable the directory is marked as one that is being restored, and
//! no server opens it.

use super::BackupError;
use super::manifest::{BackupId, Manifest};
use super::repository::Reading;
use super::verify::COUNTS_DIFFER;
use crate::contract::{Batch, CommitError, Epoch, ShardId, Store, StoreError};
use crate::embedded::{OpenError, Restoring};

/// How much is committed at a time, in bytes of keys and values; one chunk more at most.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// What has been restored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Shards that hold rows.
    pub shards: u64,
    /// Rows.
    pub rows: u64,
    /// Their keys and values, in bytes.
    pub bytes: u64,
}

/// Why a backup was not restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The backup could not be read.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The directory could not be made or opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A shard could not be claimed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Rows could not be written.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// Puts the backup of `manifest` into `target` and makes it a data directory.
///
/// Claims begin anew: nobody holds one of a directory that has just been made. When all rows are there,
/// `note` may add what the directory is to know of its restoration; if it fails, none is made.
pub fn restore(
    repository: &Reading,
    (id, manifest): (&BackupId, &Manifest),
    target: Restoring,
    owner: &str,
    note: impl FnOnce(&dyn Store) -> Result<(), StoreError>,
    tell: &mut dyn FnMut(&Restored),
) -> Result<Restored, RestoreError> {
    let store = target.store();
    let mut restored = Restored::default();
    for shard in &manifest.shards {
        let number = ShardId(shard.shard);
        let epoch = store.claim(number, owner)?;
        let (mut batch, mut bytes) = (Batch::default(), 0);
        for chunk in &shard.chunks {
            for (key, value) in repository.entries(chunk.sha256.0)? {
                restored.rows += 1;
                bytes += key.len() + value.len();
                batch.put(key, value);
            }
            if BATCH_BYTES <= bytes {
                commit(store, (number, epoch), &mut batch)?;
                restored.bytes += std::mem::take(&mut bytes) as u64;
                tell(&restored);
            }
        }
        commit(store, (number, epoch), &mut batch)?;
        restored.bytes += bytes as u64;
        restored.shards += 1;
        tell(&restored);
    }
    if (restored.rows, restored.bytes) != (manifest.rows, manifest.bytes) {
        let (path, what) = (repository.manifest_path(id), COUNTS_DIFFER.to_owned());
        return Err(BackupError::Damaged { path, what }.into());
    }
    note(store)?;
    target.finish()?;
    Ok(restored)
}

fn commit(
    store: &dyn Store,
    (shard, epoch): (ShardId, Epoch),
    batch: &mut Batch,
) -> Result<(), CommitError> {
    if batch.is_empty() {
        return Ok(());
    }
    store.commit(shard, epoch, std::mem::take(batch))
}
