//! Finds the run that a command is for, and folds it from its history when memory lacks it.

use super::{Shard, Staged, Target, workflow_of};
use crate::{keys, values};
use engine::Execution;
use engine::rows::Key;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use store::{Direction, StoreError};
use wire::{EventAttributes, EventId, Fault, RunId};

use super::Refusal;
use crate::values::{Damage, LoadError};

/// How many stored transitions are read at a time.
const TRANSITIONS_PER_SCAN: usize = 256;

impl Shard {
    /// The run, as it is with everything staged so far.
    pub(super) fn find(
        &mut self,
        target: &Target,
        staged: &Staged,
    ) -> Result<Arc<Execution>, Refusal> {
        match target {
            Target::Run(scope, domain, run_id) => {
                let found = self.load(run_id)?.filter(|found| {
                    found.identity.scope == *scope && found.identity.domain == *domain
                });
                Ok(found.ok_or_else(|| unknown_run(run_id))?)
            }
            Target::Known(run_id) => Ok(self.load(run_id)?.ok_or_else(|| unknown_run(run_id))?),
            Target::Execution(workflow, run_id) => {
                let found = self.load(run_id)?;
                let named = found.filter(|found| workflow_of(&found.identity) == *workflow);
                Ok(named.ok_or_else(|| Fault::unknown_run(&workflow.workflow_id, run_id))?)
            }
            Target::Open(workflow) => {
                let unknown = || Fault::unknown_workflow(&workflow.workflow_id);
                let row = self.get(&keys::row(&Key::OpenRun(workflow.clone())), staged)?;
                let run_id = values::parse_open_run(&row.ok_or_else(unknown)?)?;
                Ok(self.load(&run_id)?.ok_or_else(unknown)?)
            }
        }
    }

    /// A row, as it is with everything staged so far.
    pub(super) fn get(&self, key: &[u8], staged: &Staged) -> Result<Option<Vec<u8>>, StoreError> {
        match staged.batch.get(key) {
            Some(staged) => Ok(staged.map(<[u8]>::to_vec)),
            None => self.store.get(self.id, key),
        }
    }

    /// The state of a run, from memory or from the store. What is staged is always in memory, so
    /// the store is asked only about runs that the present batch has not touched.
    pub(super) fn load(&mut self, run_id: &RunId) -> Result<Option<Arc<Execution>>, LoadError> {
        if let Some(execution) = self.cache.get(run_id) {
            return Ok(Some(Arc::clone(execution)));
        }
        // A history that does not fold is a bug or a damaged store: it costs this run, not the shard.
        let folded = catch_unwind(AssertUnwindSafe(|| self.fold(run_id)));
        let folded = folded.unwrap_or_else(|_panic| {
            Err(Damage(format!("the history of run {run_id} does not fold")).into())
        });
        let folded = folded?.map(Arc::new);
        if let Some(execution) = &folded {
            self.cache.put(Arc::clone(execution));
        }
        Ok(folded)
    }

    /// Folds a run: its newest snapshot, the events since, and the heartbeats of what is open.
    fn fold(&self, run_id: &RunId) -> Result<Option<Execution>, LoadError> {
        let Some(identity) = self.store.get(self.id, &keys::row(&Key::Run(run_id.clone())))? else {
            return Ok(None);
        };
        let identity = Arc::new(values::parse_identity(&identity)?);
        let snapshot = self.store.get(self.id, &keys::snapshot(run_id))?;
        let mut state = snapshot.and_then(|bytes| {
            // It saves work, and that is all: the history says the same.
            values::parse_snapshot(&bytes)
                .inspect_err(
                    |damage| tracing::error!(%run_id, %damage, "a snapshot is passed over"),
                )
                .ok()
        });
        loop {
            let next = state.as_ref().map_or(EventId(1), |state| state.last_event_id.next());
            let (from, to) =
                (keys::history(run_id, next), keys::history(run_id, EventId(u64::MAX)));
            let range = from.as_slice()..to.as_slice();
            let rows =
                self.store.scan(self.id, range, Direction::Ascending, TRANSITIONS_PER_SCAN)?;
            for (_, bytes) in &rows {
                for json in values::event_jsons(bytes)? {
                    let event = values::parse_event(json)?;
                    match (&mut state, &event.attributes) {
                        (Some(state), _) => state.evolve(&event),
                        (None, EventAttributes::WorkflowExecutionStarted(started)) => {
                            let at = event.event_timestamp;
                            let identity = Arc::clone(&identity);
                            state = Some(Execution::from_started(identity, started, at));
                        }
                        (None, _) => {
                            let text = format!("the history of run {run_id} has no start");
                            return Err(Damage(text).into());
                        }
                    }
                }
            }
            if rows.len() < TRANSITIONS_PER_SCAN {
                break;
            }
        }
        if let Some(state) = &mut state {
            let range = keys::heartbeats(run_id);
            let activities = state.activities.len();
            let range = range.start.as_slice()..range.end.as_slice();
            for (_, bytes) in self.store.scan(self.id, range, Direction::Ascending, activities)? {
                state.evolve_heartbeat(&values::parse_heartbeat(&bytes)?);
            }
        }
        Ok(state)
    }
}

/// A token's run that is gone, or that never was. Its workflow id is gone with it. The answer comes
/// at once (engine.md, section 13, row 31).
pub(crate) fn unknown_run(run_id: &RunId) -> Fault {
    Fault::UnknownResource(format!("Unknown execution: WorkflowExecution=[runId={run_id}]"))
}
