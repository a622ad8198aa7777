//! The settings: from flags, else from the environment, else from a file, else by default.
//!
//! Invariant: a key that is not known is an error wherever it stands, and every error names the
//! key and the place. Reads nothing by itself: the environment and the file are handed in.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tracing_subscriber::EnvFilter;

/// The API's longest hold is 60 seconds, and many clients give up after as many.
const POLL_HOLD_SECONDS: RangeInclusive<u64> = 1..=60;
/// Every variable with this prefix is ours.
const VARIABLE_PREFIX: &str = "TIDEWHEEL_";
/// Names the configuration file, like `--config`.
const CONFIG_VARIABLE: &str = "TIDEWHEEL_CONFIG";

/// How the server is to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where the data is kept.
    pub data_dir: Option<PathBuf>,
    /// A loopback address: nobody checks who calls yet.
    pub listen: SocketAddr,
    pub log_format: LogFormat,
    /// In the syntax of `EnvFilter`; checked.
    pub log_level: String,
    /// How long a poll waits for a task before it is answered empty.
    pub poll_hold: Duration,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// What a command starts from.
#[derive(Clone, Copy, Debug)]
pub struct Defaults {
    log_level: &'static str,
}

impl Defaults {
    pub const SERVE: Defaults = Defaults { log_level: "info" };
    /// The demonstration speaks; the log should not talk in between.
    pub const DEV: Defaults = Defaults { log_level: "warn" };
}

/// The name of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    DataDir,
    Listen,
    LogFormat,
    LogLevel,
    PollHoldSeconds,
}

impl Key {
    const ALL: [Key; 5] =
        [Key::DataDir, Key::Listen, Key::LogFormat, Key::LogLevel, Key::PollHoldSeconds];

    /// As it stands in the file; a variable and a flag are spelled after it.
    fn name(self) -> &'static str {
        match self {
            Key::DataDir => "data_dir",
            Key::Listen => "listen",
            Key::LogFormat => "log_format",
            Key::LogLevel => "log_level",
            Key::PollHoldSeconds => "poll_hold_seconds",
        }
    }

    fn named(name: &str) -> Option<Key> {
        Key::ALL.into_iter().find(|key| key.name() == name)
    }
}

/// What the command line says.
#[derive(Clone, Debug, Default)]
pub struct Given {
    pub config: Option<PathBuf>,
    pub values: Vec<(Key, String)>,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Flag,
    Environment,
    File(PathBuf),
}

/// What is wrong with the settings, in one line.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("no data directory: name one with --data-dir, TIDEWHEEL_DATA_DIR or data_dir")]
    NoDataDirectory,
    #[error("{place} is no setting; there are {}", known(.place))]
    Unknown { place: Place },
    #[error("{place}: {wanted}, not '{text}'")]
    Invalid { place: Place, text: String, wanted: String },
    #[error(
        "{place}: {address} can be reached from other machines, and requests are not \
         authenticated yet; use a loopback address such as 127.0.0.1:7933"
    )]
    NotLoopback { place: Place, address: SocketAddr },
    #[error("cannot read the configuration file {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("the configuration file {} is no TOML: {text}", path.display())]
    NoToml { path: PathBuf, text: String },
}

/// A key as it was written, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    name: String,
    origin: Origin,
}

impl Place {
    fn of(key: Key, origin: &Origin) -> Place {
        let name = match origin {
            Origin::Flag => format!("--{}", key.name().replace('_', "-")),
            Origin::Environment => variable(key),
            Origin::File(_) => key.name().to_owned(),
        };
        Place { name, origin: origin.clone() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::Flag | Origin::Environment => formatter.write_str(&self.name),
            Origin::File(path) => write!(formatter, "{} in {}", self.name, path.display()),
        }
    }
}

fn variable(key: Key) -> String {
    format!("{VARIABLE_PREFIX}{}", key.name().to_uppercase())
}

/// The keys that would have been right there.
fn known(place: &Place) -> String {
    let names = Key::ALL.into_iter().map(|key| Place::of(key, &place.origin).name);
    let config = (place.origin == Origin::Environment).then(|| CONFIG_VARIABLE.to_owned());
    names.chain(config).collect::<Vec<_>>().join(", ")
}

