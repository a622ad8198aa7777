//! A starter, a decider and a worker that see one workflow through, whatever the store does: they
//! send again what was refused for no fault of theirs, and hold the shard to its answers.

use super::*;
use crate::tests::fixture::Prng;
use std::collections::BTreeSet;
use store::Direction;

/// How often one command is sent at most, and how long the workflow may take.
const ATTEMPTS_MAX: usize = 20;
const ROUNDS_MAX: usize = 150;

/// Something that was acknowledged: it must be in the history, once.
#[derive(Debug, PartialEq, Eq)]
enum Fact {
    Started(RunId),
    Signaled(String),
    TaskStarted(RunId, StartedIds),
    Decided(RunId, EventId),
    ActivityClosed(RunId, EventId),
}

pub struct Client {
    /// The store without faults, to look at.
    pub memory: Memory,
    registry: Arc<RwLock<Registry>>,
    /// The would-be owners of the shard; usually one.
    owners: Vec<Shard>,
    prng: Prng,
    now: i64,
    attempts: usize,
    facts: Vec<Fact>,
    signals_sent: usize,
    /// Says whether the store is to be checked after a step.
    audits: Box<dyn FnMut() -> bool>,
}

impl Client {
    /// `stores` are the handles that the owners use.
    pub fn new(
        memory: &Memory,
        stores: &[Arc<dyn Store>],
        seed: u64,
        audits: Box<dyn FnMut() -> bool>,
    ) -> Client {
        let registry = registry();
        let claim = |store: &Arc<dyn Store>| {
            let claim = || {
                let store = Arc::clone(store);
                Shard::claim(SHARD, "test", store, plain_commons(&registry)).ok()
            };
            (0..ATTEMPTS_MAX).find_map(|_| claim()).expect("the store does not fail for ever")
        };
        Client {
            memory: memory.clone(),
            owners: stores.iter().map(claim).collect(),
            registry,
            prng: Prng(seed),
            now: 1_000,
            attempts: 0,
            facts: Vec::new(),
            signals_sent: 0,
            audits,
        }
    }

    /// From the start to the end of the last run; then looks back.
    pub fn run(&mut self) {
        let begin = |attempt| start("w", &format!("r{attempt}"), json!({}));
        let is_open = |client: &Client| !audit::runs(&client.memory).is_empty();
        if let Some(Outcome::Started(run_id)) = self.send(begin, is_open) {
            self.acknowledge(Fact::Started(run_id));
        }
        for _ in 0..ROUNDS_MAX {
            let open_run = keys::row(&Key::OpenRun(workflow_of(&identity("w", ""))));
            if self.memory.get(SHARD, &open_run) == Ok(None) {
                return self.look_back(&audit::check_rows(&self.memory));
            }
            if let Some(task) = self.poll("deciders", TaskKind::Decision) {
                self.decide(&task);
            } else if let Some(task) = self.poll("workers", TaskKind::Activity) {
                self.work(&task);
            } else if self.signals_sent == 0 && self.now > 1_000 {
                self.signal();
            } else {
                self.now += 1_000;
                self.step_any(Vec::new());
            }
        }
        panic!("the workflow does not come to its end");
    }

    fn step_any(&mut self, commands: Vec<((), ShardCommand)>) -> Option<Result<Outcome, Refusal>> {
        let owner = self.prng.below(self.owners.len());
        let step = self.owners[owner].step(commands, Timestamp(self.now));
        if (self.audits)() {
            if let [owner] = &mut self.owners[..] {
                check_shard(&self.memory, &self.registry, owner);
            } else {
                audit::check_rows(&self.memory);
            }
        }
        step.replies.into_iter().next().map(|((), reply)| reply)
    }

    /// Sends a command until it is answered. `None` if it was refused because it had taken effect
    /// before, or because what it was about is over: `is_over` finds that in the store.
    fn send(
        &mut self,
        mut command: impl FnMut(usize) -> ShardCommand,
        is_over: impl Fn(&Client) -> bool,
    ) -> Option<Outcome> {
        for _ in 0..ATTEMPTS_MAX {
            self.attempts += 1;
            let reply = self.step_any(vec![((), command(self.attempts))]);
            match reply.expect("one answer to one command") {
                Ok(outcome) => return Some(outcome),
                Err(Refusal::Fault(_)) if is_over(self) => return None,
                // One who does not know yet that the shard is no longer his may refuse wrongly.
                Err(Refusal::Fault(_)) if self.owners.len() > 1 => (),
                Err(Refusal::Fault(fault)) => panic!("refused without a reason: {fault:?}"),
                Err(Refusal::CallerGone) => panic!("the caller waits"),
                Err(Refusal::NotAllowed(_)) => panic!("nobody asks"),
                Err(Refusal::Unavailable) => (),
                Err(Refusal::Damaged) => panic!("nothing damages this store"),
            }
        }
        panic!("a command is never answered");
    }

