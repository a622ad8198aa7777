//! A manifest: of which chunks a backup consists. Pure.
//!
//! It is JSON, for people too. Its file is named by when the backup was taken and by the digest of
//! its bytes, so that it is known whether it is what was written.

use super::BackupError;
use super::chunk::{ChunkName, hex, parse_hex};
use crate::contract::ShardId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fmt;

/// The largest manifest, in bytes: a backup of several hundred gigabytes.
pub const MANIFEST_BYTES_MAX: usize = 256 * 1024 * 1024;
/// The format that this build writes and reads.
pub const FORMAT: u32 = 1;

const DIGEST_BYTES: usize = 8;

/// When a backup was taken: `2026-11-26T10:06:36.123Z`, and no other form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TakenAt(String);

impl TakenAt {
    /// None if the text has another form.
    pub fn new(text: &str) -> Option<TakenAt> {
        const FORM: &[u8] = b"0000-00-00T00:00:00.000Z";
        let fits = |(byte, form): (u8, &u8)| match form {
            b'0' => byte.is_ascii_digit(),
            _ => byte == *form,
        };
        let is_one = text.len() == FORM.len() && text.bytes().zip(FORM).all(fits);
        is_one.then(|| TakenAt(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TakenAt {
    type Error = &'static str;

    fn try_from(text: String) -> Result<TakenAt, Self::Error> {
        TakenAt::new(&text).ok_or("it is no time in UTC with milliseconds")
    }
}

impl From<TakenAt> for String {
    fn from(time: TakenAt) -> String {
        time.0
    }
}

/// A backup's name. Later ones are larger.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BackupId(String);

impl BackupId {
    fn of(taken_at: &TakenAt, manifest: &[u8]) -> BackupId {
        let time: String = taken_at.0.chars().filter(|c| !"-:".contains(*c)).collect();
        BackupId(format!("{time}-{}", hex(&Sha256::digest(manifest)[..DIGEST_BYTES])))
    }

    /// None if it is not the name of any.
    pub fn parse(text: &str) -> Option<BackupId> {
        let (time, digest) = text.split_once('-')?;
        let is_time = time.len() == 20 && time.is_ascii() && time.ends_with('Z');
        let is_digest = parse_hex(digest)?.len() == DIGEST_BYTES;
        (is_time && is_digest).then(|| BackupId(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BackupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why bytes are no manifest that can be read.
#[derive(Debug)]
pub(super) enum Undecodable {
    /// In words.
    Damaged(String),
    /// They are what was written, in a format of a later build.
    Later(u32),
}

impl From<String> for Undecodable {
    fn from(what: String) -> Undecodable {
        Undecodable::Damaged(what)
    }
}

/// What a backup consists of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The format of manifest and chunks.
    pub format: u32,
    /// The format of what is in the rows: that of a data directory.
    pub store_format: u32,
    /// The build that made the backup.
    pub build: String,
    /// As of when it is.
    pub taken_at: TakenAt,
    /// Rows in all.
    pub rows: u64,
    /// Bytes of keys and values in all, before they were packed.
    pub bytes: u64,
    /// The shards that hold rows, in order.
    pub(super) shards: Vec<ShardOf>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ShardOf {
    pub shard: u16,
    /// In key order.
    pub chunks: Vec<ChunkOf>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChunkOf {
    pub sha256: Name,
    pub rows: u64,
    /// Its first key.
    pub first: Key,
}

/// A name as JSON has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Name(pub ChunkName);

/// A key as JSON has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Key(pub Vec<u8>);

impl TryFrom<String> for Name {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Name, Self::Error> {
        ChunkName::parse(&text).map(Name).ok_or("it is no SHA-256 in hexadecimal digits")
    }
}

impl From<Name> for String {
    fn from(name: Name) -> String {
        name.0.to_string()
    }
}

impl TryFrom<String> for Key {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Key, Self::Error> {
        parse_hex(&text).map(Key).ok_or("it is no key in hexadecimal digits")
    }
}

impl From<Key> for String {
    fn from(key: Key) -> String {
        hex(&key.0)
    }
}

impl Manifest {
    /// Its bytes and the name that follows from them.
    pub(super) fn encode(&self) -> Result<(BackupId, Vec<u8>), BackupError> {
        let mut bytes = serde_json::to_vec(self).expect("it consists of numbers and texts");
        bytes.push(b'\n');
        if MANIFEST_BYTES_MAX < bytes.len() {
            let what = "the list of all chunks";
            let (bytes, bytes_max) = (bytes.len(), MANIFEST_BYTES_MAX);
            return Err(BackupError::TooLarge { what, bytes, bytes_max });
        }
        Ok((BackupId::of(&self.taken_at, &bytes), bytes))
    }

    pub(super) fn decode(id: &BackupId, bytes: &[u8]) -> Result<Manifest, Undecodable> {
        let digest = hex(&Sha256::digest(bytes)[..DIGEST_BYTES]);
        if !id.0.ends_with(&digest) {
            return Err(format!("its digest begins with {digest}").into());
        }
        // Looked at first: a later format may be anything else.
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let head: Head = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if head.format != FORMAT {
            return Err(Undecodable::Later(head.format));
        }
        let manifest: Manifest =
            serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if BackupId::of(&manifest.taken_at, bytes) != *id {
            return Err(format!("it was taken at {}", manifest.taken_at.0).into());
        }
        manifest.check_order()?;
        Ok(manifest)
    }

    fn check_order(&self) -> Result<(), String> {
        let shards_sorted = self.shards.is_sorted_by(|one, other| one.shard < other.shard);
        let sorted = |shard: &ShardOf| {
            shard.chunks.is_sorted_by(|one, other| one.first.0 < other.first.0)
                && !shard.chunks.is_empty()
        };
        if !shards_sorted || !self.shards.iter().all(sorted) {
            return Err("its shards or chunks are not in order".to_owned());
        }
        let rows = self.shards.iter().flat_map(|shard| &shard.chunks).map(|chunk| chunk.rows);
        if rows.fold(0, u64::saturating_add) != self.rows {
            return Err("the rows of its chunks are not as many as it says".to_owned());
        }
        Ok(())
    }

    /// How many chunks there are, each counted once.
    pub fn chunks(&self) -> u64 {
        self.names().len() as u64
    }

    pub(super) fn names(&self) -> BTreeSet<ChunkName> {
        let chunks = self.shards.iter().flat_map(|shard| &shard.chunks);
        chunks.map(|chunk| chunk.sha256.0).collect()
    }

    /// The shards that hold rows, in order.
    pub fn shards(&self) -> impl Iterator<Item = ShardId> {
        self.shards.iter().map(|shard| ShardId(shard.shard))
    }
}
