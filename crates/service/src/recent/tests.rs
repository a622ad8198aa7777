//! What is counted, and for how long.

use super::*;

const START_MS: i64 = 1_000_000;

/// What was counted (at which second, how many), when it is told, and what.
type Row = (&'static [(i64, u32)], i64, (u64, u64));

/// What is told at `at` seconds of what was counted at other times, in both windows.
fn told(counted: &[(i64, u32)], at: i64) -> (u64, u64) {
    let moment = |seconds: i64| Timestamp(START_MS + seconds * 1000);
    let mut recent = Recent::<2>::new(moment(0));
    for (seconds, count) in counted {
        recent.add(&[*count, 1000], moment(*seconds));
    }
    let RecentCount { last_minute, last_five_minutes } = recent.count(0, moment(at));
    (last_minute, last_five_minutes)
}

#[test]
fn what_has_happened_is_told_for_a_minute_and_for_five() {
    let rows: [Row; 15] = [
        (&[], 0, (0, 0)),
        (&[(0, 3)], 0, (3, 3)),
        (&[(0, 3), (1, 4)], 4, (7, 7)),
        (&[(0, 3)], 59, (3, 3)),
        (&[(0, 3)], 60, (0, 3)),
        (&[(0, 3), (30, 4)], 60, (4, 7)),
        (&[(0, 3)], 299, (0, 3)),
        (&[(0, 3)], 300, (0, 0)),
        // The ring comes round.
        (&[(0, 3), (299, 4)], 299, (4, 7)),
        (&[(0, 3), (300, 4)], 300, (4, 4)),
        (&[(0, 3), (298, 4), (303, 5)], 303, (9, 9)),
        // The clock jumps, and is set back.
        (&[(0, 3), (1_000_000, 4)], 1_000_000, (4, 4)),
        (&[(1_000, 3), (0, 4)], 0, (7, 7)),
        (&[(1_000, 3)], 0, (3, 3)),
        (&[(1_000, 3), (0, 4)], 1_060, (0, 7)),
    ];
    for (counted, at, expected) in rows {
        assert_eq!(told(counted, at), expected, "{counted:?} at {at}");
    }
}

#[test]
fn what_is_over_can_be_forgotten() {
    let mut recent = Recent::<1>::new(Timestamp(0));
    recent.add(&[1], Timestamp(7_000));
    assert!(!recent.is_over(Timestamp(304_999)));
    assert!(recent.is_over(Timestamp(305_000)));
    assert_eq!(recent.count(0, Timestamp(305_000)).last_five_minutes, 0);
}
