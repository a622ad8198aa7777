//! One server in this process: its parts are started bottom up, and ended top down.

use crate::EXIT_FAILURE;
use crate::demo::DemonstrationError;
use crate::identities::{self, OpenIdentitiesError, first_root_key, reload_identities};
use crate::lambda::{HttpFunctions, LambdaError};
use crate::settings::{Auth, Settings};
use crate::signals::{OnHangup, Signals};
use crate::system::{SystemClock, SystemEntropy, WallClock, wall_time};
use crate::tls::{self, Reread, TlsFilesError, Watch};
use crate::upkeep;
use access::identity::Secret;
use server::{Administration, Authentication, Server, Verifier};
use service::check::CheckError;
use service::{Credentials, Entropy, Functions, IdentityError, Options, Service};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::StoreError;
use store::embedded::{self, Embedded};
use tokio::runtime::Handle;

/// The permissions of a directory that let others than its owner in.
const OTHERS_ACCESS: u32 = 0o077;

/// What happens when the errand beside the server is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// The server goes on until a signal ends it.
    KeepServing,
    /// The server ends.
    Stop,
}

/// Why the server did not start, or did not end well. One line each.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("cannot start: {0}")]
    Runtime(io::Error),
    #[error("cannot listen on {address}: {source}; choose another address with --listen")]
    Bind { address: SocketAddr, source: io::Error },
    #[error(transparent)]
    Tls(#[from] TlsFilesError),
    #[error(transparent)]
    Store(#[from] embedded::OpenError),
    #[error("cannot start on the data directory: {0}")]
    Service(#[from] StoreError),
    #[error(transparent)]
    Identities(#[from] OpenIdentitiesError),
    #[error(transparent)]
    Lambda(#[from] LambdaError),
    #[error("cannot make the first access key: {0}")]
    FirstKey(IdentityError),
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
    #[error(
        "cannot write to standard output: {0}; the first access key, which nobody has seen, was \
         taken back, and the next start makes another"
    )]
    FirstKeyWithdrawn(io::Error),
    #[error(
        "cannot write to standard output: {output}; nobody has seen the first access key, and it \
         cannot be taken back ({store}): make one with tidewheel iam create-access-key --root \
         --data-dir {}", data_dir.display()
    )]
    FirstKeyLost { output: io::Error, store: IdentityError, data_dir: PathBuf },
    #[error("the check of {} did not come to its end: {source}", data_dir.display())]
    Check { data_dir: PathBuf, source: CheckError },
    #[error("the demonstration failed: {0}")]
    Demonstration(DemonstrationError),
}

impl RunError {
    /// Whether a file that the settings name is wrong, as it will be at the next start.
    pub fn is_of_a_named_file(&self) -> bool {
        match self {
            RunError::Tls(TlsFilesError::Changing) => false,
            RunError::Tls(
                TlsFilesError::Unreadable { .. }
                | TlsFilesError::TooLong { .. }
                | TlsFilesError::KeyAccess { .. }
                | TlsFilesError::Wrong { .. },
            )
            | RunError::Lambda(_) => true,
            RunError::Identities(error) => error.is_of_a_named_file(),
            RunError::Runtime(_)
            | RunError::Bind { .. }
            | RunError::Store(_)
            | RunError::Service(_)
            | RunError::FirstKey(_)
            | RunError::FirstKeyWithdrawn(_)
            | RunError::FirstKeyLost { .. }
            | RunError::Output(_)
            | RunError::Check { .. }
            | RunError::Demonstration(_) => false,
        }
    }
}

/// Serves `data_dir` until a signal asks for the end, or `errand`, which is given the address and
/// runs beside the server, does. An errand that fails ends the server too.
pub fn run(
    settings: &Settings,
    data_dir: &Path,
    on_hangup: OnHangup,
    errand: impl AsyncFnOnce(SocketAddr) -> Result<After, RunError>,
) -> Result<(), RunError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(RunError::Runtime)?;
    let (service, outcome) = runtime.block_on(serve(settings, data_dir, on_hangup, errand))?;
    // Outside of the runtime, because it blocks; before the runtime ends, because a second signal
    // is awaited in there.
    let service = Arc::into_inner(service).expect("a server that has ended holds nothing");
    service.close();
    drop(service); // Frees the data directory.
    tracing::info!("stopped");
    outcome
}

