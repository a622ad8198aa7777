//! What a decider's answer does.

use super::mistakes::Mistake;
use super::requests::{refuse, unknown_run};
use super::state::*;
use super::steps::{STARTED_MEMBERS, given};
use serde_json::{Value, json};

/// The decision types, in the order in which the service names them, and what each needs.
const DECISIONS: [(&str, &[&str]); 13] = [
    ("CompleteWorkflowExecution", &[]),
    ("StartTimer", &["timerId", "startToFireTimeout"]),
    ("RequestCancelExternalWorkflowExecution", &["workflowId"]),
    ("SignalExternalWorkflowExecution", &["workflowId", "signalName"]),
    ("CancelTimer", &["timerId"]),
    ("RecordMarker", &["markerName"]),
    ("ScheduleActivityTask", &["activityType", "activityId"]),
    ("ContinueAsNewWorkflowExecution", &[]),
    ("ScheduleLambdaFunction", &["id", "name"]),
    ("FailWorkflowExecution", &[]),
    ("RequestCancelActivityTask", &["activityId"]),
    ("StartChildWorkflowExecution", &["workflowType", "workflowId"]),
    ("CancelWorkflowExecution", &[]),
];

/// What is written in the place of what cannot be had without a default.
type Undefined = (&'static str, &'static str, &'static str);

/// The settings of a run, by request, by type, and as a cause.
const RUN_SETTINGS: [Undefined; 4] = [
    (
        "executionStartToCloseTimeout",
        "defaultExecutionStartToCloseTimeout",
        "DEFAULT_EXECUTION_START_TO_CLOSE_TIMEOUT_UNDEFINED",
    ),
    ("taskList", "defaultTaskList", "DEFAULT_TASK_LIST_UNDEFINED"),
    (
        "taskStartToCloseTimeout",
        "defaultTaskStartToCloseTimeout",
        "DEFAULT_TASK_START_TO_CLOSE_TIMEOUT_UNDEFINED",
    ),
    ("childPolicy", "defaultChildPolicy", "DEFAULT_CHILD_POLICY_UNDEFINED"),
];

const ACTIVITY_SETTINGS: [Undefined; 5] = [
    ("taskList", "defaultTaskList", "DEFAULT_TASK_LIST_UNDEFINED"),
    (
        "scheduleToStartTimeout",
        "defaultTaskScheduleToStartTimeout",
        "DEFAULT_SCHEDULE_TO_START_TIMEOUT_UNDEFINED",
    ),
    (
        "scheduleToCloseTimeout",
        "defaultTaskScheduleToCloseTimeout",
        "DEFAULT_SCHEDULE_TO_CLOSE_TIMEOUT_UNDEFINED",
    ),
    (
        "startToCloseTimeout",
        "defaultTaskStartToCloseTimeout",
        "DEFAULT_START_TO_CLOSE_TIMEOUT_UNDEFINED",
    ),
    ("heartbeatTimeout", "defaultTaskHeartbeatTimeout", "DEFAULT_HEARTBEAT_TIMEOUT_UNDEFINED"),
];

fn attributes_member(kind: &str) -> String {
    format!("{}{}DecisionAttributes", kind[..1].to_lowercase(), &kind[1..])
}

fn closes(kind: &str) -> bool {
    matches!(
        kind,
        "CompleteWorkflowExecution"
            | "FailWorkflowExecution"
            | "CancelWorkflowExecution"
            | "ContinueAsNewWorkflowExecution"
    )
}

/// Why a list of decisions is not carried out at all.
pub fn check_decisions(decisions: &[Value]) -> Result<(), Value> {
    let mut broken = Vec::new();
    let mut missing = None;
    for (index, decision) in decisions.iter().enumerate() {
        let (path, kind) =
            (format!("decisions.{}.member", index + 1), text(decision, "decisionType"));
        let Some((_, required)) = DECISIONS.iter().find(|(name, _)| *name == kind) else {
            let names: Vec<&str> = DECISIONS.iter().map(|(name, _)| *name).collect();
            broken.push(format!(
                "Value '{kind}' at '{path}.decisionType' failed to satisfy constraint: \
                 Member must satisfy enum value set: [{}]",
                names.join(", ")
            ));
            continue;
        };
        let member = attributes_member(kind);
        let attributes = &decision[&member];
        if attributes.is_null() && missing.is_none() {
            missing = Some(format!(
                "{kind}DecisionAttributes must be specified for decision of type {kind}"
            ));
        }
        for name in required.iter().filter(|_| !attributes.is_null()) {
            let value = &attributes[*name];
            let (rule, value) = if value.is_null() {
                ("not be null", "null")
            } else if value == "" {
                ("have length greater than or equal to 1", "''")
            } else {
                continue;
            };
            broken.push(format!(
                "Value {value} at '{path}.{member}.{name}' failed to satisfy constraint: \
                 Member must {rule}"
            ));
        }
    }
    let not_last = decisions.iter().rev().skip(1).any(|it| closes(text(it, "decisionType")));
    let text = match broken.len() {
        0 if missing.is_some() => missing.unwrap_or_default(),
        0 if not_last => "Close must be last decision in list".to_owned(),
        0 => return Ok(()),
        1 => format!("1 validation error detected: {}", broken[0]),
        count => format!("{count} validation errors detected: {}", broken.join("; ")),
    };
    Err(refuse("ValidationException", &text))
}

impl World {
    /// A decider answers the task of that run and Scheduled event.
    pub fn decide_all(
        &mut self,
        index: usize,
        scheduled: u64,
        body: &Value,
    ) -> Result<Value, Value> {
        let none = Vec::new();
        let mut decisions = body["decisions"].as_array().unwrap_or(&none).clone();
        let checked = check_decisions(&decisions);
        if self.is(Mistake::AcceptsPrefix) {
            let end = decisions.iter().position(|it| closes(text(it, "decisionType")));
            decisions.truncate(end.map_or(decisions.len(), |end| end + 1));
            check_decisions(&decisions)?;
        } else {
            checked?;
        }
        let (now, run) = (self.now, &mut self.runs[index]);
        if !run.is_open() {
            return Err(unknown_run(&run.workflow_id, &run.run_id));
        }
        let held = run.working.as_ref().filter(|task| task.scheduled == scheduled);
        let Some((started, _)) = held.and_then(|task| task.started) else {
            let text = format!("Unknown decision task, scheduledEventId = {scheduled}");
            return Err(refuse("UnknownResourceFault", &text));
        };
        run.release(now);
        run.previous = started;
        let moved = text(&body["taskList"], "name").to_owned();
        let wait = &body["taskListScheduleToStartTimeout"];
        if !moved.is_empty() {
            run.moved = Some(Override { list: moved, wait: wait.as_str().map(ToOwned::to_owned) });
        }
        if !body["executionContext"].is_null() {
            run.context = body["executionContext"].clone();
        }
        let completed = json!({
            "scheduledEventId": scheduled, "startedEventId": started,
            "executionContext": body["executionContext"],
            "taskList": body["taskList"], "taskListScheduleToStartTimeout": wait,
        });
        let dtc = self.record(index, "DecisionTaskCompleted", completed);
        for decision in &decisions {
            let kind = text(decision, "decisionType");
            self.decide(index, dtc, kind, &decision[&attributes_member(kind)]);
        }
        for (kind, attributes) in std::mem::take(&mut self.runs[index].buffer) {
            self.record(index, kind, attributes);
        }
        if decisions.is_empty() && self.is(Mistake::EmptyAnswerIsNews) {
            self.runs[index].news = true;
        }
        self.finish(index);
        Ok(Value::Null)
    }

    fn decide(&mut self, index: usize, dtc: u64, kind: &str, asked: &Value) {
        let by = json!({"decisionTaskCompletedEventId": dtc});
        let fail = |world: &mut World, members: &[&str], cause: &str| {
            let why = join(by.clone(), json!({"cause": cause}));
            world.record(index, &format!("{kind}Failed"), given(asked, members, why));
        };
        match kind {
            "RecordMarker" => {
                self.record(index, "MarkerRecorded", join(asked.clone(), by));
            }
            "StartTimer" => {
                let run = &self.runs[index];
                let id = text(asked, "timerId").to_owned();
                if run.timers.iter().any(|timer| timer.id == id) {
                    fail(self, &["timerId"], "TIMER_ID_ALREADY_IN_USE");
                    return;
                }
                let fires = later(self.now, text(asked, "startToFireTimeout"));
                let started = self.record(index, "TimerStarted", join(asked.clone(), by));
                self.runs[index].timers.push(Timer { id, started, fires });
            }
            "CancelTimer" => {
                let timers = &mut self.runs[index].timers;
                let place = timers.iter().position(|timer| timer.id == text(asked, "timerId"));
                let Some(place) = place else {
                    fail(self, &["timerId"], "TIMER_ID_UNKNOWN");
                    return;
                };
                let timer = timers.remove(place);
                let which = json!({"timerId": timer.id, "startedEventId": timer.started});
                self.record(index, "TimerCanceled", join(which, by));
            }
            "ScheduleLambdaFunction" => {
                let lambdas = &self.runs[index].lambdas;
                let in_use = lambdas.iter().any(|it| it.attributes["id"] == asked["id"]);
                if in_use && self.is(Mistake::LambdaIdsOnce) {
                    fail(self, &["id", "name"], "ID_ALREADY_IN_USE");
                    return;
                }
                // Unlike other time-outs it has a default.
                let attributes = join(json!({"startToCloseTimeout": "900"}), asked.clone());
                let attributes = join(attributes, by);
                let scheduled = self.record(index, "LambdaFunctionScheduled", attributes.clone());
                self.runs[index].lambdas.push(Lambda { scheduled, attributes, started: None });
            }
            "ScheduleActivityTask" => match self.activity(index, asked) {
                Ok(settings) => {
                    let attributes = join(settings, by);
                    let scheduled = self.record(index, "ActivityTaskScheduled", attributes.clone());
                    let (since, run) = (self.now, &mut self.runs[index]);
                    run.activity_ids.push(text(asked, "activityId").to_owned());
                    run.activities.push(Activity {
                        scheduled,
                        attributes,
                        since,
                        started: None,
                        beat: since,
                        details: Value::Null,
                        cancel: None,
                    });
                }
                Err(cause) => fail(self, &["activityType", "activityId"], cause),
            },
            "RequestCancelActivityTask" => self.cancel_activity(index, dtc, asked),
            "SignalExternalWorkflowExecution" | "RequestCancelExternalWorkflowExecution" => {
                // An empty run id is none.
                let members: &[&str] = match text(asked, "runId") {
                    "" => &["workflowId", "signalName", "input", "control"],
                    _ => &["workflowId", "runId", "signalName", "input", "control"],
                };
                let attributes = given(asked, members, by);
                let initiated = self.record(index, &format!("{kind}Initiated"), attributes);
                let signal = kind.starts_with("Signal");
                self.messages.push(Message::Deliver { sender: index, initiated, signal });
            }
            "StartChildWorkflowExecution" => {
                let refused = ["workflowType", "workflowId", "control"];
                match self.run_settings(index, &asked["workflowType"], asked) {
                    Ok(settings) => {
                        let settings = pick(&settings, STARTED_MEMBERS);
                        let attributes = given(asked, &["workflowId", "control"], by);
                        let attributes = join(settings, attributes);
                        let kind = "StartChildWorkflowExecutionInitiated";
                        let initiated = self.record(index, kind, attributes.clone());
                        let child = Child { initiated, attributes, started: None };
                        self.runs[index].children.push(child);
                        self.messages.push(Message::StartChild { parent: index, initiated });
                    }
                    Err(cause) => {
                        let why = join(by, json!({"cause": cause, "initiatedEventId": 0}));
                        let kind = "StartChildWorkflowExecutionFailed";
                        self.record(index, kind, given(asked, &refused, why));
                    }
                }
            }
            _ => self.close_by_decision(index, dtc, kind, asked),
        }
    }

    fn close_by_decision(&mut self, index: usize, dtc: u64, kind: &str, asked: &Value) {
        let by = json!({"decisionTaskCompletedEventId": dtc});
        let run = &self.runs[index];
        let mistaken = self.is(Mistake::OpenWorkBlocksClose) && !run.activities.is_empty();
        let mut failure = None;
        if run.waiting.is_some() || run.news || mistaken {
            failure = Some("UNHANDLED_DECISION");
        }
        let next = (kind == "ContinueAsNewWorkflowExecution").then(|| {
            let mut workflow_type = run.settings()["workflowType"].clone();
            if !asked["workflowTypeVersion"].is_null() {
                workflow_type["version"] = asked["workflowTypeVersion"].clone();
            }
            let old = pick(run.settings(), &RUN_SETTINGS.map(|(member, _, _)| member));
            let inherits = self.is(Mistake::InheritsSettings);
            let asked = if inherits { join(old, asked.clone()) } else { asked.clone() };
            self.run_settings(index, &workflow_type, &asked)
        });
        if let (None, Some(Err(cause))) = (failure, &next) {
            failure = Some(cause);
        }
        if let Some(cause) = failure {
            let why = join(by, json!({"cause": cause}));
            self.record(index, &format!("{kind}Failed"), why);
            return;
        }
        let (status, event) = match kind {
            "CompleteWorkflowExecution" => ("COMPLETED", "WorkflowExecutionCompleted"),
            "FailWorkflowExecution" => ("FAILED", "WorkflowExecutionFailed"),
            "CancelWorkflowExecution" => ("CANCELED", "WorkflowExecutionCanceled"),
            _ => ("CONTINUED_AS_NEW", "WorkflowExecutionContinuedAsNew"),
        };
        let Some(Ok(settings)) = next else {
            let said = pick(asked, &["result", "reason", "details"]);
            self.close(index, status, event, join(said, by));
            return;
        };
        let (old, settings) = (self.runs[index].clone(), pick(&settings, STARTED_MEMBERS));
        // The id of the new run is in the event that closes the old one.
        self.runs[index].closed = Some((status, self.now));
        let mut link = json!({"continuedExecutionRunId": old.run_id, "parentInitiatedEventId": 0});
        let mut parent = old.parent;
        if self.is(Mistake::LosesParent) {
            parent = None;
        } else {
            let inherited = ["parentWorkflowExecution", "parentInitiatedEventId"];
            link = join(link, pick(old.settings(), &inherited));
        }
        let place = (old.domain.as_str(), old.workflow_id.as_str());
        let new = self.open(place, join(settings.clone(), link), parent);
        let run_id = self.runs[new].run_id.clone();
        let attributes = join(join(settings, by), json!({"newExecutionRunId": run_id}));
        self.close(index, status, event, attributes);
    }

    fn cancel_activity(&mut self, index: usize, dtc: u64, asked: &Value) {
        let by = json!({"decisionTaskCompletedEventId": dtc});
        let which = pick(asked, &["activityId"]);
        let open = |activity: &Activity| activity.attributes["activityId"] == asked["activityId"];
        let Some(place) = self.runs[index].activities.iter().position(open) else {
            let why = join(by, json!({"cause": "ACTIVITY_ID_UNKNOWN"}));
            self.record(index, "RequestCancelActivityTaskFailed", join(which, why));
            return;
        };
        let request = self.record(index, "ActivityTaskCancelRequested", join(which, by));
        let activity = &mut self.runs[index].activities[place];
        activity.cancel = Some(request);
        if activity.started.is_none() {
            let scheduled = activity.scheduled;
            self.remove_activity(index, scheduled);
            let attributes = json!({
                "scheduledEventId": scheduled, "startedEventId": 0,
                "latestCancelRequestedEventId": request,
            });
            self.record(index, "ActivityTaskCanceled", attributes);
        }
    }

    /// The settings of an activity task: as asked for, or the type's.
    fn activity(&self, index: usize, asked: &Value) -> Result<Value, &'static str> {
        let run = &self.runs[index];
        let types = &self.domains[&run.domain].activity_types;
        let name = type_name(&asked["activityType"]);
        let known = types.get(&name).ok_or("ACTIVITY_TYPE_DOES_NOT_EXIST")?;
        if known.deprecated.is_some() {
            return Err("ACTIVITY_TYPE_DEPRECATED");
        }
        let id = text(asked, "activityId");
        let in_use = run.activities.iter().any(|it| text(&it.attributes, "activityId") == id);
        let used = self.is(Mistake::ActivityIdsOnce) && run.activity_ids.iter().any(|it| it == id);
        if in_use || used {
            return Err("ACTIVITY_ID_ALREADY_IN_USE");
        }
        let members = ["activityType", "activityId", "input", "control"];
        let mut settings = pick(asked, &members);
        settings["taskPriority"] = either(asked, &known.registered, "taskPriority");
        fill(settings, asked, &known.registered, &ACTIVITY_SETTINGS)
    }

    /// The settings of a run: as asked for, or the type's.
    fn run_settings(
        &self,
        index: usize,
        workflow_type: &Value,
        asked: &Value,
    ) -> Result<Value, &'static str> {
        let types = &self.domains[&self.runs[index].domain].workflow_types;
        let known = types.get(&type_name(workflow_type)).ok_or("WORKFLOW_TYPE_DOES_NOT_EXIST")?;
        if known.deprecated.is_some() {
            return Err("WORKFLOW_TYPE_DEPRECATED");
        }
        started_settings(known, workflow_type, asked).map_err(|(_, cause)| cause)
    }
}

