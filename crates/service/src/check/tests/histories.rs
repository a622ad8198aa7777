//! Damage to histories is reported, and neither they nor anything else of their runs is touched.

use super::*;
use crate::values;
use engine::rows::{Key, Listing};
use wire::{Event, EventAttributes, EventId, RunId, WorkflowExecutionInfo};

/// The history's rows of the run that has the most, but for the one with a snapshot.
fn history(whole: &Rows) -> (ShardId, RunId, Vec<Vec<u8>>) {
    let mut histories: BTreeMap<(ShardId, RunId), Vec<Vec<u8>>> = BTreeMap::new();
    for (shard, key) in of(whole, Table::History).into_keys() {
        let run_id = Table::History.run_of(&key).expect("it names its run");
        histories.entry((shard, run_id)).or_default().push(key);
    }
    let short = histories.into_iter().filter(|(_, keys)| keys.len() < 20);
    let ((shard, run_id), keys) = short.max_by_key(|(_, keys)| keys.len()).expect("a run");
    (shard, run_id, keys)
}

fn events(bytes: &[u8]) -> Vec<Event> {
    let jsons = values::event_jsons(bytes).expect("it is whole");
    jsons.into_iter().map(|json| values::parse_event(json).expect("it is whole")).collect()
}

fn names(bytes: &[u8], run_id: &RunId) -> Option<usize> {
    let run_id = run_id.as_str().as_bytes();
    bytes.windows(run_id.len()).position(|part| part == run_id)
}

/// Damages the row that `index` counts to, with what is made of its events.
fn check_fault(
    index: usize,
    damage: impl Fn(Vec<Event>) -> Option<Vec<u8>>,
    expected: impl Fn(&HistoryFault) -> bool,
) {
    let whole = rows(&store());
    let (shard, run_id, keys) = history(&whole);
    let key = (shard, keys[index].clone());
    let memory = with(&whole);
    edit(&memory, &key, damage(events(&whole[&key])));
    is_left(&memory, |what| matches!(what, What::History(fault) if expected(fault)));
    let found = look(&memory);
    assert_eq!(found[0].run.as_ref().map(|run| &run.run_id), Some(&run_id));
}

#[test]
fn a_row_of_a_history_that_is_lost_is_a_gap() {
    let is_first = |fault: &HistoryFault| matches!(fault, HistoryFault::Gap { expected: EventId(1), found } if found.0 > 1);
    check_fault(0, |_| None, is_first);
    check_fault(1, |_| None, |fault| matches!(fault, HistoryFault::Gap { .. }));
}

#[test]
fn a_row_of_a_history_that_does_not_decode_is_reported() {
    let is_it = |fault: &HistoryFault| matches!(fault, HistoryFault::Undecodable { .. });
    check_fault(1, |_| Some(vec![1]), is_it);
    check_fault(1, |_| Some(vec![2, 3]), is_it);
    check_fault(1, |events| Some(values::events(&events)[..40].to_vec()), is_it);
    check_fault(1, |_| Some(vec![1, 0, 0, 0, 2, b'{', b'}']), is_it);
}

#[test]
fn events_out_of_order_are_reported() {
    let reversed = |mut events: Vec<Event>| {
        events.reverse();
        Some(values::events(&events))
    };
    check_fault(0, reversed, |fault| matches!(fault, HistoryFault::Misplaced { .. }));
    let skips = |mut events: Vec<Event>| {
        events[1].event_id = EventId(9);
        Some(values::events(&events))
    };
    check_fault(0, skips, |fault| matches!(fault, HistoryFault::Gap { .. }));
    let early = |mut events: Vec<Event>| {
        events[0].event_timestamp = Timestamp(5);
        Some(values::events(&events))
    };
    check_fault(1, early, |fault| matches!(fault, HistoryFault::BackInTime { .. }));
}

