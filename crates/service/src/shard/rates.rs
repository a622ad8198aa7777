//! Counts the decisions of an answer, to find those that come faster than they may.

use super::{Shard, StartedIds};
use engine::{CompleteDecisionTask, Execution};
use wire::Timestamp;

impl Shard {
    /// Finds out which decisions of an answer come too fast. An answer that will be refused counts
    /// for nothing.
    pub(super) fn count_decisions(
        &self,
        execution: &Execution,
        answer: &mut CompleteDecisionTask,
        now: Timestamp,
    ) {
        let ids =
            StartedIds { scheduled: answer.scheduled_event_id, started: answer.started_event_id };
        if holds(execution, ids) {
            let registry = self.registry.read().expect("no writer panics");
            let identity = &execution.identity;
            answer.rate_exceeded = self.throttle.rate_exceeded(identity, &registry, answer, now);
        }
    }
}

/// Whether that delivery of a decision task is still its decider's.
pub(super) fn holds(execution: &Execution, ids: StartedIds) -> bool {
    execution.decision_task_started.as_ref().is_some_and(|started| {
        execution.is_open()
            && started.scheduled_event_id == ids.scheduled
            && started.event_id == ids.started
    })
}
