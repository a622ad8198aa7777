//! YAML, compared with what the library of the AWS CLI writes (ruamel.yaml 0.17).

use super::*;
use crate::output::golden;

#[test]
fn documents_are_those_of_the_aws_cli() {
    golden::check(include_str!("ruamel.txt"), print);
}

#[test]
fn pages_are_items_of_one_list() {
    let page = Value::parse(r#"{"events":[{"b":1,"a":2}],"nextPageToken":"t"}"#).expect("JSON");
    assert_eq!(print_item(&page), "- events:\n  - a: 2\n    b: 1\n  nextPageToken: t\n");
    assert_eq!(print_item(&Value::map()), "- {}\n");
    assert_eq!(print_item(&Value::Null), "- null\n");
}
