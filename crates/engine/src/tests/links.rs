//! What must hold between histories: whoever is told something was told by somebody, once, and
//! whoever asks for something gets an answer.

use super::oracle::{Oracle, Run};
use crate::Transition;
use crate::message::Content;
use serde_json::Value;
use wire::*;

/// Every announcement of a transition goes out as a message, in order, and nothing else does.
pub fn check_announced(transition: &Transition) {
    use EventAttributes as A;
    let announced = transition.events.iter().filter(|event| {
        matches!(
            event.attributes,
            A::StartChildWorkflowExecutionInitiated(_)
                | A::SignalExternalWorkflowExecutionInitiated(_)
                | A::RequestCancelExternalWorkflowExecutionInitiated(_)
        )
    });
    let announced: Vec<EventId> = announced.map(|event| event.event_id).collect();
    let sent = transition.messages.iter().filter_map(|message| match &message.content {
        Content::StartChild { started, .. } => Some(started.parent_initiated_event_id),
        Content::Signal { signaled, .. } => Some(signaled.external_initiated_event_id),
        Content::RequestCancel { requested, .. } => Some(requested.external_initiated_event_id),
        Content::ApplyChildPolicy { .. } | Content::Report(_) => None,
    });
    assert_eq!(announced, sent.collect::<Vec<_>>(), "what is announced is sent");
}

impl Run {
    fn execution(&self) -> WorkflowExecution {
        self.state.identity.execution()
    }

    fn event(&self, event_id: EventId) -> &EventAttributes {
        let index = usize::try_from(event_id.0).expect("it is small").checked_sub(1);
        let event = index.and_then(|index| self.history.get(index));
        &event.expect("the event that is referred to is there").attributes
    }

    fn started(&self) -> &event::WorkflowExecutionStarted {
        let EventAttributes::WorkflowExecutionStarted(started) = self.event(EventId(1)) else {
            panic!("a history begins with its start");
        };
        started
    }

    /// True for the run that `parent` announced, and false for those that continue it.
    fn is_first_child_of(&self, parent: &WorkflowExecution, initiated: EventId) -> bool {
        let started = self.started();
        started.continued_execution_run_id.is_none() && self.is_child_of(parent, initiated)
    }

    fn is_child_of(&self, parent: &WorkflowExecution, initiated: EventId) -> bool {
        let started = self.started();
        started.parent_workflow_execution.as_ref() == Some(parent)
            && started.parent_initiated_event_id == initiated
    }

    /// What its close did to its children.
    fn policy(&self) -> Option<ChildPolicy> {
        let last = &self.history.last()?.attributes;
        if let EventAttributes::WorkflowExecutionTerminated(closed) = last {
            Some(closed.child_policy)
        } else if let EventAttributes::WorkflowExecutionTimedOut(closed) = last {
            Some(closed.child_policy)
        } else {
            None
        }
    }

    /// How many events say that the execution was signaled, or asked to cancel, by an
    /// announcement.
    fn told(&self, by: &WorkflowExecution, initiated: EventId) -> usize {
        use EventAttributes as A;
        let told = |event: &&Event| {
            let (who, id) = if let A::WorkflowExecutionSignaled(e) = &event.attributes {
                (&e.external_workflow_execution, e.external_initiated_event_id)
            } else if let A::WorkflowExecutionCancelRequested(e) = &event.attributes {
                (&e.external_workflow_execution, e.external_initiated_event_id)
            } else {
                return false;
            };
            who.as_ref() == Some(by) && id == initiated
        };
        self.history.iter().filter(told).count()
    }
}

impl Oracle {
    fn run_of(&self, execution: &WorkflowExecution) -> &Run {
        let found = self.runs.iter().find(|run| run.execution() == *execution);
        found.expect("the execution that is referred to is there")
    }

    /// How many events of all runs were caused by an announcement.
    fn told(&self, by: &WorkflowExecution, initiated: EventId) -> usize {
        self.runs.iter().map(|run| run.told(by, initiated)).sum()
    }

    fn children(&self, parent: &WorkflowExecution, initiated: EventId) -> usize {
        let of_parent = |run: &&Run| run.is_first_child_of(parent, initiated);
        self.runs.iter().filter(of_parent).count()
    }

