//! Callers that hang up, too many of them, a store that fails, and the end of the service.

use super::client::{Client, HOLD_SECONDS, play, wait};
use super::fixture::registrations;
use crate::keys;
use crate::shared::REQUESTS_MAX;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use store::memory::{self, Call, Memory};
use wire::Fault;

fn list(name: &str) -> Value {
    json!({"domain": "d", "taskList": {"name": name}})
}

fn start(client: &Client, workflow_id: &str) -> Result<Value, Fault> {
    let workflow_type = json!({"name": "w", "version": "1"});
    let body = json!({"domain": "d", "workflowId": workflow_id, "workflowType": workflow_type});
    client.call("StartWorkflowExecution", body)
}

fn nothing() -> Value {
    json!({"startedEventId": 0, "previousStartedEventId": 0})
}

#[test]
fn a_poll_whose_caller_hung_up_gets_no_task() {
    let client = Client::new();
    let gone = client.send("PollForDecisionTask", list("deciders")).expect("a right request");
    drop(gone);
    let waits = client.send("PollForDecisionTask", list("deciders")).expect("a right request");
    start(&client, "w1").expect("the first of its id");
    let task = wait(waits).expect("a decision task");
    assert_eq!(task["startedEventId"], 3, "it was started once");
}

#[test]
fn a_draining_service_answers_polls_empty_and_everything_else_as_before() {
    let client = Client::new();
    start(&client, "w1").expect("the first of its id");
    let waits = client.send("PollForDecisionTask", list("others")).expect("a right request");
    client.service.drain();
    assert_eq!(wait(waits), Ok(nothing()));
    for name in ["others", "deciders"] {
        assert_eq!(client.call("PollForDecisionTask", list(name)), Ok(nothing()));
    }
    let nothing = json!({"startedEventId": 0});
    assert_eq!(client.call("PollForActivityTask", list("workers")), Ok(nothing));
    start(&client, "w2").expect("the first of its id");
    let pending = client.call("CountPendingDecisionTasks", list("deciders"));
    assert_eq!(pending, Ok(json!({"count": 2, "truncated": false})));
}

/// Whoever moves the clock has to know when everything has happened that happens by itself.
#[test]
fn a_service_at_rest_has_nothing_to_do_but_to_hold_polls() {
    let client = Client::new();
    let rest = || loop {
        let activity = client.service.activity();
        if activity.at_rest {
            return (activity.requests, activity.unanswered);
        }
        std::thread::yield_now();
    };
    let registrations = registrations().len() as u64;
    assert_eq!(rest(), (registrations, 0));
    let poll = client.send("PollForDecisionTask", list("deciders")).expect("a right request");
    assert_eq!(rest(), (registrations + 1, 1));
    start(&client, "w1").expect("the first of its id");
    assert_eq!(rest(), (registrations + 2, 0), "the poll has its task");
    assert_eq!(wait(poll).expect("a decision task")["startedEventId"], 3);
    let poll = client.send("PollForDecisionTask", list("others")).expect("a right request");
    client.advance(HOLD_SECONDS - 1);
    assert_eq!(rest(), (registrations + 3, 1));
    client.advance(1);
    assert_eq!(rest(), (registrations + 3, 0), "the hold is over");
    assert_eq!(wait(poll), Ok(nothing()));
}

/// What the matcher and the shards are at when they are told differs from one time to the next.
#[test]
fn a_service_that_closes_answers_everybody() {
    (0..6).for_each(|_| close_under_load());
}

fn close_under_load() {
    let client = Client::new();
    let polls: Vec<_> = (0..50)
        .map(|_| client.send("PollForDecisionTask", list("deciders")).expect("a right request"))
        .collect();
    let starts: Vec<_> = (0..50)
        .map(|index| {
            let workflow_type = json!({"name": "w", "version": "1"});
            let workflow_id = format!("w{index}");
            let body =
                json!({"domain": "d", "workflowId": workflow_id, "workflowType": workflow_type});
            client.send("StartWorkflowExecution", body).expect("a right request")
        })
        .collect();
    client.service.close();
    let started = starts.into_iter().map(wait).filter(Result::is_ok).count();
    assert_eq!(started, 50, "what was begun is finished");
    for poll in polls {
        wait(poll).expect("a task or nothing");
    }
    assert_eq!(start(&client, "late"), Err(Fault::Internal));
    assert_eq!(client.call("PollForDecisionTask", list("deciders")), Err(Fault::Internal));
    client.service.close();
}

#[test]
fn what_a_closed_service_has_acknowledged_the_next_one_knows() {
    let first = Client::new();
    start(&first, "w1").expect("the first of its id");
    let task = first.call("PollForDecisionTask", list("deciders")).expect("a decision task");
    let body = json!({"domain": "d", "workflowId": "w1", "signalName": "s"});
    first.call("SignalWorkflowExecution", body).expect("the run is open");
    let memory = first.memory.clone();
    drop(first);
    let second = Client::empty(memory);
    assert_eq!(start(&second, "w1"), Err(Fault::WorkflowExecutionAlreadyStarted));
    let body = json!({"taskToken": task["taskToken"]});
    second.call("RespondDecisionTaskCompleted", body).expect("tokens outlive a restart");
    let next = second.call("PollForDecisionTask", list("deciders")).expect("a decision task");
    assert_eq!(next["previousStartedEventId"], 3);
}

