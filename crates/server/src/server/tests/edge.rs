//! What raw sockets send that no client of SWF does.

use super::*;
use crate::connection::HEAD_BYTES_MAX;

const DATE: &str = "\r\ndate: ";
const REQUEST_ID: &str = "\r\nx-amzn-requestid: 07070707-0707-4707-8707-070707070707\r\n";

/// A call. `more` are further lines of its head.
fn post(more: &str, body: &str) -> Vec<u8> {
    let head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                X-Amz-Target: SimpleWorkflowService.ListDomains\r\n\
                X-Amz-Date: 20150830T123600Z\r\n\
                Authorization: AWS4-HMAC-SHA256 SignedHeaders=host, Signature=0f, \
                Credential=AKIDEXAMPLE/20150830/us-east-1/swf/aws4_request\r\n";
    format!("{head}{more}\r\n{body}").into_bytes()
}

/// Sends it on a connection of its own, and expects one answer, after which that ends.
async fn check(server: &Running, request: &[u8], status: &str, text: &str) {
    let sent = String::from_utf8_lossy(&request[..request.len().min(200)]).into_owned();
    let answer = server.exchange(request).await;
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{sent}: {answer}");
    assert_eq!(answer.matches("HTTP/1.").count(), 1, "{sent}: {answer}");
    assert!(answer.contains(text), "{sent}: {answer}");
    assert!(answer.contains(DATE), "{sent}: {answer}");
}

#[tokio::test]
async fn bodies_without_a_length_have_a_bound_too() {
    let server = Running::start().await;
    let chunk = format!("{:x}\r\n{}\r\n", 0x10000, "x".repeat(0x10000));
    let body = chunk.repeat(Fault::BODY_BYTES_MAX / 0x10000 + 1) + "0\r\n\r\n";
    let request = post("Transfer-Encoding: chunked\r\n", &body);
    check(&server, &request, "413", "#RequestEntityTooLargeException").await;
    server.stop().await;
}

/// What is too long by far is not read to its end.
#[tokio::test]
async fn a_body_that_never_ends_is_cut() {
    let server = Running::start().await;
    let mut stream = TcpStream::connect(server.address).await.expect("connect");
    stream.write_all(&post("Content-Length: 100000000000\r\n", "")).await.expect("send");
    let some = vec![b'x'; 0x10000];
    bounded(async { while stream.write_all(&some).await.is_ok() {} }).await;
    server.stop().await;
}

#[tokio::test]
async fn json_that_is_deep() {
    let server = Running::start().await;
    for body in ["[".repeat(1_000_000), format!("{}{}", "[".repeat(129), "]".repeat(129))] {
        let more = format!("Connection: close\r\nContent-Length: {}\r\n", body.len());
        check(&server, &post(&more, &body), "400", "#SerializationException").await;
    }
    server.stop().await;
}

#[tokio::test]
async fn heads_that_are_too_large() {
    let server = Running::start().await;
    let many: String = (0..101).map(|number| format!("X-{number}: y\r\n")).collect();
    let long = format!("X-Long: {}\r\n", "y".repeat(HEAD_BYTES_MAX));
    let target = format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "y".repeat(HEAD_BYTES_MAX));
    check(&server, &post(&many, ""), "431", DATE).await;
    check(&server, &post(&long, ""), "431", DATE).await;
    check(&server, target.as_bytes(), "431", DATE).await;
    server.stop().await;
}

