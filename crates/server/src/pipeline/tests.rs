//! Rows through the whole pipeline, in process: a request as text, and the answer to it.
//!
//! The requests here are refused before they reach the service, or are refused by every service.

mod audit;
mod signed;

use super::*;
use http_body_util::BodyExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use wire::Timestamp;

struct Fixed;

impl service::Clock for Fixed {
    fn now(&self) -> Timestamp {
        Timestamp(1_440_938_160_000)
    }
}

impl Entropy for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

const REQUEST_ID: &str = "07070707-0707-4707-8707-070707070707";
const SIGNED: &str = "AWS4-HMAC-SHA256 \
    Credential=AKIDEXAMPLE/20150830/us-east-1/swf/aws4_request, SignedHeaders=host, Signature=0f";
const NOT_OUR_NAME: &str = "403 This is no name of the server: call it by its address or as \
    localhost, or list the name in allowed_hosts.\n";
const NOT_A_CALL: &str = "404 <UnknownOperationException/>\n";
const CORAL: &str = "com.amazon.coral.service#";

fn pipeline() -> Pipeline {
    pipeline_over(store::memory::Memory::default())
}

fn pipeline_over(store: store::memory::Memory) -> Pipeline {
    let store = Arc::new(store);
    let options =
        service::Options { poll_hold: Duration::from_secs(1), ..service::Options::default() };
    let service = Service::open(store, Arc::new(Fixed), Arc::new(Fixed), options);
    let service = Arc::new(service.expect("a store in memory opens"));
    Pipeline::new(service, Arc::new(Fixed), TrustedProxies::default(), Authentication::off())
}

const PEER: Peer =
    Peer { address: std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), secure: false };

/// A call that is right in every way, to be spoiled by `change`.
fn call(operation: &str, body: &str) -> Request<Full<Bytes>> {
    Request::post("/")
        .header("host", "localhost:7933")
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("SimpleWorkflowService.{operation}"))
        .header("x-amz-date", "20150830T123600Z")
        .header("authorization", SIGNED)
        .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
        .expect("a well-formed request")
}

fn with(
    mut request: Request<Full<Bytes>>,
    name: &'static str,
    value: &str,
) -> Request<Full<Bytes>> {
    request.headers_mut().insert(name, value.parse().expect("a header value"));
    request
}

fn without(mut request: Request<Full<Bytes>>, name: &str) -> Request<Full<Bytes>> {
    request.headers_mut().remove(name);
    request
}

#[track_caller]
fn check(request: Request<Full<Bytes>>, expected: &str) {
    check_on(&pipeline(), request, expected);
}

/// Compares the status and the body, and looks at the headers that every reply has.
#[track_caller]
fn check_on<B: Body<Data = Bytes>>(pipeline: &Pipeline, request: Request<B>, expected: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let line = format!("{} {} {:?}", request.method(), request.uri(), request.headers());
    let (parts, body) = runtime.expect("a runtime starts").block_on(async {
        let (parts, body) = pipeline.handle(PEER, request).await.into_parts();
        (parts, body.collect().await.expect("the body is whole").to_bytes())
    });
    let body = String::from_utf8(body.to_vec()).expect("replies are UTF-8");
    assert_eq!(format!("{} {body}", parts.status.as_u16()), expected, "{line}");
    assert_eq!(parts.headers["x-amzn-requestid"], REQUEST_ID, "{line}");
    let is_text = expected.ends_with('\n');
    let kind = if is_text { "text/plain; charset=utf-8" } else { "application/x-amz-json-1.0" };
    assert_eq!(parts.headers["content-type"], kind, "{line}");
}

