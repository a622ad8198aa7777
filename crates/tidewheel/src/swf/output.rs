//! Where answers are written: standard output, or on a terminal the pager that is set for it.

use cli::failure::CallError;
use cli::output::Style;
use cli::{Color, Globals};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The columns of a table where nothing says how wide the terminal is.
const COLUMNS: usize = 80;
/// What `less` is told unless it was told otherwise: end if all fits, let colours through, leave
/// the screen as it is.
const LESS: (&str, &str) = ("LESS", "FRX");
/// How long pages are asked for before somebody is told how far it is.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often it is told then.
const PROGRESS: Duration = Duration::from_millis(200);

/// Whether a pager has the terminal, and with it the interrupts.
static PAGED: AtomicBool = AtomicBool::new(false);

/// Whether a pager has the terminal.
pub fn is_paged() -> bool {
    PAGED.load(Ordering::Relaxed)
}

/// The columns of the terminal.
fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok();
    size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0).unwrap_or(COLUMNS)
}

/// How tables are drawn.
pub fn style(globals: &Globals) -> Style {
    let colored = match globals.color {
        Color::On => true,
        Color::Off => false,
        Color::Auto => io::stdout().is_terminal(),
    };
    Style { columns: columns(), colored }
}

/// Where answers go. When this is dropped, all of it was seen.
pub struct Output {
    /// Which command shows them, if one does.
    pager: Option<String>,
    /// That command, from the first text on.
    child: Option<Child>,
    /// Nobody reads any more.
    is_closed: bool,
}

impl Output {
    /// To standard output, or through the pager if that is a terminal.
    pub fn new(pager: Option<String>) -> Output {
        let pager = pager.filter(|_| io::stdout().is_terminal());
        Output { pager, child: None, is_closed: false }
    }

    /// Whether nobody reads any more. What is written then is lost, which is no failure: `head` has
    /// seen enough.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Writes a text, so that it is seen.
    pub fn write(&mut self, text: &str) -> Result<(), CallError> {
        if text.is_empty() || self.is_closed {
            return Ok(());
        }
        if self.child.is_none()
            && let Some(pager) = self.pager.take()
        {
            self.child = Some(open(&pager)?);
        }
        let written = match self.child.as_mut().and_then(|child| child.stdin.as_mut()) {
            Some(pager) => write(pager, text),
            None => write(&mut io::stdout().lock(), text),
        };
        match written {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(())
            }
            Err(error) => Err(CallError::System(format!("cannot write the answer: {error}"))),
        }
    }
}

impl Drop for Output {
    /// Waits until the pager is left: what goes wrong is said when it has given the terminal back.
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Its standard input is closed before it is waited for. How it ends is its own affair.
            let _ = child.wait();
            PAGED.store(false, Ordering::Relaxed);
        }
    }
}

fn write(stream: &mut dyn Write, text: &str) -> io::Result<()> {
    stream.write_all(text.as_bytes()).and_then(|()| stream.flush())
}

fn open(pager: &str) -> Result<Child, CallError> {
    let failed = |reason: String| CallError::Pager(reason);
    let words = cli::shell_words(pager).ok_or_else(|| failed("No closing quotation".to_owned()))?;
    let Some((program, arguments)) = words.split_first() else {
        return Err(failed("it has no name".to_owned()));
    };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped());
    if std::env::var_os(LESS.0).is_none() {
        command.env(LESS.0, LESS.1);
    }
    let child = command.spawn().map_err(|error| failed(format!("{program}: {error}")))?;
    PAGED.store(true, Ordering::Relaxed);
    Ok(child)
}

/// Tells on a terminal how far it is, where pages take their time.
pub struct Progress {
    started: Instant,
    told: Option<Instant>,
    is_terminal: bool,
}

impl Progress {
    /// Begins to look at the time.
    pub fn start() -> Progress {
        let is_terminal = io::stderr().is_terminal() && io::stdout().is_terminal();
        Progress { started: Instant::now(), told: None, is_terminal }
    }

    /// So many items are there.
    pub fn tell(&mut self, items: usize) {
        let is_due = match self.told {
            None => PATIENCE < self.started.elapsed(),
            Some(told) => PROGRESS < told.elapsed(),
        };
        if self.is_terminal && is_due {
            super::say(&format!("\r{items} items so far"));
            self.told = Some(Instant::now());
        }
    }

    /// All are there: the line is empty again.
    pub fn end(&mut self) {
        if self.told.take().is_some() {
            super::say("\r\u{1b}[K");
        }
    }
}

impl Drop for Progress {
    /// What went wrong is said in a line of its own.
    fn drop(&mut self) {
        self.end();
    }
}
