//! The contract of a store: five methods, what they give, and the errors a caller must tell apart.
//!
//! Invariant: an acknowledged commit is durable and whole, and whatever was not acknowledged is
//! whole or absent. Knows nothing of what keys and values mean, nor of how a backend keeps them.

use std::collections::BTreeMap;
use std::ops::{Bound, Range};

/// Longest key, in bytes; a longer one is a bug of the caller, and a store may panic on it.
pub const KEY_BYTES_MAX: usize = 16 * 1024;

/// A partition of the store with one writer at a time. The number leads every key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardId(pub u16);

/// Which claim of a shard a writer holds. A later claim has a larger epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(pub u64);

/// A key and its value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// The order in which [`Store::scan`] walks a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smallest key first.
    Ascending,
    /// Largest key first.
    Descending,
}

/// Writes that take effect together. A key appears once: `Some` puts a value, `None` deletes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl Batch {
    /// The value that `key` will have, replacing what the batch said of it before.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.writes.insert(key, Some(value));
    }

    /// `key` will be absent.
    pub fn delete(&mut self, key: Vec<u8>) {
        self.writes.insert(key, None);
    }

    /// What the batch says of `key`: `None` nothing, `Some(None)` deleted, `Some(Some(_))` put.
    pub fn get(&self, key: &[u8]) -> Option<Option<&[u8]>> {
        self.writes.get(key).map(|value| value.as_deref())
    }

    /// Every write, in key order.
    pub fn writes(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        self.writes.iter().map(|(key, value)| (key.as_slice(), value.as_deref()))
    }

    /// The writes whose keys are in `range`, in key order; none if the range ends before it starts.
    pub fn range(&self, range: Range<&[u8]>) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        let from_start = (Bound::Included(range.start), Bound::Unbounded);
        self.writes
            .range::<[u8], _>(from_start)
            .map(|(key, value)| (key.as_slice(), value.as_deref()))
            .take_while(move |(key, _)| *key < range.end)
    }

    /// True if it deletes more than it puts: what it puts is smaller than the keys that it deletes.
    /// A store that is short of room takes it for as long as it can, since that is how room is made.
    pub fn makes_room(&self) -> bool {
        let (mut put, mut deleted) = (0, 0);
        for (key, value) in &self.writes {
            match value {
                Some(value) => put += key.len() + value.len(),
                None => deleted += key.len(),
            }
        }
        put < deleted
    }

    /// True if there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// Adds the writes of `later`, which win over those already here.
    pub fn append(&mut self, later: Batch) {
        self.writes.extend(later.writes);
    }

    /// Every write, in key order, without copying keys and values.
    pub fn into_writes(self) -> impl Iterator<Item = (Vec<u8>, Option<Vec<u8>>)> {
        self.writes.into_iter()
    }
}

/// An ordered map of bytes per shard, with one writer a shard.
pub trait Store: Send + Sync {
    /// Makes the caller the writer of `shard`: commits under an earlier epoch are refused from
    /// now on, and everything they committed is visible. Durable on return. `owner` is kept for
    /// people who look at the store.
    fn claim(&self, shard: ShardId, owner: &str) -> Result<Epoch, StoreError>;

    /// Applies all of `batch` or none of it, and returns only when it is durable. Commits of
    /// different shards that wait at the same time may share one flush to disk.
    fn commit(&self, shard: ShardId, epoch: Epoch, batch: Batch) -> Result<(), CommitError>;

    /// The value of `key`, if it has one.
    fn get(&self, shard: ShardId, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// At most `limit` entries of `range` (its end is exclusive) as of one moment, in key order
    /// or against it. A range that ends before it starts is empty.
    fn scan(
        &self,
        shard: ShardId,
        range: Range<&[u8]>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError>;

    /// All shards as of one moment between two commits: a batch is in it whole or not at all, and
    /// what was acknowledged before the call is in it. What is in it keeps its room until it is
    /// dropped, so whoever takes one bounds for how long.
    fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError>;
}

/// What a store held at one moment, in every shard. Later commits do not change it.
pub trait Snapshot: Send {
    /// The shards that hold rows, in order.
    fn shards(&self) -> Result<Vec<ShardId>, StoreError>;

    /// Entries of `shard` in key order, the first of them the next behind `after`, or the first of
    /// all without it. As many as have `bytes_max` bytes of keys and values together; but one at
    /// least, however large, as long as there are any. None is the end.
    fn page(
        &self,
        shard: ShardId,
        after: Option<&[u8]>,
        bytes_max: usize,
    ) -> Result<Vec<Entry>, StoreError>;
}

/// A page of a snapshot that is being filled.
pub(crate) struct Page {
    pub(crate) entries: Vec<Entry>,
    bytes: usize,
    bytes_max: usize,
}

impl Page {
    pub(crate) fn new(bytes_max: usize) -> Page {
        Page { entries: Vec::new(), bytes: 0, bytes_max }
    }

    /// Whether the next entry still belongs to the page; it is counted then.
    pub(crate) fn takes(&mut self, key: &[u8], value: &[u8]) -> bool {
        self.bytes = self.bytes.saturating_add(key.len() + value.len());
        self.entries.is_empty() || self.bytes <= self.bytes_max
    }
}

/// The store could not answer. What it holds is unchanged.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("the store failed: {0}")]
pub struct StoreError(pub String);

/// Why a commit was not acknowledged.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum CommitError {
    /// Nothing was written, and nothing under this epoch ever will be: another owner claimed the
    /// shard.
    #[error("another owner has claimed the shard")]
    Fenced,
    /// Nothing was written: there is too little room. The same epoch may commit again later, and
    /// what makes room ([`Batch::makes_room`]) perhaps even now.
    #[error("the store has too little room: {0}")]
    Full(String),
    /// Durable or not, now or later: claim again and reload before deciding anything.
    #[error("the outcome of the commit is unknown: {0}")]
    Unknown(StoreError),
}
