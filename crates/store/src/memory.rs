//! The store in memory, for tests and simulation.
//!
//! Invariant: a fault never breaks the contract. It only picks one of the outcomes that a caller
//! has to expect anyway, so whatever goes wrong above a faulty store is a bug above it.
//! Deterministic: no threads, clocks or randomness. Knows nothing of how faults are chosen; a plan
//! decides call by call.

use crate::contract::{
    Batch, CommitError, Direction, Entry, Epoch, KEY_BYTES_MAX, Page, ShardId, Snapshot, Store,
    StoreError,
};
use std::collections::BTreeMap;
use std::ops::{Bound, Range};
use std::sync::{Arc, Mutex, MutexGuard};

/// A handle on a store in memory. Clones share the data and the fences, so a clone is what a
/// restarted process would open.
#[derive(Clone, Default)]
pub struct Memory {
    shards: Arc<Mutex<BTreeMap<ShardId, Shard>>>,
    plan: Option<Arc<Mutex<Plan>>>,
}

/// The rows of all shards at one moment.
struct Moment {
    rows: BTreeMap<ShardId, BTreeMap<Vec<u8>, Vec<u8>>>,
    plan: Option<Arc<Mutex<Plan>>>,
}

type Plan = Box<dyn FnMut(&Call<'_>) -> Option<Fault> + Send>;

#[derive(Default)]
struct Shard {
    /// 0 before the first claim.
    epoch: u64,
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Commits whose outcome was reported as unknown and that take effect at the next claim.
    late: Vec<(Epoch, Batch)>,
}

/// A call that a plan may let fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call<'a> {
    /// [`Store::claim`].
    Claim {
        /// The shard to claim.
        shard: ShardId,
    },
    /// [`Store::commit`].
    Commit {
        /// The shard to write.
        shard: ShardId,
        /// The claim under which it is written.
        epoch: Epoch,
        /// What is written.
        batch: &'a Batch,
    },
    /// [`Store::get`].
    Get {
        /// The shard to read.
        shard: ShardId,
        /// The key to look up.
        key: &'a [u8],
    },
    /// [`Store::scan`].
    Scan {
        /// The shard to read.
        shard: ShardId,
    },
    /// [`Store::snapshot`], or a read of what it gave.
    Snapshot,
}

/// How a call fails. Reads answer a [`StoreError`] whatever the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing happens; a commit's outcome is reported as unknown.
    Lost,
    /// The call takes effect all the same; a commit's outcome is reported as unknown.
    Unacknowledged,
    /// As `Unacknowledged`, but a commit takes effect only just before the shard is next claimed:
    /// whoever reads without claiming first does not see it. A claim takes effect at once.
    Late,
    /// Nothing happens; a commit is refused for want of room.
    Full,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 4] = [Fault::Lost, Fault::Unacknowledged, Fault::Late, Fault::Full];
}

impl Memory {
    /// A handle on the same data whose calls, and those of its clones, fail as `plan` says. The
    /// handle it is made from keeps its own plan.
    pub fn with_faults(
        &self,
        plan: impl FnMut(&Call<'_>) -> Option<Fault> + Send + 'static,
    ) -> Memory {
        Memory { shards: self.shards.clone(), plan: Some(Arc::new(Mutex::new(Box::new(plan)))) }
    }

    /// Asked before the data is locked, so that a plan may look at the data.
    fn fault(&self, call: &Call<'_>) -> Option<Fault> {
        fault(self.plan.as_ref(), call)
    }

    fn shards(&self) -> MutexGuard<'_, BTreeMap<ShardId, Shard>> {
        self.shards.lock().expect("nothing panics while it holds the data")
    }

    fn check_read(&self, call: &Call<'_>) -> Result<(), StoreError> {
        check_read(self.plan.as_ref(), call)
    }
}

fn fault(plan: Option<&Arc<Mutex<Plan>>>, call: &Call<'_>) -> Option<Fault> {
    let mut plan = plan?.lock().expect("no plan has panicked");
    plan(call)
}

