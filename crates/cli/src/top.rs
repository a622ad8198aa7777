//! What `tidewheel top` shows: domains with how much is done in them, and task lists with what waits
//! there and who asks for it, the worst first. Data in, text out.

use crate::lately::{RECENT_MS, has_looked, remembers_pollers_since};
use crate::timeline::length::{between, date, length, padded, plain, shortened, squeezed, width};
use std::cmp::Reverse;
use wire::{Backlog, DomainLoad, DomainName, PollerDetail, RecentCount, TaskListDetail, Timestamp};

/// How many pollers of a list are named.
const POLLERS_NAMED_MAX: usize = 3;

/// How wide what a poller calls itself is at most.
const NAME_COLUMNS_MAX: usize = 28;

/// How wide a column of names is at least, however narrow the screen, unless the names are short.
const NAMES_COLUMNS_MIN: usize = 12;

/// How much of who polls is seen before names give way to it.
const WHO_COLUMNS_MIN: usize = 20;

/// Of how many domains the task lists are asked for, at most.
const DOMAINS_ASKED_MAX: usize = 50;

/// How many things that could not be had are told.
const PROBLEMS_MAX: usize = 3;

/// From which age on a task that waits is late, in milliseconds.
const LATE_MS: i64 = 60_000;

/// How long a list is shown that nobody asks any more and on which nothing waits or happens, in
/// milliseconds.
const QUIET_MS: i64 = 5 * 60_000;

/// How a list stands, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Tasks wait, and nobody asks for them.
    Abandoned,
    /// Tasks wait for long, though somebody asks.
    Late,
    /// Tasks wait.
    Waiting,
    /// Nothing waits.
    Well,
}

impl Severity {
    fn color(self) -> Option<&'static str> {
        match self {
            Severity::Abandoned => Some("1;31"),
            Severity::Late => Some("33"),
            Severity::Waiting | Severity::Well => None,
        }
    }

    /// What stands before it, since a colour alone says nothing to some.
    fn mark(self) -> &'static str {
        match self {
            Severity::Abandoned => "!",
            Severity::Late => "~",
            Severity::Waiting | Severity::Well => " ",
        }
    }
}

/// What the server said.
#[derive(Clone, Debug)]
pub struct Top {
    /// Where it was asked.
    pub place: String,
    /// What time its clock shows.
    pub now: Timestamp,
    /// Since when it counts.
    pub counted_since: Timestamp,
    /// The domains.
    pub domains: Vec<DomainLoad>,
    /// Their task lists.
    pub lists: Vec<(DomainName, TaskListDetail)>,
    /// What could not be had.
    pub problems: Vec<String>,
}

/// How it is shown.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// How wide a line is at most.
    pub columns: usize,
    /// How many lines there are at most, if that is bounded.
    pub rows: Option<usize>,
    /// Whether there are colours.
    pub colored: bool,
}

/// A line and how it is coloured.
struct Line {
    text: String,
    color: Option<&'static str>,
}

impl Line {
    fn plain(text: impl Into<String>) -> Line {
        Line { text: text.into(), color: None }
    }

    fn bold(text: impl Into<String>) -> Line {
        Line { text: text.into(), color: Some("1") }
    }
}

impl Top {
    /// The domains whose task lists are to be asked for: those in which something has waited for the
    /// longest time first, and those in which nothing is open last, though somebody may poll there.
    /// Of how many that is too much stands among the problems.
    pub fn to_ask(&mut self) -> Vec<DomainName> {
        let mut names: Vec<DomainName> =
            self.sorted_domains().into_iter().map(|load| load.domain.clone()).collect();
        let more = names.len().saturating_sub(DOMAINS_ASKED_MAX);
        names.truncate(DOMAINS_ASKED_MAX);
        if more > 0 {
            let (domains, are) = if more == 1 { ("domain", "is") } else { ("domains", "are") };
            self.problems.push(format!(
                "the task lists of {more} {domains} {are} not shown: those of {DOMAINS_ASKED_MAX} \
                 are asked for, the oldest backlog first; name a domain to see its own"
            ));
        }
        names
    }

    /// The domains, the oldest backlog first.
    fn sorted_domains(&self) -> Vec<&DomainLoad> {
        let mut domains: Vec<&DomainLoad> = self.domains.iter().collect();
        domains.sort_by_key(|load| {
            let backlog = both(&load.decision_backlog, &load.activity_backlog);
            let oldest = backlog.oldest_task_scheduled_at.unwrap_or(Timestamp::MAX);
            (oldest, Reverse(load.open_executions), load.domain.clone())
        });
        domains
    }

