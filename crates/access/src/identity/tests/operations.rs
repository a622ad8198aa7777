//! Each operation, and each way in which it is refused.

use super::*;

/// Operations, members, and what comes of them: a code, or `ok`.
pub(super) fn check(world: &mut World, rows: &[(&str, Value, &str)]) {
    for (operation, members, expected) in rows {
        if *expected == "ok" {
            world.ok(operation, members.clone());
        } else {
            world.refused(operation, members.clone(), expected);
        }
    }
}

#[test]
fn every_operation_has_its_action_and_what_it_acts_on() {
    let world = World::new();
    for operation in IdentityRequest::OPERATIONS {
        let request = IdentityRequest::parse(operation, b"{}").expect(operation);
        assert_eq!(request.operation(), *operation);
        assert_eq!(request.action().name(), *operation);
        let service = request.action().service();
        assert_eq!(service == "sts", ["AssumeRole", "GetCallerIdentity"].contains(operation));
        // What IAM does not have is not meant by `iam:*`.
        let ours = [
            "ImportAccessKey",
            "UpdatePolicy",
            "ImportIdentities",
            "CreateAccount",
            "DeleteAccount",
            "ListAccounts",
        ];
        assert_eq!(service == "tidewheel", ours.contains(operation), "{operation}");
        let again = IdentityRequest::parse(operation, &request.to_json()).expect(operation);
        assert_eq!(again, request);
        request.resource(&world.directory, ACCOUNT, None);
    }
    assert_eq!(IdentityRequest::OPERATIONS.len(), 65);
}

#[test]
fn what_exists_is_authorized_under_its_own_path() {
    let mut world = World::new();
    world.ok("CreateUser", json!({"UserName": "Ann", "Path": "/team/"}));
    let (key, _) = world.new_key(json!({"UserName": "ann"}));
    let rows = [
        ("DeleteUser", json!({"UserName": "ann"}), "user/team/Ann"),
        ("DeleteUser", json!({"UserName": "nobody"}), "user/nobody"),
        ("CreateUser", json!({"UserName": "b", "Path": "/x/"}), "user/x/b"),
        ("CreateAccessKey", json!({}), "user/team/Ann"),
        ("CreateAccessKey", json!({"Root": true}), "root"),
        ("GetAccessKeyLastUsed", json!({"AccessKeyId": key}), "user/team/Ann"),
        ("ListUsers", json!({}), "user/*"),
        ("AddUserToGroup", json!({"GroupName": "g", "UserName": "ann"}), "group/g"),
    ];
    for (operation, members, expected) in rows {
        let members = members.to_string();
        let request = IdentityRequest::parse(operation, members.as_bytes()).expect(operation);
        let resource = request.resource(&world.directory, ACCOUNT, Some("Ann"));
        assert_eq!(resource, format!("arn:aws:iam::{ACCOUNT}:{expected}"), "{operation}");
    }
    // Denials name it, so of a key of another account it says no more than of none.
    world.ok("CreateAccount", json!({"AccountId": "000000000000"}));
    let members = json!({"AccessKeyId": key}).to_string();
    let request = IdentityRequest::parse("GetAccessKeyLastUsed", members.as_bytes());
    let resource = request.expect("an operation").resource(&world.directory, "000000000000", None);
    assert_eq!(resource, "arn:aws:iam::000000000000:user/*");
}

