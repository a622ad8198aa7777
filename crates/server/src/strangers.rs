//! How many lines the audit has of strangers: whoever is let in by nobody must not fill a disk.
//!
//! Pure: token buckets, one for each network and one for all, to which the time is handed in. What
//! is left out is counted, and the count is said later. Lines about those who are let in have no
//! bound here.

use crate::bucket::Bucket;
use crate::network::Network;
use lru::LruCache;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

/// How many lines there are at once of one peer (of one /64, in IPv6), such as when a fleet of
/// workers is started with an old key.
const PEER_LINES_MAX: u32 = 100;
/// How long it takes until there is one more.
const PEER_LINE_EVERY: Duration = Duration::from_secs(1);
/// How many there are at once of all strangers together.
const LINES_MAX: u32 = 1_000;
/// How long it takes until there is one more. So it is a few hundred MB in a day.
const LINE_EVERY: Duration = Duration::from_millis(100);
/// The most peers that are kept. Those of whom there was no line for the longest time are forgotten
/// first.
const PEERS_MAX: NonZeroUsize = NonZeroUsize::new(16_384).expect("more than none");
/// How long it takes until it is said what was left out.
const SAID_AFTER: Duration = Duration::from_secs(10);

/// See the module.
pub(crate) struct Strangers {
    all: Bucket,
    peers: LruCache<Network, Bucket>,
    unsaid: Option<(Instant, LeftOut)>,
}

/// Lines that there are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LeftOut {
    /// How many.
    pub lines: u64,
    /// Of whom, if it is one alone.
    pub peer: Option<Network>,
}

impl Strangers {
    pub(crate) fn new(now: Instant) -> Strangers {
        Strangers { all: Bucket::new(now), peers: LruCache::new(PEERS_MAX), unsaid: None }
    }

    /// Whether there is a line about a request of theirs. If not, it is counted.
    pub(crate) fn admit(&mut self, peer: Network, now: Instant) -> bool {
        // Of the peer first, so that one alone does not use up what there is for all. Whoever comes
        // from so many that some are forgotten has the bound of all.
        let of_peer = self.peers.get_or_insert_mut(peer, || Bucket::new(now));
        if of_peer.count(PEER_LINE_EVERY, now) < PEER_LINES_MAX
            && self.all.count(LINE_EVERY, now) < LINES_MAX
        {
            of_peer.take(PEER_LINES_MAX);
            self.all.take(LINES_MAX);
            return true;
        }
        let first = (now, LeftOut { lines: 0, peer: Some(peer) });
        let (_, left_out) = self.unsaid.get_or_insert(first);
        left_out.lines += 1;
        left_out.peer = left_out.peer.filter(|known| *known == peer);
        false
    }

    /// What was left out, if it is time to say it. It is said once.
    pub(crate) fn due(&mut self, now: Instant) -> Option<LeftOut> {
        let unsaid = self.unsaid;
        let (_, left_out) =
            unsaid.filter(|(since, _)| SAID_AFTER <= now.saturating_duration_since(*since))?;
        self.unsaid = None;
        Some(left_out)
    }

    /// What was left out and has not been said, at the end.
    pub(crate) fn rest(&mut self) -> Option<LeftOut> {
        self.unsaid.take().map(|(_, left_out)| left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: u32) -> Network {
        Network::of(std::net::Ipv4Addr::from(number).into())
    }

    /// What there is of a peer that tries as fast as it can: the bucket, and then one a second.
    #[test]
    fn lines_in_a_minute() {
        let start = Instant::now();
        let mut strangers = Strangers::new(start);
        let (mut lines, mut said) = (0, 0);
        for milliseconds in 0..60_000 {
            let now = start + Duration::from_millis(milliseconds);
            lines += u64::from(strangers.admit(peer(1), now));
            said += strangers.due(now).map_or(0, |left_out| left_out.lines);
        }
        assert_eq!(lines, 100 + 59);
        let rest = strangers.rest().expect("the last seconds");
        assert_eq!(lines + said + rest.lines, 60_000, "each is written or counted");
        assert_eq!(rest.peer, Some(peer(1)));
        assert_eq!(strangers.rest(), None);
        assert!(strangers.admit(peer(2), start + Duration::from_secs(60)), "another peer");
    }

    /// As many peers as there are: all have a bound, and none keeps what another has left.
    #[test]
    fn lines_of_many_in_a_minute() {
        let start = Instant::now();
        let mut strangers = Strangers::new(start);
        let mut lines = 0;
        for number in 0..60_000 {
            let now = start + Duration::from_millis(number.into());
            lines += u64::from(strangers.admit(peer(number), now));
        }
        assert_eq!(lines, 1_000 + 599);
        assert_eq!(strangers.peers.len(), PEERS_MAX.get());
        let left_out = strangers.rest().expect("most are");
        assert_eq!(left_out, LeftOut { lines: 60_000 - lines, peer: None });
    }

    #[test]
    fn what_was_left_out_is_said_once_and_not_at_once() {
        let start = Instant::now();
        let mut strangers = Strangers::new(start);
        for _ in 0..PEER_LINES_MAX {
            assert!(strangers.admit(peer(1), start));
        }
        assert_eq!(strangers.due(start + SAID_AFTER), None, "nothing was left out");
        assert!(!strangers.admit(peer(1), start));
        assert!(!strangers.admit(peer(1), start));
        assert_eq!(strangers.due(start + SAID_AFTER - Duration::from_nanos(1)), None);
        let left_out = LeftOut { lines: 2, peer: Some(peer(1)) };
        assert_eq!(strangers.due(start + SAID_AFTER), Some(left_out));
        assert_eq!(strangers.due(start + SAID_AFTER), None);
        assert_eq!(strangers.rest(), None);
    }
}
