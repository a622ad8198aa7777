//! Signatures of requests in AWS's way, version 4 (SigV4): made, read and verified.
//!
//! Two stages, so that the caller can look up the key in between: [`Claim::read`] says who a
//! request claims to come from, [`Claim::verify`] whether it does. Invariant: what is verified is
//! what was received. The body's hash is computed from its bytes, and signing and verifying share
//! one canonical form. Does not know which keys there are, nor what they may do.

mod canonical;
mod claim;
mod credential;
mod date;
mod key;
mod presented;
mod signer;

pub use claim::{Claim, Unclaimed};
pub use credential::{Credential, Regions};
pub use date::iso_date;
pub use key::{SigningKey, SigningKeys};
pub use signer::{Signature, Signer};

/// The last part of a credential scope.
const TERMINATOR: &str = "aws4_request";
/// The only way of signing that is known here.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// A request as it was received, unchanged: the signature covers bytes.
///
/// Cannot be shown for debugging, and neither can [`Signature`]: for a while, who has the
/// `Authorization` header has the request, and who has a session token needs only the secret.
#[derive(Clone, Copy)]
pub struct Received<'a> {
    /// Such as `POST`.
    pub method: &'a str,
    /// The path, percent-encoded as it came.
    pub path: &'a [u8],
    /// The query, without the question mark.
    pub query: Option<&'a [u8]>,
    /// Names in any case, values as they came; in order, and with every repetition.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The whole body, what was chunked put together.
    pub body: &'a [u8],
}

impl<'a> Received<'a> {
    /// The values of a header, `name` in lower case.
    fn values(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let named =
            self.headers.iter().filter(move |(header, _)| header.eq_ignore_ascii_case(name));
        named.map(|(_, value)| *value)
    }

    /// The first value of a header, without the spaces around it, which HTTP does not count.
    fn value(&self, name: &str) -> Option<&'a [u8]> {
        self.values(name).next().map(<[u8]>::trim_ascii)
    }
}

/// What a verifier asks of signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules<'a> {
    /// The service that signatures have to be made for, such as `swf`.
    pub service: &'static str,
    /// The regions that they may be made for.
    pub regions: &'a Regions,
    /// How far the clocks of clients may be off, either way.
    pub skew_minutes: u32,
    /// Whether `/a/./b//c/..` is signed as `/a/b/`. All services but S3 do; ours have one path.
    pub normalizes_path: bool,
}

impl Rules<'_> {
    /// AWS's documentation says five minutes, its services answer with fifteen.
    pub const SKEW_MINUTES_DEFAULT: u32 = 15;

    /// The rules for requests to `service`, in any region.
    pub fn of_service(service: &'static str) -> Rules<'static> {
        Rules {
            service,
            regions: Regions::any(),
            skew_minutes: Rules::SKEW_MINUTES_DEFAULT,
            normalizes_path: true,
        }
    }
}

#[cfg(test)]
mod tests;
