//! Connections to other servers: where they are, who vouches for them, and requests on them: one on
//! each, or several that follow each other.
//!
//! No redirect and no proxy is followed, and no server is believed that no authority vouches for,
//! unless a person says that any is to be believed.

use crate::secret_file::{self, SecretFileError};
use cli::profile::ClientFiles;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::fmt::Display;
use std::io;
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::WantsClientCert;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{
    WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    self, ClientConfig, ConfigBuilder, DigitallySignedStruct, RootCertStore, SignatureScheme,
};

/// Where systems keep the certificates of authorities that they trust.
const SYSTEM_BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
];

/// As what complaints name the key of a client's certificate.
const WHAT_OF_KEY: &str = "the private key";

/// Where a server is: `http://host[:port][/path]`, or the same with `https`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Whether TLS is spoken.
    pub secure: bool,
    /// Host and port, as they were written.
    pub authority: String,
    /// Without the brackets of an IPv6 address.
    pub host: String,
    pub port: u16,
    /// Without a slash at its end.
    pub path: String,
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
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            Some(_) | None => return Err(WANTED),
        };
        // Neither means anything here, and a name with a password has no place in a log.
        if authority.as_str().contains('@') || uri.query().is_some() || text.contains('#') {
            return Err("must be a URL of a host, a port and perhaps a path, and nothing else");
        }
        let bracketed = authority.host();
        let host = match bracketed.strip_prefix('[') {
            None => bracketed,
            // A name in brackets would pass where names are looked at, and be asked nevertheless.
            Some(rest) => rest
                .strip_suffix(']')
                .filter(|address| address.parse::<Ipv6Addr>().is_ok())
                .ok_or(WANTED)?,
        };
        if host.is_empty() {
            return Err(WANTED);
        }
        let host = host.to_owned();
        let port = match authority.as_str().strip_prefix(bracketed).unwrap_or_default() {
            "" if secure => 443,
            "" => 80,
            port => port[1..].parse().ok().filter(|port| *port != 0).ok_or(WANTED_PORT)?,
        };
        let path = uri.path().trim_end_matches('/').to_owned();
        Ok(Endpoint { secure, authority: authority.to_string(), host, port, path })
    }
}

impl Display for Endpoint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(formatter, "{scheme}://{}{}", self.authority, self.path)
    }
}

/// Why it is not known whom to believe.
#[derive(Debug, thiserror::Error)]
pub enum AuthoritiesError {
    #[error("no authorities are known to the system: name a CA bundle")]
    Unknown,
    #[error("{}: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{}: it is no PEM", path.display())]
    NoPem { path: PathBuf },
    #[error("{}: {source}", path.display())]
    Unusable { path: PathBuf, source: rustls::Error },
    #[error("{}: there is no certificate in it", path.display())]
    Empty { path: PathBuf },
}

/// Why nobody can be connected to as somebody.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    #[error(transparent)]
    Authorities(#[from] AuthoritiesError),
    #[error("cannot read {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error(transparent)]
    KeyFile(#[from] SecretFileError),
    #[error("{}: there is no certificate in PEM in it", path.display())]
    NoCertificate { path: PathBuf },
    #[error("{}: there is no private key in PEM without a password in it", path.display())]
    NoKey { path: PathBuf },
    #[error(
        "the certificate {} and the key {} cannot be used together: {source}",
        files.cert.display(),
        files.key.display()
    )]
    Pair { files: ClientFiles, source: rustls::Error },
}

/// Connects to servers for which an authority vouches: one of the bundle, or of the system's.
pub fn connector(bundle: Option<&Path>) -> Result<TlsConnector, AuthoritiesError> {
    Ok(ready(vouched_for(bundle)?.with_no_client_auth()))
}

/// The same, and says who connects, if there is a certificate for it.
pub fn connector_as(
    bundle: Option<&Path>,
    client: Option<&ClientFiles>,
) -> Result<TlsConnector, ConnectorError> {
    let config = vouched_for(bundle)?;
    Ok(ready(match client {
        None => config.with_no_client_auth(),
        Some(files) => shown(config, files)?,
    }))
}

/// Connects to any server, whoever it is: for `--no-verify-ssl`. What is sent can be read by whoever
/// puts themselves in between.
pub fn credulous_connector(client: Option<&ClientFiles>) -> Result<TlsConnector, ConnectorError> {
    let provider = Arc::new(ring::default_provider());
    let credulity = Credulity(provider.signature_verification_algorithms);
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has cipher suites for TLS 1.2 and 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(credulity));
    Ok(ready(match client {
        None => config.with_no_client_auth(),
        Some(files) => shown(config, files)?,
    }))
}

/// With the certificate that says who connects.
fn shown(
    config: ConfigBuilder<ClientConfig, WantsClientCert>,
    files: &ClientFiles,
) -> Result<ClientConfig, ConnectorError> {
    let certificates = std::fs::read(&files.cert)
        .map_err(|source| ConnectorError::Unreadable { path: files.cert.clone(), source })?;
    let certificates = CertificateDer::pem_slice_iter(&certificates)
        .collect::<Result<Vec<CertificateDer<'static>>, _>>()
        .ok()
        .filter(|certificates| !certificates.is_empty())
        .ok_or_else(|| ConnectorError::NoCertificate { path: files.cert.clone() })?;
    let key = secret_file::read(WHAT_OF_KEY, &files.key)?;
    let key = PrivateKeyDer::from_pem_slice(key.as_ref())
        .map_err(|_| ConnectorError::NoKey { path: files.key.clone() })?;
    let config = config.with_client_auth_cert(certificates, key);
    config.map_err(|source| ConnectorError::Pair { files: files.clone(), source })
}

