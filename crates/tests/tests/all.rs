//! Every test that crosses crates, in one binary to save linking.

mod simulation;
mod tidy;
