//! Pages of histories and of decision tasks, and the tokens that lead from one to the next.

use super::client::{Client, check, play};
use serde_json::{Value, json};
use wire::Fault;

fn start(client: &Client, workflow_id: &str) -> Value {
    let workflow_type = json!({"name": "w", "version": "1"});
    let body = json!({"domain": "d", "workflowId": workflow_id, "workflowType": workflow_type});
    let started = client.call("StartWorkflowExecution", body).expect("the first of its id");
    json!({"workflowId": workflow_id, "runId": started["runId"]})
}

fn poll(client: &Client) -> Value {
    let body = json!({"domain": "d", "taskList": {"name": "deciders"}});
    client.call("PollForDecisionTask", body).expect("a decision task")
}

/// A run whose transitions have from one to many events.
fn history_of_many_sizes(client: &Client) -> Value {
    let execution = start(client, "w1");
    for markers in [0, 1, 7, 30, 2] {
        let marker = json!({
            "decisionType": "RecordMarker",
            "recordMarkerDecisionAttributes": {"markerName": "m"},
        });
        let decisions = vec![marker; markers];
        let task = poll(client);
        for _ in 0..2 {
            let body = json!({"domain": "d", "workflowId": "w1", "signalName": "s"});
            client.call("SignalWorkflowExecution", body).expect("the run is open");
        }
        let body = json!({"taskToken": task["taskToken"], "decisions": decisions});
        client.call("RespondDecisionTaskCompleted", body).expect("the task is held");
    }
    execution
}

/// Follows the tokens from the first page on; the events' ids, page by page.
fn pages(client: &Client, operation: &str, mut body: Value, first: Option<Value>) -> Vec<Vec<u64>> {
    let mut pages = Vec::new();
    let mut page = first.unwrap_or_else(|| client.call(operation, body.clone()).expect("a page"));
    loop {
        let events = page["events"].as_array().expect("a page has events");
        pages.push(events.iter().filter_map(|event| event["eventId"].as_u64()).collect());
        if page["nextPageToken"].is_null() {
            return pages;
        }
        body["nextPageToken"] = page["nextPageToken"].clone();
        page = client.call(operation, body.clone()).expect("a further page");
    }
}

fn chunks(mut ids: Vec<u64>, reverse: bool, size: usize) -> Vec<Vec<u64>> {
    if reverse {
        ids.reverse();
    }
    ids.chunks(size).map(<[u64]>::to_vec).collect()
}

#[test]
fn a_history_is_the_same_in_pages_of_any_size_and_both_directions() {
    let client = Client::new();
    let execution = history_of_many_sizes(&client);
    let whole = json!({"domain": "d", "execution": execution});
    let [ids]: [Vec<u64>; 1] =
        pages(&client, "GetWorkflowExecutionHistory", whole, None).try_into().expect("one page");
    let events = ids.len();
    assert_eq!(ids, (1..=events as u64).collect::<Vec<_>>());
    for size in (1..=events + 1).chain([1000]) {
        for reverse in [false, true] {
            let body = json!({
                "domain": "d",
                "execution": execution,
                "maximumPageSize": size,
                "reverseOrder": reverse,
            });
            let pages = pages(&client, "GetWorkflowExecutionHistory", body, None);
            assert_eq!(pages, chunks(ids.clone(), reverse, size), "{size} {reverse}");
        }
    }
}

/// A page token of a decision task leads on to the task's start, whatever has happened since.
#[test]
fn a_decision_task_shows_the_history_up_to_its_own_start() {
    for (reverse, from_previous, size) in
        [(false, false, 7), (true, false, 7), (false, true, 2), (true, true, 3), (false, false, 1)]
    {
        let client = Client::new();
        history_of_many_sizes(&client);
        let body = json!({
            "domain": "d",
            "taskList": {"name": "deciders"},
            "maximumPageSize": size,
            "reverseOrder": reverse,
            "startAtPreviousStartedEvent": from_previous,
        });
        let task = client.call("PollForDecisionTask", body.clone()).expect("a decision task");
        let signal = json!({"domain": "d", "workflowId": "w1", "signalName": "late"});
        client.call("SignalWorkflowExecution", signal).expect("the run is open");
        let started = task["startedEventId"].as_u64().expect("a number");
        let first = if from_previous { &task["previousStartedEventId"] } else { &json!(1) };
        let ids: Vec<u64> = (first.as_u64().expect("a number")..=started).collect();
        let pages = pages(&client, "PollForDecisionTask", body, Some(task));
        assert_eq!(pages, chunks(ids, reverse, size), "{reverse} {from_previous} {size}");
    }
}

