//! Calls with TLS and signatures, and names that lead where no function is called.

use super::*;
use crate::connect::fixture;
use access::{Claim, Received, Rules};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::TempDir;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// A name that systems look up and find to be 127.0.0.1, but that is not how addresses are written.
const NAME: &str = "127.1";

fn scratch() -> TempDir {
    tempfile::tempdir().expect("a scratch directory")
}

/// Puts a file in the place of one that may be there.
fn put(dir: &TempDir, name: &str, text: &str) -> PathBuf {
    let (path, new) = (dir.path().join(name), dir.path().join("new"));
    std::fs::write(&new, text).expect("the directory is ours");
    std::fs::set_permissions(&new, Permissions::from_mode(0o600)).expect("the file is ours");
    std::fs::rename(&new, &path).expect("the directory is ours");
    path
}

fn credentials(id: &str, secret: &str, token: &str) -> String {
    format!(
        "[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n\
         aws_session_token = {token}\n"
    )
}

/// What a server of functions that verifies signatures finds in a request: the key's id, the region
/// and the token; or nothing, if the signature is not that of the secret.
fn verified(head: &[String], body: &str, secret: &str) -> Option<(String, String, Option<String>)> {
    let path = head[0].strip_prefix("POST ").and_then(|line| line.strip_suffix(" HTTP/1.1"));
    let headers = head[1..].iter().map(|line| line.split_once(": ").expect("a header"));
    let headers: Vec<(&str, &[u8])> =
        headers.map(|(name, value)| (name, value.as_bytes())).collect();
    let received = Received {
        method: "POST",
        path: path.expect("a call").as_bytes(),
        query: None,
        headers: &headers,
        body: body.as_bytes(),
    };
    let claim = Claim::read(&received, &Rules::of_service("lambda"), wall_time()).ok()?;
    claim.verify(&claim.signing_key(secret.as_bytes())).ok()?;
    let token = claim.session_token().map(str::to_owned);
    Some((claim.access_key_id().to_owned(), claim.region().to_owned(), token))
}

type Got = Option<(Vec<String>, String)>;

/// Serves one call over TLS, and gives the port. Nothing is got if the client does not believe us.
fn serve(config: Arc<tokio_rustls::rustls::ServerConfig>) -> (u16, JoinHandle<Got>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let thread = std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        let mut stream = fixture::accept(config, stream)?;
        let request = read_request(&mut stream);
        stream.write_all(response("200 OK", "", "1").as_bytes()).expect("a client");
        stream.flush().expect("a client");
        Some(request)
    });
    (port, thread)
}

#[test]
fn a_server_that_an_authority_vouches_for_gets_a_signed_call() {
    let dir = scratch();
    let (config, authority) = fixture::server();
    let (port, server) = serve(config);
    let caller = caller(LambdaSettings {
        ca_bundle: Some(put(&dir, "ca", &authority)),
        credentials: Some(put(&dir, "credentials", &credentials("AKID", SECRET, "tok/+="))),
        ..settings(&format!("https://localhost:{port}/base"))
    });
    // A name whose encoding is encoded once more in what is signed.
    let outcome = outcome(&caller, &call("arn:aws:lambda:ü", "[\"ü\"]"));
    assert_eq!(outcome, Some(returned("1")));
    let (head, mut body) = server.join().expect("the server is well").expect("it is believed");
    let path = "/base/2015-03-31/functions/arn%3Aaws%3Alambda%3A%C3%BC/invocations";
    assert_eq!(head[0], format!("POST {path} HTTP/1.1"));
    let token = Some("tok/+=".to_owned());
    let expected = Some(("AKID".to_owned(), "eu-west-1".to_owned(), token));
    assert_eq!(verified(&head, &body, SECRET), expected);
    assert_eq!(verified(&head, &body, "another"), None);
    let authorization = head.iter().find(|line| line.starts_with("authorization: "));
    let signed = "SignedHeaders=content-type;host;x-amz-date;x-amz-invocation-type;\
                  x-amz-security-token,";
    assert!(authorization.expect("it is signed").contains(signed));
    let mut other = head.clone();
    other[0] = other[0].replace("lambda%3A", "lambda%3Ax");
    assert_eq!(verified(&other, &body, SECRET), None, "the path is signed");
    body.push(' ');
    assert_eq!(verified(&head, &body, SECRET), None, "the body is signed");
}

