//! How often requests of an address may fail to say who they are: guessing takes many attempts.
//!
//! Pure: a bounded table of token buckets, to which the time is handed in. Whoever asks answers
//! `Fault::Throttling` to what is not admitted, before it looks at the signature. An honest client
//! behind the same address as a guesser is held up with it, for as long as the guesser goes on,
//! unless it is known from before (`regulars.rs`).

use crate::bucket::Bucket;
use crate::network::Network;
use lru::LruCache;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

/// How many failures an address has at once, such as when a fleet of workers is started with an
/// old key.
pub(crate) const FAILURES_MAX: u32 = 100;
/// How long it takes until one more is forgiven.
pub(crate) const FORGIVEN_EVERY: Duration = Duration::from_millis(200);
/// The most addresses (in IPv6, networks of /64) that are kept. Those that have not failed for the
/// longest time are forgotten first.
const NETWORKS_MAX: NonZeroUsize = NonZeroUsize::new(16_384).expect("more than none");

/// The failures of each address.
pub struct Failures {
    networks: LruCache<Network, Bucket>,
}

impl Default for Failures {
    fn default() -> Failures {
        Failures { networks: LruCache::new(NETWORKS_MAX) }
    }
}

impl Failures {
    /// Whether a request from `address` is looked at. Asking costs nothing.
    pub fn admits(&mut self, address: IpAddr, now: Instant) -> bool {
        let network = Network::of(address);
        // Its place among the others is that of its last failure.
        let Some(bucket) = self.networks.peek_mut(&network) else { return true };
        let count = bucket.count(FORGIVEN_EVERY, now);
        if count == 0 {
            self.networks.pop(&network);
        }
        count < FAILURES_MAX
    }

    /// A request from `address` had no credentials that are right.
    pub fn failed(&mut self, address: IpAddr, now: Instant) {
        let bucket = self.networks.get_or_insert_mut(Network::of(address), || Bucket::new(now));
        bucket.count(FORGIVEN_EVERY, now);
        bucket.take(FAILURES_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn address(number: u32) -> IpAddr {
        IpAddr::V4(std::net::Ipv4Addr::from(number))
    }

    /// What an attacker gets who tries as fast as it can: the bucket, and then one per interval.
    #[test]
    fn guesses_in_a_minute() {
        let start = Instant::now();
        let mut failures = Failures::default();
        let mut guesses = 0;
        for milliseconds in 0..60_000 {
            let now = start + Duration::from_millis(milliseconds);
            if failures.admits(ADDRESS, now) {
                failures.failed(ADDRESS, now);
                guesses += 1;
            }
        }
        assert_eq!(guesses, 100 + 299);
    }

    #[test]
    fn failures_are_forgiven_and_then_forgotten() {
        let start = Instant::now();
        let mut failures = Failures::default();
        for _ in 0..FAILURES_MAX + 5 {
            failures.failed(ADDRESS, start);
        }
        assert!(!failures.admits(ADDRESS, start));
        assert!(failures.admits(address(1), start), "another address");
        assert!(!failures.admits(ADDRESS, start + FORGIVEN_EVERY - Duration::from_nanos(1)));
        assert!(failures.admits(ADDRESS, start + FORGIVEN_EVERY));
        failures.failed(ADDRESS, start + FORGIVEN_EVERY);
        assert!(!failures.admits(ADDRESS, start + FORGIVEN_EVERY));
        assert!(failures.admits(ADDRESS, start + Duration::from_secs(1_000_000_000)));
        assert!(failures.networks.is_empty(), "nothing is left to remember");
    }

    /// The time of one thread may be a little behind that of another.
    #[test]
    fn time_that_goes_back_forgives_nothing() {
        let start = Instant::now() + FORGIVEN_EVERY;
        let mut failures = Failures::default();
        for _ in 0..FAILURES_MAX {
            failures.failed(ADDRESS, start);
        }
        assert!(!failures.admits(ADDRESS, start - FORGIVEN_EVERY));
        assert!(failures.admits(ADDRESS, start + FORGIVEN_EVERY));
    }

    #[test]
    fn addresses_of_one_network_count_together() {
        let start = Instant::now();
        let mut failures = Failures::default();
        for host in 0..u128::from(FAILURES_MAX) {
            let host = IpAddr::V6((0x2001_0db8_u128 << 96 | host).into());
            failures.failed(host, start);
        }
        assert!(!failures.admits("2001:db8::ffff".parse().expect("an address"), start));
    }

    #[test]
    fn the_table_is_bounded() {
        let start = Instant::now();
        let mut failures = Failures::default();
        for _ in 0..FAILURES_MAX {
            failures.failed(ADDRESS, start);
        }
        let others = u32::try_from(NETWORKS_MAX.get()).expect("a small number");
        for number in 0..others - 1 {
            failures.failed(address(number), start);
        }
        assert!(!failures.admits(ADDRESS, start));
        failures.failed(address(others), start);
        assert_eq!(failures.networks.len(), NETWORKS_MAX.get());
        assert!(failures.admits(ADDRESS, start), "the one that failed first is forgotten");
    }
}
