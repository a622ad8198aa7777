//! What is done beside the server from time to time: when keys were used is written down, a clock
//! that jumps is noticed, and backups end that nobody reads any more.

use crate::system::wall_time;
use server::Administration;
use service::{IdentityError, Service};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval};
use wire::Timestamp;

/// How often the clock is looked at, in seconds.
const CLOCK_LOOK_SECONDS: u64 = 10;
/// By how much more or less than time has passed the clock may go on between two looks, in
/// milliseconds. Clocks that are set right little by little stay far below.
const JUMP_MILLISECONDS_MAX: i64 = 60 * 1000;
/// How often it is looked whether there is a key's use, or the time, to be written, in seconds.
const USES_FLUSH_SECONDS: u64 = 60;

/// Looks after all of it for as long as the server runs.
pub async fn keep(
    service: Arc<Service>,
    administration: Option<Arc<Administration>>,
) -> Infallible {
    let mut clock = ClockWatch::start(wall_time(), Instant::now());
    let (mut looks, mut flushes) = (every(CLOCK_LOOK_SECONDS), every(USES_FLUSH_SECONDS));
    loop {
        tokio::select! {
            _ = looks.tick() => {
                service.end_idle_backups();
                if let Some(jump) = clock.look(wall_time(), Instant::now()) {
                    let seconds = jump / 1000;
                    tracing::warn!(
                        seconds,
                        "the clock has jumped; signatures are judged by it, and sessions that have \
                         expired stay so"
                    );
                }
            }
            _ = flushes.tick() => {
                if let Some(administration) = &administration {
                    flush(administration.clone()).await;
                }
            }
        }
    }
}

fn every(seconds: u64) -> tokio::time::Interval {
    let mut ticks = interval(Duration::from_secs(seconds));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Writes what is due. What could not be written is lost: it says when keys were last used, and no
/// more depends on it.
pub async fn flush(administration: Arc<Administration>) {
    flush_with(move || administration.with(|identities| identities.flush(wall_time()))).await;
}

async fn flush_with(write: impl FnOnce() -> Result<(), IdentityError> + Send + 'static) {
    match tokio::task::spawn_blocking(write).await {
        Ok(Ok(())) => (),
        Ok(Err(error)) => tracing::warn!(%error, "it was not written when keys were last used"),
        // It panicked, which ends neither the upkeep nor an orderly stop.
        Err(error) => tracing::error!(%error, "it was not written when keys were last used"),
    }
}

/// The clock of the wall beside one that only goes on.
struct ClockWatch {
    wall: Timestamp,
    at: Instant,
}

impl ClockWatch {
    fn start(wall: Timestamp, at: Instant) -> ClockWatch {
        ClockWatch { wall, at }
    }

    /// By how many milliseconds the wall's clock has jumped since the last look, if it has.
    fn look(&mut self, wall: Timestamp, at: Instant) -> Option<i64> {
        let passed = at.saturating_duration_since(self.at).as_millis();
        let passed = i64::try_from(passed).unwrap_or(i64::MAX);
        let jump = wall.0.saturating_sub(self.wall.0).saturating_sub(passed);
        *self = ClockWatch { wall, at };
        (JUMP_MILLISECONDS_MAX < jump.saturating_abs()).then_some(jump)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::{SystemEntropy, WallClock};
    use access::identity::{Keyring, MASTER_KEY_BYTES};
    use service::Identities;
    use store::memory::Memory;

    #[test]
    fn jumps_of_the_clock_are_noticed_once() {
        let start = Instant::now();
        let mut clock = ClockWatch::start(Timestamp(1_000_000), start);
        for (passed, wall, jump) in [
            (10_000, 1_010_000, None),
            (20_000, 1_080_000, None), // By exactly a minute.
            (30_000, 1_150_001, Some(60_001)),
            (40_000, 1_160_001, None),
            (50_000, 1_109_999, Some(-60_002)),
            (60_000, 1_119_999, None),
            // What slept did not jump.
            (3_660_000, 4_719_999, None),
            (3_670_000, 9_000_000_000, Some(8_995_270_001)),
        ] {
            let at = start + Duration::from_millis(passed);
            assert_eq!(clock.look(Timestamp(wall), at), jump, "after {passed} ms");
        }
    }

    /// The stop of the server writes what is due, too, and is not to end in a panic.
    #[tokio::test]
    async fn what_a_panic_has_left_is_written_all_the_same() {
        let line = Keyring::line("test", &[7; MASTER_KEY_BYTES]);
        let keyring = Keyring::parse(line.expose()).expect("a line is a ring");
        let (store, entropy) = (Arc::new(Memory::default()), Arc::new(SystemEntropy));
        let identities = Identities::open("test", store, entropy, keyring, wall_time())
            .expect("an empty store has no identities");
        let administration = Arc::new(Administration::new(identities, Arc::new(WallClock)));
        let panicking = Arc::clone(&administration);
        let panics = std::thread::spawn(move || panicking.with(|_| panic!("in the middle")));
        assert!(panics.join().is_err());
        assert_eq!(administration.reader().directory().time_stored(), None);
        flush(Arc::clone(&administration)).await;
        assert!(administration.reader().directory().time_stored().is_some());
        // Nor is one that panics itself.
        let panicking = Arc::clone(&administration);
        let flushed = flush_with(move || panicking.with(|_| panic!("in the middle")));
        flushed.await;
    }
}
