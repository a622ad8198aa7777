//! What the parts of the service share: the queues between them, and what all of them know.
//!
//! Putting into a queue never blocks, so the parts cannot wait for each other in a circle; every
//! request holds a permit, which bounds what all queues hold together.

use crate::api::{Answer, Clock, Entropy, Permit};
use crate::backups::Backups;
use crate::feed::{self, Lost, News};
use crate::functions::Functions;
use crate::inbox::Inbox;
use crate::invoker::{self, Place};
use crate::judge::{Asker, Judge};
use crate::keys;
use crate::matcher::{Input, Task, Waiter, WaiterId};
use crate::meter::Meter;
use crate::open_executions::Totals;
use crate::reader::{DecisionPage, EmptyPollToken, Read, Reader};
use crate::registrar::Registrar;
use crate::shard::{Commons, Shard, ShardCommand};
use crate::survey::ListSurvey;
use crate::threads::Options;
use crate::throttle::Throttle;
use crate::token::Tokens;
use crate::watched::Watched;
use engine::rows::TaskListKey;
use engine::{Limits, Registry, Scope};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;
use store::{Epoch, ShardId, Store, StoreError};
use wire::{Request, Timestamp};

/// How many requests may be in the service at once. More are refused as throttled.
pub const REQUESTS_MAX: usize = 20_000;

/// How many offers may wait for the matcher, and for the invoker. More are dropped, and they read the rows instead.
const OFFERS_MAX: usize = REQUESTS_MAX + 50_000;

/// How many commits with events may wait for the feed.
const NEWS_MAX: usize = 4_096;

/// How many bytes of events may, unless it is one commit. Of what exceeds it, the feed tells that
/// something was missed.
const NEWS_BYTES_MAX: usize = 16 << 20;

/// The parts that own what they work on. The matcher is not among them: it begins empty.
pub(crate) struct Parts {
    pub shards: Vec<(ShardId, Shard)>,
    pub registrar: Registrar,
}

/// What all parts know.
pub(crate) struct Shared {
    pub clock: Arc<dyn Clock>,
    /// Since when there is this service.
    pub opened_at: Timestamp,
    pub entropy: Arc<dyn Entropy>,
    pub registry: Arc<RwLock<Registry>>,
    pub tokens: Arc<Tokens>,
    pub poll_hold: Duration,
    pub limits: Arc<Limits>,
    pub throttle: Arc<Throttle>,
    pub judge: Arc<Judge>,
    pub empty_poll_token: EmptyPollToken,
    pub backups: Arc<Backups>,
    pub store: Arc<dyn Store>,
    pub open_executions: Arc<Totals>,
    /// What was done lately, for those who watch.
    pub meter: Arc<Meter>,
    /// Of which domains events are told.
    pub watched: Arc<Watched>,
    /// Tells what this process's feed tells from what others have told.
    pub feed_instance: u64,
    pub feed: Inbox<feed::Input<Watch>>,
    /// How many bytes of events wait for the feed.
    pub news_bytes: AtomicUsize,
    /// What was lost on the way to the feed, and is to be said behind what waits for it now. As long
    /// as there is anything, no events are put behind that: they would be told before.
    pub unsaid: Mutex<Lost>,
    permits: Arc<AtomicUsize>,
    /// How many requests have been routed so far.
    pub routed: AtomicU64,
    pub shards: Vec<Inbox<(Ticket, ShardCommand)>>,
    pub matcher: Inbox<ForMatcher>,
    pub offers_lost: AtomicBool,
    /// Those who call functions have it, too.
    pub invoker: Arc<Inbox<invoker::Input>>,
    pub lambda_offers_lost: AtomicBool,
    pub functions: Option<Arc<dyn Functions>>,
    pub registrar: Inbox<Registration>,
    /// What pollers wait for: replies to tasks that have been started, and heads of lists.
    pub task_readers: Inbox<Job>,
    /// Histories, lists and counts, which may take long.
    pub readers: Inbox<Job>,
}

/// Who is to hear what came of a command.
pub(crate) enum Ticket {
    /// A caller.
    Call(Answer),
    /// A decider that wants a further page of its task.
    Page(Answer, DecisionPage),
    /// A poller that is to have the task.
    Poll(Box<PollTicket>),
    /// The shard that sent the message of that number.
    Message(ShardId, u64),
    /// The invoker, which wants to call the task's function.
    StartLambda(Place),
    /// The invoker, which has called it.
    CloseLambda(Place),
    /// Nobody.
    Nobody,
}

/// A poll that the matcher has paired with a task.
pub(crate) struct PollTicket {
    pub list: TaskListKey,
    pub task: Task,
    pub id: WaiterId,
    pub waiter: Waiter<Poll>,
}

