//! Conditions on the values of requests: given, absent, and supplied by a registered default.

use super::house::{House, allow, allow_if, user};
use access::Caller;
use serde_json::{Value, json};

fn with(mut body: Value, more: &Value) -> Value {
    let more = more.as_object().expect("members").clone();
    body.as_object_mut().expect("members").extend(more);
    body
}

fn start(more: Value) -> Value {
    let body = json!({
        "domain": "d", "workflowId": "v", "workflowType": {"name": "w", "version": "1"},
        "executionStartToCloseTimeout": "9", "taskStartToCloseTimeout": "9",
        "childPolicy": "TERMINATE",
    });
    with(body, &more)
}

#[test]
fn the_values_of_a_request_are_those_of_its_keys() {
    let house = House::new();
    let bare = json!({"domain": "d", "name": "bare", "version": "1"});
    house.admin("RegisterWorkflowType", bare);
    let domain = |more: Value| with(json!({"domain": "d"}), &more);
    let times = |more: Value| domain(with(json!({"startTimeFilter": {"oldestDate": 0}}), &more));
    let of_type = |more: Value| times(json!({"typeFilter": with(json!({"name": "w"}), &more)}));
    let tagged = |tags: Value| start(json!({"tagList": tags}));
    let activity = || domain(json!({"activityType": {"name": "a", "version": "1"}}));
    let workflow = || domain(json!({"workflowType": {"name": "w", "version": "1"}}));
    let register = |more: Value| domain(with(json!({"name": "n", "version": "3"}), &more));
    let on = |list: &str| json!({"taskList": {"name": list}});
    let bare = json!({"workflowType": {"name": "bare", "version": "1"}});
    let missing = json!({"workflowType": {"name": "missing", "version": "1"}});
    let lists = json!({"defaultTaskList": {"name": "l"}});
    // Operation, body, key, value, and whether it is allowed.
    let rows = [
        ("CountOpenWorkflowExecutions", of_type(json!({})), "typeFilter.name", "w", true),
        ("CountOpenWorkflowExecutions", times(json!({})), "typeFilter.name", "w", false),
        ("CountOpenWorkflowExecutions", of_type(json!({})), "typeFilter.version", "1", false),
        (
            "ListOpenWorkflowExecutions",
            of_type(json!({"version": "1"})),
            "typeFilter.version",
            "1",
            true,
        ),
        (
            "ListClosedWorkflowExecutions",
            times(json!({"tagFilter": {"tag": "x"}})),
            "tagFilter.tag",
            "x",
            true,
        ),
        (
            "CountClosedWorkflowExecutions",
            times(json!({"tagFilter": {"tag": "y"}})),
            "tagFilter.tag",
            "x",
            false,
        ),
        ("CountPendingActivityTasks", domain(on("l")), "taskList.name", "l", true),
        ("CountPendingDecisionTasks", domain(on("l")), "taskList.name", "m", false),
        ("DescribeActivityType", activity(), "activityType.name", "a", true),
        ("DescribeActivityType", activity(), "activityType.version", "2", false),
        ("DescribeWorkflowType", workflow(), "workflowType.name", "w", true),
        ("DescribeWorkflowType", workflow(), "workflowType.version", "2", false),
        ("RegisterActivityType", register(lists.clone()), "defaultTaskList.name", "l", true),
        ("RegisterActivityType", register(json!({})), "defaultTaskList.name", "l", false),
        ("RegisterWorkflowType", register(lists), "name", "n", true),
        ("RegisterWorkflowType", register(json!({})), "version", "1", false),
        // A key of an operation means nothing to another.
        ("DescribeWorkflowType", workflow(), "name", "w", false),
        ("StartWorkflowExecution", start(json!({})), "workflowType.name", "w", true),
        ("StartWorkflowExecution", start(json!({})), "workflowType.version", "2", false),
        // A registered default counts (access.md, trap 3).
        ("StartWorkflowExecution", start(json!({})), "taskList.name", "deciders", true),
        ("StartWorkflowExecution", start(json!({})), "taskList.name", "others", false),
        ("StartWorkflowExecution", start(on("others")), "taskList.name", "deciders", false),
        ("StartWorkflowExecution", start(on("others")), "taskList.name", "others", true),
        ("StartWorkflowExecution", start(bare), "taskList.name", "deciders", false),
        ("StartWorkflowExecution", start(missing), "taskList.name", "deciders", false),
        ("StartWorkflowExecution", tagged(json!(["x"])), "tagList.member.0", "x", true),
        ("StartWorkflowExecution", tagged(json!(["x", ""])), "tagList.member.1", "", true),
        ("StartWorkflowExecution", tagged(json!(["x"])), "tagList.member.1", "", false),
        (
            "StartWorkflowExecution",
            tagged(json!(["1", "2", "3", "4", "5"])),
            "tagList.member.4",
            "5",
            true,
        ),
    ];
    for (operation, body, key, value, is_allowed) in rows {
        let key = format!("swf:{key}");
        let conditions = json!({"StringEquals": {key.clone(): value}});
        let who = user("u", json!([allow_if(&["swf:*"], conditions)]));
        let denies = house.denies(&who, operation, body.clone());
        assert_eq!(denies, !is_allowed, "{operation} {key} {value} {body}");
        // The same key in a statement that denies.
        let conditions = json!({"StringEquals": {key.clone(): value}});
        let deny = json!({
            "Effect": "Deny", "Action": "swf:*", "Resource": "*", "Condition": conditions,
        });
        let who = user("u", json!([allow(&["swf:*"]), deny]));
        let denies = house.denies(&who, operation, body);
        assert_eq!(denies, is_allowed, "{operation} {key} {value}, denied");
    }
}

