//! The API in typed calls, for commands that work with executions: as `tidewheel swf` calls it, with
//! the same files, variables and repetitions.

use super::caller::Caller;
use super::{configuration, variable};
use crate::command::Asking;
use cli::failure::CallError;
use cli::profile::Settings;
use cli::{Globals, Model, Value};
use serde::de::DeserializeOwned;

/// Why there is no answer that can be worked with.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("the answer to {0} cannot be read: {1}")]
    Unreadable(&'static str, serde_json::Error),
}

/// One server, asked as somebody.
pub struct Service {
    pub caller: Caller,
}

impl Service {
    /// Gets ready to ask.
    pub fn connect(asking: &Asking) -> Result<Service, CallError> {
        let (globals, settings) = resolve(asking)?;
        Ok(Service { caller: Caller::new(&globals, settings)? })
    }

    /// Calls an operation of the model.
    ///
    /// # Panics
    ///
    /// If the model has no operation of that name.
    pub fn call<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
        parameters: &serde_json::Value,
    ) -> Result<T, AskError> {
        let operation = Model::get().operation(name).expect("the model has it");
        let parameters = Value::parse(&parameters.to_string()).expect("it was written as JSON");
        let answer = self.caller.call(operation, &parameters)?;
        let text = serde_json::to_string(&answer).expect("a value is written to memory");
        serde_json::from_str(&text).map_err(|error| AskError::Unreadable(name, error))
    }
}

/// Who asks and where, as the flags, the environment and AWS's files say.
pub fn resolve(asking: &Asking) -> Result<(Globals, Settings), CallError> {
    let globals = Globals {
        endpoint_url: asking.endpoint_url.clone(),
        profile: asking.profile.clone(),
        region: asking.region.clone(),
        ca_bundle: asking.ca_bundle.clone(),
        ..Globals::default()
    };
    let settings = Settings::resolve(&globals, &configuration()?, &variable)?;
    Ok((globals, settings))
}
