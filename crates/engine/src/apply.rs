//! Decides what a command makes of an execution.

use crate::activity::Activity;
use crate::command::{ActivityOutcome, Command, CompleteDecisionTask};
use crate::deadline::DeadlineKind;
use crate::draft::{Draft, Heartbeat, Transition};
use crate::execution::Execution;
use crate::not_permitted::not_permitted;
use crate::surroundings::Surroundings;
use wire::event::*;
use wire::*;

impl Execution {
    /// What `command` makes of this execution at `now`: events, or the fault that the caller
    /// gets. Changes nothing.
    pub fn apply(
        &self,
        command: &Command,
        around: Surroundings<'_>,
        now: Timestamp,
    ) -> Result<Transition, Fault> {
        if !self.is_open() {
            return Err(Fault::unknown_run(&self.identity.workflow_id, &self.identity.run_id));
        }
        let mut draft = Draft::new(self, around, now);
        match command {
            Command::Signal { signal_name, input } => {
                draft.record(WorkflowExecutionSignaled {
                    signal_name: signal_name.clone(),
                    input: input.clone(),
                    external_initiated_event_id: EventId::NONE,
                    external_workflow_execution: None,
                });
            }
            Command::RequestCancel => {
                draft.record(WorkflowExecutionCancelRequested {
                    external_initiated_event_id: EventId::NONE,
                    external_workflow_execution: None,
                    cause: None,
                });
            }
            Command::Terminate { reason, details, child_policy } => {
                draft.record(WorkflowExecutionTerminated {
                    child_policy: child_policy.unwrap_or(self.settings.child_policy),
                    reason: reason.clone(),
                    details: details.clone(),
                    // Engine.md, section 13, row 13.
                    cause: Some(WorkflowExecutionTerminatedCause::OperatorInitiated),
                });
            }
            Command::StartDecisionTask { scheduled_event_id, identity } => {
                self.deliverable_decision_task()
                    .filter(|task| task.event_id == *scheduled_event_id)
                    .ok_or_else(|| Fault::unknown_decision_task(*scheduled_event_id))?;
                draft.record(DecisionTaskStarted {
                    scheduled_event_id: *scheduled_event_id,
                    identity: identity.clone(),
                });
            }
            Command::CompleteDecisionTask(answer) => {
                self.check_decision_task(answer)?;
                complete_decision_task(&mut draft, answer);
            }
            Command::StartActivityTask { scheduled_event_id, identity } => {
                self.activities
                    .get(scheduled_event_id)
                    .filter(|activity| activity.started.is_none())
                    .ok_or_else(|| Fault::unknown_activity(*scheduled_event_id))?;
                draft.record(ActivityTaskStarted {
                    scheduled_event_id: *scheduled_event_id,
                    identity: identity.clone(),
                });
            }
            Command::RecordHeartbeat { scheduled_event_id, details } => {
                let activity = self.started_activity(*scheduled_event_id)?;
                // Nor does the time of an activity's heartbeats go backwards.
                let at = activity.started.iter().fold(draft.now, |at, s| at.max(s.alive_at()));
                draft.record_heartbeat(Heartbeat {
                    scheduled_event_id: *scheduled_event_id,
                    at,
                    details: details.clone(),
                });
            }
            Command::CloseActivityTask { scheduled_event_id, outcome } => {
                let activity = self.started_activity(*scheduled_event_id)?;
                draft.record(closing_event(*scheduled_event_id, activity, outcome));
            }
            Command::StartLambdaFunction { scheduled_event_id } => {
                self.waiting_lambda(*scheduled_event_id)?;
                draft.start_lambda(*scheduled_event_id);
            }
            Command::CloseLambdaFunction { scheduled_event_id, outcome } => {
                let started = self.started_lambda(*scheduled_event_id)?;
                draft.close_lambda(*scheduled_event_id, started, outcome.clone());
            }
            Command::FireDue => fire_due(&mut draft),
        }
        Ok(draft.finish())
    }

    fn check_decision_task(&self, answer: &CompleteDecisionTask) -> Result<(), Fault> {
        let held = self.decision_task_started.as_ref().is_some_and(|started| {
            started.scheduled_event_id == answer.scheduled_event_id
                && started.event_id == answer.started_event_id
        });
        if held { Ok(()) } else { Err(Fault::unknown_decision_task(answer.scheduled_event_id)) }
    }

    fn started_activity(&self, scheduled_event_id: EventId) -> Result<&Activity, Fault> {
        self.activities
            .get(&scheduled_event_id)
            .filter(|activity| activity.started.is_some())
            .ok_or_else(|| Fault::unknown_activity(scheduled_event_id))
    }
}

