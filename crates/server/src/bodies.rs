//! The bodies that are being read, and how much memory all of them take.
//!
//! Whose they are is not known before they are whole, so strangers could fill the memory with them.
//! All together have a bound, and those of each peer a lower one. Where one more byte has no room,
//! the body that has been read for longest gives way: so whoever trickles makes room for whoever
//! sends, and nobody waits behind strangers for longer than they need to send as much again.
//!
//! Invariant: what is counted is what is allocated, not what somebody has announced. A body that
//! is whole is counted no more: the look at its sender follows at once, on the same thread.

use crate::network::Network;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use wire::Fault;

/// The most memory for bodies that are being read, in bytes.
const ALL_BYTES_MAX: usize = 256 * 1024 * 1024;
/// The most of it for those of one peer (of one /64, in IPv6).
const PEER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// See the module.
pub(crate) struct Bodies {
    all_bytes_max: usize,
    peer_bytes_max: usize,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    bytes: usize,
    /// By their numbers, in the order of their first bytes.
    bodies: BTreeMap<u64, Held>,
    /// Those of `bodies`, by whose they are.
    peers: HashMap<Network, Peer>,
    next: u64,
    /// So that the log has one line when room begins to lack, and not one for each body. Until half
    /// of it is free.
    is_short: bool,
}

struct Held {
    network: Network,
    reserved: usize,
    content: Content,
}

#[derive(Default)]
struct Peer {
    bytes: usize,
    bodies: BTreeSet<u64>,
    is_short: bool,
}

/// None is left of one that has given way.
type Content = Arc<Mutex<Option<Vec<u8>>>>;

/// A body has given way to others.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoRoom;

/// A body that is being read. What it has of the room is free again when it goes.
pub(crate) struct Reading {
    bodies: Arc<Bodies>,
    network: Network,
    /// None before its first byte: until then it holds nothing that it could give up.
    number: Option<u64>,
    content: Content,
    length: usize,
    reserved: usize,
}

impl Default for Bodies {
    fn default() -> Bodies {
        Bodies::new(ALL_BYTES_MAX, PEER_BYTES_MAX)
    }
}

impl Bodies {
    /// With so much room. One body must fit into it.
    pub(crate) fn new(all_bytes_max: usize, peer_bytes_max: usize) -> Bodies {
        assert!(Fault::BODY_BYTES_MAX <= peer_bytes_max && peer_bytes_max <= all_bytes_max);
        Bodies { all_bytes_max, peer_bytes_max, table: Mutex::default() }
    }

    /// A body of that peer begins.
    pub(crate) fn begin(self: &Arc<Self>, network: Network) -> Reading {
        let content = Arc::new(Mutex::new(Some(Vec::new())));
        Reading { bodies: self.clone(), network, number: None, content, length: 0, reserved: 0 }
    }

    /// More memory for a body. The oldest ones give way until there is some, perhaps itself.
    fn reserve(&self, reading: &Reading, more: usize) -> Result<u64, NoRoom> {
        let mut table = self.table.lock().expect("no holder panics");
        let network = reading.network;
        let number = reading.number.unwrap_or_else(|| table.enter(network, &reading.content));
        loop {
            if !table.bodies.contains_key(&number) {
                return Err(NoRoom);
            }
            let peer = table.peers.get_mut(&network).expect("it has a body");
            let oldest = if self.peer_bytes_max < peer.bytes + more {
                if !peer.is_short {
                    let max = self.peer_bytes_max;
                    tracing::warn!(peer = %network, max, "a peer sends too much at once");
                }
                peer.is_short = true;
                peer.bodies.first().copied()
            } else if self.all_bytes_max < table.bytes + more {
                if !table.is_short {
                    let max = self.all_bytes_max;
                    tracing::warn!(max, "no room for bodies: those that came first are refused");
                }
                table.is_short = true;
                table.bodies.first_key_value().map(|(number, _)| *number)
            } else {
                break;
            };
            table.remove(oldest.expect("it is one itself"));
        }
        table.bytes += more;
        table.bodies.get_mut(&number).expect("it was looked for").reserved += more;
        table.peers.get_mut(&network).expect("it has a body").bytes += more;
        Ok(number)
    }

    fn end(&self, number: u64) {
        let mut table = self.table.lock().expect("no holder panics");
        table.remove(number);
        if table.bytes <= self.all_bytes_max / 2 {
            table.is_short = false;
        }
    }
}

