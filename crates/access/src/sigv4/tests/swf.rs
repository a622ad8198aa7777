//! The golden requests to SWF: those that two independent implementations sign alike.

use super::message::{Message, Server};
use crate::sigv4::{Rules, SigningKeys, canonical};
use sha2::{Digest, Sha256};
use wire::Timestamp;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// 2015-08-30 12:36:00 UTC.
const NOW: Timestamp = Timestamp(1_440_938_160_000);
const TOKEN: &str = "tok/+=";
const PLAIN: &str = "865baae9d56c62fee64e24c4599719f77a3febd516d77591ffe378da3eac2e88";
const WITH_TOKEN: &str = "7df907205091885e767db6207fdcd778de505a02478a7dd449bbd13fb68e6ecf";

/// The requests, each with the server that it is for.
pub fn golden() -> Vec<(Vec<u8>, Server<'static>)> {
    let text = |token: &str, names: &str, signature: &str| {
        format!(
            "POST / HTTP/1.1\nHost: 127.0.0.1:8765\nContent-Type: application/x-amz-json-1.0\n\
             X-Amz-Target: SimpleWorkflowService.ListDomains\nX-Amz-Date: 20150830T123600Z\n{token}\
             User-Agent: golden\nAuthorization: AWS4-HMAC-SHA256 \
             Credential=AKIDEXAMPLE/20150830/us-east-1/swf/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date;{names}, Signature={signature}\n\n\
             {{\"registrationStatus\":\"REGISTERED\"}}"
        )
    };
    let server = |session_token| Server {
        rules: Rules::of_service("swf"),
        now: NOW,
        access_key_id: "AKIDEXAMPLE",
        secret: SECRET,
        session_token,
        keys: SigningKeys::new(),
    };
    let header = format!("X-Amz-Security-Token: {TOKEN}\n");
    vec![
        (text("", "x-amz-target", PLAIN).into_bytes(), server(None)),
        (
            text(&header, "x-amz-security-token;x-amz-target", WITH_TOKEN).into_bytes(),
            server(Some(TOKEN)),
        ),
    ]
}

#[test]
fn the_golden_requests_are_verified() {
    for (text, server) in golden() {
        let message = Message::parse(&text).expect("a request");
        assert_eq!(message.verified(&server), Ok(()));
        let stranger = Server { session_token: Some("another"), ..server };
        assert!(message.verified(&stranger).is_err());
    }
}

#[test]
fn the_steps_of_the_first() {
    let (text, server) = golden().swap_remove(0);
    Message::parse(&text).expect("a request").received(|request| {
        let hash = canonical::body_hash(request.body);
        assert_eq!(hash, "480b16fde2af3a6d51239c5c94a38303a5fa48e5e08a29478db01d6169db2506");
        let claim = crate::Claim::read(request, &server.rules, NOW).expect("well-formed");
        let canonical = claim.canonical_request(&[], &hash);
        assert_eq!(
            canonical::hex(&Sha256::digest(canonical)),
            "4f0fd828fd3c2bcad0709ed4eed0467169d5f664b2ea841d313c46d4ce312a2d"
        );
    });
}
