//! The traps of engine.md, section 12, by number: 21 to 34. Number 22 is about children, which
//! cannot be started yet.

use super::check;
use super::world::{World, scope};
use crate::{Command, Parent, RunIdentity, Settings, Start, rows};
use wire::{ChildPolicy, EventId, TaskList, Timeout, Timestamp, WorkflowExecution, WorkflowType};

#[test]
fn trap_21_the_parent_link_survives_a_continuation() {
    let parent = Parent {
        execution: WorkflowExecution { workflow_id: "p".into(), run_id: "p1".into() },
        initiated_event_id: EventId(5),
    };
    let mut world = World::new();
    let start = Start {
        identity: RunIdentity {
            scope: scope(),
            domain: "d".into(),
            workflow_id: "w".into(),
            run_id: "r1".into(),
        },
        workflow_type: WorkflowType { name: "order".into(), version: "1".into() },
        settings: Settings {
            execution_start_to_close_timeout: Timeout::Unlimited,
            task_start_to_close_timeout: Timeout::Unlimited,
            task_list: TaskList { name: "deciders".into() },
            task_priority: None,
            child_policy: ChildPolicy::Abandon,
            lambda_role: None,
        },
        input: None,
        tag_list: None,
        parent: Some(parent.clone()),
        continued_execution_run_id: None,
    };
    let transition = start.apply(&world.registry, Timestamp(0));
    world.oracle.begin(&transition, rows::changes(None, &transition), Timestamp(0));
    world.step("poll");
    world.step("decide continue");
    world.step("on r2");
    assert_eq!(world.state().parent.as_deref(), Some(&parent));
    world.step("? executionInfo.parent=p/p1");
    let started = super::script::json(&world.oracle.runs[1].history[0]);
    let attributes = super::script::attributes(&started);
    assert_eq!(attributes["parentInitiatedEventId"], 5);
    assert_eq!(attributes["parentWorkflowExecution"]["runId"], "p1");
    assert_eq!(attributes["continuedExecutionRunId"], "r1");
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
        ~ at 12.003 decide timer t 0; marker m; child x
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
fn trap_30_other_executions_are_out_of_reach_for_now() {
    check(
        "
        ~ start
        ~ poll
        decide signal-external x go runId=r9; cancel-external x runId=r9
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 SignalExternalWorkflowExecutionFailed dtc=4 cause=OPERATION_NOT_PERMITTED initiated=0 workflowId=x runId=r9
        => 6 RequestCancelExternalWorkflowExecutionFailed dtc=4 cause=OPERATION_NOT_PERMITTED initiated=0 workflowId=x runId=r9
        => 7 DecisionTaskScheduled
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
fn trap_34_control_is_echoed_in_failures() {
    check(
        "
        ~ start
        ~ poll
        decide signal-external x go control=c1 input=i; cancel-external x control=c2; child x control=c3
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 SignalExternalWorkflowExecutionFailed dtc=4 cause=OPERATION_NOT_PERMITTED initiated=0 control=c1
        => 6 RequestCancelExternalWorkflowExecutionFailed dtc=4 cause=OPERATION_NOT_PERMITTED initiated=0 control=c2
        => 7 StartChildWorkflowExecutionFailed dtc=4 cause=OPERATION_NOT_PERMITTED initiated=0 control=c3
        => 8 DecisionTaskScheduled
        ",
    );
}

/// A closed execution has no clock left to fire, so the call that would do it is refused too.
#[test]
fn a_closed_execution_refuses_even_its_own_clock() {
    let world = check("~ start\n~ terminate");
    let command = Command::FireDue;
    assert!(world.state().apply(&command, &world.registry, Timestamp(i64::MAX)).is_err());
}
