//! What the second fuzz target does with its input, shared with the tests: a request is read and
//! verified as if it had come over HTTP, and whatever it is, there is no panic, and no answer out
//! of proportion.
//!
//! The first line is the path and the query; then come headers, one a line; and behind an empty
//! line the body.

use access::{Claim, Credential, Received, Regions, Rules, SERVICE};
use serde_json::Value;
use wire::{Fault, Timestamp};

/// How many headers are read, as many as the server takes. More are left out.
const HEADERS_MAX: usize = 100;

/// How long a refusal may be: each byte of the request may be quoted twice, as six bytes of JSON,
/// or as the three of a replacement character, ...
const FAULT_BYTES_PER_BYTE: usize = 12;
/// ... beside what says what is wrong.
const FAULT_BYTES_BESIDE: usize = 2000;

/// When requests arrive: 2015-08-30 12:36:00 UTC.
pub const NOW: Timestamp = Timestamp(1_440_938_160_000);
/// The one secret that the verifier knows, whatever the key's name.
pub const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It does not say well enough who sends it.
    Refused,
    /// It does, but it is not who it says.
    Unproven,
    /// It is signed.
    Verified,
}

/// Reads and verifies the request of `input`, and panics if something is as it may never be.
pub fn run(input: &[u8]) -> Outcome {
    let (head, body) = cut(input, b"\n\n");
    let mut lines = head.split(|byte| *byte == b'\n');
    let target = lines.next().unwrap_or_default();
    let query_at = target.iter().position(|byte| *byte == b'?');
    let path = &target[..query_at.unwrap_or(target.len())];
    let headers: Vec<(&str, &[u8])> = lines
        .take(HEADERS_MAX)
        .map(|line| cut(line, b":"))
        .filter_map(|(name, value)| Some((std::str::from_utf8(name).ok()?, value)))
        .collect();
    let query = query_at.map(|at| &target[at + 1..]);
    let request = Received { method: "POST", path, query, headers: &headers, body };
    let believed = Credential::read(&request, SERVICE, Regions::any());
    if let Err(fault) = &believed {
        check_fault(fault, input);
    }
    let claim = match Claim::read(&request, &Rules::of_service(SERVICE), NOW) {
        Ok(claim) => claim,
        Err(fault) => {
            check_fault(&fault, input);
            return Outcome::Refused;
        }
    };
    let believed = believed.expect("what can be verified can be believed");
    assert_eq!(claim.access_key_id(), believed.access_key_id);
    assert_eq!(claim.region(), believed.region);
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    assert!(claim.region().bytes().all(plain), "{claim:?}");
    assert!((1..=Credential::REGION_BYTES_MAX).contains(&claim.region().len()), "{claim:?}");
    assert!(claim.access_key_id().bytes().all(|byte| byte.is_ascii_graphic()), "{claim:?}");
    assert!(claim.access_key_id().len() <= Credential::ACCESS_KEY_ID_BYTES_MAX, "{claim:?}");
    match claim.verify(&claim.signing_key(SECRET.as_bytes())) {
        Ok(()) => Outcome::Verified,
        Err(fault) => {
            check_fault(&fault, input);
            Outcome::Unproven
        }
    }
}

/// What is before and behind the first `needle`; nothing is behind if there is none.
fn cut<'a>(text: &'a [u8], needle: &[u8]) -> (&'a [u8], &'a [u8]) {
    match text.windows(needle.len()).position(|window| window == needle) {
        Some(at) => (&text[..at], &text[at + needle.len()..]),
        None => (text, b""),
    }
}

fn check_fault(fault: &Fault, input: &[u8]) {
    let json = fault.to_json();
    let bound = input.len() * FAULT_BYTES_PER_BYTE + FAULT_BYTES_BESIDE;
    assert!(json.len() <= bound, "{} bytes say what is wrong", json.len());
    assert_eq!(fault.status(), 400, "{fault:?}");
    serde_json::from_slice::<Value>(&json).expect("a fault is JSON");
}
