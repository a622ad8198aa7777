//! Executions in several shards that talk to each other, while the store fails and messages come
//! again: each takes effect once.

use super::*;
use crate::reader::Reader;
use crate::tests::fixture::{Prng, fails, rows, tokens};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use store::Direction;
use store::memory::{self, Call};

/// How many rounds a scenario may take. Decision tasks that were lost time out after 20.
const ROUNDS_MAX: usize = 400;

/// How much time passes in a round, in milliseconds.
const ROUND_MS: i64 = 500;

/// Several shards on one store, with what is under way between them.
struct Net {
    /// Without faults, for looking at.
    memory: Memory,
    store: Memory,
    registry: Arc<RwLock<Registry>>,
    shards: BTreeMap<ShardId, Shard>,
    under_way: VecDeque<UnderWay>,
    now: i64,
    /// Nothing is delivered while this is set.
    holding: bool,
    chaos: Option<Prng>,
    flaw: Flaw,
}

/// A command for a shard; if it is a message, who sent it, and its number.
type UnderWay = (ShardId, Option<(ShardId, u64)>, ShardCommand);

/// A deliberate bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    None,
    /// A message that was taken is numbered anew and comes again.
    ComesAgainAsNew,
    /// A message is acknowledged and was not taken.
    NotTaken,
}

impl Net {
    fn new(memory: &Memory, store: Memory, chaos: Option<Prng>, flaw: Flaw) -> Net {
        Net {
            memory: memory.clone(),
            store,
            registry: registry(),
            shards: BTreeMap::new(),
            under_way: VecDeque::new(),
            now: 1_000,
            holding: false,
            chaos,
            flaw,
        }
    }

    /// Steps a shard with one command; a shard that cannot be claimed does not answer.
    fn step(&mut self, id: ShardId, command: ShardCommand) -> Result<Outcome, Refusal> {
        if !self.shards.contains_key(&id) {
            let store: Arc<dyn Store> = Arc::new(self.store.clone());
            let claimed = Shard::claim(id, "test", store, plain_commons(&self.registry));
            self.shards.insert(id, claimed?);
        }
        let shard = self.shards.get_mut(&id).expect("it is claimed");
        let step = shard.step(vec![((), command)], Timestamp(self.now));
        self.send(id, step.deliveries);
        let (_, reply) = step.replies.into_iter().next().expect("one answer to one command");
        reply
    }

    fn send(&mut self, from: ShardId, deliveries: Vec<Delivery>) {
        for Delivery { to, number, message } in deliveries {
            let copies = match (&mut self.chaos, self.flaw) {
                (_, Flaw::NotTaken) => {
                    let taken = ShardCommand::Taken(to, number);
                    self.under_way.push_back((from, None, taken));
                    continue;
                }
                (Some(prng), _) => 1 + prng.below(2) as u64,
                (None, _) => 1,
            };
            for copy in 0..copies {
                let shift = if self.flaw == Flaw::ComesAgainAsNew { copy } else { 0 };
                let message = Box::new(message.clone());
                let command = ShardCommand::Receive(from, number + shift, message);
                self.under_way.push_back((to, Some((from, number)), command));
            }
        }
    }

    /// Delivers what is under way, in order from each shard to each other.
    fn deliver(&mut self) {
        while !self.holding
            && let Some((to, sender, command)) = self.under_way.pop_front()
        {
            let reply = self.step(to, command);
            if let Some((from, number)) = sender {
                let answer = match reply {
                    Ok(_) => ShardCommand::Taken(to, number),
                    Err(_) => ShardCommand::NotTaken(to),
                };
                self.under_way.push_back((from, None, answer));
            }
        }
    }

    /// Lets time pass: every shard has a step of its own, and messages arrive.
    fn round(&mut self) {
        self.now += ROUND_MS;
        if self.chaos.as_mut().is_some_and(|prng| prng.below(8) == 0) {
            // The process is killed and starts again.
            self.shards.clear();
            self.under_way.clear();
        }
        let known: Vec<ShardId> = keys::shards()
            .filter(|id| self.shards.contains_key(id) || !rows(&self.memory, *id).is_empty())
            .collect();
        for id in known {
            // Any command does; this one is about nothing.
            let _nothing = self.step(id, ShardCommand::Describe(token("nobody")));
        }
        self.deliver();
    }

