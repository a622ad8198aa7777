//! The file of limits: which quotas and throttles differ from a base.
//!
//! Invariant: what is not known is an error wherever it stands, and every error names the file and
//! the place in it.

use super::near;
use service::{Limits, Rate, Throttles};
use std::io;
use std::path::{Path, PathBuf};
use toml::{Table, Value};
use wire::{DecisionType, Operation};

/// A throttle is between one a second and more than a machine can do.
const RATE_MAX: i64 = 1_000_000_000;

/// The tables of the file, and what begins it.
const MEMBERS: [&str; 6] =
    ["base", "quotas", "requests", "requests_per_workflow", "decisions", "decisions_per_task_list"];

/// What is wrong with the limits, in one line.
#[derive(Debug, thiserror::Error)]
pub enum LimitsError {
    #[error(
        "cannot read the file of limits {}: {source}; there are also 'default' and 'aws'",
        path.display()
    )]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("the file of limits {} is no TOML: {text}", path.display())]
    NoToml { path: PathBuf, text: String },
    #[error("{name} in {} is no limit; {}", path.display(), advice(.name, .known))]
    Unknown { path: PathBuf, name: String, known: Vec<String> },
    #[error("{name} in {}: {wanted}, not {given}", path.display())]
    Invalid { path: PathBuf, name: String, wanted: String, given: String },
}

/// The name that was probably meant, or all that would have been right there.
fn advice(name: &str, known: &[String]) -> String {
    match known.iter().find(|known| near::is_near(name, known)) {
        Some(known) => format!("did you mean {known}?"),
        None => format!("there are {}", known.join(", ")),
    }
}

/// The quotas and throttles under a name that needs no file.
pub(super) fn named(name: &str) -> Option<(Limits, Throttles)> {
    match name {
        "default" => Some((Limits::AWS, Throttles::default())),
        "aws" => Some((Limits::AWS, Throttles::aws())),
        _ => None,
    }
}

/// Reads a file's text.
pub(super) fn parse(path: &Path, text: &str) -> Result<(Limits, Throttles), LimitsError> {
    let table: Table = toml::from_str(text).map_err(|error| {
        let text = super::toml_error(text, &error);
        LimitsError::NoToml { path: path.to_owned(), text }
    })?;
    let file = File { path };
    let (mut limits, mut throttles) = match table.get("base") {
        None => (Limits::AWS, Throttles::default()),
        Some(base) => base
            .as_str()
            .and_then(named)
            .ok_or_else(|| file.invalid("base", "must be 'default' or 'aws'", base))?,
    };
    for (name, value) in &table {
        match name.as_str() {
            "base" => (),
            "quotas" => file.quotas(file.table(name, value)?, &mut limits)?,
            "requests" => {
                let known: Vec<_> = Operation::ALL.iter().map(|o| (o.name(), *o)).collect();
                for (operation, rate) in file.rates(name, value, &known)? {
                    set(&mut throttles.requests, operation, rate);
                }
            }
            "requests_per_workflow" => {
                let known = Throttles::WORKFLOW_REQUESTS.map(|o| (o.name(), o));
                for (operation, rate) in file.rates(name, value, &known)? {
                    set(&mut throttles.workflow_requests, operation, rate);
                }
            }
            "decisions" => {
                let known = Throttles::DECISIONS.map(|d| (d.as_str(), d));
                for (decision_type, rate) in file.rates(name, value, &known)? {
                    set(&mut throttles.decisions, decision_type, rate);
                }
            }
            "decisions_per_task_list" => {
                let known = [DecisionType::ScheduleActivityTask].map(|d| (d.as_str(), d));
                for (_, rate) in file.rates(name, value, &known)? {
                    throttles.activities_per_task_list = rate;
                }
            }
            _ => return Err(file.unknown(name, MEMBERS.into_iter().map(str::to_owned))),
        }
    }
    Ok((limits, throttles))
}

fn set<K: Ord>(rates: &mut std::collections::BTreeMap<K, Rate>, key: K, rate: Option<Rate>) {
    match rate {
        Some(rate) => drop(rates.insert(key, rate)),
        None => drop(rates.remove(&key)),
    }
}

struct File<'p> {
    path: &'p Path,
}

