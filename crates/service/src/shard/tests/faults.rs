//! Fault loops: one workflow is seen through with the first call of the store failing, then with
//! the second, and so on, until a whole workflow meets no fault; for each fault that a store has.

use super::client::Client;
use super::*;
use crate::tests::fixture::fails;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::Direction;
use store::memory::{self, Call};

/// Runs the workflow with the calls in `failing` failing, counted from 1: all of them, or only
/// those that write. Returns how many there were, and how many signals arrived.
fn scenario(fault: memory::Fault, reads: bool, failing: Range<usize>) -> (usize, usize) {
    let memory = Memory::default();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let range = failing.clone();
    let faulty = memory.with_faults(move |call| {
        let writes = matches!(call, Call::Claim { .. } | Call::Commit { .. });
        let count = writes || reads;
        let number = counted.fetch_add(usize::from(count), Ordering::Relaxed) + 1;
        (count && range.contains(&number)).then_some(fault)
    });
    // From the fault on, the store is checked for as long as the shard recovers.
    let seen = Arc::clone(&calls);
    let recovers = failing.start..failing.end + 8;
    let audits = move || recovers.contains(&seen.load(Ordering::Relaxed));
    let mut client = Client::new(&memory, &[Arc::new(faulty)], 0, Box::new(audits));
    client.run();
    (calls.load(Ordering::Relaxed), client.signals())
}

/// Lets one call after the other fail, `width` of them at a time.
fn fault_loop(fault: memory::Fault, reads: bool, width: usize, signals_max: usize) {
    for failing in 1.. {
        let (calls, signals) = scenario(fault, reads, failing..failing + width);
        assert!((1..=signals_max).contains(&signals), "call {failing}: {signals} signals");
        if calls < failing {
            assert!(failing > 20, "the workflow is too short: {calls} calls");
            return;
        }
    }
}

#[test]
fn each_call_that_is_lost() {
    fault_loop(memory::Fault::Lost, true, 1, 1);
}

#[test]
fn each_three_calls_that_are_lost_in_a_row() {
    fault_loop(memory::Fault::Lost, true, 3, 1);
}

/// A signal that took effect and was sent again is there twice: the API has nothing against it.
#[test]
fn each_write_that_takes_effect_and_is_not_acknowledged() {
    fault_loop(memory::Fault::Unacknowledged, false, 1, 2);
    fault_loop(memory::Fault::Unacknowledged, false, 2, 3);
}

#[test]
fn each_write_that_takes_effect_late() {
    fault_loop(memory::Fault::Late, false, 1, 2);
    fault_loop(memory::Fault::Late, false, 2, 3);
}

#[test]
fn each_write_for_which_there_is_no_room() {
    fault_loop(memory::Fault::Full, false, 1, 1);
}

/// Of a start whose outcome is unknown, exactly one run comes.
#[test]
fn a_start_that_is_sent_again_takes_effect_once() {
    for (fault, answer) in [
        (memory::Fault::Lost, Ok(Outcome::Started("r2".into()))),
        (memory::Fault::Full, Ok(Outcome::Started("r2".into()))),
        (memory::Fault::Unacknowledged, fault_of(Fault::WorkflowExecutionAlreadyStarted)),
        (memory::Fault::Late, fault_of(Fault::WorkflowExecutionAlreadyStarted)),
    ] {
        let mut rig = Rig::new();
        rig.shard = claim(&failing_once(&rig.memory, fault), &rig.registry);
        assert_eq!(rig.start("w", "r1"), Err(Refusal::Unavailable), "{fault:?}");
        assert_eq!(rig.start("w", "r2"), answer, "{fault:?}");
        assert_eq!(audit::runs(&rig.memory).len(), 1, "{fault:?}");
    }
}

fn fault_of(reason: Fault) -> Result<Outcome, Refusal> {
    fault(reason)
}

/// A store whose first commit fails.
pub fn failing_once(memory: &Memory, fault: memory::Fault) -> Memory {
    let mut fault = Some(fault);
    memory.with_faults(move |call| match call {
        Call::Commit { .. } => fault.take(),
        Call::Claim { .. } | Call::Get { .. } | Call::Scan { .. } | Call::Snapshot => None,
    })
}

