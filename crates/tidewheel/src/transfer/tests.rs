//! Files in, and what is seen in them.

use super::TransferError;
use super::file::{ExportFile, Owner, Scratch};
use super::run_ids::NewRunIds;
use super::survey::Survey;
use cli::transfer::{Announced, Announcement, Held, LINE_BYTES_MAX, Line, Link};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use tempfile::NamedTempFile;
use wire::{Event, EventId, Timestamp};

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("there is room");
    file.write_all(text.as_bytes()).expect("there is room");
    file
}

fn open(text: &str, owner: Option<&Owner>) -> Result<ExportFile, TransferError> {
    // The file stays open though its name is gone.
    ExportFile::open(file(text).path(), owner)
}

/// The text behind the file's name.
#[track_caller]
fn refused<T>(outcome: Result<T, TransferError>, expected: &str) {
    let text = outcome.err().expect("it is refused").to_string();
    let text = text.split_once(": ").map_or(&*text, |(_, text)| text);
    assert!(text.starts_with(expected), "{text}");
}

fn owner() -> Owner {
    Owner { domain: "d".into(), workflow_id: "w".into(), run_id: "r".into() }
}

const EVENTS: &str = r#"{"eventTimestamp":10,"eventType":"WorkflowExecutionStarted","eventId":1,"workflowExecutionStartedEventAttributes":{"childPolicy":"TERMINATE","taskList":{"name":"l"},"workflowType":{"name":"t","version":"1"},"parentInitiatedEventId":7,"parentWorkflowExecution":{"workflowId":"p","runId":"pr"}}}
{"eventTimestamp":10,"eventType":"DecisionTaskScheduled","eventId":2,"decisionTaskScheduledEventAttributes":{"taskList":{"name":"l"}}}
{"eventTimestamp":10,"eventType":"DecisionTaskStarted","eventId":3,"decisionTaskStartedEventAttributes":{"scheduledEventId":2}}
{"eventTimestamp":10,"eventType":"DecisionTaskCompleted","eventId":4,"decisionTaskCompletedEventAttributes":{"scheduledEventId":2,"startedEventId":3}}
{"eventTimestamp":10,"eventType":"SignalExternalWorkflowExecutionInitiated","eventId":5,"signalExternalWorkflowExecutionInitiatedEventAttributes":{"workflowId":"v","signalName":"s","decisionTaskCompletedEventId":4}}
{"eventTimestamp":10,"eventType":"ActivityTaskScheduled","eventId":6,"activityTaskScheduledEventAttributes":{"activityType":{"name":"a","version":"1"},"activityId":"a","taskList":{"name":"l"},"decisionTaskCompletedEventId":4,"startToCloseTimeout":"5"}}
{"eventTimestamp":12,"eventType":"ActivityTaskStarted","eventId":7,"activityTaskStartedEventAttributes":{"scheduledEventId":6}}
{"eventTimestamp":13,"eventType":"WorkflowExecutionSignaled","eventId":8,"workflowExecutionSignaledEventAttributes":{"signalName":"s","externalInitiatedEventId":9,"externalWorkflowExecution":{"workflowId":"x","runId":"xr"}}}
{"eventTimestamp":13,"eventType":"DecisionTaskScheduled","eventId":9,"decisionTaskScheduledEventAttributes":{"taskList":{"name":"l"}}}"#;

fn export(domain: &str, events: &str) -> String {
    let events: Vec<String> =
        events.lines().map(|event| format!("{{\"event\":{event}}}\n")).collect();
    format!(
        "{{\"tidewheelExport\":{{\"version\":1}}}}\n\
         {{\"domain\":{{\"domainInfo\":{{\"name\":\"{domain}\",\"status\":\"REGISTERED\"}},\"configuration\":\
         {{\"workflowExecutionRetentionPeriodInDays\":\"7\"}}}}}}\n\
         {{\"execution\":{{\"domain\":\"{domain}\",\"workflowId\":\"w\",\"runId\":\"r\"}}}}\n\
         {}{{\"executionEnd\":{{\"lastEventId\":{}}}}}\n{{\"end\":{{\"executions\":1}}}}\n",
        events.concat(),
        events.len()
    )
}

