//! What is asked of a server to look at executions of a domain: runs, descriptions, histories.
//!
//! Who asks, and where, is settled as for `tidewheel swf`.

use crate::command::Asking;
use crate::swf::service::{AskError, HISTORY_PAGES_MAX, Service};
use crate::tail::may_pass;
use cli::explain::Untold;
use cli::failure::CallError;
use serde_json::json;
use wire::WorkflowExecutionDetail;
use wire::{
    Event, EventId, EventsToken, OwnRequest, ToldEvents, WaitForEventsInput, WatchedExecution,
};

/// How many events are asked for at once, which is SWF's most.
const PAGE_EVENTS: u32 = 1000;
/// And if few are expected.
const NEWS_EVENTS: u32 = 100;

/// A page of a history.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct History {
    events: Vec<Event>,
    next_page_token: Option<wire::PageToken>,
}

/// The executions of a domain, as far as they are looked at.
pub struct Executions<'a> {
    pub service: Service,
    /// The name of the domain.
    pub domain: &'a str,
}

impl Executions<'_> {
    /// Gets ready to ask.
    pub fn connect<'a>(asking: &Asking, domain: &'a str) -> Result<Executions<'a>, CallError> {
        Ok(Executions { service: Service::connect(asking)?, domain })
    }

    /// The run that is meant if none is named: the open one, or else the newest that is closed.
    /// Which it is is said on standard error.
    pub fn run_of(&mut self, workflow_id: &str, run_id: Option<&str>) -> Result<String, AskError> {
        if let Some(run_id) = run_id {
            return Ok(run_id.to_owned());
        }
        let found = self.newest_run(workflow_id)?;
        let unknown = || AskError::Unknown(workflow_id.to_owned(), self.domain.to_owned());
        let (run_id, which) = found.ok_or_else(unknown)?;
        crate::complain(format_args!("this is of the {which} run, {run_id}"));
        Ok(run_id)
    }

    /// Waits for what comes behind a position, or without one says where that is; or says why the
    /// server does not tell of events.
    pub fn wait_for_events(
        &mut self,
        execution: WatchedExecution,
        after: Option<EventsToken>,
    ) -> Result<Result<ToldEvents, Untold>, AskError> {
        // Where the events of now begin is known at once.
        let maximum_wait_seconds = after.is_none().then_some(0);
        let input = WaitForEventsInput {
            domain: self.domain.into(),
            execution: Some(execution),
            after,
            maximum_wait_seconds,
        };
        match self.service.operate(&OwnRequest::WaitForEvents(input)) {
            Ok(told) => Ok(Ok(told)),
            Err(AskError::Call(error)) if !may_pass(&error) => {
                Ok(Err(Untold::of(&error).ok_or(error)?))
            }
            Err(error) => Err(error),
        }
    }

    /// The open run of an execution, or else the newest of those that are closed, and which it is.
    pub fn newest_run(
        &mut self,
        workflow_id: &str,
    ) -> Result<Option<(String, &'static str)>, AskError> {
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

    /// What the server says of a run.
    pub fn describe(
        &mut self,
        execution: &serde_json::Value,
    ) -> Result<WorkflowExecutionDetail, AskError> {
        let parameters = json!({ "domain": self.domain, "execution": execution });
        self.service.call("DescribeWorkflowExecution", &parameters)
    }

    /// Reads a history from its beginning; only a page of it is held.
    pub fn history(
        &mut self,
        execution: &serde_json::Value,
        mut take: impl FnMut(&Event),
    ) -> Result<(), AskError> {
        let mut token = None;
        for _ in 0..HISTORY_PAGES_MAX {
            let page = self.page(execution, token, PAGE_EVENTS, false)?;
            page.events.iter().for_each(&mut take);
            token = page.next_page_token;
            if token.is_none() {
                return Ok(());
            }
        }
        Err(AskError::Endless)
    }

    /// What has come after an event, in the order of the history. It is read from its end, so that
    /// looking for news of a long history is one short page.
    pub fn news(
        &mut self,
        execution: &serde_json::Value,
        last: EventId,
    ) -> Result<Vec<Event>, AskError> {
        let mut news = Vec::new();
        let mut token = None;
        for _ in 0..HISTORY_PAGES_MAX {
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
        Err(AskError::Endless)
    }

    /// The newest event of a run.
    pub fn newest(&mut self, execution: &serde_json::Value) -> Result<Vec<Event>, AskError> {
        Ok(self.page(execution, None, 1, true)?.events)
    }

    fn page(
        &mut self,
        execution: &serde_json::Value,
        token: Option<wire::PageToken>,
        events: u32,
        is_reversed: bool,
    ) -> Result<History, AskError> {
        let mut parameters = json!({
            "domain": self.domain,
            "execution": execution,
            "maximumPageSize": events,
            "reverseOrder": is_reversed,
        });
        if let Some(token) = token {
            parameters["nextPageToken"] = json!(token);
        }
        self.service.call("GetWorkflowExecutionHistory", &parameters)
    }
}
