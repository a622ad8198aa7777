//! Temporary credentials: who gets them, how long they last, and what opens their tokens.

use super::*;
use crate::action::Action;
use crate::check::{Check, ServiceValues};
use crate::policy::{DenialReason, Verdict};

struct Lent {
    key: String,
    secret: String,
    token: String,
}

/// A user `ann` that may assume the role `r`, which lets its account in.
fn world() -> (World, Arc<Principal>) {
    let mut world = World::new();
    let (key, _) = world.user_with_key("ann");
    let put =
        json!({"UserName": "ann", "PolicyName": "p", "PolicyDocument": allow("sts:AssumeRole")});
    world.ok("PutUserPolicy", put);
    let trusting = trust(&format!("arn:aws:iam::{ACCOUNT}:root"));
    world.ok("CreateRole", json!({"RoleName": "r", "AssumeRolePolicyDocument": trusting}));
    let put = json!({"RoleName": "r", "PolicyName": "p", "PolicyDocument": allow("swf:*")});
    world.ok("PutRolePolicy", put);
    let ann = world.principal(&key).expect("a principal");
    (world, ann)
}

fn role_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{name}")
}

fn assume(world: &mut World, by: &Principal, more: Value) -> Result<Lent, IdentityFault> {
    let mut members = json!({"RoleArn": role_arn("r"), "RoleSessionName": "session"});
    for (key, value) in more.as_object().expect("members") {
        members[key] = value.clone();
    }
    let reply = world.call_as(Some(by), "AssumeRole", members)?;
    let credentials = &reply["Credentials"];
    Ok(Lent {
        key: text(&credentials["AccessKeyId"]),
        secret: text(&credentials["SecretAccessKey"]),
        token: text(&credentials["SessionToken"]),
    })
}

fn refresh(world: &World, lent: &Lent) -> Result<Arc<Principal>, Fault> {
    let key = world.key_ref(&lent.key, Some(&lent.token))?;
    world.directory.refresh(&key, world.now)
}

#[test]
fn a_session_is_who_it_says() {
    let (mut world, ann) = world();
    let lent = assume(&mut world, &ann, json!({})).expect("she may");
    assert!(lent.key.starts_with("ASIA") && lent.key.len() == 20, "{}", lent.key);
    assert!(lent.token.len() < 1000, "{} bytes", lent.token.len());
    let material = world.directory.key_material(&world.keyring, &lent.key, Some(&lent.token));
    assert_eq!(material.expect("known").secret.expose(), lent.secret);
    let principal = refresh(&world, &lent).expect("it is good");
    assert_eq!(*principal.arn, *format!("arn:aws:sts::{ACCOUNT}:assumed-role/r/session"));
    assert_eq!(principal.role_arn.as_deref(), Some(role_arn("r").as_str()));
    assert!(principal.user_id.starts_with("AROA") && principal.user_id.ends_with(":session"));
    assert_eq!((principal.token_issued_at, &principal.user_name), (Some(world.now), &None));
    // It is made once for each state of the directory.
    assert!(Arc::ptr_eq(&principal, &refresh(&world, &lent).expect("it is good")));
    let caller = world.call_as(Some(&principal), "GetCallerIdentity", json!({})).expect("known");
    assert_eq!(caller["Arn"], *principal.arn);
    world.refused("GetCallerIdentity", json!({}), "ValidationError");
}

