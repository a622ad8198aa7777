//! The options of the command line: those of each operation, made from the model, and those that
//! concern every operation. Parser, help, man pages and completions all read these tables.

use crate::arguments::Takes;
use crate::invocation::Globals;
use crate::model::{Kind, Member, Model, Operation, kebab};

/// Members whose options have names of their own, since `--version` prints the program's.
const RENAMED: &[(&str, &str, &str)] = &[
    ("RegisterActivityType", "version", "activity-version"),
    ("RegisterWorkflowType", "version", "workflow-version"),
];

/// An option of an operation.
#[derive(Clone, Debug)]
pub struct Opt {
    /// Its name, without dashes.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Whether it has to be given.
    pub required: bool,
    /// Whether help leaves it out: the options for single pages, which the AWS CLI had before it
    /// followed pages by itself.
    pub hidden: bool,
}

/// What an option of an operation is for.
#[derive(Clone, Copy, Debug)]
pub enum Role {
    /// A member of the input.
    Member(&'static Member),
    /// A truth value of the input: it is true if `on`.
    Flag {
        /// The member
        member: &'static Member,
        /// What giving the option says
        on: bool,
    },
    /// The input as JSON.
    InputJson,
    /// The input as YAML.
    InputYaml,
    /// Where to go on among pages.
    StartingToken,
    /// How much is asked for with each page.
    PageSize,
    /// How much is shown in all.
    MaxItems,
    /// A sample instead of a call.
    Skeleton,
}

impl Opt {
    fn new(name: impl Into<String>, role: Role) -> Opt {
        Opt { name: name.into(), role, required: false, hidden: false }
    }

    /// The options of an operation, in the order of its help.
    pub fn all(operation: &'static Operation) -> Vec<Opt> {
        let mut options = Vec::new();
        let mut renamed = Vec::new();
        for member in operation.members() {
            let paged = operation.paginator.as_ref();
            let hidden = paged.is_some_and(|paginator| {
                [&paginator.input_token, &paginator.limit_key].contains(&&member.name)
            });
            let own_name = RENAMED
                .iter()
                .find(|(of, name, _)| *of == operation.name && *name == member.name)
                .map(|(_, _, own_name)| *own_name);
            let name = own_name.map_or_else(|| kebab(&member.name), str::to_owned);
            match &Model::get().shape(member.shape).kind {
                Kind::Boolean => {
                    let off = format!("no-{name}");
                    options.push(Opt::new(name, Role::Flag { member, on: true }));
                    options.push(Opt::new(off, Role::Flag { member, on: false }));
                }
                Kind::Text { .. }
                | Kind::Integer { .. }
                | Kind::Timestamp
                | Kind::List { .. }
                | Kind::Structure { .. } => {
                    let role = Role::Member(member);
                    let option = Opt { name, role, required: member.required, hidden };
                    let list = if own_name.is_some() { &mut renamed } else { &mut options };
                    list.push(option);
                }
            }
        }
        options.append(&mut renamed);
        options.push(Opt::new("cli-input-json", Role::InputJson));
        options.push(Opt::new("cli-input-yaml", Role::InputYaml));
        if operation.paginator.is_some() {
            options.push(Opt::new("starting-token", Role::StartingToken));
            options.push(Opt::new("page-size", Role::PageSize));
            options.push(Opt::new("max-items", Role::MaxItems));
        }
        options.push(Opt::new("generate-cli-skeleton", Role::Skeleton));
        options
    }

    pub(crate) fn takes(&self) -> Takes {
        match self.role {
            Role::Flag { .. } => Takes::Nothing,
            Role::Skeleton => Takes::Maybe,
            Role::Member(member) => match Model::get().shape(member.shape).kind {
                Kind::List { .. } => Takes::Any,
                Kind::Text { .. }
                | Kind::Integer { .. }
                | Kind::Boolean
                | Kind::Timestamp
                | Kind::Structure { .. } => Takes::One,
            },
            Role::InputJson
            | Role::InputYaml
            | Role::StartingToken
            | Role::PageSize
            | Role::MaxItems => Takes::One,
        }
    }
}

/// What `--generate-cli-skeleton` can be.
pub(crate) const SKELETONS: &[&str] = &["input", "output", "yaml-input"];

/// An option that concerns every operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Global {
    /// `--debug`
    Debug,
    /// `--endpoint-url`
    EndpointUrl,
    /// `--no-verify-ssl`
    NoVerifySsl,
    /// `--no-paginate`
    NoPaginate,
    /// `--output`
    Output,
    /// `--query`
    Query,
    /// `--profile`
    Profile,
    /// `--region`
    Region,
    /// `--version`
    Version,
    /// `--color`
    Color,
    /// `--no-sign-request`
    NoSignRequest,
    /// `--ca-bundle`
    CaBundle,
    /// `--cli-read-timeout`
    ReadTimeout,
    /// `--cli-connect-timeout`
    ConnectTimeout,
    /// `--cli-binary-format`
    BinaryFormat,
    /// `--no-cli-pager`
    NoPager,
    /// `--cli-auto-prompt`
    AutoPrompt,
    /// `--no-cli-auto-prompt`
    NoAutoPrompt,
    /// `--cli-error-format`
    ErrorFormat,
}

