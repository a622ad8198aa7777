//! The log, on standard error. Standard output belongs to the answers of commands.
//!
//! Lines are written at once, by whoever has something to say: a request is answered when its line
//! of the audit is out. Who reads standard error and stops to, without closing it, stops the server
//! therefore. The alternatives are a queue that loses lines when it is full, which no audit may, and
//! one that waits when it is full, which loses what is in it when the process dies, and stops the
//! server all the same. Where nobody can read any more, or there is no room, lines are lost, and
//! the server goes on.

use crate::settings::{LogFormat, Settings};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Starts to log. Called once.
pub fn start(settings: &Settings) {
    let filter = EnvFilter::try_new(&settings.log_level).expect("settings check their filter");
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // They would be printed where printing has just failed, and that panics.
        .log_internal_errors(false)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match settings.log_format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().init(),
    }
}
