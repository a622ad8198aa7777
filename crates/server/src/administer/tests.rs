//! Operations as they come in: who may, what is refused and how, and that nobody is let in without
//! access control.

mod demands;

use super::*;
use access::identity::{CreateAccessKey, Folded, KeyOwner, Keyring, MASTER_KEY_BYTES};
use access::{Denial, DenialReason, KeyRef, Origin};
use serde_json::Value;
use service::Entropy;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Waker};
use store::memory::Memory;
use wire::Timestamp;

const ACCOUNT: &str = "000000000000";
const ROOT: &str = "arn:aws:iam::000000000000:root";

/// Whoever administers the data directory itself.
const OPERATOR: Asking<'_> = Asking {
    account: ACCOUNT,
    caller: None,
    origin: None,
    region: "us-east-1",
    short_secrets: false,
};

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp(1_440_938_160_000)
    }
}

/// Different bytes each time.
#[derive(Default)]
struct Counted(AtomicU8);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
    }
}

fn administration() -> Administration {
    administration_on(Arc::new(Memory::default()))
}

fn administration_on(store: Arc<Memory>) -> Administration {
    Administration::new(identities_on(store), Arc::new(Noon))
}

fn identities_on(store: Arc<Memory>) -> Identities {
    let line = Keyring::line("test", &[7; MASTER_KEY_BYTES]);
    let keyring = Keyring::parse(line.expose()).expect("a line is a ring");
    let entropy = Arc::new(Counted::default());
    let mut identities = Identities::open("test", store, entropy, keyring, Noon.now())
        .expect("what the store has can be read");
    if identities.reader().directory().account(ACCOUNT).is_none() {
        let account =
            access::identity::CreateAccount { account_id: ACCOUNT.to_owned(), account_name: None };
        identities.handle(&account.into(), &OPERATOR, Noon.now()).expect("there is room");
    }
    identities
}

/// The root or a user by their resource name, with the key that they have from the first time.
fn caller(administration: &Administration, arn: &str) -> Caller {
    let principal = administration.reader().directory().principal(ACCOUNT, arn);
    let user_name = principal.as_ref().and_then(|principal| principal.user_name.clone());
    let owner = user_name.as_ref().map_or(KeyOwner::Root, |name| KeyOwner::User(Folded::of(name)));
    let held = |administration: &Administration| {
        let directory = administration.reader().directory();
        directory.keys_of(ACCOUNT, &owner).next().map(|key| key.id.clone())
    };
    if held(administration).is_none() {
        let request = CreateAccessKey {
            user_name: user_name.as_deref().map(str::to_owned),
            root: user_name.is_none(),
        };
        let made = administration
            .with(|identities| identities.handle(&request.into(), &OPERATOR, Noon.now()));
        made.expect("there is room for a key");
    }
    let access_key_id = held(administration).expect("there is a key");
    let key = KeyRef { access_key_id, session: None };
    Caller {
        account: ACCOUNT.into(),
        region: "us-east-1".into(),
        authority: Authority::Principal(principal.expect("they are there"), key),
        origin: Arc::new(Origin::default()),
    }
}

fn ask(administration: &Administration, arn: &str, operation: &str, body: Value) -> Administered {
    let caller = caller(administration, arn);
    let administered = administration.administer(&caller, operation, body.to_string().as_bytes());
    administered.expect("the key is good")
}

/// How it is answered: the status and the body.
fn told(administered: Administered) -> (u16, Value) {
    let answer = answer(administered.reply);
    (answer.status.as_u16(), serde_json::from_slice(&answer.body).expect("it is JSON"))
}

fn done(administration: &Administration, operation: &str, body: Value) -> Value {
    let (status, answer) = told(ask(administration, ROOT, operation, body));
    assert_eq!(status, 200, "{operation}: {answer}");
    answer
}

/// A user with one policy.
fn user(administration: &Administration, name: &str, statement: Value) -> String {
    done(administration, "CreateUser", json!({ "UserName": name }));
    let document = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    let policy = json!({ "UserName": name, "PolicyName": "p", "PolicyDocument": document });
    done(administration, "PutUserPolicy", policy);
    format!("arn:aws:iam::{ACCOUNT}:user/{name}")
}

