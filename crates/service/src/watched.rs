//! Which domains somebody watches, for those who commit: as long as nobody watches, they look at
//! one number and are done.

use crate::feed::DomainKey;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};

/// See the module.
#[derive(Debug, Default)]
pub struct Watched {
    any: AtomicBool,
    domains: RwLock<Arc<BTreeSet<DomainKey>>>,
}

impl Watched {
    /// The domains, if there are any.
    pub fn get(&self) -> Option<Arc<BTreeSet<DomainKey>>> {
        let any = self.any.load(Ordering::Acquire);
        any.then(|| Arc::clone(&self.domains.read().expect("no writer panics")))
    }

    /// From now on it is these.
    pub fn set(&self, domains: BTreeSet<DomainKey>) {
        let any = !domains.is_empty();
        *self.domains.write().expect("no writer panics") = Arc::new(domains);
        self.any.store(any, Ordering::Release);
    }
}
