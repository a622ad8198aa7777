//! Executions that come from another server go on, whole and once, whatever happens on the way.

use super::client::{Client, wait};
use super::fixture::{caller, registrations, request, rows, scope};
use crate::check::{Finding, Mode, check};
use crate::shard::{ACCOUNT_IMPORTS_MAX, IMPORT_IDLE_MS, IMPORTS_MAX};
use crate::{Options, keys};
use access::Caller;
use engine::rows::WorkflowKey;
use engine::{Limits, Scope};
use serde_json::{Value, json};
use store::memory::{Call, Fault as StoreFault, Memory};
use wire::{Fault, OwnOperation, OwnRequest, Timestamp};

/// The newest run of a workflow on a server, and its history.
fn export(client: &Client, workflow_id: &str) -> (String, Vec<Value>) {
    client.rest();
    let filter = json!({
        "domain": "d", "startTimeFilter": {"oldestDate": 0},
        "executionFilter": {"workflowId": workflow_id},
    });
    let listed = ["ListOpenWorkflowExecutions", "ListClosedWorkflowExecutions"]
        .map(|operation| client.call(operation, filter.clone()).expect("it is right"));
    let infos =
        listed.iter().flat_map(|answer| answer["executionInfos"].as_array().expect("a list"));
    let run_id = infos.map(|info| &info["execution"]["runId"]).next().expect("there is a run");
    let run_id = run_id.as_str().expect("an id").to_owned();
    let events = history(client, workflow_id, &run_id).expect("it is there");
    (run_id, events)
}

fn history(client: &Client, workflow_id: &str, run_id: &str) -> Result<Vec<Value>, Fault> {
    let execution = json!({"workflowId": workflow_id, "runId": run_id});
    let body = json!({"domain": "d", "execution": execution});
    let answer = client.call("GetWorkflowExecutionHistory", body)?;
    Ok(answer["events"].as_array().expect("a list").clone())
}

fn send(client: &Client, body: Value) -> Result<Value, Fault> {
    let request = OwnRequest::check(OwnOperation::ImportWorkflowExecution, body)?;
    wait(client.service.operate(&caller(), request))
}

fn piece(workflow_id: &str, run_id: &str, events: &[Value]) -> Value {
    let execution = json!({"workflowId": workflow_id, "runId": run_id});
    json!({"domain": "d", "execution": execution, "events": events})
}

/// Sends a history in pieces of so many events, what fails for the store's sake once more.
fn import(
    client: &Client,
    (workflow_id, run_id): (&str, &str),
    events: &[Value],
    size: usize,
) -> Result<Value, Fault> {
    let pieces = events.chunks(size).count();
    let mut last = Value::Null;
    for (index, events) in events.chunks(size).enumerate() {
        let mut body = piece(workflow_id, run_id, events);
        body["isLast"] = json!(index + 1 == pieces);
        last = loop {
            match send(client, body.clone()) {
                Err(Fault::Internal) => client.advance(1),
                answered => break answered?,
            }
        };
    }
    Ok(last)
}

#[track_caller]
fn agrees(memory: &Memory) {
    let mut tell = |finding: Finding| panic!("{finding}");
    check(memory, Timestamp(2_000_000), Mode::Look, &mut tell).expect("it can be read");
}

fn start(client: &Client, workflow_id: &str) {
    let body = json!({
        "domain": "d", "workflowId": workflow_id, "workflowType": {"name": "w", "version": "1"},
    });
    client.call("StartWorkflowExecution", body).expect("it starts");
}

fn poll(client: &Client) -> Value {
    let list = json!({"domain": "d", "taskList": {"name": "deciders"}});
    client.call("PollForDecisionTask", list).expect("a task")
}

fn decide(client: &Client, decisions: Value) -> Value {
    let task = poll(client);
    let body = json!({"taskToken": task["taskToken"], "decisions": decisions});
    client.call("RespondDecisionTaskCompleted", body).expect("it is held");
    task
}

fn activity(id: &str) -> Value {
    let attributes = json!({"activityType": {"name": "a", "version": "1"}, "activityId": id});
    json!({
        "decisionType": "ScheduleActivityTask",
        "scheduleActivityTaskDecisionAttributes": attributes,
    })
}

fn timer(id: &str, seconds: &str) -> Value {
    let attributes = json!({"timerId": id, "startToFireTimeout": seconds});
    json!({"decisionType": "StartTimer", "startTimerDecisionAttributes": attributes})
}

