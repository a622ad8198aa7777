//! The service without HTTP and without threads.

use super::host::{Answer, Around, Host, Sent};
use super::over_tcp::OverTcp;
use super::setting;
use serde_json::Value;
use service::{Mail, Pending, Reply, Scope, Stepped};
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use tests::hand::Counter;
use wire::{DecisionType, Fault, Model, Operation, Request};

/// More rounds of turns than anything takes to come to rest.
const ROUNDS_MAX: usize = 100_000;

/// See the module.
pub struct InProcess {
    service: Stepped,
    around: Around,
    /// The decisions that no decider is permitted.
    not_permitted: Vec<DecisionType>,
    waiting: Vec<Option<Pending>>,
}

impl InProcess {
    pub fn new(flags: &[String]) -> InProcess {
        let around = Around::new();
        let options = setting::options(flags, &around.functions);
        let entropy = Arc::new(Counter::new());
        let opened = Stepped::open(around.store(), around.clock.clone(), entropy, &options);
        let service = opened.expect("a store in memory opens");
        let not_permitted = flags.iter().filter_map(|flag| setting::not_permitted(flag));
        let not_permitted = not_permitted.flatten().collect();
        let waiting = Vec::new();
        InProcess { service, around, not_permitted, waiting }
    }
}

impl InProcess {
    /// The places of the decisions that are not permitted.
    fn not_permitted_in(&self, request: &Request) -> BTreeSet<usize> {
        let Request::RespondDecisionTaskCompleted(input) = request else {
            return BTreeSet::new();
        };
        let decisions = input.decisions.iter().flatten().enumerate();
        let denied = decisions.filter(|(_, d)| self.not_permitted.contains(&d.decision_type()));
        denied.map(|(place, _)| place).collect()
    }
}

impl Host for InProcess {
    fn send(&mut self, operation: Operation, body: &Value) -> Sent {
        let request = match Model::get().check(operation, body.clone()) {
            Ok(request) => request,
            Err(fault) => return Sent::Answered(answer(Err(fault))),
        };
        let scope = Scope { account: access::ACCOUNT.into(), region: "us-east-1".into() };
        let not_permitted = self.not_permitted_in(&request);
        let pending = self.service.call_restricted(&scope, request, not_permitted);
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
