//! What a check may find, and how it is said.

use crate::keys::Table;
use std::fmt;
use store::ShardId;
use wire::{DomainName, EventId, RunId, Timestamp, WorkflowId};

/// How many characters of a value a finding shows.
const SHOWN_CHARS_MAX: usize = 200;

/// Something that does not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub shard: ShardId,
    /// Which run it is about, if it is about one.
    pub run: Option<WhoseRun>,
    /// In which table; none if the key belongs to no table.
    pub table: Option<Table>,
    /// What is wrong.
    pub what: What,
    /// True if it has been put right.
    pub repaired: bool,
}

/// A run, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhoseRun {
    /// Its id.
    pub run_id: RunId,
    /// Its domain and workflow id, if it can still be told.
    pub workflow: Option<(DomainName, WorkflowId)>,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A row is not there that follows from a history.
    Missing {
        /// What it should hold.
        expected: Shown,
    },
    /// A row holds something else than what follows from a history.
    Different {
        /// What it should hold.
        expected: Shown,
        /// What it holds.
        found: Shown,
    },
    /// A row is there that follows from no history.
    Stray {
        /// What it holds.
        found: Shown,
    },
    /// A key does not decode, or belongs to no table that this build knows.
    UnknownKey {
        /// The key.
        key: Shown,
    },
    /// A value does not decode.
    Damaged {
        /// Why.
        why: String,
    },
    /// A history is not one.
    History(HistoryFault),
    /// A history whose run's domain and workflow id are named nowhere any more.
    Ownerless,
    /// A run belongs to another shard.
    WrongShard {
        /// The one its workflow id hashes to.
        belongs: ShardId,
    },
    /// A run's domain, or that of a registered type, is not registered.
    DomainMissing {
        /// The domain.
        domain: DomainName,
    },
    /// Two runs of one workflow id are open.
    TwoOpen {
        /// The other one.
        other: RunId,
    },
    /// The run that goes on where this one ends is not there.
    SuccessorMissing {
        /// Which it should be.
        run_id: RunId,
    },
    /// A run and the one it goes on from, or that goes on from it, do not name each other.
    Unlinked {
        /// The other one.
        other: RunId,
        /// Whom that one names instead.
        names: Option<RunId>,
    },
    /// A snapshot says more than the history.
    SnapshotAhead {
        /// The event that it is as of.
        at: EventId,
        /// The last event there is.
        last: EventId,
    },
    /// A snapshot says something else than the history up to its event.
    SnapshotDiffers {
        /// The event that it is as of.
        at: EventId,
    },
    /// A message is missing between those that were taken and one that waits.
    MessageGap {
        /// Whom the messages are for.
        to: ShardId,
        /// The number that should come next.
        expected: u64,
        /// The number that does.
        found: u64,
    },
    /// A message is on its way to a shard that does not have its receiver.
    MessageAstray {
        /// Whom it is sent to.
        to: ShardId,
        /// Its number.
        number: u64,
        /// Where its receiver is.
        belongs: ShardId,
    },
}

/// Why a history is not one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryFault {
    /// It has no events, though there is a snapshot of the run.
    Empty,
    /// A row does not decode.
    Undecodable {
        /// The event that its key names.
        first: EventId,
        /// Why.
        why: String,
    },
    /// A row's key is not the id of its first event.
    Misplaced {
        /// What the key names.
        key: EventId,
        /// The event's id.
        event: EventId,
    },
    /// An event is missing.
    Gap {
        /// The id that should come next.
        expected: EventId,
        /// The id that does.
        found: EventId,
    },
    /// It does not begin with WorkflowExecutionStarted.
    NoStart {
        /// What it begins with.
        event_type: &'static str,
    },
    /// It has a second WorkflowExecutionStarted.
    SecondStart {
        /// Which event.
        event: EventId,
    },
    /// An event is older than the one before it.
    BackInTime {
        /// Which event.
        event: EventId,
        /// The time before.
        before: Timestamp,
        /// Its time.
        at: Timestamp,
    },
    /// There are events after the one that closed the execution.
    AfterClose {
        /// The first of them.
        event: EventId,
    },
    /// An event cannot follow what came before it.
    CannotFollow {
        /// Which event.
        event: EventId,
        /// Why.
        why: String,
    },
}

/// A value or a key for people to look at. What users put into their executions is not shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown(String);

