//! YAML into values, for `--cli-input-yaml`: one document of YAML 1.2 with its core types.
//!
//! Dates stay texts, which is what timestamps are read from. An alias is a copy, so there is a
//! bound on what comes out.

use crate::value::Value;
use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// How many values a document may have, copies included.
const VALUES_MAX: usize = 100_000;

/// How deep lists and maps may be in each other.
const DEPTH_MAX: usize = 64;

/// Reads one document; none if it is not YAML, or is nothing that JSON could be.
pub(crate) fn parse(text: &str) -> Option<Value> {
    let mut reader = Reader::default();
    for event in Parser::new_from_str(text) {
        let (event, _) = event.ok()?;
        reader.event(event)?;
    }
    // An empty document is nothing, which is a value too.
    Some(reader.document.unwrap_or(Value::Null))
}

#[derive(Default)]
struct Reader {
    /// Lists and maps that have begun and not ended.
    open: Vec<Open>,
    anchors: BTreeMap<usize, Value>,
    document: Option<Value>,
    documents: usize,
    values: usize,
}

struct Open {
    anchor: usize,
    kind: Kind,
}

enum Kind {
    List(Vec<Value>),
    /// A map, and the key whose value comes next.
    Map(Vec<(String, Value)>, Option<String>),
}

impl Reader {
    fn event(&mut self, event: Event<'_>) -> Option<()> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Some(()),
            Event::DocumentStart(_) => {
                self.documents += 1;
                (self.documents == 1).then_some(())
            }
            Event::SequenceStart(anchor, tag) => {
                is_core(tag.as_deref(), "seq").then_some(())?;
                self.begin(anchor, Kind::List(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                is_core(tag.as_deref(), "map").then_some(())?;
                self.begin(anchor, Kind::Map(Vec::new(), None))
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let open = self.open.pop().expect("the parser ends what has begun");
                let value = match open.kind {
                    Kind::List(items) => Value::List(items),
                    Kind::Map(entries, _) => Value::Map(entries),
                };
                self.put(open.anchor, value)
            }
            Event::Scalar(text, style, anchor, tag) => {
                // A key is what is written, whatever type it would have as a value.
                let key = matches!(self.open.last(), Some(Open { kind: Kind::Map(_, None), .. }));
                let value = if key {
                    Some(Value::Text(text.into_owned()))
                } else {
                    scalar(text, style, tag.as_deref())
                };
                self.put(anchor, value?)
            }
            Event::Alias(anchor) => {
                let value = self.anchors.get(&anchor)?.clone();
                self.count(&value)?;
                self.put(0, value)
            }
        }
    }

    fn begin(&mut self, anchor: usize, kind: Kind) -> Option<()> {
        self.open.push(Open { anchor, kind });
        (self.open.len() <= DEPTH_MAX).then_some(())
    }

    /// Puts a value where it belongs, and keeps it for aliases if it has an anchor.
    fn put(&mut self, anchor: usize, value: Value) -> Option<()> {
        self.values += 1;
        if anchor != 0 {
            self.count(&value)?;
            self.anchors.insert(anchor, value.clone());
        }
        match self.open.last_mut().map(|open| &mut open.kind) {
            None => self.document = Some(value),
            Some(Kind::List(items)) => items.push(value),
            Some(Kind::Map(entries, key)) => match key.take() {
                Some(key) => {
                    // A key that comes twice is a mistake in YAML.
                    entries.iter().all(|(name, _)| *name != key).then_some(())?;
                    entries.push((key, value));
                }
                None => *key = Some(value.as_text()?.to_owned()),
            },
        }
        (self.values <= VALUES_MAX).then_some(())
    }

    /// Counts a copy of a value.
    fn count(&mut self, value: &Value) -> Option<()> {
        self.values += size(value);
        (self.values <= VALUES_MAX).then_some(())
    }
}

fn size(value: &Value) -> usize {
    let items: usize = value.items().iter().map(size).sum();
    let entries: usize = value.entries().iter().map(|(_, value)| size(value)).sum();
    1 + items + entries
}

/// Whether a tag is the core type of that name, or none.
fn is_core(tag: Option<&Tag>, name: &str) -> bool {
    tag.is_none_or(|tag| tag.is_yaml_core_schema() && tag.suffix == name)
}

fn scalar(text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>) -> Option<Value> {
    match tag {
        Some(_) if is_core(tag, "str") => return Some(Value::Text(text.into_owned())),
        Some(tag) if tag.is_yaml_core_schema() => return Some(plain(&text)),
        Some(_) => return None,
        None => (),
    }
    Some(if style == ScalarStyle::Plain { plain(&text) } else { Value::Text(text.into_owned()) })
}

/// A scalar that nothing says the type of.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => (),
    }
    let radix = |prefix, radix| i64::from_str_radix(text.strip_prefix(prefix)?, radix).ok();
    let number = text.parse().ok().or_else(|| radix("0x", 16)).or_else(|| radix("0o", 8));
    if let Some(number) = number {
        return Value::Integer(number);
    }
    // Of what Rust takes for a number, YAML has what begins and ends with a digit or a point.
    let numeric = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    match text.parse() {
        Ok(number) if numeric => Value::Float(number),
        Ok(_) | Err(_) => Value::text(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(yaml: &str, expected: &str) {
        let value = parse(yaml).expect("it is YAML");
        assert_eq!(serde_json::to_string(&value).expect("it is written"), expected, "{yaml}");
    }

    #[test]
    fn order_and_types_are_kept() {
        check("b: 1\na: [x, 'y', \"z\", 1.5, true, ~]\nc: {}\n", {
            r#"{"b":1,"a":["x","y","z",1.5,true,null],"c":{}}"#
        });
        check("- 0x10\n- 0o10\n- -5\n- 1e3\n- yes\n- 1.2.3\n- 2024-01-01\n- nan\n- '1'", {
            r#"[16,8,-5,1000.0,"yes","1.2.3","2024-01-01","nan","1"]"#
        });
        check("a: |\n  one\n  two\nb: >\n  one\n  two\n", {
            r#"{"a":"one\ntwo\n","b":"one two\n"}"#
        });
        check("name: ''  # [REQUIRED] The name.\n", r#"{"name":""}"#);
        check("!!str 5", "\"5\"");
        check("1: x\ntrue: y", r#"{"1":"x","true":"y"}"#);
        check("", "null");
        check("{\"a\": [1, 2]}", r#"{"a":[1,2]}"#);
    }

    #[test]
    fn aliases_are_copies() {
        check("a: &x {b: 1}\nc: *x\nd: [*x]", r#"{"a":{"b":1},"c":{"b":1},"d":[{"b":1}]}"#);
        check("a: &x name\n*x : 1", r#"{"a":"name","name":1}"#);
    }

    #[test]
    fn what_is_no_yaml_is_refused() {
        for text in [
            "a: [",
            "a: b: c",
            "a: 1\na: 2",
            "--- 1\n--- 2",
            "!x a",
            "*x",
            "[a, b]: c",
            "\"unfinished",
            "a:\n\t- b",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn copies_of_copies_have_a_bound() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..10 {
            let copies = vec![format!("*a{}", level - 1); 10].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{copies}]\n"));
        }
        assert_eq!(parse(&text), None);
        assert_eq!(parse(&"[".repeat(10_000)), None);
    }
}
