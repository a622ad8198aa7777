//! What scripts are played against: something that answers requests and whose clock stands until it
//! is moved.

use super::functions::House;
use super::over_tcp::OverTcp;
use serde_json::Value;
use service::Clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::memory::{Call, Fault, Memory};
use tests::hand::HandClock;
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

    /// What is around the service.
    fn around(&self) -> &Around;

    /// Moves the clock.
    fn advance(&mut self, ms: i64) {
        self.around().clock.advance(ms);
        self.rest();
    }

    /// Lets happen what came of something that happened outside of the service.
    fn rest(&mut self);

    /// From now on the caller may do everything: who looks afterwards is not whom a case is about.
    fn lift_rights(&mut self);

    /// The host as one that speaks HTTP, if it does.
    fn http(&mut self) -> Option<&mut OverTcp>;
}

/// What the clock of a case shows first, in milliseconds: some moment that is no whole second.
const BEGIN_MS: i64 = 1_795_000_000_250;

/// What is around the service, in the hand of who plays.
pub struct Around {
    pub clock: Arc<HandClock>,
    /// The functions that the service calls.
    pub functions: House,
    /// Commits find no room.
    is_full: Arc<AtomicBool>,
}

impl Around {
    pub fn new() -> Around {
        let clock = Arc::new(HandClock::new(BEGIN_MS));
        Around { clock, functions: House::default(), is_full: Arc::new(AtomicBool::new(false)) }
    }

    /// A store in memory.
    pub fn store(&self) -> Arc<Memory> {
        let is_full = Arc::clone(&self.is_full);
        Arc::new(Memory::default().with_faults(move |call| match call {
            Call::Commit { .. } => is_full.load(Ordering::SeqCst).then_some(Fault::Full),
            Call::Claim { .. } | Call::Get { .. } | Call::Scan { .. } | Call::Snapshot => None,
        }))
    }

    /// What the clock shows, in milliseconds.
    pub fn now(&self) -> i64 {
        self.clock.now().0
    }

    /// From now on commits find no room in the store, or find it again.
    pub fn set_store_full(&self, is_full: bool) {
        self.is_full.store(is_full, Ordering::SeqCst);
    }
}
