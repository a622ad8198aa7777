//! An open activity task: scheduled or started, with its four clocks.

use crate::draft::Heartbeat;
use serde::{Deserialize, Serialize};
use wire::event::ActivityTaskScheduled;
use wire::{
    ActivityId, ActivityTaskTimeoutType, EventId, TaskList, TaskPriority, Timeout, Timestamp,
};

/// An activity that is scheduled or started. It leaves the execution's state when it closes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// The decider's name for it, unique among the open ones.
    pub activity_id: ActivityId,
    /// The list its task waits on.
    pub task_list: TaskList,
    /// Its task's place in that list.
    pub priority: TaskPriority,
    /// When it was scheduled.
    pub scheduled_at: Timestamp,
    /// Set once a worker has taken it.
    pub started: Option<StartedActivity>,
    /// The newest request to cancel it.
    pub latest_cancel_requested: Option<EventId>,
    schedule_to_start: Timeout,
    schedule_to_close: Timeout,
    start_to_close: Timeout,
    heartbeat: Timeout,
}

/// What a started activity knows besides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartedActivity {
    /// The event that says so.
    pub event_id: EventId,
    /// When the worker took it.
    pub at: Timestamp,
    /// The newest sign of life since.
    pub heartbeat: Option<Heartbeat>,
}

impl StartedActivity {
    /// When it last showed a sign of life.
    pub(crate) fn alive_at(&self) -> Timestamp {
        self.heartbeat.as_ref().map_or(self.at, |heartbeat| heartbeat.at)
    }
}

impl Activity {
    pub(crate) fn new(scheduled: &ActivityTaskScheduled, scheduled_at: Timestamp) -> Activity {
        let timeout = |given: Option<Timeout>| given.unwrap_or(Timeout::Unlimited);
        Activity {
            activity_id: scheduled.activity_id.clone(),
            task_list: scheduled.task_list.clone(),
            priority: scheduled.task_priority.unwrap_or_default(),
            scheduled_at,
            started: None,
            latest_cancel_requested: None,
            schedule_to_start: timeout(scheduled.schedule_to_start_timeout),
            schedule_to_close: timeout(scheduled.schedule_to_close_timeout),
            start_to_close: timeout(scheduled.start_to_close_timeout),
            heartbeat: timeout(scheduled.heartbeat_timeout),
        }
    }

    /// The moment at which it times out if nothing happens before, and as what. Of several at the
    /// same moment the first named here wins (engine.md, section 13, row 7).
    pub(crate) fn deadline(&self) -> (Timestamp, ActivityTaskTimeoutType) {
        use ActivityTaskTimeoutType as T;
        let close = (self.scheduled_at.after(self.schedule_to_close), T::ScheduleToClose);
        let candidates = match &self.started {
            None => [
                (self.scheduled_at.after(self.schedule_to_start), T::ScheduleToStart),
                close,
                close,
            ],
            Some(started) => [
                (started.at.after(self.start_to_close), T::StartToClose),
                close,
                (started.alive_at().after(self.heartbeat), T::Heartbeat),
            ],
        };
        let [first, rest @ ..] = candidates;
        rest.into_iter().fold(first, |best, next| if next.0 < best.0 { next } else { best })
    }

    /// When it times out if nothing happens before; `None` if it never does.
    pub fn times_out_at(&self) -> Option<Timestamp> {
        let (at, _) = self.deadline();
        (at < Timestamp::MAX).then_some(at)
    }

    /// The event of its start, or the id that stands for none.
    pub(crate) fn started_event_id(&self) -> EventId {
        self.started.as_ref().map_or(EventId::NONE, |started| started.event_id)
    }
}
