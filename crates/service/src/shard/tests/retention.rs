//! Closed executions go in time, whole, and without holding anybody up.

use super::*;
use crate::shard::retention::ROWS_DELETED_MAX;
use crate::tests::fixture::rows;
use engine::registry::Change;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// How many rows of the shard are about runs: all but claims and what messages leave.
fn rows_left(rig: &Rig) -> usize {
    rows(&rig.memory, SHARD).len()
}

/// A rig whose domain keeps closed executions for `retention`.
fn rig(retention: &str) -> Rig {
    let rig = Rig::new();
    let mut registry = rig.registry.write().expect("no holder panics");
    let mut record = registry.domain(&scope(), &"d".into()).expect("it is there").record.clone();
    record.retention = retention.into();
    registry.evolve(Change::PutDomain(scope(), record));
    drop(registry);
    rig
}

fn terminate(rig: &mut Rig, workflow_id: &str) {
    let terminate = Command::Terminate { reason: None, details: None, child_policy: None };
    rig.step(ShardCommand::Apply(open(workflow_id), terminate)).expect("the run is open");
}

fn is_known(rig: &mut Rig, workflow_id: &str, run_id: &str) -> bool {
    let described = rig.step(ShardCommand::Describe(run(workflow_id, run_id)));
    match described {
        Ok(_) => true,
        Err(Refusal::Fault(Fault::UnknownResource(_))) => false,
        other => panic!("neither known nor unknown: {other:?}"),
    }
}

#[test]
fn a_closed_run_is_kept_for_its_domains_days_and_not_longer() {
    let mut rig = rig("2");
    rig.settle(1_000);
    let before = rows_left(&rig);
    rig.start("w1", "r1").expect("the first of its id");
    rig.start("w2", "r2").expect("the first of its id");
    terminate(&mut rig, "w1");
    let closed_at = rig.now;
    rig.settle(closed_at + 2 * DAY_MS - 1);
    assert!(is_known(&mut rig, "w1", "r1"));
    assert_eq!(rig.shard.next_wake(), Some(Timestamp(closed_at + 2 * DAY_MS)));
    rig.settle(closed_at + 2 * DAY_MS);
    assert!(!is_known(&mut rig, "w1", "r1"));
    assert!(rig.step(signal(open("w1"), "x")).is_err(), "no run of it is open");
    // The other one timed out meanwhile, and goes two days later.
    assert!(is_known(&mut rig, "w2", "r2"));
    rig.settle(closed_at + 9 * DAY_MS);
    assert!(!is_known(&mut rig, "w2", "r2"));
    assert_eq!(rows_left(&rig), before, "everything is given back");
}

#[test]
fn without_retention_a_run_goes_when_it_closes() {
    for retention in ["0", "NONE"] {
        let mut rig = rig(retention);
        rig.settle(1_000);
        let before = rows_left(&rig);
        rig.start("w", "r1").expect("the first of its id");
        terminate(&mut rig, "w");
        rig.settle(1_000);
        assert!(!is_known(&mut rig, "w", "r1"), "{retention}");
        assert_eq!(rows_left(&rig), before);
        rig.start("w", "r2").expect("the id is free");
    }
}

#[test]
fn what_fell_due_while_nobody_ran_goes_at_the_next_start() {
    let mut rig = rig("1");
    for index in 0..100 {
        rig.now += 1;
        rig.start(&format!("w{index}"), &format!("r{index}")).expect("the first of its id");
        terminate(&mut rig, &format!("w{index}"));
    }
    rig.restart();
    rig.settle(rig.now + 2 * DAY_MS);
    for index in [0, 31, 32, 99] {
        assert!(!is_known(&mut rig, &format!("w{index}"), &format!("r{index}")));
    }
}

/// A step deletes so many rows and no more; in between requests are served.
#[test]
fn a_long_history_goes_bit_by_bit() {
    let mut rig = Rig { audited: false, ..rig("1") };
    rig.settle(1_000);
    let before = rows_left(&rig);
    rig.start("long", "r1").expect("the first of its id");
    let signals = 2 * ROWS_DELETED_MAX + 10;
    for _ in 0..signals {
        rig.step(signal(open("long"), "x")).expect("the run is open");
    }
    terminate(&mut rig, "long");
    rig.now += DAY_MS;
    let rows = rows_left(&rig);
    assert!(!is_known(&mut rig, "long", "r1"), "hidden at once");
    let gone = rows - rows_left(&rig);
    assert!((ROWS_DELETED_MAX..ROWS_DELETED_MAX + 10).contains(&gone), "{gone} rows at a time");
    // Half done, the process ends; the next one goes on.
    rig.restart();
    rig.start("other", "r2").expect("the first of its id");
    terminate(&mut rig, "other");
    rig.settle(rig.now + 2 * DAY_MS);
    assert_eq!(rows_left(&rig), before);
}

/// What is written over a rig's rows from outside.
fn overwrite(rig: &mut Rig, batch: Batch) {
    let epoch = rig.memory.claim(SHARD, "damage").expect("no fault is planned");
    rig.memory.commit(SHARD, epoch, batch).expect("no fault is planned");
    rig.restart();
}

/// More of them than one step looks at come first.
#[test]
fn damaged_entries_do_not_stop_the_removal_of_others() {
    let mut rig = Rig { audited: false, ..rig("1") };
    for n in 0..40 {
        rig.start(&format!("w{n}"), &format!("r{n}")).expect("the first of its id");
        terminate(&mut rig, &format!("w{n}"));
    }
    rig.now += 1;
    rig.start("whole", "whole").expect("the first of its id");
    terminate(&mut rig, "whole");
    let (from, to) = (Timestamp(i64::MIN), Timestamp(rig.now - 1));
    let range = keys::listed(engine::rows::Listing::ClosedByClose, &scope(), &"d".into(), from, to);
    let mut batch = Batch::default();
    let left_over = [keys::left_over_all().start, vec![0xff]].concat();
    // A key that does not decode, and comes before all others.
    batch.put(range.start.clone(), Vec::new());
    batch.put(left_over.clone(), Vec::new());
    let entries = rows(&rig.memory, SHARD).into_iter().map(|(key, _)| key);
    let entries: Vec<Vec<u8>> = entries.filter(|key| range.contains(key)).collect();
    assert_eq!(entries.len(), 40);
    for key in &entries {
        batch.put(key.clone(), b"\x01garbage".to_vec());
    }
    overwrite(&mut rig, batch);
    let at = rig.now + DAY_MS;
    rig.settle(at);
    assert!(!is_known(&mut rig, "whole", "whole"), "it goes");
    assert_eq!(audit::history(&rig.memory, &"whole".into()), []);
    assert!(is_known(&mut rig, "w0", "r0"), "what is damaged stays");
    let left = rows(&rig.memory, SHARD);
    let is_left = |key: &Vec<u8>| left.iter().any(|(row, _)| row == key);
    assert!(entries.iter().all(is_left) && is_left(&left_over));
}
