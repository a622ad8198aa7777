//! The operators of conditions and their truth table (access.md, section 2.3).

use super::{DOMAIN, NOW, check, origin, permissions, user};
use crate::action::Action;
use crate::check::{Check, Origin, ServiceKey};
use crate::policy::Verdict;
use serde_json::{Value, json};

/// Whether a statement of that effect matches, if it has that condition.
fn holds(effect: &str, condition: &Value, check: &Check<'_>) -> bool {
    let everything = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
    let mut statement = everything.clone();
    statement["Effect"] = json!(effect);
    statement["Condition"] = condition.clone();
    let statements = if effect == "Deny" { vec![everything, statement] } else { vec![statement] };
    let document = json!({ "Version": "2012-10-17", "Statement": statements });
    let allowed = matches!(permissions(vec![document]).judge(&user(), check), Verdict::Allowed(_));
    allowed == (effect == "Allow")
}

/// Checks a condition on `swf:name` with one value, or with none.
fn check_holds(operator: &str, values: Value, name: Option<&str>, expected: bool) {
    let given = name.map(|name| (ServiceKey::Name, name));
    let check = check(Action::ListDomains, DOMAIN, given.as_slice());
    let condition = json!({ operator: { "swf:name": values } });
    for effect in ["Allow", "Deny"] {
        assert_eq!(holds(effect, &condition, &check), expected, "{effect} {condition} {name:?}");
    }
}

#[test]
fn absent_keys() {
    let rows = [
        ("StringEquals", false),
        ("StringNotEquals", true),
        ("StringEqualsIfExists", true),
        ("StringNotEqualsIfExists", true),
        ("ForAllValues:StringEquals", true),
        ("ForAllValues:StringNotEquals", true),
        ("ForAllValues:StringNotLike", true),
        ("ForAllValues:StringEqualsIfExists", true),
        ("ForAnyValue:StringEquals", false),
        ("ForAnyValue:StringNotEquals", false),
        ("NumericLessThan", false),
        ("NumericNotEquals", true),
        ("DateNotEquals", true),
        ("NotIpAddress", true),
        ("ArnNotLike", true),
        ("ArnNotEquals", true),
        ("ArnEquals", false),
        ("BinaryEquals", false),
        ("Bool", false),
        ("BoolIfExists", true),
    ];
    for (operator, expected) in rows {
        let value = match operator.trim_start_matches("Not") {
            "IpAddress" => json!("10.0.0.1"),
            "NumericLessThan" | "NumericNotEquals" | "DateNotEquals" => json!("2026"),
            "ArnNotLike" | "ArnNotEquals" | "ArnEquals" => json!("arn:aws:iam::1:role/a"),
            "Bool" | "BoolIfExists" => json!("true"),
            _ => json!("beef"),
        };
        check_holds(operator, value, None, expected);
    }
    check_holds("Null", json!("true"), None, true);
    check_holds("Null", json!("false"), None, false);
    check_holds("Null", json!("TRUE"), Some(""), false);
    check_holds("Null", json!(false), Some(""), true);
    // AWS does not say what this is; what denies more holds.
    let check = check(Action::ListDomains, DOMAIN, &[]);
    for operator in ["ForAnyValue:StringEqualsIfExists", "ForAnyValue:StringNotEqualsIfExists"] {
        let condition = json!({ operator: { "swf:name": "x" } });
        assert!(!holds("Allow", &condition, &check), "{operator}");
        assert!(holds("Deny", &condition, &check), "{operator}");
    }
}

