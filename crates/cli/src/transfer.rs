//! Executions on their way from one server to another: the lines of an export, and what an import of
//! them comes to.
//!
//! An export is JSON lines. The first says which version of the form it has; then come domains, their
//! types, and executions, each with its events in lines of their own, so that no line is long; the
//! last says that nothing is missing. docs/migrating.md has the form for others. Files, calls and the
//! clock are the binary's.

mod history;
mod notes;
mod plan;
mod report;

pub use history::{HistoryError, read_history};
pub use plan::{
    Announced, Announcement, Due, Facts, Held, Here, Link, Options, Plan, Registration, Registry,
    Step, Verdict,
};
pub use report::Shown;

use serde::{Deserialize, Serialize};
use wire::{
    ActivityTypeDetail, DomainDetail, DomainName, Event, EventId, ExecutionStatus, ResourceTag,
    RunId, Timestamp, WorkflowId, WorkflowTypeDetail,
};

/// The version of the form that is written, and the only one that is read.
pub const VERSION: u32 = 1;

/// The longest line, in bytes: an event with the longest texts that there are, all of them escaped,
/// and a domain with all its tags take less.
pub const LINE_BYTES_MAX: usize = 2 * 1024 * 1024;

/// A line of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Line {
    /// The first one.
    TidewheelExport(Header),
    /// A domain. Its types and executions follow.
    Domain(Box<Domain>),
    /// A workflow type of the domain before.
    WorkflowType(Box<WorkflowTypeDetail>),
    /// An activity type of the domain before.
    ActivityType(Box<ActivityTypeDetail>),
    /// An execution. Its events follow.
    Execution(Execution),
    /// The next event of the execution before.
    Event(Box<Event>),
    /// The events of an execution are over.
    ExecutionEnd(ExecutionEnd),
    /// The last one.
    End(End),
}

/// What an export is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Header {
    /// Of the form.
    pub version: u32,
    /// From which server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exported_at: Option<Timestamp>,
}

/// A domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Domain {
    /// As DescribeDomain has it.
    #[serde(flatten)]
    pub detail: DomainDetail,
    /// As ListTagsForResource has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<ResourceTag>,
}

/// An execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Execution {
    /// In which domain.
    pub domain: DomainName,
    /// Which workflow.
    pub workflow_id: WorkflowId,
    /// Which run of it.
    pub run_id: RunId,
    /// What it was when it was listed, or the run was that it goes on from. Its history, which is read
    /// later, decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ExecutionStatus>,
}

/// How long an execution's history was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionEnd {
    /// The last event.
    pub last_event_id: EventId,
}

/// How many executions there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct End {
    /// In all domains.
    pub executions: u64,
}

/// Why a file is no export.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// A line is not one.
    #[error("line {line}: {why}")]
    Unreadable {
        /// Which.
        line: u64,
        /// Why.
        why: String,
    },
    /// A form of a later time.
    #[error(
        "the export has version {0} of the form; this is a Tidewheel that reads version {VERSION}"
    )]
    Version(u32),
    /// A line is not in its place.
    #[error("line {line}: {found} cannot stand here; {expected}")]
    Misplaced {
        /// Which.
        line: u64,
        /// What it is.
        found: &'static str,
        /// What should be there.
        expected: &'static str,
    },
    /// An execution has not the events that it should.
    #[error("line {line}: event {expected} comes next")]
    Gap {
        /// Which.
        line: u64,
        /// The event that is missing.
        expected: EventId,
    },
    /// There are more or fewer executions than there should be.
    #[error("the export says that it has {said} executions, and has {found}")]
    Count {
        /// What the last line says.
        said: u64,
        /// How many there are.
        found: u64,
    },
    /// The last line is missing, or its end is.
    #[error(
        "the export is cut off {} line {line}: a full disk or a broken pipe does that. {whole} executions \
         are whole. Export it again; where that cannot be, its first {whole_lines} lines and \
         {{\"end\":{{\"executions\":{whole}}}}} behind them are an export of what is whole",
        if *.within { "within" } else { "behind" }
    )]
    CutOff {
        /// Which.
        line: u64,
        /// Whether that line is not whole itself.
        within: bool,
        /// How many executions are.
        whole: u64,
        /// As far as the file goes before the first one that is not.
        whole_lines: u64,
    },
}

