//! HTTP: the AWS JSON 1.0 protocol over HTTP/1.1, and the health of the process.
//!
//! A request passes through one pipeline, in this order, and leaves it at the first step that
//! refuses it:
//!
//! ```text
//! method and content type -> body -> JSON -> target -> credentials -> types and constraints
//!                                                         (not verified yet)      -> service
//! ```
//!
//! Invariants: nothing unchecked reaches the service; every reply of the pipeline carries a request id (what
//! is not HTTP is refused by the protocol below it, without one); every wait
//! for a client has a bound; a client that goes away takes its poll with it. Knows nothing of
//! workflows.

mod answer;
mod body;
mod connection;
mod pipeline;
mod request_id;
mod server;
mod stall;

pub use answer::Answer;
pub use pipeline::Pipeline;
pub use server::Server;