fn child(workflow_id: &str) -> Value {
    let workflow_type = json!({"name": "w", "version": "1"});
    json!({
        "decisionType": "StartChildWorkflowExecution",
        "startChildWorkflowExecutionDecisionAttributes":
            {"workflowId": workflow_id, "workflowType": workflow_type},
    })
}

fn complete() -> Value {
    json!([{"decisionType": "CompleteWorkflowExecution"}])
}

fn poll_activity(client: &Client) -> Value {
    let list = json!({"domain": "d", "taskList": {"name": "workers"}});
    client.call("PollForActivityTask", list).expect("a task")
}

fn signal(client: &Client, workflow_id: &str) {
    let body = json!({"domain": "d", "workflowId": workflow_id, "signalName": "s"});
    client.call("SignalWorkflowExecution", body).expect("it is open");
}

fn types(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["eventType"].as_str().expect("a type")).collect()
}

/// A server on which an execution waits for all that there is, and a decider has a task of it; its
/// child waits for a decider.
fn source() -> Client {
    let client = Client::new();
    start(&client, "parent");
    let decisions = json!([
        activity("1"),
        activity("2"),
        timer("soon", "5"),
        timer("late", "500"),
        child("child")
    ]);
    decide(&client, decisions);
    client.rest();
    poll_activity(&client);
    signal(&client, "parent");
    let task = poll(&client);
    assert_eq!(task["workflowExecution"]["workflowId"], "parent");
    signal(&client, "parent");
    client
}

#[test]
fn an_execution_goes_on_where_it_was() {
    let source = source();
    let (parent, events) = export(&source, "parent");
    let (child, child_events) = export(&source, "child");
    for size in [1, 3, 100] {
        let target = Client::new();
        target.advance(2);
        let answer = import(&target, ("parent", &parent), &events, size).expect("it is one");
        let last = events.len() + 1;
        assert_eq!(answer, json!({"status": "IMPORTED", "lastEventId": last}), "it timed out");
        let answer = import(&target, ("child", &child), &child_events, size).expect("it is one");
        assert_eq!(answer, json!({"status": "IMPORTED", "lastEventId": child_events.len()}));
        let here = history(&target, "parent", &parent).expect("it is here");
        assert_eq!(&here[..events.len()], events);
        assert_eq!(types(&here[events.len()..]), ["DecisionTaskTimedOut"], "one waits already");
        target.rest();
        agrees(&target.memory);
        // The activity that waited is given out, the timer that is due fires, the other one does not.
        let task = poll_activity(&target);
        assert_eq!(task["activityId"], "2");
        let body = json!({"taskToken": task["taskToken"], "result": "done"});
        target.call("RespondActivityTaskCompleted", body).expect("it is held");
        target.advance(4);
        target.rest();
        let here = history(&target, "parent", &parent).expect("it is here");
        assert_eq!(types(&here).iter().filter(|t| **t == "TimerFired").count(), 1);
        // The child ends, its parent is told, and ends, too.
        for _ in 0..2 {
            let task = poll(&target);
            let is_child = task["workflowExecution"]["workflowId"] == "child";
            let decisions = if is_child { complete() } else { json!([]) };
            let body = json!({"taskToken": task["taskToken"], "decisions": decisions});
            target.call("RespondDecisionTaskCompleted", body).expect("it is held");
        }
        target.rest();
        decide(&target, complete());
        let here = history(&target, "parent", &parent).expect("it is here");
        let told = types(&here);
        assert!(told.contains(&"ChildWorkflowExecutionCompleted"), "{told:?}");
        assert_eq!(told.last(), Some(&"WorkflowExecutionCompleted"));
        target.advance(600);
        target.rest();
        agrees(&target.memory);
    }
}

#[test]
fn before_its_last_piece_nobody_finds_a_run_and_a_crash_loses_no_piece() {
    let (run_id, events) = export(&source(), "parent");
    let mut target = Client::new();
    let mut sent = 0;
    for size in [4, 1, 5] {
        let body = piece("parent", &run_id, &events[sent..sent + size]);
        sent += size;
        let answer = send(&target, body.clone()).expect("they follow");
        assert_eq!(answer, json!({"status": "IN_PROGRESS", "lastEventId": sent}));
        assert_eq!(send(&target, body), Ok(answer), "it may come again");
        assert!(history(&target, "parent", &run_id).is_err());
        let body = json!({"domain": "d", "execution": {"workflowId": "parent", "runId": run_id}});
        assert!(target.call("DescribeWorkflowExecution", body).is_err());
        let count = json!({"domain": "d", "startTimeFilter": {"oldestDate": 0}});
        let count = target.call("CountOpenWorkflowExecutions", count).expect("it is right");
        assert_eq!(count["count"], 0);
        agrees(&target.memory);
        let memory = target.memory.clone();
        drop(target);
        target = Client::empty(memory);
    }
    // From the beginning, as who starts again does.
    import(&target, ("parent", &run_id), &events, 6).expect("it goes on");
    assert_eq!(history(&target, "parent", &run_id).map(|here| here.len()), Ok(events.len() + 1));
    agrees(&target.memory);
}

