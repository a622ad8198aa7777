//! Authorities and certificates for tests, and rows of identities that cannot be used.

use super::*;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::{ClientConfig, SupportedProtocolVersion};

/// Signs certificates. Made anew in each test.
pub(crate) struct Authority {
    pub(crate) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, in PEM.
pub(crate) struct Issued {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Authority {
        let key = KeyPair::generate().expect("randomness");
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Authority { pem, issuer: Issuer::new(params, key) }
    }

    pub(crate) fn issue(&self, host: &str) -> Issued {
        let key = KeyPair::generate().expect("randomness");
        let params = CertificateParams::new([host.to_owned()]).expect("a name of a host");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Issued { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

impl Issued {
    pub(crate) fn identity<'a>(&'a self, clients: Option<&'a Authority>) -> Identity<'a> {
        Identity {
            certificates: self.certificate.as_bytes(),
            key: self.key.as_bytes(),
            client_authorities: clients.map(|clients| clients.pem.as_bytes()),
        }
    }
}

pub(crate) fn certificate(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate")
}

/// A client that knows `authority` and shows `own`.
pub(crate) fn client(
    authority: &Authority,
    own: Option<&Issued>,
    version: &'static SupportedProtocolVersion,
) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(certificate(&authority.pem)).expect("a certificate of an authority");
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .expect("a version that is known")
        .with_root_certificates(roots);
    let mut config = match own {
        Some(own) => {
            let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes()).expect("a key");
            let chain = vec![certificate(&own.certificate)];
            builder.with_client_auth_cert(chain, key).expect("they belong together")
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    TlsConnector::from(Arc::new(config))
}

/// The form in which OpenSSL keeps keys with a password unless it is asked for another.
const TRADITIONAL: &str = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: \
                           AES-256-CBC,5CB4\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";

#[test]
fn identities_that_cannot_be_used() {
    let authority = Authority::new("a");
    let (one, other) = (authority.issue("localhost"), authority.issue("localhost"));
    let right = one.identity(Some(&authority));
    assert!(Tls::new(right).is_ok());
    let torn = &one.certificate.as_bytes()[..one.certificate.len() / 2];
    let torn_key = &one.key.as_bytes()[..one.key.len() / 2];
    let broken = one.certificate.replace("MII", "MI!");
    let no_der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let many = one.certificate.repeat(CERTIFICATES_MAX + 1);
    let locked = one.key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    for (identity, begin) in [
        (
            Identity { certificates: b"", ..right },
            "the certificate cannot be used: there is none in PEM",
        ),
        (
            Identity { certificates: torn, ..right },
            "the certificate cannot be used: it ends in the middle",
        ),
        (
            Identity { certificates: broken.as_bytes(), ..right },
            "the certificate cannot be used: it is no PEM",
        ),
        (
            Identity { certificates: many.as_bytes(), ..right },
            "the certificate cannot be used: there are more than 256 certificates",
        ),
        (
            Identity { certificates: one.key.as_bytes(), ..right },
            "the certificate cannot be used: there is a private key in it, and no certificate",
        ),
        (
            Identity { certificates: no_der.as_bytes(), ..right },
            "the certificate and the private key do not go together: ",
        ),
        (Identity { key: b"", ..right }, "the private key cannot be used: there is none in PEM"),
        (
            Identity { key: one.certificate.as_bytes(), ..right },
            "the private key cannot be used: there is a certificate in it, and no private key",
        ),
        (
            Identity { key: TRADITIONAL.as_bytes(), ..right },
            "the private key cannot be used: it has a password; give a key without one",
        ),
        (
            Identity { key: locked.as_bytes(), ..right },
            "the private key cannot be used: it has a password; give a key without one",
        ),
        (
            Identity { key: torn_key, ..right },
            "the private key cannot be used: it ends in the middle",
        ),
        (
            Identity { key: other.key.as_bytes(), ..right },
            "the certificate and the private key do not go together: ",
        ),
        (
            Identity { client_authorities: Some(b"x"), ..right },
            "the authorities of clients cannot be used: there is none in PEM",
        ),
        (
            Identity { client_authorities: Some(no_der.as_bytes()), ..right },
            "the authorities of clients cannot be used: ",
        ),
    ] {
        let error = Tls::new(identity).err().expect(begin).to_string();
        assert!(error.starts_with(begin), "{error}");
        assert!(!error.contains('\n'), "one line: {error}");
    }
}

/// Of those in a chain the first that ends decides.
#[test]
fn when_what_is_served_ends() {
    const IN_2015: Timestamp = Timestamp(1_440_892_800_000); // 2015-08-30T00:00:00Z
    const IN_2099: Timestamp = Timestamp(4_070_908_800_000); // 2099-01-01T00:00:00Z
    let key = KeyPair::generate().expect("randomness");
    let until = |year, month, day, is_ca| {
        let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        params.not_before = rcgen::date_time_ymd(2000, 1, 1);
        params.not_after = rcgen::date_time_ymd(year, month, day);
        params.is_ca = is_ca;
        params.self_signed(&key).expect("a certificate").pem()
    };
    let past = until(2015, 8, 30, IsCa::ExplicitNoCa);
    let future = until(2099, 1, 1, IsCa::ExplicitNoCa);
    let authority = until(2015, 8, 30, IsCa::Ca(BasicConstraints::Unconstrained));
    let key = key.serialize_pem();
    let issued = |certificate: String| Issued { certificate, key: key.clone() };
    let served = |text: &str| {
        let issued = issued(text.to_owned());
        Tls::new(issued.identity(None)).expect("it can be used")
    };
    assert_eq!(served(&past).expires_at(), Some(IN_2015));
    assert_eq!(served(&future).expires_at(), Some(IN_2099));
    assert_eq!(served(&format!("{future}{authority}")).expires_at(), Some(IN_2015));
    let tls = served(&past);
    tls.replace(issued(future).identity(None)).expect("it can be used");
    assert_eq!(tls.expires_at(), Some(IN_2099));
}
