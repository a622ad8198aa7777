//! A backup as a store that is only read.
//!
//! Invariant: what it answers was compared with its digest when it was read from the disk. Holds a
//! bounded number of chunks at a time.

use super::BackupError;
use super::chunk::ChunkName;
use super::manifest::{ChunkOf, Manifest};
use super::repository::Reading;
use crate::contract::{
    Batch, CommitError, Direction, Entry, Epoch, Page, ShardId, Snapshot, Store, StoreError,
};
use lru::LruCache;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::{Arc, Mutex};

/// Chunks at hand: those that the runs of a shard use in turn, a table each, and some more.
const CHUNKS_MAX: NonZeroUsize = NonZeroUsize::new(48).expect("it is not zero");

type Chunk = Arc<Vec<Entry>>;

/// A backup to look at; clones share what they have read.
#[derive(Clone)]
pub struct View {
    repository: Arc<Reading>,
    shards: Arc<BTreeMap<ShardId, Vec<ChunkOf>>>,
    read: Arc<Mutex<LruCache<ChunkName, Chunk>>>,
}

impl View {
    /// Looks at the backup of `manifest`.
    pub fn new(repository: Arc<Reading>, manifest: Manifest) -> View {
        let shards = manifest.shards.into_iter();
        let shards = shards.map(|shard| (ShardId(shard.shard), shard.chunks)).collect();
        let read = Mutex::new(LruCache::new(CHUNKS_MAX));
        View { repository, shards: Arc::new(shards), read: Arc::new(read) }
    }

    fn chunks(&self, shard: ShardId) -> &[ChunkOf] {
        self.shards.get(&shard).map_or(&[], Vec::as_slice)
    }

    fn entries(&self, chunk: &ChunkOf) -> Result<Chunk, StoreError> {
        let name = chunk.sha256.0;
        let mut read = self.read.lock().expect("nothing panics while it is locked");
        if let Some(entries) = read.get(&name) {
            return Ok(Arc::clone(entries));
        }
        let entries = self.repository.entries(name).and_then(|entries| {
            let damaged = |what: &str| {
                let path = self.repository.chunk_path(name);
                BackupError::Damaged { path, what: what.to_owned() }
            };
            let first = entries.first().map(|(key, _)| key);
            if first != Some(&chunk.first.0) || entries.len() as u64 != chunk.rows {
                return Err(damaged("its rows are not those that its backup names"));
            }
            Ok(Arc::new(entries))
        });
        let entries = entries.map_err(|error| StoreError(error.to_string()))?;
        read.put(name, Arc::clone(&entries));
        Ok(entries)
    }

    /// The entries from `start` on, until `take` says no.
    fn ascend(
        &self,
        shard: ShardId,
        start: &[u8],
        mut take: impl FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StoreError> {
        let chunks = self.chunks(shard);
        // The last chunk that may hold the first of them.
        let begin = chunks.partition_point(|chunk| chunk.first.0.as_slice() <= start);
        for chunk in &chunks[begin.saturating_sub(1)..] {
            let entries = self.entries(chunk)?;
            let begin = entries.partition_point(|(key, _)| key.as_slice() < start);
            for (key, value) in &entries[begin..] {
                if !take(key, value) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The entries before `end`, against their order, until `take` says no.
    fn descend(
        &self,
        shard: ShardId,
        end: &[u8],
        mut take: impl FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StoreError> {
        let chunks = self.chunks(shard);
        let behind = chunks.partition_point(|chunk| chunk.first.0.as_slice() < end);
        for chunk in chunks[..behind].iter().rev() {
            let entries = self.entries(chunk)?;
            let behind = entries.partition_point(|(key, _)| key.as_slice() < end);
            for (key, value) in entries[..behind].iter().rev() {
                if !take(key, value) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

fn only_read() -> StoreError {
    StoreError("a backup is only read".to_owned())
}

impl Store for View {
    fn claim(&self, _shard: ShardId, _owner: &str) -> Result<Epoch, StoreError> {
        Err(only_read())
    }

    fn commit(&self, _shard: ShardId, _epoch: Epoch, _batch: Batch) -> Result<(), CommitError> {
        Err(CommitError::Unknown(only_read()))
    }

    fn get(&self, shard: ShardId, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let mut found = None;
        self.ascend(shard, key, |first, value| {
            found = (first == key).then(|| value.to_vec());
            false
        })?;
        Ok(found)
    }

    fn scan(
        &self,
        shard: ShardId,
        range: Range<&[u8]>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let mut found: Vec<Entry> = Vec::new();
        let take = |key: &[u8], value: &[u8]| {
            let is_one = found.len() < limit && range.contains(&key);
            if is_one {
                found.push((key.to_vec(), value.to_vec()));
            }
            is_one
        };
        if limit != 0 && range.start < range.end {
            match direction {
                Direction::Ascending => self.ascend(shard, range.start, take)?,
                Direction::Descending => self.descend(shard, range.end, take)?,
            }
        }
        Ok(found)
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        Ok(Box::new(self.clone()))
    }
}

impl Snapshot for View {
    fn shards(&self) -> Result<Vec<ShardId>, StoreError> {
        Ok(self.shards.keys().copied().collect())
    }

    fn page(
        &self,
        shard: ShardId,
        after: Option<&[u8]>,
        bytes_max: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let mut page = Page::new(bytes_max);
        self.ascend(shard, after.unwrap_or_default(), |key, value| {
            if Some(key) == after {
                return true;
            }
            let takes = page.takes(key, value);
            if takes {
                page.entries.push((key.to_vec(), value.to_vec()));
            }
            takes
        })?;
        Ok(page.entries)
    }
}
