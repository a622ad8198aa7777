//! What waits on task lists, and who could take it.

use super::lists::{LISTS_ASKED_MAX, is_polled, name_of, poller_of, recent, task_of};
use super::{Case, Evidence, FindingKind, Severity, Untold};
use super::{bounded, counted};
use crate::lately::per_minute;
use crate::timeline::length::{between, clock, length};
use crate::timeline::{Group, Kind, Outcome};
use wire::{TaskListDetail, TaskListKind, TaskListName, Timestamp};

/// Whoever polls a list gets what waits on it at once. What waits for longer than a poll takes, in
/// milliseconds, most likely waits on a list that nobody polls.
const LONG_MS: i64 = 60 * 1000;
/// The most pollers that are named.
const POLLERS_MAX: usize = 3;

impl<'a> Case<'a> {
    /// Everything that waits for somebody to poll, by list.
    pub(super) fn find_what_waits(&mut self) {
        for list in super::lists::awaited(&self.facts.snapshot) {
            let timeline = self.timeline();
            let is_deciding = timeline
                .open()
                .any(|group| group.kind == Kind::Decision && group.outcome == Outcome::Runs);
            let kind = match list.kind {
                TaskListKind::Decision => Kind::Decision,
                TaskListKind::Activity => Kind::Activity,
            };
            // A decision task is held back while another is at work.
            if kind == Kind::Decision && is_deciding {
                continue;
            }
            let waiting: Vec<&Group> = timeline
                .open()
                .filter(|group| group.kind == kind && group.outcome == Outcome::Waits)
                .filter(|group| group.task_list.as_deref() == Some(list.name.as_str()))
                .collect();
            self.find_waiting(&list, &waiting);
        }
    }

