//! The head of a task list: always a beginning of all the tasks that may be handed out.

use super::*;
use crate::tests::fixture::{Prng, list, tokens};
use engine::rows::{TaskKey, Value};
use store::Batch;
use store::memory::Memory;

fn reader(memory: &Memory) -> Reader {
    let tokens = tokens();
    let empty_poll_token = EmptyPollToken::Absent;
    Reader { store: Arc::new(memory.clone()), tokens, empty_poll_token, backups: Arc::default() }
}

/// Puts so many tasks into each shard, one in `held_back` of which is held back; returns those
/// that may be handed out, in order.
fn stored(memory: &Memory, counts: &[(u16, usize)], held_back: usize, seed: u64) -> Vec<Task> {
    let mut prng = Prng(seed);
    let mut tasks = BTreeSet::new();
    for (shard, count) in counts {
        let shard = ShardId(*shard);
        let epoch = memory.claim(shard, "test").expect("no fault is planned");
        let mut batch = Batch::default();
        for index in 0..*count {
            let place = engine::rows::Task {
                priority: TaskPriority(prng.below(3) as i32 - 1),
                scheduled_at: Timestamp(prng.below(100) as i64),
                run_id: format!("r{}-{index}", shard.0).into(),
                scheduled_event_id: EventId(2),
            };
            let deliverable = held_back == 0 || prng.below(held_back) > 0;
            let key = Key::Task(TaskKey { list: list("l"), task: place.clone() });
            batch.put(keys::row(&key), values::row(&Value::Task { deliverable }));
            // A neighbour that must not be seen.
            let other = Key::Task(TaskKey { list: list("l2"), task: place.clone() });
            batch.put(keys::row(&other), values::row(&Value::Task { deliverable: true }));
            if deliverable {
                tasks.insert(Task { place, shard });
            }
        }
        memory.commit(shard, epoch, batch).expect("no fault is planned");
    }
    tasks.into_iter().collect()
}

#[test]
fn a_head_is_a_beginning_of_the_list_and_says_whether_it_is_all() {
    const MANY: usize = 3 * TASKS_PER_SCAN;
    for (counts, held_back, complete) in [
        (&[][..], 0, true),
        (&[(0, 1)], 0, true),
        (&[(0, 5), (17, 9), (63, 3)], 3, true),
        (&[(5, TASKS_PER_SCAN - 1)], 0, true),
        (&[(5, TASKS_PER_SCAN + 1)], 0, false),
        (&[(5, MANY), (6, 7), (7, TASKS_PER_SCAN + 9)], 2, false),
        // Mostly held back: the scan goes on behind them.
        (&[(5, MANY)], 1, true),
    ] {
        for seed in 0..5 {
            let memory = Memory::default();
            let all = stored(&memory, counts, held_back, seed);
            let (head, whole) = reader(&memory).head(&list("l")).expect("no fault is planned");
            assert!(all.starts_with(&head), "{counts:?} {seed}");
            assert_eq!(whole, complete, "{counts:?} {seed}");
            assert_eq!(head.len() == all.len(), complete, "{counts:?} {seed}");
            assert_eq!(head.is_empty(), all.is_empty(), "a refill makes progress");
        }
    }
}

#[test]
fn a_head_is_bounded() {
    let memory = Memory::default();
    let counts: Vec<(u16, usize)> = (0..20).map(|shard| (shard, TASKS_PER_SCAN - 1)).collect();
    let all = stored(&memory, &counts, 0, 1);
    let (head, whole) = reader(&memory).head(&list("l")).expect("no fault is planned");
    assert_eq!((head.as_slice(), whole), (&all[..HEAD_MAX], false));
}

#[test]
fn a_head_that_cannot_be_read_is_an_error() {
    let failing = Memory::default().with_faults(|_| Some(store::memory::Fault::Lost));
    assert!(reader(&failing).head(&list("l")).is_err());
}

