//! Every cause for which a decision is refused today, and what goes first when several apply; rates
//! and quotas that are set are in `quotas.rs`. `OPERATION_NOT_PERMITTED` belongs to whoever checks
//! permissions.

use super::check;
use crate::Limits;

/// `decision`, after a batch of others if `before` names any, is refused for `cause`.
#[track_caller]
fn check_refused(before: &str, decision: &str, failure: &str) {
    let (event, cause) = failure.split_once(' ').expect("event and cause");
    let batch = before.split(';').filter(|decision| !decision.trim().is_empty()).count();
    let [task, started, completed, failed, next] = [0, 1, 2, 3, 4].map(|n| 6 + batch + n);
    check(&format!(
        "
        ~ start
        ~ poll
        ~ decide {before}
        ~ signal s
        ~ poll
        decide {decision}
        => {completed} DecisionTaskCompleted sched={task} started={started}
        => {failed} {event} dtc={completed} cause={cause}
        => {next} DecisionTaskScheduled
        "
    ));
}

#[test]
fn schedule_activity_task_causes_in_their_order() {
    let all = "taskList=l scheduleToStartTimeout=1 scheduleToCloseTimeout=1 \
               startToCloseTimeout=1 heartbeatTimeout=1";
    let check_cause = |before: &str, decision: &str, cause: &str| {
        check_refused(before, decision, &format!("ScheduleActivityTaskFailed {cause}"));
    };
    // Each is refused for its own reason although every later reason holds as well.
    check_cause("schedule a", "schedule a activityType=work/x", "ACTIVITY_TYPE_DOES_NOT_EXIST");
    check_cause("schedule a", "schedule a activityType=nobody/1", "ACTIVITY_TYPE_DOES_NOT_EXIST");
    check_cause("schedule a", "schedule a activityType=work/old", "ACTIVITY_TYPE_DEPRECATED");
    check_cause("schedule a", "schedule a activityType=work/bare", "ACTIVITY_ID_ALREADY_IN_USE");
    let bare = "schedule b activityType=work/bare";
    let defaults = [
        "DEFAULT_TASK_LIST_UNDEFINED",
        "DEFAULT_SCHEDULE_TO_START_TIMEOUT_UNDEFINED",
        "DEFAULT_SCHEDULE_TO_CLOSE_TIMEOUT_UNDEFINED",
        "DEFAULT_START_TO_CLOSE_TIMEOUT_UNDEFINED",
        "DEFAULT_HEARTBEAT_TIMEOUT_UNDEFINED",
    ];
    for (given, cause) in defaults.iter().enumerate() {
        let members: Vec<&str> = all.split_whitespace().take(given).collect();
        check_cause("", &format!("{bare} {}", members.join(" ")), cause);
    }
    check(&format!(
        "
        ~ start
        ~ poll
        decide {bare} {all}
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 ActivityTaskScheduled dtc=4 taskList=l heartbeatTimeout=1 taskPriority=-
        "
    ));
}

#[test]
fn an_activity_too_many() {
    let batch: Vec<String> =
        (0..Limits::AWS.open_activities_max).map(|number| format!("schedule a{number}")).collect();
    check(&format!(
        "
        ~ start
        ~ poll
        ~ decide {}
        ~ take a0
        ~ signal s
        ~ poll
        decide schedule a0; schedule b activityType=work/bare; cancel-activity a1; schedule a1; schedule b
        => 1009 DecisionTaskCompleted sched=1007 started=1008
        => 1010 ScheduleActivityTaskFailed dtc=1009 cause=ACTIVITY_ID_ALREADY_IN_USE
        => 1011 ScheduleActivityTaskFailed dtc=1009 cause=OPEN_ACTIVITIES_LIMIT_EXCEEDED
        => 1012 ActivityTaskCancelRequested dtc=1009
        => 1013 ActivityTaskCanceled sched=6 started=0 cancel=1012
        => 1014 ActivityTaskScheduled dtc=1009
        => 1015 ScheduleActivityTaskFailed dtc=1009 cause=OPEN_ACTIVITIES_LIMIT_EXCEEDED
        => 1016 DecisionTaskScheduled
        ? openCounts.openActivityTasks=1000
        ",
        batch.join("; ")
    ));
}

