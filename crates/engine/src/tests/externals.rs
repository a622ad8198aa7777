//! Signals and requests to cancel from one execution to another: the table of engine.md, section
//! 10, row by row.

use super::check;

const UNKNOWN: &str = "cause=UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION";

#[test]
fn a_signal_from_another_execution() {
    check(
        "
        ~ start workflowId=v
        ~ poll
        ~ decide
        ~ start
        on r2
        ~ poll
        hold
        decide signal-external v go input=i control=c
        => r2 4 DecisionTaskCompleted sched=2 started=3
        => r2 5 SignalExternalWorkflowExecutionInitiated dtc=4 workflowId=v runId=- signalName=go input=i control=c
        deliver w>v
        => 5 WorkflowExecutionSignaled external=5 externalWorkflowExecution=w/r2 signalName=go input=i
        => 6 DecisionTaskScheduled
        deliver v>w
        => r2 6 ExternalWorkflowExecutionSignaled initiated=5 workflowExecution=v/r1
        => r2 7 DecisionTaskScheduled
        ",
    );
}

#[test]
fn a_request_to_cancel_from_another_execution() {
    check(
        "
        ~ start workflowId=v
        ~ poll
        ~ decide
        ~ start
        on r2
        ~ poll
        hold
        decide cancel-external v control=c
        => r2 4 DecisionTaskCompleted sched=2 started=3
        => r2 5 RequestCancelExternalWorkflowExecutionInitiated dtc=4 workflowId=v runId=- control=c
        deliver w>v
        => 5 WorkflowExecutionCancelRequested external=5 externalWorkflowExecution=w/r2
        => 6 DecisionTaskScheduled
        r1 ? executionInfo.cancelRequested=true
        deliver v>w
        => r2 6 ExternalWorkflowExecutionCancelRequested initiated=5 workflowExecution=v/r1
        => r2 7 DecisionTaskScheduled
        ",
    );
}

/// Each of the targets is nobody's: closed, unknown, or the wrong run.
#[test]
fn nobody_to_tell() {
    for (target, run_id) in
        [("v", "-"), ("v", "r1"), ("x", "-"), ("u", "r2"), ("u", "r9"), ("w", "r3")]
    {
        let named = if run_id == "-" { String::new() } else { format!("runId={run_id}") };
        check(&format!(
            "
            ~ start workflowId=v
            ~ terminate
            ~ start workflowId=u
            ~ poll
            ~ decide continue
            ~ start
            on r4
            ~ poll
            decide signal-external {target} go {named}; cancel-external {target} {named}
            => r4 4 DecisionTaskCompleted sched=2 started=3
            => r4 5 SignalExternalWorkflowExecutionInitiated dtc=4 runId={run_id}
            => r4 6 RequestCancelExternalWorkflowExecutionInitiated dtc=4 runId={run_id}
            => r4 7 SignalExternalWorkflowExecutionFailed dtc=4 initiated=5 {UNKNOWN} workflowId={target} runId={run_id} control=-
            => r4 8 DecisionTaskScheduled
            => r4 9 RequestCancelExternalWorkflowExecutionFailed dtc=4 initiated=6 {UNKNOWN} workflowId={target} runId={run_id} control=-
            "
        ));
    }
}

#[test]
fn a_run_can_be_named() {
    check(
        "
        ~ start workflowId=u
        ~ poll
        ~ decide continue
        ~ start
        on r3
        ~ poll
        decide signal-external u go runId=r2; cancel-external u runId=r2
        => r3 4 DecisionTaskCompleted sched=2 started=3
        => r3 5 SignalExternalWorkflowExecutionInitiated dtc=4 runId=r2
        => r3 6 RequestCancelExternalWorkflowExecutionInitiated dtc=4 runId=r2
        => r2 3 WorkflowExecutionSignaled external=5
        => r2 4 WorkflowExecutionCancelRequested external=6
        => r3 7 ExternalWorkflowExecutionSignaled initiated=5 workflowExecution=u/r2
        => r3 8 DecisionTaskScheduled
        => r3 9 ExternalWorkflowExecutionCancelRequested initiated=6 workflowExecution=u/r2
        ",
    );
}

/// Engine.md, section 13, row 28.
#[test]
fn a_signal_to_oneself_is_received_before_it_is_reported() {
    check(
        "
        ~ start
        ~ poll
        decide signal-external w go; cancel-external w
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 SignalExternalWorkflowExecutionInitiated dtc=4
        => 6 RequestCancelExternalWorkflowExecutionInitiated dtc=4
        => 7 WorkflowExecutionSignaled external=5 externalWorkflowExecution=w/r1
        => 8 DecisionTaskScheduled
        => 9 WorkflowExecutionCancelRequested external=6 externalWorkflowExecution=w/r1
        => 10 ExternalWorkflowExecutionSignaled initiated=5 workflowExecution=w/r1
        => 11 ExternalWorkflowExecutionCancelRequested initiated=6 workflowExecution=w/r1
        ",
    );
}

