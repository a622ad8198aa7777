//! The credential scope that a request names: whose key, and what it is good for.
//!
//! Invariant: a [`Credential`] names a region that is short and plain enough to be part of names
//! and keys. Texts and order of refusals are those of AWS. Does not know whether the key exists,
//! nor whether the signature is right.

use super::canonical::Query;
use super::presented::{Presented, check_algorithm};
use super::{Received, TERMINATOR};
use wire::Fault;

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

    /// Reads the credential of a request to `service` and believes it. A header wins over the
    /// query. For servers that verify nothing; others use [`Claim::read`](super::Claim::read).
    pub fn read(request: &Received<'_>, service: &str) -> Result<Credential, Fault> {
        let query = Query::parse(request.query.unwrap_or_default());
        let presented = Presented::read(request, &query)?;
        check_algorithm(&presented.algorithm)?;
        let scope = Scope::parse(&presented.credential)?;
        match scope.complaint(service) {
            complaint if complaint.is_empty() => Ok(scope.credential()),
            complaint => Err(Fault::IncompleteSignature(complaint)),
        }
    }
}

/// `AKID/date/region/service/aws4_request`, taken apart.
pub struct Scope<'a> {
    access_key_id: &'a str,
    pub day: &'a str,
    region: &'a str,
    service: &'a str,
    terminator: &'a str,
}

impl<'a> Scope<'a> {
    /// Check 11.
    pub fn parse(text: &'a str) -> Result<Scope<'a>, Fault> {
        let parts: Vec<&str> = text.split('/').collect();
        let [access_key_id, day, region, service, terminator] = parts[..] else {
            return Err(Fault::IncompleteSignature(format!(
                "Credential must have exactly 5 slash-delimited elements, \
                 e.g. keyid/date/region/service/term, got '{text}'"
            )));
        };
        Ok(Scope { access_key_id, day, region, service, terminator })
    }

    /// All that is wrong with the scope, its day excepted: the first part of check 12.
    pub fn complaint(&self, service: &str) -> String {
        let mut text = String::new();
        if !is_key_id(self.access_key_id) {
            text += "Credential should be scoped to a valid access key. ";
        }
        let region = self.region;
        if !is_region(region) {
            text += &format!("Credential should be scoped to a valid region, not '{region}'. ");
        }
        if self.service != service {
            text += &format!("Credential should be scoped to correct service: '{service}'. ");
        }
        let terminator = self.terminator;
        if terminator != TERMINATOR {
            text += &format!(
                "Credential should be scoped with a valid terminator: '{TERMINATOR}', \
                 not '{terminator}'. "
            );
        }
        text
    }

    /// Only of a scope about which there is no complaint.
    pub fn credential(&self) -> Credential {
        Credential { access_key_id: self.access_key_id.to_owned(), region: self.region.to_owned() }
    }
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

#[cfg(test)]
mod tests;
