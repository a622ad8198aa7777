//! The threads of the service: one per shard, one each for matcher, invoker, feed and
//! registrar, and a few that read. They are loops that wait for something to do; what is then done is in `turns.rs`.

use crate::api::{Clock, Entropy, Pending};
use crate::feed::Feed;
use crate::functions::Functions;
use crate::inbox::Inbox;
use crate::invoker::Invoker;
use crate::judge::{Credentials, Denials};
use crate::matcher::{Matcher, Room};
use crate::reader::{EmptyPollToken, Reader};
use crate::registrar::Registrar;
use crate::shard::{COMMANDS_MAX, Shard};
use crate::shared::{Job, Parts, Shared};
use crate::throttle::Throttles;
use access::Caller;
use engine::Limits;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use store::{ShardId, Store, StoreError};
use wire::{OwnRequest, Request, Timestamp};

/// How many reads for tasks go on at once, and as many others.
const READERS: usize = 2;

/// How many inputs the matcher takes at a time.
pub(crate) const MATCHER_INPUTS_MAX: usize = 1024;

/// How many inputs the invoker takes at a time.
pub(crate) const INVOKER_INPUTS_MAX: usize = 1024;

/// How many inputs the feed takes at a time.
pub(crate) const FEED_INPUTS_MAX: usize = 256;

/// The longest that a thread waits without looking at the clock, which may have been moved.
const CLOCK_CHECK_MAX: Duration = Duration::from_secs(10);

/// What the service can be told at start.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long a poll waits for a task before it is answered empty.
    pub poll_hold: Duration,
    /// The name under which shards are claimed, for people who look at the store.
    pub owner: String,
    /// Called when a thread of the service ends in a panic. What it served waits for ever then, so
    /// the process should end: the next one starts from what is durable.
    pub on_panic: fn(),
    /// How much of each thing there may be.
    pub limits: Limits,
    /// How fast requests and decisions may come.
    pub throttles: Throttles,
    /// What stands for the task in the answer to a poll that found none.
    pub empty_poll_token: EmptyPollToken,
    /// Calls Lambda functions; without it, decisions that schedule some are refused.
    pub functions: Option<Arc<dyn Functions>>,
    /// Looks again at the credentials of polls that have waited; without it, they are good for as
    /// long as their polls wait.
    pub credentials: Option<Arc<dyn Credentials>>,
    /// As what requests are refused that are not allowed.
    pub denials: Denials,
}

impl Default for Options {
    /// For a process that has nothing to add.
    fn default() -> Options {
        Options {
            poll_hold: Duration::from_secs(60),
            owner: "service".to_owned(),
            on_panic: || (),
            limits: Limits::AWS,
            throttles: Throttles::default(),
            empty_poll_token: EmptyPollToken::Absent,
            functions: None,
            credentials: None,
            denials: Denials::default(),
        }
    }
}

/// What goes on in the service, for whoever moves its clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activity {
    /// How many requests have been handed in since it was opened.
    pub requests: u64,
    /// How many of them have not been answered.
    pub unanswered: usize,
    /// Whether nothing more happens until a request comes or the clock goes on: whatever is still
    /// unanswered is a poll that waits for a task.
    pub at_rest: bool,
}

/// The running service: its threads end when it is closed.
pub struct Service {
    pub(crate) shared: Arc<Shared>,
    /// Those that write; what they have still to say goes to the others.
    writers: Mutex<Vec<JoinHandle<()>>>,
    /// The matcher, the invoker, the feed and those that read.
    others: Mutex<Vec<JoinHandle<()>>>,
}

impl Service {
    /// Claims every shard of `store` and starts to work.
    pub fn open(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        options: Options,
    ) -> Result<Service, StoreError> {
        let (shared, parts) = Shared::open(store, clock, entropy, &options)?;
        let Parts { shards, registrar } = parts;
        let shared = Arc::new(shared);
        let spawn = |name: String, run: Box<dyn FnOnce(&Shared) + Send>| {
            spawn(name, Arc::clone(&shared), options.on_panic, run)
        };
        let mut writers = Vec::new();
        for (id, shard) in shards {
            let run = move |shared: &Shared| run_shard(shared, id, shard);
            writers.push(spawn(format!("shard-{}", id.0), Box::new(run))?);
        }
        let run = |shared: &Shared| run_registrar(shared, registrar);
        writers.push(spawn("registrar".to_owned(), Box::new(run))?);
        let mut others = vec![
            spawn("matcher".to_owned(), Box::new(run_matcher))?,
            spawn("invoker".to_owned(), Box::new(run_invoker))?,
            spawn("feed".to_owned(), Box::new(run_feed))?,
        ];
        for index in 0..READERS {
            let (one, other) = (shared.reader(), shared.reader());
            let run = move |shared: &Shared| run_reader(shared, &shared.task_readers, &one);
            others.push(spawn(format!("task-reader-{index}"), Box::new(run))?);
            let run = move |shared: &Shared| run_reader(shared, &shared.readers, &other);
            others.push(spawn(format!("reader-{index}"), Box::new(run))?);
        }
        Ok(Service { shared, writers: Mutex::new(writers), others: Mutex::new(others) })
    }

    /// Starts a checked request; the answer comes through what is returned. Never blocks.
    pub fn call(&self, caller: &Caller, request: Request) -> Pending {
        self.shared.call(caller, request)
    }

    /// The same with a request of our own.
    pub fn operate(&self, caller: &Caller, request: OwnRequest) -> Pending {
        self.shared.operate(caller, request)
    }

