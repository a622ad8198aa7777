//! `tidewheel tail`: the events of a domain as they are committed.
//!
//! The server is asked again and again, with each question behind the answer before, and holds it
//! until there is something. When it is gone it is waited for; whether something was missed
//! meanwhile, it says itself. Where there is no such operation, one execution can be followed all the
//! same, by asking for the end of its history.

use crate::command::Tail;
use crate::executions::Executions;
use crate::show::{columns_of_lines, terminal};
use crate::swf::output::Output;
use crate::swf::service::{AskError, Service};
use cli::explain::Untold;
use cli::failure::CallError;
use cli::tail::{Lines, View, json};
use cli::timeline::Timeline;
use serde_json::json;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use wire::{
    Event, EventId, EventsToken, RunId, ToldEvent, ToldEvents, WaitForEventsInput,
    WatchedExecution, WorkflowId, WorkflowType,
};

/// How long the server may wait for events, in seconds: below what clients wait for an answer.
const WAIT_SECONDS: u32 = 20;
/// How long nobody asks who was answered at once, and with nothing: the server is about to end.
pub const PAUSE: Duration = Duration::from_secs(1);
/// The most runs between two looks at the newest that are shown; of more, those in between are not.
const RUNS_MAX: usize = 100;
/// The longest wait between two questions to a server that does not answer.
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// Why there is nothing more to show.
#[derive(Debug, thiserror::Error)]
enum TailError {
    #[error(transparent)]
    Ask(#[from] AskError),
    #[error(
        "this server does not tell of events (it has no TidewheelOperations.WaitForEvents); with \
         --workflow-id, one execution can be followed all the same"
    )]
    NotToldHere,
    #[error(
        "{0} is denied to whoever asks here, and takes a policy that allows it; with --workflow-id, \
         one execution can be followed with the right to read its history"
    )]
    Denied(String),
}

impl From<CallError> for TailError {
    fn from(error: CallError) -> TailError {
        TailError::Ask(error.into())
    }
}

/// Shows events until it is interrupted.
pub fn run(tail: Tail) -> ExitCode {
    crate::followed("tail", move || perform(&tail))
}

fn perform(tail: &Tail) -> Result<(), TailError> {
    let mut executions = Executions::connect(&tail.asking, &tail.domain)?;
    let mut sink = Sink::new(tail);
    // Without waiting, so that whatever begins from now on is told, and known to be.
    let first = ask(&mut executions.service, tail, None, 0);
    let first = match (first, &tail.workflow_id) {
        (Ok(first), _) => first,
        (Err(AskError::Call(error)), workflow_id) => {
            let untold = Untold::of(&error).filter(|_| !may_pass(&error));
            return match (untold, workflow_id) {
                (Some(untold @ (Untold::NotHere | Untold::Denied(_))), Some(workflow_id)) => {
                    crate::complain(format_args!(
                        "{}; the end of the history of {workflow_id} is asked for every second",
                        untold_events(&untold)
                    ));
                    follow(executions, tail, workflow_id, &mut sink)
                }
                (Some(Untold::NotHere), None) => Err(TailError::NotToldHere),
                (Some(Untold::Denied(action)), None) => Err(TailError::Denied(action)),
                (Some(Untold::Refused(_)) | None, _) => Err(error.into()),
            };
        }
        (Err(error), _) => return Err(error.into()),
    };
    // Before anything is shown, so that it stands above what it is about.
    crate::complain(format_args!("watching {}; times are UTC", watched(tail)));
    if let Some(workflow_id) = tail.workflow_id.as_ref().filter(|_| tail.since_start) {
        sink.history(&mut executions, tail, workflow_id)?;
    }
    let mut next = first.next.clone();
    sink.tell(first)?;
    let mut absence = Absence::default();
    while !sink.output.is_closed() {
        let asked = Instant::now();
        match ask(&mut executions.service, tail, Some(next.clone()), WAIT_SECONDS) {
            Ok(told) => {
                absence.is_over();
                if told.missed {
                    crate::complain("events may have been missed here");
                }
                next = told.next.clone();
                if told.events.is_empty() && asked.elapsed() < PAUSE {
                    executions.service.caller.pause(PAUSE);
                }
                sink.tell(told)?;
            }
            Err(error) => {
                let pause = absence.of(error)?;
                executions.service.caller.pause(pause);
            }
        }
    }
    Ok(())
}

