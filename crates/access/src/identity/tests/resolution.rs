//! From keys to principals, as the directory changes under them; and what never shows a secret.

use super::*;
use crate::action::Action;
use crate::check::{Check, ServiceValues};
use crate::policy::Verdict;

fn may(world: &World, principal: &Principal, action: Action) -> bool {
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
    matches!(principal.permissions.judge(principal, &check), Verdict::Allowed(_))
}

/// The same, for a credential that is looked at again: what a poll does before it delivers.
fn may_now(world: &World, key: &KeyRef, action: Action) -> bool {
    let principal = world.directory.refresh(key, world.now).expect("the key is good");
    may(world, &principal, action)
}

#[test]
fn every_place_of_a_policy_counts_at_once() {
    let mut world = World::new();
    let (key, _) = world.user_with_key("ann");
    let key = world.key_ref(&key, None).expect("known");
    let list = |world: &World| may_now(world, &key, Action::ListDomains);
    assert!(!list(&world));
    let policy = |name: &str| json!({"UserName": "ann", "PolicyName": name, "PolicyDocument": allow("swf:*")});
    world.ok("PutUserPolicy", policy("p"));
    assert!(list(&world), "inline");
    world.ok("DeleteUserPolicy", json!({"UserName": "ann", "PolicyName": "p"}));
    assert!(!list(&world));
    world
        .ok("CreatePolicy", json!({"PolicyName": "m", "PolicyDocument": allow("swf:ListDomains")}));
    let arn = format!("arn:aws:iam::{ACCOUNT}:policy/m");
    let attach = json!({"UserName": "ann", "PolicyArn": arn});
    world.ok("AttachUserPolicy", attach.clone());
    assert!(list(&world), "attached");
    let update = |action: &str| json!({"PolicyArn": arn, "PolicyDocument": allow(action)});
    world.ok("UpdatePolicy", update("swf:CountOpenWorkflowExecutions"));
    assert!(!list(&world), "the managed policy has changed");
    world.ok("DetachUserPolicy", attach);
    world.ok("CreateGroup", json!({"GroupName": "g"}));
    world.ok("AttachGroupPolicy", json!({"GroupName": "g", "PolicyArn": arn}));
    world.ok("AddUserToGroup", json!({"GroupName": "g", "UserName": "ann"}));
    assert!(!list(&world));
    world.ok("UpdatePolicy", update("swf:*"));
    assert!(list(&world), "attached to a group");
    world.ok("DetachGroupPolicy", json!({"GroupName": "g", "PolicyArn": arn}));
    assert!(!list(&world));
    world.ok(
        "PutGroupPolicy",
        json!({"GroupName": "g", "PolicyName": "p", "PolicyDocument": allow("swf:*")}),
    );
    assert!(list(&world), "inline in a group");
    // A boundary only takes away, and follows its policy.
    world.ok("UpdatePolicy", update("swf:PollForDecisionTask"));
    world.ok("PutUserPermissionsBoundary", json!({"UserName": "ann", "PermissionsBoundary": arn}));
    assert!(!list(&world) && may_now(&world, &key, Action::PollForDecisionTask));
    world.ok("UpdatePolicy", update("swf:ListDomains"));
    assert!(list(&world) && !may_now(&world, &key, Action::PollForDecisionTask));
    world.ok("RemoveUserFromGroup", json!({"GroupName": "g", "UserName": "ann"}));
    assert!(!list(&world));
}

#[test]
fn a_request_builds_no_principal() {
    let mut world = World::new();
    let (key, _) = world.user_with_key("ann");
    let (root, _) = world.new_key(json!({"Root": true}));
    for key in [&key, &root] {
        let first = world.principal(key).expect("known");
        assert!(Arc::ptr_eq(&first, &world.principal(key).expect("known")));
        // Nor does a change of somebody else cost it one.
        world.ok("CreateUser", json!({"UserName": format!("u{key}")}));
        assert!(Arc::ptr_eq(&first, &world.principal(key).expect("known")));
    }
}

