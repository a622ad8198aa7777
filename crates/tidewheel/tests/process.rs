//! The binary as its users run it: what it prints, which signals it obeys, how it ends.

#[path = "process/auth.rs"]
mod auth;
#[path = "process/backup.rs"]
mod backup;
#[path = "process/edge.rs"]
mod edge;
#[path = "../src/connect/fixture.rs"]
mod fixture;
#[path = "process/functions.rs"]
mod functions;

#[path = "process/iam.rs"]
mod iam;
#[path = "process/manual.rs"]
mod manual;
#[path = "process/show.rs"]
mod show;
#[path = "process/swf.rs"]
mod swf;
#[path = "process/watch.rs"]
mod watch;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use store::embedded::{Embedded, Options};
use store::{Batch, Direction, ShardId, Store};

/// Longer than anything here takes; a test that waits this long has failed.
const WAIT_SECONDS_MAX: u64 = 60;

fn tidewheel(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidewheel"));
    command.args(arguments).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("TIDEWHEEL_") {
            command.env_remove(name);
        }
    }
    command
}

/// A server on a data directory; killed when the test is over, however it ends.
struct Server {
    child: Option<Child>,
    process_id: u32,
    address: String,
    /// Open for as long as it runs: `dev` ends with 1 when nobody reads what it says.
    stdout: Option<BufReader<ChildStdout>>,
}

impl Server {
    fn start(data_dir: &Path) -> Server {
        let mut command = tidewheel(&["serve", "--listen", "127.0.0.1:0", "--auth", "off"]);
        command.arg("--data-dir").arg(data_dir).stderr(Stdio::null());
        Server::start_with(command)
    }

    fn start_with(mut command: Command) -> Server {
        command.stdout(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let stdout = child.stdout.take().expect("standard output is a pipe");
        let process_id = child.id();
        let mut server =
            Server { process_id, child: Some(child), address: String::new(), stdout: None };
        let (line, stdout) = bounded(move || {
            let mut stdout = BufReader::new(stdout);
            let mut line = String::new();
            stdout.read_line(&mut line).expect("a line of text");
            (line, stdout)
        });
        server.stdout = Some(stdout);
        let address = line.strip_suffix('\n').and_then(|line| line.split_once("://"));
        let address = address.filter(|(start, _)| start.starts_with("listening on http"));
        server.address = address.expect(&line).1.to_owned();
        server
    }

    /// Sends a whole request and returns the connection, on which the answer will come.
    fn send(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).expect("connect");
        let limit = Duration::from_secs(WAIT_SECONDS_MAX);
        stream.set_read_timeout(Some(limit)).expect("a timeout");
        stream.write_all(request.as_bytes()).expect("send");
        stream
    }

    /// Calls the API of a server that takes any signature.
    fn call(&self, operation: &str, body: &str) -> TcpStream {
        let length = body.len();
        self.send(&format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\
             Content-Type: application/x-amz-json-1.0\r\nX-Amz-Date: 20150830T123600Z\r\n\
             X-Amz-Target: SimpleWorkflowService.{operation}\r\n\
             Authorization: AWS4-HMAC-SHA256 SignedHeaders=host, Signature=0f, \
             Credential=AKIDEXAMPLE/20150830/us-east-1/swf/aws4_request\r\n\r\n{body}"
        ))
    }

    fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.process_id);
        let status = Command::new("sh").args(["-c", &kill]).status().expect("a shell");
        assert!(status.success(), "{kill}");
    }

    fn is_running(&mut self) -> bool {
        let child = self.child.as_mut().expect("not waited for yet");
        child.try_wait().expect("a child can be asked").is_none()
    }

    fn wait(mut self) -> ExitStatus {
        let mut child = self.child.take().expect("waited for once");
        bounded(move || child.wait().expect("the process ends"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        } else if thread::panicking() {
            self.signal("KILL"); // It was waited for in vain.
        }
    }
}

/// Runs what blocks, but not for ever.
fn bounded<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(run()));
    receiver.recv_timeout(Duration::from_secs(WAIT_SECONDS_MAX)).expect("it takes far less")
}

fn answer(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("receive");
    text
}

