//! From the text of a value to what it means.

use super::key::{CLOCK_SKEW_MINUTES, Key, LOG_LEVELS, POLL_HOLD_SECONDS};
use super::limits;
use super::{Auth, LogFormat};
use crate::connect::Endpoint;
use crate::identities::IdentitiesFile;
use access::Regions;
use server::{AllowedHosts, Networks, ProxyHeaders, TrustedProxies};
use service::{Denials, EmptyPollToken, Limits, Throttles};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tracing_subscriber::EnvFilter;

/// What a value must be, and is not.
pub struct Wrong(pub String);

fn wanted(key: Key) -> Wrong {
    Wrong(key.wanted())
}

pub fn parse_data_dir(text: &str) -> Result<PathBuf, Wrong> {
    if text.is_empty() {
        return Err(wanted(Key::DataDir));
    }
    Ok(text.into())
}

pub fn parse_master_key_file(text: &str) -> Result<PathBuf, Wrong> {
    if text.is_empty() {
        return Err(wanted(Key::MasterKeyFile));
    }
    Ok(text.into())
}

pub fn parse_identities(text: &str) -> Result<IdentitiesFile, Wrong> {
    if text.is_empty() {
        return Err(wanted(Key::Identities));
    }
    Ok(IdentitiesFile(text.into()))
}

pub fn parse_listen(text: &str) -> Result<SocketAddr, Wrong> {
    text.parse().map_err(|_| Wrong(wanted_listen(text)))
}

/// What an address should have been. A name would be looked up by others, and may change.
fn wanted_listen(text: &str) -> String {
    let named = text.rsplit_once(':').and_then(|(host, port)| {
        let is_name = host.contains(|letter: char| letter.is_alphabetic())
            && host.chars().all(|letter| letter.is_alphanumeric() || "-._".contains(letter));
        port.parse::<u16>().ok().filter(|_| is_name)
    });
    match named {
        Some(port) => {
            format!("must be an address and a port; names are not looked up: use 127.0.0.1:{port}")
        }
        None => Key::Listen.wanted(),
    }
}

pub fn parse_log_format(text: &str) -> Result<LogFormat, Wrong> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(wanted(Key::LogFormat)),
    }
}

pub fn parse_log_level(text: &str) -> Result<String, Wrong> {
    let directives: Vec<&str> = text.split(',').map(str::trim).collect();
    let filter = directives.join(",");
    if !directives.iter().all(|directive| names_a_level(directive))
        || EnvFilter::try_new(&filter).is_err()
    {
        return Err(wanted(Key::LogLevel));
    }
    Ok(filter)
}

/// A filter would take a word that is no level for a part of the program, and silence all others.
fn names_a_level(directive: &str) -> bool {
    let level = match directive.rsplit_once('=') {
        Some(("", _)) => return false,
        Some((_, level)) => level,
        None => directive,
    };
    LOG_LEVELS.iter().any(|known| known.eq_ignore_ascii_case(level))
}

pub fn parse_poll_hold(text: &str) -> Result<Duration, Wrong> {
    let seconds = text.parse().ok().filter(|seconds| POLL_HOLD_SECONDS.contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| wanted(Key::PollHoldSeconds))
}

pub fn parse_empty_poll_token(text: &str) -> Result<EmptyPollToken, Wrong> {
    match text {
        "absent" => Ok(EmptyPollToken::Absent),
        "empty" => Ok(EmptyPollToken::Empty),
        _ => Err(wanted(Key::EmptyPollToken)),
    }
}

/// Where the limits stand.
pub enum LimitsSource {
    Named(Box<Limits>, Box<Throttles>),
    File(PathBuf),
}

pub fn parse_limits(text: &str) -> Result<LimitsSource, Wrong> {
    if text.is_empty() {
        return Err(wanted(Key::Limits));
    }
    Ok(match limits::named(text) {
        Some((limits, throttles)) => LimitsSource::Named(limits.into(), throttles.into()),
        None => LimitsSource::File(text.into()),
    })
}

pub fn parse_lambda_endpoint(text: &str) -> Result<Endpoint, Wrong> {
    Endpoint::parse(text).map_err(|wanted| Wrong(wanted.to_owned()))
}

pub fn parse_networks(text: &str) -> Result<Networks, Wrong> {
    if text.is_empty() {
        return Ok(Networks::default());
    }
    Networks::parse(text).map_err(|_| wanted(Key::LambdaAllowedNetworks))
}

pub fn parse_file_name(key: Key) -> impl FnOnce(&str) -> Result<PathBuf, Wrong> {
    move |text| match text {
        "" => Err(wanted(key)),
        _ => Ok(text.into()),
    }
}

pub fn parse_trusted_proxies(text: &str) -> Result<TrustedProxies, Wrong> {
    if text.is_empty() {
        return Ok(TrustedProxies::default());
    }
    TrustedProxies::parse(text).map_err(|_| wanted(Key::TrustedProxies))
}

pub fn parse_proxy_headers(text: &str) -> Result<ProxyHeaders, Wrong> {
    match text {
        "x-forwarded" => Ok(ProxyHeaders::XForwarded),
        "forwarded" => Ok(ProxyHeaders::Forwarded),
        _ => Err(wanted(Key::ProxyHeaders)),
    }
}

pub fn parse_auth(text: &str) -> Result<Auth, Wrong> {
    let known = [Auth::SigV4, Auth::Off, Auth::OffAnywhere];
    known.into_iter().find(|auth| auth.name() == text).ok_or_else(|| wanted(Key::Auth))
}

pub fn parse_allowed_hosts(text: &str) -> Result<AllowedHosts, Wrong> {
    if text.is_empty() {
        return Ok(AllowedHosts::default());
    }
    AllowedHosts::parse(text).map_err(|_| wanted(Key::AllowedHosts))
}

pub fn parse_regions(text: &str) -> Result<Regions, Wrong> {
    if text.is_empty() {
        return Ok(Regions::default());
    }
    Regions::parse(text).map_err(|_| wanted(Key::Regions))
}

pub fn parse_clock_skew(text: &str) -> Result<u32, Wrong> {
    let minutes = text.parse().ok().filter(|minutes| CLOCK_SKEW_MINUTES.contains(minutes));
    minutes.ok_or_else(|| wanted(Key::ClockSkewMinutes))
}

pub fn parse_denials(text: &str) -> Result<Denials, Wrong> {
    match text {
        "access-denied" => Ok(Denials::AccessDenied),
        "operation-not-permitted" => Ok(Denials::OperationNotPermitted),
        _ => Err(wanted(Key::Denials)),
    }
}
