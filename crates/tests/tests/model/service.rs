//! The service that the model is compared with: real, fed with requests as JSON, on a store in
//! memory and a clock that is moved by hand. After each request it works until nothing is left.

use access::Caller;
use serde_json::{Map, Value};
use service::{
    FunctionAnswer, FunctionCall, FunctionOutcome, Functions, Mail, Options, Pending, Reply,
    Stepped,
};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use store::memory::Memory;
use tests::hand::{Counter, HandClock};
use wire::Model;

/// How long a poll waits for a task, in milliseconds: as short as can be.
pub const POLL_HOLD_MS: i64 = 1;

/// How many turns one request may lead to.
const TURNS_MAX: usize = 10_000;

/// Members that hold moments: on the wire seconds with a fraction, here milliseconds.
const MOMENTS: [&str; 6] = [
    "eventTimestamp",
    "startTimestamp",
    "closeTimestamp",
    "latestActivityTaskTimestamp",
    "creationDate",
    "deprecationDate",
];

/// A call of a function, and its answer as long as nobody has heard it.
type Called = (FunctionCall, Option<FunctionAnswer>);

/// The functions that were called so far, in that order.
#[derive(Clone, Debug, Default)]
struct House(Arc<Mutex<Vec<Called>>>);

impl Functions for House {
    fn call(&self, call: FunctionCall, answer: FunctionAnswer) {
        self.0.lock().expect("no holder panics").push((call, Some(answer)));
    }
}

/// See the module.
pub struct Service {
    stepped: Stepped,
    clock: Arc<HandClock>,
    caller: Caller,
    functions: House,
}

impl Service {
    /// A new one at that time.
    pub fn new(now: i64) -> Service {
        let clock = Arc::new(HandClock::new(now));
        let functions = House::default();
        let options = Options {
            functions: Some(Arc::new(functions.clone()) as Arc<dyn Functions>),
            poll_hold: Duration::from_millis(POLL_HOLD_MS.unsigned_abs()),
            owner: "model".to_owned(),
            ..Options::default()
        };
        let (time, chance) = (clock.clone(), Arc::new(Counter::new()));
        let store = Arc::new(Memory::default());
        let stepped = Stepped::open(store, time, chance, &options).expect("no fault is planned");
        let caller = Caller::unrestricted("123456789012".into(), "us-east-1".into());
        Service { stepped, clock, caller, functions }
    }

    /// Moves the clock.
    pub fn set_time(&self, now: i64) {
        self.clock.set(now);
    }

    /// Works until nothing is left to do at this time. True if there was something.
    pub fn work(&mut self) -> bool {
        for turn in 0..TURNS_MAX {
            let Some(part) = self.stepped.busy().first().copied() else { return turn > 0 };
            self.stepped.turn(part, usize::MAX, Mail::Orderly);
        }
        panic!("the service finds no rest");
    }

    /// Which functions were called with what, and how many seconds they have.
    pub fn called(&self) -> Vec<(String, String, u64)> {
        let calls = self.functions.0.lock().expect("no holder panics");
        let told = |call: &FunctionCall| {
            (call.name.to_string(), call.payload.as_str().to_owned(), call.timeout.as_secs())
        };
        calls.iter().map(|(call, _)| told(call)).collect()
    }

    /// Which of the functions that were called run still.
    pub fn running(&self) -> Vec<usize> {
        let calls = self.functions.0.lock().expect("no holder panics");
        (0..calls.len()).filter(|index| calls[*index].1.is_some()).collect()
    }

    /// A function ends: it returns a text, fails for a reason and with details, or says nothing.
    pub fn end(&mut self, index: usize, outcome: &Value) {
        let answer = self.functions.0.lock().expect("no holder panics")[index].1.take();
        let answer = answer.expect("it runs");
        let said = |member: &str| outcome[member].as_str().unwrap_or_default().to_owned();
        if outcome["result"].is_string() {
            answer.send(FunctionOutcome::Returned { payload: said("result") });
        } else if outcome["reason"].is_string() {
            let (reason, details) = (said("reason"), said("details"));
            answer.send(FunctionOutcome::Failed { reason, details });
        }
        self.work();
    }

    /// Hands in a request.
    pub fn send(&self, operation: &str, body: &Value) -> Call {
        let operation = wire::Operation::ALL.iter().find(|known| known.name() == operation);
        let operation = *operation.expect("scripts know the operations");
        match Model::get().check(operation, body.clone()) {
            Ok(request) => Call::Pending(self.stepped.call(&self.caller, request)),
            Err(fault) => Call::Refused(from_json(&fault.to_json())),
        }
    }

    /// Hands in a request that is answered at once.
    pub fn ask(&mut self, operation: &str, body: &Value) -> Result<Value, Value> {
        let mut call = self.send(operation, body);
        self.work();
        call.answer().unwrap_or_else(|| panic!("{operation} {body} is not answered"))
    }
}

/// A request that was handed in.
pub enum Call {
    /// Its answer is to come.
    Pending(Pending),
    /// It was refused before anything saw it.
    Refused(Value),
}

impl Call {
    /// The answer, if it is there: a body, or the body of a fault.
    pub fn answer(&mut self) -> Option<Result<Value, Value>> {
        let pending = match self {
            Call::Refused(fault) => return Some(Err(fault.clone())),
            Call::Pending(pending) => pending,
        };
        match Pin::new(pending).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => None,
            Poll::Ready(Ok(Reply::Empty)) => Some(Ok(Value::Null)),
            Poll::Ready(Ok(Reply::Json(bytes))) => Some(Ok(from_json(&bytes))),
            Poll::Ready(Err(fault)) => Some(Err(from_json(&fault.to_json()))),
        }
    }
}

fn from_json(bytes: &[u8]) -> Value {
    in_milliseconds(serde_json::from_slice(bytes).expect("an answer is JSON"))
}

fn in_milliseconds(value: Value) -> Value {
    if let Value::Array(items) = value {
        return items.into_iter().map(in_milliseconds).collect();
    }
    let Value::Object(members) = value else { return value };
    let convert = |(name, value): (String, Value)| match value.as_f64() {
        Some(seconds) if MOMENTS.contains(&name.as_str()) => {
            (name, Value::from((seconds * 1000.0).round() as i64))
        }
        Some(_) | None => (name, in_milliseconds(value)),
    };
    Value::Object(members.into_iter().map(convert).collect::<Map<_, _>>())
}
