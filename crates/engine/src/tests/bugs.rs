//! Proof that the oracle notices: each deliberate bug must break it, at the promise it breaks.

use super::check;
use super::world::World;
use crate::rows::{self, Change, Key, TaskKind, Value};
use crate::{Command, Transition};
use std::panic::{AssertUnwindSafe, catch_unwind};
use wire::event::{DecisionTaskScheduled, DecisionTaskStarted, MarkerRecorded, TimerFired};
use wire::{EventAttributes, EventId, TaskList, Timeout, Timestamp};

/// What the oracle is shown of one command.
pub struct Shown {
    pub command: Command,
    pub transition: Transition,
    pub changes: Vec<Change>,
    pub now: Timestamp,
}

impl Shown {
    pub fn push(&mut self, attributes: impl Into<EventAttributes>) {
        let mut event = self.transition.events.last().expect("there are events").clone();
        event.event_id = event.event_id.next();
        event.attributes = attributes.into();
        self.transition.events.push(event);
    }
}

/// After `script`, shows `line` to the oracle as it is, which passes, and then spoiled by `spoil`,
/// which must break the promise that `complaint` names.
#[track_caller]
pub fn check_bug(script: &str, line: &str, complaint: &str, spoil: impl Fn(&mut Shown)) {
    let show = |spoil: &dyn Fn(&mut Shown)| {
        let mut world: World = check(script);
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let command = world.command(verb, rest).expect("the command is well formed");
        let transition = world.state().apply(&command, world.around(), world.now);
        let transition = transition.expect("the command is taken");
        let changes = rows::changes(Some(world.state()), &transition);
        let mut shown = Shown { command, transition, changes, now: world.now };
        spoil(&mut shown);
        let (run, oracle) = (world.run(), &mut world.oracle);
        oracle.follow(run, &shown.command, &shown.transition, shown.changes, shown.now);
        world.post(&shown.transition);
        world.deliver_free();
    };
    show(&|_| ());
    check_panic(complaint, || show(&spoil));
}

/// Something goes wrong so that the oracle complains.
#[track_caller]
pub fn check_panic(complaint: &str, bug: impl FnOnce()) {
    let panic = catch_unwind(AssertUnwindSafe(bug)).expect_err("a bug goes unnoticed");
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    let text = text.expect("a panic has a text");
    assert!(text.contains(complaint), "noticed for another reason: {text}");
}

const STARTED: &str = "~ at 0 start\n~ poll";
const WORKING: &str = "
    ~ at 0 start
    ~ poll
    ~ decide schedule a heartbeatTimeout=5; schedule b; timer t 9
    ~ take a
    ~ at 3 beat a details=x
    ";

fn scheduled() -> DecisionTaskScheduled {
    DecisionTaskScheduled {
        task_list: TaskList { name: "deciders".into() },
        task_priority: None,
        start_to_close_timeout: Some(Timeout::Seconds(60)),
        schedule_to_start_timeout: Some(Timeout::Unlimited),
    }
}

fn is_wake(change: &Change) -> bool {
    matches!(change, Change::Put(Key::Wake(..), _) | Change::Delete(Key::Wake(..)))
}

fn is_task(change: &Change) -> bool {
    matches!(change, Change::Put(Key::Task(_), _) | Change::Delete(Key::Task(_)))
}

#[test]
fn events_missing_or_too_many() {
    check_bug(STARTED, "signal s", "a decision task is pending", |shown| {
        shown.transition.events.pop();
    });
    check_bug(STARTED, "signal s", "event ids are dense", |shown| {
        shown.transition.events.remove(0);
    });
    check_bug(STARTED, "signal s", "event ids are dense", |shown| {
        shown.transition.events[1].event_id = EventId(7);
    });
    check_bug(STARTED, "decide", "is scheduled for a reason", |shown| shown.push(scheduled()));
    let waiting = "~ start\n~ poll\n~ signal one";
    check_bug(waiting, "signal two", "at most one decision task waits", |shown| {
        shown.push(scheduled());
    });
    check_bug(waiting, "signal two", "at most one decision task is started", |shown| {
        shown.push(DecisionTaskStarted { scheduled_event_id: EventId(5), identity: None });
    });
    check_bug(STARTED, "terminate", "nothing follows a closing event", |shown| {
        shown.push(scheduled());
    });
    check_bug(STARTED, "decide marker m", "is no decision's", |shown| {
        shown.push(MarkerRecorded {
            marker_name: "m".into(),
            decision_task_completed_event_id: EventId(1),
            details: None,
        });
    });
    check_bug(STARTED, "decide marker m; timer t 1; timer t 1", "scheduled last", |shown| {
        let events = &mut shown.transition.events;
        let last = events.len() - 1;
        let marker = events[1].attributes.clone();
        events[1].attributes = events[3].attributes.clone();
        events[3].attributes = events[last].attributes.clone();
        events[last].attributes = marker;
    });
}

