//! For each of the 39 operations: who has no policy is denied it, in the words of access.md,
//! section 2.5, before it is looked whether what it names exists; who has exactly its action is not.

use super::house::{
    DOMAIN_ARN, House, ROLE_ARN, action, allow, allow_if, denied, list, nobody, someone, user,
};
use crate::tests::client::{HOLD_SECONDS, wait};
use crate::tests::fixture::caller;
use crate::{Denials, Judged, Options, Rate, Throttles};
use access::Verdict;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use wire::{Fault, Operation};

const ALL_ARN: &str = "arn:aws:swf:us-east-1:123456789012:/domain/*";

/// Each operation with a body in the domain of that name, the tasks aside.
fn bodies(domain: &str) -> Vec<(&'static str, Value)> {
    let arn = format!("arn:aws:swf:us-east-1:123456789012:/domain/{domain}");
    let workflow = json!({"domain": domain, "workflowType": {"name": "w", "version": "1"}});
    let activity = json!({"domain": domain, "activityType": {"name": "a", "version": "1"}});
    let list = json!({"domain": domain, "taskList": {"name": "l"}});
    let times = json!({"domain": domain, "startTimeFilter": {"oldestDate": 0}});
    let execution = json!({"domain": domain, "execution": {"workflowId": "w", "runId": "r"}});
    let types = json!({"domain": domain, "registrationStatus": "REGISTERED"});
    let id = json!({"domain": domain, "workflowId": "w"});
    let signal = json!({"domain": domain, "workflowId": "w", "signalName": "s"});
    let name = json!({"name": domain});
    let register = json!({"domain": domain, "name": "n", "version": "1"});
    let start = json!({
        "domain": domain, "workflowId": "w", "workflowType": {"name": "w", "version": "1"},
    });
    vec![
        ("CountClosedWorkflowExecutions", times.clone()),
        ("CountOpenWorkflowExecutions", times.clone()),
        ("CountPendingActivityTasks", list.clone()),
        ("CountPendingDecisionTasks", list.clone()),
        ("DeleteActivityType", activity.clone()),
        ("DeleteWorkflowType", workflow.clone()),
        ("DeprecateActivityType", activity.clone()),
        ("DeprecateDomain", name.clone()),
        ("DeprecateWorkflowType", workflow.clone()),
        ("DescribeActivityType", activity.clone()),
        ("DescribeDomain", name.clone()),
        ("DescribeWorkflowExecution", execution.clone()),
        ("DescribeWorkflowType", workflow.clone()),
        ("GetWorkflowExecutionHistory", execution),
        ("ListActivityTypes", types.clone()),
        ("ListClosedWorkflowExecutions", times.clone()),
        ("ListDomains", json!({"registrationStatus": "REGISTERED"})),
        ("ListOpenWorkflowExecutions", times),
        ("ListTagsForResource", json!({"resourceArn": arn})),
        ("ListWorkflowTypes", types),
        ("PollForActivityTask", list.clone()),
        ("PollForDecisionTask", list),
        ("RegisterActivityType", register.clone()),
        ("RegisterDomain", json!({"name": domain, "workflowExecutionRetentionPeriodInDays": "1"})),
        ("RegisterWorkflowType", register),
        ("RequestCancelWorkflowExecution", id.clone()),
        ("SignalWorkflowExecution", signal),
        ("StartWorkflowExecution", start),
        ("TagResource", json!({"resourceArn": arn, "tags": [{"key": "k", "value": "v"}]})),
        ("TerminateWorkflowExecution", id),
        ("UndeprecateActivityType", activity),
        ("UndeprecateDomain", name),
        ("UndeprecateWorkflowType", workflow),
        ("UntagResource", json!({"resourceArn": arn, "tagKeys": ["k"]})),
    ]
}

