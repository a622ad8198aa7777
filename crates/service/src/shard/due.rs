//! What a shard does without being asked: it wakes the runs whose time has come, and tidies up.

use super::retention::NextRemoval;
use super::{Refusal, STORE_RETRY_MS, Shard, Staged};
use engine::Command;
use store::{CommitError, Epoch};
use wire::{RunId, Timestamp};

/// How many wake-ups one batch handles at most.
pub const WAKES_PER_BATCH_MAX: usize = 256;

/// How long a run that cannot be woken because it is damaged is left alone, in milliseconds.
pub const WAKE_RETRY_MS: i64 = 60_000;

/// How long what expired is left alone when it cannot be removed, in milliseconds.
const REMOVAL_RETRY_MS: i64 = 60_000;

impl Shard {
    /// Removes expired runs, and the rows of messages that have been taken, in a commit of its own:
    /// nothing rests on it, so a full disk puts it off and stops nothing else.
    pub(super) fn tidy_up(&mut self, epoch: Epoch, now: Timestamp) -> Result<(), CommitError> {
        let mut staged = Staged::default();
        if let Err(error) = self.remove_expired(&mut staged, now) {
            tracing::error!(shard = self.id.0, %error, "closed runs could not be read");
            self.put_off_removal(now);
        }
        if !staged.batch.is_empty() || self.outbox.is_untidy(now) {
            self.stage_deletion_of_taken(&mut staged);
        }
        if staged.batch.is_empty() {
            return Ok(());
        }
        match self.store.commit(self.id, epoch, staged.batch) {
            Ok(()) => self.outbox.forget_taken(),
            Err(CommitError::Full(_)) => {
                self.put_off_removal(now);
                // Those that were dropped are still there.
                self.imports.forget();
                self.outbox.put_off_tidying(now);
            }
            Err(error @ (CommitError::Fenced | CommitError::Unknown(_))) => return Err(error),
        }
        Ok(())
    }

    fn put_off_removal(&mut self, now: Timestamp) {
        self.next_removal = NextRemoval::At(Timestamp(now.0.saturating_add(REMOVAL_RETRY_MS)));
    }

    /// Lets what has fallen due happen, one thing at a time; true if there is more than one batch
    /// may hold.
    pub(super) fn fire_due(&mut self, staged: &mut Staged, now: Timestamp) -> bool {
        for _ in 0..WAKES_PER_BATCH_MAX {
            let Some(run_id) = self.wakes.pop_due(now) else {
                return self.wakes.next().is_some_and(|next| next <= now);
            };
            if let Err(error) = self.fire(&run_id, staged, now) {
                // It is tried again, but not in a loop that keeps others from their turn.
                tracing::error!(shard = self.id.0, %run_id, ?error, "a run could not be woken");
                let pause = match error {
                    Refusal::Unavailable => STORE_RETRY_MS,
                    Refusal::Fault(_)
                    | Refusal::Damaged
                    | Refusal::CallerGone
                    | Refusal::NotAllowed(_) => WAKE_RETRY_MS,
                };
                self.wakes.put((Timestamp(now.0.saturating_add(pause)), run_id));
            }
        }
        true
    }

    fn fire(&mut self, run_id: &RunId, staged: &mut Staged, now: Timestamp) -> Result<(), Refusal> {
        let Some(execution) = self.load(run_id)? else { return Ok(()) };
        if execution.is_open() {
            let transition = self.apply(&execution, &Command::FireDue, now)?;
            let next = transition.after.next_deadline();
            self.stage(Some(&execution), transition, staged)?;
            // What falls due next may do so at the same moment: then the row does not change, and
            // memory has to be told.
            if let Some(next) = next {
                self.wakes.put((next.at, run_id.clone()));
            }
        }
        Ok(())
    }
}
