//! Throttles, quotas and the answer to polls in vain, as callers meet them.

use super::client::{Client, HOLD_SECONDS, play, wait};
use super::fixture::registrations;
use crate::{EmptyPollToken, Limits, Options, Rate, Throttles};
use serde_json::{Value, json};
use store::memory::Memory;
use wire::{Fault, Operation};

fn client(options: Options) -> Client {
    let client = Client::with(Memory::default(), options);
    for (operation, body) in registrations() {
        assert_eq!(client.call(operation, body), Ok(Value::Null));
    }
    client
}

#[test]
fn a_request_that_comes_too_fast_is_refused_and_does_nothing() {
    let rate = Rate { bucket: 2, refill_per_second: 1 };
    let requests = [(Operation::StartWorkflowExecution, rate)].into();
    let throttles = Throttles { requests, ..Throttles::default() };
    play(
        &client(Options { throttles, ..Options::default() }),
        r#"
        StartWorkflowExecution {"domain": "d", "workflowId": "w1", "workflowType": {"name": "w", "version": "1"}}
        => {"runId": "$r1"}
        StartWorkflowExecution {"domain": "d", "workflowId": "w2", "workflowType": {"name": "w", "version": "1"}}
        => {"runId": "$r2"}
        StartWorkflowExecution {"domain": "d", "workflowId": "w3", "workflowType": {"name": "w", "version": "1"}}
        => ThrottlingException Rate exceeded
        CountOpenWorkflowExecutions {"domain": "d", "startTimeFilter": {"oldestDate": 0}}
        => {"count": 2, "truncated": false}
        Advance 1
        StartWorkflowExecution {"domain": "d", "workflowId": "w3", "workflowType": {"name": "w", "version": "1"}}
        => {"runId": "$r3"}
        StartWorkflowExecution {"domain": "d", "workflowId": "w4", "workflowType": {"name": "w", "version": "1"}}
        => ThrottlingException Rate exceeded
        "#,
    );
}

#[test]
fn quotas_that_are_set_reach_who_keeps_them() {
    let limits = Limits {
        domains_max: 1,
        activity_types_max: 1,
        open_executions_max: 1,
        pollers_max: 1,
        ..Limits::AWS
    };
    let client = client(Options { limits, ..Options::default() });
    play(
        &client,
        r#"
        RegisterDomain {"name": "e", "workflowExecutionRetentionPeriodInDays": "1"}
        => LimitExceededFault Limit of 1 domains reached
        RegisterActivityType {"domain": "d", "name": "b", "version": "1"}
        => LimitExceededFault Limit of 1 activity types reached
        StartWorkflowExecution {"domain": "d", "workflowId": "w1", "workflowType": {"name": "w", "version": "1"}}
        => {"runId": "$r1"}
        StartWorkflowExecution {"domain": "d", "workflowId": "w2", "workflowType": {"name": "w", "version": "1"}}
        => LimitExceededFault Limit of 1 open executions reached
        TerminateWorkflowExecution {"domain": "d", "workflowId": "w1"}
        => ok
        StartWorkflowExecution {"domain": "d", "workflowId": "w2", "workflowType": {"name": "w", "version": "1"}}
        => {"runId": "$r2"}
        "#,
    );
    let poll = json!({"domain": "d", "taskList": {"name": "nobody's"}});
    let first = client.send("PollForActivityTask", poll.clone()).expect("a right request");
    let second = client.send("PollForActivityTask", poll).expect("a right request");
    let text = "Limit on maximum concurrent poll requests per task list reached".to_owned();
    assert_eq!(wait(second), Err(Fault::LimitExceeded(text)));
    client.advance(HOLD_SECONDS);
    assert_eq!(wait(first), Ok(json!({"startedEventId": 0})));
}

#[test]
fn polls_in_vain_carry_an_empty_token_if_asked_for() {
    let empty_poll_token = EmptyPollToken::Empty;
    let client = client(Options { empty_poll_token, ..Options::default() });
    let answers = [
        ("PollForActivityTask", json!({"startedEventId": 0, "taskToken": ""})),
        (
            "PollForDecisionTask",
            json!({"startedEventId": 0, "previousStartedEventId": 0, "taskToken": ""}),
        ),
    ];
    for (operation, expected) in answers {
        let poll = json!({"domain": "d", "taskList": {"name": "nobody's"}});
        let pending = client.send(operation, poll).expect("a right request");
        client.advance(HOLD_SECONDS);
        assert_eq!(wait(pending), Ok(expected), "{operation}");
    }
}
