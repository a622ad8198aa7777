//! `tidewheel swf` as its users type it.

use super::{Server, bounded, fixture, run, scratch, text, tidewheel};
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;

/// A command with nothing set up but what stands before it as `NAME=value`, in a directory of its
/// own.
fn command(dir: &Path, line: &str) -> Command {
    let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
    let is_variable = |word: &&&str| {
        word.split_once('=')
            .is_some_and(|(name, _)| name.chars().all(|c| c.is_uppercase() || c == '_'))
    };
    let variables: Vec<&&str> = words.iter().take_while(is_variable).collect();
    let mut command = tidewheel(&["swf"]);
    command.args(&words[variables.len()..]).current_dir(dir);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command.env("HOME", dir).env("TZ", "UTC");
    for variable in variables {
        let (name, value) = variable.split_once('=').expect("it is one");
        command.env(name, value);
    }
    command
}

/// Exit code, standard output and standard error.
fn told(output: &Output) -> (Option<i32>, String, String) {
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn swf(dir: &Path, line: &str) -> (Option<i32>, String, String) {
    told(&run(command(dir, line)))
}

/// What a command prints that succeeds and complains of nothing.
#[track_caller]
fn printed(dir: &Path, line: &str) -> String {
    let (code, stdout, stderr) = swf(dir, line);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{line}");
    stdout
}

/// Says how a server is named.
fn at(server: &Server, line: &str) -> String {
    format!("TIDEWHEEL_ENDPOINT_URL=http://{} {line}", server.address)
}

#[test]
fn a_server_is_asked_and_its_answers_are_shown() {
    let dir = scratch();
    let server = Server::start(&dir.path().join("d"));
    let print = |line: &str| printed(dir.path(), &at(&server, line));
    for name in ["beta", "alpha"] {
        let line = format!(
            "register-domain --name {name} --workflow-execution-retention-period-in-days 7"
        );
        assert_eq!(print(&line), "");
    }
    let list = "list-domains --registration-status REGISTERED";
    let arn = |name: &str| format!("arn:aws:swf:us-east-1:000000000000:/domain/{name}");
    let entry = |name: &str| {
        format!(
            "        {{\n            \"name\": \"{name}\",\n            \"status\": \
             \"REGISTERED\",\n            \"arn\": \"{}\"\n        }}",
            arn(name)
        )
    };
    let json =
        format!("{{\n    \"domainInfos\": [\n{},\n{}\n    ]\n}}\n", entry("alpha"), entry("beta"));
    assert_eq!(print(list), json);
    assert_eq!(print(&format!("{list} --page-size 1")), json);
    let lines =
        ["alpha", "beta"].map(|name| format!("DOMAININFOS\t{}\t{name}\tREGISTERED\n", arn(name)));
    assert_eq!(print(&format!("{list} --output text")), lines.concat());
    let yaml = |dash: &str| {
        ["alpha", "beta"].map(|name| {
            format!(
                "{dash}- arn: {}\n{dash}  name: {name}\n{dash}  status: REGISTERED\n",
                arn(name)
            )
        })
    };
    assert_eq!(
        print(&format!("{list} --output yaml")),
        format!("domainInfos:\n{}", yaml("").concat())
    );
    assert_eq!(
        print(&format!("{list} --output yaml-stream")),
        format!("- domainInfos:\n{}", yaml("  ").concat())
    );
    assert!(print(&format!("{list} --output table")).contains("|  REGISTERED  ||\n"));
    assert_eq!(print(&format!("{list} --output off")), "");
    assert_eq!(print(&format!("{list} --query domainInfos[-1].name")), "\"beta\"\n");
    let by_page = format!("{list} --page-size 1 --output text --query domainInfos[].name");
    assert_eq!(print(&by_page), "alpha\nbeta\n");
}

#[test]
fn what_is_cut_goes_on_with_its_token() {
    let dir = scratch();
    let server = Server::start(&dir.path().join("d"));
    let print = |line: &str| printed(dir.path(), &at(&server, line));
    for name in ["a", "b", "c", "d"] {
        print(&format!(
            "register-domain --name {name} --workflow-execution-retention-period-in-days NONE"
        ));
    }
    let mut seen = String::new();
    let mut start = String::new();
    for _ in 0..2 {
        let line = format!(
            "list-domains --registration-status REGISTERED --max-items 2 --page-size 3 --output \
             text --query [domainInfos[].name,NextToken.NextToken][] {start}"
        );
        let page = print(&line);
        let words: Vec<&str> = page.split_whitespace().collect();
        seen.extend(words.iter().filter(|word| word.len() == 1).copied());
        let token = words.iter().find(|word| word.len() > 20).copied().unwrap_or_default();
        start = format!("--starting-token {token}");
    }
    assert_eq!(seen, "abcd");
}

#[test]
fn what_goes_wrong_is_said_with_the_exit_codes_of_the_aws_cli() {
    let dir = scratch();
    let server = Server::start(&dir.path().join("d"));
    let unused = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("an address");
    let keys = "AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=s";
    let describe = "describe-domain --name x";
    let error = |text: &str| format!("\naws: [ERROR]: {text}\n");
    let fault =
        "An error occurred (UnknownResourceFault) when calling the DescribeDomain operation";
    for (line, code, expected) in [
        (
            at(&server, describe),
            254,
            format!(
                "{}\nAdditional error details:\nmessage: Unknown domain: x\n",
                error(&format!("{fault}: Unknown domain: x"))
            ),
        ),
        (
            format!("AWS_MAX_ATTEMPTS=1 AWS_CLI_ERROR_FORMAT=legacy {}", at(&server, describe)),
            254,
            error(&format!("{fault} (reached max retries: 0): Unknown domain: x")),
        ),
        (
            at(&server, &format!("{describe} --cli-error-format text")),
            254,
            "UnknownResourceFault\tUnknown domain: x\tUnknown domain: x\n".to_owned(),
        ),
        (
            format!("{keys} {describe}"),
            253,
            error(
                "An error occurred (NoRegion): You must specify a region. You can also configure \
                 your region by running \"aws configure\".",
            ),
        ),
        (
            format!("AWS_REGION=us-east-1 {describe}"),
            253,
            error(
                "An error occurred (NoCredentials): Unable to locate credentials. You can \
                 configure credentials by running \"aws login\".",
            ),
        ),
        (
            format!("{describe} --profile p"),
            255,
            error("The config profile (p) could not be found"),
        ),
        (
            format!("AWS_MAX_ATTEMPTS=2 TIDEWHEEL_ENDPOINT_URL=http://{unused} {describe}"),
            255,
            error(&format!("Could not connect to the endpoint URL: \"http://{unused}/\"")),
        ),
        (
            format!("TIDEWHEEL_ENDPOINT_URL=nowhere {describe}"),
            255,
            error("Invalid endpoint: nowhere"),
        ),
        (
            format!("TIDEWHEEL_ENDPOINT_URL=http://ada:secret@{unused} {describe}"),
            255,
            error(&format!("Invalid endpoint: http://***@{unused}")),
        ),
    ] {
        assert_eq!(swf(dir.path(), &line), (Some(code), String::new(), expected), "{line}");
    }
    for (line, code, start) in [
        ("bogus", 252, "\naws: [ERROR]: An error occurred (ParamValidation): argument operation: "),
        (
            "describe-domain --name x --query a[",
            252,
            "\naws: [ERROR]: An error occurred (ParamValidation): Bad value for --query a[: ",
        ),
    ] {
        let (found, stdout, stderr) = swf(dir.path(), line);
        assert_eq!((found, stdout.as_str()), (Some(code), ""), "{line}");
        assert!(stderr.starts_with(start), "{stderr}");
    }
}

/// A server that gives one answer to each connection, and then its requests.
fn answering(answers: &[&str]) -> (String, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let answers: Vec<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
    let served = thread::spawn(move || {
        let answer = |answer: String| {
            let (mut stream, _) = listener.accept().expect("a connection");
            let request = request(&mut stream);
            stream.write_all(answer.as_bytes()).expect("it is sent");
            request
        };
        answers.into_iter().map(answer).collect()
    });
    (address, served)
}

/// Reads a request to its end.
fn request(stream: &mut impl Read) -> String {
    let mut text = String::new();
    let mut byte = [0];
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if length.is_none_or(|length| length.parse() == Ok(body.len())) {
                return text;
            }
        }
        if stream.read(&mut byte).expect("it can be read") == 0 {
            return text;
        }
        text.push(char::from(byte[0]));
    }
}

