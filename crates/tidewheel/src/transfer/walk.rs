//! Reads a server, with SWF's own operations alone, in the order of an export.

use super::{TransferError, UNKNOWN, is_refused};
use crate::swf::service::Service;
use cli::transfer::{Domain, End, Execution, ExecutionEnd, Header, Line, VERSION};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use wire::{
    ActivityTypeDetail, ActivityTypeInfos, DomainDetail, DomainInfos, DomainName, Event, EventId,
    ExecutionStatus, ListTagsForResourceOutput, PageToken, RunId, Timestamp,
    WorkflowExecutionDetail, WorkflowExecutionInfo, WorkflowExecutionInfos, WorkflowTypeDetail,
    WorkflowTypeInfos,
};

/// How many items are asked for at once, which is SWF's most.
const PAGE_ITEMS: u32 = 1000;

/// How many pages there may be of one list: of closed executions there may be many.
const PAGES_MAX: usize = 1_000_000;

const ACCESS_DENIED: &str = "AccessDeniedException";

/// Which executions are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Open ones.
    pub open: bool,
    /// Closed ones.
    pub closed: bool,
    /// Those of one workflow id only, or one of its runs.
    pub workflow: Option<(String, Option<String>)>,
}

/// Where lines go.
pub type Take<'t> = dyn FnMut(Line) -> Result<(), TransferError> + 't;

/// A server that is being read.
pub struct Walk<'w> {
    service: &'w mut Service,
    selection: &'w Selection,
    take: &'w mut Take<'w>,
    executions: u64,
}

