//! From the words of a command line to what it asks for, checked.
//!
//! The order in which mistakes are found is the AWS CLI's: options for every operation first, then
//! the operation, then its options, then their values one by one, then all parameters together.

use crate::arguments::{self, Rest, Takes};
use crate::check::{check, settle};
use crate::file::Files;
use crate::invocation::{
    Action, Color, Command, Failure, Globals, Invocation, Paging, Skeleton, Stage,
};
use crate::likeness::close_matches;
use crate::model::{Model, Operation};
use crate::option::{Global, Opt, Role, SKELETONS};
use crate::parameter::{Given, unpack};
use crate::python::{type_of, whole_number};
use crate::query::Query;
use crate::refused::{ParameterError, Refused, UsageError};
use crate::value::Value;
use crate::yaml;

/// Reads the words behind `swf`.
///
/// # Errors
///
/// What is wrong with them, in the words of the AWS CLI.
pub fn read(words: &[String], files: &dyn Files) -> Result<Command, Failure> {
    let mut globals = Globals::default();
    let mut reading = Reading { globals: &mut globals, files, stage: Stage::Words };
    let asked = reading.command(words);
    let stage = reading.stage;
    match asked {
        Ok(Asked::Version) => Ok(Command::Version),
        Ok(Asked::Help(operation)) => Ok(Command::Help { operation, globals: Box::new(globals) }),
        Ok(Asked::Invoke { operation, parameters, paging, action, warnings }) => {
            let invocation =
                Invocation { operation, parameters, globals, paging, action, warnings };
            Ok(Command::Invoke(Box::new(invocation)))
        }
        Err(refused) => Err(Failure { refused, stage, globals: Box::new(globals) }),
    }
}

struct Reading<'a> {
    globals: &'a mut Globals,
    files: &'a dyn Files,
    /// How far it is.
    stage: Stage,
}

/// What is asked for, without the options that concern every operation.
enum Asked {
    Version,
    Help(Option<&'static Operation>),
    Invoke {
        operation: &'static Operation,
        parameters: Value,
        paging: Paging,
        action: Action,
        warnings: Vec<String>,
    },
}

/// What ends the reading of options that concern every operation.
enum Halt {
    Refused(Refused),
    Version,
}

impl From<UsageError> for Halt {
    fn from(error: UsageError) -> Halt {
        Halt::Refused(error.into())
    }
}

/// What the AWS CLI says before it goes on.
const WARNING_MAX_ITEMS: &str =
    "warning: Non-positive values for --max-items may result in undefined behavior.";

impl Reading<'_> {
    fn command(&mut self, words: &[String]) -> Result<Asked, Refused> {
        let rest = match self.globals(words) {
            Ok(rest) => rest,
            Err(Halt::Version) => return Ok(Asked::Version),
            Err(Halt::Refused(refused)) => return Err(refused),
        };
        // Of what is left, the first that looks like no option is the operation.
        let rest = arguments::parse::<UsageError>(&[], &rest, |_, _| Ok(()))?;
        let (name, words) = rest.take();
        let name = name.ok_or_else(|| UsageError::Required(vec!["operation".to_owned()]))?;
        if name == "help" {
            return Ok(Asked::Help(None));
        }
        let operation = Model::get().command(&name).ok_or_else(|| {
            let known = Model::get().operations().iter().map(|o| o.command.as_str());
            invalid_choice("operation", &name, known.chain(["help"]))
        })?;
        if words == ["help"] {
            return Ok(Asked::Help(Some(operation)));
        }
        self.operation(operation, &words)
    }

    /// Takes the options that concern every operation out of the words.
    fn globals(&mut self, words: &[String]) -> Result<Vec<String>, Halt> {
        let shapes: Vec<_> =
            Global::ALL.iter().map(|global| (global.name(), global.takes())).collect();
        let mut timeouts = [None, None];
        let rest = arguments::parse(&shapes, words, |place, mut values| {
            let value = values.pop();
            self.global(Global::ALL[place], value, &mut timeouts)
        })?;
        if let Some(text) = &self.globals.query {
            Query::parse(text).map_err(|error| Halt::Refused(error.into()))?;
        }
        if let Some(url) = &self.globals.endpoint_url
            && !has_scheme(url)
        {
            return Err(Halt::Refused(Refused::EndpointWithoutScheme(url.clone())));
        }
        let [read, connect] = timeouts;
        self.globals.read_timeout = timeout("read", read).map_err(Halt::Refused)?;
        self.globals.connect_timeout = timeout("connect", connect).map_err(Halt::Refused)?;
        Ok(rest.words)
    }

