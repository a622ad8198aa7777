//! The tests that cross crates live in `tests/`, the benchmarks in `benches/`; here is what they
//! share with commands.

pub mod fuzzing;
pub mod hand;
pub mod simulation;