impl Settings {
    /// Puts the sources together. `read_file` reads the configuration file, if there is one.
    pub fn read(
        given: Given,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        read_file: impl FnOnce(&Path) -> io::Result<String>,
        defaults: Defaults,
    ) -> Result<Settings, SettingsError> {
        let mut variables = Values::new();
        let mut config = None;
        for (name, value) in environment {
            let name = name.to_string_lossy().into_owned();
            let Some(rest) = name.strip_prefix(VARIABLE_PREFIX) else { continue };
            let key = Key::named(&rest.to_lowercase()).filter(|key| variable(*key) == name);
            match key {
                _ if name == CONFIG_VARIABLE => config = Some(PathBuf::from(value)),
                Some(key) => {
                    let text = value.to_string_lossy().into_owned();
                    variables.insert(key, (text, Origin::Environment));
                }
                None => {
                    let place = Place { name, origin: Origin::Environment };
                    return Err(SettingsError::Unknown { place });
                }
            }
        }
        let mut values = match given.config.or(config) {
            Some(path) => match read_file(&path) {
                Ok(text) => parse_file(&path, &text)?,
                Err(source) => return Err(SettingsError::Unreadable { path, source }),
            },
            None => Values::new(),
        };
        values.append(&mut variables);
        values.extend(given.values.into_iter().map(|(key, text)| (key, (text, Origin::Flag))));
        Settings::parse(&values, defaults)
    }

    fn parse(values: &Values, defaults: Defaults) -> Result<Settings, SettingsError> {
        Ok(Settings {
            data_dir: value(values, Key::DataDir, parse_data_dir)?,
            listen: value(values, Key::Listen, parse_listen)?.unwrap_or(LISTEN_DEFAULT),
            log_format: value(values, Key::LogFormat, parse_log_format)?.unwrap_or(LogFormat::Text),
            log_level: value(values, Key::LogLevel, parse_log_level)?
                .unwrap_or_else(|| defaults.log_level.to_owned()),
            poll_hold: value(values, Key::PollHoldSeconds, parse_poll_hold)?
                .unwrap_or(POLL_HOLD_DEFAULT),
        })
    }
}

const LISTEN_DEFAULT: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 7933);
/// A little less than the 60 seconds after which clients give up, so that they see the answer.
const POLL_HOLD_DEFAULT: Duration = Duration::from_secs(58);

/// The values that count, as they were written.
type Values = BTreeMap<Key, (String, Origin)>;

fn parse_file(path: &Path, text: &str) -> Result<Values, SettingsError> {
    let origin = Origin::File(path.to_owned());
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
        let text = format!("line {line}: {}", error.message().replace('\n', " "));
        SettingsError::NoToml { path: path.to_owned(), text }
    })?;
    let mut values = Values::new();
    for (name, value) in table {
        let Some(key) = Key::named(&name) else {
            let place = Place { name, origin };
            return Err(SettingsError::Unknown { place });
        };
        // A number may stand with or without quotation marks, as in the environment. What is
        // neither is wrong for every key, and is named by its type.
        let number = value.as_integer().map(|number| number.to_string());
        let text = value.as_str().map(str::to_owned).or(number);
        let text = text.unwrap_or_else(|| value.type_str().to_owned());
        values.insert(key, (text, origin.clone()));
    }
    Ok(values)
}

/// The value of `key`, if it was given.
fn value<T>(
    values: &Values,
    key: Key,
    parse: impl FnOnce(&str) -> Result<T, Wrong>,
) -> Result<Option<T>, SettingsError> {
    let Some((text, origin)) = values.get(&key) else { return Ok(None) };
    let place = || Place::of(key, origin);
    parse(text).map(Some).map_err(|wrong| match wrong {
        Wrong::Text(wanted) => {
            SettingsError::Invalid { place: place(), text: text.clone(), wanted }
        }
        Wrong::Reachable(address) => SettingsError::NotLoopback { place: place(), address },
    })
}

/// What is wrong with a value.
enum Wrong {
    /// It is not what is said here.
    Text(String),
    /// An address that is not loopback.
    Reachable(SocketAddr),
}

fn wanted(text: &str) -> Wrong {
    Wrong::Text(text.to_owned())
}

fn parse_data_dir(text: &str) -> Result<PathBuf, Wrong> {
    if text.is_empty() {
        return Err(wanted("must be a directory"));
    }
    Ok(text.into())
}

fn parse_listen(text: &str) -> Result<SocketAddr, Wrong> {
    let address: SocketAddr =
        text.parse().map_err(|_| wanted("must be an address and a port such as 127.0.0.1:7933"))?;
    if !address.ip().is_loopback() {
        return Err(Wrong::Reachable(address));
    }
    Ok(address)
}

fn parse_log_format(text: &str) -> Result<LogFormat, Wrong> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(wanted("must be text or json")),
    }
}

fn parse_log_level(text: &str) -> Result<String, Wrong> {
    if text.trim().is_empty() || EnvFilter::try_new(text).is_err() {
        return Err(wanted(
            "must be error, warn, info, debug, trace, or directives such as info,server=debug",
        ));
    }
    Ok(text.to_owned())
}

fn parse_poll_hold(text: &str) -> Result<Duration, Wrong> {
    let seconds = text.parse().ok().filter(|seconds| POLL_HOLD_SECONDS.contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| {
        let (min, max) = (POLL_HOLD_SECONDS.start(), POLL_HOLD_SECONDS.end());
        Wrong::Text(format!("must be a whole number from {min} to {max}"))
    })
}

#[cfg(test)]
mod tests;
