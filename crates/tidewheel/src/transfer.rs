//! `tidewheel export` and `tidewheel import`: domains, types and executions from one server to
//! another.
//!
//! How lines are written and what an import comes to is decided in `cli`; here are the files and the
//! calls. An import reads a file twice, which is why what comes otherwise is put into one first: once
//! to see what is in it, whole, and once to send it in the order in which it can be taken.

mod arguments;
mod export;
mod file;
mod import;
mod run_ids;
mod survey;
mod target;
mod walk;

pub use arguments::{Export, Import};

use crate::swf::service::AskError;
use cli::failure::CallError;
use cli::transfer::{HistoryError, LineError};
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

/// Why something was not exported or not imported.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    #[error(transparent)]
    Ask(#[from] AskError),
    #[error("{path}: {error}", path = .0.display(), error = .1)]
    File(PathBuf, io::Error),
    #[error("a temporary file: {0}")]
    Scratch(io::Error),
    #[error("{path}: {error}", path = .0.display(), error = .1)]
    Line(PathBuf, LineError),
    #[error("{path}: {error}", path = .0.display(), error = .1)]
    History(PathBuf, HistoryError),
    #[error("{}: a history does not say whose it is: name --domain, --workflow-id and --run-id", .0.display())]
    Whose(PathBuf),
    #[error("--workflow-id and --run-id are for histories that do not say whose they are")]
    Named,
    #[error("--domain is one name, and there are several domains in it")]
    SeveralDomains,
    #[error("{0} and {1} gives more than {2} pages")]
    Endless(&'static str, String, usize),
    #[error("the history of {0} has a gap: event {1} comes next")]
    Gap(String, wire::EventId),
    #[error("no execution of that name is known in domain {0:?}")]
    Unknown(String),
    #[error("no domain {0:?} is known there")]
    UnknownDomain(String),
    #[error("the source and the target are the same server, asked in the same name")]
    SameServer,
}

impl From<CallError> for TransferError {
    fn from(error: CallError) -> TransferError {
        AskError::from(error).into()
    }
}

/// Whether a call was refused with this code.
fn is_refused(error: &AskError, code: &str) -> bool {
    matches!(error, AskError::Call(CallError::Service(error)) if error.code == code)
}

const ACCESS_DENIED: &str = "AccessDeniedException";
const UNKNOWN: &str = "UnknownResourceFault";

/// Ends a command.
fn end(outcome: Result<bool, TransferError>) -> ExitCode {
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => crate::EXIT_FAILURE.into(),
        Err(error) => {
            crate::complain(&error);
            let usage = matches!(
                error,
                TransferError::Whose(_)
                    | TransferError::Named
                    | TransferError::SeveralDomains
                    | TransferError::SameServer
            );
            if usage { crate::EXIT_USAGE.into() } else { crate::EXIT_FAILURE.into() }
        }
    }
}

/// Exports.
pub fn export(arguments: &Export) -> ExitCode {
    end(export::run(arguments))
}

/// Imports; success if nothing was refused or missed.
pub fn import(arguments: &Import) -> ExitCode {
    end(import::run(arguments))
}

#[cfg(test)]
mod tests;
