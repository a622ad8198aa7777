//! The server as a whole, over TCP.

mod edge;
mod tls;

use super::*;
use std::net::Ipv4Addr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wire::{Fault, Timestamp};

/// Longer than anything here takes; a test that waits this long has failed.
const WAIT_SECONDS_MAX: u64 = 30;

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

struct Running {
    address: SocketAddr,
    service: Arc<Service>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Running {
    async fn start() -> Running {
        Running::start_with(|server| server).await
    }

    async fn start_with(change: impl FnOnce(Server) -> Server) -> Running {
        let store = Arc::new(store::memory::Memory::default());
        let options =
            service::Options { poll_hold: Duration::from_secs(60), ..service::Options::default() };
        let service = Service::open(store, Arc::new(Fixed), Arc::new(Fixed), options);
        let service = Arc::new(service.expect("a store in memory opens"));
        let server = Server::bind((Ipv4Addr::LOCALHOST, 0).into()).await.expect("bind");
        let server = change(server);
        let address = server.address().expect("a bound socket has an address");
        let (stop, stopped) = oneshot::channel();
        let shutdown = async {
            stopped.await.expect("the test stops it");
        };
        let (served, entropy) = (service.clone(), Arc::new(Fixed));
        let serving = tokio::spawn(server.serve(served, entropy, Authentication::off(), shutdown));
        Running { address, service, stop, serving }
    }

    /// Sends `request` on a connection of its own and returns everything that comes back.
    async fn exchange(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.expect("connect");
        stream.write_all(request).await.expect("send");
        let mut answer = String::new();
        bounded(stream.read_to_string(&mut answer)).await.expect("receive");
        answer
    }

    /// Stops the server; everything of the service is free when it has ended.
    async fn stop(self) {
        self.stop.send(()).expect("the server runs");
        bounded(self.serving).await.expect("the server ends without a panic");
        Arc::into_inner(self.service).expect("the server holds nothing any more").close();
    }
}

async fn bounded<T>(future: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(WAIT_SECONDS_MAX);
    tokio::time::timeout(limit, future).await.expect("it takes far less")
}

#[tokio::test]
async fn health_over_tcp() {
    let server = Running::start().await;
    let answer =
        server.exchange(b"GET /readyz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\r\nx-amzn-requestid: 07070707-0707-4707-8707-070707070707\r\n"));
    assert!(answer.contains("\r\ncontent-length: 6\r\n"), "{answer}");
    assert!(answer.contains("\r\ndate: "), "{answer}");
    assert!(answer.ends_with("\r\n\r\nready\n"), "{answer}");
    server.stop().await;
}

/// A client that sends everything before it reads must find the answer, not a reset connection.
#[tokio::test]
async fn a_body_that_is_too_long_is_answered() {
    let server = Running::start().await;
    let body = "x".repeat(2 * Fault::BODY_BYTES_MAX);
    let length = body.len();
    let request = format!(
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    let answer = server.exchange(request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("#RequestEntityTooLargeException"), "{answer}");
    assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn a_connection_carries_many_requests() {
    let server = Running::start().await;
    let get = "GET /livez HTTP/1.1\r\nHost: h\r\n\r\n";
    let last = "GET /livez HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    let answer = server.exchange(format!("{get}{get}{last}").as_bytes()).await;
    assert_eq!(answer.matches("HTTP/1.1 200 OK\r\n").count(), 3, "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn a_stop_ends_idle_connections_and_refuses_new_ones() {
    let server = Running::start().await;
    let mut idle = TcpStream::connect(server.address).await.expect("connect");
    idle.write_all(b"GET /livez HTTP/1.1\r\nHost: h\r\n\r\n").await.expect("send");
    let mut answer = [0; 1024];
    let length = bounded(idle.read(&mut answer)).await.expect("receive");
    assert!(answer[..length].starts_with(b"HTTP/1.1 200 OK\r\n"));
    let address = server.address;
    server.stop().await;
    assert_eq!(bounded(idle.read(&mut answer)).await.expect("receive"), 0);
    assert!(TcpStream::connect(address).await.is_err());
}
