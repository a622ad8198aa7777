//! A world in which everything happens that may: nodes that crash and take over from each other, a
//! store that fails, messages that are lost or come twice, clocks that jump, and callers who are
//! late, go away, or say everything twice. One thread, one seed.

use super::Watch;
use super::callers::{Book, Somebody, caller};
use super::calls::{Call, HeldTask, Purpose};
use super::chance::Chance;
use super::decisions::{self, ACTIVITY_LISTS, DECISION_LISTS, Names, ROLE, WORKFLOWS};
use super::disk::{Disk, Flaw};
use super::functions::{FunctionHouse, RunningFunction};
use super::importers::{Importers, TARGET};
use super::ledger::{Decided, Ledger};
use super::time::{NodeClock, SeededEntropy, TrueTime};
use super::watchers::Watcher;
use serde_json::{Value, json};
use service::{Functions, Limits, Mail, Options, Part, Stepped};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::Store;
use wire::{Fault, Model, Operation};

/// How many nodes live at the same time at most: one, and one that takes over.
const NODES_MAX: usize = 2;

/// How many requests are under way at the same time at most.
const CALLS_MAX: usize = 40;

/// How many events a history has at most in the worlds where that limit is low.
const EVENTS_FEW: u64 = 40;

/// How many events a page of a history has if nobody asks for fewer.
const EVENTS_PER_PAGE: usize = 1000;

/// How many callers there are whose rights are asked for.
const CALLERS: usize = 3;

/// How many keys for tokens are made at most: none that has sealed a token goes.
const TOKEN_KEYS_MAX: usize = 10;

/// How many steps the trouble takes.
const STEPS: usize = 500;

/// How many parts take their turn in one step at most.
const TURNS_PER_STEP_MAX: usize = 20;

/// How many of the newest steps a failure shows.
const TRACE_MAX: usize = 60;

/// A process, and the number it was started under.
pub struct Node {
    pub number: u64,
    pub service: Stepped,
    clock: Arc<NodeClock>,
}

/// See the module.
pub struct World {
    pub chance: Chance,
    pub time: TrueTime,
    pub disk: Disk,
    pub flaw: Option<Flaw>,
    pub watch: Watch,
    /// When the trouble ended, by the true time, if it has.
    pub settling_since: Option<i64>,
    pub nodes: Vec<Node>,
    pub calls: Vec<Call>,
    pub ledger: Ledger,
    pub names: Names,
    pub held: Vec<HeldTask>,
    pub functions: FunctionHouse,
    pub running_functions: Vec<RunningFunction>,
    /// Who is asked for his rights, and what the nodes know of his key.
    pub callers: Vec<Somebody>,
    pub book: Book,
    /// How many have lost their keys since the trouble ended.
    pub keys_lost: usize,
    /// How many functions were called since then.
    pub functions_settled: usize,
    /// Who watches, and who brings executions over; with chances of their own.
    pub watchers: Vec<Watcher>,
    pub watch_chance: Chance,
    pub importers: Importers,
    pub import_chance: Chance,
    /// How many keys for tokens were made.
    token_keys: usize,
    /// Answers to questions, as they come.
    pub answers: Vec<Option<Result<Value, Fault>>>,
    /// The one domain of this seed.
    pub domain: &'static str,
    /// Whether deciders record so much that histories become long.
    long: bool,
    /// How many events a history may have, if that is less than usual; other quotas are low then, too.
    pub events_max: Option<u64>,
    /// Answers that nobody listens to.
    rotations: Vec<service::Pending>,
    /// Polls whose callers are gone and that the flaw keeps.
    leaked: Vec<service::Pending>,
    nodes_started: u64,
    /// The steps, digested: two runs of a seed have the same.
    digest: u64,
    trace: VecDeque<String>,
}

/// What a seed came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many runs there were.
    pub runs: usize,
    /// How many events they have.
    pub events: usize,
    /// How many effects callers had acknowledged.
    pub acknowledged: usize,
    /// How many times a history was compared with what somebody had seen of it.
    pub compared: u64,
    /// How many nodes there were, one after the other.
    pub nodes: u64,
    /// How many events were told to who watches.
    pub told: usize,
    /// How many executions were brought over.
    pub imported: u64,
    /// The steps, digested.
    pub digest: u64,
}

impl Summary {
    /// Counts another seed in.
    pub fn add(&mut self, other: &Summary) {
        self.runs += other.runs;
        self.events += other.events;
        self.acknowledged += other.acknowledged;
        self.compared += other.compared;
        self.nodes += other.nodes;
        self.told += other.told;
        self.imported += other.imported;
        self.digest ^= other.digest;
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} runs, {} events, {} acknowledged effects, {} histories compared, {} nodes, {} \
             events told, {} imported, digest {:016x}",
            self.runs,
            self.events,
            self.acknowledged,
            self.compared,
            self.nodes,
            self.told,
            self.imported,
            self.digest
        )
    }
}

