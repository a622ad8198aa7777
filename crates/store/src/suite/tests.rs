//! Proof that the suite notices: each deliberate bug must break it, at the promise it breaks.
//!
//! Knows nothing of real backends: a bug wraps the store in memory.

use super::check_store;
use crate::contract::{
    Batch, CommitError, Direction, Entry, Epoch, ShardId, Snapshot, Store, StoreError,
};
use crate::memory::Memory;
use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// How long a commit in steps waits for a scan, in yields of the processor: far longer than a scan
/// takes, and little enough to wait for in vain.
const SCAN_WAIT_YIELDS_MAX: u32 = 100_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bug {
    ForgetsTheFence,
    WritesThenFences,
    HandsOutTheSameEpoch,
    RestartsEpochs,
    AppliesHalfABatch,
    AppliesABatchInSteps,
    SkipsDeletes,
    DropsEmptyValues,
    CutsLargeValues,
    LosesTheLastCommit,
    IncludesTheEnd,
    IgnoresTheLimit,
    IgnoresTheDirection,
    LimitsBeforeReversing,
    MixesNeighbourShards,
    SnapshotsSeeLaterCommits,
    SnapshotsShardByShard,
    SnapshotsLeaveAShardOut,
    PagesBeginWithTheKeyBefore,
    PagesHaveNoBound,
    PagesAreEmptyIfARowIsLarge,
}

/// The store in memory with one bug. Each opening of it is a new one over the same memory.
struct Broken {
    memory: Memory,
    bug: Bug,
    claims: AtomicU64,
    scans: AtomicU64,
}

impl Broken {
    /// Commits whoever the owner is.
    fn commit_unfenced(&self, shard: ShardId, batch: Batch) -> Result<(), CommitError> {
        let epoch = self.memory.claim(shard, "thief").expect("memory has no plan");
        self.memory.commit(shard, epoch, batch)
    }

    fn mutilate(&self, batch: &Batch) -> Batch {
        let count = batch.writes().count();
        let mut mutilated = Batch::default();
        for (index, (key, value)) in batch.writes().enumerate() {
            let is_second_half = 1 < count && count / 2 <= index;
            if self.bug == Bug::AppliesHalfABatch && is_second_half {
                continue;
            }
            match value {
                None if self.bug == Bug::SkipsDeletes => (),
                None => mutilated.delete(key.to_vec()),
                Some([]) if self.bug == Bug::DropsEmptyValues => (),
                Some(value) if self.bug == Bug::CutsLargeValues => {
                    mutilated.put(key.to_vec(), value[..value.len().min(65_536)].to_vec());
                }
                Some(value) => mutilated.put(key.to_vec(), value.to_vec()),
            }
        }
        mutilated
    }

    /// Commits write by write, and lets a scan begin and end in between.
    fn commit_in_steps(
        &self,
        shard: ShardId,
        epoch: Epoch,
        batch: Batch,
    ) -> Result<(), CommitError> {
        for (key, value) in batch.into_writes() {
            let mut step = Batch::default();
            match value {
                Some(value) => step.put(key, value),
                None => step.delete(key),
            }
            self.memory.commit(shard, epoch, step)?;
            let scans_before = self.scans.load(Ordering::Acquire);
            // Bounded, as the reader goes away as soon as it has noticed.
            for _ in 0..SCAN_WAIT_YIELDS_MAX {
                if scans_before + 2 <= self.scans.load(Ordering::Acquire) {
                    break;
                }
                std::thread::yield_now();
            }
        }
        Ok(())
    }

    fn shard(&self, shard: ShardId) -> ShardId {
        // As if the key held the lowest byte of the number only.
        if self.bug == Bug::MixesNeighbourShards { ShardId(shard.0 & 0x00ff) } else { shard }
    }
}

impl Store for Broken {
    fn claim(&self, shard: ShardId, owner: &str) -> Result<Epoch, StoreError> {
        let epoch = self.memory.claim(self.shard(shard), owner)?;
        let claims = self.claims.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(match self.bug == Bug::RestartsEpochs {
            true => Epoch(claims),
            false if self.bug == Bug::HandsOutTheSameEpoch => Epoch(1),
            false => epoch,
        })
    }

    fn commit(&self, shard: ShardId, epoch: Epoch, batch: Batch) -> Result<(), CommitError> {
        let shard = self.shard(shard);
        let batch = self.mutilate(&batch);
        // The suite's check of concurrent scans is the only one that writes this key.
        let is_scanned = batch.get(b"z").is_some() && 0 < self.scans.load(Ordering::Acquire);
        if self.bug == Bug::AppliesABatchInSteps && is_scanned {
            return self.commit_in_steps(shard, epoch, batch);
        }
        // The number of the last commit of each concurrent writer.
        if self.bug == Bug::LosesTheLastCommit && batch.get(&24_u16.to_be_bytes()).is_some() {
            return Ok(());
        }
        let answer = self.memory.commit(shard, epoch, batch.clone());
        if answer != Err(CommitError::Fenced) {
            return answer;
        }
        if self.bug == Bug::WritesThenFences {
            self.commit_unfenced(shard, batch)?;
        } else if self.bug == Bug::ForgetsTheFence || self.bug == Bug::RestartsEpochs {
            return self.commit_unfenced(shard, batch);
        }
        answer
    }

    fn get(&self, shard: ShardId, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.memory.get(self.shard(shard), key)
    }

