//! Lambda tasks: the state table of engine.md, section 10, the causes of section 3.13, and rows 23
//! and 24 of section 13.

use super::bugs::check_bug;
use super::check;
use crate::rows::{Change, Key};
use wire::event::LambdaFunctionTimedOut;
use wire::{EventAttributes, EventId, LambdaFunctionTimeoutType};

/// A task of id `f` has been scheduled by event 5.
const SCHEDULED: &str = "
    ~ functions
    ~ at 0 start lambdaRole=arn:role
    ~ poll
    ~ decide lambda f hello input=i
    ";

const STARTED: &str = "
    ~ functions
    ~ at 0 start lambdaRole=arn:role
    ~ poll
    ~ decide lambda f hello startToCloseTimeout=9
    ~ at 2 call f
    ";

#[test]
fn a_function_returns() {
    check(
        "
        functions
        ~ at 0 start lambdaRole=arn:role
        ~ poll
        decide lambda f hello input=i control=c
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 LambdaFunctionScheduled dtc=4 id=f name=hello input=i control=c startToCloseTimeout=900
        ? openCounts.openLambdaFunctions=1 lambdas=5 tasks=
        at 1 call f
        => 6 LambdaFunctionStarted sched=5
        ? openCounts.openLambdaFunctions=1 lambdas= due=901:Lambda(EventId(5))
        at 3 returned f result=r
        => 7 LambdaFunctionCompleted sched=5 started=6 result=r
        => 8 DecisionTaskScheduled
        ? openCounts.openLambdaFunctions=0 due=1000:Execution
        ",
    );
}

#[test]
fn a_function_fails() {
    check(&format!(
        "{SCHEDULED}
        call f
        => 6 LambdaFunctionStarted sched=5
        threw f reason=ResourceNotFoundException details=d
        => 7 LambdaFunctionFailed sched=5 started=6 reason=ResourceNotFoundException details=d
        => 8 DecisionTaskScheduled
        ? openCounts.openLambdaFunctions=0
        "
    ));
}

#[test]
fn a_function_takes_too_long_from_its_start() {
    check(&format!(
        "{STARTED}
        at 10.999 wake
        at 11 wake
        => 7 LambdaFunctionTimedOut sched=5 started=6 timeout=START_TO_CLOSE
        => 8 DecisionTaskScheduled
        returned f  # too late
        => ! UnknownResourceFault: Unknown Lambda function, scheduledEventId = 5
        "
    ));
}

#[test]
fn a_task_that_waits_for_its_start_has_no_deadline() {
    check(&format!(
        "{SCHEDULED}
        ? due=1000:Execution
        at 950 wake
        call f
        => 6 LambdaFunctionStarted sched=5
        "
    ));
}

#[test]
fn a_time_out_during_a_decision_makes_a_task_that_is_held_back() {
    check(&format!(
        "{STARTED}
        ~ signal s
        ~ poll
        at 11 wake
        => 10 LambdaFunctionTimedOut sched=5 started=6 timeout=START_TO_CLOSE
        => 11 DecisionTaskScheduled
        ? tasks=11@deciders^0:held
        decide complete
        => 12 DecisionTaskCompleted sched=8 started=9
        => 13 CompleteWorkflowExecutionFailed dtc=12 cause=UNHANDLED_DECISION
        "
    ));
}

#[test]
fn a_function_is_called_once() {
    check(&format!(
        "{SCHEDULED}
        returned f  # it has not been called
        => ! UnknownResourceFault: Unknown Lambda function, scheduledEventId = 5
        call #6
        => ! UnknownResourceFault: Unknown Lambda function, scheduledEventId = 6
        call f
        => 6 LambdaFunctionStarted sched=5
        call f
        => ! UnknownResourceFault: Unknown Lambda function, scheduledEventId = 5
        returned f
        => 7 LambdaFunctionCompleted sched=5 started=6 result=-
        => 8 DecisionTaskScheduled
        call f
        => ! UnknownResourceFault: Unknown Lambda function, scheduledEventId = 5
        threw f
        => ! UnknownResourceFault: Unknown Lambda function, scheduledEventId = 5
        "
    ));
}

#[test]
fn without_a_role_a_task_is_scheduled_and_does_not_start() {
    check(
        "
        functions
        ~ at 0 start
        ~ poll
        decide lambda f hello
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 LambdaFunctionScheduled dtc=4
        ? lambdas=5 openCounts.openLambdaFunctions=1
        at 1 call f
        => 6 StartLambdaFunctionFailed sched=5 cause=ASSUME_ROLE_FAILED
        => 7 DecisionTaskScheduled
        ? lambdas= openCounts.openLambdaFunctions=0
        ",
    );
    let world = check("~ functions\n~ start\n~ poll\n~ decide lambda f hello\n~ call f");
    let history = &world.oracle.runs[0].history;
    let failed = history.iter().find_map(|event| {
        let EventAttributes::StartLambdaFunctionFailed(failed) = &event.attributes else {
            return None;
        };
        failed.message.as_ref()
    });
    let text = "No IAM role is attached to the current workflow execution.";
    assert_eq!(failed.map(|message| message.as_str()), Some(text));
}

#[test]
fn the_role_is_the_starters_or_the_types_and_goes_on_with_a_decision() {
    for start in ["start lambdaRole=arn:mine", "start workflowType=order/2"] {
        check(&format!(
            "
            ~ functions
            ~ {start}
            ~ poll
            ~ decide lambda f hello
            call f
            => 6 LambdaFunctionStarted sched=5
            "
        ));
    }
    // The next run has the role that its decision gives, or that its type has.
    check(
        "
        ~ functions
        ~ start lambdaRole=arn:mine
        ~ poll
        ~ decide continue
        ~ r2 poll
        ~ r2 decide lambda f hello
        r2 call f
        => r2 6 StartLambdaFunctionFailed sched=5 cause=ASSUME_ROLE_FAILED
        => r2 7 DecisionTaskScheduled
        ",
    );
}

