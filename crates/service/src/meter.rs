//! How often things have happened lately, by domain and by task list: what this process has
//! committed, since it began, of the last minutes. It is for people who watch; nothing rests on it.
//!
//! A shard tallies while it decides, and what is durable is added in one go, so that the lock is
//! taken once in a step.

use crate::recent::{Recent, bucket_of};
use engine::rows::{TaskKind, TaskListKey};
use engine::{Execution, Scope};
use std::collections::BTreeMap;
use std::sync::Mutex;
use wire::{CloseStatus, DomainName, Event, EventAttributes, Name, RecentCount, Timestamp};

/// How many domains are counted at once. Others are not, until some have been quiet.
pub const DOMAINS_METERED_MAX: usize = 1_000;

/// How many task lists are.
pub const LISTS_METERED_MAX: usize = 4_096;

/// What is counted of a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfDomain {
    /// Executions that began.
    Started,
    /// Executions that ended so.
    Completed,
    /// The same.
    Failed,
    /// The same.
    Canceled,
    /// The same.
    Terminated,
    /// The same.
    ContinuedAsNew,
    /// The same.
    TimedOut,
    /// Decision tasks that a poller was given.
    DecisionTasksHandedOut,
    /// Activity tasks that a poller was given.
    ActivityTasksHandedOut,
    /// Tasks of all kinds whose time was over.
    TasksTimedOut,
}

const OF_DOMAIN: usize = OfDomain::TasksTimedOut as usize + 1;

/// What is counted of a task list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfList {
    /// Tasks that were put there.
    Scheduled,
    /// Tasks that a poller was given.
    HandedOut,
}

const OF_LIST: usize = OfList::HandedOut as usize + 1;

type DomainKey = (Scope, DomainName);

/// What one step has done, or several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    domains: BTreeMap<DomainKey, [u32; OF_DOMAIN]>,
    lists: BTreeMap<TaskListKey, [u32; OF_LIST]>,
}

impl Tally {
    /// True if nothing was done that is counted.
    pub fn is_empty(&self) -> bool {
        self.domains.is_empty() && self.lists.is_empty()
    }

    /// Counts what a transition does.
    pub fn transition(&mut self, before: Option<&Execution>, events: &[Event], after: &Execution) {
        use EventAttributes as E;
        let (scope, domain) = (&after.identity.scope, &after.identity.domain);
        let mut counts = [0; OF_DOMAIN];
        let mut count = |counter: OfDomain| counts[counter as usize] += 1;
        if before.is_none() {
            count(OfDomain::Started);
        }
        let was_open = before.is_none_or(Execution::is_open);
        if let Some(closed) = after.closed.filter(|_| was_open) {
            count(match closed.status {
                CloseStatus::Completed => OfDomain::Completed,
                CloseStatus::Failed => OfDomain::Failed,
                CloseStatus::Canceled => OfDomain::Canceled,
                CloseStatus::Terminated => OfDomain::Terminated,
                CloseStatus::ContinuedAsNew => OfDomain::ContinuedAsNew,
                CloseStatus::TimedOut => OfDomain::TimedOut,
            });
        }
        for Event { attributes, .. } in events {
            if matches!(attributes, E::DecisionTaskStarted(_)) {
                count(OfDomain::DecisionTasksHandedOut);
            } else if matches!(attributes, E::ActivityTaskStarted(_)) {
                count(OfDomain::ActivityTasksHandedOut);
            } else if matches!(
                attributes,
                E::DecisionTaskTimedOut(_)
                    | E::ActivityTaskTimedOut(_)
                    | E::LambdaFunctionTimedOut(_)
            ) {
                count(OfDomain::TasksTimedOut);
            } else if let E::DecisionTaskScheduled(scheduled) = attributes {
                let list = &scheduled.task_list.name;
                self.scheduled(TaskKind::Decision, scope, domain, list);
            } else if let E::ActivityTaskScheduled(scheduled) = attributes {
                let list = &scheduled.task_list.name;
                self.scheduled(TaskKind::Activity, scope, domain, list);
            }
        }
        if counts != [0; OF_DOMAIN] {
            add(self.domains.entry((scope.clone(), domain.clone())).or_default(), &counts);
        }
    }

