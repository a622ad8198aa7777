//! Rows: a file of limits in, quotas and throttles or one line out.

use super::*;
use crate::settings::{Defaults, Given, Key, Settings, SettingsError};

fn read(text: &str) -> Result<(Limits, Throttles), LimitsError> {
    parse(Path::new("l.toml"), text)
}

#[track_caller]
fn check_error(text: &str, expected: &str) {
    let error = read(text).expect_err(expected).to_string();
    assert_eq!(error, expected);
}

fn rate(bucket: u32, refill_per_second: u32) -> Rate {
    Rate { bucket, refill_per_second }
}

#[test]
fn an_empty_file_is_the_default() {
    assert_eq!(read("").ok(), named("default"));
    assert_eq!(read("base = 'default'").ok(), named("default"));
    assert_eq!(read("base = 'aws'\n[quotas]\n[requests]").ok(), named("aws"));
}

#[test]
fn anything_can_be_set_by_its_name() {
    let text = "
        base = 'aws'
        [quotas]
        open_executions_max = 7
        history_events_max = 100
        [requests]
        StartWorkflowExecution = { bucket = 3, refill_per_second = 2 }
        ListDomains = 'none'
        [requests_per_workflow]
        SignalWorkflowExecution = { bucket = 5, refill_per_second = 4 }
        [decisions]
        StartTimer = 'none'
        ScheduleLambdaFunction = { bucket = 9, refill_per_second = 8 }
        [decisions_per_task_list]
        ScheduleActivityTask = { bucket = 11, refill_per_second = 10 }
    ";
    let (limits, throttles) = read(text).expect("a right file");
    let expected = Limits { open_executions_max: 7, history_events_max: 100, ..Limits::AWS };
    assert_eq!(limits, expected);
    let mut expected = Throttles::aws();
    expected.requests.insert(Operation::StartWorkflowExecution, rate(3, 2));
    expected.requests.remove(&Operation::ListDomains);
    expected.workflow_requests.insert(Operation::SignalWorkflowExecution, rate(5, 4));
    expected.decisions.remove(&DecisionType::StartTimer);
    expected.decisions.insert(DecisionType::ScheduleLambdaFunction, rate(9, 8));
    expected.activities_per_task_list = Some(rate(11, 10));
    assert_eq!(throttles, expected);
}

#[test]
fn every_quota_and_every_throttle() {
    for (name, range) in Limits::ALL {
        for number in [range.start(), range.end()] {
            let text = format!("[quotas]\n{name} = {number}");
            let (mut limits, _) = read(&text).expect("a right file");
            assert_eq!(limits.get_mut(name), Some(&mut { *number }), "{text}");
        }
        let (min, max) = (range.start(), range.end());
        for number in [i64::try_from(*min).expect("small") - 1, -1, max.cast_signed() + 1] {
            check_error(
                &format!("[quotas]\n{name} = {number}"),
                &format!(
                    "quotas.{name} in l.toml: must be a whole number from {min} to {max}, not \
                     '{number}'"
                ),
            );
        }
    }
    for operation in Operation::ALL {
        let name = operation.name();
        let text = format!("requests.{name} = {{ bucket = 1, refill_per_second = 1 }}");
        let (_, throttles) = read(&text).expect("a right file");
        assert_eq!(throttles.requests, [(*operation, rate(1, 1))].into(), "{name}");
    }
}

#[test]
fn what_is_not_known() {
    check_error(
        "[quota]\nopen_timers_max = 5",
        "quota in l.toml is no limit; did you mean quotas?",
    );
    check_error(
        "region = 'x'",
        "region in l.toml is no limit; there are base, quotas, requests, requests_per_workflow, \
         decisions, decisions_per_task_list",
    );
    check_error(
        "[quotas]\nopen_timer_max = 5",
        "quotas.open_timer_max in l.toml is no limit; did you mean quotas.open_timers_max?",
    );
    check_error(
        "[requests]\nstart_workflow_execution = 'none'",
        "requests.start_workflow_execution in l.toml is no limit; did you mean \
         requests.StartWorkflowExecution?",
    );
    check_error(
        "[decisions]\nRecordMarker = 'none'",
        "decisions.RecordMarker in l.toml is no limit; there are decisions.ScheduleActivityTask, \
         decisions.StartTimer, decisions.SignalExternalWorkflowExecution, \
         decisions.RequestCancelExternalWorkflowExecution, decisions.StartChildWorkflowExecution, \
         decisions.ContinueAsNewWorkflowExecution, decisions.ScheduleLambdaFunction",
    );
    check_error(
        "[decisions]\nStartTimer = { bucket = 1, refill = 1 }",
        "decisions.StartTimer.refill in l.toml is no limit; did you mean \
         decisions.StartTimer.refill_per_second?",
    );
}

