//! Why an execution is where it is: findings from its history, from what the server says of it, and
//! from what is known of the task lists that something waits on.
//!
//! Facts in, findings out, as data; then text or JSON. Nothing here asks a server or the clock. A
//! finding says what is so, what it rests on (events, times), and which commands help. What cannot
//! be known from the facts is said to be unknown, and not guessed; what is likely is called so.

mod cause;
mod closed;
mod commands;
mod decider;
mod draw;
mod ends;
mod failures;
mod json;
mod lists;
mod progress;
#[cfg(test)]
mod tests;
mod waits;

pub use draw::Look;
pub use lists::{Counted, LISTS_ASKED_MAX, TaskLists, Untold, awaited};

use crate::timeline::length::{between, clock, length};
use crate::timeline::{Group, Kind, Outcome, Snapshot, Timeline};
use commands::Commands;
use wire::{CloseStatus, EventId, RunId, Timeout, Timestamp};

/// The most findings of one kind; the rest is counted.
const ALIKE_MAX: usize = 5;
/// The most events that one finding rests on; the rest is counted.
const EVIDENCE_MAX: usize = 6;

/// All that is known of an execution at a moment.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Its history, what the server says of it, and what time it is.
    pub snapshot: Snapshot<'a>,
    /// What is known of task lists.
    pub lists: &'a TaskLists,
    /// The runs that it was continued as, one after the other.
    pub later: &'a [LaterRun],
    /// What commands say of where to ask and as whom: options with their values.
    pub asking: &'a [String],
    /// The server, if it has to be named by our own variable: who has neither a region nor
    /// credentials cannot ask with `tidewheel swf --endpoint-url`.
    pub endpoint: Option<&'a str>,
}

/// A run that follows in the chain of an execution that continues as new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaterRun {
    /// Which it is.
    pub run_id: RunId,
    /// How it ended; none if it is open.
    pub close_status: Option<CloseStatus>,
}

/// How much a finding matters, the most first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It is over.
    Closed,
    /// Nothing goes on unless somebody does something.
    Stuck,
    /// It goes on, and goes wrong.
    Failing,
    /// It will end, or fail, by itself.
    AtRisk,
    /// It waits for what is under way.
    Waiting,
    /// It tells how things have come to be so.
    Note,
}

impl Severity {
    /// The word that is shown before a finding.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Closed => "Closed",
            Severity::Stuck => "Stuck",
            Severity::Failing => "Failing",
            Severity::AtRisk => "At risk",
            Severity::Waiting => "Waiting",
            Severity::Note => "Note",
        }
    }
}

/// What was found. The order is that in which findings of the same severity are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingKind {
    /// The execution is closed, by whom or what, and why.
    Closed,
    /// What was open when it closed.
    LeftOpen,
    /// Something waits on a list that nobody polls.
    NoPoller,
    /// Something waits on a list, and the server does not say who polls.
    PollersUnknown,
    /// Nothing is pending, and the decider returned no decisions, or none that goes on.
    NothingPending,
    /// Decision tasks time out, one after the other.
    DeciderTimesOut,
    /// It was asked to cancel, and is open.
    CancelUnanswered,
    /// Decisions were refused.
    DecisionRefused,
    /// An activity, a child or a function failed, and what the decider did then.
    WorkFailed,
    /// An activity was asked to cancel, and goes on.
    ActivityCancelUnanswered,
    /// The history is near the most events that it may have.
    EventLimitNear,
    /// The execution is about to time out.
    TimeoutNear,
    /// A timer fires after the execution has timed out.
    TimerTooLate,
    /// An activity at work has no time-out.
    NoTimeout,
    /// Something waits on a list whose pollers are all at work.
    PollersBusy,
    /// Something waits on a list, and somebody polls it.
    PollersWait,
    /// A decider is at work.
    DeciderAtWork,
    /// A worker is at work.
    ActivityAtWork,
    /// A child is open, or about to start.
    ChildOpen,
    /// A Lambda function runs, or is about to.
    LambdaOpen,
    /// A timer runs.
    TimerRuns,
    /// A message to another execution is under way.
    MessageUnderWay,
    /// The run continues another.
    ContinuesRun,
    /// The execution is the child of another.
    HasParent,
}

