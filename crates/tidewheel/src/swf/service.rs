//! The API in typed calls, for commands that work with executions: as `tidewheel swf` calls it, with
//! the same files, variables and repetitions.

use super::caller::Caller;
use super::{configuration, keys, variable};
use crate::command::Asking;
use cli::failure::{Asked, CallError};
use cli::profile::{Credentials, Place, Settings};
use cli::{Globals, Model, Value};
use serde::de::DeserializeOwned;
use wire::OwnRequest;

/// The most pages of a history: more than those of the longest that SWF has, at the smallest size
/// that a server might choose.
pub const HISTORY_PAGES_MAX: usize = 2500;

/// Why something was not learned of a server.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error("{}", said(.0))]
    Call(#[from] CallError),
    #[error("the answer to {0} cannot be read: {1}")]
    Unreadable(&'static str, serde_json::Error),
    #[error("no execution {0:?} is known in domain {1:?}: neither open nor closed")]
    Unknown(String, String),
    #[error("the history has more than {HISTORY_PAGES_MAX} pages")]
    Endless,
}

/// What a call was refused for, for people.
fn said(error: &CallError) -> String {
    if let CallError::Service(error) = error
        && let Some(denial) = error.told_as_denial()
    {
        return denial;
    }
    error.to_string().trim_end().to_owned()
}

/// One server, asked as somebody.
pub struct Service {
    pub caller: Caller,
    asked: Asked,
}

impl Service {
    /// Gets ready to ask.
    pub fn connect(asking: &Asking) -> Result<Service, CallError> {
        let (globals, settings) = resolve(asking)?;
        Service::of(&globals, settings)
    }

    /// The same with what is settled already.
    pub fn of(globals: &Globals, settings: Settings) -> Result<Service, CallError> {
        let asked = Asked { region: settings.region.clone(), stands_in: settings.stands_in() };
        Ok(Service { caller: Caller::new(globals, settings)?, asked })
    }

    /// The region that is asked.
    pub fn region(&self) -> &str {
        &self.asked.region
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
        let answer = self.caller.call(operation, &parameters);
        let answer = answer.map_err(|error| error.with_hint(&self.asked))?;
        read(name, &answer)
    }

    /// Calls an operation that Tidewheel alone has.
    pub fn operate<T: DeserializeOwned>(&mut self, request: &OwnRequest) -> Result<T, AskError> {
        let answer = self.caller.operate(request);
        let answer = answer.map_err(|error| error.with_hint(&self.asked))?;
        read(request.operation().name(), &answer)
    }
}

fn read<T: DeserializeOwned>(name: &'static str, answer: &Value) -> Result<T, AskError> {
    let text = serde_json::to_string(answer).expect("a value is written to memory");
    serde_json::from_str(&text).map_err(|error| AskError::Unreadable(name, error))
}

/// What the flags say, as `tidewheel swf` has it.
pub fn globals(asking: &Asking) -> Globals {
    Globals {
        endpoint_url: asking.endpoint_url.clone(),
        profile: asking.profile.clone(),
        region: asking.region.clone(),
        ca_bundle: asking.ca_bundle.clone(),
        ..Globals::default()
    }
}

/// Who asks and where, as the flags, the environment and AWS's files say.
pub fn resolve(asking: &Asking) -> Result<(Globals, Settings), CallError> {
    let globals = globals(asking);
    let settings = Settings::for_people(&globals, &configuration()?, &variable)?;
    Ok((globals, settings))
}

/// The server of ours that is asked, if `tidewheel swf` has to be told of it by our own variable:
/// without a region or credentials, it does as the AWS CLI does, wherever the endpoint is from.
pub fn wants_our_variable(asking: &Asking) -> Option<String> {
    let (globals, configuration) = (globals(asking), configuration().ok()?);
    let settings = Settings::for_people(&globals, &configuration, &variable).ok()?;
    let endpoint = match settings.place {
        Place::Ours(url) => url,
        Place::Given(_) | Place::Aws(_) => return None,
    };
    Settings::resolve(&globals, &configuration, &variable).is_err().then_some(endpoint)
}

/// With the keys that the command for them gives, if there is one: for several callers it is asked
/// once.
pub fn with_keys(settings: Settings) -> Result<Settings, CallError> {
    let credentials = match settings.credentials {
        Credentials::Process(words) => Credentials::Keys(keys::of_command(&words)?),
        Credentials::None | Credentials::Keys(_) => settings.credentials,
    };
    Ok(Settings { credentials, ..settings })
}
