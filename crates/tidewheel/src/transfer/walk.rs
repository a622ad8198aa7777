//! Reads a server, with SWF's own operations alone, in the order of an export.

use super::{ACCESS_DENIED, TransferError, UNKNOWN, is_refused};
use crate::swf::service::Service;
use cli::transfer::{Domain, End, Execution, ExecutionEnd, Header, Line, VERSION};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use wire::{
    ActivityTypeDetail, ActivityTypeInfos, DomainDetail, DomainInfos, DomainName, Event,
    EventAttributes, EventId, ExecutionStatus, ListTagsForResourceOutput, PageToken, RunId,
    Timestamp, WorkflowExecutionDetail, WorkflowExecutionInfo, WorkflowExecutionInfos, WorkflowId,
    WorkflowTypeDetail, WorkflowTypeInfos,
};

/// How many items are asked for at once, which is SWF's most.
const PAGE_ITEMS: u32 = 1000;

/// How many pages there may be of one list: of closed executions there may be many.
const PAGES_MAX: usize = 1_000_000;

/// How often the open executions of a domain are listed, since some may start while others are read.
const PASSES_MAX: usize = 10;

/// How many runs of one workflow id are read one after the other, each since the one before has gone
/// on as it: a source that makes them faster than they are read would have it last for ever.
const RUNS_MAX: usize = 100;

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
    /// False if some that are open were not read.
    is_complete: bool,
}

/// What was read of a domain.
#[derive(Default)]
struct Seen {
    runs: BTreeSet<RunId>,
    /// The last run that was read of each workflow id, if it was open then.
    open: BTreeMap<WorkflowId, RunId>,
}

/// What a run was when it was read.
enum Read {
    /// It was not there any more.
    Gone,
    Open,
    Closed,
    /// It has gone on as another run.
    ContinuedAs(RunId),
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
        Ok(Walk { service, selection, take, executions: 0, is_complete: true })
    }

    /// Ends it. False if some executions that are open were not read, of which it has been complained.
    pub fn end(self) -> Result<bool, TransferError> {
        (self.take)(Line::End(End { executions: self.executions }))?;
        Ok(self.is_complete)
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
        let mut seen = Seen::default();
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
            let info = &detail.execution_info;
            self.execution(domain, workflow_id, &info.execution.run_id, info.execution_status)?;
            return Ok(());
        }
        if self.selection.open {
            self.open_executions(domain, &mut seen)?;
        }
        if self.selection.closed {
            let ask = self.list(domain, "closeTimeFilter", false);
            self.executions("ListClosedWorkflowExecutions", ask, |walk, info| {
                let wire::WorkflowExecution { workflow_id, run_id } = &info.execution;
                // One may close between the two lists.
                if seen.runs.insert(run_id.clone()) {
                    let workflow_id = workflow_id.as_str();
                    walk.execution(domain, workflow_id, run_id, info.execution_status)?;
                }
                Ok(())
            })?;
        }
        if self.selection.workflow.is_some() && seen.runs.is_empty() {
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

    fn executions(
        &mut self,
        operation: &'static str,
        ask: Value,
        mut read: impl FnMut(&mut Self, &WorkflowExecutionInfo) -> Result<(), TransferError>,
    ) -> Result<(), TransferError> {
        self.pages(operation, ask, |walk, page: WorkflowExecutionInfos| {
            for info in &page.execution_infos {
                read(walk, info)?;
            }
            Ok(page.next_page_token)
        })
    }

    /// Reads those that are open, and those that have started meanwhile, until there are none of them.
    fn open_executions(&mut self, domain: &str, seen: &mut Seen) -> Result<(), TransferError> {
        for _ in 0..PASSES_MAX {
            let before = self.executions;
            // The oldest first, so that parents come before their children.
            let ask = self.list(domain, "startTimeFilter", true);
            self.executions("ListOpenWorkflowExecutions", ask, |walk, info| {
                let wire::WorkflowExecution { workflow_id, run_id } = &info.execution;
                if seen.runs.contains(run_id) {
                    return Ok(());
                }
                // Another run was open when it was read: now it is not, and may have gone on as this one.
                if let Some(before) = seen.open.remove(workflow_id) {
                    walk.runs(domain, workflow_id, before, seen)?;
                }
                match seen.runs.contains(run_id) {
                    true => Ok(()),
                    false => walk.runs(domain, workflow_id, run_id.clone(), seen),
                }
            })?;
            if self.executions == before {
                return Ok(());
            }
        }
        crate::complain(format_args!(
            "domain {domain} does not come to rest: each of {PASSES_MAX} times that its open executions \
             were listed there were new ones, and there may be more. Stop whoever starts them, or their \
             deciders, and do it again"
        ));
        self.is_complete = false;
        Ok(())
    }

    /// Reads an open run; if it has gone on as another since it was listed, that one, too.
    fn runs(
        &mut self,
        domain: &str,
        workflow_id: &WorkflowId,
        first: RunId,
        seen: &mut Seen,
    ) -> Result<(), TransferError> {
        let mut run_id = first;
        seen.runs.insert(run_id.clone());
        for _ in 0..RUNS_MAX {
            let status = ExecutionStatus::Open;
            match self.execution(domain, workflow_id.as_str(), &run_id, status)? {
                Read::Gone | Read::Closed => return Ok(()),
                Read::Open => {
                    seen.open.insert(workflow_id.clone(), run_id);
                    return Ok(());
                }
                Read::ContinuedAs(successor) => run_id = successor,
            }
            if !seen.runs.insert(run_id.clone()) {
                return Ok(());
            }
        }
        crate::complain(format_args!(
            "{domain} {workflow_id} goes on as one run after the other, and {RUNS_MAX} of them were read: \
             run {run_id} was not. Stop its decider, and do it again"
        ));
        self.is_complete = false;
        Ok(())
    }

    /// Reads a run.
    fn execution(
        &mut self,
        domain: &str,
        workflow_id: &str,
        run_id: &RunId,
        status: ExecutionStatus,
    ) -> Result<Read, TransferError> {
        let execution = json!({ "workflowId": workflow_id, "runId": run_id });
        let ask = json!({ "domain": domain, "execution": execution });
        let mut last = EventId::NONE;
        let mut found = Read::Open;
        let read = self.pages("GetWorkflowExecutionHistory", ask, |walk, page: History| {
            for event in page.events {
                if event.event_id != last.next() {
                    let name = format!("{workflow_id} run {run_id}");
                    return Err(TransferError::Gap(name, last.next()));
                }
                if last == EventId::NONE {
                    let (domain, workflow_id) = (domain.into(), workflow_id.into());
                    let (run_id, status) = (run_id.clone(), Some(status));
                    let execution = Execution { domain, workflow_id, run_id, status };
                    (walk.take)(Line::Execution(execution))?;
                    walk.executions += 1;
                }
                last = event.event_id;
                if let EventAttributes::WorkflowExecutionContinuedAsNew(on) = &event.attributes {
                    found = Read::ContinuedAs(on.new_execution_run_id.clone());
                } else if engine::is_close(&event.attributes) {
                    found = Read::Closed;
                }
                (walk.take)(Line::Event(Box::new(event)))?;
            }
            Ok(page.next_page_token)
        });
        match read {
            // It expired since it was listed.
            Err(TransferError::Ask(error))
                if last == EventId::NONE && is_refused(&error, UNKNOWN) =>
            {
                return Ok(Read::Gone);
            }
            read => read?,
        }
        if last == EventId::NONE {
            return Ok(Read::Gone);
        }
        (self.take)(Line::ExecutionEnd(ExecutionEnd { last_event_id: last }))?;
        Ok(found)
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
