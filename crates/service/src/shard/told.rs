//! What is told of a step to those who watch, once it is durable.

use crate::feed::{DomainKey, Lost, News};
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
    /// Of what there are, or may be, events before those that are told.
    pub lost_before: Lost,
    /// The events of the domains that somebody watches, in the order in which they were decided.
    pub news: Vec<News>,
    /// Of what there are, or may be, others.
    pub lost: Lost,
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

    /// For a part of the step.
    pub fn part(&self) -> Told {
        Told { watched: self.watched.clone(), ..Told::default() }
    }

    /// Once the step is over. Who has begun to watch meanwhile may have read a history that lacks
    /// what the step has written, and is not told that either.
    pub fn end(&mut self, watched: &Watched) {
        if !self.unwatched {
            return;
        }
        let known = |domain: &DomainKey| {
            self.watched.as_ref().is_some_and(|watched| watched.contains(domain))
        };
        let now = watched.get().unwrap_or_default();
        let new: BTreeSet<DomainKey> =
            now.iter().filter(|domain| !known(domain)).cloned().collect();
        if !new.is_empty() {
            self.lost.join(Lost::Of(new));
        }
    }

    /// The events of one transition, as they are stored.
    pub fn events(&mut self, after: &Execution, stored: &[u8]) {
        let identity = &after.identity;
        let Some(watched) = &self.watched else {
            self.unwatched = true;
            return;
        };
        let domain = (identity.scope.clone(), identity.domain.clone());
        if !watched.contains(&domain) {
            self.unwatched = true;
            return;
        }
        // What comes behind a gap would be told as if there were none.
        if self.lost.is_of(&domain) {
            return;
        }
        if self.bytes + stored.len() > STEP_BYTES_MAX && !self.news.is_empty() {
            self.lost.add(domain);
            return;
        }
        self.bytes += stored.len();
        let jsons = values::event_jsons(stored).expect("they have just been written");
        self.news.extend(jsons.into_iter().map(|json| News {
            identity: Arc::clone(identity),
            workflow_type: after.workflow_type.clone(),
            json: json.into(),
        }));
    }

    /// Takes what a part has, which goes on.
    pub fn append(&mut self, other: &mut Told) {
        self.tally.append(&mut other.tally);
        self.news.append(&mut other.news);
        self.lost.join(other.lost.clone());
        self.unwatched |= other.unwatched;
    }

    /// What a part would have told may have happened all the same. Gives back what is to be said
    /// once more when nothing of it can happen any more.
    pub fn doubt(&mut self, part: Told) -> Told {
        let Told { mut lost, news, unwatched, watched, .. } = part;
        if !news.is_empty() {
            lost.join(Lost::Of(news.iter().map(News::domain).collect()));
        }
        self.lost.join(lost.clone());
        self.unwatched |= unwatched;
        Told { lost, unwatched, watched, ..Told::default() }
    }

    /// What may be missing of it, for whoever has begun to watch by now, too.
    pub fn missing(mut self, watched: &Watched) -> Lost {
        self.end(watched);
        self.lost
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
    /// Who has watched before is told them.
    #[test]
    fn who_begins_to_watch_under_way_is_told_that_something_is_missing() {
        for (before, meanwhile, unwatched, lost) in [
            (&[][..], &["d"][..], true, &["d"][..]),
            (&["e"], &["d", "e"], true, &["d"]),
            (&["d"], &["d"], true, &[]),
            (&["d", "e"], &["d"], true, &[]),
            (&[], &["d"], false, &[]),
            (&[], &[], true, &[]),
        ] {
            let watched = Watched::default();
            watched.set(domains(before));
            let mut told = Told { unwatched, ..Told::new(&watched) };
            watched.set(domains(meanwhile));
            told.end(&watched);
            let expected = match lost {
                [] => Lost::Nothing,
                lost => Lost::Of(domains(lost)),
            };
            assert_eq!(told.lost, expected, "{before:?} {meanwhile:?} {unwatched}");
        }
    }
}