#[test]
fn a_history_that_starts_twice_or_never_is_reported() {
    let headless = |mut events: Vec<Event>| {
        events[0].attributes = events[1].attributes.clone();
        Some(values::events(&events))
    };
    check_fault(0, headless, |fault| matches!(fault, HistoryFault::NoStart { .. }));
    let twice = |mut events: Vec<Event>| {
        events[1].attributes = events[0].attributes.clone();
        Some(values::events(&events))
    };
    check_fault(0, twice, |fault| matches!(fault, HistoryFault::SecondStart { .. }));
    let scheduled_twice = |mut events: Vec<Event>| {
        let mut again = events[1].clone();
        again.event_id = EventId(3);
        events.push(again);
        Some(values::events(&events))
    };
    check_fault(0, scheduled_twice, |fault| matches!(fault, HistoryFault::CannotFollow { .. }));
}

#[test]
fn an_event_behind_the_close_is_reported() {
    let whole = rows(&store());
    let (shard, closed) = of(&whole, Table::ClosedByStart).into_keys().next().expect("it closed");
    let run_id = Table::ClosedByStart.run_of(&closed).expect("it names its run");
    let memory = with(&whole);
    let range = keys::history_all(&run_id);
    let last = whole.range((shard, range.start)..(shard, range.end)).next_back();
    let mut event = events(last.expect("it has a history").1).pop().expect("a row has events");
    event.event_id = event.event_id.next();
    let key = (shard, keys::history(&run_id, event.event_id));
    edit(&memory, &key, Some(values::events(&[event])));
    let is_it = |what: &What| matches!(what, What::History(HistoryFault::AfterClose { .. }));
    is_left(&memory, is_it);
}

/// Without a snapshot nothing is left to lose; with one, there is.
#[test]
fn what_is_left_of_a_lost_history_goes_unless_there_is_a_snapshot() {
    let whole = rows(&store_with_snapshot());
    let lose = |shard: ShardId, run_id: &RunId| {
        let memory = with(&whole);
        let range = keys::history_all(run_id);
        let lost = whole.range((shard, range.start)..(shard, range.end));
        lost.for_each(|(key, _)| edit(&memory, key, None));
        memory
    };
    let (shard, run_id, _) = history(&whole);
    let memory = lose(shard, &run_id);
    assert!(look(&memory).iter().all(|finding| matches!(finding.what, What::Stray { .. })));
    assert!(repair(&memory).iter().all(|finding| finding.repaired));
    assert_eq!(look(&memory), []);
    assert_eq!(memory.get(shard, &keys::row(&Key::Run(run_id))), Ok(None));

    let ((shard, key), _) = of(&whole, Table::Snapshot).pop_first().expect("a snapshot");
    let memory = lose(shard, &Table::Snapshot.run_of(&key).expect("it names its run"));
    is_left(&memory, |what| *what == What::History(HistoryFault::Empty));
}

#[test]
fn a_snapshot_that_is_wrong_is_made_anew() {
    let whole = rows(&store_with_snapshot());
    let (key, value) = of(&whole, Table::Snapshot).pop_first().expect("a snapshot");
    let state = || values::parse_snapshot(&value).expect("it is whole");
    let mut ahead = state();
    ahead.last_event_id = EventId(100_000);
    let mut differs = state();
    differs.cancel_requested = true;
    for (bytes, is_it) in [
        (vec![1], (|what| matches!(what, What::Damaged { .. })) as fn(&What) -> bool),
        (vec![2, 1], |what| matches!(what, What::Damaged { .. })),
        (values::json(&ahead), |what| matches!(what, What::SnapshotAhead { .. })),
        (values::json(&differs), |what| matches!(what, What::SnapshotDiffers { .. })),
    ] {
        let memory = with(&whole);
        edit(&memory, &key, Some(bytes));
        is_mended(&memory, &whole, is_it, Table::Snapshot);
    }
    // A shard does without one.
    let memory = with(&whole);
    edit(&memory, &key, None);
    assert_eq!(look(&memory), []);
}

