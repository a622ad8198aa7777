//! What requests do, and how they are answered.

use super::decisions::{started_settings, type_name};
use super::mistakes::Mistake;
use super::state::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A body, or the body of a fault.
pub type Answer = Result<Value, Value>;

/// A task that a poller was given.
#[derive(Clone)]
pub struct Held {
    pub run: usize,
    pub scheduled: u64,
    pub is_decision: bool,
    pub token: String,
    /// The body of the poll for the rest of the events, and those that are to come.
    pub rest: Option<(Value, Vec<Value>)>,
    /// What every page says besides events.
    pub head: Value,
}

/// The body of a fault.
pub fn refuse(name: &str, text: &str) -> Value {
    let space = match name {
        "ValidationException" => "com.amazon.coral.validate",
        _ => "com.amazonaws.swf.base.model",
    };
    let message = (!text.is_empty()).then_some(text);
    without_nulls(json!({"__type": format!("{space}#{name}"), "message": message}))
}

fn unknown(text: &str) -> Value {
    refuse("UnknownResourceFault", text)
}

pub fn unknown_run(workflow_id: &str, run_id: &str) -> Value {
    unknown(&format!(
        "Unknown execution: WorkflowExecution=[workflowId={workflow_id}, runId={run_id}]"
    ))
}

fn type_text(kind: &str, name: &TypeName) -> String {
    format!("{kind}=[name={}, version={}]", name.0, name.1)
}

impl World {
    /// Carries out a request that needs no task.
    pub fn call(&mut self, operation: &str, body: &Value) -> Answer {
        let domain_member = if operation.ends_with("Domain") { "name" } else { "domain" };
        let name = text(body, domain_member).to_owned();
        if operation == "RegisterDomain" {
            return self.register_domain(name, body);
        }
        if operation == "ListDomains" {
            return Ok(self.list_domains(body));
        }
        if !self.domains.contains_key(&name) {
            return Err(unknown(&format!("Unknown domain: {name}")));
        }
        match operation {
            "DescribeDomain" => Ok(self.describe_domain(&name)),
            "DeprecateDomain" => self.deprecate_domain(&name),
            "UndeprecateDomain" => {
                let domain = Rc::make_mut(&mut self.domains).get_mut(&name).expect("it is known");
                let deprecated = std::mem::replace(&mut domain.deprecated, false);
                let taken = || refuse("DomainAlreadyExistsFault", &name);
                deprecated.then_some(Value::Null).ok_or_else(taken)
            }
            "StartWorkflowExecution" => self.start(&name, body),
            "SignalWorkflowExecution" => {
                let index = self.target(&name, body)?;
                let said = pick(body, &["signalName", "input"]);
                let source = json!({"externalInitiatedEventId": 0});
                self.tell(index, "WorkflowExecutionSignaled", join(said, source));
                Ok(Value::Null)
            }
            "RequestCancelWorkflowExecution" => {
                let index = self.target(&name, body)?;
                self.runs[index].cancel_requested = true;
                let source = json!({"externalInitiatedEventId": 0});
                self.tell(index, "WorkflowExecutionCancelRequested", source);
                Ok(Value::Null)
            }
            "TerminateWorkflowExecution" => {
                let index = self.target(&name, body)?;
                let own = json!({
                    "childPolicy": self.runs[index].settings()["childPolicy"],
                    "cause": "OPERATOR_INITIATED",
                });
                let said = pick(body, &["reason", "details", "childPolicy"]);
                let attributes = join(own, said);
                self.close(index, "TERMINATED", "WorkflowExecutionTerminated", attributes);
                Ok(Value::Null)
            }
            "DescribeWorkflowExecution" => self.describe(&name, &body["execution"]),
            "GetWorkflowExecutionHistory" => {
                let index = self.known(&name, &body["execution"])?;
                let mut events: Vec<&Value> =
                    self.runs[index].events.iter().map(|it| &**it).collect();
                if body["reverseOrder"] == true {
                    events.reverse();
                }
                Ok(json!({"events": events}))
            }
            "CountPendingDecisionTasks" => {
                let list = text(&body["taskList"], "name");
                let waiting = self.open_runs(&name).filter_map(|run| run.waiting.as_ref());
                let count = waiting.filter(|task| task.list == list).count();
                Ok(json!({"count": count, "truncated": false}))
            }
            "CountPendingActivityTasks" => {
                let list = text(&body["taskList"], "name");
                let waiting = self.open_runs(&name).flat_map(|run| &run.activities);
                let waiting = waiting.filter(|it| it.started.is_none());
                let on_it = waiting.filter(|it| text(&it.attributes["taskList"], "name") == list);
                Ok(json!({"count": on_it.count(), "truncated": false}))
            }
            "ListOpenWorkflowExecutions" | "ListClosedWorkflowExecutions" => {
                Ok(json!({"executionInfos": self.list(operation, &name, body)}))
            }
            "CountOpenWorkflowExecutions" | "CountClosedWorkflowExecutions" => {
                let count = self.list(operation, &name, body).len();
                Ok(json!({"count": count, "truncated": false}))
            }
            _ => self.call_types(operation, &name, body),
        }
    }

