//! Whom roles may trust: those who are there.

use super::*;

fn role(trusting: &str) -> Value {
    json!({"RoleName": "r", "AssumeRolePolicyDocument": trusting})
}

fn user_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:user/{name}")
}

#[test]
fn a_role_trusts_nobody_who_is_not_there() {
    let mut world = World::new();
    world.ok("CreateUser", json!({"UserName": "ann", "Path": "/team/"}));
    world.ok("CreateRole", json!({"RoleName": "s", "AssumeRolePolicyDocument": trust("*")}));
    let nobody = [
        user_arn("bob"),
        user_arn("ann"), // It is another path.
        format!("arn:aws:iam::{ACCOUNT}:role/r"),
        format!("arn:aws:sts::{ACCOUNT}:assumed-role/r/nightly"),
        "arn:aws:iam::000000000000:user/team/ann".to_owned(),
        "arn:aws:iam::000000000000:root".to_owned(),
    ];
    for arn in &nobody {
        let said = world.refused("CreateRole", role(&trust(arn)), "MalformedPolicyDocument");
        assert_eq!(said, format!("Invalid principal in policy: \"AWS\":\"{arn}\""));
    }
    let said = world.refused("CreateRole", role(&trust("000000000000")), "MalformedPolicyDocument");
    assert!(said.ends_with("\"arn:aws:iam::000000000000:root\""), "{said}");
    // Among others, and where it is denied.
    let both = trust("*").replace(r#""*""#, &format!(r#"["*", "{}"]"#, nobody[0]));
    world.refused("CreateRole", role(&both), "MalformedPolicyDocument");
    let denied = trust(&nobody[0]).replace("Allow", "Deny");
    world.refused("CreateRole", role(&denied), "MalformedPolicyDocument");

    for arn in [
        ACCOUNT.to_owned(),
        user_arn("team/ann"),
        format!("arn:aws:iam::{ACCOUNT}:role/s"),
        format!("arn:aws:sts::{ACCOUNT}:assumed-role/s/nightly"),
    ] {
        world.ok("CreateRole", role(&trust(&arn)));
        world.ok("DeleteRole", json!({"RoleName": "r"}));
    }
    world.ok("CreateRole", role(&trust("*")));
    let update = |arn: &str| json!({"RoleName": "r", "PolicyDocument": trust(arn)});
    world.refused("UpdateAssumeRolePolicy", update(&nobody[0]), "MalformedPolicyDocument");
    let itself = format!("arn:aws:iam::{ACCOUNT}:role/r");
    world.ok("UpdateAssumeRolePolicy", update(&itself));
    // Who has gone stays named, and keeps nobody from changing the rest.
    world.ok("UpdateAssumeRolePolicy", update(&user_arn("team/ann")));
    world.ok("DeleteUser", json!({"UserName": "ann"}));
    world.ok("UpdateRole", json!({"RoleName": "r", "Description": "d"}));
}

/// In a document, everybody comes at once.
#[test]
fn roles_of_a_document_trust_those_of_the_same_document() {
    let mut world = World::new();
    let other = "000000000000";
    let arn = |name: &str| format!("arn:aws:iam::{ACCOUNT}:{name}");
    let whole = json!({"account": [
        {"id": ACCOUNT, "user": [{"name": "ann"}], "role": [
            {"name": "of-ann", "trust": trust(&arn("user/ann"))},
            {"name": "first", "trust": trust(&arn("role/last"))},
            {"name": "last", "trust": trust(&arn("role/first"))},
            {"name": "of-eve", "trust": trust(&format!("arn:aws:iam::{other}:user/eve"))},
            {"name": "of-all", "trust": trust(other)},
        ]},
        {"id": other, "user": [{"name": "eve"}]},
    ]});
    let import = |document: &Value, prune: bool| json!({"Document": document, "Prune": prune});
    world.ok("ImportIdentities", import(&whole, false));
    assert_eq!(world.ok("ImportIdentities", import(&whole, false)), json!({"Steps": []}));
    // The ids are those of who is there, as if each role had been made after those whom it trusts.
    let directory = world.directory.clone();
    for role in directory.roles(ACCOUNT) {
        let update = json!({"RoleName": *role.name, "PolicyDocument": *role.trust});
        world.ok("UpdateAssumeRolePolicy", update);
        let names = usize::from(&*role.name != "of-all");
        assert_eq!(role.trusted.len(), names, "{}", role.name);
    }
    assert_eq!(world.directory, directory);

    let mut less = whole.clone();
    less["account"][1]["user"] = json!([{"name": "mallory"}]);
    let mut trusting = less.clone();
    trusting["account"][0]["role"][0]["trust"] = trust(&arn("user/bob")).into();
    let said =
        world.refused("ImportIdentities", import(&trusting, false), "MalformedPolicyDocument");
    assert_eq!(
        said,
        "UpdateAssumeRolePolicy arn:aws:iam::123456789012:role/of-ann: Invalid principal in policy: \
         \"AWS\":\"arn:aws:iam::123456789012:user/bob\""
    );
    // Whom the document takes away is not there at its end. What it does not touch stays.
    let gone = format!("arn:aws:iam::{other}:user/eve");
    trusting["account"][0]["role"][0]["trust"] = trust(&gone).into();
    world.refused("ImportIdentities", import(&trusting, true), "MalformedPolicyDocument");
    world.ok("ImportIdentities", import(&less, true));
}
