//! Prints what happens, on standard output.

use std::io::{self, Write};
use std::time::Instant;
use tokio::sync::mpsc;

/// Says who did what, and how long after the start.
#[derive(Clone)]
pub struct Voice {
    started: Instant,
    broken: mpsc::Sender<io::Error>,
}

impl Voice {
    /// The voice, and where the first failure to print comes out. Whoever speaks goes on.
    pub fn start() -> (Voice, mpsc::Receiver<io::Error>) {
        let (broken, failures) = mpsc::channel(1);
        (Voice { started: Instant::now(), broken }, failures)
    }

    /// One step of the story.
    pub fn say(&self, who: &str, text: &str) {
        let seconds = self.started.elapsed().as_secs_f64();
        self.plain(&format!("{seconds:7.3} s  {who:<9} {text}"));
    }

    pub fn heading(&self, text: &str) {
        self.plain(&format!("\n{text}\n"));
    }

    pub fn plain(&self, line: &str) {
        if let Err(error) = writeln!(io::stdout().lock(), "{line}") {
            // There is room for one, and one is enough.
            let _ = self.broken.try_send(error);
        }
    }
}
