//! Texts with wildcards and variables, split into pieces when a policy is read.
//!
//! Matching never goes back. What stands in front of the first `*` and behind the last one has one
//! place; what stands between two is taken where it comes first, which no later place can better.
//! So the work is in proportion to the sum of the two lengths, but for what stands between two `*`
//! and is itself in several parts: see [`several`]. What a variable stands for is literal text: a
//! `*` in somebody's name is an asterisk.

mod several;

use super::key::{Context, Key};
use super::value::Buffer;

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
    /// `?`, as often as there are some in a row: so many characters. Never behind a run: `*?` is
    /// `?*`.
    Skip(usize),
    /// `*`: any number of characters. Never behind another.
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
                '?' if syntax.wildcards => Some((Piece::Skip(1), 1)),
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
                    push(&mut pieces, piece);
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
            Piece::Text(_) | Piece::Skip(_) | Piece::Run => None,
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
                    let mut buffer = Buffer::new();
                    resolve(key, default.as_deref(), context, &mut buffer).is_some_and(&mut starts)
                }
                Piece::Skip(_) | Piece::Run => false,
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

/// Adds a piece. Wildcards in a row come to the same in any order: first what is skipped, and then
/// at most one run.
fn push(pieces: &mut Vec<Piece>, piece: Piece) {
    match (piece, pieces.as_mut_slice()) {
        (Piece::Run, [.., Piece::Run]) => (),
        (Piece::Skip(more), [.., Piece::Skip(count)] | [.., Piece::Skip(count), Piece::Run]) => {
            *count += more;
        }
        (piece @ Piece::Skip(_), [.., Piece::Run]) => pieces.insert(pieces.len() - 1, piece),
        (piece, _) => pieces.push(piece),
    }
}

/// What a variable stands for, written to `buffer` if it is no text.
fn resolve<'v>(
    key: &Key,
    default: Option<&'v str>,
    context: &Context<'v>,
    buffer: &'v mut Buffer,
) -> Option<&'v str> {
    match context.find_one(key) {
        Some(value) => Some(value.text(buffer)),
        None => default,
    }
}

#[inline(never)]
fn matches_pieces(pieces: &[Piece], text: &str, context: &Context<'_>) -> bool {
    let is_run = |piece: &Piece| matches!(piece, Piece::Run);
    let last = pieces.iter().rposition(is_run);
    let behind = last.map_or(0, |run| run + 1);
    let Some(rest) = before_end(&pieces[behind..], text, context) else { return false };
    let Some(last) = last else { return rest.is_empty() };
    let first = pieces.iter().position(is_run).unwrap_or(last);
    let Some(mut rest) = after_start(&pieces[..first], rest, context) else { return false };
    for part in pieces[first..last].split(is_run).filter(|part| !part.is_empty()) {
        match after_first(part, rest, context) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    true
}

/// What of a text is in front of pieces without runs, if it ends with them.
fn before_end<'t>(pieces: &[Piece], text: &'t str, context: &Context<'_>) -> Option<&'t str> {
    pieces.iter().rev().try_fold(text, |rest, piece| match piece {
        Piece::Text(literal) => rest.strip_suffix(&**literal),
        Piece::Variable { key, default } => {
            let mut buffer = Buffer::new();
            rest.strip_suffix(resolve(key, default.as_deref(), context, &mut buffer)?)
        }
        Piece::Skip(count) => {
            let mut chars = rest.chars();
            chars.nth_back(count - 1).map(|_| chars.as_str())
        }
        Piece::Run => None, // There is none.
    })
}

/// What of a text is behind pieces without runs, if it starts with them.
fn after_start<'t>(pieces: &[Piece], text: &'t str, context: &Context<'_>) -> Option<&'t str> {
    pieces.iter().try_fold(text, |rest, piece| match piece {
        Piece::Text(literal) => rest.strip_prefix(&**literal),
        Piece::Variable { key, default } => {
            let mut buffer = Buffer::new();
            rest.strip_prefix(resolve(key, default.as_deref(), context, &mut buffer)?)
        }
        Piece::Skip(count) => {
            let mut chars = rest.chars();
            chars.nth(count - 1).map(|_| chars.as_str())
        }
        Piece::Run => None, // There is none.
    })
}

/// What of a text is behind the first place where pieces without runs stand in it.
fn after_first<'t>(pieces: &[Piece], text: &'t str, context: &Context<'_>) -> Option<&'t str> {
    // Only one of the parts has to be looked for: what is skipped behind it is as long everywhere.
    let (literal, behind) = match pieces {
        [Piece::Text(literal)] => (literal, &[][..]),
        [Piece::Text(literal), behind @ Piece::Skip(_)] => (literal, std::slice::from_ref(behind)),
        several => return several::after_first(several, text, context),
    };
    let at = text.find(&**literal);
    steps::count(at.unwrap_or(text.len()) + literal.len());
    after_start(behind, &text[at? + literal.len()..], context)
}

/// How much was looked at, for tests alone: they count what cannot be timed.
pub(super) mod steps {
    #[cfg(test)]
    thread_local! {
        static STEPS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
    }

    #[inline(always)]
    pub(in crate::policy) fn count(_steps: usize) {
        #[cfg(test)]
        STEPS.set(STEPS.get() + _steps);
    }

    /// Those since the last call.
    #[cfg(test)]
    pub(in crate::policy) fn take() -> usize {
        STEPS.take()
    }
}
