//! Decisions: each needs its own action, and one that is denied is an event with the cause
//! OPERATION_NOT_PERMITTED, whatever the state (access.md, section 1.4).

use super::house::{DOMAIN_ARN, House, ROLE_ARN, allow, allow_if, denied, someone, user};
use crate::tests::fixture::caller;
use crate::{Options, Rate, Throttles};
use access::{Caller, Origin, Verdict};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use wire::DecisionType;

const RESPOND: &str = "swf:RespondDecisionTaskCompleted";

/// A decision with members of its attributes.
fn decision(name: &str, attributes: Value) -> Value {
    let mut letters = name.chars();
    let first = letters.next().expect("a letter").to_ascii_lowercase();
    let member = format!("{first}{}DecisionAttributes", letters.as_str());
    json!({"decisionType": name, member: attributes})
}

/// Each of the twelve, as it succeeds or fails for another reason, with the event of that.
fn decisions() -> Vec<(&'static str, Value, &'static str)> {
    let workflow_type = json!({"name": "w", "version": "1"});
    let activity_type = json!({"name": "a", "version": "1"});
    vec![
        ("CancelTimer", json!({"timerId": "t"}), "CancelTimerFailed TIMER_ID_UNKNOWN"),
        ("CancelWorkflowExecution", json!({}), "WorkflowExecutionCanceled"),
        ("CompleteWorkflowExecution", json!({}), "WorkflowExecutionCompleted"),
        ("ContinueAsNewWorkflowExecution", json!({}), "WorkflowExecutionContinuedAsNew"),
        ("FailWorkflowExecution", json!({}), "WorkflowExecutionFailed"),
        ("RecordMarker", json!({"markerName": "m"}), "MarkerRecorded"),
        (
            "RequestCancelActivityTask",
            json!({"activityId": "a"}),
            "RequestCancelActivityTaskFailed ACTIVITY_ID_UNKNOWN",
        ),
        (
            "RequestCancelExternalWorkflowExecution",
            json!({"workflowId": "x"}),
            "RequestCancelExternalWorkflowExecutionInitiated",
        ),
        (
            "ScheduleActivityTask",
            json!({"activityId": "a", "activityType": activity_type}),
            "ActivityTaskScheduled",
        ),
        (
            "SignalExternalWorkflowExecution",
            json!({"workflowId": "x", "signalName": "s"}),
            "SignalExternalWorkflowExecutionInitiated",
        ),
        (
            "StartChildWorkflowExecution",
            json!({"workflowId": "c", "workflowType": workflow_type}),
            "StartChildWorkflowExecutionInitiated",
        ),
        ("StartTimer", json!({"timerId": "t", "startToFireTimeout": "9"}), "TimerStarted"),
    ]
}

/// What comes first of one decision in somebody's name.
fn decide(house: &House, who: &Caller, workflow_id: &str, decision: Value) -> String {
    let task = house.decision_task(workflow_id);
    assert_eq!(house.answer(who, &task, json!([decision])), Ok(Value::Null));
    let event = house.outcome(&task).into_iter().next().expect("an event");
    let body = json!({"domain": "d", "workflowId": workflow_id, "childPolicy": "TERMINATE"});
    // What has ended by itself is not there any more.
    let _ = house.call(&caller(), "TerminateWorkflowExecution", body);
    event
}

#[test]
fn each_decision_needs_its_action() {
    let house = House::new();
    let rows = decisions();
    let named: BTreeSet<&str> = rows.iter().map(|(name, ..)| *name).collect();
    let all = DecisionType::ALL.iter().map(|decision| decision.as_str());
    assert_eq!(named, all.filter(|name| *name != "ScheduleLambdaFunction").collect());
    for (name, attributes, succeeds) in rows {
        let decided = decision(name, attributes);
        let fails = format!("{name}Failed OPERATION_NOT_PERMITTED");
        let without = someone(&[RESPOND]);
        assert_eq!(decide(&house, &without, "v1", decided.clone()), fails, "{name}");
        let action = format!("swf:{name}");
        let others = json!([{"Effect": "Allow", "NotAction": action, "Resource": "*"}]);
        assert_eq!(decide(&house, &user("u", others), "v2", decided.clone()), fails, "{name}");
        let with = someone(&[RESPOND, &action]);
        assert_eq!(decide(&house, &with, "v3", decided), succeeds, "{name}");
    }
}

