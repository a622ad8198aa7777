//! Activities, children and functions that failed, and what the decider did then.

use super::cause;
use super::decider::listed;
use super::progress::capital;
use super::{ALIKE_MAX, Case, Evidence, FindingKind, Severity, Suggestion};
use super::{bounded, counted, has_failed, payload, seconds};
use crate::timeline::length::shortened;
use crate::timeline::{Group, Kind, Outcome};
use wire::Timeout;

/// So many failures of the same type in a row are no accident.
const IN_A_ROW: usize = 3;
/// The longest reason that is part of a sentence, in columns.
const REASON_COLUMNS: usize = 120;

impl<'a> Case<'a> {
    /// The newest failures of each type: for each, how often in a row, and what was done.
    pub(super) fn find_failed_work(&mut self) {
        let groups = &self.timeline().groups;
        let is_work = |group: &Group| {
            matches!(group.kind, Kind::Activity | Kind::Child | Kind::Lambda)
                // Those that could not begin are among the refused decisions.
                && cause::help(&group.word).is_none()
        };
        let is_alike = |group: &Group, other: &Group| {
            group.kind == other.kind
                && group.name == other.name
                && group.registered == other.registered
        };
        let mut told: Vec<&Group> = Vec::new();
        for last in groups.iter().rev().filter(|group| is_work(group) && has_failed(group)) {
            if told.iter().any(|other| is_alike(last, other)) {
                continue;
            }
            if told.len() == ALIKE_MAX {
                break;
            }
            told.push(last);
            // Those that are open say nothing yet.
            let ended = groups.iter().rev().filter(|group| {
                is_work(group) && is_alike(group, last) && !group.outcome.is_open()
            });
            let in_a_row: Vec<&Group> =
                ended.clone().take_while(|group| has_failed(group)).collect();
            let in_all = ended.filter(|group| has_failed(group)).count();
            self.add_failed(last, &in_a_row, in_all);
        }
    }

    fn add_failed(&mut self, last: &'a Group, in_a_row: &[&Group], in_all: usize) {
        let Some(ended) = last.closed_event else { return };
        let closed_at = last.closed_at.unwrap_or(last.scheduled_at);
        let mut sentence =
            format!("{} {} {} ago", capital(&last.label()), last.word, self.since(closed_at));
        if let Some(reason) = payload(last, "reason").filter(|reason| !reason.is_empty()) {
            sentence += &format!(": {}", shortened(reason, REASON_COLUMNS));
        }
        sentence += ".";
        if let Some(why) = why(last) {
            sentence += &format!(" {why}");
        }
        if 1 < in_a_row.len() {
            sentence += &format!(" That is the failure number {} in a row.", in_a_row.len());
        } else if 1 < in_all {
            sentence += &format!(" {in_all} of that type have failed in all.");
        }
        let is_open = self.facts.snapshot.closed_at().is_none();
        let (answers, deeds) = self.answer_to(ended);
        let has_answered_nothing = !answers.is_empty() && deeds.is_empty();
        sentence += &match (answers.first(), deeds.is_empty()) {
            (None, _) if is_open => " The decider has not seen that yet.".to_owned(),
            (None, _) => String::new(),
            (Some(answer), true) => format!(
                " The decider then answered decision task #{} with no decisions.",
                answer.event_id
            ),
            (Some(_), false) => format!(" The decider then {}.", listed(&deeds)),
        };
        let mut evidence: Vec<Evidence> = Vec::new();
        for group in in_a_row {
            evidence.extend(Evidence::ended(group));
        }
        if in_a_row.is_empty() {
            evidence.extend(Evidence::ended(last));
        }
        let mut evidence = bounded(evidence);
        evidence.extend(Evidence::taken_up(last));
        evidence.extend(answers.first().and_then(|group| Evidence::ended(group)));
        // Where something is open, it may be that which the decider waits for.
        let is_last_word = has_answered_nothing && self.timeline().open().next().is_none();
        let severity = match is_open && (is_last_word || IN_A_ROW <= in_a_row.len()) {
            true => Severity::Failing,
            false => Severity::Note,
        };
        let commands = self.help_with_failed(last);
        self.add(FindingKind::WorkFailed, severity, sentence, evidence, commands);
    }

    /// The first answer to what an event told, and what came of it.
    fn answer_to(&self, event_id: wire::EventId) -> (Vec<&'a Group>, Vec<String>) {
        let (mut answers, _) = self.answers_after(event_id);
        answers.truncate(1);
        let timeline = self.timeline();
        let completed = answers.first().and_then(|answer| answer.closed_event);
        let deeds = completed.map_or(Vec::new(), |completed| {
            timeline.effects(completed).iter().map(|effect| timeline.told(effect)).collect()
        });
        (answers, deeds)
    }

    fn help_with_failed(&self, group: &Group) -> Vec<Suggestion> {
        match &group.run {
            Some(run) => {
                let purpose = "see why the child failed";
                vec![self.commands.explain(purpose, &group.id, Some(run.as_str()))]
            }
            None => vec![self.commands.newest_events()],
        }
    }

    /// What was not over when the execution closed.
    pub(super) fn find_left_open(&mut self) {
        let left = |group: &&Group| {
            group.outcome == Outcome::Canceled
                && group.closed_event.is_none()
                && group.kind != Kind::Close
        };
        let left: Vec<&Group> = self.timeline().groups.iter().filter(left).collect();
        if left.is_empty() {
            return;
        }
        let mut names: Vec<String> = left.iter().map(|group| group.label()).collect();
        let count = names.len();
        names.truncate(ALIKE_MAX);
        let more = match count - names.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let sentence = format!(
            "{} open when it closed: {}{more}.",
            counted(count, "thing was", "things were"),
            names.join(", ")
        );
        let evidence = bounded(left.iter().map(|group| Evidence::begun(group)).collect());
        let children = left.iter().filter(|group| group.kind == Kind::Child);
        let commands = children.take(ALIKE_MAX).map(|group| {
            let run = group.run.as_ref().map(wire::RunId::as_str);
            self.commands.explain("see what became of the child", &group.id, run)
        });
        let commands = commands.collect();
        self.add(FindingKind::LeftOpen, Severity::Note, sentence, evidence, commands);
    }
}

/// What a time-out means.
fn why(group: &Group) -> Option<String> {
    let which = group.word.strip_prefix("timed out ")?;
    let limits = group.limits;
    let (timeout, text) = match which {
        "START_TO_CLOSE" => (
            limits.start_to_close,
            if group.kind == Kind::Activity {
                "its worker was gone, or took longer than it had"
            } else {
                "it took longer than it had"
            },
        ),
        "HEARTBEAT" => (limits.heartbeat, "no heartbeat came from its worker in time"),
        "SCHEDULE_TO_START" => (limits.schedule_to_start, "no worker took it in time"),
        "SCHEDULE_TO_CLOSE" => (
            limits.schedule_to_close,
            if group.started_at.is_some() {
                "waiting and work together took too long"
            } else {
                "no worker took it in time"
            },
        ),
        _ => return None,
    };
    Some(match timeout {
        Some(timeout @ Timeout::Seconds(_)) => {
            format!("It had {} for that: {text}.", seconds(timeout))
        }
        Some(Timeout::Unlimited) | None => format!("{}.", capital(text)),
    })
}
