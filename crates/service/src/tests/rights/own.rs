//! Our own operations: they take the right to themselves, and nobody has it who may do what SWF
//! has.

use super::house::{DOMAIN_ARN, House, allow, denied, principal, someone, user};
use crate::Judged;
use crate::tests::client::wait;
use crate::tests::fixture::caller;
use access::{Action, Caller, Verdict};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use wire::{Fault, OwnOperation, OwnRequest, Request};

const ALL_ARN: &str = "arn:aws:swf:us-east-1:123456789012:/domain/*";

/// A body of each operation, and the resource that it is judged on.
fn rows() -> Vec<(OwnOperation, Value, &'static str)> {
    OwnOperation::ALL
        .iter()
        .map(|operation| match operation {
            OwnOperation::BeginBackup
            | OwnOperation::DescribeLoad
            | OwnOperation::DescribeServer => (*operation, json!({}), ALL_ARN),
            OwnOperation::DescribeTaskLists => (*operation, json!({ "domain": "d" }), DOMAIN_ARN),
            OwnOperation::EndBackup => (*operation, json!({"backupId": "b"}), ALL_ARN),
            OwnOperation::ReadBackup => (*operation, json!({"backupId": "b", "shard": 0}), ALL_ARN),
            OwnOperation::WaitForEvents => {
                (*operation, json!({ "domain": "d", "maximumWaitSeconds": 0 }), DOMAIN_ARN)
            }
            OwnOperation::ImportWorkflowExecution => {
                let execution = json!({"workflowId": "w", "runId": "r"});
                let attributes = json!({
                    "childPolicy": "TERMINATE", "taskList": {"name": "l"},
                    "workflowType": {"name": "w", "version": "1"}, "parentInitiatedEventId": 0,
                });
                let event = json!({
                    "eventId": 1, "eventTimestamp": 1, "eventType": "WorkflowExecutionStarted",
                    "workflowExecutionStartedEventAttributes": attributes,
                });
                let body = json!({"domain": "d", "execution": execution, "events": [event]});
                (*operation, body, DOMAIN_ARN)
            }
        })
        .collect()
}

#[test]
fn the_right_to_everything_of_swf_is_not_the_right_to_an_operation_of_ours() {
    let house = House::new();
    for (operation, body, resource) in rows() {
        let action = Action::from(operation);
        let others: Vec<String> = Action::ALL
            .iter()
            .filter(|other| **other != action)
            .map(Action::to_string)
            .chain(["swf:*".to_owned(), "iam:*".to_owned()])
            .collect();
        let others: Vec<&str> = others.iter().map(String::as_str).collect();
        let (answer, _) = house.operate(&user("u", json!([allow(&others)])), operation, body);
        assert_eq!(answer, Err(denied("u", &action.to_string(), resource)));
    }
}

#[test]
fn an_operation_of_ours_takes_the_right_to_itself() {
    let house = House::new();
    for (operation, body, resource) in rows() {
        let action = Action::from(operation).to_string();
        let exactly = json!([{ "Effect": "Allow", "Action": action, "Resource": resource }]);
        let (_, judged) = house.operate(&user("u", exactly), operation, body.clone());
        let Judged { action: judged, verdict, .. } = judged.expect("somebody was asked");
        assert!(matches!(verdict, Verdict::Allowed(_)), "{operation:?}");
        assert_eq!(judged.to_string(), action);
        let other = if resource == DOMAIN_ARN { ALL_ARN } else { DOMAIN_ARN };
        let elsewhere = json!([{ "Effect": "Allow", "Action": action, "Resource": other }]);
        let (answer, _) = house.operate(&user("u", elsewhere), operation, body);
        let is_denied = matches!(answer, Err(Fault::AccessDenied(_)));
        assert_eq!(is_denied, resource == ALL_ARN, "{operation:?}");
    }
}

/// A backup has what all accounts have, and no policy of one account gives that away.
#[test]
fn a_backup_takes_that_there_is_no_other_account() {
    let house = House::new();
    let all = someone(&["*"]);
    house.keys.has_others.store(true, Ordering::Release);
    for (operation, body, _) in rows() {
        let (answer, _) = house.operate(&all, operation, body);
        let of_all = [OwnOperation::BeginBackup, OwnOperation::EndBackup, OwnOperation::ReadBackup];
        let is_of_all = of_all.contains(&operation);
        match answer {
            Err(Fault::AccessDenied(text)) if is_of_all => {
                assert!(text.contains("because it is about all accounts"), "{text}");
            }
            Err(fault @ Fault::AccessDenied(_)) => panic!("{operation:?}: {fault:?}"),
            answer => assert!(!is_of_all, "{operation:?}: {answer:?}"),
        }
    }
    house.keys.has_others.store(false, Ordering::Release);
    let (answer, _) = house.operate(&all, OwnOperation::BeginBackup, json!({}));
    assert!(answer.is_ok(), "{answer:?}");
    let (answer, _) = house.operate(&caller(), OwnOperation::BeginBackup, json!({}));
    assert!(answer.is_ok(), "where nobody is asked, everybody may: {answer:?}");
}

