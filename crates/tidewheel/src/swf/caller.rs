//! Calls: a signed request for each, sent again where that is worth it.

use super::keys;
use crate::connect::{self, Endpoint, Line, LineError};
use crate::system::wall_time;
use access::Signer;
use cli::failure::{CallError, ServiceError};
use cli::profile::{Credentials, Keys, Settings};
use cli::retry::{Limiter, Mode, Next, Outcome, Retries};
use cli::{Globals, Operation, Value};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use std::error::Error;
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use wire::{OWN_TARGET, OwnRequest};

const CONTENT_TYPE: &str = "application/x-amz-json-1.0";
/// What the header says of an operation before its name.
const TARGET: &str = "SimpleWorkflowService";
/// And of one on identities.
const IDENTITY_TARGET: &str = "TidewheelIdentity";
/// When a server says that a client should come again.
const RETRY_AFTER: &str = "x-amz-retry-after";
/// How long to wait for an answer, in seconds, if nobody says.
const READ_SECONDS: u64 = 60;
/// And for that of a poll, which a server holds for up to 60 seconds: AWS's own clients for Java wait
/// as long. The AWS CLI waits 60, and so polls again now and then though there was an answer on its
/// way.
const POLL_SECONDS: u64 = 70;
/// The operations that a server holds.
const POLLS: &[&str] = &["PollForActivityTask", "PollForDecisionTask"];
/// The longest answer that is read, in bytes. A page has 1,000 items at most.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Calls one server as somebody.
pub struct Caller {
    endpoint: Endpoint,
    /// Of requests: the endpoint's, with the slash that may be at its end.
    path: String,
    tls: Option<TlsConnector>,
    /// Whether there is a certificate for a server that wants one.
    shows_certificate: bool,
    signer: Option<Signer>,
    session_token: Option<String>,
    /// The connection on which the last answer came, for the next request.
    line: Option<Line>,
    connect_timeout: Option<Duration>,
    read_timeout: Option<u64>,
    retries: Retries,
    pace: Option<Pace>,
    debug: bool,
    runtime: tokio::runtime::Runtime,
}

/// How fast requests are sent, and the clock for it.
struct Pace {
    limiter: Limiter,
    /// The time since 1970 at a moment, from where it goes on without the steps of a clock.
    began: (Duration, Instant),
}

impl Pace {
    fn start() -> Pace {
        let since_1970 = Duration::from_millis(u64::try_from(wall_time().0).unwrap_or(0));
        Pace { limiter: Limiter::new(since_1970), began: (since_1970, Instant::now()) }
    }

    fn now(&self) -> Duration {
        let (since_1970, began) = self.began;
        since_1970 + began.elapsed()
    }
}

/// What is called.
#[derive(Clone, Copy)]
struct Target {
    service: &'static str,
    operation: &'static str,
}

/// An answer, as it came.
struct Answer {
    status: u16,
    retry_after: Option<u64>,
    request_id: String,
    body: Bytes,
}

impl Caller {
    /// Gets ready to call.
    pub fn new(globals: &Globals, settings: Settings) -> Result<Caller, CallError> {
        let Settings { place, region, credentials, ca_bundle, attempts, retry_mode, .. } = settings;
        let endpoint = Endpoint::parse(place.url())
            .map_err(|_| CallError::InvalidEndpoint(place.url().to_owned()))?;
        let client = settings.client.as_ref();
        let slash = if place.url().ends_with('/') || endpoint.path.is_empty() { "/" } else { "" };
        let path = format!("{}{slash}", endpoint.path);
        let tls = match (endpoint.secure, globals.verify_ssl) {
            (false, _) => Ok(None),
            (true, true) => {
                connect::connector_as(ca_bundle.as_deref().map(Path::new), client).map(Some)
            }
            (true, false) => connect::credulous_connector(client).map(Some),
        };
        let tls = tls.map_err(|error| CallError::System(error.to_string()))?;
        let keys = match credentials {
            Credentials::None => None,
            Credentials::Keys(keys) => Some(keys),
            Credentials::Process(words) => Some(keys::of_command(&words)?),
        };
        let signer =
            |keys: &Keys| Signer::new(&keys.access_key_id, &keys.secret_access_key, &region);
        let signer = keys.as_ref().map(signer);
        let session_token = keys.and_then(|keys| keys.session_token);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime =
            runtime.map_err(|error| CallError::System(format!("cannot start: {error}")))?;
        Ok(Caller {
            endpoint,
            path,
            tls,
            shows_certificate: client.is_some(),
            signer,
            session_token,
            line: None,
            connect_timeout: settings.connect_timeout.map(Duration::from_secs),
            read_timeout: settings.read_timeout,
            retries: Retries::new(retry_mode, attempts),
            pace: match retry_mode {
                Mode::Adaptive => Some(Pace::start()),
                Mode::Legacy | Mode::Standard => None,
            },
            debug: globals.debug,
            runtime,
        })
    }

