//! Endpoints as operators write them, and calls against an HTTP server that each test starts.

mod outside;

use super::*;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

/// A server for one request: `answer` is given the connection once the request has been read. What
/// comes back is the request: its head, line by line, and its body.
struct FunctionServer {
    caller: Arc<Caller>,
    thread: JoinHandle<(Vec<String>, String)>,
}

impl FunctionServer {
    fn start(answer: impl FnOnce(&mut TcpStream) + Send + 'static) -> FunctionServer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let caller = caller(settings(&format!("http://{address}/base/")));
        let thread = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            let request = read_request(&stream);
            answer(&mut stream);
            request
        });
        FunctionServer { caller, thread }
    }

    fn answering(response: impl Into<Vec<u8>>) -> FunctionServer {
        let response = response.into();
        FunctionServer::start(move |stream| {
            // A client that has read enough closes the connection.
            let _ = stream.write_all(&response);
        })
    }

    /// Calls a function, and gives back the outcome and the request.
    fn called(self, call: &FunctionCall) -> (Option<FunctionOutcome>, Vec<String>, String) {
        let outcome = outcome(&self.caller, call);
        let (head, body) = self.thread.join().expect("the server does not panic");
        (outcome, head, body)
    }

    fn outcome(self) -> FunctionOutcome {
        let (outcome, _, _) = self.called(&call("hello", "{}"));
        outcome.expect("an answer in time")
    }
}

fn settings(url: &str) -> LambdaSettings {
    LambdaSettings {
        endpoint: Endpoint::parse(url).expect("a right URL"),
        ca_bundle: None,
        credentials: None,
        allowed_networks: Networks::default(),
    }
}

fn caller(settings: LambdaSettings) -> Arc<Caller> {
    Arc::new(Caller::open(settings).expect("the files are right"))
}

fn outcome(caller: &Arc<Caller>, call: &FunctionCall) -> Option<FunctionOutcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(caller.outcome(call))
}

fn read_request(stream: impl Read) -> (Vec<String>, String) {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a request");
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let length = head.iter().find_map(|line| line.strip_prefix("content-length: "));
    let length = length.map_or(0, |length| length.parse().expect("a number"));
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("the whole body");
    (head, String::from_utf8(body).expect("UTF-8"))
}

fn call(name: &str, payload: &str) -> FunctionCall {
    FunctionCall {
        region: "eu-west-1".into(),
        name: name.into(),
        payload: payload.into(),
        timeout: Duration::from_secs(20),
    }
}

fn response(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}")
}

fn returned(payload: &str) -> FunctionOutcome {
    FunctionOutcome::Returned { payload: payload.to_owned() }
}

#[test]
fn a_function_is_called_by_the_invoke_api() {
    let server = FunctionServer::answering(response("200 OK", "", "{\"a\":\"ü\"}"));
    let authority = server.caller.endpoint.authority.clone();
    let (outcome, head, body) = server.called(&call("hello", "[\"ü\"]"));
    assert_eq!(outcome, Some(returned("{\"a\":\"ü\"}")));
    assert_eq!(body, "[\"ü\"]");
    let expected = [
        "POST /base/2015-03-31/functions/hello/invocations HTTP/1.1".to_owned(),
        format!("host: {authority}"),
        "content-type: application/json".to_owned(),
        "x-amz-invocation-type: RequestResponse".to_owned(),
        "connection: close".to_owned(),
        "content-length: 6".to_owned(),
    ];
    assert_eq!(head, expected);
}

#[test]
fn an_empty_input_is_a_body_of_length_0() {
    let server = FunctionServer::answering(response("200 OK", "", "1"));
    let (outcome, head, body) = server.called(&call("hello", ""));
    assert_eq!((outcome, body.as_str()), (Some(returned("1")), ""));
    let lengths = head.iter().filter(|line| line.starts_with("content-length"));
    assert_eq!(lengths.collect::<Vec<_>>(), ["content-length: 0"]);
}

#[test]
fn a_name_stays_within_its_segment_of_the_path() {
    for (name, segment) in [
        ("my-fn_1.x~", "my-fn_1.x~"),
        ("fn:prod", "fn%3Aprod"),
        ("../../x?y#z", "..%2F..%2Fx%3Fy%23z"),
        ("a b%c\r\nx: y", "a%20b%25c%0D%0Ax%3A%20y"),
        ("ü", "%C3%BC"),
    ] {
        let server = FunctionServer::answering(response("200 OK", "", ""));
        let (outcome, head, _) = server.called(&call(name, "{}"));
        assert_eq!(outcome, Some(returned("")));
        let line = format!("POST /base/2015-03-31/functions/{segment}/invocations HTTP/1.1");
        assert_eq!(head[0], line);
    }
    let caller = caller(settings("http://127.0.0.1:1"));
    for name in [".", ".."] {
        let refused = Some(failed(SERVICE_EXCEPTION, "the name is no function's"));
        let outcome = outcome(&caller, &call(name, "{}"));
        assert_eq!(outcome, refused, "{name} would change the path");
    }
}

