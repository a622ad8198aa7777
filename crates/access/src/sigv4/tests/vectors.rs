//! The suite that AWS publishes for signers (`vectors/README.md`), used on a verifier.

use super::message::{Message, Server};
use crate::sigv4::canonical::{self, Query, Signed};
use crate::sigv4::presented::{SIGNATURE_PARAMETER, TOKEN_PARAMETER};
use crate::sigv4::{Claim, Rules, SigningKey, SigningKeys, date};
use std::path::{Path, PathBuf};
use wire::{Fault, Timestamp};

/// One of the two ways in which each case is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Header,
    Query,
}

impl Way {
    fn prefix(self) -> &'static str {
        match self {
            Way::Header => "header",
            Way::Query => "query",
        }
    }
}

/// A directory of the suite.
pub struct Case {
    pub name: String,
    directory: PathBuf,
    context: String,
}

/// Cases from before there were contexts: only their canonical forms are known.
const WITHOUT_CONTEXT: [&str; 2] = ["double-encode-path", "double-url-encode"];

/// Every case that is signed.
pub fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/v4");
    let entries = std::fs::read_dir(root).expect("the vectors are there");
    let mut cases: Vec<Case> = entries
        .map(|entry| entry.expect("the directory can be read"))
        .map(|entry| (entry.file_name().into_string().expect("ASCII"), entry.path()))
        .filter(|(name, _)| !WITHOUT_CONTEXT.contains(&name.as_str()))
        .map(|(name, directory)| {
            let context = std::fs::read_to_string(directory.join("context.json"));
            Case { name, directory, context: context.expect("a context") }
        })
        .collect();
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    cases
}

impl Case {
    /// A file, without the ends of lines behind its last one.
    fn text(&self, way: Way, file: &str) -> String {
        let name = format!("{}-{file}.txt", way.prefix());
        let text = std::fs::read_to_string(self.directory.join(name)).expect("a file of the case");
        text.trim_end_matches('\n').to_owned()
    }

    /// The signed request, byte by byte.
    pub fn signed_request(&self, way: Way) -> Vec<u8> {
        let name = format!("{}-signed-request.txt", way.prefix());
        std::fs::read(self.directory.join(name)).expect("a signed request")
    }

    /// A member of the context. They are few and plain: each stands on a line of its own.
    fn member(&self, name: &str) -> Option<&str> {
        let start = format!("\"{name}\": ");
        let mut lines = self.context.lines().map(str::trim);
        let value = lines.find_map(|line| line.strip_prefix(&start))?;
        Some(value.trim_end_matches(',').trim_matches('"'))
    }

    fn required(&self, name: &str) -> &str {
        self.member(name).unwrap_or_else(|| panic!("{} has no {name}", self.name))
    }

    /// A server for which the case was signed, at the time at which it was.
    pub fn server(&self) -> Server<'_> {
        assert_eq!(self.required("service"), "service");
        let timestamp = self.required("timestamp").replace(['-', ':'], "");
        Server {
            rules: Rules {
                normalizes_path: self.required("normalize") == "true",
                ..Rules::of_service("service")
            },
            now: date::parse(&timestamp).expect("a date"),
            access_key_id: self.required("access_key_id"),
            secret: self.required("secret_access_key"),
            session_token: self.member("token"),
            keys: SigningKeys::new(),
        }
    }
}

#[test]
fn the_suite_is_whole() {
    assert_eq!(cases().len(), 38);
    let with = |name: &str| cases().iter().filter(|case| case.member(name).is_some()).count();
    assert_eq!((with("token"), with("omit_session_token")), (3, 2));
    let unnormalized = cases().iter().filter(|case| case.required("normalize") == "false").count();
    assert_eq!(unnormalized, 7);
}

fn check_steps(case: &Case, way: Way) {
    let server = case.server();
    let name = format!("{} {way:?}", case.name);
    let message = Message::parse(&case.signed_request(way)).expect("a request");
    message.received(|request| {
        let claim = Claim::read(request, &server.rules, server.now).expect(&name);
        let omitted = case.member("omit_session_token") == Some("true");
        let left_out: &[&str] = match (way, omitted) {
            (Way::Header, _) => &[],
            (Way::Query, false) => &[SIGNATURE_PARAMETER],
            (Way::Query, true) => &[SIGNATURE_PARAMETER, TOKEN_PARAMETER],
        };
        let canonical = claim.canonical_request(left_out, &canonical::body_hash(request.body));
        let text = String::from_utf8(canonical.clone()).expect("UTF-8");
        assert_eq!(text, case.text(way, "canonical-request"), "{name}");
        let to_sign = claim.string_to_sign(&canonical);
        assert_eq!(to_sign, case.text(way, "string-to-sign"), "{name}");
        let key = claim.signing_key(server.secret.as_bytes());
        let signature = canonical::hex(&key.sign(to_sign.as_bytes()));
        assert_eq!(signature, case.text(way, "signature"), "{name}");
        assert_eq!(claim.signature, signature, "{name}");
        assert_eq!(claim.region(), case.required("region"), "{name}");
        assert_eq!(claim.session_token(), server.session_token, "{name}");
    });
    assert_eq!(message.verified(&server), Ok(()), "{name}");
}