    /// The same, with requests that are signed for another service.
    pub fn for_service(self, service: &'static str) -> Caller {
        let signer = self.signer.map(|signer| signer.for_service(service));
        Caller { signer, ..self }
    }

    /// Calls an operation, more than once if need be. An operation without output has an empty map.
    pub fn call(
        &mut self,
        operation: &'static Operation,
        parameters: &Value,
    ) -> Result<Value, CallError> {
        let body = serde_json::to_vec(parameters).expect("a value is written to memory");
        self.ask(Target { service: TARGET, operation: &operation.name }, &body)
    }

    /// The same with an operation that Tidewheel alone has. Others say `UnknownOperationException`.
    pub fn operate(&mut self, request: &OwnRequest) -> Result<Value, CallError> {
        let body = request.to_json().to_string();
        let operation = request.operation().name();
        self.ask(Target { service: OWN_TARGET, operation }, body.as_bytes())
    }

    /// Carries out an operation on identities; the answer as it came, which may be a secret.
    pub fn administer(
        &mut self,
        operation: &'static str,
        members: &[u8],
    ) -> Result<Bytes, CallError> {
        self.send(Target { service: IDENTITY_TARGET, operation }, members)
    }

    fn ask(&mut self, target: Target, body: &[u8]) -> Result<Value, CallError> {
        let answer = self.send(target, body)?;
        self.read(&answer)
    }

    fn send(&mut self, target: Target, body: &[u8]) -> Result<Bytes, CallError> {
        let id = uuid()?;
        loop {
            let attempt = self.retries.attempt();
            if let Some(pace) = &mut self.pace {
                let wait = pace.limiter.send(pace.now());
                self.trace(&format!("sent in {} ms", wait.as_millis()));
                self.runtime.block_on(async { sleep(wait).await });
            }
            self.trace(&format!("{} to {}, attempt {attempt}", target.operation, self.endpoint));
            let line = self.line.take();
            let (line, outcome) = self.runtime.block_on(async {
                let mut line = match line {
                    Some(line) => line.reusable().await,
                    None => None,
                };
                let outcome = self.attempt(&mut line, target, body, &id).await;
                (line, outcome)
            });
            // Of one on which something went wrong nobody knows what comes next.
            self.line = line.filter(|_| outcome.is_ok());
            if let Ok(answer) = &outcome {
                self.trace(&format!("status {}, request {}", answer.status, answer.request_id));
            }
            let chance = chance()?;
            let (next, result) = match outcome {
                Ok(answer) if answer.status < 300 => {
                    (self.after(Outcome::Answered, chance), Ok(answer.body))
                }
                Ok(answer) => {
                    let error = ServiceError::read(target.operation, answer.status, &answer.body);
                    let (status, retry_after) = (answer.status, answer.retry_after);
                    let outcome = Outcome::Refused { status, code: &error.code, retry_after };
                    let next = self.after(outcome, chance);
                    let exhausted = next == Next::Done { exhausted: true };
                    let retries = exhausted.then(|| attempt - 1);
                    let error = ServiceError { retries, ..error };
                    (next, Err(CallError::Service(Box::new(error))))
                }
                Err(error) => (self.after(Outcome::Unreachable, chance), Err(error)),
            };
            match next {
                Next::Done { .. } => return result,
                Next::Again(wait) => {
                    self.trace(&format!("again in {} ms", wait.as_millis()));
                    self.runtime.block_on(async { sleep(wait).await });
                }
            }
        }
    }

    /// What to do after an attempt.
    fn after(&mut self, outcome: Outcome<'_>, chance: f64) -> Next {
        if let Some(pace) = &mut self.pace {
            pace.limiter.after(outcome, pace.now());
        }
        self.retries.after(outcome, chance)
    }

