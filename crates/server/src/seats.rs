//! How many connections each peer has, so that none takes all that there are.

use crate::network::Network;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

/// The most connections of one peer (of one /64, in IPv6) at a time: half of all. Trusted proxies
/// are not counted: their connections are those of many.
pub(crate) const PEER_CONNECTIONS_MAX: usize = 5_000;

/// The connections of each peer. It holds no more peers than there are connections.
pub(crate) struct Seats {
    max: usize,
    taken: Mutex<HashMap<Network, Taken>>,
}

struct Taken {
    count: usize,
    /// So that the log has one line when a peer begins to be refused, and not one for each time.
    is_refused: bool,
}

/// A connection's place, free again when this goes.
pub(crate) struct Seat {
    seats: Arc<Seats>,
    network: Network,
}

impl Seats {
    pub(crate) fn new(max: usize) -> Arc<Seats> {
        Arc::new(Seats { max, taken: Mutex::default() })
    }

    /// A place for one more connection of `peer`, if it may have one.
    pub(crate) fn take(self: &Arc<Self>, peer: IpAddr) -> Option<Seat> {
        let network = Network::of(peer);
        let mut all = self.taken.lock().expect("no holder panics");
        let taken = all.entry(network).or_insert(Taken { count: 0, is_refused: false });
        if self.max <= taken.count {
            if !taken.is_refused {
                tracing::warn!(%peer, max = self.max, "a peer has too many connections");
            }
            taken.is_refused = true;
            return None;
        }
        taken.count += 1;
        Some(Seat { seats: self.clone(), network })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut all = self.seats.taken.lock().expect("no holder panics");
        let Entry::Occupied(mut taken) = all.entry(self.network) else {
            unreachable!("a seat is counted until it goes");
        };
        if taken.get().count == 1 {
            taken.remove();
        } else {
            taken.get_mut().count -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_peer_has_its_own_bound() {
        let seats = Seats::new(2);
        let take = |text: &str| seats.take(text.parse().expect("an address"));
        let first = take("2001:db8::1").expect("the first");
        let second = take("2001:db8::2").expect("the second of the same network");
        assert!(take("2001:db8::3").is_none());
        assert!(take("2001:db8:0:1::1").is_some(), "another network");
        assert!(take("192.0.2.1").is_some(), "another peer");
        drop(first);
        let third = take("2001:db8::3").expect("there is room again");
        assert!(take("2001:db8::3").is_none());
        drop((second, third));
        assert!(seats.taken.lock().expect("no holder panics").is_empty(), "nothing is kept");
    }
}
