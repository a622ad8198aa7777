//! Answers as `aws iam` prints them: JSON in the order of the model, four spaces to a level.
//!
//! On the wire a moment is a number of seconds and a policy is a text; people are shown a date and
//! the policy itself.

use access::iso_date;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};
use std::fmt;
use wire::Timestamp;

/// A value of JSON whose objects keep their order.
#[derive(Clone, Debug, PartialEq)]
pub enum Ordered {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Ordered>),
    Object(Vec<(String, Ordered)>),
}

impl Ordered {
    /// An answer as it came, made readable.
    pub fn answer(bytes: &[u8]) -> Result<Ordered, serde_json::Error> {
        let mut answer: Ordered = serde_json::from_slice(bytes)?;
        answer.readable();
        Ok(answer)
    }

    /// A member of an object.
    pub fn get(&self, name: &str) -> Option<&Ordered> {
        let Ordered::Object(members) = self else { return None };
        members.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The list of an object, and its name there.
    pub fn into_list(self) -> Option<(String, Vec<Ordered>)> {
        let Ordered::Object(members) = self else { return None };
        members.into_iter().find_map(|(name, value)| match value {
            Ordered::List(list) => Some((name, list)),
            Ordered::Null
            | Ordered::Bool(_)
            | Ordered::Number(_)
            | Ordered::Text(_)
            | Ordered::Object(_) => None,
        })
    }

    /// As it is printed: nothing, if there is nothing to say.
    pub fn print(&self) -> String {
        let mut text = String::new();
        if *self != Ordered::Object(Vec::new()) {
            self.write(&mut text, 0);
            text.push('\n');
        }
        text
    }

    fn readable(&mut self) {
        match self {
            Ordered::Object(members) => {
                for (name, value) in members {
                    value.readable();
                    let readable = match value {
                        Ordered::Number(number) if is_moment(name) => {
                            number.as_f64().map(|seconds| Ordered::Text(date(seconds)))
                        }
                        Ordered::Text(text) if is_policy(name) => serde_json::from_str(text).ok(),
                        Ordered::Null
                        | Ordered::Bool(_)
                        | Ordered::Number(_)
                        | Ordered::Text(_)
                        | Ordered::List(_)
                        | Ordered::Object(_) => None,
                    };
                    if let Some(readable) = readable {
                        *value = readable;
                    }
                }
            }
            Ordered::List(list) => list.iter_mut().for_each(Ordered::readable),
            Ordered::Null | Ordered::Bool(_) | Ordered::Number(_) | Ordered::Text(_) => (),
        }
    }

    fn write(&self, text: &mut String, level: usize) {
        match self {
            Ordered::Null => text.push_str("null"),
            Ordered::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
            Ordered::Number(number) => text.push_str(&number.to_string()),
            Ordered::Text(value) => text.push_str(&Value::from(value.as_str()).to_string()),
            Ordered::List(list) => {
                let write = |text: &mut String, value: &Ordered| value.write(text, level + 1);
                nested(text, level, ('[', ']'), list.iter(), write);
            }
            Ordered::Object(members) => {
                let write = |text: &mut String, (name, value): &(String, Ordered)| {
                    text.push_str(&Value::from(name.as_str()).to_string());
                    text.push_str(": ");
                    value.write(text, level + 1);
                };
                nested(text, level, ('{', '}'), members.iter(), write);
            }
        }
    }
}

fn nested<T>(
    text: &mut String,
    level: usize,
    (open, close): (char, char),
    entries: impl ExactSizeIterator<Item = T>,
    write: impl Fn(&mut String, T),
) {
    text.push(open);
    let count = entries.len();
    for (index, entry) in entries.enumerate() {
        text.push('\n');
        text.push_str(&" ".repeat(4 * (level + 1)));
        write(text, entry);
        if index + 1 < count {
            text.push(',');
        }
    }
    if count > 0 {
        text.push('\n');
        text.push_str(&" ".repeat(4 * level));
    }
    text.push(close);
}

fn is_moment(name: &str) -> bool {
    name.ends_with("Date") || name == "Expiration"
}

fn is_policy(name: &str) -> bool {
    name.ends_with("PolicyDocument")
}

fn date(seconds: f64) -> String {
    // A cast saturates, so that absurd dates stay absurd.
    iso_date(Timestamp((seconds * 1000.0).round() as i64))
}

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Ordered, D::Error> {
        deserializer.deserialize_any(OrderedVisitor)
    }
}

struct OrderedVisitor;

impl<'de> Visitor<'de> for OrderedVisitor {
    type Value = Ordered;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Ordered, E> {
        Ok(Ordered::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Ordered, E> {
        Ok(Ordered::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Ordered, E> {
        Ok(Ordered::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Ordered, E> {
        Ok(Ordered::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Ordered, E> {
        Ok(Number::from_f64(value).map_or(Ordered::Null, Ordered::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Ordered, E> {
        Ok(Ordered::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Ordered, A::Error> {
        let mut list = Vec::new();
        while let Some(entry) = entries.next_element()? {
            list.push(entry);
        }
        Ok(Ordered::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Ordered, A::Error> {
        let mut members = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            members.push(entry);
        }
        Ok(Ordered::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_printed_as_aws_prints_them() {
        for (answer, printed) in [
            ("{}", ""),
            (
                r#"{"User":{"UserName":"ada","Arn":"a","CreateDate":1440938160.5,"Tags":[]}}"#,
                "{\n    \"User\": {\n        \"UserName\": \"ada\",\n        \"Arn\": \"a\",\n        \
                 \"CreateDate\": \"2015-08-30T12:36:00+00:00\",\n        \"Tags\": []\n    }\n}\n",
            ),
            (
                r#"{"PolicyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\"}]}"}"#,
                "{\n    \"PolicyDocument\": {\n        \"Version\": \"2012-10-17\",\n        \
                 \"Statement\": [\n            {\n                \"Effect\": \"Allow\"\n            \
                 }\n        ]\n    }\n}\n",
            ),
            // Names of tags and of users are nobody's moments.
            (
                r#"{"Value":5,"Root":true,"None":null}"#,
                "{\n    \"Value\": 5,\n    \"Root\": true,\n    \"None\": null\n}\n",
            ),
        ] {
            let answer = Ordered::answer(answer.as_bytes()).expect("it is JSON");
            assert_eq!(answer.print(), printed);
        }
    }
}
