//! The reclaimer: the one thread that gives room back to the file system.
//!
//! A deletion is a row more to the engine: what it hides stays on disk until a compaction meets
//! both, and an engine that idles compacts nothing. So when enough rows have been removed, the
//! memtable is flushed, which frees journals, and all tables are merged once.
//!
//! Invariants: runs beside the committer, never within a commit, and writes no row but the mark;
//! sleeps until it is told of removals; begins only with room for a second copy of all tables, so
//! that it is not what fills the disk, and only if the merge is short or nobody may commit anyway.
//! Knows nothing of what was removed.

use super::committer::{Poison, Room};
use super::published::Published;
use super::{store_error, write_mark};
use crate::contract::StoreError;
use fjall::{AbstractTree, Database, Keyspace};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// Removed rows that are worth a merge of all tables, if they are many enough among the stored.
const REMOVED_ROWS_MIN: u64 = 128;
/// One in so many of all rows must have been removed, so that a large store is not rewritten for
/// little.
const ROWS_FOR_ONE_REMOVED: u64 = 8;
/// The same while room is short.
const ROWS_FOR_ONE_REMOVED_IF_FULL: u64 = 64;
/// The largest tables that are merged while commits go on, in bytes. The engine compacts nothing
/// else meanwhile, and stops writes when 30 new tables have piled up: a merge has to end long before
/// that. Larger stores are left to the engine's own compactions, which their load keeps going.
const TABLES_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// How long a flush may take, in seconds; one that takes longer means that the engine's threads are
/// dead, which the next commit will find.
const FLUSH_SECONDS_MAX: u64 = 60;
/// How often a flush under way is looked at, in milliseconds: the engine tells nobody of its end.
const FLUSH_LOOK_MILLISECONDS: u64 = 10;

/// Told how many bytes the tables and journals took before room was given back, and after.
pub type OnReclaim = Box<dyn Fn(u64, u64) + Send>;

/// What the committer has removed, for the reclaimer to judge.
#[derive(Default)]
struct Removed {
    rows: AtomicU64,
    is_room_short: AtomicBool,
}

/// The committer's end.
pub(super) struct Removals {
    removed: Arc<Removed>,
    wake: SyncSender<()>,
}

/// The reclaimer's end; disconnected with the other.
pub(super) struct Removing {
    removed: Arc<Removed>,
    woken: Receiver<()>,
}

pub(super) fn removals() -> (Removals, Removing) {
    let removed = Arc::new(Removed::default());
    let (wake, woken) = sync_channel(1);
    (Removals { removed: removed.clone(), wake }, Removing { removed, woken })
}

impl Removals {
    /// Never waits.
    pub(super) fn count(&self, rows: u64, is_room_short: bool) {
        self.removed.is_room_short.store(is_room_short, Ordering::Release);
        self.removed.rows.fetch_add(rows, Ordering::AcqRel);
        // If it cannot be sent, one is underway, or the reclaimer has ended.
        let _ = self.wake.try_send(());
    }
}

pub(super) struct Reclaimer {
    pub(super) removing: Removing,
    pub(super) database: Database,
    pub(super) keyspace: Keyspace,
    pub(super) published: Arc<Published>,
    pub(super) room: Arc<Room>,
    pub(super) poison: Arc<Poison>,
    pub(super) on_reclaim: OnReclaim,
    /// Disconnected when the store closes.
    pub(super) closing: Receiver<()>,
}

impl Reclaimer {
    /// Works until the committer is gone.
    pub(super) fn run(self) {
        // Caught so that the process learns of a bug in the engine as it does of a failed flush.
        let run = catch_unwind(AssertUnwindSafe(|| self.work()));
        match run {
            Ok(Ok(())) => (),
            Ok(Err(error)) => self.poison.set(error),
            Err(_) => self.poison.set(StoreError("the reclaimer has panicked".to_owned())),
        }
    }

