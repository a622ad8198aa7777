//! The words behind `tidewheel iam`, in the manner of `aws iam`: an operation and its options.
//!
//! Invariant: all of it follows from the table of operations ([`Shape`]), so an operation that there
//! is can be asked for. Text in, a task out: files are read by what is handed in.

use super::command::{Command, DISCARD_SEALED_KEYS, DRY_RUN, PLACE};
use crate::settings::is_near;
use access::identity::{Kind, Member, Shape};
use cli::profile::ClientFiles;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What is to be done, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    pub place: Place,
    pub task: Task,
}

/// The options that every operation has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub endpoint_url: Option<String>,
    pub profile: Option<String>,
    pub region: Option<String>,
    pub ca_bundle: Option<String>,
    pub client: Option<ClientFiles>,
    pub data_dir: Option<String>,
    pub config: Option<PathBuf>,
    pub master_key_file: Option<String>,
    pub account: Option<String>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Say what there is.
    Help,
    /// Say what an operation takes.
    HelpOn(Command),
    /// An operation on identities, with its members as JSON.
    Operation(&'static Shape, Map<String, Value>),
    /// Identities as a file describes them.
    Import { file: PathBuf, prune: bool, dry_run: bool },
    /// A new master key; the old ones stay, unless they are to be dropped.
    RotateMasterKey { drop_old: bool },
    /// A master key in the place of one that is lost. What that has sealed is deleted, or shown.
    ReplaceMasterKey { dry_run: bool },
    /// A new key of the tokens.
    RotateTokenKey,
}

/// Wrong usage, in one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(String);

/// Reads the words behind `tidewheel iam`. `read_file` reads what an option names as a file.
pub fn parse(
    words: &[String],
    read_file: &dyn Fn(&Path) -> std::io::Result<String>,
) -> Result<Invocation, UsageError> {
    let place = Place::default();
    let (name, rest) = match words.split_first() {
        None => {
            return Err(UsageError(
                "an operation is missing; tidewheel iam help lists them".to_owned(),
            ));
        }
        Some((name, rest)) if is_help(name) => {
            let task = match rest.iter().find(|word| !is_help(word)) {
                None => Task::Help,
                Some(operation) => Task::HelpOn(command(operation)?),
            };
            return Ok(Invocation { place, task });
        }
        Some((name, rest)) => (name, rest),
    };
    let command = command(name)?;
    if rest.iter().any(|word| is_help(word)) {
        return Ok(Invocation { place, task: Task::HelpOn(command) });
    }
    let mut options = Options { command, read_file, given: BTreeMap::new() };
    options.take(rest)?;
    options.invocation()
}

fn is_help(word: &str) -> bool {
    matches!(word, "help" | "--help" | "-h")
}

/// What there is of that name.
fn command(name: &str) -> Result<Command, UsageError> {
    let all = Command::all();
    all.get(name).copied().ok_or_else(|| {
        UsageError(match all.keys().find(|known| is_near(name, known)) {
            Some(known) => format!("{name} is no operation; did you mean {known}?"),
            None => format!("{name} is no operation; tidewheel iam help lists them"),
        })
    })
}

/// The options of one command line.
struct Options<'a> {
    command: Command,
    read_file: &'a dyn Fn(&Path) -> std::io::Result<String>,
    /// Values by options' names.
    given: BTreeMap<String, Vec<String>>,
}

