//! Whether an event can follow a state: what [`Execution::evolve`] takes for granted, as a question.
//!
//! Refused is what would make a state that no history of the service has: a task that is started
//! without waiting, a timer that fires without running. What a state does not hang on is not looked
//! at (which decision an event follows from, how long texts are), since another service's histories
//! may differ from ours there.

use super::misfit::Why;
use crate::activity::Activity;
use crate::execution::{Child, Execution};
use crate::lambda::Lambda;
use wire::*;

/// What a member names, against what it should.
fn same<T: PartialEq + std::fmt::Display>(
    member: &'static str,
    named: &T,
    right: &T,
) -> Result<(), Why> {
    if named == right {
        return Ok(());
    }
    Err(Why::Other { member, named: named.to_string(), right: right.to_string() })
}

fn unknown(member: &'static str, named: &impl ToString, wanted: &'static str) -> Why {
    Why::Unknown { member, named: named.to_string(), wanted }
}

const SCHEDULED: &str = "scheduledEventId";
const STARTED: &str = "startedEventId";
const INITIATED: &str = "initiatedEventId";

impl Execution {
    /// Whether `event` can follow this state; then [`Execution::evolve`] does not panic on it.
    pub(super) fn check_next(&self, event: &Event) -> Result<(), Why> {
        use EventAttributes as A;
        if !self.is_open() {
            return Err(Why::AfterClose);
        }
        let expected = self.last_event_id.next();
        if event.event_id != expected {
            return Err(Why::Gap { expected });
        }
        let before = self.last_event_timestamp;
        if event.event_timestamp < before {
            return Err(Why::BackInTime { before });
        }
        match &event.attributes {
            A::WorkflowExecutionStarted(_) => Err(Why::SecondStart),

            A::DecisionTaskScheduled(_) => match &self.decision_task_scheduled {
                Some(other) => {
                    Err(Why::SecondDecisionTask { other: other.event_id, state: "waits" })
                }
                None => Ok(()),
            },
            A::DecisionTaskStarted(started) => {
                if let Some(other) = &self.decision_task_started {
                    let other = other.scheduled_event_id;
                    return Err(Why::SecondDecisionTask { other, state: "is started" });
                }
                self.check_waiting_decision_task(started.scheduled_event_id)
            }
            A::DecisionTaskCompleted(completed) => self.check_started_decision_task(
                completed.scheduled_event_id,
                completed.started_event_id,
            ),
            A::DecisionTaskTimedOut(timed_out) => match timed_out.timeout_type {
                DecisionTaskTimeoutType::StartToClose => self.check_started_decision_task(
                    timed_out.scheduled_event_id,
                    timed_out.started_event_id,
                ),
                DecisionTaskTimeoutType::ScheduleToStart => {
                    self.check_waiting_decision_task(timed_out.scheduled_event_id)
                }
            },

            A::ActivityTaskScheduled(scheduled) => {
                match self.activity_ids.contains_key(&scheduled.activity_id) {
                    true => Err(Why::InUse {
                        member: "activityId",
                        named: scheduled.activity_id.to_string(),
                        what: "an open activity",
                    }),
                    false => Ok(()),
                }
            }
            A::ActivityTaskStarted(started) => {
                let id = started.scheduled_event_id;
                match self.open_activity_of(id)?.started {
                    Some(_) => Err(unknown(SCHEDULED, &id, "activity that waits")),
                    None => Ok(()),
                }
            }
            A::ActivityTaskCompleted(closed) => {
                self.check_started_activity(closed.scheduled_event_id, closed.started_event_id)
            }
            A::ActivityTaskFailed(closed) => {
                self.check_started_activity(closed.scheduled_event_id, closed.started_event_id)
            }
            // One that was not started is canceled with the request (engine.md, section 3.2).
            A::ActivityTaskCanceled(closed) => {
                let right = self.open_activity_of(closed.scheduled_event_id)?.started_event_id();
                same(STARTED, &closed.started_event_id, &right)
            }
            A::ActivityTaskTimedOut(closed) => {
                use ActivityTaskTimeoutType as T;
                let activity = self.open_activity_of(closed.scheduled_event_id)?;
                let timeout = closed.timeout_type.as_str();
                match (closed.timeout_type, &activity.started) {
                    (T::StartToClose | T::Heartbeat, None) => {
                        Err(Why::WrongTimeout { timeout, state: "is not started" })
                    }
                    (T::ScheduleToStart, Some(_)) => {
                        Err(Why::WrongTimeout { timeout, state: "is started" })
                    }
                    (T::StartToClose | T::Heartbeat | T::ScheduleToClose, Some(started)) => {
                        same(STARTED, &closed.started_event_id, &started.event_id)
                    }
                    (T::ScheduleToStart | T::ScheduleToClose, None) => {
                        same(STARTED, &closed.started_event_id, &EventId::NONE)
                    }
                }
            }
            A::ActivityTaskCancelRequested(requested) => {
                match self.activity_ids.contains_key(&requested.activity_id) {
                    true => Ok(()),
                    false => Err(unknown("activityId", &requested.activity_id, "open activity")),
                }
            }

            A::TimerStarted(started) => match self.timers.contains_key(&started.timer_id) {
                true => Err(Why::InUse {
                    member: "timerId",
                    named: started.timer_id.to_string(),
                    what: "a running timer",
                }),
                false => Ok(()),
            },
            A::TimerFired(fired) => self.check_timer(&fired.timer_id, fired.started_event_id),
            A::TimerCanceled(canceled) => {
                self.check_timer(&canceled.timer_id, canceled.started_event_id)
            }

            // Without an announcement nothing was going to be started.
            A::StartChildWorkflowExecutionFailed(failed)
                if failed.initiated_event_id == EventId::NONE =>
            {
                Ok(())
            }
            A::StartChildWorkflowExecutionFailed(failed) => {
                self.check_announced_child(failed.initiated_event_id, &failed.workflow_id)
            }
            A::ChildWorkflowExecutionStarted(started) => self.check_announced_child(
                started.initiated_event_id,
                &started.workflow_execution.workflow_id,
            ),
            A::ChildWorkflowExecutionCompleted(closed) => {
                self.check_started_child(closed.initiated_event_id, closed.started_event_id)
            }
            A::ChildWorkflowExecutionFailed(closed) => {
                self.check_started_child(closed.initiated_event_id, closed.started_event_id)
            }
            A::ChildWorkflowExecutionTimedOut(closed) => {
                self.check_started_child(closed.initiated_event_id, closed.started_event_id)
            }
            A::ChildWorkflowExecutionCanceled(closed) => {
                self.check_started_child(closed.initiated_event_id, closed.started_event_id)
            }
            A::ChildWorkflowExecutionTerminated(closed) => {
                self.check_started_child(closed.initiated_event_id, closed.started_event_id)
            }

            A::LambdaFunctionStarted(started) => {
                self.check_waiting_lambda(started.scheduled_event_id)
            }
            A::StartLambdaFunctionFailed(failed) => {
                self.check_waiting_lambda(failed.scheduled_event_id)
            }
            A::LambdaFunctionCompleted(closed) => {
                self.check_started_lambda(closed.scheduled_event_id, closed.started_event_id)
            }
            A::LambdaFunctionFailed(closed) => {
                self.check_started_lambda(closed.scheduled_event_id, closed.started_event_id)
            }
            A::LambdaFunctionTimedOut(closed) => {
                self.check_started_lambda(closed.scheduled_event_id, closed.started_event_id)
            }

            // These can follow whatever is open. What signals and requests to cancel come to is not in
            // the state; see [`super::Replay`].
            A::WorkflowExecutionCompleted(_)
            | A::WorkflowExecutionFailed(_)
            | A::WorkflowExecutionCanceled(_)
            | A::WorkflowExecutionTimedOut(_)
            | A::WorkflowExecutionTerminated(_)
            | A::WorkflowExecutionContinuedAsNew(_)
            | A::WorkflowExecutionCancelRequested(_)
            | A::WorkflowExecutionSignaled(_)
            | A::CompleteWorkflowExecutionFailed(_)
            | A::FailWorkflowExecutionFailed(_)
            | A::CancelWorkflowExecutionFailed(_)
            | A::ContinueAsNewWorkflowExecutionFailed(_)
            | A::ScheduleActivityTaskFailed(_)
            | A::RequestCancelActivityTaskFailed(_)
            | A::MarkerRecorded(_)
            | A::RecordMarkerFailed(_)
            | A::StartTimerFailed(_)
            | A::CancelTimerFailed(_)
            | A::StartChildWorkflowExecutionInitiated(_)
            | A::SignalExternalWorkflowExecutionInitiated(_)
            | A::SignalExternalWorkflowExecutionFailed(_)
            | A::ExternalWorkflowExecutionSignaled(_)
            | A::RequestCancelExternalWorkflowExecutionInitiated(_)
            | A::RequestCancelExternalWorkflowExecutionFailed(_)
            | A::ExternalWorkflowExecutionCancelRequested(_)
            | A::LambdaFunctionScheduled(_)
            | A::ScheduleLambdaFunctionFailed(_) => Ok(()),
        }
    }

