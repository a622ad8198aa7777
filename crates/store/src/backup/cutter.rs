//! Where one chunk ends and the next begins. Pure.
//!
//! Invariant: whether a chunk ends behind a row depends on the row and on how long the chunk is by
//! then, and on nothing else. So a row that is put in, taken out or changed makes other chunks only
//! as far as the next place at which both sequences end one, which is a chunk or two away.

use super::BackupError;
use super::chunk;
use sha2::{Digest, Sha256};

/// The usual length of a chunk, in bytes of its plain form. A change costs a chunk, and each chunk
/// costs a file and its flush.
pub const CHUNK_BYTES: usize = 256 * 1024;
/// No chunk but the last of a shard is shorter.
pub const CHUNK_BYTES_MIN: usize = CHUNK_BYTES / 4;
/// Only one row that is itself larger makes a chunk longer.
pub const CHUNK_BYTES_MAX: usize = CHUNK_BYTES * 4;

/// A chunk that has been cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    pub first: Vec<u8>,
    pub rows: u64,
    pub plain: Vec<u8>,
}

/// Cuts the rows of one shard, which come in key order.
#[derive(Default)]
pub struct Cutter {
    current: Option<Cut>,
}

impl Cutter {
    /// Takes a row, and gives the chunks that end before it or behind it.
    pub fn push(&mut self, key: &[u8], value: &[u8]) -> Result<Vec<Cut>, BackupError> {
        let mut ended = Vec::new();
        let bytes = chunk::row_bytes(key, value);
        if self.current.as_ref().is_some_and(|cut| CHUNK_BYTES_MAX < cut.plain.len() + bytes) {
            ended.extend(self.current.take());
        }
        let cut = self.current.get_or_insert_with(|| Cut {
            first: key.to_vec(),
            rows: 0,
            plain: Vec::new(),
        });
        chunk::push_row(&mut cut.plain, key, value)?;
        cut.rows += 1;
        if CHUNK_BYTES_MIN <= cut.plain.len() && ends_behind(key, bytes) {
            ended.extend(self.current.take());
        }
        Ok(ended)
    }

    /// The last chunk, if a row is left for one.
    pub fn finish(self) -> Option<Cut> {
        self.current
    }
}

/// As probable as the row is long, so that chunks are as long wherever rows are short or long.
fn ends_behind(key: &[u8], bytes: usize) -> bool {
    let digest = Sha256::digest(key);
    let number = u64::from_be_bytes(*digest.first_chunk().expect("a digest has 32 bytes"));
    number / bytes as u64 <= u64::MAX / CHUNK_BYTES as u64
}
