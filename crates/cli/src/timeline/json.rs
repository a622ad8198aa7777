//! A timeline as JSON, for scripts. Moments are seconds since 1970, as in the API.

use super::{Group, Snapshot};
use serde_json::{Map, Value, json};
use wire::Timestamp;

impl Snapshot<'_> {
    /// One object: the execution, all groups, and what is pending.
    pub fn json(&self) -> Value {
        let info = &self.detail.execution_info;
        let head: Map<String, Value> =
            self.head().into_iter().map(|(name, text)| (name.to_owned(), json!(text))).collect();
        let pending: Vec<Value> = self
            .pending()
            .iter()
            .map(|pending| {
                let deadlines: Vec<Value> = pending
                    .deadlines
                    .iter()
                    .map(|deadline| json!({ "at": seconds(deadline.at), "what": deadline.what }))
                    .collect();
                json!({
                    "eventId": pending.group.map(|group| group.event_id),
                    "deadlines": deadlines,
                    "isHeldBack": pending.is_held,
                    "text": self.describe(pending),
                })
            })
            .collect();
        json!({
            "domain": self.domain,
            "execution": info.execution,
            "status": self.status(),
            "startTimestamp": seconds(self.zero()),
            "closeTimestamp": self.closed_at().map(seconds),
            "head": head,
            "groups": self.timeline.groups.iter().map(group).collect::<Vec<_>>(),
            "pending": pending,
        })
    }
}

fn seconds(at: Timestamp) -> f64 {
    at.0 as f64 / 1000.0
}

fn group(group: &Group) -> Value {
    let payloads: Map<String, Value> =
        group.payloads.iter().map(|(name, text)| ((*name).to_owned(), json!(text))).collect();
    json!({
        "kind": group.kind.word(),
        "name": group.name,
        "id": group.id,
        "eventId": group.event_id,
        "version": group.registered.as_ref().map(|registered| &registered.version),
        "runId": group.run,
        "decidedBy": group.decided_by,
        "startedEventId": group.started_event,
        "closedEventId": group.closed_event,
        "scheduled": seconds(group.scheduled_at),
        "started": group.started_at.map(seconds),
        "closed": group.closed_at.map(seconds),
        "isOpen": group.outcome.is_open(),
        "isFailure": group.outcome == super::Outcome::Failed,
        "outcome": group.word,
        "by": group.by,
        "attempt": group.attempt,
        "taskList": group.task_list,
        "cancelRequested": group.cancel_requested_at.is_some(),
        "payloads": payloads,
    })
}
