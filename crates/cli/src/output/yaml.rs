//! YAML as the AWS CLI writes it: blocks two spaces deep, the keys of maps sorted, lists at the
//! level of their key, texts bare where that reads back as the same text, and folded at 80 columns.

mod scalar;

use super::json;
use crate::value::Value;

/// A document; nothing for an empty map, which is what an operation without output answers.
pub fn print(value: &Value) -> String {
    match value {
        Value::Map(entries) if entries.is_empty() => String::new(),
        Value::List(_) | Value::Map(_) => {
            let mut text = String::new();
            write(value, 0, &mut text);
            text
        }
        // A lone scalar would need a mark behind it; JSON needs none.
        Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) | Value::Text(_) => {
            format!("{}\n", json::scalar(value))
        }
    }
}

/// A page as an item of a list that goes on with the next.
pub fn print_item(value: &Value) -> String {
    print(&Value::List(vec![value.clone()]))
}

/// Writes a value that begins where the text ends, in a block at `indent`, with a line's end.
fn write(value: &Value, indent: usize, text: &mut String) {
    match value {
        Value::Map(entries) if !entries.is_empty() => {
            let mut entries: Vec<&(String, Value)> = entries.iter().collect();
            entries.sort_by_key(|(key, _)| key);
            for (index, (key, value)) in entries.into_iter().enumerate() {
                if index > 0 {
                    text.push_str(&" ".repeat(indent));
                }
                text.push_str(&scalar::key(key));
                text.push(':');
                write_below(value, indent, text);
            }
        }
        Value::List(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push_str(&" ".repeat(indent));
                }
                text.push('-');
                match item {
                    Value::Text(item) => write_text(item, indent + 2, text),
                    Value::Null
                    | Value::Bool(_)
                    | Value::Integer(_)
                    | Value::Float(_)
                    | Value::List(_)
                    | Value::Map(_) => {
                        text.push(' ');
                        write(item, indent + 2, text);
                    }
                }
            }
        }
        Value::Text(_) => unreachable!("texts are written with what is before them"),
        Value::Null
        | Value::Bool(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::List(_)
        | Value::Map(_) => {
            text.push_str(&json::scalar(value));
            text.push('\n');
        }
    }
}

/// Writes the value of a key.
fn write_below(value: &Value, indent: usize, text: &mut String) {
    let start = |text: &mut String, indent: usize| {
        text.push('\n');
        text.push_str(&" ".repeat(indent));
    };
    match value {
        Value::Map(entries) if !entries.is_empty() => {
            start(text, indent + 2);
            write(value, indent + 2, text);
        }
        Value::List(items) if !items.is_empty() => {
            start(text, indent);
            write(value, indent, text);
        }
        Value::Text(value) => write_text(value, indent + 2, text),
        Value::Null
        | Value::Bool(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::List(_)
        | Value::Map(_) => {
            text.push(' ');
            write(value, indent, text);
        }
    }
}

/// Writes a text behind what is there of the line; further lines are at `indent`.
fn write_text(value: &str, indent: usize, text: &mut String) {
    let column = text.chars().rev().take_while(|letter| *letter != '\n').count();
    text.push_str(&scalar::text(value, column, indent));
    text.push('\n');
}

#[cfg(test)]
mod tests;
