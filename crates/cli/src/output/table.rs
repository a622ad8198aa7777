//! Tables as the AWS CLI draws them: a section with a title for each level, boxes around cells, and
//! what would be wider than the terminal turned on its side.
//!
//! Widths are in columns of a terminal: letters of East Asia take two. The AWS CLI also counts two
//! for those that take two in East Asia alone, such as an umlaut, which leaves a gap behind them
//! everywhere else; here they take one.

use crate::python;
use crate::value::Value;
use unicode_width::UnicodeWidthStr;

/// What colours rows and the bars at the sides have, and what ends them.
const ROW: &str = "\u{1b}[1m\u{1b}[34m";
const BAR: &str = "\u{1b}[2m\u{1b}[33m";
const END: &str = "\u{1b}[0m";
/// What stands left and right of the text in a cell, bars included.
const PADDING: usize = 4;

/// Rows of one section have different numbers of cells: that is no table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Row should have {wanted} elements, instead it has {found}")]
pub struct UnevenRows {
    /// The cells of the first row.
    pub wanted: usize,
    /// Those of another.
    pub found: usize,
}

/// How tables are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// The columns of the terminal.
    pub columns: usize,
    /// Whether there are colours.
    pub colored: bool,
}

/// The table of a value; nothing for what is empty.
pub fn print(title: &str, value: &Value, style: Style) -> Result<String, UnevenRows> {
    let mut table = Table { sections: Vec::new(), style };
    match table.build(Some(title), value, 0)? {
        true => Ok(table.draw()),
        false => Ok(String::new()),
    }
}

fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::List(_) | Value::Map(_))
}

/// As Python sees it: nothing, zero and all that is empty is false.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Integer(number) => *number != 0,
        Value::Float(number) => *number != 0.0,
        Value::Text(text) => !text.is_empty(),
        Value::List(items) => !items.is_empty(),
        Value::Map(entries) => !entries.is_empty(),
    }
}

/// The keys of maps, sorted: those that have scalars, and those that have more. One that has both
/// in different maps is in both.
fn keys<'a>(maps: impl Iterator<Item = &'a Value>) -> (Vec<&'a str>, Vec<&'a str>) {
    let (mut headers, mut more) = (Vec::new(), Vec::new());
    for (key, value) in maps.flat_map(Value::entries) {
        let keys = if is_scalar(value) { &mut headers } else { &mut more };
        keys.push(key.as_str());
    }
    for keys in [&mut headers, &mut more] {
        keys.sort_unstable();
        keys.dedup();
    }
    (headers, more)
}

/// A title, a row of headers and rows, each perhaps missing.
#[derive(Default)]
struct Section {
    title: String,
    indent: usize,
    headers: Vec<String>,
    rows: Vec<Vec<String>>,
    /// The cells of a row, as soon as there is one.
    cells: Option<usize>,
    /// The width of each column's widest text.
    widths: Vec<usize>,
}

struct Table {
    sections: Vec<Section>,
    style: Style,
}

impl Section {
    fn measure(&mut self, cells: &[String]) {
        if self.widths.is_empty() {
            self.widths = cells.iter().map(|cell| width(cell)).collect();
            return;
        }
        for (widest, cell) in self.widths.iter_mut().zip(cells) {
            *widest = (*widest).max(width(cell));
        }
    }

    fn head(&mut self, headers: Vec<String>) {
        self.measure(&headers);
        self.cells.get_or_insert(headers.len());
        self.headers = headers;
    }

    fn row(&mut self, row: Vec<String>) -> Result<(), UnevenRows> {
        let wanted = *self.cells.get_or_insert(row.len());
        if row.len() != wanted {
            return Err(UnevenRows { wanted, found: row.len() });
        }
        self.measure(&row);
        self.rows.push(row);
        Ok(())
    }

    fn total_width(&self) -> usize {
        let columns: usize = self.widths.iter().map(|width| width + PADDING).sum();
        let outside = 2 + 2 * self.indent;
        (width(&self.title) + outside).max(columns + outside)
    }

