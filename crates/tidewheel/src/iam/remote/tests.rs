//! Requests as a server gets them, and its answers as they are understood.

use super::*;
use crate::connect::answering::{Got, exchange};
use crate::connect::fixture;
use access::{Claim, Received, Rules};
use cli::profile::ClientFiles;
use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread::JoinHandle;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// Whether a server would believe who sent it.
fn verify(got: &Got) -> Result<(), wire::Fault> {
    let headers = got.headers.iter();
    let headers: Vec<(&str, &[u8])> =
        headers.map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let received =
        Received { method: "POST", path: b"/", query: None, headers: &headers, body: &got.body };
    let rules = Rules::of_service("iam");
    let claim = Claim::read(&received, &rules, crate::system::wall_time())?;
    assert_eq!((claim.access_key_id(), claim.region()), ("AKIDEXAMPLE", "eu-west-1"));
    claim.verify(&claim.signing_key(SECRET.as_bytes()))
}

/// Serves one request, and gives the port.
fn serve(status: &'static str, answer: &'static str) -> (u16, JoinHandle<Got>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it is bound").port();
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a client");
        exchange(stream, status, answer)
    });
    (port, server)
}

fn variable(name: &str) -> Option<String> {
    match name {
        "AWS_ACCESS_KEY_ID" => Some("AKIDEXAMPLE".into()),
        "AWS_SECRET_ACCESS_KEY" => Some(SECRET.into()),
        "AWS_SESSION_TOKEN" => Some("token".into()),
        "AWS_DEFAULT_REGION" => Some("eu-west-1".into()),
        _ => None,
    }
}

fn connect(url: &str, place: &Place) -> Result<Remote, Failure> {
    Remote::new(url, place, &Configuration::default(), &variable)
}

fn remote(url: &str, place: &Place) -> Remote {
    match connect(url, place) {
        Ok(remote) => remote,
        Err(failure) => panic!("{failure}"),
    }
}

#[test]
fn a_request_is_signed_and_says_what_is_asked() {
    let (port, server) = serve("200 OK", r#"{"User":{}}"#);
    let mut remote = remote(&format!("http://127.0.0.1:{port}"), &Place::default());
    assert_eq!(remote.warning(), None);
    let answer = remote.perform("GetUser", br#"{"UserName":"ada"}"#).expect("it is answered");
    assert_eq!(answer, br#"{"User":{}}"#);
    let mut got = server.join().expect("the server is well");
    assert_eq!(got.header("x-amz-target"), Some("TidewheelIdentity.GetUser"));
    assert_eq!(got.header("content-type"), Some("application/x-amz-json-1.0"));
    assert_eq!(got.header("x-amz-security-token"), Some("token"));
    assert_eq!(got.header("host"), Some(format!("127.0.0.1:{port}").as_str()));
    assert_eq!(got.body, br#"{"UserName":"ada"}"#);
    verify(&got).expect("the signature is right");
    got.body[0] ^= 1;
    verify(&got).expect_err("the body is signed");
}

#[test]
fn refusals_and_what_is_none_of_ours() {
    for (status, answer, told) in [
        (
            "400 Bad Request",
            r#"{"__type":"com.tidewheel.identity#NoSuchEntity","message":"gone"}"#,
            "An error occurred (NoSuchEntity) when calling the GetUser operation: gone",
        ),
        (
            "400 Bad Request",
            r#"{"__type":"com.amazon.coral.service#UnrecognizedClientException","message":"no"}"#,
            "An error occurred (UnrecognizedClientException) when calling the GetUser operation: no",
        ),
        (
            "404 Not Found",
            "<UnknownOperationException/>",
            "tidewheel: the server answered with the status 404",
        ),
        (
            "400 Bad Request",
            "This port speaks TLS: use https.\n",
            "tidewheel: the server answered with the status 400: This port speaks TLS: use https.",
        ),
    ] {
        let (port, server) = serve(status, answer);
        let mut remote = remote(&format!("http://127.0.0.1:{port}/"), &Place::default());
        let failure = remote.perform("GetUser", b"{}").expect_err("it is refused");
        assert_eq!(failure.to_string(), told);
        server.join().expect("the server is well");
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it is bound").port();
    drop(listener);
    let mut remote = remote(&format!("http://127.0.0.1:{port}"), &Place::default());
    let failure = remote.perform("GetUser", b"{}").expect_err("nobody is there");
    let told =
        format!("tidewheel: Could not connect to the endpoint URL: \"http://127.0.0.1:{port}/\"");
    assert_eq!(failure.to_string(), told);
}

#[test]
fn a_server_is_believed_if_an_authority_of_the_bundle_vouches_for_it() {
    let (config, authority) = fixture::server();
    let dir = tempfile::tempdir().expect("a scratch directory");
    let put = |name: &str, pem: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, pem).expect("the scratch directory is ours");
        path
    };
    let (_, other) = fixture::server();
    for (bundle, believed) in [(put("right", &authority), true), (put("other", &other), false)] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("it is bound").port();
        let config = config.clone();
        let server = std::thread::spawn(move || {
            let (stream, _) = listener.accept().expect("a client");
            // A client that does not believe us ends the handshake.
            let stream = fixture::accept(config, stream)?;
            Some(exchange(stream, "200 OK", "{}"))
        });
        let place =
            Place { ca_bundle: Some(bundle.to_string_lossy().into_owned()), ..Place::default() };
        let mut remote = remote(&format!("https://localhost:{port}"), &place);
        let outcome = remote.perform("ListUsers", b"{}");
        assert_eq!(outcome.is_ok(), believed, "{outcome:?}");
        let got = server.join().expect("the server is well");
        assert_eq!(got.is_some(), believed);
        if let Some(got) = got {
            verify(&got).expect("the signature is right");
        }
    }
    let (broken, missing) = (put("broken", "no PEM"), dir.path().join("missing"));
    for bundle in [broken, missing] {
        let place =
            Place { ca_bundle: Some(bundle.to_string_lossy().into_owned()), ..Place::default() };
        let failure = connect("https://localhost", &place);
        assert!(matches!(failure, Err(Failure::Usage(_))));
    }
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
}

/// A server that lets in whom an authority vouches for, with and without such a certificate.
#[test]
fn a_client_shows_a_certificate_to_a_server_that_wants_one() {
    let (config, authority, client, key) = fixture::server_with_clients();
    let dir = tempfile::tempdir().expect("a scratch directory");
    let put = |name: &str, pem: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, pem).expect("the scratch directory is ours");
        set_mode(&path, 0o600);
        path
    };
    let bundle = put("ca", &authority);
    let files = ClientFiles { cert: put("cert", &client), key: put("key", &key) };
    for shown in [Some(files.clone()), None] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("it is bound").port();
        let config = config.clone();
        let server = std::thread::spawn(move || {
            let (stream, _) = listener.accept().expect("a client");
            Some(exchange(fixture::accept(config, stream)?, "200 OK", "{}"))
        });
        let is_shown = shown.is_some();
        let ca_bundle = Some(bundle.to_string_lossy().into_owned());
        let place = Place { ca_bundle, client: shown, ..Place::default() };
        let mut remote = remote(&format!("https://localhost:{port}"), &place);
        let outcome = remote.perform("ListUsers", b"{}");
        assert_eq!(server.join().expect("the server is well").is_some(), is_shown);
        match outcome {
            Ok(_) => assert!(is_shown),
            Err(failure) => {
                assert!(!is_shown, "{failure}");
                let advice = "the server may want a certificate of its clients: set";
                assert!(failure.to_string().contains(advice), "{failure}");
            }
        }
    }
    set_mode(&files.key, 0o640);
    let place = Place { client: Some(files.clone()), ..Place::default() };
    match connect("https://localhost", &place) {
        Err(Failure::Usage(text)) => assert!(
            text.starts_with("others than its owner have access to the private key "),
            "{text}"
        ),
        Err(failure) => panic!("{failure}"),
        Ok(_) => panic!("others can read the key"),
    }
    set_mode(&files.key, 0o600);
    let missing = ClientFiles { cert: dir.path().join("missing"), key: files.key.clone() };
    let swapped = ClientFiles { cert: files.key, key: files.cert };
    for files in [missing, swapped] {
        let place = Place { client: Some(files), ..Place::default() };
        let failure = connect("https://localhost", &place);
        assert!(matches!(failure, Err(Failure::Usage(_))));
    }
}

