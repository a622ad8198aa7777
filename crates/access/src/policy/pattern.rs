//! Texts with wildcards and variables, split into pieces when a policy is read.
//!
//! Matching keeps one place to go back to and neither allocates nor calls itself: its work is at
//! most the product of the two lengths, whatever the pattern, and in proportion to them if there is
//! one `*`. What a variable stands for is literal text: a `*` in somebody's name is an asterisk.

use super::key::{Context, Key};
use super::value::{Buffer, Value};

/// A text to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// `*` alone.
    Any,
    /// No wildcards, no variables.
    Exact(Box<str>),
    Pieces(Box<[Piece]>),
}

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(Box<str>),
    /// `?`: one character.
    One,
    /// `*`: any number of them.
    Run,
    /// `${key}` or `${key, 'default'}`.
    Variable {
        key: Key,
        default: Option<Box<str>>,
    },
}

/// What of a pattern's text is more than text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Syntax {
    pub(super) wildcards: bool,
    /// Only since version 2012-10-17 of the language.
    pub(super) variables: bool,
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PatternError {
    /// What begins there is no variable.
    Malformed(String),
    /// The variable may have several values.
    OfMany(String),
}

/// The end of a variable's key, what begins its default, and what ends that.
const VARIABLE_END: char = '}';
const DEFAULT_START: &str = ", '";
const DEFAULT_END: &str = "'}";

impl Pattern {
    /// Splits a text.
    pub(super) fn parse(text: &str, syntax: Syntax) -> Result<Pattern, PatternError> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let special = match next {
                '*' if syntax.wildcards => Some((Piece::Run, 1)),
                '?' if syntax.wildcards => Some((Piece::One, 1)),
                '$' if syntax.variables && rest.starts_with("${") => Some(variable(rest)?),
                _ => None,
            };
            match special {
                // What `${*}` and its like stand for.
                Some((Piece::Text(text), length)) => {
                    plain += &text;
                    rest = &rest[length..];
                }
                Some((piece, length)) => {
                    if !plain.is_empty() {
                        pieces.push(Piece::Text(std::mem::take(&mut plain).into()));
                    }
                    // Two runs in a row are one.
                    if piece != Piece::Run || pieces.last() != Some(&Piece::Run) {
                        pieces.push(piece);
                    }
                    rest = &rest[length..];
                }
                None => {
                    plain.push(next);
                    rest = &rest[next.len_utf8()..];
                }
            }
        }
        if pieces.is_empty() {
            return Ok(Pattern::Exact(plain.into()));
        }
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain.into()));
        }
        if pieces == [Piece::Run] {
            return Ok(Pattern::Any);
        }
        Ok(Pattern::Pieces(pieces.into()))
    }

    /// The keys of its variables.
    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> {
        let pieces: &[Piece] = match self {
            Pattern::Any | Pattern::Exact(_) => &[],
            Pattern::Pieces(pieces) => pieces,
        };
        pieces.iter().filter_map(|piece| match piece {
            Piece::Variable { key, .. } => Some(key),
            Piece::Text(_) | Piece::One | Piece::Run => None,
        })
    }

    /// Whether a text is like this pattern. With a variable that has neither value nor default, no
    /// text is.
    #[inline]
    pub(super) fn matches(&self, text: &str, context: &Context<'_>) -> bool {
        match self {
            Pattern::Any => true,
            Pattern::Exact(exact) => **exact == *text,
            Pattern::Pieces(pieces) => matches_pieces(pieces, text, context),
        }
    }

    /// Whether a text is this pattern but for the case of letters. For patterns without wildcards.
    pub(super) fn equals_ignoring_case(&self, text: &str, context: &Context<'_>) -> bool {
        let mut rest = text.chars().flat_map(char::to_lowercase);
        let mut starts = |with: &str| {
            with.chars().flat_map(char::to_lowercase).all(|letter| rest.next() == Some(letter))
        };
        let whole = match self {
            Pattern::Any => false,
            Pattern::Exact(exact) => starts(exact),
            Pattern::Pieces(pieces) => pieces.iter().all(|piece| match piece {
                Piece::Text(piece) => starts(piece),
                Piece::Variable { key, default } => {
                    let mut variable = Variable::default();
                    variable.resolve(0, key, default.as_deref(), context).is_some_and(&mut starts)
                }
                Piece::One | Piece::Run => false,
            }),
        };
        whole && rest.next().is_none()
    }
}

/// How long the variable at the start of a text is, if it is one.
pub(super) fn variable_length(text: &str) -> Option<usize> {
    variable(text).ok().map(|(_, length)| length)
}

