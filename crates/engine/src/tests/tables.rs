//! The state tables of engine.md, section 10, row by row, as far as they are about the execution
//! alone. Time-outs of activities stand in `activities.rs`, children in `children.rs`, signals and
//! requests to cancel from elsewhere in `externals.rs`, Lambda tasks in `lambdas.rs`.

use super::check;
use crate::rows::Task;
use wire::{EventId, TaskPriority, Timestamp};

#[test]
fn execution_open() {
    check(
        "
        at 0 start
        => 1 WorkflowExecutionStarted parent=0
        => 2 DecisionTaskScheduled
        ~ poll
        ~ decide
        signal s
        => 5 WorkflowExecutionSignaled external=0
        => 6 DecisionTaskScheduled
        ~ poll
        ~ decide
        request-cancel
        => 9 WorkflowExecutionCancelRequested external=0
        => 10 DecisionTaskScheduled
        request-cancel
        => 11 WorkflowExecutionCancelRequested external=0
        poll
        => 12 DecisionTaskStarted sched=10
        decide continue workflowTypeVersion=old
        => 13 DecisionTaskCompleted sched=10 started=12
        => 14 ContinueAsNewWorkflowExecutionFailed dtc=13 cause=WORKFLOW_TYPE_DEPRECATED
        => 15 DecisionTaskScheduled
        ",
    );
}

#[test]
fn execution_closes() {
    check(
        "
        ~ at 0 start
        at 999.999 wake
        at 1000 wake
        => 3 WorkflowExecutionTimedOut timeout=START_TO_CLOSE childPolicy=TERMINATE
        at 2000 wake
        => ! UnknownResourceFault: Unknown execution: WorkflowExecution=[workflowId=w, runId=r1]
        ",
    );
    check(
        "
        ~ at 0 start
        ~ poll
        terminate reason=why details=how
        => 4 WorkflowExecutionTerminated cause=OPERATOR_INITIATED reason=why details=how childPolicy=TERMINATE
        decide complete
        => ! UnknownResourceFault: Unknown execution: WorkflowExecution=[workflowId=w, runId=r1]
        ? executionInfo.closeStatus=TERMINATED openCounts.openDecisionTasks=1
        ",
    );
}

#[test]
fn decision_task_scheduled_but_not_started() {
    check(
        "
        at 0 start
        => 1 WorkflowExecutionStarted parent=0
        => 2 DecisionTaskScheduled
        signal s  # 1,0: batching
        => 3 WorkflowExecutionSignaled external=0
        poll
        => 4 DecisionTaskStarted sched=2
        decide taskList=mine taskListScheduleToStartTimeout=5 | timer t 0
        => 5 DecisionTaskCompleted sched=2 started=4 taskList=mine taskListScheduleToStartTimeout=5
        => 6 TimerStarted dtc=5
        wake
        => 7 TimerFired started=6
        => 8 DecisionTaskScheduled taskList=mine
        at 4.999 wake
        at 5 wake
        => 9 DecisionTaskTimedOut sched=8 started=0 timeout=SCHEDULE_TO_START
        => 10 DecisionTaskScheduled taskList=deciders
        poll #8
        => ! UnknownResourceFault: Unknown decision task, scheduledEventId = 8
        poll
        => 11 DecisionTaskStarted sched=10
        ",
    );
}

#[test]
fn decision_task_started_alone() {
    check(
        "
        ~ at 0 start
        ~ poll
        decide  # nothing triggering inside
        => 4 DecisionTaskCompleted sched=2 started=3
        ? openCounts.openDecisionTasks=0
        ~ signal s
        ~ poll
        decide timer t 1; timer t 1; marker m  # something triggering inside: the task comes last
        => 8 DecisionTaskCompleted sched=6 started=7
        => 9 TimerStarted dtc=8
        => 10 StartTimerFailed dtc=8 cause=TIMER_ID_ALREADY_IN_USE
        => 11 MarkerRecorded dtc=8
        => 12 DecisionTaskScheduled
        poll
        => 13 DecisionTaskStarted sched=12
        ~ at 1 wake
        ~ decide
        ~ poll
        ~ decide
        ~ at 10 signal s
        ~ at 12 poll
        ? due=72:DecisionTaskStartToClose openCounts.openDecisionTasks=1
        at 72.5 wake
        => 22 DecisionTaskTimedOut sched=20 started=21 timeout=START_TO_CLOSE
        => 23 DecisionTaskScheduled
        decide
        => ! UnknownResourceFault: Unknown decision task, scheduledEventId = 20
        ",
    );
}