#[test]
fn a_timer_too_many() {
    let batch: Vec<String> =
        (0..Limits::AWS.open_timers_max).map(|number| format!("timer t{number} 5")).collect();
    check(&format!(
        "
        ~ start
        ~ poll
        ~ decide {}
        ~ signal s
        ~ poll
        decide timer t0 1; timer u 1; cancel-timer t1; timer u 1; timer v 1
        => 1008 DecisionTaskCompleted sched=1006 started=1007
        => 1009 StartTimerFailed dtc=1008 cause=TIMER_ID_ALREADY_IN_USE
        => 1010 StartTimerFailed dtc=1008 cause=OPEN_TIMERS_LIMIT_EXCEEDED
        => 1011 TimerCanceled dtc=1008 started=6
        => 1012 TimerStarted dtc=1008
        => 1013 StartTimerFailed dtc=1008 cause=OPEN_TIMERS_LIMIT_EXCEEDED
        => 1014 DecisionTaskScheduled
        ? openCounts.openTimers=1000
        ",
        batch.join("; ")
    ));
}

#[test]
fn types_deprecated_or_deleted_later() {
    check(
        r#"
        ~ start
        ~ poll
        ~ decide schedule a
        DeprecateActivityType {"domain":"d","activityType":{"name":"work","version":"1"}}
        take a  # what is scheduled stays
        => 6 ActivityTaskStarted sched=5
        completed a
        => 7 ActivityTaskCompleted sched=5 started=6
        => 8 DecisionTaskScheduled
        ~ poll
        decide schedule a
        => 10 DecisionTaskCompleted sched=8 started=9
        => 11 ScheduleActivityTaskFailed dtc=10 cause=ACTIVITY_TYPE_DEPRECATED
        => 12 DecisionTaskScheduled
        DeleteActivityType {"domain":"d","activityType":{"name":"work","version":"1"}}
        ~ poll
        decide schedule a
        => 14 DecisionTaskCompleted sched=12 started=13
        => 15 ScheduleActivityTaskFailed dtc=14 cause=ACTIVITY_TYPE_DOES_NOT_EXIST
        => 16 DecisionTaskScheduled
        DeprecateDomain {"name":"d"}  # the execution goes on
        ~ poll
        decide continue
        => 18 DecisionTaskCompleted sched=16 started=17
        => 19 ContinueAsNewWorkflowExecutionFailed dtc=18 cause=WORKFLOW_TYPE_DEPRECATED
        => 20 DecisionTaskScheduled
        ~ poll
        decide complete
        => 22 DecisionTaskCompleted sched=20 started=21
        => 23 WorkflowExecutionCompleted dtc=22
        "#,
    );
}

#[test]
fn continue_as_new_causes_in_their_order() {
    let check_cause = |before: &str, decision: &str, cause: &str| {
        check_refused(before, decision, &format!("ContinueAsNewWorkflowExecutionFailed {cause}"));
    };
    check_cause("", "continue workflowTypeVersion=x", "WORKFLOW_TYPE_DOES_NOT_EXIST");
    check_cause("", "continue workflowTypeVersion=old", "WORKFLOW_TYPE_DEPRECATED");
    let bare = "continue workflowTypeVersion=bare";
    let given = [
        ("executionStartToCloseTimeout=9", "DEFAULT_EXECUTION_START_TO_CLOSE_TIMEOUT_UNDEFINED"),
        ("taskList=l", "DEFAULT_TASK_LIST_UNDEFINED"),
        ("taskStartToCloseTimeout=9", "DEFAULT_TASK_START_TO_CLOSE_TIMEOUT_UNDEFINED"),
        ("childPolicy=ABANDON", "DEFAULT_CHILD_POLICY_UNDEFINED"),
    ];
    for (count, (_, cause)) in given.iter().enumerate() {
        let members: Vec<&str> = given.iter().take(count).map(|(member, _)| *member).collect();
        check_cause("", &format!("{bare} {}", members.join(" ")), cause);
    }
    // An unhandled decision goes before everything else.
    check(
        "
        ~ start
        ~ poll
        ~ signal s
        decide continue workflowTypeVersion=x
        => 6 DecisionTaskCompleted sched=2 started=3
        => 7 ContinueAsNewWorkflowExecutionFailed dtc=6 cause=UNHANDLED_DECISION
        ",
    );
}

