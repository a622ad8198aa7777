//! What of a query SWF can judge itself: when executions started, and one of id, type and tag.
//!
//! Only parts that hold for every execution that the query means are told: those that `and` joins at
//! the top. The others are judged on the entries that come back, and these are judged on all parts
//! again, so that what is told can only save pages.

use super::{Bound, Node, TextField, Wanted};
use serde_json::json;
use wire::Timestamp;

/// The longest id, name or tag that is told, in bytes; of a version a quarter. SWF refuses longer
/// ones, which nothing has.
const TOLD_BYTES_MAX: usize = 256;
const VERSION_BYTES_MAX: usize = 64;
/// The last second that is told: the end of the year 9999.
const SECOND_MAX: i64 = 253_402_300_799;

/// Which entries a listing leaves out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushdown {
    /// No execution started before this second since 1970.
    pub oldest: i64,
    /// No execution started after this second since 1970, if it is known.
    pub latest: Option<i64>,
    /// What else they have in common.
    pub filter: Option<Filter>,
}

/// What a listing can be asked for; one of these at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// The workflow id.
    Id(String),
    /// The type: its name, and perhaps its version.
    Type(String, Option<String>),
    /// One of its tags.
    Tag(String),
}

impl Pushdown {
    /// Whether no execution can be meant, so that there is nothing to ask.
    pub fn is_empty(&self) -> bool {
        self.latest.is_some_and(|latest| latest < self.oldest)
    }

    /// The parameters of a listing of open executions, newest first.
    pub fn parameters(&self, domain: &str) -> serde_json::Value {
        let mut parameters = json!({
            "domain": domain,
            "startTimeFilter": { "oldestDate": self.oldest },
        });
        if let Some(latest) = self.latest {
            parameters["startTimeFilter"]["latestDate"] = json!(latest);
        }
        match &self.filter {
            None => (),
            Some(Filter::Id(id)) => parameters["executionFilter"] = json!({ "workflowId": id }),
            Some(Filter::Type(name, None)) => parameters["typeFilter"] = json!({ "name": name }),
            Some(Filter::Type(name, Some(version))) => {
                parameters["typeFilter"] = json!({ "name": name, "version": version });
            }
            Some(Filter::Tag(tag)) => parameters["tagFilter"] = json!({ "tag": tag }),
        }
        parameters
    }
}

/// What can be told of a query.
pub(super) fn of(node: &Node, now: Timestamp) -> Pushdown {
    let mut parts = Parts::default();
    parts.add(node, now);
    let Parts { from, to, id, name, version, tag } = parts;
    // Whole seconds, and rather too many: it is not written whether SWF drops fractions.
    let oldest = from.map_or(0, |from| from.div_euclid(1000)).clamp(0, SECOND_MAX);
    let latest = to.map(|to| to.div_euclid(1000).saturating_add(1));
    // The one that leaves the fewest.
    let filter = id.map(Filter::Id);
    let filter = filter.or_else(|| name.map(|name| Filter::Type(name, version)));
    let filter = filter.or_else(|| tag.map(Filter::Tag));
    Pushdown { oldest, latest: latest.filter(|latest| *latest <= SECOND_MAX), filter }
}

/// What holds for all executions that are meant. Moments are in milliseconds, and themselves taken.
#[derive(Default)]
struct Parts {
    from: Option<i64>,
    to: Option<i64>,
    id: Option<String>,
    name: Option<String>,
    version: Option<String>,
    tag: Option<String>,
}

impl Parts {
    fn add(&mut self, node: &Node, now: Timestamp) {
        match node {
            Node::And(nodes) => nodes.iter().for_each(|node| self.add(node, now)),
            Node::Text(field, Wanted::Is(text)) => self.text(*field, text),
            Node::Started(bound, moment) => self.started(*bound, moment.0),
            // Who is older has started earlier.
            Node::Age(bound, length) => {
                let mirrored = match bound {
                    Bound::Less | Bound::AtMost => Bound::AtLeast,
                    Bound::More | Bound::AtLeast => Bound::AtMost,
                };
                self.started(mirrored, now.0.saturating_sub(*length));
            }
            Node::All
            | Node::Text(_, Wanted::OneOf(_) | Wanted::Like(_))
            | Node::Flag(_)
            | Node::Not(_)
            | Node::Or(_) => (),
        }
    }

    fn text(&mut self, field: TextField, text: &str) {
        let (place, bytes_max) = match field {
            TextField::Id => (&mut self.id, TOLD_BYTES_MAX),
            TextField::Type => (&mut self.name, TOLD_BYTES_MAX),
            TextField::Version => (&mut self.version, VERSION_BYTES_MAX),
            TextField::Tag => (&mut self.tag, TOLD_BYTES_MAX),
            TextField::Run | TextField::Parent | TextField::ParentRun => return,
        };
        // An empty version would mean any.
        if !text.is_empty() && text.len() <= bytes_max {
            *place = Some(text.to_owned());
        }
    }

    fn started(&mut self, bound: Bound, at: i64) {
        match bound {
            Bound::More | Bound::AtLeast => {
                self.from = Some(self.from.map_or(at, |from| from.max(at)));
            }
            Bound::Less | Bound::AtMost => self.to = Some(self.to.map_or(at, |to| to.min(at))),
        }
    }
}
