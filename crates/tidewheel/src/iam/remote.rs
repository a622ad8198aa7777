//! Operations on identities through a running server: a signed request for each.
//!
//! What is sent may be a secret, and what comes back, too: neither is logged, and a connection that
//! others may listen to is complained of.

use super::arguments::Place;
use super::{Failure, Perform};
use crate::connect::{self, ConnectorError, Endpoint};
use access::Signer;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use std::error::Error;
use std::ffi::OsString;
use std::fmt::Display;
use std::path::PathBuf;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

const CONTENT_TYPE: &str = "application/x-amz-json-1.0";
/// The longest that a call may take, in seconds.
const CALL_SECONDS_MAX: u64 = 60;
/// The longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The longest line of a server that is shown as it is, in bytes.
const LINE_BYTES_MAX: usize = 200;

/// A server, and who asks it.
pub struct Remote {
    endpoint: Endpoint,
    tls: Option<TlsConnector>,
    /// Whether we show a certificate to who wants one.
    has_certificate: bool,
    signer: Signer,
    session_token: Option<String>,
    runtime: tokio::runtime::Runtime,
}

/// Why an answer was not read: the connection broke, or it is too long.
type ReadError = Box<dyn Error + Send + Sync>;

impl Remote {
    /// The server at `url`. Credentials, region and authorities are from `variable`, as far as the
    /// command line does not say.
    pub fn new(
        url: &str,
        place: &Place,
        variable: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Remote, Failure> {
        let text = |name: &str| match variable(name) {
            None => Ok(None),
            Some(value) if value.is_empty() => Ok(None),
            Some(value) => value
                .into_string()
                .map(Some)
                .map_err(|_| Failure::Usage(format!("{name} is no text"))),
        };
        let credential = |name: &str| {
            let missing = || format!("there are no credentials: {name} is not set");
            text(name)?.ok_or_else(|| Failure::Usage(missing()))
        };
        let bundle = match &place.ca_bundle {
            Some(path) => Some(path.clone()),
            None => text("AWS_CA_BUNDLE")?.map(PathBuf::from),
        };
        let endpoint = parse_endpoint(url)?;
        let bundle = bundle.as_deref();
        let connector = || match &place.client {
            None => connect::connector(bundle).map_err(ConnectorError::from),
            Some(files) => connect::connector_as(bundle, Some(files)),
        };
        let tls = endpoint.secure.then(connector).transpose();
        let tls = tls.map_err(|error| Failure::Usage(error.to_string()))?;
        let region = match &place.region {
            Some(region) => Some(region.clone()),
            None => text("AWS_REGION")?.or(text("AWS_DEFAULT_REGION")?),
        };
        let region = region.unwrap_or_else(|| "us-east-1".to_owned());
        let access_key_id = credential("AWS_ACCESS_KEY_ID")?;
        let secret = credential("AWS_SECRET_ACCESS_KEY")?;
        let signer = Signer::new(&access_key_id, &secret, &region).for_service("iam");
        let session_token = text("AWS_SESSION_TOKEN")?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::Other(format!("cannot start: {error}")))?;
        let has_certificate = place.client.is_some();
        Ok(Remote { endpoint, tls, has_certificate, signer, session_token, runtime })
    }

    /// What people should know before a secret is sent.
    pub fn warning(&self) -> Option<String> {
        let host = self.endpoint.host.as_str();
        let address: Option<std::net::IpAddr> = host.parse().ok();
        let near = host == "localhost" || address.is_some_and(|address| address.is_loopback());
        (self.tls.is_none() && !near).then(|| {
            format!("warning: the connection to {host} is not encrypted: secrets can be read on it")
        })
    }

