//! What those learn who watch: events as they happen, what waits, who polls, how much is done.

use super::client::{Client, HOLD_SECONDS, wait};
use crate::keys::SHARDS;
use crate::survey::LOOKS_MAX;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::memory::{Call, Fault as StoreFault, Memory};
use wire::{Fault, OwnOperation as O};

/// Starts a run of type `w`, and returns its run id.
fn start(client: &Client, workflow_id: &str) -> Value {
    let body = json!({
        "domain": "d", "workflowId": workflow_id, "workflowType": {"name": "w", "version": "1"},
    });
    client.call("StartWorkflowExecution", body).expect("it starts")["runId"].clone()
}

fn signal(client: &Client, workflow_id: &str) {
    let body = json!({ "domain": "d", "workflowId": workflow_id, "signalName": "s" });
    client.call("SignalWorkflowExecution", body).expect("it is open");
}

fn terminate(client: &Client, workflow_id: &str) {
    let body = json!({ "domain": "d", "workflowId": workflow_id });
    client.call("TerminateWorkflowExecution", body).expect("it is open");
}

fn list(name: &str) -> Value {
    json!({ "domain": "d", "taskList": { "name": name } })
}

/// What is told at once, or within the body's wait: the events, as workflow id, number and type.
fn told(answer: &Value) -> Vec<String> {
    let say = |told: &Value| {
        let workflow_id = told["workflowId"].as_str().expect("a text");
        let event_type = told["event"]["eventType"].as_str().expect("a text");
        format!("{workflow_id} {} {event_type}", told["event"]["eventId"])
    };
    answer["events"].as_array().expect("events").iter().map(say).collect()
}

/// Asks without waiting.
fn ask(client: &Client, mut body: Value) -> Value {
    body["domain"] = json!("d");
    body["maximumWaitSeconds"] = json!(0);
    client.own(O::WaitForEvents, body).expect("nobody is refused")
}

#[test]
fn who_waits_is_told_what_is_committed_from_then_on() {
    let client = Client::new();
    start(&client, "before");
    let first = ask(&client, json!({}));
    assert_eq!((told(&first), &first["missed"]), (vec![], &json!(false)));
    let waiting =
        client.send_own(O::WaitForEvents, json!({ "domain": "d", "after": first["next"] }));
    let run_id = start(&client, "v");
    let second = wait(waiting).expect("nobody is refused");
    let started = ["v 1 WorkflowExecutionStarted", "v 2 DecisionTaskScheduled"];
    assert_eq!(told(&second), started);
    assert_eq!(second["missed"], false);
    assert_eq!(second["events"][0]["runId"], run_id);
    assert_eq!(second["events"][0]["workflowType"], json!({ "name": "w", "version": "1" }));
    let history = json!({ "domain": "d", "execution": { "workflowId": "v", "runId": run_id } });
    let history = client.call("GetWorkflowExecutionHistory", history).expect("it is there");
    let events: Vec<&Value> =
        second["events"].as_array().expect("events").iter().map(|told| &told["event"]).collect();
    assert_eq!(json!(events), history["events"], "what is told is what is stored");
    // Nothing is told twice, and what is asked again is told again.
    assert_eq!(told(&ask(&client, json!({ "after": second["next"] }))), Vec::<String>::new());
    assert_eq!(told(&ask(&client, json!({ "after": first["next"] }))), started);
}

#[test]
fn who_waits_for_one_execution_is_told_of_no_other() {
    let client = Client::new();
    let first = ask(&client, json!({}))["next"].clone();
    let (v, other) = (start(&client, "v"), start(&client, "other"));
    terminate(&client, "v");
    let again = start(&client, "v");
    client.rest();
    let of =
        |execution: Value| told(&ask(&client, json!({ "after": first, "execution": execution })));
    let one = ["v 1 WorkflowExecutionStarted", "v 2 DecisionTaskScheduled"];
    let ended = ["v 3 WorkflowExecutionTerminated"];
    assert_eq!(of(json!({ "workflowId": "v" })), [&one[..], &ended, &one].concat());
    assert_eq!(of(json!({ "workflowId": "v", "runId": v })), [&one[..], &ended].concat());
    assert_eq!(of(json!({ "workflowId": "v", "runId": again })), one);
    assert_eq!(of(json!({ "workflowId": "v", "runId": other })), Vec::<String>::new());
    let waits = json!({ "domain": "d", "execution": { "workflowId": "other" } });
    let waiting = client.send_own(O::WaitForEvents, waits);
    client.rest();
    signal(&client, "v");
    signal(&client, "other");
    let answer = wait(waiting).expect("nobody is refused");
    assert_eq!(told(&answer), ["other 3 WorkflowExecutionSignaled"]);
}

