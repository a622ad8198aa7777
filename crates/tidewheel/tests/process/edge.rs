//! TLS with files that change, where requests come from, and what the log does not say.

use super::*;
use rcgen::{CertificateParams, KeyPair};
use std::fs::Permissions;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::ChildStderr;
use std::sync::Arc;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// A certificate that signs itself.
struct Certificate {
    pem: String,
    key: String,
}

impl Certificate {
    fn new() -> Certificate {
        Certificate::until(4096)
    }

    /// Good until a year begins.
    fn until(year: i32) -> Certificate {
        let key = KeyPair::generate().expect("randomness");
        let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a host's name");
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Certificate { pem, key: key.serialize_pem() }
    }

    fn write(&self, dir: &Path) -> [PathBuf; 2] {
        let (cert, key) = (dir.join("cert.pem"), dir.join("key.pem"));
        std::fs::write(&cert, &self.pem).expect("the directory is ours");
        std::fs::write(&key, &self.key).expect("the directory is ours");
        std::fs::set_permissions(&key, Permissions::from_mode(0o600)).expect("it is ours");
        [cert, key]
    }

    /// Asks a server that must show this certificate for its health.
    fn ask(&self, server: &Server) -> std::io::Result<String> {
        let mut roots = RootCertStore::empty();
        let certificate = CertificateDer::from_pem_slice(self.pem.as_bytes());
        roots.add(certificate.expect("a certificate")).expect("a certificate");
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring speaks them")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let host = ServerName::try_from("localhost").expect("a name of a host");
        let session = ClientConnection::new(Arc::new(config), host).expect("a session");
        let mut stream = StreamOwned::new(session, server.send(""));
        stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

/// The lines of a log, as they come.
fn lines(child: &mut Server) -> impl FnMut(&str) -> String + use<> {
    let stderr: ChildStderr =
        child.child.as_mut().and_then(|child| child.stderr.take()).expect("a pipe");
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    move |text| {
        let limit = Duration::from_secs(WAIT_SECONDS_MAX);
        loop {
            let line = receiver.recv_timeout(limit).expect(text);
            if line.contains(text) {
                return line;
            }
        }
    }
}

/// Serves what is in `dir` with a certificate, and keeps what it logs for who asks.
fn serve_over_tls(dir: &Path, cert: &Path, key: &Path) -> Server {
    let mut command = tidewheel(&["serve", "--listen", "127.0.0.1:0", "--data-dir"]);
    command.arg(dir.join("data")).arg("--tls-cert").arg(cert).arg("--tls-key").arg(key);
    command.stderr(Stdio::piped());
    Server::start_with(command)
}

#[test]
fn a_hangup_has_the_certificate_read_again() {
    let dir = scratch();
    let (old, new) = (Certificate::new(), Certificate::new());
    let [cert, key] = old.write(dir.path());
    let mut server = serve_over_tls(dir.path(), &cert, &key);
    let mut until = lines(&mut server);
    let ready =
        |answer: std::io::Result<String>| answer.is_ok_and(|text| text.ends_with("ready\n"));
    assert!(ready(old.ask(&server)));
    assert!(old.ask(&server).is_ok() && new.ask(&server).is_err());

    // Half of it is there.
    std::fs::write(&cert, &new.pem).expect("the directory is ours");
    server.signal("HUP");
    let said = until("the new certificate is not used; the old one is served");
    assert!(said.contains(" ERROR ") && said.contains("do not go together"), "{said}");
    assert!(ready(old.ask(&server)));

    new.write(dir.path());
    server.signal("HUP");
    until("the certificate was read again");
    assert!(ready(new.ask(&server)));
    let refused = old.ask(&server).expect_err("another certificate");
    assert_eq!(refused.kind(), ErrorKind::InvalidData, "{refused}");

    let plain = answer(server.send("GET /readyz HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert!(plain.ends_with("This port speaks TLS: use https.\n"), "{plain}");
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}

/// It is served all the same, and who should have changed it is told.
#[test]
fn a_certificate_that_has_expired_is_warned_of() {
    let dir = scratch();
    let [cert, key] = Certificate::until(2020).write(dir.path());
    let mut server = serve_over_tls(dir.path(), &cert, &key);
    let mut until = lines(&mut server);
    let said = until("the certificate has expired");
    assert!(said.contains(" WARN "), "{said}");
    Certificate::until(2021).write(dir.path());
    server.signal("HUP");
    until("the certificate was read again");
    until("the certificate has expired");
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}

/// As when what renews a certificate does not know who uses it.
#[test]
fn new_files_are_found_without_a_hangup() {
    let dir = scratch();
    let (old, new) = (Certificate::new(), Certificate::new());
    let [cert, key] = old.write(dir.path());
    let mut server = serve_over_tls(dir.path(), &cert, &key);
    let mut until = lines(&mut server);
    new.write(dir.path());
    until("the certificate was read again");
    assert!(new.ask(&server).is_ok_and(|answer| answer.ends_with("ready\n")));
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_key_that_others_may_read_is_refused() {
    let dir = scratch();
    let [cert, key] = Certificate::new().write(dir.path());
    std::fs::set_permissions(&key, Permissions::from_mode(0o644)).expect("it is ours");
    let mut command = tidewheel(&["serve", "--listen", "127.0.0.1:0", "--data-dir"]);
    command.arg(dir.path().join("data")).arg("--tls-cert").arg(&cert).arg("--tls-key").arg(&key);
    let output = run(command);
    let line = format!(
        "tidewheel: others than its owner have access to the private key {} (mode 644); chmod 600 \
         takes it from them\n",
        key.display()
    );
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(2), line));
    assert!(!dir.path().join("data").exists(), "nothing was made");
}

/// At the loudest level, whatever a request comes to.
#[test]
fn secrets_are_in_no_log() {
    const CANARY: &str = "c4n4ry";
    for format in ["text", "json"] {
        let dir = scratch();
        let log_path = dir.path().join("log");
        let log = std::fs::File::create(&log_path).expect("the scratch directory is ours");
        let mut command = tidewheel(&["serve", "--listen", "127.0.0.1:0", "--log-level", "trace"]);
        command.args(["--log-format", format, "--trusted-proxies", "127.0.0.0/8"]);
        command.args(["--auth", "off"]);
        command.arg("--data-dir").arg(dir.path().join("data")).stderr(log);
        let server = Server::start_with(command);
        let call = |operation: &str, more: &str, body: &str| {
            let length = body.len();
            answer(server.send(&format!(
                "POST /?X-Amz-Signature={CANARY} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
                 Content-Length: {length}\r\nContent-Type: application/json\r\n\
                 X-Amz-Date: 20150830T123600Z\r\nX-Forwarded-For: 192.0.2.77\r\n\
                 X-Amz-Target: SimpleWorkflowService.{operation}\r\n\
                 X-Amz-Security-Token: {CANARY}\r\nCookie: {CANARY}\r\n{more}\
                 Authorization: AWS4-HMAC-SHA256 SignedHeaders=host, Signature={CANARY}, \
                 Credential=AKIDEXAMPLE/20150830/us-east-1/swf/aws4_request\r\n\r\n{body}"
            )))
        };
        let register = r#"{"name":"d","workflowExecutionRetentionPeriodInDays":"7"}"#;
        let type_ = r#"{"domain":"d","name":"w","version":"1","defaultTaskList":{"name":"l"},
            "defaultChildPolicy":"TERMINATE","defaultTaskStartToCloseTimeout":"10",
            "defaultExecutionStartToCloseTimeout":"1000"}"#;
        let start = format!(
            r#"{{"domain":"d","workflowId":"1","workflowType":{{"name":"w","version":"1"}},
            "input":"{CANARY}","tagList":["{CANARY}"]}}"#
        );
        let poll = r#"{"domain":"d","taskList":{"name":"l"}}"#;
        let forged = format!(r#"{{"taskToken":"{CANARY}"}}"#);
        let not_json = format!("{{{CANARY}");
        let mut task = String::new();
        for (operation, more, body, status) in [
            ("RegisterDomain", "", register, "200"),
            ("RegisterWorkflowType", "", type_, "200"),
            ("StartWorkflowExecution", "", start.as_str(), "200"),
            ("PollForDecisionTask", "", poll, "200"),
            ("RespondActivityTaskCompleted", "", &forged, "400"),
            ("RespondDecisionTaskCompleted", "", &forged, "400"),
            ("ListDomains", "", &not_json, "400"),
            (CANARY, "", "{}", "400"),
            ("ListDomains", "Content-Encoding: gzip\r\n", CANARY, "415"),
            ("ListDomains", "X-Amz-Security-Token: c4n4ry\r\n", "{}", "400"),
            ("ListDomains", "X-Folded: x\r\n c4n4ry\r\n", "{}", "400"),
        ] {
            let answer = call(operation, more, body);
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{operation}: {answer}");
            assert!(answer.contains("\r\ndate: "), "{operation}: {answer}");
            if operation == "PollForDecisionTask" {
                let rest = answer.split("\"taskToken\":\"").nth(1).expect("a task");
                task = rest.split('"').next().expect("its end").to_owned();
            }
        }
        let complete = format!(r#"{{"taskToken":"{task}"}}"#);
        assert!(call("RespondDecisionTaskCompleted", "", &complete).contains(" 200 OK"));
        assert!(call("RespondDecisionTaskCompleted", "", &complete).contains(" 400 "));
        server.signal("TERM");
        assert_eq!(server.wait().code(), Some(0));
        let log = std::fs::read_to_string(&log_path).expect("it was written");
        assert!(log.contains("192.0.2.77"), "where requests come from is there: {log}");
        assert!(log.contains("RespondDecisionTaskCompleted"), "{log}");
        for secret in [CANARY, &task] {
            let line = log.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{secret}");
        }
    }
}

/// As with `2>&1 | head -1`. What cannot be said is no reason to end, nor to answer nobody.
#[test]
fn a_log_that_nobody_reads_ends_nothing() {
    let dir = scratch();
    let mut command = tidewheel(&["serve", "--listen", "127.0.0.1:0", "--auth", "off"]);
    command.args(["--log-level", "debug", "--data-dir"]).arg(dir.path()).stderr(Stdio::piped());
    let mut server = Server::start_with(command);
    drop(server.child.as_mut().expect("it runs").stderr.take());
    let domain = r#"{"name":"orders","workflowExecutionRetentionPeriodInDays":"7"}"#;
    for status in ["200", "400"] {
        let answer = answer(server.call("RegisterDomain", domain));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}
