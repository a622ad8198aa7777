//! Lines in and out, and plans.

use super::*;
use std::collections::{BTreeMap, BTreeSet};
use wire::{CloseStatus, WorkflowType};

const HEADER: &str = r#"{"tidewheelExport":{"version":1}}"#;
const EXECUTION: &str =
    r#"{"execution":{"domain":"d","workflowId":"w","runId":"r","status":"OPEN"}}"#;
const EVENT: &str = r#"{"event":{"eventTimestamp":1.5,"eventType":"WorkflowExecutionCancelRequested","eventId":1,"workflowExecutionCancelRequestedEventAttributes":{"externalInitiatedEventId":0}}}"#;
const END_OF_EXECUTION: &str = r#"{"executionEnd":{"lastEventId":1}}"#;
const DOMAIN: &str = r#"{"domain":{"domainInfo":{"name":"d","status":"REGISTERED"},"configuration":{"workflowExecutionRetentionPeriodInDays":"7"}}}"#;

fn read(lines: &[&str]) -> Result<Vec<Line>, LineError> {
    let mut reader = Lines::default();
    let mut read = Vec::new();
    for line in lines {
        read.extend(reader.read(format!("{line}\n").as_bytes())?);
    }
    reader.finish()?;
    Ok(read)
}

#[test]
fn an_export_is_read_as_it_was_written() {
    let end = r#"{"end":{"executions":1}}"#;
    let tagged = DOMAIN.replace("\"}}}", "\"},\"tags\":[{\"key\":\"k\",\"value\":\"v\"}]}}");
    let lines = [HEADER, &tagged, EXECUTION, EVENT, END_OF_EXECUTION, end];
    let read = read(&lines).expect("it is one");
    let again: Vec<String> = read.iter().map(Line::to_json).collect();
    assert_eq!(again, lines);
}

#[track_caller]
fn refused(lines: &[&str], expected: &str) {
    assert_eq!(read(lines).expect_err("it is none").to_string(), expected);
}

