//! Tables, compared with those that the AWS CLI's own code draws.

use super::*;
use crate::output::golden;

const STYLE: Style = Style { columns: 80, colored: false };

#[test]
fn tables_are_those_of_the_aws_cli() {
    let print = |value: &Value| super::print("Title", value, STYLE).expect("it is a table");
    golden::check(include_str!("awscli.txt"), print);
}

#[test]
fn rows_of_different_lengths_are_no_table() {
    let value = Value::parse(r#"[["a","b"],["c"]]"#).expect("JSON");
    let error = super::print("Title", &value, STYLE).expect_err("it is none");
    assert_eq!(error.to_string(), "Row should have 2 elements, instead it has 1");
}

#[test]
fn colours_do_not_change_widths() {
    let value = Value::parse(r#"{"a":{"b":"c"}}"#).expect("JSON");
    let plain = super::print("Title", &value, STYLE).expect("a table");
    let colored = super::print("Title", &value, Style { colored: true, ..STYLE }).expect("a table");
    assert!(colored.contains("\u{1b}[1m\u{1b}[34mc\u{1b}[0m"), "{colored:?}");
    assert!(colored.contains("\u{1b}[2m\u{1b}[33m|\u{1b}[0m|"), "{colored:?}");
    let stripped = [ROW, BAR, END].iter().fold(colored, |text, code| text.replace(code, ""));
    assert_eq!(stripped, plain);
}
