//! What is printed of an answer, in each of the AWS CLI's forms.

pub(crate) mod answer;
#[cfg(test)]
mod golden;
pub(crate) mod json;
mod table;
mod text;
mod yaml;

pub use answer::Moments;
pub use table::{Style, UnevenRows};

use crate::model::{Operation, ShapeId};
use crate::paging::{Page, resumption};
use crate::query::{Query, QueryError};
use crate::value::Value;

/// A form of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON
    Json,
    /// Lines with tabs
    Text,
    /// Boxes
    Table,
    /// YAML
    Yaml,
    /// YAML, page by page
    YamlStream,
    /// Nothing
    Off,
}

impl Format {
    /// Reads a name.
    pub fn parse(text: &str) -> Option<Format> {
        match text {
            "json" => Some(Format::Json),
            "text" => Some(Format::Text),
            "table" => Some(Format::Table),
            "yaml" => Some(Format::Yaml),
            "yaml-stream" => Some(Format::YamlStream),
            "off" => Some(Format::Off),
            _ => None,
        }
    }

    /// Whether each page is printed as it comes, rather than all as one.
    pub fn is_by_page(self) -> bool {
        match self {
            Format::Text | Format::YamlStream => true,
            Format::Json | Format::Table | Format::Yaml | Format::Off => false,
        }
    }
}

/// Why something cannot be printed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrintError {
    /// It is no table.
    #[error(transparent)]
    UnevenRows(#[from] UnevenRows),
    /// The query finds what it cannot work with.
    #[error(transparent)]
    Query(#[from] QueryError),
}

/// A value in a form; `title` is that of a table.
pub fn print(
    format: Format,
    title: &str,
    value: &Value,
    style: Style,
) -> Result<String, UnevenRows> {
    match format {
        Format::Json => Ok(json::print(value)),
        Format::Text => Ok(text::print(value)),
        Format::Table => table::print(title, value, style),
        Format::Yaml => Ok(yaml::print(value)),
        // An operation without output has no pages.
        Format::YamlStream if *value == Value::map() => Ok(String::new()),
        Format::YamlStream => Ok(yaml::print_item(value)),
        Format::Off => Ok(String::new()),
    }
}

/// Prints the answers of an operation.
#[derive(Clone, Debug)]
pub struct Printer {
    /// The operation.
    pub operation: &'static Operation,
    /// In which form.
    pub format: Format,
    /// How tables are drawn.
    pub style: Style,
    /// How moments are shown.
    pub moments: Moments,
    /// What of the answers is shown; none for all.
    pub query: Option<Query>,
}

impl Printer {
    /// An answer as it is shown, taken over from the wire.
    pub fn read(&self, answer: &Value) -> Value {
        let read = |shape: ShapeId| answer::read(answer, shape, &self.moments);
        self.operation.output.map_or(Value::map(), read)
    }

    /// One answer, or all pages as one.
    pub fn whole(&self, answer: &Value) -> Result<String, PrintError> {
        if self.format == Format::Off {
            return Ok(String::new());
        }
        let found = self.find(answer)?;
        Ok(print(self.format, &self.operation.name, &found, self.style)?)
    }

    /// A page, where they are printed as they come.
    pub fn page(&self, page: &Page) -> Result<String, PrintError> {
        match self.format {
            Format::Text => self.whole(&page.part),
            // What it finds in a page is shown, even if that is nothing.
            Format::YamlStream => Ok(yaml::print_item(&self.find(&page.answer)?)),
            Format::Json | Format::Table | Format::Yaml | Format::Off => Ok(String::new()),
        }
    }

    /// Where it goes on behind the pages that were printed.
    pub fn resumption(&self, token: &str) -> Result<String, PrintError> {
        match self.format {
            Format::Text => self.whole(&resumption(token)),
            Format::YamlStream | Format::Json | Format::Table | Format::Yaml | Format::Off => {
                Ok(String::new())
            }
        }
    }

    fn find(&self, answer: &Value) -> Result<Value, QueryError> {
        match &self.query {
            Some(query) => query.search(answer),
            None => Ok(answer.clone()),
        }
    }
}
