//! What is asked of an execution whose history is full.

use super::*;

/// A run of 24,999 events with a decision task that waits.
fn full() -> Rig {
    let mut rig = Rig::unaudited();
    rig.start("w", "r1").expect("the first of its id");
    let task = rig.poll(TaskKind::Decision);
    rig.step(signal(open("w"), "x")).expect("the run is open");
    let marker = json!({
        "decisionType": "RecordMarker",
        "recordMarkerDecisionAttributes": {"markerName": "m"},
    });
    let room = 24_999 - 6;
    let decisions = Value::Array(vec![marker; room]);
    assert_eq!(rig.step(complete(&task, decisions)), Ok(Outcome::Done));
    assert_eq!(rig.history("r1").len(), 24_999);
    rig
}

fn check_ended(mut rig: Rig) {
    let history = rig.history("r1");
    assert_eq!((history.len(), history.last()), (25_000, Some(&"WorkflowExecutionTerminated")));
    rig.audit();
}

#[test]
fn a_task_that_finds_no_room_for_its_start_is_not_handed_out() {
    let mut rig = full();
    let (list, task) = rig.offers.pop().expect("a task was offered");
    let refused = rig.step(start_task(list, task));
    assert_eq!(refused, fault(Fault::unknown_decision_task(EventId(5))));
    check_ended(rig);
}

#[test]
fn a_signal_that_finds_no_room_is_refused() {
    let mut rig = full();
    let unknown = Fault::unknown_run(&"w".into(), &"r1".into());
    assert_eq!(rig.step(signal(open("w"), "y")), fault(unknown));
    check_ended(rig);
}
