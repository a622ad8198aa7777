//! The quota of open executions: the rows that count them, and the totals that starts look at. After
//! every step the audit compares the rows with the histories, and the shard with a cold one.

use super::*;
use engine::rows::Listing;
use store::memory;

const QUOTA: u64 = 3;

/// A rig whose domain may have three open executions.
fn rig() -> Rig {
    let mut rig = Rig::new();
    rig.limits.open_executions_max = QUOTA;
    rig.restart();
    rig
}

fn too_many() -> Result<Outcome, Refusal> {
    fault(Fault::LimitExceeded("Limit of 3 open executions reached".to_owned()))
}

/// The number in the row, if there is one.
fn row(memory: &Memory) -> Option<u64> {
    let bytes = memory.get(SHARD, &keys::open_count(&scope(), &"d".into()));
    bytes.expect("no fault is planned").map(|bytes| values::parse_json(&bytes).expect("a number"))
}

fn child(workflow_id: &str) -> Value {
    let attributes =
        json!({"workflowId": workflow_id, "workflowType": {"name": "w", "version": "1"}});
    json!({
        "decisionType": "StartChildWorkflowExecution",
        "startChildWorkflowExecutionDecisionAttributes": attributes,
    })
}

fn terminate(workflow_id: &str) -> ShardCommand {
    let command = Command::Terminate { reason: None, details: None, child_policy: None };
    ShardCommand::Apply(open(workflow_id), command)
}

#[test]
fn starts_and_every_kind_of_end_are_counted() {
    let mut rig = rig();
    for (workflow_id, run_id) in [("w1", "r1"), ("w2", "r2"), ("w3", "r3")] {
        rig.start(workflow_id, run_id).expect("there is room");
    }
    assert_eq!(row(&rig.memory), Some(3));
    assert_eq!(rig.start("w4", "r4"), too_many());
    // Another fault goes first, and takes no place.
    let twice = rig.start("w1", "r4");
    assert_eq!(twice, fault(Fault::WorkflowExecutionAlreadyStarted));
    rig.restart();
    assert_eq!(rig.start("w4", "r4"), too_many(), "it is known after a restart");

    rig.decide(json!([finish()]));
    assert_eq!(row(&rig.memory), Some(2));
    rig.start("w4", "r4").expect("there is room");
    assert_eq!(rig.start("w5", "r5"), too_many());
    rig.step(terminate("w2")).expect("it is open");
    rig.start("w5", "r5").expect("there is room");
    let far = rig.now + 200_000_000;
    rig.settle(far);
    assert_eq!(row(&rig.memory), None, "all have timed out, and a row for none is no row");
    rig.settle(far + 8 * 24 * 60 * 60 * 1000);
    assert_eq!(audit::runs(&rig.memory), [], "they have expired");
    for (workflow_id, run_id) in [("w1", "s1"), ("w2", "s2"), ("w3", "s3")] {
        rig.start(workflow_id, run_id).expect("there is room");
    }
    assert_eq!(rig.start("w4", "s4"), too_many());
}

#[test]
fn a_batch_of_starts_takes_the_last_places_in_order() {
    let mut rig = rig();
    let starts = (1..=5).map(|n| start(&format!("w{n}"), &format!("r{n}"), json!({}))).collect();
    let replies = rig.steps(starts);
    assert!(replies[..3].iter().all(Result::is_ok), "{replies:?}");
    assert_eq!(replies[3..], [too_many(), too_many()]);
}

#[test]
fn a_continuation_takes_the_place_of_its_run() {
    let mut rig = rig();
    for (workflow_id, run_id) in [("w1", "r1"), ("w2", "r2"), ("w3", "r3")] {
        rig.start(workflow_id, run_id).expect("there is room");
    }
    rig.decide(json!([{"decisionType": "ContinueAsNewWorkflowExecution"}]));
    assert_eq!(rig.history("r1").last(), Some(&"WorkflowExecutionContinuedAsNew"));
    assert_eq!(row(&rig.memory), Some(3));
}