#[test]
fn a_page_token_is_good_for_its_request_and_its_time() {
    let client = Client::new();
    history_of_many_sizes(&client);
    play(
        &client,
        r#"
        PollForDecisionTask {"domain": "d", "taskList": {"name": "deciders"}, "maximumPageSize": 1}
        => {"taskToken": "$task", "workflowExecution": "$execution", "nextPageToken": "$page", "...": 0}
        GetWorkflowExecutionHistory {"domain": "d", "execution": "$execution", "nextPageToken": "$page"}
        => ValidationException Invalid token
        PollForDecisionTask {"domain": "d", "taskList": {"name": "others"}, "nextPageToken": "$page"}
        => ValidationException Invalid token
        PollForDecisionTask {"domain": "d", "taskList": {"name": "deciders"}, "nextPageToken": "$page", "maximumPageSize": 2}
        => {"taskToken": "$task", "events": [{"eventId": 2, "...": 0}, {"eventId": 3, "...": 0}], "...": 0}
        RespondDecisionTaskCompleted {"taskToken": "$task"}
        => ok
        PollForDecisionTask {"domain": "d", "taskList": {"name": "deciders"}, "nextPageToken": "$page"}
        => UnknownResourceFault
        GetWorkflowExecutionHistory {"domain": "d", "execution": "$execution", "maximumPageSize": 1}
        => {"nextPageToken": "$history", "events": "$events"}
        GetWorkflowExecutionHistory {"domain": "d", "execution": "$execution", "maximumPageSize": 1, "nextPageToken": "garbage"}
        => ValidationException Invalid token
        GetWorkflowExecutionHistory {"domain": "d", "execution": "$execution", "reverseOrder": true, "nextPageToken": "$history"}
        => ValidationException Invalid token
        Advance 86400
        GetWorkflowExecutionHistory {"domain": "d", "execution": "$execution", "maximumPageSize": 1, "nextPageToken": "$history"}
        => {"nextPageToken": "$history2", "events": [{"eventId": 2, "...": 0}]}
        Advance 1
        GetWorkflowExecutionHistory {"domain": "d", "execution": "$execution", "maximumPageSize": 1, "nextPageToken": "$history"}
        => ValidationException Specified token has exceeded its maximum lifetime
        "#,
    );
}

/// As for every other use of a task's token: what is closed is named, the task or the execution.
#[test]
fn a_page_token_of_a_closed_execution_names_the_execution() {
    let client = Client::new();
    start(&client, "w1");
    let body = json!({"domain": "d", "taskList": {"name": "deciders"}, "maximumPageSize": 1});
    let task = client.call("PollForDecisionTask", body.clone()).expect("a decision task");
    let terminate = json!({"domain": "d", "workflowId": "w1"});
    client.call("TerminateWorkflowExecution", terminate).expect("the run is open");
    let mut further = body;
    further["nextPageToken"] = task["nextPageToken"].clone();
    let run_id = task["workflowExecution"]["runId"].as_str().expect("a text");
    let execution = format!("WorkflowExecution=[workflowId=w1, runId={run_id}]");
    let unknown = Fault::UnknownResource(format!("Unknown execution: {execution}"));
    assert_eq!(client.call("PollForDecisionTask", further), Err(unknown));
}

#[test]
fn an_empty_page_token_is_none() {
    check(
        r#"
        ListDomains {"registrationStatus": "REGISTERED", "nextPageToken": ""}
        => {"domainInfos": [{"name": "d", "...": 0}]}
        "#,
    );
}
