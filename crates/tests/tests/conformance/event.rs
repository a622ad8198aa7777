//! How scripts write events: `7 ActivityTaskCompleted sched=5 started=6 result=done at=2.5`.

use super::names::{Names, word};
use super::script::{unquoted, words};
use serde_json::{Map, Value};

/// Members that say which event belongs to which, with their short names, and those that say why
/// something failed or ended. A line must say all of them that an event has.
const LINKS: [(&str, &str); 9] = [
    ("decisionTaskCompletedEventId", "dtc"),
    ("scheduledEventId", "sched"),
    ("startedEventId", "started"),
    ("latestCancelRequestedEventId", "cancel"),
    ("parentInitiatedEventId", "parent"),
    ("externalInitiatedEventId", "external"),
    ("initiatedEventId", "initiated"),
    ("cause", "cause"),
    ("timeoutType", "timeout"),
];

/// The attributes of an event, which has four members and no other.
pub fn attributes(event: &Value) -> Result<&Map<String, Value>, String> {
    let event_type = event["eventType"].as_str().unwrap_or_default();
    let first = event_type.chars().next().ok_or("an event without a type")?;
    let rest = &event_type[first.len_utf8()..];
    let key = format!("{}{rest}EventAttributes", first.to_lowercase());
    let members = event.as_object().map_or(0, Map::len);
    let whole = members == 4 && event["eventId"].is_u64() && event["eventTimestamp"].is_number();
    let attributes = event[&key].as_object().filter(|_| whole);
    attributes.ok_or_else(|| format!("this is no event: {event}"))
}

/// Whether events are as the lines say, one by one.
pub fn are(lines: &[String], events: &[Value], names: &mut Names) -> Result<(), String> {
    let mut same = lines.len() == events.len();
    for (line, event) in lines.iter().zip(events) {
        same = same && is(line, event, names).map_err(|error| format!("{line}: {error}"))?;
    }
    if same {
        return Ok(());
    }
    let actual = events.iter().map(|event| line(event, names)).collect::<Result<Vec<_>, _>>()?;
    Err(format!("expected\n  {}\nbut got\n  {}", lines.join("\n  "), actual.join("\n  ")))
}

fn is(line: &str, event: &Value, names: &mut Names) -> Result<bool, String> {
    let words = words(line);
    let attributes = attributes(event)?;
    let [id, event_type, members @ ..] = &words[..] else {
        return Err("an event has an id and a type".to_owned());
    };
    let id: u64 = id.parse().map_err(|_| "an id is a number")?;
    let mut same = event["eventId"] == id && event["eventType"] == **event_type;
    let mut said = Vec::new();
    for member in members {
        let (key, expected) = member.split_once('=').ok_or("a member is written key=value")?;
        let expected = unquoted(expected);
        if key == "at" {
            let moment = &event["eventTimestamp"];
            same = same && names.word_is(&format!("@{expected}"), Some(moment))?;
            continue;
        }
        let key = LINKS.iter().find(|(_, short)| *short == key).map_or(key, |(long, _)| long);
        said.push(key.to_owned());
        same = same && names.word_is(&expected, attributes.get(key))?;
    }
    let unsaid = |(key, _): &(&str, &str)| {
        attributes.contains_key(*key) && said.iter().all(|said| said != key)
    };
    Ok(same && !LINKS.iter().any(unsaid))
}

/// The line that says no more of an event than it must.
fn line(event: &Value, names: &Names) -> Result<String, String> {
    let attributes = attributes(event)?;
    let mut line = format!("{} {}", event["eventId"], word(&event["eventType"]));
    for (key, short) in LINKS {
        if let Some(value) = attributes.get(key) {
            line += &format!(" {short}={}", word(value));
        }
    }
    let ms = names.since_begin(event["eventTimestamp"].as_f64().unwrap_or_default());
    Ok(format!("{line} at={}", ms as f64 / 1000.0))
}
