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

    /// A node's clock. Such a clock never goes back while its node lives, but the next node's may
    /// be behind it.
    pub fn clock(&self, offset_ms: i64) -> Arc<dyn Clock> {
        Arc::new(NodeClock { time: self.clone(), offset_ms })
    }
}

struct NodeClock {
    time: TrueTime,
    offset_ms: i64,
}

impl Clock for NodeClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.time.now() + self.offset_ms)
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
