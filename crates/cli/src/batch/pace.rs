//! How fast a job goes, and what is tried again: when the next execution is acted on, what an answer
//! makes of it, and when it is better to stop.
//!
//! Time comes in as what has passed since the beginning, and nothing here waits.

use super::action::Answer;
use super::job::Outcome;
use super::{CALLS_MAX, RATE_MAX};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// The slowest that throttled answers make a job, in calls each second.
const RATE_MIN: f64 = 0.1;
/// How often it is made slower: the calls that were under way when it was are answered late.
const SLOWED: Duration = Duration::from_secs(1);
/// How many good answers bring back the full rate from nothing.
const RECOVERY_ANSWERS: f64 = 100.0;
/// How many throttled answers in a row end a job.
const THROTTLED_MAX: u32 = 100;
/// How many refusals in a row: it is not the executions that are wrong then.
const FAILED_MAX: u32 = 20;
/// How long a call that came to nothing known is put off the first time. It doubles.
const BROKEN: Duration = Duration::from_millis(500);
/// And at most.
const BROKEN_MAX: Duration = Duration::from_secs(20);

/// Why a job ends before its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Somebody wants it.
    Interrupted,
    /// The service does it to no execution.
    Refused(String),
    /// The service is not there, or broken.
    Broken(String),
    /// The service takes no more requests, however few.
    Throttled,
    /// One execution after another is refused; the last reason.
    Failing(String),
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Act on this execution.
    Act(usize),
    /// Wait for an answer, or for that moment if there is one.
    Wait(Option<Duration>),
    /// Nothing is under way, and nothing comes any more.
    Over,
}

/// The pace of a job.
#[derive(Debug)]
pub struct Pace {
    queue: VecDeque<usize>,
    under_way: usize,
    /// Calls each second: now, and as it was asked for.
    rate: f64,
    wanted: f64,
    /// No call begins before.
    next: Duration,
    slowed: Option<Duration>,
    /// How often an execution was acted on without a known outcome.
    broken: BTreeMap<usize, u32>,
    /// How often that is done.
    attempts_max: u32,
    throttled: u32,
    failed: u32,
    stop: Option<Stop>,
}

impl Pace {
    /// `rate` is at most [`RATE_MAX`]; `attempts_max` is how often an action is sent whose outcome
    /// stays unknown, and at least once.
    pub fn new(queue: Vec<usize>, rate: u32, attempts_max: u32) -> Pace {
        let rate = f64::from(rate.clamp(1, RATE_MAX));
        Pace {
            queue: queue.into(),
            under_way: 0,
            rate,
            wanted: rate,
            next: Duration::ZERO,
            slowed: None,
            broken: BTreeMap::new(),
            attempts_max: attempts_max.max(1),
            throttled: 0,
            failed: 0,
            stop: None,
        }
    }

    /// What to do at a moment.
    pub fn step(&mut self, now: Duration) -> Step {
        let is_over = self.queue.is_empty() || self.stop.is_some();
        if is_over {
            return if self.under_way == 0 { Step::Over } else { Step::Wait(None) };
        }
        if CALLS_MAX <= self.under_way {
            return Step::Wait(None);
        }
        if now < self.next {
            return Step::Wait(Some(self.next));
        }
        let index = self.queue.pop_front().expect("the queue was looked at");
        self.under_way += 1;
        // What was missed is not caught up with.
        self.next = now + Duration::from_secs_f64(1.0 / self.rate);
        Step::Act(index)
    }

    /// Takes an answer, and says what is to be written of it; nothing if the execution is acted on
    /// again, now or when the job goes on.
    pub fn answer(&mut self, index: usize, answer: Answer, now: Duration) -> Option<Outcome> {
        self.under_way -= 1;
        if !matches!(answer, Answer::Throttled) {
            self.throttled = 0;
        }
        match answer {
            Answer::Done | Answer::Closed => {
                self.failed = 0;
                self.rate = (self.rate + self.wanted / RECOVERY_ANSWERS).min(self.wanted);
                let is_done = matches!(answer, Answer::Done);
                Some(if is_done { Outcome::Done } else { Outcome::Closed })
            }
            Answer::Failed(reason) => {
                self.failed += 1;
                if FAILED_MAX <= self.failed {
                    self.stop(Stop::Failing(reason.clone()));
                }
                Some(Outcome::Failed(reason))
            }
            Answer::Throttled => {
                self.queue.push_front(index);
                self.throttled += 1;
                if THROTTLED_MAX <= self.throttled {
                    self.stop(Stop::Throttled);
                }
                if self.slowed.is_none_or(|slowed| slowed + SLOWED <= now) {
                    self.slowed = Some(now);
                    self.rate = (self.rate / 2.0).max(RATE_MIN);
                    let pause = Duration::from_secs_f64(1.0 / self.rate);
                    self.next = self.next.max(now + pause);
                }
                None
            }
            Answer::Unknown(reason) => {
                self.queue.push_front(index);
                let times = self.broken.entry(index).or_default();
                *times += 1;
                if self.attempts_max <= *times {
                    self.stop(Stop::Broken(reason));
                } else {
                    let pause = BROKEN * 2_u32.saturating_pow((*times - 1).min(16));
                    self.next = self.next.max(now + pause.min(BROKEN_MAX));
                }
                None
            }
            Answer::Refused(reason) => {
                self.queue.push_front(index);
                self.stop(Stop::Refused(reason));
                None
            }
        }
    }

    /// Begins nothing new. The first reason counts.
    pub fn stop(&mut self, why: Stop) {
        self.stop.get_or_insert(why);
    }

    /// Why it ends before its end, if it does.
    pub fn stopped(&self) -> Option<&Stop> {
        self.stop.as_ref().filter(|_| !self.queue.is_empty())
    }

    /// How many calls are under way.
    pub fn under_way(&self) -> usize {
        self.under_way
    }

    /// How many executions nothing is known of yet: those that wait, and those under way.
    pub fn left(&self) -> usize {
        self.queue.len() + self.under_way
    }

    /// Calls each second, as it is now.
    pub fn rate(&self) -> f64 {
        self.rate
    }
}
