//! Verifies that what is stored agrees with the histories, and repairs what does not.
//!
//! It works over the contract of a store alone, shard by shard and run by run, and holds a bounded
//! number of rows and executions at a time, however many there are. A repair puts what follows from
//! a history and deletes what follows from none, in batches each of which leaves the store better
//! than before, so one that is interrupted is simply run again. Histories are never changed.
//!
//! Nobody else may write to the store meanwhile.

mod counts;
mod finding;
mod fold;
mod identities;
mod lanes;
mod links;
mod mender;
mod registry;
mod run;
mod shard;
mod witness;

use crate::keys;
pub use crate::keys::Table;
pub use finding::{Finding, HistoryFault, Shown, What, WhoseRun};
use mender::Mender;
use shard::ShardCheck;
use std::ops::Range;
use store::{CommitError, Direction, Entry, ShardId, Store, StoreError};
use wire::Timestamp;

/// What becomes of what is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode<'o> {
    /// It is reported. Nothing is written.
    Look,
    /// What follows from histories is put right, by this owner.
    Repair(&'o str),
}

/// What a check has looked at, and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Shards that hold rows, those of the registry and of the identities included: as many as a
    /// backup of the same has. All are looked at.
    pub shards: u64,
    /// Runs with a history.
    pub runs: u64,
    /// Events of the runs whose histories are whole.
    pub events: u64,
    /// Rows.
    pub rows: u64,
    /// What does not agree.
    pub findings: u64,
    /// How much of that has been put right.
    pub repaired: u64,
}

impl Report {
    /// True if everything agrees by now.
    pub fn agrees(&self) -> bool {
        self.findings == self.repaired
    }
}

/// Why a check did not come to its end.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum CheckError {
    /// The store could not be read, or not be claimed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A repair could not be committed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// Checks all of `store` as of `now`, and hands what it finds to `tell`, one by one. What it says
/// to have repaired is on disk when it returns without an error.
pub fn check(
    store: &dyn Store,
    now: Timestamp,
    mode: Mode<'_>,
    tell: &mut dyn FnMut(Finding),
) -> Result<Report, CheckError> {
    let owner = match mode {
        Mode::Look => None,
        Mode::Repair(owner) => Some(owner),
    };
    let mut audit = Audit { store, now, tell, report: Report::default() };
    // Those of the receivers before the messages, whose numbers begin where they end.
    for shard in keys::shards() {
        lanes::check_watermarks(&mut audit, &mut Mender::new(store, shard, owner))?;
    }
    for shard in keys::shards() {
        audit.count_shard(shard)?;
        ShardCheck::new(&mut audit, Mender::new(store, shard, owner)).run()?;
        lanes::check(&mut audit, &mut Mender::new(store, shard, owner))?;
    }
    audit.count_shard(keys::REGISTRY_SHARD)?;
    registry::check(&mut audit, &Mender::new(store, keys::REGISTRY_SHARD, owner))?;
    audit.count_shard(keys::IDENTITY_SHARD)?;
    identities::check(&mut audit, &Mender::new(store, keys::IDENTITY_SHARD, owner))?;
    Ok(audit.report)
}

/// A check under way.
struct Audit<'s> {
    store: &'s dyn Store,
    now: Timestamp,
    tell: &'s mut dyn FnMut(Finding),
    report: Report,
}

impl Audit<'_> {
    /// Counts a shard that holds rows, as it is before a repair.
    fn count_shard(&mut self, shard: ShardId) -> Result<(), StoreError> {
        for range in Table::gaps(&[]) {
            let row = self.end(shard, &range, Direction::Ascending)?;
            self.report.shards += u64::from(row.is_some());
        }
        Ok(())
    }

    fn found(
        &mut self,
        mender: &Mender<'_>,
        run: Option<WhoseRun>,
        table: Option<Table>,
        what: What,
        repairable: bool,
    ) {
        let repaired = repairable && mender.repairs();
        self.report.findings += 1;
        self.report.repaired += u64::from(repaired);
        (self.tell)(Finding { shard: mender.shard, run, table, what, repaired });
    }

    /// The first entry of a range of some shard, or the last.
    fn end(
        &self,
        shard: ShardId,
        range: &Range<Vec<u8>>,
        direction: Direction,
    ) -> Result<Option<Entry>, StoreError> {
        Mender::new(self.store, shard, None).end(range, direction)
    }

    /// Reports keys of no table. They may be a later build's, so they stay.
    fn unknown_keys(&mut self, mender: &Mender<'_>, tables: &[Table]) -> Result<(), CheckError> {
        for mut gap in Table::gaps(tables) {
            loop {
                let rows = mender.next(&mut gap)?;
                if rows.is_empty() {
                    break;
                }
                for (key, _) in rows {
                    self.report.rows += 1;
                    let what = What::UnknownKey { key: Shown::bytes(&key) };
                    self.found(mender, None, None, what, false);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