    /// The widths of columns that fill `total`.
    fn scaled(&self, total: usize) -> Vec<usize> {
        let natural: Vec<usize> = self.widths.iter().map(|width| width + PADDING).collect();
        let sum: usize = natural.iter().sum();
        if natural.is_empty() {
            return natural;
        }
        let factor = total as f64 / sum as f64;
        let scaled =
            natural.iter().map(|width| (factor * *width as f64).round_ties_even() as usize);
        let mut scaled: Vec<usize> = scaled.collect();
        // Rounding may leave a few columns over, or take a few too many.
        let count = scaled.len();
        let mut index = 0;
        while scaled.iter().sum::<usize>() > total {
            scaled[index % count] -= 1;
            index += 1;
        }
        while scaled.iter().sum::<usize>() < total {
            index += 1;
            scaled[count - 1 - (index - 1) % count] += 1;
        }
        scaled
    }

    /// A single row is told with a line for each of its cells.
    fn turned(self) -> Result<Section, UnevenRows> {
        if self.rows.len() != 1 || self.headers.is_empty() {
            return Ok(self);
        }
        let Section { title, indent, headers, rows, .. } = self;
        let mut turned = Section { title, indent, ..Section::default() };
        for (header, cell) in headers.into_iter().zip(rows.into_iter().flatten()) {
            turned.row(vec![header, cell])?;
        }
        Ok(turned)
    }
}

