//! An execution from a history that another service has written: a fold that refuses what cannot
//! be, and what has to happen so that the execution goes on here.
//!
//! [`Execution::evolve`] panics where an event cannot follow, because in our own store that is a bug
//! or damage. What comes from outside is checked first, event by event. Whose history it is, and
//! where the events are kept meanwhile, is not known here.

use crate::decide_external::{cancel_message, child_message, signal_message};
use crate::draft::{Draft, Transition, is_close, is_news};
use crate::execution::{Execution, RunIdentity};
use crate::message::{Content, Message, Recipient, child_policies_terminating, child_report};
use crate::surroundings::Surroundings;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use wire::event::{
    ActivityTaskTimedOut, ChildWorkflowExecutionStarted, DecisionTaskTimedOut,
    LambdaFunctionTimedOut,
};
use wire::*;

mod check;
mod misfit;

pub use misfit::{Misfit, Why};

/// How many signals and requests to cancel without an outcome a history may leave. They go out
/// within moments: one that has more was not written by a service that works.
pub const UNANSWERED_MAX: usize = 1000;

/// The first events of a history, folded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    identity: Arc<RunIdentity>,
    state: Option<Execution>,
    /// Signals and requests to cancel that were announced and of which nothing has come, by the event
    /// that announced them.
    unanswered: BTreeSet<EventId>,
    /// An event was recorded that a decider has to see, and no decision task has been scheduled since.
    news: bool,
    /// The run that this one goes on from.
    predecessor: Option<RunId>,
    /// The event that closed it.
    close: Option<Box<EventAttributes>>,
}

/// What becomes of what was under way where the history comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Takeover {
    /// Started activities and Lambda tasks time out now, instead of when their time is over.
    pub times_out_started: bool,
    /// The events of the history that announced what is to be sent once more from here.
    pub resend: Vec<Event>,
    /// Fresh ids, one for each child among them, in order.
    pub run_ids: Vec<RunId>,
}

impl Replay {
    /// Of a run of which no event is known yet.
    pub fn new(identity: RunIdentity) -> Replay {
        Replay {
            identity: Arc::new(identity),
            state: None,
            unanswered: BTreeSet::new(),
            news: false,
            predecessor: None,
            close: None,
        }
    }

    /// Which run it is.
    pub fn identity(&self) -> &Arc<RunIdentity> {
        &self.identity
    }

    /// The state after the events so far; `None` before the first.
    pub fn state(&self) -> Option<&Execution> {
        self.state.as_ref()
    }

    /// The event that comes next.
    pub fn next_event_id(&self) -> EventId {
        self.state.as_ref().map_or(EventId(1), |state| state.last_event_id.next())
    }

    /// The run that this one goes on from.
    pub fn predecessor(&self) -> Option<&RunId> {
        self.predecessor.as_ref()
    }

    /// The run that goes on where this one ended.
    pub fn successor(&self) -> Option<&RunId> {
        match self.close.as_deref() {
            Some(EventAttributes::WorkflowExecutionContinuedAsNew(on)) => {
                Some(&on.new_execution_run_id)
            }
            Some(_) | None => None,
        }
    }

    /// What was announced to other executions, children among it, and of which nothing has come: the
    /// events that announced it.
    pub fn unanswered(&self) -> BTreeSet<EventId> {
        let children = self.state.iter().flat_map(|state| &state.children);
        let waiting = children.filter(|(_, child)| child.started_event_id.is_none());
        self.unanswered.iter().chain(waiting.map(|(id, _)| id)).copied().collect()
    }

    /// Folds the next event, if it can be the next. Otherwise nothing has changed.
    pub fn add(&mut self, event: &Event) -> Result<(), Misfit> {
        use EventAttributes as A;
        let Some(state) = &mut self.state else {
            return self.begin(event).map_err(|why| why.of(event));
        };
        state.check_next(event).map_err(|why| why.of(event))?;
        self.check_answer(event).map_err(|why| why.of(event))?;
        let state = self.state.as_mut().expect("it has begun");
        state.evolve(event);
        if let A::DecisionTaskScheduled(_) = &event.attributes {
            self.news = false;
        } else if state.decision_task_scheduled.is_none() {
            self.news |= is_news(&event.attributes);
        }
        if is_close(&event.attributes) {
            self.close = Some(Box::new(event.attributes.clone()));
        }
        Ok(())
    }

    fn begin(&mut self, event: &Event) -> Result<(), Why> {
        let EventAttributes::WorkflowExecutionStarted(started) = &event.attributes else {
            return Err(Why::NoStart);
        };
        if event.event_id != EventId(1) {
            return Err(Why::Gap { expected: EventId(1) });
        }
        self.predecessor = started.continued_execution_run_id.clone();
        let identity = Arc::clone(&self.identity);
        self.state = Some(Execution::from_started(identity, started, event.event_timestamp));
        self.news = true;
        Ok(())
    }

