//! Which stored rows follow from an execution's state, besides its history.
//!
//! Every row here is a projection: it can be rebuilt from the histories alone, and is written in
//! the same commit as the events that change it. What a transition puts and deletes is found by
//! projecting the touched parts of the state before and after; the projection of the whole state
//! ([`all`]) is made of the same parts. How keys become bytes is not known here.

use crate::draft::{Heartbeat, Transition};
use crate::execution::{Execution, RunIdentity};
use crate::registry::Scope;
use std::collections::BTreeSet;
use std::sync::Arc;
use wire::*;

/// Where a row stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// Whose run this is. Value: [`Value::Run`].
    Run(RunId),
    /// The open run of a workflow id. Value: [`Value::OpenRun`].
    OpenRun(WorkflowKey),
    /// A task that waits. Value: [`Value::Task`].
    Task(TaskKey),
    /// When something falls due for a run. Value: [`Value::Nothing`].
    Wake(Timestamp, RunId),
    /// The newest heartbeat of an activity. Value: [`Value::Heartbeat`].
    Heartbeat(RunId, EventId),
    /// A Lambda task that waits for its start. Value: [`Value::Nothing`].
    Lambda(LambdaTask),
    /// An entry of a listing. Value: [`Value::Listed`].
    Listed(Listing, ListingKey),
}

/// A workflow id in its domain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WorkflowKey {
    /// Account and region.
    pub scope: Scope,
    /// Domain.
    pub domain: DomainName,
    /// The id.
    pub workflow_id: WorkflowId,
}

/// The two name spaces of task lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskKind {
    /// For deciders.
    Decision,
    /// For workers.
    Activity,
}

/// A task list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskListKey {
    /// What waits on it.
    pub kind: TaskKind,
    /// Account and region.
    pub scope: Scope,
    /// Domain.
    pub domain: DomainName,
    /// Its name.
    pub name: Name,
}

/// A task's place in its list: rows of a list sort as the tasks are to be handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskKey {
    /// The list.
    pub list: TaskListKey,
    /// What waits there.
    pub task: Task,
}

/// A task that waits, ordered as it is to be handed out: the higher priority first, then the
/// older.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Larger goes first.
    pub priority: TaskPriority,
    /// Smaller goes first.
    pub scheduled_at: Timestamp,
    /// Whose task.
    pub run_id: RunId,
    /// The event that scheduled it.
    pub scheduled_event_id: EventId,
}

impl Ord for Task {
    fn cmp(&self, other: &Task) -> std::cmp::Ordering {
        (other.priority.cmp(&self.priority))
            .then_with(|| self.scheduled_at.cmp(&other.scheduled_at))
            .then_with(|| self.run_id.cmp(&other.run_id))
            .then_with(|| self.scheduled_event_id.cmp(&other.scheduled_event_id))
    }
}

impl PartialOrd for Task {
    fn partial_cmp(&self, other: &Task) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TaskKey {
    fn cmp(&self, other: &TaskKey) -> std::cmp::Ordering {
        (&self.list, &self.task).cmp(&(&other.list, &other.task))
    }
}

impl PartialOrd for TaskKey {
    fn partial_cmp(&self, other: &TaskKey) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// A Lambda task that waits for its start, ordered as they are to be started: the older first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LambdaTask {
    /// When it was scheduled.
    pub scheduled_at: Timestamp,
    /// Whose task.
    pub run_id: RunId,
    /// The event that scheduled it.
    pub scheduled_event_id: EventId,
}

/// The lists of executions that the API pages through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Listing {
    /// Open executions by start.
    Open,
    /// Closed executions by start.
    ClosedByStart,
    /// Closed executions by close.
    ClosedByClose,
}

/// An execution's place in a listing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListingKey {
    /// Account and region.
    pub scope: Scope,
    /// Domain.
    pub domain: DomainName,
    /// When it was started, or closed.
    pub at: Timestamp,
    /// Which workflow.
    pub workflow_id: WorkflowId,
    /// Which run.
    pub run_id: RunId,
}

/// What a row holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// The key says it all.
    Nothing,
    /// Whose run it is.
    Run(Arc<RunIdentity>),
    /// The run that is open.
    OpenRun(RunId),
    /// Whether a poller may be given the task; a decision task is held back while another one of
    /// its execution is started.
    Task {
        /// True unless held back.
        deliverable: bool,
    },
    /// The heartbeat.
    Heartbeat(Heartbeat),
    /// What listings say of the execution.
    Listed(Box<WorkflowExecutionInfo>),
}