impl World {
    /// Before anything happened.
    pub fn new(seed: u64, flaw: Option<Flaw>, watch: Watch) -> World {
        let mut chance = Chance::new(seed, "world");
        let domain = if chance.once_in(8) { "brief" } else { "lasting" };
        let long = chance.once_in(8);
        let events_max = chance.once_in(8).then_some(EVENTS_FEW);
        World {
            chance,
            time: TrueTime::new(),
            disk: Disk::new(seed, flaw),
            flaw,
            watch,
            settling_since: None,
            nodes: Vec::new(),
            calls: Vec::new(),
            ledger: Ledger::default(),
            names: Names::default(),
            held: Vec::new(),
            functions: FunctionHouse::default(),
            running_functions: Vec::new(),
            callers: Vec::new(),
            book: Book::new(flaw),
            keys_lost: 0,
            functions_settled: 0,
            watchers: Vec::new(),
            watch_chance: Chance::new(seed, "watchers"),
            importers: Importers::default(),
            import_chance: Chance::new(seed, "importers"),
            token_keys: 0,
            answers: Vec::new(),
            domain,
            long,
            events_max,
            rotations: Vec::new(),
            leaked: Vec::new(),
            nodes_started: 0,
            digest: 0,
            trace: VecDeque::new(),
        }
    }

    /// Lets everything happen, and looks at what has come of it.
    pub fn run(&mut self) -> Result<Summary, String> {
        self.start_node(0);
        for (operation, body) in self.registrations() {
            self.ask(operation, body)?;
        }
        self.begin_to_watch()?;
        for _ in 0..CALLERS {
            self.add_caller();
        }
        self.disk.set_trouble(true);
        for _ in 0..STEPS {
            self.step()?;
        }
        self.disk.set_trouble(false);
        self.settle()?;
        let (runs, events) = self.check_all()?;
        let imported = self.check_imports()?;
        Ok(Summary {
            runs,
            events,
            acknowledged: self.ledger.acknowledgements(),
            compared: self.ledger.compared(),
            nodes: self.nodes_started,
            told: self.told(),
            imported,
            digest: self.digest,
        })
    }

    /// The newest steps, for people.
    pub fn trace(&self) -> impl Iterator<Item = &String> {
        self.trace.iter()
    }

