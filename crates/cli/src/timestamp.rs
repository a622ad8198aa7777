//! Timestamps as people write them, to the whole seconds that the AWS CLI sends.
//!
//! Seconds since 1970, dates, and dates with times in the forms of ISO 8601, RFC 822, RFC 850 and
//! C, and as in `1 Jan 2024` or `12/31/2024` (the month first, where it can be). A time without a
//! zone is UTC's. The AWS CLI takes what is missing of a date from today and understands more; what
//! would need a clock to understand, or be understood in more than one way, is refused here.

use crate::value::Value;

/// The first and the last second that a date can name: those of the years 1 and 9999.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// The whole second in which a moment is, since 1970; none if this is no moment.
pub(crate) fn parse(value: &Value) -> Option<i64> {
    let seconds = match value {
        Value::Integer(seconds) => *seconds,
        Value::Float(seconds) => whole(*seconds)?,
        Value::Bool(flag) => i64::from(*flag),
        Value::Text(text) => parse_text(text)?,
        Value::Null | Value::List(_) | Value::Map(_) => return None,
    };
    SECONDS.contains(&seconds).then_some(seconds)
}

/// The same of a text that names its zone, which is then the same moment everywhere.
pub(crate) fn parse_with_zone(text: &str) -> Option<i64> {
    let read = Reader::default().read(text.trim())?;
    read.zone.and_then(|_| read.seconds())
}

fn parse_text(text: &str) -> Option<i64> {
    let text = text.trim();
    if text.bytes().any(|byte| byte.is_ascii_digit())
        && let Ok(seconds) = text.parse()
    {
        return whole(seconds);
    }
    Reader::default().read(text)?.seconds()
}

/// The second in which a moment is that was given with a fraction, which counts to the microsecond.
fn whole(seconds: f64) -> Option<i64> {
    let known = seconds.is_finite() && seconds.abs() < 1e12;
    known.then(|| ((seconds * 1e6).round_ties_even() as i64).div_euclid(1_000_000))
}

/// A date that is being put together.
#[derive(Default)]
struct Reader {
    /// Numbers that are the year, the month or the day, each with how many digits it has.
    numbers: Vec<(i64, usize)>,
    /// A month that was named.
    month: Option<i64>,
    /// Seconds since midnight.
    time: Option<i64>,
    /// Seconds by which the zone is ahead of UTC.
    zone: Option<i64>,
    /// Whether the day of the week was named.
    weekday: bool,
}

impl Reader {
    fn read(mut self, text: &str) -> Option<Reader> {
        let text = without_sign(text);
        for word in text.split_whitespace() {
            self.word(word.trim_end_matches(','))?;
        }
        Some(self)
    }

    /// Since 1970.
    fn seconds(&self) -> Option<i64> {
        let time = self.time.unwrap_or(0);
        Some(self.days()? * 86_400 + time - self.zone.unwrap_or(0))
    }

    fn word(&mut self, word: &str) -> Option<()> {
        if self.time.is_none() {
            // A number behind a date is a time, colon or not.
            let number = word.starts_with(|letter: char| letter.is_ascii_digit());
            if word.contains(':') || (number && self.days().is_some()) {
                return self.clock(word);
            }
        } else if let Some(after_noon) = named(&["am", "pm"], word) {
            return self.twelve_hours(after_noon);
        } else if let Some(zone) = zone(word) {
            return self.zone.replace(zone).is_none().then_some(());
        }
        // C writes the year behind the time.
        self.date(word)
    }

    fn date(&mut self, text: &str) -> Option<()> {
        for word in text.split([' ', ',', '-', '/', '.', '\t']).filter(|word| !word.is_empty()) {
            if word.bytes().all(|byte| byte.is_ascii_digit()) {
                self.numbers.push((word.parse().ok()?, word.len()));
            } else if let Some(month) = named(MONTHS, word) {
                self.month.replace(month + 1).is_none().then_some(())?;
            } else {
                named(WEEKDAYS, word)?;
                (!std::mem::replace(&mut self.weekday, true)).then_some(())?;
            }
        }
        Some(())
    }

