//! Seals what must be read again and must not be read by others: the secrets of access keys, and
//! the tokens of sessions.
//!
//! Invariant: what was sealed opens only under its own key, unaltered, and for the same purpose
//! (the associated data). XChaCha20-Poly1305, whose nonces are long enough to be drawn at random.
//! Does not know where master keys come from, nor draws nonces.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use zeroize::{Zeroize, Zeroizing};

/// How many master keys may be known at once.
pub const MASTER_KEYS_MAX: usize = 16;

/// The longest name of a master key.
pub const MASTER_KEY_ID_BYTES_MAX: usize = 32;

/// Bytes of a master key.
pub const MASTER_KEY_BYTES: usize = 32;

/// Bytes of a nonce.
pub const NONCE_BYTES: usize = 24;

/// A text that is cleared from memory when it is dropped, and that no `Debug` shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over.
    pub fn new(text: String) -> Secret {
        Secret(Zeroizing::new(text))
    }

    /// The text itself: for a signature, or for its owner, once.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl AsRef<[u8]> for Secret {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(..)")
    }
}

/// In the one reply that shows a secret to its owner.
impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// In a request or a document that brings a secret along.
impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
        Ok(Secret::new(String::deserialize(deserializer)?))
    }
}

/// Something that is sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// Which master key opens it, in clear.
    pub key_id: Arc<str>,
    /// In base64, as the rest.
    #[serde(with = "base64_bytes")]
    nonce: Vec<u8>,
    #[serde(with = "base64_bytes")]
    bytes: Vec<u8>,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Sealed({})", self.key_id)
    }
}

/// Why something sealed did not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// No such master key is known.
    #[error("it is sealed with the master key {0:?}, which is not given")]
    UnknownKey(Arc<str>),
    /// The master key of that name is another one, or the sealed bytes were altered.
    #[error("the master key {0:?} does not open it")]
    Refused(Arc<str>),
}

/// The master keys: the first seals, all of them open.
#[derive(Clone)]
pub struct Keyring {
    keys: Arc<[MasterKey]>,
}

struct MasterKey {
    id: Arc<str>,
    cipher: XChaCha20Poly1305,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = self.keys.iter().map(|key| &key.id);
        formatter.write_str("Keyring")?;
        formatter.debug_list().entries(ids).finish()
    }
}

/// Why a text is no key ring. Names lines, never what is in them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// There is none.
    #[error("there is no master key")]
    Empty,
    /// Too many.
    #[error("there are more than {MASTER_KEYS_MAX} master keys")]
    TooMany,
    /// A line is neither a key nor a name and a key.
    #[error("line {line} is not a name, a colon and a key")]
    Malformed {
        /// Which, from 1.
        line: usize,
    },
    /// A name is not plain.
    #[error(
        "line {line}: a master key's name is 1 to {MASTER_KEY_ID_BYTES_MAX} letters, digits, - \
         and _"
    )]
    Name {
        /// Which, from 1.
        line: usize,
    },
    /// A key is not one.
    #[error("line {line}: a master key is {MASTER_KEY_BYTES} bytes in hexadecimal or base64")]
    Key {
        /// Which, from 1.
        line: usize,
    },
    /// Two keys of one name.
    #[error("line {line} gives a name a second time")]
    Duplicate {
        /// Which, from 1.
        line: usize,
    },
}

impl Keyring {
    /// Reads a ring: a key on each line, as `name:key`, the one that seals first. Empty lines and
    /// those that begin with `#` are passed over.
    pub fn parse(text: &str) -> Result<Keyring, KeyringError> {
        let mut keys: Vec<MasterKey> = Vec::new();
        for (index, text) in text.lines().enumerate() {
            let (line, text) = (index + 1, text.trim());
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let (id, key) = text.split_once(':').ok_or(KeyringError::Malformed { line })?;
            let (id, key) = (id.trim(), key.trim());
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            if !(1..=MASTER_KEY_ID_BYTES_MAX).contains(&id.len()) || !id.bytes().all(plain) {
                return Err(KeyringError::Name { line });
            }
            if keys.iter().any(|known| &*known.id == id) {
                return Err(KeyringError::Duplicate { line });
            }
            let bytes = key_bytes(key).ok_or(KeyringError::Key { line })?;
            let cipher = XChaCha20Poly1305::new_from_slice(&bytes)
                .map_err(|_length| KeyringError::Key { line })?;
            keys.push(MasterKey { id: id.into(), cipher });
        }
        match keys.len() {
            0 => Err(KeyringError::Empty),
            count if count > MASTER_KEYS_MAX => Err(KeyringError::TooMany),
            _ => Ok(Keyring { keys: keys.into() }),
        }
    }

