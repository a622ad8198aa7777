//! SIGTERM and SIGINT: the first asks for an orderly end, the second ends the process.

use crate::EXIT_FAILURE;
use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that ask for an end. From when this exists they no longer end the process.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub fn listen() -> io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => (),
            _ = self.interrupt.recv() => (),
        }
    }

    /// From now on a signal ends the process at once. What was acknowledged is durable, so nothing
    /// is lost by it.
    pub fn end_at_the_next(mut self) {
        tokio::spawn(async move {
            self.next().await;
            eprintln!("tidewheel: ended by a second signal");
            std::process::exit(EXIT_FAILURE.into());
        });
    }
}
