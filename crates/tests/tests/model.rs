//! An independent model of SWF, written from its documentation and from nothing of ours: plain,
//! obvious and slow, over plain JSON. Random sequences of operations are played on it and on the
//! service, and every answer and every history has to be the same.
//!
//! A sequence that differs is made as short as it can be, and printed as a script. How many are
//! tried is `PROPTEST_CASES`, which ones `PROPTEST_RNG_SEED`.

mod compare;
mod decisions;
mod mistakes;
mod operations;
mod requests;
mod service;
mod state;
mod steps;

use compare::Tally;
use mistakes::Mistake;
use operations::Operation;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};
use std::cell::RefCell;

/// How many sequences are tried if nobody says otherwise.
const CASES: u32 = 120;

/// Which ones, if nobody says otherwise: always the same, so that a failure comes again.
const SEED: u64 = 2012;

/// How many shorter sequences are tried when one fails.
const SHRINKS_MAX: u32 = 1000;

/// The events that come of the sequences: all but failures for want of permission, and the refusal
/// of functions, of which there are never too many here.
const SEEN: [&str; 52] = [
    "ActivityTaskCancelRequested",
    "ActivityTaskCanceled",
    "ActivityTaskCompleted",
    "ActivityTaskFailed",
    "ActivityTaskScheduled",
    "ActivityTaskStarted",
    "ActivityTaskTimedOut",
    "CancelTimerFailed",
    "CancelWorkflowExecutionFailed",
    "ChildWorkflowExecutionCanceled",
    "ChildWorkflowExecutionCompleted",
    "ChildWorkflowExecutionFailed",
    "ChildWorkflowExecutionStarted",
    "ChildWorkflowExecutionTerminated",
    "ChildWorkflowExecutionTimedOut",
    "CompleteWorkflowExecutionFailed",
    "ContinueAsNewWorkflowExecutionFailed",
    "DecisionTaskCompleted",
    "DecisionTaskScheduled",
    "DecisionTaskStarted",
    "DecisionTaskTimedOut",
    "ExternalWorkflowExecutionCancelRequested",
    "ExternalWorkflowExecutionSignaled",
    "FailWorkflowExecutionFailed",
    "LambdaFunctionCompleted",
    "LambdaFunctionFailed",
    "LambdaFunctionScheduled",
    "LambdaFunctionStarted",
    "LambdaFunctionTimedOut",
    "MarkerRecorded",
    "RequestCancelActivityTaskFailed",
    "RequestCancelExternalWorkflowExecutionFailed",
    "RequestCancelExternalWorkflowExecutionInitiated",
    "ScheduleActivityTaskFailed",
    "SignalExternalWorkflowExecutionFailed",
    "SignalExternalWorkflowExecutionInitiated",
    "StartChildWorkflowExecutionFailed",
    "StartChildWorkflowExecutionInitiated",
    "StartLambdaFunctionFailed",
    "StartTimerFailed",
    "TimerCanceled",
    "TimerFired",
    "TimerStarted",
    "WorkflowExecutionCancelRequested",
    "WorkflowExecutionCanceled",
    "WorkflowExecutionCompleted",
    "WorkflowExecutionContinuedAsNew",
    "WorkflowExecutionFailed",
    "WorkflowExecutionSignaled",
    "WorkflowExecutionStarted",
    "WorkflowExecutionTerminated",
    "WorkflowExecutionTimedOut",
];

fn config() -> Config {
    // What the environment says is in the default.
    let named = |name: &str| std::env::var_os(name).is_some();
    let mut config = Config {
        max_shrink_iters: SHRINKS_MAX,
        // A failure is to become a test with a name, not a file.
        failure_persistence: None,
        ..Config::default()
    };
    if !named("PROPTEST_CASES") {
        config.cases = CASES;
    }
    if !named("PROPTEST_RNG_SEED") {
        config.rng_seed = RngSeed::Fixed(SEED);
    }
    config
}

#[test]
fn the_service_does_what_the_model_does() {
    let (all, unnoticed) = (RefCell::new(Tally::new()), RefCell::new(Mistake::ALL.to_vec()));
    let outcome = TestRunner::new(config()).run(&operations::operations(), |script| {
        let mistakes = unnoticed.borrow().clone();
        let (tally, still) = compare::play(&script, &mistakes).map_err(TestCaseError::fail)?;
        *unnoticed.borrow_mut() = still;
        for (kind, count) in tally {
            *all.borrow_mut().entry(kind).or_default() += count;
        }
        Ok(())
    });
    match outcome {
        Ok(()) => (),
        Err(TestError::Fail(why, script)) => {
            let difference = compare::play(&script, &[]).err();
            panic!("{}", difference.unwrap_or_else(|| why.to_string()));
        }
        Err(TestError::Abort(why)) => panic!("the search was given up: {why}"),
    }
    if ["PROPTEST_CASES", "PROPTEST_RNG_SEED"].iter().any(|it| std::env::var_os(it).is_some()) {
        return; // What other sequences come upon is left to them.
    }
    let (all, unnoticed) = (all.into_inner(), unnoticed.into_inner());
    assert!(unnoticed.is_empty(), "mistakes that nobody noticed: {unnoticed:?}");
    let unseen: Vec<&str> = SEEN.into_iter().filter(|kind| !all.contains_key(*kind)).collect();
    assert!(unseen.is_empty(), "events that never came: {unseen:?}, only {all:?}");
}

/// Plays what is written here.
fn plays(operations: &[Operation]) {
    if let Err(difference) = compare::play(operations, &[]) {
        panic!("{difference}");
    }
}

#[test]
fn an_empty_sequence_is_the_same() {
    plays(&[]);
}
