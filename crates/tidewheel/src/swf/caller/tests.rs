//! Calls as a server sees them: on which connections they come, and who is behind them.

use super::*;
use crate::connect::{answering, fixture};
use cli::Model;
use cli::profile::{ClientFiles, Configuration};
use std::fs::Permissions;
use std::net::{Shutdown, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

/// What a server answers that was asked for a domain.
const DOMAIN: &str = r#"{"domainInfo":{"name":"d"}}"#;

fn settings(url: &str) -> Settings {
    let globals = Globals { endpoint_url: Some(url.to_owned()), ..Globals::default() };
    let variable = |name: &str| match name {
        "AWS_REGION" => Some("us-east-1".to_owned()),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("any".to_owned()),
        "AWS_MAX_ATTEMPTS" => Some("1".to_owned()),
        _ => None,
    };
    let settings = Settings::resolve(&globals, &Configuration::default(), &variable);
    settings.expect("all is there")
}

fn describe(caller: &mut Caller) -> Result<Value, CallError> {
    let operation = Model::get().operation("DescribeDomain").expect("the model has it");
    let parameters = Value::parse(r#"{"name":"d"}"#).expect("it is JSON");
    caller.call(operation, &parameters)
}

/// Takes connections, one for each number, and answers so many requests on each. Then it hangs up when
/// it is told to, and says when it has.
struct Server {
    thread: JoinHandle<()>,
    url: String,
    hang_up: Sender<()>,
    hung_up: Receiver<()>,
}

impl Server {
    fn start(requests: &'static [usize]) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let ((hang_up, told), (done, hung_up)) = (channel(), channel());
        let thread = std::thread::spawn(move || {
            for requests in requests {
                let (stream, _) = listener.accept().expect("a client");
                for _ in 0..*requests {
                    answering::exchange(&stream, "200 OK", DOMAIN);
                }
                told.recv().expect("the test goes on");
                stream.shutdown(Shutdown::Both).expect("it is open");
                done.send(()).expect("the test waits");
            }
        });
        Server { thread, url, hang_up, hung_up }
    }

    fn hang_up(&self) {
        self.hang_up.send(()).expect("the server waits");
        // On one machine its end has come by then.
        self.hung_up.recv().expect("the server is well");
    }
}

#[test]
fn calls_follow_each_other_on_one_connection() {
    let server = Server::start(&[3]);
    let mut caller = Caller::new(&Globals::default(), settings(&server.url)).expect("all is there");
    for _ in 0..3 {
        describe(&mut caller).expect("it is answered");
    }
    server.hang_up();
    server.thread.join().expect("there was one connection");
}

/// The other side may hang up between two calls, while nothing runs here. Nothing was sent then, so
/// that nothing is sent again: the settings have one attempt.
#[test]
fn a_connection_that_has_ended_is_followed_by_another() {
    let server = Server::start(&[1, 2]);
    let mut caller = Caller::new(&Globals::default(), settings(&server.url)).expect("all is there");
    describe(&mut caller).expect("it is answered");
    server.hang_up();
    for _ in 0..2 {
        describe(&mut caller).expect("it is answered");
    }
    server.hang_up();
    server.thread.join().expect("there were two connections");
}

/// A server that lets in whom an authority vouches for, with and without such a certificate.
#[test]
fn a_certificate_is_shown_to_a_server_that_wants_one() {
    let (config, authority, client, key) = fixture::server_with_clients();
    let dir = tempfile::tempdir().expect("a scratch directory");
    let put = |name: &str, pem: &str| -> PathBuf {
        let path = dir.path().join(name);
        std::fs::write(&path, pem).expect("the scratch directory is ours");
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("it is ours");
        path
    };
    let ca_bundle = Some(put("ca", &authority).to_string_lossy().into_owned());
    let files = ClientFiles { cert: put("cert", &client), key: put("key", &key) };
    for (verify_ssl, client) in [(true, Some(files.clone())), (false, Some(files)), (true, None)] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("it is bound").port();
        let config = config.clone();
        let server = std::thread::spawn(move || {
            let (stream, _) = listener.accept().expect("a client");
            Some(answering::exchange(fixture::accept(config, stream)?, "200 OK", DOMAIN))
        });
        let is_shown = client.is_some();
        let settings = settings(&format!("https://localhost:{port}"));
        let settings = Settings { ca_bundle: ca_bundle.clone(), client, ..settings };
        let globals = Globals { verify_ssl, ..Globals::default() };
        let mut caller = Caller::new(&globals, settings).expect("the files are there");
        let outcome = describe(&mut caller);
        assert_eq!(server.join().expect("the server is well").is_some(), is_shown);
        match outcome {
            Ok(_) => assert!(is_shown),
            Err(error) => {
                assert!(!is_shown, "{error}");
                let text = error.to_string();
                assert!(
                    text.contains("set TIDEWHEEL_CLIENT_CERT and TIDEWHEEL_CLIENT_KEY"),
                    "{text}"
                );
            }
        }
    }
}