    fn start(&mut self, workflow_id: &str) {
        let id = keys::shard_of(&workflow_of(&identity(workflow_id, "r")));
        for _ in 0..ROUNDS_MAX {
            match self.step(id, start(workflow_id, &format!("{workflow_id}-run"), json!({}))) {
                Ok(_) | Err(Refusal::Fault(Fault::WorkflowExecutionAlreadyStarted)) => return,
                Err(_) => self.round(),
            }
        }
        panic!("{workflow_id} never starts");
    }

    /// The decision tasks that wait are taken and answered by `decide`.
    fn decide(&mut self, decide: &impl Fn(&str, &[Event]) -> Value) {
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
        for task in tasks {
            let Ok(Outcome::Task(started)) =
                self.step(task.shard, start_task(list.clone(), task.place))
            else {
                continue;
            };
            let events = self.history(task.shard, &started.identity.run_id);
            let decisions = decide(started.identity.workflow_id.as_str(), &events);
            // Should the answer be lost, the task times out and comes again.
            let _answered = self.step(task.shard, complete(&started, decisions));
            self.deliver();
        }
    }

    fn history(&self, shard: ShardId, run_id: &RunId) -> Vec<Event> {
        let all = EventId(1)..=crate::history::END;
        let page = crate::history::page(
            &self.memory,
            shard,
            run_id,
            all,
            Direction::Ascending,
            usize::MAX,
        );
        serde_json::from_slice(&page.expect("no fault is planned").events).expect("events")
    }

    fn runs_of(&self, workflow_id: &str) -> Vec<RunId> {
        rows(&self.memory, shard_of(workflow_id))
            .iter()
            .filter_map(|(_, value)| values::parse_identity(value).ok())
            .filter(|found| found.workflow_id.as_str() == workflow_id)
            .map(|found| found.run_id)
            .collect()
    }

    /// The history of the only run of a workflow.
    fn history_of(&self, workflow_id: &str) -> Vec<Event> {
        let (shard, runs) = (shard_of(workflow_id), self.runs_of(workflow_id));
        let [run_id] = &runs[..] else { panic!("runs of {workflow_id}: {runs:?}") };
        self.history(shard, run_id)
    }
}

fn shard_of(workflow_id: &str) -> ShardId {
    keys::shard_of(&workflow_of(&identity(workflow_id, "r")))
}

fn count(events: &[Event], event_type: &str) -> usize {
    events.iter().filter(|event| event.attributes.event_type() == event_type).count()
}

/// The parent starts a child and signals it and somebody who does not exist, once each; the child
/// completes when it was signaled; then the parent does.
fn decide(workflow_id: &str, events: &[Event]) -> Value {
    let seen = |event_type| count(events, event_type) > 0;
    let decision = |kind: &str, attributes: Value| {
        let key = format!("{}{}DecisionAttributes", kind[..1].to_lowercase(), &kind[1..]);
        json!({"decisionType": kind, key: attributes})
    };
    let signal = |workflow_id: &str| {
        let attributes = json!({"workflowId": workflow_id, "signalName": "s"});
        decision("SignalExternalWorkflowExecution", attributes)
    };
    if workflow_id == "child" {
        return if seen("WorkflowExecutionSignaled") { json!([finish()]) } else { json!([]) };
    }
    if !seen("StartChildWorkflowExecutionInitiated") {
        let child = json!({"workflowId": "child", "workflowType": {"name": "w", "version": "1"}});
        return json!([decision("StartChildWorkflowExecution", child), signal("nobody")]);
    }
    if count(events, "SignalExternalWorkflowExecutionInitiated") == 1 {
        let started = seen("ChildWorkflowExecutionStarted");
        return if started { json!([signal("child")]) } else { json!([]) };
    }
    let told = ["ChildWorkflowExecutionCompleted", "ExternalWorkflowExecutionSignaled"];
    if told.into_iter().all(seen) { json!([finish()]) } else { json!([]) }
}

