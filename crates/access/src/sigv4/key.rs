//! Signing keys: derived from a secret for one day, region and service, and kept for the next
//! request.
//!
//! Invariant: a key and the secret that it is derived from are wiped from where they are kept here
//! when they are dropped, and neither is ever shown. (The hash functions' own state is not wiped;
//! it holds the key until the stack is used again.)

use super::{Claim, TERMINATOR};
use hmac::{Hmac, Mac};
use lru::LruCache;
use sha2::Sha256;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use subtle::ConstantTimeEq;
use wire::Fault;
use zeroize::Zeroizing;

/// A key for one day, region and service. Clones share one place in memory.
#[derive(Clone)]
pub struct SigningKey(Arc<Zeroizing<[u8; 32]>>);

impl SigningKey {
    /// Derives the key of a `day` such as `20150830` from a secret access key.
    pub fn derive(secret: &[u8], day: &str, region: &str, service: &str) -> SigningKey {
        let mut first = Zeroizing::new(Vec::with_capacity(4 + secret.len()));
        first.extend_from_slice(b"AWS4");
        first.extend_from_slice(secret);
        let mut key = Zeroizing::new(keyed_hash(&first, day.as_bytes()));
        for part in [region, service, TERMINATOR] {
            *key = keyed_hash(&*key, part.as_bytes());
        }
        SigningKey(Arc::new(key))
    }

    /// The signature of a text.
    pub(super) fn sign(&self, text: &[u8]) -> [u8; 32] {
        keyed_hash(&**self.0, text)
    }

    /// Whether `signature`, in hexadecimal, is that of `text`. Takes as long whatever differs.
    pub(super) fn agrees(&self, text: &[u8], signature: &str) -> bool {
        let expected = super::canonical::hex(&self.sign(text));
        expected.as_bytes().ct_eq(signature.as_bytes()).into()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SigningKey(..)")
    }
}

fn keyed_hash(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key may have any length");
    mac.update(text);
    mac.finalize().into_bytes().into()
}

/// The keys that signed requests lately, so that a secret stays sealed most of the time.
///
/// Belongs to one state of the identities: a key is taken from here without a look at the secret.
/// So whoever replaces the state begins with new ones; [`SigningKeys::clear`] leaves open that a
/// request which found the former secret just before puts its key in again.
pub struct SigningKeys {
    keys_max: usize,
    keys: Mutex<LruCache<KeyName, SigningKey>>,
}

/// What a key is good for.
#[derive(PartialEq, Eq, Hash)]
struct KeyName {
    access_key_id: String,
    day: String,
    region: String,
    service: &'static str,
}

impl SigningKeys {
    /// How many keys are kept; the one that is used least lately is the first to go.
    pub const KEYS_MAX: usize = 4096;

    /// None yet.
    pub fn new() -> SigningKeys {
        SigningKeys::bounded(Self::KEYS_MAX)
    }

    fn bounded(keys_max: usize) -> SigningKeys {
        // Unbounded, as far as the cache knows: a bounded one takes all its room at once.
        SigningKeys { keys_max, keys: Mutex::new(LruCache::unbounded()) }
    }

    /// Verifies `claim`, whose key is derived from what `secret` gives unless it is here.
    ///
    /// Only a key that verified something is kept: who cannot sign cannot push out others' keys.
    pub fn verify<S: AsRef<[u8]>, E: From<Fault>>(
        &self,
        claim: &Claim<'_>,
        secret: impl FnOnce() -> Result<S, E>,
    ) -> Result<(), E> {
        let name = KeyName {
            access_key_id: claim.access_key_id().to_owned(),
            day: claim.day().to_owned(),
            region: claim.region().to_owned(),
            service: claim.service(),
        };
        let kept = self.locked().get(&name).cloned();
        if let Some(key) = kept {
            return Ok(claim.verify(&key)?);
        }
        let key = claim.signing_key(secret()?.as_ref());
        claim.verify(&key)?;
        let mut keys = self.locked();
        keys.put(name, key);
        while keys.len() > self.keys_max {
            keys.pop_lru();
        }
        Ok(())
    }

    /// Forgets all of them.
    pub fn clear(&self) {
        self.locked().clear();
    }

    /// Nothing is done under the lock that could leave the keys half changed.
    fn locked(&self) -> MutexGuard<'_, LruCache<KeyName, SigningKey>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for SigningKeys {
    fn default() -> SigningKeys {
        SigningKeys::new()
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SigningKeys(..)")
    }
}

#[cfg(test)]
mod tests;
