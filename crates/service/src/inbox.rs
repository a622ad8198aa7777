//! A queue into a thread: many put, one or few take, and taking takes everything that waits.
//!
//! Putting never blocks, so threads that send to each other cannot wait in a circle. What bounds
//! the queue is that every request in the service holds one of a bounded number of permits (see
//! [`crate::Service`]) and is in one queue at a time; offers, which hold none, are bounded by
//! [`Inbox::put_bounded`].

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

#[derive(Debug)]
pub struct Inbox<T> {
    state: Mutex<State<T>>,
    arrived: Condvar,
}

#[derive(Debug)]
struct State<T> {
    items: VecDeque<T>,
    closed: bool,
    nudged: bool,
}

impl<T> Inbox<T> {
    pub fn new() -> Inbox<T> {
        let state = State { items: VecDeque::new(), closed: false, nudged: false };
        Inbox { state: Mutex::new(state), arrived: Condvar::new() }
    }

    /// Adds an item. After [`Inbox::close`] it is given back; dropping it then answers a request
    /// with a fault.
    pub fn put(&self, item: T) -> Option<T> {
        let mut state = self.lock();
        if state.closed {
            return Some(item);
        }
        state.items.push_back(item);
        self.arrived.notify_one();
        None
    }

    /// Adds an item unless `items_max` wait already; false if it was not added.
    pub fn put_bounded(&self, item: T, items_max: usize) -> bool {
        let mut state = self.lock();
        let room = state.items.len() < items_max && !state.closed;
        if room {
            state.items.push_back(item);
            self.arrived.notify_one();
        }
        room
    }

    /// True if nothing waits.
    pub fn is_empty(&self) -> bool {
        self.lock().items.is_empty()
    }

    /// Lets who takes go on without an item, to look at the clock.
    pub fn nudge(&self) {
        self.lock().nudged = true;
        self.arrived.notify_all();
    }

    /// Waits until something is there, `timeout` has passed (none: for ever) or the inbox is
    /// nudged or closed; then takes what is there, at most `items_max`. `None` once it is closed
    /// and empty.
    pub fn take(&self, items_max: usize, timeout: Option<Duration>) -> Option<Vec<T>> {
        let idle = |state: &mut State<T>| state.items.is_empty() && !state.closed && !state.nudged;
        let mut state = match timeout {
            None => self.arrived.wait_while(self.lock(), idle).expect("no holder panics"),
            Some(timeout) => {
                let waited = self.arrived.wait_timeout_while(self.lock(), timeout, idle);
                waited.expect("no holder panics").0
            }
        };
        if state.items.is_empty() && state.closed {
            return None;
        }
        state.nudged = false;
        let count = state.items.len().min(items_max);
        Some(state.items.drain(..count).collect())
    }

    /// No more items are added; what waits is still taken.
    pub fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().expect("no holder panics")
    }
}

#[cfg(test)]
mod tests;
