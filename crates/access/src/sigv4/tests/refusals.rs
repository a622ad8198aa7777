//! Rows: a request that is right in every way but one or several, and what is said of it.
//!
//! The numbers are those of the checks in access.md, section 3.4.

use crate::sigv4::{Claim, Received, Rules, Signer, date};
use wire::{Fault, Timestamp};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const BODY: &[u8] = br#"{"registrationStatus":"REGISTERED"}"#;
/// 2013-06-09 09:52:04 UTC.
const NOW: Timestamp = Timestamp(1_370_771_524_000);
const DATE: &str = "20130609T095204Z";
const SCOPE: &str = "AKIDEXAMPLE/20130609/us-east-1/swf/aws4_request";
const MISMATCH: &str = "InvalidSignatureException: The request signature we calculated does not \
    match the signature you provided. Check your AWS Secret Access Key and signing method. Consult \
    the service documentation for details.";
const MISSING: &str =
    "MissingAuthenticationTokenException: Request is missing Authentication Token";

/// A request that can be changed.
#[derive(Clone)]
struct Sent {
    query: Option<String>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    rules: Rules<'static>,
    now: Timestamp,
}

/// Signed at `signed_at`, with a target and what else is in `headers`; arrives at [`NOW`].
fn signed_with(headers: &[(&str, &str)], signed_at: Timestamp) -> Sent {
    let target = "SimpleWorkflowService.ListDomains";
    let mut headers = [&[("host", "h:1"), ("x-amz-target", target)], headers].concat();
    let signer = Signer::new("AKIDEXAMPLE", SECRET, "us-east-1");
    let signature = signer.sign(&headers, BODY, signed_at);
    headers.push(("x-amz-date", &signature.date));
    headers.push(("authorization", &signature.authorization));
    Sent {
        query: None,
        headers: headers.iter().map(|(name, it)| ((*name).to_owned(), (*it).to_owned())).collect(),
        body: BODY.to_vec(),
        rules: Rules::of_service("swf"),
        now: NOW,
    }
}

fn signed() -> Sent {
    signed_with(&[], NOW)
}

impl Sent {
    fn with(mut self, name: &str, value: &str) -> Sent {
        self.headers.retain(|(header, _)| header != name);
        self.and(name, value)
    }

    fn and(mut self, name: &str, value: &str) -> Sent {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn without(mut self, name: &str) -> Sent {
        self.headers.retain(|(header, _)| header != name);
        self
    }

    fn asking(mut self, query: &str) -> Sent {
        self.query = Some(query.to_owned());
        self
    }

    /// With one part of the `Authorization` header as given.
    fn presenting(self, part: &str, value: &str) -> Sent {
        let header = self.header("authorization");
        let (algorithm, items) = header.split_once(' ').expect("an algorithm");
        let items: Vec<_> = items
            .split(", ")
            .map(|item| match item.split_once('=') {
                Some((name, _)) if name == part => format!("{part}={value}"),
                _ => item.to_owned(),
            })
            .collect();
        let header = format!("{algorithm} {}", items.join(", "));
        self.with("authorization", &header)
    }

    fn header(&self, name: &str) -> String {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.expect("it is there").1.clone()
    }

    fn outcome(&self) -> Result<(), Fault> {
        let headers: Vec<(&str, &[u8])> =
            self.headers.iter().map(|(name, it)| (name.as_str(), it.as_bytes())).collect();
        let query = self.query.as_deref().map(str::as_bytes);
        let body = &self.body;
        let request = Received { method: "POST", path: b"/", query, headers: &headers, body };
        let claim = Claim::read(&request, &self.rules, self.now)?;
        claim.verify(&claim.signing_key(SECRET.as_bytes()))
    }
}

/// Compares what is said with `expected`, a code, a colon and a text; nothing if all is well.
#[track_caller]
fn check(sent: &Sent, expected: &str) {
    let said = match sent.outcome() {
        Ok(()) => String::new(),
        Err(fault) => {
            assert_eq!(fault.status(), 400);
            let code = fault.type_name().strip_prefix("com.amazon.coral.service#");
            format!("{}: {}", code.expect("coral's"), fault.message().unwrap_or_default())
        }
    };
    assert_eq!(said, expected, "{:?} {:?}", sent.query, sent.headers);
}

/// The scope, encoded.
fn encoded_scope() -> String {
    SCOPE.replace('/', "%2F")
}

/// A query that is well-formed and signed with nonsense.
fn query() -> String {
    format!(
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}&X-Amz-Date={DATE}\
         &X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-amz-target&X-Amz-Signature=0f",
        encoded_scope()
    )
}

