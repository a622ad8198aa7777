//! The embedded store: one directory, one process, a log-structured engine (fjall) inside.
//!
//! Invariants: a second process cannot open the directory; what a reader sees is durable; after a
//! write or a flush has failed nothing is written any more. Knows nothing of what keys and values
//! mean, nor of other machines.
//!
//! All shards share one keyspace of the engine, and a row's key is
//!
//! ```text
//! shard (2 bytes, big-endian) | kind (1 byte: 0 claim, 1 row, 2 mark) | key
//! ```
//!
//! The one mark, in shard 0, is written before a new directory is complete, so that a store without
//! any row is known for one that has lost them.
//!
//! so a shard is one contiguous range, its claim included, and no key of a caller can reach
//! another shard or a claim.
//!
//! Commits and claims go through one thread (`committer`), which merges those that wait into one
//! journal entry and one flush. Reads do not wait for it: they see the moment behind its last group
//! (`published`). A batch is flushed before it becomes visible, so no reader, not even of another
//! thread, acts on what a crash could take back; and it becomes visible as a whole.

mod committer;
mod directory;
mod failure;
mod journal;
mod published;
mod reclaimer;
mod snapshot;

use crate::contract::{
    Batch, CommitError, Direction, Entry, Epoch, KEY_BYTES_MAX, ShardId, Snapshot, Store,
    StoreError,
};
use committer::{Committer, Poison, Request, WriteGroup};
use directory::Directory;
use failure::store_error;
use fjall::{
    CompressionType, Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode,
    Readable, config::CompressionPolicy,
};
use published::Published;
use reclaimer::Reclaimer;
use rustix::fs::statvfs;
use snapshot::Moment;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Commits and claims that may wait for the committer; further callers wait to get in line.
const QUEUE_REQUESTS_MAX: usize = 1024;
/// How long a caller waits for the committer, in seconds. Write stalls of the engine last well
/// below a second; one that lasts this long means that its background threads are dead.
const COMMIT_WAIT_SECONDS_MAX: u64 = 60;

/// How long closing waits for tables that are being rewritten, in seconds.
const RECLAIM_WAIT_SECONDS_MAX: u64 = 5;

/// Default of [`Options::free_bytes_min`]: room for flushes and compactions under way, for claims,
/// and for an operator who makes room.
pub const FREE_BYTES_MIN_DEFAULT: u64 = 256 * 1024 * 1024;
/// Default of [`Options::cache_bytes_max`].
pub const CACHE_BYTES_MAX_DEFAULT: u64 = 64 * 1024 * 1024;

/// Journals on disk before the engine flushes memtables to drop the oldest, in bytes. Also bounds
/// what is replayed when the store opens.
const JOURNALS_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Size at which a memtable is sealed, in bytes. The engine stalls writes at four sealed ones, so
/// memtables take at most five times this. Fixed when a directory is created.
const MEMTABLE_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Flush and compaction threads. With two, flushes go on while a compaction runs.
const ENGINE_THREADS_MIN: usize = 2;
/// See [`ENGINE_THREADS_MIN`]; more would take the processors from the callers.
const ENGINE_THREADS_MAX: usize = 4;
/// The name of the one keyspace in the engine.
const KEYSPACE: &str = "rows";
/// Where the mark is; see [`Kind::Mark`].
const MARK_SHARD: ShardId = ShardId(0);
/// The one byte that the mark holds.
const MARK_FORMAT: u8 = 1;
/// Bytes of a row's key before the caller's part.
const PREFIX_BYTES: usize = 3;

/// Reads how many bytes are free for the file system of a path.
pub type FreeBytesProbe = Box<dyn Fn(&Path) -> io::Result<u64> + Send + Sync>;

pub use directory::FORMAT;
pub use reclaimer::OnReclaim;

/// Told the reason when the store fails for good.
pub type OnPoison = Box<dyn Fn(&StoreError) + Send + Sync>;

