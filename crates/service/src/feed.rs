//! The feed: events are told to those who wait for them, as they are committed.
//!
//! It keeps a bounded ring of the newest events of each domain that somebody watches, and for a
//! while after the last one has left. All that is told has one order, in which each run's events
//! are those of its history. Where something of a domain was not told, or is not kept any more, whoever
//! asks for what came before is told that he has missed something: it is soft state, and the
//! histories are the truth. It does no I/O and has no clock.

use crate::api::CallerPresence;
use engine::{RunIdentity, Scope};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use wire::{DomainName, RunId, Timestamp, WatchedExecution, WorkflowId, WorkflowType};

mod lost;
mod position;

pub use lost::Lost;
pub use position::Position;

/// How many domains are watched at once, and kept for a while after that.
pub const DOMAINS_WATCHED_MAX: usize = 64;

/// How many of them are an account's: none keeps all others from watching.
pub const ACCOUNT_DOMAINS_WATCHED_MAX: usize = 32;

/// How many events of a domain are kept.
pub const RING_EVENTS_MAX: usize = 10_000;

/// How many bytes of events of a domain are kept. One event is kept whatever its length.
pub const RING_BYTES_MAX: usize = 2 << 20;

/// How many events one answer has.
pub const ANSWER_EVENTS_MAX: usize = 1_000;

/// How many bytes the events of one answer have, unless it is one event.
pub const ANSWER_BYTES_MAX: usize = 1 << 20;

/// How long events are kept of a domain that nobody watches any more, in milliseconds.
pub const KEPT_MS: i64 = 60_000;

/// How many may wait for events of one domain.
pub const DOMAIN_WATCHERS_MAX: usize = 256;

/// How many waits a principal may have.
pub const PRINCIPAL_WATCHERS_MAX: usize = 128;

/// What an event takes besides its JSON, about: its part of the ring and of its run's names.
const EVENT_OVERHEAD_BYTES: usize = 128;

/// A domain in its account and region.
pub type DomainKey = (Scope, DomainName);

/// An event that is durable.
#[derive(Debug, PartialEq, Eq)]
pub struct News {
    /// Its run.
    pub identity: Arc<RunIdentity>,
    /// The run's type.
    pub workflow_type: WorkflowType,
    /// The event as the wire sends it.
    pub json: Box<[u8]>,
}

impl News {
    /// What it takes in memory, about.
    pub fn bytes(&self) -> usize {
        self.json.len() + EVENT_OVERHEAD_BYTES
    }

    /// What several take.
    pub fn sum_bytes(news: &[News]) -> usize {
        news.iter().map(News::bytes).sum()
    }

    /// The domain of its run.
    pub fn domain(&self) -> DomainKey {
        (self.identity.scope.clone(), self.identity.domain.clone())
    }
}

/// Someone who waits. `P` is how he is answered.
#[derive(Debug)]
pub struct Watcher<P> {
    /// The domain.
    pub domain: DomainKey,
    /// Whose events, if not all.
    pub execution: Option<WatchedExecution>,
    /// Behind what; without it, from now on.
    pub after: Option<Position>,
    /// When he is to be answered without any.
    pub deadline: Timestamp,
    /// Whom the wait is counted for, if anybody.
    pub principal: Option<Arc<str>>,
    /// Whether he still waits.
    pub presence: CallerPresence,
    /// How he is answered.
    pub poll: P,
}

/// What happens to the feed.
#[derive(Debug)]
pub enum Input<P> {
    /// Somebody waits for events.
    Wait(Box<Watcher<P>>),
    /// Events were committed by one shard, in this order.
    News(Vec<News>),
    /// Events may have been committed that are not told.
    Lost(Lost),
    /// Room is wanted: those who are gone wait for nothing.
    DismissGone,
    /// From now on everybody is answered at once.
    Drain,
}

/// What the feed wants done.
#[derive(Debug)]
pub enum Output<P> {
    /// Answer.
    Tell(DomainKey, P, Telling),
    /// Too many watch.
    Refuse(P, Full),
}

/// An answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Telling {
    /// The events.
    pub events: Vec<Arc<News>>,
    /// Behind what the next answer begins.
    pub next: Position,
    /// Whether there may have been others, before or among them, which are not kept.
    pub missed: bool,
}

