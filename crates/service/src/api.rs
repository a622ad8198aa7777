//! What the service offers to the protocols above it: calls in, replies out.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use tokio::sync::oneshot;
use wire::{Fault, Timestamp};

/// Tells the time. Passed from the top; nothing else asks for it.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970 UTC.
    fn now(&self) -> Timestamp;
}

/// Gives random bytes. Passed from the top; nothing else draws any.
pub trait Entropy: Send + Sync {
    /// Overwrites `bytes` with random ones.
    fn fill(&self, bytes: &mut [u8]);
}

/// The body of a successful answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The operation has no output: an empty body.
    Empty,
    /// A JSON object.
    Json(Vec<u8>),
}

/// The answer to a call, when it comes. Dropping it says that the caller is gone: a poll that
/// waits is then given no task.
#[derive(Debug)]
pub struct Pending {
    receiver: oneshot::Receiver<Result<Reply, Fault>>,
    caller: CallerPresence,
}

impl Pending {
    /// An answer to come, and the two ends that the service keeps: where to send it, and whether
    /// anyone still waits.
    pub(crate) fn new() -> (Pending, oneshot::Sender<Result<Reply, Fault>>, CallerPresence) {
        let (sender, receiver) = oneshot::channel();
        let caller = CallerPresence::default();
        (Pending { receiver, caller: caller.clone() }, sender, caller)
    }
}

impl Future for Pending {
    type Output = Result<Reply, Fault>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // A service that stopped without answering has lost the request's outcome.
        Pin::new(&mut self.receiver)
            .poll(context)
            .map(|answer| answer.unwrap_or(Err(Fault::Internal)))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.caller.gone.store(true, Ordering::Release);
    }
}

/// Whether the caller of a request still waits for its answer.
#[derive(Clone, Debug, Default)]
pub struct CallerPresence {
    gone: Arc<AtomicBool>,
}

impl CallerPresence {
    /// True once nobody waits any more.
    pub fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }
}