#[test]
fn users() {
    let mut world = World::new();
    let made = world.ok("CreateUser", json!({"UserName": "Ann", "Path": "/a/b/"}))["User"].clone();
    assert_eq!(made["Arn"], format!("arn:aws:iam::{ACCOUNT}:user/a/b/Ann"));
    let id = text(&made["UserId"]);
    assert!(id.starts_with("AIDA") && id.len() == 21, "{id}");
    assert_eq!(world.ok("GetUser", json!({"UserName": "Ann"}))["User"], made);
    check(
        &mut world,
        &[
            ("CreateUser", json!({"UserName": "ann"}), "EntityAlreadyExists"),
            ("CreateUser", json!({"UserName": ""}), "ValidationError"),
            ("CreateUser", json!({}), "ValidationError"),
            ("CreateUser", json!({"UserName": "a b"}), "ValidationError"),
            ("CreateUser", json!({"UserName": "a/b"}), "ValidationError"),
            ("CreateUser", json!({"UserName": "a*"}), "ValidationError"),
            ("CreateUser", json!({"UserName": "a".repeat(65)}), "ValidationError"),
            ("CreateUser", json!({"UserName": "a".repeat(64)}), "ok"),
            ("CreateUser", json!({"UserName": "+=,.@_-"}), "ok"),
            ("CreateUser", json!({"UserName": "b", "Path": "a"}), "ValidationError"),
            ("CreateUser", json!({"UserName": "b", "Path": "/a"}), "ValidationError"),
            ("CreateUser", json!({"UserName": "b", "Path": "/*/"}), "ValidationError"),
            (
                "CreateUser",
                json!({"UserName": "b", "Path": format!("/{}/", "p".repeat(511))}),
                "ValidationError",
            ),
            ("CreateUser", json!({"UserName": "b", "Surprise": 1}), "ValidationError"),
            (
                "CreateUser",
                json!({"UserName": "b", "PermissionsBoundary": "arn:aws:iam::123456789012:policy/p"}),
                "NoSuchEntity",
            ),
            ("GetUser", json!({"UserName": "nobody"}), "NoSuchEntity"),
            ("GetUser", json!({}), "ValidationError"),
            ("DeleteUser", json!({"UserName": "nobody"}), "NoSuchEntity"),
            ("TagUser", json!({"UserName": "nobody", "Tags": []}), "NoSuchEntity"),
            ("UntagUser", json!({"UserName": "nobody", "TagKeys": []}), "NoSuchEntity"),
            ("DeleteUserPermissionsBoundary", json!({"UserName": "Ann"}), "NoSuchEntity"),
            ("NoSuchOperation", json!({}), "InvalidAction"),
        ],
    );
    let names = |reply: Value| -> Vec<String> {
        let users = reply["Users"].as_array().expect("a list");
        users.iter().map(|user| text(&user["UserName"])).collect()
    };
    let first = world.ok("ListUsers", json!({"MaxItems": 2}));
    assert_eq!(first["IsTruncated"], true);
    let mut all = names(first.clone());
    let next = world.ok("ListUsers", json!({"MaxItems": 2, "Marker": first["Marker"]}));
    assert_eq!(next["IsTruncated"], false);
    all.extend(names(next));
    assert_eq!(all, ["+=,.@_-".to_owned(), "a".repeat(64), "Ann".to_owned()]);
    assert_eq!(names(world.ok("ListUsers", json!({"PathPrefix": "/a/"}))), ["Ann"]);
    world.refused("ListUsers", json!({"MaxItems": 0}), "ValidationError");
    world.refused("ListUsers", json!({"MaxItems": 1001}), "ValidationError");
}

#[test]
fn tags_know_no_case_of_their_keys() {
    let mut world = World::new();
    let tag = |key: &str, value: &str| json!({"Key": key, "Value": value});
    world.ok("CreateUser", json!({"UserName": "ann", "Tags": [tag("Team", "a")]}));
    world.ok("TagUser", json!({"UserName": "ann", "Tags": [tag("team", "b"), tag("x", "")]}));
    let tags = world.ok("GetUser", json!({"UserName": "ann"}))["User"]["Tags"].clone();
    assert_eq!(tags, json!([tag("team", "b"), tag("x", "")]));
    world.ok("UntagUser", json!({"UserName": "ann", "TagKeys": ["x", "none"]}));
    let tags = world.ok("GetUser", json!({"UserName": "ann"}))["User"]["Tags"].clone();
    assert_eq!(tags, json!([tag("team", "b")]));
    for (tags, code) in [
        (json!([tag("a", "1"), tag("A", "2")]), "InvalidInput"),
        (json!([tag("aws:x", "1")]), "InvalidInput"),
        (json!([tag("", "1")]), "ValidationError"),
        (json!([tag("a#", "1")]), "InvalidInput"),
        (json!([tag("a", "{}")]), "InvalidInput"),
        (json!([tag(&"k".repeat(129), "1")]), "ValidationError"),
        (json!([tag("a", &"v".repeat(257))]), "ValidationError"),
    ] {
        world.refused("TagUser", json!({"UserName": "ann", "Tags": tags}), code);
    }
}