/// A child is refused when it is decided. One that was announced is started.
#[test]
fn children_count() {
    let mut rig = rig();
    rig.audited = false; // The child's shard is another one; its messages stay where they are.
    rig.start("w1", "r1").expect("there is room");
    rig.start("w2", "r2").expect("there is room");
    rig.decide(json!([child("c1")]));
    assert_eq!(rig.history("r1").last(), Some(&"StartChildWorkflowExecutionInitiated"));
    rig.start("w3", "r3").expect("there is room");
    rig.decide(json!([child("c2")]));
    let refused: Vec<Event> = audit::history(&rig.memory, &"r2".into());
    let EventAttributes::StartChildWorkflowExecutionFailed(failed) = &refused[4].attributes else {
        panic!("not a refusal: {refused:?}");
    };
    let cause = StartChildWorkflowExecutionFailedCause::OpenWorkflowsLimitExceeded;
    assert_eq!((failed.cause, failed.initiated_event_id), (cause, EventId::NONE));
}

/// Two shards of a process have one total, and each its rows.
#[test]
fn the_shards_of_a_process_add_up() {
    let memory = Memory::default();
    let registry = registry();
    let limits = Limits { open_executions_max: QUOTA, ..Limits::AWS };
    let commons = commons(&registry, limits, Throttles::default());
    let claim = |id: u16| {
        let store: Arc<dyn Store> = Arc::new(memory.clone());
        Shard::claim(ShardId(id), "test", store, commons.clone()).expect("no fault is planned")
    };
    let (mut one, mut other) = (claim(5), claim(6));
    let step = |shard: &mut Shard, command: ShardCommand| {
        let step = shard.step(vec![((), command)], Timestamp(1_000));
        step.replies.into_iter().next().expect("one answer to one command").1
    };
    assert!(step(&mut one, start("w1", "r1", json!({}))).is_ok());
    assert!(step(&mut one, start("w2", "r2", json!({}))).is_ok());
    assert!(step(&mut other, start("w3", "r3", json!({}))).is_ok());
    assert_eq!(step(&mut other, start("w4", "r4", json!({}))), too_many());
    assert_eq!(step(&mut one, start("w4", "r4", json!({}))), too_many());
    assert!(step(&mut other, terminate("w3")).is_ok());
    assert!(step(&mut one, start("w4", "r4", json!({}))).is_ok());
    // Claimed anew in the same process, they add the same again, not twice as much.
    assert_eq!(step(&mut other, start("w5", "r5", json!({}))), too_many());
}

/// Whatever becomes of a commit, the totals are right again once the shard has recovered.
#[test]
fn a_commit_that_fails_gives_its_places_back() {
    for (fault, taken) in [
        (memory::Fault::Lost, false),
        (memory::Fault::Full, false),
        (memory::Fault::Unacknowledged, true),
        (memory::Fault::Late, true),
    ] {
        let mut rig = rig();
        let failing = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let fails = Arc::clone(&failing);
        let store = rig.memory.with_faults(move |call| match call {
            memory::Call::Commit { .. } => {
                fails.swap(false, std::sync::atomic::Ordering::Relaxed).then_some(fault)
            }
            memory::Call::Claim { .. }
            | memory::Call::Get { .. }
            | memory::Call::Scan { .. }
            | memory::Call::Snapshot => None,
        });
        let commons = commons(&rig.registry, rig.limits.clone(), Throttles::default());
        rig.shard = claim_with(&store, commons);
        rig.start("w1", "r1").expect("there is room");
        failing.store(true, std::sync::atomic::Ordering::Relaxed);
        let starts =
            (2..=3).map(|n| start(&format!("w{n}"), &format!("r{n}"), json!({}))).collect();
        let replies = rig.steps(starts);
        assert_eq!(replies, [Err(Refusal::Unavailable), Err(Refusal::Unavailable)], "{fault:?}");
        let fourth = rig.start("w4", "r4");
        assert_eq!(fourth == too_many(), taken, "{fault:?}: {fourth:?}");
        assert_eq!(row(&rig.memory), Some(if taken { 3 } else { 2 }), "{fault:?}");
        rig.audit();
    }
}

