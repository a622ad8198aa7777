//! What an operation demands besides its own action: nothing that a policy written for AWS denies
//! is to be had in another way.

use super::*;

const OTHER: &str = "arn:aws:iam::000000000000:user/bob";
/// A policy that allows everything.
const ALL: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

/// A user with these statements.
fn holder(administration: &Administration, name: &str, statements: Value) -> String {
    done(administration, "CreateUser", json!({ "UserName": name }));
    let document = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    let policy = json!({ "UserName": name, "PolicyName": "p", "PolicyDocument": document });
    done(administration, "PutUserPolicy", policy);
    format!("arn:aws:iam::{ACCOUNT}:user/{name}")
}

/// A user who may do everything but these.
fn all_but(administration: &Administration, name: &str, denied: Value) -> String {
    let statements = json!([
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": denied, "Resource": "*"},
    ]);
    holder(administration, name, statements)
}

/// That it is denied, for which action, and that nothing has changed.
fn denied(administration: &Administration, by: &str, operation: &str, body: Value, action: &str) {
    caller(administration, by);
    let before = administration.reader().directory();
    let (status, told) = told(ask(administration, by, operation, body));
    assert_eq!((status, &told["__type"]), (400, &json!("com.tidewheel.identity#AccessDenied")));
    let message = told["message"].as_str().expect("it has a text");
    assert!(message.contains(&format!("perform: {action} on")), "{operation}: {message}");
    assert_eq!(administration.reader().directory(), before, "{operation}");
}

fn import_of(user: Value) -> Value {
    json!({ "Document": { "account": [{ "id": ACCOUNT, "user": [user] }] } })
}

fn imported_key(whose: Value) -> Value {
    let mut members = json!({ "AccessKeyId": "AKIAEVE", "SecretAccessKey": "correct-horse" });
    for (name, value) in whose.as_object().expect("members") {
        members[name] = value.clone();
    }
    members
}

/// The way that was found around a policy that leaves somebody everything but to raise themselves.
#[test]
fn a_policy_that_denies_aws_ways_up_denies_ours() {
    let administration = administration();
    let ways = json!([
        "iam:CreateAccessKey",
        "iam:UpdateAccessKey",
        "iam:Put*",
        "iam:Attach*",
        "iam:Detach*",
        "iam:Delete*",
        "iam:CreatePolicy",
        "iam:CreatePolicyVersion",
        "iam:SetDefaultPolicyVersion",
        "iam:CreateUser",
        "iam:CreateRole",
        "iam:UpdateAssumeRolePolicy",
        "iam:AddUserToGroup",
    ]);
    let eve = all_but(&administration, "eve", ways);
    done(&administration, "CreateUser", json!({ "UserName": "bob" }));
    let policy = json!({ "PolicyName": "p", "PolicyDocument": ALL });
    done(&administration, "CreatePolicy", policy);
    let arn = format!("arn:aws:iam::{ACCOUNT}:policy/p");
    let update = json!({ "PolicyArn": arn, "PolicyDocument": ALL });
    let freed = import_of(json!({ "name": "eve", "policies": {} }));
    for (operation, body, action) in [
        ("ImportAccessKey", imported_key(json!({ "Root": true })), "iam:CreateAccessKey"),
        ("ImportAccessKey", imported_key(json!({ "UserName": "bob" })), "iam:CreateAccessKey"),
        ("UpdatePolicy", update, "iam:CreatePolicyVersion"),
        ("ImportIdentities", freed, "iam:DeleteUserPolicy"),
    ] {
        denied(&administration, &eve, operation, body, action);
    }
}

