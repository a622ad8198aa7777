//! How an execution closed, and where it comes from.

use super::{Case, Evidence, FindingKind, LaterRun, Severity, Suggestion, payload, seconds};
use crate::timeline::length::{between, clock, length, shortened};
use crate::timeline::{Group, Kind};
use wire::{CloseStatus, Timestamp};

/// The longest payload that is part of a sentence, in columns.
const PAYLOAD_COLUMNS: usize = 120;

impl<'a> Case<'a> {
    /// That it is closed, by whom or what, and why.
    pub(super) fn find_how_it_closed(&mut self) {
        let snapshot = self.facts.snapshot;
        let Some(at) = snapshot.closed_at() else { return };
        let status = self.timeline().close_status().or(snapshot.detail.execution_info.close_status);
        let close = self.timeline().groups.iter().rev().find(|group| group.kind == Kind::Close);
        let after = length(between(snapshot.zero(), at));
        let when = format!("{} ago, at {}", self.since(at), clock(at, self.now()));
        let mut evidence: Vec<Evidence> = Vec::new();
        if let Some(close) = close {
            let mut text = format!("closed as {}", close.word);
            for (name, payload) in &close.payloads {
                text += &format!(", {name}: {payload}");
            }
            if let Some(by) = close.decided_by {
                text += &format!(", decided in #{by}");
            }
            evidence.push(Evidence::event(close.event_id, at, text));
        }
        let mut commands = Vec::new();
        let how = match status {
            Some(CloseStatus::Completed) => {
                format!("Its decider completed it{}", said(close, "result", " with the result "))
            }
            Some(CloseStatus::Failed) => {
                commands.extend(self.commands.start_again(&self.facts));
                let reason = said(close, "reason", " with the reason ");
                let details = said(close, "details", " and the details ");
                format!("Its decider failed it{reason}{details}")
            }
            Some(CloseStatus::Canceled) => self.canceled(&mut evidence, close),
            Some(CloseStatus::TimedOut) => {
                commands.extend(self.commands.start_again(&self.facts));
                self.timed_out()
            }
            Some(CloseStatus::Terminated) => {
                commands.extend(self.commands.start_again(&self.facts));
                self.terminated(close, &mut commands)
            }
            Some(CloseStatus::ContinuedAsNew) => self.continued(&mut evidence, &mut commands),
            None => "It is closed".to_owned(),
        };
        let sentence = match how.strip_suffix('.') {
            Some(how) => format!("{how}. It closed {when}, {after} after it started."),
            None => format!("{how}, {after} after it started: {when}."),
        };
        if commands.is_empty() {
            commands.push(self.commands.newest_events());
        }
        let kind = FindingKind::Closed;
        self.add(kind, Severity::Closed, sentence, evidence, commands);
        self.find_left_open();
    }

    fn canceled(&self, evidence: &mut Vec<Evidence>, close: Option<&Group>) -> String {
        let groups = &self.timeline().groups;
        let request = groups.iter().rev().find(|group| group.kind == Kind::CancelRequest);
        let details = said(close, "details", " with the details ");
        let Some(request) = request else {
            return format!("Its decider canceled it{details}, though nobody had asked for that");
        };
        evidence.push(Evidence::begun(request));
        let by = request.by.as_ref().map_or(String::new(), |by| format!(" by {by:?}"));
        format!("Its decider canceled it{details}, as was asked for{by} in #{}", request.event_id)
    }

    fn timed_out(&self) -> String {
        let configuration = &self.facts.snapshot.detail.execution_configuration;
        let waited = self.timeline().groups.iter().rev().find(|group| group.kind == Kind::Decision);
        let waited = match waited {
            Some(group) if group.closed_event.is_none() && group.started_at.is_none() => format!(
                " Its decision task #{} had been waiting for a decider on list {:?} then.",
                group.event_id,
                group.task_list.as_deref().unwrap_or_default()
            ),
            Some(_) | None => String::new(),
        };
        let is_parent = self.timeline().groups.iter().any(|group| {
            group.kind == Kind::Child && group.started_at.is_some() && group.closed_event.is_none()
        });
        let policy = configuration.child_policy.as_str();
        let children = match is_parent {
            true => format!(" Its open children were dealt with by policy {policy}."),
            false => String::new(),
        };
        format!(
            "It timed out: it was open for {} (START_TO_CLOSE).{children}{waited}",
            seconds(configuration.execution_start_to_close_timeout)
        )
    }