/// A type that does not exist is no secret to whom everything is allowed, and none that is given
/// away to anybody else.
#[test]
fn a_missing_type_is_told_from_others_by_those_alone_who_may_start_it() {
    let house = House::new();
    let list = allow_if(&["swf:*"], json!({"StringEquals": {"swf:taskList.name": "deciders"}}));
    let limited = user("u", json!([list]));
    let missing = start(json!({"workflowType": {"name": "missing", "version": "1"}}));
    assert!(house.denies(&limited, "StartWorkflowExecution", missing.clone()));
    let answer =
        house.call(&user("u", json!([allow(&["swf:*"])])), "StartWorkflowExecution", missing);
    let unknown = wire::WorkflowType { name: "missing".into(), version: "1".into() };
    assert_eq!(answer, Err(wire::Fault::unknown_workflow_type(&unknown)));
}

#[test]
fn golden_3_and_4_one_workflow_type_and_a_list_that_may_be_left_out() {
    let house = House::new();
    for version in ["1", "2"] {
        let body = json!({"domain": "d", "name": "workflow1", "version": version});
        house.admin("RegisterWorkflowType", body);
    }
    let one = |optional: Value| {
        let names = json!({
            "swf:workflowType.name": "workflow1", "swf:workflowType.version": "version2",
        });
        let mut conditions = json!({"StringEquals": names});
        if !optional.is_null() {
            conditions["StringEqualsIfExists"] = optional;
        }
        user("u", json!([allow_if(&["swf:StartWorkflowExecution"], conditions)]))
    };
    let of = |name: &str, version: &str, more: Value| {
        start(with(json!({"workflowType": {"name": name, "version": version}}), &more))
    };
    let starts = |who: &Caller, body| !house.denies(who, "StartWorkflowExecution", body);
    let strict = one(Value::Null);
    assert!(starts(&strict, of("workflow1", "version2", json!({}))));
    assert!(!starts(&strict, of("workflow1", "version1", json!({}))));
    assert!(!starts(&strict, of("workflow2", "version2", json!({}))));
    let lists = one(json!({"swf:taskList.name": ["one", "two"]}));
    let on = |list: &str| of("workflow1", "version2", json!({"taskList": {"name": list}}));
    assert!(starts(&lists, of("workflow1", "version2", json!({}))), "no list, and no default");
    assert!(starts(&lists, on("one")) && starts(&lists, on("two")) && !starts(&lists, on("three")));
}

#[test]
fn golden_5_a_second_tag_is_kept_out_by_saying_so() {
    let house = House::new();
    let first = json!({"swf:tagList.member.0": ["a", "b"]});
    let insecure = json!({"StringEqualsIfExists": first});
    let mut secure = insecure.clone();
    secure["Null"] = json!({"swf:tagList.member.1": "true"});
    let who = |conditions: Value| {
        user("u", json!([allow_if(&["swf:StartWorkflowExecution"], conditions)]))
    };
    let starts = |who: &Caller, tags: Value| {
        !house.denies(who, "StartWorkflowExecution", start(json!({"tagList": tags})))
    };
    let (insecure, secure) = (who(insecure), who(secure));
    for tags in [json!(["a"]), json!(["b"]), json!([])] {
        assert!(starts(&insecure, tags.clone()) && starts(&secure, tags));
    }
    assert!(!starts(&insecure, json!(["c"])) && !starts(&secure, json!(["c"])));
    assert!(starts(&insecure, json!(["a", "c"])), "as AWS's guide warns");
    // An empty second tag is one, too (access.md, trap 4).
    for tags in [json!(["a", "c"]), json!(["a", "a"]), json!(["a", ""])] {
        assert!(!starts(&secure, tags));
    }
}

/// What may be asked and what makes sense are two things.
#[test]
fn golden_7_a_policy_may_demand_what_no_request_can_say() {
    let conditions =
        json!({"StringEquals": {"swf:typeFilter.name": "w", "swf:tagFilter.tag": "x"}});
    let house = House::new();
    let who = user("u", json!([allow_if(&["swf:CountOpenWorkflowExecutions"], conditions)]));
    for filter in [json!({"typeFilter": {"name": "w"}}), json!({"tagFilter": {"tag": "x"}})] {
        let body = with(json!({"domain": "d", "startTimeFilter": {"oldestDate": 0}}), &filter);
        assert!(house.denies(&who, "CountOpenWorkflowExecutions", body));
    }
    let body = json!({
        "domain": "d", "startTimeFilter": {"oldestDate": 0},
        "typeFilter": {"name": "w"}, "tagFilter": {"tag": "x"},
    });
    let refused = crate::tests::fixture::request("CountOpenWorkflowExecutions", body);
    assert!(matches!(refused, Err(wire::Fault::Validation(_))), "{refused:?}");
}

