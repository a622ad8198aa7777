//! A socket that fails when the head of a request has begun and does not come to its end.
//!
//! The deadline of HTTP for a head counts from the end of the request before. As connections may
//! idle for longer than any head should take, it is a long one, and a client that sends a byte now
//! and then would have all of it. This one counts from the first byte; for the first request of a
//! connection from its beginning, since who opens one has something to say. And as it sees each head
//! come, it has a look at it (`framing.rs`).

use crate::framing::{HeadScan, SaidTwice};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How long the head of a request may take from its first byte, or from the beginning of the
/// connection, in seconds.
pub(crate) const HEAD_READ_SECONDS_MAX: u64 = 10;

/// Whose turn it is: even while a head is expected, odd from when there is one until its request
/// is answered. Only ever counted up, so that no turn is taken for another.
#[derive(Clone, Default)]
pub(crate) struct Turn(Arc<Turns>);

#[derive(Default)]
struct Turns {
    count: AtomicU64,
    is_said_twice: AtomicBool,
}

impl Turn {
    /// The other's, from now on.
    pub(crate) fn pass(&self) {
        self.0.count.fetch_add(1, Ordering::Relaxed);
    }

    /// What was found in the head that has come.
    pub(crate) fn said_twice(&self) -> Option<SaidTwice> {
        self.0.is_said_twice.swap(false, Ordering::Relaxed).then_some(SaidTwice)
    }

    fn current(&self) -> u64 {
        self.0.count.load(Ordering::Relaxed)
    }
}

/// A stream whose reads end with an error when a head takes too long.
pub(crate) struct HeadBound<S> {
    stream: S,
    turn: Turn,
    /// Set from the first byte of a head, and from the start, with the turn that it is for.
    head: Option<Head>,
}

struct Head {
    turn: u64,
    scan: HeadScan,
    deadline: Pin<Box<Sleep>>,
}

impl Head {
    fn new(turn: u64) -> Head {
        let limit = Duration::from_secs(HEAD_READ_SECONDS_MAX);
        Head { turn, scan: HeadScan::default(), deadline: Box::pin(sleep(limit)) }
    }
}

impl<S> HeadBound<S> {
    /// A stream whose first head has to come at once.
    pub(crate) fn new(stream: S, turn: Turn) -> HeadBound<S> {
        let head = Some(Head::new(turn.current()));
        HeadBound { stream, turn, head }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for HeadBound<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let filled = buffer.filled().len();
        let outcome = Pin::new(&mut this.stream).poll_read(context, buffer);
        let turn = this.turn.current();
        this.head.take_if(|head| head.turn != turn);
        let new = &buffer.filled()[filled..];
        if turn.is_multiple_of(2) && !new.is_empty() {
            let head = this.head.get_or_insert_with(|| Head::new(turn));
            head.scan.pass(new);
            if head.scan.found().is_some() {
                this.turn.0.is_said_twice.store(true, Ordering::Relaxed);
            }
        }
        let Some(Head { deadline, .. }) = &mut this.head else { return outcome };
        if outcome.is_ready() {
            return outcome;
        }
        ready!(deadline.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for HeadBound<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
