//! Rows: what has happened so far, and what the decider makes of it.

use super::*;
use serde_json::{Value, json};

/// Histories are written as one word an event: what it is, and of which activity.
fn event(event_id: usize, word: &str, scheduled: &mut BTreeMap<String, usize>) -> Event {
    let (kind, id) = word.split_once(' ').unwrap_or((word, ""));
    let of = scheduled.get(id).copied().unwrap_or_default();
    let ended = json!({ "scheduledEventId": of, "startedEventId": 0, "latestCancelRequestedEventId": 0,
        "timeoutType": "HEARTBEAT" });
    let (member, attributes): (&str, Value) = match kind {
        "scheduled" => {
            scheduled.insert(id.to_owned(), event_id);
            let name = id.rsplit_once('-').expect("ids end in the number of the attempt").0;
            let attributes = json!({
                "activityType": { "name": name, "version": VERSION },
                "activityId": id,
                "taskList": { "name": "t" },
                "decisionTaskCompletedEventId": 0,
            });
            ("activityTaskScheduled", attributes)
        }
        "completed" => ("activityTaskCompleted", ended),
        "failed" => ("activityTaskFailed", ended),
        "timed-out" => ("activityTaskTimedOut", ended),
        "canceled" => ("activityTaskCanceled", ended),
        "cancel-requested" => (
            "activityTaskCancelRequested",
            json!({ "activityId": id, "decisionTaskCompletedEventId": 0 }),
        ),
        "fired" => ("timerFired", json!({ "timerId": PATIENCE, "startedEventId": 0 })),
        "signaled" => (
            "workflowExecutionSignaled",
            json!({ "signalName": id, "externalInitiatedEventId": 0 }),
        ),
        "asked-to-cancel" => {
            ("workflowExecutionCancelRequested", json!({ "externalInitiatedEventId": 0 }))
        }
        "not-scheduled" => (
            "scheduleActivityTaskFailed",
            json!({
                "activityType": { "name": "pack", "version": VERSION },
                "activityId": id,
                "cause": "ACTIVITY_TYPE_DEPRECATED",
                "decisionTaskCompletedEventId": 0,
            }),
        ),
        other => panic!("no such event in these tests: {other}"),
    };
    let event = json!({
        "eventId": event_id,
        "eventTimestamp": 1,
        format!("{member}EventAttributes"): attributes,
    });
    serde_json::from_value(event).expect("an event")
}

/// Decisions in short: what is done, and to what.
fn brief(decision: &Decision) -> String {
    let json = serde_json::to_value(decision).expect("decisions are JSON");
    let name = decision.decision_type().as_str();
    let member = format!("{}{}DecisionAttributes", name[..1].to_lowercase(), &name[1..]);
    let attributes = &json[member];
    let of = ["activityId", "timerId", "result", "reason"];
    let of = of.iter().find_map(|member| attributes[member].as_str()).unwrap_or_default();
    format!("{name} {of}").trim_end().to_owned()
}

#[track_caller]
fn check(words: &str, stage: Stage, expected: &[&str]) {
    let mut scheduled = BTreeMap::new();
    let words = words.split(',').map(str::trim).filter(|word| !word.is_empty());
    let events: Vec<Event> =
        words.enumerate().map(|(at, word)| event(at + 1, word, &mut scheduled)).collect();
    let plan = Order::replay(&events).plan();
    let decisions: Vec<String> = plan.verdicts.iter().map(|v| brief(&v.decision)).collect();
    assert_eq!((plan.stage, decisions), (stage, expected.iter().map(|e| (*e).into()).collect()));
}

const RESERVED: &str = "scheduled reserve-stock-1, completed reserve-stock-1";
const CHARGED: &str = "scheduled reserve-stock-1, completed reserve-stock-1, \
    scheduled charge-card-1, failed charge-card-1, scheduled charge-card-2, completed charge-card-2";
const BEGUN: &str = "scheduled pack-1, scheduled print-label-1, scheduled gift-wrap-1";
const MADE: &str = "completed print-label-1, completed pack-1";

#[test]
fn one_after_another() {
    check("", Stage::Reserving, &["ScheduleActivityTask reserve-stock-1"]);
    check("scheduled reserve-stock-1", Stage::Reserving, &[]);
    check(RESERVED, Stage::Charging, &["ScheduleActivityTask charge-card-1"]);
    check(&format!("{RESERVED}, scheduled charge-card-1"), Stage::Charging, &[]);
}

#[test]
fn the_card_is_charged_again_but_not_for_ever() {
    let mut words = RESERVED.to_owned();
    for attempt in 1..CHARGES_MAX {
        words += &format!(", scheduled charge-card-{attempt}, failed charge-card-{attempt}");
        let next = format!("ScheduleActivityTask charge-card-{}", attempt + 1);
        check(&words, Stage::Charging, &[&next]);
    }
    words += &format!(", scheduled charge-card-{CHARGES_MAX}, timed-out charge-card-{CHARGES_MAX}");
    check(&words, Stage::Closing, &["FailWorkflowExecution the card is refused"]);
}

#[test]
fn side_by_side() {
    check(
        CHARGED,
        Stage::Fulfilling,
        &[
            "ScheduleActivityTask pack-1",
            "ScheduleActivityTask print-label-1",
            "ScheduleActivityTask gift-wrap-1",
            "StartTimer gift-wrap-patience",
        ],
    );
    check(&format!("{CHARGED}, {BEGUN}"), Stage::Fulfilling, &[]);
    check(&format!("{CHARGED}, {BEGUN}, {MADE}"), Stage::Fulfilling, &[]);
}

#[test]
fn the_gift_wrap_is_canceled_once() {
    let late = format!("{CHARGED}, {BEGUN}, {MADE}, fired");
    check(&late, Stage::Fulfilling, &["RequestCancelActivityTask gift-wrap-1"]);
    let canceling = format!("{late}, cancel-requested gift-wrap-1");
    check(&canceling, Stage::Fulfilling, &[]);
    let canceled = format!("{canceling}, canceled gift-wrap-1");
    check(&canceled, Stage::WaitingForCustomer, &[]);
    let done = ["CompleteWorkflowExecution shipped, without gift wrap"];
    check(&format!("{canceled}, signaled customer-confirmed"), Stage::Closing, &done);
    check(&format!("{canceled}, signaled something-else"), Stage::WaitingForCustomer, &[]);
}

#[test]
fn the_gift_wrap_may_be_in_time_and_the_customer_early() {
    let early = format!("signaled customer-confirmed, {CHARGED}, {BEGUN}");
    let wrapped = format!("{early}, completed gift-wrap-1, {MADE}");
    check(&wrapped, Stage::Fulfilling, &[]);
    let done = ["CompleteWorkflowExecution shipped, with gift wrap"];
    check(&format!("{wrapped}, fired"), Stage::Closing, &done);
}

#[test]
fn what_goes_wrong() {
    check(
        "scheduled reserve-stock-1, failed reserve-stock-1",
        Stage::Closing,
        &["FailWorkflowExecution no stock"],
    );
    check(
        &format!("{CHARGED}, {BEGUN}, failed pack-1"),
        Stage::Closing,
        &["FailWorkflowExecution the parcel could not be made"],
    );
    check(
        &format!("{CHARGED}, not-scheduled pack-1"),
        Stage::Closing,
        &["FailWorkflowExecution cannot schedule: ACTIVITY_TYPE_DEPRECATED"],
    );
    check(&format!("{CHARGED}, asked-to-cancel"), Stage::Closing, &["CancelWorkflowExecution"]);
}
