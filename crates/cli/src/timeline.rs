//! One execution as a timeline: its history as groups, each an activity, a timer, a child, a
//! decision task or the like, and these as text or JSON.
//!
//! The groups are a fold over events, taken one after another in the order of the history, so that
//! a long history needs one pass. What time it is comes in as data.

mod axis;
mod draw;
mod effect;
mod gather;
mod head;
mod json;
pub(crate) mod length;
mod line;
mod pending;
#[cfg(test)]
mod tests;

pub use draw::View;
pub use line::{event_json, event_line, event_summary};

use effect::Effect;
use std::collections::BTreeMap;
use wire::event::WorkflowExecutionStarted;
use wire::{ActivityType, CloseStatus, Event, EventId, RunId, Timeout, Timestamp};
use wire::{WorkflowExecutionDetail, WorkflowId, WorkflowType};

/// The history of one run, gathered.
#[derive(Debug, Default)]
pub struct Timeline {
    pub(crate) groups: Vec<Group>,
    /// Groups that later events belong to, by the event that began them.
    begun: BTreeMap<EventId, usize>,
    /// The newest activity of each type with each id.
    newest: BTreeMap<(Option<Registered>, String), usize>,
    /// What came of decision tasks, by the event that completed each.
    effects: BTreeMap<EventId, Vec<Effect>>,
    pub(crate) started: Option<(Timestamp, WorkflowExecutionStarted)>,
    pub(crate) closed: Option<Close>,
    cancel_requested: bool,
    /// When the newest decision task ended.
    pub(crate) decided_at: Option<Timestamp>,
    last: EventId,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub(crate) struct Close {
    pub(crate) at: Timestamp,
    pub(crate) status: CloseStatus,
    pub(crate) continued_as: Option<RunId>,
}

/// What a group is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Activity,
    Timer,
    Child,
    Signal,
    Marker,
    Lambda,
    Decision,
    CancelRequest,
    ExternalSignal,
    ExternalCancel,
    Refusal,
    Close,
}

impl Kind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Kind::Activity => "activity",
            Kind::Timer => "timer",
            Kind::Child => "child",
            Kind::Signal => "signal",
            Kind::Marker => "marker",
            Kind::Lambda => "lambda",
            Kind::Decision => "decision",
            Kind::CancelRequest => "cancel",
            Kind::ExternalSignal => "signal to",
            Kind::ExternalCancel => "cancel of",
            Kind::Refusal => "refused",
            Kind::Close => "execution",
        }
    }

    /// Whether somebody works, or is to, while it is open.
    fn is_work(self) -> bool {
        match self {
            Kind::Activity | Kind::Child | Kind::Lambda | Kind::Decision => true,
            Kind::Timer
            | Kind::Signal
            | Kind::Marker
            | Kind::CancelRequest
            | Kind::ExternalSignal
            | Kind::ExternalCancel
            | Kind::Refusal
            | Kind::Close => false,
        }
    }
}

/// How a group stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It waits for somebody, or for its time.
    Waits,
    /// Somebody works on it.
    Runs,
    /// It went well, or is over in the moment in which it happens.
    Done,
    /// It went wrong.
    Failed,
    /// It was called off.
    Canceled,
}

impl Outcome {
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Outcome::Waits | Outcome::Runs)
    }
}