#[test]
fn access_keys_rotate() {
    let mut world = World::new();
    let (first, secret) = world.user_with_key("ann");
    assert!(first.starts_with("AKIA") && first.len() == 20, "{first}");
    assert_eq!(secret.len(), 40);
    let material = world.directory.key_material(&world.keyring, &first, None).expect("known");
    assert_eq!(material.secret.expose(), secret);
    assert_eq!(&*material.account, ACCOUNT);
    let (second, _) = world.new_key(json!({"UserName": "ann"}));
    world.refused("CreateAccessKey", json!({"UserName": "ann"}), "LimitExceeded");
    let inactive = json!({"UserName": "ann", "AccessKeyId": first, "Status": "Inactive"});
    world.ok("UpdateAccessKey", inactive.clone());
    assert_eq!(world.principal(&first).err(), Some(Fault::UnrecognizedClient));
    assert!(world.principal(&second).is_ok());
    let listed = world.ok("ListAccessKeys", json!({"UserName": "ann"}));
    assert!(!listed.to_string().contains("Secret"), "{listed}");
    assert_eq!(listed["AccessKeyMetadata"].as_array().map(Vec::len), Some(2));
    world.refused("DeleteUser", json!({"UserName": "ann"}), "DeleteConflict");
    world.ok("DeleteAccessKey", json!({"UserName": "ann", "AccessKeyId": first}));
    assert_eq!(world.principal(&first).err(), Some(Fault::UnrecognizedClient));
    let (third, _) = world.new_key(json!({"UserName": "ann"}));
    assert!(third != first && third != second);
    world.ok("CreateUser", json!({"UserName": "bob"}));
    check(
        &mut world,
        &[
            // A key is its user's alone.
            ("DeleteAccessKey", json!({"UserName": "bob", "AccessKeyId": second}), "NoSuchEntity"),
            (
                "UpdateAccessKey",
                json!({"UserName": "bob", "AccessKeyId": second, "Status": "Inactive"}),
                "NoSuchEntity",
            ),
            (
                "UpdateAccessKey",
                json!({"UserName": "ann", "AccessKeyId": second}),
                "ValidationError",
            ),
            (
                "UpdateAccessKey",
                json!({"UserName": "ann", "AccessKeyId": second, "Status": "Off"}),
                "ValidationError",
            ),
            ("GetAccessKeyLastUsed", json!({"AccessKeyId": "AKIANONE"}), "NoSuchEntity"),
            ("CreateAccessKey", json!({}), "ValidationError"),
            ("CreateAccessKey", json!({"UserName": "ann", "Root": true}), "ValidationError"),
            ("CreateAccessKey", json!({"UserName": "nobody"}), "NoSuchEntity"),
        ],
    );
    let used = world.ok("GetAccessKeyLastUsed", json!({"AccessKeyId": second}));
    assert_eq!(used["AccessKeyLastUsed"]["Region"], "N/A");
    let key_use = KeyUse { at: world.now, region: "us-east-1".into(), service: "swf".into() };
    let change = Change::PutKeyUse(second.as_str().into(), key_use);
    world.directory.evolve(change).expect("a use");
    let used = world.ok("GetAccessKeyLastUsed", json!({"AccessKeyId": second}));
    assert_eq!(used["AccessKeyLastUsed"]["Region"], "us-east-1");
    assert_eq!(used["UserName"], "ann");
    // A user's own keys need no name.
    let ann = world.principal(&second).expect("a principal");
    let own = world.call_as(Some(&ann), "ListAccessKeys", json!({})).expect("her own");
    assert_eq!(own["AccessKeyMetadata"][0]["UserName"], "ann");
    // Nor do the root's.
    let (root, _) = world.new_key(json!({"Root": true}));
    let principal = world.principal(&root).expect("a principal");
    assert_eq!(*principal.arn, *format!("arn:aws:iam::{ACCOUNT}:root"));
    let own = world.call_as(Some(&principal), "ListAccessKeys", json!({})).expect("its own");
    assert_eq!(own["AccessKeyMetadata"][0]["AccessKeyId"], root);
}

