//! What people read of a job: before it, while it runs, and after it.

use super::TARGETS_MAX;
use super::action::Action;
use super::job::{Job, Outcome, Target};
use super::pace::Stop;
use crate::timeline::length::{between, date, length, padded, plain, shortened, width, wrapped};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;
use wire::Timestamp;

/// How many executions are shown of those that are meant.
const SAMPLE: usize = 10;
/// How many types are counted by name.
const TYPES_MAX: usize = 20;
/// How many failures are shown.
const FAILURES_MAX: usize = 10;
/// The columns of an id or a text that is shown.
const TEXT_COLUMNS: usize = 60;
/// The columns of a line of what a service says, unless a word is longer.
const REASON_COLUMNS: usize = 76;
/// The columns of the bar itself.
const BAR_COLUMNS: usize = 24;

/// How far a job is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Done.
    pub done: usize,
    /// Closed before.
    pub closed: usize,
    /// Not done by the service.
    pub failed: usize,
    /// Still to be acted on.
    pub left: usize,
}

impl Told {
    /// Counts the outcomes of a job.
    pub fn of(job: &Job) -> Told {
        let mut told = Told::default();
        for outcome in &job.outcomes {
            *told.place(outcome.as_ref()) += 1;
        }
        told
    }

    /// Counts an outcome in the place of the one before.
    pub fn count(&mut self, before: Option<&Outcome>, outcome: &Outcome) {
        *self.place(before) -= 1;
        *self.place(Some(outcome)) += 1;
    }

    fn place(&mut self, outcome: Option<&Outcome>) -> &mut usize {
        match outcome {
            None => &mut self.left,
            Some(Outcome::Done) => &mut self.done,
            Some(Outcome::Closed) => &mut self.closed,
            Some(Outcome::Failed(_)) => &mut self.failed,
        }
    }

    fn total(&self) -> usize {
        self.done + self.closed + self.failed + self.left
    }

    /// As in `40 terminated, 1 closed before, 0 failed, 9 left`.
    fn words(&self, action: &Action) -> String {
        let Told { done, closed, failed, left } = self;
        format!("{done} {}, {closed} closed before, {failed} failed, {left} left", action.past())
    }
}

/// What would be done, before anything is. `next` is the command that does it.
pub fn preview(job: &Job, now: Timestamp, next: Option<&str>) -> String {
    let mut text = head(job);
    let mut types: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for target in &job.targets {
        let name = (target.workflow_type.name.as_str(), target.workflow_type.version.as_str());
        *types.entry(name).or_default() += 1;
    }
    let mut types: Vec<_> = types.into_iter().collect();
    types.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let rows: Vec<[String; 2]> = types
        .iter()
        .take(TYPES_MAX)
        .map(|((name, version), count)| {
            [count.to_string(), shortened(&format!("{name} {version}"), TEXT_COLUMNS)]
        })
        .collect();
    say(&mut text, "\nBy type:");
    table(&mut text, &rows);
    if let Some(others) = types.get(TYPES_MAX..).filter(|others| !others.is_empty()) {
        let count: usize = others.iter().map(|(_, count)| count).sum();
        say(&mut text, &format!("  {count} of {} other types", others.len()));
    }
    let row = |what: &str, target: &Target| {
        [
            what.to_owned(),
            date(target.started),
            format!("{} ago", length(between(target.started, now))),
            shortened(target.workflow_id.as_str(), TEXT_COLUMNS),
            target.run_id.to_string(),
        ]
    };
    let started = |target: &&Target| target.started;
    let ends = [
        ("oldest", job.targets.iter().min_by_key(started)),
        ("newest", job.targets.iter().max_by_key(started)),
    ];
    let mut rows: Vec<[String; 5]> = Vec::new();
    for (what, target) in ends {
        rows.extend(target.map(|target| row(what, target)));
    }
    let sample = job.targets.iter().take(SAMPLE).enumerate();
    let sample = sample.map(|(index, target)| row(&format!("{}.", index + 1), target));
    rows.extend(sample);
    let all = rows.split_off(2.min(rows.len()));
    say(&mut text, "\nBy start:");
    table(&mut text, &rows);
    let shown = all.len();
    say(
        &mut text,
        if shown < job.targets.len() { "\nThe first of them:" } else { "\nAll of them:" },
    );
    table(&mut text, &all);
    let more = job.targets.len() - shown;
    if 0 < more {
        say(&mut text, &format!("  and {more} more, which are in the job file"));
    }
    if let Some(next) = next {
        say(&mut text, &format!("\nNothing was done yet. To do it:\n  {next}"));
    }
    text
}

/// How a job stands.
pub fn status(job: &Job, is_running: bool, next: &str) -> String {
    let mut text = head(job);
    let told = Told::of(job);
    say(&mut text, &format!("  made    {}", date(job.header.made)));
    let state = if is_running {
        "it is being run"
    } else if told.left == job.header.targets {
        "it was not begun"
    } else if 0 < told.left {
        "it was cut"
    } else {
        "it is over"
    };
    say(&mut text, &format!("\n{state}: {}", told.words(&job.header.action)));
    failures(&mut text, job);
    if !is_running && 0 < told.left {
        say(&mut text, &format!("\nTo go on:\n  {next}"));
    }
    text
}

