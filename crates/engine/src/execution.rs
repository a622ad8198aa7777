//! An execution's state: a fold over its history, and nothing else.
//!
//! Invariant: folding the stored events of a run (and the newest heartbeat of each open activity,
//! the one thing that SWF keeps out of the history) with [`Execution::evolve`] gives the state,
//! whoever folds and whenever. It does not know where events are stored or who asked for them.

use crate::activity::{Activity, StartedActivity};
use crate::draft::Heartbeat;
use crate::lambda::{Lambda, StartedLambda};
use crate::registry::Scope;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use wire::event::{DecisionTaskCompleted, DecisionTaskScheduled, WorkflowExecutionStarted};
use wire::*;

/// Which run this is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RunIdentity {
    /// The account and region it lives in.
    pub scope: Scope,
    /// Its domain.
    pub domain: DomainName,
    /// The id that its starter chose.
    pub workflow_id: WorkflowId,
    /// The id of this run of it.
    pub run_id: RunId,
}

impl RunIdentity {
    /// The pair that the API calls an execution.
    pub fn execution(&self) -> WorkflowExecution {
        WorkflowExecution { workflow_id: self.workflow_id.clone(), run_id: self.run_id.clone() }
    }
}

/// What an execution was started with, defaults resolved. Fixed for its life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// How long the execution may stay open.
    pub execution_start_to_close_timeout: Timeout,
    /// How long a decider may take over a decision task.
    pub task_start_to_close_timeout: Timeout,
    /// Where its decision tasks wait.
    pub task_list: TaskList,
    /// The place of its decision tasks in the list; absent if nobody said.
    pub task_priority: Option<TaskPriority>,
    /// What happens to its open children when it is terminated or times out.
    pub child_policy: ChildPolicy,
    /// The role under which its Lambda tasks run.
    pub lambda_role: Option<Arn>,
}

/// The execution that started this one as its child.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// Which run.
    pub execution: WorkflowExecution,
    /// The event in the parent's history that announced this child.
    pub initiated_event_id: EventId,
}

/// How and when an execution ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// How.
    pub status: CloseStatus,
    /// When.
    pub at: Timestamp,
}

/// A decision task that waits for a decider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduledDecisionTask {
    /// The event that says so.
    pub event_id: EventId,
    /// When it was scheduled.
    pub at: Timestamp,
    /// The list it waits on.
    pub task_list: TaskList,
    /// Since when a poller may be given it, which its schedule-to-start clock counts from. `None`
    /// while it is held back because another one is started.
    pub(crate) deliverable_since: Option<Timestamp>,
    pub(crate) schedule_to_start: Timeout,
}

/// A decision task that a decider holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartedDecisionTask {
    /// The event that scheduled it.
    pub scheduled_event_id: EventId,
    /// The event of its start.
    pub event_id: EventId,
    /// When it was started.
    pub at: Timestamp,
}

/// A task list that a decider asked for instead of the execution's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TaskListOverride {
    pub task_list: TaskList,
    /// With a limit the override is provisional: a time-out of a decision task ends it.
    pub schedule_to_start: Option<Timeout>,
}

/// A timer that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    /// The event that started it.
    pub started_event_id: EventId,
    /// When it fires.
    pub fires_at: Timestamp,
}

/// A child that was announced and has not closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Child {
    /// The child's id.
    pub workflow_id: WorkflowId,
    /// The event that told of its start.
    pub started_event_id: Option<EventId>,
}

