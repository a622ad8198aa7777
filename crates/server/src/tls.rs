//! TLS 1.2 and 1.3 under HTTP/1.1, with a certificate that can be changed while it serves.
//!
//! Invariant: what is served is whole at any time: a certificate and the key that belongs to it.
//! A change counts for handshakes from then on; connections go on with what they began with.
//! Knows nothing of files. Nothing is logged by the library, at any level: its logging is left out.

use std::io;
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::client::verify_server_cert_signed_by_trust_anchor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tokio_rustls::rustls::server::{ParsedCertificate, VerifierBuilderError, WebPkiClientVerifier};
use tokio_rustls::rustls::{self, CertificateError, RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;
use wire::Timestamp;

/// How long a handshake may take, in seconds.
pub(crate) const HANDSHAKE_SECONDS_MAX: u64 = 10;
/// The most certificates in a chain, and the most of authorities.
const CERTIFICATES_MAX: usize = 256;
/// The first byte of every connection that speaks TLS: a record of the kind `handshake`.
pub(crate) const FIRST_BYTE: u8 = 22;

/// What a server proves itself with, in PEM.
#[derive(Clone, Copy)]
pub struct Identity<'a> {
    /// The certificate, and behind it those that lead to an authority.
    pub certificates: &'a [u8],
    /// The private key of the certificate.
    pub key: &'a [u8],
    /// The authorities that sign the certificates of clients. With some, a client without such a
    /// certificate is refused.
    pub client_authorities: Option<&'a [u8]>,
}

/// What is wrong with an identity. Says nothing of what stands in the key.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate of the server, and those behind it.
    #[error("the certificate cannot be used: {0}")]
    Certificate(PemError),
    /// The private key.
    #[error("the private key cannot be used: {0}")]
    Key(PemError),
    /// Each is right by itself.
    #[error("the certificate and the private key do not go together: {0}")]
    Pair(rustls::Error),
    /// The authorities that sign for clients.
    #[error("the authorities of clients cannot be used: {0}")]
    ClientAuthorities(PemError),
    /// What is in PEM there is no certificate of an authority.
    #[error("the authorities of clients cannot be used: {0}")]
    ClientAuthority(rustls::Error),
    /// Nobody could be verified with them.
    #[error("the authorities of clients cannot be used: {0}")]
    ClientVerifier(VerifierBuilderError),
}

/// Why nothing can be read from a text in PEM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    /// There is nothing of the kind that is looked for.
    #[error("there is none in PEM")]
    Absent,
    /// Nobody is here who could be asked for it.
    #[error("it has a password; give a key without one")]
    Password,
    /// The files are mixed up.
    #[error("there is a private key in it, and no certificate")]
    KeyInstead,
    /// The same the other way round.
    #[error("there is a certificate in it, and no private key")]
    CertificateInstead,
    /// Perhaps it is still being written.
    #[error("it ends in the middle")]
    Torn,
    /// Not in the form of PEM.
    #[error("it is no PEM")]
    Malformed,
    /// More than anybody needs.
    #[error("there are more than {CERTIFICATES_MAX} certificates")]
    TooMany,
}

impl From<pem::Error> for PemError {
    /// The original quotes what it stumbled over, which may be of a key.
    fn from(error: pem::Error) -> PemError {
        if matches!(error, pem::Error::NoItemsFound) {
            PemError::Absent
        } else if matches!(error, pem::Error::MissingSectionEnd { .. }) {
            PemError::Torn
        } else {
            PemError::Malformed
        }
    }
}

/// How connections become secure.
pub struct Tls {
    served: RwLock<Served>,
}

struct Served {
    config: Arc<ServerConfig>,
    expires_at: Option<Timestamp>,
}

impl Tls {
    /// Serves with `identity`.
    pub fn new(identity: Identity<'_>) -> Result<Tls, TlsError> {
        Ok(Tls { served: RwLock::new(Served::new(identity)?) })
    }

    /// Serves with another identity from the next handshake on. If something is wrong with it,
    /// nothing changes.
    pub fn replace(&self, identity: Identity<'_>) -> Result<(), TlsError> {
        let served = Served::new(identity)?;
        *self.served.write().expect("no holder panics") = served;
        Ok(())
    }

    /// Until when what is served is good: the certificate, and those behind it. Nothing if that
    /// cannot be told.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.served.read().expect("no holder panics").expires_at
    }

    /// Makes a connection secure. Whoever calls bounds the time that it may take.
    pub(crate) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
    ) -> io::Result<TlsStream<S>> {
        let config = self.served.read().expect("no holder panics").config.clone();
        TlsAcceptor::from(config).accept(stream).await
    }
}

impl Served {
    fn new(identity: Identity<'_>) -> Result<Served, TlsError> {
        let chain = certificates(identity.certificates).map_err(TlsError::Certificate)?;
        let expires_at = chain.iter().filter_map(end_of).min();
        Ok(Served { config: Arc::new(config(identity, chain)?), expires_at })
    }
}

/// The last moment of a certificate. Asked at the end of all times, whoever verifies it says when it
/// has expired, before he looks at anything else. So nobody else has to read it.
fn end_of(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let certificate = ParsedCertificate::try_from(certificate).ok()?;
    let end_of_times = UnixTime::since_unix_epoch(Duration::MAX);
    let nobody = RootCertStore::empty();
    let error =
        verify_server_cert_signed_by_trust_anchor(&certificate, &nobody, &[], end_of_times, &[])
            .err()?;
    if let rustls::Error::InvalidCertificate(CertificateError::ExpiredContext {
        not_after, ..
    }) = error
    {
        Some(Timestamp(i64::try_from(not_after.as_secs()).ok()?.checked_mul(1000)?))
    } else {
        None
    }
}

fn config(
    identity: Identity<'_>,
    chain: Vec<CertificateDer<'static>>,
) -> Result<ServerConfig, TlsError> {
    let key = PrivateKeyDer::from_pem_slice(identity.key);
    let key = key.map_err(|error| TlsError::Key(why_no_key(identity.key, error)))?;
    // Named, so that nothing hangs on what else the process links.
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("ring has cipher suites for TLS 1.2 and 1.3");
    let builder = match identity.client_authorities {
        Some(authorities) => {
            let mut roots = RootCertStore::empty();
            for authority in certificates(authorities).map_err(TlsError::ClientAuthorities)? {
                roots.add(authority).map_err(TlsError::ClientAuthority)?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            builder.with_client_cert_verifier(verifier.build().map_err(TlsError::ClientVerifier)?)
        }
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(chain, key).map_err(TlsError::Pair)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Why there is no private key in a text.
fn why_no_key(text: &[u8], error: pem::Error) -> PemError {
    // The newer form says it in the label, the traditional one in a header.
    if ["BEGIN ENCRYPTED PRIVATE KEY", "Proc-Type: 4,ENCRYPTED"].iter().any(|says| has(text, says))
    {
        return PemError::Password;
    }
    let error = error.into();
    if matches!(error, PemError::Absent) && has(text, "BEGIN CERTIFICATE") {
        return PemError::CertificateInstead;
    }
    error
}

fn has(text: &[u8], word: &str) -> bool {
    text.windows(word.len()).any(|window| window == word.as_bytes())
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, PemError> {
    let mut certificates = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        certificates.push(certificate?);
        if CERTIFICATES_MAX < certificates.len() {
            return Err(PemError::TooMany);
        }
    }
    match certificates.is_empty() {
        true if has(pem, "PRIVATE KEY-----") => Err(PemError::KeyInstead),
        true => Err(PemError::Absent),
        false => Ok(certificates),
    }
}

#[cfg(test)]
pub(crate) mod tests;
