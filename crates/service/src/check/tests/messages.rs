//! Damage to messages and to what is known of those that were taken.

use super::*;
use crate::values;
use engine::message::{Content, Message, Recipient};
use engine::rows::WorkflowKey;
use wire::ChildPolicy;

const FROM: ShardId = ShardId(3);

/// A message to some workflow, and its shard.
fn message(workflow_id: &str) -> (Message, ShardId) {
    let scope = crate::tests::fixture::scope();
    let workflow =
        WorkflowKey { scope: scope.clone(), domain: "d".into(), workflow_id: workflow_id.into() };
    let execution =
        wire::WorkflowExecution { workflow_id: "parent".into(), run_id: "parent".into() };
    let parent = engine::Parent { execution, initiated_event_id: wire::EventId(5) };
    let to = Recipient { scope, domain: "d".into(), workflow_id: workflow_id.into(), run_id: None };
    let content = Content::ApplyChildPolicy { parent, policy: ChildPolicy::Terminate };
    (Message { to, content }, keys::shard_of(&workflow))
}

/// A store in which the messages `numbers` are in rows, and all up to `taken` have been taken.
fn waiting(numbers: &[u64], taken: Option<u64>) -> (Memory, ShardId) {
    let memory = Memory::default();
    let (message, to) = message("w");
    for number in numbers {
        edit(&memory, &(FROM, keys::outbox(to, *number)), Some(values::json(&message)));
    }
    if let Some(taken) = taken {
        edit(&memory, &(to, keys::watermark(FROM)), Some(values::json(&taken)));
    }
    (memory, to)
}

#[test]
fn messages_that_wait_or_were_taken_agree() {
    for (numbers, taken) in [
        (vec![1, 2, 3], None),
        (vec![1, 2, 3], Some(0)),
        ((4..=70).collect(), Some(3)),
        (vec![4, 5, 6], Some(5)), // The rows of two that were taken are still there.
        (vec![4, 5, 6], Some(9)),
        (vec![2, 5, 7, 8], Some(6)), // They go in their own time, in any order.
    ] {
        assert_eq!(look(&waiting(&numbers, taken).0), []);
    }
}

#[test]
fn a_gap_before_messages_is_closed() {
    for (numbers, taken, expected, found) in [
        (vec![2, 3], None, 1, 2),
        (vec![5], Some(3), 4, 5),
        (vec![4, 5, 7, 8], Some(3), 6, 7),
        (vec![2, 4, 6], Some(4), 5, 6),
    ] {
        let (memory, to) = waiting(&numbers, taken);
        let gap = What::MessageGap { to, expected, found };
        assert_eq!(look(&memory).first().map(|finding| &finding.what), Some(&gap));
        assert!(repair(&memory).iter().all(|finding| finding.repaired));
        assert_eq!(look(&memory), [], "the messages behind it go on");
    }
    let (memory, _) = waiting(&[4, 9, 12], Some(3));
    repair(&memory);
    assert_eq!(rows(&memory), rows(&waiting(&[4, 5, 6], Some(3)).0));
}

#[test]
fn a_watermark_that_is_damaged_begins_before_what_waits() {
    for (numbers, expected) in [(vec![7, 8], Some(6)), (vec![], None)] {
        let (memory, to) = waiting(&numbers, None);
        edit(&memory, &(to, keys::watermark(FROM)), Some(vec![1, b'x']));
        let whole = rows(&waiting(&numbers, expected).0);
        is_mended(&memory, &whole, |what| matches!(what, What::Damaged { .. }), Table::Watermark);
    }
}

#[test]
fn a_message_that_is_damaged_or_astray_is_reported_and_stays() {
    let (memory, to) = waiting(&[1, 2, 3], None);
    edit(&memory, &(FROM, keys::outbox(to, 2)), Some(vec![1]));
    is_left(&memory, |what| matches!(what, What::Damaged { .. }));

    let (memory, to) = waiting(&[1, 2, 3], None);
    let mut others = (0..).map(|number: u32| message(&number.to_string()));
    let (other, belongs) = others.find(|(_, shard)| *shard != to).expect("one");
    edit(&memory, &(FROM, keys::outbox(to, 2)), Some(values::json(&other)));
    is_left(&memory, |what| *what == What::MessageAstray { to, number: 2, belongs });
}