#[test]
fn decision_task_started_and_scheduled() {
    check(
        "
        ~ at 0 start
        ~ poll
        signal one
        => 4 WorkflowExecutionSignaled external=0
        => 5 DecisionTaskScheduled
        signal two
        => 6 WorkflowExecutionSignaled external=0
        ? openCounts.openDecisionTasks=1 tasks=5@deciders^0:held
        decide marker m; child x workflowType=order/none
        => 7 DecisionTaskCompleted sched=2 started=3
        => 8 MarkerRecorded dtc=7
        => 9 StartChildWorkflowExecutionFailed dtc=7 cause=WORKFLOW_TYPE_DOES_NOT_EXIST initiated=0
        ? tasks=5@deciders^0
        ~ poll
        ~ signal three
        at 60 wake
        => 13 DecisionTaskTimedOut sched=5 started=10 timeout=START_TO_CLOSE
        ? tasks=12@deciders^0
        decide #5/10 |
        => ! UnknownResourceFault: Unknown decision task, scheduledEventId = 5
        ",
    );
}

#[test]
fn an_answer_must_name_its_own_delivery() {
    check(
        "
        ~ start
        decide #2/3 |
        => ! UnknownResourceFault: Unknown decision task, scheduledEventId = 2
        ~ poll
        decide #2/4 |
        => ! UnknownResourceFault: Unknown decision task, scheduledEventId = 2
        decide #3/3 |
        => ! UnknownResourceFault: Unknown decision task, scheduledEventId = 3
        decide #2/3 |
        => 4 DecisionTaskCompleted sched=2 started=3
        decide #2/3 |
        => ! UnknownResourceFault: Unknown decision task, scheduledEventId = 2
        ",
    );
}

#[test]
fn a_decision_task_without_a_limit_never_times_out() {
    check(
        "
        ~ at 0 start taskStartToCloseTimeout=NONE
        ~ poll
        ? due=1000:Execution
        at 999 wake
        ",
    );
    check(
        "
        ~ at 3 start taskStartToCloseTimeout=0
        poll
        => 3 DecisionTaskStarted sched=2
        wake
        => 4 DecisionTaskTimedOut sched=2 started=3 timeout=START_TO_CLOSE
        => 5 DecisionTaskScheduled
        ",
    );
}

#[test]
fn activity_scheduled() {
    check(
        "
        ~ start
        ~ poll
        decide schedule a input=i control=c taskPriority=-4
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 ActivityTaskScheduled dtc=4 activityType=work/1 taskList=workers input=i control=c taskPriority=-4
        ? tasks=5@workers^-4 openCounts.openActivityTasks=1
        take a identity=me
        => 6 ActivityTaskStarted sched=5 identity=me
        ? tasks=
        ",
    );
}

#[test]
fn activity_started_and_closed_by_its_worker() {
    for (call, event) in [
        ("completed a result=r", "ActivityTaskCompleted sched=5 started=6 result=r"),
        ("failed a reason=r details=d", "ActivityTaskFailed sched=5 started=6 reason=r details=d"),
        // Without a request, too: no fault fits, and clients send it.
        (
            "canceled a details=d",
            "ActivityTaskCanceled sched=5 started=6 details=d latestCancelRequestedEventId=-",
        ),
    ] {
        check(&format!(
            "
            ~ start
            ~ poll
            ~ decide schedule a
            ~ take a
            beat a details=half  # no event
            ? cancelRequested.a=false
            {call}
            => 7 {event}
            => 8 DecisionTaskScheduled
            ? openCounts.openActivityTasks=0
            "
        ));
    }
}

