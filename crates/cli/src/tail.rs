//! The lines of `tidewheel tail`: one event each, of whichever execution.

use crate::timeline::event_summary;
use crate::timeline::length::{padded, plain, shortened, width};
use wire::{Timestamp, ToldEvent};

/// The colours that tell executions apart: those that can be read on dark and on light.
const COLORS: &[u8] = &[31, 32, 33, 34, 35, 36];

/// How wide a workflow id is at most, before it is cut, or where nothing is cut stands out of its
/// column.
const ID_COLUMNS_MAX: usize = 32;

/// How events are shown.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// How wide a line is at most; `usize::MAX` if it is whole.
    pub columns: usize,
    /// Whether executions have colours.
    pub colored: bool,
}

/// Lines one after another: workflow ids are as wide as the widest so far.
#[derive(Debug, Default)]
pub struct Lines {
    id_columns: usize,
}

impl Lines {
    /// The line of an event: when (in UTC), which execution, and what.
    pub fn line(&mut self, told: &ToldEvent, view: View) -> String {
        let id = match view.columns {
            usize::MAX => plain(told.workflow_id.as_str()),
            _ => shortened(told.workflow_id.as_str(), ID_COLUMNS_MAX),
        };
        self.id_columns = self.id_columns.max(width(&id).min(ID_COLUMNS_MAX));
        let id = padded(&id, self.id_columns);
        let at = time(told.event.event_timestamp);
        let used = width(&at) + width(&id) + 2;
        let summary = event_summary(&told.event, view.columns);
        let summary = shortened(&summary, view.columns.saturating_sub(used).max(1));
        match view.colored {
            true => format!("{at} \u{1b}[{}m{id}\u{1b}[0m {summary}", color(told)),
            false => format!("{at} {id} {summary}"),
        }
    }
}

/// An event as JSON in one line.
pub fn json(told: &ToldEvent) -> String {
    serde_json::to_string(told).expect("an event is written to memory")
}

/// The time of day, in UTC.
fn time(at: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(at.0) {
        Ok(at) => at.strftime("%H:%M:%S%.3fZ").to_string(),
        Err(_) => plain(&format!("{} ms", at.0)),
    }
}

/// The colour of an execution: the same in every process, and often another than that of others
/// (FNV-1a).
fn color(told: &ToldEvent) -> u8 {
    let mut hash: u32 = 0x811c_9dc5;
    for byte in told.workflow_id.as_str().bytes() {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    COLORS[hash as usize % COLORS.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(workflow_id: &str, event: serde_json::Value) -> ToldEvent {
        let told = json!({
            "workflowId": workflow_id, "runId": "r",
            "workflowType": { "name": "w", "version": "1" }, "event": event,
        });
        serde_json::from_value(told).expect("an event")
    }

    fn signaled(workflow_id: &str, name: &str) -> ToldEvent {
        let attributes = json!({ "signalName": name, "externalInitiatedEventId": 0 });
        told(
            workflow_id,
            json!({
                "eventId": 7, "eventTimestamp": 1326593394.566,
                "eventType": "WorkflowExecutionSignaled",
                "workflowExecutionSignaledEventAttributes": attributes,
            }),
        )
    }

    #[test]
    fn lines_say_when_who_and_what() {
        let mut lines = Lines::default();
        let mut line = |workflow_id: &str, name: &str, columns: usize, colored: bool| {
            lines.line(&signaled(workflow_id, name), View { columns, colored })
        };
        let plain = "02:09:54.566Z order     7 WorkflowExecutionSignaled signalName=go";
        assert_eq!(line("order", "go", 80, false), plain);
        // The column of ids grows with them.
        let wider = "02:09:54.566Z order-12     7 WorkflowExecutionSignaled signalName=go";
        assert_eq!(line("order-12", "go", 80, false), wider);
        let padded = "02:09:54.566Z order        7 WorkflowExecutionSignaled signalName=go";
        assert_eq!(line("order", "go", 80, false), padded);
        assert_eq!(line("order", "go", 40, false), "02:09:54.566Z order        7 WorkflowEx…");
        let long = line(&"x".repeat(256), "go", 200, false);
        assert!(long.starts_with(&format!("02:09:54.566Z {}… ", "x".repeat(31))), "{long}");
        let whole = line(&"x".repeat(256), "go", usize::MAX, false);
        assert!(whole.starts_with(&format!("02:09:54.566Z {}     7 ", "x".repeat(256))), "{whole}");
        let beside = line("order", "go", usize::MAX, false);
        assert!(beside.starts_with(&format!("02:09:54.566Z order{}     7 ", " ".repeat(27))));
        assert!(!line("a\u{1b}b", "c", usize::MAX, false).contains(char::is_control));
        let evil = line("a\u{1b}[31m\nb", "c\u{7}d", 200, false);
        assert!(!evil.contains(char::is_control), "{evil:?}");
    }

    #[test]
    fn an_execution_keeps_its_color() {
        let view = View { columns: 80, colored: true };
        let line = |workflow_id: &str| Lines::default().line(&signaled(workflow_id, "go"), view);
        assert_eq!(line("order"), line("order"));
        let colors: std::collections::BTreeSet<u8> =
            (0..50).map(|n| color(&signaled(&format!("order-{n}"), "go"))).collect();
        assert_eq!(colors.len(), COLORS.len());
        assert!(line("order").ends_with(" 7 WorkflowExecutionSignaled signalName=go"));
    }
}
