//! SIGTERM, SIGINT and SIGHUP: the first asks for an orderly end, a later one ends the process.

use crate::EXIT_FAILURE;
use std::io;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

/// How long further signals count as the first one. Some senders signal the process and its group,
/// so that one wish to end it arrives twice; a person takes longer to ask again.
const REPEATS_MAX: Duration = Duration::from_millis(500);

/// The signals that ask for an end. From when this exists they no longer end the process.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// Not set if whoever started the process wants hangups ignored, as nohup does.
    hangup: Option<Signal>,
}

impl Signals {
    pub fn listen() -> io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: match is_hangup_ignored() {
                true => None,
                false => Some(signal(SignalKind::hangup())?),
            },
        })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => (),
            _ = self.interrupt.recv() => (),
            _ = hangup => (),
        }
    }

    /// From now on a signal ends the process at once, unless it comes so soon that it repeats the
    /// one before. What was acknowledged is durable, so nothing is lost by it. Hangups are no longer
    /// heard: a terminal that goes away may send several.
    pub fn end_at_the_next(mut self) {
        self.hangup = None;
        let ending_since = Instant::now();
        tokio::spawn(async move {
            self.next().await;
            while ending_since.elapsed() < REPEATS_MAX {
                self.next().await;
            }
            crate::complain("ended by a second signal");
            std::process::exit(EXIT_FAILURE.into());
        });
    }
}

/// Where the system does not tell, hangups count as heard.
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    let bit = SignalKind::hangup().as_raw_value() - 1;
    mask >> bit & 1 == 1
}
