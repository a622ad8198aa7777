//! The event limit (engine.md, section 13, rows 10 and 26): number 25,000 ends the execution, by
//! itself or else by a termination in its place.

use super::check;

/// The termination in place of an event.
const FULL: &str = "=> 25000 WorkflowExecutionTerminated cause=EVENT_LIMIT_EXCEEDED \
                    childPolicy=TERMINATE reason=- details=-";

#[test]
fn there_is_room_for_all_but_the_last_event() {
    check(&format!(
        "
        ~ start
        fill 24997
        signal one
        => 24998 WorkflowExecutionSignaled external=0
        signal two
        => 24999 WorkflowExecutionSignaled external=0
        ? executionInfo.executionStatus=OPEN
        signal three
        {FULL}
        ? executionInfo.closeStatus=TERMINATED openCounts.openDecisionTasks=1 tasks= due=-
        signal four
        => ! UnknownResourceFault: Unknown execution: WorkflowExecution=[workflowId=w, runId=r1]
        "
    ));
}

#[test]
fn a_decision_task_without_room_ends_the_execution() {
    check(&format!(
        "
        ~ start
        ~ poll
        ~ decide
        fill 24998
        request-cancel
        => 24999 WorkflowExecutionCancelRequested external=0
        {FULL}
        ? openCounts.openDecisionTasks=0
        "
    ));
}

/// The history holds so many events, and the last of the command's own would be one too many.
#[track_caller]
fn check_full(scene: &str, events: u64, command: &str, before: &str) {
    check(&format!("~ at 0 start\n~ poll\n{scene}\nfill {events}\n{command}\n{before}\n{FULL}"));
}

#[test]
fn whatever_is_written_last() {
    check_full("~ decide schedule a", 24_999, "take a", "");
    check_full("~ decide schedule a\n~ take a", 24_999, "completed a", "");
    check_full("~ decide timer t 5", 24_999, "at 5 wake", "");
    check_full("~ decide\n~ signal s", 24_999, "poll", "");
    check_full("", 24_999, "at 60 wake", "");
    let timed_out = "=> 24999 DecisionTaskTimedOut sched=2 started=3 timeout=START_TO_CLOSE";
    check_full("", 24_998, "at 60 wake", timed_out);
}

#[test]
fn the_rest_of_a_batch_is_dropped() {
    let all = "decide schedule a; cancel-activity a; timer t 5; marker m; child c; continue";
    let batch = [
        "DecisionTaskCompleted sched=2 started=3",
        "ActivityTaskScheduled dtc=24990",
        "ActivityTaskCancelRequested dtc=24990",
        "ActivityTaskCanceled sched=24991 started=0 cancel=24992",
        "TimerStarted dtc=24990",
        "MarkerRecorded dtc=24990",
    ];
    for recorded in 0..batch.len() {
        let first = 25_000 - recorded as u64;
        let lines = batch.iter().take(recorded).zip(first..).map(|(line, id)| {
            let line = [24_990, 24_991, 24_992].iter().fold((*line).to_owned(), |line, old| {
                line.replace(&old.to_string(), &(first + old - 24_990).to_string())
            });
            format!("=> {id} {line}")
        });
        let before: Vec<String> = lines.collect();
        check_full("", first - 1, all, &before.join("\n"));
    }
    let before = "=> 24998 DecisionTaskCompleted sched=2 started=3\n\
                  => 24999 TimerStarted dtc=24998";
    check_full("", 24_997, "decide timer t 5; timer t 5; timer u 5", before);
}

#[test]
fn a_closing_event_stands() {
    for (close, closed) in [
        ("complete", "Completed"),
        ("fail", "Failed"),
        ("cancel", "Canceled"),
        ("continue", "ContinuedAsNew"),
    ] {
        let world = check(&format!(
            "
            ~ start
            ~ poll
            fill 24998
            ~ decide {close}
            "
        ));
        let run = &world.oracle.runs[0];
        let last = run.history.last().expect("there are events");
        assert_eq!(last.attributes.event_type(), format!("WorkflowExecution{closed}"));
        assert_eq!(world.oracle.runs.len(), if close == "continue" { 2 } else { 1 });
    }
    check(
        "
        ~ at 0 start
        fill 24999
        terminate childPolicy=ABANDON
        => 25000 WorkflowExecutionTerminated cause=OPERATOR_INITIATED childPolicy=ABANDON
        ",
    );
    check(
        "
        ~ at 0 start
        fill 24999
        at 1000 wake
        => 25000 WorkflowExecutionTimedOut timeout=START_TO_CLOSE
        ",
    );
    check(
        "
        ~ start
        ~ poll
        ~ decide child c
        on r2
        fill 24999
        r1 terminate
        => 8 WorkflowExecutionTerminated cause=OPERATOR_INITIATED
        => r2 25000 WorkflowExecutionTerminated cause=CHILD_POLICY_APPLIED
        ",
    );
}

#[test]
fn a_close_that_fails_does_not_stand() {
    let before = "=> 24999 DecisionTaskCompleted sched=2 started=3";
    check_full("~ signal s", 24_998, "decide complete", before);
}

