//! A store that a service has written agrees; each kind of damage is found, and repaired where that
//! can be.

use super::*;
use crate::registrar::Restoration;
use crate::tests::client::Client;
use crate::token::KeyId;
use crate::values;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::memory::Memory;

mod histories;
mod messages;
mod projections;
mod repairs;

/// Every row of a store.
pub type Rows = BTreeMap<(ShardId, Vec<u8>), Vec<u8>>;

/// Long after everything that is written here.
pub const NOW: Timestamp = Timestamp(2_000_000);

/// A store in which there is at least one row of each table of executions but for messages, snapshots
/// and what retention leaves: open and closed runs, a child, a successor, waiting and started tasks,
/// timers, heartbeats, a Lambda task.
pub fn store() -> Memory {
    store_of(0)
}

/// The same, and one with a history that is long enough for a snapshot.
pub fn store_with_snapshot() -> Memory {
    store_of(crate::shard::SNAPSHOT_EVENTS)
}

fn store_of(signals: u64) -> Memory {
    let client = Client::new();
    let start = |workflow_id: &str| {
        let body = json!({
            "domain": "d", "workflowId": workflow_id, "input": "secret", "tagList": ["t"],
            "workflowType": {"name": "w", "version": "1"},
        });
        client.call("StartWorkflowExecution", body).expect("it starts");
    };
    let poll = || {
        let list = json!({"domain": "d", "taskList": {"name": "deciders"}});
        client.call("PollForDecisionTask", list).expect("a task")
    };
    let respond = |task: Value, decisions: Value| {
        let answer = json!({
            "taskToken": task["taskToken"], "decisions": decisions, "executionContext": "secret",
        });
        client.call("RespondDecisionTaskCompleted", answer).expect("it is held");
    };
    let decide = |decisions: Value| respond(poll(), decisions);
    let activity = |id: &str| {
        let attributes = json!({"activityType": {"name": "a", "version": "1"}, "activityId": id});
        json!({
            "decisionType": "ScheduleActivityTask",
            "scheduleActivityTaskDecisionAttributes": attributes,
        })
    };
    start("busy");
    let timer = json!({"timerId": "t", "startToFireTimeout": "500"});
    let timer = json!({"decisionType": "StartTimer", "startTimerDecisionAttributes": timer});
    decide(json!([activity("1"), activity("2"), timer]));
    let list = json!({"domain": "d", "taskList": {"name": "workers"}});
    let task = client.call("PollForActivityTask", list).expect("a task");
    let beat = json!({"taskToken": task["taskToken"], "details": "secret"});
    client.advance(1);
    client.call("RecordActivityTaskHeartbeat", beat).expect("it is held");
    let end = json!([{"decisionType": "CompleteWorkflowExecution"}]);
    for workflow_id in ["closed", "closed too"] {
        start(workflow_id);
        decide(end.clone());
    }
    start("renewed");
    decide(json!([{"decisionType": "ContinueAsNewWorkflowExecution"}]));
    decide(end);
    start("parent");
    let child = json!({"workflowId": "child", "workflowType": {"name": "w", "version": "1"}});
    decide(json!([{
        "decisionType": "StartChildWorkflowExecution",
        "startChildWorkflowExecutionDecisionAttributes": child,
    }]));
    start("calling");
    let task = poll();
    // From now on no Lambda task is started: it waits.
    client.service.drain();
    let lambda = json!({"id": "f", "name": "hello", "input": "secret"});
    let lambda = json!({
        "decisionType": "ScheduleLambdaFunction",
        "scheduleLambdaFunctionDecisionAttributes": lambda,
    });
    respond(task, json!([lambda]));
    start("long");
    for _ in 0..signals {
        let signal = json!({"domain": "d", "workflowId": "long", "signalName": "s"});
        client.call("SignalWorkflowExecution", signal).expect("it is open");
    }
    // Both ways of the child's start; the rows of the messages go when they have been there for a
    // while.
    client.rest();
    client.advance(2);
    client.rest();
    let memory = client.memory.clone();
    client.service.close();
    memory
}

