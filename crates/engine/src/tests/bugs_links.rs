//! Proof that the oracle notices what goes wrong between executions, and at the event limit.

use super::bugs::{Shown, check_bug, check_panic};
use super::check;
use super::world::World;
use crate::message::{Content, Message, Recipient};
use crate::{Execution, Parent, RunIdentity, Transition, rows, start_child};
use std::sync::Arc;
use wire::event::*;
use wire::*;

/// A child `c` (r3) of `w` (r2) with a decider; the next command is the child's. An earlier run of
/// the child's id (r1) has closed.
const CHILD: &str = "
    ~ start workflowId=c
    ~ terminate
    ~ start
    ~ on r2
    ~ poll
    ~ decide child c
    ~ on r3
    ~ poll
    ";

/// After `script`, which holds messages back, lets `spoil` change what comes of the oldest of them.
#[track_caller]
fn check_receipt(script: &str, complaint: &str, spoil: impl Fn(&mut Transition)) {
    let show = |spoil: &dyn Fn(&mut Transition)| {
        let mut world: World = check(script);
        let message = world.post.pop().expect("a message waits");
        let run = world.receiver(&message).expect("somebody receives it");
        let before = &world.oracle.runs[run].state;
        let mut transition = before.receive(message.content, world.around(), world.now);
        spoil(&mut transition);
        transition.after = before.clone();
        transition.events.iter().for_each(|event| transition.after.evolve(event));
        let changes = rows::changes(Some(before), &transition);
        world.oracle.receive(run, &transition, changes, world.now);
        world.post(&transition);
        world.step("deliver");
    };
    show(&|_| ());
    check_panic(complaint, || show(&spoil));
}

/// The oldest message that `script` holds back is lost.
#[track_caller]
fn check_lost(script: &str, complaint: &str) {
    check(&format!("{script}\n~ deliver"));
    let mut world = check(script);
    world.post.pop().expect("a message waits");
    check_panic(complaint, || drop(world.step("deliver")));
}

/// The oldest message that `script` holds back is delivered twice.
#[track_caller]
fn check_repeated(script: &str, complaint: &str) {
    let mut world = check(script);
    world.post.repeat();
    check_panic(complaint, || drop(world.step("deliver")));
}

fn first(shown: &mut Shown) -> &mut Message {
    shown.transition.messages.first_mut().expect("there is a message")
}

#[test]
fn messages_that_are_lost() {
    let asking = "~ start workflowId=v\n~ start\n~ on r2\n~ poll\nhold";
    check_lost(&format!("{asking}\n~ decide signal-external v s"), "what is asked for is answered");
    check_lost(&format!("{asking}\n~ decide cancel-external x"), "what is asked for is answered");
    check_lost(&format!("{asking}\n~ decide child c"), "a child starts or fails to");
    let told = format!("{asking}\n~ decide signal-external v s\n~ deliver w>v");
    check_lost(&told, "what is asked for is answered");
    let started = format!("{asking}\n~ decide child c\n~ deliver w>c");
    check_lost(&started, "a child starts or fails to");
    let closed = "a child is open until its close is reported";
    check_lost(&format!("{CHILD}\nhold\n~ decide complete"), closed);
    let parent = format!("{CHILD}\nhold\n~ on r2\n~ terminate");
    check_lost(&format!("{parent} childPolicy=TERMINATE"), "a child outlives its parent's policy");
    check_lost(&format!("{parent} childPolicy=REQUEST_CANCEL"), "a child is asked to cancel");
}

#[test]
fn messages_that_come_twice() {
    let asking = "~ start workflowId=v\n~ start\n~ on r2\n~ poll\nhold";
    check_repeated(&format!("{asking}\n~ decide signal-external v s"), "a signal arrives once");
    let request = format!("{asking}\n~ decide cancel-external v");
    check_repeated(&request, "a request to cancel arrives once");
    let answered = format!("{asking}\n~ decide signal-external v s\n~ deliver w>v");
    check_repeated(&answered, "what was asked for is answered once");
    let parent = format!("{CHILD}\nhold\n~ on r2\n~ terminate childPolicy=REQUEST_CANCEL");
    check_repeated(&parent, "a child is asked to cancel");
}

