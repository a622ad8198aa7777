//! Commands that an interrupt ends, whatever they wait for.
//!
//! The work is done in a thread of its own, so that an interrupt ends the process whatever is being
//! waited for: a server, a pipe that nobody reads, a file that never ends. Only while a pager has
//! the terminal are interrupts for the pager.

use crate::swf::output;
use cli::failure::EXIT_INTERRUPTED;
use std::io::{self, Write};
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// How much room calls within each other have: queries are evaluated by calls within calls, and
/// `cli` bounds how many.
const STACK_BYTES: usize = 32 * 1024 * 1024;
/// How long an interrupted command tries to end its line.
const END_LINE: Duration = Duration::from_millis(100);

/// Begins the work, and waits for its end or for an interrupt: the exit code, or nothing if the work
/// has ended without one.
pub fn perform(name: &str, work: impl FnOnce() -> u8 + Send + 'static) -> io::Result<Option<u8>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let entered = runtime.enter();
    // From here on an interrupt does not end the process by itself.
    let interrupts = signal(SignalKind::interrupt())?;
    drop(entered);
    let (told, done) = oneshot::channel();
    std::thread::Builder::new().name(name.to_owned()).stack_size(STACK_BYTES).spawn(move || {
        // Whoever waited for it may have been interrupted.
        let _ = told.send(work());
    })?;
    Ok(runtime.block_on(async {
        tokio::select! {
            code = done => code.ok(),
            () = interrupted(interrupts) => {
                end_line().await;
                Some(EXIT_INTERRUPTED)
            }
        }
    }))
}

/// Waits for an interrupt that is not the pager's.
async fn interrupted(mut interrupts: Signal) {
    while interrupts.recv().await.is_some() {
        if !output::is_paged() {
            return;
        }
    }
    std::future::pending().await
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
