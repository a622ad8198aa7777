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
    bytes: usize,
}

impl Told {
    /// For one step. What is watched later is told from the next one on.
    pub fn new(watched: &Watched) -> Told {
        Told { watched: watched.get(), ..Told::default() }
    }

    /// True if events would be told.
    pub fn is_watched(&self) -> bool {
        self.watched.is_some()
    }

    /// The events of one transition, as they are stored.
    pub fn events(&mut self, after: &Execution, stored: &[u8]) {
        let Some(watched) = &self.watched else { return };
        let identity = &after.identity;
        if !watched.contains(&(identity.scope.clone(), identity.domain.clone())) {
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
    }
}
