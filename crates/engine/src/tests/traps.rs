//! The traps of engine.md, section 12, by number: 1 to 20. Numbers 15 and 16 are about pages of a
//! history, which the engine does not know.

use super::check;

#[test]
fn trap_01_events_are_not_buffered() {
    check(
        "
        ~ start
        ~ poll
        signal one
        => 4 WorkflowExecutionSignaled external=0
        => 5 DecisionTaskScheduled
        signal two
        => 6 WorkflowExecutionSignaled external=0
        decide
        => 7 DecisionTaskCompleted sched=2 started=3
        ",
    );
}

#[test]
fn trap_02_the_next_decision_task_is_scheduled_at_once_and_held_back() {
    check(
        "
        ~ start
        ? tasks=2@deciders^0
        ~ poll
        ? tasks=
        signal one
        => 4 WorkflowExecutionSignaled external=0
        => 5 DecisionTaskScheduled
        ? tasks=5@deciders^0:held
        poll
        => ! UnknownResourceFault: Unknown decision task, scheduledEventId = 5
        decide
        => 6 DecisionTaskCompleted sched=2 started=3
        ? tasks=5@deciders^0
        poll
        => 7 DecisionTaskStarted sched=5
        ",
    );
}

#[test]
fn trap_03_open_work_does_not_block_a_close() {
    for (close, event) in [
        ("complete", "WorkflowExecutionCompleted"),
        ("fail", "WorkflowExecutionFailed"),
        ("cancel", "WorkflowExecutionCanceled"),
    ] {
        check(&format!(
            "
            ~ start
            ~ poll
            ~ decide schedule a; schedule b; timer t 5
            ~ take a
            signal end
            => 9 WorkflowExecutionSignaled external=0
            => 10 DecisionTaskScheduled
            poll
            => 11 DecisionTaskStarted sched=10
            decide {close}
            => 12 DecisionTaskCompleted sched=10 started=11
            => 13 {event} dtc=12
            "
        ));
    }
}

#[test]
fn trap_04_an_unhandled_decision_is_an_event_not_a_fault() {
    for (close, event) in [
        ("complete", "CompleteWorkflowExecutionFailed"),
        ("fail", "FailWorkflowExecutionFailed"),
        ("cancel", "CancelWorkflowExecutionFailed"),
        ("continue", "ContinueAsNewWorkflowExecutionFailed"),
    ] {
        check(&format!(
            "
            ~ start
            ~ poll
            ~ signal late
            decide marker m; {close}
            => 6 DecisionTaskCompleted sched=2 started=3
            => 7 MarkerRecorded dtc=6
            => 8 {event} dtc=6 cause=UNHANDLED_DECISION
            ? executionInfo.executionStatus=OPEN
            "
        ));
    }
}

#[test]
fn trap_05_an_unhandled_decision_schedules_no_second_task() {
    check(
        "
        ~ start
        ~ poll
        ~ signal late
        decide complete
        => 6 DecisionTaskCompleted sched=2 started=3
        => 7 CompleteWorkflowExecutionFailed dtc=6 cause=UNHANDLED_DECISION
        poll
        => 8 DecisionTaskStarted sched=5
        decide complete
        => 9 DecisionTaskCompleted sched=5 started=8
        => 10 WorkflowExecutionCompleted dtc=9
        ",
    );
}

#[test]
fn trap_06_an_empty_answer_creates_no_task() {
    check(
        "
        ~ start
        ~ poll
        decide
        => 4 DecisionTaskCompleted sched=2 started=3
        ? tasks= openCounts.openDecisionTasks=0 due=1000:Execution
        ",
    );
}

#[test]
fn trap_07_what_is_no_news_creates_no_task() {
    check(
        "
        ~ start
        ~ poll
        decide marker m; timer t 5; cancel-timer t; schedule a
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 MarkerRecorded dtc=4
        => 6 TimerStarted dtc=4
        => 7 TimerCanceled dtc=4 started=6
        => 8 ActivityTaskScheduled dtc=4
        take a
        => 9 ActivityTaskStarted sched=8
        ? openCounts.openDecisionTasks=0
        ~ signal go
        ~ poll
        decide cancel-activity a
        => 13 DecisionTaskCompleted sched=11 started=12
        => 14 ActivityTaskCancelRequested dtc=13
        ? openCounts.openDecisionTasks=0
        ",
    );
}

