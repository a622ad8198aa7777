//! How a run begins: settings resolved against its type's defaults, then the first two events.

use crate::draft::{Draft, Transition};
use crate::execution::{Execution, Parent, RunIdentity, Settings};
use crate::surroundings::Surroundings;
use std::sync::Arc;
use wire::event::{ChildWorkflowExecutionStarted, WorkflowExecutionStarted};
use wire::*;

/// A run to start, with everything resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// Which run it will be.
    pub identity: RunIdentity,
    /// Its type.
    pub workflow_type: WorkflowType,
    /// What holds for it.
    pub settings: Settings,
    /// What its decider finds in the first event.
    pub input: Option<Data>,
    /// Its tags.
    pub tag_list: Option<Vec<Tag>>,
    /// Who starts it, if another execution does.
    pub parent: Option<Parent>,
    /// The run that it continues, if it does.
    pub continued_execution_run_id: Option<RunId>,
}

/// A setting that neither the caller nor the type gives, in the order in which the service looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingDefault {
    /// How long the execution may stay open.
    ExecutionStartToCloseTimeout,
    /// Where its decision tasks wait.
    TaskList,
    /// How long a decider may take.
    TaskStartToCloseTimeout,
    /// What happens to its children.
    ChildPolicy,
}

impl From<MissingDefault> for Fault {
    fn from(missing: MissingDefault) -> Fault {
        Fault::DefaultUndefined(match missing {
            MissingDefault::ExecutionStartToCloseTimeout => "executionStartToCloseTimeout",
            MissingDefault::TaskList => "taskList",
            MissingDefault::TaskStartToCloseTimeout => "taskStartToCloseTimeout",
            MissingDefault::ChildPolicy => "childPolicy",
        })
    }
}

/// Settings as far as a caller gives them; the rest comes from the type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GivenSettings {
    /// See [`Settings`], as for all of these.
    pub execution_start_to_close_timeout: Option<Timeout>,
    /// Decision tasks.
    pub task_start_to_close_timeout: Option<Timeout>,
    /// Decision tasks.
    pub task_list: Option<TaskList>,
    /// Decision tasks.
    pub task_priority: Option<TaskPriority>,
    /// Children.
    pub child_policy: Option<ChildPolicy>,
    /// Lambda tasks.
    pub lambda_role: Option<Arn>,
}

/// The settings among the members of a request or a decision: all that start runs name them alike.
macro_rules! given_settings {
    ($given:expr) => {
        $crate::start::GivenSettings {
            execution_start_to_close_timeout: $given.execution_start_to_close_timeout,
            task_start_to_close_timeout: $given.task_start_to_close_timeout,
            task_list: $given.task_list.clone(),
            task_priority: $given.task_priority,
            child_policy: $given.child_policy,
            lambda_role: $given.lambda_role.clone(),
        }
    };
}

pub(crate) use given_settings;

impl GivenSettings {
    /// Fills what is missing from the defaults that the type was registered with.
    pub fn resolve(self, defaults: &WorkflowTypeConfiguration) -> Result<Settings, MissingDefault> {
        Ok(Settings {
            execution_start_to_close_timeout: self
                .execution_start_to_close_timeout
                .or(defaults.default_execution_start_to_close_timeout)
                .ok_or(MissingDefault::ExecutionStartToCloseTimeout)?,
            task_list: self
                .task_list
                .or_else(|| defaults.default_task_list.clone())
                .ok_or(MissingDefault::TaskList)?,
            task_start_to_close_timeout: self
                .task_start_to_close_timeout
                .or(defaults.default_task_start_to_close_timeout)
                .ok_or(MissingDefault::TaskStartToCloseTimeout)?,
            child_policy: self
                .child_policy
                .or(defaults.default_child_policy)
                .ok_or(MissingDefault::ChildPolicy)?,
            task_priority: self.task_priority.or(defaults.default_task_priority),
            lambda_role: self.lambda_role.or_else(|| defaults.default_lambda_role.clone()),
        })
    }
}

