//! The golden histories of engine.md, section 11: recorded from the real service, or rebuilt from
//! tests that ran against it.

use super::check;

#[test]
fn a_plain() {
    check(
        "
        at 0 start
        => 1 WorkflowExecutionStarted parent=0
        => 2 DecisionTaskScheduled
        at 1 poll
        => 3 DecisionTaskStarted sched=2
        at 2 decide schedule a
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 ActivityTaskScheduled dtc=4
        at 3 take a
        => 6 ActivityTaskStarted sched=5
        at 4 completed a
        => 7 ActivityTaskCompleted sched=5 started=6
        => 8 DecisionTaskScheduled
        at 5 poll
        => 9 DecisionTaskStarted sched=8
        at 6 decide complete
        => 10 DecisionTaskCompleted sched=8 started=9
        => 11 WorkflowExecutionCompleted dtc=10
        ",
    );
}

#[test]
fn b_event_during_a_decision() {
    check(
        "
        ~ at 0 start
        ~ at 1 poll
        at 2 decide schedule a
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 ActivityTaskScheduled dtc=4
        at 3 take a
        => 6 ActivityTaskStarted sched=5
        at 3 signal go
        => 7 WorkflowExecutionSignaled external=0
        => 8 DecisionTaskScheduled
        at 4 poll
        => 9 DecisionTaskStarted sched=8
        at 5 completed a
        => 10 ActivityTaskCompleted sched=5 started=6
        => 11 DecisionTaskScheduled
        at 6 decide
        => 12 DecisionTaskCompleted sched=8 started=9
        at 7 poll
        => 13 DecisionTaskStarted sched=11
        at 8 decide complete
        => 14 DecisionTaskCompleted sched=11 started=13
        => 15 WorkflowExecutionCompleted dtc=14
        ",
    );
}

#[test]
fn c_unhandled_close() {
    check(
        "
        ~ start
        ~ poll
        ~ decide schedule a; schedule b
        ~ take a
        => 7 ActivityTaskStarted sched=5
        take b
        => 8 ActivityTaskStarted sched=6
        completed a
        => 9 ActivityTaskCompleted sched=5 started=7
        => 10 DecisionTaskScheduled
        poll
        => 11 DecisionTaskStarted sched=10
        completed b
        => 12 ActivityTaskCompleted sched=6 started=8
        => 13 DecisionTaskScheduled
        decide schedule c
        => 14 DecisionTaskCompleted sched=10 started=11
        => 15 ActivityTaskScheduled dtc=14
        poll
        => 16 DecisionTaskStarted sched=13
        take c
        => 17 ActivityTaskStarted sched=15
        completed c
        => 18 ActivityTaskCompleted sched=15 started=17
        => 19 DecisionTaskScheduled
        decide complete
        => 20 DecisionTaskCompleted sched=13 started=16
        => 21 CompleteWorkflowExecutionFailed dtc=20 cause=UNHANDLED_DECISION
        poll
        => 22 DecisionTaskStarted sched=19
        ",
    );
}

#[test]
fn d_cancel_accepted_with_a_running_activity() {
    check(
        "
        ~ start
        ~ poll
        ~ decide schedule a
        take a
        => 6 ActivityTaskStarted sched=5
        request-cancel
        => 7 WorkflowExecutionCancelRequested external=0
        => 8 DecisionTaskScheduled
        poll
        => 9 DecisionTaskStarted sched=8
        decide cancel
        => 10 DecisionTaskCompleted sched=8 started=9
        => 11 WorkflowExecutionCanceled dtc=10
        ? openCounts.openActivityTasks=1 executionInfo.closeStatus=CANCELED
        ? executionInfo.cancelRequested=false
        ",
    );
}

#[test]
fn e_cancel_an_unstarted_activity() {
    check(
        "
        ~ at 0 start
        ~ poll
        decide schedule a; timer t 5
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 ActivityTaskScheduled dtc=4
        => 6 TimerStarted dtc=4
        at 5 wake
        => 7 TimerFired started=6
        => 8 DecisionTaskScheduled
        poll
        => 9 DecisionTaskStarted sched=8
        decide cancel-activity a
        => 10 DecisionTaskCompleted sched=8 started=9
        => 11 ActivityTaskCancelRequested dtc=10
        => 12 ActivityTaskCanceled sched=5 started=0 cancel=11 details=-
        => 13 DecisionTaskScheduled
        poll
        => 14 DecisionTaskStarted sched=13
        decide cancel
        => 15 DecisionTaskCompleted sched=13 started=14
        => 16 WorkflowExecutionCanceled dtc=15
        ",
    );
}

