//! Every test that crosses crates, in one binary to save linking.

mod checked;
mod simulation;
mod tidy;
