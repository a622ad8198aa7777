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
    /// How many wait in [`Inbox::take`] for something to come.
    idle: usize,
    /// How many items have been put in so far.
    puts: u64,
}

impl<T> Inbox<T> {
    pub fn new() -> Inbox<T> {
        let items = VecDeque::new();
        let state = State { items, closed: false, nudged: false, idle: 0, puts: 0 };
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
        state.puts += 1;
        self.arrived.notify_one();
        None
    }

    /// Adds an item unless `items_max` wait already, and then gives it back.
    pub fn put_bounded(&self, item: T, items_max: usize) -> Option<T> {
        let mut state = self.lock();
        if state.items.len() >= items_max || state.closed {
            return Some(item);
        }
        state.items.push_back(item);
        state.puts += 1;
        self.arrived.notify_one();
        None
    }

    /// True if nothing waits.
    pub fn is_empty(&self) -> bool {
        self.lock().items.is_empty()
    }

    /// How many items have been put in so far, if none is here and `takers` threads wait for one.
    pub fn at_rest(&self, takers: usize) -> Option<u64> {
        let state = self.lock();
        let at_rest = state.items.is_empty() && !state.nudged && state.idle == takers;
        at_rest.then_some(state.puts)
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
        // Who does not wait at all has something else to do.
        let waits = usize::from(timeout != Some(Duration::ZERO));
        let mut state = self.lock();
        state.idle += waits;
        let mut state = match timeout {
            None => self.arrived.wait_while(state, idle).expect("no holder panics"),
            Some(timeout) => {
                let waited = self.arrived.wait_timeout_while(state, timeout, idle);
                waited.expect("no holder panics").0
            }
        };
        state.idle -= waits;
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
