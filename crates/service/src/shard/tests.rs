//! A shard over a store in memory, stepped by hand on a virtual clock.

use super::*;
use crate::api::CallerPresence;
use crate::judge::Denials;
use crate::open_executions::Totals;
use crate::tests::fixture::{registry, request, scope};
use crate::throttle::Throttles;
use crate::{keys, values};
use audit::check_shard;
use engine::rows::Key;
use engine::{ActivityOutcome, CompleteDecisionTask, Scope};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use store::memory::Memory;

mod audit;
mod client;
mod conformance;
mod damage;
mod faults;
mod histories;
mod lambdas;
mod limits;
mod messages;
mod open_executions;
mod owners;
mod retention;
mod throttles;
mod tidying;
mod told;
mod wakes;

const SHARD: ShardId = ShardId(5);

/// A shard, its store and its clock. After every step the whole store is checked, and a cold
/// shard has to agree.
struct Rig {
    memory: Memory,
    registry: Arc<RwLock<Registry>>,
    limits: Limits,
    throttles: Throttles,
    shard: Shard,
    now: i64,
    offers: Vec<(TaskListKey, Task)>,
    lambdas: Vec<LambdaTask>,
    audited: bool,
}

impl Rig {
    fn new() -> Rig {
        let memory = Memory::default();
        let registry = registry();
        let shard = claim(&memory, &registry);
        Rig {
            memory,
            registry,
            limits: Limits::AWS,
            throttles: Throttles::default(),
            shard,
            now: 1_000,
            offers: Vec::new(),
            lambdas: Vec::new(),
            audited: true,
        }
    }

    /// A rig for many runs, whose store is checked when the test says so.
    fn unaudited() -> Rig {
        Rig { audited: false, ..Rig::new() }
    }

    /// Another process takes the shard over.
    fn restart(&mut self) {
        let (limits, throttles) = (self.limits.clone(), self.throttles.clone());
        let commons = commons(&self.registry, limits, throttles);
        self.shard = claim_with(&self.memory, commons);
    }

    fn steps(&mut self, commands: Vec<ShardCommand>) -> Vec<Result<Outcome, Refusal>> {
        let commands = commands.into_iter().enumerate().collect();
        let Step { replies, offers, lambdas, .. } = self.shard.step(commands, Timestamp(self.now));
        self.offers.extend(offers);
        self.lambdas.extend(lambdas);
        assert!(replies.iter().map(|(ticket, _)| *ticket).eq(0..replies.len()), "in order");
        if self.audited {
            self.audit();
        }
        replies.into_iter().map(|(_, reply)| reply).collect()
    }

    fn step(&mut self, command: ShardCommand) -> Result<Outcome, Refusal> {
        self.steps(vec![command]).pop().expect("one answer to one command")
    }

    /// A step without commands.
    fn tick(&mut self, now: i64) {
        self.now = now;
        assert_eq!(self.steps(Vec::new()), []);
    }

    /// Steps at `now` for as long as the shard wants to.
    fn settle(&mut self, now: i64) {
        self.tick(now);
        while self.shard.next_wake().is_some_and(|wake| wake.0 <= now) {
            self.tick(now);
        }
    }

    fn audit(&mut self) {
        check_shard(&self.memory, &self.registry, &mut self.shard);
    }

    fn start(&mut self, workflow_id: &str, run_id: &str) -> Result<Outcome, Refusal> {
        self.step(start(workflow_id, run_id, json!({})))
    }

    /// Gives the oldest offer to a poller.
    fn poll(&mut self, kind: TaskKind) -> StartedTask {
        let at = self.offers.iter().position(|(list, _)| list.kind == kind);
        let (list, task) = self.offers.remove(at.expect("a task was offered"));
        task_of(self.step(start_task(list, task)))
    }

    /// Takes the next decision task and answers it with `decisions`.
    fn decide(&mut self, decisions: Value) {
        let task = self.poll(TaskKind::Decision);
        assert_eq!(self.step(complete(&task, decisions)), Ok(Outcome::Done));
    }

    /// The types of a run's events, in order.
    fn history(&self, run_id: &str) -> Vec<&'static str> {
        let events = audit::history(&self.memory, &run_id.into());
        events.iter().map(|event| event.attributes.event_type()).collect()
    }

    fn describe(&mut self, workflow_id: &str, run_id: &str) -> Box<WorkflowExecutionDetail> {
        let described = self.step(ShardCommand::Describe(run(workflow_id, run_id)));
        let Ok(Outcome::Description(detail)) = described else {
            panic!("no description of {run_id}: {described:?}");
        };
        detail
    }
}

fn claim(memory: &Memory, registry: &Arc<RwLock<Registry>>) -> Shard {
    claim_with(memory, plain_commons(registry))
}

fn claim_with(memory: &Memory, commons: Commons) -> Shard {
    let store: Arc<dyn Store> = Arc::new(memory.clone());
    Shard::claim(SHARD, "test", store, commons).expect("no fault is planned")
}

