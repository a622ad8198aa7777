//! What an execution's transitions depend on besides the execution itself.

use crate::limits::Limits;
use crate::registry::Registry;

/// What is around an execution when something happens to it: read, never changed.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The domains and types.
    pub registry: &'a Registry,
    /// How much of each thing there may be.
    pub limits: &'a Limits,
    /// How many executions of the domain are open. One that is being started is not among them.
    pub open_executions: u64,
    /// True if there is somebody who calls Lambda functions.
    pub calls_functions: bool,
}
