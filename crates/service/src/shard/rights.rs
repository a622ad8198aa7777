//! Judges what hangs on the state of a run, in the turn in which it is done.

use super::rates::holds;
use super::{Refusal, Shard, StartedIds, Target};
use crate::history;
use crate::judge::Asker;
use access::swf::AnsweredActivity;
use engine::{ActivityOutcome, Command, Execution};
use std::sync::Arc;
use wire::{EventAttributes, EventId, Fault, Timestamp};

impl Shard {
    /// Refuses a command that is not allowed to whoever asks, and finds out which decisions are
    /// not. Who may not complete an activity task is not told whether it is there.
    pub(super) fn judge_command(
        &self,
        asker: &Asker,
        target: &Target,
        found: &Result<Arc<Execution>, Refusal>,
        command: &mut Command,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if let Command::CompleteDecisionTask(answer) = command {
            let ids = StartedIds {
                scheduled: answer.scheduled_event_id,
                started: answer.started_event_id,
            };
            // An answer that will be refused decides nothing.
            if let Ok(execution) = found
                && holds(execution, ids)
            {
                let decisions = &answer.decisions;
                answer.not_permitted = self.judge.decisions(asker, execution, decisions, now);
            }
        } else if let Command::CloseActivityTask { scheduled_event_id, outcome } = command
            && let ActivityOutcome::Completed { .. } = outcome
            && asker.asks_for_the_task()
        {
            self.judge_completion(asker, target, found, *scheduled_event_id, now)?;
        }
        Ok(())
    }

    fn judge_completion(
        &self,
        asker: &Asker,
        target: &Target,
        found: &Result<Arc<Execution>, Refusal>,
        scheduled_event_id: EventId,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        // A task is answered with its token, which names a domain.
        let domain = target.domain().ok_or_else(Fault::invalid_token)?;
        let execution = match found {
            Ok(execution) => execution,
            // It has expired: its token still says where it was.
            Err(Refusal::Fault(_)) => {
                return Ok(self.judge.activity_answer(asker, domain, None, now)?);
            }
            Err(
                refusal @ (Refusal::Unavailable
                | Refusal::Damaged
                | Refusal::CallerGone
                | Refusal::NotAllowed(_)),
            ) => return Err(refusal.clone()),
        };
        // The history still has it when the state does not: a task that is closed is judged as it
        // was when it was open. A worker has it from a commit, so it is in the store.
        let run_id = &execution.identity.run_id;
        let event = history::event(&*self.store, self.id, run_id, scheduled_event_id)?;
        let EventAttributes::ActivityTaskScheduled(scheduled) = &event.attributes else {
            return Ok(self.judge.activity_answer(asker, domain, None, now)?);
        };
        let answered = AnsweredActivity {
            activity_type: &scheduled.activity_type,
            task_list: &scheduled.task_list,
            workflow_type: &execution.workflow_type,
            tag_list: execution.tag_list.as_deref().unwrap_or_default(),
        };
        Ok(self.judge.activity_answer(asker, domain, Some(answered), now)?)
    }
}
