//! What a case tells the service at start: its flags as [`Options`].

use super::functions::House;
use super::host::HOLD_MS;
use service::{EmptyPollToken, Functions, Options, Rate, Throttles};
use std::sync::Arc;
use std::time::Duration;
use wire::{DecisionType, Operation};

/// The service's options in a case with these flags.
pub fn options(flags: &[String], house: &House) -> Options {
    let mut options = Options {
        poll_hold: Duration::from_millis(HOLD_MS as u64),
        owner: "conformance".to_owned(),
        ..Options::default()
    };
    for flag in flags.iter().filter(|flag| not_permitted(flag).is_none()) {
        match flag.as_str() {
            "limits aws" => options.throttles = Throttles::aws(),
            "empty poll token" => options.empty_poll_token = EmptyPollToken::Empty,
            "functions" => {
                options.functions = Some(Arc::new(house.clone()) as Arc<dyn Functions>);
            }
            _ => set(&mut options, flag).unwrap_or_else(|| panic!("there is no flag {flag}")),
        }
    }
    options
}

/// The decisions that a flag forbids deciders: `not permitted StartTimer, CancelTimer`.
pub fn not_permitted(flag: &str) -> Option<Vec<DecisionType>> {
    let all = || DecisionType::ALL.iter().copied();
    let decision = |name: &str| all().find(|decision| decision.as_str() == name);
    let named = |name| decision(name).unwrap_or_else(|| panic!("there is no decision {name}"));
    Some(flag.strip_prefix("not permitted ")?.split(", ").map(named).collect())
}

/// Sets the quota or the throttle that a flag names, if there is one.
fn set(options: &mut Options, flag: &str) -> Option<()> {
    let (name, number) = flag.rsplit_once(' ')?;
    if let Some(quota) = options.limits.get_mut(name) {
        *quota = number.parse().ok()?;
        return Some(());
    }
    let (bucket, refill) = number.split_once('/')?;
    let rate = Rate { bucket: bucket.parse().ok()?, refill_per_second: refill.parse().ok()? };
    let operation = |known: &[Operation], name: &str| {
        known.iter().copied().find(|operation| operation.name() == name)
    };
    let throttles = &mut options.throttles;
    if name == "ScheduleActivityTask per task list" {
        throttles.activities_per_task_list = Some(rate);
    } else if let Some(name) = name.strip_suffix(" per workflow") {
        throttles.workflow_requests.insert(operation(&Throttles::WORKFLOW_REQUESTS, name)?, rate);
    } else if let Some(operation) = operation(Operation::ALL, name) {
        throttles.requests.insert(operation, rate);
    } else {
        let mut known = Throttles::DECISIONS.into_iter();
        let decision: DecisionType = known.find(|decision| decision.as_str() == name)?;
        throttles.decisions.insert(decision, rate);
    }
    Some(())
}

#[test]
fn flags_become_options() {
    let read = |flags: &[&str]| {
        let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        options(&flags, &House::default())
    };
    let plain = read(&[]);
    assert!(plain.functions.is_none() && plain.throttles == Throttles::default());
    let set = read(&[
        "open_timers_max 2",
        "functions",
        "StartTimer 1/2",
        "ListDomains 3/4",
        "SignalWorkflowExecution per workflow 5/6",
        "ScheduleActivityTask per task list 7/8",
    ]);
    let rate = |bucket, refill_per_second| Rate { bucket, refill_per_second };
    let throttles = Throttles {
        requests: [(Operation::ListDomains, rate(3, 4))].into(),
        workflow_requests: [(Operation::SignalWorkflowExecution, rate(5, 6))].into(),
        decisions: [(DecisionType::StartTimer, rate(1, 2))].into(),
        activities_per_task_list: Some(rate(7, 8)),
    };
    assert_eq!((set.limits.open_timers_max, set.throttles), (2, throttles));
    assert!(set.functions.is_some());
    let denied = "not permitted StartTimer, CancelTimer";
    assert_eq!(read(&[denied]).throttles, Throttles::default());
    let denied = not_permitted(denied).expect("it is such a flag");
    assert_eq!(denied, [DecisionType::StartTimer, DecisionType::CancelTimer]);
    assert!(not_permitted("functions").is_none());
    for wrong in ["open_timers_max", "open_dances_max 2", "StartTimer 1", "RecordMarker 1/1"] {
        assert!(std::panic::catch_unwind(|| read(&[wrong])).is_err(), "{wrong}");
    }
}
