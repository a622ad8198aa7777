//! Dates as signatures write them: ISO 8601 in its basic form, to the second, in UTC.

use wire::Timestamp;

/// `20150830` in `20150830T123600Z`.
pub const DAY_CHARS: usize = 8;
const DAY_MILLISECONDS: i64 = 86_400_000;
const CHARS: usize = 16;

/// `20150830T123600Z`.
pub fn format(moment: Timestamp) -> String {
    let (year, month, day) = civil(moment.0.div_euclid(DAY_MILLISECONDS));
    let seconds = moment.0.rem_euclid(DAY_MILLISECONDS) / 1000;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
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
    let days = days(number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let seconds = number(9, 11)? * 3600 + number(11, 13)? * 60 + number(13, 15)?;
    let moment = Timestamp(days * DAY_MILLISECONDS + seconds * 1000);
    // The 30th of February would be read as a day in March; a 25th hour, as one of the next day.
    (format(moment) == text).then_some(moment)
}

/// Year, month and day of a number of days since 1970, in the Gregorian calendar.
///
/// Years are counted from March, so that a leap day is the last of its year; `era` is 400 years,
/// after which the calendar repeats.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468; // Days from 0000-03-01 to 1970-01-01.
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months + 2) / 5 + 1;
    let month = if months < 10 { months + 3 } else { months - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The opposite of [`civil`].
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let months = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * months + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
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

    #[test]
    fn every_day_of_four_centuries_is_read_as_written() {
        for day in 0..146_097 {
            let moment = Timestamp(day * DAY_MILLISECONDS);
            assert_eq!(parse(&format(moment)), Some(moment));
        }
    }
}
