//! Imports as requests: what they say that they did, what a dry run does not do, whom they obey.

use super::*;
use crate::identity::change::Change;
use crate::identity::record::AccountRecord;
use crate::identity::{Document, Fresh, IdentityRequest, Keyring, MASTER_KEY_BYTES};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use wire::Timestamp;

const ACCOUNT: &str = "000000000000";
const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"swf:*","Resource":"*"}]}"#;

/// A directory, and imports into it one after another.
struct World {
    directory: Directory,
    keyring: Keyring,
    imports: u8,
}

impl World {
    fn new() -> World {
        let line = Keyring::line("test", &[7; MASTER_KEY_BYTES]);
        let keyring = Keyring::parse(line.expose()).expect("a line is a ring");
        let mut directory = Directory::default();
        let account =
            AccountRecord { id: ACCOUNT.into(), name: "main".into(), created_at: Timestamp(0) };
        directory.evolve(Change::PutAccount(account)).expect("an account");
        World { directory, keyring, imports: 0 }
    }

    /// Looks at an import, by the account's root if it comes from `outside`.
    fn look_at(
        &mut self,
        request: &ImportIdentities,
        outside: bool,
    ) -> Result<(Vec<Change>, Vec<String>), IdentityFault> {
        self.imports += 1;
        let root = self.directory.principal(ACCOUNT, "arn:aws:iam::000000000000:root");
        let root = root.expect("the root is there");
        let setting = Setting {
            account: ACCOUNT,
            caller: outside.then_some(&*root),
            origin: None,
            region: "us-east-1",
            keyring: &self.keyring,
            now: Timestamp(i64::from(self.imports)),
            fresh: &Fresh::new([self.imports; Fresh::BYTES]),
            short_secrets: false,
            names_follow: false,
        };
        let (changes, reply) = self.directory.apply(&request.clone().into(), &setting)?;
        let IdentityReply::Imported { steps, .. } = reply else { panic!("{reply:?}") };
        let steps = steps.iter().map(|step| {
            let name = step.resource.rsplit(':').next().unwrap_or_default();
            let about = step.about.as_deref().map(|about| format!(" {about}"));
            format!("{} {name}{}", step.operation, about.unwrap_or_default())
        });
        Ok((changes, steps.collect()))
    }

    fn import(&mut self, document: Value, prune: bool) -> Result<Vec<String>, IdentityFault> {
        let (changes, steps) = self.look_at(&request(document, prune, false), true)?;
        for change in changes {
            self.directory.evolve(change).expect("it can be folded in");
        }
        self.directory.check_references().expect("all that is named is there");
        Ok(steps)
    }
}

fn request(document: Value, prune: bool, dry_run: bool) -> ImportIdentities {
    let document = serde_json::from_value(document).expect("a document");
    ImportIdentities { document, prune, dry_run }
}

fn all() -> Value {
    json!({"account": [{
        "id": ACCOUNT,
        "policy": [{"name": "swf", "path": "/teams/", "document": POLICY}],
        "group": [{"name": "deciders", "attached": ["swf"]}],
        "user": [{
            "name": "ada", "groups": ["deciders"], "policies": {"own": POLICY}, "boundary": "swf",
            "key": [{"id": "AKIAADA", "secret": "correct-horse"}]
        }],
        "root_key": [{"id": "AKIAROOT", "secret": "battery-staple"}]
    }]})
}

#[test]
fn an_import_says_what_it_did_and_does_nothing_twice() {
    let mut world = World::new();
    let mut steps = world.import(all(), false).expect("it is right");
    steps.sort();
    assert_eq!(
        steps,
        [
            "AddUserToGroup group/deciders ada",
            "AttachGroupPolicy group/deciders arn:aws:iam::000000000000:policy/teams/swf",
            "CreateGroup group/deciders",
            "CreatePolicy policy/teams/swf",
            "CreateUser user/ada arn:aws:iam::000000000000:policy/teams/swf",
            "ImportAccessKey root AKIAROOT",
            "ImportAccessKey user/ada AKIAADA",
            "PutUserPolicy user/ada own",
        ]
    );
    let before = world.directory.clone();
    for prune in [false, true] {
        assert_eq!(world.import(all(), prune).expect("it is right"), Vec::<String>::new());
        assert_eq!(world.directory, before);
    }
}

