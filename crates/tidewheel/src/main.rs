//! Tidewheel: a durable workflow server that speaks Amazon SWF on the wire.
//!
//! The binary puts the crates together: it reads settings, opens the store, starts the service
//! and the HTTP server, and ends them in order. It alone asks for the time and for randomness.

mod backup;
mod batch;
mod check;
mod command;
mod config;
mod connect;
mod demo;
mod executions;
mod explain;
mod iam;
mod identities;
mod interrupt;
mod lambda;
mod logs;
mod manual;
mod master_key;
mod process;
mod secret_file;
mod settings;
mod show;
mod signals;
mod stamp;
mod swf;
mod system;
mod tail;
mod tls;
mod top;
mod transfer;
mod upkeep;

use clap::Parser;
use command::{Check, Command, Config, Dev, Serve};
use process::{After, RunError};
use server::AllowedHosts;
use settings::{Auth, Defaults, Given, Settings, SettingsError, Sources};
use signals::OnHangup;
use std::fmt::Display;
use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::signal::unix::SignalKind;

/// Something failed that worked before, or is not ours to mend: a port, a disk, a directory. Or a
/// check has found something.
const EXIT_FAILURE: u8 = 1;
/// The command line, the environment, the configuration file or a file that they name is wrong. The
/// parser of the command line uses the same.
const EXIT_USAGE: u8 = 2;

fn main() -> ExitCode {
    let outcome = match Command::parse() {
        Command::Serve(serve) => run_serve(serve).map(|()| true),
        Command::Dev(dev) => run_dev(dev).map(|()| true),
        Command::Check(check) => run_check(&check),
        Command::Config(Config::Show { flags, origin }) => show_config(flags.into(), origin),
        Command::Config(Config::Check { flags }) => check_config(flags.into()),
        Command::Iam(words) => return iam::run(&words.words),
        Command::Swf(words) => return swf::run(&words.words),
        Command::Completion(completion) => {
            manual::complete(&completion).map(|()| true).map_err(Error::from)
        }
        Command::Man(man) => manual::write(&man).map(|()| true).map_err(Error::from),
        Command::Show(show) => return show::run(show),
        Command::Explain(arguments) => return explain::run(arguments),
        Command::Export(export) => return transfer::export(&export),
        Command::Import(import) => return transfer::import(&import),
        Command::Backup(asked) => return backup::run(&asked),
        Command::Tail(tail) => return tail::run(tail),
        Command::Top(top) => return top::run(top),
        Command::Batch(batch) => return batch::run(batch),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => EXIT_FAILURE.into(),
        Err(error) => {
            complain(&error);
            match error {
                Error::Settings(_) | Error::NoData(_) | Error::Configuration => EXIT_USAGE.into(),
                Error::Run(error) if error.is_of_a_named_file() => EXIT_USAGE.into(),
                Error::WorkingDirectory(_)
                | Error::ScratchDirectory(_)
                | Error::Run(_)
                | Error::Manual(_) => EXIT_FAILURE.into(),
            }
        }
    }
}

/// Says on standard error why the process ends. If nobody reads it, the exit code has to do.
fn complain(why: impl Display) {
    let _ = writeln!(std::io::stderr(), "tidewheel: {why}");
}

/// Looks at something, until it is done or interrupted.
fn looked_at<E: Display>(
    name: &str,
    work: impl FnOnce() -> Result<(), E> + Send + 'static,
) -> ExitCode {
    looked_at_until(name, &[SignalKind::interrupt()], work)
}

/// The same, until nobody reads any more what is shown.
fn followed<E: Display>(
    name: &str,
    work: impl FnOnce() -> Result<(), E> + Send + 'static,
) -> ExitCode {
    ended(interrupt::while_read(name, || coded(work())))
}

/// The same until one of these signals.
fn looked_at_until<E: Display>(
    name: &str,
    ends: &[SignalKind],
    work: impl FnOnce() -> Result<(), E> + Send + 'static,
) -> ExitCode {
    ended(interrupt::until_signal(name, ends, || coded(work())))
}

/// The exit code of what was looked at, once it is said why it failed.
fn coded<E: Display>(outcome: Result<(), E>) -> u8 {
    match outcome {
        Ok(()) => 0,
        Err(error) => {
            complain(error);
            EXIT_FAILURE
        }
    }
}

fn ended(code: std::io::Result<u8>) -> ExitCode {
    match code {
        Ok(code) => code.into(),
        Err(error) => {
            complain(format_args!("cannot start: {error}"));
            EXIT_FAILURE.into()
        }
    }
}

/// What ends the process early. Each text is one line that says what to do.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error("cannot tell the working directory: {0}; start somewhere else")]
    WorkingDirectory(std::io::Error),
    #[error("cannot make a temporary directory: {0}; name a directory with --data-dir")]
    ScratchDirectory(std::io::Error),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("a server could not run with these settings")]
    Configuration,
    #[error(transparent)]
    Manual(#[from] manual::ManualError),
    #[error("{} holds no data: it has no file VERSION; name a data directory", .0.display())]
    NoData(PathBuf),
}

