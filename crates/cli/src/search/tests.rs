//! Tables of queries, of what is wrong with them, and that what is told to SWF changes no answer.

use super::*;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use wire::{ExecutionStatus, Tag, WorkflowType};

/// 2026-11-26T00:00:00Z.
const NOW: Timestamp = Timestamp(1_795_651_200_000);
const HOUR: i64 = 3_600_000;

fn named(workflow_id: &str, run_id: &str) -> WorkflowExecution {
    WorkflowExecution { workflow_id: workflow_id.into(), run_id: run_id.into() }
}

/// Two hours old.
fn order() -> WorkflowExecutionInfo {
    WorkflowExecutionInfo {
        execution: named("order-7", "r7"),
        workflow_type: WorkflowType { name: "order".into(), version: "1.0".into() },
        start_timestamp: Timestamp(NOW.0 - 2 * HOUR),
        execution_status: ExecutionStatus::Open,
        close_timestamp: None,
        close_status: None,
        parent: None,
        tag_list: Some(vec!["nightly".into(), "eu".into()]),
        cancel_requested: Some(false),
    }
}

/// Its child, ten minutes old, without tags.
fn child() -> WorkflowExecutionInfo {
    WorkflowExecutionInfo {
        execution: named("pack \"7\"", "r8"),
        workflow_type: WorkflowType { name: "pack".into(), version: "2".into() },
        start_timestamp: Timestamp(NOW.0 - HOUR / 6),
        parent: Some(named("order-7", "r7")),
        tag_list: None,
        cancel_requested: Some(true),
        ..order()
    }
}

