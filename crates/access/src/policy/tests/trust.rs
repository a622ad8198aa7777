//! Trust policies.

use super::{check, origin, user};
use crate::action::Action;
use crate::caller::{Principal, PrincipalKind};
use crate::policy::{Admission, PolicyError, TrustPolicy};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const ROLE: &str = "arn:aws:iam::123456789012:role/decider";

fn admission(document: &Value, principal: &Principal) -> Admission {
    let policy = TrustPolicy::parse(&document.to_string());
    let policy = policy.unwrap_or_else(|error| panic!("{error}\n{document}"));
    let origin = origin();
    // Of the check, only the values of conditions count.
    let mut check = check(Action::PassRole, ROLE, &[]);
    check.origin = Some(&origin);
    policy.admits(principal, &BTreeMap::new(), &check)
}

fn trusting(principal: Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [
        { "Sid": "", "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole",
          "Condition": {} },
    ]})
}

fn session() -> Principal {
    Principal {
        arn: "arn:aws:sts::123456789012:assumed-role/other/s".into(),
        role_arn: Some("arn:aws:iam::123456789012:role/path/other".into()),
        kind: PrincipalKind::AssumedRole,
        user_name: None,
        ..user()
    }
}

#[test]
fn whom_a_role_trusts() {
    let ann = "arn:aws:iam::123456789012:user/team/ann";
    let rows = [
        (json!("*"), Admission::Account),
        (json!({ "AWS": "*" }), Admission::Account),
        (json!({ "AWS": "123456789012" }), Admission::Account),
        (json!({ "AWS": "arn:aws:iam::123456789012:root" }), Admission::Account),
        (json!({ "AWS": "999999999999" }), Admission::Unmentioned),
        (json!({ "AWS": ann }), Admission::Named),
        (json!({ "AWS": ["123456789012", ann] }), Admission::Named),
        (json!({ "AWS": "arn:aws:iam::123456789012:user/ann" }), Admission::Unmentioned),
        (json!({ "Service": "swf.amazonaws.com" }), Admission::Unmentioned),
        (json!({ "Service": ["a", "b"], "AWS": ann }), Admission::Named),
    ];
    for (principal, expected) in rows {
        assert_eq!(admission(&trusting(principal.clone()), &user()), expected, "{principal}");
    }
    for name in [
        "arn:aws:iam::123456789012:role/path/other",
        "arn:aws:sts::123456789012:assumed-role/other/s",
    ] {
        assert_eq!(admission(&trusting(json!({ "AWS": name })), &session()), Admission::Named);
    }
    let mut root = user();
    root.kind = PrincipalKind::Account;
    root.arn = "arn:aws:iam::123456789012:root".into();
    assert_eq!(admission(&trusting(json!({ "AWS": "123456789012" })), &root), Admission::Named);
}

#[test]
fn denials_actions_and_conditions_count() {
    let trusting_all = trusting(json!("*"));
    let with = |element: &str, value: Value| {
        let mut statement = trusting_all["Statement"][0].clone();
        statement[element] = value;
        json!({ "Statement": [statement] })
    };
    let rows = [
        ("Action", json!("sts:*"), Admission::Account),
        ("Action", json!(["sts:TagSession", "STS:assumerole"]), Admission::Account),
        ("Action", json!("*"), Admission::Account),
        ("Action", json!("sts:TagSession"), Admission::Unmentioned),
        ("Action", json!("sts:AssumeRoleWithSAML"), Admission::Unmentioned),
        ("Effect", json!("Deny"), Admission::Denied),
        (
            "Condition",
            json!({ "IpAddress": { "aws:SourceIp": "203.0.113.0/24" } }),
            Admission::Account,
        ),
        ("Condition", json!({ "StringEquals": { "sts:ExternalId": "x" } }), Admission::Unmentioned),
    ];
    for (element, value, expected) in rows {
        let document = with(element, value.clone());
        assert_eq!(admission(&document, &user()), expected, "{element} {value}");
    }
    let denying = with("Effect", json!("Deny"))["Statement"][0].clone();
    let mut document = trusting_all.clone();
    document["Statement"].as_array_mut().expect("statements").push(denying);
    assert_eq!(admission(&document, &user()), Admission::Denied);
}

#[test]
fn refusals() {
    let of = |statement: Value| TrustPolicy::parse(&json!({ "Statement": statement }).to_string());
    let refused = |statement: Value| match of(statement) {
        Ok(policy) => panic!("accepted: {}", policy.document()),
        Err(error) => error,
    };
    let base = |element: &str, value: Value| {
        let mut statement =
            json!({ "Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole" });
        statement[element] = value;
        statement
    };
    for element in ["Resource", "NotResource", "NotPrincipal"] {
        let error = PolicyError::ForbiddenElement { place: "Statement".to_owned(), element };
        assert_eq!(refused(base(element, json!("*"))), error);
    }
    let texts = [
        (
            json!("123456789012"),
            "Statement.Principal: \"123456789012\" is neither *, an account, \
          nor the name of a user or role",
        ),
        (json!({}), "Statement.Principal: AWS is missing"),
        (json!({ "AWS": [] }), "Statement.Principal.AWS: the list is empty"),
        (json!({ "Aws": "*" }), "Statement.Principal: unknown element \"Aws\""),
        (
            json!({ "AWS": ["*", "ann"] }),
            "Statement.Principal.AWS[1]: \"ann\" is neither *, an \
          account, nor the name of a user or role",
        ),
    ];
    for (principal, text) in texts {
        assert_eq!(refused(base("Principal", principal)).to_string(), text);
    }
    for name in [
        "arn:aws:iam::123456789012:user/*",
        "arn:aws:iam::12345:user/a",
        "arn:aws:swf::123456789012:user/a",
        "arn:aws:iam::123456789012:group/a",
    ] {
        let refusal = refused(base("Principal", json!({ "AWS": name })));
        assert!(matches!(refusal, PolicyError::TrustedPrincipal { .. }), "{name}: {refusal}");
    }
    let missing = refused(json!({ "Effect": "Allow", "Action": "sts:AssumeRole" }));
    assert_eq!(missing.to_string(), "Statement: Principal is missing");
    let malformed = refused(base("Action", json!("AssumeRole")));
    assert!(matches!(malformed, PolicyError::Action { .. }), "{malformed}");
    let long = "x".repeat(3000);
    assert!(matches!(refused(base("Sid", json!(long))), PolicyError::TooLong { max: 2048, .. }));
}

#[test]
fn a_statement_that_is_not_about_trust_is_warned_of() {
    for (element, action, warned) in [
        ("Action", "sts:AssumeRole", false),
        ("Action", "sts:*", false),
        ("Action", "*", false),
        ("Action", "sts:TagSession", false),
        ("Action", "swf:*", true),
        ("Action", "sts:AssumeRoleWithSAML", true),
        ("NotAction", "swf:*", false),
        ("NotAction", "*", true),
    ] {
        let statement = serde_json::json!({
            "Effect": "Allow", element: action, "Principal": { "AWS": "123456789012" },
        });
        let document = serde_json::json!({ "Statement": [statement] }).to_string();
        let policy = super::super::TrustPolicy::parse(&document).expect("it is legal");
        let place = "Statement[0]".to_owned();
        let expected = warned.then_some(super::super::PolicyWarning::NotAboutTrust { place });
        assert_eq!(policy.warnings(), Vec::from_iter(expected), "{element} {action}");
    }
}