fn run(mut command: Command) -> Output {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("the binary starts");
    bounded(|| child.wait_with_output().expect("the process ends"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().expect("a scratch directory")
}

#[test]
fn a_server_starts_answers_keeps_and_ends() {
    let dir = scratch();
    let domain = r#"{"name":"orders","workflowExecutionRetentionPeriodInDays":"7"}"#;
    let server = Server::start(dir.path());
    let ready = answer(server.send("GET /readyz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
    assert!(ready.starts_with("HTTP/1.1 200 OK\r\n") && ready.ends_with("ready\n"), "{ready}");
    let registered = answer(server.call("RegisterDomain", domain));
    assert!(registered.starts_with("HTTP/1.1 200 OK\r\n"), "{registered}");
    assert!(registered.contains("\r\ncontent-length: 0\r\n"), "{registered}");
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));

    let server = Server::start(dir.path());
    let again = answer(server.call("RegisterDomain", domain));
    assert!(again.contains("#DomainAlreadyExistsFault"), "{again}");
    server.signal("INT");
    assert_eq!(server.wait().code(), Some(0));
}

/// `serve` is a daemon, whose files are read again at a hangup; `dev` belongs to its terminal.
#[test]
fn a_hangup_ends_dev_and_not_serve() {
    let dir = scratch();
    let server = Server::start(dir.path());
    server.signal("HUP");
    let ready = answer(server.send("GET /readyz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
    assert!(ready.starts_with("HTTP/1.1 200 OK\r\n"), "{ready}");
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));

    let mut dev = tidewheel(&["dev", "--listen", "127.0.0.1:0"]);
    dev.env("TMPDIR", dir.path()).stderr(Stdio::null());
    let server = Server::start_with(dev);
    server.signal("HUP");
    assert_eq!(server.wait().code(), Some(0));
}

/// As under nohup.
#[test]
fn a_hangup_that_is_ignored_stays_ignored() {
    let dir = scratch();
    let mut command = Command::new("sh");
    let serve = "trap '' HUP; exec \"$0\" serve --listen 127.0.0.1:0 --data-dir \"$1\"";
    command.args(["-c", serve, env!("CARGO_BIN_EXE_tidewheel")]).arg(dir.path());
    command.stdin(Stdio::null()).stderr(Stdio::null());
    let server = Server::start_with(command);
    server.signal("HUP");
    let ready = answer(server.send("GET /readyz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
    assert!(ready.starts_with("HTTP/1.1 200 OK\r\n"), "{ready}");
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_directory_that_others_may_enter_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let dir = scratch();
    let data_dir = dir.path().join("data");
    std::fs::create_dir(&data_dir).expect("the scratch directory is ours");
    for (mode, is_warned) in [(0o750, true), (0o701, true), (0o700, false)] {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(&data_dir, permissions).expect("it is ours");
        let log_path = dir.path().join("log");
        let log = std::fs::File::create(&log_path).expect("the scratch directory is ours");
        // Given as a relative path, and shown as an absolute one.
        let mut command = tidewheel(&["serve", "--listen", "127.0.0.1:0", "--data-dir", "data"]);
        command.current_dir(dir.path()).stderr(log);
        let server = Server::start_with(command);
        server.signal("TERM");
        assert_eq!(server.wait().code(), Some(0));
        let log = std::fs::read_to_string(&log_path).expect("it was written");
        assert_eq!(log.contains("other users have access"), is_warned, "{mode:o}: {log}");
        let started = log.lines().find(|line| line.contains(" started ")).expect(&log);
        assert!(started.contains(&format!("data_dir={}", data_dir.display())), "{started}");
    }
}

#[test]
fn a_signal_answers_the_polls_that_wait() {
    let dir = scratch();
    let server = Server::start(dir.path());
    let domain = r#"{"name":"orders","workflowExecutionRetentionPeriodInDays":"7"}"#;
    answer(server.call("RegisterDomain", domain));
    let poll = r#"{"domain":"orders","taskList":{"name":"l"}}"#;
    let polls = ["PollForDecisionTask", "PollForActivityTask"].map(|o| server.call(o, poll));
    // A whole round trip on another connection: the polls have been taken by now, or will be
    // answered at once.
    answer(server.call("CountPendingDecisionTasks", poll));
    server.signal("TERM");
    let ended = server.wait();
    for poll in polls {
        let answer = answer(poll);
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    }
    assert_eq!(ended.code(), Some(0));
}

/// A request whose body the server waits for, and so does its end.
fn half_a_request(server: &Server) -> TcpStream {
    let mut stream = server.send(
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\
         Expect: 100-continue\r\n\r\n",
    );
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).expect("receive");
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n", "the server waits for the body");
    stream
}

/// Signals are sent until one is no repeat of the first, and ends it.
#[test]
fn a_second_signal_ends_it_at_once() {
    let dir = scratch();
    let mut server = Server::start(dir.path());
    let _waits_for_its_body = half_a_request(&server);
    let begin = Instant::now();
    server.signal("TERM");
    while server.is_running() {
        assert!(begin.elapsed().as_secs() < WAIT_SECONDS_MAX, "it does not end");
        server.signal("INT");
    }
    assert_eq!(server.wait().code(), Some(1));
    assert!(begin.elapsed() >= Duration::from_millis(500), "signals in the beginning are repeats");
}

/// As from `timeout`, which signals its child and the group that the child is in.
#[test]
fn a_signal_that_comes_twice_is_one() {
    let dir = scratch();
    let server = Server::start(dir.path());
    let mut stream = half_a_request(&server);
    let both = format!("kill -TERM {0} && kill -INT {0}", server.process_id);
    let status = Command::new("sh").args(["-c", &both]).status().expect("a shell");
    assert!(status.success(), "{both}");
    stream.write_all(b"{   }").expect("the request under way may finish");
    assert!(answer(stream).starts_with("HTTP/1.1 "), "it is answered");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_directory_has_one_server() {
    let dir = scratch();
    let server = Server::start(dir.path());
    let mut second = tidewheel(&["serve", "--listen", "127.0.0.1:0", "--data-dir"]);
    second.arg(dir.path());
    let output = run(second);
    assert_eq!(output.status.code(), Some(1));
    let holder = format!("is in use by process {}", server.process_id);
    let last = text(&output.stderr);
    assert!(last.lines().last().is_some_and(|line| line.ends_with(&holder)), "{last}");
}

#[test]
fn the_demonstration_succeeds_and_leaves_nothing() {
    let dir = scratch();
    let mut dev = tidewheel(&["dev", "--listen", "127.0.0.1:0", "--exit-after-demonstration"]);
    dev.env("TMPDIR", dir.path());
    let output = run(dev);
    let story = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{story}\n{}", text(&output.stderr));
    for step in ["heartbeat of gift-wrap", "sends customer-confirmed", "WorkflowExecutionCompleted"]
    {
        assert!(story.contains(step), "{step}: {story}");
    }
    let place = format!("The data is in {}/tidewheel-dev-", dir.path().display());
    let line = story.lines().nth(1).expect(&story);
    assert!(
        line.starts_with(&place) && line.ends_with("is deleted when the server ends."),
        "{line}"
    );
    let left = std::fs::read_dir(dir.path()).expect("the scratch directory").count();
    assert_eq!(left, 0, "the temporary data directory is removed");
}

/// As in `tidewheel dev | head -1`, with standard error there or not.
#[test]
fn the_demonstration_ends_when_nobody_reads_it() {
    for is_stderr_read in [true, false] {
        let dir = scratch();
        let mut dev = tidewheel(&["dev", "--listen", "127.0.0.1:0"]);
        dev.env("TMPDIR", dir.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = dev.spawn().expect("the binary starts");
        drop(child.stdout.take());
        if !is_stderr_read {
            drop(child.stderr.take());
        }
        let output = bounded(|| child.wait_with_output().expect("the process ends"));
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        if is_stderr_read {
            let why = text(&output.stderr);
            assert!(why.contains("cannot write to standard output: "), "{why}");
            assert_eq!(why.lines().count(), 1, "{why}");
        }
        let left = std::fs::read_dir(dir.path()).expect("the scratch directory").count();
        assert_eq!(left, 0, "the temporary data directory is removed");
    }
}

#[test]
fn the_demonstration_ends_when_its_reader_goes_in_the_middle() {
    let dir = scratch();
    let mut dev = tidewheel(&["dev", "--listen", "127.0.0.1:0"]);
    dev.env("TMPDIR", dir.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = dev.spawn().expect("the binary starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let order = bounded(move || {
        lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("orders one lamp")))
    });
    assert!(order.is_some(), "an order is made");
    let output = bounded(|| child.wait_with_output().expect("the process ends"));
    let why = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{why}");
    assert!(why.starts_with("tidewheel: the demonstration failed: cannot write to "), "{why}");
    assert_eq!(std::fs::read_dir(dir.path()).expect("the scratch directory").count(), 0);
}

#[test]
fn the_demonstration_can_be_repeated_on_a_directory() {
    let dir = scratch();
    for known in [false, true] {
        let mut dev = tidewheel(&["dev", "--listen", "127.0.0.1:0", "--exit-after-demonstration"]);
        dev.arg("--data-dir").arg(dir.path());
        let output = run(dev);
        let story = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{story}\n{}", text(&output.stderr));
        assert_eq!(story.contains("known already"), known, "{story}");
    }
}

/// Its client waits and tries again, as the AWS SDKs do.
#[test]
fn the_demonstration_succeeds_under_throttles() {
    const TIGHT: [&str; 9] = [
        "RegisterDomain",
        "RegisterWorkflowType",
        "RegisterActivityType",
        "StartWorkflowExecution",
        "PollForDecisionTask",
        "PollForActivityTask",
        "RespondDecisionTaskCompleted",
        "RespondActivityTaskCompleted",
        "GetWorkflowExecutionHistory",
    ];
    let dir = scratch();
    let limits = dir.path().join("limits.toml");
    let rate = |operation| format!("{operation} = {{ bucket = 1, refill_per_second = 4 }}\n");
    let rates = TIGHT.map(rate).concat();
    std::fs::write(&limits, format!("[requests]\n{rates}")).expect("the directory is ours");
    let mut dev = tidewheel(&["dev", "--listen", "127.0.0.1:0", "--exit-after-demonstration"]);
    dev.args(["--log-level", "server=debug", "--limits"]).arg(&limits).env("TMPDIR", dir.path());
    let output = run(dev);
    let (story, log) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{story}\n{log}");
    assert!(story.contains("WorkflowExecutionCompleted"), "{story}");
    assert!(log.contains("status=400"), "nothing was throttled: {log}");
}

#[test]
fn what_is_wrong_is_said_in_one_line() {
    for (arguments, line) in [
        (
            vec!["serve"],
            "no data directory: name one with --data-dir, TIDEWHEEL_DATA_DIR or data_dir",
        ),
        (
            vec!["dev", "--poll-hold-seconds", "61"],
            "--poll-hold-seconds: must be a whole number from 1 to 60, not '61'",
        ),
        (
            vec!["dev", "--log-level", "warning"],
            "--log-level: must be off, error, warn, info, debug, trace, or directives such as \
             info,server=debug, not 'warning'",
        ),
        (
            vec!["dev", "--limits", "/nowhere/limits.toml"],
            "cannot read the file of limits /nowhere/limits.toml: No such file or directory \
             (os error 2); there are also 'default' and 'aws'",
        ),
        (
            vec!["dev", "--lambda-endpoint", "lambda.example"],
            "--lambda-endpoint: must be a URL such as http://127.0.0.1:9001, not 'lambda.example'",
        ),
        (
            vec!["dev", "--lambda-credentials", "c"],
            "--lambda-credentials is of no use without lambda_endpoint: name one, too",
        ),
        (
            vec!["dev", "--tls-cert", "c", "--tls-key", "k"],
            "dev speaks no TLS: leave tls_cert, tls_key and tls_client_ca out, or use serve",
        ),
        (
            vec!["dev", "--auth", "sigv4"],
            "dev takes any access key, since its demonstration has none: leave auth out, or use \
             serve",
        ),
    ] {
        let output = run(tidewheel(&arguments));
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(text(&output.stderr), format!("tidewheel: {line}\n"));
        assert_eq!(text(&output.stdout), "");
    }
}

#[test]
fn help_is_a_command_too() {
    let output = run(tidewheel(&["help", "serve"]));
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("--data-dir <DIRECTORY>"), "{}", text(&output.stdout));
}

fn check(data_dir: &Path, more: &[&str]) -> Output {
    let mut command = tidewheel(&["check", "--data-dir"]);
    command.arg(data_dir).args(more);
    run(command)
}

/// Deletes the row of a wake-up.
fn lose_a_wake_up(data_dir: &Path) {
    const WAKE: u8 = 4;
    let store = Embedded::open(data_dir, Options::default()).expect("no server uses it");
    for shard in (0..64).map(ShardId) {
        let rows = store.scan(shard, &[WAKE]..&[WAKE + 1], Direction::Ascending, 1);
        let Some((key, _)) = rows.expect("the store can be read").pop() else { continue };
        let epoch = store.claim(shard, "test").expect("the store works");
        let mut batch = Batch::default();
        batch.delete(key);
        store.commit(shard, epoch, batch).expect("the store works");
        return;
    }
    panic!("no wake-up is stored");
}

#[test]
fn a_check_says_what_does_not_agree_and_repairs_it() {
    let dir = scratch();
    let server = Server::start(dir.path());
    let domain = r#"{"name":"orders","workflowExecutionRetentionPeriodInDays":"7"}"#;
    answer(server.call("RegisterDomain", domain));
    let type_ = r#"{"domain":"orders","name":"w","version":"1","defaultTaskList":{"name":"l"},
        "defaultChildPolicy":"TERMINATE","defaultTaskStartToCloseTimeout":"10",
        "defaultExecutionStartToCloseTimeout":"1000"}"#;
    answer(server.call("RegisterWorkflowType", type_));
    let start = r#"{"domain":"orders","workflowId":"1","workflowType":{"name":"w","version":"1"}}"#;
    let started = answer(server.call("StartWorkflowExecution", start));
    assert!(started.contains("runId"), "{started}");

    let in_use = check(dir.path(), &["--repair"]);
    let in_use_by = format!("is in use by process {}", server.process_id);
    assert!(text(&in_use.stderr).contains(&in_use_by), "{}", text(&in_use.stderr));
    assert_eq!((in_use.status.code(), text(&in_use.stdout)), (Some(1), String::new()));

    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    for more in [&[][..], &["--repair"]] {
        let checked = check(dir.path(), more);
        let says = text(&checked.stdout);
        assert_eq!((checked.status.code(), text(&checked.stderr)), (Some(0), String::new()));
        // Those with rows: that of the execution, and the registry's.
        assert!(says.starts_with("checked 2 shards, 1 runs, 2 events, "), "{says}");
        assert!(says.ends_with(" rows: all agree\n"), "{says}");
    }

    lose_a_wake_up(dir.path());
    let wrong = "wake-up row: it is missing; it should hold ";
    for (more, code, repaired, end) in [
        (&[][..], 1, false, ": 1 finding\n"),
        (&["--repair"], 0, true, ": 1 finding, 1 repaired, 0 left\n"),
        (&[], 0, false, ": all agree\n"),
    ] {
        let checked = check(dir.path(), more);
        let says = text(&checked.stdout);
        assert_eq!((checked.status.code(), text(&checked.stderr)), (Some(code), String::new()));
        assert!(says.ends_with(end), "{says}");
        assert_eq!(says.contains(wrong), end != ": all agree\n", "{says}");
        assert_eq!(says.contains(" (repaired)\n"), repaired, "{says}");
    }
}

#[test]
fn a_check_makes_no_data_directory() {
    let dir = scratch();
    let data_dir = dir.path().join("data");
    for _absent_then_empty in 0..2 {
        let checked = check(&data_dir, &["--repair"]);
        let line = format!(
            "tidewheel: {} holds no data: it has no file VERSION; name a data directory\n",
            data_dir.display()
        );
        assert_eq!((checked.status.code(), text(&checked.stderr)), (Some(2), line));
        if data_dir.exists() {
            assert_eq!(std::fs::read_dir(&data_dir).expect("it is ours").count(), 0);
        } else {
            std::fs::create_dir(&data_dir).expect("the scratch directory is ours");
        }
    }
}

/// As the server does: from flags, else from the environment, else from the configuration file.
#[test]
fn a_check_finds_its_data_directory_where_the_server_does() {
    let dir = scratch();
    let (data, other) = (dir.path().join("data"), dir.path().join("other"));
    let server = Server::start(&data);
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    let config = dir.path().join("tidewheel.toml");
    let write = |text: &str| std::fs::write(&config, text).expect("the directory is ours");
    let check = |flag: Option<&Path>, variables: &[(&str, &Path)]| {
        let mut command = tidewheel(&["check"]);
        if let Some(path) = flag {
            command.arg("--data-dir").arg(path);
        }
        command.envs(variables.iter().copied());
        let output = run(command);
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    };
    let agrees = |(code, says): (Option<i32>, String)| {
        assert!(code == Some(0) && says.ends_with(": all agree\n"), "{code:?}: {says}");
    };
    let (config_is, data_dir_is) = ("TIDEWHEEL_CONFIG", "TIDEWHEEL_DATA_DIR");

    agrees(check(None, &[(data_dir_is, &data)]));
    agrees(check(Some(&data), &[(data_dir_is, &other)]));
    write(&format!("data_dir = '{}'\nlisten = '127.0.0.1:1'", data.display()));
    agrees(check(None, &[(config_is, &config)]));
    let mut named = tidewheel(&["check", "--config"]);
    named.arg(&config);
    assert_eq!(run(named).status.code(), Some(0));
    write(&format!("data_dir = '{}'", other.display()));
    agrees(check(None, &[(config_is, &config), (data_dir_is, &data)]));

    let none = "no data directory: name one with --data-dir, TIDEWHEEL_DATA_DIR or data_dir";
    let misspelt = "TIDEWHEEL_DATADIR is no setting; did you mean TIDEWHEEL_DATA_DIR?";
    let wrong = |line: &str| (Some(2), format!("tidewheel: {line}\n"));
    assert_eq!(check(None, &[]), wrong(none));
    assert_eq!(check(Some(&data), &[("TIDEWHEEL_DATADIR", &data)]), wrong(misspelt));
    assert_eq!(
        check(Some(Path::new("")), &[(data_dir_is, &data)]),
        wrong("--data-dir: must be a directory, not ''")
    );
}

#[test]
fn a_directory_that_has_lost_its_data_is_neither_served_nor_checked() {
    let dir = scratch();
    let server = Server::start(dir.path());
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    std::fs::remove_dir_all(dir.path().join("data")).expect("it is there");
    let line = format!(
        "tidewheel: {} has lost its data: data/ is missing; restore a backup, or remove the \
         directory to begin anew\n",
        dir.path().display()
    );
    let mut serve = tidewheel(&["serve", "--listen", "127.0.0.1:0", "--data-dir"]);
    serve.arg(dir.path());
    for output in [check(dir.path(), &[]), check(dir.path(), &["--repair"]), run(serve)] {
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(1), line.clone()));
        assert!(!dir.path().join("data").exists(), "a store was made");
    }
}