/// One write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The row is there, with this value.
    Put(Key, Value),
    /// The row is not there.
    Delete(Key),
}

type Row = (Key, Value);

/// What `transition` changes, on top of what `before` had (nothing, if it starts the run). The
/// successor's rows are not among them: it is a transition of its own.
pub fn changes(before: Option<&Execution>, transition: &Transition) -> Vec<Change> {
    let after = &transition.after;
    let mut changes = Vec::new();
    let mut differ = |old: Option<Row>, new: Option<Row>| {
        if old == new {
            return;
        }
        if let Some((key, _)) = old.filter(|(key, _)| new.as_ref().is_none_or(|n| n.0 != *key)) {
            changes.push(Change::Delete(key));
        }
        if let Some((key, value)) = new {
            changes.push(Change::Put(key, value));
        }
    };
    if before.is_none() {
        differ(None, Some(run(after)));
    }
    let listed = |e: &Execution| (e.closed, e.cancel_requested);
    if before.map(listed) != Some(listed(after)) {
        differ(before.and_then(open_run), open_run(after));
        for listing in [Listing::Open, Listing::ClosedByStart, Listing::ClosedByClose] {
            differ(before.and_then(|b| entry(b, listing)), entry(after, listing));
        }
    }
    differ(before.and_then(wake), wake(after));
    differ(before.and_then(decision_task), decision_task(after));
    for id in touched_activities(transition) {
        differ(before.and_then(|b| activity_task(b, id)), activity_task(after, id));
        differ(before.and_then(|b| heartbeat(b, id)), heartbeat(after, id));
    }
    for id in touched_lambdas(transition) {
        differ(before.and_then(|b| lambda_task(b, id)), lambda_task(after, id));
    }
    changes
}

/// Every row of an execution.
pub fn all(execution: &Execution) -> Vec<Row> {
    let activities = execution.activities.keys();
    let lambdas = execution.lambdas.keys();
    let listings = [Listing::Open, Listing::ClosedByStart, Listing::ClosedByClose];
    [Some(run(execution)), open_run(execution), wake(execution), decision_task(execution)]
        .into_iter()
        .chain(listings.map(|listing| entry(execution, listing)))
        .chain(activities.clone().map(|id| activity_task(execution, *id)))
        .chain(activities.map(|id| heartbeat(execution, *id)))
        .chain(lambdas.map(|id| lambda_task(execution, *id)))
        .flatten()
        .collect()
}

/// The activities whose rows a transition may change.
fn touched_activities(transition: &Transition) -> BTreeSet<EventId> {
    use EventAttributes as A;
    let mut touched: BTreeSet<EventId> = BTreeSet::new();
    touched.extend(transition.heartbeat.as_ref().map(|heartbeat| heartbeat.scheduled_event_id));
    for event in &transition.events {
        if let A::ActivityTaskScheduled(_) = &event.attributes {
            touched.insert(event.event_id);
        } else if let A::ActivityTaskStarted(started) = &event.attributes {
            touched.insert(started.scheduled_event_id);
        } else if let A::ActivityTaskCompleted(closed) = &event.attributes {
            touched.insert(closed.scheduled_event_id);
        } else if let A::ActivityTaskFailed(closed) = &event.attributes {
            touched.insert(closed.scheduled_event_id);
        } else if let A::ActivityTaskTimedOut(closed) = &event.attributes {
            touched.insert(closed.scheduled_event_id);
        } else if let A::ActivityTaskCanceled(closed) = &event.attributes {
            touched.insert(closed.scheduled_event_id);
        }
    }
    if !transition.after.is_open() {
        // What was open stays in the state, for its counts, but nothing of it waits any more.
        touched.extend(transition.after.activities.keys());
    }
    touched
}

/// The Lambda tasks whose rows a transition may change. One that closes is in no row any more.
fn touched_lambdas(transition: &Transition) -> BTreeSet<EventId> {
    use EventAttributes as A;
    let mut touched: BTreeSet<EventId> = BTreeSet::new();
    for event in &transition.events {
        if let A::LambdaFunctionScheduled(_) = &event.attributes {
            touched.insert(event.event_id);
        } else if let A::LambdaFunctionStarted(started) = &event.attributes {
            touched.insert(started.scheduled_event_id);
        } else if let A::StartLambdaFunctionFailed(failed) = &event.attributes {
            touched.insert(failed.scheduled_event_id);
        }
    }
    if !transition.after.is_open() {
        touched.extend(transition.after.lambdas.keys());
    }
    touched
}

