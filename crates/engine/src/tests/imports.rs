//! Histories from elsewhere: those of random scripts fold; with an event dropped, doubled, moved or
//! changed they are refused in words, or fold to something that works.

use super::random::{Prng, histories};
use super::world::{World, scope};
use crate::import::{Misfit, Replay, Takeover};
use crate::{Execution, Limits, RunIdentity, Surroundings, rows};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use wire::{Event, EventAttributes, EventId, Timestamp};

/// Each seed gives a family or a single execution.
const SEEDS: std::ops::Range<u64> = 0..160;

fn identity() -> RunIdentity {
    RunIdentity { scope: scope(), domain: "d".into(), workflow_id: "w".into(), run_id: "r1".into() }
}

fn replay(identity: RunIdentity, history: &[Event]) -> Result<Replay, Misfit> {
    let mut replay = Replay::new(identity);
    for event in history {
        let before = replay.clone();
        if let Err(misfit) = replay.add(event) {
            assert_eq!(replay, before, "what is refused changes nothing");
            return Err(misfit);
        }
    }
    Ok(replay)
}

/// Events from JSON, each given as `type {attributes}` at its number of seconds.
fn history(lines: &str) -> Vec<Event> {
    let lines = lines.lines().map(str::trim).filter(|line| !line.is_empty());
    let event = |(index, line): (usize, &str)| {
        let (event_type, attributes) = line.split_once(' ').unwrap_or((line, "{}"));
        let attributes: Value = serde_json::from_str(attributes).expect("it is JSON");
        let member =
            format!("{}{}EventAttributes", event_type[..1].to_lowercase(), &event_type[1..]);
        let event = json!({
            "eventId": index + 1, "eventTimestamp": index, "eventType": event_type, member: attributes,
        });
        serde_json::from_value(event).unwrap_or_else(|error| panic!("{error}: {line}"))
    };
    lines.enumerate().map(event).collect()
}

const STARTED: &str = r#"WorkflowExecutionStarted {"childPolicy":"TERMINATE","taskList":{"name":"l"},"workflowType":{"name":"order","version":"1"},"parentInitiatedEventId":0,"taskStartToCloseTimeout":"NONE"}
DecisionTaskScheduled {"taskList":{"name":"l"},"startToCloseTimeout":"NONE"}
DecisionTaskStarted {"scheduledEventId":2}
"#;

const COMPLETED: &str = r#"DecisionTaskCompleted {"scheduledEventId":2,"startedEventId":3}
"#;

fn taken_over(world: &World, replay: &Replay, takeover: &Takeover) -> crate::Transition {
    let now = replay.state().map_or(Timestamp(0), |state| state.last_event_timestamp);
    replay.take_over(takeover, world.around(), Timestamp(now.0 + 1)).expect("it has begun")
}

/// The state can be worked with: rows, description and every thing that falls due.
fn works(state: &Execution) {
    let around_limits = Limits::AWS;
    let registry = crate::Registry::default();
    let around = Surroundings {
        registry: &registry,
        limits: &around_limits,
        open_executions: 1,
        calls_functions: true,
    };
    let mut state = state.clone();
    for _ in 0..100 {
        assert!(!rows::all(&state).is_empty());
        drop(state.detail());
        let Some(due) = state.next_deadline() else { return };
        let fired = state.apply(&crate::Command::FireDue, around, due.at).expect("it is open");
        state = fired.after;
    }
}

#[test]
fn histories_of_random_scripts_fold_to_their_states() {
    let mut open = 0;
    for (state, history) in SEEDS.flat_map(histories) {
        let replay = replay(RunIdentity::clone(&state.identity), &history);
        let replay = replay.unwrap_or_else(|misfit| panic!("{misfit}"));
        let mut expected = state.clone();
        for activity in expected.activities.values_mut() {
            activity.started.iter_mut().for_each(|started| started.heartbeat = None);
        }
        assert_eq!(replay.state(), Some(&expected));
        let stored = serde_json::to_string(&replay).expect("it can be stored");
        let restored: Replay = serde_json::from_str(&stored).expect("and read back");
        assert_eq!(restored, replay);
        open += usize::from(state.is_open());
    }
    assert!(open > 50, "{open} of them are open");
}

