//! Signs requests, with the signature in the `Authorization` header.
//!
//! For our own clients. Every call of the API is a `POST` to `/` without a query, and a call of a
//! function one to a path, so nothing else is covered. Knows nothing of sockets.

use super::canonical::{self, Signed};
use super::{ALGORITHM, SigningKey, date};
use crate::SERVICE;
use std::collections::BTreeMap;
use wire::Timestamp;
use zeroize::Zeroizing;

/// An access key and the region that it is used in.
#[derive(Clone)]
pub struct Signer {
    access_key_id: String,
    secret_access_key: Zeroizing<String>,
    region: String,
    service: &'static str,
}

/// What signing adds to a request.
#[derive(Clone, PartialEq, Eq)]
pub struct Signature {
    /// The `Authorization` header.
    pub authorization: String,
    /// The `X-Amz-Date` header.
    pub date: String,
}

impl Signer {
    /// Signs with that key, for the API itself.
    pub fn new(access_key_id: &str, secret_access_key: &str, region: &str) -> Signer {
        Signer {
            access_key_id: access_key_id.to_owned(),
            secret_access_key: Zeroizing::new(secret_access_key.to_owned()),
            region: region.to_owned(),
            service: SERVICE,
        }
    }

    /// Signs for another service, such as `iam`.
    pub fn for_service(self, service: &'static str) -> Signer {
        Signer { service, ..self }
    }

    /// Signs a `POST` to `/` with `headers` (names in lower case, `host` among them) and `body`.
    /// The date header is added to those that are signed.
    pub fn sign(&self, headers: &[(&str, &str)], body: &[u8], now: Timestamp) -> Signature {
        self.sign_path("/", headers, body, now)
    }

    /// The same for a `POST` to another path, percent-encoded as it is sent.
    pub fn sign_path(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        now: Timestamp,
    ) -> Signature {
        let date = date::format(now);
        let mut signed: BTreeMap<&str, Vec<&[u8]>> = BTreeMap::new();
        for (name, value) in headers.iter().chain([&("x-amz-date", date.as_str())]) {
            signed.entry(name).or_default().push(value.as_bytes());
        }
        let signed: Vec<_> = signed.into_iter().collect();
        let canonical_request = canonical::request(&Signed {
            method: "POST",
            path: path.as_bytes(),
            normalizes_path: true,
            query: b"",
            headers: &signed,
            body_hash: &canonical::body_hash(body),
        });
        let day = &date[..date::DAY_CHARS];
        let scope = canonical::scope(day, &self.region, self.service);
        let text = canonical::string_to_sign(&date, &scope, &canonical_request);
        let secret = self.secret_access_key.as_bytes();
        let signature =
            SigningKey::derive(secret, day, &self.region, self.service).sign(text.as_bytes());
        let names = signed.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let authorization = format!(
            "{ALGORITHM} Credential={}/{scope}, SignedHeaders={names}, Signature={}",
            self.access_key_id,
            canonical::hex(&signature)
        );
        Signature { authorization, date }
    }
}

#[cfg(test)]
mod tests;
