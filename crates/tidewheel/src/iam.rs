//! `tidewheel iam`: administers identities, in the words of `aws iam` and `aws sts`.
//!
//! Invariant: an operation takes one way, whether it is carried out here on a data directory or by
//! a running server: options become the members of a request, and the answer's members are printed.

mod arguments;
mod command;
mod help;
mod json;
mod local;
mod remote;

use crate::identities::{DocumentError, IdentitiesFile};
use crate::settings::SettingsError;
use crate::swf::{configuration, variable};
use access::identity::{IdentityRequest, ImportIdentities, Shape};
use arguments::{Invocation, Place, Task, UsageError};
use json::Ordered;
use local::{Elsewhere, IfEmpty, Local};
use remote::Remote;
use serde_json::{Map, Value};
use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// The command line, the environment or a file is wrong.
const EXIT_USAGE: u8 = 252;
/// The operation was refused.
const EXIT_REFUSED: u8 = 254;
/// Anything else. All three are those of the AWS CLI.
const EXIT_OTHER: u8 = 255;
/// How many entries of a list are asked for at a time.
const ITEMS_PER_PAGE: u64 = 1000;

/// The names of all operations, and `help`.
pub fn operations() -> Vec<String> {
    command::Command::all().into_keys().chain(["help".to_owned()]).collect()
}

/// Carries operations out: members in, the members of the answer out, both as JSON.
trait Perform {
    fn perform(&mut self, operation: &'static str, members: &[u8]) -> Result<Vec<u8>, Failure>;
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("tidewheel: {0}")]
    Usage(String),
    #[error("An error occurred ({code}) when calling the {operation} operation: {message}")]
    Refused { operation: &'static str, code: String, message: String },
    #[error("tidewheel: {0}")]
    Other(String),
}

impl From<UsageError> for Failure {
    fn from(error: UsageError) -> Failure {
        Failure::Usage(error.to_string())
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Failure {
        Failure::Usage(error.to_string())
    }
}

impl From<DocumentError> for Failure {
    fn from(error: DocumentError) -> Failure {
        Failure::Usage(error.to_string())
    }
}

/// Does what the words behind `tidewheel iam` say.
pub fn run(words: &[OsString]) -> ExitCode {
    let outcome = answer(words).and_then(|text| {
        // Who asked for it may have closed its end.
        let mut output = std::io::stdout().lock();
        let written = output.write_all(text.as_bytes()).and_then(|()| output.flush());
        written.map_err(|error| Failure::Other(format!("cannot write the answer: {error}")))
    });
    let Err(failure) = outcome else { return ExitCode::SUCCESS };
    // If nobody reads it, the exit code has to do.
    let _ = writeln!(std::io::stderr(), "{failure}");
    match failure {
        Failure::Usage(_) => EXIT_USAGE.into(),
        Failure::Refused { .. } => EXIT_REFUSED.into(),
        Failure::Other(_) => EXIT_OTHER.into(),
    }
}

/// What is printed.
fn answer(words: &[OsString]) -> Result<String, Failure> {
    let words = words.iter().map(|word| word.clone().into_string());
    let words = words
        .collect::<Result<Vec<String>, OsString>>()
        .map_err(|_| Failure::Usage("an argument is no text".to_owned()))?;
    let read_file = |path: &Path| std::fs::read_to_string(path);
    let Invocation { place, task } = arguments::parse(&words, &read_file)?;
    match task {
        Task::Help => Ok(help::all()),
        Task::HelpOn(command) => Ok(help::on(command)),
        Task::Operation(shape, members) => {
            let begins = shape.operation == "CreateAccount" || members.get("Root").is_some();
            let if_empty = if begins { IfEmpty::Begin } else { IfEmpty::Refuse };
            let mut performer = performer(&place, if_empty, elsewhere(shape))?;
            let given = Value::Object(members.clone()).to_string();
            let answer = operate(&mut *performer, shape, members)?.print();
            // What was taken can be read.
            if let Ok(request) = IdentityRequest::parse(shape.operation, given.as_bytes()) {
                warn(&request, &place, &mut *performer);
            }
            Ok(answer)
        }
        Task::Import { file, prune, dry_run } => {
            let document = IdentitiesFile(file).read_here()?;
            let request: IdentityRequest = ImportIdentities { document, prune, dry_run }.into();
            let if_empty = if dry_run { IfEmpty::Imagine } else { IfEmpty::Begin };
            let mut performer = performer(&place, if_empty, Elsewhere::Asked)?;
            let answer = performer.perform(request.operation(), &request.to_json())?;
            warn(&request, &place, &mut *performer);
            Ok(readable(&answer)?.print())
        }
        Task::RotateMasterKey { drop_old } => {
            Ok(directory(&place, "rotate-master-key")?.rotate_master_key(drop_old)?.print())
        }
        Task::ReplaceMasterKey { dry_run } => {
            let place = local(&place, "replace-master-key")?;
            Ok(local::replace_master_key(place, dry_run)?.print())
        }
        Task::RotateTokenKey => {
            Ok(directory(&place, "rotate-token-key")?.rotate_token_key()?.print())
        }
    }
}

/// Says what has no effect in the policies that were given.
fn warn(request: &IdentityRequest, place: &Place, performer: &mut dyn Perform) {
    let account = match place.endpoint_url {
        None => Some(local::account(place)),
        // Whose account it is says the server; it is asked where that makes a difference.
        Some(_) if request.warnings(None) != request.warnings(Some("")) => {
            caller_account(performer)
        }
        Some(_) => None,
    };
    for warning in request.warnings(account.as_deref()) {
        crate::complain(format!("warning: {warning}"));
    }
}

/// The account of whoever asks a server. What was to be done is done by now: a failure here is none of
/// that, and only a warning is not given, which the server's log has.
fn caller_account(performer: &mut dyn Perform) -> Option<String> {
    let answer = performer.perform("GetCallerIdentity", b"{}").ok()?;
    let answer: Value = serde_json::from_slice(&answer).ok()?;
    answer["Account"].as_str().map(str::to_owned)
}

/// Whether a server carries it out as well.
fn elsewhere(shape: &Shape) -> Elsewhere {
    match shape.operation {
        "CreateAccount" | "DeleteAccount" => Elsewhere::Nowhere,
        _ => Elsewhere::Asked,
    }
}

/// Whoever carries operations out there.
fn performer(
    place: &Place,
    if_empty: IfEmpty,
    elsewhere: Elsewhere,
) -> Result<Box<dyn Perform>, Failure> {
    match &place.endpoint_url {
        None => Ok(Box::new(Local::open(place, if_empty, elsewhere)?)),
        Some(url) => {
            let configuration =
                configuration().map_err(|error| Failure::Usage(error.to_string()))?;
            let remote = Remote::new(url, place, &configuration, &variable)?;
            if let Some(warning) = remote.warning() {
                crate::complain(warning);
            }
            Ok(Box::new(remote))
        }
    }
}

/// The data directory, for what is done nowhere else.
fn directory(place: &Place, what: &str) -> Result<Local, Failure> {
    Local::open(local(place, what)?, IfEmpty::Refuse, Elsewhere::Nowhere)
}

/// The place, if it is a data directory.
fn local<'a>(place: &'a Place, what: &str) -> Result<&'a Place, Failure> {
    match &place.endpoint_url {
        None => Ok(place),
        Some(_) => Err(Failure::Usage(format!(
            "{what} works on the data directory alone, while no server runs: stop it, and give \
             --data-dir in place of --endpoint-url"
        ))),
    }
}

