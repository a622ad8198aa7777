//! What is in an export: each history is folded as the server will fold it.

use super::TransferError;
use super::file::ExportFile;
use cli::transfer::{Announced, Announcement, Domain, Due, Facts, Held, Here, Line, Link};
use engine::import::Replay;
use engine::{RunIdentity, Scope};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use wire::{
    ActivityType, ActivityTypeDetail, DomainName, Event, EventAttributes, EventId, ExecutionStatus,
    Name, OwnOperation, OwnRequest, Timestamp, Version, WorkflowId, WorkflowTypeDetail,
};

/// How many events are checked at a time.
const EVENTS_PER_CHECK: usize = 100;

/// See the module. What is kept of an execution does not grow with its history.
#[derive(Default)]
pub struct Survey {
    /// The executions.
    pub facts: Vec<Facts>,
    /// Where the events of each begin.
    pub places: Vec<u64>,
    /// The announcements that have taken effect. Who announced one may come later, so all of them are
    /// kept: one for each child, and each signal or request to cancel of another execution.
    pub effects: BTreeSet<Link>,
    /// The activity types that open executions have scheduled.
    pub scheduled_types: BTreeSet<(DomainName, Name, Version)>,
    /// The domain that all of it is from, if it is to be in another one.
    pub origin: Option<DomainName>,
    /// The domains.
    pub domains: Vec<Domain>,
    /// Their types.
    pub workflow_types: Vec<(DomainName, WorkflowTypeDetail)>,
    /// Their types.
    pub activity_types: Vec<(DomainName, ActivityTypeDetail)>,
}

impl Survey {
    /// Reads a file. With `rename` all of it is in the domain of that name.
    pub fn of(file: &mut ExportFile, rename: Option<&str>) -> Result<Survey, TransferError> {
        let mut survey = Survey::default();
        let (mut domain, mut history) = (None, None);
        let mut names = BTreeSet::new();
        let renamed = |name: DomainName| rename.map_or(name, DomainName::from);
        file.read(|line, behind| {
            match line {
                Line::TidewheelExport(_) | Line::End(_) => (),
                Line::Domain(mut read) => {
                    let name = &mut read.detail.domain_info.name;
                    names.insert(name.clone());
                    *name = renamed(name.clone());
                    domain = Some(name.clone());
                    survey.domains.push(*read);
                }
                Line::WorkflowType(detail) => {
                    let domain = domain.clone().expect("a type follows its domain");
                    survey.workflow_types.push((domain, *detail));
                }
                Line::ActivityType(detail) => {
                    let domain = domain.clone().expect("a type follows its domain");
                    survey.activity_types.push((domain, *detail));
                }
                Line::Execution(mut execution) => {
                    names.insert(execution.domain.clone());
                    execution.domain = renamed(execution.domain);
                    survey.places.push(behind);
                    history = Some(History::new(execution));
                }
                Line::Event(event) => {
                    let history = history.as_mut().expect("an event follows its execution");
                    survey.effects.extend(effect(&event));
                    history.add(*event);
                }
                Line::ExecutionEnd(_) => {
                    let history = history.take().expect("it has begun");
                    let (facts, scheduled) = history.finish();
                    if facts.closed.is_none() {
                        let of = |(name, version)| (facts.domain.clone(), name, version);
                        survey.scheduled_types.extend(scheduled.into_iter().map(of));
                    }
                    survey.facts.push(facts);
                }
            }
            if rename.is_some() && names.len() > 1 {
                return Err(TransferError::SeveralDomains);
            }
            Ok(())
        })?;
        survey.origin =
            names.pop_first().filter(|name| rename.is_some_and(|to| to != name.as_str()));
        Ok(survey)
    }
}

/// The announcement of another execution that has led to an event.
fn effect(event: &Event) -> Option<Link> {
    use EventAttributes as A;
    let (of, event_id) = if let A::WorkflowExecutionSignaled(e) = &event.attributes {
        (&e.external_workflow_execution, e.external_initiated_event_id)
    } else if let A::WorkflowExecutionCancelRequested(e) = &event.attributes {
        (&e.external_workflow_execution, e.external_initiated_event_id)
    } else if let A::WorkflowExecutionStarted(e) = &event.attributes {
        (&e.parent_workflow_execution, e.parent_initiated_event_id)
    } else {
        return None;
    };
    of.as_ref().map(|of| Link { run_id: of.run_id.clone(), event_id })
}

/// A history that is being read.
struct History {
    execution: cli::transfer::Execution,
    replay: Replay,
    events: u64,
    fault: Option<String>,
    /// Those that are not checked yet.
    unchecked: Vec<Event>,
    /// What was announced by which event.
    announced: BTreeMap<EventId, (Announced, WorkflowId)>,
    /// The types of its activities.
    scheduled: BTreeSet<(Name, Version)>,
}

