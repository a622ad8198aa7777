//! Over real sockets: what happens to a request when its client goes, or the server stops.

use super::*;
use crate::bodies::Bodies;
use crate::body::{self, BodyError};
use crate::head_bound::HEAD_READ_SECONDS_MAX;
use crate::network::Network;
use crate::tls::Tls;
use crate::tls::tests::{Authority, client};
use hyper::StatusCode;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::version::TLS13;

/// Longer than anything here takes; a test that waits this long has failed.
const WAIT_SECONDS_MAX: u64 = 20;

const POLL: &[u8] = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}";

async fn read(request: Request<Incoming>) -> Result<Vec<u8>, BodyError> {
    let reading = Arc::<Bodies>::default().begin(Network::of(Ipv4Addr::LOCALHOST.into()));
    body::read(request.into_body(), reading).await
}

#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Begun,
    Dropped,
}

struct Dropping {
    seen: mpsc::UnboundedSender<Seen>,
    answered: AtomicBool,
}

impl Drop for Dropping {
    fn drop(&mut self) {
        if !self.answered.load(Ordering::Relaxed) {
            // The test may have ended.
            let _ = self.seen.send(Seen::Dropped);
        }
    }
}

/// A client and a server whose answers wait until `release` turns true.
struct Pair<C> {
    client: C,
    seen: mpsc::UnboundedReceiver<Seen>,
    release: watch::Sender<bool>,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl Pair<TcpStream> {
    async fn new() -> Pair<TcpStream> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("bind");
        let address = listener.local_addr().expect("a bound socket has an address");
        let client = TcpStream::connect(address).await.expect("connect");
        let (stream, _) = listener.accept().await.expect("accept");
        Pair::over(client, stream)
    }
}

impl<C: AsyncRead + AsyncWrite + Unpin> Pair<C> {
    fn over<S>(client: C, stream: S) -> Pair<C>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, seen) = mpsc::unbounded_channel();
        let (release, released) = watch::channel(false);
        let (stop, stopping) = watch::channel(false);
        let handle = move |request: Request<Incoming>| {
            let (sender, mut released) = (sender.clone(), released.clone());
            async move {
                // As the pipeline does: the body is read before anything waits.
                read(request).await.expect("the body comes");
                let dropping = Arc::new(Dropping { seen: sender, answered: false.into() });
                dropping.seen.send(Seen::Begun).expect("the test waits for it");
                released.wait_for(|released| *released).await.expect("the test holds the sender");
                dropping.answered.store(true, Ordering::Relaxed);
                Response::new(Full::new(Bytes::from_static(b"done")))
            }
        };
        let serving = tokio::spawn(serve(stream, handle, stopping));
        Pair { client, seen, release, stop, serving }
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.client.write_all(bytes).await.expect("send");
    }

    async fn next(&mut self) -> Seen {
        bounded(self.seen.recv()).await.expect("the server still runs")
    }

    async fn receive_until_closed(&mut self) -> String {
        let mut text = String::new();
        bounded(self.client.read_to_string(&mut text)).await.expect("receive");
        text
    }
}

async fn bounded<T>(future: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(WAIT_SECONDS_MAX);
    tokio::time::timeout(limit, future).await.expect("it takes far less")
}

#[tokio::test]
async fn a_client_that_closes_takes_its_request_with_it() {
    let mut pair = Pair::new().await;
    pair.send(POLL).await;
    assert_eq!(pair.next().await, Seen::Begun);
    let Pair { client, mut seen, serving, release: _release, stop: _stop } = pair;
    drop(client);
    assert_eq!(bounded(seen.recv()).await, Some(Seen::Dropped));
    bounded(serving).await.expect("the connection's task ends");
}

/// Whether it says that it ends the connection or not.
#[tokio::test]
async fn a_client_that_closes_takes_its_request_with_it_over_tls() {
    for says_so in [true, false] {
        let authority = Authority::new("a");
        let issued = authority.issue("localhost");
        let tls = Tls::new(issued.identity(None)).expect("all belongs together");
        let (near, far) = tokio::io::duplex(64 * 1024);
        let connector = client(&authority, None, &TLS13);
        let host = ServerName::try_from("localhost").expect("a name of a host");
        let (stream, client) = tokio::join!(tls.accept(near), connector.connect(host, far));
        let mut pair = Pair::over(client.expect("secure"), stream.expect("secure"));
        pair.send(POLL).await;
        pair.client.flush().await.expect("send");
        assert_eq!(pair.next().await, Seen::Begun);
        if says_so {
            pair.client.shutdown().await.expect("shutdown");
            assert_eq!(pair.next().await, Seen::Dropped);
            continue;
        }
        let Pair { client, mut seen, serving, release: _release, stop: _stop } = pair;
        drop(client);
        assert_eq!(bounded(seen.recv()).await, Some(Seen::Dropped));
        bounded(serving).await.expect("the connection's task ends");
    }
}

/// A client that has merely said all it has to say counts as gone too: nothing tells the two
/// apart, and a task handed to the wrong one is lost until its timeout.
#[tokio::test]
async fn half_a_close_is_a_close() {
    let mut pair = Pair::new().await;
    pair.send(POLL).await;
    assert_eq!(pair.next().await, Seen::Begun);
    pair.client.shutdown().await.expect("shutdown");
    assert_eq!(pair.next().await, Seen::Dropped);
}