#[test]
fn a_query_means_what_it_says() {
    for (text, of_order, of_child) in [
        ("all", true, true),
        ("not all", false, false),
        // Words and fields in upper or lower case, texts as they are.
        ("NOT All", false, false),
        (r#"ID = "order-7" AND NOT Type IN ("b", "c")"#, true, false),
        ("Type = Order OR TAG = NIGHTLY", false, false),
        ("Cancel-Requested and AGE < 1h", false, true),
        // That of the help.
        (
            r#"type = "order" AND tag IN ("eu", "us") AND NOT id ~ "test-*" AND age > 1h30m"#,
            true,
            false,
        ),
        ("id = 'order-7'", true, false),
        ("id = order-7", true, false),
        ("id != \"order-7\"", false, true),
        (r#"id = "pack \"7\"""#, false, true),
        (r#"id = 'pack "7"'"#, false, true),
        ("id ~ 'order-*'", true, false),
        ("id ~ '*-?'", true, false),
        ("id~order*", true, false),
        ("run in (r7, 'r8')", true, true),
        ("run in (r8)", false, true),
        ("run not in (r7)", false, true),
        ("type = order and version = 1.0", true, false),
        ("type = order and version = 2", false, false),
        ("version ~ '1.*'", true, false),
        ("type = order or type = pack", true, true),
        ("tag = nightly", true, false),
        ("tag = eu", true, false),
        ("tag != eu", false, true),
        ("tag ~ '*'", true, false),
        ("tag in (us, eu)", true, false),
        ("tag", true, false),
        ("not tag", false, true),
        ("parent", false, true),
        ("not parent", true, false),
        ("parent = order-7", false, true),
        ("parent != order-7", true, false),
        ("parent-run = r7", false, true),
        ("age > 2h", false, false),
        ("age >= 2h", true, false),
        ("age > 1h59m59s", true, false),
        ("age < '10m'", false, false),
        ("age <= 600s", false, true),
        ("age < 1w", true, true),
        ("started < 2026-11-26", true, true),
        ("started < 2026-11-25", false, false),
        ("started > '2026-11-25 22:00'", false, true),
        ("started >= 2026-11-25T22:00", true, true),
        ("started >= 2026-11-25T22:00:00Z", true, true),
        ("started >= 2026-11-25T23:00:00+01:00", true, true),
        ("started >= 2026-11-25T22:00:00.001Z", false, true),
        ("cancel-requested", false, true),
        ("not cancel-requested", true, false),
        ("not not cancel-requested", false, true),
        // `and` before `or`, and `not` before both.
        ("type = pack or type = order and tag = us", false, true),
        ("(type = pack or type = order) and tag = us", false, false),
        ("not type = pack and type = order", true, false),
        ("not (type = pack or type = order)", false, false),
        ("NOT type = pack AND tag IN (eu)", true, false),
        // Words of the language are values in quotes.
        ("tag = 'and'", false, false),
        ("tag = \"in\" or id='order-7'", true, false),
    ] {
        let query = Query::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(query.matches(&order(), NOW), of_order, "{text} of the order");
        assert_eq!(query.matches(&child(), NOW), of_child, "{text} of the child");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_column() {
    const FIELDS: &str = "not, (, all or a field (id, run, type, version, tag, parent, parent-run, \
                          started, age, cancel-requested)";
    let fields =
        |column: usize, found: &str| format!("column {column}: expected {FIELDS}, found {found}");
    let date = "a moment as 2026-11-01, 2026-11-01T10:30 or 2026-11-01T10:30:00Z (UTC unless it \
                says more)";
    let length = "a length of time as 45s, 30m, 2h, 7d or 1h30m";
    for (text, expected) in [
        ("", fields(1, "the end")),
        ("  ", fields(3, "the end")),
        ("name = x", fields(1, "name")),
        ("'id' = x", fields(1, "\"id\"")),
        ("type = x and", fields(13, "the end")),
        ("type = x and and", fields(14, "and")),
        ("type = \"é\" and x", fields(16, "x")),
        ("! type = x", fields(1, "! (here it is not)")),
        ("type", "column 5: expected =, !=, ~ or in behind type, found the end".to_owned()),
        ("type < x", "column 6: expected =, !=, ~ or in behind type, found <".to_owned()),
        ("type == x", "column 6: expected =, !=, ~ or in behind type, found == (here it is =)".to_owned()),
        ("tag < x", "column 5: expected =, !=, ~, in, and, or or the end behind tag, found <".to_owned()),
        ("type not x", "column 6: expected =, !=, ~ or in behind type, found not".to_owned()),
        ("type =", "column 7: expected a text, in quotes, found the end".to_owned()),
        ("type != x*", "column 9: expected a text in quotes; a pattern stands behind ~, found x*".to_owned()),
        ("type = “x”", "column 8: expected a text in quotes such as \" or ', found “x”".to_owned()),
        ("type in (a, ?)", "column 13: expected a text in quotes; a pattern stands behind ~, found ?".to_owned()),
        ("type = and", "column 8: expected a text, in quotes, found and".to_owned()),
        ("type = x y", "column 10: expected and, or or the end, found y".to_owned()),
        ("type = x && tag", "column 10: expected and, or or the end, found && (here it is and)".to_owned()),
        ("type = \"x", "column 8: the quotation that begins here has no end".to_owned()),
        (r#"type = "x\""#, "column 8: the quotation that begins here has no end".to_owned()),
        ("type in x", "column 9: expected ( and texts with commas in between, found x".to_owned()),
        ("type in (x y)", "column 12: expected a comma or ), found y".to_owned()),
        ("type in ()", "column 10: expected a text, in quotes, found )".to_owned()),
        ("(type = x", "column 10: expected and, or or ), found the end".to_owned()),
        ("type = x)", "column 9: expected and, or or the end, found )".to_owned()),
        ("age = 2h", "column 5: expected <, <=, > or >= behind age, found =".to_owned()),
        ("age > 2", format!("column 7: expected {length}, found 2")),
        ("age > 2m1h", format!("column 7: expected {length}, found 2m1h")),
        ("age > 2h2h", format!("column 7: expected {length}, found 2h2h")),
        ("age > ''", format!("column 7: expected {length}, found \"\"")),
        ("age > 99999999999999999w", format!("column 7: expected {length}, found 99999999999999999w")),
        ("started > 2h", format!("column 11: expected {date}, found 2h")),
        ("started > 2026-13-01", format!("column 11: expected {date}, found 2026-13-01")),
        ("started > '2026-11-01[Europe/Berlin]'", format!("column 11: expected {date}, found \"2026-11-01[Europe/Berlin]\"")),
        ("cancel-requested = true", "column 18: expected and, or or the end behind cancel-requested, which stands alone, found =".to_owned()),
    ] {
        let error = Query::parse(text).expect_err(text);
        assert_eq!(error.to_string(), expected, "{text}");
    }
    let error = Query::parse(&format!("type = \"{}\"", "x".repeat(BYTES_MAX)));
    assert_eq!(error, Err(SearchError::TooLong));
    for (open, close) in [("(", ")"), ("not ", "")] {
        let nested = |depth: usize| format!("{}all{}", open.repeat(depth), close.repeat(depth));
        assert!(Query::parse(&nested(DEPTH_MAX)).is_ok());
        let column = DEPTH_MAX * open.len() + 1;
        assert_eq!(Query::parse(&nested(DEPTH_MAX + 1)), Err(SearchError::TooDeep { column }));
    }
}

#[test]
fn what_the_service_can_judge_is_told() {
    let told = |text: &str| {
        let query = Query::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        query.pushdown(NOW).parameters("d").to_string()
    };
    let filter = |times: &str, more: &str| {
        let more = if more.is_empty() { String::new() } else { format!(",{more}") };
        // Names of members are in the order of the alphabet.
        format!(r#"{{"domain":"d"{more},"startTimeFilter":{{{times}}}"#)
    };
    let any = r#""oldestDate":0"#;
    for (text, expected) in [
        ("all", filter(any, "")),
        ("id = a", filter(any, r#""executionFilter":{"workflowId":"a"}"#)),
        ("id in (a)", filter(any, r#""executionFilter":{"workflowId":"a"}"#)),
        ("id = a and type = t", filter(any, r#""executionFilter":{"workflowId":"a"}"#)),
        // Of one joined by `or`, negated or a pattern nothing can be told.
        ("id = a or id = b", filter(any, "")),
        ("id != a", filter(any, "")),
        ("id in (a, b)", filter(any, "")),
        ("id ~ a", filter(any, "")),
        ("id = ''", filter(any, "")),
        ("age > 1s or type = t", filter(any, "")),
    ] {
        assert_eq!(told(text), format!("{expected}}}"), "{text}");
    }
    let long = format!("id = {}", "x".repeat(257));
    assert_eq!(told(&long), format!("{}}}", filter(any, "")), "SWF refuses it");
    for (text, expected) in [
        (
            "type = t",
            r#"{"domain":"d","startTimeFilter":{"oldestDate":0},"typeFilter":{"name":"t"}}"#,
        ),
        (
            "(tag = g and (version = 1 and type = t)) and not parent",
            r#"{"domain":"d","startTimeFilter":{"oldestDate":0},"typeFilter":{"name":"t","version":"1"}}"#,
        ),
        ("version = 1", r#"{"domain":"d","startTimeFilter":{"oldestDate":0}}"#),
        (
            "version = 1 and tag = g",
            r#"{"domain":"d","startTimeFilter":{"oldestDate":0},"tagFilter":{"tag":"g"}}"#,
        ),
        // Whole seconds, and rather one too many.
        (
            "started > 2026-11-25T00:00:00.900Z and started < 2026-11-25T00:00:02.100Z",
            r#"{"domain":"d","startTimeFilter":{"latestDate":1795564803,"oldestDate":1795564800}}"#,
        ),
        (
            "started >= 2026-11-24 and started >= 2026-11-25",
            r#"{"domain":"d","startTimeFilter":{"oldestDate":1795564800}}"#,
        ),
        (
            "age >= 1d and age < 2d",
            r#"{"domain":"d","startTimeFilter":{"latestDate":1795564801,"oldestDate":1795478400}}"#,
        ),
    ] {
        assert_eq!(told(text), expected, "{text}");
    }
    for text in ["started > 2026-11-25 and started < 2026-11-24", "age > 5000w"] {
        let query = Query::parse(text).expect("it is one");
        assert!(query.pushdown(NOW).is_empty(), "{text}");
    }
}

/// What SWF leaves in a listing.
fn listed(pushdown: &Pushdown, info: &WorkflowExecutionInfo) -> bool {
    let start = info.start_timestamp.0;
    let in_time = pushdown.oldest * 1000 <= start
        && pushdown.latest.is_none_or(|latest| start <= latest * 1000);
    let tags = info.tag_list.as_deref().unwrap_or_default();
    in_time
        && match &pushdown.filter {
            None => true,
            Some(Filter::Id(id)) => info.execution.workflow_id.as_str() == id,
            Some(Filter::Type(name, version)) => {
                info.workflow_type.name.as_str() == name
                    && version
                        .as_ref()
                        .is_none_or(|version| info.workflow_type.version.as_str() == version)
            }
            Some(Filter::Tag(tag)) => tags.iter().any(|own| own.as_str() == tag),
        }
}

/// Few of them, so that queries mean something.
fn texts() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "ab", ""]).prop_map(str::to_owned)
}

/// Around `NOW`, and often on the same second.
fn moments() -> impl Strategy<Value = i64> {
    (-3_i64..3, prop::sample::select(vec![0, 1, 500, 999]))
        .prop_map(|(seconds, rest)| NOW.0 + seconds * 1000 + rest)
}

fn infos() -> impl Strategy<Value = WorkflowExecutionInfo> {
    let tags = prop::option::of(prop::collection::vec(texts(), 0..3));
    let parent = prop::option::of((texts(), texts()));
    (texts(), texts(), texts(), moments(), tags, parent, any::<bool>()).prop_map(
        |(id, name, version, start, tags, parent, cancel_requested)| WorkflowExecutionInfo {
            execution: named(&id, &name),
            workflow_type: WorkflowType { name: name.as_str().into(), version: version.into() },
            start_timestamp: Timestamp(start),
            parent: parent.map(|(id, run)| named(&id, &run)),
            tag_list: tags.map(|tags| tags.into_iter().map(Tag::from).collect()),
            cancel_requested: Some(cancel_requested),
            ..order()
        },
    )
}

fn queries() -> impl Strategy<Value = String> {
    let field =
        prop::sample::select(vec!["id", "run", "type", "version", "tag", "parent", "parent-run"]);
    let order = || prop::sample::select(vec!["<", "<=", ">", ">="]);
    let leaf = prop_oneof![
        4 => (field.clone(), prop::sample::select(vec!["=", "=", "!=", "~"]), texts())
            .prop_map(|(field, sign, text)| format!("{field} {sign} '{text}'")),
        1 => (field.clone(), prop::collection::vec(texts(), 1..3))
            .prop_map(|(field, texts)| format!("{field} in ('{}')", texts.join("','"))),
        1 => field.prop_map(|field| format!("{field} ~ '?*'")),
        2 => (order(), moments()).prop_map(|(order, at)| {
            let at = jiff::Timestamp::from_millisecond(at).expect("a moment of today");
            format!("started {order} {at}")
        }),
        1 => (order(), 0_i64..4).prop_map(|(order, seconds)| format!("age {order} {seconds}s")),
        1 => prop::sample::select(vec!["all", "tag", "parent", "cancel-requested"])
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            3 => prop::collection::vec(inner.clone(), 1..4)
                .prop_map(|parts| format!("({})", parts.join(" and "))),
            1 => prop::collection::vec(inner.clone(), 1..4)
                .prop_map(|parts| format!("({})", parts.join(" or "))),
            1 => inner.prop_map(|part| format!("not {part}")),
        ]
    })
}

/// The same cases each time, unless the environment asks for others.
fn config() -> ProptestConfig {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 1000;
    }
    if std::env::var_os("PROPTEST_RNG_SEED").is_none() {
        config.rng_seed = RngSeed::Fixed(7);
    }
    config
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_told_never_changes_the_answer(
        text in queries(),
        infos in prop::collection::vec(infos(), 1..20),
    ) {
        let query = Query::parse(&text).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let pushdown = query.pushdown(NOW);
        for info in &infos {
            if query.matches(info, NOW) {
                prop_assert!(listed(&pushdown, info), "{} leaves out {info:?}", text);
                prop_assert!(!pushdown.is_empty());
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[ a-z<>=!~()'\"\\\\,&|é0-9-]{0,40}") {
        if let Err(SearchError::Unexpected { column, .. }) = Query::parse(&text) {
            prop_assert!((1..=text.chars().count() + 1).contains(&column));
        }
    }
}
