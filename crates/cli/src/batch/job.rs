//! The file of a job: JSON lines. A header, the executions that are meant, and behind them what came
//! of each, in the order in which it came.
//!
//! Invariant: the header and the executions are there as a whole before anything is done, and are
//! never changed; outcomes are only added. So a job that was cut, wherever, goes on with those
//! that have no outcome.

use super::action::Action;
use super::{TARGETS_MAX, moment};
use serde::{Deserialize, Serialize};
use wire::{RunId, Timestamp, WorkflowExecutionInfo, WorkflowId, WorkflowType};

/// The form of the file.
const FORM: u32 = 1;
/// The longest reason that is kept, in characters.
const REASON_CHARACTERS_MAX: usize = 1000;

/// The longest part of a domain's name in that of a file, in characters: systems take 255 in all.
const NAME_CHARACTERS_MAX: usize = 100;

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Header {
    /// The version of the form.
    #[serde(rename = "tidewheelBatch")]
    form: u32,
    /// When the executions were looked for.
    #[serde(with = "moment")]
    pub made: Timestamp,
    /// Where.
    pub endpoint: String,
    /// Whether that is a server which takes any credentials if there are none.
    #[serde(default)]
    pub is_local: bool,
    /// The region that requests are signed for.
    pub region: String,
    /// The domain.
    pub domain: String,
    /// Which of its open executions are meant.
    pub query: String,
    /// What is done to them.
    #[serde(flatten)]
    pub action: Action,
    /// How many of them there are.
    pub targets: usize,
    /// Whether there were more than a job may have.
    #[serde(default)]
    pub is_cut: bool,
}

/// An execution that is meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// Its id.
    pub workflow_id: WorkflowId,
    /// The run: a newer one of the same id is not meant.
    pub run_id: RunId,
    /// Its type.
    #[serde(rename = "type")]
    pub workflow_type: WorkflowType,
    /// When it began.
    #[serde(with = "moment")]
    pub started: Timestamp,
}

impl Target {
    /// One that stands for any.
    pub(super) fn example() -> Target {
        Target {
            workflow_id: "id".into(),
            run_id: "run".into(),
            workflow_type: WorkflowType { name: "type".into(), version: "1".into() },
            started: Timestamp::default(),
        }
    }
}

impl From<WorkflowExecutionInfo> for Target {
    fn from(info: WorkflowExecutionInfo) -> Target {
        Target {
            workflow_id: info.execution.workflow_id,
            run_id: info.execution.run_id,
            workflow_type: info.workflow_type,
            started: info.start_timestamp,
        }
    }
}

/// What came of an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", content = "reason", rename_all = "camelCase")]
pub enum Outcome {
    /// It is done.
    Done,
    /// It was closed before.
    Closed,
    /// The service does not do it.
    Failed(String),
}

/// A line that was added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Which of the executions, from 1.
    pub target: usize,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// When.
    #[serde(with = "moment")]
    pub at: Timestamp,
}

impl Record {
    /// The record of an execution, by its place from 0.
    pub fn new(index: usize, outcome: Outcome, at: Timestamp) -> Record {
        let outcome = match outcome {
            Outcome::Failed(reason) => {
                Outcome::Failed(reason.chars().take(REASON_CHARACTERS_MAX).collect())
            }
            Outcome::Done | Outcome::Closed => outcome,
        };
        Record { target: index + 1, outcome, at }
    }

    /// As it stands in the file, with the end of the line.
    pub fn line(&self) -> String {
        line(self)
    }
}

/// Why a file is no job, or not a whole one. Lines are counted from 1.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// It has no lines.
    #[error("it is empty")]
    Empty,
    /// A line is none of a job's.
    #[error("line {line} cannot be read: {error}")]
    Line {
        /// Which.
        line: usize,
        /// What is wrong with it.
        error: serde_json::Error,
    },
    /// It is of another version of this program.
    #[error("it has form {0}, and form {FORM} is known here")]
    Form(u32),
    /// It ends before its executions do.
    #[error("it has {found} of its {wanted} executions; make the job again")]
    Short {
        /// How many there are.
        found: usize,
        /// How many there should be.
        wanted: usize,
    },
    /// It says to have more executions than a job may have.
    #[error("it has {0} executions, and a job has {TARGETS_MAX} at most")]
    Long(usize),
    /// An outcome of an execution that it does not have.
    #[error("line {line} is about execution {target}, which is not in it")]
    Unknown {
        /// Which line.
        line: usize,
        /// Which execution.
        target: usize,
    },
}

