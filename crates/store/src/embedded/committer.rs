//! The committer: the one thread that writes.
//!
//! Invariants: requests take effect in the order of the queue, so a commit behind a claim is judged
//! by that claim; each is answered only when its group is durable and readers see it; after a failed
//! write none is written, because a flush that fails may have dropped what it failed to write, and a
//! second one would report success. Knows nothing of reads.

use super::published::Published;
use super::reclaimer::Removals;
use super::{FreeBytesProbe, Kind, OnPoison, store_error, stored_key};
use crate::contract::{Batch, CommitError, Epoch, ShardId, StoreError};
use fjall::{Database, Keyspace, OwnedWriteBatch};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, OnceLock};

/// Requests that share a flush.
pub(super) const GROUP_REQUESTS_MAX: usize = 1024;
/// Keys and values that share a flush, in bytes; a larger batch has a group for itself.
pub(super) const GROUP_BYTES_MAX: usize = 8 * 1024 * 1024;

/// First byte of a stored claim: what follows is the epoch (8 bytes, big-endian) and the owner.
const CLAIM_FORMAT: u8 = 1;

/// Puts a group on disk and makes it visible, in this order.
pub(super) type WriteGroup = Box<dyn FnMut(OwnedWriteBatch) -> fjall::Result<()> + Send>;

type CommitAnswer = SyncSender<Result<(), CommitError>>;
type ClaimAnswer = SyncSender<Result<Epoch, StoreError>>;

/// What callers ask of the committer. An answer has a channel of one place, so giving it never
/// waits.
pub(super) enum Request {
    Commit { shard: ShardId, epoch: Epoch, batch: Batch, answer: CommitAnswer },
    Claim { shard: ShardId, owner: String, answer: ClaimAnswer },
    Close,
}

impl Request {
    fn bytes(&self) -> usize {
        match self {
            Request::Commit { batch, .. } => {
                batch.writes().map(|(key, value)| key.len() + value.map_or(0, <[u8]>::len)).sum()
            }
            Request::Claim { owner, .. } => owner.len(),
            Request::Close => 0,
        }
    }
}

/// Whether the store has failed for good, and why. Set once.
pub(super) struct Poison {
    reason: OnceLock<StoreError>,
    on_poison: OnPoison,
}

impl Poison {
    pub(super) fn new(on_poison: OnPoison) -> Poison {
        Poison { reason: OnceLock::new(), on_poison }
    }

    pub(super) fn reason(&self) -> Option<&StoreError> {
        self.reason.get()
    }

    pub(super) fn set(&self, reason: StoreError) {
        if self.reason.set(reason.clone()).is_ok() {
            tracing::error!(%reason, "the store has failed and writes no more");
            (self.on_poison)(&reason);
        }
    }
}

/// The room on the disk, and how much of it must stay.
pub(super) struct Room {
    pub(super) dir: PathBuf,
    pub(super) free_bytes_min: u64,
    pub(super) free_bytes: FreeBytesProbe,
}

impl Room {
    /// Why `wanted` bytes are not there, if so.
    fn reason(&self, wanted: u64) -> Option<String> {
        match (self.free_bytes)(&self.dir) {
            Ok(free) if wanted <= free => None,
            Ok(free) => Some(format!("{free} bytes are free, {wanted} are needed")),
            // Nothing was written, so the caller may just try again.
            Err(error) => Some(format!("cannot tell how many bytes are free: {error}")),
        }
    }

    /// Why `bytes` more cannot be written, if so. Of what must stay, those that make room may use
    /// half.
    fn shortage(&self, bytes: usize) -> Shortage {
        let reason = |min: u64| self.reason(min.saturating_add(bytes as u64));
        let of_others = reason(self.free_bytes_min);
        let of_makers = of_others.as_ref().and_then(|_| reason(self.free_bytes_min / 2));
        Shortage { of_others, of_makers }
    }

    /// Why the store cannot open, if so. A new one must be able to commit at once. One that is there
    /// replays its journals, flushes them and takes claims, and then its rows can be read.
    pub(super) fn shortage_of_start(&self, is_new: bool) -> Option<String> {
        self.reason(if is_new { self.free_bytes_min } else { self.free_bytes_min / 4 })
    }

