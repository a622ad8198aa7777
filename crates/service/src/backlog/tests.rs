//! What is found in the rows.

use super::*;
use crate::tests::fixture::{list, scope};
use engine::rows::{Key, Task, TaskKey};
use store::Batch;
use store::memory::Memory;
use wire::{EventId, TaskPriority};

/// Puts tasks: of the kind, name and shard, with priority and time.
fn memory(rows: &[(TaskListKey, u16, i32, i64)]) -> Memory {
    let memory = Memory::default();
    for (number, (list, shard, priority, at)) in rows.iter().enumerate() {
        let task = Task {
            priority: TaskPriority(*priority),
            scheduled_at: Timestamp(*at),
            run_id: "r".into(),
            scheduled_event_id: EventId(number as u64),
        };
        let key = keys::row(&Key::Task(TaskKey { list: list.clone(), task }));
        put(&memory, ShardId(*shard), key);
    }
    memory
}

fn put(memory: &Memory, shard: ShardId, key: Vec<u8>) {
    let epoch = memory.claim(shard, "test").expect("no fault is planned");
    let mut batch = Batch::default();
    batch.put(key, b"1".to_vec());
    memory.commit(shard, epoch, batch).expect("no fault is planned");
}

fn decisions(name: &str) -> TaskListKey {
    TaskListKey { kind: TaskKind::Decision, ..list(name) }
}

fn found(memory: &Memory, after: Option<ListName>) -> Vec<(String, Vec<u16>)> {
    let (scope, domain) = (scope(), "d".into());
    let mut lists = Lists::new(memory, &scope, &domain, after.as_ref()).expect("no fault");
    let mut found = Vec::new();
    while let Some(((kind, name), shards)) = lists.next().expect("no fault is planned") {
        let shards = shards.iter().map(|shard| shard.0).collect();
        found.push((format!("{} {name}", kind.as_str()), shards));
    }
    found
}

#[test]
fn lists_are_found_in_order_with_their_shards() {
    let elsewhere = TaskListKey { domain: "e".into(), ..list("a") };
    let memory = memory(&[
        (list("b"), 3, 0, 5),
        (list("b"), 3, 0, 6),
        (list("b"), 1, 0, 7),
        (list("a"), 3, 0, 8),
        (list("a\0"), 3, 0, 8),
        (decisions("z"), 1, 0, 9),
        (decisions("b"), 2, 0, 9),
        (elsewhere, 1, 0, 9),
    ]);
    let expected = [
        ("decision b", vec![2]),
        ("decision z", vec![1]),
        ("activity a", vec![3]),
        ("activity a\0", vec![3]),
        ("activity b", vec![1, 3]),
    ];
    let expected: Vec<(String, Vec<u16>)> =
        expected.into_iter().map(|(name, shards)| (name.to_owned(), shards)).collect();
    assert_eq!(found(&memory, None), expected);
    for (behind, (name, _)) in expected.iter().enumerate() {
        let (kind, name) = name.split_once(' ').expect("a kind and a name");
        let kind = TaskListKind::ALL.iter().find(|known| known.as_str() == kind);
        let after = (*kind.expect("a kind"), Name::from(name));
        assert_eq!(found(&memory, Some(after)), expected[behind + 1..]);
    }
}

#[test]
fn the_oldest_is_the_oldest_of_all_priorities_and_shards() {
    let memory = memory(&[(list("a"), 3, 9, 50), (list("a"), 3, 0, 40), (list("a"), 5, 0, 45)]);
    let range = keys::tasks(&list("a"));
    let mut looks = Looks::default();
    let counted = count(&memory, keys::shards(), &range, &mut looks).expect("no fault is planned");
    let oldest_task_scheduled_at = Some(Timestamp(40));
    assert_eq!(counted, Backlog { count: 3, truncated: false, oldest_task_scheduled_at });
    // A look at each shard, and the second row of one of them.
    let shards = usize::from(keys::SHARDS);
    assert_eq!(looks.total(), shards + 1);
    let range = keys::tasks(&list("b"));
    let none = count(&memory, keys::shards(), &range, &mut looks).expect("no fault is planned");
    let oldest_task_scheduled_at = None;
    assert_eq!(none, Backlog { count: 0, truncated: false, oldest_task_scheduled_at });
    assert_eq!(looks.total(), 2 * shards + 1, "who finds nothing has looked, too");
}

#[test]
fn a_long_list_is_counted_so_far() {
    let rows: Vec<_> = (0..TASKS_COUNTED_MAX as i64 / 4 + 1)
        .flat_map(|at| (0..4).map(move |shard| (list("a"), shard, 0, at)))
        .collect();
    let memory = memory(&rows);
    let range = keys::tasks(&list("a"));
    let mut looks = Looks::default();
    let counted = count(&memory, keys::shards(), &range, &mut looks).expect("no fault is planned");
    assert_eq!((counted.count as usize, counted.truncated), (TASKS_COUNTED_MAX, true));
    assert_eq!(looks.total(), TASKS_COUNTED_MAX + 1);
}

/// A shard in which all is damaged does not keep who looks.
#[test]
fn only_so_many_damaged_keys_are_passed_by() {
    let memory = memory(&[(list("b"), 3, 0, 5), (list("b"), 4, 0, 5)]);
    let (scope, domain) = (scope(), DomainName::from("d"));
    let range = keys::task_lists(TaskKind::Activity, &scope, &domain);
    for number in 0..2 * DAMAGED_KEYS_MAX {
        let key = [range.start.as_slice(), format!("a{number:03}").as_bytes()].concat();
        put(&memory, ShardId(3), key);
    }
    assert_eq!(found(&memory, None), [("activity b".to_owned(), vec![4])]);
    let lists = Lists::new(&memory, &scope, &domain, None).expect("no fault is planned");
    // Beside those, each shard is looked at for each kind of task.
    assert_eq!(lists.looks().total(), DAMAGED_KEYS_MAX + 2 * usize::from(keys::SHARDS) - 1);
}

/// Such a row costs itself.
#[test]
fn a_key_that_makes_no_sense_is_passed_over() {
    let memory = memory(&[(list("b"), 3, 0, 5)]);
    let (scope, domain) = (scope(), DomainName::from("d"));
    let range = keys::task_lists(TaskKind::Activity, &scope, &domain);
    put(&memory, ShardId(3), [range.start.as_slice(), &[0xff, 0, 1]].concat());
    put(&memory, ShardId(3), [range.start.as_slice(), b"a"].concat());
    assert_eq!(found(&memory, None), [("activity b".to_owned(), vec![3])]);
}