/// The operations that name what they are about by a token, with one.
fn with_tokens(house: &House) -> Vec<(&'static str, Value)> {
    let decision = json!({"taskToken": house.decision_task("token")["taskToken"]});
    let activity = json!({"taskToken": house.activity_task("other token")["taskToken"]});
    vec![
        ("RecordActivityTaskHeartbeat", activity.clone()),
        ("RespondActivityTaskCanceled", activity.clone()),
        ("RespondActivityTaskFailed", activity.clone()),
        ("RespondActivityTaskCompleted", activity),
        ("RespondDecisionTaskCompleted", decision),
    ]
}

#[test]
fn each_operation_is_denied_without_its_action_and_goes_on_with_it() {
    let house = House::new();
    let rows = bodies("d").into_iter().chain(with_tokens(&house)).collect::<Vec<_>>();
    let named: BTreeSet<&str> = rows.iter().map(|(operation, _)| *operation).collect();
    assert_eq!(named, Operation::ALL.iter().map(|operation| operation.name()).collect());
    for (operation, body) in &rows {
        let name = format!("swf:{operation}");
        let resource = if *operation == "ListDomains" { ALL_ARN } else { DOMAIN_ARN };
        let (answer, judged) = house.audited(&nobody(), operation, body.clone());
        assert_eq!(answer, Err(denied("nobody", &name, resource)), "{operation}");
        let judged = judged.expect("somebody was asked");
        assert_eq!((judged.action, &*judged.resource), (action(&name), resource));
        assert!(matches!(judged.verdict, Verdict::Denied(_)), "{operation}");
        // Who has all other actions is denied it, too.
        let others = json!([{"Effect": "Allow", "NotAction": name, "Resource": "*"}]);
        let answer = house.call(&user("other", others), operation, body.clone());
        assert_eq!(answer, Err(denied("other", &name, resource)), "{operation}");
    }
    for (operation, body) in rows {
        let statements = json!([{
            "Sid": "This", "Effect": "Allow", "Action": format!("swf:{operation}"),
            "Resource": if operation == "ListDomains" { ALL_ARN } else { DOMAIN_ARN },
        }]);
        let pending = house.send(&user("someone", statements), operation, body);
        let judgment = pending.judgment();
        if operation.starts_with("PollFor") {
            house.client.advance(HOLD_SECONDS);
        }
        let answer = wait(pending);
        assert!(!matches!(answer, Err(Fault::AccessDenied(_))), "{operation}: {answer:?}");
        let Judged { action: judged, verdict, .. } = judgment.read().expect("somebody was asked");
        assert!(matches!(verdict, Verdict::Allowed(_)), "{operation}");
        let sid = verdict.by().and_then(|by| by.sid.as_deref());
        assert_eq!((judged.name(), sid), (operation, Some("This")));
    }
}

/// Nobody learns by asking whether something exists that he has no right to.
#[test]
fn what_does_not_exist_is_denied_in_the_same_words() {
    let house = House::new();
    for ((operation, there), (_, not_there)) in bodies("d").into_iter().zip(bodies("x")) {
        let answer = |body| house.call(&nobody(), operation, body).expect_err("denied");
        let (there, not_there) = (answer(there), answer(not_there));
        let text =
            |fault: &Fault| fault.message().map(|text| text.replace("/domain/x", "/domain/d"));
        assert_eq!(text(&there), text(&not_there), "{operation}");
        assert_eq!(there.type_name(), not_there.type_name(), "{operation}");
    }
}

#[test]
fn a_policy_for_one_domain_opens_that_alone() {
    let house = House::new();
    let register = json!({"name": "e", "workflowExecutionRetentionPeriodInDays": "1"});
    house.admin("RegisterDomain", register.clone());
    let one = json!([{"Effect": "Allow", "Action": "swf:*", "Resource": DOMAIN_ARN}]);
    let one = user("one", one);
    let name = |name: &str| json!({"name": name});
    assert!(!house.denies(&one, "DescribeDomain", name("d")));
    assert!(house.denies(&one, "DescribeDomain", name("e")));
    assert!(house.denies(&one, "DescribeDomain", name("D")), "names know case");
    assert!(house.denies(&one, "RegisterDomain", register));
    // Nor all of them: the name is a literal (access.md, trap 6).
    assert!(house.denies(&one, "ListDomains", json!({"registrationStatus": "REGISTERED"})));
}