    fn register_domain(&mut self, name: String, body: &Value) -> Answer {
        if self.domains.contains_key(&name) {
            return Err(refuse("DomainAlreadyExistsFault", &name));
        }
        let domain = Domain {
            registered: body.clone(),
            deprecated: false,
            workflow_types: BTreeMap::new(),
            activity_types: BTreeMap::new(),
        };
        Rc::make_mut(&mut self.domains).insert(name, domain);
        Ok(Value::Null)
    }

    fn domain_info(&self, name: &str) -> Value {
        let domain = &self.domains[name];
        without_nulls(json!({
            "name": name, "status": status(domain.deprecated),
            "description": domain.registered["description"],
            "arn": format!("arn:aws:swf:us-east-1:123456789012:/domain/{name}"),
        }))
    }

    fn describe_domain(&self, name: &str) -> Value {
        let registered = &self.domains[name].registered;
        let configuration = pick(registered, &["workflowExecutionRetentionPeriodInDays"]);
        json!({"domainInfo": self.domain_info(name), "configuration": configuration})
    }

    fn list_domains(&self, body: &Value) -> Value {
        let wanted = |name: &&String| {
            status(self.domains[*name].deprecated) == text(body, "registrationStatus")
        };
        let names = self.domains.keys().filter(wanted);
        let mut infos: Vec<Value> = names.map(|name| self.domain_info(name)).collect();
        if body["reverseOrder"] == true {
            infos.reverse();
        }
        json!({"domainInfos": infos})
    }

    /// Its types are deprecated with it.
    fn deprecate_domain(&mut self, name: &str) -> Answer {
        let now = self.now;
        let domain = Rc::make_mut(&mut self.domains).get_mut(name).expect("it is known");
        if std::mem::replace(&mut domain.deprecated, true) {
            return Err(refuse("DomainDeprecatedFault", name));
        }
        let types = domain.workflow_types.values_mut().chain(domain.activity_types.values_mut());
        types.for_each(|it| it.deprecated = it.deprecated.or(Some(now)));
        Ok(Value::Null)
    }

    fn call_types(&mut self, operation: &str, domain: &str, body: &Value) -> Answer {
        let now = self.now;
        let of_activities = operation.contains("Activity");
        let (kind, member) = match of_activities {
            true => ("ActivityType", "activityType"),
            false => ("WorkflowType", "workflowType"),
        };
        let domain = Rc::make_mut(&mut self.domains).get_mut(domain).expect("it is known");
        let types = match of_activities {
            true => &mut domain.activity_types,
            false => &mut domain.workflow_types,
        };
        if operation.starts_with("List") {
            let wanted = types.iter().filter(|(name, it)| {
                status(it.deprecated.is_some()) == text(body, "registrationStatus")
                    && (body["name"].is_null() || name.0 == text(body, "name"))
            });
            let mut infos: Vec<Value> = wanted.map(|(name, it)| info(member, name, it)).collect();
            if body["reverseOrder"] == true {
                infos.reverse();
            }
            return Ok(json!({"typeInfos": infos}));
        }
        let registers = operation.starts_with("Register");
        let name = type_name(if registers { body } else { &body[member] });
        let described = type_text(kind, &name);
        if registers {
            if types.contains_key(&name) {
                return Err(refuse("TypeAlreadyExistsFault", &described));
            }
            types.insert(name, Type { registered: body.clone(), created: now, deprecated: None });
            return Ok(Value::Null);
        }
        let Some(known) = types.get_mut(&name) else {
            return Err(unknown(&format!("Unknown type: {described}")));
        };
        if operation.starts_with("Describe") {
            let mut configuration = known.registered.clone();
            let members = configuration.as_object_mut().expect("it is a structure");
            members.retain(|member, _| member.starts_with("default"));
            return Ok(
                json!({"typeInfo": info(member, &name, known), "configuration": configuration}),
            );
        }
        if operation.starts_with("Deprecate") {
            if known.deprecated.is_some() {
                return Err(refuse("TypeDeprecatedFault", &described));
            }
            known.deprecated = Some(now);
        } else if operation.starts_with("Undeprecate") {
            if known.deprecated.is_none() {
                return Err(refuse("TypeAlreadyExistsFault", &described));
            }
            known.deprecated = None;
        } else if known.deprecated.is_none() {
            let text =
                "The type is currently registered and cannot be deleted in its current state";
            return Err(refuse("TypeNotDeprecatedFault", text));
        } else {
            types.remove(&name);
        }
        Ok(Value::Null)
    }

