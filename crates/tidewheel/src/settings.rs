//! The settings: from flags, else from the environment, else from a file, else by default.
//!
//! Invariant: a key that is not known is an error wherever it stands (what Kubernetes adds to the
//! environment aside), and every error names the key and the place. Reads nothing by itself: the
//! environment and the file are handed in.

mod key;
mod limits;
mod near;
mod values;

pub use key::Key;
pub use near::is_near;

use crate::identities::IdentitiesFile;
use crate::lambda::LambdaSettings;
use crate::master_key;
use crate::tls::TlsFiles;
use access::Rules;
use access::identity::Secret;
use limits::LimitsError;
use server::{AllowedHosts, TrustedProxies};
use service::{Denials, EmptyPollToken, Limits, Throttles};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::Value;
use values::{LimitsSource, Wrong};

/// Every variable with this prefix is ours, unless it is a service link.
const VARIABLE_PREFIX: &str = "TIDEWHEEL_";
/// Names the configuration file, like `--config`.
const CONFIG_VARIABLE: &str = "TIDEWHEEL_CONFIG";

/// How the server is to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where the data is kept.
    pub data_dir: Option<PathBuf>,
    /// A loopback address, if anybody may do everything, unless that is meant.
    pub listen: SocketAddr,
    pub log_format: LogFormat,
    /// In the syntax of `EnvFilter`, and each directive with a level; checked.
    pub log_level: String,
    /// How long a poll waits for a task before it is answered empty.
    pub poll_hold: Duration,
    /// What stands for the task in the answer to such a poll.
    pub empty_poll_token: EmptyPollToken,
    /// How much of each thing there may be.
    pub limits: Limits,
    /// How fast requests and decisions may come.
    pub throttles: Throttles,
    /// Where Lambda functions are called, if anywhere, and how.
    pub lambda: Option<LambdaSettings>,
    /// With what TLS is spoken, if it is.
    pub tls: Option<TlsFiles>,
    /// Whose word is taken for where a request comes from.
    pub trusted_proxies: TrustedProxies,
    /// What seals the secrets of access keys.
    pub master_keys: master_key::Given,
    /// What describes the identities, if anything does.
    pub identities: Option<IdentitiesFile>,
    /// Whether it is asked who calls.
    pub auth: Auth,
    /// Where it is not: the names under which the server may be called.
    pub allowed_hosts: AllowedHosts,
    /// How far the clocks of clients may be off.
    pub clock_skew_minutes: u32,
    /// As what requests are refused that are not allowed.
    pub denials: Denials,
}

/// Whether it is asked who calls, and what he may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// Requests are signed by a key that is known here, and allowed by policies.
    SigV4,
    /// Anybody may do everything who reaches a loopback address.
    Off,
    /// The same on any address.
    OffAnywhere,
}

impl Auth {
    pub fn is_off(self) -> bool {
        match self {
            Auth::SigV4 => false,
            Auth::Off | Auth::OffAnywhere => true,
        }
    }
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
    auth: Auth,
}

impl Defaults {
    pub const SERVE: Defaults = Defaults { log_level: "info", auth: Auth::SigV4 };
    /// The demonstration speaks; the log should not talk in between. Whoever tries it has no key
    /// yet, and is alone with it.
    pub const DEV: Defaults = Defaults { log_level: "warn", auth: Auth::Off };
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
    #[error("{place} is no setting; {}", advice(.place))]
    Unknown { place: Place },
    #[error("{place}: {wanted}, not '{text}'")]
    Invalid { place: Place, text: String, wanted: String },
    #[error("{place}: {}, not {type_name}{}", key.wanted(), type_advice(*key))]
    WrongType { place: Place, key: Key, type_name: &'static str },
    #[error(
        "{place}: {address} can be reached from other machines, and without access control anybody \
         there could do everything; use a loopback address such as 127.0.0.1:7933, or auth sigv4, \
         or, if that is what you want, auth off-anywhere"
    )]
    NotLoopback { place: Place, address: SocketAddr },
    #[error("cannot read the configuration file {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("the configuration file {} is no TOML: {text}", path.display())]
    NoToml { path: PathBuf, text: String },
    #[error(transparent)]
    Limits(#[from] LimitsError),
    #[error("{place} is of no use without {}: name one, too", missing.name())]
    Alone { place: Place, missing: Key },
    #[error("{place} and {} name master keys both: leave one out", master_key::VARIABLE)]
    TwoMasterKeys { place: Place },
    #[error(
        "dev takes any access key, since its demonstration has none: leave auth out, or use serve"
    )]
    SigV4InDev,
    #[error("dev speaks no TLS: leave tls_cert, tls_key and tls_client_ca out, or use serve")]
    TlsInDev,
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

    fn variable(name: &str) -> Place {
        Place { name: name.to_owned(), origin: Origin::Environment }
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

/// The key that was probably meant, or all that would have been right there.
fn advice(place: &Place) -> String {
    let names = Key::ALL.into_iter().map(|key| Place::of(key, &place.origin).name);
    let config = (place.origin == Origin::Environment).then(|| CONFIG_VARIABLE.to_owned());
    let names: Vec<String> = names.chain(config).collect();
    match names.iter().find(|name| is_near(&place.name, name)) {
        Some(name) => format!("did you mean {name}?"),
        None => format!("there are {}", names.join(", ")),
    }
}

/// What was probably meant by a value of a type that is not taken.
fn type_advice(key: Key) -> &'static str {
    match key {
        Key::Limits => "; limits stand in a file of their own, see docs/limits.md",
        Key::DataDir
        | Key::Listen
        | Key::LogFormat
        | Key::LogLevel
        | Key::PollHoldSeconds
        | Key::EmptyPollToken
        | Key::LambdaEndpoint
        | Key::LambdaCaBundle
        | Key::LambdaCredentials
        | Key::LambdaAllowedNetworks
        | Key::TlsCert
        | Key::TlsPrivate
        | Key::TlsClientCa
        | Key::TrustedProxies
        | Key::MasterKeyFile
        | Key::Identities
        | Key::Auth
        | Key::AllowedHosts
        | Key::ClockSkewMinutes
        | Key::Denials => "",
    }
}