    /// Follows signals and requests to cancel for others from their announcement to their outcome.
    fn check_answer(&mut self, event: &Event) -> Result<(), Why> {
        use EventAttributes as A;
        let attributes = &event.attributes;
        if matches!(
            attributes,
            A::SignalExternalWorkflowExecutionInitiated(_)
                | A::RequestCancelExternalWorkflowExecutionInitiated(_)
        ) {
            if self.unanswered.len() >= UNANSWERED_MAX {
                let what = "signals and requests to cancel without an outcome";
                return Err(Why::TooMany { what, most: UNANSWERED_MAX });
            }
            self.unanswered.insert(event.event_id);
            return Ok(());
        }
        let answered = if let A::ExternalWorkflowExecutionSignaled(e) = attributes {
            e.initiated_event_id
        } else if let A::ExternalWorkflowExecutionCancelRequested(e) = attributes {
            e.initiated_event_id
        } else if let A::SignalExternalWorkflowExecutionFailed(e) = attributes {
            e.initiated_event_id
        } else if let A::RequestCancelExternalWorkflowExecutionFailed(e) = attributes {
            e.initiated_event_id
        } else {
            return Ok(());
        };
        // Where nothing was announced, nothing was going to be sent; only failures say so.
        let announced_none = matches!(
            attributes,
            A::SignalExternalWorkflowExecutionFailed(_)
                | A::RequestCancelExternalWorkflowExecutionFailed(_)
        );
        if announced_none && answered == EventId::NONE {
            return Ok(());
        }
        match self.unanswered.remove(&answered) {
            true => Ok(()),
            false => Err(Why::Unknown {
                member: "initiatedEventId",
                named: answered.to_string(),
                wanted: "signal or request to cancel without an outcome",
            }),
        }
    }

    /// What makes the execution go on here, at `now`; `None` if there is no event yet. Its events come
    /// behind those of the history.
    ///
    /// Whoever held a task where the history comes from cannot answer it here. A decision task would
    /// hold up all that follows, so it times out at once, as SWF has it; activities run until their
    /// own time is over, unless it is asked for otherwise. A decision task is scheduled if there is
    /// news that none has been scheduled for: the history may have been read in the middle of what the
    /// other service wrote.
    pub fn take_over(
        &self,
        takeover: &Takeover,
        around: Surroundings<'_>,
        now: Timestamp,
    ) -> Option<Transition> {
        let state = self.state.as_ref()?;
        let mut draft = Draft::new(state, around, now);
        if state.is_open() {
            draft.note_news(self.news);
            if let Some(started) = &state.decision_task_started {
                draft.record(DecisionTaskTimedOut {
                    timeout_type: DecisionTaskTimeoutType::StartToClose,
                    scheduled_event_id: started.scheduled_event_id,
                    started_event_id: started.event_id,
                });
            }
            if takeover.times_out_started {
                time_out_started(&mut draft, state);
            }
        }
        let mut run_ids = takeover.run_ids.iter();
        for event in &takeover.resend {
            if let Some(message) = message_of(&self.identity, event, &mut run_ids) {
                draft.send(message);
            }
        }
        let mut transition = draft.finish();
        let news = self.news_for_others(state);
        transition.messages.splice(0..0, news);
        Some(transition)
    }

    /// What others may not know, because it was under way when their histories were read. A parent
    /// that knows it passes it by.
    fn news_for_others(&self, state: &Execution) -> Vec<Message> {
        let mut messages = Vec::new();
        if let Some(parent) = &state.parent {
            let started = ChildWorkflowExecutionStarted {
                workflow_execution: self.identity.execution(),
                workflow_type: state.workflow_type.clone(),
                initiated_event_id: parent.initiated_event_id,
            };
            messages.push(Message {
                to: Recipient::beside(&self.identity, &parent.execution),
                content: Content::Report(Box::new(started.into())),
            });
        }
        if let Some(close) = &self.close {
            messages.extend(child_report(state, close));
            messages.extend(child_policies_terminating(state, close));
        }
        messages
    }
}

/// Everything that somebody has in hand ends now. That it takes too long comes nearest to what has
/// happened.
fn time_out_started(draft: &mut Draft<'_>, state: &Execution) {
    for (scheduled_event_id, activity) in &state.activities {
        if activity.started.is_some() {
            draft.record(ActivityTaskTimedOut {
                timeout_type: ActivityTaskTimeoutType::StartToClose,
                scheduled_event_id: *scheduled_event_id,
                started_event_id: activity.started_event_id(),
                details: None,
            });
        }
    }
    for (scheduled_event_id, lambda) in &state.lambdas {
        if let Some(started) = lambda.started {
            draft.record(LambdaFunctionTimedOut {
                scheduled_event_id: *scheduled_event_id,
                started_event_id: started.event_id,
                timeout_type: Some(LambdaFunctionTimeoutType::StartToClose),
            });
        }
    }
}

/// What an event announced, to be sent from here.
fn message_of<'r>(
    sender: &RunIdentity,
    event: &Event,
    run_ids: &mut impl Iterator<Item = &'r RunId>,
) -> Option<Message> {
    use EventAttributes as A;
    if let A::SignalExternalWorkflowExecutionInitiated(initiated) = &event.attributes {
        Some(signal_message(sender, event.event_id, initiated))
    } else if let A::RequestCancelExternalWorkflowExecutionInitiated(initiated) = &event.attributes
    {
        Some(cancel_message(sender, event.event_id, initiated))
    } else if let A::StartChildWorkflowExecutionInitiated(initiated) = &event.attributes {
        Some(child_message(sender, event.event_id, initiated, run_ids.next()?))
    } else {
        None
    }
}
