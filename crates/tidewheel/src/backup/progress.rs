//! How far a backup has come, on a terminal; in pipes nothing is said.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

/// How often it is told.
const PAUSE: Duration = Duration::from_millis(200);

/// One line that is written over and over, and gone at the end.
pub struct Line {
    is_shown: bool,
    at: Instant,
    columns: usize,
}

impl Line {
    pub fn new() -> Line {
        Line { is_shown: stderr().is_terminal(), at: Instant::now(), columns: 0 }
    }

    /// Tells it, unless it was told just now.
    pub fn tell(&mut self, text: impl FnOnce() -> String) {
        if !self.is_shown || self.at.elapsed() < PAUSE {
            return;
        }
        self.at = Instant::now();
        let text = text();
        let gap = " ".repeat(self.columns.saturating_sub(text.len()));
        self.columns = text.len();
        // If nobody sees it, nothing is lost.
        let _ = write!(stderr(), "\r{text}{gap}");
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if 0 < self.columns {
            let _ = write!(stderr(), "\r{}\r", " ".repeat(self.columns));
        }
    }
}

/// A number of bytes, as people read it.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1_000 {
        return format!("{bytes} bytes");
    }
    let mut number = bytes as f64 / 1_000.0;
    let mut unit = 0;
    // What would be rounded to four digits is one of the next unit.
    while 999.95 <= number && unit + 1 < UNITS.len() {
        number /= 1_000.0;
        unit += 1;
    }
    format!("{number:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1_000, "1.0 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (5_123_456_789, "5.1 GB"),
            (u64::MAX, "18446.7 PB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