/// What was said of one is remembered for those that demand the same, and for no others.
#[test]
fn each_decision_of_a_list_is_judged_by_what_it_demands() {
    let house = House::new();
    let good = json!({"StringEquals": {"swf:taskList.name": "good"}});
    let who = user("u", json!([allow(&[RESPOND]), allow_if(&["swf:ScheduleActivityTask"], good)]));
    let scheduled = |at: usize, list: &str| {
        decision(
            "ScheduleActivityTask",
            json!({
                "activityId": at.to_string(),
                "activityType": {"name": "a", "version": "1"},
                "taskList": {"name": list},
            }),
        )
    };
    let lists = ["good", "bad", "good", "worse", "bad"];
    let decisions: Vec<Value> =
        lists.iter().enumerate().map(|(at, list)| scheduled(at, list)).collect();
    let task = house.decision_task("v");
    assert_eq!(house.answer(&who, &task, json!(decisions)), Ok(Value::Null));
    let expected = lists.map(|list| match list {
        "good" => "ActivityTaskScheduled",
        _ => "ScheduleActivityTaskFailed OPERATION_NOT_PERMITTED",
    });
    assert_eq!(house.outcome(&task)[..lists.len()], expected);
}

#[test]
fn a_lambda_task_needs_no_action() {
    let house = House::new();
    let scheduled = decision("ScheduleLambdaFunction", json!({"id": "i", "name": "f"}));
    let event = decide(&house, &someone(&[RESPOND]), "v", scheduled);
    assert_eq!(event, "LambdaFunctionScheduled");
}

/// The action of the answer alone allows one without decisions (access.md, trap 1).
#[test]
fn an_answer_may_decide_nothing() {
    let house = House::new();
    let task = house.decision_task("v");
    assert_eq!(house.answer(&someone(&[RESPOND]), &task, json!([])), Ok(Value::Null));
    let other = house.decision_task("w");
    let timer = decision("StartTimer", json!({"timerId": "t", "startToFireTimeout": "9"}));
    let answer = house.answer(&someone(&["swf:StartTimer"]), &other, json!([timer]));
    assert_eq!(answer, Err(denied("someone", RESPOND, DOMAIN_ARN)));
}

#[test]
fn of_several_decisions_those_that_are_allowed_are_carried_out_and_the_others_counted() {
    let house = House::new();
    let task = house.decision_task("v");
    let marker = decision("RecordMarker", json!({"markerName": "m"}));
    let timer = decision("StartTimer", json!({"timerId": "t", "startToFireTimeout": "9"}));
    let end = json!({"decisionType": "CompleteWorkflowExecution"});
    let body = json!({"taskToken": task["taskToken"], "decisions": [marker, timer, marker, end]});
    let who = someone(&[RESPOND, "swf:StartTimer"]);
    let (answer, judged) = house.audited(&who, "RespondDecisionTaskCompleted", body);
    assert_eq!(answer, Ok(Value::Null));
    let judged = judged.expect("somebody was asked");
    assert!(matches!(judged.verdict, Verdict::Allowed(_)));
    assert_eq!(judged.decisions_denied, 3);
    let actions: Vec<_> = judged.denied_actions.iter().map(|action| action.name()).collect();
    assert_eq!(actions, ["CompleteWorkflowExecution", "RecordMarker"]);
    assert_eq!(judged.run_id.as_deref(), task["workflowExecution"]["runId"].as_str());
    assert_eq!(
        (judged.action.name(), &*judged.resource),
        ("RespondDecisionTaskCompleted", DOMAIN_ARN)
    );
    // A closing decision that is denied leaves the execution open, and its decider is told.
    let expected = [
        "RecordMarkerFailed OPERATION_NOT_PERMITTED",
        "TimerStarted",
        "RecordMarkerFailed OPERATION_NOT_PERMITTED",
        "CompleteWorkflowExecutionFailed OPERATION_NOT_PERMITTED",
        "DecisionTaskScheduled",
    ];
    assert_eq!(house.outcome(&task), expected);
}