impl Start {
    /// What StartWorkflowExecution asks for, checked against what is registered. `is_open` tells
    /// whether a run of the workflow id is open; the check has its place between the others
    /// (engine.md, section 13, row 17).
    pub fn from_request(
        identity: RunIdentity,
        input: &StartWorkflowExecutionInput,
        around: Surroundings<'_>,
        is_open: bool,
    ) -> Result<Start, Fault> {
        let domain = around.registry.domain(&identity.scope, &identity.domain)?;
        let detail = domain.workflow_type(&input.workflow_type)?;
        // The model has no fault for a deprecated domain here; its types count as deprecated with
        // it (engine.md, section 13, row 30).
        let deprecated = RegistrationStatus::Deprecated;
        if detail.type_info.status == deprecated || domain.record.status == deprecated {
            return Err(Fault::TypeDeprecated(input.workflow_type.to_string()));
        }
        if is_open {
            return Err(Fault::WorkflowExecutionAlreadyStarted);
        }
        let most = around.limits.open_executions_max;
        if around.open_executions >= most {
            return Err(Fault::LimitExceeded(format!("Limit of {most} open executions reached")));
        }
        Ok(Start {
            identity,
            workflow_type: input.workflow_type.clone(),
            settings: given_settings!(input).resolve(&detail.configuration)?,
            input: input.input.clone(),
            tag_list: input.tag_list.clone(),
            parent: None,
            continued_execution_run_id: None,
        })
    }

    /// The run's first event.
    pub(crate) fn event(self) -> WorkflowExecutionStarted {
        let (parent_workflow_execution, parent_initiated_event_id) = match self.parent {
            Some(parent) => (Some(parent.execution), parent.initiated_event_id),
            None => (None, EventId::NONE),
        };
        WorkflowExecutionStarted {
            child_policy: self.settings.child_policy,
            task_list: self.settings.task_list,
            workflow_type: self.workflow_type,
            parent_initiated_event_id,
            input: self.input,
            execution_start_to_close_timeout: Some(self.settings.execution_start_to_close_timeout),
            task_start_to_close_timeout: Some(self.settings.task_start_to_close_timeout),
            task_priority: self.settings.task_priority,
            // No tags and an empty list are the same thing.
            tag_list: self.tag_list.filter(|tags| !tags.is_empty()),
            continued_execution_run_id: self.continued_execution_run_id,
            parent_workflow_execution,
            lambda_role: self.settings.lambda_role,
        }
    }

    /// The transition from nothing to a run with its first decision task.
    pub fn apply(self, around: Surroundings<'_>, now: Timestamp) -> Transition {
        let identity = self.identity.clone();
        begin(identity, self.event(), around, now).finish()
    }
}

/// Starts a child as its parent's message asks, and tells the parent.
pub fn start_child(
    identity: RunIdentity,
    started: WorkflowExecutionStarted,
    around: Surroundings<'_>,
    now: Timestamp,
) -> Transition {
    let report = ChildWorkflowExecutionStarted {
        workflow_execution: identity.execution(),
        workflow_type: started.workflow_type.clone(),
        initiated_event_id: started.parent_initiated_event_id,
    };
    let parent = started.parent_workflow_execution.clone();
    let mut draft = begin(identity, started, around, now);
    draft.report(parent, report);
    draft.finish()
}

fn begin<'s>(
    identity: RunIdentity,
    started: WorkflowExecutionStarted,
    around: Surroundings<'s>,
    now: Timestamp,
) -> Draft<'s> {
    let execution = Execution::from_started(Arc::new(identity), &started, now);
    let attributes = EventAttributes::WorkflowExecutionStarted(started);
    let first = Event { event_id: EventId(1), event_timestamp: now, attributes };
    Draft::of_start(execution, first, around, now)
}
