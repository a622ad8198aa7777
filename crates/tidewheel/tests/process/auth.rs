//! Who is let in: the first key, servers without access control, and what the log keeps to itself.

use super::*;
use access::Signer;
use std::time::{SystemTime, UNIX_EPOCH};
use wire::Timestamp;

/// A server whose output is read: it makes its first key.
struct First {
    server: Server,
    id: String,
    secret: String,
}

/// The value that a whole line of the output gives a variable.
fn exported(output: &str, name: &str) -> Option<String> {
    let start = format!("export {name}=");
    let value = output.lines().find_map(|line| line.trim().strip_prefix(&start));
    value.map(str::to_owned)
}

fn first_start(mut command: Command) -> First {
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the binary starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("standard output is a pipe"));
    let process_id = child.id();
    let mut server =
        Server { process_id, child: Some(child), address: String::new(), stdout: None };
    let (output, stdout) = bounded(move || {
        let mut output = String::new();
        while exported(&output, "AWS_SECRET_ACCESS_KEY").is_none() {
            let read = stdout.read_line(&mut output).expect("a line of text");
            assert_ne!(read, 0, "there is no key: {output}");
        }
        (output, stdout)
    });
    server.stdout = Some(stdout);
    let line = output.lines().next().expect("a first line");
    server.address = line.strip_prefix("listening on http://").expect(line).to_owned();
    let variable = |name: &str| exported(&output, name).expect("two lines are to be copied");
    let (id, secret) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"));
    First { server, id, secret }
}

fn now() -> Timestamp {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    Timestamp(i64::try_from(passed.as_millis()).expect("it is long until then"))
}

/// Signs for the service that `target` is of, and returns the whole answer.
fn signed(server: &Server, signer: &Signer, token: &str, target: &str, body: &str) -> String {
    let mut headers = vec![
        ("host", server.address.as_str()),
        ("content-type", "application/x-amz-json-1.0"),
        ("x-amz-target", target),
    ];
    if !token.is_empty() {
        headers.push(("x-amz-security-token", token));
    }
    let signature = signer.sign(&headers, body.as_bytes(), now());
    let lines: String =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    answer(server.send(&format!(
        "POST / HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n{lines}x-amz-date: {}\r\n\
         authorization: {}\r\n\r\n{body}",
        body.len(),
        signature.date,
        signature.authorization
    )))
}

/// A member of the answer, which is JSON.
fn member<'a>(answer: &'a str, name: &str) -> &'a str {
    let rest = answer.split(&format!("\"{name}\":\"")).nth(1).expect(answer);
    rest.split('"').next().expect("its end")
}

