//! Dates as signatures write them: ISO 8601 in its basic form, to the second, in UTC.

use crate::calendar::{self, Second};
use wire::Timestamp;

/// `20150830` in `20150830T123600Z`.
pub const DAY_CHARS: usize = 8;
const CHARS: usize = 16;

/// `20150830T123600Z`.
pub fn format(moment: Timestamp) -> String {
    let Second { year, month, day, hour, minute, second } = Second::of(moment);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

/// `2015-08-30T12:36:00+00:00`: for people, and not in signatures.
pub fn iso_date(moment: Timestamp) -> String {
    let basic = format(moment);
    let (day, time) = (&basic[..DAY_CHARS], &basic[DAY_CHARS + 1..CHARS - 1]);
    format!(
        "{}-{}-{}T{}:{}:{}+00:00",
        &day[..4],
        &day[4..6],
        &day[6..],
        &time[..2],
        &time[2..4],
        &time[4..]
    )
}

/// Reads nothing but what [`format`] writes: no other form, and no day that there is not.
pub fn parse(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    if bytes.len() != CHARS || !text.is_ascii() {
        return None;
    }
    let number = |from: usize, to: usize| {
        let digits = &text[from..to];
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<i64>().ok())?
    };
    let midnight = calendar::midnight(number(0, 4)?, number(4, 6)?, number(6, 8)?)?;
    let seconds = number(9, 11)? * 3600 + number(11, 13)? * 60 + number(13, 15)?;
    let moment = Timestamp(midnight.0 + seconds * 1000);
    // A 25th hour would be read as one of the next day.
    (format(moment) == text).then_some(moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        for (milliseconds, text) in [
            (0, "19700101T000000Z"),
            (951_782_400_000, "20000229T000000Z"),
            (951_868_799_999, "20000229T235959Z"),
            (951_868_800_000, "20000301T000000Z"),
            (1_440_938_160_000, "20150830T123600Z"),
            (1_709_164_800_000, "20240229T000000Z"),
            (1_735_689_599_000, "20241231T235959Z"),
            (4_107_542_399_000, "21000228T235959Z"),
            (4_107_542_400_000, "21000301T000000Z"),
            (-1_000, "19691231T235959Z"),
        ] {
            assert_eq!(format(Timestamp(milliseconds)), text);
            assert_eq!(parse(text), Some(Timestamp(milliseconds.div_euclid(1000) * 1000)));
        }
    }

    #[test]
    fn what_is_no_date() {
        for text in [
            "",
            "20150830",
            "20150830T123600",
            "20150830T123600Z ",
            "20150830t123600z",
            "2015-08-30T12:36:00Z",
            "Sun, 30 Aug 2015 12:36:00 GMT",
            "20150830 123600Z",
            "20150830T1236+1Z",
            "20150830T12360éZ",
            "20150230T000000Z",
            "20150431T000000Z",
            "20150029T000000Z",
            "20151301T000000Z",
            "20150100T000000Z",
            "21000229T000000Z",
            "20150830T240000Z",
            "20150830T126000Z",
            "20150830T123660Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
