//! Pages against the whole, for every range, direction and size.

use super::*;
use crate::tests::fixture::Prng;
use store::Batch;
use store::memory::Memory;
use wire::event::MarkerRecorded;
use wire::{Event, EventAttributes, Timestamp};

const SHARD: ShardId = ShardId(3);

fn marker(event_id: u64, details: &str) -> Event {
    Event {
        event_id: EventId(event_id),
        event_timestamp: Timestamp(1_000),
        attributes: EventAttributes::MarkerRecorded(MarkerRecorded {
            marker_name: "m".into(),
            decision_task_completed_event_id: EventId(4),
            details: Some(details.into()),
        }),
    }
}

/// A history whose transitions have these many events each, and neighbours on both sides.
fn stored(sizes: &[u64], details: &str) -> (Memory, u64) {
    let memory = Memory::default();
    let epoch = memory.claim(SHARD, "test").expect("no fault is planned");
    let mut batch = Batch::default();
    for neighbour in ["q", "s"] {
        batch.put(keys::history(&neighbour.into(), EventId(1)), values::events(&[marker(1, "x")]));
    }
    let mut next = 1;
    for size in sizes {
        let events: Vec<Event> = (next..next + size).map(|id| marker(id, details)).collect();
        batch.put(keys::history(&"r".into(), EventId(next)), values::events(&events));
        next += size;
    }
    memory.commit(SHARD, epoch, batch).expect("no fault is planned");
    (memory, next - 1)
}

/// The ids on a page, and where the next one begins.
fn read(
    memory: &Memory,
    run_id: &str,
    (first, last): (u64, u64),
    direction: Direction,
    most: usize,
) -> (Vec<u64>, Option<u64>) {
    let range = EventId(first)..=EventId(last);
    let page = page(memory, SHARD, &run_id.into(), range, direction, most);
    let page = page.expect("no fault is planned");
    let events: Vec<Event> = serde_json::from_slice(&page.events).expect("a JSON array");
    (events.iter().map(|event| event.event_id.0).collect(), page.next.map(|next| next.0))
}

#[test]
fn a_page_holds_what_is_in_its_range_and_names_what_follows() {
    let (memory, events) = stored(&[1, 3, 1, 5, 2, 1, 4], "x");
    for first in 1..=events {
        for last in (first..=events + 1).chain([END.0]) {
            let mut ids: Vec<u64> = (first..=last.min(events)).collect();
            for direction in [Direction::Ascending, Direction::Descending] {
                for most in [1, 2, 3, 5, 100] {
                    let expected: Vec<u64> = ids.iter().copied().take(most).collect();
                    let next = ids.get(most).copied();
                    let page = read(&memory, "r", (first, last), direction, most);
                    assert_eq!(page, (expected, next), "{first} {last} {direction:?} {most}");
                }
                ids.reverse();
            }
        }
    }
}

#[test]
fn a_history_of_more_transitions_than_are_read_at_a_time_is_whole() {
    let mut prng = Prng(5);
    let sizes: Vec<u64> =
        (0..3 * *TRANSITIONS_PER_SCAN.end()).map(|_| 1 + prng.below(3) as u64).collect();
    let (memory, events) = stored(&sizes, "x");
    let mut ids: Vec<u64> = (1..=events).collect();
    for direction in [Direction::Ascending, Direction::Descending] {
        let whole = read(&memory, "r", (1, END.0), direction, usize::MAX);
        assert_eq!(whole, (ids.clone(), None));
        ids.reverse();
    }
}

#[test]
fn a_page_ends_after_the_event_that_makes_it_too_large() {
    let details = "d".repeat(32_768);
    let (memory, events) = stored(&[7; 30], &details);
    let mut expected: Vec<u64> = (1..=events).collect();
    for direction in [Direction::Ascending, Direction::Descending] {
        let (ids, next) = read(&memory, "r", (1, END.0), direction, usize::MAX);
        let full = ids.len();
        assert!(full * details.len() > PAGE_BYTES_MAX - 2 * details.len(), "{full} events");
        assert!((full - 1) * details.len() < PAGE_BYTES_MAX, "{full} events");
        assert_eq!(ids, expected[..full]);
        assert_eq!(next, Some(expected[full]));
        expected.reverse();
    }
}

#[test]
fn a_run_without_events_has_an_empty_page_and_one_event_is_found_by_its_number() {
    let (memory, events) = stored(&[2, 3], "x");
    assert_eq!(read(&memory, "qq", (1, END.0), Direction::Ascending, 9), (vec![], None));
    assert_eq!(read(&memory, "qq", (1, END.0), Direction::Descending, 9), (vec![], None));
    for event_id in 1..=events {
        let found = event(&memory, SHARD, &"r".into(), EventId(event_id)).expect("it is there");
        assert_eq!(found.event_id, EventId(event_id));
    }
    assert!(event(&memory, SHARD, &"r".into(), EventId(events + 1)).is_err());
    assert!(event(&memory, SHARD, &"r".into(), EventId(0)).is_err());
}