impl Options<'_> {
    fn take(&mut self, words: &[String]) -> Result<(), UsageError> {
        let mut words = words.iter().peekable();
        while let Some(word) = words.next() {
            let Some(option) = word.strip_prefix("--") else {
                return Err(UsageError(format!("{word} is no option: options begin with --")));
            };
            let (option, mut values) = match option.split_once('=') {
                Some((option, value)) => (option, vec![value.to_owned()]),
                None => (option, Vec::new()),
            };
            let expected = self.expected(option)?;
            let several = match expected {
                Expected::Nothing if !values.is_empty() => {
                    return Err(UsageError(format!("--{option} takes no value")));
                }
                Expected::Nothing => None,
                Expected::One => Some(false),
                Expected::Several => Some(true),
            };
            if let Some(several) = several {
                while (values.is_empty() || several)
                    && let Some(value) = words.next_if(|word| !word.starts_with("--"))
                {
                    values.push(value.clone());
                }
                if values.is_empty() {
                    return Err(UsageError(format!("--{option} needs a value")));
                }
            }
            if self.given.insert(option.to_owned(), values).is_some() {
                return Err(UsageError(format!("--{option} is given twice")));
            }
        }
        Ok(())
    }

    fn expected(&self, option: &str) -> Result<Expected, UsageError> {
        let members = self.command.members();
        if let Some(member) = members.iter().find(|member| member.option() == option) {
            return Ok(match member.kind {
                Kind::Flag => Expected::Nothing,
                Kind::Texts | Kind::Tags | Kind::Named => Expected::Several,
                Kind::Text | Kind::Number | Kind::Status | Kind::Secret | Kind::Identities => {
                    Expected::One
                }
            });
        }
        let mut extras = PLACE.iter().chain(self.command.extras());
        match extras.find(|extra| extra.name == option) {
            Some(extra) if extra.value.is_some() => Ok(Expected::One),
            Some(_) => Ok(Expected::Nothing),
            None => {
                let extras = PLACE.iter().chain(self.command.extras());
                let known = members.iter().map(Member::option);
                let known = known.chain(extras.map(|extra| extra.name.to_owned()));
                let name = self.command.name();
                Err(UsageError(match known.into_iter().find(|known| is_near(option, known)) {
                    Some(known) => format!("unknown option --{option}; did you mean --{known}?"),
                    None => {
                        format!("unknown option --{option}; tidewheel iam {name} help lists them")
                    }
                }))
            }
        }
    }

    fn one(&mut self, name: &str) -> Option<String> {
        self.given.remove(name)?.into_iter().next()
    }

    fn flag(&mut self, name: &str) -> bool {
        self.given.remove(name).is_some()
    }

    fn invocation(mut self) -> Result<Invocation, UsageError> {
        let client = match (self.one("client-cert"), self.one("client-key")) {
            (None, None) => None,
            (Some(cert), Some(key)) => Some(ClientFiles { cert: cert.into(), key: key.into() }),
            (Some(_), None) | (None, Some(_)) => {
                let text = "--client-cert and --client-key go together";
                return Err(UsageError(text.to_owned()));
            }
        };
        let place = Place {
            client,
            endpoint_url: self.one("endpoint-url"),
            profile: self.one("profile"),
            region: self.one("region"),
            ca_bundle: self.one("ca-bundle"),
            data_dir: self.one("data-dir"),
            config: self.one("config").map(PathBuf::from),
            master_key_file: self.one("master-key-file"),
            account: self.one("account"),
        };
        if place.endpoint_url.is_some() {
            let local = [
                ("data-dir", place.data_dir.is_some()),
                ("account", place.account.is_some()),
                ("master-key-file", place.master_key_file.is_some()),
            ];
            if let Some((option, _)) = local.iter().find(|(_, given)| *given) {
                return Err(UsageError(format!(
                    "--{option} is of no use with --endpoint-url: the credentials say who acts, \
                     and where"
                )));
            }
        }
        let command = self.command;
        let missing: Vec<String> = command
            .members()
            .iter()
            .filter(|member| command.requires(member))
            .map(Member::option)
            .filter(|option| !self.given.contains_key(option))
            .map(|option| format!("--{option}"))
            .collect();
        if !missing.is_empty() {
            let missing = missing.join(", ");
            return Err(UsageError(format!("the following arguments are required: {missing}")));
        }
        if place.endpoint_url.is_none() {
            self.check_owner()?;
        }
        let task = match command {
            Command::Operation(shape) => Task::Operation(shape, self.members(shape)?),
            Command::Import => Task::Import {
                file: self.one("file").expect("it is required").into(),
                prune: self.flag("prune"),
                dry_run: self.flag("dry-run"),
            },
            Command::CreateRootKey => {
                let shape = Shape::of("CreateAccessKey").expect("there is such an operation");
                let members = Map::from_iter([("Root".to_owned(), true.into())]);
                Task::Operation(shape, members)
            }
            Command::RotateMasterKey => Task::RotateMasterKey { drop_old: self.flag("drop-old") },
            Command::ReplaceMasterKey => {
                let (discard, dry_run) = (self.flag(DISCARD_SEALED_KEYS), self.flag(DRY_RUN));
                if !discard && !dry_run {
                    return Err(UsageError(format!(
                        "access keys that cannot be opened are deleted with \
                         --{DISCARD_SEALED_KEYS} alone; --{DRY_RUN} shows them"
                    )));
                }
                Task::ReplaceMasterKey { dry_run }
            }
            Command::RotateTokenKey => Task::RotateTokenKey,
        };
        Ok(Invocation { place, task })
    }

    /// Where no credentials say who asks, the command line says whose user or keys are meant.
    fn check_owner(&self) -> Result<(), UsageError> {
        let members = self.command.members();
        let optional = |name: &str| {
            members.iter().any(|member| member.name == name && !self.command.requires(member))
        };
        let owners = match (optional("user_name"), optional("root")) {
            (true, true) => "--user-name or --root",
            (true, false) => "--user-name",
            (false, _) => return Ok(()),
        };
        if self.given.contains_key("user-name") || self.given.contains_key("root") {
            return Ok(());
        }
        let text = format!("on the data directory, {owners} must say whose is meant");
        Err(UsageError(text))
    }

    fn members(&mut self, shape: &Shape) -> Result<Map<String, Value>, UsageError> {
        let mut members = Map::new();
        for member in shape.members {
            let option = member.option();
            let Some(values) = self.given.remove(&option) else { continue };
            let values = values.into_iter().map(|value| self.content(&option, value));
            let values = values.collect::<Result<Vec<String>, _>>()?;
            members.insert(member.json_name(), self.value(member, &option, values)?);
        }
        Ok(members)
    }

    /// What an option says, or what is in the file that it names.
    fn content(&self, option: &str, value: String) -> Result<String, UsageError> {
        match value.strip_prefix("file://") {
            // A document is an object of JSON, and this may be the name of a file that has it.
            None if (option == "policy" || option.ends_with("policy-document"))
                && !value.trim_start().starts_with('{')
                && (self.read_file)(Path::new(&value)).is_ok() =>
            {
                Err(UsageError(format!("--{option} {value}: did you mean file://{value}?")))
            }
            None => Ok(value),
            Some(path) => (self.read_file)(Path::new(path))
                .map_err(|error| UsageError(format!("--{option}: cannot read {path}: {error}"))),
        }
    }

    fn value(
        &self,
        member: &Member,
        option: &str,
        mut values: Vec<String>,
    ) -> Result<Value, UsageError> {
        let wanted = |what: &str| UsageError(format!("--{option} {what}"));
        let mut first = || values.first_mut().map(std::mem::take).unwrap_or_default();
        Ok(match member.kind {
            Kind::Text => first().into(),
            // A file's last line may have an end.
            Kind::Secret => first().trim_end_matches(['\r', '\n']).into(),
            Kind::Flag => true.into(),
            Kind::Number => {
                let number: u64 = first().parse().map_err(|_| wanted("must be a whole number"))?;
                number.into()
            }
            Kind::Status => match first() {
                status if status == "Active" || status == "Inactive" => status.into(),
                _ => return Err(wanted("must be Active or Inactive")),
            },
            Kind::Texts => match json_list(&values) {
                Some(list) => list,
                None => values.into(),
            },
            Kind::Tags => match json_list(&values) {
                Some(list) => list,
                None => {
                    let tags = values.iter().map(|value| tag(value));
                    let tags = tags.collect::<Option<Vec<Value>>>();
                    tags.ok_or_else(|| wanted("must be tags such as Key=team,Value=orders"))?.into()
                }
            },
            Kind::Named => {
                let entries = values.iter().map(|value| context_entry(value));
                let entries =
                    entries.collect::<Option<Vec<(String, String)>>>().ok_or_else(|| {
                        wanted(
                            "must be entries such as \
                         ContextKeyName=aws:SourceIp,ContextKeyValues=10.0.0.1,\
                         ContextKeyType=ip",
                        )
                    })?;
                json!(entries.into_iter().collect::<BTreeMap<String, String>>())
            }
            Kind::Identities => return Err(wanted("must be a file")),
        })
    }
}

/// How many values an option takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    Nothing,
    One,
    Several,
}

/// A list that is written as JSON.
fn json_list(values: &[String]) -> Option<Value> {
    let [value] = values else { return None };
    match serde_json::from_str(value) {
        Ok(Value::Array(list)) => Some(list.into()),
        Ok(_) | Err(_) => None,
    }
}

/// `Key=team,Value=orders`. A value may have commas.
fn tag(text: &str) -> Option<Value> {
    let (key, value) = text.strip_prefix("Key=")?.split_once(",Value=")?;
    Some(json!({ "Key": key, "Value": value }))
}

/// `ContextKeyName=..,ContextKeyValues=..,ContextKeyType=..`; the type follows from the key.
fn context_entry(text: &str) -> Option<(String, String)> {
    let (name, rest) = text.strip_prefix("ContextKeyName=")?.split_once(",ContextKeyValues=")?;
    let value = match rest.rsplit_once(",ContextKeyType=") {
        Some((value, _)) => value,
        None => rest,
    };
    Some((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests;
