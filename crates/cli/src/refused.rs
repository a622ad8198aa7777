//! Why a command line is refused, with the texts, the layout and the exit codes of AWS CLI v2.
//!
//! Texts of errors name `aws`, as the AWS CLI's do, since that is what scripts look for; how to get
//! help is said in our own words, since `aws help` would lead a reader nowhere.

use crate::check::Violation;
use crate::file::FileError;
use crate::python::{NotANumber, quoted};
use crate::query::QueryError;
use crate::shorthand::ShorthandError;
use thiserror::Error;

/// How to get help, as it stands behind or before the errors that it could have spared.
pub const USAGE: &str = "\
usage: tidewheel swf [options] <subcommand> [parameters]
To see help text, you can run:

  tidewheel swf help
  tidewheel swf <subcommand> help
";

/// Why a command line is refused.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum Refused {
    /// The words do not fit the options.
    #[error("{0}\n\n{USAGE}")]
    Usage(#[from] UsageError),
    /// Options, or words, that nobody knows.
    #[error("Unknown options: {}", .0.join(", "))]
    UnknownOptions(Vec<String>),
    /// An endpoint that names no protocol.
    #[error(
        "Bad value for --endpoint-url \"{0}\": scheme is missing.  Must be of the form \
         http://<hostname>/ or https://<hostname>/"
    )]
    EndpointWithoutScheme(String),
    /// A query that cannot be read.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// Options for paging where pages are not followed.
    #[error("Cannot specify --no-paginate along with pagination arguments: {}", .0.join(", "))]
    PagingWithoutPages(Vec<String>),
    /// A value that cannot be read.
    #[error("Error parsing parameter '{name}': {reason}")]
    Parameter {
        /// The option, mostly with its dashes
        name: String,
        /// Why
        reason: ParameterError,
    },
    /// The whole input twice.
    #[error("Only one --cli-input- parameter may be specified.")]
    TwoInputs,
    /// Parameters that the server would refuse, or that it does not know.
    #[error("Parameter validation failed:\n{}", lines(.0))]
    Violations(Vec<Violation>),
    /// What should be a whole number is none, where the AWS CLI does not look before it counts on
    /// it.
    #[error(transparent)]
    NotANumber(#[from] NotANumber),
    /// A time limit below zero.
    #[error(
        "Attempted to set {which} timeout to {seconds}, but the timeout cannot be set to a value \
         less than or equal to 0."
    )]
    TimeoutBelowZero {
        /// The limit: `read` or `connect`
        which: &'static str,
        /// What it was to be
        seconds: i64,
    },
    /// A file within a shorthand that cannot be loaded.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Why the value of an option cannot be read.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum ParameterError {
    /// It is no shorthand.
    #[error(transparent)]
    Shorthand(#[from] ShorthandError),
    /// The file that it names cannot be loaded.
    #[error(transparent)]
    File(#[from] FileError),
    /// It begins as JSON does, and is none.
    #[error("Invalid JSON: {reason}\nJSON received: {json}")]
    Json {
        /// Why
        reason: String,
        /// The value
        json: String,
    },
    /// It begins as other JSON than what belongs there.
    #[error("Invalid JSON:\n{0}")]
    OtherJson(String),
    /// What should be the whole input as JSON is none.
    #[error("Invalid JSON received.")]
    InputJson,
    /// What should be the whole input as YAML is none.
    #[error("Invalid YAML received.")]
    InputYaml,
    /// The whole input is no map.
    #[error("Invalid type: expecting map, received {0}")]
    InputNotAMap(&'static str),
}

/// Words that do not fit the options.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UsageError {
    /// Arguments that have to be there are not.
    #[error("the following arguments are required: {}", .0.join(", "))]
    Required(Vec<String>),
    /// An option without its value.
    #[error("argument {0}: expected one argument")]
    NoValue(String),
    /// An option that takes no value has one.
    #[error("argument {argument}: ignored explicit argument {}", quoted(.value))]
    ExplicitValue {
        /// The option
        argument: String,
        /// The value behind its `=`
        value: String,
    },
    /// A word that is none of those that are allowed.
    #[error("argument {argument}: {}", invalid_choice(.value, .close))]
    InvalidChoice {
        /// The option, or what stands in its place
        argument: String,
        /// The word
        value: String,
        /// Words that it could have meant
        close: Vec<String>,
    },
    /// What should be a whole number is none.
    #[error("argument {argument}: invalid int value: {}", quoted(.value))]
    NotANumber {
        /// The option
        argument: String,
        /// The value
        value: String,
    },
    /// The beginning of more than one option.
    #[error("ambiguous option: {given} could match {}", .matches.join(", "))]
    Ambiguous {
        /// What was given
        given: String,
        /// What it could mean
        matches: Vec<String>,
    },
}

impl Refused {
    /// The exit code of the process.
    pub fn exit_code(&self) -> u8 {
        match self {
            Refused::Usage(_)
            | Refused::UnknownOptions(_)
            | Refused::EndpointWithoutScheme(_)
            | Refused::Query(_)
            | Refused::PagingWithoutPages(_)
            | Refused::Parameter { .. }
            | Refused::TwoInputs
            | Refused::Violations(_) => 252,
            Refused::NotANumber(_) | Refused::TimeoutBelowZero { .. } | Refused::File(_) => 255,
        }
    }

    /// The error's code, where it has one; the formats of `--cli-error-format` show it beside the
    /// message, which is what `to_string` gives. One without a code is only ever text.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Refused::Usage(_)
            | Refused::EndpointWithoutScheme(_)
            | Refused::Query(_)
            | Refused::PagingWithoutPages(_)
            | Refused::Parameter { .. }
            | Refused::TwoInputs
            | Refused::Violations(_) => Some("ParamValidation"),
            Refused::UnknownOptions(_)
            | Refused::NotANumber(_)
            | Refused::TimeoutBelowZero { .. }
            | Refused::File(_) => None,
        }
    }

    /// What goes to standard error. `legacy` is that format, which leaves the code out.
    pub fn text(&self, legacy: bool) -> String {
        let message = self.to_string();
        let message = message.trim();
        let unknown = matches!(self, Refused::UnknownOptions(_));
        let before = if unknown { format!("\n{USAGE}\n") } else { String::new() };
        match self.code() {
            Some(code) if !legacy => {
                format!("{before}\naws: [ERROR]: An error occurred ({code}): {message}\n")
            }
            Some(_) | None => format!("{before}\naws: [ERROR]: {message}\n"),
        }
    }
}

