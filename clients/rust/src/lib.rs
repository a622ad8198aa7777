//! The AWS SDK for Rust against a running server: what the tests in `tests/` share.
//!
//! Knows the server's command line and its wire, as a user does; links nothing of it.

pub mod decisions;
pub mod domain;
pub mod history;
pub mod order;
pub mod server;