/// Reads the variable at the start of a text; the length is that of what was read.
fn variable(text: &str) -> Result<(Piece, usize), PatternError> {
    let malformed = || PatternError::Malformed(text.to_owned());
    let inner = text.strip_prefix("${").ok_or_else(malformed)?;
    let end = inner.find([VARIABLE_END, ',']).ok_or_else(malformed)?;
    let (name, after) = inner.split_at(end);
    let (default, length) = match after.strip_prefix(DEFAULT_START) {
        Some(quoted) => {
            let end = quoted.find(DEFAULT_END).ok_or_else(malformed)?;
            let before = text.len() - quoted.len();
            (Some(quoted[..end].into()), before + end + DEFAULT_END.len())
        }
        None if after.starts_with(VARIABLE_END) => (None, text.len() - after.len() + 1),
        None => return Err(malformed()),
    };
    if default.is_none() && matches!(name, "*" | "?" | "$") {
        return Ok((Piece::Text(name.into()), length));
    }
    if name.is_empty() || name.contains(|other: char| other.is_whitespace() || other == '$') {
        return Err(malformed());
    }
    let key = Key::parse(name);
    if key == Key::TagKeys {
        return Err(PatternError::OfMany(name.to_owned()));
    }
    Ok((Piece::Variable { key, default }, length))
}

/// What the variable that was met last stands for. Behind a run it is met at every place of the
/// text, and looking it up and writing it down is most of the work.
#[derive(Default)]
struct Variable<'a> {
    /// Which piece it is.
    piece: Option<usize>,
    text: Stands<'a>,
    buffer: Option<Buffer>,
}

/// What a variable stands for.
#[derive(Clone, Copy, Default)]
enum Stands<'a> {
    #[default]
    Nothing,
    Text(&'a str),
    /// What is in the buffer.
    Written,
}

impl<'a> Variable<'a> {
    /// The text of the variable that is piece number `piece`.
    fn resolve(
        &mut self,
        piece: usize,
        key: &Key,
        default: Option<&'a str>,
        context: &Context<'a>,
    ) -> Option<&str> {
        if self.piece != Some(piece) {
            self.piece = Some(piece);
            self.text = match context.find_one(key) {
                None => default.map_or(Stands::Nothing, Stands::Text),
                Some(Value::Text(text)) => Stands::Text(text),
                Some(Value::Truth(true)) => Stands::Text("true"),
                Some(Value::Truth(false)) => Stands::Text("false"),
                Some(value @ (Value::Address(_) | Value::Moment(_) | Value::Epoch(_))) => {
                    value.text(self.buffer.get_or_insert_default());
                    Stands::Written
                }
            };
        }
        match self.text {
            Stands::Nothing => None,
            Stands::Text(text) => Some(text),
            Stands::Written => self.buffer.as_ref().map(Buffer::text),
        }
    }
}

#[inline(never)]
fn matches_pieces<'a>(pieces: &'a [Piece], text: &str, context: &Context<'a>) -> bool {
    let mut variable = Variable::default();
    let last_run = pieces.iter().rposition(|piece| matches!(piece, Piece::Run));
    let behind = last_run.map_or(pieces.len(), |run| run + 1);
    // What stands behind the last run can stand at the end alone, and is looked for nowhere else.
    let mut rest = text;
    for (piece, part) in pieces.iter().enumerate().skip(behind).rev() {
        let before = match part {
            Piece::Text(literal) => rest.strip_suffix(&**literal),
            Piece::Variable { key, default } => variable
                .resolve(piece, key, default.as_deref(), context)
                .and_then(|literal| rest.strip_suffix(literal)),
            // No run is behind the last one.
            Piece::One | Piece::Run => {
                let mut chars = rest.chars();
                chars.next_back().map(|_| chars.as_str())
            }
        };
        match before {
            Some(before) => rest = before,
            None => return false,
        }
    }
    matches_forward(&pieces[..behind], rest, &mut variable, context)
}

/// Whether a text is like pieces of which a run is the last, or none is one.
fn matches_forward<'a>(
    pieces: &'a [Piece],
    text: &str,
    variable: &mut Variable<'a>,
    context: &Context<'a>,
) -> bool {
    let (mut piece, mut at) = (0, 0);
    // Behind the newest run: its piece, and where in the text that run ends so far.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let next = match pieces.get(piece) {
            None if at == text.len() => return true,
            None => None,
            Some(Piece::Run) if piece + 1 == pieces.len() => return true,
            Some(Piece::Run) => {
                piece += 1;
                retry = Some((piece, at));
                continue;
            }
            Some(Piece::One) => after_char(text, at),
            Some(Piece::Text(literal)) => after_literal(text, at, literal),
            Some(Piece::Variable { key, default }) => {
                match variable.resolve(piece, key, default.as_deref(), context) {
                    Some(literal) => after_literal(text, at, literal),
                    None => return false,
                }
            }
        };
        match (next, retry) {
            (Some(next), _) => {
                piece += 1;
                at = next;
            }
            (None, Some((behind, end))) => {
                let Some(end) = after_char(text, end) else { return false };
                retry = Some((behind, end));
                piece = behind;
                at = end;
            }
            (None, None) => return false,
        }
    }
}

/// Where the character at `at` ends.
fn after_char(text: &str, at: usize) -> Option<usize> {
    text[at..].chars().next().map(|char| at + char.len_utf8())
}

/// Where `literal` ends, if it stands at `at`.
fn after_literal(text: &str, at: usize, literal: &str) -> Option<usize> {
    text[at..].starts_with(literal).then(|| at + literal.len())
}