/// How to open an embedded store.
pub struct Options {
    /// The build that opens the store; kept in a directory that it creates, for error messages.
    pub build: String,
    /// Bound on the cache of disk blocks, in bytes.
    pub cache_bytes_max: u64,
    /// Commits are refused as [`CommitError::Full`] while they would leave less room than this;
    /// those that make room ([`Batch::makes_room`]), less than half of it.
    pub free_bytes_min: u64,
    /// Asked before each group of commits.
    pub free_bytes: FreeBytesProbe,
    /// Called once when a write or a flush has failed, before the commits concerned are answered.
    /// The process should then end without delay: only a new one can tell what is on disk.
    pub on_poison: OnPoison,
    /// Called whenever the tables have been rewritten without removed rows.
    pub on_reclaim: OnReclaim,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            build: env!("CARGO_PKG_VERSION").to_owned(),
            cache_bytes_max: CACHE_BYTES_MAX_DEFAULT,
            free_bytes_min: FREE_BYTES_MIN_DEFAULT,
            free_bytes: Box::new(free_bytes),
            on_poison: Box::new(|_| ()),
            on_reclaim: Box::new(|_, _| ()),
        }
    }
}

/// Bytes that an unprivileged process may still write.
fn free_bytes(dir: &Path) -> io::Result<u64> {
    let room = statvfs(dir)?;
    Ok(room.f_bavail.saturating_mul(room.f_frsize))
}

/// Whether `dir` is a data directory that has been used before. Changes nothing.
pub fn is_complete(dir: &Path) -> Result<bool, OpenError> {
    Directory::is_complete(dir)
}

/// Why a directory was not opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process, or another store of this one, has the directory open.
    #[error("{} is in use by process {holder}", dir.display())]
    InUse {
        /// The directory.
        dir: PathBuf,
        /// What the other process wrote about itself: its process id, if it came that far.
        holder: String,
    },
    /// The directory has content, but no store.
    #[error("{} is neither empty nor a tidewheel store; it is left alone", dir.display())]
    Foreign {
        /// The directory.
        dir: PathBuf,
    },
    /// A backup was being restored into the directory, and that has not come to its end.
    #[error(
        "{} holds part of a backup: its restore was cut short or is under way; restore it again, into \
         this directory or another",
        dir.display()
    )]
    Restoring {
        /// The directory.
        dir: PathBuf,
    },
    /// A backup was to be restored where something is already.
    #[error("{} is not empty; name a directory that is, or that is not there", dir.display())]
    NotEmpty {
        /// The directory.
        dir: PathBuf,
    },
    /// The directory was written by a build with another format.
    #[error(
        "{} holds store format {found}, created by build {created_by}; \
         this build ({build}) reads format {supported}",
        dir.display()
    )]
    Format {
        /// The directory.
        dir: PathBuf,
        /// The format of the directory.
        found: String,
        /// The build that created the directory.
        created_by: String,
        /// The build that tries to open it.
        build: String,
        /// The format that this build reads and writes.
        supported: u32,
    },
    /// The directory was in use before, and part of what it must hold is gone.
    #[error(
        "{} has lost its data: {what}; restore a backup, or remove the directory to begin anew",
        dir.display()
    )]
    Lost {
        /// The directory.
        dir: PathBuf,
        /// What is not there, in words.
        what: &'static str,
    },
    /// The file system failed.
    #[error("cannot open the store: {what} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        what: &'static str,
        /// On which path.
        path: PathBuf,
        /// What came of it.
        source: io::Error,
    },
    /// There is too little room to work with; nothing was made.
    #[error("{} has too little room: {shortage}; make room and start again", dir.display())]
    NoRoom {
        /// The directory.
        dir: PathBuf,
        /// What is free and what is needed, in words.
        shortage: String,
    },
    /// What the engine reads is not what it has written.
    #[error(
        "what is stored in {} is damaged ({source}); neither a server nor a check can look behind \
         that: restore a backup",
        path.display()
    )]
    Damaged {
        /// The engine's directory.
        path: PathBuf,
        /// What the engine says.
        source: fjall::Error,
    },
    /// The engine refused its own directory, for another reason than damage or want of room.
    #[error("cannot open the store: the engine in {} failed: {source}", path.display())]
    Engine {
        /// The engine's directory.
        path: PathBuf,
        /// What the engine says.
        source: fjall::Error,
    },
}

