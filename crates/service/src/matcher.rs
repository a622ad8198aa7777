//! The matcher: which waiting poller gets which waiting task.
//!
//! Everything here is soft state over durable rows. It holds a bounded head of each list's tasks
//! and the pollers that wait; it may forget any task, as long as it remembers that it may have
//! (`complete` is false), and then asks for the rows again. A task that it offers in error is
//! refused by its shard. It does no I/O and has no clock.

use crate::api::CallerPresence;
use crowd::Crowd;
use engine::rows::TaskListKey;
use pollers::Pollers;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::ShardId;
use wire::Timestamp;

mod crowd;
mod pollers;
mod who;

pub use crowd::{Full, Room};
pub use pollers::Poller;
pub use who::{ListPollers, SeenPoller};

/// How many tasks of a list are in memory at most.
pub const HEAD_MAX: usize = 512;

/// How many lists are remembered while nobody polls them.
pub const IDLE_LISTS_MAX: usize = 4096;

/// How many tasks of a list that cannot be started because of damage are remembered at most.
pub const DAMAGED_MAX: usize = HEAD_MAX;

/// How long the rows of a list are left alone that could not be read, or of which nothing could be
/// handed out, in milliseconds.
const REFILL_RETRY_MS: i64 = 1_000;

/// The shortest time between two searches of all lists for polls whose callers are gone, in
/// milliseconds: whoever sends polls for which there is no room is not to keep the matcher busy.
const SEARCH_MS_MIN: i64 = 1_000;

/// A task that waits, and the shard that can start it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Task {
    /// Its place in its list.
    pub place: engine::rows::Task,
    /// The shard of its run.
    pub shard: ShardId,
}

/// A poll that waits. `P` is how it is answered.
#[derive(Debug)]
pub struct Waiter<P> {
    /// Who polls.
    pub poller: Poller,
    /// Whom it is counted for, if anybody: a role stands for all its sessions.
    pub principal: Option<Arc<str>>,
    /// When it is to be answered empty.
    pub deadline: Timestamp,
    /// Whether it still waits.
    pub presence: CallerPresence,
    /// How it is answered.
    pub poll: P,
}

/// What happens to the matcher.
#[derive(Debug)]
pub enum Input<P> {
    /// A poll arrives.
    Poll(TaskListKey, Waiter<P>),
    /// A task may be handed out.
    Offer(TaskListKey, Task),
    /// Offers were dropped on the way.
    OffersLost,
    /// A start was refused because the task is gone: the poll still waits.
    TaskGone(TaskListKey, WaiterId, Waiter<P>),
    /// A start was refused because of damage, and will be the next time: the poll still waits, and
    /// the task is passed over from now on.
    TaskDamaged(TaskListKey, Task, WaiterId, Waiter<P>),
    /// A start failed, and whether the task still waits is unknown. The poll is answered with the
    /// failure: waiting here it would be paired again at once, as long as the store fails.
    TaskUnsure(TaskListKey, Waiter<P>),
    /// The head of a list, as asked for; `complete` if the list has no other task.
    Refilled {
        /// The list.
        list: TaskListKey,
        /// Its first tasks.
        tasks: Vec<Task>,
        /// True if those are all.
        complete: bool,
    },
    /// The head of a list could not be read.
    RefillFailed(TaskListKey),
    /// Room is wanted: polls whose callers are gone wait for nothing.
    DismissGone,
    /// From now on every poll is answered empty at once.
    Drain,
}

/// What the matcher wants done.
#[derive(Debug)]
pub enum Output<P> {
    /// Start the task for the poll.
    Start(TaskListKey, Task, WaiterId, Waiter<P>),
    /// Read the head of the list.
    Refill(TaskListKey),
    /// Answer the poll empty.
    Empty(P),
    /// Too many polls wait.
    Refuse(P, Full),
    /// Tell the poll that the service failed.
    Fail(P),
}

/// A poll's place in the order of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WaiterId(u64);

/// See the module.
#[derive(Debug)]
pub struct Matcher<P> {
    lists: BTreeMap<TaskListKey, List<P>>,
    /// When each waiting poll is to be answered empty.
    deadlines: BTreeSet<(Timestamp, WaiterId, TaskListKey)>,
    /// When the rows of a list may be read again.
    retries: BTreeSet<(Timestamp, TaskListKey)>,
    next_id: WaiterId,
    crowd: Crowd,
    room: Room,
    pollers: Pollers,
    /// When the step began that is under way, or the last one.
    now: Timestamp,
    /// When all lists were last searched for polls whose callers are gone.
    searched_at: Option<Timestamp>,
    draining: bool,
}

#[derive(Debug)]
struct List<P> {
    head: BTreeSet<Task>,
    /// True if `head` lacks no task that waits.
    complete: bool,
    refilling: bool,
    /// The rows being read may lack a task already.
    doubted: bool,
    /// The rows are left alone for a while; until then there is nothing but offers to go by.
    rests: bool,
    /// Tasks that wait in the rows and cannot be started.
    damaged: BTreeSet<Task>,
    waiters: BTreeMap<WaiterId, Waiter<P>>,
}

