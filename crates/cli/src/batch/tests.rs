//! Tables of jobs: their files, their pace, what answers mean, what is printed.

use super::*;
use crate::failure::{CallError, ServiceError};
use std::time::Duration;
use wire::{ChildPolicy, Timestamp, WorkflowType};

/// 2026-11-26T10:00:00Z.
const NOW: Timestamp = Timestamp(1_795_687_200_000);

fn target(number: usize) -> Target {
    Target {
        workflow_id: format!("w{number}").into(),
        run_id: format!("r{number}").into(),
        workflow_type: WorkflowType { name: "order".into(), version: "1".into() },
        started: Timestamp(NOW.0 - 1000 * i64::try_from(number).expect("it is small")),
    }
}

fn terminate() -> Action {
    Action::Terminate {
        reason: Some("why".to_owned()),
        details: None,
        child_policy: Some(ChildPolicy::Abandon),
    }
}

fn job(targets: usize, action: Action) -> Job {
    let mut header = Header::new(NOW, "d", "all", action);
    header.endpoint = "http://127.0.0.1:7933".to_owned();
    header.region = "us-east-1".to_owned();
    Job::new(header, (0..targets).map(target).collect())
}

fn read(text: &str) -> Result<Job, JobError> {
    let mut reading = Reading::default();
    for line in text.lines() {
        reading.line(line)?;
    }
    reading.end()
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

#[test]
fn a_job_is_read_as_it_was_written_with_the_newest_outcomes() {
    let mut job = job(3, terminate());
    let mut text: String = job.lines().collect();
    assert_eq!(
        text.lines().next(),
        Some(
            r#"{"tidewheelBatch":1,"made":"2026-11-26T10:00:00.000Z","endpoint":"http://127.0.0.1:7933","isLocal":false,"region":"us-east-1","domain":"d","query":"all","action":"terminate","parameters":{"reason":"why","childPolicy":"ABANDON"},"targets":3,"isCut":false}"#
        )
    );
    assert_eq!(
        text.lines().nth(2),
        Some(
            r#"{"workflowId":"w1","runId":"r1","type":{"name":"order","version":"1"},"started":"2026-11-26T09:59:59.000Z"}"#
        )
    );
    assert_eq!(read(&text).expect("it is whole"), job);
    for (index, outcome) in [
        (1, Outcome::Failed("no".to_owned())),
        (0, Outcome::Done),
        (1, Outcome::Closed),
        (2, Outcome::Failed("x".repeat(2000))),
    ] {
        text.push_str(&Record::new(index, outcome, NOW).line());
    }
    assert!(text.contains(
        "{\"target\":2,\"outcome\":\"failed\",\"reason\":\"no\",\"at\":\"2026-11-26T10:00:00.000Z\"}\n"
    ));
    let cut = "x".repeat(1000);
    job.outcomes = vec![Some(Outcome::Done), Some(Outcome::Closed), Some(Outcome::Failed(cut))];
    assert_eq!(read(&text).expect("it is whole"), job);
    assert_eq!(job.left(false), [0; 0]);
    assert_eq!(job.left(true), [2]);
    assert_eq!(Told::of(&job), Told { done: 1, closed: 1, failed: 1, left: 0 });
    for action in [Action::Cancel {}, Action::Signal { signal_name: "s".to_owned(), input: None }] {
        let job = super::tests::job(1, action);
        assert_eq!(read(&job.lines().collect::<String>()).expect("it is whole"), job);
    }
}

#[test]
fn what_is_no_job_is_refused_with_its_line() {
    let whole: String = job(2, Action::Cancel {}).lines().collect();
    let lines: Vec<&str> = whole.lines().collect();
    for (text, expected) in [
        ("".to_owned(), "it is empty"),
        ("{}".to_owned(), "line 1 cannot be read: missing field `tidewheelBatch`"),
        (r#"{"tidewheelBatch":2,"x":1}"#.to_owned(), "it has form 2, and form 1 is known here"),
        (lines[..2].join("\n"), "it has 1 of its 2 executions; make the job again"),
        (format!("{}\n{{}}", lines[0]), "line 2 cannot be read: missing field `workflowId`"),
        (format!("{whole}{{}}"), "line 4 cannot be read: missing field `target`"),
        (
            format!("{whole}{}", Record::new(2, Outcome::Done, NOW).line()),
            "line 4 is about execution 3, which is not in it",
        ),
        (
            format!("{whole}{}", Record::new(0, Outcome::Done, NOW).line().replace(":1,", ":0,")),
            "line 4 is about execution 0, which is not in it",
        ),
        (
            lines[0].replace("\"targets\":2", "\"targets\":100001"),
            "it has 100001 executions, and a job has 100000 at most",
        ),
    ] {
        let error = read(&text).expect_err(&text).to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn an_action_names_the_run_and_is_checked_before_it_is_sent() {
    for (action, operation, parameters) in [
        (
            terminate(),
            "TerminateWorkflowExecution",
            r#"{"childPolicy":"ABANDON","domain":"d","reason":"why","runId":"r7","workflowId":"w7"}"#,
        ),
        (
            Action::Cancel {},
            "RequestCancelWorkflowExecution",
            r#"{"domain":"d","runId":"r7","workflowId":"w7"}"#,
        ),
        (
            Action::Signal { signal_name: "s".to_owned(), input: Some("i".to_owned()) },
            "SignalWorkflowExecution",
            r#"{"domain":"d","input":"i","runId":"r7","signalName":"s","workflowId":"w7"}"#,
        ),
    ] {
        assert_eq!(action.operation_name(), operation);
        assert_eq!(action.parameters("d", &target(7)).to_string(), parameters);
        assert_eq!(action.check("d"), Ok(()));
        assert!(action.check(&"d".repeat(257)).is_err());
    }
    let empty = Action::Signal { signal_name: String::new(), input: None };
    assert!(empty.check("d").is_err());
}

#[test]
fn refusals_are_of_one_execution_or_of_all_or_pass() {
    let operation = "TerminateWorkflowExecution";
    let refused = |status: u16, code: &str, message: &str| {
        let body = format!(r#"{{"__type":"a.b#{code}","message":"{message}"}}"#);
        CallError::Service(Box::new(ServiceError::read(operation, status, body.as_bytes())))
    };
    let url = || "http://x/".to_owned();
    let text = |code: &str, message: &str| format!("{code}: {message}");
    for (error, expected) in [
        (refused(400, "UnknownResourceFault", "Unknown execution, workflowId = w"), Answer::Closed),
        (
            refused(400, "UnknownResourceFault", "Unknown domain, name = d"),
            Answer::Refused(text("UnknownResourceFault", "Unknown domain, name = d")),
        ),
        (
            refused(400, "LimitExceededFault", "signals"),
            Answer::Failed(text("LimitExceededFault", "signals")),
        ),
        (
            refused(400, "ValidationException", "no"),
            Answer::Failed(text("ValidationException", "no")),
        ),
        (
            refused(400, "AccessDeniedException", "no"),
            Answer::Refused(text("AccessDeniedException", "no")),
        ),
        (
            refused(400, "OperationNotPermittedFault", "no"),
            Answer::Refused(text("OperationNotPermittedFault", "no")),
        ),
        (
            refused(400, "ExpiredTokenException", "no"),
            Answer::Refused(text("ExpiredTokenException", "no")),
        ),
        (refused(400, "ThrottlingException", "Rate exceeded"), Answer::Throttled),
        (refused(429, "Whatever", ""), Answer::Throttled),
        (refused(500, "InternalFailure", ""), Answer::Unknown(text("InternalFailure", ""))),
        (refused(503, "Whatever", ""), Answer::Unknown(text("Whatever", ""))),
        (
            CallError::NoConnection { url: url() },
            Answer::Unknown("Could not connect to the endpoint URL: \"http://x/\"".to_owned()),
        ),
        (
            CallError::ReadTimeout { url: url() },
            Answer::Unknown("Read timeout on endpoint URL: \"http://x/\"".to_owned()),
        ),
        (
            CallError::Tls { url: url(), reason: "no".to_owned() },
            Answer::Refused("SSL validation failed for http://x/ no".to_owned()),
        ),
    ] {
        assert_eq!(Answer::of(Err(&error)), expected, "{error}");
    }
    assert_eq!(Answer::of(Ok(())), Answer::Done);
}

#[test]
fn calls_are_spread_over_time_and_what_was_missed_is_not_caught_up_with() {
    let mut pace = Pace::new((0..9).collect(), 10, 3);
    assert_eq!(pace.step(ms(0)), Step::Act(0));
    assert_eq!(pace.step(ms(0)), Step::Wait(Some(ms(100))));
    assert_eq!(pace.step(ms(99)), Step::Wait(Some(ms(100))));
    assert_eq!(pace.step(ms(100)), Step::Act(1));
    // A second late: the next is due a tenth later, and not ten at once.
    assert_eq!(pace.step(ms(1200)), Step::Act(2));
    assert_eq!(pace.step(ms(1200)), Step::Wait(Some(ms(1300))));
    for number in 3..8 {
        let now = ms(1200 + 100 * (number as u64 - 2));
        assert_eq!(pace.step(now), Step::Act(number));
    }
    // No more than so many are under way, however slow the server is.
    assert_eq!(pace.under_way(), CALLS_MAX);
    assert_eq!(pace.step(ms(60_000)), Step::Wait(None));
    assert_eq!(pace.answer(0, Answer::Done, ms(60_000)), Some(Outcome::Done));
    assert_eq!(pace.step(ms(60_000)), Step::Act(8));
    for number in 1..9 {
        assert_eq!(pace.step(ms(70_000)), Step::Wait(None));
        assert_eq!(pace.answer(number, Answer::Closed, ms(70_000)), Some(Outcome::Closed));
    }
    assert_eq!((pace.step(ms(70_000)), pace.stopped(), pace.left()), (Step::Over, None, 0));
}

#[test]
fn throttled_answers_slow_it_down_and_good_ones_bring_it_back() {
    let mut pace = Pace::new((0..500).collect(), 100, 3);
    assert_eq!(pace.step(ms(0)), Step::Act(0));
    assert_eq!(pace.step(ms(10)), Step::Act(1));
    assert_eq!(pace.answer(0, Answer::Throttled, ms(20)), None);
    assert_eq!(pace.rate(), 50.0);
    assert_eq!(pace.step(ms(20)), Step::Wait(Some(ms(40))));
    // The one that was under way already says nothing new.
    assert_eq!(pace.answer(1, Answer::Throttled, ms(30)), None);
    assert_eq!(pace.rate(), 50.0);
    // It comes first: what was begun is to end.
    assert_eq!(pace.step(ms(40)), Step::Act(1));
    assert_eq!(pace.answer(1, Answer::Throttled, ms(1100)), None);
    assert_eq!(pace.rate(), 25.0);
    assert_eq!(pace.step(ms(1139)), Step::Wait(Some(ms(1140))));
    assert_eq!(pace.step(ms(1140)), Step::Act(1));
    assert_eq!(pace.answer(1, Answer::Done, ms(1140)), Some(Outcome::Done));
    assert_eq!(pace.rate(), 26.0);
    let mut now = 1140;
    for _ in 0..100 {
        now += 100;
        let Step::Act(index) = pace.step(ms(now)) else { panic!("it is due") };
        pace.answer(index, Answer::Done, ms(now));
    }
    assert_eq!(pace.rate(), 100.0, "and not faster than was asked for");
    // Whoever takes nothing at all is left alone in the end.
    let mut pace = Pace::new(vec![0], 1000, 3);
    let mut now = 0;
    for times in 0..100 {
        now += 20_000;
        assert_eq!(pace.step(ms(now)), Step::Act(0), "{times}");
        assert_eq!(pace.answer(0, Answer::Throttled, ms(now)), None);
    }
    assert_eq!(pace.step(ms(now)), Step::Over);
    assert_eq!(pace.stopped(), Some(&Stop::Throttled));
    assert_eq!(pace.rate(), 0.1);
}

#[test]
fn what_is_not_known_is_tried_again_and_then_it_is_the_servers_turn() {
    let broken = || Answer::Unknown("cut".to_owned());
    let mut pace = Pace::new(vec![0, 1], 1000, 3);
    assert_eq!(pace.step(ms(0)), Step::Act(0));
    assert_eq!(pace.answer(0, broken(), ms(10)), None);
    assert_eq!(pace.step(ms(10)), Step::Wait(Some(ms(510))));
    assert_eq!(pace.step(ms(510)), Step::Act(0));
    assert_eq!(pace.answer(0, broken(), ms(510)), None);
    assert_eq!(pace.step(ms(510)), Step::Wait(Some(ms(1510))));
    assert_eq!(pace.step(ms(1510)), Step::Act(0));
    assert_eq!(pace.step(ms(1511)), Step::Act(1));
    assert_eq!(pace.answer(0, broken(), ms(1511)), None);
    // What is under way is waited for, and counts.
    assert_eq!(pace.step(ms(1511)), Step::Wait(None));
    assert_eq!(pace.answer(1, Answer::Done, ms(1512)), Some(Outcome::Done));
    assert_eq!(pace.step(ms(1512)), Step::Over);
    assert_eq!(pace.stopped(), Some(&Stop::Broken("cut".to_owned())));
    assert_eq!(pace.left(), 1);
}

#[test]
fn a_refusal_of_all_ends_it_and_so_do_many_of_one() {
    let mut pace = Pace::new((0..50).collect(), 1000, 3);
    assert_eq!(pace.step(ms(0)), Step::Act(0));
    assert_eq!(pace.answer(0, Answer::Refused("no".to_owned()), ms(0)), None);
    assert_eq!(pace.step(ms(1)), Step::Over);
    assert_eq!(pace.stopped(), Some(&Stop::Refused("no".to_owned())));
    assert_eq!(pace.left(), 50);
    let failed = || Answer::Failed("no".to_owned());
    let mut pace = Pace::new((0..50).collect(), 1000, 3);
    // One that goes well among them says that it is not all.
    for number in 0..39 {
        let now = ms(number as u64);
        assert_eq!(pace.step(now), Step::Act(number));
        let answer = if number == 19 { Answer::Done } else { failed() };
        assert!(pace.answer(number, answer, now).is_some());
    }
    assert_eq!(pace.step(ms(39)), Step::Act(39));
    assert_eq!(pace.answer(39, failed(), ms(39)), Some(Outcome::Failed("no".to_owned())));
    assert_eq!(pace.step(ms(40)), Step::Over);
    assert_eq!(pace.stopped(), Some(&Stop::Failing("no".to_owned())));
    // An interrupt of the last one has cut nothing.
    let mut pace = Pace::new(vec![0], 1, 3);
    assert_eq!(pace.step(ms(0)), Step::Act(0));
    pace.stop(Stop::Interrupted);
    assert_eq!(pace.step(ms(0)), Step::Wait(None));
    assert_eq!(pace.answer(0, Answer::Done, ms(0)), Some(Outcome::Done));
    assert_eq!((pace.step(ms(0)), pace.stopped()), (Step::Over, None));
}

#[test]
fn what_is_shown_fits_a_terminal_and_moves_no_cursor() {
    let mut job = job(30, Action::Signal { signal_name: "s\u{1b}[2J".to_owned(), input: None });
    job.targets[3].workflow_id = format!("{}\r\n\u{1b}[31m", "w".repeat(100)).as_str().into();
    job.header.is_cut = true;
    let text = preview(&job, NOW, Some("tidewheel batch run x"));
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text}");
    assert!(text.lines().all(|line| line.chars().count() < 160), "{text}");
    assert!(text.contains("There are more: a job has 100000 executions at most."));
    for number in 0..30 {
        job.targets[number].workflow_type.name = format!("t{}", number.min(25)).into();
    }
    let text = preview(&job, NOW, Some("x"));
    assert!(text.contains("\n  5  t25 1\n"), "the most frequent first: {text}");
    assert!(text.contains("\n  6 of 6 other types\n"), "{text}");
    job.outcomes[3] = Some(Outcome::Failed("no\u{1b}[2J".to_owned()));
    let text = status(&job, false, "go on");
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text}");
    assert!(text.ends_with(": no [2J\n\nTo go on:\n  go on\n"), "{text}");
    assert!(text.contains("it was cut: 0 signaled, 0 closed before, 1 failed, 29 left\n"));
    let told = Told { done: 5, closed: 0, failed: 1, left: 18 };
    assert_eq!(
        bar(told, 10.0, 80),
        "[######------------------] 6/24, 1 failed, 10.0/s, about 1.8s left"
    );
    assert_eq!(bar(told, 10.0, 20), "[######-----------…");
    let whole = "[########################] 1/1, 0.1/s,…";
    assert_eq!(bar(Told { done: 1, ..Told::default() }, 0.1, 40), whole);
}

#[test]
fn the_name_of_a_file_is_one_whatever_the_domain_is() {
    assert_eq!(
        file_name(&Action::Cancel {}, "my domain/../é", NOW),
        "tidewheel-batch-cancel-my-domain------20261126T100000.000Z.jsonl"
    );
    assert!(file_name(&terminate(), &"d".repeat(256), NOW).len() < 200);
}
