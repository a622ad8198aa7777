//! The invoker: which Lambda tasks are started when, and what becomes of their outcomes.
//!
//! Everything here is soft state over durable rows. A task waits in a row of its shard; the shard
//! offers it, and rows are read where offers were missed, at the start of a process among others.
//! A task is started through its shard's door before its function is called, and by that its row
//! goes: so a function is called once or, if the process dies in between, never, and then the
//! task's time-out ends it. The outcome goes through the same door.
//!
//! It does no I/O and has no clock.

use crate::functions::FunctionCall;
use engine::LambdaOutcome;
use engine::rows::LambdaTask;
use std::collections::{BTreeMap, BTreeSet};
use store::ShardId;
use wire::Timestamp;

/// How many functions are called at the same time at most. More tasks wait in their rows.
pub const CALLS_MAX: usize = 256;

/// How many of the tasks that wait are in memory at most.
pub const WAITING_MAX: usize = 1024;

/// How long the invoker leaves a shard or the store alone that has failed, in milliseconds.
const RETRY_MS: i64 = 1_000;

/// How often an outcome is brought to its shard at most. After that the time-out ends the task.
pub const CLOSE_ATTEMPTS_MAX: u32 = 60;

/// A Lambda task, and the shard that can start it. The older is less.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Which task.
    pub task: LambdaTask,
    /// The shard of its run.
    pub shard: ShardId,
}

/// What happens to the invoker.
#[derive(Debug)]
pub enum Input {
    /// A task may be started.
    Offer(Place),
    /// Offers were dropped on the way.
    OffersLost,
    /// Tasks that wait in the rows, as asked for; `complete` if there are no others.
    Found {
        /// The first of them.
        places: Vec<Place>,
        /// True if those are all.
        complete: bool,
    },
    /// The rows could not be read.
    NotFound,
    /// The task has been started: its function is to be called.
    Started(Place, FunctionCall),
    /// The task is over, or cannot be started.
    Gone(Place),
    /// The task cannot be started because of damage, and its row stays.
    Damaged(Place),
    /// The task may have been started or not.
    Unsure(Place),
    /// The call has ended; without an outcome the time-out ends the task.
    Answered(Place, Option<LambdaOutcome>),
    /// The outcome is in the history, or nobody wants it any more.
    Closed(Place),
    /// The outcome may be in the history or not.
    NotClosed(Place),
    /// From now on no task is started.
    Drain,
}

/// What the invoker wants done.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// Read the first tasks that wait in the rows.
    Find,
    /// Start the task.
    Start(Place),
    /// Call the function.
    Call(Place, FunctionCall),
    /// Close the task.
    Close(Place, LambdaOutcome),
}

/// How far a task is that is being handled.
#[derive(Debug)]
enum Stage {
    Starting,
    Called,
    Closing { outcome: LambdaOutcome, attempts: u32, again_at: Option<Timestamp> },
}

/// See the module.
#[derive(Debug)]
pub struct Invoker {
    /// What is being handled.
    calls: BTreeMap<Place, Stage>,
    /// The first that wait, as far as they are known.
    waiting: BTreeSet<Place>,
    /// True if no task waits that is neither in `waiting` nor being handled.
    complete: bool,
    finding: bool,
    /// The rows being read may lack a task already.
    doubted: bool,
    /// The rows are not read before.
    find_at: Timestamp,
    draining: bool,
}

impl Invoker {
    /// Knows of no task yet, and so begins with the rows.
    pub fn new() -> Invoker {
        Invoker {
            calls: BTreeMap::new(),
            waiting: BTreeSet::new(),
            complete: false,
            finding: false,
            doubted: false,
            find_at: Timestamp(i64::MIN),
            draining: false,
        }
    }

    /// When there is something to do without an input.
    pub fn next_wake(&self) -> Option<Timestamp> {
        let closings = self.calls.values().filter_map(|stage| match stage {
            Stage::Closing { again_at, .. } => *again_at,
            Stage::Starting | Stage::Called => None,
        });
        closings.chain(self.wants_rows().then_some(self.find_at)).min()
    }

