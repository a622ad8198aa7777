//! Backups: what a snapshot of a store holds, in a directory beside others of their kind.
//!
//! ```text
//! REPOSITORY                 what the directory is, and its format
//! LOCK                       locked while somebody writes (alone) or reads (with others)
//! chunks/ab/abcd…            rows; the name is the SHA-256 of the file
//! manifests/ID.json          a backup: which chunks it consists of; ID ends with its SHA-256
//! tmp/                       files that are being written
//! ```
//!
//! Invariants: a file has its name only when it is whole and durable, and a manifest only when all
//! its chunks have theirs, so a backup that was cut short is none. A chunk is never changed. Where
//! one ends is decided by the keys in it (`cutter`), so what has not changed since the last backup
//! is in chunks that are there already. Knows nothing of what keys and values mean, nor of time.

mod chunk;
mod create;
mod cutter;
mod manifest;
mod repository;
mod restore;
mod verify;
mod view;

pub use chunk::{pack, unpack};
pub use create::{Created, Progress, create};
pub use manifest::{BackupId, Manifest, TakenAt};
pub use repository::{Pruned, Reading, Writing, prune};
pub use restore::{RestoreError, Restored, restore};
pub use verify::{Damage, Verified, verify};
pub use view::View;

use crate::contract::StoreError;
use std::io;
use std::path::{Path, PathBuf};

/// Why something could not be done with a repository.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is no repository.
    #[error("{} is no backup repository: it has no file REPOSITORY", dir.display())]
    NoRepository {
        /// The directory.
        dir: PathBuf,
    },
    /// A repository was to be made where something else is.
    #[error("{} is neither empty nor a backup repository; it is left alone", dir.display())]
    Foreign {
        /// The directory.
        dir: PathBuf,
    },
    /// Another build has made the repository, or its mark is damaged.
    #[error(
        "{} says {found:?}; this build reads {supported:?}: either a later build has made it, or it \
         is damaged",
        path.display()
    )]
    Format {
        /// The mark of the repository.
        path: PathBuf,
        /// What it says.
        found: String,
        /// What it should say.
        supported: &'static str,
    },
    /// Somebody else uses the repository in a way that goes not with this one.
    #[error("{} is in use by another process: wait for its end", dir.display())]
    InUse {
        /// The repository.
        dir: PathBuf,
    },
    /// There is no backup in the repository.
    #[error("{} holds no backup", dir.display())]
    Empty {
        /// The repository.
        dir: PathBuf,
    },
    /// No backup has this id, or begins with it.
    #[error("{} holds no backup that {text:?} stands for{}", dir.display(), nearest_of(nearest))]
    Unknown {
        /// The repository.
        dir: PathBuf,
        /// What was named.
        text: String,
        /// Those whose ids are most like it, or else the newest; none if there is none.
        nearest: Vec<BackupId>,
    },
    /// Several backups have ids that begin so.
    #[error(
        "{} holds {} backups that {text:?} stands for: {}; name one of them",
        dir.display(),
        candidates.len(),
        listed(candidates)
    )]
    Ambiguous {
        /// The repository.
        dir: PathBuf,
        /// What was named.
        text: String,
        /// Which, oldest first.
        candidates: Vec<BackupId>,
    },
    /// A backup that is to stay cannot be read, so nobody knows which chunks it needs.
    #[error(
        "nothing was removed: {source}; which chunks that backup needs is not known, and none of \
         them must go. To give it up, remove {} and prune again",
        path.display()
    )]
    Unsure {
        /// Its manifest, or what may be one.
        path: PathBuf,
        /// Why it cannot be read.
        source: Box<BackupError>,
    },
    /// A later build has made a backup.
    #[error("{} has format {found}; this build reads {supported}: use a later one", path.display())]
    Later {
        /// Its manifest.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// That of this build.
        supported: u32,
    },
    /// A file is not what it was when it was written.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// In words.
        what: String,
    },
    /// The manifest has its name, and its directory could not be flushed.
    #[error("backup {id} was made, but {source}: if the machine fails, it may be lost")]
    Unflushed {
        /// The backup.
        id: BackupId,
        /// Why not.
        source: Box<BackupError>,
    },
    /// What was to be backed up came in another order than that of a store: nobody could restore it.
    #[error("what is to be backed up comes out of order: {what}")]
    OutOfOrder {
        /// In words.
        what: String,
    },
    /// A row, or the list of all, is larger than what a backup can hold.
    #[error("{what} of {bytes} bytes does not go into a backup, {bytes_max} is the most")]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// The bound.
        bytes_max: usize,
    },
    /// The file system failed.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        what: &'static str,
        /// On which path.
        path: PathBuf,
        /// What came of it.
        source: io::Error,
    },
    /// What was to be backed up could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How many ids are named in a message.
const IDS_NAMED_MAX: usize = 10;

fn listed(ids: &[BackupId]) -> String {
    let named: Vec<&str> = ids.iter().take(IDS_NAMED_MAX).map(BackupId::as_str).collect();
    let more = match ids.len().saturating_sub(IDS_NAMED_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    named.join(", ") + &more
}

fn nearest_of(nearest: &[BackupId]) -> String {
    match nearest {
        [] => "; it holds none at all".to_owned(),
        [..] => format!("; the nearest: {}", listed(nearest)),
    }
}

fn io_error(what: &'static str, path: &Path, source: io::Error) -> BackupError {
    BackupError::Io { what, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
