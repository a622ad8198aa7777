//! A small language that says which executions are meant, as in
//! `type = "order" and tag = "nightly" and age > 2h and not cancel-requested`.
//!
//! What is judged is an entry of a listing, and nothing else: no history is looked at. SWF can leave
//! out some of the entries itself; [`Query::pushdown`] says which, and never leaves out one that
//! [`Query::matches`] would take. docs/batch.md is the language as its users see it.

mod glob;
mod pushdown;
mod read;
#[cfg(test)]
mod tests;
mod words;

pub use pushdown::{Filter, Pushdown};

use glob::Glob;
use wire::{Timestamp, WorkflowExecution, WorkflowExecutionInfo};

/// The longest query, in bytes.
pub const BYTES_MAX: usize = 16 * 1024;
/// How deeply parentheses and `not` may stand within each other.
pub const DEPTH_MAX: usize = 64;

/// A query that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    text: String,
    node: Node,
}

/// What is wrong with a query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SearchError {
    /// Something else should stand there.
    #[error("column {column}: expected {expected}, found {found}")]
    Unexpected {
        /// Where, in characters from 1.
        column: usize,
        /// What could stand there.
        expected: String,
        /// What does.
        found: String,
    },
    /// A text without an end.
    #[error("column {column}: the quotation that begins here has no end")]
    OpenQuotation {
        /// Where it begins, in characters from 1.
        column: usize,
    },
    /// Too many parentheses or negations.
    #[error(
        "column {column}: parentheses and not stand within each other {DEPTH_MAX} deep at most"
    )]
    TooDeep {
        /// The one that is too many, in characters from 1.
        column: usize,
    },
    /// It is too long.
    #[error("it has more than {BYTES_MAX} bytes")]
    TooLong,
}

/// A part of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    /// Every execution.
    All,
    Text(TextField, Wanted),
    Started(Bound, Timestamp),
    /// Milliseconds since the start.
    Age(Bound, i64),
    Flag(Flag),
    Not(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
}

/// What of an entry is text. One that is not there equals nothing; of tags, one has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TextField {
    Id,
    Run,
    Type,
    Version,
    Tag,
    Parent,
    ParentRun,
}

/// What a text has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    Is(String),
    /// Two texts or more.
    OneOf(Vec<String>),
    Like(Glob),
}

/// How an amount compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    Less,
    AtMost,
    More,
    AtLeast,
}

/// What is so or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flag {
    CancelRequested,
    HasParent,
    HasTag,
}

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    ///
    /// If it is none; the error says where, and what was expected.
    pub fn parse(text: &str) -> Result<Query, SearchError> {
        let node = read::read(text)?;
        Ok(Query { text: text.to_owned(), node })
    }

    /// The query as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it means an execution. Ages are those at `now`.
    pub fn matches(&self, info: &WorkflowExecutionInfo, now: Timestamp) -> bool {
        self.node.matches(info, now)
    }

    /// What SWF can leave out itself.
    pub fn pushdown(&self, now: Timestamp) -> Pushdown {
        pushdown::of(&self.node, now)
    }
}

impl Node {
    fn matches(&self, info: &WorkflowExecutionInfo, now: Timestamp) -> bool {
        match self {
            Node::All => true,
            Node::Text(field, wanted) => field.any(info, |text| wanted.takes(text)),
            Node::Started(bound, moment) => bound.holds(info.start_timestamp.0, moment.0),
            Node::Age(bound, length) => {
                bound.holds(now.0.saturating_sub(info.start_timestamp.0), *length)
            }
            Node::Flag(flag) => flag.holds(info),
            Node::Not(node) => !node.matches(info, now),
            Node::And(nodes) => nodes.iter().all(|node| node.matches(info, now)),
            Node::Or(nodes) => nodes.iter().any(|node| node.matches(info, now)),
        }
    }
}

impl TextField {
    fn any(self, info: &WorkflowExecutionInfo, takes: impl Fn(&str) -> bool) -> bool {
        let parent = |text: fn(&WorkflowExecution) -> &str| {
            info.parent.as_ref().is_some_and(|parent| takes(text(parent)))
        };
        match self {
            TextField::Id => takes(info.execution.workflow_id.as_str()),
            TextField::Run => takes(info.execution.run_id.as_str()),
            TextField::Type => takes(info.workflow_type.name.as_str()),
            TextField::Version => takes(info.workflow_type.version.as_str()),
            TextField::Tag => info.tag_list.iter().flatten().any(|tag| takes(tag.as_str())),
            TextField::Parent => parent(|parent| parent.workflow_id.as_str()),
            TextField::ParentRun => parent(|parent| parent.run_id.as_str()),
        }
    }
}

impl Wanted {
    fn takes(&self, text: &str) -> bool {
        match self {
            Wanted::Is(wanted) => wanted == text,
            Wanted::OneOf(wanted) => wanted.iter().any(|wanted| wanted == text),
            Wanted::Like(glob) => glob.matches(text),
        }
    }
}

impl Bound {
    fn holds(self, amount: i64, of: i64) -> bool {
        match self {
            Bound::Less => amount < of,
            Bound::AtMost => amount <= of,
            Bound::More => of < amount,
            Bound::AtLeast => of <= amount,
        }
    }
}

impl Flag {
    fn holds(self, info: &WorkflowExecutionInfo) -> bool {
        match self {
            Flag::CancelRequested => info.cancel_requested == Some(true),
            Flag::HasParent => info.parent.is_some(),
            Flag::HasTag => info.tag_list.as_ref().is_some_and(|tags| !tags.is_empty()),
        }
    }
}