    async fn exchange(&self, operation: &str, body: Vec<u8>) -> Result<(u16, Bytes), String> {
        let endpoint = &self.endpoint;
        let connect = TcpStream::connect((endpoint.host.as_str(), endpoint.port));
        let stream = connect
            .await
            .map_err(|error| format!("cannot connect to {}: {error}", endpoint.authority))?;
        let request = self.request(operation, body)?;
        let stream =
            connect::secured(stream, &endpoint.host, self.tls.as_ref()).await.map_err(|error| {
                let advice = self.advice(&error);
                format!("no secure connection to {}: {error}{advice}", endpoint.authority)
            })?;
        connect::exchange(stream, request, read).await.map_err(|error: ReadError| {
            let broken = error.downcast_ref::<hyper::Error>();
            let advice = broken.map_or("", |error| self.advice(error));
            format!("no answer from {}: {error}{advice}", endpoint.authority)
        })
    }

    /// What may help where a connection broke. In TLS 1.3, a client learns only afterwards that its
    /// certificate was wanted.
    fn advice(&self, error: &(dyn Error + 'static)) -> &'static str {
        let wanted = self.tls.is_some() && !self.has_certificate;
        if wanted && connect::was_turned_away(error) {
            "; the server may want a certificate of its clients: --client-cert and --client-key"
        } else {
            ""
        }
    }

    fn request(&self, operation: &str, body: Vec<u8>) -> Result<Request<Full<Bytes>>, String> {
        let target = format!("TidewheelIdentity.{operation}");
        let mut headers = vec![
            ("host", self.endpoint.authority.as_str()),
            ("content-type", CONTENT_TYPE),
            ("x-amz-target", &target),
        ];
        if let Some(token) = &self.session_token {
            headers.push(("x-amz-security-token", token));
        }
        let signature = self.signer.sign(&headers, &body, crate::system::wall_time());
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

impl Perform for Remote {
    fn perform(&mut self, operation: &'static str, members: &[u8]) -> Result<Vec<u8>, Failure> {
        let limit = Duration::from_secs(CALL_SECONDS_MAX);
        let exchange = self.exchange(operation, members.to_vec());
        let exchange = async { tokio::time::timeout(limit, exchange).await };
        let (status, body) = match self.runtime.block_on(exchange) {
            Ok(Ok(answer)) => answer,
            Ok(Err(why)) => return Err(Failure::Other(why)),
            Err(_) => {
                let why = format!("no answer after {CALL_SECONDS_MAX} seconds");
                return Err(Failure::Other(why));
            }
        };
        if status == 200 {
            return Ok(if body.is_empty() { b"{}".to_vec() } else { body.to_vec() });
        }
        Err(refusal(operation, status, &body))
    }
}

/// What a server refused, or that it was none of ours.
fn refusal(operation: &'static str, status: u16, body: &[u8]) -> Failure {
    let line = std::str::from_utf8(body).ok().map(str::trim).filter(|line| is_told(line));
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let member = |name: &str| body[name].as_str().unwrap_or_default();
    let code = member("__type").rsplit('#').next().unwrap_or_default().to_owned();
    if code.is_empty() {
        let said = line.map(|line| format!(": {line}")).unwrap_or_default();
        return Failure::Other(format!("the server answered with the status {status}{said}"));
    }
    let message = format!("{}{}", member("message"), member("Message"));
    Failure::Refused { operation, code, message }
}

/// Whether what a server says that speaks another language is a line for people.
fn is_told(line: &str) -> bool {
    let is_plain = !line.starts_with(['<', '{', '[']) && !line.contains(char::is_control);
    is_plain && !line.is_empty() && line.len() <= LINE_BYTES_MAX
}

async fn read(response: Response<Incoming>) -> Result<(u16, Bytes), ReadError> {
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await?;
    Ok((status, body.to_bytes()))
}

fn parse_endpoint(url: &str) -> Result<Endpoint, Failure> {
    let endpoint = Endpoint::parse(url).ok().filter(|endpoint| endpoint.path.is_empty());
    endpoint.ok_or_else(|| {
        Failure::Usage(format!(
            "--endpoint-url must be a URL of a host and perhaps a port, such as \
             http://127.0.0.1:7933, not {url}"
        ))
    })
}

fn text(error: impl Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests;