#[test]
fn pruning_leaves_what_is_named_and_the_roots_keys() {
    let mut world = World::new();
    world.import(all(), false).expect("it is right");
    let none = json!({"account": [{"id": ACCOUNT}]});
    assert_eq!(world.import(none.clone(), false).expect("right"), Vec::<String>::new());
    let steps = world.import(none, true).expect("it is right");
    assert_eq!(steps.len(), 7, "{steps:?}");
    assert!(world.directory.user(ACCOUNT, "ada").is_none());
    assert!(world.directory.key("AKIAADA").is_none());
    assert!(world.directory.key("AKIAROOT").is_some());
}

/// A start with such a file says what to do about it.
#[test]
fn a_key_without_room_says_beside_which_ones() {
    let mut world = World::new();
    let keys = |ids: &[&str]| {
        let keys = ids.iter().map(|id| json!({"id": id, "secret": "correct-horse"}));
        let keys: Vec<Value> = keys.collect();
        json!({"account": [{"id": ACCOUNT, "user": [{"name": "ada", "key": keys}]}]})
    };
    world.import(keys(&["AKIAONE", "AKIATWO"]), false).expect("there is room");
    let full = "ImportAccessKey arn:aws:iam::000000000000:user/ada: Cannot exceed quota for \
                AccessKeysPerUser: 2";
    let advice = ". There are AKIAONE and AKIATWO already, so there is no room for AKIANEW: delete \
                  one of them (delete-access-key), or take AKIANEW out of the document";
    for (outside, more) in [(false, advice), (true, "")] {
        let request = request(keys(&["AKIANEW"]), false, false);
        let fault = world.look_at(&request, outside).expect_err("there is none");
        assert_eq!(fault, IdentityFault::LimitExceeded(format!("{full}{more}")), "{outside}");
    }
    world.import(keys(&["AKIANEW"]), true).expect("those that it does not name have gone");
}

#[test]
fn a_dry_run_changes_nothing_and_says_the_same() {
    let mut world = World::new();
    let (changes, steps) = world.look_at(&request(all(), true, true), true).expect("right");
    assert_eq!(changes, []);
    assert_eq!(steps, world.import(all(), true).expect("it is right"));
}

#[test]
fn a_refusal_says_what_was_refused_of_whom() {
    let mut world = World::new();
    let user = |user: Value| json!({"account": [{"id": ACCOUNT, "user": [user]}]});
    for (document, refusal) in [
        (
            user(json!({"name": "bob", "groups": ["nobody"]})),
            "NoSuchEntity: AddUserToGroup arn:aws:iam::000000000000:group/nobody: The group with \
             name nobody cannot be found.",
        ),
        (
            user(json!({"name": "bob", "attached": ["nothing"]})),
            "InvalidInput: there is no policy nothing in the account",
        ),
        (
            user(json!({"name": "bob", "key": [{"id": "AKIABOB", "secret": "short"}]})),
            "ValidationError: ImportAccessKey arn:aws:iam::000000000000:user/bob: A secret access \
             key has 8 to 128 characters without spaces.",
        ),
    ] {
        let before = world.directory.clone();
        let fault = world.import(document, false).expect_err("it is refused");
        assert_eq!(format!("{}: {fault}", fault.code()), refusal);
        assert_eq!(world.directory, before);
    }
}

