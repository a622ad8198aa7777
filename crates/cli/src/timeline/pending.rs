//! What is open, and when it times out: computed from the time-outs in the history and in the
//! execution's configuration.

use super::length::{between, length};
use super::{Group, Kind, Outcome, Snapshot};
use wire::{Timeout, Timestamp};

/// An execution may be open for a year, whatever it asks for; and so may all that is part of it.
const EXECUTION_SECONDS_MAX: u32 = 31_536_000;

/// A moment at which something happens by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    pub at: Timestamp,
    /// The time-out, in the words of the API; `FIRES` for a timer.
    pub what: &'static str,
}

/// What is open.
#[derive(Debug)]
pub struct Pending<'a> {
    /// None for the execution itself.
    pub group: Option<&'a Group>,
    pub deadlines: Vec<Deadline>,
    /// It is held back until the decision task at work ends.
    pub is_held: bool,
}

impl Snapshot<'_> {
    /// All that is open, the execution last; nothing of an execution that is closed. The deadlines
    /// of each come soonest first.
    pub(crate) fn pending(&self) -> Vec<Pending<'_>> {
        if self.closed_at().is_some() {
            return Vec::new();
        }
        let open = self.timeline.begun.values().map(|index| &self.timeline.groups[*index]);
        let is_deciding = open
            .clone()
            .any(|group| group.kind == Kind::Decision && group.outcome == Outcome::Runs);
        let mut pending: Vec<Pending<'_>> = open
            .map(|group| {
                let waits = group.kind == Kind::Decision && group.outcome == Outcome::Waits;
                let is_held = waits && is_deciding;
                let deadlines = if is_held { Vec::new() } else { self.deadlines(group) };
                Pending { group: Some(group), deadlines, is_held }
            })
            .collect();
        let deadlines = vec![Deadline { at: self.times_out_at(), what: "START_TO_CLOSE" }];
        pending.push(Pending { group: None, deadlines, is_held: false });
        pending
    }

    /// When the execution times out, if it is still open then.
    pub(crate) fn times_out_at(&self) -> Timestamp {
        let asked = self.detail.execution_configuration.execution_start_to_close_timeout;
        let most = self.zero().after(Timeout::Seconds(EXECUTION_SECONDS_MAX));
        self.zero().after(asked).min(most)
    }

    /// When something happens to a group by itself, the soonest first.
    pub(crate) fn deadlines(&self, group: &Group) -> Vec<Deadline> {
        let limits = group.limits;
        let deadline = |from: Timestamp, timeout: Option<Timeout>, what| {
            let at = from.after(timeout?);
            (at < Timestamp::MAX).then_some(Deadline { at, what })
        };
        let scheduled = group.scheduled_at;
        let all = match (group.kind, group.started_at) {
            (Kind::Activity, None) => vec![
                deadline(scheduled, limits.schedule_to_start, "SCHEDULE_TO_START"),
                deadline(scheduled, limits.schedule_to_close, "SCHEDULE_TO_CLOSE"),
            ],
            (Kind::Activity, Some(started)) => vec![
                deadline(started, limits.start_to_close, "START_TO_CLOSE"),
                deadline(scheduled, limits.schedule_to_close, "SCHEDULE_TO_CLOSE"),
                // Heartbeats are not in the history: this is if none has come.
                deadline(started, limits.heartbeat, "HEARTBEAT"),
            ],
            (Kind::Decision, None) => {
                // It was perhaps held back by the one before.
                let from = self.timeline.decided_at.map_or(scheduled, |at| at.max(scheduled));
                vec![deadline(from, limits.schedule_to_start, "SCHEDULE_TO_START")]
            }
            (Kind::Decision, Some(started)) => {
                let configured = self.detail.execution_configuration.task_start_to_close_timeout;
                let timeout = limits.start_to_close.unwrap_or(configured);
                vec![deadline(started, Some(timeout), "START_TO_CLOSE")]
            }
            (Kind::Timer, _) => vec![deadline(scheduled, limits.schedule_to_close, "FIRES")],
            (Kind::Child | Kind::Lambda, Some(started)) => {
                vec![deadline(started, limits.start_to_close, "START_TO_CLOSE")]
            }
            (
                Kind::Child
                | Kind::Lambda
                | Kind::ExternalSignal
                | Kind::ExternalCancel
                | Kind::Signal
                | Kind::Marker
                | Kind::CancelRequest
                | Kind::Refusal
                | Kind::Close,
                _,
            ) => Vec::new(),
        };
        let mut all: Vec<Deadline> = all.into_iter().flatten().collect();
        all.sort_by_key(|deadline| deadline.at);
        all
    }

    /// A line that says what is awaited.
    pub(super) fn describe(&self, pending: &Pending<'_>) -> String {
        let what = match pending.group {
            None => "execution is open".to_owned(),
            Some(group) => {
                let since = group.started_at.unwrap_or(group.scheduled_at);
                let since = length(between(since, self.now));
                let list = group.task_list.as_deref().unwrap_or_default();
                let state = match (group.kind, group.outcome) {
                    (Kind::Activity | Kind::Decision, Outcome::Waits) if pending.is_held => {
                        format!("is held back until the one at work ends, for {since}")
                    }
                    (Kind::Activity | Kind::Decision, Outcome::Waits) => {
                        format!("waits for a poller of list {list} for {since}")
                    }
                    (Kind::Timer, _) => format!("runs for {since}"),
                    (_, Outcome::Runs) => {
                        let by = group.by.as_ref().map(|by| format!(" by {by}"));
                        format!("runs{} for {since}", by.unwrap_or_default())
                    }
                    (_, _) => format!("waits for {since}"),
                };
                let asked =
                    if group.cancel_requested_at.is_some() { ", cancel requested" } else { "" };
                format!("#{} {} {state}{asked}", group.event_id, group.label())
            }
        };
        let mut line = what;
        for deadline in &pending.deadlines {
            let left = between(self.now, deadline.at);
            let when = if left < 0 {
                format!("{} ago", length(-left))
            } else {
                format!("in {}", length(left))
            };
            line += &match (deadline.what, left < 0) {
                ("FIRES", _) => format!("; fires {when}"),
                // The task would be closed if no heartbeat had come.
                ("HEARTBEAT", true) => {
                    "; HEARTBEAT kept up, its time is not in the history".to_owned()
                }
                ("HEARTBEAT", false) => format!("; HEARTBEAT {when} if none came"),
                (what, _) => format!("; {what} times out {when}"),
            };
        }
        if pending.deadlines.is_empty() && !pending.is_held {
            line += "; no time-out of its own";
        }
        line
    }
}
