//! A repair of the engine's journal after a power failure, and the end of a large one.
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
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The last bytes of every commit in the engine's journal.
const TRAILER: [u8; 4] = *b"FJL\x03";
const JOURNAL_EXTENSION: &str = "jnl";

/// A journal with more bytes than this is ended at the next start, so that it goes when its rows are
/// in tables. The engine itself ends one only after 64 MB, and keeps it until then.
const ENDED_BYTES_MIN: u64 = 8 * 1024 * 1024;
/// What the engine allocates for a journal; a hole until it is written.
const ALLOCATED_BYTES: u64 = 64 * 1024 * 1024;
/// The unit in which a file's size on the disk is told.
const BLOCK_BYTES: u64 = 512;

/// Runs `open` as [`open_repaired`], with a large journal ended before.
pub(super) fn open_ended<Opened>(
    engine_path: &Path,
    open: impl Fn() -> fjall::Result<Opened>,
) -> fjall::Result<Opened> {
    let Some(begun) = begin_if_large(engine_path)? else {
        return open_repaired(engine_path, open);
    };
    match open() {
        Ok(opened) => Ok(opened),
        // As it was found, for the repair and for whoever looks at it.
        Err(_) => {
            fs::remove_file(begun)?;
            open_repaired(engine_path, open)
        }
    }
}

/// Begins the journal behind a large one, as the engine does; a crash behind that leaves an empty
/// one, which it accepts.
fn begin_if_large(engine_path: &Path) -> io::Result<Option<PathBuf>> {
    let Some((number, last)) = journals(engine_path)?.pop() else {
        return Ok(None);
    };
    if fs::metadata(last)?.blocks() * BLOCK_BYTES < ENDED_BYTES_MIN {
        return Ok(None);
    }
    let path = engine_path.join(format!("{}.{JOURNAL_EXTENSION}", number + 1));
    let file = fs::File::create_new(&path)?;
    file.set_len(ALLOCATED_BYTES)?;
    file.sync_all()?;
    fs::File::open(engine_path)?.sync_all()?;
    Ok(Some(path))
}

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
    // The last that holds anything: one behind it may have been begun before a crash.
    for (_, path) in journals(engine_path)?.into_iter().rev() {
        // Read whole: this is rare, and a journal is bounded by what is replayed at every start.
        let bytes = fs::read(&path)?;
        // Behind the last commit are the zeros of a file that is allocated in advance.
        let Some(last) = bytes.iter().rposition(|byte| *byte != 0) else { continue };
        let Some(before) = bytes[..=last].strip_suffix(&TRAILER) else {
            return Ok(None);
        };
        let offset = before.len() as u64;
        let file = OpenOptions::new().write(true).open(&path)?;
        file.set_len(offset)?;
        file.sync_all()?;
        return Ok(Some(Cut { path, offset, bytes_before: bytes.len() as u64 }));
    }
    Ok(None)
}

/// The journals by number; that with the largest is the one that was being written.
pub(super) fn journals(engine_path: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(engine_path)? {
        let path = entry?.path();
        let is_journal = path.extension().is_some_and(|found| found == JOURNAL_EXTENSION);
        let number = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
        if let (true, Some(number)) = (is_journal, number) {
            found.push((number, path));
        }
    }
    found.sort_unstable();
    Ok(found)
}