impl<P> Default for List<P> {
    /// A list of which nothing is known yet.
    fn default() -> List<P> {
        List {
            head: BTreeSet::new(),
            complete: false,
            refilling: false,
            doubted: false,
            rests: false,
            damaged: BTreeSet::new(),
            waiters: BTreeMap::new(),
        }
    }
}

impl<P> Matcher<P> {
    /// Knows of no list.
    pub fn new(room: Room) -> Matcher<P> {
        Matcher {
            lists: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            retries: BTreeSet::new(),
            next_id: WaiterId(0),
            crowd: Crowd::default(),
            room,
            pollers: Pollers::default(),
            now: Timestamp(0),
            searched_at: None,
            draining: false,
        }
    }

    /// When a poll has to be answered empty, or rows that were left alone may be read again.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let deadline = self.deadlines.first().map(|(deadline, ..)| *deadline);
        deadline.into_iter().chain(self.retries.first().map(|(at, _)| *at)).min()
    }

    /// Takes what happened, and says what to do.
    pub fn step(&mut self, input: Input<P>, now: Timestamp) -> Vec<Output<P>> {
        let mut outputs = Vec::new();
        self.now = now;
        match input {
            Input::Poll(list, waiter) => {
                let id = self.next_id;
                self.next_id = WaiterId(id.0 + 1);
                match self.full(&list, waiter.principal.as_ref(), now, &mut outputs) {
                    None => {
                        self.wait(&list, id, waiter);
                        self.pair(&list, &mut outputs);
                    }
                    Some(full) => outputs.push(Output::Refuse(waiter.poll, full)),
                }
            }
            Input::Offer(list, task) => {
                // A list that nobody knows is read when somebody polls it.
                if let Some(known) = self.lists.get_mut(&list) {
                    known.offer(task);
                    self.pair(&list, &mut outputs);
                }
            }
            Input::OffersLost => {
                let lists: Vec<TaskListKey> = self.lists.keys().cloned().collect();
                for list in lists {
                    self.doubt(&list);
                    self.pair(&list, &mut outputs);
                }
            }
            Input::TaskGone(list, id, waiter) => {
                self.wait(&list, id, waiter);
                self.pair(&list, &mut outputs);
            }
            Input::TaskDamaged(list, task, id, waiter) => {
                self.wait(&list, id, waiter);
                self.pass_over(&list, task, now);
                self.pair(&list, &mut outputs);
            }
            Input::TaskUnsure(list, waiter) => {
                outputs.push(Output::Fail(waiter.poll));
                self.doubt(&list);
                self.pair(&list, &mut outputs);
            }
            Input::DismissGone => self.dismiss_all_gone(&mut outputs),
            Input::Refilled { list, tasks, complete } => {
                if let Some(known) = self.lists.get_mut(&list) {
                    let of_use = known.refill(tasks, complete);
                    if !of_use {
                        self.rest(&list, now);
                    }
                    self.pair(&list, &mut outputs);
                }
            }
            Input::RefillFailed(list) => {
                if let Some(known) = self.lists.get_mut(&list) {
                    known.refilling = false;
                    self.rest(&list, now);
                }
            }
            Input::Drain => self.draining = true,
        }
        self.expire(now, &mut outputs);
        outputs
    }

    /// Answers the polls whose time is up; while draining, all. Asks again for rows that have been
    /// left alone for long enough.
    pub fn expire(&mut self, now: Timestamp, outputs: &mut Vec<Output<P>>) {
        self.now = now;
        while let Some((deadline, id, list)) = self.deadlines.first().cloned() {
            if deadline > now && !self.draining {
                break;
            }
            if let Some(waiter) = self.leave(&list, id, deadline) {
                outputs.push(Output::Empty(waiter.poll));
            }
        }
        while self.retries.first().is_some_and(|(at, _)| *at <= now)
            && let Some((_, list)) = self.retries.pop_first()
            && let Some(known) = self.lists.get_mut(&list)
        {
            known.rests = false;
            self.pair(&list, outputs);
        }
    }

    /// Leaves the rows of a list alone for a while.
    fn rest(&mut self, list: &TaskListKey, now: Timestamp) {
        if let Some(known) = self.lists.get_mut(list).filter(|known| !known.rests) {
            known.rests = true;
            let at = Timestamp(now.0.saturating_add(REFILL_RETRY_MS));
            self.retries.insert((at, list.clone()));
        }
    }

    /// Remembers a task that cannot be started.
    fn pass_over(&mut self, list: &TaskListKey, task: Task, now: Timestamp) {
        let Some(known) = self.lists.get_mut(list) else { return };
        if known.damaged.len() < DAMAGED_MAX {
            known.damaged.insert(task);
        } else {
            // The rows would bring it back at once.
            self.rest(list, now);
        }
    }

    /// What has no room for one more poll on the list. Those whose callers are gone do not count, if
    /// they are not too many to be looked for.
    fn full(
        &mut self,
        list: &TaskListKey,
        principal: Option<&Arc<str>>,
        now: Timestamp,
        outputs: &mut Vec<Output<P>>,
    ) -> Option<Full> {
        let most = self.room.list;
        let is_full = |known: &List<P>| known.waiters.len() as u64 >= most;
        if self.lists.get(list).is_some_and(is_full) {
            self.dismiss_gone(list, outputs);
            if self.lists.get(list).is_some_and(is_full) {
                return Some(Full::List);
            }
        }
        let full = self.crowd.full(list, principal, self.room)?;
        let searched = |at: Timestamp| (0..SEARCH_MS_MIN).contains(&now.0.saturating_sub(at.0));
        if self.searched_at.is_some_and(searched) {
            return Some(full);
        }
        self.searched_at = Some(now);
        self.dismiss_all_gone(outputs);
        self.crowd.full(list, principal, self.room)
    }

    fn dismiss_all_gone(&mut self, outputs: &mut Vec<Output<P>>) {
        let lists: Vec<TaskListKey> = self.lists.keys().cloned().collect();
        lists.iter().for_each(|list| self.dismiss_gone(list, outputs));
    }

    fn dismiss_gone(&mut self, list: &TaskListKey, outputs: &mut Vec<Output<P>>) {
        let Some(known) = self.lists.get(list) else { return };
        let gone = known.waiters.iter().filter(|(_, waiter)| waiter.presence.is_gone());
        let gone: Vec<(WaiterId, Timestamp)> = gone.map(|(id, w)| (*id, w.deadline)).collect();
        for (id, deadline) in gone {
            outputs.extend(self.leave(list, id, deadline).map(|waiter| Output::Empty(waiter.poll)));
        }
    }

    fn wait(&mut self, list: &TaskListKey, id: WaiterId, waiter: Waiter<P>) {
        self.deadlines.insert((waiter.deadline, id, list.clone()));
        if !self.lists.contains_key(list) {
            self.forget_idle();
        }
        self.crowd.enter(list, waiter.principal.as_ref());
        self.pollers.seen(list, &waiter.poller, self.now);
        self.lists.entry(list.clone()).or_default().waiters.insert(id, waiter);
    }

    fn leave(
        &mut self,
        list: &TaskListKey,
        id: WaiterId,
        deadline: Timestamp,
    ) -> Option<Waiter<P>> {
        self.deadlines.remove(&(deadline, id, list.clone()));
        let waiter = self.lists.get_mut(list)?.waiters.remove(&id)?;
        self.crowd.leave(list, waiter.principal.as_ref());
        if !waiter.presence.is_gone() {
            self.pollers.seen(list, &waiter.poller, self.now);
        }
        Some(waiter)
    }

    /// Makes room for a new list.
    fn forget_idle(&mut self) {
        if self.lists.len() >= IDLE_LISTS_MAX {
            self.lists.retain(|_, list| !list.waiters.is_empty() || list.refilling);
        }
    }

    fn doubt(&mut self, list: &TaskListKey) {
        if let Some(known) = self.lists.get_mut(list) {
            known.complete = false;
            known.doubted = true;
        }
    }

    /// Hands out what can be handed out, and asks for more where there may be more.
    fn pair(&mut self, list: &TaskListKey, outputs: &mut Vec<Output<P>>) {
        if self.draining {
            return; // A task that is started now may be lost to its timeout.
        }
        while let Some(known) = self.lists.get_mut(list) {
            let Some((id, waiter)) = known.waiters.first_key_value() else { return };
            let (id, deadline, gone) = (*id, waiter.deadline, waiter.presence.is_gone());
            if gone {
                outputs.extend(self.leave(list, id, deadline).map(|w| Output::Empty(w.poll)));
                continue;
            }
            let Some(task) = known.head.pop_first() else {
                if !known.complete && !known.refilling && !known.rests {
                    known.refilling = true;
                    known.doubted = false;
                    outputs.push(Output::Refill(list.clone()));
                }
                return;
            };
            if let Some(waiter) = self.leave(list, id, deadline) {
                outputs.push(Output::Start(list.clone(), task, id, waiter));
            }
        }
    }
}

impl<P> List<P> {
    /// A task beyond the known head is left to be found in the rows, unless the rows may just
    /// have been read without it, or are not read for now.
    fn offer(&mut self, task: Task) {
        let within = self.head.last().is_some_and(|last| task < *last);
        let wanted = self.complete || self.refilling || self.rests || within;
        if wanted && !self.damaged.contains(&task) {
            self.head.insert(task);
            self.cut();
        }
    }

    /// False if reading the rows again would bring the same tasks, none of which can be started.
    fn refill(&mut self, tasks: Vec<Task>, complete: bool) -> bool {
        self.refilling = false;
        self.complete = complete && !self.doubted;
        let brought = !tasks.is_empty();
        self.head.extend(tasks.into_iter().filter(|task| !self.damaged.contains(task)));
        self.cut();
        !brought || self.complete || !self.head.is_empty()
    }

    fn cut(&mut self) {
        while self.head.len() > HEAD_MAX {
            self.head.pop_last();
            self.complete = false;
            // Rows that are being read may have been read before this task was one of them.
            self.doubted = true;
        }
    }
}

#[cfg(test)]
mod tests;
