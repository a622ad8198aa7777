//! Functions that a server calls over TLS, and what its histories say of them.

use super::*;
use serde_json::{Value, json};
use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::thread::JoinHandle;

/// Serves one call over TLS, and gives the port. Nothing is got if the client does not believe us.
fn serve(config: std::sync::Arc<tokio_rustls::rustls::ServerConfig>) -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let thread = thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        let Some(mut stream) = fixture::accept(config, stream) else { return String::new() };
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).expect("a head");
            head.push(byte[0]);
        }
        let mut input = [0; 2];
        stream.read_exact(&mut input).expect("a body");
        assert_eq!(&input, b"{}");
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n42";
        stream.write_all(answer).and_then(|()| stream.flush()).expect("a client");
        text(&head)
    });
    (port, thread)
}

fn put(dir: &Path, name: &str, text: &str) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, text).expect("the directory is ours");
    std::fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("it is ours");
    path
}

fn called(server: &Server, operation: &str, body: &Value) -> Value {
    let answer = answer(server.call(operation, &body.to_string()));
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{operation}: {answer}");
    let body = answer.split_once("\r\n\r\n").expect("a head and a body").1;
    if body.is_empty() { Value::Null } else { serde_json::from_str(body).expect("JSON") }
}

/// Schedules a function, and gives the event that ends its task.
fn end_of_a_function(server: &Server) -> Value {
    let domain = json!({"name": "d", "workflowExecutionRetentionPeriodInDays": "1"});
    called(server, "RegisterDomain", &domain);
    let workflow_type = json!({"name": "t", "version": "1"});
    called(server, "RegisterWorkflowType", &json!({"domain": "d", "name": "t", "version": "1"}));
    called(
        server,
        "StartWorkflowExecution",
        &json!({
            "domain": "d", "workflowId": "w", "workflowType": workflow_type, "childPolicy": "TERMINATE",
            "executionStartToCloseTimeout": "100", "taskStartToCloseTimeout": "100",
            "taskList": {"name": "l"}, "lambdaRole": "arn:aws:iam::000000000000:role/r",
        }),
    );
    let poll = json!({"domain": "d", "taskList": {"name": "l"}});
    let task = called(server, "PollForDecisionTask", &poll);
    called(
        server,
        "RespondDecisionTaskCompleted",
        &json!({"taskToken": task["taskToken"], "decisions": [{
            "decisionType": "ScheduleLambdaFunction",
            "scheduleLambdaFunctionDecisionAttributes": {"id": "f", "name": "hello"},
        }]}),
    );
    let task = called(server, "PollForDecisionTask", &poll);
    let events = task["events"].as_array().expect("a task, since the function has ended");
    let ended = |event: &&Value| {
        let name = event["eventType"].as_str().expect("a text");
        name.starts_with("LambdaFunction")
            && !matches!(name, "LambdaFunctionScheduled" | "LambdaFunctionStarted")
    };
    events.iter().find(ended).expect("an end").clone()
}

#[test]
fn a_function_is_called_over_tls_or_its_task_fails() {
    let (config, authority) = fixture::server();
    let (_, stranger) = fixture::server();
    for (authority, believed) in [(authority, true), (stranger, false)] {
        let dir = scratch();
        let (port, functions) = serve(config.clone());
        let text = "aws_access_key_id = AKID\naws_secret_access_key = canary\n";
        let mut command = tidewheel(&["serve", "--listen", "127.0.0.1:0", "--auth", "off"]);
        command
            .arg("--data-dir")
            .arg(dir.path().join("data"))
            .arg(format!("--lambda-endpoint=https://localhost:{port}"))
            .arg("--lambda-ca-bundle")
            .arg(put(dir.path(), "ca.pem", &authority))
            .arg("--lambda-credentials")
            .arg(put(dir.path(), "credentials", text))
            .stderr(Stdio::null());
        let server = Server::start_with(command);
        let event = end_of_a_function(&server);
        let head = bounded(move || functions.join().expect("the server is well"));
        if believed {
            assert_eq!(event["lambdaFunctionCompletedEventAttributes"]["result"], "42", "{event}");
            assert!(head.contains(" Credential=AKID/"), "{head}");
            assert!(head.contains("/us-east-1/lambda/aws4_request, "), "{head}");
        } else {
            let failed = &event["lambdaFunctionFailedEventAttributes"];
            assert_eq!(failed["reason"], "ServiceException", "{event}");
            let details = failed["details"].as_str().expect("a text");
            assert!(details.starts_with("no secure connection: "), "{details}");
            assert_eq!(head, "");
        }
    }
}