#[test]
fn a_server_that_nobody_vouches_for_is_told_nothing() {
    let dir = scratch();
    let (config, authority) = fixture::server();
    let (_, stranger) = fixture::server();
    // By another authority, and under a name that the certificate does not have.
    for (authority, host) in [(stranger, "localhost"), (authority, "127.0.0.1")] {
        let (port, server) = serve(config.clone());
        let caller = caller(LambdaSettings {
            ca_bundle: Some(put(&dir, "ca", &authority)),
            ..settings(&format!("https://{host}:{port}"))
        });
        let outcome = outcome(&caller, &call("hello", "{}"));
        let Some(FunctionOutcome::Failed { reason, details }) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(reason, SERVICE_EXCEPTION);
        assert!(details.starts_with("no secure connection: "), "{details}");
        assert_eq!(server.join().expect("the server is well"), None);
    }
}

#[test]
fn credentials_that_are_replaced_sign_the_next_call() {
    let dir = scratch();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let caller = caller(LambdaSettings {
        credentials: Some(put(&dir, "credentials", &credentials("FIRST", "first", ""))),
        ..settings(&format!("http://{address}"))
    });
    let called = || {
        std::thread::scope(|scope| {
            let server = scope.spawn(|| {
                let (mut stream, _) = listener.accept().expect("a connection");
                let request = read_request(&stream);
                stream.write_all(response("200 OK", "", "1").as_bytes()).expect("a client");
                request
            });
            assert_eq!(outcome(&caller, &call("hello", "{}")), Some(returned("1")));
            server.join().expect("the server is well")
        })
    };
    let signed = |(head, body): (Vec<String>, String), secret| {
        verified(&head, &body, secret).map(|(id, _, token)| (id, token))
    };
    assert_eq!(signed(called(), "first"), Some(("FIRST".to_owned(), None)));
    put(&dir, "credentials", &credentials("SECOND", "second", "token"));
    let second = Some(("SECOND".to_owned(), Some("token".to_owned())));
    assert_eq!(signed(called(), "second"), second);
    // Half a file is no reason to call without a signature.
    put(&dir, "credentials", "[default]\naws_access_key_id = THIRD\n");
    assert_eq!(signed(called(), "second"), second);
}

#[test]
fn a_name_that_leads_inside_is_not_followed_without_leave() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    listener.set_nonblocking(true).expect("a socket");
    let settings = settings(&format!("http://{NAME}:{port}"));
    let refused = outcome(&caller(settings.clone()), &call("hello", "{}"));
    let details = "no connection: the endpoint's name leads to a loopback address";
    assert_eq!(refused, Some(failed(SERVICE_EXCEPTION, details)));
    assert!(listener.accept().is_err(), "nobody came");
    listener.set_nonblocking(false).expect("a socket");
    let allowed_networks = Networks::parse("127.0.0.1").expect("a network");
    let allowed = caller(LambdaSettings { allowed_networks, ..settings });
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        read_request(&stream);
        stream.write_all(response("200 OK", "", "1").as_bytes()).expect("a client");
    });
    assert_eq!(outcome(&allowed, &call("hello", "{}")), Some(returned("1")));
    server.join().expect("the server is well");
}

#[test]
fn what_is_said_of_a_caller_has_no_secrets() {
    let dir = scratch();
    let path = put(&dir, "credentials", &credentials("AKID", "canary", "canary"));
    let settings = LambdaSettings { credentials: Some(path), ..settings("http://127.0.0.1:9001") };
    let caller = caller(settings);
    let credentials = caller.credentials.as_ref().map(CredentialsFile::current);
    let request = caller.request(&call("hello", "{}"), credentials.as_deref());
    let request = request.expect("a request");
    let said = format!("{caller:?} {:?} {request:?}", caller.credentials);
    assert!(said.contains("127.0.0.1:9001") && said.contains("Sensitive"), "{said}");
    assert!(!said.contains("canary") && !said.contains("Signature="), "{said}");
}

#[test]
fn files_that_cannot_be_used_are_told_at_the_start() {
    let dir = scratch();
    let missing = |name: &str| Some(Path::new("/nowhere").join(name));
    let https = settings("https://lambda.example");
    for settings in [
        LambdaSettings { ca_bundle: missing("ca"), ..https.clone() },
        LambdaSettings { ca_bundle: Some(put(&dir, "ca", "no PEM")), ..https.clone() },
        LambdaSettings { credentials: missing("credentials"), ..settings("http://127.0.0.1") },
    ] {
        let error = Caller::open(settings).expect_err("there is no such file");
        let text = error.to_string();
        assert!(!text.contains('\n') && text.contains(": "), "{text}");
    }
}
