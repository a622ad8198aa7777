//! A chunk: entries of one shard, in key order, and its bytes in a file. Pure.
//!
//! ```text
//! "TWBC" | format (1 byte: 1) | form (1 byte: 0 plain, 1 LZ4) | bytes of the plain form (4) | rows
//! row in its plain form: bytes of the key (2) | bytes of the value (4) | key | value
//! ```
//!
//! Numbers are big-endian. The form is chosen by what is shorter.

use super::BackupError;
use crate::contract::{Entry, KEY_BYTES_MAX};
use sha2::{Digest, Sha256};
use std::fmt;

/// The largest row that goes into a backup, in bytes of key and value. Values are far smaller.
pub const ROW_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The largest file of a chunk, in bytes: one row that does not become shorter.
pub const FILE_BYTES_MAX: usize = ROW_BYTES_MAX + HEAD_BYTES + ROW_HEAD_BYTES;

const MAGIC: &[u8; 4] = b"TWBC";
const FORMAT: u8 = 1;
const FORM_PLAIN: u8 = 0;
const FORM_LZ4: u8 = 1;
const HEAD_BYTES: usize = 10;
const ROW_HEAD_BYTES: usize = 6;

/// The SHA-256 of a chunk's file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkName(pub [u8; 32]);

impl ChunkName {
    pub fn of(file: &[u8]) -> ChunkName {
        ChunkName(Sha256::digest(file).into())
    }

    pub fn parse(text: &str) -> Option<ChunkName> {
        parse_hex(text)?.try_into().ok().map(ChunkName)
    }
}

impl fmt::Display for ChunkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for ChunkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Lower-case digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Only what [`hex`] writes.
pub fn parse_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let digit = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    digits.chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

/// Bytes that a row takes in its plain form.
pub fn row_bytes(key: &[u8], value: &[u8]) -> usize {
    ROW_HEAD_BYTES + key.len() + value.len()
}

/// Adds a row to the plain form of a chunk.
pub fn push_row(plain: &mut Vec<u8>, key: &[u8], value: &[u8]) -> Result<(), BackupError> {
    let bytes = key.len().saturating_add(value.len());
    let limits = u16::try_from(key.len()).ok().zip(u32::try_from(value.len()).ok());
    let Some((key_bytes, value_bytes)) = limits.filter(|_| bytes <= ROW_BYTES_MAX) else {
        return Err(BackupError::TooLarge { what: "a row", bytes, bytes_max: ROW_BYTES_MAX });
    };
    plain.extend(key_bytes.to_be_bytes());
    plain.extend(value_bytes.to_be_bytes());
    plain.extend(key);
    plain.extend(value);
    Ok(())
}

/// The file of a chunk.
pub fn encode(plain: &[u8]) -> Vec<u8> {
    let packed = lz4_flex::block::compress(plain);
    let (form, body) = match packed.len() < plain.len() {
        true => (FORM_LZ4, packed.as_slice()),
        false => (FORM_PLAIN, plain),
    };
    let plain_bytes = u32::try_from(plain.len()).expect("a chunk is bounded by its largest row");
    let mut file = Vec::with_capacity(HEAD_BYTES + body.len());
    file.extend(MAGIC);
    file.extend([FORMAT, form]);
    file.extend(plain_bytes.to_be_bytes());
    file.extend(body);
    file
}

/// The entries of a file, whose name has been compared. What does not decode is said in words.
pub fn decode(file: &[u8]) -> Result<Vec<Entry>, String> {
    let (head, body) = file.split_at_checked(HEAD_BYTES).ok_or("it is too short")?;
    if &head[..4] != MAGIC {
        return Err("it is no chunk".to_owned());
    }
    if head[4] != FORMAT {
        return Err(format!("its format is {}, this build reads {FORMAT}", head[4]));
    }
    let plain_bytes = u32::from_be_bytes(head[6..].try_into().expect("four bytes are left"));
    let plain_bytes = plain_bytes as usize;
    if FILE_BYTES_MAX < plain_bytes {
        return Err(format!("it says that it holds {plain_bytes} bytes"));
    }
    match head[5] {
        FORM_PLAIN => read_rows(body, plain_bytes),
        FORM_LZ4 => {
            let plain = lz4_flex::block::decompress(body, plain_bytes);
            read_rows(&plain.map_err(|error| format!("it does not unpack: {error}"))?, plain_bytes)
        }
        form => Err(format!("its form is {form}, which is unknown")),
    }
}

/// Rows of one shard, in key order, as one text of bytes: to be sent.
pub fn pack(entries: &[Entry]) -> Result<Vec<u8>, BackupError> {
    let mut plain = Vec::new();
    entries.iter().try_for_each(|(key, value)| push_row(&mut plain, key, value))?;
    Ok(encode(&plain))
}

/// What [`pack`] has packed; what is none is said in words.
pub fn unpack(packed: &[u8]) -> Result<Vec<Entry>, String> {
    decode(packed)
}

fn read_rows(plain: &[u8], plain_bytes: usize) -> Result<Vec<Entry>, String> {
    if plain.len() != plain_bytes {
        return Err(format!("it holds {} bytes and says {plain_bytes}", plain.len()));
    }
    let mut entries: Vec<Entry> = Vec::new();
    let mut rest = plain;
    while !rest.is_empty() {
        let cut = || "a row is cut short".to_owned();
        let (head, rows) = rest.split_first_chunk::<ROW_HEAD_BYTES>().ok_or_else(cut)?;
        let key_bytes = usize::from(u16::from_be_bytes([head[0], head[1]]));
        let value_bytes = u32::from_be_bytes([head[2], head[3], head[4], head[5]]) as usize;
        let (key, rows) = rows.split_at_checked(key_bytes).ok_or_else(cut)?;
        let (value, rows) = rows.split_at_checked(value_bytes).ok_or_else(cut)?;
        if KEY_BYTES_MAX < key_bytes {
            return Err(format!("a key has {key_bytes} bytes"));
        }
        if entries.last().is_some_and(|(last, _)| key <= last.as_slice()) {
            return Err("its rows are not in the order of their keys".to_owned());
        }
        entries.push((key.to_vec(), value.to_vec()));
        rest = rows;
    }
    Ok(entries)
}