impl FindingKind {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            FindingKind::Closed => "closed",
            FindingKind::LeftOpen => "leftOpen",
            FindingKind::NoPoller => "noPoller",
            FindingKind::PollersUnknown => "pollersUnknown",
            FindingKind::NothingPending => "nothingPending",
            FindingKind::DeciderTimesOut => "deciderTimesOut",
            FindingKind::CancelUnanswered => "cancelUnanswered",
            FindingKind::DecisionRefused => "decisionRefused",
            FindingKind::WorkFailed => "workFailed",
            FindingKind::ActivityCancelUnanswered => "activityCancelUnanswered",
            FindingKind::EventLimitNear => "eventLimitNear",
            FindingKind::TimeoutNear => "timeoutNear",
            FindingKind::TimerTooLate => "timerTooLate",
            FindingKind::NoTimeout => "noTimeout",
            FindingKind::PollersBusy => "pollersBusy",
            FindingKind::PollersWait => "pollersWait",
            FindingKind::DeciderAtWork => "deciderAtWork",
            FindingKind::ActivityAtWork => "activityAtWork",
            FindingKind::ChildOpen => "childOpen",
            FindingKind::LambdaOpen => "lambdaOpen",
            FindingKind::TimerRuns => "timerRuns",
            FindingKind::MessageUnderWay => "messageUnderWay",
            FindingKind::ContinuesRun => "continuesRun",
            FindingKind::HasParent => "hasParent",
        }
    }
}

/// Something that a finding rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The event in the history that says it, if one does.
    pub event_id: Option<EventId>,
    /// When it was.
    pub at: Option<Timestamp>,
    /// What it says.
    pub text: String,
}

/// A command that helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// What it is for.
    pub purpose: String,
    /// The line, as a shell takes it.
    pub line: String,
}

/// Something that is so, what it rests on, and what helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// How much it matters.
    pub severity: Severity,
    /// A sentence or a few.
    pub sentence: String,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// What helps.
    pub commands: Vec<Suggestion>,
}

/// The findings on an execution, those that matter most first.
#[derive(Clone, Debug)]
pub struct Explanation<'a> {
    facts: Facts<'a>,
    /// At least one.
    pub findings: Vec<Finding>,
}

/// Why an execution is where it is.
pub fn explain(facts: Facts<'_>) -> Explanation<'_> {
    let mut case = Case { facts, commands: Commands::of(&facts), findings: Vec::new() };
    if case.facts.snapshot.closed_at().is_some() {
        case.find_how_it_closed();
    } else {
        case.find_what_waits();
        case.find_what_the_decider_does();
        case.find_what_is_at_work();
        case.find_what_ends_soon();
    }
    case.find_refused_decisions();
    case.find_failed_work();
    case.find_where_it_comes_from();
    let mut findings = case.findings;
    // Those of a kind stay in the order in which they were found.
    findings.sort_by_key(|finding| (finding.severity, finding.kind));
    Explanation { facts, findings }
}

/// The facts with what was found in them so far.
struct Case<'a> {
    facts: Facts<'a>,
    commands: Commands<'a>,
    findings: Vec<Finding>,
}

impl<'a> Case<'a> {
    fn timeline(&self) -> &'a Timeline {
        self.facts.snapshot.timeline
    }

    fn now(&self) -> Timestamp {
        self.facts.snapshot.now
    }

    /// How long ago something was, as a length.
    fn since(&self, at: Timestamp) -> String {
        length(between(at, self.now()))
    }

    /// In how long something is, and when.
    fn until(&self, at: Timestamp) -> String {
        let left = between(self.now(), at);
        if left < 0 {
            return format!("{} ago, at {}", length(-left), clock(at, self.now()));
        }
        format!("in {}, at {}", length(left), clock(at, self.now()))
    }

    /// That something times out, as the end of a sentence. If it should have by now, clocks differ,
    /// or it is being done.
    fn times_out(&self, at: Timestamp) -> String {
        match between(self.now(), at) < 0 {
            true => format!("was to time out {}", self.until(at)),
            false => format!("times out {}", self.until(at)),
        }
    }

    fn add(
        &mut self,
        kind: FindingKind,
        severity: Severity,
        sentence: String,
        evidence: Vec<Evidence>,
        commands: Vec<Suggestion>,
    ) {
        self.findings.push(Finding { kind, severity, sentence, evidence, commands });
    }
}

