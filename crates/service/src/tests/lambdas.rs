//! Lambda tasks in a whole service, one turn at a time, while the store fails and processes die: a
//! function is called at most once, and its task always comes to an end.

use super::client::{TestClock, TestEntropy};
use super::fixture::{caller, registrations, request};
use crate::stepped::{Mail, Part, Stepped};
use crate::{FunctionAnswer, FunctionCall, FunctionOutcome, Functions, Options, Pending, Reply};
use serde_json::{Value, json};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use store::memory::{Call, Fault, Memory};

/// Functions that have been called and have not ended.
#[derive(Debug, Default)]
struct House(Mutex<Vec<(FunctionCall, FunctionAnswer)>>);

impl Functions for House {
    fn call(&self, call: FunctionCall, answer: FunctionAnswer) {
        self.0.lock().expect("no holder panics").push((call, answer));
    }
}

/// A service, its store and its clock, and the functions that it calls.
struct Bench {
    service: Option<Stepped>,
    memory: Memory,
    /// How many of the next commits fail, and how.
    failing: Arc<AtomicUsize>,
    fault: Fault,
    clock: Arc<TestClock>,
    house: Arc<House>,
    run_id: String,
}

impl Bench {
    /// A run whose decider has scheduled a function that may take 7 seconds.
    fn scheduled(fault: Fault) -> Bench {
        let mut bench = Bench {
            service: None,
            memory: Memory::default(),
            failing: Arc::default(),
            fault,
            clock: Arc::new(TestClock(AtomicI64::new(1_000_000))),
            house: Arc::default(),
            run_id: String::new(),
        };
        bench.open(true);
        for (operation, body) in registrations() {
            bench.ask(operation, body);
        }
        let started = bench.ask(
            "StartWorkflowExecution",
            json!({
                "domain": "d", "workflowId": "w", "workflowType": {"name": "w", "version": "1"},
                "lambdaRole": "arn:aws:iam::123456789012:role/r",
            }),
        );
        bench.run_id = started["runId"].as_str().expect("a run").to_owned();
        let task = bench
            .ask("PollForDecisionTask", json!({"domain": "d", "taskList": {"name": "deciders"}}));
        let decision = json!({
            "decisionType": "ScheduleLambdaFunction",
            "scheduleLambdaFunctionDecisionAttributes": {
                "id": "f", "name": "hello", "input": "i", "startToCloseTimeout": "7",
            },
        });
        bench.ask(
            "RespondDecisionTaskCompleted",
            json!({"taskToken": task["taskToken"], "decisions": [decision]}),
        );
        bench
    }

    /// Starts a process; the one before, if there was one, has died.
    fn open(&mut self, calls_functions: bool) {
        let (failing, fault) = (Arc::clone(&self.failing), self.fault);
        let one_less = |left: usize| left.checked_sub(1);
        let store = self.memory.with_faults(move |call| match call {
            Call::Commit { .. } => {
                let fails = failing.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less);
                fails.is_ok().then_some(fault)
            }
            Call::Claim { .. } | Call::Get { .. } | Call::Scan { .. } | Call::Snapshot => None,
        });
        let options = Options {
            poll_hold: Duration::from_secs(60),
            owner: "test".to_owned(),
            functions: calls_functions.then(|| Arc::clone(&self.house) as Arc<dyn Functions>),
            ..Options::default()
        };
        let entropy = Arc::new(TestEntropy(AtomicU64::new(1)));
        let opened = Stepped::open(Arc::new(store), self.clock.clone(), entropy, &options);
        self.service = Some(opened.expect("a store in memory opens"));
    }

    fn service(&mut self) -> &mut Stepped {
        self.service.as_mut().expect("it is open")
    }

    /// Lets all parts work but the invoker, until they have nothing to do.
    fn work_off_but_the_invoker(&mut self) {
        let busy =
            |service: &Stepped| service.busy().into_iter().find(|part| *part != Part::Invoker);
        while let Some(part) = busy(self.service()) {
            self.service().turn(part, usize::MAX, Mail::Orderly);
        }
    }

    fn work_off(&mut self) {
        while let Some(part) = self.service().busy().into_iter().next() {
            self.service().turn(part, usize::MAX, Mail::Orderly);
        }
    }

    /// Asks, and leaves the invoker alone meanwhile.
    fn ask(&mut self, operation: &str, body: Value) -> Value {
        let request = request(operation, body).expect("a right request");
        let mut pending: Pending = self.service().call(&caller(), request);
        self.work_off_but_the_invoker();
        let mut context = Context::from_waker(Waker::noop());
        match Pin::new(&mut pending).poll(&mut context) {
            Poll::Ready(Ok(Reply::Json(bytes))) => serde_json::from_slice(&bytes).expect("JSON"),
            Poll::Ready(Ok(Reply::Empty)) => Value::Null,
            answer @ (Poll::Ready(Err(_)) | Poll::Pending) => {
                panic!("{operation} is answered {answer:?}")
            }
        }
    }

    fn pass(&mut self, ms: i64) {
        self.clock.0.fetch_add(ms, Ordering::SeqCst);
        self.work_off();
    }

    /// The function that was called, which no other was.
    fn called(&self) -> FunctionAnswer {
        let mut calls = self.house.0.lock().expect("no holder panics");
        let (call, answer) = calls.pop().expect("a function was called");
        assert!(calls.is_empty(), "one function was called");
        assert_eq!((call.name.as_str(), call.payload.as_str()), ("hello", "i"));
        answer
    }

    fn is_called(&self) -> bool {
        !self.house.0.lock().expect("no holder panics").is_empty()
    }

    /// The events from the sixth on.
    fn events(&mut self) -> Vec<String> {
        let run_id = self.run_id.clone();
        let body = json!({"domain": "d", "execution": {"workflowId": "w", "runId": run_id}});
        let history = self.ask("GetWorkflowExecutionHistory", body);
        let events = history["events"].as_array().expect("events").iter().skip(5);
        events.map(|event| event["eventType"].as_str().expect("a type").to_owned()).collect()
    }

    /// The reason of the only failure.
    fn reason(&mut self) -> Value {
        let run_id = self.run_id.clone();
        let body = json!({"domain": "d", "execution": {"workflowId": "w", "runId": run_id}});
        let history = self.ask("GetWorkflowExecutionHistory", body);
        history["events"][6]["lambdaFunctionFailedEventAttributes"]["reason"].clone()
    }
}