#[test]
fn what_is_no_export_is_refused_in_words() {
    refused(
        &[r#"{"tidewheelExport":{"version":2}}"#],
        "the export has version 2 of the form; this is a Tidewheel that reads version 1",
    );
    refused(&[DOMAIN], "line 1: domain cannot stand here; an export begins with tidewheelExport");
    refused(&[HEADER, EVENT], "line 2: event cannot stand here; an event follows its execution");
    refused(
        &[HEADER, EXECUTION, EXECUTION],
        "line 3: execution cannot stand here; the events of an execution end with executionEnd",
    );
    refused(&[HEADER, EXECUTION, EVENT, EVENT], "line 4: event 2 comes next");
    refused(&[HEADER, EXECUTION, END_OF_EXECUTION], "line 3: event 1 comes next");
    refused(
        &[HEADER, r#"{"end":{"executions":1}}"#],
        "the export says that it has 1 executions, and has 0",
    );
    refused(
        &[HEADER, r#"{"end":{"executions":0}}"#, DOMAIN],
        "line 3: domain cannot stand here; the export is over",
    );
    let Err(LineError::Unreadable { line: 2, why }) = read(&[HEADER, r#"{"later":1}"#]) else {
        panic!("it is not known");
    };
    assert!(why.contains("later"), "{why}");
}

#[test]
fn what_is_cut_off_says_what_is_whole() {
    let whole = [HEADER, DOMAIN, EXECUTION, EVENT, END_OF_EXECUTION, "", EXECUTION].join("\n");
    let accented = EVENT.replace("\"eventId\"", "\"é\":0,\"eventId\"");
    let all = format!("{whole}\n{accented}\n");
    for (cut, expected) in [
        (0, (0, false, 0, 0)),
        (HEADER.len() + 1, (1, false, 0, 1)),
        (whole.len() + 1, (7, false, 1, 5)),
        (all.len(), (8, false, 1, 5)),
        (whole.len() - 1, (7, true, 1, 5)),
        (all.len() - 3, (8, true, 1, 5)),
        // In the middle of a letter.
        (all.find('é').expect("it is there") + 1, (8, true, 1, 5)),
    ] {
        let mut reader = Lines::default();
        let lines = all.as_bytes()[..cut].split_inclusive(|byte| *byte == b'\n');
        let read = lines.map(|line| reader.read(line)).find(Result::is_err);
        let (line, within, whole, whole_lines) = expected;
        let expected = LineError::CutOff { line, within, whole, whole_lines };
        assert_eq!(read.unwrap_or_else(|| reader.finish().map(|()| None)), Err(expected), "{cut}");
    }
    let error = LineError::CutOff { line: 8, within: true, whole: 1, whole_lines: 5 };
    assert_eq!(
        error.to_string(),
        "the export is cut off within line 8: a full disk or a broken pipe does that. 1 executions are \
         whole. Export it again; where that cannot be, its first 5 lines and \
         {\"end\":{\"executions\":1}} behind them are an export of what is whole"
    );
    // What it says is so.
    let kept: Vec<&str> = all.lines().take(5).chain([r#"{"end":{"executions":1}}"#]).collect();
    assert_eq!(read(&kept).map(|lines| lines.len()), Ok(6));
}

#[test]
fn blank_lines_are_counted_and_passed_by() {
    refused(
        &[HEADER, "", " \t\r", EVENT],
        "line 4: event cannot stand here; an event follows its execution",
    );
}

#[test]
fn what_the_aws_cli_prints_is_a_history_in_either_version() {
    let event = |at: &str| {
        format!(
            r#"{{"events":[{{"eventTimestamp":{at},"eventType":"WorkflowExecutionCancelRequested","eventId":1,"workflowExecutionCancelRequestedEventAttributes":{{"externalInitiatedEventId":0}}}}]}}"#
        )
    };
    for at in
        ["1420142472.123", "\"2015-01-01T21:01:12.123000+01:00\"", "\"2015-01-01T20:01:12.123Z\""]
    {
        let events = read_history(&event(at)).expect("it is one");
        assert_eq!(events[0].event_timestamp, Timestamp(1_420_142_472_123), "{at}");
    }
    for (text, expected) in [
        ("{}", "it has no list \"events\", as what get-workflow-execution-history prints has"),
        (
            r#"{"events":[],"nextPageToken":"t"}"#,
            "it is one page of several: print the whole history, without --max-items, --no-paginate \
             and --query",
        ),
        ("", "it is empty"),
        (
            "{\"events\": [\n{\"eventTimestamp\":",
            "it is cut off in line 2, before its JSON is whole: a full disk or a broken pipe does that. \
             Print it again",
        ),
        (&event("\"soon\""), "event 1 of the list: \"soon\" is no date"),
    ] {
        assert_eq!(read_history(text).expect_err("it is none").to_string(), expected);
    }
}

fn facts(run_id: &str, started_at: i64) -> Facts {
    Facts {
        domain: "d".into(),
        workflow_id: format!("w-{run_id}").as_str().into(),
        run_id: run_id.into(),
        workflow_type: Some(WorkflowType { name: "t".into(), version: "1".into() }),
        started_at: Timestamp(started_at),
        closed: None,
        parent: None,
        successor: None,
        events: 3,
        fault: None,
        listed_open: true,
        due: Vec::new(),
        held: Vec::new(),
        lambdas: 0,
        announced: Vec::new(),
        children: Vec::new(),
        here: Here::Nothing,
    }
}

fn closed(run_id: &str, closed_at: i64, successor: Option<&str>) -> Facts {
    let closed = Some((CloseStatus::Completed, Timestamp(closed_at)));
    let successor = successor.map(Into::into);
    Facts { closed, successor, listed_open: false, ..facts(run_id, closed_at - 1) }
}

fn child(run_id: &str, started_at: i64, parent: &str, event_id: u64) -> Facts {
    let parent = Some(Link { run_id: parent.into(), event_id: EventId(event_id) });
    Facts { parent, ..facts(run_id, started_at) }
}

fn registry() -> Registry {
    Registry {
        retention_ms: BTreeMap::from([("d".into(), 1_000)]),
        workflow_types: BTreeSet::from([("d".into(), "t".into(), "1".into())]),
        deprecated_types: BTreeSet::new(),
        missing_activity_types: Vec::new(),
        deprecated_activity_types: Vec::new(),
        registrations: Vec::new(),
    }
}

const ALL: Options =
    Options { closed: true, resends: true, times_out_started: false, now: Timestamp(10_000) };

/// Each run in its order, with what becomes of it.
fn plan(facts: &[Facts], effects: &[Link], options: Options) -> Vec<String> {
    let effects = effects.iter().cloned().collect();
    let plan = Plan::make(facts, &effects, &registry(), options);
    let step = |step: &Step| {
        let run_id = &facts[step.index].run_id;
        let notes = step.notes.iter().map(|note| format!("; {note}")).collect::<String>();
        match &step.verdict {
            Verdict::Import { resend } if resend.is_empty() => format!("{run_id}{notes}"),
            Verdict::Import { resend } => format!("{run_id} resends {resend:?}{notes}"),
            Verdict::Refused(why) => format!("{run_id} refused: {why}"),
            Verdict::Superseded { by } => format!("{run_id} gives way to place {by}"),
            verdict @ (Verdict::Known | Verdict::Closed | Verdict::Expired) => {
                format!("{run_id} {verdict:?}")
            }
        }
    };
    plan.steps.iter().map(step).collect()
}

#[test]
fn parents_come_before_children_and_successors_before_whom_they_go_on_from() {
    let all = [
        closed("first", 9_500, Some("second")),
        child("grandchild", 5, "child", 7),
        closed("second", 9_500, Some("third")),
        child("child", 5, "parent", 5),
        facts("parent", 5),
        facts("third", 1),
        // They name each other, which nobody has written.
        child("a", 8, "b", 1),
        child("b", 9, "a", 1),
    ];
    assert_eq!(
        plan(&all, &[], ALL),
        ["third", "parent", "child", "grandchild", "b", "a", "second", "first"]
    );
}

#[test]
fn what_is_not_imported_has_its_reason() {
    let known = Facts { here: Here::Run, ..facts("known", 1) };
    let taken = Facts { here: Here::OtherOpen("x".into()), ..facts("taken", 2) };
    let broken = Facts { fault: Some("event 3: no".to_owned()), ..facts("broken", 3) };
    let copied = Facts { here: Here::Origin("e".into()), ..facts("copied", 3) };
    let elsewhere = Facts { domain: "e".into(), ..facts("elsewhere", 4) };
    let all = [
        known,
        taken,
        broken,
        copied,
        elsewhere,
        facts("twice", 5),
        Facts { events: 2, ..facts("twice", 5) },
        closed("old", 9_000, None),
        closed("new", 9_001, None),
        closed("lonely", 9_500, Some("nobody")),
        closed("last", 9_600, Some("broken")),
    ];
    assert_eq!(
        plan(&all, &[], ALL),
        [
            "known Known",
            "taken refused: run x of its workflow id is open there",
            "broken refused: event 3: no",
            "copied refused: that run is there in domain e, and no two domains have a run id in \
             common: --new-run-ids gives the copy its own",
            "elsewhere refused: the domain e is not registered",
            "twice",
            "twice gives way to place 5",
            "last refused: it goes on as run broken, which is not imported",
            "lonely refused: it goes on as run nobody, which is not imported",
            "new",
            "old Expired",
        ]
    );
    let open = plan(&all[7..9], &[], Options { closed: false, ..ALL });
    assert_eq!(open, ["new Closed", "old Closed"]);
}

#[test]
fn what_went_on_while_it_was_read_comes_as_it_was_last() {
    let ended = |run_id: &str, successor: Option<&str>| Facts {
        listed_open: true,
        ..closed(run_id, 9_500, successor)
    };
    let again = Facts { events: 4, ..ended("stale", Some("live")) };
    let all = [facts("stale", 1), again, facts("live", 2), ended("over", None)];
    let live_only = Options { closed: false, ..ALL };
    assert_eq!(
        plan(&all, &[], live_only),
        [
            "stale gives way to place 1",
            "live",
            "stale Closed",
            "over; it has closed since it was listed, and is imported as closed",
        ]
    );
    let plan = Plan::make(&all, &BTreeSet::new(), &registry(), live_only);
    let expected = "\
domains and types: 0 to register, 0 there already, 0 there and different
open executions: 1 to import, 0 there already, 0 refused
closed executions: 1 to import, 0 there already, 0 refused, 1 left out, 0 past their retention
there more than once; the most events count, and of equals the last:
  d w-stale run stale: the one with 4 events counts, and one with 3 does not
what will be different:
  d w-over run over: it has closed since it was listed, and is imported as closed
";
    assert_eq!(plan.report(&all, &registry(), Shown { all: false }), expected);
}

/// The longest is the latest, wherever it stands: a history only grows.
#[test]
fn of_a_run_that_is_there_more_than_once_the_longest_counts() {
    let of = |events: u64| Facts { events, ..facts("r", 1) };
    for (events, counts) in
        [(vec![2, 3], 1), (vec![3, 2], 0), (vec![3, 3], 1), (vec![2, 4, 3], 1), (vec![4, 4, 3], 1)]
    {
        let all: Vec<Facts> = events.iter().copied().map(of).collect();
        let plan = Plan::make(&all, &BTreeSet::new(), &registry(), ALL);
        for step in &plan.steps {
            let expected = match step.index == counts {
                true => Verdict::Import { resend: Vec::new() },
                false => Verdict::Superseded { by: counts },
            };
            assert_eq!(step.verdict, expected, "{} of {events:?}", step.index);
        }
    }
}

#[test]
fn children_and_parents_that_do_not_come_are_named() {
    let mut parent = facts("parent", 1);
    parent.children = vec![(EventId(5), "c".into())];
    parent.announced = vec![Announcement {
        event_id: EventId(7),
        what: Announced::Child,
        workflow_id: "e".into(),
    }];
    let broken = |run_id: &str, event_id| Facts {
        fault: Some("event 3: no".to_owned()),
        ..child(run_id, 2, "parent", event_id)
    };
    let started = [5, 7].map(|id| Link { run_id: "parent".into(), event_id: EventId(id) });
    assert_eq!(
        plan(&[parent.clone(), broken("c", 5), broken("e", 7)], &started, ALL)[0],
        "parent; the child e of event 7 has no outcome: the child has started, and is not imported: \
         the decider will not be told; its child c of event 5 is not imported with it, and nobody will \
         tell how that ends, unless it is there already"
    );
    let refused = Facts { fault: Some("event 3: no".to_owned()), ..parent };
    assert_eq!(
        plan(&[refused, child("c", 2, "parent", 5)], &started, ALL)[1],
        "c; its parent, run parent, is not imported with it, and will not be told how it ends, unless it \
         is there already"
    );
}

#[test]
fn a_type_that_is_deprecated_there_is_named() {
    let mut registry = registry();
    registry.deprecated_types = registry.workflow_types.clone();
    let plan = Plan::make(&[facts("r", 1)], &BTreeSet::new(), &registry, ALL);
    assert_eq!(
        plan.steps[0].notes,
        ["its type t 1 is deprecated there: it cannot continue as new before that is undone"]
    );
}

#[test]
fn a_history_in_reverse_order_is_turned_round() {
    let event = |event_id: u64| {
        format!(
            r#"{{"eventTimestamp":1,"eventType":"WorkflowExecutionCancelRequested","eventId":{event_id},"workflowExecutionCancelRequestedEventAttributes":{{"externalInitiatedEventId":0}}}}"#
        )
    };
    for (order, expected) in
        [([3, 2, 1], [1, 2, 3]), ([1, 2, 3], [1, 2, 3]), ([3, 1, 2], [3, 1, 2])]
    {
        let text = format!("\u{feff}{{\"events\":[{}]}}", order.map(event).join(","));
        let events = read_history(&text).expect("it is one");
        assert_eq!(events.iter().map(|event| event.event_id.0).collect::<Vec<_>>(), expected);
    }
    assert_eq!(
        read_history("EVENTS\t1").expect_err("it is none").to_string(),
        "it is neither an export nor a history in JSON, which the AWS CLI prints with --output json: \
         expected value at line 1 column 1"
    );
}

#[test]
fn what_fell_due_meanwhile_is_said() {
    let due = |due: &[(i64, Due)]| {
        let due = due.iter().map(|(at, due)| (Timestamp(*at), *due)).collect();
        plan(&[Facts { due, ..facts("r", 1) }], &[], ALL).remove(0)
    };
    assert_eq!(due(&[(10_001, Due::Execution), (10_001, Due::Timer)]), "r");
    assert_eq!(
        due(&[(10_000, Due::Timer), (9, Due::Activity), (10_001, Due::Activity)]),
        "r; a timer has fallen due: it fires at once; an activity has waited for too long: it times out \
         at once"
    );
    assert_eq!(
        due(&[(10_000, Due::Execution), (9, Due::Timer)]),
        "r; its time is over: it times out at once"
    );
}

#[test]
fn what_had_no_outcome_is_sent_again_unless_it_has_arrived() {
    let announcement = |event_id: u64, what: Announced, workflow_id: &str| Announcement {
        event_id: EventId(event_id),
        what,
        workflow_id: workflow_id.into(),
    };
    let mut sender = facts("sender", 1);
    sender.announced = vec![
        announcement(5, Announced::Signal, "v"),
        announcement(6, Announced::RequestCancel, "v"),
        announcement(7, Announced::Child, "c"),
        announcement(8, Announced::Child, "e"),
    ];
    let all = [sender, child("c", 2, "sender", 7)];
    let arrived = [5, 7].map(|id| Link { run_id: "sender".into(), event_id: EventId(id) });
    assert_eq!(
        plan(&all, &arrived, ALL),
        [
            "sender resends [EventId(6), EventId(8)]; the signal to v of event 5 has no outcome: it \
             has arrived there, and the decider will not be told; the request to cancel v of event 6 \
             has no outcome: it is sent once more; the child c of event 7 has no outcome: the child \
             is imported, and says that it has started; the child e of event 8 has no outcome: it is \
             sent once more",
            "c"
        ]
    );
    let none = plan(&all[..1], &[], Options { resends: false, ..ALL });
    assert!(none[0].starts_with("sender; the signal to v of event 5 has no outcome: the decider"));
}

#[test]
fn what_will_be_different_is_said() {
    let activity = |id: &str, at: Option<i64>| Held::Activity {
        activity_id: id.into(),
        times_out_at: at.map(Timestamp),
    };
    let mut busy = child("busy", 1, "gone", 3);
    busy.held = vec![
        Held::DecisionTask,
        activity("late", Some(12_500)),
        activity("over", Some(9_000)),
        activity("endless", None),
        Held::Lambda,
    ];
    busy.lambdas = 2;
    busy.children = vec![(EventId(9), "lost".into()), (EventId(8), "found".into())];
    busy.workflow_type = Some(WorkflowType { name: "t".into(), version: "2".into() });
    let known = Facts { here: Here::Run, ..child("known", 2, "busy", 8) };
    let all = [busy, known, facts("plain", 3)];
    let mut registry = registry();
    registry.registrations = vec![
        Registration::New("domain d".to_owned()),
        Registration::Same("workflow type t 1".to_owned()),
        Registration::Different {
            what: "activity type a 1".to_owned(),
            members: vec!["x".to_owned(), "y".to_owned()],
        },
    ];
    registry.missing_activity_types = vec!["activity type b 1 of d".to_owned()];
    registry.deprecated_activity_types = vec!["activity type c 1 of d".to_owned()];
    let found = Link { run_id: "busy".into(), event_id: EventId(8) };
    let plan = Plan::make(&all, &BTreeSet::from([found]), &registry, ALL);
    let expected = "\
domains and types: 1 to register, 1 there already, 1 there and different
to register:
  domain d
different; what is there stays:
  activity type a 1: x, y
in histories, and registered neither there nor here; they cannot be scheduled until they are:
  activity type b 1 of d
in histories, and deprecated there; they cannot be scheduled before that is undone:
  activity type c 1 of d
open executions: 2 to import, 1 there already, 0 refused
closed executions: 0 to import, 0 there already, 0 refused, 0 left out, 0 past their retention
what will be different:
  d w-busy run busy: a decider has a decision task in hand: it times out, and another one is scheduled
  d w-busy run busy: a worker has activity late in hand: it times out in 3 s
  d w-busy run busy: a worker has activity over in hand: its time is over
  d w-busy run busy: a worker has activity endless in hand, which has no timeout: it does not end before the execution, unless with --time-out-started
  d w-busy run busy: a Lambda function is being called: its task times out
  d w-busy run busy: 2 Lambda tasks wait: they are started there, if the server has a --lambda-endpoint
  d w-busy run busy: its child lost of event 9 is not imported with it, and nobody will tell how that ends, unless it is there already
  d w-busy run busy: its parent, run gone, is not imported with it, and will not be told how it ends, unless it is there already
  d w-busy run busy: its type t 2 is not registered: it cannot continue as new until it is
";
    assert_eq!(plan.report(&all, &registry, Shown { all: false }), expected);
}

#[test]
fn long_lists_are_cut_unless_all_is_asked_for() {
    let all: Vec<Facts> = (0..30)
        .map(|n| Facts { fault: Some("event 1: no".to_owned()), ..facts(&format!("r{n}"), n) })
        .collect();
    let plan = Plan::make(&all, &BTreeSet::new(), &registry(), ALL);
    let short = plan.report(&all, &registry(), Shown { all: false });
    assert!(short.ends_with("  and 10 more; --all lists them\n"), "{short}");
    let long = plan.report(&all, &registry(), Shown { all: true });
    assert_eq!(long.lines().count(), short.lines().count() + 9);
}