#[test]
fn announcements_that_do_not_match() {
    let working = "~ start workflowId=v\n~ start\n~ on r2\n~ poll";
    let sent = "what is announced is sent";
    for decision in ["child c", "signal-external v s", "cancel-external v"] {
        let line = format!("decide {decision}; marker m");
        check_bug(working, &line, sent, |shown| shown.transition.messages.clear());
        check_bug(working, &line, sent, |shown| {
            let again = shown.transition.messages[0].clone();
            shown.transition.messages.push(again);
        });
    }
    let both = "decide signal-external v s; cancel-external v; complete";
    check_bug(working, both, sent, |shown| shown.transition.messages.reverse());
    check_bug(working, "decide child c input=i", "announced so: input", |shown| {
        if let Content::StartChild { started, .. } = &mut first(shown).content {
            started.input = None;
        }
    });
    check_bug(working, "decide child c", "announced so: childPolicy", |shown| {
        if let Content::StartChild { started, .. } = &mut first(shown).content {
            started.child_policy = ChildPolicy::Abandon;
        }
    });
    check_bug(working, "decide child c", "announced so", |shown| {
        first(shown).to.workflow_id = "d".into();
    });
    check_bug(working, "decide signal-external v s", "for whom the signal is", |shown| {
        first(shown).to.workflow_id = "w".into();
    });
    check_bug(working, "decide cancel-external v", "for whom the request is", |shown| {
        first(shown).to.workflow_id = "w".into();
    });
    let other = "decide signal-external v s runId=r9";
    check_bug(working, other, "which run it is for", |shown| first(shown).to.run_id = None);
    check_bug(working, "decide signal-external v s input=i", "what the signal carries", |shown| {
        if let Content::Signal { signaled, .. } = &mut first(shown).content {
            signaled.input = None;
        }
    });
    check_bug(working, "decide signal-external x s control=k", "echoed: control", |shown| {
        if let Content::Signal { otherwise, .. } = &mut first(shown).content {
            otherwise.control = None;
        }
    });
    check_bug(working, "decide cancel-external x runId=r9", "echoed: runId", |shown| {
        if let Content::RequestCancel { otherwise, .. } = &mut first(shown).content {
            otherwise.run_id = None;
        }
    });
    check_bug(working, "decide child v control=k", "echoed: control", |shown| {
        if let Content::StartChild { otherwise, .. } = &mut first(shown).content {
            otherwise.control = None;
        }
    });
    check_bug(working, "decide child v", "a failure is announced if it comes late", |shown| {
        if let Content::StartChild { otherwise, .. } = &mut first(shown).content {
            otherwise.initiated_event_id = EventId::NONE;
        }
    });
}

#[test]
fn reports_that_are_wrong() {
    let report = |shown: &mut Shown, change: &dyn Fn(&mut EventAttributes)| {
        if let Content::Report(event) = &mut first(shown).content {
            change(event);
        }
    };
    check_bug(CHILD, "decide complete result=x", "how the child closed: result", |shown| {
        report(shown, &|event| {
            if let EventAttributes::ChildWorkflowExecutionCompleted(e) = event {
                e.result = None;
            }
        });
    });
    check_bug(CHILD, "decide complete", "how the child closed", |shown| {
        report(shown, &|event| {
            if let EventAttributes::ChildWorkflowExecutionCompleted(e) = event.clone() {
                *event = ChildWorkflowExecutionTerminated {
                    workflow_execution: e.workflow_execution,
                    workflow_type: e.workflow_type,
                    initiated_event_id: e.initiated_event_id,
                    started_event_id: e.started_event_id,
                }
                .into();
            }
        });
    });
    for (workflow_id, run_id, complaint) in
        [("c", "r1", "a parent is told of its own child"), ("w", "r2", "which child it is")]
    {
        check_bug(CHILD, "decide complete", complaint, |shown| {
            report(shown, &|event| {
                if let EventAttributes::ChildWorkflowExecutionCompleted(e) = event {
                    let (workflow_id, run_id) = (workflow_id.into(), run_id.into());
                    e.workflow_execution = WorkflowExecution { workflow_id, run_id };
                }
            });
        });
    }
    let reporting = format!("{CHILD}\nhold\n~ decide complete");
    check_receipt(&reporting, "which start", |transition| {
        let event = &mut transition.events[0].attributes;
        if let EventAttributes::ChildWorkflowExecutionCompleted(e) = event {
            e.started_event_id = e.initiated_event_id;
        }
    });
}

#[test]
fn outcomes_that_are_not_so() {
    let asking = "~ start workflowId=v\n~ start\n~ on r2\n~ poll\nhold";
    let nothing = |transition: &mut Transition| transition.events.clear();
    let signal = format!("{asking}\n~ decide signal-external v s");
    check_receipt(&signal, "who is said to be signaled was", nothing);
    let request = format!("{asking}\n~ decide cancel-external v");
    check_receipt(&request, "who is said to be asked was", nothing);
    let told = format!("{signal}\n~ deliver w>v");
    check_receipt(&told, "a decision task is pending", |transition| {
        transition.events.truncate(1);
    });
    check_receipt(&told, "nobody was signaled", |transition| {
        transition.events[0].attributes = SignalExternalWorkflowExecutionFailed {
            workflow_id: "v".into(),
            cause: SignalExternalWorkflowExecutionFailedCause::UnknownExternalWorkflowExecution,
            initiated_event_id: EventId(5),
            decision_task_completed_event_id: EventId(4),
            run_id: None,
            control: None,
        }
        .into();
    });
    let started = format!("{asking}\n~ decide child c\n~ deliver w>c");
    check_receipt(&started, "a child that failed to start did not start", |transition| {
        transition.events[0].attributes = StartChildWorkflowExecutionFailed {
            workflow_type: WorkflowType { name: "order".into(), version: "1".into() },
            cause: StartChildWorkflowExecutionFailedCause::WorkflowAlreadyRunning,
            workflow_id: "c".into(),
            initiated_event_id: EventId(5),
            decision_task_completed_event_id: EventId(4),
            control: None,
        }
        .into();
    });
    let elder = "~ start workflowId=c\n~ terminate\n~ start\n~ poll\nhold";
    let started = format!("{elder}\n~ decide child c\n~ deliver w>c");
    check_receipt(&started, "a parent hears of its own child", |transition| {
        let event = &mut transition.events[0].attributes;
        if let EventAttributes::ChildWorkflowExecutionStarted(e) = event {
            e.workflow_execution.run_id = "r1".into();
        }
    });
}

