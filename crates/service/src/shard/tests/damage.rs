//! A run whose stored history is damaged: it costs itself, and nobody else.

use super::*;
use crate::tests::client::Client;
use store::memory::{Call, Fault as Injected};

fn workflow(workflow_id: &str) -> WorkflowKey {
    WorkflowKey { scope: scope(), domain: "d".into(), workflow_id: workflow_id.into() }
}

fn start(client: &Client, workflow_id: &str, list: &str) -> RunId {
    let body = json!({
        "domain": "d", "workflowId": workflow_id, "taskList": {"name": list},
        "workflowType": {"name": "w", "version": "1"},
    });
    let started = client.call("StartWorkflowExecution", body).expect("it starts");
    started["runId"].as_str().expect("it has an id").into()
}

/// Waits for the next decision task of a list, and answers it; the history up to then.
fn decide(client: &Client, list: &str, decisions: Value) -> Value {
    let body = json!({"domain": "d", "taskList": {"name": list}});
    let task = client.call("PollForDecisionTask", body).expect("a task");
    let answer = json!({"taskToken": task["taskToken"], "decisions": decisions});
    client.call("RespondDecisionTaskCompleted", answer).expect("it is held");
    task["events"].clone()
}

/// Overwrites the first events of a run.
fn damage(memory: &Memory, shard: ShardId, run_id: &RunId) -> (Vec<u8>, Vec<u8>) {
    let (key, value) = (keys::history(run_id, EventId(1)), b"\x01garbage".to_vec());
    let epoch = memory.claim(shard, "damage").expect("no fault is planned");
    let mut batch = Batch::default();
    batch.put(key.clone(), value.clone());
    memory.commit(shard, epoch, batch).expect("no fault is planned");
    (key, value)
}

#[test]
fn a_damaged_run_does_not_hold_up_the_messages_behind_it() {
    let client = Client::new();
    let shard = keys::shard_of(&workflow("broken"));
    let mut names = (0..).map(|number: u32| number.to_string());
    let beside =
        names.find(|name| keys::shard_of(&workflow(name)) == shard).expect("one hashes so");
    start(&client, "sender", "senders");
    let broken = start(&client, "broken", "others");
    start(&client, &beside, "others");
    let memory = client.memory.clone();
    drop(client);
    let (key, value) = damage(&memory, shard, &broken);

    let client = Client::empty(memory.clone());
    let to = |workflow_id: &str| {
        let signal = json!({"workflowId": workflow_id, "signalName": "s"});
        json!({
            "decisionType": "SignalExternalWorkflowExecution",
            "signalExternalWorkflowExecutionDecisionAttributes": signal,
        })
    };
    // A child of the damaged workflow id is refused, too: it may be open.
    let child = json!({"workflowId": "broken", "workflowType": {"name": "w", "version": "1"}});
    let child = json!({
        "decisionType": "StartChildWorkflowExecution",
        "startChildWorkflowExecutionDecisionAttributes": child,
    });
    let mut events = decide(&client, "senders", json!([to("broken"), child, to(&beside)]));
    let told = |events: &Value, event_type: &str| {
        let events = events.as_array().expect("a list");
        events.iter().any(|event| event["eventType"] == event_type)
    };
    while !told(&events, "ExternalWorkflowExecutionSignaled") {
        events = decide(&client, "senders", json!([]));
    }
    assert!(told(&events, "SignalExternalWorkflowExecutionFailed"), "{events}");
    assert!(told(&events, "StartChildWorkflowExecutionFailed"), "{events}");
    assert_eq!(memory.get(shard, &key), Ok(Some(value)), "what is damaged stays");
}

#[test]
fn the_task_of_a_damaged_run_does_not_hold_up_those_behind_it() {
    let client = Client::new();
    let shard = keys::shard_of(&workflow("broken"));
    let broken = start(&client, "broken", "deciders");
    client.advance(1);
    start(&client, "whole", "deciders");
    let memory = client.memory.clone();
    drop(client);
    damage(&memory, shard, &broken);

    let client = Client::empty(memory);
    let task = client
        .call("PollForDecisionTask", json!({"domain": "d", "taskList": {"name": "deciders"}}));
    assert_eq!(task.expect("a task")["workflowExecution"]["workflowId"], "whole");
}

