//! Who a request claims to come from, and whether it does.
//!
//! The checks are those of access.md, section 3.4, in its order: 3 to 12 by [`Claim::read`], 14 by
//! [`Claim::verify`]. Number 13, whether there is such a key, and 15, whether the session token is
//! its own and not expired, are the caller's.

use super::canonical::{self, Query, Signed};
use super::credential::{Credential, Scope};
use super::presented::{
    Form, Presented, SIGNATURE_PARAMETER, TOKEN_PARAMETER, check_algorithm, check_single,
};
use super::{Received, Rules, SigningKey, date};
use std::fmt;
use wire::{Fault, Timestamp};

/// A request that is well signed as far as that can be seen without the secret.
pub struct Claim<'a> {
    request: Received<'a>,
    rules: Rules<'a>,
    query: Query,
    form: Form,
    credential: Credential,
    session_token: Option<String>,
    signed_at: Timestamp,
    date: String,
    signed_headers: String,
    pub(super) signature: String,
}

const SECOND_MILLISECONDS: i64 = 1000;

/// Why a request has no claim, and what is known of it nevertheless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unclaimed {
    /// What is answered.
    pub fault: Fault,
    /// The key that it names, if it does and it is a key's name.
    pub access_key_id: Option<Box<str>>,
    /// It would be well signed at another time.
    pub is_skewed: bool,
}

impl From<Fault> for Unclaimed {
    fn from(fault: Fault) -> Unclaimed {
        Unclaimed { fault, access_key_id: None, is_skewed: false }
    }
}

impl<'a> Claim<'a> {
    /// The longest that a signature in a query may be good for, in seconds: a week.
    pub const EXPIRES_SECONDS_MAX: i64 = 604_800;

    /// Reads the claim of a request that arrived at `now`.
    pub fn read(
        request: &Received<'a>,
        rules: &Rules<'a>,
        now: Timestamp,
    ) -> Result<Claim<'a>, Fault> {
        Claim::examine(request, rules, now).map_err(|unclaimed| unclaimed.fault)
    }

    /// The same for whoever wants to know more of what has no claim.
    pub fn examine(
        request: &Received<'a>,
        rules: &Rules<'a>,
        now: Timestamp,
    ) -> Result<Claim<'a>, Unclaimed> {
        let query = Query::parse(request.query.unwrap_or_default());
        check_single(request, &query)?;
        let presented = Presented::read(request, &query)?;
        let of_key = |fault| {
            let scope = Scope::parse(&presented.credential).ok();
            let access_key_id = scope.and_then(|scope| scope.key_id()).map(Box::from);
            Unclaimed { fault, access_key_id, is_skewed: false }
        };
        let signed_at = date::parse(&presented.date).ok_or_else(|| {
            of_key(Fault::IncompleteSignature(format!(
                "Date must be in ISO-8601 'basic format'. Got '{}'. \
                 See http://en.wikipedia.org/wiki/ISO_8601",
                presented.date
            )))
        })?;
        let expires_seconds = presented.expires.as_deref().map(expires_seconds).transpose();
        let expires_seconds = expires_seconds.map_err(of_key)?;
        check_time(signed_at, expires_seconds, rules, now)
            .map_err(|fault| Unclaimed { is_skewed: true, ..of_key(fault) })?;
        check_signed_headers(request, &presented.signed_headers).map_err(of_key)?;
        check_algorithm(&presented.algorithm).map_err(of_key)?;
        let scope = Scope::parse(&presented.credential).map_err(of_key)?;
        check_scope(&scope, rules, &presented.date).map_err(of_key)?;
        Ok(Claim {
            request: *request,
            rules: *rules,
            form: presented.form,
            credential: scope.credential(),
            session_token: presented.session_token.map(|token| token.into_owned()),
            signed_at,
            date: presented.date.into_owned(),
            signed_headers: presented.signed_headers.into_owned(),
            signature: presented.signature.into_owned(),
            query,
        })
    }

    /// Names the key that signed.
    pub fn access_key_id(&self) -> &str {
        &self.credential.access_key_id
    }

    /// The region in which the request acts.
    pub fn region(&self) -> &str {
        &self.credential.region
    }

    /// The service that the request is signed for.
    pub fn service(&self) -> &'static str {
        self.rules.service
    }

    /// What came with the key, if it is a temporary one. Not necessarily signed: whether it belongs
    /// to the key is for the caller to see.
    pub fn session_token(&self) -> Option<&str> {
        self.session_token.as_deref()
    }

    /// When the request says that it was signed.
    pub fn signed_at(&self) -> Timestamp {
        self.signed_at
    }

    /// The day of that, which the key is good for.
    pub fn day(&self) -> &str {
        &self.date[..date::DAY_CHARS]
    }

    /// The key that has to have signed, from the secret of the access key.
    pub fn signing_key(&self, secret: &[u8]) -> SigningKey {
        SigningKey::derive(secret, self.day(), self.region(), self.service())
    }

    /// Whether `key` signed what was received. Check 14.
    pub fn verify(&self, key: &SigningKey) -> Result<(), Fault> {
        let body_hash = canonical::body_hash(self.request.body);
        // Neither UNSIGNED-PAYLOAD nor STREAMING-... is a hash: without it the body is not signed.
        let said = self.request.value("x-amz-content-sha256");
        if said.is_some_and(|said| said != body_hash.as_bytes()) {
            return Err(mismatch());
        }
        // A session token may have been added to the query after it was signed.
        let left_out: &[&[&str]] = match self.form {
            Form::Header => &[&[]],
            Form::Query => &[&[SIGNATURE_PARAMETER], &[SIGNATURE_PARAMETER, TOKEN_PARAMETER]],
        };
        let agrees = |left_out: &&[&str]| {
            let text = self.string_to_sign(&self.canonical_request(left_out, &body_hash));
            key.agrees(text.as_bytes(), &self.signature)
        };
        if left_out.iter().any(agrees) { Ok(()) } else { Err(mismatch()) }
    }

    pub(super) fn canonical_request(&self, left_out: &[&str], body_hash: &str) -> Vec<u8> {
        let names = self.signed_headers.split(';');
        let headers: Vec<_> =
            names.map(|name| (name, self.request.values(name).collect())).collect();
        canonical::request(&Signed {
            method: self.request.method,
            path: self.request.path,
            normalizes_path: self.rules.normalizes_path,
            query: &self.query.canonical(left_out),
            headers: &headers,
            body_hash,
        })
    }

    pub(super) fn string_to_sign(&self, canonical_request: &[u8]) -> String {
        let scope = canonical::scope(self.day(), self.region(), self.service());
        canonical::string_to_sign(&self.date, &scope, canonical_request)
    }
}