/// Each of the actions that an operation demands is enough to deny it; and `iam:*` is not enough to
/// allow one that is ours.
#[test]
fn an_operation_demands_what_iams_that_do_the_same_demand() {
    let administration = administration();
    done(&administration, "CreateUser", json!({ "UserName": "bob" }));
    done(&administration, "CreatePolicy", json!({ "PolicyName": "p", "PolicyDocument": ALL }));
    let policy = format!("arn:aws:iam::{ACCOUNT}:policy/p");
    let tags = json!([{ "Key": "team", "Value": "a" }]);
    let update = json!({ "PolicyArn": policy, "PolicyDocument": ALL });
    let role = json!({ "RoleName": "r", "AssumeRolePolicyDocument": "unread", "Tags": tags });
    let nobody = json!({ "Document": { "account": [{ "id": ACCOUNT }] } });
    let rows = [
        ("ImportAccessKey", imported_key(json!({ "UserName": "bob" })), "iam:CreateAccessKey"),
        ("UpdatePolicy", update.clone(), "iam:CreatePolicyVersion"),
        ("UpdatePolicy", update.clone(), "iam:SetDefaultPolicyVersion"),
        ("UpdatePolicy", update.clone(), "iam:DeletePolicyVersion"),
        ("GetPolicy", json!({ "PolicyArn": policy }), "iam:GetPolicyVersion"),
        ("CreateUser", json!({ "UserName": "new", "Tags": tags }), "iam:TagUser"),
        ("CreateRole", role, "iam:TagRole"),
        ("ImportIdentities", nobody.clone(), "iam:GetAccountAuthorizationDetails"),
    ];
    for (index, (operation, body, action)) in rows.into_iter().enumerate() {
        let user = all_but(&administration, &format!("user-{index}"), json!(action));
        denied(&administration, &user, operation, body, action);
    }
    let iam = json!({"Effect": "Allow", "Action": "iam:*", "Resource": "*"});
    let ada = holder(&administration, "ada", iam);
    for (operation, body) in [
        ("ImportAccessKey", imported_key(json!({ "UserName": "bob" }))),
        ("UpdatePolicy", update),
        ("ImportIdentities", nobody),
        ("CreateAccount", json!({ "AccountId": "111111111111" })),
        ("DeleteAccount", json!({ "AccountId": ACCOUNT })),
        ("ListAccounts", json!({})),
    ] {
        denied(&administration, &ada, operation, body, &format!("tidewheel:{operation}"));
    }
    // A list is no way around it either.
    let listed = ask(&administration, &ada, "ListPolicies", json!({}));
    let (status, body) = told(listed);
    assert_eq!((status, &body["Policies"][0]["PolicyName"]), (200, &json!("p")));
    assert_eq!(body["Policies"][0]["PolicyDocument"], Value::Null);
}

/// As in AWS: who has the root's keys has the account, so no policy gives them to anybody.
#[test]
fn the_roots_keys_are_the_roots_business() {
    let administration = administration();
    let all = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let ada = holder(&administration, "ada", all);
    caller(&administration, &ada);
    let root = caller(&administration, ROOT);
    let Authority::Principal(_, key) = &root.authority else { panic!("the root is somebody") };
    let id = &*key.access_key_id;
    let by_file = json!({ "Document": { "account": [
        { "id": ACCOUNT, "root_key": [{ "id": "AKIAEVE", "secret": "correct-horse" }] }
    ] } });
    let rows = [
        ("CreateAccessKey", json!({ "Root": true })),
        ("ImportAccessKey", imported_key(json!({ "Root": true }))),
        ("UpdateAccessKey", json!({ "Root": true, "AccessKeyId": id, "Status": "Inactive" })),
        ("ListAccessKeys", json!({ "Root": true })),
        ("DeleteAccessKey", json!({ "Root": true, "AccessKeyId": id })),
        ("ImportIdentities", by_file),
    ];
    for (operation, body) in &rows {
        let before = administration.reader().directory();
        let administered = ask(&administration, &ada, operation, body.clone());
        let decided = administered.judged.as_ref().map(|(_, _, decided)| decided.clone());
        assert_eq!(decided, Some(Decided::Refused), "{operation}");
        let (_, body) = told(administered);
        assert_eq!(body["__type"], "com.tidewheel.identity#AccessDenied", "{operation}: {body}");
        assert_eq!(administration.reader().directory(), before, "{operation}");
    }
    let (operation, body) = &rows[1];
    done(&administration, operation, body.clone());
}

