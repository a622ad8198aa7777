//! Who polls the task lists: for people who want to know why nobody takes a task.
//!
//! It remembers when each poller of a list was last seen, of a bounded number of lists and of
//! pollers for each; whoever was not seen for the longest time is forgotten first. Which of them
//! wait now is not known here: the matcher has the polls themselves.

use engine::rows::TaskListKey;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use wire::{Identity, Timestamp};

/// Of how many lists it is remembered who polled them.
pub const LISTS_REMEMBERED_MAX: usize = 1_000;

/// How many pollers of a list are remembered, and told.
pub const POLLERS_PER_LIST_MAX: usize = 100;

/// How long a poller is remembered that is not seen any more, in milliseconds.
pub const REMEMBERED_MS: i64 = 24 * 60 * 60 * 1000;

/// Somebody who polls, as far as he can be told from others.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Poller {
    /// What he calls himself; it goes into the history, too.
    pub identity: Option<Identity>,
    /// Whose credential he has, if anybody is asked.
    pub principal: Option<Arc<str>>,
    /// Where his requests come from.
    pub address: Option<IpAddr>,
}

/// See the module.
#[derive(Debug)]
pub struct Pollers {
    lists: Lately<TaskListKey, Lately<Poller, ()>>,
}

impl Default for Pollers {
    fn default() -> Pollers {
        Pollers { lists: Lately::new(LISTS_REMEMBERED_MAX) }
    }
}

impl Pollers {
    /// A poller is there.
    pub fn seen(&mut self, list: &TaskListKey, poller: &Poller, now: Timestamp) {
        let of_list = self.lists.seen(list, now, || Lately::new(POLLERS_PER_LIST_MAX));
        of_list.seen(poller, now, || ());
    }

    /// Who polled a list lately, and when last.
    pub fn of<'p>(
        &'p self,
        list: &TaskListKey,
        now: Timestamp,
    ) -> impl Iterator<Item = (&'p Poller, Timestamp)> + use<'p> {
        let pollers = self.lists.entries.get(list).into_iter();
        let pollers = pollers.flat_map(|seen| &seen.value.entries);
        let pollers = pollers.map(|(poller, seen)| (poller, seen.at));
        pollers.filter(move |(_, at)| is_remembered(*at, now))
    }

    /// The lists that somebody polled lately, from `from` on.
    pub fn lists_from<'p>(
        &'p self,
        from: &TaskListKey,
        now: Timestamp,
    ) -> impl Iterator<Item = &'p TaskListKey> + use<'p> {
        let lists = self.lists.entries.range(from.clone()..);
        lists.filter(move |(_, seen)| is_remembered(seen.at, now)).map(|(list, _)| list)
    }
}

fn is_remembered(at: Timestamp, now: Timestamp) -> bool {
    now.0.saturating_sub(at.0) < REMEMBERED_MS
}

/// What was seen lately, at most so much. What was not seen for the longest time goes first, and is
/// found without a look at all of it.
#[derive(Debug)]
struct Lately<K, V> {
    entries: BTreeMap<K, Seen<V>>,
    /// Each entry once, by a time at which it was seen. It may have been seen again since: that is
    /// looked at when it comes to be the first here, so that seeing what is known costs nothing.
    order: BTreeSet<(Timestamp, K)>,
    most: usize,
}

#[derive(Debug)]
struct Seen<V> {
    at: Timestamp,
    value: V,
}

impl<K: Ord + Clone, V> Lately<K, V> {
    fn new(most: usize) -> Lately<K, V> {
        Lately { entries: BTreeMap::new(), order: BTreeSet::new(), most }
    }

    /// It is there now; what is kept with it, made if it was not known.
    fn seen(&mut self, key: &K, now: Timestamp, make: impl FnOnce() -> V) -> &mut V {
        if !self.entries.contains_key(key) {
            if self.entries.len() >= self.most {
                self.forget_oldest();
            }
            self.order.insert((now, key.clone()));
            self.entries.insert(key.clone(), Seen { at: now, value: make() });
        }
        let seen = self.entries.get_mut(key).expect("it has just been put there");
        seen.at = now;
        &mut seen.value
    }

    /// Each entry is put back at most once for each time it was seen.
    fn forget_oldest(&mut self) {
        while let Some((at, key)) = self.order.pop_first() {
            let seen_at = self.entries.get(&key).map(|seen| seen.at);
            match seen_at.filter(|seen_at| *seen_at > at) {
                Some(later) => self.order.insert((later, key)),
                None => {
                    self.entries.remove(&key);
                    return;
                }
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same, by a look at all.
    #[derive(Default)]
    struct Plain(BTreeMap<u32, Timestamp>);

    impl Plain {
        fn seen(&mut self, key: u32, now: Timestamp, most: usize) {
            if !self.0.contains_key(&key) && self.0.len() >= most {
                let oldest = self.0.iter().min_by_key(|(key, at)| (**at, **key));
                let oldest = oldest.map(|(key, _)| *key).expect("it is full");
                self.0.remove(&oldest);
            }
            self.0.insert(key, now);
        }
    }

    #[test]
    fn what_was_not_seen_for_longest_goes_first() {
        const MOST: usize = 7;
        let (mut lately, mut plain) = (Lately::new(MOST), Plain::default());
        let mut state = 1u32;
        for step in 0..5_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (key, now) = ((state >> 16) % 12, Timestamp(step / 3));
            lately.seen(&key, now, || ());
            plain.seen(key, now, MOST);
            let known: BTreeMap<u32, Timestamp> =
                lately.entries.iter().map(|(key, seen)| (*key, seen.at)).collect();
            assert_eq!(known, plain.0, "step {step}");
            assert_eq!(lately.order.len(), known.len(), "each has one place");
        }
    }
}
