//! Checks the identities. They are no projection, so nothing of them is repaired. Secrets are not
//! opened: a check has no master key.

use super::finding::{Shown, What};
use super::mender::Mender;
use super::{Audit, CheckError};
use crate::identities::change_of;
use crate::keys::Table;
use access::identity::Directory;

/// Checks every row of the identities' shard, and that they go together.
pub fn check(audit: &mut Audit<'_>, mender: &Mender<'_>) -> Result<(), CheckError> {
    let mut directory = Directory::default();
    // Where a row is missing, those that name it are of no use either; that is told once.
    let mut whole = true;
    for table in Table::OF_IDENTITIES {
        let mut range = table.keys();
        loop {
            let rows = mender.next(&mut range)?;
            if rows.is_empty() {
                break;
            }
            for (key, bytes) in rows {
                audit.report.rows += 1;
                let folded = change_of(table, &key, &bytes)
                    .map_err(|damage| damage.to_string())
                    .and_then(|change| directory.evolve(change).map_err(|error| error.to_string()));
                if let Err(why) = folded {
                    whole = false;
                    let why = format!("{why} (key {})", Shown::bytes(&key));
                    audit.found(mender, None, Some(table), What::Damaged { why }, false);
                }
            }
        }
    }
    if whole && let Err(error) = directory.check_references() {
        let what = What::Damaged { why: error.to_string() };
        audit.found(mender, None, None, what, false);
    }
    audit.unknown_keys(mender, &Table::OF_IDENTITIES)
}
