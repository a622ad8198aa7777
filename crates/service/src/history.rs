//! Pages of a history, put together from stored bytes.

use crate::values::{Damage, LoadError};
use crate::{keys, values};
use std::ops::RangeInclusive;
use store::{Direction, ShardId, Store, StoreError};
use wire::{EventId, RunId};

/// Stands for the end of a history that still grows.
pub const END: EventId = EventId(u64::MAX - 1);

/// How many events a page holds unless the caller wants fewer.
pub const PAGE_EVENTS_MAX: usize = 1000;

/// A page ends after the event that makes it larger than this, in bytes.
pub const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How many stored transitions are read at first, and at most, at a time: a page may want few
/// events, and a transition may hold a megabyte.
const TRANSITIONS_PER_SCAN: std::ops::RangeInclusive<usize> = 4..=64;

/// A part of a history.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    /// A JSON array of events.
    pub events: Vec<u8>,
    /// The first event that is not in it, if there is one.
    pub next: Option<EventId>,
}

/// Reads events of `range`, in order or against it, at most `events_max` of them. Empty if the
/// run has none there, as one that does not exist.
pub fn page(
    store: &dyn Store,
    shard: ShardId,
    run_id: &RunId,
    range: RangeInclusive<EventId>,
    direction: Direction,
    events_max: usize,
) -> Result<Page, StoreError> {
    let (first, last) = (*range.start(), *range.end());
    let mut page = Page { events: vec![b'['], next: None };
    let mut count = 0;
    // A transition's row is named by its first event, so the one that holds `first` may begin
    // before it.
    let mut from = match containing(store, shard, run_id, first)? {
        Some((key, _)) => key,
        None => keys::history(run_id, first),
    };
    let mut to = keys::history(run_id, last.next());
    let mut rows_max = *TRANSITIONS_PER_SCAN.start();
    'rows: loop {
        let scanned = from.as_slice()..to.as_slice();
        let rows = store.scan(shard, scanned, direction, rows_max)?;
        let Some((last_key, _)) = rows.last() else { break };
        let last_key = last_key.clone();
        for (key, bytes) in &rows {
            let first_of_row = keys::history_first(key)
                .ok_or_else(|| StoreError("a key of a history does not decode".to_owned()))?;
            let jsons = values::event_jsons(bytes)?;
            let ids = (first_of_row.0..).map(EventId);
            let mut events: Vec<(EventId, &[u8])> = ids.zip(jsons).collect();
            if direction == Direction::Descending {
                events.reverse();
            }
            for (event_id, json) in events.into_iter().filter(|(id, _)| range.contains(id)) {
                if count == events_max || page.events.len() > PAGE_BYTES_MAX {
                    page.next = Some(event_id);
                    break 'rows;
                }
                if count > 0 {
                    page.events.push(b',');
                }
                page.events.extend(json);
                count += 1;
            }
        }
        if rows.len() < rows_max {
            break;
        }
        rows_max = (2 * rows_max).min(*TRANSITIONS_PER_SCAN.end());
        match direction {
            Direction::Ascending => from = [last_key, vec![0]].concat(), // The smallest key after.
            Direction::Descending => to = last_key,
        }
    }
    page.events.push(b']');
    Ok(page)
}

/// One event.
pub fn event(
    store: &dyn Store,
    shard: ShardId,
    run_id: &RunId,
    event_id: EventId,
) -> Result<wire::Event, LoadError> {
    let missing = || Damage(format!("event {event_id} of run {run_id} is missing"));
    let (key, bytes) = containing(store, shard, run_id, event_id)?.ok_or_else(missing)?;
    Ok(values::event_at(&bytes, keys::history_first(&key).ok_or_else(missing)?, event_id)?)
}

/// The stored transition that begins with `event_id` or else last before it.
fn containing(
    store: &dyn Store,
    shard: ShardId,
    run_id: &RunId,
    event_id: EventId,
) -> Result<Option<store::Entry>, StoreError> {
    let (from, to) = (keys::history(run_id, EventId(0)), keys::history(run_id, event_id.next()));
    let rows = store.scan(shard, from.as_slice()..to.as_slice(), Direction::Descending, 1)?;
    Ok(rows.into_iter().next())
}

#[cfg(test)]
mod tests;
