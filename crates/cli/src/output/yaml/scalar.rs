//! Texts in YAML: bare where that reads back as the same text, else in quotes, folded between words
//! where a line is full.

/// The column behind which a line is full.
const COLUMNS: usize = 80;

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Plain,
    Single,
    Double,
}

/// A text with a space before it, written from `column` on; further lines are at `indent`.
pub fn text(value: &str, column: usize, indent: usize) -> String {
    let line = Line { text: String::new(), column, indent: Some(indent) };
    line.write(value, " ")
}

/// The key of a map, in one line.
pub fn key(name: &str) -> String {
    let line = Line { text: String::new(), column: 0, indent: None };
    line.write(name, "")
}

fn style(value: &str) -> Style {
    let is_plain = !value.is_empty() && !reads_as_other(value) && !is_marked(value);
    let is_special = value.chars().any(is_special);
    if is_plain && !is_special && !has_outer_space(value) {
        Style::Plain
    } else if is_special || value.contains('\'') {
        Style::Double
    } else {
        Style::Single
    }
}

fn has_outer_space(value: &str) -> bool {
    value.starts_with(' ') || value.ends_with(' ')
}

/// Whether it can be told only by an escape.
fn is_special(letter: char) -> bool {
    match letter {
        ' '..='~' => false,
        // Marks of order, the ends of lines, and what is no letter.
        '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}' => true,
        letter => letter < '\u{a0}',
    }
}

/// Whether there are marks in it that mean something in YAML.
fn is_marked(value: &str) -> bool {
    if value.starts_with("---") || value.starts_with("...") {
        return true;
    }
    let letters: Vec<char> = value.chars().collect();
    let is_space = |at: Option<&char>| at.is_none_or(|letter| *letter == ' ');
    letters.iter().enumerate().any(|(index, letter)| {
        let (before, behind) =
            (index.checked_sub(1).and_then(|i| letters.get(i)), letters.get(index + 1));
        match letter {
            '#' => is_space(before),
            ':' => is_space(behind),
            '?' | '-' => index == 0 && is_space(behind),
            ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@'
            | '`' => index == 0,
            _ => false,
        }
    })
}

/// Whether it would be read as something else than a text, as YAML 1.2 has it.
fn reads_as_other(value: &str) -> bool {
    const WORDS: &[&str] = &[
        "~", "null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE", "<<", "=",
        ".nan", ".NaN", ".NAN",
    ];
    let unsigned = value.strip_prefix(['-', '+']).unwrap_or(value);
    WORDS.contains(&value)
        || matches!(unsigned, ".inf" | ".Inf" | ".INF")
        || (value.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first))
            && (is_integer(unsigned) || is_float(unsigned)))
        || is_moment(value)
}

fn are(text: &str, is: impl Fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter == '_' || is(letter))
}

fn is_integer(text: &str) -> bool {
    let based = |prefix: &str, is: &dyn Fn(char) -> bool| {
        text.strip_prefix(prefix).is_some_and(|rest| are(rest, is))
    };
    are(text, |letter| letter.is_ascii_digit())
        || based("0b", &|letter| matches!(letter, '0' | '1'))
        || based("0o", &|letter| matches!(letter, '0'..='7'))
        || based("0x", &|letter| letter.is_ascii_hexdigit())
}

fn is_float(text: &str) -> bool {
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, Some(exponent)),
        None => (text, None),
    };
    let is_digit = |letter: char| letter.is_ascii_digit();
    let is_exponent = |exponent: &str, signed: bool| match exponent.strip_prefix(['-', '+']) {
        Some(rest) => !rest.is_empty() && rest.chars().all(is_digit),
        None => !signed && !exponent.is_empty() && exponent.chars().all(is_digit),
    };
    match digits.split_once('.') {
        Some(("", fraction)) => {
            are(fraction, is_digit) && exponent.is_none_or(|text| is_exponent(text, true))
        }
        Some((whole, fraction)) => {
            whole.starts_with(is_digit)
                && are(whole, is_digit)
                && (fraction.is_empty() || are(fraction, is_digit))
                && exponent.is_none_or(|text| is_exponent(text, false))
        }
        None => {
            digits.starts_with(is_digit)
                && are(digits, is_digit)
                && exponent.is_some_and(|text| is_exponent(text, false))
        }
    }
}

