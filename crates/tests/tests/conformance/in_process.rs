//! The service without HTTP and without threads.

use super::functions::House;
use super::host::{Answer, Host, Sent, TestClock, TestEntropy};
use super::over_tcp::OverTcp;
use super::setting;
use serde_json::Value;
use service::{Clock, Mail, Pending, Reply, Scope, Stepped};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use store::memory::Memory;
use wire::{Fault, Model, Operation};

/// More rounds of turns than anything takes to come to rest.
const ROUNDS_MAX: usize = 100_000;

/// See the module.
pub struct InProcess {
    service: Stepped,
    clock: Arc<TestClock>,
    functions: House,
    waiting: Vec<Option<Pending>>,
}

impl InProcess {
    pub fn new(flags: &[String]) -> InProcess {
        let functions = House::default();
        let options = setting::options(flags, &functions);
        let clock = Arc::new(TestClock::new());
        let entropy = Arc::new(TestEntropy(AtomicU64::new(1)));
        let shared: Arc<dyn Clock> = clock.clone();
        let opened = Stepped::open(Arc::new(Memory::default()), shared, entropy, &options);
        let service = opened.expect("a store in memory opens");
        InProcess { service, clock, functions, waiting: Vec::new() }
    }
}

impl Host for InProcess {
    fn send(&mut self, operation: Operation, body: &Value) -> Sent {
        let request = match Model::get().check(operation, body.clone()) {
            Ok(request) => request,
            Err(fault) => return Sent::Answered(answer(Err(fault))),
        };
        let scope = Scope { account: access::ACCOUNT.into(), region: "us-east-1".into() };
        let pending = self.service.call(&scope, request);
        self.rest();
        self.waiting.push(Some(pending));
        let number = self.waiting.len() - 1;
        match self.answer(number) {
            Some(answer) => Sent::Answered(answer),
            None => Sent::Waits(number),
        }
    }

    fn answer(&mut self, number: usize) -> Option<Answer> {
        let pending = self.waiting[number].as_mut()?;
        match Pin::new(pending).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => None,
            Poll::Ready(outcome) => {
                self.waiting[number] = None;
                Some(answer(outcome))
            }
        }
    }

    fn advance(&mut self, ms: i64) {
        self.clock.0.fetch_add(ms, Ordering::SeqCst);
        self.rest();
    }

    fn now(&self) -> i64 {
        self.clock.now().0
    }

    fn functions(&self) -> &House {
        &self.functions
    }

    fn rest(&mut self) {
        for _ in 0..ROUNDS_MAX {
            let busy = self.service.busy();
            if busy.is_empty() {
                return;
            }
            for part in busy {
                self.service.turn(part, usize::MAX, Mail::Orderly);
            }
        }
        panic!("the service does not come to rest");
    }

    fn http(&mut self) -> Option<&mut OverTcp> {
        None
    }
}

fn answer(outcome: Result<Reply, Fault>) -> Answer {
    let json = |bytes: &[u8]| serde_json::from_slice(bytes).expect("a body is JSON");
    match outcome {
        Ok(Reply::Empty) => Answer { status: 200, body: Value::Null },
        Ok(Reply::Json(bytes)) => Answer { status: 200, body: json(&bytes) },
        Err(fault) => Answer { status: fault.status(), body: json(&fault.to_json()) },
    }
}
