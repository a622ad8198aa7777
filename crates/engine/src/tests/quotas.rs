//! Quotas that are set, the quota of open executions, and decisions that come too fast: what is
//! refused, for which cause, and what goes first when several causes apply (engine.md, section 13,
//! rows 15 and 17).

use super::check;

#[test]
fn a_start_too_many() {
    check(
        "
        limit open_executions_max 2
        ~ start
        ~ start workflowId=x
        start workflowId=y workflowType=order/bare  # before what is not given
        => ! LimitExceededFault: Limit of 2 open executions reached
        start workflowId=x  # the id in use goes first
        => ! WorkflowExecutionAlreadyStartedFault
        start workflowId=y workflowType=order/old
        => ! TypeDeprecatedFault: WorkflowType=[name=order, version=old]
        start workflowId=y workflowType=order/none
        => ! UnknownResourceFault: Unknown type: WorkflowType=[name=order, version=none]
        ~ r2 terminate
        start workflowId=y
        => r3 1 WorkflowExecutionStarted parent=0
        => r3 2 DecisionTaskScheduled
        ",
    );
}

#[test]
fn a_child_too_many_for_its_domain() {
    check(
        "
        limit open_executions_max 3
        ~ start
        ~ poll
        hold
        decide child c; child d; child e; child f workflowType=order/bare; child g workflowType=order/old
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 StartChildWorkflowExecutionInitiated dtc=4
        => 6 StartChildWorkflowExecutionInitiated dtc=4
        => 7 StartChildWorkflowExecutionFailed dtc=4 initiated=0 cause=OPEN_WORKFLOWS_LIMIT_EXCEEDED
        => 8 StartChildWorkflowExecutionFailed dtc=4 initiated=0 cause=OPEN_WORKFLOWS_LIMIT_EXCEEDED
        => 9 StartChildWorkflowExecutionFailed dtc=4 initiated=0 cause=WORKFLOW_TYPE_DEPRECATED
        => 10 DecisionTaskScheduled
        ",
    );
}

/// The child's own quota is looked at before that of its domain.
#[test]
fn too_many_children_of_one_go_before_too_many_in_the_domain() {
    check(
        "
        limit open_executions_max 1
        limit open_children_max 1
        ~ start
        ~ poll
        hold
        limit open_executions_max 2
        ~ decide child c
        limit open_executions_max 1
        ~ signal s
        ~ poll
        decide child d
        => 9 DecisionTaskCompleted sched=7 started=8
        => 10 StartChildWorkflowExecutionFailed dtc=9 initiated=0 cause=OPEN_CHILDREN_LIMIT_EXCEEDED
        => 11 DecisionTaskScheduled
        ",
    );
}

#[test]
fn a_continuation_takes_the_place_of_its_run() {
    check(
        "
        limit open_executions_max 1
        ~ start
        ~ poll
        decide continue
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 WorkflowExecutionContinuedAsNew dtc=4
        => r2 1 WorkflowExecutionStarted parent=0
        => r2 2 DecisionTaskScheduled
        ",
    );
}

#[test]
fn quotas_of_an_execution_that_are_set() {
    check(
        "
        limit open_activities_max 1
        limit open_timers_max 2
        ~ start
        ~ poll
        decide schedule a; schedule b; timer t 9; timer u 9; timer v 9
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 ActivityTaskScheduled dtc=4
        => 6 ScheduleActivityTaskFailed dtc=4 cause=OPEN_ACTIVITIES_LIMIT_EXCEEDED
        => 7 TimerStarted dtc=4
        => 8 TimerStarted dtc=4
        => 9 StartTimerFailed dtc=4 cause=OPEN_TIMERS_LIMIT_EXCEEDED
        => 10 DecisionTaskScheduled
        ",
    );
}

#[test]
fn a_shorter_history() {
    check(
        "
        limit history_events_max 10
        ~ start
        ~ poll
        decide marker a; marker b; marker c; marker d; marker e; marker f; marker g
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 MarkerRecorded dtc=4
        => 6 MarkerRecorded dtc=4
        => 7 MarkerRecorded dtc=4
        => 8 MarkerRecorded dtc=4
        => 9 MarkerRecorded dtc=4
        => 10 WorkflowExecutionTerminated cause=EVENT_LIMIT_EXCEEDED
        ",
    );
}

