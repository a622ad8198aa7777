//! A repair of the engine's journal after a power failure.
//!
//! The engine drops a commit at the journal's end that is cut short, but refuses to open a journal
//! whose last commit has its end and lacks a page before it. A disk may leave just that, as it
//! writes the pages of a flush in any order, and a page of zeros within a large value is not seen
//! for what it is before the checksum. Such a commit was never acknowledged.
//!
//! Invariant: only the last commit is ever given up, and only while the engine then accepts all
//! before it; otherwise the journal is put back as it was found. Relies on the committer, which
//! begins a write only when the one before is durable: what a power failure tears is the last.
//! Knows nothing of the journal's format but the trailer of a commit.

use std::fs::{self, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The last bytes of every commit in the engine's journal.
const TRAILER: [u8; 4] = *b"FJL\x03";
const JOURNAL_EXTENSION: &str = "jnl";

/// Runs `open`, once more without the journal's last commit if that one is torn.
pub(super) fn open_repaired<Opened>(
    engine_path: &Path,
    open: impl Fn() -> fjall::Result<Opened>,
) -> fjall::Result<Opened> {
    let refused = match open() {
        Err(refused) if is_checksum_mismatch(&refused) => refused,
        result @ (Ok(_) | Err(_)) => return result,
    };
    let Some(cut) = cut_last_trailer(engine_path)? else {
        return Err(refused);
    };
    match open() {
        Ok(opened) => {
            tracing::warn!(
                journal = %cut.path.display(),
                "dropped the journal's last commit: it is torn, as by a power failure"
            );
            Ok(opened)
        }
        // The damage is elsewhere, in commits that were acknowledged: not ours to drop.
        Err(_) => {
            cut.restore()?;
            Err(refused)
        }
    }
}

fn is_checksum_mismatch(error: &fjall::Error) -> bool {
    let mismatch = fjall::JournalRecoveryError::ChecksumMismatch;
    matches!(error, fjall::Error::JournalRecovery(found) if *found == mismatch)
}

/// A journal that has lost the trailer of its last commit.
struct Cut {
    path: PathBuf,
    /// Where the trailer was.
    offset: u64,
    bytes_before: u64,
}

impl Cut {
    fn restore(self) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).open(&self.path)?;
        file.seek(SeekFrom::Start(self.offset))?;
        file.write_all(&TRAILER)?;
        file.set_len(self.bytes_before)?;
        file.sync_all()
    }
}

/// Without its trailer a commit is one that was cut short.
fn cut_last_trailer(engine_path: &Path) -> io::Result<Option<Cut>> {
    let Some(path) = last_journal(engine_path)? else {
        return Ok(None);
    };
    // Read whole: this is rare, and a journal is bounded by what is replayed at every start.
    let bytes = fs::read(&path)?;
    // Behind the last commit are the zeros of a file that is allocated in advance.
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let Some(before) = bytes[..end].strip_suffix(&TRAILER) else {
        return Ok(None);
    };
    let offset = before.len() as u64;
    let file = OpenOptions::new().write(true).open(&path)?;
    file.set_len(offset)?;
    file.sync_all()?;
    Ok(Some(Cut { path, offset, bytes_before: bytes.len() as u64 }))
}

/// The journal with the largest number is the one that was being written.
pub(super) fn last_journal(engine_path: &Path) -> io::Result<Option<PathBuf>> {
    let mut last: Option<(u64, PathBuf)> = None;
    for entry in fs::read_dir(engine_path)? {
        let path = entry?.path();
        let is_journal = path.extension().is_some_and(|found| found == JOURNAL_EXTENSION);
        let number = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
        if let (true, Some(number)) = (is_journal, number) {
            last = last.max(Some((number, path)));
        }
    }
    Ok(last.map(|(_, path)| path))
}
