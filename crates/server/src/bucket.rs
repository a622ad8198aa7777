//! A count that goes down by itself, one at a time.

use std::time::{Duration, Instant};

/// How much of something has been taken and is not given back yet. The time is handed in.
pub(crate) struct Bucket {
    count: u32,
    /// From when the next one is being given back.
    since: Instant,
}

impl Bucket {
    /// Nothing has been taken.
    pub(crate) fn new(now: Instant) -> Bucket {
        Bucket { count: 0, since: now }
    }

    /// What is taken, when one is given back after each `every`. The time of one thread may be a
    /// little behind that of another.
    pub(crate) fn count(&mut self, every: Duration, now: Instant) -> u32 {
        let passed = now.saturating_duration_since(self.since).as_nanos();
        let back = passed / every.as_nanos();
        match u32::try_from(back) {
            Ok(back) if back < self.count => {
                self.count -= back;
                self.since += every * back;
            }
            Ok(_) | Err(_) => {
                self.count = 0;
                self.since = now;
            }
        }
        self.count
    }

    /// One more, up to so many.
    pub(crate) fn take(&mut self, max: u32) {
        self.count = self.count.saturating_add(1).min(max);
    }
}