#[test]
fn what_a_function_throws_is_its_failure() {
    let payload = r#"{"errorMessage":"no","errorType":"ValueError","stackTrace":[]}"#;
    let header = "X-Amz-Function-Error: Unhandled\r\n";
    let thrown = FunctionServer::answering(response("200 OK", header, payload)).outcome();
    assert_eq!(thrown, failed("ValueError", payload));
    // Without a word of its own, Lambda's.
    for payload in ["", "no JSON", "[]", r#"{"errorMessage":"no"}"#, r#"{"errorType":""}"#] {
        let thrown = FunctionServer::answering(response("200 OK", header, payload)).outcome();
        assert_eq!(thrown, failed("Unhandled", payload), "{payload}");
    }
}

#[test]
fn what_the_endpoint_refuses_has_its_name() {
    let message = r#"{"Type":"User","Message":"Function not found: hello"}"#;
    let typed = r#"{"__type":"com.amazon#TooManyRequestsException:http://x","message":"m"}"#;
    for (status, headers, body, expected) in [
        (
            "404 Not Found",
            "x-amzn-ErrorType: ResourceNotFoundException:http://internal/\r\n",
            message,
            failed("ResourceNotFoundException", message),
        ),
        ("404 Not Found", "", message, failed("ResourceNotFoundException", message)),
        (
            "404 Not Found",
            "",
            "",
            failed("ResourceNotFoundException", "the endpoint answered 404 Not Found"),
        ),
        ("400 Bad Request", "", typed, failed("TooManyRequestsException", typed)),
        ("429 Too Many Requests", "", "slow", failed("TooManyRequestsException", "slow")),
        ("413 Payload Too Large", "", "big", failed("RequestTooLargeException", "big")),
        ("500 Internal Server Error", "", "oh", failed("ServiceException", "oh")),
        ("403 Forbidden", "", "no", failed("ServiceException", "no")),
    ] {
        let outcome = FunctionServer::answering(response(status, headers, body)).outcome();
        assert_eq!(outcome, expected, "{status} {body}");
    }
}

/// 202 answers an event, and 204 a dry run: neither says what the function returned.
#[test]
fn only_200_has_a_result() {
    for (status, body, details) in [
        ("202 Accepted", "", "the endpoint answered 202 Accepted"),
        ("202 Accepted", "{}", "{}"),
        ("204 No Content", "", "the endpoint answered 204 No Content"),
        ("201 Created", "{\"a\":1}", "{\"a\":1}"),
        ("206 Partial Content", "{\"a\"", "{\"a\""),
    ] {
        let outcome = FunctionServer::answering(response(status, "", body)).outcome();
        assert_eq!(outcome, failed("ServiceException", details), "{status} {body}");
    }
}

#[test]
fn a_redirect_is_not_followed() {
    let target = TcpListener::bind("127.0.0.1:0").expect("a free port");
    target.set_nonblocking(true).expect("a socket");
    let address = target.local_addr().expect("it is bound");
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect"] {
        let location = format!("location: http://{address}/\r\n");
        let outcome = FunctionServer::answering(response(status, &location, "")).outcome();
        let details = format!("the endpoint answered {status}; redirects are not followed");
        assert_eq!(outcome, failed("ServiceException", details));
    }
    assert!(target.accept().is_err(), "nobody came");
}

#[test]
fn a_response_that_is_too_long_is_not_read_to_its_end() {
    let most = "x".repeat(RESPONSE_BYTES_MAX);
    let whole = FunctionServer::answering(response("200 OK", "", &most)).outcome();
    assert_eq!(whole, returned(&most));
    // One that does not end: the server writes until the client is gone.
    let endless = FunctionServer::start(|stream| {
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        let chunk = format!("{:x}\r\n{}\r\n", 4096, "y".repeat(4096));
        let mut sent = stream.write_all(head.as_bytes());
        while sent.is_ok() {
            sent = stream.write_all(chunk.as_bytes());
        }
    });
    assert_eq!(endless.outcome(), FunctionOutcome::too_large(RESPONSE_BYTES_MAX));
    // What a function throws is cut.
    let header = "X-Amz-Function-Error: Handled\r\n";
    let thrown = format!("{most}x");
    let thrown = FunctionServer::answering(response("200 OK", header, &thrown)).outcome();
    assert_eq!(thrown, failed("Handled", most));
}

