//! Actions, resources, the order of evaluation, and the patterns of AWS's guide (access.md,
//! sections 1.1, 1.7, 2.2, 2.4 and 2.5).

use super::{DOMAIN, check, permissions, policy, user};
use crate::action::Action;
use crate::caller::PrincipalKind;
use crate::check::{Check, ServiceKey};
use crate::policy::{Denial, DenialReason, Matched, Permissions, Policy, PolicyPlace, Verdict};
use serde_json::{Value, json};

fn allows(statement: Value, check: &Check<'_>) -> bool {
    allows_in("2012-10-17", statement, check)
}

fn allows_in(version: &str, statement: Value, check: &Check<'_>) -> bool {
    let document = json!({ "Version": version, "Statement": statement });
    matches!(permissions(vec![document]).judge(&user(), check), Verdict::Allowed(_))
}

fn to(element: &str, patterns: Value) -> Value {
    json!({ "Effect": "Allow", "Action": "*", element: patterns })
}

fn denied(reason: DenialReason, sid: Option<&str>) -> Verdict {
    // Those that are denied here by a statement have it alone in its policy.
    let by = sid.map(|sid| Matched { policy: None, statement: 1, sid: Some(sid.into()) });
    Verdict::Denied(Denial { reason, by })
}

#[test]
fn actions_match_without_case() {
    let rows = [
        ("Action", json!("*"), true),
        ("Action", json!("swf:*"), true),
        ("Action", json!("SWF:COUNTpending*tasks"), true),
        ("Action", json!("swf:CountPending????????Tasks"), true),
        ("Action", json!("swf:Count*Decision*"), false),
        ("Action", json!("swf:CountPendingActivityTask"), false),
        ("Action", json!("iam:*"), false),
        ("Action", json!("swf:*c*y*s"), true),
        ("NotAction", json!("swf:List*"), true),
        ("NotAction", json!(["swf:List*", "swf:Count*"]), false),
        ("NotAction", json!("s3:*"), true),
    ];
    for (element, patterns, expected) in rows {
        let statement = json!({ "Effect": "Allow", element: patterns, "Resource": "*" });
        let check = check(Action::CountPendingActivityTasks, DOMAIN, &[]);
        assert_eq!(allows(statement, &check), expected, "{element} {patterns}");
    }
}

#[test]
fn resources_match_part_by_part() {
    let rows = [
        (json!("*"), true),
        (json!(DOMAIN), true),
        (json!("arn:aws:swf:us-east-1:123456789012:/domain/Orders"), false),
        (json!("arn:aws:swf:us-east-1:123456789012:/domain/order"), false),
        (json!("arn:aws:swf:*:123456789012:/domain/*"), true),
        (json!("arn:aws:swf:us-*:*:/domain/o?ders"), true),
        (json!("arn:aws:swf:eu-west-1:123456789012:/domain/orders"), false),
        // The same name without its region.
        (json!("arn:aws:swf::123456789012:/domain/orders"), true),
        (json!("arn:aws:swf::123456789012:/domain/o*"), true),
        (json!("arn:aws:swf::123456789012:domain/orders"), false),
        // Short ones.
        (json!("arn:aws:swf:*"), true),
        (json!("arn:aws:swf"), true),
        (json!("arn:*"), true),
        (json!("arn:aws:iam:*"), false),
        // A wildcard does not cross a colon.
        (json!("arn:aws:*:/domain/orders"), false),
        (json!("arn:*:orders"), false),
        (json!("*orders"), false),
        (json!(["arn:aws:iam:*", DOMAIN]), true),
    ];
    for (patterns, expected) in rows {
        let check = check(Action::DescribeDomain, DOMAIN, &[]);
        assert_eq!(allows(to("Resource", patterns.clone()), &check), expected, "{patterns}");
        assert_eq!(allows(to("NotResource", patterns.clone()), &check), !expected, "{patterns}");
    }
    // The last part keeps its colons.
    let role = "arn:aws:iam::123456789012:role/a:b:c";
    let check = check(Action::PassRole, role, &[]);
    assert!(allows(to("Resource", json!("arn:aws:iam::*:role/*")), &check));
    assert!(allows(to("Resource", json!("arn:aws:iam::*:role/a*c")), &check));
}

