//! Who has lately said rightly who they are: they are not held up for what others do at the same
//! address.
//!
//! Pure, as the count of failures is. Without it, one client that signs wrongly would keep out
//! everybody behind the same proxy, or on the same machine. A key and a network belong together
//! here: whoever guesses at a known key is counted for that pair, and held up as anybody is who
//! fails as often. What succeeds forgives nothing, or a guesser would be forgiven by its victim.

use crate::bucket::Bucket;
use crate::failures::{FAILURES_MAX, FORGIVEN_EVERY};
use crate::network::Network;
use lru::LruCache;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long one is known after the last request that was right.
const KNOWN_FOR: Duration = Duration::from_secs(60 * 60);
/// The most pairs that are known. Those that have not been right for the longest time are forgotten
/// first, and count as anybody then.
const PAIRS_MAX: NonZeroUsize = NonZeroUsize::new(16_384).expect("more than none");

/// The pairs of a key and a network that are known.
pub(crate) struct Regulars {
    pairs: LruCache<Pair, Regular>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Pair {
    access_key_id: Arc<str>,
    network: Network,
}

struct Regular {
    verified_at: Instant,
    failures: Bucket,
}

/// How a pair stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is known, and is looked at.
    Known,
    /// It is known, and has failed too often.
    HeldUp,
    /// Whether it is looked at depends on all that come from there.
    Unknown,
}

impl Default for Regulars {
    fn default() -> Regulars {
        Regulars { pairs: LruCache::new(PAIRS_MAX) }
    }
}

impl Regulars {
    /// How a request by a key from `address` is to be treated. Asking costs nothing.
    pub fn standing(&mut self, access_key_id: &str, address: IpAddr, now: Instant) -> Standing {
        match self.known(&Pair::of(access_key_id, address), now) {
            Some(regular) => match regular.failures.count(FORGIVEN_EVERY, now) < FAILURES_MAX {
                true => Standing::Known,
                false => Standing::HeldUp,
            },
            None => Standing::Unknown,
        }
    }

    /// A request of the pair was signed rightly.
    pub fn verified(&mut self, access_key_id: &str, address: IpAddr, now: Instant) {
        let regular = || Regular { verified_at: now, failures: Bucket::new(now) };
        self.pairs.get_or_insert_mut(Pair::of(access_key_id, address), regular).verified_at = now;
    }

    /// A request of the pair was not. False if the pair is not known, so that it is to be counted
    /// for its address.
    pub fn failed(&mut self, access_key_id: &str, address: IpAddr, now: Instant) -> bool {
        let Some(regular) = self.known(&Pair::of(access_key_id, address), now) else {
            return false;
        };
        regular.failures.count(FORGIVEN_EVERY, now);
        regular.failures.take(FAILURES_MAX);
        true
    }

    /// Its place among the others is that of the last request that was right.
    fn known(&mut self, pair: &Pair, now: Instant) -> Option<&mut Regular> {
        let regular = self.pairs.peek_mut(pair)?;
        (now.saturating_duration_since(regular.verified_at) < KNOWN_FOR).then_some(regular)
    }
}

impl Pair {
    fn of(access_key_id: &str, address: IpAddr) -> Pair {
        Pair { access_key_id: access_key_id.into(), network: Network::of(address) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const ELSEWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn who_is_known_and_for_how_long() {
        let start = Instant::now();
        let mut regulars = Regulars::default();
        assert_eq!(regulars.standing("a", ADDRESS, start), Standing::Unknown);
        assert!(!regulars.failed("a", ADDRESS, start));
        regulars.verified("a", ADDRESS, start);
        let last = start + KNOWN_FOR - Duration::from_nanos(1);
        for (key, address, now, standing) in [
            ("a", ADDRESS, start, Standing::Known),
            ("a", ADDRESS, last, Standing::Known),
            ("a", ADDRESS, start + KNOWN_FOR, Standing::Unknown),
            ("b", ADDRESS, start, Standing::Unknown),
            ("a", ELSEWHERE, start, Standing::Unknown),
        ] {
            assert_eq!(regulars.standing(key, address, now), standing, "{key} {address}");
        }
        assert!(!regulars.failed("a", ADDRESS, start + KNOWN_FOR));
        regulars.verified("a", ADDRESS, last);
        assert_eq!(regulars.standing("a", ADDRESS, start + KNOWN_FOR), Standing::Known);
    }

    /// As often as anybody, however often the right one comes in between.
    #[test]
    fn guesses_at_a_known_key_are_counted() {
        let start = Instant::now();
        let mut regulars = Regulars::default();
        regulars.verified("a", ADDRESS, start);
        regulars.verified("b", ADDRESS, start);
        let mut guesses = 0;
        for milliseconds in 0..60_000 {
            let now = start + Duration::from_millis(milliseconds);
            if regulars.standing("a", ADDRESS, now) == Standing::Known {
                assert!(regulars.failed("a", ADDRESS, now));
                guesses += 1;
            } else {
                assert_eq!(regulars.standing("a", ADDRESS, now), Standing::HeldUp);
            }
            regulars.verified("a", ADDRESS, now);
        }
        assert_eq!(guesses, 100 + 299);
        let end = start + Duration::from_secs(60);
        assert_eq!(regulars.standing("b", ADDRESS, end), Standing::Known, "others are not");
    }

    #[test]
    fn the_table_is_bounded() {
        let start = Instant::now();
        let mut regulars = Regulars::default();
        regulars.verified("first", ADDRESS, start);
        for number in 1..PAIRS_MAX.get() {
            regulars.verified(&number.to_string(), ADDRESS, start);
        }
        assert_eq!(regulars.standing("first", ADDRESS, start), Standing::Known);
        assert!(regulars.failed("first", ADDRESS, start));
        regulars.verified("last", ADDRESS, start);
        assert_eq!(regulars.pairs.len(), PAIRS_MAX.get());
        assert_eq!(regulars.standing("first", ADDRESS, start), Standing::Unknown);
        assert_eq!(regulars.standing("1", ADDRESS, start), Standing::Known);
    }
}
