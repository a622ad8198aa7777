//! Calls Lambda functions over HTTP, by AWS's Invoke API, at the endpoint that the operator named.
//!
//! A function is called once: nothing is sent again, and no redirect or proxy is followed. What is
//! sent goes to the endpoint alone: a decider chooses the function's name, never the address.
//! Requests are not signed; whoever serves functions has to know the server by its network.

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST};
use hyper::{HeaderMap, Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use service::{FunctionAnswer, FunctionCall, FunctionOutcome, Functions, RESULT_CHARS_MAX};
use std::fmt::Display;
use std::pin::pin;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::Handle;

/// How long it may take to reach the endpoint.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// How much of a response is read, in bytes: what the longest result may take in UTF-8.
const RESPONSE_BYTES_MAX: usize = 4 * RESULT_CHARS_MAX;

/// Lambda's own name for a call that failed and not because of the caller or the function.
const SERVICE_EXCEPTION: &str = "ServiceException";

/// Says that the function failed, and how it ended: `Handled` or `Unhandled`.
const FUNCTION_ERROR: &str = "x-amz-function-error";

/// Where functions are called: `http://host[:port][/path]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Host and port, as they were written.
    authority: String,
    host: String,
    port: u16,
    /// What goes before the path of the API, without a slash at its end.
    path: String,
}

impl Endpoint {
    /// What its text must be.
    pub const WANTED: &str = "must be a URL such as http://127.0.0.1:9001";

    /// Reads an endpoint; else says what it must be.
    pub fn parse(text: &str) -> Result<Endpoint, &'static str> {
        const WANTED: &str = Endpoint::WANTED;
        const WANTED_PORT: &str = "must have a port from 1 to 65535";
        let uri: Uri = text.parse().map_err(|_| WANTED)?;
        let authority = uri.authority().ok_or(WANTED)?;
        match uri.scheme_str() {
            Some("http") => (),
            Some("https") => return Err("must be an http URL: TLS is not spoken yet"),
            Some(_) | None => return Err(WANTED),
        }
        // Neither means anything here, and a name with a password has no place in a log.
        if authority.as_str().contains('@') || uri.query().is_some() || text.contains('#') {
            return Err("must be a URL of a host, a port and perhaps a path, and nothing else");
        }
        let bracketed = authority.host();
        let host = bracketed.trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(WANTED);
        }
        let port = match authority.as_str().strip_prefix(bracketed).unwrap_or_default() {
            "" => 80,
            port => port[1..].parse().ok().filter(|port| *port != 0).ok_or(WANTED_PORT)?,
        };
        let path = uri.path().trim_end_matches('/').to_owned();
        Ok(Endpoint { authority: authority.to_string(), host, port, path })
    }
}

impl Display for Endpoint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "http://{}{}", self.authority, self.path)
    }
}

/// Calls functions at an endpoint; the calls run in a runtime.
#[derive(Debug)]
pub struct HttpFunctions {
    endpoint: Endpoint,
    runtime: Handle,
}

impl HttpFunctions {
    pub fn new(endpoint: Endpoint, runtime: Handle) -> HttpFunctions {
        HttpFunctions { endpoint, runtime }
    }
}

impl Functions for HttpFunctions {
    fn call(&self, call: FunctionCall, answer: FunctionAnswer) {
        let endpoint = self.endpoint.clone();
        self.runtime.spawn(async move {
            // Without an outcome in time the task's own time-out speaks.
            if let Some(outcome) = endpoint.outcome(&call).await {
                answer.send(outcome);
            }
        });
    }
}

impl Endpoint {
    /// Calls a function, and gives up when its time is over.
    async fn outcome(&self, call: &FunctionCall) -> Option<FunctionOutcome> {
        tokio::time::timeout(call.timeout, self.call(call)).await.ok()
    }

    async fn call(&self, call: &FunctionCall) -> FunctionOutcome {
        match self.exchange(call).await {
            Ok(outcome) => outcome,
            Err(details) => failed(SERVICE_EXCEPTION, details),
        }
    }

    /// Sends one request on a new connection, and reads the answer.
    async fn exchange(&self, call: &FunctionCall) -> Result<FunctionOutcome, String> {
        let request = self.request(call)?;
        let connect = TcpStream::connect((self.host.as_str(), self.port));
        let stream = tokio::time::timeout(CONNECT_MAX, connect)
            .await
            .map_err(|_| format!("no connection after {} seconds", CONNECT_MAX.as_secs()))?
            .map_err(|error| format!("no connection: {error}"))?;
        let broken = |error: hyper::Error| format!("the connection broke: {error}");
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let exchange = async {
            let response = sender.send_request(request).await.map_err(broken)?;
            let (head, body) = response.into_parts();
            let (body, cut) = read(body).await.map_err(broken)?;
            Ok(outcome_of(&Response::from_parts(head, body), cut))
        };
        // Both are driven from here, so that giving up closes the connection.
        let (mut exchange, connection) = (pin!(exchange), pin!(connection));
        tokio::select! {
            outcome = &mut exchange => outcome,
            _ = connection => exchange.await,
        }
    }

    fn request(&self, call: &FunctionCall) -> Result<Request<Full<Bytes>>, String> {
        let name = call.name.as_str();
        if matches!(name, "." | "..") {
            return Err("the name is no function's".to_owned()); // It would change the path.
        }
        let path = format!("{}/2015-03-31/functions/{}/invocations", self.path, encoded(name));
        Request::post(path)
            .header(HOST, &self.authority)
            .header(CONNECTION, "close")
            .header(CONTENT_TYPE, "application/json")
            .header("x-amz-invocation-type", "RequestResponse")
            // Said even of an empty body: small servers do not read requests that do not say it.
            .header(CONTENT_LENGTH, call.payload.as_str().len())
            .body(Full::new(call.payload.as_str().to_owned().into()))
            .map_err(|error| error.to_string())
    }
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
