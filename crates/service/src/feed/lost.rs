//! Of which domains there are events that nobody tells.

use super::DomainKey;
use std::collections::BTreeSet;

/// See the module. Within a domain it is not known of which runs: whoever watches one of them is
/// told that he may have missed something, too. That would take a mark for each of a domain's
/// shards, to spare those a look at their histories whose store has just failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Lost {
    /// Of none.
    #[default]
    Nothing,
    /// Of some of these, or of all of them.
    Of(BTreeSet<DomainKey>),
    /// It is not known of which.
    Everything,
}

impl Lost {
    /// True if nothing is missing.
    pub fn is_nothing(&self) -> bool {
        match self {
            Lost::Nothing => true,
            Lost::Of(domains) => domains.is_empty(),
            Lost::Everything => false,
        }
    }

    /// Whether there may be some of a domain.
    pub fn is_of(&self, domain: &DomainKey) -> bool {
        match self {
            Lost::Nothing => false,
            Lost::Of(domains) => domains.contains(domain),
            Lost::Everything => true,
        }
    }

    /// There may be some of a domain, too.
    pub fn add(&mut self, domain: DomainKey) {
        self.join(Lost::Of([domain].into()));
    }

    /// There may be those that another knows of, too.
    pub fn join(&mut self, other: Lost) {
        match (&mut *self, other) {
            (_, Lost::Nothing) | (Lost::Everything, Lost::Of(_) | Lost::Everything) => (),
            (_, Lost::Everything) => *self = Lost::Everything,
            (Lost::Nothing, Lost::Of(domains)) => *self = Lost::Of(domains),
            (Lost::Of(known), Lost::Of(mut domains)) => known.append(&mut domains),
        }
    }
}