impl File<'_> {
    fn quotas(&self, table: &Table, limits: &mut Limits) -> Result<(), LimitsError> {
        for (name, value) in table {
            let place = format!("quotas.{name}");
            let known = Limits::ALL.iter().find(|(known, _)| known == name);
            let (Some((_, range)), Some(quota)) = (known, limits.get_mut(name)) else {
                let known = Limits::ALL.iter().map(|(known, _)| format!("quotas.{known}"));
                return Err(self.unknown(&place, known));
            };
            let number = value.as_integer().and_then(|number| u64::try_from(number).ok());
            *quota = number.filter(|number| range.contains(number)).ok_or_else(|| {
                let (min, max) = (range.start(), range.end());
                let wanted = format!("must be a whole number from {min} to {max}");
                self.invalid(&place, &wanted, value)
            })?;
        }
        Ok(())
    }

    /// The throttles of a table, `None` for those that there are not to be.
    fn rates<T: Copy>(
        &self,
        table_name: &str,
        value: &Value,
        known: &[(&'static str, T)],
    ) -> Result<Vec<(T, Option<Rate>)>, LimitsError> {
        let mut rates = Vec::new();
        for (name, value) in self.table(table_name, value)? {
            let place = format!("{table_name}.{name}");
            let Some((_, counted)) = known.iter().find(|(known, _)| known == name) else {
                let known = known.iter().map(|(known, _)| format!("{table_name}.{known}"));
                return Err(self.unknown(&place, known));
            };
            rates.push((*counted, self.rate(&place, value)?));
        }
        Ok(rates)
    }

    fn rate(&self, place: &str, value: &Value) -> Result<Option<Rate>, LimitsError> {
        if value.as_str() == Some("none") {
            return Ok(None);
        }
        let Some(table) = value.as_table() else {
            let wanted = "must be 'none' or such as { bucket = 100, refill_per_second = 10 }";
            return Err(self.invalid(place, wanted, value));
        };
        let members = ["bucket", "refill_per_second"];
        if let Some((name, _)) = table.iter().find(|(name, _)| !members.contains(&name.as_str())) {
            let known = members.into_iter().map(|member| format!("{place}.{member}"));
            return Err(self.unknown(&format!("{place}.{name}"), known));
        }
        let number = |member: &str| {
            let wanted = format!("must be a whole number from 1 to {RATE_MAX}");
            let place = format!("{place}.{member}");
            let given = table.get(member);
            let number = given.and_then(Value::as_integer);
            let number = number.filter(|number| (1..=RATE_MAX).contains(number));
            number.and_then(|number| u32::try_from(number).ok()).ok_or_else(|| match given {
                Some(given) => self.invalid(&place, &wanted, given),
                None => self.wrong(&place, &wanted, "missing".to_owned()),
            })
        };
        let [bucket, refill_per_second] = members.map(number);
        Ok(Some(Rate { bucket: bucket?, refill_per_second: refill_per_second? }))
    }

    fn table<'v>(&self, name: &str, value: &'v Value) -> Result<&'v Table, LimitsError> {
        value.as_table().ok_or_else(|| self.invalid(name, "must be a table", value))
    }

    fn unknown(&self, name: &str, known: impl Iterator<Item = String>) -> LimitsError {
        let known = known.collect();
        LimitsError::Unknown { path: self.path.to_owned(), name: name.to_owned(), known }
    }

    fn invalid(&self, name: &str, wanted: &str, given: &Value) -> LimitsError {
        let given = match given {
            Value::String(text) => format!("'{}'", text.replace('\n', " ")),
            Value::Integer(number) => format!("'{number}'"),
            Value::Float(number) => format!("'{number:?}'"),
            Value::Boolean(truth) => format!("'{truth}'"),
            Value::Datetime(_) | Value::Array(_) | Value::Table(_) => {
                format!("of type {}", given.type_str())
            }
        };
        self.wrong(name, wanted, given)
    }

    fn wrong(&self, name: &str, wanted: &str, given: String) -> LimitsError {
        let (path, name, wanted) = (self.path.to_owned(), name.to_owned(), wanted.to_owned());
        LimitsError::Invalid { path, name, wanted, given }
    }
}

#[cfg(test)]
mod tests;
