//! Prints what happens, on standard output.

use std::io::Write;
use std::time::Instant;

/// Says who did what, and how long after the start.
#[derive(Clone, Copy)]
pub struct Voice {
    started: Instant,
}

impl Voice {
    pub fn start() -> Voice {
        Voice { started: Instant::now() }
    }

    /// One step of the story.
    pub fn say(self, who: &str, text: &str) {
        let seconds = self.started.elapsed().as_secs_f64();
        self.plain(&format!("{seconds:7.3} s  {who:<9} {text}"));
    }

    pub fn heading(self, text: &str) {
        self.plain(&format!("\n{text}\n"));
    }

    pub fn plain(self, line: &str) {
        // Nobody may be listening any more; the demonstration goes on all the same.
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }
}