    /// Waits, between calls that ask for news.
    pub fn pause(&self, length: Duration) {
        self.runtime.block_on(async { sleep(length).await });
    }

    /// What `--debug` shows. It is nothing that is secret.
    fn trace(&self, text: &str) {
        if self.debug {
            super::say(&format!("tidewheel: {text}\n"));
        }
    }

    /// The URL of requests, as errors show it.
    pub fn url(&self) -> String {
        let slash = if self.path.ends_with('/') { "/" } else { "" };
        format!("{}{slash}", self.endpoint)
    }

    fn read(&self, body: &[u8]) -> Result<Value, CallError> {
        if body.is_empty() {
            return Ok(Value::map());
        }
        // The AWS CLI takes what is no JSON for an answer without members, and shows nothing. That
        // would hide that somebody else has answered: a proxy, or a page to log in with.
        let unreadable = |reason: String| CallError::Unreadable { url: self.url(), reason };
        let text = std::str::from_utf8(body).map_err(|error| unreadable(error.to_string()))?;
        match Value::parse(text) {
            Ok(answer @ Value::Map(_)) => Ok(answer),
            Ok(_) => Err(unreadable("it is no object".to_owned())),
            Err(error) => Err(unreadable(error.to_string())),
        }
    }

    /// Sends a request once: on the line that there is, or else on a new one.
    async fn attempt(
        &self,
        line: &mut Option<Line>,
        target: Target,
        body: &[u8],
        id: &str,
    ) -> Result<Answer, CallError> {
        let mut request = self.request(target, body, id)?;
        if let Some(open) = line {
            match self.exchange(open, request, target).await {
                // The other side had hung up meanwhile.
                Err(ExchangeError::Unsent(unsent)) => request = *unsent,
                Err(ExchangeError::Failed(error)) => return Err(error),
                Ok(answer) => return Ok(answer),
            }
        }
        let open = line.insert(self.open().await?);
        match self.exchange(open, request, target).await {
            Err(ExchangeError::Unsent(_)) => Err(CallError::Closed { url: self.url() }),
            Err(ExchangeError::Failed(error)) => Err(error),
            Ok(answer) => Ok(answer),
        }
    }

    async fn open(&self) -> Result<Line, CallError> {
        let connecting = self.connect();
        let stream = match self.connect_timeout {
            None => connecting.await?,
            Some(limit) => timeout(limit, connecting)
                .await
                .map_err(|_| CallError::ConnectTimeout { url: self.url() })??,
        };
        Line::open(stream).await.map_err(|error| self.explain(&error))
    }

    async fn exchange(
        &self,
        line: &mut Line,
        request: Request<Full<Bytes>>,
        target: Target,
    ) -> Result<Answer, ExchangeError> {
        let usual = if POLLS.contains(&target.operation) { POLL_SECONDS } else { READ_SECONDS };
        let seconds = self.read_timeout.unwrap_or(usual);
        let news = Notify::new();
        let exchange = async {
            let response = line.send(request).await.map_err(|error| match error {
                LineError::Unsent(request) => ExchangeError::Unsent(request),
                LineError::Broken(error) => ExchangeError::Failed(self.explain(&error)),
            })?;
            let answer = read(response, &news).await;
            answer.map_err(|error| ExchangeError::Failed(self.explain(&*error)))
        };
        tokio::select! {
            answer = exchange => answer,
            () = silence(&news, seconds) => {
                Err(ExchangeError::Failed(CallError::ReadTimeout { url: self.url() }))
            }
        }
    }

    async fn connect(&self) -> Result<Box<dyn connect::Stream>, CallError> {
        let Endpoint { host, port, .. } = &self.endpoint;
        let stream = TcpStream::connect((host.as_str(), *port)).await;
        let stream = stream.map_err(|_| CallError::NoConnection { url: self.url() })?;
        // Requests are small, and each waits for its answer.
        let _ = stream.set_nodelay(true);
        connect::secured(stream, host, self.tls.as_ref()).await.map_err(|error| {
            let advice = self.advice(&error);
            CallError::Tls { url: self.url(), reason: format!("{error}{advice}") }
        })
    }

