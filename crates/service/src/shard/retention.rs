//! Closed executions go when their domain's retention period is over.
//!
//! First everything by which an execution is found goes, in one commit: its identity and its
//! entries in the lists. Then its history is deleted, a bounded number of rows with each step, so
//! that a long history never holds up requests; a row remembers which histories are left.

use super::{Shard, Staged};
use crate::keys;
use engine::Scope;
use engine::rows::{Key, Listing, ListingKey};
use store::{Direction, StoreError};
use wire::{
    DomainName, EventId, RetentionPeriod, RunId, Timeout, Timestamp, WorkflowExecutionInfo,
};

/// How many rows of histories one step deletes at most.
pub const ROWS_DELETED_MAX: usize = 512;

/// How many executions are looked at at a time, of those that go.
const RUNS_PER_SCAN: usize = 32;

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

    fn no_later_than(self, at: Timestamp) -> NextRemoval {
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
        for run_id in self.left_over()? {
            self.delete_history(&run_id, &mut room, staged)?;
        }
        for (scope, domain, retention) in self.domains() {
            if room == 0 {
                break;
            }
            // Most domains have nothing to remove, and one key tells.
            let Some(first) = self.first_close(&scope, &domain)? else { continue };
            if expiry(first, &retention) > now {
                let pause = Timestamp(now.0.saturating_add(PAUSE_MS));
                next = next.no_later_than(expiry(first, &retention).max(pause));
                continue;
            }
            for info in self.closed(&scope, &domain)? {
                let closed_at = info.close_timestamp.expect("a closed run has closed");
                if expiry(closed_at, &retention) > now {
                    break;
                }
                self.hide(&scope, &domain, &info, closed_at, staged);
                self.delete_history(&info.execution.run_id, &mut room, staged)?;
                // There may be more than were looked at.
                next = next.no_later_than(now);
            }
        }
        self.next_removal = if room == 0 { NextRemoval::At(now) } else { next };
        Ok(())
    }

    /// Deletes all by which a run is found.
    fn hide(
        &mut self,
        scope: &Scope,
        domain: &DomainName,
        info: &WorkflowExecutionInfo,
        closed_at: Timestamp,
        staged: &mut Staged,
    ) {
        let run_id = &info.execution.run_id;
        self.cache.remove(run_id);
        // Should its history not be read in this step, a later one finds it.
        staged.batch.put(keys::left_over(run_id), crate::values::json(run_id));
        staged.batch.delete(keys::row(&Key::Run(run_id.clone())));
        for (listing, at) in
            [(Listing::ClosedByStart, info.start_timestamp), (Listing::ClosedByClose, closed_at)]
        {
            let key = ListingKey {
                scope: scope.clone(),
                domain: domain.clone(),
                at,
                workflow_id: info.execution.workflow_id.clone(),
                run_id: run_id.clone(),
            };
            staged.batch.delete(keys::row(&Key::Listed(listing, key)));
        }
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
        let all = keys::left_over_all();
        let range = all.start.as_slice()..all.end.as_slice();
        let rows = self.store.scan(self.id, range, Direction::Ascending, RUNS_PER_SCAN)?;
        rows.iter().map(|(_, bytes)| Ok(crate::values::parse_json(bytes)?)).collect()
    }

    fn domains(&self) -> Vec<(Scope, DomainName, RetentionPeriod)> {
        let registry = self.registry.read().expect("no writer panics");
        let all = registry.all_domains();
        all.map(|(scope, domain)| {
            (scope.clone(), domain.record.name.clone(), domain.record.retention.clone())
        })
        .collect()
    }

    /// When the first of a domain's closed executions closed.
    fn first_close(
        &self,
        scope: &Scope,
        domain: &DomainName,
    ) -> Result<Option<Timestamp>, StoreError> {
        let (from, to) = (Timestamp(i64::MIN), Timestamp::MAX);
        let range = keys::listed(Listing::ClosedByClose, scope, domain, from, to);
        let range = range.start.as_slice()..range.end.as_slice();
        let rows = self.store.scan(self.id, range, Direction::Ascending, 1)?;
        let first = rows.first().and_then(|(key, _)| keys::parse_listed(key));
        Ok(first.map(|position| position.at))
    }

    /// The executions of a domain that closed first.
    fn closed(
        &self,
        scope: &Scope,
        domain: &DomainName,
    ) -> Result<Vec<WorkflowExecutionInfo>, StoreError> {
        let (from, to) = (Timestamp(i64::MIN), Timestamp::MAX);
        let range = keys::listed(Listing::ClosedByClose, scope, domain, from, to);
        let range = range.start.as_slice()..range.end.as_slice();
        let rows = self.store.scan(self.id, range, Direction::Ascending, RUNS_PER_SCAN)?;
        rows.iter().map(|(_, bytes)| Ok(crate::values::parse_json(bytes)?)).collect()
    }
}
