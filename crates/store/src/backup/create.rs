//! Makes a backup of a snapshot.

use super::BackupError;
use super::cutter::{Cut, Cutter};
use super::manifest::{BackupId, ChunkOf, FORMAT, Key, Manifest, Name, ShardOf, TakenAt};
use super::repository::Writing;
use crate::contract::{ShardId, Snapshot};
use crate::embedded;

/// How much is read at a time, in bytes of keys and values.
const PAGE_BYTES_MAX: usize = 1024 * 1024;

/// How far a backup has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Shards that are done.
    pub shards: u64,
    /// Shards that hold rows.
    pub shards_all: u64,
    /// Rows that have been read.
    pub rows: u64,
    /// Their keys and values, in bytes.
    pub bytes: u64,
    /// Chunks that were cut.
    pub chunks: u64,
    /// Those that were not there.
    pub chunks_new: u64,
    /// Their files, in bytes.
    pub bytes_new: u64,
}

/// A backup that has been made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// Its name.
    pub id: BackupId,
    /// What was done for it.
    pub progress: Progress,
    /// The newest backup, if that is another: one that was made while the clock showed a later time.
    pub behind: Option<BackupId>,
}

/// Makes a backup of `snapshot`, which was taken at `taken_at`. What fails leaves no backup, but
/// perhaps chunks for the next one.
pub fn create(
    mut repository: Writing,
    snapshot: &dyn Snapshot,
    taken_at: TakenAt,
    build: &str,
    tell: &mut dyn FnMut(&Progress),
) -> Result<Created, BackupError> {
    let shards = snapshot.shards()?;
    if let Some([before, shard]) = first_unsorted(&shards) {
        return Err(out_of_order(format!("shard {} behind shard {}", shard.0, before.0)));
    }
    let mut progress = Progress { shards_all: shards.len() as u64, ..Progress::default() };
    let mut listed = Vec::new();
    for shard in shards {
        let mut cutter = Cutter::default();
        let mut chunks = Vec::new();
        let mut last: Option<Vec<u8>> = None;
        loop {
            let page = snapshot.page(shard, last.as_deref(), PAGE_BYTES_MAX)?;
            if page.is_empty() {
                break;
            }
            let mut before = last.as_deref();
            for (key, value) in &page {
                if before.is_some_and(|before| key.as_slice() <= before) {
                    return Err(out_of_order(format!("the keys of rows in shard {}", shard.0)));
                }
                before = Some(key);
                progress.rows += 1;
                progress.bytes += (key.len() + value.len()) as u64;
                for cut in cutter.push(key, value)? {
                    chunks.push(store(&mut repository, cut, &mut progress)?);
                }
            }
            last = page.into_iter().next_back().map(|(key, _)| key);
            tell(&progress);
        }
        if let Some(cut) = cutter.finish() {
            chunks.push(store(&mut repository, cut, &mut progress)?);
        }
        // One that was listed and whose rows never came would not be read back.
        if !chunks.is_empty() {
            listed.push(ShardOf { shard: shard.0, chunks });
        }
        progress.shards += 1;
        tell(&progress);
    }
    let manifest = Manifest {
        format: FORMAT,
        store_format: embedded::FORMAT,
        build: build.to_owned(),
        taken_at,
        rows: progress.rows,
        bytes: progress.bytes,
        shards: listed,
    };
    let newest = repository.reading().ids()?.pop();
    let id = repository.finish(&manifest)?;
    let behind = newest.filter(|newest| id < *newest);
    Ok(Created { id, progress, behind })
}

/// The first two of which the second does not come behind the first.
fn first_unsorted(shards: &[ShardId]) -> Option<&[ShardId; 2]> {
    shards.array_windows().find(|[before, shard]| shard <= before)
}

fn out_of_order(what: String) -> BackupError {
    BackupError::OutOfOrder { what }
}

fn store(
    repository: &mut Writing,
    cut: Cut,
    progress: &mut Progress,
) -> Result<ChunkOf, BackupError> {
    let stored = repository.put(&cut.plain)?;
    progress.chunks += 1;
    if let Some(bytes) = stored.new_bytes {
        progress.chunks_new += 1;
        progress.bytes_new += bytes;
    }
    Ok(ChunkOf { sha256: Name(stored.name), rows: cut.rows, first: Key(cut.first) })
}
