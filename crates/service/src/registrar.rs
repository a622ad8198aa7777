//! The one writer of the registry, and of the keys that authenticate tokens.
//!
//! Registrations are rare, so each is a commit of its own; what is in memory changes only once it
//! is durable.

use crate::api::Entropy;
use crate::keys::Table;
use crate::token::{KEY_BYTES, KEYS_MAX, KeyId, Tokens};
use crate::{keys, values};
use engine::registry::{Change, DomainRecord};
use engine::{Limits, Registry, Scope};
use serde::{Deserialize, Serialize};
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
    tokens: Arc<Tokens>,
    limits: Arc<Limits>,
    entropy: Arc<dyn Entropy>,
    /// `None` after a commit of unknown outcome, until the registry is claimed and read again.
    epoch: Option<Epoch>,
}

/// What came of a new key for tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenKeyRotation {
    /// The number of the new key, which seals from now on.
    pub key_id: u32,
    /// The number of the key that had to go, if one had: what it has sealed is refused from now on.
    pub retired_key_id: Option<u32>,
}

/// That the store was restored of a backup, as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Restoration {
    /// Each event that the backup has is as early as this, and none that comes after it.
    pub holds_until: Timestamp,
}

/// Everything that the registrar owns, as the store has it.
struct Claimed {
    epoch: Epoch,
    registry: Registry,
    token_keys: Vec<(KeyId, Vec<u8>)>,
    restorations: Vec<(KeyId, Timestamp)>,
}

