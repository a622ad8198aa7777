//! Calls Lambda functions over HTTP, by AWS's Invoke API, at the endpoint that the operator named.
//!
//! A function is called once: nothing is sent again, and no redirect or proxy is followed. What is
//! sent goes to the endpoint alone: a decider chooses the function's name, never the address; and
//! an endpoint whose name leads into our own network is not followed there without leave. With
//! credentials, requests are signed; without them, whoever serves functions has to know the server
//! by its network.

mod address;
mod credentials;

use crate::connect::{self, AuthoritiesError, Endpoint, Stream};
use crate::system::wall_time;
use access::Signer;
use address::Inside;
use credentials::{Credentials, CredentialsError, CredentialsFile};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HeaderValue};
use hyper::{HeaderMap, Request, Response, StatusCode};
use serde_json::Value;
use server::Networks;
use service::{FunctionAnswer, FunctionCall, FunctionOutcome, Functions, RESULT_CHARS_MAX};
use std::fmt::{self, Debug, Formatter};
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio_rustls::TlsConnector;

/// How long it may take to reach the endpoint: to look it up, to connect, and to believe it.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// How many names are looked up, and files read, at the same time at most. What nobody waits for
/// any more counts as long as the system is at it.
const LOOKUPS_MAX: usize = 32;

/// How many of a name's addresses are tried.
const ADDRESSES_MAX: usize = 8;

/// How much of a response is read, in bytes: what the longest result may take in UTF-8.
const RESPONSE_BYTES_MAX: usize = 4 * RESULT_CHARS_MAX;

/// The API's name in a credential scope.
const SERVICE: &str = "lambda";

/// Carries the token of a session.
const SECURITY_TOKEN: &str = "x-amz-security-token";

/// Lambda's own name for a call that failed and not because of the caller or the function.
const SERVICE_EXCEPTION: &str = "ServiceException";

/// Says that the function failed, and how it ended: `Handled` or `Unhandled`.
const FUNCTION_ERROR: &str = "x-amz-function-error";

/// Where functions are called, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LambdaSettings {
    pub endpoint: Endpoint,
    /// Authorities that may vouch for it; without them, the system's.
    pub ca_bundle: Option<PathBuf>,
    /// What calls are signed with, if they are.
    pub credentials: Option<PathBuf>,
    /// Where functions may be called though it is not the internet.
    pub allowed_networks: Networks,
}

