//! Servers that speak TLS, for tests: certificates, and the server's side of a handshake.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::sync::Arc;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

/// A server for `localhost`, and the certificate of the authority that vouches for it, in PEM.
pub fn server() -> (Arc<ServerConfig>, String) {
    let (authority, issuer) = authority();
    (config(&issuer, None), authority)
}

/// One that wants a certificate of the same authority from its clients, such a certificate, and its
/// key.
#[allow(dead_code)] // Of those who include this file, not all have such clients.
pub fn server_with_clients() -> (Arc<ServerConfig>, String, String, String) {
    let (authority, issuer) = authority();
    let key = KeyPair::generate().expect("randomness");
    let params = CertificateParams::new(["client".to_owned()]).expect("a name");
    let client = params.signed_by(&key, &issuer).expect("a certificate").pem();
    (config(&issuer, Some(&authority)), authority, client, key.serialize_pem())
}

fn authority() -> (String, Issuer<'static, KeyPair>) {
    let key = KeyPair::generate().expect("randomness");
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&key).expect("a certificate").pem();
    (authority, Issuer::new(params, key))
}

fn config(issuer: &Issuer<'static, KeyPair>, clients: Option<&str>) -> Arc<ServerConfig> {
    let key = KeyPair::generate().expect("randomness");
    let params = CertificateParams::new(["localhost".to_owned()]).expect("a name of a host");
    let certificate = params.signed_by(&key, issuer).expect("a certificate").pem();
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).expect("PEM");
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).expect("PEM");
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("ring has cipher suites");
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let authority = CertificateDer::from_pem_slice(authority.as_bytes()).expect("PEM");
            let mut roots = RootCertStore::empty();
            roots.add(authority).expect("it is an authority");
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            builder.with_client_cert_verifier(verifier.build().expect("there is an authority"))
        }
    };
    let config = builder.with_single_cert(vec![certificate], key);
    Arc::new(config.expect("they belong together"))
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
