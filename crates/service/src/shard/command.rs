//! What a shard can be asked, and what it answers.

use super::import::Piece;
use crate::api::CallerPresence;
use crate::functions::FunctionCall;
use crate::judge::Asker;
use crate::values::{Damage, LoadError};
use engine::message::Message;
use engine::rows::{LambdaTask, Task, TaskListKey, WorkflowKey};
use engine::{Command, Execution, RunIdentity, Scope};
use std::sync::Arc;
use store::{ShardId, StoreError};
use wire::*;

/// What a shard can be asked.
#[derive(Debug)]
pub enum ShardCommand {
    /// Start a run, unless one of the workflow id is open.
    Start(RunIdentity, Box<StartWorkflowExecutionInput>),
    /// Take a piece of a history that another service has written.
    Import(Box<Piece>),
    /// Apply a command to a run.
    Apply(Target, Command),
    /// The same for someone whose rights count, as far as they hang on the run's state.
    ApplyFor(Arc<Asker>, Target, Command),
    /// Give a task to a poller that still waits.
    StartTask(TaskStart),
    /// Start a Lambda task.
    StartLambda(LambdaTask),
    /// The decision task that a decider holds, for a further page.
    ResumeDecisionTask(Target, StartedIds),
    /// What the API says of a run.
    Describe(Target),
    /// A message from a shard, with its number.
    Receive(ShardId, u64, Box<Message>),
    /// A message to a shard has taken effect there.
    Taken(ShardId, u64),
    /// A message to a shard was not taken.
    NotTaken(ShardId),
}

/// Which run a command is for.
#[derive(Clone, Debug)]
pub enum Target {
    /// The run that a token names, in the domain of which it speaks.
    Run(Scope, DomainName, RunId),
    /// A run that the service itself has found.
    Known(RunId),
    /// The run that a request names in full.
    Execution(WorkflowKey, RunId),
    /// Whichever run of the workflow id is open.
    Open(WorkflowKey),
}

impl Target {
    /// The domain, where the target says so.
    pub(super) fn domain(&self) -> Option<&DomainName> {
        match self {
            Target::Run(_, domain, _) => Some(domain),
            Target::Known(_) => None,
            Target::Execution(workflow, _) | Target::Open(workflow) => Some(&workflow.domain),
        }
    }
}

/// A task and who is to have it.
#[derive(Clone, Debug)]
pub struct TaskStart {
    /// Where it waits.
    pub list: TaskListKey,
    /// Which one.
    pub task: Task,
    /// Who polls, for the history.
    pub identity: Option<Identity>,
    /// Whether the poller still waits.
    pub presence: CallerPresence,
    /// The poller, if his rights count.
    pub asker: Option<Arc<Asker>>,
}

/// The events that tell one delivery of a task from every other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartedIds {
    /// The event that scheduled it.
    pub scheduled: EventId,
    /// The event of its start.
    pub started: EventId,
}

/// What came of a command, once it is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to say.
    Done,
    /// A run was started.
    Started(RunId),
    /// Whether the activity was asked to cancel.
    Heartbeat {
        /// True once a decider asked for it.
        cancel_requested: bool,
    },
    /// A task is the poller's.
    Task(StartedTask),
    /// A Lambda task has been started: its function is to be called.
    Lambda(FunctionCall),
    /// How far an import is.
    Import(ImportProgress),
    /// What the API says of the run.
    Description(Box<WorkflowExecutionDetail>),
}

/// A task that is a poller's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartedTask {
    /// Its run.
    pub identity: Arc<RunIdentity>,
    /// The run's type.
    pub workflow_type: WorkflowType,
    /// This delivery of it.
    pub ids: StartedIds,
    /// For deciders: the start of the newest decision task that was completed.
    pub previous_started_event_id: EventId,
}

impl StartedTask {
    pub(super) fn of(execution: &Execution, ids: StartedIds) -> StartedTask {
        StartedTask {
            identity: Arc::clone(&execution.identity),
            workflow_type: execution.workflow_type.clone(),
            ids,
            previous_started_event_id: execution.previous_started_event_id,
        }
    }
}

/// Why a command had no outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The caller's mistake, or the task is no longer there.
    Fault(Fault),
    /// The poller has gone; the task still waits.
    CallerGone,
    /// The poller may not have the task any more; it still waits.
    NotAllowed(Fault),
    /// Ours: the store failed. Whether the command took effect may be unknown.
    Unavailable,
    /// Ours: what is stored of the run is damaged, or there is a bug that it brings out. It will be
    /// the same the next time.
    Damaged,
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Refusal {
        Refusal::Fault(fault)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Refusal {
        tracing::error!(%error, "the store could not be read");
        Refusal::Unavailable
    }
}

impl From<Damage> for Refusal {
    fn from(damage: Damage) -> Refusal {
        tracing::error!(%damage, "a stored value is damaged");
        Refusal::Damaged
    }
}

impl From<LoadError> for Refusal {
    fn from(error: LoadError) -> Refusal {
        match error {
            LoadError::Store(error) => error.into(),
            LoadError::Damaged(damage) => damage.into(),
        }
    }
}
