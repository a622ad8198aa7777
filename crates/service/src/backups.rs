//! Moments of the store that are held while somebody makes a backup of them.
//!
//! Invariant: what is held keeps the room of rows that have been removed since, so there are few, and
//! each ends by itself: when nobody has read it for a while, and in any case. Knows nothing of what
//! is in rows, nor of who may read them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::sync::{Arc, Mutex, MutexGuard};
use store::backup::pack;
use store::{ShardId, Snapshot, Store, StoreError};
use wire::*;

/// How many moments are held at a time.
pub const BACKUPS_MAX: usize = 2;
/// How long one is held that nobody reads, in seconds: longer than a client tries again.
pub const IDLE_SECONDS_MAX: i64 = 120;
/// How long one is held at most, in seconds.
pub const HELD_SECONDS_MAX: i64 = 6 * 60 * 60;
/// Keys and values of a page, in bytes; one row more at most, if it is the only one.
pub const PAGE_BYTES_MAX: usize = 1024 * 1024;

/// The moments that are held.
#[derive(Default)]
pub struct Backups {
    held: Mutex<Vec<Held>>,
}

struct Held {
    id: BackupId,
    begun_at: Timestamp,
    used_at: Timestamp,
    snapshot: Arc<Mutex<Box<dyn Snapshot>>>,
}

/// Which page is wanted.
pub struct Place {
    /// Of which backup.
    pub id: BackupId,
    /// Of which shard.
    pub shard: ShardId,
    /// Behind which key.
    pub after: Option<Vec<u8>>,
}

impl Place {
    /// What a request asks for.
    pub fn parse(input: ReadBackupInput) -> Result<Place, Fault> {
        let ReadBackupInput { backup_id, shard, after } = input;
        let after = after.map(|text| BASE64.decode(text)).transpose();
        let after = after.map_err(|_| Fault::Validation("after is no key in base64".to_owned()))?;
        Ok(Place { id: backup_id, shard: ShardId(shard), after })
    }
}

impl Backups {
    /// Holds the store as it is now, under `id`.
    pub fn begin(
        &self,
        store: &dyn Store,
        id: BackupId,
        now: Timestamp,
    ) -> Result<BackupDetail, Fault> {
        self.end_idle(now);
        // Looked at twice, since nobody is kept waiting while the moment is taken.
        check_room(&self.lock())?;
        let snapshot = store.snapshot().map_err(internal)?;
        let shards = snapshot.shards().map_err(internal)?;
        let shards = shards.into_iter().map(|shard| shard.0).collect();
        let mut held = self.lock();
        check_room(&held)?;
        let snapshot = Arc::new(Mutex::new(snapshot));
        held.push(Held { id: id.clone(), begun_at: now, used_at: now, snapshot });
        tracing::info!("a backup has begun");
        Ok(BackupDetail { backup_id: id, taken_at: now, shards })
    }

    /// Reads a page.
    pub fn read(&self, place: &Place, now: Timestamp) -> Result<BackupRows, Fault> {
        self.end_idle(now);
        let snapshot = {
            let mut held = self.lock();
            let found = held.iter_mut().find(|held| held.id == place.id);
            let found = found.ok_or_else(|| unknown(&place.id))?;
            found.used_at = now;
            Arc::clone(&found.snapshot)
        };
        let snapshot = snapshot.lock().expect("no reader panics");
        let page = snapshot.page(place.shard, place.after.as_deref(), PAGE_BYTES_MAX);
        let page = page.map_err(internal)?;
        if page.is_empty() {
            return Ok(BackupRows { rows: String::new() });
        }
        let packed = pack(&page).map_err(|error| internal(StoreError(error.to_string())))?;
        Ok(BackupRows { rows: BASE64.encode(packed) })
    }

    /// Holds it no longer.
    pub fn end(&self, id: &BackupId) -> Result<(), Fault> {
        let mut held = self.lock();
        let place = held.iter().position(|held| held.id == *id).ok_or_else(|| unknown(id))?;
        held.remove(place);
        tracing::info!("a backup has ended");
        Ok(())
    }

    /// Ends what nobody reads, or what has been read for too long.
    pub fn end_idle(&self, now: Timestamp) {
        self.lock().retain(|held| {
            let seconds_since = |then: Timestamp| now.0.saturating_sub(then.0) / 1000;
            let is_good = seconds_since(held.used_at) <= IDLE_SECONDS_MAX
                && seconds_since(held.begun_at) <= HELD_SECONDS_MAX;
            if !is_good {
                tracing::warn!("a backup was ended that nobody has read to its end in time");
            }
            is_good
        });
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Held>> {
        self.held.lock().expect("no holder panics")
    }
}

fn check_room(held: &[Held]) -> Result<(), Fault> {
    if held.len() < BACKUPS_MAX {
        return Ok(());
    }
    Err(Fault::LimitExceeded(format!(
        "{BACKUPS_MAX} backups are being made already; one that nobody reads any more ends after \
         {IDLE_SECONDS_MAX} seconds"
    )))
}

fn unknown(id: &BackupId) -> Fault {
    Fault::UnknownResource(format!("Unknown backup, backupId = {id}"))
}

fn internal(error: StoreError) -> Fault {
    tracing::error!(%error, "a backup could not be read");
    Fault::Internal
}

#[cfg(test)]
mod tests;
