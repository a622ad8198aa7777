//! The file that describes identities, good and bad, and the first key of a server.

use super::*;
use access::identity::{Keyring, MASTER_KEY_BYTES};
use std::fs;
use store::memory::Memory;

const NOW: Timestamp = Timestamp(1_440_938_160_000);

fn identities() -> Identities {
    let line = Keyring::line("test", &[7; MASTER_KEY_BYTES]);
    let keyring = Keyring::parse(line.expose()).expect("a line is a ring");
    let entropy = Arc::new(crate::system::SystemEntropy);
    Identities::open("test", Arc::new(Memory::default()), entropy, keyring, NOW)
        .expect("an empty store has no identities")
}

fn file(dir: &Path, text: &str) -> IdentitiesFile {
    let path = dir.join("identities.toml");
    fs::write(&path, text).expect("the scratch directory is ours");
    IdentitiesFile(path)
}

fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().expect("a scratch directory")
}

fn variable(name: &str) -> Option<String> {
    (name == "BOB_SECRET").then(|| "battery-staple".to_owned())
}

/// All ways of secrets and of policies.
const ALL: &str = r#"
[[account]]
id = "000000000000"

[[account.policy]]
name = "swf"
document = "file://swf.json"

[[account.group]]
name = "deciders"
attached = ["swf"]

[[account.user]]
name = "ada"
groups = ["deciders"]
key = [{ id = "AKIAADA", secret_from_file = "ada.secret" }]

[account.user.policies.own]
Version = "2012-10-17"
Statement = [{ Effect = "Allow", Action = "swf:ListDomains", Resource = "*" }]

[[account.user]]
name = "bob"
key = [
    { id = "AKIABOB", secret_from_env = "BOB_SECRET", status = "Inactive" },
    { id = "AKIABOB2", secret = "in-the-file" },
]
"#;

fn with_all(dir: &Path) -> IdentitiesFile {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"swf:*","Resource":"*"}]}"#;
    fs::write(dir.join("swf.json"), policy).expect("the scratch directory is ours");
    fs::write(dir.join("ada.secret"), "correct-horse\n").expect("the scratch directory is ours");
    file(dir, ALL)
}