    fn check_waiting_decision_task(&self, scheduled: EventId) -> Result<(), Why> {
        match &self.decision_task_scheduled {
            Some(waiting) if waiting.event_id == scheduled => Ok(()),
            Some(_) | None => Err(unknown(SCHEDULED, &scheduled, "decision task that waits")),
        }
    }

    fn check_started_decision_task(&self, scheduled: EventId, started: EventId) -> Result<(), Why> {
        let held = self.decision_task_started.as_ref();
        let held = held.filter(|held| held.scheduled_event_id == scheduled);
        let held = held.ok_or_else(|| unknown(SCHEDULED, &scheduled, "started decision task"))?;
        same(STARTED, &started, &held.event_id)
    }

    fn open_activity_of(&self, scheduled: EventId) -> Result<&Activity, Why> {
        let open = self.activities.get(&scheduled);
        open.ok_or_else(|| unknown(SCHEDULED, &scheduled, "open activity"))
    }

    fn check_started_activity(&self, scheduled: EventId, started: EventId) -> Result<(), Why> {
        let held = self.open_activity_of(scheduled)?.started.as_ref();
        let held = held.ok_or_else(|| unknown(SCHEDULED, &scheduled, "started activity"))?;
        same(STARTED, &started, &held.event_id)
    }

    fn check_timer(&self, timer_id: &TimerId, started: EventId) -> Result<(), Why> {
        let timer = self.timers.get(timer_id);
        let timer = timer.ok_or_else(|| unknown("timerId", timer_id, "running timer"))?;
        same(STARTED, &started, &timer.started_event_id)
    }

