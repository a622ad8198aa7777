//! What a shard does by itself (messages that were taken, runs that expired) when the store has no
//! room or cannot be read: it is put off, stops nothing else, and is not lost.

use super::*;
use crate::reader::Reader;
use crate::shard::retention::ROWS_DELETED_MAX;
use crate::tests::fixture::{rows, tokens};
use engine::registry::Change;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use store::memory::{self, Call};

const WORKS: u8 = 0;
const IS_FULL: u8 = 1;
const CANNOT_SCAN: u8 = 2;
const TAKES_WHAT_MAKES_ROOM: u8 = 3;

/// A shard with one run `p` whose decision task is answered, on a store whose mode can be set.
struct Bench {
    memory: Memory,
    registry: Arc<RwLock<Registry>>,
    shard: Shard,
    mode: Arc<AtomicU8>,
    now: i64,
}

impl Bench {
    fn new(retention: &str) -> Bench {
        let memory = Memory::default();
        let registry = registry();
        let mut record = {
            let registry = registry.read().expect("no holder panics");
            registry.domain(&scope(), &"d".into()).expect("it is there").record.clone()
        };
        record.retention = retention.into();
        let put = Change::PutDomain(scope(), record);
        registry.write().expect("no holder panics").evolve(put);
        let mode = Arc::new(AtomicU8::new(WORKS));
        let seen = Arc::clone(&mode);
        let faulty = memory.with_faults(move |call| match (seen.load(Ordering::Relaxed), call) {
            (IS_FULL, Call::Commit { shard, .. }) if *shard == SHARD => Some(memory::Fault::Full),
            (CANNOT_SCAN, Call::Scan { .. }) => Some(memory::Fault::Lost),
            (TAKES_WHAT_MAKES_ROOM, Call::Commit { batch, .. }) => {
                (!batch.makes_room()).then_some(memory::Fault::Full)
            }
            _ => None,
        });
        let store: Arc<dyn Store> = Arc::new(faulty);
        let shard = Shard::claim(SHARD, "test", store, plain_commons(&registry));
        let shard = shard.expect("no fault is planned");
        Bench { memory, registry, shard, mode, now: 1_000 }
    }

    fn set(&self, mode: u8) {
        self.mode.store(mode, Ordering::Relaxed);
    }

    fn step(&mut self, commands: Vec<ShardCommand>) -> Step<usize> {
        self.now += 1;
        self.shard.step(commands.into_iter().enumerate().collect(), Timestamp(self.now))
    }

    fn start(&mut self) {
        self.step(vec![start("p", "r", json!({}))]);
        self.decide(json!([]));
    }

    fn terminate(&mut self) {
        let terminate = Command::Terminate { reason: None, details: None, child_policy: None };
        self.step(vec![ShardCommand::Apply(open("p"), terminate)]);
    }

    /// Answers the decision task of `p` that waits.
    fn decide(&mut self, decisions: Value) -> Vec<Delivery> {
        let list = TaskListKey {
            kind: TaskKind::Decision,
            scope: scope(),
            domain: "d".into(),
            name: "deciders".into(),
        };
        let tokens = tokens();
        let empty_poll_token = crate::EmptyPollToken::Absent;
        let reader = Reader {
            store: Arc::new(self.memory.clone()),
            tokens,
            empty_poll_token,
            backups: Arc::default(),
        };
        let (tasks, _) = reader.head(&list).expect("no fault is planned");
        let started = self.step(vec![start_task(list, tasks[0].place.clone())]);
        let (_, started) = started.replies.into_iter().next().expect("one answer");
        let step = self.step(vec![complete(&task_of(started), decisions)]);
        assert_eq!(step.replies[0].1, Ok(Outcome::Done));
        step.deliveries
    }

    /// Lets `p` send signals to somebody in another shard who does not exist.
    fn send(&mut self, count: usize) -> Vec<Delivery> {
        let signal_nobody = json!({
            "decisionType": "SignalExternalWorkflowExecution",
            "signalExternalWorkflowExecutionDecisionAttributes":
                {"workflowId": "nobody", "signalName": "s"},
        });
        self.step(vec![signal(open("p"), "x")]);
        self.decide(Value::Array(vec![signal_nobody; count]))
    }
}

fn numbers(deliveries: &[Delivery]) -> Vec<u64> {
    deliveries.iter().map(|delivery| delivery.number).collect()
}