    /// A time, and the zone that may stand right behind it.
    fn clock(&mut self, word: &str) -> Option<()> {
        let end = word.find(|letter: char| !(letter.is_ascii_digit() || ":.,".contains(letter)));
        let (clock, behind) = word.split_at(end.unwrap_or(word.len()));
        let (clock, fraction) = match clock.split_once(['.', ',']) {
            Some((clock, fraction)) => (clock, Some(fraction)),
            None => (clock, None),
        };
        let parts: Vec<&str> = if clock.contains(':') {
            clock.split(':').collect()
        } else if clock.is_ascii() && clock.len().is_multiple_of(2) {
            (0..clock.len()).step_by(2).map(|at| &clock[at..at + 2]).collect()
        } else {
            return None;
        };
        // A fraction is one of a second, and dropped.
        if let Some(fraction) = fraction {
            (parts.len() == 3 && fraction.bytes().all(|byte| byte.is_ascii_digit()))
                .then_some(())?;
        }
        let mut seconds = 0;
        let bounds = [(24, 3600), (60, 60), (60, 1)];
        (parts.len() <= bounds.len()).then_some(())?;
        for (part, (bound, unit)) in parts.iter().zip(bounds) {
            (part.len() <= 2).then_some(())?;
            let number: i64 = part.parse().ok().filter(|number| *number < bound)?;
            seconds += number * unit;
        }
        self.time = Some(seconds);
        if let Some(after_noon) = named(&["am", "pm"], behind) {
            self.twelve_hours(after_noon)
        } else if behind.is_empty() {
            Some(())
        } else {
            self.zone = Some(zone(behind)?);
            Some(())
        }
    }

    /// What was read counted hours to twelve.
    fn twelve_hours(&mut self, after_noon: i64) -> Option<()> {
        let time = self.time.filter(|time| (3600..13 * 3600).contains(time))?;
        self.time = Some(time % (12 * 3600) + after_noon * 12 * 3600);
        Some(())
    }