#[test]
fn the_names_of_a_request_are_literal() {
    let all = "arn:aws:swf:us-east-1:123456789012:/domain/*";
    let listing = check(Action::ListDomains, all, &[]);
    assert!(!allows(to("Resource", json!(DOMAIN)), &listing));
    assert!(!allows(to("Resource", json!(format!("{DOMAIN}*"))), &listing));
    assert!(allows(to("Resource", json!(all)), &listing));
    assert!(allows(to("NotResource", json!(DOMAIN)), &listing));
    assert!(allows(to("Resource", json!("arn:aws:swf:*:*:/domain/${*}")), &listing));
    // What is no name is matched by `*` alone.
    let nameless = check(Action::ListDomains, "*", &[]);
    assert!(allows(to("Resource", json!("*")), &nameless));
    assert!(!allows(to("Resource", json!("arn:*")), &nameless));
}

#[test]
fn variables_in_resources() {
    let of = |name: &str| format!("arn:aws:swf:us-east-1:123456789012:/domain/{name}");
    let own = to("Resource", json!(of("${aws:username}")));
    let may = |statement: &Value, name: &str| {
        allows(statement.clone(), &check(Action::DescribeDomain, &of(name), &[]))
    };
    assert!(may(&own, "ann"));
    assert!(!may(&own, "bob"));
    assert!(may(&to("Resource", json!(of("${aws:PrincipalTag/team}-*"))), "blue-x"));
    assert!(may(&to("Resource", json!(of("${aws:PrincipalTag/none, 'any'}"))), "any"));
    let unresolved = json!(of("${aws:PrincipalTag/none}*"));
    assert!(!may(&to("Resource", unresolved.clone()), "ann"));
    assert!(may(&to("NotResource", unresolved), "ann"));
    // A `*` in a value or in a default is an asterisk.
    let mut star = user();
    star.user_name = Some("*".into());
    let permissions = permissions(vec![json!({ "Version": "2012-10-17", "Statement": own })]);
    let judge =
        |name: &str| permissions.judge(&star, &check(Action::DescribeDomain, &of(name), &[]));
    assert_eq!(judge("ann"), denied(DenialReason::ImplicitIdentity, None));
    assert_eq!(judge("*"), allowed(None));
    assert!(!may(&to("Resource", json!(of("${aws:PrincipalTag/none, '*'}"))), "any"));
}

#[test]
fn older_versions_have_no_variables() {
    let name = "arn:aws:swf:us-east-1:123456789012:/domain/${aws:username}";
    let literal = check(Action::DescribeDomain, name, &[]);
    let own = "arn:aws:swf:us-east-1:123456789012:/domain/ann";
    let resolved = check(Action::DescribeDomain, own, &[]);
    for (version, is_literal) in [("2008-10-17", true), ("2012-10-17", false)] {
        let statement = to("Resource", json!(name));
        assert_eq!(allows_in(version, statement.clone(), &literal), is_literal, "{version}");
        assert_eq!(allows_in(version, statement, &resolved), !is_literal, "{version}");
    }
    let without = permissions(vec![json!({ "Statement": to("Resource", json!(name)) })]);
    assert_eq!(without.judge(&user(), &literal), allowed(None));
    assert_eq!(without.judge(&user(), &resolved), denied(DenialReason::ImplicitIdentity, None));
}

/// By the first statement of its policy.
fn allowed(sid: Option<&str>) -> Verdict {
    let sid = sid.map(Into::into);
    Verdict::Allowed(Some(Matched { policy: None, statement: 1, sid }))
}

