//! The decider's mind: an order as its history tells it, and what to do next.
//!
//! Pure. The order is folded anew from the whole history for every decision task, so it does not
//! matter which decider takes the task, nor whether one crashed in between.

use super::VERSION;
use std::collections::BTreeMap;
use wire::decision::{
    CancelWorkflowExecution, CompleteWorkflowExecution, FailWorkflowExecution,
    RequestCancelActivityTask, ScheduleActivityTask, StartTimer,
};
use wire::{ActivityId, ActivityType, Data, Decision, Event, EventAttributes, EventId, Timeout};

/// How often the card is charged before the order is given up.
const CHARGES_MAX: usize = 3;
/// How long the gift wrap may take, in seconds.
const PATIENCE_SECONDS: u32 = 1;
const PATIENCE: &str = "gift-wrap-patience";
/// The signal with which the customer accepts the order.
pub const CONFIRMED: &str = "customer-confirmed";

/// What workers can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Activity {
    ReserveStock,
    ChargeCard,
    Pack,
    PrintLabel,
    GiftWrap,
}

impl Activity {
    pub const ALL: [Activity; 5] = [
        Activity::ReserveStock,
        Activity::ChargeCard,
        Activity::Pack,
        Activity::PrintLabel,
        Activity::GiftWrap,
    ];

    /// The name of its type.
    pub fn name(self) -> &'static str {
        match self {
            Activity::ReserveStock => "reserve-stock",
            Activity::ChargeCard => "charge-card",
            Activity::Pack => "pack",
            Activity::PrintLabel => "print-label",
            Activity::GiftWrap => "gift-wrap",
        }
    }

    pub fn named(name: &str) -> Option<Activity> {
        Activity::ALL.into_iter().find(|activity| activity.name() == name)
    }
}

/// How far an activity has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Open,
    Completed,
    Canceled,
    /// Failed or timed out.
    Failed,
}

/// Where an order stands. Kept as the execution's context, where people and clients can see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Reserving,
    Charging,
    Fulfilling,
    WaitingForCustomer,
    Closing,
}

impl Stage {
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Reserving => "reserving stock",
            Stage::Charging => "charging the card",
            Stage::Fulfilling => "packing",
            Stage::WaitingForCustomer => "waiting for the customer",
            Stage::Closing => "closing",
        }
    }
}

/// A decision, and why it is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub decision: Decision,
    pub why: String,
}

/// What to answer to a decision task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub stage: Stage,
    /// Empty if there is nothing to do but wait.
    pub verdicts: Vec<Verdict>,
}

/// An order as its history tells it.
#[derive(Debug, Default)]
pub struct Order {
    /// Every attempt at every activity, oldest first.
    attempts: BTreeMap<EventId, (Activity, Progress)>,
    patience_is_over: bool,
    gift_wrap_is_being_canceled: bool,
    is_confirmed: bool,
    is_cancel_requested: bool,
    /// What should never happen, if it did.
    trouble: Option<String>,
}

impl Order {
    pub fn replay(events: &[Event]) -> Order {
        let mut order = Order::default();
        events.iter().for_each(|event| order.evolve(event));
        order
    }

    /// Events that are not named here change nothing that this decider has to know.
    fn evolve(&mut self, event: &Event) {
        use EventAttributes as E;
        if let E::ActivityTaskScheduled(scheduled) = &event.attributes {
            match Activity::named(scheduled.activity_type.name.as_str()) {
                Some(activity) => {
                    self.attempts.insert(event.event_id, (activity, Progress::Open));
                }
                None => self.trouble = Some("an activity that nobody here knows".to_owned()),
            }
        } else if let E::ActivityTaskCompleted(completed) = &event.attributes {
            self.close(completed.scheduled_event_id, Progress::Completed);
        } else if let E::ActivityTaskFailed(failed) = &event.attributes {
            self.close(failed.scheduled_event_id, Progress::Failed);
        } else if let E::ActivityTaskTimedOut(timed_out) = &event.attributes {
            self.close(timed_out.scheduled_event_id, Progress::Failed);
        } else if let E::ActivityTaskCanceled(canceled) = &event.attributes {
            self.close(canceled.scheduled_event_id, Progress::Canceled);
        } else if let E::ActivityTaskCancelRequested(_) = &event.attributes {
            // Only the gift wrap is ever canceled.
            self.gift_wrap_is_being_canceled = true;
        } else if let E::TimerFired(_) = &event.attributes {
            // There is but one timer.
            self.patience_is_over = true;
        } else if let E::WorkflowExecutionSignaled(signaled) = &event.attributes {
            self.is_confirmed |= signaled.signal_name.as_str() == CONFIRMED;
        } else if let E::WorkflowExecutionCancelRequested(_) = &event.attributes {
            self.is_cancel_requested = true;
        } else if let E::ScheduleActivityTaskFailed(failed) = &event.attributes {
            self.trouble = Some(format!("cannot schedule: {}", failed.cause.as_str()));
        } else if let E::StartTimerFailed(failed) = &event.attributes {
            self.trouble = Some(format!("cannot start a timer: {}", failed.cause.as_str()));
        }
    }

    fn close(&mut self, scheduled_event_id: EventId, progress: Progress) {
        if let Some((_, attempt)) = self.attempts.get_mut(&scheduled_event_id) {
            *attempt = progress;
        }
    }

    /// How the latest attempt at `activity` stands; nothing if there was none.
    fn progress(&self, activity: Activity) -> Option<Progress> {
        let latest = self.attempts.values().rev().find(|(attempted, _)| *attempted == activity);
        latest.map(|(_, progress)| *progress)
    }