#[test]
fn a_session_is_cut_down_to_its_policy() {
    let (mut world, ann) = world();
    let policy = allow("swf:ListDomains");
    let lent = assume(&mut world, &ann, json!({"Policy": policy})).expect("she may");
    let principal = refresh(&world, &lent).expect("it is good");
    assert_eq!(
        principal.permissions.session.as_ref().map(|p| p.document().to_string()),
        Some(policy)
    );
    for (policy, code) in [
        ("no".to_owned(), "MalformedPolicyDocument"),
        (allow(&format!("swf:{}", "x".repeat(2048))), "ValidationError"),
        // Few characters, but many bytes.
        (
            allow("swf:*").replace(
                "\"Resource\":\"*\"",
                &format!("\"Resource\":\"arn:aws:swf:*:*:{}\"", "語".repeat(1900)),
            ),
            "PackedPolicyTooLarge",
        ),
    ] {
        let fault = assume(&mut world, &ann, json!({"Policy": policy})).err().expect("refused");
        assert_eq!(fault.code(), code, "{fault}");
    }
    // The longest that is not refused fits a header.
    let policy = allow(&format!("swf:{}", "x".repeat(1900)));
    let lent = assume(&mut world, &ann, json!({"Policy": policy})).expect("she may");
    assert!(lent.token.len() <= limits::SESSION_TOKEN_BYTES_MAX);
    assert!(refresh(&world, &lent).is_ok());
}

/// The policy of docs/access.md that ends sessions: it reaches every action, and none that is later.
#[test]
fn a_policy_ends_the_sessions_of_before() {
    let (mut world, ann) = world();
    let all = json!({"RoleName": "r", "PolicyName": "p", "PolicyDocument": allow("*")});
    world.ok("PutRolePolicy", all);
    let old = assume(&mut world, &ann, json!({})).expect("she may");
    world.now = Timestamp(1_700_000_001_000);
    let ends = json!({"Version": "2012-10-17", "Statement": {
        "Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": {"DateLessThan": {"aws:TokenIssueTime": "2023-11-14T22:13:21Z"}},
    }});
    let put = json!({"RoleName": "r", "PolicyName": "old", "PolicyDocument": ends.to_string()});
    world.ok("PutRolePolicy", put);
    let new = assume(&mut world, &ann, json!({})).expect("she is still trusted");
    let (old, new) = (refresh(&world, &old), refresh(&world, &new));
    let (old, new) = (old.expect("it has not expired"), new.expect("it is good"));
    for action in Action::ALL.iter().copied() {
        for (principal, expected) in [(&old, Some(DenialReason::ExplicitIdentity)), (&new, None)] {
            // As a decision is judged, too: it comes from nowhere.
            let check = Check {
                action,
                resource: "arn:aws:swf:us-east-1:123456789012:/domain/d",
                values: ServiceValues::default(),
                resource_tags: None,
                request_tags: &[],
                tag_keys: &[],
                origin: None,
                region: "us-east-1",
                now: world.now,
            };
            let reason = match principal.permissions.judge(principal, &check) {
                Verdict::Allowed(_) => None,
                Verdict::Denied(denial) => Some(denial.reason),
            };
            assert_eq!(reason, expected, "{action}");
        }
    }
    // Nor does it lend itself another session, though the role lets its whole account in.
    let fault = assume(&mut world, &old, json!({})).err().expect("it is over");
    assert_eq!(fault.code(), "AccessDenied");
    assert!(assume(&mut world, &new, json!({})).is_ok());
}

#[test]
fn sessions_last_as_long_as_they_say() {
    let (mut world, ann) = world();
    for (seconds, good) in [(899, false), (900, true), (3600, true), (3601, false), (43_201, false)]
    {
        let asked = assume(&mut world, &ann, json!({"DurationSeconds": seconds}));
        assert_eq!(asked.is_ok(), good, "{seconds}");
        let Ok(lent) = asked else { continue };
        let start = world.now;
        world.now = Timestamp(start.0 + seconds * 1000 - 1);
        assert!(refresh(&world, &lent).is_ok(), "{seconds}");
        world.now = Timestamp(start.0 + seconds * 1000);
        assert_eq!(refresh(&world, &lent).err(), Some(Fault::ExpiredToken), "{seconds}");
        // It is said to those whose signature is right, so there is something to verify it with.
        assert!(world.key_ref(&lent.key, Some(&lent.token)).is_ok());
    }
    world.ok("UpdateRole", json!({"RoleName": "r", "MaxSessionDuration": 43_200}));
    let lent = assume(&mut world, &ann, json!({"DurationSeconds": 43_200})).expect("now she may");
    let role = refresh(&world, &lent).expect("it is good");
    // A session that opens a session gets an hour.
    world.ok(
        "PutRolePolicy",
        json!({"RoleName": "r", "PolicyName": "q", "PolicyDocument": allow("sts:*")}),
    );
    let role_now = refresh(&world, &lent).expect("it is good");
    assert!(!Arc::ptr_eq(&role, &role_now), "its policies have changed");
    assert!(assume(&mut world, &role_now, json!({"DurationSeconds": 3601})).is_err());
    assert!(assume(&mut world, &role_now, json!({"DurationSeconds": 3600})).is_ok());
}