    fn scan(
        &self,
        shard: ShardId,
        range: Range<&[u8]>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let has = |bug| self.bug == bug;
        let past_end = [range.end, b"\x00"].concat();
        let end = if has(Bug::IncludesTheEnd) { &past_end } else { range.end };
        let limit = if has(Bug::IgnoresTheLimit) { usize::MAX } else { limit };
        let is_ascending = has(Bug::IgnoresTheDirection) || has(Bug::LimitsBeforeReversing);
        let walked = if is_ascending { Direction::Ascending } else { direction };
        let range = range.start..end;
        let mut entries = self.memory.scan(self.shard(shard), range, walked, limit)?;
        if has(Bug::LimitsBeforeReversing) && direction == Direction::Descending {
            entries.reverse();
        }
        self.scans.fetch_add(1, Ordering::AcqRel);
        Ok(entries)
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        Ok(Box::new(BrokenSnapshot {
            taken: self.memory.snapshot()?,
            memory: self.memory.clone(),
            bug: self.bug,
            read: Mutex::default(),
        }))
    }
}

struct BrokenSnapshot {
    taken: Box<dyn Snapshot>,
    memory: Memory,
    bug: Bug,
    /// What was taken of a shard when it was first read.
    read: Mutex<BTreeMap<ShardId, Box<dyn Snapshot>>>,
}

impl Snapshot for BrokenSnapshot {
    fn shards(&self) -> Result<Vec<ShardId>, StoreError> {
        let mut shards = self.taken.shards()?;
        if self.bug == Bug::SnapshotsLeaveAShardOut {
            shards.pop();
        }
        Ok(shards)
    }

    fn page(
        &self,
        shard: ShardId,
        after: Option<&[u8]>,
        bytes_max: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let has = |bug| self.bug == bug;
        let bytes_max = if has(Bug::PagesHaveNoBound) { usize::MAX } else { bytes_max };
        if has(Bug::SnapshotsSeeLaterCommits) {
            return self.memory.snapshot()?.page(shard, after, bytes_max);
        }
        let mut read = self.read.lock().expect("nothing panics while it is locked");
        if has(Bug::SnapshotsShardByShard) && !read.contains_key(&shard) {
            read.insert(shard, self.memory.snapshot()?);
        }
        let snapshot = read.get(&shard).unwrap_or(&self.taken);
        let mut page = snapshot.page(shard, after, bytes_max)?;
        if let (Bug::PagesBeginWithTheKeyBefore, Some(key), false) =
            (self.bug, after, page.is_empty())
        {
            page.insert(0, (key.to_vec(), Vec::new()));
        }
        if has(Bug::PagesAreEmptyIfARowIsLarge) {
            let mut bytes = 0;
            page.retain(|(key, value)| {
                bytes += key.len() + value.len();
                bytes <= bytes_max
            });
        }
        Ok(page)
    }
}

/// The words with which the suite rejects a store that has `bug`.
fn verdict(bug: Bug) -> String {
    let memory = Memory::default();
    let open = || -> Box<dyn Store> {
        let (claims, scans) = (AtomicU64::new(0), AtomicU64::new(0));
        Box::new(Broken { memory: memory.clone(), bug, claims, scans })
    };
    let panic = catch_unwind(AssertUnwindSafe(|| check_store(open)))
        .expect_err(&format!("the suite accepts a store that {bug:?}"));
    match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => (*panic.downcast::<&str>().expect("a panic has a message")).to_owned(),
    }
}

#[test]
fn every_deliberate_bug_breaks_the_promise_it_is_about() {
    for (bug, promise) in [
        (Bug::ForgetsTheFence, "nobody commits without a claim"),
        (Bug::WritesThenFences, "a fenced commit leaves no trace"),
        (Bug::HandsOutTheSameEpoch, "a later claim has a larger epoch"),
        (Bug::RestartsEpochs, "nobody commits without a claim"),
        (Bug::AppliesHalfABatch, "a claim sees earlier commits"),
        (Bug::AppliesABatchInSteps, "a scan sees a batch whole or not at all"),
        (Bug::SkipsDeletes, "what was acknowledged is there after a reopen"),
        (Bug::DropsEmptyValues, "get returns the value of"),
        (Bug::CutsLargeValues, "get returns the value of"),
        (Bug::LosesTheLastCommit, "a writer reads what it has committed"),
        (Bug::IncludesTheEnd, "the end of a range is exclusive"),
        (Bug::IgnoresTheLimit, "a limit of none"),
        (Bug::IgnoresTheDirection, "descending: the whole shard"),
        (Bug::LimitsBeforeReversing, "a limit keeps the last of a descending scan"),
        (Bug::MixesNeighbourShards, "a scan stays in its shard"),
        (Bug::SnapshotsSeeLaterCommits, "after a snapshot is in no shard of it"),
        (Bug::SnapshotsShardByShard, "after a snapshot is in no shard of it"),
        (Bug::SnapshotsLeaveAShardOut, "up to the last shard"),
        (Bug::PagesBeginWithTheKeyBefore, "a page begins behind the key"),
        (Bug::PagesHaveNoBound, "a page ends before its bound is passed"),
        (Bug::PagesAreEmptyIfARowIsLarge, "pages of 0 bytes are all of a shard"),
    ] {
        let message = verdict(bug);
        assert!(message.contains(promise), "{bug:?} was rejected for {message:?}");
    }
}
