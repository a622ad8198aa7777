//! The service without HTTP and without threads.

use super::host::{Answer, Around, Host, Sent};
use super::over_tcp::OverTcp;
use super::setting;
use access::Caller;
use serde_json::Value;
use service::{Mail, Pending, Reply, Stepped};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use tests::hand::Counter;
use wire::{Fault, Model, Operation};

/// More rounds of turns than anything takes to come to rest.
const ROUNDS_MAX: usize = 100_000;

/// See the module.
pub struct InProcess {
    service: Stepped,
    around: Around,
    caller: Caller,
    waiting: Vec<Option<Pending>>,
}

impl InProcess {
    pub fn new(flags: &[String]) -> InProcess {
        let around = Around::new();
        let options = setting::options(flags, &around.functions);
        let entropy = Arc::new(Counter::new());
        let opened = Stepped::open(around.store(), around.clock.clone(), entropy, &options);
        let service = opened.expect("a store in memory opens");
        let caller = setting::caller(flags);
        let waiting = Vec::new();
        InProcess { service, around, caller, waiting }
    }
}

impl Host for InProcess {
    fn send(&mut self, operation: Operation, body: &Value) -> Sent {
        let request = match Model::get().check(operation, body.clone()) {
            Ok(request) => request,
            Err(fault) => return Sent::Answered(answer(Err(fault))),
        };
        let pending = self.service.call(&self.caller, request);
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

    fn around(&self) -> &Around {
        &self.around
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

    fn lift_rights(&mut self) {
        self.caller = setting::caller(&[]);
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
