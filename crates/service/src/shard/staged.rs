//! What a step has decided: the batch that it will commit, and what is to be told after that.

use super::{Delivery, SNAPSHOT_EVENTS, Shard, Told};
use crate::{keys, values};
use engine::rows::{Change, Key, LambdaTask, Task, TaskListKey, Value, changes};
use engine::{Execution, Transition};
use std::sync::Arc;
use store::{Batch, StoreError};

/// What a step has decided and not yet committed.
#[derive(Default)]
pub(super) struct Staged {
    pub batch: Batch,
    pub offers: Vec<(TaskListKey, Task)>,
    pub lambdas: Vec<LambdaTask>,
    pub deliveries: Vec<Delivery>,
    pub told: Told,
}

impl Shard {
    /// Adds a transition's writes to the batch, and its state to memory.
    pub(super) fn stage(
        &mut self,
        before: Option<&Execution>,
        transition: Transition,
        staged: &mut Staged,
    ) -> Result<(), StoreError> {
        let identity = Arc::clone(&transition.after.identity);
        let was_open = before.is_some_and(Execution::is_open);
        // A run that goes on as another one leaves it its place.
        let is_open = transition.after.is_open() || transition.successor.is_some();
        self.stage_uncounted(before, transition, staged)?;
        match (was_open, is_open) {
            (false, true) => {
                self.open.add(&identity.scope, &identity.domain);
            }
            (true, false) => self.open.remove(&identity.scope, &identity.domain),
            (true, true) | (false, false) => (),
        }
        Ok(())
    }

    /// The same where the open executions have been counted already.
    pub(super) fn stage_uncounted(
        &mut self,
        before: Option<&Execution>,
        transition: Transition,
        staged: &mut Staged,
    ) -> Result<(), StoreError> {
        // First, because it is the one part that may fail, and then nothing is staged.
        self.post(transition.messages.clone(), staged)?;
        let run_id = transition.after.identity.run_id.clone();
        for change in changes(before, &transition) {
            self.stage_change(change, staged);
        }
        let Transition { events, after, successor, heartbeat: _, messages: _ } = transition;
        staged.told.tally.transition(before, &events, &after);
        if let Some(first) = events.first() {
            let stored = values::events(&events);
            staged.told.events(&after, &stored);
            staged.batch.put(keys::history(&run_id, first.event_id), stored);
            let snapshots = |events: u64| events / SNAPSHOT_EVENTS;
            let before = before.map_or(0, |before| before.last_event_id.0);
            if snapshots(before) < snapshots(after.last_event_id.0)
                || (!after.is_open() && after.last_event_id.0 > SNAPSHOT_EVENTS)
            {
                staged.batch.put(keys::snapshot(&run_id), values::json(&after));
            }
        }
        if let Some(closed) = after.closed {
            self.note_close(&after.identity.scope, &after.identity.domain, closed.at);
        }
        self.cache.put(Arc::new(after));
        if let Some(successor) = successor {
            self.stage_uncounted(None, *successor, staged)?;
        }
        Ok(())
    }

    /// Adds the write of a row to the batch, and what follows from it to what is told afterwards.
    pub(super) fn stage_change(&mut self, change: Change, staged: &mut Staged) {
        self.wakes.follow(&change);
        match change {
            Change::Put(key, value) => {
                staged.batch.put(keys::row(&key), values::row(&value));
                if let Key::Lambda(task) = key {
                    staged.lambdas.push(task);
                } else if let (Key::Task(key), Value::Task { deliverable: true }) = (key, value) {
                    staged.offers.push((key.list, key.task));
                }
            }
            Change::Delete(key) => staged.batch.delete(keys::row(&key)),
        }
    }
}
