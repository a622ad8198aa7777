//! Every operation that takes a policy warns of what has no effect in it.

use super::*;
use serde_json::{Value, json};

fn warnings(operation: &str, members: &Value) -> Vec<String> {
    let request = IdentityRequest::parse(operation, members.to_string().as_bytes());
    let request = request.unwrap_or_else(|fault| panic!("{operation}: {fault}"));
    request.warnings(Some("000000000000")).iter().map(ToString::to_string).collect()
}

fn policy(action: &str) -> String {
    let statement = json!({ "Effect": "Allow", "Action": action, "Resource": "*" });
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

fn trust() -> String {
    let statement = json!({
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "AWS": "000000000000" },
        "Condition": { "StringEquals": { "aws:Colour": "red" } },
    });
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

const ACTION: &str = "Statement[0].Action: \"swf:Nothing\" matches no known action";
const KEY: &str = "Statement[0].Condition.StringEquals: the key \"aws:Colour\" is not known and \
                   counts as absent";

#[test]
fn every_operation_that_takes_a_policy_warns() {
    let odd = policy("swf:Nothing");
    for operation in IdentityRequest::SHAPES {
        let named = |name: &str| operation.members.iter().any(|member| member.name == name);
        let (members, expected) = if named("assume_role_policy_document") {
            (json!({ "AssumeRolePolicyDocument": trust() }), KEY)
        } else if operation.operation == "UpdateAssumeRolePolicy" {
            (json!({ "PolicyDocument": trust() }), KEY)
        } else if named("policy_document") {
            (json!({ "PolicyDocument": odd }), ACTION)
        } else if named("policy") {
            (json!({ "Policy": odd }), ACTION)
        } else {
            continue;
        };
        assert_eq!(warnings(operation.operation, &members), [expected], "{}", operation.operation);
    }
    for document in [policy("swf:*"), "nonsense".to_owned()] {
        let members = json!({ "PolicyDocument": document });
        assert!(warnings("PutUserPolicy", &members).is_empty(), "{document}");
    }
}

#[test]
fn an_import_says_whose_policy_it_is() {
    let odd = policy("swf:Nothing");
    let account = json!({
        "id": "000000000000",
        "policy": [{ "name": "m", "document": odd }, { "name": "fine", "document": policy("*") }],
        "group": [{ "name": "g", "policies": { "p": odd } }],
        "user": [{ "name": "u", "policies": { "p": odd } }],
        "role": [{ "name": "r", "trust": trust(), "policies": { "p": odd } }],
    });
    let expected = [
        format!("policy m: {ACTION}"),
        format!("policy p of group g: {ACTION}"),
        format!("policy p of user u: {ACTION}"),
        format!("trust of role r: {KEY}"),
        format!("policy p of role r: {ACTION}"),
    ];
    let members = json!({ "Document": { "account": [account] } });
    assert_eq!(warnings("ImportIdentities", &members), expected);
}

/// A name that was written for the account at AWS grants nothing here, and denies nothing.
#[test]
fn domains_of_other_accounts_are_warned_of() {
    let policy = |resource: &str, action: &str| {
        let statement = json!({ "Effect": "Allow", "Action": action, "Resource": resource });
        json!({ "Version": "2012-10-17", "Statement": statement }).to_string()
    };
    let other = "arn:aws:swf:*:123456789012:/domain/d";
    let warning = format!(
        "Statement.Resource: \"{other}\" is of the account 123456789012: in others, it matches \
         nothing"
    );
    for (resource, action, expected) in [
        (other, "swf:*", Some(&warning)),
        ("arn:aws:swf:*:000000000000:/domain/d", "swf:*", None),
        ("arn:aws:swf:*:*:/domain/d", "swf:*", None),
        ("arn:aws:swf:*:1234*:/domain/d", "swf:*", None),
        // Those may be of others.
        ("arn:aws:iam::123456789012:role/r", "sts:AssumeRole", None),
        ("*", "swf:*", None),
    ] {
        let members = json!({ "PolicyDocument": policy(resource, action) });
        let found = warnings("PutUserPolicy", &members);
        assert_eq!(found, Vec::from_iter(expected.cloned()), "{resource}");
        let request = IdentityRequest::parse("PutUserPolicy", members.to_string().as_bytes());
        assert_eq!(request.expect("it is right").warnings(None), [], "{resource}");
    }
    let account = |id: &str| {
        let document = policy(other, "swf:*");
        json!({ "id": id, "policy": [{ "name": "p", "document": document }] })
    };
    let members =
        json!({ "Document": { "account": [account("123456789012"), account("000000000000")] } });
    assert_eq!(warnings("ImportIdentities", &members), [format!("policy p: {warning}")]);
}