/// The state of one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Execution {
    /// Which run.
    pub identity: Arc<RunIdentity>,
    /// Its type.
    pub workflow_type: WorkflowType,
    /// What it was started with.
    pub settings: Arc<Settings>,
    /// Its tags.
    pub tag_list: Option<Arc<[Tag]>>,
    /// Who started it, if another execution did.
    pub parent: Option<Arc<Parent>>,
    /// When it was started.
    pub started_at: Timestamp,
    /// Set when it has ended. Everything open at that moment stays as it was, since the API
    /// reports the counts as they stood (engine.md, section 13, row 32).
    pub closed: Option<Closed>,
    /// The newest event.
    pub last_event_id: EventId,
    /// When that was written; no later event is older.
    pub last_event_timestamp: Timestamp,
    /// The decision task that waits, if any. It is handed out only while none is started.
    pub decision_task_scheduled: Option<ScheduledDecisionTask>,
    /// The decision task that a decider works on, if any.
    pub decision_task_started: Option<StartedDecisionTask>,
    /// The start of the newest decision task that was completed.
    pub previous_started_event_id: EventId,
    pub(crate) task_list_override: Option<TaskListOverride>,
    /// Open activities by the event that scheduled them.
    pub activities: BTreeMap<EventId, Activity>,
    pub(crate) activity_ids: BTreeMap<ActivityId, EventId>,
    /// Running timers.
    pub timers: BTreeMap<TimerId, Timer>,
    /// Children that were announced and have not been reported closed, by the event that
    /// announced them.
    pub children: BTreeMap<EventId, Child>,
    /// Lambda tasks that were scheduled and have not closed, by the event that scheduled them.
    /// Snapshots from before there were any lack them.
    #[serde(default)]
    pub lambdas: BTreeMap<EventId, Lambda>,
    /// True once anyone asked for its cancelation.
    pub cancel_requested: bool,
    /// The newest context that a decider left.
    pub latest_execution_context: Option<Data>,
    /// When an activity task last did anything (engine.md, section 13, row 34).
    pub latest_activity_task_timestamp: Option<Timestamp>,
}

impl Execution {
    /// The state after a history's first event.
    pub fn from_started(
        identity: Arc<RunIdentity>,
        started: &WorkflowExecutionStarted,
        at: Timestamp,
    ) -> Execution {
        let settings = Settings {
            execution_start_to_close_timeout: started
                .execution_start_to_close_timeout
                .unwrap_or(Timeout::Unlimited),
            task_start_to_close_timeout: started
                .task_start_to_close_timeout
                .unwrap_or(Timeout::Unlimited),
            task_list: started.task_list.clone(),
            task_priority: started.task_priority,
            child_policy: started.child_policy,
            lambda_role: started.lambda_role.clone(),
        };
        let parent = started.parent_workflow_execution.clone().map(|execution| {
            Arc::new(Parent { execution, initiated_event_id: started.parent_initiated_event_id })
        });
        Execution {
            identity,
            workflow_type: started.workflow_type.clone(),
            settings: Arc::new(settings),
            tag_list: started.tag_list.as_deref().map(Arc::from),
            parent,
            started_at: at,
            closed: None,
            last_event_id: EventId(1),
            last_event_timestamp: at,
            decision_task_scheduled: None,
            decision_task_started: None,
            previous_started_event_id: EventId::NONE,
            task_list_override: None,
            activities: BTreeMap::new(),
            activity_ids: BTreeMap::new(),
            timers: BTreeMap::new(),
            children: BTreeMap::new(),
            lambdas: BTreeMap::new(),
            cancel_requested: false,
            latest_execution_context: None,
            latest_activity_task_timestamp: None,
        }
    }

