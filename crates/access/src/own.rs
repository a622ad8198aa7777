//! What our own operations on workflows ask of the policies, as `swf.rs` has it for SWF's.
//!
//! Invariant: the matches have no wildcard, so a new operation does not compile without its rows.

use crate::action::Action;
use crate::swf::{Demand, Subject};
use wire::OwnRequest;

/// Where a request names what it is about.
pub fn subject(request: &OwnRequest) -> Subject<'_> {
    match request {
        OwnRequest::DescribeServer(_) => Subject::AllDomains,
        OwnRequest::ImportWorkflowExecution(input) => Subject::Domain(&input.domain),
    }
}

/// What a request demands.
pub fn request(request: &OwnRequest) -> Demand<'_> {
    match request {
        OwnRequest::DescribeServer(_) | OwnRequest::ImportWorkflowExecution(_) => {
            Demand::new(Action::from(request.operation()))
        }
    }
}
