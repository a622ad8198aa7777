//! Runs the engine over a store: shards, matcher, wake-ups, pages and lists.
//!
//! A request comes in through [`Service::call`], which routes it to the one thread that may
//! handle it and never blocks; the answer comes out through a [`Pending`]. The parts that decide
//! (shard, matcher, invoker, registrar) are plain structs; `turns.rs` has what each does with what waits for
//! it, and [`Service`] runs the turns in threads, [`Stepped`] one at a time.

mod api;
mod backlog;
mod backups;
mod cache;
pub mod check;
mod feed;
mod functions;
mod held_task;
mod history;
mod identities;
mod inbox;
mod invoker;
mod judge;
mod keys;
mod listing;
mod matcher;
mod meter;
mod open_executions;
mod paging;
mod reader;
mod recent;
mod registrar;
mod registration;
mod route;
mod shard;
mod shared;
mod stepped;
mod survey;
mod threads;
mod throttle;
mod token;
mod turns;
mod values;
mod wakes;
mod watched;

pub use api::{Clock, Entropy, Pending, Reply};
pub use engine::{Limits, Scope};
pub use functions::{FunctionAnswer, FunctionCall, FunctionOutcome, Functions, RESULT_CHARS_MAX};
pub use identities::{
    Asking, Identities, IdentitiesError, IdentityError, IdentityReader, Verified,
    discard_access_keys, stored_identities,
};
pub use judge::{Credentials, Denials, Judged, Judgment, Named};
pub use reader::EmptyPollToken;
pub use registrar::{TokenKeyRotation, note_restoration, rotate_token_key};
pub use stepped::{Mail, Part, Stepped};
pub use threads::{Activity, Options, Service};
pub use throttle::{Rate, Throttles};

#[cfg(test)]
mod tests;