/// What a process of its own has.
fn commons(registry: &Arc<RwLock<Registry>>, limits: Limits, throttles: Throttles) -> Commons {
    Commons {
        registry: Arc::clone(registry),
        limits: Arc::new(limits),
        open_executions: Arc::new(Totals::default()),
        throttle: Arc::new(Throttle::new(throttles)),
        judge: Arc::new(Judge::new(Arc::clone(registry), None, Denials::default())),
        watched: Arc::default(),
        calls_functions: false,
    }
}

/// A process without limits to speak of.
fn plain_commons(registry: &Arc<RwLock<Registry>>) -> Commons {
    commons(registry, Limits::AWS, Throttles::default())
}

fn identity(workflow_id: &str, run_id: &str) -> RunIdentity {
    RunIdentity {
        scope: scope(),
        domain: "d".into(),
        workflow_id: workflow_id.into(),
        run_id: run_id.into(),
    }
}

/// A start, with the members of `extra` besides the ones that are required.
fn start(workflow_id: &str, run_id: &str, extra: Value) -> ShardCommand {
    let mut body = json!({
        "domain": "d",
        "workflowId": workflow_id,
        "workflowType": {"name": "w", "version": "1"},
    });
    let members = extra.as_object().expect("an object").clone();
    body.as_object_mut().expect("an object").extend(members);
    let request = request("StartWorkflowExecution", body);
    let Ok(Request::StartWorkflowExecution(input)) = request else {
        panic!("not a right start: {request:?}");
    };
    ShardCommand::Start(identity(workflow_id, run_id), Box::new(input))
}

fn run(workflow_id: &str, run_id: &str) -> Target {
    Target::Execution(workflow_of(&identity(workflow_id, run_id)), run_id.into())
}

fn open(workflow_id: &str) -> Target {
    Target::Open(workflow_of(&identity(workflow_id, "")))
}

fn token(run_id: &str) -> Target {
    Target::Run(scope(), "d".into(), run_id.into())
}

fn signal(target: Target, input: &str) -> ShardCommand {
    let command = Command::Signal { signal_name: "s".into(), input: Some(input.into()) };
    ShardCommand::Apply(target, command)
}

fn start_task(list: TaskListKey, task: Task) -> ShardCommand {
    let presence = CallerPresence::default();
    ShardCommand::StartTask(TaskStart {
        list,
        task,
        identity: Some("p".into()),
        presence,
        asker: None,
    })
}

fn task_of(outcome: Result<Outcome, Refusal>) -> StartedTask {
    let Ok(Outcome::Task(task)) = outcome else { panic!("not a task: {outcome:?}") };
    task
}

/// The answer to a decision task.
fn complete(task: &StartedTask, decisions: Value) -> ShardCommand {
    let body = json!({"taskToken": "t", "decisions": decisions});
    let request = request("RespondDecisionTaskCompleted", body);
    let Ok(Request::RespondDecisionTaskCompleted(input)) = request else {
        panic!("not right decisions: {request:?}");
    };
    let command = Command::CompleteDecisionTask(CompleteDecisionTask {
        scheduled_event_id: task.ids.scheduled,
        started_event_id: task.ids.started,
        decisions: input.decisions.unwrap_or_default(),
        execution_context: None,
        task_list: None,
        task_list_schedule_to_start_timeout: None,
        run_ids: vec![format!("{}+", task.identity.run_id).into()],
        not_permitted: BTreeSet::new(),
        rate_exceeded: BTreeSet::new(),
    });
    ShardCommand::Apply(Target::Run(scope(), "d".into(), task.identity.run_id.clone()), command)
}

fn timer(timer_id: &str, seconds: u32) -> Value {
    let attributes = json!({"timerId": timer_id, "startToFireTimeout": seconds.to_string()});
    json!({"decisionType": "StartTimer", "startTimerDecisionAttributes": attributes})
}

fn activity(activity_id: &str) -> Value {
    let attributes =
        json!({"activityId": activity_id, "activityType": {"name": "a", "version": "1"}});
    json!({
        "decisionType": "ScheduleActivityTask",
        "scheduleActivityTaskDecisionAttributes": attributes,
    })
}

fn finish() -> Value {
    json!({"decisionType": "CompleteWorkflowExecution"})
}

fn heartbeat(task: &StartedTask, details: &str) -> ShardCommand {
    let scheduled_event_id = task.ids.scheduled;
    let command = Command::RecordHeartbeat { scheduled_event_id, details: Some(details.into()) };
    ShardCommand::Apply(Target::Run(scope(), "d".into(), task.identity.run_id.clone()), command)
}

fn close(task: &StartedTask) -> ShardCommand {
    let scheduled_event_id = task.ids.scheduled;
    let outcome = ActivityOutcome::Completed { result: None };
    let command = Command::CloseActivityTask { scheduled_event_id, outcome };
    ShardCommand::Apply(Target::Run(scope(), "d".into(), task.identity.run_id.clone()), command)
}

fn fault<T>(fault: Fault) -> Result<T, Refusal> {
    Err(Refusal::Fault(fault))
}