impl Table {
    /// A body has begun to come.
    fn enter(&mut self, network: Network, content: &Content) -> u64 {
        let number = self.next;
        self.next += 1;
        self.bodies.insert(number, Held { network, reserved: 0, content: content.clone() });
        self.peers.entry(network).or_default().bodies.insert(number);
        number
    }

    /// Forgets a body, and frees what it holds. It may have given way before.
    fn remove(&mut self, number: u64) {
        let Some(held) = self.bodies.remove(&number) else { return };
        // Its reader adds to it now and then, and waits for nobody while it does.
        held.content.lock().expect("no holder panics").take();
        self.bytes -= held.reserved;
        let peer = self.peers.get_mut(&held.network).expect("a body is counted until it goes");
        peer.bytes -= held.reserved;
        peer.bodies.remove(&number);
        if peer.bodies.is_empty() {
            self.peers.remove(&held.network);
        }
    }
}

impl Reading {
    /// What comes next. At most [`Fault::BODY_BYTES_MAX`] in all.
    pub(crate) fn push(&mut self, data: &[u8]) -> Result<(), NoRoom> {
        let length = self.length + data.len();
        assert!(length <= Fault::BODY_BYTES_MAX, "longer ones are not kept");
        if self.reserved < length {
            // Twice as much each time, or what is copied would grow with the square of the length.
            let wanted = length.max((2 * self.reserved).min(Fault::BODY_BYTES_MAX));
            // No lock of a body is held while that of the table is waited for.
            self.number = Some(self.bodies.reserve(self, wanted - self.reserved)?);
            self.reserved = wanted;
        }
        let mut content = self.content.lock().expect("no holder panics");
        let content = content.as_mut().ok_or(NoRoom)?;
        content.reserve_exact(self.reserved - self.length);
        content.extend_from_slice(data);
        self.length = length;
        Ok(())
    }