impl Telling {
    /// The body of the answer.
    pub fn to_json(&self) -> Vec<u8> {
        let mut body = b"{\"events\":[".to_vec();
        for (place, news) in self.events.iter().enumerate() {
            if place > 0 {
                body.push(b',');
            }
            let RunIdentity { workflow_id, run_id, .. } = &*news.identity;
            let run = serde_json::json!({
                "workflowId": workflow_id,
                "runId": run_id,
                "workflowType": news.workflow_type,
            });
            let run = run.to_string();
            body.extend(run.strip_suffix('}').expect("it is an object").bytes());
            body.extend(b",\"event\":");
            body.extend(&*news.json);
            body.push(b'}');
        }
        let (next, missed) = (self.next.token(), self.missed);
        body.extend(format!("],\"next\":\"{next}\",\"missed\":{missed}}}").bytes());
        body
    }
}

/// What has no room for one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// All that is watched.
    Domains,
    /// What is watched of the account.
    AccountDomains,
    /// The domain.
    Domain,
    /// The principal.
    Principal,
}

/// See the module.
#[derive(Debug)]
pub struct Feed<P> {
    /// Which process's feed it is.
    instance: u64,
    /// The number of what was told last.
    newest: u64,
    domains: BTreeMap<DomainKey, Watch>,
    waiting: BTreeMap<WatcherId, Watcher<P>>,
    /// When each is to be answered.
    deadlines: BTreeSet<(Timestamp, WatcherId)>,
    principals: BTreeMap<Arc<str>, usize>,
    next_id: WatcherId,
    /// Whether other domains are watched than when it was asked last.
    changed: bool,
    draining: bool,
}

/// A place in the order of arrival.
type WatcherId = u64;

/// What is kept of a domain.
#[derive(Debug)]
struct Watch {
    ring: VecDeque<(u64, Arc<News>)>,
    ring_bytes: usize,
    /// Whoever asks for what came before this has missed something.
    complete_since: u64,
    watchers: BTreeSet<WatcherId>,
    /// Since when there is none.
    idle_since: Option<Timestamp>,
}

impl<P> Feed<P> {
    /// Nobody watches. `instance` tells its positions from those of other processes.
    pub fn new(instance: u64) -> Feed<P> {
        Feed {
            instance,
            newest: 0,
            domains: BTreeMap::new(),
            waiting: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            principals: BTreeMap::new(),
            next_id: 0,
            changed: false,
            draining: false,
        }
    }

    /// The domains of which events are wanted, if they are others than those told before. Whoever
    /// is answered with a position counts on it that what comes behind that is kept, so this goes
    /// first.
    pub fn watched_anew(&mut self) -> Option<BTreeSet<DomainKey>> {
        std::mem::take(&mut self.changed).then(|| self.domains.keys().cloned().collect())
    }

    /// When somebody has to be answered, or something can be forgotten.
    pub fn next_wake(&self) -> Option<Timestamp> {
        let idle = self.domains.values().filter_map(|watch| watch.idle_since);
        let forgotten = idle.map(|since| Timestamp(since.0.saturating_add(KEPT_MS)));
        forgotten.chain(self.deadlines.first().map(|(deadline, _)| *deadline)).min()
    }

    /// Takes what happened, and says what to do.
    pub fn step(&mut self, input: Input<P>, now: Timestamp) -> Vec<Output<P>> {
        let mut outputs = Vec::new();
        match input {
            Input::Wait(watcher) => self.wait(*watcher, now, &mut outputs),
            Input::News(news) => self.tell(news, now, &mut outputs),
            Input::Lost(lost) => {
                self.newest += 1;
                let mut concerned = Vec::new();
                for (_, watch) in self.domains.iter_mut().filter(|(domain, _)| lost.is_of(domain)) {
                    watch.complete_since = self.newest;
                    concerned.extend(watch.watchers.iter().copied());
                }
                concerned.into_iter().for_each(|id| self.answer(id, now, &mut outputs));
            }
            Input::DismissGone => self.dismiss_gone(now),
            Input::Drain => self.draining = true,
        }
        self.expire(now, &mut outputs);
        outputs
    }