    /// The new events of a run fit what stands in other histories.
    pub fn check_links(&self, run: usize, events: &[Event]) {
        use EventAttributes as A;
        let run = &self.runs[run];
        let own = run.execution();
        for event in events {
            let attributes = &event.attributes;
            if let A::WorkflowExecutionStarted(e) = attributes {
                self.check_started(run, e);
            } else if let A::WorkflowExecutionSignaled(e) = attributes {
                self.check_signaled(&own, e);
            } else if let A::WorkflowExecutionCancelRequested(e) = attributes {
                self.check_cancel_requested(run, e);
            } else if let A::WorkflowExecutionTerminated(e) = attributes {
                use WorkflowExecutionTerminatedCause::ChildPolicyApplied;
                if e.cause == Some(ChildPolicyApplied) {
                    self.check_policy(run, ChildPolicy::Terminate);
                    assert_eq!(e.child_policy, run.started().child_policy, "its own policy");
                }
            } else if let A::StartChildWorkflowExecutionFailed(e) = attributes {
                if e.initiated_event_id != EventId::NONE {
                    let started = self.children(&own, e.initiated_event_id);
                    assert_eq!(started, 0, "a child that failed to start did not start");
                    check_echo(run, e.initiated_event_id, event);
                }
            } else if let A::ChildWorkflowExecutionStarted(e) = attributes {
                let child = self.run_of(&e.workflow_execution);
                let of_parent = child.is_first_child_of(&own, e.initiated_event_id);
                assert!(of_parent, "a parent hears of its own child");
                assert_eq!(child.started().workflow_type, e.workflow_type, "the child's type");
            } else if let A::ExternalWorkflowExecutionSignaled(e) = attributes {
                let told = self.run_of(&e.workflow_execution).told(&own, e.initiated_event_id);
                assert_eq!(told, 1, "who is said to be signaled was");
            } else if let A::ExternalWorkflowExecutionCancelRequested(e) = attributes {
                let told = self.run_of(&e.workflow_execution).told(&own, e.initiated_event_id);
                assert_eq!(told, 1, "who is said to be asked was");
            } else if let A::SignalExternalWorkflowExecutionFailed(e) = attributes {
                assert_eq!(self.told(&own, e.initiated_event_id), 0, "nobody was signaled");
                check_echo(run, e.initiated_event_id, event);
            } else if let A::RequestCancelExternalWorkflowExecutionFailed(e) = attributes {
                assert_eq!(self.told(&own, e.initiated_event_id), 0, "nobody was asked");
                check_echo(run, e.initiated_event_id, event);
            } else if attributes.event_type().starts_with("ChildWorkflowExecution") {
                self.check_child_closed(&own, event);
            }
        }
    }

    fn check_started(&self, run: &Run, started: &event::WorkflowExecutionStarted) {
        if let Some(old) = &started.continued_execution_run_id {
            let workflow_id = run.state.identity.workflow_id.clone();
            let old = self.run_of(&WorkflowExecution { workflow_id, run_id: old.clone() });
            let old = old.started();
            assert_eq!(
                started.parent_workflow_execution, old.parent_workflow_execution,
                "its parent"
            );
            assert_eq!(
                started.parent_initiated_event_id, old.parent_initiated_event_id,
                "its parent"
            );
        } else if let Some(parent) = &started.parent_workflow_execution {
            let initiated = started.parent_initiated_event_id;
            let event = self.run_of(parent).event(initiated);
            let EventAttributes::StartChildWorkflowExecutionInitiated(announced) = event else {
                panic!("a child is announced by its parent");
            };
            assert_eq!(self.children(parent, initiated), 1, "a child starts once");
            assert_eq!(announced.workflow_id, run.state.identity.workflow_id, "announced so");
            let announced = serde_json::to_value(announced).expect("it can be written");
            let started = serde_json::to_value(started).expect("it can be written");
            let members = [
                ["workflowType", "taskList", "childPolicy", "input"],
                [
                    "executionStartToCloseTimeout",
                    "taskStartToCloseTimeout",
                    "tagList",
                    "lambdaRole",
                ],
            ];
            for member in members.as_flattened().iter().chain(&["taskPriority"]) {
                assert_eq!(announced.get(member), started.get(member), "announced so: {member}");
            }
        }
    }

    fn check_signaled(&self, own: &WorkflowExecution, signaled: &event::WorkflowExecutionSignaled) {
        let initiated = signaled.external_initiated_event_id;
        let Some(sender) = &signaled.external_workflow_execution else {
            assert_eq!(initiated, EventId::NONE, "a signal from the API has no announcement");
            return;
        };
        let event = self.run_of(sender).event(initiated);
        let EventAttributes::SignalExternalWorkflowExecutionInitiated(sent) = event else {
            panic!("a signal is announced by its sender");
        };
        assert_eq!(self.told(sender, initiated), 1, "a signal arrives once");
        assert_eq!(sent.workflow_id, own.workflow_id, "for whom the signal is");
        assert!(sent.run_id.as_ref().is_none_or(|id| *id == own.run_id), "which run it is for");
        assert_eq!(sent.signal_name, signaled.signal_name, "which signal was sent");
        assert_eq!(sent.input, signaled.input, "what the signal carries");
    }

    fn check_cancel_requested(
        &self,
        run: &Run,
        requested: &event::WorkflowExecutionCancelRequested,
    ) {
        let initiated = requested.external_initiated_event_id;
        let Some(sender) = &requested.external_workflow_execution else {
            assert_eq!(initiated, EventId::NONE, "nobody announced the request");
            if requested.cause.is_some() {
                self.check_policy(run, ChildPolicy::RequestCancel);
            }
            return;
        };
        let event = self.run_of(sender).event(initiated);
        let EventAttributes::RequestCancelExternalWorkflowExecutionInitiated(sent) = event else {
            panic!("a request to cancel is announced by its sender");
        };
        let own = run.execution();
        assert_eq!(self.told(sender, initiated), 1, "a request to cancel arrives once");
        assert_eq!(sent.workflow_id, own.workflow_id, "for whom the request is");
        assert!(sent.run_id.as_ref().is_none_or(|id| *id == own.run_id), "which run it is for");
        assert_eq!(requested.cause, None, "the cause is the parent's policy, or none");
    }

