//! The time and the chance of a service that a test holds in its hand: both stand until it moves
//! them, and are the same every time.

use service::{Clock, Entropy};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use wire::Timestamp;

/// A clock that stands until it is moved.
#[derive(Debug)]
pub struct HandClock(AtomicI64);

impl HandClock {
    /// Shows `ms` milliseconds since 1970.
    pub fn new(ms: i64) -> HandClock {
        HandClock(AtomicI64::new(ms))
    }

    /// Shows `ms` milliseconds since 1970 from now on.
    pub fn set(&self, ms: i64) {
        self.0.store(ms, Ordering::SeqCst);
    }

    /// Goes on by so many milliseconds.
    pub fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// Other bytes each time, the same in each run.
#[derive(Debug)]
pub struct Counter(AtomicU64);

impl Counter {
    /// At its beginning.
    pub fn new() -> Counter {
        Counter(AtomicU64::new(1))
    }
}

impl Default for Counter {
    fn default() -> Counter {
        Counter::new()
    }
}

impl Entropy for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let count = self.0.fetch_add(1, Ordering::SeqCst);
            let mixed = count.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
            chunk.copy_from_slice(&mixed[..chunk.len()]);
        }
    }
}