#[test]
fn an_execution_that_was_taken_over_is_never_stuck() {
    let world = World::new();
    let mut started = 0;
    for (state, history) in SEEDS.flat_map(histories).filter(|(state, _)| state.is_open()) {
        // In the middle of what was written, too.
        for length in [history.len(), history.len() - 1, history.len() / 2 + 1] {
            let replay = replay(RunIdentity::clone(&state.identity), &history[..length]);
            let replay = replay.expect("the beginning of a history folds, too");
            let takeover = Takeover { times_out_started: true, ..Takeover::default() };
            let transition = taken_over(&world, &replay, &takeover);
            let after = &transition.after;
            assert!(after.decision_task_started.is_none(), "nobody holds a decision task");
            assert!(after.activities.values().all(|activity| activity.started.is_none()));
            started += usize::from(!transition.events.is_empty());
            let waits = after.decision_task_scheduled.is_some();
            let decided = after.previous_started_event_id != EventId::NONE;
            assert!(waits || decided, "somebody is to decide, or has");
            let whole = history[..length].iter().chain(&transition.events).cloned();
            let whole: Vec<Event> = whole.collect();
            let again = self::replay(RunIdentity::clone(&state.identity), &whole);
            assert_eq!(again.expect("it folds").state(), Some(after));
            works(after);
        }
    }
    assert!(started > 50);
}

/// What can happen to a file.
fn damaged(prng: &mut Prng, history: &[Event]) -> Vec<Event> {
    let mut damaged = history.to_vec();
    let at = prng.below(history.len() as u64) as usize;
    let other = prng.below(history.len() as u64) as usize;
    let mut renumber = prng.below(2) == 0;
    match prng.below(5) {
        0 => drop(damaged.remove(at)),
        1 => damaged.insert(other, history[at].clone()),
        2 => damaged.swap(at, other),
        3 => damaged[at].attributes = history[other].attributes.clone(),
        _ => {
            // A number in it is another one.
            let mut json = serde_json::to_value(&damaged[at]).expect("it can be written");
            let named = json.as_object_mut().expect("an object").values_mut();
            for attributes in named.filter_map(Value::as_object_mut) {
                for value in attributes.values_mut().filter(|value| value.is_u64()) {
                    *value = json!(prng.below(history.len() as u64 + 2));
                }
            }
            damaged[at] = serde_json::from_value(json).expect("numbers are numbers");
            renumber = false;
        }
    }
    if renumber {
        // Then the ids are no help.
        for (index, event) in damaged.iter_mut().enumerate() {
            event.event_id = EventId(index as u64 + 1);
            event.event_timestamp = history[0].event_timestamp;
        }
    }
    damaged
}

#[test]
fn damaged_histories_are_refused_or_work() {
    let world = World::new();
    let mut prng = Prng(7);
    let (mut refused, mut folded) = (BTreeSet::new(), 0);
    for (state, history) in SEEDS.flat_map(histories) {
        for _ in 0..20 {
            let damaged = damaged(&mut prng, &history);
            match replay(RunIdentity::clone(&state.identity), &damaged) {
                Ok(replay) => {
                    folded += 1;
                    if replay.state().is_some() {
                        works(&taken_over(&world, &replay, &Takeover::default()).after);
                    }
                }
                Err(misfit) => {
                    let text = misfit.to_string();
                    let kind = text.split_once(": ").map_or("", |(_, kind)| kind);
                    refused
                        .insert(kind.split(|c: char| c.is_ascii_digit()).next().map(str::to_owned));
                }
            }
        }
    }
    assert!(folded > 100 && refused.len() > 40, "{folded} folded; {refused:?}");
}

