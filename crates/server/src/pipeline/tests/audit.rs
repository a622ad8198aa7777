//! The audit: what its lines say of each kind of call, and what they leave out.

use super::signed::{HOST, LIST, SECRET, World, exchange};
use super::*;
use access::Signer;
use std::fmt::Debug;
use std::sync::Mutex;
use tracing::field::{Field, Visit};
use tracing::span;
use tracing::{Event, Metadata, Subscriber};

/// Keeps the lines of the audit, as `name=value` one after another, but for the request's id.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0 += &format!(" {field}={value:?}");
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0 += &format!(" {field}={value}");
    }
}

impl Subscriber for Kept {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "audit"
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().expect("nobody panics with it").push(line.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// The one line that the audit has of a request.
fn audited(pipeline: &Pipeline, request: Request<Full<Bytes>>) -> String {
    let kept = Kept::default();
    tracing::subscriber::with_default(kept.clone(), || exchange(pipeline, request));
    let lines = kept.0.lock().expect("nobody panics with it");
    assert_eq!(lines.len(), 1, "{lines:?}");
    let id = format!(" request_id={REQUEST_ID}");
    let line = lines[0].strip_prefix(" message=call").expect("it is one of a call");
    assert!(line.contains(&id), "{line}");
    line.replace(&id, "").trim().to_owned()
}

const ADA: &str = "principal=arn:aws:iam::123456789012:user/ada key=AKIDEXAMPLE";
const EVE: &str = "principal=arn:aws:iam::123456789012:user/eve key=AKIAEVE0000000000000";

#[test]
fn what_the_audit_says() {
    let world = World::new();
    let all = "resource=arn:aws:swf:us-east-1:123456789012:/domain/*";
    let one = "resource=arn:aws:swf:us-east-1:123456789012:/domain/d";
    let register = r#"{"name":"d","workflowExecutionRetentionPeriodInDays":"1"}"#;
    let wrong = Signer::new("AKIDEXAMPLE", "wrong", "us-east-1");
    let ada = |operation: &str, body: &str| world.signed("AKIDEXAMPLE", operation, body);
    let eve = |operation: &str, body: &str| world.signed("AKIAEVE0000000000000", operation, body);
    let root = Signer::new("AKIAROOT000000000000", SECRET, "us-east-1").for_service("iam");
    let create = r#"{"UserName":"new"}"#;
    for (request, line) in [
        (
            ada("ListDomains", LIST),
            format!("{ADA} action=swf:ListDomains {all} decision=allowed sid=All status=200 source=127.0.0.1"),
        ),
        (
            ada("RegisterDomain", register),
            format!("{ADA} action=swf:RegisterDomain {one} decision=allowed sid=All status=200 source=127.0.0.1"),
        ),
        // Allowed, and refused all the same.
        (
            ada("RegisterDomain", register),
            format!("{ADA} action=swf:RegisterDomain {one} decision=allowed sid=All status=400 source=127.0.0.1"),
        ),
        (
            eve("DescribeDomain", r#"{"name":"d"}"#),
            format!("{EVE} action=swf:DescribeDomain {one} decision=denied status=400 source=127.0.0.1"),
        ),
        (
            eve("PollForActivityTask", r#"{"domain":"d","taskList":{"name":"a list"}}"#),
            format!("{EVE} action=swf:PollForActivityTask {one} task_list=a list decision=denied status=400 source=127.0.0.1"),
        ),
        (
            ada("RegisterActivityType", r#"{"domain":"d","name":"pack","version":"1","defaultTaskStartToCloseTimeout":"NONE"}"#),
            format!("{ADA} action=swf:RegisterActivityType {one} activity_type=pack activity_version=1 decision=allowed sid=All status=200 source=127.0.0.1"),
        ),
        (
            ada("DescribeActivityType", r#"{"domain":"d","activityType":{"name":"pack","version":"2"}}"#),
            format!("{ADA} action=swf:DescribeActivityType {one} activity_type=pack activity_version=2 decision=allowed sid=All status=400 source=127.0.0.1"),
        ),
        (
            ada("RegisterWorkflowType", r#"{"domain":"d","name":"order","version":"1","defaultTaskList":{"name":"l"}}"#),
            format!("{ADA} action=swf:RegisterWorkflowType {one} workflow_type=order workflow_version=1 decision=allowed sid=All status=200 source=127.0.0.1"),
        ),
        // The list is the type's, and judged; ids and tags are nobody's affair.
        (
            ada("StartWorkflowExecution", r#"{"domain":"d","workflowId":"secret","workflowType":{"name":"order","version":"1"},"tagList":["hidden"],"input":"hidden"}"#),
            format!("{ADA} action=swf:StartWorkflowExecution {one} task_list=l workflow_type=order workflow_version=1 decision=allowed sid=All status=400 source=127.0.0.1"),
        ),
        // It was not understood, so nobody was asked.
        (
            eve("DescribeDomain", "{"),
            format!("{EVE} action=swf:DescribeDomain decision=none status=400 source=127.0.0.1"),
        ),
        (
            world.signed_with(&wrong, &[], "ListDomains", LIST),
            "key=AKIDEXAMPLE action=swf:ListDomains decision=unauthenticated status=400 source=127.0.0.1".to_owned(),
        ),
        (
            without(ada("ListDomains", LIST), "authorization"),
            "action=swf:ListDomains decision=unauthenticated status=400 source=127.0.0.1".to_owned(),
        ),
        (
            ada("Bogus", LIST),
            "decision=unauthenticated status=400 source=127.0.0.1".to_owned(),
        ),
        (
            world.signed_with(&root, &[], "TidewheelIdentity.CreateUser", create),
            "principal=arn:aws:iam::123456789012:root key=AKIAROOT000000000000 \
             action=iam:CreateUser resource=arn:aws:iam::123456789012:user/new decision=allowed status=200 \
             source=127.0.0.1".to_owned(),
        ),
    ] {
        assert_eq!(audited(&world.pipeline, request), line);
    }
    assert_eq!(
        audited(&pipeline(), with(call("ListDomains", LIST), "host", HOST)),
        "action=swf:ListDomains decision=off status=200 source=127.0.0.1"
    );
}

/// An answer to a decision task is allowed, whatever becomes of its decisions.
#[test]
fn denied_decisions_are_counted() {
    let world = World::new();
    let done = |operation: &str, body: &str| {
        let (status, body) =
            exchange(&world.pipeline, world.signed("AKIDEXAMPLE", operation, body));
        assert_eq!(status, 200, "{operation}: {body}");
        body
    };
    done("RegisterDomain", r#"{"name":"d","workflowExecutionRetentionPeriodInDays":"1"}"#);
    done(
        "RegisterWorkflowType",
        r#"{"domain":"d","name":"w","version":"1","defaultTaskList":{"name":"l"},
            "defaultChildPolicy":"TERMINATE","defaultTaskStartToCloseTimeout":"10",
            "defaultExecutionStartToCloseTimeout":"1000"}"#,
    );
    done(
        "StartWorkflowExecution",
        r#"{"domain":"d","workflowId":"1","workflowType":{"name":"w","version":"1"}}"#,
    );
    let task = done("PollForDecisionTask", r#"{"domain":"d","taskList":{"name":"l"}}"#);
    let task: Value = serde_json::from_str(&task).expect("JSON");
    let policy = r#"{"Version":"2012-10-17","Statement":{"Sid":"Answers","Effect":"Allow",
        "Action":["swf:RespondDecisionTaskCompleted","swf:StartTimer"],"Resource":"*"}}"#;
    let put = serde_json::json!({
        "UserName": "eve", "PolicyName": "answers", "PolicyDocument": policy
    });
    world.administer("PutUserPolicy", put);
    let marker = |name: &str| {
        serde_json::json!({ "decisionType": "RecordMarker",
            "recordMarkerDecisionAttributes": { "markerName": name } })
    };
    let answer = serde_json::json!({ "taskToken": task["taskToken"], "decisions": [
        marker("one"),
        { "decisionType": "StartTimer",
          "startTimerDecisionAttributes": { "timerId": "t", "startToFireTimeout": "9" } },
        marker("two"),
    ] });
    let request =
        world.signed("AKIAEVE0000000000000", "RespondDecisionTaskCompleted", &answer.to_string());
    assert_eq!(
        audited(&world.pipeline, request),
        format!(
            "{EVE} action=swf:RespondDecisionTaskCompleted \
             resource=arn:aws:swf:us-east-1:123456789012:/domain/d decision=allowed sid=Answers \
             decisions_denied=2 status=200 source=127.0.0.1"
        )
    );
}

/// Whoever is let in leaves a line for each call, whatever strangers do.
#[test]
fn strangers_leave_so_many_lines_and_no_more() {
    const STRANGE: usize = 1_000;
    let kept = Kept::default();
    let world = World::new();
    let wrong = Signer::new("AKIDEXAMPLE", "wrong", "us-east-1");
    tracing::subscriber::with_default(kept.clone(), || {
        for _ in 0..STRANGE {
            exchange(&world.pipeline, world.signed_with(&wrong, &[], "ListDomains", LIST));
        }
        let elsewhere = Peer { address: [192, 0, 2, 9].into(), secure: false };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.expect("a runtime starts");
        for _ in 0..200 {
            let request = world.signed("AKIAEVE0000000000000", "ListDomains", LIST);
            runtime.block_on(world.pipeline.handle(elsewhere, request));
        }
        world.pipeline.close();
    });
    let lines = kept.0.lock().expect("nobody panics with it");
    let count = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
    assert_eq!(count("decision=denied"), 200);
    let strange = count("message=call key=AKIDEXAMPLE");
    assert!((100..STRANGE).contains(&strange), "{strange}");
    // A slow machine may say it in several lines.
    let left_out = lines.iter().filter_map(|line| {
        let line = line.strip_prefix(" message=left out decision=unauthenticated lines=")?;
        line.strip_suffix(" source=127.0.0.1")?.parse::<usize>().ok()
    });
    assert_eq!(strange + left_out.sum::<usize>(), STRANGE);
}

/// Health is asked for all the time, and other visitors want nothing of ours.
#[test]
fn what_is_no_call_is_not_audited() {
    let kept = Kept::default();
    let world = World::new();
    let get = |path: &str| {
        Request::get(path).header("host", HOST).body(Full::default()).expect("well-formed")
    };
    tracing::subscriber::with_default(kept.clone(), || {
        exchange(&world.pipeline, get("/readyz"));
        exchange(&world.pipeline, get("/favicon.ico"));
    });
    assert_eq!(*kept.0.lock().expect("nobody panics with it"), [""; 0]);
}
