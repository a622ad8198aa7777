//! What the embedded store held at one moment.
//!
//! Invariant: the engine drops no row that it shows, so its rows keep their room as long as it is
//! held; and the directory stays locked. Knows nothing of how the moment was chosen.

use super::directory::Directory;
use super::{Kind, PREFIX_BYTES, store_error, stored_key};
use crate::contract::{Entry, Page, ShardId, Snapshot, StoreError};
use fjall::{Keyspace, Readable};
use std::ops::Bound;
use std::sync::Arc;

pub(super) struct Moment {
    pub(super) moment: Arc<fjall::Snapshot>,
    pub(super) keyspace: Keyspace,
    /// Last, so that the directory stays locked until all else is gone.
    pub(super) _directory: Arc<Directory>,
}

impl Snapshot for Moment {
    /// Looks for the first row behind each shard, so it reads few rows however many there are.
    fn shards(&self) -> Result<Vec<ShardId>, StoreError> {
        let mut found = Vec::new();
        let mut next = Some(0_u16);
        while let Some(number) = next {
            let from = stored_key(ShardId(number), Kind::Row, b"");
            let Some(row) = self.moment.range(&self.keyspace, from..).next() else { break };
            let key = row.key().map_err(store_error)?;
            let number = u16::from_be_bytes([key[0], key[1]]);
            next = match key[2].cmp(&(Kind::Row as u8)) {
                // A claim, and the rows of its shard behind it.
                std::cmp::Ordering::Less => Some(number),
                std::cmp::Ordering::Equal => {
                    found.push(ShardId(number));
                    number.checked_add(1)
                }
                std::cmp::Ordering::Greater => number.checked_add(1),
            };
        }
        Ok(found)
    }

    fn page(
        &self,
        shard: ShardId,
        after: Option<&[u8]>,
        bytes_max: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let start = match after {
            Some(key) => Bound::Excluded(stored_key(shard, Kind::Row, key)),
            None => Bound::Included(stored_key(shard, Kind::Row, b"")),
        };
        let end = Bound::Excluded(stored_key(shard, Kind::Mark, b""));
        let mut page = Page::new(bytes_max);
        for row in self.moment.range(&self.keyspace, (start, end)) {
            let (key, value) = row.into_inner().map_err(store_error)?;
            let key = &key[PREFIX_BYTES..];
            if !page.takes(key, &value) {
                break;
            }
            page.entries.push((key.to_vec(), value.to_vec()));
        }
        Ok(page.entries)
    }
}