#[test]
fn nobody_calls_functions() {
    check(
        "
        ~ at 0 start lambdaRole=arn:role
        ~ poll
        decide lambda f hello
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 ScheduleLambdaFunctionFailed dtc=4 cause=LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION id=f name=hello
        => 6 DecisionTaskScheduled
        ? openCounts.openLambdaFunctions=0
        ",
    );
}

/// Section 13, row 23.
#[test]
fn an_id_may_be_used_again_while_it_is_open() {
    check(&format!(
        "{SCHEDULED}
        ~ signal s
        ~ poll
        decide lambda f hello
        => 9 DecisionTaskCompleted sched=7 started=8
        => 10 LambdaFunctionScheduled dtc=9 id=f
        ? lambdas=5,10 openCounts.openLambdaFunctions=2
        call #10
        => 11 LambdaFunctionStarted sched=10
        call #5
        => 12 LambdaFunctionStarted sched=5
        "
    ));
}

/// Section 13, row 24.
#[test]
fn a_thousand_are_open_at_most() {
    let all = vec!["lambda f hello"; 1001].join("; ");
    let world = check(&format!(
        "
        ~ functions
        ~ at 0 start lambdaRole=arn:role
        ~ poll
        ~ decide {all}
        ? openCounts.openLambdaFunctions=1000
        "
    ));
    let history = &world.oracle.runs[0].history;
    let scheduled =
        |event: &&wire::Event| event.attributes.event_type() == "LambdaFunctionScheduled";
    assert_eq!(history.iter().filter(scheduled).count(), 1000);
    let refused = serde_json::to_string(&history[history.len() - 2]).expect("it can be written");
    assert!(refused.contains("OPEN_LAMBDA_FUNCTIONS_LIMIT_EXCEEDED"), "{refused}");
}

#[test]
fn the_first_to_be_scheduled_times_out_first_and_a_timer_before_it() {
    check(
        "
        ~ functions
        ~ at 0 start lambdaRole=arn:role
        ~ poll
        ~ decide lambda a hello startToCloseTimeout=5; lambda b hello startToCloseTimeout=5; timer t 5
        ~ call b
        ~ call a
        at 5 wake
        => 10 TimerFired started=7
        => 11 DecisionTaskScheduled
        wake
        => 12 LambdaFunctionTimedOut sched=5 started=9 timeout=START_TO_CLOSE
        wake
        => 13 LambdaFunctionTimedOut sched=6 started=8 timeout=START_TO_CLOSE
        ",
    );
}

#[test]
fn a_close_drops_what_is_open_and_keeps_its_count() {
    check(
        "
        ~ functions
        ~ at 0 start lambdaRole=arn:role
        ~ poll
        ~ decide lambda f hello; lambda g hello
        ~ call f
        at 1 terminate
        => 8 WorkflowExecutionTerminated cause=OPERATOR_INITIATED
        ? openCounts.openLambdaFunctions=2 lambdas= due=-
        call g
        => ! UnknownResourceFault: Unknown execution: WorkflowExecution=[workflowId=w, runId=r1]
        returned f
        => ! UnknownResourceFault: Unknown execution: WorkflowExecution=[workflowId=w, runId=r1]
        ",
    );
}

#[test]
fn a_full_history_has_no_room_for_a_start() {
    check(&format!(
        "{SCHEDULED}
        fill 24999
        call f
        => 25000 WorkflowExecutionTerminated cause=EVENT_LIMIT_EXCEEDED
        ? lambdas= openCounts.openLambdaFunctions=1
        "
    ));
}

// Proof that the oracle notices.

#[test]
fn bugs_about_functions() {
    check_bug(SCHEDULED, "call f", "the rows are the projection of the states", |shown| {
        shown.changes.retain(|change| !matches!(change, Change::Delete(Key::Lambda(_))));
    });
    check_bug(STARTED, "returned f", "which start", |shown| {
        let event = &mut shown.transition.events[0];
        if let EventAttributes::LambdaFunctionCompleted(completed) = &mut event.attributes {
            completed.started_event_id = EventId(5);
        }
    });
    check_bug(STARTED, "returned f", "a decision task is pending", |shown| {
        shown.transition.events.pop();
    });
    check_bug(STARTED, "signal s", "a function timed out too early", |shown| {
        let events = &mut shown.transition.events;
        events[0].attributes = LambdaFunctionTimedOut {
            scheduled_event_id: EventId(5),
            started_event_id: EventId(6),
            timeout_type: Some(LambdaFunctionTimeoutType::StartToClose),
        }
        .into();
    });
    check_bug(STARTED, "signal s", "a function is called once", |shown| {
        let started = wire::event::LambdaFunctionStarted { scheduled_event_id: EventId(5) };
        shown.transition.events[0].attributes = started.into();
    });
    check_bug(SCHEDULED, "signal s", "a Lambda task is started before it closes", |shown| {
        let completed = wire::event::LambdaFunctionCompleted {
            scheduled_event_id: EventId(5),
            started_event_id: EventId(0),
            result: None,
        };
        shown.transition.events[0].attributes = completed.into();
    });
    let late = format!("{STARTED}~ at 11 signal s");
    check_bug(&late, "wake", "what is due happens", |shown| shown.transition.events.clear());
    check_bug(STARTED, "terminate", "the state is the fold of the history", |shown| {
        shown.transition.after.lambdas.clear();
    });
}
