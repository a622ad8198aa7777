//! From a JSON body to a typed request: first types, then constraints, then decoding.
//!
//! The order and the texts are those of AWS's front end (api.md, section 1.4): a member of the
//! wrong type is a `SerializationException` and ends the check; broken constraints are collected,
//! at most ten, into one `ValidationException`.

// The lint is about our enumerations; JSON has its six kinds of values for good.
#![allow(clippy::wildcard_enum_match_arm)]

use crate::decision::check_decisions;
use crate::fault::Fault;
use crate::model::{Kind, Model, Shape};
use crate::request::{Operation, Request};
use crate::rules;
use serde_json::{Map, Value};

/// The most violations that one fault names.
const VIOLATIONS_MAX: usize = 10;

impl Model {
    /// Checks the body of a request against everything the model and the prose around it say.
    pub fn check(&self, operation: Operation, body: Value) -> Result<Request, Fault> {
        let body = self.examine(operation.name(), body)?;
        rules::check_filters(operation, &body)?;
        let request = Request::from_checked(operation, body)?;
        if let Request::RespondDecisionTaskCompleted(input) = &request {
            check_decisions(input.decisions.as_deref().unwrap_or_default())?;
        }
        Ok(request)
    }

    /// What the model alone says of the body of a request.
    pub(crate) fn examine(&self, operation: &str, body: Value) -> Result<Value, Fault> {
        let input = self.input(operation);
        let body = self.convert(input, body)?.unwrap_or_else(|| Value::Object(Map::new()));
        let mut violations = Violations::default();
        self.constrain(input, &body, &mut String::new(), &mut violations);
        violations.into_result()?;
        Ok(body)
    }

    /// Gives every member its type. Nulls and unknown members are dropped at every level, and an
    /// empty text where the model allows none of substance is an absent one.
    fn convert(&self, shape: &Shape, value: Value) -> Result<Option<Value>, Fault> {
        if value.is_null() {
            return Ok(None);
        }
        match &shape.kind {
            Kind::Text { .. } => match value {
                Value::String(text) if text.is_empty() && rules::empty_is_absent(&shape.name) => {
                    Ok(None)
                }
                Value::String(_) => Ok(Some(value)),
                other => Err(wrong_type(&other, "String")),
            },
            Kind::Boolean => match value {
                Value::Bool(_) => Ok(Some(value)),
                Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true.into())),
                Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false.into())),
                other => Err(wrong_type(&other, "Boolean")),
            },
            Kind::Integer { .. } => match whole(&value) {
                Some(number) => Ok(Some(number.into())),
                None => Err(wrong_type(&value, "Integer")),
            },
            Kind::Timestamp => match value {
                Value::Number(_) => Ok(Some(value)),
                other => Err(wrong_type(&other, "Date")),
            },
            Kind::List { member, .. } => match value {
                Value::Array(items) => {
                    let member = self.shape(*member);
                    let mut converted = Vec::with_capacity(items.len());
                    for item in items {
                        converted.extend(self.convert(member, item)?);
                    }
                    Ok(Some(Value::Array(converted)))
                }
                Value::Object(_) => Err(serialization(START_OF_STRUCTURE)),
                _ => Err(serialization(UNEXPECTED_FIELD)),
            },
            Kind::Structure { members } => match value {
                Value::Object(mut given) => {
                    let mut converted = Map::new();
                    for member in members {
                        let Some(value) = given.remove(&member.name) else { continue };
                        if let Some(value) = self.convert(self.shape(member.shape), value)? {
                            converted.insert(member.name.clone(), value);
                        }
                    }
                    Ok(Some(Value::Object(converted)))
                }
                Value::Array(_) => Err(serialization(
                    "Unrecognized collection type class com.amazonaws.swf.base.model.".to_owned()
                        + &shape.name,
                )),
                _ => Err(serialization(UNEXPECTED_FIELD)),
            },
        }
    }

    /// Collects the constraints that `value` breaks, below `path`.
    fn constrain(&self, shape: &Shape, value: &Value, path: &mut String, found: &mut Violations) {
        match &shape.kind {
            Kind::Text { length_min, length_max, words } => {
                let text = value.as_str().unwrap_or_default();
                let length = text.encode_utf16().count();
                if !words.is_empty() && !words.iter().any(|word| word == text) {
                    let rule = format!(
                        "Member must satisfy enum value set: [{}]",
                        rules::words_in_order(&shape.name, words).join(", ")
                    );
                    found.add(text, path, &rule);
                }
                if length < *length_min {
                    found.add(text, path, &at_least("length", *length_min));
                } else if length_max.is_some_and(|max| length > max) {
                    found.add(text, path, &at_most("length", length_max.unwrap_or_default()));
                } else if let Some(rule) = rules::broken_by_text(&shape.name, text) {
                    found.add(text, path, rule);
                }
            }
            Kind::Integer { min, max } => {
                let number = value.as_i64().unwrap_or_default();
                if let Some(min) = min.filter(|min| number < *min) {
                    found.add(&number.to_string(), path, &at_least("value", min));
                }
                if let Some(max) = max.filter(|max| number > *max) {
                    found.add(&number.to_string(), path, &at_most("value", max));
                }
            }
            Kind::Boolean | Kind::Timestamp => (),
            Kind::List { member, length_max } => {
                let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
                if length_max.is_some_and(|max| items.len() > max) {
                    let texts: Vec<_> = items.iter().filter_map(Value::as_str).collect();
                    let text = format!("[{}]", texts.join(", "));
                    found.add(&text, path, &at_most("length", length_max.unwrap_or_default()));
                }
                for (index, item) in items.iter().enumerate() {
                    let step = format!("{}.member", index + 1);
                    descend(path, &step, |path| {
                        self.constrain(self.shape(*member), item, path, found);
                    });
                }
            }
            Kind::Structure { members } => {
                for member in members {
                    descend(path, &member.name, |path| match value.get(&member.name) {
                        Some(inner) => {
                            if let Some((text, rule)) =
                                rules::broken_by_member(&shape.name, &member.name, inner)
                            {
                                let suffix = if inner.is_object() { "name" } else { "" };
                                descend(path, suffix, |path| found.add(text, path, rule));
                            }
                            self.constrain(self.shape(member.shape), inner, path, found);
                        }
                        None if member.required => found.add_null(path),
                        None => (),
                    });
                }
            }
        }
    }
}

