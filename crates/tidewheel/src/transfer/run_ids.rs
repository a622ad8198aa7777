//! Run ids for a copy: those of its source name runs there, and may on the same server.
//!
//! Each is made from the one that it stands for and the region and name of the copy's domain. So what
//! refers to each other still does, and an import that is run again finds what it has brought.

use cli::transfer::Line;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use wire::{DomainName, Event, RunId};

/// How many characters of a Tidewheel's run id are the time of its start, in hexadecimal digits. A
/// copy keeps them, since what is written together lies together in the store because of them.
const TIME_CHARS: usize = 12;

/// How much of the digest an id has, in bytes.
const DIGEST_BYTES: usize = 16;

/// The members of events that name runs.
pub(super) const MEMBERS: [&str; 3] = ["runId", "newExecutionRunId", "continuedExecutionRunId"];

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRunIds {
    /// The region of the copy: a domain of the same name in another one is another domain.
    pub region: String,
    /// The domain of the copy.
    pub domain: DomainName,
}

impl NewRunIds {
    /// The id that stands for another one.
    pub fn of(&self, run_id: &str) -> String {
        let mut hash = Sha256::new();
        for text in [&*self.region, self.domain.as_str()] {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
        hash.update(run_id);
        let time = run_id.get(..TIME_CHARS).unwrap_or_default();
        let is_time = time.bytes().all(|byte| byte.is_ascii_hexdigit());
        let mut new = if is_time { time.to_owned() } else { String::new() };
        for byte in &hash.finalize()[..DIGEST_BYTES] {
            write!(new, "{byte:02x}").expect("it is written to memory");
        }
        new
    }

    /// A line of the copy.
    pub fn line(&self, line: Line) -> Line {
        match line {
            Line::Execution(mut execution) => {
                execution.run_id = RunId::from(self.of(execution.run_id.as_str()));
                Line::Execution(execution)
            }
            Line::Event(event) => Line::Event(Box::new(self.event(&event))),
            Line::TidewheelExport(_)
            | Line::Domain(_)
            | Line::WorkflowType(_)
            | Line::ActivityType(_)
            | Line::ExecutionEnd(_)
            | Line::End(_) => line,
        }
    }

    /// An event of the copy. SWF's references stay within a domain, so each names a run of the copy.
    fn event(&self, event: &Event) -> Event {
        let mut value = serde_json::to_value(event).expect("an event has text keys");
        self.rename(&mut value);
        serde_json::from_value(value).expect("a run id is any text")
    }

    fn rename(&self, value: &mut Value) {
        // What users give is text, and is not looked into.
        let Value::Object(members) = value else { return };
        for (name, member) in members {
            // Some events have an empty one where none was given.
            match member.as_str().filter(|text| !text.is_empty()) {
                Some(run_id) if MEMBERS.contains(&name.as_str()) => {
                    *member = self.of(run_id).into()
                }
                Some(_) | None => self.rename(member),
            }
        }
    }
}
