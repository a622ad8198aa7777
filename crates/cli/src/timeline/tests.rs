//! Histories in, texts out.

use super::{Timeline, View, event_line};
use crate::recorded::Recorded;
use wire::{Event, EventId};

const VIEW: View = View { columns: 100, colored: false, all: false, full: false };

fn recorded(json: &str) -> Recorded {
    Recorded::of(json)
}

fn drawn(recorded: &Recorded, view: View) -> String {
    recorded.snapshot("d", &recorded.timeline()).draw(view)
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

macro_rules! golden {
    ($($(#[$doc:meta])* $name:ident $file:literal;)*) => {
        $(
            $(#[$doc])*
            #[test]
            fn $name() {
                let json = include_str!(concat!("../recorded/", $file, ".json"));
                check(json, include_str!(concat!($file, ".txt")));
            }
        )*
    };
}

golden! {
    /// Completed, failed, timed out, canceled and open; with a signal and a request to cancel.
    children_are_drawn "children";
    functions_and_a_marker_are_drawn "lambda";
    decisions_that_failed_are_drawn "refused";
    an_activity_that_was_asked_to_cancel_is_drawn "at-work";
    a_canceled_execution_is_drawn "canceled";
    a_run_that_was_continued_as_new_is_drawn "continued";
    a_run_that_continues_another_is_drawn "continuing";
    a_child_that_was_terminated_with_its_parent_is_drawn "terminated-by-parent";
    /// The same id again is another try.
    tries_are_counted_by_type_and_id "failed";
    decision_tasks_that_timed_out_are_drawn "deciding-late";
}

/// A history comes in pages; where one ends means nothing.
#[test]
fn a_history_is_gathered_page_by_page() {
    let recorded = recorded(include_str!("../recorded/children.json"));
    let whole = recorded.snapshot("d", &recorded.timeline()).json();
    for size in [1, 2, 7] {
        let mut timeline = Timeline::default();
        for page in recorded.events.chunks(size) {
            page.iter().for_each(|event| timeline.add(event));
        }
        assert_eq!(recorded.snapshot("d", &timeline).json(), whole);
    }
}

/// Each event of a decision is known as its effect.
#[test]
fn what_decisions_led_to_is_known() {
    let recorded = recorded(include_str!("../recorded/refused.json"));
    let timeline = recorded.timeline();
    let told = |completed: u64| {
        let effects = timeline.effects(EventId(completed)).iter();
        effects.map(|effect| timeline.told(effect)).collect::<Vec<_>>()
    };
    assert_eq!(
        told(4),
        [
            "tried activity mail, refused as ACTIVITY_TYPE_DOES_NOT_EXIST",
            "tried activity old, refused as ACTIVITY_TYPE_DEPRECATED",
            "started timer t",
            "tried timer t, refused as TIMER_ID_ALREADY_IN_USE",
            "tried cancel of timer u, refused as TIMER_ID_UNKNOWN",
        ]
    );
    assert_eq!(told(5), Vec::<String>::new());
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
    for json in [include_str!("order.json"), include_str!("waiting.json")] {
        for columns in [60, 80, 133, 250] {
            let drawn = drawn(&recorded(json), View { columns, ..VIEW });
            // The ids in the first line are to be copied.
            for line in drawn.lines().skip(1) {
                assert!(super::length::width(line) <= columns, "{columns}: {line}");
            }
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
    for part in ["✗ activity a [x]", "▸ activity a (try 2) [x]", "TIMER_ID_ALREADY_IN_USE"] {
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