#[test]
fn golden_1_and_2_full_access_everywhere_or_to_two_domains() {
    let house = House::new();
    let everywhere = "arn:aws:swf:*:123456789012:/domain/*";
    let full =
        user("full", json!([{"Effect": "Allow", "Action": "swf:*", "Resource": everywhere}]));
    let domains = ["d", "e"].map(|name| format!("arn:aws:swf:*:123456789012:/domain/{name}"));
    let two = user("two", json!([{"Effect": "Allow", "Action": "swf:*", "Resource": domains}]));
    for name in ["e", "f"] {
        let body = json!({"name": name, "workflowExecutionRetentionPeriodInDays": "1"});
        assert!(!house.denies(&full, "RegisterDomain", body));
    }
    let all = json!({"registrationStatus": "REGISTERED"});
    assert!(!house.denies(&full, "ListDomains", all.clone()));
    assert!(house.denies(&two, "ListDomains", all));
    for (name, is_denied) in [("d", false), ("e", false), ("f", true)] {
        let body = json!({"name": name});
        assert_eq!(house.denies(&two, "DescribeDomain", body), is_denied, "{name}");
    }
}

/// The names of policies that were made from the Service Authorization Reference have no region.
#[test]
fn a_name_without_its_region_is_the_same_name() {
    let house = House::new();
    let arn = "arn:aws:swf::123456789012:/domain/d";
    let sar = user("sar", json!([{"Effect": "Allow", "Action": "swf:*", "Resource": arn}]));
    assert!(!house.denies(&sar, "DescribeDomain", json!({"name": "d"})));
    assert!(house.denies(&sar, "DescribeDomain", json!({"name": "e"})));
}

#[test]
fn a_resource_of_elsewhere_is_unknown_whatever_is_allowed() {
    let house = House::new();
    for arn in [
        "arn:aws:swf:eu-west-1:123456789012:/domain/d",
        "arn:aws:swf:us-east-1:210987654321:/domain/d",
        "arn:aws-cn:swf:us-east-1:123456789012:/domain/d",
        "arn:aws:swf::123456789012:/domain/d",
        "d",
    ] {
        for who in [nobody(), someone(&["*"])] {
            let body = json!({"resourceArn": arn});
            let (answer, judged) = house.audited(&who, "ListTagsForResource", body);
            assert_eq!(answer, Err(Fault::unknown_arn(&arn.into())));
            assert_eq!(judged, None, "nobody was asked");
        }
    }
}

#[test]
fn tags_of_a_new_domain_take_the_right_to_tag() {
    let house = House::new();
    let body = |name: &str, tags: Value| json!({"name": name, "workflowExecutionRetentionPeriodInDays": "1", "tags": tags});
    let tags = json!([{"key": "team", "value": "blue"}]);
    let register = someone(&["swf:RegisterDomain"]);
    let (answer, judged) = house.audited(&register, "RegisterDomain", body("e", tags.clone()));
    let arn = "arn:aws:swf:us-east-1:123456789012:/domain/e";
    assert_eq!(answer, Err(denied("someone", "swf:TagResource", arn)));
    assert_eq!(judged.expect("somebody was asked").action, action("swf:TagResource"));
    assert!(!house.denies(&register, "RegisterDomain", body("e", json!([]))));
    let both = someone(&["swf:RegisterDomain", "swf:TagResource"]);
    let (answer, judged) = house.audited(&both, "RegisterDomain", body("f", tags));
    assert_eq!(answer, Ok(Value::Null));
    assert_eq!(judged.expect("somebody was asked").action, action("swf:RegisterDomain"));
    // What a name is taken for is not said to whom it is not allowed.
    let answer = house.call(&nobody(), "RegisterDomain", body("e", json!([])));
    assert_eq!(answer, Err(denied("nobody", "swf:RegisterDomain", arn)));
}