/// With rights to some of its steps alone nothing of an import is done, and a step gives no rights
/// to those behind it.
#[test]
fn every_step_of_an_import_is_judged_before_any_is_done() {
    let administration = administration();
    let statements = json!([
        {
            "Effect": "Allow",
            "Action": ["tidewheel:ImportIdentities", "iam:GetAccountAuthorizationDetails"],
            "Resource": "*",
        },
        {
            "Effect": "Allow",
            "Action": ["iam:CreateUser", "iam:CreateAccessKey", "tidewheel:ImportAccessKey"],
            "Resource": "arn:aws:iam::000000000000:user/team/*",
        },
        {"Effect": "Allow", "Action": "iam:PutUserPolicy", "Resource": format!("{OTHER}*")},
    ]);
    let ada = holder(&administration, "ada", statements);
    let key = json!([{ "id": "AKIANEW", "secret": "correct-horse" }]);
    let new = |name: &str, path: &str| json!({ "name": name, "path": path, "key": key });
    let mut with_policy = new("c", "/team/");
    with_policy["policies"] = json!({ "all": ALL });
    for (user, action) in [(new("c", "/"), "iam:CreateUser"), (with_policy, "iam:PutUserPolicy")] {
        denied(&administration, &ada, "ImportIdentities", import_of(user), action);
    }
    let (status, body) =
        told(ask(&administration, &ada, "ImportIdentities", import_of(new("c", "/team/"))));
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["Steps"].as_array().map(Vec::len), Some(2), "{body}");
    // It may not raise itself first and do the rest afterwards.
    let statements = json!({
        "Effect": "Allow",
        "Action": [
            "tidewheel:ImportIdentities", "iam:GetAccountAuthorizationDetails",
            "iam:PutUserPolicy", "iam:DeleteUserPolicy",
        ],
        "Resource": "*",
    });
    let eve = holder(&administration, "eve", statements);
    let raised = json!({ "Document": { "account": [{ "id": ACCOUNT, "user": [
        { "name": "eve", "policies": { "all": ALL } }, { "name": "new" },
    ] }] } });
    denied(&administration, &eve, "ImportIdentities", raised, "iam:CreateUser");
}

/// The log has the steps of what was done, and of nothing that was only looked at.
#[test]
fn steps_of_an_import_are_told_if_they_are_done() {
    let administration = administration();
    for (dry_run, expected) in [(true, &[][..]), (false, &["CreateUser"])] {
        let mut body = import_of(json!({ "name": "new" }));
        body["DryRun"] = json!(dry_run);
        let text = body.to_string();
        let request = IdentityRequest::parse("ImportIdentities", text.as_bytes());
        let request = request.expect("it is right");
        let reply = ask(&administration, ROOT, "ImportIdentities", body).reply;
        let reply = reply.expect("the root may");
        let told: Vec<_> = steps_done(&request, &reply).iter().map(|step| step.operation).collect();
        assert_eq!(told, expected, "{dry_run}");
    }
}

