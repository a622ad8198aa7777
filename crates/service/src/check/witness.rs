//! Whose a run is when its own row does not say so: a history does not name its domain and its
//! workflow id, but other rows of the run do.

use super::mender::Mender;
use crate::keys::{self, Table};
use crate::values;
use engine::RunIdentity;
use engine::rows::{Key, WorkflowKey};
use std::collections::BTreeMap;
use store::StoreError;
use wire::RunId;

/// How many runs are remembered at a time; for more, the rows are read again.
const RUNS_MAX: usize = 10_000;

/// Runs of a shard whose own rows are missing or wrong, as other rows name them. Holds the first
/// ones from some run on, in the order in which histories are read.
#[derive(Default)]
pub struct Witnesses {
    /// From which run to which one they are known; to the last one if there is no end.
    known: Option<(RunId, Option<RunId>)>,
    found: BTreeMap<RunId, RunIdentity>,
}

/// The identity in a run's own row, if it can be true.
pub fn own(mender: &Mender<'_>, run_id: &RunId) -> Result<Option<RunIdentity>, StoreError> {
    let row = mender.get(&keys::row(&Key::Run(run_id.clone())))?;
    let identity = row.and_then(|bytes| values::parse_identity(&bytes).ok());
    Ok(identity.filter(|identity| is_possible(mender, identity, run_id)))
}

/// Whether a run of this shard can be `identity`.
pub fn is_possible(mender: &Mender<'_>, identity: &RunIdentity, run_id: &RunId) -> bool {
    identity.run_id == *run_id && keys::shard_of(&workflow(identity)) == mender.shard
}

/// The workflow of a run.
pub fn workflow(identity: &RunIdentity) -> WorkflowKey {
    WorkflowKey {
        scope: identity.scope.clone(),
        domain: identity.domain.clone(),
        workflow_id: identity.workflow_id.clone(),
    }
}

impl Witnesses {
    /// Whose a run is that does not say so itself.
    pub fn identity(
        &mut self,
        mender: &Mender<'_>,
        run_id: &RunId,
    ) -> Result<Option<RunIdentity>, StoreError> {
        let known = self
            .known
            .as_ref()
            .is_some_and(|(from, to)| from <= run_id && to.as_ref().is_none_or(|to| run_id <= to));
        if !known {
            self.look(mender, run_id)?;
        }
        Ok(self.found.get(run_id).cloned())
    }

    fn look(&mut self, mender: &Mender<'_>, from: &RunId) -> Result<(), StoreError> {
        self.found.clear();
        let mut to = None;
        for table in [Table::Open, Table::ClosedByStart, Table::ClosedByClose, Table::OpenRun] {
            let mut range = table.keys();
            loop {
                let rows = mender.next(&mut range)?;
                if rows.is_empty() {
                    break;
                }
                for identity in rows.iter().filter_map(|(key, bytes)| named(table, key, bytes)) {
                    let run_id = identity.run_id.clone();
                    let wanted = *from <= run_id && to.as_ref().is_none_or(|to| run_id <= *to);
                    if !wanted
                        || !is_possible(mender, &identity, &run_id)
                        || own(mender, &run_id)?.is_some()
                    {
                        continue;
                    }
                    self.found.insert(run_id, identity);
                    if self.found.len() > RUNS_MAX {
                        self.found.pop_last();
                        to = self.found.last_key_value().map(|(last, _)| last.clone());
                    }
                }
            }
        }
        self.known = Some((from.clone(), to));
        Ok(())
    }
}

/// The run that a row of another table names.
fn named(table: Table, key: &[u8], bytes: &[u8]) -> Option<RunIdentity> {
    if table == Table::OpenRun {
        let WorkflowKey { scope, domain, workflow_id } = keys::parse_open_run(key)?;
        let run_id = values::parse_open_run(bytes).ok()?;
        return Some(RunIdentity { scope, domain, workflow_id, run_id });
    }
    let (scope, domain) = keys::parse_domain(key)?;
    let keys::Position { workflow_id, run_id, at: _ } = keys::parse_listed(key)?;
    Some(RunIdentity { scope, domain, workflow_id, run_id })
}
