//! The last moment at which no group was half applied: what readers see.
//!
//! The engine numbers a group before it applies it, and a table that is finished meanwhile makes the
//! newest number visible; so a snapshot that a reader takes for itself may have half of a group. One
//! that is taken between two groups has none.
//!
//! Invariants: whoever writes publishes before anybody is told, so that a caller who was told reads
//! what it wrote; nobody writes while somebody else does. One moment is held, however long nothing is
//! written, and the engine keeps what that shows: it is the newest, so no row too many. Whoever makes
//! the engine rewrite or drop something publishes before, or that would be kept for it.

use super::store_error;
use crate::contract::StoreError;
use fjall::Database;
use std::sync::{Arc, Mutex, RwLock};

pub(super) struct Published {
    database: Database,
    moment: RwLock<Arc<fjall::Snapshot>>,
    /// Locked while something is applied and until it is published.
    applying: Mutex<()>,
}

impl Published {
    /// What `database` holds while nobody writes to it yet.
    pub(super) fn new(database: &Database) -> Published {
        Published {
            database: database.clone(),
            moment: RwLock::new(Arc::new(database.snapshot())),
            applying: Mutex::new(()),
        }
    }

    /// The newest moment. It keeps its rows until it is dropped.
    pub(super) fn moment(&self) -> Arc<fjall::Snapshot> {
        Arc::clone(&self.moment.read().expect("nothing panics while it is locked"))
    }

    /// Runs `write`, whose end is the next moment unless it fails.
    pub(super) fn apply(
        &self,
        write: impl FnOnce() -> fjall::Result<()>,
    ) -> Result<(), StoreError> {
        let panicked = |_| StoreError("a write has panicked".to_owned());
        let applying = self.applying.lock().map_err(panicked)?;
        write().map_err(store_error)?;
        let moment = Arc::new(self.database.snapshot());
        let mut published = self.moment.write().expect("nothing panics while it is locked");
        let before = std::mem::replace(&mut *published, moment);
        drop(published);
        drop(applying);
        // Here, since the engine may tidy up when a moment ends.
        drop(before);
        Ok(())
    }
}
