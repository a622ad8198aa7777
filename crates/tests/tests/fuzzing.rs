//! The fuzz target without a fuzzer: requests that the API's model suggests and chance spoils. Also
//! what the fuzzer begins with: a valid request of every operation, and the words of the API.

mod authorization;

mod policy;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::{Map, Value, json};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use store::memory::{Call, Fault, Memory};
use tests::fuzzing;

/// How many inputs are tried if `PROPTEST_CASES` does not say otherwise.
const CASES: u32 = 400;

/// How long a text is at most, beside those that are as long as they may be, or longer.
const TEXT_CHARS_MAX: usize = 12;

fn fuzz_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// AWS's own model of the API.
fn model() -> Value {
    let text = include_str!("../../wire/src/swf-2012-01-25.json");
    serde_json::from_str(text).expect("the model is JSON")
}

fn seeds() -> Vec<(String, String)> {
    let files = std::fs::read_dir(fuzz_directory().join("seeds")).expect("there are seeds");
    let read = |file: std::io::Result<std::fs::DirEntry>| {
        let path = file.expect("the directory can be read").path();
        let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
        (name, std::fs::read_to_string(path).expect("a seed is text"))
    };
    files.map(read).collect()
}

#[test]
fn every_operation_has_a_seed_that_is_accepted() {
    let mut named = BTreeSet::new();
    for (name, seed) in seeds() {
        let (accepted, refused) = fuzzing::run(seed.as_bytes());
        assert_eq!((accepted, refused), (seed.lines().count(), 0), "{name}:\n{seed}");
        named.extend(seed.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned));
    }
    let all = wire::Operation::ALL.iter().map(|operation| operation.name().to_owned());
    assert_eq!(named, all.collect());
}

#[test]
fn the_dictionary_has_the_words_of_the_model() {
    let model = model();
    let mut words: BTreeSet<String> =
        ["@task", "@run", "@page", "NONE", "null", "true"].map(str::to_owned).into();
    words.extend(model["operations"].as_object().expect("operations").keys().cloned());
    for (name, shape) in model["shapes"].as_object().expect("shapes") {
        if name.ends_with("Output") || name.ends_with("Fault") {
            continue;
        }
        words.extend(shape["members"].as_object().into_iter().flat_map(Map::keys).cloned());
        let named = shape["enum"].as_array().into_iter().flatten();
        words.extend(named.filter_map(Value::as_str).map(str::to_owned));
    }
    let dictionary = std::fs::read_to_string(fuzz_directory().join("swf.dict"));
    let dictionary = dictionary.expect("there is a dictionary");
    let lines = dictionary.lines().filter(|line| !line.starts_with('#'));
    let listed: BTreeSet<String> = lines.map(|line| line.trim_matches('"').to_owned()).collect();
    assert_eq!(listed, words);
}

#[test]
fn a_failure_of_the_service_is_noticed() {
    let input = br#"StartWorkflowExecution {"domain":"d","workflowId":"w","workflowType":{"name":"t","version":"1"}}"#;
    assert_eq!(fuzzing::run(input), (1, 0));
    let commits = Cell::new(0);
    // The first commits prepare what there is.
    let fails = move |call: &Call<'_>| {
        let Call::Commit { .. } = call else { return None };
        commits.set(commits.get() + 1);
        (commits.get() > 4).then_some(Fault::Lost)
    };
    let store = Memory::default().with_faults(fails);
    let outcome = catch_unwind(AssertUnwindSafe(|| fuzzing::run_on(store, input)));
    let panic = outcome.expect_err("the answer is an internal fault");
    let text = panic.downcast_ref::<String>().expect("it says why");
    assert_eq!(text, "StartWorkflowExecution is not answered: Internal");
}

/// What a text of that member often is, so that requests speak of the same things.
fn usual(structure: &str, member: &str) -> &'static [&'static str] {
    match (structure, member) {
        ("ActivityType", "name") => &["a"],
        ("WorkflowType" | "WorkflowTypeFilter", "name") => &["t"],
        ("TaskList", "name") => &["l"],
        (_, "domain" | "name") => &["d"],
        (_, "version" | "workflowTypeVersion") => &["1"],
        (_, "workflowId") => &["w", "v"],
        (_, "taskToken") => &["@task"],
        (_, "runId") => &["@run", ""],
        (_, "nextPageToken") => &["@page"],
        (_, "resourceArn") => &["arn:aws:swf:us-east-1:123456789012:/domain/d"],
        (_, other) if other.contains("imeout") || other.contains("Period") => {
            &["0", "1", "5", "60", "NONE", "99999999", "-1"]
        }
        (_, other) if other.ends_with("riority") => &["0", "-2147483648", "2147483648"],
        _ => &["x", "", "y"],
    }
}