fn http(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn a_server_that_is_broken_for_a_moment_is_asked_again() {
    let dir = scratch();
    let broken = http("500 Internal Server Error", r#"{"__type":"x#InternalFailure"}"#);
    let busy =
        http("400 Bad Request", r#"{"__type":"x#ThrottlingException","message":"Rate exceeded"}"#);
    let (address, served) = answering(&[&broken, "", &http("200 OK", r#"{"count":3}"#)]);
    let line = |address: &str| {
        format!(
            "TIDEWHEEL_ENDPOINT_URL=http://{address} count-pending-activity-tasks --domain d \
             --task-list name=l"
        )
    };
    assert_eq!(printed(dir.path(), &line(&address)), "{\n    \"count\": 3\n}\n");
    let requests = served.join().expect("it answers");
    let header = |request: &str, name: &str| {
        let found = request.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        found.expect(request).to_owned()
    };
    for (index, request) in requests.iter().enumerate() {
        assert_eq!(header(request, "amz-sdk-request"), format!("attempt={}; max=3", index + 1));
        let id = "amz-sdk-invocation-id";
        assert_eq!(header(request, id), header(&requests[0], id));
        assert_eq!(
            header(request, "x-amz-target"),
            "SimpleWorkflowService.CountPendingActivityTasks"
        );
        assert_eq!(header(request, "content-type"), "application/x-amz-json-1.0");
        assert!(request.ends_with(r#"{"domain":"d","taskList":{"name":"l"}}"#), "{request}");
    }

    let (address, served) = answering(&[&busy, &busy]);
    let (code, _, stderr) = swf(dir.path(), &format!("AWS_MAX_ATTEMPTS=2 {}", line(&address)));
    let expected = "\naws: [ERROR]: An error occurred (ThrottlingException) when calling the \
                    CountPendingActivityTasks operation (reached max retries: 1): Rate exceeded\n";
    assert_eq!((code, stderr.as_str()), (Some(254), expected));
    served.join().expect("it answers");
}

#[test]
fn an_answer_of_somebody_else_is_not_shown_as_nothing() {
    let dir = scratch();
    let (address, served) = answering(&[&http("200 OK", "<html>please log in</html>")]);
    let line = format!("TIDEWHEEL_ENDPOINT_URL=http://{address} describe-domain --name x");
    let (code, stdout, stderr) = swf(dir.path(), &line);
    assert_eq!((code, stdout.as_str()), (Some(255), ""));
    assert!(stderr.starts_with("\naws: [ERROR]: Unable to parse response ("), "{stderr}");
    served.join().expect("it answers");
}

#[test]
fn a_server_that_says_nothing_is_not_waited_for_for_ever() {
    let dir = scratch();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let line = format!(
        "AWS_MAX_ATTEMPTS=1 TIDEWHEEL_ENDPOINT_URL=http://{address} describe-domain --name x \
         --cli-read-timeout 1"
    );
    let expected = format!("\naws: [ERROR]: Read timeout on endpoint URL: \"http://{address}/\"\n");
    assert_eq!(swf(dir.path(), &line), (Some(255), String::new(), expected));
}

#[test]
fn an_interrupt_ends_a_poll_with_130() {
    let dir = scratch();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let line = format!(
        "TIDEWHEEL_ENDPOINT_URL=http://{address} poll-for-activity-task --domain d --task-list name=l"
    );
    let mut command = command(dir.path(), &line);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("the binary starts");
    // It waits for an answer from when its request is there.
    let (mut stream, _) = listener.accept().expect("it connects");
    assert!(request(&mut stream).contains("PollForActivityTask"));
    let kill = format!("kill -INT {}", child.id());
    let status = Command::new("sh").args(["-c", &kill]).status().expect("a shell");
    assert!(status.success());
    let output = bounded(|| child.wait_with_output().expect("the process ends"));
    assert_eq!(told(&output), (Some(130), "\n".to_owned(), String::new()));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let dir = scratch();
    let body = format!(r#"{{"domainInfos":[{{"name":"{}"}}]}}"#, "n".repeat(1_000_000));
    let (address, served) = answering(&[&http("200 OK", &body)]);
    let line = format!(
        "TIDEWHEEL_ENDPOINT_URL=http://{address} list-domains --registration-status REGISTERED"
    );
    let mut command = command(dir.path(), &line);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    drop(child.stdout.take());
    let output = bounded(|| child.wait_with_output().expect("the process ends"));
    assert_eq!(told(&output), (Some(0), String::new(), String::new()));
    served.join().expect("it answers");
}

/// Accepts connections with TLS, and answers one that is believed.
fn answering_securely() -> (String, String, thread::JoinHandle<()>) {
    let (config, authority) = fixture::server();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let served = thread::spawn(move || {
        loop {
            let (stream, _): (TcpStream, _) = listener.accept().expect("a connection");
            let Some(mut stream) = fixture::accept(config.clone(), stream) else { continue };
            if request(&mut stream).is_empty() {
                continue;
            }
            let answer = http("200 OK", r#"{"count":1}"#);
            stream.write_all(answer.as_bytes()).expect("it is sent");
            stream.flush().expect("it is sent");
            return;
        }
    });
    (format!("https://localhost:{port}"), authority, served)
}

#[test]
fn servers_are_believed_that_an_authority_vouches_for_or_all_if_that_is_asked_for() {
    let dir = scratch();
    let count = "count-pending-activity-tasks --domain d --task-list name=l";
    for option in ["--ca-bundle ca.pem", "--no-verify-ssl"] {
        let (url, authority, served) = answering_securely();
        fs::write(dir.path().join("ca.pem"), authority).expect("the scratch directory is ours");
        let line = format!("AWS_MAX_ATTEMPTS=1 TIDEWHEEL_ENDPOINT_URL={url} {count}");
        let (code, stdout, stderr) = swf(dir.path(), &line);
        assert_eq!((code, stdout.as_str()), (Some(255), ""), "nobody vouches for it");
        let start = format!("\naws: [ERROR]: SSL validation failed for {url}/ ");
        assert!(stderr.starts_with(&start) || stderr.contains("no authorities"), "{stderr}");
        assert_eq!(printed(dir.path(), &format!("{line} {option}")), "{\n    \"count\": 1\n}\n");
        bounded(|| served.join().expect("it answers"));
    }
}

#[test]
fn files_say_where_and_who() {
    let dir = scratch();
    let (address, served) = answering(&[&http("200 OK", "{}"), &http("200 OK", "{}")]);
    let config = format!(
        "[profile a]\nregion = eu-west-1\nservices = here\naws_access_key_id = KEYOFFILE\n\
         aws_secret_access_key = s\naws_session_token = t\n\
         [profile b]\nregion = eu-west-2\nendpoint_url = http://{address}\n\
         credential_process = sh -c \"cat keys.json\"\n\
         [services here]\nswf =\n  endpoint_url = http://{address}/prefix\n"
    );
    fs::create_dir(dir.path().join(".aws")).expect("the scratch directory is ours");
    fs::write(dir.path().join(".aws/config"), config).expect("it is ours");
    let keys = r#"{"Version":1,"AccessKeyId":"KEYOFCOMMAND","SecretAccessKey":"s"}"#;
    fs::write(dir.path().join("keys.json"), keys).expect("it is ours");
    let describe = "describe-domain --name x";
    assert_eq!(printed(dir.path(), &format!("AWS_PROFILE=a {describe}")), "");
    assert_eq!(printed(dir.path(), &format!("{describe} --profile b")), "");
    let requests = served.join().expect("it answers");
    let has = |index: usize, part: &str| {
        assert!(requests[index].contains(part), "{part}: {}", requests[index]);
    };
    has(0, "POST /prefix HTTP/1.1\r\n");
    has(0, "Credential=KEYOFFILE/");
    has(
        0,
        "/eu-west-1/swf/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target,",
    );
    has(0, "x-amz-security-token: t\r\n");
    has(1, "POST / HTTP/1.1\r\n");
    has(1, "Credential=KEYOFCOMMAND/");
    has(1, "/eu-west-2/swf/aws4_request");
}

#[test]
fn dates_are_those_of_the_readers_zone() {
    let dir = scratch();
    let body = r#"{"typeInfos":[{"activityType":{"name":"n","version":"1"},"status":"REGISTERED","creationDate":1786560427.599}]}"#;
    let list = "list-activity-types --domain d --registration-status REGISTERED --output text --query typeInfos[0].creationDate";
    for (zone, expected) in [
        ("UTC", "2026-08-12T18:47:07.599000+00:00\n"),
        ("EST5", "2026-08-12T13:47:07.599000-05:00\n"),
    ] {
        let (address, served) = answering(&[&http("200 OK", body)]);
        let line = format!("TZ={zone} TIDEWHEEL_ENDPOINT_URL=http://{address} {list}");
        assert_eq!(printed(dir.path(), &line), expected);
        served.join().expect("it answers");
    }
}

#[test]
fn the_version_is_told_wherever_it_is_asked_for() {
    let dir = scratch();
    let version = concat!("tidewheel/", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(printed(dir.path(), "--version"), version);
    assert_eq!(printed(dir.path(), "list-domains --version"), version);
}
