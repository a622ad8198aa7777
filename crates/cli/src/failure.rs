//! What is said, and with which exit code the process ends, when a call fails: the texts of the AWS
//! CLI, in the form that `--cli-error-format` asks for.

mod hint;

pub use hint::Asked;

use crate::model::Model;
use crate::output::{Format, Moments, Style, answer, print};
use crate::paging::PagingError;
use crate::profile::{ProcessError, ProfileError, without_user};
use crate::python;
use crate::query::{Query, QueryError};
use crate::refused::Refused;
use crate::timeline::length::{plain, wrapped};
use crate::value::Value;

/// The process was interrupted.
pub const EXIT_INTERRUPTED: u8 = 130;
/// The command line, or a parameter, is wrong.
const EXIT_USAGE: u8 = 252;
/// Something is missing that has to be configured.
const EXIT_CONFIGURATION: u8 = 253;
/// The service answered with an error.
const EXIT_SERVICE: u8 = 254;
/// Anything else.
const EXIT_OTHER: u8 = 255;
/// How many parts of something nested are shown in a line.
const INLINE_ITEMS_MAX: usize = 4;

/// The errors by which policies refuse: AWS's, and the one that its model of SWF has.
const DENIALS: [&str; 2] = ["AccessDeniedException", "OperationNotPermittedFault"];
/// What stands before the action in the text of a denial.
const DENIED: &str = "is not authorized to perform: ";

/// The columns of a line of what is said of a denial, unless a word is longer.
const DENIAL_COLUMNS: usize = 76;

/// With what a page begins that no service of AWS has written.
const PAGE: &str = "<html>";

/// In which form an error is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ErrorFormat {
    /// A line of text.
    Legacy,
    /// A line of text, and what else the service has said.
    #[default]
    Enhanced,
    /// As an answer is shown.
    As(Format),
}

impl ErrorFormat {
    /// Reads a name.
    pub fn parse(text: &str) -> Option<ErrorFormat> {
        match text {
            "legacy" => Some(ErrorFormat::Legacy),
            "enhanced" => Some(ErrorFormat::Enhanced),
            "json" | "yaml" | "text" | "table" => Format::parse(text).map(ErrorFormat::As),
            _ => None,
        }
    }
}

/// An error that the service answered with.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceError {
    /// The operation.
    pub operation: &'static str,
    /// The status of HTTP.
    pub status: u16,
    /// The name of the error, without its namespace.
    pub code: String,
    /// What it says.
    pub message: String,
    /// The members that the model gives this error.
    pub members: Value,
    /// How often the request was repeated, if there was no attempt left.
    pub retries: Option<u32>,
}

impl ServiceError {
    /// Reads an answer. What is no JSON is itself the message, and then the status is the name. A page
    /// of somebody in between, who cannot reach the service, gives way to what HTTP calls the status.
    pub fn read(operation: &'static str, status: u16, body: &[u8]) -> ServiceError {
        let text = String::from_utf8_lossy(body);
        let page = text.trim_ascii();
        if 500 <= status && (page.is_empty() || page.starts_with(PAGE)) {
            let (code, message) = (status.to_string(), reason(status).to_owned());
            let members = Value::map();
            return ServiceError { operation, status, code, message, members, retries: None };
        }
        let body = if body.is_empty() { Ok(Value::map()) } else { Value::parse(&text) };
        let body = body.unwrap_or_else(|_| {
            Value::Map(vec![("message".to_owned(), Value::text(text.clone()))])
        });
        let message = body.get("message").or_else(|| body.get("Message"));
        // Whatever it is, it is shown as in a program: nothing as `None`.
        let message = message.map(python::shown).unwrap_or_default();
        let code = match body.get("__type").and_then(Value::as_text) {
            Some(name) => {
                let name = name.split(':').next().unwrap_or_default();
                name.rsplit('#').next().unwrap_or_default().to_owned()
            }
            None => status.to_string(),
        };
        let model = Model::get();
        let members = match model.shape_named(&code) {
            Some(shape) => answer::read(&body, shape, &Moments::wire()),
            None => Value::map(),
        };
        ServiceError { operation, status, code, message, members, retries: None }
    }

    /// Whether the service has no such operation: SWF has none of ours.
    pub fn is_unknown_operation(&self) -> bool {
        self.code == "UnknownOperationException"
    }

