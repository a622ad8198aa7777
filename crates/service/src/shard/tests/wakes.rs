//! What happens by itself: timers and time-outs, through restarts and with clocks that jump.

use super::*;
use crate::shard::due::WAKES_PER_BATCH_MAX;
use crate::wakes::WAKES_MAX;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use store::memory::{Call, Fault as Injected};

fn fired(rig: &Rig, run_id: &str) -> Vec<String> {
    let mut texts = Vec::new();
    for event in audit::history(&rig.memory, &run_id.into()) {
        if let EventAttributes::TimerFired(fired) = event.attributes {
            texts.push(format!("{}@{}", fired.timer_id, event.event_timestamp.0));
        }
    }
    texts
}

/// A run that has started these timers at 1,000 ms.
fn with_timers(timers: &[(&str, u32)]) -> Rig {
    let mut rig = Rig::new();
    rig.start("w", "r1").expect("the first of its id");
    let decisions: Vec<Value> = timers.iter().map(|(id, seconds)| timer(id, *seconds)).collect();
    rig.decide(json!(decisions));
    rig
}

#[test]
fn timers_of_the_same_millisecond_all_fire_in_their_order() {
    let mut rig = with_timers(&[("b", 5), ("a", 5), ("c", 6)]);
    assert_eq!(rig.shard.next_wake(), Some(Timestamp(6_000)));
    rig.settle(5_999);
    assert_eq!(fired(&rig, "r1"), [""; 0]);
    rig.settle(6_000);
    assert_eq!(fired(&rig, "r1"), ["b@6000", "a@6000"]);
    rig.settle(7_500);
    assert_eq!(fired(&rig, "r1"), ["b@6000", "a@6000", "c@7500"]);
}

#[test]
fn a_timer_of_zero_fires_at_once_but_not_in_the_batch_that_started_it() {
    let mut rig = with_timers(&[("a", 0), ("b", 0)]);
    assert_eq!(fired(&rig, "r1"), [""; 0]);
    assert_eq!(rig.shard.next_wake(), Some(Timestamp(1_000)));
    rig.tick(1_000);
    assert_eq!(fired(&rig, "r1"), ["a@1000", "b@1000"]);
}

#[test]
fn a_timer_that_is_canceled_and_started_again_fires_at_the_later_time() {
    let mut rig = with_timers(&[("a", 5)]);
    rig.step(signal(open("w"), "x")).expect("the run is open");
    let cancel = json!({
        "decisionType": "CancelTimer",
        "cancelTimerDecisionAttributes": {"timerId": "a"},
    });
    rig.decide(json!([cancel, timer("a", 8)]));
    rig.settle(8_999);
    assert_eq!(fired(&rig, "r1"), [""; 0]);
    rig.settle(9_000);
    assert_eq!(fired(&rig, "r1"), ["a@9000"]);
}

#[test]
fn what_fell_due_while_nobody_was_there_happens_after_a_restart() {
    let mut rig = with_timers(&[("a", 5), ("b", 5), ("c", 7)]);
    rig.restart();
    assert_eq!(rig.shard.next_wake(), Some(Timestamp(i64::MIN)), "it has to look");
    rig.settle(60_000);
    assert_eq!(fired(&rig, "r1"), ["a@60000", "b@60000", "c@60000"]);
    assert_eq!(rig.offers.len(), 1, "one decision task tells of all three");
}

#[test]
fn a_clock_that_is_set_back_delays_and_never_reorders() {
    let mut rig = with_timers(&[("a", 5)]);
    rig.now = 500;
    rig.step(signal(open("w"), "x")).expect("the run is open");
    rig.settle(500);
    let times: Vec<i64> = audit::history(&rig.memory, &"r1".into())
        .iter()
        .map(|event| event.event_timestamp.0)
        .collect();
    assert!(times.is_sorted() && times.last() == Some(&1_000), "{times:?}");
    rig.decide(json!([timer("b", 1)]));
    rig.settle(1_999);
    assert_eq!(fired(&rig, "r1"), [""; 0], "a second counts from the newest event");
    rig.settle(6_000);
    assert_eq!(fired(&rig, "r1"), ["b@6000", "a@6000"]);
}