#[test]
fn an_export_and_a_history_are_told_apart() {
    let history = format!("{{\"events\": [{}]}}", EVENTS.replace('\n', ","));
    let mut from_history = open(&history, Some(&owner())).expect("it is one");
    let mut from_export = open(&export("d", EVENTS), None).expect("it is one");
    let one = Survey::of(&mut from_history, None).expect("it can be read");
    let other = Survey::of(&mut from_export, None).expect("it can be read");
    assert_eq!(one.facts, other.facts);
    assert_eq!((one.domains.len(), other.domains.len()), (0, 1));
    refused(open(&history, None), "a history does not say whose it is");
    refused(open("[]", Some(&owner())), "it has no list \"events\"");
    refused(open("seven", None), "it is neither an export nor a history in JSON");
    let named = open(&export("d", EVENTS), Some(&owner()));
    assert!(matches!(named, Err(TransferError::Named)));
    let missing = ExportFile::open(Path::new("/nowhere/to/be/found"), None);
    assert!(matches!(missing, Err(TransferError::File(_, _))));
}

#[test]
fn what_somebody_has_in_hand_and_what_waits_for_an_answer_is_seen() {
    let mut file = open(&export("d", EVENTS), None).expect("it is one");
    let survey = Survey::of(&mut file, Some("other")).expect("it can be read");
    let [facts] = &survey.facts[..] else { panic!("one execution") };
    assert_eq!((facts.fault.as_ref(), facts.events), (None, 9));
    assert_eq!((facts.domain.as_str(), facts.workflow_id.as_str()), ("other", "w"));
    assert_eq!(facts.parent.as_ref().map(|link| link.run_id.as_str()), Some("pr"));
    let times_out_at = Some(Timestamp(17_000));
    assert_eq!(facts.held, [Held::Activity { activity_id: "a".into(), times_out_at }]);
    let announced =
        Announcement { event_id: EventId(5), what: Announced::Signal, workflow_id: "v".into() };
    assert_eq!(facts.announced, [announced]);
    let effects: Vec<(&str, u64)> =
        survey.effects.iter().map(|link| (link.run_id.as_str(), link.event_id.0)).collect();
    assert_eq!(effects, [("pr", 7), ("xr", 9)]);
    let mut read = Vec::new();
    let all = file.events(survey.places[0], |event| {
        read.push(event.event_id.0);
        Ok(true)
    });
    all.expect("it can be read");
    assert_eq!(read, (1..=9).collect::<Vec<u64>>());
}

#[test]
fn what_the_server_would_refuse_is_seen_before() {
    let fault = |events: &str| {
        let mut file = open(&export("d", events), None).expect("it is one");
        let survey = Survey::of(&mut file, None).expect("it can be read");
        survey.facts[0].fault.clone().expect("it is refused")
    };
    assert_eq!(
        fault(&EVENTS.replace("\"scheduledEventId\":6", "\"scheduledEventId\":5")),
        "event 7: ActivityTaskStarted names scheduledEventId 5, which is no open activity"
    );
    let long = fault(&EVENTS.replace("\"activityId\":\"a\"", "\"activityId\":\"\""));
    assert!(long.starts_with("in the events from 1 on: 1 validation error detected"), "{long}");
}

#[test]
fn one_name_is_not_that_of_several_domains() {
    let one = export("d", EVENTS);
    let other = export("e", EVENTS);
    let (one, other) = (one.lines().collect::<Vec<_>>(), other.lines().collect::<Vec<_>>());
    let lines = [&one[..one.len() - 1], &other[1..other.len() - 1]].concat().join("\n");
    let both = format!("{lines}\n{{\"end\":{{\"executions\":2}}}}\n");
    let mut file = open(&both, None).expect("it is one");
    assert_eq!(Survey::of(&mut file, None).expect("it can be read").facts.len(), 2);
    let renamed = Survey::of(&mut file, Some("f"));
    assert!(matches!(renamed, Err(TransferError::SeveralDomains)));
}

#[test]
fn blank_lines_end_nothing() {
    let text = export("d", EVENTS).replace('\n', "\n\n \r\n");
    let mut file = open(&text, None).expect("it is one");
    let survey = Survey::of(&mut file, None).expect("it can be read");
    let mut read = 0;
    let all = file.events(survey.places[0], |_| {
        read += 1;
        Ok(true)
    });
    all.expect("it can be read");
    assert_eq!((survey.facts[0].events, read), (9, 9));
}