/// It is refused by the protocol below the pipeline.
#[tokio::test]
async fn what_is_not_http() {
    let server = Running::start().await;
    for request in [
        &b"nonsense\r\n\r\n"[..],
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /livez HTTP/3.0\r\nHost: h\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost : h\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: a\0b\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, identity\r\n\r\n",
        b"POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        check(&server, request, "400", DATE).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn heads_that_two_readers_could_understand_differently() {
    let server = Running::start().await;
    let repeated = "A header that can stand but once is repeated.\n";
    for line in [
        "Host: other",
        "Content-Type: application/json",
        "X-Amz-Target: SimpleWorkflowService.DeprecateDomain",
        "X-Amz-Date: 20150830T123600Z\r\nx-amz-date: 20150830T123600Z",
        "Authorization: a\r\nAuthorization: b",
        "X-Amz-Security-Token: a\r\nX-Amz-Security-Token: a",
    ] {
        let more = format!("{line}\r\nConnection: close\r\nContent-Length: 2\r\n");
        check(&server, &post(&more, "{}"), "400", repeated).await;
        check(&server, &post(&more, "{}"), "400", REQUEST_ID).await;
    }
    let gzip = "Content-Encoding: gzip\r\nConnection: close\r\nContent-Length: 2\r\n";
    check(&server, &post(gzip, "{}"), "415", REQUEST_ID).await;
    server.stop().await;
}

/// What a proxy may have taken for a request of its own is never looked at.
#[tokio::test]
async fn a_length_beside_a_transfer_encoding_is_refused() {
    let server = Running::start().await;
    let smuggled = "0\r\n\r\nGET /livez HTTP/1.1\r\nHost: h\r\n\r\n";
    let length = smuggled.len();
    let refused = "A request has a length or a transfer encoding, and not both.\n";
    for more in [
        format!("Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n"),
        format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n"),
    ] {
        check(&server, &post(&more, smuggled), "400", refused).await;
        check(&server, &post(&more, smuggled), "400", REQUEST_ID).await;
        // Behind another that was answered before.
        let mut stream = TcpStream::connect(server.address).await.expect("connect");
        let health = b"GET /livez HTTP/1.1\r\nHost: h\r\n\r\n";
        stream.write_all(health).await.expect("send");
        let mut answer = vec![0; 1024];
        let length = bounded(stream.read(&mut answer)).await.expect("receive");
        assert!(answer[..length].starts_with(b"HTTP/1.1 200 "));
        stream.write_all(&post(&more, smuggled)).await.expect("send");
        let mut answer = String::new();
        bounded(stream.read_to_string(&mut answer)).await.expect("receive");
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.ends_with(refused), "{answer}");
        // Behind one that is not: it is not seen, and the connection ends as HTTP has it.
        let both = [health, &post(&more, smuggled)[..]].concat();
        let answer = server.exchange(&both).await;
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 2, "{answer}");
        assert!(answer.contains("#SerializationException"), "{answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn targets_that_are_no_path() {
    let server = Running::start().await;
    let rest = "Host: h\r\nConnection: close\r\n\r\n";
    for (line, status) in [
        ("GET http://h/livez HTTP/1.1", "200"),
        ("GET http://other/livez HTTP/1.1", "400"),
        ("CONNECT h:443 HTTP/1.1", "400"),
        ("OPTIONS * HTTP/1.1", "404"),
        ("GET //livez HTTP/1.1", "404"),
        ("GET /../livez HTTP/1.1", "404"),
        ("GET /%6civez HTTP/1.1", "404"),
        ("TRACE / HTTP/1.1", "404"),
    ] {
        check(&server, format!("{line}\r\n{rest}").as_bytes(), status, REQUEST_ID).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn http_1_0_is_answered_and_the_connection_ends() {
    let server = Running::start().await;
    let answer = server.exchange(b"GET /livez HTTP/1.0\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.0 200 OK\r\n"), "{answer}");
    assert!(answer.contains(DATE) && answer.contains(REQUEST_ID), "{answer}");
    server.stop().await;
}

/// Each is answered in its turn, and what ends the connection ends it for those behind.
#[tokio::test]
async fn requests_that_do_not_wait_for_answers() {
    let server = Running::start().await;
    let health = "GET /livez HTTP/1.1\r\nHost: h\r\n\r\n";
    let call = String::from_utf8(post("Content-Length: 1\r\n", "{")).expect("text");
    let other = "GET http://other/ HTTP/1.1\r\nHost: h\r\n\r\n";
    let all = format!("{health}{call}{other}{health}nonsense\r\n\r\n{health}");
    let answer = server.exchange(all.as_bytes()).await;
    let statuses: Vec<&str> =
        answer.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
    assert_eq!(statuses, ["200", "400", "400", "200", "400"], "{answer}");
    assert_eq!(answer.matches(DATE).count(), 5, "{answer}");
    server.stop().await;
}

/// When one of its connections ends, another may come.
#[tokio::test]
async fn a_peer_has_its_own_bound() {
    let seats = Seats::new(2);
    let server = Running::start_with(|server| Server { seats, ..server }).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(server.address).await.expect("connect");
        stream.write_all(b"GET /livez HTTP/1.1\r\nHost: h\r\n\r\n").await.expect("send");
        let mut answer = [0; 12];
        bounded(stream.read_exact(&mut answer)).await.expect("receive");
        assert_eq!(&answer, b"HTTP/1.1 200");
        held.push(stream);
    }
    let mut refused = TcpStream::connect(server.address).await.expect("connect");
    let ended = bounded(refused.read(&mut [0; 1])).await;
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    drop(held);
    // The server learns of their end in its own time. Until then it closes the new ones.
    let last = b"GET /livez HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    let mut answer = String::new();
    bounded(async {
        while answer.is_empty() {
            let mut stream = TcpStream::connect(server.address).await.expect("connect");
            if stream.write_all(last).await.is_ok() {
                // Refused, it may end in a reset.
                let _ = stream.read_to_string(&mut answer).await;
            }
        }
    })
    .await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    server.stop().await;
}

/// Their connections are those of many.
#[tokio::test]
async fn trusted_proxies_are_not_counted() {
    let proxies = TrustedProxies::parse("127.0.0.0/8").expect("a network");
    let seats = Seats::new(0);
    let server = Running::start_with(|server| Server { seats, ..server }.behind(proxies)).await;
    let last = b"GET /livez HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    check(&server, last, "200", REQUEST_ID).await;
    server.stop().await;
}