#[test]
fn continue_as_new_takes_what_is_given_and_else_the_defaults_of_the_new_version() {
    check(
        "
        ~ start
        ~ poll
        decide continue workflowTypeVersion=2 tagList=x,y input=i taskList=mine childPolicy=REQUEST_CANCEL
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 WorkflowExecutionContinuedAsNew dtc=4 newExecutionRunId=r2 workflowType=order/2 tagList=x,y input=i taskList=mine childPolicy=REQUEST_CANCEL executionStartToCloseTimeout=2000 taskStartToCloseTimeout=NONE taskPriority=7 lambdaRole=arn:role
        => r2 1 WorkflowExecutionStarted parent=0 continuedExecutionRunId=r1 workflowType=order/2 tagList=x,y input=i taskList=mine childPolicy=REQUEST_CANCEL executionStartToCloseTimeout=2000 taskStartToCloseTimeout=NONE taskPriority=7 lambdaRole=arn:role
        => r2 2 DecisionTaskScheduled taskList=mine taskPriority=7 startToCloseTimeout=NONE
        ",
    );
    check(
        "
        ~ start
        ~ poll
        decide continue tagList=  # no tags and an empty list are the same
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 WorkflowExecutionContinuedAsNew dtc=4 tagList=-
        => r2 1 WorkflowExecutionStarted parent=0 tagList=-
        => r2 2 DecisionTaskScheduled
        ",
    );
}

#[test]
fn a_close_fails_on_news_from_its_own_batch() {
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
            ~ decide schedule a
            ~ signal s
            ~ poll
            decide cancel-activity a; {close}
            => 9 DecisionTaskCompleted sched=7 started=8
            => 10 ActivityTaskCancelRequested dtc=9
            => 11 ActivityTaskCanceled sched=5 started=0 cancel=10
            => 12 {event} dtc=9 cause=UNHANDLED_DECISION
            => 13 DecisionTaskScheduled
            ? openCounts.openActivityTasks=0
            "
        ));
    }
    // What is no news does not stand in the way.
    check(
        "
        ~ start
        ~ poll
        ~ decide schedule a
        ~ take a
        ~ signal s
        ~ poll
        decide cancel-activity a; cancel
        => 10 DecisionTaskCompleted sched=8 started=9
        => 11 ActivityTaskCancelRequested dtc=10
        => 12 WorkflowExecutionCanceled dtc=10
        ",
    );
}

#[test]
fn a_decision_that_fails_does_not_stop_the_next() {
    check(
        "
        ~ start
        ~ poll
        decide cancel-timer x; timer t 3; schedule a activityType=work/x; schedule b; lambda f g
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 CancelTimerFailed dtc=4 cause=TIMER_ID_UNKNOWN
        => 6 TimerStarted dtc=4
        => 7 ScheduleActivityTaskFailed dtc=4 cause=ACTIVITY_TYPE_DOES_NOT_EXIST activityId=a activityType=work/x
        => 8 ActivityTaskScheduled dtc=4
        => 9 ScheduleLambdaFunctionFailed dtc=4 cause=LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION id=f name=g
        => 10 DecisionTaskScheduled
        ? openCounts.openLambdaFunctions=0
        ",
    );
}

#[test]
fn closing_decisions_need_no_attributes() {
    check(
        "
        ~ start
        ~ poll
        decide CompleteWorkflowExecution
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 WorkflowExecutionCompleted dtc=4 result=-
        ",
    );
}