    /// The action that the policies of whoever asked do not allow, as `swf:StartTimer`; nothing if it
    /// was refused for another reason. It stands in the text of a denial alone.
    pub fn denied_action(&self) -> Option<String> {
        if !DENIALS.contains(&self.code.as_str()) {
            return None;
        }
        let said = self.message.split_once(DENIED).and_then(|(_, rest)| rest.split(' ').next());
        let action = said.filter(|action| action.contains(':'));
        Some(action.map_or_else(|| self.operation.to_owned(), ToOwned::to_owned))
    }

    /// A denial for people: first what is denied, then in lines what the service says of it; nothing
    /// if it was refused for another reason.
    pub fn told_as_denial(&self) -> Option<String> {
        let action = self.denied_action()?;
        let mut text = format!("{action} is denied to whoever asks here ({}):", self.code);
        for line in wrapped(&plain(&self.message), DENIAL_COLUMNS) {
            text += &format!("\n  {line}");
        }
        Some(text)
    }
}

/// What HTTP calls a status of servers that are not well; nothing if it has no name.
fn reason(status: u16) -> &'static str {
    match status {
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        506 => "Variant Also Negotiates",
        507 => "Insufficient Storage",
        508 => "Loop Detected",
        510 => "Not Extended",
        511 => "Network Authentication Required",
        _ => "",
    }
}

/// Why a call gave no answer, or none that could be shown.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The command line is wrong.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// It is not known who asks, or where.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The command that has credentials gave none.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The query is wrong, or finds what it cannot work with.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The pages do not follow each other.
    #[error(transparent)]
    Paging(#[from] PagingError),
    /// The service answered with an error.
    #[error(
        "An error occurred ({}) when calling the {} operation{}: {}",
        .0.code, .0.operation, reached(.0.retries), .0.message
    )]
    Service(Box<ServiceError>),
    /// Nobody can be asked there.
    #[error("Invalid endpoint: {}", without_user(.0))]
    InvalidEndpoint(String),
    /// There is no connection.
    #[error("Could not connect to the endpoint URL: \"{url}\"")]
    NoConnection {
        /// Where to.
        url: String,
    },
    /// There was none in time.
    #[error("Connect timeout on endpoint URL: \"{url}\"")]
    ConnectTimeout {
        /// Where to.
        url: String,
    },
    /// There was no answer in time.
    #[error("Read timeout on endpoint URL: \"{url}\"")]
    ReadTimeout {
        /// From where.
        url: String,
    },
    /// The connection ended before there was an answer.
    #[error(
        "Connection was closed before we received a valid response from endpoint URL: \"{url}\"."
    )]
    Closed {
        /// From where.
        url: String,
    },
    /// The other side is not believed, or does not believe us.
    #[error("SSL validation failed for {url} {reason}")]
    Tls {
        /// Where to.
        url: String,
        /// Why.
        reason: String,
    },
    /// There is an answer, but not one of this service.
    #[error("Unable to parse response ({reason}), invalid response received from \"{url}\"")]
    Unreadable {
        /// From where.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The table would not be one, or what is shown cannot be.
    #[error(transparent)]
    Unprintable(#[from] crate::output::PrintError),
    /// There is no pager.
    #[error(
        "Unable to redirect output to pager. Received the following error when opening pager:\n\
         {0}\n\nLearn more about configuring the output pager by running \"aws help config-vars\"."
    )]
    Pager(String),
    /// Something of the system does not work.
    #[error("{0}")]
    System(String),
    /// It was interrupted.
    #[error("")]
    Interrupted,
}

fn reached(retries: Option<u32>) -> String {
    retries.map(|count| format!(" (reached max retries: {count})")).unwrap_or_default()
}

/// How errors are shown.
#[derive(Clone, Copy, Debug)]
pub struct Complaint<'a> {
    /// In which form.
    pub format: ErrorFormat,
    /// Where that is the form of an answer, the query is asked, as in the AWS CLI.
    pub query: Option<&'a Query>,
    /// How tables are drawn.
    pub style: Style,
}

impl CallError {
    /// The exit code of the process.
    pub fn exit_code(&self) -> u8 {
        match self {
            CallError::Refused(refused) => refused.exit_code(),
            CallError::Profile(error) if error.code().is_some() => EXIT_CONFIGURATION,
            CallError::Pager(_) => EXIT_CONFIGURATION,
            CallError::Query(QueryError::Malformed { .. }) => EXIT_USAGE,
            CallError::Service(_) => EXIT_SERVICE,
            CallError::Interrupted => EXIT_INTERRUPTED,
            CallError::Profile(_)
            | CallError::Process(_)
            | CallError::Query(_)
            | CallError::Paging(_)
            | CallError::InvalidEndpoint(_)
            | CallError::NoConnection { .. }
            | CallError::ConnectTimeout { .. }
            | CallError::ReadTimeout { .. }
            | CallError::Closed { .. }
            | CallError::Tls { .. }
            | CallError::Unreadable { .. }
            | CallError::Unprintable(_)
            | CallError::System(_) => EXIT_OTHER,
        }
    }

