//! Text as the AWS CLI writes it: a line for the scalars of a level, tabs in between, in the order
//! of the alphabet; what is nested has lines of its own that begin with its name.

use crate::python;
use crate::value::Value;
use std::collections::BTreeSet;

/// The lines of a value; none for what is empty.
pub fn print(value: &Value) -> String {
    let mut text = String::new();
    write(value, None, None, &mut text);
    text
}

fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::List(_) | Value::Map(_))
}

/// `columns` are the scalars that the maps of a list have between them: each has a place in every
/// line, so that columns stay columns.
fn write(value: &Value, name: Option<&str>, columns: Option<&BTreeSet<&str>>, text: &mut String) {
    match value {
        Value::Map(entries) => write_map(entries, name, columns, text),
        Value::List(items) => write_list(items, name, text),
        Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) | Value::Text(_) => {
            text.push_str(&python::shown(value));
            text.push('\n');
        }
    }
}

fn write_list(items: &[Value], name: Option<&str>, text: &mut String) {
    if items.iter().any(|item| matches!(item, Value::Map(_))) {
        let scalars = items.iter().flat_map(Value::entries).filter(|(_, value)| is_scalar(value));
        let columns: BTreeSet<&str> = scalars.map(|(key, _)| key.as_str()).collect();
        for item in items {
            write(item, name, Some(&columns), text);
        }
        return;
    }
    let (scalars, nested): (Vec<&Value>, Vec<&Value>) =
        items.iter().partition(|item| is_scalar(item));
    if !scalars.is_empty() {
        let scalars = scalars.into_iter().map(python::shown);
        match name {
            Some(name) => {
                for scalar in scalars {
                    text.push_str(&format!("{}\t{scalar}\n", name.to_uppercase()));
                }
            }
            None => line(scalars.collect(), text),
        }
    }
    for item in nested {
        write(item, name, None, text);
    }
}

fn write_map(
    entries: &[(String, Value)],
    name: Option<&str>,
    columns: Option<&BTreeSet<&str>>,
    text: &mut String,
) {
    let mut sorted: Vec<(&str, &Value)> =
        entries.iter().map(|(key, value)| (key.as_str(), value)).collect();
    sorted.sort_by_key(|(key, _)| *key);
    let mut cells: Vec<String> = match columns {
        Some(columns) => {
            let found = |column: &str| sorted.iter().find(|(key, _)| *key == column);
            columns
                .iter()
                .map(|c| found(c).map_or(String::new(), |(_, v)| python::shown(v)))
                .collect()
        }
        None => {
            let scalars = sorted.iter().filter(|(_, value)| is_scalar(value));
            scalars.map(|(_, value)| python::shown(value)).collect()
        }
    };
    if !cells.is_empty() {
        if let Some(name) = name {
            cells.insert(0, name.to_uppercase());
        }
        line(cells, text);
    }
    for (key, value) in sorted {
        let is_told = match columns {
            Some(columns) => columns.contains(key),
            None => is_scalar(value),
        };
        if !is_told {
            write(value, Some(key), None, text);
        }
    }
}

fn line(cells: Vec<String>, text: &mut String) {
    text.push_str(&cells.join("\t"));
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::golden;

    #[test]
    fn lines_are_those_of_the_aws_cli() {
        golden::check(include_str!("text.txt"), print);
    }

    #[test]
    fn answers_are_printed_as_the_aws_cli_prints_them() {
        for (json, expected) in [
            ("{}", ""),
            ("[]", ""),
            ("null", "None\n"),
            ("\"\"", "\n"),
            ("[1,\"a\",true,null]", "1\ta\tTrue\tNone\n"),
            ("[[1,2],[3]]", "1\t2\n3\n"),
            ("[0,[1,2],[[3]]]", "0\n1\t2\n3\n"),
            (r#"{"tagList":["x","y"]}"#, "TAGLIST\tx\nTAGLIST\ty\n"),
            (
                r#"{"domainInfos":[{"name":"b","status":"S","arn":"a"},{"name":"c"}]}"#,
                "DOMAININFOS\ta\tb\tS\nDOMAININFOS\t\tc\t\n",
            ),
            (r#"{"b":1,"c":{"y":false,"x":{"w":"v"}},"a":2.5}"#, "2.5\t1\nC\tFalse\nX\tv\n"),
            (r#"[{"a":1},{"a":{"b":2}}]"#, "1\n{'b': 2}\n"),
            (r#"[{"a":1},2,[3]]"#, "1\n2\n3\n"),
        ] {
            assert_eq!(print(&Value::parse(json).expect("JSON")), expected, "{json}");
        }
    }
}
