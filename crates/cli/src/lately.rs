//! What a server counts and remembers since it has started, and what may be concluded from that.
//!
//! Its counts and the pollers that it has seen are in memory. After a start everybody who polls has
//! to come back first, and a count of seconds is no rate: both say little for some minutes.

use crate::timeline::length::between;
use wire::{RecentCount, Timestamp};

const MINUTE_MS: i64 = 60 * 1000;

/// Whoever polled within this time may be at work, and come back: a poll is held for a minute, and
/// after that a poller is away as long as its task takes. In milliseconds.
pub(crate) const RECENT_MS: i64 = 5 * MINUTE_MS;

/// For so long a server has to have looked before it means something that it has not seen anybody:
/// as long as a poller that was seen may be away. In milliseconds.
pub(crate) const LOOK_MS_MIN: i64 = RECENT_MS;

/// From counts of less than this nothing is said of the future, in milliseconds.
const RATE_MS_MIN: i64 = 2 * MINUTE_MS;

/// For so long a server remembers a poller that does not come back, in milliseconds. It says since when
/// it counts, which is its start, and that may be longer ago: of pollers it knows nothing from before.
pub(crate) const POLLERS_REMEMBERED_MS: i64 = 24 * 60 * MINUTE_MS;

/// Since when a server that has counted since then would still know of whoever polled.
pub(crate) fn remembers_pollers_since(counted_since: Timestamp, now: Timestamp) -> Timestamp {
    counted_since.max(Timestamp(now.0.saturating_sub(POLLERS_REMEMBERED_MS)))
}

/// Whether a server that has looked since then would have seen whoever polls.
pub(crate) fn has_looked(since: Timestamp, now: Timestamp) -> bool {
    LOOK_MS_MIN <= between(since, now)
}

/// How often something happens in a minute, by the last five or by as much of them as was counted;
/// nothing if that was too little.
pub(crate) fn per_minute(count: &RecentCount, since: Timestamp, now: Timestamp) -> Option<f64> {
    let counted_ms = between(since, now).min(5 * MINUTE_MS);
    let minutes = counted_ms as f64 / MINUTE_MS as f64;
    (RATE_MS_MIN <= counted_ms).then(|| count.last_five_minutes as f64 / minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_is_concluded_from_little() {
        let count = RecentCount { last_minute: 6, last_five_minutes: 30 };
        let now = Timestamp(1_000_000_000);
        for (seconds, looked, rate) in [
            (0, false, None),
            (20, false, None),
            (119, false, None),
            (120, false, Some(15.0)),
            (240, false, Some(7.5)),
            (300, true, Some(6.0)),
            (86_400, true, Some(6.0)),
        ] {
            let since = Timestamp(now.0 - seconds * 1000);
            assert_eq!(has_looked(since, now), looked, "{seconds}");
            assert_eq!(per_minute(&count, since, now), rate, "{seconds}");
        }
    }

    #[test]
    fn pollers_are_remembered_for_a_day_at_most() {
        let now = Timestamp(10_000_000_000);
        for (hours, remembered) in [(0, 0), (23, 23), (24, 24), (25, 24), (960, 24)] {
            let since = remembers_pollers_since(Timestamp(now.0 - hours * 3_600_000), now);
            assert_eq!(between(since, now), remembered * 3_600_000, "{hours}");
        }
    }
}