/// A history may be longer than a limit that was set later: the next event ends it.
#[test]
fn a_history_that_is_longer_than_it_may_be() {
    check(
        "
        ~ start
        ~ poll
        ~ decide marker a; marker b; marker c; marker d; marker e; marker f; marker g; marker h
        limit history_events_max 10
        signal s
        => 13 WorkflowExecutionTerminated cause=EVENT_LIMIT_EXCEEDED
        ",
    );
}

/// Each decision with a cause for it, and a marker, which has none.
#[test]
fn decisions_that_come_too_fast() {
    check(
        "
        ~ start
        ~ poll
        decide rate=0,1,2,3,4,5 | schedule a; timer t 9; signal-external x s control=c runId=r9; cancel-external x control=c runId=r9; child c control=k; marker m
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 ScheduleActivityTaskFailed dtc=4 cause=ACTIVITY_CREATION_RATE_EXCEEDED activityId=a
        => 6 StartTimerFailed dtc=4 cause=TIMER_CREATION_RATE_EXCEEDED timerId=t
        => 7 SignalExternalWorkflowExecutionFailed dtc=4 initiated=0 cause=SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED control=c runId=r9
        => 8 RequestCancelExternalWorkflowExecutionFailed dtc=4 initiated=0 cause=REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED control=c runId=r9
        => 9 StartChildWorkflowExecutionFailed dtc=4 initiated=0 cause=CHILD_CREATION_RATE_EXCEEDED control=k
        => 10 MarkerRecorded dtc=4
        => 11 DecisionTaskScheduled
        ~ poll
        decide rate=0 | continue
        => 13 DecisionTaskCompleted sched=11 started=12
        => 14 ContinueAsNewWorkflowExecutionFailed dtc=13 cause=CONTINUE_AS_NEW_WORKFLOW_EXECUTION_RATE_EXCEEDED
        => 15 DecisionTaskScheduled
        ",
    );
}

/// Only the decisions that are named are refused.
#[test]
fn the_others_of_a_batch_are_carried_out() {
    check(
        "
        ~ start
        ~ poll
        decide rate=1 | timer t 9; timer u 9; timer v 9
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 TimerStarted dtc=4 timerId=t
        => 6 StartTimerFailed dtc=4 cause=TIMER_CREATION_RATE_EXCEEDED timerId=u
        => 7 TimerStarted dtc=4 timerId=v
        => 8 DecisionTaskScheduled
        ",
    );
}

