//! The time and the randomness of simulated nodes.

use super::chance::Chance;
use service::{Clock, Entropy};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use wire::Timestamp;

/// The true time, in milliseconds; every node's clock follows it at an offset.
#[derive(Clone, Debug)]
pub struct TrueTime(Arc<AtomicI64>);

impl TrueTime {
    /// Begins on some day.
    pub fn new() -> TrueTime {
        TrueTime(Arc::new(AtomicI64::new(1_700_000_000_000)))
    }

    /// What it is.
    pub fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    /// Goes on.
    pub fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }

    /// A node's clock, which somebody may set.
    pub fn clock(&self, offset_ms: i64) -> Arc<NodeClock> {
        Arc::new(NodeClock { time: self.clone(), offset_ms: AtomicI64::new(offset_ms) })
    }
}

/// A clock that follows the true time at an offset.
#[derive(Debug)]
pub struct NodeClock {
    time: TrueTime,
    offset_ms: AtomicI64,
}

impl NodeClock {
    /// Sets the clock, forward or back.
    pub fn set(&self, offset_ms: i64) {
        self.offset_ms.store(offset_ms, Ordering::SeqCst);
    }
}

impl Clock for NodeClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.time.now() + self.offset_ms.load(Ordering::SeqCst))
    }
}

/// Randomness from the seed.
pub struct SeededEntropy(pub Mutex<Chance>);

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        let mut chance = self.0.lock().expect("no holder panics");
        bytes.iter_mut().for_each(|byte| *byte = chance.next() as u8);
    }
}