    /// Why a copy of `bytes` cannot be made before the original goes, if so. It may use all but a
    /// quarter of what must stay.
    pub(super) fn shortage_of_copy(&self, bytes: u64) -> Option<String> {
        self.reason((self.free_bytes_min / 4).saturating_add(bytes))
    }
}

/// Why commits are refused for want of room, if they are.
struct Shortage {
    /// Those that make room.
    of_makers: Option<String>,
    /// All others.
    of_others: Option<String>,
}

pub(super) struct Committer {
    requests: Receiver<Request>,
    /// Taken from the queue, but too large for the group of its time; the next begins with it.
    held: Option<Request>,
    database: Database,
    keyspace: Keyspace,
    published: Arc<Published>,
    write: WriteGroup,
    room: Arc<Room>,
    removals: Removals,
    poison: Arc<Poison>,
    /// The last epoch of each shard that was asked for; one entry a shard at most.
    epochs: BTreeMap<ShardId, Epoch>,
    was_full: bool,
}

/// Requests that are to share a flush.
#[derive(Default)]
struct Group {
    requests: Vec<Request>,
    bytes: usize,
    is_last: bool,
}

/// A group that has been judged: what to write, and what to answer once it is written.
#[derive(Default)]
struct Judged {
    writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// Rows deleted by commits that make room; what others delete is small, or replaced.
    removed_rows: u64,
    commits: Vec<(CommitAnswer, Result<(), CommitError>)>,
    claims: Vec<(ClaimAnswer, Result<Epoch, StoreError>)>,
}

impl Committer {
    pub(super) fn new(
        requests: Receiver<Request>,
        (database, keyspace, published): (Database, Keyspace, Arc<Published>),
        write: WriteGroup,
        (room, removals): (Arc<Room>, Removals),
        poison: Arc<Poison>,
    ) -> Committer {
        let epochs = BTreeMap::new();
        let (held, was_full) = (None, false);
        Committer {
            requests,
            held,
            database,
            keyspace,
            published,
            write,
            room,
            removals,
            poison,
            epochs,
            was_full,
        }
    }

    /// Works until it is told to close or a write fails. Callers still in the queue then see their
    /// answer channels close.
    pub(super) fn run(mut self) {
        let poison = self.poison.clone();
        // Caught so that the process learns of a bug in the engine as it does of a failed flush.
        let run = catch_unwind(AssertUnwindSafe(|| {
            let mut is_running = true;
            while is_running {
                let group = self.next_group();
                is_running = !group.is_last;
                is_running &= self.commit(group).is_ok();
            }
        }));
        if run.is_err() {
            poison.set(StoreError("the committer has panicked".to_owned()));
        }
    }

    /// Waits for one request and takes those that wait with it.
    fn next_group(&mut self) -> Group {
        let mut group = Group::default();
        let mut next = self.held.take().or_else(|| self.requests.recv().ok());
        while let Some(request) = next {
            let bytes = request.bytes();
            if let Request::Close = request {
                group.is_last = true;
                return group;
            }
            if !group.requests.is_empty() && GROUP_BYTES_MAX < group.bytes + bytes {
                self.held = Some(request);
                return group;
            }
            group.bytes += bytes;
            group.requests.push(request);
            if group.requests.len() == GROUP_REQUESTS_MAX {
                return group;
            }
            next = self.requests.try_recv().ok();
        }
        // Without a request, all who could send one are gone.
        group.is_last = group.requests.is_empty();
        group
    }

    /// Judges, writes and answers a group. An error ends the committer.
    fn commit(&mut self, group: Group) -> Result<(), StoreError> {
        let mut judged = self.judge(group);
        let writes = std::mem::take(&mut judged.writes);
        let written = if writes.is_empty() { Ok(()) } else { self.write(writes) };
        if let Err(reason) = &written {
            // Before any answer: whoever hears of the failure finds the store poisoned.
            self.poison.set(reason.clone());
            for (_, result) in judged.commits.iter_mut().filter(|(_, result)| result.is_ok()) {
                *result = Err(CommitError::Unknown(reason.clone()));
            }
            for (_, result) in &mut judged.claims {
                *result = Err(reason.clone());
            }
        }
        if written.is_ok() && 0 < judged.removed_rows {
            self.removals.count(judged.removed_rows, self.was_full);
        }
        // A caller that no longer waits needs no answer.
        for (answer, result) in judged.commits {
            let _ = answer.send(result);
        }
        for (answer, result) in judged.claims {
            let _ = answer.send(result);
        }
        written
    }

