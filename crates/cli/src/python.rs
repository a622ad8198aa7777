//! How Python writes values and reads numbers, as far as the AWS CLI shows it: its error texts
//! quote what was wrong.

use crate::value::Value;
use thiserror::Error;

/// A text that is no whole number.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("invalid literal for int() with base 10: {}", quoted(.0))]
pub struct NotANumber(pub String);

/// Reads a whole number: a sign, and digits with single underscores among them.
pub(crate) fn whole_number(text: &str) -> Result<i64, NotANumber> {
    let refused = || NotANumber(text.to_owned());
    let trimmed = text.trim();
    let digits = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
    let well_formed = digits
        .split('_')
        .all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()));
    if !well_formed {
        return Err(refused());
    }
    trimmed.replace('_', "").parse().map_err(|_| refused())
}

/// The words of a command, as `shlex.split` has them; none with an open quotation. A shell would take
/// what begins with a `#` for a comment, and the AWS CLI does not.
pub fn shell_words(command: &str) -> Option<Vec<String>> {
    /// No text has it: Unicode keeps it for uses like this.
    const STAND_IN: char = '\u{fdd0}';
    let words = shlex::split(&command.replace('#', &STAND_IN.to_string()))?;
    Some(words.iter().map(|word| word.replace(STAND_IN, "#")).collect())
}

/// A text in quotes.
pub(crate) fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut quoted = String::from(quote);
    for letter in text.chars() {
        match letter {
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            letter if letter == quote => {
                quoted.push('\\');
                quoted.push(letter);
            }
            letter if letter.is_ascii_control() => {
                quoted.push_str(&format!("\\x{:02x}", u32::from(letter)));
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push(quote);
    quoted
}

/// Bytes in quotes.
pub(crate) fn quoted_bytes(bytes: &[u8]) -> String {
    let text: String = bytes
        .iter()
        .map(|byte| match byte {
            b'\\' => "\\\\".to_owned(),
            b'\'' => "\\'".to_owned(),
            b'\n' => "\\n".to_owned(),
            b'\r' => "\\r".to_owned(),
            b'\t' => "\\t".to_owned(),
            b' '..=b'~' => char::from(*byte).to_string(),
            _ => format!("\\x{byte:02x}"),
        })
        .collect();
    format!("b'{text}'")
}

/// A value as it stands in a message: a text as it is, all else as in a program.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Null
        | Value::Bool(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::List(_)
        | Value::Map(_) => written(value),
    }
}

/// A value as it stands in a program.
pub(crate) fn written(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => float(*number),
        Value::Text(text) => quoted(text),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(written).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(entries) => {
            let entries = entries.iter();
            let entries: Vec<String> = entries
                .map(|(key, value)| format!("{}: {}", quoted(key), written(value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

/// The shortest form that reads back as the same number: with an exponent where Python has one,
/// which is from 10 to the 16th on and below 10 to the -4th.
pub(crate) fn float(number: f64) -> String {
    if !number.is_finite() {
        let name = if number.is_nan() { "nan" } else { "inf" };
        return if number < 0.0 { format!("-{name}") } else { name.to_owned() };
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').expect("it has an exponent");
    let exponent: i32 = exponent.parse().expect("it is a number");
    if number == 0.0 || (-4..16).contains(&exponent) {
        let plain = number.to_string();
        return if plain.contains('.') { plain } else { format!("{plain}.0") };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// `json.dumps(text)`: with escapes for all that is not ASCII.
pub(crate) fn json(text: &str) -> String {
    let mut ascii = String::new();
    for letter in crate::output::json::scalar(&Value::text(text)).chars() {
        if letter.is_ascii() {
            ascii.push(letter);
            continue;
        }
        for unit in letter.encode_utf16(&mut [0; 2]) {
            ascii.push_str(&format!("\\u{unit:04x}"));
        }
    }
    ascii
}

/// The name of a value's type.
pub(crate) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "<class 'NoneType'>",
        Value::Bool(_) => "<class 'bool'>",
        Value::Integer(_) => "<class 'int'>",
        Value::Float(_) => "<class 'float'>",
        Value::Text(_) => "<class 'str'>",
        Value::List(_) => "<class 'list'>",
        Value::Map(_) => "<class 'dict'>",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted() {
        for (text, expected) in
            [("a", "'a'"), ("it's", "\"it's\""), ("'\"", "'\\'\"'"), ("\n\u{1}\\", r"'\n\x01\\'")]
        {
            assert_eq!(quoted(text), expected);
        }
        assert_eq!(quoted_bytes(b"a'\n\xff"), r"b'a\'\n\xff'");
    }

    #[test]
    fn commands_are_words_and_nothing_in_them_is_a_comment() {
        for (command, expected) in [
            ("a 'b c' \"d \\\" e\" f\\ g", Some(&["a", "b c", "d \" e", "f g"][..])),
            ("a # b #c d#", Some(&["a", "#", "b", "#c", "d#"])),
            ("a\n b", Some(&["a", "b"])),
            ("$HOME ~ *", Some(&["$HOME", "~", "*"])),
            ("", Some(&[])),
            ("a 'b", None),
        ] {
            let words = shell_words(command);
            let words: Option<Vec<&str>> =
                words.as_ref().map(|words| words.iter().map(String::as_str).collect());
            assert_eq!(words.as_deref(), expected, "{command}");
        }
    }

    #[test]
    fn whole_numbers_are_read() {
        for (text, expected) in [
            ("5", 5),
            (" -5 ", -5),
            ("+1_000", 1000),
            ("007", 7),
            ("9223372036854775807", i64::MAX),
        ] {
            assert_eq!(whole_number(text), Ok(expected), "{text}");
        }
        for text in ["", "-", "1__0", "_1", "1_", "1.0", "abc", "1e3", "9223372036854775808"] {
            assert_eq!(whole_number(text), Err(NotANumber(text.to_owned())));
        }
    }

    #[test]
    fn values_are_written_as_in_a_program() {
        let value = Value::parse(r#"{"a": [1, 1.0, 1.5, true, null, "x"]}"#).expect("it is JSON");
        assert_eq!(shown(&value), "{'a': [1, 1.0, 1.5, True, None, 'x']}");
        assert_eq!(shown(&Value::text("x")), "x");
    }

    #[test]
    fn numbers_are_written_as_python_writes_them() {
        for (number, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (1326593394.566, "1326593394.566"),
            (1.786560427599E9, "1786560427.599"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (-1.5e22, "-1.5e+22"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.25e-7, "1.25e-07"),
        ] {
            assert_eq!(float(number), expected);
        }
    }

    #[test]
    fn what_is_nested_is_quoted() {
        let value = Value::parse(r#"{"a":["x",null,true,{"b'":1.5}],"n":-2}"#).expect("JSON");
        assert_eq!(shown(&value), r#"{'a': ['x', None, True, {"b'": 1.5}], 'n': -2}"#);
        assert_eq!(shown(&Value::text("it's")), "it's");
        assert_eq!(json("ü😀\n\""), r#""\u00fc\ud83d\ude00\n\"""#);
    }
}