/// Or else whoever may register some could ask which tags those of others have.
#[test]
fn the_tags_of_a_domain_whose_name_is_taken_do_not_count() {
    let house = House::new();
    let body = |name: &str| json!({"name": name, "workflowExecutionRetentionPeriodInDays": "1"});
    let mut tagged = body("tagged");
    tagged["tags"] = json!([{"key": "team", "value": "blue"}]);
    house.admin("RegisterDomain", tagged);
    let blue = json!({"StringEquals": {"aws:ResourceTag/team": "blue"}});
    let register = user("u", json!([allow_if(&["swf:RegisterDomain"], blue.clone())]));
    assert!(house.denies(&register, "RegisterDomain", body("tagged")));
    assert!(house.denies(&register, "RegisterDomain", body("new")));
    let describe = user("u", json!([allow_if(&["swf:DescribeDomain"], blue)]));
    assert!(!house.denies(&describe, "DescribeDomain", json!({"name": "tagged"})));
}

#[test]
fn a_role_takes_the_right_to_pass_it() {
    let house = House::new();
    let register = json!({
        "domain": "d", "name": "v", "version": "1", "defaultLambdaRole": ROLE_ARN,
    });
    let start = json!({
        "domain": "d", "workflowId": "v", "workflowType": {"name": "w", "version": "1"},
        "lambdaRole": ROLE_ARN,
    });
    let pass = |role: &str, service: &str| {
        json!({
            "Effect": "Allow", "Action": "iam:PassRole", "Resource": role,
            "Condition": {"StringEquals": {"iam:PassedToService": service}},
        })
    };
    for (operation, body) in [("RegisterWorkflowType", register), ("StartWorkflowExecution", start)]
    {
        let alone = json!([allow(&["swf:*"])]);
        let answer = house.call(&user("u", alone), operation, body.clone());
        assert_eq!(answer, Err(denied("u", "iam:PassRole", ROLE_ARN)), "{operation}");
        let swf = "swf.amazonaws.com";
        let other = "arn:aws:iam::123456789012:role/other";
        for wrong in [pass(ROLE_ARN, "ec2.amazonaws.com"), pass(other, swf)] {
            let statements = json!([allow(&["swf:*"]), wrong]);
            assert!(house.denies(&user("u", statements), operation, body.clone()));
        }
        let right = json!([allow(&["swf:*"]), pass(ROLE_ARN, swf)]);
        assert!(!house.denies(&user("u", right), operation, body));
    }
}

#[test]
fn a_denied_request_can_be_called_as_the_model_calls_it() {
    let house =
        House::with(Options { denials: Denials::OperationNotPermitted, ..Options::default() });
    let Fault::AccessDenied(text) = denied("nobody", "swf:DescribeDomain", DOMAIN_ARN) else {
        panic!("another fault");
    };
    let answer = house.call(&nobody(), "DescribeDomain", json!({"name": "d"}));
    assert_eq!(answer, Err(Fault::OperationNotPermitted(text)));
}

/// Nobody uses up what others may do.
#[test]
fn a_denied_request_takes_no_token_of_a_throttle() {
    let requests = [(Operation::DescribeDomain, Rate { bucket: 1, refill_per_second: 1 })];
    let throttles = Throttles { requests: requests.into(), ..Throttles::default() };
    let house = House::with(Options { throttles, ..Options::default() });
    let body = json!({"name": "d"});
    for _ in 0..3 {
        assert!(house.denies(&nobody(), "DescribeDomain", body.clone()));
    }
    let one = someone(&["swf:DescribeDomain"]);
    assert!(house.call(&one, "DescribeDomain", body.clone()).is_ok());
    let (answer, judged) = house.audited(&one, "DescribeDomain", body);
    assert_eq!(answer, Err(Fault::Throttling));
    assert!(matches!(judged.expect("somebody was asked").verdict, Verdict::Allowed(_)));
}

#[test]
fn of_whom_nobody_asks_anything_nothing_is_noted() {
    let house = House::new();
    let (answer, judged) = house.audited(&caller(), "CountPendingActivityTasks", list("l"));
    assert_eq!((answer.is_ok(), judged), (true, None));
}