/// Shows neither the session token nor the signature, nor what was signed.
impl fmt::Debug for Claim<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Claim")
            .field("credential", &self.credential)
            .field("signed_at", &self.signed_at)
            .finish_non_exhaustive()
    }
}

/// A text of ours; AWS's own services differ.
fn expires_seconds(text: &str) -> Result<i64, Fault> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = text.parse().ok().filter(|_| digits);
    let max = Claim::EXPIRES_SECONDS_MAX;
    seconds.filter(|seconds| (1..=max).contains(seconds)).ok_or_else(|| {
        Fault::IncompleteSignature(format!(
            "X-Amz-Expires must be a number of seconds from 1 to {max}. Got '{text}'."
        ))
    })
}

/// Check 8. A signature in a query that says how long it is good for may be older than the clocks
/// explain, but not younger.
fn check_time(
    signed_at: Timestamp,
    expires_seconds: Option<i64>,
    rules: &Rules<'_>,
    now: Timestamp,
) -> Result<(), Fault> {
    // To the second, as the texts are: otherwise they would call a moment earlier than itself.
    let now = now.0.saturating_sub(now.0.rem_euclid(SECOND_MILLISECONDS));
    let skew = i64::from(rules.skew_minutes) * 60 * SECOND_MILLISECONDS;
    let (age_max, age_text) = match expires_seconds {
        Some(seconds) => (seconds * SECOND_MILLISECONDS, format!("{seconds} sec.")),
        None => (skew, format!("{} min.", rules.skew_minutes)),
    };
    let text = |milliseconds| date::format(Timestamp(milliseconds));
    let (oldest, youngest) = (now.saturating_sub(age_max), now.saturating_add(skew));
    if signed_at.0 < oldest {
        return Err(Fault::InvalidSignature(format!(
            "Signature expired: {} is now earlier than {} ({} - {age_text})",
            text(signed_at.0),
            text(oldest),
            text(now)
        )));
    }
    if signed_at.0 > youngest {
        return Err(Fault::InvalidSignature(format!(
            "Signature not yet current: {} is still later than {} ({} + {} min.)",
            text(signed_at.0),
            text(youngest),
            text(now),
            rules.skew_minutes
        )));
    }
    Ok(())
}

/// Check 9, and what else has to be true of them; the texts of that are ours.
///
/// Each name is looked for among all headers, but after the first that is not there no more: the
/// work is bounded by the square of the number of headers.
fn check_signed_headers(request: &Received<'_>, signed_headers: &str) -> Result<(), Fault> {
    let is_signed = |name: &str| signed_headers.split(';').any(|signed| signed == name);
    let unsigned = |name: &str| {
        let text = format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.");
        Err(Fault::InvalidSignature(text))
    };
    if !is_signed("host") {
        return unsigned("Host");
    }
    // It says what the request asks for: without it a recorded DescribeDomain is a DeprecateDomain.
    if request.value("x-amz-target").is_some() && !is_signed("x-amz-target") {
        return unsigned("X-Amz-Target");
    }
    let mut before = "";
    for name in signed_headers.split(';') {
        if name <= before || name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(Fault::InvalidSignature(format!(
                "'SignedHeaders' must be in lower case, sorted and without repetition. \
                 Got '{signed_headers}'."
            )));
        }
        if request.value(name).is_none() {
            return Err(Fault::InvalidSignature(format!(
                "'SignedHeaders' must name headers of the request. Got '{name}'."
            )));
        }
        before = name;
    }
    Ok(())
}

/// Check 12.
fn check_scope(scope: &Scope<'_>, rules: &Rules<'_>, date: &str) -> Result<(), Fault> {
    let mut complaint = scope.complaint(rules.service, rules.regions);
    let day = &date[..date::DAY_CHARS];
    if scope.day != day {
        complaint += &format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from \
             HTTP: '{}' != '{day}', from '{date}'.",
            scope.day
        );
    }
    if complaint.is_empty() { Ok(()) } else { Err(Fault::InvalidSignature(complaint)) }
}

fn mismatch() -> Fault {
    Fault::InvalidSignature(
        "The request signature we calculated does not match the signature you provided. Check \
         your AWS Secret Access Key and signing method. Consult the service documentation for \
         details."
            .to_owned(),
    )
}
