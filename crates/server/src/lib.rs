//! HTTP: the AWS JSON 1.0 protocol over HTTP/1.1, with or without TLS, and the health of the
//! process.
//!
//! A request passes through one pipeline, in this order, and leaves it at the first step that
//! refuses it:
//!
//! ```text
//! head -> method and content type -> body -> target -> signature -> JSON -> types and constraints
//!                                                                                      -> service
//! ```
//!
//! Invariants: nothing unchecked reaches the service; every reply carries a date, and every reply
//! of the pipeline a request id (what is not HTTP is refused by the protocol below it, without
//! one); every wait for a client has a bound; a client that goes away takes its poll with it.
//! Knows nothing of workflows.

mod about;
mod administer;
mod answer;
mod audit;
mod authentication;
mod bodies;
mod body;
mod bucket;
mod connection;
mod failures;
mod framing;
mod head;
mod head_bound;
mod held_up;
mod hosts;
mod network;
mod networks;
mod pipeline;
mod record;
mod regulars;
mod request_id;
mod seats;
mod server;
mod source;
mod stall;
mod strangers;
mod tls;

pub use administer::{Administered, Administration, administered_operation};
pub use answer::Answer;
pub use authentication::{Authentication, Verifier};
pub use failures::Failures;
pub use hosts::AllowedHosts;
pub use networks::Networks;
pub use pipeline::Pipeline;
pub use server::Server;
pub use source::{Peer, ProxyHeaders, TrustedProxies};
pub use tls::{Identity, PemError, Tls, TlsError};