    /// What is said on standard error.
    pub fn text(&self, complaint: Complaint<'_>) -> String {
        let line = |message: &str| format!("\naws: [ERROR]: {message}\n");
        let message = self.to_string();
        if let CallError::Interrupted = self {
            return "\n".to_owned();
        }
        let parts = self.parts(message.trim());
        match (complaint.format, parts) {
            // A command line that is refused has its own layout.
            (ErrorFormat::Legacy | ErrorFormat::Enhanced, _) | (ErrorFormat::As(_), None)
                if let CallError::Refused(refused) = self =>
            {
                refused.text(complaint.format == ErrorFormat::Legacy)
            }
            (ErrorFormat::Legacy, _) | (_, None) => line(&message),
            (ErrorFormat::Enhanced, Some(_)) if let CallError::Service(error) = self => {
                format!("{}{}", line(&message), details(&error.members))
            }
            (ErrorFormat::Enhanced, Some(parts)) => {
                let code = parts.get("Code").and_then(Value::as_text).unwrap_or_default();
                line(&format!("An error occurred ({code}): {message}"))
            }
            (ErrorFormat::As(format), Some(parts)) => {
                let found = complaint.query.map_or(Ok(parts.clone()), |query| query.search(&parts));
                let found = found.ok();
                let shown = found.and_then(|v| print(format, "error", &v, complaint.style).ok());
                shown.unwrap_or_else(|| line(&message))
            }
        }
    }

    /// The error as a map, if it is one that has parts.
    fn parts(&self, message: &str) -> Option<Value> {
        let (code, message, more) = match self {
            CallError::Service(error) => (&*error.code, &*error.message, error.members.entries()),
            CallError::Refused(refused) => (refused.code()?, message, [].as_slice()),
            CallError::Profile(error) => (error.code()?, message, [].as_slice()),
            CallError::Query(QueryError::Malformed { .. }) => {
                ("ParamValidation", message, [].as_slice())
            }
            CallError::Pager(_) => ("Pager", message, [].as_slice()),
            CallError::Process(_)
            | CallError::Query(_)
            | CallError::Paging(_)
            | CallError::InvalidEndpoint(_)
            | CallError::NoConnection { .. }
            | CallError::ConnectTimeout { .. }
            | CallError::ReadTimeout { .. }
            | CallError::Closed { .. }
            | CallError::Tls { .. }
            | CallError::Unreadable { .. }
            | CallError::Unprintable(_)
            | CallError::System(_)
            | CallError::Interrupted => return None,
        };
        // In the order in which the AWS CLI has them.
        let mut parts = Value::map();
        parts.set("Message", Value::text(message));
        parts.set("Code", Value::text(code));
        for (name, value) in more {
            parts.set(name, value.clone());
        }
        Some(parts)
    }
}

/// What else the service has said, a line for each.
fn details(members: &Value) -> String {
    if members.entries().is_empty() {
        return String::new();
    }
    let mut text = "\nAdditional error details:\n".to_owned();
    for (name, value) in members.entries() {
        text.push_str(&format!("{name}: {}\n", inline(value)));
    }
    text
}

fn inline(value: &Value) -> String {
    use crate::python::shown as text;
    let is_simple = |value: &Value| !matches!(value, Value::List(_) | Value::Map(_));
    match value {
        Value::List(items) if items.len() <= INLINE_ITEMS_MAX && items.iter().all(is_simple) => {
            format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(", "))
        }
        Value::Map(entries)
            if entries.len() <= INLINE_ITEMS_MAX && entries.iter().all(|(_, v)| is_simple(v)) =>
        {
            let entries = entries.iter().map(|(key, value)| format!("{key}: {}", text(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Value::List(_) | Value::Map(_) => "<complex value> (Use --cli-error-format with json or \
                                           yaml to see full details)"
            .to_owned(),
        Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) | Value::Text(_) => {
            text(value)
        }
    }
}

#[cfg(test)]
mod tests;
