//! Rows: what a request presents, and what is read from it.

use super::*;

const SCOPE: &str = "AKIDEXAMPLE/20150830/us-east-1/swf/aws4_request";

const DATE: (&str, &[u8]) = ("x-amz-date", b"20150830T123600Z");

/// `Ok` as `key@region`, a fault as its code and text.
fn read(query: Option<&str>, headers: &[(&str, &[u8])]) -> String {
    read_in(Regions::any(), query, headers)
}

fn read_in(regions: &Regions, query: Option<&str>, headers: &[(&str, &[u8])]) -> String {
    let query = query.map(str::as_bytes);
    let request = Received { method: "POST", path: b"/", query, headers, body: b"" };
    match Credential::read(&request, "swf", regions) {
        Ok(credential) => format!("{}@{}", credential.access_key_id, credential.region),
        Err(fault) => {
            let code = fault.type_name().rsplit('#').next().unwrap_or_default();
            format!("{code}: {}", fault.message().unwrap_or_default())
        }
    }
}

#[track_caller]
fn check_header(header: &str, expected: &str) {
    let headers = [("authorization", header.as_bytes()), DATE];
    assert_eq!(read(None, &headers), expected, "{header}");
}

#[track_caller]
fn check_query(query: &str, expected: &str) {
    assert_eq!(read(Some(query), &[]), expected, "{query}");
}

#[test]
fn headers_that_are_whole() {
    let rest = "SignedHeaders=host;x-amz-date, Signature=0f";
    check_header(&format!("AWS4-HMAC-SHA256 Credential={SCOPE}, {rest}"), "AKIDEXAMPLE@us-east-1");
    check_header(
        &format!("AWS4-HMAC-SHA256 Signature=0f,SignedHeaders=host,Credential={SCOPE}"),
        "AKIDEXAMPLE@us-east-1",
    );
    check_header(
        &format!("AWS4-HMAC-SHA256  Credential=k/20150830/moon-1/swf/aws4_request , {rest}"),
        "k@moon-1",
    );
}

#[test]
fn headers_that_are_not() {
    let incomplete = "IncompleteSignatureException: ";
    let missing = "MissingAuthenticationTokenException: Request is missing Authentication Token";
    check_header("", missing);
    check_header("Bearer abc", missing);
    check_header("AWS3 AWSAccessKeyId=x", missing);
    check_header(
        "AWS4-HMAC-SHA256 nonsense",
        &format!(
            "{incomplete}'nonsense' not a valid key=value pair (missing equal-sign) in \
             Authorization header: 'AWS4-HMAC-SHA256 nonsense'."
        ),
    );
    check_header(
        "AWS4-HMAC-SHA256 Signature=0f",
        &format!(
            "{incomplete}Authorization header requires 'Credential' parameter. Authorization \
             header requires 'SignedHeaders' parameter. \
             Authorization=AWS4-HMAC-SHA256 Signature=0f"
        ),
    );
    check_header(
        &format!("AWS4-ECDSA-P256-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature=0f"),
        &format!(
            "{incomplete}Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256' \
             (only AWS4-HMAC-SHA256 for now). "
        ),
    );
    for (scope, text) in [
        (
            "AKID/us-east-1",
            "Credential must have exactly 5 slash-delimited elements, \
             e.g. keyid/date/region/service/term, got 'AKID/us-east-1'",
        ),
        (
            "AKID/20150830/US East/sqs/aws3_request",
            "Credential should be scoped to a valid region, not 'US East'. \
             Credential should be scoped to correct service: 'swf'. \
             Credential should be scoped with a valid terminator: 'aws4_request', \
             not 'aws3_request'. ",
        ),
        (
            "AKID/20150830//swf/aws4_request",
            "Credential should be scoped to a valid region, not ''. ",
        ),
        (
            "/20150830/us-east-1/swf/aws4_request",
            "Credential should be scoped to a valid access key. ",
        ),
    ] {
        check_header(
            &format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0f"),
            &format!("{incomplete}{text}"),
        );
    }
}

#[test]
fn a_region_is_one_of_those_that_there_are() {
    let regions = Regions::parse("eu-west-1, us-east-1").expect("names");
    for (region, there_is) in
        [("us-east-1", true), ("eu-west-1", true), ("us-east-2", false), ("us-east", false)]
    {
        let scope = SCOPE.replace("us-east-1", region);
        let header =
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0f");
        let expected = match there_is {
            true => format!("AKIDEXAMPLE@{region}"),
            false => format!(
                "IncompleteSignatureException: Credential should be scoped to a valid region, not \
                 '{region}'. "
            ),
        };
        let headers = [("authorization", header.as_bytes()), DATE];
        assert_eq!(read_in(&regions, None, &headers), expected);
    }
}

#[test]
fn lists_of_regions() {
    for (text, wrong) in [("", ""), ("a,", ""), ("US-EAST-1", "US-EAST-1"), ("a b", "a b")] {
        assert_eq!(Regions::parse(text), Err(wrong), "{text}");
    }
    let most = vec!["a"; Regions::NAMES_MAX].join(",");
    assert!(Regions::parse(&most).is_ok());
    assert_eq!(Regions::parse(&format!("{most},b")), Err("b"));
}

#[test]
fn a_header_needs_a_date_beside_it() {
    let header = format!("AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature=0f");
    assert_eq!(
        read(None, &[("Authorization", header.as_bytes())]),
        format!(
            "IncompleteSignatureException: Authorization header requires existence of either a \
             'X-Amz-Date' or a 'Date' header. Authorization={header}"
        )
    );
}

#[test]
fn queries() {
    let missing = "MissingAuthenticationTokenException: Request is missing Authentication Token";
    assert_eq!(read(None, &[]), missing);
    check_query("", missing);
    check_query("a=b&c", missing);
    let scope = SCOPE.replace('/', "%2F");
    let rest = "X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders=host&X-Amz-Signature=0f";
    check_query(
        &format!("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={scope}&{rest}"),
        "AKIDEXAMPLE@us-east-1",
    );
    check_query(
        &format!("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={SCOPE}&{rest}"),
        "AKIDEXAMPLE@us-east-1",
    );
    check_query(
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20150830T123600Z&X-Amz-Signature=0f",
        "IncompleteSignatureException: AWS query-string parameters must include \
         'X-Amz-Credential'. AWS query-string parameters must include 'X-Amz-SignedHeaders'. \
         Re-examine the query-string parameters.",
    );
}

/// Without verification, a request is read as generously as it can be.
#[test]
fn a_header_wins_over_the_query() {
    let header = format!("AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature=0f");
    let headers = [("authorization", header.as_bytes()), DATE, DATE];
    let query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=other";
    assert_eq!(read(Some(query), &headers), "AKIDEXAMPLE@us-east-1");
}

#[test]
fn bytes_that_are_no_text_are_no_token() {
    let missing = "MissingAuthenticationTokenException: Request is missing Authentication Token";
    assert_eq!(read(None, &[("authorization", b"AWS4-\xff"), DATE]), missing);
    check_header("AWS4-HMAC-SHA256 Credential=\u{e9}", missing);
}
