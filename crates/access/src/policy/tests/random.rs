//! Random policies and requests: the evaluator and the reference agree on all of them, and what has
//! to be so whatever the policies are, is.

use super::reference::{Documents, Mistake, Reference};
use super::scene::{Dice, Scene, documents, read};
use crate::policy::{DenialReason, Verdict};
use serde_json::{Map, Value, json};

/// How many cases are tried, and from which seed on: always the same. `PROPTEST_CASES` in the
/// environment asks for more.
const CASES: u64 = 20_000;

/// Of so many cases, one is tried on each property.
const CASES_PER_PROPERTY_CASE: u64 = 40;

/// How many cases a deliberate mistake may need to be noticed.
const CASES_PER_MISTAKE_MAX: u64 = 20_000;

fn cases() -> u64 {
    let asked = std::env::var_os("PROPTEST_CASES");
    let asked = asked.map(|asked| asked.to_string_lossy().parse::<u64>().expect("a number"));
    asked.unwrap_or(CASES).max(CASES)
}

fn case(seed: u64) -> (Documents, Scene) {
    let mut dice = Dice::new(seed);
    (documents(&mut dice), Scene::new(&mut dice))
}

fn reason(verdict: &Verdict) -> Option<DenialReason> {
    match verdict {
        Verdict::Allowed(_) => None,
        Verdict::Denied(denial) => Some(denial.reason),
    }
}

fn judge(documents: &Documents, scene: &Scene) -> Option<DenialReason> {
    reason(&scene.judge(&read(documents)))
}

#[test]
fn the_reference_agrees_on_every_case() {
    let mut counts = [0_u64; 7];
    for seed in 0..cases() {
        let (documents, scene) = case(seed);
        let answer = judge(&documents, &scene);
        let expected = Reference::new(&scene.question(), None).judge(&documents);
        assert_eq!(answer, expected, "seed {seed}: {scene:#?}\n{documents:#?}");
        counts[answer.map_or(0, |reason| reason as usize + 1)] += 1;
    }
    // Answers that were all the same would say little.
    assert!(counts.iter().all(|count| *count > cases() / 100), "{counts:?}");
}

#[test]
fn every_mistake_is_noticed() {
    for mistake in Mistake::ALL {
        let noticed = (0..CASES_PER_MISTAKE_MAX).find(|seed| {
            let (documents, scene) = case(*seed);
            let expected = Reference::new(&scene.question(), Some(mistake)).judge(&documents);
            judge(&documents, &scene) != expected
        });
        assert!(noticed.is_some(), "{mistake:?} is not noticed in {CASES_PER_MISTAKE_MAX} cases");
    }
}

/// Calls `property` with cases and what their answer is.
fn for_all(property: impl Fn(&mut Dice, &Documents, &Scene, Option<DenialReason>)) {
    for seed in 0..cases() / CASES_PER_PROPERTY_CASE {
        let (documents, scene) = case(seed);
        let answer = judge(&documents, &scene);
        property(&mut Dice::new(seed), &documents, &scene, answer);
    }
}

fn statements(document: &Value) -> Vec<Value> {
    let statements = &document["Statement"];
    statements.as_array().cloned().unwrap_or_else(|| vec![statements.clone()])
}

/// The documents with each statement in the hands of `change`, which may make several of it.
fn changed(documents: &Documents, change: impl Fn(&Value) -> Vec<Value>) -> Documents {
    let document = |document: &Value| {
        let mut changed = document.clone();
        changed["Statement"] = statements(document).iter().flat_map(&change).collect();
        changed
    };
    Documents {
        identity: documents.identity.iter().map(document).collect(),
        boundary: documents.boundary.as_ref().map(document),
        session: documents.session.as_ref().map(document),
    }
}