#[track_caller]
fn refused(lines: &str, expected: &str) {
    let misfit = replay(identity(), &history(lines)).expect_err("it cannot be");
    assert_eq!(misfit.to_string(), expected);
}

#[test]
fn what_is_refused_is_said_in_words() {
    let with = |lines: &str| format!("{STARTED}{COMPLETED}{lines}");
    refused(
        r#"DecisionTaskScheduled {"taskList":{"name":"l"}}"#,
        "event 1: a history begins with WorkflowExecutionStarted, not with DecisionTaskScheduled",
    );
    refused(
        &with(r#"ActivityTaskStarted {"scheduledEventId":12}"#),
        "event 5: ActivityTaskStarted names scheduledEventId 12, which is no open activity",
    );
    refused(
        &with(r#"DecisionTaskCompleted {"scheduledEventId":2,"startedEventId":3}"#),
        "event 5: DecisionTaskCompleted names scheduledEventId 2, which is no started decision task",
    );
    refused(
        &format!("{STARTED}{}", COMPLETED.replace(":3", ":1")),
        "event 4: DecisionTaskCompleted names startedEventId 1 where 3 belongs to it",
    );
    let timer =
        r#"TimerStarted {"timerId":"t","startToFireTimeout":"5","decisionTaskCompletedEventId":4}"#;
    refused(
        &with(&format!("{timer}\n{timer}")),
        "event 6: TimerStarted names timerId t, which is a running timer already",
    );
    refused(
        &with(r#"TimerFired {"timerId":"t","startedEventId":5}"#),
        "event 5: TimerFired names timerId t, which is no running timer",
    );
    refused(
        &with(
            r#"ExternalWorkflowExecutionSignaled {"workflowExecution":{"workflowId":"v","runId":"r"},"initiatedEventId":5}"#,
        ),
        "event 5: ExternalWorkflowExecutionSignaled names initiatedEventId 5, which is no signal or \
         request to cancel without an outcome",
    );
    refused(
        &with(
            "WorkflowExecutionCompleted {\"decisionTaskCompletedEventId\":4}\nWorkflowExecutionCancelRequested {\"externalInitiatedEventId\":0}",
        ),
        "event 6: WorkflowExecutionCancelRequested follows the event that closed the execution",
    );
    let activity = r#"ActivityTaskScheduled {"activityType":{"name":"a","version":"1"},"activityId":"a","taskList":{"name":"l"},"decisionTaskCompletedEventId":4}"#;
    refused(
        &with(&format!(
            "{activity}\nActivityTaskTimedOut {{\"timeoutType\":\"HEARTBEAT\",\"scheduledEventId\":5,\"startedEventId\":0}}"
        )),
        "event 6: ActivityTaskTimedOut says HEARTBEAT of a task that is not started",
    );
    let mut back = history(STARTED);
    back[2].event_timestamp = Timestamp(0);
    let misfit = replay(identity(), &back).expect_err("time goes on");
    assert_eq!(
        misfit.to_string(),
        "event 3: DecisionTaskStarted is older than the event before it, which is of 1000 ms"
    );
    back[2].event_id = EventId(4);
    let misfit = replay(identity(), &back).expect_err("ids are dense");
    assert_eq!(misfit.to_string(), "event 4: event 3 comes next");
}

#[test]
fn a_started_decision_task_times_out_and_is_scheduled_again() {
    let world = World::new();
    let replay = replay(identity(), &history(STARTED)).expect("it folds");
    let transition = taken_over(&world, &replay, &Takeover::default());
    let types: Vec<_> = transition.events.iter().map(|e| e.attributes.event_type()).collect();
    assert_eq!(types, ["DecisionTaskTimedOut", "DecisionTaskScheduled"]);
    let EventAttributes::DecisionTaskTimedOut(timed_out) = &transition.events[0].attributes else {
        panic!("it is one");
    };
    assert_eq!(
        (timed_out.scheduled_event_id, timed_out.started_event_id),
        (EventId(2), EventId(3))
    );
    assert_eq!(timed_out.timeout_type, wire::DecisionTaskTimeoutType::StartToClose);
}

#[test]
fn an_execution_that_waits_for_something_else_goes_on_without_an_event() {
    let world = World::new();
    let lines = format!(
        "{STARTED}{COMPLETED}{}",
        r#"TimerStarted {"timerId":"t","startToFireTimeout":"5","decisionTaskCompletedEventId":4}"#
    );
    let replay = replay(identity(), &history(&lines)).expect("it folds");
    let transition = taken_over(&world, &replay, &Takeover::default());
    assert_eq!(transition.events, []);
    assert_eq!(transition.messages, []);
}

#[test]
fn what_was_announced_is_sent_again_if_that_is_asked_for() {
    let mut world = World::new();
    world.step("at 100 start workflowId=v");
    world.step("start workflowId=w");
    world.step("hold");
    world.step("poll");
    world.step("decide signal-external v s control=k; cancel-external v; child c");
    let run = &world.oracle.runs[1];
    let identity = RunIdentity::clone(&run.state.identity);
    let replay = replay(identity, &run.history).expect("it folds");
    let unanswered = replay.unanswered();
    assert_eq!(unanswered.len(), 3);
    let resend: Vec<Event> =
        run.history.iter().filter(|event| unanswered.contains(&event.event_id)).cloned().collect();
    let sent = |resend: Vec<Event>| {
        let takeover = Takeover { resend, run_ids: vec!["r9".into()], ..Takeover::default() };
        taken_over(&world, &replay, &takeover).messages
    };
    assert_eq!(sent(Vec::new()), []);
    let mut live = Vec::new();
    let again = sent(resend);
    while let Some(message) = world.post.pop() {
        live.push(message);
    }
    // The child would have been another run.
    let text =
        |messages: &[crate::message::Message]| format!("{messages:?}").replace("\"r3\"", "\"r9\"");
    assert_eq!(text(&again), text(&live));
}

#[test]
fn a_parent_is_told_of_its_child_what_it_does_not_know() {
    let script = |last: &str| {
        let mut world = World::new();
        world.step("at 100 start workflowId=w");
        world.step("poll");
        world.step("decide child c");
        world.step("on r2");
        world.step("poll");
        world.step(last);
        world
    };
    let world = script("decide complete result=done");
    let child = &world.oracle.runs[1];
    let replayed = replay(RunIdentity::clone(&child.state.identity), &child.history);
    let transition = taken_over(&world, &replayed.expect("it folds"), &Takeover::default());
    assert_eq!(transition.events, []);
    let parent = &world.oracle.runs[0];
    // As it was before it heard of the child, after the first news, and now.
    let types: Vec<_> = parent.history.iter().map(|event| event.attributes.event_type()).collect();
    let heard = |until: Option<&str>| {
        let length = until.map_or(types.len(), |until| {
            types.iter().position(|known| *known == until).expect("it has been told")
        });
        let identity = RunIdentity::clone(&parent.state.identity);
        let replay = replay(identity, &parent.history[..length]).expect("it folds");
        let mut state = replay.state().expect("it has begun").clone();
        let mut told = Vec::new();
        for message in &transition.messages {
            let received = state.receive(message.content.clone(), world.around(), world.now);
            told.extend(received.events.iter().map(|event| event.attributes.event_type()));
            state = received.after;
        }
        told.retain(|event_type| event_type.starts_with("Child"));
        told
    };
    let (started, completed) = ("ChildWorkflowExecutionStarted", "ChildWorkflowExecutionCompleted");
    assert_eq!(heard(Some(started)), [started, completed]);
    assert_eq!(heard(Some(completed)), [completed]);
    assert_eq!(heard(None), [""; 0]);
}
