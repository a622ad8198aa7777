//! The real server on a loopback port, and a client that speaks HTTP by hand.
//!
//! It never sleeps: the service says when it is at rest, and sockets say when an answer is there.

use super::host::{Answer, Around, Host, Sent};
use super::setting;
use access::Signer;
use serde_json::Value;
use server::{Authentication, Server};
use service::{Clock, Service};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tests::hand::Counter;
use tokio::sync::oneshot;
use wire::Operation;

/// What takes this long does not come. Nothing that passes waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

/// The longest head of an answer, in bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// See the module.
pub struct OverTcp {
    /// Taken when the host goes.
    service: Option<Arc<Service>>,
    around: Around,
    address: SocketAddr,
    /// Ends the server.
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
    /// The connection that no request waits on.
    idle: Option<TcpStream>,
    waiting: Vec<Option<TcpStream>>,
    signer: Signer,
}

impl OverTcp {
    pub fn new(flags: &[String]) -> OverTcp {
        let around = Around::new();
        let options = setting::options(flags, &around.functions);
        let entropy = Arc::new(Counter::new());
        // Here everybody is let in; rights are asked of in process.
        assert!(!flags.iter().any(|flag| setting::is_of_rights(flag)), "{flags:?}");
        let (store, clock) = (around.store(), around.clock.clone());
        let opened = Service::open(store, clock, entropy.clone(), options);
        let service = Arc::new(opened.expect("a store in memory opens"));
        let (stop, stopped) = oneshot::channel::<()>();
        let (bound, address) = mpsc::channel();
        let served = Arc::clone(&service);
        let serving = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let server = Server::bind((Ipv4Addr::LOCALHOST, 0).into()).await.expect("a port");
                let address = server.address().expect("a bound socket has an address");
                bound.send(address).expect("the test waits for it");
                // An error means that the test has failed, which is an end as well.
                let shutdown = async { stopped.await.unwrap_or_default() };
                server.serve(served, entropy, Authentication::off(), shutdown).await;
            });
        });
        let address = address.recv().expect("the server starts");
        OverTcp {
            service: Some(service),
            around,
            address,
            stop: Some(stop),
            serving: Some(serving),
            idle: None,
            waiting: Vec::new(),
            signer: Signer::new("AKIDEXAMPLE", "secret", "us-east-1"),
        }
    }

    fn service(&self) -> &Service {
        self.service.as_deref().expect("the host is there")
    }

    /// Sends any request of HTTP. The usual headers are added where `headers` has no value for
    /// them; one of `-` leaves a header out.
    pub fn exchange(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Raw {
        let mut stream = self.connection();
        stream.write_all(&self.request(method, path, headers, body)).expect("send");
        let raw = receive(&mut stream);
        self.idle = (!raw.closes).then_some(stream);
        self.rest();
        raw
    }

    fn connection(&mut self) -> TcpStream {
        self.idle.take().unwrap_or_else(|| {
            let stream = TcpStream::connect(self.address).expect("connect");
            stream.set_read_timeout(Some(PATIENCE)).expect("a time-out that is not zero");
            stream.set_nodelay(true).expect("a socket that is open");
            stream
        })
    }

    fn request(
        &self,
        method: &str,
        path: &str,
        given: &[(String, String)],
        body: &[u8],
    ) -> Vec<u8> {
        let host = self.address.to_string();
        let length = body.len().to_string();
        let mut headers = vec![
            ("host", &*host),
            ("content-type", "application/x-amz-json-1.0"),
            ("content-length", &*length),
        ];
        headers.retain(|(name, _)| given.iter().all(|(known, _)| known != name));
        headers.extend(given.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let signature = self.signer.sign(&headers, body, self.around.clock.now());
        for (name, value) in
            [("x-amz-date", &*signature.date), ("authorization", &*signature.authorization)]
        {
            if given.iter().all(|(known, _)| known != name) {
                headers.push((name, value));
            }
        }
        let mut request = format!("{method} {path} HTTP/1.1\r\n");
        for (name, value) in headers.iter().filter(|(_, value)| *value != "-") {
            request += &format!("{name}: {value}\r\n");
        }
        let mut request = (request + "\r\n").into_bytes();
        request.extend(body);
        request
    }
}

impl Host for OverTcp {
    fn send(&mut self, operation: Operation, body: &Value) -> Sent {
        let before = self.service().activity();
        let mut stream = self.connection();
        let target = format!("SimpleWorkflowService.{}", operation.name());
        let headers = [("x-amz-target".to_owned(), target)];
        let request = self.request("POST", "/", &headers, body.to_string().as_bytes());
        stream.write_all(&request).expect("send");
        let polls = [Operation::PollForActivityTask, Operation::PollForDecisionTask];
        if polls.contains(&operation) {
            let mut waits = false;
            wait_until(|| {
                let now = self.service().activity();
                let arrived = now.at_rest && now.requests > before.requests;
                waits = arrived && now.unanswered > before.unanswered;
                arrived || is_readable(&stream)
            });
            if waits {
                self.waiting.push(Some(stream));
                return Sent::Waits(self.waiting.len() - 1);
            }
        }
        let answer = receive(&mut stream).checked();
        self.idle = Some(stream);
        self.rest();
        Sent::Answered(answer)
    }

    fn answer(&mut self, number: usize) -> Option<Answer> {
        let mut stream = self.waiting[number].take()?;
        let answer = receive(&mut stream).checked();
        self.rest();
        Some(answer)
    }

    fn advance(&mut self, ms: i64) {
        self.around.clock.advance(ms);
        self.service().clock_moved();
        self.rest();
    }

    fn around(&self) -> &Around {
        &self.around
    }

    fn rest(&mut self) {
        wait_until(|| self.service().activity().at_rest);
    }

    /// Nobody's are looked at.
    fn lift_rights(&mut self) {}

    fn http(&mut self) -> Option<&mut OverTcp> {
        Some(self)
    }
}

impl Drop for OverTcp {
    fn drop(&mut self) {
        drop(self.stop.take());
        let served = self.serving.take().map(JoinHandle::join);
        if std::thread::panicking() {
            return; // The case has failed already.
        }
        assert!(served.is_some_and(|served| served.is_ok()), "the server has ended in a panic");
        let service = self.service.take().and_then(Arc::into_inner);
        service.expect("the server holds nothing any more").close();
    }
}

/// An answer as it came.
pub struct Raw {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
    pub closes: bool,
}

impl Raw {
    /// The answer to a call of the API, whose head says what it must.
    fn checked(self) -> Answer {
        let phrase = match self.status {
            200 => "OK",
            400 => "Bad Request",
            500 => "Internal Server Error",
            _ => "",
        };
        let line = format!("HTTP/1.1 {} {phrase}", self.status);
        assert_eq!(self.head.lines().next(), Some(line.as_str()));
        assert_eq!(self.header("content-type"), Some("application/x-amz-json-1.0"));
        let id = self.header("x-amzn-requestid").expect("a request id");
        let groups: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12], "{id}");
        let body = match self.body.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&self.body).expect("a body is JSON"),
        };
        Answer { status: self.status, body }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }
}