    /// What may help where a connection broke in TLS.
    fn advice(&self, error: &(dyn Error + 'static)) -> &'static str {
        if self.shows_certificate || !connect::was_turned_away(error) {
            return "";
        }
        // These two work for all commands; `swf` has AWS's options, and they have none for it.
        "; the server may want a certificate of its clients: set TIDEWHEEL_CLIENT_CERT and \
         TIDEWHEEL_CLIENT_KEY to its file and that of its key"
    }

    /// Why there is no answer on a connection.
    fn explain(&self, error: &(dyn Error + Send + Sync + 'static)) -> CallError {
        let url = self.url();
        if error.is::<http_body_util::LengthLimitError>() {
            return CallError::Unreadable { url, reason: error.to_string() };
        }
        // In TLS 1.3, a client learns only now that its certificate was wanted.
        let inner = error.source().and_then(|inner| inner.downcast_ref::<std::io::Error>());
        match inner {
            Some(inner) if inner.kind() == ErrorKind::InvalidData => {
                let advice = self.advice(inner);
                CallError::Tls { url, reason: format!("{inner}{advice}") }
            }
            Some(_) | None => CallError::Closed { url },
        }
    }

    fn request(
        &self,
        target: Target,
        body: &[u8],
        id: &str,
    ) -> Result<Request<Full<Bytes>>, CallError> {
        let target = format!("{}.{}", target.service, target.operation);
        let path = self.path.as_str();
        let mut headers = vec![
            ("host", self.endpoint.authority.as_str()),
            ("content-type", CONTENT_TYPE),
            ("x-amz-target", &target),
        ];
        if let Some(token) = &self.session_token {
            headers.push(("x-amz-security-token", token));
        }
        let (attempt, most) = (self.retries.attempt(), self.retries.attempts_max());
        let mut request = Request::post(path)
            .header("accept-encoding", "identity")
            .header("user-agent", concat!("tidewheel/", env!("CARGO_PKG_VERSION")))
            .header("amz-sdk-invocation-id", id)
            .header("amz-sdk-request", format!("attempt={attempt}; max={most}"));
        if let Some(signer) = &self.signer {
            let signature = signer.sign_path(path, &headers, body, wall_time());
            request = request
                .header("x-amz-date", signature.date)
                .header("authorization", signature.authorization);
        }
        for (name, value) in headers {
            request = request.header(name, value);
        }
        // A key or a token with a line's end in it cannot be sent.
        let unsendable = |error| CallError::System(format!("Invalid header value: {error}"));
        request.body(Full::new(Bytes::copy_from_slice(body))).map_err(unsendable)
    }
}

/// Why a request was not answered on a line.
enum ExchangeError {
    /// It was not sent. Here it is again.
    Unsent(Box<Request<Full<Bytes>>>),
    Failed(CallError),
}

/// Why an answer was not read: the connection broke, or it is too long.
type ReadError = Box<dyn Error + Send + Sync>;

/// Reads an answer, and tells of each part of it.
async fn read(response: Response<Incoming>, news: &Notify) -> Result<Answer, ReadError> {
    news.notify_one();
    let header = |name: &str| {
        response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let status = response.status().as_u16();
    let retry_after = header(RETRY_AFTER).and_then(|text| text.parse().ok());
    let request_id = header("x-amzn-requestid").unwrap_or_default();
    let mut body = http_body_util::Limited::new(response.into_body(), ANSWER_BYTES_MAX);
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        news.notify_one();
        if let Ok(data) = frame?.into_data() {
            bytes.extend_from_slice(&data);
        }
    }
    Ok(Answer { status, retry_after, request_id, body: bytes.into() })
}

/// Comes to an end when there was nothing new for so long; never for 0 seconds.
async fn silence(news: &Notify, seconds: u64) {
    if seconds == 0 {
        return std::future::pending().await;
    }
    while timeout(Duration::from_secs(seconds), news.notified()).await.is_ok() {}
}

fn random<const BYTES: usize>() -> Result<[u8; BYTES], CallError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)
        .map_err(|error| CallError::System(format!("there is no randomness: {error}")))?;
    Ok(bytes)
}

/// A number from 0 to 1.
fn chance() -> Result<f64, CallError> {
    Ok(f64::from(u32::from_be_bytes(random()?)) / f64::from(u32::MAX))
}

/// What all attempts at a call have in common: a random UUID.
fn uuid() -> Result<String, CallError> {
    let mut bytes: [u8; 16] = random()?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok([&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
}

#[cfg(test)]
mod tests;
