//! Operations on identities through a running server: a signed request for each.
//!
//! What is sent may be a secret, and what comes back, too: neither is logged, and a connection that
//! others may listen to is complained of.

use super::arguments::Place;
use super::{Failure, Perform};
use access::Signer;
use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper::Uri;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::ffi::OsString;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

const CONTENT_TYPE: &str = "application/x-amz-json-1.0";
/// The longest that a call may take, in seconds.
const CALL_SECONDS_MAX: u64 = 60;
/// The longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Where systems keep the certificates of authorities that they trust.
const SYSTEM_BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
];

/// A server, and who asks it.
pub struct Remote {
    endpoint: Endpoint,
    signer: Signer,
    session_token: Option<String>,
    runtime: tokio::runtime::Runtime,
}

/// Where a server is.
struct Endpoint {
    /// Host and port, as they were written.
    authority: String,
    host: String,
    port: u16,
    tls: Option<TlsConnector>,
}

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
                .map_err(|_| Failure::Other(format!("{name} is no text"))),
        };
        let credential = |name: &str| {
            let missing = || format!("there are no credentials: {name} is not set");
            text(name)?.ok_or_else(|| Failure::Other(missing()))
        };
        let bundle = match &place.ca_bundle {
            Some(path) => Some(path.clone()),
            None => text("AWS_CA_BUNDLE")?.map(PathBuf::from),
        };
        let endpoint = Endpoint::parse(url, bundle.as_deref())?;
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
        Ok(Remote { endpoint, signer, session_token, runtime })
    }

    /// What people should know before a secret is sent.
    pub fn warning(&self) -> Option<String> {
        let host = self.endpoint.host.as_str();
        let address: Option<std::net::IpAddr> = host.parse().ok();
        let near = host == "localhost" || address.is_some_and(|address| address.is_loopback());
        (self.endpoint.tls.is_none() && !near).then(|| {
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
        match &endpoint.tls {
            None => send(stream, request).await,
            Some(connector) => {
                let name = ServerName::try_from(endpoint.host.clone()).map_err(text)?;
                let stream = connector.connect(name, stream).await.map_err(|error| {
                    format!("no secure connection to {}: {error}", endpoint.authority)
                })?;
                send(stream, request).await
            }
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
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let member = |name: &str| body[name].as_str().unwrap_or_default();
    let code = member("__type").rsplit('#').next().unwrap_or_default().to_owned();
    if code.is_empty() {
        return Failure::Other(format!("the server answered with the status {status}"));
    }
    let message = format!("{}{}", member("message"), member("Message"));
    Failure::Refused { operation, code, message }
}

async fn send(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    request: Request<Full<Bytes>>,
) -> Result<(u16, Bytes), String> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(text)?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(text)?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
        Ok((status, body.map_err(text)?.to_bytes()))
    };
    // Both are driven from here, so that dropping this future closes the connection.
    let (mut exchange, connection) = (pin!(exchange), pin!(connection));
    tokio::select! {
        outcome = &mut exchange => outcome,
        _ = connection => exchange.await,
    }
}

impl Endpoint {
    fn parse(url: &str, bundle: Option<&Path>) -> Result<Endpoint, Failure> {
        let wanted = || {
            Failure::Usage(format!(
                "--endpoint-url must be a URL of a host and perhaps a port, such as \
                 http://127.0.0.1:7933, not {url}"
            ))
        };
        let uri: Uri = url.parse().map_err(|_| wanted())?;
        let authority = uri.authority().ok_or_else(wanted)?;
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            Some(_) | None => return Err(wanted()),
        };
        // A password has no place in a list of processes.
        let bare = !authority.as_str().contains('@') && uri.query().is_none();
        if !bare || url.contains('#') || !matches!(uri.path(), "" | "/") {
            return Err(wanted());
        }
        let bracketed = authority.host();
        let host = bracketed.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = match authority.as_str().strip_prefix(bracketed).unwrap_or_default() {
            "" if secure => 443,
            "" => 80,
            port => port[1..].parse().ok().filter(|port| *port != 0).ok_or_else(wanted)?,
        };
        if host.is_empty() {
            return Err(wanted());
        }
        let tls = match secure {
            true => Some(connector(bundle)?),
            false => None,
        };
        Ok(Endpoint { authority: authority.to_string(), host, port, tls })
    }
}

/// Connects to servers for which an authority vouches: one of the bundle, or of the system's.
fn connector(bundle: Option<&Path>) -> Result<TlsConnector, Failure> {
    let system = SYSTEM_BUNDLES.iter().map(Path::new).find(|path| path.exists());
    let path = bundle.or(system).ok_or_else(|| {
        Failure::Other("no authorities are known: name some with --ca-bundle".to_owned())
    })?;
    let wrong = |why: String| Failure::Other(format!("{}: {why}", path.display()));
    let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|_| wrong("it is no PEM".to_owned()))?;
        match roots.add(certificate) {
            Ok(()) => (),
            // Of the system's many, some may be of kinds that are not known here.
            Err(_) if bundle.is_none() => (),
            Err(error) => return Err(wrong(error.to_string())),
        }
    }
    if roots.is_empty() {
        return Err(wrong("there is no certificate in it".to_owned()));
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has cipher suites for TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

fn text(error: impl Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests;
