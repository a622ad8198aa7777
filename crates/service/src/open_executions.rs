//! How many executions of each domain are open, for the quota.
//!
//! A shard keeps a row per domain with the number of its open executions: a projection like any
//! other, written with the starts and ends that it counts. In memory the shards of a process add up
//! to one total per domain, at which a start looks, so that no start has to count anything.
//!
//! A total may be out for moments, and mends itself: a shard whose commit was not acknowledged reads
//! its rows again and corrects what it has added.

use crate::keys;
use crate::values;
use engine::Scope;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use store::{Batch, Direction, ShardId, Store, StoreError};
use wire::DomainName;

/// How many rows are read at a time.
const ROWS_PER_SCAN: usize = 1000;

type Domain = (Scope, DomainName);

/// How many executions of each domain are open in all shards of a process.
#[derive(Debug, Default)]
pub struct Totals {
    domains: Mutex<BTreeMap<Domain, Arc<AtomicU64>>>,
}

impl Totals {
    /// How many are open in a domain.
    pub fn open(&self, scope: &Scope, domain: &DomainName) -> u64 {
        let domains = self.domains.lock().expect("no holder panics");
        let total = domains.get(&(scope.clone(), domain.clone()));
        total.map_or(0, |total| total.load(Ordering::Acquire))
    }

    fn of(&self, domain: &Domain) -> Arc<AtomicU64> {
        let mut domains = self.domains.lock().expect("no holder panics");
        Arc::clone(domains.entry(domain.clone()).or_default())
    }
}

/// How many are open in one shard, and what the others add to that.
#[derive(Debug)]
pub struct OpenExecutions {
    totals: Arc<Totals>,
    domains: BTreeMap<Domain, Count>,
    /// The domains whose rows are to be written.
    changed: BTreeSet<Domain>,
    /// False until the rows have been read.
    known: bool,
}

#[derive(Debug)]
struct Count {
    /// In this shard, as far as it is decided.
    open: u64,
    /// What `open` is part of.
    total: Arc<AtomicU64>,
}

impl OpenExecutions {
    /// Knows nothing yet, and adds nothing to `totals`.
    pub fn new(totals: Arc<Totals>) -> OpenExecutions {
        let (domains, changed) = (BTreeMap::new(), BTreeSet::new());
        OpenExecutions { totals, domains, changed, known: false }
    }

    /// What is in memory may differ from the rows.
    pub fn forget(&mut self) {
        self.known = false;
        self.changed.clear();
    }

    /// True if memory is what the rows say, with everything that is staged.
    #[cfg(test)]
    pub fn is_known(&self) -> bool {
        self.known
    }

    /// Reads the rows, and corrects the totals by what has changed.
    pub fn refill(&mut self, store: &dyn Store, shard: ShardId) -> Result<(), StoreError> {
        if self.known {
            return Ok(());
        }
        let mut stored = read(store, shard)?;
        if stored.is_empty() {
            // Nothing is open, or this was written before there were such rows. Then they come with
            // the next commit, all at once.
            stored = count_listed(store, shard)?;
            self.changed = stored.keys().cloned().collect();
        }
        for (domain, count) in &mut self.domains {
            count.set(stored.remove(domain).unwrap_or(0));
        }
        for (domain, open) in stored {
            self.count(&domain).set(open);
        }
        self.known = true;
        Ok(())
    }

    /// How many executions of the domain are open in all shards.
    pub fn total(&mut self, scope: &Scope, domain: &DomainName) -> u64 {
        self.count(&(scope.clone(), domain.clone())).total.load(Ordering::Acquire)
    }

    /// One more is open. Returns how many there were in all shards, which no other start is told.
    pub fn add(&mut self, scope: &Scope, domain: &DomainName) -> u64 {
        let domain = (scope.clone(), domain.clone());
        let count = self.count(&domain);
        count.open += 1;
        let before = count.total.fetch_add(1, Ordering::AcqRel);
        self.changed.insert(domain);
        before
    }

    /// One fewer is open.
    pub fn remove(&mut self, scope: &Scope, domain: &DomainName) {
        let domain = (scope.clone(), domain.clone());
        let count = self.count(&domain);
        let Some(fewer) = count.open.checked_sub(1) else {
            // The row was wrong. That is no reason to stop the shard.
            tracing::error!(domain = %domain.1, "more executions have closed than were open");
            return;
        };
        count.open = fewer;
        count.total.fetch_sub(1, Ordering::AcqRel);
        self.changed.insert(domain);
    }

    /// Adds the rows that have changed to a batch.
    pub fn stage(&self, batch: &mut Batch) {
        for domain in &self.changed {
            let key = keys::open_count(&domain.0, &domain.1);
            match self.domains.get(domain).map_or(0, |count| count.open) {
                0 => batch.delete(key),
                open => batch.put(key, values::json(&open)),
            }
        }
    }

    /// What was staged is durable.
    pub fn committed(&mut self) {
        self.changed.clear();
    }

    fn count(&mut self, domain: &Domain) -> &mut Count {
        if !self.domains.contains_key(domain) {
            let count = Count { open: 0, total: self.totals.of(domain) };
            self.domains.insert(domain.clone(), count);
        }
        self.domains.get_mut(domain).expect("it has just been put there")
    }
}

impl Count {
    fn set(&mut self, open: u64) {
        // Modulo 2^64 the difference is right in both directions.
        self.total.fetch_add(open.wrapping_sub(self.open), Ordering::AcqRel);
        self.open = open;
    }
}

/// The rows of a shard.
fn read(store: &dyn Store, shard: ShardId) -> Result<BTreeMap<Domain, u64>, StoreError> {
    let mut stored = BTreeMap::new();
    each_row(store, shard, keys::open_counts(), |domain, bytes| {
        stored.insert(domain, values::parse_json(bytes)?);
        Ok(())
    })?;
    Ok(stored)
}

/// What the rows of a shard should say, from its list of open executions.
fn count_listed(store: &dyn Store, shard: ShardId) -> Result<BTreeMap<Domain, u64>, StoreError> {
    let mut counted = BTreeMap::new();
    each_row(store, shard, keys::listed_open(), |domain, _| {
        *counted.entry(domain).or_insert(0) += 1;
        Ok(())
    })?;
    Ok(counted)
}

fn each_row(
    store: &dyn Store,
    shard: ShardId,
    range: std::ops::Range<Vec<u8>>,
    mut visit: impl FnMut(Domain, &[u8]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut from = range.start;
    loop {
        let scanned = from.as_slice()..range.end.as_slice();
        let rows = store.scan(shard, scanned, Direction::Ascending, ROWS_PER_SCAN)?;
        for (key, bytes) in &rows {
            let domain = keys::parse_domain(key)
                .ok_or_else(|| StoreError("a key of open executions does not decode".to_owned()))?;
            visit(domain, bytes)?;
        }
        match rows.last() {
            Some((last, _)) if rows.len() == ROWS_PER_SCAN => {
                from = [last.as_slice(), &[0]].concat()
            }
            Some(_) | None => return Ok(()),
        }
    }
}
