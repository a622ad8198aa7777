//! Numbers, moments and texts with wildcards, by themselves.

use super::{DOMAIN, check, user};
use crate::action::Action;
use crate::check::ServiceKey;
use crate::policy::key::{Context, Key};
use crate::policy::pattern::{Pattern, Syntax};
use crate::policy::value::{Buffer, Decimal, Value, parse_moment};
use proptest::prelude::*;
use wire::Timestamp;

#[test]
fn what_is_a_number() {
    for text in ["0", "-1", "+1", "1.5", ".5", "5.", "00012345678901234567890.000"] {
        assert!(Decimal::parse(text).is_some(), "{text}");
    }
    for text in ["", "-", ".", "1e3", "1,5", "0x1", " 1", "1.2.3", "--1", "NaN", "\u{663}"] {
        assert_eq!(Decimal::parse(text), None, "{text}");
    }
}

#[test]
fn what_is_a_moment() {
    let rows = [
        ("1970", 0),
        ("1970-01-02", 86_400_000),
        ("2000-02-29T23:59Z", 951_868_740_000),
        ("2000-02-29T23:59:58.1239Z", 951_868_798_123),
        ("2000-03-01T00:59:58+01:00", 951_868_798_000),
        ("2000-02-29T22:29:58-01:30", 951_868_798_000),
        ("1969-12-31T23:59:59Z", -1000),
        ("0", 0),
        ("12345", 12_345_000),
        ("-5", -5000),
    ];
    for (text, expected) in rows {
        assert_eq!(parse_moment(text), Some(Timestamp(expected)), "{text}");
    }
    let none = [
        "",
        "-",
        "T",
        "2026-13",
        "2026-00-01",
        "2026-02-29",
        "1900-02-29",
        "2026-1-1",
        "2026-01-01T",
        "2026-01-01T00Z",
        "2026-01-01T00:00",
        "2026-01-01T24:00Z",
        "2026-01-01T00:60Z",
        "2026-01-01T00:00:60Z",
        "2026-01-01T00:00:00.Z",
        "2026T00:00Z",
        "2026-01-01 00:00Z",
        "2026-01-01T00:00+1:00",
        "2026-01-01T00:00+24:00",
        "20260101T000000Z",
        "99999999999999999999",
        "2026-01-01-01",
        "2026-01-01T00:00:00:00Z",
    ];
    for text in none {
        assert_eq!(parse_moment(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn the_text_of_a_moment_is_that_moment(seconds in -60_000_000_000i64..250_000_000_000) {
        let moment = Timestamp(seconds * 1000 + 999);
        for value in [Value::Moment(moment), Value::Epoch(moment)] {
            let mut buffer = Buffer::new();
            let text = value.text(&mut buffer);
            // Four digits are a year, here and in what AWS documents.
            if text.len() != 4 {
                prop_assert_eq!(parse_moment(text), Some(Timestamp(seconds * 1000)), "{}", text);
            }
            prop_assert_eq!(value.moment(), Some(Timestamp(seconds * 1000)));
        }
    }

    #[test]
    fn numbers_are_in_order(one in -2000i32..2000, other in -2000i32..2000) {
        let text = |number: i32| format!("{:.2}", f64::from(number) / 100.0);
        let (left, right) = (text(one), text(other));
        let number = |text| Decimal::parse(text).expect("a number");
        prop_assert_eq!(number(&left).cmp(&number(&right)), one.cmp(&other));
    }

    #[test]
    fn any_moment_has_a_text(milliseconds: i64) {
        let mut buffer = Buffer::new();
        let value = Value::Moment(Timestamp(milliseconds));
        prop_assert!(!value.text(&mut buffer).is_empty());
        prop_assert!(value.moment().is_some());
    }
}

#[test]
fn the_worst_pattern_is_no_trouble() {
    // Whoever tries every way to match takes longer than the universe is old.
    let text = "a".repeat(5000);
    let pattern = "*a".repeat(40) + "*b";
    let pattern = Pattern::parse(&pattern, Syntax { wildcards: true, variables: true });
    let pattern = pattern.expect("no variables");
    let user = user();
    let check = check(Action::ListDomains, DOMAIN, &[]);
    assert!(!pattern.matches(&text, &Context { principal: &user, check: &check }));
}

#[test]
fn every_key_of_a_service_is_known_by_its_names() {
    for (at, key) in ServiceKey::ALL.into_iter().enumerate() {
        assert_eq!(key as usize, at);
        assert_eq!(Key::parse(&key.name().to_uppercase()), Key::Service(key));
    }
    for (at, key) in ServiceKey::TAG_LIST.into_iter().enumerate() {
        assert_eq!(Key::parse(&format!("swf:taglist.{at}")), Key::Service(key));
    }
    assert_eq!(Key::parse("swf:tagList.5"), Key::Unknown);
    assert_eq!(Key::parse("swf:tagList.member.5"), Key::Unknown);
}
