//! When something happens to an execution by itself.

use crate::execution::Execution;
use crate::limits::EXECUTION_SECONDS_MAX;
use wire::{ActivityTaskTimeoutType, EventId, Timeout, TimerId, Timestamp};

/// What falls due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeadlineKind {
    /// The execution has been open for too long.
    Execution,
    /// The decider took too long.
    DecisionTaskStartToClose,
    /// No decider of an overriding task list took the task.
    DecisionTaskScheduleToStart,
    /// An activity took too long.
    Activity(EventId, ActivityTaskTimeoutType),
    /// A timer fires.
    Timer(TimerId),
    /// A Lambda function took too long.
    Lambda(EventId),
}

/// A moment at which something happens by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: DeadlineKind,
}

impl Execution {
    /// When it has been open for too long.
    pub fn times_out_at(&self) -> Timestamp {
        // Whatever was asked for, NONE included (engine.md, section 13, rows 21 and 22).
        let longest = Timeout::Seconds(EXECUTION_SECONDS_MAX);
        self.started_at
            .after(self.settings.execution_start_to_close_timeout)
            .min(self.started_at.after(longest))
    }

    /// What falls due first. It is found by looking at everything that is open, which the quotas
    /// bound to some 3,000 entries; an index would have to be kept in step with the state.
    pub fn next_deadline(&self) -> Option<Deadline> {
        if !self.is_open() {
            return None;
        }
        let deadline = |at, kind| Deadline { at, kind };
        let started = self.decision_task_started.as_ref().map(|started| {
            let at = started.at.after(self.settings.task_start_to_close_timeout);
            deadline(at, DeadlineKind::DecisionTaskStartToClose)
        });
        let scheduled = self.decision_task_scheduled.as_ref().and_then(|scheduled| {
            let at = scheduled.deliverable_since?.after(scheduled.schedule_to_start);
            Some(deadline(at, DeadlineKind::DecisionTaskScheduleToStart))
        });
        let activity =
            self.activities.iter().map(|(id, activity)| (activity.deadline(), id)).min().map(
                |((at, timeout_type), id)| deadline(at, DeadlineKind::Activity(*id, timeout_type)),
            );
        let timer = self
            .timers
            .iter()
            .min_by_key(|(_, timer)| (timer.fires_at, timer.started_event_id))
            .map(|(id, timer)| deadline(timer.fires_at, DeadlineKind::Timer(id.clone())));
        let lambda = self
            .lambdas
            .iter()
            .min_by_key(|(id, lambda)| (lambda.deadline(), **id))
            .map(|(id, lambda)| deadline(lambda.deadline(), DeadlineKind::Lambda(*id)));
        let execution = Some(deadline(self.times_out_at(), DeadlineKind::Execution));
        // Of several at the same moment the first in this order goes first.
        [execution, started, scheduled, activity, timer, lambda]
            .into_iter()
            .flatten()
            .min_by_key(|deadline| deadline.at)
            .filter(|deadline| deadline.at < Timestamp::MAX)
    }
}
