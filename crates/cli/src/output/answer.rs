//! An answer as it is shown: the members that the model has, in its order, and dates for moments.

use crate::model::{Kind, Model, ShapeId};
use crate::profile::TimestampFormat;
use crate::value::Value;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// How moments are shown.
#[derive(Clone, Debug)]
pub struct Moments {
    /// In which form.
    pub format: TimestampFormat,
    /// In which zone: that of the one who reads it, as in the AWS CLI.
    pub zone: TimeZone,
}

/// Takes an answer of this shape over from the wire. What the model does not know is left out, and
/// so is what is null.
pub fn read(answer: &Value, shape: ShapeId, moments: &Moments) -> Value {
    match (&Model::get().shape(shape).kind, answer) {
        (Kind::Structure { members, .. }, Value::Map(_)) => {
            let known = members.iter().filter_map(|member| {
                let value = answer.get(&member.name).filter(|value| **value != Value::Null)?;
                Some((member.name.clone(), read(value, member.shape, moments)))
            });
            Value::Map(known.collect())
        }
        (Kind::List { member, .. }, Value::List(items)) => {
            Value::List(items.iter().map(|item| read(item, *member, moments)).collect())
        }
        (Kind::Timestamp, Value::Integer(_) | Value::Float(_)) => moments.show(answer),
        // What is not as the model has it is shown as it came.
        (
            Kind::Structure { .. }
            | Kind::List { .. }
            | Kind::Timestamp
            | Kind::Text { .. }
            | Kind::Integer { .. }
            | Kind::Boolean,
            _,
        ) => answer.clone(),
    }
}

impl Moments {
    /// As the service sends them.
    pub fn wire() -> Moments {
        Moments { format: TimestampFormat::Wire, zone: TimeZone::UTC }
    }

    /// Shows a moment: a number of seconds since 1970.
    fn show(&self, seconds: &Value) -> Value {
        let moment = match (self.format, seconds) {
            (TimestampFormat::Wire, _) => None,
            (TimestampFormat::Iso8601, Value::Integer(seconds)) => {
                Timestamp::from_second(*seconds).ok()
            }
            // To the nearest microsecond, which is what is shown.
            (TimestampFormat::Iso8601, Value::Float(seconds)) => {
                Timestamp::from_microsecond((seconds * 1e6).round_ties_even() as i64).ok()
            }
            (TimestampFormat::Iso8601, _) => None,
        };
        // A number that is no date in any calendar is shown as it is.
        let Some(moment) = moment else { return seconds.clone() };
        let has_fraction = moment.subsec_microsecond() != 0;
        let form = if has_fraction { "%Y-%m-%dT%H:%M:%S%.6f%:z" } else { "%Y-%m-%dT%H:%M:%S%:z" };
        Value::Text(moment.to_zoned_datetime(self.zone.clone()).strftime(form).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::Offset;

    #[track_caller]
    fn check(answer: &str, expected: &str) {
        let shape = Model::get().operation("DescribeDomain").and_then(|operation| operation.output);
        let answer = Value::parse(answer).expect("JSON");
        let moments = Moments { format: TimestampFormat::Iso8601, zone: TimeZone::UTC };
        let shown = read(&answer, shape.expect("it has an output"), &moments);
        assert_eq!(shown, Value::parse(expected).expect("JSON"));
    }

    #[test]
    fn members_come_in_the_order_of_the_model_and_others_are_left_out() {
        check(
            r#"{"new":1,"configuration":{"x":0,"workflowExecutionRetentionPeriodInDays":"7"},
                "domainInfo":{"arn":"a","status":"S","description":null,"name":"n"}}"#,
            r#"{"domainInfo":{"name":"n","status":"S","arn":"a"},
                "configuration":{"workflowExecutionRetentionPeriodInDays":"7"}}"#,
        );
    }

    #[test]
    fn what_is_not_as_the_model_has_it_is_shown_as_it_came() {
        check(
            r#"{"domainInfo":[1],"configuration":"c"}"#,
            r#"{"domainInfo":[1],"configuration":"c"}"#,
        );
    }

    #[test]
    fn moments_are_dates_with_an_offset() {
        let ahead = TimeZone::fixed(Offset::from_seconds(19_800).expect("an offset"));
        let behind = TimeZone::fixed(Offset::from_hours(-5).expect("an offset"));
        for (seconds, zone, expected) in [
            ("1786560427.599", TimeZone::UTC, "2026-08-12T18:47:07.599000+00:00"),
            ("1.786560427599E9", TimeZone::UTC, "2026-08-12T18:47:07.599000+00:00"),
            ("1371454210", TimeZone::UTC, "2013-06-17T07:30:10+00:00"),
            ("1371454210.0", ahead, "2013-06-17T13:00:10+05:30"),
            ("-0.5", behind, "1969-12-31T18:59:59.500000-05:00"),
        ] {
            let moments = Moments { format: TimestampFormat::Iso8601, zone };
            let seconds = Value::parse(seconds).expect("JSON");
            assert_eq!(moments.show(&seconds), Value::text(expected));
        }
    }

    #[test]
    fn moments_stay_numbers_where_that_is_asked_for_or_they_are_no_dates() {
        let number = Value::Float(1786560427.599);
        assert_eq!(Moments::wire().show(&number), number);
        let iso = Moments { format: TimestampFormat::Iso8601, zone: TimeZone::UTC };
        assert_eq!(iso.show(&Value::Integer(i64::MAX)), Value::Integer(i64::MAX));
    }
}
