//! What is refused when a policy is uploaded, and with which words; what is only warned of.

use crate::policy::document::{DOCUMENT_BYTES_MAX, STATEMENTS_MAX};
use crate::policy::{Policy, PolicyError, PolicyPlace};
use serde_json::{Value, json};

fn parse(document: &str) -> Result<Policy, PolicyError> {
    Policy::parse(document, PolicyPlace::Role)
}

/// A document with one statement, some elements of which are others. `null` takes one away.
fn with(elements: Value) -> String {
    let mut statement = json!({ "Effect": "Allow", "Action": "swf:*", "Resource": "*" });
    for (element, value) in elements.as_object().expect("elements") {
        statement[element] = value.clone();
    }
    statement.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

fn check_refused(document: &str, text: &str) {
    match parse(document) {
        Ok(_) => panic!("accepted: {document}"),
        Err(error) => assert_eq!(error.to_string(), text, "{document}"),
    }
}

#[test]
fn refusals_of_statements_name_the_place() {
    let rows = [
        (json!({ "Effect": "allow" }), "Statement[0].Effect: \"allow\" is neither Allow nor Deny"),
        (json!({ "Effect": null }), "Statement[0]: Effect is missing"),
        (json!({ "Effect": 1 }), "Statement[0].Effect: must be a text"),
        (json!({ "effect": "Allow" }), "Statement[0]: unknown element \"effect\""),
        (json!({ "Actions": "*" }), "Statement[0]: unknown element \"Actions\""),
        (
            json!({ "Principal": "*" }),
            "Statement[0]: the element \"Principal\" has no place in this kind of policy",
        ),
        (
            json!({ "NotPrincipal": "*" }),
            "Statement[0]: the element \"NotPrincipal\" has no place in this kind of policy",
        ),
        (json!({ "NotAction": "*" }), "Statement[0]: there are both Action and NotAction"),
        (json!({ "Action": null }), "Statement[0]: Action or NotAction is missing"),
        (json!({ "NotResource": "*" }), "Statement[0]: there are both Resource and NotResource"),
        (json!({ "Resource": null }), "Statement[0]: Resource or NotResource is missing"),
        (json!({ "Action": [] }), "Statement[0].Action: the list is empty"),
        (json!({ "Resource": [] }), "Statement[0].Resource: the list is empty"),
        (json!({ "Action": 7 }), "Statement[0].Action: must be a text or a list of texts"),
        (json!({ "Action": [["*"]] }), "Statement[0].Action[0]: must be a text or a list of texts"),
        (
            json!({ "Action": ["swf:*", "ListDomains"] }),
            "Statement[0].Action[1]: \"ListDomains\" is neither * nor of the form service:action",
        ),
        (
            json!({ "Action": "swf:" }),
            "Statement[0].Action: \"swf:\" is neither * nor of the form service:action",
        ),
        (
            json!({ "Action": "s*:ListDomains" }),
            "Statement[0].Action: \"s*:ListDomains\" is neither * nor of the form service:action",
        ),
        (
            json!({ "Resource": "orders" }),
            "Statement[0].Resource: \"orders\" is neither * nor a name that starts with arn:",
        ),
        (
            json!({ "Resource": "ARN:aws:swf:*" }),
            "Statement[0].Resource: \"ARN:aws:swf:*\" is neither * nor a name that starts with arn:",
        ),
        (
            json!({ "Resource": "arn:aws:swf:*:${aws:username}:/domain/x" }),
            "Statement[0].Resource: \"arn:aws:swf:*:${aws:username}:/domain/x\" has a variable \
             before its fifth colon",
        ),
        (
            json!({ "Resource": "arn:aws:swf:*:*:/domain/${aws:username" }),
            "Statement[0].Resource: \"${aws:username\" is not of the form ${key} or \
             ${key, 'default'}",
        ),
        (
            json!({ "Resource": "arn:aws:swf:*:*:/domain/${aws:TagKeys}" }),
            "Statement[0].Resource: aws:TagKeys has several values and cannot be a variable",
        ),
        (json!({ "Condition": [] }), "Statement[0].Condition: must be an object"),
        (
            json!({ "Condition": { "StringEquals": "x" } }),
            "Statement[0].Condition.StringEquals: must be an object",
        ),
        (
            json!({ "Condition": { "StringIs": { "aws:username": "x" } } }),
            "Statement[0].Condition: unknown operator \"StringIs\"",
        ),
        (
            json!({ "Condition": { "NullIfExists": { "aws:username": "true" } } }),
            "Statement[0].Condition: unknown operator \"NullIfExists\"",
        ),
        (
            json!({ "Condition": { "ForNoValue:Bool": { "aws:username": "true" } } }),
            "Statement[0].Condition: unknown operator \"ForNoValue:Bool\"",
        ),
        (
            json!({ "Condition": { "StringEquals": { "aws:username": [] } } }),
            "Statement[0].Condition.StringEquals.aws:username: the list is empty",
        ),
        (
            json!({ "Condition": { "StringEquals": { "aws:username": [null] } } }),
            "Statement[0].Condition.StringEquals.aws:username[0]: must be a text, a number, true, \
             false, or a list of them",
        ),
        (
            json!({ "Condition": { "Null": { "aws:username": "yes" } } }),
            "Statement[0].Condition.Null.aws:username: \"yes\" is neither true nor false",
        ),
        (
            json!({ "Condition": { "StringLike": { "aws:username": "${,}" } } }),
            "Statement[0].Condition.StringLike.aws:username: \"${,}\" is not of the form ${key} \
             or ${key, 'default'}",
        ),
    ];
    for (elements, text) in rows {
        check_refused(&with(elements), text);
    }
}

#[test]
fn refusals_of_documents() {
    let rows = [
        ("[]", "policy: must be an object"),
        ("{}", "policy: Statement is missing"),
        (r#"{"Statement":[]}"#, "Statement: the list is empty"),
        (r#"{"Statement":"x"}"#, "Statement: must be an object or a list of objects"),
        (r#"{"Statement":[1]}"#, "Statement[0]: must be an object"),
        (r#"{"Statement":[],"Extra":1}"#, "policy: unknown element \"Extra\""),
        (r#"{"statement":[]}"#, "policy: unknown element \"statement\""),
        (
            r#"{"Version":"2012-10-18","Statement":[]}"#,
            "Version: \"2012-10-18\" is neither \
           2012-10-17 nor 2008-10-17",
        ),
        (r#"{"Version":2012,"Statement":[]}"#, "Version: must be a text"),
        (r#"{"Id":{},"Statement":[]}"#, "Id: must be a text"),
        (r#"{"Statement":[],"Statement":[]}"#, "policy: the key \"Statement\" is there twice"),
        (
            r#"{"Statement":{"Effect":"Deny","Action":"*","Resource":"*","Effect":"Allow"}}"#,
            "Statement: the key \"Effect\" is there twice",
        ),
        (
            r#"{"Statement":{"Effect":"Deny","Action":"*","Resource":"*","Condition":
                {"Bool":{"aws:SecureTransport":"true"},"Bool":{}}}}"#,
            "Statement.Condition: the key \"Bool\" is there twice",
        ),
        (
            r#"{"Statement":{"Effect":"Deny","Action":"*","Resource":"*","Condition":
                {"Bool":{"aws:SecureTransport":"true","aws:SecureTransport":"false"}}}}"#,
            "Statement.Condition.Bool: the key \"aws:SecureTransport\" is there twice",
        ),
        (
            r#"{"Statement":[{"Sid":"A","Effect":"Deny","Action":"*","Resource":"*"},
                {"Sid":"A","Effect":"Deny","Action":"*","Resource":"*"}]}"#,
            "Statement[1].Sid: another statement has the Sid \"A\"",
        ),
    ];
    for (document, text) in rows {
        check_refused(document, text);
    }
    for broken in ["", "{", "{}x", "\u{feff}{}", r#"{"Statement":NaN}"#] {
        assert!(matches!(parse(broken), Err(PolicyError::Json { .. })), "{broken}");
    }
    let deep = format!(r#"{{"Statement":{}"#, "[".repeat(5000));
    assert!(matches!(parse(&deep), Err(PolicyError::Json { .. })));
}

#[test]
fn the_bounds_of_each_place_do_not_count_white_space() {
    for place in PolicyPlace::ALL {
        let around = with(json!({ "Sid": "" }));
        let room = place.characters_max() - around.len();
        let longest = with(json!({ "Sid": "\u{e4}".repeat(room) }));
        let spaced = longest.replace(':', " :\n\t").replace("swf :\n\t", "swf:");
        let longer = with(json!({ "Sid": "x".repeat(room + 1) }));
        assert!(Policy::parse(&longest, place).is_ok(), "{place:?}");
        let spaced = Policy::parse(&spaced, place);
        assert_eq!(spaced.map(|policy| policy.counted_characters()), Ok(place.characters_max()));
        let (characters, max) = (place.characters_max() + 1, place.characters_max());
        let error = PolicyError::TooLong { characters, max };
        assert_eq!(Policy::parse(&longer, place).map(|_| ()), Err(error));
    }
    let spaces = " ".repeat(DOCUMENT_BYTES_MAX);
    let bytes = DOCUMENT_BYTES_MAX + 1;
    let error = PolicyError::TooManyBytes { bytes, max: DOCUMENT_BYTES_MAX };
    assert_eq!(parse(&(spaces + "{")).map(|_| ()), Err(error));
}

#[test]
fn the_number_of_statements_is_bounded() {
    let statement = json!({ "Effect": "Deny", "Action": "*", "Resource": "*" });
    let of = |count| json!({ "Statement": vec![statement.clone(); count] }).to_string();
    assert!(parse(&of(STATEMENTS_MAX)).is_ok());
    let error = PolicyError::TooManyStatements { count: STATEMENTS_MAX + 1, max: STATEMENTS_MAX };
    assert_eq!(parse(&of(STATEMENTS_MAX + 1)).map(|_| ()), Err(error));
}

#[test]
fn what_tools_write_is_accepted() {
    let rows = [
        json!({ "Sid": "" }),
        json!({ "Condition": {} }),
        json!({ "Condition": { "StringEquals": {} } }),
        json!({ "Condition": { "NumericLessThan": { "swf:name": 5 } } }),
        json!({ "Condition": { "Bool": { "aws:SecureTransport": true } } }),
        json!({ "Condition": { "Null": { "swf:name": false } } }),
        json!({ "Resource": ["arn:aws:swf:*", "arn:aws", "*", "arn:aws:swf::1:/domain/x"] }),
        json!({ "Resource": "arn:aws:swf:*:*:/domain/${$}{x}$" }),
    ];
    for elements in rows {
        let policy = parse(&with(elements.clone()));
        let policy = policy.unwrap_or_else(|error| panic!("{elements}: {error}"));
        assert_eq!(policy.warnings(), [], "{elements}");
    }
    // Two statements without a name, written as some tools do.
    let statement = json!({ "Sid": "", "Effect": "Deny", "Action": "*", "Resource": "*" });
    let document = json!({ "Id": "x", "Statement": [statement, statement] }).to_string();
    assert_eq!(parse(&document).map(|policy| policy.document().to_string()), Ok(document));
}

/// If they only matched nothing, negated operators would hold for everybody.
#[test]
fn values_that_their_operator_cannot_read_are_refused() {
    let rows = [
        ("NumericNotEquals", "one"),
        ("NumericEquals", "1e3"),
        ("NumericLessThan", "${aws:EpochTime}"),
        ("DateNotEquals", "soon"),
        ("DateGreaterThan", "2023-02-29"),
        ("Bool", "yes"),
        ("Bool", "${aws:SecureTransport}"),
        ("BinaryEquals", "orders"),
        ("IpAddress", "10.0.0.0/+8"),
        ("NotIpAddress", "10.0.0.0/33"),
        ("NotIpAddress", "10.0.0"),
        ("NotIpAddressIfExists", "10.0.0.0-10.0.0.9"),
        ("ArnNotLike", "arn:aws:iam"),
        ("ForAllValues:ArnNotEquals", "arn:aws:iam:*"),
    ];
    for (operator, value) in rows {
        let text = format!(
            "Statement[0].Condition.{operator}.aws:SourceIp[1]: \"{value}\" is no value for this \
             operator"
        );
        let good = match operator {
            "Bool" => "true",
            "BinaryEquals" => "b3JkZXJz",
            arn if arn.contains("Arn") => "arn:aws:iam::1:role/a",
            address if address.contains("IpAddress") => "10.0.0.1",
            _ => "2026",
        };
        let condition =
            |values: Value| json!({ "Condition": { operator: { "aws:SourceIp": values } } });
        check_refused(&with(condition(json!([good, value]))), &text);
        parse(&with(condition(json!([good, good])))).expect("it can be read");
    }
}

#[test]
fn what_has_no_effect_is_warned_of() {
    let document = with(json!({
        "Action": ["swf:ListDomains", "swf:ListDomain", "s3:*"],
        "Resource": ["arn:aws:swf:*:*:/domain/${aws:Nobody}"],
        "Condition": {
            "StringEquals": { "aws:MultiFactorAuthPresent": "true" },
        },
    }));
    let policy = parse(&document).expect("it is legal");
    let warnings: Vec<String> = policy.warnings().iter().map(ToString::to_string).collect();
    let expected = [
        "Statement[0].Action[1]: \"swf:ListDomain\" matches no known action",
        "Statement[0].Action[2]: \"s3:*\" matches no known action",
        "Statement[0].Resource[0]: a variable's key is not known; it never has a value",
        "Statement[0].Condition.StringEquals: the key \"aws:MultiFactorAuthPresent\" is not known \
         and counts as absent",
    ];
    assert_eq!(warnings, expected);
}

/// A condition on what comes with other actions alone.
#[test]
fn keys_that_none_of_the_actions_has_are_warned_of() {
    let list = "swf:taskList.name";
    for (actions, key, is_warned_of) in [
        (json!("swf:DescribeDomain"), list, true),
        (json!("swf:DescribeDomain"), "SWF:TASKLIST.NAME", true),
        (json!("swf:PollForDecisionTask"), list, false),
        (json!(["swf:DescribeDomain", "swf:PollForDecisionTask"]), list, false),
        (json!("swf:*"), list, false),
        (json!("iam:CreateUser"), "iam:PolicyARN", true),
        (json!("iam:PassRole"), "iam:PassedToService", false),
        (json!("swf:DescribeDomain"), "aws:RequestTag/k", false),
    ] {
        let document = with(json!({
            "Action": actions, "Condition": { "StringEquals": { key: "v" } },
        }));
        let policy = parse(&document).expect("it is legal");
        let expected = format!(
            "Statement[0].Condition.StringEquals: none of the statement's actions has the key \
             \"{key}\"; it counts as absent"
        );
        let warnings: Vec<String> = policy.warnings().iter().map(ToString::to_string).collect();
        assert_eq!(warnings, Vec::from_iter(is_warned_of.then_some(expected)), "{actions} {key}");
    }
}

/// Each with what is wrong with it, and those that look alike and may be meant.
#[test]
fn what_can_match_nothing_is_warned_of() {
    let of = |elements: Value| {
        let policy = parse(&elements.to_string()).expect("it is legal");
        policy.warnings().iter().map(ToString::to_string).collect::<Vec<String>>()
    };
    let resource = |version: &str, text: &str| {
        let statement = json!({ "Effect": "Allow", "Action": "swf:*", "Resource": text });
        of(json!({ "Version": version, "Statement": statement }))
    };
    let (new, old) = ("2012-10-17", "2008-10-17");
    let domain = " matches no domain: their names end in :/domain/ and a name";
    let partition = " matches nothing: names of this server begin with arn:aws:";
    let space = " begins or ends with white space, which counts";
    let literal = " has no variable: without Version 2012-10-17 it is taken literally";
    for (version, text, expected) in [
        (new, "arn:aws:swf:*:1:domain/a", Some(domain)),
        (new, "arn:aws:swf:*:1:/domains/a", Some(domain)),
        (new, "arn:aws:swf:*:1:/domain", Some(domain)),
        (new, "arn:aws:swf:*:1:", Some(domain)),
        (new, "arn:aws:swf:*:1:/domain/a", None),
        (new, "arn:aws:swf:*:1:/dom*", None),
        (new, "arn:aws:swf:*:1:?domain/a", None),
        (new, "arn:aws:swf:*:1:*", None),
        (new, "arn:aws:swf:*", None),
        (new, "arn:aws:iam::1:user/a", None),
        (new, "arn:aws:*:*:1:domain/a", None),
        (new, "arn:aws-cn:swf:*:1:/domain/a", Some(partition)),
        (new, "arn:aws*:swf:*:1:/domain/a", None),
        (new, "arn:aws:swf:*:1:/domain/a ", Some(space)),
        (old, "arn:aws:swf:*:1:/domain/${aws:username}", Some(literal)),
        (new, "arn:aws:swf:*:1:/domain/${aws:username}", None),
    ] {
        let expected = expected.map(|why| format!("Statement.Resource: \"{text}\"{why}"));
        assert_eq!(resource(version, text), Vec::from_iter(expected), "{version} {text}");
    }
    for (version, value, expected) in [
        (new, "a ", Some(space)),
        (new, "a b", None),
        (old, "${aws:username}", Some(literal)),
        (new, "${aws:username}", None),
    ] {
        let condition = json!({ "StringEquals": { "swf:name": value } });
        let statement = json!({
            "Effect": "Allow", "Action": "swf:*", "Resource": "*", "Condition": condition,
        });
        let place = "Statement.Condition.StringEquals.swf:name";
        let expected = expected.map(|why| format!("{place}: \"{value}\"{why}"));
        let warnings = of(json!({ "Version": version, "Statement": statement }));
        assert_eq!(warnings, Vec::from_iter(expected), "{version} {value}");
    }
}

#[test]
fn the_example_of_the_page_for_users_is_a_policy() {
    let page = include_str!("../../../../../docs/policies.md");
    let example = page.split("```json").nth(1).and_then(|rest| rest.split("```").next());
    let policy = parse(example.expect("there is an example")).expect("it is a policy");
    assert_eq!(policy.warnings(), []);
}
