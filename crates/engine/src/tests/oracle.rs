//! What must hold after every command, whatever the command was.
//!
//! The oracle keeps what a store would keep (events, newest heartbeats, rows) and compares it with
//! what the engine says. It takes transitions and row changes as data, so that tests can hand it
//! wrong ones; `bugs.rs` shows that it notices.

use super::links;
use super::shadow::Shadow;
use crate::rows::{self, Change, Key, TaskKind, Value as RowValue};
use crate::{Command, Execution, Heartbeat, RunIdentity, Transition};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use wire::event::MarkerRecorded;
use wire::{DomainName, Event, EventAttributes, EventId, Fault, RunId, Timestamp, WorkflowId};

/// One run as it is stored.
pub struct Run {
    pub state: Execution,
    pub shadow: Shadow,
    pub history: Vec<Event>,
    heartbeats: BTreeMap<EventId, Heartbeat>,
}

/// Everything stored.
#[derive(Default)]
pub struct Oracle {
    pub runs: Vec<Run>,
    events_max: Option<u64>,
    rows: BTreeMap<Key, RowValue>,
}

impl Oracle {
    /// From now on histories hold so many events at most.
    pub fn limit_events(&mut self, events_max: u64) {
        self.events_max = Some(events_max);
        self.runs.iter_mut().for_each(|run| run.shadow.limit_events(events_max));
    }

    /// Takes in the first transition of a run.
    pub fn begin(&mut self, transition: &Transition, changes: Vec<Change>, now: Timestamp) {
        assert_eq!(transition.events[0].event_timestamp, now, "a run starts now");
        self.apply(changes);
        let run = Run {
            state: transition.after.clone(),
            shadow: Shadow::new(self.events_max),
            history: Vec::new(),
            heartbeats: BTreeMap::new(),
        };
        let RunIdentity { domain, workflow_id, .. } = &*transition.after.identity;
        assert_eq!(
            self.open_run(domain, workflow_id),
            None,
            "one run of a workflow id is open at a time"
        );
        self.runs.push(run);
        self.absorb(self.runs.len() - 1, transition);
        self.check_rows();
    }

    /// The run of a workflow id that is open.
    pub fn open_run(&self, domain: &DomainName, workflow_id: &WorkflowId) -> Option<usize> {
        self.runs.iter().position(|run| {
            let identity = &run.state.identity;
            (&identity.domain, &identity.workflow_id) == (domain, workflow_id) && !run.shadow.closed
        })
    }

    /// Takes in what `command` made of a run.
    pub fn follow(
        &mut self,
        run: usize,
        command: &Command,
        transition: &Transition,
        changes: Vec<Change>,
        now: Timestamp,
    ) {
        let Run { state, shadow, heartbeats, .. } = &self.runs[run];
        assert!(shadow.accepts(command), "a command that does not fit is refused");
        let at = now.max(state.last_event_timestamp);
        let heartbeat = transition.heartbeat.as_ref().map(|heartbeat| heartbeat.at);
        let expected = if let Command::RecordHeartbeat { scheduled_event_id: id, .. } = command {
            Some(heartbeats.get(id).map_or(at, |last| last.at.max(at)))
        } else {
            None
        };
        assert_eq!(heartbeat, expected, "a heartbeat counts from when it came");
        if *command == Command::FireDue {
            let due = shadow.due().is_some_and(|due| due <= at.0);
            assert_eq!(!transition.events.is_empty(), due, "what is due happens, and only that");
        }
        self.advance(run, transition, changes, now);
    }

    /// Takes in what a message made of a run.
    pub fn receive(
        &mut self,
        run: usize,
        transition: &Transition,
        changes: Vec<Change>,
        now: Timestamp,
    ) {
        assert!(!self.runs[run].shadow.closed, "only an open run receives messages");
        assert_eq!(transition.heartbeat, None, "a message is no heartbeat");
        self.advance(run, transition, changes, now);
    }

