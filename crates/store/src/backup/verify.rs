//! Looks whether a backup is what it was when it was made.

use super::BackupError;
use super::manifest::{BackupId, Manifest};
use super::repository::Reading;
use std::path::PathBuf;

/// What is said of a manifest whose chunks hold more or less than it says.
pub(super) const COUNTS_DIFFER: &str = "its chunks do not hold what it says";

/// Part of a backup that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The file that is damaged, or that cannot be read.
    pub path: PathBuf,
    /// What is wrong with it, in words.
    pub what: String,
}

/// What has been looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Chunks, as often as the backup names them.
    pub chunks: u64,
    /// Rows of those that are whole.
    pub rows: u64,
    /// Keys and values of those that are whole, in bytes.
    pub bytes: u64,
    /// Files that are not.
    pub damaged: u64,
}

/// Reads every chunk of a backup and hands what is wrong to `tell`.
pub fn verify(
    repository: &Reading,
    id: &BackupId,
    manifest: &Manifest,
    tell: &mut dyn FnMut(Damage),
    progress: &mut dyn FnMut(&Verified),
) -> Verified {
    let mut verified = Verified::default();
    for shard in &manifest.shards {
        let mut last: Option<Vec<u8>> = None;
        for chunk in &shard.chunks {
            let name = chunk.sha256.0;
            let path = repository.chunk_path(name);
            verified.chunks += 1;
            let found = repository.entries(name).map_err(|error| match error {
                BackupError::Damaged { what, .. } => what,
                error @ (BackupError::Io { .. }
                | BackupError::NoRepository { .. }
                | BackupError::Foreign { .. }
                | BackupError::Format { .. }
                | BackupError::InUse { .. }
                | BackupError::Empty { .. }
                | BackupError::Unknown { .. }
                | BackupError::Ambiguous { .. }
                | BackupError::Unsure { .. }
                | BackupError::Later { .. }
                | BackupError::TooLarge { .. }
                | BackupError::Unflushed { .. }
                | BackupError::OutOfOrder { .. }
                | BackupError::Store(_)) => error.to_string(),
            });
            let what = match found {
                Ok(entries) => {
                    let first = entries.first().map(|(key, _)| key);
                    let is_named = first == Some(&chunk.first.0);
                    let is_behind = first.is_none_or(|first| last.as_ref() < Some(first));
                    if !is_named || entries.len() as u64 != chunk.rows {
                        "its rows are not those that its backup names".to_owned()
                    } else if !is_behind {
                        "its rows are not behind those of the chunk before it".to_owned()
                    } else {
                        verified.rows += entries.len() as u64;
                        let bytes = entries.iter().map(|(key, value)| key.len() + value.len());
                        verified.bytes += bytes.sum::<usize>() as u64;
                        last = entries.into_iter().next_back().map(|(key, _)| key);
                        progress(&verified);
                        continue;
                    }
                }
                Err(what) => what,
            };
            verified.damaged += 1;
            tell(Damage { path, what });
        }
    }
    if verified.damaged == 0 && (verified.rows, verified.bytes) != (manifest.rows, manifest.bytes) {
        verified.damaged += 1;
        tell(Damage { path: repository.manifest_path(id), what: COUNTS_DIFFER.to_owned() });
    }
    verified
}