    /// The text, each line with its end.
    pub fn draw(&self, view: View) -> String {
        let age = length(between(self.counted_since, self.now));
        let title = format!("{}  {}  counting for {age}", self.place, date(self.now));
        let mut lines = vec![Line::plain(title)];
        if !has_looked(self.counted_since, self.now) {
            let text =
                "It has just begun to look: who polls may come back yet; rates are of this time.";
            lines.push(Line::plain(text));
        }
        let told = self.problems.iter().take(PROBLEMS_MAX).map(|problem| format!("! {problem}"));
        let more = self.problems.len().saturating_sub(PROBLEMS_MAX);
        let more = (more > 0).then(|| format!("! and {more} more could not be had"));
        let color = Severity::Abandoned.color();
        lines.extend(told.chain(more).map(|text| Line { text, color }));
        lines.push(Line::plain(""));
        let domains = self.domain_lines(view.columns);
        let lists = self.list_lines(view.columns);
        match view.rows {
            None => {
                lines.extend(domains);
                lines.push(Line::plain(""));
                lines.extend(lists);
            }
            Some(rows) => {
                // Both tables get half of what is left, and what the other does not need.
                let left = rows.saturating_sub(lines.len() + 1);
                let for_domains =
                    domains.len().min((left / 2).max(left.saturating_sub(lists.len())));
                lines.extend(fit(domains, for_domains));
                lines.push(Line::plain(""));
                let left = rows.saturating_sub(lines.len());
                lines.extend(fit(lists, left));
                lines.truncate(rows);
            }
        }
        let mut text = String::new();
        for Line { text: line, color } in lines {
            let line = shortened(line.trim_end(), view.columns);
            text += &match color.filter(|_| view.colored) {
                Some(color) => format!("\u{1b}[{color}m{line}\u{1b}[0m\n"),
                None => format!("{line}\n"),
            };
        }
        text
    }

    /// The whole as one object.
    pub fn json(&self) -> String {
        let lists = self.lists.iter().map(|(domain, list)| {
            let mut value = serde_json::to_value(list).expect("a shape has text keys");
            value["domain"] = serde_json::json!(domain);
            value
        });
        serde_json::json!({
            "now": self.now,
            "countedSince": self.counted_since,
            "domains": self.domains,
            "taskLists": lists.collect::<Vec<_>>(),
            "problems": self.problems,
        })
        .to_string()
    }

    fn domain_lines(&self, columns: usize) -> Vec<Line> {
        let (executions, tasks) = ("executions/m", "tasks/m");
        let head = [
            Column::names("DOMAIN"),
            Column::number("OPEN"),
            Column::number("BACKLOG"),
            Column::number("OLDEST"),
            Column::number("START").of(executions),
            Column::number("CLOSE").of(executions),
            Column::number("FAIL").of(executions),
            Column::number("DECIDE").of(tasks),
            Column::number("WORK").of(tasks),
            Column::number("TIMEOUT").of(tasks),
        ];
        let row = |load: &&DomainLoad| {
            let failed = sum(&[&load.failed, &load.timed_out, &load.terminated]);
            let closed = sum(&[&load.completed, &load.canceled, &load.continued_as_new]) + failed;
            let backlog = both(&load.decision_backlog, &load.activity_backlog);
            vec![
                plain(load.domain.as_str()),
                load.open_executions.to_string(),
                said(&backlog),
                self.age(&backlog),
                load.started.last_minute.to_string(),
                closed.to_string(),
                failed.to_string(),
                load.decision_tasks_handed_out.last_minute.to_string(),
                load.activity_tasks_handed_out.last_minute.to_string(),
                load.tasks_timed_out.last_minute.to_string(),
            ]
        };
        let rows: Vec<Vec<String>> = self.sorted_domains().iter().map(row).collect();
        let colors = vec![None; rows.len()];
        table(&head, rows, &colors, columns)
    }

