//! A timeline as text.
//!
//! Colour is never alone: what it says is also said by a sign and by a word.

use super::axis::Axis;
use super::length::{between, length, offset, padded, plain, shortened, squeezed, width, wrapped};
use super::{Group, Kind, Outcome, Snapshot};
use std::collections::BTreeMap;

/// The most groups that are drawn unless all are asked for.
pub const GROUPS_MAX: usize = 200;
/// The fewest columns that are drawn on, however narrow the terminal is.
const COLUMNS_MIN: usize = 60;
/// What stands to the left of labels: an offset, a sign and spaces.
const MARGIN: usize = 11;

/// How a timeline is drawn.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// How wide the terminal is.
    pub columns: usize,
    /// Whether there are colours.
    pub colored: bool,
    /// All groups instead of the most important.
    pub all: bool,
    /// Payloads in full instead of a line of them.
    pub full: bool,
}

impl View {
    fn colour(&self, code: &str, text: &str) -> String {
        if self.colored { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn of(&self, outcome: Outcome, text: &str) -> String {
        let code = match outcome {
            Outcome::Waits => "33",
            Outcome::Runs => "36",
            Outcome::Done => "32",
            Outcome::Failed => "31",
            Outcome::Canceled => "35",
        };
        self.colour(code, text)
    }
}

impl Group {
    pub(super) fn sign(&self) -> char {
        match self.outcome {
            Outcome::Waits => '…',
            Outcome::Runs => '▸',
            Outcome::Done => '✓',
            Outcome::Failed => '✗',
            Outcome::Canceled => '⊘',
        }
    }

    /// What it is, in a few words.
    pub(crate) fn label(&self) -> String {
        let mut label = format!("{} {}", self.kind.word(), self.name);
        if 1 < self.attempt {
            label += &format!(" (try {})", self.attempt);
        }
        if !self.id.is_empty() && self.id != self.name {
            label += &format!(" [{}]", self.id);
        }
        plain(&label)
    }

    /// The outcome, the lengths of waiting and work, and who did it.
    fn tail(&self, snapshot: &Snapshot<'_>) -> Vec<String> {
        let end = self.closed_at.unwrap_or(snapshot.now.max(self.scheduled_at));
        let mut tail = vec![self.word.clone()];
        if self.cancel_requested_at.is_some() && self.outcome.is_open() {
            tail.push("cancel requested".to_owned());
        }
        match self.started_at {
            Some(at) => {
                tail.push(format!("wait {}", length(between(self.scheduled_at, at))));
                tail.push(format!("run {}", length(between(at, end))));
            }
            None if self.closed_at == Some(self.scheduled_at) => (),
            None => tail.push(length(between(self.scheduled_at, end))),
        }
        tail.extend(self.by.as_ref().map(|by| format!("by {by}")));
        tail.iter().map(|text| plain(text)).collect()
    }
}

impl Snapshot<'_> {
    /// The whole: head, groups, what was left out, and what is pending.
    pub fn draw(&self, view: View) -> String {
        let view = View { columns: view.columns.max(COLUMNS_MIN), ..view };
        let execution = &self.detail.execution_info.execution;
        let title = format!(
            "{} in {}, run {}",
            plain(execution.workflow_id.as_str()),
            plain(self.domain),
            plain(execution.run_id.as_str())
        );
        let mut text = view.colour("1", &title);
        text.push('\n');
        for (name, value) in self.head() {
            let room = view.columns.saturating_sub(15);
            let value = if view.full { value } else { shortened(&value, room) };
            text += &format!("  {}{value}\n", padded(name, 13));
        }
        text.push('\n');
        self.draw_groups(view, &mut text);
        let pending = self.pending();
        if !pending.is_empty() {
            text += &format!("\n{}\n", view.colour("1", "Pending"));
            for (shown, entry) in pending.iter().rev().enumerate() {
                if !view.all && shown == GROUPS_MAX {
                    text += &format!("  {} more; --all shows them\n", pending.len() - shown);
                    break;
                }
                // Deadlines stand at the end, so that a line is not cut but goes on in the next.
                let lines = wrapped(&plain(&self.describe(entry)), view.columns - 4);
                for (index, line) in lines.iter().enumerate() {
                    let margin = if index == 0 { "  " } else { "    " };
                    text += &format!("{margin}{}\n", shortened(line, view.columns - margin.len()));
                }
            }
        }
        text
    }

    fn draw_groups(&self, view: View, text: &mut String) {
        let groups = &self.timeline.groups;
        let chosen = choose(groups, if view.all { groups.len() } else { GROUPS_MAX });
        let labels = chosen.iter().map(|group| width(&group.label())).max().unwrap_or(0);
        let labels = labels.clamp(12, view.columns * 3 / 10);
        let rest = view.columns - MARGIN - labels - 3;
        let bars = rest / 2;
        let (zero, end) = (self.zero(), self.end());
        let axis = Axis::of(groups, zero, end, bars);
        let head = axis.head(&length(between(zero, end)));
        let legend = "░ waits █ runs ─ timer";
        *text += &format!(
            "{}{head}  {}\n",
            " ".repeat(MARGIN + labels + 1),
            shortened(legend, rest - bars)
        );
        for group in &chosen {
            let mut tail = String::new();
            let mut more = Vec::new();
            for piece in group.tail(self) {
                let comma = if tail.is_empty() { "" } else { ", " };
                if more.is_empty() && width(&tail) + comma.len() + width(&piece) <= rest - bars {
                    tail += &format!("{comma}{piece}");
                } else {
                    more.push(piece);
                }
            }
            let at = offset(zero, group.scheduled_at);
            let sign = view.of(group.outcome, &group.sign().to_string());
            // An id stands at the end, and tells it from the others.
            let label = padded(&squeezed(&group.label(), labels), labels);
            let bar = view.of(group.outcome, &axis.bar(group));
            let line = format!("{at:>8} {sign} {label} {bar}  {tail}");
            *text += &format!("{}\n", line.trim_end());
            self.draw_more(group, more, view, text);
        }
        let left_out = groups.len() - chosen.len();
        if 0 < left_out {
            *text +=
                &format!("  {left_out} more: {}; --all shows them\n", summary(groups, &chosen));
        }
    }

    /// What found no room in the line, and the payloads.
    fn draw_more(&self, group: &Group, more: Vec<String>, view: View, text: &mut String) {
        let margin = " ".repeat(MARGIN);
        let room = view.columns - MARGIN;
        if view.full {
            if !more.is_empty() {
                *text += &format!("{margin}{}\n", more.join(", "));
            }
            if let Some(registered) = &group.registered {
                *text += &format!("{margin}version: {}\n", plain(&registered.version));
            }
            for (name, payload) in &group.payloads {
                *text += &format!("{margin}{name}: {}\n", plain(payload));
            }
            return;
        }
        let payloads = group.payloads.iter();
        let count = payloads.clone().count().max(1);
        let mut pieces = more;
        // All have their share of the line.
        let used: usize = pieces.iter().map(|piece| width(piece) + 2).sum();
        let share = (room.saturating_sub(used) / count).saturating_sub(2).max(8);
        pieces.extend(payloads.map(|(name, payload)| {
            shortened(&format!("{name}: {}", shortened(payload, share)), share)
        }));
        if !pieces.is_empty() {
            let line = shortened(&pieces.join(", "), room);
            *text += &format!("{margin}{}\n", view.colour("2", &line));
        }
    }
}

/// The most important groups in their order: failures and what is open, then the newest.
fn choose(groups: &[Group], most: usize) -> Vec<&Group> {
    let is_first = |group: &Group| group.outcome.is_open() || group.outcome == Outcome::Failed;
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by_key(|index| (!is_first(&groups[*index]), std::cmp::Reverse(*index)));
    order.truncate(most);
    order.sort_unstable();
    order.into_iter().map(|index| &groups[index]).collect()
}

/// What was left out, by kind and sign.
fn summary(groups: &[Group], chosen: &[&Group]) -> String {
    let mut counts: BTreeMap<(Kind, char), i64> = BTreeMap::new();
    for group in groups {
        *counts.entry((group.kind, group.sign())).or_default() += 1;
    }
    for group in chosen {
        *counts.entry((group.kind, group.sign())).or_default() -= 1;
    }
    let counts = counts.into_iter().filter(|(_, count)| 0 < *count);
    let counts = counts.map(|((kind, sign), count)| format!("{count} {} {sign}", kind.word()));
    counts.collect::<Vec<_>>().join(", ")
}