/// Whether it is a date, or a date and a time.
fn is_moment(text: &str) -> bool {
    let digits = |text: &str, counts: &[usize]| {
        counts.contains(&text.len()) && text.chars().all(|letter| letter.is_ascii_digit())
    };
    let parts: Vec<&str> = text.splitn(3, '-').collect();
    let [year, month, rest] = parts.as_slice() else { return false };
    if !digits(year, &[4]) {
        return false;
    }
    if digits(month, &[2]) && digits(rest, &[2]) {
        return true;
    }
    let Some(end) = rest.find(['T', 't', ' ', '\t']) else { return false };
    let (day, time) = rest.split_at(end);
    let time = match time.strip_prefix(['T', 't']) {
        Some(time) => time,
        None => time.trim_start_matches([' ', '\t']),
    };
    if !digits(month, &[1, 2]) || !digits(day, &[1, 2]) {
        return false;
    }
    let zone = time.find(|letter: char| !letter.is_ascii_digit() && !":.".contains(letter));
    let (clock, zone) = time.split_at(zone.unwrap_or(time.len()));
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let clock: Vec<&str> = clock.split(':').collect();
    let [hour, minute, second] = clock.as_slice() else { return false };
    let is_clock = digits(hour, &[1, 2]) && digits(minute, &[2]) && digits(second, &[2]);
    let zone = zone.trim_start_matches([' ', '\t']);
    let is_zone = match zone.strip_prefix(['-', '+']) {
        None => zone.is_empty() || zone == "Z",
        Some(offset) => match offset.split_once(':') {
            None => digits(offset, &[1, 2]),
            Some((hours, minutes)) => digits(hours, &[1, 2]) && digits(minutes, &[2]),
        },
    };
    is_clock && is_zone && fraction.chars().all(|letter| letter.is_ascii_digit())
}

/// What is being written.
struct Line {
    text: String,
    /// Where the next letter goes.
    column: usize,
    /// Where further lines begin; none if there must be none.
    indent: Option<usize>,
}

impl Line {
    fn write(mut self, value: &str, before: &str) -> String {
        self.push(before);
        match style(value) {
            Style::Plain => self.words(value),
            Style::Single => {
                self.push("'");
                self.words(value);
                self.push("'");
            }
            Style::Double => {
                self.push("\"");
                self.escaped(value);
                self.push("\"");
            }
        }
        self.text
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.column += text.chars().count();
    }

    /// Whether the line is full with so many letters more, and another may begin.
    fn is_full(&self, more: usize) -> bool {
        self.indent.is_some() && COLUMNS < self.column + more
    }

    fn fold(&mut self) {
        let indent = self.indent.unwrap_or_default();
        self.text.push('\n');
        self.text.push_str(&" ".repeat(indent));
        self.column = indent;
    }

    /// Words, folded where one space is between two of them.
    fn words(&mut self, value: &str) {
        let mut rest = value;
        while !rest.is_empty() {
            let word = &rest[..rest.find(' ').unwrap_or(rest.len())];
            self.push(word);
            let spaces = &rest[word.len()..];
            let behind = spaces.trim_start_matches(' ');
            let spaces = &spaces[..spaces.len() - behind.len()];
            // At the ends of a text, a space could not be told from the fold.
            let is_between = !behind.is_empty() && !word.is_empty();
            if spaces == " " && is_between && self.is_full(0) {
                self.fold();
            } else {
                self.push(spaces);
            }
            rest = behind;
        }
    }

    /// Letters, with escapes.
    fn escaped(&mut self, value: &str) {
        let letters: Vec<char> = value.chars().collect();
        // Letters that stand as they are and are not written yet.
        let mut plain = String::new();
        for (index, letter) in letters.iter().enumerate() {
            let is_escaped =
                matches!(letter, '"' | '\\') || is_special(*letter) || *letter > '\u{ffff}';
            if is_escaped {
                self.push(&std::mem::take(&mut plain));
                self.push(&escape(*letter));
            }
            let is_inside = 0 < index && index + 1 < letters.len();
            let is_full = match letter {
                // The last column is left for the mark of the fold.
                _ if is_escaped => self.indent.is_some() && COLUMNS + 1 < self.column,
                // Before a space, or behind an escape.
                ' ' => self.is_full(plain.chars().count()),
                _ => plain.is_empty() && self.is_full(0),
            };
            if is_inside && is_full {
                self.push(&std::mem::take(&mut plain));
                self.push("\\");
                self.fold();
                let next = if is_escaped { letters[index + 1] } else { *letter };
                if next == ' ' {
                    self.push("\\");
                }
            }
            if !is_escaped {
                plain.push(*letter);
            }
        }
        self.push(&plain);
    }
}

fn escape(letter: char) -> String {
    let short = match letter {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        letter => {
            let code = u32::from(letter);
            return match code {
                0..=0xff => format!("\\x{code:02X}"),
                0x100..=0xffff => format!("\\u{code:04X}"),
                _ => format!("\\U{code:08X}"),
            };
        }
    };
    format!("\\{short}")
}
