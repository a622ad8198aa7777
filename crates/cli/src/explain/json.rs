//! An explanation as JSON, for scripts. Moments are seconds since 1970, as in the API.

use super::{Explanation, Finding};
use serde_json::{Value, json};
use wire::Timestamp;

impl Explanation<'_> {
    /// One object: the execution, and all findings.
    pub fn json(&self) -> Value {
        let snapshot = &self.facts.snapshot;
        json!({
            "domain": snapshot.domain,
            "execution": snapshot.detail.execution_info.execution,
            "status": snapshot.status(),
            "at": seconds(snapshot.now),
            "startTimestamp": seconds(snapshot.zero()),
            "closeTimestamp": snapshot.closed_at().map(seconds),
            "eventCount": snapshot.timeline.last(),
            "pollersAreTold": self.facts.pollers_are_told(),
            "findings": self.findings.iter().map(finding).collect::<Vec<_>>(),
        })
    }
}

fn seconds(at: Timestamp) -> f64 {
    at.0 as f64 / 1000.0
}

fn finding(finding: &Finding) -> Value {
    let evidence: Vec<Value> = finding
        .evidence
        .iter()
        .map(|evidence| {
            json!({
                "eventId": evidence.event_id,
                "at": evidence.at.map(seconds),
                "text": evidence.text,
            })
        })
        .collect();
    let commands: Vec<Value> = finding
        .commands
        .iter()
        .map(|command| json!({ "purpose": command.purpose, "line": command.line }))
        .collect();
    json!({
        "kind": finding.kind.name(),
        "severity": finding.severity.word(),
        "sentence": finding.sentence,
        "evidence": evidence,
        "commands": commands,
    })
}
