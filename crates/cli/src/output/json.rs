//! JSON as the AWS CLI writes it: four spaces to a level, and everything but control characters as
//! it is.

use crate::python::float;
use crate::value::Value;

/// With a line's end behind it; nothing for an empty map, which is what an operation without output
/// answers.
pub fn print(value: &Value) -> String {
    let mut text = String::new();
    if *value != Value::map() {
        write(value, &mut text, 0);
        text.push('\n');
    }
    text
}

fn write(value: &Value, text: &mut String, level: usize) {
    match value {
        Value::List(items) if !items.is_empty() => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                line(text, index, level + 1);
                write(item, text, level + 1);
            }
            end(text, level, ']');
        }
        Value::Map(entries) if !entries.is_empty() => {
            text.push('{');
            for (index, (key, value)) in entries.iter().enumerate() {
                line(text, index, level + 1);
                text.push_str(&quoted(key));
                text.push_str(": ");
                write(value, text, level + 1);
            }
            end(text, level, '}');
        }
        Value::Null
        | Value::Bool(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::List(_)
        | Value::Map(_) => text.push_str(&scalar(value)),
    }
}

/// What has no lines within: a scalar, or something empty.
pub fn scalar(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => float(*number),
        Value::Text(text) => quoted(text),
        Value::List(_) => "[]".to_owned(),
        Value::Map(_) => "{}".to_owned(),
    }
}

fn line(text: &mut String, index: usize, level: usize) {
    text.push_str(if index == 0 { "\n" } else { ",\n" });
    text.push_str(&"    ".repeat(level));
}

fn end(text: &mut String, level: usize, bracket: char) {
    text.push('\n');
    text.push_str(&"    ".repeat(level));
    text.push(bracket);
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_printed_as_the_aws_cli_prints_them() {
        for (json, expected) in [
            ("{}", ""),
            ("[]", "[]\n"),
            ("null", "null\n"),
            ("\"\"", "\"\"\n"),
            ("3.0", "3.0\n"),
            (
                r#"{"z":"ü\u0001\n\u007f","a":[],"m":{},"l":[1,{"t":true}]}"#,
                "{\n    \"z\": \"ü\\u0001\\n\u{7f}\",\n    \"a\": [],\n    \"m\": {},\n    \"l\": \
                 [\n        1,\n        {\n            \"t\": true\n        }\n    ]\n}\n",
            ),
        ] {
            assert_eq!(print(&Value::parse(json).expect("JSON")), expected, "{json}");
        }
    }
}
