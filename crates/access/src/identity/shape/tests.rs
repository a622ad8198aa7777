//! The table is complete, and is what the types of the operations say.

use super::*;
use serde_json::{Map, Value, json};

#[test]
fn every_operation_and_every_member_has_words() {
    let operations: Vec<&str> =
        IdentityRequest::SHAPES.iter().map(|shape| shape.operation).collect();
    assert_eq!(operations, IdentityRequest::OPERATIONS);
    let told: Vec<&str> = words::WORDS.iter().map(|words| words.operation).collect();
    assert_eq!(told, operations, "words for each, in their order");
    for shape in IdentityRequest::SHAPES {
        let words = shape.words();
        assert!(words.about.ends_with('.'), "{}", shape.operation);
        for member in shape.members {
            let about = member.about();
            assert!(about.ends_with('.'), "{} {}", shape.operation, member.name);
        }
    }
}

/// A value of a kind, as JSON.
fn value(kind: Kind) -> Value {
    match kind {
        Kind::Text | Kind::Secret => json!("text"),
        Kind::Number => json!(900),
        Kind::Flag => json!(true),
        Kind::Texts => json!(["text"]),
        Kind::Tags => json!([{"Key": "key", "Value": "value"}]),
        Kind::Named => json!({"key": "value"}),
        Kind::Status => json!("Active"),
        Kind::Identities => json!({"account": [{"id": "000000000000"}]}),
    }
}

/// The table says of each operation what its type takes: all members are read, and written again.
#[test]
fn members_are_what_the_table_says() {
    for shape in IdentityRequest::SHAPES {
        let members: Map<String, Value> =
            shape.members.iter().map(|member| (member.json_name(), value(member.kind))).collect();
        let text = Value::Object(members.clone()).to_string();
        let request = IdentityRequest::parse(shape.operation, text.as_bytes());
        let request = request.unwrap_or_else(|fault| panic!("{}: {fault}", shape.operation));
        assert_eq!(request.operation(), shape.operation);
        let written: Map<String, Value> =
            serde_json::from_slice(&request.to_json()).expect("it is JSON");
        let names = |members: &Map<String, Value>| members.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&written), names(&members), "{}", shape.operation);
    }
}

#[test]
fn names_are_spelled_as_aws_spells_them() {
    let shape = Shape::of("PutUserPermissionsBoundary").expect("it is there");
    assert_eq!(shape.command(), "put-user-permissions-boundary");
    let spelled: Vec<_> =
        shape.members.iter().map(|member| (member.json_name(), member.option())).collect();
    let pair = |json: &str, option: &str| (json.to_owned(), option.to_owned());
    assert_eq!(
        spelled,
        [pair("UserName", "user-name"), pair("PermissionsBoundary", "permissions-boundary")]
    );
}