#[test]
fn targets_are_recognized() {
    for (target, operation) in [
        ("TidewheelIdentity.CreateUser", Some(Some("CreateUser"))),
        ("TidewheelIdentity.DropTables", Some(None)),
        ("SimpleWorkflowService.ListDomains", None),
        ("XTidewheelIdentity.CreateUser", None),
        ("CreateUser", None),
    ] {
        assert_eq!(administered_operation(target), operation, "{target}");
    }
}

#[test]
fn the_root_may_and_the_secret_is_shown_once() {
    let administration = administration();
    done(&administration, "CreateUser", json!({ "UserName": "ada" }));
    let key = done(&administration, "CreateAccessKey", json!({ "UserName": "ada" }));
    let secret = key["AccessKey"]["SecretAccessKey"].as_str().expect("it is shown");
    assert_eq!(secret.len(), 40);
    let listed = done(&administration, "ListAccessKeys", json!({ "UserName": "ada" }));
    assert!(!listed.to_string().contains(secret), "{listed}");
}

#[test]
fn a_user_may_what_the_policies_allow_on_what_they_allow_it() {
    let administration = administration();
    let statement = json!({
        "Effect": "Allow",
        "Action": ["iam:CreateAccessKey", "iam:ListAccessKeys"],
        "Resource": "arn:aws:iam::000000000000:user/${aws:username}",
    });
    let ada = user(&administration, "ada", statement);
    user(&administration, "bob", json!({"Effect": "Allow", "Action": "swf:*", "Resource": "*"}));
    let own = ask(&administration, &ada, "CreateAccessKey", json!({}));
    let judged = own.judged.clone().expect("it was judged");
    assert_eq!((judged.0, &*judged.1), (Action::CreateAccessKey, ada.as_str()));
    assert_eq!(told(own).0, 200);
    let others = ask(&administration, &ada, "CreateAccessKey", json!({ "UserName": "bob" }));
    assert_eq!(
        told(others),
        (
            400,
            json!({
                "__type": "com.tidewheel.identity#AccessDenied",
                "message": "User: arn:aws:iam::000000000000:user/ada is not authorized to \
                            perform: iam:CreateAccessKey on resource: \
                            arn:aws:iam::000000000000:user/bob because no identity-based policy \
                            allows the iam:CreateAccessKey action",
            })
        )
    );
}

/// A request that waits is worth what its sender may when its turn comes, not when it was sent.
#[test]
fn rights_are_those_of_when_the_turn_comes() {
    let administration = administration();
    let all = json!({"Effect": "Allow", "Action": "iam:*", "Resource": "*"});
    let ada = user(&administration, "ada", all);
    let sent = caller(&administration, &ada);
    let create = |name: &str| {
        let body = json!({ "UserName": name }).to_string();
        administration.administer(&sent, "CreateUser", body.as_bytes())
    };
    assert_eq!(told(create("one").expect("the key is good")).0, 200);
    done(&administration, "DeleteUserPolicy", json!({ "UserName": "ada", "PolicyName": "p" }));
    let (status, body) = told(create("two").expect("the key is good"));
    assert_eq!((status, &body["__type"]), (400, &json!("com.tidewheel.identity#AccessDenied")));
    let Authority::Principal(_, key) = &sent.authority else { panic!("ada is somebody") };
    let disable =
        json!({ "UserName": "ada", "AccessKeyId": *key.access_key_id, "Status": "Inactive" });
    done(&administration, "UpdateAccessKey", disable);
    assert_eq!(create("three").expect_err("the key is not good"), Fault::UnrecognizedClient);
    let directory = administration.reader().directory();
    assert_eq!(
        directory.users(ACCOUNT).map(|user| &*user.name).collect::<Vec<_>>(),
        ["ada", "one"]
    );
}

/// What the role says of its sender is noted as what policies say.
#[test]
fn who_assumes_a_role_is_noted() {
    let administration = administration();
    let ada = user(
        &administration,
        "ada",
        json!({"Effect": "Allow", "Action": "swf:*", "Resource": "*"}),
    );
    let bob = user(
        &administration,
        "bob",
        json!({"Effect": "Allow", "Action": "swf:*", "Resource": "*"}),
    );
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ada}},
    });
    let role = json!({ "RoleName": "r", "AssumeRolePolicyDocument": trust.to_string() });
    done(&administration, "CreateRole", role);
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/r");
    let assume = json!({ "RoleArn": arn, "RoleSessionName": "session" });
    let denied = Verdict::Denied(Denial { reason: DenialReason::ImplicitIdentity, by: None });
    for (by, verdict) in [(&ada, Verdict::Allowed(None)), (&bob, denied)] {
        let judged = ask(&administration, by, "AssumeRole", assume.clone()).judged;
        let said = Decided::Said(verdict);
        assert_eq!(judged, Some((Action::AssumeRole, arn.as_str().into(), said)), "{by}");
    }
    let judged = ask(&administration, &bob, "GetCallerIdentity", json!({})).judged;
    let allowed = Decided::Said(Verdict::Allowed(None));
    assert_eq!(judged, Some((Action::GetCallerIdentity, bob.as_str().into(), allowed)));
}

