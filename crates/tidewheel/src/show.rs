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
use crate::tail::{Absence, PAUSE, untold_events};
use cli::Globals;
use cli::explain::Untold;
use cli::failure::CallError;
use cli::timeline::{Snapshot, Timeline, View, event_json, event_line};
use serde_json::json;
use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use wire::{Event, EventsToken, Timestamp, ToldEvents, WatchedExecution};

/// The longest wait between two questions to a server that asks for fewer.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Shows an execution.
pub fn run(show: Show) -> ExitCode {
    crate::followed("show", move || perform(&show))
}

fn perform(show: &Show) -> Result<(), AskError> {
    let mut executions = Executions::connect(&show.asking, &show.domain)?;
    let run_id = executions.run_of(&show.workflow_id, show.run_id.as_deref())?;
    let execution = json!({ "workflowId": show.workflow_id, "runId": run_id });
    let mut output = Output::new(None);
    let (columns, colored) = terminal();
    let view = View { columns, colored, all: show.all, full: show.full };
    // What happens while the history is read is told afterwards.
    let watched = || watched(&show.workflow_id, &run_id);
    let source = show.follow.then(|| Source::settle(&mut executions, watched()));
    let source = source.transpose()?;
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
    let columns = columns_of_lines(show.full);
    let source = source.unwrap_or(Source::Unsettled);
    let mut following =
        Following { show, executions, output, columns, run_id, source, zero, timeline };
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
        following.source = Source::Unsettled;
    }
}

/// From where it is learned what happens.
#[derive(Clone, Debug)]
enum Source {
    /// That is to be found out.
    Unsettled,
    /// The server tells it; behind what is waited for.
    Told(EventsToken),
    /// The server has to be asked again and again; why, until that was said.
    Asked(Option<Untold>),
}

impl Source {
    /// Finds out whether the server tells of the events of a run.
    fn settle(
        executions: &mut Executions<'_>,
        watched: WatchedExecution,
    ) -> Result<Source, AskError> {
        Ok(match executions.wait_for_events(watched, None)? {
            Ok(told) => Source::Told(told.next),
            Err(untold) => Source::Asked(Some(untold)),
        })
    }
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

/// How wide the lines of events are at most: on a terminal as wide as that is, unless they are
/// wanted in full. In a pipe nobody looks at them, and nothing is cut.
pub fn columns_of_lines(full: bool) -> usize {
    if full || !io::stdout().is_terminal() { usize::MAX } else { terminal().0 }
}

/// What is told of a run as it happens.
struct Following<'a> {
    show: &'a Show,
    executions: Executions<'a>,
    output: Output,
    columns: usize,
    run_id: String,
    source: Source,
    zero: Timestamp,
    timeline: Timeline,
}

impl Following<'_> {
    fn run_until_it_closes(&mut self) -> Result<(), AskError> {
        let interval = Duration::from_secs(self.show.interval);
        let mut pause = interval;
        let mut absence = Absence::default();
        while self.timeline.close_status().is_none() && !self.output.is_closed() {
            match self.look(pause) {
                Ok(()) => {
                    absence.is_over();
                    pause = interval;
                }
                // Whoever asks too often asks less often.
                Err(AskError::Call(CallError::Service(error)))
                    if error.code == "ThrottlingException" =>
                {
                    pause = (pause * 2).min(PAUSE_MAX.max(interval));
                    self.executions.service.caller.pause(pause);
                }
                Err(error) => {
                    let pause = absence.of(error)?;
                    self.executions.service.caller.pause(pause);
                }
            }
        }
        Ok(())
    }

    /// Looks once for what is new.
    fn look(&mut self, pause: Duration) -> Result<(), AskError> {
        let watched = watched(&self.show.workflow_id, &self.run_id);
        match self.source.clone() {
            Source::Unsettled => {
                self.source = Source::settle(&mut self.executions, watched)?;
                self.ask()
            }
            Source::Told(position) => {
                let asked = Instant::now();
                match self.executions.wait_for_events(watched, Some(position))? {
                    Ok(told) => {
                        // The server is about to end.
                        if told.events.is_empty() && asked.elapsed() < PAUSE {
                            self.executions.service.caller.pause(PAUSE);
                        }
                        self.take(told)
                    }
                    Err(untold) => {
                        self.source = Source::Asked(Some(untold));
                        Ok(())
                    }
                }
            }
            Source::Asked(untold) => {
                if let Some(untold) = untold {
                    self.say_that_it_asks(&untold);
                    self.source = Source::Asked(None);
                }
                self.executions.service.caller.pause(pause);
                self.ask()
            }
        }
    }

    fn say_that_it_asks(&self, untold: &Untold) {
        let every = match self.show.interval {
            1 => "second".to_owned(),
            seconds => format!("{seconds} seconds"),
        };
        crate::complain(format_args!(
            "{}; the end of the history is asked for every {every}",
            untold_events(untold)
        ));
    }

    /// Shows what was told. If the server has forgotten some of it, the history is asked.
    fn take(&mut self, told: ToldEvents) -> Result<(), AskError> {
        // What was told is not asked for again, though the history may not be had for now.
        if told.missed {
            self.source = Source::Unsettled;
            return Ok(());
        }
        for told in told.events {
            let last = self.timeline.last();
            if last < told.event.event_id {
                if told.event.event_id != last.next() {
                    self.source = Source::Unsettled;
                    return Ok(());
                }
                self.tell(&told.event)?;
            }
        }
        self.source = Source::Told(told.next);
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