#[test]
fn who_waits_in_vain_is_answered_when_his_time_is_up_or_the_service_drains() {
    let client = Client::new();
    let body = json!({ "domain": "d", "maximumWaitSeconds": 7 });
    let waiting = client.send_own(O::WaitForEvents, body.clone());
    client.rest();
    client.advance(6);
    client.rest();
    assert_eq!(client.service.activity().unanswered, 1);
    client.advance(1);
    assert_eq!(told(&wait(waiting).expect("nobody is refused")), Vec::<String>::new());
    let waiting = client.send_own(O::WaitForEvents, body.clone());
    client.rest();
    client.service.drain();
    assert_eq!(told(&wait(waiting).expect("nobody is refused")), Vec::<String>::new());
    assert_eq!(told(&client.own(O::WaitForEvents, body).expect("at once")), Vec::<String>::new());
}

#[test]
fn a_domain_that_nobody_watches_is_forgotten_after_a_minute() {
    let client = Client::new();
    let first = ask(&client, json!({}))["next"].clone();
    client.advance(59);
    start(&client, "v");
    client.rest();
    let second = ask(&client, json!({ "after": first }));
    assert_eq!((told(&second).len(), &second["missed"]), (2, &json!(false)));
    client.advance(60);
    client.rest();
    start(&client, "w");
    let third = ask(&client, json!({ "after": second["next"] }));
    assert_eq!((told(&third).len(), &third["missed"]), (0, &json!(true)));
    let fourth = ask(&client, json!({ "after": third["next"] }));
    assert_eq!(fourth["missed"], false);
}

#[test]
fn a_place_in_what_another_process_has_told_is_one_where_something_was_missed() {
    let memory = Memory::default();
    let first = Client::empty(memory.clone());
    for (operation, body) in super::fixture::registrations() {
        assert_eq!(first.call(operation, body), Ok(Value::Null));
    }
    let next = ask(&first, json!({}))["next"].clone();
    drop(first);
    let second = Client::reopened(memory);
    assert_eq!(ask(&second, json!({ "after": next }))["missed"], true);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let client = Client::new();
    let rows = [
        (json!({ "domain": "e" }), Fault::unknown_domain(&"e".into())),
        (json!({ "domain": "d", "after": "x" }), Fault::Validation("Invalid token".to_owned())),
    ];
    for (body, fault) in rows {
        assert_eq!(client.own(O::WaitForEvents, body), Err(fault));
    }
    let unknown = Err(Fault::unknown_domain(&"e".into()));
    assert_eq!(client.own(O::DescribeTaskLists, json!({ "domain": "e" })), unknown);
    assert_eq!(client.own(O::DescribeLoad, json!({ "domain": "e" })), unknown);
}

#[test]
fn a_commit_that_was_not_acknowledged_is_one_where_something_may_be_missed() {
    let fails = Arc::new(AtomicBool::new(false));
    let plan = Arc::clone(&fails);
    let memory = Memory::default().with_faults(move |call| {
        let fails = matches!(call, Call::Commit { .. }) && plan.swap(false, Ordering::SeqCst);
        fails.then_some(StoreFault::Unacknowledged)
    });
    let client = Client::empty(memory);
    for (operation, body) in super::fixture::registrations() {
        assert_eq!(client.call(operation, body), Ok(Value::Null));
    }
    start(&client, "v");
    let first = ask(&client, json!({}))["next"].clone();
    let waiting = client.send_own(O::WaitForEvents, json!({ "domain": "d", "after": first }));
    client.rest();
    fails.store(true, Ordering::SeqCst);
    let body = json!({ "domain": "d", "workflowId": "v", "signalName": "s" });
    assert_eq!(client.call("SignalWorkflowExecution", body), Err(Fault::Internal));
    let answer = wait(waiting).expect("nobody is refused");
    assert_eq!((told(&answer), &answer["missed"]), (vec![], &json!(true)));
}