#[test]
fn keys_from_elsewhere_are_imported() {
    let mut world = World::new();
    world.ok("CreateUser", json!({"UserName": "ann"}));
    let import = |id: &str, secret: &str| json!({"UserName": "ann", "AccessKeyId": id, "SecretAccessKey": secret});
    check(
        &mut world,
        &[
            ("ImportAccessKey", import("test", "test"), "ValidationError"),
            ("ImportAccessKey", import("foreign", ""), "ValidationError"),
            ("ImportAccessKey", import("foreign", &"s".repeat(129)), "ValidationError"),
            ("ImportAccessKey", import("foreign", "with space"), "ValidationError"),
            ("ImportAccessKey", import("", "12345678"), "ValidationError"),
            ("ImportAccessKey", import("a/b", "12345678"), "ValidationError"),
            ("ImportAccessKey", import("ASIAXXXX", "12345678"), "ValidationError"),
            ("ImportAccessKey", import("foreign", "12345678"), "ok"),
            ("ImportAccessKey", import("foreign", "12345678"), "EntityAlreadyExists"),
        ],
    );
    world.short_secrets = true;
    world.ok("ImportAccessKey", import("test", "test"));
    let material = world.directory.key_material(&world.keyring, "test", None).expect("known");
    assert_eq!(material.secret.expose(), "test");
    world.refused("ImportAccessKey", import("third", "12345678"), "LimitExceeded");
}

#[test]
fn groups_and_who_is_in_them() {
    let mut world = World::new();
    world.ok("CreateUser", json!({"UserName": "ann"}));
    let both = json!({"GroupName": "deciders", "UserName": "ann"});
    check(
        &mut world,
        &[
            ("CreateGroup", json!({"GroupName": "deciders"}), "ok"),
            ("CreateGroup", json!({"GroupName": "Deciders"}), "EntityAlreadyExists"),
            ("CreateGroup", json!({"GroupName": "g".repeat(128)}), "ok"),
            ("CreateGroup", json!({"GroupName": "g".repeat(129)}), "ValidationError"),
            ("GetGroup", json!({"GroupName": "none"}), "NoSuchEntity"),
            ("RemoveUserFromGroup", both.clone(), "NoSuchEntity"),
            ("AddUserToGroup", json!({"GroupName": "none", "UserName": "ann"}), "NoSuchEntity"),
            (
                "AddUserToGroup",
                json!({"GroupName": "deciders", "UserName": "nobody"}),
                "NoSuchEntity",
            ),
            ("AddUserToGroup", both.clone(), "ok"),
            ("AddUserToGroup", both.clone(), "ok"),
            ("DeleteGroup", json!({"GroupName": "deciders"}), "DeleteConflict"),
            ("DeleteUser", json!({"UserName": "ann"}), "DeleteConflict"),
        ],
    );
    let group = world.ok("GetGroup", json!({"GroupName": "DECIDERS"}));
    assert_eq!(group["Group"]["GroupName"], "deciders");
    assert_eq!(group["Users"][0]["UserName"], "ann");
    let groups = world.ok("ListGroupsForUser", json!({"UserName": "ann"}));
    assert_eq!(groups["Groups"][0]["Arn"], format!("arn:aws:iam::{ACCOUNT}:group/deciders"));
    assert_eq!(world.ok("ListGroups", json!({}))["Groups"].as_array().map(Vec::len), Some(2));
    check(
        &mut world,
        &[
            ("RemoveUserFromGroup", both, "ok"),
            ("DeleteGroup", json!({"GroupName": "deciders"}), "ok"),
            ("DeleteGroup", json!({"GroupName": "deciders"}), "NoSuchEntity"),
            ("DeleteUser", json!({"UserName": "ann"}), "ok"),
        ],
    );
}

