//! The traps of engine.md, section 12, by number: 21 to 34.

use super::check;
use crate::Command;
use wire::Timestamp;

#[test]
fn trap_21_the_parent_link_survives_a_continuation() {
    check(
        "
        ~ start childPolicy=REQUEST_CANCEL
        ~ poll
        ~ decide child c
        ~ r2 poll
        r2 decide continue
        => r2 4 DecisionTaskCompleted sched=2 started=3
        => r2 5 WorkflowExecutionContinuedAsNew dtc=4 newExecutionRunId=r3
        => r3 1 WorkflowExecutionStarted parent=5 parentWorkflowExecution=w/r1 continuedExecutionRunId=r2
        => r3 2 DecisionTaskScheduled
        r3 ? executionInfo.parent=w/r1
        ? openCounts.openChildWorkflowExecutions=1
        ~ r3 poll
        r3 decide fail reason=why
        => r3 4 DecisionTaskCompleted sched=2 started=3
        => r3 5 WorkflowExecutionFailed dtc=4
        => 8 ChildWorkflowExecutionFailed initiated=5 started=6 workflowExecution=c/r3 reason=why
        ? openCounts.openChildWorkflowExecutions=0
        ",
    );
}

/// The type's defaults hold for a child, and what the decision gives.
#[test]
fn trap_22_a_child_inherits_nothing_from_its_parent() {
    check(
        "
        ~ start taskList=mine executionStartToCloseTimeout=77 taskStartToCloseTimeout=7 childPolicy=ABANDON taskPriority=3 tagList=x,y input=old lambdaRole=arn:mine
        ~ poll
        decide child c; child d workflowType=order/2 taskList=l executionStartToCloseTimeout=NONE taskStartToCloseTimeout=9 childPolicy=REQUEST_CANCEL taskPriority=-1 tagList=t input=i lambdaRole=arn:its
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 StartChildWorkflowExecutionInitiated dtc=4 taskList=deciders executionStartToCloseTimeout=1000 taskStartToCloseTimeout=60 childPolicy=TERMINATE taskPriority=- tagList=- input=- lambdaRole=-
        => 6 StartChildWorkflowExecutionInitiated dtc=4 taskList=l executionStartToCloseTimeout=NONE taskStartToCloseTimeout=9 childPolicy=REQUEST_CANCEL taskPriority=-1 tagList=t input=i lambdaRole=arn:its
        => r2 1 WorkflowExecutionStarted parent=5 taskList=deciders executionStartToCloseTimeout=1000 taskStartToCloseTimeout=60 childPolicy=TERMINATE taskPriority=- tagList=- input=- lambdaRole=-
        => r2 2 DecisionTaskScheduled taskList=deciders taskPriority=-
        => r3 1 WorkflowExecutionStarted parent=6 taskList=l executionStartToCloseTimeout=NONE taskStartToCloseTimeout=9 childPolicy=REQUEST_CANCEL taskPriority=-1 tagList=t input=i lambdaRole=arn:its
        => r3 2 DecisionTaskScheduled taskList=l taskPriority=-1
        => 7 ChildWorkflowExecutionStarted initiated=5 workflowType=order/1
        => 8 DecisionTaskScheduled taskList=mine taskPriority=3
        => 9 ChildWorkflowExecutionStarted initiated=6 workflowType=order/2
        ",
    );
}

#[test]
fn trap_23_a_held_back_task_is_free_once_the_decider_times_out() {
    check(
        "
        ~ at 0 start
        ~ poll
        ~ signal s
        ? tasks=5@deciders^0:held
        at 60 wake
        => 6 DecisionTaskTimedOut sched=2 started=3 timeout=START_TO_CLOSE
        ? tasks=5@deciders^0
        poll
        => 7 DecisionTaskStarted sched=5
        ",
    );
}

#[test]
fn trap_24_a_task_goes_to_one_poller_once() {
    check(
        "
        ~ start
        poll #2
        => 3 DecisionTaskStarted sched=2
        poll #2
        => ! UnknownResourceFault: Unknown decision task, scheduledEventId = 2
        ~ decide schedule a startToCloseTimeout=5
        take a
        => 6 ActivityTaskStarted sched=5
        take a
        => ! UnknownResourceFault: Unknown activity, scheduledEventId = 5
        ~ at 5 wake
        take a
        => ! UnknownResourceFault: Unknown activity, scheduledEventId = 5
        ? tasks=8@deciders^0
        ",
    );
}

#[test]
fn trap_25_a_transition_has_one_timestamp_and_time_never_goes_back() {
    let world = check(
        "
        ~ at 10.001 start
        ~ at 9.5 poll
        ~ at 12.003 decide timer t 0; marker m; child x workflowType=order/none
        ~ at 11 wake
        ~ at 12.5 signal s
        ",
    );
    let history = &world.oracle.runs[0].history;
    let times: Vec<i64> = history.iter().map(|event| event.event_timestamp.0).collect();
    let (first, second) = (10_001, 12_003);
    let expected = [first, first, first, second, second, second, second, second, second, 12_500];
    assert_eq!(times, expected);
    // The milliseconds of our days survive their JSON, which is a fraction of seconds.
    for millisecond in 0..100 {
        let world = check(&format!("~ at 1795386362.9{millisecond:02} start"));
        let written = world.oracle.runs[0].history[0].event_timestamp;
        assert_eq!(written, Timestamp(1_795_386_362_900 + millisecond));
    }
}