#[test]
fn texts() {
    let rows = [
        ("StringEquals", json!("orders"), "orders", true),
        ("StringEquals", json!("Orders"), "orders", false),
        ("StringEquals", json!("o*"), "orders", false),
        ("StringEquals", json!("o*"), "o*", true),
        ("StringEquals", json!(["a", "orders"]), "orders", true),
        ("StringEquals", json!(""), "", true),
        ("StringEquals", json!(5), "5", true),
        ("StringEquals", json!(true), "true", true),
        ("StringEqualsIgnoreCase", json!("ORDERS"), "orders", true),
        ("StringEqualsIgnoreCase", json!("\u{c4}"), "\u{e4}", true),
        ("StringEqualsIgnoreCase", json!("orders"), "orders2", false),
        ("StringEqualsIgnoreCase", json!("orders2"), "orders", false),
        ("StringNotEqualsIgnoreCase", json!("ORDERS"), "orders", false),
        ("StringLike", json!("o*s"), "orders", true),
        ("StringLike", json!("o?ders"), "orders", true),
        ("StringLike", json!("?"), "\u{e4}", true),
        ("StringLike", json!("*a*b*c*"), "xxaxxbxxbxxc", true),
        ("StringLike", json!("*a*b*c"), "xxaxxbxxcx", false),
        ("StringLike", json!("O*"), "orders", false),
        ("StringLike", json!("*"), "", true),
        ("StringLike", json!("?"), "", false),
        ("StringNotLike", json!(["o*", "x*"]), "orders", false),
        ("StringNotLike", json!(["y*", "x*"]), "orders", true),
        // Two values, of which it is one: a negation over a list is that of all of them.
        ("StringNotEquals", json!(["orders", "bills"]), "orders", false),
        ("StringNotEquals", json!(["cards", "bills"]), "orders", true),
    ];
    for (operator, values, name, expected) in rows {
        check_holds(operator, values, Some(name), expected);
    }
}

#[test]
fn numbers_dates_truths_bytes_addresses_and_names() {
    let rows = [
        ("NumericEquals", json!("5"), "5.0", true),
        ("NumericEquals", json!(5), "05", true),
        ("NumericEquals", json!("-0"), "0", true),
        ("NumericEquals", json!("9007199254740993"), "9007199254740992", false),
        ("NumericEquals", json!(["4", "5"]), "5", true),
        ("NumericEquals", json!("5"), "x", false),
        ("NumericNotEquals", json!("5"), "x", true),
        ("NumericNotEquals", json!(["5", "6"]), "5", false),
        ("NumericLessThan", json!("10"), "9", true),
        ("NumericLessThan", json!("-10"), "-9", false),
        ("NumericLessThan", json!("0.5"), "0.25", true),
        ("NumericLessThanEquals", json!("9"), "9", true),
        ("NumericGreaterThan", json!("9"), "9", false),
        ("NumericGreaterThan", json!("-1"), "1", true),
        ("NumericGreaterThanEquals", json!("9"), "9", true),
        ("DateEquals", json!("2026-11-26T04:00:00Z"), "2026-11-26T05:00+01:00", true),
        ("DateEquals", json!("1795665600"), "2026-11-26T04:00:00.000Z", true),
        ("DateLessThan", json!("2026"), "2025-12-31T23:59:59.999Z", true),
        ("DateLessThanEquals", json!("2026-11"), "2026-11-01", true),
        ("DateGreaterThan", json!("2024-02-29"), "2024-03-01", true),
        ("DateGreaterThanEquals", json!("2024-02-29"), "2024-02-28", false),
        ("DateNotEquals", json!("2023-03-01"), "2023-02-29", true),
        ("DateEquals", json!("2026"), "soon", false),
        ("Bool", json!("TRUE"), "true", true),
        ("Bool", json!(false), "False", true),
        ("Bool", json!("true"), "yes", false),
        ("BinaryEquals", json!("b3JkZXJz"), "orders", true),
        ("BinaryEquals", json!("b3JkZXJz"), "Orders", false),
        ("IpAddress", json!("10.0.0.0/8"), "10.255.0.1", true),
        ("IpAddress", json!("10.0.0.0/8"), "11.0.0.1", false),
        ("IpAddress", json!("10.0.0.1"), "10.0.0.1", true),
        ("IpAddress", json!("10.0.0.1"), "10.0.0.2", false),
        ("IpAddress", json!("10.0.0.0/8"), "::ffff:10.1.2.3", true),
        ("IpAddress", json!("::ffff:10.0.0.0/104"), "10.1.2.3", true),
        ("IpAddress", json!("2001:db8::/32"), "2001:db8:1::1", true),
        ("IpAddress", json!("2001:db8::1"), "2001:db8::2", false),
        ("IpAddress", json!("0.0.0.0/0"), "2001:db8::2", false),
        ("IpAddress", json!("::/0"), "2001:db8::2", true),
        ("IpAddress", json!("10.0.0.0/8"), "elsewhere", false),
        ("NotIpAddress", json!(["10.0.0.0/8", "11.0.0.0/8"]), "10.0.0.1", false),
        ("NotIpAddress", json!(["10.0.0.0/8", "11.0.0.0/8"]), "12.0.0.1", true),
        ("ArnEquals", json!("arn:aws:iam::1:role/*"), "arn:aws:iam::1:role/a:b", true),
        ("ArnLike", json!("arn:aws:iam::1:role/*"), "arn:aws:iam::2:role/a", false),
        ("ArnLike", json!("arn:*:*:*:*:role/a"), "arn:aws:iam::1:role/a", true),
        ("ArnLike", json!("arn:*:*:*:*:a"), "arn:aws:iam::1:role:a", false),
        ("ArnLike", json!("*"), "anything", true),
        ("ArnLike", json!("arn:aws:iam::1:role/A"), "arn:aws:iam::1:role/a", false),
        ("ArnNotLike", json!("arn:aws:iam::*:role/*"), "arn:aws:iam::1:role/a", false),
        ("ArnNotEquals", json!("arn:aws:iam::*:role/*"), "nothing", true),
        // A condition on a name knows no alias without a region.
        ("ArnLike", json!("arn:aws:swf::1:/domain/a"), "arn:aws:swf:us-east-1:1:/domain/a", false),
    ];
    for (operator, values, name, expected) in rows {
        check_holds(operator, values, Some(name), expected);
    }
}

