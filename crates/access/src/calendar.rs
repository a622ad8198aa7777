//! The Gregorian calendar, in UTC: signatures and conditions are written in its terms.

use wire::Timestamp;

/// Milliseconds of a day.
pub const DAY_MILLISECONDS: i64 = 86_400_000;

/// A second, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Second {
    pub year: i64,
    pub month: i64,
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
}

impl Second {
    /// The one in which a moment is.
    pub fn of(moment: Timestamp) -> Second {
        let (year, month, day) = civil(moment.0.div_euclid(DAY_MILLISECONDS));
        let seconds = moment.0.rem_euclid(DAY_MILLISECONDS) / 1000;
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        Second { year, month, day, hour, minute, second }
    }
}

/// The first moment of a day, if there is such a day: the 30th of February is none. The year has
/// four digits.
pub fn midnight(year: i64, month: i64, day: i64) -> Option<Timestamp> {
    if !(0..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let days = days(year, month, day);
    (civil(days) == (year, month, day)).then_some(Timestamp(days * DAY_MILLISECONDS))
}

/// Year, month and day of a number of days since 1970.
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
    fn the_days_of_all_years_follow_each_other() {
        let mut next = midnight(0, 1, 1).expect("a day");
        assert_eq!(next.0, -719_528 * DAY_MILLISECONDS);
        let mut days = 0;
        for (year, month, day) in (0..=9999)
            .flat_map(|year| (1..=12).map(move |month| (year, month)))
            .flat_map(|(year, month)| (1..=31).map(move |day| (year, month, day)))
        {
            let Some(moment) = midnight(year, month, day) else { continue };
            assert_eq!(moment, next, "{year}-{month}-{day}");
            let written = Second { year, month, day, hour: 23, minute: 59, second: 59 };
            assert_eq!(Second::of(Timestamp(next.0 + DAY_MILLISECONDS - 1)), written);
            next = Timestamp(next.0 + DAY_MILLISECONDS);
            days += 1;
        }
        assert_eq!(days, 25 * 146_097);
    }

    #[test]
    fn days_that_there_are_not() {
        for (year, month, day) in [
            (2015, 2, 29),
            (2100, 2, 29),
            (2000, 2, 30),
            (2015, 4, 31),
            (2015, 0, 1),
            (2015, 13, 1),
            (2015, 1, 0),
            (2015, 1, 32),
            (-1, 1, 1),
            (10_000, 1, 1),
        ] {
            assert_eq!(midnight(year, month, day), None, "{year}-{month}-{day}");
        }
        assert_eq!(midnight(2000, 2, 29), Some(Timestamp(951_782_400_000)));
    }
}