#[test]
fn every_case_is_verified_step_by_step() {
    for case in cases() {
        check_steps(&case, Way::Header);
        check_steps(&case, Way::Query);
    }
}

/// The secret, and the hour, make all the difference.
#[test]
fn no_case_is_verified_with_another_secret_or_later() {
    for case in cases() {
        for (way, good_for_seconds) in [(Way::Header, 15 * 60), (Way::Query, 3600)] {
            let message = Message::parse(&case.signed_request(way)).expect("a request");
            let refused = |server: &Server<'_>| {
                assert!(message.verified(server).is_err(), "{} {way:?}", case.name);
            };
            refused(&Server {
                secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEy",
                ..case.server()
            });
            refused(&Server { session_token: Some("another"), ..case.server() });
            let now = |seconds: i64| Timestamp(case.server().now.0 + seconds * 1000);
            refused(&Server { now: now(good_for_seconds + 1), ..case.server() });
            refused(&Server { now: now(-15 * 60 - 1), ..case.server() });
            let last = Server { now: now(good_for_seconds), ..case.server() };
            assert_eq!(message.verified(&last), Ok(()), "{} {way:?}", case.name);
        }
    }
}

/// A request for another service is refused though it is signed rightly.
#[test]
fn no_case_is_verified_for_another_service() {
    for case in cases() {
        let server = case.server();
        let server = Server { rules: Rules { service: "swf", ..server.rules }, ..server };
        let message = Message::parse(&case.signed_request(Way::Header)).expect("a request");
        let text = "Credential should be scoped to correct service: 'swf'. ";
        assert_eq!(message.verified(&server), Err(Fault::InvalidSignature(text.to_owned())));
    }
}

/// Paths are signed with a `%` encoded once more. These cases are signed with a date that is not
/// that of their requests, so the form is made of their parts.
#[test]
fn paths_are_encoded_twice() {
    for (name, host, path) in [
        (
            "double-encode-path",
            "tj9n5r0m12.execute-api.us-east-1.amazonaws.com",
            "/test/@connections/JBDvjfGEIAMCERw%3D",
        ),
        (
            "double-url-encode",
            "lambda.us-east-2.amazonaws.com",
            "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-west-2%3A892717189312%3Afunction%3A\
             my-rusty-fun/invocations",
        ),
    ] {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/v4").join(name);
        let read = |file: &str| std::fs::read_to_string(directory.join(file)).expect("a file");
        assert!(read("request.txt").starts_with(&format!("POST {path} HTTP/1.1\nHost:{host}\n")));
        let date: &[u8] = b"20210511T154045Z";
        let headers = [("host", vec![host.as_bytes()]), ("x-amz-date", vec![date])];
        let canonical = canonical::request(&Signed {
            method: "POST",
            path: path.as_bytes(),
            normalizes_path: true,
            query: &Query::parse(b"").canonical(&[]),
            headers: &headers,
            body_hash: &canonical::body_hash(b""),
        });
        let text = String::from_utf8(canonical.clone()).expect("ASCII");
        assert_eq!(text, read("header-canonical-request.txt").trim_end_matches('\n'), "{name}");
        if name == "double-url-encode" {
            let scope = canonical::scope("20210511", "us-east-2", "lambda");
            let text = canonical::string_to_sign("20210511T154045Z", &scope, &canonical);
            assert_eq!(text, read("header-string-to-sign.txt").trim_end_matches('\n'));
            let secret = cases()[0].required("secret_access_key").to_owned();
            let key = SigningKey::derive(secret.as_bytes(), "20210511", "us-east-2", "lambda");
            let signature = canonical::hex(&key.sign(text.as_bytes()));
            assert!(
                read("header-signed-request.txt").trim_end().ends_with(&signature),
                "{signature}"
            );
        }
    }
}
