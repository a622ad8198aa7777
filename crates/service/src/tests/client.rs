//! A running service and its one caller, and the script in which tests say what passes between
//! them.

use super::fixture::{caller, registrations, request};
use crate::{
    Clock, Entropy, FunctionAnswer, FunctionCall, Functions, Options, Pending, Reply, Service,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;
use store::Store;
use store::memory::Memory;
use wire::{Fault, OwnOperation, OwnRequest, Timestamp};

/// How long polls are held, in seconds of the service's clock.
pub const HOLD_SECONDS: i64 = 60;

/// An answer that takes this long does not come. Nothing that passes waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

/// A clock that stands until it is moved.
pub struct TestClock(pub AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// Chance from a seed.
pub struct TestEntropy(pub AtomicU64);

impl Entropy for TestEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let next = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
            *byte = ((next ^ (next >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 56) as u8;
        }
    }
}

/// Functions of which nobody hears again.
#[derive(Debug)]
struct Silence;

impl Functions for Silence {
    fn call(&self, _call: FunctionCall, answer: FunctionAnswer) {
        drop(answer);
    }
}

/// A service and who calls it.
pub struct Client {
    pub service: Service,
    pub memory: Memory,
    clock: Arc<TestClock>,
}

impl Client {
    /// A service over an empty store, with the registrations of the fixture.
    pub fn new() -> Client {
        let client = Client::empty(Memory::default());
        for (operation, body) in registrations() {
            assert_eq!(client.call(operation, body), Ok(Value::Null));
        }
        client
    }

    /// A service over `memory`, which may have faults, at 1,000 seconds.
    pub fn empty(memory: Memory) -> Client {
        Client::with(memory, Options::default())
    }

    /// The same with other options; polls are held as long as elsewhere.
    pub fn with(memory: Memory, options: Options) -> Client {
        Client::drawing(memory, options, 1)
    }

    /// Another process over `memory`, which draws other numbers.
    pub fn reopened(memory: Memory) -> Client {
        Client::drawing(memory, Options::default(), 2)
    }

    fn drawing(memory: Memory, options: Options, seed: u64) -> Client {
        let clock = Arc::new(TestClock(AtomicI64::new(1_000_000)));
        let store: Arc<dyn Store> = Arc::new(memory.clone());
        let entropy = Arc::new(TestEntropy(AtomicU64::new(seed)));
        let poll_hold = Duration::from_secs(HOLD_SECONDS as u64);
        let functions = Some(Arc::new(Silence) as Arc<dyn Functions>);
        let options = Options { poll_hold, functions, ..options };
        let opened = Service::open(store, Arc::clone(&clock) as Arc<dyn Clock>, entropy, options);
        Client { service: opened.expect("a store in memory opens"), memory, clock }
    }

    pub fn advance(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1000, Ordering::SeqCst);
        self.service.clock_moved();
    }

    /// Waits until nothing more happens before the clock goes on.
    #[track_caller]
    pub fn rest(&self) {
        let begin = std::time::Instant::now();
        while !self.service.activity().at_rest {
            assert!(begin.elapsed() < PATIENCE, "the service does not come to rest");
            std::thread::yield_now();
        }
    }

    /// Sends a request, and does not wait for its answer.
    pub fn send(&self, operation: &str, body: Value) -> Result<Pending, Fault> {
        Ok(self.service.call(&caller(), request(operation, body)?))
    }

    /// Sends a request of our own, and does not wait for its answer.
    pub fn send_own(&self, operation: OwnOperation, body: Value) -> Pending {
        let request = OwnRequest::check(operation, body).expect("a right request");
        self.service.operate(&caller(), request)
    }

    /// The same, and waits for its answer.
    pub fn own(&self, operation: OwnOperation, body: Value) -> Result<Value, Fault> {
        wait(self.send_own(operation, body))
    }

    /// Sends a request, and waits for its answer; `null` stands for an empty one.
    pub fn call(&self, operation: &str, body: Value) -> Result<Value, Fault> {
        wait(self.send(operation, body)?)
    }

    /// Polls, and lets the hold pass.
    fn call_in_vain(&self, operation: &str, body: Value) -> Result<Value, Fault> {
        let pending = self.send(operation, body)?;
        self.advance(HOLD_SECONDS);
        wait(pending)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.service.close();
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for an answer.
#[track_caller]
pub fn wait(pending: Pending) -> Result<Value, Fault> {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut pending = pin!(pending);
    let begin = std::time::Instant::now();
    loop {
        if let Poll::Ready(answer) = pending.as_mut().poll(&mut context) {
            return answer.map(|reply| match reply {
                Reply::Empty => Value::Null,
                Reply::Json(bytes) => serde_json::from_slice(&bytes).expect("a body is JSON"),
            });
        }
        assert!(begin.elapsed() < PATIENCE, "the answer does not come");
        std::thread::park_timeout(PATIENCE);
    }
}

use std::future::Future;

/// Plays a script against a service with the registrations of the fixture. A line is a request
/// (operation and JSON), the next one `=>` and its answer: JSON, `ok` for an empty body, or a
/// fault's name and perhaps its message.
///
/// A text `$name` in an answer names what stands there, or must equal it if it has been named; in
/// a request it stands for it. A member `...` allows for others. `Advance 5` moves the clock by
/// seconds; `expires` is the answer to a poll that gets nothing until its hold is over.
#[track_caller]
pub fn check(script: &str) {
    play(&Client::new(), script);
}

/// Plays a script against `client`.
#[track_caller]
pub fn play(client: &Client, script: &str) {
    let mut names: BTreeMap<String, Value> = BTreeMap::new();
    let mut lines = script.lines().map(str::trim).filter(|line| !line.is_empty());
    while let Some(line) = lines.next() {
        let (operation, body) = line.split_once(' ').expect("operation, space, body");
        if operation == "Advance" {
            client.advance(body.parse().expect("seconds"));
            continue;
        }
        let expected = lines.next().and_then(|line| line.strip_prefix("=> "));
        let expected = expected.unwrap_or_else(|| panic!("no answer after: {line}"));
        let body: Value = serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {line}"));
        let body = substitute(body, &names);
        if expected == "expires" {
            let answer = client.call_in_vain(operation, body).expect("an empty answer");
            let mut empty = json!({"startedEventId": 0});
            if operation == "PollForDecisionTask" {
                empty["previousStartedEventId"] = json!(0);
            }
            assert_eq!(answer, empty, "{line}");
            continue;
        }
        match client.call(operation, body) {
            Ok(Value::Null) => assert_eq!(expected, "ok", "{line}"),
            Ok(answer) => {
                let Ok(expected) = serde_json::from_str::<Value>(expected) else {
                    panic!("{line}\nwas answered {answer}\ninstead of   {expected}");
                };
                if !matches(&expected, &answer, &mut names) {
                    panic!("{line}\nwas answered {answer}\ninstead of   {expected}");
                }
            }
            Err(fault) => {
                let name = fault.type_name().split_once('#').map_or("", |(_, name)| name);
                let text = format!("{name} {}", fault.message().unwrap_or_default());
                let same = text.trim_end() == expected || name == expected;
                assert!(same, "{line}\nwas refused with {text}\ninstead of {expected}");
            }
        }
    }
}

fn substitute(value: Value, names: &BTreeMap<String, Value>) -> Value {
    if let Some(text) = value.as_str().filter(|text| text.starts_with('$')) {
        return names.get(text).unwrap_or_else(|| panic!("{text} has no value")).clone();
    }
    if let Some(members) = value.as_object() {
        let members = members.iter().map(|(k, v)| (k.clone(), substitute(v.clone(), names)));
        return Value::Object(members.collect::<Map<String, Value>>());
    }
    value
}

fn matches(expected: &Value, answer: &Value, names: &mut BTreeMap<String, Value>) -> bool {
    if let Some(name) = expected.as_str().filter(|text| text.starts_with('$')) {
        return *names.entry(name.to_owned()).or_insert_with(|| answer.clone()) == *answer;
    }
    if let (Some(expected), Some(answer)) = (expected.as_array(), answer.as_array()) {
        let same = |(e, a)| matches(e, a, names);
        return expected.len() == answer.len() && expected.iter().zip(answer).all(same);
    }
    let (Some(expected), Some(answer)) = (expected.as_object(), answer.as_object()) else {
        // Whole numbers of seconds are sent as 1.0 and may be written as 1.
        let numbers = (expected.as_f64(), answer.as_f64());
        return expected == answer || matches!(numbers, (Some(e), Some(a)) if e == a);
    };
    let open = expected.contains_key("...");
    let given = expected.iter().filter(|(name, _)| *name != "...");
    let all = given
        .clone()
        .all(|(name, value)| answer.get(name).is_some_and(|answer| matches(value, answer, names)));
    all && (open || given.count() == answer.len())
}
