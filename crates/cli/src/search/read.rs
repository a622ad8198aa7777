//! From a query's words to what it means. `or` binds least, then `and`, then `not`.

use super::glob::Glob;
use super::words::{Token, split};
use super::{BYTES_MAX, Bound, DEPTH_MAX, Flag, Node, SearchError, TextField, Wanted};
use wire::Timestamp;

/// The words that are no values unless they are in quotes.
const KEYWORDS: &[&str] = &["and", "or", "not", "in", "all"];

/// Quotes of books and of other languages, which are none here.
const ODD_QUOTES: [char; 8] = ['“', '”', '„', '‘', '’', '«', '»', '`'];
const DATE: &str =
    "a moment as 2026-11-01, 2026-11-01T10:30 or 2026-11-01T10:30:00Z (UTC unless it says more)";
const LENGTH: &str = "a length of time as 45s, 30m, 2h, 7d or 1h30m";
const TEXT: &str = "a text, in quotes";
const ORDERS: &str = "<, <=, > or >=";
const NEXT: &str = "and, or or the end";

const SECOND: i64 = 1000;
const UNITS: &[(char, i64)] = &[
    ('s', SECOND),
    ('m', 60 * SECOND),
    ('h', 60 * 60 * SECOND),
    ('d', 24 * 60 * 60 * SECOND),
    ('w', 7 * 24 * 60 * 60 * SECOND),
];

/// What can be asked of an execution.
#[derive(Clone, Copy)]
enum Field {
    Text(TextField),
    Started,
    Age,
    CancelRequested,
}

/// The fields by name.
const FIELDS: &[(&str, Field)] = &[
    ("id", Field::Text(TextField::Id)),
    ("run", Field::Text(TextField::Run)),
    ("type", Field::Text(TextField::Type)),
    ("version", Field::Text(TextField::Version)),
    ("tag", Field::Text(TextField::Tag)),
    ("parent", Field::Text(TextField::Parent)),
    ("parent-run", Field::Text(TextField::ParentRun)),
    ("started", Field::Started),
    ("age", Field::Age),
    ("cancel-requested", Field::CancelRequested),
];

/// Reads a query.
pub(super) fn read(text: &str) -> Result<Node, SearchError> {
    if BYTES_MAX < text.len() {
        return Err(SearchError::TooLong);
    }
    let mut reader = Reader { tokens: split(text)?, at: 0, depth: 0 };
    let node = reader.either()?;
    match reader.peek() {
        Token::End => Ok(node),
        Token::Word(_) | Token::Text(_) | Token::Sign(_) => Err(reader.unexpected(NEXT)),
    }
}

struct Reader {
    /// The last is the end.
    tokens: Vec<(usize, Token)>,
    at: usize,
    depth: usize,
}

impl Reader {
    fn peek(&self) -> &Token {
        &self.tokens[self.at].1
    }

    fn column(&self) -> usize {
        self.tokens[self.at].0
    }