/// While the rows cannot be read, the total stays what it was: nobody is let in for that.
#[test]
fn a_shard_that_cannot_read_its_rows_keeps_its_part_of_the_total() {
    let memory = Memory::default();
    let registry = registry();
    let limits = Limits { open_executions_max: 1, ..Limits::AWS };
    let commons = commons(&registry, limits, Throttles::default());
    let broken = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let fails = Arc::clone(&broken);
    let faulty = memory.with_faults(move |_| {
        fails.load(std::sync::atomic::Ordering::Relaxed).then_some(memory::Fault::Lost)
    });
    let mut one = claim_with(&faulty, commons.clone());
    let store: Arc<dyn Store> = Arc::new(memory.clone());
    let mut other = Shard::claim(ShardId(6), "test", store, commons).expect("no fault is planned");
    let step = |shard: &mut Shard, command: ShardCommand| {
        let step = shard.step(vec![((), command)], Timestamp(1_000));
        step.replies.into_iter().next().expect("one answer to one command").1
    };
    assert!(step(&mut one, start("w1", "r1", json!({}))).is_ok());
    broken.store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(step(&mut one, terminate("w1")), Err(Refusal::Unavailable));
    assert_eq!(step(&mut one, terminate("w1")), Err(Refusal::Unavailable));
    let refused = fault(Fault::LimitExceeded("Limit of 1 open executions reached".to_owned()));
    assert_eq!(step(&mut other, start("w2", "r2", json!({}))), refused);
    broken.store(false, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(step(&mut one, terminate("w1")), Ok(Outcome::Done));
    assert!(step(&mut other, start("w2", "r2", json!({}))).is_ok());
}

/// A store from before there were such rows is counted once, and has them from the next commit on:
/// those of all domains at once, or it would not be counted again.
#[test]
fn a_store_without_the_rows() {
    let mut rig = rig();
    rig.start("w1", "r1").expect("there is room");
    rig.start("w2", "r2").expect("there is room");
    // What another domain has open, as far as the count is concerned.
    let listed = keys::listed_open();
    let range = listed.start.as_slice()..listed.end.as_slice();
    let entry = rig.memory.scan(SHARD, range, store::Direction::Ascending, 1);
    let (_, info) = entry.expect("no fault is planned").remove(0);
    let at = Timestamp(1_000);
    let position = keys::Position { at, workflow_id: "x".into(), run_id: "x1".into() };
    let epoch = rig.memory.claim(SHARD, "an older build").expect("no fault is planned");
    let mut batch = Batch::default();
    batch.delete(keys::open_count(&scope(), &"d".into()));
    batch.put(position.key(Listing::Open, &scope(), &"e".into()), info);
    rig.memory.commit(SHARD, epoch, batch).expect("no fault is planned");

    rig.audited = false;
    rig.restart();
    assert_eq!(row(&rig.memory), None);
    assert_eq!(rig.shard.open.total(&scope(), &"d".into()), 2);
    assert_eq!(rig.shard.open.total(&scope(), &"e".into()), 1);
    rig.start("w3", "r3").expect("there is room");
    assert_eq!(rig.start("w4", "r4"), too_many());
    let other = rig.memory.get(SHARD, &keys::open_count(&scope(), &"e".into()));
    assert_eq!(other, Ok(Some(values::json(&1u64))));
    assert_eq!(row(&rig.memory), Some(3));
}

/// The check notices a row that is wrong, and one that is missing.
#[test]
fn a_wrong_row_is_noticed() {
    for wrong in [None, Some(1u64), Some(3)] {
        let mut rig = rig();
        rig.start("w1", "r1").expect("there is room");
        rig.start("w2", "r2").expect("there is room");
        let epoch = rig.memory.claim(SHARD, "a bug").expect("no fault is planned");
        let key = keys::open_count(&scope(), &"d".into());
        let mut batch = Batch::default();
        match wrong {
            Some(wrong) => batch.put(key, values::json(&wrong)),
            None => batch.delete(key),
        }
        rig.memory.commit(SHARD, epoch, batch).expect("no fault is planned");
        assert!(crate::tests::fixture::fails(|| drop(audit::check_rows(&rig.memory))), "{wrong:?}");
    }
}
