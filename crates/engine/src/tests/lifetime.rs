//! How executions start, and how long they may last (engine.md, sections 1.2 and 8).

use super::check;
use crate::limits::EXECUTION_SECONDS_MAX;

#[test]
fn starts_that_are_refused() {
    check(
        r#"
        start domain=nowhere
        => ! UnknownResourceFault: Unknown domain: nowhere
        start workflowType=order/x
        => ! UnknownResourceFault: Unknown type: WorkflowType=[name=order, version=x]
        start workflowType=order/old
        => ! TypeDeprecatedFault: WorkflowType=[name=order, version=old]
        start workflowType=order/bare
        => ! DefaultUndefinedFault: executionStartToCloseTimeout
        start workflowType=order/bare executionStartToCloseTimeout=9
        => ! DefaultUndefinedFault: taskList
        start workflowType=order/bare executionStartToCloseTimeout=9 taskList=l
        => ! DefaultUndefinedFault: taskStartToCloseTimeout
        start workflowType=order/bare executionStartToCloseTimeout=9 taskList=l taskStartToCloseTimeout=NONE
        => ! DefaultUndefinedFault: childPolicy
        start workflowType=order/bare executionStartToCloseTimeout=9 taskList=l taskStartToCloseTimeout=NONE childPolicy=ABANDON
        => 1 WorkflowExecutionStarted parent=0 executionStartToCloseTimeout=9 taskList=l taskStartToCloseTimeout=NONE childPolicy=ABANDON
        => 2 DecisionTaskScheduled taskList=l startToCloseTimeout=NONE
        DeprecateDomain {"name":"d"}  # with all of its types
        start workflowId=v
        => ! TypeDeprecatedFault: WorkflowType=[name=order, version=1]
        "#,
    );
}

#[test]
fn what_the_caller_gives_goes_before_the_defaults() {
    check(
        "
        start workflowType=order/2 executionStartToCloseTimeout=9 taskList=l taskStartToCloseTimeout=8 childPolicy=REQUEST_CANCEL taskPriority=0 lambdaRole=arn:mine input=i tagList=a,b
        => 1 WorkflowExecutionStarted parent=0 executionStartToCloseTimeout=9 taskList=l taskStartToCloseTimeout=8 childPolicy=REQUEST_CANCEL taskPriority=0 lambdaRole=arn:mine input=i tagList=a,b
        => 2 DecisionTaskScheduled taskList=l startToCloseTimeout=8 taskPriority=0
        ",
    );
}

#[test]
fn an_execution_times_out_though_its_decider_works() {
    check(
        "
        ~ at 5 start executionStartToCloseTimeout=30
        ~ poll
        ~ at 20 decide schedule a; timer t 100
        ~ take a
        ~ signal s
        ~ poll
        ? due=35:Execution
        at 34.999 wake
        at 36 wake
        => 11 WorkflowExecutionTimedOut timeout=START_TO_CLOSE childPolicy=TERMINATE
        ? executionInfo.closeTimestamp=36.0
        decide complete
        => ! UnknownResourceFault: Unknown execution: WorkflowExecution=[workflowId=w, runId=r1]
        ",
    );
}

#[test]
fn an_execution_of_no_time_ends_at_once() {
    check(
        "
        ~ at 5 start executionStartToCloseTimeout=0
        wake
        => 3 WorkflowExecutionTimedOut timeout=START_TO_CLOSE
        ",
    );
}

#[test]
fn no_execution_lasts_longer_than_a_year() {
    let year = EXECUTION_SECONDS_MAX;
    assert_eq!(year, 31_536_000);
    check(&format!(
        "
        at 0 start executionStartToCloseTimeout=99999999
        => 1 WorkflowExecutionStarted parent=0 executionStartToCloseTimeout=99999999
        => 2 DecisionTaskScheduled
        ? due={year}:Execution
        at {} wake
        at {year} wake
        => 3 WorkflowExecutionTimedOut timeout=START_TO_CLOSE
        ",
        f64::from(year) - 0.001
    ));
    // A continuation may ask for no limit, and has a year of its own.
    check(&format!(
        "
        ~ at 0 start
        ~ poll
        at 100 decide continue executionStartToCloseTimeout=NONE
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 WorkflowExecutionContinuedAsNew dtc=4 executionStartToCloseTimeout=NONE
        => r2 1 WorkflowExecutionStarted parent=0 executionStartToCloseTimeout=NONE
        => r2 2 DecisionTaskScheduled
        on r2
        ? due={}:Execution
        at {} wake
        => r2 3 WorkflowExecutionTimedOut timeout=START_TO_CLOSE
        ",
        year + 100,
        year + 100
    ));
}

#[test]
fn of_what_is_due_together_the_execution_ends_first() {
    check(
        "
        ~ at 0 start executionStartToCloseTimeout=60
        ~ poll
        ~ decide schedule a startToCloseTimeout=60; timer t 60
        ~ take a
        ~ signal s
        ~ poll
        at 70 wake
        => 11 WorkflowExecutionTimedOut timeout=START_TO_CLOSE
        ",
    );
    check(
        "
        ~ at 0 start
        ~ poll
        ~ decide schedule a startToCloseTimeout=60; timer t 60
        ~ take a
        ~ signal s
        ~ poll
        at 70 wake
        => 11 DecisionTaskTimedOut sched=9 started=10 timeout=START_TO_CLOSE
        => 12 DecisionTaskScheduled
        wake
        => 13 ActivityTaskTimedOut sched=5 started=7 timeout=START_TO_CLOSE
        wake
        => 14 TimerFired started=6
        wake
        ",
    );
}

#[test]
fn what_falls_due_earlier_happens_earlier_even_if_late() {
    check(
        "
        ~ at 0 start
        ~ poll
        ~ decide schedule a scheduleToStartTimeout=9; timer t 8; timer u 7
        at 50 wake
        => 8 TimerFired started=7
        => 9 DecisionTaskScheduled
        wake
        => 10 TimerFired started=6
        wake
        => 11 ActivityTaskTimedOut sched=5 started=0 timeout=SCHEDULE_TO_START
        wake
        ",
    );
}

#[test]
fn a_clock_set_back_delays_nothing_and_fires_nothing_early() {
    check(
        "
        ~ at 100 start
        ~ poll
        ~ decide timer t 10
        at 50 signal s  # counts as 100
        => 6 WorkflowExecutionSignaled external=0
        => 7 DecisionTaskScheduled
        ? due=110:Timer(\"t\")
        at 60 wake
        at 109.999 wake
        at 110 wake
        => 8 TimerFired started=5
        ",
    );
}
