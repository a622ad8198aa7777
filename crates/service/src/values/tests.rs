//! Stored values come back, and forms of another version are refused, not misread.

use super::*;
use wire::{EventAttributes, Timestamp, event::MarkerRecorded};

fn marker(event_id: u64, name: &str) -> Event {
    Event {
        event_id: EventId(event_id),
        event_timestamp: Timestamp(1_326_593_394_566),
        attributes: EventAttributes::MarkerRecorded(MarkerRecorded {
            marker_name: name.into(),
            decision_task_completed_event_id: EventId(4),
            details: None,
        }),
    }
}

#[test]
fn the_events_of_a_transition_come_back_one_by_one() {
    let written = [marker(5, "a"), marker(6, "ü\n"), marker(7, "c")];
    let bytes = events(&written);
    let read: Vec<Event> = event_jsons(&bytes)
        .expect("whole")
        .into_iter()
        .map(|json| parse_event(json).expect("an event"))
        .collect();
    assert_eq!(read, written);
    assert_eq!(event_at(&bytes, EventId(5), EventId(6)).expect("there"), written[1]);
    assert!(event_at(&bytes, EventId(5), EventId(8)).is_err());
    assert!(event_at(&bytes, EventId(5), EventId(4)).is_err());
}

/// The first form, as it stands in stores in the field: it must be read for ever.
#[test]
fn form_1_of_a_history_is_read_for_ever() {
    let json = br#"{"eventTimestamp":1326593394.566,"eventType":"MarkerRecorded","eventId":5,"markerRecordedEventAttributes":{"markerName":"a","decisionTaskCompletedEventId":4}}"#;
    let mut bytes = vec![1];
    bytes.extend((json.len() as u32).to_be_bytes());
    bytes.extend(json);
    assert_eq!(events(&[marker(5, "a")]), bytes);
    assert_eq!(event_at(&bytes, EventId(5), EventId(5)).expect("there"), marker(5, "a"));
}

#[test]
fn a_form_of_another_version_is_refused() {
    assert!(parse_open_run(&[2, b'"', b'r', b'"']).is_err());
    assert!(parse_open_run(&[]).is_err());
    assert_eq!(parse_open_run(&[1, b'"', b'r', b'"']).expect("form 1"), RunId::from("r"));
    let mut cut = events(&[marker(5, "a")]);
    cut.pop();
    assert!(event_jsons(&cut).is_err());
}

/// A snapshot from before there were Lambda tasks, as it stands in stores in the field.
#[test]
fn a_snapshot_without_lambda_tasks_is_read_for_ever() {
    let json = r#"{"identity":{"scope":{"account":"123456789012","region":"us-east-1"},"domain":"d","workflow_id":"w","run_id":"r1"},"workflow_type":{"name":"order","version":"1"},"settings":{"execution_start_to_close_timeout":"1000","task_start_to_close_timeout":"60","task_list":{"name":"deciders"},"task_priority":null,"child_policy":"TERMINATE","lambda_role":"arn:mine"},"tag_list":["x"],"parent":null,"started_at":1.5,"closed":null,"last_event_id":5,"last_event_timestamp":3.0,"decision_task_scheduled":null,"decision_task_started":null,"previous_started_event_id":3,"task_list_override":{"task_list":{"name":"mine"},"schedule_to_start":"5"},"activities":{},"activity_ids":{},"timers":{"t":{"started_event_id":5,"fires_at":12.0}},"children":{},"open_lambda_functions":0,"cancel_requested":false,"latest_execution_context":"here","latest_activity_task_timestamp":null}"#;
    let bytes = [&[1], json.as_bytes()].concat();
    let state = parse_snapshot(&bytes).expect("form 1");
    assert_eq!(state.last_event_id, EventId(5));
    assert_eq!(state.timers.len(), 1);
    assert!(state.lambdas.is_empty());
    assert_eq!(state.detail().open_counts.open_lambda_functions, Some(0));
}
