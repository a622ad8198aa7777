//! The access keys that were deleted, as far as that is remembered: [`DELETED_KEYS_MAX`] of each
//! account.
//!
//! Whoever has the most of them makes room for more: somebody who may make and delete their own keys
//! could otherwise have those of all others forgotten, and one that has leaked come back by a document.

use super::change::Change;
use super::directory::Directory;
use super::limits::DELETED_KEYS_MAX;
use super::record::{DeletedKeyRecord, KeyOwner, KeyRecord};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use wire::Timestamp;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeletedKeys {
    records: BTreeMap<Arc<str>, Arc<DeletedKeyRecord>>,
    /// Those of each account by whose they were, the oldest first.
    by_owner: BTreeMap<Arc<str>, BTreeMap<Option<KeyOwner>, ByAge>>,
}

type ByAge = BTreeSet<(Timestamp, Arc<str>)>;

impl DeletedKeys {
    /// One of them.
    pub fn get(&self, id: &str) -> Option<&Arc<DeletedKeyRecord>> {
        self.records.get(id)
    }

    /// Those that are to be forgotten of an account before `more` are put: the oldest of whoever has
    /// the most.
    fn surplus(&self, account: &str, more: usize) -> Vec<Arc<str>> {
        let Some(by_owner) = self.by_owner.get(account) else { return Vec::new() };
        let mut owners: Vec<&ByAge> = by_owner.values().collect();
        let count: usize = owners.iter().map(|keys| keys.len()).sum();
        let surplus = (count + more).saturating_sub(DELETED_KEYS_MAX);
        owners.sort_by(|one, other| {
            other.len().cmp(&one.len()).then_with(|| one.first().cmp(&other.first()))
        });
        owners.into_iter().flatten().take(surplus).map(|(_, id)| Arc::clone(id)).collect()
    }

    /// Remembers one.
    pub fn put(&mut self, record: DeletedKeyRecord) {
        self.forget(&record.id);
        let by_owner = self.by_owner.entry(Arc::clone(&record.account)).or_default();
        let by_age = by_owner.entry(record.owner.clone()).or_default();
        by_age.insert((record.deleted_at, Arc::clone(&record.id)));
        self.records.insert(Arc::clone(&record.id), Arc::new(record));
    }

    /// Forgets one.
    pub fn forget(&mut self, id: &Arc<str>) {
        let Some(record) = self.records.remove(id) else { return };
        let DeletedKeyRecord { account, owner, deleted_at, .. } = &*record;
        let Some(by_owner) = self.by_owner.get_mut(account) else { return };
        if let Some(by_age) = by_owner.get_mut(owner) {
            by_age.remove(&(*deleted_at, Arc::clone(id)));
            if by_age.is_empty() {
                by_owner.remove(owner);
            }
        }
        if by_owner.is_empty() {
            self.by_owner.remove(account);
        }
    }
}

impl Directory {
    /// Deletes keys of one account, and remembers that. It is remembered before it is done: where only
    /// the first of it is stored, what is there counts.
    pub fn without_keys(&self, keys: &[&Arc<KeyRecord>], now: Timestamp) -> Vec<Change> {
        let Some(first) = keys.first() else { return Vec::new() };
        let surplus = self.deleted_keys().surplus(&first.account, keys.len());
        let mut changes: Vec<Change> = surplus.into_iter().map(Change::ForgetDeletedKey).collect();
        for key in keys {
            changes.push(Change::PutDeletedKey(DeletedKeyRecord {
                id: Arc::clone(&key.id),
                account: Arc::clone(&key.account),
                owner: Some(key.owner.clone()),
                deleted_at: now,
            }));
            changes.push(Change::DeleteKey(Arc::clone(&key.id)));
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::record::Folded;

    const ACCOUNT: &str = "123456789012";

    fn record(owner: &str, number: usize, at: i64) -> DeletedKeyRecord {
        DeletedKeyRecord {
            id: format!("{owner}-{number:05}").into(),
            account: ACCOUNT.into(),
            owner: Some(KeyOwner::User(Folded::of(owner))),
            deleted_at: Timestamp(at),
        }
    }

    fn surplus(keys: &DeletedKeys, more: usize) -> Vec<String> {
        keys.surplus(ACCOUNT, more).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_record_without_an_owner_is_one_all_the_same() {
        let old = r#"{"id":"AKIAOLD","account":"123456789012","deleted_at":1.0}"#;
        let record: DeletedKeyRecord = serde_json::from_str(old).expect("it was right once");
        assert_eq!(record.owner, None);
        let mut keys = DeletedKeys::default();
        keys.put(record);
        assert!(keys.get("AKIAOLD").is_some());
        assert_eq!(surplus(&keys, DELETED_KEYS_MAX), ["AKIAOLD"]);
    }

    #[test]
    fn of_more_than_are_remembered_the_oldest_go() {
        let mut keys = DeletedKeys::default();
        for number in 1..DELETED_KEYS_MAX {
            keys.put(record("ann", number, number as i64));
        }
        assert_eq!(surplus(&keys, 1), [] as [String; 0]);
        assert_eq!(surplus(&keys, 2), ["ann-00001"]);
        // Deleted again, it is as new.
        keys.put(record("ann", 1, DELETED_KEYS_MAX as i64));
        assert_eq!(surplus(&keys, 3), ["ann-00002", "ann-00003"]);
        keys.forget(&"ann-00003".into());
        assert_eq!(surplus(&keys, 3), ["ann-00002"]);
        assert_eq!(keys.surplus("000000000000", DELETED_KEYS_MAX + 1), []);
    }

    /// Who may do no more than change their own keys does it ten thousand times.
    #[test]
    fn nobody_has_the_keys_of_others_forgotten() {
        let mut keys = DeletedKeys::default();
        keys.put(record("bob", 0, 0));
        for number in 0..DELETED_KEYS_MAX + 10 {
            for id in keys.surplus(ACCOUNT, 1) {
                keys.forget(&id);
            }
            keys.put(record("eve", number, 1 + number as i64));
        }
        assert!(keys.get("bob-00000").is_some());
        assert!(keys.get("eve-00010").is_none());
        assert_eq!(keys.records.len(), DELETED_KEYS_MAX);
    }

    /// No more are remembered where everybody has as few as can be.
    #[test]
    fn several_make_room_where_one_has_too_few() {
        let mut keys = DeletedKeys::default();
        for number in 0..DELETED_KEYS_MAX {
            keys.put(record(&format!("user-{number:05}"), 0, number as i64));
        }
        assert_eq!(surplus(&keys, 2), ["user-00000-00000", "user-00001-00000"]);
    }
}
