//! Many executions that the same is done to: what, to which, how fast, and how it went, as data.
//!
//! A job names runs, not workflow ids: what is acted on is what was shown, and never a newer run of
//! the same id. The files, the calls and the clock are the binary's.

mod action;
mod job;
mod moment;
mod pace;
mod report;

pub use action::{Action, Answer};
pub use job::{Header, Job, JobError, Outcome, Reading, Record, Target, file_name};
pub use pace::{Pace, Step, Stop};
pub use report::{Told, bar, preview, status, summary};

/// The most executions of a job.
pub const TARGETS_MAX: usize = 100_000;
/// How many executions are acted on each second, if nobody says.
pub const RATE: u32 = 10;
/// And at most.
pub const RATE_MAX: u32 = 1000;
/// How many calls are under way at once, at most: more would be needed only where each takes longer
/// than this many intervals.
pub const CALLS_MAX: usize = 8;

#[cfg(test)]
mod tests;
