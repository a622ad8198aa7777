//! The credential scope that a request names: whose key, and what it is good for.
//!
//! Invariant: a [`Credential`] names a region that is short and plain enough to be part of names
//! and keys, and one of those that there are. Texts and order of refusals are those of AWS. Does not know whether the key exists,
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

    /// Reads the credential of a request to `service` in one of these regions, and believes it. A
    /// header wins over the query. For servers that verify nothing; others use [`Claim::read`](super::Claim::read).
    pub fn read(
        request: &Received<'_>,
        service: &str,
        regions: &Regions,
    ) -> Result<Credential, Fault> {
        let query = Query::parse(request.query.unwrap_or_default());
        let presented = Presented::read(request, &query)?;
        check_algorithm(&presented.algorithm)?;
        let scope = Scope::parse(&presented.credential)?;
        match scope.complaint(service, regions) {
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
    pub fn complaint(&self, service: &str, regions: &Regions) -> String {
        let mut text = String::new();
        if !is_key_id(self.access_key_id) {
            text += "Credential should be scoped to a valid access key. ";
        }
        let region = self.region;
        if !regions.have(region) {
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

    /// The key that it names, if that is one's name.
    pub fn key_id(&self) -> Option<&'a str> {
        is_key_id(self.access_key_id).then_some(self.access_key_id)
    }

    /// Only of a scope about which there is no complaint.
    pub fn credential(&self) -> Credential {
        Credential { access_key_id: self.access_key_id.to_owned(), region: self.region.to_owned() }
    }
}

/// The regions that there are. By default every name is one, and what is in it comes to be when it
/// is first used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Regions(Vec<String>);

static ANY: Regions = Regions(Vec::new());

impl Regions {
    /// The most regions of a list.
    pub const NAMES_MAX: usize = 64;

    /// Reads names such as `us-east-1`, with commas in between. Gives back the item that is none.
    pub fn parse(text: &str) -> Result<Regions, &str> {
        let mut names = Vec::new();
        for item in text.split(',').map(str::trim) {
            if !is_region(item) || names.len() == Regions::NAMES_MAX {
                return Err(item);
            }
            names.push(item.to_owned());
        }
        Ok(Regions(names))
    }

    /// All that can be named.
    pub fn any() -> &'static Regions {
        &ANY
    }

    /// The one that was named first, if some were.
    pub fn first(&self) -> Option<&str> {
        self.0.first().map(String::as_str)
    }

    fn have(&self, region: &str) -> bool {
        is_region(region) && (self.0.is_empty() || self.0.iter().any(|name| name == region))
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