fn run(execution: &Execution) -> Row {
    let identity = &execution.identity;
    (Key::Run(identity.run_id.clone()), Value::Run(Arc::clone(identity)))
}

fn open_run(execution: &Execution) -> Option<Row> {
    let identity = &execution.identity;
    let key = WorkflowKey {
        scope: identity.scope.clone(),
        domain: identity.domain.clone(),
        workflow_id: identity.workflow_id.clone(),
    };
    let row = (Key::OpenRun(key), Value::OpenRun(identity.run_id.clone()));
    execution.is_open().then_some(row)
}

fn entry(execution: &Execution, listing: Listing) -> Option<Row> {
    let at = match (listing, execution.closed) {
        (Listing::Open, None) => execution.started_at,
        (Listing::ClosedByStart, Some(_)) => execution.started_at,
        (Listing::ClosedByClose, Some(closed)) => closed.at,
        (Listing::Open, Some(_)) | (Listing::ClosedByStart | Listing::ClosedByClose, None) => {
            return None;
        }
    };
    let identity = &execution.identity;
    let key = ListingKey {
        scope: identity.scope.clone(),
        domain: identity.domain.clone(),
        at,
        workflow_id: identity.workflow_id.clone(),
        run_id: identity.run_id.clone(),
    };
    Some((Key::Listed(listing, key), Value::Listed(Box::new(execution.info()))))
}

fn wake(execution: &Execution) -> Option<Row> {
    let due = execution.next_deadline()?;
    Some((Key::Wake(due.at, execution.identity.run_id.clone()), Value::Nothing))
}

fn decision_task(execution: &Execution) -> Option<Row> {
    let scheduled = execution.decision_task_scheduled.as_ref().filter(|_| execution.is_open())?;
    let task = Task {
        priority: execution.settings.task_priority.unwrap_or_default(),
        scheduled_at: scheduled.at,
        run_id: execution.identity.run_id.clone(),
        scheduled_event_id: scheduled.event_id,
    };
    let list = task_list(execution, TaskKind::Decision, &scheduled.task_list);
    let deliverable = execution.decision_task_started.is_none();
    Some((Key::Task(TaskKey { list, task }), Value::Task { deliverable }))
}

fn activity_task(execution: &Execution, scheduled_event_id: EventId) -> Option<Row> {
    let activity = execution.activities.get(&scheduled_event_id)?;
    if activity.started.is_some() || !execution.is_open() {
        return None;
    }
    let task = Task {
        priority: activity.priority,
        scheduled_at: activity.scheduled_at,
        run_id: execution.identity.run_id.clone(),
        scheduled_event_id,
    };
    let list = task_list(execution, TaskKind::Activity, &activity.task_list);
    Some((Key::Task(TaskKey { list, task }), Value::Task { deliverable: true }))
}

fn lambda_task(execution: &Execution, scheduled_event_id: EventId) -> Option<Row> {
    let lambda = execution.lambdas.get(&scheduled_event_id)?;
    if lambda.started.is_some() || !execution.is_open() {
        return None;
    }
    let task = LambdaTask {
        scheduled_at: lambda.scheduled_at,
        run_id: execution.identity.run_id.clone(),
        scheduled_event_id,
    };
    Some((Key::Lambda(task), Value::Nothing))
}

fn heartbeat(execution: &Execution, scheduled_event_id: EventId) -> Option<Row> {
    let activity = execution.activities.get(&scheduled_event_id)?;
    let heartbeat = activity.started.as_ref()?.heartbeat.clone()?;
    let key = Key::Heartbeat(execution.identity.run_id.clone(), scheduled_event_id);
    execution.is_open().then_some((key, Value::Heartbeat(heartbeat)))
}

fn task_list(execution: &Execution, kind: TaskKind, list: &TaskList) -> TaskListKey {
    let RunIdentity { scope, domain, .. } = &*execution.identity;
    TaskListKey { kind, scope: scope.clone(), domain: domain.clone(), name: list.name.clone() }
}
