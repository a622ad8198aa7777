//! A token bucket: pure, in whole numbers, with the time handed in.

use super::Rate;
use wire::Timestamp;

/// What a token is divided into: at so many tokens a second, as many thousandths come in each
/// millisecond, so nothing is ever rounded.
const PARTS: u64 = 1000;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenBucket {
    /// How many thousandths of a token it holds.
    parts: u64,
    /// When it held them.
    at: Timestamp,
}

impl TokenBucket {
    /// As it is after a rest.
    pub fn full(rate: Rate, now: Timestamp) -> TokenBucket {
        TokenBucket { parts: u64::from(rate.bucket) * PARTS, at: now }
    }

    /// Adds what has come since the last time. Those who ask together may have read the clock in
    /// another order, so a time before the last one adds nothing. A clock that was set back must
    /// not stop the bucket either: the wait is no longer than it takes to fill it.
    pub fn refill(&mut self, rate: Rate, now: Timestamp) {
        let whole = u64::from(rate.bucket) * PARTS;
        let elapsed_ms = now.0.saturating_sub(self.at.0);
        match u64::try_from(elapsed_ms) {
            Ok(elapsed_ms) => {
                let come = elapsed_ms.saturating_mul(u64::from(rate.refill_per_second));
                self.parts = self.parts.saturating_add(come).min(whole);
                self.at = now;
            }
            Err(_back) => {
                let fill_ms = whole.div_ceil(u64::from(rate.refill_per_second).max(1));
                let fill_ms = i64::try_from(fill_ms).unwrap_or(i64::MAX);
                self.at = self.at.min(Timestamp(now.0.saturating_add(fill_ms)));
            }
        }
    }

    /// True if there is a whole token.
    pub fn has_token(&self) -> bool {
        self.parts >= PARTS
    }

    /// Takes a token, which is there.
    pub fn take(&mut self) {
        self.parts = self.parts.checked_sub(PARTS).expect("a token is taken where there is one");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { bucket: 3, refill_per_second: 2 };

    /// How many tokens can be taken at `now`.
    fn drain(bucket: &mut TokenBucket, rate: Rate, now: i64) -> u32 {
        let mut taken = 0;
        bucket.refill(rate, Timestamp(now));
        while bucket.has_token() {
            bucket.take();
            taken += 1;
        }
        taken
    }

    #[test]
    fn a_bucket_begins_full_and_fills_at_its_rate() {
        let mut bucket = TokenBucket::full(RATE, Timestamp(0));
        assert_eq!(drain(&mut bucket, RATE, 0), 3);
        let rows = [(499, 0), (500, 1), (999, 0), (1000, 1), (2000, 2), (60_000, 3), (60_499, 0)];
        for (now, tokens) in rows {
            assert_eq!(drain(&mut bucket, RATE, now), tokens, "at {now}");
        }
    }

    /// Asking often takes nothing from what comes: no part of a token is lost to rounding.
    #[test]
    fn nothing_is_rounded_away() {
        let rate = Rate { bucket: 2000, refill_per_second: 7 };
        let mut bucket = TokenBucket::full(rate, Timestamp(0));
        assert_eq!(drain(&mut bucket, rate, 0), 2000);
        let taken: u32 = (1..=10_000).map(|now| drain(&mut bucket, rate, now)).sum();
        assert_eq!(taken, 70);
    }

    #[test]
    fn readings_in_another_order_add_nothing() {
        let mut bucket = TokenBucket::full(RATE, Timestamp(1000));
        assert_eq!(drain(&mut bucket, RATE, 1000), 3);
        let taken: u32 =
            [1400, 1200, 1400, 1200, 1400].map(|now| drain(&mut bucket, RATE, now)).iter().sum();
        assert_eq!(taken, 0);
        assert_eq!(drain(&mut bucket, RATE, 1500), 1);
    }

    #[test]
    fn a_clock_set_back_by_hours_does_not_stop_it() {
        let mut bucket = TokenBucket::full(RATE, Timestamp(10_000_000));
        assert_eq!(drain(&mut bucket, RATE, 10_000_000), 3);
        assert_eq!(drain(&mut bucket, RATE, 0), 0);
        // The 1.5 seconds that an empty bucket takes, and then at its rate.
        assert_eq!(drain(&mut bucket, RATE, 1500), 0);
        assert_eq!(drain(&mut bucket, RATE, 2000), 1);
        assert_eq!(drain(&mut bucket, RATE, 3000), 2);
    }

    #[test]
    fn the_ends_of_time() {
        let rate = Rate { bucket: u32::MAX, refill_per_second: u32::MAX };
        let mut bucket = TokenBucket::full(rate, Timestamp(i64::MIN));
        bucket.take();
        bucket.refill(rate, Timestamp::MAX);
        assert_eq!(bucket, TokenBucket::full(rate, Timestamp::MAX));
        bucket.refill(rate, Timestamp(i64::MIN));
        assert!(bucket.has_token());
    }
}