/// Sees the scenario through, and checks that each message took effect once.
fn scenario(mut net: Net) {
    net.start("parent");
    for round in 0.. {
        assert!(round < ROUNDS_MAX, "the parent never ends: {:?}", net.history_of("parent"));
        net.decide(&decide);
        net.round();
        if count(&net.history_of("parent"), "WorkflowExecutionCompleted") == 1 {
            break;
        }
    }
    net.chaos = None;
    (0..10).for_each(|_| net.round());
    for _ in 0..4 {
        // What found no room to be tidied up is put off for a minute.
        net.now += 60_000;
        net.round();
    }
    let (parent, child) = (net.history_of("parent"), net.history_of("child"));
    for (events, event_type, expected) in [
        (&parent, "StartChildWorkflowExecutionInitiated", 1),
        (&parent, "ChildWorkflowExecutionStarted", 1),
        (&parent, "ChildWorkflowExecutionCompleted", 1),
        (&parent, "SignalExternalWorkflowExecutionInitiated", 2),
        (&parent, "SignalExternalWorkflowExecutionFailed", 1),
        (&parent, "ExternalWorkflowExecutionSignaled", 1),
        (&child, "WorkflowExecutionSignaled", 1),
        (&child, "WorkflowExecutionCompleted", 1),
    ] {
        assert_eq!(count(events, event_type), expected, "{event_type} in {events:?}");
    }
    let all = keys::outbox_all();
    for id in keys::shards() {
        let left = rows(&net.memory, id).into_iter().filter(|(key, _)| all.contains(key)).count();
        assert_eq!(left, 0, "messages of {id:?} that were taken stay");
    }
}

/// The scenario with the calls of the store from `failing` on failing, `width` of them. Returns
/// how many calls there were.
fn with_fault(fault: memory::Fault, failing: usize, width: usize) -> usize {
    let memory = Memory::default();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let store = memory.with_faults(move |call| {
        let writes = matches!(call, Call::Claim { .. } | Call::Commit { .. });
        let count = writes || fault == memory::Fault::Lost;
        let number = counted.fetch_add(usize::from(count), Ordering::Relaxed) + 1;
        (count && (failing..failing + width).contains(&number)).then_some(fault)
    });
    scenario(Net::new(&memory, store, None, Flaw::None));
    calls.load(Ordering::Relaxed)
}

#[test]
fn each_message_takes_effect_once_whichever_call_of_the_store_fails() {
    for (fault, width) in [
        (memory::Fault::Lost, 1),
        (memory::Fault::Lost, 3),
        (memory::Fault::Unacknowledged, 1),
        (memory::Fault::Late, 1),
        (memory::Fault::Full, 2),
    ] {
        let mut failing = 1;
        while failing <= with_fault(fault, failing, width) {
            failing += 1;
        }
        assert!(failing > 15, "the scenario is too short: {failing} calls");
    }
}

#[test]
fn each_message_takes_effect_once_whatever_comes_again_and_whenever_the_process_is_killed() {
    for seed in 0..100 {
        let memory = Memory::default();
        let chaos = Some(Prng(seed));
        scenario(Net::new(&memory, memory.clone(), chaos, Flaw::None));
    }
}

/// An oracle counts only once a bug has made it fail.
#[test]
fn the_oracle_notices_deliberate_bugs() {
    for flaw in [Flaw::ComesAgainAsNew, Flaw::NotTaken] {
        let noticed = (0..20).any(|seed| {
            let memory = Memory::default();
            let chaos = Some(Prng(seed));
            fails(|| scenario(Net::new(&memory, memory.clone(), chaos, flaw)))
        });
        assert!(noticed, "{flaw:?}");
    }
}

/// More messages to one shard than may be under way at once: the rest waits in rows.
#[test]
fn a_flood_of_messages_arrives_whole() {
    let memory = Memory::default();
    let mut net = Net::new(&memory, memory.clone(), None, Flaw::None);
    net.start("parent");
    net.start("child");
    let flood = |workflow_id: &str, events: &[Event]| -> Value {
        let sent = count(events, "SignalExternalWorkflowExecutionInitiated") > 0;
        if workflow_id == "child" || sent {
            return json!([]);
        }
        let signal = json!({
            "decisionType": "SignalExternalWorkflowExecution",
            "signalExternalWorkflowExecutionDecisionAttributes":
                {"workflowId": "child", "signalName": "s"},
        });
        Value::Array(vec![signal; 300])
    };
    for _ in 0..40 {
        net.decide(&flood);
        net.round();
    }
    assert_eq!(count(&net.history_of("child"), "WorkflowExecutionSignaled"), 300);
    assert_eq!(count(&net.history_of("parent"), "ExternalWorkflowExecutionSignaled"), 300);
}

