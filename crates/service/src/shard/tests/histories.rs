//! Long histories and many runs: snapshots, what a load reads, and what is forgotten.

use super::*;
use crate::cache::CACHE_BYTES_MAX;
use crate::shard::due::WAKE_RETRY_MS;
use std::sync::Mutex;
use store::memory::{Call, Memory};

/// A store that notes what it is asked.
fn watched(memory: &Memory) -> (Memory, Arc<Mutex<Vec<&'static str>>>) {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&calls);
    let watched = memory.with_faults(move |call| {
        noted.lock().expect("no holder panics").push(match call {
            Call::Claim { .. } => "claim",
            Call::Snapshot => "snapshot",
            Call::Commit { .. } => "commit",
            Call::Get { .. } => "get",
            Call::Scan { .. } => "scan",
        });
        None
    });
    (watched, calls)
}

/// A run with a history of `events` events, one transition each after the first.
fn long(events: u64) -> Rig {
    let mut rig = Rig::unaudited();
    rig.start("w", "r1").expect("the first of its id");
    let signals: Vec<u64> = (2..events).collect();
    for batch in signals.chunks(COMMANDS_MAX) {
        let commands = batch.iter().map(|index| signal(open("w"), &index.to_string()));
        assert!(rig.steps(commands.collect()).iter().all(Result::is_ok));
    }
    assert_eq!(rig.history("r1").len() as u64, events);
    rig
}

/// The event as of which the run has a snapshot.
fn snapshot_at(rig: &Rig) -> Option<u64> {
    let stored = rig.memory.get(SHARD, &keys::snapshot(&"r1".into()));
    let stored = stored.expect("no fault is planned");
    stored.map(|bytes| values::parse_snapshot(&bytes).expect("whole").last_event_id.0)
}

#[test]
fn a_snapshot_is_written_whenever_a_history_has_grown_by_so_much() {
    for (events, snapshot) in [(255, None), (256, Some(256)), (511, Some(256)), (700, Some(512))] {
        let mut rig = long(events);
        rig.audit();
        assert_eq!(snapshot_at(&rig), snapshot, "{events} events");
    }
}

#[test]
fn a_long_history_is_read_from_its_snapshot_on() {
    let mut rig = long(2_000);
    let (memory, calls) = watched(&rig.memory);
    rig.shard = claim(&memory, &rig.registry);
    calls.lock().expect("no holder panics").clear();
    rig.step(signal(token("r1"), "x")).expect("the run is open");
    let load = ["get", "get", "scan", "scan"]; // Identity, snapshot, the rest, heartbeats.
    let expected = [&["scan"; 5][..], &load, &["commit"]].concat();
    assert_eq!(
        *calls.lock().expect("no holder panics"),
        expected,
        "after wake-ups, outbox, imports and retention"
    );
    rig.audit();
}

/// What the snapshot holds of an activity is older than its heartbeats.
#[test]
fn heartbeats_outlive_a_snapshot() {
    let mut rig = Rig::unaudited();
    rig.start("w", "r1").expect("the first of its id");
    rig.decide(json!([activity("a1"), activity("a2")]));
    let (one, two) = (rig.poll(TaskKind::Activity), rig.poll(TaskKind::Activity));
    rig.step(heartbeat(&one, "before")).expect("the activity is open");
    let signals = (0..SNAPSHOT_EVENTS).map(|_| signal(open("w"), "x"));
    rig.steps(signals.collect());
    rig.step(heartbeat(&one, "after")).expect("the activity is open");
    rig.step(heartbeat(&two, "after")).expect("the activity is open");
    rig.audit();
    rig.step(close(&two)).expect("the activity is open");
    rig.audit();
    rig.restart();
    rig.settle(30_000);
    rig.audit();
    let timed_out = rig.history("r1").into_iter().filter(|t| *t == "ActivityTaskTimedOut").count();
    assert_eq!(timed_out, 1);
}

#[test]
fn a_closed_run_of_a_long_history_has_its_last_state_as_snapshot() {
    let mut rig = long(300);
    let terminate = Command::Terminate { reason: None, details: None, child_policy: None };
    rig.step(ShardCommand::Apply(open("w"), terminate)).expect("the run is open");
    rig.audit();
    assert_eq!(snapshot_at(&rig), Some(301));
    let (memory, calls) = watched(&rig.memory);
    rig.shard = claim(&memory, &rig.registry);
    rig.describe("w", "r1");
    let scans = calls.lock().expect("no holder panics").iter().filter(|c| **c == "scan").count();
    assert_eq!(
        scans, 9,
        "open executions (counts and lists), wake-ups, outbox, imports, retention, what follows \
         the snapshot, heartbeats"
    );
}

#[test]
fn the_cache_is_trimmed_and_what_is_forgotten_is_read_again() {
    let mut rig = Rig::unaudited();
    let context = "c".repeat(32_000);
    let runs = 2 * CACHE_BYTES_MAX / context.len();
    for index in 0..runs {
        rig.start(&format!("w{index}"), &format!("r{index}")).expect("the first of its id");
        let task = rig.poll(TaskKind::Decision);
        let mut answer = complete(&task, json!([]));
        if let ShardCommand::Apply(_, Command::CompleteDecisionTask(answer)) = &mut answer {
            answer.execution_context = Some(context.as_str().into());
        }
        rig.step(answer).expect("the task is held");
        let bytes: usize = (0..=index)
            .filter_map(|i| rig.shard.cache.get(&format!("r{i}").into()).map(|e| e.weight_bytes()))
            .sum();
        assert!(bytes <= CACHE_BYTES_MAX, "{bytes} bytes after {index} runs");
    }
    assert!(rig.shard.cache.get(&"r0".into()).is_none(), "the least recently used goes first");
    let newest = format!("r{}", runs - 1);
    assert!(rig.shard.cache.get(&newest.as_str().into()).is_some());
    for index in 0..runs {
        let detail = rig.describe(&format!("w{index}"), &format!("r{index}"));
        assert_eq!(detail.latest_execution_context, Some(context.as_str().into()));
    }
}

/// A history that does not fold is a bug or a damaged store. The other runs of the shard must not
/// have to pay for it.
#[test]
fn a_damaged_history_costs_its_run_alone() {
    let mut rig = long(5);
    rig.start("v", "r2").expect("the first of its id");
    let epoch = rig.memory.claim(SHARD, "damage").expect("no fault is planned");
    let mut damage = Batch::default();
    damage.delete(keys::history(&"r1".into(), EventId(4)));
    rig.memory.commit(SHARD, epoch, damage).expect("no fault is planned");
    rig.restart();
    let both = vec![signal(open("w"), "x"), signal(open("v"), "x")];
    assert_eq!(rig.steps(both), [Err(Refusal::Damaged), Ok(Outcome::Done)]);
    // Both have been open for too long; the damaged one is tried again now and then.
    let now = 1_000 + 100_000 * 1_000;
    rig.tick(now);
    assert_eq!(rig.history("r2").last(), Some(&"WorkflowExecutionTimedOut"));
    assert_eq!(rig.shard.next_wake(), Some(Timestamp(now + WAKE_RETRY_MS)));
}