#[test]
fn a_copy_has_run_ids_of_its_own_that_name_each_other() {
    let new_run_ids = NewRunIds { region: "eu".into(), domain: "copy".into() };
    let mut file = open(&export("d", EVENTS), None).expect("it is one");
    let before = Survey::of(&mut file, Some("copy")).expect("it can be read");
    file.new_run_ids = Some(new_run_ids.clone());
    let after = Survey::of(&mut file, Some("copy")).expect("it can be read");
    let [facts] = &after.facts[..] else { panic!("one execution") };
    assert_eq!((facts.fault.as_ref(), facts.events), (None, 9));
    assert_eq!(facts.run_id.as_str(), new_run_ids.of("r"));
    let link =
        |link: &Link| Link { run_id: new_run_ids.of(link.run_id.as_str()).into(), ..link.clone() };
    assert_eq!(after.effects, before.effects.iter().map(link).collect());
    assert_eq!(facts.parent, before.facts[0].parent.as_ref().map(link));
    let mut changed = Vec::new();
    let all = file.events(after.places[0], |event| {
        changed.push(serde_json::to_string(&event).expect("it is written to memory"));
        Ok(true)
    });
    all.expect("it can be read");
    let renamed = [("pr", new_run_ids.of("pr")), ("xr", new_run_ids.of("xr"))];
    let expected = renamed.iter().fold(EVENTS.to_owned(), |text, (old, new)| {
        text.replace(&format!("\"runId\":\"{old}\""), &format!("\"runId\":\"{new}\""))
    });
    let expected: Vec<Event> =
        expected.lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
    let changed: Vec<Event> =
        changed.iter().map(|line| serde_json::from_str(line).expect("an event")).collect();
    assert_eq!(changed, expected);
}

#[test]
fn run_ids_of_a_copy_are_the_same_again_and_differ_by_domain_and_region() {
    let of_region = |region: &str, domain: &str, run_id: &str| {
        NewRunIds { region: region.to_owned(), domain: domain.into() }.of(run_id)
    };
    let of = |domain: &str, run_id: &str| of_region("eu", domain, run_id);
    let tidewheels = "018f6b3a2c1d00112233445566778899";
    assert_eq!(of("d", tidewheels), of("d", tidewheels));
    assert_ne!(of("d", tidewheels), of("e", tidewheels));
    assert_ne!(of("d", "1r"), of("d1", "r"));
    assert_ne!(of("d", tidewheels), of_region("us", "d", tidewheels));
    assert_ne!(of("d", "r"), of_region("e", "ud", "r"));
    assert_eq!(of("d", tidewheels)[..12], tidewheels[..12]);
    assert_eq!(of("d", tidewheels).len(), 44);
    // Amazon's, and others that are not ours.
    for run_id in ["22Pxb9/5kWLZUTW2PCNQvj0sRZzXCmxUy2cJ3sHOo=", "r", "äöüäöüäöü"] {
        assert_eq!(of("d", run_id).len(), 32, "{run_id}");
    }
}

/// A member of the model that names a run and is not renamed would name one of the source.
#[test]
fn every_member_that_names_a_run_is_renamed() {
    let model = include_str!("../../../wire/src/swf-2012-01-25.json");
    let model: serde_json::Value = serde_json::from_str(model).expect("it is JSON");
    let shapes = model["shapes"].as_object().expect("there are shapes").values();
    let members = shapes.filter_map(|shape| shape["members"].as_object()).flatten();
    let naming = members.filter(|(_, member)| {
        ["WorkflowRunId", "WorkflowRunIdOptional"].contains(&member["shape"].as_str().unwrap_or(""))
    });
    let naming: BTreeSet<&str> = naming.map(|(name, _)| name.as_str()).collect();
    assert_eq!(naming, BTreeSet::from(super::run_ids::MEMBERS));
}

#[test]
fn a_line_that_is_too_long_is_not_read() {
    let text = export("d", EVENTS);
    let padded =
        text.replacen("{\"event\"", &format!("{}{{\"event\"", " ".repeat(LINE_BYTES_MAX)), 1);
    let mut file = open(&padded, None).expect("it begins like one");
    refused(file.read(|_, _| Ok(())), "a line is longer than");
}

#[test]
fn a_scratch_file_is_read_as_it_was_written() {
    let text = export("d", EVENTS);
    let mut scratch = Scratch::new().expect("there is room");
    for line in text.lines() {
        let line: Line = serde_json::from_str(line).expect("a line");
        scratch.write(&line).expect("there is room");
    }
    let mut file = scratch.into_export(Path::new("it")).expect("there is room");
    for _ in 0..2 {
        let mut lines = 0;
        file.read(|_, _| {
            lines += 1;
            Ok(())
        })
        .expect("it is whole");
        assert_eq!(lines, text.lines().count());
    }
}
