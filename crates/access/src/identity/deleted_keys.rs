//! The access keys that were deleted, as far as that is remembered: [`DELETED_KEYS_MAX`] of each
//! account.

use super::limits::DELETED_KEYS_MAX;
use super::record::DeletedKeyRecord;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use wire::Timestamp;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeletedKeys {
    records: BTreeMap<Arc<str>, Arc<DeletedKeyRecord>>,
    /// Those of each account, the oldest first.
    by_age: BTreeMap<Arc<str>, BTreeSet<(Timestamp, Arc<str>)>>,
}

impl DeletedKeys {
    /// One of them.
    pub fn get(&self, id: &str) -> Option<&Arc<DeletedKeyRecord>> {
        self.records.get(id)
    }

    /// Those that are to be forgotten of an account before `more` are put: the oldest.
    pub fn surplus(&self, account: &str, more: usize) -> Vec<Arc<str>> {
        let Some(by_age) = self.by_age.get(account) else { return Vec::new() };
        let surplus = (by_age.len() + more).saturating_sub(DELETED_KEYS_MAX);
        by_age.iter().take(surplus).map(|(_, id)| Arc::clone(id)).collect()
    }

    /// Remembers one.
    pub fn put(&mut self, record: DeletedKeyRecord) {
        self.forget(&record.id);
        let by_age = self.by_age.entry(Arc::clone(&record.account)).or_default();
        by_age.insert((record.deleted_at, Arc::clone(&record.id)));
        self.records.insert(Arc::clone(&record.id), Arc::new(record));
    }

    /// Forgets one.
    pub fn forget(&mut self, id: &Arc<str>) {
        let Some(record) = self.records.remove(id) else { return };
        if let Some(by_age) = self.by_age.get_mut(&record.account) {
            by_age.remove(&(record.deleted_at, Arc::clone(id)));
            if by_age.is_empty() {
                self.by_age.remove(&record.account);
            }
        }
    }
}
