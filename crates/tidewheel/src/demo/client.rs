//! A client of the API: signs a request, sends it, reads the answer.
//!
//! Each call has a connection of its own. A client made for work would keep connections; this one
//! is made to be read.

use crate::system::wall_time;
use access::Signer;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::fmt::Display;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::sleep;
use wire::{Event, Operation};

/// How long a call may take, in seconds: longer than a server holds a poll.
const CALL_SECONDS_MAX: u64 = 70;
/// How often a call is sent while the server answers that too many come.
const TRIES_MAX: u32 = 80;
/// How long to wait before the next try, in milliseconds. The slowest throttle lets one call in a
/// second pass, and nobody but the demonstration is there to take it.
const THROTTLED_MILLISECONDS: u64 = 250;
const THROTTLED: &str = "ThrottlingException";
const CONTENT_TYPE: &str = "application/x-amz-json-1.0";

/// Calls one server in one region. The key is as good as any: nobody checks it yet.
#[derive(Clone)]
pub struct Client {
    address: SocketAddr,
    signer: Signer,
}

/// Why a call did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The server refused.
    #[error("{operation} was refused: {code}: {message}")]
    Fault { operation: &'static str, code: String, message: String },
    /// There is no answer that could be understood.
    #[error("{operation} broke: {text}")]
    Broken { operation: &'static str, text: String },
}

impl CallError {
    /// The fault's name, without its namespace.
    pub fn code(&self) -> Option<&str> {
        match self {
            CallError::Fault { code, .. } => Some(code),
            CallError::Broken { .. } => None,
        }
    }
}

impl Client {
    pub fn new(address: SocketAddr, region: &str) -> Client {
        Client { address, signer: Signer::new("demonstration", "demonstration", region) }
    }

    /// Calls `operation`, and again while the server throttles. The answer of an operation without
    /// output is null.
    pub async fn call(&self, operation: Operation, input: Value) -> Result<Value, CallError> {
        for _ in 1..TRIES_MAX {
            match self.call_once(operation, &input).await {
                Err(error) if error.code() == Some(THROTTLED) => {
                    sleep(Duration::from_millis(THROTTLED_MILLISECONDS)).await;
                }
                outcome => return outcome,
            }
        }
        self.call_once(operation, &input).await
    }

    async fn call_once(&self, operation: Operation, input: &Value) -> Result<Value, CallError> {
        let operation = operation.name();
        let broken = |text: String| CallError::Broken { operation, text };
        let limit = Duration::from_secs(CALL_SECONDS_MAX);
        let exchange = tokio::time::timeout(limit, self.exchange(operation, input)).await;
        let too_long = |_| broken(format!("no answer after {CALL_SECONDS_MAX} seconds"));
        let (status, body) = exchange.map_err(too_long)?.map_err(broken)?;
        let answer = match body.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&body).map_err(|error| broken(error.to_string()))?,
        };
        if status == 200 {
            return Ok(answer);
        }
        let text = |member: &str| answer[member].as_str().unwrap_or_default();
        let code = text("__type").rsplit('#').next().unwrap_or_default().to_owned();
        let message = format!("{}{}", text("message"), text("Message"));
        Err(CallError::Fault { operation, code, message })
    }

    /// The whole history of an execution, page by page.
    pub async fn history(&self, domain: &str, execution: &Value) -> Result<Vec<Event>, CallError> {
        let operation = Operation::GetWorkflowExecutionHistory;
        let mut input = json!({ "domain": domain, "execution": execution });
        let mut events = Vec::new();
        loop {
            let mut page = self.call(operation, input.clone()).await?;
            events.extend(events_of(operation, &mut page)?);
            let token = page["nextPageToken"].take();
            if token.is_null() {
                return Ok(events);
            }
            input["nextPageToken"] = token;
        }
    }

    /// Sends one request on a new connection; returns the status and the body.
    async fn exchange(&self, operation: &str, input: &Value) -> Result<(u16, Bytes), String> {
        let stream = TcpStream::connect(self.address).await.map_err(text)?;
        let request = self.request(operation, input.to_string())?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(text)?;
        let exchange = async {
            let response = sender.send_request(request).await.map_err(text)?;
            let status = response.status().as_u16();
            let body = response.into_body().collect().await.map_err(text)?;
            Ok((status, body.to_bytes()))
        };
        // Both are driven from here, so that dropping this future closes the connection.
        let (mut exchange, connection) = (pin!(exchange), pin!(connection));
        tokio::select! {
            outcome = &mut exchange => outcome,
            _ = connection => exchange.await,
        }
    }

    fn request(&self, operation: &str, body: String) -> Result<Request<Full<Bytes>>, String> {
        let host = self.address.to_string();
        let target = format!("SimpleWorkflowService.{operation}");
        let headers =
            [("host", &*host), ("content-type", CONTENT_TYPE), ("x-amz-target", &*target)];
        let signature = self.signer.sign(&headers, body.as_bytes(), wall_time());
        let mut request = Request::post("/");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request
            .header("x-amz-date", signature.date)
            .header("authorization", signature.authorization)
            .body(Full::new(body.into()))
            .map_err(text)
    }
}

/// Takes the events out of a page of history, or of a decision task.
pub fn events_of(operation: Operation, page: &mut Value) -> Result<Vec<Event>, CallError> {
    serde_json::from_value(page["events"].take())
        .map_err(|error| CallError::Broken { operation: operation.name(), text: error.to_string() })
}

fn text(error: impl Display) -> String {
    error.to_string()
}