#[test]
fn a_history_of_nobody_is_reported_and_stays() {
    let whole = rows(&store());
    let (shard, run_id, _) = history(&whole);
    let memory = with(&whole);
    for ((at, key), value) in &whole {
        let is_named = names(key, &run_id).or(names(value, &run_id)).is_some();
        if *at == shard && is_named && !Table::History.keys().contains(key) {
            edit(&memory, &(*at, key.clone()), None);
        }
    }
    is_left(&memory, |what| *what == What::Ownerless);
}

#[test]
fn a_run_in_a_wrong_shard_is_reported_and_stays() {
    let whole = rows(&store());
    let (shard, run_id, _) = history(&whole);
    let moved = ShardId((shard.0 + 1) % keys::SHARDS);
    let memory = with(&whole);
    for ((at, key), value) in &whole {
        let table = Table::of(key, &[Table::History, Table::Run]);
        let is_of_it = table.is_some_and(|table| table.run_of(key).as_ref() == Some(&run_id));
        if *at == shard && is_of_it {
            edit(&memory, &(moved, key.clone()), Some(value.clone()));
        }
    }
    is_left(&memory, |what| *what == What::WrongShard { belongs: shard });
}

#[test]
fn runs_that_go_on_from_each_other_name_each_other() {
    let whole = rows(&store());
    let goes_on = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains("continuedExecutionRunId");
    let successor = of(&whole, Table::History).into_iter().find(|(_, bytes)| goes_on(bytes));
    let ((shard, key), bytes) = successor.expect("a run goes on from another");
    let mut of_successor = events(&bytes);
    let EventAttributes::WorkflowExecutionStarted(started) = &mut of_successor[0].attributes else {
        panic!("it is a start");
    };
    started.continued_execution_run_id = Some("stranger".into());
    let memory = with(&whole);
    edit(&memory, &(shard, key.clone()), Some(values::events(&of_successor)));
    let stranger = Some(RunId::from("stranger"));
    is_left(&memory, |what| matches!(what, What::Unlinked { names, .. } if *names == stranger));

    // Without the successor.
    let run_id = Table::History.run_of(&key).expect("it names its run");
    let memory = with(&whole);
    for (at, row) in whole.keys().filter(|(at, key)| *at == shard && names(key, &run_id).is_some())
    {
        edit(&memory, &(*at, row.clone()), None);
    }
    is_left(&memory, |what| *what == What::SuccessorMissing { run_id: run_id.clone() });
    // It may have gone when its domain's retention period is over.
    let later = Timestamp(NOW.0 + 8 * 24 * 60 * 60 * 1000);
    let mut tell = |finding: Finding| panic!("{finding}");
    check(&memory, later, Mode::Look, &mut tell).expect("the store can be read");
}

#[test]
fn two_open_runs_of_a_workflow_are_reported_and_stay() {
    let whole = rows(&store());
    let (_, value) = of(&whole, Table::OpenRun).pop_first().expect("an open run");
    let run_id = values::parse_open_run(&value).expect("it is whole");
    let memory = with(&whole);
    // The same run once more, under another id.
    let twin = |bytes: &[u8]| {
        let at = names(bytes, &run_id)?;
        let length = run_id.as_str().len();
        Some([&bytes[..at], "x".repeat(length).as_bytes(), &bytes[at + length..]].concat())
    };
    for ((shard, key), value) in &whole {
        if let Some(key) = twin(key) {
            let value = twin(value).unwrap_or_else(|| value.clone());
            edit(&memory, &(*shard, key), Some(value));
        }
    }
    is_left(&memory, |what| *what == What::TwoOpen { other: run_id.clone() });
}