#[test]
fn several_values() {
    let rows: [(&str, &[&str], Value, bool); 15] = [
        ("ForAllValues:StringEquals", &["a", "b"], json!(["a", "b", "c"]), true),
        ("ForAllValues:StringEquals", &["a", "d"], json!(["a", "b", "c"]), false),
        ("ForAllValues:StringEquals", &[], json!("a"), true),
        ("ForAllValues:StringNotEquals", &["x", "y"], json!(["a", "b"]), true),
        ("ForAllValues:StringNotEquals", &["x", "a"], json!(["a", "b"]), false),
        ("ForAnyValue:StringEquals", &["x", "a"], json!(["a", "b"]), true),
        ("ForAnyValue:StringEquals", &["x", "y"], json!(["a", "b"]), false),
        ("ForAnyValue:StringEquals", &[], json!("a"), false),
        ("ForAnyValue:StringNotEquals", &["x", "a"], json!(["a", "b"]), true),
        ("ForAnyValue:StringNotEquals", &["b", "a"], json!(["a", "b"]), false),
        ("StringEquals", &["a"], json!("a"), false),
        ("StringNotEquals", &["a"], json!("b"), false),
        ("StringEqualsIfExists", &["a"], json!("a"), false),
        ("Null", &["a"], json!("false"), true),
        ("Null", &[], json!("true"), true),
    ];
    for (operator, keys, values, expected) in rows {
        let mut check = check(Action::TagResource, DOMAIN, &[]);
        check.tag_keys = keys;
        let condition = json!({ operator: { "aws:TagKeys": values } });
        for effect in ["Allow", "Deny"] {
            assert_eq!(
                holds(effect, &condition, &check),
                expected,
                "{effect} {condition} {keys:?}"
            );
        }
    }
    // On a key with one value, an operator on sets sees a list of one.
    check_holds("ForAllValues:StringLike", json!("o*"), Some("orders"), true);
    check_holds("ForAnyValue:StringNotLike", json!("o*"), Some("orders"), false);
}