#[test]
fn a_key_that_is_gone_is_refused_when_it_is_looked_at_again() {
    let mut world = World::new();
    let (id, _) = world.user_with_key("ann");
    let key = world.key_ref(&id, None).expect("known");
    assert!(world.directory.refresh(&key, world.now).is_ok());
    let update = |status: &str| json!({"UserName": "ann", "AccessKeyId": id, "Status": status});
    world.ok("UpdateAccessKey", update("Inactive"));
    assert_eq!(world.directory.refresh(&key, world.now).err(), Some(Fault::UnrecognizedClient));
    world.ok("UpdateAccessKey", update("Active"));
    assert!(world.directory.refresh(&key, world.now).is_ok());
    world.ok("DeleteAccessKey", json!({"UserName": "ann", "AccessKeyId": id}));
    assert_eq!(world.directory.refresh(&key, world.now).err(), Some(Fault::UnrecognizedClient));
}

#[test]
fn the_root_is_allowed_all_and_is_an_account() {
    let mut world = World::new();
    let (root, _) = world.new_key(json!({"Root": true}));
    let principal = world.principal(&root).expect("known");
    assert_eq!(principal.kind, crate::PrincipalKind::Account);
    assert!(may(&world, &principal, Action::ListDomains));
    assert_eq!(&*principal.user_id, ACCOUNT);
}

#[test]
fn master_keys_rotate() {
    let mut world = World::new();
    let keys = [world.user_with_key("ann"), world.user_with_key("bob")];
    let new = keyring("k2", 2);
    let first = keys.iter().map(|(id, _)| id.as_str()).min().expect("two");
    let unknown = OpenError::UnknownKey("k1".into());
    assert_eq!(world.directory.check_sealed(&new), Err((first.into(), unknown)));
    let wrong = keyring("k1", 3);
    let refused = OpenError::Refused("k1".into());
    assert_eq!(world.directory.check_sealed(&wrong), Err((first.into(), refused)));
    let lines = [Keyring::line("k2", &[2; 32]), Keyring::line("k1", &[1; 32])];
    let both = format!("# the new one first\n{}\n\n{}\n", lines[0].expose(), lines[1].expose());
    let both = Keyring::parse(&both).expect("a ring");
    assert_eq!(world.directory.check_sealed(&both), Ok(()));
    let mut drawn = 0_u8;
    let mut resealed = 0;
    loop {
        let nonce = || {
            drawn += 1;
            [drawn; NONCE_BYTES]
        };
        let changes = world.directory.reseal(&both, 1, nonce).expect("all open");
        if changes.is_empty() {
            break;
        }
        for change in changes {
            world.directory.evolve(change).expect("a key");
            resealed += 1;
        }
    }
    assert_eq!(resealed, 2);
    // The old one is not needed any more.
    assert_eq!(world.directory.check_sealed(&new), Ok(()));
    for (id, secret) in &keys {
        let material = world.directory.key_material(&new, id, None).expect("known");
        assert_eq!(material.secret.expose(), secret);
    }
}

/// What is sealed for one key is of no use for another, nor in another account.
#[test]
fn sealed_secrets_do_not_change_places() {
    let mut world = World::new();
    let (one, _) = world.user_with_key("ann");
    let (other, _) = world.user_with_key("bob");
    let mut record = KeyRecord::clone(world.directory.key(&one).expect("ann's"));
    record.secret = world.directory.key(&other).expect("bob's").secret.clone();
    world.directory.evolve(Change::PutKey(record)).expect("a key");
    let refused = OpenError::Refused("k1".into());
    assert_eq!(world.directory.check_sealed(&world.keyring), Err((one.as_str().into(), refused)));
    assert_eq!(world.principal(&one).err(), Some(Fault::Internal));
}