/// The verdict tells where it was said: with a `Sid` or without, and whichever policy it was.
#[test]
fn the_statement_that_decided() {
    let named = |name: &str, statements: Value| {
        let document = json!({ "Statement": statements }).to_string();
        let policy = Policy::parse(&document, PolicyPlace::Role).expect("a right policy");
        std::sync::Arc::new(policy.named(name.into()))
    };
    let of =
        |effect: &str, action: &str| json!({ "Effect": effect, "Action": action, "Resource": "*" });
    let (list, count) = (of("Allow", "swf:List*"), of("Allow", "swf:Count*"));
    let start = statement("Not", "Deny", "swf:Start*");
    let permissions = Permissions {
        identity: vec![named("one", json!([count])), named("two", json!([count, list, start]))],
        boundary: Some(named("edge", json!([of("Allow", "swf:*"), of("Deny", "swf:CountOpen*")]))),
        session: None,
    };
    let by = |policy: &str, statement, sid: Option<&str>| {
        Some(Matched { policy: Some(policy.into()), statement, sid: sid.map(Into::into) })
    };
    use DenialReason as Reason;
    for (action, reason, expected) in [
        (Action::ListDomains, None, by("two", 2, None)),
        (Action::CountClosedWorkflowExecutions, None, by("one", 1, None)),
        (Action::StartWorkflowExecution, Some(Reason::ExplicitIdentity), by("two", 3, Some("Not"))),
        (Action::CountOpenWorkflowExecutions, Some(Reason::ExplicitBoundary), by("edge", 2, None)),
        (Action::DescribeDomain, Some(Reason::ImplicitIdentity), None),
    ] {
        let verdict = permissions.judge(&user(), &check(action, DOMAIN, &[]));
        assert_eq!(verdict.by(), expected.as_ref(), "{action}");
        let denied = match verdict {
            Verdict::Allowed(_) => None,
            Verdict::Denied(denial) => Some(denial.reason),
        };
        assert_eq!(denied, reason, "{action}");
    }
}

fn statement(sid: &str, effect: &str, action: &str) -> Value {
    json!({ "Sid": sid, "Effect": effect, "Action": action, "Resource": "*" })
}

#[test]
fn a_denial_binds_wherever_it_stands() {
    let check = check(Action::ListDomains, DOMAIN, &[]);
    let allow = statement("A", "Allow", "*");
    let deny = statement("D", "Deny", "swf:ListDomains");
    let explicit = denied(DenialReason::ExplicitIdentity, Some("D"));
    let within = permissions(vec![json!({ "Statement": [deny, allow] })]);
    assert_eq!(within.judge(&user(), &check), explicit);
    let across = permissions(vec![json!({ "Statement": allow }), json!({ "Statement": deny })]);
    assert_eq!(across.judge(&user(), &check), explicit);
    let nothing = permissions(vec![]);
    assert_eq!(nothing.judge(&user(), &check), denied(DenialReason::ImplicitIdentity, None));
}

