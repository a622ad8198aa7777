//! What executions tell each other.
//!
//! A message is an effect of a transition: it is kept with the transition's commit and delivered
//! afterwards, once, to an execution that may live in another shard. Each carries the event that
//! it leads to, in the receiver or, if there is no receiver, in the sender; so nobody has to
//! remember what was asked. Executions talk to others of their own domain only.

use crate::draft::{Draft, Transition};
use crate::execution::{Execution, Parent, RunIdentity};
use crate::registry::Scope;
use crate::surroundings::Surroundings;
use serde::{Deserialize, Serialize};
use wire::event::*;
use wire::*;

/// Something for another execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Whom it is for.
    pub to: Recipient,
    /// What it says.
    pub content: Content,
}

/// A run, or whichever run of a workflow id is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Account and region.
    pub scope: Scope,
    /// Domain.
    pub domain: DomainName,
    /// Which workflow.
    pub workflow_id: WorkflowId,
    /// Which run of it, if it matters.
    pub run_id: Option<RunId>,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content {
    /// Start a run, unless one of the workflow id is open.
    StartChild {
        /// The id of the run.
        run_id: RunId,
        /// Its first event.
        started: Box<WorkflowExecutionStarted>,
        /// What the parent records if it cannot be started.
        otherwise: Box<StartChildWorkflowExecutionFailed>,
    },
    /// A signal.
    Signal {
        /// What the receiver records.
        signaled: Box<WorkflowExecutionSignaled>,
        /// What the sender records if there is no receiver.
        otherwise: Box<SignalExternalWorkflowExecutionFailed>,
    },
    /// A request to cancel.
    RequestCancel {
        /// What the receiver records.
        requested: Box<WorkflowExecutionCancelRequested>,
        /// What the sender records if there is no receiver.
        otherwise: Box<RequestCancelExternalWorkflowExecutionFailed>,
    },
    /// The parent was terminated or timed out.
    ApplyChildPolicy {
        /// The parent's end of the link; a run that is not its child stays as it is.
        parent: Parent,
        /// What happens to the child.
        policy: ChildPolicy,
    },
    /// News for who asked for something, or for a parent: what it records.
    Report(Box<EventAttributes>),
}

impl Recipient {
    /// A run of the same domain as `identity`.
    pub(crate) fn beside(identity: &RunIdentity, execution: &WorkflowExecution) -> Recipient {
        Recipient {
            scope: identity.scope.clone(),
            domain: identity.domain.clone(),
            workflow_id: execution.workflow_id.clone(),
            run_id: Some(execution.run_id.clone()),
        }
    }
}

impl Message {
    /// What the sender is told when nobody can receive the message.
    pub fn refused(self) -> Option<Message> {
        let Recipient { scope, domain, .. } = self.to;
        let report = |to: WorkflowExecution, event: EventAttributes| Message {
            to: Recipient { scope, domain, workflow_id: to.workflow_id, run_id: Some(to.run_id) },
            content: Content::Report(Box::new(event)),
        };
        match self.content {
            Content::StartChild { started, otherwise, .. } => {
                started.parent_workflow_execution.map(|to| report(to, (*otherwise).into()))
            }
            Content::Signal { signaled, otherwise } => {
                signaled.external_workflow_execution.map(|to| report(to, (*otherwise).into()))
            }
            Content::RequestCancel { requested, otherwise } => {
                requested.external_workflow_execution.map(|to| report(to, (*otherwise).into()))
            }
            // A child that has closed needs no policy; a closed sender wants no news.
            Content::ApplyChildPolicy { .. } | Content::Report(_) => None,
        }
    }
}

