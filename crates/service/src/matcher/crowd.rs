//! How many polls wait in each domain and for each principal. The sessions of a role are one.
//!
//! Every poll holds one of the requests that may be in the service at once, for as long as it
//! waits. So that neither a domain nor a principal can take them all, each has a bound; the two
//! kinds of poll are counted apart, so that neither can starve the other.

use engine::Scope;
use engine::rows::{TaskKind, TaskListKey};
use std::collections::BTreeMap;
use std::sync::Arc;
use wire::DomainName;

/// How many polls of one kind may wait in a domain, unless more than that may wait on one list.
pub const DOMAIN_POLLERS_MAX: u64 = 8_000;

/// How many polls of one kind may wait for a principal.
pub const PRINCIPAL_POLLERS_MAX: u64 = 4_000;

/// How many polls may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// On one list.
    pub list: u64,
    /// In one domain, of one kind.
    pub domain: u64,
    /// For one principal, of one kind.
    pub principal: u64,
}

impl Room {
    /// With so much of it on a list.
    pub fn new(list: u64) -> Room {
        let domain = DOMAIN_POLLERS_MAX.max(list);
        Room { list, domain, principal: PRINCIPAL_POLLERS_MAX }
    }
}

/// What has no room for one more poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// The list.
    List,
    /// The domain.
    Domain,
    /// The principal.
    Principal,
}

/// See the module. What nobody waits in is not remembered.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Crowd {
    domains: BTreeMap<(TaskKind, Scope, DomainName), u64>,
    principals: BTreeMap<(TaskKind, Arc<str>), u64>,
}

impl Crowd {
    /// What has no room for one more poll, lists aside.
    pub fn full(
        &self,
        list: &TaskListKey,
        principal: Option<&Arc<str>>,
        room: Room,
    ) -> Option<Full> {
        let of_domain = self.domains.get(&domain_of(list)).copied().unwrap_or(0);
        let of_principal = principal.and_then(|arn| self.principals.get(&(list.kind, arn.clone())));
        if of_domain >= room.domain {
            Some(Full::Domain)
        } else if of_principal.is_some_and(|waiting| *waiting >= room.principal) {
            Some(Full::Principal)
        } else {
            None
        }
    }

    /// One more waits.
    pub fn enter(&mut self, list: &TaskListKey, principal: Option<&Arc<str>>) {
        *self.domains.entry(domain_of(list)).or_default() += 1;
        if let Some(arn) = principal {
            *self.principals.entry((list.kind, arn.clone())).or_default() += 1;
        }
    }

    /// One fewer does.
    pub fn leave(&mut self, list: &TaskListKey, principal: Option<&Arc<str>>) {
        one_less(&mut self.domains, &domain_of(list));
        if let Some(arn) = principal {
            one_less(&mut self.principals, &(list.kind, arn.clone()));
        }
    }
}

fn domain_of(list: &TaskListKey) -> (TaskKind, Scope, DomainName) {
    (list.kind, list.scope.clone(), list.domain.clone())
}

fn one_less<K: Ord>(waiting: &mut BTreeMap<K, u64>, key: &K) {
    let count = waiting.get_mut(key).expect("whoever leaves has entered");
    *count -= 1;
    if *count == 0 {
        waiting.remove(key);
    }
}
