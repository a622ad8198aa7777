//! The value of an option, as words, into what the operation takes.
//!
//! Structures are JSON if they begin as JSON does, and shorthand otherwise; so are lists of
//! structures, word by word. Lists of texts are their words, or one JSON list. A value that names a
//! file is what is in the file.

use crate::check::Violation;
use crate::file::{Files, Loaded};
use crate::model::{Kind, Member, Model, ShapeId};
use crate::option::Opt;
use crate::python::whole_number;
use crate::refused::{ParameterError, Refused};
use crate::shorthand::{self, Stop};
use crate::value::Value;

/// The words of an option, with the file loaded that a single one names.
pub(crate) enum Given {
    /// One text: an option's only value, or what is in a file.
    Text(String),
    /// All words of an option that takes a list.
    Words(Vec<String>),
    /// The bytes of a file.
    Bytes(Vec<u8>),
}

impl Given {
    /// What was given for an option. `list` says whether it takes any number of words.
    pub fn load(
        option: &Opt,
        mut words: Vec<String>,
        list: bool,
        files: &dyn Files,
    ) -> Result<Given, Refused> {
        let loaded = match words.as_slice() {
            [word] => Loaded::of(word, files),
            _ => None,
        };
        match loaded {
            Some(Ok(Loaded::Text(text))) => Ok(Given::Text(text)),
            Some(Ok(Loaded::Bytes(bytes))) => Ok(Given::Bytes(bytes)),
            Some(Err(error)) => Err(refused(option, error.into())),
            None if list => Ok(Given::Words(words)),
            None => Ok(Given::Text(words.pop().expect("an option has a value"))),
        }
    }
}

/// What an option says of its member.
pub(crate) fn unpack(
    option: &Opt,
    member: &Member,
    given: Given,
    files: &dyn Files,
) -> Result<Value, Refused> {
    let unpacking = Unpacking { option, member, files };
    match given {
        Given::Bytes(bytes) => Err(Refused::Violations(vec![Violation::bytes(member, &bytes)])),
        Given::Text(text) => unpacking.text(text),
        Given::Words(words) => unpacking.words(&words),
    }
}

fn refused(option: &Opt, reason: ParameterError) -> Refused {
    Refused::Parameter { name: format!("--{}", option.name), reason }
}

struct Unpacking<'a> {
    option: &'a Opt,
    member: &'a Member,
    files: &'a dyn Files,
}

impl Unpacking<'_> {
    fn text(&self, text: String) -> Result<Value, Refused> {
        match &Model::get().shape(self.member.shape).kind {
            Kind::Integer { .. } => Ok(Value::Integer(whole_number(&text)?)),
            Kind::Structure { .. } => self.structure(&text),
            // What is in a file and no JSON is one structure, or a text letter by letter, though
            // neither is what somebody means; the checks then refuse the one.
            Kind::List { .. } if text.trim_start().starts_with('[') => self.json(&text),
            Kind::List { member, .. } if is_structure(*member) => {
                if looks_like_json(&text) {
                    self.other_json(&text)
                } else {
                    self.shorthand(&text)
                }
            }
            Kind::List { .. } => Ok(Value::List(text.chars().map(Value::text).collect())),
            Kind::Text { .. } | Kind::Boolean | Kind::Timestamp => Ok(Value::Text(text)),
        }
    }

    fn words(&self, words: &[String]) -> Result<Value, Refused> {
        let Kind::List { member, .. } = Model::get().shape(self.member.shape).kind else {
            panic!("only a list is given as words");
        };
        match words {
            [word] if word.trim_start().starts_with('[') => return self.json(word),
            _ => (),
        }
        let read = |word: &String| -> Result<Value, Refused> {
            if !is_structure(member) {
                return Ok(Value::text(word));
            }
            // The first word says for all whether they are JSON.
            let json = words.first().is_some_and(|first| looks_like_json(first));
            if !json {
                self.one_of_list(word)
            } else if word.trim_start().starts_with('{') {
                self.json(word)
            } else {
                self.other_json(word)
            }
        };
        Ok(Value::List(words.iter().map(read).collect::<Result<_, _>>()?))
    }

    fn structure(&self, text: &str) -> Result<Value, Refused> {
        if text.trim_start().starts_with('{') {
            self.json(text)
        } else if looks_like_json(text) {
            self.other_json(text)
        } else {
            self.shorthand(text)
        }
    }

    fn one_of_list(&self, text: &str) -> Result<Value, Refused> {
        let Value::List(mut items) = self.fitted(Value::List(vec![self.parsed(text)?]))? else {
            panic!("a list stays one");
        };
        Ok(items.pop().expect("it was put in"))
    }

    fn shorthand(&self, text: &str) -> Result<Value, Refused> {
        let value = self.parsed(text)?;
        match Model::get().shape(self.member.shape).kind {
            // One structure where a list should be: it stays one.
            Kind::List { .. } => Ok(value),
            Kind::Text { .. }
            | Kind::Integer { .. }
            | Kind::Boolean
            | Kind::Timestamp
            | Kind::Structure { .. } => self.fitted(value),
        }
    }

    fn parsed(&self, text: &str) -> Result<Value, Refused> {
        shorthand::parse(text, self.files).map_err(|stop| match stop {
            Stop::Shorthand(error) => refused(self.option, error.into()),
            Stop::File(error) => Refused::File(error),
            Stop::Bytes(bytes) => Refused::Violations(vec![Violation::bytes(self.member, &bytes)]),
        })
    }

    fn fitted(&self, mut value: Value) -> Result<Value, Refused> {
        shorthand::fit(&mut value, self.member.shape)?;
        Ok(value)
    }

    fn json(&self, text: &str) -> Result<Value, Refused> {
        Value::parse(text).map_err(|error| {
            let (reason, json) = (error.to_string(), text.to_owned());
            refused(self.option, ParameterError::Json { reason, json })
        })
    }

    fn other_json(&self, text: &str) -> Result<Value, Refused> {
        Err(refused(self.option, ParameterError::OtherJson(text.to_owned())))
    }
}

fn is_structure(shape: ShapeId) -> bool {
    matches!(Model::get().shape(shape).kind, Kind::Structure { .. })
}

fn looks_like_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}
