//! What the matcher can say of who polls.

use super::pollers::{POLLERS_PER_LIST_MAX, Poller};
use super::{List, Matcher};
use engine::rows::TaskListKey;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use wire::Timestamp;

/// Who polls a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListPollers {
    /// How many polls wait.
    pub waiting: u32,
    /// Those that wait first, then the one seen last; at most [`POLLERS_PER_LIST_MAX`].
    pub pollers: Vec<SeenPoller>,
}

/// A poller, and when he was last seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenPoller {
    /// Who.
    pub poller: Poller,
    /// When.
    pub last_seen_at: Timestamp,
    /// How many of his polls wait. While any does, he is seen.
    pub waiting: u32,
}

impl<P> Matcher<P> {
    /// Who polls a list.
    pub fn who_polls(&self, list: &TaskListKey, now: Timestamp) -> ListPollers {
        let mut found: BTreeMap<&Poller, (Timestamp, u32)> =
            self.pollers.of(list, now).map(|(poller, at)| (poller, (at, 0))).collect();
        let mut waiting = 0;
        for poller in self.lists.get(list).into_iter().flat_map(List::present) {
            let (at, count) = found.entry(poller).or_default();
            (*at, *count) = (now, *count + 1);
            waiting += 1;
        }
        let mut pollers: Vec<SeenPoller> = found
            .into_iter()
            .map(|(poller, (last_seen_at, waiting))| {
                let poller = poller.clone();
                SeenPoller { poller, last_seen_at, waiting }
            })
            .collect();
        pollers.sort_by_key(|seen| (seen.waiting == 0, Reverse(seen.last_seen_at)));
        pollers.truncate(POLLERS_PER_LIST_MAX);
        ListPollers { waiting, pollers }
    }

    /// The lists of the same kind and domain that are polled or were lately, by name: `from`, if it
    /// is one of them, and those behind it; at most `most`.
    pub fn polled_lists(
        &self,
        from: &TaskListKey,
        most: usize,
        now: Timestamp,
    ) -> BTreeSet<TaskListKey> {
        let same = |list: &&TaskListKey| {
            list.kind == from.kind && list.scope == from.scope && list.domain == from.domain
        };
        let seen = self.pollers.lists_from(from, now).take_while(same).take(most);
        let waited_on = self.lists.range(from.clone()..).take_while(|(list, _)| same(list));
        let waited_on = waited_on.filter(|(_, list)| list.present().next().is_some());
        let waited_on = waited_on.map(|(list, _)| list).take(most);
        seen.chain(waited_on).cloned().collect::<BTreeSet<_>>().into_iter().take(most).collect()
    }
}

impl<P> List<P> {
    /// Who waits and has not gone away.
    fn present(&self) -> impl Iterator<Item = &Poller> {
        let present = self.waiters.values().filter(|waiter| !waiter.presence.is_gone());
        present.map(|waiter| &waiter.poller)
    }
}
