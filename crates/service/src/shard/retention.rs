//! Closed executions go when their domain's retention period is over.
//!
//! First everything by which an execution is found goes, in one commit: its identity and its
//! entries in the lists. Then its history is deleted, a bounded number of rows with each step, so
//! that a long history never holds up requests; a row remembers which histories are left.

use super::{Shard, Staged};
use crate::keys::{self, Position};
use crate::values;
use engine::Scope;
use engine::rows::{Key, Listing};
use store::{Direction, StoreError};
use wire::{
    DomainName, EventId, RetentionPeriod, RunId, Timeout, Timestamp, WorkflowExecutionInfo,
};

/// How many rows of histories one step deletes at most.
pub const ROWS_DELETED_MAX: usize = 512;

/// How many executions one step looks at, of those of a domain that go, and of those whose histories
/// are left.
const RUNS_PER_STEP: usize = 32;

/// How long a shard waits at least before it looks for what goes next, in milliseconds: where
/// executions close all the time, they go in batches, too.
const PAUSE_MS: i64 = 1_000;

const DAY_SECONDS: u32 = 24 * 60 * 60;

/// When something has to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NextRemoval {
    /// Not known until the rows have been looked at.
    Unknown,
    /// Nothing waits for it.
    Never,
    /// Then.
    At(Timestamp),
}

impl NextRemoval {
    /// When to look; at once if that is not known.
    pub fn wake(self) -> Option<Timestamp> {
        match self {
            NextRemoval::Unknown => Some(Timestamp(i64::MIN)),
            NextRemoval::Never => None,
            NextRemoval::At(at) => Some(at),
        }
    }

    pub fn no_later_than(self, at: Timestamp) -> NextRemoval {
        match self {
            NextRemoval::Unknown => NextRemoval::Unknown,
            NextRemoval::Never => NextRemoval::At(at),
            NextRemoval::At(earlier) => NextRemoval::At(earlier.min(at)),
        }
    }
}

/// When an execution goes that closed at `closed_at`.
fn expiry(closed_at: Timestamp, retention: &RetentionPeriod) -> Timestamp {
    closed_at.after(Timeout::Seconds(retention.days() * DAY_SECONDS))
}

impl Shard {
    /// Follows a run that closes.
    pub(super) fn note_close(&mut self, scope: &Scope, domain: &DomainName, closed_at: Timestamp) {
        let registry = self.registry.read().expect("no writer panics");
        if let Ok(domain) = registry.domain(scope, domain) {
            let at = expiry(closed_at, &domain.record.retention);
            self.next_removal = self.next_removal.no_later_than(at);
        }
    }

    /// Removes what has to go by now, as far as one step may.
    pub(super) fn remove_expired(
        &mut self,
        staged: &mut Staged,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if self.next_removal.wake().is_none_or(|at| at > now) {
            return Ok(());
        }
        let mut room = ROWS_DELETED_MAX;
        let mut next = NextRemoval::Never;
        next = self.drop_abandoned(staged, now).into_iter().fold(next, NextRemoval::no_later_than);
        for run_id in self.left_over()? {
            self.delete_history(&run_id, &mut room, staged)?;
        }
        for (scope, domain, retention) in self.domains() {
            if room == 0 {
                break;
            }
            let first = self.remove_of(&scope, &domain, &retention, now, &mut room, staged)?;
            next = first.into_iter().fold(next, NextRemoval::no_later_than);
        }
        self.next_removal = if room == 0 { NextRemoval::At(now) } else { next };
        Ok(())
    }

