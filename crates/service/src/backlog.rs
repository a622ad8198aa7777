//! Which task lists of a domain have tasks that wait, and how many: read from the rows alone.
//!
//! The lists are found by skipping: a row says the name of its list, and the next look begins
//! behind that list's last possible row. What is counted is bounded as in counts of pending tasks.

use crate::keys;
use crate::listing::TASKS_COUNTED_MAX;
use engine::Scope;
use engine::rows::{TaskKind, TaskListKey};
use std::collections::BTreeMap;
use std::ops::Range;
use store::{Direction, ShardId, Store, StoreError};
use wire::{Backlog, DomainName, Name, TaskListKind, Timestamp};

/// A list of a domain, in the order in which lists are told.
pub type ListName = (TaskListKind, Name);

/// How many rows are read at a time when a count begins; most lists have fewer.
const ROWS_PER_SCAN: usize = 1_000;

/// How many keys in a row that do not decode are passed by in a shard.
const DAMAGED_KEYS_MAX: usize = 100;

/// The kind as the engine names it.
pub fn task_kind(kind: TaskListKind) -> TaskKind {
    match kind {
        TaskListKind::Decision => TaskKind::Decision,
        TaskListKind::Activity => TaskKind::Activity,
    }
}

/// The key of a list.
pub fn list_key(scope: &Scope, domain: &DomainName, (kind, name): &ListName) -> TaskListKey {
    let (scope, domain, name) = (scope.clone(), domain.clone(), name.clone());
    TaskListKey { kind: task_kind(*kind), scope, domain, name }
}

/// The lists of a domain that have rows, in order, each with the shards of its rows.
pub struct Lists<'s> {
    store: &'s dyn Store,
    scope: &'s Scope,
    domain: &'s DomainName,
    /// The next list of each shard that has any left.
    heads: BTreeMap<ListName, Vec<ShardId>>,
    /// What it took to find them.
    looks: Looks,
}

/// How much somebody has looked at in the store: rows, and scans that found none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looks(usize);

impl Looks {
    /// A scan has found so many rows.
    fn scanned(&mut self, rows: usize) {
        self.0 += rows.max(1);
    }

    /// All that it was.
    pub fn total(self) -> usize {
        self.0
    }
}

impl<'s> Lists<'s> {
    /// Those behind `after`, or all.
    pub fn new(
        store: &'s dyn Store,
        scope: &'s Scope,
        domain: &'s DomainName,
        after: Option<&ListName>,
    ) -> Result<Lists<'s>, StoreError> {
        let mut lists = Lists { store, scope, domain, heads: BTreeMap::new(), looks: Looks(0) };
        for shard in keys::shards() {
            lists.seek(shard, after)?;
        }
        Ok(lists)
    }

    /// The next list.
    pub fn peek(&self) -> Option<&ListName> {
        self.heads.first_key_value().map(|(name, _)| name)
    }

    /// What it has taken so far to find lists.
    pub fn looks(&self) -> Looks {
        self.looks
    }

    /// Takes the next list.
    pub fn next(&mut self) -> Result<Option<(ListName, Vec<ShardId>)>, StoreError> {
        let Some((name, shards)) = self.heads.pop_first() else { return Ok(None) };
        for shard in &shards {
            self.seek(*shard, Some(&name))?;
        }
        Ok(Some((name, shards)))
    }

    /// Finds the first list of a shard behind `after`.
    fn seek(&mut self, shard: ShardId, after: Option<&ListName>) -> Result<(), StoreError> {
        let first = after.map_or(TaskListKind::Decision, |(kind, _)| *kind);
        for kind in TaskListKind::ALL.iter().filter(|kind| **kind >= first) {
            let mut range = keys::task_lists(task_kind(*kind), self.scope, self.domain);
            if let Some(after) = after.filter(|(of, _)| of == kind) {
                range.start = keys::tasks(&list_key(self.scope, self.domain, after)).end;
            }
            if let Some(name) = self.first(shard, range)? {
                self.heads.entry((*kind, name)).or_default().push(shard);
                return Ok(());
            }
        }
        Ok(())
    }

    fn first(
        &mut self,
        shard: ShardId,
        mut range: Range<Vec<u8>>,
    ) -> Result<Option<Name>, StoreError> {
        for _ in 0..DAMAGED_KEYS_MAX {
            let scanned = range.start.as_slice()..range.end.as_slice();
            let rows = self.store.scan(shard, scanned, Direction::Ascending, 1)?;
            self.looks.scanned(rows.len());
            let Some((key, _)) = rows.first() else { return Ok(None) };
            if let Some(name) = keys::parse_task_list(key) {
                return Ok(Some(name));
            }
            tracing::error!(shard = shard.0, "a task's key does not decode");
            range.start = [key.as_slice(), &[0]].concat();
        }
        // What is behind them is found when they are repaired.
        Ok(None)
    }
}

/// Counts the tasks of a range in some shards, those included that are held back.
pub fn count(
    store: &dyn Store,
    shards: impl IntoIterator<Item = ShardId>,
    range: &Range<Vec<u8>>,
    looks: &mut Looks,
) -> Result<Backlog, StoreError> {
    let (mut read, mut oldest) = (0, None::<Timestamp>);
    for shard in shards {
        let mut start = range.start.clone();
        while read <= TASKS_COUNTED_MAX {
            let most = ROWS_PER_SCAN.min(TASKS_COUNTED_MAX + 1 - read);
            let scanned = start.as_slice()..range.end.as_slice();
            let rows = store.scan(shard, scanned, Direction::Ascending, most)?;
            looks.scanned(rows.len());
            read += rows.len();
            let tasks = rows.iter().filter_map(|(key, _)| keys::parse_task(key));
            oldest = oldest.into_iter().chain(tasks.map(|task| task.scheduled_at)).min();
            match rows.last() {
                Some((last, _)) if rows.len() == most => start = [last.as_slice(), &[0]].concat(),
                Some(_) | None => break,
            }
        }
    }
    let count = u32::try_from(read.min(TASKS_COUNTED_MAX)).unwrap_or(u32::MAX);
    let truncated = read > TASKS_COUNTED_MAX;
    Ok(Backlog { count, truncated, oldest_task_scheduled_at: oldest })
}

#[cfg(test)]
mod tests;
