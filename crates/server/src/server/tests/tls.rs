//! TLS, over TCP.

use super::*;
use crate::tls::tests::{Authority, Issued, certificate, client};
use crate::tls::{HANDSHAKE_SECONDS_MAX, Identity, TlsError};
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::version::{TLS12, TLS13};

const HEALTH: &[u8] = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n";
const LAST: &[u8] = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

async fn start(tls: &Arc<Tls>) -> Running {
    let tls = tls.clone();
    Running::start_with(|server| server.over_tls(tls)).await
}

fn tls(issued: &Issued, clients: Option<&Authority>) -> Arc<Tls> {
    Arc::new(Tls::new(issued.identity(clients)).expect("all belongs together"))
}

async fn connect(server: &Running, client: &TlsConnector) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(server.address).await.expect("connect");
    let host = ServerName::try_from("localhost").expect("a name of a host");
    bounded(client.connect(host, stream)).await
}

/// Sends the last request of a connection, and returns its answer.
async fn last(mut stream: TlsStream<TcpStream>) -> io::Result<String> {
    stream.write_all(LAST).await?;
    let mut answer = String::new();
    bounded(stream.read_to_string(&mut answer)).await?;
    Ok(answer)
}

#[tokio::test]
async fn both_versions_are_spoken() {
    let authority = Authority::new("a");
    let server = start(&tls(&authority.issue("localhost"), None)).await;
    for version in [&TLS12, &TLS13] {
        let stream = connect(&server, &client(&authority, None, version)).await.expect("secure");
        let (_, session) = stream.get_ref();
        assert_eq!(session.alpn_protocol(), Some(&b"http/1.1"[..]));
        assert_eq!(session.protocol_version(), Some(version.version));
        // The end is said, so that nothing can be cut off unnoticed.
        let answer = last(stream).await.expect("an answer, and a proper end");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains("\r\ndate: "), "{answer}");
        assert!(answer.ends_with("ready\n"), "{answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_does_not_know_the_authority_goes_away() {
    let (authority, other) = (Authority::new("a"), Authority::new("b"));
    let server = start(&tls(&authority.issue("localhost"), None)).await;
    let error = connect(&server, &client(&other, None, &TLS13)).await.expect_err("unknown");
    assert!(error.to_string().contains("UnknownIssuer"), "{error}");
    let stream = connect(&server, &client(&authority, None, &TLS13)).await.expect("secure");
    assert!(last(stream).await.expect("an answer").ends_with("ready\n"));
    server.stop().await;
}

#[tokio::test]
async fn clients_prove_themselves_where_they_must() {
    let (authority, clients) = (Authority::new("servers"), Authority::new("clients"));
    let server = start(&tls(&authority.issue("localhost"), Some(&clients))).await;
    let (right, wrong) = (clients.issue("worker"), authority.issue("worker"));
    for version in [&TLS12, &TLS13] {
        for (own, is_let_in) in [(Some(&right), true), (Some(&wrong), false), (None, false)] {
            // In TLS 1.3 a client learns that it is refused when it reads.
            let outcome = match connect(&server, &client(&authority, own, version)).await {
                Ok(stream) => last(stream).await,
                Err(error) => Err(error),
            };
            match outcome {
                Ok(answer) => assert!(is_let_in && answer.ends_with("ready\n"), "{answer}"),
                Err(error) => assert!(!is_let_in, "{error}"),
            }
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_new_certificate_is_for_new_connections() {
    let authority = Authority::new("a");
    let (old, new) = (authority.issue("localhost"), authority.issue("localhost"));
    let tls = tls(&old, None);
    let server = start(&tls).await;
    let client = client(&authority, None, &TLS13);
    let shown = |stream: &TlsStream<TcpStream>| {
        let certificates = stream.get_ref().1.peer_certificates().expect("it has shown some");
        certificates[0].clone()
    };
    let mut before = connect(&server, &client).await.expect("secure");
    before.write_all(HEALTH).await.expect("send");
    let mut answer = [0; 12];
    bounded(before.read_exact(&mut answer)).await.expect("receive");

    // What cannot be used changes nothing.
    let mixed = Identity { key: new.key.as_bytes(), ..old.identity(None) };
    assert!(matches!(tls.replace(mixed), Err(TlsError::Pair(_))));
    let meanwhile = connect(&server, &client).await.expect("secure");
    assert_eq!(shown(&meanwhile), certificate(&old.certificate));
    drop(meanwhile);

    tls.replace(new.identity(None)).expect("all belongs together");
    let after = connect(&server, &client).await.expect("secure");
    assert_eq!(shown(&after), certificate(&new.certificate));
    assert!(last(after).await.expect("an answer").ends_with("ready\n"));
    assert_eq!(shown(&before), certificate(&old.certificate));
    assert!(last(before).await.expect("it goes on").ends_with("ready\n"));
    server.stop().await;
}

/// Time is paused: it jumps to the deadline as soon as nothing else is left to do. One handshake
/// does not come, one stops in the middle.
#[tokio::test(start_paused = true)]
async fn a_handshake_that_does_not_come_is_cut() {
    let authority = Authority::new("a");
    let server = start(&tls(&authority.issue("localhost"), None)).await;
    for beginning in [&b""[..], b"\x16\x03\x01\x02\x00\x01"] {
        let begin = Instant::now();
        let mut stream = TcpStream::connect(server.address).await.expect("connect");
        stream.write_all(beginning).await.expect("send");
        let ended = stream.read(&mut [0; 64]).await;
        assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
        assert_eq!(begin.elapsed().as_secs(), HANDSHAKE_SECONDS_MAX);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_handshake_that_does_not_come_holds_up_nobody() {
    let authority = Authority::new("a");
    let server = start(&tls(&authority.issue("localhost"), None)).await;
    let mut stuck = TcpStream::connect(server.address).await.expect("connect");
    stuck.write_all(b"\x16\x03\x01\x02\x00\x01").await.expect("send");
    let stream = connect(&server, &client(&authority, None, &TLS13)).await.expect("secure");
    assert!(last(stream).await.expect("an answer").ends_with("ready\n"));
    server.stop().await;
}

#[tokio::test]
async fn plain_http_is_told_where_it_is() {
    let authority = Authority::new("a");
    let server = start(&tls(&authority.issue("localhost"), None)).await;
    let answer = server.exchange(HEALTH).await;
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    assert!(answer.contains("\r\ndate: "), "{answer}");
    assert!(answer.contains("\r\nx-amzn-requestid: "), "{answer}");
    assert!(answer.ends_with("This port speaks TLS: use https.\n"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn tls_on_a_plain_port_fails_at_once() {
    let server = Running::start().await;
    let client = client(&Authority::new("a"), None, &TLS13);
    connect(&server, &client).await.expect_err("nobody speaks TLS there");
    server.stop().await;
}

/// Neither for the handshake that is under way nor for the connection that idles.
#[tokio::test]
async fn a_stop_waits_for_nobody_who_says_nothing() {
    let authority = Authority::new("a");
    let server = start(&tls(&authority.issue("localhost"), None)).await;
    let mut half = TcpStream::connect(server.address).await.expect("connect");
    half.write_all(b"\x16\x03\x01").await.expect("send");
    let client = client(&authority, None, &TLS13);
    let mut idle = connect(&server, &client).await.expect("secure");
    idle.write_all(HEALTH).await.expect("send");
    let mut answer = Vec::new();
    while !answer.ends_with(b"ready\n") {
        assert_ne!(bounded(idle.read_buf(&mut answer)).await.expect("receive"), 0);
    }
    let begin = Instant::now();
    server.stop().await;
    assert!(begin.elapsed().as_secs() < STOP_SECONDS_MAX, "nothing was cut");
    assert_eq!(idle.read(&mut [0; 1]).await.expect("a proper end"), 0);
}
