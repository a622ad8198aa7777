//! The server that is to have what is imported: what it has, and what it is sent.

use super::file::ExportFile;
use super::survey::Survey;
use super::{ACCESS_DENIED, TransferError, UNKNOWN, is_refused};
use crate::swf::service::{AskError, Service};
use cli::Model;
use cli::failure::CallError;
use cli::transfer::{Domain, Facts, Here, Registration, Registry};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use wire::{
    ActivityType, ActivityTypeDetail, Description, DomainDetail, DomainName, Event, EventId,
    ImportProgress, ImportStatus, ImportWorkflowExecutionInput, Name, OwnRequest,
    RegistrationStatus, Version, WorkflowExecution, WorkflowExecutionDetail,
    WorkflowExecutionInfos, WorkflowType, WorkflowTypeDetail,
};

/// How long a piece of a history may get before it is sent, in bytes and events: well below the
/// longest body, whatever the last event of it holds.
const PIECE_BYTES: usize = 256 * 1024;
const PIECE_EVENTS: usize = 500;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// See the module.
pub struct Target {
    pub service: Service,
}

/// What came of an execution.
#[derive(Debug, PartialEq, Eq)]
pub enum Sent {
    Imported,
    Known,
    Refused(String),
}

impl Target {
    /// Whether something is there.
    fn find<T: DeserializeOwned>(
        &mut self,
        operation: &'static str,
        ask: &Value,
    ) -> Result<Option<T>, TransferError> {
        match self.service.call(operation, ask) {
            Ok(found) => Ok(Some(found)),
            Err(error) if is_refused(&error, UNKNOWN) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Calls an operation that answers nothing.
    fn tell(&mut self, name: &'static str, ask: &Value) -> Result<(), AskError> {
        let operation = Model::get().operation(name).expect("the model has it");
        let parameters = cli::Value::parse(&ask.to_string()).expect("it was written as JSON");
        self.service.caller.call(operation, &parameters)?;
        Ok(())
    }

    /// Compares domains, types and executions with what is there, and notes what is there of each
    /// execution.
    pub fn look(
        &mut self,
        file: &mut ExportFile,
        survey: &mut Survey,
    ) -> Result<Registry, TransferError> {
        let mut registry = Registry::default();
        let mut there = BTreeSet::new();
        let named = survey.domains.iter().map(|domain| &domain.detail.domain_info.name);
        let of_executions = survey.facts.iter().map(|facts| &facts.domain);
        let names: BTreeSet<DomainName> = named.chain(of_executions).cloned().collect();
        for name in &names {
            let found: Option<DomainDetail> =
                self.find("DescribeDomain", &json!({ "name": name }))?;
            let source = survey.domains.iter().find(|d| d.detail.domain_info.name == *name);
            let what = format!("domain {name}");
            let detail = found.as_ref().or(source.map(|domain| &domain.detail));
            let days = detail.map(|detail| {
                detail.configuration.workflow_execution_retention_period_in_days.days()
            });
            registry.retention_ms.extend(days.map(|days| (name.clone(), i64::from(days) * DAY_MS)));
            if found.is_some() {
                there.insert(name.clone());
            }
            registry.registrations.extend(match (&found, source) {
                (None, Some(_)) => Some(Registration::New(what)),
                (Some(found), Some(source)) => {
                    let mut members = different(&source.detail.configuration, &found.configuration);
                    let (theirs, ours) = (&source.detail.domain_info, &found.domain_info);
                    members.extend((theirs.status != ours.status).then_some("status".to_owned()));
                    Some(compared(what, members))
                }
                (_, None) => None,
            });
        }
        self.look_at_types(survey, &there, &mut registry)?;
        let mut types = BTreeMap::new();
        let origin = survey.origin.clone();
        let all = survey.facts.iter_mut().zip(&survey.places);
        for (facts, place) in all.filter(|(facts, _)| facts.fault.is_none()) {
            if let Some(WorkflowType { name, version }) = &facts.workflow_type {
                let key = (facts.domain.clone(), name.clone(), version.clone());
                if !registry.workflow_types.contains(&key) && !types.contains_key(&key) {
                    let ask =
                        json!({ "domain": facts.domain, "workflowType": facts.workflow_type });
                    let found: Option<WorkflowTypeDetail> = match there.contains(&facts.domain) {
                        true => self.find("DescribeWorkflowType", &ask)?,
                        false => None,
                    };
                    let is_deprecated = |detail: &WorkflowTypeDetail| {
                        detail.type_info.status == RegistrationStatus::Deprecated
                    };
                    if found.as_ref().is_some_and(is_deprecated) {
                        registry.deprecated_types.insert(key.clone());
                    }
                    types.insert(key, found.is_some());
                }
            }
            if there.contains(&facts.domain) {
                facts.here = self.here(facts)?;
            }
            if facts.here == Here::Run
                && let Some(how) = self.difference(file, *place, facts)?
            {
                facts.here = Here::Different(how);
            }
            let is_there = matches!(facts.here, Here::Run | Here::Different(_));
            if let (Some(origin), false) = (&origin, is_there)
                && self.is_in(origin, facts)?
            {
                facts.here = Here::Origin(origin.clone());
            }
        }
        let known = types.into_iter().filter_map(|(key, is_known)| is_known.then_some(key));
        registry.workflow_types.extend(known);
        self.look_at_scheduled(survey, &there, &mut registry)?;
        Ok(registry)
    }

    /// Notes the activity types of histories that do not come, and are not there or deprecated.
    fn look_at_scheduled(
        &mut self,
        survey: &Survey,
        there: &BTreeSet<DomainName>,
        registry: &mut Registry,
    ) -> Result<(), TransferError> {
        let comes = |(domain, detail): &(DomainName, ActivityTypeDetail)| {
            let ActivityType { name, version } = &detail.type_info.activity_type;
            (domain.clone(), name.clone(), version.clone())
        };
        let come: BTreeSet<_> = survey.activity_types.iter().map(comes).collect();
        for (domain, name, version) in survey.scheduled_types.difference(&come) {
            let named = json!({ "name": name, "version": version });
            let ask = json!({ "domain": domain, "activityType": named });
            let found: Option<FoundType> = match there.contains(domain) {
                true => self.find(ACTIVITY_TYPE.describe, &ask)?,
                false => None,
            };
            let text = format!("activity type {name} {version} of {domain}");
            match found.map(|found| found.type_info.status) {
                None => registry.missing_activity_types.push(text),
                Some(RegistrationStatus::Deprecated) => {
                    registry.deprecated_activity_types.push(text);
                }
                Some(RegistrationStatus::Registered) => (),
            }
        }
        Ok(())
    }

    fn look_at_types(
        &mut self,
        survey: &Survey,
        there: &BTreeSet<DomainName>,
        registry: &mut Registry,
    ) -> Result<(), TransferError> {
        for (domain, detail) in &survey.workflow_types {
            let WorkflowType { name, version } = &detail.type_info.workflow_type;
            registry.workflow_types.insert((domain.clone(), name.clone(), version.clone()));
        }
        for registered in registered_types(survey) {
            let found: Option<FoundType> = match there.contains(registered.domain) {
                true => self.find(registered.kind.describe, &registered.ask())?,
                false => None,
            };
            let RegisteredType { kind, domain, name, version, .. } = &registered;
            let what = format!("{} {name} {version} of {domain}", kind.words);
            registry.registrations.push(match found {
                None => Registration::New(what),
                Some(found) => {
                    let mut members = different(&registered.configuration, &found.configuration);
                    let differs = registered.status != found.type_info.status;
                    members.extend(differs.then_some("status".to_owned()));
                    compared(what, members)
                }
            });
        }
        Ok(())
    }

    /// Whether the run is there in the domain that it comes from.
    fn is_in(&mut self, origin: &DomainName, facts: &Facts) -> Result<bool, TransferError> {
        let execution = json!({ "workflowId": facts.workflow_id, "runId": facts.run_id });
        let ask = json!({ "domain": origin, "execution": execution });
        match self.find::<WorkflowExecutionDetail>("DescribeWorkflowExecution", &ask) {
            Ok(found) => Ok(found.is_some()),
            // That domain may be nothing to whoever imports.
            Err(TransferError::Ask(error)) if is_refused(&error, ACCESS_DENIED) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn here(&mut self, facts: &Facts) -> Result<Here, TransferError> {
        let Facts { domain, workflow_id, run_id, .. } = facts;
        let execution = json!({ "workflowId": workflow_id, "runId": run_id });
        let ask = json!({ "domain": domain, "execution": execution });
        let found: Option<WorkflowExecutionDetail> =
            self.find("DescribeWorkflowExecution", &ask)?;
        if found.is_some() {
            return Ok(Here::Run);
        }
        if facts.closed.is_some() {
            return Ok(Here::Nothing);
        }
        let ask = json!({
            "domain": domain,
            "startTimeFilter": { "oldestDate": 0 },
            "executionFilter": { "workflowId": workflow_id },
            "maximumPageSize": 1,
        });
        let open: WorkflowExecutionInfos = self.service.call("ListOpenWorkflowExecutions", &ask)?;
        let other = open.execution_infos.into_iter().next();
        Ok(other.map_or(Here::Nothing, |info| Here::OtherOpen(info.execution.run_id)))
    }

    /// Registers what is not there, types before they are deprecated, but for what is of `no_use`. Gives
    /// the domains that were not.
    pub fn register(
        &mut self,
        survey: &Survey,
        no_use: &BTreeSet<&DomainName>,
    ) -> Result<BTreeSet<DomainName>, TransferError> {
        let mut domains = BTreeSet::new();
        for Domain { detail, tags } in &survey.domains {
            let info = &detail.domain_info;
            if no_use.contains(&info.name) {
                continue;
            }
            let mut ask = members_of(&detail.configuration);
            ask["name"] = json!(info.name);
            ask["description"] = json!(info.description);
            if !tags.is_empty() {
                ask["tags"] = json!(tags);
            }
            if self.register_one("RegisterDomain", ask, "DomainAlreadyExistsFault")? {
                domains.insert(info.name.clone());
            }
        }
        let of_use = |registered: &RegisteredType<'_>| !no_use.contains(registered.domain);
        for registered in registered_types(survey).filter(of_use) {
            let mut ask = registered.configuration.clone();
            ask["domain"] = json!(registered.domain);
            ask["name"] = json!(registered.name);
            ask["version"] = json!(registered.version);
            ask["description"] = json!(registered.description);
            let is_new = self.register_one(registered.kind.register, ask, TYPE_EXISTS)?;
            if is_new && registered.status == RegistrationStatus::Deprecated {
                self.tell(registered.kind.deprecate, &registered.ask())?;
            }
        }
        Ok(domains)
    }

    /// True if it was not there.
    fn register_one(
        &mut self,
        operation: &'static str,
        ask: Value,
        exists: &str,
    ) -> Result<bool, TransferError> {
        match self.tell(operation, &ask) {
            Ok(()) => Ok(true),
            // A deprecated domain takes no types; those that it should have are told of in the report.
            Err(error) if is_refused(&error, exists) || is_refused(&error, DOMAIN_DEPRECATED) => {
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Deprecates the domains that were, once their executions are there; of those that are `new` here,
    /// since one that was there stays as it is.
    pub fn deprecate(
        &mut self,
        survey: &Survey,
        new: &BTreeSet<DomainName>,
    ) -> Result<(), TransferError> {
        for Domain { detail, .. } in &survey.domains {
            let info = &detail.domain_info;
            if info.status == RegistrationStatus::Deprecated && new.contains(&info.name) {
                let deprecated = self.tell("DeprecateDomain", &json!({ "name": info.name }));
                match deprecated {
                    Err(error) if is_refused(&error, DOMAIN_DEPRECATED) => (),
                    deprecated => deprecated?,
                }
            }
        }
        Ok(())
    }

    /// Sends an execution that is not there, piece by piece.
    pub fn send(
        &mut self,
        file: &mut ExportFile,
        place: u64,
        facts: &Facts,
        times_out_started: bool,
        resend: &[EventId],
    ) -> Result<Sent, TransferError> {
        let mut outcome = None;
        pieces(file, place, facts, |events, is_last| {
            outcome = self.send_piece(ImportWorkflowExecutionInput {
                is_last: Some(is_last),
                times_out_started: is_last.then_some(times_out_started),
                resend: is_last.then(|| resend.to_vec()),
                ..piece_of(facts, events)
            })?;
            // Somebody else has brought it meanwhile. So far it is the same.
            outcome.take_if(|sent| matches!(sent, Sent::Known) && !is_last);
            Ok(outcome.is_none())
        })?;
        // The last piece has an outcome, unless the file has become shorter since it was read.
        Ok(outcome.unwrap_or_else(|| Sent::Refused("its events are not there any more".to_owned())))
    }

    /// How a run that is there differs from the file's, if it does. The server compares what it has
    /// with what is sent; the first event is not sent, without which it begins no import.
    fn difference(
        &mut self,
        file: &mut ExportFile,
        place: u64,
        facts: &Facts,
    ) -> Result<Option<String>, TransferError> {
        let mut how = None;
        pieces(file, place, facts, |events, _| {
            let events: Vec<Event> =
                events.into_iter().filter(|event| event.event_id != EventId(1)).collect();
            if events.is_empty() {
                return Ok(true);
            }
            if let Some(Sent::Refused(why)) = self.send_piece(piece_of(facts, events))? {
                how = Some(why);
            }
            Ok(how.is_none())
        })?;
        Ok(how)
    }

    /// `None` if more pieces are wanted.
    fn send_piece(
        &mut self,
        input: ImportWorkflowExecutionInput,
    ) -> Result<Option<Sent>, TransferError> {
        let answer = match self.service.caller.operate(&OwnRequest::from(input)) {
            Ok(answer) => answer,
            Err(CallError::Service(error)) if REFUSALS.contains(&&*error.code) => {
                let text = match error.message.is_empty() {
                    true => error.code.clone(),
                    false => error.message.clone(),
                };
                return Ok(Some(Sent::Refused(text)));
            }
            Err(error) => return Err(error.into()),
        };
        let text = serde_json::to_string(&answer).expect("a value is written to memory");
        let progress: ImportProgress = serde_json::from_str(&text)
            .map_err(|error| AskError::Unreadable("ImportWorkflowExecution", error))?;
        Ok(match progress.status {
            ImportStatus::InProgress => None,
            ImportStatus::Imported => Some(Sent::Imported),
            ImportStatus::AlreadyImported => Some(Sent::Known),
        })
    }
}

/// The events of an execution in pieces that can be sent, and whether each is the last, as long as more
/// are wanted.
fn pieces(
    file: &mut ExportFile,
    place: u64,
    facts: &Facts,
    mut take: impl FnMut(Vec<Event>, bool) -> Result<bool, TransferError>,
) -> Result<(), TransferError> {
    let mut piece: Vec<Event> = Vec::new();
    let (mut bytes, mut taken) = (0, 0);
    file.events(place, |event| {
        bytes += serde_json::to_string(&event).map_or(0, |text| text.len());
        piece.push(event);
        taken += 1;
        let is_last = taken == facts.events;
        if is_last || bytes >= PIECE_BYTES || piece.len() >= PIECE_EVENTS {
            bytes = 0;
            return take(std::mem::take(&mut piece), is_last);
        }
        Ok(true)
    })
}

/// A piece that is not said to be the last.
fn piece_of(facts: &Facts, events: Vec<Event>) -> ImportWorkflowExecutionInput {
    ImportWorkflowExecutionInput {
        domain: facts.domain.clone(),
        execution: WorkflowExecution {
            workflow_id: facts.workflow_id.clone(),
            run_id: facts.run_id.clone(),
        },
        events,
        is_last: None,
        times_out_started: None,
        resend: None,
    }
}

/// What the operations for a kind of types are called.
struct TypeKind {
    words: &'static str,
    member: &'static str,
    register: &'static str,
    describe: &'static str,
    deprecate: &'static str,
}

const WORKFLOW_TYPE: TypeKind = TypeKind {
    words: "workflow type",
    member: "workflowType",
    register: "RegisterWorkflowType",
    describe: "DescribeWorkflowType",
    deprecate: "DeprecateWorkflowType",
};

const ACTIVITY_TYPE: TypeKind = TypeKind {
    words: "activity type",
    member: "activityType",
    register: "RegisterActivityType",
    describe: "DescribeActivityType",
    deprecate: "DeprecateActivityType",
};

/// A type of either kind, as the source has it.
struct RegisteredType<'s> {
    kind: TypeKind,
    domain: &'s DomainName,
    name: &'s Name,
    version: &'s Version,
    description: Option<&'s Description>,
    status: RegistrationStatus,
    configuration: Value,
}

impl RegisteredType<'_> {
    /// What names it in a request.
    fn ask(&self) -> Value {
        let named = json!({ "name": self.name, "version": self.version });
        let mut ask = json!({ "domain": self.domain });
        ask[self.kind.member] = named;
        ask
    }
}

/// A type of either kind, as the target describes it.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct FoundType {
    type_info: FoundTypeInfo,
    configuration: Value,
}

#[derive(serde::Deserialize)]
struct FoundTypeInfo {
    status: RegistrationStatus,
}

/// The types of both kinds.
fn registered_types(survey: &Survey) -> impl Iterator<Item = RegisteredType<'_>> {
    let workflow_types = survey.workflow_types.iter().map(|(domain, detail)| RegisteredType {
        kind: WORKFLOW_TYPE,
        domain,
        name: &detail.type_info.workflow_type.name,
        version: &detail.type_info.workflow_type.version,
        description: detail.type_info.description.as_ref(),
        status: detail.type_info.status,
        configuration: members_of(&detail.configuration),
    });
    let activity_types = survey.activity_types.iter().map(|(domain, detail)| RegisteredType {
        kind: ACTIVITY_TYPE,
        domain,
        name: &detail.type_info.activity_type.name,
        version: &detail.type_info.activity_type.version,
        description: detail.type_info.description.as_ref(),
        status: detail.type_info.status,
        configuration: members_of(&detail.configuration),
    });
    workflow_types.chain(activity_types)
}

const TYPE_EXISTS: &str = "TypeAlreadyExistsFault";
const DOMAIN_DEPRECATED: &str = "DomainDeprecatedFault";

/// What an execution may be refused with; the next one may be taken.
const REFUSALS: [&str; 4] =
    ["ValidationException", "WorkflowExecutionAlreadyStartedFault", "LimitExceededFault", UNKNOWN];

fn members_of(configuration: &impl Serialize) -> Value {
    serde_json::to_value(configuration).expect("it has text keys")
}

/// The members that differ.
fn different(theirs: &impl Serialize, ours: &impl Serialize) -> Vec<String> {
    let (theirs, ours) = (members_of(theirs), members_of(ours));
    let keys = |value: &Value| -> BTreeSet<String> {
        value.as_object().map(|members| members.keys().cloned().collect()).unwrap_or_default()
    };
    let all: BTreeSet<String> = keys(&theirs).union(&keys(&ours)).cloned().collect();
    all.into_iter().filter(|key| theirs.get(key) != ours.get(key)).collect()
}

fn compared(what: String, members: Vec<String>) -> Registration {
    if members.is_empty() {
        Registration::Same(what)
    } else {
        Registration::Different { what, members }
    }
}
