//! Pages: which to ask for next, what of each is shown, and all of them as one answer.
//!
//! It is fed with answers and says what to send; nothing is sent here. It follows botocore's
//! paginator to the letter, down to what a token of the command line is made of, so that one that
//! the AWS CLI has printed goes on here, and the other way round. Invariant: no page is asked for
//! twice in a row.

use crate::invocation::Invocation;
use crate::model::Paginator;
use crate::python;
use crate::value::Value;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};

/// The member of a token that says how many items of the page were shown already.
const SHOWN: &str = "boto_truncate_amount";
/// What a merged answer calls the token that goes on from it.
const NEXT_TOKEN: &str = "NextToken";
/// What stands between the parts of a token of older versions.
const OLD_MARK: &str = "___";

/// Why pages cannot follow each other.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PagingError {
    /// The starting token says more than a token does.
    #[error("Bad starting token: {0}")]
    BadStartingToken(String),
    /// The service sends in a circle.
    #[error("Error during pagination: The same next token was received twice: {0}")]
    SameToken(String),
}

/// The pages of a call.
#[derive(Debug)]
pub struct Pages {
    paginator: &'static Paginator,
    /// What is sent for the next page.
    parameters: Value,
    max_items: Option<i64>,
    /// Whether the first page was asked for with a token, and how many of its items were shown.
    start: Option<usize>,
    is_first: bool,
    is_over: bool,
    /// The token that came twice in a row, as Python shows it.
    circle: Option<String>,
    /// Items shown so far.
    shown: usize,
    /// The service's token of the page that was asked for.
    token: Option<String>,
    /// What is told once, of the first page.
    once: Value,
    resume: Option<String>,
}

/// A page, as far as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// What the service answered, without the items that are not shown.
    pub answer: Value,
    /// The members that the pages have between them: the items and, in the first, what is told
    /// once.
    pub part: Value,
}

impl Pages {
    /// The pages that an invocation asks for; none if it asks for one answer as it is.
    pub fn of(invocation: &Invocation) -> Result<Option<Pages>, PagingError> {
        let paging = &invocation.paging;
        let paginator = invocation.operation.paginator.as_ref().filter(|_| paging.paginate);
        let Some(paginator) = paginator else { return Ok(None) };
        let mut parameters = invocation.parameters.clone();
        let mut start = None;
        let mut token = None;
        if let Some(text) = &paging.starting_token {
            let (decoded, shown) = decode(text, paginator)?;
            // A word that old tokens have for nothing.
            match decoded.as_deref().filter(|token| *token != "None") {
                Some(token) => parameters.set(&paginator.input_token, Value::text(token)),
                None => _ = parameters.remove(&paginator.input_token),
            }
            (start, token) = (Some(shown), decoded);
        }
        Ok(Some(Pages {
            paginator,
            parameters,
            max_items: paging.max_items,
            start,
            is_first: true,
            is_over: false,
            circle: None,
            shown: 0,
            token,
            once: Value::map(),
            resume: None,
        }))
    }

    /// What to send for the next page; none if there is none, or none is wanted.
    ///
    /// # Errors
    ///
    /// If the page that was taken leads back to itself. The page itself is shown.
    pub fn next(&self) -> Result<Option<&Value>, PagingError> {
        match &self.circle {
            Some(token) => Err(PagingError::SameToken(token.clone())),
            None => Ok((!self.is_over).then_some(&self.parameters)),
        }
    }

    /// Items shown so far.
    pub fn shown(&self) -> usize {
        self.shown
    }

    /// What goes on from here, if not all was shown: it is known when there is no next page.
    pub fn resume(&self) -> Option<&str> {
        self.resume.as_deref()
    }

    /// Takes the answer to what was sent.
    pub fn take(&mut self, mut answer: Value) -> Page {
        let key = &self.paginator.result_key;
        let mut skipped = 0;
        if self.is_first
            && let Some(shown) = self.start
        {
            let rest = match answer.get(key) {
                Some(Value::List(items)) => {
                    Value::List(items.iter().skip(shown).cloned().collect())
                }
                Some(_) | None => Value::Null,
            };
            answer.set(key, rest);
            skipped = shown;
        }
        let mut part = Value::map();
        if self.is_first {
            for name in &self.paginator.non_aggregate_keys {
                self.once.set(name, answer.get(name).cloned().unwrap_or(Value::Null));
            }
            part = self.once.clone();
        }
        self.is_first = false;
        let count = answer.get(key).map_or(0, |items| items.items().len());
        let over = self.max_items.map_or(0, |max| signed(self.shown) + signed(count) - max);
        if over > 0 {
            let kept = signed(count) - over;
            // Below zero it counts from the end.
            let end = if kept < 0 { signed(count) + kept } else { kept };
            let end = usize::try_from(end).unwrap_or(0);
            let items = answer.get(key).map_or(&[][..], Value::items);
            let items = items.iter().take(end).cloned().collect();
            answer.set(key, Value::List(items));
            self.resume = Some(self.encode(self.token.as_deref(), Some(kept + signed(skipped))));
            self.shown += end;
            self.is_over = true;
        } else {
            self.shown += count;
            self.follow(&answer);
        }
        part.set(key, answer.get(key).cloned().unwrap_or(Value::Null));
        Page { answer, part }
    }

