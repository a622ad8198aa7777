//! What people ask who want to see what goes on: which lists have tasks that nobody takes, and how
//! much is done in each domain. It is read from the rows, with what is known in memory beside it.

use crate::backlog::{self, ListName, Lists, Looks, list_key};
use crate::keys;
use crate::matcher::{ListPollers, Matcher, SeenPoller};
use crate::meter::{Meter, OfDomain, OfList};
use crate::paging::Paging;
use engine::Scope;
use engine::rows::TaskKind;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::{Store, StoreError};
use wire::*;

/// How many lists a page has at most.
pub const PAGE_LISTS_MAX: usize = 100;

/// How many domains a page has at most.
pub const PAGE_DOMAINS_MAX: usize = 100;

/// After how many looks into the store a page ends, whatever it has: a row is one, and so is a scan that
/// finds none. What it began it ends, and so exceeds that by the two backlogs of a domain at most, each
/// of which is counted up to a bound of its own and then truncated.
pub const LOOKS_MAX: usize = 10_000;

/// Since when is counted, and what time it is.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// When the process began to count.
    pub counted_since: Timestamp,
    /// When it was asked.
    pub now: Timestamp,
}

/// DescribeTaskLists.
pub struct ListSurvey {
    /// Account and region.
    pub scope: Scope,
    /// The domain.
    pub domain: DomainName,
    /// Those, if not all.
    pub named: Option<BTreeSet<ListName>>,
    /// Those behind this one.
    pub after: Option<ListName>,
    /// What the request says about pages.
    pub paging: Paging,
    /// What is counted.
    pub meter: Arc<Meter>,
    /// When.
    pub times: Times,
}

impl ListSurvey {
    /// How many lists the page has at most.
    pub fn lists_max(&self) -> usize {
        self.paging.entries_max(PAGE_LISTS_MAX)
    }

    /// Who polls the lists that may be on the page: those that are named, or those that somebody
    /// polls, one more than the page has room for.
    pub fn polled<P>(
        &self,
        matcher: &Matcher<P>,
        now: Timestamp,
    ) -> BTreeMap<ListName, ListPollers> {
        let who = |name: ListName| {
            let pollers = matcher.who_polls(&list_key(&self.scope, &self.domain, &name), now);
            (name, pollers)
        };
        if let Some(named) = &self.named {
            return named.iter().cloned().map(who).collect();
        }
        let (from_kind, from_name) = match &self.after {
            // The least name behind it.
            Some((kind, name)) => (*kind, Name::from(format!("{name}\0"))),
            None => (TaskListKind::Decision, Name::from("")),
        };
        let mut names = Vec::new();
        for kind in TaskListKind::ALL.iter().filter(|kind| **kind >= from_kind) {
            let name = if *kind == from_kind { from_name.clone() } else { Name::from("") };
            let from = list_key(&self.scope, &self.domain, &(*kind, name));
            let room = (self.lists_max() + 1).saturating_sub(names.len());
            let lists = matcher.polled_lists(&from, room, now);
            names.extend(lists.into_iter().map(|list| (*kind, list.name)));
        }
        names.into_iter().map(who).collect()
    }

    /// The page. `polled` are the lists that somebody polls, of those that may be on it, or of all
    /// that are named those that are on it.
    pub fn page(
        &self,
        store: &dyn Store,
        polled: &BTreeMap<ListName, ListPollers>,
    ) -> Result<TaskListDetails, StoreError> {
        let Times { counted_since, now } = self.times;
        let mut page =
            TaskListDetails { counted_since, now, task_lists: Vec::new(), next_page_token: None };
        let mut looks = Looks::default();
        let mut candidates = Candidates::new(self, store, polled)?;
        while let Some((name, shards)) = candidates.next()? {
            let key = list_key(&self.scope, &self.domain, &name);
            let backlog = backlog::count(store, shards, &keys::tasks(&key), &mut looks)?;
            let ListPollers { waiting, pollers } = polled.get(&name).cloned().unwrap_or_default();
            page.task_lists.push(TaskListDetail {
                kind: name.0,
                name: name.1.clone(),
                backlog,
                waiting_pollers: waiting,
                pollers: pollers.into_iter().map(poller_detail).collect(),
                scheduled: self.meter.list(&key, OfList::Scheduled, now),
                handed_out: self.meter.list(&key, OfList::HandedOut, now),
            });
            let full = page.task_lists.len() >= self.lists_max();
            let looked = looks.total() + candidates.looks().total();
            if (full || looked >= LOOKS_MAX) && candidates.more() {
                page.next_page_token = Some(self.paging.token(&name));
                break;
            }
        }
        Ok(page)
    }
}

