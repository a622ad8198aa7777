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

/// What a decider answered.
#[derive(Clone, Debug)]
pub struct Decided {
    /// How many decisions there were.
    pub count: usize,
    /// The types of those that the decider may not take.
    pub denied: Vec<String>,
}

/// A heartbeat that was sent.
#[derive(Clone, Debug)]
struct Heartbeat {
    details: String,
    /// By the true time.
    sent_at: i64,
    /// How many heartbeats had been sent when it was acknowledged, if it was: those after them
    /// came later than it.
    acknowledged: Option<usize>,
}

/// A function that was called.
#[derive(Clone, Copy, Debug, Default)]
struct Function {
    ended: bool,
    heard_at: Option<i64>,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Ledger {
    marks: BTreeMap<Mark, Told>,
    /// The decisions that came with the answer of that mark.
    decisions: BTreeMap<Mark, Decided>,
    /// The heartbeats of each activity task, by its run and the event of its start.
    heartbeats: BTreeMap<(String, u64), Vec<Heartbeat>>,
    /// Activity types whose registration was acknowledged.
    types: BTreeSet<String>,
    /// Every task that was handed out, by its run and the event of its start.
    handed: BTreeSet<(String, u64)>,
    /// As much of each history as anybody has seen.
    seen: BTreeMap<String, Vec<Value>>,
    /// Pollers who went away before they were served.
    gone: BTreeSet<String>,
    /// Functions that were called, by their input, and whether they have ended.
    functions: BTreeMap<Mark, Function>,
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

    /// What an answer of a decider decides.
    pub fn decided(&mut self, mark: &Mark, decided: Decided) {
        self.decisions.insert(mark.clone(), decided);
    }

    /// The decisions that came with the answer of that mark.
    pub fn decisions_of(&self, mark: &str) -> Option<&Decided> {
        self.decisions.get(mark)
    }

    /// A heartbeat is sent.
    pub fn heartbeat_sent(&mut self, run_id: &str, started: u64, details: &str, sent_at: i64) {
        let heartbeat = Heartbeat { details: details.to_owned(), sent_at, acknowledged: None };
        self.heartbeats.entry((run_id.to_owned(), started)).or_default().push(heartbeat);
    }

    /// A heartbeat was acknowledged.
    pub fn heartbeat_acknowledged(&mut self, run_id: &str, started: u64, details: &str) {
        let sent = self.heartbeats.entry((run_id.to_owned(), started)).or_default();
        let count = sent.len();
        let heartbeat = sent.iter_mut().find(|heartbeat| heartbeat.details == details);
        heartbeat.expect("what is acknowledged was sent").acknowledged = Some(count);
    }

    /// When the newest heartbeat of an activity task was sent that was acknowledged.
    pub fn newest_heartbeat(&self, run_id: &str, started: u64) -> Option<i64> {
        let sent = self.heartbeats.get(&(run_id.to_owned(), started))?;
        let acknowledged = sent.iter().filter(|heartbeat| heartbeat.acknowledged.is_some());
        acknowledged.map(|heartbeat| heartbeat.sent_at).max()
    }

    /// Checks what a time-out says that the task's last heartbeat said.
    pub fn check_last_heartbeat(
        &self,
        run_id: &str,
        started: u64,
        details: Option<&str>,
    ) -> Result<(), String> {
        let none = Vec::new();
        let sent = self.heartbeats.get(&(run_id.to_owned(), started)).unwrap_or(&none);
        let mut last = 0;
        if let Some(details) = details {
            let place = sent.iter().position(|heartbeat| heartbeat.details == details);
            let place = place.ok_or_else(|| format!("nobody sent {details}"))?;
            // What was not acknowledged may have taken effect at any later time.
            last = sent[place].acknowledged.unwrap_or(sent.len());
        }
        match sent[last..].iter().find(|heartbeat| heartbeat.acknowledged.is_some()) {
            Some(later) => Err(format!("{} was acknowledged after {details:?}", later.details)),
            None => Ok(()),
        }
    }

    /// The registration of an activity type was acknowledged.
    pub fn registered(&mut self, name: &str) {
        self.types.insert(name.to_owned());
    }

    /// The activity types whose registration was acknowledged.
    pub fn registrations(&self) -> &BTreeSet<String> {
        &self.types
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

    /// A function was called.
    pub fn called(&mut self, mark: &Mark) -> Result<(), String> {
        match self.functions.insert(mark.clone(), Function::default()) {
            None => Ok(()),
            Some(_) => Err(format!("the function of {mark} was called twice")),
        }
    }

    /// A function has ended, and said so; when, if somebody was certain to hear it.
    pub fn ended(&mut self, mark: &Mark, heard_at: Option<i64>) {
        self.functions.insert(mark.clone(), Function { ended: true, heard_at });
    }

    /// Whether a function has ended, and said so.
    pub fn has_ended(&self, mark: &str) -> bool {
        self.functions.get(mark).is_some_and(|function| function.ended)
    }

    /// When a function has ended, if somebody was certain to hear it.
    pub fn heard_at(&self, mark: &str) -> Option<i64> {
        self.functions.get(mark)?.heard_at
    }

    /// The functions that were called.
    pub fn functions(&self) -> impl Iterator<Item = &Mark> {
        self.functions.keys()
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