/// It would have been denied some, and is refused before.
#[test]
fn of_an_answer_that_comes_too_late_no_decision_is_judged() {
    let house = House::new();
    let task = house.decision_task("v");
    let marker = decision("RecordMarker", json!({"markerName": "m"}));
    let body = json!({"taskToken": task["taskToken"], "decisions": [marker]});
    let (respond, who) = ("RespondDecisionTaskCompleted", someone(&[RESPOND]));
    let denied_of = |body: Value| {
        let (answer, judged) = house.audited(&who, respond, body);
        (answer.is_ok(), judged.expect("somebody was asked").decisions_denied)
    };
    assert_eq!(denied_of(body.clone()), (true, 1));
    assert_eq!(denied_of(body), (false, 0));
}

/// A denied decider cannot tell what is there from what is not.
#[test]
fn what_is_there_is_denied_in_the_same_words_as_what_is_not() {
    let house = House::new();
    house.decision_task("there");
    let task = house.decision_task("v");
    let timer = decision("StartTimer", json!({"timerId": "there", "startToFireTimeout": "99"}));
    let all = json!([timer, super::house::schedule("there")]);
    house.answer(&caller(), &task, all).expect("nobody asks");
    house.admin(
        "SignalWorkflowExecution",
        json!({"domain": "d", "workflowId": "v", "signalName": "s"}),
    );
    let task = house.admin("PollForDecisionTask", super::house::list("deciders"));
    let mut decisions = Vec::new();
    for id in ["there", "missing"] {
        decisions.push(decision("CancelTimer", json!({"timerId": id})));
        decisions.push(decision("StartTimer", json!({"timerId": id, "startToFireTimeout": "9"})));
        decisions.push(decision("RequestCancelActivityTask", json!({"activityId": id})));
        let target = json!({"workflowId": id});
        decisions.push(decision("RequestCancelExternalWorkflowExecution", target));
        let target = json!({"workflowId": id, "signalName": "s"});
        decisions.push(decision("SignalExternalWorkflowExecution", target));
        // Of types, too.
        let version = if id == "there" { "1" } else { "2" };
        let named = json!({"name": "a", "version": version});
        let attributes = json!({"activityId": id, "activityType": named});
        decisions.push(decision("ScheduleActivityTask", attributes));
    }
    house.answer(&someone(&[RESPOND]), &task, json!(decisions)).expect("allowed");
    let outcome = house.outcome(&task);
    assert_eq!(outcome.len(), decisions.len() + 1, "{outcome:?}");
    assert_eq!(outcome[..6], outcome[6..12]);
    assert!(outcome[..12].iter().all(|event| event.ends_with("Failed OPERATION_NOT_PERMITTED")));
}

/// Not with who polled, nor with who started the execution.
#[test]
fn the_rights_of_who_answers_count() {
    let house = House::new();
    let task = house.decision_task("v");
    let marker = decision("RecordMarker", json!({"markerName": "m"}));
    house.answer(&someone(&[RESPOND]), &task, json!([marker])).expect("allowed");
    assert_eq!(house.outcome(&task)[0], "RecordMarkerFailed OPERATION_NOT_PERMITTED");
}