fn check_read(plan: Option<&Arc<Mutex<Plan>>>, call: &Call<'_>) -> Result<(), StoreError> {
    fault(plan, call).map_or(Ok(()), |fault| Err(injected(fault)))
}

fn injected(fault: Fault) -> StoreError {
    StoreError(format!("injected fault: {fault:?}"))
}

impl Shard {
    fn claim(&mut self) -> Epoch {
        for (epoch, batch) in std::mem::take(&mut self.late) {
            // A commit that has been overtaken by a claim is as good as lost.
            let _ = self.commit(epoch, batch);
        }
        self.epoch += 1;
        Epoch(self.epoch)
    }

    fn commit(&mut self, epoch: Epoch, batch: Batch) -> Result<(), CommitError> {
        if epoch != Epoch(self.epoch) {
            return Err(CommitError::Fenced);
        }
        for (key, value) in batch.into_writes() {
            match value {
                Some(value) => self.rows.insert(key, value),
                None => self.rows.remove(&key),
            };
        }
        Ok(())
    }
}

impl Store for Memory {
    /// `owner` is not kept: nobody looks into memory.
    fn claim(&self, shard: ShardId, _owner: &str) -> Result<Epoch, StoreError> {
        let fault = self.fault(&Call::Claim { shard });
        let mut shards = self.shards();
        let state = shards.entry(shard).or_default();
        match fault {
            None => Ok(state.claim()),
            Some(fault @ (Fault::Lost | Fault::Full)) => Err(injected(fault)),
            Some(fault @ (Fault::Unacknowledged | Fault::Late)) => {
                state.claim();
                Err(injected(fault))
            }
        }
    }

    fn commit(&self, shard: ShardId, epoch: Epoch, batch: Batch) -> Result<(), CommitError> {
        for (key, _) in batch.writes() {
            assert!(key.len() <= KEY_BYTES_MAX, "a key of {} bytes is too long", key.len());
        }
        let fault = self.fault(&Call::Commit { shard, epoch, batch: &batch });
        let mut shards = self.shards();
        let state = shards.entry(shard).or_default();
        match fault {
            None => state.commit(epoch, batch),
            Some(Fault::Full) => Err(CommitError::Full("injected fault".to_owned())),
            Some(Fault::Lost) => Err(CommitError::Unknown(injected(Fault::Lost))),
            Some(Fault::Unacknowledged) => {
                // Whether it took effect or was fenced, the caller is not told.
                let _ = state.commit(epoch, batch);
                Err(CommitError::Unknown(injected(Fault::Unacknowledged)))
            }
            Some(Fault::Late) => {
                state.late.push((epoch, batch));
                Err(CommitError::Unknown(injected(Fault::Late)))
            }
        }
    }

    fn get(&self, shard: ShardId, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.check_read(&Call::Get { shard, key })?;
        Ok(self.shards().get(&shard).and_then(|state| state.rows.get(key).cloned()))
    }

    fn scan(
        &self,
        shard: ShardId,
        range: Range<&[u8]>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.check_read(&Call::Scan { shard })?;
        let shards = self.shards();
        let Some(state) = shards.get(&shard).filter(|_| range.start < range.end) else {
            return Ok(Vec::new());
        };
        let bounds = (Bound::Included(range.start), Bound::Excluded(range.end));
        let rows = state.rows.range::<[u8], _>(bounds);
        let entry = |(key, value): (&Vec<u8>, &Vec<u8>)| (key.clone(), value.clone());
        Ok(match direction {
            Direction::Ascending => rows.take(limit).map(entry).collect(),
            Direction::Descending => rows.rev().take(limit).map(entry).collect(),
        })
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        self.check_read(&Call::Snapshot)?;
        let shards = self.shards();
        let rows = shards.iter().filter(|(_, state)| !state.rows.is_empty());
        let rows = rows.map(|(shard, state)| (*shard, state.rows.clone())).collect();
        Ok(Box::new(Moment { rows, plan: self.plan.clone() }))
    }
}