#[test]
fn what_is_no_endpoint() {
    for url in [
        "127.0.0.1:7933",
        "ftp://h",
        "http://",
        "http://user:password@h",
        "http://h?query",
        "http://h:0",
        "http://h:99999",
    ] {
        let failure = connect(url, &Place::default());
        assert!(matches!(failure, Err(Failure::Usage(_))), "{url}");
    }
    let remote = remote("http://tidewheel.example", &Place::default());
    let warning = remote.warning().expect("others may listen");
    assert!(warning.contains("the connection to tidewheel.example is not encrypted"), "{warning}");
}

#[test]
fn credentials_are_of_the_environment_or_of_a_profile() {
    let profile = "[default]\nregion = a\n[profile ops]\nregion = eu-west-1\n\
                   aws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = ";
    let text = format!("{profile}{SECRET}\n");
    let file = cli::profile::File { path: "config", text: &text };
    let configuration = Configuration::read(Some(file), None).expect("it is right");
    let nothing = |_: &str| None;
    let new = |place: &Place| Remote::new("http://h", place, &configuration, &nothing);
    match new(&Place::default()) {
        Err(Failure::Usage(why)) => assert!(why.starts_with("there are no credentials"), "{why}"),
        Err(failure) => panic!("{failure}"),
        Ok(_) => panic!("they were missing"),
    }
    let (port, server) = serve("200 OK", "{}");
    let place = Place { profile: Some("ops".to_owned()), ..Place::default() };
    let url = format!("http://127.0.0.1:{port}");
    let mut remote = Remote::new(&url, &place, &configuration, &nothing).expect("a profile");
    remote.perform("ListUsers", b"{}").expect("it is answered");
    verify(&server.join().expect("the server is well")).expect("the signature is the profile's");
    for missing in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        let some = |name: &str| variable(name).filter(|_| name != missing);
        match Remote::new("http://h", &Place::default(), &configuration, &some) {
            Err(Failure::Usage(_)) => (),
            Err(failure) => panic!("{failure}"),
            Ok(_) => panic!("{missing} was missing"),
        }
    }
}