fn queried(query: &str) -> Sent {
    signed().without("authorization").without("x-amz-date").asking(query)
}

#[test]
fn nothing_is_wrong() {
    check(&signed(), "");
    let dated = signed().header("x-amz-date");
    // Only what is listed is looked for; `Date` does as well, but was not signed here.
    let only_host = signed().presenting("SignedHeaders", "host;x-amz-target");
    check(&only_host.clone().with("date", &dated), MISMATCH);
    check(&queried(&query()), MISMATCH);
}

/// The order in which the parts stand, and what is between them, means nothing.
#[test]
fn authorization_headers_that_mean_the_same() {
    let header = signed().header("authorization");
    let (algorithm, items) = header.split_once(' ').expect("an algorithm");
    let items: Vec<&str> = items.split(", ").collect();
    let [credential, names, signature] = items[..] else { panic!("three parts") };
    for same in [
        format!("{algorithm} {credential},{names},{signature}"),
        format!("{algorithm} {signature}, {credential} ,{names}"),
        format!("  {algorithm}   {names} ,, {signature},{credential}, "),
        format!("{algorithm}\t{names},{signature},{credential},Later=1"),
    ] {
        check(&signed().with("authorization", &same), "");
    }
}

#[test]
fn check_3_both_forms() {
    let text = "InvalidSignatureException: Found both 'X-Amz-Algorithm' as a query-string param \
                and 'Authorization' as HTTP header.";
    check(&signed().asking("X-Amz-Algorithm=x"), text);
    check(&signed().asking(&query()).with("authorization", "Bearer x"), text);
    check(&signed().asking("x-amz-algorithm=x"), MISMATCH);
}

#[test]
fn check_4_no_token() {
    check(&signed().without("authorization"), MISSING);
    check(&signed().without("authorization").asking("X-Amz-Signature=0"), MISSING);
    for header in ["", "Bearer x", "AWS3 x", "aws4-hmac-sha256 x", "AWS4", "Basic QVdTNC0="] {
        check(&signed().with("authorization", header), MISSING);
    }
}

#[test]
fn check_5_no_pair() {
    let header = "AWS4-HMAC-SHA256 Credential=a, b c,Signature";
    check(
        &signed().with("authorization", header),
        &format!(
            "IncompleteSignatureException: 'b c' not a valid key=value pair (missing equal-sign) \
             in Authorization header: '{header}'."
        ),
    );
    let twice = "AWS4-HMAC-SHA256 Credential=a, Credential=b";
    check(
        &signed().with("authorization", twice),
        &format!(
            "IncompleteSignatureException: 'Credential' must not be repeated in Authorization \
             header: '{twice}'."
        ),
    );
}

#[test]
fn check_6_parts_that_are_missing() {
    let parts = [
        ("Credential=a", "Authorization header requires 'Credential' parameter. "),
        ("Signature=b", "Authorization header requires 'Signature' parameter. "),
        ("SignedHeaders=c", "Authorization header requires 'SignedHeaders' parameter. "),
    ];
    let no_date = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' \
                   header. ";
    for left_out in 1..16_usize {
        let is_out = |index: usize| left_out >> index & 1 == 1;
        let kept: Vec<&str> =
            (0..3).filter(|index| !is_out(*index)).map(|index| parts[index].0).collect();
        let header = format!("AWS4-HMAC-SHA256 {}", kept.join(", "));
        let mut text: String =
            (0..3).filter(|index| is_out(*index)).map(|index| parts[index].1).collect();
        let mut sent = signed().with("authorization", &header);
        if is_out(3) {
            sent = sent.without("x-amz-date");
            text += no_date;
        }
        let header = header.trim_end();
        check(&sent, &format!("IncompleteSignatureException: {text}Authorization={header}"));
    }
}