#[test]
fn task_lists_are_told_with_what_waits_and_who_polls() {
    let client = Client::new();
    start(&client, "v");
    client.advance(5);
    start(&client, "w");
    let poll = json!({
        "domain": "d", "taskList": { "name": "workers" }, "identity": "i-1/mailer",
    });
    let waiting = client.send("PollForActivityTask", poll.clone()).expect("a right request");
    client.rest();
    let lists = || client.own(O::DescribeTaskLists, json!({ "domain": "d" })).expect("told");
    let none = json!({ "lastMinute": 0, "lastFiveMinutes": 0 });
    let two = json!({ "lastMinute": 2, "lastFiveMinutes": 2 });
    let polled = |backlog: u32, waiting: u32, seen: f64| {
        json!({
            "kind": "activity", "name": "workers",
            "backlog": { "count": backlog, "truncated": false },
            "waitingPollers": waiting,
            "pollers": [{ "identity": "i-1/mailer", "lastSeenAt": seen, "waiting": waiting }],
            "scheduled": none, "handedOut": none,
        })
    };
    let deciders = json!({
        "kind": "decision", "name": "deciders",
        "backlog": { "count": 2, "truncated": false, "oldestTaskScheduledAt": 1000.0 },
        "waitingPollers": 0, "pollers": [],
        "scheduled": two, "handedOut": none,
    });
    let expected = json!({
        "countedSince": 1000.0, "now": 1005.0,
        "taskLists": [deciders, polled(0, 1, 1005.0)],
    });
    assert_eq!(lists(), expected);
    client.advance(HOLD_SECONDS);
    wait(waiting).expect("an empty answer");
    client.advance(10);
    assert_eq!(lists()["taskLists"][1], polled(0, 0, 1065.0));
    // A poller that has gone was last seen when it came.
    drop(client.send("PollForActivityTask", poll));
    client.rest();
    assert_eq!(lists()["taskLists"][1], polled(0, 0, 1075.0));
    let named = json!({
        "domain": "d",
        "taskLists": [
            { "kind": "activity", "name": "workers" }, { "kind": "decision", "name": "workers" },
        ],
    });
    let named = client.own(O::DescribeTaskLists, named).expect("told");
    let names = named["taskLists"].as_array().expect("lists").iter();
    let names: Vec<_> = names.map(|list| (&list["kind"], &list["waitingPollers"])).collect();
    assert_eq!(names, [(&json!("decision"), &json!(0)), (&json!("activity"), &json!(0))]);
}

#[test]
fn task_lists_come_in_pages() {
    let client = Client::new();
    for (workflow_id, name) in [("a", "three"), ("b", "one"), ("c", "two"), ("e", "one")] {
        let body = json!({
            "domain": "d", "workflowId": workflow_id, "taskList": { "name": name },
            "workflowType": { "name": "w", "version": "1" },
        });
        client.call("StartWorkflowExecution", body).expect("it starts");
    }
    let waiting: Vec<_> = ["one", "polled", "zero"]
        .into_iter()
        .flat_map(|name| {
            let poll = |operation| client.send(operation, list(name)).expect("a right request");
            [poll("PollForActivityTask")]
        })
        .collect();
    client.rest();
    let names = |size: usize| {
        let (mut names, mut token) = (Vec::new(), Value::Null);
        loop {
            let body = json!({ "domain": "d", "maximumPageSize": size, "nextPageToken": token });
            let page = client.own(O::DescribeTaskLists, body).expect("told");
            let lists = page["taskLists"].as_array().expect("lists");
            assert!(lists.len() <= size);
            names.extend(lists.iter().map(|list| {
                let text = |member: &str| list[member].as_str().expect("a text").to_owned();
                let backlog = &list["backlog"]["count"];
                format!("{} {} {backlog}", text("kind"), text("name"))
            }));
            token = page["nextPageToken"].clone();
            if token.is_null() {
                return names;
            }
        }
    };
    let expected = [
        "decision one 2",
        "decision three 1",
        "decision two 1",
        "activity one 0",
        "activity polled 0",
        "activity zero 0",
    ];
    for size in 1..=7 {
        assert_eq!(names(size), expected, "{size}");
    }
    drop(waiting);
}

