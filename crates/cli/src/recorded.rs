//! Histories for tests: what a server answered while small deciders and workers ran, with what
//! DescribeWorkflowExecution said, and what time it was. Only ids that are made at random and the
//! moment of the start were changed afterwards; a test may say that it is later.

use crate::timeline::{Snapshot, Timeline};
use serde::Deserialize;
use wire::{Event, Timestamp, WorkflowExecutionDetail};

/// A history with what DescribeWorkflowExecution says, and what time it is.
#[derive(Deserialize)]
pub struct Recorded {
    pub now: Timestamp,
    pub detail: WorkflowExecutionDetail,
    pub events: Vec<Event>,
}

impl Recorded {
    pub fn of(json: &str) -> Recorded {
        serde_json::from_str(json).expect("a recording")
    }

    pub fn timeline(&self) -> Timeline {
        Timeline::of(&self.events)
    }

    /// Of an execution in a domain.
    pub fn snapshot<'a>(&'a self, domain: &'a str, timeline: &'a Timeline) -> Snapshot<'a> {
        Snapshot { domain, timeline, detail: &self.detail, now: self.now }
    }
}