#[test]
fn a_heartbeat_puts_the_time_out_off() {
    let mut rig = Rig::new();
    rig.start("w", "r1").expect("the first of its id");
    rig.decide(json!([activity("a1")]));
    let task = rig.poll(TaskKind::Activity);
    rig.settle(20_999);
    rig.step(heartbeat(&task, "half")).expect("the activity is open");
    rig.restart();
    rig.settle(40_998);
    rig.step(heartbeat(&task, "more")).expect("the activity is open");
    rig.settle(60_997);
    assert_eq!(rig.history("r1").last(), Some(&"ActivityTaskStarted"));
    rig.settle(60_998);
    let events = audit::history(&rig.memory, &"r1".into());
    let mut details = Vec::new();
    for event in events {
        if let EventAttributes::ActivityTaskTimedOut(timed_out) = event.attributes {
            details.push(timed_out.details);
        }
    }
    assert_eq!(details, [Some("more".into())], "with the newest details");
}

#[test]
fn a_decision_task_that_nobody_answers_is_offered_again() {
    let mut rig = Rig::new();
    rig.start("w", "r1").expect("the first of its id");
    let lost = rig.poll(TaskKind::Decision);
    rig.settle(11_000);
    let again = rig.poll(TaskKind::Decision);
    assert_ne!(lost.ids, again.ids);
    let stale = fault(Fault::unknown_decision_task(lost.ids.scheduled));
    assert_eq!(rig.step(complete(&lost, json!([finish()]))), stale);
    assert_eq!(rig.step(complete(&again, json!([finish()]))), Ok(Outcome::Done));
}

/// More runs than wake-ups fit in memory, each with two of them.
#[test]
fn more_wake_ups_than_memory_holds_all_happen_in_time() {
    let mut rig = Rig::unaudited();
    let runs = WAKES_MAX + 300;
    let timeout = |index: usize| (10 + (index * 7919) % 500) as i64;
    let start = |index: usize| {
        let seconds = timeout(index).to_string();
        let extra = json!({"executionStartToCloseTimeout": seconds});
        start(&format!("w{index}"), &format!("r{index}"), extra)
    };
    for batch in (0..runs).collect::<Vec<_>>().chunks(COMMANDS_MAX) {
        let answers = rig.steps(batch.iter().map(|index| start(*index)).collect());
        assert!(answers.iter().all(Result::is_ok));
    }
    rig.audit();
    let mut closed = 0;
    for second in [9, 10, 250, 508, 600] {
        let now = 1_000 + second * 1_000;
        rig.settle(now);
        let due = (0..runs).filter(|index| timeout(*index) <= second).count();
        let states = audit::check_rows(&rig.memory);
        let done = states.iter().filter(|state| !state.is_open());
        let on_time = |state: &&Execution| state.closed.is_some_and(|c| c.at.0 <= now);
        assert!(done.clone().all(|state| on_time(&state)));
        closed = done.count();
        assert_eq!(closed, due, "after {second} seconds");
        if second == 250 {
            rig.restart();
        }
    }
    assert_eq!(closed, runs);
    assert_eq!(rig.shard.wakes.next(), None);
}

/// Time never goes backwards within a history (the audit looks), and nothing fires before the time
/// has come that counts from the history's.
#[test]
fn nothing_fires_early_when_the_clock_is_set_back() {
    let mut rig = Rig::new();
    rig.now = 10_000;
    rig.start("w", "r1").expect("the first of its id");
    rig.now = 2_000;
    rig.decide(json!([timer("t", 5)]));
    for now in [7_000, 14_999] {
        rig.settle(now);
        assert_eq!(rig.history("r1").last(), Some(&"TimerStarted"), "at {now}");
    }
    rig.settle(15_000);
    assert_eq!(rig.history("r1")[5..], ["TimerFired", "DecisionTaskScheduled"]);
    rig.now = 1_000;
    rig.step(signal(open("w"), "late")).expect("the run is open");
    let events = audit::history(&rig.memory, &"r1".into());
    let times: Vec<i64> = events.iter().map(|event| event.event_timestamp.0).collect();
    assert_eq!(times, [10_000, 10_000, 10_000, 10_000, 10_000, 15_000, 15_000, 15_000]);
}

