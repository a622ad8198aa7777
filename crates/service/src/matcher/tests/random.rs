//! A matcher against a model of the rows: offers come late or are lost, starts fail, refills are
//! answered late, callers hang up. Every task is handed out once, as long as polls keep coming.

use super::*;
use crate::tests::fixture::{Prng, fails};

/// A deliberate bug, to see that the oracles notice it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    None,
    /// Nobody tells the matcher that offers were lost.
    LossUntold,
    /// A start of unknown outcome is taken for a refusal.
    UnsureTakenForGone,
    /// A task stays in the rows although it was started.
    RowKept,
}

struct World {
    prng: Prng,
    flaw: Flaw,
    matcher: Matcher<usize>,
    now: Timestamp,
    rows: BTreeSet<Task>,
    created: u64,
    handed_out: BTreeMap<Task, usize>,
    /// Started, but the reply was lost: their timeouts are not modelled.
    started_for_nobody: BTreeSet<Task>,
    callers: BTreeMap<usize, Pending>,
    polls: usize,
    offers: Vec<Task>,
    loss_untold: bool,
    starts: Vec<(Task, WaiterId, Waiter<usize>)>,
    /// A refill that was asked for, and what it has read if it has.
    refill: Option<Option<(Vec<Task>, bool)>>,
}

impl World {
    fn step(&mut self, input: Input<usize>) {
        let outputs = self.matcher.step(input, self.now);
        let mut last: Option<Task> = None;
        for output in outputs {
            match output {
                Output::Start(_, task, id, waiter) => {
                    assert!(last.as_ref().is_none_or(|last| *last < task), "in order");
                    last = Some(task.clone());
                    self.starts.push((task, id, waiter));
                }
                Output::Refill(_) => {
                    let busy = self.refill.replace(None);
                    assert!(busy.is_none(), "one refill of a list at a time");
                }
                Output::Empty(poll) | Output::Fail(poll) => {
                    self.callers.remove(&poll);
                }
                Output::Refuse(poll, _) => panic!("there is room for poll {poll}"),
            }
        }
        self.check(last);
    }

    /// What holds between any two steps.
    fn check(&self, last: Option<Task>) {
        let Some(known) = self.matcher.lists.get(&list("l")) else { return };
        let first = known.head.first();
        assert!(last.is_none_or(|last| first.is_none_or(|first| last < *first)), "best first");
        let deadlines = self.matcher.deadlines.len();
        assert_eq!(deadlines, known.waiters.len(), "each waiting poll has one deadline");
        let mut crowd = Crowd::default();
        for waiter in known.waiters.values() {
            crowd.enter(&list("l"), waiter.principal.as_ref());
        }
        assert_eq!(self.matcher.crowd, crowd, "each waiting poll is counted once");
        assert_eq!(known.refilling, self.refill.is_some());
        if !known.waiters.is_empty() {
            assert!(known.head.is_empty(), "a task and a poll wait side by side");
            assert!(known.complete || known.refilling || known.rests, "nobody asks for more");
        }
    }

    fn poll(&mut self) {
        self.polls += 1;
        let (pending, answer) = Pending::new(None);
        self.callers.insert(self.polls, pending);
        let waiter = Waiter {
            poller: Poller::default(),
            principal: self.prng.pick(&[None, Some("p"), Some("q")]).map(Arc::from),
            deadline: Timestamp(self.now.0 + 1 + self.prng.below(50) as i64),
            presence: answer.presence(),
            poll: self.polls,
        };
        self.step(Input::Poll(list("l"), waiter));
    }

    fn create(&mut self) {
        self.created += 1;
        let (priority, at) = (self.prng.below(3) as i32, self.prng.below(20) as i64);
        let task = task(priority, at, self.created);
        self.rows.insert(task.clone());
        match self.prng.below(16) {
            0 => self.loss_untold = true,
            1..=4 => self.offers.push(task),
            _ => self.step(Input::Offer(list("l"), task)),
        }
    }