#[test]
fn check_6_parameters_that_are_missing() {
    let parts = ["X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"];
    for left_out in 1..16_usize {
        let is_out = |index: usize| left_out >> index & 1 == 1;
        let mut query = "X-Amz-Algorithm=AWS4-HMAC-SHA256".to_owned();
        let mut text = String::new();
        for (index, name) in parts.iter().enumerate() {
            if is_out(index) {
                text += &format!("AWS query-string parameters must include '{name}'. ");
            } else {
                query += &format!("&{name}=x");
            }
        }
        check(
            &queried(&query),
            &format!("IncompleteSignatureException: {text}Re-examine the query-string parameters."),
        );
    }
}

#[test]
fn check_7_dates() {
    let text = |got: &str| {
        format!(
            "IncompleteSignatureException: Date must be in ISO-8601 'basic format'. Got '{got}'. \
             See http://en.wikipedia.org/wiki/ISO_8601"
        )
    };
    for got in ["", "2013-06-09T09:52:04Z", "Sun, 09 Jun 2013 09:52:04 GMT", "20130631T000000Z"] {
        check(&signed().with("x-amz-date", got), &text(got));
        check(&signed().with("x-amz-date", got).with("date", DATE), &text(got));
        check(&signed().without("x-amz-date").with("date", got), &text(got));
        let encoded = got.replace(' ', "%20");
        check(&queried(&query().replace(DATE, &encoded)), &text(got));
    }
}

#[test]
fn expiries() {
    for wrong in ["", "0", "-1", "+1", "604801", "1.5", "x", "99999999999999999999"] {
        let text = format!(
            "IncompleteSignatureException: X-Amz-Expires must be a number of seconds from 1 to \
             604800. Got '{wrong}'."
        );
        let wrong = wrong.replace('+', "%2B");
        check(&queried(&query().replace("Expires=60", &format!("Expires={wrong}"))), &text);
    }
    for right in ["1", "604800"] {
        let query = query().replace("Expires=60", &format!("Expires={right}"));
        check(&queried(&query), MISMATCH);
    }
}

const MINUTE: i64 = 60_000;

/// A request that is signed at `signed_at` arrives when the server's clock says `now`.
fn skewed(signed_at: i64, now: i64) -> Sent {
    Sent { now: Timestamp(now), ..signed_with(&[], Timestamp(signed_at)) }
}

#[test]
fn check_8_the_clock() {
    // The turn of a year, in which the day of the scope is another one, and of a leap February.
    for midnight in [1_420_070_400_000, 1_456_790_400_000, NOW.0] {
        for minutes in [-15, -14, -1, 0, 1, 14, 15] {
            check(&skewed(midnight + minutes * MINUTE, midnight), "");
            check(&skewed(midnight - MINUTE, midnight - MINUTE + minutes * MINUTE), "");
        }
    }
    let new_year = 1_420_070_400_000;
    check(
        &skewed(new_year - 10 * MINUTE, new_year + 6 * MINUTE),
        "InvalidSignatureException: Signature expired: 20141231T235000Z is now earlier than \
         20141231T235100Z (20150101T000600Z - 15 min.)",
    );
    check(
        &skewed(new_year + 6 * MINUTE, new_year - 10 * MINUTE),
        "InvalidSignatureException: Signature not yet current: 20150101T000600Z is still later \
         than 20150101T000500Z (20141231T235000Z + 15 min.)",
    );
    // To the second: the rest of a second is nobody's fault.
    check(&skewed(new_year, new_year + 15 * MINUTE + 999), "");
    check(
        &skewed(new_year, new_year + 15 * MINUTE + 1000),
        "InvalidSignatureException: Signature expired: 20150101T000000Z is now earlier than \
         20150101T000001Z (20150101T001501Z - 15 min.)",
    );
    // Even before year one of the clock, and at its end.
    for now in [i64::MIN, i64::MAX] {
        assert!(skewed(new_year, now).outcome().is_err());
    }
}

