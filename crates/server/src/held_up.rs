//! Of which addresses the log has said that requests from there are not looked at: once when that
//! begins, and no more while it goes on.
//!
//! Pure: a bounded table, and a token bucket for all addresses together, to which the time is handed
//! in. Whoever has many addresses cannot fill a disk with them.

use crate::bucket::Bucket;
use crate::network::Network;
use lru::LruCache;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

/// How long after the last request that was not looked at it counts as another time.
const OVER_AFTER: Duration = Duration::from_secs(600);
/// How many addresses are told of at once.
const LINES_MAX: u32 = 100;
/// How long it takes until there is one more.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// The most addresses that are kept. Those of which nothing has come for the longest time are
/// forgotten first.
const NETWORKS_MAX: NonZeroUsize = NonZeroUsize::new(16_384).expect("more than none");

/// See the module.
pub(crate) struct HeldUp {
    all: Bucket,
    networks: LruCache<Network, Instant>,
}

impl HeldUp {
    pub(crate) fn new(now: Instant) -> HeldUp {
        HeldUp { all: Bucket::new(now), networks: LruCache::new(NETWORKS_MAX) }
    }

    /// A request from there was not looked at. Whether that is to be said.
    pub(crate) fn is_to_be_said(&mut self, network: Network, now: Instant) -> bool {
        let last = self.networks.put(network, now);
        let goes_on = last.is_some_and(|last| now.saturating_duration_since(last) < OVER_AFTER);
        if goes_on || self.all.count(LINE_EVERY, now) >= LINES_MAX {
            return false;
        }
        self.all.take(LINES_MAX);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(number: u32) -> Network {
        Network::of(std::net::Ipv4Addr::from(number).into())
    }

    #[test]
    fn it_is_said_once_until_it_was_over() {
        let start = Instant::now();
        let mut held_up = HeldUp::new(start);
        for (number, seconds, said) in [
            (1, 0, true),
            (1, 0, false),
            (2, 0, true),
            (1, 599, false),
            (1, 1_198, false),
            (2, 1_198, true),
            (1, 1_798, true),
        ] {
            let now = start + Duration::from_secs(seconds);
            let told = held_up.is_to_be_said(network(number), now);
            assert_eq!(told, said, "{number} after {seconds} s");
        }
    }

    /// From as many as there are.
    #[test]
    fn lines_of_many_in_a_minute() {
        let start = Instant::now();
        let mut held_up = HeldUp::new(start);
        let said = (0..60_000).filter(|number| {
            let now = start + Duration::from_millis(u64::from(*number));
            held_up.is_to_be_said(network(*number), now)
        });
        assert_eq!(said.count(), 100 + 5);
        assert_eq!(held_up.networks.len(), NETWORKS_MAX.get());
    }
}
