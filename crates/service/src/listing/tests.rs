//! The bounds of lists and counts. What they hold is tested through the service.

use super::*;
use crate::tests::fixture::scope;
use engine::rows::{Key, ListingKey, Task, TaskKey, TaskKind, TaskListKey, Value};
use store::Batch;
use store::memory::Memory;

fn query(filter: Option<Filter>) -> Query {
    Query {
        listing: Listing::Open,
        scope: scope(),
        domain: "d".into(),
        times: ExecutionTimeFilter { oldest_date: Timestamp(0), latest_date: None },
        direction: Direction::Ascending,
        filter,
    }
}

/// So many rows in one shard; the last one alone is tagged.
fn stored(rows: usize) -> Memory {
    let memory = Memory::default();
    let shard = ShardId(9);
    let epoch = memory.claim(shard, "test").expect("no fault is planned");
    let mut batch = Batch::default();
    for index in 0..rows {
        let (workflow_id, run_id) = (WorkflowId::from("w"), RunId::from(format!("{index:08}")));
        let at = Timestamp(7);
        let info = WorkflowExecutionInfo {
            execution: WorkflowExecution {
                workflow_id: workflow_id.clone(),
                run_id: run_id.clone(),
            },
            workflow_type: WorkflowType { name: "t".into(), version: "1".into() },
            start_timestamp: at,
            execution_status: ExecutionStatus::Open,
            close_timestamp: None,
            close_status: None,
            parent: None,
            tag_list: (index + 1 == rows).then(|| vec!["last".into()]),
            cancel_requested: None,
        };
        let key = ListingKey { scope: scope(), domain: "d".into(), at, workflow_id, run_id };
        let value = Value::Listed(Box::new(info));
        batch.put(keys::row(&Key::Listed(Listing::Open, key)), values::row(&value));
    }
    memory.commit(shard, epoch, batch).expect("no fault is planned");
    memory
}

/// A filter that matches little makes pages that are short or empty, and leads on all the same.
#[test]
fn a_page_and_a_count_look_at_so_many_rows_and_no_more() {
    let memory = stored(ROWS_EXAMINED_MAX + 1);
    let tagged = query(Some(Filter::Tag("last".into())));
    let first = page(&memory, &tagged, None, 10).expect("no fault is planned");
    assert_eq!(first.infos, []);
    let after = first.next_after.expect("there is one row more");
    let second = page(&memory, &tagged, Some(&after), 10).expect("no fault is planned");
    assert_eq!(second.infos.len(), 1);
    assert_eq!(second.next_after, None);
    let counted = count(&memory, &query(None)).expect("no fault is planned");
    assert_eq!(counted, (u32::try_from(ROWS_EXAMINED_MAX).expect("small"), true));
}

#[test]
fn a_count_of_tasks_stops_at_its_bound() {
    let list = TaskListKey {
        kind: TaskKind::Decision,
        scope: scope(),
        domain: "d".into(),
        name: "l".into(),
    };
    for (tasks, truncated) in [(TASKS_COUNTED_MAX, false), (TASKS_COUNTED_MAX + 1, true)] {
        let memory = Memory::default();
        // Spread over two shards, and some are held back.
        for (shard, from, to) in [(ShardId(0), 0, 4_000), (ShardId(63), 4_000, tasks)] {
            let epoch = memory.claim(shard, "test").expect("no fault is planned");
            let mut batch = Batch::default();
            for index in from..to {
                let task = Task {
                    priority: TaskPriority(0),
                    scheduled_at: Timestamp(0),
                    run_id: format!("{index}").into(),
                    scheduled_event_id: EventId(2),
                };
                let value = Value::Task { deliverable: index % 3 == 0 };
                let key = Key::Task(TaskKey { list: list.clone(), task });
                batch.put(keys::row(&key), values::row(&value));
            }
            memory.commit(shard, epoch, batch).expect("no fault is planned");
        }
        let counted = count_tasks(&memory, &list).expect("no fault is planned");
        assert_eq!(counted, (10_000, truncated));
    }
}

#[test]
fn a_store_that_cannot_be_read_fails_the_list() {
    let failing = Memory::default().with_faults(|_| Some(store::memory::Fault::Lost));
    assert!(page(&failing, &query(None), None, 10).is_err());
    assert!(count(&failing, &query(None)).is_err());
}