#[test]
fn check_8_another_skew() {
    let rules = Rules { skew_minutes: 5, ..Rules::of_service("swf") };
    check(&Sent { rules, ..skewed(NOW.0, NOW.0 + 5 * MINUTE) }, "");
    check(
        &Sent { rules, ..skewed(NOW.0, NOW.0 + 6 * MINUTE) },
        "InvalidSignatureException: Signature expired: 20130609T095204Z is now earlier than \
         20130609T095304Z (20130609T095804Z - 5 min.)",
    );
}

/// A signature in a query is good for as long as it says, and without that as long as a header's.
#[test]
fn check_8_in_queries() {
    let arriving = |query: &str, seconds: i64| Sent {
        now: Timestamp(NOW.0 + seconds * 1000),
        ..queried(query)
    };
    check(&arriving(&query(), 60), MISMATCH);
    check(
        &arriving(&query(), 61),
        "InvalidSignatureException: Signature expired: 20130609T095204Z is now earlier than \
         20130609T095205Z (20130609T095305Z - 60 sec.)",
    );
    let week = query().replace("Expires=60", "Expires=604800");
    check(&arriving(&week, 604_800), MISMATCH);
    check(
        &arriving(&week, -901),
        "InvalidSignatureException: Signature not yet current: 20130609T095204Z is still later \
         than 20130609T095203Z (20130609T093703Z + 15 min.)",
    );
    let unsaid = query().replace("&X-Amz-Expires=60", "");
    check(&arriving(&unsaid, 900), MISMATCH);
    check(
        &arriving(&unsaid, 901),
        "InvalidSignatureException: Signature expired: 20130609T095204Z is now earlier than \
         20130609T095205Z (20130609T100705Z - 15 min.)",
    );
}

#[test]
fn check_9_signed_headers() {
    let host = "InvalidSignatureException: 'Host' must be a 'SignedHeader' in the AWS \
                Authorization.";
    let target = "InvalidSignatureException: 'X-Amz-Target' must be a 'SignedHeader' in the AWS \
                  Authorization.";
    for names in ["", "x-amz-date", "Host;x-amz-target", "host2;x-amz-target", "hos", ";"] {
        check(&signed().presenting("SignedHeaders", names), host);
    }
    check(&signed().presenting("SignedHeaders", "host;x-amz-date"), target);
    check(&queried(&query().replace("%3Bx-amz-target", "")), target);
    let form = |got: &str| {
        format!(
            "InvalidSignatureException: 'SignedHeaders' must be in lower case, sorted and without \
             repetition. Got '{got}'."
        )
    };
    for names in [
        "x-amz-target;host",
        "host;host;x-amz-target",
        "host;;x-amz-target",
        ";host;x-amz-target",
        "host;x-amz-target;",
        "Content-type;host;x-amz-target",
        "host;x-amz-Date;x-amz-target",
    ] {
        check(&signed().presenting("SignedHeaders", names), &form(names));
    }
    let nowhere = |got: &str| {
        format!(
            "InvalidSignatureException: 'SignedHeaders' must name headers of the request. Got \
             '{got}'."
        )
    };
    check(&signed().without("host"), &nowhere("host"));
    check(&signed().presenting("SignedHeaders", "host;x-a;x-amz-target"), &nowhere("x-a"));
    check(
        &signed().presenting("SignedHeaders", "host; x-amz-target;x-amz-target"),
        &form("host; x-amz-target;x-amz-target"),
    );
}

#[test]
fn check_10_algorithms() {
    for algorithm in ["AWS4-ECDSA-P256-SHA256", "AWS4-HMAC-SHA1", "AWS4-", "AWS4-hmac-sha256"] {
        let header = signed().header("authorization").replace("AWS4-HMAC-SHA256", algorithm);
        let text = format!(
            "IncompleteSignatureException: Unsupported AWS 'algorithm': '{algorithm}' (only \
             AWS4-HMAC-SHA256 for now). "
        );
        check(&signed().with("authorization", &header), &text);
        check(&queried(&query().replace("AWS4-HMAC-SHA256", algorithm)), &text);
    }
}