    /// Removes executions of a domain, those that closed first; when to look for the next. An
    /// entry that does not decode stays, and holds up none of those behind it.
    fn remove_of(
        &mut self,
        scope: &Scope,
        domain: &DomainName,
        retention: &RetentionPeriod,
        now: Timestamp,
        room: &mut usize,
        staged: &mut Staged,
    ) -> Result<Option<Timestamp>, StoreError> {
        let (from, to) = (Timestamp(i64::MIN), Timestamp::MAX);
        let mut range = keys::listed(Listing::ClosedByClose, scope, domain, from, to);
        let mut removed = 0;
        // Most domains have nothing to remove, and one key tells.
        let mut rows_max = 1;
        loop {
            let scanned = range.start.as_slice()..range.end.as_slice();
            let rows = self.store.scan(self.id, scanned, Direction::Ascending, rows_max)?;
            for (key, bytes) in &rows {
                let Some(place) = keys::parse_listed(key) else {
                    tracing::error!(shard = self.id.0, "the key of a closed run does not decode");
                    continue;
                };
                let expires = expiry(place.at, retention);
                if expires > now {
                    let pause = Timestamp(now.0.saturating_add(PAUSE_MS));
                    return Ok(Some(if removed > 0 { now } else { expires.max(pause) }));
                }
                let info = values::parse_json::<WorkflowExecutionInfo>(bytes);
                let started_at = match info {
                    Ok(info) => info.start_timestamp,
                    Err(damage) => {
                        let run_id = &place.run_id;
                        tracing::error!(%run_id, %damage, "an expired run stays: it is damaged");
                        continue;
                    }
                };
                self.hide(scope, domain, &place, started_at, staged);
                self.delete_history(&place.run_id, room, staged)?;
                removed += 1;
            }
            let last = rows.last().filter(|_| rows.len() == rows_max);
            let Some((last, _)) = last.filter(|_| removed < RUNS_PER_STEP) else {
                // There may be more than were looked at.
                return Ok((removed > 0).then_some(now));
            };
            range.start = [last.as_slice(), &[0]].concat();
            rows_max = RUNS_PER_STEP;
        }
    }

    /// Deletes all by which a run is found.
    fn hide(
        &mut self,
        scope: &Scope,
        domain: &DomainName,
        place: &Position,
        started_at: Timestamp,
        staged: &mut Staged,
    ) {
        let run_id = &place.run_id;
        self.cache.remove(run_id);
        // Should its history not be read in this step, a later one finds it.
        staged.batch.put(keys::left_over(run_id), values::json(run_id));
        staged.batch.delete(keys::row(&Key::Run(run_id.clone())));
        let by_start = Position { at: started_at, ..place.clone() };
        staged.batch.delete(by_start.key(Listing::ClosedByStart, scope, domain));
        staged.batch.delete(place.key(Listing::ClosedByClose, scope, domain));
    }

    /// Deletes as much of a hidden run's history as there is room for; with the last of it goes
    /// the row that remembers it.
    fn delete_history(
        &mut self,
        run_id: &RunId,
        room: &mut usize,
        staged: &mut Staged,
    ) -> Result<(), StoreError> {
        let all = (keys::history(run_id, EventId(0)), keys::history(run_id, EventId(u64::MAX)));
        let range = all.0.as_slice()..all.1.as_slice();
        let rows = self.store.scan(self.id, range, Direction::Ascending, *room + 1)?;
        let whole = rows.len() <= *room;
        for (key, _) in rows.into_iter().take(*room) {
            staged.batch.delete(key);
            *room -= 1;
        }
        if whole {
            staged.batch.delete(keys::snapshot(run_id));
            staged.batch.delete(keys::left_over(run_id));
        }
        Ok(())
    }

    /// Hidden runs whose histories are not yet deleted.
    fn left_over(&self) -> Result<Vec<RunId>, StoreError> {
        let mut all = keys::left_over_all();
        loop {
            let range = all.start.as_slice()..all.end.as_slice();
            let rows = self.store.scan(self.id, range, Direction::Ascending, RUNS_PER_STEP)?;
            let run_ids: Vec<RunId> =
                rows.iter().filter_map(|(key, _)| keys::parse_left_over(key)).collect();
            if run_ids.len() < rows.len() {
                tracing::error!(shard = self.id.0, "the key of a run that expired does not decode");
            }
            match rows.last() {
                Some((last, _)) if run_ids.is_empty() => all.start = [last, &[0][..]].concat(),
                Some(_) | None => return Ok(run_ids),
            }
        }
    }

    fn domains(&self) -> Vec<(Scope, DomainName, RetentionPeriod)> {
        let registry = self.registry.read().expect("no writer panics");
        let all = registry.all_domains();
        all.map(|(scope, domain)| {
            (scope.clone(), domain.record.name.clone(), domain.record.retention.clone())
        })
        .collect()
    }
}