#[test]
fn trap_08_refused_decisions_and_immediate_cancelations_create_one() {
    for (decision, failure) in [
        (
            "schedule b activityType=work/x",
            "ScheduleActivityTaskFailed ACTIVITY_TYPE_DOES_NOT_EXIST",
        ),
        ("cancel-activity b", "RequestCancelActivityTaskFailed ACTIVITY_ID_UNKNOWN"),
        ("timer t 1", "StartTimerFailed TIMER_ID_ALREADY_IN_USE"),
        ("cancel-timer u", "CancelTimerFailed TIMER_ID_UNKNOWN"),
        (
            "continue workflowTypeVersion=x",
            "ContinueAsNewWorkflowExecutionFailed WORKFLOW_TYPE_DOES_NOT_EXIST",
        ),
        (
            "child x workflowType=order/x",
            "StartChildWorkflowExecutionFailed WORKFLOW_TYPE_DOES_NOT_EXIST initiated=0",
        ),
        ("lambda f g", "ScheduleLambdaFunctionFailed LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION"),
    ] {
        let (event, cause) = failure.split_once(' ').expect("event and cause");
        check(&format!(
            "
            ~ start
            ~ poll
            ~ decide timer t 5
            ~ signal go
            ~ poll
            decide {decision}
            => 9 DecisionTaskCompleted sched=7 started=8
            => 10 {event} dtc=9 cause={cause}
            => 11 DecisionTaskScheduled
            "
        ));
    }
    check(
        "
        ~ start
        ~ poll
        decide schedule a; cancel-activity a
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 ActivityTaskScheduled dtc=4
        => 6 ActivityTaskCancelRequested dtc=4
        => 7 ActivityTaskCanceled sched=5 started=0 cancel=6
        => 8 DecisionTaskScheduled
        ",
    );
}

#[test]
fn trap_09_a_bad_batch_changes_nothing_and_leaves_the_task_alone() {
    check(
        "
        ~ start
        ~ poll
        decide schedule a; StartTimer
        => ! ValidationException: StartTimerDecisionAttributes must be specified for decision of type StartTimer
        decide complete; timer t 5
        => ! ValidationException: Close must be last decision in list
        decide timer t 5
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 TimerStarted dtc=4
        ",
    );
}

#[test]
fn trap_10_nothing_follows_a_closing_decision() {
    for first in ["complete", "fail", "cancel", "continue"] {
        for second in ["marker m", "complete", "continue"] {
            check(&format!(
                "
                ~ start
                ~ poll
                decide {first}; {second}
                => ! ValidationException: Close must be last decision in list
                "
            ));
        }
    }
}

#[test]
fn trap_11_ids_of_nothing_are_written_as_zero() {
    check(
        "
        at 0 start
        => 1 WorkflowExecutionStarted parent=0
        => 2 DecisionTaskScheduled
        ? previousStartedEventId=0
        request-cancel
        => 3 WorkflowExecutionCancelRequested external=0 externalWorkflowExecution=-
        signal s
        => 4 WorkflowExecutionSignaled external=0 externalWorkflowExecution=-
        ~ poll
        ~ decide schedule a scheduleToStartTimeout=5; child x workflowType=order/x
        at 5 wake
        => 10 ActivityTaskTimedOut sched=7 started=0 timeout=SCHEDULE_TO_START
        ",
    );
}

#[test]
fn trap_12_a_childs_events_name_both_its_announcement_and_its_start() {
    check(
        "
        ~ start
        ~ poll
        ~ decide child c; marker m
        ~ poll
        ~ r2 poll
        r2 decide complete
        => r2 4 DecisionTaskCompleted sched=2 started=3
        => r2 5 WorkflowExecutionCompleted dtc=4
        => 10 ChildWorkflowExecutionCompleted initiated=5 started=7
        => 11 DecisionTaskScheduled
        ",
    );
}

#[test]
fn trap_13_a_child_is_announced_unless_it_is_refused_at_once() {
    check(
        "
        ~ start workflowId=x
        ~ start
        ~ on r2
        ~ poll
        decide child x workflowType=order/none control=c; child x control=d
        => r2 4 DecisionTaskCompleted sched=2 started=3
        => r2 5 StartChildWorkflowExecutionFailed dtc=4 cause=WORKFLOW_TYPE_DOES_NOT_EXIST initiated=0 workflowId=x workflowType=order/none control=c
        => r2 6 StartChildWorkflowExecutionInitiated dtc=4 workflowId=x control=d
        => r2 7 DecisionTaskScheduled
        => r2 8 StartChildWorkflowExecutionFailed dtc=4 cause=WORKFLOW_ALREADY_RUNNING initiated=6 workflowId=x workflowType=order/1 control=d
        ? openCounts.openChildWorkflowExecutions=0
        ",
    );
}