/// A job with what came of it so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// What it is.
    pub header: Header,
    /// The executions, in the order of the file.
    pub targets: Vec<Target>,
    /// The newest outcome of each, if there is one.
    pub outcomes: Vec<Option<Outcome>>,
}

impl Job {
    /// A job that nothing came of yet. `targets` are [`TARGETS_MAX`] at most.
    pub fn new(header: Header, targets: Vec<Target>) -> Job {
        let outcomes = vec![None; targets.len()];
        Job { header: Header { targets: targets.len(), ..header }, targets, outcomes }
    }

    /// As it stands in the file before anything is done.
    pub fn lines(&self) -> impl Iterator<Item = String> + '_ {
        std::iter::once(line(&self.header)).chain(self.targets.iter().map(line))
    }

    /// Those that are still to be acted on, by their places from 0: those without an outcome, and
    /// if it is asked for those that failed.
    pub fn left(&self, with_failed: bool) -> Vec<usize> {
        let is_left = |outcome: &Option<Outcome>| match outcome {
            None => true,
            Some(Outcome::Failed(_)) => with_failed,
            Some(Outcome::Done | Outcome::Closed) => false,
        };
        let places = self.outcomes.iter().enumerate();
        places.filter(|(_, outcome)| is_left(outcome)).map(|(index, _)| index).collect()
    }
}

impl Header {
    /// A header; how many executions there are follows from them.
    pub fn new(made: Timestamp, domain: &str, query: &str, action: Action) -> Header {
        Header {
            form: FORM,
            made,
            endpoint: String::new(),
            is_local: false,
            region: String::new(),
            domain: domain.to_owned(),
            query: query.to_owned(),
            action,
            targets: 0,
            is_cut: false,
        }
    }
}

/// What the file of a job is called, if nobody says. What is neither a letter nor a digit of a
/// domain's name is a dash.
pub fn file_name(action: &Action, domain: &str, made: Timestamp) -> String {
    let plain = domain.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
    let domain: String = plain.take(NAME_CHARACTERS_MAX).collect();
    let made = moment::date(made).strftime("%Y%m%dT%H%M%S.%3fZ");
    format!("tidewheel-batch-{}-{domain}-{made}.jsonl", action.word())
}

/// A job that is read line by line.
#[derive(Debug, Default)]
pub struct Reading {
    lines: usize,
    job: Option<Job>,
}

impl Reading {
    /// Takes the next line, without its end. The caller leaves out a last line that has no end: the
    /// process that wrote it was cut.
    pub fn line(&mut self, text: &str) -> Result<(), JobError> {
        self.lines += 1;
        let line = self.lines;
        let wrong = |error| JobError::Line { line, error };
        let Some(job) = &mut self.job else {
            // The form first: another may have other members.
            let form: Form = serde_json::from_str(text).map_err(wrong)?;
            if form.form != FORM {
                return Err(JobError::Form(form.form));
            }
            let header: Header = serde_json::from_str(text).map_err(wrong)?;
            if TARGETS_MAX < header.targets {
                return Err(JobError::Long(header.targets));
            }
            self.job = Some(Job { header, targets: Vec::new(), outcomes: Vec::new() });
            return Ok(());
        };
        if job.targets.len() < job.header.targets {
            job.targets.push(serde_json::from_str(text).map_err(wrong)?);
            job.outcomes.push(None);
            return Ok(());
        }
        let Record { target, outcome, .. } = serde_json::from_str(text).map_err(wrong)?;
        let place = target.checked_sub(1).and_then(|index| job.outcomes.get_mut(index));
        *place.ok_or(JobError::Unknown { line, target })? = Some(outcome);
        Ok(())
    }

    /// The job, when all lines were taken.
    pub fn end(self) -> Result<Job, JobError> {
        let job = self.job.ok_or(JobError::Empty)?;
        let (found, wanted) = (job.targets.len(), job.header.targets);
        if found < wanted { Err(JobError::Short { found, wanted }) } else { Ok(job) }
    }
}

#[derive(Deserialize)]
struct Form {
    #[serde(rename = "tidewheelBatch")]
    form: u32,
}

fn line(value: &impl Serialize) -> String {
    let mut line = serde_json::to_string(value).expect("it is written to memory");
    line.push('\n');
    line
}