/// Decisions come from nowhere (access.md, trap 12).
#[test]
fn decisions_have_no_origin() {
    let house = House::new();
    let marker = decision("RecordMarker", json!({"markerName": "m"}));
    let origin = Arc::new(Origin {
        source_ip: Some([203, 0, 113, 5].into()),
        user_agent: Some("tests".into()),
        secure: true,
    });
    let at_home = json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}});
    let denies = |operator: &str| {
        json!({
            "Effect": "Deny", "Action": "swf:*", "Resource": "*",
            "Condition": {operator: {"aws:SecureTransport": "false"}},
        })
    };
    let fails = "RecordMarkerFailed OPERATION_NOT_PERMITTED";
    for (statements, expected) in [
        (json!([allow_if(&["swf:*"], at_home.clone())]), fails),
        (json!([allow_if(&[RESPOND], at_home), allow(&["swf:RecordMarker"])]), "MarkerRecorded"),
        (json!([allow(&["swf:*"]), denies("Bool")]), "MarkerRecorded"),
        (json!([allow(&["swf:*"]), denies("BoolIfExists")]), fails),
    ] {
        let who = Caller { origin: Arc::clone(&origin), ..user("u", statements.clone()) };
        assert_eq!(decide(&house, &who, "v", marker.clone()), expected, "{statements}");
    }
}

#[test]
fn a_role_in_a_decision_takes_the_right_to_pass_it() {
    let house = House::new();
    let workflow_type = json!({"name": "w", "version": "1"});
    let child = json!({"workflowId": "c", "workflowType": workflow_type, "lambdaRole": ROLE_ARN});
    let rows = [
        ("StartChildWorkflowExecution", child, "StartChildWorkflowExecutionInitiated"),
        (
            "ContinueAsNewWorkflowExecution",
            json!({"lambdaRole": ROLE_ARN}),
            "WorkflowExecutionContinuedAsNew",
        ),
    ];
    let pass = json!({"Effect": "Allow", "Action": "iam:PassRole", "Resource": ROLE_ARN});
    for (name, attributes, succeeds) in rows {
        let decided = decision(name, attributes);
        let alone = user("u", json!([allow(&["swf:*"])]));
        let fails = format!("{name}Failed OPERATION_NOT_PERMITTED");
        assert_eq!(decide(&house, &alone, "v1", decided.clone()), fails);
        let both = user("u", json!([allow(&["swf:*"]), pass]));
        assert_eq!(decide(&house, &both, "v2", decided), succeeds);
    }
}