/// The tasks of a commit that took effect without being acknowledged are in the rows, and nobody
/// has offered them: whoever matches must be told, once the outcome is settled.
#[test]
fn after_a_commit_of_unknown_outcome_offers_may_be_lost() {
    for (fault, lost) in [
        (memory::Fault::Lost, true), // As far as the shard can know.
        (memory::Fault::Unacknowledged, true),
        (memory::Fault::Late, true),
        (memory::Fault::Full, false),
    ] {
        let mut rig = Rig::new();
        rig.shard = claim(&failing_once(&rig.memory, fault), &rig.registry);
        let now = Timestamp(rig.now);
        let begin = vec![((), start("w", "r1", json!({})))];
        assert!(!rig.shard.step(begin, now).offers_lost, "{fault:?}: not before it is settled");
        let nothing = || Vec::<((), ShardCommand)>::new();
        assert_eq!(rig.shard.step(nothing(), now).offers_lost, lost, "{fault:?}");
        assert!(!rig.shard.step(nothing(), now).offers_lost, "{fault:?}: said once");
    }
}

#[test]
fn a_shard_whose_store_fails_rests_before_it_tries_again_by_itself() {
    let mut rig = Rig::new();
    rig.start("w", "r1").expect("the first of its id");
    rig.decide(json!([timer("t", 1)]));
    let rests = Some(Timestamp(2_000 + STORE_RETRY_MS));
    for fault in [memory::Fault::Lost, memory::Fault::Full] {
        let fails = Arc::new(AtomicUsize::new(0));
        let failing = Arc::clone(&fails);
        let store = rig.memory.with_faults(move |call| match failing.load(Ordering::Relaxed) {
            0 => None,
            1 => matches!(call, Call::Commit { .. }).then_some(fault),
            _all => Some(fault),
        });
        rig.shard = claim(&store, &rig.registry);
        for kind in [1, 2] {
            fails.store(kind, Ordering::Relaxed);
            rig.tick(2_000);
            assert_eq!(rig.shard.next_wake(), rests, "{fault:?} {kind}");
        }
    }
    rig.restart();
    rig.tick(2_000);
    assert_eq!(rig.history("r1").last(), Some(&"DecisionTaskScheduled"), "the timer fired");
}

/// A store that breaks the contract.
struct Liar {
    memory: Memory,
    commits: AtomicUsize,
    /// Which commit it lies about, counted from 1.
    at: usize,
    lie: Lie,
}

#[derive(Clone, Copy, Debug)]
enum Lie {
    /// One write of the batch is missing.
    LosesARow,
    /// The batch is acknowledged and never written.
    LosesAnAcknowledgedCommit,
}

impl Store for Liar {
    fn claim(&self, shard: ShardId, owner: &str) -> Result<Epoch, StoreError> {
        self.memory.claim(shard, owner)
    }

    fn commit(&self, shard: ShardId, epoch: Epoch, batch: Batch) -> Result<(), CommitError> {
        if self.commits.fetch_add(1, Ordering::Relaxed) + 1 != self.at {
            return self.memory.commit(shard, epoch, batch);
        }
        match self.lie {
            Lie::LosesAnAcknowledgedCommit => Ok(()),
            Lie::LosesARow => {
                let lost = self.at % batch.writes().count();
                let mut rest = Batch::default();
                for (index, (key, value)) in batch.into_writes().enumerate() {
                    match value {
                        _ if index == lost => (),
                        Some(value) => rest.put(key, value),
                        None => rest.delete(key),
                    }
                }
                self.memory.commit(shard, epoch, rest)
            }
        }
    }

    fn get(&self, shard: ShardId, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.memory.get(shard, key)
    }

    fn scan(
        &self,
        shard: ShardId,
        range: Range<&[u8]>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<store::Entry>, StoreError> {
        self.memory.scan(shard, range, direction, limit)
    }

    fn snapshot(&self) -> Result<Box<dyn store::Snapshot>, StoreError> {
        self.memory.snapshot()
    }
}

/// The workflow over a store that lies about one commit; returns how many commits there were.
fn with_liar(lie: Lie, at: usize) -> usize {
    let memory = Memory::default();
    let commits = AtomicUsize::new(0);
    let liar = Arc::new(Liar { memory: memory.clone(), commits, at, lie });
    let store: Arc<dyn Store> = Arc::clone(&liar) as Arc<dyn Store>;
    Client::new(&memory, &[store], 0, Box::new(|| true)).run();
    liar.commits.load(Ordering::Relaxed)
}

/// An oracle counts only once a bug has made it fail.
#[test]
fn the_fault_loop_notices_a_store_that_lies() {
    let commits = with_liar(Lie::LosesARow, usize::MAX);
    for lie in [Lie::LosesARow, Lie::LosesAnAcknowledgedCommit] {
        for at in 1..=commits {
            assert!(fails(|| assert!(with_liar(lie, at) > 0)), "{lie:?} {at}");
        }
    }
}