impl Table {
    /// False if there is nothing to show.
    fn build(
        &mut self,
        title: Option<&str>,
        value: &Value,
        indent: usize,
    ) -> Result<bool, UnevenRows> {
        if !is_true(value) {
            return Ok(false);
        }
        if let Some(title) = title {
            self.begin(title, indent);
        }
        match value {
            Value::List(items) if matches!(items[0], Value::Map(_)) => {
                self.build_list(items, title, indent)?;
            }
            Value::List(items) => {
                for item in items {
                    match item {
                        Value::List(cells) if cells.iter().all(is_scalar) => {
                            self.row(cells.iter().map(python::shown).collect())?;
                        }
                        // A map among others that are none is shown by its keys.
                        Value::Map(entries) if entries.iter().all(|(_, v)| is_scalar(v)) => {
                            self.row(entries.iter().map(|(key, _)| key.clone()).collect())?;
                        }
                        Value::List(_) | Value::Map(_) => {
                            self.build(None, item, 0)?;
                        }
                        Value::Null
                        | Value::Bool(_)
                        | Value::Integer(_)
                        | Value::Float(_)
                        | Value::Text(_) => self.row(vec![python::shown(item)])?,
                    }
                }
            }
            Value::Map(_) => self.build_map(value, indent)?,
            Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) | Value::Text(_) => {
            }
        }
        Ok(true)
    }

    fn begin(&mut self, title: &str, indent: usize) {
        self.sections.push(Section { title: title.to_owned(), indent, ..Section::default() });
    }

    fn row(&mut self, row: Vec<String>) -> Result<(), UnevenRows> {
        self.section().row(row)
    }

    fn section(&mut self) -> &mut Section {
        self.sections.last_mut().expect("a table begins with a title")
    }

    fn build_map(&mut self, map: &Value, indent: usize) -> Result<(), UnevenRows> {
        let (headers, more) = keys(std::iter::once(map));
        let cell = |key: &str| map.get(key).map_or(String::new(), python::shown);
        match headers.as_slice() {
            [] => (),
            [header] => self.row(vec![(*header).to_owned(), cell(header)])?,
            headers => {
                self.section().head(headers.iter().map(|header| (*header).to_owned()).collect());
                self.row(headers.iter().map(|header| cell(header)).collect())?;
            }
        }
        for key in more {
            if let Some(value) = map.get(key) {
                self.build(Some(key), value, indent + 1)?;
            }
        }
        Ok(())
    }

    fn build_list(
        &mut self,
        items: &[Value],
        title: Option<&str>,
        indent: usize,
    ) -> Result<(), UnevenRows> {
        let (headers, more) = keys(items.iter());
        let names = || headers.iter().map(|header| (*header).to_owned()).collect();
        self.section().head(names());
        for (index, item) in items.iter().enumerate() {
            if index > 0 && !more.is_empty() {
                self.begin(title.unwrap_or_default(), indent);
                self.section().head(names());
            }
            let cell = |key: &&str| item.get(key).map_or(String::new(), python::shown);
            self.row(headers.iter().map(cell).collect())?;
            for key in &more {
                if let Some(value) = item.get(key) {
                    self.build(Some(key), value, indent + 1)?;
                }
            }
        }
        Ok(())
    }

    fn draw(mut self) -> String {
        let total = |sections: &[Section]| {
            sections.iter().map(Section::total_width).max().unwrap_or_default()
        };
        let mut total_width = total(&self.sections);
        if self.style.columns < total_width {
            let turned = self.sections.into_iter().map(Section::turned);
            self.sections = turned.collect::<Result<_, _>>().expect("each row is a pair");
            total_width = total(&self.sections);
        }
        let mut text = format!("{}\n", "-".repeat(total_width));
        for section in &self.sections {
            self.draw_section(section, total_width - 2 * section.indent, &mut text);
        }
        text
    }

    fn draw_section(&self, section: &Section, total: usize, text: &mut String) {
        let bar = if self.style.colored { format!("{BAR}|{END}") } else { "|".to_owned() };
        let bars = bar.repeat(section.indent);
        let mut line = |line: &str| text.push_str(&format!("{bars}{line}{bars}\n"));
        if !section.title.is_empty() {
            line(&centered(&section.title, total, "|"));
            if section.headers.is_empty() && section.rows.is_empty() {
                line(&format!("+{}+", "-".repeat(total - 2)));
            }
        }
        let widths = section.scaled(total);
        let ruled = rule(&widths);
        let edge = |index: usize| if index == 0 { "|" } else { "" };
        if !section.headers.is_empty() {
            let cells = section.headers.iter().zip(&widths).enumerate();
            let cells = cells.map(|(i, (header, width))| centered(header, *width, edge(i)));
            line(&ruled);
            line(&cells.collect::<String>());
        }
        if section.rows.is_empty() || widths.is_empty() {
            return;
        }
        line(&ruled);
        for row in &section.rows {
            let cells = row.iter().zip(&widths).enumerate();
            let cells = cells.map(|(i, (cell, width))| self.aligned(cell, *width, edge(i)));
            line(&cells.collect::<String>());
        }
        line(&ruled);
    }

    fn aligned(&self, cell: &str, length: usize, edge: &str) -> String {
        let used = width(cell) + edge.len() + 1;
        let padding = if used + 2 <= length { 2 } else { 0 };
        let rest = length.saturating_sub(used + padding);
        let styled = if self.style.colored { format!("{ROW}{cell}{END}") } else { cell.to_owned() };
        format!("{edge}{}{styled}{}|", " ".repeat(padding), " ".repeat(rest))
    }
}

fn centered(text: &str, length: usize, edge: &str) -> String {
    let start = (length / 2).saturating_sub(width(text) / 2 + 1);
    let rest = length.saturating_sub(1 + edge.len() + start + width(text));
    format!("{edge}{}{text}{}|", " ".repeat(start), " ".repeat(rest))
}

fn rule(widths: &[usize]) -> String {
    let parts = widths.iter().enumerate().map(|(index, width)| {
        let edge = if index == 0 { "+" } else { "" };
        format!("{edge}{}+", "-".repeat(width.saturating_sub(1 + edge.len())))
    });
    parts.collect()
}

fn width(text: &str) -> usize {
    text.width()
}

#[cfg(test)]
mod tests;