#[test]
fn the_order_of_evaluation() {
    use DenialReason as Reason;
    let of = |sid: &str, effect: &str, action: &str| {
        policy(json!({ "Statement": statement(sid, effect, action) }))
    };
    let (all, none) = (("X", "Allow", "*"), ("X", "Allow", "iam:*"));
    let deny = |sid| (sid, "Deny", "*");
    let rows = [
        (all, None, None, allowed(Some("X"))),
        (all, Some(all), Some(all), allowed(Some("X"))),
        (none, Some(all), Some(all), denied(Reason::ImplicitIdentity, None)),
        (all, Some(none), Some(none), denied(Reason::ImplicitBoundary, None)),
        (all, Some(all), Some(none), denied(Reason::ImplicitSession, None)),
        (none, Some(none), Some(deny("S")), denied(Reason::ExplicitSession, Some("S"))),
        (none, Some(deny("B")), Some(deny("S")), denied(Reason::ExplicitBoundary, Some("B"))),
        (deny("I"), Some(deny("B")), None, denied(Reason::ExplicitIdentity, Some("I"))),
    ];
    let check = check(Action::ListDomains, DOMAIN, &[]);
    for (identity, boundary, session, expected) in rows {
        let read = |(sid, effect, action): (&str, &str, &str)| of(sid, effect, action);
        let permissions = Permissions {
            identity: vec![read(identity)],
            boundary: boundary.map(read),
            session: session.map(read),
        };
        assert_eq!(permissions.judge(&user(), &check), expected);
        // The root of an account is bound by what denies, and needs nothing that allows.
        let mut root = user();
        root.kind = PrincipalKind::Account;
        let free = match &expected {
            Verdict::Denied(denial) if denial.reason.is_explicit() => expected.clone(),
            Verdict::Denied(_) | Verdict::Allowed(_) => Verdict::Allowed(None),
        };
        assert_eq!(permissions.judge(&root, &check), free);
    }
}

#[test]
fn a_statement_matches_as_a_whole_or_not_at_all() {
    let halves = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "swf:DescribeDomain", "Resource": "arn:aws:iam:*" },
        { "Effect": "Allow", "Action": "iam:*", "Resource": DOMAIN },
        { "Effect": "Allow", "Action": "swf:DescribeDomain", "Resource": DOMAIN,
          "Condition": { "Bool": { "aws:SecureTransport": "true" } } },
    ]});
    let check = check(Action::DescribeDomain, DOMAIN, &[]);
    let verdict = permissions(vec![halves]).judge(&user(), &check);
    assert_eq!(verdict, denied(DenialReason::ImplicitIdentity, None));
}

#[test]
fn the_texts_of_denials() {
    use DenialReason as Reason;
    let rows = [
        (
            Reason::ImplicitIdentity,
            " because no identity-based policy allows the swf:ListDomains action",
        ),
        (Reason::ExplicitIdentity, " with an explicit deny in an identity-based policy"),
        (
            Reason::ImplicitBoundary,
            " because no permissions boundary allows the swf:ListDomains action",
        ),
        (Reason::ExplicitBoundary, " with an explicit deny in a permissions boundary"),
        (Reason::ImplicitSession, " because no session policy allows the swf:ListDomains action"),
        (Reason::ExplicitSession, " with an explicit deny in a session policy"),
    ];
    for (reason, context) in rows {
        let denial = Denial { reason, by: None };
        let text = denial.text("arn:aws:iam::1:user/a", Action::ListDomains, "arn:aws:swf:r:1:/x");
        let start = "User: arn:aws:iam::1:user/a is not authorized to perform: swf:ListDomains on \
                     resource: arn:aws:swf:r:1:/x";
        assert_eq!(text, format!("{start}{context}"));
    }
}

#[test]
fn a_verdict_may_depend_on_nothing_but_the_resource() {
    let permissions = permissions(vec![json!({ "Statement": [
        { "Effect": "Allow", "Action": "swf:*", "Resource": "*" },
        { "Effect": "Deny", "Action": "swf:Start*", "Resource": "*",
          "Condition": { "Null": { "swf:taskList.name": "true" } } },
    ]})]);
    assert!(permissions.is_unconditional(Action::ListDomains));
    assert!(!permissions.is_unconditional(Action::StartWorkflowExecution));
}

#[test]
fn the_guides_pattern_of_full_access() {
    let statement = json!({ "Effect": "Allow", "Action": "swf:*",
                            "Resource": "arn:aws:swf:*:123456789012:/domain/*" });
    let all = "arn:aws:swf:us-east-1:123456789012:/domain/*";
    assert!(allows(statement.clone(), &check(Action::ListDomains, all, &[])));
    for action in Action::ALL.iter().filter(|action| action.service() == "swf") {
        assert!(allows(statement.clone(), &check(*action, DOMAIN, &[])), "{action}");
    }
    let foreign = DOMAIN.replace("123456789012", "999999999999");
    assert!(!allows(statement, &check(Action::DescribeDomain, &foreign, &[])));
}