/// What a directory is opened for.
#[derive(Clone, Copy, Debug)]
enum Purpose {
    Serve,
    Restore,
}

/// A directory into which a backup is being restored. Until that is finished it is marked, and
/// nothing else opens it.
pub struct Restoring {
    store: Embedded,
}

impl Restoring {
    /// Makes `dir`, or takes it if it is empty or a restore into it was cut short.
    pub fn begin(dir: &Path, options: Options) -> Result<Restoring, OpenError> {
        let write = Box::new(write_durably);
        let store = Embedded::open_with_writer(dir, options, Purpose::Restore, write)?;
        Ok(Restoring { store })
    }

    /// Where the rows go.
    pub fn store(&self) -> &Embedded {
        &self.store
    }

    /// Makes it a data directory like any other.
    pub fn finish(self) -> Result<(), OpenError> {
        let directory = Arc::clone(&self.store.directory);
        // First, so that no table is written or removed while all are flushed.
        drop(self.store);
        directory.finish()
    }
}

/// A store in a directory. Dropping it ends the committer and then frees the directory; as every
/// acknowledged commit was durable before, nothing is left to write.
pub struct Embedded {
    requests: SyncSender<Request>,
    committer: Option<JoinHandle<()>>,
    /// Dropped to tell the reclaimer that the store closes.
    close_reclaimer: Option<SyncSender<()>>,
    /// Disconnected when the reclaimer has ended.
    reclaimer_ended: Mutex<Receiver<()>>,
    poison: Arc<Poison>,
    /// A caller has waited for the committer in vain; nobody else should.
    is_hanging: AtomicBool,
    /// Before the engine's handles, whose end it is not.
    published: Arc<Published>,
    keyspace: Keyspace,
    /// Last, so that the directory stays locked until all else is gone.
    directory: Arc<Directory>,
}

impl Embedded {
    /// Opens the store in `dir`, which is created if it is missing.
    pub fn open(dir: &Path, options: Options) -> Result<Embedded, OpenError> {
        Embedded::open_with_writer(dir, options, Purpose::Serve, Box::new(write_durably))
    }

