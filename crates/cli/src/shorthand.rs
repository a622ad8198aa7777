//! The shorthand in which structures are written on the command line: `name=n,version=1.0`.
//!
//! ```text
//! structure = pair *("," pair)
//! pair      = key ("=" / "@=") value         with "@=", texts can be file://path
//! value     = list / map / word *("," word)  several words are a list
//! list      = "[" [item *("," item)] "]"
//! map       = "{" [pair *("," pair)] "}"     where value = item
//! item      = list / map / word
//! word      = 'quoted' / "quoted" / bare     `\,` is a comma in a bare word
//! ```
//!
//! In `a=b,c=d` only what follows the comma tells a second word from a second pair, so the reader
//! looks ahead and goes back. What the model has to say is added afterwards, by [`fit`]: the
//! grammar itself knows of texts, lists and maps alone.

use crate::file::{FileError, Files, Loaded};
use crate::model::{Kind, Model, ShapeId};
use crate::python::{self, whole_number};
use crate::value::Value;
use std::fmt;
use thiserror::Error;

/// Why a shorthand cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ShorthandError {
    /// Something else should be there.
    #[error("Expected: '{expected}', received: '{received}' for input:\n{place}")]
    Syntax {
        /// What should be there
        expected: String,
        /// What is there
        received: String,
        /// Where
        place: Place,
    },
    /// A key for the second time.
    #[error(
        "Second instance of key \"{key}\" encountered for input:\n{place}\nThis is often because \
         there is a preceding \",\" instead of a space."
    )]
    SecondKey {
        /// The key
        key: String,
        /// Where
        place: Place,
    },
}

/// A place in an input; it is shown as the input with a caret below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    input: Vec<char>,
    at: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, after) = self.input.split_at(self.at.min(self.input.len()));
        let line_start = before.iter().rposition(|letter| *letter == '\n').map_or(0, |at| at + 1);
        let line_end = after.iter().position(|letter| *letter == '\n').unwrap_or(after.len());
        let (rest_of_line, following) = after.split_at(line_end);
        let text = |letters: &[char]| letters.iter().collect::<String>();
        let indent = " ".repeat(self.at - line_start);
        let (before, rest_of_line) = (text(before), text(rest_of_line));
        write!(formatter, "{before}{rest_of_line}\n{indent}^{}", text(following))
    }
}

/// What stops the reading of a shorthand.
#[derive(Debug)]
pub(crate) enum Stop {
    Shorthand(ShorthandError),
    File(FileError),
    /// A file of bytes where a text has to be.
    Bytes(Vec<u8>),
}

impl From<ShorthandError> for Stop {
    fn from(error: ShorthandError) -> Stop {
        Stop::Shorthand(error)
    }
}

/// Reads a shorthand to a map.
pub(crate) fn parse(text: &str, files: &dyn Files) -> Result<Value, Stop> {
    let mut reader = Reader { input: text.chars().collect(), at: 0, loads: false, files };
    reader.structure()
}

/// How deep lists and maps may be in each other; nothing in the model is nearly as deep.
const DEPTH_MAX: usize = 64;

struct Reader<'a> {
    input: Vec<char>,
    at: usize,
    /// Whether texts of the present key are looked at for `file://`.
    loads: bool,
    files: &'a dyn Files,
}