fn receive(stream: &mut TcpStream) -> Raw {
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut more = |bytes: &mut Vec<u8>| {
        let count = stream.read(&mut buffer).expect("an answer comes");
        assert!(count > 0, "the connection ended before the answer did");
        bytes.extend(&buffer[..count]);
    };
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        assert!(bytes.len() < HEAD_BYTES_MAX, "the head does not end");
        more(&mut bytes);
    };
    let head = String::from_utf8(bytes[..end].to_vec()).expect("a head is text");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let mut raw = Raw {
        status: status.expect("a status"),
        head,
        body: bytes.split_off(end + 4),
        closes: false,
    };
    raw.closes = raw.header("connection") == Some("close");
    let length = raw.header("content-length").and_then(|length| length.parse().ok());
    let length: usize = length.expect("a length");
    while raw.body.len() < length {
        more(&mut raw.body);
    }
    assert_eq!(raw.body.len(), length, "nothing comes after the body");
    raw
}

/// Whether something can be read now.
fn is_readable(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).expect("a socket that is open");
    let peeked = stream.peek(&mut [0]);
    stream.set_nonblocking(false).expect("a socket that is open");
    match peeked {
        Ok(_) => true,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}

#[track_caller]
fn wait_until(mut condition: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < PATIENCE, "it does not come to pass");
        std::thread::yield_now();
    }
}