impl Shown {
    /// The value of a row.
    pub fn value(table: Table, bytes: &[u8]) -> Shown {
        match table {
            Table::Heartbeat
            | Table::Snapshot
            | Table::History
            | Table::Outbox
            | Table::Import
            | Table::TokenKey
            | Table::Restoration
            | Table::Account
            | Table::ManagedPolicy
            | Table::Group
            | Table::User
            | Table::Role
            | Table::AccessKey
            | Table::KeyUse
            | Table::LatestTime
            | Table::DeletedKey => Shown(format!("{} bytes", bytes.len())),
            Table::Run
            | Table::OpenRun
            | Table::Task
            | Table::Wake
            | Table::Open
            | Table::ClosedByStart
            | Table::ClosedByClose
            | Table::Watermark
            | Table::LeftOver
            | Table::OpenCount
            | Table::Lambda
            | Table::Domain
            | Table::ActivityType
            | Table::WorkflowType => Shown::bytes(bytes.strip_prefix(&[1]).unwrap_or(bytes)),
        }
    }

    /// A key, or what may be shown of a value.
    pub fn bytes(bytes: &[u8]) -> Shown {
        let mut text = String::new();
        for chunk in bytes.utf8_chunks() {
            for character in chunk.valid().chars() {
                if character.is_control() {
                    text.extend(character.escape_default());
                } else {
                    text.push(character);
                }
            }
            text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
            if text.chars().count() > SHOWN_CHARS_MAX {
                return Shown(text.chars().take(SHOWN_CHARS_MAX).chain("...".chars()).collect());
            }
        }
        Shown(text)
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shard {}", self.shard.0)?;
        if let Some(WhoseRun { run_id, workflow }) = &self.run {
            write!(f, ", run {run_id}")?;
            if let Some((domain, workflow_id)) = workflow {
                write!(f, " of workflow {workflow_id} in domain {domain}")?;
            }
        }
        if let Some(table) = self.table {
            write!(f, ", {table} row")?;
        }
        write!(f, ": {}", self.what)?;
        f.write_str(if self.repaired { " (repaired)" } else { "" })
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::Missing { expected } => write!(f, "it is missing; it should hold {expected}"),
            What::Different { expected, found } => {
                write!(f, "it holds {found}; it should hold {expected}")
            }
            What::Stray { found } => write!(f, "it follows from no history; it holds {found}"),
            What::UnknownKey { key } => write!(f, "the key {key} is not known"),
            What::Damaged { why } => write!(f, "it is damaged: {why}"),
            What::History(fault) => write!(f, "the history is damaged: {fault}"),
            What::Ownerless => f.write_str("nothing tells whose history it is"),
            What::WrongShard { belongs } => write!(f, "it belongs to shard {}", belongs.0),
            What::DomainMissing { domain } => write!(f, "the domain {domain} is not registered"),
            What::TwoOpen { other } => write!(f, "run {other} of the workflow is open, too"),
            What::SuccessorMissing { run_id } => {
                write!(f, "it goes on as run {run_id}, which is not there")
            }
            What::Unlinked { other, names: Some(names) } => {
                write!(f, "run {other} should name it, and names run {names}")
            }
            What::Unlinked { other, names: None } => {
                write!(f, "run {other} should name it, and names no run")
            }
            What::SnapshotAhead { at, last } => {
                write!(f, "it is as of event {at}, and the last event is {last}")
            }
            What::SnapshotDiffers { at } => {
                write!(f, "it is not what the history says as of event {at}")
            }
            What::MessageGap { to, expected, found } => {
                write!(f, "to shard {}, number {expected} should be next; it is {found}", to.0)
            }
            What::MessageAstray { to, number, belongs } => write!(
                f,
                "number {number} to shard {} is for an execution of shard {}",
                to.0, belongs.0
            ),
        }
    }
}

impl fmt::Display for HistoryFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HistoryFault::Empty => f.write_str("it has no events"),
            HistoryFault::Undecodable { first, why } => {
                write!(f, "what begins with event {first} does not decode: {why}")
            }
            HistoryFault::Misplaced { key, event } => {
                write!(f, "event {event} stands in the place of event {key}")
            }
            HistoryFault::Gap { expected, found } => {
                write!(f, "event {expected} should be next; it is {found}")
            }
            HistoryFault::NoStart { event_type } => write!(f, "it begins with {event_type}"),
            HistoryFault::SecondStart { event } => write!(f, "event {event} starts it again"),
            HistoryFault::BackInTime { event, before, at } => {
                write!(f, "event {event} is of {} ms, and the one before of {} ms", at.0, before.0)
            }
            HistoryFault::AfterClose { event } => {
                write!(f, "event {event} follows the one that closed the execution")
            }
            HistoryFault::CannotFollow { event, why } => {
                write!(f, "event {event} cannot follow what is before it: {why}")
            }
        }
    }
}