/// What is watched, and from when on.
fn watched(tail: &Tail) -> String {
    let domain = format!("domain {}", tail.domain);
    match (&tail.workflow_id, tail.since_start) {
        (Some(workflow_id), true) => {
            format!("{workflow_id} in {domain}: its history, and then what happens")
        }
        (Some(workflow_id), false) => format!("{workflow_id} in {domain} from now on"),
        (None, _) => format!("{domain} from now on"),
    }
}

fn ask(
    service: &mut Service,
    tail: &Tail,
    after: Option<EventsToken>,
    seconds: u32,
) -> Result<ToldEvents, AskError> {
    let execution = tail.workflow_id.as_deref().map(|workflow_id| WatchedExecution {
        workflow_id: workflow_id.into(),
        run_id: tail.run_id.as_deref().map(RunId::from),
    });
    let (domain, maximum_wait_seconds) = (tail.domain.as_str().into(), Some(seconds));
    let input = WaitForEventsInput { domain, execution, after, maximum_wait_seconds };
    service.operate(&input.into())
}

/// Why events are not told, as the beginning of a sentence.
pub fn untold_events(untold: &Untold) -> String {
    match untold {
        Untold::NotHere => "this server does not tell of events".to_owned(),
        Untold::Denied(action) => format!("{action} is denied to whoever asks here"),
        Untold::Refused(why) => format!("the server would not tell of events ({why})"),
    }
}

/// Whether the same may be answered later: nobody is there for now, or there is too much to do.
pub fn may_pass(error: &CallError) -> bool {
    match error {
        CallError::NoConnection { .. }
        | CallError::ConnectTimeout { .. }
        | CallError::ReadTimeout { .. }
        | CallError::Closed { .. } => true,
        CallError::Service(error) => {
            matches!(
                error.code.as_str(),
                "InternalFailure" | "ServiceUnavailable" | "ThrottlingException"
            ) || error.code.starts_with('5')
        }
        CallError::Refused(_)
        | CallError::Profile(_)
        | CallError::Process(_)
        | CallError::Query(_)
        | CallError::Paging(_)
        | CallError::InvalidEndpoint(_)
        | CallError::Tls { .. }
        | CallError::Unreadable { .. }
        | CallError::Unprintable(_)
        | CallError::Pager(_)
        | CallError::System(_)
        | CallError::Interrupted => false,
    }
}

/// Follows one execution, and whatever run of it comes next, on a server that does not tell.
fn follow(
    mut executions: Executions<'_>,
    tail: &Tail,
    workflow_id: &str,
    sink: &mut Sink<'_>,
) -> Result<(), TailError> {
    if tail.since_start {
        sink.history(&mut executions, tail, workflow_id)?;
    }
    let mut absence = Absence::default();
    // What there was at the first look has happened before; a run that begins later is new in whole.
    let mut skips = !tail.since_start;
    while !sink.output.is_closed() {
        match sink.newest(&mut executions, tail, workflow_id, skips) {
            Ok(()) => {
                skips = false;
                absence.is_over();
                executions.service.caller.pause(PAUSE);
            }
            Err(error) => {
                let pause = absence.of(error)?;
                executions.service.caller.pause(pause);
            }
        }
    }
    Ok(())
}

/// That a server does not answer for now: said once, and asked less and less often.
#[derive(Debug, Default)]
pub struct Absence(Option<Duration>);

impl Absence {
    /// It has answered.
    pub fn is_over(&mut self) {
        if self.0.take().is_some() {
            crate::complain("the server answers again");
        }
    }

    /// How long to wait, if that may help.
    pub fn of(&mut self, error: AskError) -> Result<Duration, AskError> {
        match error {
            AskError::Call(error) if may_pass(&error) => {
                if self.0.is_none() {
                    crate::complain(format_args!("{error}; waiting for the server"));
                }
                let pause = self.0.map_or(PAUSE, |pause| (pause * 2).min(PAUSE_MAX));
                self.0 = Some(pause);
                Ok(pause)
            }
            error @ (AskError::Call(_)
            | AskError::Unreadable(..)
            | AskError::Unknown(..)
            | AskError::Endless) => Err(error),
        }
    }
}