impl History {
    fn new(execution: cli::transfer::Execution) -> History {
        // Where it is to be does not matter for what it comes to.
        let scope = Scope { account: "".into(), region: "".into() };
        let replay = Replay::new(RunIdentity {
            scope,
            domain: execution.domain.clone(),
            workflow_id: execution.workflow_id.clone(),
            run_id: execution.run_id.clone(),
        });
        History {
            execution,
            replay,
            events: 0,
            fault: None,
            unchecked: Vec::new(),
            announced: BTreeMap::new(),
            scheduled: BTreeSet::new(),
        }
    }

    fn add(&mut self, event: Event) {
        self.events += 1;
        if self.fault.is_some() {
            return;
        }
        if let Err(misfit) = self.replay.add(&event) {
            self.fault = Some(misfit.to_string());
            return;
        }
        self.announced.extend(announcement(&event).map(|what| (event.event_id, what)));
        if let EventAttributes::ActivityTaskScheduled(scheduled) = &event.attributes {
            let ActivityType { name, version } = &scheduled.activity_type;
            self.scheduled.insert((name.clone(), version.clone()));
        }
        self.unchecked.push(event);
        if self.unchecked.len() == EVENTS_PER_CHECK {
            self.check();
            // What has had its outcome is not looked at again.
            let unanswered = self.replay.unanswered();
            self.announced.retain(|event_id, _| unanswered.contains(event_id));
        }
    }

    /// The constraints of the API's model, which the server holds events to.
    fn check(&mut self) {
        let events = std::mem::take(&mut self.unchecked);
        let cli::transfer::Execution { domain, workflow_id, run_id, .. } = &self.execution;
        let execution = json!({ "workflowId": workflow_id, "runId": run_id });
        let body = json!({ "domain": domain, "execution": execution, "events": events });
        if let Err(fault) = OwnRequest::check(OwnOperation::ImportWorkflowExecution, body) {
            let first = events.first().map_or(EventId::NONE, |event| event.event_id);
            let text = fault.message().unwrap_or_else(|| fault.type_name());
            self.fault = Some(format!("in the events from {first} on: {text}"));
        }
    }

    fn finish(mut self) -> (Facts, BTreeSet<(Name, Version)>) {
        if self.fault.is_none() {
            self.check();
        }
        let state = self.replay.state();
        let unanswered = self.replay.unanswered();
        let announced = unanswered.iter().filter_map(|event_id| {
            let (what, workflow_id) = self.announced.get(event_id)?.clone();
            Some(Announcement { event_id: *event_id, what, workflow_id })
        });
        let mut held = Vec::new();
        let mut due = Vec::new();
        if let Some(state) = state {
            due.push((state.times_out_at(), Due::Execution));
            due.extend(state.timers.values().map(|timer| (timer.fires_at, Due::Timer)));
            let waiting = state.activities.values().filter(|activity| activity.started.is_none());
            due.extend(waiting.filter_map(|a| a.times_out_at().map(|at| (at, Due::Activity))));
            held.extend(state.decision_task_started.iter().map(|_| Held::DecisionTask));
            let started = state.activities.values().filter(|activity| activity.started.is_some());
            held.extend(started.map(|activity| Held::Activity {
                activity_id: activity.activity_id.clone(),
                times_out_at: activity.times_out_at(),
            }));
            let called = state.lambdas.values().filter(|lambda| lambda.started.is_some());
            held.extend(called.map(|_| Held::Lambda));
        }
        let started = |(event_id, child): (&EventId, &engine::Child)| {
            child.started_event_id.map(|_| (*event_id, child.workflow_id.clone()))
        };
        let waits = |lambda: &&engine::Lambda| lambda.started.is_none();
        let facts = Facts {
            workflow_type: state.map(|state| state.workflow_type.clone()),
            started_at: state.map_or(Timestamp(0), |state| state.started_at),
            closed: state.and_then(|state| state.closed).map(|closed| (closed.status, closed.at)),
            parent: state.and_then(|state| state.parent.as_ref()).map(|parent| Link {
                run_id: parent.execution.run_id.clone(),
                event_id: parent.initiated_event_id,
            }),
            successor: self.replay.successor().cloned(),
            listed_open: self.execution.status == Some(ExecutionStatus::Open),
            events: self.events,
            held,
            due,
            lambdas: state.map_or(0, |state| state.lambdas.values().filter(waits).count()),
            announced: announced.collect(),
            children: state.iter().flat_map(|state| &state.children).filter_map(started).collect(),
            here: Here::Nothing,
            fault: self.fault,
            domain: self.execution.domain,
            workflow_id: self.execution.workflow_id,
            run_id: self.execution.run_id,
        };
        (facts, self.scheduled)
    }
}

fn announcement(event: &Event) -> Option<(Announced, WorkflowId)> {
    use EventAttributes as A;
    if let A::SignalExternalWorkflowExecutionInitiated(e) = &event.attributes {
        Some((Announced::Signal, e.workflow_id.clone()))
    } else if let A::RequestCancelExternalWorkflowExecutionInitiated(e) = &event.attributes {
        Some((Announced::RequestCancel, e.workflow_id.clone()))
    } else if let A::StartChildWorkflowExecutionInitiated(e) = &event.attributes {
        Some((Announced::Child, e.workflow_id.clone()))
    } else {
        None
    }
}
