//! The API's vocabulary: shapes, names, limits, faults, events, decisions, and their JSON.
//!
//! Everything above speaks in these types. The crate does no I/O and knows nothing of how the
//! service works; it knows what may be said on the wire and how it is spelled.

mod arn;
mod check;
pub mod decision;
pub mod event;
mod fault;
mod macros;
mod model;
mod own;
mod request;
mod rules;
mod shapes;
mod values;

pub use decision::{Decision, DecisionType};
pub use event::{Event, EventAttributes};
pub use fault::Fault;
pub use model::{MODEL_JSON, Model, OWN_MODEL_JSON};
pub use own::*;
pub use request::*;
pub use rules::{LAMBDA_SECONDS_MAX, RETENTION_DAYS_MAX};
pub use shapes::*;
pub use values::*;