    /// Folds one event into the state. Panics if the event cannot follow what came before, which
    /// is a bug or a damaged store, never a caller's mistake.
    pub fn evolve(&mut self, event: &Event) {
        use EventAttributes as A;
        assert!(self.closed.is_none(), "nothing follows the event that closed the execution");
        assert_eq!(event.event_id, self.last_event_id.next(), "event ids are dense");
        let at = event.event_timestamp;
        self.last_event_id = event.event_id;
        self.last_event_timestamp = at;
        match &event.attributes {
            A::WorkflowExecutionStarted(_) => panic!("only the first event starts an execution"),
            A::WorkflowExecutionCompleted(_) => self.close(CloseStatus::Completed, at),
            A::WorkflowExecutionFailed(_) => self.close(CloseStatus::Failed, at),
            A::WorkflowExecutionCanceled(_) => self.close(CloseStatus::Canceled, at),
            A::WorkflowExecutionTimedOut(_) => self.close(CloseStatus::TimedOut, at),
            A::WorkflowExecutionTerminated(_) => self.close(CloseStatus::Terminated, at),
            A::WorkflowExecutionContinuedAsNew(_) => self.close(CloseStatus::ContinuedAsNew, at),
            A::WorkflowExecutionCancelRequested(_) => self.cancel_requested = true,

            A::DecisionTaskScheduled(scheduled) => self.schedule_decision_task(scheduled, event),
            A::DecisionTaskStarted(started) => {
                self.decision_task_scheduled = None;
                self.decision_task_started = Some(StartedDecisionTask {
                    scheduled_event_id: started.scheduled_event_id,
                    event_id: event.event_id,
                    at,
                });
            }
            A::DecisionTaskCompleted(completed) => self.complete_decision_task(completed, at),
            A::DecisionTaskTimedOut(timed_out) => {
                match timed_out.timeout_type {
                    DecisionTaskTimeoutType::StartToClose => self.end_decision_task(at),
                    DecisionTaskTimeoutType::ScheduleToStart => self.decision_task_scheduled = None,
                }
                let provisional = |o: &TaskListOverride| o.schedule_to_start.is_some();
                self.task_list_override.take_if(|o| provisional(o));
            }

            A::ActivityTaskScheduled(scheduled) => {
                self.latest_activity_task_timestamp = Some(at);
                self.activity_ids.insert(scheduled.activity_id.clone(), event.event_id);
                self.activities.insert(event.event_id, Activity::new(scheduled, at));
            }
            A::ActivityTaskStarted(started) => {
                self.latest_activity_task_timestamp = Some(at);
                let activity = self.open_activity(started.scheduled_event_id);
                let event_id = event.event_id;
                activity.started = Some(StartedActivity { event_id, at, heartbeat: None });
            }
            A::ActivityTaskCompleted(closed) => self.close_activity(closed.scheduled_event_id, at),
            A::ActivityTaskFailed(closed) => self.close_activity(closed.scheduled_event_id, at),
            A::ActivityTaskTimedOut(closed) => self.close_activity(closed.scheduled_event_id, at),
            A::ActivityTaskCanceled(closed) => self.close_activity(closed.scheduled_event_id, at),
            A::ActivityTaskCancelRequested(requested) => {
                let scheduled_event_id = self.activity_ids[&requested.activity_id];
                self.open_activity(scheduled_event_id).latest_cancel_requested =
                    Some(event.event_id);
            }

            A::TimerStarted(started) => {
                let timer = Timer {
                    started_event_id: event.event_id,
                    fires_at: at.after(started.start_to_fire_timeout),
                };
                let open = self.timers.insert(started.timer_id.clone(), timer);
                assert!(open.is_none(), "a timer id is used once at a time");
            }
            A::TimerFired(fired) => self.close_timer(&fired.timer_id),
            A::TimerCanceled(canceled) => self.close_timer(&canceled.timer_id),

            A::StartChildWorkflowExecutionInitiated(initiated) => {
                let workflow_id = initiated.workflow_id.clone();
                let child = Child { workflow_id, started_event_id: None };
                self.children.insert(event.event_id, child);
            }
            A::StartChildWorkflowExecutionFailed(failed) => {
                self.children.remove(&failed.initiated_event_id);
            }
            A::ChildWorkflowExecutionStarted(started) => {
                if let Some(child) = self.children.get_mut(&started.initiated_event_id) {
                    child.started_event_id = Some(event.event_id);
                }
            }
            A::ChildWorkflowExecutionCompleted(e) => self.close_child(e.initiated_event_id),
            A::ChildWorkflowExecutionFailed(e) => self.close_child(e.initiated_event_id),
            A::ChildWorkflowExecutionTimedOut(e) => self.close_child(e.initiated_event_id),
            A::ChildWorkflowExecutionCanceled(e) => self.close_child(e.initiated_event_id),
            A::ChildWorkflowExecutionTerminated(e) => self.close_child(e.initiated_event_id),

            A::LambdaFunctionScheduled(scheduled) => {
                self.lambdas.insert(event.event_id, Lambda::new(scheduled, at));
            }
            A::LambdaFunctionStarted(started) => {
                let lambda = self.lambdas.get_mut(&started.scheduled_event_id);
                let lambda = lambda.expect("the event names an open Lambda task");
                assert!(lambda.started.is_none(), "a Lambda task is started once");
                lambda.started = Some(StartedLambda { event_id: event.event_id, at });
            }
            A::LambdaFunctionCompleted(closed) => self.close_lambda(closed.scheduled_event_id),
            A::LambdaFunctionFailed(closed) => self.close_lambda(closed.scheduled_event_id),
            A::LambdaFunctionTimedOut(closed) => self.close_lambda(closed.scheduled_event_id),
            A::StartLambdaFunctionFailed(failed) => self.close_lambda(failed.scheduled_event_id),

            // These tell the decider something and change nothing here.
            A::CompleteWorkflowExecutionFailed(_)
            | A::FailWorkflowExecutionFailed(_)
            | A::CancelWorkflowExecutionFailed(_)
            | A::ContinueAsNewWorkflowExecutionFailed(_)
            | A::WorkflowExecutionSignaled(_)
            | A::ScheduleActivityTaskFailed(_)
            | A::RequestCancelActivityTaskFailed(_)
            | A::MarkerRecorded(_)
            | A::RecordMarkerFailed(_)
            | A::StartTimerFailed(_)
            | A::CancelTimerFailed(_)
            | A::SignalExternalWorkflowExecutionInitiated(_)
            | A::SignalExternalWorkflowExecutionFailed(_)
            | A::ExternalWorkflowExecutionSignaled(_)
            | A::RequestCancelExternalWorkflowExecutionInitiated(_)
            | A::RequestCancelExternalWorkflowExecutionFailed(_)
            | A::ExternalWorkflowExecutionCancelRequested(_)
            | A::ScheduleLambdaFunctionFailed(_) => (),
        }
    }

