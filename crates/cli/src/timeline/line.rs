//! One event as a line: its offset, number, type, and what it is about.

use super::length::{offset, plain, shortened};
use crate::value::Value;
use wire::{Event, Timestamp};

/// The members that say what an event is about, the most telling first.
const TELLING: &[&str] = &[
    "activityId",
    "activityType",
    "timerId",
    "markerName",
    "signalName",
    "workflowId",
    "workflowExecution",
    "workflowType",
    "id",
    "name",
    "timeoutType",
    "cause",
    "reason",
    "identity",
    "details",
    "result",
    "input",
    "newExecutionRunId",
];

/// An event as JSON in one line, as GetWorkflowExecutionHistory has it.
pub fn event_json(event: &Event) -> String {
    serde_json::to_string(event).expect("an event is written to memory")
}

/// An event in one line for people, at most so many columns wide.
pub fn event_line(event: &Event, zero: Timestamp, columns: usize) -> String {
    let offset = offset(zero, event.event_timestamp);
    shortened(&format!("{offset:>8} {}", event_summary(event, columns)), columns)
}

/// The number of an event, its type, and what it is about, each part at most so many columns wide.
pub fn event_summary(event: &Event, columns: usize) -> String {
    let value = Value::parse(&event_json(event)).expect("what was written is JSON");
    // The attributes are the one member that is a map.
    let attributes = value.entries().iter().map(|(_, value)| value);
    let attributes = attributes.clone().find(|value| matches!(value, Value::Map(_)));
    let mut line = format!("{:>5} {}", event.event_id, event.attributes.event_type());
    for name in TELLING {
        let Some(value) = attributes.and_then(|attributes| attributes.get(name)) else { continue };
        // Of types and executions, their names.
        let inner = value.get("name").or_else(|| value.get("workflowId")).unwrap_or(value);
        if let Some(text) = inner.as_text() {
            line += &format!(" {name}={}", shortened(text, columns));
        }
    }
    plain(&line)
}
