//! Lambda tasks in a shard: their rows, their start, and what becomes of them when a commit fails.

use super::*;
use crate::functions::FunctionCall;
use crate::tests::fixture::rows;
use engine::LambdaOutcome;
use std::time::Duration;
use store::memory::{self, Call};

fn lambda(id: &str, extra: Value) -> Value {
    let mut attributes = json!({"id": id, "name": "hello"});
    let members = extra.as_object().expect("an object").clone();
    attributes.as_object_mut().expect("an object").extend(members);
    json!({
        "decisionType": "ScheduleLambdaFunction",
        "scheduleLambdaFunctionDecisionAttributes": attributes,
    })
}

/// A run with a role whose decider has scheduled a function, in a shard that calls some.
fn scheduled(decision: Value) -> Rig {
    let mut rig = Rig::new();
    rig.shard.calls_functions = true;
    let role = json!({"lambdaRole": "arn:aws:iam::123456789012:role/r"});
    rig.step(start("w", "r1", role)).expect("the first of its id");
    rig.decide(json!([decision]));
    rig
}

fn close_lambda(task: &LambdaTask) -> ShardCommand {
    let outcome = LambdaOutcome::Completed { result: Some("r".into()) };
    let scheduled_event_id = task.scheduled_event_id;
    let command = Command::CloseLambdaFunction { scheduled_event_id, outcome };
    ShardCommand::Apply(Target::Known(task.run_id.clone()), command)
}

/// The tasks that wait in the rows.
fn waiting(rig: &Rig) -> Vec<LambdaTask> {
    let range = keys::lambdas();
    let keys = rows(&rig.memory, SHARD).into_iter().map(|(key, _)| key);
    keys.filter(|key| range.contains(key)).filter_map(|key| keys::parse_lambda(&key)).collect()
}

const SCHEDULED: [&str; 5] = [
    "WorkflowExecutionStarted",
    "DecisionTaskScheduled",
    "DecisionTaskStarted",
    "DecisionTaskCompleted",
    "LambdaFunctionScheduled",
];

#[test]
fn a_task_is_offered_started_and_closed() {
    let mut rig = scheduled(lambda("f", json!({"input": "[1]", "startToCloseTimeout": "7"})));
    let task = rig.lambdas.pop().expect("it was offered");
    assert_eq!(waiting(&rig), std::slice::from_ref(&task));
    let call = FunctionCall {
        region: "us-east-1".into(),
        name: "hello".into(),
        payload: "[1]".into(),
        timeout: Duration::from_secs(7),
    };
    assert_eq!(rig.step(ShardCommand::StartLambda(task.clone())), Ok(Outcome::Lambda(call)));
    assert_eq!(waiting(&rig), []);
    assert_eq!(rig.step(close_lambda(&task)), Ok(Outcome::Done));
    let events = ["LambdaFunctionStarted", "LambdaFunctionCompleted", "DecisionTaskScheduled"];
    assert_eq!(rig.history("r1"), [SCHEDULED.as_slice(), &events].concat());
    let unknown = || fault(Fault::unknown_lambda_function(EventId(5)));
    assert_eq!(rig.step(ShardCommand::StartLambda(task.clone())), unknown());
    assert_eq!(rig.step(close_lambda(&task)), unknown());
}

#[test]
fn a_function_without_input_is_given_an_empty_object() {
    let mut rig = scheduled(lambda("f", json!({})));
    let task = rig.lambdas.pop().expect("it was offered");
    let Ok(Outcome::Lambda(call)) = rig.step(ShardCommand::StartLambda(task)) else {
        panic!("it was not started");
    };
    assert_eq!(call.payload.as_str(), "{}");
    assert_eq!(call.timeout, Duration::from_secs(900));
}

