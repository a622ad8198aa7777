//! Task lists that a decider asks for instead of the execution's own (engine.md, section 2.6).

use super::check;

#[test]
fn without_a_limit_an_override_is_permanent() {
    check(
        "
        ~ at 0 start
        ~ poll
        decide taskList=mine | timer t 0
        => 4 DecisionTaskCompleted sched=2 started=3 taskList=mine taskListScheduleToStartTimeout=-
        => 5 TimerStarted dtc=4
        wake
        => 6 TimerFired started=5
        => 7 DecisionTaskScheduled taskList=mine scheduleToStartTimeout=NONE startToCloseTimeout=60
        ? tasks=7@mine^0 due=1000:Execution executionConfiguration.taskList=deciders
        ~ at 1 poll
        at 61 wake
        => 9 DecisionTaskTimedOut sched=7 started=8 timeout=START_TO_CLOSE
        => 10 DecisionTaskScheduled taskList=mine scheduleToStartTimeout=NONE
        ~ poll
        ~ decide
        signal s
        => 13 WorkflowExecutionSignaled external=0
        => 14 DecisionTaskScheduled taskList=mine
        ~ poll
        ~ decide taskList=deciders |  # how Java Flow takes it back
        signal s
        => 17 WorkflowExecutionSignaled external=0
        => 18 DecisionTaskScheduled taskList=deciders scheduleToStartTimeout=NONE
        ",
    );
}

#[test]
fn with_a_limit_it_ends_when_nobody_takes_the_task() {
    check(
        "
        ~ at 0 start
        ~ poll
        ~ decide taskList=mine taskListScheduleToStartTimeout=5 | timer t 2
        at 2 wake
        => 6 TimerFired started=5
        => 7 DecisionTaskScheduled taskList=mine scheduleToStartTimeout=5
        ? tasks=7@mine^0 due=7:DecisionTaskScheduleToStart
        at 7 wake
        => 8 DecisionTaskTimedOut sched=7 started=0 timeout=SCHEDULE_TO_START
        => 9 DecisionTaskScheduled taskList=deciders scheduleToStartTimeout=NONE
        ~ poll
        ~ decide
        signal s
        => 12 WorkflowExecutionSignaled external=0
        => 13 DecisionTaskScheduled taskList=deciders
        ",
    );
}

#[test]
fn with_a_limit_it_ends_when_the_decider_takes_too_long() {
    check(
        "
        ~ at 0 start
        ~ poll
        ~ decide taskList=mine taskListScheduleToStartTimeout=5 | timer t 2
        ~ at 2 wake
        at 6.999 poll
        => 8 DecisionTaskStarted sched=7
        at 67 wake
        => 9 DecisionTaskTimedOut sched=7 started=8 timeout=START_TO_CLOSE
        => 10 DecisionTaskScheduled taskList=deciders scheduleToStartTimeout=NONE
        ",
    );
}

#[test]
fn an_answer_that_does_not_name_a_list_keeps_the_override() {
    check(
        "
        ~ at 0 start
        ~ poll
        ~ decide taskList=mine taskListScheduleToStartTimeout=5 |
        ~ signal s
        ~ poll
        decide executionContext=c |
        => 8 DecisionTaskCompleted sched=6 started=7 taskList=- taskListScheduleToStartTimeout=-
        signal s
        => 9 WorkflowExecutionSignaled external=0
        => 10 DecisionTaskScheduled taskList=mine scheduleToStartTimeout=5
        ~ poll
        decide taskListScheduleToStartTimeout=9 |  # of no list: means nothing
        => 12 DecisionTaskCompleted sched=10 started=11 taskListScheduleToStartTimeout=-
        signal s
        => 13 WorkflowExecutionSignaled external=0
        => 14 DecisionTaskScheduled taskList=mine scheduleToStartTimeout=5
        ",
    );
}

#[test]
fn a_newer_override_replaces_the_older() {
    check(
        "
        ~ at 0 start
        ~ poll
        ~ decide taskList=mine taskListScheduleToStartTimeout=5 |
        ~ signal s
        ~ poll
        ~ decide taskList=yours |
        signal s
        => 9 WorkflowExecutionSignaled external=0
        => 10 DecisionTaskScheduled taskList=yours scheduleToStartTimeout=NONE
        ",
    );
}

#[test]
fn a_held_back_task_stays_on_the_list_it_was_scheduled_to() {
    check(
        "
        ~ at 0 start
        ~ poll
        ~ signal s
        decide taskList=mine taskListScheduleToStartTimeout=5 | timer t 1
        => 6 DecisionTaskCompleted sched=2 started=3 taskList=mine taskListScheduleToStartTimeout=5
        => 7 TimerStarted dtc=6
        ? tasks=5@deciders^0 due=1:Timer(\"t\")
        ~ poll
        at 1 wake
        => 9 TimerFired started=7
        => 10 DecisionTaskScheduled taskList=mine scheduleToStartTimeout=5
        ",
    );
}

#[test]
fn a_limit_of_zero_ends_at_once() {
    check(
        "
        ~ at 0 start
        ~ poll
        ~ decide taskList=mine taskListScheduleToStartTimeout=0 | timer t 0
        ~ wake
        wake
        => 8 DecisionTaskTimedOut sched=7 started=0 timeout=SCHEDULE_TO_START
        => 9 DecisionTaskScheduled taskList=deciders
        ",
    );
}

/// The clock of a task that is held back starts when a poller may have the task, not before.
#[test]
fn the_limit_of_a_held_back_task_runs_from_its_release() {
    let held = "
        ~ at 0 start
        ~ poll
        ~ decide taskList=mine taskListScheduleToStartTimeout=5 |
        ~ signal one
        ~ poll
        ~ at 1 signal two
        ? tasks=9@mine^0:held due=60:DecisionTaskStartToClose
        at 6 wake
        ";
    check(&format!(
        "{held}
        at 40 decide
        => 10 DecisionTaskCompleted sched=6 started=7
        ? tasks=9@mine^0 due=45:DecisionTaskScheduleToStart
        at 44.999 wake
        at 45 wake
        => 11 DecisionTaskTimedOut sched=9 started=0 timeout=SCHEDULE_TO_START
        => 12 DecisionTaskScheduled taskList=deciders scheduleToStartTimeout=NONE
        "
    ));
    check(&format!(
        "{held}
        at 60 wake
        => 10 DecisionTaskTimedOut sched=6 started=7 timeout=START_TO_CLOSE
        ? tasks=9@mine^0 due=65:DecisionTaskScheduleToStart
        at 65 wake
        => 11 DecisionTaskTimedOut sched=9 started=0 timeout=SCHEDULE_TO_START
        => 12 DecisionTaskScheduled taskList=deciders scheduleToStartTimeout=NONE
        "
    ));
}

#[test]
fn a_new_run_begins_without_the_override() {
    check(
        "
        ~ start
        ~ poll
        decide taskList=mine | continue
        => 4 DecisionTaskCompleted sched=2 started=3 taskList=mine
        => 5 WorkflowExecutionContinuedAsNew dtc=4 taskList=deciders
        => r2 1 WorkflowExecutionStarted parent=0 taskList=deciders
        => r2 2 DecisionTaskScheduled taskList=deciders
        ",
    );
}
