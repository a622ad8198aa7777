//! The bytes of stored values. Each begins with the version of its form; old forms are read for
//! ever.

use engine::rows::Value;
use engine::{Execution, Heartbeat, RunIdentity};
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::StoreError;
use wire::{Event, EventId, RunId, WorkflowExecutionInfo};

/// The one form so far: JSON after the version, except where a function here says otherwise.
const VERSION_1: u8 = 1;

/// A stored value is not what was once written there. Reading it again does not help, as it may
/// when the store fails.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct Damage(pub String);

/// Why something that is stored was not had.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum LoadError {
    /// The store could not be read; it may be the next time.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is stored makes no sense, and will not the next time either.
    #[error("a run is damaged: {0}")]
    Damaged(#[from] Damage),
}

/// For those to whom both mean the same: that there is no answer.
impl From<Damage> for StoreError {
    fn from(damage: Damage) -> StoreError {
        StoreError(damage.to_string())
    }
}

/// The value of a row.
pub fn row(value: &Value) -> Vec<u8> {
    match value {
        Value::Nothing => vec![VERSION_1],
        Value::Run(identity) => json(identity),
        Value::OpenRun(run_id) => json(run_id),
        Value::Task { deliverable } => vec![VERSION_1, u8::from(*deliverable)],
        Value::Heartbeat(heartbeat) => json(heartbeat),
        Value::Listed(info) => json(info),
    }
}

/// Any value that is kept as JSON.
pub fn json(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = vec![VERSION_1];
    serde_json::to_writer(&mut bytes, value).expect("stored values have text keys");
    bytes
}

/// Reads what [`json`] wrote.
pub fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Damage> {
    serde_json::from_slice(json_of(bytes)?)
        .map_err(|error| Damage(format!("a stored value does not decode: {error}")))
}

/// The JSON within what [`json`] wrote.
pub fn json_of(bytes: &[u8]) -> Result<&[u8], Damage> {
    match bytes.split_first() {
        Some((&VERSION_1, json)) => Ok(json),
        Some((version, _)) => Err(Damage(format!("a stored value has form {version}"))),
        None => Err(Damage("a stored value is empty".to_owned())),
    }
}

/// Whose run it is.
pub fn parse_identity(bytes: &[u8]) -> Result<RunIdentity, Damage> {
    parse_json(bytes)
}

/// The run that is open.
pub fn parse_open_run(bytes: &[u8]) -> Result<RunId, Damage> {
    parse_json(bytes)
}

/// A heartbeat.
pub fn parse_heartbeat(bytes: &[u8]) -> Result<Heartbeat, Damage> {
    parse_json(bytes)
}

/// A state as of some event.
pub fn parse_snapshot(bytes: &[u8]) -> Result<Execution, Damage> {
    parse_json(bytes)
}

/// Whether `stored` says what `value` does, in whatever form.
pub fn is_row(value: &Value, stored: &[u8]) -> bool {
    if row(value) == stored {
        return true;
    }
    match value {
        Value::Nothing | Value::Task { .. } => false,
        Value::Run(identity) => parse_identity(stored).is_ok_and(|found| found == **identity),
        Value::OpenRun(run_id) => parse_open_run(stored).is_ok_and(|found| found == *run_id),
        Value::Heartbeat(heartbeat) => parse_heartbeat(stored).is_ok_and(|f| f == *heartbeat),
        Value::Listed(info) => {
            parse_json::<WorkflowExecutionInfo>(stored).is_ok_and(|found| found == **info)
        }
    }
}

/// Whether a waiting task may be handed out.
pub fn is_deliverable(bytes: &[u8]) -> bool {
    bytes == [VERSION_1, 1]
}

/// The events of one transition: each as the JSON that the wire sends, after its length in bytes
/// (32 bits, big-endian), so that a page of a history is put together from stored bytes.
pub fn events(events: &[Event]) -> Vec<u8> {
    let mut bytes = vec![VERSION_1];
    for event in events {
        let at = bytes.len();
        bytes.extend([0; 4]);
        serde_json::to_writer(&mut bytes, event).expect("an event has text keys");
        let length = u32::try_from(bytes.len() - at - 4).expect("an event is below 4 GiB");
        bytes[at..at + 4].copy_from_slice(&length.to_be_bytes());
    }
    bytes
}

/// The JSON of each event of a transition, in order.
pub fn event_jsons(bytes: &[u8]) -> Result<Vec<&[u8]>, Damage> {
    let mut rest = json_of(bytes)?;
    let mut jsons = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (json, after) = after
            .split_at_checked(u32::from_be_bytes(*length) as usize)
            .ok_or_else(|| Damage("a stored event is cut off".to_owned()))?;
        jsons.push(json);
        rest = after;
    }
    Ok(jsons)
}

/// An event from its stored JSON.
pub fn parse_event(json: &[u8]) -> Result<Event, Damage> {
    serde_json::from_slice(json)
        .map_err(|error| Damage(format!("a stored event does not decode: {error}")))
}

/// The event `event_id` out of a transition that begins with `first`.
pub fn event_at(bytes: &[u8], first: EventId, event_id: EventId) -> Result<Event, Damage> {
    let index = event_id.0.checked_sub(first.0).and_then(|index| usize::try_from(index).ok());
    let jsons = event_jsons(bytes)?;
    let json = index.and_then(|index| jsons.get(index));
    parse_event(json.ok_or_else(|| Damage(format!("event {event_id} is missing")))?)
}

#[cfg(test)]
mod tests;