#[test]
fn another_denial_never_allows_and_another_allowance_never_lifts_a_denial() {
    let everything =
        |effect: &str| json!({ "Statement": { "Effect": effect, "Action": "*", "Resource": "*" } });
    for_all(|dice, documents, scene, answer| {
        let other = changed(&super::scene::documents(dice), |statement| {
            let mut denying = statement.clone();
            denying["Effect"] = json!("Deny");
            vec![denying]
        });
        let mut more = documents.clone();
        more.identity.extend(other.identity);
        assert!(answer.is_none() || judge(&more, scene).is_some(), "{more:#?}");
        more.identity.push(everything("Deny"));
        assert_eq!(judge(&more, scene), Some(DenialReason::ExplicitIdentity));

        let mut more = documents.clone();
        more.identity.insert(0, everything("Allow"));
        if answer.is_some_and(DenialReason::is_explicit) {
            assert_eq!(judge(&more, scene), answer, "{more:#?}");
        }
    });
}

#[test]
fn the_order_of_statements_and_policies_does_not_matter() {
    for_all(|_, documents, scene, answer| {
        let mut turned = documents.clone();
        turned.identity.reverse();
        for document in &mut turned.identity {
            document["Statement"] = statements(document).into_iter().rev().collect();
        }
        assert_eq!(judge(&turned, scene), answer, "{turned:#?}");
    });
}

#[test]
fn a_list_of_actions_is_as_good_as_a_statement_for_each() {
    for_all(|_, documents, scene, answer| {
        let split = changed(documents, |statement| {
            let Some(actions) = statement["Action"].as_array() else {
                return vec![statement.clone()];
            };
            let each = actions.iter().map(|action| {
                let mut alone = statement.clone();
                alone["Action"] = action.clone();
                alone
            });
            each.collect()
        });
        assert_eq!(judge(&split, scene), answer, "{split:#?}");
    });
}

#[test]
fn a_boundary_and_a_session_policy_each_cut_down_and_never_grant() {
    for_all(|_, documents, scene, answer| {
        if scene.is_root() {
            return;
        }
        let alone = |identity: Vec<Value>| {
            judge(&Documents { identity, boundary: None, session: None }, scene).is_none()
        };
        let parts = [&documents.boundary, &documents.session].into_iter().flatten();
        let all = alone(documents.identity.clone())
            && parts.cloned().all(|document| alone(vec![document]));
        assert_eq!(answer.is_none(), all, "{documents:#?}");
    });
}

/// A statement with the keys of its conditions renamed, if none gets the name of another.
fn with_keys(statement: &Value, rename: impl Fn(&str) -> String) -> Value {
    let mut statement = statement.clone();
    if let Some(Value::Object(operators)) = statement.get_mut("Condition") {
        for keys in operators.values_mut() {
            let keys = keys.as_object_mut().expect("keys");
            let renamed: Map<String, Value> =
                keys.iter().map(|(key, values)| (rename(key), values.clone())).collect();
            if renamed.len() == keys.len() {
                *keys = renamed;
            }
        }
    }
    statement
}

#[test]
fn keys_that_nobody_knows_are_all_the_same() {
    for_all(|_, documents, scene, answer| {
        let renamed = changed(documents, |statement| {
            vec![with_keys(statement, |key| key.replace("aws:nothing", "sqs:other"))]
        });
        assert_eq!(judge(&renamed, scene), answer, "{renamed:#?}");
    });
}

#[test]
fn the_case_of_keys_and_actions_does_not_matter() {
    for_all(|_, documents, scene, answer| {
        let raised = changed(documents, |statement| {
            let mut statement = with_keys(statement, str::to_uppercase);
            for element in ["Action", "NotAction"] {
                if let Some(patterns) = statement.get_mut(element) {
                    let text = patterns.to_string().to_uppercase();
                    *patterns = serde_json::from_str(&text).expect("texts stay texts");
                }
            }
            vec![statement]
        });
        assert_eq!(judge(&raised, scene), answer, "{raised:#?}");
    });
}