#[tokio::test]
async fn a_second_request_on_a_connection_is_dropped_as_well() {
    let mut pair = Pair::new().await;
    pair.send(POLL).await;
    assert_eq!(pair.next().await, Seen::Begun);
    pair.release.send_replace(true);
    let mut answer = [0; 4096];
    let length = bounded(pair.client.read(&mut answer)).await.expect("receive");
    assert!(answer[..length].ends_with(b"done"));
    pair.release.send_replace(false);
    pair.send(POLL).await;
    assert_eq!(pair.next().await, Seen::Begun);
    let Pair { client, mut seen, .. } = pair;
    drop(client);
    assert_eq!(bounded(seen.recv()).await, Some(Seen::Dropped));
}

#[tokio::test]
async fn a_stop_lets_the_request_under_way_finish() {
    let mut pair = Pair::new().await;
    pair.send(POLL).await;
    assert_eq!(pair.next().await, Seen::Begun);
    pair.stop.send_replace(true);
    pair.release.send_replace(true);
    let answer = pair.receive_until_closed().await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("date: "), "{answer}");
    assert!(answer.ends_with("done"), "{answer}");
    bounded(pair.serving).await.expect("the connection's task ends");
}

#[tokio::test]
async fn a_stop_ends_an_idle_connection() {
    let mut pair = Pair::new().await;
    pair.stop.send_replace(true);
    assert_eq!(pair.receive_until_closed().await, "");
    bounded(pair.serving).await.expect("the connection's task ends");
}

#[tokio::test]
async fn a_head_has_a_longest_length() {
    let mut pair = Pair::new().await;
    let long = "x".repeat(HEAD_BYTES_MAX);
    pair.send(format!("POST / HTTP/1.1\r\nHost: h\r\nX: {long}\r\n\r\n").as_bytes()).await;
    let answer = pair.receive_until_closed().await;
    let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE.as_str();
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
}

/// Time is paused: it jumps to the deadline as soon as nothing else is left to do. Who opens a
/// connection and sends nothing holds a seat that others could have.
#[tokio::test(start_paused = true)]
async fn a_first_head_that_does_not_come_ends_the_connection() {
    let (client, stream) = tokio::io::duplex(1024);
    let (_stop, stopping) = watch::channel(false);
    let handle = |_| async { Response::new(Full::new(Bytes::new())) };
    let begin = tokio::time::Instant::now();
    serve(stream, handle, stopping).await;
    let elapsed = begin.elapsed().as_secs();
    assert!((HEAD_READ_SECONDS_MAX..HEAD_READ_SECONDS_MAX + 2).contains(&elapsed), "{elapsed} s");
    drop(client);
}

/// Time is paused.
#[tokio::test(start_paused = true)]
async fn a_next_head_that_does_not_come_ends_the_connection() {
    let (mut client, stream) = tokio::io::duplex(1024);
    let (_stop, stopping) = watch::channel(false);
    let handle = |_| async { Response::new(Full::new(Bytes::new())) };
    client.write_all(POLL).await.expect("it is awaited");
    let begin = tokio::time::Instant::now();
    serve(stream, handle, stopping).await;
    let elapsed = begin.elapsed().as_secs();
    assert!((IDLE_SECONDS_MAX..IDLE_SECONDS_MAX + 2).contains(&elapsed), "{elapsed} s");
    drop(client);
}

/// Time is paused. A client that sends a byte each second makes progress for ever.
#[tokio::test(start_paused = true)]
async fn a_head_that_comes_byte_by_byte_is_cut() {
    let (mut client, stream) = tokio::io::duplex(1024);
    let (_stop, stopping) = watch::channel(false);
    let handle = |_| async { Response::new(Full::new(Bytes::new())) };
    let serving = serve(stream, handle, stopping);
    let begin = tokio::time::Instant::now();
    let trickling = async {
        let mut seconds = tokio::time::interval(Duration::from_secs(1));
        for byte in POLL {
            seconds.tick().await;
            if client.write_all(&[*byte]).await.is_err() {
                return;
            }
        }
        panic!("it was served");
    };
    tokio::join!(serving, trickling);
    let elapsed = begin.elapsed().as_secs();
    assert!((HEAD_READ_SECONDS_MAX..HEAD_READ_SECONDS_MAX + 3).contains(&elapsed), "{elapsed} s");
}

/// Time is paused. A connection may idle for longer than a head may take, each of its heads has
/// the whole time, and an answer that is awaited has all the time there is.
#[tokio::test(start_paused = true)]
async fn the_deadline_of_a_head_is_for_heads_alone() {
    async fn pass(seconds: u64) {
        let mut ticks = tokio::time::interval(Duration::from_secs(seconds));
        ticks.tick().await; // The first comes at once.
        ticks.tick().await;
    }
    let (mut client, stream) = tokio::io::duplex(1024);
    let (_stop, stopping) = watch::channel(false);
    let handle = |request: Request<Incoming>| async move {
        read(request).await.expect("the body comes");
        pass(60).await;
        Response::new(Full::new(Bytes::from_static(b"done")))
    };
    let conversing = async move {
        for _ in 0..3 {
            let (first, rest) = POLL.split_at(20);
            client.write_all(first).await.expect("it is awaited");
            pass(HEAD_READ_SECONDS_MAX - 1).await;
            client.write_all(rest).await.expect("it is awaited");
            let mut answer = Vec::new();
            while !answer.ends_with(b"done") {
                assert_ne!(client.read_buf(&mut answer).await.expect("an answer"), 0);
            }
            pass(HEAD_READ_SECONDS_MAX * 3).await;
        }
    };
    tokio::join!(serve(stream, handle, stopping), conversing);
}