    /// The days since 1970.
    fn days(&self) -> Option<i64> {
        // A year begins with no zero, but in dates that begin with it.
        let of_year =
            |(number, length): &(i64, usize)| (*length == 4 && *number >= 1000).then_some(*number);
        let of_day = |(number, length): &(i64, usize)| (*length <= 2).then_some(*number);
        let (year, month, day) = match (self.month, self.numbers.as_slice()) {
            (Some(month), [first, second]) => match of_year(first) {
                Some(year) => (year, month, of_day(second)?),
                None => (of_year(second)?, month, of_day(first)?),
            },
            (None, [(year, 4), second, third]) => (*year, of_day(second)?, of_day(third)?),
            (None, [first, second, third]) => {
                let (first, second) = (of_day(first)?, of_day(second)?);
                let (month, day) = if first > 12 { (second, first) } else { (first, second) };
                (of_year(third)?, month, day)
            }
            (None, [(number, 8)]) => (number / 10_000, number / 100 % 100, number % 100),
            (Some(_) | None, _) => return None,
        };
        let lengths = [31, 28 + i64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let index = usize::try_from(month - 1).ok()?;
        let length = lengths.get(index)?;
        ((1..=*length).contains(&day) && year > 0).then_some(())?;
        let before = year - 1;
        let leap_days = before / 4 - before / 100 + before / 400;
        let days = before * 365 + leap_days + lengths[..index].iter().sum::<i64>() + day - 1;
        Some(days - 719_162) // Days from 0001-01-01 to 1970-01-01.
    }
}

/// A text with a space for the `T` between date and time.
fn without_sign(text: &str) -> String {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let sign = text.char_indices().find(|(at, letter)| {
        matches!(letter, 'T' | 't') && *at > 0 && digit(at - 1) && digit(at + 1)
    });
    match sign {
        Some((at, _)) => format!("{} {}", &text[..at], &text[at + 1..]),
        None => text.to_owned(),
    }
}

const MONTHS: &[&str] = &[
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

const WEEKDAYS: &[&str] =
    &["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The place of a word among names; their first three letters are enough.
fn named(names: &[&str], word: &str) -> Option<i64> {
    let word = word.to_ascii_lowercase();
    let word = if word == "sept" { "sep".to_owned() } else { word };
    let place =
        names.iter().position(|name| *name == word || name.get(..3) == Some(word.as_str()))?;
    i64::try_from(place).ok()
}

/// The seconds by which a zone is ahead of UTC.
fn zone(text: &str) -> Option<i64> {
    if ["z", "utc", "gmt"].contains(&text.to_ascii_lowercase().as_str()) {
        return Some(0);
    }
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        (_, _) => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() <= 2 => (digits, "00"),
        None => digits.split_at_checked(2)?,
    };
    let number = |digits: &str, bound: i64| -> Option<i64> {
        let short =
            (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse().ok().filter(|number| short && *number < bound)
    };
    Some(sign * (number(hours, 24)? * 3600 + number(minutes, 60)? * 60))
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<i64>) {
        assert_eq!(parse(&Value::text(text)), expected, "{text}");
    }

    #[test]
    fn seconds_lose_their_fraction() {
        for (json, expected) in [
            ("1700000000", Some(1_700_000_000)),
            ("1700000000.5", Some(1_700_000_000)),
            ("1.7e9", Some(1_700_000_000)),
            ("-0.5", Some(-1)),
            ("0.9999999", Some(1)),
            ("true", Some(1)),
            ("253402300799", Some(253_402_300_799)),
            ("253402300800", None),
            ("1e300", None),
            ("null", None),
            ("[]", None),
        ] {
            assert_eq!(parse(&Value::parse(json).expect("it is JSON")), expected, "{json}");
        }
        check("1700000000.9", Some(1_700_000_000));
        check(" 5 ", Some(5));
        check("20240101", Some(20_240_101));
        check("nan", None);
        check("inf", None);
    }

    #[test]
    fn dates_of_iso_8601() {
        const DAY: i64 = 1_704_067_200;
        check("2024-01-01", Some(DAY));
        check("2024-01-01T00:00:00Z", Some(DAY));
        check("2024-01-01T10:20", Some(DAY + 37_200));
        check("2024-01-01T10", Some(DAY + 36_000));
        check("2024-01-01 10:20:30.999", Some(DAY + 37_230));
        check("2024-01-01T10:20:30,5+02:00", Some(DAY + 30_030));
        check("2024-01-01T10:20:30-0230", Some(DAY + 46_230));
        check("2024-01-01T10:20:30 +02", Some(DAY + 30_030));
        check("2024-01-01T10:20:30 UTC", Some(DAY + 37_230));
        check("20240101T102030Z", Some(DAY + 37_230));
        check("2024-01-01T10:20:30+2", Some(DAY + 30_030));
        check("2024-01-01 1020", Some(DAY + 37_200));
        check("2024-1-1", Some(DAY));
        check("2024/01/01 12:00", Some(DAY + 43_200));
        check("1969-12-31T23:59:59.5Z", Some(-1));
        check("0001-01-01", Some(-62_135_596_800));
        check("9999-12-31T23:59:59", Some(253_402_300_799));
        check("2024-02-29", Some(1_709_164_800));
        check("2000-02-29", Some(951_782_400));
        check("1900-03-01", Some(-2_203_891_200));
    }

    #[test]
    fn some_have_to_name_their_zone() {
        for (text, expected) in [
            ("2024-01-01T10:20:30.999Z", Some(1_704_104_430)),
            (" 2024-01-01T10:20:30+02:00 ", Some(1_704_097_230)),
            ("Mon, 01 Jan 2024 10:20:30 GMT", Some(1_704_104_430)),
            ("9999-12-31T23:59:59Z", Some(253_402_300_799)),
            ("2024-01-01T10:20:30", None),
            ("2024-01-01", None),
            ("1704104430", None),
            ("", None),
        ] {
            assert_eq!(parse_with_zone(text), expected, "{text}");
        }
    }

    #[test]
    fn dates_of_letters_and_of_c() {
        const MOMENT: i64 = 784_111_777;
        check("Sun, 06 Nov 1994 08:49:37 GMT", Some(MOMENT));
        check("Sunday, 06-Nov-1994 08:49:37 GMT", Some(MOMENT));
        check("Sun Nov  6 08:49:37 1994", Some(MOMENT));
        check("6 Nov 1994 08:49:37 +0000", Some(MOMENT));
        check("November 6, 1994 8:49:37 AM", Some(MOMENT));
        check("Nov 6 1994 8:49:37pm", Some(MOMENT + 43_200));
        check("6 November 1994", Some(784_080_000));
        check("8:49:37 6 November 1994", Some(MOMENT));
        check("6 Sept 1994 084937", Some(778_841_377));
        check("11/6/1994", Some(784_080_000));
        check("31/12/1994", Some(788_832_000));
        check("12:00 AM", None);
        check("Nov 6 1994 12:00 am", Some(784_080_000));
        check("Nov 6 1994 12:00 pm", Some(784_123_200));
    }

    #[test]
    fn what_needs_a_clock_or_could_mean_two_things_is_refused() {
        for text in [
            "",
            "now",
            "12:30",
            "2024-01",
            "Jan 2024",
            "06-Nov-94",
            "2024-13-01",
            "2024-02-30",
            "2023-02-29",
            "1900-02-29",
            "2024-01-01T24:00",
            "2024-01-01T10:60",
            "2024-01-01T10:20:60",
            "2024-01-01T10:20:30 EST",
            "2024-01-01T10:20.5",
            "0000-01-01",
            "Sun Sun 6 Nov 1994",
            "13:00 pm",
            "2024-01-01T10:20:30ZZ",
            "2024-01-01T1",
            "2024-01-01 13:00 pm",
            "2024-01-01T10:20:30Z UTC",
        ] {
            check(text, None);
        }
    }
}
