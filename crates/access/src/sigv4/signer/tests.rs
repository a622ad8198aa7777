//! Known signatures and dates.

use super::*;
use crate::sigv4::{Claim, Received, Rules};

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

/// A case of the suite that AWS publishes (`double-url-encode` in `vectors/v4`).
#[test]
fn a_path_is_signed_encoded_once_more() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/v4/double-url-encode");
    let read = |file: &str| std::fs::read_to_string(format!("{directory}/{file}")).expect("a file");
    let request = read("request.txt");
    let path = request.split(' ').nth(1).expect("a path");
    let signer = Signer { region: "us-east-2".to_owned(), ..signer().for_service("lambda") };
    let now = date::parse("20210511T154045Z").expect("a date");
    let headers = [("host", "lambda.us-east-2.amazonaws.com")];
    let signature = signer.sign_path(path, &headers, b"", now);
    let line = format!("Authorization: {}", signature.authorization);
    assert!(read("header-signed-request.txt").lines().any(|signed| signed == line), "{line}");
}

#[test]
fn a_path_is_signed_as_it_is_verified() {
    let signer = signer().for_service("lambda");
    for path in [
        "/",
        "/2015-03-31/functions/hello/invocations",
        "/base/2015-03-31/functions/arn%3Aaws%3Alambda%3A%C3%BC%2F..%2F%20%25/invocations",
        "/a//b/./c/",
    ] {
        let headers = [("host", "h"), ("x-amz-security-token", "t")];
        let signature = signer.sign_path(path, &headers, BODY, NOW);
        let headers: Vec<(&str, &[u8])> = vec![
            ("host", b"h"),
            ("x-amz-security-token", b"t"),
            ("x-amz-date", signature.date.as_bytes()),
            ("authorization", signature.authorization.as_bytes()),
        ];
        let verify = |path: &str| {
            let request = Received {
                method: "POST",
                path: path.as_bytes(),
                query: None,
                headers: &headers,
                body: BODY,
            };
            let claim = Claim::read(&request, &Rules::of_service("lambda"), NOW).expect("a claim");
            claim.verify(&claim.signing_key(signer.secret_access_key.as_bytes()))
        };
        assert_eq!(verify(path), Ok(()), "{path}");
        assert!(verify(&format!("{path}x")).is_err(), "{path}");
    }
}
