//! A history for people: a line an event, with names instead of numbers.

use serde_json::Value;
use std::collections::BTreeMap;
use wire::{Event, EventAttributes, EventId};

/// Members that are worth a place in a line, in this order.
const TOLD: [&str; 9] = [
    "timerId",
    "startToFireTimeout",
    "signalName",
    "reason",
    "cause",
    "timeoutType",
    "result",
    "details",
    "identity",
];

/// A history, and the names of the activities in it.
pub struct History<'a> {
    events: &'a [Event],
    activities: BTreeMap<EventId, String>,
}

impl<'a> History<'a> {
    pub fn of(events: &'a [Event]) -> History<'a> {
        let mut activities = BTreeMap::new();
        for event in events {
            if let EventAttributes::ActivityTaskScheduled(scheduled) = &event.attributes {
                activities.insert(event.event_id, scheduled.activity_id.to_string());
            }
        }
        History { events, activities }
    }

    /// The event's type, the activity it is about, and whatever else is worth telling.
    pub fn describe(&self, event: &Event) -> String {
        let json = serde_json::to_value(event).expect("events are JSON");
        let attributes = attributes(&json);
        let id_of = |member: &str| attributes[member].as_u64().map(EventId);
        let mut parts = vec![event.attributes.event_type().to_owned()];
        let named = attributes["activityId"].as_str().map(str::to_owned);
        let scheduled = id_of("scheduledEventId").and_then(|id| self.activities.get(&id).cloned());
        parts.extend(named.or(scheduled));
        for member in TOLD {
            match &attributes[member] {
                Value::String(text) if !text.is_empty() => parts.push(format!("{member}={text}")),
                Value::String(_)
                | Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::Array(_)
                | Value::Object(_) => (),
            }
        }
        parts.join("  ")
    }

    /// A numbered line for each event, with the seconds since the first one.
    pub fn table(&self) -> Vec<String> {
        let start = self.events.first().map_or(0, |event| event.event_timestamp.0);
        let head = format!("  {:>3}  {:>9}  event", "id", "seconds");
        let lines = self.events.iter().map(|event| {
            let seconds = (event.event_timestamp.0 - start) as f64 / 1000.0;
            format!("  {:>3}  {seconds:>9.3}  {}", event.event_id.0, self.describe(event))
        });
        std::iter::once(head).chain(lines).collect()
    }
}

/// The one member that is named after the event's type.
fn attributes(event: &Value) -> &Value {
    let members = event.as_object().expect("an event is an object");
    let found = members.iter().find(|(name, _)| name.ends_with("EventAttributes"));
    found.map_or(&Value::Null, |(_, attributes)| attributes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table() {
        let events = serde_json::json!([
            { "eventId": 1, "eventTimestamp": 1000.5, "timerStartedEventAttributes":
                { "timerId": "t", "startToFireTimeout": "5", "decisionTaskCompletedEventId": 0 } },
            { "eventId": 2, "eventTimestamp": 1000.5, "activityTaskScheduledEventAttributes":
                { "activityType": { "name": "pack", "version": "1" }, "activityId": "pack-1",
                  "taskList": { "name": "l" }, "decisionTaskCompletedEventId": 0 } },
            { "eventId": 3, "eventTimestamp": 1001, "activityTaskFailedEventAttributes":
                { "scheduledEventId": 2, "startedEventId": 0, "reason": "no tape",
                  "details": "" } },
        ]);
        let events: Vec<Event> = serde_json::from_value(events).expect("events");
        assert_eq!(
            History::of(&events).table(),
            [
                "   id    seconds  event",
                "    1      0.000  TimerStarted  timerId=t  startToFireTimeout=5",
                "    2      0.000  ActivityTaskScheduled  pack-1",
                "    3      0.500  ActivityTaskFailed  pack-1  reason=no tape",
            ]
        );
    }
}
