//! Panics in a simulation are failures of its seed, also those that the service catches: what the
//! first one says is kept, and nothing is printed.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Once;

thread_local! {
    /// What panicked first in the simulation that this thread runs, if it runs one.
    static FIRST: RefCell<Option<String>> = const { RefCell::new(None) };
    static RUNS: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`; a panic is an error with the place and the words of the first one.
pub fn caught<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| if RUNS.get() { keep(info) } else { before(info) }));
    });
    FIRST.set(None);
    RUNS.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    RUNS.set(false);
    match (FIRST.take(), outcome) {
        (Some(panic), _) => Err(panic),
        (None, Ok(outcome)) => outcome,
        (None, Err(_)) => Err("a panic that nobody saw".to_owned()),
    }
}

fn keep(info: &PanicHookInfo<'_>) {
    let text = info.payload_as_str().unwrap_or("a panic without words");
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    FIRST.with_borrow_mut(|first| {
        first.get_or_insert_with(|| format!("a panic at {place}: {text}"));
    });
}