/// Acknowledgements that are lost with a commit leave a gap in the rows when later ones are not.
#[test]
fn a_gap_in_the_rows_of_taken_messages_does_not_stop_the_lane() {
    let mut bench = Bench::new("7");
    bench.start();
    let sent = bench.send(3);
    assert_eq!(numbers(&sent), [1, 2, 3]);
    let to = sent[0].to;
    let memory: Arc<dyn Store> = Arc::new(bench.memory.clone());
    let receiver = Shard::claim(to, "test", memory, plain_commons(&bench.registry));
    let mut receiver = receiver.expect("no fault is planned");
    for Delivery { number, message, .. } in sent {
        let command = ShardCommand::Receive(SHARD, number, Box::new(message));
        let step = receiver.step(vec![((), command)], Timestamp(bench.now));
        assert_eq!(step.replies[0].1, Ok(Outcome::Done));
    }
    let taken = |number| ShardCommand::Taken(to, number);
    bench.set(IS_FULL);
    bench.step(vec![taken(1), taken(2), signal(open("p"), "x")]);
    bench.set(WORKS);
    bench.step(vec![taken(3), signal(open("p"), "y")]);
    bench.set(IS_FULL);
    bench.step(vec![signal(open("p"), "z")]);
    bench.set(WORKS);
    for _ in 0..10 {
        bench.now += 1_000;
        bench.step(Vec::new());
    }
    let mut delivered = bench.send(2);
    for _ in 0..10 {
        bench.now += 2_000;
        delivered.extend(bench.step(Vec::new()).deliveries);
    }
    assert_eq!(numbers(&delivered), [4, 5]);
}

#[test]
fn a_lane_that_cannot_be_read_waits_before_it_is_tried_again() {
    let mut bench = Bench::new("7");
    bench.start();
    let to = bench.send(3)[0].to;
    bench.step(vec![ShardCommand::NotTaken(to)]);
    bench.set(CANNOT_SCAN);
    bench.now += 2_000;
    bench.step(Vec::new());
    assert!(bench.shard.next_wake().is_some_and(|wake| wake.0 > bench.now));
    bench.set(WORKS);
    bench.now += 2_000;
    assert_eq!(numbers(&bench.step(Vec::new()).deliveries), [1, 2, 3]);
}

#[test]
fn a_history_that_cannot_be_read_when_its_run_expires_goes_later() {
    let mut bench = Bench::new("0");
    bench.step(Vec::new());
    let before = rows(&bench.memory, SHARD).len();
    bench.start();
    bench.terminate();
    // The third scan of the removal: left-overs, the first close, the history.
    let scans = AtomicUsize::new(0);
    bench.shard.store = Arc::new(bench.memory.with_faults(move |call| {
        let is_third =
            matches!(call, Call::Scan { .. }) && scans.fetch_add(1, Ordering::Relaxed) == 2;
        is_third.then_some(memory::Fault::Lost)
    }));
    for _ in 0..5 {
        bench.now += 61_000;
        bench.step(Vec::new());
    }
    assert_eq!(rows(&bench.memory, SHARD).len(), before);
}

#[test]
fn a_run_that_expires_on_a_full_disk_does_not_stop_descriptions() {
    let mut bench = Bench::new("1");
    bench.start();
    let other = start("other", "o", json!({"executionStartToCloseTimeout": "31536000"}));
    bench.step(vec![other]);
    bench.terminate();
    bench.set(IS_FULL);
    bench.now += 24 * 60 * 60 * 1000;
    let step = bench.step(vec![ShardCommand::Describe(run("other", "o"))]);
    assert!(step.replies[0].1.is_ok());
    assert!(bench.shard.next_wake().is_some_and(|wake| wake.0 > bench.now), "it is put off");
    bench.set(WORKS);
    bench.now += 61_000;
    bench.step(Vec::new());
    let step = bench.step(vec![ShardCommand::Describe(run("p", "r"))]);
    assert!(step.replies[0].1.is_err(), "it goes when there is room");
}

/// However long the history is: the rows that remember what is left are few.
#[test]
fn a_full_disk_does_not_stop_what_makes_room() {
    for signals in [1, 2 * ROWS_DELETED_MAX] {
        let mut bench = Bench::new("0");
        bench.start();
        for _ in 0..signals {
            bench.step(vec![signal(open("p"), "x")]);
        }
        bench.terminate();
        let is_history = |key: &[u8]| keys::history_first(key).is_some();
        assert!(
            rows(&bench.memory, SHARD).iter().filter(|(key, _)| is_history(key)).count() > signals
        );
        bench.set(TAKES_WHAT_MAKES_ROOM);
        let refused = bench.step(vec![start("q", "q", json!({}))]);
        assert_eq!(refused.replies[0].1, Err(Refusal::Unavailable), "nothing new is taken");
        for _ in 0..2 {
            // What a commit that was refused puts off.
            bench.now += 60_000;
            bench.step(Vec::new());
            bench.step(Vec::new());
        }
        assert_eq!(rows(&bench.memory, SHARD), [], "{signals} signals");
    }
}

/// Callers who try again more often than the shard rests do not keep it from what makes room.
#[test]
fn busy_callers_on_a_full_disk_do_not_stop_what_makes_room() {
    let mut bench = Bench::new("1");
    bench.start();
    bench.terminate();
    bench.step(Vec::new());
    bench.now += 24 * 60 * 60 * 1000 - 1_000;
    bench.set(TAKES_WHAT_MAKES_ROOM);
    for _ in 0..1_000 {
        bench.now += 99;
        let refused = bench.step(vec![start("q", "q", json!({}))]);
        assert_eq!(refused.replies[0].1, Err(Refusal::Unavailable));
    }
    assert_eq!(rows(&bench.memory, SHARD), []);
}