    /// `write` is the one step that puts data on disk, apart so that tests can let it fail.
    fn open_with_writer(
        dir: &Path,
        options: Options,
        purpose: Purpose,
        write: WriteGroup,
    ) -> Result<Embedded, OpenError> {
        let Options { build, cache_bytes_max, free_bytes_min, free_bytes, on_poison, on_reclaim } =
            options;
        let directory = Arc::new(Directory::lock(dir)?);
        let room = Arc::new(committer::Room { dir: dir.to_owned(), free_bytes_min, free_bytes });
        if let Some(shortage) = room.shortage_of_start(directory.is_new()?) {
            return Err(OpenError::NoRoom { dir: dir.to_owned(), shortage });
        }
        match purpose {
            Purpose::Serve => directory.prepare(&build)?,
            Purpose::Restore => directory.prepare_restore(&build)?,
        }
        let path = directory.engine_path();
        let opened = journal::open_ended(&path, || open_database(&path, cache_bytes_max));
        let engine_error = |source| failure::open_error(&path, source);
        let database = opened.map_err(engine_error)?;
        let is_new = directory.is_new()?;
        if !is_new && !database.list_keyspace_names().iter().any(|name| &**name == KEYSPACE) {
            return Err(directory.lost(directory::TABLES_MISSING));
        }
        let keyspace = open_keyspace(&database).map_err(engine_error)?;
        if is_new {
            write_mark(&database, &keyspace).map_err(engine_error)?;
        } else if is_empty(&database, &keyspace).map_err(engine_error)? {
            return Err(directory.lost("no row is left in its journal and tables"));
        }
        match purpose {
            Purpose::Serve => directory.finish()?,
            Purpose::Restore => (),
        }

        let poison = Arc::new(Poison::new(on_poison));
        let published = Arc::new(Published::new(&database));
        let (requests, receiver) = sync_channel(QUEUE_REQUESTS_MAX);
        let (removals, removing) = reclaimer::removals();
        let (close_reclaimer, closing) = sync_channel(0);
        let reclaimer = Reclaimer {
            removing,
            database: database.clone(),
            keyspace: keyspace.clone(),
            published: published.clone(),
            room: room.clone(),
            poison: poison.clone(),
            on_reclaim,
            closing,
        };
        let handles = (database, keyspace.clone(), published.clone());
        let committer = Committer::new(receiver, handles, write, (room, removals), poison.clone());
        // The threads may outlive this handle, and must then keep others out.
        let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
            let locked = directory.clone();
            let (ended_sender, ended) = sync_channel::<()>(0);
            let run = move || {
                work();
                drop(locked);
                drop(ended_sender);
            };
            let thread = std::thread::Builder::new().name(name.to_owned()).spawn(run);
            thread
                .map(|thread| (thread, ended))
                .map_err(|source| directory::io_error("start a thread for", dir, source))
        };
        let (_, reclaimer_ended) = spawn("store-reclaimer", Box::new(move || reclaimer.run()))?;
        let (committer, _) = spawn("store-committer", Box::new(move || committer.run()))?;
        Ok(Embedded {
            requests,
            committer: Some(committer),
            close_reclaimer: Some(close_reclaimer),
            reclaimer_ended: Mutex::new(reclaimer_ended),
            poison,
            is_hanging: AtomicBool::new(false),
            published,
            keyspace,
            directory,
        })
    }

    /// The reason, if the store has failed for good: nothing more is written, reads go on.
    pub fn poisoned(&self) -> Option<StoreError> {
        self.poison.reason().cloned()
    }

    /// Sends a request to the committer and waits for its answer.
    fn ask<Answer>(
        &self,
        request: Request,
        answer: &Receiver<Answer>,
    ) -> Result<Answer, StoreError> {
        if let Some(reason) = self.poison.reason() {
            return Err(reason.clone());
        }
        let stopped = || StoreError("the committer has stopped".to_owned());
        let reason = || self.poison.reason().cloned().unwrap_or_else(stopped);
        self.requests.send(request).map_err(|_| reason())?;
        match answer.recv_timeout(Duration::from_secs(COMMIT_WAIT_SECONDS_MAX)) {
            Ok(answer) => Ok(answer),
            Err(RecvTimeoutError::Disconnected) => Err(reason()),
            Err(RecvTimeoutError::Timeout) => {
                let text = format!("no answer in {COMMIT_WAIT_SECONDS_MAX} s: the engine hangs");
                self.is_hanging.store(true, Ordering::Relaxed);
                self.poison.set(StoreError(text));
                Err(reason())
            }
        }
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        if self.is_hanging.load(Ordering::Relaxed) {
            return;
        }
        // A committer that has failed is gone already, and has said so.
        let _ = self.requests.send(Request::Close);
        let thread = self.committer.take().expect("only drop takes the thread");
        let _ = thread.join();
        drop(self.close_reclaimer.take());
        // One that takes longer is left to the end of the process, which harms no table.
        let limit = Duration::from_secs(RECLAIM_WAIT_SECONDS_MAX);
        let ended = self.reclaimer_ended.get_mut().expect("nobody else locks it");
        let _ = ended.recv_timeout(limit);
    }
}

fn open_database(path: &Path, cache_bytes_max: u64) -> fjall::Result<Database> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    Database::builder(path)
        .cache_size(cache_bytes_max)
        .max_journaling_size(JOURNALS_BYTES_MAX)
        .journal_compression(CompressionType::Lz4)
        .worker_threads(processors.clamp(ENGINE_THREADS_MIN, ENGINE_THREADS_MAX))
        // The committer alone writes, and flushes what it writes.
        .manual_journal_persist(true)
        .open()
}