    fn acknowledge(&mut self, fact: Fact) {
        assert_eq!(self.count(&fact), 1, "acknowledged: {fact:?}");
        assert!(!self.facts.contains(&fact), "twice: {fact:?}");
        self.facts.push(fact);
    }

    /// How often a fact is in the histories.
    fn count(&self, fact: &Fact) -> usize {
        let runs = audit::runs(&self.memory);
        let events = |run_id: &RunId| audit::history(&self.memory, run_id);
        let all = || runs.iter().flat_map(|run| events(&run.run_id));
        match fact {
            Fact::Started(run_id) => runs.iter().filter(|run| run.run_id == *run_id).count(),
            Fact::Signaled(text) => all().filter(|e| signal_of(e) == Some(text.as_str())).count(),
            Fact::TaskStarted(run_id, ids) => {
                let started =
                    |e: &Event| e.event_id == ids.started && scheduled_of(e) == Some(ids.scheduled);
                events(run_id).iter().filter(|event| started(event)).count()
            }
            Fact::Decided(run_id, started) => {
                let decided = |e: &&Event| decided_of(e) == Some(*started);
                events(run_id).iter().filter(decided).count()
            }
            Fact::ActivityClosed(run_id, scheduled) => {
                let closed = |e: &&Event| closed_of(e).is_some_and(|(id, _)| id == *scheduled);
                events(run_id).iter().filter(closed).count()
            }
        }
    }

    /// Whether a task that was handed out is over.
    fn is_over(&self, task: &StartedTask) -> bool {
        let run_id = task.identity.run_id.clone();
        let states = audit::check_rows(&self.memory);
        let state = states.iter().find(|state| state.identity.run_id == run_id);
        let state = state.expect("the run of a task that was handed out");
        let held =
            state.decision_task_started.as_ref().is_some_and(|s| s.event_id == task.ids.started);
        !state.is_open() || !(held || state.activities.contains_key(&task.ids.scheduled))
    }

    /// The first task in the rows, if it can be had.
    fn poll(&mut self, name: &str, kind: TaskKind) -> Option<StartedTask> {
        let list = TaskListKey { kind, scope: scope(), domain: "d".into(), name: name.into() };
        for _ in 0..ATTEMPTS_MAX {
            let task = self.waiting(&list).into_iter().next()?;
            let begin = |_| start_task(list.clone(), task.clone());
            let is_gone = |client: &Client| !client.waiting(&list).contains(&task);
            if let Some(Outcome::Task(started)) = self.send(begin, is_gone) {
                let run_id = started.identity.run_id.clone();
                self.acknowledge(Fact::TaskStarted(run_id, started.ids));
                return Some(started);
            }
        }
        None
    }

    fn waiting(&self, list: &TaskListKey) -> Vec<Task> {
        let range = keys::tasks(list);
        let range = range.start.as_slice()..range.end.as_slice();
        let rows = self.memory.scan(SHARD, range, Direction::Ascending, usize::MAX);
        let rows = rows.expect("no fault is planned").into_iter();
        let rows = rows.filter(|(_, bytes)| values::is_deliverable(bytes));
        rows.map(|(key, _)| keys::parse_task(&key).expect("a task's key")).collect()
    }

    /// Two activities and a timer; once they and a signal are through, a second run that ends.
    fn decide(&mut self, task: &StartedTask) {
        let run_id = task.identity.run_id.clone();
        let events = audit::history(&self.memory, &run_id);
        let seen: Vec<&Event> = events.iter().filter(|e| e.event_id <= task.ids.started).collect();
        let saw = |event_type| seen.iter().any(|e| e.attributes.event_type() == event_type);
        let mut decisions = Vec::new();
        let mut done = saw("TimerFired") && saw("WorkflowExecutionSignaled");
        for activity_id in ["a1", "a2"] {
            let scheduled: Vec<EventId> = seen
                .iter()
                .filter(|e| activity_of(e) == Some(activity_id))
                .map(|e| e.event_id)
                .collect();
            let closed: Vec<(EventId, bool)> = seen
                .iter()
                .filter_map(|e| closed_of(e).filter(|(id, _)| scheduled.contains(id)))
                .collect();
            let completed = closed.iter().any(|(_, completed)| *completed);
            done &= completed;
            if !completed && closed.len() == scheduled.len() {
                decisions.push(activity(activity_id));
            }
        }
        if !saw("TimerStarted") {
            decisions.push(timer("t", 3));
        }
        if done {
            decisions = vec![json!({"decisionType": "ContinueAsNewWorkflowExecution"})];
        }
        if run_id.as_str().contains('+') {
            decisions = vec![finish()];
        }
        let decisions = json!(decisions);
        let answer = |attempt: usize| {
            let mut command = complete(task, decisions.clone());
            if let ShardCommand::Apply(_, Command::CompleteDecisionTask(answer)) = &mut command {
                answer.run_ids = vec![format!("{run_id}+{attempt}").into()]; // A new one every time.
            }
            command
        };
        if self.send(answer, |client| client.is_over(task)).is_some() {
            self.acknowledge(Fact::Decided(run_id, task.ids.started));
        }
    }

