//! Commands that an interrupt ends, whatever they wait for.
//!
//! The work is done in a thread of its own, so that an interrupt ends the process whatever is being
//! waited for: a server, a pipe that nobody reads, a file that never ends. Only while a pager has
//! the terminal are interrupts for the pager.

use crate::swf::output;
use std::future::{pending, poll_fn};
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::task::Poll;
use std::time::Duration;
use tokio::io::Interest;
use tokio::net::unix::pipe::Sender;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// The work ended without a code: it panicked.
const EXIT_PANICKED: u8 = 255;
/// What the number of a signal is added to, when it has ended the process.
const EXIT_SIGNAL: u8 = 128;
/// How much room calls within each other have: queries are evaluated by calls within calls, and
/// `cli` bounds how many.
const STACK_BYTES: usize = 32 * 1024 * 1024;
/// How long an interrupted command tries to end its line.
const END_LINE: Duration = Duration::from_millis(100);

/// Begins the work in a thread of its own, and waits for its end or for an interrupt. Gives the exit
/// code. What was answered so far ends with a line's end, as the AWS CLI has it.
pub fn interruptible(name: &str, work: impl FnOnce() -> u8 + Send + 'static) -> io::Result<u8> {
    until(name, &[SignalKind::interrupt()], None, EndsLine::Always, work)
}

/// The same with any of these signals, for who has something to put in order before the end. Whoever
/// reads it other than on a terminal gets nothing that was not to be shown.
pub fn until_signal(
    name: &str,
    kinds: &[SignalKind],
    work: impl FnOnce() -> u8 + Send + 'static,
) -> io::Result<u8> {
    until(name, kinds, None, EndsLine::OnTerminal, work)
}

/// The same as [`until_signal`] with an interrupt, and ends well when nobody reads any more what is written: whoever
/// waits for news would learn of that only with the next.
pub fn while_read(name: &str, work: impl FnOnce() -> u8 + Send + 'static) -> io::Result<u8> {
    until(name, &[SignalKind::interrupt()], Some(0), EndsLine::OnTerminal, work)
}

/// Where an interrupted command ends its line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum EndsLine {
    Always,
    /// There the sign of the interrupt stands in it.
    OnTerminal,
}

/// `unread` is the exit code of when nobody reads any more, if that is an end.
fn until(
    name: &str,
    kinds: &[SignalKind],
    unread: Option<u8>,
    ends_line: EndsLine,
    work: impl FnOnce() -> u8 + Send + 'static,
) -> io::Result<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let entered = runtime.enter();
    // From here on they do not end the process by themselves.
    let signals = kinds.iter().map(|kind| Ok((*kind, signal(*kind)?)));
    let signals = signals.collect::<io::Result<Vec<_>>>()?;
    drop(entered);
    let (told, done) = oneshot::channel();
    std::thread::Builder::new().name(name.to_owned()).stack_size(STACK_BYTES).spawn(move || {
        // Whoever waited for it may have been interrupted.
        let _ = told.send(work());
    })?;
    Ok(runtime.block_on(async {
        tokio::select! {
            code = done => code.unwrap_or(EXIT_PANICKED),
            () = reader_is_gone(), if unread.is_some() => unread.unwrap_or_default(),
            kind = interrupted(signals) => {
                if ends_line == EndsLine::Always || io::stdout().is_terminal() {
                    end_line().await;
                }
                u8::try_from(kind.as_raw_value()).map_or(EXIT_PANICKED, |number| EXIT_SIGNAL + number)
            }
        }
    }))
}

/// Waits for a signal that is not the pager's.
async fn interrupted(mut signals: Vec<(SignalKind, Signal)>) -> SignalKind {
    poll_fn(|context| {
        for (kind, signal) in &mut signals {
            while let Poll::Ready(Some(())) = signal.poll_recv(context) {
                if !output::is_paged() {
                    return Poll::Ready(*kind);
                }
            }
        }
        Poll::Pending
    })
    .await
}

/// Waits until nobody reads standard output any more. Files and terminals have a reader as long as they
/// are there.
async fn reader_is_gone() {
    let stdout = io::stdout();
    // What cannot be waited for is no pipe. It stays as it is, and is written to from elsewhere.
    if !stdout.is_terminal()
        && let Ok(pipe) = stdout.as_fd().try_clone_to_owned()
        && let Ok(pipe) = Sender::from_owned_fd_unchecked(pipe)
        && pipe.ready(Interest::ERROR).await.is_ok()
    {
        return;
    }
    pending().await
}

/// Ends the line where answers go, as the AWS CLI does, but does not wait for a pipe that nobody
/// reads.
async fn end_line() {
    let (told, written) = oneshot::channel();
    std::thread::spawn(move || {
        let _ = writeln!(io::stdout());
        let _ = told.send(());
    });
    let _ = tokio::time::timeout(END_LINE, written).await;
}
