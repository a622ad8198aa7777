//! Checks the numbers of open executions, once the histories have been looked at.

use super::CheckError;
use super::finding::{Shown, What};
use super::shard::ShardCheck;
use crate::keys::Table;
use crate::values;

/// See the module. Whether a run is open whose history is damaged cannot be told: then nor can it be
/// told what the numbers should be, and they are left as they are.
pub fn check(check: &mut ShardCheck<'_, '_>) -> Result<(), CheckError> {
    let Some(mut open) = check.take_open() else { return Ok(()) };
    let (mut range, mut is_counted) = (Table::OpenCount.keys(), false);
    loop {
        let rows = check.mender.next(&mut range)?;
        if rows.is_empty() {
            break;
        }
        for (key, found) in rows {
            is_counted = true;
            check.audit.report.rows += 1;
            let Some(open) = open.remove(&key) else {
                check.stray(Table::OpenCount, None, key, &found)?;
                continue;
            };
            if values::parse_json::<u64>(&found).is_ok_and(|counted| counted == open) {
                continue;
            }
            let expected = values::json(&open);
            let what = What::Different { expected: shown(&expected), found: shown(&found) };
            check.found(None, Table::OpenCount, what, true);
            check.mender.put(key, expected)?;
        }
    }
    // A shard that was last written before there were such rows gets them all with its next commit.
    for (key, open) in open.into_iter().filter(|_| is_counted) {
        let expected = values::json(&open);
        check.found(None, Table::OpenCount, What::Missing { expected: shown(&expected) }, true);
        check.mender.put(key, expected)?;
    }
    Ok(())
}

fn shown(bytes: &[u8]) -> Shown {
    Shown::value(Table::OpenCount, bytes)
}