#[test]
fn the_guides_patterns_of_types_lists_and_tags() {
    use ServiceKey as Key;
    let start = |values: &[(Key, &'static str)], condition: &Value| {
        let statement = json!({ "Effect": "Allow", "Action": "swf:StartWorkflowExecution",
                                "Resource": DOMAIN, "Condition": condition });
        allows(statement, &check(Action::StartWorkflowExecution, DOMAIN, values))
    };
    let (name, version) =
        ((Key::WorkflowTypeName, "workflow1"), (Key::WorkflowTypeVersion, "version2"));
    let typed = json!({ "StringEquals": { "swf:workflowType.name": "workflow1",
                                          "swf:workflowType.version": "version2" } });
    assert!(start(&[name, version], &typed));
    assert!(!start(&[name], &typed));
    assert!(!start(&[name, (Key::WorkflowTypeVersion, "version1")], &typed));

    let listed = json!({ "StringEqualsIfExists": { "swf:taskList.name": "list" } });
    assert!(start(&[], &listed));
    assert!(start(&[(Key::TaskListName, "list")], &listed));
    assert!(!start(&[(Key::TaskListName, "other")], &listed));

    let (first, second) = ((Key::TagListMember0, "a"), (Key::TagListMember1, "smuggled"));
    let insecure = json!({ "StringEqualsIfExists": { "swf:tagList.member.0": ["a", "b"] } });
    let mut secure = insecure.clone();
    secure["Null"] = json!({ "swf:tagList.member.1": "true" });
    assert!(start(&[first, second], &insecure));
    assert!(!start(&[first, second], &secure));
    assert!(!start(&[first, (Key::TagListMember1, "")], &secure));
    assert!(start(&[first], &secure));
    assert!(!start(&[(Key::TagListMember0, "c")], &secure));

    // The other names of the two keys that AWS's documents disagree on.
    assert!(start(&[first], &json!({ "StringEquals": { "swf:tagList.0": "a" } })));
    let other = json!({ "StringEquals": { "swf:workflowTypeVersion": "version2" } });
    assert!(start(&[version], &other));
}

#[test]
fn the_guides_patterns_of_deciders_and_of_domains_tags() {
    let document = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "swf:RespondDecisionTaskCompleted", "Resource": DOMAIN },
        { "Effect": "Allow", "Action": "swf:ScheduleActivityTask", "Resource": "*",
          "Condition": { "StringEquals": { "swf:activityType.name": "pack" } } },
        { "Effect": "Allow", "Action": "swf:DescribeDomain", "Resource": "*",
          "Condition": { "StringEquals": { "aws:ResourceTag/environment": "production" } } },
    ]});
    let permissions = permissions(vec![document]);
    let may = |check: &Check<'_>| matches!(permissions.judge(&user(), check), Verdict::Allowed(_));
    assert!(may(&check(Action::RespondDecisionTaskCompleted, DOMAIN, &[])));
    assert!(!may(&check(Action::StartTimer, DOMAIN, &[])));
    let pack = [(ServiceKey::ActivityTypeName, "pack")];
    assert!(may(&check(Action::ScheduleActivityTask, DOMAIN, &pack)));
    let ship = [(ServiceKey::ActivityTypeName, "ship")];
    assert!(!may(&check(Action::ScheduleActivityTask, DOMAIN, &ship)));
    let tags = super::tags(&[("environment", "production")]);
    let mut tagged = check(Action::DescribeDomain, DOMAIN, &[]);
    assert!(!may(&tagged));
    tagged.resource_tags = Some(&tags);
    assert!(may(&tagged));
}
