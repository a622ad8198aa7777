//! What SWF asks of the policies: for each request and each decision, the checks that must all be
//! allowed before anything is done (access.md, section 1).
//!
//! It sees what is executed, and not another reading of it: the typed request and the typed
//! decision. What is registered comes in through [`Facts`]; where something is not registered, its
//! default is absent, and the caller learns no more than that it is not allowed.
//!
//! Invariant: the matches over requests and decisions have no wildcard, so a new one does not
//! compile without its row.

mod decision;
mod demand;
mod keys;
mod request;

pub use decision::decision;
pub use demand::{Around, Demand};
pub(crate) use keys::can_have;
pub use request::{Subject, activity_answer, poll, request, subject};

use wire::{ActivityType, Name, Tag, TaskList, WorkflowType};

/// What is registered in the domain that a request or a decision is about.
pub trait Facts {
    /// The default task list of a workflow type, if there is such a type and it has one.
    fn workflow_task_list(&self, workflow_type: &WorkflowType) -> Option<&Name>;

    /// The default task list of an activity type, if there is such a type and it has one.
    fn activity_task_list(&self, activity_type: &ActivityType) -> Option<&Name>;
}

/// What is known of the activity task that a token names.
#[derive(Clone, Copy, Debug)]
pub struct AnsweredActivity<'a> {
    /// Its type.
    pub activity_type: &'a ActivityType,
    /// The list it was scheduled on.
    pub task_list: &'a TaskList,
    /// The type of its execution.
    pub workflow_type: &'a WorkflowType,
    /// The tags of its execution.
    pub tag_list: &'a [Tag],
}

#[cfg(test)]
mod tests;