/// The lists that may be on a page, in order, each with the shards in which it may have rows.
enum Candidates<'s> {
    Named(Vec<ListName>),
    Found { lists: Lists<'s>, polled: BTreeSet<ListName> },
}

impl<'s> Candidates<'s> {
    fn new(
        survey: &'s ListSurvey,
        store: &'s dyn Store,
        polled: &BTreeMap<ListName, ListPollers>,
    ) -> Result<Candidates<'s>, StoreError> {
        let after = survey.after.as_ref();
        if let Some(named) = &survey.named {
            let behind = named.iter().filter(|name| after.is_none_or(|after| *name > after));
            return Ok(Candidates::Named(behind.rev().cloned().collect()));
        }
        let lists = Lists::new(store, &survey.scope, &survey.domain, after)?;
        Ok(Candidates::Found { lists, polled: polled.keys().cloned().collect() })
    }

    fn looks(&self) -> Looks {
        match self {
            Candidates::Named(_) => Looks::default(),
            Candidates::Found { lists, .. } => lists.looks(),
        }
    }

    fn more(&self) -> bool {
        match self {
            Candidates::Named(left) => !left.is_empty(),
            Candidates::Found { lists, polled } => lists.peek().is_some() || !polled.is_empty(),
        }
    }

    fn next(&mut self) -> Result<Option<(ListName, Vec<store::ShardId>)>, StoreError> {
        match self {
            Candidates::Named(left) => Ok(left.pop().map(|name| (name, keys::shards().collect()))),
            Candidates::Found { lists, polled } => {
                if let Some(name) = polled.first()
                    && lists.peek().is_none_or(|head| name < head)
                {
                    return Ok(polled.pop_first().map(|name| (name, Vec::new())));
                }
                let found = lists.next()?;
                if let Some((name, _)) = &found {
                    polled.remove(name);
                }
                Ok(found)
            }
        }
    }
}

fn poller_detail(seen: SeenPoller) -> PollerDetail {
    let SeenPoller { poller, last_seen_at, waiting } = seen;
    PollerDetail {
        last_seen_at,
        waiting,
        identity: poller.identity,
        principal: poller.principal.map(|arn| Arn::from(&*arn)),
        address: poller.address.map(|address| address.to_string().into()),
    }
}

/// DescribeLoad.
pub struct LoadSurvey {
    /// Account and region.
    pub scope: Scope,
    /// The domains that may be on the page, with their open executions; by name.
    pub domains: Vec<(DomainName, u64)>,
    /// Whether there are more behind them.
    pub more: bool,
    /// What the request says about pages.
    pub paging: Paging,
    /// What is counted.
    pub meter: Arc<Meter>,
    /// When.
    pub times: Times,
}

impl LoadSurvey {
    /// The page.
    pub fn page(&self, store: &dyn Store) -> Result<DomainLoads, StoreError> {
        let Times { counted_since, now } = self.times;
        let mut page =
            DomainLoads { counted_since, now, domains: Vec::new(), next_page_token: None };
        let mut looks = Looks::default();
        for (place, (domain, open_executions)) in self.domains.iter().enumerate() {
            let mut backlog = |kind| {
                let range = keys::task_lists(kind, &self.scope, domain);
                backlog::count(store, keys::shards(), &range, &mut looks)
            };
            let decision_backlog = backlog(TaskKind::Decision)?;
            let activity_backlog = backlog(TaskKind::Activity)?;
            let counted = self.meter.domain(&self.scope, domain, now);
            page.domains.push(DomainLoad {
                domain: domain.clone(),
                open_executions: *open_executions,
                started: counted(OfDomain::Started),
                completed: counted(OfDomain::Completed),
                failed: counted(OfDomain::Failed),
                canceled: counted(OfDomain::Canceled),
                terminated: counted(OfDomain::Terminated),
                continued_as_new: counted(OfDomain::ContinuedAsNew),
                timed_out: counted(OfDomain::TimedOut),
                decision_tasks_handed_out: counted(OfDomain::DecisionTasksHandedOut),
                activity_tasks_handed_out: counted(OfDomain::ActivityTasksHandedOut),
                tasks_timed_out: counted(OfDomain::TasksTimedOut),
                decision_backlog,
                activity_backlog,
            });
            let is_last = place + 1 == self.domains.len();
            if (is_last && self.more) || (!is_last && looks.total() >= LOOKS_MAX) {
                page.next_page_token = Some(self.paging.token(domain));
                break;
            }
        }
        Ok(page)
    }
}