/// Believes every certificate, but not that a server has one whose key it does not have.
#[derive(Debug)]
struct Credulity(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for Credulity {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}

fn ready(mut config: ClientConfig) -> TlsConnector {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    TlsConnector::from(Arc::new(config))
}

/// Believes whom an authority vouches for.
fn vouched_for(
    bundle: Option<&Path>,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, AuthoritiesError> {
    let system = SYSTEM_BUNDLES.iter().map(Path::new).find(|path| path.exists());
    let file = bundle.or(system).ok_or(AuthoritiesError::Unknown)?;
    let path = || file.to_owned();
    let pem = std::fs::read(file)
        .map_err(|source| AuthoritiesError::Unreadable { path: path(), source })?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|_| AuthoritiesError::NoPem { path: path() })?;
        match roots.add(certificate) {
            Ok(()) => (),
            // Of the system's many, some may be of kinds that are not known here.
            Err(_) if bundle.is_none() => (),
            Err(source) => return Err(AuthoritiesError::Unusable { path: path(), source }),
        }
    }
    if roots.is_empty() {
        return Err(AuthoritiesError::Empty { path: path() });
    }
    Ok(ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has cipher suites for TLS 1.2 and 1.3")
        .with_root_certificates(roots))
}

/// Whether the other side ended a connection, perhaps for want of a certificate: some say so, others
/// just go. It was not we who did not believe the other side.
pub fn was_turned_away(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(error) = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            return matches!(error, rustls::Error::AlertReceived(_));
        }
        next = error.source();
    }
    true
}

/// A connection, with TLS or without.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Speaks TLS on a connection to `host`, if it is to be spoken.
pub async fn secured(
    stream: TcpStream,
    host: &str,
    tls: Option<&TlsConnector>,
) -> io::Result<Box<dyn Stream>> {
    let Some(connector) = tls else { return Ok(Box::new(stream)) };
    let name = ServerName::try_from(host.to_owned())
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    Ok(Box::new(connector.connect(name, stream).await?))
}

/// A connection that takes one request after the other.
///
/// It is driven by the runtime on which it was opened: between requests, if nothing runs there, it
/// stands still, and that it has ended is not seen before somebody looks ([`Line::reusable`]).
pub struct Line {
    sender: http1::SendRequest<Full<Bytes>>,
    /// When the last answer came.
    used_at: Instant,
}

/// Why a request was not answered.
pub enum LineError {
    /// The connection had ended before anything of the request was sent. Here it is again.
    Unsent(Box<Request<Full<Bytes>>>),
    Broken(hyper::Error),
}

impl Line {
    /// For how long one is kept on which nothing is sent. What stands between may forget it then
    /// without a word; Tidewheel itself would wait longer.
    const IDLE_MAX: Duration = Duration::from_secs(20);

    /// Begins to speak HTTP.
    pub async fn open(stream: Box<dyn Stream>) -> Result<Line, hyper::Error> {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Its end is told to whoever waits for an answer.
        tokio::spawn(async { drop(connection.await) });
        Ok(Line { sender, used_at: Instant::now() })
    }

    /// How often the runtime is given a turn to see what has come on a line: in the first it asks the
    /// system, and in the second the connection reads. One more does no harm.
    const TURNS: usize = 3;

    /// The line, if it can take another request: nothing was heard of its end. To be awaited on the
    /// runtime on which it was opened.
    pub async fn reusable(self) -> Option<Line> {
        for _ in 0..Line::TURNS {
            tokio::task::yield_now().await;
        }
        (!self.sender.is_closed() && self.used_at.elapsed() < Line::IDLE_MAX).then_some(self)
    }

    /// Sends a request, and gives the head of the answer. The answer has to be read to its end before
    /// the next one is sent.
    pub async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, LineError> {
        let answer = self.sender.try_send_request(request).await;
        self.used_at = Instant::now();
        answer.map_err(|mut error| match error.take_message() {
            Some(request) => LineError::Unsent(Box::new(request)),
            None => LineError::Broken(error.into_error()),
        })
    }
}

/// Sends one request on a connection, and has the answer read.
pub async fn exchange<T, E: From<hyper::Error>, R: Future<Output = Result<T, E>>>(
    stream: Box<dyn Stream>,
    request: Request<Full<Bytes>>,
    read: impl FnOnce(Response<Incoming>) -> R,
) -> Result<T, E> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let exchange = async { read(sender.send_request(request).await?).await };
    // Both are driven from here, so that dropping this future closes the connection.
    let (mut exchange, connection) = (pin!(exchange), pin!(connection));
    tokio::select! {
        outcome = &mut exchange => outcome,
        _ = connection => exchange.await,
    }
}

#[cfg(test)]
pub mod answering;
#[cfg(test)]
pub mod fixture;