    fn start(&mut self, domain: &str, body: &Value) -> Answer {
        let name = type_name(&body["workflowType"]);
        let described = type_text("WorkflowType", &name);
        let Some(known) = self.domains[domain].workflow_types.get(&name) else {
            return Err(unknown(&format!("Unknown type: {described}")));
        };
        if known.deprecated.is_some() {
            return Err(refuse("TypeDeprecatedFault", &described));
        }
        let workflow_id = text(body, "workflowId");
        if self.find(domain, workflow_id, "").is_some() {
            return Err(refuse("WorkflowExecutionAlreadyStartedFault", ""));
        }
        let settings = started_settings(known, &body["workflowType"], body);
        let settings = settings.map_err(|(member, _)| refuse("DefaultUndefinedFault", member))?;
        let started = join(settings, json!({"parentInitiatedEventId": 0}));
        let index = self.open((domain, workflow_id), started, None);
        Ok(json!({"runId": self.runs[index].run_id}))
    }

    fn open_runs<'w>(&'w self, domain: &'w str) -> impl Iterator<Item = &'w Run> {
        self.runs.iter().filter(move |run| run.domain == domain && run.is_open())
    }

    /// The open run that a request names.
    fn target(&self, domain: &str, body: &Value) -> Result<usize, Value> {
        let (workflow_id, run_id) = (text(body, "workflowId"), text(body, "runId"));
        self.find(domain, workflow_id, run_id).ok_or_else(|| match run_id {
            "" => unknown(&format!("Unknown execution, workflowId = {workflow_id}")),
            _ => unknown_run(workflow_id, run_id),
        })
    }

    /// The run of that name, open or closed.
    fn known(&self, domain: &str, execution: &Value) -> Result<usize, Value> {
        let named = |run: &Run| run.domain == domain && run.execution() == *execution;
        let (workflow_id, run_id) = (text(execution, "workflowId"), text(execution, "runId"));
        self.runs.iter().position(named).ok_or_else(|| unknown_run(workflow_id, run_id))
    }

    fn execution_info(&self, run: &Run) -> Value {
        let settings = run.settings();
        without_nulls(json!({
            "execution": run.execution(),
            "workflowType": settings["workflowType"],
            "startTimestamp": run.opened,
            "closeTimestamp": run.closed.map(|(_, at)| at),
            "executionStatus": if run.is_open() { "OPEN" } else { "CLOSED" },
            "closeStatus": run.closed.map(|(status, _)| status),
            "parent": settings["parentWorkflowExecution"],
            "tagList": settings["tagList"],
            "cancelRequested": run.is_open() && run.cancel_requested,
        }))
    }

    fn describe(&self, domain: &str, execution: &Value) -> Answer {
        let run = &self.runs[self.known(domain, execution)?];
        let configuration = [
            "taskStartToCloseTimeout",
            "executionStartToCloseTimeout",
            "taskList",
            "childPolicy",
            "taskPriority",
            "lambdaRole",
        ];
        let tasks = usize::from(run.waiting.is_some() || run.working.is_some());
        let children = run.children.iter().filter(|child| child.started.is_some());
        Ok(without_nulls(json!({
            "executionInfo": self.execution_info(run),
            "executionConfiguration": pick(run.settings(), &configuration),
            "openCounts": {
                "openActivityTasks": run.activities.len(),
                "openDecisionTasks": tasks,
                "openTimers": run.timers.len(),
                "openChildWorkflowExecutions": children.count(),
                "openLambdaFunctions": run.lambdas.len(),
            },
            "latestActivityTaskTimestamp": run.latest_activity,
            "latestExecutionContext": run.context,
        })))
    }

