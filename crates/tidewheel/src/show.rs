//! `tidewheel show`: one execution as a timeline.
//!
//! How events become a timeline is decided in `cli`; here are the calls, the terminal and the time.
//! Tidewheel tells of events as they happen; SWF does not, and who follows an execution there asks
//! again and again.

use crate::command::Show;
use crate::executions::Executions;
use crate::swf::output::{Output, style};
use crate::swf::service::AskError;
use crate::swf::variable;
use crate::system::wall_time;
use cli::Globals;
use cli::failure::CallError;
use cli::timeline::{Snapshot, Timeline, View, event_json, event_line};
use serde_json::json;
use std::process::ExitCode;
use std::time::Duration;
use wire::{Event, EventsToken, Timestamp, WatchedExecution};

/// The longest wait between two questions to a server that asks for fewer.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Shows an execution.
pub fn run(show: Show) -> ExitCode {
    crate::looked_at("show", move || perform(&show))
}

fn perform(show: &Show) -> Result<(), AskError> {
    let mut executions = Executions::connect(&show.asking, &show.domain)?;
    let run_id = executions.run_of(&show.workflow_id, show.run_id.as_deref())?;
    let execution = json!({ "workflowId": show.workflow_id, "runId": run_id });
    let mut output = Output::new(None);
    let (columns, colored) = terminal();
    let view = View { columns, colored, all: show.all, full: show.full };
    // What happens while the history is read is told afterwards.
    let position = match show.follow {
        true => position_of(&mut executions, &show.workflow_id, &run_id)?,
        false => None,
    };
    let detail = executions.describe(&execution)?;
    let mut timeline = Timeline::default();
    executions.history(&execution, |event| timeline.add(event))?;
    let snapshot =
        Snapshot { domain: &show.domain, timeline: &timeline, detail: &detail, now: wall_time() };
    let text = if show.json { format!("{}\n", snapshot.json()) } else { snapshot.draw(view) };
    output.write(&text)?;
    if !show.follow {
        return Ok(());
    }
    let zero = timeline.started_at().unwrap_or(detail.execution_info.start_timestamp);
    let mut following =
        Following { show, executions, output, columns, run_id, position, zero, timeline };
    loop {
        following.run_until_it_closes()?;
        // An execution goes on in the run that it is continued as.
        let Some(run_id) = following.timeline.continued_as() else { return Ok(()) };
        if following.output.is_closed() {
            return Ok(());
        }
        crate::complain(format_args!("it continues as run {run_id}"));
        following.run_id = run_id.to_string();
        following.timeline = Timeline::default();
        following.position =
            position_of(&mut following.executions, &show.workflow_id, &following.run_id)?;
        following.ask()?;
    }
}

/// Where the events of a run that are to come begin, if the server tells of them.
fn position_of(
    executions: &mut Executions<'_>,
    workflow_id: &str,
    run_id: &str,
) -> Result<Option<EventsToken>, AskError> {
    let told = executions.wait_for_events(watched(workflow_id, run_id), None)?;
    Ok(told.map(|told| told.next))
}

fn watched(workflow_id: &str, run_id: &str) -> WatchedExecution {
    WatchedExecution { workflow_id: workflow_id.into(), run_id: Some(run_id.into()) }
}

/// How wide the terminal is, and whether it is to have colours: not if https://no-color.org's
/// variable is set.
pub fn terminal() -> (usize, bool) {
    let style = style(&Globals::default());
    let is_plain = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
    (style.columns, style.colored && !is_plain)
}

/// What is told of a run as it happens.
struct Following<'a> {
    show: &'a Show,
    executions: Executions<'a>,
    output: Output,
    columns: usize,
    run_id: String,
    /// Behind what is waited for; none where the server has to be asked again and again.
    position: Option<EventsToken>,
    zero: Timestamp,
    timeline: Timeline,
}

impl Following<'_> {
    fn run_until_it_closes(&mut self) -> Result<(), AskError> {
        let interval = Duration::from_secs(self.show.interval);
        let mut pause = interval;
        while self.timeline.close_status().is_none() && !self.output.is_closed() {
            if let Some(position) = self.position.take() {
                self.wait(position)?;
                continue;
            }
            self.executions.service.caller.pause(pause);
            match self.ask() {
                Ok(()) => pause = interval,
                // Whoever asks too often asks less often.
                Err(AskError::Call(CallError::Service(error)))
                    if error.code == "ThrottlingException" =>
                {
                    pause = (pause * 2).min(PAUSE_MAX.max(interval));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Waits for what comes behind a position. If the server has forgotten some of it, or does not
    /// tell of events any more, the history is asked.
    fn wait(&mut self, position: EventsToken) -> Result<(), AskError> {
        let watched = watched(&self.show.workflow_id, &self.run_id);
        let Some(told) = self.executions.wait_for_events(watched, Some(position))? else {
            return Ok(());
        };
        self.position = Some(told.next);
        if told.missed {
            return self.ask();
        }
        for told in told.events {
            let last = self.timeline.last();
            if last < told.event.event_id {
                if told.event.event_id != last.next() {
                    return self.ask();
                }
                self.tell(&told.event)?;
            }
        }
        Ok(())
    }

    /// Asks for what is new in the history.
    fn ask(&mut self) -> Result<(), AskError> {
        let execution = json!({ "workflowId": self.show.workflow_id, "runId": self.run_id });
        for event in self.executions.news(&execution, self.timeline.last())? {
            self.tell(&event)?;
        }
        Ok(())
    }

    fn tell(&mut self, event: &Event) -> Result<(), AskError> {
        self.timeline.add(event);
        let line = match self.show.json {
            true => event_json(event),
            false => event_line(event, self.zero, self.columns),
        };
        Ok(self.output.write(&format!("{line}\n"))?)
    }
}