    fn find_waiting(&mut self, list: &TaskListName, waiting: &[&'a Group]) {
        let Some(oldest) = waiting.first() else { return };
        let (now, since) = (self.now(), self.waits_since(oldest));
        let poller = poller_of(list.kind);
        let mut sentence = match waiting.len() {
            1 => format!("{} has waited {}", named(oldest), self.since(since)),
            count => {
                format!("{count} activities have waited, the oldest of them {}", self.since(since))
            }
        };
        sentence += &format!(" for a {poller} on list {:?}.", list.name);
        let mut evidence: Vec<Evidence> =
            bounded(waiting.iter().map(|group| Evidence::begun(group)).collect());
        let is_denied = matches!(self.facts.lists.uncounted(list), Some(Untold::Denied(_)));
        let mut commands: Vec<_> =
            (!is_denied).then(|| self.commands.count(list)).into_iter().collect();
        let (kind, severity);
        match self.facts.lists.told(list) {
            Some(told) if is_polled(told, now) => {
                let waits = 0 < told.waiting_pollers;
                (kind, severity) = match waits {
                    true => (FindingKind::PollersWait, Severity::Waiting),
                    false => (FindingKind::PollersBusy, Severity::Waiting),
                };
                sentence += &self.polled(told);
                evidence.extend(pollers(told, now));
                commands.push(self.commands.follow());
            }
            Some(told) if !self.facts.lists.has_looked(now) => {
                (kind, severity) = (FindingKind::PollersUnknown, Severity::Waiting);
                let since = self.facts.lists.since().unwrap_or(now);
                sentence += &format!(
                    " Nobody has polled it yet, which says little: the server has been looking for \
                     {} only, and after a start it takes minutes until all have come back.",
                    self.since(since)
                );
                evidence.push(Evidence::at(since, "since then the server remembers who polls"));
                evidence.extend(pollers(told, now));
                self.tell_what_was_meant(list, &mut sentence, &mut evidence);
                commands.push(self.commands.follow());
            }
            Some(told) => {
                (kind, severity) = (FindingKind::NoPoller, Severity::Stuck);
                sentence += &match told.pollers.iter().max_by_key(|poller| poller.last_seen_at) {
                    Some(last) => {
                        evidence.extend(pollers(told, now));
                        format!(
                            " Nobody has polled it since {}, {} ago; the last was {}.",
                            clock(last.last_seen_at, now),
                            self.since(last.last_seen_at),
                            name_of(last)
                        )
                    }
                    None => {
                        let since = self.facts.lists.remembers_since(now);
                        let text = format!(
                            "since then the server remembers who polls, and has seen no {poller} \
                             on list {:?}",
                            list.name
                        );
                        evidence.extend(since.map(|since| Evidence::at(since, text)));
                        let since = since.map_or(String::new(), |since| {
                            format!(
                                ", and nobody has for as long as the server remembers, which is {}",
                                self.since(since)
                            )
                        });
                        format!(" Nobody polls it{since}.")
                    }
                };
                self.tell_what_was_meant(list, &mut sentence, &mut evidence);
            }
            None => {
                let untold = self.facts.lists.untold();
                // Of a list that was not asked for, that it waits says nothing: it may have pollers.
                let is_long = untold.is_some() && LONG_MS < between(since, now);
                kind = FindingKind::PollersUnknown;
                severity = if is_long { Severity::Stuck } else { Severity::Waiting };
                let why = untold.map_or_else(not_asked, not_said);
                sentence += &format!(" {why}");
                if is_long {
                    sentence += &format!(
                        " Whoever polls a list is given what waits on it, so that after this time \
                         most likely no {poller} polls this one, or all are at work."
                    );
                }
            }
        }
        if let Some((count, truncated)) = self.facts.lists.backlog(list) {
            let more = if truncated { ", or more," } else { "" };
            let count = counted(count as usize, task_of(list.kind), &tasks(list.kind));
            evidence.push(Evidence::text(format!(
                "{count}{more} of all executions on list {:?}",
                list.name
            )));
        } else if let Some(Untold::Denied(action)) = self.facts.lists.uncounted(list) {
            evidence.push(Evidence::text(format!(
                "how much of all executions waits on list {:?} was not told: {action} is denied",
                list.name
            )));
        }
        let deadlines = waiting.iter().flat_map(|group| self.facts.snapshot.deadlines(group));
        if let Some(deadline) = deadlines.min_by_key(|deadline| deadline.at) {
            let what = if waiting.len() == 1 { "It" } else { "The first of them" };
            let when = self.times_out(deadline.at);
            sentence += &format!(" {what} {when} ({}).", deadline.what);
        }
        if severity == Severity::Stuck {
            let of = match list.kind {
                TaskListKind::Decision => super::commands::TypeOf::Workflow,
                TaskListKind::Activity => super::commands::TypeOf::Activity,
            };
            let registered = match list.kind {
                TaskListKind::Decision => Some(self.workflow_type()),
                TaskListKind::Activity => oldest.registered.clone(),
            };
            let described = registered.map(|registered| {
                let mut described = self.commands.describe_type(of, &registered);
                described.purpose =
                    format!("see which list {} names by default", of.name(&registered));
                described
            });
            commands.extend(described);
        }
        self.add(kind, severity, sentence, evidence, commands);
    }

    /// Since when a task could have been handed out: a decision task is held back by the one before.
    fn waits_since(&self, group: &Group) -> Timestamp {
        match (group.kind, self.timeline().decided_at) {
            (Kind::Decision, Some(at)) => at.max(group.scheduled_at),
            (_, _) => group.scheduled_at,
        }
    }

    /// Which list was meant, perhaps.
    fn tell_what_was_meant(
        &self,
        list: &TaskListName,
        sentence: &mut String,
        evidence: &mut Vec<Evidence>,
    ) {
        if let Some(meant) = self.facts.lists.meant(list, self.now()) {
            *sentence += &likely(list, meant, self.now());
            evidence.extend(pollers(meant, self.now()));
        }
    }

    /// What is said of a list that somebody polls.
    fn polled(&self, told: &TaskListDetail) -> String {
        let now = self.now();
        let poller = poller_of(told.kind);
        if 0 < told.waiting_pollers {
            let polls = counted(told.waiting_pollers as usize, "poll waits", "polls wait");
            return format!(" {polls} on it, so that it is about to be handed out.");
        }
        let recent = recent(told, now).count();
        let were = if recent == 1 { "was" } else { "were" };
        let mut text = format!(
            " {} {were} seen in the last 5 minutes, and none waits for a task now: all are at \
             work, or gone.",
            counted(recent, poller, &format!("{poller}s"))
        );
        let since = self.facts.lists.since();
        let rate = since.and_then(|since| per_minute(&told.handed_out, since, now));
        if let Some(rate) = rate.filter(|rate| 0.0 < *rate) {
            let waits = if told.backlog.count == 1 { "waits" } else { "wait" };
            text += &format!(" {} {waits} on it and", told.backlog.count);
            // Whoever took them before may be gone.
            text += &match told.handed_out.last_minute {
                0 => " none was handed out in the last minute.".to_owned(),
                _ => {
                    let left_ms = (f64::from(told.backlog.count) / rate * 60_000.0) as i64;
                    let left = length(left_ms);
                    format!(" {rate:.1} a minute are handed out: all of it in about {left}.")
                }
            };
        }
        text
    }
}

fn named(group: &Group) -> String {
    if group.kind == Kind::Decision {
        return format!("Decision task #{}", group.event_id);
    }
    super::progress::capital(&group.label())
}

/// That who polls is not known as nobody has asked.
fn not_asked() -> String {
    format!(
        "Who polls it was not asked: something waits on more than {LISTS_ASKED_MAX} lists, and of no \
         more of an execution is it asked."
    )
}

/// Why it is not known who polls.
fn not_said(untold: &Untold) -> String {
    match untold {
        Untold::NotHere => "This server does not say who polls.".to_owned(),
        Untold::Denied(action) => format!(
            "Who polls is not known: {action} is denied to whoever asks here, and takes a policy \
             that allows it."
        ),
        Untold::Refused(why) => format!("The server would not say who polls ({why})."),
    }
}

fn tasks(kind: TaskListKind) -> String {
    format!("{}s", task_of(kind))
}

/// Who polls, or did.
fn pollers(told: &TaskListDetail, now: Timestamp) -> Vec<Evidence> {
    let mut pollers: Vec<_> = told.pollers.iter().collect();
    pollers.sort_by_key(|poller| (poller.waiting == 0, -poller.last_seen_at.0));
    let more = pollers.len().saturating_sub(POLLERS_MAX);
    pollers.truncate(POLLERS_MAX);
    let mut evidence: Vec<Evidence> = pollers
        .into_iter()
        .map(|poller| {
            let name = name_of(poller);
            if 0 < poller.waiting {
                let text = format!("{name} waits on list {:?}", told.name);
                return Evidence::at(now, text);
            }
            let text = format!("{name} was last seen on list {:?}", told.name);
            Evidence::at(poller.last_seen_at, text)
        })
        .collect();
    if 0 < more {
        evidence.push(Evidence::text(format!("and {more} more pollers of list {:?}", told.name)));
    }
    evidence
}

/// Which list was meant, perhaps.
fn likely(list: &TaskListName, meant: &TaskListDetail, now: Timestamp) -> String {
    let count = recent(meant, now).count().max(meant.waiting_pollers as usize);
    let are = if count == 1 { "is" } else { "are" };
    let pollers = counted(count, "poller", "pollers");
    if meant.kind != list.kind {
        let task = task_of(meant.kind);
        return format!(
            " {pollers} {are} on the list of that name for {task}s, which is another list: they \
             poll for the wrong kind of task, perhaps."
        );
    }
    format!(" {pollers} {are} on {:?}: the list was renamed in a deployment, perhaps.", meant.name)
}
