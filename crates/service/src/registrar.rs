//! The one writer of the registry.
//!
//! Registrations are rare, so each is a commit of its own; what is in memory changes only once it
//! is durable.

use crate::{keys, values};
use engine::registry::{Change, DomainRecord};
use engine::{Limits, Registry, Scope};
use std::sync::{Arc, RwLock};
use store::{Batch, CommitError, Direction, Epoch, Store, StoreError};
use wire::{Fault, Request, Timestamp};

/// How many rows are read at a time when the registry is loaded.
const ROWS_PER_SCAN: usize = 1000;

/// See the module.
pub struct Registrar {
    owner: String,
    store: Arc<dyn Store>,
    registry: Arc<RwLock<Registry>>,
    limits: Arc<Limits>,
    /// `None` after a commit of unknown outcome, until the registry is claimed and read again.
    epoch: Option<Epoch>,
}

impl Registrar {
    /// Claims the registry and reads it.
    pub fn claim(
        owner: &str,
        store: Arc<dyn Store>,
        limits: Arc<Limits>,
    ) -> Result<Registrar, StoreError> {
        let registry = Arc::new(RwLock::new(Registry::default()));
        let owner = owner.to_owned();
        let mut registrar = Registrar { owner, store, registry, limits, epoch: None };
        registrar.ready()?;
        Ok(registrar)
    }

    /// The registry, for those who read it.
    pub fn registry(&self) -> Arc<RwLock<Registry>> {
        Arc::clone(&self.registry)
    }

    /// The key that authenticates tokens: the stored one, or else `fresh`, stored now.
    pub fn token_key(&mut self, fresh: &[u8]) -> Result<Vec<u8>, StoreError> {
        let key = keys::token_key();
        if let Some(bytes) = self.store.get(keys::REGISTRY_SHARD, &key)? {
            return Ok(values::parse_json(&bytes)?);
        }
        let epoch = self.ready()?;
        let mut batch = Batch::default();
        batch.put(key, values::json(&fresh));
        self.store
            .commit(keys::REGISTRY_SHARD, epoch, batch)
            .map_err(|error| StoreError(error.to_string()))?;
        Ok(fresh.to_vec())
    }

    /// Carries out a request that changes the registry.
    pub fn handle(
        &mut self,
        scope: &Scope,
        request: &Request,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let epoch = self.ready().map_err(|error| {
            tracing::error!(%error, "the registry is not available");
            Fault::Internal
        })?;
        let changes = {
            let registry = self.registry.read().expect("no writer panics");
            let changes = registry.apply(scope, request, &self.limits, now);
            changes.expect("the request is one of the registry's")?
        };
        let mut batch = Batch::default();
        for change in &changes {
            write(change, &mut batch);
        }
        if let Err(error) = self.store.commit(keys::REGISTRY_SHARD, epoch, batch) {
            tracing::error!(%error, "a registration was not acknowledged");
            match error {
                CommitError::Full(_) => (), // Nothing was written, and the claim still holds.
                CommitError::Fenced | CommitError::Unknown(_) => {
                    self.epoch = None;
                    // It may have taken effect: readers are to see what the store has.
                    if let Err(error) = self.ready() {
                        tracing::error!(%error, "the registry could not be read again");
                    }
                }
            }
            return Err(Fault::Internal);
        }
        let mut registry = self.registry.write().expect("no writer panics");
        changes.into_iter().for_each(|change| registry.evolve(change));
        Ok(())
    }

    /// Holds a claim, and memory is what the store has.
    fn ready(&mut self) -> Result<Epoch, StoreError> {
        if let Some(epoch) = self.epoch {
            return Ok(epoch);
        }
        let epoch = self.store.claim(keys::REGISTRY_SHARD, &self.owner)?;
        let loaded = load(&*self.store)?;
        *self.registry.write().expect("no writer panics") = loaded;
        Ok(*self.epoch.insert(epoch))
    }
}

fn write(change: &Change, batch: &mut Batch) {
    match change {
        Change::PutDomain(scope, record) => {
            batch.put(keys::domain(scope, &record.name), values::json(record));
        }
        Change::PutActivityType(scope, domain, detail) => {
            let key = keys::activity_type(scope, domain, &detail.type_info.activity_type);
            batch.put(key, values::json(detail));
        }
        Change::DeleteActivityType(scope, domain, activity_type) => {
            batch.delete(keys::activity_type(scope, domain, activity_type));
        }
        Change::PutWorkflowType(scope, domain, detail) => {
            let key = keys::workflow_type(scope, domain, &detail.type_info.workflow_type);
            batch.put(key, values::json(detail));
        }
        Change::DeleteWorkflowType(scope, domain, workflow_type) => {
            batch.delete(keys::workflow_type(scope, domain, workflow_type));
        }
    }
}

/// Folds every stored registration.
fn load(store: &dyn Store) -> Result<Registry, StoreError> {
    let mut registry = Registry::default();
    let [domains, activity_types, workflow_types] = keys::registry_tables();
    each_row(store, domains, |_, scope, bytes| {
        let record: DomainRecord = values::parse_json(bytes)?;
        registry.evolve(Change::PutDomain(scope, record));
        Ok(())
    })?;
    each_row(store, activity_types, |domain, scope, bytes| {
        registry.evolve(Change::PutActivityType(scope, domain, values::parse_json(bytes)?));
        Ok(())
    })?;
    each_row(store, workflow_types, |domain, scope, bytes| {
        registry.evolve(Change::PutWorkflowType(scope, domain, values::parse_json(bytes)?));
        Ok(())
    })?;
    Ok(registry)
}

fn each_row(
    store: &dyn Store,
    range: std::ops::Range<Vec<u8>>,
    mut visit: impl FnMut(wire::DomainName, Scope, &[u8]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut from = range.start;
    loop {
        let rows = store.scan(
            keys::REGISTRY_SHARD,
            from.as_slice()..range.end.as_slice(),
            Direction::Ascending,
            ROWS_PER_SCAN,
        )?;
        for (key, bytes) in &rows {
            let (scope, domain) = keys::parse_domain(key)
                .ok_or_else(|| StoreError("a key of the registry does not decode".to_owned()))?;
            visit(domain, scope, bytes)?;
        }
        match rows.into_iter().last() {
            Some((mut last, _)) => {
                last.push(0); // The smallest key after it.
                from = last;
            }
            None => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