/// The rate comes after the quotas and before what is not given (row 17).
#[test]
fn the_place_of_the_rate_among_the_causes() {
    let check_cause = |limits: &str, before: &str, decision: &str, failure: &str| {
        let batch = before.split(';').filter(|decision| !decision.trim().is_empty()).count();
        let [task, started, completed, failed, next] = [0, 1, 2, 3, 4].map(|n| 6 + batch + n);
        check(&format!(
            "
            ~ start
            ~ poll
            hold
            ~ decide {before}
            ~ signal s
            ~ poll
            {limits}
            decide rate=0 | {decision}
            => {completed} DecisionTaskCompleted sched={task} started={started}
            => {failed} {failure}
            => {next} DecisionTaskScheduled
            "
        ));
    };
    let dtc = |batch: u32| 8 + batch;
    let activity =
        |batch, cause| format!("ScheduleActivityTaskFailed dtc={} cause={cause}", dtc(batch));
    let none = "limit open_activities_max 1000";
    let one = "limit open_activities_max 1";
    check_cause(
        none,
        "schedule a",
        "schedule a activityType=work/x",
        &activity(1, "ACTIVITY_TYPE_DOES_NOT_EXIST"),
    );
    check_cause(
        none,
        "schedule a",
        "schedule a activityType=work/old",
        &activity(1, "ACTIVITY_TYPE_DEPRECATED"),
    );
    check_cause(one, "schedule a", "schedule a", &activity(1, "ACTIVITY_ID_ALREADY_IN_USE"));
    check_cause(one, "schedule a", "schedule b", &activity(1, "OPEN_ACTIVITIES_LIMIT_EXCEEDED"));
    check_cause(
        none,
        "schedule a",
        "schedule b activityType=work/bare",
        &activity(1, "ACTIVITY_CREATION_RATE_EXCEEDED"),
    );
    let timer = |batch, cause| format!("StartTimerFailed dtc={} cause={cause}", dtc(batch));
    check_cause(
        "limit open_timers_max 1",
        "timer t 9",
        "timer t 9",
        &timer(1, "TIMER_ID_ALREADY_IN_USE"),
    );
    check_cause(
        "limit open_timers_max 1",
        "timer t 9",
        "timer u 9",
        &timer(1, "OPEN_TIMERS_LIMIT_EXCEEDED"),
    );
    let child = |batch, cause| {
        format!("StartChildWorkflowExecutionFailed dtc={} initiated=0 cause={cause}", dtc(batch))
    };
    check_cause(
        "limit open_children_max 1",
        "child c",
        "child d",
        &child(1, "OPEN_CHILDREN_LIMIT_EXCEEDED"),
    );
    check_cause(
        "limit open_executions_max 1",
        "",
        "child d",
        &child(0, "OPEN_WORKFLOWS_LIMIT_EXCEEDED"),
    );
    check_cause(
        none,
        "",
        "child d workflowType=order/bare",
        &child(0, "CHILD_CREATION_RATE_EXCEEDED"),
    );
    check_cause(none, "", "child d workflowType=order/old", &child(0, "WORKFLOW_TYPE_DEPRECATED"));
    let continued =
        |cause| format!("ContinueAsNewWorkflowExecutionFailed dtc={} cause={cause}", dtc(0));
    check_cause(
        none,
        "",
        "continue workflowTypeVersion=x",
        &continued("WORKFLOW_TYPE_DOES_NOT_EXIST"),
    );
    check_cause(
        none,
        "",
        "continue workflowTypeVersion=bare",
        &continued("CONTINUE_AS_NEW_WORKFLOW_EXECUTION_RATE_EXCEEDED"),
    );
}

/// A decision that would be refused for news is refused for that, however fast it comes.
#[test]
fn unhandled_news_goes_before_the_rate() {
    check(
        "
        ~ start
        ~ poll
        ~ signal s
        decide rate=0 | continue
        => 6 DecisionTaskCompleted sched=2 started=3
        => 7 ContinueAsNewWorkflowExecutionFailed dtc=6 cause=UNHANDLED_DECISION
        ",
    );
}

/// Time never goes backwards within a history, whatever the clock does, and what was set counts
/// from the history's time: nothing fires early.
#[test]
fn a_clock_that_is_set_back() {
    let world = check(
        "
        ~ at 10 start taskStartToCloseTimeout=60
        ~ at 20 poll
        at 4 decide timer t 5; schedule a scheduleToStartTimeout=7
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 TimerStarted dtc=4
        => 6 ActivityTaskScheduled dtc=4
        at 9 wake  # five seconds after the clock's time
        at 24.999 wake
        at 25 wake
        => 7 TimerFired started=5
        => 8 DecisionTaskScheduled
        at 3 poll
        => 9 DecisionTaskStarted sched=8
        at 26.999 wake
        at 27 wake
        => 10 ActivityTaskTimedOut sched=6 started=0 timeout=SCHEDULE_TO_START details=-
        => 11 DecisionTaskScheduled
        at 1 terminate
        => 12 WorkflowExecutionTerminated cause=OPERATOR_INITIATED
        ",
    );
    let history = &world.oracle.runs[0].history;
    let times: Vec<i64> = history.iter().map(|event| event.event_timestamp.0 / 1000).collect();
    assert_eq!(times, [10, 10, 20, 20, 20, 20, 25, 25, 25, 27, 27, 27]);
    assert!(world.state().closed.is_some_and(|closed| closed.at.0 == 27_000));
}