/// A decision task may start before the report.
#[test]
fn a_signal_to_oneself_may_be_seen_before_its_report() {
    check(
        "
        ~ start
        ~ poll
        hold
        ~ decide signal-external w go
        deliver w>w
        => 6 WorkflowExecutionSignaled external=5
        => 7 DecisionTaskScheduled
        poll
        => 8 DecisionTaskStarted sched=7
        deliver w>w
        => 9 ExternalWorkflowExecutionSignaled initiated=5
        => 10 DecisionTaskScheduled
        ",
    );
}

/// Who closes in the batch is no receiver any more, and wants no report; the run that goes on is
/// a receiver, unless another was named.
#[test]
fn a_signal_to_oneself_at_the_end() {
    check(
        "
        ~ start
        ~ poll
        decide signal-external w go; complete
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 SignalExternalWorkflowExecutionInitiated dtc=4
        => 6 WorkflowExecutionCompleted dtc=4
        ",
    );
    check(
        "
        ~ start
        ~ poll
        decide signal-external w go; signal-external w mine runId=r1; continue
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 SignalExternalWorkflowExecutionInitiated dtc=4
        => 6 SignalExternalWorkflowExecutionInitiated dtc=4
        => 7 WorkflowExecutionContinuedAsNew dtc=4
        => r2 1 WorkflowExecutionStarted parent=0
        => r2 2 DecisionTaskScheduled
        => r2 3 WorkflowExecutionSignaled external=5 externalWorkflowExecution=w/r1 signalName=go
        ",
    );
}

/// A signal to a child that was announced in the same batch arrives, because it follows the start.
#[test]
fn a_signal_follows_the_start_of_a_child() {
    check(
        "
        ~ start
        ~ poll
        decide child c; signal-external c go; cancel-external c
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 StartChildWorkflowExecutionInitiated dtc=4
        => 6 SignalExternalWorkflowExecutionInitiated dtc=4
        => 7 RequestCancelExternalWorkflowExecutionInitiated dtc=4
        => r2 1 WorkflowExecutionStarted parent=5
        => r2 2 DecisionTaskScheduled
        => r2 3 WorkflowExecutionSignaled external=6
        => r2 4 WorkflowExecutionCancelRequested external=7
        => 8 ChildWorkflowExecutionStarted initiated=5
        => 9 DecisionTaskScheduled
        => 10 ExternalWorkflowExecutionSignaled initiated=6
        => 11 ExternalWorkflowExecutionCancelRequested initiated=7
        ~ r2 poll
        r2 decide cancel
        => r2 6 DecisionTaskCompleted sched=2 started=5
        => r2 7 WorkflowExecutionCanceled dtc=6
        => 12 ChildWorkflowExecutionCanceled initiated=5 started=8
        ",
    );
}

#[test]
fn a_target_that_closes_under_way_is_unknown() {
    check(
        "
        ~ start workflowId=v
        ~ start
        on r2
        ~ poll
        hold
        ~ decide signal-external v go
        ~ r1 terminate
        deliver
        => r2 6 SignalExternalWorkflowExecutionFailed dtc=4 initiated=5 cause=UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION
        => r2 7 DecisionTaskScheduled
        ",
    );
}

#[test]
fn a_sender_that_closes_under_way_is_told_nothing() {
    check(
        "
        ~ start workflowId=v
        ~ start
        on r2
        ~ poll
        hold
        ~ decide signal-external v go; signal-external x go
        ~ terminate
        deliver
        => 3 WorkflowExecutionSignaled external=5
        ",
    );
}

/// Engine.md, section 13, row 33: the outcome of a signal is news, like that of a request.
#[test]
fn what_came_of_a_signal_is_news() {
    for (decision, event) in [
        ("signal-external v go", "ExternalWorkflowExecutionSignaled initiated=5"),
        ("cancel-external v", "ExternalWorkflowExecutionCancelRequested initiated=5"),
    ] {
        check(&format!(
            "
            ~ start workflowId=v
            ~ start
            on r2
            ~ poll
            hold
            ~ decide {decision}
            ~ signal s
            ~ poll
            ~ deliver w>v
            deliver v>w
            => r2 9 {event}
            => r2 10 DecisionTaskScheduled
            decide complete
            => r2 11 DecisionTaskCompleted sched=7 started=8
            => r2 12 CompleteWorkflowExecutionFailed dtc=11 cause=UNHANDLED_DECISION
            "
        ));
    }
}
