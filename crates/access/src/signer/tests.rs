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
        hex(&Sha256::digest(BODY)),
        "480b16fde2af3a6d51239c5c94a38303a5fa48e5e08a29478db01d6169db2506"
    );
    assert_eq!(
        hex(&signer().key("20150830")),
        "ae16c0a4968cd912c4441cb431be237051e08c5621a9fb3261bc5149fd55c0c5"
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

/// What we sign, we can read.
#[test]
fn a_signed_request_names_its_region() {
    let signature = signer().sign(&HEADERS, BODY, NOW);
    let presented = crate::Presented {
        authorization: Some(&signature.authorization),
        query: None,
        has_date: true,
    };
    let credential = crate::Credential::read(presented).expect("our own header is well-formed");
    assert_eq!(credential.access_key_id, "AKIDEXAMPLE");
    assert_eq!(credential.region, "us-east-1");
}

#[test]
fn dates() {
    for (milliseconds, text) in [
        (0, "19700101T000000Z"),
        (951_782_400_000, "20000229T000000Z"),
        (951_868_799_999, "20000229T235959Z"),
        (951_868_800_000, "20000301T000000Z"),
        (1_709_164_800_000, "20240229T000000Z"),
        (1_735_689_599_000, "20241231T235959Z"),
        (4_107_542_399_000, "21000228T235959Z"),
        (4_107_542_400_000, "21000301T000000Z"),
        (-1_000, "19691231T235959Z"),
    ] {
        assert_eq!(basic_date(Timestamp(milliseconds)), text);
    }
}