impl<'w> Walk<'w> {
    /// Begins an export.
    pub fn begin(
        service: &'w mut Service,
        source: &str,
        now: Timestamp,
        selection: &'w Selection,
        take: &'w mut Take<'w>,
    ) -> Result<Walk<'w>, TransferError> {
        let (source, exported_at) = (Some(source.to_owned()), Some(now));
        take(Line::TidewheelExport(Header { version: VERSION, source, exported_at }))?;
        Ok(Walk { service, selection, take, executions: 0 })
    }

    /// Ends it.
    pub fn end(self) -> Result<(), TransferError> {
        (self.take)(Line::End(End { executions: self.executions }))
    }

    /// The names of all domains.
    pub fn domains(&mut self) -> Result<Vec<DomainName>, TransferError> {
        let mut names = Vec::new();
        for status in ["REGISTERED", "DEPRECATED"] {
            let ask = json!({ "registrationStatus": status });
            self.pages("ListDomains", ask, |_, page: DomainInfos| {
                names.extend(page.domain_infos.into_iter().map(|info| info.name));
                Ok(page.next_page_token)
            })?;
        }
        Ok(names)
    }

    /// Reads a domain: itself, its types and its executions.
    pub fn domain(&mut self, domain: &str) -> Result<(), TransferError> {
        let ask = json!({ "name": domain });
        let detail: DomainDetail = self.service.call("DescribeDomain", &ask).map_err(|error| {
            if is_refused(&error, UNKNOWN) {
                return TransferError::UnknownDomain(domain.to_owned());
            }
            error.into()
        })?;
        let tags = match &detail.domain_info.arn {
            Some(arn) => {
                let ask = json!({ "resourceArn": arn });
                match self.service.call::<ListTagsForResourceOutput>("ListTagsForResource", &ask) {
                    Ok(listed) => listed.tags.unwrap_or_default(),
                    // Who may read executions may not always read tags, and they go on without.
                    Err(error) if is_refused(&error, ACCESS_DENIED) => {
                        crate::complain(format_args!(
                            "the tags of domain {domain} are left out: {error}"
                        ));
                        Vec::new()
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            None => Vec::new(),
        };
        (self.take)(Line::Domain(Box::new(Domain { detail, tags })))?;
        self.types(domain)?;
        let mut seen = BTreeSet::new();
        if let Some((workflow_id, Some(run_id))) = &self.selection.workflow {
            let execution = json!({ "workflowId": workflow_id, "runId": run_id });
            let ask = json!({ "domain": domain, "execution": execution });
            let described = self.service.call("DescribeWorkflowExecution", &ask);
            let detail: WorkflowExecutionDetail = described.map_err(|error| {
                if is_refused(&error, UNKNOWN) {
                    return TransferError::Unknown(domain.to_owned());
                }
                error.into()
            })?;
            return self.execution(domain, &detail.execution_info, &mut seen);
        }
        if self.selection.open {
            // The oldest first, so that parents come before their children.
            let ask = self.list(domain, "startTimeFilter", true);
            self.list_executions("ListOpenWorkflowExecutions", domain, ask, &mut seen)?;
        }
        if self.selection.closed {
            let ask = self.list(domain, "closeTimeFilter", false);
            self.list_executions("ListClosedWorkflowExecutions", domain, ask, &mut seen)?;
        }
        if self.selection.workflow.is_some() && seen.is_empty() {
            return Err(TransferError::Unknown(domain.to_owned()));
        }
        Ok(())
    }

    fn types(&mut self, domain: &str) -> Result<(), TransferError> {
        for status in ["REGISTERED", "DEPRECATED"] {
            let ask = json!({ "domain": domain, "registrationStatus": status });
            self.pages("ListWorkflowTypes", ask.clone(), |walk, page: WorkflowTypeInfos| {
                for info in page.type_infos {
                    let ask = json!({ "domain": domain, "workflowType": info.workflow_type });
                    let detail: WorkflowTypeDetail =
                        walk.service.call("DescribeWorkflowType", &ask)?;
                    (walk.take)(Line::WorkflowType(Box::new(detail)))?;
                }
                Ok(page.next_page_token)
            })?;
            self.pages("ListActivityTypes", ask, |walk, page: ActivityTypeInfos| {
                for info in page.type_infos {
                    let ask = json!({ "domain": domain, "activityType": info.activity_type });
                    let detail: ActivityTypeDetail =
                        walk.service.call("DescribeActivityType", &ask)?;
                    (walk.take)(Line::ActivityType(Box::new(detail)))?;
                }
                Ok(page.next_page_token)
            })?;
        }
        Ok(())
    }

    fn list(&self, domain: &str, times: &str, oldest_first: bool) -> Value {
        let mut ask = json!({
            "domain": domain,
            times: { "oldestDate": 0 },
            "reverseOrder": oldest_first,
        });
        if let Some((workflow_id, _)) = &self.selection.workflow {
            ask["executionFilter"] = json!({ "workflowId": workflow_id });
        }
        ask
    }

    fn list_executions(
        &mut self,
        operation: &'static str,
        domain: &str,
        ask: Value,
        seen: &mut BTreeSet<RunId>,
    ) -> Result<(), TransferError> {
        self.pages(operation, ask, |walk, page: WorkflowExecutionInfos| {
            for info in &page.execution_infos {
                walk.execution(domain, info, seen)?;
            }
            Ok(page.next_page_token)
        })
    }

    /// Reads an execution, unless it was read already: one may close between the two lists.
    fn execution(
        &mut self,
        domain: &str,
        info: &WorkflowExecutionInfo,
        seen: &mut BTreeSet<RunId>,
    ) -> Result<(), TransferError> {
        let wire::WorkflowExecution { workflow_id, run_id } = &info.execution;
        if !seen.insert(run_id.clone()) {
            return Ok(());
        }
        let ask = json!({ "domain": domain, "execution": info.execution });
        let mut last = EventId::NONE;
        let read = self.pages("GetWorkflowExecutionHistory", ask, |walk, page: History| {
            for event in page.events {
                if event.event_id != last.next() {
                    let name = format!("{workflow_id} run {run_id}");
                    return Err(TransferError::Gap(name, last.next()));
                }
                if last == EventId::NONE {
                    let status: Option<ExecutionStatus> = Some(info.execution_status);
                    let (domain, workflow_id) = (domain.into(), workflow_id.clone());
                    let run_id = run_id.clone();
                    let execution = Execution { domain, workflow_id, run_id, status };
                    (walk.take)(Line::Execution(execution))?;
                    walk.executions += 1;
                }
                last = event.event_id;
                (walk.take)(Line::Event(Box::new(event)))?;
            }
            Ok(page.next_page_token)
        });
        match read {
            // It expired since it was listed.
            Err(TransferError::Ask(error))
                if last == EventId::NONE && is_refused(&error, UNKNOWN) =>
            {
                return Ok(());
            }
            read => read?,
        }
        if last > EventId::NONE {
            (self.take)(Line::ExecutionEnd(ExecutionEnd { last_event_id: last }))?;
        }
        Ok(())
    }

    /// Asks for page after page; what takes one says which is the next.
    fn pages<T: DeserializeOwned>(
        &mut self,
        operation: &'static str,
        mut ask: Value,
        mut page: impl FnMut(&mut Self, T) -> Result<Option<PageToken>, TransferError>,
    ) -> Result<(), TransferError> {
        ask["maximumPageSize"] = json!(PAGE_ITEMS);
        for _ in 0..PAGES_MAX {
            let answer: T = self.service.call(operation, &ask)?;
            match page(self, answer)? {
                Some(token) => ask["nextPageToken"] = json!(token),
                None => return Ok(()),
            }
        }
        let of = ask["domain"].as_str().unwrap_or_default().to_owned();
        Err(TransferError::Endless(operation, of, PAGES_MAX))
    }
}

/// A page of a history.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct History {
    events: Vec<Event>,
    next_page_token: Option<PageToken>,
}