/// Between the start of the task and the read of its first page, more may have happened.
#[test]
fn a_decision_task_ends_with_its_start_even_if_more_is_stored_by_now() {
    let memory = Memory::default();
    let shard = ShardId(3);
    let epoch = memory.claim(shard, "test").expect("no fault is planned");
    let run_id: RunId = "r".into();
    let marker = |event_id| Event {
        event_id: EventId(event_id),
        event_timestamp: Timestamp(1),
        attributes: EventAttributes::MarkerRecorded(event::MarkerRecorded {
            marker_name: "m".into(),
            decision_task_completed_event_id: EventId(1),
            details: None,
        }),
    };
    let mut batch = Batch::default();
    for first in [1, 3, 5] {
        let events = [marker(first), marker(first + 1)];
        batch.put(keys::history(&run_id, EventId(first)), values::events(&events));
    }
    let scope = crate::tests::fixture::scope();
    let identity = Arc::new(RunIdentity {
        scope: scope.clone(),
        domain: "d".into(),
        workflow_id: "w".into(),
        run_id: run_id.clone(),
    });
    let row = Value::Run(Arc::clone(&identity));
    batch.put(keys::row(&Key::Run(run_id)), values::row(&row));
    memory.commit(shard, epoch, batch).expect("no fault is planned");
    let task = StartedTask {
        identity,
        workflow_type: WorkflowType { name: "w".into(), version: "1".into() },
        ids: StartedIds { scheduled: EventId(2), started: EventId(3) },
        previous_started_event_id: EventId::NONE,
    };
    for reverse in [false, true] {
        let input = serde_json::json!({"reverseOrder": reverse});
        let tokens = tokens();
        let operation = Operation::PollForDecisionTask;
        let paging = Paging::of(operation, &input, &scope, &tokens, Timestamp(1));
        let page = DecisionPage { paging, from_previous: false, position: None };
        let reply = reader(&memory).decision_task(&task, shard, &page);
        let Ok(Reply::Json(body)) = reply else { panic!("no page: {reply:?}") };
        let body: serde_json::Value = serde_json::from_slice(&body).expect("a body is JSON");
        let events = body["events"].as_array().expect("a page has events");
        let mut ids: Vec<u64> = events.iter().filter_map(|e| e["eventId"].as_u64()).collect();
        if reverse {
            ids.reverse();
        }
        assert_eq!(ids, [1, 2, 3]);
    }
}

/// The run was closed and removed after the task was started and before its reply was read.
#[test]
fn a_task_of_a_run_that_has_expired_is_no_task() {
    let memory = Memory::default();
    let scope = crate::tests::fixture::scope();
    let task = || StartedTask {
        identity: Arc::new(RunIdentity {
            scope: scope.clone(),
            domain: "d".into(),
            workflow_id: "w".into(),
            run_id: "r".into(),
        }),
        workflow_type: WorkflowType { name: "w".into(), version: "1".into() },
        ids: StartedIds { scheduled: EventId(2), started: EventId(3) },
        previous_started_event_id: EventId::NONE,
    };
    let page = |position| {
        let tokens = tokens();
        let input = serde_json::json!({});
        let operation = Operation::PollForDecisionTask;
        let paging = Paging::of(operation, &input, &scope, &tokens, Timestamp(1));
        DecisionPage { paging, from_previous: false, position }
    };
    let reader = reader(&memory);
    let shard = ShardId(3);
    let polled = reader.decision_task(&task(), shard, &page(None));
    assert_eq!(polled, Ok(empty_poll(TaskKind::Decision, EmptyPollToken::Absent)));
    let further = reader.decision_task(&task(), shard, &page(Some(EventId(2))));
    assert_eq!(further, Err(Fault::unknown_run(&"w".into(), &"r".into())));
    assert_eq!(
        reader.activity_task(task(), shard),
        Ok(empty_poll(TaskKind::Activity, EmptyPollToken::Absent))
    );
}

/// More of them than are read at a time come before what can be handed out.
#[test]
fn a_key_that_does_not_decode_holds_up_nothing_behind_it() {
    let memory = Memory::default();
    let shard = ShardId(9);
    let tasks = stored(&memory, &[(shard.0, 3)], 0, 1);
    let epoch = memory.claim(shard, "test").expect("no fault is planned");
    let mut batch = Batch::default();
    let waits = LambdaTask {
        scheduled_at: Timestamp(7),
        run_id: "r".into(),
        scheduled_event_id: EventId(5),
    };
    batch.put(keys::row(&Key::Lambda(waits.clone())), values::row(&Value::Nothing));
    for damaged in 0..u8::try_from(LAMBDAS_PER_SCAN.max(TASKS_PER_SCAN)).expect("few") + 9 {
        for start in [keys::tasks(&list("l")).start, keys::lambdas().start] {
            let value = values::row(&Value::Task { deliverable: true });
            batch.put([start, vec![0, damaged]].concat(), value);
        }
    }
    memory.commit(shard, epoch, batch).expect("no fault is planned");
    let reader = reader(&memory);
    assert_eq!(reader.head(&list("l")), Ok((tasks, true)));
    assert_eq!(reader.lambdas(), Ok((vec![Place { task: waits, shard }], true)));
}