#[test]
fn the_keys_of_every_request() {
    let origin = origin();
    let tags = super::tags(&[("Env", "prod"), ("env", "test")]);
    let mut check = check(Action::TagResource, DOMAIN, &[]);
    check.origin = Some(&origin);
    check.resource_tags = Some(&tags);
    check.request_tags = &[("cost", "7")];
    let rows = [
        ("StringEquals", "aws:PrincipalArn", json!("arn:aws:iam::123456789012:user/team/ann")),
        ("StringEquals", "aws:PrincipalAccount", json!("123456789012")),
        ("StringEquals", "aws:PrincipalType", json!("User")),
        ("StringEquals", "aws:username", json!("ann")),
        ("StringEquals", "aws:userid", json!("AIDAEXAMPLE")),
        ("StringEquals", "aws:principaltag/Team", json!("blue")),
        ("IpAddress", "aws:SourceIp", json!("203.0.113.0/24")),
        ("StringEquals", "aws:SourceIp", json!("203.0.113.5")),
        ("StringLike", "aws:UserAgent", json!("boto3/*")),
        ("Bool", "aws:SecureTransport", json!(true)),
        ("DateLessThan", "aws:CurrentTime", json!("2026-11-26T04:00:01Z")),
        ("DateEquals", "aws:CurrentTime", json!("2026-11-26T04:00:00Z")),
        ("StringEquals", "aws:CurrentTime", json!("2026-11-26T04:00:00Z")),
        ("NumericEquals", "aws:EpochTime", json!(NOW.0 / 1000)),
        ("DateEquals", "aws:EpochTime", json!(NOW.0 / 1000)),
        ("StringEquals", "aws:RequestedRegion", json!("us-east-1")),
        ("StringEquals", "aws:ResourceAccount", json!("123456789012")),
        ("StringEquals", "aws:ResourceTag/env", json!("test")),
        ("StringEquals", "aws:ResourceTag/Env", json!("prod")),
        ("StringEquals", "iam:resourceTag/env", json!("test")),
        ("StringEquals", "AWS:RequestTag/Cost", json!("7")),
        ("Null", "aws:TokenIssueTime", json!("true")),
        ("Null", "aws:TagKeys", json!("true")),
        ("Null", "aws:ResourceTag/other", json!("true")),
        ("Null", "aws:ResourceTag/", json!("true")),
        ("Null", "aws:MultiFactorAuthPresent", json!("true")),
        ("Null", "swf:workflowTypeFilter.name", json!("true")),
    ];
    for (operator, key, value) in rows {
        let condition = json!({ operator: { key: value } });
        assert!(holds("Allow", &condition, &check), "{condition}");
    }
}

#[test]
fn a_decision_has_no_origin() {
    let condition = |operator: &str| json!({ operator: { "aws:SecureTransport": "false" } });
    let origin = Origin { secure: true, ..origin() };
    let mut request = check(Action::RespondDecisionTaskCompleted, DOMAIN, &[]);
    request.origin = Some(&origin);
    let decision = check(Action::StartTimer, DOMAIN, &[]);
    assert!(!holds("Deny", &condition("Bool"), &request));
    assert!(!holds("Deny", &condition("Bool"), &decision));
    assert!(!holds("Deny", &condition("BoolIfExists"), &request));
    assert!(holds("Deny", &condition("BoolIfExists"), &decision));
}

#[test]
fn variables_in_values() {
    let ann = Some("ann");
    check_holds("StringEquals", json!("${aws:username}"), ann, true);
    check_holds("StringEquals", json!("${AWS:UserName}"), ann, true);
    check_holds("StringEqualsIgnoreCase", json!("A${aws:username}"), Some("aANN"), true);
    check_holds("StringLike", json!("${aws:username}*"), Some("anna"), true);
    check_holds("StringEquals", json!("${swf:version, 'ann'}"), ann, true);
    check_holds("StringEquals", json!("${swf:version, ''}"), Some(""), true);
    check_holds("StringLike", json!("${*}${?}${$}"), Some("*?$"), true);
    check_holds("StringLike", json!("${*}"), ann, false);
    check_holds(
        "ArnLike",
        json!("arn:aws:iam::${aws:PrincipalAccount}:user/${aws:username}"),
        Some("arn:aws:iam::123456789012:user/ann"),
        true,
    );
    // Without a value: like nothing, and so different from everything.
    check_holds("StringEquals", json!("${swf:version}"), ann, false);
    check_holds("StringLike", json!("*${swf:version}*"), ann, false);
    check_holds("StringNotEquals", json!("${swf:version}"), ann, true);
    check_holds("StringNotLike", json!(["${swf:version}", "a*"]), ann, false);
    // Behind a run, a variable is met more than once; so are two in turn.
    check_holds("StringLike", json!("*${aws:username}b"), Some("anannannb"), true);
    check_holds(
        "StringLike",
        json!("*${aws:username}${aws:userid}!"),
        Some("annannAIDAEXAMPLE!"),
        true,
    );
    check_holds(
        "StringLike",
        json!("*${aws:CurrentTime}.${aws:EpochTime}"),
        Some("2026-11-26T04:00:00Z.2026-11-26T04:00:00Z.1795665600"),
        true,
    );
}
