//! What a command line asks for, checked: the words that the reading of arguments and the making
//! of calls share.

use crate::model::Operation;
use crate::refused::Refused;
use crate::value::Value;

/// What a command line asks for.
#[derive(Debug)]
pub enum Command {
    /// `--version`, which wins over all that stands beside it: say which program this is.
    Version,
    /// `help`, for an operation or for all of them.
    Help {
        /// The operation; none is all of them.
        operation: Option<&'static Operation>,
        /// The options that concern every operation: how to show it.
        globals: Box<Globals>,
    },
    /// A call, or a sample of one.
    Invoke(Box<Invocation>),
}

/// An operation with its parameters, checked as far as the AWS CLI checks before it sends.
#[derive(Debug)]
pub struct Invocation {
    /// The operation.
    pub operation: &'static Operation,
    /// A map by the API's member names, as it goes on the wire: timestamps are whole seconds. The
    /// size of a page is in it.
    pub parameters: Value,
    /// The options that concern every operation.
    pub globals: Globals,
    /// How pages follow each other; of no meaning where the operation has none.
    pub paging: Paging,
    /// What to do with it.
    pub action: Action,
    /// What to say on standard error beforehand, each a line.
    pub warnings: Vec<String>,
}

/// What to do with the parameters of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Call it.
    Call,
    /// Print a sample, and call nothing. The parameters are checked for that of the output alone,
    /// and are not to be used for the others.
    Skeleton(Skeleton),
}

/// Which sample `--generate-cli-skeleton` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skeleton {
    /// An input for `--cli-input-json`.
    Input,
    /// An input for `--cli-input-yaml`.
    YamlInput,
    /// What the operation could answer, printed as an answer is.
    Output,
}

/// How pages follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paging {
    /// Whether pages are asked for until there are no more, and shown as one.
    pub paginate: bool,
    /// `--page-size`; it is among the parameters too.
    pub page_size: Option<i64>,
    /// `--max-items`: how many items are shown at most. Below 1 there is a warning, no refusal.
    pub max_items: Option<i64>,
    /// `--starting-token`, as it was given.
    pub starting_token: Option<String>,
}

/// The options that concern every operation. What is not given is none, or as it is in the AWS
/// CLI without configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Globals {
    /// `--debug`
    pub debug: bool,
    /// `--endpoint-url`; it has a scheme.
    pub endpoint_url: Option<String>,
    /// Off with `--no-verify-ssl`.
    pub verify_ssl: bool,
    /// Off with `--no-paginate`.
    pub paginate: bool,
    /// `--output`: one of `OUTPUTS`.
    pub output: Option<String>,
    /// `--query`, as it was given.
    pub query: Option<String>,
    /// `--profile`
    pub profile: Option<String>,
    /// `--region`
    pub region: Option<String>,
    /// `--color`
    pub color: Color,
    /// Off with `--no-sign-request`.
    pub sign_request: bool,
    /// `--ca-bundle`, a path.
    pub ca_bundle: Option<String>,
    /// `--cli-read-timeout` in seconds; 0 is for ever.
    pub read_timeout: Option<u64>,
    /// `--cli-connect-timeout` in seconds; 0 is for ever.
    pub connect_timeout: Option<u64>,
    /// `--cli-binary-format`: one of `BINARY_FORMATS`. SWF has no bytes that it could concern.
    pub binary_format: Option<String>,
    /// Off with `--no-cli-pager`.
    pub pager: bool,
    /// On with `--cli-auto-prompt`, off with `--no-cli-auto-prompt`.
    pub auto_prompt: Option<bool>,
    /// `--cli-error-format`: one of `ERROR_FORMATS`.
    pub error_format: Option<String>,
}

impl Globals {
    /// What `--output` can be.
    pub const OUTPUTS: &[&str] = &["json", "text", "table", "yaml", "yaml-stream", "off"];
    /// What `--color` can be.
    pub const COLORS: &[&str] = &["on", "off", "auto"];
    /// What `--cli-binary-format` can be.
    pub const BINARY_FORMATS: &[&str] = &["base64", "raw-in-base64-out"];
    /// What `--cli-error-format` can be.
    pub const ERROR_FORMATS: &[&str] = &["legacy", "json", "yaml", "text", "table", "enhanced"];
}

impl Default for Globals {
    fn default() -> Globals {
        Globals {
            debug: false,
            endpoint_url: None,
            verify_ssl: true,
            paginate: true,
            output: None,
            query: None,
            profile: None,
            region: None,
            color: Color::Auto,
            sign_request: true,
            ca_bundle: None,
            read_timeout: None,
            connect_timeout: None,
            binary_format: None,
            pager: true,
            auto_prompt: None,
            error_format: None,
        }
    }
}

/// Whether what is printed has colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// Always
    On,
    /// Never
    Off,
    /// On a terminal
    Auto,
}

/// What the AWS CLI looks at before it finds what is wrong. If something is wrong there, too, that is
/// what it tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The files of the configuration, as with everything.
    Words,
    /// The profile: the whole input is only read then.
    Input,
    /// Where requests go, and how often: parameters are checked with a client at hand. Whether there
    /// are credentials is seen after that.
    Parameters,
}

/// A command line that was refused, with what it said of how to show that.
#[derive(Debug)]
pub struct Failure {
    /// Why.
    pub refused: Refused,
    /// When the AWS CLI would find it.
    pub stage: Stage,
    /// The options that concern every operation, as far as they were read.
    pub globals: Box<Globals>,
}