    fn count(&self, activity: Activity) -> usize {
        self.attempts.values().filter(|(attempted, _)| *attempted == activity).count()
    }

    /// What to do next, as far as the history goes.
    pub fn plan(&self) -> Plan {
        if let Some(trouble) = &self.trouble {
            return self.give_up(trouble);
        }
        if self.is_cancel_requested {
            let decision = CancelWorkflowExecution { details: None };
            let decision = Decision::CancelWorkflowExecution(decision);
            let why = "cancel the order: somebody asked for it".to_owned();
            return plan(Stage::Closing, vec![Verdict { decision, why }]);
        }
        match self.progress(Activity::ReserveStock) {
            Some(Progress::Completed) => self.plan_charge(),
            Some(Progress::Open) => plan(Stage::Reserving, Vec::new()),
            Some(Progress::Failed | Progress::Canceled) => self.give_up("no stock"),
            None => {
                let why = "schedule reserve-stock: the order is new";
                plan(Stage::Reserving, vec![self.schedule(Activity::ReserveStock, why)])
            }
        }
    }

    fn plan_charge(&self) -> Plan {
        let charges = self.count(Activity::ChargeCard);
        let charge =
            |why: &str| plan(Stage::Charging, vec![self.schedule(Activity::ChargeCard, why)]);
        match self.progress(Activity::ChargeCard) {
            Some(Progress::Completed) => self.plan_fulfilment(),
            Some(Progress::Open) => plan(Stage::Charging, Vec::new()),
            Some(Progress::Failed | Progress::Canceled) if charges < CHARGES_MAX => {
                charge("schedule charge-card again: the last attempt failed")
            }
            Some(Progress::Failed | Progress::Canceled) => self.give_up("the card is refused"),
            None => charge("schedule charge-card: the stock is reserved"),
        }
    }

    fn plan_fulfilment(&self) -> Plan {
        let (Some(pack), Some(label), Some(wrap)) = (
            self.progress(Activity::Pack),
            self.progress(Activity::PrintLabel),
            self.progress(Activity::GiftWrap),
        ) else {
            return plan(Stage::Fulfilling, self.begin_fulfilment());
        };
        if [pack, label].iter().any(|part| matches!(part, Progress::Failed | Progress::Canceled)) {
            return self.give_up("the parcel could not be made");
        }
        if wrap == Progress::Open && self.patience_is_over && !self.gift_wrap_is_being_canceled {
            return plan(Stage::Fulfilling, vec![self.cancel_gift_wrap()]);
        }
        if [pack, label, wrap].contains(&Progress::Open) || !self.patience_is_over {
            return plan(Stage::Fulfilling, Vec::new());
        }
        if !self.is_confirmed {
            return plan(Stage::WaitingForCustomer, Vec::new());
        }
        let wrapping = if wrap == Progress::Completed { "with" } else { "without" };
        let result = Some(Data::from(format!("shipped, {wrapping} gift wrap")));
        let decision = CompleteWorkflowExecution { result };
        let decision = Decision::CompleteWorkflowExecution(decision);
        let why = "complete the order: the customer has confirmed it".to_owned();
        plan(Stage::Closing, vec![Verdict { decision, why }])
    }

    fn begin_fulfilment(&self) -> Vec<Verdict> {
        let timer = StartTimer {
            timer_id: PATIENCE.into(),
            start_to_fire_timeout: Timeout::Seconds(PATIENCE_SECONDS),
            control: None,
        };
        vec![
            self.schedule(Activity::Pack, "schedule pack: the card is charged"),
            self.schedule(Activity::PrintLabel, "schedule print-label, side by side with it"),
            self.schedule(Activity::GiftWrap, "schedule gift-wrap, too"),
            Verdict {
                decision: Decision::StartTimer(timer),
                why: format!("start the timer {PATIENCE}: {PATIENCE_SECONDS} s for the gift wrap"),
            },
        ]
    }

    fn cancel_gift_wrap(&self) -> Verdict {
        let activity_id = activity_id(Activity::GiftWrap, self.count(Activity::GiftWrap));
        let decision = RequestCancelActivityTask { activity_id };
        Verdict {
            decision: Decision::RequestCancelActivityTask(decision),
            why: "request the cancellation of gift-wrap: its timer has fired".to_owned(),
        }
    }

    fn give_up(&self, reason: &str) -> Plan {
        let decision = FailWorkflowExecution { reason: Some(reason.into()), details: None };
        let decision = Decision::FailWorkflowExecution(decision);
        plan(Stage::Closing, vec![Verdict { decision, why: format!("give up: {reason}") }])
    }

    /// The next attempt at `activity`; its number is the input.
    fn schedule(&self, activity: Activity, why: &str) -> Verdict {
        let attempt = self.count(activity) + 1;
        let decision = ScheduleActivityTask {
            activity_type: ActivityType { name: activity.name().into(), version: VERSION.into() },
            activity_id: activity_id(activity, attempt),
            control: None,
            input: Some(attempt.to_string().into()),
            // The registered defaults.
            schedule_to_close_timeout: None,
            task_list: None,
            task_priority: None,
            schedule_to_start_timeout: None,
            start_to_close_timeout: None,
            heartbeat_timeout: None,
        };
        Verdict { decision: Decision::ScheduleActivityTask(decision), why: why.to_owned() }
    }
}

/// Unique within an execution: the name of the activity and the number of the attempt.
fn activity_id(activity: Activity, attempt: usize) -> ActivityId {
    format!("{}-{attempt}", activity.name()).into()
}

fn plan(stage: Stage, verdicts: Vec<Verdict>) -> Plan {
    Plan { stage, verdicts }
}

#[cfg(test)]
mod tests;