/// Returns the service, to be closed, and what came of the errand.
async fn serve(
    settings: &Settings,
    data_dir: &Path,
    on_hangup: OnHangup,
    errand: impl AsyncFnOnce(SocketAddr) -> Result<After, RunError>,
) -> Result<(Arc<Service>, Result<(), RunError>), RunError> {
    let (signals, hangups) = Signals::listen(on_hangup).map_err(RunError::Runtime)?;
    let watch = settings.tls.clone().map(Watch::open).transpose()?;
    let bind_error = |source| RunError::Bind { address: settings.listen, source };
    let server = Server::bind(settings.listen).await.map_err(bind_error)?;
    let server = server.behind(settings.trusted_proxies.clone());
    let (server, scheme) = match &watch {
        Some(watch) => (server.over_tls(watch.tls()), "https"),
        None => (server, "http"),
    };
    let address = server.address().map_err(bind_error)?;
    let entropy = Arc::new(SystemEntropy);
    let (service, administration) = open(settings, data_dir, entropy.clone())?;
    let service = Arc::new(service);
    let reread = administration.clone().zip(settings.identities.clone());
    let reread = reread.map(|(administration, file)| {
        let reread = move || reload_identities(&file, &administration, wall_time());
        Arc::new(reread) as Reread
    });
    let authentication = match &administration {
        Some(administration) => {
            let clock = Arc::new(WallClock);
            let minutes = settings.clock_skew_minutes;
            let verifier = Verifier::new(administration.clone(), clock, minutes);
            Authentication::Signatures(Box::new(verifier.within(settings.regions.clone())))
        }
        None => Authentication::Off {
            hosts: settings.allowed_hosts.clone(),
            regions: settings.regions.clone(),
        },
    };
    let first_key = administration.as_ref().map_or(Ok(None), |administration| {
        administration.with(|identities| first_root_key(identities, wall_time()))
    });
    let first_key = first_key.map_err(RunError::FirstKey)?;
    // The first line: whoever started the process waits for it. The key is said with it, since who
    // has read that line may read no more.
    let line = format!("listening on {scheme}://{address}");
    match (first_key, &administration) {
        (Some(key), Some(administration)) => {
            let told = print(Secret::new(format!("{line}\n\n{}", key.text.expose())).expose());
            told.map_err(|output| {
                let withdrawn = administration
                    .with(|identities| identities::withdraw(&key, identities, wall_time()));
                match withdrawn {
                    Ok(()) => RunError::FirstKeyWithdrawn(output),
                    Err(store) => {
                        RunError::FirstKeyLost { output, store, data_dir: data_dir.to_owned() }
                    }
                }
            })?;
        }
        (None, _) | (Some(_), None) => say(&line)?,
    }
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        %address,
        data_dir = %data_dir.display(),
        "started"
    );
    let mut outcome = Ok(());
    let shutdown = async {
        tokio::select! {
            ended = until_the_end(signals, errand(address)) => outcome = ended,
            never = tls::keep(watch, hangups, reread) => match never {},
            never = upkeep::keep(service.clone(), administration.clone()) => match never {},
        }
        tracing::info!("stopping");
    };
    server.serve(service.clone(), entropy, authentication, shutdown).await;
    if let Some(administration) = administration {
        upkeep::flush(administration).await;
    }
    Ok((service, outcome))
}

/// Opens the store, the service, and the identities if anybody asks for them. Called within the
/// runtime, in which functions are called.
fn open(
    settings: &Settings,
    data_dir: &Path,
    entropy: Arc<dyn Entropy>,
) -> Result<(Service, Option<Arc<Administration>>), RunError> {
    let options = embedded::Options {
        build: env!("CARGO_PKG_VERSION").to_owned(),
        on_poison: Box::new(end_at_once),
        ..embedded::Options::default()
    };
    let store = Arc::new(Embedded::open(data_dir, options)?);
    warn_of_access(data_dir);
    let owner = format!("process {}", std::process::id());
    let functions = settings.lambda.clone();
    let functions = functions.map(|lambda| HttpFunctions::open(lambda, Handle::current()));
    let functions = functions.transpose()?;
    let functions = functions.map(|functions| Arc::new(functions) as Arc<dyn Functions>);
    let clock = Arc::new(SystemClock::start());
    let administration = match settings.auth {
        Auth::SigV4 => {
            let (store, entropy) = (store.clone(), entropy.clone());
            let opened = identities::open(settings, data_dir, store, entropy, clock.clone())?;
            Some(Arc::new(opened))
        }
        Auth::Off | Auth::OffAnywhere => {
            if settings.identities.is_some() {
                tracing::warn!("access control is off: the file of identities is not read");
            }
            None
        }
    };
    let credentials = administration
        .as_ref()
        .map(|administration| Arc::new(administration.reader()) as Arc<dyn Credentials>);
    let options = Options {
        poll_hold: settings.poll_hold,
        owner,
        on_panic: end_after_panic,
        limits: settings.limits.clone(),
        throttles: settings.throttles.clone(),
        empty_poll_token: settings.empty_poll_token,
        functions,
        credentials,
        denials: settings.denials,
    };
    Ok((Service::open(store, clock, entropy, options)?, administration))
}

/// Histories hold what users put into them, which is nobody else's business.
fn warn_of_access(data_dir: &Path) {
    // What cannot be told is no reason to warn.
    let mode = std::fs::metadata(data_dir).map_or(0, |found| found.permissions().mode());
    if mode & OTHERS_ACCESS != 0 {
        tracing::warn!(
            data_dir = %data_dir.display(),
            "other users have access to the data directory; chmod 700 takes it from them"
        );
    }
}

/// A write or a flush has failed. What is on disk is unknown, and flushing again would not tell:
/// only a new process that reads it all can.
fn end_at_once(error: &StoreError) {
    tracing::error!(%error, "the store has failed for good; the process ends");
    std::process::exit(EXIT_FAILURE.into());
}

/// A part of the service is gone, and what it served would wait for ever. A new process starts from
/// what is durable.
fn end_after_panic() {
    std::process::exit(EXIT_FAILURE.into());
}

/// Writes a line on standard output, at once.
pub fn say(line: &str) -> Result<(), RunError> {
    print(line).map_err(RunError::Output)
}

fn print(line: &str) -> io::Result<()> {
    let line = Secret::new(format!("{line}\n"));
    let mut output = io::stdout().lock();
    output.write_all(line.expose().as_bytes())?;
    output.flush()
}

/// Waits until the server should end.
async fn until_the_end(
    mut signals: Signals,
    errand: impl Future<Output = Result<After, RunError>>,
) -> Result<(), RunError> {
    let outcome = tokio::select! {
        () = signals.next() => Ok(()),
        outcome = errand => match outcome {
            Ok(After::KeepServing) => {
                signals.next().await;
                Ok(())
            }
            Ok(After::Stop) => Ok(()),
            Err(error) => Err(error),
        }
    };
    signals.end_at_the_next();
    outcome
}