impl Snapshot for Moment {
    fn shards(&self) -> Result<Vec<ShardId>, StoreError> {
        check_read(self.plan.as_ref(), &Call::Snapshot)?;
        Ok(self.rows.keys().copied().collect())
    }

    fn page(
        &self,
        shard: ShardId,
        after: Option<&[u8]>,
        bytes_max: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        check_read(self.plan.as_ref(), &Call::Snapshot)?;
        let Some(rows) = self.rows.get(&shard) else { return Ok(Vec::new()) };
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rows = rows.range::<[u8], _>((start, Bound::Unbounded));
        let mut page = Page::new(bytes_max);
        for (key, value) in rows {
            if !page.takes(key, value) {
                break;
            }
            page.entries.push((key.clone(), value.clone()));
        }
        Ok(page.entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARD: ShardId = ShardId(3);

    fn put(key: &[u8]) -> Batch {
        let mut batch = Batch::default();
        batch.put(key.to_vec(), b"value".to_vec());
        batch
    }

    /// Commits once under `fault` and returns the answer, then whether the row is there before
    /// and after the next claim.
    fn commit_under(fault: Fault) -> (Result<(), CommitError>, bool, bool) {
        let memory = Memory::default();
        let epoch = memory.claim(SHARD, "test").expect("no fault is planned");
        let answer = memory.with_faults(move |_| Some(fault)).commit(SHARD, epoch, put(b"key"));
        let is_there = || memory.get(SHARD, b"key").expect("no fault is planned").is_some();
        let before = is_there();
        memory.claim(SHARD, "test").expect("no fault is planned");
        (answer, before, is_there())
    }

    #[test]
    fn passes_the_contract_suite() {
        let memory = Memory::default();
        crate::suite::check_store(|| Box::new(memory.clone()));
    }

    #[test]
    fn handles_on_the_same_data_fence_each_other() {
        let memory = Memory::default();
        crate::suite::check_shared_store(|| Box::new(memory.clone()));
    }

    #[test]
    fn faults_decide_whether_a_commit_takes_effect() {
        let unknown = |fault| Err(CommitError::Unknown(injected(fault)));
        let full = Err(CommitError::Full("injected fault".to_owned()));
        for (fault, answer, before, after) in [
            (Fault::Lost, unknown(Fault::Lost), false, false),
            (Fault::Unacknowledged, unknown(Fault::Unacknowledged), true, true),
            (Fault::Late, unknown(Fault::Late), false, true),
            (Fault::Full, full, false, false),
        ] {
            assert_eq!(commit_under(fault), (answer, before, after), "{fault:?}");
        }
    }

    #[test]
    fn a_late_commit_cannot_overtake_a_claim() {
        let memory = Memory::default();
        let old = memory.claim(SHARD, "old").expect("no fault is planned");
        memory.claim(SHARD, "new").expect("no fault is planned");
        let faulty = memory.with_faults(|_| Some(Fault::Late));
        assert!(faulty.commit(SHARD, old, put(b"key")).is_err());
        memory.claim(SHARD, "newest").expect("no fault is planned");
        assert_eq!(memory.get(SHARD, b"key"), Ok(None));
    }

    #[test]
    fn a_plan_sees_every_call_and_reads_can_fail() {
        let memory = Memory::default();
        let mut calls = 0;
        let faulty = memory.with_faults(move |call| {
            calls += 1;
            match call {
                Call::Claim { .. } | Call::Commit { .. } => None,
                Call::Get { .. } | Call::Scan { .. } | Call::Snapshot => {
                    (calls % 2 == 0).then_some(Fault::Lost)
                }
            }
        });
        assert!(faulty.get(SHARD, b"key").is_ok(), "call 1");
        assert!(faulty.get(SHARD, b"key").is_err(), "call 2");
        assert!(faulty.clone().claim(SHARD, "test").is_ok(), "call 3: clones share the plan");
        assert!(faulty.scan(SHARD, b"a"..b"z", Direction::Ascending, 9).is_err(), "call 4");
        assert!(memory.get(SHARD, b"key").is_ok(), "the first handle has no plan");
    }
}