fn complete_decision_task(draft: &mut Draft<'_>, answer: &CompleteDecisionTask) {
    let completed = draft.record(DecisionTaskCompleted {
        scheduled_event_id: answer.scheduled_event_id,
        started_event_id: answer.started_event_id,
        execution_context: answer.execution_context.clone(),
        task_list: answer.task_list.clone(),
        task_list_schedule_to_start_timeout: answer
            .task_list
            .as_ref()
            .and(answer.task_list_schedule_to_start_timeout),
    });
    let mut run_ids = answer.run_ids.iter();
    for (index, decision) in answer.decisions.iter().enumerate() {
        if draft.is_full() {
            return;
        }
        let run_id = decision.decision_type().starts_run().then(|| run_ids.next()).flatten();
        let is_permitted = !answer.not_permitted.contains(&index);
        match not_permitted(decision, completed).filter(|_| !is_permitted) {
            Some(refused) => {
                draft.record(refused);
            }
            None => {
                draft.rate_exceeded = answer.rate_exceeded.contains(&index);
                draft.decide(decision, completed, run_id);
            }
        }
    }
}

fn closing_event(
    scheduled_event_id: EventId,
    activity: &Activity,
    outcome: &ActivityOutcome,
) -> EventAttributes {
    let started_event_id = activity.started_event_id();
    match outcome.clone() {
        ActivityOutcome::Completed { result } => {
            ActivityTaskCompleted { scheduled_event_id, started_event_id, result }.into()
        }
        ActivityOutcome::Failed { reason, details } => {
            ActivityTaskFailed { scheduled_event_id, started_event_id, reason, details }.into()
        }
        // Accepted without a request to cancel, too: no fault of the API fits, and clients send
        // it (engine.md, section 13, row 5).
        ActivityOutcome::Canceled { details } => ActivityTaskCanceled {
            scheduled_event_id,
            started_event_id,
            details,
            latest_cancel_requested_event_id: activity.latest_cancel_requested,
        }
        .into(),
    }
}

/// Lets the first thing that has fallen due happen, as a transaction of its own: a timer of zero
/// seconds never fires within the batch that started it.
fn fire_due(draft: &mut Draft<'_>) {
    let Some(due) = draft.next.next_deadline().filter(|deadline| deadline.at <= draft.now) else {
        return; // The wake-up was set for something that has happened or was put off since.
    };
    match due.kind {
        DeadlineKind::Execution => {
            draft.record(WorkflowExecutionTimedOut {
                timeout_type: WorkflowExecutionTimeoutType::StartToClose,
                child_policy: draft.next.settings.child_policy,
            });
        }
        DeadlineKind::DecisionTaskStartToClose => {
            let started = draft.next.decision_task_started.as_ref();
            let started = started.expect("the deadline is that of a started decision task");
            draft.record(DecisionTaskTimedOut {
                timeout_type: DecisionTaskTimeoutType::StartToClose,
                scheduled_event_id: started.scheduled_event_id,
                started_event_id: started.event_id,
            });
        }
        DeadlineKind::DecisionTaskScheduleToStart => {
            let scheduled = draft.next.decision_task_scheduled.as_ref();
            let scheduled = scheduled.expect("the deadline is that of a waiting decision task");
            draft.record(DecisionTaskTimedOut {
                timeout_type: DecisionTaskTimeoutType::ScheduleToStart,
                scheduled_event_id: scheduled.event_id,
                started_event_id: EventId::NONE,
            });
        }
        DeadlineKind::Activity(scheduled_event_id, timeout_type) => {
            let activity = &draft.next.activities[&scheduled_event_id];
            let heartbeat = activity.started.as_ref().and_then(|s| s.heartbeat.as_ref());
            draft.record(ActivityTaskTimedOut {
                timeout_type,
                scheduled_event_id,
                started_event_id: activity.started_event_id(),
                details: heartbeat.and_then(|heartbeat| heartbeat.details.clone()),
            });
        }
        DeadlineKind::Timer(timer_id) => {
            let started_event_id = draft.next.timers[&timer_id].started_event_id;
            draft.record(TimerFired { timer_id, started_event_id });
        }
        DeadlineKind::Lambda(scheduled_event_id) => {
            let started = draft.next.lambdas[&scheduled_event_id].started;
            let started = started.expect("the deadline is that of a started Lambda task");
            draft.record(LambdaFunctionTimedOut {
                scheduled_event_id,
                started_event_id: started.event_id,
                timeout_type: Some(LambdaFunctionTimeoutType::StartToClose),
            });
        }
    }
}
