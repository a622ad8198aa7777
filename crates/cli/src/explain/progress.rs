//! What is at work, runs, or is under way.

use super::{ALIKE_MAX, Case, Evidence, FindingKind, Severity};
use crate::timeline::length::{between, length};
use crate::timeline::{Group, Kind, Outcome};
use wire::{Timeout, Timestamp};

/// A worker that need not heartbeat and was asked to cancel for so long, in milliseconds, does not
/// know of it, or does not care.
const CANCEL_MS_MAX: i64 = 5 * 60 * 1000;

impl<'a> Case<'a> {
    /// What is open and waits for no poller.
    pub(super) fn find_what_is_at_work(&mut self) {
        for kind in [
            Kind::Decision,
            Kind::Activity,
            Kind::Child,
            Kind::Lambda,
            Kind::Timer,
            Kind::ExternalSignal,
            Kind::ExternalCancel,
        ] {
            let mut open: Vec<&Group> = self
                .timeline()
                .open()
                .filter(|group| group.kind == kind && !self.waits_for_poller(group))
                .collect();
            open.sort_by_key(|group| (self.next(group), group.event_id));
            let more = open.len().saturating_sub(ALIKE_MAX);
            open.truncate(ALIKE_MAX);
            let last = open.len();
            for (index, group) in open.into_iter().enumerate() {
                let more = if index + 1 == last { more } else { 0 };
                self.find_open(group, more);
            }
        }
    }

    fn waits_for_poller(&self, group: &Group) -> bool {
        matches!(group.kind, Kind::Decision | Kind::Activity) && group.outcome == Outcome::Waits
    }

    /// When something happens to it by itself.
    fn next(&self, group: &Group) -> Timestamp {
        let deadlines = self.facts.snapshot.deadlines(group);
        deadlines.first().map_or(Timestamp::MAX, |deadline| deadline.at)
    }

    fn find_open(&mut self, group: &Group, more: usize) {
        let at = group.started_at.unwrap_or(group.scheduled_at);
        let since = self.since(at);
        let by = group.by.as_ref().map_or(String::new(), |by| format!(" by {by}"));
        let mut evidence = vec![Evidence::begun(group)];
        evidence.extend(Evidence::taken_up(group));
        if 0 < more {
            evidence.push(Evidence::text(format!("and {more} more of this kind are open")));
        }
        let label = capital(&group.label());
        let mut commands = vec![self.commands.follow()];
        let severity = Severity::Waiting;
        let (kind, sentence) = match group.kind {
            Kind::Decision => {
                let held = self
                    .timeline()
                    .open()
                    .find(|other| other.kind == Kind::Decision && other.event_id != group.event_id);
                let held = held.map_or(String::new(), |held| {
                    evidence.push(Evidence::begun(held));
                    format!(" Another, #{}, is held back until it ends.", held.event_id)
                });
                let text = format!(
                    "Decision task #{} is at work{by} for {since}.{}{held}",
                    group.event_id,
                    self.ends(group)
                );
                (FindingKind::DeciderAtWork, text)
            }
            Kind::Activity => return self.find_activity_at_work(group, evidence),
            Kind::Child => {
                let run = group.run.as_ref().map(|run| run.as_str());
                commands =
                    vec![self.commands.explain("see why the child is where it is", &group.id, run)];
                let text = match run {
                    Some(_) => format!("{label} is open for {since}.{}", self.ends(group)),
                    None => format!("{label} is to be started, for {since}."),
                };
                (FindingKind::ChildOpen, text)
            }
            Kind::Lambda => {
                let text = match group.outcome {
                    Outcome::Runs => {
                        format!("{label} runs for {since}.{}", self.ends(group))
                    }
                    Outcome::Waits | Outcome::Done | Outcome::Failed | Outcome::Canceled => {
                        format!(
                            "{label} is to be called, for {since}; the server calls it itself, a \
                             bounded number at a time."
                        )
                    }
                };
                (FindingKind::LambdaOpen, text)
            }
            Kind::Timer => return self.find_timer(group, evidence),
            Kind::ExternalSignal | Kind::ExternalCancel => {
                let text = format!("{label} is under way for {since}.");
                (FindingKind::MessageUnderWay, text)
            }
            Kind::Signal | Kind::Marker | Kind::CancelRequest | Kind::Refusal | Kind::Close => {
                return;
            }
        };
        self.add(kind, severity, sentence, evidence, commands);
    }