#[test]
fn what_is_wrong() {
    let quota = "must be a whole number from 1 to 1000000000";
    for given in ["'many'", "1.5", "true"] {
        let shown = given.trim_matches('\'');
        check_error(
            &format!("[quotas]\ndomains_max = {given}"),
            &format!("quotas.domains_max in l.toml: {quota}, not '{shown}'"),
        );
    }
    check_error(
        "[quotas]\ndomains_max = [1]",
        &format!("quotas.domains_max in l.toml: {quota}, not of type array"),
    );
    check_error("quotas = 5", "quotas in l.toml: must be a table, not '5'");
    check_error("base = 'azure'", "base in l.toml: must be 'default' or 'aws', not 'azure'");
    check_error(
        "[requests]\nListDomains = 5",
        "requests.ListDomains in l.toml: must be 'none' or such as \
         { bucket = 100, refill_per_second = 10 }, not '5'",
    );
    for (given, place, shown) in [
        ("bucket = 0, refill_per_second = 1", "bucket", "'0'"),
        ("bucket = 1, refill_per_second = -1", "refill_per_second", "'-1'"),
        ("bucket = 1, refill_per_second = '1'", "refill_per_second", "'1'"),
        ("bucket = 1000000001, refill_per_second = 1", "bucket", "'1000000001'"),
        ("bucket = 1", "refill_per_second", "missing"),
    ] {
        check_error(
            &format!("[requests]\nListDomains = {{ {given} }}"),
            &format!(
                "requests.ListDomains.{place} in l.toml: must be a whole number from 1 to \
                 1000000000, not {shown}"
            ),
        );
    }
    let broken = read("base = 'aws'\n[quotas\n").expect_err("no TOML").to_string();
    assert!(broken.starts_with("the file of limits l.toml is no TOML: line 2: "), "{broken}");
    assert!(!broken.contains('\n'), "one line: {broken}");
}

/// The setting names one of two that need no file, or a file, which is read like the configuration.
#[test]
fn where_the_limits_stand() {
    let read = |limits: &str, file: Option<&'static str>| {
        let given = Given { config: None, values: vec![(Key::Limits, limits.to_owned())] };
        let read_file = move |path: &Path| {
            assert_eq!(path, Path::new("./own.toml"));
            file.map(str::to_owned).ok_or_else(|| io::Error::other("no such luck"))
        };
        Settings::read(given, [], read_file, Defaults::SERVE)
    };
    let limits = |read: Result<Settings, SettingsError>| {
        let settings = read.expect("right settings");
        Some((settings.limits, settings.throttles))
    };
    assert_eq!(limits(read("default", None)), named("default"));
    assert_eq!(limits(read("aws", None)), named("aws"));
    assert_eq!(limits(read("./own.toml", Some("base = 'aws'"))), named("aws"));
    let unreadable = read("./own.toml", None).expect_err("no file").to_string();
    let expected = "cannot read the file of limits ./own.toml: no such luck; there are also \
                    'default' and 'aws'";
    assert_eq!(unreadable, expected);
}

/// The page of limits has every name, and its example is a file that can be used.
#[test]
fn the_page_of_limits() {
    let page = include_str!("../../../../../docs/limits.md");
    let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    assert!(read(example.expect("an example")).is_ok());
    let mut limits = Limits::AWS;
    for (name, _) in Limits::ALL {
        let default = limits.get_mut(name).expect("it is one of all");
        let row = page.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
        let row = row.unwrap_or_else(|| panic!("the page lacks {name}"));
        let digits: String =
            row.split('|').nth(2).expect("a number").replace(['\u{a0}', ',', ' '], "");
        assert_eq!(digits, default.to_string(), "{name}");
    }
    let aws = Throttles::aws();
    for operation in Operation::ALL {
        let rate = aws.requests[operation];
        let cell = format!("{} / {}", rate.bucket, rate.refill_per_second);
        let found = page.lines().any(|line| {
            line.starts_with(&format!("| {cell} |")) && line.contains(operation.name())
        });
        assert!(found, "the page lacks {} at {cell}", operation.name());
    }
    for decision_type in Throttles::DECISIONS {
        assert!(page.contains(decision_type.as_str()), "{}", decision_type.as_str());
    }
}