/// Every row there is.
pub fn rows(memory: &Memory) -> Rows {
    let shards = keys::shards().chain([keys::REGISTRY_SHARD]);
    let of = |shard| {
        let rows = crate::tests::fixture::rows(memory, shard).into_iter();
        rows.map(move |(key, value)| ((shard, key), value))
    };
    shards.flat_map(of).collect()
}

/// The rows of a table.
pub fn of(rows: &Rows, table: Table) -> Rows {
    let range = table.keys();
    let of_table = |((_, key), _): &(&(ShardId, Vec<u8>), &Vec<u8>)| range.contains(key);
    rows.iter().filter(of_table).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Damages a row.
pub fn edit(memory: &Memory, (shard, key): &(ShardId, Vec<u8>), value: Option<Vec<u8>>) {
    let epoch = memory.claim(*shard, "damage").expect("no fault is planned");
    let mut batch = store::Batch::default();
    match value {
        Some(value) => batch.put(key.clone(), value),
        None => batch.delete(key.clone()),
    }
    memory.commit(*shard, epoch, batch).expect("no fault is planned");
}

/// A store with these rows.
pub fn with(rows: &Rows) -> Memory {
    let memory = Memory::default();
    for (key, value) in rows {
        edit(&memory, key, Some(value.clone()));
    }
    memory
}

/// What a check finds; it writes nothing.
#[track_caller]
pub fn look(memory: &Memory) -> Vec<Finding> {
    let before = rows(memory);
    let read_only = memory.with_faults(|call| {
        let writes =
            matches!(call, store::memory::Call::Claim { .. } | store::memory::Call::Commit { .. });
        assert!(!writes, "a check that does not repair writes nothing");
        None
    });
    let mut found = Vec::new();
    let report = check(&read_only, NOW, Mode::Look, &mut |finding| found.push(finding));
    let report = report.expect("the store can be read");
    assert_eq!(report.findings, found.len() as u64);
    assert_eq!((report.repaired, report.agrees()), (0, found.is_empty()));
    assert!(found.iter().all(|finding| !finding.repaired));
    assert!(found.iter().all(|finding| !finding.to_string().contains("secret")), "{found:?}");
    assert_eq!(rows(memory), before);
    found
}

/// What a repair finds.
pub fn repair(memory: &Memory) -> Vec<Finding> {
    let mut found = Vec::new();
    let mode = Mode::Repair("test");
    let report = check(memory, NOW, mode, &mut |finding| found.push(finding));
    let report = report.expect("the store works");
    let repaired = found.iter().filter(|finding| finding.repaired).count() as u64;
    assert_eq!((report.findings, report.repaired), (found.len() as u64, repaired));
    found
}

/// Checks that a store with damage has exactly one finding, that a repair puts it right, and that
/// then everything is as it was.
#[track_caller]
pub fn is_mended(memory: &Memory, whole: &Rows, is_it: impl Fn(&What) -> bool, table: Table) {
    let found = look(memory);
    let [finding] = &found[..] else { panic!("{found:#?}") };
    assert!(is_it(&finding.what) && finding.table == Some(table), "{finding}");
    let found = repair(memory);
    assert!(found.len() == 1 && found[0].repaired, "{found:#?}");
    assert_eq!(look(memory), []);
    assert!(rows(memory) == *whole, "the store is as it was");
}

/// Checks that a store with damage has exactly one finding, and that a repair leaves all as it is.
#[track_caller]
pub fn is_left(memory: &Memory, is_it: impl Fn(&What) -> bool) {
    let before = rows(memory);
    for found in [look(memory), repair(memory)] {
        let [finding] = &found[..] else { panic!("{found:#?}") };
        assert!(is_it(&finding.what) && !finding.repaired, "{finding}");
    }
    assert!(rows(memory) == before, "nothing is written");
}

#[test]
fn what_a_service_has_written_agrees() {
    let memory = store_with_snapshot();
    let mut tell = |finding: Finding| panic!("{finding}");
    let report = check(&memory, NOW, Mode::Look, &mut tell).expect("the store can be read");
    assert_eq!((report.runs, report.findings), (9, 0));
    // Those that a backup has.
    let with_rows = memory.snapshot().expect("no fault is planned").shards().expect("none either");
    assert!(with_rows.len() < usize::from(keys::SHARDS), "some shards are without rows");
    assert_eq!(report.shards, with_rows.len() as u64);
    let events = 10 + 5 + 5 + 5 + 5 + 7 + 5 + 2 + 2 + crate::shard::SNAPSHOT_EVENTS;
    assert!(report.events.abs_diff(events) < 10, "{report:?}");
    let rows = rows(&memory);
    assert_eq!(report.rows, rows.len() as u64, "every row is looked at, and once");
    let empty = [Table::Outbox, Table::LeftOver, Table::Import, Table::Restoration];
    for table in Table::OF_EXECUTIONS.into_iter().chain(Table::OF_REGISTRY) {
        assert_eq!(of(&rows, table).is_empty(), empty.contains(&table), "{table}");
    }
}

#[test]
fn an_empty_store_agrees() {
    let memory = Memory::default();
    assert_eq!(look(&memory), []);
    assert_eq!(repair(&memory), []);
}

#[test]
fn keys_that_are_not_known_are_reported_and_stay() {
    for (shard, key) in [
        (ShardId(3), vec![0, 1]),
        (ShardId(3), vec![19]),
        (ShardId(3), vec![20, 1]),
        (ShardId(3), vec![254, 7]),
        (ShardId(3), vec![9, 1]),
        (ShardId(3), vec![11, 1]),
        (ShardId(3), vec![12, 0, 1, 2]),
        (keys::REGISTRY_SHARD, vec![1, 1]),
        (keys::REGISTRY_SHARD, vec![25]),
    ] {
        let memory = Memory::default();
        edit(&memory, &(shard, key), Some(vec![1, b'0']));
        is_left(&memory, |what| matches!(what, What::UnknownKey { .. }));
    }
}

#[test]
fn a_registration_that_is_damaged_is_reported_and_stays() {
    let whole = rows(&store());
    for table in Table::OF_REGISTRY {
        for (key, _) in of(&whole, table) {
            let memory = with(&whole);
            edit(&memory, &key, Some(vec![1, b'{']));
            is_left(&memory, |what| matches!(what, What::Damaged { .. }));
            edit(&memory, &key, Some(vec![2]));
            is_left(&memory, |what| matches!(what, What::Damaged { .. }));
        }
    }
}

#[test]
fn a_restoration_agrees_and_one_that_is_damaged_is_reported_and_stays() {
    let memory = with(&rows(&store()));
    let key = (keys::REGISTRY_SHARD, keys::restoration(KeyId(1)));
    edit(&memory, &key, Some(values::json(&Restoration { holds_until: NOW })));
    assert_eq!(look(&memory), []);
    edit(&memory, &key, Some(vec![1, b'{']));
    is_left(&memory, |what| matches!(what, What::Damaged { .. }));
    edit(&memory, &key, None);
    edit(&memory, &(keys::REGISTRY_SHARD, vec![24]), Some(vec![1, b'0']));
    is_left(&memory, |what| matches!(what, What::Damaged { .. }));
}

#[test]
fn a_domain_that_is_missing_is_reported_for_all_that_is_in_it() {
    let memory = store();
    let (key, _) = of(&rows(&memory), Table::Domain).pop_first().expect("a domain");
    edit(&memory, &key, None);
    let found = look(&memory);
    assert_eq!(found.len(), 9 + 2, "its runs and its types");
    let missing = What::DomainMissing { domain: "d".into() };
    assert!(found.iter().all(|finding| finding.what == missing), "{found:#?}");
}