impl Execution {
    /// What a message makes of this execution, which is open. Changes nothing.
    pub fn receive(
        &self,
        content: Content,
        around: Surroundings<'_>,
        now: Timestamp,
    ) -> Transition {
        let mut draft = Draft::new(self, around, now);
        match content {
            // The shard starts children; a run that is there already is not started.
            Content::StartChild { .. } => (),
            Content::Signal { ref signaled, .. } => {
                draft.record((**signaled).clone());
                if draft.is_full() {
                    draft.refuse(content);
                    return draft.finish();
                }
                // Who signals itself has the signal first (engine.md, section 13, row 28).
                let sender = signaled.external_workflow_execution.clone();
                let initiated_event_id = signaled.external_initiated_event_id;
                let workflow_execution = self.identity.execution();
                draft.report(
                    sender,
                    ExternalWorkflowExecutionSignaled { workflow_execution, initiated_event_id },
                );
            }
            Content::RequestCancel { ref requested, .. } => {
                draft.record((**requested).clone());
                if draft.is_full() {
                    draft.refuse(content);
                    return draft.finish();
                }
                let sender = requested.external_workflow_execution.clone();
                let initiated_event_id = requested.external_initiated_event_id;
                let workflow_execution = self.identity.execution();
                draft.report(
                    sender,
                    ExternalWorkflowExecutionCancelRequested {
                        workflow_execution,
                        initiated_event_id,
                    },
                );
            }
            Content::ApplyChildPolicy { parent, policy } => {
                if self.parent.as_deref() == Some(&parent) {
                    apply_child_policy(&mut draft, policy);
                }
            }
            Content::Report(event) => {
                if let Some(event) = self.completed_report(*event) {
                    draft.record(event);
                }
            }
        }
        draft.finish()
    }

    /// The event that a report leads to. A child does not know which event told of its start; the
    /// parent does. `None` for a child that is not known, which has been reported before.
    fn completed_report(&self, mut event: EventAttributes) -> Option<EventAttributes> {
        use EventAttributes as A;
        let started = |initiated: EventId| self.children.get(&initiated)?.started_event_id;
        if let A::ChildWorkflowExecutionStarted(e) = &event {
            // A child that was imported says so once more.
            let child = self.children.get(&e.initiated_event_id)?;
            return child.started_event_id.is_none().then_some(event);
        }
        if let A::ChildWorkflowExecutionCompleted(e) = &mut event {
            e.started_event_id = started(e.initiated_event_id)?;
        } else if let A::ChildWorkflowExecutionFailed(e) = &mut event {
            e.started_event_id = started(e.initiated_event_id)?;
        } else if let A::ChildWorkflowExecutionTimedOut(e) = &mut event {
            e.started_event_id = started(e.initiated_event_id)?;
        } else if let A::ChildWorkflowExecutionCanceled(e) = &mut event {
            e.started_event_id = started(e.initiated_event_id)?;
        } else if let A::ChildWorkflowExecutionTerminated(e) = &mut event {
            e.started_event_id = started(e.initiated_event_id)?;
        }
        Some(event)
    }
}

fn apply_child_policy(draft: &mut Draft<'_>, policy: ChildPolicy) {
    match policy {
        ChildPolicy::Terminate => {
            draft.record(WorkflowExecutionTerminated {
                // The child's own policy, which is then applied to its children (engine.md, section
                // 13, row 27).
                child_policy: draft.next.settings.child_policy,
                reason: None,
                details: None,
                cause: Some(WorkflowExecutionTerminatedCause::ChildPolicyApplied),
            });
        }
        ChildPolicy::RequestCancel => {
            // The cause says it all; the parent is not named (row 11).
            draft.record(WorkflowExecutionCancelRequested {
                external_initiated_event_id: EventId::NONE,
                external_workflow_execution: None,
                cause: Some(WorkflowExecutionCancelRequestedCause::ChildPolicyApplied),
            });
        }
        ChildPolicy::Abandon => (),
    }
}