#[test]
fn an_expired_session_does_not_revive() {
    let (mut world, ann) = world();
    let lent = assume(&mut world, &ann, json!({"DurationSeconds": 900})).expect("she may");
    let start = world.now;
    world.now = Timestamp(start.0 + 900_000);
    assert_eq!(refresh(&world, &lent).err(), Some(Fault::ExpiredToken));
    world.now = start;
    assert_eq!(refresh(&world, &lent).err(), Some(Fault::ExpiredToken), "the clock went back");
    // Nor in a state that follows, nor if only another session has shown the time.
    world.ok("CreateUser", json!({"UserName": "bob"}));
    assert_eq!(refresh(&world, &lent).err(), Some(Fault::ExpiredToken));
    let later = assume(&mut world, &ann, json!({"DurationSeconds": 900})).expect("she may");
    assert!(refresh(&world, &later).is_ok(), "it lasts from the greatest time on");
    // Nor in a directory that was read again, with the time that was stored.
    let mut again = world.directory.clone();
    again.evolve(Change::PutTime(Timestamp(start.0 + 1_900_000))).expect("a time");
    let key = world.key_ref(&later.key, Some(&later.token)).expect("known");
    assert_eq!(again.refresh(&key, start).err(), Some(Fault::ExpiredToken));
}

#[test]
fn a_session_that_a_wrong_clock_has_issued_is_refused() {
    let (mut world, ann) = world();
    let true_time = world.now;
    let before = world.directory.clone();
    let role = before.role(ACCOUNT, "r").expect("a role").clone();
    let ahead = |milliseconds: i64| {
        let issued_at = Timestamp(true_time.0 + milliseconds);
        crate::caller::Session {
            account: ACCOUNT.into(),
            role_name: Arc::clone(&role.name),
            role_id: Arc::clone(&role.id),
            name: "session".into(),
            issued_at,
            expires_at: Timestamp(issued_at.0 + 900_000),
            policy: None,
            source: Arc::clone(&ann.arn),
        }
    };
    let judge = |milliseconds: i64| {
        let key = KeyRef { access_key_id: "ASIAX".into(), session: Some(ahead(milliseconds)) };
        before.refresh(&key, true_time).map(|_| ())
    };
    assert_eq!(judge(5 * 60 * 1000), Ok(()));
    assert_eq!(judge(5 * 60 * 1000 + 1), Err(Fault::UnrecognizedClient));
    world.now = true_time;
}