/// Values of a shape, or nearly.
fn values(model: &Value, shape: &str, (structure, member): (&str, &str)) -> BoxedStrategy<Value> {
    let described = &model["shapes"][shape];
    let valid = match described["type"].as_str().expect("a shape has a type") {
        "structure" => members(model, shape),
        "list" => {
            let inner = described["member"]["shape"].as_str().expect("a list has members");
            let most = described["max"].as_u64().unwrap_or(4) as usize + 1;
            vec(values(model, inner, (structure, member)), 0..=most).prop_map(Value::Array).boxed()
        }
        "boolean" => any::<bool>().prop_map(Value::Bool).boxed(),
        "integer" | "long" => {
            select(vec![json!(0), json!(1), json!(2), json!(1000), json!(1001)]).boxed()
        }
        "timestamp" => {
            select(vec![json!(0), json!(-1.5), json!(1_800_000_000), json!(1e300)]).boxed()
        }
        _ => texts(described, usual(structure, member)),
    };
    let wrong = [
        json!(null),
        json!(true),
        json!(7),
        json!(-1e308),
        json!("text"),
        json!([]),
        json!([[{}]]),
        json!({}),
        json!({"name": {"name": 1}}),
    ];
    prop_oneof![40 => valid, 1 => select(wrong.to_vec())].boxed()
}

fn texts(described: &Value, usual: &'static [&'static str]) -> BoxedStrategy<Value> {
    if let Some(words) = described["enum"].as_array() {
        return prop_oneof![20 => select(words.clone()), 1 => Just(json!("OTHER"))].boxed();
    }
    let most = described["max"].as_u64().unwrap_or(64) as usize;
    let edges = [most, most + 1].map(|length| json!("é".repeat(length)));
    let any = vec(any::<char>(), 0..TEXT_CHARS_MAX).prop_map(|it| json!(String::from_iter(it)));
    prop_oneof![
        20 => select(usual).prop_map(|text| json!(text)),
        1 => any,
        1 => select(edges.to_vec()),
    ]
    .boxed()
}

fn members(model: &Value, shape: &str) -> BoxedStrategy<Value> {
    let described = &model["shapes"][shape];
    let required = described["required"].as_array().cloned().unwrap_or_default();
    if shape == "Decision" {
        return decisions(model);
    }
    let mut some = Vec::new();
    for (name, member) in described["members"].as_object().into_iter().flatten() {
        let probability = if required.contains(&json!(name)) { 0.98 } else { 0.2 };
        let inner = member["shape"].as_str().expect("a member has a shape");
        let (name, value) = (name.clone(), values(model, inner, (shape, name)));
        some.push(option::weighted(probability, value.prop_map(move |it| (name.clone(), it))));
    }
    some.prop_map(|members| Value::Object(members.into_iter().flatten().collect())).boxed()
}

/// A decision has the attributes of its type, as a rule.
fn decisions(model: &Value) -> BoxedStrategy<Value> {
    let described = model["shapes"]["Decision"]["members"].as_object().expect("it has members");
    let kinds = described.iter().filter(|(name, _)| *name != "decisionType");
    let each = kinds.map(|(name, member)| {
        let inner = member["shape"].as_str().expect("a member has a shape");
        let kind = inner.trim_end_matches("DecisionAttributes").to_owned();
        let (name, value) = (name.clone(), values(model, inner, ("Decision", name)));
        value
            .prop_map(move |value| {
                let mut decision = json!({"decisionType": kind});
                decision[&name] = value;
                decision
            })
            .boxed()
    });
    proptest::strategy::Union::new(each).boxed()
}

/// Requests of every operation; those that lead to something more often.
fn requests() -> BoxedStrategy<String> {
    let model = model();
    let often = ["StartWorkflowExecution", "PollForDecisionTask", "RespondDecisionTaskCompleted"];
    let each = model["operations"].as_object().expect("operations").iter().map(|(name, it)| {
        let input = it["input"].as_str().expect("an operation has an input").to_owned();
        let weight = if often.contains(&name.as_str()) { 8 } else { 1 };
        let name = name.clone();
        let body = members(&model, &input);
        (weight, body.prop_map(move |body| format!("{name} {body}")).boxed())
    });
    proptest::strategy::Union::new_weighted(each.collect()).boxed()
}

/// Several requests, in which now and then some bytes are others.
fn inputs() -> BoxedStrategy<Vec<u8>> {
    let spoiled = prop_oneof![3 => Just(Vec::new()), 1 => vec(any::<(Index, u8)>(), 1..6)];
    let whole = (vec(requests(), 1..12), spoiled);
    whole
        .prop_map(|(requests, spoiled)| {
            let mut input = requests.join("\n").into_bytes();
            for (place, byte) in spoiled {
                let place = place.index(input.len());
                input[place] = byte;
            }
            input
        })
        .boxed()
}

#[test]
fn no_request_is_too_much() {
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
    }
    if std::env::var_os("PROPTEST_RNG_SEED").is_none() {
        config.rng_seed = RngSeed::Fixed(39);
    }
    let (accepted, refused) = (Cell::new(0), Cell::new(0));
    let outcome = TestRunner::new(config).run(&inputs(), |input| {
        let counts = fuzzing::run(&input);
        accepted.set(accepted.get() + counts.0);
        refused.set(refused.get() + counts.1);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    // Inputs that were all refused, or none of them, would say little.
    let (accepted, refused) = (accepted.get(), refused.get());
    assert!(accepted > 100 && refused > 100, "{accepted} accepted, {refused} refused");
}
