//! What is said of actions and their keys is what the rows show.

use super::decisions::ROWS as DECISIONS;
use super::requests::{ROWS as REQUESTS, operation};
use super::*;

/// Each key of SWF's that a demand's checks have, with the action. The tags of an execution are alike, and so are filters.
fn seen(demand: &Demand<'_>) -> Vec<(Action, ServiceKey)> {
    let around = Around {
        resource: "R",
        resource_tags: None,
        origin: None,
        region: REGION,
        now: Timestamp(0),
    };
    let keys = |check: Check<'_>| {
        let keys = ServiceKey::ALL.into_iter().filter(|key| check.values.get(*key).is_some());
        keys.map(|key| (check.action, one_of_alike(key))).collect::<Vec<_>>()
    };
    demand.checks(&around).flat_map(keys).collect()
}

fn one_of_alike(key: ServiceKey) -> ServiceKey {
    use ServiceKey as K;
    if K::TAG_LIST.contains(&key) {
        K::TagListMember0
    } else if [K::TagFilterTag, K::TypeFilterVersion].contains(&key) {
        // What can be filtered by the one can be filtered by the other.
        K::TypeFilterName
    } else {
        key
    }
}

#[test]
fn actions_have_the_keys_that_their_rows_show() {
    let facts = Registered::new();
    let current = WorkflowType { name: "t".into(), version: "1".into() };
    let mut shown = BTreeSet::new();
    for (name, body, ..) in REQUESTS {
        shown.extend(seen(&request(&parse(operation(name), body), &facts)));
    }
    for (json, _) in DECISIONS {
        let decided: Decision = serde_json::from_str(json).expect("a decision");
        shown.extend(decision(&decided, &current, &facts).iter().flat_map(seen));
    }
    let (activity, list) =
        (ActivityType { name: "a".into(), version: "1".into() }, TaskList { name: "l".into() });
    let answered = AnsweredActivity {
        activity_type: &activity,
        task_list: &list,
        workflow_type: &current,
        tag_list: &["x".into()],
    };
    shown.extend(seen(&activity_answer(Some(answered))));
    // IAM's have rows of their own.
    let ours = ServiceKey::ALL
        .into_iter()
        .filter(|key| ![ServiceKey::PolicyArn, ServiceKey::PermissionsBoundary].contains(key));
    let said: BTreeSet<(Action, ServiceKey)> = ours
        .flat_map(|key| Action::ALL.iter().map(move |action| (*action, key)))
        .filter(|(action, key)| can_have(*action, *key))
        .map(|(action, key)| (action, one_of_alike(key)))
        .collect();
    assert_eq!(shown, said);
}