impl Reader<'_> {
    fn structure(&mut self) -> Result<Value, Stop> {
        let mut map = Value::map();
        loop {
            let start = self.at;
            let key = self.key_and_sign()?;
            let value = self.value()?;
            if map.get(&key).is_some() {
                return Err(Stop::from(ShorthandError::SecondKey {
                    key,
                    place: self.place(start),
                }));
            }
            map.set(&key, value);
            if self.current().is_none() {
                return Ok(map);
            }
            self.expect_spaced(',')?;
        }
    }

    /// A key with the sign behind it.
    fn key_and_sign(&mut self) -> Result<String, Stop> {
        let key = self.run(|letter| letter.is_ascii_alphanumeric() || "-_.#/:".contains(letter));
        self.spaces();
        self.loads = self.current() == Some('@');
        if self.loads {
            self.at += 1;
        }
        self.expect_spaced('=')?;
        Ok(key)
    }

    fn value(&mut self) -> Result<Value, Stop> {
        match self.current() {
            None => Ok(Value::text("")),
            Some('[') => self.list(0),
            Some('{') => self.map(0),
            Some(_) => self.words(),
        }
    }

    /// A word, or a list of them.
    fn words(&mut self) -> Result<Value, Stop> {
        let mut words = vec![self.word()?];
        self.spaces();
        while self.current() == Some(',') {
            self.expect_spaced(',')?;
            let next = self.second_word();
            self.spaces();
            match next {
                Ok(word) if matches!(self.current(), None | Some(',')) => words.push(word),
                // It is a key, or nothing: what follows the last comma is the next pair.
                Ok(_) => {
                    self.back_to_comma();
                    break;
                }
                Err(Stop::Shorthand(_)) if self.current().is_some() => {
                    self.back_to_comma();
                    break;
                }
                Err(stop) => return Err(stop),
            }
        }
        let first = words.swap_remove(0);
        if words.is_empty() {
            return Ok(first);
        }
        words.insert(0, first);
        Ok(Value::List(words))
    }

    /// Goes back to the last comma, whatever stands around it. The AWS CLI does not look, so that of
    /// two commas in a row one counts for nothing, and one in quotes can be what it finds.
    fn back_to_comma(&mut self) {
        while self.current() != Some(',') {
            self.at -= 1;
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, Stop> {
        self.expect_spaced('[')?;
        let mut items = Vec::new();
        while self.current() != Some(']') {
            items.push(self.item(depth)?);
            self.spaces();
            if self.current() != Some(']') {
                self.expect(',')?;
                self.spaces();
            }
        }
        self.expect(']')?;
        Ok(Value::List(items))
    }

    fn map(&mut self, depth: usize) -> Result<Value, Stop> {
        self.expect_spaced('{')?;
        let mut map = Value::map();
        while self.current() != Some('}') {
            let key = self.key_and_sign()?;
            let value = self.item(depth)?;
            self.spaces();
            if self.current() != Some('}') {
                self.expect(',')?;
                self.spaces();
            }
            map.set(&key, value);
        }
        self.expect('}')?;
        Ok(map)
    }

    fn item(&mut self, depth: usize) -> Result<Value, Stop> {
        match self.current() {
            Some('[' | '{') if depth == DEPTH_MAX => {
                Err(self.unexpected("<first>", "<none>").into())
            }
            Some('[') => self.list(depth + 1),
            Some('{') => self.map(depth + 1),
            Some(_) | None => self.word(),
        }
    }

    fn word(&mut self) -> Result<Value, Stop> {
        match self.current() {
            Some(quote @ ('\'' | '"')) => self.quoted(quote),
            Some(_) | None => {
                // Brackets that close something end a first word, and a sign does not.
                let text = self.bare(|letter| !matches!(letter, '"' | '\'' | ',' | ']' | '}'));
                self.text(text)
            }
        }
    }

    /// A word behind a comma, which has to be there.
    fn second_word(&mut self) -> Result<Value, Stop> {
        match self.current() {
            Some(quote @ ('\'' | '"')) => self.quoted(quote),
            Some(_) | None => {
                let start = self.at;
                let text = self.bare(|letter| !matches!(letter, '"' | '\'' | ',' | '='));
                if self.at == start {
                    return Err(self.unexpected("<second>", "<none>").into());
                }
                self.text(text)
            }
        }
    }

    /// A word without quotes, empty if none can begin here; `follows` is what goes on with it.
    fn bare(&mut self, follows: impl Fn(char) -> bool) -> String {
        let mut text = String::new();
        let mut letters = self.input[self.at..].iter().copied().peekable();
        let mut length = 0;
        while let Some(letter) = letters.next() {
            if letter == '\\' && letters.peek() == Some(&',') {
                letters.next();
                text.push(',');
                length += 2;
                continue;
            }
            let begins = letter > ' ' && !matches!(letter, '"' | '\'' | ',' | '=' | '[' | '{');
            if if length == 0 { !begins } else { !follows(letter) } {
                break;
            }
            text.push(letter);
            length += 1;
        }
        self.at += length;
        text.truncate(text.trim_end().len());
        text
    }

    /// A quote behind a backslash ends nothing, unless no other is there.
    fn quoted(&mut self, quote: char) -> Result<Value, Stop> {
        let inner = &self.input[self.at + 1..];
        let quotes = || (0..inner.len()).filter(|place| inner[*place] == quote);
        let is_bare = |place: &usize| *place == 0 || inner[*place - 1] != '\\';
        let Some(end) = quotes().find(is_bare).or_else(|| quotes().next_back()) else {
            let kind = if quote == '"' { "<double quoted>" } else { "<singled quoted>" };
            return Err(self.unexpected(kind, "<none>").into());
        };
        let text: String = inner[..end].iter().collect();
        self.at += end + 2;
        self.text(text.replace(&format!("\\{quote}"), &quote.to_string()).replace("\\\\", "\\"))
    }

    /// A text, or what is in the file that it names.
    fn text(&self, text: String) -> Result<Value, Stop> {
        let loaded = if self.loads { Loaded::of(&text, self.files) } else { None };
        match loaded {
            None => Ok(Value::Text(text)),
            Some(Ok(Loaded::Text(text))) => Ok(Value::Text(text)),
            Some(Ok(Loaded::Bytes(bytes))) => Err(Stop::Bytes(bytes)),
            Some(Err(error)) => Err(Stop::File(error)),
        }
    }

    fn current(&self) -> Option<char> {
        self.input.get(self.at).copied()
    }

    fn run(&mut self, among: impl Fn(char) -> bool) -> String {
        let run: String =
            self.input[self.at..].iter().copied().take_while(|letter| among(*letter)).collect();
        self.at += run.chars().count();
        run
    }

    fn spaces(&mut self) {
        self.run(|letter| matches!(letter, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}'));
    }

    fn expect_spaced(&mut self, expected: char) -> Result<(), ShorthandError> {
        self.spaces();
        self.expect(expected)?;
        self.spaces();
        Ok(())
    }

    fn expect(&mut self, expected: char) -> Result<(), ShorthandError> {
        if self.current() == Some(expected) {
            self.at += 1;
            return Ok(());
        }
        let received = self.current().map_or_else(|| "EOF".to_owned(), String::from);
        Err(self.unexpected(&String::from(expected), &received))
    }

    fn unexpected(&self, expected: &str, received: &str) -> ShorthandError {
        ShorthandError::Syntax {
            expected: expected.to_owned(),
            received: received.to_owned(),
            place: self.place(self.at),
        }
    }

    fn place(&self, at: usize) -> Place {
        Place { input: self.input.clone(), at }
    }
}

/// Makes of texts what the model says that they are: numbers, truth values, lists of one. What does
/// not fit stays as it is, for the checks to refuse.
///
/// # Errors
///
/// If what should be a whole number is none.
pub(crate) fn fit(value: &mut Value, shape: ShapeId) -> Result<(), python::NotANumber> {
    let model = Model::get();
    match (&model.shape(shape).kind, &mut *value) {
        (Kind::Structure { members, .. }, Value::Map(entries)) => {
            for member in members {
                if let Some((_, value)) = entries.iter_mut().find(|(name, _)| *name == member.name)
                {
                    fit(value, member.shape)?;
                }
            }
        }
        (Kind::List { member, .. }, Value::List(items)) => {
            for item in items {
                fit(item, *member)?;
            }
        }
        // The single item is not looked at any further, in the AWS CLI neither.
        (Kind::List { .. }, other) => {
            *value = Value::List(vec![std::mem::replace(other, Value::Null)]);
        }
        (Kind::Integer { .. }, Value::Text(text)) => *value = Value::Integer(whole_number(text)?),
        (Kind::Boolean, Value::Text(text)) => match text.to_lowercase().as_str() {
            "true" => *value = Value::Bool(true),
            "false" => *value = Value::Bool(false),
            _ => (),
        },
        (
            Kind::Text { .. }
            | Kind::Integer { .. }
            | Kind::Boolean
            | Kind::Timestamp
            | Kind::Structure { .. },
            _,
        ) => (),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::tests::Shelf;

    const SHELF: Shelf = Shelf(&[("a", b"from a file\n"), ("b", b"\x00")]);

    fn parsed(text: &str) -> Result<String, String> {
        match parse(text, &SHELF) {
            Ok(value) => Ok(serde_json::to_string(&value).expect("it is written")),
            Err(Stop::Shorthand(error)) => Err(error.to_string()),
            Err(Stop::File(error)) => Err(error.to_string()),
            Err(Stop::Bytes(bytes)) => Err(format!("bytes {bytes:?}")),
        }
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(parsed(text).as_deref(), Ok(expected), "{text}");
    }

    #[track_caller]
    fn check_refused(text: &str, expected: &str) {
        assert_eq!(parsed(text), Err(expected.to_owned()), "{text}");
    }

    #[test]
    fn pairs_and_words() {
        check("name=n,version=1.0", r#"{"name":"n","version":"1.0"}"#);
        check("a=b,c,d=e,f=g", r#"{"a":["b","c"],"d":"e","f":"g"}"#);
        check("a=b,c", r#"{"a":["b","c"]}"#);
        check("a=", r#"{"a":""}"#);
        check("a=,b=c", r#"{"a":"","b":"c"}"#);
        check("a = b , c = d", r#"{"a":"b","c":"d"}"#);
        check("a=b c ,d=e", r#"{"a":"b c","d":"e"}"#);
        check("a=b=c", r#"{"a":"b=c"}"#);
        check("a.b#c/d:e_f-1=x", r#"{"a.b#c/d:e_f-1":"x"}"#);
        check("a=ü🎉", r#"{"a":"ü🎉"}"#);
        check("=x", r#"{"":"x"}"#);
    }

    #[test]
    fn quotes_and_backslashes() {
        check("a='b,c=d',e=f", r#"{"a":"b,c=d","e":"f"}"#);
        check(r#"a="it's",b='"'"#, r#"{"a":"it's","b":"\""}"#);
        check(r"a='it\'s \\ \n'", r#"{"a":"it's \\ \\n"}"#);
        check(r"a=b\,c", r#"{"a":"b,c"}"#);
        check(r"a=b\c", r#"{"a":"b\\c"}"#);
        check("a='',b=\"\"", r#"{"a":"","b":""}"#);
        check("a='  b '", r#"{"a":"  b "}"#);
        check("a=b,'c,d'", r#"{"a":["b","c,d"]}"#);
        check(r"a='b\\'", r#"{"a":"b\\"}"#);
        check(r"a='b\',c=d'", r#"{"a":"b',c=d"}"#);
        check_refused(r"a='b\\',c='d'", {
            "Expected: ',', received: 'd' for input:\na='b\\\\',c='d'\n           ^"
        });
    }

    #[test]
    fn lists_and_maps() {
        check("a=[b,c],d=[]", r#"{"a":["b","c"],"d":[]}"#);
        check("a=[ b , c ]", r#"{"a":["b","c"]}"#);
        check("a={x=1,y=2},b={}", r#"{"a":{"x":"1","y":"2"},"b":{}}"#);
        check("a=[{x=1},{x=[2,3]}]", r#"{"a":[{"x":"1"},{"x":["2","3"]}]}"#);
        check("a={x={y={z='}'}}}", r#"{"a":{"x":{"y":{"z":"}"}}}}"#);
        check("a={x=1,x=2}", r#"{"a":{"x":"2"}}"#);
        check("a=[b,]", r#"{"a":["b"]}"#);
        check("a=b,,c=d", r#"{"a":"b","c":"d"}"#);
        check("a=b,c,,d=e", r#"{"a":["b","c"],"d":"e"}"#);
        check_refused("a=b,,,c=d", "Expected: '=', received: ',' for input:\na=b,,,c=d\n     ^");
        check(
            "decisionType=CompleteWorkflowExecution,\
             completeWorkflowExecutionDecisionAttributes={result=ok}",
            r#"{"decisionType":"CompleteWorkflowExecution","completeWorkflowExecutionDecisionAttributes":{"result":"ok"}}"#,
        );
    }

    #[test]
    fn files_are_loaded_where_the_sign_says_so() {
        check("a@=file://a,b=file://a", r#"{"a":"from a file\n","b":"file://a"}"#);
        check("a @= x", r#"{"a":"x"}"#);
        check("a={b@=file://a,c=file://a}", r#"{"a":{"b":"from a file\n","c":"file://a"}}"#);
        check_refused("a@=file://c", {
            "Unable to load paramfile file://c: [Errno 2] No such file or directory: 'c'"
        });
        check_refused("a@=fileb://b", "bytes [0]");
    }

    #[test]
    fn a_caret_points_to_what_is_wrong() {
        check_refused("name", "Expected: '=', received: 'EOF' for input:\nname\n    ^");
        check_refused("", "Expected: '=', received: 'EOF' for input:\n\n^");
        check_refused("a=b,c=d,", {
            "Expected: '<second>', received: '<none>' for input:\na=b,c=d,\n        ^"
        });
        check_refused("a=\"b", {
            "Expected: '<double quoted>', received: '<none>' for input:\na=\"b\n  ^"
        });
        check_refused("a='b", {
            "Expected: '<singled quoted>', received: '<none>' for input:\na='b\n  ^"
        });
        check_refused("a=[b", "Expected: ',', received: 'EOF' for input:\na=[b\n    ^");
        check_refused("a={b", "Expected: '=', received: 'EOF' for input:\na={b\n    ^");
        check_refused("a={b=c]", "Expected: ',', received: ']' for input:\na={b=c]\n      ^");
        check_refused("a=b}", "Expected: ',', received: '}' for input:\na=b}\n   ^");
        check_refused("a&=b", "Expected: '=', received: '&' for input:\na&=b\n ^");
        check_refused("a=b,\nc==d,\ne=f", {
            "Expected: ',', received: '=' for input:\na=b,\nc==d,\n  ^\ne=f"
        });
    }

    #[test]
    fn a_key_comes_once() {
        check_refused("name=n,name=m", {
            "Second instance of key \"name\" encountered for input:\nname=n,name=m\n       ^\n\
             This is often because there is a preceding \",\" instead of a space."
        });
    }

    #[test]
    fn what_is_very_deep_is_refused() {
        let deep = format!("a={}", "[".repeat(100_000));
        assert!(parsed(&deep).is_err());
    }

    #[test]
    fn texts_become_what_the_model_says() {
        let operation = Model::get().operation("RespondDecisionTaskCompleted").expect("known");
        let decisions = operation.members().iter().find(|member| member.name == "decisions");
        let shape = decisions.expect("it is a member").shape;
        let attributes = "startChildWorkflowExecutionDecisionAttributes";
        for (tags, expected) in [("t", r#"["t"]"#), ("[a,b]", r#"["a","b"]"#), ("a,b", "2")] {
            let text = format!("{attributes}={{tagList={tags}}}");
            let Ok(value) = parse(&text, &SHELF) else {
                assert_eq!(expected, "2", "words without brackets are no list in a map");
                continue;
            };
            let mut list = Value::List(vec![value]);
            fit(&mut list, shape).expect("there is no number");
            let tags = list.items()[0].get(attributes).and_then(|a| a.get("tagList")).cloned();
            assert_eq!(serde_json::to_string(&tags).expect("it is written"), expected);
        }
    }

    #[test]
    fn numbers_and_truth_values_are_read() {
        let members = Model::get().operation("ListDomains").expect("known").members();
        let shape = |name| members.iter().find(|m| m.name == name).expect("a member").shape;
        let fitted = |name, text: &str| {
            let mut value = Value::text(text);
            fit(&mut value, shape(name)).map(|()| value)
        };
        assert_eq!(fitted("maximumPageSize", "5"), Ok(Value::Integer(5)));
        assert!(fitted("maximumPageSize", "five").is_err());
        assert_eq!(fitted("reverseOrder", "TRUE"), Ok(Value::Bool(true)));
        assert_eq!(fitted("reverseOrder", "yes"), Ok(Value::text("yes")));
    }
}