/// One keyspace: measured 15 to 30 % faster than one for each kind of row.
fn open_keyspace(database: &Database) -> fjall::Result<Keyspace> {
    database.keyspace(KEYSPACE, || {
        KeyspaceCreateOptions::default()
            .manual_journal_persist(true)
            .max_memtable_size(MEMTABLE_BYTES_MAX)
            // The first level is rewritten too soon to be worth compressing.
            .data_block_compression_policy(CompressionPolicy::new([
                CompressionType::None,
                CompressionType::Lz4,
            ]))
    })
}

/// Makes a store one that is never without a row.
fn write_mark(database: &Database, keyspace: &Keyspace) -> fjall::Result<()> {
    let mut batch = OwnedWriteBatch::with_capacity(database.clone(), 1);
    batch.insert(keyspace, stored_key(MARK_SHARD, Kind::Mark, b""), [MARK_FORMAT]);
    write_durably(batch)
}

/// Any row will do: directories of earlier builds have claims, and no mark.
fn is_empty(database: &Database, keyspace: &Keyspace) -> fjall::Result<bool> {
    match database.snapshot().first_key_value(keyspace) {
        Some(row) => row.key().map(|_| false),
        None => Ok(true),
    }
}

/// Appends the group to the journal, flushes it, and only then makes it visible: with a durability
/// level set, the engine does it in this order.
///
/// `SyncData` is fdatasync, which leaves out the file's times but not its size nor the place of
/// its blocks, so an appended journal is readable after a power failure. A new journal file is
/// flushed with its directory by the engine when it is created.
fn write_durably(group: OwnedWriteBatch) -> fjall::Result<()> {
    group.durability(Some(PersistMode::SyncData)).commit()
}

/// What a key stands for; the byte behind the shard number.
#[derive(Clone, Copy)]
enum Kind {
    Claim = 0,
    Row = 1,
    /// Never deleted; what it holds says nothing yet.
    Mark = 2,
}

fn stored_key(shard: ShardId, kind: Kind, key: &[u8]) -> Vec<u8> {
    let mut stored = Vec::with_capacity(PREFIX_BYTES + key.len());
    stored.extend_from_slice(&shard.0.to_be_bytes());
    stored.push(kind as u8);
    stored.extend_from_slice(key);
    stored
}

impl Store for Embedded {
    fn claim(&self, shard: ShardId, owner: &str) -> Result<Epoch, StoreError> {
        let (answer, answered) = sync_channel(1);
        let owner = owner.to_owned();
        self.ask(Request::Claim { shard, owner, answer }, &answered)?
    }

    fn commit(&self, shard: ShardId, epoch: Epoch, batch: Batch) -> Result<(), CommitError> {
        for (key, _) in batch.writes() {
            assert!(key.len() <= KEY_BYTES_MAX, "a key of {} bytes is too long", key.len());
        }
        let (answer, answered) = sync_channel(1);
        let request = Request::Commit { shard, epoch, batch, answer };
        self.ask(request, &answered).map_err(CommitError::Unknown)?
    }

    fn get(&self, shard: ShardId, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let key = stored_key(shard, Kind::Row, key);
        let value = self.published.moment().get(&self.keyspace, key).map_err(store_error)?;
        Ok(value.map(|value| value.to_vec()))
    }

    fn scan(
        &self,
        shard: ShardId,
        range: Range<&[u8]>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        if range.end <= range.start {
            return Ok(Vec::new());
        }
        let start = stored_key(shard, Kind::Row, range.start);
        let end = stored_key(shard, Kind::Row, range.end);
        let rows = self.published.moment().range(&self.keyspace, start..end);
        let entry = |row: fjall::Guard| {
            let (key, value) = row.into_inner().map_err(store_error)?;
            Ok((key[PREFIX_BYTES..].to_vec(), value.to_vec()))
        };
        match direction {
            Direction::Ascending => rows.take(limit).map(entry).collect(),
            Direction::Descending => rows.rev().take(limit).map(entry).collect(),
        }
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        Ok(Box::new(Moment {
            moment: self.published.moment(),
            keyspace: self.keyspace.clone(),
            _directory: Arc::clone(&self.directory),
        }))
    }
}

#[cfg(test)]
mod tests;
