//! Known signatures and dates.

use super::*;

/// 2015-08-30 12:36:00 UTC.
const NOW: Timestamp = Timestamp(1_440_938_160_000);
const BODY: &[u8] = br#"{"registrationStatus":"REGISTERED"}"#;
const HEADERS: [(&str, &str); 3] = [
    ("host", "127.0.0.1:8765"),
    ("content-type", "application/x-amz-json-1.0"),
    ("x-amz-target", "SimpleWorkflowService.ListDomains"),
];

fn signer() -> Signer {
    Signer::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1")
}

/// The vector that two independent implementations agree on.
#[test]
fn the_golden_vector() {
    let signature = signer().sign(&HEADERS, BODY, NOW);
    assert_eq!(signature.date, "20150830T123600Z");
    assert_eq!(
        signature.authorization,
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/swf/aws4_request, \
         SignedHeaders=content-type;host;x-amz-date;x-amz-target, \
         Signature=865baae9d56c62fee64e24c4599719f77a3febd516d77591ffe378da3eac2e88"
    );
}

#[test]
fn the_steps_of_the_golden_vector() {
    assert_eq!(
        canonical::body_hash(BODY),
        "480b16fde2af3a6d51239c5c94a38303a5fa48e5e08a29478db01d6169db2506"
    );
}

#[test]
fn a_session_token_is_signed_like_any_header() {
    let headers = [&HEADERS[..], &[("x-amz-security-token", "tok/+=")]].concat();
    let signature = signer().sign(&headers, BODY, NOW);
    assert!(
        signature
            .authorization
            .ends_with("7df907205091885e767db6207fdcd778de505a02478a7dd449bbd13fb68e6ecf")
    );
}

/// A header that comes twice is signed twice, as whoever verifies it will read it.
#[test]
fn a_repeated_header_is_signed_whole() {
    let sign = |headers: &[(&str, &str)]| signer().sign(headers, BODY, NOW).authorization;
    let host = ("host", "h");
    let joined = sign(&[host, ("a", "1,2")]);
    assert_eq!(sign(&[("a", "1"), host, ("a", "2")]), joined);
    assert_ne!(sign(&[("a", "2"), host, ("a", "1")]), joined);
}

#[test]
fn another_service_is_another_scope() {
    let signature = signer().for_service("iam").sign(&HEADERS, BODY, NOW);
    assert!(signature.authorization.contains("/20150830/us-east-1/iam/aws4_request, "));
}