    /// Answers those whose time is up; while draining, all. Forgets what nobody has watched for
    /// long.
    pub fn expire(&mut self, now: Timestamp, outputs: &mut Vec<Output<P>>) {
        while let Some((deadline, id)) = self.deadlines.first().copied() {
            if deadline > now && !self.draining {
                break;
            }
            self.answer(id, now, outputs);
        }
        let is_over = |since: Timestamp| now.0.saturating_sub(since.0) >= KEPT_MS;
        let watched = self.domains.len();
        self.domains.retain(|_, watch| !watch.idle_since.is_some_and(is_over));
        self.changed |= self.domains.len() < watched;
    }

    fn wait(&mut self, mut watcher: Watcher<P>, now: Timestamp, outputs: &mut Vec<Output<P>>) {
        let mut full = self.full(&watcher);
        if full.is_some() {
            self.dismiss_gone(now);
            full = self.full(&watcher);
        }
        if let Some(full) = full {
            return outputs.push(Output::Refuse(watcher.poll, full));
        }
        if !self.domains.contains_key(&watcher.domain) {
            self.forget_idle(&watcher.domain);
            // What was told to this domain before, if anything, does not go on to here.
            self.newest += 1;
            self.domains.insert(watcher.domain.clone(), Watch::new(self.newest));
            self.changed = true;
        }
        // A position of another process is behind everything that is kept.
        watcher.after = Some(match watcher.after {
            None => self.position(self.newest),
            Some(after) if after.instance == self.instance && after.number <= self.newest => after,
            Some(_) => Position { instance: self.instance, number: 0 },
        });
        let id = self.next_id;
        self.next_id += 1;
        self.deadlines.insert((watcher.deadline, id));
        if let Some(principal) = &watcher.principal {
            *self.principals.entry(Arc::clone(principal)).or_default() += 1;
        }
        let watch = self.domains.get_mut(&watcher.domain).expect("it is watched by now");
        watch.watchers.insert(id);
        watch.idle_since = None;
        self.waiting.insert(id, watcher);
        self.answer_if_there_is_something(id, now, outputs);
    }

    fn full(&self, watcher: &Watcher<P>) -> Option<Full> {
        let of_principal = watcher.principal.as_ref().and_then(|arn| self.principals.get(arn));
        if of_principal.is_some_and(|waits| *waits >= PRINCIPAL_WATCHERS_MAX) {
            return Some(Full::Principal);
        }
        match self.domains.get(&watcher.domain) {
            Some(watch) if watch.watchers.len() >= DOMAIN_WATCHERS_MAX => Some(Full::Domain),
            Some(_) => None,
            None => {
                let busy = self.domains.iter().filter(|(_, watch)| watch.idle_since.is_none());
                let own = busy.clone().filter(|(domain, _)| same_account(domain, &watcher.domain));
                if own.count() >= ACCOUNT_DOMAINS_WATCHED_MAX {
                    Some(Full::AccountDomains)
                } else {
                    (busy.count() >= DOMAINS_WATCHED_MAX).then_some(Full::Domains)
                }
            }
        }
    }

    /// Makes room for one more domain, if it is needed: its account's own, if that keeps as much as
    /// it may, or else that of whichever keeps most. So nobody who watches one domain after the other
    /// makes others miss what happens between two of their waits.
    fn forget_idle(&mut self, domain: &DomainKey) {
        let mut kept: BTreeMap<&str, usize> = BTreeMap::new();
        for (scope, _) in self.domains.keys() {
            *kept.entry(&scope.account).or_default() += 1;
        }
        let kept_by = |domain: &DomainKey| kept.get(&*domain.0.account).copied().unwrap_or(0);
        let only_own = kept_by(domain) >= ACCOUNT_DOMAINS_WATCHED_MAX;
        if !only_own && self.domains.len() < DOMAINS_WATCHED_MAX {
            return;
        }
        let idle = self
            .domains
            .iter()
            .filter(|(other, _)| !only_own || same_account(other, domain))
            .filter_map(|(other, watch)| Some((Reverse(kept_by(other)), watch.idle_since?, other)));
        if let Some(longest) = idle.min().map(|(_, _, other)| other.clone()) {
            self.domains.remove(&longest);
        }
    }

    fn tell(&mut self, news: Vec<News>, now: Timestamp, outputs: &mut Vec<Output<P>>) {
        let mut concerned = BTreeSet::new();
        for news in news {
            self.newest += 1;
            if let Some(watch) = self.domains.get_mut(&news.domain()) {
                watch.keep(self.newest, news);
                concerned.extend(watch.watchers.iter().copied());
            }
        }
        for id in concerned {
            self.answer_if_there_is_something(id, now, outputs);
        }
    }

