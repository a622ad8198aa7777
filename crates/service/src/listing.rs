//! Lists and counts of executions, merged from all shards.
//!
//! A page reads rows in the listing's order from every shard at once, a chunk at a time, and stops
//! when it is full or has looked at [`ROWS_EXAMINED_MAX`] rows: with a filter that matches little,
//! a page may be short or empty and still not be the last.

use crate::keys::{self, Position};
use crate::values;
use engine::Scope;
use engine::rows::Listing;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use store::{Direction, ShardId, Store, StoreError};
use wire::*;

/// How many executions a page holds unless the caller wants fewer.
pub const PAGE_EXECUTIONS_MAX: usize = 1000;

/// How many rows one page, or one count, looks at.
pub const ROWS_EXAMINED_MAX: usize = 50_000;

/// How many tasks a count of pending tasks counts.
pub const TASKS_COUNTED_MAX: usize = 10_000;

/// How many rows of one shard are read at a time, at least and at most.
const CHUNK_ROWS: std::ops::RangeInclusive<usize> = 16..=256;

/// Which executions.
#[derive(Clone, Debug)]
pub struct Query {
    /// In which list.
    pub listing: Listing,
    /// Account and region.
    pub scope: Scope,
    /// Domain.
    pub domain: DomainName,
    /// Between these, both included.
    pub times: ExecutionTimeFilter,
    /// Newest first, unless reversed.
    pub direction: Direction,
    /// Only those.
    pub filter: Option<Filter>,
}

/// Which executions of a list.
#[derive(Clone, Debug)]
pub enum Filter {
    /// All runs of a workflow id.
    Workflow(WorkflowId),
    /// Those of a type; without a version, of all its versions.
    Type(WorkflowTypeFilter),
    /// Those with a tag.
    Tag(Tag),
    /// Those that ended so.
    CloseStatus(CloseStatus),
}

impl Filter {
    /// The one filter that a request gives; more than one have been refused.
    pub fn of(
        execution: Option<WorkflowExecutionFilter>,
        type_: Option<WorkflowTypeFilter>,
        tag: Option<TagFilter>,
        close_status: Option<CloseStatusFilter>,
    ) -> Option<Filter> {
        execution
            .map(|filter| Filter::Workflow(filter.workflow_id))
            .or(type_.map(Filter::Type))
            .or(tag.map(|filter| Filter::Tag(filter.tag)))
            .or(close_status.map(|filter| Filter::CloseStatus(filter.status)))
    }

    fn matches(&self, info: &WorkflowExecutionInfo) -> bool {
        match self {
            Filter::Workflow(workflow_id) => info.execution.workflow_id == *workflow_id,
            Filter::Type(wanted) => {
                let WorkflowType { name, version } = &info.workflow_type;
                *name == wanted.name && wanted.version.as_ref().is_none_or(|v| v == version)
            }
            Filter::Tag(tag) => info.tag_list.as_ref().is_some_and(|tags| tags.contains(tag)),
            Filter::CloseStatus(status) => info.close_status == Some(*status),
        }
    }
}

/// A part of a list.
#[derive(Debug)]
pub struct Page {
    /// The executions.
    pub infos: Vec<WorkflowExecutionInfo>,
    /// The last one looked at, if there is more.
    pub next_after: Option<Position>,
}

/// Reads a page of executions, after `after` if that is given.
pub fn page(
    store: &dyn Store,
    query: &Query,
    after: Option<&Position>,
    executions_max: usize,
) -> Result<Page, StoreError> {
    let mut merge = Merge::new(store, query, after, executions_max)?;
    let mut infos = Vec::new();
    let mut last = None;
    let mut examined = 0;
    while let Some((position, info)) = merge.next()? {
        if infos.len() == executions_max || examined == ROWS_EXAMINED_MAX {
            return Ok(Page { infos, next_after: last });
        }
        examined += 1;
        infos.extend(query.matching(info));
        last = Some(position);
    }
    Ok(Page { infos, next_after: None })
}

/// Counts executions; true if there are more than were looked at.
pub fn count(store: &dyn Store, query: &Query) -> Result<(u32, bool), StoreError> {
    let mut merge = Merge::new(store, query, None, ROWS_EXAMINED_MAX)?;
    let mut count = 0;
    for _examined in 0..ROWS_EXAMINED_MAX {
        match merge.next()? {
            Some((_, info)) => count += u32::from(query.matching(info).is_some()),
            None => return Ok((count, false)),
        }
    }
    Ok((count, merge.next()?.is_some()))
}