    /// Sees whether there is a next page.
    fn follow(&mut self, answer: &Value) {
        let next = answer.get(&self.paginator.output_token).and_then(Value::as_text);
        let Some(next) = next.filter(|token| !token.is_empty()) else {
            self.is_over = true;
            return;
        };
        if self.max_items == Some(signed(self.shown)) {
            self.resume = Some(self.encode(Some(next), None));
            self.is_over = true;
            return;
        }
        if self.token.as_deref() == Some(next) {
            let token = Value::Map(vec![(self.paginator.input_token.clone(), Value::text(next))]);
            self.circle = Some(python::written(&token));
            return;
        }
        self.token = Some(next.to_owned());
        self.parameters.set(&self.paginator.input_token, Value::text(next));
    }

    /// A token of the command line. Its bytes are those that Python makes.
    fn encode(&self, token: Option<&str>, shown: Option<i64>) -> String {
        let token = token.map_or("null".to_owned(), python::json);
        let shown = shown.map(|shown| format!(", \"{SHOWN}\": {shown}")).unwrap_or_default();
        let json = format!("{{\"{}\": {token}{shown}}}", self.paginator.input_token);
        base64::engine::general_purpose::STANDARD.encode(json)
    }
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The service's token within one of the command line, and how many items of its page were shown.
/// What cannot be read is a token of the service.
fn decode(text: &str, paginator: &Paginator) -> Result<(Option<String>, usize), PagingError> {
    // As Python, it reads over what is no letter of the alphabet.
    let letters: String = text
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || "+/=".contains(*letter))
        .collect();
    let padded = NO_PAD
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical)
        .with_decode_allow_trailing_bits(true);
    let bytes = GeneralPurpose::new(&STANDARD, padded).decode(letters).ok();
    let json = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let Some(Value::Map(members)) = json.and_then(|json| Value::parse(&json).ok()) else {
        return decode_old(text);
    };
    let mut token = (None, 0);
    for (name, value) in members {
        match (name.as_str(), value) {
            (SHOWN, Value::Integer(shown)) => token.1 = usize::try_from(shown).unwrap_or(0),
            (name, Value::Text(text)) if name == paginator.input_token => token.0 = Some(text),
            (name, Value::Null) if name == paginator.input_token => (),
            _ => return Err(PagingError::BadStartingToken(text.to_owned())),
        }
    }
    Ok(token)
}

/// A token as versions before 1.10 of the AWS CLI have made it.
fn decode_old(text: &str) -> Result<(Option<String>, usize), PagingError> {
    let parts: Vec<&str> = text.split(OLD_MARK).collect();
    let (token, shown) = match parts.as_slice() {
        [token, shown] => match shown.parse() {
            Ok(shown) => (*token, shown),
            Err(_) => (text, 0),
        },
        [_] => (text, 0),
        [..] => return Err(PagingError::BadStartingToken(text.to_owned())),
    };
    Ok(((token != "None").then(|| token.to_owned()), shown))
}

/// All pages as one answer.
#[derive(Debug, Default)]
pub struct Whole {
    items: Option<Value>,
}

impl Whole {
    /// Puts a page to those before.
    pub fn add(&mut self, pages: &Pages, page: Page) {
        match (&mut self.items, page.answer.get(&pages.paginator.result_key)) {
            (_, None | Some(Value::Null)) => (),
            (Some(Value::List(items)), Some(Value::List(more))) => items.extend_from_slice(more),
            (items @ None, Some(first)) => *items = Some(first.clone()),
            (Some(_), Some(_)) => (),
        }
    }

    /// The answer: the items, what is told once, and where it goes on.
    pub fn end(self, pages: &Pages) -> Value {
        let mut answer = Value::map();
        if let Some(items) = self.items {
            answer.set(&pages.paginator.result_key, items);
        }
        for (name, value) in pages.once.entries() {
            answer.set(name, value.clone());
        }
        if let Some(token) = &pages.resume {
            answer.set(NEXT_TOKEN, Value::text(token));
        }
        answer
    }
}

/// What text says of where it goes on.
pub fn resumption(token: &str) -> Value {
    let token = Value::Map(vec![(NEXT_TOKEN.to_owned(), Value::text(token))]);
    Value::Map(vec![(NEXT_TOKEN.to_owned(), token)])
}

#[cfg(test)]
mod tests;