#[test]
fn a_server_says_which_it_is() {
    let house = House::new();
    house.client.advance(5);
    let all = someone(&["tidewheel:*"]);
    let (answer, _) = house.operate(&all, OwnOperation::DescribeServer, json!({}));
    let expected =
        json!({ "version": env!("CARGO_PKG_VERSION"), "startedAt": 1000.0, "now": 1005.0 });
    assert_eq!(answer, Ok(expected));
}

/// Rights count when something is told, and not only when somebody begins to wait for it.
#[test]
fn who_has_lost_the_right_while_he_waited_is_told_nothing() {
    let house = House::new();
    let may = user("u", json!([allow(&["tidewheel:WaitForEvents"])]));
    let wait_for_events = || {
        let body = json!({ "domain": "d", "maximumWaitSeconds": 5 });
        let request = OwnRequest::check(OwnOperation::WaitForEvents, body).expect("right");
        let pending = house.client.service.operate(&may, request);
        house.client.rest();
        pending
    };
    let start = |workflow_id: &str| {
        let body = json!({
            "domain": "d", "workflowId": workflow_id, "workflowType": {"name": "w", "version": "1"},
        });
        house.admin("StartWorkflowExecution", body);
    };
    let statements = json!([allow(&["tidewheel:WaitForEvents"])]);
    house.keys.set("u", Ok(principal("u", &statements)));
    let told = wait_for_events();
    start("v");
    let told = wait(told).expect("he may");
    assert_eq!(told["events"].as_array().map(Vec::len), Some(2));
    let untold = wait_for_events();
    house.keys.set("u", Ok(principal("u", &json!([allow(&["swf:*"])]))));
    start("w");
    let refused = denied("u", "tidewheel:WaitForEvents", DOMAIN_ARN);
    assert_eq!(wait(untold), Err(refused));
    // The key is gone.
    let untold = wait_for_events();
    house.keys.set("u", Err(Fault::UnrecognizedClient));
    start("x");
    assert_eq!(wait(untold), Err(Fault::UnrecognizedClient));
    // Who is told nothing is not asked.
    let untold = wait_for_events();
    house.client.advance(5);
    assert_eq!(wait(untold).expect("empty")["events"], json!([]));
}

#[test]
fn a_poller_is_told_with_his_credential_and_a_session_under_its_own_name() {
    let house = House::new();
    let worker = user("worker", json!([allow(&["swf:PollForActivityTask"])]));
    let polled = house.send(&worker, "PollForActivityTask", super::house::list("workers"));
    house.client.rest();
    let all = someone(&["tidewheel:*"]);
    let (answer, _) =
        house.operate(&all, OwnOperation::DescribeTaskLists, json!({ "domain": "d" }));
    let poller = json!({
        "principal": "arn:aws:iam::123456789012:user/worker", "lastSeenAt": 1000.0, "waiting": 1,
    });
    assert_eq!(answer.expect("he may")["taskLists"][0]["pollers"], json!([poller]));
    drop(polled);
}

#[test]
fn the_load_of_one_domain_is_judged_on_it() {
    let house = House::new();
    let action = "tidewheel:DescribeLoad";
    let on = |resource: &str| {
        user("u", json!([{ "Effect": "Allow", "Action": action, "Resource": resource }]))
    };
    let ask = |caller: &Caller, body: Value| {
        house.operate(caller, OwnOperation::DescribeLoad, body).0.is_ok()
    };
    assert!(ask(&on(DOMAIN_ARN), json!({ "domain": "d" })));
    assert!(!ask(&on(DOMAIN_ARN), json!({})));
    assert!(ask(&on(ALL_ARN), json!({})), "and so of each");
    assert!(ask(&on(ALL_ARN), json!({ "domain": "d" })));
}

/// A domain in a region, with a tag.
fn register(house: &House, region: &str, name: &str, tag: &str) {
    let body = json!({
        "name": name, "workflowExecutionRetentionPeriodInDays": "1",
        "tags": [{ "key": "team", "value": tag }],
    });
    let request = Request::RegisterDomain(serde_json::from_value(body).expect("a right request"));
    let Caller { account, .. } = caller();
    let caller = Caller::unrestricted(account, region.into());
    wait(house.client.service.call(&caller, request)).expect("it is new");
}

