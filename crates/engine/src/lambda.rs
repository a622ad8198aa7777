//! Lambda tasks: functions that the service calls for an execution, instead of a worker.
//!
//! A task is scheduled by a decision, started in a transaction of its own before the function is
//! called, and closed by what came of the call, or by its time-out (engine.md, section 6.7). Who
//! calls the function, and how, is not known here.

use crate::command::LambdaOutcome;
use crate::draft::Draft;
use crate::execution::Execution;
use crate::limits::is_reached;
use serde::{Deserialize, Serialize};
use wire::decision;
use wire::event::*;
use wire::*;

/// How long a function may take if the decision does not say (engine.md, section 3.13).
const START_TO_CLOSE_DEFAULT: Timeout = Timeout::Seconds(LAMBDA_SECONDS_MAX);

/// What the history of an execution without a role says when a task of it is to be started.
const NO_ROLE: &str = "No IAM role is attached to the current workflow execution.";

/// A Lambda task that is scheduled or started. It leaves the execution's state when it closes. What
/// the function is given stays in the history alone: it may be large.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lambda {
    /// The function's name.
    pub name: FunctionName,
    /// When it was scheduled.
    pub scheduled_at: Timestamp,
    /// How long the function may take.
    pub start_to_close: Timeout,
    /// Set once the function is about to be called.
    pub started: Option<StartedLambda>,
}

/// What a started Lambda task knows besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartedLambda {
    /// The event that says so.
    pub event_id: EventId,
    /// When it was started.
    pub at: Timestamp,
}

impl Lambda {
    pub(crate) fn new(scheduled: &LambdaFunctionScheduled, scheduled_at: Timestamp) -> Lambda {
        Lambda {
            name: scheduled.name.clone(),
            scheduled_at,
            start_to_close: scheduled.start_to_close_timeout.unwrap_or(START_TO_CLOSE_DEFAULT),
            started: None,
        }
    }

    /// When it times out; never while it waits for its start.
    pub(crate) fn deadline(&self) -> Timestamp {
        self.started.map_or(Timestamp::MAX, |started| started.at.after(self.start_to_close))
    }
}

impl Execution {
    /// A Lambda task that waits for its start.
    pub(crate) fn waiting_lambda(&self, scheduled_event_id: EventId) -> Result<&Lambda, Fault> {
        self.lambdas
            .get(&scheduled_event_id)
            .filter(|lambda| lambda.started.is_none())
            .ok_or_else(|| Fault::unknown_lambda_function(scheduled_event_id))
    }

    /// The start of a Lambda task that has been started.
    pub(crate) fn started_lambda(
        &self,
        scheduled_event_id: EventId,
    ) -> Result<StartedLambda, Fault> {
        self.lambdas
            .get(&scheduled_event_id)
            .and_then(|lambda| lambda.started)
            .ok_or_else(|| Fault::unknown_lambda_function(scheduled_event_id))
    }
}

impl Draft<'_> {
    /// The live service takes an id that is in use, whatever the cause ID_ALREADY_IN_USE is for
    /// (engine.md, section 13, row 23).
    pub(crate) fn schedule_lambda(
        &mut self,
        d: &decision::ScheduleLambdaFunction,
        completed: EventId,
    ) {
        use ScheduleLambdaFunctionFailedCause as Cause;
        let cause = if !self.around.calls_functions {
            Cause::LambdaServiceNotAvailableInRegion
        } else if is_reached(self.next.lambdas.len(), self.around.limits.open_lambda_functions_max)
        {
            Cause::OpenLambdaFunctionsLimitExceeded
        } else if self.rate_exceeded {
            Cause::LambdaFunctionCreationRateExceeded
        } else {
            self.record(LambdaFunctionScheduled {
                id: d.id.clone(),
                name: d.name.clone(),
                decision_task_completed_event_id: completed,
                control: d.control.clone(),
                input: d.input.clone(),
                // Written out where the decision does not say, as for activities.
                start_to_close_timeout: Some(
                    d.start_to_close_timeout.unwrap_or(START_TO_CLOSE_DEFAULT),
                ),
            });
            return;
        };
        self.record(ScheduleLambdaFunctionFailed {
            id: d.id.clone(),
            name: d.name.clone(),
            cause,
            decision_task_completed_event_id: completed,
        });
    }

    /// Starts a Lambda task, or says that it cannot be started.
    pub(crate) fn start_lambda(&mut self, scheduled_event_id: EventId) {
        if self.next.settings.lambda_role.is_some() {
            self.record(LambdaFunctionStarted { scheduled_event_id });
            return;
        }
        self.record(StartLambdaFunctionFailed {
            scheduled_event_id,
            cause: Some(StartLambdaFunctionFailedCause::AssumeRoleFailed),
            message: Some(NO_ROLE.into()),
        });
    }

    /// Closes a started Lambda task.
    pub(crate) fn close_lambda(
        &mut self,
        scheduled_event_id: EventId,
        started: StartedLambda,
        outcome: LambdaOutcome,
    ) {
        let started_event_id = started.event_id;
        let closed: EventAttributes = match outcome {
            LambdaOutcome::Completed { result } => {
                LambdaFunctionCompleted { scheduled_event_id, started_event_id, result }.into()
            }
            LambdaOutcome::Failed { reason, details } => {
                LambdaFunctionFailed { scheduled_event_id, started_event_id, reason, details }
                    .into()
            }
        };
        self.record(closed);
    }
}
