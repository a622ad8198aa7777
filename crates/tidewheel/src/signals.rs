//! SIGTERM and SIGINT: the first asks for an orderly end, a later one ends the process. SIGHUP asks
//! for the same, or for files to be read again: for `dev` it says that the terminal has gone, while
//! `serve` is a daemon.

use crate::EXIT_FAILURE;
use std::io;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

/// How long further signals count as the first one. Some senders signal the process and its group,
/// so that one wish to end it arrives twice; a person takes longer to ask again.
const REPEATS_MAX: Duration = Duration::from_millis(500);

/// What a hangup asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnHangup {
    /// An orderly end.
    End,
    /// To read again what may have changed.
    Reload,
}

/// The signals that ask for an end. From when this exists they no longer end the process.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// Not set if a hangup asks for something else.
    hangup: Option<Signal>,
}

/// Hangups that ask for files to be read again.
pub struct Hangups(Option<Signal>);

impl Hangups {
    /// Waits for the next one; for ever, if hangups ask for something else.
    pub async fn next(&mut self) {
        match &mut self.0 {
            Some(hangup) => hangup.recv().await,
            None => std::future::pending().await,
        };
    }
}

impl Signals {
    pub fn listen(on_hangup: OnHangup) -> io::Result<(Signals, Hangups)> {
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        // Whoever started the process may want hangups ignored, as nohup does.
        let hangup = match is_hangup_ignored() {
            true => None,
            false => Some(signal(SignalKind::hangup())?),
        };
        let (ends, reloads) = match on_hangup {
            OnHangup::End => (hangup, None),
            OnHangup::Reload => (None, hangup),
        };
        Ok((Signals { terminate, interrupt, hangup: ends }, Hangups(reloads)))
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