    /// Goes on, but never beyond the end.
    fn step(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len() - 1);
    }

    fn unexpected(&self, expected: impl Into<String>) -> SearchError {
        let token = self.peek();
        let instead = match token {
            Token::Sign("==") => Some("="),
            Token::Sign("&&") => Some("and"),
            Token::Sign("||") => Some("or"),
            Token::Sign("!" | "!~") => Some("not"),
            Token::Sign(_) | Token::Word(_) | Token::Text(_) | Token::End => None,
        };
        let found = match instead {
            Some(instead) => format!("{} (here it is {instead})", token.shown()),
            None => token.shown(),
        };
        SearchError::Unexpected { column: self.column(), expected: expected.into(), found }
    }

    /// Takes a word of the language, if it comes next.
    fn takes(&mut self, keyword: &str) -> bool {
        let is_there =
            matches!(self.peek(), Token::Word(word) if word.eq_ignore_ascii_case(keyword));
        if is_there {
            self.step();
        }
        is_there
    }

    fn takes_sign(&mut self, wanted: &str) -> bool {
        let is_there = matches!(self.peek(), Token::Sign(sign) if *sign == wanted);
        if is_there {
            self.step();
        }
        is_there
    }

    fn deeper(&mut self, column: usize) -> Result<(), SearchError> {
        self.depth += 1;
        if DEPTH_MAX < self.depth { Err(SearchError::TooDeep { column }) } else { Ok(()) }
    }

    fn either(&mut self) -> Result<Node, SearchError> {
        let mut nodes = vec![self.both()?];
        while self.takes("or") {
            nodes.push(self.both()?);
        }
        Ok(joined(nodes, Node::Or))
    }

    fn both(&mut self) -> Result<Node, SearchError> {
        let mut nodes = vec![self.negated()?];
        while self.takes("and") {
            nodes.push(self.negated()?);
        }
        Ok(joined(nodes, Node::And))
    }

    fn negated(&mut self) -> Result<Node, SearchError> {
        let column = self.column();
        if !self.takes("not") {
            return self.single();
        }
        self.deeper(column)?;
        let node = self.negated()?;
        self.depth -= 1;
        Ok(Node::Not(Box::new(node)))
    }

    fn single(&mut self) -> Result<Node, SearchError> {
        let column = self.column();
        if self.takes_sign("(") {
            self.deeper(column)?;
            let node = self.either()?;
            self.depth -= 1;
            return match self.takes_sign(")") {
                true => Ok(node),
                false => Err(self.unexpected("and, or or )")),
            };
        }
        if self.takes("all") {
            return Ok(Node::All);
        }
        let found = match self.peek() {
            Token::Word(word) => FIELDS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)),
            Token::Text(_) | Token::Sign(_) | Token::End => None,
        };
        let Some((name, field)) = found else {
            let names: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
            return Err(self.unexpected(format!("not, (, all or a field ({})", names.join(", "))));
        };
        self.step();
        match field {
            Field::Text(field) => self.text_test(name, *field),
            Field::Started => {
                let bound = self.bound(name)?;
                Ok(Node::Started(bound, self.value(DATE, moment)?))
            }
            Field::Age => {
                let bound = self.bound(name)?;
                Ok(Node::Age(bound, self.value(LENGTH, length)?))
            }
            Field::CancelRequested => {
                match self.peek() {
                    Token::Sign(")") | Token::End | Token::Word(_) => Ok(()),
                    Token::Sign(_) | Token::Text(_) => {
                        Err(self.unexpected(format!("{NEXT} behind {name}, which stands alone")))
                    }
                }?;
                Ok(Node::Flag(Flag::CancelRequested))
            }
        }
    }

    fn text_test(&mut self, name: &str, field: TextField) -> Result<Node, SearchError> {
        let test = |wanted| Node::Text(field, wanted);
        if self.takes_sign("=") {
            return Ok(test(Wanted::Is(self.text()?)));
        }
        if self.takes_sign("!=") {
            return Ok(Node::Not(Box::new(test(Wanted::Is(self.text()?)))));
        }
        if self.takes_sign("~") {
            return Ok(test(Wanted::Like(Glob::parse(&self.pattern()?))));
        }
        if self.takes("in") {
            return Ok(test(self.one_of()?));
        }
        let before = self.at;
        if self.takes("not") {
            if self.takes("in") {
                return Ok(Node::Not(Box::new(test(self.one_of()?))));
            }
            self.at = before;
        }
        let flag = match field {
            TextField::Parent => Some(Flag::HasParent),
            TextField::Tag => Some(Flag::HasTag),
            TextField::Id
            | TextField::Run
            | TextField::Type
            | TextField::Version
            | TextField::ParentRun => None,
        };
        let ends = match self.peek() {
            Token::End | Token::Sign(")") => true,
            Token::Word(word) => {
                word.eq_ignore_ascii_case("and") || word.eq_ignore_ascii_case("or")
            }
            Token::Sign(_) | Token::Text(_) => false,
        };
        match flag {
            Some(flag) if ends => Ok(Node::Flag(flag)),
            Some(_) => Err(self.unexpected(format!("=, !=, ~, in, {NEXT} behind {name}"))),
            None => Err(self.unexpected(format!("=, !=, ~ or in behind {name}"))),
        }
    }

    /// What stands behind `in`.
    fn one_of(&mut self) -> Result<Wanted, SearchError> {
        if !self.takes_sign("(") {
            return Err(self.unexpected("( and texts with commas in between"));
        }
        let mut texts = vec![self.text()?];
        while self.takes_sign(",") {
            texts.push(self.text()?);
        }
        if !self.takes_sign(")") {
            return Err(self.unexpected("a comma or )"));
        }
        Ok(match <[String; 1]>::try_from(texts) {
            Ok([text]) => Wanted::Is(text),
            Err(texts) => Wanted::OneOf(texts),
        })
    }

    fn bound(&mut self, name: &str) -> Result<Bound, SearchError> {
        let bound = match self.peek() {
            Token::Sign("<") => Bound::Less,
            Token::Sign("<=") => Bound::AtMost,
            Token::Sign(">") => Bound::More,
            Token::Sign(">=") => Bound::AtLeast,
            Token::Sign(_) | Token::Word(_) | Token::Text(_) | Token::End => {
                return Err(self.unexpected(format!("{ORDERS} behind {name}")));
            }
        };
        self.step();
        Ok(bound)
    }

    /// What has to be equal. Who writes a pattern without quotes here means one, and would exclude nothing.
    fn text(&mut self) -> Result<String, SearchError> {
        if let Token::Word(word) = self.peek()
            && word.contains(['*', '?'])
        {
            return Err(self.unexpected("a text in quotes; a pattern stands behind ~"));
        }
        self.pattern()
    }

    fn pattern(&mut self) -> Result<String, SearchError> {
        if let Token::Word(word) = self.peek()
            && word.contains(ODD_QUOTES)
        {
            return Err(self.unexpected("a text in quotes such as \" or '"));
        }
        self.value(TEXT, |text| Some(text.to_owned()))
    }

    /// A value, in quotes or not.
    fn value<T>(
        &mut self,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<T, SearchError> {
        let is_keyword =
            |word: &str| KEYWORDS.iter().any(|keyword| word.eq_ignore_ascii_case(keyword));
        let value = match self.peek() {
            Token::Text(text) => read(text),
            Token::Word(word) if !is_keyword(word) => read(word),
            Token::Word(_) | Token::Sign(_) | Token::End => None,
        };
        let value = value.ok_or_else(|| self.unexpected(expected))?;
        self.step();
        Ok(value)
    }
}