/// Where events go.
struct Sink<'t> {
    tail: &'t Tail,
    output: Output,
    lines: Lines,
    view: View,
    /// The run whose history was read, how far, and its type.
    read: Option<(RunId, EventId, WorkflowType)>,
}

impl Sink<'_> {
    fn new(tail: &Tail) -> Sink<'_> {
        let view = View { columns: columns_of_lines(tail.full), colored: terminal().1 };
        Sink { tail, output: Output::new(None), lines: Lines::default(), view, read: None }
    }

    fn tell(&mut self, told: ToldEvents) -> Result<(), CallError> {
        told.events.iter().try_for_each(|told| self.event(told))
    }

    /// Shows an event, unless it is of no interest or was shown before.
    fn event(&mut self, told: &ToldEvent) -> Result<(), CallError> {
        let is_other = |wanted: &String| told.workflow_type.name.as_str() != wanted;
        let seen = self.read.as_ref().is_some_and(|(run_id, last, _)| {
            *run_id == told.run_id && told.event.event_id <= *last
        });
        if seen || self.tail.type_name.as_ref().is_some_and(is_other) {
            return Ok(());
        }
        let line = match self.tail.json {
            true => json(told),
            false => self.lines.line(told, self.view),
        };
        self.output.write(&format!("{line}\n"))
    }

    /// Shows the history of an execution's run so far.
    fn history(
        &mut self,
        executions: &mut Executions<'_>,
        tail: &Tail,
        workflow_id: &str,
    ) -> Result<(), AskError> {
        self.newest(executions, tail, workflow_id, false)?;
        if self.read.is_none() {
            crate::complain(format_args!("{workflow_id} has no run yet that is known"));
        }
        Ok(())
    }

    /// Shows what the run has that is meant, or the newest. Before that come the end of the run that was
    /// shown so far, and the runs that it continued as meanwhile.
    fn newest(
        &mut self,
        executions: &mut Executions<'_>,
        tail: &Tail,
        workflow_id: &str,
        skips: bool,
    ) -> Result<(), AskError> {
        let run_id = match &tail.run_id {
            Some(run_id) => Some(run_id.clone()),
            None => executions.newest_run(workflow_id)?.map(|(run_id, _)| run_id),
        };
        let Some(run_id) = run_id else { return Ok(()) };
        let mut before = self.read.as_ref().map(|(read, ..)| read.clone());
        for _ in 0..RUNS_MAX {
            let Some(read) = before.filter(|read| read.as_str() != run_id) else { break };
            before = match self.news(executions, workflow_id, read.as_str(), false) {
                Ok(next) => next,
                // It is kept no longer: closed runs need not be.
                Err(AskError::Call(CallError::Service(error)))
                    if error.code == "UnknownResourceFault" =>
                {
                    crate::complain(format_args!("the end of run {read} is not there any more"));
                    break;
                }
                Err(error) => return Err(error),
            };
        }
        self.news(executions, workflow_id, &run_id, skips).map(|_| ())
    }

    /// Shows what a run has that was not shown; of one that is new here, all, or nothing if that is to
    /// be skipped. Gives the run that it continues as, if that was news.
    fn news(
        &mut self,
        executions: &mut Executions<'_>,
        workflow_id: &str,
        run_id: &str,
        skips: bool,
    ) -> Result<Option<RunId>, AskError> {
        let execution = json!({ "workflowId": workflow_id, "runId": run_id });
        let known = self.read.clone().filter(|(known, ..)| known.as_str() == run_id);
        let (last, workflow_type) = match known {
            Some((_, last, workflow_type)) => (last, workflow_type),
            None => {
                let info = executions.describe(&execution)?.execution_info;
                (EventId::NONE, info.workflow_type)
            }
        };
        let run: RunId = run_id.into();
        let news = executions.news(&execution, last)?;
        let newest = news.last().map_or(last, |event: &Event| event.event_id);
        let next =
            Timeline::of(news.last().map_or(&[], std::slice::from_ref)).continued_as().cloned();
        self.read = Some((run.clone(), last, workflow_type.clone()));
        if !skips {
            for event in news {
                let (workflow_id, run_id) = (WorkflowId::from(workflow_id), run.clone());
                let workflow_type = workflow_type.clone();
                self.event(&ToldEvent { workflow_id, run_id, workflow_type, event })?;
            }
        }
        self.read = Some((run, newest, workflow_type));
        Ok(next)
    }
}