fn lines(violations: &[Violation]) -> String {
    violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The lines on a word that is none of those that are allowed.
fn invalid_choice(value: &str, close: &[String]) -> String {
    let mut lines = vec![format!("Found invalid choice {}\n", quoted(value))];
    if !close.is_empty() {
        lines.push("Maybe you meant:\n".to_owned());
        lines.extend(close.iter().map(|word| format!("  * {word}")));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn required() -> Refused {
        UsageError::Required(vec!["--domain".to_owned(), "--name".to_owned()]).into()
    }

    #[test]
    fn the_usage_follows_what_it_could_have_spared() {
        let expected = "\n\
            aws: [ERROR]: An error occurred (ParamValidation): the following arguments are \
            required: --domain, --name\n\n\
            usage: tidewheel swf [options] <subcommand> [parameters]\n\
            To see help text, you can run:\n\n  \
            tidewheel swf help\n  \
            tidewheel swf <subcommand> help\n";
        assert_eq!(required().text(false), expected);
        assert_eq!(required().exit_code(), 252);
    }

    #[test]
    fn the_legacy_layout_has_no_code() {
        let expected = "\naws: [ERROR]: the following arguments are required: --domain, --name\n";
        assert!(required().text(true).starts_with(expected));
    }

    #[test]
    fn the_usage_comes_before_unknown_options() {
        let refused = Refused::UnknownOptions(vec!["--bogus".to_owned(), "x".to_owned()]);
        let expected = format!("\n{USAGE}\n\naws: [ERROR]: Unknown options: --bogus, x\n");
        assert_eq!(refused.text(false), expected);
    }

    #[test]
    fn words_that_could_be_meant_are_listed() {
        let mut error = UsageError::InvalidChoice {
            argument: "operation".to_owned(),
            value: "list-domain".to_owned(),
            close: vec!["list-domains".to_owned()],
        };
        let text = Refused::Usage(error.clone()).text(false);
        let expected = "argument operation: Found invalid choice 'list-domain'\n\n\
            Maybe you meant:\n\n  * list-domains\n\nusage: ";
        assert!(text.contains(expected), "{text}");
        if let UsageError::InvalidChoice { close, .. } = &mut error {
            close.clear();
        }
        let text = Refused::Usage(error).text(false);
        assert!(text.contains("Found invalid choice 'list-domain'\n\n\nusage: "), "{text}");
    }
}
