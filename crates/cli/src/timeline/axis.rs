//! The common axis of all bars: time from left to right, with the long idle parts folded.

use super::length::{between, length, width};
use super::{Group, Kind, Outcome};
use wire::Timestamp;

/// Idle time is folded from this share of the whole on.
const FOLD_PERCENT_MIN: i64 = 5;
/// The most folds: each takes columns from what is not idle. The longest are folded.
const FOLDS_MAX: usize = 3;
/// What folds have to leave to the rest, in columns.
const LIVE_COLUMNS_MIN: usize = 12;

/// A part of the axis.
#[derive(Debug)]
struct Part {
    from: Timestamp,
    to: Timestamp,
    column: usize,
    columns: usize,
    /// What stands in a fold.
    fold: Option<String>,
}

/// From time to columns.
#[derive(Debug)]
pub struct Axis {
    parts: Vec<Part>,
    columns: usize,
    end: Timestamp,
}

impl Axis {
    /// The axis from `zero` to `end`. Idle is when nothing happens and nobody works or is to: a timer
    /// that runs is no work.
    pub fn of(groups: &[Group], zero: Timestamp, end: Timestamp, columns: usize) -> Axis {
        let span = between(zero, end).max(1);
        let mut idle = gaps(groups, zero, end);
        idle.retain(|(from, to)| span.saturating_mul(FOLD_PERCENT_MIN) / 100 < between(*from, *to));
        idle.sort_by_key(|(from, to)| (-between(*from, *to), *from));
        idle.truncate(FOLDS_MAX);
        let label =
            |(from, to): &(Timestamp, Timestamp)| format!("⋮{}⋮", length(between(*from, *to)));
        // A fold that takes more room than the time it stands for is none.
        while let Some(shortest) = idle.last() {
            let folded: usize = idle.iter().map(|gap| width(&label(gap))).sum();
            let share = columns as i64 * between(shortest.0, shortest.1) / span;
            if folded + LIVE_COLUMNS_MIN <= columns && (width(&label(shortest)) as i64) < share {
                break;
            }
            idle.pop();
        }
        idle.sort_by_key(|(from, _)| *from);
        let folded_ms: i64 = idle.iter().map(|(from, to)| between(*from, *to)).sum();
        let folded_columns: usize = idle.iter().map(|gap| width(&label(gap))).sum();
        let (live_ms, live_columns) = (span - folded_ms, columns - folded_columns);
        let mut parts = Vec::new();
        let (mut at, mut column, mut passed_ms, mut folds) = (zero, 0, 0, 0);
        let mut live = |parts: &mut Vec<Part>,
                        from: Timestamp,
                        to: Timestamp,
                        folds: usize,
                        column: &mut usize| {
            passed_ms += between(from, to);
            let until = (live_columns as i64 * passed_ms / live_ms.max(1)) as usize + folds;
            parts.push(Part {
                from,
                to,
                column: *column,
                columns: until.saturating_sub(*column),
                fold: None,
            });
            *column = until.max(*column);
        };
        for gap in &idle {
            live(&mut parts, at, gap.0, folds, &mut column);
            let text = label(gap);
            let columns = width(&text);
            parts.push(Part { from: gap.0, to: gap.1, column, columns, fold: Some(text) });
            folds += columns;
            column += columns;
            at = gap.1;
        }
        live(&mut parts, at, end, folds, &mut column);
        Axis { parts, columns, end }
    }

    /// The column of a moment.
    fn column(&self, at: Timestamp) -> usize {
        let part = self.parts.iter().rfind(|part| part.from <= at).unwrap_or(&self.parts[0]);
        let passed = between(part.from, at).clamp(0, between(part.from, part.to));
        let span = between(part.from, part.to).max(1);
        let inside = part.columns as i64 * passed / span;
        (part.column + inside as usize).min(self.columns.saturating_sub(1))
    }

    /// What stands above the bars: both ends, and how long the folds are.
    pub fn head(&self, span: &str) -> String {
        let mut cells = vec!['·'; self.columns];
        let write = |cells: &mut Vec<char>, column: usize, text: &str| {
            for (cell, letter) in cells.iter_mut().skip(column).zip(text.chars()) {
                *cell = letter;
            }
        };
        write(&mut cells, self.columns.saturating_sub(width(span)), span);
        write(&mut cells, 0, "0");
        for part in &self.parts {
            if let Some(fold) = &part.fold {
                write(&mut cells, part.column, fold);
            }
        }
        cells.into_iter().collect()
    }

    /// The bar of a group: `░` while it waits, `█` while somebody works, `─` for time that passes,
    /// and its end.
    pub fn bar(&self, group: &Group) -> String {
        let mut cells = vec![' '; self.columns];
        for part in self.parts.iter().filter(|part| part.fold.is_some()) {
            cells[part.column] = '⋮';
            cells[part.column + part.columns - 1] = '⋮';
        }
        let mut paint = |from: Timestamp, to: Timestamp, letter: char| {
            let (from, to) = (self.column(from), self.column(to));
            for cell in &mut cells[from..=to] {
                *cell = letter;
            }
        };
        let end = group.closed_at.unwrap_or(self.end);
        let waiting = if group.kind == Kind::Timer { '─' } else { '░' };
        if group.closed_at != Some(group.scheduled_at) {
            paint(group.scheduled_at, group.started_at.unwrap_or(end), waiting);
        }
        if let Some(started_at) = group.started_at {
            paint(started_at, end, '█');
        }
        let mark = match (group.outcome, group.kind) {
            (Outcome::Failed, _) => Some('✗'),
            (Outcome::Canceled, _) => Some('⊘'),
            (Outcome::Waits | Outcome::Runs, _) => Some('▸'),
            (Outcome::Done, Kind::Timer) => Some('┤'),
            (Outcome::Done, _) => group.started_at.is_none().then_some('◆'),
        };
        if let Some(mark) = mark {
            paint(end, end, mark);
        }
        cells.into_iter().collect()
    }
}

/// When nothing happens and nobody works.
fn gaps(groups: &[Group], zero: Timestamp, end: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let mut busy = Vec::with_capacity(groups.len() * 2);
    for group in groups {
        let until = group.closed_at.unwrap_or(end);
        if group.kind.is_work() {
            busy.push((group.scheduled_at, until));
        } else {
            busy.push((group.scheduled_at, group.scheduled_at));
            busy.push((until, until));
        }
    }
    busy.sort();
    let mut gaps = Vec::new();
    let mut at = zero;
    for (from, to) in busy {
        if at < from {
            gaps.push((at, from));
        }
        at = at.max(to);
    }
    if at < end {
        gaps.push((at, end));
    }
    gaps
}
