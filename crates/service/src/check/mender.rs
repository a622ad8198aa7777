//! What a check reads and, if it is to repair, writes: one shard, in batches of a bounded size.
//!
//! Reads see what has been staged, so a repair that has not been committed yet is not done twice.

use super::CheckError;
use std::ops::Range;
use store::{Batch, Direction, Entry, Epoch, ShardId, Store, StoreError};

/// How many rows a batch writes at most.
const WRITES_MAX: usize = 256;

/// A batch ends with the write that makes it larger than this, in bytes.
const BATCH_BYTES_MAX: usize = 1024 * 1024;

/// How many rows are read at a time at most. A row of a history may hold a megabyte.
const ROWS_PER_SCAN: usize = 32;

/// See the module.
pub struct Mender<'s> {
    store: &'s dyn Store,
    pub shard: ShardId,
    /// Who repairs; `None` if nobody does.
    owner: Option<&'s str>,
    /// Set by the first write.
    epoch: Option<Epoch>,
    batch: Batch,
    writes: usize,
    bytes: usize,
}

impl<'s> Mender<'s> {
    pub fn new(store: &'s dyn Store, shard: ShardId, owner: Option<&'s str>) -> Mender<'s> {
        let batch = Batch::default();
        Mender { store, shard, owner, epoch: None, batch, writes: 0, bytes: 0 }
    }

    /// True if what is wrong is put right.
    pub fn repairs(&self) -> bool {
        self.owner.is_some()
    }

    /// The value of a key of this shard.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.batch.get(key) {
            Some(staged) => Ok(staged.map(<[u8]>::to_vec)),
            None => self.store.get(self.shard, key),
        }
    }

    /// The value of a key of another shard, which is not repaired at the same time.
    pub fn get_elsewhere(&self, shard: ShardId, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.get(shard, key)
    }

    /// The first entry of a range, or the last. Does not see what is staged.
    pub fn end(
        &self,
        range: &Range<Vec<u8>>,
        direction: Direction,
    ) -> Result<Option<Entry>, StoreError> {
        let range = range.start.as_slice()..range.end.as_slice();
        Ok(self.store.scan(self.shard, range, direction, 1)?.into_iter().next())
    }

    /// The next entries of a range, which is made smaller by them; none at its end. Does not see
    /// what is staged.
    pub fn next(&self, range: &mut Range<Vec<u8>>) -> Result<Vec<Entry>, StoreError> {
        let wanted = range.start.as_slice()..range.end.as_slice();
        let rows = self.store.scan(self.shard, wanted, Direction::Ascending, ROWS_PER_SCAN)?;
        match rows.last() {
            // The smallest key after it.
            Some((last, _)) if rows.len() == ROWS_PER_SCAN => {
                range.start = [last.as_slice(), &[0]].concat();
            }
            Some(_) | None => range.start = range.end.clone(),
        }
        Ok(rows)
    }

    /// Puts a row, if this is a repair.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) -> Result<(), CheckError> {
        self.stage([(key, Some(value))])
    }

    /// Deletes a row, if this is a repair.
    pub fn delete(&mut self, key: Vec<u8>) -> Result<(), CheckError> {
        self.stage([(key, None)])
    }

    /// Moves a row, in one batch, if this is a repair.
    pub fn rename(&mut self, from: Vec<u8>, to: Vec<u8>, value: Vec<u8>) -> Result<(), CheckError> {
        self.stage([(from, None), (to, Some(value))])
    }

    /// Stages writes that belong together.
    fn stage(
        &mut self,
        writes: impl IntoIterator<Item = (Vec<u8>, Option<Vec<u8>>)>,
    ) -> Result<(), CheckError> {
        if !self.repairs() {
            return Ok(());
        }
        for (key, value) in writes {
            self.writes += 1;
            self.bytes += key.len() + value.as_ref().map_or(0, Vec::len);
            match value {
                Some(value) => self.batch.put(key, value),
                None => self.batch.delete(key),
            }
        }
        if self.writes < WRITES_MAX && self.bytes < BATCH_BYTES_MAX { Ok(()) } else { self.flush() }
    }

    /// Commits what is staged.
    pub fn flush(&mut self) -> Result<(), CheckError> {
        let batch = std::mem::take(&mut self.batch);
        (self.writes, self.bytes) = (0, 0);
        let Some(owner) = self.owner.filter(|_| !batch.is_empty()) else { return Ok(()) };
        let epoch = match self.epoch {
            Some(epoch) => epoch,
            None => *self.epoch.insert(self.store.claim(self.shard, owner)?),
        };
        Ok(self.store.commit(self.shard, epoch, batch)?)
    }
}