    fn terminated(&self, close: Option<&Group>, commands: &mut Vec<Suggestion>) -> String {
        let reason = said(close, "reason", " with the reason ");
        let details = said(close, "details", " and the details ");
        match close.and_then(|close| payload(close, "cause")) {
            Some("CHILD_POLICY_APPLIED") => {
                let parent = self.facts.snapshot.detail.execution_info.parent.as_ref();
                let name = parent.map_or(String::new(), |parent| {
                    format!(", {:?},", parent.workflow_id.as_str())
                });
                commands.extend(parent.map(|parent| {
                    let run = Some(parent.run_id.as_str());
                    let purpose = "see why its parent closed";
                    self.commands.explain(purpose, parent.workflow_id.as_str(), run)
                }));
                format!(
                    "It was terminated because its parent{name} was terminated or timed out, and \
                     its child policy is TERMINATE (CHILD_POLICY_APPLIED)"
                )
            }
            Some("EVENT_LIMIT_EXCEEDED") => format!(
                "The server terminated it: its history had reached the most events that it may \
                 have, with #{} (EVENT_LIMIT_EXCEEDED). Its decider has to continue it as new \
                 before that.",
                self.timeline().last()
            ),
            // Somebody called the operation; who is not in the history.
            Some(_) | None => format!(
                "Somebody terminated it by TerminateWorkflowExecution{reason}{details}. By whom is \
                 not in the history, but in the server's audit log."
            ),
        }
    }

    fn continued(&self, evidence: &mut Vec<Evidence>, commands: &mut Vec<Suggestion>) -> String {
        let id = self.facts.snapshot.detail.execution_info.execution.workflow_id.as_str();
        let Some(next) = self.timeline().continued_as() else {
            return "Its decider continued it as new".to_owned();
        };
        let status = |run: &LaterRun| run.close_status.map_or("open", |status| status.as_str());
        for run in self.facts.later {
            evidence.push(Evidence::text(format!("then run {}: {}", run.run_id, status(run))));
        }
        let newest = self.facts.later.last();
        let newest_id = newest.map_or(next, |run| &run.run_id);
        commands.push(self.commands.explain(
            "see why the newest run is where it is",
            id,
            Some(newest_id.as_str()),
        ));
        let chain = match newest {
            Some(newest) if 1 < self.facts.later.len() => format!(
                ", and that was continued, too: {} runs later, {} is {}",
                self.facts.later.len(),
                newest.run_id,
                status(newest)
            ),
            Some(newest) => format!(", which is {}", status(newest)),
            None => String::new(),
        };
        *evidence = super::bounded(std::mem::take(evidence));
        format!("Its decider continued it as new, as run {next}{chain}")
    }

    /// The run before it, and its parent.
    pub(super) fn find_where_it_comes_from(&mut self) {
        let Some((at, started)) = &self.timeline().started else { return };
        let at: Timestamp = *at;
        let first = wire::EventId(1);
        if let Some(run) = &started.continued_execution_run_id {
            let id = self.facts.snapshot.detail.execution_info.execution.workflow_id.as_str();
            let sentence = format!("It continues run {run}.");
            let text = format!("WorkflowExecutionStarted, continuing run {run}");
            let commands = vec![self.commands.explain(
                "see how the run before it went",
                id,
                Some(run.as_str()),
            )];
            let evidence = vec![Evidence::event(first, at, text)];
            let kind = FindingKind::ContinuesRun;
            self.add(kind, Severity::Note, sentence, evidence, commands);
        }
        if let Some(parent) = &started.parent_workflow_execution {
            let (id, run) = (parent.workflow_id.as_str(), parent.run_id.as_str());
            let sentence = format!("It is a child of {id:?}, run {run}.");
            let text = format!(
                "WorkflowExecutionStarted, by event #{} of {id:?}",
                started.parent_initiated_event_id
            );
            let purpose = "see why its parent is where it is";
            let commands = vec![self.commands.explain(purpose, id, Some(run))];
            let evidence = vec![Evidence::event(first, at, text)];
            self.add(FindingKind::HasParent, Severity::Note, sentence, evidence, commands);
        }
    }
}

/// A payload of the event that closed it, as part of a sentence.
fn said(close: Option<&Group>, name: &str, before: &str) -> String {
    let found = close.and_then(|close| payload(close, name)).filter(|text| !text.is_empty());
    found.map_or(String::new(), |text| format!("{before}{:?}", shortened(text, PAYLOAD_COLUMNS)))
}
