//! The 39 operations.

use super::*;

/// Operation, body, what it is about, and its checks on a resource that is called `R`.
pub const ROWS: &[(&str, &str, &str, &str)] = &[
    (
        "CountClosedWorkflowExecutions",
        r#"{"domain":"d","startTimeFilter":{"oldestDate":0},"typeFilter":{"name":"w","version":"2"}}"#,
        "d",
        r#"swf:CountClosedWorkflowExecutions R typeFilter.name="w" typeFilter.version="2""#,
    ),
    (
        "CountClosedWorkflowExecutions",
        r#"{"domain":"d","startTimeFilter":{"oldestDate":0},"executionFilter":{"workflowId":"w"}}"#,
        "d",
        "swf:CountClosedWorkflowExecutions R",
    ),
    (
        "CountOpenWorkflowExecutions",
        r#"{"domain":"d","startTimeFilter":{"oldestDate":0},"tagFilter":{"tag":"x"}}"#,
        "d",
        r#"swf:CountOpenWorkflowExecutions R tagFilter.tag="x""#,
    ),
    (
        "CountPendingActivityTasks",
        r#"{"domain":"d","taskList":{"name":"l"}}"#,
        "d",
        r#"swf:CountPendingActivityTasks R taskList.name="l""#,
    ),
    (
        "CountPendingDecisionTasks",
        r#"{"domain":"d","taskList":{"name":"l"}}"#,
        "d",
        r#"swf:CountPendingDecisionTasks R taskList.name="l""#,
    ),
    (
        "DeleteActivityType",
        r#"{"domain":"d","activityType":{"name":"a","version":"1"}}"#,
        "d",
        r#"swf:DeleteActivityType R activityType.name="a" activityType.version="1""#,
    ),
    (
        "DeleteWorkflowType",
        r#"{"domain":"d","workflowType":{"name":"w","version":"1"}}"#,
        "d",
        r#"swf:DeleteWorkflowType R workflowType.name="w" workflowType.version="1""#,
    ),
    (
        "DeprecateActivityType",
        r#"{"domain":"d","activityType":{"name":"a","version":"1"}}"#,
        "d",
        r#"swf:DeprecateActivityType R activityType.name="a" activityType.version="1""#,
    ),
    ("DeprecateDomain", r#"{"name":"d"}"#, "d", "swf:DeprecateDomain R"),
    (
        "DeprecateWorkflowType",
        r#"{"domain":"d","workflowType":{"name":"w","version":"1"}}"#,
        "d",
        r#"swf:DeprecateWorkflowType R workflowType.name="w" workflowType.version="1""#,
    ),
    (
        "DescribeActivityType",
        r#"{"domain":"d","activityType":{"name":"a","version":"1"}}"#,
        "d",
        r#"swf:DescribeActivityType R activityType.name="a" activityType.version="1""#,
    ),
    ("DescribeDomain", r#"{"name":"d"}"#, "d", "swf:DescribeDomain R"),
    (
        "DescribeWorkflowExecution",
        r#"{"domain":"d","execution":{"workflowId":"w","runId":"r"}}"#,
        "d",
        "swf:DescribeWorkflowExecution R",
    ),
    (
        "DescribeWorkflowType",
        r#"{"domain":"d","workflowType":{"name":"w","version":"1"}}"#,
        "d",
        r#"swf:DescribeWorkflowType R workflowType.name="w" workflowType.version="1""#,
    ),
    (
        "GetWorkflowExecutionHistory",
        r#"{"domain":"d","execution":{"workflowId":"w","runId":"r"}}"#,
        "d",
        "swf:GetWorkflowExecutionHistory R",
    ),
    (
        "ListActivityTypes",
        r#"{"domain":"d","registrationStatus":"REGISTERED","name":"a"}"#,
        "d",
        "swf:ListActivityTypes R",
    ),
    (
        "ListClosedWorkflowExecutions",
        r#"{"domain":"d","closeTimeFilter":{"oldestDate":0},"typeFilter":{"name":"w"}}"#,
        "d",
        r#"swf:ListClosedWorkflowExecutions R typeFilter.name="w""#,
    ),
    (
        "ListClosedWorkflowExecutions",
        r#"{"domain":"d","closeTimeFilter":{"oldestDate":0},"closeStatusFilter":{"status":"FAILED"}}"#,
        "d",
        "swf:ListClosedWorkflowExecutions R",
    ),
    ("ListDomains", r#"{"registrationStatus":"REGISTERED"}"#, "all", "swf:ListDomains R"),
    (
        "ListOpenWorkflowExecutions",
        r#"{"domain":"d","startTimeFilter":{"oldestDate":0},"tagFilter":{"tag":""}}"#,
        "d",
        r#"swf:ListOpenWorkflowExecutions R tagFilter.tag="""#,
    ),
    (
        "ListTagsForResource",
        r#"{"resourceArn":"arn:aws:swf:us-east-1:000000000000:/domain/d"}"#,
        "d",
        "swf:ListTagsForResource R",
    ),
    (
        "ListWorkflowTypes",
        r#"{"domain":"d","registrationStatus":"REGISTERED"}"#,
        "d",
        "swf:ListWorkflowTypes R",
    ),
    (
        "PollForActivityTask",
        r#"{"domain":"d","taskList":{"name":"l"}}"#,
        "d",
        r#"swf:PollForActivityTask R taskList.name="l""#,
    ),
    (
        "PollForDecisionTask",
        r#"{"domain":"d","taskList":{"name":"l"},"nextPageToken":"p"}"#,
        "d",
        r#"swf:PollForDecisionTask R taskList.name="l""#,
    ),
    (
        "RecordActivityTaskHeartbeat",
        r#"{"taskToken":"t"}"#,
        "activity t",
        "swf:RecordActivityTaskHeartbeat R",
    ),
    (
        "RegisterActivityType",
        r#"{"domain":"d","name":"a","version":"1","defaultTaskList":{"name":"l"}}"#,
        "d",
        r#"swf:RegisterActivityType R defaultTaskList.name="l" name="a" version="1""#,
    ),
    (
        "RegisterActivityType",
        r#"{"domain":"d","name":"t","version":"1"}"#,
        "d",
        r#"swf:RegisterActivityType R name="t" version="1""#,
    ),
    (
        "RegisterDomain",
        r#"{"name":"d","workflowExecutionRetentionPeriodInDays":"1"}"#,
        "new d",
        "swf:RegisterDomain R",
    ),
    (
        "RegisterDomain",
        r#"{"name":"d","workflowExecutionRetentionPeriodInDays":"1","tags":[{"key":"k","value":"v"},{"key":"e"}]}"#,
        "new d",
        r#"swf:RegisterDomain R aws:RequestTag/k="v" aws:RequestTag/e="" aws:TagKeys=k,e; swf:TagResource R aws:RequestTag/k="v" aws:RequestTag/e="" aws:TagKeys=k,e"#,
    ),
    (
        "RegisterDomain",
        r#"{"name":"d","workflowExecutionRetentionPeriodInDays":"1","tags":[]}"#,
        "new d",
        "swf:RegisterDomain R",
    ),
    (
        "RegisterWorkflowType",
        r#"{"domain":"d","name":"w","version":"1"}"#,
        "d",
        r#"swf:RegisterWorkflowType R name="w" version="1""#,
    ),
    (
        "RegisterWorkflowType",
        r#"{"domain":"d","name":"w","version":"1","defaultTaskList":{"name":"l"},"defaultLambdaRole":"arn:aws:iam::000000000000:role/r"}"#,
        "d",
        r#"swf:RegisterWorkflowType R defaultTaskList.name="l" name="w" version="1"; iam:PassRole arn:aws:iam::000000000000:role/r iam:PassedToService="swf.amazonaws.com""#,
    ),
    (
        "RequestCancelWorkflowExecution",
        r#"{"domain":"d","workflowId":"w"}"#,
        "d",
        "swf:RequestCancelWorkflowExecution R",
    ),
    (
        "RespondActivityTaskCanceled",
        r#"{"taskToken":"t"}"#,
        "activity t",
        "swf:RespondActivityTaskCanceled R",
    ),
    (
        "RespondActivityTaskCompleted",
        r#"{"taskToken":"t"}"#,
        "activity t",
        "swf:RespondActivityTaskCompleted R",
    ),
    (
        "RespondActivityTaskFailed",
        r#"{"taskToken":"t"}"#,
        "activity t",
        "swf:RespondActivityTaskFailed R",
    ),
    (
        "RespondDecisionTaskCompleted",
        r#"{"taskToken":"t","taskList":{"name":"l"}}"#,
        "decision t",
        "swf:RespondDecisionTaskCompleted R",
    ),
    (
        "SignalWorkflowExecution",
        r#"{"domain":"d","workflowId":"w","signalName":"s"}"#,
        "d",
        "swf:SignalWorkflowExecution R",
    ),
    // A registered default is as good as a value that was given (access.md, trap 3).
    (
        "StartWorkflowExecution",
        r#"{"domain":"d","workflowId":"w","workflowType":{"name":"t","version":"1"}}"#,
        "d",
        r#"swf:StartWorkflowExecution R taskList.name="usual" workflowType.name="t" workflowType.version="1""#,
    ),
    (
        "StartWorkflowExecution",
        r#"{"domain":"d","workflowId":"w","workflowType":{"name":"t","version":"1"},"taskList":{"name":"l"}}"#,
        "d",
        r#"swf:StartWorkflowExecution R taskList.name="l" workflowType.name="t" workflowType.version="1""#,
    ),
    // Nothing is said of a type that does not exist.
    (
        "StartWorkflowExecution",
        r#"{"domain":"d","workflowId":"w","workflowType":{"name":"t","version":"2"}}"#,
        "d",
        r#"swf:StartWorkflowExecution R workflowType.name="t" workflowType.version="2""#,
    ),
    // An empty tag is a tag (access.md, trap 4).
    (
        "StartWorkflowExecution",
        r#"{"domain":"d","workflowId":"w","workflowType":{"name":"w","version":"1"},"tagList":["a",""],"lambdaRole":"arn:aws:iam::000000000000:role/r"}"#,
        "d",
        r#"swf:StartWorkflowExecution R tagList.member.0="a" tagList.member.1="" workflowType.name="w" workflowType.version="1"; iam:PassRole arn:aws:iam::000000000000:role/r iam:PassedToService="swf.amazonaws.com""#,
    ),
    (
        "StartWorkflowExecution",
        r#"{"domain":"d","workflowId":"w","workflowType":{"name":"w","version":"1"},"tagList":["a","b","c","d","e"]}"#,
        "d",
        r#"swf:StartWorkflowExecution R tagList.member.0="a" tagList.member.1="b" tagList.member.2="c" tagList.member.3="d" tagList.member.4="e" workflowType.name="w" workflowType.version="1""#,
    ),
    (
        "TagResource",
        r#"{"resourceArn":"arn:aws:swf:us-east-1:000000000000:/domain/d","tags":[{"key":"k","value":"v"}]}"#,
        "d",
        r#"swf:TagResource R aws:RequestTag/k="v" aws:TagKeys=k"#,
    ),
    (
        "TagResource",
        r#"{"resourceArn":"arn:aws:swf:eu-west-1:000000000000:/domain/d","tags":[{"key":"k"}]}"#,
        "elsewhere",
        r#"swf:TagResource R aws:RequestTag/k="" aws:TagKeys=k"#,
    ),
    (
        "TerminateWorkflowExecution",
        r#"{"domain":"d","workflowId":"w"}"#,
        "d",
        "swf:TerminateWorkflowExecution R",
    ),
    (
        "UndeprecateActivityType",
        r#"{"domain":"d","activityType":{"name":"a","version":"1"}}"#,
        "d",
        r#"swf:UndeprecateActivityType R activityType.name="a" activityType.version="1""#,
    ),
    ("UndeprecateDomain", r#"{"name":"d"}"#, "d", "swf:UndeprecateDomain R"),
    (
        "UndeprecateWorkflowType",
        r#"{"domain":"d","workflowType":{"name":"w","version":"1"}}"#,
        "d",
        r#"swf:UndeprecateWorkflowType R workflowType.name="w" workflowType.version="1""#,
    ),
    (
        "UntagResource",
        r#"{"resourceArn":"arn:aws:swf:us-east-1:000000000000:/domain/d","tagKeys":["k","l"]}"#,
        "d",
        "swf:UntagResource R aws:TagKeys=k,l",
    ),
];

pub fn operation(name: &str) -> Operation {
    let mut all = Operation::ALL.iter().copied();
    all.find(|operation| operation.name() == name).expect("an operation")
}

#[test]
fn each_operation_has_its_checks() {
    for (name, body, subject, checks) in ROWS {
        let asked = parse(operation(name), body);
        let facts = Registered::new();
        assert_eq!(about(&asked), *subject, "{name} {body}");
        assert_eq!(shown(&request(&asked, &facts), "R"), *checks, "{name} {body}");
    }
    let named: BTreeSet<&str> = ROWS.iter().map(|row| row.0).collect();
    let all: BTreeSet<&str> = Operation::ALL.iter().map(|operation| operation.name()).collect();
    assert_eq!((named, all.len()), (all.clone(), 39));
}

#[test]
fn an_answered_activity_lends_its_keys() {
    let (activity, workflow) = (
        ActivityType { name: "a".into(), version: "1".into() },
        WorkflowType { name: "w".into(), version: "2".into() },
    );
    let answered = AnsweredActivity {
        activity_type: &activity,
        task_list: &TaskList { name: "l".into() },
        workflow_type: &workflow,
        tag_list: &["x".into(), "y".into()],
    };
    let text = "swf:RespondActivityTaskCompleted R activityType.name=\"a\" \
                activityType.version=\"1\" tagList.member.0=\"x\" tagList.member.1=\"y\" \
                taskList.name=\"l\" workflowType.name=\"w\" workflowType.version=\"2\"";
    assert_eq!(shown(&activity_answer(Some(answered)), "R"), text);
    assert_eq!(shown(&activity_answer(None), "R"), "swf:RespondActivityTaskCompleted R");
}

#[test]
fn a_poll_at_its_delivery_is_asked_as_at_its_arrival() {
    let list = "l".into();
    for name in ["PollForActivityTask", "PollForDecisionTask"] {
        let asked = parse(operation(name), r#"{"domain":"d","taskList":{"name":"l"}}"#);
        let action = Action::from(asked.operation());
        assert_eq!(request(&asked, &Registered::default()), poll(action, &list));
    }
}

#[test]
fn a_role_has_no_tags_and_a_request_has_its_origin() {
    let asked = parse(
        Operation::StartWorkflowExecution,
        r#"{"domain":"d","workflowId":"w","workflowType":{"name":"w","version":"1"},"lambdaRole":"arn:aws:iam::000000000000:role/r"}"#,
    );
    let (facts, origin) = (Registered::new(), crate::check::Origin::default());
    let tags = BTreeMap::from([("k".into(), "v".into())]);
    let resource = Arn::of_domain(ACCOUNT, REGION, &"d".into());
    let around = Around {
        resource: resource.as_str(),
        resource_tags: Some(&tags),
        origin: Some(&origin),
        region: REGION,
        now: Timestamp(5),
    };
    let demand = request(&asked, &facts);
    let checks: Vec<Check<'_>> = demand.checks(&around).collect();
    let [start, pass] = checks[..] else { panic!("two checks") };
    assert_eq!(start.resource, "arn:aws:swf:us-east-1:000000000000:/domain/d");
    assert_eq!((start.resource_tags, pass.resource_tags), (Some(&tags), None));
    for check in checks {
        assert_eq!((check.origin, check.region, check.now), (Some(&origin), REGION, Timestamp(5)));
    }
}
