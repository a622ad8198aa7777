//! Tidewheel: a durable workflow server that speaks Amazon SWF on the wire.
//!
//! The binary puts the crates together: it reads settings, opens the store, starts the service
//! and the HTTP server, and ends them in order. It alone asks for the time and for randomness.

mod command;
mod demo;
mod logs;
mod process;
mod settings;
mod signals;
mod system;

use clap::Parser;
use command::{Command, Dev, Serve};
use process::{After, RunError};
use settings::{Defaults, Settings, SettingsError};
use std::path::Path;
use std::process::ExitCode;

/// Something failed that worked before, or is not ours to mend: a port, a disk, a directory.
const EXIT_FAILURE: u8 = 1;
/// The command line, the environment or the configuration file is wrong. The parser of the
/// command line uses the same.
const EXIT_USAGE: u8 = 2;

fn main() -> ExitCode {
    let outcome = match Command::parse() {
        Command::Serve(serve) => run_serve(serve),
        Command::Dev(dev) => run_dev(dev),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tidewheel: {error}");
            match error {
                Error::Settings(_) => EXIT_USAGE.into(),
                Error::ScratchDirectory(_) | Error::Run(_) => EXIT_FAILURE.into(),
            }
        }
    }
}

/// What ends the process early. Each text is one line that says what to do.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error("cannot make a temporary directory: {0}; name a directory with --data-dir")]
    ScratchDirectory(std::io::Error),
    #[error(transparent)]
    Run(#[from] RunError),
}

fn run_serve(serve: Serve) -> Result<(), Error> {
    let settings = read_settings(serve.flags, Defaults::SERVE)?;
    let data_dir = settings.data_dir.clone().ok_or(SettingsError::NoDataDirectory)?;
    logs::start(&settings);
    process::run(&settings, &data_dir, async |_| std::future::pending().await)?;
    Ok(())
}

fn run_dev(dev: Dev) -> Result<(), Error> {
    let settings = read_settings(dev.flags, Defaults::DEV)?;
    logs::start(&settings);
    let after = if dev.exit_after_demonstration { After::Stop } else { After::KeepServing };
    let demonstrate = |data_dir: &Path| {
        process::run(&settings, data_dir, async |address| {
            demo::run(address).await.map_err(RunError::Demonstration)?;
            if after == After::KeepServing {
                demo::say_how_to_end();
            }
            Ok(after)
        })
    };
    match &settings.data_dir {
        Some(data_dir) => demonstrate(data_dir)?,
        None => {
            let scratch = tempfile::Builder::new().prefix("tidewheel-dev-").tempdir();
            let scratch = scratch.map_err(Error::ScratchDirectory)?;
            demonstrate(scratch.path())?;
        }
    }
    Ok(())
}

fn read_settings(flags: command::Flags, defaults: Defaults) -> Result<Settings, SettingsError> {
    let read_file = |path: &Path| std::fs::read_to_string(path);
    Settings::read(flags.into(), std::env::vars_os(), read_file, defaults)
}