impl Global {
    /// All of them, in the order of the help.
    pub const ALL: &[Global] = &[
        Global::Debug,
        Global::EndpointUrl,
        Global::NoVerifySsl,
        Global::NoPaginate,
        Global::Output,
        Global::Query,
        Global::Profile,
        Global::Region,
        Global::Version,
        Global::Color,
        Global::NoSignRequest,
        Global::CaBundle,
        Global::ReadTimeout,
        Global::ConnectTimeout,
        Global::BinaryFormat,
        Global::NoPager,
        Global::AutoPrompt,
        Global::NoAutoPrompt,
        Global::ErrorFormat,
    ];

    /// Its name, without dashes.
    pub fn name(self) -> &'static str {
        match self {
            Global::Debug => "debug",
            Global::EndpointUrl => "endpoint-url",
            Global::NoVerifySsl => "no-verify-ssl",
            Global::NoPaginate => "no-paginate",
            Global::Output => "output",
            Global::Query => "query",
            Global::Profile => "profile",
            Global::Region => "region",
            Global::Version => "version",
            Global::Color => "color",
            Global::NoSignRequest => "no-sign-request",
            Global::CaBundle => "ca-bundle",
            Global::ReadTimeout => "cli-read-timeout",
            Global::ConnectTimeout => "cli-connect-timeout",
            Global::BinaryFormat => "cli-binary-format",
            Global::NoPager => "no-cli-pager",
            Global::AutoPrompt => "cli-auto-prompt",
            Global::NoAutoPrompt => "no-cli-auto-prompt",
            Global::ErrorFormat => "cli-error-format",
        }
    }

    /// The words that its value is one of; none if it is free, or if it has no value.
    pub fn words(self) -> &'static [&'static str] {
        match self {
            Global::Output => Globals::OUTPUTS,
            Global::Color => Globals::COLORS,
            Global::BinaryFormat => Globals::BINARY_FORMATS,
            Global::ErrorFormat => Globals::ERROR_FORMATS,
            Global::Debug
            | Global::EndpointUrl
            | Global::NoVerifySsl
            | Global::NoPaginate
            | Global::Query
            | Global::Profile
            | Global::Region
            | Global::Version
            | Global::NoSignRequest
            | Global::CaBundle
            | Global::ReadTimeout
            | Global::ConnectTimeout
            | Global::NoPager
            | Global::AutoPrompt
            | Global::NoAutoPrompt => &[],
        }
    }

    /// Whether it has a value.
    pub fn has_value(self) -> bool {
        match self {
            Global::EndpointUrl
            | Global::Output
            | Global::Query
            | Global::Profile
            | Global::Region
            | Global::Color
            | Global::CaBundle
            | Global::ReadTimeout
            | Global::ConnectTimeout
            | Global::BinaryFormat
            | Global::ErrorFormat => true,
            Global::Debug
            | Global::NoVerifySsl
            | Global::NoPaginate
            | Global::Version
            | Global::NoSignRequest
            | Global::NoPager
            | Global::AutoPrompt
            | Global::NoAutoPrompt => false,
        }
    }

    /// What it does.
    pub fn help(self) -> &'static str {
        match self {
            Global::Debug => "Says on standard error what is done and why.",
            Global::EndpointUrl => {
                "Sends requests to this address instead of the one that is configured. Without any, \
                 it is that of the local server."
            }
            Global::NoVerifySsl => "Takes any certificate from the server. Think twice.",
            Global::NoPaginate => {
                "Makes one call, for the first page of results, instead of following pages to the \
                 last."
            }
            Global::Output => "The form in which answers are printed.",
            Global::Query => "A JMESPath query on the answer; what it finds is printed.",
            Global::Profile => "The profile in the files of configuration and of credentials.",
            Global::Region => "The region. It counts more than what is configured.",
            Global::Version => "Prints the version of the program, and does nothing else.",
            Global::Color => "Whether output has colors.",
            Global::NoSignRequest => {
                "Sends requests without a signature, and loads no credentials."
            }
            Global::CaBundle => {
                "A file with the certificates that the server's has to lead to. It counts more than \
                 what is configured."
            }
            Global::ReadTimeout => {
                "How many seconds to wait for an answer. With 0 there is no limit; the default is 60."
            }
            Global::ConnectTimeout => {
                "How many seconds to wait for a connection. With 0 there is no limit; the default \
                 is 60."
            }
            Global::BinaryFormat => {
                "How bytes are written in parameters. No operation of SWF takes any."
            }
            Global::NoPager => "Does not hand output to a pager.",
            Global::AutoPrompt => {
                "Asks for parameters on the terminal, in the AWS CLI. Here it is taken and nothing \
                 is asked."
            }
            Global::NoAutoPrompt => "The opposite of --cli-auto-prompt.",
            Global::ErrorFormat => "The form in which errors are printed; the default is enhanced.",
        }
    }

    pub(crate) fn takes(self) -> Takes {
        if self.has_value() { Takes::One } else { Takes::Nothing }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(command: &str, expected: &str) {
        let operation = Model::get().command(command).expect("it is an operation");
        let shown: Vec<String> = Opt::all(operation)
            .iter()
            .map(|option| {
                let hidden = if option.hidden { "?" } else { "" };
                let required = if option.required { "!" } else { "" };
                format!("{}{hidden}{required}", option.name)
            })
            .collect();
        assert_eq!(shown.join(" "), expected);
    }

    /// The options that version 2 of the AWS CLI was seen to show, without those that all
    /// operations have; `!` are required.
    #[test]
    fn every_operation_has_the_options_of_the_aws_cli() {
        let mut lines = 0;
        for line in include_str!("option/shown.txt").lines() {
            let (command, expected) = line.split_once(": ").expect("a name and its options");
            let operation = Model::get().command(command).expect("it is an operation");
            let mut options = Opt::all(operation);
            // A pair is told once.
            options.retain(|option| {
                !option.hidden
                    && match option.role {
                        Role::Member(_) | Role::Flag { on: true, .. } => true,
                        Role::StartingToken | Role::PageSize | Role::MaxItems => true,
                        Role::Flag { on: false, .. } => false,
                        Role::InputJson | Role::InputYaml | Role::Skeleton => false,
                    }
            });
            let shown = options.iter().map(|option| {
                let required = if option.required { "!" } else { "" };
                format!("{}{required}", option.name)
            });
            let expected = expected.replace("+paging", "starting-token page-size max-items");
            let mut shown: Vec<String> = shown.collect();
            let mut expected: Vec<&str> = expected.split(' ').collect();
            // Which are there is compared here; their order is the model's.
            shown.sort_unstable();
            expected.sort_unstable();
            assert_eq!(shown, expected, "{command}");
            lines += 1;
        }
        assert_eq!(lines, Model::get().operations().len());
    }

    #[test]
    fn the_options_for_every_operation_are_those_of_the_aws_cli() {
        let names: Vec<&str> = Global::ALL.iter().map(|global| global.name()).collect();
        let expected = "debug endpoint-url no-verify-ssl no-paginate output query profile region \
                        version color no-sign-request ca-bundle cli-read-timeout \
                        cli-connect-timeout cli-binary-format no-cli-pager cli-auto-prompt \
                        no-cli-auto-prompt cli-error-format";
        assert_eq!(names.join(" "), expected);
    }

    #[test]
    fn options_are_in_the_models_order_with_renamed_ones_last() {
        check(
            "register-workflow-type",
            "domain! name! description default-task-start-to-close-timeout \
             default-execution-start-to-close-timeout default-task-list default-task-priority \
             default-child-policy default-lambda-role workflow-version! cli-input-json \
             cli-input-yaml generate-cli-skeleton",
        );
    }

    #[test]
    fn options_for_single_pages_are_hidden() {
        check(
            "list-domains",
            "next-page-token? registration-status! maximum-page-size? reverse-order \
             no-reverse-order cli-input-json cli-input-yaml starting-token page-size max-items \
             generate-cli-skeleton",
        );
    }

    #[test]
    fn no_option_of_an_operation_has_the_name_of_one_for_all() {
        for operation in Model::get().operations() {
            let mut names: Vec<String> =
                Opt::all(operation).into_iter().map(|option| option.name).collect();
            let globals: Vec<&str> = Global::ALL.iter().map(|global| global.name()).collect();
            assert!(names.iter().all(|name| !globals.contains(&name.as_str())), "{names:?}");
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), Opt::all(operation).len());
        }
    }
}
