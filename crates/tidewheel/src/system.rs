//! The time and the randomness of this machine.

use service::{Clock, Entropy};
use std::time::{SystemTime, UNIX_EPOCH};
use wire::Timestamp;

/// The system's clock. It may jump; whoever asks has to live with it.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let milliseconds = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            // A machine that starts without a clock may believe in a time before 1970.
            Err(_) => 0,
        };
        Timestamp(milliseconds)
    }
}

/// The operating system's random bytes.
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        // Without randomness there are no ids and no keys: nothing can be served.
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}