/// Who may nothing learns nothing: neither whether a name is taken, nor its path or spelling, nor
/// whose a key is. The audit knows.
#[test]
fn a_denial_tells_no_more_than_what_was_asked() {
    let administration = administration();
    done(&administration, "CreateUser", json!({ "UserName": "ada" }));
    done(&administration, "CreateUser", json!({ "UserName": "Ann", "Path": "/team/" }));
    done(&administration, "CreateGroup", json!({ "GroupName": "Staff", "Path": "/team/" }));
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ROOT}},
    });
    let role = json!({
        "RoleName": "Ops", "Path": "/team/", "AssumeRolePolicyDocument": trust.to_string(),
    });
    done(&administration, "CreateRole", role);
    let key = done(&administration, "CreateAccessKey", json!({ "UserName": "Ann" }));
    let key = key["AccessKey"]["AccessKeyId"].as_str().expect("it has an id");
    let ada = format!("arn:aws:iam::{ACCOUNT}:user/ada");
    let deny = json!([{"Effect": "Deny", "Action": "*", "Resource": "*"}]);
    let eve = holder(&administration, "eve", deny);
    for (operation, member, there, missing, named, known) in [
        ("GetUser", "UserName", "ann", "bob", "user/ann", "user/team/Ann"),
        ("ListAccessKeys", "UserName", "ann", "bob", "user/ann", "user/team/Ann"),
        ("GetGroup", "GroupName", "staff", "bob", "group/staff", "group/team/Staff"),
        ("GetRole", "RoleName", "ops", "bob", "role/ops", "role/team/Ops"),
        ("GetAccessKeyLastUsed", "AccessKeyId", key, "AKIANONE", "user/*", "user/team/Ann"),
    ] {
        for by in [&ada, &eve] {
            let text = |name: &str| {
                let asked = ask(&administration, by, operation, json!({ member: name }));
                let (_, resource, _) = asked.judged.clone().expect("it was judged");
                let (_, body) = told(asked);
                (body["message"].as_str().expect("a text").to_owned(), resource)
            };
            let ((of_there, resource), (of_missing, _)) = (text(there), text(missing));
            assert_eq!(of_there.replace(there, missing), of_missing, "{operation}");
            assert!(of_there.contains(&format!("iam::{ACCOUNT}:{named} ")), "{of_there}");
            assert_eq!(*resource, format!("arn:aws:iam::{ACCOUNT}:{known}"), "{operation}");
        }
    }
    // They know who they are.
    let (_, body) = told(ask(&administration, &ada, "GetUser", json!({})));
    assert!(body["message"].as_str().is_some_and(|text| text.contains(&ada)), "{body}");
}

/// Whether a guessed secret is right would show by whether a step is left that is denied.
#[test]
fn an_import_does_not_tell_whose_secret_was_guessed() {
    let administration = administration();
    done(&administration, "CreateUser", json!({ "UserName": "bob" }));
    done(&administration, "ImportAccessKey", imported_key(json!({ "UserName": "bob" })));
    let actions = ["tidewheel:ImportIdentities", "iam:GetAccountAuthorizationDetails"];
    let allowed = json!({ "Effect": "Allow", "Action": actions, "Resource": "*" });
    let eve = holder(&administration, "eve", allowed);
    for guess in ["correct-horse", "another-horse"] {
        let key = json!({ "id": "AKIAEVE", "secret": guess });
        let document = import_of(json!({ "name": "bob", "key": [key] }));
        denied(&administration, &eve, "ImportIdentities", document, "tidewheel:ImportAccessKey");
    }
}

/// Nor whether it is the root's, which nobody else may import at all.
#[test]
fn an_import_does_not_tell_the_roots_secret() {
    let administration = administration();
    done(&administration, "ImportAccessKey", imported_key(json!({ "Root": true })));
    let eve =
        holder(&administration, "eve", json!({"Effect": "Allow", "Action": "*", "Resource": "*"}));
    for guess in ["correct-horse", "another-horse"] {
        let key = json!({ "id": "AKIAEVE", "secret": guess });
        let document = json!({ "Document": { "account": [{ "id": ACCOUNT, "root_key": [key] }] } });
        let administered = ask(&administration, &eve, "ImportIdentities", document);
        let (status, body) = told(administered);
        assert_eq!(status, 400, "{guess}: {body}");
        let text = body["message"].as_str().unwrap_or_default();
        assert!(
            text.starts_with(&format!("User: {eve} is not authorized to administer")),
            "{text}"
        );
    }
}