    fn announced_child(&self, initiated: EventId) -> Result<&Child, Why> {
        let child = self.children.get(&initiated);
        child.ok_or_else(|| unknown(INITIATED, &initiated, "open child"))
    }

    fn check_announced_child(
        &self,
        initiated: EventId,
        workflow_id: &WorkflowId,
    ) -> Result<(), Why> {
        let child = self.announced_child(initiated)?;
        if child.started_event_id.is_some() {
            return Err(unknown(INITIATED, &initiated, "child that is still to be started"));
        }
        same("workflowId", workflow_id, &child.workflow_id)
    }

    fn check_started_child(&self, initiated: EventId, started: EventId) -> Result<(), Why> {
        let right = self.announced_child(initiated)?.started_event_id;
        let right = right.ok_or_else(|| unknown(INITIATED, &initiated, "started child"))?;
        same(STARTED, &started, &right)
    }

    fn open_lambda_of(&self, scheduled: EventId) -> Result<&Lambda, Why> {
        let open = self.lambdas.get(&scheduled);
        open.ok_or_else(|| unknown(SCHEDULED, &scheduled, "open Lambda task"))
    }

    fn check_waiting_lambda(&self, scheduled: EventId) -> Result<(), Why> {
        match self.open_lambda_of(scheduled)?.started {
            Some(_) => Err(unknown(SCHEDULED, &scheduled, "Lambda task that waits")),
            None => Ok(()),
        }
    }

    fn check_started_lambda(&self, scheduled: EventId, started: EventId) -> Result<(), Why> {
        let held = self.open_lambda_of(scheduled)?.started;
        let held = held.ok_or_else(|| unknown(SCHEDULED, &scheduled, "started Lambda task"))?;
        same(STARTED, &started, &held.event_id)
    }
}