#[test]
fn trap_14_ids_are_unique_only_while_they_are_open() {
    check(
        "
        ~ start
        ~ poll
        decide schedule a; schedule a; timer t 1; timer t 1; cancel-timer t; timer t 1
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 ActivityTaskScheduled dtc=4
        => 6 ScheduleActivityTaskFailed dtc=4 cause=ACTIVITY_ID_ALREADY_IN_USE
        => 7 TimerStarted dtc=4
        => 8 StartTimerFailed dtc=4 cause=TIMER_ID_ALREADY_IN_USE
        => 9 TimerCanceled dtc=4 started=7
        => 10 TimerStarted dtc=4
        => 11 DecisionTaskScheduled
        take #5
        => 12 ActivityTaskStarted sched=5
        completed #5
        => 13 ActivityTaskCompleted sched=5 started=12
        at 1 wake
        => 14 TimerFired started=10
        ~ poll
        decide schedule a; timer t 1
        => 16 DecisionTaskCompleted sched=11 started=15
        => 17 ActivityTaskScheduled dtc=16
        => 18 TimerStarted dtc=16
        ",
    );
}

#[test]
fn trap_17_the_previous_started_event_is_that_of_a_completed_task() {
    check(
        "
        ~ at 0 start
        ~ poll
        ~ decide timer t 5
        ? previousStartedEventId=3
        ~ at 5 wake
        ~ poll
        at 65 wake
        => 9 DecisionTaskTimedOut sched=7 started=8 timeout=START_TO_CLOSE
        => 10 DecisionTaskScheduled
        ? previousStartedEventId=3
        ~ poll
        ? previousStartedEventId=3
        ~ decide
        ? previousStartedEventId=11
        ",
    );
}

#[test]
fn trap_18_a_close_writes_no_clean_up_events_and_freezes_the_counts() {
    check(
        "
        ~ start
        ~ poll
        ~ decide schedule a; schedule b; timer t 5; timer u 6
        ~ take a
        ~ beat a details=half
        ~ signal s
        terminate
        => 12 WorkflowExecutionTerminated cause=OPERATOR_INITIATED
        ? openCounts.openActivityTasks=2 openCounts.openTimers=2 openCounts.openDecisionTasks=1
        ? openCounts.openChildWorkflowExecutions=0 openCounts.openLambdaFunctions=0
        ? tasks= due=-
        ",
    );
}

#[test]
fn trap_19_only_terminations_and_time_outs_carry_a_child_policy() {
    for (close, event) in [
        ("complete", "WorkflowExecutionCompleted"),
        ("fail", "WorkflowExecutionFailed"),
        ("cancel", "WorkflowExecutionCanceled"),
    ] {
        check(&format!(
            "
            ~ start
            ~ poll
            decide {close}
            => 4 DecisionTaskCompleted sched=2 started=3
            => 5 {event} dtc=4 childPolicy=-
            "
        ));
    }
    check(
        "
        ~ start
        terminate childPolicy=ABANDON
        => 3 WorkflowExecutionTerminated cause=OPERATOR_INITIATED childPolicy=ABANDON
        ",
    );
    check(
        "
        ~ at 0 start childPolicy=REQUEST_CANCEL
        at 1000 wake
        => 3 WorkflowExecutionTimedOut timeout=START_TO_CLOSE childPolicy=REQUEST_CANCEL
        ",
    );
}

#[test]
fn trap_20_a_new_run_inherits_only_its_id_and_type() {
    check(
        "
        ~ start taskList=mine executionStartToCloseTimeout=77 taskStartToCloseTimeout=7 childPolicy=ABANDON taskPriority=3 tagList=x,y input=old lambdaRole=arn:mine
        ~ poll
        decide continue
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 WorkflowExecutionContinuedAsNew dtc=4 workflowType=order/1 taskList=deciders executionStartToCloseTimeout=1000 taskStartToCloseTimeout=60 childPolicy=TERMINATE taskPriority=- tagList=- input=- lambdaRole=-
        => r2 1 WorkflowExecutionStarted parent=0 workflowType=order/1 taskList=deciders executionStartToCloseTimeout=1000 taskStartToCloseTimeout=60 childPolicy=TERMINATE taskPriority=- tagList=- input=- lambdaRole=-
        => r2 2 DecisionTaskScheduled taskList=deciders taskPriority=-
        ",
    );
}
