//! What is known of the task lists of a domain: what waits on them, and who polls.
//!
//! Tidewheel tells it by DescribeTaskLists. SWF does not tell who polls; there, only the count of
//! what waits is known.

use super::{Facts, Snapshot};
use crate::likeness::likeness;
use crate::timeline::length::between;
use crate::timeline::{Kind, Outcome};
use std::collections::BTreeSet;
use wire::Timestamp;
use wire::{Name, PendingTaskCount, PollerDetail, TaskListDetail, TaskListKind, TaskListName};

/// How alike the names of two lists have to be, so that one may have been meant by the other.
const LIKENESS_MIN: f64 = 0.6;
/// Whoever polled within this time may be at work, and come back: a poll is held for a minute, and
/// after that a poller is away as long as its task takes.
const RECENT_MS: i64 = 5 * 60 * 1000;

/// What is known of lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskLists {
    /// The server tells who polls: of the lists that were asked for, and of the others of the domain
    /// that anybody polls.
    Told {
        /// Since when it remembers who polls.
        since: Timestamp,
        /// The lists.
        lists: Vec<TaskListDetail>,
    },
    /// It tells only how much waits, as SWF does; of a list of which it did not tell that, nothing
    /// is known.
    Counted(Vec<(TaskListName, PendingTaskCount)>),
}

impl TaskLists {
    /// What waits on a list, and whether there may be more.
    pub(super) fn backlog(&self, list: &TaskListName) -> Option<(u32, bool)> {
        match self {
            TaskLists::Told { .. } => {
                self.told(list).map(|told| (told.backlog.count, told.backlog.truncated))
            }
            TaskLists::Counted(counts) => {
                let found = counts.iter().find(|(name, _)| name == list);
                found.map(|(_, count)| (count.count, count.truncated.unwrap_or(false)))
            }
        }
    }

    /// All that the server says of a list.
    pub(super) fn told(&self, list: &TaskListName) -> Option<&TaskListDetail> {
        self.all().iter().find(|told| told.kind == list.kind && told.name == list.name)
    }

    fn all(&self) -> &[TaskListDetail] {
        match self {
            TaskLists::Told { lists, .. } => lists,
            TaskLists::Counted(_) => &[],
        }
    }

    /// Whether somebody polls a list, as far as is known.
    pub fn is_polled(&self, list: &TaskListName, now: Timestamp) -> bool {
        self.told(list).is_some_and(|told| is_polled(told, now))
    }

    /// The polled list whose name is most like that of one that nobody polls: of the same kind, or
    /// of the same name and the other kind.
    pub(super) fn meant(&self, list: &TaskListName, now: Timestamp) -> Option<&TaskListDetail> {
        let polled = || self.all().iter().filter(|other| is_polled(other, now));
        let alike = polled()
            .filter(|other| other.kind == list.kind && other.name != list.name)
            .map(|other| (alike(list.name.as_str(), other.name.as_str()), other))
            .filter(|(likeness, _)| LIKENESS_MIN <= *likeness)
            .max_by(|(a, one), (b, other)| a.total_cmp(b).then_with(|| other.name.cmp(&one.name)))
            .map(|(_, other)| other);
        alike.or_else(|| polled().find(|other| other.kind != list.kind && other.name == list.name))
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

/// How alike two names of lists are. One that is the other with something added to it is much like
/// it, however much that is.
fn alike(name: &str, other: &str) -> f64 {
    let (name, other) = (name.to_lowercase(), other.to_lowercase());
    let is_part = !name.is_empty() && !other.is_empty();
    let is_part = is_part && (name.starts_with(&other) || other.starts_with(&name));
    if is_part { likeness(&name, &other).max(LIKENESS_MIN) } else { likeness(&name, &other) }
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