/// Counts the tasks that wait on a list, those included that are held back (engine.md, section 13,
/// row 20); true if there are more than were counted.
pub fn count_tasks(
    store: &dyn Store,
    list: &engine::rows::TaskListKey,
) -> Result<(u32, bool), StoreError> {
    let range = keys::tasks(list);
    let mut count = 0;
    for shard in keys::shards() {
        let range = range.start.as_slice()..range.end.as_slice();
        let room = TASKS_COUNTED_MAX + 1 - count;
        count += store.scan(shard, range, Direction::Ascending, room)?.len();
    }
    let shown = u32::try_from(count.min(TASKS_COUNTED_MAX)).unwrap_or(u32::MAX);
    Ok((shown, count > TASKS_COUNTED_MAX))
}

impl Query {
    fn matching(&self, info: WorkflowExecutionInfo) -> Option<WorkflowExecutionInfo> {
        self.filter.as_ref().is_none_or(|filter| filter.matches(&info)).then_some(info)
    }

    /// The shards that can hold a match: one, if the workflow id is known.
    fn shards(&self) -> Vec<ShardId> {
        match &self.filter {
            Some(Filter::Workflow(workflow_id)) => {
                vec![keys::shard_of(&engine::rows::WorkflowKey {
                    scope: self.scope.clone(),
                    domain: self.domain.clone(),
                    workflow_id: workflow_id.clone(),
                })]
            }
            Some(Filter::Type(_) | Filter::Tag(_) | Filter::CloseStatus(_)) | None => {
                keys::shards().collect()
            }
        }
    }
}

/// The rows of every shard as one ordered sequence.
struct Merge<'q> {
    store: &'q dyn Store,
    direction: Direction,
    chunk_rows: usize,
    cursors: Vec<Cursor>,
    /// The first row of each cursor that has any left, by its place in the sequence.
    heads: BTreeMap<Position, usize>,
}

/// What is left of one shard.
struct Cursor {
    shard: ShardId,
    range: Range<Vec<u8>>,
    rows: VecDeque<(Position, Vec<u8>)>,
    exhausted: bool,
}

impl<'q> Merge<'q> {
    fn new(
        store: &'q dyn Store,
        query: &Query,
        after: Option<&Position>,
        wanted: usize,
    ) -> Result<Merge<'q>, StoreError> {
        let Query { listing, scope, domain, times, direction, .. } = query;
        let latest = times.latest_date.unwrap_or(Timestamp::MAX);
        let mut range = keys::listed(*listing, scope, domain, times.oldest_date, latest);
        if let Some(after) = after {
            let key = after.key(*listing, scope, domain);
            match direction {
                Direction::Ascending => range.start = [key, vec![0]].concat(),
                Direction::Descending => range.end = key,
            }
        }
        let cursor = |shard| {
            let exhausted = range.start >= range.end;
            Cursor { shard, range: range.clone(), rows: VecDeque::new(), exhausted }
        };
        let cursors: Vec<Cursor> = query.shards().into_iter().map(cursor).collect();
        // Two chunks of every shard fill a page when the shards are evenly filled.
        let chunk_rows =
            (wanted / (2 * cursors.len().max(1))).clamp(*CHUNK_ROWS.start(), *CHUNK_ROWS.end());
        let direction = *direction;
        let mut merge = Merge { store, direction, chunk_rows, cursors, heads: BTreeMap::new() };
        for index in 0..merge.cursors.len() {
            merge.show_head(index)?;
        }
        Ok(merge)
    }

    fn next(&mut self) -> Result<Option<(Position, WorkflowExecutionInfo)>, StoreError> {
        let first = match self.direction {
            Direction::Ascending => self.heads.pop_first(),
            Direction::Descending => self.heads.pop_last(),
        };
        let Some((position, index)) = first else { return Ok(None) };
        let (_, bytes) = self.cursors[index].rows.pop_front().expect("a head has a row");
        self.show_head(index)?;
        Ok(Some((position, values::parse_json(&bytes)?)))
    }

    fn show_head(&mut self, index: usize) -> Result<(), StoreError> {
        let cursor = &mut self.cursors[index];
        cursor.fill(self.store, self.direction, self.chunk_rows)?;
        if let Some((position, _)) = cursor.rows.front() {
            self.heads.insert(position.clone(), index);
        }
        Ok(())
    }
}

impl Cursor {
    fn fill(
        &mut self,
        store: &dyn Store,
        direction: Direction,
        rows_max: usize,
    ) -> Result<(), StoreError> {
        if self.exhausted || !self.rows.is_empty() {
            return Ok(());
        }
        let range = self.range.start.as_slice()..self.range.end.as_slice();
        let rows = store.scan(self.shard, range, direction, rows_max)?;
        self.exhausted = rows.len() < rows_max;
        if let Some((last, _)) = rows.last() {
            match direction {
                Direction::Ascending => self.range.start = [last.as_slice(), &[0]].concat(),
                Direction::Descending => self.range.end = last.clone(),
            }
        }
        for (key, bytes) in rows {
            let position = keys::parse_listed(&key)
                .ok_or_else(|| StoreError("a key of a listing does not decode".to_owned()))?;
            self.rows.push_back((position, bytes));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