/// Every operation but these two is denied to whom nothing is allowed, and changes nothing.
#[test]
fn a_user_without_policies_may_nothing() {
    let administration = administration();
    done(&administration, "CreateUser", json!({ "UserName": "ada" }));
    let ada = format!("arn:aws:iam::{ACCOUNT}:user/ada");
    caller(&administration, &ada);
    let before = administration.reader().directory();
    for operation in IdentityRequest::OPERATIONS {
        let administered = ask(&administration, &ada, operation, json!({}));
        let free = ["GetCallerIdentity", "AssumeRole"].contains(operation);
        let denied = matches!(administered.judged, Some((_, _, Decided::Said(Verdict::Denied(_)))));
        assert_eq!(denied, !free, "{operation}");
        if *operation != "GetCallerIdentity" {
            let (status, body) = told(administered);
            assert_eq!(status, 400, "{operation}: {body}");
            let denied = body["__type"] == "com.tidewheel.identity#AccessDenied";
            assert!(denied || free, "{operation}: {body}");
        }
    }
    assert_eq!(administration.reader().directory(), before);
}

/// What the audit is told: the action, the resource, what was decided, and by which statement.
fn audited(administered: Administered) -> Option<(String, String, &'static str, Option<String>)> {
    let (action, resource, decided) = administered.judged?;
    let (decision, sid) = match decided {
        Decided::Said(verdict) => {
            let sid = verdict.by().and_then(|by| by.sid.as_deref().map(str::to_owned));
            let decision = match verdict {
                Verdict::Allowed(_) => "allowed",
                Verdict::Denied(denial) => denial.reason.word(),
            };
            (decision, sid)
        }
        Decided::Untrusted => ("untrusted", None),
        Decided::Refused => ("refused", None),
    };
    Some((action.to_string(), resource.to_string(), decision, sid))
}

#[test]
fn the_audit_is_told_what_came_of_it() {
    let administration = administration();
    let may = json!({
        "Sid": "May", "Effect": "Allow", "Action": "sts:AssumeRole",
        "Resource": format!("arn:aws:iam::{ACCOUNT}:role/*"),
    });
    let not = json!({"Sid": "Not", "Effect": "Deny", "Action": "sts:*", "Resource": "*"});
    let (ada, eve) = (user(&administration, "ada", may), user(&administration, "eve", not));
    done(&administration, "CreateUser", json!({ "UserName": "bob" }));
    let bob = format!("arn:aws:iam::{ACCOUNT}:user/bob");
    for (role, trusted) in [("all", ROOT), ("bobs", bob.as_str())] {
        let statement = json!({
            "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "AWS": trusted },
        });
        let trust = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
        let role = json!({ "RoleName": role, "AssumeRolePolicyDocument": trust });
        done(&administration, "CreateRole", role);
    }
    for (who, role, decision, sid) in [
        (ada.as_str(), "all", "allowed", Some("May")),
        (&ada, "bobs", "untrusted", None),
        (&ada, "missing", "untrusted", None),
        (&bob, "bobs", "allowed", None),
        (&bob, "all", "implicit-identity", None),
        (&eve, "all", "explicit-identity", Some("Not")),
        // Whatever the role says.
        (ROOT, "all", "refused", None),
    ] {
        let arn = format!("arn:aws:iam::{ACCOUNT}:role/{role}");
        let request = json!({ "RoleArn": arn, "RoleSessionName": "nightly" });
        let told = audited(ask(&administration, who, "AssumeRole", request));
        let action = "sts:AssumeRole".to_owned();
        assert_eq!(told, Some((action, arn, decision, sid.map(str::to_owned))), "{who} {role}");
    }
    // A role's tags are those of what is assumed.
    let unless = json!({
        "Sid": "Tagged", "Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*",
        "Condition": { "StringEquals": { "aws:ResourceTag/env": "prod" } },
    });
    let zoe = user(&administration, "zoe", unless);
    let tags = json!([{ "Key": "env", "Value": "prod" }]);
    done(&administration, "TagRole", json!({ "RoleName": "all", "Tags": tags }));
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/all");
    let request = json!({ "RoleArn": arn, "RoleSessionName": "nightly" });
    let told = audited(ask(&administration, &zoe, "AssumeRole", request));
    assert_eq!(
        told,
        Some(("sts:AssumeRole".to_owned(), arn, "explicit-identity", Some("Tagged".to_owned())))
    );
    let told = audited(ask(&administration, &eve, "GetCallerIdentity", json!({})));
    assert_eq!(told, Some(("sts:GetCallerIdentity".to_owned(), eve, "allowed", None)));
    let account = json!({ "AccountId": "111111111111" });
    let told = audited(ask(&administration, ROOT, "CreateAccount", account));
    let (action, _, decision, sid) = told.expect("it was judged");
    assert_eq!((action.as_str(), decision, sid), ("tidewheel:CreateAccount", "refused", None));
}

