//! `tidewheel show`: one execution as a timeline.
//!
//! How events become a timeline is decided in `cli`; here are the calls, the terminal and the time.
//! SWF pushes nothing: who follows an execution asks again and again.

use crate::command::{Asking, Show};
use crate::swf::output::{Output, style};
use crate::swf::service::{AskError, Service};
use crate::swf::variable;
use crate::system::wall_time;
use cli::Globals;
use cli::failure::CallError;
use cli::timeline::{Snapshot, Timeline, View, event_json, event_line};
use serde_json::json;
use std::process::ExitCode;
use std::time::Duration;
use wire::{Event, EventId, WorkflowExecutionDetail};

/// How many events are asked for at once, which is SWF's most.
const PAGE_EVENTS: u32 = 1000;
/// And if few are expected.
const NEWS_EVENTS: u32 = 100;
/// The most pages of a history: more than those of the longest that SWF has, at the smallest size
/// that a server might choose.
const PAGES_MAX: usize = 2500;
/// The longest wait between two questions to a server that asks for fewer.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Why something could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum ShowError {
    #[error(transparent)]
    Ask(#[from] AskError),
    #[error("no execution {0:?} is known in domain {1:?}: neither open nor closed")]
    Unknown(String, String),
    #[error("the history has more than {PAGES_MAX} pages")]
    Endless,
}

/// Shows an execution.
pub fn run(show: &Show) -> ExitCode {
    match perform(show) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            crate::complain(error);
            crate::EXIT_FAILURE.into()
        }
    }
}

fn perform(show: &Show) -> Result<(), ShowError> {
    let mut executions = Executions::connect(&show.asking, &show.domain)?;
    let run_id = match &show.run_id {
        Some(run_id) => run_id.clone(),
        None => {
            let found = executions.newest_run(&show.workflow_id)?;
            let unknown = || ShowError::Unknown(show.workflow_id.clone(), show.domain.clone());
            let (run_id, which) = found.ok_or_else(unknown)?;
            crate::complain(format_args!("showing the {which} run, {run_id}"));
            run_id
        }
    };
    let execution = json!({ "workflowId": show.workflow_id, "runId": run_id });
    let mut output = Output::new(None);
    let style = style(&Globals::default());
    // As https://no-color.org asks.
    let is_plain = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colored = style.colored && !is_plain;
    let view = View { columns: style.columns, colored, all: show.all, full: show.full };
    let detail = executions.describe(&execution)?;
    let mut timeline = Timeline::default();
    executions.history(&execution, |event| timeline.add(event))?;
    let snapshot =
        Snapshot { domain: &show.domain, timeline: &timeline, detail: &detail, now: wall_time() };
    let text = if show.json { format!("{}\n", snapshot.json()) } else { snapshot.draw(view) };
    output.write(&text).map_err(AskError::from)?;
    if !show.follow {
        return Ok(());
    }
    let zero = timeline.started_at().unwrap_or(detail.execution_info.start_timestamp);
    let interval = Duration::from_secs(show.interval);
    let mut pause = interval;
    while timeline.close_status().is_none() && !output.is_closed() {
        executions.service.caller.pause(pause);
        let news = match executions.news(&execution, timeline.last()) {
            Ok(news) => news,
            // Whoever asks too often asks less often.
            Err(ShowError::Ask(AskError::Call(CallError::Service(error))))
                if error.code == "ThrottlingException" =>
            {
                pause = (pause * 2).min(PAUSE_MAX.max(interval));
                continue;
            }
            Err(error) => return Err(error),
        };
        pause = interval;
        for event in &news {
            timeline.add(event);
            let line = match show.json {
                true => event_json(event),
                false => event_line(event, zero, view.columns),
            };
            output.write(&format!("{line}\n")).map_err(AskError::from)?;
        }
    }
    Ok(())
}

/// A page of a history.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct History {
    events: Vec<Event>,
    next_page_token: Option<wire::PageToken>,
}

/// The executions of a domain, as far as they are looked at here.
struct Executions<'a> {
    service: Service,
    domain: &'a str,
}

impl Executions<'_> {
    fn connect<'a>(asking: &Asking, domain: &'a str) -> Result<Executions<'a>, ShowError> {
        let service = Service::connect(asking).map_err(AskError::from)?;
        Ok(Executions { service, domain })
    }

    /// The open run of an execution, or else the newest of those that are closed, and which it is.
    fn newest_run(
        &mut self,
        workflow_id: &str,
    ) -> Result<Option<(String, &'static str)>, ShowError> {
        for (operation, which) in [
            ("ListOpenWorkflowExecutions", "open"),
            ("ListClosedWorkflowExecutions", "newest closed"),
        ] {
            let found: wire::WorkflowExecutionInfos = self.service.call(
                operation,
                &json!({
                    "domain": self.domain,
                    "startTimeFilter": { "oldestDate": 0 },
                    "executionFilter": { "workflowId": workflow_id },
                    "maximumPageSize": 1,
                }),
            )?;
            if let Some(info) = found.execution_infos.first() {
                return Ok(Some((info.execution.run_id.to_string(), which)));
            }
        }
        Ok(None)
    }

    fn describe(
        &mut self,
        execution: &serde_json::Value,
    ) -> Result<WorkflowExecutionDetail, ShowError> {
        let parameters = json!({ "domain": self.domain, "execution": execution });
        Ok(self.service.call("DescribeWorkflowExecution", &parameters)?)
    }

    /// Reads a history from its beginning; only a page of it is held.
    fn history(
        &mut self,
        execution: &serde_json::Value,
        mut take: impl FnMut(&Event),
    ) -> Result<(), ShowError> {
        let mut token = None;
        for _ in 0..PAGES_MAX {
            let page = self.page(execution, token, PAGE_EVENTS, false)?;
            page.events.iter().for_each(&mut take);
            token = page.next_page_token;
            if token.is_none() {
                return Ok(());
            }
        }
        Err(ShowError::Endless)
    }

    /// What has come after an event, in the order of the history. It is read from its end, so that
    /// looking for news of a long history is one short page.
    fn news(
        &mut self,
        execution: &serde_json::Value,
        last: EventId,
    ) -> Result<Vec<Event>, ShowError> {
        let mut news = Vec::new();
        let mut token = None;
        for _ in 0..PAGES_MAX {
            let page = self.page(execution, token, NEWS_EVENTS, true)?;
            let count = page.events.len();
            news.extend(page.events.into_iter().take_while(|event| last < event.event_id));
            let is_known = news.last().is_some_and(|event| event.event_id == last.next());
            token = page.next_page_token;
            if news.is_empty() || is_known || token.is_none() || count == 0 {
                news.reverse();
                return Ok(news);
            }
        }
        Err(ShowError::Endless)
    }

    fn page(
        &mut self,
        execution: &serde_json::Value,
        token: Option<wire::PageToken>,
        events: u32,
        is_reversed: bool,
    ) -> Result<History, ShowError> {
        let mut parameters = json!({
            "domain": self.domain,
            "execution": execution,
            "maximumPageSize": events,
            "reverseOrder": is_reversed,
        });
        if let Some(token) = token {
            parameters["nextPageToken"] = json!(token);
        }
        Ok(self.service.call("GetWorkflowExecutionHistory", &parameters)?)
    }
}