/// A signal from a run of the shard `from`.
fn message(workflow_id: &str) -> Box<engine::message::Message> {
    let sender = WorkflowExecution { workflow_id: "sender".into(), run_id: "sender".into() };
    let signaled = event::WorkflowExecutionSignaled {
        signal_name: "s".into(),
        input: None,
        external_workflow_execution: Some(sender),
        external_initiated_event_id: EventId(5),
    };
    let otherwise = event::SignalExternalWorkflowExecutionFailed {
        workflow_id: workflow_id.into(),
        run_id: None,
        cause: SignalExternalWorkflowExecutionFailedCause::UnknownExternalWorkflowExecution,
        initiated_event_id: EventId(5),
        decision_task_completed_event_id: EventId(4),
        control: None,
    };
    let to = engine::message::Recipient {
        scope: scope(),
        domain: "d".into(),
        workflow_id: workflow_id.into(),
        run_id: None,
    };
    let (signaled, otherwise) = (Box::new(signaled), Box::new(otherwise));
    let content = engine::message::Content::Signal { signaled, otherwise };
    Box::new(engine::message::Message { to, content })
}

#[test]
fn a_message_waits_while_the_store_cannot_be_read() {
    for key in [keys::row(&Key::OpenRun(workflow("w"))), keys::row(&Key::Run("r".into()))] {
        let mut rig = Rig::unaudited();
        rig.start("w", "r").expect("it starts");
        let faulty = rig.memory.with_faults(move |call| match call {
            Call::Get { key: read, .. } => (**read == *key).then_some(Injected::Lost),
            Call::Claim { .. } | Call::Commit { .. } | Call::Scan { .. } | Call::Snapshot => None,
        });
        rig.shard = claim(&faulty, &rig.registry);
        let refused = rig.step(ShardCommand::Receive(ShardId(9), 1, message("w")));
        assert_eq!(refused, Err(Refusal::Unavailable), "it is not refused for good");
        rig.restart();
        assert_eq!(rig.step(ShardCommand::Receive(ShardId(9), 1, message("w"))), Ok(Outcome::Done));
        assert!(rig.history("r").contains(&"WorkflowExecutionSignaled"));
    }
}

/// The engine never sends news like this; a bug in it might.
#[test]
fn a_message_that_brings_a_bug_out_does_not_hold_up_those_behind_it() {
    let mut rig = Rig::unaudited();
    rig.start("w", "r").expect("it starts");
    let news = event::ActivityTaskCompleted {
        result: None,
        scheduled_event_id: EventId(77),
        started_event_id: EventId(78),
    };
    let mut bug = message("w");
    bug.content = engine::message::Content::Report(Box::new(news.into()));
    let [first, second] = [(1, bug), (2, message("w"))]
        .map(|(number, message)| ShardCommand::Receive(ShardId(9), number, message));
    assert_eq!(rig.steps(vec![first, second]), [Ok(Outcome::Done), Ok(Outcome::Done)]);
    assert_eq!(
        rig.history("r"),
        ["WorkflowExecutionStarted", "DecisionTaskScheduled", "WorkflowExecutionSignaled"]
    );
}

#[test]
fn a_run_whose_snapshot_is_damaged_is_folded_from_its_history() {
    let mut rig = Rig::unaudited();
    rig.start("w", "r").expect("it starts");
    for _ in 0..SNAPSHOT_EVENTS {
        rig.step(signal(open("w"), "more")).expect("it is open");
    }
    let key = keys::snapshot(&"r".into());
    assert!(rig.memory.get(SHARD, &key).expect("no fault is planned").is_some());
    let epoch = rig.memory.claim(SHARD, "damage").expect("no fault is planned");
    let mut batch = Batch::default();
    batch.put(key, vec![1]);
    rig.memory.commit(SHARD, epoch, batch).expect("no fault is planned");
    rig.restart();
    assert_eq!(rig.step(signal(open("w"), "last")), Ok(Outcome::Done));
    rig.describe("w", "r");
}