    fn list_lines(&self, columns: usize) -> Vec<Line> {
        let mut head = vec![
            Column::text(""),
            Column::names("TASK LIST"),
            Column::text("KIND"),
            Column::number("BACKLOG"),
            Column::number("OLDEST"),
            Column::number("POLLS"),
            Column::number("IN/m"),
            Column::number("OUT/m"),
            Column { columns_min: WHO_COLUMNS_MIN, ..Column::names("WHO POLLS") },
        ];
        // Of one domain, all are its.
        let is_of_many = self.domains.len() != 1;
        if is_of_many {
            head.insert(DOMAIN_AT, Column::names("DOMAIN"));
        }
        let mut lists: Vec<&(DomainName, TaskListDetail)> =
            self.lists.iter().filter(|(_, list)| !self.is_quiet(list)).collect();
        lists.sort_by_key(|(domain, list)| {
            let oldest = list.backlog.oldest_task_scheduled_at.unwrap_or(Timestamp::MAX);
            let busy = Reverse(list.handed_out.last_minute);
            (self.severity(list), oldest, busy, domain.clone(), list.name.clone(), list.kind)
        });
        let row = |(domain, list): &&(DomainName, TaskListDetail)| {
            let mut row = vec![
                self.severity(list).mark().to_owned(),
                plain(list.name.as_str()),
                list.kind.as_str().to_owned(),
                said(&list.backlog),
                self.age(&list.backlog),
                list.waiting_pollers.to_string(),
                list.scheduled.last_minute.to_string(),
                list.handed_out.last_minute.to_string(),
                self.pollers(list),
            ];
            if is_of_many {
                row.insert(DOMAIN_AT, plain(domain.as_str()));
            }
            row
        };
        let rows: Vec<Vec<String>> = lists.iter().map(row).collect();
        let colors: Vec<_> = lists.iter().map(|(_, list)| self.severity(list).color()).collect();
        table(&head, rows, &colors, columns)
    }

    /// How a list stands.
    pub fn severity(&self, list: &TaskListDetail) -> Severity {
        let Some(oldest) = list.backlog.oldest_task_scheduled_at.filter(|_| list.backlog.count > 0)
        else {
            return Severity::Well;
        };
        let is_late = between(oldest, self.now) >= LATE_MS;
        // A worker that has taken a task does not poll while it works.
        let seen = list.pollers.iter().map(|poller| poller.last_seen_at).max();
        let is_polled = list.waiting_pollers > 0
            || list.handed_out.last_minute > 0
            || seen.is_some_and(|seen| between(seen, self.now) <= RECENT_MS);
        // After a start it is not known yet.
        let may_be_polled = is_polled || !has_looked(self.counted_since, self.now);
        match (may_be_polled, is_late) {
            (false, _) => Severity::Abandoned,
            (true, true) => Severity::Late,
            (true, false) => Severity::Waiting,
        }
    }

    /// Nothing waits there, nothing happens, and nobody asks.
    fn is_quiet(&self, list: &TaskListDetail) -> bool {
        let seen = list.pollers.iter().map(|poller| poller.last_seen_at).max();
        list.backlog.count == 0
            && list.waiting_pollers == 0
            && list.scheduled.last_five_minutes == 0
            && list.handed_out.last_five_minutes == 0
            && seen.is_none_or(|seen| between(seen, self.now) >= QUIET_MS)
    }

    fn age(&self, backlog: &Backlog) -> String {
        let oldest = backlog.oldest_task_scheduled_at;
        oldest.map_or_else(|| "-".to_owned(), |oldest| length(between(oldest, self.now)))
    }

    /// Who polls, or when somebody last did.
    fn pollers(&self, list: &TaskListDetail) -> String {
        let Some(first) = list.pollers.first() else {
            let since = remembers_pollers_since(self.counted_since, self.now);
            return format!("nobody in {}", length(between(since, self.now)));
        };
        if first.waiting == 0 {
            let age = length(between(first.last_seen_at, self.now));
            return format!("{} {age} ago", called(first));
        }
        let waiting: Vec<&PollerDetail> =
            list.pollers.iter().filter(|poller| poller.waiting > 0).collect();
        let named: Vec<String> =
            waiting.iter().take(POLLERS_NAMED_MAX).map(|poller| called(poller)).collect();
        match waiting.len().saturating_sub(POLLERS_NAMED_MAX) {
            0 => named.join(", "),
            more => format!("{}, +{more}", named.join(", ")),
        }
    }
}

/// What a poller is called: as it calls itself, or by its credential; and where it is.
fn called(poller: &PollerDetail) -> String {
    let principal = poller.principal.as_ref().map(|arn| arn.as_str());
    let principal = principal.and_then(|arn| arn.rsplit([':', '/']).next());
    let name = poller.identity.as_ref().map(|identity| identity.as_str()).or(principal);
    let address = poller.address.as_ref().map(|address| address.as_str());
    plain(&match (name, address) {
        (Some(name), Some(address)) => format!("{}@{address}", shortened(name, NAME_COLUMNS_MAX)),
        (Some(name), None) => shortened(name, NAME_COLUMNS_MAX),
        (None, Some(address)) => address.to_owned(),
        (None, None) => "somebody".to_owned(),
    })
}