    /// Makes a new key for tokens. It seals once it is durable; tokens under earlier keys stay good,
    /// until a bounded number of keys is exceeded and the oldest goes. The answer is a
    /// [`TokenKeyRotation`] as JSON, which says so.
    ///
    /// [`TokenKeyRotation`]: crate::TokenKeyRotation
    pub fn rotate_token_key(&self) -> Pending {
        self.shared.rotate_token_key()
    }

    /// Ends backups that nobody reads any more. To be called from time to time.
    pub fn end_idle_backups(&self) {
        self.shared.backups.end_idle(self.shared.clock.now());
    }

    /// Says that the clock was moved, for clocks that do not go by themselves: what has fallen due
    /// happens now.
    pub fn clock_moved(&self) {
        self.shared.shards.iter().for_each(Inbox::nudge);
        self.shared.matcher.nudge();
        self.shared.invoker.nudge();
        self.shared.feed.nudge();
    }

    /// What goes on now.
    pub fn activity(&self) -> Activity {
        let shared = &self.shared;
        let look = || {
            let shards = shared.shards.iter().map(|inbox| inbox.at_rest(1));
            let others = [
                shared.matcher.at_rest(1),
                shared.invoker.at_rest(1),
                shared.feed.at_rest(1),
                shared.registrar.at_rest(1),
                shared.task_readers.at_rest(READERS),
                shared.readers.at_rest(READERS),
            ];
            shards.chain(others).sum::<Option<u64>>()
        };
        let requests = shared.routed.load(Ordering::Acquire);
        // Each inbox was at rest when the first look came to it. If nothing had been put into any
        // when the second came, all were at rest at once in between, and nothing can begin there.
        let first = look();
        let unanswered = shared.requests_open();
        let at_rest = first.is_some() && first == look();
        let at_rest = at_rest && requests == shared.routed.load(Ordering::Acquire);
        Activity { requests, unanswered, at_rest }
    }

    /// Answers every waiting poll empty, and every later one at once; starts no Lambda task any
    /// more. Other calls still work.
    pub fn drain(&self) {
        self.shared.drain();
    }

    /// Finishes what was begun, calls of Lambda functions aside, and returns when every thread has
    /// ended. Calls for them that come later are answered with an internal fault.
    pub fn close(&self) {
        self.drain();
        self.shared.close_writers();
        join(&self.writers);
        self.shared.close_others();
        join(&self.others);
    }
}

/// Starts a thread. Requests that it holds when it panics are answered with a fault; those that
/// would come later must not wait for it.
fn spawn(
    name: String,
    shared: Arc<Shared>,
    on_panic: fn(),
    run: Box<dyn FnOnce(&Shared) + Send>,
) -> Result<JoinHandle<()>, StoreError> {
    let run = move || {
        if catch_unwind(AssertUnwindSafe(|| run(&shared))).is_err() {
            tracing::error!("a thread of the service has ended because of a bug");
            on_panic();
        }
    };
    let thread = std::thread::Builder::new().name(name).spawn(run);
    thread.map_err(|error| StoreError(error.to_string()))
}

fn join(threads: &Mutex<Vec<JoinHandle<()>>>) {
    for thread in threads.lock().expect("no holder panics").drain(..) {
        thread.join().expect("a thread of the service catches its panics");
    }
}

/// How long to wait for `moment`.
fn until(shared: &Shared, moment: Option<Timestamp>) -> Option<Duration> {
    let Some(moment) = moment else { return Some(CLOCK_CHECK_MAX) };
    let ms = moment.0.saturating_sub(shared.clock.now().0);
    Some(Duration::from_millis(u64::try_from(ms).unwrap_or(0)).min(CLOCK_CHECK_MAX))
}

fn run_shard(shared: &Shared, id: ShardId, mut shard: Shard) {
    let inbox = shared.shard(id);
    while let Some(commands) = inbox.take(COMMANDS_MAX, until(shared, shard.next_wake())) {
        shared.shard_turn(id, &mut shard, commands);
    }
}

fn run_matcher(shared: &Shared) {
    let mut matcher = Matcher::new(Room::new(shared.limits.pollers_max));
    let inbox = &shared.matcher;
    while let Some(inputs) = inbox.take(MATCHER_INPUTS_MAX, until(shared, matcher.next_deadline()))
    {
        shared.matcher_turn(&mut matcher, inputs);
    }
}

fn run_invoker(shared: &Shared) {
    let mut invoker = Invoker::new();
    let inbox = &shared.invoker;
    while let Some(inputs) = inbox.take(INVOKER_INPUTS_MAX, until(shared, invoker.next_wake())) {
        shared.invoker_turn(&mut invoker, inputs);
    }
}

fn run_feed(shared: &Shared) {
    let mut feed = Feed::new(shared.feed_instance);
    while let Some(inputs) = shared.feed.take(FEED_INPUTS_MAX, until(shared, feed.next_wake())) {
        shared.feed_turn(&mut feed, inputs);
    }
}

fn run_registrar(shared: &Shared, mut registrar: Registrar) {
    while let Some(requests) = shared.registrar.take(1, None) {
        requests.into_iter().for_each(|request| shared.registrar_turn(&mut registrar, request));
    }
}

fn run_reader(shared: &Shared, inbox: &Inbox<Job>, reader: &Reader) {
    while let Some(jobs) = inbox.take(1, None) {
        jobs.into_iter().for_each(|job| shared.reader_turn(reader, job));
    }
}
