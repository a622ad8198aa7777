//! Checks what is registered. It is no projection, so nothing of it is repaired.

use super::finding::{Shown, What};
use super::mender::Mender;
use super::{Audit, CheckError};
use crate::keys::{self, Table};
use crate::registrar::Restoration;
use crate::values::{self, Damage};
use engine::registry::DomainRecord;
use wire::{ActivityTypeDetail, WorkflowTypeDetail};

/// Checks every row of the registry's shard.
pub fn check(audit: &mut Audit<'_>, mender: &Mender<'_>) -> Result<(), CheckError> {
    for table in Table::OF_REGISTRY {
        let mut range = table.keys();
        loop {
            let rows = mender.next(&mut range)?;
            if rows.is_empty() {
                break;
            }
            for (key, bytes) in rows {
                audit.report.rows += 1;
                match named(table, &key, &bytes) {
                    Ok(named) if named == Some(key.clone()) => (),
                    Ok(_) => {
                        let what = What::UnknownKey { key: Shown::bytes(&key) };
                        audit.found(mender, None, Some(table), what, false);
                    }
                    Err(damage) => {
                        let what = What::Damaged { why: damage.to_string() };
                        audit.found(mender, None, Some(table), what, false);
                    }
                }
                if let (Table::ActivityType | Table::WorkflowType, Some((scope, domain))) =
                    (table, keys::parse_domain(&key))
                    && mender.get(&keys::domain(&scope, &domain))?.is_none()
                {
                    let what = What::DomainMissing { domain };
                    audit.found(mender, None, Some(table), what, false);
                }
            }
        }
    }
    audit.unknown_keys(mender, &Table::OF_REGISTRY)
}

/// The key that a value belongs under; `None` if its own does not say whose it is.
fn named(table: Table, key: &[u8], bytes: &[u8]) -> Result<Option<Vec<u8>>, Damage> {
    if table == Table::TokenKey {
        values::parse_json::<Vec<u8>>(bytes)?;
        return Ok(keys::parse_token_key(key).map(keys::token_key));
    }
    if table == Table::Restoration {
        values::parse_json::<Restoration>(bytes)?;
        return Ok(keys::parse_restoration(key).map(keys::restoration));
    }
    let Some((scope, domain)) = keys::parse_domain(key) else { return Ok(None) };
    Ok(Some(if table == Table::Domain {
        let record: DomainRecord = values::parse_json(bytes)?;
        keys::domain(&scope, &record.name)
    } else if table == Table::ActivityType {
        let detail: ActivityTypeDetail = values::parse_json(bytes)?;
        keys::activity_type(&scope, &domain, &detail.type_info.activity_type)
    } else {
        let detail: WorkflowTypeDetail = values::parse_json(bytes)?;
        keys::workflow_type(&scope, &domain, &detail.type_info.workflow_type)
    }))
}
