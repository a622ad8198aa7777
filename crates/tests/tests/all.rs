//! Every test that crosses crates, in one binary to save linking.

mod checked;
mod conformance;
mod fuzzing;
mod model;
mod simulation;
mod tidy;
