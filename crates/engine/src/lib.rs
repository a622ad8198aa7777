//! What executions do, without I/O: commands in, events and rows out.
//!
//! Three pure functions carry everything:
//! - [`Execution::apply`] decides: what a command makes of an execution, as events;
//! - [`Execution::evolve`] changes: the only way an execution's state moves, live and on replay;
//! - [`rows::changes`] projects: which stored rows those events put and delete.
//!
//! The crate has no clock, no randomness, no threads and no store. Times and new ids come in with
//! the command.

mod activity;
mod apply;
mod command;
mod deadline;
mod decide;
mod decide_external;
mod draft;
mod execution;
pub mod import;
mod lambda;
pub mod limits;
pub mod message;
mod not_permitted;
pub mod registry;
pub mod rows;
mod start;
mod surroundings;

pub use activity::{Activity, StartedActivity};
pub use command::{ActivityOutcome, Command, CompleteDecisionTask, LambdaOutcome};
pub use deadline::{Deadline, DeadlineKind};
pub use draft::{Heartbeat, Transition, is_close};
pub use execution::{Child, Closed, Execution, Parent, RunIdentity, Settings};
pub use lambda::{Lambda, StartedLambda};
pub use limits::Limits;
pub use registry::{Registry, Scope};
pub use start::{GivenSettings, MissingDefault, Start, start_child};
pub use surroundings::Surroundings;

#[cfg(test)]
mod tests;
