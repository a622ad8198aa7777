//! What a failure of the engine means to whoever operates the store.
//!
//! Knows the engine's errors by their kind alone; what it says of them is kept beside the meaning.

use super::OpenError;
use crate::contract::StoreError;
use fjall::{Error, LsmError};
use std::io;
use std::path::Path;

/// What is to be done differs between these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// What is read is not what was written.
    Damage,
    NoRoom,
    /// The engine has seen a write fail and refuses all that follow.
    Earlier,
    Other,
}

impl Failure {
    pub(super) fn of(error: &Error) -> Failure {
        match error {
            Error::Io(error) | Error::Storage(LsmError::Io(error)) => Failure::of_io(error),
            Error::Storage(_)
            | Error::JournalRecovery(_)
            | Error::InvalidVersion(_)
            | Error::Decompress(_)
            | Error::InvalidTrailer
            | Error::InvalidTag(_)
            | Error::Unrecoverable => Failure::Damage,
            Error::Poisoned => Failure::Earlier,
            // The engine's errors may become more.
            Error::KeyspaceDeleted | Error::Locked | _ => Failure::Other,
        }
    }

    fn of_io(error: &io::Error) -> Failure {
        let kind = error.kind();
        if matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            Failure::NoRoom
        } else if matches!(kind, io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData) {
            Failure::Damage
        } else {
            Failure::Other
        }
    }
}

pub(super) fn store_error(error: Error) -> StoreError {
    StoreError(match Failure::of(&error) {
        Failure::Damage => format!(
            "bytes on the disk are damaged ({error}); what is behind them cannot be read or \
             repaired: restore a backup"
        ),
        Failure::NoRoom => {
            format!("no room is left on the disk ({error}); make room and start again")
        }
        Failure::Earlier => format!(
            "a flush or a compaction has failed before ({error}); if there is room on the disk, \
             distrust the disk"
        ),
        Failure::Other => error.to_string(),
    })
}

/// Why the engine did not open `path`.
pub(super) fn open_error(path: &Path, source: Error) -> OpenError {
    let path = path.to_owned();
    match Failure::of(&source) {
        Failure::Damage => OpenError::Damaged { path, source },
        Failure::NoRoom => OpenError::NoRoom { dir: path, shortage: source.to_string() },
        Failure::Earlier | Failure::Other => OpenError::Engine { path, source },
    }
}