/// All rows, but for what belongs to no run.
fn run_rows(memory: &Memory) -> usize {
    keys::shards().map(|shard| rows(memory, shard).len()).sum()
}

#[test]
fn an_import_that_nobody_goes_on_with_leaves_nothing() {
    let (run_id, events) = export(&source(), "parent");
    let target = Client::new();
    target.rest();
    let before = run_rows(&target.memory);
    let body = piece("parent", &run_id, &events[..8]);
    send(&target, body.clone()).expect("it begins");
    let seconds = IMPORT_IDLE_MS / 1000;
    target.advance(seconds - 1);
    target.rest();
    assert!(run_rows(&target.memory) > before);
    let next = piece("parent", &run_id, &events[8..9]);
    send(&target, next).expect("it is there");
    target.advance(seconds - 1);
    target.rest();
    assert!(run_rows(&target.memory) > before, "it was gone on with");
    target.advance(1);
    target.rest();
    assert_eq!(run_rows(&target.memory), before);
    // Also over a crash.
    send(&target, body.clone()).expect("it begins");
    let memory = target.memory.clone();
    drop(target);
    let target = Client::empty(memory);
    target.advance(3 * seconds);
    target.rest();
    assert_eq!(run_rows(&target.memory), before);
    send(&target, body).expect("it begins");
}

#[test]
fn only_so_many_imports_are_under_way() {
    let (_, events) = export(&source(), "parent");
    let target = Client::new();
    let refused = (0..4 * IMPORTS_MAX).find_map(|index| {
        // One workflow, so one shard.
        let sent = send(&target, piece("parent", &format!("r{index}"), &events[..1]));
        sent.err().map(|fault| (index, fault))
    });
    let limit = |most: usize, of: &str| {
        let text = format!("Limit of {most} imports of {of} that are under way reached");
        Fault::LimitExceeded(text)
    };
    let own = limit(ACCOUNT_IMPORTS_MAX, "an account");
    assert_eq!(refused, Some((ACCOUNT_IMPORTS_MAX, own.clone())));
    // One that comes whole is none of them.
    import(&target, ("parent", "whole"), &events, 1000).expect("there is room");
    agrees(&target.memory);
    // Nor does a restart make more of the room.
    let memory = target.memory.clone();
    drop(target);
    let target = Client::empty(memory);
    assert_eq!(send(&target, piece("parent", "more", &events[..1])), Err(own));
}

#[test]
fn the_imports_of_one_account_leave_others_room_and_all_have_a_bound() {
    let (_, events) = export(&source(), "parent");
    let target = Client::new();
    let caller_of = |account: usize| {
        Caller::unrestricted(format!("{account:012}").as_str().into(), "us-east-1".into())
    };
    // The shard of a workflow hangs on its account: ids are looked for that share one.
    let workflow_of = |account: usize| {
        let shard = |account: usize, workflow_id: &str| {
            let scope =
                Scope { account: format!("{account:012}").into(), region: "us-east-1".into() };
            let (domain, workflow_id) = ("d".into(), workflow_id.into());
            keys::shard_of(&WorkflowKey { scope, domain, workflow_id })
        };
        let ids = (0..).map(|index| format!("w{index}"));
        let mut ids = ids.filter(|id| shard(account, id) == shard(0, "w0"));
        ids.next().expect("there are endless ids")
    };
    let begin = |account: usize, run: usize| {
        let body = piece(&workflow_of(account), &format!("r{account}-{run}"), &events[..1]);
        let request = OwnRequest::check(OwnOperation::ImportWorkflowExecution, body)?;
        wait(target.service.operate(&caller_of(account), request))
    };
    let accounts = IMPORTS_MAX / ACCOUNT_IMPORTS_MAX;
    for account in 0..=accounts {
        for (operation, body) in registrations() {
            let request = request(operation, body).expect("a right request");
            wait(target.service.call(&caller_of(account), request)).expect("it is new");
        }
    }
    for account in 0..accounts {
        for run in 0..ACCOUNT_IMPORTS_MAX {
            begin(account, run).expect("there is room");
        }
        let own = format!(
            "Limit of {ACCOUNT_IMPORTS_MAX} imports of an account that are under way reached"
        );
        assert_eq!(begin(account, ACCOUNT_IMPORTS_MAX), Err(Fault::LimitExceeded(own)));
    }
    let all = format!("Limit of {IMPORTS_MAX} imports of all accounts that are under way reached");
    assert_eq!(begin(accounts, 0), Err(Fault::LimitExceeded(all)));
}

