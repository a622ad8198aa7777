//! Polls that wait are judged again when there is a task for them (access.md, section 6, row 15).

use super::house::{DOMAIN_ARN, House, allow, allow_if, denied, list, nobody, principal, user};
use crate::Pending;
use crate::tests::client::{HOLD_SECONDS, wait};
use crate::tests::fixture::caller;
use access::{Caller, Verdict};
use serde_json::{Value, json};
use wire::Fault;

const POLLS: [&str; 2] = ["swf:PollForDecisionTask", "swf:PollForActivityTask"];

fn worker(house: &House, name: &str) -> Caller {
    let statements = json!([allow(&POLLS)]);
    house.keys.set(name, Ok(principal(name, &statements)));
    user(name, statements)
}

fn wait_for_decisions(house: &House, who: &Caller) -> Pending {
    let pending = house.send(who, "PollForDecisionTask", list("deciders"));
    house.client.rest();
    pending
}

fn start(house: &House, workflow_id: &str) {
    let body = json!({
        "domain": "d", "workflowId": workflow_id, "workflowType": {"name": "w", "version": "1"},
    });
    house.admin("StartWorkflowExecution", body);
}

/// The task goes to the next, as if nobody had been before him.
#[track_caller]
fn check_goes_to_another(end: impl FnOnce(&House), expected: Fault, is_judged: bool) {
    let house = House::new();
    let (first, second) = (worker(&house, "first"), worker(&house, "second"));
    let (first, second) = (wait_for_decisions(&house, &first), wait_for_decisions(&house, &second));
    let judgment = first.judgment();
    let before = judgment.read().expect("somebody was asked");
    assert!(matches!(before.verdict, Verdict::Allowed(_)));
    end(&house);
    start(&house, "v");
    assert_eq!(wait(first), Err(expected));
    let after = judgment.read();
    assert_eq!(after.is_some_and(|judged| judged.verdict != before.verdict), is_judged);
    let task = wait(second).expect("the task waits for the next");
    assert_eq!(task["workflowExecution"]["workflowId"], "v");
    // Nobody else has had it: it was started once.
    let types: Vec<&Value> =
        task["events"].as_array().expect("events").iter().map(|e| &e["eventType"]).collect();
    assert_eq!(types, ["WorkflowExecutionStarted", "DecisionTaskScheduled", "DecisionTaskStarted"]);
}

#[test]
fn a_key_that_is_disabled_meanwhile_gets_no_task() {
    let end = |house: &House| house.keys.set("first", Err(Fault::UnrecognizedClient));
    check_goes_to_another(end, Fault::UnrecognizedClient, false);
}

#[test]
fn a_session_that_ends_meanwhile_gets_no_task() {
    let end = |house: &House| house.keys.set("first", Err(Fault::ExpiredToken));
    check_goes_to_another(end, Fault::ExpiredToken, false);
}

#[test]
fn a_policy_that_changes_meanwhile_counts() {
    let end = |house: &House| house.keys.set("first", Ok(principal("first", &json!([]))));
    let expected = denied("first", "swf:PollForDecisionTask", DOMAIN_ARN);
    check_goes_to_another(end, expected, true);
}

/// Without anybody else the task waits in its list, and nothing turns around it.
#[test]
fn a_task_that_its_poller_may_not_have_is_still_there() {
    let house = House::new();
    let first = wait_for_decisions(&house, &worker(&house, "first"));
    house.keys.set("first", Err(Fault::UnrecognizedClient));
    start(&house, "v");
    assert_eq!(wait(first), Err(Fault::UnrecognizedClient));
    house.client.rest();
    let count = house.admin("CountPendingDecisionTasks", list("deciders"));
    assert_eq!(count["count"], 1);
    let task = house.admin("PollForDecisionTask", list("deciders"));
    assert_eq!(task["workflowExecution"]["workflowId"], "v");
}

#[test]
fn activity_tasks_are_given_to_whom_it_is_allowed_then() {
    let house = House::new();
    let first = house.send(&worker(&house, "first"), "PollForActivityTask", list("workers"));
    house.client.rest();
    let second = house.send(&worker(&house, "second"), "PollForActivityTask", list("workers"));
    house.client.rest();
    let only_decisions = json!([allow(&["swf:PollForDecisionTask"])]);
    house.keys.set("first", Ok(principal("first", &only_decisions)));
    let decision = house.decision_task("v");
    let schedule = super::house::schedule("a");
    house.answer(&caller(), &decision, json!([schedule])).expect("nobody asks");
    let expected = denied("first", "swf:PollForActivityTask", DOMAIN_ARN);
    assert_eq!(wait(first), Err(expected));
    assert_eq!(wait(second).expect("a task")["activityId"], "a");
}

/// What was allowed at the list where somebody waits is asked again with its name.
#[test]
fn the_list_of_a_poll_counts_at_its_arrival_and_at_its_delivery() {
    let house = House::new();
    let only = |list: &str| {
        json!([allow_if(&POLLS, json!({"StringEquals": {"swf:taskList.name": list}}))])
    };
    house.keys.set("u", Ok(principal("u", &only("deciders"))));
    let who = user("u", only("deciders"));
    assert!(house.denies(&who, "PollForDecisionTask", list("others")));
    let pending = wait_for_decisions(&house, &who);
    start(&house, "v");
    assert_eq!(wait(pending).expect("a task")["startedEventId"], 3);
    let pending = wait_for_decisions(&house, &who);
    house.keys.set("u", Ok(principal("u", &only("others"))));
    start(&house, "w");
    assert_eq!(wait(pending), Err(denied("u", "swf:PollForDecisionTask", DOMAIN_ARN)));
}

#[test]
fn a_poll_that_gets_nothing_is_not_judged_again() {
    let house = House::new();
    let pending = wait_for_decisions(&house, &worker(&house, "first"));
    house.keys.set("first", Err(Fault::UnrecognizedClient));
    house.client.advance(HOLD_SECONDS);
    let empty = json!({"startedEventId": 0, "previousStartedEventId": 0});
    assert_eq!(wait(pending), Ok(empty));
    assert!(house.denies(&nobody(), "PollForDecisionTask", list("deciders")));
}
