//! Requests of those who are told apart: the rows of access.md, section 3.4, in its order; and what
//! becomes of a key or a session while somebody uses it.

use super::*;
use crate::administer::Administration;
use crate::authentication::Verifier;
use access::identity::{Document, IdentityRequest, ImportIdentities, Keyring, MASTER_KEY_BYTES};
use access::{Regions, Signer};
use serde_json::json;
use service::{Asking, Clock, Credentials, Identities};
use std::sync::atomic::{AtomicI64, AtomicU8};

pub const HOST: &str = "127.0.0.1:8765";
pub const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const NOON: i64 = 1_440_938_160_000; // 2015-08-30T12:36:00Z
const ACCOUNT: &str = "123456789012";
pub const LIST: &str = r#"{"registrationStatus":"REGISTERED"}"#;

/// A clock that goes when it is told to.
pub struct Hand(AtomicI64);

impl Hand {
    pub fn go(&self, minutes: i64) {
        self.0.fetch_add(minutes * 60_000, Ordering::Relaxed);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

/// Different bytes each time.
#[derive(Default)]
struct Counted(AtomicU8);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        let start = self.0.fetch_add(1, Ordering::Relaxed);
        for (at, byte) in (0..=u8::MAX).cycle().zip(bytes) {
            *byte = start.wrapping_mul(31).wrapping_add(at);
        }
    }
}

/// A server with a few people who have keys:
/// `ada` may do everything to workflows, `bob` may list domains if he calls from where the tests
/// do, and `eve` may do nothing. Each has a key of that name, and ada that of AWS's examples.
pub struct World {
    pub pipeline: Pipeline,
    pub clock: Arc<Hand>,
    pub administration: Arc<Administration>,
}

impl World {
    pub fn new() -> World {
        let clock = Arc::new(Hand(AtomicI64::new(NOON)));
        let entropy = Arc::new(Counted::default());
        let line = Keyring::line("test", &[7; MASTER_KEY_BYTES]);
        let keyring = Keyring::parse(line.expose()).expect("a line is a ring");
        let store = Arc::new(store::memory::Memory::default());
        let identities =
            Identities::open("test", store.clone(), entropy.clone(), keyring, clock.now());
        let identities = identities.expect("an empty store has no identities");
        let administration = Arc::new(Administration::new(identities, clock.clone()));
        let statement = |sid: &str, action: &str| {
            json!({ "Version": "2012-10-17",
                "Statement": { "Sid": sid, "Effect": "Allow", "Action": action, "Resource": "*" } })
        };
        let key = |id: &str| json!([{ "id": id, "secret": SECRET }]);
        let mut lister = statement("Here", "swf:ListDomains");
        lister["Statement"]["Condition"] = json!({ "IpAddress": { "aws:SourceIp": "127.0.0.1" } });
        let trust = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow",
            "Action": "sts:AssumeRole", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") } } });
        let document = json!({ "account": [{
            "id": ACCOUNT,
            "root_key": [{ "id": "AKIAROOT000000000000", "secret": SECRET }],
            "user": [
                { "name": "ada", "key": key("AKIDEXAMPLE"), "policies": {
                    "all": statement("All", "swf:*"), "role": statement("Role", "sts:AssumeRole") } },
                { "name": "bob", "key": key("AKIABOB0000000000000"),
                    "policies": { "list": lister } },
                { "name": "eve", "key": key("AKIAEVE0000000000000") },
            ],
            "role": [{ "name": "worker", "trust": trust,
                "policies": { "all": statement("Work", "swf:*") } }],
        }] });
        let document: Document = serde_json::from_value(document).expect("a document");
        let world = World { pipeline: pipeline(), clock: clock.clone(), administration };
        world.change(ImportIdentities { document, prune: false, dry_run: false }.into());
        let options = service::Options {
            poll_hold: Duration::from_secs(1),
            credentials: Some(Arc::new(world.administration.reader()) as Arc<dyn Credentials>),
            ..service::Options::default()
        };
        let service = Service::open(store, clock.clone(), entropy, options);
        let service = Arc::new(service.expect("a store in memory opens"));
        let verifier = Verifier::new(world.administration.clone(), clock, 15);
        let authentication = Authentication::Signatures(Box::new(verifier));
        let proxies = TrustedProxies::default();
        let pipeline = Pipeline::new(service, Arc::new(Fixed), proxies, authentication);
        World { pipeline, ..world }
    }