/// Many judgments in one request, and nothing that they could change.
#[test]
fn a_simulation_waits_for_nobody_and_is_judged() {
    let administration = administration();
    let ada = user(
        &administration,
        "ada",
        json!({"Effect": "Allow", "Action": "swf:*", "Resource": "*"}),
    );
    let simulate = json!({"PolicySourceArn": ada, "ActionNames": ["swf:ListDomains"]});
    let (status, answer) =
        told(ask(&administration, &ada, "SimulatePrincipalPolicy", simulate.clone()));
    assert_eq!(status, 400);
    assert_eq!(answer["__type"], "com.tidewheel.identity#AccessDenied", "she may not ask");
    let root = caller(&administration, ROOT);
    let (tell, hear) = std::sync::mpsc::channel();
    let (administration, body) = (&administration, simulate.to_string());
    let answered = std::thread::scope(|scope| {
        administration.with(|_changing| {
            scope.spawn(move || {
                let operation = "SimulatePrincipalPolicy";
                let administered = administration.administer(&root, operation, body.as_bytes());
                tell.send(administered.expect("the key is good")).expect("it is waited for");
            });
            hear.recv_timeout(std::time::Duration::from_secs(10))
        })
    });
    let (status, answer) = told(answered.expect("it waits for nobody"));
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["EvaluationResults"][0]["EvalDecision"], "allowed");
}

#[test]
fn tags_that_are_there_and_tags_that_are_given_count() {
    let administration = administration();
    let statement = json!({
        "Effect": "Allow", "Action": ["iam:CreateUser", "iam:TagUser"], "Resource": "*",
        "Condition": {"StringEquals": {"aws:RequestTag/team": "a"}},
    });
    let ada = user(&administration, "ada", statement);
    let tagged = |team: &str, name: &str| json!({ "UserName": name, "Tags": [{ "Key": "team", "Value": team }] });
    assert_eq!(told(ask(&administration, &ada, "CreateUser", tagged("a", "one"))).0, 200);
    assert_eq!(told(ask(&administration, &ada, "CreateUser", tagged("b", "two"))).0, 400);
    let statement = json!({
        "Effect": "Allow", "Action": "iam:DeleteUser", "Resource": "*",
        "Condition": {"StringEquals": {"aws:ResourceTag/team": "a"}},
    });
    let bob = user(&administration, "bob", statement);
    assert_eq!(told(ask(&administration, &bob, "DeleteUser", json!({ "UserName": "ada" }))).0, 400);
    assert_eq!(told(ask(&administration, &bob, "DeleteUser", json!({ "UserName": "one" }))).0, 200);
}

