//! Carries out the decisions that reach beyond the execution: children, and signals and requests to
//! cancel for other executions.
//!
//! What can be refused at once is refused at once. The rest is announced by an Initiated event and
//! goes out as a message; what came of it is recorded when the answer arrives (engine.md, sections
//! 3.10 to 3.12).

use crate::draft::Draft;
use crate::execution::RunIdentity;
use crate::limits::is_reached;
use crate::message::{Content, Message, Recipient};
use crate::start::{MissingDefault, Start, given_settings};
use wire::decision;
use wire::event::*;
use wire::*;

impl Draft<'_> {
    pub fn signal_external(
        &mut self,
        d: &decision::SignalExternalWorkflowExecution,
        completed: EventId,
    ) {
        use SignalExternalWorkflowExecutionFailedCause as Cause;
        if self.rate_exceeded {
            // Nothing was announced (engine.md, section 13, row 15).
            self.record(SignalExternalWorkflowExecutionFailed {
                workflow_id: d.workflow_id.clone(),
                cause: Cause::SignalExternalWorkflowExecutionRateExceeded,
                initiated_event_id: EventId::NONE,
                decision_task_completed_event_id: completed,
                run_id: d.run_id.clone(),
                control: d.control.clone(),
            });
            return;
        }
        let initiated = SignalExternalWorkflowExecutionInitiated {
            workflow_id: d.workflow_id.clone(),
            signal_name: d.signal_name.clone(),
            decision_task_completed_event_id: completed,
            run_id: d.run_id.clone(),
            input: d.input.clone(),
            control: d.control.clone(),
        };
        let initiated_event_id = self.record(initiated.clone());
        self.send(signal_message(&self.next.identity, initiated_event_id, &initiated));
    }

    pub fn request_cancel_external(
        &mut self,
        d: &decision::RequestCancelExternalWorkflowExecution,
        completed: EventId,
    ) {
        use RequestCancelExternalWorkflowExecutionFailedCause as Cause;
        if self.rate_exceeded {
            // Nothing was announced (engine.md, section 13, row 15).
            self.record(RequestCancelExternalWorkflowExecutionFailed {
                workflow_id: d.workflow_id.clone(),
                cause: Cause::RequestCancelExternalWorkflowExecutionRateExceeded,
                initiated_event_id: EventId::NONE,
                decision_task_completed_event_id: completed,
                run_id: d.run_id.clone(),
                control: d.control.clone(),
            });
            return;
        }
        let initiated = RequestCancelExternalWorkflowExecutionInitiated {
            workflow_id: d.workflow_id.clone(),
            decision_task_completed_event_id: completed,
            run_id: d.run_id.clone(),
            control: d.control.clone(),
        };
        let initiated_event_id = self.record(initiated.clone());
        self.send(cancel_message(&self.next.identity, initiated_event_id, &initiated));
    }

    pub fn start_child(
        &mut self,
        d: &decision::StartChildWorkflowExecution,
        completed: EventId,
        run_id: &RunId,
    ) {
        let start = match self.resolve_child(d, run_id) {
            Ok(start) => start,
            Err(cause) => {
                self.record(StartChildWorkflowExecutionFailed {
                    workflow_type: d.workflow_type.clone(),
                    cause,
                    workflow_id: d.workflow_id.clone(),
                    initiated_event_id: EventId::NONE,
                    decision_task_completed_event_id: completed,
                    control: d.control.clone(),
                });
                return;
            }
        };
        let settings = start.settings;
        let initiated = StartChildWorkflowExecutionInitiated {
            workflow_id: d.workflow_id.clone(),
            workflow_type: d.workflow_type.clone(),
            task_list: settings.task_list,
            decision_task_completed_event_id: completed,
            child_policy: settings.child_policy,
            control: d.control.clone(),
            input: start.input,
            execution_start_to_close_timeout: Some(settings.execution_start_to_close_timeout),
            task_priority: settings.task_priority,
            task_start_to_close_timeout: Some(settings.task_start_to_close_timeout),
            tag_list: start.tag_list,
            lambda_role: settings.lambda_role,
        };
        let initiated_event_id = self.record(initiated.clone());
        self.children_announced += 1;
        self.send(child_message(&self.next.identity, initiated_event_id, &initiated, run_id));
    }

    /// The child, with the decision's settings or else its type's defaults, never its parent's.
    fn resolve_child(
        &self,
        d: &decision::StartChildWorkflowExecution,
        run_id: &RunId,
    ) -> Result<Start, StartChildWorkflowExecutionFailedCause> {
        use StartChildWorkflowExecutionFailedCause as Cause;
        let detail = self
            .domain()
            .and_then(|domain| domain.workflow_type(&d.workflow_type).ok())
            .ok_or(Cause::WorkflowTypeDoesNotExist)?;
        if detail.type_info.status == RegistrationStatus::Deprecated {
            return Err(Cause::WorkflowTypeDeprecated);
        }
        if is_reached(self.next.children.len(), self.around.limits.open_children_max) {
            return Err(Cause::OpenChildrenLimitExceeded);
        }
        // Children that others have announced and that are not open yet are not counted, and once
        // announced a child starts: the domain may come to hold a few more than it should.
        let open = self.around.open_executions + self.children_announced;
        if open >= self.around.limits.open_executions_max {
            return Err(Cause::OpenWorkflowsLimitExceeded);
        }
        if self.rate_exceeded {
            return Err(Cause::ChildCreationRateExceeded);
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
        let RunIdentity { scope, domain, .. } = (*self.next.identity).clone();
        let (workflow_id, run_id) = (d.workflow_id.clone(), run_id.clone());
        Ok(Start {
            identity: RunIdentity { scope, domain, workflow_id, run_id },
            workflow_type: d.workflow_type.clone(),
            settings,
            input: d.input.clone(),
            tag_list: d.tag_list.clone().filter(|tags| !tags.is_empty()),
            parent: None,
            continued_execution_run_id: None,
        })
    }
}