    /// A child policy applies when its parent timed out or was terminated.
    fn check_policy(&self, child: &Run, policy: ChildPolicy) {
        let parent = child.started().parent_workflow_execution.as_ref().expect("it is a child");
        let parent = self.run_of(parent);
        assert_eq!(parent.policy(), Some(policy), "the parent's close applies that policy");
    }

    /// A child closed as the event says.
    fn check_child_closed(&self, parent: &WorkflowExecution, event: &Event) {
        let event = serde_json::to_value(event).expect("it can be written");
        let told = super::script::attributes(&event);
        let name = |key: &str| told["workflowExecution"][key].as_str().expect("it is named");
        let (workflow_id, run_id) = (name("workflowId").into(), name("runId").into());
        let child = self.run_of(&WorkflowExecution { workflow_id, run_id });
        let initiated = told["initiatedEventId"].as_u64().map(EventId);
        let of_parent = child.is_child_of(parent, initiated.expect("it is a number"));
        assert!(of_parent, "a parent is told of its own child");
        assert_eq!(told["workflowType"], serde_json::json!(child.started().workflow_type));
        let closed = serde_json::to_value(child.history.last()).expect("it can be written");
        let type_of = |event: &Value| event["eventType"].as_str().expect("it has one").to_owned();
        assert_eq!(type_of(&event), format!("Child{}", type_of(&closed)), "how the child closed");
        let closed = super::script::attributes(&closed);
        for member in ["result", "details", "timeoutType"] {
            // A termination's details are not its parent's business.
            if type_of(&event) != "ChildWorkflowExecutionTerminated" {
                assert_eq!(told.get(member), closed.get(member), "how the child closed: {member}");
            }
        }
    }

    /// What holds once every message has arrived.
    pub fn check_quiet(&self) {
        for run in &self.runs {
            let own = run.execution();
            if !run.shadow.closed {
                assert!(run.shadow.asked.is_empty(), "what is asked for is answered: {own:?}");
            }
            for (initiated, child) in &run.shadow.children {
                let initiated = EventId(*initiated);
                let open = self.runs.iter().filter(|r| !r.shadow.closed);
                let open = open.filter(|child| child.is_child_of(&own, initiated)).count();
                if !run.shadow.closed {
                    assert_ne!(child.started, 0, "a child starts or fails to: {own:?}");
                    assert_eq!(open, 1, "a child is open until its close is reported: {own:?}");
                }
            }
            if let Some(parent) = &run.started().parent_workflow_execution {
                self.check_child(run, parent);
            }
        }
    }

    /// A child knows of its parent's end what it must.
    fn check_child(&self, child: &Run, parent: &WorkflowExecution) {
        use EventAttributes as A;
        use WorkflowExecutionCancelRequestedCause::ChildPolicyApplied;
        let initiated = child.started().parent_initiated_event_id;
        let parent = self.run_of(parent);
        let known = parent.shadow.children.get(&initiated.0);
        if child.shadow.closed {
            return;
        }
        let asked = child.history.iter().filter(|event| {
            matches!(&event.attributes, A::WorkflowExecutionCancelRequested(requested)
                if requested.cause == Some(ChildPolicyApplied))
        });
        let asked = asked.count();
        if !parent.shadow.closed {
            assert!(known.is_some_and(|known| known.started != 0), "a parent knows its child");
        }
        let continued = child.started().continued_execution_run_id.is_some();
        match parent.policy() {
            Some(ChildPolicy::Terminate) => panic!("a child outlives its parent's policy"),
            Some(ChildPolicy::RequestCancel) if continued => assert!(asked < 2, "asked twice"),
            Some(ChildPolicy::RequestCancel) => assert_eq!(asked, 1, "a child is asked to cancel"),
            Some(ChildPolicy::Abandon) | None => assert_eq!(asked, 0, "a child is left alone"),
        }
    }
}

/// A late failure repeats what was announced.
fn check_echo(run: &Run, initiated: EventId, failed: &Event) {
    if initiated == EventId::NONE {
        return; // It failed at once: nothing was announced.
    }
    let failed = serde_json::to_value(failed).expect("it can be written");
    let failed = super::script::attributes(&failed);
    let index = usize::try_from(initiated.0).expect("it is small") - 1;
    let announced = serde_json::to_value(&run.history[index]).expect("it can be written");
    let announced = super::script::attributes(&announced);
    for member in ["workflowId", "runId", "control", "workflowType"] {
        assert_eq!(failed.get(member), announced.get(member), "echoed: {member}");
    }
    let dtc = "decisionTaskCompletedEventId";
    assert_eq!(failed[dtc], announced[dtc], "the decision that asked for it");
}