#[test]
fn policies_that_are_wrong() {
    let execution = |workflow_id: &str, run_id: &str| WorkflowExecution {
        workflow_id: workflow_id.into(),
        run_id: run_id.into(),
    };
    let policy = |shown: &mut Shown, policy| {
        let parent = Parent { execution: execution("w", "r2"), initiated_event_id: EventId(5) };
        let to = Recipient::beside(&shown.transition.after.identity, &execution("c", "r3"));
        let content = Content::ApplyChildPolicy { parent, policy };
        shown.transition.messages = vec![Message { to, content }];
    };
    let parent = format!("{CHILD}\n~ on r2\n~ poll");
    let applies = "the parent's close applies that policy";
    for close in ["decide complete", "decide continue", "terminate childPolicy=ABANDON"] {
        check_bug(&parent, close, applies, |shown| policy(shown, ChildPolicy::Terminate));
        check_bug(&parent, close, applies, |shown| policy(shown, ChildPolicy::RequestCancel));
    }
    let terminate = "terminate childPolicy=TERMINATE";
    check_bug(&parent, terminate, applies, |shown| policy(shown, ChildPolicy::RequestCancel));
    let terminated = format!("{parent}\nhold\n~ {terminate}");
    check_receipt(&terminated, "its own policy", |transition| {
        if let EventAttributes::WorkflowExecutionTerminated(e) =
            &mut transition.events[0].attributes
        {
            e.child_policy = ChildPolicy::Abandon;
        }
    });
}

#[test]
fn runs_that_must_not_be() {
    let mut world = check("~ start");
    let run = &world.oracle.runs[0];
    let EventAttributes::WorkflowExecutionStarted(started) = run.history[0].attributes.clone()
    else {
        panic!("a history begins with its start");
    };
    let identity = RunIdentity { run_id: "r2".into(), ..(*run.state.identity).clone() };
    let transition = start_child(identity, started, world.around(), world.now);
    check_panic("one run of a workflow id is open at a time", || {
        world.oracle.begin(&transition, rows::changes(None, &transition), world.now);
    });
    check_bug(CHILD, "decide continue", "its parent", |shown| {
        let successor = shown.transition.successor.as_mut().expect("there is one");
        let identity = Arc::clone(&successor.after.identity);
        let first = &mut successor.events[0];
        let at = first.event_timestamp;
        if let EventAttributes::WorkflowExecutionStarted(started) = &mut first.attributes {
            started.parent_workflow_execution = None;
            started.parent_initiated_event_id = EventId::NONE;
            successor.after = Execution::from_started(identity, started, at);
        }
        successor.after.evolve(&successor.events[1]);
    });
}

#[test]
fn histories_that_are_too_long_or_end_too_early() {
    let full = "~ start\nfill 24999";
    check_bug(full, "signal s", "the last of too many events closes", |shown| {
        shown.transition.events[0].attributes = WorkflowExecutionSignaled {
            signal_name: "s".into(),
            external_initiated_event_id: EventId::NONE,
            input: None,
            external_workflow_execution: None,
        }
        .into();
    });
    let early = "no execution ends before its history is full";
    check_bug("~ start\nfill 24998", "terminate", early, |shown| {
        if let EventAttributes::WorkflowExecutionTerminated(e) =
            &mut shown.transition.events[0].attributes
        {
            e.cause = Some(WorkflowExecutionTerminatedCause::EventLimitExceeded);
        }
    });
}

#[test]
fn a_clock_that_runs_while_its_task_is_held_back() {
    let held = "
        ~ at 0 start
        ~ poll
        ~ decide taskList=mine taskListScheduleToStartTimeout=5 |
        ~ signal one
        ~ poll
        ~ at 1 signal two
        ~ at 7 signal three
        ";
    check_bug(held, "signal four", "a decision task timed out too early", |shown| {
        shown.push(DecisionTaskTimedOut {
            timeout_type: DecisionTaskTimeoutType::ScheduleToStart,
            scheduled_event_id: EventId(9),
            started_event_id: EventId::NONE,
        });
    });
}
