//! What the service offers to the protocols above it: calls in, replies out.

use crate::judge::Judgment;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
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

impl Reply {
    /// A structure as the body.
    pub(crate) fn json(output: &impl serde::Serialize) -> Reply {
        Reply::Json(serde_json::to_vec(output).expect("an output has text keys"))
    }
}

/// The answer to a call, when it comes. Dropping it says that the caller is gone: a poll that
/// waits is then given no task.
#[derive(Debug)]
pub struct Pending {
    receiver: oneshot::Receiver<Result<Reply, Fault>>,
    caller: CallerPresence,
    judgment: Judgment,
}

impl Pending {
    /// An answer to come, and where the service sends it.
    pub(crate) fn new(permit: Option<Permit>) -> (Pending, Answer) {
        let (sender, receiver) = oneshot::channel();
        let (caller, judgment) = (CallerPresence::default(), Judgment::default());
        let answer = Answer { sender, caller: caller.clone(), _permit: permit };
        (Pending { receiver, caller, judgment }, answer)
    }

    /// What the policies say of the call, for who keeps an audit.
    pub fn judgment(&self) -> Judgment {
        self.judgment.clone()
    }
}

/// Where the answer to a call goes. Dropping it unused answers with an internal fault.
#[derive(Debug)]
pub(crate) struct Answer {
    sender: oneshot::Sender<Result<Reply, Fault>>,
    caller: CallerPresence,
    _permit: Option<Permit>,
}

impl Answer {
    /// Answers the call. Nobody may be there any more to hear it.
    pub fn send(self, answer: Result<Reply, Fault>) {
        if self.sender.send(answer).is_err() {
            tracing::debug!("a caller was gone before its answer");
        }
    }

    /// Whether the caller still waits.
    pub fn presence(&self) -> CallerPresence {
        self.caller.clone()
    }
}

/// The right of one request to be in the service. What is dropped is free again.
#[derive(Debug)]
pub(crate) struct Permit {
    taken: Arc<AtomicUsize>,
}

impl Permit {
    /// One more, unless `most` are taken.
    pub fn take(taken: &Arc<AtomicUsize>, most: usize) -> Option<Permit> {
        let one_more = |count: usize| (count < most).then_some(count + 1);
        let taken_now = taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more);
        taken_now.ok().map(|_| Permit { taken: Arc::clone(taken) })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.taken.fetch_sub(1, Ordering::AcqRel);
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
