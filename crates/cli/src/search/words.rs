//! A query as words, texts and signs, each with the column in which it begins.

use super::SearchError;

/// What a query is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// Without quotes: a field, `and`, or a value.
    Word(String),
    /// In quotes, which are gone.
    Text(String),
    Sign(&'static str),
    End,
}

/// The signs; a longer one stands before those that it begins with. What no query has is a sign,
/// too, where others write it: it is better named than taken for a word.
const SIGNS: &[&str] =
    &["!=", "!~", "==", "<=", ">=", "&&", "||", "(", ")", ",", "=", "~", "<", ">", "!"];

impl Token {
    /// For errors.
    pub(super) fn shown(&self) -> String {
        match self {
            Token::Word(word) => word.clone(),
            Token::Text(text) => format!("{text:?}"),
            Token::Sign(sign) => (*sign).to_owned(),
            Token::End => "the end".to_owned(),
        }
    }
}

/// The parts of a query, [`Token::End`] last.
pub(super) fn split(text: &str) -> Result<Vec<(usize, Token)>, SearchError> {
    let mut tokens = Vec::new();
    let mut rest = text;
    // In characters, since that is what people count.
    let column = |rest: &str| text[..text.len() - rest.len()].chars().count() + 1;
    loop {
        rest = rest.trim_start();
        let at = column(rest);
        let Some(first) = rest.chars().next() else {
            tokens.push((at, Token::End));
            return Ok(tokens);
        };
        let (token, behind) = match sign(rest) {
            Some(sign) => (Token::Sign(sign), &rest[sign.len()..]),
            None if first == '"' || first == '\'' => {
                let (text, behind) =
                    quoted(first, &rest[1..]).ok_or(SearchError::OpenQuotation { column: at })?;
                (Token::Text(text), behind)
            }
            None => {
                let ends = |(at, character): (usize, char)| {
                    character.is_whitespace()
                        || matches!(character, '"' | '\'')
                        || sign(&rest[at..]).is_some()
                };
                let length = rest.char_indices().find(|found| ends(*found));
                let (word, behind) = rest.split_at(length.map_or(rest.len(), |(at, _)| at));
                (Token::Word(word.to_owned()), behind)
            }
        };
        tokens.push((at, token));
        rest = behind;
    }
}

/// The sign with which a text begins.
fn sign(text: &str) -> Option<&'static str> {
    SIGNS.iter().copied().find(|sign| text.starts_with(sign))
}

/// What is in quotes, and what comes behind them. A `\` makes a quote or another `\` plain; before
/// anything else it stays, for patterns.
fn quoted(quote: char, text: &str) -> Option<(String, &str)> {
    let mut inside = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        if character == quote {
            return Some((inside, &text[at + 1..]));
        }
        if character == '\\' {
            match characters.next()?.1 {
                escaped @ ('"' | '\'' | '\\') => inside.push(escaped),
                other => inside.extend(['\\', other]),
            }
        } else {
            inside.push(character);
        }
    }
    None
}
