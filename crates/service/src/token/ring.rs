//! The keys that authenticate tokens: the newest seals, and all of them open.
//!
//! So a key can be followed by another without a moment at which a token that is out there is
//! refused. What a key has sealed is refused once the key is no longer kept.

use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::collections::BTreeMap;

/// A key's length in bytes.
pub const KEY_BYTES: usize = 32;

/// How many keys are kept. When one more is made, the oldest goes, and with it what it has sealed.
pub const KEYS_MAX: usize = 16;

/// Which key it is. They are numbered in the order in which they were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId(pub u32);

impl KeyId {
    /// That of a store's first key, the only one of earlier releases.
    pub const FIRST: KeyId = KeyId(0);
}

/// See the module. There is at least one key.
pub struct Ring {
    keys: BTreeMap<KeyId, Key>,
}

/// A key, prepared.
pub struct Key {
    mac: Hmac<Sha256>,
}

impl Ring {
    pub fn new(keys: impl IntoIterator<Item = (KeyId, Vec<u8>)>) -> Ring {
        let keys = keys.into_iter().map(|(id, secret)| (id, Key::new(&secret)));
        let keys: BTreeMap<KeyId, Key> = keys.collect();
        assert!(!keys.is_empty(), "a ring without a key");
        Ring { keys }
    }

    /// The key that seals.
    pub fn newest(&self) -> (KeyId, &Key) {
        let (id, key) = self.keys.last_key_value().expect("a ring has a key");
        (*id, key)
    }

    /// Every key's id, the oldest first.
    pub fn ids(&self) -> impl Iterator<Item = KeyId> {
        self.keys.keys().copied()
    }

    /// A key more, and perhaps one less.
    pub fn rotate(&mut self, id: KeyId, secret: &[u8], retired: Option<KeyId>) {
        self.keys.insert(id, Key::new(secret));
        if let Some(retired) = retired {
            self.keys.remove(&retired);
        }
    }

    /// A key, if it is kept.
    pub fn get(&self, id: KeyId) -> Option<&Key> {
        self.keys.get(&id)
    }
}

impl Key {
    fn new(secret: &[u8]) -> Key {
        Key { mac: Hmac::new_from_slice(secret).expect("HMAC takes a key of any length") }
    }

    /// The MAC of what is sealed for a purpose.
    pub fn mac(&self, purpose: u8, sealed: &[u8]) -> [u8; 32] {
        self.over(purpose, sealed).finalize().into_bytes().into()
    }

    /// Whether `mac` is how the MAC begins. Compares in constant time.
    pub fn verifies(&self, purpose: u8, sealed: &[u8], mac: &[u8]) -> bool {
        self.over(purpose, sealed).verify_truncated_left(mac).is_ok()
    }

    fn over(&self, purpose: u8, sealed: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        mac.update(&[purpose]);
        mac.update(sealed);
        mac
    }
}
