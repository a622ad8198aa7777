//! Counts of what has happened lately, in buckets of some seconds.
//!
//! What is older than the buckets reach is gone. A clock that is set back counts into the newest
//! bucket that there is.

use wire::{RecentCount, Timestamp};

/// How long one bucket is, in milliseconds.
pub const BUCKET_MS: i64 = 5_000;

/// How many buckets there are: five minutes of them.
pub const BUCKETS: usize = 60;

/// How many buckets are a minute.
const BUCKETS_PER_MINUTE: usize = 12;

/// `N` counters.
#[derive(Clone, Debug)]
pub struct Recent<const N: usize> {
    /// The number of the newest bucket.
    newest: i64,
    /// The bucket of number `b` is at `b` modulo [`BUCKETS`].
    buckets: Box<[[u32; N]]>,
}

/// The number of the bucket of a moment.
pub fn bucket_of(moment: Timestamp) -> i64 {
    moment.0.div_euclid(BUCKET_MS)
}

fn place(bucket: i64) -> usize {
    usize::try_from(bucket.rem_euclid(BUCKETS as i64)).expect("a remainder is not negative")
}

impl<const N: usize> Recent<N> {
    /// Nothing has happened.
    pub fn new(now: Timestamp) -> Recent<N> {
        Recent { newest: bucket_of(now), buckets: vec![[0; N]; BUCKETS].into() }
    }

    /// Adds what happens now.
    pub fn add(&mut self, counts: &[u32; N], now: Timestamp) {
        let bucket = bucket_of(now);
        if bucket.saturating_sub(self.newest) >= BUCKETS as i64 {
            self.buckets.fill([0; N]);
        } else {
            for passed in self.newest + 1..=bucket {
                self.buckets[place(passed)] = [0; N];
            }
        }
        self.newest = self.newest.max(bucket);
        for (sum, count) in self.buckets[place(self.newest)].iter_mut().zip(counts) {
            *sum = sum.saturating_add(*count);
        }
    }

    /// True if nothing of it is so new that it is told.
    pub fn is_over(&self, now: Timestamp) -> bool {
        bucket_of(now).saturating_sub(self.newest) >= BUCKETS as i64
    }

    /// What one counter has counted.
    pub fn count(&self, counter: usize, now: Timestamp) -> RecentCount {
        RecentCount {
            last_minute: self.sum(counter, BUCKETS_PER_MINUTE, now),
            last_five_minutes: self.sum(counter, BUCKETS, now),
        }
    }

    fn sum(&self, counter: usize, buckets: usize, now: Timestamp) -> u64 {
        let last = bucket_of(now).max(self.newest);
        let first = last.saturating_sub(buckets as i64 - 1);
        let first = first.max(self.newest - (BUCKETS as i64 - 1));
        (first..=self.newest).map(|bucket| u64::from(self.buckets[place(bucket)][counter])).sum()
    }
}

#[cfg(test)]
mod tests;
