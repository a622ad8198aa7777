//! What is known of the task lists of a domain: what waits on them, and who polls.
//!
//! Tidewheel tells it by DescribeTaskLists. SWF does not tell who polls; there, only the count of
//! what waits is known.

use super::{Facts, Snapshot};
use crate::failure::{CallError, ServiceError};
use crate::lately::{self, RECENT_MS, remembers_pollers_since};
use crate::likeness::renamed;
use crate::timeline::length::between;
use crate::timeline::{Kind, Outcome};
use std::collections::BTreeSet;
use wire::Timestamp;
use wire::{Name, PendingTaskCount, PollerDetail, TaskListDetail, TaskListKind, TaskListName};

/// As many lists that one may have been renamed to are a family, and none of them is named.
const FAMILY: usize = 3;

/// Of how many lists of an execution a server is asked who polls them, which is as many as it is asked
/// at a time.
pub const LISTS_ASKED_MAX: usize = 100;

/// What is known of lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskLists {
    /// The server tells who polls: of the lists that were asked for, and of the others of the domain
    /// that anybody polls.
    Told {
        /// Since when it counts.
        since: Timestamp,
        /// The lists: a list that waits and is not among them was not asked for.
        lists: Vec<TaskListDetail>,
    },
    /// It tells only how much waits, as SWF does; of a list of which it did not tell that, nothing
    /// is known.
    Counted {
        /// Why it does not tell who polls.
        untold: Untold,
        /// How much waits.
        counts: Vec<Counted>,
    },
}

/// How much waits on a list, if that was told.
pub type Counted = (TaskListName, Result<PendingTaskCount, Untold>);

/// Why something was not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Untold {
    /// The server cannot tell it: it has no such operation.
    NotHere,
    /// The policies of whoever asks do not allow it: the action that they would have to.
    Denied(String),
    /// The server would not, and said why.
    Refused(String),
}

impl Untold {
    /// By what a service answered to an operation; nothing if it did not answer.
    pub fn of(error: &CallError) -> Option<Untold> {
        let CallError::Service(error) = error else { return None };
        let ServiceError { code, message, .. } = &**error;
        Some(match error.denied_action() {
            Some(action) => Untold::Denied(action),
            None if error.is_unknown_operation() => Untold::NotHere,
            None => Untold::Refused(format!("{code}: {message}")),
        })
    }
}

impl TaskLists {
    /// What waits on a list, and whether there may be more.
    pub(super) fn backlog(&self, list: &TaskListName) -> Option<(u32, bool)> {
        match self {
            TaskLists::Told { .. } => {
                self.told(list).map(|told| (told.backlog.count, told.backlog.truncated))
            }
            TaskLists::Counted { counts, .. } => {
                let found = counts.iter().find(|(name, _)| name == list);
                let count = found.and_then(|(_, count)| count.as_ref().ok())?;
                Some((count.count, count.truncated.unwrap_or(false)))
            }
        }
    }

    /// Why it is not known how much waits on a list.
    pub(super) fn uncounted(&self, list: &TaskListName) -> Option<&Untold> {
        match self {
            TaskLists::Told { .. } => None,
            TaskLists::Counted { counts, .. } => {
                let found = counts.iter().find(|(name, _)| name == list);
                found.and_then(|(_, count)| count.as_ref().err())
            }
        }
    }

    /// Why it is not known who polls.
    pub(super) fn untold(&self) -> Option<&Untold> {
        match self {
            TaskLists::Told { .. } => None,
            TaskLists::Counted { untold, .. } => Some(untold),
        }
    }

    /// Since when the server would remember who polled.
    pub(super) fn remembers_since(&self, now: Timestamp) -> Option<Timestamp> {
        self.since().map(|since| remembers_pollers_since(since, now))
    }

    /// Since when the server counts.
    pub(super) fn since(&self) -> Option<Timestamp> {
        match self {
            TaskLists::Told { since, .. } => Some(*since),
            TaskLists::Counted { .. } => None,
        }
    }

    /// Whether the server has looked for long enough to know who polls.
    pub(super) fn has_looked(&self, now: Timestamp) -> bool {
        self.since().is_some_and(|since| lately::has_looked(since, now))
    }

