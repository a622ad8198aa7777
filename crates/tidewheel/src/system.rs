//! The time and the randomness of this machine.

use service::{Clock, Entropy};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use wire::Timestamp;

/// The system's clock, without its steps backwards: time passes at its own pace from the latest
/// moment that was ever told. A clock that is set back would otherwise stop every timer and hold
/// every poll until it has caught up.
pub struct SystemClock {
    latest: Mutex<(Timestamp, Instant)>,
}

impl SystemClock {
    /// Starts at the system's time.
    pub fn start() -> SystemClock {
        SystemClock { latest: Mutex::new((wall_time(), Instant::now())) }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let mut latest = self.latest.lock().expect("no holder panics");
        let now = advanced(*latest, wall_time(), Instant::now());
        *latest = now;
        now.0
    }
}

/// The later of the wall's time and the latest moment moved on by what has passed since. The pair
/// keeps the instant at which its time was exact, so that no fraction of a millisecond is lost.
fn advanced(
    (latest, at): (Timestamp, Instant),
    wall: Timestamp,
    now: Instant,
) -> (Timestamp, Instant) {
    let passed_ms = u64::try_from(now.duration_since(at).as_millis()).unwrap_or(u64::MAX);
    let moved = Timestamp(latest.0.saturating_add(i64::try_from(passed_ms).unwrap_or(i64::MAX)));
    if wall > moved { (wall, now) } else { (moved, at + Duration::from_millis(passed_ms)) }
}

/// The system's clock as it is, wherever it is set: what signatures are judged by. Clients set
/// theirs by the date of our answers, which is this one's.
pub struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        wall_time()
    }
}

/// What the system believes the time to be.
pub fn wall_time() -> Timestamp {
    let milliseconds = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        // A machine that starts without a clock may believe in a time before 1970.
        Err(_) => 0,
    };
    Timestamp(milliseconds)
}

/// The operating system's random bytes.
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        // Without randomness there are no ids and no keys: nothing can be served.
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_clock_that_is_set_back_does_not_stop_time() {
        let start = Instant::now();
        let after = |ms: u64| start + Duration::from_millis(ms);
        let mut latest = (Timestamp(1_000_000), start);
        for (passed, wall, told) in [
            (10, 1_000_010, 1_000_010),
            (20, 960_020, 1_000_020), // Set back by 40 s.
            (50, 960_050, 1_000_050),
            (60, 5_000_000, 5_000_000), // Set forward: it is taken.
            (70, 960_070, 5_000_010),
        ] {
            latest = advanced(latest, Timestamp(wall), after(passed));
            assert_eq!(latest.0, Timestamp(told), "after {passed} ms");
        }
    }
}