#[test]
fn policies_of_users_groups_and_roles() {
    let mut world = World::new();
    let trusting = trust(ACCOUNT);
    world.ok("CreateUser", json!({"UserName": "x"}));
    world.ok("CreateGroup", json!({"GroupName": "x"}));
    world.ok("CreateRole", json!({"RoleName": "x", "AssumeRolePolicyDocument": trusting}));
    let document = allow("swf:*");
    world.ok("CreatePolicy", json!({"PolicyName": "all", "PolicyDocument": document}));
    let arn = format!("arn:aws:iam::{ACCOUNT}:policy/all");
    for kind in ["User", "Group", "Role"] {
        let members = |more: Value| {
            let mut members = more;
            members[format!("{kind}Name")] = "x".into();
            members
        };
        let named = |name: &str| members(json!({"PolicyName": name}));
        let put = members(json!({"PolicyName": "p", "PolicyDocument": document}));
        let bad = members(json!({"PolicyName": "p", "PolicyDocument": "{}"}));
        let odd = members(json!({"PolicyName": "p q", "PolicyDocument": document}));
        let operation = |verb: &str, noun: &str| format!("{verb}{kind}{noun}");
        let attached = format!("ListAttached{kind}Policies");
        world.ok(&operation("Put", "Policy"), put.clone());
        world.ok(&operation("Put", "Policy"), put);
        world.refused(&operation("Put", "Policy"), bad, "MalformedPolicyDocument");
        world.refused(&operation("Put", "Policy"), odd, "ValidationError");
        let got = world.ok(&operation("Get", "Policy"), named("p"));
        assert_eq!(got["PolicyDocument"], document.as_str());
        world.refused(&operation("Get", "Policy"), named("q"), "NoSuchEntity");
        let listed = world.ok(&operation("List", "Policies"), members(json!({})));
        assert_eq!(listed["PolicyNames"], json!(["p"]));
        let attach = members(json!({"PolicyArn": arn}));
        world.refused(&operation("Detach", "Policy"), attach.clone(), "NoSuchEntity");
        world.ok(&operation("Attach", "Policy"), attach.clone());
        world.ok(&operation("Attach", "Policy"), attach.clone());
        let foreign = members(json!({"PolicyArn": "arn:aws:iam::000000000000:policy/all"}));
        world.refused(&operation("Attach", "Policy"), foreign, "NoSuchEntity");
        let shown = world.ok(&attached, members(json!({})));
        assert_eq!(shown["AttachedPolicies"][0]["PolicyName"], "all");
        world.refused("DeletePolicy", json!({"PolicyArn": arn}), "DeleteConflict");
        let delete = format!("Delete{kind}");
        world.refused(&delete, members(json!({})), "DeleteConflict");
        world.ok(&operation("Delete", "Policy"), named("p"));
        world.refused(&operation("Delete", "Policy"), named("p"), "NoSuchEntity");
        world.refused(&delete, members(json!({})), "DeleteConflict");
        world.ok(&operation("Detach", "Policy"), attach);
        world.ok(&delete, members(json!({})));
        world.refused(&delete, members(json!({})), "NoSuchEntity");
    }
    world.ok("DeletePolicy", json!({"PolicyArn": arn}));
    world.refused("GetPolicy", json!({"PolicyArn": arn}), "NoSuchEntity");
}

#[test]
fn managed_policies() {
    let mut world = World::new();
    let document = allow("swf:ListDomains");
    let create = json!({"PolicyName": "list", "Path": "/p/", "PolicyDocument": document});
    let made = world.ok("CreatePolicy", create.clone())["Policy"].clone();
    let arn = format!("arn:aws:iam::{ACCOUNT}:policy/p/list");
    assert_eq!(made["Arn"], arn.as_str());
    world.ok("CreateUser", json!({"UserName": "ann", "PermissionsBoundary": arn}));
    let shown = world.ok("GetPolicy", json!({"PolicyArn": arn}))["Policy"].clone();
    assert_eq!(
        (&shown["AttachmentCount"], &shown["PermissionsBoundaryUsageCount"]),
        (&json!(0), &json!(1))
    );
    check(
        &mut world,
        &[
            ("CreatePolicy", create, "EntityAlreadyExists"),
            (
                "CreatePolicy",
                json!({"PolicyName": "LIST", "PolicyDocument": document}),
                "EntityAlreadyExists",
            ),
            (
                "CreatePolicy",
                json!({"PolicyName": "x", "PolicyDocument": "no"}),
                "MalformedPolicyDocument",
            ),
            ("CreatePolicy", json!({"PolicyName": "x"}), "ValidationError"),
            ("DeletePolicy", json!({"PolicyArn": arn}), "DeleteConflict"),
            // Another path is another name.
            (
                "GetPolicy",
                json!({"PolicyArn": format!("arn:aws:iam::{ACCOUNT}:policy/list")}),
                "NoSuchEntity",
            ),
            (
                "UpdatePolicy",
                json!({"PolicyArn": arn, "PolicyDocument": "[]"}),
                "MalformedPolicyDocument",
            ),
            ("UpdatePolicy", json!({"PolicyArn": arn, "PolicyDocument": allow("swf:*")}), "ok"),
            ("DeleteUserPermissionsBoundary", json!({"UserName": "ann"}), "ok"),
            (
                "PutUserPermissionsBoundary",
                json!({"UserName": "ann", "PermissionsBoundary": arn}),
                "ok",
            ),
            ("DeleteUserPermissionsBoundary", json!({"UserName": "ann"}), "ok"),
            ("DeletePolicy", json!({"PolicyArn": arn}), "ok"),
            ("UpdatePolicy", json!({"PolicyArn": arn, "PolicyDocument": document}), "NoSuchEntity"),
        ],
    );
    assert_eq!(world.ok("ListPolicies", json!({}))["Policies"], json!([]));
}

