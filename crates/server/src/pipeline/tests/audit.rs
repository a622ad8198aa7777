//! The audit: what its lines say of each kind of call, and what they leave out.

use super::signed::{HOST, LIST, SECRET, World, exchange};
use super::*;
use access::Signer;
use serde_json::json;
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
fn audited(pipeline: &Pipeline, request: Request<impl Body<Data = Bytes>>) -> String {
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
const BY_ALL: &str = "policy=all of arn:aws:iam::123456789012:user/ada statement=1 sid=All";
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
            format!("{ADA} action=swf:ListDomains {all} decision=allowed {BY_ALL} status=200 source=127.0.0.1"),
        ),
        (
            ada("RegisterDomain", register),
            format!("{ADA} action=swf:RegisterDomain {one} decision=allowed {BY_ALL} status=200 source=127.0.0.1"),
        ),
        // Allowed, and refused all the same.
        (
            ada("RegisterDomain", register),
            format!("{ADA} action=swf:RegisterDomain {one} decision=allowed {BY_ALL} status=400 source=127.0.0.1"),
        ),
        (
            eve("DescribeDomain", r#"{"name":"d"}"#),
            format!("{EVE} action=swf:DescribeDomain {one} decision=denied reason=implicit-identity status=400 source=127.0.0.1"),
        ),
        (
            eve("PollForActivityTask", r#"{"domain":"d","taskList":{"name":"a list"}}"#),
            format!("{EVE} action=swf:PollForActivityTask {one} task_list=a list decision=denied reason=implicit-identity status=400 source=127.0.0.1"),
        ),
        (
            ada("RegisterActivityType", r#"{"domain":"d","name":"pack","version":"1","defaultTaskStartToCloseTimeout":"NONE"}"#),
            format!("{ADA} action=swf:RegisterActivityType {one} activity_type=pack activity_version=1 decision=allowed {BY_ALL} status=200 source=127.0.0.1"),
        ),
        (
            ada("DescribeActivityType", r#"{"domain":"d","activityType":{"name":"pack","version":"2"}}"#),
            format!("{ADA} action=swf:DescribeActivityType {one} activity_type=pack activity_version=2 decision=allowed {BY_ALL} status=400 source=127.0.0.1"),
        ),
        (
            ada("RegisterWorkflowType", r#"{"domain":"d","name":"order","version":"1","defaultTaskList":{"name":"l"}}"#),
            format!("{ADA} action=swf:RegisterWorkflowType {one} workflow_type=order workflow_version=1 decision=allowed {BY_ALL} status=200 source=127.0.0.1"),
        ),
        // The list is the type's, and judged; ids and tags are nobody's affair.
        (
            ada("StartWorkflowExecution", r#"{"domain":"d","workflowId":"secret","workflowType":{"name":"order","version":"1"},"tagList":["hidden"],"input":"hidden"}"#),
            format!("{ADA} action=swf:StartWorkflowExecution {one} task_list=l workflow_type=order workflow_version=1 decision=allowed {BY_ALL} status=400 source=127.0.0.1"),
        ),
        // It was not understood, so nobody was asked.
        (
            eve("DescribeDomain", "{"),
            format!("{EVE} action=swf:DescribeDomain decision=none status=400 source=127.0.0.1"),
        ),
        (
            world.signed_with(&wrong, &[], "ListDomains", LIST),
            "key=AKIDEXAMPLE action=swf:ListDomains decision=unauthenticated reason=wrong-signature status=400 source=127.0.0.1".to_owned(),
        ),
        (
            without(ada("ListDomains", LIST), "authorization"),
            "action=swf:ListDomains decision=unauthenticated reason=no-credentials status=400 source=127.0.0.1".to_owned(),
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

const ROOT: &str = "principal=arn:aws:iam::123456789012:root key=AKIAROOT000000000000";

/// An operation on identities by the root or by someone with that key.
fn administering(world: &World, key: &str, operation: &str, body: &Value) -> Request<Full<Bytes>> {
    let signer = Signer::new(key, SECRET, "us-east-1").for_service("iam");
    let operation = format!("TidewheelIdentity.{operation}");
    world.signed_with(&signer, &[], &operation, &body.to_string())
}

/// The keys and policies that an operation gives or takes are told, and no secret.
#[test]
fn what_operations_on_identities_are_about() {
    let world = World::new();
    let role = "arn:aws:iam::123456789012:role/worker";
    let managed = "arn:aws:iam::123456789012:policy/listers";
    let user = "arn:aws:iam::123456789012:user/eve";
    let key = "AKIAEVE0000000000000";
    let document = r#"{"Version":"2012-10-17","Statement":[]}"#;
    let document =
        document.replace("[]", r#"{"Effect":"Allow","Action":"swf:List*","Resource":"*"}"#);
    world
        .administer("CreatePolicy", json!({ "PolicyName": "listers", "PolicyDocument": document }));
    world.administer("CreateGroup", json!({ "GroupName": "staff" }));
    for (operation, body, service, resource, about) in [
        (
            "UpdateAccessKey",
            json!({ "UserName": "eve", "AccessKeyId": key, "Status": "Inactive" }),
            "iam",
            user,
            format!("target_key={key} key_status=Inactive"),
        ),
        (
            "DeleteAccessKey",
            json!({ "UserName": "eve", "AccessKeyId": key }),
            "iam",
            user,
            format!("target_key={key}"),
        ),
        (
            "ImportAccessKey",
            json!({ "UserName": "eve", "AccessKeyId": key, "SecretAccessKey": SECRET }),
            "tidewheel",
            user,
            format!("target_key={key} key_status=Active"),
        ),
        (
            "PutUserPolicy",
            json!({ "UserName": "eve", "PolicyName": "own", "PolicyDocument": document }),
            "iam",
            user,
            "target_policy=own".to_owned(),
        ),
        (
            "DeleteUserPolicy",
            json!({ "UserName": "eve", "PolicyName": "own" }),
            "iam",
            user,
            "target_policy=own".to_owned(),
        ),
        (
            "AttachRolePolicy",
            json!({ "RoleName": "worker", "PolicyArn": managed }),
            "iam",
            role,
            format!("target_policy={managed}"),
        ),
        (
            "DetachRolePolicy",
            json!({ "RoleName": "worker", "PolicyArn": managed }),
            "iam",
            role,
            format!("target_policy={managed}"),
        ),
        (
            "PutRolePermissionsBoundary",
            json!({ "RoleName": "worker", "PermissionsBoundary": managed }),
            "iam",
            role,
            format!("target_policy={managed}"),
        ),
        (
            "CreateUser",
            json!({ "UserName": "new", "PermissionsBoundary": managed }),
            "iam",
            "arn:aws:iam::123456789012:user/new",
            format!("target_policy={managed}"),
        ),
        (
            "AddUserToGroup",
            json!({ "GroupName": "staff", "UserName": "eve" }),
            "iam",
            "arn:aws:iam::123456789012:group/staff",
            "target_user=eve".to_owned(),
        ),
        (
            "RemoveUserFromGroup",
            json!({ "GroupName": "staff", "UserName": "eve" }),
            "iam",
            "arn:aws:iam::123456789012:group/staff",
            "target_user=eve".to_owned(),
        ),
    ] {
        let request = administering(&world, "AKIAROOT000000000000", operation, &body);
        let line = format!(
            "{ROOT} action={service}:{operation} resource={resource} {about} decision=allowed \
             status=200 source=127.0.0.1"
        );
        assert_eq!(audited(&world.pipeline, request), line);
        // Who may not has tried it.
        let request = administering(&world, "AKIABOB0000000000000", operation, &body);
        let line = audited(&world.pipeline, request);
        let denied = format!(" {about} decision=denied reason=implicit-identity status=400 ");
        assert!(line.contains(&denied), "{line}");
    }
}

/// Keys that are made or lent are told by their ids, so that their calls can be found.
#[test]
fn keys_that_are_issued_are_told() {
    let world = World::new();
    let issued = |request: Request<Full<Bytes>>| {
        let line = audited(&world.pipeline, request);
        let (before, rest) = line.split_once("issued_key=").expect("a key was issued");
        let (key, after) = rest.split_once(' ').expect("there is more");
        assert!(!line.contains("secret") && key.len() <= 32, "{line}");
        (key[..4].to_owned(), format!("{before}{after}"))
    };
    let role = "arn:aws:iam::123456789012:role/worker";
    let ask = json!({ "RoleArn": role, "RoleSessionName": "shift" });
    assert_eq!(
        issued(administering(&world, "AKIDEXAMPLE", "AssumeRole", &ask)),
        (
            "ASIA".to_owned(),
            format!(
                "{ADA} action=sts:AssumeRole resource={role} session=shift decision=allowed \
                 policy=role of arn:aws:iam::123456789012:user/ada statement=1 sid=Role status=200 \
                 source=127.0.0.1"
            )
        )
    );
    let ask = json!({ "UserName": "eve" });
    assert_eq!(
        issued(administering(&world, "AKIAROOT000000000000", "CreateAccessKey", &ask)),
        (
            "AKIA".to_owned(),
            format!(
                "{ROOT} action=iam:CreateAccessKey resource=arn:aws:iam::123456789012:user/eve \
                 key_status=Active decision=allowed status=200 source=127.0.0.1"
            )
        )
    );
}

/// Where the policies allow, and something else does not.
#[test]
fn what_is_refused_by_itself_has_a_reason_of_its_own() {
    let world = World::new();
    let account = json!({ "AccountId": "111111111111" });
    let line = audited(
        &world.pipeline,
        administering(&world, "AKIAROOT000000000000", "CreateAccount", &account),
    );
    assert!(line.contains(" decision=denied reason=operation status=400 "), "{line}");
    let role = "arn:aws:iam::123456789012:role/missing";
    let ask = json!({ "RoleArn": role, "RoleSessionName": "shift" });
    assert_eq!(
        audited(&world.pipeline, administering(&world, "AKIDEXAMPLE", "AssumeRole", &ask)),
        format!(
            "{ADA} action=sts:AssumeRole resource={role} session=shift decision=denied \
             reason=trust status=400 source=127.0.0.1"
        )
    );
}

/// One row of each reason; that nobody looks any more has a test of its own.
#[test]
fn why_strangers_are_not_let_in() {
    let world = World::new();
    let (signer, token) = world.session();
    let lent = |token: &str| {
        world.signed_with(&signer, &[("x-amz-security-token", token)], "ListDomains", LIST)
    };
    let ada = || world.signed("AKIDEXAMPLE", "ListDomains", LIST);
    let line = |key: &str, reason: &str| {
        format!(
            "{key} action=swf:ListDomains decision=unauthenticated reason={reason} status=400 \
             source=127.0.0.1"
        )
        .trim()
        .to_owned()
    };
    let known = "key=AKIDEXAMPLE";
    let nobody = world.signed("AKIANOBODY0000000000", "ListDomains", LIST);
    let wrong = Signer::new("AKIDEXAMPLE", "wrong", "us-east-1");
    let elsewhere = Signer::new("AKIDEXAMPLE", SECRET, "us-east-1").for_service("iam");
    for (request, key, reason) in [
        (without(ada(), "authorization"), "", "no-credentials"),
        (with(ada(), "authorization", "AWS4-HMAC-SHA256 x"), "", "malformed"),
        (with(ada(), "x-amz-date", "noon"), known, "malformed"),
        (world.signed_with(&elsewhere, &[], "ListDomains", LIST), known, "malformed"),
        (nobody, "key=AKIANOBODY0000000000", "unknown-key"),
        (with(ada(), "x-amz-security-token", "none"), known, "wrong-token"),
        (lent("none"), "key=ASIA", "wrong-token"),
        (world.signed_with(&wrong, &[], "ListDomains", LIST), known, "wrong-signature"),
    ] {
        let said = audited(&world.pipeline, request);
        // The ids of sessions' keys are different each time.
        let said = match said.strip_prefix("key=ASIA") {
            Some(rest) => format!("key=ASIA {}", rest.split_once(' ').expect("more").1),
            None => said,
        };
        assert_eq!(said, line(key, reason));
    }
    let early = ada();
    world.clock.go(16);
    assert_eq!(audited(&world.pipeline, early), line(known, "skewed-clock"));
    let said = audited(&world.pipeline, lent(&token));
    assert!(said.contains(" decision=unauthenticated reason=expired-session "), "{said}");
    let disable = json!({ "UserName": "ada", "AccessKeyId": "AKIDEXAMPLE", "Status": "Inactive" });
    world.administer("UpdateAccessKey", disable);
    assert_eq!(audited(&world.pipeline, ada()), line(ADA, "disabled-key"));
}

/// Nothing was wrong with these: nobody looked at them.
#[test]
fn whom_nobody_looked_at() {
    let world = World::new();
    signed::guess(&world, "AKIDEXAMPLE");
    // The guesses had all the lines that there are.
    let strangers = Mutex::new(Strangers::new(Instant::now().into_std()));
    let most = Fault::BODY_BYTES_MAX;
    let bodies = Arc::new(Bodies::new(most, most));
    let world = World { pipeline: Pipeline { strangers, bodies, ..world.pipeline }, ..world };
    assert_eq!(
        audited(&world.pipeline, world.signed("AKIDEXAMPLE", "ListDomains", LIST)),
        "key=AKIDEXAMPLE action=swf:ListDomains decision=throttled reason=too-many-failures \
         status=400 source=127.0.0.1"
    );
    let other = world.pipeline.bodies.begin(Network::of([192, 0, 2, 9].into()));
    let (part, rest) = LIST.split_at(5);
    let body = Parted(vec![part, rest], Some(other));
    assert_eq!(
        audited(&world.pipeline, call("ListDomains", "").map(|_| body)),
        "action=swf:ListDomains decision=throttled reason=no-room status=400 source=127.0.0.1"
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
    let put = json!({
        "UserName": "eve", "PolicyName": "answers", "PolicyDocument": policy
    });
    world.administer("PutUserPolicy", put);
    let marker = |name: &str| {
        json!({ "decisionType": "RecordMarker",
            "recordMarkerDecisionAttributes": { "markerName": name } })
    };
    let answer = json!({ "taskToken": task["taskToken"], "decisions": [
        marker("one"),
        { "decisionType": "StartTimer",
          "startTimerDecisionAttributes": { "timerId": "t", "startToFireTimeout": "9" } },
        marker("two"),
    ] });
    let request =
        world.signed("AKIAEVE0000000000000", "RespondDecisionTaskCompleted", &answer.to_string());
    let run = task["workflowExecution"]["runId"].as_str().expect("a text");
    assert_eq!(
        audited(&world.pipeline, request),
        format!(
            "{EVE} action=swf:RespondDecisionTaskCompleted \
             resource=arn:aws:swf:us-east-1:123456789012:/domain/d decision=allowed \
             policy=answers of arn:aws:iam::123456789012:user/eve statement=1 sid=Answers \
             decisions_denied=2 denied_actions=swf:RecordMarker run_id={run} status=200 source=127.0.0.1"
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
