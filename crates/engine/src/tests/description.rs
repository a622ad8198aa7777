//! What DescribeWorkflowExecution tells (engine.md, sections 1.5, 2.8, 2.9, 5.6 and 8).

use super::check;

#[test]
fn a_new_execution() {
    check(
        "
        ~ at 1.5 start tagList=x,y taskPriority=-2 lambdaRole=arn:mine
        ? executionInfo.execution=w/r1 executionInfo.workflowType=order/1 executionInfo.tagList=x,y
        ? executionInfo.startTimestamp=1.5 executionInfo.executionStatus=OPEN
        ? executionInfo.closeTimestamp=- executionInfo.closeStatus=- executionInfo.parent=-
        ? executionInfo.cancelRequested=false
        ? executionConfiguration.taskList=deciders executionConfiguration.childPolicy=TERMINATE
        ? executionConfiguration.executionStartToCloseTimeout=1000
        ? executionConfiguration.taskStartToCloseTimeout=60
        ? executionConfiguration.taskPriority=-2 executionConfiguration.lambdaRole=arn:mine
        ? openCounts.openActivityTasks=0 openCounts.openDecisionTasks=1 openCounts.openTimers=0
        ? openCounts.openChildWorkflowExecutions=0 openCounts.openLambdaFunctions=0
        ? latestActivityTaskTimestamp=- latestExecutionContext=- tasks=2@deciders^-2
        ",
    );
    check("~ start\n? executionConfiguration.taskPriority=- executionConfiguration.lambdaRole=-");
    check("~ start\n? executionInfo.tagList=-");
    check("~ start tagList=\n? executionInfo.tagList=-");
}

#[test]
fn counts_freeze_at_the_close() {
    check(
        "
        ~ at 0 start taskStartToCloseTimeout=NONE
        ~ poll
        ~ decide schedule a; schedule b; timer t 5000
        ~ take a
        ~ signal s
        ~ poll
        ~ signal s
        ? openCounts.openActivityTasks=2 openCounts.openTimers=1 openCounts.openDecisionTasks=1
        ~ at 1000.25 wake
        ? openCounts.openActivityTasks=2 openCounts.openTimers=1 openCounts.openDecisionTasks=1
        ",
    );
    check(
        "
        ~ at 0 start taskStartToCloseTimeout=NONE
        ~ poll
        ~ decide schedule a; timer t 5000
        ~ take a
        ~ signal s
        ~ poll
        ~ at 1000.25 wake
        ? openCounts.openDecisionTasks=1
        ",
    );
}

#[test]
fn how_an_execution_closed() {
    for (close, status) in [
        ("at 9 decide complete", "COMPLETED"),
        ("at 9 decide fail", "FAILED"),
        ("at 9 decide cancel", "CANCELED"),
        ("at 9 decide continue", "CONTINUED_AS_NEW"),
        ("at 9 terminate", "TERMINATED"),
        ("at 9 wake", "TIMED_OUT"),
    ] {
        check(&format!(
            "
            ~ at 0 start executionStartToCloseTimeout=8
            ~ poll
            ~ {close}
            ? executionInfo.executionStatus=CLOSED executionInfo.closeStatus={status}
            ? executionInfo.startTimestamp=0.0 executionInfo.closeTimestamp=9.0
            "
        ));
    }
}

#[test]
fn cancel_requested_while_open_only() {
    check(
        "
        ~ start
        ? executionInfo.cancelRequested=false
        ~ request-cancel
        ? executionInfo.cancelRequested=true
        ~ request-cancel
        ? executionInfo.cancelRequested=true
        ~ poll
        ~ decide complete
        ? executionInfo.cancelRequested=false
        ",
    );
}

#[test]
fn the_newest_activity_event() {
    check(
        "
        ~ at 0 start
        ~ poll
        ~ at 1 decide schedule a startToCloseTimeout=2
        ? latestActivityTaskTimestamp=1.0
        ~ at 2.25 take a
        ? latestActivityTaskTimestamp=2.25
        ~ at 3 beat a
        ~ signal s
        ? latestActivityTaskTimestamp=2.25
        ~ at 4.25 wake
        ? latestActivityTaskTimestamp=4.25
        ~ at 5 poll
        ~ decide schedule a; schedule b; schedule c
        ~ take a
        ~ take b
        ~ at 6 completed a
        ? latestActivityTaskTimestamp=6.0
        ~ at 7 failed b
        ? latestActivityTaskTimestamp=7.0
        ~ at 8 poll
        ~ at 9 decide cancel-activity c
        ? latestActivityTaskTimestamp=9.0
        ~ poll
        ~ decide schedule d
        ~ at 10 take d
        ~ at 11 canceled d
        ? latestActivityTaskTimestamp=11.0
        ",
    );
}

#[test]
fn the_execution_context_stays_until_another_is_given() {
    check(
        "
        ~ start
        ~ poll
        decide executionContext=one |
        => 4 DecisionTaskCompleted sched=2 started=3 executionContext=one
        ? latestExecutionContext=one
        ~ signal s
        ~ poll
        decide
        => 8 DecisionTaskCompleted sched=6 started=7 executionContext=-
        ? latestExecutionContext=one
        ~ signal s
        ~ poll
        decide executionContext= |
        => 12 DecisionTaskCompleted sched=10 started=11 executionContext=
        ? latestExecutionContext=
        ~ signal s
        ~ poll
        ~ decide executionContext=last | complete
        ? latestExecutionContext=last
        ",
    );
}

#[test]
fn priorities_of_an_execution_and_of_its_activities_are_apart() {
    check(
        "
        start taskPriority=5
        => 1 WorkflowExecutionStarted parent=0 taskPriority=5
        => 2 DecisionTaskScheduled taskPriority=5
        ? tasks=2@deciders^5
        ~ poll
        decide schedule a; schedule b activityType=work/2; schedule c taskPriority=-3
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 ActivityTaskScheduled dtc=4 taskPriority=-
        => 6 ActivityTaskScheduled dtc=4 taskPriority=9
        => 7 ActivityTaskScheduled dtc=4 taskPriority=-3
        ? tasks=5@workers^0,6@workers-2^9,7@workers^-3
        ",
    );
    check(
        "
        start workflowType=order/2
        => 1 WorkflowExecutionStarted parent=0 taskPriority=7 lambdaRole=arn:role
        => 2 DecisionTaskScheduled taskPriority=7 startToCloseTimeout=NONE
        ",
    );
}