#[test]
fn activity_asked_to_cancel_may_end_as_it_likes() {
    for (call, event) in [
        ("completed a", "ActivityTaskCompleted sched=5 started=6"),
        ("failed a", "ActivityTaskFailed sched=5 started=6"),
        ("canceled a", "ActivityTaskCanceled sched=5 started=6 cancel=13"),
        ("at 9 wake", "ActivityTaskTimedOut sched=5 started=6 timeout=START_TO_CLOSE"),
    ] {
        check(&format!(
            "
            ~ at 0 start
            ~ poll
            ~ decide schedule a startToCloseTimeout=9
            ~ take a
            ~ signal s
            ~ poll
            decide cancel-activity a; marker m; cancel-activity a
            => 10 DecisionTaskCompleted sched=8 started=9
            => 11 ActivityTaskCancelRequested dtc=10 activityId=a
            => 12 MarkerRecorded dtc=10
            => 13 ActivityTaskCancelRequested dtc=10 activityId=a
            {call}
            => 14 {event}
            => 15 DecisionTaskScheduled
            "
        ));
    }
}

#[test]
fn timer() {
    check(
        "
        ~ at 0 start
        ~ poll
        decide timer t 5 control=c; timer t 6; cancel-timer u
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 TimerStarted dtc=4 timerId=t startToFireTimeout=5 control=c
        => 6 StartTimerFailed dtc=4 cause=TIMER_ID_ALREADY_IN_USE timerId=t
        => 7 CancelTimerFailed dtc=4 cause=TIMER_ID_UNKNOWN timerId=u
        => 8 DecisionTaskScheduled
        poll
        => 9 DecisionTaskStarted sched=8
        at 5 wake
        => 10 TimerFired started=5 timerId=t
        => 11 DecisionTaskScheduled
        decide cancel-timer t  # it fired while the decider thought
        => 12 DecisionTaskCompleted sched=8 started=9
        => 13 CancelTimerFailed dtc=12 cause=TIMER_ID_UNKNOWN
        ~ poll
        decide timer t 5
        => 15 DecisionTaskCompleted sched=11 started=14
        => 16 TimerStarted dtc=15
        ~ signal s
        ~ poll
        at 10 decide cancel-timer t
        => 20 DecisionTaskCompleted sched=18 started=19
        => 21 TimerCanceled started=16 dtc=20
        at 20 wake
        ",
    );
}

#[test]
fn timers_of_one_moment_fire_in_the_order_of_their_start_one_by_one() {
    check(
        "
        ~ at 0 start
        ~ poll
        ~ decide timer z 5; timer a 5; timer m 4
        at 5 wake
        => 8 TimerFired started=7 timerId=m
        => 9 DecisionTaskScheduled
        wake
        => 10 TimerFired started=5 timerId=z
        wake
        => 11 TimerFired started=6 timerId=a
        wake
        ",
    );
}

#[test]
fn a_timer_dies_with_its_execution() {
    check(
        "
        ~ at 0 start
        ~ poll
        decide timer t 5; complete
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 TimerStarted dtc=4
        => 6 WorkflowExecutionCompleted dtc=4
        ? openCounts.openTimers=1 due=-
        at 5 wake
        => ! UnknownResourceFault: Unknown execution: WorkflowExecution=[workflowId=w, runId=r1]
        ",
    );
}

#[test]
fn tasks_sort_as_they_are_handed_out() {
    let task = |priority, at, run_id: &str, id| Task {
        priority: TaskPriority(priority),
        scheduled_at: Timestamp(at),
        run_id: run_id.into(),
        scheduled_event_id: EventId(id),
    };
    let in_order = [
        task(i32::MAX, 9, "r", 2),
        task(1, 8, "r", 2),
        task(0, 3, "r", 7),
        task(0, 4, "q", 5),
        task(0, 4, "r", 2),
        task(0, 4, "r", 10),
        task(-1, 1, "r", 2),
        task(i32::MIN, 0, "a", 1),
    ];
    let mut sorted = in_order.clone();
    sorted.reverse();
    sorted.sort();
    assert_eq!(sorted, in_order);
}
