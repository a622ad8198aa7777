//! Runs the engine over a store: shards, matcher, timers, listings.

mod api;

pub use api::{Clock, Entropy, Pending, Reply};

use std::sync::Arc;
use std::time::Duration;
use store::Store;
use wire::Request;

/// The account and region that a request acts in. Every name and ARN is scoped by both.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// Twelve digits.
    pub account: Arc<str>,
    /// Such as `us-east-1`.
    pub region: Arc<str>,
}

/// What the service can be told at start.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long a poll waits for a task before it is answered empty.
    pub poll_hold: Duration,
}

/// The running service: its threads end when it is closed.
pub struct Service {}

impl Service {
    /// Claims every shard of `store` and starts to work.
    pub fn open(
        _store: Arc<dyn Store>,
        _clock: Arc<dyn Clock>,
        _entropy: Arc<dyn Entropy>,
        _options: Options,
    ) -> Result<Service, store::StoreError> {
        Ok(Service {})
    }

    /// Starts a checked request; the answer comes through what is returned. Never blocks.
    pub fn call(&self, _scope: &Scope, _request: Request) -> Pending {
        Pending::new().0
    }

    /// Answers every waiting poll empty, and every later one at once. Other calls still work.
    pub fn drain(&self) {}

    /// Finishes what was begun, and returns when every thread has ended.
    pub fn close(self) {}
}