#[track_caller]
fn refused(answer: Result<Value, Fault>, expected: &str) {
    let Err(Fault::Validation(text)) = answer else { panic!("{answer:?}") };
    assert_eq!(text, expected);
}

#[test]
fn what_cannot_be_a_history_is_refused_in_words_and_leaves_nothing() {
    let (run_id, events) = export(&source(), "parent");
    let target = Client::new();
    target.rest();
    let before = run_rows(&target.memory);
    refused(send(&target, piece("parent", &run_id, &[])), "A piece of a history has an event");
    refused(
        send(&target, piece("parent", &run_id, &events[1..])),
        &format!("No import of run {run_id} is under way: begin with event 1"),
    );
    let without = |dropped: usize| -> Vec<Value> {
        let left = events.iter().enumerate().filter(|(index, _)| *index != dropped);
        let numbered = left.enumerate().map(|(index, (_, event))| {
            let mut event = event.clone();
            event["eventId"] = json!(index + 1);
            event
        });
        numbered.collect()
    };
    refused(
        import(&target, ("parent", &run_id), &without(2), 2),
        "event 3: DecisionTaskCompleted names scheduledEventId 2, which is no started decision task",
    );
    let mut future = events.clone();
    future.iter_mut().for_each(|event| event["eventTimestamp"] = json!(5_000.0));
    refused(import(&target, ("parent", &run_id), &future, 2), "event 1: it is of the future");
    future.iter_mut().for_each(|event| event["eventTimestamp"] = json!(-1e300));
    refused(import(&target, ("parent", &run_id), &future, 2), "event 1: it is from before 1970");
    // Model and prose bind what comes from elsewhere, too.
    let mut wrong = events.clone();
    wrong[1]["decisionTaskScheduledEventAttributes"]["startToCloseTimeout"] = json!("soon");
    let Err(Fault::Validation(text)) = import(&target, ("parent", &run_id), &wrong, 2) else {
        panic!("it is refused");
    };
    assert!(
        text.contains("'soon' at 'events.2.member.decisionTaskScheduledEventAttributes"),
        "{text}"
    );
    // It differs from what came before.
    send(&target, piece("parent", &run_id, &events[..2])).expect("it begins");
    let mut other = events[..2].to_vec();
    other[1]["eventTimestamp"] = json!(1_000.5);
    refused(
        send(&target, piece("parent", &run_id, &other)),
        &format!(
            "The import of run {run_id} that was under way has another event 2: it has been dropped"
        ),
    );
    target.advance(2);
    target.rest();
    assert_eq!(run_rows(&target.memory), before);
    agrees(&target.memory);
}

