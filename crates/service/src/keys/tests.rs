//! Keys sort as their parts do, and give their parts back.

use super::*;
use engine::rows::TaskKey;

fn list(name: &str) -> TaskListKey {
    TaskListKey {
        kind: TaskKind::Activity,
        scope: Scope { account: "000000000000".into(), region: "us-east-1".into() },
        domain: "d".into(),
        name: name.into(),
    }
}

fn task(priority: i32, at: i64, run_id: &str, event_id: u64) -> Task {
    Task {
        priority: TaskPriority(priority),
        scheduled_at: Timestamp(at),
        run_id: run_id.into(),
        scheduled_event_id: EventId(event_id),
    }
}

#[test]
fn tasks_sort_by_priority_then_age_and_come_back() {
    let ordered = [
        task(i32::MAX, 9, "a", 1),
        task(5, 1, "b", 1),
        task(5, 2, "a", 1),
        task(5, 2, "a", 300),
        task(0, 0, "a", 1),
        task(-1, -5, "a", 1),
        task(i32::MIN, 0, "z\0", 1),
    ];
    let keys: Vec<Vec<u8>> = ordered
        .iter()
        .map(|task| row(&Key::Task(TaskKey { list: list("l"), task: task.clone() })))
        .collect();
    assert!(keys.is_sorted());
    for (key, task) in keys.iter().zip(&ordered) {
        assert_eq!(parse_task(key).as_ref(), Some(task));
        assert!(tasks(&list("l")).contains(key));
        assert!(!tasks(&list("l2")).contains(key));
        assert!(!tasks(&list("")).contains(key));
    }
    assert!(ordered.is_sorted());
}

#[test]
fn texts_sort_as_texts_whatever_they_hold() {
    let texts = ["", "\0", "\0\0", "\0a", "\u{1}", "a", "a\0", "a\0b", "aa", "é"];
    let keys: Vec<Vec<u8>> = texts.iter().map(|text| snapshot(&(*text).into())).collect();
    assert!(keys.is_sorted());
    for (key, text) in keys.iter().zip(texts) {
        let mut reader = Reader::new(key, tag::SNAPSHOT).expect("the tag is right");
        assert_eq!(reader.text().as_deref(), Some(text));
    }
}

#[test]
fn a_listing_holds_both_ends_of_its_range() {
    let scope = list("l").scope;
    let position = |at, workflow_id: &str| Position {
        at: Timestamp(at),
        workflow_id: workflow_id.into(),
        run_id: "r".into(),
    };
    let range = listed(Listing::Open, &scope, &"d".into(), Timestamp(-1), Timestamp(5));
    for (position, inside) in [
        (position(-2, "w"), false),
        (position(-1, ""), true),
        (position(0, "w"), true),
        (position(5, "\u{10ffff}"), true),
        (position(6, ""), false),
    ] {
        let key = position.key(Listing::Open, &scope, &"d".into());
        assert_eq!(range.contains(&key), inside, "{position:?}");
        assert_eq!(parse_listed(&key), Some(position));
    }
}

#[test]
fn lambda_tasks_sort_by_age_and_come_back() {
    let task = |at, run_id: &str, event_id| LambdaTask {
        scheduled_at: Timestamp(at),
        run_id: run_id.into(),
        scheduled_event_id: EventId(event_id),
    };
    let ordered = [task(-1, "z", 9), task(3, "a", 5), task(3, "a", 300), task(3, "b\0", 5)];
    let keys: Vec<Vec<u8>> = ordered.iter().map(|task| row(&Key::Lambda(task.clone()))).collect();
    assert!(keys.is_sorted() && ordered.is_sorted());
    for (key, task) in keys.iter().zip(&ordered) {
        assert_eq!(parse_lambda(key).as_ref(), Some(task));
        assert!(lambdas().contains(key));
        assert!(!wakes().contains(key));
    }
}

#[test]
fn wakes_and_registrations_come_back() {
    let wake = row(&Key::Wake(Timestamp(7), "r".into()));
    assert_eq!(parse_wake(&wake), Some((Timestamp(7), "r".into())));
    assert!(wakes().contains(&wake));
    let scope = list("l").scope;
    let key =
        activity_type(&scope, &"d".into(), &ActivityType { name: "n".into(), version: "1".into() });
    assert_eq!(parse_domain(&key), Some((scope, "d".into())));
    assert!(registry_tables()[1].contains(&key));
}

#[test]
fn a_workflow_never_moves_to_another_shard() {
    let shard = |workflow_id: &str| {
        let scope = list("l").scope;
        shard_of(&WorkflowKey { scope, domain: "d".into(), workflow_id: workflow_id.into() })
    };
    // Fixed for ever: stores in the field are laid out by it.
    assert_eq!([shard("order-1"), shard("order-2"), shard("")].map(|s| s.0), [10, 8, 23]);
}

/// The first key of the tokens was once the only one; its row is read for ever.
#[test]
fn keys_of_token_keys_come_back() {
    assert_eq!(token_key(KeyId::FIRST), [23]);
    assert_eq!(token_key(KeyId(258)), [23, 0, 0, 1, 2]);
    assert_eq!(restoration(KeyId(258)), [24, 0, 0, 1, 2]);
    assert_eq!(parse_restoration(&restoration(KeyId(258))), Some(KeyId(258)));
    assert_eq!(parse_restoration(&[24, 0, 0, 1, 2, 0]), None);
    for id in [0, 1, 258, u32::MAX].map(KeyId) {
        assert_eq!(parse_token_key(&token_key(id)), Some(id));
    }
    for wrong in [&[23, 0][..], &[23, 0, 0, 0, 0], &[23, 0, 0, 0, 1, 0], &[22]] {
        assert_eq!(parse_token_key(wrong), None, "{wrong:?}");
    }
}