#[test]
fn without_a_role_no_function_is_called() {
    let mut rig = Rig::new();
    rig.shard.calls_functions = true;
    rig.start("w", "r1").expect("the first of its id");
    rig.decide(json!([lambda("f", json!({}))]));
    let task = rig.lambdas.pop().expect("it was offered");
    assert_eq!(rig.step(ShardCommand::StartLambda(task)), Ok(Outcome::Done));
    let events = ["StartLambdaFunctionFailed", "DecisionTaskScheduled"];
    assert_eq!(rig.history("r1"), [SCHEDULED.as_slice(), &events].concat());
    assert_eq!(waiting(&rig), []);
}

#[test]
fn where_nobody_calls_functions_the_decision_is_refused() {
    let mut rig = Rig::new();
    rig.start("w", "r1").expect("the first of its id");
    rig.decide(json!([lambda("f", json!({}))]));
    assert_eq!(rig.lambdas, []);
    assert_eq!(rig.history("r1")[4..], ["ScheduleLambdaFunctionFailed", "DecisionTaskScheduled"]);
}

#[test]
fn a_function_that_does_not_answer_times_out_through_a_restart() {
    let mut rig = scheduled(lambda("f", json!({"startToCloseTimeout": "7"})));
    let task = rig.lambdas.pop().expect("it was offered");
    rig.now = 3_000;
    rig.step(ShardCommand::StartLambda(task.clone())).expect("it waits");
    // Whoever called the function is gone, and with it what came of it.
    rig.restart();
    rig.settle(9_999);
    assert_eq!(rig.history("r1").len(), 6);
    rig.settle(10_000);
    let events = ["LambdaFunctionStarted", "LambdaFunctionTimedOut", "DecisionTaskScheduled"];
    assert_eq!(rig.history("r1"), [SCHEDULED.as_slice(), &events].concat());
    let late = rig.step(close_lambda(&task));
    assert_eq!(late, fault(Fault::unknown_lambda_function(EventId(5))));
}

#[test]
fn the_end_of_a_run_takes_its_tasks_along() {
    let mut rig = scheduled(lambda("f", json!({})));
    let task = rig.lambdas.pop().expect("it was offered");
    rig.step(ShardCommand::Apply(
        open("w"),
        Command::Terminate { reason: None, details: None, child_policy: None },
    ))
    .expect("the run is open");
    assert_eq!(waiting(&rig), []);
    let gone = fault(Fault::unknown_run(&"w".into(), &"r1".into()));
    assert_eq!(rig.step(ShardCommand::StartLambda(task)), gone);
    assert_eq!(rig.describe("w", "r1").open_counts.open_lambda_functions, Some(1));
}

/// A start of which the store says nothing good is not answered with a call: if it took effect all
/// the same, the task times out; if not, it still waits. Never is a function called twice.
#[test]
fn a_start_that_is_not_acknowledged_calls_nothing() {
    for (planned, took_effect) in [
        (memory::Fault::Lost, false),
        (memory::Fault::Full, false),
        (memory::Fault::Unacknowledged, true),
        (memory::Fault::Late, true),
    ] {
        let mut rig = scheduled(lambda("f", json!({"startToCloseTimeout": "7"})));
        let task = rig.lambdas.pop().expect("it was offered");
        let mut fault_once = Some(planned);
        let faulty = rig.memory.with_faults(move |call| match call {
            Call::Commit { .. } => fault_once.take(),
            Call::Claim { .. } | Call::Get { .. } | Call::Scan { .. } | Call::Snapshot => None,
        });
        rig.shard = claim(&faulty, &rig.registry);
        rig.audited = false;
        let start = || ShardCommand::StartLambda(task.clone());
        assert_eq!(rig.step(start()), Err(Refusal::Unavailable), "{planned:?}");
        match rig.step(start()) {
            Ok(Outcome::Lambda(_)) => assert!(!took_effect, "{planned:?}: it was started"),
            answer => {
                assert_eq!(answer, fault(Fault::unknown_lambda_function(EventId(5))));
                assert!(took_effect, "{planned:?}: it still waits");
            }
        }
        rig.settle(20_000);
        rig.audit();
        let events = ["LambdaFunctionStarted", "LambdaFunctionTimedOut", "DecisionTaskScheduled"];
        assert_eq!(rig.history("r1"), [SCHEDULED.as_slice(), &events].concat(), "{planned:?}");
    }
}

