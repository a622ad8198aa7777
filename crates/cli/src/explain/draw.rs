//! An explanation as text: what matters most in a paragraph, what it rests on, what helps; then the
//! other findings with theirs.
//!
//! Colour is never alone: what it says is also said by a word.

use super::{Explanation, Finding, Severity};
use crate::timeline::length::{between, clock, length, padded, plain, shortened, width, wrapped};
use std::collections::BTreeSet;
use wire::Timestamp;

/// The fewest columns that are written on, however narrow the terminal is.
const COLUMNS_MIN: usize = 40;
/// The most lines of what an event says.
const LINES_MAX: usize = 2;
/// How far evidence and commands stand in.
const MARGIN: &str = "  ";

/// How an explanation is shown.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// How wide the terminal is.
    pub columns: usize,
    /// Whether there are colours.
    pub colored: bool,
}

impl Look {
    fn colour(self, code: &str, text: &str) -> String {
        if self.colored { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn of(self, severity: Severity) -> String {
        let code = match severity {
            Severity::Stuck | Severity::Failing => "1;31",
            Severity::AtRisk => "1;33",
            Severity::Waiting => "1;36",
            Severity::Closed | Severity::Note => "1",
        };
        self.colour(code, severity.word())
    }
}

impl Explanation<'_> {
    /// The whole as text. Commands are never cut: they are to be copied.
    pub fn draw(&self, look: Look) -> String {
        let look = Look { columns: look.columns.max(COLUMNS_MIN), ..look };
        let mut text = format!("{}\n", look.colour("1", &self.title()));
        let mut told = BTreeSet::new();
        for finding in &self.findings {
            text += "\n";
            self.draw_finding(finding, look, &mut text);
            // A command that helps against several things is told once.
            for command in finding.commands.iter().filter(|command| told.insert(&command.line)) {
                text += &format!("{MARGIN}# {}\n", plain(&command.purpose));
                text += &format!("{MARGIN}{}\n", plain(&command.line));
            }
        }
        text
    }

    /// What it is of, and how that stands.
    pub(super) fn title(&self) -> String {
        let snapshot = &self.facts.snapshot;
        let execution = &snapshot.detail.execution_info.execution;
        let since = snapshot.zero();
        let status = match snapshot.closed_at() {
            Some(at) => format!("{} after {}", snapshot.status(), length(between(since, at))),
            None => format!("OPEN for {}", length(between(since, snapshot.now))),
        };
        plain(&format!(
            "{} in {}, run {}: {status}",
            execution.workflow_id, snapshot.domain, execution.run_id
        ))
    }

    fn draw_finding(&self, finding: &Finding, look: Look, text: &mut String) {
        let word = finding.severity.word();
        let sentence = format!("{word}: {}", plain(&finding.sentence));
        let lines = wrapped(&sentence, look.columns).join("\n");
        // The word is part of the first line, whose width has nothing to do with its colour.
        *text += &lines.replacen(word, &look.of(finding.severity), 1);
        *text += "\n";
        let ids = finding.evidence.iter().filter_map(|evidence| evidence.event_id);
        let ids = ids.map(|id| format!("#{id}").len()).max().unwrap_or(0);
        for evidence in &finding.evidence {
            let id = evidence.event_id.map_or(String::new(), |id| format!("#{id}"));
            let id = if ids == 0 { id } else { format!("{} ", padded(&id, ids)) };
            let room = look.columns - MARGIN.len() - width(&id);
            let line = match evidence.at {
                Some(at) => {
                    let when = clock(at, self.facts.snapshot.now);
                    format!("{when} ({}) {}", self.age(at), evidence.text)
                }
                None => evidence.text.clone(),
            };
            let mut before = format!("{MARGIN}{id}");
            let mut lines = wrapped(&shortened(&line, room * LINES_MAX), room);
            if LINES_MAX < lines.len() {
                lines.truncate(LINES_MAX);
                lines.last_mut().expect("there are some").push_str(" …");
            }
            for line in lines {
                *text += &look.colour("2", &format!("{before}{}", shortened(&line, room)));
                *text += "\n";
                before = " ".repeat(width(&before));
            }
        }
    }

    fn age(&self, at: Timestamp) -> String {
        let ms = between(at, self.facts.snapshot.now);
        match ms {
            0 => "now".to_owned(),
            ms if ms < 0 => format!("in {}", length(-ms)),
            ms => format!("{} ago", length(ms)),
        }
    }
}
