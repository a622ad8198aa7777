//! Lambda tasks of this shard: the invoker starts them through the same door as everyone.

use super::{Outcome, Refusal, Shard, Staged, Target};
use crate::functions::FunctionCall;
use crate::history;
use crate::values::{Damage, LoadError};
use engine::Command;
use engine::rows::LambdaTask;
use std::time::Duration;
use wire::{Data, EventAttributes, Timeout, Timestamp};

/// What a function is given when the decision has no input (engine.md, section 6.7).
const NO_INPUT: &str = "{}";

impl Shard {
    /// Starts a task that waits. The function is to be called once that is durable.
    pub(super) fn start_lambda(
        &mut self,
        task: &LambdaTask,
        staged: &mut Staged,
        now: Timestamp,
    ) -> Result<Outcome, Refusal> {
        let scheduled_event_id = task.scheduled_event_id;
        let execution = self.find(&Target::Known(task.run_id.clone()), staged)?;
        let command = Command::StartLambdaFunction { scheduled_event_id };
        let transition = self.apply(&execution, &command, now)?;
        let lambda = transition.after.lambdas.get(&scheduled_event_id);
        let Some(lambda) = lambda.filter(|lambda| lambda.started.is_some()) else {
            // It has no role, or the history no room.
            self.stage(Some(&execution), transition, staged)?;
            return Ok(Outcome::Done);
        };
        // Read before anything is staged: should that fail, the task still waits.
        let payload = self.payload(task)?;
        let call = FunctionCall {
            region: transition.after.identity.scope.region.clone(),
            name: lambda.name.clone(),
            payload,
            timeout: match lambda.start_to_close {
                Timeout::Seconds(seconds) => Duration::from_secs(seconds.into()),
                Timeout::Unlimited => Duration::MAX,
            },
        };
        self.stage(Some(&execution), transition, staged)?;
        Ok(Outcome::Lambda(call))
    }

    /// What the function of a task is given. It was offered, so its event is in the store.
    fn payload(&self, task: &LambdaTask) -> Result<Data, LoadError> {
        let LambdaTask { run_id, scheduled_event_id, .. } = task;
        let event = history::event(&*self.store, self.id, run_id, *scheduled_event_id)?;
        let EventAttributes::LambdaFunctionScheduled(scheduled) = event.attributes else {
            let text = format!("event {scheduled_event_id} of run {run_id} schedules no function");
            return Err(Damage(text).into());
        };
        Ok(scheduled.input.unwrap_or_else(|| NO_INPUT.into()))
    }
}