/// Why no functions can be called. One line each.
#[derive(Debug, thiserror::Error)]
pub enum LambdaError {
    #[error("cannot tell whom to believe about functions: {0}")]
    Authorities(#[from] AuthoritiesError),
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
}

/// Calls functions at an endpoint; the calls run in a runtime.
#[derive(Debug)]
pub struct HttpFunctions {
    caller: Arc<Caller>,
    runtime: Handle,
}

impl HttpFunctions {
    /// Reads the files that are named.
    pub fn open(settings: LambdaSettings, runtime: Handle) -> Result<HttpFunctions, LambdaError> {
        let caller = Arc::new(Caller::open(settings)?);
        let endpoint = &caller.endpoint;
        tracing::info!(%endpoint, signed = caller.credentials.is_some(), "calls Lambda functions");
        if !endpoint.secure && !caller.is_near() {
            tracing::warn!(%endpoint, "calls of functions are not encrypted on their way; use https");
        }
        Ok(HttpFunctions { caller, runtime })
    }
}

/// Whether functions can be called with these settings, as far as the files say that they name.
pub fn check(settings: LambdaSettings) -> Result<(), LambdaError> {
    Caller::open(settings).map(drop)
}

impl Functions for HttpFunctions {
    fn call(&self, call: FunctionCall, answer: FunctionAnswer) {
        let caller = self.caller.clone();
        self.runtime.spawn(async move {
            // Without an outcome in time the task's own time-out speaks.
            if let Some(outcome) = caller.outcome(&call).await {
                answer.send(outcome);
            }
        });
    }
}

/// Why a call has no answer. Deciders read it: no address is told.
#[derive(Debug, thiserror::Error)]
enum CallError {
    #[error("the name is no function's")]
    Name,
    #[error("no connection after {} seconds", CONNECT_MAX.as_secs())]
    Late,
    #[error("no connection: {0}")]
    Connect(io::Error),
    #[error("no connection: the endpoint's name leads to {0} address")]
    Refused(Inside),
    #[error("no secure connection: {0}")]
    Secure(io::Error),
    #[error("the connection broke: {0}")]
    Broken(#[from] hyper::Error),
    #[error("no request: {0}")]
    Request(#[from] hyper::http::Error),
}

/// What a call needs beside what it is given.
struct Caller {
    endpoint: Endpoint,
    tls: Option<TlsConnector>,
    credentials: Option<CredentialsFile>,
    allowed_networks: Networks,
    lookups: Arc<Semaphore>,
}

impl Debug for Caller {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Caller").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// What is found before a call.
struct Found {
    /// Those that may be connected to.
    addresses: Vec<SocketAddr>,
    credentials: Option<Arc<Credentials>>,
}

type Connected = (Box<dyn Stream>, Option<Arc<Credentials>>);

impl Caller {
    fn open(settings: LambdaSettings) -> Result<Caller, LambdaError> {
        let LambdaSettings { endpoint, ca_bundle, credentials, allowed_networks } = settings;
        let tls = endpoint.secure.then(|| connect::connector(ca_bundle.as_deref())).transpose()?;
        let credentials = credentials.map(|path| CredentialsFile::open(&path)).transpose()?;
        let lookups = Arc::new(Semaphore::new(LOOKUPS_MAX));
        Ok(Caller { endpoint, tls, credentials, allowed_networks, lookups })
    }

    /// Whether the endpoint is this machine, as far as its name says.
    fn is_near(&self) -> bool {
        let host = self.endpoint.host.as_str();
        let is_loopback = |address: IpAddr| address.to_canonical().is_loopback();
        host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(is_loopback)
    }

    /// Calls a function, and gives up when its time is over.
    async fn outcome(self: &Arc<Self>, call: &FunctionCall) -> Option<FunctionOutcome> {
        tokio::time::timeout(call.timeout, self.call(call)).await.ok()
    }

    async fn call(self: &Arc<Self>, call: &FunctionCall) -> FunctionOutcome {
        match self.exchange(call).await {
            Ok(outcome) => outcome,
            Err(error) => failed(SERVICE_EXCEPTION, error.to_string()),
        }
    }

    /// Sends one request on a new connection, and reads the answer.
    async fn exchange(self: &Arc<Self>, call: &FunctionCall) -> Result<FunctionOutcome, CallError> {
        if matches!(call.name.as_str(), "." | "..") {
            return Err(CallError::Name); // It would change the path.
        }
        let connected = tokio::time::timeout(CONNECT_MAX, self.connect()).await;
        let (stream, credentials) = connected.map_err(|_| CallError::Late)??;
        let request = self.request(call, credentials.as_deref())?;
        connect::exchange(stream, request, answered).await
    }

    /// A connection to whoever serves functions, and what to sign with.
    async fn connect(self: &Arc<Self>) -> Result<Connected, CallError> {
        let found = self.found().await?;
        let stream = TcpStream::connect(&*found.addresses).await.map_err(CallError::Connect)?;
        let (host, tls) = (&self.endpoint.host, self.tls.as_ref());
        let stream = connect::secured(stream, host, tls).await.map_err(CallError::Secure)?;
        Ok((stream, found.credentials))
    }

    /// Looks up what may take a while apart from those who must not wait.
    async fn found(self: &Arc<Self>) -> Result<Found, CallError> {
        let Endpoint { host, port, .. } = &self.endpoint;
        if let (Ok(address), None) = (host.parse::<IpAddr>(), &self.credentials) {
            let addresses = self.judged([SocketAddr::new(address, *port)])?;
            return Ok(Found { addresses, credentials: None });
        }
        let seat = self.lookups.clone().acquire_owned().await.expect("it is never closed");
        let caller = self.clone();
        let looked_up = tokio::task::spawn_blocking(move || {
            let _seat = seat;
            let Endpoint { host, port, .. } = &caller.endpoint;
            let addresses = (host.as_str(), *port).to_socket_addrs().map_err(CallError::Connect)?;
            let addresses = caller.judged(addresses)?;
            let credentials = caller.credentials.as_ref().map(CredentialsFile::current);
            Ok(Found { addresses, credentials })
        });
        looked_up.await.expect("looking up does not panic")
    }

    /// Those of the endpoint's addresses at which functions may be called.
    fn judged(
        &self,
        addresses: impl IntoIterator<Item = SocketAddr>,
    ) -> Result<Vec<SocketAddr>, CallError> {
        let host = self.endpoint.host.as_str();
        let mut judged = Vec::new();
        let mut refused = None;
        for address in addresses {
            match address::judge(host, address.ip(), &self.allowed_networks) {
                Ok(()) => judged.push(address),
                Err(inside) => {
                    let address = address.ip();
                    tracing::warn!(
                        host, %address,
                        "functions are not called at {inside} address unless lambda_allowed_networks \
                         has it"
                    );
                    refused = Some(inside);
                }
            }
        }
        judged.truncate(ADDRESSES_MAX);
        match (judged.is_empty(), refused) {
            (false, _) => Ok(judged),
            (true, Some(inside)) => Err(CallError::Refused(inside)),
            (true, None) => Err(CallError::Connect(io::ErrorKind::AddrNotAvailable.into())),
        }
    }

    fn request(
        &self,
        call: &FunctionCall,
        credentials: Option<&Credentials>,
    ) -> Result<Request<Full<Bytes>>, CallError> {
        let Endpoint { authority, path, .. } = &self.endpoint;
        let name = encoded(call.name.as_str());
        let path = format!("{path}/2015-03-31/functions/{name}/invocations");
        let payload = call.payload.as_str();
        let headers = [
            ("host", authority.as_str()),
            ("content-type", "application/json"),
            ("x-amz-invocation-type", "RequestResponse"),
        ];
        let mut request = Request::post(&path);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if let Some(credentials) = credentials {
            let Credentials { access_key_id, secret_access_key, session_token } = credentials;
            let mut headers = headers.to_vec();
            if let Some(token) = session_token {
                headers.push((SECURITY_TOKEN, token.expose()));
                request = request.header(SECURITY_TOKEN, sensitive(token.expose())?);
            }
            let signer = Signer::new(access_key_id, secret_access_key.expose(), &call.region)
                .for_service(SERVICE);
            let signature = signer.sign_path(&path, &headers, payload.as_bytes(), wall_time());
            request = request
                .header("x-amz-date", signature.date)
                .header(AUTHORIZATION, sensitive(&signature.authorization)?);
        }
        let request = request
            .header(CONNECTION, "close")
            // Said even of an empty body: small servers do not read requests that do not say it.
            .header(CONTENT_LENGTH, payload.len())
            .body(Full::new(payload.to_owned().into()))?;
        Ok(request)
    }
}

/// A header's value that no log shows.
fn sensitive(text: &str) -> Result<HeaderValue, hyper::http::Error> {
    let mut value = HeaderValue::from_str(text)?;
    value.set_sensitive(true);
    Ok(value)
}

/// A name as a segment of a path.
fn encoded(name: &str) -> String {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    name.bytes()
        .map(|byte| match unreserved(byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect()
}

async fn answered(response: Response<Incoming>) -> Result<FunctionOutcome, CallError> {
    let (head, body) = response.into_parts();
    let (body, cut) = read(body).await?;
    Ok(outcome_of(&Response::from_parts(head, body), cut))
}

/// Reads as much of a body as counts, and says whether there is more.
async fn read(mut body: Incoming) -> Result<(Vec<u8>, bool), hyper::Error> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        bytes.extend_from_slice(frame?.data_ref().map_or(&[][..], |data| data));
        if bytes.len() > RESPONSE_BYTES_MAX {
            bytes.truncate(RESPONSE_BYTES_MAX);
            return Ok((bytes, true));
        }
    }
    Ok((bytes, false))
}

fn failed(reason: &str, details: impl Into<String>) -> FunctionOutcome {
    FunctionOutcome::Failed { reason: reason.to_owned(), details: details.into() }
}

/// What an answer means. `cut` says that its body was longer.
fn outcome_of(response: &Response<Vec<u8>>, cut: bool) -> FunctionOutcome {
    let (status, headers) = (response.status(), response.headers());
    let text = String::from_utf8_lossy(response.body());
    // The other answers that sound well are to calls of other types, which do not wait for a result.
    if status == StatusCode::OK {
        if let Some(ended) = header(headers, FUNCTION_ERROR) {
            // The function's own word for it, as far as there is one. Which of the two the live
            // service records is not known.
            let reason = member(&text, "errorType").unwrap_or_else(|| ended.to_owned());
            return failed(&reason, text);
        }
        if cut {
            return FunctionOutcome::too_large(RESPONSE_BYTES_MAX);
        }
        return match String::from_utf8(response.body().clone()) {
            Ok(payload) => FunctionOutcome::Returned { payload },
            Err(_) => failed(SERVICE_EXCEPTION, "the payload is not UTF-8"),
        };
    }
    if status.is_redirection() {
        let details = format!("the endpoint answered {status}; redirects are not followed");
        return failed(SERVICE_EXCEPTION, details);
    }
    let named = header(headers, "x-amzn-errortype").map(str::to_owned);
    let reason = named.or_else(|| member(&text, "__type")).map(|name| bare(&name).to_owned());
    let reason = reason.filter(|name| !name.is_empty());
    let details = match text.trim() {
        "" => format!("the endpoint answered {status}"),
        text => text.to_owned(),
    };
    failed(&reason.unwrap_or_else(|| by_status(status).to_owned()), details)
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok()).filter(|text| !text.is_empty())
}

/// A text of a JSON object, if it has it.
fn member(json: &str, name: &str) -> Option<String> {
    let value: Value = serde_json::from_str(json).ok()?;
    value.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// An error's name without its namespace before and its documentation behind.
fn bare(name: &str) -> &str {
    let name = name.split(':').next().unwrap_or_default();
    name.rsplit('#').next().unwrap_or_default()
}

/// The error of the Invoke API that an answer without a name stands for.
fn by_status(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "ResourceNotFoundException",
        StatusCode::TOO_MANY_REQUESTS => "TooManyRequestsException",
        StatusCode::PAYLOAD_TOO_LARGE => "RequestTooLargeException",
        _ => SERVICE_EXCEPTION,
    }
}

#[cfg(test)]
mod tests;