#[test]
fn trap_26_a_timer_of_zero_seconds_fires_after_its_batch_and_promptly() {
    check(
        "
        ~ at 7.25 start
        ~ poll
        decide timer t 0; complete
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 TimerStarted dtc=4
        => 6 WorkflowExecutionCompleted dtc=4
        ",
    );
    check(
        "
        ~ at 7.25 start
        ~ poll
        ~ decide timer t 0
        ? due=7.25:Timer(\"t\")
        wake
        => 6 TimerFired started=5
        => 7 DecisionTaskScheduled
        wake
        ",
    );
}

#[test]
fn trap_27_heartbeats_do_not_extend_start_to_close_and_their_details_are_told() {
    check(
        "
        ~ at 0 start
        ~ poll
        ~ decide schedule a startToCloseTimeout=10 heartbeatTimeout=6
        ~ take a
        at 5 beat a details=half
        ? due=10:Activity(EventId(5),StartToClose)
        at 9 beat a details=most
        at 10 wake
        => 7 ActivityTaskTimedOut sched=5 started=6 timeout=START_TO_CLOSE details=most
        => 8 DecisionTaskScheduled
        ",
    );
}

#[test]
fn trap_28_a_workflows_cancelation_is_not_its_activities() {
    check(
        "
        ~ start
        ~ poll
        ~ decide schedule a; schedule b
        ~ take a
        ~ request-cancel
        ? executionInfo.cancelRequested=true cancelRequested.a=false cancelRequested.b=false
        ~ poll
        ~ decide cancel-activity a
        ? cancelRequested.a=true cancelRequested.b=false
        ",
    );
}

#[test]
fn trap_29_what_nobody_set_is_absent_except_schedule_to_start_of_decision_tasks() {
    check(
        "
        start
        => 1 WorkflowExecutionStarted parent=0 taskPriority=- input=- tagList=- lambdaRole=- continuedExecutionRunId=- parentWorkflowExecution=-
        => 2 DecisionTaskScheduled taskPriority=- scheduleToStartTimeout=NONE startToCloseTimeout=60
        poll
        => 3 DecisionTaskStarted sched=2 identity=-
        decide schedule a
        => 4 DecisionTaskCompleted sched=2 started=3 executionContext=- taskList=- taskListScheduleToStartTimeout=-
        => 5 ActivityTaskScheduled dtc=4 taskPriority=- input=- control=- heartbeatTimeout=NONE
        take a
        => 6 ActivityTaskStarted sched=5 identity=-
        failed a
        => 7 ActivityTaskFailed sched=5 started=6 reason=- details=-
        => 8 DecisionTaskScheduled taskPriority=-
        poll identity=me
        => 9 DecisionTaskStarted sched=8 identity=me
        ",
    );
}

#[test]
fn trap_30_any_execution_of_the_domain_can_be_reached_and_none_else() {
    check(
        "
        RegisterDomain {\"name\":\"e\",\"workflowExecutionRetentionPeriodInDays\":\"7\"}
        RegisterWorkflowType {\"domain\":\"e\",\"name\":\"order\",\"version\":\"1\"}
        ~ start workflowId=x domain=e taskList=l executionStartToCloseTimeout=9 taskStartToCloseTimeout=9 childPolicy=ABANDON
        ~ start workflowId=stranger
        ~ start
        on r3
        ~ poll
        decide signal-external x go; cancel-external x; signal-external stranger go; child x
        => r3 4 DecisionTaskCompleted sched=2 started=3
        => r3 5 SignalExternalWorkflowExecutionInitiated dtc=4
        => r3 6 RequestCancelExternalWorkflowExecutionInitiated dtc=4
        => r3 7 SignalExternalWorkflowExecutionInitiated dtc=4
        => r3 8 StartChildWorkflowExecutionInitiated dtc=4
        => r2 3 WorkflowExecutionSignaled external=7 externalWorkflowExecution=w/r3
        => r4 1 WorkflowExecutionStarted parent=8
        => r4 2 DecisionTaskScheduled
        => r3 9 SignalExternalWorkflowExecutionFailed dtc=4 initiated=5 cause=UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION
        => r3 10 DecisionTaskScheduled
        => r3 11 RequestCancelExternalWorkflowExecutionFailed dtc=4 initiated=6 cause=UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION
        => r3 12 ExternalWorkflowExecutionSignaled initiated=7 workflowExecution=stranger/r2
        => r3 13 ChildWorkflowExecutionStarted initiated=8 workflowExecution=x/r4
        ",
    );
}

#[test]
fn trap_31_calls_about_closed_work_are_faults() {
    let closed_task = "=> ! UnknownResourceFault: Unknown activity, scheduledEventId = 5";
    for call in ["beat a", "completed a", "failed a", "canceled a", "take a"] {
        check(&format!(
            "
            ~ start
            ~ poll
            ~ decide schedule a
            ~ take a
            ~ completed a
            {call}
            {closed_task}
            "
        ));
    }
    for call in ["beat a", "completed a", "failed a", "canceled a"] {
        check(&format!(
            "
            ~ start
            ~ poll
            ~ decide schedule a  # not started: no worker can have its token
            {call}
            {closed_task}
            "
        ));
    }
    for call in [
        "beat a",
        "completed a",
        "failed a",
        "canceled a",
        "take a",
        "take b",
        "poll",
        "decide",
        "signal s",
        "request-cancel",
        "terminate",
        "wake",
    ] {
        check(&format!(
            "
            ~ start
            ~ poll
            ~ decide schedule a; schedule b
            ~ take a
            ~ signal s
            ~ poll
            ~ terminate
            {call}
            => ! UnknownResourceFault: Unknown execution: WorkflowExecution=[workflowId=w, runId=r1]
            "
        ));
    }
}

#[test]
fn trap_32_none_is_no_limit_and_zero_is_immediate() {
    check(
        "
        ~ at 5 start executionStartToCloseTimeout=500
        ~ poll
        ~ decide schedule a; timer t 9
        ? due=14:Timer(\"t\")
        ~ take a
        ? due=14:Timer(\"t\")
        ~ at 14 wake
        ~ poll
        ~ decide schedule b scheduleToStartTimeout=0
        ? due=14:Activity(EventId(12),ScheduleToStart)
        at 14 wake
        => 13 ActivityTaskTimedOut sched=12 started=0 timeout=SCHEDULE_TO_START
        => 14 DecisionTaskScheduled
        ? due=505:Execution
        ",
    );
}

#[test]
fn trap_33_a_provisional_override_ends_at_a_time_out_and_only_then() {
    check(
        "
        ~ at 0 start
        ~ poll
        ~ decide taskList=mine taskListScheduleToStartTimeout=5 | timer t 0; timer u 0
        at 1 wake
        => 7 TimerFired started=5
        => 8 DecisionTaskScheduled taskList=mine scheduleToStartTimeout=5
        ~ poll
        ~ decide
        at 1 wake
        => 11 TimerFired started=6
        => 12 DecisionTaskScheduled taskList=mine scheduleToStartTimeout=5
        at 6 wake
        => 13 DecisionTaskTimedOut sched=12 started=0 timeout=SCHEDULE_TO_START
        => 14 DecisionTaskScheduled taskList=deciders scheduleToStartTimeout=NONE
        ",
    );
}

#[test]
fn trap_34_control_is_echoed_to_the_sender_alone() {
    check(
        "
        ~ start workflowId=x
        ~ start
        on r2
        ~ poll
        decide signal-external y go control=c1 input=i; cancel-external y control=c2; child x control=c3
        => r2 4 DecisionTaskCompleted sched=2 started=3
        => r2 5 SignalExternalWorkflowExecutionInitiated dtc=4 control=c1 input=i
        => r2 6 RequestCancelExternalWorkflowExecutionInitiated dtc=4 control=c2
        => r2 7 StartChildWorkflowExecutionInitiated dtc=4 control=c3
        => r2 8 SignalExternalWorkflowExecutionFailed dtc=4 initiated=5 cause=UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION control=c1
        => r2 9 DecisionTaskScheduled
        => r2 10 RequestCancelExternalWorkflowExecutionFailed dtc=4 initiated=6 cause=UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION control=c2
        => r2 11 StartChildWorkflowExecutionFailed dtc=4 initiated=7 cause=WORKFLOW_ALREADY_RUNNING control=c3
        ~ poll
        decide signal-external x go control=c1; child z control=c3 input=i; child y workflowType=order/none control=c4
        => r2 13 DecisionTaskCompleted sched=9 started=12
        => r2 14 SignalExternalWorkflowExecutionInitiated dtc=13 control=c1
        => r2 15 StartChildWorkflowExecutionInitiated dtc=13 control=c3
        => r2 16 StartChildWorkflowExecutionFailed dtc=13 initiated=0 cause=WORKFLOW_TYPE_DOES_NOT_EXIST control=c4
        => r2 17 DecisionTaskScheduled
        => 3 WorkflowExecutionSignaled external=14 control=-
        => r4 1 WorkflowExecutionStarted parent=15 control=- input=i
        => r4 2 DecisionTaskScheduled
        => r2 18 ExternalWorkflowExecutionSignaled initiated=14 control=-
        => r2 19 ChildWorkflowExecutionStarted initiated=15 control=-
        ",
    );
}

/// A closed execution has no clock left to fire, so the call that would do it is refused too.
#[test]
fn a_closed_execution_refuses_even_its_own_clock() {
    let world = check("~ start\n~ terminate");
    let command = Command::FireDue;
    assert!(world.state().apply(&command, world.around(), Timestamp(i64::MAX)).is_err());
}
