//! What the fuzz target does with its input, shared with the tests: requests, one a line, go the
//! way of those that come over HTTP, and none may be answered with a panic, a 5xx, or more bytes
//! than it deserves.
//!
//! A line is an operation's name, a space, and a body. In bodies, `@task`, `@run` and `@page` stand
//! for the newest task token, run id and page token that were answered.

pub mod authorization;

pub mod policy;

use crate::hand::{Counter, HandClock};
use access::Caller;
use serde_json::Value;
use service::{
    FunctionAnswer, FunctionCall, FunctionOutcome, Functions, Mail, Options, Pending, Reply,
    Stepped,
};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use store::memory::Memory;
use wire::{Fault, Model, Operation};

/// How many requests of an input are sent. More are left out.
const REQUESTS_MAX: usize = 64;

/// How many turns a request may lead to.
const TURNS_MAX: usize = 100_000;

/// How much time passes from one request to the next, so that timers fire.
const BETWEEN_REQUESTS_MS: i64 = 1000;

/// How long a poll waits for a task.
const POLL_HOLD_MS: i64 = 1;

/// How long a fault may be: each byte of the request may be quoted twice, as six bytes of JSON, ...
const FAULT_BYTES_PER_BYTE: usize = 12;
/// ... beside what says what is wrong in ten places.
const FAULT_BYTES_BESIDE: usize = 20_000;

/// What is there before the input is.
const PREPARED: [&str; 3] = [
    r#"RegisterDomain {"name":"d","workflowExecutionRetentionPeriodInDays":"1"}"#,
    r#"RegisterWorkflowType {"domain":"d","name":"t","version":"1","defaultTaskList":{"name":"l"},
        "defaultTaskStartToCloseTimeout":"5","defaultExecutionStartToCloseTimeout":"60",
        "defaultChildPolicy":"TERMINATE"}"#,
    r#"RegisterActivityType {"domain":"d","name":"a","version":"1","defaultTaskList":{"name":"l"},
        "defaultTaskStartToCloseTimeout":"5","defaultTaskHeartbeatTimeout":"5",
        "defaultTaskScheduleToStartTimeout":"5","defaultTaskScheduleToCloseTimeout":"5"}"#,
];

/// Sends the requests of `input`, and panics if one is answered as none may be. Says how many were
/// accepted and refused.
pub fn run(input: &[u8]) -> (usize, usize) {
    run_on(Memory::default(), input)
}

/// The same on a store of the caller's.
pub fn run_on(store: Memory, input: &[u8]) -> (usize, usize) {
    let mut target = Target::new(store);
    for line in PREPARED {
        let prepared = target.send(line.as_bytes());
        assert!(prepared == Some(true), "what is prepared is accepted");
    }
    let lines = input.split(|byte| *byte == b'\n').take(REQUESTS_MAX);
    let outcomes: Vec<bool> = lines.filter_map(|line| target.send(line)).collect();
    let accepted = outcomes.iter().filter(|accepted| **accepted).count();
    (accepted, outcomes.len() - accepted)
}

/// The service, and what it said last.
struct Target {
    service: Stepped,
    clock: Arc<HandClock>,
    caller: Caller,
    newest: [(&'static str, &'static str, String); 3],
}

/// Functions that return what they are called with, at once.
#[derive(Debug)]
struct Echo;

impl Functions for Echo {
    fn call(&self, call: FunctionCall, answer: FunctionAnswer) {
        answer.send(FunctionOutcome::Returned { payload: call.payload.as_str().to_owned() });
    }
}

impl Target {
    fn new(store: Memory) -> Target {
        let clock = Arc::new(HandClock::new(1_700_000_000_000));
        let options = Options {
            poll_hold: Duration::from_millis(POLL_HOLD_MS.unsigned_abs()),
            owner: "fuzzing".to_owned(),
            functions: Some(Arc::new(Echo)),
            ..Options::default()
        };
        let (time, chance) = (clock.clone(), Arc::new(Counter::new()));
        let service =
            Stepped::open(Arc::new(store), time, chance, &options).expect("no fault is planned");
        let caller = Caller::unrestricted("123456789012".into(), "us-east-1".into());
        let newest = [("@task", "taskToken"), ("@run", "runId"), ("@page", "nextPageToken")]
            .map(|(word, member)| (word, member, "none-yet".to_owned()));
        Target { service, clock, caller, newest }
    }

    /// Sends one request. True if it is accepted; nothing if it names no operation.
    fn send(&mut self, line: &[u8]) -> Option<bool> {
        let space = line.iter().position(|byte| *byte == b' ')?;
        let (name, body) = (&line[..space], self.fill_in(&line[space + 1..]));
        let known = Operation::ALL.iter().find(|known| known.name().as_bytes() == name)?;
        let answer = self.answer(*known, &body);
        match answer {
            Ok(Reply::Empty) => (),
            Ok(Reply::Json(reply)) => {
                let reply: Value = serde_json::from_slice(&reply).expect("a reply is JSON");
                self.remember(&reply);
            }
            Err(fault) => {
                let json = fault.to_json();
                let bound = body.len() * FAULT_BYTES_PER_BYTE + FAULT_BYTES_BESIDE;
                assert!(fault.status() < 500, "{} is not answered: {fault:?}", known.name());
                assert!(json.len() <= bound, "{} bytes say what is wrong", json.len());
                serde_json::from_slice::<Value>(&json).expect("a fault is JSON");
                return Some(false);
            }
        }
        Some(true)
    }

    fn answer(&mut self, operation: Operation, body: &[u8]) -> Result<Reply, Fault> {
        if body.len() > Fault::BODY_BYTES_MAX {
            return Err(Fault::RequestTooLarge);
        }
        let body = serde_json::from_slice(body).map_err(|_| Fault::Serialization(None))?;
        let request = Model::get().check(operation, body)?;
        self.clock.advance(BETWEEN_REQUESTS_MS);
        let mut pending = self.service.call(&self.caller, request);
        self.work(operation);
        // A poll for which there is no task waits until its time is over.
        let answer = now(&mut pending).or_else(|| {
            self.clock.advance(POLL_HOLD_MS);
            self.work(operation);
            now(&mut pending)
        });
        answer.unwrap_or_else(|| panic!("{} is never answered", operation.name()))
    }

    /// Lets the service do what there is to do now.
    fn work(&mut self, operation: Operation) {
        for _ in 0..TURNS_MAX {
            let Some(part) = self.service.busy().first().copied() else { return };
            self.service.turn(part, usize::MAX, Mail::Orderly);
        }
        panic!("{} leads to work without end", operation.name());
    }

    /// Puts what was answered in the place of the words for it.
    fn fill_in(&self, body: &[u8]) -> Vec<u8> {
        let mut filled = Vec::with_capacity(body.len());
        let mut rest = body;
        while let Some((first, others)) = rest.split_first() {
            let named = self.newest.iter().find(|(word, ..)| rest.starts_with(word.as_bytes()));
            if let Some((word, _, text)) = named {
                filled.extend(text.bytes());
                rest = &rest[word.len()..];
            } else {
                filled.push(*first);
                rest = others;
            }
        }
        filled
    }

    fn remember(&mut self, reply: &Value) {
        let execution = &reply["workflowExecution"];
        for (_, member, text) in &mut self.newest {
            let said = [reply, execution].into_iter().find_map(|place| place[*member].as_str());
            if let Some(said) = said {
                said.clone_into(text);
            }
        }
    }
}

fn now(pending: &mut Pending) -> Option<Result<Reply, Fault>> {
    match Pin::new(pending).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Pending => None,
        Poll::Ready(answer) => Some(answer),
    }
}
