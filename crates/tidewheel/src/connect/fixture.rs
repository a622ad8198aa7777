//! Servers that speak TLS, for tests: certificates, and the server's side of a handshake.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::sync::Arc;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A server for `localhost`, and the certificate of the authority that vouches for it, in PEM.
pub fn server() -> (Arc<ServerConfig>, String) {
    let authority_key = KeyPair::generate().expect("randomness");
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&authority_key).expect("a certificate").pem();
    let issuer = Issuer::new(params, authority_key);
    let key = KeyPair::generate().expect("randomness");
    let params = CertificateParams::new(["localhost".to_owned()]).expect("a name of a host");
    let certificate = params.signed_by(&key, &issuer).expect("a certificate").pem();
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).expect("PEM");
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).expect("PEM");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has cipher suites")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("they belong together");
    (Arc::new(config), authority)
}

/// A connection on which TLS is spoken, as a server has it.
pub type Served = StreamOwned<ServerConnection, std::net::TcpStream>;

/// None if the client does not believe us and ends the handshake.
pub fn accept(config: Arc<ServerConfig>, stream: std::net::TcpStream) -> Option<Served> {
    let connection = ServerConnection::new(config).expect("it is configured");
    let mut stream = StreamOwned::new(connection, stream);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).ok()?;
    }
    Some(stream)
}
