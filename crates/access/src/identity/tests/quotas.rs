//! Each quota: the last that fits, and the first that does not.

use super::*;

#[test]
fn how_many_there_may_be() {
    for (operation, member, more, most) in [
        ("CreateUser", "UserName", json!({}), limits::USERS_MAX),
        ("CreateGroup", "GroupName", json!({}), limits::GROUPS_MAX),
        (
            "CreateRole",
            "RoleName",
            json!({"AssumeRolePolicyDocument": trust("*")}),
            limits::ROLES_MAX,
        ),
        ("CreatePolicy", "PolicyName", json!({"PolicyDocument": allow("*")}), limits::POLICIES_MAX),
    ] {
        let mut world = World::new();
        let members = |index: usize| {
            let mut members = more.clone();
            members[member] = format!("x{index}").into();
            members
        };
        for index in 0..most {
            let members = members(index).to_string();
            let request = IdentityRequest::parse(operation, members.as_bytes()).expect(operation);
            let (changes, _) = world.apply(None, ACCOUNT, &request).expect("it fits");
            for change in changes {
                world.directory.evolve(change).expect("it can be folded in");
            }
        }
        let text = world.refused(operation, members(most), "LimitExceeded");
        assert!(text.ends_with(&format!("PerAccount: {most}")), "{text}");
    }
}

#[test]
fn accounts() {
    let mut world = World::empty();
    for index in 0..limits::ACCOUNTS_MAX {
        world.ok("CreateAccount", json!({"AccountId": format!("{index:012}")}));
    }
    world.refused("CreateAccount", json!({"AccountId": "999999999999"}), "LimitExceeded");
}

#[test]
fn what_hangs_on_a_user() {
    let mut world = World::new();
    world.ok("CreateUser", json!({"UserName": "ann"}));
    for index in 0..=limits::ATTACHED_MAX {
        let name = format!("x{index}");
        world.ok("CreateGroup", json!({"GroupName": name}));
        world.ok("CreatePolicy", json!({"PolicyName": name, "PolicyDocument": allow("*")}));
        let group = json!({"GroupName": name, "UserName": "ann"});
        let arn = format!("arn:aws:iam::{ACCOUNT}:policy/{name}");
        let attach = json!({"UserName": "ann", "PolicyArn": arn});
        if index < limits::ATTACHED_MAX {
            world.ok("AddUserToGroup", group);
            world.ok("AttachUserPolicy", attach);
        } else {
            world.refused("AddUserToGroup", group, "LimitExceeded");
            let text = world.refused("AttachUserPolicy", attach, "LimitExceeded");
            assert_eq!(text, "Cannot exceed quota for PoliciesPerUser: 10");
        }
    }
    let tag = |index: usize| json!({"Key": format!("k{index}"), "Value": ""});
    let tags: Vec<Value> = (0..limits::TAGS_MAX).map(tag).collect();
    world.ok("TagUser", json!({"UserName": "ann", "Tags": tags}));
    world.ok("TagUser", json!({"UserName": "ann", "Tags": [tag(3)]}));
    world.refused("TagUser", json!({"UserName": "ann", "Tags": [tag(50)]}), "LimitExceeded");
    for _ in 0..limits::ACCESS_KEYS_MAX {
        world.ok("CreateAccessKey", json!({"UserName": "ann"}));
        world.ok("CreateAccessKey", json!({"Root": true}));
    }
    world.refused("CreateAccessKey", json!({"UserName": "ann"}), "LimitExceeded");
    let text = world.refused("CreateAccessKey", json!({"Root": true}), "LimitExceeded");
    assert_eq!(text, "Cannot exceed quota for AccessKeysPerAccount: 2");
}

/// A document of that many characters that count, and some that do not.
fn document(chars: usize, trusting: bool) -> String {
    let bare = if trusting { trust("*") } else { allow("*") };
    let named = bare.replace("{\"Action\"", "{\"Sid\":\"@\",\"Action\"");
    assert!(named.contains('@'), "{named}");
    let sid = "s".repeat(chars - (named.len() - 1));
    named.replace('@', &sid).replace(",\"", ",\n  \"")
}

#[test]
fn how_long_policies_may_be() {
    let mut world = World::new();
    world.ok("CreateUser", json!({"UserName": "x"}));
    world.ok("CreateGroup", json!({"GroupName": "x"}));
    let trusting = trust(ACCOUNT);
    world.ok("CreateRole", json!({"RoleName": "x", "AssumeRolePolicyDocument": trusting}));
    for (kind, most) in [
        ("User", limits::USER_POLICIES_CHARS_MAX),
        ("Group", limits::GROUP_POLICIES_CHARS_MAX),
        ("Role", limits::ROLE_POLICIES_CHARS_MAX),
    ] {
        let members = |policy: &str, chars: usize| {
            let mut members =
                json!({"PolicyName": policy, "PolicyDocument": document(chars, false)});
            members[format!("{kind}Name")] = "x".into();
            members
        };
        let put = format!("Put{kind}Policy");
        // All inline policies count together.
        world.ok(&put, members("one", most - 500));
        world.refused(&put, members("two", 501), "LimitExceeded");
        world.ok(&put, members("two", 500));
        world.ok(&put, members("two", 400));
    }
    let most = limits::POLICY_CHARS_MAX;
    let create = |chars| json!({"PolicyName": "p", "PolicyDocument": document(chars, false)});
    world.refused("CreatePolicy", create(most + 1), "LimitExceeded");
    world.ok("CreatePolicy", create(most));
    let most = limits::TRUST_CHARS_MAX;
    let update = |chars| json!({"RoleName": "x", "PolicyDocument": document(chars, true)});
    let text = world.refused("UpdateAssumeRolePolicy", update(most + 1), "LimitExceeded");
    assert_eq!(text, "Cannot exceed quota for ACLSizePerRole: 2048");
    world.ok("UpdateAssumeRolePolicy", update(most));
    let endless = " ".repeat(limits::DOCUMENT_CHARS_MAX + 1);
    let put = json!({"UserName": "x", "PolicyName": "p", "PolicyDocument": endless});
    world.refused("PutUserPolicy", put, "ValidationError");
}