/// The settings of a run, or the member that has none and the cause which says so.
pub fn started_settings(
    known: &Type,
    workflow_type: &Value,
    asked: &Value,
) -> Result<Value, (&'static str, &'static str)> {
    let mut settings = pick(asked, &["input", "tagList"]);
    settings["workflowType"] = workflow_type.clone();
    for member in ["taskPriority", "lambdaRole"] {
        settings[member] = either(asked, &known.registered, member);
    }
    fill(settings, asked, &known.registered, &RUN_SETTINGS).map_err(|cause| {
        let named = RUN_SETTINGS.iter().find(|(_, _, other)| *other == cause);
        (named.expect("it is one of them").0, cause)
    })
}

fn either(asked: &Value, registered: &Value, member: &str) -> Value {
    let default = format!("default{}{}", member[..1].to_uppercase(), &member[1..]);
    if asked[member].is_null() { registered[&default].clone() } else { asked[member].clone() }
}

fn fill(
    mut settings: Value,
    asked: &Value,
    registered: &Value,
    table: &[Undefined],
) -> Result<Value, &'static str> {
    for (member, default, cause) in table {
        let value = if asked[*member].is_null() { &registered[*default] } else { &asked[*member] };
        if value.is_null() {
            return Err(cause);
        }
        settings[*member] = value.clone();
    }
    Ok(without_nulls(settings))
}

/// The name and version of a type.
pub fn type_name(value: &Value) -> TypeName {
    (text(value, "name").to_owned(), text(value, "version").to_owned())
}
