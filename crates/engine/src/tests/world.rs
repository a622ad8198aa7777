//! Executions of one domain under a virtual clock: takes one line of a script at a time, applies it
//! to the engine, delivers what the executions tell each other (`post.rs`), shows every outcome to
//! the oracle, and answers with the events or the fault.

use super::oracle::Oracle;
use super::post::Post;
use super::script::{self, Reply, attributes, decisions, members, named, word};
use crate::registry::Change;
use crate::rows::{self, Key, Value as RowValue};
use crate::{
    ActivityOutcome, Command, CompleteDecisionTask, Execution, LambdaOutcome, Limits, Registry,
    RunIdentity, Scope, Start, Surroundings,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::OnceLock;
use wire::{EventAttributes, EventId, Fault, Model, Operation, Request, RunId, Timestamp};

/// What every script finds registered. `order/1` and `work/1` have all defaults and no limits to
/// speak of, `order/2` and `work/2` have others, the bare ones none at all, the old are deprecated.
const REGISTERED: &str = r#"
    RegisterDomain {"name":"d","workflowExecutionRetentionPeriodInDays":"7"}
    RegisterWorkflowType {"domain":"d","name":"order","version":"1","defaultTaskList":{"name":"deciders"},"defaultTaskStartToCloseTimeout":"60","defaultExecutionStartToCloseTimeout":"1000","defaultChildPolicy":"TERMINATE"}
    RegisterWorkflowType {"domain":"d","name":"order","version":"2","defaultTaskList":{"name":"deciders-2"},"defaultTaskStartToCloseTimeout":"NONE","defaultExecutionStartToCloseTimeout":"2000","defaultChildPolicy":"ABANDON","defaultTaskPriority":"7","defaultLambdaRole":"arn:role"}
    RegisterWorkflowType {"domain":"d","name":"order","version":"bare"}
    RegisterWorkflowType {"domain":"d","name":"order","version":"old"}
    DeprecateWorkflowType {"domain":"d","workflowType":{"name":"order","version":"old"}}
    RegisterActivityType {"domain":"d","name":"work","version":"1","defaultTaskList":{"name":"workers"},"defaultTaskStartToCloseTimeout":"NONE","defaultTaskScheduleToStartTimeout":"NONE","defaultTaskScheduleToCloseTimeout":"NONE","defaultTaskHeartbeatTimeout":"NONE"}
    RegisterActivityType {"domain":"d","name":"work","version":"2","defaultTaskList":{"name":"workers-2"},"defaultTaskStartToCloseTimeout":"40","defaultTaskScheduleToStartTimeout":"20","defaultTaskScheduleToCloseTimeout":"50","defaultTaskHeartbeatTimeout":"10","defaultTaskPriority":"9"}
    RegisterActivityType {"domain":"d","name":"work","version":"bare"}
    RegisterActivityType {"domain":"d","name":"work","version":"old"}
    DeprecateActivityType {"domain":"d","activityType":{"name":"work","version":"old"}}
"#;

/// Runs `r1`, `r2`, ... of the domain `d`, and the clock.
pub struct World {
    pub oracle: Oracle,
    pub registry: Registry,
    pub limits: Limits,
    pub now: Timestamp,
    pub post: Post,
    /// Somebody calls Lambda functions.
    pub calls_functions: bool,
    run: usize,
    run_ids: usize,
}

/// The account and region of every script.
pub fn scope() -> Scope {
    Scope { account: "123456789012".into(), region: "us-east-1".into() }
}

/// A request to the registry, from the operation's name and its JSON, checked as a server checks.
pub fn request(line: &str) -> Result<Request, Fault> {
    let (name, body) = line.split_once(' ').expect("operation, space, body");
    let operation = Operation::ALL.iter().find(|operation| operation.name() == name);
    let body = serde_json::from_str(body).expect("the body is JSON");
    Model::get().check(*operation.expect("the operation exists"), body)
}

/// What the registry makes of a request.
pub fn register(
    registry: &mut Registry,
    scope: &Scope,
    line: &str,
    now: Timestamp,
) -> Result<Vec<Change>, Fault> {
    let changes = registry.apply(scope, &request(line)?, &Limits::AWS, now);
    let changes = changes.expect("it is the registry's")?;
    changes.iter().for_each(|change| registry.evolve(change.clone()));
    Ok(changes)
}

fn registered() -> Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    let make = || {
        let mut registry = Registry::default();
        for line in REGISTERED.lines().map(str::trim).filter(|line| !line.is_empty()) {
            register(&mut registry, &scope(), line, Timestamp(0)).expect("the types are new");
        }
        registry
    };
    REGISTRY.get_or_init(make).clone()
}

