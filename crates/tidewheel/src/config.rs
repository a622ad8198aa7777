//! `tidewheel config`: which settings count and where they come from; and whether a server could
//! run with them.

use crate::identities::ImportError;
use crate::lambda::{self, LambdaError};
use crate::master_key::{MasterKeyError, MasterKeys};
use crate::settings::{Key, Settings, Sources};
use crate::system::{SystemEntropy, wall_time};
use crate::tls::{TlsFilesError, Watch};
use service::{Identities, IdentitiesError};
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use store::memory::Memory;

/// The settings as a configuration file that says all of them; what is not set is a comment.
pub fn show(sources: &Sources, with_origins: bool) -> String {
    let mut shown = String::new();
    for key in Key::ALL {
        let name = key.name();
        let line = match sources.get(key) {
            Some((text, origin)) => {
                // A text of JSON is one of TOML.
                let value = serde_json::Value::from(text);
                match with_origins {
                    true => writeln!(shown, "{name} = {value}  # {}", origin.describe(key)),
                    false => writeln!(shown, "{name} = {value}"),
                }
            }
            None if key == Key::MasterKeyFile && sources.has_master_keys() => {
                writeln!(shown, "# {name} is not set: the environment has the keys themselves")
            }
            None => writeln!(shown, "# {name} is not set"),
        };
        line.expect("a text takes all that is written");
    }
    shown
}

/// What is wrong with a file that the settings name. One line each.
#[derive(Debug, thiserror::Error)]
pub enum Finding {
    #[error(transparent)]
    Tls(#[from] TlsFilesError),
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    #[error("cannot start with the file of identities: {0}")]
    Identities(#[from] ImportError),
    #[error(transparent)]
    Empty(#[from] IdentitiesError),
    #[error(transparent)]
    Lambda(#[from] LambdaError),
}

/// Reads every file that the settings name as a server would, and says what is wrong with each.
/// Nothing is written.
pub fn check(settings: &Settings, data_dir: &Path) -> Vec<Finding> {
    let tls = settings.tls.clone().map_or(Ok(()), |files| Watch::open(files).map(drop));
    let functions = settings.lambda.clone().map_or(Ok(()), lambda::check);
    let outcomes = [
        tls.map_err(Finding::from),
        functions.map_err(Finding::from),
        if settings.auth.is_off() { Ok(()) } else { check_identities(settings, data_dir) },
    ];
    outcomes.into_iter().filter_map(Result::err).collect()
}

/// The file of identities is applied to a server without any: what it says has to stand by itself.
fn check_identities(settings: &Settings, data_dir: &Path) -> Result<(), Finding> {
    let entropy = Arc::new(SystemEntropy);
    let keyring = MasterKeys::find(&settings.master_keys, data_dir, &*entropy)?.keyring;
    let Some(file) = &settings.identities else { return Ok(()) };
    let document = file.read_here().map_err(ImportError::from)?;
    let now = wall_time();
    let store = Arc::new(Memory::default());
    let mut identities = Identities::open("config check", store, entropy, keyring, now)?;
    file.apply(document, &mut identities, now)?;
    Ok(())
}

#[cfg(test)]
mod tests;
