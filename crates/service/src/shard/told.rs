//! What is told of a step to those who watch, once it is durable.

use crate::feed::{DomainKey, News};
use crate::meter::Tally;
use crate::values;
use crate::watched::Watched;
use engine::Execution;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many bytes of events one step tells. Beyond that it tells that there were others.
pub const STEP_BYTES_MAX: usize = 4 << 20;

/// See the module.
#[derive(Debug, Default)]
pub struct Told {
    /// What was done, as numbers.
    pub tally: Tally,
    /// The events of the domains that somebody watches, in the order in which they were decided.
    pub news: Vec<News>,
    /// Whether there are, or may be, others.
    pub lost: bool,
    watched: Option<Arc<BTreeSet<DomainKey>>>,
    /// Whether there were events of domains that nobody watched.
    unwatched: bool,
    bytes: usize,
}

impl Told {
    /// For one step. What is watched later is told from the next one on.
    pub fn new(watched: &Watched) -> Told {
        Told { watched: watched.get(), ..Told::default() }
    }

    /// Once the step is over. Who has begun to watch meanwhile may have read a history that lacks
    /// what the step has written, and is not told that either.
    pub fn end(&mut self, begun_with: Option<&Arc<BTreeSet<DomainKey>>>, watched: &Watched) {
        let is_new = |domain: &DomainKey| begun_with.is_none_or(|known| !known.contains(domain));
        if self.unwatched && watched.get().is_some_and(|now| now.iter().any(is_new)) {
            self.lost = true;
        }
    }

    /// The domains whose events are told.
    pub fn watched(&self) -> Option<Arc<BTreeSet<DomainKey>>> {
        self.watched.clone()
    }

    /// The events of one transition, as they are stored.
    pub fn events(&mut self, after: &Execution, stored: &[u8]) {
        let identity = &after.identity;
        let is_watched = self.watched.as_ref().is_some_and(|watched| {
            watched.contains(&(identity.scope.clone(), identity.domain.clone()))
        });
        if !is_watched {
            self.unwatched = true;
            return;
        }
        let jsons = values::event_jsons(stored).expect("they have just been written");
        self.bytes += stored.len();
        if self.bytes > STEP_BYTES_MAX && !self.news.is_empty() {
            self.lost = true;
        }
        // What comes behind a gap would be told as if there were none.
        if self.lost {
            return;
        }
        self.news.extend(jsons.into_iter().map(|json| News {
            identity: Arc::clone(identity),
            workflow_type: after.workflow_type.clone(),
            json: json.into(),
        }));
    }

    /// Takes what another has, which goes on.
    pub fn append(&mut self, other: &mut Told) {
        self.tally.append(&mut other.tally);
        self.news.append(&mut other.news);
        self.lost |= other.lost;
        self.unwatched |= other.unwatched;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::Scope;

    fn domains(names: &[&str]) -> BTreeSet<DomainKey> {
        let scope = || Scope { account: "123456789012".into(), region: "us-east-1".into() };
        names.iter().map(|name| (scope(), (*name).into())).collect()
    }

    /// Who begins to watch while a step waits for the disk has read a history without its events.
    #[test]
    fn who_begins_to_watch_under_way_is_told_that_something_is_missing() {
        for (before, meanwhile, unwatched, lost) in [
            (&[][..], &["d"][..], true, true),
            (&["e"], &["d", "e"], true, true),
            (&["d"], &["d"], true, false),
            (&["d", "e"], &["d"], true, false),
            (&[], &["d"], false, false),
            (&[], &[], true, false),
        ] {
            let watched = Watched::default();
            watched.set(domains(before));
            let begun_with = Told::new(&watched).watched();
            let mut told = Told { unwatched, ..Told::default() };
            watched.set(domains(meanwhile));
            told.end(begun_with.as_ref(), &watched);
            assert_eq!(told.lost, lost, "{before:?} {meanwhile:?} {unwatched}");
        }
    }
}
