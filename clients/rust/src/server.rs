//! The server as a process: one on a scratch directory for each test, which ends with it.
//!
//! Knows the command line and the first line of output; knows nothing of SWF.

use crate::domain::SECRET;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Longer than a poll, so that one which waits in vain is told as what it is.
const TEST_MAX: Duration = Duration::from_secs(120);
const STOP_MAX: Duration = Duration::from_secs(10);
const LOG_CHARACTERS_MAX: usize = 4000;
/// Who there is: the administrator, whose secret comes by the environment.
const IDENTITIES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../identities.toml");

/// A running server. If a test panics while it has one, the log is told; it is killed when it goes out of use.
struct Server {
    process: Child,
    scratch: TempDir,
}

/// Runs `body` with the URL of a server of its own, started with `flags`. It verifies signatures.
///
/// A server that ends too early and a body that does not end fail the test.
///
/// # Panics
///
/// When the test fails.
pub async fn with_server(flags: &[&str], body: impl AsyncFnOnce(String)) {
    let mut server = Server::spawn(flags);
    let stdout = server.process.stdout.take().expect("standard output is piped");
    let mut lines = BufReader::new(stdout).lines();
    let test = async {
        let first = lines.next_line().await.expect("the output is text");
        let url = first.as_deref().and_then(|line| line.strip_prefix("listening on "));
        body(url.unwrap_or_else(|| panic!("the server's first line is: {first:?}")).to_owned())
            .await;
    };
    let ended = timeout(TEST_MAX, async {
        tokio::select! {
            () = test => None,
            status = server.process.wait() => Some(status),
        }
    });
    match ended.await {
        Ok(None) => server.stop().await,
        Ok(Some(status)) => panic!("the server ended by itself: {status:?}"),
        Err(_) => panic!("the test took more than {TEST_MAX:?}"),
    }
}

impl Server {
    fn spawn(flags: &[&str]) -> Self {
        let scratch = tempfile::Builder::new().prefix("tidewheel-rust-").tempdir();
        let scratch = scratch.expect("a scratch directory");
        let log = File::create(log(&scratch)).expect("a log file");
        let binary =
            std::env::var_os("TIDEWHEEL_BIN").expect("TIDEWHEEL_BIN must name the server's binary");
        let mut command = Command::new(binary);
        command.arg("serve").arg("--data-dir").arg(scratch.path().join("data"));
        command.args(["--listen", "127.0.0.1:0", "--auth", "sigv4", "--identities", IDENTITIES]);
        command.args(flags);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TIDEWHEEL_") {
                command.env_remove(name); // A test's flags say all.
            }
        }
        command.env("ADMINISTRATOR_SECRET", SECRET);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).kill_on_drop(true);
        let process = command.spawn().expect("the server can be started");
        Self { process, scratch }
    }

    /// SIGTERM, which must end the server in order.
    async fn stop(mut self) {
        let id = self.process.id().and_then(|id| i32::try_from(id).ok());
        let id = id.and_then(rustix::process::Pid::from_raw).expect("the server runs");
        rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("it is ours");
        let status = timeout(STOP_MAX, self.process.wait()).await;
        let status =
            status.unwrap_or_else(|_| panic!("the server did not end within {STOP_MAX:?}"));
        assert!(
            status.expect("it can be waited for").success(),
            "SIGTERM ends the server with exit code 0"
        );
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let text =
                fs::read_to_string(log(&self.scratch)).unwrap_or_else(|error| error.to_string());
            let skipped = text.chars().count().saturating_sub(LOG_CHARACTERS_MAX);
            eprintln!("The server's log:\n{}", text.chars().skip(skipped).collect::<String>());
        }
    }
}

fn log(scratch: &TempDir) -> PathBuf {
    scratch.path().join("server.log")
}