#[test]
fn a_heartbeat_takes_no_room() {
    check("~ start\n~ poll\n~ decide schedule a\n~ take a\nfill 24999\nbeat a");
}

/// What takes a task from a list must know that there is none.
#[test]
fn a_start_without_room_is_told_apart() {
    let mut world = check("~ start\n~ poll\n~ decide schedule a; timer t 5\nfill 24998");
    for (line, exceeds) in [("take a", false), ("signal s", true)] {
        let (verb, rest) = line.split_once(' ').expect("the command has a subject");
        let command = world.command(verb, rest).expect("it is well formed");
        let transition = world.state().apply(&command, world.around(), world.now);
        let transition = transition.expect("the command is taken");
        assert_eq!(transition.exceeds_event_limit(), exceeds, "{line}");
        world.step(line);
    }
    let operator = check("~ start\n~ terminate");
    assert!(!operator.state().is_open());
}

/// Engine.md, section 13, row 26.
#[test]
fn the_child_policy_applies_and_the_parent_is_told() {
    for (policy, told) in [
        ("TERMINATE", "=> r3 3 WorkflowExecutionTerminated cause=CHILD_POLICY_APPLIED"),
        (
            "REQUEST_CANCEL",
            "=> r3 3 WorkflowExecutionCancelRequested external=0 cause=CHILD_POLICY_APPLIED",
        ),
        ("ABANDON", ""),
    ] {
        check(&format!(
            "
            ~ start
            ~ poll
            ~ decide child c childPolicy={policy}
            on r2
            ~ poll
            ~ decide child cc
            fill 24999
            signal s
            => r2 25000 WorkflowExecutionTerminated cause=EVENT_LIMIT_EXCEEDED childPolicy={policy}
            => 8 ChildWorkflowExecutionTerminated initiated=5 started=6
            {told}
            "
        ));
    }
}

#[test]
fn only_what_was_recorded_is_announced() {
    check(&format!(
        "
        ~ start workflowId=w
        ~ start workflowId=v
        ~ on r1
        ~ poll
        fill 24997
        decide child c; signal-external v go; cancel-external v
        => 24998 DecisionTaskCompleted sched=2 started=3
        => 24999 StartChildWorkflowExecutionInitiated dtc=24998
        {FULL}
        => r3 1 WorkflowExecutionStarted parent=24999
        => r3 2 DecisionTaskScheduled
        => r3 3 WorkflowExecutionTerminated cause=CHILD_POLICY_APPLIED
        "
    ));
    for decision in ["child c", "signal-external v go", "cancel-external v"] {
        check(&format!(
            "
            ~ start
            ~ start workflowId=v
            ~ on r1
            ~ poll
            fill 24998
            decide {decision}
            => 24999 DecisionTaskCompleted sched=2 started=3
            {FULL}
            "
        ));
    }
}

#[test]
fn who_has_no_room_for_a_signal_is_unknown_to_its_sender() {
    for (decision, failure) in [
        ("signal-external w go control=c", "SignalExternalWorkflowExecutionFailed"),
        ("cancel-external w control=c", "RequestCancelExternalWorkflowExecutionFailed"),
    ] {
        check(&format!(
            "
            ~ start
            fill 24999
            ~ start workflowId=v
            ~ on r2
            ~ poll
            decide {decision}
            => r2 4 DecisionTaskCompleted sched=2 started=3
            => r2 5 {}Initiated dtc=4
            {FULL}
            => r2 6 {failure} dtc=4 initiated=5 cause=UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION control=c
            => r2 7 DecisionTaskScheduled
            ",
            failure.trim_end_matches("Failed")
        ));
    }
    // Here there is room for the signal, and none for the decision task.
    check(&format!(
        "
        ~ start
        ~ poll
        ~ decide
        fill 24998
        ~ start workflowId=v
        ~ on r2
        ~ poll
        decide signal-external w go
        => r2 4 DecisionTaskCompleted sched=2 started=3
        => r2 5 SignalExternalWorkflowExecutionInitiated dtc=4
        => 24999 WorkflowExecutionSignaled external=5
        {FULL}
        => r2 6 ExternalWorkflowExecutionSignaled initiated=5
        => r2 7 DecisionTaskScheduled
        "
    ));
}

#[test]
fn a_report_or_a_policy_without_room_ends_its_receiver() {
    check(&format!(
        "
        ~ start
        ~ poll
        ~ decide child c
        fill 24999
        r2 terminate
        => r2 3 WorkflowExecutionTerminated cause=OPERATOR_INITIATED
        {FULL}
        "
    ));
    check(&format!(
        "
        ~ start
        ~ poll
        fill 24997
        decide signal-external w go
        => 24998 DecisionTaskCompleted sched=2 started=3
        => 24999 SignalExternalWorkflowExecutionInitiated dtc=24998
        {FULL}
        "
    ));
    check(&format!(
        "
        ~ start workflowId=p childPolicy=REQUEST_CANCEL
        ~ poll
        ~ decide child w
        on r2
        fill 24999
        r1 terminate
        => 8 WorkflowExecutionTerminated cause=OPERATOR_INITIATED
        {}
        ",
        FULL.replace("=> 25000", "=> r2 25000")
    ));
}