    /// Folds the newest heartbeat of an activity into the state: the last one counts, with details
    /// or without (engine.md, section 13, row 6). One of an activity that has closed since changes
    /// nothing.
    pub fn evolve_heartbeat(&mut self, heartbeat: &Heartbeat) {
        let activity = self.activities.get_mut(&heartbeat.scheduled_event_id);
        if let Some(started) = activity.and_then(|activity| activity.started.as_mut()) {
            started.heartbeat = Some(heartbeat.clone());
        }
    }

    /// True until the closing event.
    pub fn is_open(&self) -> bool {
        self.closed.is_none()
    }

    /// The decision task that a poller may be given now: one that is scheduled while none is
    /// started (engine.md, section 2.1).
    pub fn deliverable_decision_task(&self) -> Option<&ScheduledDecisionTask> {
        let free = self.is_open() && self.decision_task_started.is_none();
        self.decision_task_scheduled.as_ref().filter(|_| free)
    }

    /// Where the next decision task goes, and how long it may wait there.
    pub(crate) fn next_task_list(&self) -> (TaskList, Timeout) {
        match &self.task_list_override {
            Some(o) => (o.task_list.clone(), o.schedule_to_start.unwrap_or(Timeout::Unlimited)),
            None => (self.settings.task_list.clone(), Timeout::Unlimited),
        }
    }

    fn schedule_decision_task(&mut self, scheduled: &DecisionTaskScheduled, event: &Event) {
        assert!(self.decision_task_scheduled.is_none(), "one decision task waits at a time");
        self.decision_task_scheduled = Some(ScheduledDecisionTask {
            event_id: event.event_id,
            at: event.event_timestamp,
            task_list: scheduled.task_list.clone(),
            deliverable_since: match self.decision_task_started {
                Some(_) => None,
                None => Some(event.event_timestamp),
            },
            schedule_to_start: scheduled.schedule_to_start_timeout.unwrap_or(Timeout::Unlimited),
        });
    }

    /// The started decision task ends, and one that was held back can be delivered.
    fn end_decision_task(&mut self, at: Timestamp) {
        self.decision_task_started = None;
        if let Some(scheduled) = &mut self.decision_task_scheduled {
            scheduled.deliverable_since = Some(at);
        }
    }

    fn complete_decision_task(&mut self, completed: &DecisionTaskCompleted, at: Timestamp) {
        self.end_decision_task(at);
        self.previous_started_event_id = completed.started_event_id;
        // An answer without a context leaves the last one (engine.md, section 13, row 19).
        if completed.execution_context.is_some() {
            self.latest_execution_context = completed.execution_context.clone();
        }
        // A task that was held back stays on the list that it names (row 4).
        if let Some(task_list) = completed.task_list.clone() {
            let schedule_to_start = completed.task_list_schedule_to_start_timeout;
            self.task_list_override = Some(TaskListOverride { task_list, schedule_to_start });
        }
    }