fn sum(counts: &[&RecentCount]) -> u64 {
    counts.iter().map(|count| count.last_minute).sum()
}

fn both(one: &Backlog, other: &Backlog) -> Backlog {
    let oldest = [one.oldest_task_scheduled_at, other.oldest_task_scheduled_at];
    Backlog {
        count: one.count.saturating_add(other.count),
        truncated: one.truncated || other.truncated,
        oldest_task_scheduled_at: oldest.into_iter().flatten().min(),
    }
}

fn said(backlog: &Backlog) -> String {
    format!("{}{}", backlog.count, if backlog.truncated { "+" } else { "" })
}

/// What fits, the last line of which says how many are left out.
fn fit(mut lines: Vec<Line>, rows: usize) -> Vec<Line> {
    if lines.len() > rows {
        let more = lines.len() - rows.saturating_sub(1);
        lines.truncate(rows.saturating_sub(1));
        if rows > 0 {
            lines.push(Line::plain(format!("… and {more} more")));
        }
    }
    lines
}

/// In which place the domain of a list stands.
const DOMAIN_AT: usize = 3;

/// A column of a table.
#[derive(Clone, Copy, Debug)]
struct Column {
    head: &'static str,
    /// What it is of, together with those beside it.
    group: Option<&'static str>,
    /// Numbers are flush right.
    is_number: bool,
    /// How narrow it may become.
    columns_min: usize,
}

impl Column {
    /// Whose texts are never cut.
    fn text(head: &'static str) -> Column {
        Column { head, group: None, is_number: false, columns_min: usize::MAX }
    }

    fn number(head: &'static str) -> Column {
        Column { is_number: true, ..Column::text(head) }
    }

    fn names(head: &'static str) -> Column {
        Column { columns_min: NAMES_COLUMNS_MIN, ..Column::text(head) }
    }

    fn of(self, group: &'static str) -> Column {
        Column { group: Some(group), ..self }
    }
}

/// What stands between two columns.
const GAP: &str = "  ";

/// Columns below their heads, in lines of so many columns if names can be cut to that.
fn table(
    head: &[Column],
    rows: Vec<Vec<String>>,
    colors: &[Option<&'static str>],
    columns: usize,
) -> Vec<Line> {
    let mut widths: Vec<usize> = head
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let widths = rows.iter().map(|row| width(&row[at]));
            widths.chain([width(column.head)]).max().unwrap_or(0)
        })
        .collect();
    let gaps = GAP.len() * head.len().saturating_sub(1);
    let mut over = (widths.iter().sum::<usize>() + gaps).saturating_sub(columns);
    while over > 0 {
        let may_shrink = head.iter().zip(&mut widths);
        let may_shrink = may_shrink.filter(|(column, width)| column.columns_min < **width);
        let Some((_, widest)) = may_shrink.max_by_key(|(_, width)| **width) else { break };
        *widest -= 1;
        over -= 1;
    }
    let line = |cells: Vec<String>| {
        let cells = cells.into_iter().enumerate().map(|(at, cell)| {
            let cell = if head[at].is_number { cell } else { squeezed(&cell, widths[at]) };
            match head[at].is_number {
                true => format!("{}{cell}", " ".repeat(widths[at] - width(&cell))),
                false => padded(&cell, widths[at]),
            }
        });
        cells.collect::<Vec<_>>().join(GAP)
    };
    let heads = line(head.iter().map(|column| column.head.to_owned()).collect());
    let groups = groups(head, &widths).map(Line::plain);
    let rows =
        rows.into_iter().zip(colors).map(|(row, color)| Line { text: line(row), color: *color });
    groups.into_iter().chain([Line::bold(heads)]).chain(rows).collect()
}

/// The line above the heads: what those below it are of.
fn groups(head: &[Column], widths: &[usize]) -> Option<String> {
    let mut line = String::new();
    let mut at = 0;
    for alike in head.chunk_by(|one, other| one.group == other.group) {
        let widths = &widths[at..at + alike.len()];
        let room = widths.iter().sum::<usize>() + GAP.len() * (alike.len() - 1);
        at += alike.len();
        let group = alike.first().and_then(|column| column.group);
        let text = group.map_or_else(String::new, |group| format!("{group:-^room$}"));
        line += &padded(&text, room);
        line += GAP;
    }
    (!line.trim().is_empty()).then_some(line)
}

#[cfg(test)]
mod tests;