/// Events that belong together.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) kind: Kind,
    /// The name of its type, or its own.
    pub(crate) name: String,
    /// What tells it from others of that name; empty if that is the name itself.
    pub(crate) id: String,
    pub(crate) event_id: EventId,
    pub(crate) scheduled_at: Timestamp,
    pub(crate) started_at: Option<Timestamp>,
    /// Equal to `scheduled_at` for what is over in a moment.
    pub(crate) closed_at: Option<Timestamp>,
    pub(crate) outcome: Outcome,
    /// The outcome as a word.
    pub(crate) word: String,
    /// Who did it, or where it came from.
    pub(crate) by: Option<String>,
    /// 1 for what was not tried before.
    pub(crate) attempt: u32,
    pub(crate) task_list: Option<String>,
    /// When an activity was asked to cancel.
    pub(crate) cancel_requested_at: Option<Timestamp>,
    pub(crate) registered: Option<Registered>,
    /// The id of the other execution of which something was wanted, in a decision that was refused.
    pub(crate) other: Option<WorkflowId>,
    /// The run of a child that was started.
    pub(crate) run: Option<RunId>,
    /// The event that completed the decision task that it is the outcome of.
    pub(crate) decided_by: Option<EventId>,
    pub(crate) started_event: Option<EventId>,
    pub(crate) closed_event: Option<EventId>,
    /// Inputs, results and the like, by their names in the API.
    pub(crate) payloads: Vec<(&'static str, String)>,
    pub(crate) limits: Limits,
}

/// A type of activities or of workflows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Registered {
    pub(crate) name: String,
    pub(crate) version: String,
}

impl Registered {
    fn of_activity(activity: &ActivityType) -> Registered {
        let (name, version) = (activity.name.to_string(), activity.version.to_string());
        Registered { name, version }
    }

    fn of_workflow(workflow: &WorkflowType) -> Registered {
        let (name, version) = (workflow.name.to_string(), workflow.version.to_string());
        Registered { name, version }
    }
}

/// The time-outs of a group; none is unlimited.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limits {
    pub(crate) schedule_to_start: Option<Timeout>,
    pub(crate) start_to_close: Option<Timeout>,
    pub(crate) schedule_to_close: Option<Timeout>,
    pub(crate) heartbeat: Option<Timeout>,
}

/// A history with what the server says of its execution, at a moment.
#[derive(Clone, Copy, Debug)]
pub struct Snapshot<'a> {
    /// The name of the domain.
    pub domain: &'a str,
    /// The history.
    pub timeline: &'a Timeline,
    /// The answer of DescribeWorkflowExecution.
    pub detail: &'a WorkflowExecutionDetail,
    /// What time it is.
    pub now: Timestamp,
}

impl Timeline {
    /// Gathers a history, of which nothing was gathered yet.
    pub fn of(events: &[Event]) -> Timeline {
        let mut timeline = Timeline::default();
        events.iter().for_each(|event| timeline.add(event));
        timeline
    }

    /// The newest event that was added; [`EventId::NONE`] if there is none.
    pub fn last(&self) -> EventId {
        self.last
    }

    /// What is open, in the order of the history.
    pub(crate) fn open(&self) -> impl Iterator<Item = &Group> {
        self.begun.values().map(|index| &self.groups[*index])
    }

    /// When the run began, if its first event was added.
    pub fn started_at(&self) -> Option<Timestamp> {
        self.started.as_ref().map(|(at, _)| *at)
    }

    /// How the run ended, if it has.
    pub fn close_status(&self) -> Option<CloseStatus> {
        self.closed.as_ref().map(|closed| closed.status)
    }

    /// The run that this one was continued as.
    pub fn continued_as(&self) -> Option<&RunId> {
        self.closed.as_ref()?.continued_as.as_ref()
    }
}

impl Snapshot<'_> {
    pub(crate) fn zero(&self) -> Timestamp {
        self.timeline.started_at().unwrap_or(self.detail.execution_info.start_timestamp)
    }

    pub(crate) fn closed_at(&self) -> Option<Timestamp> {
        let closed = self.timeline.closed.as_ref().map(|closed| closed.at);
        closed.or(self.detail.execution_info.close_timestamp)
    }

    /// The end of the axis. Clocks differ: what has happened is not in the future.
    fn end(&self) -> Timestamp {
        let newest =
            |group: &Group| group.closed_at.or(group.started_at).unwrap_or(group.scheduled_at);
        let newest = self.timeline.groups.iter().map(newest).max().unwrap_or(self.zero());
        self.closed_at().unwrap_or(self.now).max(newest)
    }
}