#[test]
fn a_check_of_damaged_bytes_names_the_directory_and_the_way_back() {
    let dir = scratch();
    let server = Server::start(dir.path());
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    let journal = dir.path().join("data").join("0.jnl");
    let mut bytes = std::fs::read(&journal).expect("it is there");
    let claim = b"process ";
    let damaged = bytes.windows(claim.len()).position(|some| some == claim).expect("claims");
    bytes[damaged] ^= 1;
    std::fs::write(&journal, bytes).expect("writable");
    let checked = check(dir.path(), &[]);
    let (says, data) = (text(&checked.stderr), dir.path().join("data"));
    assert!(
        says.starts_with(&format!("tidewheel: what is stored in {} is damaged (", data.display()))
    );
    assert!(says.ends_with("can look behind that: restore a backup\n"), "{says}");
    assert_eq!((checked.status.code(), text(&checked.stdout)), (Some(1), String::new()));
}

#[test]
fn a_configuration_is_shown_and_checked() {
    let scratch = tempfile::tempdir().expect("a directory");
    let data_dir = scratch.path().join("data");
    let data_dir = data_dir.to_str().expect("a path of text");
    let run = |arguments: &[&str]| {
        let output = tidewheel(arguments).output().expect("the binary starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, shown, complaint) = run(&["config", "show", "--origin", "--data-dir", data_dir]);
    assert_eq!((code, complaint.as_str()), (Some(0), ""));
    assert!(shown.starts_with(&format!("data_dir = \"{data_dir}\"  # --data-dir\n")), "{shown}");
    let right = run(&["config", "check", "--data-dir", data_dir]);
    assert_eq!(right, (Some(0), "A server could run with these settings.\n".into(), String::new()));
    let missing = scratch.path().join("missing");
    let missing = missing.to_str().expect("a path of text");
    let (code, output, complaint) = run(&[
        "config",
        "check",
        "--data-dir",
        data_dir,
        "--tls-cert",
        missing,
        "--tls-key",
        missing,
        "--master-key-file",
        missing,
    ]);
    assert_eq!((code, output.as_str()), (Some(2), ""));
    assert_eq!(complaint.lines().count(), 3, "a certificate, a master key, the sum: {complaint}");
    assert!(!Path::new(data_dir).exists(), "nothing is written");
}