/// More runs are due than memory has wake-ups for, and none of them can be read.
#[test]
fn a_step_ends_though_no_due_run_can_be_read() {
    const RUNS: usize = WAKES_MAX + 76;
    let mut rig = Rig::unaudited();
    for n in 0..RUNS {
        let members = json!({"executionStartToCloseTimeout": "60"});
        rig.step(start(&format!("w{n}"), &format!("r{n}"), members)).expect("it starts");
    }
    let (fails, gets) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
    let (seen, counted) = (Arc::clone(&fails), Arc::clone(&gets));
    let faulty = rig.memory.with_faults(move |call| match call {
        // Without an end of its own the step would still end, after very many reads.
        Call::Get { .. } if seen.load(Ordering::Relaxed) => {
            (counted.fetch_add(1, Ordering::Relaxed) < 20_000).then_some(Injected::Lost)
        }
        Call::Get { .. }
        | Call::Claim { .. }
        | Call::Commit { .. }
        | Call::Scan { .. }
        | Call::Snapshot => None,
    });
    rig.shard = claim(&faulty, &rig.registry);
    rig.now += 120_000;
    rig.steps(Vec::new());
    let read = gets.load(Ordering::Relaxed);
    assert!(read <= 2 * WAKES_MAX, "one step has read {read} times");
    let wake = rig.shard.next_wake().expect("it tries again");
    assert_eq!(wake, Timestamp(rig.now + STORE_RETRY_MS), "soon");

    fails.store(false, Ordering::Relaxed);
    rig.settle(wake.0);
    for n in 0..RUNS {
        assert!(rig.history(&format!("r{n}")).contains(&"WorkflowExecutionTimedOut"));
    }
}

/// However many there are: more here than one batch holds.
#[test]
fn runs_that_cannot_be_woken_do_not_hold_up_those_behind_them() {
    let mut rig = Rig::unaudited();
    let members = json!({"executionStartToCloseTimeout": "60"});
    let mut broken = BTreeSet::new();
    for n in 0..WAKES_PER_BATCH_MAX + 50 {
        let run_id = format!("broken{n}");
        rig.step(start(&run_id, &run_id, members.clone())).expect("it starts");
        broken.insert(keys::row(&Key::Run(run_id.as_str().into())));
    }
    rig.now += 1_000;
    rig.step(start("whole", "whole", members)).expect("it starts");
    let faulty = rig.memory.with_faults(move |call| match call {
        Call::Get { key, .. } => broken.contains(*key).then_some(Injected::Lost),
        Call::Claim { .. } | Call::Commit { .. } | Call::Scan { .. } | Call::Snapshot => None,
    });
    rig.shard = claim(&faulty, &rig.registry);
    rig.tick(rig.now + 120_000);
    assert!(rig.history("whole").contains(&"WorkflowExecutionTimedOut"));
}

#[test]
fn a_run_that_cannot_be_read_is_woken_when_it_can() {
    let mut rig = with_timers(&[("a", 5)]);
    let fails = Arc::new(AtomicBool::new(true));
    let seen = Arc::clone(&fails);
    let faulty = rig.memory.with_faults(move |call| match call {
        Call::Get { .. } => seen.load(Ordering::Relaxed).then_some(Injected::Lost),
        Call::Claim { .. } | Call::Commit { .. } | Call::Scan { .. } | Call::Snapshot => None,
    });
    rig.shard = claim(&faulty, &rig.registry);
    rig.audited = false;
    rig.tick(6_000);
    assert_eq!(fired(&rig, "r1"), [""; 0]);
    fails.store(false, Ordering::Relaxed);
    rig.settle(6_000 + STORE_RETRY_MS);
    assert_eq!(fired(&rig, "r1"), ["a@6200"]);
}
