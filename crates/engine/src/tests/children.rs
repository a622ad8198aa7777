//! Children: the table of engine.md, section 10, row by row, and why a child is not started. What
//! a parent's end does to its children stands in `policies.rs`.

use super::check;
use crate::Limits;

/// A parent `w` (r1) with a child `c` (r2), both idle: event 5 announced the child, 6 its start.
const PARENT: &str = "
    ~ at 0 start
    ~ poll
    ~ decide child c
    ~ poll
    ~ decide
    ~ r2 poll
    ";

#[test]
fn a_child_is_announced_and_then_started() {
    check(
        "
        ~ at 0 start
        ~ poll
        hold
        at 1 decide child c
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 StartChildWorkflowExecutionInitiated dtc=4
        ? openCounts.openChildWorkflowExecutions=0 openCounts.openDecisionTasks=0
        at 2 deliver w>c
        => r2 1 WorkflowExecutionStarted parent=5
        => r2 2 DecisionTaskScheduled
        r2 ? executionInfo.startTimestamp=2.0 executionInfo.parent=w/r1
        at 3 deliver c>w
        => 6 ChildWorkflowExecutionStarted initiated=5
        => 7 DecisionTaskScheduled
        ? openCounts.openChildWorkflowExecutions=1
        ",
    );
}

#[test]
fn how_a_child_closes_is_reported() {
    for (close, reported) in [
        ("complete result=sum", "Completed initiated=5 started=6 result=sum"),
        ("complete", "Completed initiated=5 started=6 result=-"),
        ("fail reason=why details=how", "Failed initiated=5 started=6 reason=why details=how"),
        ("fail", "Failed initiated=5 started=6 reason=- details=-"),
        ("cancel details=so", "Canceled initiated=5 started=6 details=so"),
        ("cancel", "Canceled initiated=5 started=6 details=-"),
    ] {
        let verb = close.split(' ').next().expect("there is a verb");
        let closed = match verb {
            "complete" => "Completed",
            "fail" => "Failed",
            _ => "Canceled",
        };
        check(&format!(
            "
            {PARENT}
            r2 decide {close}
            => r2 4 DecisionTaskCompleted sched=2 started=3
            => r2 5 WorkflowExecution{closed} dtc=4
            => 10 ChildWorkflowExecution{reported} workflowExecution=c/r2 workflowType=order/1
            => 11 DecisionTaskScheduled
            ? openCounts.openChildWorkflowExecutions=0
            "
        ));
    }
    check(&format!(
        "
        {PARENT}
        r2 terminate reason=why details=how
        => r2 4 WorkflowExecutionTerminated cause=OPERATOR_INITIATED
        => 10 ChildWorkflowExecutionTerminated initiated=5 started=6 workflowExecution=c/r2 reason=- details=-
        => 11 DecisionTaskScheduled
        "
    ));
    check(&format!(
        "
        {PARENT}
        ~ at 60 signal s
        at 1000 r2 wake
        => r2 4 DecisionTaskTimedOut sched=2 started=3 timeout=START_TO_CLOSE
        => r2 5 DecisionTaskScheduled
        r2 wake
        => r2 6 WorkflowExecutionTimedOut timeout=START_TO_CLOSE
        => 12 ChildWorkflowExecutionTimedOut initiated=5 started=6 timeout=START_TO_CLOSE workflowExecution=c/r2
        "
    ));
}

#[test]
fn the_reports_of_two_children_are_their_own() {
    check(
        "
        ~ start
        ~ poll
        ~ decide child c; child d
        r3 terminate
        => r3 3 WorkflowExecutionTerminated cause=OPERATOR_INITIATED
        => 10 ChildWorkflowExecutionTerminated initiated=6 started=9 workflowExecution=d/r3
        ? openCounts.openChildWorkflowExecutions=1
        r2 terminate
        => r2 3 WorkflowExecutionTerminated cause=OPERATOR_INITIATED
        => 11 ChildWorkflowExecutionTerminated initiated=5 started=7 workflowExecution=c/r2
        ? openCounts.openChildWorkflowExecutions=0
        ",
    );
}

#[test]
fn a_child_that_continues_as_new_is_one_child() {
    check(&format!(
        "
        {PARENT}
        r2 decide continue
        => r2 4 DecisionTaskCompleted sched=2 started=3
        => r2 5 WorkflowExecutionContinuedAsNew dtc=4
        => r3 1 WorkflowExecutionStarted parent=5
        => r3 2 DecisionTaskScheduled
        ~ r3 poll
        r3 decide continue
        => r3 4 DecisionTaskCompleted sched=2 started=3
        => r3 5 WorkflowExecutionContinuedAsNew dtc=4
        => r4 1 WorkflowExecutionStarted parent=5
        => r4 2 DecisionTaskScheduled
        ? openCounts.openChildWorkflowExecutions=1 openCounts.openDecisionTasks=0
        ~ r4 poll
        r4 decide complete result=sum
        => r4 4 DecisionTaskCompleted sched=2 started=3
        => r4 5 WorkflowExecutionCompleted dtc=4
        => 10 ChildWorkflowExecutionCompleted initiated=5 started=6 workflowExecution=c/r4 result=sum
        => 11 DecisionTaskScheduled
        "
    ));
}