#[test]
fn f_cancel_an_unknown_activity() {
    check(
        "
        ~ at 0 start
        ~ poll
        ~ decide schedule a; timer t 5
        ~ at 5 wake
        ~ poll
        decide cancel-activity b
        => 10 DecisionTaskCompleted sched=8 started=9
        => 11 RequestCancelActivityTaskFailed dtc=10 cause=ACTIVITY_ID_UNKNOWN activityId=b
        => 12 DecisionTaskScheduled
        poll
        => 13 DecisionTaskStarted sched=12
        decide fail reason=why details=how
        => 14 DecisionTaskCompleted sched=12 started=13
        => 15 WorkflowExecutionFailed dtc=14 reason=why details=how
        ",
    );
}

#[test]
fn g_cancel_a_running_activity() {
    check(
        "
        ~ at 0 start
        ~ poll
        ~ decide schedule a; timer t 5
        at 1 take a
        => 7 ActivityTaskStarted sched=5
        at 5 wake
        => 8 TimerFired started=6
        => 9 DecisionTaskScheduled
        poll
        => 10 DecisionTaskStarted sched=9
        decide cancel-activity a
        => 11 DecisionTaskCompleted sched=9 started=10
        => 12 ActivityTaskCancelRequested dtc=11
        canceled a details=half
        => 13 ActivityTaskCanceled sched=5 started=7 cancel=12 details=half
        => 14 DecisionTaskScheduled
        poll
        => 15 DecisionTaskStarted sched=14
        decide cancel details=done
        => 16 DecisionTaskCompleted sched=14 started=15
        => 17 WorkflowExecutionCanceled dtc=16 details=done
        ",
    );
}

#[test]
fn h_child() {
    check(
        "
        ~ at 0 start
        ~ poll
        decide child c
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 StartChildWorkflowExecutionInitiated dtc=4 workflowId=c workflowType=order/1
        => r2 1 WorkflowExecutionStarted parent=5 parentWorkflowExecution=w/r1
        => r2 2 DecisionTaskScheduled
        => 6 ChildWorkflowExecutionStarted initiated=5 workflowExecution=c/r2 workflowType=order/1
        => 7 DecisionTaskScheduled
        poll
        => 8 DecisionTaskStarted sched=7
        decide
        => 9 DecisionTaskCompleted sched=7 started=8
        ? openCounts.openChildWorkflowExecutions=1
        ~ r2 poll
        r2 decide complete result=sum
        => r2 4 DecisionTaskCompleted sched=2 started=3
        => r2 5 WorkflowExecutionCompleted dtc=4
        => 10 ChildWorkflowExecutionCompleted initiated=5 started=6 workflowExecution=c/r2 workflowType=order/1 result=sum
        => 11 DecisionTaskScheduled
        poll
        => 12 DecisionTaskStarted sched=11
        decide complete
        => 13 DecisionTaskCompleted sched=11 started=12
        => 14 WorkflowExecutionCompleted dtc=13
        ",
    );
}

#[test]
fn i_child_fails_during_a_decision_of_its_parent() {
    check(
        "
        ~ at 0 start
        ~ poll
        ~ decide child c
        poll
        => 8 DecisionTaskStarted sched=7
        ~ r2 poll
        r2 decide fail reason=why details=how
        => r2 4 DecisionTaskCompleted sched=2 started=3
        => r2 5 WorkflowExecutionFailed dtc=4
        => 9 ChildWorkflowExecutionFailed initiated=5 started=6 reason=why details=how
        => 10 DecisionTaskScheduled
        decide
        => 11 DecisionTaskCompleted sched=7 started=8
        poll
        => 12 DecisionTaskStarted sched=10
        decide complete
        => 13 DecisionTaskCompleted sched=10 started=12
        => 14 WorkflowExecutionCompleted dtc=13
        ",
    );
}

#[test]
fn j_external_cancel() {
    for (target, told, outcome) in [
        (
            "v",
            "=> 3 WorkflowExecutionCancelRequested external=5 externalWorkflowExecution=w/r2",
            "ExternalWorkflowExecutionCancelRequested initiated=5 workflowExecution=v/r1",
        ),
        (
            "x",
            "",
            "RequestCancelExternalWorkflowExecutionFailed dtc=4 initiated=5 cause=UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION",
        ),
    ] {
        check(&format!(
            "
            ~ start workflowId=v
            ~ start
            on r2
            ~ poll
            decide cancel-external {target}
            => r2 4 DecisionTaskCompleted sched=2 started=3
            => r2 5 RequestCancelExternalWorkflowExecutionInitiated dtc=4
            {told}
            => r2 6 {outcome}
            => r2 7 DecisionTaskScheduled
            poll
            => r2 8 DecisionTaskStarted sched=7
            decide complete
            => r2 9 DecisionTaskCompleted sched=7 started=8
            => r2 10 WorkflowExecutionCompleted dtc=9
            "
        ));
    }
}

