//! Carries out a decider's decisions. One that cannot be carried out becomes an event that says
//! why, not an error: the decider reads it (engine.md, section 3).
//!
//! A decision comes here only if its decider is permitted it. Checks then go existence, deprecation, id in use, limit, rate, defaults (section 13, row 17). Rates
//! are counted by who hands the decisions in (row 25).

use crate::draft::Draft;
use crate::limits::is_reached;
use crate::registry::Domain;
use crate::start::{MissingDefault, Start, given_settings};
use wire::decision;
use wire::event::*;
use wire::*;

impl Draft<'_> {
    /// Records what `decision` leads to. `completed` is the event that all of a batch refer to.
    pub fn decide(&mut self, decision: &Decision, completed: EventId, run_id: Option<&RunId>) {
        let new_run_id = || run_id.expect("every decision that starts a run comes with an id");
        match decision {
            Decision::ScheduleActivityTask(d) => self.schedule_activity_task(d, completed),
            Decision::RequestCancelActivityTask(d) => self.cancel_activity_task(d, completed),
            Decision::CompleteWorkflowExecution(d) => self.complete(d, completed),
            Decision::FailWorkflowExecution(d) => self.fail(d, completed),
            Decision::CancelWorkflowExecution(d) => self.cancel(d, completed),
            Decision::ContinueAsNewWorkflowExecution(d) => {
                self.continue_as_new(d, completed, new_run_id());
            }
            Decision::RecordMarker(d) => {
                self.record(MarkerRecorded {
                    marker_name: d.marker_name.clone(),
                    decision_task_completed_event_id: completed,
                    details: d.details.clone(),
                });
            }
            Decision::StartTimer(d) => self.start_timer(d, completed),
            Decision::CancelTimer(d) => self.cancel_timer(d, completed),
            Decision::SignalExternalWorkflowExecution(d) => self.signal_external(d, completed),
            Decision::RequestCancelExternalWorkflowExecution(d) => {
                self.request_cancel_external(d, completed);
            }
            Decision::StartChildWorkflowExecution(d) => {
                self.start_child(d, completed, new_run_id());
            }
            Decision::ScheduleLambdaFunction(d) => self.schedule_lambda(d, completed),
            Decision::Incomplete(decision_type) => {
                panic!("{} passed the check without attributes", decision_type.as_str());
            }
        }
    }

    pub(crate) fn domain(&self) -> Option<&Domain> {
        let identity = &self.next.identity;
        self.around.registry.domain(&identity.scope, &identity.domain).ok()
    }

    fn schedule_activity_task(&mut self, d: &decision::ScheduleActivityTask, completed: EventId) {
        match self.resolve_activity(d, completed) {
            Ok(scheduled) => self.record(scheduled),
            Err(cause) => self.record(ScheduleActivityTaskFailed {
                activity_type: d.activity_type.clone(),
                activity_id: d.activity_id.clone(),
                cause,
                decision_task_completed_event_id: completed,
            }),
        };
    }

    fn resolve_activity(
        &self,
        d: &decision::ScheduleActivityTask,
        completed: EventId,
    ) -> Result<ActivityTaskScheduled, ScheduleActivityTaskFailedCause> {
        use ScheduleActivityTaskFailedCause as Cause;
        let detail = self
            .domain()
            .and_then(|domain| domain.activity_type(&d.activity_type).ok())
            .ok_or(Cause::ActivityTypeDoesNotExist)?;
        if detail.type_info.status == RegistrationStatus::Deprecated {
            return Err(Cause::ActivityTypeDeprecated);
        }
        if self.next.activity_ids.contains_key(&d.activity_id) {
            return Err(Cause::ActivityIdAlreadyInUse);
        }
        if is_reached(self.next.activities.len(), self.around.limits.open_activities_max) {
            return Err(Cause::OpenActivitiesLimitExceeded);
        }
        if self.rate_exceeded {
            return Err(Cause::ActivityCreationRateExceeded);
        }
        let defaults = &detail.configuration;
        let task_list = d.task_list.clone().or_else(|| defaults.default_task_list.clone());
        let given =
            |given: Option<Timeout>, default, cause| given.or(default).ok_or(cause).map(Some);
        Ok(ActivityTaskScheduled {
            activity_type: d.activity_type.clone(),
            activity_id: d.activity_id.clone(),
            task_list: task_list.ok_or(Cause::DefaultTaskListUndefined)?,
            schedule_to_start_timeout: given(
                d.schedule_to_start_timeout,
                defaults.default_task_schedule_to_start_timeout,
                Cause::DefaultScheduleToStartTimeoutUndefined,
            )?,
            schedule_to_close_timeout: given(
                d.schedule_to_close_timeout,
                defaults.default_task_schedule_to_close_timeout,
                Cause::DefaultScheduleToCloseTimeoutUndefined,
            )?,
            start_to_close_timeout: given(
                d.start_to_close_timeout,
                defaults.default_task_start_to_close_timeout,
                Cause::DefaultStartToCloseTimeoutUndefined,
            )?,
            // Asked for like the others (engine.md, section 13, row 14).
            heartbeat_timeout: given(
                d.heartbeat_timeout,
                defaults.default_task_heartbeat_timeout,
                Cause::DefaultHeartbeatTimeoutUndefined,
            )?,
            task_priority: d.task_priority.or(defaults.default_task_priority),
            decision_task_completed_event_id: completed,
            input: d.input.clone(),
            control: d.control.clone(),
        })
    }

    fn cancel_activity_task(
        &mut self,
        d: &decision::RequestCancelActivityTask,
        completed: EventId,
    ) {
        let Some(scheduled_event_id) = self.next.activity_ids.get(&d.activity_id).copied() else {
            self.record(RequestCancelActivityTaskFailed {
                activity_id: d.activity_id.clone(),
                cause: RequestCancelActivityTaskFailedCause::ActivityIdUnknown,
                decision_task_completed_event_id: completed,
            });
            return;
        };
        let requested = self.record(ActivityTaskCancelRequested {
            decision_task_completed_event_id: completed,
            activity_id: d.activity_id.clone(),
        });
        // One that no worker has taken is canceled at once; a started one is up to its worker.
        if self.next.activities[&scheduled_event_id].started.is_none() {
            self.record(ActivityTaskCanceled {
                scheduled_event_id,
                started_event_id: EventId::NONE,
                details: None,
                latest_cancel_requested_event_id: Some(requested),
            });
        }
    }

    fn complete(&mut self, d: &decision::CompleteWorkflowExecution, completed: EventId) {
        if self.has_undecided_news() {
            self.record(CompleteWorkflowExecutionFailed {
                cause: CompleteWorkflowExecutionFailedCause::UnhandledDecision,
                decision_task_completed_event_id: completed,
            });
            return;
        }
        self.record(WorkflowExecutionCompleted {
            decision_task_completed_event_id: completed,
            result: d.result.clone(),
        });
    }

    fn fail(&mut self, d: &decision::FailWorkflowExecution, completed: EventId) {
        if self.has_undecided_news() {
            self.record(FailWorkflowExecutionFailed {
                cause: FailWorkflowExecutionFailedCause::UnhandledDecision,
                decision_task_completed_event_id: completed,
            });
            return;
        }
        self.record(WorkflowExecutionFailed {
            decision_task_completed_event_id: completed,
            reason: d.reason.clone(),
            details: d.details.clone(),
        });
    }

    fn cancel(&mut self, d: &decision::CancelWorkflowExecution, completed: EventId) {
        if self.has_undecided_news() {
            self.record(CancelWorkflowExecutionFailed {
                cause: CancelWorkflowExecutionFailedCause::UnhandledDecision,
                decision_task_completed_event_id: completed,
            });
            return;
        }
        self.record(WorkflowExecutionCanceled {
            decision_task_completed_event_id: completed,
            details: d.details.clone(),
        });
    }

    fn continue_as_new(
        &mut self,
        d: &decision::ContinueAsNewWorkflowExecution,
        completed: EventId,
        new_run_id: &RunId,
    ) {
        let start = match self.resolve_continuation(d, new_run_id) {
            Ok(start) => start,
            Err(cause) => {
                self.record(ContinueAsNewWorkflowExecutionFailed {
                    cause,
                    decision_task_completed_event_id: completed,
                });
                return;
            }
        };
        let settings = &start.settings;
        self.record(WorkflowExecutionContinuedAsNew {
            decision_task_completed_event_id: completed,
            new_execution_run_id: new_run_id.clone(),
            task_list: settings.task_list.clone(),
            child_policy: settings.child_policy,
            workflow_type: start.workflow_type.clone(),
            input: start.input.clone(),
            execution_start_to_close_timeout: Some(settings.execution_start_to_close_timeout),
            task_start_to_close_timeout: Some(settings.task_start_to_close_timeout),
            task_priority: settings.task_priority,
            tag_list: start.tag_list.clone(),
            lambda_role: settings.lambda_role.clone(),
        });
        let successor = start.apply(self.around, self.now);
        self.succeed(successor);
    }

    /// The run that goes on: of the same workflow and type name, with the settings of the decision
    /// or else the type's defaults, never the old run's (engine.md, section 1.7).
    fn resolve_continuation(
        &self,
        d: &decision::ContinueAsNewWorkflowExecution,
        new_run_id: &RunId,
    ) -> Result<Start, ContinueAsNewWorkflowExecutionFailedCause> {
        use ContinueAsNewWorkflowExecutionFailedCause as Cause;
        if self.has_undecided_news() {
            return Err(Cause::UnhandledDecision);
        }
        let name = self.next.workflow_type.name.clone();
        let version = d.workflow_type_version.clone();
        let version = version.unwrap_or_else(|| self.next.workflow_type.version.clone());
        let workflow_type = WorkflowType { name, version };
        let detail = self
            .domain()
            .and_then(|domain| domain.workflow_type(&workflow_type).ok())
            .ok_or(Cause::WorkflowTypeDoesNotExist)?;
        if detail.type_info.status == RegistrationStatus::Deprecated {
            return Err(Cause::WorkflowTypeDeprecated);
        }
        if self.rate_exceeded {
            return Err(Cause::ContinueAsNewWorkflowExecutionRateExceeded);
        }
        let settings =
            given_settings!(d).resolve(&detail.configuration).map_err(|missing| match missing {
                MissingDefault::ExecutionStartToCloseTimeout => {
                    Cause::DefaultExecutionStartToCloseTimeoutUndefined
                }
                MissingDefault::TaskList => Cause::DefaultTaskListUndefined,
                MissingDefault::TaskStartToCloseTimeout => {
                    Cause::DefaultTaskStartToCloseTimeoutUndefined
                }
                MissingDefault::ChildPolicy => Cause::DefaultChildPolicyUndefined,
            })?;
        let mut identity = (*self.next.identity).clone();
        let continued_execution_run_id = Some(identity.run_id);
        identity.run_id = new_run_id.clone();
        Ok(Start {
            identity,
            workflow_type,
            settings,
            input: d.input.clone(),
            tag_list: d.tag_list.clone().filter(|tags| !tags.is_empty()),
            // The link to a parent outlives the run, so that the last one's end is reported.
            parent: self.next.parent.as_deref().cloned(),
            continued_execution_run_id,
        })
    }

    fn start_timer(&mut self, d: &decision::StartTimer, completed: EventId) {
        let cause = if self.next.timers.contains_key(&d.timer_id) {
            Some(StartTimerFailedCause::TimerIdAlreadyInUse)
        } else if is_reached(self.next.timers.len(), self.around.limits.open_timers_max) {
            Some(StartTimerFailedCause::OpenTimersLimitExceeded)
        } else if self.rate_exceeded {
            Some(StartTimerFailedCause::TimerCreationRateExceeded)
        } else {
            None
        };
        match cause {
            Some(cause) => self.record(StartTimerFailed {
                timer_id: d.timer_id.clone(),
                cause,
                decision_task_completed_event_id: completed,
            }),
            None => self.record(TimerStarted {
                timer_id: d.timer_id.clone(),
                start_to_fire_timeout: d.start_to_fire_timeout,
                decision_task_completed_event_id: completed,
                control: d.control.clone(),
            }),
        };
    }

    fn cancel_timer(&mut self, d: &decision::CancelTimer, completed: EventId) {
        match self.next.timers.get(&d.timer_id).map(|timer| timer.started_event_id) {
            Some(started_event_id) => self.record(TimerCanceled {
                timer_id: d.timer_id.clone(),
                started_event_id,
                decision_task_completed_event_id: completed,
            }),
            None => self.record(CancelTimerFailed {
                timer_id: d.timer_id.clone(),
                cause: CancelTimerFailedCause::TimerIdUnknown,
                decision_task_completed_event_id: completed,
            }),
        };
    }
}
