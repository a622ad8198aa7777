//! What the decider does: it times out, decides nothing, is refused, or does not answer.

use super::cause::{self, Help};
use super::commands::TypeOf;
use super::{ALIKE_MAX, Case, Evidence, FindingKind, Severity, Suggestion};
use super::{bounded, counted, has_failed, seconds};
use crate::timeline::{Group, Kind, Outcome, Registered};
use std::collections::BTreeSet;
use wire::EventId;

/// The signal that wakes a decider, if it has had none from which to learn a name.
const SIGNAL: &str = "wake";
/// The most deeds of a decider that are told of.
const DEEDS_MAX: usize = 4;

impl<'a> Case<'a> {
    pub(super) fn find_what_the_decider_does(&mut self) {
        self.find_time_outs();
        self.find_nothing_pending();
        self.find_unanswered_cancel();
    }

    pub(super) fn workflow_type(&self) -> Registered {
        let kind = &self.facts.snapshot.detail.execution_info.workflow_type;
        Registered { name: kind.name.to_string(), version: kind.version.to_string() }
    }

    /// Decision tasks, in the order of the history.
    fn decisions(&self) -> impl DoubleEndedIterator<Item = &'a Group> {
        self.timeline().groups.iter().filter(|group| group.kind == Kind::Decision)
    }

    fn find_time_outs(&mut self) {
        let timed_out: Vec<&Group> = self
            .decisions()
            .rev()
            .filter(|group| !group.outcome.is_open())
            .take_while(|group| has_failed(group))
            .collect();
        let Some(newest) = timed_out.first() else { return };
        let started: Vec<&&Group> =
            timed_out.iter().filter(|group| group.started_event.is_some()).collect();
        let by: BTreeSet<&str> = started.iter().filter_map(|group| group.by.as_deref()).collect();
        let by = by.into_iter().take(ALIKE_MAX).collect::<Vec<_>>().join(", ");
        let by = if by.is_empty() { String::new() } else { format!(" by {by}") };
        let count = timed_out.len();
        let mut sentence = match count {
            1 => format!("The last decision task, #{}, timed out", newest.event_id),
            _ => format!("The decider keeps timing out: {count} decision tasks in a row"),
        };
        sentence += &match (started.len(), newest.limits.start_to_close) {
            (0, _) => ": nobody took it in time.".to_owned(),
            (_, Some(timeout)) => {
                format!(", taken{by} and not answered within {}.", seconds(timeout))
            }
            (_, None) => format!(", taken{by} and not answered in time."),
        };
        if !started.is_empty() {
            sentence += " It fails on what it reads, is gone, or takes longer than it has; an \
                         answer that comes later is refused.";
        }
        let mut evidence: Vec<Evidence> = Vec::new();
        for group in &timed_out {
            evidence.extend(Evidence::taken_up(group));
            evidence.extend(Evidence::ended(group));
        }
        evidence.sort_by_key(|evidence| std::cmp::Reverse(evidence.event_id));
        let mut evidence = bounded(evidence);
        let seen = newest.scheduled_at;
        let trigger = self.timeline().groups.iter().rev().find(|group| {
            group.scheduled_at <= seen
                && !matches!(group.kind, Kind::Decision)
                && group.event_id < timed_out[count - 1].event_id
        });
        if let Some(trigger) = trigger {
            let text = format!("before that: {}, {}", trigger.label(), trigger.word);
            let (id, at) = (trigger.event_id, trigger.scheduled_at);
            evidence.push(Evidence::event(id, at, text));
        }
        let of = TypeOf::Workflow;
        let mut described = self.commands.describe_type(of, &self.workflow_type());
        described.purpose = "see how long decision tasks of its type may take".to_owned();
        let commands = vec![
            self.commands.newest_events(),
            self.commands.follow(),
            described,
            self.commands.terminate(),
        ];
        let evidence = bounded(evidence);
        self.add(FindingKind::DeciderTimesOut, Severity::Failing, sentence, evidence, commands);
    }

    fn find_nothing_pending(&mut self) {
        if self.timeline().open().next().is_some() {
            return;
        }
        let end = self.until(self.facts.snapshot.times_out_at());
        let newest = self.decisions().rev().find(|group| group.outcome == Outcome::Done);
        let mut evidence = Vec::new();
        let did = match newest.and_then(|group| Some((group, group.closed_event?))) {
            Some((group, completed)) => {
                evidence.extend(Evidence::taken_up(group));
                evidence.extend(Evidence::ended(group));
                let by = group.by.as_ref().map_or(String::new(), |by| format!(", {by},"));
                let deeds = self.deeds(completed);
                match deeds.is_empty() {
                    true => format!(
                        "The decider{by} answered decision task #{} with no decisions",
                        group.event_id
                    ),
                    false => format!(
                        "The decider{by} answered decision task #{} with nothing that goes on: it \
                         {}",
                        group.event_id,
                        listed(&deeds)
                    ),
                }
            }
            None => "No decision task was answered yet".to_owned(),
        };
        let mut sentence = format!(
            "{did}, and nothing is pending: nothing happens until it is signaled, canceled or \
             terminated, or times out {end}."
        );
        let refused = self
            .timeline()
            .groups
            .iter()
            .rev()
            .find(|group| group.kind == Kind::Refusal && group.word == "UNHANDLED_DECISION");
        if let Some(refused) = refused {
            sentence += &format!(
                " It had tried to {} before (#{}), which was refused because of news that it had \
                 not seen; it has to decide that again on the next decision task.",
                refused.name, refused.event_id
            );
            evidence.push(Evidence::event(
                refused.event_id,
                refused.scheduled_at,
                format!("{} was refused as {}", refused.name, refused.word),
            ));
        }
        let known = self.timeline().groups.iter().rev().find(|group| group.kind == Kind::Signal);
        let name = known.map_or(SIGNAL, |group| group.name.as_str());
        let commands = vec![
            self.commands.signal("give the decider another decision task", name),
            self.commands.newest_events(),
            self.commands.terminate(),
        ];
        let kind = FindingKind::NothingPending;
        self.add(kind, Severity::Stuck, sentence, bounded(evidence), commands);
    }

    /// What a decider did with the decision task that an event completed.
    fn deeds(&self, completed: EventId) -> Vec<String> {
        let timeline = self.timeline();
        timeline.effects(completed).iter().map(|effect| timeline.told(effect)).collect()
    }

    /// What deciders did with the decision tasks that were taken after an event, with these tasks.
    pub(super) fn answers_after(&self, event_id: EventId) -> (Vec<&'a Group>, Vec<String>) {
        let after: Vec<&Group> = self
            .decisions()
            .filter(|group| group.outcome == Outcome::Done)
            .filter(|group| group.started_event.is_some_and(|started| event_id < started))
            .collect();
        let completed = after.iter().filter_map(|group| group.closed_event);
        let deeds = completed.flat_map(|completed| self.deeds(completed)).collect();
        (after, deeds)
    }

    fn find_unanswered_cancel(&mut self) {
        let groups = &self.timeline().groups;
        let requests = groups.iter().filter(|group| group.kind == Kind::CancelRequest);
        let requests: Vec<&Group> = requests.collect();
        let Some(first) = requests.first() else { return };
        let from = first.by.as_ref().map_or(String::new(), |by| format!(" by {by:?}"));
        let since = self.since(first.scheduled_at);
        let (answers, deeds) = self.answers_after(first.event_id);
        let mut sentence =
            format!("It was asked to cancel{from} {since} ago (#{})", first.event_id);
        sentence += &match (answers.last(), deeds.is_empty()) {
            (None, _) => ", and its decider has not seen that yet.".to_owned(),
            (Some(last), true) => format!(
                "; its decider has answered {} since, the last #{}, with no decisions.",
                counted(answers.len(), "decision task", "decision tasks"),
                last.event_id
            ),
            (Some(last), false) => format!(
                "; its decider has answered {} since, the last #{}, and goes on: it {}.",
                counted(answers.len(), "decision task", "decision tasks"),
                last.event_id,
                listed(&deeds)
            ),
        };
        sentence += " A request to cancel is only asked of the decider, which may ignore it; to \
                     terminate is not.";
        let mut evidence: Vec<Evidence> =
            requests.iter().map(|group| Evidence::begun(group)).collect();
        evidence.truncate(ALIKE_MAX);
        evidence.extend(answers.last().and_then(|group| Evidence::ended(group)));
        let commands = vec![self.commands.follow(), self.commands.terminate()];
        let kind = FindingKind::CancelUnanswered;
        self.add(kind, Severity::Failing, sentence, evidence, commands);
    }

    /// Decisions that were not carried out, the same ones together.
    pub(super) fn find_refused_decisions(&mut self) {
        let groups = &self.timeline().groups;
        let refused = |group: &&Group| has_failed(group) && cause::help(&group.word).is_some();
        let newest = self.decisions().rev().find(|group| group.outcome == Outcome::Done);
        let newest = newest.and_then(|group| group.closed_event);
        let mut told: Vec<(&str, &str)> = Vec::new();
        let is_open = self.facts.snapshot.closed_at().is_none();
        for last in groups.iter().rev().filter(refused) {
            if told.contains(&(&last.name, &last.word)) {
                continue;
            }
            if told.len() == ALIKE_MAX {
                break;
            }
            told.push((&last.name, &last.word));
            let alike = groups.iter().filter(|group| {
                refused(group) && group.name == last.name && group.word == last.word
            });
            let alike: Vec<&Group> = alike.collect();
            let is_new = last.decided_by.is_some() && last.decided_by == newest;
            let severity = match is_open && is_new {
                true => Severity::Failing,
                false => Severity::Note,
            };
            self.add_refused(last, &alike, severity);
        }
    }

    fn add_refused(&mut self, last: &Group, alike: &[&Group], severity: Severity) {
        let Some(help) = cause::help(&last.word) else { return };
        let times = match alike.len() {
            1 => String::new(),
            count => format!(" {count} times, the last"),
        };
        let what = match (last.kind == Kind::Refusal, last.id.as_str()) {
            (true, _) => match &last.registered {
                Some(Registered { name, version }) => {
                    format!("{} (type {name} {version})", last.name)
                }
                None => last.name.clone(),
            },
            (false, "") => format!("{} {}", last.kind.word(), last.name),
            (false, id) => format!("{} {} [{id}]", last.kind.word(), last.name),
        };
        let at = last.closed_at.unwrap_or(last.scheduled_at);
        let sentence = format!(
            "The decider wanted: {what}. That failed{times} {} ago, as {}: {}",
            self.since(at),
            last.word,
            help.text()
        );
        let mut evidence: Vec<Evidence> = alike
            .iter()
            .rev()
            .map(|group| {
                let id = group.closed_event.unwrap_or(group.event_id);
                let at = group.closed_at.unwrap_or(group.scheduled_at);
                let by = group.decided_by.map_or(String::new(), |by| format!(", decided in #{by}"));
                Evidence::event(id, at, format!("{what} failed as {}{by}", group.word))
            })
            .collect();
        evidence = bounded(evidence);
        let commands = self.help(&help, last);
        self.add(FindingKind::DecisionRefused, severity, sentence, evidence, commands);
    }

    fn help(&self, help: &Help, group: &Group) -> Vec<Suggestion> {
        let registered = group.registered.clone();
        let is_child = group.kind == Kind::Child || group.name.starts_with("child ");
        let of = if is_child { TypeOf::Workflow } else { TypeOf::Activity };
        // To continue as new is refused for the type of the execution itself.
        let (of, registered) = match registered {
            Some(registered) => (of, registered),
            None => (TypeOf::Workflow, self.workflow_type()),
        };
        match help {
            Help::TypeDeprecated => vec![
                self.commands.undeprecate(of, &registered),
                self.commands.list_types(of, &registered),
            ],
            Help::TypeMissing => vec![
                self.commands.list_types(of, &registered),
                self.commands.register(of, &registered),
            ],
            Help::NoDefault(_) => vec![self.commands.describe_type(of, &registered)],
            Help::UnknownExecution | Help::AlreadyRunning => {
                let id = match (&group.other, group.kind == Kind::Child) {
                    (Some(other), _) => other.as_str(),
                    (None, true) => group.id.as_str(),
                    (None, false) => group.name.as_str(),
                };
                vec![self.commands.open_runs(id)]
            }
            Help::Other(_) => vec![self.commands.newest_events()],
        }
    }
}

/// Deeds as part of a sentence; the rest is counted.
pub(super) fn listed(deeds: &[String]) -> String {
    let more = deeds.len().saturating_sub(DEEDS_MAX);
    let mut text = deeds.iter().take(DEEDS_MAX).cloned().collect::<Vec<_>>().join(", ");
    if 0 < more {
        text += &format!(" and {more} more");
    }
    text
}