impl Registrar {
    /// Claims the registry and reads it. Makes the first key for tokens, if there is none.
    pub fn claim(
        owner: &str,
        store: Arc<dyn Store>,
        limits: Arc<Limits>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Registrar, StoreError> {
        let Claimed { epoch, registry, token_keys, restorations } =
            claim(owner, &*store, &*entropy)?;
        Ok(Registrar {
            owner: owner.to_owned(),
            store,
            registry: Arc::new(RwLock::new(registry)),
            tokens: Arc::new(Tokens::new(token_keys).restored(restorations)),
            limits,
            entropy,
            epoch: Some(epoch),
        })
    }

    /// The registry, for those who read it.
    pub fn registry(&self) -> Arc<RwLock<Registry>> {
        Arc::clone(&self.registry)
    }

    /// Those who make and read tokens, under the keys that the store has.
    pub fn tokens(&self) -> Arc<Tokens> {
        Arc::clone(&self.tokens)
    }

    /// Makes a key that seals tokens from now on. Those under earlier keys stay good, until there
    /// are more than [`KEYS_MAX`]: then the oldest key goes.
    pub fn rotate_token_key(&mut self) -> Result<TokenKeyRotation, Fault> {
        let epoch = self.epoch_for_request()?;
        let NextKey { id, secret, retired, batch } =
            next_key(&self.tokens.key_ids(), &*self.entropy);
        self.commit(epoch, batch)?;
        self.tokens.rotate(id, &secret, retired);
        Ok(TokenKeyRotation { key_id: id.0, retired_key_id: retired.map(|retired| retired.0) })
    }

    /// Carries out a request that changes the registry.
    pub fn handle(
        &mut self,
        scope: &Scope,
        request: &Request,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let epoch = self.epoch_for_request()?;
        let changes = {
            let registry = self.registry.read().expect("no writer panics");
            let changes = registry.apply(scope, request, &self.limits, now);
            changes.expect("the request is one of the registry's")?
        };
        let mut batch = Batch::default();
        for change in &changes {
            write(change, &mut batch);
        }
        self.commit(epoch, batch)?;
        let mut registry = self.registry.write().expect("no writer panics");
        changes.into_iter().for_each(|change| registry.evolve(change));
        Ok(())
    }

    /// Writes. Unless that is acknowledged, memory is what the store has by then.
    fn commit(&mut self, epoch: Epoch, batch: Batch) -> Result<(), Fault> {
        let Err(error) = self.store.commit(keys::REGISTRY_SHARD, epoch, batch) else {
            return Ok(());
        };
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
        Err(Fault::Internal)
    }

    fn epoch_for_request(&mut self) -> Result<Epoch, Fault> {
        self.ready().map_err(|error| {
            tracing::error!(%error, "the registry is not available");
            Fault::Internal
        })
    }

    /// Holds a claim, and memory is what the store has.
    fn ready(&mut self) -> Result<Epoch, StoreError> {
        if let Some(epoch) = self.epoch {
            return Ok(epoch);
        }
        let claimed = claim(&self.owner, &*self.store, &*self.entropy)?;
        let Claimed { epoch, registry, token_keys, restorations } = claimed;
        *self.registry.write().expect("no writer panics") = registry;
        self.tokens.replace(token_keys, restorations);
        Ok(*self.epoch.insert(epoch))
    }
}

/// Makes a key for tokens in a store that no service uses; see [`Registrar::rotate_token_key`].
pub fn rotate_token_key(
    owner: &str,
    store: Arc<dyn Store>,
    entropy: Arc<dyn Entropy>,
) -> Result<TokenKeyRotation, StoreError> {
    let mut registrar = Registrar::claim(owner, store, Arc::new(Limits::AWS), entropy)?;
    // Why it was not, is in the log, where a service would have it.
    registrar
        .rotate_token_key()
        .map_err(|_fault| StoreError("the new key was not acknowledged".to_owned()))
}

/// Notes in a store that was just restored that it holds events until then: each event of the backup
/// is as early, and none that comes will be. It makes a key for tokens, too: what is sealed with an
/// earlier one is good for what is in the backup alone, since what comes now may have the numbers of
/// what is not. A server that only starts again notes nothing.
pub fn note_restoration(
    owner: &str,
    store: &dyn Store,
    entropy: &dyn Entropy,
    holds_until: Timestamp,
) -> Result<(), StoreError> {
    let Claimed { epoch, token_keys, .. } = claim(owner, store, entropy)?;
    let ids: Vec<KeyId> = token_keys.iter().map(|(id, _)| *id).collect();
    let NextKey { id, mut batch, .. } = next_key(&ids, entropy);
    batch.put(keys::restoration(id), values::json(&Restoration { holds_until }));
    let committed = store.commit(keys::REGISTRY_SHARD, epoch, batch);
    committed.map_err(|error| StoreError(error.to_string()))
}

/// A key for tokens that is to follow others.
struct NextKey {
    id: KeyId,
    secret: Vec<u8>,
    /// The key that has to go for it.
    retired: Option<KeyId>,
    batch: Batch,
}

/// `ids` are those of the keys that there are, the oldest first.
fn next_key(ids: &[KeyId], entropy: &dyn Entropy) -> NextKey {
    let newest = ids.last().expect("there is at least one key");
    let id = KeyId(newest.0.checked_add(1).expect("nobody makes as many keys"));
    let retired = ids.first().copied().filter(|_| ids.len() >= KEYS_MAX);
    let secret = fresh_secret(entropy);
    let mut batch = Batch::default();
    batch.put(keys::token_key(id), values::json(&secret));
    if let Some(retired) = retired {
        batch.delete(keys::token_key(retired));
        // No key is left that was made before this restoration, if it was one.
        batch.delete(keys::restoration(KeyId(retired.0 + 1)));
    }
    NextKey { id, secret, retired, batch }
}

/// Claims the registry's shard, and reads it.
fn claim(owner: &str, store: &dyn Store, entropy: &dyn Entropy) -> Result<Claimed, StoreError> {
    let epoch = store.claim(keys::REGISTRY_SHARD, owner)?;
    let registry = load(store)?;
    let mut token_keys = load_token_keys(store)?;
    if token_keys.is_empty() {
        let secret = fresh_secret(entropy);
        let mut batch = Batch::default();
        batch.put(keys::token_key(KeyId::FIRST), values::json(&secret));
        store
            .commit(keys::REGISTRY_SHARD, epoch, batch)
            .map_err(|error| StoreError(error.to_string()))?;
        token_keys.push((KeyId::FIRST, secret));
    }
    Ok(Claimed { epoch, registry, token_keys, restorations: load_restorations(store)? })
}

fn fresh_secret(entropy: &dyn Entropy) -> Vec<u8> {
    let mut secret = vec![0; KEY_BYTES];
    entropy.fill(&mut secret);
    secret
}

/// Every key that authenticates tokens.
fn load_token_keys(store: &dyn Store) -> Result<Vec<(KeyId, Vec<u8>)>, StoreError> {
    let range = Table::TokenKey.keys();
    let range = range.start.as_slice()..range.end.as_slice();
    let rows = store.scan(keys::REGISTRY_SHARD, range, Direction::Ascending, ROWS_PER_SCAN)?;
    let parse = |(key, bytes): (Vec<u8>, Vec<u8>)| {
        let id = keys::parse_token_key(&key)
            .ok_or_else(|| StoreError("the key of a token key does not decode".to_owned()))?;
        Ok((id, values::parse_json(&bytes)?))
    };
    rows.into_iter().map(parse).collect()
}

/// Until when the backups hold events of which the store was restored.
fn load_restorations(store: &dyn Store) -> Result<Vec<(KeyId, Timestamp)>, StoreError> {
    let range = Table::Restoration.keys();
    let range = range.start.as_slice()..range.end.as_slice();
    let rows = store.scan(keys::REGISTRY_SHARD, range, Direction::Ascending, ROWS_PER_SCAN)?;
    let parse = |(key, bytes): (Vec<u8>, Vec<u8>)| {
        let id = keys::parse_restoration(&key)
            .ok_or_else(|| StoreError("the key of a restoration does not decode".to_owned()))?;
        let Restoration { holds_until } = values::parse_json(&bytes)?;
        Ok((id, holds_until))
    };
    rows.into_iter().map(parse).collect()
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