/// At the loudest level, through the whole life of keys. The first key is printed once.
#[test]
fn secrets_of_keys_are_in_no_log() {
    const LIST: &str = r#"{"registrationStatus":"REGISTERED"}"#;
    const LIST_DOMAINS: &str = "SimpleWorkflowService.ListDomains";
    for format in ["text", "json"] {
        let dir = scratch();
        let log_path = dir.path().join("log");
        let serve = || {
            let mut log = std::fs::OpenOptions::new();
            let log = log.create(true).append(true).open(&log_path).expect("the directory is ours");
            let mut command =
                tidewheel(&["serve", "--listen", "127.0.0.1:0", "--log-level", "trace"]);
            command.args(["--log-format", format, "--data-dir"]).arg(dir.path().join("data"));
            command.stderr(log);
            command
        };
        let First { server, id, secret } = first_start(serve());
        let root = Signer::new(&id, &secret, "us-east-1");
        let identity = root.clone().for_service("iam");
        let administer = |operation: &str, body: &str| {
            let target = format!("TidewheelIdentity.{operation}");
            let answer = signed(&server, &identity, "", &target, body);
            assert!(answer.starts_with("HTTP/1.1 200 "), "{operation}: {answer}");
            answer
        };
        let listed = signed(&server, &root, "", LIST_DOMAINS, LIST);
        assert!(listed.ends_with(r#"{"domainInfos":[]}"#), "{listed}");
        administer("CreateUser", r#"{"UserName":"ada"}"#);
        let key = administer("CreateAccessKey", r#"{"UserName":"ada"}"#);
        let ada = member(&key, "SecretAccessKey").to_owned();
        let signer = Signer::new(member(&key, "AccessKeyId"), &ada, "us-east-1");
        let denied = signed(&server, &signer, "", LIST_DOMAINS, LIST);
        assert!(denied.contains("AccessDeniedException"), "{denied}");
        let policy = |action: &str, whom: &str| {
            let statement = format!(r#"{{"Effect":"Allow","Action":"{action}",{whom}}}"#);
            format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#).replace('"', "\\\"")
        };
        let root = r#""Principal":{"AWS":"arn:aws:iam::000000000000:root"}"#;
        let (trust, all) = (policy("sts:AssumeRole", root), policy("*", r#""Resource":"*""#));
        administer(
            "CreateRole",
            &format!(r#"{{"RoleName":"r","AssumeRolePolicyDocument":"{trust}"}}"#),
        );
        administer(
            "PutRolePolicy",
            &format!(r#"{{"RoleName":"r","PolicyName":"all","PolicyDocument":"{all}"}}"#),
        );
        let put = format!(r#"{{"UserName":"ada","PolicyName":"all","PolicyDocument":"{all}"}}"#);
        administer("PutUserPolicy", &put);
        let assume = r#"{"RoleArn":"arn:aws:iam::000000000000:role/r","RoleSessionName":"shift"}"#;
        let session = signed(
            &server,
            &signer.clone().for_service("iam"),
            "",
            "TidewheelIdentity.AssumeRole",
            assume,
        );
        let session_secret = member(&session, "SecretAccessKey").to_owned();
        let token = member(&session, "SessionToken").to_owned();
        let by_session = Signer::new(member(&session, "AccessKeyId"), &session_secret, "us-east-1");
        let listed = signed(&server, &by_session, &token, LIST_DOMAINS, LIST);
        assert!(listed.starts_with("HTTP/1.1 200 "), "{listed}");
        let forged = signed(&server, &by_session, &token[1..], LIST_DOMAINS, LIST);
        assert!(forged.contains("UnrecognizedClientException"), "{forged}");
        server.signal("TERM");
        assert_eq!(server.wait().code(), Some(0));

        // The second start has a key, and prints none.
        let mut second = Server::start_with(serve());
        let mut stdout = second.stdout.take().expect("it is read");
        second.signal("TERM");
        assert_eq!(second.wait().code(), Some(0));
        let mut rest = String::new();
        stdout.read_to_string(&mut rest).expect("text");
        assert_eq!(rest, "");

        let log = std::fs::read_to_string(&log_path).expect("it was written");
        let audited =
            |text: &str| log.lines().any(|line| line.contains("audit") && line.contains(text));
        assert!(audited(&id) && audited("arn:aws:iam::000000000000:root"), "{log}");
        assert!(audited("denied") && audited("assumed-role/r/shift"), "{log}");
        for hidden in [&secret, &ada, &session_secret, &token] {
            let line = log.lines().find(|line| line.contains(hidden.as_str()));
            assert_eq!(line, None, "{hidden}");
        }
    }
}

#[test]
fn a_server_without_access_control_says_so() {
    let dir = scratch();
    for (auth, code) in [("off", Some(2)), ("off-anywhere", None)] {
        let mut command = tidewheel(&["serve", "--auth", auth, "--listen", "0.0.0.0:0"]);
        command.arg("--data-dir").arg(dir.path()).args(["--log-level", "error"]);
        let log_path = dir.path().with_extension("log");
        command.stderr(std::fs::File::create(&log_path).expect("the directory is ours"));
        match code {
            Some(code) => {
                let output = bounded(move || command.output().expect("the binary starts"));
                assert_eq!(output.status.code(), Some(code));
            }
            None => {
                let server = Server::start_with(command);
                server.signal("TERM");
                assert_eq!(server.wait().code(), Some(0));
            }
        }
        let said = std::fs::read_to_string(&log_path).expect("it was written");
        std::fs::remove_file(&log_path).expect("it is ours");
        assert!(said.starts_with("tidewheel: "), "{said}");
        assert_eq!(said.contains("access control is off"), code.is_none(), "{said}");
    }
}

/// The key is durable by then, and its secret in no place where it could be looked up.
#[test]
fn a_first_key_that_cannot_be_told_is_taken_back() {
    let dir = scratch();
    let serve = || {
        let mut command = tidewheel(&["serve", "--listen", "127.0.0.1:0", "--data-dir"]);
        command.arg(dir.path().join("data"));
        command
    };
    let full = std::fs::File::options().write(true).open("/dev/full").expect("Linux has it");
    let mut command = serve();
    command.stdout(full).stderr(Stdio::piped());
    let child = command.spawn().expect("the binary starts");
    let output = bounded(|| child.wait_with_output().expect("the process ends"));
    assert_eq!(output.status.code(), Some(1));
    let why = text(&output.stderr);
    let line = why.lines().last().expect("it says why");
    assert!(line.starts_with("tidewheel: cannot write to standard output: "), "{line}");
    assert!(line.ends_with("was taken back, and the next start makes another"), "{line}");

    let First { server, id, secret } = first_start(serve());
    let root = Signer::new(&id, &secret, "us-east-1");
    let list = r#"{"registrationStatus":"REGISTERED"}"#;
    let listed = signed(&server, &root, "", "SimpleWorkflowService.ListDomains", list);
    assert!(listed.starts_with("HTTP/1.1 200 "), "{listed}");
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}

/// Where requests are signed, no name is looked at.
#[test]
fn allowed_hosts_that_mean_nothing_are_warned_of() {
    for (hosts, auth, is_warned) in
        [("swf.internal", "sigv4", true), ("", "sigv4", false), ("swf.internal", "off", false)]
    {
        let dir = scratch();
        let log_path = dir.path().join("log");
        let mut command = tidewheel(&["serve", "--listen", "127.0.0.1:0", "--auth", auth]);
        command.arg("--data-dir").arg(dir.path().join("data"));
        command.env("TIDEWHEEL_ALLOWED_HOSTS", hosts);
        command.stderr(std::fs::File::create(&log_path).expect("the directory is ours"));
        let server = Server::start_with(command);
        server.signal("TERM");
        assert_eq!(server.wait().code(), Some(0));
        let log = std::fs::read_to_string(&log_path).expect("it was written");
        assert_eq!(log.contains("allowed_hosts means nothing here"), is_warned, "{log}");
    }
}

/// Whoever names a list writes into a line of the audit, and into nothing else of it.
#[test]
fn names_in_the_audit_stay_where_they_are() {
    let dir = scratch();
    let log_path = dir.path().join("log");
    let mut command = tidewheel(&["serve", "--listen", "127.0.0.1:0", "--data-dir"]);
    command.arg(dir.path().join("data"));
    command.stderr(std::fs::File::create(&log_path).expect("the directory is ours"));
    let First { server, id, secret } = first_start(command);
    let root = Signer::new(&id, &secret, "us-east-1");
    let count = r#"{"domain":"d","taskList":{"name":"a\" decision=\"denied"}}"#;
    let target = "SimpleWorkflowService.CountPendingActivityTasks";
    let counted = signed(&server, &root, "", target, count);
    assert!(counted.contains("UnknownResourceFault"), "{counted}");
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    let log = std::fs::read_to_string(&log_path).expect("it was written");
    let line = log.lines().find(|line| line.contains("CountPendingActivityTasks")).expect(&log);
    let named = r#" task_list="a\" decision=\"denied" decision="allowed" "#;
    assert!(line.contains(named), "{line}");
}