#[test]
fn what_is_here_is_not_imported_twice() {
    let source = source();
    let (run_id, events) = export(&source, "parent");
    let target = Client::new();
    import(&target, ("parent", &run_id), &events, 4).expect("it is one");
    let again = import(&target, ("parent", &run_id), &events, 4);
    assert_eq!(again.expect("it is known")["status"], "ALREADY_IMPORTED");
    // It goes on there, which was not to be.
    signal(&source, "parent");
    let (_, longer) = export(&source, "parent");
    refused(
        import(&target, ("parent", &run_id), &longer, 100),
        &format!(
            "Run {run_id} is here, and has another event {}: it has gone on here or there",
            events.len() + 1
        ),
    );
    // A run id is of one workflow, whichever shards the workflows are in.
    let shard = |workflow_id: &str| {
        let (domain, workflow_id) = ("d".into(), workflow_id.into());
        keys::shard_of(&WorkflowKey { scope: scope(), domain, workflow_id })
    };
    let all = || (0..).map(|index| format!("other {index}"));
    let same = all().filter(|other| shard(other) == shard("parent"));
    let different = all().filter(|other| shard(other) != shard("parent"));
    let others: Vec<String> = same.take(2).chain(different.take(2)).collect();
    send(&target, piece("another", "r", &events[..1])).expect("it begins");
    for other in &others {
        let taken = format!("The run id {run_id} is taken");
        refused(send(&target, piece(other, &run_id, &events[..1])), &taken);
    }
    // Rows have one place in a shard; what is under way in others takes nothing.
    let beside = all().find(|other| shard(other) == shard("another")).expect("it is endless");
    refused(send(&target, piece(&beside, "r", &events[..1])), "The run id r is taken");
    let apart = all().find(|other| shard(other) != shard("another")).expect("it is endless");
    send(&target, piece(&apart, "r", &events[..1])).expect("it begins, too");
    // Nor does what others have, of which nobody is told.
    let abroad = Scope { region: "eu-west-1".into(), ..scope() };
    let foreigner = Caller::unrestricted(abroad.account.clone(), abroad.region.clone());
    for (operation, body) in registrations() {
        let request = request(operation, body).expect("a right request");
        wait(target.service.call(&foreigner, request)).expect("it is new");
    }
    let shard_abroad = |workflow_id: &str| {
        let (domain, workflow_id) = ("d".into(), workflow_id.into());
        keys::shard_of(&WorkflowKey { scope: abroad.clone(), domain, workflow_id })
    };
    let apart = all().find(|other| shard_abroad(other) != shard("parent"));
    let body = piece(&apart.expect("it is endless"), &run_id, &events[..1]);
    let request = OwnRequest::check(OwnOperation::ImportWorkflowExecution, body);
    let answer = wait(target.service.operate(&foreigner, request.expect("a right request")));
    assert_eq!(answer.expect("it begins")["status"], "IN_PROGRESS");
    agrees(&target.memory);
}

#[test]
fn a_workflow_id_that_is_open_here_and_a_full_domain_take_nothing() {
    let (run_id, events) = export(&source(), "parent");
    let target = Client::new();
    // Run ids begin with the time.
    target.advance(3);
    start(&target, "parent");
    target.rest();
    let before = run_rows(&target.memory);
    let answer = import(&target, ("parent", &run_id), &events, 4);
    assert_eq!(answer, Err(Fault::WorkflowExecutionAlreadyStarted));
    target.advance(2);
    target.rest();
    assert_eq!(run_rows(&target.memory), before, "nothing is left of it");
    let limits = Limits { open_executions_max: 1, ..Limits::AWS };
    let target = Client::with(Memory::default(), Options { limits, ..Options::default() });
    for (operation, body) in registrations() {
        target.call(operation, body).expect("it is the first");
    }
    target.advance(3);
    start(&target, "other");
    let answer = import(&target, ("parent", &run_id), &events, 4);
    assert_eq!(answer, Err(Fault::LimitExceeded("Limit of 1 open executions reached".to_owned())));
    agrees(&target.memory);
}

#[test]
fn closed_runs_keep_their_time_and_their_successors() {
    let source = Client::new();
    start(&source, "w");
    decide(&source, json!([{"decisionType": "ContinueAsNewWorkflowExecution"}]));
    source.rest();
    source.advance(5);
    decide(&source, complete());
    let (second, second_events) = export(&source, "w");
    let first = &second_events[0]["workflowExecutionStartedEventAttributes"];
    let first = first["continuedExecutionRunId"].as_str().expect("it goes on from one").to_owned();
    let first_events = history(&source, "w", &first).expect("it is there");
    let target = Client::new();
    let day = 24 * 60 * 60;
    target.advance(6 * day);
    refused(
        import(&target, ("w", &first), &first_events, 2),
        &format!("It goes on as run {second}, which is not here: import that one first"),
    );
    target.advance(2);
    target.rest();
    import(&target, ("w", &second), &second_events, 2).expect("it is one");
    import(&target, ("w", &first), &first_events, 2).expect("it is one");
    assert_eq!(history(&target, "w", &first), Ok(first_events));
    agrees(&target.memory);
    let closed = json!({"domain": "d", "startTimeFilter": {"oldestDate": 0}});
    let listed = target.call("ListClosedWorkflowExecutions", closed.clone()).expect("it is right");
    assert_eq!(listed["executionInfos"].as_array().map(Vec::len), Some(2));
    // They were closed six days ago, and are kept for seven.
    target.advance(day + 10);
    target.rest();
    let listed = target.call("ListClosedWorkflowExecutions", closed).expect("it is right");
    assert_eq!(listed["executionInfos"], json!([]));
}