    fn work(&self) -> Result<(), StoreError> {
        let mut rows = self.removed_before();
        if 1 < self.database.journal_count() {
            // One whose rows are all in tables goes when a memtable is sealed.
            self.forget_old_versions()?;
        }
        let mut is_room_short = false;
        let mut was_too_large = false;
        loop {
            let stored = self.keyspace.approximate_len() as u64;
            let rows_for_one = match is_room_short {
                true => ROWS_FOR_ONE_REMOVED_IF_FULL,
                false => ROWS_FOR_ONE_REMOVED,
            };
            let is_enough = stored <= rows.saturating_mul(rows_for_one);
            let bytes_to_copy = self.bytes_to_copy();
            let is_short = is_room_short || bytes_to_copy <= TABLES_BYTES_MAX;
            if REMOVED_ROWS_MIN <= rows && is_enough && is_short {
                let shortage = self.room.shortage_of_copy(bytes_to_copy);
                match &shortage {
                    None => {
                        if self.reclaim()?.is_break() {
                            return Ok(());
                        }
                        rows = 0;
                    }
                    Some(shortage) if !was_too_large => tracing::warn!(
                        shortage,
                        "too little room to rewrite the tables: removed rows give their room back \
                         slowly, as the store goes on"
                    ),
                    Some(_) => (),
                }
                was_too_large = shortage.is_some();
            }
            if self.removing.woken.recv().is_err() {
                return Ok(());
            }
            let removed = &self.removing.removed;
            rows = rows.saturating_add(removed.rows.swap(0, Ordering::AcqRel));
            is_room_short = removed.is_room_short.load(Ordering::Acquire);
        }
    }

    /// Rows that an earlier process has removed, and whose room it did not give back.
    fn removed_before(&self) -> u64 {
        // Sealed journals become tables now, as one after the other is replayed.
        self.is_flushed();
        let replayed = self.keyspace.tree.active_memtable();
        let in_memory = replayed.iter().filter(|row| row.is_tombstone()).count() as u64;
        self.keyspace.tree.tombstone_count().saturating_add(in_memory)
    }

    /// What a merge writes at most: all tables anew, and the memtable as one of them before.
    fn bytes_to_copy(&self) -> u64 {
        let unflushed = self.keyspace.tree.active_memtable().size();
        self.keyspace.disk_space().saturating_add(unflushed.saturating_mul(2))
    }

    /// A merge that fails ends the reclaimer and nothing else: it reads all, and what it finds damaged
    /// or has no room for is no reason to keep others from the rest.
    fn reclaim(&self) -> Result<ControlFlow<()>, StoreError> {
        let before = self.database.disk_space().map_err(store_error)?;
        if !self.seal()? {
            return Ok(ControlFlow::Continue(()));
        }
        if let Err(error) = self.keyspace.major_compact() {
            let error = store_error(error);
            tracing::error!(%error, "cannot rewrite the tables; removed rows keep their room");
            return Ok(ControlFlow::Break(()));
        }
        self.forget_old_versions()?;
        let after = self.database.disk_space().map_err(store_error)?;
        tracing::info!(before, after, "rewrote the tables without removed rows");
        (self.on_reclaim)(before, after);
        Ok(ControlFlow::Continue(()))
    }

    /// The engine keeps the tables of earlier versions until it seals the next memtable, which an
    /// engine that idles does not. Those that a reader still looks at stay until then.
    fn forget_old_versions(&self) -> Result<(), StoreError> {
        self.seal().map(|_| ())
    }

    /// Makes a table of the memtable, and lets go of all that no moment but the newest shows. False
    /// if that does not end in time, or the store closes.
    fn seal(&self) -> Result<bool, StoreError> {
        // A memtable without a row is not sealed; this one is there already, and harms nobody. It is
        // behind whatever was removed or rewritten, so the moment that it leads to holds none of it.
        self.published.apply(|| write_mark(&self.database, &self.keyspace))?;
        self.keyspace.rotate_memtable().map_err(store_error)?;
        Ok(self.is_flushed())
    }

    /// Waits for the memtables to become tables. False if they do not in time, or the store closes.
    fn is_flushed(&self) -> bool {
        let limit = Instant::now() + Duration::from_secs(FLUSH_SECONDS_MAX);
        while 0 < self.keyspace.sealed_memtable_count() {
            let look = Duration::from_millis(FLUSH_LOOK_MILLISECONDS);
            let is_open = self.closing.recv_timeout(look) == Err(RecvTimeoutError::Timeout);
            if !is_open || limit < Instant::now() {
                return false;
            }
        }
        true
    }
}
