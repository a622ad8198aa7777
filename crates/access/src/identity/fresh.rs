//! Chance that is handed in: enough of it for one operation, used once.

use super::sealing::{NONCE_BYTES, Secret};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Random bytes. Each part of them is used for one thing.
pub struct Fresh(Zeroizing<[u8; Fresh::BYTES]>);

/// What identifies something: a prefix says what.
const ID_CHARS: usize = 17;
const KEY_ID_CHARS: usize = 16;
const SECRET_BYTES: usize = 30;
const ID_BYTES: usize = 11;
const HASH_BYTES: usize = 32;

impl Fresh {
    /// How many there are.
    pub const BYTES: usize = NONCE_BYTES + SECRET_BYTES + ID_BYTES;

    /// Bytes that were just drawn from a source that nobody can predict.
    pub fn new(bytes: [u8; Fresh::BYTES]) -> Fresh {
        Fresh(Zeroizing::new(bytes))
    }

    /// Chance for one of many operations that follow from this one: nobody who does not know these
    /// bytes can tell theirs from random ones.
    pub(super) fn nth(&self, index: u32) -> Fresh {
        let mut bytes = Zeroizing::new([0; Fresh::BYTES]);
        for (part, chunk) in (0u8..).zip(bytes.chunks_mut(HASH_BYTES)) {
            let mut mac = Hmac::<Sha256>::new_from_slice(&*self.0).expect("a key has any length");
            mac.update(b"fresh 1");
            mac.update(&index.to_be_bytes());
            mac.update(&[part]);
            chunk.copy_from_slice(&mac.finalize().into_bytes()[..chunk.len()]);
        }
        Fresh(bytes)
    }

    /// For what is sealed.
    pub(super) fn nonce(&self) -> [u8; NONCE_BYTES] {
        *self.0.first_chunk().expect("there are enough")
    }

    /// A secret access key of 40 characters.
    pub(super) fn secret(&self) -> Secret {
        Secret::new(STANDARD.encode(&self.0[NONCE_BYTES..NONCE_BYTES + SECRET_BYTES]))
    }

    /// An access key's id: four letters and 16 characters.
    pub(super) fn key_id(&self, prefix: &str) -> String {
        self.named(prefix, KEY_ID_CHARS)
    }

    /// An id of anything else: four letters and 17 characters.
    pub(super) fn id(&self, prefix: &str) -> String {
        self.named(prefix, ID_CHARS)
    }

    fn named(&self, prefix: &str, chars: usize) -> String {
        const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let bytes = &self.0[NONCE_BYTES + SECRET_BYTES..];
        let bit = |at: usize| usize::from(bytes[at / 8] >> (7 - at % 8) & 1);
        let digit = |index: usize| {
            let value = (0..5).fold(0, |value, offset| value << 1 | bit(index * 5 + offset));
            char::from(DIGITS[value])
        };
        prefix.chars().chain((0..chars).map(digit)).collect()
    }
}