    pub fn note(&mut self, text: impl FnOnce() -> String) {
        let text = text();
        let mix = |digest: u64, byte: u8| (digest ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        self.digest = text.bytes().fold(self.digest, mix);
        if self.trace.len() == TRACE_MAX {
            self.trace.pop_front();
        }
        self.trace.push_back(text);
    }

    fn registrations(&self) -> [(Operation, Value); 4] {
        let days = if self.domain == "brief" { "0" } else { "90" };
        [
            (
                Operation::RegisterDomain,
                json!({"name": self.domain, "workflowExecutionRetentionPeriodInDays": days}),
            ),
            (
                Operation::RegisterDomain,
                json!({"name": TARGET, "workflowExecutionRetentionPeriodInDays": "90"}),
            ),
            (
                Operation::RegisterWorkflowType,
                json!({
                    "domain": self.domain, "name": "w", "version": "1",
                    "defaultTaskList": {"name": DECISION_LISTS[0]},
                    "defaultTaskStartToCloseTimeout": "30",
                    "defaultExecutionStartToCloseTimeout": "86400",
                    "defaultChildPolicy": "TERMINATE",
                }),
            ),
            (
                Operation::RegisterActivityType,
                json!({"domain": self.domain, "name": "a", "version": "1"}),
            ),
        ]
    }

    /// Starts a process whose clock is off by so much.
    pub fn start_node(&mut self, offset_ms: i64) {
        let store: Arc<dyn Store> = Arc::new(self.disk.clone());
        let entropy = SeededEntropy(Mutex::new(Chance::new(self.chance.next(), "entropy")));
        // Some processes are started without anybody who calls functions.
        let functions = Arc::new(self.functions.clone()) as Arc<dyn Functions>;
        let functions = (!self.chance.once_in(8)).then_some(functions);
        let mut limits = Limits::AWS;
        if let Some(events_max) = self.events_max {
            limits.history_events_max = events_max;
            limits.open_activities_max = 2;
            limits.open_timers_max = 2;
            limits.open_children_max = 2;
            limits.open_executions_max = 6;
        }
        let options = Options {
            limits,
            poll_hold: Duration::from_secs(60),
            owner: format!("node-{}", self.nodes_started),
            functions,
            credentials: Some(Arc::new(self.book.clone())),
            ..Options::default()
        };
        let clock = self.time.clock(offset_ms);
        let opened = Stepped::open(store, clock.clone(), Arc::new(entropy), &options);
        self.nodes_started += 1;
        let number = self.nodes_started;
        self.note(|| format!("node {number} starts at {offset_ms} ms: {}", opened.is_ok()));
        // One that cannot open ends, and is started again some other time.
        self.nodes.extend(opened.ok().map(|service| Node { number, service, clock }));
    }

    /// Ends a process. What it was asked stays unanswered.
    pub fn crash_node(&mut self, index: usize) {
        let node = self.nodes.remove(index);
        self.note(|| format!("node {} crashes", node.number));
        drop(node);
        if self.nodes.is_empty() {
            self.disk.crash();
        }
    }

    /// One thing happens.
    fn step(&mut self) -> Result<(), String> {
        match self.chance.weighted(&[60, 28, 7, 1, 1, 1, 1, 2, 1]) {
            0 if !self.nodes.is_empty() => {
                for _ in 0..=self.chance.below(TURNS_PER_STEP_MAX) {
                    self.turn();
                }
            }
            1 => self.act(),
            2 => {
                let ms = match self.chance.below(10) {
                    0 => self.chance.below(120_000),
                    1..5 => self.chance.below(3_000),
                    _ => self.chance.below(100),
                };
                self.note(|| format!("{ms} ms pass"));
                self.time.advance(ms as i64);
            }
            3 if !self.nodes.is_empty() => {
                let index = self.chance.below(self.nodes.len());
                self.crash_node(index);
            }
            4 if self.nodes.len() < NODES_MAX => {
                let offset = self.some_offset();
                self.start_node(offset);
            }
            5 if !self.nodes.is_empty() => {
                let (index, offset) = (self.chance.below(self.nodes.len()), self.some_offset());
                let Node { number, clock, .. } = &self.nodes[index];
                let (number, clock) = (*number, Arc::clone(clock));
                self.note(|| format!("node {number}'s clock is set to {offset} ms"));
                clock.set(offset);
            }
            _ if self.nodes.is_empty() => self.start_node(0),
            7 => self.lose_rights(),
            8 if self.token_keys < TOKEN_KEYS_MAX => {
                self.token_keys += 1;
                let index = self.chance.below(self.nodes.len());
                let Node { number, service, .. } = &self.nodes[index];
                let (number, pending) = (*number, service.rotate_token_key());
                self.rotations.push(pending);
                self.note(|| format!("node {number} makes a key for tokens"));
            }
            _ => self.check_store()?,
        }
        self.begin_functions()?;
        self.watch();
        self.bring_over();
        self.hear()
    }

    /// How far a clock may be off: 5 seconds, forward or back.
    fn some_offset(&mut self) -> i64 {
        self.chance.below(10_000) as i64 - 5_000
    }

    /// Some part of some node does some of its work.
    fn turn(&mut self) {
        let index = self.chance.below(self.nodes.len());
        let busy = self.nodes[index].service.busy();
        if busy.is_empty() {
            return;
        }
        let part = self.chance.one_of(&busy);
        let items_max = 1 + self.chance.below(8);
        let mail = match self.chance.below(10) {
            0 => Mail::Lost,
            1 => Mail::Repeated,
            2 => Mail::Reversed,
            _ => Mail::Orderly,
        };
        self.take_turn(index, part, items_max, mail);
    }

    pub fn take_turn(&mut self, index: usize, part: Part, items_max: usize, mail: Mail) {
        let number = self.nodes[index].number;
        self.note(|| format!("node {number}: {part:?} takes {items_max}, mail {mail:?}"));
        self.nodes[index].service.turn(part, items_max, mail);
    }

    /// Some caller does something.
    fn act(&mut self) {
        let full = self.nodes.is_empty() || self.calls.len() >= CALLS_MAX;
        let domain = self.domain;
        match self.chance.weighted(&[4, 5, 1, 1, 9, 8, 12, 3, 2, 1, 4]) {
            10 => self.end_a_function(),
            _ if full => self.go_away(),
            0 => {
                let mark = self.names.fresh("m");
                let mut body = json!({
                    "domain": domain,
                    "workflowId": self.chance.one_of(&WORKFLOWS),
                    "workflowType": {"name": "w", "version": "1"},
                    "executionStartToCloseTimeout": self.chance.one_of(&["20", "3600", "86400"]),
                    "childPolicy": self.chance.one_of(&["TERMINATE", "REQUEST_CANCEL", "ABANDON"]),
                    "input": mark,
                });
                if !self.chance.once_in(4) {
                    body["lambdaRole"] = json!(ROLE);
                }
                self.send(Operation::StartWorkflowExecution, body, Purpose::Mark(mark));
            }
            1 => {
                let mark = self.names.fresh("m");
                let body = json!({
                    "domain": domain, "workflowId": self.chance.one_of(&WORKFLOWS),
                    "signalName": "s", "input": mark,
                });
                if self.flaw == Some(Flaw::RepeatsSignals) {
                    let again = Purpose::Repeated;
                    self.send(Operation::SignalWorkflowExecution, body.clone(), again);
                }
                self.send(Operation::SignalWorkflowExecution, body, Purpose::Mark(mark));
            }
            2 => {
                let body = json!({"domain": domain, "workflowId": self.chance.one_of(&WORKFLOWS)});
                self.send(Operation::RequestCancelWorkflowExecution, body, Purpose::Repeated);
            }
            3 => {
                let mark = self.names.fresh("m");
                let body = json!({
                    "domain": domain, "workflowId": self.chance.one_of(&WORKFLOWS),
                    "reason": mark,
                });
                self.send(Operation::TerminateWorkflowExecution, body, Purpose::Mark(mark));
            }
            4 => {
                let list = self.chance.one_of(&DECISION_LISTS);
                self.poll(Operation::PollForDecisionTask, list);
            }
            5 => {
                let list = self.chance.one_of(&ACTIVITY_LISTS);
                self.poll(Operation::PollForActivityTask, list);
            }
            6 => self.answer_a_task(),
            7 => self.go_away(),
            8 => self.read_a_history(),
            _ => {
                let name = self.names.fresh("type");
                let body = json!({"domain": domain, "name": name, "version": "1"});
                self.send(Operation::RegisterActivityType, body, Purpose::Registration { name });
            }
        }
    }

    pub fn poll(&mut self, operation: Operation, list: &'static str) {
        let poller = self.names.fresh("poller");
        let mut body =
            json!({"domain": self.domain, "taskList": {"name": list}, "identity": poller});
        if operation == Operation::PollForDecisionTask && self.chance.once_in(3) {
            let events_max = if self.long { 200 } else { 20 };
            body["maximumPageSize"] = json!(1 + self.chance.below(events_max));
        }
        self.send(operation, body, Purpose::Poll { list, poller });
    }

    /// A decider or a worker answers a task that it holds, and may do so again.
    fn answer_a_task(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let index = self.chance.below(self.held.len());
        let task = match self.chance.once_in(6) {
            true => self.held[index].clone(),
            false => self.held.swap_remove(index),
        };
        if task.is_decision {
            let mut decisions = Vec::new();
            if self.long {
                decisions = decisions::markers(&mut self.chance, &mut self.names);
            }
            decisions.extend(decisions::some(&mut self.chance, &mut self.names));
            let moves = self.chance.once_in(10);
            self.decide(&task, decisions, moves);
        } else if self.chance.once_in(3) {
            self.beat(&task);
            // Some workers die after a sign of life.
            if !self.chance.once_in(3) {
                self.held.push(task);
            }
        } else {
            let how = self.chance.weighted(&[6, 3, 2]);
            self.close_activity(&task, how);
        }
    }

    /// A worker gives a sign of life.
    pub fn beat(&mut self, task: &HeldTask) {
        let details = self.names.fresh("beat");
        let body = json!({"taskToken": task.token, "details": details});
        let (run_id, sent_at) = (task.run_id.clone(), self.time.now());
        self.ledger.heartbeat_sent(&run_id, task.started, &details, sent_at);
        let purpose = Purpose::Heartbeat { run_id, task: task.started, details };
        self.send(Operation::RecordActivityTaskHeartbeat, body, purpose);
    }

    /// Answers a decision task; `moves` puts later ones on another list, perhaps for a while.
    pub fn decide(&mut self, task: &HeldTask, decisions: Vec<Value>, moves: bool) {
        let mark = self.names.fresh("m");
        let who = self.somebody();
        let denied = who.as_ref().map(|who| who.may_not_decide(&decisions)).unwrap_or_default();
        let decided = Decided { count: decisions.len(), denied };
        self.ledger.decided(&mark, decided);
        let mut body = json!({
            "taskToken": task.token, "executionContext": mark, "decisions": decisions,
        });
        if moves {
            let list = self.chance.one_of(&DECISION_LISTS);
            let timeout = self.chance.one_of(&["5", "NONE"]);
            body["taskList"] = json!({"name": list});
            body["taskListScheduleToStartTimeout"] = json!(timeout);
        }
        let operation = Operation::RespondDecisionTaskCompleted;
        self.send_as(who.as_ref(), operation, body, Purpose::Mark(mark), None);
    }

    /// Completes, fails or cancels an activity task.
    pub fn close_activity(&mut self, task: &HeldTask, how: usize) {
        let mark = self.names.fresh("m");
        let (operation, member) = match how {
            0 => (Operation::RespondActivityTaskCompleted, "result"),
            1 => (Operation::RespondActivityTaskFailed, "reason"),
            _ => (Operation::RespondActivityTaskCanceled, "details"),
        };
        let mut body = json!({"taskToken": task.token});
        body[member] = json!(mark);
        let (who, list) = (self.somebody(), task.polled["taskList"]["name"].as_str());
        self.send_as(who.as_ref(), operation, body, Purpose::Mark(mark), list);
    }

    fn read_a_history(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let index = self.chance.below(self.held.len());
        let (workflow_id, run_id) = self.held[index].execution();
        let at_least = self.ledger.seen_events(&run_id).min(EVENTS_PER_PAGE);
        let body = json!({
            "domain": self.domain,
            "execution": {"workflowId": workflow_id, "runId": run_id},
        });
        let purpose = Purpose::History { run_id, at_least };
        self.send(Operation::GetWorkflowExecutionHistory, body, purpose);
    }

    /// A caller ends before the answer, or a decider or worker before its own.
    fn go_away(&mut self) {
        if self.chance.once_in(3) && !self.held.is_empty() {
            let index = self.chance.below(self.held.len());
            self.held.swap_remove(index);
        } else if !self.calls.is_empty() {
            let index = self.chance.below(self.calls.len());
            let call = self.calls.swap_remove(index);
            self.lose(call);
        }
    }

    /// Nobody hears the answer of a call any more.
    pub fn lose(&mut self, call: Call) {
        self.note(|| format!("call {} is lost", call.number));
        match call.purpose {
            Purpose::Mark(mark) => self.ledger.unknown(&mark),
            Purpose::Poll { poller, .. } => {
                if !self.disk.has_served(&poller) {
                    self.ledger.is_gone(&poller);
                }
            }
            Purpose::Heartbeat { .. }
            | Purpose::History { .. }
            | Purpose::Page { .. }
            | Purpose::Registration { .. }
            | Purpose::Repeated
            | Purpose::Question(_) => (),
        }
        if self.flaw == Some(Flaw::ServesTheGone) {
            self.leaked.push(call.pending);
        }
    }

    /// Sends a request to some node, in somebody's name.
    pub fn send(&mut self, operation: Operation, body: Value, purpose: Purpose) {
        let who = match &purpose {
            Purpose::Question(_) => None,
            Purpose::Mark(_)
            | Purpose::Repeated
            | Purpose::Poll { .. }
            | Purpose::Heartbeat { .. }
            | Purpose::Registration { .. }
            | Purpose::Page { .. }
            | Purpose::History { .. } => self.somebody(),
        };
        self.send_as(who.as_ref(), operation, body, purpose, None);
    }

    /// The same in a certain name, or in that of one whom nobody asks. Of an activity task, `list`
    /// is where it was.
    pub fn send_as(
        &mut self,
        who: Option<&Somebody>,
        operation: Operation,
        body: Value,
        purpose: Purpose,
        list: Option<&str>,
    ) {
        let node = self.chance.below(self.nodes.len());
        let request = Model::get().check(operation, body.clone());
        let request =
            request.unwrap_or_else(|fault| panic!("{}: {body}: {fault:?}", operation.name()));
        if let Purpose::Mark(mark) = &purpose {
            self.ledger.asked(mark);
        }
        let number = self.names.fresh("call ");
        let key = who.map_or("nobody", |who| &who.key).to_owned();
        self.note(|| format!("{number}: {key} {} {body}", operation.name()));
        let sender = who.map(|who| (key, who.may_ask(operation, &body, list)));
        let unasked = self.flaw == Some(Flaw::DecidesForAnybody)
            && operation == Operation::RespondDecisionTaskCompleted
            && sender.as_ref().is_some_and(|(_, may)| *may);
        let caller = who.filter(|_| !unasked).map_or_else(caller, Somebody::caller);
        let pending = self.nodes[node].service.call(&caller, request);
        self.calls.push(Call { number, body, pending, sender, purpose });
    }
}