#[test]
fn a_parent_that_was_told_nothing_yet_is_told_by_its_imported_child() {
    let source = source();
    let (parent, events) = export(&source, "parent");
    let (child, _) = export(&source, "child");
    let body = json!({"domain": "d", "workflowId": "child"});
    source.call("TerminateWorkflowExecution", body).expect("it is open");
    let child_events = history(&source, "child", &child).expect("it is there");
    // As the parent was before it heard even of the start.
    let heard = types(&events).iter().position(|t| *t == "ChildWorkflowExecutionStarted");
    let target = Client::new();
    let until = heard.expect("it has");
    import(&target, ("parent", &parent), &events[..until], 3).expect("it is one");
    import(&target, ("child", &child), &child_events, 3).expect("it is one");
    target.rest();
    let here = history(&target, "parent", &parent).expect("it is here");
    let told: Vec<&str> = types(&here[until..]);
    let children: Vec<&str> = told.into_iter().filter(|t| t.starts_with("Child")).collect();
    let expected = ["ChildWorkflowExecutionStarted", "ChildWorkflowExecutionTerminated"];
    assert_eq!(children, expected);
    agrees(&target.memory);
}

#[test]
fn what_was_announced_is_sent_once_more_if_that_is_asked_for() {
    let source = source();
    let (parent, events) = export(&source, "parent");
    let heard = types(&events).iter().position(|t| *t == "ChildWorkflowExecutionStarted");
    let until = heard.expect("it has");
    let initiated =
        types(&events).iter().position(|t| *t == "StartChildWorkflowExecutionInitiated");
    let id = &events[initiated.expect("it was announced")]["eventId"];
    for (resend, expected) in [(json!([id]), 1), (json!([]), 0), (json!([1, 2]), 0)] {
        let target = Client::new();
        send(&target, piece("parent", &parent, &events[..until - 1])).expect("it begins");
        let mut body = piece("parent", &parent, &events[until - 1..until]);
        body["isLast"] = json!(true);
        body["resend"] = resend;
        send(&target, body).expect("it is one");
        target.rest();
        let here = history(&target, "parent", &parent).expect("it is here");
        let started =
            types(&here).iter().filter(|t| **t == "ChildWorkflowExecutionStarted").count();
        assert_eq!(started, expected);
        agrees(&target.memory);
    }
}

#[test]
fn started_activities_time_out_at_once_if_that_is_asked_for() {
    let (run_id, events) = export(&source(), "parent");
    let target = Client::new();
    let mut body = piece("parent", &run_id, &events);
    body["isLast"] = json!(true);
    body["timesOutStarted"] = json!(true);
    send(&target, body).expect("it is one");
    let here = history(&target, "parent", &run_id).expect("it is here");
    let own = types(&here[events.len()..]);
    assert_eq!(own, ["DecisionTaskTimedOut", "ActivityTaskTimedOut"]);
    agrees(&target.memory);
}

#[test]
fn an_import_comes_to_the_same_whatever_commit_fails() {
    let (run_id, events) = export(&source(), "parent");
    let whole = |memory: &Memory| -> Vec<Vec<store::Entry>> {
        keys::shards().map(|shard| rows(memory, shard)).collect()
    };
    let import_into = |memory: Memory| {
        let client = Client::empty(memory);
        import(&client, ("parent", &run_id), &events, 4).expect("it is one");
        client.rest();
        let here = history(&client, "parent", &run_id).expect("it is here");
        client.service.close();
        here.len()
    };
    let registered = || {
        let client = Client::new();
        client.service.close();
        client.memory.clone()
    };
    let expected = import_into(registered());
    for fault in [StoreFault::Lost, StoreFault::Unacknowledged, StoreFault::Full] {
        for fails_at in 0..6 {
            let memory = registered();
            let mut commits = 0;
            let failing = memory.with_faults(move |call| {
                commits += i32::from(matches!(call, Call::Commit { .. }));
                (commits == fails_at + 1 && matches!(call, Call::Commit { .. })).then_some(fault)
            });
            let length = import_into(failing);
            assert_eq!(length, expected, "{fault:?} at commit {fails_at}");
            agrees(&memory);
            assert!(!whole(&memory).is_empty());
        }
    }
}