    fn global(
        &mut self,
        global: Global,
        value: Option<String>,
        [read_timeout, connect_timeout]: &mut [Option<String>; 2],
    ) -> Result<(), Halt> {
        if let Some(word) = &value
            && !global.words().is_empty()
            && !global.words().contains(&word.as_str())
        {
            let argument = format!("--{}", global.name());
            return Err(invalid_choice(&argument, word, global.words().iter().copied()).into());
        }
        let globals = &mut *self.globals;
        match global {
            Global::Version => return Err(Halt::Version),
            Global::Debug => globals.debug = true,
            Global::EndpointUrl => globals.endpoint_url = value,
            Global::NoVerifySsl => globals.verify_ssl = false,
            Global::NoPaginate => globals.paginate = false,
            Global::Output => globals.output = value,
            Global::Query => globals.query = value,
            // An empty name is none, as in the AWS CLI.
            Global::Profile => globals.profile = value.filter(|name| !name.is_empty()),
            Global::Region => globals.region = value,
            Global::Color => {
                globals.color = match value.as_deref() {
                    Some("on") => Color::On,
                    Some("off") => Color::Off,
                    Some(_) | None => Color::Auto,
                };
            }
            Global::NoSignRequest => globals.sign_request = false,
            Global::CaBundle => globals.ca_bundle = value,
            Global::ReadTimeout => *read_timeout = value,
            Global::ConnectTimeout => *connect_timeout = value,
            Global::BinaryFormat => globals.binary_format = value,
            Global::NoPager => globals.pager = false,
            Global::AutoPrompt => globals.auto_prompt = Some(true),
            Global::NoAutoPrompt => globals.auto_prompt = Some(false),
            Global::ErrorFormat => globals.error_format = value,
        }
        Ok(())
    }

    fn operation(
        &mut self,
        operation: &'static Operation,
        words: &[String],
    ) -> Result<Asked, Refused> {
        let options = Opt::all(operation);
        let shapes: Vec<_> =
            options.iter().map(|option| (option.name.as_str(), option.takes())).collect();
        let mut given = OptionsGiven::none(options.len());
        let rest =
            arguments::parse(&shapes, words, |place, values| given.take(&options, place, values))?;
        given.check_required(&options, words)?;
        let unknown = match leftover(rest) {
            Leftover::Help => return Ok(Asked::Help(Some(operation))),
            Leftover::Unknown(words) => words,
        };
        if !unknown.is_empty() {
            return Err(Refused::UnknownOptions(unknown));
        }
        let by_hand = options
            .iter()
            .zip(&given.values)
            .any(|(option, values)| option.hidden && values.is_some());
        let paging_options = given.paging_options(&options);
        self.paging(operation, by_hand, &paging_options)?;
        let mut request = Request { parameters: Value::map(), inputs: Vec::new(), token: None };
        for (option, values) in options.iter().zip(&mut given.values) {
            if let Some(values) = values.take() {
                self.value(option, values, &mut request)?;
            }
        }
        let Request { mut parameters, inputs, token } = request;
        let mut warnings = Vec::new();
        if given.max_items.is_some_and(|items| items <= 0) {
            warnings.push(WARNING_MAX_ITEMS.to_owned());
        }
        self.stage = Stage::Input;
        if let Some(input) = self.input(inputs)? {
            for (name, value) in input {
                if parameters.get(&name).is_none() {
                    parameters.set(&name, value);
                }
            }
        }
        if let Some(paginator) = &operation.paginator {
            let tokens = [&paginator.input_token, &paginator.limit_key];
            let by_hand = tokens.iter().any(|token| parameters.get(token).is_some());
            self.paging(operation, by_hand, &paging_options)?;
        }
        let action = given.skeleton.map_or(Action::Call, Action::Skeleton);
        let paging = Paging {
            paginate: self.globals.paginate && operation.paginator.is_some(),
            page_size: given.page_size,
            max_items: given.max_items,
            starting_token: token,
        };
        self.stage = Stage::Parameters;
        match action {
            Action::Skeleton(Skeleton::Input | Skeleton::YamlInput) => (),
            Action::Call | Action::Skeleton(Skeleton::Output) => {
                // Of a sample, no pages are followed.
                let pages = paging.paginate && action == Action::Call;
                finish(operation, &paging, pages, &mut parameters)?;
            }
        }
        Ok(Asked::Invoke { operation, parameters, paging, action, warnings })
    }