/// One of several, or the only one as it is.
fn joined(nodes: Vec<Node>, join: fn(Vec<Node>) -> Node) -> Node {
    match <[Node; 1]>::try_from(nodes) {
        Ok([node]) => node,
        Err(nodes) => join(nodes),
    }
}

/// A date is its first moment. Without a zone it is one of UTC, wherever the reader is: a query
/// means the same everywhere.
fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(Timestamp(moment.as_millisecond()));
    }
    // jiff would take what names a zone, too, and drop its name.
    let plain = |c: char| c.is_ascii_digit() || matches!(c, '-' | ':' | '.' | 'T' | 't' | ' ');
    let civil = text.chars().all(plain).then(|| text.parse::<jiff::civil::DateTime>().ok())??;
    let moment = jiff::tz::Offset::UTC.to_timestamp(civil).ok()?;
    Some(Timestamp(moment.as_millisecond()))
}

/// Milliseconds; units from the largest down, each once at most.
fn length(text: &str) -> Option<i64> {
    let mut total: i64 = 0;
    let mut last = i64::MAX;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest[..end].parse().ok()?;
        let unit = rest[end..].chars().next()?;
        let (_, milliseconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
        if last <= *milliseconds {
            return None;
        }
        last = *milliseconds;
        total = total.checked_add(number.checked_mul(*milliseconds)?)?;
        rest = &rest[end + unit.len_utf8()..];
    }
    (last != i64::MAX).then_some(total)
}