fn run_serve(serve: Serve) -> Result<(), Error> {
    let settings = read_settings(serve.flags.into(), Defaults::SERVE)?;
    let data_dir = settings.data_dir.as_deref().ok_or(SettingsError::NoDataDirectory)?;
    let data_dir = absolute(data_dir)?;
    logs::start(&settings);
    warn_of_open_door(&settings);
    process::run(&settings, &data_dir, OnHangup::Reload, async |_| std::future::pending().await)?;
    Ok(())
}

fn run_dev(dev: Dev) -> Result<(), Error> {
    let settings = read_settings(dev.flags.into(), Defaults::DEV)?;
    if settings.tls.is_some() {
        return Err(SettingsError::TlsInDev.into());
    }
    if !settings.auth.is_off() {
        return Err(SettingsError::SigV4InDev.into());
    }
    logs::start(&settings);
    // Otherwise it says with its demonstration that any key will do.
    if settings.auth == Auth::OffAnywhere {
        warn_of_open_door(&settings);
    }
    let after = if dev.exit_after_demonstration { After::Stop } else { After::KeepServing };
    let demonstrate = |data_dir: &Path, what: &str| {
        process::run(&settings, data_dir, OnHangup::End, async |address| {
            process::say(&format!("The data is in {}{what}.", data_dir.display()))?;
            demo::run(address, settings.regions.first()).await.map_err(RunError::Demonstration)?;
            if after == After::KeepServing {
                process::say("The server goes on. Ctrl-C ends it.")?;
            }
            Ok(after)
        })
    };
    match &settings.data_dir {
        Some(data_dir) => demonstrate(&absolute(data_dir)?, "")?,
        None => {
            let scratch = tempfile::Builder::new()
                .prefix("tidewheel-dev-")
                .permissions(Permissions::from_mode(0o700))
                .tempdir()
                .map_err(Error::ScratchDirectory)?;
            let what = ", a temporary directory that is deleted when the server ends";
            demonstrate(&absolute(scratch.path())?, what)?;
        }
    }
    Ok(())
}

/// Says it where it is seen, whatever is logged, and where it is kept.
fn warn_of_open_door(settings: &Settings) {
    if settings.auth.is_off() {
        let address = settings.listen;
        complain(format_args!(
            "access control is off: whoever reaches {address} may do everything"
        ));
        tracing::warn!(%address, "access control is off: whoever reaches the server may do everything");
    } else if !settings.listen.ip().is_loopback()
        && settings.tls.is_none()
        && settings.trusted_proxies.is_empty()
    {
        tracing::warn!(
            address = %settings.listen,
            "requests are not encrypted on their way; use --tls-cert and --tls-key"
        );
    }
    if !settings.auth.is_off() && settings.allowed_hosts != AllowedHosts::default() {
        tracing::warn!(
            "allowed_hosts means nothing here: where requests are signed, the server may be called \
             by any name"
        );
    }
}

/// False if something that is stored does not agree.
fn run_check(arguments: &Check) -> Result<bool, Error> {
    // All settings are read, so that a file or a variable that the server refuses is refused here.
    let settings = read_settings(arguments.given(), Defaults::SERVE)?;
    let data_dir = settings.data_dir.as_deref().ok_or(SettingsError::NoDataDirectory)?;
    let data_dir = absolute(data_dir)?;
    // A store would be made where there is none.
    if !store::embedded::is_complete(&data_dir).map_err(RunError::Store)? {
        return Err(Error::NoData(data_dir));
    }
    Ok(check::run(arguments, &data_dir)?)
}

/// The values that count are shown even where they are wrong, since that is when one looks.
fn show_config(given: Given, with_origins: bool) -> Result<bool, Error> {
    let sources = Sources::gather(given, std::env::vars_os(), read_file, Defaults::SERVE)?;
    process::say(config::show(&sources, with_origins).trim_end())?;
    Settings::parse(sources, read_file)?;
    Ok(true)
}

fn check_config(given: Given) -> Result<bool, Error> {
    let settings = read_settings(given, Defaults::SERVE)?;
    let data_dir = settings.data_dir.as_deref().ok_or(SettingsError::NoDataDirectory)?;
    let findings = config::check(&settings, &absolute(data_dir)?);
    for finding in &findings {
        complain(finding);
    }
    if !findings.is_empty() {
        return Err(Error::Configuration);
    }
    process::say("A server could run with these settings.")?;
    Ok(true)
}

/// For messages: whoever reads them may not know where the process was started.
fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path).map_err(Error::WorkingDirectory)
}

fn read_settings(given: Given, defaults: Defaults) -> Result<Settings, SettingsError> {
    Settings::read(given, std::env::vars_os(), read_file, defaults)
}

fn read_file(path: &Path) -> std::io::Result<String> {
    std::fs::read_to_string(path)
}