#[test]
fn a_token_opens_with_its_own_key_and_unaltered() {
    let (mut world, ann) = world();
    let lent = assume(&mut world, &ann, json!({})).expect("she may");
    let other = assume(&mut world, &ann, json!({})).expect("she may");
    let refused = Err(Fault::UnrecognizedClient);
    let open = |key: &str, token: Option<&str>| world.key_ref(key, token).map(|_| ());
    assert_eq!(open(&lent.key, Some(&lent.token)), Ok(()));
    assert_eq!(open(&lent.key, Some(&other.token)), refused, "another session's");
    assert_eq!(open(&lent.key, None), refused, "none");
    assert_eq!(open(&lent.key, Some("")), refused);
    assert_eq!(open(&lent.key, Some(&"A".repeat(5000))), refused);
    let permanent = world.directory.keys().next().expect("ann's").id.to_string();
    assert_eq!(open(&permanent, Some(&lent.token)), refused, "of a permanent key");
    for at in 0..lent.token.len() {
        let mut bytes = lent.token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(bytes).expect("ASCII");
        assert_eq!(open(&lent.key, Some(&altered)), refused, "altered at {at}");
    }
    // Another ring, and one in which the key has moved back.
    let ring = keyring("k2", 2);
    assert_eq!(
        world.directory.key_material(&ring, &lent.key, Some(&lent.token)).err(),
        refused.err()
    );
    let lines = [Keyring::line("k2", &[2; 32]), Keyring::line("k1", &[1; 32])];
    let both = Keyring::parse(&format!("{}\n{}", lines[0].expose(), lines[1].expose()));
    let both = both.expect("a ring");
    assert!(world.directory.key_material(&both, &lent.key, Some(&lent.token)).is_ok());
}

#[test]
fn a_role_that_is_made_again_has_no_sessions() {
    let (mut world, ann) = world();
    let lent = assume(&mut world, &ann, json!({})).expect("she may");
    let key = world.key_ref(&lent.key, Some(&lent.token)).expect("known");
    world.ok("DeleteRolePolicy", json!({"RoleName": "r", "PolicyName": "p"}));
    world.ok("DeleteRole", json!({"RoleName": "r"}));
    assert_eq!(world.directory.refresh(&key, world.now).err(), Some(Fault::UnrecognizedClient));
    world.ok("CreateRole", json!({"RoleName": "r", "AssumeRolePolicyDocument": trust("*")}));
    assert_eq!(world.directory.refresh(&key, world.now).err(), Some(Fault::UnrecognizedClient));
    assert_eq!(refresh(&world, &lent).err(), Some(Fault::UnrecognizedClient));
}

#[test]
fn who_may_assume_a_role() {
    let (mut world, ann) = world();
    let (key, _) = world.user_with_key("bob");
    let bob = world.principal(&key).expect("a principal");
    let (key, _) = world.new_key(json!({"Root": true}));
    let root = world.principal(&key).expect("a principal");
    let code = |lent: Result<Lent, IdentityFault>| lent.err().map_or("ok", |fault| fault.code());
    assert_eq!(code(assume(&mut world, &bob, json!({}))), "AccessDenied", "no policy of his");
    assert_eq!(code(assume(&mut world, &root, json!({}))), "AccessDenied", "roots do not");
    assert_eq!(code(assume(&mut world, &ann, json!({"RoleArn": role_arn("x")}))), "AccessDenied");
    assert_eq!(code(assume(&mut world, &ann, json!({"RoleArn": "r"}))), "AccessDenied");
    assert_eq!(code(assume(&mut world, &ann, json!({"RoleSessionName": "x"}))), "ValidationError");
    // Named by the role, and in its account, he needs no policy.
    let document = trust(&bob.arn);
    world.ok("UpdateAssumeRolePolicy", json!({"RoleName": "r", "PolicyDocument": document}));
    assert_eq!(code(assume(&mut world, &bob, json!({}))), "ok");
    assert_eq!(code(assume(&mut world, &ann, json!({}))), "AccessDenied");
    // Unless his own policies deny it.
    let deny = allow("sts:*").replace("Allow", "Deny");
    world
        .ok("PutUserPolicy", json!({"UserName": "bob", "PolicyName": "d", "PolicyDocument": deny}));
    let bob = world.principal(&world.key_of("bob")).expect("a principal");
    assert_eq!(code(assume(&mut world, &bob, json!({}))), "AccessDenied");
}