    /// All that the server says of a list.
    pub(super) fn told(&self, list: &TaskListName) -> Option<&TaskListDetail> {
        self.all().iter().find(|told| told.kind == list.kind && told.name == list.name)
    }

    fn all(&self) -> &[TaskListDetail] {
        match self {
            TaskLists::Told { lists, .. } => lists,
            TaskLists::Counted { .. } => &[],
        }
    }

    /// Whether somebody polls a list, as far as is known.
    pub fn is_polled(&self, list: &TaskListName, now: Timestamp) -> bool {
        self.told(list).is_some_and(|told| is_polled(told, now))
    }

    /// The polled list whose name is most like that of one that nobody polls: of the same kind, or
    /// of the same name and the other kind. Where many are alike, they are lists of one family, and
    /// that none of them is the one says nothing.
    pub(super) fn meant(&self, list: &TaskListName, now: Timestamp) -> Option<&TaskListDetail> {
        let polled = || self.all().iter().filter(|other| is_polled(other, now));
        let mut alike: Vec<(f64, &TaskListDetail)> = polled()
            .filter(|other| other.kind == list.kind && other.name != list.name)
            .filter_map(|other| Some((renamed(list.name.as_str(), other.name.as_str())?, other)))
            .collect();
        alike
            .sort_by(|(a, one), (b, other)| b.total_cmp(a).then_with(|| one.name.cmp(&other.name)));
        let first = alike.first().filter(|_| alike.len() < FAMILY).map(|(_, other)| *other);
        first.or_else(|| polled().find(|other| other.kind != list.kind && other.name == list.name))
    }
}

/// Who polls a list.
pub(super) fn poller_of(kind: TaskListKind) -> &'static str {
    match kind {
        TaskListKind::Decision => "decider",
        TaskListKind::Activity => "worker",
    }
}

/// What a list is polled for.
pub(super) fn task_of(kind: TaskListKind) -> &'static str {
    match kind {
        TaskListKind::Decision => "decision task",
        TaskListKind::Activity => "activity task",
    }
}

/// By what people know a poller.
pub(super) fn name_of(poller: &PollerDetail) -> String {
    let named = poller.identity.as_ref().filter(|identity| !identity.as_str().is_empty());
    match (named, &poller.address) {
        (Some(identity), Some(address)) => format!("{identity} ({address})"),
        (Some(identity), None) => identity.to_string(),
        (None, Some(address)) => format!("somebody at {address}"),
        (None, None) => "somebody without a name".to_owned(),
    }
}

/// Whether somebody polls a list, or was seen so lately that it may be at work.
pub(super) fn is_polled(told: &TaskListDetail, now: Timestamp) -> bool {
    0 < told.waiting_pollers || recent(told, now).next().is_some()
}

/// Who was seen lately.
pub(super) fn recent(told: &TaskListDetail, now: Timestamp) -> impl Iterator<Item = &PollerDetail> {
    told.pollers
        .iter()
        .filter(move |poller| 0 < poller.waiting || between(poller.last_seen_at, now) <= RECENT_MS)
}

/// The lists on which something of an execution waits: what has to be known of lists.
pub fn awaited(snapshot: &Snapshot<'_>) -> Vec<TaskListName> {
    if snapshot.closed_at().is_some() {
        return Vec::new();
    }
    let waiting = snapshot.timeline.open().filter(|group| group.outcome == Outcome::Waits);
    let lists = waiting.filter_map(|group| {
        let kind = match group.kind {
            Kind::Activity => TaskListKind::Activity,
            Kind::Decision => TaskListKind::Decision,
            Kind::Timer
            | Kind::Child
            | Kind::Signal
            | Kind::Marker
            | Kind::Lambda
            | Kind::CancelRequest
            | Kind::ExternalSignal
            | Kind::ExternalCancel
            | Kind::Refusal
            | Kind::Close => return None,
        };
        Some((kind, Name::from(group.task_list.as_deref()?)))
    });
    let lists: BTreeSet<(TaskListKind, Name)> = lists.collect();
    lists.into_iter().map(|(kind, name)| TaskListName { kind, name }).collect()
}

impl Facts<'_> {
    /// Whether the server tells who polls.
    pub(super) fn pollers_are_told(&self) -> bool {
        matches!(self.lists, TaskLists::Told { .. })
    }
}
