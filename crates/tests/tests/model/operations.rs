//! Random operations: mostly what deciders, workers and customers do, partly what they should not.
//!
//! Runs and tokens are named by numbers that mean something whatever came before, so that a
//! sequence from which operations were taken out is a sequence still.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// Of how many episodes a sequence consists at most.
const EPISODES_MAX: usize = 40;

/// One thing that a client does. In bodies, the text `@3` stands for the id of the fourth run.
#[derive(Clone, Debug)]
pub enum Operation {
    /// A request that needs no token.
    Call(&'static str, Value),
    /// A poll; `lazily`, if only the first page is read now.
    Poll { is_decision: bool, body: Value, lazily: bool },
    /// A further page of a decision task that was read lazily.
    Page(usize),
    /// A request about a task.
    Answer { name: &'static str, token: Token, body: Value },
    /// One of the functions that run ends: with a result, a reason and details, or nothing.
    Function { which: usize, outcome: Value },
    /// So many milliseconds pass.
    Wait(i64),
}

/// Which of the tokens that were handed out so far.
#[derive(Clone, Copy, Debug)]
pub enum Token {
    /// Of a task that is open, if there is one.
    Open(usize),
    /// Of any task of the right kind.
    Any(usize),
    /// Of a task of the wrong kind.
    Wrong(usize),
    /// Of none.
    Garbage,
}

type Member = BoxedStrategy<Option<(&'static str, Value)>>;

/// A member that is there now and then.
fn maybe(percent: u32, name: &'static str, values: &'static [&'static str]) -> Member {
    let value = select(values).prop_map(move |value| (name, json!(value)));
    option::weighted(f64::from(percent) / 100.0, value).boxed()
}

/// The same, with a structure of one member as its value.
fn maybe_inside(
    percent: u32,
    (name, inner): (&'static str, &'static str),
    values: &'static [&'static str],
) -> Member {
    let value = select(values).prop_map(move |value| (name, json!({inner: value})));
    option::weighted(f64::from(percent) / 100.0, value).boxed()
}

fn always(name: &'static str, values: &'static [&'static str]) -> Member {
    select(values).prop_map(move |value| Some((name, json!(value)))).boxed()
}

fn task_list(lists: &'static [&'static str]) -> Member {
    select(lists).prop_map(|list| Some(("taskList", json!({"name": list})))).boxed()
}

fn constant(name: &'static str, value: Value) -> Member {
    Just(Some((name, value))).boxed()
}

fn flag(percent: u32, name: &'static str) -> Member {
    option::weighted(f64::from(percent) / 100.0, Just((name, json!(true)))).boxed()
}

fn object(members: Vec<Member>) -> BoxedStrategy<Value> {
    let into = |members: Vec<Option<(&str, Value)>>| {
        let named = members.into_iter().flatten();
        Value::Object(named.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
    };
    members.prop_map(into).boxed()
}

fn type_of(member: &'static str, name: &'static str) -> Member {
    // The first version has all defaults, the second none, the third others; no fourth is known.
    let version = prop_oneof![16 => Just("1"), 3 => Just("2"), 3 => Just("3"), 1 => Just("4")];
    version.prop_map(move |it| Some((member, json!({"name": name, "version": it})))).boxed()
}

const WORKFLOWS: &[&str] = &["w1", "w2", "w3"];
const RUNS: &[&str] = &["@0", "@1", "@2", "@3", "@4", "no-such-run"];
const DECISION_LISTS: &[&str] = &["dl", "dl", "dl", "dl2"];
const ACTIVITY_LISTS: &[&str] = &["al", "al", "al", "al2"];
const TEXTS: &[&str] = &["some text", "", "ü \"quoted\""];
const POLICIES: &[&str] = &["TERMINATE", "REQUEST_CANCEL", "ABANDON"];
const DOMAINS: &[&str] = &["d", "d", "d", "d", "d", "d", "d", "e", "nowhere"];
const PRIORITIES: &[&str] = &["0", "7", "-3"];
const TAGS: &[&[&str]] = &[&["red"], &["red", "blue"], &["blue"]];

fn tags() -> Member {
    let value = select(TAGS).prop_map(|tags| ("tagList", json!(tags)));
    option::weighted(0.2, value).boxed()
}

/// What a run may be started with, apart from its type.
fn run_settings() -> Vec<Member> {
    vec![
        maybe(20, "input", TEXTS),
        maybe(15, "executionStartToCloseTimeout", &["3600", "100", "40", "8", "0"]),
        maybe(25, "taskStartToCloseTimeout", &["30", "5", "NONE", "0"]),
        maybe_inside(25, ("taskList", "name"), DECISION_LISTS),
        maybe(25, "childPolicy", POLICIES),
        maybe(20, "taskPriority", PRIORITIES),
        maybe(15, "lambdaRole", &["arn:other"]),
        tags(),
    ]
}

fn start() -> BoxedStrategy<Operation> {
    let mut members = vec![
        always("domain", DOMAINS),
        always("workflowId", WORKFLOWS),
        type_of("workflowType", "t"),
    ];
    members.extend(run_settings());
    call("StartWorkflowExecution", members)
}

fn call(operation: &'static str, members: Vec<Member>) -> BoxedStrategy<Operation> {
    object(members).prop_map(move |body| Operation::Call(operation, body)).boxed()
}

/// One decision, as its type and attributes.
fn attributes(kind: &'static str) -> BoxedStrategy<Value> {
    const ACTIVITIES: &[&str] = &["x", "x", "y"];
    const TIMERS: &[&str] = &["p", "q"];
    let control = || maybe(20, "control", TEXTS);
    let members = match kind {
        "ScheduleActivityTask" => vec![
            type_of("activityType", "a"),
            always("activityId", ACTIVITIES),
            maybe(20, "input", TEXTS),
            control(),
            maybe_inside(20, ("taskList", "name"), ACTIVITY_LISTS),
            maybe(20, "taskPriority", PRIORITIES),
            maybe(20, "scheduleToStartTimeout", &["20", "5", "0", "NONE"]),
            maybe(20, "scheduleToCloseTimeout", &["60", "5", "0", "NONE"]),
            maybe(30, "startToCloseTimeout", &["30", "5", "5", "0", "NONE"]),
            maybe(20, "heartbeatTimeout", &["10", "5", "0", "NONE"]),
        ],
        "RequestCancelActivityTask" => vec![always("activityId", ACTIVITIES)],
        "CompleteWorkflowExecution" => vec![maybe(50, "result", TEXTS)],
        "FailWorkflowExecution" => vec![maybe(50, "reason", TEXTS), maybe(50, "details", TEXTS)],
        "CancelWorkflowExecution" => vec![maybe(50, "details", TEXTS)],
        "ContinueAsNewWorkflowExecution" => {
            let mut members = vec![maybe(30, "workflowTypeVersion", &["1", "2", "3", "4"])];
            members.extend(run_settings());
            members
        }
        "RecordMarker" => {
            vec![always("markerName", &["m"]), maybe(50, "details", TEXTS)]
        }
        "StartTimer" => vec![
            always("timerId", TIMERS),
            always("startToFireTimeout", &["0", "1", "5", "60"]),
            control(),
        ],
        "CancelTimer" => vec![always("timerId", TIMERS)],
        "SignalExternalWorkflowExecution" => vec![
            always("workflowId", WORKFLOWS),
            maybe(30, "runId", RUNS),
            always("signalName", &["s", "t"]),
            maybe(20, "input", TEXTS),
            control(),
        ],
        "RequestCancelExternalWorkflowExecution" => {
            vec![always("workflowId", WORKFLOWS), maybe(30, "runId", RUNS), control()]
        }
        "StartChildWorkflowExecution" => {
            let mut members = vec![
                type_of("workflowType", "t"),
                always("workflowId", &["w2", "w3", "c:1"]),
                control(),
            ];
            members.extend(run_settings());
            members
        }
        _ => vec![
            always("id", &["f", "f", "g"]),
            always("name", &["function", "other"]),
            maybe(50, "startToCloseTimeout", &["5", "1", "900"]),
            maybe(20, "input", TEXTS),
            control(),
        ],
    };
    object(members)
}

fn decision(kind: &'static str) -> BoxedStrategy<Value> {
    let member = format!("{}{}DecisionAttributes", kind[..1].to_lowercase(), &kind[1..]);
    let whole = move |attributes| {
        let mut decision = json!({"decisionType": kind});
        decision[&member] = attributes;
        decision
    };
    attributes(kind).prop_map(whole).boxed()
}

fn step() -> BoxedStrategy<Value> {
    prop_oneof![
        6 => decision("ScheduleActivityTask"),
        3 => decision("RequestCancelActivityTask"),
        2 => decision("RecordMarker"),
        4 => decision("StartTimer"),
        2 => decision("CancelTimer"),
        3 => decision("SignalExternalWorkflowExecution"),
        2 => decision("RequestCancelExternalWorkflowExecution"),
        5 => decision("StartChildWorkflowExecution"),
        3 => decision("ScheduleLambdaFunction"),
    ]
    .boxed()
}

fn close() -> BoxedStrategy<Value> {
    prop_oneof![
        3 => decision("CompleteWorkflowExecution"),
        2 => decision("FailWorkflowExecution"),
        2 => decision("CancelWorkflowExecution"),
        3 => decision("ContinueAsNewWorkflowExecution"),
    ]
    .boxed()
}

/// A decision that spoils the whole batch.
fn bad() -> BoxedStrategy<Value> {
    let bad = [
        json!({"decisionType": "StartTime"}),
        json!({"decisionType": "StartTimer"}),
        json!({"decisionType": "RecordMarker", "recordMarkerDecisionAttributes": {}}),
        json!({"decisionType": "CancelTimer", "cancelTimerDecisionAttributes": {"timerId": ""}}),
        json!({"decisionType": "CompleteWorkflowExecution",
            "completeWorkflowExecutionDecisionAttributes": {}}),
    ];
    select(bad.to_vec()).boxed()
}

fn decisions() -> BoxedStrategy<Value> {
    let spoiled = (vec(step(), 0..2), bad(), step()).prop_map(|(mut before, bad, after)| {
        before.extend([bad, after]);
        before
    });
    let ended = (vec(step(), 0..3), close()).prop_map(|(mut steps, close)| {
        steps.push(close);
        steps
    });
    prop_oneof![10 => vec(step(), 0..5), 2 => ended, 1 => spoiled].prop_map(Value::Array).boxed()
}

fn token() -> BoxedStrategy<Token> {
    prop_oneof![
        16 => (0..3usize).prop_map(Token::Open),
        2 => (0..6usize).prop_map(Token::Any),
        1 => (0..3usize).prop_map(Token::Wrong),
        1 => Just(Token::Garbage),
    ]
    .boxed()
}

fn answer(name: &'static str, members: Vec<Member>) -> BoxedStrategy<Operation> {
    let whole = move |(token, body)| Operation::Answer { name, token, body };
    (token(), object(members)).prop_map(whole).boxed()
}

fn decide() -> BoxedStrategy<Operation> {
    let decisions = decisions().prop_map(|it| Some(("decisions", it))).boxed();
    let plain = vec![decisions.clone(), maybe(20, "executionContext", TEXTS)];
    let moved = vec![
        decisions,
        task_list(DECISION_LISTS),
        maybe(70, "taskListScheduleToStartTimeout", &["5", "1"]),
    ];
    let name = "RespondDecisionTaskCompleted";
    prop_oneof![9 => answer(name, plain), 1 => answer(name, moved)].boxed()
}

fn poll() -> BoxedStrategy<Operation> {
    let members = |lists| {
        vec![always("domain", DOMAINS), task_list(lists), maybe(30, "identity", &["somebody"])]
    };
    let mut paged = members(DECISION_LISTS);
    let size = prop_oneof![3 => Just(None), 1 => (0..4u32).prop_map(Some)];
    paged.push(size.prop_map(|it| it.map(|it| ("maximumPageSize", json!(it)))).boxed());
    paged.push(flag(15, "reverseOrder"));
    paged.push(flag(20, "startAtPreviousStartedEvent"));
    let decision = (object(paged), any::<bool>()).prop_map(|(body, lazily)| Operation::Poll {
        is_decision: true,
        body,
        lazily,
    });
    let activity = object(members(ACTIVITY_LISTS)).prop_map(|body| Operation::Poll {
        is_decision: false,
        body,
        lazily: false,
    });
    prop_oneof![3 => decision, 2 => activity].boxed()
}

fn work() -> BoxedStrategy<Operation> {
    let details = || maybe(50, "details", TEXTS);
    prop_oneof![
        3 => answer("RecordActivityTaskHeartbeat", vec![details()]),
        3 => answer("RespondActivityTaskCompleted", vec![maybe(50, "result", TEXTS)]),
        1 => answer("RespondActivityTaskFailed", vec![maybe(50, "reason", TEXTS), details()]),
        1 => answer("RespondActivityTaskCanceled", vec![details()]),
    ]
    .boxed()
}

fn function() -> BoxedStrategy<Operation> {
    let outcome = prop_oneof![
        3 => object(vec![always("result", TEXTS)]),
        2 => object(vec![always("reason", TEXTS), always("details", TEXTS)]),
        1 => Just(json!({})),
    ];
    let whole = |(which, outcome)| Operation::Function { which, outcome };
    (0..3usize, outcome).prop_map(whole).boxed()
}

fn steer() -> BoxedStrategy<Operation> {
    let target = || {
        vec![always("domain", DOMAINS), always("workflowId", WORKFLOWS), maybe(30, "runId", RUNS)]
    };
    let mut signal = target();
    signal.extend([always("signalName", &["s", "t"]), maybe(30, "input", TEXTS)]);
    let mut terminate = target();
    terminate.extend([
        maybe(30, "reason", TEXTS),
        maybe(30, "details", TEXTS),
        maybe(30, "childPolicy", POLICIES),
    ]);
    prop_oneof![
        6 => call("SignalWorkflowExecution", signal),
        3 => call("RequestCancelWorkflowExecution", target()),
        1 => call("TerminateWorkflowExecution", terminate),
    ]
    .boxed()
}

fn look() -> BoxedStrategy<Operation> {
    let execution = || {
        (select(WORKFLOWS), select(RUNS)).prop_map(|(workflow_id, run_id)| {
            Some(("execution", json!({"workflowId": workflow_id, "runId": run_id})))
        })
    };
    let of_list = |lists| vec![always("domain", DOMAINS), task_list(lists)];
    let size = || (1..4u32).prop_map(|it| Some(("maximumPageSize", json!(it)))).boxed();
    let history =
        vec![always("domain", DOMAINS), execution().boxed(), flag(30, "reverseOrder"), size()];
    let list = |closed: bool| {
        let times = json!({"oldestDate": 0});
        let time = if closed {
            let names = ["startTimeFilter", "closeTimeFilter"];
            select(names.to_vec()).prop_map(move |it| Some((it, times.clone()))).boxed()
        } else {
            constant("startTimeFilter", times)
        };
        let filters: [Option<(&str, Value)>; 6] = [
            None,
            Some(("executionFilter", json!({"workflowId": "w2"}))),
            Some(("typeFilter", json!({"name": "t"}))),
            Some(("typeFilter", json!({"name": "t", "version": "1"}))),
            Some(("tagFilter", json!({"tag": "red"}))),
            Some(("closeStatusFilter", json!({"status": "COMPLETED"}))),
        ];
        let count = if closed { 6 } else { 5 };
        let filter = select(filters[..count].to_vec()).boxed();
        vec![always("domain", DOMAINS), time, filter]
    };
    let paged = |mut members: Vec<Member>| {
        members.extend([flag(30, "reverseOrder"), size()]);
        members
    };
    prop_oneof![
        4 => call("DescribeWorkflowExecution", vec![always("domain", DOMAINS), execution().boxed()]),
        2 => call("GetWorkflowExecutionHistory", history),
        1 => call("CountPendingDecisionTasks", of_list(DECISION_LISTS)),
        1 => call("CountPendingActivityTasks", of_list(ACTIVITY_LISTS)),
        1 => call("CountOpenWorkflowExecutions", list(false)),
        1 => call("CountClosedWorkflowExecutions", list(true)),
        1 => call("ListOpenWorkflowExecutions", paged(list(false))),
        2 => call("ListClosedWorkflowExecutions", paged(list(true))),
    ]
    .boxed()
}

const STATUSES: &[&str] = &["REGISTERED", "DEPRECATED"];

/// Types come and go in `d`; `e` comes and goes as a whole.
fn administer() -> BoxedStrategy<Operation> {
    let domain = |name: &'static str| constant("domain", json!(name));
    let workflow_type = || vec![domain("d"), type_of("workflowType", "t")];
    let activity_type = || vec![domain("d"), type_of("activityType", "a")];
    let name = || vec![always("name", &["d", "e", "nowhere"])];
    let list = || {
        vec![
            domain("d"),
            always("registrationStatus", STATUSES),
            maybe(30, "name", &["t", "a", "z"]),
            flag(30, "reverseOrder"),
        ]
    };
    let version = || always("version", &["1", "2", "3", "4"]);
    let workflow = vec![
        domain("d"),
        constant("name", json!("t")),
        version(),
        maybe(30, "defaultTaskPriority", PRIORITIES),
        maybe(50, "defaultChildPolicy", POLICIES),
        maybe(50, "defaultExecutionStartToCloseTimeout", &["3600"]),
        maybe_inside(50, ("defaultTaskList", "name"), DECISION_LISTS),
    ];
    let activity = vec![
        domain("d"),
        constant("name", json!("a")),
        version(),
        maybe(30, "description", TEXTS),
        maybe(50, "defaultTaskHeartbeatTimeout", &["10", "NONE"]),
        maybe_inside(50, ("defaultTaskList", "name"), ACTIVITY_LISTS),
    ];
    let domains = vec![always("registrationStatus", STATUSES), flag(30, "reverseOrder")];
    prop_oneof![
        2 => call("DeprecateWorkflowType", workflow_type()),
        3 => call("UndeprecateWorkflowType", workflow_type()),
        1 => call("DeleteWorkflowType", workflow_type()),
        2 => call("RegisterWorkflowType", workflow),
        1 => call("DescribeWorkflowType", workflow_type()),
        1 => call("ListWorkflowTypes", list()),
        2 => call("DeprecateActivityType", activity_type()),
        3 => call("UndeprecateActivityType", activity_type()),
        1 => call("DeleteActivityType", activity_type()),
        2 => call("RegisterActivityType", activity),
        1 => call("DescribeActivityType", activity_type()),
        1 => call("ListActivityTypes", list()),
        2 => call("DeprecateDomain", vec![always("name", &["e", "nowhere"])]),
        1 => call("UndeprecateDomain", name()),
        1 => call("DescribeDomain", name()),
        1 => call("ListDomains", domains),
    ]
    .boxed()
}

fn one(operation: BoxedStrategy<Operation>) -> BoxedStrategy<Vec<Operation>> {
    operation.prop_map(|operation| vec![operation]).boxed()
}

fn wait() -> BoxedStrategy<Operation> {
    let waits = [1, 999, 1000, 1000, 3000, 4000, 5000, 10_000, 30_000];
    select(waits.to_vec()).prop_map(Operation::Wait).boxed()
}

/// A decider that does its work.
fn decider() -> BoxedStrategy<Vec<Operation>> {
    let poll = Operation::Poll {
        is_decision: true,
        body: json!({"domain": "d", "taskList": {"name": "dl"}}),
        lazily: false,
    };
    let meanwhile = vec(prop_oneof![2 => steer(), 1 => work(), 1 => function(), 1 => wait()], 0..2);
    (meanwhile, decide())
        .prop_map(move |(meanwhile, decide)| {
            std::iter::once(poll.clone()).chain(meanwhile).chain([decide]).collect()
        })
        .boxed()
}

/// A child that goes on as another run, before it ends.
fn family() -> BoxedStrategy<Vec<Operation>> {
    let poll = Operation::Poll {
        is_decision: true,
        body: json!({"domain": "d", "taskList": {"name": "dl"}}),
        lazily: false,
    };
    let decide = move |decision: Value| {
        let body = json!({"decisions": [decision]});
        let name = "RespondDecisionTaskCompleted";
        [poll.clone(), Operation::Answer { name, token: Token::Open(0), body }]
    };
    let start = |settings: Value| {
        let mut child = settings;
        child["workflowId"] = json!("c:1");
        child["workflowType"] = json!({"name": "t", "version": "1"});
        json!({
            "decisionType": "StartChildWorkflowExecution",
            "startChildWorkflowExecutionDecisionAttributes": child,
        })
    };
    let starts = [json!({}), json!({"executionStartToCloseTimeout": "8"})].map(start);
    let end = |kind: &str, member: &str| json!({"decisionType": kind, member: {}});
    let go_on =
        end("ContinueAsNewWorkflowExecution", "continueAsNewWorkflowExecutionDecisionAttributes");
    let ends = vec![
        end("CompleteWorkflowExecution", "completeWorkflowExecutionDecisionAttributes"),
        end("FailWorkflowExecution", "failWorkflowExecutionDecisionAttributes"),
        end("CancelWorkflowExecution", "cancelWorkflowExecutionDecisionAttributes"),
    ];
    let marker = json!({
        "decisionType": "RecordMarker", "recordMarkerDecisionAttributes": {"markerName": "m"},
    });
    // The parent hears of the child while the child gets its turn, in either order.
    let body = json!({"domain": "d", "workflowId": "c:1"});
    let fates = vec![
        Operation::Wait(4000),
        Operation::Wait(4000),
        Operation::Call("TerminateWorkflowExecution", body),
    ];
    (select(starts.to_vec()), select(vec![marker, go_on.clone()]), select(ends), select(fates))
        .prop_map(move |(start, first, last, fate)| {
            let mut turns = [start, first, go_on.clone(), last].map(&decide).concat();
            turns.insert(6, fate);
            turns
        })
        .boxed()
}

/// A worker that is late for all its heartbeats.
fn diligence() -> BoxedStrategy<Vec<Operation>> {
    let poll = |is_decision, list| Operation::Poll {
        is_decision,
        body: json!({"domain": "d", "taskList": {"name": list}}),
        lazily: false,
    };
    let answer = |name, body| Operation::Answer { name, token: Token::Open(0), body };
    let task = json!({
        "activityId": "z", "activityType": {"name": "a", "version": "3"},
        "startToCloseTimeout": "5",
    });
    let decision = json!({
        "decisionType": "ScheduleActivityTask", "scheduleActivityTaskDecisionAttributes": task,
    });
    let beat = answer("RecordActivityTaskHeartbeat", json!({"details": "so far"}));
    let all = vec![
        poll(true, "dl"),
        answer("RespondDecisionTaskCompleted", json!({"decisions": [decision]})),
        poll(false, "al2"),
        Operation::Wait(3000),
        beat.clone(),
        Operation::Wait(3000),
        beat,
    ];
    Just(all).boxed()
}

/// A worker that does its work.
fn worker() -> BoxedStrategy<Vec<Operation>> {
    let poll = Operation::Poll {
        is_decision: false,
        body: json!({"domain": "d", "taskList": {"name": "al"}}),
        lazily: false,
    };
    vec(prop_oneof![3 => work(), 2 => wait(), 1 => steer()], 1..4)
        .prop_map(move |work| std::iter::once(poll.clone()).chain(work).collect())
        .boxed()
}

/// A sequence of operations.
pub fn operations() -> BoxedStrategy<Vec<Operation>> {
    let some = prop_oneof![
        9 => one(start()),
        16 => decider(),
        2 => family(),
        1 => diligence(),
        6 => worker(),
        4 => one(poll()),
        2 => one(decide()),
        2 => one(work()),
        3 => one(function()),
        3 => one(steer()),
        4 => one(look()),
        2 => one(administer()),
        1 => one((0..3usize).prop_map(Operation::Page).boxed()),
        3 => one(wait()),
    ];
    let begins = [("w1", "TERMINATE"), ("w2", "REQUEST_CANCEL")].map(|(workflow_id, policy)| {
        let body = json!({
            "domain": "d", "workflowId": workflow_id, "childPolicy": policy,
            "workflowType": {"name": "t", "version": "1"},
        });
        Operation::Call("StartWorkflowExecution", body)
    });
    vec(some, 1..EPISODES_MAX)
        .prop_map(move |episodes| [begins.to_vec(), episodes.concat()].concat())
        .boxed()
}

/// What is registered before anything happens.
pub fn registrations() -> Vec<(&'static str, Value)> {
    let domain = |name: &str| json!({"name": name, "workflowExecutionRetentionPeriodInDays": "90", "description": name});
    let workflow = |domain: &str| {
        json!({
            "domain": domain, "name": "t", "version": "1", "description": "all defaults",
            "defaultTaskList": {"name": "dl"}, "defaultTaskStartToCloseTimeout": "30",
            "defaultExecutionStartToCloseTimeout": "3600", "defaultChildPolicy": "TERMINATE",
            "defaultLambdaRole": "arn:role",
        })
    };
    let activity = json!({
        "domain": "d", "name": "a", "version": "1", "defaultTaskList": {"name": "al"},
        "defaultTaskHeartbeatTimeout": "10", "defaultTaskScheduleToStartTimeout": "20",
        "defaultTaskScheduleToCloseTimeout": "60", "defaultTaskStartToCloseTimeout": "30",
    });
    let other_activity = json!({
        "domain": "d", "name": "a", "version": "3", "defaultTaskList": {"name": "al2"},
        "defaultTaskPriority": "-1",
        "defaultTaskHeartbeatTimeout": "NONE", "defaultTaskScheduleToStartTimeout": "NONE",
        "defaultTaskScheduleToCloseTimeout": "NONE", "defaultTaskStartToCloseTimeout": "NONE",
    });
    let other_workflow = json!({
        "domain": "d", "name": "t", "version": "3", "defaultTaskList": {"name": "dl2"},
        "defaultTaskStartToCloseTimeout": "NONE", "defaultTaskPriority": "5",
        "defaultExecutionStartToCloseTimeout": "100000", "defaultChildPolicy": "REQUEST_CANCEL",
    });
    let bare = |name: &str| json!({"domain": "d", "name": name, "version": "2"});
    vec![
        ("RegisterDomain", domain("d")),
        ("RegisterDomain", domain("e")),
        ("RegisterWorkflowType", workflow("d")),
        ("RegisterWorkflowType", bare("t")),
        ("RegisterWorkflowType", other_workflow),
        ("RegisterWorkflowType", workflow("e")),
        ("RegisterActivityType", activity),
        ("RegisterActivityType", bare("a")),
        ("RegisterActivityType", other_activity),
    ]
}
