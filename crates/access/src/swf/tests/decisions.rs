//! The 13 decisions.

use super::*;
use wire::DecisionType;

/// Decisions of an execution of type `t`, version 1, and their checks.
pub const ROWS: &[(&str, Option<&str>)] = &[
    (
        r#"{"decisionType":"CancelTimer","cancelTimerDecisionAttributes":{"timerId":"t"}}"#,
        Some("swf:CancelTimer R"),
    ),
    (r#"{"decisionType":"CancelWorkflowExecution"}"#, Some("swf:CancelWorkflowExecution R")),
    (r#"{"decisionType":"CompleteWorkflowExecution"}"#, Some("swf:CompleteWorkflowExecution R")),
    (r#"{"decisionType":"FailWorkflowExecution"}"#, Some("swf:FailWorkflowExecution R")),
    // Its version and its list are those that it has in the end.
    (
        r#"{"decisionType":"ContinueAsNewWorkflowExecution"}"#,
        Some(
            r#"swf:ContinueAsNewWorkflowExecution R taskList.name="usual" workflowType.version="1""#,
        ),
    ),
    (
        r#"{"decisionType":"ContinueAsNewWorkflowExecution","continueAsNewWorkflowExecutionDecisionAttributes":
            {"workflowTypeVersion":"2","tagList":["a","b"]}}"#,
        Some(
            r#"swf:ContinueAsNewWorkflowExecution R tagList.member.0="a" tagList.member.1="b" workflowType.version="2""#,
        ),
    ),
    (
        r#"{"decisionType":"ContinueAsNewWorkflowExecution","continueAsNewWorkflowExecutionDecisionAttributes":
            {"taskList":{"name":"l"},"lambdaRole":"arn:aws:iam::000000000000:role/r"}}"#,
        Some(
            r#"swf:ContinueAsNewWorkflowExecution R taskList.name="l" workflowType.version="1"; iam:PassRole arn:aws:iam::000000000000:role/r iam:PassedToService="swf.amazonaws.com""#,
        ),
    ),
    (
        r#"{"decisionType":"RecordMarker","recordMarkerDecisionAttributes":{"markerName":"m"}}"#,
        Some("swf:RecordMarker R"),
    ),
    (
        r#"{"decisionType":"RequestCancelActivityTask","requestCancelActivityTaskDecisionAttributes":{"activityId":"a"}}"#,
        Some("swf:RequestCancelActivityTask R"),
    ),
    (
        r#"{"decisionType":"RequestCancelExternalWorkflowExecution","requestCancelExternalWorkflowExecutionDecisionAttributes":{"workflowId":"w"}}"#,
        Some("swf:RequestCancelExternalWorkflowExecution R"),
    ),
    (
        r#"{"decisionType":"ScheduleActivityTask","scheduleActivityTaskDecisionAttributes":
            {"activityType":{"name":"t","version":"1"},"activityId":"a"}}"#,
        Some(
            r#"swf:ScheduleActivityTask R activityType.name="t" activityType.version="1" taskList.name="usual""#,
        ),
    ),
    (
        r#"{"decisionType":"ScheduleActivityTask","scheduleActivityTaskDecisionAttributes":
            {"activityType":{"name":"t","version":"1"},"activityId":"a","taskList":{"name":"l"}}}"#,
        Some(
            r#"swf:ScheduleActivityTask R activityType.name="t" activityType.version="1" taskList.name="l""#,
        ),
    ),
    (
        r#"{"decisionType":"ScheduleActivityTask","scheduleActivityTaskDecisionAttributes":
            {"activityType":{"name":"unknown","version":"1"},"activityId":"a"}}"#,
        Some(r#"swf:ScheduleActivityTask R activityType.name="unknown" activityType.version="1""#),
    ),
    (
        r#"{"decisionType":"SignalExternalWorkflowExecution","signalExternalWorkflowExecutionDecisionAttributes":{"workflowId":"w","signalName":"s"}}"#,
        Some("swf:SignalExternalWorkflowExecution R"),
    ),
    (
        r#"{"decisionType":"StartChildWorkflowExecution","startChildWorkflowExecutionDecisionAttributes":
            {"workflowId":"c","workflowType":{"name":"t","version":"1"},"tagList":[""]}}"#,
        Some(
            r#"swf:StartChildWorkflowExecution R tagList.member.0="" taskList.name="usual" workflowType.name="t" workflowType.version="1""#,
        ),
    ),
    (
        r#"{"decisionType":"StartChildWorkflowExecution","startChildWorkflowExecutionDecisionAttributes":
            {"workflowId":"c","workflowType":{"name":"w","version":"1"},"taskList":{"name":"l"},"lambdaRole":"arn:aws:iam::000000000000:role/r"}}"#,
        Some(
            r#"swf:StartChildWorkflowExecution R taskList.name="l" workflowType.name="w" workflowType.version="1"; iam:PassRole arn:aws:iam::000000000000:role/r iam:PassedToService="swf.amazonaws.com""#,
        ),
    ),
    (
        r#"{"decisionType":"StartTimer","startTimerDecisionAttributes":{"timerId":"t","startToFireTimeout":"1"}}"#,
        Some("swf:StartTimer R"),
    ),
    (
        r#"{"decisionType":"ScheduleLambdaFunction","scheduleLambdaFunctionDecisionAttributes":{"id":"i","name":"f"}}"#,
        None,
    ),
];

#[test]
fn each_decision_has_its_checks() {
    let current = WorkflowType { name: "t".into(), version: "1".into() };
    let facts = Registered::new();
    let mut seen = BTreeSet::new();
    for (json, checks) in ROWS {
        let decided: Decision = serde_json::from_str(json).expect("a decision");
        assert!(!matches!(decided, Decision::Incomplete(_)), "{json}");
        let demand = decision(&decided, &current, &facts);
        assert_eq!(demand.map(|demand| shown(&demand, "R")).as_deref(), *checks, "{json}");
        seen.insert(decided.decision_type());
    }
    assert_eq!(seen, DecisionType::ALL.iter().copied().collect());
}
