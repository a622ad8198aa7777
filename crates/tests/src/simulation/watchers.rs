//! Those who watch: they ask one node for events for as long as it is there, and then another. What
//! each is told of a run comes once and in order, with nothing left out unless he is told so, and is
//! what the history has in the end.

use super::callers::caller;
use super::calls::body;
use super::chance::Chance;
use super::decisions::WORKFLOWS;
use super::disk::Flaw;
use super::links::Histories;
use super::world::World;
use serde_json::{Value, json};
use service::{Pending, Reply};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll};
use wire::{Fault, OwnOperation, OwnRequest};

/// One idle watcher in so many asks in a step.
const ASKS_ONCE_IN: usize = 3;

/// One who waits in so many goes away, and asks the same again.
const LEAVES_ONCE_IN: usize = 40;

/// A flaw spoils one answer in so many.
const SPOILED_ONCE_IN: usize = 4;

/// How many answers a watcher needs at most until he has been told all.
const ANSWERS_MAX: usize = 1_000;

/// See the module.
pub struct Watcher {
    name: &'static str,
    /// Of which workflow, if not of all.
    of: Option<&'static str>,
    /// The node that he asks.
    node: u64,
    /// The one that has answered last, whose place he has.
    heard_from: Option<u64>,
    after: Option<Value>,
    pending: Option<Pending>,
    told: Told,
}

/// What somebody was told.
#[derive(Default)]
struct Told {
    runs: BTreeMap<String, Run>,
    /// Something may have been missed: of a run that he has not heard of, perhaps its beginning.
    missed: bool,
}

/// What he was told of one run.
#[derive(Default)]
struct Run {
    workflow_id: String,
    events: BTreeMap<u64, Value>,
    /// The last event that the node has told that he asks now.
    last: u64,
    /// Nothing behind the last of them may be missing.
    sure: bool,
}

impl Told {
    /// An answer comes, perhaps of another node than the last one.
    fn hear(&mut self, events: &[Value], missed: bool, moved: bool) -> Result<(), String> {
        self.missed |= missed;
        if missed && moved {
            // What it has still to tell of the time when it had the shard may be older than what the
            // last node has told.
            self.runs.values_mut().for_each(|run| (run.last, run.sure) = (0, false));
        }
        for told in events {
            let text = |member: &str| told[member].as_str().unwrap_or_default().to_owned();
            let (run_id, event) = (text("runId"), &told["event"]);
            let id = event["eventId"].as_u64().ok_or_else(|| format!("no event: {told}"))?;
            let begins = self.missed;
            let run = self.runs.entry(run_id.clone()).or_insert_with(|| Run {
                workflow_id: text("workflowId"),
                sure: !begins,
                ..Run::default()
            });
            let last = run.last;
            if id <= last {
                return Err(format!("event {id} of run {run_id} is told behind {last}"));
            }
            if run.sure && !missed && id != last + 1 {
                return Err(format!(
                    "of run {run_id} event {id} is told behind {last}, and none missed"
                ));
            }
            if run.events.insert(id, event.clone()).is_some_and(|before| before != *event) {
                return Err(format!("event {id} of run {run_id} is told otherwise than before"));
            }
            (run.last, run.sure) = (id, true);
        }
        if missed {
            self.runs.values_mut().for_each(|run| run.sure = false);
        }
        Ok(())
    }
}

impl Watcher {
    fn new(name: &'static str, of: Option<&'static str>) -> Watcher {
        Watcher {
            name,
            of,
            node: 0,
            heard_from: None,
            after: None,
            pending: None,
            told: Told::default(),
        }
    }

    fn ask(&self, domain: &str, seconds: usize) -> OwnRequest {
        let mut body = json!({"domain": domain, "maximumWaitSeconds": seconds});
        if let Some(after) = &self.after {
            body["after"] = after.clone();
        }
        if let Some(workflow_id) = self.of {
            body["execution"] = json!({"workflowId": workflow_id});
        }
        OwnRequest::check(OwnOperation::WaitForEvents, body).expect("a right request")
    }

    /// Understands an answer, as the flaw lets it be.
    fn hear(
        &mut self,
        answer: Result<Reply, Fault>,
        flaw: Option<Flaw>,
        chance: &mut Chance,
    ) -> Result<(), String> {
        let reply = match answer {
            Ok(reply) => body(reply),
            // The store has failed, or the node: he asks again.
            Err(Fault::Internal) => return Ok(()),
            Err(fault) => return Err(format!("it is refused: {fault:?}")),
        };
        let mut events = reply["events"].as_array().expect("a list").clone();
        let mut missed = reply["missed"].as_bool().expect("it is said");
        let mut spoils = |spoiling| {
            flaw == Some(spoiling) && !events.is_empty() && chance.once_in(SPOILED_ONCE_IN)
        };
        if spoils(Flaw::SwallowsEvents) {
            events.remove(0);
        } else if spoils(Flaw::TellsAgain) {
            events.extend_from_within(..1);
        } else if flaw == Some(Flaw::HidesGaps) {
            missed = false;
        }
        self.after = Some(reply["next"].clone());
        let before = self.heard_from.replace(self.node);
        let moved = before.is_some_and(|node| node != self.node);
        self.told.hear(&events, missed, moved)
    }
}

