//! Who polls the task lists: for people who want to know why nobody takes a task.
//!
//! It remembers when each poller of a list was last seen, of a bounded number of lists and of
//! pollers for each; whoever was not seen for the longest time is forgotten first. Which of them
//! wait now is not known here: the matcher has the polls themselves.

use engine::rows::TaskListKey;
use std::collections::BTreeMap;
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
#[derive(Debug, Default)]
pub struct Pollers {
    lists: BTreeMap<TaskListKey, Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// When each was seen last.
    pollers: BTreeMap<Poller, Timestamp>,
    /// When the last of them was.
    last: Timestamp,
}

impl Pollers {
    /// A poller is there.
    pub fn seen(&mut self, list: &TaskListKey, poller: &Poller, now: Timestamp) {
        if !self.lists.contains_key(list) {
            if self.lists.len() >= LISTS_REMEMBERED_MAX {
                forget_oldest(&mut self.lists, |seen| seen.last);
            }
            self.lists.insert(list.clone(), Seen::default());
        }
        let seen = self.lists.get_mut(list).expect("it has just been put there");
        seen.last = now;
        if let Some(at) = seen.pollers.get_mut(poller) {
            *at = now;
            return;
        }
        if seen.pollers.len() >= POLLERS_PER_LIST_MAX {
            forget_oldest(&mut seen.pollers, |at| *at);
        }
        seen.pollers.insert(poller.clone(), now);
    }

    /// Who polled a list lately, and when last.
    pub fn of<'p>(
        &'p self,
        list: &TaskListKey,
        now: Timestamp,
    ) -> impl Iterator<Item = (&'p Poller, Timestamp)> + use<'p> {
        let pollers = self.lists.get(list).into_iter().flat_map(|seen| &seen.pollers);
        let pollers = pollers.map(|(poller, at)| (poller, *at));
        pollers.filter(move |(_, at)| is_remembered(*at, now))
    }

    /// The lists that somebody polled lately, from `from` on.
    pub fn lists_from<'p>(
        &'p self,
        from: &TaskListKey,
        now: Timestamp,
    ) -> impl Iterator<Item = &'p TaskListKey> + use<'p> {
        let lists = self.lists.range(from.clone()..);
        lists.filter(move |(_, seen)| is_remembered(seen.last, now)).map(|(list, _)| list)
    }
}

fn is_remembered(at: Timestamp, now: Timestamp) -> bool {
    now.0.saturating_sub(at.0) < REMEMBERED_MS
}

/// Looks at all of them, which are few.
fn forget_oldest<K: Ord + Clone, V>(known: &mut BTreeMap<K, V>, seen: impl Fn(&V) -> Timestamp) {
    let oldest = known.iter().min_by_key(|(_, value)| seen(value)).map(|(key, _)| key.clone());
    if let Some(oldest) = oldest {
        known.remove(&oldest);
    }
}