    fn work(&mut self, task: &StartedTask) {
        let run_id = task.identity.run_id.clone();
        let is_over = |client: &Client| client.is_over(task);
        if self.send(|_| heartbeat(task, "half"), is_over).is_some() {
            let key = keys::row(&Key::Heartbeat(run_id.clone(), task.ids.scheduled));
            let row = self.memory.get(SHARD, &key).expect("no fault is planned");
            let stored = values::parse_heartbeat(&row.expect("acknowledged")).expect("whole");
            assert_eq!(stored.details, Some("half".into()));
        }
        if self.send(|_| close(task), is_over).is_some() {
            self.acknowledge(Fact::ActivityClosed(run_id, task.ids.scheduled));
        }
    }

    /// A signal cannot be told from one that was sent twice, so each attempt says which it is.
    fn signal(&mut self) {
        for attempt in 1..=ATTEMPTS_MAX {
            self.signals_sent = attempt;
            let text = format!("signal {attempt}");
            match self.step_any(vec![((), signal(open("w"), &text))]) {
                Some(Ok(_)) => return self.acknowledge(Fact::Signaled(text)),
                Some(Err(Refusal::Unavailable)) => (),
                answer => assert!(self.owners.len() > 1, "refused without a reason: {answer:?}"),
            }
        }
        panic!("a signal is never answered");
    }

    fn look_back(&self, states: &[Execution]) {
        for fact in &self.facts {
            assert_eq!(self.count(fact), 1, "acknowledged: {fact:?}");
        }
        for attempt in 1..=self.signals_sent {
            assert!(self.count(&Fact::Signaled(format!("signal {attempt}"))) <= 1);
        }
        let statuses: Vec<_> = states.iter().filter_map(|s| s.closed).map(|c| c.status).collect();
        assert_eq!(statuses, [CloseStatus::ContinuedAsNew, CloseStatus::Completed]);
        for state in states {
            let events = audit::history(&self.memory, &state.identity.run_id);
            let started: Vec<EventId> = events.iter().filter_map(scheduled_of).collect();
            let once: BTreeSet<&EventId> = started.iter().collect();
            assert_eq!(once.len(), started.len(), "a task was started twice");
        }
    }

    /// How many signals arrived.
    pub fn signals(&self) -> usize {
        let runs = audit::runs(&self.memory);
        let events = runs.iter().flat_map(|run| audit::history(&self.memory, &run.run_id));
        events.filter(|event| signal_of(event).is_some()).count()
    }
}

fn signal_of(event: &Event) -> Option<&str> {
    let EventAttributes::WorkflowExecutionSignaled(signaled) = &event.attributes else {
        return None;
    };
    signaled.input.as_ref().map(Data::as_str)
}

fn activity_of(event: &Event) -> Option<&str> {
    let EventAttributes::ActivityTaskScheduled(scheduled) = &event.attributes else { return None };
    Some(scheduled.activity_id.as_str())
}

/// Which task an event starts.
fn scheduled_of(event: &Event) -> Option<EventId> {
    if let EventAttributes::DecisionTaskStarted(started) = &event.attributes {
        return Some(started.scheduled_event_id);
    }
    let EventAttributes::ActivityTaskStarted(started) = &event.attributes else { return None };
    Some(started.scheduled_event_id)
}

/// Which start of a decision task an event answers.
fn decided_of(event: &Event) -> Option<EventId> {
    let EventAttributes::DecisionTaskCompleted(completed) = &event.attributes else { return None };
    Some(completed.started_event_id)
}

/// Which activity an event closes, and whether it was completed.
fn closed_of(event: &Event) -> Option<(EventId, bool)> {
    if let EventAttributes::ActivityTaskTimedOut(timed_out) = &event.attributes {
        return Some((timed_out.scheduled_event_id, false));
    }
    let EventAttributes::ActivityTaskCompleted(completed) = &event.attributes else { return None };
    Some((completed.scheduled_event_id, true))
}
