//! The declarative document: it leads where it says, and then asks for nothing.

use super::*;

fn document(value: Value) -> Document {
    serde_json::from_value(value).expect("a document")
}

fn plan(world: &World, document: &Document, unnamed: Unnamed) -> Result<Vec<Step>, PlanError> {
    Ok(document.plan(&world.directory, &world.keyring, unnamed)?.steps)
}

/// Imports a document; gives the names of the operations that it took.
fn import(
    world: &mut World,
    document: &Document,
    unnamed: Unnamed,
) -> Result<Vec<String>, PlanError> {
    let steps = plan(world, document, unnamed)?;
    let names = steps.iter().map(|step| step.request.operation().to_owned()).collect();
    let directory = world.directory.clone();
    let changes = carry_out(&directory, steps, |directory, step| {
        world.directory = directory.clone();
        Ok(world.apply(None, &step.account, &step.request)?.0)
    });
    world.directory = directory;
    for change in changes?.0 {
        world.directory.evolve(change).expect("it can be folded in");
    }
    world.directory.check_references().expect("everything that is named is there");
    let again = plan(world, document, unnamed).expect("a plan");
    assert_eq!(again, [], "the same document asks for nothing any more");
    Ok(names)
}

fn whole() -> Value {
    json!({"account": [{
        "id": ACCOUNT,
        "name": "main",
        "policy": [
            {"name": "all", "path": "/p/", "document": allow("swf:*")},
            // Written out instead of as a text.
            {"name": "bound", "document": {"Statement": {
                "Effect": "Allow", "Action": "swf:*", "Resource": "*",
            }}},
        ],
        "group": [{"name": "deciders", "attached": ["all"], "policies": {"p": allow("swf:*")}}],
        "user": [{
            "name": "ann", "path": "/team/", "tags": {"k": "v"}, "groups": ["Deciders"],
            "attached": ["all"], "boundary": "bound", "policies": {"a": allow("swf:*")},
            "key": [{"id": "AKIAANN", "secret": "first-secret"}],
        }],
        "role": [{
            "name": "r", "trust": trust(ACCOUNT), "attached": ["all"], "boundary": "bound",
            "tags": {"k": "v"}, "policies": {"a": allow("swf:*")}, "description": "d",
            "max_session_duration": 7200,
        }],
        "root_key": [{"id": "AKIAROOT", "secret": "root-secret"}],
    }]})
}

#[test]
fn a_document_makes_everything_once() {
    let mut world = World::empty();
    let names = import(&mut world, &document(whole()), Unnamed::Pruned).expect("it is imported");
    assert_eq!(names[0], "CreateAccount");
    let ann = world.principal("AKIAANN").expect("known");
    assert_eq!(*ann.arn, *format!("arn:aws:iam::{ACCOUNT}:user/team/ann"));
    assert_eq!(ann.permissions.identity.len(), 4);
    assert!(ann.permissions.boundary.is_some());
    assert!(world.principal("AKIAROOT").is_ok());
    assert_eq!(world.directory.role(ACCOUNT, "r").map(|role| role.session_seconds_max), Some(7200));
}

#[test]
fn what_a_document_says_of_something_is_all_that_is_true_of_it() {
    let mut world = World::empty();
    import(&mut world, &document(whole()), Unnamed::Kept).expect("it is imported");
    let mut less = whole();
    let account = &mut less["account"][0];
    account["user"][0] = json!({"name": "ann", "path": "/team/"});
    account["group"][0] = json!({"name": "deciders"});
    account["role"][0] = json!({"name": "r", "trust": trust("*")});
    account["policy"][0]["document"] = allow("swf:ListDomains").into();
    import(&mut world, &document(less.clone()), Unnamed::Kept).expect("it is imported");
    let ann = world.principal("AKIAANN").expect("her key stays");
    assert_eq!((ann.permissions.identity.len(), ann.tags.len()), (0, 0));
    assert!(ann.permissions.boundary.is_none());
    let role = world.directory.role(ACCOUNT, "r").expect("a role");
    assert_eq!((role.policies.len(), role.attached.len(), role.tags.len()), (0, 0, 0));
    assert_eq!((&*role.description, role.session_seconds_max), ("", 3600));
    assert_eq!(*role.trust, *trust("*"));
    let arn = format!("arn:aws:iam::{ACCOUNT}:policy/p/all");
    let policy = world.directory.policy(ACCOUNT, &arn).expect("a policy");
    assert_eq!(*policy.document, *allow("swf:ListDomains"));
    // Her key goes when what is not named is pruned.
    import(&mut world, &document(less), Unnamed::Pruned).expect("it is imported");
    assert_eq!(world.principal("AKIAANN").err(), Some(Fault::UnrecognizedClient));
    assert!(world.principal("AKIAROOT").is_ok());
}

