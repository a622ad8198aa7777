//! The near head of a shard's wake-ups; all of them are rows of the store.

use crate::keys;
use engine::rows::{Change, Key};
use std::collections::BTreeSet;
use store::{Direction, ShardId, Store, StoreError};
use wire::{RunId, Timestamp};

/// How many wake-ups of a shard are in memory at most.
pub const WAKES_MAX: usize = 1024;

type Wake = (Timestamp, RunId);

/// Invariant: every wake-up within `known` is in `near`, and no other.
#[derive(Debug)]
pub struct Wakes {
    near: BTreeSet<Wake>,
    known: Known,
}

/// How far memory mirrors the rows.
#[derive(Debug, PartialEq, Eq)]
enum Known {
    Nothing,
    UpTo(Wake),
    Everything,
}

impl Wakes {
    /// Knows of no wake-up yet.
    pub fn new() -> Wakes {
        Wakes { near: BTreeSet::new(), known: Known::Nothing }
    }

    /// Reads the head from the store if memory is empty and may lack something.
    pub fn refill(&mut self, store: &dyn Store, shard: ShardId) -> Result<(), StoreError> {
        if !self.is_unknown() {
            return Ok(());
        }
        let range = keys::wakes();
        let rows = store.scan(shard, &range.start..&range.end, Direction::Ascending, WAKES_MAX)?;
        self.near = rows.iter().filter_map(|(key, _)| keys::parse_wake(key)).collect();
        self.known = match self.near.last() {
            Some(last) if rows.len() == WAKES_MAX => Known::UpTo(last.clone()),
            Some(_) | None => Known::Everything,
        };
        Ok(())
    }

    /// True if memory is empty and may lack something.
    pub fn is_unknown(&self) -> bool {
        self.near.is_empty() && self.known != Known::Everything
    }

    fn covers(&self, wake: &Wake) -> bool {
        match &self.known {
            Known::Nothing => false,
            Known::UpTo(last) => wake <= last,
            Known::Everything => true,
        }
    }

    /// Follows what is being written.
    pub fn follow(&mut self, change: &Change) {
        let (wake, there) = match change {
            Change::Put(Key::Wake(at, run_id), _) => ((*at, run_id.clone()), true),
            Change::Delete(Key::Wake(at, run_id)) => ((*at, run_id.clone()), false),
            Change::Put(..) | Change::Delete(_) => return,
        };
        if there {
            self.put(wake);
        } else {
            self.near.remove(&wake);
        }
    }

    /// Adds a wake-up to memory, if it is within what memory mirrors.
    pub fn put(&mut self, wake: Wake) {
        if !self.covers(&wake) {
            return;
        }
        self.near.insert(wake);
        if self.near.len() > WAKES_MAX {
            self.near.pop_last();
            self.known = self.near.last().cloned().map_or(Known::Nothing, Known::UpTo);
        }
    }

    /// Takes the first wake-up that is due.
    pub fn pop_due(&mut self, now: Timestamp) -> Option<RunId> {
        self.near.first().filter(|(at, _)| *at <= now)?;
        self.near.pop_first().map(|(_, run_id)| run_id)
    }

    /// When to look again: the first wake-up, or at once if memory may lack some.
    pub fn next(&self) -> Option<Timestamp> {
        if self.is_unknown() {
            return Some(Timestamp(i64::MIN));
        }
        self.near.first().map(|(at, _)| *at)
    }

    /// Forgets everything: the next refill reads the store.
    pub fn clear(&mut self) {
        *self = Wakes::new();
    }
}

#[cfg(test)]
mod tests;