/// Nothing is written anywhere when a child of a closed parent closes, be it continued or not.
#[test]
fn a_child_of_a_closed_parent_reports_to_nobody() {
    for close in ["complete", "fail", "cancel", "continue"] {
        let world = check(&format!(
            "
            ~ start
            ~ poll
            ~ decide child c
            ~ poll
            ~ decide {close}
            ~ r2 poll
            r2 decide complete
            => r2 4 DecisionTaskCompleted sched=2 started=3
            => r2 5 WorkflowExecutionCompleted dtc=4
            "
        ));
        // Row 32 of section 13: the child is counted as it stood at the close.
        let counts = world.oracle.runs[0].state.detail().open_counts;
        assert_eq!(counts.open_child_workflow_executions, 1);
    }
}

/// Engine.md, section 13, row 8.
#[test]
fn what_a_closing_batch_announces_is_done_all_the_same() {
    for close in ["complete", "fail", "cancel"] {
        let closed = match close {
            "complete" => "Completed",
            "fail" => "Failed",
            _ => "Canceled",
        };
        check(&format!(
            "
            ~ start workflowId=v
            ~ start
            on r2
            ~ poll
            decide child c; signal-external v go; cancel-external v; signal-external x go; {close}
            => r2 4 DecisionTaskCompleted sched=2 started=3
            => r2 5 StartChildWorkflowExecutionInitiated dtc=4
            => r2 6 SignalExternalWorkflowExecutionInitiated dtc=4
            => r2 7 RequestCancelExternalWorkflowExecutionInitiated dtc=4
            => r2 8 SignalExternalWorkflowExecutionInitiated dtc=4
            => r2 9 WorkflowExecution{closed} dtc=4
            => r3 1 WorkflowExecutionStarted parent=5 parentWorkflowExecution=w/r2
            => r3 2 DecisionTaskScheduled
            => 3 WorkflowExecutionSignaled external=6
            => 4 WorkflowExecutionCancelRequested external=7
            ? openCounts.openChildWorkflowExecutions=0
            "
        ));
    }
    check(
        "
        ~ start
        ~ poll
        decide child c; continue
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 StartChildWorkflowExecutionInitiated dtc=4
        => 6 WorkflowExecutionContinuedAsNew dtc=4
        => r3 1 WorkflowExecutionStarted parent=0
        => r3 2 DecisionTaskScheduled
        => r2 1 WorkflowExecutionStarted parent=5 parentWorkflowExecution=w/r1
        => r2 2 DecisionTaskScheduled
        ",
    );
}

/// Engine.md, section 13, row 29.
#[test]
fn of_two_children_of_one_id_the_first_wins() {
    check(
        "
        ~ start
        ~ poll
        decide child c input=first; child c input=second control=x
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 StartChildWorkflowExecutionInitiated dtc=4
        => 6 StartChildWorkflowExecutionInitiated dtc=4
        => r2 1 WorkflowExecutionStarted parent=5 input=first
        => r2 2 DecisionTaskScheduled
        => 7 ChildWorkflowExecutionStarted initiated=5
        => 8 DecisionTaskScheduled
        => 9 StartChildWorkflowExecutionFailed dtc=4 initiated=6 cause=WORKFLOW_ALREADY_RUNNING workflowId=c control=x
        ? openCounts.openChildWorkflowExecutions=1
        ",
    );
}

#[test]
fn the_id_of_a_child_is_free_again_once_it_has_closed() {
    check(
        "
        ~ start
        ~ poll
        decide child c; child w
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 StartChildWorkflowExecutionInitiated dtc=4
        => 6 StartChildWorkflowExecutionInitiated dtc=4
        => r2 1 WorkflowExecutionStarted parent=5
        => r2 2 DecisionTaskScheduled
        => 7 ChildWorkflowExecutionStarted initiated=5
        => 8 DecisionTaskScheduled
        => 9 StartChildWorkflowExecutionFailed dtc=4 initiated=6 cause=WORKFLOW_ALREADY_RUNNING
        ~ r2 terminate
        ~ poll
        decide child c
        => 12 DecisionTaskCompleted sched=8 started=11
        => 13 StartChildWorkflowExecutionInitiated dtc=12
        => r4 1 WorkflowExecutionStarted parent=13
        => r4 2 DecisionTaskScheduled
        => 14 ChildWorkflowExecutionStarted initiated=13
        => 15 DecisionTaskScheduled
        ",
    );
}

/// An id that the parent frees by closing may be the child's.
#[test]
fn a_child_may_take_the_id_of_its_closed_parent() {
    check(
        "
        ~ start
        ~ poll
        decide child w; complete
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 StartChildWorkflowExecutionInitiated dtc=4
        => 6 WorkflowExecutionCompleted dtc=4
        => r2 1 WorkflowExecutionStarted parent=5 parentWorkflowExecution=w/r1
        => r2 2 DecisionTaskScheduled
        ",
    );
}