/// Values that a decision does not give are those that it has in the end (access.md, section 1.5).
#[test]
fn defaults_of_decisions_count_as_given() {
    let house = House::new();
    let activity = |attributes: Value| {
        let mut all = json!({"activityId": "a", "activityType": {"name": "a", "version": "1"}});
        let given = attributes.as_object().expect("members").clone();
        all.as_object_mut().expect("members").extend(given);
        decision("ScheduleActivityTask", all)
    };
    let child = |attributes: Value| {
        let mut all = json!({"workflowId": "c", "workflowType": {"name": "w", "version": "1"}});
        let given = attributes.as_object().expect("members").clone();
        all.as_object_mut().expect("members").extend(given);
        decision("StartChildWorkflowExecution", all)
    };
    let again = |attributes: Value| decision("ContinueAsNewWorkflowExecution", attributes);
    let on = |list: &str| json!({"taskList": {"name": list}});
    let unknown = json!({"activityType": {"name": "a", "version": "2"}});
    let newer = json!({"workflowTypeVersion": "2"});
    // Key, value, decision, and whether it is allowed.
    let rows = [
        ("swf:taskList.name", "workers", activity(json!({})), true),
        ("swf:taskList.name", "others", activity(json!({})), false),
        ("swf:taskList.name", "others", activity(on("others")), true),
        ("swf:taskList.name", "workers", activity(on("others")), false),
        ("swf:taskList.name", "workers", activity(unknown), false),
        ("swf:activityType.name", "a", activity(json!({})), true),
        ("swf:activityType.name", "b", activity(json!({})), false),
        ("swf:activityType.version", "1", activity(json!({})), true),
        ("swf:taskList.name", "deciders", child(json!({})), true),
        ("swf:taskList.name", "others", child(json!({})), false),
        ("swf:taskList.name", "others", child(on("others")), true),
        ("swf:workflowType.name", "w", child(json!({})), true),
        ("swf:workflowType.version", "2", child(json!({})), false),
        ("swf:tagList.member.0", "x", child(json!({"tagList": ["x"]})), true),
        ("swf:tagList.0", "x", child(json!({"tagList": ["x"]})), true),
        ("swf:tagList.member.1", "", child(json!({"tagList": ["x", ""]})), true),
        ("swf:tagList.member.0", "x", child(json!({})), false),
        ("swf:taskList.name", "deciders", again(json!({})), true),
        ("swf:taskList.name", "others", again(on("others")), true),
        ("swf:taskList.name", "deciders", again(newer.clone()), false),
        ("swf:workflowType.version", "1", again(json!({})), true),
        ("swf:workflowTypeVersion", "1", again(json!({})), true),
        ("swf:workflowType.version", "1", again(newer.clone()), false),
        ("swf:workflowTypeVersion", "2", again(newer), true),
        // The tags of the old run are not those of the new one.
        ("swf:tagList.member.0", "x", again(json!({})), false),
        ("swf:tagList.member.0", "y", again(json!({"tagList": ["y"]})), true),
    ];
    for (number, (key, value, decided, is_allowed)) in rows.into_iter().enumerate() {
        let only = allow_if(&["swf:*"], json!({"StringEquals": {key: value}}));
        let who = user("u", json!([allow(&[RESPOND]), only]));
        let event = decide(&house, &who, &format!("v{number}"), decided.clone());
        let denied = event.ends_with("OPERATION_NOT_PERMITTED");
        assert_eq!(denied, !is_allowed, "{key} {value} {decided}: {event}");
    }
}

#[test]
fn golden_6_a_decider_that_may_schedule_one_type_of_activity() {
    let house = House::new();
    let b = json!({"domain": "d", "name": "b", "version": "1", "defaultTaskList": {"name": "l"}});
    house.admin("RegisterActivityType", b);
    let only = json!({"StringEquals": {"swf:activityType.name": "a"}});
    let statements = json!([
        {"Effect": "Allow", "Action": RESPOND, "Resource": DOMAIN_ARN},
        allow_if(&["swf:ScheduleActivityTask"], only),
    ]);
    let decider = user("decider", statements);
    let scheduled = |name: &str| {
        let named = json!({"name": name, "version": "1"});
        decision("ScheduleActivityTask", json!({"activityId": "i", "activityType": named}))
    };
    assert_eq!(decide(&house, &decider, "v", scheduled("a")), "ActivityTaskScheduled");
    let fails = "ScheduleActivityTaskFailed OPERATION_NOT_PERMITTED";
    assert_eq!(decide(&house, &decider, "w", scheduled("b")), fails);
    let marker = decision("RecordMarker", json!({"markerName": "m"}));
    let fails = "RecordMarkerFailed OPERATION_NOT_PERMITTED";
    assert_eq!(decide(&house, &decider, "x", marker), fails);
}

#[test]
fn a_denied_decision_takes_no_token_of_a_throttle() {
    let decisions = [(DecisionType::StartTimer, Rate { bucket: 1, refill_per_second: 1 })].into();
    let throttles = Throttles { decisions, ..Throttles::default() };
    let house = House::with(Options { throttles, ..Options::default() });
    let timer =
        |id: &str| decision("StartTimer", json!({"timerId": id, "startToFireTimeout": "9"}));
    let fails = "StartTimerFailed OPERATION_NOT_PERMITTED";
    assert_eq!(decide(&house, &someone(&[RESPOND]), "v", timer("t")), fails);
    assert_eq!(decide(&house, &someone(&["swf:*"]), "w", timer("t")), "TimerStarted");
}