/// In the policies of who assumes a role and in the role's own, conditions see the role's tags.
#[test]
fn the_tags_of_a_role_count_when_it_is_assumed() {
    let everybody = json!({"AWS": "*"});
    let document = |trusting: bool, effect: &str, condition: Value| {
        let mut statements = [
            json!({"Effect": "Allow", "Action": "sts:AssumeRole"}),
            json!({"Effect": effect, "Action": "sts:AssumeRole", "Condition": condition}),
        ];
        for statement in &mut statements {
            match trusting {
                true => statement["Principal"] = everybody.clone(),
                false => statement["Resource"] = "*".into(),
            }
        }
        let read = &statements[usize::from(effect == "Allow")..];
        json!({"Version": "2012-10-17", "Statement": read}).to_string()
    };
    for (effect, operator, key, value, may) in [
        ("Deny", "StringEquals", "aws:ResourceTag/env", "prod", false),
        ("Deny", "StringEquals", "aws:ResourceTag/env", "test", true),
        ("Deny", "StringNotEquals", "aws:ResourceTag/env", "prod", true),
        ("Deny", "StringNotEquals", "aws:ResourceTag/env", "test", false),
        ("Deny", "StringEquals", "iam:ResourceTag/env", "prod", false),
        ("Deny", "Null", "aws:ResourceTag/env", "true", true),
        ("Allow", "StringEquals", "aws:ResourceTag/env", "prod", true),
        ("Allow", "StringNotEquals", "aws:ResourceTag/env", "prod", false),
    ] {
        for trusting in [false, true] {
            let (mut world, _) = world();
            let tags = json!([{"Key": "env", "Value": "prod"}]);
            world.ok("TagRole", json!({"RoleName": "r", "Tags": tags}));
            let policy = document(trusting, effect, json!({operator: {key: value}}));
            let members = json!({
                "UserName": "ann", "PolicyName": "p", "RoleName": "r", "PolicyDocument": policy,
            });
            let (operation, other) = match trusting {
                true => ("UpdateAssumeRolePolicy", ["UserName", "PolicyName"].as_slice()),
                false => ("PutUserPolicy", ["RoleName"].as_slice()),
            };
            let mut members = members.as_object().expect("members").clone();
            members.retain(|name, _| !other.contains(&name.as_str()));
            world.ok(operation, members.into());
            let ann = world.principal(&world.key_of("ann")).expect("a principal");
            let lent = assume(&mut world, &ann, json!({}));
            let code = lent.err().map_or("ok", |fault| fault.code());
            let expected = if may { "ok" } else { "AccessDenied" };
            assert_eq!(code, expected, "{operation}: {effect} {operator} {key} {value}");
        }
    }
}

/// A role that names somebody needs no policy of theirs that grants; those that limit count all the
/// same, or a session that is cut down could get its rights back through the next role.
#[test]
fn a_role_that_names_its_caller_does_not_lift_limits() {
    let (mut world, ann) = world();
    let named = trust(&role_arn("r"));
    world.ok("CreateRole", json!({"RoleName": "next", "AssumeRolePolicyDocument": named}));
    let next = json!({"RoleArn": role_arn("next")});
    let session = |world: &mut World, more: Value| {
        let lent = assume(world, &ann, more).expect("she may");
        refresh(world, &lent).expect("it is good")
    };
    let whole = session(&mut world, json!({}));
    assume(&mut world, &whole, next.clone()).expect("it is named by its role");
    let cut = session(&mut world, json!({"Policy": allow("swf:ListDomains")}));
    let fault = assume(&mut world, &cut, next.clone()).err().expect("refused");
    assert_eq!(fault.code(), "AccessDenied", "{fault}");
    let cut = session(&mut world, json!({"Policy": allow("sts:AssumeRole")}));
    assume(&mut world, &cut, next.clone()).expect("its policy leaves it that");

    let policy = json!({"PolicyName": "bound", "PolicyDocument": allow("swf:*")});
    world.ok("CreatePolicy", policy);
    let arn = format!("arn:aws:iam::{ACCOUNT}:policy/bound");
    let bound = json!({"RoleName": "r", "PermissionsBoundary": arn});
    world.ok("PutRolePermissionsBoundary", bound);
    let bounded = session(&mut world, json!({}));
    let fault = assume(&mut world, &bounded, next).err().expect("refused");
    assert_eq!(fault.code(), "AccessDenied", "{fault}");
}

