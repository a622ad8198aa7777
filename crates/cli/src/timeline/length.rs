//! How long something took, and how long a text may be.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};
use wire::Timestamp;

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Milliseconds as people say them, with two units at most. What is below zero, by clocks that
/// differ, is nothing.
pub fn length(ms: i64) -> String {
    match ms.max(0) {
        ms if ms < SECOND => format!("{ms}ms"),
        ms if ms < MINUTE => {
            let tenths = ms % SECOND / 100;
            format!("{}.{tenths}s", ms / SECOND)
        }
        ms if ms < HOUR => format!("{}m{:02}s", ms / MINUTE, ms % MINUTE / SECOND),
        ms if ms < DAY => format!("{}h{:02}m", ms / HOUR, ms % HOUR / MINUTE),
        ms => format!("{}d{:02}h", ms / DAY, ms % DAY / HOUR),
    }
}

/// From one moment to another.
pub fn between(from: Timestamp, to: Timestamp) -> i64 {
    to.0.saturating_sub(from.0)
}

/// A moment as what has passed since the beginning.
pub fn offset(zero: Timestamp, at: Timestamp) -> String {
    format!("+{}", length(between(zero, at)))
}

/// A moment as a date.
pub fn date(at: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(at.0) {
        Ok(at) => at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        Err(_) => format!("{} ms", at.0),
    }
}

/// A moment as the time of the day, with the date if it is not that of `now`.
pub fn clock(at: Timestamp, now: Timestamp) -> String {
    let date = |at: Timestamp| jiff::Timestamp::from_millisecond(at.0).ok();
    let day = |at: jiff::Timestamp| at.strftime("%Y-%m-%d").to_string();
    match (date(at), date(now)) {
        (Some(at), Some(now)) if day(at) == day(now) => at.strftime("%H:%M:%S UTC").to_string(),
        (_, _) => self::date(at),
    }
}

/// The columns that a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// A text in one line without anything that moves a terminal's cursor, changes its colours, or makes
/// it show letters in another order than they stand.
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || turns(c) { ' ' } else { c }).collect()
}

/// Whether a character ends a line, or turns the direction in which others are read, for Unicode.
fn turns(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text in one line of so many columns; what is cut off is marked.
pub fn shortened(text: &str, columns: usize) -> String {
    // Only as much is looked at as can be shown: payloads are long.
    let head: String = text.chars().take(columns.saturating_mul(2).saturating_add(2)).collect();
    let head_is_all = head.len() == text.len();
    let text = plain(&head);
    if head_is_all && width(&text) <= columns {
        return text;
    }
    let mut short = String::new();
    let mut used = 0;
    for c in text.chars() {
        let more = c.width().unwrap_or(0);
        if columns < used + more + 1 {
            break;
        }
        used += more;
        short.push(c);
    }
    if 0 < columns {
        short.push('…');
    }
    short
}

/// A name in one line of so many columns; what is cut out of its middle is marked, since names often
/// begin alike.
pub fn squeezed(name: &str, columns: usize) -> String {
    let name = plain(name);
    if width(&name) <= columns {
        return name;
    }
    let room = columns.saturating_sub(1);
    let take = |letters: &mut dyn Iterator<Item = char>, most: usize| {
        let mut used = 0;
        let mut taken = Vec::new();
        for letter in letters {
            used += letter.width().unwrap_or(0);
            if most < used {
                break;
            }
            taken.push(letter);
        }
        taken
    };
    let mut text: String = take(&mut name.chars(), room.div_ceil(2)).into_iter().collect();
    if 0 < columns {
        text.push('…');
    }
    let behind = take(&mut name.chars().rev(), room / 2);
    text.extend(behind.into_iter().rev());
    text
}

/// A text in lines that are no wider than so many columns, unless a word is.
pub fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is one at least");
        if line.is_empty() {
            *line = word.to_owned();
        } else if width(line) + 1 + width(word) <= columns {
            *line += " ";
            *line += word;
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// Fills up with spaces.
pub fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_said_with_two_units() {
        for (ms, expected) in [
            (-5, "0ms"),
            (999, "999ms"),
            (1_050, "1.0s"),
            (59_999, "59.9s"),
            (60_000, "1m00s"),
            (3_600_000, "1h00m"),
            (90_061_000, "1d01h"),
        ] {
            assert_eq!(length(ms), expected);
        }
    }

    #[test]
    fn lines_are_as_long_as_they_may_be_and_words_are_whole() {
        for (text, columns, expected) in [
            ("", 3, vec![""]),
            ("a b c", 3, vec!["a b", "c"]),
            ("abcd e", 3, vec!["abcd", "e"]),
            ("漢 字 a", 5, vec!["漢 字", "a"]),
        ] {
            assert_eq!(wrapped(text, columns), expected);
        }
    }

    #[test]
    fn names_keep_their_ends() {
        for (name, columns, expected) in [
            ("orders-blue", 11, "orders-blue"),
            ("orders-blue", 10, "order…blue"),
            ("orders-blue", 2, "o…"),
            ("orders-blue", 1, "…"),
            ("orders-blue", 0, ""),
            ("漢字漢字", 6, "漢…字"),
            ("a\u{1b}b", 3, "a b"),
        ] {
            assert_eq!(squeezed(name, columns), expected);
            assert!(width(&squeezed(name, columns)) <= columns);
        }
    }

    #[test]
    fn what_is_too_long_is_cut_by_columns_and_controls_are_gone() {
        for (text, columns, expected) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "ab…"),
            ("漢字漢", 4, "漢…"),
            ("a\u{1b}[31m\nb", 20, "a [31m b"),
            ("a\u{202e}b\u{2028}c", 20, "a b c"),
            ("abc", 0, ""),
        ] {
            assert_eq!(shortened(text, columns), expected);
        }
    }
}