impl Evidence {
    fn event(event_id: EventId, at: Timestamp, text: impl Into<String>) -> Evidence {
        Evidence { event_id: Some(event_id), at: Some(at), text: text.into() }
    }

    fn at(at: Timestamp, text: impl Into<String>) -> Evidence {
        Evidence { event_id: None, at: Some(at), text: text.into() }
    }

    fn text(text: impl Into<String>) -> Evidence {
        Evidence { event_id: None, at: None, text: text.into() }
    }

    /// The event that began a group.
    fn begun(group: &Group) -> Evidence {
        let mut text = begun_by(group).to_owned();
        if !matches!(group.kind, Kind::Decision | Kind::CancelRequest) {
            text += &format!(", {}", group.label());
        }
        if let Some(list) = &group.task_list {
            text += &format!(", list {list:?}");
        }
        Evidence::event(group.event_id, group.scheduled_at, text)
    }

    /// The event by which somebody took up the work of a group.
    fn taken_up(group: &Group) -> Option<Evidence> {
        let (id, at) = (group.started_event?, group.started_at?);
        let by = group.by.as_ref().map_or(String::new(), |by| format!(" by {by}"));
        Some(Evidence::event(id, at, format!("{} was taken up{by}", called(group))))
    }

    /// The event that ended a group.
    fn ended(group: &Group) -> Option<Evidence> {
        let (id, at) = (group.closed_event?, group.closed_at?);
        let mut text = format!("{} {}", called(group), group.word);
        for name in ["reason", "message", "details"] {
            let found = group.payloads.iter().find(|(key, _)| *key == name);
            if let Some((_, payload)) = found {
                text += &format!(", {name}: {payload}");
            }
        }
        Some(Evidence::event(id, at, text))
    }
}

/// A group by its name; of decision tasks, which have none, the event that scheduled it.
fn called(group: &Group) -> String {
    match group.kind == Kind::Decision {
        true => format!("decision task #{}", group.event_id),
        false => group.label(),
    }
}

/// The type of the event that began a group.
fn begun_by(group: &Group) -> &'static str {
    match group.kind {
        Kind::Activity => "ActivityTaskScheduled",
        Kind::Timer => "TimerStarted",
        Kind::Child => "StartChildWorkflowExecutionInitiated",
        Kind::Signal => "WorkflowExecutionSignaled",
        Kind::Marker => "MarkerRecorded",
        Kind::Lambda => "LambdaFunctionScheduled",
        Kind::Decision => "DecisionTaskScheduled",
        Kind::CancelRequest => "WorkflowExecutionCancelRequested",
        Kind::ExternalSignal => "SignalExternalWorkflowExecutionInitiated",
        Kind::ExternalCancel => "RequestCancelExternalWorkflowExecutionInitiated",
        Kind::Refusal => "refused",
        Kind::Close => "closed",
    }
}

/// Cuts evidence to what is shown, and says how much more there is.
fn bounded(mut evidence: Vec<Evidence>) -> Vec<Evidence> {
    if EVIDENCE_MAX < evidence.len() {
        let more = evidence.len() - EVIDENCE_MAX;
        evidence.truncate(EVIDENCE_MAX);
        evidence.push(Evidence::text(format!("and {more} more")));
    }
    evidence
}

/// A time-out in words.
fn seconds(timeout: Timeout) -> String {
    match timeout {
        Timeout::Seconds(count) => counted(count as usize, "second", "seconds"),
        Timeout::Unlimited => "any time".to_owned(),
    }
}

/// `1 thing`, `2 things`.
fn counted(count: usize, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// A payload of a group by its name.
fn payload<'g>(group: &'g Group, name: &str) -> Option<&'g str> {
    let found = group.payloads.iter().find(|(key, _)| *key == name);
    found.map(|(_, text)| text.as_str())
}

/// Whether a group ended as it should not have.
fn has_failed(group: &Group) -> bool {
    group.outcome == Outcome::Failed
}