#[test]
fn a_run_that_is_being_removed_agrees() {
    let whole = rows(&store());
    let info =
        |value: &[u8]| -> WorkflowExecutionInfo { values::parse_json(value).expect("it is whole") };
    let is_it = |value: &[u8]| info(value).execution.workflow_id.as_str() == "closed";
    let listed = of(&whole, Table::ClosedByClose).into_iter().find(|(_, value)| is_it(value));
    let ((shard, closed), value) = listed.expect("it closed");
    let info = info(&value);
    let wire::WorkflowExecution { workflow_id, run_id } = info.execution;
    let by_start = keys::Position { at: info.start_timestamp, workflow_id, run_id: run_id.clone() };
    let scope = crate::tests::fixture::scope();
    let by_start = by_start.key(Listing::ClosedByStart, &scope, &"d".into());
    let (run, first) = (keys::row(&Key::Run(run_id.clone())), keys::history(&run_id, EventId(1)));
    let memory = with(&whole);
    [closed, run, by_start, first].into_iter().for_each(|key| edit(&memory, &(shard, key), None));
    let left_over = (shard, keys::left_over(&run_id));
    edit(&memory, &left_over, Some(values::json(&run_id)));
    assert_eq!(look(&memory), []);
    // What is stored beside the key is what the shard reads.
    let leaving = rows(&memory);
    edit(&memory, &left_over, Some(values::json(&"stranger")));
    is_mended(&memory, &leaving, |what| matches!(what, What::Different { .. }), Table::LeftOver);
    // A run that can be found is not being removed, and one without a history has been.
    let memory = with(&whole);
    edit(&memory, &left_over, Some(values::json(&run_id)));
    is_mended(&memory, &whole, |what| matches!(what, What::Stray { .. }), Table::LeftOver);
    let left_over = (shard, keys::left_over(&"stranger".into()));
    edit(&memory, &left_over, Some(values::json(&"stranger")));
    is_mended(&memory, &whole, |what| matches!(what, What::Stray { .. }), Table::LeftOver);
}

/// A store with an import under way: three events of an execution, in two pieces.
fn arriving() -> (Memory, wire::RunId) {
    let client = Client::new();
    let attributes = json!({
        "childPolicy": "TERMINATE", "taskList": {"name": "l"}, "parentInitiatedEventId": 0,
        "workflowType": {"name": "w", "version": "1"},
    });
    let events = [
        json!({
            "eventId": 1, "eventTimestamp": 900, "eventType": "WorkflowExecutionStarted",
            "workflowExecutionStartedEventAttributes": attributes,
        }),
        json!({
            "eventId": 2, "eventTimestamp": 900, "eventType": "DecisionTaskScheduled",
            "decisionTaskScheduledEventAttributes": {"taskList": {"name": "l"}},
        }),
    ];
    for event in events {
        let execution = json!({"workflowId": "elsewhere", "runId": "r"});
        let body = json!({"domain": "d", "execution": execution, "events": [event]});
        let operation = wire::OwnOperation::ImportWorkflowExecution;
        let request = wire::OwnRequest::check(operation, body).expect("it is right");
        let pending = client.service.operate(&crate::tests::fixture::caller(), request);
        crate::tests::client::wait(pending).expect("it begins");
    }
    client.rest();
    client.service.close();
    (client.memory.clone(), "r".into())
}

#[test]
fn an_import_under_way_agrees_and_a_damaged_one_is_dropped() {
    let (memory, run_id) = arriving();
    assert_eq!(look(&memory), []);
    let whole = rows(&memory);
    let (key, _) = of(&whole, Table::Import).pop_first().expect("it is under way");
    let event = (key.0, keys::history(&run_id, EventId(2)));
    for (damaged, value) in [(&key, Some(vec![1])), (&event, None)] {
        let memory = with(&whole);
        edit(&memory, damaged, value);
        let found = repair(&memory);
        let [finding] = &found[..] else { panic!("{found:#?}") };
        assert!(matches!(finding.what, What::Damaged { .. }) && finding.repaired, "{finding}");
        assert_eq!(look(&memory), [], "its events go with those of expired runs");
        assert_eq!(of(&rows(&memory), Table::LeftOver).len(), 1);
    }
    // Without its events, and beside a run, it is nothing.
    let memory = with(&whole);
    edit(&memory, &event, None);
    edit(&memory, &(key.0, keys::history(&run_id, EventId(1))), None);
    let found = repair(&memory);
    assert!(matches!(found[..], [Finding { what: What::Stray { .. }, repaired: true, .. }]));
    assert_eq!(of(&rows(&memory), Table::Import).len(), 0);
}
