//! The rows of the identities: which a change puts and deletes, and which change one follows from.

use super::{IdentitiesError, TIME_AHEAD_MILLISECONDS_MAX};
use crate::keys::{self, Table};
use crate::values::{self, Damage};
use access::identity::{Change, Directory, Folded};
use std::sync::Arc;
use store::{Batch, Direction, Store};
use wire::Timestamp;

/// How many rows are read at a time when the identities are loaded.
pub(super) const ROWS_PER_SCAN: usize = 1000;

/// The rows that a change puts and deletes.
pub(super) fn write(change: &Change, batch: &mut Batch) {
    match change {
        Change::PutAccount(record) => batch.put(keys::account(&record.id), values::json(record)),
        Change::DeleteAccount(id) => batch.delete(keys::account(id)),
        Change::PutPolicy(account, record) => {
            batch.put(
                keys::managed_policy(account, &Folded::of(&record.name)),
                values::json(record),
            );
        }
        Change::DeletePolicy(account, name) => batch.delete(keys::managed_policy(account, name)),
        Change::PutGroup(account, record) => {
            batch.put(keys::group(account, &Folded::of(&record.name)), values::json(record));
        }
        Change::DeleteGroup(account, name) => batch.delete(keys::group(account, name)),
        Change::PutUser(account, record) => {
            batch.put(keys::user(account, &Folded::of(&record.name)), values::json(record));
        }
        Change::DeleteUser(account, name) => batch.delete(keys::user(account, name)),
        Change::PutRole(account, record) => {
            batch.put(keys::role(account, &Folded::of(&record.name)), values::json(record));
        }
        Change::DeleteRole(account, name) => batch.delete(keys::role(account, name)),
        Change::PutKey(record) => batch.put(keys::access_key(&record.id), values::json(record)),
        Change::DeleteKey(id) => {
            batch.delete(keys::access_key(id));
            batch.delete(keys::key_use(id));
        }
        Change::PutKeyUse(id, key_use) => batch.put(keys::key_use(id), values::json(key_use)),
        Change::PutDeletedKey(record) => {
            batch.put(keys::deleted_key(&record.id), values::json(record));
        }
        Change::ForgetDeletedKey(id) => batch.delete(keys::deleted_key(id)),
        Change::PutTime(at) => batch.put(keys::latest_time(), values::json(at)),
    }
}

/// The change that a row follows from.
pub(crate) fn change_of(table: Table, key: &[u8], bytes: &[u8]) -> Result<Change, Damage> {
    let damaged = || Damage(format!("a key of the table {table} does not decode"));
    let named = || keys::parse_identity(key).map(Arc::from).ok_or_else(damaged);
    let change = if table == Table::Account {
        Change::PutAccount(values::parse_json(bytes)?)
    } else if table == Table::ManagedPolicy {
        Change::PutPolicy(named()?, values::parse_json(bytes)?)
    } else if table == Table::Group {
        Change::PutGroup(named()?, values::parse_json(bytes)?)
    } else if table == Table::User {
        Change::PutUser(named()?, values::parse_json(bytes)?)
    } else if table == Table::Role {
        Change::PutRole(named()?, values::parse_json(bytes)?)
    } else if table == Table::AccessKey {
        Change::PutKey(values::parse_json(bytes)?)
    } else if table == Table::KeyUse {
        Change::PutKeyUse(named()?, values::parse_json(bytes)?)
    } else if table == Table::LatestTime {
        Change::PutTime(values::parse_json(bytes)?)
    } else if table == Table::DeletedKey {
        Change::PutDeletedKey(values::parse_json(bytes)?)
    } else {
        return Err(damaged());
    };
    // The key that the change is written under must be the one that it was found under.
    let mut batch = Batch::default();
    write(&change, &mut batch);
    match batch.get(key) {
        Some(Some(_)) => Ok(change),
        Some(None) | None => Err(damaged()),
    }
}

/// Folds everything that is stored.
pub(super) fn load(store: &dyn Store, now: Timestamp) -> Result<Directory, IdentitiesError> {
    let mut directory = Directory::default();
    for table in Table::OF_IDENTITIES {
        let mut range = table.keys();
        loop {
            let rows = store.scan(
                keys::IDENTITY_SHARD,
                range.start.as_slice()..range.end.as_slice(),
                Direction::Ascending,
                ROWS_PER_SCAN,
            )?;
            for (key, bytes) in &rows {
                let change = change_of(table, key, bytes)?;
                if let Change::PutTime(at) = change
                    && at.0 - now.0 > TIME_AHEAD_MILLISECONDS_MAX
                {
                    tracing::warn!("the clock is far behind of where it has been");
                    continue;
                }
                directory.evolve(change)?;
            }
            let Some((mut last, _)) = rows.into_iter().last() else { break };
            last.push(0); // The smallest key after it.
            range.start = last;
        }
    }
    directory.check_references()?;
    Ok(directory)
}