/// True of the variables that Kubernetes puts into the pods beside a service named `tidewheel`.
fn is_service_link(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(VARIABLE_PREFIX) else { return false };
    matches!(rest, "PORT" | "SERVICE_HOST")
        || rest.starts_with("PORT_")
        || rest.starts_with("SERVICE_PORT")
}

impl Settings {
    /// Puts the sources together. `read_file` reads the configuration file and that of limits, if
    /// there are such.
    pub fn read(
        given: Given,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        read_file: impl Fn(&Path) -> io::Result<String>,
        defaults: Defaults,
    ) -> Result<Settings, SettingsError> {
        let mut variables = Values::new();
        let mut config = None;
        let mut master_key = None;
        for (name, value) in environment {
            let name = name.to_string_lossy().into_owned();
            let Some(rest) = name.strip_prefix(VARIABLE_PREFIX) else { continue };
            let key = Key::named(&rest.to_lowercase()).filter(|key| variable(*key) == name);
            match key {
                _ if is_service_link(&name) => (),
                _ if name == CONFIG_VARIABLE => config = Some(config_file(value)?),
                // A secret: in no file of settings, and in no list of processes.
                _ if name == master_key::VARIABLE => {
                    master_key = Some(Secret::new(value.to_string_lossy().into_owned()));
                }
                Some(key) => {
                    let text = value.to_string_lossy().into_owned();
                    variables.insert(key, (text, Origin::Environment));
                }
                None => return Err(SettingsError::Unknown { place: Place::variable(&name) }),
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
        Settings::parse(&values, master_key, read_file, defaults)
    }

    fn parse(
        values: &Values,
        master_key: Option<Secret>,
        read_file: impl Fn(&Path) -> io::Result<String>,
        defaults: Defaults,
    ) -> Result<Settings, SettingsError> {
        let (limits, throttles) = match value(values, Key::Limits, values::parse_limits)? {
            Some(LimitsSource::Named(limits, throttles)) => (*limits, *throttles),
            Some(LimitsSource::File(path)) => match read_file(&path) {
                Ok(text) => limits::parse(&path, &text)?,
                Err(source) => return Err(LimitsError::Unreadable { path, source }.into()),
            },
            None => (Limits::AWS, Throttles::default()),
        };
        let auth = value(values, Key::Auth, values::parse_auth)?.unwrap_or(defaults.auth);
        Ok(Settings {
            data_dir: value(values, Key::DataDir, values::parse_data_dir)?,
            listen: listen(values, auth)?,
            log_format: value(values, Key::LogFormat, values::parse_log_format)?
                .unwrap_or(LogFormat::Text),
            log_level: value(values, Key::LogLevel, values::parse_log_level)?
                .unwrap_or_else(|| defaults.log_level.to_owned()),
            poll_hold: value(values, Key::PollHoldSeconds, values::parse_poll_hold)?
                .unwrap_or(POLL_HOLD_DEFAULT),
            empty_poll_token: value(values, Key::EmptyPollToken, values::parse_empty_poll_token)?
                .unwrap_or(EmptyPollToken::Absent),
            limits,
            throttles,
            lambda: lambda(values)?,
            tls: tls_files(values)?,
            trusted_proxies: value(values, Key::TrustedProxies, values::parse_trusted_proxies)?
                .unwrap_or_default(),
            master_keys: master_keys(values, master_key)?,
            identities: value(values, Key::Identities, values::parse_identities)?,
            auth,
            allowed_hosts: value(values, Key::AllowedHosts, values::parse_allowed_hosts)?
                .unwrap_or_default(),
            clock_skew_minutes: value(values, Key::ClockSkewMinutes, values::parse_clock_skew)?
                .unwrap_or(Rules::SKEW_MINUTES_DEFAULT),
            denials: value(values, Key::Denials, values::parse_denials)?.unwrap_or_default(),
        })
    }
}

const LISTEN_DEFAULT: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 7933);
/// A little less than the 60 seconds after which clients give up, so that they see the answer.
const POLL_HOLD_DEFAULT: Duration = Duration::from_secs(58);

/// An address that others reach is no place for a server that lets everybody in.
fn listen(values: &Values, auth: Auth) -> Result<SocketAddr, SettingsError> {
    let Some(address) = value(values, Key::Listen, values::parse_listen)? else {
        return Ok(LISTEN_DEFAULT);
    };
    match (values.get(&Key::Listen), auth) {
        (Some((_, origin)), Auth::Off) if !address.ip().is_loopback() => {
            let place = Place::of(Key::Listen, origin);
            Err(SettingsError::NotLoopback { place, address })
        }
        (_, Auth::SigV4 | Auth::Off | Auth::OffAnywhere) => Ok(address),
    }
}

/// The master keys themselves, or the file that has them, but not both.
fn master_keys(values: &Values, keys: Option<Secret>) -> Result<master_key::Given, SettingsError> {
    let file = value(values, Key::MasterKeyFile, values::parse_master_key_file)?;
    match values.get(&Key::MasterKeyFile) {
        Some((_, origin)) if keys.is_some() => {
            let place = Place::of(Key::MasterKeyFile, origin);
            Err(SettingsError::TwoMasterKeys { place })
        }
        Some(_) | None => Ok(master_key::Given { keys, file }),
    }
}

/// The values that count, as they were written.
type Values = BTreeMap<Key, (String, Origin)>;

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

fn parse_file(path: &Path, text: &str) -> Result<Values, SettingsError> {
    let origin = Origin::File(path.to_owned());
    let table: BTreeMap<String, Value> = toml::from_str(text).map_err(|error| {
        let text = toml_error(text, &error);
        SettingsError::NoToml { path: path.to_owned(), text }
    })?;
    let mut values = Values::new();
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

/// The value of `key`, if it was given.
fn value<T>(
    values: &Values,
    key: Key,
    parse: impl FnOnce(&str) -> Result<T, Wrong>,
) -> Result<Option<T>, SettingsError> {
    let Some((text, origin)) = values.get(&key) else { return Ok(None) };
    let place = || Place::of(key, origin);
    parse(text).map(Some).map_err(|Wrong(wanted)| SettingsError::Invalid {
        place: place(),
        text: text.clone(),
        wanted,
    })
}

/// The files of TLS: none, or a certificate and its key.
fn tls_files(values: &Values) -> Result<Option<TlsFiles>, SettingsError> {
    let file = |key| value(values, key, values::parse_file_name(key));
    let client_ca = file(Key::TlsClientCa)?;
    let missing = match (file(Key::TlsCert)?, file(Key::TlsPrivate)?) {
        (Some(cert), Some(key)) => return Ok(Some(TlsFiles { cert, key, client_ca })),
        (None, _) => Key::TlsCert,
        (Some(_), None) => Key::TlsPrivate,
    };
    let keys = [Key::TlsCert, Key::TlsPrivate, Key::TlsClientCa];
    alone(values, keys, missing).map_or(Ok(None), Err)
}

/// How functions are called: not at all, or at an endpoint.
fn lambda(values: &Values) -> Result<Option<LambdaSettings>, SettingsError> {
    let file = |key| value(values, key, values::parse_file_name(key));
    let ca_bundle = file(Key::LambdaCaBundle)?;
    let credentials = file(Key::LambdaCredentials)?;
    let allowed_networks = value(values, Key::LambdaAllowedNetworks, values::parse_networks)?;
    match value(values, Key::LambdaEndpoint, values::parse_lambda_endpoint)? {
        Some(endpoint) => {
            let allowed_networks = allowed_networks.unwrap_or_default();
            Ok(Some(LambdaSettings { endpoint, ca_bundle, credentials, allowed_networks }))
        }
        None => {
            let keys = [Key::LambdaCaBundle, Key::LambdaCredentials, Key::LambdaAllowedNetworks];
            alone(values, keys, Key::LambdaEndpoint).map_or(Ok(None), Err)
        }
    }
}

/// Complains of the first key that was given without the one that it is for.
fn alone(values: &Values, keys: [Key; 3], missing: Key) -> Option<SettingsError> {
    keys.into_iter().find_map(|key| {
        let (_, origin) = values.get(&key)?;
        Some(SettingsError::Alone { place: Place::of(key, origin), missing })
    })
}

#[cfg(test)]
mod tests;