/// As AWS's documents delegate: attach anything but one policy; make users that are bound alone.
#[test]
fn whoever_administers_a_part_does_not_reach_the_rest() {
    let administration = administration();
    let all = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
    for name in ["all", "some"] {
        let policy = json!({ "PolicyName": name, "PolicyDocument": all.to_string() });
        done(&administration, "CreatePolicy", policy);
    }
    let policy = |name: &str| format!("arn:aws:iam::{ACCOUNT}:policy/{name}");
    let statement = json!({
        "Effect": "Allow",
        "Action": ["iam:AttachUserPolicy", "iam:AttachGroupPolicy", "iam:AttachRolePolicy"],
        "Resource": "*",
        "Condition": {"ArnNotEquals": {"iam:PolicyARN": policy("all")}},
    });
    let ada = user(&administration, "ada", statement);
    let statement = json!({
        "Effect": "Allow", "Action": ["iam:*User*"], "Resource": "*",
        "Condition": {"StringEquals": {"iam:PermissionsBoundary": policy("some")}},
    });
    let bob = user(&administration, "bob", statement);
    let attach = |name: &str| json!({ "UserName": "ada", "PolicyArn": policy(name) });
    let bound =
        |name: &str, to: &str| json!({ "UserName": name, "PermissionsBoundary": policy(to) });
    let give = |name: &str| json!({ "UserName": name, "PolicyName": "p", "PolicyDocument": all.to_string() });
    for (by, operation, body, status) in [
        (&ada, "AttachUserPolicy", attach("all"), 400),
        (&ada, "AttachUserPolicy", attach("some"), 200),
        (&bob, "CreateUser", json!({ "UserName": "free" }), 400),
        (&bob, "CreateUser", bound("other", "all"), 400),
        (&bob, "CreateUser", bound("bounded", "some"), 200),
        (&bob, "PutUserPolicy", give("bounded"), 200),
        (&bob, "PutUserPolicy", give("bob"), 400),
        (&bob, "AttachUserPolicy", json!({ "UserName": "bob", "PolicyArn": policy("all") }), 400),
        (&bob, "PutUserPermissionsBoundary", bound("bounded", "all"), 400),
        (&bob, "DeleteUserPolicy", json!({ "UserName": "ada", "PolicyName": "p" }), 400),
        (&bob, "DeleteUserPolicy", json!({ "UserName": "bounded", "PolicyName": "p" }), 200),
    ] {
        let (told, body) = told(ask(&administration, by, operation, body));
        assert_eq!(told, status, "{by} {operation}: {body}");
    }
}

