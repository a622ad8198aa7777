//! Operations on identities through a running server: as `tidewheel swf` calls it, with the same
//! files and variables.
//!
//! What is sent may be a secret, and what comes back, too: neither is logged, and a connection that
//! others may listen to is complained of.

use super::arguments::Place;
use super::{Failure, Perform};
use crate::connect::Endpoint;
use crate::swf::caller::Caller;
use cli::Globals;
use cli::failure::{CallError, ServiceError};
use cli::profile::{Configuration, Settings, Variables};

/// The longest line of a server that is shown as it is, in bytes.
const LINE_BYTES_MAX: usize = 200;

/// A server, and who asks it.
pub struct Remote {
    caller: Caller,
    warning: Option<String>,
}

impl Remote {
    /// The server at `url`. Credentials, region and authorities are from the files and variables of
    /// AWS's tools, as far as the command line does not say.
    pub fn new(
        url: &str,
        place: &Place,
        configuration: &Configuration,
        variable: Variables<'_>,
    ) -> Result<Remote, Failure> {
        let globals = Globals {
            endpoint_url: Some(url.to_owned()),
            profile: place.profile.clone(),
            region: place.region.clone(),
            ca_bundle: place.ca_bundle.clone(),
            ..Globals::default()
        };
        let settings = Settings::for_people(&globals, configuration, variable)
            .map_err(|error| Failure::Usage(error.to_string()))?;
        if settings.stands_in() {
            let text = "there are no credentials: set AWS_ACCESS_KEY_ID and \
                        AWS_SECRET_ACCESS_KEY, or name a --profile";
            return Err(Failure::Usage(text.to_owned()));
        }
        let warning = warning(settings.place.url());
        let client = place.client.clone().or(settings.client);
        // A secret is shown once: an operation that makes one is not carried out twice.
        let settings = Settings { client, attempts: 1, ..settings };
        let caller = Caller::new(&globals, settings).map_err(wrong)?.for_service("iam");
        Ok(Remote { caller, warning })
    }

    /// What people should know before a secret is sent.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }
}

fn warning(url: &str) -> Option<String> {
    let Endpoint { secure, host, .. } = Endpoint::parse(url).ok()?;
    let address: Option<std::net::IpAddr> = host.parse().ok();
    let near = host == "localhost" || address.is_some_and(|address| address.is_loopback());
    (!secure && !near).then(|| {
        format!("warning: the connection to {host} is not encrypted: secrets can be read on it")
    })
}

impl Perform for Remote {
    fn perform(&mut self, operation: &'static str, members: &[u8]) -> Result<Vec<u8>, Failure> {
        let answer = match self.caller.administer(operation, members) {
            Ok(answer) => answer,
            Err(CallError::Service(error)) => return Err(refusal(*error)),
            Err(error) => return Err(Failure::Other(error.to_string())),
        };
        Ok(if answer.is_empty() { b"{}".to_vec() } else { answer.to_vec() })
    }
}

/// Why there is nobody to ask.
fn wrong(error: CallError) -> Failure {
    Failure::Usage(error.to_string())
}

/// What a server refused, or that it was none of ours.
fn refusal(error: ServiceError) -> Failure {
    let ServiceError { operation, status, code, message, .. } = error;
    if code != status.to_string() {
        return Failure::Refused { operation, code, message };
    }
    let line = Some(message.trim()).filter(|line| is_told(line));
    let said = line.map(|line| format!(": {line}")).unwrap_or_default();
    Failure::Other(format!("the server answered with the status {status}{said}"))
}

/// Whether what a server says that speaks another language is a line for people.
fn is_told(line: &str) -> bool {
    let is_plain = !line.starts_with(['<', '{', '[']) && !line.contains(char::is_control);
    is_plain && !line.is_empty() && line.len() <= LINE_BYTES_MAX
}

#[cfg(test)]
mod tests;