/// What is denied first would say it.
#[test]
fn an_import_does_not_tell_the_keys_of_other_accounts() {
    let administration = administration();
    let other = json!([{ "id": "111111111111", "root_key": [
        { "id": "AKIATAKEN", "secret": "correct-horse" }
    ] }]);
    let document = json!({ "Document": { "account": other } }).to_string();
    let import = IdentityRequest::parse("ImportIdentities", document.as_bytes());
    let import = import.expect("it is right");
    let imported =
        administration.with(|identities| identities.handle(&import, &OPERATOR, Noon.now()));
    imported.expect("it can be followed");
    let actions = ["tidewheel:ImportIdentities", "iam:GetAccountAuthorizationDetails"];
    let allowed = json!({ "Effect": "Allow", "Action": actions, "Resource": "*" });
    let eve = holder(&administration, "eve", allowed);
    for id in ["AKIATAKEN", "AKIAFREE"] {
        let key = json!({ "id": id, "secret": "another-horse" });
        let document = import_of(json!({ "name": "new", "key": [key] }));
        denied(&administration, &eve, "ImportIdentities", document, "iam:CreateUser");
    }
}

/// Policies are asked before anybody looks whether it makes sense, and may be long themselves.
#[test]
fn nobody_is_asked_about_more_than_a_request_can_have() {
    let administration = administration();
    let all = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let ada = holder(&administration, "ada", all);
    let long = "x".repeat(2_049);
    let tag = |key: &str| json!({ "Key": key, "Value": "v" });
    let many: Vec<String> = (0..51).map(|number| number.to_string()).collect();
    let tags: Vec<Value> = many.iter().map(|key| tag(key)).collect();
    for (operation, more) in [
        ("TagUser", json!({ "Tags": [tag(&long)] })),
        ("TagUser", json!({ "Tags": [{ "Key": "k", "Value": long }] })),
        ("TagUser", json!({ "Tags": tags })),
        ("CreateUser", json!({ "Tags": tags })),
        ("UntagUser", json!({ "TagKeys": [long] })),
        ("UntagUser", json!({ "TagKeys": many })),
        ("AttachUserPolicy", json!({ "PolicyArn": long })),
        ("PutUserPermissionsBoundary", json!({ "PermissionsBoundary": long })),
    ] {
        let mut members = more;
        members["UserName"] = json!("ada");
        let administered = ask(&administration, &ada, operation, members);
        assert_eq!(administered.judged, None, "{operation}");
        let (_, body) = told(administered);
        assert_eq!(body["__type"], "com.tidewheel.identity#ValidationError", "{operation}: {body}");
    }
}

/// As if it were asked for in IAM's operations, where whoever makes a user gives the boundary along.
#[test]
fn an_import_gives_boundaries_from_the_start() {
    let administration = administration();
    done(&administration, "CreatePolicy", json!({ "PolicyName": "b", "PolicyDocument": ALL }));
    let boundary = format!("arn:aws:iam::{ACCOUNT}:policy/b");
    let bounded = json!({ "StringEquals": { "iam:PermissionsBoundary": boundary } });
    let ada = holder(
        &administration,
        "ada",
        json!([
            {
                "Effect": "Allow",
                "Action": ["tidewheel:ImportIdentities", "iam:GetAccountAuthorizationDetails"],
                "Resource": "*",
            },
            {
                "Effect": "Allow",
                "Action": ["iam:CreateUser", "iam:PutUserPolicy", "iam:PutUserPermissionsBoundary"],
                "Resource": "*",
                "Condition": bounded,
            },
        ]),
    );
    caller(&administration, &ada);
    let policy: Value = serde_json::from_str(ALL).expect("it is JSON");
    let user = |boundary: Value| {
        import_of(json!({ "name": "new", "policies": { "p": policy }, "boundary": boundary }))
    };
    denied(&administration, &ada, "ImportIdentities", user(Value::Null), "iam:CreateUser");
    let (status, body) = told(ask(&administration, &ada, "ImportIdentities", user(json!("b"))));
    assert_eq!(status, 200, "{body}");
    let directory = administration.reader().directory();
    let made = directory.user(ACCOUNT, "new").expect("it was made");
    assert_eq!(made.boundary.as_deref(), Some(boundary.as_str()));
}