/// A backup has all regions, wherever it is asked for.
#[test]
fn a_backup_is_judged_on_every_domain_of_every_region() {
    let house = House::new();
    register(&house, "eu-west-1", "abroad", "red");
    let action = "tidewheel:BeginBackup";
    let everything = allow(&["tidewheel:*"]);
    let deny = |resource: &str| json!([everything, { "Effect": "Deny", "Action": action, "Resource": resource }]);
    let deny_if = |condition: Value| {
        let deny = json!({
            "Effect": "Deny", "Action": action, "Resource": "*", "Condition": condition,
        });
        json!([everything, deny])
    };
    let allow_on = |resource: &str| json!([{ "Effect": "Allow", "Action": "tidewheel:*", "Resource": resource }]);
    let rows = [
        (json!([everything]), true),
        (allow_on("arn:aws:swf:*:*:/domain/*"), true),
        (allow_on("arn:aws:swf:us-east-1:123456789012:/domain/*"), false),
        (deny("arn:aws:swf:us-east-1:123456789012:/domain/*"), false),
        (deny("arn:aws:swf:us-east-1:123456789012:/domain/d"), false),
        (deny("arn:aws:swf:eu-west-1:123456789012:/domain/*"), false),
        (deny("arn:aws:swf:eu-west-1:123456789012:/domain/abroad"), false),
        (deny("arn:aws:swf:eu-west-1:123456789012:/domain/d"), true),
        (deny("arn:aws:swf:ap-east-1:123456789012:/domain/*"), true),
        (deny_if(json!({ "StringEquals": { "aws:RequestedRegion": "eu-west-1" } })), false),
        (deny_if(json!({ "StringEquals": { "aws:RequestedRegion": "ap-east-1" } })), true),
        (deny_if(json!({ "StringEquals": { "aws:ResourceTag/team": "red" } })), false),
        (deny_if(json!({ "StringEquals": { "aws:ResourceTag/team": "blue" } })), true),
    ];
    for (statements, may) in rows {
        let backup = OwnOperation::BeginBackup;
        let (answer, judged) = house.operate(&user("u", statements.clone()), backup, json!({}));
        assert_eq!(answer.is_ok(), may, "{statements}: {answer:?}");
        if let Ok(began) = answer {
            let end = json!({ "backupId": began["backupId"] });
            house.operate(&caller(), OwnOperation::EndBackup, end).0.expect("it has begun");
        } else {
            let Err(Fault::AccessDenied(text)) = answer else { panic!("{answer:?}") };
            assert!(!text.contains("abroad") && !text.contains("eu-west-1"), "{text}");
            let verdict = judged.expect("somebody was asked").verdict;
            assert!(matches!(verdict, Verdict::Denied(_)), "{statements}");
        }
    }
}

/// Whoever may see all domains sees those that nothing denies to him, and is not told that there are
/// others.
#[test]
fn the_load_of_all_domains_is_that_of_those_which_are_not_denied() {
    let house = House::new();
    for (name, tag) in [("a", "red"), ("b", "blue"), ("e", "blue"), ("f", "red"), ("g", "red")] {
        register(&house, "us-east-1", name, tag);
    }
    let allow = allow(&["tidewheel:DescribeLoad"]);
    let deny = |extra: Value| {
        let mut deny = json!({ "Effect": "Deny", "Action": "tidewheel:*", "Resource": "*" });
        deny.as_object_mut().expect("an object").extend(extra.as_object().expect("one").clone());
        user("u", json!([allow, deny]))
    };
    let arn = |name: &str| format!("arn:aws:swf:us-east-1:123456789012:/domain/{name}");
    let blue = json!({ "StringEquals": { "aws:ResourceTag/team": "blue" } });
    let rows = [
        (user("u", json!([allow])), &["a", "b", "d", "e", "f", "g"][..]),
        (deny(json!({ "Resource": [arn("a"), arn("g")] })), &["b", "d", "e", "f"]),
        (deny(json!({ "Condition": blue })), &["a", "d", "f", "g"]),
        (deny(json!({ "Resource": (["a", "b", "d", "e", "f", "g"].map(arn)) })), &[]),
    ];
    for (caller, expected) in rows {
        for size in 1..=7 {
            let (mut names, mut token) = (Vec::new(), Value::Null);
            loop {
                let body = json!({ "maximumPageSize": size, "nextPageToken": token });
                let (page, _) = house.operate(&caller, OwnOperation::DescribeLoad, body);
                let page = page.expect("he may");
                let domains = page["domains"].as_array().expect("a list").iter();
                names.extend(domains.map(|load| load["domain"].as_str().expect("one").to_owned()));
                token = page["nextPageToken"].clone();
                if token.is_null() {
                    break;
                }
                assert!(names.len() % size == 0, "a page is full before there is another");
            }
            assert_eq!(names, expected, "{size}");
        }
    }
}