/// Whichever run of a workflow is open, or one of its runs.
fn beside(sender: &RunIdentity, workflow_id: &WorkflowId, run_id: Option<RunId>) -> Recipient {
    let (scope, domain) = (sender.scope.clone(), sender.domain.clone());
    Recipient { scope, domain, workflow_id: workflow_id.clone(), run_id }
}

/// The signal that an event of `sender` has announced.
pub(crate) fn signal_message(
    sender: &RunIdentity,
    initiated_event_id: EventId,
    initiated: &SignalExternalWorkflowExecutionInitiated,
) -> Message {
    let signaled = WorkflowExecutionSignaled {
        signal_name: initiated.signal_name.clone(),
        external_initiated_event_id: initiated_event_id,
        input: initiated.input.clone(),
        external_workflow_execution: Some(sender.execution()),
    };
    let otherwise = SignalExternalWorkflowExecutionFailed {
        workflow_id: initiated.workflow_id.clone(),
        cause: SignalExternalWorkflowExecutionFailedCause::UnknownExternalWorkflowExecution,
        initiated_event_id,
        decision_task_completed_event_id: initiated.decision_task_completed_event_id,
        run_id: initiated.run_id.clone(),
        control: initiated.control.clone(),
    };
    let (signaled, otherwise) = (Box::new(signaled), Box::new(otherwise));
    let content = Content::Signal { signaled, otherwise };
    Message { to: beside(sender, &initiated.workflow_id, initiated.run_id.clone()), content }
}

/// The request to cancel that an event of `sender` has announced.
pub(crate) fn cancel_message(
    sender: &RunIdentity,
    initiated_event_id: EventId,
    initiated: &RequestCancelExternalWorkflowExecutionInitiated,
) -> Message {
    let requested = WorkflowExecutionCancelRequested {
        external_initiated_event_id: initiated_event_id,
        external_workflow_execution: Some(sender.execution()),
        cause: None,
    };
    let otherwise = RequestCancelExternalWorkflowExecutionFailed {
        workflow_id: initiated.workflow_id.clone(),
        cause: RequestCancelExternalWorkflowExecutionFailedCause::UnknownExternalWorkflowExecution,
        initiated_event_id,
        decision_task_completed_event_id: initiated.decision_task_completed_event_id,
        run_id: initiated.run_id.clone(),
        control: initiated.control.clone(),
    };
    let (requested, otherwise) = (Box::new(requested), Box::new(otherwise));
    let content = Content::RequestCancel { requested, otherwise };
    Message { to: beside(sender, &initiated.workflow_id, initiated.run_id.clone()), content }
}

/// The start of the child that an event of `sender` has announced, as run `run_id`.
pub(crate) fn child_message(
    sender: &RunIdentity,
    initiated_event_id: EventId,
    initiated: &StartChildWorkflowExecutionInitiated,
    run_id: &RunId,
) -> Message {
    let started = WorkflowExecutionStarted {
        child_policy: initiated.child_policy,
        task_list: initiated.task_list.clone(),
        workflow_type: initiated.workflow_type.clone(),
        parent_initiated_event_id: initiated_event_id,
        input: initiated.input.clone(),
        execution_start_to_close_timeout: initiated.execution_start_to_close_timeout,
        task_start_to_close_timeout: initiated.task_start_to_close_timeout,
        task_priority: initiated.task_priority,
        tag_list: initiated.tag_list.clone(),
        continued_execution_run_id: None,
        parent_workflow_execution: Some(sender.execution()),
        lambda_role: initiated.lambda_role.clone(),
    };
    let otherwise = StartChildWorkflowExecutionFailed {
        workflow_type: initiated.workflow_type.clone(),
        cause: StartChildWorkflowExecutionFailedCause::WorkflowAlreadyRunning,
        workflow_id: initiated.workflow_id.clone(),
        initiated_event_id,
        decision_task_completed_event_id: initiated.decision_task_completed_event_id,
        control: initiated.control.clone(),
    };
    let content = Content::StartChild {
        run_id: run_id.clone(),
        started: Box::new(started),
        otherwise: Box::new(otherwise),
    };
    Message { to: beside(sender, &initiated.workflow_id, None), content }
}