#[test]
fn refusals_have_names_and_a_body_that_is_none_is_not_quoted() {
    let administration = administration();
    let root = caller(&administration, ROOT);
    for (operation, body, code) in [
        ("GetUser", r#"{"UserName":"nobody"}"#, "NoSuchEntity"),
        ("GetUsr", "{}", "InvalidAction"),
        (
            "ImportAccessKey",
            r#"{"SecretAccessKey":"canary-secret","Nonsense":1}"#,
            "ValidationError",
        ),
        ("ImportAccessKey", r#"{"SecretAccessKey":"canary-secret""#, "ValidationError"),
        ("CreateAccount", r#"{"AccountId":"111111111111"}"#, "AccessDenied"),
    ] {
        let administered = administration.administer(&root, operation, body.as_bytes());
        let administered = administered.expect("the key is good");
        let (status, told) = told(administered);
        assert_eq!(status, 400);
        assert_eq!(told["__type"], format!("com.tidewheel.identity#{code}"), "{told}");
        assert!(!told.to_string().contains("canary"), "{told}");
    }
}

/// Denials quote it, and the audit notes it: neither is as long as whoever asks likes.
#[test]
fn a_name_that_is_too_long_is_neither_quoted_nor_noted() {
    let administration = administration();
    done(&administration, "CreateUser", json!({ "UserName": "ada" }));
    let ada = format!("arn:aws:iam::{ACCOUNT}:user/ada");
    let long = "x".repeat(100_000);
    for (operation, body) in [
        ("GetUser", json!({ "UserName": long })),
        ("GetPolicy", json!({ "PolicyArn": long })),
        ("CreateRole", json!({ "RoleName": "r", "Path": long })),
        ("AssumeRole", json!({ "RoleArn": long, "RoleSessionName": "session" })),
    ] {
        let administered = ask(&administration, &ada, operation, body);
        assert_eq!(administered.judged, None, "{operation}");
        let (_, body) = told(administered);
        assert_eq!(body["__type"], "com.tidewheel.identity#ValidationError", "{operation}");
        assert!(body.to_string().len() < 1000, "{operation}");
    }
}

/// Whoever reaches a server that asks nobody could otherwise make themselves a key for later.
#[test]
fn without_access_control_nothing_is_administered() {
    let administration = administration();
    let nobody = Caller::unrestricted(ACCOUNT.into(), "us-east-1".into());
    for operation in IdentityRequest::OPERATIONS {
        let administered = administration.administer(&nobody, operation, b"{}");
        let (status, body) = told(administered.expect("nobody has no key"));
        assert_eq!(status, 400);
        assert_eq!(body["__type"], "com.tidewheel.identity#AccessDenied", "{operation}");
    }
}

#[tokio::test]
async fn an_answer_is_http() {
    let administration = Arc::new(administration());
    let root = caller(&administration, ROOT);
    let answered = administration.answer(root, "ListUsers".to_owned(), b"{}".to_vec()).await;
    let (answer, judged, about) = answered.expect("the key is good");
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(&answer.body[..], br#"{"Users":[],"IsTruncated":false}"#);
    assert!(matches!(judged, Some((Action::ListUsers, _, Decided::Said(Verdict::Allowed(_))))));
    assert_eq!(about, About::default());
}

/// A client that leaves does not make room: what it asked for goes on.
#[tokio::test]
async fn operations_under_way_are_as_few_when_nobody_waits_for_them() {
    let administration = Arc::new(administration());
    let root = caller(&administration, ROOT);
    {
        let _held = administration.identities.lock().expect("nobody has panicked");
        for _ in 0..UNDER_WAY_MAX {
            let this = Arc::clone(&administration);
            let mut left =
                Box::pin(this.answer(root.clone(), "ListUsers".to_owned(), b"{}".to_vec()));
            let polled = left.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending());
        }
        assert_eq!(administration.room.available_permits(), 0);
    }
    // They come to their end.
    for _ in 0..UNDER_WAY_MAX {
        administration.room.acquire().await.expect("it is never closed").forget();
    }
}

/// A document may be long. Whoever may not import does not have it read.
#[test]
fn an_import_is_judged_before_its_document_is_read() {
    let administration = administration();
    done(&administration, "CreateUser", json!({ "UserName": "ada" }));
    let ada = caller(&administration, &format!("arn:aws:iam::{ACCOUNT}:user/ada"));
    let root = caller(&administration, ROOT);
    for (by, code) in [(ada, "AccessDenied"), (root, "ValidationError")] {
        let administered = administration.administer(&by, "ImportIdentities", b"{ no document");
        let administered = administered.expect("the key is good");
        assert_eq!(administered.judged.is_some(), code == "AccessDenied");
        let (_, body) = told(administered);
        assert_eq!(body["__type"], format!("com.tidewheel.identity#{code}"), "{body}");
    }
}

/// What is in memory then may be wrong: it is claimed and read again.
#[test]
fn a_panic_costs_its_own_request() {
    let store = Arc::new(Memory::default());
    let administration = administration_on(Arc::clone(&store));
    caller(&administration, ROOT);
    std::thread::scope(|scope| {
        let panics = scope.spawn(|| administration.with(|_| panic!("in the middle of something")));
        assert!(panics.join().is_err());
    });
    // Somebody else has the claim meanwhile: what is in memory is old.
    let mut other = identities_on(store);
    let bob = IdentityRequest::parse("CreateUser", br#"{"UserName":"bob"}"#).expect("it is one");
    other.handle(&bob, &OPERATOR, Noon.now()).expect("it is new");
    done(&administration, "CreateUser", json!({ "UserName": "ada" }));
    let directory = administration.reader().directory();
    let names: Vec<&str> = directory.users(ACCOUNT).map(|user| &*user.name).collect();
    assert_eq!(names, ["ada", "bob"]);
    administration.with(|identities| identities.flush(Noon.now())).expect("it is written");
}

/// Rights are judged by what is read again, and not by what a panic has left.
#[test]
fn rights_that_were_taken_away_by_another_holder_are_gone_after_a_panic() {
    let store = Arc::new(Memory::default());
    let administration = administration_on(Arc::clone(&store));
    let all = json!({ "Effect": "Allow", "Action": "iam:*", "Resource": "*" });
    let ada = user(&administration, "ada", all);
    caller(&administration, &ada);
    std::thread::scope(|scope| {
        let panics = scope.spawn(|| administration.with(|_| panic!("in the middle of something")));
        assert!(panics.join().is_err());
    });
    let mut other = identities_on(store);
    let take = br#"{"UserName":"ada","PolicyName":"p"}"#;
    let take = IdentityRequest::parse("DeleteUserPolicy", take).expect("it is one");
    other.handle(&take, &OPERATOR, Noon.now()).expect("it is there");
    let answer = told(ask(&administration, &ada, "CreateUser", json!({ "UserName": "eve" })));
    assert_eq!(
        (answer.0, &answer.1["__type"]),
        (400, &json!("com.tidewheel.identity#AccessDenied"))
    );
}