#[test]
fn what_cannot_be_read_is_not_passed_over() {
    let mut world = World::new();
    let (key, _) = world.user_with_key("ann");
    let mut user = UserRecord::clone(world.directory.user(ACCOUNT, "ann").expect("ann"));
    user.policies.insert("p".into(), "{}".into());
    let put = Change::PutUser(ACCOUNT.into(), user.clone());
    assert!(world.directory.clone().evolve(put).is_err(), "a policy that is none");
    user.policies.clear();
    let put = Change::PutUser("000000000000".into(), user.clone());
    assert!(world.directory.clone().evolve(put).is_err(), "of no account");
    user.attached.insert("arn:aws:iam::123456789012:policy/none".into());
    let mut directory = world.directory.clone();
    directory.evolve(Change::PutUser(ACCOUNT.into(), user.clone())).expect("it can be read");
    assert!(directory.check_references().is_err(), "a policy that is not there");
    user.attached.clear();
    user.groups.insert(Folded::of("none"));
    let mut directory = world.directory.clone();
    directory.evolve(Change::PutUser(ACCOUNT.into(), user)).expect("it can be read");
    assert!(directory.check_references().is_err(), "a group that is not there");
    let mut directory = world.directory.clone();
    directory.evolve(Change::DeleteUser(ACCOUNT.into(), Folded::of("ann"))).expect("it goes");
    assert!(directory.check_references().is_err(), "a key of nobody");
    let mut stolen = KeyRecord::clone(world.directory.key(&key).expect("ann's"));
    stolen.owner = KeyOwner::Root;
    assert!(directory.evolve(Change::PutKey(stolen)).is_err(), "a key of somebody else");
}

#[test]
fn nothing_shows_a_secret() {
    const CANARY: &str = "canary-canary-canary";
    let mut world = World::new();
    world.ok("CreateUser", json!({"UserName": "ann"}));
    let members = json!({"UserName": "ann", "AccessKeyId": "foreign", "SecretAccessKey": CANARY});
    let request = IdentityRequest::parse("ImportAccessKey", members.to_string().as_bytes());
    let request = request.expect("a request");
    let (changes, reply) = world.apply(None, ACCOUNT, &request).expect("it is imported");
    let mut shown = format!("{request:?} {changes:?} {reply:?}");
    for change in changes {
        world.directory.evolve(change).expect("a key");
    }
    let material = world.directory.key_material(&world.keyring, "foreign", None).expect("known");
    let principal = world.principal("foreign").expect("known");
    shown += &format!("{material:?} {principal:?} {:?} {:?}", world.directory, world.keyring);
    let created = IdentityRequest::parse("CreateAccessKey", br#"{"UserName": "ann"}"#);
    let (_, reply) = world.apply(None, ACCOUNT, &created.expect("a request")).expect("it is made");
    let secret =
        text(&serde_json::to_value(&reply).expect("text keys")["AccessKey"]["SecretAccessKey"]);
    shown += &format!("{reply:?}");
    let document = json!({"account": [{"id": ACCOUNT, "user": [
        {"name": "ann", "key": [{"id": "foreign", "secret": format!("{CANARY}2")}]},
    ]}]});
    let document: Document = serde_json::from_value(document).expect("a document");
    let steps = document.plan(&world.directory, &world.keyring, Unnamed::Kept).expect("a plan");
    let steps = steps.steps;
    assert_eq!(steps.len(), 2);
    shown += &format!("{document:?} {steps:?}");
    // A request that is refused says nothing of its members either, right or wrong.
    let wrong = json!({"UserName": "ann", "SecretAccessKey": {"x": CANARY}}).to_string();
    let fault = IdentityRequest::parse("ImportAccessKey", wrong.as_bytes()).expect_err("refused");
    shown += &format!("{fault:?} {fault}");
    let wrong = format!("k1:{CANARY}");
    let error = Keyring::parse(&wrong).expect_err("no key");
    shown += &format!("{error:?} {error}");
    assert!(!shown.contains(CANARY) && !shown.contains(&secret), "{shown}");
    let stored = serde_json::to_string(&**world.directory.key("foreign").expect("a key"));
    assert!(!stored.expect("text keys").contains(CANARY));
}
