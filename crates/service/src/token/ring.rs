//! The keys that authenticate tokens: the newest seals, and all of them open.
//!
//! So a key can be followed by another without a moment at which a token that is out there is
//! refused. What a key has sealed is refused once the key is no longer kept.
//!
//! A store that is restored of a backup gets a new key. Its events may go another way now, so what an
//! earlier key has sealed may name an event of that way: it is good only as far as the backup goes.

use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::ops::Bound;
use wire::Timestamp;

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
    /// Until when the backups hold events of which the store was restored, by the first key behind that.
    restorations: BTreeMap<KeyId, Timestamp>,
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
        Ring { keys, restorations: BTreeMap::new() }
    }

    /// The same in a store that was restored of backups that hold events until then.
    pub fn restored(self, at: impl IntoIterator<Item = (KeyId, Timestamp)>) -> Ring {
        Ring { restorations: at.into_iter().collect(), ..self }
    }

    /// Until when something may have happened that a token of this key names. None if no restoration
    /// came after the key.
    pub fn good_until(&self, id: KeyId) -> Option<Timestamp> {
        let behind = (Bound::Excluded(id), Bound::Unbounded);
        self.restorations.range(behind).map(|(_, holds_until)| *holds_until).min()
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
