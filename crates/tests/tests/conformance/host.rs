//! What scripts are played against: something that answers requests and whose clock stands until it
//! is moved.

use super::functions::House;
use super::over_tcp::OverTcp;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::memory::{Call, Fault, Memory};
use wire::Operation;

/// How long polls are held, in milliseconds of the service's clock.
pub const HOLD_MS: i64 = 60_000;

/// What was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body; null stands for an empty one.
    pub body: Value,
}

/// What has become of a request once nothing more happens.
pub enum Sent {
    /// It was answered.
    Answered(Answer),
    /// It waits under that number.
    Waits(usize),
}

/// See the module. After each call everything has happened that happens by itself.
pub trait Host {
    /// Sends a request.
    fn send(&mut self, operation: Operation, body: &Value) -> Sent;

    /// The answer to a request that has waited, or nothing if it waits still.
    fn answer(&mut self, number: usize) -> Option<Answer>;

    /// Moves the clock.
    fn advance(&mut self, ms: i64);

    /// What the clock shows, in milliseconds.
    fn now(&self) -> i64;

    /// From now on commits find no room in the store, or find it again.
    fn set_store_full(&mut self, is_full: bool);

    /// The functions that the service calls.
    fn functions(&self) -> &House;

    /// Lets happen what came of something that happened outside of the service.
    fn rest(&mut self);

    /// The host as one that speaks HTTP, if it does.
    fn http(&mut self) -> Option<&mut OverTcp>;
}

/// What the clock of a case shows first, in milliseconds: some moment that is no whole second.
pub const BEGIN_MS: i64 = 1_795_000_000_250;

/// A store in memory that has no room for commits while `is_full`.
pub fn store(is_full: &Arc<AtomicBool>) -> Memory {
    let is_full = Arc::clone(is_full);
    Memory::default().with_faults(move |call| match call {
        Call::Commit { .. } => is_full.load(Ordering::SeqCst).then_some(Fault::Full),
        Call::Claim { .. } | Call::Get { .. } | Call::Scan { .. } => None,
    })
}
