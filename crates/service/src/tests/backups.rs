//! What is restored of a moment goes on as if nothing had been: whichever moment it was, and only if
//! all shards are of the same.

use super::client::{Client, HOLD_SECONDS, wait};
use super::fixture::registrations;
use crate::Options;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use store::memory::{Call, Memory};
use store::{Batch, Entry, ShardId, Snapshot, Store, StoreError};

/// How long a decision task may take: longer than a poll is held.
const TASK_SECONDS: &str = "100";
/// Longer than a decision task may take, and than a poll is held: in seconds.
const ROUND_SECONDS: i64 = 700;
/// Rounds in which everything has come to its end that ever does.
const ROUNDS_MAX: usize = 4;

/// A store with what the snapshot has.
fn restored(snapshot: &dyn Snapshot) -> Memory {
    let memory = Memory::default();
    for shard in snapshot.shards().expect("nothing fails") {
        let epoch = memory.claim(shard, "restore").expect("nothing fails");
        let mut batch = Batch::default();
        let rows = snapshot.page(shard, None, usize::MAX).expect("nothing fails");
        rows.into_iter().for_each(|(key, value)| batch.put(key, value));
        memory.commit(shard, epoch, batch).expect("nothing fails");
    }
    memory
}

/// A deliberate bug: each shard as of a moment of its own.
struct Torn {
    of: BTreeMap<ShardId, Box<dyn Snapshot>>,
    others: Box<dyn Snapshot>,
}

impl Snapshot for Torn {
    fn shards(&self) -> Result<Vec<ShardId>, StoreError> {
        self.others.shards()
    }

    fn page(
        &self,
        shard: ShardId,
        after: Option<&[u8]>,
        bytes_max: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.of.get(&shard).unwrap_or(&self.others).page(shard, after, bytes_max)
    }
}

fn list() -> Value {
    json!({"domain": "d", "taskList": {"name": "deciders"}})
}

/// A parent starts a child and completes after it.
fn decide(task: &Value) -> Value {
    let events = task["events"].as_array().expect("a history");
    let has = |event_type: &str| events.iter().any(|event| event["eventType"] == event_type);
    let complete = json!([{"decisionType": "CompleteWorkflowExecution"}]);
    let is_child = task["workflowExecution"]["workflowId"] == "child";
    if is_child || has("ChildWorkflowExecutionCompleted") {
        complete
    } else if has("StartChildWorkflowExecutionInitiated") {
        json!([])
    } else {
        let child = json!({
            "workflowId": "child", "workflowType": {"name": "w", "version": "1"},
            "taskStartToCloseTimeout": TASK_SECONDS,
        });
        json!([{
            "decisionType": "StartChildWorkflowExecution",
            "startChildWorkflowExecutionDecisionAttributes": child,
        }])
    }
}

/// Answers a decision task. False if there is none by now.
fn answer_one(client: &Client) -> bool {
    client.rest();
    let poll = client.send("PollForDecisionTask", list()).expect("a right request");
    client.rest();
    client.advance(HOLD_SECONDS);
    let task = wait(poll).expect("it is answered");
    if task["taskToken"].is_null() {
        return false;
    }
    let body = json!({"taskToken": task["taskToken"], "decisions": decide(&task)});
    client.call("RespondDecisionTaskCompleted", body).expect("it is held");
    client.rest();
    true
}

fn start(client: &Client) {
    let body = json!({
        "domain": "d", "workflowId": "parent", "workflowType": {"name": "w", "version": "1"},
        "taskStartToCloseTimeout": TASK_SECONDS,
    });
    // It may have been started before the moment.
    let _ = client.send("StartWorkflowExecution", body);
}

/// Whether the parent comes to its end on what was restored, with one child.
fn goes_on(memory: Memory) -> bool {
    let client = Client::empty(memory);
    for (operation, body) in registrations() {
        // What is registered already is refused.
        let _ = client.call(operation, body);
    }
    for _ in 0..ROUNDS_MAX {
        start(&client);
        while answer_one(&client) {}
        let closed = json!({
            "domain": "d", "startTimeFilter": {"oldestDate": 0},
            "closeStatusFilter": {"status": "COMPLETED"},
        });
        let closed = client.call("ListClosedWorkflowExecutions", closed).expect("it is listed");
        let infos = closed["executionInfos"].as_array().expect("a list");
        let ended = |id: &str| infos.iter().any(|info| info["execution"]["workflowId"] == id);
        if ended("parent") && ended("child") {
            return true;
        }
        client.advance(ROUND_SECONDS);
    }
    false
}

#[test]
fn whatever_moment_is_restored_executions_go_on() {
    let memory = Memory::default();
    let moments: Arc<Mutex<Vec<Box<dyn Snapshot>>>> = Arc::default();
    let (taken, watched) = (Arc::clone(&moments), memory.clone());
    let watching = memory.with_faults(move |call| {
        if let Call::Commit { .. } = call {
            let moment = watched.snapshot().expect("nothing fails");
            taken.lock().expect("nothing panics").push(moment);
        }
        None
    });
    let client = Client::with(watching, Options::default());
    for (operation, body) in registrations() {
        client.call(operation, body).expect("it is registered");
    }
    let begin = moments.lock().expect("nothing panics").len();
    start(&client);
    client.rest();
    let before_the_child = memory.snapshot().expect("nothing fails");
    assert!(answer_one(&client), "the parent has a decision task");
    // The rows of messages go when they have been there for a while.
    client.advance(2);
    client.rest();
    let with_the_child = memory.snapshot().expect("nothing fails");
    while answer_one(&client) {}
    drop(client);
    let end = memory.snapshot().expect("nothing fails");
    assert!(goes_on(restored(&*end)), "what has ended stays so");
    let moments = std::mem::take(&mut *moments.lock().expect("nothing panics"));
    assert!(begin + 8 < moments.len(), "{} moments", moments.len());
    for (index, moment) in moments[begin..].iter().enumerate() {
        assert!(goes_on(restored(&**moment)), "restored from moment {index}");
    }
    // The parent's shard as it was when its message had been taken, the child's as it was before.
    let shard = |workflow_id: &str| {
        crate::keys::shard_of(&engine::rows::WorkflowKey {
            scope: super::fixture::scope(),
            domain: "d".into(),
            workflow_id: workflow_id.into(),
        })
    };
    assert_ne!(shard("parent"), shard("child"));
    let of = [(shard("child"), before_the_child)].into_iter().collect();
    let torn = Torn { of, others: with_the_child };
    assert!(!goes_on(restored(&torn)), "nobody notices a torn backup");
}