    fn answer_if_there_is_something(
        &mut self,
        id: WatcherId,
        now: Timestamp,
        outputs: &mut Vec<Output<P>>,
    ) {
        let watcher = &self.waiting[&id];
        if watcher.presence.is_gone() {
            self.leave(id, now);
            return;
        }
        let telling = self.telling(watcher);
        if telling.events.is_empty() && !telling.missed {
            // It was none of his; he need not be shown it again.
            let watcher = self.waiting.get_mut(&id).expect("it has just been there");
            watcher.after = Some(telling.next);
            return;
        }
        self.answer(id, now, outputs);
    }

    fn answer(&mut self, id: WatcherId, now: Timestamp, outputs: &mut Vec<Output<P>>) {
        let telling = self.telling(&self.waiting[&id]);
        let Watcher { domain, poll, .. } = self.leave(id, now);
        outputs.push(Output::Tell(domain, poll, telling));
    }

    fn telling(&self, watcher: &Watcher<P>) -> Telling {
        let watch = &self.domains[&watcher.domain];
        let after = watcher.after.expect("it is set when somebody begins to wait").number;
        let first = watch.ring.partition_point(|(number, _)| *number <= after);
        let (mut events, mut bytes, mut next) = (Vec::new(), 0, self.newest);
        for (number, news) in watch.ring.range(first..) {
            if !concerns(watcher.execution.as_ref(), news) {
                continue;
            }
            bytes += news.bytes();
            let full = events.len() == ANSWER_EVENTS_MAX || bytes > ANSWER_BYTES_MAX;
            if full && !events.is_empty() {
                next = number - 1;
                break;
            }
            events.push(Arc::clone(news));
        }
        Telling { events, next: self.position(next), missed: after < watch.complete_since }
    }

    fn leave(&mut self, id: WatcherId, now: Timestamp) -> Watcher<P> {
        let watcher = self.waiting.remove(&id).expect("whoever leaves has waited");
        self.deadlines.remove(&(watcher.deadline, id));
        let watch = self.domains.get_mut(&watcher.domain).expect("who is waited for is watched");
        watch.watchers.remove(&id);
        if watch.watchers.is_empty() {
            watch.idle_since = Some(now);
        }
        if let Some(principal) = &watcher.principal {
            let waits = self.principals.get_mut(principal).expect("whoever leaves was counted");
            *waits -= 1;
            if *waits == 0 {
                self.principals.remove(principal);
            }
        }
        watcher
    }

    fn dismiss_gone(&mut self, now: Timestamp) {
        let gone = self.waiting.iter().filter(|(_, watcher)| watcher.presence.is_gone());
        let gone: Vec<WatcherId> = gone.map(|(id, _)| *id).collect();
        for id in gone {
            self.leave(id, now);
        }
    }

    fn position(&self, number: u64) -> Position {
        Position { instance: self.instance, number }
    }
}

impl Watch {
    fn new(complete_since: u64) -> Watch {
        let (ring, watchers) = (VecDeque::new(), BTreeSet::new());
        Watch { ring, ring_bytes: 0, complete_since, watchers, idle_since: None }
    }

    fn keep(&mut self, number: u64, news: News) {
        self.ring_bytes += news.bytes();
        self.ring.push_back((number, Arc::new(news)));
        while self.ring.len() > RING_EVENTS_MAX
            || (self.ring_bytes > RING_BYTES_MAX && self.ring.len() > 1)
        {
            let Some((number, news)) = self.ring.pop_front() else { return };
            self.ring_bytes -= news.bytes();
            self.complete_since = self.complete_since.max(number);
        }
    }
}

fn same_account((one, _): &DomainKey, (other, _): &DomainKey) -> bool {
    one.account == other.account
}

fn concerns(execution: Option<&WatchedExecution>, news: &News) -> bool {
    let RunIdentity { workflow_id, run_id, .. } = &*news.identity;
    let same = |wanted: &WatchedExecution| {
        let WatchedExecution { workflow_id: wanted_id, run_id: wanted_run } = wanted;
        let (of_id, of_run): (&WorkflowId, Option<&RunId>) = (wanted_id, wanted_run.as_ref());
        of_id == workflow_id && of_run.is_none_or(|wanted| wanted == run_id)
    };
    execution.is_none_or(same)
}

#[cfg(test)]
mod tests;