#[test]
fn what_is_not_named_stays_or_is_pruned() {
    let mut world = World::empty();
    import(&mut world, &document(whole()), Unnamed::Kept).expect("it is imported");
    world.ok("CreateAccount", json!({"AccountId": "000000000000"}));
    let (root, _) = world.new_key(json!({"Root": true}));
    let empty = document(json!({"account": [{"id": ACCOUNT}]}));
    assert_eq!(import(&mut world, &empty, Unnamed::Kept), Ok(Vec::new()));
    assert!(world.principal("AKIAANN").is_ok());
    import(&mut world, &empty, Unnamed::Pruned).expect("it is pruned");
    assert_eq!(world.directory.users(ACCOUNT).count(), 0);
    assert_eq!(world.directory.groups(ACCOUNT).count(), 0);
    assert_eq!(world.directory.roles(ACCOUNT).count(), 0);
    assert_eq!(world.directory.policies(ACCOUNT).count(), 0);
    assert!(world.principal(&root).is_ok(), "the keys of roots stay");
    assert_eq!(world.directory.accounts().count(), 2, "other accounts stay");
}

#[test]
fn keys_follow_the_document() {
    let mut world = World::empty();
    import(&mut world, &document(whole()), Unnamed::Kept).expect("it is imported");
    let mut other = whole();
    other["account"][0]["user"][0]["key"][0]["secret"] = "second-secret".into();
    let names = import(&mut world, &document(other.clone()), Unnamed::Kept).expect("imported");
    assert_eq!(names, ["DeleteAccessKey", "ImportAccessKey"]);
    let material = world.directory.key_material(&world.keyring, "AKIAANN", None).expect("known");
    assert_eq!(material.secret.expose(), "second-secret");
    other["account"][0]["user"][0]["key"][0]["status"] = "Inactive".into();
    let names = import(&mut world, &document(other.clone()), Unnamed::Kept).expect("imported");
    assert_eq!(names, ["UpdateAccessKey"]);
    assert_eq!(world.principal("AKIAANN").err(), Some(Fault::UnrecognizedClient));
    // A key that moves to another user.
    let key = other["account"][0]["user"][0]["key"].take();
    other["account"][0]["user"][0]["key"] = json!([]);
    let users = other["account"][0]["user"].as_array_mut().expect("users");
    users.push(json!({"name": "bob", "key": key}));
    let taken = import(&mut world, &document(other.clone()), Unnamed::Kept).expect_err("hers");
    assert!(matches!(taken, PlanError::Refused { operation: "ImportAccessKey", .. }), "{taken:?}");
    assert!(world.directory.user(ACCOUNT, "bob").is_none(), "nothing was imported");
    import(&mut world, &document(other), Unnamed::Pruned).expect("it is imported");
    let bob = KeyOwner::User(Folded::of("bob"));
    assert_eq!(world.directory.keys_of(ACCOUNT, &bob).count(), 1);
}

