//! What a request presents to say who sends it: parts of its `Authorization` header, or of its
//! query.
//!
//! Invariant: every part that is needed is there. What they say is not looked at yet. The texts of
//! refusals are AWS's; the numbers of checks are those of access.md, section 3.4.

use super::canonical::Query;
use super::{ALGORITHM, Received};
use std::borrow::Cow;
use wire::Fault;

/// The parts, as they were sent.
pub struct Presented<'a> {
    pub form: Form,
    pub algorithm: Cow<'a, str>,
    pub credential: Cow<'a, str>,
    pub signature: Cow<'a, str>,
    pub signed_headers: Cow<'a, str>,
    pub date: Cow<'a, str>,
    /// How many seconds the signature is good for: in queries only, and there it may be left out.
    pub expires: Option<Cow<'a, str>>,
    pub session_token: Option<Cow<'a, str>>,
}

/// Where they were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Header,
    Query,
}

const ALGORITHM_PARAMETER: &str = "X-Amz-Algorithm";
/// The parameter that a signature in the query does not cover.
pub const SIGNATURE_PARAMETER: &str = "X-Amz-Signature";
/// The parameter that may be added after signing.
pub const TOKEN_PARAMETER: &str = "X-Amz-Security-Token";
const TOKEN_HEADER: &str = "x-amz-security-token";

/// Parameters that mean something else if another of the same name is read.
const CRITICAL_PARAMETERS: &[&str] = &[
    ALGORITHM_PARAMETER,
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    TOKEN_PARAMETER,
    SIGNATURE_PARAMETER,
    "X-Amz-SignedHeaders",
];

/// Headers that mean something else if another of the same name is read.
const CRITICAL_HEADERS: &[&str] = &[
    "authorization",
    "content-length",
    "date",
    "host",
    "x-amz-content-sha256",
    "x-amz-date",
    TOKEN_HEADER,
    "x-amz-target",
];

impl<'a> Presented<'a> {
    /// Reads them. If both forms are there, the header's. Checks 4 to 6.
    pub fn read(request: &Received<'a>, query: &Query) -> Result<Presented<'a>, Fault> {
        match request.value("authorization") {
            Some(header) => from_header(request, header),
            None => from_query(request, query),
        }
    }
}

/// Refuses what would leave open which of two forms, or which of several values, counts. Check 3;
/// that nothing critical is repeated comes first, and its text is ours.
pub fn check_single(request: &Received<'_>, query: &Query) -> Result<(), Fault> {
    if let Some(name) = CRITICAL_HEADERS.iter().find(|name| request.values(name).count() > 1) {
        return Err(Fault::InvalidSignature(format!("The header '{name}' must not be repeated.")));
    }
    let has_algorithm = query.values(ALGORITHM_PARAMETER).next().is_some();
    if has_algorithm && request.value("authorization").is_some() {
        let text = "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as \
                    HTTP header.";
        return Err(Fault::InvalidSignature(text.to_owned()));
    }
    let repeated = |name: &&&str| has_algorithm && query.values(name).count() > 1;
    if let Some(name) = CRITICAL_PARAMETERS.iter().find(repeated) {
        let text = format!("The query-string param '{name}' must not be repeated.");
        return Err(Fault::InvalidSignature(text));
    }
    Ok(())
}

/// Check 10.
pub fn check_algorithm(algorithm: &str) -> Result<(), Fault> {
    if algorithm == ALGORITHM {
        return Ok(());
    }
    Err(Fault::IncompleteSignature(format!(
        "Unsupported AWS 'algorithm': '{algorithm}' (only {ALGORITHM} for now). "
    )))
}

/// `AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...`, in any order, with or
/// without spaces.
fn from_header<'a>(request: &Received<'a>, header: &'a [u8]) -> Result<Presented<'a>, Fault> {
    let header = std::str::from_utf8(header).ok().filter(|header| header.is_ascii());
    let header = header.map(str::trim).filter(|header| header.starts_with("AWS4-"));
    let header = header.ok_or(Fault::MissingAuthenticationToken)?;
    let (algorithm, items) = header.split_once(char::is_whitespace).unwrap_or((header, ""));
    let (mut credential, mut signature, mut signed_headers) = (None, None, None);
    for item in items.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        let Some((name, value)) = item.split_once('=') else {
            return Err(Fault::IncompleteSignature(format!(
                "'{item}' not a valid key=value pair (missing equal-sign) in Authorization \
                 header: '{header}'."
            )));
        };
        let part = match name {
            "Credential" => &mut credential,
            "Signature" => &mut signature,
            "SignedHeaders" => &mut signed_headers,
            _ => continue, // AWS passes over what it does not know.
        };
        if part.replace(value).is_some() {
            return Err(Fault::IncompleteSignature(format!(
                "'{name}' must not be repeated in Authorization header: '{header}'."
            )));
        }
    }
    let date = request.value("x-amz-date").or_else(|| request.value("date"));
    let (Some(credential), Some(signature), Some(signed_headers), Some(date)) =
        (credential, signature, signed_headers, date)
    else {
        let mut text = String::new();
        let parts = [
            ("Credential", credential),
            ("Signature", signature),
            ("SignedHeaders", signed_headers),
        ];
        for (name, _) in parts.iter().filter(|(_, part)| part.is_none()) {
            text += &format!("Authorization header requires '{name}' parameter. ");
        }
        if date.is_none() {
            text += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' \
                     header. ";
        }
        return Err(Fault::IncompleteSignature(format!("{text}Authorization={header}")));
    };
    Ok(Presented {
        form: Form::Header,
        algorithm: algorithm.into(),
        credential: credential.into(),
        signature: signature.into(),
        signed_headers: signed_headers.into(),
        date: String::from_utf8_lossy(date),
        expires: None,
        session_token: request.value(TOKEN_HEADER).map(String::from_utf8_lossy),
    })
}

fn from_query<'a>(request: &Received<'a>, query: &Query) -> Result<Presented<'a>, Fault> {
    let read = |name: &str| {
        let value = query.values(name).next()?;
        Some(Cow::Owned(String::from_utf8_lossy(value).into_owned()))
    };
    let algorithm = read(ALGORITHM_PARAMETER).ok_or(Fault::MissingAuthenticationToken)?;
    let names = ["X-Amz-Credential", SIGNATURE_PARAMETER, "X-Amz-SignedHeaders", "X-Amz-Date"];
    let [Some(credential), Some(signature), Some(signed_headers), Some(date)] = names.map(read)
    else {
        let mut text = String::new();
        for name in names.iter().filter(|name| read(name).is_none()) {
            text += &format!("AWS query-string parameters must include '{name}'. ");
        }
        return Err(Fault::IncompleteSignature(text + "Re-examine the query-string parameters."));
    };
    let token_header = || request.value(TOKEN_HEADER).map(String::from_utf8_lossy);
    Ok(Presented {
        form: Form::Query,
        algorithm,
        credential,
        signature,
        signed_headers,
        date,
        expires: read("X-Amz-Expires"),
        session_token: read(TOKEN_PARAMETER).or_else(token_header),
    })
}