    fn list(&self, operation: &str, domain: &str, body: &Value) -> Vec<Value> {
        let open = operation.contains("Open");
        let by_close = !body["closeTimeFilter"].is_null();
        let times = if by_close { &body["closeTimeFilter"] } else { &body["startTimeFilter"] };
        let moment = |run: &Run| match run.closed {
            Some((_, at)) if by_close => at,
            _ => run.opened,
        };
        let bound = |member: &str| times[member].as_f64().map(|at| (at * 1000.0) as i64);
        let wanted = |run: &&Run| {
            let (settings, at) = (run.settings(), moment(run));
            let workflow_type = &settings["workflowType"];
            let type_filter = &body["typeFilter"];
            let tags = settings["tagList"].as_array();
            run.domain == domain
                && run.is_open() == open
                && bound("oldestDate").is_none_or(|oldest| oldest <= at)
                && bound("latestDate").is_none_or(|latest| at <= latest)
                && is_or_null(&body["executionFilter"]["workflowId"], &run.workflow_id)
                && is_or_null(&type_filter["name"], text(workflow_type, "name"))
                && is_or_null(&type_filter["version"], text(workflow_type, "version"))
                && (body["tagFilter"].is_null()
                    || tags.is_some_and(|tags| tags.contains(&body["tagFilter"]["tag"])))
                && run.closed.is_none_or(|(status, _)| {
                    is_or_null(&body["closeStatusFilter"]["status"], status)
                })
        };
        let mut runs: Vec<&Run> = self.runs.iter().filter(wanted).collect();
        runs.sort_by_key(|run| std::cmp::Reverse(moment(run)));
        if body["reverseOrder"] == true {
            runs.reverse();
        }
        runs.into_iter().map(|run| self.execution_info(run)).collect()
    }

    /// A worker or decider speaks of a task that it was given.
    pub fn answer(&mut self, operation: &str, held: &Held, body: &Value) -> Answer {
        let (index, scheduled) = (held.run, held.scheduled);
        if (operation == "RespondDecisionTaskCompleted") != held.is_decision {
            return Err(refuse("ValidationException", "Invalid token"));
        }
        if held.is_decision {
            return self.decide_all(index, scheduled, body);
        }
        let run = &self.runs[index];
        if !run.is_open() {
            return Err(unknown_run(&run.workflow_id, &run.run_id));
        }
        let Some(place) = run.activities.iter().position(|it| it.scheduled == scheduled) else {
            return Err(unknown(&format!("Unknown activity, scheduledEventId = {scheduled}")));
        };
        if operation == "RecordActivityTaskHeartbeat" {
            let mistaken = self.is(Mistake::CancelReachesWorkers) && run.cancel_requested;
            let now = self.now;
            let activity = &mut self.runs[index].activities[place];
            activity.beat = now;
            activity.details = body["details"].clone();
            return Ok(json!({"cancelRequested": activity.cancel.is_some() || mistaken}));
        }
        let activity = self.remove_activity(index, scheduled);
        let (kind, members): (_, &[&str]) = match operation {
            "RespondActivityTaskCompleted" => ("ActivityTaskCompleted", &["result"]),
            "RespondActivityTaskFailed" => ("ActivityTaskFailed", &["reason", "details"]),
            _ => ("ActivityTaskCanceled", &["details"]),
        };
        let latest = activity.cancel.filter(|_| kind == "ActivityTaskCanceled");
        let attributes = json!({
            "scheduledEventId": scheduled,
            "startedEventId": activity.started.map(|(id, _)| id),
            "latestCancelRequestedEventId": latest,
        });
        self.tell(index, kind, join(attributes, pick(body, members)));
        Ok(Value::Null)
    }