#[test]
fn a_payload_that_is_no_text_is_a_failure() {
    let mut bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n".to_vec();
    bytes.extend([0xff, 0xfe]);
    let outcome = FunctionServer::answering(bytes).outcome();
    assert_eq!(outcome, failed("ServiceException", "the payload is not UTF-8"));
}

#[test]
fn a_function_that_takes_too_long_has_no_outcome() {
    let until_closed = |stream: &mut TcpStream| {
        let mut byte = [0];
        // Whether the end is orderly does not matter.
        let _ = stream.read(&mut byte);
    };
    let silent = FunctionServer::start(until_closed);
    let half = FunctionServer::start(move |stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").expect("a client");
        until_closed(stream);
    });
    for server in [silent, half] {
        let brief = FunctionCall { timeout: Duration::from_millis(300), ..call("hello", "{}") };
        let (outcome, _, _) = server.called(&brief);
        assert_eq!(outcome, None);
    }
}

#[test]
fn a_connection_that_breaks_is_a_failure() {
    let silent = FunctionServer::start(|_| ()).outcome();
    let half = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf".to_vec();
    let half = FunctionServer::answering(half).outcome();
    let nonsense = FunctionServer::answering(b"hello\r\n\r\n".to_vec()).outcome();
    for outcome in [silent, half, nonsense] {
        let FunctionOutcome::Failed { reason, details } = outcome else { panic!("{outcome:?}") };
        assert_eq!(reason, SERVICE_EXCEPTION);
        assert!(details.starts_with("the connection broke: "), "{details}");
    }
}

/// Time passes at once where there is nothing but time to wait for.
#[tokio::test(start_paused = true)]
async fn an_endpoint_that_is_not_reached_in_time_is_a_failure() {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let listener = socket.listen(1).expect("it is bound");
    let address = listener.local_addr().expect("it is bound");
    // Nobody accepts: from the first connection that finds no room on, none does.
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
        waiting.push(stream);
    }
    let caller = caller(settings(&format!("http://{address}")));
    let begin = tokio::time::Instant::now();
    let outcome = caller.outcome(&call("hello", "{}")).await;
    let expected = failed(SERVICE_EXCEPTION, "no connection after 5 seconds");
    assert_eq!(outcome, Some(expected));
    assert_eq!(begin.elapsed().as_secs(), CONNECT_MAX.as_secs());
}

#[test]
fn an_endpoint_that_nobody_serves_is_a_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    drop(listener);
    let caller = caller(settings(&format!("http://{address}")));
    let outcome = outcome(&caller, &call("hello", "{}"));
    let Some(FunctionOutcome::Failed { reason, details }) = outcome else { panic!("{outcome:?}") };
    assert_eq!(reason, SERVICE_EXCEPTION);
    assert!(details.starts_with("no connection: "), "{details}");
}

#[test]
fn endpoints_as_they_are_written() {
    for (text, host, port, shown) in [
        ("http://127.0.0.1:9001", "127.0.0.1", 9001, "http://127.0.0.1:9001"),
        ("http://lambda.internal/", "lambda.internal", 80, "http://lambda.internal"),
        ("http://[::1]:3001/a/b/", "::1", 3001, "http://[::1]:3001/a/b"),
        ("HTTP://localhost:4566", "localhost", 4566, "http://localhost:4566"),
        ("https://lambda.internal/x", "lambda.internal", 443, "https://lambda.internal/x"),
        ("https://[fd00::1]:8443", "fd00::1", 8443, "https://[fd00::1]:8443"),
        ("http://[::ffff:127.0.0.1]", "::ffff:127.0.0.1", 80, "http://[::ffff:127.0.0.1]"),
    ] {
        let endpoint = Endpoint::parse(text).expect(text);
        assert_eq!((endpoint.host.as_str(), endpoint.port), (host, port), "{text}");
        assert_eq!(endpoint.to_string(), shown);
    }
    for text in [
        "",
        "127.0.0.1:9001",
        "/path",
        "http://",
        "http://:80",
        "https://",
        "ftp://host",
        "unix:///run/lambda",
        "http://user:password@host",
        "http://host?x=y",
        "http://host#x",
        "http://host:0",
        "http://host:99999",
        "http://ho st",
        "http://h%6fst",
        "http://h\u{3002}st",
        "http://h\\st",
        "http://[host]",
        "http://[host.]:80",
        "http://host[",
        "http://[[::1]]",
        "http://[::1",
        "http://ho[::1]",
        "http://a:b@host",
    ] {
        assert!(Endpoint::parse(text).is_err(), "{text}");
    }
}