/// How a poll is answered.
pub(crate) struct Poll {
    pub answer: Answer,
    /// For decision tasks, which page of the history goes with it.
    pub page: Option<DecisionPage>,
    /// Whoever's rights count, to be judged again when there is a task.
    pub asker: Option<Arc<Asker>>,
}

/// What waits for the matcher.
pub(crate) enum ForMatcher {
    /// Something has happened.
    Input(Input<Poll>),
    /// Somebody wants to know who polls.
    WhoPolls(Answer, ListSurvey),
}

/// How somebody is answered who waits for events.
pub(crate) struct Watch {
    pub answer: Answer,
    /// Whoever's rights count, to be judged again when there are events.
    pub asker: Option<Arc<Asker>>,
}

/// What the registrar is asked.
pub(crate) enum Registration {
    /// A request that changes the registry.
    Change(Answer, Scope, Request),
    /// A new key for tokens.
    RotateTokenKey(Answer),
}

/// What a reader is asked.
pub(crate) enum Job {
    Answer(Answer, Read),
    Refill(TaskListKey),
    FindLambdas,
}

impl Shared {
    /// Claims everything in `store`.
    pub fn open(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        options: &Options,
    ) -> Result<(Shared, Parts), StoreError> {
        let limits = Arc::new(options.limits.clone());
        let throttle = Arc::new(Throttle::new(options.throttles.clone()));
        let registrar = Registrar::claim(
            &options.owner,
            Arc::clone(&store),
            Arc::clone(&limits),
            Arc::clone(&entropy),
        )?;
        let tokens = registrar.tokens();
        let registry = registrar.registry();
        let credentials = options.credentials.clone();
        let judge = Arc::new(Judge::new(Arc::clone(&registry), credentials, options.denials));
        let open_executions = Arc::new(Totals::default());
        let watched = Arc::new(Watched::default());
        let commons = Commons {
            registry: Arc::clone(&registry),
            limits: Arc::clone(&limits),
            open_executions: Arc::clone(&open_executions),
            throttle: Arc::clone(&throttle),
            judge: Arc::clone(&judge),
            watched: Arc::clone(&watched),
            calls_functions: options.functions.is_some(),
        };
        let claim = |id| {
            let shard = Shard::claim(id, &options.owner, Arc::clone(&store), commons.clone())?;
            Ok((id, shard))
        };
        let shards = keys::shards().map(claim).collect::<Result<Vec<_>, StoreError>>()?;
        let opened_at = clock.now();
        let shared = Shared {
            opened_at,
            clock,
            registry,
            tokens,
            poll_hold: options.poll_hold,
            limits,
            throttle,
            judge,
            empty_poll_token: options.empty_poll_token,
            backups: Arc::default(),
            store,
            open_executions,
            meter: Arc::default(),
            watched,
            feed_instance: feed_instance(
                opened_at,
                shards.first().and_then(|(_, first)| first.epoch()),
            ),
            news_bytes: AtomicUsize::new(0),
            unsaid: Mutex::default(),
            feed: Inbox::new(),
            entropy,
            permits: Arc::new(AtomicUsize::new(0)),
            routed: AtomicU64::new(0),
            shards: shards.iter().map(|_| Inbox::new()).collect(),
            matcher: Inbox::new(),
            offers_lost: AtomicBool::new(false),
            invoker: Arc::new(Inbox::new()),
            lambda_offers_lost: AtomicBool::new(false),
            functions: options.functions.clone(),
            registrar: Inbox::new(),
            task_readers: Inbox::new(),
            readers: Inbox::new(),
        };
        Ok((shared, Parts { shards, registrar }))
    }

    pub fn reader(&self) -> Reader {
        Reader {
            store: Arc::clone(&self.store),
            tokens: Arc::clone(&self.tokens),
            empty_poll_token: self.empty_poll_token,
            backups: Arc::clone(&self.backups),
        }
    }

    /// The queue into a shard, which exists.
    pub fn shard(&self, id: ShardId) -> &Inbox<(Ticket, ShardCommand)> {
        &self.shards[usize::from(id.0)]
    }

    /// No part is given anything more to write.
    pub fn close_writers(&self) {
        self.shards.iter().for_each(Inbox::close);
        self.registrar.close();
    }

    /// Nor anything else. What the writers had still to say has been said by now.
    pub fn close_others(&self) {
        self.matcher.close();
        self.feed.close();
        self.invoker.close();
        self.task_readers.close();
        self.readers.close();
    }

    pub fn permit(&self) -> Option<Permit> {
        Permit::take(&self.permits, REQUESTS_MAX)
    }

    /// How many requests are in the service.
    pub fn requests_open(&self) -> usize {
        self.permits.load(Ordering::Acquire)
    }

