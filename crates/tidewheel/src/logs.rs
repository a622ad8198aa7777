//! The log, on standard error. Standard output belongs to the answers of commands.

use crate::settings::{LogFormat, Settings};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Starts to log. Called once.
pub fn start(settings: &Settings) {
    let filter = EnvFilter::try_new(&settings.log_level).expect("settings check their filter");
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match settings.log_format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().init(),
    }
}
