//! JSON as it is written: with its duplicate keys, and with numbers as text.
//!
//! `serde_json::Value` keeps the last of two equal keys, so that whoever reads a policy and whoever
//! evaluates it could see two different ones. How deep a document nests is bounded by serde_json.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// A value of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

/// Writes JSON, the members of each object by their keys.
impl fmt::Display for Node {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Node::Null => formatter.write_str("null"),
            Node::Bool(value) => write!(formatter, "{value}"),
            Node::Number(number) => formatter.write_str(number),
            Node::Text(text) => write!(formatter, "{}", quoted(text)),
            Node::List(nodes) => {
                formatter.write_str("[")?;
                for (at, node) in nodes.iter().enumerate() {
                    write!(formatter, "{}{node}", separator(at))?;
                }
                formatter.write_str("]")
            }
            Node::Object(entries) => {
                let mut entries: Vec<&(String, Node)> = entries.iter().collect();
                entries.sort_by_key(|(key, _)| key);
                formatter.write_str("{")?;
                for (at, (key, node)) in entries.into_iter().enumerate() {
                    write!(formatter, "{}{}:{node}", separator(at), quoted(key))?;
                }
                formatter.write_str("}")
            }
        }
    }
}

fn quoted(text: &str) -> serde_json::Value {
    serde_json::Value::String(text.to_owned())
}

fn separator(at: usize) -> &'static str {
    if at == 0 { "" } else { "," }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node, E> {
        // JSON has no infinite ones, but other notations of a document have.
        let number = serde_json::Number::from_f64(value);
        number.map(|number| Node::Number(number.to_string())).ok_or_else(|| E::custom("no number"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Node, E> {
        Ok(Node::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = list.next_element()? {
            nodes.push(node);
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Object(entries))
    }
}