    fn change(&self, request: IdentityRequest) -> Value {
        let asking = Asking {
            account: ACCOUNT,
            caller: None,
            origin: None,
            region: "us-east-1",
            short_secrets: false,
        };
        let now = self.clock.now();
        let reply =
            self.administration.with(|identities| identities.handle(&request, &asking, now));
        serde_json::to_value(reply.expect("it is right")).expect("replies have text keys")
    }

    /// An operation on the identities, as if on the data directory.
    pub fn administer(&self, operation: &str, body: Value) -> Value {
        let request = IdentityRequest::parse(operation, body.to_string().as_bytes());
        self.change(request.expect("it is right"))
    }

    #[track_caller]
    pub fn check(&self, request: Request<Full<Bytes>>, expected: &str) {
        check_on(&self.pipeline, request, expected);
    }

    /// A call of one of them, signed now.
    pub fn signed(&self, key: &str, operation: &str, body: &str) -> Request<Full<Bytes>> {
        self.signed_with(&Signer::new(key, SECRET, "us-east-1"), &[], operation, body)
    }

    pub fn signed_with(
        &self,
        signer: &Signer,
        more: &[(&'static str, &str)],
        operation: &str,
        body: &str,
    ) -> Request<Full<Bytes>> {
        let target = match operation.contains('.') {
            true => operation.to_owned(),
            false => format!("SimpleWorkflowService.{operation}"),
        };
        let mut headers = vec![
            ("host", HOST),
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-target", &*target),
        ];
        headers.extend(more.iter().copied());
        let signature = signer.sign(&headers, body.as_bytes(), self.clock.now());
        let mut request = Request::post("/")
            .header("x-amz-date", signature.date)
            .header("authorization", signature.authorization);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let body = Full::new(Bytes::copy_from_slice(body.as_bytes()));
        request.body(body).expect("a well-formed request")
    }

    /// Credentials of a session: the signer and the token.
    pub fn session(&self) -> (Signer, String) {
        let role = format!("arn:aws:iam::{ACCOUNT}:role/worker");
        let ask = json!({ "RoleArn": role, "RoleSessionName": "shift", "DurationSeconds": 900 });
        let signer = Signer::new("AKIDEXAMPLE", SECRET, "us-east-1").for_service("iam");
        let operation = "TidewheelIdentity.AssumeRole";
        let request = self.signed_with(&signer, &[], operation, &ask.to_string());
        let (status, body) = exchange(&self.pipeline, request);
        assert_eq!(status, 200, "{body}");
        let answer: Value = serde_json::from_str(&body).expect("JSON");
        let text = |name: &str| answer["Credentials"][name].as_str().expect("a text").to_owned();
        let signer = Signer::new(&text("AccessKeyId"), &text("SecretAccessKey"), "us-east-1");
        (signer, text("SessionToken"))
    }
}

pub fn exchange(pipeline: &Pipeline, request: Request<impl Body<Data = Bytes>>) -> (u16, String) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime starts").block_on(async {
        let (parts, body) = pipeline.handle(PEER, request).await.into_parts();
        let body = body.collect().await.expect("the body is whole").to_bytes();
        (parts.status.as_u16(), String::from_utf8(body.to_vec()).expect("replies are UTF-8"))
    })
}