/// What a parent is told when its child closes with `event`; nothing while the child goes on as
/// another run.
pub(crate) fn child_report(child: &Execution, event: &EventAttributes) -> Option<Message> {
    use EventAttributes as A;
    let parent = child.parent.as_deref()?;
    let workflow_execution = child.identity.execution();
    let workflow_type = child.workflow_type.clone();
    let initiated_event_id = parent.initiated_event_id;
    // Known to the parent alone.
    let started_event_id = EventId::NONE;
    let report: EventAttributes = if let A::WorkflowExecutionCompleted(closed) = event {
        let result = closed.result.clone();
        ChildWorkflowExecutionCompleted {
            workflow_execution,
            workflow_type,
            initiated_event_id,
            started_event_id,
            result,
        }
        .into()
    } else if let A::WorkflowExecutionFailed(closed) = event {
        let (reason, details) = (closed.reason.clone(), closed.details.clone());
        ChildWorkflowExecutionFailed {
            workflow_execution,
            workflow_type,
            initiated_event_id,
            started_event_id,
            reason,
            details,
        }
        .into()
    } else if let A::WorkflowExecutionCanceled(closed) = event {
        let details = closed.details.clone();
        ChildWorkflowExecutionCanceled {
            workflow_execution,
            workflow_type,
            initiated_event_id,
            started_event_id,
            details,
        }
        .into()
    } else if let A::WorkflowExecutionTimedOut(closed) = event {
        let timeout_type = closed.timeout_type;
        ChildWorkflowExecutionTimedOut {
            workflow_execution,
            workflow_type,
            timeout_type,
            initiated_event_id,
            started_event_id,
        }
        .into()
    } else if let A::WorkflowExecutionTerminated(_) = event {
        ChildWorkflowExecutionTerminated {
            workflow_execution,
            workflow_type,
            initiated_event_id,
            started_event_id,
        }
        .into()
    } else {
        return None;
    };
    let to = Recipient::beside(&child.identity, &parent.execution);
    Some(Message { to, content: Content::Report(Box::new(report)) })
}

/// The policy that an execution which closes with `event` applies to its children, if it applies
/// one: that is done on termination and time-out only.
fn policy_applied(event: &EventAttributes) -> Option<ChildPolicy> {
    if let EventAttributes::WorkflowExecutionTerminated(closed) = event {
        Some(closed.child_policy)
    } else if let EventAttributes::WorkflowExecutionTimedOut(closed) = event {
        Some(closed.child_policy)
    } else {
        None
    }
}

/// Whether children that an execution announced before it closed with `event`, and whose start has
/// not been carried out by then, do not start at all (engine.md, section 13, row 9).
pub fn recalls_children(event: &EventAttributes) -> bool {
    policy_applied(event) == Some(ChildPolicy::Terminate)
}

/// What the open children of an execution are told when it closes with `event`.
pub(crate) fn child_policies(parent: &Execution, event: &EventAttributes) -> Vec<Message> {
    let policy = match policy_applied(event) {
        Some(policy @ (ChildPolicy::Terminate | ChildPolicy::RequestCancel)) => policy,
        Some(ChildPolicy::Abandon) | None => return Vec::new(),
    };
    // A child that was announced and is not known to have started is told, too: its start may have
    // been carried out. Who carries it out looks first whether the parent's end recalls it; an end
    // that is committed between that look and the child's own commit does not. Then this message,
    // which follows the start on the same lane, ends the child at once.
    let identity = &parent.identity;
    let children = parent.children.iter().map(|(initiated_event_id, child)| Message {
        to: Recipient {
            scope: identity.scope.clone(),
            domain: identity.domain.clone(),
            workflow_id: child.workflow_id.clone(),
            // Whichever run of the child is open: it may have continued as new.
            run_id: None,
        },
        content: Content::ApplyChildPolicy {
            parent: Parent {
                execution: identity.execution(),
                initiated_event_id: *initiated_event_id,
            },
            policy,
        },
    });
    children.collect()
}

/// The same of an execution that was imported, as far as it can be told again: a child that was
/// asked to cancel would be asked twice, one that was terminated is closed.
pub(crate) fn child_policies_terminating(
    parent: &Execution,
    event: &EventAttributes,
) -> Vec<Message> {
    match recalls_children(event) {
        true => child_policies(parent, event),
        false => Vec::new(),
    }
}