fn result() -> FunctionOutcome {
    FunctionOutcome::Returned { payload: "r".to_owned() }
}

const COMPLETED: [&str; 3] =
    ["LambdaFunctionStarted", "LambdaFunctionCompleted", "DecisionTaskScheduled"];
const FAILED: [&str; 3] =
    ["LambdaFunctionStarted", "LambdaFunctionFailed", "DecisionTaskScheduled"];
const TIMED_OUT: [&str; 3] =
    ["LambdaFunctionStarted", "LambdaFunctionTimedOut", "DecisionTaskScheduled"];

#[test]
fn a_function_is_called_and_its_result_recorded() {
    let mut bench = Bench::scheduled(Fault::Lost);
    assert!(!bench.is_called(), "not before its start is durable");
    bench.work_off();
    assert_eq!(bench.events(), COMPLETED[..1]);
    let answer = bench.called();
    answer.send(result());
    bench.work_off();
    assert_eq!(bench.events(), COMPLETED);
}

#[test]
fn a_task_that_waits_is_started_by_the_next_process() {
    let mut bench = Bench::scheduled(Fault::Lost);
    bench.open(true);
    bench.work_off();
    let answer = bench.called();
    answer.send(result());
    bench.work_off();
    assert_eq!(bench.events(), COMPLETED);
}

#[test]
fn a_process_that_dies_while_a_function_runs_leaves_its_task_to_the_time_out() {
    let mut bench = Bench::scheduled(Fault::Lost);
    bench.work_off();
    let answer = bench.called();
    bench.open(true);
    bench.work_off();
    answer.send(result()); // To a process that is gone.
    bench.pass(6_999);
    assert_eq!(bench.events(), TIMED_OUT[..1]);
    bench.pass(1);
    assert_eq!(bench.events(), TIMED_OUT);
    assert!(!bench.is_called(), "it was called before");
}

#[test]
fn a_function_without_an_outcome_leaves_its_task_to_the_time_out() {
    let mut bench = Bench::scheduled(Fault::Lost);
    bench.work_off();
    drop(bench.called());
    bench.pass(7_000);
    assert_eq!(bench.events(), TIMED_OUT);
    assert!(!bench.is_called(), "it was called before");
}

#[test]
fn an_outcome_after_the_time_out_changes_nothing() {
    let mut bench = Bench::scheduled(Fault::Lost);
    bench.work_off();
    let answer = bench.called();
    bench.pass(7_000);
    answer.send(result());
    bench.pass(10_000);
    assert_eq!(bench.events(), TIMED_OUT);
}

#[test]
fn an_outcome_whose_commit_fails_is_recorded_once() {
    for fault in [Fault::Lost, Fault::Full, Fault::Unacknowledged, Fault::Late] {
        let mut bench = Bench::scheduled(fault);
        bench.work_off();
        let answer = bench.called();
        bench.failing.store(1, Ordering::SeqCst);
        answer.send(result());
        bench.work_off();
        bench.pass(1_000);
        bench.pass(1_000);
        assert_eq!(bench.events(), COMPLETED, "{fault:?}");
        assert_eq!(bench.failing.load(Ordering::SeqCst), 0, "a commit failed");
    }
}

/// A start of unknown outcome calls nothing. If it had none, the task is started later; otherwise
/// it times out.
#[test]
fn a_start_whose_commit_fails_calls_at_most_once() {
    for (fault, calls) in [
        (Fault::Lost, true),
        (Fault::Full, true),
        (Fault::Unacknowledged, false),
        (Fault::Late, false),
    ] {
        let mut bench = Bench::scheduled(fault);
        bench.failing.store(1, Ordering::SeqCst);
        bench.work_off();
        assert!(!bench.is_called(), "{fault:?}");
        bench.pass(1_000);
        assert_eq!(bench.is_called(), calls, "{fault:?}");
        if calls {
            let answer = bench.called();
            answer.send(result());
            bench.work_off();
            assert_eq!(bench.events(), COMPLETED, "{fault:?}");
        } else {
            bench.pass(7_000);
            assert_eq!(bench.events(), TIMED_OUT, "{fault:?}");
        }
        assert!(!bench.is_called(), "{fault:?}");
    }
}

#[test]
fn a_task_of_a_process_that_called_functions_fails_in_one_that_does_not() {
    let mut bench = Bench::scheduled(Fault::Lost);
    bench.open(false);
    bench.work_off();
    assert_eq!(bench.events(), FAILED);
    assert_eq!(bench.reason(), "ServiceException");
    assert!(!bench.is_called());
}

#[test]
fn a_service_that_drains_starts_no_task_and_records_what_comes() {
    let mut bench = Bench::scheduled(Fault::Lost);
    bench.work_off();
    let answer = bench.called();
    bench.service().drain();
    answer.send(result());
    bench.work_off();
    assert_eq!(bench.events(), COMPLETED);
    let mut bench = Bench::scheduled(Fault::Lost);
    bench.service().drain();
    bench.work_off();
    assert!(!bench.is_called());
    assert_eq!(bench.events(), [""; 0]);
}
