//! What can be asked of an execution that exists.

use std::collections::BTreeSet;
use wire::{
    ChildPolicy, Data, Decision, EventId, Identity, Reason, RunId, SignalName, TaskList, Timeout,
};

/// A request to an execution, from the API, a poller's match, or a clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// SignalWorkflowExecution.
    Signal {
        /// The signal's name.
        signal_name: SignalName,
        /// What it carries.
        input: Option<Data>,
    },
    /// RequestCancelWorkflowExecution.
    RequestCancel,
    /// TerminateWorkflowExecution.
    Terminate {
        /// For people.
        reason: Option<Reason>,
        /// For people.
        details: Option<Data>,
        /// Instead of the execution's own.
        child_policy: Option<ChildPolicy>,
    },
    /// A poller takes the decision task.
    StartDecisionTask {
        /// Which one.
        scheduled_event_id: EventId,
        /// Who polls.
        identity: Option<Identity>,
    },
    /// RespondDecisionTaskCompleted.
    CompleteDecisionTask(CompleteDecisionTask),
    /// A poller takes an activity task.
    StartActivityTask {
        /// Which one.
        scheduled_event_id: EventId,
        /// Who polls.
        identity: Option<Identity>,
    },
    /// RecordActivityTaskHeartbeat.
    RecordHeartbeat {
        /// Which activity.
        scheduled_event_id: EventId,
        /// How far it is; absent clears what was said before.
        details: Option<Data>,
    },
    /// RespondActivityTaskCompleted, -Failed or -Canceled.
    CloseActivityTask {
        /// Which activity.
        scheduled_event_id: EventId,
        /// How it ended.
        outcome: ActivityOutcome,
    },
    /// A Lambda task's function is about to be called.
    StartLambdaFunction {
        /// Which task.
        scheduled_event_id: EventId,
    },
    /// A Lambda task's function has been called.
    CloseLambdaFunction {
        /// Which task.
        scheduled_event_id: EventId,
        /// What came of it.
        outcome: LambdaOutcome,
    },
    /// Whatever fell due first happens now; nothing if nothing did.
    FireDue,
}

/// A decider's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompleteDecisionTask {
    /// The event that scheduled the task.
    pub scheduled_event_id: EventId,
    /// The event of its start, which tells this delivery from a later one.
    pub started_event_id: EventId,
    /// What to do, in order.
    pub decisions: Vec<Decision>,
    /// Kept with the execution.
    pub execution_context: Option<Data>,
    /// The list for later decision tasks.
    pub task_list: Option<TaskList>,
    /// How long a decision task may wait there before the override ends.
    pub task_list_schedule_to_start_timeout: Option<Timeout>,
    /// Fresh ids, one for each decision that starts a run, in order.
    pub run_ids: Vec<RunId>,
    /// The decisions that the decider is not permitted, by their place in the list. That goes before
    /// every other reason why one fails (engine.md, section 13, row 17).
    pub not_permitted: BTreeSet<usize>,
    /// The decisions that come faster than decisions of their kind may, by their place in the
    /// list.
    pub rate_exceeded: BTreeSet<usize>,
}

/// How an activity ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActivityOutcome {
    /// It did what it should.
    Completed {
        /// What came of it.
        result: Option<Data>,
    },
    /// It did not.
    Failed {
        /// Why.
        reason: Option<Reason>,
        /// And how.
        details: Option<Data>,
    },
    /// It stopped before it was done.
    Canceled {
        /// How far it was.
        details: Option<Data>,
    },
}

/// What came of calling a Lambda function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LambdaOutcome {
    /// It returned.
    Completed {
        /// What it returned.
        result: Option<Data>,
    },
    /// It failed, or could not be called.
    Failed {
        /// Why.
        reason: Option<Reason>,
        /// And how.
        details: Option<Data>,
    },
}