#[test]
fn the_load_of_a_domain_is_told() {
    let client = Client::new();
    let other = json!({ "name": "other", "workflowExecutionRetentionPeriodInDays": "1" });
    client.call("RegisterDomain", other).expect("it is new");
    start(&client, "v");
    start(&client, "w");
    terminate(&client, "w");
    let task = client.call("PollForDecisionTask", list("deciders")).expect("a task");
    let decisions = json!([{
        "decisionType": "ScheduleActivityTask",
        "scheduleActivityTaskDecisionAttributes": {
            "activityId": "a", "activityType": { "name": "a", "version": "1" },
        },
    }]);
    let answer = json!({ "taskToken": task["taskToken"], "decisions": decisions });
    client.call("RespondDecisionTaskCompleted", answer).expect("it is its decider's");
    let none = json!({ "lastMinute": 0, "lastFiveMinutes": 0 });
    let one = json!({ "lastMinute": 1, "lastFiveMinutes": 1 });
    let two = json!({ "lastMinute": 2, "lastFiveMinutes": 2 });
    let backlog = json!({ "count": 0, "truncated": false });
    let mut d = json!({
        "domain": "d", "openExecutions": 1,
        "started": two, "completed": none, "failed": none, "canceled": none,
        "terminated": one, "continuedAsNew": none, "timedOut": none,
        "decisionTasksHandedOut": one, "activityTasksHandedOut": none, "tasksTimedOut": none,
        "decisionBacklog": backlog,
        "activityBacklog": { "count": 1, "truncated": false, "oldestTaskScheduledAt": 1000.0 },
    });
    let load = |body: Value| client.own(O::DescribeLoad, body).expect("told");
    assert_eq!(load(json!({ "domain": "d" }))["domains"], json!([d]));
    client.advance(20);
    let expected = json!({ "countedSince": 1000.0, "now": 1020.0, "domains": [d] });
    assert_eq!(load(json!({ "domain": "d" })), expected, "the server has looked for only 20 s");
    let all = load(json!({ "maximumPageSize": 1 }));
    assert_eq!(all["domains"], json!([d]));
    let rest = load(json!({ "maximumPageSize": 1, "nextPageToken": all["nextPageToken"] }));
    assert_eq!(rest["domains"][0]["domain"], "other");
    assert_eq!(rest["nextPageToken"], Value::Null);
    // The activity task is taken, and times out for want of heartbeats.
    client.call("PollForActivityTask", list("workers")).expect("a task");
    client.advance(30);
    client.rest();
    d["activityTasksHandedOut"] = one.clone();
    d["tasksTimedOut"] = one;
    d["activityBacklog"] = backlog;
    d["decisionBacklog"] =
        json!({ "count": 1, "truncated": false, "oldestTaskScheduledAt": 1050.0 });
    assert_eq!(load(json!({ "domain": "d" }))["domains"], json!([d]));
}

/// However many domains there are, and however empty: a page is bounded by what it takes.
#[test]
fn a_page_of_loads_ends_after_so_many_looks_into_the_store() {
    let client = Client::new();
    for number in 0..99 {
        let name = format!("e{number:02}");
        let body = json!({ "name": name, "workflowExecutionRetentionPeriodInDays": "1" });
        client.call("RegisterDomain", body).expect("it is new");
    }
    let (mut pages, mut names, mut token) = (Vec::new(), Vec::new(), Value::Null);
    while pages.is_empty() || !token.is_null() {
        let page = client.own(O::DescribeLoad, json!({ "nextPageToken": token })).expect("told");
        let domains = page["domains"].as_array().expect("a list");
        names.extend(domains.iter().map(|load| load["domain"].to_string()));
        pages.push(domains.len());
        token = page["nextPageToken"].clone();
    }
    // Each domain takes a look at each shard for each kind of task.
    let first = LOOKS_MAX.div_ceil(2 * usize::from(SHARDS));
    assert_eq!(pages, [first, 100 - first]);
    assert!(names.is_sorted() && names.iter().collect::<BTreeSet<_>>().len() == 100);
}
