//! The settings: from flags, else from the environment, else from a file, else by default.
//!
//! Invariant: a key that is not known is an error wherever it stands (what Kubernetes adds to the
//! environment aside), and every error names the key and the place. Reads nothing by itself: the
//! environment and the file are handed in.

mod key;
mod limits;
mod near;
mod sources;
mod values;

pub use key::Key;
pub use near::is_near;
pub use sources::{Given, Origin, Sources, toml_error};

use crate::identities::IdentitiesFile;
use crate::lambda::LambdaSettings;
use crate::master_key;
use crate::tls::TlsFiles;
use access::Regions;
use cli::profile::without_user;
use limits::LimitsError;
use server::{AllowedHosts, TrustedProxies};
use service::{Denials, EmptyPollToken, Limits, Throttles};
use sources::{CONFIG_VARIABLE, Place};
use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use values::{LimitsSource, Wrong};

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
    /// Whose word is taken for where a request comes from, and in which headers.
    pub trusted_proxies: TrustedProxies,
    /// What seals the secrets of access keys.
    pub master_keys: master_key::Given,
    /// What describes the identities, if anything does.
    pub identities: Option<IdentitiesFile>,
    /// Whether it is asked who calls.
    pub auth: Auth,
    /// Where it is not: the names under which the server may be called.
    pub allowed_hosts: AllowedHosts,
    /// The regions that there are.
    pub regions: Regions,
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
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Auth::SigV4 => "sigv4",
            Auth::Off => "off",
            Auth::OffAnywhere => "off-anywhere",
        }
    }

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

/// The key that was probably meant, or all that would have been right there.
fn advice(place: &Place) -> String {
    let names = Key::ALL.into_iter().map(|key| Place::of(key, &place.origin).name);
    // What is no setting of the file's: where that is, and the secret itself.
    let alone: &[&str] = match &place.origin {
        Origin::Environment => &[CONFIG_VARIABLE, master_key::VARIABLE],
        Origin::Default | Origin::Flag | Origin::File(_) => &[],
    };
    let names: Vec<String> = names.chain(alone.iter().map(|name| (*name).to_owned())).collect();
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
        | Key::ProxyHeaders
        | Key::MasterKeyFile
        | Key::Identities
        | Key::Auth
        | Key::AllowedHosts
        | Key::Regions
        | Key::ClockSkewMinutes
        | Key::Denials => "",
    }
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
        Settings::parse(Sources::gather(given, environment, &read_file, defaults)?, read_file)
    }

    /// What the values mean. `read_file` reads the file of limits, if there is one.
    pub fn parse(
        sources: Sources,
        read_file: impl Fn(&Path) -> io::Result<String>,
    ) -> Result<Settings, SettingsError> {
        let from = &sources;
        let (limits, throttles) = match by_default(from, Key::Limits, values::parse_limits)? {
            LimitsSource::Named(limits, throttles) => (*limits, *throttles),
            LimitsSource::File(path) => match read_file(&path) {
                Ok(text) => limits::parse(&path, &text)?,
                Err(source) => return Err(LimitsError::Unreadable { path, source }.into()),
            },
        };
        let auth = by_default(from, Key::Auth, values::parse_auth)?;
        Ok(Settings {
            data_dir: value(from, Key::DataDir, values::parse_data_dir)?,
            listen: listen(from, auth)?,
            log_format: by_default(from, Key::LogFormat, values::parse_log_format)?,
            log_level: by_default(from, Key::LogLevel, values::parse_log_level)?,
            poll_hold: by_default(from, Key::PollHoldSeconds, values::parse_poll_hold)?,
            empty_poll_token: by_default(
                from,
                Key::EmptyPollToken,
                values::parse_empty_poll_token,
            )?,
            limits,
            throttles,
            lambda: lambda(from)?,
            tls: tls_files(from)?,
            trusted_proxies: trusted_proxies(from)?,
            identities: value(from, Key::Identities, values::parse_identities)?,
            auth,
            allowed_hosts: value(from, Key::AllowedHosts, values::parse_allowed_hosts)?
                .unwrap_or_default(),
            regions: value(from, Key::Regions, values::parse_regions)?.unwrap_or_default(),
            clock_skew_minutes: by_default(from, Key::ClockSkewMinutes, values::parse_clock_skew)?,
            denials: by_default(from, Key::Denials, values::parse_denials)?,
            master_keys: master_keys(sources)?,
        })
    }
}