#[test]
fn from_another_account_both_sides_have_to_agree() {
    let (mut world, _) = world();
    world.ok("CreateAccount", json!({"AccountId": "000000000000"}));
    world.account = "000000000000".to_owned();
    let (key, _) = world.user_with_key("eve");
    let eve = world.principal(&key).expect("a principal");
    let arn = eve.arn.to_string();
    world.account = ACCOUNT.to_owned();
    world.ok("UpdateAssumeRolePolicy", json!({"RoleName": "r", "PolicyDocument": trust(&arn)}));
    world.account = "000000000000".to_owned();
    let fault = assume(&mut world, &eve, json!({})).err().expect("she may not");
    assert_eq!(fault.code(), "AccessDenied");
    let put =
        json!({"UserName": "eve", "PolicyName": "p", "PolicyDocument": allow("sts:AssumeRole")});
    world.ok("PutUserPolicy", put);
    let eve = world.principal(&key).expect("a principal");
    let lent = assume(&mut world, &eve, json!({})).expect("now she may");
    let principal = refresh(&world, &lent).expect("it is good");
    assert_eq!(&*principal.account, ACCOUNT);
}

impl World {
    fn key_of(&self, user: &str) -> String {
        let owner = KeyOwner::User(Folded::of(user));
        self.directory.keys_of(ACCOUNT, &owner).next().expect("a key").id.to_string()
    }
}

/// A trust policy names somebody, and means whoever had the name when it was written.
#[test]
fn who_is_made_again_under_a_trusted_name_is_not_trusted() {
    let mut world = World::new();
    let (key, _) = world.user_with_key("bob");
    let bob = world.principal(&key).expect("a principal");
    let trusting = trust(&bob.arn);
    world.ok("CreateRole", json!({"RoleName": "r", "AssumeRolePolicyDocument": trusting}));
    let lent = assume(&mut world, &bob, json!({})).expect("he is named");
    let session = refresh(&world, &lent).expect("it is good");
    let trusting_role = trust(&role_arn("r"));
    world.ok("CreateRole", json!({"RoleName": "next", "AssumeRolePolicyDocument": trusting_role}));
    let next = json!({"RoleArn": role_arn("next")});
    assume(&mut world, &session, next.clone()).expect("his session is named by its role");

    world.ok("DeleteAccessKey", json!({"UserName": "bob", "AccessKeyId": key}));
    world.ok("DeleteUser", json!({"UserName": "bob"}));
    let (key, _) = world.user_with_key("bob");
    let other = world.principal(&key).expect("a principal");
    assert_eq!(other.arn, bob.arn);
    let fault = assume(&mut world, &other, json!({})).err().expect("refused");
    assert_eq!(fault.code(), "AccessDenied", "{fault}");
    // Until the policy is written again, which means him.
    let again = json!({"RoleName": "r", "PolicyDocument": trusting});
    world.ok("UpdateAssumeRolePolicy", again);
    assume(&mut world, &other, json!({})).expect("he is named");

    world.ok("DeleteRole", json!({"RoleName": "r"}));
    world.ok("CreateRole", json!({"RoleName": "r", "AssumeRolePolicyDocument": trusting}));
    let lent = assume(&mut world, &other, json!({})).expect("he is named");
    let session = refresh(&world, &lent).expect("it is good");
    let fault = assume(&mut world, &session, next.clone()).err().expect("refused");
    assert_eq!(fault.code(), "AccessDenied", "{fault}");
    // What denies, denies to whoever has the name.
    let denying = trusting.replace("Allow", "Deny");
    world.ok("UpdateAssumeRolePolicy", json!({"RoleName": "r", "PolicyDocument": denying}));
    assert!(assume(&mut world, &other, json!({})).is_err());
}