#[test]
fn more_requests_than_the_service_takes_are_throttled() {
    let client = Client::new();
    // No domain has room for so many.
    for name in ["d1", "d2"] {
        let domain = json!({"name": name, "workflowExecutionRetentionPeriodInDays": "7"});
        client.call("RegisterDomain", domain).expect("a right request");
    }
    let poll = |index: usize| {
        let (domain, name) = (["d", "d1", "d2"][index % 3], format!("l{}", index % 25));
        let body = json!({"domain": domain, "taskList": {"name": name}});
        client.send("PollForActivityTask", body).expect("a right request")
    };
    let polls: Vec<_> = (0..REQUESTS_MAX).map(poll).collect();
    assert_eq!(client.call("DescribeDomain", json!({"name": "d"})), Err(Fault::Throttling));
    client.service.drain();
    for poll in polls {
        assert_eq!(wait(poll), Ok(json!({"startedEventId": 0})));
    }
    client.call("DescribeDomain", json!({"name": "d"})).expect("there is room again");
}

/// A store whose next commit of an execution fails once the switch is on.
fn faulty(fault: memory::Fault) -> (Memory, Arc<AtomicBool>) {
    let switch = Arc::new(AtomicBool::new(false));
    let armed = Arc::clone(&switch);
    let memory = Memory::default().with_faults(move |call| {
        let Call::Commit { shard, .. } = call else { return None };
        let hit = *shard != keys::REGISTRY_SHARD && armed.swap(false, Ordering::SeqCst);
        hit.then_some(fault)
    });
    (memory, switch)
}

/// The list is known to be whole when the run is started by a commit that nobody acknowledges:
/// without a hint from the shard the poll would wait for a task that lies in the rows.
#[test]
fn the_task_of_an_unacknowledged_commit_reaches_a_poll_that_waits() {
    for fault in [memory::Fault::Unacknowledged, memory::Fault::Late] {
        let (memory, switch) = faulty(fault);
        let client = Client::empty(memory);
        for (operation, body) in registrations() {
            client.call(operation, body).expect("a right request");
        }
        start(&client, "w1").expect("the first of its id");
        client.call("PollForDecisionTask", list("deciders")).expect("a decision task");
        let waits = client.send("PollForDecisionTask", list("deciders")).expect("a right request");
        switch.store(true, Ordering::SeqCst);
        assert_eq!(start(&client, "w2"), Err(Fault::Internal), "{fault:?}");
        assert_eq!(wait(waits).expect("a task")["workflowExecution"]["workflowId"], "w2");
        assert_eq!(start(&client, "w2"), Err(Fault::WorkflowExecutionAlreadyStarted));
    }
}

/// The poll's own start of the task fails: it hears of it, and the next poll gets the task. Were it
/// to wait on, it would be paired with the same task again and again while the store fails.
#[test]
fn a_poll_whose_start_failed_hears_of_it_and_the_task_still_waits() {
    for fault in [memory::Fault::Lost, memory::Fault::Full] {
        let (memory, switch) = faulty(fault);
        let client = Client::empty(memory);
        for (operation, body) in registrations() {
            client.call(operation, body).expect("a right request");
        }
        start(&client, "w1").expect("the first of its id");
        switch.store(true, Ordering::SeqCst);
        let failed = client.call("PollForDecisionTask", list("deciders"));
        assert_eq!(failed, Err(Fault::Internal), "{fault:?}");
        let task = client.call("PollForDecisionTask", list("deciders")).expect("a decision task");
        assert_eq!(task["startedEventId"], 3, "{fault:?}");
        assert!(!switch.load(Ordering::SeqCst), "the fault was met");
    }
}

/// Several starters, deciders and workers at once: each task goes to one of them.
#[test]
fn every_task_goes_to_one_of_many_callers() {
    const RUNS: usize = 60;
    let client = Client::new();
    let seen = Mutex::new(BTreeSet::new());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..RUNS / 3 {
                    let task = client.call("PollForDecisionTask", list("deciders"));
                    let task = task.expect("a decision task");
                    let run = task["workflowExecution"]["runId"].to_string();
                    assert!(seen.lock().expect("no holder panics").insert(run), "handed out twice");
                    let decisions = json!([{"decisionType": "CompleteWorkflowExecution"}]);
                    let body = json!({"taskToken": task["taskToken"], "decisions": decisions});
                    client.call("RespondDecisionTaskCompleted", body).expect("the task is held");
                }
            });
        }
        for starter in 0..2 {
            let client = &client;
            scope.spawn(move || {
                for index in 0..RUNS / 2 {
                    start(client, &format!("w{starter}-{index}")).expect("the first of its id");
                }
            });
        }
    });
    assert_eq!(seen.into_inner().expect("no holder panics").len(), RUNS);
    play(
        &client,
        r#"
        CountClosedWorkflowExecutions {"domain": "d", "closeTimeFilter": {"oldestDate": 0}, "closeStatusFilter": {"status": "COMPLETED"}}
        => {"count": 60, "truncated": false}
        CountOpenWorkflowExecutions {"domain": "d", "startTimeFilter": {"oldestDate": 0}}
        => {"count": 0, "truncated": false}
        "#,
    );
}

#[test]
fn another_account_or_region_sees_nothing_of_it() {
    let client = Client::new();
    let started = start(&client, "w1").expect("the first of its id");
    let other = access::Caller { region: "eu-west-1".into(), ..super::fixture::caller() };
    let execution = json!({"workflowId": "w1", "runId": started["runId"]});
    for (operation, body) in [
        ("DescribeDomain", json!({"name": "d"})),
        ("DescribeWorkflowExecution", json!({"domain": "d", "execution": execution})),
        ("PollForDecisionTask", list("deciders")),
    ] {
        let request = super::fixture::request(operation, body).expect("a right request");
        let answer = wait(client.service.call(&other, request));
        assert_eq!(answer, Err(Fault::unknown_domain(&"d".into())), "{operation}");
    }
}
