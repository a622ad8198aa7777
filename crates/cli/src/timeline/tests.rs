//! Histories in, texts out.

use super::{Snapshot, Timeline, View, event_line};
use serde::Deserialize;
use wire::{Event, Timestamp, WorkflowExecutionDetail};

const VIEW: View = View { columns: 100, colored: false, all: false, full: false };

/// A history with what DescribeWorkflowExecution says, and what time it is.
#[derive(Deserialize)]
struct Recorded {
    now: Timestamp,
    detail: WorkflowExecutionDetail,
    events: Vec<Event>,
}

fn recorded(json: &str) -> Recorded {
    serde_json::from_str(json).expect("a recording")
}

fn drawn(recorded: &Recorded, view: View) -> String {
    let timeline = Timeline::of(&recorded.events);
    let Recorded { now, detail, .. } = recorded;
    Snapshot { domain: "d", timeline: &timeline, detail, now: *now }.draw(view)
}

/// What is drawn, held against a text; what differs is shown whole, to be read and taken over.
#[track_caller]
fn check(json: &str, expected: &str) {
    let drawn = drawn(&recorded(json), VIEW);
    assert!(drawn == expected, "{drawn}");
}

#[test]
fn a_closed_execution_is_drawn() {
    check(include_str!("order.json"), include_str!("order.txt"));
}

/// With retries, folded idle time, every kind of deadline, and a decision task that is held back.
#[test]
fn an_open_execution_is_drawn_with_its_deadlines() {
    check(include_str!("waiting.json"), include_str!("waiting.txt"));
}

#[test]
fn colours_are_added_and_change_nothing_else() {
    for json in [include_str!("order.json"), include_str!("waiting.json")] {
        let recorded = recorded(json);
        let mut colored = drawn(&recorded, View { colored: true, ..VIEW });
        assert!(colored.contains("\u{1b}[31m"), "failures are red");
        for code in [0, 1, 2, 31, 32, 33, 35, 36] {
            colored = colored.replace(&format!("\u{1b}[{code}m"), "");
        }
        let lines = |text: &str| text.lines().map(|line| line.trim_end().to_owned()).collect();
        let (colored, plain): (Vec<String>, Vec<String>) =
            (lines(&colored), lines(&drawn(&recorded, VIEW)));
        assert_eq!(colored, plain);
    }
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for columns in [60, 80, 133, 250] {
        let drawn = drawn(&recorded(include_str!("order.json")), View { columns, ..VIEW });
        // The ids in the first line are to be copied.
        for line in drawn.lines().skip(1) {
            assert!(super::length::width(line) <= columns, "{columns}: {line}");
        }
    }
}

/// The longest history that SWF has.
#[test]
fn a_long_history_shows_failures_and_what_is_open_and_counts_the_rest() {
    let mut recorded = recorded(include_str!("waiting.json"));
    let signal = recorded.events[12].clone();
    while recorded.events.len() < 25_000 {
        let event_id = recorded.events.last().expect("there are some").event_id.next();
        recorded.events.push(Event { event_id, event_timestamp: recorded.now, ..signal.clone() });
    }
    let short = drawn(&recorded, VIEW);
    for part in ["✗ activity a [x]", "▸ activity a (try 2) [y]", "TIMER_ID_ALREADY_IN_USE"] {
        assert!(short.contains(part), "{part}: {short}");
    }
    assert!(short.contains("signal ✓"), "{short}");
    assert!(short.contains("; --all shows them"), "{short}");
    assert!(short.lines().count() < 450, "{short}");
    let all = drawn(&recorded, View { all: true, ..VIEW });
    assert!(24_000 < all.lines().count() && !all.contains("--all"));
}

#[test]
fn an_event_is_a_line() {
    let recorded = recorded(include_str!("waiting.json"));
    let zero = recorded.events[0].event_timestamp;
    let line = |index: usize| event_line(&recorded.events[index], zero, 80);
    assert_eq!(line(8), "   +8.0s     9 ActivityTaskTimedOut timeoutType=HEARTBEAT");
    assert_eq!(line(12), "  +2h00m    13 WorkflowExecutionSignaled signalName=go");
}