#[test]
fn a_file_and_what_it_refers_to_are_read() {
    let dir = scratch();
    let document = with_all(dir.path()).read(&variable).expect("it is right");
    let account = &document.account[0];
    assert!(account.policy[0].document.starts_with(r#"{"Version":"2012-10-17""#));
    let own: serde_json::Value =
        serde_json::from_str(&account.user[0].policies["own"]).expect("it is JSON");
    assert_eq!(own["Statement"][0]["Action"], "swf:ListDomains");
    let keys = account.user.iter().flat_map(|user| &user.key);
    let secrets: Vec<_> =
        keys.map(|key| key.secret.as_ref().expect("each has one").expose()).collect();
    assert_eq!(secrets, ["correct-horse", "battery-staple", "in-the-file"]);
    let request: IdentityRequest =
        ImportIdentities { document, prune: false, dry_run: false }.into();
    let mut identities = identities();
    let asking = administrator(ACCOUNT);
    identities.handle(&request, &asking, NOW).expect("what was read can be followed");
    // As it goes to a server and is read there.
    let sent = IdentityRequest::parse(request.operation(), &request.to_json());
    assert_eq!(sent.as_ref(), Ok(&request));
    assert!(!format!("{request:?}").contains("correct-horse"));
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_place_and_without_its_secrets() {
    let dir = scratch();
    with_all(dir.path());
    for (text, said) in [
        ("[[account]\n", "line 1: "),
        ("\n[[account]]\nid = '0'\ncolour = 'red'\n", "line 4: unknown field `colour`"),
        (
            "[[account]]\nid = '0'\n[[account.user]]\nname = 'a'\nkey = [{ id = 'K', secret = 12345678 }]\n",
            "line 5: a value of a wrong type, expected a string",
        ),
        (
            "[[account]]\nid = '0'\n[[account.user]]\nname = 'a'\nkey = [{ id = 'K' }]\n",
            "the access key K needs one of secret, secret_from_env and secret_from_file",
        ),
        (
            "[[account]]\nid = '0'\nroot_key = [{ id = 'K', secret_from_env = 'NONE' }]\n",
            "the secret of the access key K: the variable NONE is not set",
        ),
        (
            "[[account]]\nid = '0'\npolicy = [{ name = 'p', document = 'file://none.json' }]\n",
            "policy p: cannot read ",
        ),
    ] {
        let error = file(dir.path(), text).read(&variable).expect_err(said).to_string();
        assert!(error.contains("identities.toml: ") && error.contains(said), "{error}");
        assert!(!error.contains("12345678"), "{error}");
    }
}

#[test]
fn a_file_is_applied_once_and_a_bad_one_changes_nothing() {
    let dir = scratch();
    let mut identities = identities();
    let user =
        |name: &str| format!("[[account]]\nid = '{ACCOUNT}'\nuser = [{{ name = '{name}' }}]\n");
    let steps = file(dir.path(), &user("ada")).apply(&mut identities, NOW).expect("it is right");
    let operations: Vec<_> = steps.iter().map(|step| step.operation).collect();
    assert_eq!(operations, ["CreateAccount", "CreateUser"]);
    let good = identities.reader().directory();
    let again = file(dir.path(), &user("ada")).apply(&mut identities, NOW).expect("it is right");
    assert_eq!(again, []);
    for text in ["nonsense".to_owned(), user("a name"), user("bob") + "group = [{ name = '' }]\n"] {
        let bad = file(dir.path(), &text);
        reload_identities(&bad, &mut identities, NOW);
        bad.apply(&mut identities, NOW).expect_err("it is bad");
        assert_eq!(identities.reader().directory(), good);
    }
    reload_identities(&file(dir.path(), &user("bob")), &mut identities, NOW);
    let users = identities.reader().directory();
    assert_eq!(users.users(ACCOUNT).count(), 2, "what the file does not name stays");
}

#[test]
fn the_first_root_key_is_told_once() {
    let mut identities = identities();
    let told = first_root_key(&mut identities, NOW).expect("the store works").expect("the first");
    let directory = identities.reader().directory();
    let key = directory.keys().next().expect("it was made");
    let variable = |name: &str| {
        let line = told.text.expose().lines().find_map(|line| line.trim().strip_prefix(name));
        line.expect("it is told").to_owned()
    };
    assert_eq!(variable("export AWS_ACCESS_KEY_ID="), *key.id);
    let secret = identities.reader().key_material(&key.id, None).expect("it is active").secret;
    assert_eq!(variable("export AWS_SECRET_ACCESS_KEY="), secret.expose());
    assert_eq!(first_root_key(&mut identities, NOW), Ok(None));
}

/// Nobody has seen it: nobody gets in with it, and the next start is a first one again.
#[test]
fn a_first_root_key_that_was_not_told_is_taken_back() {
    let mut identities = identities();
    let lost = first_root_key(&mut identities, NOW).expect("the store works").expect("the first");
    withdraw(&lost, &mut identities, NOW).expect("the store works");
    assert_eq!(identities.reader().directory().keys().count(), 0);
    let told = first_root_key(&mut identities, NOW).expect("the store works").expect("the first");
    assert_ne!(told.id, lost.id);
}

/// Whoever describes keys in a file needs no other.
#[test]
fn no_root_key_is_made_beside_others() {
    let dir = scratch();
    let text = format!(
        "[[account]]\nid = '{ACCOUNT}'\nroot_key = [{{ id = 'K', secret = 'long-enough' }}]\n"
    );
    let mut identities = identities();
    file(dir.path(), &text).apply(&mut identities, NOW).expect("it is right");
    assert_eq!(first_root_key(&mut identities, NOW), Ok(None));
}