    fn open_activity(&mut self, scheduled_event_id: EventId) -> &mut Activity {
        self.activities.get_mut(&scheduled_event_id).expect("the event names an open activity")
    }

    fn close_activity(&mut self, scheduled_event_id: EventId, at: Timestamp) {
        self.latest_activity_task_timestamp = Some(at);
        let closed = self.activities.remove(&scheduled_event_id);
        let activity = closed.expect("only an open activity closes");
        self.activity_ids.remove(&activity.activity_id);
    }

    fn close_timer(&mut self, timer_id: &TimerId) {
        self.timers.remove(timer_id).expect("only a running timer ends");
    }

    fn close_child(&mut self, initiated_event_id: EventId) {
        self.children.remove(&initiated_event_id).expect("only an open child closes");
    }

    fn close_lambda(&mut self, scheduled_event_id: EventId) {
        self.lambdas.remove(&scheduled_event_id).expect("only an open Lambda task closes");
    }

    fn close(&mut self, status: CloseStatus, at: Timestamp) {
        self.closed = Some(Closed { status, at });
    }
}

/// What the API says of an execution.
impl Execution {
    /// The entry in listings and descriptions.
    pub fn info(&self) -> WorkflowExecutionInfo {
        WorkflowExecutionInfo {
            execution: self.identity.execution(),
            workflow_type: self.workflow_type.clone(),
            start_timestamp: self.started_at,
            execution_status: if self.is_open() {
                ExecutionStatus::Open
            } else {
                ExecutionStatus::Closed
            },
            close_timestamp: self.closed.map(|closed| closed.at),
            close_status: self.closed.map(|closed| closed.status),
            parent: self.parent.as_ref().map(|parent| parent.execution.clone()),
            tag_list: self.tag_list.as_deref().map(<[Tag]>::to_vec),
            // Two recorded runs that had been asked to cancel show false once closed (engine.md,
            // section 13, row 12).
            cancel_requested: Some(self.cancel_requested && self.is_open()),
        }
    }

    /// The whole description.
    pub fn detail(&self) -> WorkflowExecutionDetail {
        let settings = &self.settings;
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        // At most 1 by the model, although a started and a scheduled one may coexist.
        let decision_tasks =
            self.decision_task_scheduled.is_some() || self.decision_task_started.is_some();
        WorkflowExecutionDetail {
            execution_info: self.info(),
            execution_configuration: WorkflowExecutionConfiguration {
                task_start_to_close_timeout: settings.task_start_to_close_timeout,
                execution_start_to_close_timeout: settings.execution_start_to_close_timeout,
                // The one it was started with, whatever deciders asked for since (engine.md, section
                // 13, row 18).
                task_list: settings.task_list.clone(),
                child_policy: settings.child_policy,
                task_priority: settings.task_priority,
                lambda_role: settings.lambda_role.clone(),
            },
            open_counts: WorkflowExecutionOpenCounts {
                open_activity_tasks: count(self.activities.len()),
                open_decision_tasks: u32::from(decision_tasks),
                open_timers: count(self.timers.len()),
                open_child_workflow_executions: count(
                    self.children.values().filter(|child| child.started_event_id.is_some()).count(),
                ),
                open_lambda_functions: Some(count(self.lambdas.len())),
            },
            latest_activity_task_timestamp: self.latest_activity_task_timestamp,
            latest_execution_context: self.latest_execution_context.clone(),
        }
    }
}

/// What the state costs.
impl Execution {
    /// About how much memory the state takes, in bytes.
    pub fn weight_bytes(&self) -> usize {
        const EXECUTION: usize = 2048;
        const ACTIVITY: usize = 512;
        const TIMER: usize = 256;
        const CHILD: usize = 384;
        const LAMBDA: usize = 256;
        let context = self.latest_execution_context.as_ref().map_or(0, |c| c.as_str().len());
        let heartbeats: usize = self
            .activities
            .values()
            .filter_map(|activity| activity.started.as_ref()?.heartbeat.as_ref()?.details.as_ref())
            .map(|details| details.as_str().len())
            .sum();
        EXECUTION
            + self.activities.len() * ACTIVITY
            + self.timers.len() * TIMER
            + self.children.len() * CHILD
            + self.lambdas.len() * LAMBDA
            + context
            + heartbeats
    }
}