    /// Turns the following of pages off if single pages are asked for, and refuses options for
    /// paging where it is off.
    fn paging(
        &mut self,
        operation: &Operation,
        by_hand: bool,
        paging_options: &[String],
    ) -> Result<(), Refused> {
        if by_hand {
            self.globals.paginate = false;
        }
        if operation.paginator.is_some() && !self.globals.paginate && !paging_options.is_empty() {
            return Err(Refused::PagingWithoutPages(paging_options.to_vec()));
        }
        Ok(())
    }

    /// Takes the value of an option into a request.
    fn value<'a>(
        &self,
        option: &'a Opt,
        words: Vec<String>,
        request: &mut Request<'a>,
    ) -> Result<(), Refused> {
        match option.role {
            Role::Flag { member, on } => request.parameters.set(&member.name, Value::Bool(on)),
            Role::Member(member) => {
                let list = option.takes() == Takes::Any;
                let given = Given::load(option, words, list, self.files)?;
                let value = unpack(option, member, given, self.files)?;
                request.parameters.set(&member.name, value);
            }
            Role::InputJson | Role::InputYaml => {
                request.inputs.push((option, Given::load(option, words, false, self.files)?));
            }
            Role::StartingToken => {
                request.token = text(Given::load(option, words, false, self.files)?);
            }
            // They were read when they were found.
            Role::MaxItems | Role::PageSize | Role::Skeleton => (),
        }
        Ok(())
    }

    /// The whole input, if it was given as JSON or YAML.
    fn input(
        &self,
        mut inputs: Vec<(&Opt, Given)>,
    ) -> Result<Option<Vec<(String, Value)>>, Refused> {
        if inputs.len() > 1 {
            return Err(Refused::TwoInputs);
        }
        let Some((option, given)) = inputs.pop() else { return Ok(None) };
        let yaml = matches!(option.role, Role::InputYaml);
        let value = text(given)
            .and_then(|text| if yaml { yaml::parse(&text) } else { Value::parse(&text).ok() });
        match value {
            Some(Value::Map(entries)) => Ok(Some(entries)),
            Some(other) => Err(Refused::Parameter {
                name: format!("--{}", option.name),
                reason: ParameterError::InputNotAMap(type_of(&other)),
            }),
            None => Err(Refused::Parameter {
                name: option.name.clone(),
                reason: if yaml { ParameterError::InputYaml } else { ParameterError::InputJson },
            }),
        }
    }
}

/// A request that is being put together.
struct Request<'a> {
    parameters: Value,
    /// The whole input, in each form in which it was given.
    inputs: Vec<(&'a Opt, Given)>,
    /// `--starting-token`
    token: Option<String>,
}

/// What was given for an option that takes one text; none if it is the bytes of a file that are no
/// text.
fn text(given: Given) -> Option<String> {
    match given {
        Given::Text(text) => Some(text),
        Given::Bytes(bytes) => String::from_utf8(bytes).ok(),
        Given::Words(_) => panic!("the option takes one text"),
    }
}

/// Makes parameters ready to be sent, as a page of several if `pages`.
fn finish(
    operation: &Operation,
    paging: &Paging,
    pages: bool,
    parameters: &mut Value,
) -> Result<(), Refused> {
    if let (Some(paginator), true) = (&operation.paginator, pages) {
        if let Some(size) = paging.page_size {
            parameters.set(&paginator.limit_key, Value::Integer(size));
        }
    } else if paging.starting_token.is_some()
        || paging.page_size.is_some()
        || paging.max_items.is_some()
    {
        // Options for paging are no conflict with a sample, nor an empty token and a zero with
        // `--no-paginate`, and the AWS CLI then stumbles over its own name for them.
        parameters.set("PaginationConfig", Value::map());
    }
    let violations = check(operation, parameters);
    if !violations.is_empty() {
        return Err(Refused::Violations(violations));
    }
    settle(parameters, operation.input);
    Ok(())
}

/// The options of an operation that were given, each with the last of its values.
struct OptionsGiven {
    /// By the option's place in the list of all.
    values: Vec<Option<Vec<String>>>,
    skeleton: Option<Skeleton>,
    page_size: Option<i64>,
    max_items: Option<i64>,
}

impl OptionsGiven {
    /// Nothing, of so many options.
    fn none(options: usize) -> OptionsGiven {
        let values = vec![None; options];
        OptionsGiven { values, skeleton: None, page_size: None, max_items: None }
    }