    /// A poll takes the task that waits longest among those of the highest priority. Of several it
    /// is the one that the service gave, which is why its answer is here.
    pub fn poll(
        &mut self,
        is_decision: bool,
        body: &Value,
        given: &Value,
    ) -> Option<(Value, Held)> {
        let (domain, list) = (text(body, "domain"), text(&body["taskList"], "name"));
        let mut waiting = Vec::new();
        for (index, run) in self.runs.iter().enumerate() {
            if run.domain != domain || !run.is_open() {
                continue;
            }
            if is_decision {
                let task = run.waiting.as_ref().filter(|_| run.working.is_none());
                let priority = &run.settings()["taskPriority"];
                waiting.extend(
                    task.filter(|task| task.list == list)
                        .map(|task| (number(priority), task.since, index, task.scheduled)),
                );
            } else {
                for it in run.activities.iter().filter(|it| it.started.is_none()) {
                    if text(&it.attributes["taskList"], "name") == list {
                        let priority = number(&it.attributes["taskPriority"]);
                        waiting.push((priority, it.since, index, it.scheduled));
                    }
                }
            }
        }
        let ignored = self.is(Mistake::IgnoresPriority);
        let rank = |(priority, since, ..): &(i64, i64, usize, u64)| {
            (if ignored { 0 } else { -priority }, *since)
        };
        let first = waiting.iter().map(rank).min()?;
        waiting.retain(|task| rank(task) == first);
        let is_given = |task: &&(i64, i64, usize, u64)| {
            let run = &self.runs[task.2];
            let id = &run.event(task.3)["activityId"];
            given["workflowExecution"] == run.execution() && given["activityId"] == *id
        };
        let (_, _, index, scheduled) = *waiting.iter().find(is_given).unwrap_or(&waiting[0]);
        Some(match is_decision {
            true => self.start_decision(index, scheduled, body),
            false => self.start_activity(index, scheduled, body),
        })
    }

    fn start_decision(&mut self, index: usize, scheduled: u64, body: &Value) -> (Value, Held) {
        let started = json!({"scheduledEventId": scheduled, "identity": body["identity"]});
        let id = self.record(index, "DecisionTaskStarted", started);
        let now = self.now;
        let run = &mut self.runs[index];
        run.working = run.waiting.take();
        run.working.iter_mut().for_each(|task| task.started = Some((id, now)));
        let head = json!({
            "startedEventId": id, "previousStartedEventId": run.previous,
            "workflowExecution": run.execution(), "workflowType": run.settings()["workflowType"],
        });
        let from = match body["startAtPreviousStartedEvent"] == true {
            true => run.previous.saturating_sub(1),
            false => 0,
        };
        let mut events: Vec<&Value> = run.events[from as usize..].iter().map(|it| &**it).collect();
        if body["reverseOrder"] == true {
            events.reverse();
        }
        let answer = join(head.clone(), json!({"events": events}));
        let held = Held {
            run: index,
            scheduled,
            is_decision: true,
            token: String::new(),
            rest: None,
            head,
        };
        (answer, held)
    }

    fn start_activity(&mut self, index: usize, scheduled: u64, body: &Value) -> (Value, Held) {
        let started = json!({"scheduledEventId": scheduled, "identity": body["identity"]});
        let id = self.record(index, "ActivityTaskStarted", started);
        let now = self.now;
        let run = &mut self.runs[index];
        let execution = run.execution();
        let it = run.activities.iter_mut().find(|it| it.scheduled == scheduled);
        let it = it.expect("it is open");
        (it.started, it.beat) = (Some((id, now)), now);
        let said = pick(&it.attributes, &["activityId", "activityType", "input"]);
        let answer = join(said, json!({"startedEventId": id, "workflowExecution": execution}));
        let held = Held {
            run: index,
            scheduled,
            is_decision: false,
            token: String::new(),
            rest: None,
            head: Value::Null,
        };
        (answer, held)
    }

    /// Whether somebody works on the task still.
    pub fn is_held(&self, held: &Held) -> bool {
        let run = &self.runs[held.run];
        let working = run.working.iter().any(|task| task.scheduled == held.scheduled);
        let open = run.activities.iter().any(|it| it.scheduled == held.scheduled);
        run.is_open() && if held.is_decision { working } else { open }
    }
}

fn status(deprecated: bool) -> &'static str {
    if deprecated { "DEPRECATED" } else { "REGISTERED" }
}

fn info(member: &str, name: &TypeName, known: &Type) -> Value {
    without_nulls(json!({
        member: {"name": name.0, "version": name.1},
        "status": status(known.deprecated.is_some()),
        "description": known.registered["description"],
        "creationDate": known.created,
        "deprecationDate": known.deprecated,
    }))
}

fn is_or_null(wanted: &Value, is: &str) -> bool {
    wanted.is_null() || wanted == is
}

fn number(value: &Value) -> i64 {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or(0)
}
