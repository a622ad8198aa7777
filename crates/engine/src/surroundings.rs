//! What an execution's transitions depend on besides the execution itself.

use crate::registry::Registry;

/// What is around an execution when something happens to it: read, never changed.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The domains and types.
    pub registry: &'a Registry,
}