#[test]
fn k_five_signals_before_the_first_decision() {
    check(
        "
        start
        => 1 WorkflowExecutionStarted parent=0
        => 2 DecisionTaskScheduled
        signal one input=1
        => 3 WorkflowExecutionSignaled external=0 signalName=one input=1
        signal two
        => 4 WorkflowExecutionSignaled external=0 signalName=two input=-
        signal three
        => 5 WorkflowExecutionSignaled external=0
        signal four
        => 6 WorkflowExecutionSignaled external=0
        signal five
        => 7 WorkflowExecutionSignaled external=0
        poll
        => 8 DecisionTaskStarted sched=2
        decide complete
        => 9 DecisionTaskCompleted sched=2 started=8
        => 10 WorkflowExecutionCompleted dtc=9
        ",
    );
}

#[test]
fn l_two_timers_cancel_one_and_wake_up() {
    check(
        "
        ~ at 0 start
        ~ poll
        decide timer long 120; timer short 2
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 TimerStarted dtc=4 startToFireTimeout=120
        => 6 TimerStarted dtc=4 startToFireTimeout=2
        at 1.999 wake
        at 2 wake
        => 7 TimerFired started=6 timerId=short
        => 8 DecisionTaskScheduled
        poll
        => 9 DecisionTaskStarted sched=8
        decide cancel-timer long; timer wake-up 0
        => 10 DecisionTaskCompleted sched=8 started=9
        => 11 TimerCanceled started=5 dtc=10
        => 12 TimerStarted dtc=10 startToFireTimeout=0
        wake
        => 13 TimerFired started=12
        => 14 DecisionTaskScheduled
        ",
    );
}

#[test]
fn m_markers() {
    check(
        "
        ~ start
        ~ poll
        decide marker m details=1; marker m; marker n; timer t 0
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 MarkerRecorded dtc=4 markerName=m details=1
        => 6 MarkerRecorded dtc=4 markerName=m details=-
        => 7 MarkerRecorded dtc=4 markerName=n
        => 8 TimerStarted dtc=4
        wake
        => 9 TimerFired started=8
        => 10 DecisionTaskScheduled
        ",
    );
}

#[test]
fn n_decision_timeout() {
    check(
        "
        at 0 start
        => 1 WorkflowExecutionStarted parent=0
        => 2 DecisionTaskScheduled startToCloseTimeout=60 scheduleToStartTimeout=NONE
        at 3 poll
        => 3 DecisionTaskStarted sched=2
        at 62.999 wake
        at 63.006 wake
        => 4 DecisionTaskTimedOut sched=2 started=3 timeout=START_TO_CLOSE
        => 5 DecisionTaskScheduled
        decide complete
        => ! UnknownResourceFault: Unknown decision task, scheduledEventId = 2
        poll
        => 6 DecisionTaskStarted sched=5
        decide
        => 7 DecisionTaskCompleted sched=5 started=6
        ",
    );
}

#[test]
fn o_continue_as_new() {
    check(
        "
        at 0 start input=first
        => 1 WorkflowExecutionStarted parent=0 input=first continuedExecutionRunId=-
        => 2 DecisionTaskScheduled
        at 1 poll
        => 3 DecisionTaskStarted sched=2
        at 2 decide continue input=second
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 WorkflowExecutionContinuedAsNew dtc=4 newExecutionRunId=r2 input=second
        => r2 1 WorkflowExecutionStarted parent=0 continuedExecutionRunId=r1 input=second
        => r2 2 DecisionTaskScheduled
        signal late
        => ! UnknownResourceFault: Unknown execution: WorkflowExecution=[workflowId=w, runId=r1]
        on r2
        at 3 poll
        => r2 3 DecisionTaskStarted sched=2
        decide complete result=sum
        => r2 4 DecisionTaskCompleted sched=2 started=3
        => r2 5 WorkflowExecutionCompleted dtc=4 result=sum
        ",
    );
}

#[test]
fn p_child_times_out_before_its_parent_is_polled() {
    check(
        "
        ~ at 0 start
        ~ poll
        decide child c executionStartToCloseTimeout=5
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 StartChildWorkflowExecutionInitiated dtc=4
        => r2 1 WorkflowExecutionStarted parent=5
        => r2 2 DecisionTaskScheduled
        => 6 ChildWorkflowExecutionStarted initiated=5
        => 7 DecisionTaskScheduled
        at 5 r2 wake
        => r2 3 WorkflowExecutionTimedOut timeout=START_TO_CLOSE
        => 8 ChildWorkflowExecutionTimedOut initiated=5 started=6 timeout=START_TO_CLOSE
        r2 poll
        => ! UnknownResourceFault: Unknown execution: WorkflowExecution=[workflowId=c, runId=r2]
        poll
        => 9 DecisionTaskStarted sched=7
        decide complete
        => 10 DecisionTaskCompleted sched=7 started=9
        => 11 WorkflowExecutionCompleted dtc=10
        ",
    );
}
