//! Decisions that their decider is not permitted: each fails by the event and the cause that SWF has
//! for it, before anything else is looked at, and the others of the answer are carried out.

use super::check;

#[test]
fn every_decision_that_may_be_forbidden_has_its_event() {
    let denied = "cause=OPERATION_NOT_PERMITTED";
    check(&format!(
        "
        ~ start
        ~ poll
        decide denied=0,1,2,3,4,5,6,7 | schedule a; cancel-activity a; marker m; timer t 9; cancel-timer t; signal-external w s control=c; cancel-external w control=c; child c control=c
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 ScheduleActivityTaskFailed dtc=4 {denied} activityId=a activityType=work/1
        => 6 RequestCancelActivityTaskFailed dtc=4 {denied} activityId=a
        => 7 RecordMarkerFailed dtc=4 {denied} markerName=m
        => 8 StartTimerFailed dtc=4 {denied} timerId=t
        => 9 CancelTimerFailed dtc=4 {denied} timerId=t
        => 10 SignalExternalWorkflowExecutionFailed dtc=4 initiated=0 {denied} workflowId=w control=c
        => 11 RequestCancelExternalWorkflowExecutionFailed dtc=4 initiated=0 {denied} workflowId=w control=c
        => 12 StartChildWorkflowExecutionFailed dtc=4 initiated=0 {denied} workflowId=c control=c
        => 13 DecisionTaskScheduled
        "
    ));
}

/// The execution stays open, and the decider is asked again.
#[test]
fn a_close_that_is_not_permitted_closes_nothing() {
    for (close, failed) in [
        ("complete", "CompleteWorkflowExecutionFailed"),
        ("fail", "FailWorkflowExecutionFailed"),
        ("cancel", "CancelWorkflowExecutionFailed"),
        ("continue", "ContinueAsNewWorkflowExecutionFailed"),
    ] {
        check(&format!(
            "
            ~ start
            ~ poll
            decide denied=0 | {close}
            => 4 DecisionTaskCompleted sched=2 started=3
            => 5 {failed} dtc=4 cause=OPERATION_NOT_PERMITTED
            => 6 DecisionTaskScheduled
            "
        ));
    }
}

#[test]
fn the_other_decisions_of_an_answer_are_carried_out() {
    check(
        "
        ~ start
        ~ poll
        hold
        decide denied=1 | marker m; child c; child d
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 MarkerRecorded dtc=4
        => 6 StartChildWorkflowExecutionFailed dtc=4 initiated=0 cause=OPERATION_NOT_PERMITTED workflowId=c
        => 7 StartChildWorkflowExecutionInitiated dtc=4 workflowId=d
        => 8 DecisionTaskScheduled
        ",
    );
}

/// Else the cause would tell what he may not know (engine.md, section 13, row 17).
#[test]
fn permission_goes_before_every_other_reason() {
    let denied = "dtc=11 cause=OPERATION_NOT_PERMITTED";
    check(&format!(
        "
        ~ start
        ~ poll
        ~ decide timer t 9
        ~ signal one
        ~ poll
        ~ signal two
        decide denied=0,1,2 rate=0,1 | timer t 9; schedule a activityType=work/none; complete
        => 11 DecisionTaskCompleted sched=7 started=8
        => 12 StartTimerFailed {denied}
        => 13 ScheduleActivityTaskFailed {denied}
        => 14 CompleteWorkflowExecutionFailed {denied}
        "
    ));
}

/// There is no such action: what a function may do hangs on the execution's role.
#[test]
fn a_lambda_task_is_not_forbidden_to_its_decider() {
    check(
        "
        ~ functions
        ~ start lambdaRole=arn:role
        ~ poll
        decide denied=0 | lambda f hello
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 LambdaFunctionScheduled dtc=4
        ",
    );
}