    fn advance(
        &mut self,
        run: usize,
        transition: &Transition,
        changes: Vec<Change>,
        now: Timestamp,
    ) {
        let at = now.max(self.runs[run].state.last_event_timestamp);
        for event in &transition.events {
            assert_eq!(event.event_timestamp, at, "a transition happens now, or at the last event");
        }
        self.apply(changes);
        self.absorb(run, transition);
        if let Some(successor) = &transition.successor {
            assert!(self.runs[run].shadow.closed, "a run with a successor is closed");
            let changes = rows::changes(None, successor);
            self.begin(successor, changes, at);
        }
        self.check_rows();
    }

    /// Takes in that `command` was refused.
    pub fn refuse(&self, run: usize, command: &Command, fault: &Fault) {
        let accepts = self.runs[run].shadow.accepts(command);
        assert!(!accepts, "a command that fits is taken: {command:?} {fault:?}");
    }

    fn apply(&mut self, changes: Vec<Change>) {
        for change in changes {
            match change {
                Change::Put(key, value) => drop(self.rows.insert(key, value)),
                Change::Delete(key) => {
                    let deleted = self.rows.remove(&key);
                    assert!(deleted.is_some(), "only a row that is there is deleted: {key:?}");
                }
            }
        }
    }

    fn absorb(&mut self, run_index: usize, transition: &Transition) {
        let run = &mut self.runs[run_index];
        let json: Vec<Value> = transition.events.iter().map(round_trip).collect();
        run.shadow.add(&json);
        run.history.extend(transition.events.iter().cloned());
        if let Some(heartbeat) = &transition.heartbeat {
            run.shadow.add_heartbeat(heartbeat);
            run.heartbeats.insert(heartbeat.scheduled_event_id, heartbeat.clone());
        }
        run.state = transition.after.clone();
        let replayed = run.replay();
        assert_eq!(run.state, replayed, "the state is the fold of the history");
        // Not each time, because it takes longer than all the rest.
        if run.state.last_event_id.0.is_multiple_of(4) {
            let snapshot = serde_json::to_string(&run.state).expect("a state can be stored");
            let restored: Execution = serde_json::from_str(&snapshot).expect("and read back");
            assert_eq!(restored, run.state, "a snapshot gives the state back");
        }
        run.check_counts();
        links::check_announced(transition);
        self.check_links(run_index, &transition.events);
    }

    /// The rows are those of all runs, and say what the histories say.
    fn check_rows(&self) {
        let all: BTreeMap<Key, RowValue> =
            self.runs.iter().flat_map(|run| rows::all(&run.state)).collect();
        assert_eq!(self.rows, all, "the rows are the projection of the states");
        let mut tasks: BTreeMap<&RunId, Vec<(u64, bool)>> = BTreeMap::new();
        let mut wakes: BTreeMap<&RunId, i64> = BTreeMap::new();
        let mut heartbeats: BTreeMap<&RunId, usize> = BTreeMap::new();
        let mut lambdas: BTreeMap<&RunId, Vec<u64>> = BTreeMap::new();
        for (key, value) in &self.rows {
            if let (Key::Task(key), RowValue::Task { deliverable }) = (key, value) {
                let entry = (key.task.scheduled_event_id.0, *deliverable);
                assert!(key.list.kind == TaskKind::Decision || *deliverable, "activities are free");
                tasks.entry(&key.task.run_id).or_default().push(entry);
            } else if let Key::Wake(at, run_id) = key {
                let twin = wakes.insert(run_id, at.0);
                assert!(twin.is_none(), "a run wakes once at a time");
            } else if let Key::Lambda(task) = key {
                lambdas.entry(&task.run_id).or_default().push(task.scheduled_event_id.0);
            } else if let Key::Heartbeat(run_id, _) = key {
                *heartbeats.entry(run_id).or_default() += 1;
            }
        }
        for run in &self.runs {
            let run_id = &run.state.identity.run_id;
            assert_eq!(wakes.get(run_id).copied(), run.shadow.due(), "a run wakes when it must");
            let mut waiting = tasks.remove(run_id).unwrap_or_default();
            waiting.sort_unstable();
            assert_eq!(waiting, run.waiting(), "the tasks that wait are on the lists");
            let mut unstarted = lambdas.remove(run_id).unwrap_or_default();
            unstarted.sort_unstable();
            assert_eq!(unstarted, run.unstarted(), "the functions to be called are known");
            let beating = heartbeats.get(run_id).copied().unwrap_or_default();
            let open = run.heartbeats.keys().filter(|id| run.shadow.activities.contains_key(&id.0));
            let expected = if run.shadow.closed { 0 } else { open.count() };
            assert_eq!(beating, expected, "heartbeats are kept while their activities are open");
        }
    }
}