impl World {
    /// The first watchers begin before anything happens.
    pub fn begin_to_watch(&mut self) -> Result<(), String> {
        self.watchers =
            vec![Watcher::new("watcher", None), Watcher::new("keeper", Some(WORKFLOWS[0]))];
        self.catch_up()
    }

    /// Who does not wait asks again, or does so later; who waits may go away.
    pub fn watch(&mut self) {
        if self.nodes.is_empty() {
            return;
        }
        for index in 0..self.watchers.len() {
            let waits = self.watchers[index].pending.is_some();
            let settling = self.settling_since.is_some();
            if waits && !settling && self.watch_chance.once_in(LEAVES_ONCE_IN) {
                self.watchers[index].pending = None;
                let name = self.watchers[index].name;
                self.note(|| format!("{name} goes away"));
            } else if !waits && (settling || self.watch_chance.once_in(ASKS_ONCE_IN)) {
                let seconds = match settling {
                    true => 60,
                    false => self.watch_chance.one_of(&[0, 1, 5, 20, 60]),
                };
                self.ask_for_events(index, seconds);
            }
        }
    }

    fn ask_for_events(&mut self, index: usize, seconds: usize) {
        let number = self.watchers[index].node;
        let place = self.nodes.iter().position(|node| node.number == number);
        let place = place.unwrap_or_else(|| self.watch_chance.below(self.nodes.len()));
        let watcher = &mut self.watchers[index];
        let node = &self.nodes[place];
        watcher.node = node.number;
        watcher.pending = Some(node.service.operate(&caller(), watcher.ask(self.domain, seconds)));
        let (name, number, after) = (watcher.name, node.number, watcher.after.clone());
        self.note(|| format!("{name} asks node {number} for events behind {after:?}"));
    }

    /// Watchers hear what they are told.
    pub fn hear_events(&mut self) -> Result<(), String> {
        let mut context = Context::from_waker(std::task::Waker::noop());
        for index in 0..self.watchers.len() {
            let watcher = &mut self.watchers[index];
            let Some(pending) = &mut watcher.pending else { continue };
            let Poll::Ready(answer) = Pin::new(pending).poll(&mut context) else { continue };
            watcher.pending = None;
            let name = watcher.name;
            let said = match &answer {
                Ok(reply) => body(reply.clone()).to_string(),
                Err(fault) => format!("{fault:?}"),
            };
            let heard = watcher.hear(answer, self.flaw, &mut self.watch_chance);
            self.note(|| format!("{name} is told {said}"));
            heard.map_err(|what| format!("{name}: {what}"))?;
        }
        Ok(())
    }

    /// Each watcher asks until there is nothing more to be told.
    pub fn catch_up(&mut self) -> Result<(), String> {
        for index in 0..self.watchers.len() {
            self.watchers[index].pending = None;
            for answers in 0.. {
                let before = self.watchers[index].after.clone();
                self.ask_for_events(index, 0);
                self.work_off()?;
                let watcher = &self.watchers[index];
                if watcher.pending.is_some() || answers == ANSWERS_MAX {
                    return Err(format!("{} is never told all", watcher.name));
                }
                if watcher.after == before && before.is_some() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// How many events were told.
    pub fn told(&self) -> usize {
        let runs = self.watchers.iter().flat_map(|watcher| watcher.told.runs.values());
        runs.map(|run| run.events.len()).sum()
    }

    /// What was told is what has happened, up to the end.
    pub fn check_watchers(&self, histories: &Histories, all_there: bool) -> Result<(), String> {
        for Watcher { name, of, told, .. } in &self.watchers {
            for (run_id, Run { workflow_id, events, last, sure }) in &told.runs {
                if of.is_some_and(|of| of != workflow_id) {
                    return Err(format!("{name} is told of {workflow_id}"));
                }
                let Some((_, history)) = histories.get(run_id) else {
                    match all_there {
                        true => {
                            return Err(format!("{name} is told of run {run_id}, which is none"));
                        }
                        false => continue,
                    }
                };
                for (id, event) in events {
                    if history.get(*id as usize - 1) != Some(event) {
                        return Err(format!("{name} is told {event} of run {run_id}"));
                    }
                }
                if *sure && *last != history.len() as u64 {
                    let count = history.len();
                    return Err(format!("{name} is told {last} of {count} events of run {run_id}"));
                }
            }
        }
        Ok(())
    }
}