    /// Counts a task that a poller is given; its execution's transition is counted besides.
    pub fn handed_out(&mut self, list: TaskListKey) {
        self.list(list, OfList::HandedOut);
    }

    fn scheduled(&mut self, kind: TaskKind, scope: &Scope, domain: &DomainName, name: &Name) {
        let (scope, domain, name) = (scope.clone(), domain.clone(), name.clone());
        self.list(TaskListKey { kind, scope, domain, name }, OfList::Scheduled);
    }

    fn list(&mut self, list: TaskListKey, counter: OfList) {
        self.lists.entry(list).or_default()[counter as usize] += 1;
    }

    /// Adds what another has counted, and leaves it empty.
    pub fn append(&mut self, other: &mut Tally) {
        if self.is_empty() {
            std::mem::swap(self, other);
        }
        for (domain, counts) in std::mem::take(&mut other.domains) {
            add(self.domains.entry(domain).or_default(), &counts);
        }
        for (list, counts) in std::mem::take(&mut other.lists) {
            add(self.lists.entry(list).or_default(), &counts);
        }
    }
}

fn add<const N: usize>(sums: &mut [u32; N], counts: &[u32; N]) {
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum = sum.saturating_add(*count);
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct Meter {
    counted: Mutex<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    domains: BTreeMap<DomainKey, Recent<OF_DOMAIN>>,
    lists: BTreeMap<TaskListKey, Recent<OF_LIST>>,
    /// In which bucket those that are over were last looked for.
    swept_in: Option<i64>,
}

impl Meter {
    /// Counts what is durable.
    pub fn count(&self, tally: Tally, now: Timestamp) {
        if tally.is_empty() {
            return;
        }
        let mut counted = self.counted.lock().expect("no holder panics");
        counted.sweep(now);
        for (domain, counts) in tally.domains {
            count(&mut counted.domains, domain, &counts, DOMAINS_METERED_MAX, now);
        }
        for (list, counts) in tally.lists {
            count(&mut counted.lists, list, &counts, LISTS_METERED_MAX, now);
        }
    }

    /// What was counted of a domain.
    pub fn domain(
        &self,
        scope: &Scope,
        domain: &DomainName,
        now: Timestamp,
    ) -> impl Fn(OfDomain) -> RecentCount + use<> {
        let counted = self.counted.lock().expect("no holder panics");
        let recent = counted.domains.get(&(scope.clone(), domain.clone())).cloned();
        move |counter| told(recent.as_ref(), counter as usize, now)
    }

    /// What was counted of a task list.
    pub fn list(&self, list: &TaskListKey, counter: OfList, now: Timestamp) -> RecentCount {
        let counted = self.counted.lock().expect("no holder panics");
        told(counted.lists.get(list), counter as usize, now)
    }
}

impl Counted {
    /// Makes room, at most once in a bucket's time.
    fn sweep(&mut self, now: Timestamp) {
        let full =
            self.domains.len() >= DOMAINS_METERED_MAX || self.lists.len() >= LISTS_METERED_MAX;
        if full && self.swept_in != Some(bucket_of(now)) {
            self.swept_in = Some(bucket_of(now));
            self.domains.retain(|_, recent| !recent.is_over(now));
            self.lists.retain(|_, recent| !recent.is_over(now));
        }
    }
}

fn count<K: Ord, const N: usize>(
    counted: &mut BTreeMap<K, Recent<N>>,
    key: K,
    counts: &[u32; N],
    most: usize,
    now: Timestamp,
) {
    if let Some(recent) = counted.get_mut(&key) {
        recent.add(counts, now);
    } else if counted.len() < most {
        counted.entry(key).or_insert_with(|| Recent::new(now)).add(counts, now);
    }
}

fn told<const N: usize>(recent: Option<&Recent<N>>, counter: usize, now: Timestamp) -> RecentCount {
    let nothing = RecentCount { last_minute: 0, last_five_minutes: 0 };
    recent.map_or(nothing, |recent| recent.count(counter, now))
}

#[cfg(test)]
mod tests;