    fn take(
        &mut self,
        options: &[Opt],
        place: usize,
        values: Vec<String>,
    ) -> Result<(), UsageError> {
        let option = &options[place];
        let argument = || format!("--{}", option.name);
        let number = |values: &[String]| {
            let value = values.last().expect("the option has a value");
            let refused = |_| UsageError::NotANumber { argument: argument(), value: value.clone() };
            whole_number(value).map(Some).map_err(refused)
        };
        match option.role {
            Role::PageSize => self.page_size = number(&values)?,
            Role::MaxItems => self.max_items = number(&values)?,
            Role::Skeleton => {
                self.skeleton = Some(match values.last().map(String::as_str) {
                    None | Some("input") => Skeleton::Input,
                    Some("yaml-input") => Skeleton::YamlInput,
                    Some("output") => Skeleton::Output,
                    Some(word) => {
                        return Err(invalid_choice(&argument(), word, SKELETONS.iter().copied()));
                    }
                });
            }
            // The other of the pair no longer counts.
            Role::Flag { member, .. } => {
                for (option, values) in options.iter().zip(&mut self.values) {
                    if matches!(option.role, Role::Flag { member: m, .. } if m.name == member.name)
                    {
                        *values = None;
                    }
                }
            }
            Role::Member(_) | Role::InputJson | Role::InputYaml | Role::StartingToken => (),
        }
        self.values[place] = Some(values);
        Ok(())
    }

    /// Refuses if options are missing, unless the input can come from elsewhere or a sample of it
    /// is asked for. The AWS CLI sees that from the words alone: written as `--cli-input-json=...`
    /// the option makes nothing optional.
    fn check_required(&self, options: &[Opt], words: &[String]) -> Result<(), UsageError> {
        let is_there = |name| words.iter().any(|word| word == name);
        let skeleton = words.iter().position(|word| word == "--generate-cli-skeleton");
        let sample = skeleton.is_some_and(|place| words.get(place + 1) != Some(&"output".into()));
        if sample || is_there("--cli-input-json") || is_there("--cli-input-yaml") {
            return Ok(());
        }
        let missing = options.iter().zip(&self.values);
        let missing: Vec<String> = missing
            .filter(|(option, values)| option.required && values.is_none())
            .map(|(option, _)| format!("--{}", option.name))
            .collect();
        if missing.is_empty() { Ok(()) } else { Err(UsageError::Required(missing)) }
    }

    /// The options for paging that were given and say something.
    fn paging_options(&self, options: &[Opt]) -> Vec<String> {
        let says_something = |(option, values): &(&Opt, &Option<Vec<String>>)| match option.role {
            Role::StartingToken => values.as_ref().is_some_and(|words| words != &[String::new()]),
            Role::PageSize => self.page_size.is_some_and(|size| size != 0),
            Role::MaxItems => self.max_items.is_some_and(|items| items != 0),
            Role::Member(_)
            | Role::Flag { .. }
            | Role::InputJson
            | Role::InputYaml
            | Role::Skeleton => false,
        };
        let given = options.iter().zip(&self.values).filter(says_something);
        given.map(|(option, _)| format!("--{}", option.name)).collect()
    }
}

/// What is left behind the options of an operation.
enum Leftover {
    Help,
    /// What nobody knows, or nothing.
    Unknown(Vec<String>),
}

/// The first word that looks like no option could be `help`; if it is not, it is told of last.
fn leftover(rest: Rest) -> Leftover {
    let (word, mut words) = rest.take();
    let Some(word) = word else { return Leftover::Unknown(words) };
    match word.as_str() {
        "help" => return Leftover::Help,
        // As in the AWS CLI, an empty word is none.
        "" => (),
        _ => words.push(word),
    }
    Leftover::Unknown(words)
}

fn invalid_choice<'a>(
    argument: &str,
    value: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> UsageError {
    UsageError::InvalidChoice {
        argument: argument.to_owned(),
        value: value.to_owned(),
        close: close_matches(value, known),
    }
}

/// Whether an address begins with the name of a protocol.
fn has_scheme(url: &str) -> bool {
    let Some((scheme, _)) = url.split_once(':') else { return false };
    let mut letters = scheme.chars();
    letters.next().is_some_and(|letter| letter.is_ascii_alphabetic())
        && letters.all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter))
}

fn timeout(which: &'static str, value: Option<String>) -> Result<Option<u64>, Refused> {
    let Some(value) = value else { return Ok(None) };
    let seconds = whole_number(&value)?;
    let refused = |_| Refused::TimeoutBelowZero { which, seconds };
    u64::try_from(seconds).map(Some).map_err(refused)
}

#[cfg(test)]
mod tests;