/// An address that others reach is no place for a server that lets everybody in.
fn listen(sources: &Sources, auth: Auth) -> Result<SocketAddr, SettingsError> {
    let address = by_default(sources, Key::Listen, values::parse_listen)?;
    match (sources.get(Key::Listen), auth) {
        (Some((_, origin)), Auth::Off) if !address.ip().is_loopback() => {
            let place = Place::of(Key::Listen, origin);
            Err(SettingsError::NotLoopback { place, address })
        }
        (_, Auth::SigV4 | Auth::Off | Auth::OffAnywhere) => Ok(address),
    }
}

/// The master keys themselves, or the file that has them, but not both.
fn master_keys(sources: Sources) -> Result<master_key::Given, SettingsError> {
    let file = value(&sources, Key::MasterKeyFile, values::parse_master_key_file)?;
    match sources.get(Key::MasterKeyFile) {
        Some((_, origin)) if sources.has_master_keys() => {
            let place = Place::of(Key::MasterKeyFile, origin);
            Err(SettingsError::TwoMasterKeys { place })
        }
        Some(_) | None => Ok(master_key::Given { keys: sources.master_keys, file }),
    }
}

/// The value of `key`, if it was given.
fn value<T>(
    sources: &Sources,
    key: Key,
    parse: impl FnOnce(&str) -> Result<T, Wrong>,
) -> Result<Option<T>, SettingsError> {
    let Some((text, origin)) = sources.get(key) else { return Ok(None) };
    let told = if key == Key::LambdaEndpoint { without_user(text) } else { text.into() };
    parse(text).map(Some).map_err(|Wrong(wanted)| SettingsError::Invalid {
        place: Place::of(key, origin),
        text: told.into_owned(),
        wanted,
    })
}

/// The value of a `key` that has a default.
fn by_default<T>(
    sources: &Sources,
    key: Key,
    parse: impl FnOnce(&str) -> Result<T, Wrong>,
) -> Result<T, SettingsError> {
    Ok(value(sources, key, parse)?.expect("the key has a default"))
}

/// The files of TLS: none, or a certificate and its key.
fn tls_files(sources: &Sources) -> Result<Option<TlsFiles>, SettingsError> {
    let file = |key| value(sources, key, values::parse_file_name(key));
    let client_ca = file(Key::TlsClientCa)?;
    let missing = match (file(Key::TlsCert)?, file(Key::TlsPrivate)?) {
        (Some(cert), Some(key)) => return Ok(Some(TlsFiles { cert, key, client_ca })),
        (None, _) => Key::TlsCert,
        (Some(_), None) => Key::TlsPrivate,
    };
    let keys = [Key::TlsCert, Key::TlsPrivate, Key::TlsClientCa];
    alone(sources, keys, missing).map_or(Ok(None), Err)
}

/// How functions are called: not at all, or at an endpoint.
fn lambda(sources: &Sources) -> Result<Option<LambdaSettings>, SettingsError> {
    let file = |key| value(sources, key, values::parse_file_name(key));
    let ca_bundle = file(Key::LambdaCaBundle)?;
    let credentials = file(Key::LambdaCredentials)?;
    let allowed_networks = value(sources, Key::LambdaAllowedNetworks, values::parse_networks)?;
    match value(sources, Key::LambdaEndpoint, values::parse_lambda_endpoint)? {
        Some(endpoint) => {
            let allowed_networks = allowed_networks.unwrap_or_default();
            Ok(Some(LambdaSettings { endpoint, ca_bundle, credentials, allowed_networks }))
        }
        None => {
            let keys = [Key::LambdaCaBundle, Key::LambdaCredentials, Key::LambdaAllowedNetworks];
            alone(sources, keys, Key::LambdaEndpoint).map_or(Ok(None), Err)
        }
    }
}

/// The proxies that are trusted, with the headers that they write.
fn trusted_proxies(sources: &Sources) -> Result<TrustedProxies, SettingsError> {
    let headers = value(sources, Key::ProxyHeaders, values::parse_proxy_headers)?;
    match value(sources, Key::TrustedProxies, values::parse_trusted_proxies)? {
        Some(proxies) => Ok(proxies.that_write(headers.unwrap_or_default())),
        None => {
            let error = alone(sources, [Key::ProxyHeaders], Key::TrustedProxies);
            error.map_or_else(|| Ok(TrustedProxies::default()), Err)
        }
    }
}

/// Complains of the first key that was given without the one that it is for.
fn alone(
    sources: &Sources,
    keys: impl IntoIterator<Item = Key>,
    missing: Key,
) -> Option<SettingsError> {
    keys.into_iter().find_map(|key| {
        let (_, origin) = sources.get(key)?;
        Some(SettingsError::Alone { place: Place::of(key, origin), missing })
    })
}

#[cfg(test)]
mod tests;