#[test]
fn times_that_are_wrong() {
    check_bug(STARTED, "signal s", "a transition happens now", |shown| {
        shown.transition.events[1].event_timestamp.0 += 1;
    });
    check_bug("~ at 5 start", "signal s", "a transition happens now", |shown| {
        shown.transition.events.iter_mut().for_each(|event| event.event_timestamp = Timestamp(0));
    });
}

#[test]
fn things_that_happen_early_late_or_to_others() {
    let timer = "~ at 0 start\n~ poll\n~ decide timer t 9\n~ at 8 signal s";
    check_bug(timer, "signal s", "a timer fired too early", |shown| {
        shown.push(TimerFired { timer_id: "t".into(), started_event_id: EventId(5) });
        shown.push(scheduled());
    });
    check_bug(timer, "signal s", "the timer runs", |shown| {
        shown.push(TimerFired { timer_id: "u".into(), started_event_id: EventId(5) });
    });
    let due = "~ at 0 start\n~ poll\n~ decide timer t 9\n~ at 9 signal s";
    check_bug(due, "wake", "what is due happens", |shown| shown.transition.events.clear());
    check_bug(WORKING, "completed a", "which start", |shown| {
        let event = &mut shown.transition.events[0];
        if let EventAttributes::ActivityTaskCompleted(completed) = &mut event.attributes {
            completed.started_event_id = EventId(2);
        }
    });
    let late = format!("{WORKING}~ at 8 signal s");
    check_bug(&late, "wake", "the last heartbeat's details", |shown| {
        let event = &mut shown.transition.events[0];
        if let EventAttributes::ActivityTaskTimedOut(timed_out) = &mut event.attributes {
            timed_out.details = None;
        }
    });
    check_bug(STARTED, "decide", "a command that does not fit is refused", |shown| {
        if let Command::CompleteDecisionTask(answer) = &mut shown.command {
            answer.started_event_id = EventId(2);
        }
    });
}

#[test]
fn a_command_that_fits_is_not_refused() {
    let world = check(STARTED);
    let fault = wire::Fault::unknown_decision_task(EventId(2));
    let refused = catch_unwind(AssertUnwindSafe(|| {
        world.oracle.refuse(0, &Command::RequestCancel, &fault);
    }));
    assert!(refused.is_err(), "a bug goes unnoticed");
}

#[test]
fn a_state_that_is_not_its_history() {
    check_bug(STARTED, "request-cancel", "the state is the fold of the history", |shown| {
        shown.transition.after.cancel_requested = false;
    });
    check_bug(WORKING, "beat a details=y", "the state is the fold of the history", |shown| {
        shown.transition.heartbeat.as_mut().expect("there is one").details = None;
    });
    check_bug(WORKING, "beat a details=y", "a heartbeat counts from when it came", |shown| {
        shown.transition.heartbeat = None;
    });
    let earlier = format!("{WORKING}\n~ at 2 request-cancel");
    check_bug(&earlier, "beat a", "a heartbeat counts from when it came", |shown| {
        shown.transition.heartbeat.as_mut().expect("there is one").at = Timestamp(2000);
    });
    check_bug(WORKING, "terminate", "the state is the fold of the history", |shown| {
        shown.transition.after.timers.clear();
    });
    check_bug(STARTED, "decide continue", "the state is the fold of the history", |shown| {
        let successor = shown.transition.successor.as_mut().expect("there is one");
        successor.after.cancel_requested = true;
    });
}

#[test]
fn rows_that_are_missing_or_wrong() {
    let projection = "the rows are the projection of the states";
    check_bug(WORKING, "take b", projection, |shown| {
        shown.changes.retain(|change| !is_task(change));
    });
    let later = format!("{WORKING}~ at 4 signal s");
    check_bug(&later, "beat a", projection, |shown| {
        shown.changes.retain(|change| !is_wake(change));
    });
    check_bug(STARTED, "decide timer t 5", projection, |shown| {
        shown.changes.retain(|change| !is_wake(change));
    });
    check_bug(WORKING, "signal s", projection, |shown| {
        for change in &mut shown.changes {
            if let Change::Put(Key::Task(_), value) = change {
                *value = Value::Task { deliverable: false };
            }
        }
    });
    check_bug(WORKING, "completed a", projection, |shown| {
        shown.changes.retain(|change| !matches!(change, Change::Delete(Key::Heartbeat(..))));
    });
    check_bug(WORKING, "terminate", projection, |shown| {
        shown.changes.retain(|change| !matches!(change, Change::Delete(Key::OpenRun(_))));
    });
    check_bug(WORKING, "signal s", projection, |shown| {
        for change in &mut shown.changes {
            if let Change::Put(Key::Task(key), _) = change {
                key.list.kind = TaskKind::Activity;
            }
        }
    });
    check_bug(WORKING, "signal s", "only a row that is there is deleted", |shown| {
        let wake = Key::Wake(Timestamp(1), "r1".into());
        shown.changes.push(Change::Delete(wake));
    });
}