/// The violations found so far.
#[derive(Default)]
struct Violations {
    items: Vec<String>,
}

impl Violations {
    fn add(&mut self, value: &str, path: &str, rule: &str) {
        self.push(format!("Value '{value}' at '{path}' failed to satisfy constraint: {rule}"));
    }

    fn add_null(&mut self, path: &str) {
        self.push(format!(
            "Value null at '{path}' failed to satisfy constraint: Member must not be null"
        ));
    }

    fn push(&mut self, item: String) {
        if self.items.len() < VIOLATIONS_MAX {
            self.items.push(item);
        }
    }

    fn into_result(self) -> Result<(), Fault> {
        match self.items.len() {
            0 => Ok(()),
            1 => Err(Fault::Validation(format!("1 validation error detected: {}", self.items[0]))),
            count => Err(Fault::Validation(format!(
                "{count} validation errors detected: {}",
                self.items.join("; ")
            ))),
        }
    }
}

const START_OF_STRUCTURE: &str = "Start of structure or map found where not expected";
const UNEXPECTED_FIELD: &str = "Unexpected field type";

/// The texts of AWS's JSON reader for a value of the wrong type.
fn wrong_type(value: &Value, wanted: &str) -> Fault {
    let token = match value {
        Value::Object(_) => return serialization(START_OF_STRUCTURE),
        Value::Array(_) => {
            return serialization(format!("Unrecognized collection type class java.lang.{wanted}"));
        }
        Value::Null => "NULL_VALUE",
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Number(number) if wanted == "Integer" && number.is_f64() => "DECIMAL_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::String(_) => "STRING_VALUE",
    };
    serialization(format!("{token} cannot be converted to {wanted}"))
}

fn serialization(text: impl Into<String>) -> Fault {
    Fault::Serialization(Some(text.into()))
}

/// A whole number within 32 bits, however it is written.
fn whole(value: &Value) -> Option<i64> {
    let number = value.as_i64().or_else(|| {
        let number = value.as_f64()?;
        (number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i64)
    })?;
    i32::try_from(number).is_ok().then_some(number)
}

fn at_least(what: &str, bound: impl std::fmt::Display) -> String {
    format!("Member must have {what} greater than or equal to {bound}")
}

fn at_most(what: &str, bound: impl std::fmt::Display) -> String {
    format!("Member must have {what} less than or equal to {bound}")
}

/// Runs `inside` with `step` added to the path; an empty step adds nothing.
fn descend(path: &mut String, step: &str, inside: impl FnOnce(&mut String)) {
    let length = path.len();
    if !step.is_empty() {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(step);
    }
    inside(path);
    path.truncate(length);
}

#[cfg(test)]
mod tests;
