//! Decisions that come too fast: counted where the run is known, refused by the engine.

use super::*;
use crate::throttle::Rate;

fn rig(throttles: Throttles) -> Rig {
    let mut rig = Rig::new();
    rig.throttles = throttles;
    rig.restart();
    rig.start("w", "r1").expect("the first of its id");
    rig
}

fn decisions(decision_type: DecisionType, bucket: u32, refill_per_second: u32) -> Throttles {
    let decisions = [(decision_type, Rate { bucket, refill_per_second })].into();
    Throttles { decisions, ..Throttles::default() }
}

fn count(rig: &Rig, event_type: &str) -> usize {
    rig.history("r1").iter().filter(|found| **found == event_type).count()
}

fn on(list: &str, activity_id: &str) -> Value {
    let mut decision = activity(activity_id);
    decision["scheduleActivityTaskDecisionAttributes"]["taskList"] = json!({"name": list});
    decision
}

#[test]
fn timers_beyond_the_rate_fail_and_the_rate_goes_on() {
    let mut rig = rig(decisions(DecisionType::StartTimer, 2, 1));
    rig.decide(json!([timer("a", 900), timer("b", 900), timer("c", 900)]));
    assert_eq!((count(&rig, "TimerStarted"), count(&rig, "StartTimerFailed")), (2, 1));
    rig.now += 1_000;
    rig.decide(json!([timer("d", 900), timer("e", 900)])); // The failure was news.
    assert_eq!((count(&rig, "TimerStarted"), count(&rig, "StartTimerFailed")), (3, 2));
}

/// An answer to a task that is not held any more takes no tokens from others.
#[test]
fn an_answer_that_is_refused_counts_for_nothing() {
    let mut rig = rig(decisions(DecisionType::StartTimer, 1, 1));
    let task = rig.poll(TaskKind::Decision);
    let mut stale = task.clone();
    stale.ids.started = EventId(99);
    let unknown = fault(Fault::unknown_decision_task(task.ids.scheduled));
    assert_eq!(rig.step(complete(&stale, json!([timer("a", 900)]))), unknown);
    assert_eq!(rig.step(complete(&task, json!([timer("b", 900)]))), Ok(Outcome::Done));
    assert_eq!(count(&rig, "TimerStarted"), 1);
}

/// It goes no further: those who may schedule something are not slowed down by those who may not.
#[test]
fn a_decision_that_is_not_permitted_takes_no_token() {
    let mut rig = rig(decisions(DecisionType::StartTimer, 1, 1));
    let task = rig.poll(TaskKind::Decision);
    let mut answer = complete(&task, json!([timer("a", 900), timer("b", 900)]));
    let ShardCommand::Apply(_, Command::CompleteDecisionTask(answered)) = &mut answer else {
        panic!("it is what it was")
    };
    answered.not_permitted.insert(0);
    assert_eq!(rig.step(answer), Ok(Outcome::Done));
    assert_eq!((count(&rig, "TimerStarted"), count(&rig, "StartTimerFailed")), (1, 1));
}

/// Each list has its own rate, whether the decision or the type names it.
#[test]
fn activities_are_counted_per_task_list() {
    let rate = Rate { bucket: 1, refill_per_second: 1 };
    let throttles = Throttles { activities_per_task_list: Some(rate), ..Throttles::default() };
    let mut rig = rig(throttles);
    rig.decide(json!([
        on("x", "a"),
        on("x", "b"),
        activity("c"),
        on("workers", "d"),
        on("y", "e")
    ]));
    let scheduled = ["a", "c", "e"];
    let found: Vec<String> = audit::history(&rig.memory, &"r1".into())
        .into_iter()
        .filter_map(|event| {
            let EventAttributes::ActivityTaskScheduled(scheduled) = event.attributes else {
                return None;
            };
            Some(scheduled.activity_id.to_string())
        })
        .collect();
    assert_eq!(found, scheduled);
    assert_eq!(count(&rig, "ScheduleActivityTaskFailed"), 2);
}

#[test]
fn by_default_nothing_is_counted() {
    let mut rig = rig(Throttles::default());
    let timers: Vec<Value> = (0..900).map(|number| timer(&format!("t{number}"), 900)).collect();
    rig.decide(json!(timers));
    assert_eq!(count(&rig, "TimerStarted"), 900);
}