/// Should what the function is given not be readable, the task is not started.
#[test]
fn a_task_whose_input_cannot_be_read_still_waits() {
    let mut rig = scheduled(lambda("f", json!({"input": "i"})));
    let task = rig.lambdas.pop().expect("it was offered");
    // The state is in memory by now, so what is read is the input.
    rig.describe("w", "r1");
    let mut faults = 0;
    let faulty = rig.memory.with_faults(move |call| match call {
        Call::Scan { .. } => {
            faults += 1;
            (faults == 1).then_some(memory::Fault::Lost)
        }
        Call::Commit { .. } | Call::Claim { .. } | Call::Get { .. } | Call::Snapshot => None,
    });
    rig.shard.store = Arc::new(faulty);
    let refused = rig.step(ShardCommand::StartLambda(task.clone()));
    assert_eq!(refused, Err(Refusal::Unavailable));
    assert_eq!(waiting(&rig), std::slice::from_ref(&task));
    let Ok(Outcome::Lambda(call)) = rig.step(ShardCommand::StartLambda(task)) else {
        panic!("it is not started");
    };
    assert_eq!(call.payload.as_str(), "i");
}

/// Offers of a commit that took effect without being acknowledged are lost, as other tasks' are.
#[test]
fn the_offer_of_a_task_whose_commit_was_not_acknowledged_is_found_in_the_rows() {
    let mut rig = Rig::new();
    let role = json!({"lambdaRole": "arn:aws:iam::123456789012:role/r"});
    rig.step(start("w", "r1", role)).expect("the first of its id");
    let task = rig.poll(TaskKind::Decision);
    let mut fault_once = Some(memory::Fault::Unacknowledged);
    let faulty = rig.memory.with_faults(move |call| match call {
        Call::Commit { .. } => fault_once.take(),
        Call::Claim { .. } | Call::Get { .. } | Call::Scan { .. } | Call::Snapshot => None,
    });
    rig.shard = claim(&faulty, &rig.registry);
    rig.shard.calls_functions = true;
    let commands = vec![((), complete(&task, json!([lambda("f", json!({}))])))];
    let step = rig.shard.step(commands, Timestamp(rig.now));
    assert_eq!(step.lambdas, []);
    let step = rig.shard.step(Vec::<((), ShardCommand)>::new(), Timestamp(rig.now + 1_000));
    assert!(step.offers_lost, "the invoker is told to look");
    assert_eq!(waiting(&rig).len(), 1);
}

/// Trying it again would not help, as it would were it the store that fails.
#[test]
fn a_task_whose_event_is_damaged_is_not_started() {
    let mut rig = scheduled(lambda("f", json!({"input": "x"})));
    let task = rig.lambdas.pop().expect("it was offered");
    let before = rig.history("r1");
    let (key, _) = rows(&rig.memory, SHARD)
        .into_iter()
        .rfind(|(key, _)| keys::history_first(key).is_some())
        .expect("there is a history");
    let epoch = rig.memory.claim(SHARD, "damage").expect("no fault is planned");
    let mut damage = Batch::default();
    damage.put(key, b"\x01garbage".to_vec());
    rig.memory.commit(SHARD, epoch, damage).expect("no fault is planned");
    // The state is in memory; what the function is given is not.
    let step = rig.shard.step(vec![((), ShardCommand::StartLambda(task))], Timestamp(rig.now));
    assert_eq!(step.replies, [((), Err(Refusal::Damaged))]);
    assert_eq!(before.last(), Some(&"LambdaFunctionScheduled"));
}
