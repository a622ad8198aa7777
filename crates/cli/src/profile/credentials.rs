//! Who signs requests: keys from the environment, from the files, or from a command.
//!
//! AWS's tools also ask other services for keys: STS, IAM Identity Center, the metadata of machines.
//! Those are not asked here, and a profile that needs one is refused rather than passed over: what
//! would be found behind it are somebody else's keys.

use super::{ProfileError, Section, Sources};
use crate::invocation::Globals;
use crate::python::shell_words;
use crate::timestamp::parse_with_zone;
use serde_json::Value;
use std::fmt;
use wire::Timestamp;

/// Both halves of the key that stands in for others.
const STAND_IN: &str = "tidewheel";

/// A key with its secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// Its public half.
    pub access_key_id: String,
    /// The other.
    pub secret_access_key: String,
    /// Of temporary ones.
    pub session_token: Option<String>,
}

impl Keys {
    /// What requests to a server of this project are signed with, if nobody says: one without access
    /// control wants a signature, too, and believes any.
    pub(super) fn stand_ins() -> Keys {
        Keys {
            access_key_id: STAND_IN.to_owned(),
            secret_access_key: STAND_IN.to_owned(),
            session_token: None,
        }
    }
}

impl fmt::Debug for Keys {
    /// Without what is secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Keys({})", self.access_key_id)
    }
}

/// Where signatures come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// Requests are not signed.
    None,
    /// They are signed with these.
    Keys(Keys),
    /// With those that a command writes: a program and its arguments.
    Process(Vec<String>),
}

/// What a command wrote is not what it must be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProcessError {
    /// It ended with another code than 0.
    #[error("Error when retrieving credentials from custom-process: {0}")]
    Failed(String),
    /// It wrote no JSON.
    #[error("Error when retrieving credentials from custom-process: the command wrote no JSON")]
    NoJson,
    /// It wrote JSON of another version.
    #[error(
        "Error when retrieving credentials from custom-process: Unsupported version '{0}' for \
         credential process provider, supported versions: 1"
    )]
    Version(String),
    /// A member is missing.
    #[error(
        "Error when retrieving credentials from custom-process: Missing required key in response: \
         '{0}'"
    )]
    Missing(&'static str),
    /// The keys end at no moment.
    #[error(
        "Error when retrieving credentials from custom-process: Expiration must be a moment with a \
         zone, such as 2026-01-31T12:00:00Z, not {0}"
    )]
    Expiration(String),
    /// The keys have ended.
    #[error("Credentials were refreshed, but the refreshed credentials are still expired.")]
    Expired,
}

/// Reads what a command wrote, by this time.
pub fn read_process(output: &[u8], now: Timestamp) -> Result<Keys, ProcessError> {
    let output: Value = serde_json::from_slice(output).map_err(|_| ProcessError::NoJson)?;
    // A whole number may be written with a point.
    if output["Version"].as_f64() != Some(1.0) {
        let version = match &output["Version"] {
            Value::Null => "<Version key not provided>".to_owned(),
            Value::String(text) => text.clone(),
            other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                other.to_string()
            }
        };
        return Err(ProcessError::Version(version));
    }
    let member = |name: &'static str| output[name].as_str().map(str::to_owned);
    let needed = |name: &'static str| member(name).ok_or(ProcessError::Missing(name));
    let keys = Keys {
        access_key_id: needed("AccessKeyId")?,
        secret_access_key: needed("SecretAccessKey")?,
        session_token: member("SessionToken"),
    };
    let moment = &output["Expiration"];
    if moment.is_null() {
        return Ok(keys);
    }
    let end = moment.as_str().and_then(parse_with_zone);
    let end = end.ok_or_else(|| ProcessError::Expiration(moment.to_string()))?;
    if end * 1000 < now.0 { Err(ProcessError::Expired) } else { Ok(keys) }
}

/// What a file is called where keys from it are not whole.
const SHARED_FILE: &str = "shared-credentials-file";
const CONFIG_FILE: &str = "config-file";