    pub fn to_shard(&self, shard: ShardId, ticket: Ticket, command: ShardCommand) {
        let Some(inbox) = self.shards.get(usize::from(shard.0)) else {
            tracing::error!(shard = shard.0, "a command names no shard");
            return;
        };
        if let Some((Ticket::Poll(poll), _)) = inbox.put((ticket, command)) {
            // The service closes. The task waits for the next one; the matcher drains by now.
            let PollTicket { list, id, waiter, .. } = *poll;
            self.to_matcher(Input::TaskGone(list, id, waiter));
        }
    }

    pub fn to_matcher(&self, input: Input<Poll>) {
        self.matcher.put(ForMatcher::Input(input));
    }

    pub fn to_invoker(&self, input: invoker::Input) {
        self.invoker.put(input);
    }

    pub fn to_registrar(&self, answer: Answer, scope: Scope, request: Request) {
        self.registrar.put(Registration::Change(answer, scope, request));
    }

    pub fn to_reader(&self, answer: Answer, read: Read) {
        self.readers.put(Job::Answer(answer, read));
    }

    /// What a poller waits for is not to wait behind long lists.
    pub fn to_task_reader(&self, answer: Answer, read: Read) {
        self.task_readers.put(Job::Answer(answer, read));
    }

    pub fn offer(&self, list: TaskListKey, task: Task) {
        let offer = ForMatcher::Input(Input::Offer(list, task));
        if self.matcher.put_bounded(offer, OFFERS_MAX).is_some() {
            self.offers_lost.store(true, Ordering::Release);
        }
    }

    pub fn offer_lambda(&self, place: Place) {
        if self.invoker.put_bounded(invoker::Input::Offer(place), OFFERS_MAX).is_some() {
            self.lambda_offers_lost.store(true, Ordering::Release);
        }
    }

    /// Has events told that are durable, if there is room for them; and in front of them and behind
    /// them, that there are, or may be, others.
    pub fn tell(&self, before: Lost, news: Vec<News>, behind: Lost) {
        if before.is_nothing() && news.is_empty() && behind.is_nothing() {
            return;
        }
        let mut unsaid = self.unsaid.lock().expect("no holder panics");
        for input in [feed::Input::Lost(before), feed::Input::News(news), feed::Input::Lost(behind)]
        {
            if unsaid.is_nothing() {
                if let Some(untold) = self.put_for_feed(input) {
                    unsaid.join(untold);
                }
            } else {
                unsaid.join(lost_with(&input));
            }
        }
    }

    /// What is lost, if there is no room for it. The feed then has something to take.
    fn put_for_feed(&self, input: feed::Input<Watch>) -> Option<Lost> {
        let says_nothing = match &input {
            feed::Input::News(news) => news.is_empty(),
            feed::Input::Lost(lost) => lost.is_nothing(),
            feed::Input::Wait(_) | feed::Input::DismissGone | feed::Input::Drain => false,
        };
        if says_nothing {
            return None;
        }
        let bytes = news_bytes(&input);
        // Counted first, or else the feed might subtract it before.
        let waiting = self.news_bytes.fetch_add(bytes, Ordering::AcqRel);
        let room = waiting == 0 || waiting + bytes <= NEWS_BYTES_MAX;
        let back = match room {
            true => self.feed.put_bounded(input, NEWS_MAX),
            false => Some(input),
        };
        back.map(|input| {
            self.news_bytes.fetch_sub(bytes, Ordering::AcqRel);
            lost_with(&input)
        })
    }

    /// No poll is given a task any more, and no Lambda task is started.
    pub fn drain(&self) {
        self.to_matcher(Input::Drain);
        self.feed.put(feed::Input::Drain);
        self.to_invoker(invoker::Input::Drain);
    }
}

/// The name of a process's feed. Each process claims its first shard under an epoch of its own; the
/// time tells it from those that served what a restored backup does not know of.
fn feed_instance(opened_at: Timestamp, claim: Option<Epoch>) -> u64 {
    const EPOCH_BITS: u32 = 20;
    let epoch = claim.map_or(0, |epoch| epoch.0) % (1 << EPOCH_BITS);
    (opened_at.0.unsigned_abs() << EPOCH_BITS) | epoch
}

/// How many bytes of events wait with it.
pub(crate) fn news_bytes(input: &feed::Input<Watch>) -> usize {
    match input {
        feed::Input::News(news) => News::sum_bytes(news),
        feed::Input::Lost(_)
        | feed::Input::Wait(_)
        | feed::Input::DismissGone
        | feed::Input::Drain => 0,
    }
}

/// Of which domains nothing is told if it does not reach the feed.
fn lost_with(input: &feed::Input<Watch>) -> Lost {
    match input {
        feed::Input::News(news) => Lost::Of(news.iter().map(News::domain).collect()),
        feed::Input::Lost(lost) => lost.clone(),
        feed::Input::Wait(_) | feed::Input::DismissGone | feed::Input::Drain => Lost::Nothing,
    }
}
