//! Where the values of settings come from, and which of them counts: a flag, else a variable, else
//! the file, else the default.
//!
//! Invariant: a key that is not known is an error wherever it stands, what Kubernetes adds to the
//! environment aside. Says nothing of what values mean.

use super::key::Key;
use super::{Defaults, SettingsError};
use crate::master_key;
use access::identity::Secret;
use cli::profile::{CLIENT_CERT_VARIABLE, CLIENT_KEY_VARIABLE, ENDPOINT_URL_VARIABLE};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use toml::Value;

/// Every variable with this prefix is ours, unless it is a service link.
pub(super) const VARIABLE_PREFIX: &str = "TIDEWHEEL_";
/// Names the configuration file, like `--config`.
pub(super) const CONFIG_VARIABLE: &str = "TIDEWHEEL_CONFIG";
/// Those of clients, which are set where a server of one's own is started as well.
const CLIENT_VARIABLES: [&str; 3] =
    [ENDPOINT_URL_VARIABLE, CLIENT_CERT_VARIABLE, CLIENT_KEY_VARIABLE];

/// What the command line says.
#[derive(Clone, Debug, Default)]
pub struct Given {
    pub config: Option<PathBuf>,
    pub values: Vec<(Key, String)>,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Default,
    Flag,
    Environment,
    File(PathBuf),
}

impl Origin {
    /// Where the value of `key` comes from, for people.
    pub fn describe(&self, key: Key) -> String {
        match self {
            Origin::Default => "default".to_owned(),
            Origin::Flag | Origin::Environment => Place::of(key, self).name,
            Origin::File(path) => path.display().to_string(),
        }
    }
}

/// A key as it was written, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub(super) name: String,
    pub(super) origin: Origin,
}

impl Place {
    pub(super) fn of(key: Key, origin: &Origin) -> Place {
        let name = match origin {
            Origin::Flag => format!("--{}", key.name().replace('_', "-")),
            Origin::Environment => variable(key),
            Origin::Default | Origin::File(_) => key.name().to_owned(),
        };
        Place { name, origin: origin.clone() }
    }

    pub(super) fn variable(name: &str) -> Place {
        Place { name: name.to_owned(), origin: Origin::Environment }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::Flag | Origin::Environment => formatter.write_str(&self.name),
            Origin::File(path) => write!(formatter, "{} in {}", self.name, path.display()),
            Origin::Default => write!(formatter, "{} by default", self.name),
        }
    }
}

fn variable(key: Key) -> String {
    format!("{VARIABLE_PREFIX}{}", key.name().to_uppercase())
}

/// The values that count, as they were written.
#[derive(Debug)]
pub struct Sources {
    values: BTreeMap<Key, (String, Origin)>,
    /// The master keys themselves: in no file of settings, and in no list of processes.
    pub(super) master_keys: Option<Secret>,
}

impl Sources {
    /// Puts the sources together. `read_file` reads the configuration file, if there is one.
    pub fn gather(
        given: Given,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        read_file: impl Fn(&Path) -> io::Result<String>,
        defaults: Defaults,
    ) -> Result<Sources, SettingsError> {
        let mut values = BTreeMap::new();
        for key in Key::ALL {
            if let Some(text) = key.default_text(defaults) {
                values.insert(key, (text.to_owned(), Origin::Default));
            }
        }
        let mut variables = BTreeMap::new();
        let mut config = None;
        let mut master_keys = None;
        for (name, value) in environment {
            let name = name.to_string_lossy().into_owned();
            let Some(rest) = name.strip_prefix(VARIABLE_PREFIX) else { continue };
            let key = Key::named(&rest.to_lowercase()).filter(|key| variable(*key) == name);
            match key {
                _ if is_service_link(&name) || CLIENT_VARIABLES.contains(&&*name) => (),
                _ if name == CONFIG_VARIABLE => config = Some(config_file(value)?),
                _ if name == master_key::VARIABLE => {
                    master_keys = Some(Secret::new(value.to_string_lossy().into_owned()));
                }
                Some(key) => {
                    let text = value.to_string_lossy().into_owned();
                    variables.insert(key, (text, Origin::Environment));
                }
                None => return Err(SettingsError::Unknown { place: Place::variable(&name) }),
            }
        }
        if let Some(path) = given.config.or(config) {
            match read_file(&path) {
                Ok(text) => values.append(&mut parse_file(&path, &text)?),
                Err(source) => return Err(SettingsError::Unreadable { path, source }),
            }
        }
        values.append(&mut variables);
        values.extend(given.values.into_iter().map(|(key, text)| (key, (text, Origin::Flag))));
        Ok(Sources { values, master_keys })
    }

    /// The value of a setting as it was written, and where; nothing if it was not and has no
    /// default.
    pub fn get(&self, key: Key) -> Option<(&str, &Origin)> {
        self.values.get(&key).map(|(text, origin)| (text.as_str(), origin))
    }

    /// Whether the master keys themselves are in the environment.
    pub fn has_master_keys(&self) -> bool {
        self.master_keys.is_some()
    }
}

/// True of the variables that Kubernetes puts into the pods beside a service named `tidewheel`.
fn is_service_link(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(VARIABLE_PREFIX) else { return false };
    matches!(rest, "PORT" | "SERVICE_HOST")
        || rest.starts_with("PORT_")
        || rest.starts_with("SERVICE_PORT")
}

/// What `TIDEWHEEL_CONFIG` names. A flag without a value is refused with the command line.
fn config_file(value: OsString) -> Result<PathBuf, SettingsError> {
    if value.is_empty() {
        return Err(SettingsError::Invalid {
            place: Place::variable(CONFIG_VARIABLE),
            text: String::new(),
            wanted: "must be a file".to_owned(),
        });
    }
    Ok(value.into())
}

/// What is wrong with a file, and in which line.
pub fn toml_error(text: &str, error: &toml::de::Error) -> String {
    let at = error.span().map_or(0, |span| span.start);
    let line = text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
    format!("line {line}: {}", error.message().replace('\n', " "))
}

fn parse_file(path: &Path, text: &str) -> Result<BTreeMap<Key, (String, Origin)>, SettingsError> {
    let origin = Origin::File(path.to_owned());
    let table: BTreeMap<String, Value> = toml::from_str(text).map_err(|error| {
        let text = toml_error(text, &error);
        SettingsError::NoToml { path: path.to_owned(), text }
    })?;
    let mut values = BTreeMap::new();
    for (name, value) in table {
        let Some(key) = Key::named(&name) else {
            let place = Place { name, origin };
            return Err(SettingsError::Unknown { place });
        };
        // A number may stand with or without quotation marks, as in the environment.
        let text = match value {
            Value::String(text) => Ok(text),
            Value::Integer(number) => Ok(number.to_string()),
            Value::Float(_) => Err("a float"),
            Value::Boolean(_) => Err("a boolean"),
            Value::Datetime(_) => Err("a datetime"),
            Value::Array(_) => Err("an array"),
            Value::Table(_) => Err("a table"),
        };
        let text = text.map_err(|type_name| {
            let place = Place::of(key, &origin);
            SettingsError::WrongType { place, key, type_name }
        })?;
        values.insert(key, (text, origin.clone()));
    }
    Ok(values)
}