/// `decision` is refused at once, without an announcement.
#[track_caller]
fn check_refused(decision: &str, cause: &str) {
    check(&format!(
        "
        ~ start
        ~ poll
        decide {decision}
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 StartChildWorkflowExecutionFailed dtc=4 initiated=0 cause={cause} workflowId=c
        => 6 DecisionTaskScheduled
        ? openCounts.openChildWorkflowExecutions=0
        "
    ));
}

#[test]
fn why_a_child_is_refused_at_once() {
    check_refused("child c workflowType=order/none", "WORKFLOW_TYPE_DOES_NOT_EXIST");
    check_refused("child c workflowType=nothing/1", "WORKFLOW_TYPE_DOES_NOT_EXIST");
    check_refused("child c workflowType=order/old", "WORKFLOW_TYPE_DEPRECATED");
    let given = [
        ("executionStartToCloseTimeout=9", "DEFAULT_EXECUTION_START_TO_CLOSE_TIMEOUT_UNDEFINED"),
        ("taskList=l", "DEFAULT_TASK_LIST_UNDEFINED"),
        ("taskStartToCloseTimeout=9", "DEFAULT_TASK_START_TO_CLOSE_TIMEOUT_UNDEFINED"),
        ("childPolicy=ABANDON", "DEFAULT_CHILD_POLICY_UNDEFINED"),
    ];
    let mut decision = "child c workflowType=order/bare".to_owned();
    for (member, cause) in given {
        // Each is refused for its own reason although every later reason holds as well.
        check_refused(&decision, cause);
        decision += &format!(" {member}");
    }
    check(&format!(
        "
        ~ start
        ~ poll
        decide {decision}
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 StartChildWorkflowExecutionInitiated dtc=4 taskPriority=- lambdaRole=-
        => r2 1 WorkflowExecutionStarted parent=5 taskList=l childPolicy=ABANDON
        => r2 2 DecisionTaskScheduled
        => 6 ChildWorkflowExecutionStarted initiated=5
        => 7 DecisionTaskScheduled
        "
    ));
}

#[test]
fn a_child_too_many() {
    let batch: Vec<String> =
        (0..Limits::AWS.open_children_max).map(|number| format!("child c{number}")).collect();
    let batch = batch.join("; ");
    // They count from their announcement on; none of them is started here.
    check(&format!(
        "
        ~ start
        ~ poll
        hold
        ~ decide {batch}
        ~ signal s
        ~ poll
        decide child c; child d workflowType=order/bare; child e workflowType=order/old
        => 1008 DecisionTaskCompleted sched=1006 started=1007
        => 1009 StartChildWorkflowExecutionFailed dtc=1008 initiated=0 cause=OPEN_CHILDREN_LIMIT_EXCEEDED
        => 1010 StartChildWorkflowExecutionFailed dtc=1008 initiated=0 cause=OPEN_CHILDREN_LIMIT_EXCEEDED
        => 1011 StartChildWorkflowExecutionFailed dtc=1008 initiated=0 cause=WORKFLOW_TYPE_DEPRECATED
        => 1012 DecisionTaskScheduled
        "
    ));
}

/// The type is looked at when the decision is carried out, not when the child starts.
#[test]
fn a_type_deprecated_under_way_does_not_stop_its_child() {
    check(
        "
        ~ start
        ~ poll
        hold
        ~ decide child c
        DeprecateWorkflowType {\"domain\":\"d\",\"workflowType\":{\"name\":\"order\",\"version\":\"1\"}}
        deliver
        => r2 1 WorkflowExecutionStarted parent=5
        => r2 2 DecisionTaskScheduled
        => 6 ChildWorkflowExecutionStarted initiated=5
        => 7 DecisionTaskScheduled
        ",
    );
}

/// A close decision fails on the news that a child has started.
#[test]
fn a_child_that_starts_is_news() {
    check(
        "
        ~ start
        ~ poll
        hold
        ~ decide child c
        ~ signal s
        ~ poll
        deliver
        => r2 1 WorkflowExecutionStarted parent=5
        => r2 2 DecisionTaskScheduled
        => 9 ChildWorkflowExecutionStarted initiated=5
        => 10 DecisionTaskScheduled
        decide complete
        => 11 DecisionTaskCompleted sched=7 started=8
        => 12 CompleteWorkflowExecutionFailed dtc=11 cause=UNHANDLED_DECISION
        ",
    );
}

/// The child is quicker than the news of its start.
#[test]
fn a_child_may_close_before_its_parent_knows_of_its_start() {
    check(
        "
        ~ start
        ~ poll
        hold
        ~ decide child c
        ~ deliver w>c
        ~ r2 poll
        ~ r2 decide complete
        deliver
        => 6 ChildWorkflowExecutionStarted initiated=5
        => 7 DecisionTaskScheduled
        => 8 ChildWorkflowExecutionCompleted initiated=5 started=6
        ",
    );
}