#[test]
fn golden_8_tags_of_domains_open_them() {
    let house = House::new();
    let tag = |domain: &str, value: &str| {
        let arn = format!("arn:aws:swf:us-east-1:123456789012:/domain/{domain}");
        let tags = json!([{"key": "environment", "value": value}]);
        house.admin("TagResource", json!({"resourceArn": arn, "tags": tags}));
    };
    let production = json!({"StringEquals": {"aws:ResourceTag/environment": "production"}});
    let who = user("u", json!([allow_if(&["swf:*"], production)]));
    let describe = json!({"name": "d"});
    let marker = || {
        json!([{
            "decisionType": "RecordMarker", "recordMarkerDecisionAttributes": {"markerName": "m"},
        }])
    };
    assert!(house.denies(&who, "DescribeDomain", describe.clone()), "it has no tags yet");
    assert!(house.denies(&who, "DescribeDomain", json!({"name": "missing"})));
    tag("d", "production");
    assert!(!house.denies(&who, "DescribeDomain", describe.clone()));
    let task = house.decision_task("v");
    house.answer(&who, &task, marker()).expect("allowed");
    assert_eq!(house.outcome(&task), ["MarkerRecorded"]);
    let answer = super::house::allow(&["swf:RespondDecisionTaskCompleted"]);
    let production = json!({"StringEquals": {"aws:ResourceTag/environment": "production"}});
    let marks = user("u", json!([answer, allow_if(&["swf:RecordMarker"], production)]));
    tag("d", "test");
    assert!(house.denies(&who, "DescribeDomain", describe));
    let task = house.decision_task("w");
    assert!(house.answer(&who, &task, marker()).is_err());
    house.answer(&marks, &task, marker()).expect("allowed");
    assert_eq!(house.outcome(&task)[0], "RecordMarkerFailed OPERATION_NOT_PERMITTED");
}

/// What a request says of tags is not what the domain has.
#[test]
fn tags_of_requests_have_keys_of_their_own() {
    let house = House::new();
    let arn = "arn:aws:swf:us-east-1:123456789012:/domain/d";
    let team = json!({"StringEquals": {"aws:RequestTag/team": "blue"}});
    let keys = json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "note"]}});
    let who = |conditions: Value| user("u", json!([allow_if(&["swf:*"], conditions)]));
    let tags = |pairs: &[(&str, &str)]| {
        let tags: Vec<Value> =
            pairs.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
        json!({"resourceArn": arn, "tags": tags})
    };
    let denies = |conditions: &Value, pairs: &[(&str, &str)]| {
        house.denies(&who(conditions.clone()), "TagResource", tags(pairs))
    };
    assert!(!denies(&team, &[("team", "blue"), ("other", "x")]));
    assert!(denies(&team, &[("team", "red")]) && denies(&team, &[("other", "blue")]));
    assert!(!denies(&keys, &[("team", "red"), ("note", "")]));
    assert!(denies(&keys, &[("team", "red"), ("other", "")]));
    let untag = |key: &str| json!({"resourceArn": arn, "tagKeys": [key]});
    assert!(!house.denies(&who(keys.clone()), "UntagResource", untag("team")));
    assert!(house.denies(&who(keys), "UntagResource", untag("other")));
    let new = |value: &str| {
        json!({
            "name": format!("new-{value}"), "workflowExecutionRetentionPeriodInDays": "1",
            "tags": [{"key": "team", "value": value}],
        })
    };
    assert!(!house.denies(&who(team.clone()), "RegisterDomain", new("blue")));
    assert!(house.denies(&who(team), "RegisterDomain", new("red")));
}

/// The time of a request is that of the service's clock, and where it comes from counts.
#[test]
fn the_time_and_the_origin_of_a_request_count() {
    let house = House::new();
    let body = json!({"name": "d"});
    let until = json!({"NumericLessThan": {"aws:EpochTime": "1005"}});
    let who = user("u", json!([allow_if(&["swf:*"], until)]));
    assert!(!house.denies(&who, "DescribeDomain", body.clone()));
    house.client.advance(5);
    assert!(house.denies(&who, "DescribeDomain", body.clone()));
    let secure = json!({"Bool": {"aws:SecureTransport": "true"}});
    let who = user("u", json!([allow_if(&["swf:*"], secure)]));
    assert!(house.denies(&who, "DescribeDomain", body.clone()));
    let origin = access::Origin { secure: true, ..access::Origin::default() };
    let who = Caller { origin: origin.into(), ..who };
    assert!(!house.denies(&who, "DescribeDomain", body.clone()));
    let region = json!({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}});
    let who = user("u", json!([allow_if(&["swf:*"], region)]));
    assert!(house.denies(&who, "DescribeDomain", body));
}
