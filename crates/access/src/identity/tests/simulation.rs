//! What somebody would be allowed.

use super::operations::check;
use super::*;

#[test]
fn what_somebody_would_be_allowed_is_simulated() {
    let mut world = World::new();
    world.ok("CreateUser", json!({"UserName": "ann"}));
    let document = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Poll", "Effect": "Allow", "Action": "swf:PollForDecisionTask", "Resource": "*",
         "Condition": {"StringEquals": {"swf:taskList.name": "mine"}}},
        {"Sid": "Never", "Effect": "Deny", "Action": "swf:DeprecateDomain", "Resource": "*"},
    ]});
    let put = json!({"UserName": "ann", "PolicyName": "p", "PolicyDocument": document.to_string()});
    world.ok("PutUserPolicy", put);
    let source = format!("arn:aws:iam::{ACCOUNT}:user/ann");
    let mut decide = |action: &str, context: Value| {
        let members =
            json!({"PolicySourceArn": source, "ActionNames": [action], "Context": context});
        let result = world.ok("SimulatePrincipalPolicy", members)["EvaluationResults"][0].clone();
        (text(&result["EvalDecision"]), result["MatchedSid"].clone())
    };
    let poll = "swf:pollForDecisionTask";
    let mine = json!({"SWF:taskList.Name": "mine"});
    assert_eq!(decide(poll, mine), ("allowed".into(), json!("Poll")));
    assert_eq!(decide(poll, json!({})), ("implicitDeny".into(), Value::Null));
    let never = decide("swf:DeprecateDomain", json!({}));
    assert_eq!(never, ("explicitDeny".into(), json!("Never")));
    let simulate = |more: Value| {
        let mut members = more;
        members["PolicySourceArn"] = source.as_str().into();
        members
    };
    check(
        &mut world,
        &[
            ("SimulatePrincipalPolicy", simulate(json!({})), "InvalidInput"),
            (
                "SimulatePrincipalPolicy",
                simulate(json!({"ActionNames": ["swf:Nothing"]})),
                "InvalidInput",
            ),
            (
                "SimulatePrincipalPolicy",
                simulate(
                    json!({"ActionNames": ["swf:ListDomains"], "Context": {"aws:Nothing": "1"}}),
                ),
                "InvalidInput",
            ),
            (
                "SimulatePrincipalPolicy",
                simulate(json!({"ActionNames": vec!["swf:ListDomains"; 101]})),
                "InvalidInput",
            ),
            (
                "SimulatePrincipalPolicy",
                simulate(json!({
                    "ActionNames": vec!["swf:ListDomains"; 11], "ResourceArns": vec!["*"; 91],
                })),
                "InvalidInput",
            ),
            (
                "SimulatePrincipalPolicy",
                simulate(json!({
                    "ActionNames": vec!["swf:ListDomains"; 10], "ResourceArns": vec!["*"; 100],
                })),
                "ok",
            ),
            (
                "SimulatePrincipalPolicy",
                simulate(
                    json!({"ActionNames": ["swf:ListDomains"], "ResourceArns": ["x".repeat(2049)]}),
                ),
                "InvalidInput",
            ),
            (
                "SimulatePrincipalPolicy",
                simulate(json!({
                    "ActionNames": ["swf:ListDomains"],
                    "Context": {format!("aws:RequestTag/{}", "x".repeat(2034)): "v"},
                })),
                "InvalidInput",
            ),
            (
                "SimulatePrincipalPolicy",
                json!({"PolicySourceArn": "arn:aws:iam::123456789012:user/bob", "ActionNames": ["swf:ListDomains"]}),
                "NoSuchEntity",
            ),
        ],
    );
    let many = json!({"ActionNames": vec!["swf:ListDomains"; 11], "ResourceArns": vec!["*"; 91]});
    let told = world.refused("SimulatePrincipalPolicy", simulate(many), "InvalidInput");
    assert_eq!(told, "A simulation judges each action on each resource, 1000 times at most.");
}