/// One that has leaked is not good again because a file that names it is read again, whatever else
/// that changes about it.
#[test]
fn a_key_that_was_disabled_stays_so_unless_the_document_says_otherwise() {
    let mut world = World::empty();
    import(&mut world, &document(whole()), Unnamed::Kept).expect("it is imported");
    let leaked = json!({"UserName": "ann", "AccessKeyId": "AKIAANN", "Status": "Inactive"});
    world.ok("UpdateAccessKey", leaked);
    assert_eq!(import(&mut world, &document(whole()), Unnamed::Pruned), Ok(Vec::new()));
    let mut other = whole();
    other["account"][0]["user"][0]["key"][0]["secret"] = "second-secret".into();
    import(&mut world, &document(other.clone()), Unnamed::Pruned).expect("it is imported");
    assert_eq!(world.principal("AKIAANN").err(), Some(Fault::UnrecognizedClient));
    let key = other["account"][0]["user"][0]["key"].take();
    other["account"][0]["user"][0]["key"] = json!([]);
    let users = other["account"][0]["user"].as_array_mut().expect("users");
    users.push(json!({"name": "bob", "key": key}));
    import(&mut world, &document(other.clone()), Unnamed::Pruned).expect("it is imported");
    assert_eq!(world.principal("AKIAANN").err(), Some(Fault::UnrecognizedClient));
    let users = other["account"][0]["user"].as_array_mut().expect("users");
    users[1]["key"][0]["status"] = "Active".into();
    import(&mut world, &document(other), Unnamed::Pruned).expect("it is imported");
    assert!(world.principal("AKIAANN").is_ok());
}

#[test]
fn documents_that_cannot_be_followed() {
    let mut world = World::empty();
    import(&mut world, &document(whole()), Unnamed::Kept).expect("it is imported");
    let account = |member: &str, entries: Value| {
        let mut account = json!({"id": ACCOUNT});
        account[member] = entries;
        document(json!({"account": [account]}))
    };
    let rows = [
        (account("user", json!([{"name": "x"}, {"name": "X"}])), "the user X twice"),
        (account("user", json!([{"name": "ann"}])), "has the path /team/"),
        (account("user", json!([{"name": "x", "attached": ["none"]}])), "no policy none"),
        (account("user", json!([{"name": "x", "key": [{"id": "k"}]}])), "k has no secret"),
        (account("user", json!([{"name": "x", "groups": ["none"]}])), "AddUserToGroup"),
        (account("user", json!([{"name": "a b"}])), "CreateUser"),
        (account("policy", json!([{"name": "x", "document": "{}"}])), "CreatePolicy"),
        (document(json!({"account": [{"id": "1"}]})), "twelve digits"),
        (document(json!({"account": [{"id": ACCOUNT}, {"id": ACCOUNT}]})), "the account"),
    ];
    for (document, says) in rows {
        let before = world.directory.clone();
        let error = import(&mut world, &document, Unnamed::Kept).expect_err(says).to_string();
        assert!(error.contains(says), "{error}");
        assert_eq!(world.directory, before, "{says}");
    }
    let surprise = json!({"account": [{"id": ACCOUNT, "users": []}]});
    assert!(serde_json::from_value::<Document>(surprise).is_err());
}

#[test]
fn secrets_come_from_where_the_document_says() {
    let keys = json!([
        {"id": "a", "secret": "inline-secret"},
        {"id": "b", "secret_from_env": "NAME"},
        {"id": "c", "secret_from_file": "/f"},
    ]);
    let mut found = document(json!({"account": [{"id": ACCOUNT, "root_key": keys}]}));
    let read = |source: SecretSource<'_>| match source {
        SecretSource::Environment(name) => Ok(Secret::new(format!("environment {name}"))),
        SecretSource::File(name) => Ok::<_, ()>(Secret::new(format!("file {name}"))),
    };
    found.resolve(read).expect("all are there");
    let secrets: Vec<&str> = found.account[0]
        .root_key
        .iter()
        .map(|key| key.secret.as_ref().expect("resolved").expose())
        .collect();
    assert_eq!(secrets, ["inline-secret", "environment NAME", "file /f"]);
    for key in [json!({"id": "a"}), json!({"id": "a", "secret": "s", "secret_from_env": "N"})] {
        let mut wrong = document(json!({"account": [{"id": ACCOUNT, "root_key": [key]}]}));
        assert_eq!(wrong.resolve(read), Err(SecretError::Ways("a".to_owned())));
    }
    let mut gone = document(
        json!({"account": [{"id": ACCOUNT, "root_key": [{"id": "a", "secret_from_env": "N"}]}]}),
    );
    let error = gone.resolve(|_| Err("not set")).expect_err("it is not there");
    assert_eq!(error.to_string(), "the secret of the access key a: not set");
}
