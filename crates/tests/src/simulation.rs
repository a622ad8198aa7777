//! The deterministic simulation of the service: its real parts, one at a time, over a store that
//! fails and a clock that jumps, in an order that a seed decides.
//!
//! A seed is a world (`world.rs`) that goes through trouble and then has to come to its end
//! (`settle.rs`); what must hold is in `checks.rs`. The same seed does the same, step by step.

mod calls;
mod chance;
mod checks;
mod decisions;
mod disk;
mod histories;
mod ledger;
mod links;
mod settle;
mod time;
mod world;

pub use disk::Flaw;
use std::panic::{AssertUnwindSafe, catch_unwind};
pub use world::Summary;
use world::World;

/// What is wrong with a seed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Which one.
    pub seed: u64,
    /// What does not hold.
    pub what: String,
    /// The newest steps before that was noticed.
    pub trace: Vec<String>,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.trace.iter().try_for_each(|step| writeln!(f, "  {step}"))?;
        write!(f, "seed {}: {}", self.seed, self.what)
    }
}

/// Runs a seed, with a deliberate bug if one is given.
pub fn run(seed: u64, flaw: Option<Flaw>) -> Result<Summary, Box<Failure>> {
    let mut world = World::new(seed, flaw);
    let outcome = catch_unwind(AssertUnwindSafe(|| world.run()));
    let what = match outcome {
        Ok(Ok(summary)) => return Ok(summary),
        Ok(Err(what)) => what,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            format!("a panic: {}", text.unwrap_or("of no words"))
        }
    };
    Err(Box::new(Failure { seed, what, trace: world.trace().cloned().collect() }))
}
