//! Requests with a token: judged on the domain that it names, once it is known to be ours.

use super::house::{DOMAIN_ARN, House, allow_if, denied, list, nobody, schedule, someone, user};
use crate::tests::fixture::{caller, registrations};
use access::Caller;
use serde_json::{Value, json};
use wire::Fault;

/// A token that was altered, one of another kind, and one of another account and region.
fn foreign_tokens(house: &House) -> Vec<Value> {
    let altered = |token: &Value| {
        let mut text = token.as_str().expect("a text").to_owned();
        let first = if text.starts_with('A') { "B" } else { "A" };
        text.replace_range(..1, first);
        json!(text)
    };
    let task = house.activity_task("v");
    let decision = house.decision_task("u");
    let abroad = Caller::unrestricted("210987654321".into(), "us-east-1".into());
    for (operation, body) in registrations() {
        house.call(&abroad, operation, body).expect("nobody asks");
    }
    let start = json!({
        "domain": "d", "workflowId": "w", "workflowType": {"name": "w", "version": "1"},
    });
    house.call(&abroad, "StartWorkflowExecution", start).expect("nobody asks");
    let theirs = house.call(&abroad, "PollForDecisionTask", list("deciders")).expect("a task");
    let decisions = json!({"taskToken": theirs["taskToken"], "decisions": [schedule("a")]});
    house.call(&abroad, "RespondDecisionTaskCompleted", decisions).expect("nobody asks");
    let theirs = house.call(&abroad, "PollForActivityTask", list("workers")).expect("a task");
    vec![
        json!("t"),
        altered(&task["taskToken"]),
        decision["taskToken"].clone(),
        theirs["taskToken"].clone(),
    ]
}

/// A forged token would choose the domain on which its bearer is judged (access.md, trap 5).
#[test]
fn a_token_that_is_not_ours_is_refused_before_anybody_is_asked() {
    let house = House::new();
    for token in foreign_tokens(&house) {
        for operation in [
            "RecordActivityTaskHeartbeat",
            "RespondActivityTaskCanceled",
            "RespondActivityTaskFailed",
            "RespondActivityTaskCompleted",
        ] {
            for who in [nobody(), someone(&["*"]), caller()] {
                let body = json!({"taskToken": token});
                let (answer, judged) = house.audited(&who, operation, body);
                assert_eq!(answer, Err(Fault::invalid_token()), "{operation} {token}");
                assert_eq!(judged, None, "nobody was asked");
            }
        }
    }
}

#[test]
fn a_task_of_another_domain_is_answered_by_nobody_who_has_no_rights_there() {
    let house = House::new();
    let elsewhere = "arn:aws:swf:us-east-1:123456789012:/domain/e";
    let statements = json!([{"Effect": "Allow", "Action": "swf:*", "Resource": elsewhere}]);
    let other = user("other", statements);
    let decision = house.decision_task("v");
    let denied = |action: &str| Err(denied("other", action, DOMAIN_ARN));
    let answer = house.answer(&other, &decision, json!([schedule("a")]));
    assert_eq!(answer, denied("swf:RespondDecisionTaskCompleted"));
    house.answer(&caller(), &decision, json!([schedule("a")])).expect("the task is as it was");
    let activity = house.admin("PollForActivityTask", list("workers"));
    let token = json!({"taskToken": activity["taskToken"]});
    for operation in ["RespondActivityTaskCanceled", "RespondActivityTaskCompleted"] {
        let answer = house.call(&other, operation, token.clone());
        assert_eq!(answer, denied(&format!("swf:{operation}")));
    }
    assert_eq!(house.call(&caller(), "RespondActivityTaskCompleted", token), Ok(Value::Null));
}

/// The keys that AWS's Service Authorization Reference names are those of the task.
#[test]
fn who_completes_an_activity_can_be_kept_to_its_keys() {
    let house = House::new();
    let action = "swf:RespondActivityTaskCompleted";
    let keys = [
        ("swf:activityType.name", "a"),
        ("swf:activityType.version", "1"),
        ("swf:workflowType.name", "w"),
        ("swf:workflowType.version", "1"),
        ("swf:taskList.name", "workers"),
        ("swf:tagList.member.0", "x"),
    ];
    for (number, (key, value)) in keys.into_iter().enumerate() {
        let task = house.activity_task(&format!("v{number}"));
        let token = json!({"taskToken": task["taskToken"]});
        let only = |value: &str| {
            user("u", json!([allow_if(&[action], json!({"StringEquals": {key: value}}))]))
        };
        let (answer, judged) =
            house.audited(&only("other"), "RespondActivityTaskCompleted", token.clone());
        assert_eq!(answer, Err(denied("u", action, DOMAIN_ARN)), "{key}");
        assert_eq!(&*judged.expect("somebody was asked").resource, DOMAIN_ARN);
        let answer = house.call(&only(value), "RespondActivityTaskCompleted", token.clone());
        assert_eq!(answer, Ok(Value::Null), "{key}");
        // The task is closed, and is judged by what it was.
        let answer = house.call(&only(value), "RespondActivityTaskCompleted", token.clone());
        assert!(matches!(answer, Err(Fault::UnknownResource(_))), "{key}: {answer:?}");
        assert!(house.denies(&only("other"), "RespondActivityTaskCompleted", token));
    }
    let task = house.activity_task("w");
    let token = json!({"taskToken": task["taskToken"]});
    let no_second = json!({"Null": {"swf:tagList.member.1": "true"}});
    let no_first = json!({"Null": {"swf:tagList.member.0": "true"}});
    let who = |conditions| user("u", json!([allow_if(&[action], conditions)]));
    assert!(house.denies(&who(no_first), "RespondActivityTaskCompleted", token.clone()));
    assert!(!house.denies(&who(no_second), "RespondActivityTaskCompleted", token));
}

/// A variable in a resource is a condition on it.
#[test]
fn a_variable_in_a_name_is_filled_from_the_task() {
    let house = House::new();
    let statement = |action: &str| {
        json!([{
            "Effect": "Allow", "Action": action,
            "Resource": "arn:aws:swf:*:*:/domain/${swf:tagList.member.0, 'none'}",
        }])
    };
    let domain = json!({"name": "x", "workflowExecutionRetentionPeriodInDays": "1"});
    house.admin("RegisterDomain", domain);
    for (tag, is_denied) in [("d", false), ("x", true)] {
        let start = json!({
            "domain": "d", "workflowId": tag, "workflowType": {"name": "w", "version": "1"},
            "tagList": [tag],
        });
        house.admin("StartWorkflowExecution", start);
        let task = house.admin("PollForDecisionTask", list("deciders"));
        house.answer(&caller(), &task, json!([schedule("a")])).expect("nobody asks");
        let task = house.admin("PollForActivityTask", list("workers"));
        let who = user("u", statement("swf:RespondActivityTaskCompleted"));
        let token = json!({"taskToken": task["taskToken"]});
        let denies = house.denies(&who, "RespondActivityTaskCompleted", token);
        assert_eq!(denies, is_denied, "{tag}");
        house.admin("TerminateWorkflowExecution", json!({"domain": "d", "workflowId": tag}));
    }
}