/// A message that was given up, and then turns out to have been taken from an earlier delivery,
/// does not hold up those that come after it.
#[test]
fn a_late_acknowledgement_does_not_stop_the_lane() {
    let memory = Memory::default();
    let mut net = Net::new(&memory, memory.clone(), None, Flaw::None);
    net.start("parent");
    let from = keys::shard_of(&workflow_of(&identity("parent", "r")));
    let signal_nobody = |_: &str, _: &[Event]| {
        let signal = json!({
            "decisionType": "SignalExternalWorkflowExecution",
            "signalExternalWorkflowExecutionDecisionAttributes":
                {"workflowId": "nobody", "signalName": "s"},
        });
        json!([signal])
    };
    let to = keys::shard_of(&workflow_of(&identity("nobody", "r")));
    net.holding = true;
    net.decide(&signal_nobody);
    assert_eq!(net.step(from, ShardCommand::NotTaken(to)), Ok(Outcome::Done));
    net.holding = false;
    net.deliver();
    // Its row goes with other work, before what was given up is looked for there.
    assert_eq!(net.step(from, signal(open("parent"), "x")), Ok(Outcome::Done));
    (0..4).for_each(|_| net.round());
    let idle = net.shards[&from].outbox.next_wake();
    assert_eq!(idle, None, "nothing is left to send or to tidy up");
    net.decide(&signal_nobody);
    net.round();
    let failed = count(&net.history_of("parent"), "SignalExternalWorkflowExecutionFailed");
    assert_eq!(failed, 2);
}

/// A parent whose announcement of the child `child` is under way, and not delivered.
fn with_announced(child: &str) -> Net {
    let memory = Memory::default();
    let mut net = Net::new(&memory, memory.clone(), None, Flaw::None);
    net.start("parent");
    net.holding = true;
    net.decide(&|_: &str, _: &[Event]| {
        let attributes =
            json!({"workflowId": child, "workflowType": {"name": "w", "version": "1"}});
        json!([{
            "decisionType": "StartChildWorkflowExecution",
            "startChildWorkflowExecutionDecisionAttributes": attributes,
        }])
    });
    net
}

fn terminate(policy: ChildPolicy) -> ShardCommand {
    let command = Command::Terminate { reason: None, details: None, child_policy: Some(policy) };
    ShardCommand::Apply(open("parent"), command)
}

/// Two children: one beside its parent, and one in another shard.
fn children() -> [String; 2] {
    let parent = shard_of("parent");
    let named = |beside: bool| {
        let mut names = (0..).map(|number: u32| format!("child{number}"));
        names.find(|name| (shard_of(name) == parent) == beside).expect("one hashes so")
    };
    [named(true), named(false)]
}

/// Engine.md, section 13, row 9.
#[test]
fn a_child_that_was_only_announced_starts_unless_its_parents_end_recalls_it() {
    for child in children() {
        for (policy, runs) in [
            (ChildPolicy::Terminate, 0),
            (ChildPolicy::RequestCancel, 1),
            (ChildPolicy::Abandon, 1),
        ] {
            let mut net = with_announced(&child);
            assert_eq!(net.step(shard_of("parent"), terminate(policy)), Ok(Outcome::Done));
            net.holding = false;
            (0..4).for_each(|_| net.round());
            assert_eq!(net.runs_of(&child).len(), runs, "{child} {policy:?}");
            assert_eq!(net.shards[&shard_of("parent")].outbox.next_wake(), None, "all were taken");
            // Its id is free.
            if runs == 0 {
                net.start(&child);
                (0..4).for_each(|_| net.round());
                assert_eq!(count(&net.history_of(&child), "WorkflowExecutionTerminated"), 0);
            }
        }
    }
}

#[test]
fn a_parents_end_of_the_same_batch_recalls_its_child() {
    let [beside, _] = children();
    let mut net = with_announced(&beside);
    let id = shard_of("parent");
    let (_, _, receive) = net.under_way.pop_front().expect("it is under way");
    let commands = vec![((), terminate(ChildPolicy::Terminate)), ((), receive)];
    let step = net.shards.get_mut(&id).expect("it is claimed").step(commands, Timestamp(net.now));
    assert!(step.replies.iter().all(|((), reply)| *reply == Ok(Outcome::Done)));
    assert_eq!(net.runs_of(&beside), []);
}

#[test]
fn a_child_does_not_start_whose_parent_has_timed_out_meanwhile() {
    for child in children() {
        let mut net = with_announced(&child);
        net.now += 100_000 * 1000;
        net.round();
        assert_eq!(count(&net.history_of("parent"), "WorkflowExecutionTimedOut"), 1);
        net.holding = false;
        (0..4).for_each(|_| net.round());
        assert_eq!(net.runs_of(&child), [], "{child}");
    }
}