    /// Decides each request in turn. Later writes of a key replace earlier ones, as the engine
    /// gives all writes of a group the same sequence number.
    fn judge(&mut self, group: Group) -> Judged {
        let shortage = self.room.shortage(group.bytes);
        match &shortage.of_others {
            Some(shortage) if !self.was_full => {
                tracing::warn!(
                    shortage,
                    "too little room: commits are refused until there is more"
                );
            }
            None if self.was_full => tracing::info!("there is room again: commits go on"),
            Some(_) | None => (),
        }
        self.was_full = shortage.of_others.is_some();
        let mut judged = Judged::default();
        for request in group.requests {
            match request {
                Request::Commit { shard, epoch, batch, answer } => {
                    let makes_room = batch.makes_room();
                    let shortage = match makes_room {
                        true => &shortage.of_makers,
                        false => &shortage.of_others,
                    };
                    let result = self.judge_commit(shard, epoch, shortage.as_deref());
                    if result.is_ok() {
                        if makes_room {
                            let deletions = batch.writes().filter(|(_, value)| value.is_none());
                            judged.removed_rows += deletions.count() as u64;
                        }
                        let row = |(key, value): (Vec<u8>, _)| {
                            (stored_key(shard, Kind::Row, &key), value)
                        };
                        judged.writes.extend(batch.into_writes().map(row));
                    }
                    judged.commits.push((answer, result));
                }
                // Never refused for want of room: it is small, and without it nobody who makes
                // room could get to work.
                Request::Claim { shard, owner, answer } => {
                    let result = self.next_epoch(shard);
                    if let Ok(epoch) = result {
                        let key = stored_key(shard, Kind::Claim, b"");
                        judged.writes.insert(key, Some(encode_claim(epoch, &owner)));
                    }
                    judged.claims.push((answer, result));
                }
                Request::Close => unreachable!("a close ends a group and is not part of it"),
            }
        }
        judged
    }

    fn judge_commit(
        &mut self,
        shard: ShardId,
        epoch: Epoch,
        shortage: Option<&str>,
    ) -> Result<(), CommitError> {
        match (self.epoch(shard), shortage) {
            (Err(error), _) => Err(CommitError::Unknown(error)),
            (Ok(current), _) if current != epoch => Err(CommitError::Fenced),
            (Ok(_), Some(shortage)) => Err(CommitError::Full(shortage.to_owned())),
            (Ok(_), None) => Ok(()),
        }
    }

    fn next_epoch(&mut self, shard: ShardId) -> Result<Epoch, StoreError> {
        let epoch = Epoch(self.epoch(shard)?.0 + 1);
        self.epochs.insert(shard, epoch);
        Ok(epoch)
    }

    /// The epoch of the last claim; 0 if there was none, which no claim is ever given.
    fn epoch(&mut self, shard: ShardId) -> Result<Epoch, StoreError> {
        if let Some(epoch) = self.epochs.get(&shard) {
            return Ok(*epoch);
        }
        let key = stored_key(shard, Kind::Claim, b"");
        let epoch = match self.keyspace.get(key).map_err(store_error)? {
            Some(claim) => decode_claim(&claim)?,
            None => Epoch(0),
        };
        self.epochs.insert(shard, epoch);
        Ok(epoch)
    }

    fn write(&mut self, writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>) -> Result<(), StoreError> {
        let mut batch = OwnedWriteBatch::with_capacity(self.database.clone(), writes.len());
        for (key, value) in writes {
            match value {
                Some(value) => batch.insert(&self.keyspace, key, value),
                None => batch.remove(&self.keyspace, key),
            }
        }
        let write = &mut self.write;
        self.published.apply(|| write(batch))
    }
}

fn encode_claim(epoch: Epoch, owner: &str) -> Vec<u8> {
    [&[CLAIM_FORMAT][..], &epoch.0.to_be_bytes(), owner.as_bytes()].concat()
}

fn decode_claim(claim: &[u8]) -> Result<Epoch, StoreError> {
    let epoch = claim.strip_prefix(&[CLAIM_FORMAT]).and_then(|rest| rest.first_chunk());
    let epoch = epoch.ok_or_else(|| StoreError("a stored claim is damaged".to_owned()))?;
    Ok(Epoch(u64::from_be_bytes(*epoch)))
}

#[cfg(test)]
mod tests;