fn refused(code: &str) -> String {
    format!(r#"400 {{"__type":"{CORAL}{code}"}}"#)
}

fn missing_token() -> String {
    let text = "Request is missing Authentication Token";
    let code = "MissingAuthenticationTokenException";
    format!(r#"400 {{"__type":"{CORAL}{code}","message":"{text}"}}"#)
}

/// A body that passes every step before the types of its members.
const WRONG_TYPE: &str = r#"{"registrationStatus":5}"#;

fn wrong_type() -> String {
    let text = "NUMBER_VALUE cannot be converted to String";
    // Members of an object are in the order of their names.
    format!(r#"400 {{"Message":"{text}","__type":"{CORAL}SerializationException"}}"#)
}

#[test]
fn what_is_a_call() {
    for content_type in [
        "application/x-amz-json-1.0",
        "application/json",
        "application/json; charset=UTF-8",
        "APPLICATION/X-AMZ-JSON-1.0;x",
    ] {
        let request = call("ListDomains", WRONG_TYPE);
        check(with(request, "content-type", content_type), &wrong_type());
    }
    for content_type in ["", "text/plain", "application/x-amz-json-1.1", "application/jsonx"] {
        let request = call("ListDomains", WRONG_TYPE);
        check(with(request, "content-type", content_type), NOT_A_CALL);
    }
    check(without(call("ListDomains", WRONG_TYPE), "content-type"), NOT_A_CALL);
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let mut request = call("ListDomains", WRONG_TYPE);
        *request.method_mut() = method;
        check(request, NOT_A_CALL);
    }
    let mut request = call("ListDomains", WRONG_TYPE);
    *request.uri_mut() = "/other".parse().expect("a path");
    check(request, NOT_A_CALL);
}

/// Clients of 2012 send an encoding that encodes nothing. Others are refused, even where the body
/// is what it would be without.
#[test]
fn only_encodings_that_encode_nothing() {
    for encoding in ["amz-1.0", "identity"] {
        let request = call("ListDomains", WRONG_TYPE);
        check(with(request, "content-encoding", encoding), &wrong_type());
    }
    for encoding in ["gzip", "deflate", "aws-chunked"] {
        let request = with(call("ListDomains", WRONG_TYPE), "content-encoding", encoding);
        check(request, "415 The body of a request must not be encoded.\n");
    }
}

/// HTTP/1.1 asks for it, and old clients know nothing of it.
#[test]
fn a_request_names_its_host() {
    let nameless = || without(call("ListDomains", WRONG_TYPE), "host");
    check(nameless(), "400 A request has to name its host.\n");
    let mut old = nameless();
    *old.version_mut() = hyper::Version::HTTP_10;
    check(old, &wrong_type());
    let health = Request::get("/livez").body(Full::default()).expect("well-formed");
    check(health, "400 A request has to name its host.\n");
}

/// A page in a browser can make its own name stand for our address, but it cannot call us by
/// another.
#[test]
fn names_of_pages_are_refused_where_anybody_is_let_in() {
    for host in ["localhost", "127.0.0.1:7933", "[::1]:7933"] {
        check(with(call("ListDomains", WRONG_TYPE), "host", host), &wrong_type());
    }
    for host in ["page.example", "page.example:7933", "localhost.page.example"] {
        check(with(call("ListDomains", WRONG_TYPE), "host", host), NOT_OUR_NAME);
    }
}

#[test]
fn repeated_headers_that_matter() {
    for name in ["authorization", "x-amz-date", "x-amz-target", "content-type"] {
        let mut request = call("ListDomains", WRONG_TYPE);
        let value = request.headers()[name].clone();
        request.headers_mut().append(name, value);
        check(request, "400 A header that can stand but once is repeated.\n");
    }
    let mut request = Request::get("/livez").header("host", "a").body(Full::default());
    request
        .as_mut()
        .expect("well-formed")
        .headers_mut()
        .append("host", "b".parse().expect("a value"));
    let expected = "400 A header that can stand but once is repeated.\n";
    check(request.expect("well-formed"), expected);
}

/// Its own requests have no such header. What it says of others and cannot be read has no source.
#[test]
fn a_proxy_says_where_a_request_comes_from() {
    let proxies = TrustedProxies::parse("127.0.0.1").expect("an address");
    let pipeline = Pipeline { proxies, ..pipeline() };
    let unknown = "400 The proxy does not say where the request comes from.\n";
    for (header, expected) in
        [("192.0.2.1", wrong_type()), ("unknown", unknown.to_owned()), ("", unknown.to_owned())]
    {
        let request = call("ListDomains", WRONG_TYPE);
        check_on(&pipeline, with(request, "x-forwarded-for", header), &expected);
    }
    let health = || {
        let health = Request::get("/livez").header("host", "localhost");
        health.body(Full::default()).expect("well-formed")
    };
    check_on(&pipeline, health(), "200 alive\n");
    check_on(&pipeline, with(health(), "x-forwarded-for", "unknown"), unknown);
}

#[test]
fn targets() {
    for target in [
        "SimpleWorkflowService.ListDomains",
        "com.amazonaws.swf.service.model.SimpleWorkflowService.ListDomains",
    ] {
        check(with(call("", WRONG_TYPE), "x-amz-target", target), &wrong_type());
    }
    for target in [
        "",
        "ListDomains",
        ".ListDomains",
        "Other.ListDomains",
        "NotSimpleWorkflowService.ListDomains",
        "SimpleWorkflowService",
        "SimpleWorkflowService.",
        "SimpleWorkflowService.listDomains",
        "SimpleWorkflowService.Bogus",
    ] {
        check(with(call("", WRONG_TYPE), "x-amz-target", target), &unknown_operation());
    }
    check(without(call("", WRONG_TYPE), "x-amz-target"), &unknown_operation());
}

fn unknown_operation() -> String {
    refused("UnknownOperationException")
}

#[test]
fn bodies_that_are_no_json() {
    for body in ["", " ", "{", "nonsense", r#"{"name":"x""#, r#"{"name":"x"} trailing"#, "nul"] {
        check(call("DescribeDomain", body), &refused("SerializationException"));
    }
    let deep = "[".repeat(100_000);
    check(call("DescribeDomain", &deep), &refused("SerializationException"));
    let closed = format!("{{\"a\":{}1{}}}", "[".repeat(1_000), "]".repeat(1_000));
    check(call("DescribeDomain", &closed), &refused("SerializationException"));
}

#[test]
fn bodies_that_are_too_long() {
    let body = format!(r#"{{"name":"{}"}}"#, "x".repeat(Fault::BODY_BYTES_MAX));
    let text = format!("HTTP content length exceeded {} bytes.", Fault::BODY_BYTES_MAX);
    let code = "RequestEntityTooLargeException";
    let expected = format!(r#"413 {{"__type":"{CORAL}{code}","message":"{text}"}}"#);
    check(call("DescribeDomain", &body), &expected);
    check(without(call("DescribeDomain", &body), "authorization"), &expected);
}

/// It can be sent again, on the same connection.
#[test]
fn a_body_that_gives_way_to_others() {
    let most = Fault::BODY_BYTES_MAX;
    let pipeline = Pipeline { bodies: Arc::new(Bodies::new(most, most)), ..pipeline() };
    let other = pipeline.bodies.begin(Network::of([192, 0, 2, 9].into()));
    let (part, rest) = WRONG_TYPE.split_at(5);
    let text = r#""message":"Rate exceeded""#;
    let throttled =
        format!(r#"400 {{"__type":"com.amazon.coral.availability#ThrottlingException",{text}}}"#);
    let body = Parted(vec![part, rest], Some(other));
    check_on(&pipeline, call("ListDomains", "").map(|_| body), &throttled);
    let body = Parted(vec![part, rest], None);
    check_on(&pipeline, call("ListDomains", "").map(|_| body), &wrong_type());
}

/// A body that comes in parts. Behind the first of them another one takes all the room.
struct Parted(Vec<&'static str>, Option<crate::bodies::Reading>);

impl Body for Parted {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        if self.0.len() == 1
            && let Some(other) = &mut self.1
        {
            other.push(&vec![b'x'; Fault::BODY_BYTES_MAX]).expect("the older one gives way");
            self.1 = None;
        }
        let frame = (!self.0.is_empty()).then(|| self.0.remove(0));
        Poll::Ready(frame.map(|part| Ok(hyper::body::Frame::data(part.into()))))
    }
}

#[test]
fn credentials() {
    check(without(call("ListDomains", WRONG_TYPE), "authorization"), &missing_token());
    check(with(call("ListDomains", WRONG_TYPE), "authorization", "Basic eA=="), &missing_token());
    let text = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' \
                header. ";
    check(
        without(call("ListDomains", WRONG_TYPE), "x-amz-date"),
        &format!(
            r#"400 {{"__type":"{CORAL}IncompleteSignatureException","message":"{text}Authorization={SIGNED}"}}"#
        ),
    );
    let dated = without(call("ListDomains", WRONG_TYPE), "x-amz-date");
    check(with(dated, "date", "20150830T123600Z"), &wrong_type());
    let mut presigned = without(call("ListDomains", WRONG_TYPE), "authorization");
    let query = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2F\
                 us-east-1%2Fswf%2Faws4_request&X-Amz-Date=20150830T123600Z\
                 &X-Amz-SignedHeaders=host&X-Amz-Signature=0f";
    *presigned.uri_mut() = query.parse().expect("a query");
    check(presigned, &wrong_type());
}

/// Each request is wrong in all the ways that are left: the first one decides.
#[test]
fn the_order_of_checks() {
    let all_wrong = || without(call("Bogus", "{"), "authorization");
    check(with(all_wrong(), "content-type", "text/plain"), NOT_A_CALL);
    check(with(all_wrong(), "host", "page.example"), NOT_OUR_NAME);
    check(all_wrong(), &unknown_operation());
    check(without(call("ListDomains", "{"), "authorization"), &missing_token());
    check(call("ListDomains", "{"), &refused("SerializationException"));
    check(call("ListDomains", r#"{"maximumPageSize":-1,"registrationStatus":5}"#), &wrong_type());
    check(
        call("ListDomains", "{}"),
        concat!(
            r#"400 {"__type":"com.amazon.coral.validate#ValidationException","#,
            r#""message":"1 validation error detected: Value null at 'registrationStatus' "#,
            r#"failed to satisfy constraint: Member must not be null"}"#,
        ),
    );
}

/// Output-less operations answer with nothing, others with an object; a region is a world of its
/// own.
#[test]
fn replies() {
    let pipeline = pipeline();
    let register = r#"{"name":"d","workflowExecutionRetentionPeriodInDays":"1"}"#;
    let list = r#"{"registrationStatus":"REGISTERED"}"#;
    check_on(&pipeline, call("RegisterDomain", register), "200 ");
    let arn = "arn:aws:swf:us-east-1:000000000000:/domain/d";
    check_on(
        &pipeline,
        call("ListDomains", list),
        &format!(r#"200 {{"domainInfos":[{{"name":"d","status":"REGISTERED","arn":"{arn}"}}]}}"#),
    );
    let elsewhere = SIGNED.replace("us-east-1", "eu-west-1");
    let request = with(call("ListDomains", list), "authorization", &elsewhere);
    check_on(&pipeline, request, r#"200 {"domainInfos":[]}"#);
    check_on(
        &pipeline,
        call("RegisterDomain", register),
        r#"400 {"__type":"com.amazonaws.swf.base.model#DomainAlreadyExistsFault","message":"d"}"#,
    );
}

#[test]
fn health() {
    let get = |path: &str| {
        let request = Request::get(path).header("host", "health.example");
        request.body(Full::new(Bytes::new())).expect("a well-formed request")
    };
    let pipeline = pipeline();
    check_on(&pipeline, get("/livez"), "200 alive\n");
    check_on(&pipeline, get("/readyz"), "200 ready\n");
    check_on(&pipeline, get("/readyz?verbose"), "200 ready\n");
    check_on(&pipeline, get("/"), NOT_A_CALL);
}

/// What failed is for the log alone; the request id leads there.
#[test]
fn a_failure_of_ours_says_nothing_of_itself() {
    let fails = Arc::new(AtomicBool::new(false));
    let plan = fails.clone();
    let store = store::memory::Memory::default()
        .with_faults(move |_| plan.load(Ordering::Relaxed).then_some(store::memory::Fault::Full));
    let pipeline = pipeline_over(store);
    fails.store(true, Ordering::Relaxed);
    let internal = format!(r#"500 {{"__type":"{CORAL}InternalFailure"}}"#);
    let register = r#"{"name":"d","workflowExecutionRetentionPeriodInDays":"1"}"#;
    check_on(&pipeline, call("RegisterDomain", register), &internal);
}

#[tokio::test]
async fn a_panic_costs_one_request() {
    assert_eq!(unless_panicking(async { 5 }).await, Some(5));
    let panicking = async {
        tokio::task::yield_now().await;
        panic!("on purpose")
    };
    assert_eq!(unless_panicking::<()>(panicking).await, None);
}