#[test]
fn roles() {
    let mut world = World::new();
    let trusting = trust(ACCOUNT);
    let create = |more: Value| {
        let mut members = more;
        members["RoleName"] = "r".into();
        members["AssumeRolePolicyDocument"] = trusting.as_str().into();
        members
    };
    world.ok("CreatePolicy", json!({"PolicyName": "b", "PolicyDocument": allow("swf:*")}));
    let boundary = format!("arn:aws:iam::{ACCOUNT}:policy/b");
    let bound = json!({"RoleName": "r", "PermissionsBoundary": boundary});
    check(
        &mut world,
        &[
            ("CreateRole", create(json!({"MaxSessionDuration": 3599})), "ValidationError"),
            ("CreateRole", create(json!({"MaxSessionDuration": 43201})), "ValidationError"),
            (
                "CreateRole",
                json!({"RoleName": "r", "AssumeRolePolicyDocument": allow("sts:AssumeRole")}),
                "MalformedPolicyDocument",
            ),
            ("CreateRole", json!({"RoleName": "r"}), "MalformedPolicyDocument"),
            ("CreateRole", create(json!({"Description": "d".repeat(1001)})), "ValidationError"),
            ("CreateRole", create(json!({"MaxSessionDuration": 43200})), "ok"),
            ("CreateRole", create(json!({})), "EntityAlreadyExists"),
            ("UpdateRole", json!({"RoleName": "r", "Description": "d"}), "ok"),
            ("UpdateRole", json!({"RoleName": "r", "MaxSessionDuration": 1}), "ValidationError"),
            (
                "UpdateAssumeRolePolicy",
                json!({"RoleName": "r", "PolicyDocument": "{}"}),
                "MalformedPolicyDocument",
            ),
            (
                "UpdateAssumeRolePolicy",
                json!({"RoleName": "r", "PolicyDocument": trust("*")}),
                "ok",
            ),
            ("TagRole", json!({"RoleName": "r", "Tags": [{"Key": "k", "Value": "v"}]}), "ok"),
            ("UntagRole", json!({"RoleName": "r", "TagKeys": ["k"]}), "ok"),
            ("PutRolePermissionsBoundary", bound, "ok"),
            ("DeletePolicy", json!({"PolicyArn": boundary}), "DeleteConflict"),
            ("DeleteRolePermissionsBoundary", json!({"RoleName": "r"}), "ok"),
            ("DeleteRolePermissionsBoundary", json!({"RoleName": "r"}), "NoSuchEntity"),
            ("GetRole", json!({"RoleName": "none"}), "NoSuchEntity"),
        ],
    );
    let role = world.ok("GetRole", json!({"RoleName": "r"}))["Role"].clone();
    assert_eq!((&role["Description"], &role["MaxSessionDuration"]), (&json!("d"), &json!(43200)));
    assert_eq!(world.ok("ListRoles", json!({}))["Roles"].as_array().map(Vec::len), Some(1));
    world.ok("DeleteRole", json!({"RoleName": "r"}));
    world.refused("DeleteRole", json!({"RoleName": "r"}), "NoSuchEntity");
}