/// Who reads a policy and who evaluates it must not see two different ones.
#[test]
fn what_is_given_twice_is_refused_in_policies_that_are_written_out() {
    let import = |account: &str| {
        let members =
            format!(r#"{{"Document": {{"account": [{{"id": "{ACCOUNT}", {account}}}]}}}}"#);
        match IdentityRequest::parse("ImportIdentities", members.as_bytes()) {
            Ok(request) => {
                let IdentityRequest::ImportIdentities(request) = request else {
                    panic!("{request:?}")
                };
                World::new().look_at(&request, true).map(|(_, steps)| steps)
            }
            Err(fault) => Err(fault),
        }
    };
    let once = r#"{"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}"#;
    let twice = once.replace(r#""Effect""#, r#""Effect": "Allow", "Effect""#);
    let trust = r#"{"Statement": {"Effect": "Allow", "Action": "*", "Principal": "*"}}"#;
    let trust_twice = trust.replace(r#""Principal""#, r#""Principal": {"AWS": "*"}, "Principal""#);
    let duplicate = "MalformedPolicyDocument";
    for (account, code) in [
        (format!(r#""policy": [{{"name": "p", "document": {once}}}]"#), "ok"),
        (format!(r#""policy": [{{"name": "p", "document": {twice}}}]"#), duplicate),
        (format!(r#""user": [{{"name": "u", "policies": {{"p": {twice}}}}}]"#), duplicate),
        (format!(r#""group": [{{"name": "g", "policies": {{"p": {twice}}}}}]"#), duplicate),
        (format!(r#""role": [{{"name": "r", "trust": {trust}}}]"#), "ok"),
        (format!(r#""role": [{{"name": "r", "trust": {trust_twice}}}]"#), duplicate),
        (
            format!(r#""user": [{{"name": "u", "policies": {{"p": {once}, "p": {once}}}}}]"#),
            "ValidationError",
        ),
        (r#""user": [{"name": "u", "tags": {"k": "v", "k": "w"}}]"#.to_owned(), "ValidationError"),
        (r#""policy": [{"name": "p", "document": ["{}"]}]"#.to_owned(), "ValidationError"),
    ] {
        let told = import(&account).map_or_else(|fault| fault.code(), |_| "ok");
        assert_eq!(told, code, "{account}");
    }
}

/// It is stored as one text, whatever the order in which it was written out.
#[test]
fn a_policy_that_is_written_out_becomes_a_text() {
    let document = |text: &str| {
        let members = format!(
            r#"{{"account": [{{"id": "{ACCOUNT}", "policy": [{{"name": "p", "document": {text}}}]}}]}}"#
        );
        let document: Document = serde_json::from_str(&members).expect("a document");
        document.account[0].policy[0].document.to_string()
    };
    let written = r#"{"b": [1, -2.5, true, null, "\"\n"], "a": {}}"#;
    assert_eq!(document(written), r#"{"a":{},"b":[1,-2.5,true,null,"\"\n"]}"#);
    let text = r#"{ "Version": "2012-10-17" }"#;
    assert_eq!(document(&json!(text).to_string()), text);
}

#[test]
fn another_account_is_imported_into_on_the_data_directory_alone() {
    let mut world = World::new();
    let document = json!({"account": [{"id": "111111111111", "user": [{"name": "ada"}]}]});
    let request = request(document, false, false);
    let fault = world.look_at(&request, true).expect_err("it is refused");
    assert_eq!(fault.code(), "AccessDenied");
    let (_, steps) = world.look_at(&request, false).expect("it is right");
    assert_eq!(steps, ["CreateAccount root", "CreateUser user/ada"]);
}

/// Ids of one import are all different, and differ from those of the next.
#[test]
fn chance_is_not_used_twice() {
    let mut world = World::new();
    let users = |prefix: &str| -> Value {
        let users = (0..50).map(|n| json!({"name": format!("{prefix}-{n}")}));
        json!({"account": [{"id": ACCOUNT, "user": users.collect::<Vec<_>>()}]})
    };
    world.import(users("first"), false).expect("it is right");
    world.import(users("second"), false).expect("it is right");
    let ids: BTreeSet<_> = world.directory.users(ACCOUNT).map(|user| &user.id).collect();
    assert_eq!(ids.len(), 100);
}