impl Run {
    /// Lets the history grow to this many events, of a kind that changes nothing. None of it goes
    /// through JSON, which would take long.
    pub fn fill(&mut self, events: u64) {
        while self.state.last_event_id.0 < events {
            let marker = MarkerRecorded {
                marker_name: "filler".into(),
                decision_task_completed_event_id: EventId(4),
                details: None,
            };
            let event = Event {
                event_id: self.state.last_event_id.next(),
                event_timestamp: self.state.last_event_timestamp,
                attributes: marker.into(),
            };
            self.state.evolve(&event);
            self.history.push(event);
        }
        self.shadow.fill(events);
    }

    /// The state from what is stored of the run alone.
    fn replay(&self) -> Execution {
        let identity = Arc::new(RunIdentity::clone(&self.state.identity));
        let (first, rest) = self.history.split_first().expect("a history has a first event");
        let EventAttributes::WorkflowExecutionStarted(started) = &first.attributes else {
            panic!("a history begins with its start");
        };
        let mut state = Execution::from_started(identity, started, first.event_timestamp);
        for event in rest {
            state.evolve(event);
        }
        for heartbeat in self.heartbeats.values() {
            state.evolve_heartbeat(heartbeat);
        }
        state
    }

    /// The tasks that wait: the event that scheduled each, and whether it may be handed out.
    fn waiting(&self) -> Vec<(u64, bool)> {
        let Shadow { scheduled, started, activities, closed, .. } = &self.shadow;
        let decision = scheduled.map(|task| (task.scheduled, started.is_none()));
        let activities = activities.iter().filter(|(_, open)| open.started == 0);
        let all = decision.into_iter().chain(activities.map(|(id, _)| (*id, true)));
        let mut waiting: Vec<_> = all.filter(|_| !*closed).collect();
        waiting.sort_unstable();
        waiting
    }

    /// The Lambda tasks that wait for their start.
    fn unstarted(&self) -> Vec<u64> {
        let Shadow { lambdas, closed, .. } = &self.shadow;
        let waiting = lambdas.iter().filter(|(_, open)| open.started == 0 && !*closed);
        waiting.map(|(id, _)| *id).collect()
    }

    /// The description counts what is open, and after the close what was.
    fn check_counts(&self) {
        let Shadow { scheduled, started, activities, timers, children, closed, .. } = &self.shadow;
        let counts = self.state.detail().open_counts;
        assert_eq!(counts.open_activity_tasks as usize, activities.len(), "open activities");
        assert_eq!(counts.open_timers as usize, timers.len(), "open timers");
        let children = children.values().filter(|child| child.started != 0).count();
        assert_eq!(counts.open_child_workflow_executions as usize, children, "open children");
        let lambdas = counts.open_lambda_functions.map(|count| count as usize);
        assert_eq!(lambdas, Some(self.shadow.lambdas.len()), "open Lambda functions");
        let tasks = u32::from(scheduled.is_some() || started.is_some());
        assert_eq!(counts.open_decision_tasks, tasks, "open decision tasks");
        assert_eq!(self.state.is_open(), !*closed, "open until the closing event");
    }
}

/// The event's JSON, from which the event can be read back.
fn round_trip(event: &Event) -> Value {
    let json = serde_json::to_value(event).expect("an event can be written");
    let text = json.to_string();
    let read: Event = serde_json::from_str(&text).expect("and read back");
    assert_eq!(read, *event, "an event survives its JSON");
    assert!(!text.contains("null"), "unset members are left out: {text}");
    json
}