    /// The soonest time-out as a sentence.
    fn ends(&self, group: &Group) -> String {
        let deadlines = self.facts.snapshot.deadlines(group);
        let Some(soonest) = deadlines.iter().find(|deadline| deadline.what != "HEARTBEAT") else {
            return String::new();
        };
        format!(" It {} ({}).", self.times_out(soonest.at), soonest.what)
    }

    fn find_activity_at_work(&mut self, group: &Group, mut evidence: Vec<Evidence>) {
        let started = group.started_at.unwrap_or(group.scheduled_at);
        let label = capital(&group.label());
        let by = group.by.as_ref().map_or(String::new(), |by| format!(" by {by}"));
        let mut sentence = format!("{label} is at work{by} for {}.", self.since(started));
        let deadlines = self.facts.snapshot.deadlines(group);
        sentence += &self.ends(group);
        let heartbeat = match group.limits.heartbeat {
            Some(Timeout::Seconds(seconds)) => Some(i64::from(seconds) * 1000),
            Some(Timeout::Unlimited) | None => None,
        };
        if let Some(heartbeat) = heartbeat {
            let every = length(heartbeat);
            sentence += &match between(started, self.now()) <= heartbeat {
                true => format!(" Its worker has to heartbeat every {every}."),
                false => format!(
                    " Its worker is alive: it has to heartbeat every {every}, and has done so, or \
                     the activity would have timed out."
                ),
            };
        }
        let mut commands = vec![self.commands.follow()];
        if let Some(asked_at) = group.cancel_requested_at {
            let asked_ms = between(asked_at, self.now());
            let asked = length(asked_ms);
            sentence += &format!(" It was asked to cancel {asked} ago");
            sentence += match heartbeat {
                Some(heartbeat) if heartbeat < asked_ms => {
                    "; its worker has learned of that with a heartbeat, and goes on."
                }
                Some(_) => ", of which its worker learns with a heartbeat.",
                None => {
                    ", of which its worker learns only if it heartbeats, and no time-out makes it \
                     do that."
                }
            };
            evidence.push(Evidence::at(asked_at, "ActivityTaskCancelRequested"));
            let is_late = heartbeat.unwrap_or(CANCEL_MS_MAX) < asked_ms;
            let severity = if is_late { Severity::Failing } else { Severity::Waiting };
            let kind = FindingKind::ActivityCancelUnanswered;
            return self.add(kind, severity, sentence, evidence, commands);
        }
        if deadlines.is_empty() {
            sentence += &format!(
                " It has no time-out: if its worker is gone, nothing says so before the execution \
                 times out {}.",
                self.until(self.facts.snapshot.times_out_at())
            );
            commands.push(self.commands.terminate());
            let kind = FindingKind::NoTimeout;
            return self.add(kind, Severity::AtRisk, sentence, evidence, commands);
        }
        let kind = FindingKind::ActivityAtWork;
        self.add(kind, Severity::Waiting, sentence, evidence, commands);
    }

    fn find_timer(&mut self, group: &Group, mut evidence: Vec<Evidence>) {
        let at = self.next(group);
        let label = capital(&group.label());
        let end = self.facts.snapshot.times_out_at();
        let commands = vec![self.commands.follow()];
        if end <= at {
            let sentence = format!(
                "{label} would fire {}, and never will: the execution times out {}.",
                self.until(at),
                self.until(end)
            );
            evidence.push(Evidence::at(end, "the execution times out, START_TO_CLOSE"));
            let kind = FindingKind::TimerTooLate;
            return self.add(kind, Severity::AtRisk, sentence, evidence, commands);
        }
        let sentence = format!("{label} fires {}.", self.until(at));
        self.add(FindingKind::TimerRuns, Severity::Waiting, sentence, evidence, commands);
    }
}

/// The beginning of a sentence.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().collect::<String>());
    first.unwrap_or_default() + letters.as_str()
}
