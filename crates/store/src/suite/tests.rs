//! Proof that the suite notices: each deliberate bug must break it, at the promise it breaks.
//!
//! Knows nothing of real backends: a bug wraps the store in memory.

use super::check_store;
use crate::contract::{
    Batch, CommitError, Direction, Entry, Epoch, ShardId, Store, StoreError,
};
use crate::memory::Memory;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Clone, Copy, Debug)]
enum Bug {
    ForgetsTheFence,
    WritesThenFences,
    HandsOutTheSameEpoch,
    RestartsEpochs,
    AppliesHalfABatch,
    SkipsDeletes,
    DropsEmptyValues,
    CutsLargeValues,
    LosesTheLastCommit,
    IncludesTheEnd,
    IgnoresTheLimit,
    IgnoresTheDirection,
    LimitsBeforeReversing,
    MixesNeighbourShards,
    TearsScans,
}

/// The store in memory with one bug.
struct Broken {
    memory: Memory,
    bug: Bug,
    claims: AtomicU64,
}

impl Broken {
    /// The epoch that makes the memory accept a commit: claims once more, unseen.
    fn steal_epoch(&self, shard: ShardId) -> Epoch {
        self.memory.claim(shard, "thief").expect("memory has no plan")
    }

    fn mutilate(&self, batch: Batch) -> Batch {
        let count = batch.writes().count();
        let mut mutilated = Batch::default();
        for (index, (key, value)) in batch.writes().enumerate() {
            let value = value.map(<[u8]>::to_vec);
            match (self.bug, value) {
                (Bug::AppliesHalfABatch, _) if 1 < count && count / 2 <= index => (),
                (Bug::SkipsDeletes, None) => (),
                (Bug::DropsEmptyValues, Some(value)) if value.is_empty() => (),
                (Bug::CutsLargeValues, Some(mut value)) => {
                    value.truncate(64 * 1024);
                    mutilated.put(key.to_vec(), value);
                }
                (_, Some(value)) => mutilated.put(key.to_vec(), value),
                (_, None) => mutilated.delete(key.to_vec()),
            }
        }
        mutilated
    }

    /// Sees the lowest byte of a shard number only.
    fn shard(&self, shard: ShardId) -> ShardId {
        match self.bug {
            Bug::MixesNeighbourShards => ShardId(shard.0 & 0x00ff),
            _ => shard,
        }
    }
}

impl Store for Broken {
    fn claim(&self, shard: ShardId, owner: &str) -> Result<Epoch, StoreError> {
        let epoch = self.memory.claim(self.shard(shard), owner)?;
        Ok(match self.bug {
            Bug::HandsOutTheSameEpoch => Epoch(7),
            Bug::RestartsEpochs => Epoch(self.claims.fetch_add(1, Ordering::Relaxed) + 1),
            _ => epoch,
        })
    }

    fn commit(&self, shard: ShardId, epoch: Epoch, batch: Batch) -> Result<(), CommitError> {
        let shard = self.shard(shard);
        let batch = self.mutilate(batch);
        match self.bug {
            Bug::ForgetsTheFence | Bug::RestartsEpochs => {
                self.memory.commit(shard, self.steal_epoch(shard), batch)
            }
            Bug::WritesThenFences => match self.memory.commit(shard, epoch, Batch::default()) {
                Err(CommitError::Fenced) if epoch != Epoch(1) || !batch.is_empty() => {
                    self.memory.commit(shard, self.steal_epoch(shard), batch)?;
                    Err(CommitError::Fenced)
                }
                _ => self.memory.commit(shard, epoch, batch),
            },
            Bug::LosesTheLastCommit if batch.get(&24_u16.to_be_bytes()).is_some() => Ok(()),
            _ => self.memory.commit(shard, epoch, batch),
        }
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
        let shard = self.shard(shard);
        let scan = |range, direction, limit| self.memory.scan(shard, range, direction, limit);
        match self.bug {
            Bug::IncludesTheEnd => {
                let end = [range.end, b"\x00"].concat();
                scan(range.start..&end, direction, limit)
            }
            Bug::IgnoresTheLimit => scan(range, direction, usize::MAX),
            Bug::IgnoresTheDirection => scan(range, Direction::Ascending, limit),
            Bug::LimitsBeforeReversing => {
                let mut entries = scan(range, Direction::Ascending, limit)?;
                if direction == Direction::Descending {
                    entries.reverse();
                }
                Ok(entries)
            }
            Bug::TearsScans => {
                // Reads each key at a moment of its own, long enough apart for a writer.
                let mut entries = scan(range, direction, limit)?;
                for (key, value) in &mut entries {
                    std::thread::yield_now();
                    if let Some(now) = self.memory.get(shard, key)? {
                        *value = now;
                    }
                }
                Ok(entries)
            }
            _ => scan(range, direction, limit),
        }
    }
}

/// The words with which the suite rejects a store that has `bug`.
fn verdict(bug: Bug) -> String {
    let memory = Memory::default();
    let open = || -> Box<dyn Store> {
        Box::new(Broken { memory: memory.clone(), bug, claims: AtomicU64::new(0) })
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
        (Bug::WritesThenFences, "a claim sees earlier commits"),
        (Bug::HandsOutTheSameEpoch, "the owner may commit"),
        (Bug::RestartsEpochs, "nobody commits without a claim"),
        (Bug::AppliesHalfABatch, "a claim sees earlier commits"),
        (Bug::SkipsDeletes, "what was acknowledged is there after a reopen"),
        (Bug::DropsEmptyValues, "get returns the value of"),
        (Bug::CutsLargeValues, "get returns the value of"),
        (Bug::LosesTheLastCommit, "a writer reads what it has committed"),
        (Bug::IncludesTheEnd, "the end of a range is exclusive"),
        (Bug::IgnoresTheLimit, "a limit of none"),
        (Bug::IgnoresTheDirection, "descending: the whole shard"),
        (Bug::LimitsBeforeReversing, "a limit keeps the last of a descending scan"),
        (Bug::MixesNeighbourShards, "a scan stays in its shard"),
        (Bug::TearsScans, "a scan sees a batch whole or not at all"),
    ] {
        let message = verdict(bug);
        assert!(message.contains(promise), "{bug:?} was rejected for {message:?}");
    }
}
