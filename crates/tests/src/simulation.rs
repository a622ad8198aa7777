//! The deterministic simulation of the service: its real parts, one at a time, over a store that
//! fails and a clock that jumps, in an order that a seed decides.
//!
//! A seed is a world (`world.rs`) that goes through trouble and then has to come to its end
//! (`settle.rs`); what must hold is in `checks.rs`, and of those who watch and of imports in
//! `watchers.rs` and `importers.rs`. The same seed does the same, step by step.

mod callers;
mod calls;
mod chance;
mod checks;
mod counts;
mod decisions;
mod disk;
mod functions;
mod histories;
mod importers;
mod ledger;
mod links;
mod panics;
mod settle;
mod states;
mod time;
mod watchers;
mod world;

pub use disk::Flaw;
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

/// What is looked at besides what clients see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// The rows of the store, too.
    Rows,
    /// Nothing.
    Outside,
}

/// Runs a seed, with a deliberate bug if one is given.
pub fn run(seed: u64, flaw: Option<Flaw>, watch: Watch) -> Result<Summary, Box<Failure>> {
    let mut world = World::new(seed, flaw, watch);
    match panics::caught(|| world.run()) {
        Ok(summary) => Ok(summary),
        Err(what) => Err(Box::new(Failure { seed, what, trace: world.trace().cloned().collect() })),
    }
}
