//! What ends an execution by itself: its time-out, and the most events that a history may have.

use super::{Case, Evidence, FindingKind, Severity};
use crate::timeline::length::{between, length};

/// The most events of a history, as SWF has it. A server may have been told another number.
const EVENTS_MAX: u64 = 25_000;
/// From how many on it is said.
const EVENTS_WARN: u64 = EVENTS_MAX / 10 * 8;
/// From which part of its time on it is said that an execution times out, in percent left.
const LEFT_PERCENT: i64 = 10;

impl Case<'_> {
    pub(super) fn find_what_ends_soon(&mut self) {
        self.find_event_limit();
        self.find_time_out();
    }

    fn find_event_limit(&mut self) {
        let events = self.timeline().last().0;
        if events < EVENTS_WARN {
            return;
        }
        let zero = self.facts.snapshot.zero();
        let passed = between(zero, self.now()).max(1);
        let left = EVENTS_MAX.saturating_sub(events);
        let left_ms = i128::from(left) * i128::from(passed) / i128::from(events.max(1));
        let left_ms = i64::try_from(left_ms).unwrap_or(i64::MAX);
        let sentence = format!(
            "Its history has {events} events. With {EVENTS_MAX} the server terminates it \
             (EVENT_LIMIT_EXCEEDED); as fast as until now, that is in about {}. Its decider has to \
             continue it as new before that.",
            length(left_ms)
        );
        let evidence = vec![Evidence::text(format!("{events} events in {}", length(passed)))];
        let commands = vec![self.commands.newest_events()];
        self.add(FindingKind::EventLimitNear, Severity::AtRisk, sentence, evidence, commands);
    }

    fn find_time_out(&mut self) {
        let snapshot = self.facts.snapshot;
        let (zero, end) = (snapshot.zero(), snapshot.times_out_at());
        let (whole, left) = (between(zero, end), between(self.now(), end));
        if whole / 100 * LEFT_PERCENT < left {
            return;
        }
        let policy = snapshot.detail.execution_configuration.child_policy.as_str();
        let sentence = format!(
            "It {}, after {} in all, and nothing can give it more time; its children are \
             then dealt with by policy {policy}.",
            self.times_out(end),
            length(whole)
        );
        let evidence = vec![Evidence::at(end, "the execution times out, START_TO_CLOSE")];
        let commands = vec![self.commands.follow()];
        self.add(FindingKind::TimeoutNear, Severity::AtRisk, sentence, evidence, commands);
    }
}