    /// The whole body.
    pub(crate) fn finish(self) -> Result<Vec<u8>, NoRoom> {
        self.content.lock().expect("no holder panics").take().ok_or(NoRoom)
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.bodies.end(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    const MAX: usize = Fault::BODY_BYTES_MAX;

    fn network(number: u8) -> Network {
        Network::of(IpAddr::from([192, 0, 2, number]))
    }

    fn bodies(all: usize, peer: usize) -> Arc<Bodies> {
        Arc::new(Bodies::new(all, peer))
    }

    fn taken(bodies: &Bodies) -> usize {
        let table = bodies.table.lock().expect("no holder panics");
        assert!(table.bytes <= bodies.all_bytes_max);
        assert!(table.peers.values().all(|peer| peer.bytes <= bodies.peer_bytes_max));
        assert_eq!(table.bytes, table.bodies.values().map(|held| held.reserved).sum::<usize>());
        let allocated = |held: &Held| match &*held.content.lock().expect("no holder panics") {
            Some(content) => content.capacity(),
            None => 0,
        };
        assert!(table.bodies.values().all(|held| allocated(held) <= held.reserved));
        table.bytes
    }

    #[test]
    fn what_is_read_is_counted_until_it_is_whole_or_gone() {
        let bodies = bodies(2 * MAX, MAX);
        let mut one = bodies.begin(network(1));
        let mut other = bodies.begin(network(2));
        assert_eq!(taken(&bodies), 0, "what has not come takes nothing");
        one.push(b"ab").expect("room");
        one.push(b"c").expect("room");
        assert_eq!(taken(&bodies), 4);
        other.push(b"0123456789").expect("room");
        assert_eq!(taken(&bodies), 14);
        assert_eq!(one.finish().expect("it is there"), b"abc");
        assert_eq!(taken(&bodies), 10);
        drop(other);
        assert_eq!(taken(&bodies), 0);
        assert!(bodies.table.lock().expect("no holder panics").peers.is_empty());
    }

    #[test]
    fn the_longest_body_takes_no_more_than_it_may() {
        let bodies = bodies(MAX, MAX);
        let mut reading = bodies.begin(network(1));
        let mut left = MAX;
        while left > 0 {
            let length = left.min(1000);
            reading.push(&vec![b'x'; length]).expect("it fits");
            left -= length;
            taken(&bodies);
        }
        assert_eq!(taken(&bodies), MAX);
        assert_eq!(reading.finish().expect("it is there").len(), MAX);
    }

    /// Whoever came last has the rest of the room, and those before are gone.
    #[test]
    fn the_oldest_gives_way() {
        let bodies = bodies(3 * MAX, 2 * MAX);
        let whole = vec![b'x'; MAX];
        let mut readings: Vec<Reading> = (1..=4).map(|from| bodies.begin(network(from))).collect();
        for reading in &mut readings {
            reading.push(&whole).expect("the ones before make room");
        }
        assert_eq!(taken(&bodies), 3 * MAX);
        let outcomes: Vec<bool> =
            readings.into_iter().map(|reading| reading.finish().is_ok()).collect();
        assert_eq!(outcomes, [false, true, true, true]);
        assert_eq!(taken(&bodies), 0);
    }

    /// Whoever has sent nothing yet would gain nobody anything.
    #[test]
    fn age_counts_from_the_first_byte() {
        let bodies = bodies(2 * MAX, MAX);
        let whole = vec![b'x'; MAX];
        let mut silent = bodies.begin(network(1));
        let mut others: Vec<Reading> = (2..=4).map(|from| bodies.begin(network(from))).collect();
        for other in &mut others {
            other.push(&whole).expect("the oldest gives way");
        }
        silent.push(&whole).expect("it is the newest now");
        let outcomes: Vec<bool> =
            others.into_iter().map(|reading| reading.finish().is_ok()).collect();
        assert_eq!(outcomes, [false, false, true]);
        assert!(silent.finish().is_ok());
    }

    /// It is told so when it goes on.
    #[test]
    fn one_that_has_given_way_gets_nothing_any_more() {
        let bodies = bodies(MAX, MAX);
        let mut old = bodies.begin(network(1));
        old.push(b"x").expect("room");
        let mut new = bodies.begin(network(2));
        new.push(&vec![b'x'; MAX]).expect("the old one gives way");
        assert_eq!(old.push(b"y"), Err(NoRoom));
        assert_eq!(taken(&bodies), MAX);
        drop(old);
        assert_eq!(taken(&bodies), MAX);
        let mut newest = bodies.begin(network(2));
        newest.push(b"x").expect("its peer's oldest gives way");
        assert_eq!(new.finish(), Err(NoRoom));
        // What grows may be the oldest itself.
        let mut growing = newest;
        let mut still = bodies.begin(network(3));
        still.push(&vec![b'x'; MAX - 1]).expect("just enough");
        assert_eq!(growing.push(b"y"), Err(NoRoom));
        assert_eq!(still.finish().expect("it stays").len(), MAX - 1);
    }

    /// However much a peer sends, it is its own bodies that give way.
    #[test]
    fn a_peer_takes_its_share_from_nobody() {
        let bodies = bodies(4 * MAX, 2 * MAX);
        let whole = vec![b'x'; MAX];
        let mut honest: Vec<Reading> = (1..=2).map(|from| bodies.begin(network(from))).collect();
        for reading in &mut honest {
            reading.push(&whole).expect("room");
        }
        let mut greedy: Vec<Reading> = (0..10).map(|_| bodies.begin(network(9))).collect();
        for reading in &mut greedy {
            reading.push(&whole).expect("its own give way");
            assert!(taken(&bodies) <= 4 * MAX);
        }
        assert!(honest.into_iter().all(|reading| reading.finish().is_ok()));
        assert_eq!(greedy.into_iter().filter_map(|reading| reading.finish().ok()).count(), 2);
    }

    /// Strangers from everywhere hold all that there is, and go on byte by byte. Whoever sends in
    /// one go gets through each time.
    #[test]
    fn nobody_starves_behind_those_who_trickle() {
        let bodies = bodies(16 * MAX, MAX);
        let most = vec![b'x'; MAX - 1000];
        let mut strangers: Vec<Reading> = Vec::new();
        for from in 0..32 {
            let mut reading = bodies.begin(network(from));
            reading.push(&most).expect("older ones give way");
            strangers.push(reading);
        }
        for round in 0..100 {
            for (at, stranger) in strangers.iter_mut().enumerate() {
                if stranger.push(b"x").is_err() {
                    let from = u8::try_from(at).expect("a small number");
                    *stranger = bodies.begin(network(from));
                    stranger.push(&most).expect("older ones give way");
                }
            }
            let mut honest = bodies.begin(network(100));
            for part in most.chunks(64 * 1024) {
                assert_eq!(honest.push(part), Ok(()), "round {round}");
            }
            assert!(honest.finish().is_ok());
            taken(&bodies);
        }
    }
}