impl World {
    /// What its executions depend on besides themselves.
    pub fn around(&self) -> Surroundings<'_> {
        Surroundings {
            registry: &self.registry,
            limits: &self.limits,
            calls_functions: self.calls_functions,
            open_executions: self.oracle.runs.iter().filter(|run| run.state.is_open()).count()
                as u64,
        }
    }

    pub fn new() -> World {
        World {
            oracle: Oracle::default(),
            registry: registered(),
            limits: Limits::AWS,
            now: Timestamp(0),
            post: Post::default(),
            calls_functions: false,
            run: 0,
            run_ids: 0,
        }
    }

    /// The run that commands go to.
    pub fn state(&self) -> &Execution {
        &self.oracle.runs[self.run].state
    }

    /// Its place among all runs.
    pub fn run(&self) -> usize {
        self.run
    }

    /// Carries out one line: `at <seconds>`, if the clock is to be set, and a command.
    pub fn step(&mut self, line: &str) -> Vec<Reply> {
        let line = match line.strip_prefix("at ") {
            Some(timed) => {
                let (seconds, line) = timed.split_once(' ').expect("at <seconds> <command>");
                let seconds: f64 = seconds.parse().expect("the time is a number");
                self.now = Timestamp((seconds * 1000.0).round() as i64);
                line.trim()
            }
            None => line,
        };
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        if let Some(run) = self.named_run(verb) {
            let before = std::mem::replace(&mut self.run, run);
            let replies = self.step(rest);
            self.run = before;
            return replies;
        }
        let mut result = match verb {
            "start" => self.start(rest),
            "hold" => {
                self.post.hold();
                Ok(Vec::new())
            }
            "functions" => {
                self.calls_functions = true;
                Ok(Vec::new())
            }
            "deliver" => Ok(self.deliver_line(rest)),
            "fill" => {
                let events = rest.parse().expect("a history is filled up to a number of events");
                self.oracle.runs[self.run].fill(events);
                Ok(Vec::new())
            }
            "limit" => {
                let (name, most) = rest.split_once(' ').expect("a quota and its number");
                let limit = self.limits.get_mut(name).expect("there is such a quota");
                *limit = most.parse().expect("a quota is a number");
                self.oracle.limit_events(self.limits.history_events_max);
                Ok(Vec::new())
            }
            "on" => {
                self.run = self.named_run(rest).expect("there is such a run");
                Ok(Vec::new())
            }
            "?" => {
                script::ask(&self.view(), rest);
                Ok(Vec::new())
            }
            verb if verb.starts_with(char::is_uppercase) => {
                register(&mut self.registry, &scope(), line, self.now).map(|_| Vec::new())
            }
            verb => self.command(verb, rest).and_then(|command| self.apply(&command)),
        };
        if let Ok(replies) = &mut result {
            replies.extend(self.deliver_free());
        }
        result.unwrap_or_else(|fault| vec![Reply::Fault(fault_text(&fault))])
    }

    fn named_run(&self, run_id: &str) -> Option<usize> {
        self.oracle.runs.iter().position(|run| run.state.identity.run_id.as_str() == run_id)
    }

    fn start(&mut self, rest: &str) -> Result<Vec<Reply>, Fault> {
        let mut body =
            json!({ "domain": "d", "workflowId": "w", "workflowType": named("order/1") });
        let input = body.as_object_mut().expect("the body is an object");
        input.extend(members(rest.split_whitespace()));
        let request = Model::get().check(Operation::StartWorkflowExecution, body)?;
        let Request::StartWorkflowExecution(input) = request else { panic!("it is what it was") };
        let identity = RunIdentity {
            scope: scope(),
            domain: input.domain.clone(),
            workflow_id: input.workflow_id.clone(),
            run_id: format!("r{}", self.run_ids + 1).into(),
        };
        let is_open = self.oracle.open_run(&input.domain, &input.workflow_id).is_some();
        let start = Start::from_request(identity, &input, self.around(), is_open)?;
        let transition = start.apply(self.around(), self.now);
        self.oracle.begin(&transition, rows::changes(None, &transition), self.now);
        self.run = self.oracle.runs.len() - 1;
        self.run_ids += 1;
        self.post(&transition);
        Ok(replies(&transition))
    }

    fn next_run_id(&mut self) -> RunId {
        self.run_ids += 1;
        format!("r{}", self.run_ids).into()
    }

    /// The command that a line stands for, in the present state of the run.
    pub fn command(&mut self, verb: &str, rest: &str) -> Result<Command, Fault> {
        let mut words = rest.split_whitespace();
        let mut subject = || words.next().expect("the command names what it is about");
        Ok(match verb {
            "signal" => {
                let signal_name = subject().into();
                let input = members(words).get("input").map(|input| word(input).into());
                Command::Signal { signal_name, input }
            }
            "request-cancel" => Command::RequestCancel,
            "terminate" => {
                let mut body = json!({ "domain": "d", "workflowId": "w" });
                body.as_object_mut().expect("it is one").extend(members(words));
                let request = Model::get().check(Operation::TerminateWorkflowExecution, body)?;
                let Request::TerminateWorkflowExecution(input) = request else {
                    panic!("it is what it was")
                };
                let wire::TerminateWorkflowExecutionInput { reason, details, child_policy, .. } =
                    input;
                Command::Terminate { reason, details, child_policy }
            }
            "poll" => {
                let (ids, members) = self.options(words);
                let scheduled_event_id = ids.map_or(self.newest("DecisionTaskScheduled"), |i| i[0]);
                let identity = members.get("identity").map(|identity| word(identity).into());
                Command::StartDecisionTask { scheduled_event_id, identity }
            }
            "decide" => Command::CompleteDecisionTask(self.answer(rest)?),
            "wake" => Command::FireDue,
            "call" => Command::StartLambdaFunction { scheduled_event_id: self.lambda(subject()) },
            "returned" | "threw" => {
                let scheduled_event_id = self.lambda(subject());
                let members = members(words);
                let member = |key| members.get(key).map(word);
                let outcome = match verb {
                    "returned" => {
                        LambdaOutcome::Completed { result: member("result").map(Into::into) }
                    }
                    _ => LambdaOutcome::Failed {
                        reason: member("reason").map(Into::into),
                        details: member("details").map(Into::into),
                    },
                };
                Command::CloseLambdaFunction { scheduled_event_id, outcome }
            }
            _ => {
                let scheduled_event_id = self.activity(subject());
                let (_, members) = self.options(words);
                let member = |key| members.get(key).map(word);
                let [result, details] =
                    ["result", "details"].map(|key| member(key).map(Into::into));
                let outcome = match verb {
                    "take" => {
                        let identity = member("identity").map(Into::into);
                        return Ok(Command::StartActivityTask { scheduled_event_id, identity });
                    }
                    "beat" => return Ok(Command::RecordHeartbeat { scheduled_event_id, details }),
                    "completed" => ActivityOutcome::Completed { result },
                    "failed" => ActivityOutcome::Failed {
                        reason: member("reason").map(Into::into),
                        details,
                    },
                    "canceled" => ActivityOutcome::Canceled { details },
                    _ => panic!("there is no command {verb}"),
                };
                Command::CloseActivityTask { scheduled_event_id, outcome }
            }
        })
    }

    /// A decider's answer: `[#scheduled/started] [key=value ...] | decision; decision`.
    fn answer(&mut self, rest: &str) -> Result<CompleteDecisionTask, Fault> {
        let (options, list) = rest.split_once('|').unwrap_or(("", rest));
        let (ids, mut body) = self.options(options.split_whitespace());
        // `rate=0,2`: those decisions come too fast; `denied=1`: that one is not permitted.
        let mut places = |option: &str| -> BTreeSet<usize> {
            let places = body.remove(option).map(|places| word(&places)).unwrap_or_default();
            let places = places.split(',').filter(|place| !place.is_empty());
            places.map(|place| place.parse().expect("a place is a number")).collect()
        };
        let (rate_exceeded, not_permitted) = (places("rate"), places("denied"));
        body.insert("taskToken".to_owned(), json!("t"));
        body.insert("decisions".to_owned(), decisions(list));
        let body = Value::Object(body);
        let request = Model::get().check(Operation::RespondDecisionTaskCompleted, body)?;
        let Request::RespondDecisionTaskCompleted(input) = request else {
            panic!("it is what it was")
        };
        let (scheduled_event_id, started_event_id) = match ids.as_deref() {
            Some([scheduled, started]) => (*scheduled, *started),
            Some(_) => panic!("an answer names two events"),
            None => self.delivery(),
        };
        let decisions = input.decisions.unwrap_or_default();
        let new_runs = decisions.iter().filter(|d| d.decision_type().starts_run()).count();
        Ok(CompleteDecisionTask {
            scheduled_event_id,
            started_event_id,
            decisions,
            execution_context: input.execution_context,
            task_list: input.task_list,
            task_list_schedule_to_start_timeout: input.task_list_schedule_to_start_timeout,
            run_ids: (0..new_runs).map(|_| self.next_run_id()).collect(),
            not_permitted,
            rate_exceeded,
        })
    }

    /// `#ids`, if the first word is some, and members.
    fn options<'t>(
        &self,
        words: impl Iterator<Item = &'t str>,
    ) -> (Option<Vec<EventId>>, Map<String, Value>) {
        let mut words = words.peekable();
        let ids = words.next_if(|word| word.starts_with('#')).map(|ids| {
            let number = |id: &str| EventId(id.parse().expect("an id is a number"));
            ids[1..].split('/').map(number).collect()
        });
        (ids, members(words))
    }

    /// The newest event of a type.
    fn newest(&self, event_type: &str) -> EventId {
        let history = &self.oracle.runs[self.run].history;
        let event = history.iter().rfind(|event| event.attributes.event_type() == event_type);
        event.map_or(EventId::NONE, |event| event.event_id)
    }

    /// The newest delivery of a decision task.
    fn delivery(&self) -> (EventId, EventId) {
        let started = self.newest("DecisionTaskStarted");
        let history = &self.oracle.runs[self.run].history;
        let event = history.iter().find(|event| event.event_id == started);
        let scheduled = event
            .map_or(json!(0), |event| attributes(&script::json(event))["scheduledEventId"].clone());
        (EventId(scheduled.as_u64().expect("an id is a number")), started)
    }

    /// The newest activity of that name, open or closed; or `#id`.
    fn activity(&self, name: &str) -> EventId {
        if let Some(id) = name.strip_prefix('#') {
            return EventId(id.parse().expect("an id is a number"));
        }
        let mut history = self.oracle.runs[self.run].history.iter().rev();
        let scheduled = history.find(|event| {
            matches!(&event.attributes, EventAttributes::ActivityTaskScheduled(scheduled)
                if scheduled.activity_id.as_str() == name)
        });
        scheduled.expect("the activity was scheduled").event_id
    }

    /// The newest Lambda task of that id, open or closed; or `#id`.
    fn lambda(&self, name: &str) -> EventId {
        if let Some(id) = name.strip_prefix('#') {
            return EventId(id.parse().expect("an id is a number"));
        }
        let mut history = self.oracle.runs[self.run].history.iter().rev();
        let scheduled = history.find(|event| {
            matches!(&event.attributes, EventAttributes::LambdaFunctionScheduled(scheduled)
                if scheduled.id.as_str() == name)
        });
        scheduled.expect("the task was scheduled").event_id
    }

    /// Applies a command and shows what comes of it to the oracle.
    pub fn apply(&mut self, command: &Command) -> Result<Vec<Reply>, Fault> {
        let before = self.state();
        match before.apply(command, self.around(), self.now) {
            Ok(transition) => {
                let changes = rows::changes(Some(before), &transition);
                self.oracle.follow(self.run, command, &transition, changes, self.now);
                self.post(&transition);
                Ok(replies(&transition))
            }
            Err(fault) => {
                self.oracle.refuse(self.run, command, &fault);
                Err(fault)
            }
        }
    }

    /// The description, and what else can be asked for.
    fn view(&self) -> Value {
        let state = self.state();
        let mut view = serde_json::to_value(state.detail()).expect("it can be written");
        let canceled = state.activities.values().map(|activity| {
            let requested = activity.latest_cancel_requested.is_some();
            (activity.activity_id.to_string(), json!(requested))
        });
        view["cancelRequested"] = canceled.collect::<Map<_, _>>().into();
        view["previousStartedEventId"] = json!(state.previous_started_event_id);
        view["due"] = state.next_deadline().map_or(json!(null), |due| {
            json!(format!("{}:{:?}", due.at.0 as f64 / 1000.0, due.kind).replace(' ', ""))
        });
        let tasks = rows::all(state).into_iter().filter_map(|(key, value)| {
            let (Key::Task(key), RowValue::Task { deliverable }) = (key, value) else {
                return None;
            };
            let held = if deliverable { "" } else { ":held" };
            let priority = key.task.priority.0;
            let id = key.task.scheduled_event_id;
            Some(json!(format!("{}@{}^{priority}{held}", id, key.list.name)))
        });
        view["tasks"] = tasks.collect();
        let lambdas = rows::all(state).into_iter().filter_map(|(key, _)| {
            let Key::Lambda(task) = key else { return None };
            Some(json!(task.scheduled_event_id.to_string()))
        });
        view["lambdas"] = lambdas.collect();
        view
    }
}

/// A fault's name and text.
pub fn fault_text(fault: &Fault) -> String {
    let name = fault.type_name().rsplit('#').next().unwrap_or_default();
    fault.message().map_or(name.to_owned(), |message| format!("{name}: {message}"))
}

pub fn replies(transition: &crate::Transition) -> Vec<Reply> {
    let run_id = &transition.after.identity.run_id;
    let events = transition.events.iter().map(|event| Reply::Event(run_id.clone(), event.clone()));
    events.chain(transition.successor.iter().flat_map(|successor| replies(successor))).collect()
}
