//! JSON whose maps keep their order: the model's, a file's, a query's.
//!
//! The AWS CLI prints members in the order in which they came, and a map sorted by name would lose
//! that. A key that is there twice keeps its first place and its last value, as in the CLI.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::fmt;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number that was written without a fraction or exponent, if it fits.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// A text
    Text(String),
    /// A list
    List(Vec<Value>),
    /// A map, in order; no key is there twice.
    Map(Vec<(String, Value)>),
}

impl Value {
    /// An empty map.
    pub fn map() -> Value {
        Value::Map(Vec::new())
    }

    /// A text.
    pub fn text(text: impl Into<String>) -> Value {
        Value::Text(text.into())
    }

    /// What a map has under a key; nothing of what is not a map.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let found = self.entries().iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value)
    }

    /// The entries of a map, in order; none of what is not a map.
    pub fn entries(&self) -> &[(String, Value)] {
        if let Value::Map(entries) = self { entries } else { &[] }
    }

    /// The items of a list; none of what is not a list.
    pub fn items(&self) -> &[Value] {
        if let Value::List(items) = self { items } else { &[] }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    /// The number, if it is a whole one.
    pub fn as_integer(&self) -> Option<i64> {
        if let Value::Integer(number) = self { Some(*number) } else { None }
    }

    /// Puts a value under a key of a map: in the place of the one that is there, or else last.
    ///
    /// # Panics
    ///
    /// If this is not a map.
    pub fn set(&mut self, key: &str, value: Value) {
        let Value::Map(entries) = self else { panic!("only a map has keys") };
        match entries.iter_mut().find(|(name, _)| name == key) {
            Some((_, old)) => *old = value,
            None => entries.push((key.to_owned(), value)),
        }
    }

    /// Takes a key out of a map, with what is under it; nothing of what is not a map.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let Value::Map(entries) = self else { return None };
        let place = entries.iter().position(|(name, _)| name == key)?;
        Some(entries.remove(place).1)
    }

    /// Reads JSON.
    ///
    /// # Errors
    ///
    /// If it is not JSON, or if something follows it.
    pub fn parse(json: &str) -> Result<Value, serde_json::Error> {
        serde_json::from_str(json)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(flag) => serializer.serialize_bool(*flag),
            Value::Integer(number) => serializer.serialize_i64(*number),
            Value::Float(number) => serializer.serialize_f64(*number),
            Value::Text(text) => serializer.serialize_str(text),
            Value::List(items) => serializer.collect_seq(items),
            Value::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        // Nothing in SWF is as large as that; it only has to come out as the number that it is.
        Ok(i64::try_from(number).map_or(Value::Float(number as f64), Value::Integer))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Float(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        let mut places = std::collections::BTreeMap::new();
        while let Some((key, value)) = entries.next_entry::<String, Value>()? {
            match places.get(&key) {
                None => {
                    places.insert(key.clone(), map.len());
                    map.push((key, value));
                }
                Some(place) => map[*place] = (key, value),
            }
        }
        Ok(Value::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_kept(json: &str) {
        let value = Value::parse(json).expect("it is JSON");
        assert_eq!(serde_json::to_string(&value).expect("it is written"), json);
    }

    #[test]
    fn order_and_numbers_are_kept() {
        check_kept(r#"{"z":1,"a":{"y":[],"b":{}},"m":[null,true,"ü",-5,1.5]}"#);
        check_kept("9007199254740993");
    }

    #[test]
    fn a_key_that_comes_twice_keeps_its_place_and_takes_the_last_value() {
        let value = Value::parse(r#"{"a":1,"b":2,"a":3}"#).expect("it is JSON");
        let expected = [("a".to_owned(), Value::Integer(3)), ("b".to_owned(), Value::Integer(2))];
        assert_eq!(value.entries(), expected);
    }

    #[test]
    fn a_key_is_set_in_its_place_and_taken_out() {
        let mut value = Value::parse(r#"{"a":1,"b":2}"#).expect("it is JSON");
        value.set("a", Value::Bool(true));
        value.set("c", Value::Null);
        assert_eq!(value.remove("b"), Some(Value::Integer(2)));
        assert_eq!(value.remove("b"), None);
        assert_eq!(serde_json::to_string(&value).expect("written"), r#"{"a":true,"c":null}"#);
    }
}
