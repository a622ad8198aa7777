//! Whose keys somebody from outside may make, and what is told of those of others.

use super::*;

fn import(more: Value) -> Value {
    let mut members = json!({"AccessKeyId": "AKIATAKEN", "SecretAccessKey": "12345678"});
    for (name, value) in more.as_object().expect("members") {
        members[name] = value.clone();
    }
    members
}

/// An id is there once among all accounts, so one that is taken cannot be had; where it is taken is
/// nobody's business.
#[test]
fn a_key_of_another_account_is_refused_as_an_id_that_nobody_can_have() {
    let mut world = World::new();
    world.ok("CreateAccount", json!({"AccountId": "000000000000"}));
    world.account = "000000000000".to_owned();
    world.ok("ImportAccessKey", import(json!({"Root": true})));
    world.account = ACCOUNT.to_owned();
    let (key, _) = world.user_with_key("ann");
    let ann = world.principal(&key).expect("a principal");
    let mut told = |id: &str| {
        let members = import(json!({"UserName": "ann", "AccessKeyId": id}));
        world.call_as(Some(&ann), "ImportAccessKey", members).expect_err(id)
    };
    let taken = told("AKIATAKEN");
    assert_eq!(taken.code(), "ValidationError");
    assert_eq!(taken, told("ASIATAKEN"));
    // Of one's own account it is known, and whoever has the data directory knows all.
    assert_eq!(told(&key).code(), "EntityAlreadyExists");
    let said =
        world.refused("ImportAccessKey", import(json!({"UserName": "ann"})), "EntityAlreadyExists");
    assert_eq!(said, "Access key with id AKIATAKEN already exists.");
    // Who has no room for a key learns of none.
    world.ok("CreateAccessKey", json!({"UserName": "ann"}));
    world.refused("ImportAccessKey", import(json!({"UserName": "ann"})), "LimitExceeded");
}

/// A policy that grants `iam:*AccessKey` on everything does not grant everything.
#[test]
fn keys_of_the_root_are_administered_by_the_root_alone() {
    let mut world = World::new();
    let (key, _) = world.user_with_key("ann");
    let ann = world.principal(&key).expect("a principal");
    let (key, _) = world.new_key(json!({"Root": true}));
    let root = world.principal(&key).expect("a principal");
    let of_root = json!({"Root": true});
    let disabled = json!({"Root": true, "AccessKeyId": key, "Status": "Inactive"});
    for (operation, members) in [
        ("CreateAccessKey", of_root.clone()),
        ("ImportAccessKey", import(of_root.clone())),
        ("UpdateAccessKey", disabled),
        ("DeleteAccessKey", json!({"Root": true, "AccessKeyId": key})),
        ("ListAccessKeys", of_root.clone()),
    ] {
        let fault = world.call_as(Some(&ann), operation, members).expect_err(operation);
        assert_eq!(
            (fault.code(), fault.to_string().as_str()),
            (
                "AccessDenied",
                "User: arn:aws:iam::123456789012:user/ann is not authorized to administer access \
                 keys of the account's root; the root is, and whoever administers the data directory"
            ),
            "{operation}"
        );
    }
    world.call_as(Some(&root), "CreateAccessKey", json!({})).expect("its own");
    world.ok("DeleteAccessKey", json!({"Root": true, "AccessKeyId": key}));
    world.call_as(Some(&root), "ImportAccessKey", import(of_root)).expect("its own");
}
