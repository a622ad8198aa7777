//! The decider: takes decision tasks, and answers each from its history alone.

use super::client::{CallError, Client, events_of};
use super::history::History;
use super::order::Order;
use super::voice::Voice;
use super::{DOMAIN, TASK_LIST};
use serde_json::{Value, json};
use wire::{Decision, Event, EventId, Operation};

/// Decides until something breaks.
pub async fn run(client: Client, voice: Voice) -> CallError {
    loop {
        if let Err(error) = take_one(&client, &voice).await {
            return error;
        }
    }
}

async fn take_one(client: &Client, voice: &Voice) -> Result<(), CallError> {
    let operation = Operation::PollForDecisionTask;
    let mut input = json!({
        "domain": DOMAIN,
        "taskList": { "name": TASK_LIST },
        "identity": "decider-1",
    });
    let mut task = client.call(operation, input.clone()).await?;
    if task["taskToken"].as_str().unwrap_or_default().is_empty() {
        return Ok(()); // Nothing to decide for as long as the poll was held.
    }
    let mut events = events_of(operation, &mut task)?;
    let mut token = task["nextPageToken"].take();
    while !token.is_null() {
        input["nextPageToken"] = token;
        let mut page = client.call(operation, input.clone()).await?;
        events.extend(events_of(operation, &mut page)?);
        token = page["nextPageToken"].take();
    }
    let seen = EventId(task["previousStartedEventId"].as_u64().unwrap_or_default());
    say_news(&events, seen, voice);
    let plan = Order::replay(&events).plan();
    for verdict in &plan.verdicts {
        voice.say("decider", &format!("  decides to {}", verdict.why));
    }
    if plan.verdicts.is_empty() {
        voice.say("decider", &format!("  decides to wait ({})", plan.stage.as_str()));
    }
    let decisions: Vec<&Decision> = plan.verdicts.iter().map(|v| &v.decision).collect();
    let answer = json!({
        "taskToken": task["taskToken"],
        "decisions": decisions,
        "executionContext": plan.stage.as_str(),
    });
    match client.call(Operation::RespondDecisionTaskCompleted, answer).await {
        // The task timed out or the execution was closed meanwhile; another task will come if
        // there is anything left to decide.
        Err(error) if error.code() == Some("UnknownResourceFault") => {
            voice.say("decider", &format!("  too late: {error}"));
            Ok(())
        }
        outcome => outcome.map(|_: Value| ()),
    }
}

/// Events that only say that a decision was carried out, or that somebody took a task.
const ECHOES: [&str; 7] = [
    "DecisionTaskScheduled",
    "DecisionTaskStarted",
    "DecisionTaskCompleted",
    "ActivityTaskScheduled",
    "ActivityTaskStarted",
    "ActivityTaskCancelRequested",
    "TimerStarted",
];

/// Says what has happened since the last decision.
fn say_news(events: &[Event], seen: EventId, voice: &Voice) {
    let history = History::of(events);
    for event in events.iter().filter(|event| seen < event.event_id) {
        if !ECHOES.contains(&event.attributes.event_type()) {
            let (id, line) = (event.event_id, history.describe(event));
            voice.say("decider", &format!("sees event {id}: {line}"));
        }
    }
}
