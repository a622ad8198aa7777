//! Why an event cannot follow what is before it in a history, in words.

use std::fmt;
use wire::{Event, EventId, Timestamp};

/// An event that cannot follow, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Which event.
    pub event_id: EventId,
    /// Its type.
    pub event_type: &'static str,
    /// What is wrong with it.
    pub why: Why,
}

/// What is wrong with an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// A history begins with something else.
    NoStart,
    /// The execution has been started already.
    SecondStart,
    /// The execution is closed.
    AfterClose,
    /// Another event comes next.
    Gap {
        /// Which.
        expected: EventId,
    },
    /// It is older than the one before it.
    BackInTime {
        /// The time of that one.
        before: Timestamp,
    },
    /// It names something that is not there, or not as the event needs it.
    Unknown {
        /// The member that names it.
        member: &'static str,
        /// What is named.
        named: String,
        /// What it would have to be.
        wanted: &'static str,
    },
    /// What it names belongs to something else.
    Other {
        /// The member that names it.
        member: &'static str,
        /// What is named.
        named: String,
        /// What would be right.
        right: String,
    },
    /// It begins what has not ended.
    InUse {
        /// The member that names it.
        member: &'static str,
        /// What is named.
        named: String,
        /// What it is.
        what: &'static str,
    },
    /// A decision task comes while another one of its kind is there.
    SecondDecisionTask {
        /// The event of that one.
        other: EventId,
        /// "waits" or "is started".
        state: &'static str,
    },
    /// A time-out that its task cannot have as it is.
    WrongTimeout {
        /// The kind of the time-out.
        timeout: &'static str,
        /// How the task is.
        state: &'static str,
    },
    /// There are more of something than can be kept.
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        most: usize,
    },
}

impl Why {
    /// The same with the event that it is about.
    pub(super) fn of(self, event: &Event) -> Misfit {
        let event_type = event.attributes.event_type();
        Misfit { event_id: event.event_id, event_type, why: self }
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Misfit { event_id, event_type, why } = self;
        write!(f, "event {event_id}: ")?;
        match why {
            Why::NoStart => {
                write!(f, "a history begins with WorkflowExecutionStarted, not with {event_type}")
            }
            Why::SecondStart => write!(f, "{event_type} starts what has been started"),
            Why::AfterClose => {
                write!(f, "{event_type} follows the event that closed the execution")
            }
            Why::Gap { expected } => write!(f, "event {expected} comes next"),
            Why::BackInTime { before } => write!(
                f,
                "{event_type} is older than the event before it, which is of {} ms",
                before.0
            ),
            Why::Unknown { member, named, wanted } => {
                write!(f, "{event_type} names {member} {named}, which is no {wanted}")
            }
            Why::Other { member, named, right } => {
                write!(f, "{event_type} names {member} {named} where {right} belongs to it")
            }
            Why::InUse { member, named, what } => {
                write!(f, "{event_type} names {member} {named}, which is {what} already")
            }
            Why::SecondDecisionTask { other, state } => {
                write!(f, "{event_type} comes while the decision task of event {other} {state}")
            }
            Why::WrongTimeout { timeout, state } => {
                write!(f, "{event_type} says {timeout} of a task that {state}")
            }
            Why::TooMany { what, most } => {
                write!(f, "{event_type} is one more than {most} {what}, the most that are kept")
            }
        }
    }
}

impl std::error::Error for Misfit {}
