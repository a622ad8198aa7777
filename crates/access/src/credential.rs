//! The credential that a request presents, in its `Authorization` header or in its query.
//!
//! Invariant: a [`Credential`] names a region that is short and plain enough to be part of names
//! and keys. Texts and order of refusals are those of AWS. Does not know
//! whether the key exists, nor whether the signature is right: nobody checks that yet.

use crate::{ALGORITHM, SERVICE, TERMINATOR};
use std::collections::BTreeMap;
use wire::Fault;

/// The parts of a request that say who sends it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Presented<'a> {
    /// The `Authorization` header.
    pub authorization: Option<&'a str>,
    /// The query, without the question mark.
    pub query: Option<&'a str>,
    /// Whether there is an `X-Amz-Date` or a `Date` header.
    pub has_date: bool,
}

/// What a request says of its sender. Unverified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Names the secret that signed the request.
    pub access_key_id: String,
    /// Such as `us-east-1`: names are unique within it.
    pub region: String,
}

impl Credential {
    /// The longest region, in bytes; AWS's own have at most fifteen.
    pub const REGION_BYTES_MAX: usize = 32;
    /// The longest access key id, in bytes: IAM's bound.
    pub const ACCESS_KEY_ID_BYTES_MAX: usize = 128;

    /// Reads the credential of a request. A header wins over the query.
    pub fn read(presented: Presented<'_>) -> Result<Credential, Fault> {
        match (presented.authorization, presented.query) {
            (Some(header), _) => from_header(header, presented.has_date),
            (None, Some(query)) => from_query(query),
            (None, None) => Err(Fault::MissingAuthenticationToken),
        }
    }

    /// Reads `AKID/date/region/service/aws4_request`.
    fn parse(text: &str) -> Result<Credential, Fault> {
        let parts: Vec<&str> = text.split('/').collect();
        let [access_key_id, _date, region, service, terminator] = parts[..] else {
            return Err(incomplete(format!(
                "Credential must have exactly 5 slash-delimited elements, \
                 e.g. keyid/date/region/service/term, got '{text}'"
            )));
        };
        let mut wrong = String::new();
        if !is_key_id(access_key_id) {
            wrong += "Credential should be scoped to a valid access key. ";
        }
        if !is_region(region) {
            wrong += &format!("Credential should be scoped to a valid region, not '{region}'. ");
        }
        if service != SERVICE {
            wrong += &format!("Credential should be scoped to correct service: '{SERVICE}'. ");
        }
        if terminator != TERMINATOR {
            wrong += &format!(
                "Credential should be scoped with a valid terminator: '{TERMINATOR}', \
                 not '{terminator}'. "
            );
        }
        if !wrong.is_empty() {
            return Err(incomplete(wrong));
        }
        Ok(Credential { access_key_id: access_key_id.to_owned(), region: region.to_owned() })
    }
}

fn from_header(header: &str, has_date: bool) -> Result<Credential, Fault> {
    let header = header.trim();
    if !header.starts_with("AWS4-") {
        return Err(Fault::MissingAuthenticationToken);
    }
    let (algorithm, items) = header.split_once(char::is_whitespace).unwrap_or((header, ""));
    let mut parts = BTreeMap::new();
    for item in items.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        let Some((name, value)) = item.split_once('=') else {
            return Err(incomplete(format!(
                "'{item}' not a valid key=value pair (missing equal-sign) in Authorization \
                 header: '{header}'."
            )));
        };
        parts.insert(name, value);
    }
    let mut missing = String::new();
    for name in ["Credential", "Signature", "SignedHeaders"] {
        if !parts.contains_key(name) {
            missing += &format!("Authorization header requires '{name}' parameter. ");
        }
    }
    if !has_date {
        missing += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' \
                    header. ";
    }
    match parts.get("Credential") {
        Some(credential) if missing.is_empty() => {
            check_algorithm(algorithm)?;
            Credential::parse(credential)
        }
        Some(_) | None => Err(incomplete(format!("{missing}Authorization={header}"))),
    }
}

fn from_query(query: &str) -> Result<Credential, Fault> {
    let mut parts = BTreeMap::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        parts.insert(percent_decoded(name), percent_decoded(value));
    }
    let Some(algorithm) = parts.get("X-Amz-Algorithm") else {
        return Err(Fault::MissingAuthenticationToken);
    };
    let mut missing = String::new();
    for name in ["X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"] {
        if !parts.contains_key(name) {
            missing += &format!("AWS query-string parameters must include '{name}'. ");
        }
    }
    match parts.get("X-Amz-Credential") {
        Some(credential) if missing.is_empty() => {
            check_algorithm(algorithm)?;
            Credential::parse(credential)
        }
        Some(_) | None => {
            Err(incomplete(format!("{missing}Re-examine the query-string parameters.")))
        }
    }
}

fn check_algorithm(algorithm: &str) -> Result<(), Fault> {
    if algorithm == ALGORITHM {
        return Ok(());
    }
    Err(incomplete(format!(
        "Unsupported AWS 'algorithm': '{algorithm}' (only {ALGORITHM} for now). "
    )))
}

/// A region is part of every name's key, so it is kept short and plain.
fn is_region(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=Credential::REGION_BYTES_MAX).contains(&text.len()) && text.bytes().all(plain)
}

fn is_key_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic();
    (1..=Credential::ACCESS_KEY_ID_BYTES_MAX).contains(&text.len()) && text.bytes().all(plain)
}

/// Undoes `%2F` and the like; what is no such sequence stays as it is.
fn percent_decoded(text: &str) -> String {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(u8::try_from(high * 16 + low).expect("two hex digits are a byte"));
                at += 3;
            }
            _ => {
                decoded.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn incomplete(text: String) -> Fault {
    Fault::IncompleteSignature(text)
}

#[cfg(test)]
mod tests;
