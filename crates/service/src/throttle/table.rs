//! Buckets by what they count, bounded in number.

use super::Rate;
use super::bucket::TokenBucket;
use lru::LruCache;
use std::hash::Hash;
use wire::Timestamp;

/// The buckets that were asked for last. One that is forgotten begins full anew: for a full one
/// that is no difference, and the one that nobody has asked for the longest most likely is.
#[derive(Debug)]
pub struct Table<K: Hash + Eq> {
    buckets: LruCache<K, TokenBucket>,
    buckets_max: usize,
}

impl<K: Hash + Eq> Table<K> {
    /// Empty; it will hold so many buckets.
    pub fn new(buckets_max: usize) -> Table<K> {
        Table { buckets: LruCache::unbounded(), buckets_max }
    }

    /// A bucket as it is by now.
    pub fn bucket(&mut self, key: K, rate: Rate, now: Timestamp) -> &mut TokenBucket {
        if !self.buckets.contains(&key) && self.buckets.len() >= self.buckets_max {
            self.buckets.pop_lru();
        }
        let bucket = self.buckets.get_or_insert_mut(key, || TokenBucket::full(rate, now));
        bucket.refill(rate, now);
        bucket
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_bounded_and_forgets_what_rests() {
        let rate = Rate { bucket: 1, refill_per_second: 1 };
        let mut table = Table::new(2);
        let mut takes = |key: &'static str| {
            let bucket = table.bucket(key, rate, Timestamp(0));
            let has = bucket.has_token();
            if has {
                bucket.take();
            }
            has
        };
        assert!(takes("a") && takes("b"));
        assert!(!takes("a"), "it is remembered");
        assert!(takes("c"), "there is room for it");
        assert!(!takes("a"), "asked for lately, it was kept");
        assert!(takes("b"), "the one that rested was forgotten, and begins full");
        assert_eq!(table.buckets.len(), 2);
    }
}
