//! Starts a run, if there is room for it.

use super::{Outcome, Refusal, Shard, Staged, workflow_of};
use crate::keys;
use engine::rows::Key;
use engine::{RunIdentity, Start};
use wire::{StartWorkflowExecutionInput, Timestamp};

impl Shard {
    pub(super) fn start(
        &mut self,
        identity: RunIdentity,
        input: &StartWorkflowExecutionInput,
        staged: &mut Staged,
        now: Timestamp,
    ) -> Result<Outcome, Refusal> {
        let workflow = workflow_of(&identity);
        let run_id = identity.run_id.clone();
        // Read before the registry is locked: nothing waits for the disk with a lock in hand.
        let is_open = self.get(&keys::row(&Key::OpenRun(workflow)), staged)?.is_some();
        let (scope, domain) = (identity.scope.clone(), identity.domain.clone());
        // Its place is taken before it is known whether there is one, so that no two starts take the
        // last.
        let open_executions = self.open.add(&scope, &domain);
        let decided = self.decide(&run_id, open_executions, |around| {
            Ok(Start::from_request(identity, input, around, is_open)?.apply(around, now))
        });
        let is_open = decided.as_ref().is_ok_and(|transition| transition.after.is_open());
        let staged =
            decided.and_then(|transition| Ok(self.stage_uncounted(None, transition, staged)?));
        if !is_open || staged.is_err() {
            self.open.remove(&scope, &domain);
        }
        staged.map(|()| Outcome::Started(run_id))
    }
}