    /// The line of a new key, of bytes drawn at random.
    pub fn line(id: &str, bytes: &[u8; MASTER_KEY_BYTES]) -> Secret {
        let mut text = format!("{id}:");
        STANDARD.encode_string(bytes, &mut text);
        Secret::new(text)
    }

    /// The name of the key that seals.
    pub fn sealing_key_id(&self) -> &Arc<str> {
        &self.keys[0].id
    }

    /// Seals a text for a purpose. The nonce must never have been used before.
    pub fn seal(&self, text: &str, purpose: &[u8], nonce: &[u8; NONCE_BYTES]) -> Sealed {
        let key = &self.keys[0];
        let bytes = key
            .cipher
            .encrypt(XNonce::from_slice(nonce), Payload { msg: text.as_bytes(), aad: purpose })
            .expect("what is sealed is short");
        Sealed { key_id: Arc::clone(&key.id), nonce: nonce.to_vec(), bytes }
    }

    /// Opens what was sealed for the same purpose.
    pub fn open(&self, sealed: &Sealed, purpose: &[u8]) -> Result<Secret, OpenError> {
        let key = self
            .keys
            .iter()
            .find(|key| key.id == sealed.key_id)
            .ok_or_else(|| OpenError::UnknownKey(Arc::clone(&sealed.key_id)))?;
        let refused = || OpenError::Refused(Arc::clone(&sealed.key_id));
        if sealed.nonce.len() != NONCE_BYTES {
            return Err(refused());
        }
        let nonce = XNonce::from_slice(&sealed.nonce);
        let payload = Payload { msg: &sealed.bytes, aad: purpose };
        let opened = key.cipher.decrypt(nonce, payload).map_err(|_reason| refused())?;
        match String::from_utf8(opened) {
            Ok(text) => Ok(Secret::new(text)),
            Err(error) => {
                error.into_bytes().zeroize();
                Err(refused())
            }
        }
    }
}

/// The version of a sealed text's form, its first byte.
const FORM: u8 = 1;

impl Sealed {
    /// As a text for a header: base64 of a version, the key's name with its length, the nonce and
    /// what is sealed.
    pub fn to_text(&self) -> String {
        let mut bytes = vec![FORM, u8::try_from(self.key_id.len()).expect("names are short")];
        bytes.extend(self.key_id.as_bytes());
        bytes.extend(&self.nonce);
        bytes.extend(&self.bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads what [`Sealed::to_text`] wrote.
    pub fn parse(text: &str) -> Option<Sealed> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (&[form, length], rest) = bytes.split_first_chunk::<2>()?;
        let (key_id, rest) = rest.split_at_checked(usize::from(length))?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_BYTES)?;
        let key_id = std::str::from_utf8(key_id).ok()?.into();
        (form == FORM).then(|| Sealed { key_id, nonce: nonce.to_vec(), bytes: sealed.to_vec() })
    }
}

/// Hexadecimal or base64, with padding or without.
fn key_bytes(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let bytes = if text.len() == 2 * MASTER_KEY_BYTES {
        let pair = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
        if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        (0..text.len()).step_by(2).map(pair).collect::<Option<Vec<u8>>>()?
    } else {
        let plain = text.trim_end_matches('=');
        STANDARD_NO_PAD.decode(plain).or_else(|_| URL_SAFE_NO_PAD.decode(plain)).ok()?
    };
    let bytes = Zeroizing::new(bytes);
    (bytes.len() == MASTER_KEY_BYTES).then_some(bytes)
}

mod base64_bytes {
    use super::{Engine, STANDARD};
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