impl Line {
    /// The line as it is written, without its end.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a line has text keys and finite numbers")
    }

    fn name(&self) -> &'static str {
        match self {
            Line::TidewheelExport(_) => "tidewheelExport",
            Line::Domain(_) => "domain",
            Line::WorkflowType(_) => "workflowType",
            Line::ActivityType(_) => "activityType",
            Line::Execution(_) => "execution",
            Line::Event(_) => "event",
            Line::ExecutionEnd(_) => "executionEnd",
            Line::End(_) => "end",
        }
    }
}

/// Reads an export line by line, and holds each to its place.
#[derive(Debug, Default)]
pub struct Lines {
    /// How many were read.
    line: u64,
    place: Place,
    has_domain: bool,
    executions: u64,
    /// The last line behind which the export could have ended.
    whole_lines: u64,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Before,
    Between,
    /// Within an execution; the event that comes next.
    Within(EventId),
    Behind,
}

impl Lines {
    /// The next line, with its end if it has one; nothing if it is blank, as lines are that somebody has
    /// put in by hand.
    pub fn read(&mut self, text: &[u8]) -> Result<Option<Line>, LineError> {
        self.line += 1;
        let line = self.line;
        if text.trim_ascii().is_empty() {
            return Ok(None);
        }
        let unreadable = |why: String| LineError::Unreadable { line, why };
        let read: Line = match serde_json::from_slice(text) {
            Ok(read) => read,
            // Only the last line of a file has no end.
            Err(error)
                if error.is_eof() && !text.ends_with(b"\n") && self.place != Place::Before =>
            {
                return Err(self.cut_off(true));
            }
            Err(error) if self.place == Place::Before => {
                let why = format!("it is not the first line of an export: {error}");
                return Err(unreadable(why));
            }
            Err(error) => return Err(unreadable(error.to_string())),
        };
        let misplaced = |expected| LineError::Misplaced { line, found: read.name(), expected };
        match (&self.place, &read) {
            (Place::Before, Line::TidewheelExport(header)) if header.version != VERSION => {
                return Err(LineError::Version(header.version));
            }
            (Place::Before, Line::TidewheelExport(_)) => self.place = Place::Between,
            (Place::Before, _) => return Err(misplaced("an export begins with tidewheelExport")),
            (Place::Between, Line::Domain(_)) => self.has_domain = true,
            (Place::Between, Line::WorkflowType(_) | Line::ActivityType(_)) => {
                if !self.has_domain {
                    return Err(misplaced("a type follows its domain"));
                }
            }
            (Place::Between, Line::Execution(_)) => {
                self.executions += 1;
                self.place = Place::Within(EventId(1));
            }
            (Place::Between, Line::End(end)) => {
                if end.executions != self.executions {
                    let (said, found) = (end.executions, self.executions);
                    return Err(LineError::Count { said, found });
                }
                self.place = Place::Behind;
            }
            (Place::Between, _) => return Err(misplaced("an event follows its execution")),
            (Place::Within(expected), Line::Event(event)) => {
                if event.event_id != *expected {
                    return Err(LineError::Gap { line, expected: *expected });
                }
                self.place = Place::Within(expected.next());
            }
            (Place::Within(next), Line::ExecutionEnd(end)) => {
                if end.last_event_id.next() != *next {
                    return Err(LineError::Gap { line, expected: *next });
                }
                self.place = Place::Between;
            }
            (Place::Within(_), _) => {
                return Err(misplaced("the events of an execution end with executionEnd"));
            }
            (Place::Behind, _) => return Err(misplaced("the export is over")),
        }
        if self.place == Place::Between {
            self.whole_lines = self.line;
        }
        Ok(Some(read))
    }

    fn cut_off(&self, within: bool) -> LineError {
        let unfinished = u64::from(matches!(self.place, Place::Within(_)));
        LineError::CutOff {
            line: self.line,
            within,
            whole: self.executions - unfinished,
            whole_lines: self.whole_lines,
        }
    }

    /// Whether the file may end here.
    pub fn finish(&self) -> Result<(), LineError> {
        match self.place {
            Place::Behind => Ok(()),
            Place::Before | Place::Between | Place::Within(_) => Err(self.cut_off(false)),
        }
    }
}

#[cfg(test)]
mod tests;