/// Carries an operation out. Lists are read to their end, unless the command line says how much of
/// them is wanted.
fn operate(
    performer: &mut dyn Perform,
    shape: &Shape,
    mut members: Map<String, Value>,
) -> Result<Ordered, Failure> {
    let is_list = shape.members.iter().any(|member| member.name == "marker");
    if !is_list || members.contains_key("Marker") || members.contains_key("MaxItems") {
        let members = Value::Object(members).to_string();
        return readable(&performer.perform(shape.operation, members.as_bytes())?);
    }
    let mut all: Option<(String, Vec<Ordered>)> = None;
    members.insert("MaxItems".to_owned(), ITEMS_PER_PAGE.into());
    loop {
        let request = Value::Object(members.clone()).to_string();
        let answer = readable(&performer.perform(shape.operation, request.as_bytes())?)?;
        let marker = match answer.get("Marker") {
            Some(Ordered::Text(marker)) => Some(marker.clone()),
            Some(_) | None => None,
        };
        let Some((name, mut list)) = answer.into_list() else {
            return Err(Failure::Other("the answer has no list".to_owned()));
        };
        let (_, all) = all.get_or_insert_with(|| (name, Vec::new()));
        all.append(&mut list);
        match marker {
            Some(marker) => members.insert("Marker".to_owned(), marker.into()),
            None => break,
        };
    }
    let (name, list) = all.expect("there is a page at least");
    Ok(Ordered::Object(vec![(name, Ordered::List(list))]))
}

fn readable(answer: &[u8]) -> Result<Ordered, Failure> {
    Ordered::answer(answer).map_err(|_| Failure::Other("the answer is no JSON".to_owned()))
}

#[cfg(test)]
mod tests;
