//! `tidewheel show` against a server.

use super::{Server, answer, run, scratch, text, tidewheel};
use std::process::Command;

fn show(server: &Server, home: &std::path::Path, words: &[&str]) -> Command {
    let mut command = tidewheel(&["show"]);
    command.args(words).env("TIDEWHEEL_ENDPOINT_URL", format!("http://{}", server.address));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command.env("HOME", home);
    command
}

#[test]
fn an_execution_is_shown_while_it_is_open_and_when_it_is_closed() {
    let dir = scratch();
    let server = Server::start(&dir.path().join("d"));
    let call = |operation: &str, body: &str| {
        let answer = answer(server.call(operation, body));
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    };
    call("RegisterDomain", r#"{"name":"d","workflowExecutionRetentionPeriodInDays":"7"}"#);
    call("RegisterWorkflowType", r#"{"domain":"d","name":"w","version":"1"}"#);
    let start = r#"{"domain":"d","workflowId":"i","workflowType":{"name":"w","version":"1"},
        "taskList":{"name":"l"},"childPolicy":"TERMINATE","input":"in",
        "executionStartToCloseTimeout":"100","taskStartToCloseTimeout":"10"}"#;
    call("StartWorkflowExecution", start);
    let output = run(show(&server, dir.path(), &["d", "i"]));
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("this is of the open run, "));
    assert!(shown.contains("#2 decision task waits for a poller of list l for "), "{shown}");
    assert!(shown.contains("START_TO_CLOSE times out in 1m"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "no colours in a pipe");

    let following = show(&server, dir.path(), &["d", "i", "--follow", "--json"]);
    let following = std::thread::spawn(|| run(following));
    call("TerminateWorkflowExecution", r#"{"domain":"d","workflowId":"i","reason":"over"}"#);
    let output = following.join().expect("it ends with the execution");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(
        text(&output.stdout).contains("TERMINATED")
            || text(&output.stdout).contains("WorkflowExecutionTerminated")
    );

    let output = run(show(&server, dir.path(), &["d", "i"]));
    let shown = text(&output.stdout);
    assert!(text(&output.stderr).contains("this is of the newest closed run, "));
    assert!(shown.contains("TERMINATED after ") && shown.contains("reason: over"), "{shown}");
    let output = run(show(&server, dir.path(), &["d", "other"]));
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("no execution \"other\" is known"));
}