/// How a job ended. `next` is the command that goes on with it.
pub fn summary(job: &Job, stopped: Option<&Stop>, next: &str) -> String {
    let told = Told::of(job);
    let mut text = String::new();
    say(&mut text, &told.words(&job.header.action));
    failures(&mut text, job);
    let Some(stop) = stopped else { return text };
    let (why, reason) = match stop {
        Stop::Interrupted => ("it was interrupted", None),
        Stop::Refused(reason) => ("the service refuses it", Some(reason)),
        Stop::Broken(reason) => ("the service cannot be reached", Some(reason)),
        Stop::Throttled => ("the service takes no more requests", None),
        Stop::Failing(reason) => ("one execution after another is refused", Some(reason)),
    };
    match reason {
        Some(reason) => {
            say(&mut text, &format!("\nIt ended early: {why}:"));
            for line in wrapped(&plain(reason), REASON_COLUMNS) {
                say(&mut text, &format!("  {line}"));
            }
            say(&mut text, &format!("\nTo go on:\n  {next}"));
        }
        None => say(&mut text, &format!("\nIt ended early: {why}. To go on:\n  {next}")),
    }
    text
}

/// A line that says how far a job is, without its end. `rate` is in calls each second, as it is now.
pub fn bar(told: Told, rate: f64, columns: usize) -> String {
    let total = told.total().max(1);
    let over = total - told.left.min(total);
    let filled = BAR_COLUMNS * over / total;
    let bar = format!("{}{}", "#".repeat(filled), "-".repeat(BAR_COLUMNS - filled));
    let mut line = format!("[{bar}] {over}/{total}");
    if 0 < told.failed {
        let _ = write!(line, ", {} failed", told.failed);
    }
    let seconds = Duration::try_from_secs_f64(told.left as f64 / rate).unwrap_or(Duration::MAX);
    let ms = i64::try_from(seconds.as_millis()).unwrap_or(i64::MAX);
    let _ = write!(line, ", {rate:.1}/s, about {} left", length(ms));
    // A line that is too long would stay when the next is drawn over it.
    shortened(&line, columns.saturating_sub(1))
}

/// What is done, to which, where.
fn head(job: &Job) -> String {
    let header = &job.header;
    let mut text = String::new();
    let count = header.targets;
    let executions = if count == 1 { "execution" } else { "executions" };
    let word = header.action.word();
    say(&mut text, &format!("{word} {count} {executions} of domain {}", plain(&header.domain)));
    say(&mut text, &format!("  at      {}, region {}", header.endpoint, header.region));
    say(&mut text, &format!("  query   {}", plain(&header.query)));
    let mut about = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            let value = shortened(value, TEXT_COLUMNS);
            say(&mut text, &format!("  {} {value}", padded(name, 7)));
        }
    };
    match &header.action {
        Action::Terminate { reason, details, child_policy } => {
            about("reason", reason.as_deref());
            about("details", details.as_deref());
            about("childPolicy", child_policy.map(|policy| policy.as_str()));
        }
        Action::Cancel {} => (),
        Action::Signal { signal_name, input } => {
            about("signal", Some(signal_name));
            about("input", input.as_deref());
        }
    }
    if header.is_cut {
        let more = format!(
            "  There are more: a job has {TARGETS_MAX} executions at most. When it is over, make \
             another."
        );
        say(&mut text, &more);
    }
    text
}

fn failures(text: &mut String, job: &Job) {
    let failed =
        job.targets.iter().zip(&job.outcomes).filter_map(|(target, outcome)| match outcome {
            Some(Outcome::Failed(reason)) => Some((target, reason)),
            Some(Outcome::Done | Outcome::Closed) | None => None,
        });
    let mut failed = failed.peekable();
    if failed.peek().is_none() {
        return;
    }
    say(text, "\nFailed:");
    for (target, reason) in failed.by_ref().take(FAILURES_MAX) {
        let id = shortened(target.workflow_id.as_str(), TEXT_COLUMNS);
        say(text, &format!("  {id} {}: {}", target.run_id, plain(reason)));
    }
    let more = failed.count();
    if 0 < more {
        say(text, &format!("  and {more} more, which are in the job file"));
    }
}

fn say(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// Columns that are as wide as what is in them.
fn table<const COLUMNS: usize>(text: &mut String, rows: &[[String; COLUMNS]]) {
    let columns = |column: usize| rows.iter().map(|row| width(&row[column])).max().unwrap_or(0);
    let widths: [usize; COLUMNS] = std::array::from_fn(columns);
    for row in rows {
        let cells = row.iter().zip(widths).map(|(cell, columns)| padded(cell, columns));
        say(text, format!("  {}", cells.collect::<Vec<_>>().join("  ")).trim_end());
    }
}