impl Credentials {
    /// The first that are there, in the order of AWS's tools.
    pub(super) fn find(
        asked: &Globals,
        sources: &Sources<'_>,
    ) -> Result<Option<Credentials>, ProfileError> {
        if !asked.sign_request {
            return Ok(Some(Credentials::None));
        }
        // A profile that was named on the command line is meant, whatever the environment has.
        if asked.profile.is_none()
            && let Some(keys) = of_environment(sources)?
        {
            return Ok(Some(Credentials::Keys(keys)));
        }
        let has = |option: &str| sources.profile().is_some_and(|p| p.text(option).is_some());
        let asks = |service: &'static str| ProfileError::OtherService {
            origin: format!("the profile {}", sources.profile_name()),
            service,
        };
        if has("role_arn") {
            return Err(asks("AWS STS (role_arn)"));
        }
        let set = |name: &str| (sources.variable)(name).is_some_and(|text| !text.is_empty());
        if asked.profile.is_none() && set("AWS_WEB_IDENTITY_TOKEN_FILE") && set("AWS_ROLE_ARN") {
            let origin = "AWS_WEB_IDENTITY_TOKEN_FILE".to_owned();
            return Err(ProfileError::OtherService { origin, service: "AWS STS" });
        }
        if ["sso_start_url", "sso_session", "sso_account_id", "sso_role_name"].into_iter().any(has)
        {
            return Err(asks("IAM Identity Center (sso_session, sso_start_url)"));
        }
        let name = sources.profile_name();
        if let Some(section) = sources.configuration.credentials.get(name)
            && let Some(keys) = of_section(section, SHARED_FILE)?
        {
            return Ok(Some(Credentials::Keys(keys)));
        }
        if has("login_session") {
            return Err(asks("AWS Sign-In (login_session)"));
        }
        if let Some(command) = sources.option("credential_process") {
            let words = shell_words(command).ok_or(ProfileError::OpenQuotation)?;
            return Ok(Some(Credentials::Process(words)));
        }
        if let Some(section) = sources.configuration.configured.get(name)
            && let Some(keys) = of_section(section, CONFIG_FILE)?
        {
            return Ok(Some(Credentials::Keys(keys)));
        }
        let containers =
            ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];
        if let Some(origin) = containers.into_iter().find(|name| set(name)) {
            let service = "the metadata of a container";
            return Err(ProfileError::OtherService { origin: origin.to_owned(), service });
        }
        Ok(None)
    }
}

fn of_environment(sources: &Sources<'_>) -> Result<Option<Keys>, ProfileError> {
    let set = |name: &str| (sources.variable)(name).filter(|text| !text.is_empty());
    let Some(access_key_id) = set("AWS_ACCESS_KEY_ID") else { return Ok(None) };
    let missing = "AWS_SECRET_ACCESS_KEY";
    let partial = ProfileError::PartialCredentials { provider: "env", missing };
    let secret_access_key = set(missing).ok_or(partial)?;
    // The first is the older name, and it is asked first.
    let session_token = set("AWS_SECURITY_TOKEN").or_else(|| set("AWS_SESSION_TOKEN"));
    Ok(Some(Keys { access_key_id, secret_access_key, session_token }))
}

fn of_section(section: &Section, provider: &'static str) -> Result<Option<Keys>, ProfileError> {
    let text = |option: &str| section.text(option).map(str::to_owned);
    let Some(access_key_id) = text("aws_access_key_id") else { return Ok(None) };
    let missing = "aws_secret_access_key";
    let partial = ProfileError::PartialCredentials { provider, missing };
    let secret_access_key = text(missing).ok_or(partial)?;
    let session_token = text("aws_security_token").or_else(|| text("aws_session_token"));
    // An empty one is none, though it hides the other, as one in the environment does not.
    let session_token = session_token.filter(|token| !token.is_empty());
    Ok(Some(Keys { access_key_id, secret_access_key, session_token }))
}

#[cfg(test)]
mod tests;