#[test]
fn check_11_the_shape_of_the_credential() {
    for credential in
        ["", "a", "a/b/c/d", "a/b/c/d/e/f", "with/slash/20130609/us-east-1/swf/aws4_request"]
    {
        let text = format!(
            "IncompleteSignatureException: Credential must have exactly 5 slash-delimited \
             elements, e.g. keyid/date/region/service/term, got '{credential}'"
        );
        check(&signed().presenting("Credential", credential), &text);
        let encoded = credential.replace('/', "%2F");
        check(&queried(&query().replace(&encoded_scope(), &encoded)), &text);
    }
}

#[test]
fn check_12_the_scope() {
    let region =
        |got: &str| format!("Credential should be scoped to a valid region, not '{got}'. ");
    let service = "Credential should be scoped to correct service: 'swf'. ";
    let terminator = "Credential should be scoped with a valid terminator: 'aws4_request', not \
                      'e'. ";
    let day = "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date \
               from HTTP: 'b' != '20130609', from '20130609T095204Z'.";
    let long = "a".repeat(33);
    let key = "Credential should be scoped to a valid access key. ";
    for (scope, text) in [
        ("a/b/C/d/e", format!("{}{service}{terminator}{day}", region("C"))),
        ("/20130609//swf/aws4_request", format!("{key}{}", region(""))),
        ("a/20130609/US/swf/aws4_request", region("US")),
        ("a/20130609/us.east/swf/aws4_request", region("us.east")),
        (&format!("a/20130609/{long}/swf/aws4_request"), region(&long)),
        ("a/20130609/c/iam/aws4_request", service.to_owned()),
        ("a/20130609/c/SWF/aws4_request", service.to_owned()),
        ("a/20130609/c/swf/e", terminator.to_owned()),
        ("a/b/c/swf/aws4_request", day.to_owned()),
        (&format!("{}/20130609/c/swf/aws4_request", "k".repeat(129)), key.to_owned()),
    ] {
        let text = format!("InvalidSignatureException: {text}");
        check(&signed().presenting("Credential", scope), &text);
        let encoded = scope.replace('/', "%2F");
        check(&queried(&query().replace(&encoded_scope(), &encoded)), &text);
    }
}

#[test]
fn another_service() {
    let rules = Rules::of_service("iam");
    check(
        &Sent { rules, ..signed() },
        "InvalidSignatureException: Credential should be scoped to correct service: 'iam'. ",
    );
}

#[test]
fn check_14_signatures() {
    for signature in ["", "0f", &"0".repeat(64), &"0".repeat(100_000)] {
        check(&signed().presenting("Signature", signature), MISMATCH);
    }
    let right = signed().header("authorization");
    let right = right.rsplit('=').next().expect("a signature");
    check(&signed().presenting("Signature", right), "");
    check(&signed().presenting("Signature", &right.to_uppercase()), MISMATCH);
    check(&Sent { body: b"{}".to_vec(), ..signed() }, MISMATCH);
}

/// The body that came is what is signed, and what is said of its hash has to agree.
#[test]
fn body_hashes() {
    let hash = crate::sigv4::canonical::body_hash(BODY);
    let hashed = |said: &str| signed_with(&[("x-amz-content-sha256", said)], NOW);
    check(&hashed(&hash), "");
    check(&signed().with("x-amz-content-sha256", &hash), "");
    // What is said is signed, and is not what came.
    check(&Sent { body: b"{}".to_vec(), ..hashed(&hash) }, MISMATCH);
    for said in [
        "",
        "UNSIGNED-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        &hash.to_uppercase(),
        &crate::sigv4::canonical::body_hash(b""),
    ] {
        check(&hashed(said), MISMATCH);
        check(&signed().with("x-amz-content-sha256", said), MISMATCH);
    }
}

