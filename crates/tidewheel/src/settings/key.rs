//! The names of the settings, and what each must be.

use super::Defaults;
use crate::connect::Endpoint;
use access::Regions;
use server::{AllowedHosts, Networks};
use std::ops::RangeInclusive;

/// The API's longest hold is 60 seconds. Clients that give up after as many may miss its answer.
pub const POLL_HOLD_SECONDS: RangeInclusive<u64> = 1..=60;
/// With more, a request that somebody has recorded could be sent again for as long.
pub const CLOCK_SKEW_MINUTES: RangeInclusive<u32> = 1..=60;
pub const LOG_LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// The name of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    DataDir,
    Listen,
    LogFormat,
    LogLevel,
    PollHoldSeconds,
    EmptyPollToken,
    Limits,
    LambdaEndpoint,
    LambdaCaBundle,
    LambdaCredentials,
    LambdaAllowedNetworks,
    TlsCert,
    TlsPrivate,
    TlsClientCa,
    TrustedProxies,
    ProxyHeaders,
    MasterKeyFile,
    Identities,
    Auth,
    AllowedHosts,
    Regions,
    ClockSkewMinutes,
    Denials,
}

impl Key {
    pub const ALL: [Key; 23] = [
        Key::DataDir,
        Key::Listen,
        Key::LogFormat,
        Key::LogLevel,
        Key::PollHoldSeconds,
        Key::EmptyPollToken,
        Key::Limits,
        Key::LambdaEndpoint,
        Key::LambdaCaBundle,
        Key::LambdaCredentials,
        Key::LambdaAllowedNetworks,
        Key::TlsCert,
        Key::TlsPrivate,
        Key::TlsClientCa,
        Key::TrustedProxies,
        Key::ProxyHeaders,
        Key::MasterKeyFile,
        Key::Identities,
        Key::Auth,
        Key::AllowedHosts,
        Key::Regions,
        Key::ClockSkewMinutes,
        Key::Denials,
    ];

    /// As it stands in the file; a variable and a flag are spelled after it.
    pub fn name(self) -> &'static str {
        match self {
            Key::DataDir => "data_dir",
            Key::Listen => "listen",
            Key::LogFormat => "log_format",
            Key::LogLevel => "log_level",
            Key::PollHoldSeconds => "poll_hold_seconds",
            Key::EmptyPollToken => "empty_poll_token",
            Key::Limits => "limits",
            Key::LambdaEndpoint => "lambda_endpoint",
            Key::LambdaCaBundle => "lambda_ca_bundle",
            Key::LambdaCredentials => "lambda_credentials",
            Key::LambdaAllowedNetworks => "lambda_allowed_networks",
            Key::TlsCert => "tls_cert",
            Key::TlsPrivate => "tls_key",
            Key::TlsClientCa => "tls_client_ca",
            Key::TrustedProxies => "trusted_proxies",
            Key::ProxyHeaders => "proxy_headers",
            Key::MasterKeyFile => "master_key_file",
            Key::Identities => "identities",
            Key::Auth => "auth",
            Key::AllowedHosts => "allowed_hosts",
            Key::Regions => "regions",
            Key::ClockSkewMinutes => "clock_skew_minutes",
            Key::Denials => "denials",
        }
    }

    pub fn named(name: &str) -> Option<Key> {
        Key::ALL.into_iter().find(|key| key.name() == name)
    }

    /// The value that counts where none is given, as one would write it; nothing if there is none.
    pub fn default_text(self, defaults: Defaults) -> Option<&'static str> {
        match self {
            Key::Listen => Some("127.0.0.1:7933"),
            Key::LogFormat => Some("text"),
            Key::LogLevel => Some(defaults.log_level),
            // A little less than the 60 seconds after which clients give up, so that they see the
            // answer.
            Key::PollHoldSeconds => Some("58"),
            Key::EmptyPollToken => Some("absent"),
            Key::Limits => Some("default"),
            Key::Auth => Some(defaults.auth.name()),
            Key::ClockSkewMinutes => Some("15"),
            Key::Denials => Some("access-denied"),
            Key::DataDir
            | Key::LambdaEndpoint
            | Key::LambdaCaBundle
            | Key::LambdaCredentials
            | Key::LambdaAllowedNetworks
            | Key::TlsCert
            | Key::TlsPrivate
            | Key::TlsClientCa
            | Key::TrustedProxies
            | Key::ProxyHeaders
            | Key::Regions
            | Key::MasterKeyFile
            | Key::Identities
            | Key::AllowedHosts => None,
        }
    }

    /// What a value must be, where nothing more can be said about the one that was given.
    pub fn wanted(self) -> String {
        match self {
            Key::DataDir => "must be a directory".to_owned(),
            Key::Listen => "must be an address and a port such as 127.0.0.1:7933".to_owned(),
            Key::LogFormat => "must be text or json".to_owned(),
            Key::LogLevel => format!(
                "must be {}, or directives such as info,server=debug",
                LOG_LEVELS.join(", ")
            ),
            Key::PollHoldSeconds => {
                let (min, max) = (POLL_HOLD_SECONDS.start(), POLL_HOLD_SECONDS.end());
                format!("must be a whole number from {min} to {max}")
            }
            Key::EmptyPollToken => "must be absent or empty".to_owned(),
            Key::Limits => "must be default, aws or a file".to_owned(),
            Key::LambdaEndpoint => Endpoint::WANTED.to_owned(),
            Key::TlsCert
            | Key::TlsPrivate
            | Key::TlsClientCa
            | Key::LambdaCaBundle
            | Key::LambdaCredentials
            | Key::MasterKeyFile
            | Key::Identities => "must be a file".to_owned(),
            Key::ProxyHeaders => "must be x-forwarded or forwarded".to_owned(),
            Key::Auth => "must be sigv4, off or off-anywhere".to_owned(),
            Key::AllowedHosts => format!(
                "must be names of hosts without ports, with commas in between, at most {}",
                AllowedHosts::NAMES_MAX
            ),
            Key::Regions => format!(
                "must be regions such as us-east-1, with commas in between, at most {}",
                Regions::NAMES_MAX
            ),
            Key::ClockSkewMinutes => {
                let (min, max) = (CLOCK_SKEW_MINUTES.start(), CLOCK_SKEW_MINUTES.end());
                format!("must be a whole number from {min} to {max}")
            }
            Key::Denials => "must be access-denied or operation-not-permitted".to_owned(),
            Key::TrustedProxies | Key::LambdaAllowedNetworks => format!(
                "must be addresses and networks such as 10.0.0.0/8, with commas in between, at \
                 most {}",
                Networks::MAX
            ),
        }
    }
}