    /// A shard answers a start.
    fn settle(&mut self, calm: bool) {
        if self.starts.is_empty() {
            return;
        }
        let index = self.prng.below(self.starts.len());
        let (task, id, waiter) = self.starts.swap_remove(index);
        if waiter.presence.is_gone() {
            return self.step(Input::Offer(list("l"), task));
        }
        match self.prng.below(if calm { 1 } else { 5 }) {
            1 | 2 if self.flaw == Flaw::UnsureTakenForGone => {
                self.step(Input::TaskGone(list("l"), id, waiter));
            }
            1 => self.step(Input::TaskUnsure(list("l"), waiter)),
            2 if self.rows.remove(&task) => {
                self.started_for_nobody.insert(task);
                self.step(Input::TaskUnsure(list("l"), waiter));
            }
            _ if self.rows.contains(&task) => {
                if self.flaw != Flaw::RowKept {
                    self.rows.remove(&task);
                }
                *self.handed_out.entry(task).or_default() += 1;
                self.callers.remove(&waiter.poll);
            }
            _ => self.step(Input::TaskGone(list("l"), id, waiter)),
        }
    }

    /// A reader reads, or answers what it has read.
    fn refill(&mut self, calm: bool) {
        match self.refill.take() {
            None => (),
            Some(None) if !calm && self.prng.below(6) == 0 => {
                self.step(Input::RefillFailed(list("l")));
            }
            Some(None) => {
                let most = *self.prng.pick(&[1, 2, 4, 100, 100]);
                let head: Vec<Task> = self.rows.iter().take(most).cloned().collect();
                let complete = head.len() == self.rows.len();
                self.refill = Some(Some((head, complete)));
            }
            Some(Some((tasks, complete))) => {
                self.step(Input::Refilled { list: list("l"), tasks, complete });
            }
        }
    }

    fn tell_of_losses(&mut self) {
        let untold = std::mem::take(&mut self.loss_untold);
        if untold && self.flaw != Flaw::LossUntold {
            self.step(Input::OffersLost);
        }
    }

    fn anything(&mut self) {
        self.now.0 += match self.prng.below(24) {
            0 => REFILL_RETRY_MS,
            little => little as i64 % 3,
        };
        match self.prng.below(12) {
            0 | 1 => self.create(),
            2..=4 => self.poll(),
            5 | 6 => self.settle(false),
            7 | 8 => self.refill(false),
            9 => self.tell_of_losses(),
            10 => {
                // An offer that was under way arrives.
                if !self.offers.is_empty() {
                    let index = self.prng.below(self.offers.len());
                    let task = self.offers.swap_remove(index);
                    self.step(Input::Offer(list("l"), task));
                }
            }
            _ => {
                // The caller hangs up.
                if self.prng.below(3) == 0 {
                    self.callers.pop_first();
                }
            }
        }
    }
}

fn simulate(seed: u64, flaw: Flaw) {
    let mut world = World {
        prng: Prng(seed),
        flaw,
        matcher: Matcher::new(Room::new(POLLERS_MAX as u64)),
        now: Timestamp(0),
        rows: BTreeSet::new(),
        created: 0,
        handed_out: BTreeMap::new(),
        started_for_nobody: BTreeSet::new(),
        callers: BTreeMap::new(),
        polls: 0,
        offers: Vec::new(),
        loss_untold: false,
        starts: Vec::new(),
        refill: None,
    };
    for _ in 0..300 {
        world.anything();
    }
    // From now on nothing goes wrong, and polls keep coming.
    for task in std::mem::take(&mut world.offers) {
        world.step(Input::Offer(list("l"), task));
    }
    world.tell_of_losses();
    world.now.0 += REFILL_RETRY_MS;
    for _ in 0..2000 {
        if world.rows.is_empty() && world.starts.is_empty() {
            break;
        }
        world.poll();
        world.settle(true);
        world.refill(true);
    }
    assert_eq!(world.rows, BTreeSet::new(), "seed {seed}: these were never handed out");
    let once = world.handed_out.values().all(|count| *count == 1);
    assert!(once, "seed {seed}: a task was handed out twice");
    let settled = world.handed_out.len() + world.started_for_nobody.len();
    assert_eq!(settled as u64, world.created, "seed {seed}");
}

#[test]
fn every_task_is_handed_out_once_whatever_goes_wrong() {
    for seed in 0..500 {
        simulate(seed, Flaw::None);
    }
}

/// An oracle counts only once a bug has made it fail.
#[test]
fn the_oracles_notice_deliberate_bugs() {
    for flaw in [Flaw::LossUntold, Flaw::UnsureTakenForGone, Flaw::RowKept] {
        let noticed = (0..200).any(|seed| fails(|| simulate(seed, flaw)));
        assert!(noticed, "{flaw:?}");
    }
}
