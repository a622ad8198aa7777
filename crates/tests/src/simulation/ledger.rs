//! What callers were told, to be held against what the histories say in the end.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A text that stands for one intended effect, unique in a simulation.
pub type Mark = String;

/// What callers know of an effect that they asked for, perhaps more than once.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    acknowledged: bool,
    /// An attempt was not answered, or with a 5xx.
    unknown: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Ledger {
    marks: BTreeMap<Mark, Told>,
    /// How many decisions came with the answer of that mark.
    decisions: BTreeMap<Mark, usize>,
    /// The newest heartbeat of an activity task that was acknowledged: when, by the true time.
    heartbeats: BTreeMap<(String, u64), i64>,
    /// Every task that was handed out, by its run and the event of its start.
    handed: BTreeSet<(String, u64)>,
    /// As much of each history as anybody has seen.
    seen: BTreeMap<String, Vec<Value>>,
    /// Pollers who went away before they were served.
    gone: BTreeSet<String>,
    /// How many reads and tasks were compared.
    compared: u64,
}

impl Ledger {
    /// Somebody asks for an effect.
    pub fn asked(&mut self, mark: &Mark) {
        self.marks.entry(mark.clone()).or_default();
    }

    /// The effect was acknowledged.
    pub fn acknowledged(&mut self, mark: &Mark) {
        self.marks.entry(mark.clone()).or_default().acknowledged = true;
    }

    /// What became of an attempt at the effect is not known.
    pub fn unknown(&mut self, mark: &Mark) {
        self.marks.entry(mark.clone()).or_default().unknown = true;
    }

    /// An answer of a decider has so many decisions.
    pub fn decided(&mut self, mark: &Mark, decisions: usize) {
        self.decisions.insert(mark.clone(), decisions);
    }

    /// How many decisions came with the answer of that mark.
    pub fn decisions_of(&self, mark: &str) -> Option<usize> {
        self.decisions.get(mark).copied()
    }

    /// A heartbeat that began at `at` was acknowledged.
    pub fn heartbeat(&mut self, run_id: &str, scheduled: u64, at: i64) {
        let newest = self.heartbeats.entry((run_id.to_owned(), scheduled)).or_insert(at);
        *newest = at.max(*newest);
    }

    /// The newest heartbeat of an activity task that was acknowledged.
    pub fn newest_heartbeat(&self, run_id: &str, scheduled: u64) -> Option<i64> {
        self.heartbeats.get(&(run_id.to_owned(), scheduled)).copied()
    }

    /// A poller went away before it was served.
    pub fn is_gone(&mut self, poller: &str) {
        self.gone.insert(poller.to_owned());
    }

    /// The pollers who went away.
    pub fn gone(&self) -> impl Iterator<Item = &String> {
        self.gone.iter()
    }

    /// A task was handed out.
    pub fn handed(&mut self, run_id: &str, started: u64) -> Result<(), String> {
        if self.handed.insert((run_id.to_owned(), started)) {
            return Ok(());
        }
        Err(format!("the task of run {run_id} that event {started} started was handed out twice"))
    }

    /// How many events of a run have been seen.
    pub fn seen_events(&self, run_id: &str) -> usize {
        self.seen.get(run_id).map_or(0, Vec::len)
    }

    /// Somebody has read the beginning of a history, when `at_least` events had been seen of it.
    pub fn read(&mut self, run_id: &str, events: &[Value], at_least: usize) -> Result<(), String> {
        self.compared += 1;
        let seen = self.seen.entry(run_id.to_owned()).or_default();
        if let Some(index) = seen.iter().zip(events).position(|(seen, event)| seen != event) {
            let (seen, event) = (&seen[index], &events[index]);
            return Err(format!("run {run_id} changed its past: {event} instead of {seen}"));
        }
        if events.len() < at_least {
            let count = events.len();
            return Err(format!("run {run_id} had {at_least} events and now has {count}"));
        }
        if events.len() > seen.len() {
            seen.extend_from_slice(&events[seen.len()..]);
        }
        Ok(())
    }

    /// How many reads were compared with others.
    pub fn compared(&self) -> u64 {
        self.compared
    }

    /// How many effects were acknowledged.
    pub fn acknowledgements(&self) -> usize {
        self.marks.values().filter(|told| told.acknowledged).count()
    }

    /// Compares with how often each mark stands in the histories. If some histories are gone,
    /// acknowledged effects may be gone with them.
    pub fn check(&self, found: &BTreeMap<Mark, usize>, all_there: bool) -> Result<(), String> {
        for (mark, told) in &self.marks {
            let times = found.get(mark).copied().unwrap_or(0);
            let right = match (told.acknowledged, told.unknown) {
                (true, _) if all_there => times == 1,
                (true, _) | (false, true) => times <= 1,
                (false, false) => times == 0,
            };
            if !right {
                return Err(format!("{mark} took effect {times} times; callers know {told:?}"));
            }
        }
        match found.keys().find(|mark| !self.marks.contains_key(*mark)) {
            Some(mark) => Err(format!("nobody asked for {mark}")),
            None => Ok(()),
        }
    }
}