fn fault(code: &str, text: &str) -> String {
    let text = serde_json::to_string(text).expect("a text");
    format!(r#"400 {{"__type":"{CORAL}{code}","message":{text}}}"#)
}

pub fn unrecognized() -> String {
    let text = "The security token included in the request is invalid.";
    fault("UnrecognizedClientException", text)
}

fn mismatch() -> String {
    fault(
        "InvalidSignatureException",
        "The request signature we calculated does not match the signature you provided. Check your \
         AWS Secret Access Key and signing method. Consult the service documentation for details.",
    )
}

fn expired() -> String {
    let text = "The security token included in the request is expired";
    fault("ExpiredTokenException", text)
}

fn denied(user: &str, action: &str, domain: &str) -> String {
    fault(
        "AccessDeniedException",
        &format!(
            "User: arn:aws:iam::{ACCOUNT}:user/{user} is not authorized to perform: swf:{action} on \
             resource: arn:aws:swf:us-east-1:{ACCOUNT}:/domain/{domain} because no identity-based \
             policy allows the swf:{action} action"
        ),
    )
}

const NOTHING: &str = r#"200 {"domainInfos":[]}"#;

/// Changes the header that says who signs.
fn authorization(
    mut request: Request<Full<Bytes>>,
    change: impl FnOnce(String) -> String,
) -> Request<Full<Bytes>> {
    let value = request.headers()["authorization"].to_str().expect("text").to_owned();
    request.headers_mut().insert("authorization", change(value).parse().expect("a value"));
    request
}

/// One row of each number, all through the pipeline; the verifier's own tests have the rest.
#[test]
fn the_rows_of_the_table() {
    const INVALID: &str = "InvalidSignatureException";
    const INCOMPLETE: &str = "IncompleteSignatureException";
    let world = World::new();
    let good = || world.signed("AKIDEXAMPLE", "ListDomains", LIST);
    let header = good().headers()["authorization"].to_str().expect("text").to_owned();
    let replaced = |from: &str, to: &str| authorization(good(), |text| text.replace(from, to));
    world.check(good(), NOTHING);
    // 1
    world.check(with(good(), "content-type", "text/plain"), NOT_A_CALL);
    // 2
    world.check(with(good(), "x-amz-target", "SimpleWorkflowService.Bogus"), &unknown_operation());
    world.check(with(good(), "x-amz-target", "TidewheelIdentity.Bogus"), &unknown_operation());
    world.check(with(good(), "x-amz-target", "TidewheelOperations.Bogus"), &unknown_operation());
    // 3
    let mut both = good();
    *both.uri_mut() = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256".parse().expect("a query");
    let text = "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP \
                header.";
    world.check(both, &fault(INVALID, text));
    // 4
    world.check(without(good(), "authorization"), &missing_token());
    world.check(with(good(), "authorization", "Bearer x"), &missing_token());
    // 5
    let text = "'x' not a valid key=value pair (missing equal-sign) in Authorization header: \
                'AWS4-HMAC-SHA256 x'.";
    world.check(with(good(), "authorization", "AWS4-HMAC-SHA256 x"), &fault(INCOMPLETE, text));
    // 6
    let text = "Authorization header requires 'Credential' parameter. Authorization header \
                requires 'Signature' parameter. Authorization header requires 'SignedHeaders' \
                parameter. Authorization=AWS4-HMAC-SHA256";
    world.check(with(good(), "authorization", "AWS4-HMAC-SHA256"), &fault(INCOMPLETE, text));
    let mut query = without(good(), "authorization");
    *query.uri_mut() = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256".parse().expect("a query");
    let text = "AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string \
                parameters must include 'X-Amz-Signature'. AWS query-string parameters must include \
                'X-Amz-SignedHeaders'. AWS query-string parameters must include 'X-Amz-Date'. \
                Re-examine the query-string parameters.";
    world.check(query, &fault(INCOMPLETE, text));
    // 7
    let text = "Date must be in ISO-8601 'basic format'. Got 'noon'. See \
                http://en.wikipedia.org/wiki/ISO_8601";
    world.check(with(good(), "x-amz-date", "noon"), &fault(INCOMPLETE, text));
    // 8: see below.
    // 9
    let text = "'Host' must be a 'SignedHeader' in the AWS Authorization.";
    world.check(replaced("host;", ""), &fault(INVALID, text));
    let text = "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.";
    world.check(replaced(";x-amz-target", ""), &fault(INVALID, text));
    // 10
    let text = "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256' (only AWS4-HMAC-SHA256 for \
                now). ";
    world.check(replaced("AWS4-HMAC-SHA256 ", "AWS4-ECDSA-P256-SHA256 "), &fault(INCOMPLETE, text));
    // 11
    let text = "Credential must have exactly 5 slash-delimited elements, e.g. \
                keyid/date/region/service/term, got 'AKIDEXAMPLE'";
    let scope = "/20150830/us-east-1/swf/aws4_request";
    world.check(replaced(scope, ""), &fault(INCOMPLETE, text));
    // 12
    let text = "Credential should be scoped to correct service: 'swf'. ";
    world.check(replaced("/swf/", "/iam/"), &fault(INVALID, text));
    let text = "Credential should be scoped to correct service: 'iam'. ";
    let identities = world.signed("AKIDEXAMPLE", "TidewheelIdentity.GetCallerIdentity", "{}");
    world.check(identities, &fault(INVALID, text));
    // 13
    world.check(replaced("AKIDEXAMPLE", "AKIANOBODY0000000000"), &unrecognized());
    // 14
    world.check(replaced("Signature=", "Signature=0"), &mismatch());
    let wrong = Signer::new("AKIDEXAMPLE", "wrong", "us-east-1");
    world.check(world.signed_with(&wrong, &[], "ListDomains", LIST), &mismatch());
    let other_body = world.signed("AKIDEXAMPLE", "ListDomains", "{}");
    let (parts, _) = other_body.into_parts();
    let body = Full::new(Bytes::from_static(LIST.as_bytes()));
    world.check(Request::from_parts(parts, body), &mismatch());
    world.check(with(good(), "x-amz-target", "SimpleWorkflowService.DescribeDomain"), &mismatch());
    world.check(with(good(), "host", "localhost"), &mismatch());
    world.check(with(good(), "x-amz-content-sha256", "UNSIGNED-PAYLOAD"), &mismatch());
    // 15a
    world.check(with(good(), "x-amz-security-token", "none"), &unrecognized());
    // 16
    let eve = world.signed("AKIAEVE0000000000000", "ListDomains", LIST);
    world.check(eve, &denied("eve", "ListDomains", "*"));
    // What is sent twice was signed once, and is good twice: honest clients try again.
    world.check(with(good(), "authorization", &header), NOTHING);
    world.check(with(good(), "authorization", &header), NOTHING);
}

/// Signed by another implementation: that of access.md, section 3.5, and one in the query.
#[test]
fn signatures_of_others() {
    let world = World::new();
    let sent = || {
        let request = call("ListDomains", LIST);
        with(request, "host", HOST)
    };
    let signature = "AWS4-HMAC-SHA256 \
        Credential=AKIDEXAMPLE/20150830/us-east-1/swf/aws4_request, \
        SignedHeaders=content-type;host;x-amz-date;x-amz-target, \
        Signature=865baae9d56c62fee64e24c4599719f77a3febd516d77591ffe378da3eac2e88";
    world.check(with(sent(), "authorization", signature), NOTHING);

    let query = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2F\
        us-east-1%2Fswf%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=300\
        &X-Amz-SignedHeaders=content-type%3Bhost%3Bx-amz-target\
        &X-Amz-Signature=d4d56ab7f90ea4ff95ca79ffc7bd80b879ff077b18ea434884abe00fb8c6cd20";
    let mut presigned = without(without(sent(), "authorization"), "x-amz-date");
    *presigned.uri_mut() = query.parse().expect("a query");
    world.check(presigned.clone(), NOTHING);
    *presigned.uri_mut() = query.replace("Expires=300", "Expires=301").parse().expect("a query");
    world.check(presigned, &mismatch());
}

/// Each request is wrong in all the ways that are left: the first one decides. What a stranger
/// sends is not read, and what somebody may not do is not looked up.
#[test]
fn the_order_of_checks_where_signatures_are_verified() {
    let world = World::new();
    let wrong = |key: &str, body: &str| {
        let signer = Signer::new(key, "wrong", "us-east-1");
        world.signed_with(&signer, &[], "DescribeDomain", body)
    };
    let late = |request| with(request, "x-amz-date", "20150830T120000Z");
    world.check(without(wrong("AKIANOBODY0000000000", "{"), "authorization"), &missing_token());
    let text = "Signature expired: 20150830T120000Z is now earlier than 20150830T122100Z \
                (20150830T123600Z - 15 min.)";
    world
        .check(late(wrong("AKIANOBODY0000000000", "{")), &fault("InvalidSignatureException", text));
    world.check(wrong("AKIANOBODY0000000000", "{"), &unrecognized());
    world.check(wrong("AKIAEVE0000000000000", "{"), &mismatch());
    let eve = |body: &str| world.signed("AKIAEVE0000000000000", "DescribeDomain", body);
    world.check(eve("{"), &refused("SerializationException"));
    let (status, body) = exchange(&world.pipeline, eve("{}"));
    assert!(status == 400 && body.contains("ValidationException"), "{body}");
    let name = r#"{"name":"nowhere"}"#;
    world.check(eve(name), &denied("eve", "DescribeDomain", "nowhere"));
    let (_, body) = exchange(&world.pipeline, world.signed("AKIDEXAMPLE", "DescribeDomain", name));
    assert!(body.contains("UnknownResourceFault"), "{body}");
}

/// By a minute either way, and over the turn of a day.
#[test]
fn clocks_that_differ() {
    let world = World::new();
    let mut request = world.signed("AKIDEXAMPLE", "ListDomains", LIST);
    world.clock.go(14);
    world.check(request.clone(), NOTHING);
    world.clock.go(1);
    world.check(request.clone(), NOTHING);
    world.clock.go(1);
    let text = "Signature expired: 20150830T123600Z is now earlier than 20150830T123700Z \
                (20150830T125200Z - 15 min.)";
    world.check(request, &fault("InvalidSignatureException", text));

    request = world.signed("AKIDEXAMPLE", "ListDomains", LIST);
    world.clock.go(-15);
    world.check(request.clone(), NOTHING);
    world.clock.go(-1);
    let text = "Signature not yet current: 20150830T125200Z is still later than 20150830T125100Z \
                (20150830T123600Z + 15 min.)";
    world.check(request, &fault("InvalidSignatureException", text));

    world.clock.go(11 * 60 + 20); // 23:56
    request = world.signed("AKIDEXAMPLE", "ListDomains", LIST);
    world.clock.go(10);
    world.check(request, NOTHING);
}

/// At once, even though the key has just signed.
#[test]
fn keys_that_are_disabled_deleted_and_rotated() {
    let world = World::new();
    let old = || world.signed("AKIDEXAMPLE", "ListDomains", LIST);
    let set = |status: &str| {
        let body = json!({ "UserName": "ada", "AccessKeyId": "AKIDEXAMPLE", "Status": status });
        world.administer("UpdateAccessKey", body);
    };
    world.check(old(), NOTHING);
    set("Inactive");
    world.check(old(), &unrecognized());
    set("Active");
    world.check(old(), NOTHING);

    let key = world.administer("CreateAccessKey", json!({ "UserName": "ada" }));
    let text = |name: &str| key["AccessKey"][name].as_str().expect("a text");
    let new = Signer::new(text("AccessKeyId"), text("SecretAccessKey"), "us-east-1");
    let new = || world.signed_with(&new, &[], "ListDomains", LIST);
    world.check(new(), NOTHING);
    world.check(old(), NOTHING);
    let gone = json!({ "UserName": "ada", "AccessKeyId": "AKIDEXAMPLE" });
    set("Inactive");
    world.administer("DeleteAccessKey", gone);
    world.check(old(), &unrecognized());
    world.check(new(), NOTHING);
}

/// What does not verify is no use of the key.
#[test]
fn uses_of_keys_are_noted() {
    let world = World::new();
    let used = || {
        let flushed = world.administration.with(|identities| identities.flush(world.clock.now()));
        flushed.expect("memory takes everything");
        let key = json!({ "AccessKeyId": "AKIDEXAMPLE" });
        world.administer("GetAccessKeyLastUsed", key)["AccessKeyLastUsed"].clone()
    };
    let wrong = Signer::new("AKIDEXAMPLE", "wrong", "us-east-1");
    world.check(world.signed_with(&wrong, &[], "ListDomains", LIST), &mismatch());
    assert_eq!(used()["ServiceName"], json!("N/A"));
    world.check(world.signed("AKIDEXAMPLE", "ListDomains", LIST), NOTHING);
    let last = used();
    assert_eq!((&last["ServiceName"], &last["Region"]), (&json!("swf"), &json!("us-east-1")));
}

#[test]
fn sessions_work_and_end() {
    let world = World::new();
    let (signer, token) = world.session();
    let with_token = |token: &str| {
        world.signed_with(&signer, &[("x-amz-security-token", token)], "ListDomains", LIST)
    };
    world.check(with_token(&token), NOTHING);
    // It need not be signed.
    let unsigned = world.signed_with(&signer, &[], "ListDomains", LIST);
    world.check(with(unsigned, "x-amz-security-token", &token), NOTHING);
    // The secret alone is none, even right after it has signed with its token.
    world.check(world.signed_with(&signer, &[], "ListDomains", LIST), &unrecognized());
    let (_, other) = world.session();
    world.check(with_token(&other), &unrecognized());
    let ada = world.signed("AKIDEXAMPLE", "ListDomains", LIST);
    world.check(with(ada, "x-amz-security-token", &token), &unrecognized());
    // Check 14 comes before 15b.
    world.clock.go(16);
    world.check(with_token(&token), &expired());
    let forged =
        authorization(with_token(&token), |text| text.replace("Signature=", "Signature=0"));
    world.check(forged, &mismatch());
    // A clock that is set back revives nothing.
    world.clock.go(-10);
    world.check(with_token(&token), &expired());
}

/// The address is part of what is asked; and a policy that is gone is gone at once.
#[test]
fn policies_are_asked_with_the_request() {
    let world = World::new();
    let list = || world.signed("AKIABOB0000000000000", "ListDomains", LIST);
    world.check(list(), NOTHING);
    let register = r#"{"name":"d","workflowExecutionRetentionPeriodInDays":"1"}"#;
    let register = world.signed("AKIABOB0000000000000", "RegisterDomain", register);
    world.check(register, &denied("bob", "RegisterDomain", "d"));
    world.administer("DeleteUserPolicy", json!({ "UserName": "bob", "PolicyName": "list" }));
    world.check(list(), &denied("bob", "ListDomains", "*"));
    world.check(world.signed("AKIAROOT000000000000", "ListDomains", LIST), NOTHING);
}

/// What is in no region is not limited by any quota of one.
#[test]
fn regions_that_there_are_not() {
    let regions = || Regions::parse("eu-west-1,us-east-1").expect("names");
    let text = "Credential should be scoped to a valid region, not 'us-east-2'. ";
    let world = World::new();
    let Authentication::Signatures(verifier) = world.pipeline.authentication else {
        panic!("signatures are verified there");
    };
    let authentication = Authentication::Signatures(Box::new(verifier.within(regions())));
    let world = World { pipeline: Pipeline { authentication, ..world.pipeline }, ..world };
    let list = |region: &str| {
        let signer = Signer::new("AKIDEXAMPLE", SECRET, region);
        world.signed_with(&signer, &[], "ListDomains", LIST)
    };
    world.check(list("us-east-1"), NOTHING);
    world.check(list("eu-west-1"), NOTHING);
    world.check(list("us-east-2"), &fault("InvalidSignatureException", text));
    let both = authorization(list("us-east-2"), |header| header.replace("/swf/", "/iam/"));
    let text_of_both = format!("{text}Credential should be scoped to correct service: 'swf'. ");
    world.check(both, &fault("InvalidSignatureException", &text_of_both));
    // Identities are in no region.
    let signer = Signer::new("AKIDEXAMPLE", SECRET, "us-east-2").for_service("iam");
    let request = world.signed_with(&signer, &[], "TidewheelIdentity.GetCallerIdentity", "{}");
    assert_eq!(exchange(&world.pipeline, request).0, 200);

    let open = Authentication::Off { hosts: Default::default(), regions: regions() };
    let open = Pipeline { authentication: open, ..pipeline() };
    let list = |region: &str| {
        let request = call("ListDomains", WRONG_TYPE);
        authorization(request, |header| header.replace("us-east-1", region))
    };
    check_on(&open, list("eu-west-1"), &wrong_type());
    check_on(&open, list("us-east-2"), &fault("IncompleteSignatureException", text));
}

/// Whatever a client writes, its address is its own, and not that of the machine of the proxy.
#[test]
fn nobody_behind_a_proxy_has_its_address() {
    let world = World::new();
    let proxies = TrustedProxies::parse("127.0.0.1").expect("an address");
    let world = World { pipeline: Pipeline { proxies, ..world.pipeline }, ..world };
    let list = || world.signed("AKIABOB0000000000000", "ListDomains", LIST);
    let denied = denied("bob", "ListDomains", "*");
    world.check(list(), NOTHING);
    for forwarded in ["for=_x", "for=127.0.0.1", "for=192.0.2.5"] {
        let request = with(list(), "x-forwarded-for", "192.0.2.5");
        world.check(with(request, "forwarded", forwarded), &denied);
    }
    let request = with(list(), "x-forwarded-for", "127.0.0.1, 192.0.2.5");
    world.check(request, &denied);
    let request = with(list(), "x-forwarded-for", "unknown");
    world.check(request, "400 The proxy does not say where the request comes from.\n");
}

/// Whoever may administer does it by the same kind of request, for a service of its own.
#[test]
fn identities_are_administered_through_the_pipeline() {
    let world = World::new();
    let ask = |key: &str, operation: &str, body: &Value| {
        let signer = Signer::new(key, SECRET, "us-east-1").for_service("iam");
        let operation = format!("TidewheelIdentity.{operation}");
        let request = world.signed_with(&signer, &[], &operation, &body.to_string());
        exchange(&world.pipeline, request)
    };
    let user = json!({ "UserName": "new" });
    let (status, body) = ask("AKIDEXAMPLE", "CreateUser", &user);
    assert!(status == 400 && body.contains("AccessDenied"), "{status} {body}");
    let (status, body) = ask("AKIAROOT000000000000", "CreateUser", &user);
    assert_eq!(status, 200, "{body}");
    let (status, body) = ask("AKIAEVE0000000000000", "GetCallerIdentity", &json!({}));
    assert!(status == 200 && body.contains("user/eve"), "{status} {body}");
    // Anybody may make themselves a key where nobody is asked who they are: so nobody may.
    let anybody = with(call("", "{}"), "x-amz-target", "TidewheelIdentity.CreateUser");
    let anybody = authorization(anybody, |text| text.replace("/swf/", "/iam/"));
    let (status, body) = exchange(&pipeline(), anybody);
    assert!(status == 400 && body.contains("AccessDenied"), "{status} {body}");
}

/// Our own operations on workflows are called by a request like SWF's, and `swf:*` does not mean
/// them.
#[test]
fn operations_of_our_own_are_called_through_the_pipeline() {
    let world = World::new();
    let operation = "TidewheelOperations.DescribeServer";
    let ask = |key: &str, body: &str| exchange(&world.pipeline, world.signed(key, operation, body));
    let (status, body) = ask("AKIAROOT000000000000", "{}");
    assert!(status == 200 && body.contains("\"version\""), "{status} {body}");
    let (status, body) = ask("AKIDEXAMPLE", "{}");
    let text = "is not authorized to perform: tidewheel:DescribeServer on resource: \
                arn:aws:swf:us-east-1:123456789012:/domain/*";
    assert!(status == 400 && body.contains(text), "{status} {body}");
    let (status, body) = ask("AKIAROOT000000000000", "[");
    assert!(status == 400 && body.contains("SerializationException"), "{status} {body}");
    let anybody = with(call("", "{}"), "x-amz-target", operation);
    let (status, body) = exchange(&pipeline(), anybody);
    assert!(status == 200 && body.contains("\"version\""), "{status} {body}");
}

/// Guesses at the secret of a key until nobody looks any more.
#[track_caller]
pub fn guess(world: &World, key: &str) {
    let wrong = Signer::new(key, "guess", "us-east-1");
    let guess = || exchange(&world.pipeline, world.signed_with(&wrong, &[], "ListDomains", LIST));
    // Some are forgiven while they are made.
    let (mut looked_at, mut last) = (0, String::new());
    while !last.contains("ThrottlingException") {
        assert!(looked_at < 10_000, "nobody is held up: {last}");
        last = guess().1;
        looked_at += 1;
    }
    assert!(looked_at > 100, "{looked_at}");
}

/// Whoever has been right lately is known, and is looked at whatever others do at the same address;
/// but guesses at his key are counted as any.
#[test]
fn guesses_of_others_hold_up_nobody_who_is_known() {
    let world = World::new();
    let list = |key: &str| exchange(&world.pipeline, world.signed(key, "ListDomains", LIST)).1;
    assert!(!list("AKIDEXAMPLE").contains("Throttling"));
    assert!(!list("AKIABOB0000000000000").contains("Throttling"));
    guess(&world, "AKIANOBODY0000000000");
    for _ in 0..200 {
        assert!(!list("AKIDEXAMPLE").contains("Throttling"));
    }
    guess(&world, "AKIDEXAMPLE");
    assert!(!list("AKIABOB0000000000000").contains("Throttling"), "his own count is another");
}

/// Guessing takes many attempts, and after a hundred it is slow. Whoever is right, and has not been
/// so lately, is held up with the guesser behind the same address, and let in when enough is
/// forgiven.
#[test]
fn guesses_are_throttled() {
    let world = World::new();
    guess(&world, "AKIDEXAMPLE");
    // What is no signature at all is not looked up, so it says what is wrong.
    world.check(without(call("ListDomains", LIST), "authorization"), &missing_token());
    let elsewhere = Peer { address: [192, 0, 2, 9].into(), secure: false };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let answer = runtime.expect("a runtime starts").block_on(async {
        let request = world.signed("AKIDEXAMPLE", "ListDomains", LIST);
        world.pipeline.handle(elsewhere, request).await.status()
    });
    assert_eq!(answer, StatusCode::OK);
}
