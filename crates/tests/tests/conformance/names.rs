//! What a case has given names to: run ids, tokens and whatever else cannot be written down.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Names and what they stand for, and the moment at which the case began.
pub struct Names {
    known: BTreeMap<String, Value>,
    /// In milliseconds.
    begin: i64,
}

impl Names {
    pub fn new(begin: i64) -> Names {
        Names { known: BTreeMap::new(), begin }
    }

    pub fn set(&mut self, name: String, value: Value) {
        self.known.insert(name, value);
    }

    /// Milliseconds since the case began, of a moment on the wire.
    pub fn since_begin(&self, seconds: f64) -> i64 {
        (seconds * 1000.0).round() as i64 - self.begin
    }

    /// `text` with what its names stand for: `$name` anywhere in it.
    pub fn fill(&self, text: &str) -> Result<String, String> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            let (name, behind) = after.split_at(name_length(after));
            let value =
                self.known.get(name).ok_or_else(|| format!("${name} stands for nothing"))?;
            filled = filled + before + value.as_str().unwrap_or(&value.to_string());
            rest = behind;
        }
        Ok(filled + rest)
    }

    /// JSON with what its names stand for; `"@5"` is the moment five seconds after the beginning.
    pub fn fill_value(&self, value: &Value) -> Result<Value, String> {
        if let Some(text) = value.as_str() {
            if let Some(ms) = text.strip_prefix('@').and_then(milliseconds) {
                return Ok(json!((self.begin + ms) as f64 / 1000.0));
            }
            return Ok(json!(self.fill(text)?));
        }
        if let Some(items) = value.as_array() {
            return items.iter().map(|item| self.fill_value(item)).collect();
        }
        if let Some(members) = value.as_object() {
            let fill = |(key, value): (&String, &Value)| Ok((key.clone(), self.fill_value(value)?));
            return members
                .iter()
                .map(fill)
                .collect::<Result<Map<_, _>, String>>()
                .map(Value::from);
        }
        Ok(value.clone())
    }

    /// Whether a word is as expected: `-` for nothing, `$name` for what it stands for or from now
    /// on will, `@5` for the moment five seconds after the beginning.
    pub fn word_is(&mut self, expected: &str, actual: Option<&Value>) -> Result<bool, String> {
        let Some(actual) = actual else { return Ok(expected == "-") };
        if let Some(name) = expected.strip_prefix('$')
            && name_length(name) == name.len()
            && !self.known.contains_key(name)
        {
            self.known.insert(name.to_owned(), actual.clone());
            return Ok(true);
        }
        if let Some(ms) = expected.strip_prefix('@').and_then(milliseconds) {
            return Ok(actual.as_f64().is_some_and(|seconds| self.since_begin(seconds) == ms));
        }
        Ok(self.fill(expected)? == word(actual))
    }

    /// Whether JSON is as expected. A member or an item `...` stands for any others.
    pub fn value_is(&mut self, expected: &Value, actual: &Value) -> Result<bool, String> {
        if expected.is_string() {
            let plain = actual.is_string() || expected.as_str().is_some_and(|e| e.starts_with('@'));
            let named = expected.as_str().is_some_and(|e| e.starts_with('$'));
            let text = expected.as_str().unwrap_or_default();
            return Ok((plain || named) && self.word_is(text, Some(actual))?);
        }
        if let (Some(expected), Some(actual)) = (expected.as_array(), actual.as_array()) {
            let open = expected.last().is_some_and(|last| last == "...");
            let expected = &expected[..expected.len() - usize::from(open)];
            if expected.len() > actual.len() || (!open && expected.len() < actual.len()) {
                return Ok(false);
            }
            for (expected, actual) in expected.iter().zip(actual) {
                if !self.value_is(expected, actual)? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        if let (Some(expected), Some(actual)) = (expected.as_object(), actual.as_object()) {
            let open = expected.contains_key("...");
            let given: Vec<_> = expected.iter().filter(|(key, _)| *key != "...").collect();
            for (key, expected) in &given {
                let Some(actual) = actual.get(*key) else { return Ok(false) };
                if !self.value_is(expected, actual)? {
                    return Ok(false);
                }
            }
            return Ok(open || given.len() == actual.len());
        }
        // Whole seconds are sent as 1.0 and may be written as 1.
        let numbers = expected.as_f64().zip(actual.as_f64());
        Ok(expected == actual || numbers.is_some_and(|(e, a)| e == a))
    }
}

/// How many bytes of `text` are a name: letters, digits, `-` and `.`, but no `.` at its end.
fn name_length(text: &str) -> usize {
    let is_other = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
    let length = text.find(is_other).unwrap_or(text.len());
    text[..length].trim_end_matches('.').len()
}

/// Seconds with at most three decimals, in milliseconds.
pub fn milliseconds(seconds: &str) -> Option<i64> {
    seconds.parse::<f64>().ok().map(|seconds| (seconds * 1000.0).round() as i64)
}

/// A value as one word: the name of a list, `name/version` of a type, `workflowId/runId` of an
/// execution, a list's items with commas between them.
pub fn word(value: &Value) -> String {
    if let Some(text) = value.as_str() {
        return text.to_owned();
    }
    if let Some(items) = value.as_array() {
        return items.iter().map(word).collect::<Vec<_>>().join(",");
    }
    if let Some(members) = value.as_object() {
        let values = ["name", "version", "workflowId", "runId"].map(|key| members.get(key));
        return values.into_iter().flatten().map(word).collect::<Vec<_>>().join("/");
    }
    value.to_string()
}