    /// Takes what happened, and says what to do.
    pub fn step(&mut self, input: Input, now: Timestamp) -> Vec<Output> {
        let mut outputs = Vec::new();
        match input {
            Input::Offer(place) => self.offer(place),
            Input::OffersLost => self.doubt(),
            Input::Found { places, complete } => {
                self.finding = false;
                self.complete = complete && !self.doubted;
                let new = places.into_iter().filter(|place| !self.calls.contains_key(place));
                self.waiting.extend(new);
                self.cut();
            }
            Input::NotFound => {
                self.finding = false;
                self.find_at = later(now);
            }
            Input::Started(place, call) => {
                self.calls.insert(place.clone(), Stage::Called);
                outputs.push(Output::Call(place, call));
            }
            Input::Gone(place) | Input::Closed(place) | Input::Answered(place, None) => {
                self.calls.remove(&place);
            }
            Input::Damaged(place) => {
                self.calls.remove(&place);
                // Rows that are read at once would bring it back at once.
                self.find_at = later(now);
            }
            Input::Unsure(place) => {
                self.calls.remove(&place);
                self.doubt();
                self.find_at = later(now);
            }
            Input::Answered(place, Some(outcome)) => {
                let stage = Stage::Closing { outcome, attempts: 0, again_at: Some(now) };
                self.calls.insert(place, stage);
            }
            Input::NotClosed(place) => self.close_again(place, now),
            Input::Drain => self.draining = true,
        }
        self.act(now, &mut outputs);
        outputs
    }

    /// What there is to do by now.
    pub fn act(&mut self, now: Timestamp, outputs: &mut Vec<Output>) {
        for (place, stage) in &mut self.calls {
            if let Stage::Closing { outcome, attempts, again_at } = stage
                && again_at.take_if(|at| *at <= now).is_some()
            {
                *attempts += 1;
                outputs.push(Output::Close(place.clone(), outcome.clone()));
            }
        }
        while !self.draining
            && self.calls.len() < CALLS_MAX
            && let Some(place) = self.waiting.pop_first()
        {
            self.calls.insert(place.clone(), Stage::Starting);
            outputs.push(Output::Start(place));
        }
        if self.wants_rows() && self.find_at <= now {
            self.finding = true;
            self.doubted = false;
            outputs.push(Output::Find);
        }
    }

    fn wants_rows(&self) -> bool {
        let room = self.waiting.is_empty() && self.calls.len() < CALLS_MAX;
        room && !self.complete && !self.finding && !self.draining
    }

    /// A task beyond those that are known is left to be found in the rows, unless the rows may just
    /// have been read without it.
    fn offer(&mut self, place: Place) {
        let within = self.waiting.last().is_some_and(|last| place < *last);
        let known = self.calls.contains_key(&place);
        if !known && (self.complete || self.finding || within) {
            self.waiting.insert(place);
            self.cut();
        }
    }

    fn doubt(&mut self) {
        self.complete = false;
        self.doubted = true;
    }

    fn cut(&mut self) {
        while self.waiting.len() > WAITING_MAX {
            self.waiting.pop_last();
            self.doubt();
        }
    }

    fn close_again(&mut self, place: Place, now: Timestamp) {
        match self.calls.get_mut(&place) {
            Some(Stage::Closing { attempts, again_at, .. }) if *attempts < CLOSE_ATTEMPTS_MAX => {
                *again_at = Some(later(now));
            }
            Some(_) => {
                let LambdaTask { run_id, scheduled_event_id, .. } = &place.task;
                tracing::error!(
                    %run_id, %scheduled_event_id,
                    "the outcome of a function could not be recorded; its task will time out"
                );
                self.calls.remove(&place);
            }
            None => (),
        }
    }
}

fn later(now: Timestamp) -> Timestamp {
    Timestamp(now.0.saturating_add(RETRY_MS))
}

#[cfg(test)]
mod tests;