#[test]
fn accounts_are_for_whoever_has_the_data_directory() {
    let mut world = World::empty();
    assert!(world.directory.is_empty());
    world.refused("CreateUser", json!({"UserName": "ann"}), "NoSuchEntity");
    check(
        &mut world,
        &[
            ("CreateAccount", json!({"AccountId": "1"}), "ValidationError"),
            ("CreateAccount", json!({"AccountId": "12345678901x"}), "ValidationError"),
            ("CreateAccount", json!({"AccountId": ACCOUNT}), "ok"),
            ("CreateAccount", json!({"AccountId": ACCOUNT}), "EntityAlreadyExists"),
            ("CreateAccount", json!({"AccountId": "000000000000"}), "ok"),
            ("DeleteAccount", json!({"AccountId": "000000000001"}), "NoSuchEntity"),
            ("CreateUser", json!({"UserName": "ann"}), "ok"),
            ("DeleteAccount", json!({"AccountId": ACCOUNT}), "DeleteConflict"),
        ],
    );
    let (root, _) = world.new_key(json!({"Root": true}));
    let principal = world.principal(&root).expect("a principal");
    for operation in ["CreateAccount", "DeleteAccount"] {
        let members = json!({"AccountId": "000000000000"});
        let fault = world.call_as(Some(&principal), operation, members).expect_err(operation);
        assert_eq!(fault.code(), "AccessDenied");
    }
    let seen = world.call_as(Some(&principal), "ListAccounts", json!({})).expect("its own");
    assert_eq!(seen["Accounts"].as_array().map(Vec::len), Some(1));
    assert_eq!(world.ok("ListAccounts", json!({}))["Accounts"].as_array().map(Vec::len), Some(2));
    world.ok("DeleteUser", json!({"UserName": "ann"}));
    world.ok("DeleteAccount", json!({"AccountId": ACCOUNT}));
    assert_eq!(world.principal(&root).err(), Some(Fault::UnrecognizedClient));
    assert_eq!(world.directory.keys().count(), 0);
}

#[test]
fn who_has_a_policy_is_listed() {
    let mut world = World::new();
    for name in ["p", "q"] {
        world.ok("CreatePolicy", json!({"PolicyName": name, "PolicyDocument": allow("swf:*")}));
    }
    let arn = format!("arn:aws:iam::{ACCOUNT}:policy/p");
    world.ok("CreateUser", json!({"UserName": "ann", "Path": "/team/"}));
    world.ok("CreateUser", json!({"UserName": "bob", "PermissionsBoundary": arn}));
    world.ok("CreateUser", json!({"UserName": "cat"}));
    world.ok("CreateGroup", json!({"GroupName": "g"}));
    let role = json!({"RoleName": "r", "AssumeRolePolicyDocument": trust(ACCOUNT)});
    world.ok("CreateRole", role);
    world.ok("AttachUserPolicy", json!({"UserName": "ann", "PolicyArn": arn}));
    world.ok("AttachGroupPolicy", json!({"GroupName": "g", "PolicyArn": arn}));
    world.ok("AttachRolePolicy", json!({"RoleName": "r", "PolicyArn": arn}));
    let other = format!("arn:aws:iam::{ACCOUNT}:policy/q");
    world.ok("AttachUserPolicy", json!({"UserName": "cat", "PolicyArn": other}));
    let mut listed = |more: Value| {
        let mut members = more;
        members["PolicyArn"] = json!(arn);
        let reply = world.ok("ListEntitiesForPolicy", members);
        let names = |list: &str, name: &str| -> Vec<String> {
            reply[list].as_array().expect(list).iter().map(|entry| text(&entry[name])).collect()
        };
        [
            names("PolicyGroups", "GroupName"),
            names("PolicyUsers", "UserName"),
            names("PolicyRoles", "RoleName"),
        ]
        .map(|names| names.join(","))
    };
    for (more, expected) in [
        (json!({}), ["g", "ann,bob", "r"]),
        (json!({"EntityFilter": "User"}), ["", "ann,bob", ""]),
        (json!({"EntityFilter": "AWSManagedPolicy"}), ["", "", ""]),
        (json!({"PathPrefix": "/team/"}), ["", "ann", ""]),
        (json!({"PolicyUsageFilter": "PermissionsPolicy"}), ["g", "ann", "r"]),
        (json!({"PolicyUsageFilter": "PermissionsBoundary"}), ["", "bob", ""]),
    ] {
        assert_eq!(listed(more.clone()), expected, "{more}");
    }
    let wrong = json!({"PolicyArn": arn, "EntityFilter": "Users"});
    world.refused("ListEntitiesForPolicy", wrong, "ValidationError");
    let unknown = json!({"PolicyArn": format!("{arn}x")});
    world.refused("ListEntitiesForPolicy", unknown, "NoSuchEntity");
}
