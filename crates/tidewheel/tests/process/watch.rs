//! `tidewheel tail` and `tidewheel top` against a server.

use super::{Server, answer, bounded, run, scratch, text, tidewheel};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::thread;

fn command(name: &str, address: &str, home: &Path, words: &[&str]) -> Command {
    let mut command = tidewheel(&[name]);
    command.args(words).env("TIDEWHEEL_ENDPOINT_URL", format!("http://{address}"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command.env("HOME", home);
    command
}

fn call(server: &Server, operation: &str, body: &str) {
    let answer = answer(server.call(operation, body));
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

fn start(server: &Server, workflow_id: &str, name: &str) {
    let body = format!(
        r#"{{"domain":"d","workflowId":"{workflow_id}","workflowType":{{"name":"{name}","version":"1"}},
        "taskList":{{"name":"l"}},"childPolicy":"TERMINATE",
        "executionStartToCloseTimeout":"100","taskStartToCloseTimeout":"10"}}"#
    );
    call(server, "StartWorkflowExecution", &body);
}

fn register(server: &Server) {
    call(server, "RegisterDomain", r#"{"name":"d","workflowExecutionRetentionPeriodInDays":"7"}"#);
    for name in ["w", "other"] {
        let body = format!(r#"{{"domain":"d","name":"{name}","version":"1"}}"#);
        call(server, "RegisterWorkflowType", &body);
    }
}

/// A running `tail`, killed when the test is over.
struct Tail {
    child: Child,
    lines: Option<BufReader<ChildStdout>>,
    complaints: Option<BufReader<ChildStderr>>,
}

impl Tail {
    fn start(address: &str, home: &Path, words: &[&str]) -> Tail {
        let mut command = command("tail", address, home, words);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let lines = child.stdout.take().map(BufReader::new);
        let complaints = child.stderr.take().map(BufReader::new);
        let mut tail = Tail { child, lines, complaints };
        let watching = tail.complaint();
        let is_said = watching.starts_with("tidewheel: watching ")
            && watching.contains("domain d")
            && watching.ends_with("; times are UTC");
        assert!(is_said, "{watching}");
        tail
    }

    /// The next line that is shown.
    fn line(&mut self) -> String {
        let (line, stream) = next(self.lines.take().expect("one reads at a time"));
        self.lines = Some(stream);
        line
    }

    /// The next line that is said on standard error.
    fn complaint(&mut self) -> String {
        let (line, stream) = next(self.complaints.take().expect("one reads at a time"));
        self.complaints = Some(stream);
        line
    }

    /// Ends it as Ctrl-C does, and gives the exit code and what was still shown.
    fn interrupt(mut self) -> (Option<i32>, String) {
        let kill = format!("kill -INT {}", self.child.id());
        let status = Command::new("sh").args(["-c", &kill]).status().expect("a shell");
        assert!(status.success(), "{kill}");
        let mut lines = self.lines.take().expect("nobody reads");
        let rest = bounded(move || {
            let mut rest = String::new();
            lines.read_to_string(&mut rest).expect("text");
            rest
        });
        (self.child.wait().expect("it ends").code(), rest)
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn next<S: Read + Send + 'static>(mut stream: BufReader<S>) -> (String, BufReader<S>) {
    bounded(move || {
        let mut line = String::new();
        stream.read_line(&mut line).expect("a line of text");
        (line.trim_end_matches('\n').to_owned(), stream)
    })
}

/// What a line says behind the time.
fn said(line: &str) -> &str {
    line.split_once("Z ").expect(line).1
}

#[test]
fn events_are_shown_as_they_happen_whatever_becomes_of_the_server() {
    let dir = scratch();
    let data = dir.path().join("d");
    let mut server = Server::start(&data);
    register(&server);
    let address = server.address.clone();
    start(&server, "before", "w");
    let mut tail = Tail::start(&address, dir.path(), &["d"]);
    start(&server, "v", "w");
    assert_eq!(said(&tail.line()), "v     1 WorkflowExecutionStarted workflowType=w");
    assert_eq!(said(&tail.line()), "v     2 DecisionTaskScheduled");
    call(&server, "SignalWorkflowExecution", r#"{"domain":"d","workflowId":"v","signalName":"s"}"#);
    assert_eq!(said(&tail.line()), "v     3 WorkflowExecutionSignaled signalName=s");

    server.signal("KILL");
    let _ = server.wait();
    let waiting = tail.complaint();
    assert!(waiting.ends_with("; waiting for the server"), "{waiting}");
    let mut again = tidewheel(&["serve", "--listen", &address, "--auth", "off", "--data-dir"]);
    again.arg(&data).stderr(Stdio::null());
    server = Server::start_with(again);
    assert_eq!(tail.complaint(), "tidewheel: the server answers again");
    assert_eq!(tail.complaint(), "tidewheel: events may have been missed here");
    call(&server, "TerminateWorkflowExecution", r#"{"domain":"d","workflowId":"v"}"#);
    assert_eq!(said(&tail.line()), "v     4 WorkflowExecutionTerminated cause=OPERATOR_INITIATED");
    let (code, rest) = tail.interrupt();
    assert_eq!((code, rest.as_str()), (Some(130), ""), "not even an empty line is in the pipe");
}

#[test]
fn only_what_is_asked_for_is_shown() {
    let dir = scratch();
    let server = Server::start(&dir.path().join("d"));
    register(&server);
    start(&server, "v", "w");
    let of = |words: &[&str]| Tail::start(&server.address, dir.path(), words);
    let mut of_type = of(&["d", "--type", "other"]);
    let mut of_id = of(&["d", "--workflow-id", "v", "--json"]);
    let mut since_start = of(&["d", "--workflow-id", "v", "--since-start"]);
    for number in [1, 2] {
        assert!(said(&since_start.line()).starts_with(&format!("v     {number} ")));
    }
    start(&server, "w", "other");
    call(&server, "SignalWorkflowExecution", r#"{"domain":"d","workflowId":"v","signalName":"s"}"#);
    assert_eq!(said(&of_type.line()), "w     1 WorkflowExecutionStarted workflowType=other");
    let told: serde_json::Value = serde_json::from_str(&of_id.line()).expect("JSON");
    assert_eq!(told["workflowId"], "v");
    assert_eq!(told["workflowType"]["name"], "w");
    assert_eq!(told["event"]["eventType"], "WorkflowExecutionSignaled");
    assert_eq!(said(&since_start.line()), "v     3 WorkflowExecutionSignaled signalName=s");
    let output = run(command("tail", &server.address, dir.path(), &["elsewhere"]));
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("UnknownResourceFault"), "{}", text(&output.stderr));
    let output = run(command("tail", &server.address, dir.path(), &["d", "--run-id", "r"]));
    assert_eq!(output.status.code(), Some(2));
}

/// A server that has no operation of ours; it answers whoever connects.
fn without_ours() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("it is bound").to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.expect("a connection"));
            let mut length = 0;
            let mut line = String::new();
            while stream.read_line(&mut line).expect("a header") > 2 {
                let header = line.to_ascii_lowercase();
                if let Some(value) = header.strip_prefix("content-length:") {
                    length = value.trim().parse().expect("a length");
                }
                line.clear();
            }
            stream.read_exact(&mut vec![0; length]).expect("a body");
            let body = r#"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#;
            let head = format!("HTTP/1.1 400 Bad Request\r\nContent-Length: {}\r\n", body.len());
            let answer = format!("{head}Connection: close\r\n\r\n{body}");
            stream.get_mut().write_all(answer.as_bytes()).expect("it is read");
        }
    });
    address
}

#[test]
fn a_server_that_does_not_tell_is_said_to_be_one() {
    let dir = scratch();
    let address = without_ours();
    for (name, words, expected) in [
        ("tail", &["d"][..], "this server does not tell of events"),
        ("top", &[], "this server cannot say what goes on"),
    ] {
        let output = run(command(name, &address, dir.path(), words));
        assert_eq!(output.status.code(), Some(1), "{name}");
        let said = text(&output.stderr);
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn what_goes_on_is_shown_once_where_there_is_no_terminal() {
    let dir = scratch();
    let server = Server::start(&dir.path().join("d"));
    register(&server);
    start(&server, "v", "w");
    let poll = r#"{"domain":"d","taskList":{"name":"workers"},"identity":"i-1"}"#;
    let polling = server.call("PollForActivityTask", poll);
    // The poll is on its way.
    let json = loop {
        let output = run(command("top", &server.address, dir.path(), &["--json"]));
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let json: serde_json::Value = serde_json::from_str(&text(&output.stdout)).expect("JSON");
        if json["taskLists"].as_array().expect("lists").len() == 2 {
            break json;
        }
    };
    assert_eq!(json["domains"][0]["openExecutions"], 1);
    assert_eq!(json["domains"][0]["started"]["lastMinute"], 1);
    assert_eq!(json["taskLists"][0]["backlog"]["count"], 1);
    assert_eq!(json["taskLists"][1]["pollers"][0]["identity"], "i-1");
    assert_eq!(json["taskLists"][1]["pollers"][0]["address"], "127.0.0.1");
    let output = run(command("top", &server.address, dir.path(), &["d", "--once"]));
    let shown = text(&output.stdout);
    assert!(!shown.contains('\u{1b}'), "no colours in a pipe");
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[1].starts_with("It has just begun to look"), "{shown}");
    assert!(lines[4].starts_with("DOMAIN  OPEN  BACKLOG  OLDEST  START"), "{shown}");
    assert!(lines[5].starts_with("d          1        1"), "{shown}");
    assert!(lines[7].starts_with("   TASK LIST  KIND      BACKLOG"), "{shown}");
    // Nobody polls it, but the server has looked for a moment only.
    assert!(lines[8].starts_with("   l          decision        1"), "{shown}");
    assert!(lines[9].ends_with(" i-1@127.0.0.1"), "{shown}");
    drop(polling);
    let output = run(command("top", &server.address, dir.path(), &["elsewhere"]));
    assert_eq!(output.status.code(), Some(1));
}
