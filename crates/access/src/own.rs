//! What our own operations on workflows ask of the policies, as `swf.rs` has it for SWF's.
//!
//! Invariant: the matches have no wildcard, so a new operation does not compile without its rows.

use crate::action::Action;
use crate::swf::{Demand, Subject};
use wire::OwnRequest;

/// Where a request names what it is about.
pub fn subject(request: &OwnRequest) -> Subject<'_> {
    match request {
        OwnRequest::BeginBackup(_)
        | OwnRequest::DescribeServer(_)
        | OwnRequest::EndBackup(_)
        | OwnRequest::ReadBackup(_) => Subject::AllDomains,
        OwnRequest::DescribeLoad(input) => {
            input.domain.as_ref().map_or(Subject::AllDomains, Subject::Domain)
        }
        OwnRequest::DescribeTaskLists(input) => Subject::Domain(&input.domain),
        OwnRequest::ImportWorkflowExecution(input) => Subject::Domain(&input.domain),
        OwnRequest::WaitForEvents(input) => Subject::Domain(&input.domain),
    }
}

/// Whether a request is about all accounts and regions: no policy of one account can allow that while
/// there are others, and it is judged on all domains of all regions.
pub fn is_of_all_accounts(request: &OwnRequest) -> bool {
    match request {
        OwnRequest::BeginBackup(_) | OwnRequest::EndBackup(_) | OwnRequest::ReadBackup(_) => true,
        OwnRequest::DescribeLoad(_)
        | OwnRequest::DescribeServer(_)
        | OwnRequest::DescribeTaskLists(_)
        | OwnRequest::ImportWorkflowExecution(_)
        | OwnRequest::WaitForEvents(_) => false,
    }
}

/// What a request demands.
pub fn request(request: &OwnRequest) -> Demand<'_> {
    match request {
        OwnRequest::BeginBackup(_)
        | OwnRequest::DescribeLoad(_)
        | OwnRequest::DescribeServer(_)
        | OwnRequest::DescribeTaskLists(_)
        | OwnRequest::EndBackup(_)
        | OwnRequest::ImportWorkflowExecution(_)
        | OwnRequest::ReadBackup(_)
        | OwnRequest::WaitForEvents(_) => Demand::new(Action::from(request.operation())),
    }
}

/// What is demanded of each domain that somebody is shown who has asked for all of them.
pub fn shown_load() -> Demand<'static> {
    Demand::new(Action::DescribeLoad)
}

/// What is demanded once more when somebody who has waited for events is to be told some.
pub fn told_events() -> Demand<'static> {
    Demand::new(Action::WaitForEvents)
}