#[test]
fn nothing_critical_is_repeated() {
    let once = signed_with(&[("x-amz-security-token", "t"), ("content-length", "35")], NOW);
    check(&once, "");
    let hash = crate::sigv4::canonical::body_hash(BODY);
    let once = once.and("date", DATE).and("x-amz-content-sha256", &hash);
    check(&once, "");
    for name in [
        "authorization",
        "content-length",
        "date",
        "host",
        "x-amz-content-sha256",
        "x-amz-date",
        "x-amz-security-token",
        "x-amz-target",
    ] {
        let text = format!("InvalidSignatureException: The header '{name}' must not be repeated.");
        check(&once.clone().and(name, &once.header(name)), &text);
        check(&once.clone().and(&name.to_uppercase(), "other"), &text);
    }
    check(&once.and("accept", "a").and("accept", "b"), "");
    for pair in query().split('&') {
        let name = pair.split('=').next().unwrap_or_default();
        let text = format!(
            "InvalidSignatureException: The query-string param '{name}' must not be repeated."
        );
        check(&queried(&format!("{}&{pair}", query())), &text);
    }
}

/// Each request is wrong in all the ways that are left: the first one decides.
#[test]
fn the_order_of_checks() {
    let wrong = "AWS4-X Credential=x, SignedHeaders=x-amz-date, Signature=0";
    let code = |sent: &Sent| sent.outcome().expect_err("it is wrong").message().map(str::to_owned);
    let starts = |sent: &Sent, text: &str| {
        let said = code(sent).expect("a text");
        assert!(said.starts_with(text), "{said}");
    };
    let mut sent = signed()
        .asking("X-Amz-Algorithm=x")
        .with("authorization", "AWS4-X nonsense")
        .with("x-amz-date", "yesterday")
        .and("host", "other");
    starts(&sent, "The header 'host' must not be repeated.");
    sent = sent.with("host", "h");
    starts(&sent, "Found both");
    sent.query = None;
    starts(&sent, "'nonsense' not a valid key=value pair");
    starts(&sent.clone().with("authorization", "nonsense"), "Request is missing");
    sent = sent.with("authorization", "AWS4-X SignedHeaders=x-amz-date");
    starts(&sent, "Authorization header requires 'Credential' parameter. ");
    sent = sent.with("authorization", wrong);
    starts(&sent, "Date must be in ISO-8601");
    sent = sent.with("x-amz-date", "20130609T093603Z");
    starts(&sent, "Signature expired");
    sent = sent.with("x-amz-date", DATE);
    starts(&sent, "'Host' must be");
    sent = sent.presenting("SignedHeaders", "host;x-amz-target;no");
    starts(&sent, "'SignedHeaders' must be in lower case");
    sent = sent.presenting("SignedHeaders", "host;x-amz-target");
    starts(&sent, "Unsupported AWS 'algorithm'");
    let header = sent.header("authorization").replace("AWS4-X", "AWS4-HMAC-SHA256");
    sent = sent.with("authorization", &header);
    starts(&sent, "Credential must have exactly 5");
    sent = sent.presenting("Credential", "a/b/C/d/e");
    starts(&sent, "Credential should be scoped to a valid region");
    sent = sent.presenting("Credential", SCOPE);
    starts(&sent, "The request signature we calculated");
}

/// What is shown of a claim in a log says nothing that could be used.
#[test]
fn a_claim_shows_no_secrets() {
    let sent = signed_with(&[("x-amz-security-token", "canary-token")], NOW);
    let headers: Vec<(&str, &[u8])> =
        sent.headers.iter().map(|(name, it)| (name.as_str(), it.as_bytes())).collect();
    let request =
        Received { method: "POST", path: b"/", query: None, headers: &headers, body: BODY };
    let claim = Claim::read(&request, &sent.rules, NOW).expect("well-formed");
    assert_eq!(claim.session_token(), Some("canary-token"));
    assert_eq!((claim.access_key_id(), claim.region()), ("AKIDEXAMPLE", "us-east-1"));
    assert_eq!((claim.signed_at(), claim.day()), (NOW, "20130609"));
    assert_eq!(date::format(claim.signed_at()), DATE);
    let shown = format!("{claim:?}");
    let signature = sent.header("authorization");
    let signature = signature.rsplit('=').next().expect("a signature");
    assert!(shown.contains("AKIDEXAMPLE"), "{shown}");
    assert!(!shown.contains("canary") && !shown.contains(signature), "{shown}");
}
