//! The file that describes identities, good and bad, and the first key of a server.

use super::*;
use access::identity::{Keyring, MASTER_KEY_BYTES};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use store::memory::Memory;

/// Far longer than what is waited for takes.
const WAIT_MAX: std::time::Duration = std::time::Duration::from_secs(10);
const NOW: Timestamp = Timestamp(1_440_938_160_000);

fn identities() -> Identities {
    let line = Keyring::line("test", &[7; MASTER_KEY_BYTES]);
    let keyring = Keyring::parse(line.expose()).expect("a line is a ring");
    let entropy = Arc::new(crate::system::SystemEntropy);
    Identities::open("test", Arc::new(Memory::default()), entropy, keyring, NOW)
        .expect("an empty store has no identities")
}

fn put(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).expect("the scratch directory is ours");
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
}

fn file(dir: &Path, text: &str) -> IdentitiesFile {
    let path = dir.join("identities.toml");
    put(&path, text, 0o600);
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
    put(&dir.join("ada.secret"), "correct-horse\n", 0o600);
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

/// A file without secrets in it is often in a place where everybody reads it; those that it names
/// are not.
#[test]
fn a_file_with_secrets_that_others_can_read_is_not_used() {
    let dir = scratch();
    let with_keys = |keys: &str| {
        let user = format!("{{ name = 'a', key = [{keys}] }}");
        file(dir.path(), &format!("[[account]]\nid = '0'\nuser = [{user}]\n"))
    };
    let from_env = with_keys("{ id = 'K', secret_from_env = 'BOB_SECRET' }");
    fs::set_permissions(&from_env.0, Permissions::from_mode(0o644)).expect("it is ours");
    from_env.read(&variable).expect("there is no secret in it");

    for keys in [
        "{ id = 'K', secret = 'in-the-file' }",
        "{ id = 'L', secret_from_env = 'BOB_SECRET' }, { id = 'K', secret = 'in-the-file' }",
    ] {
        for mode in [0o640, 0o604, 0o622, 0o644] {
            let open = with_keys(keys);
            fs::set_permissions(&open.0, Permissions::from_mode(mode)).expect("it is ours");
            let error = open.read(&variable).expect_err("others can read it").to_string();
            let said = format!(
                "others than its owner have access to the file of identities {} (mode {mode:o}); \
                 chmod 600 takes it from them, or have its secrets elsewhere: secret_from_file, \
                 secret_from_env",
                open.0.display()
            );
            assert_eq!(error, said);
        }
    }
    let root_key = "[[account]]\nid = '0'\nroot_key = [{ id = 'K', secret = 'in-the-file' }]\n";
    let root_key = file(dir.path(), root_key);
    fs::set_permissions(&root_key.0, Permissions::from_mode(0o644)).expect("it is ours");
    assert!(matches!(root_key.read(&variable), Err(DocumentError::Open(_))));

    let secret = dir.path().join("k.secret");
    put(&secret, "correct-horse", 0o644);
    let from_file = with_keys("{ id = 'K', secret_from_file = 'k.secret' }");
    let error = from_file.read(&variable).expect_err("others can read it").to_string();
    let said = format!(
        "the secret of the access key K: others than its owner have access to the file {} \
         (mode 644); chmod 600 takes it from them",
        secret.display()
    );
    assert!(error.ends_with(&said), "{error}");
    put(&secret, "correct-horse", 0o600);
    from_file.read(&variable).expect("nobody else can read it");
}

/// What opens a sealed file for its reader, and writes it nowhere.
#[test]
fn a_file_may_be_a_pipe() {
    let (reading, mut writing) = std::io::pipe().expect("a pipe");
    let text = "[[account]]\nid = '0'\nroot_key = [{ id = 'K', secret = 'in-the-pipe' }]\n";
    io::Write::write_all(&mut writing, text.as_bytes()).expect("it has room");
    drop(writing);
    let descriptor = std::os::fd::AsRawFd::as_raw_fd(&reading);
    let file = IdentitiesFile(format!("/proc/self/fd/{descriptor}").into());
    let document = file.read(&variable).expect("it is ours");
    assert!(document.has_secrets());
}

/// A clock that stands.
struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        NOW
    }
}

#[test]
fn a_file_is_applied_once_and_a_bad_one_changes_nothing() {
    let dir = scratch();
    let administration = Administration::new(identities(), Arc::new(Stopped));
    let directory = || administration.reader().directory();
    let apply = |text: &str| {
        let file = file(dir.path(), text);
        let document = file.read(&variable)?;
        administration.with(|identities| file.apply(document, identities, NOW))
    };
    let user =
        |name: &str| format!("[[account]]\nid = '{ACCOUNT}'\nuser = [{{ name = '{name}' }}]\n");
    let steps = apply(&user("ada")).expect("it is right");
    let operations: Vec<_> = steps.iter().map(|step| step.operation).collect();
    assert_eq!(operations, ["CreateAccount", "CreateUser"]);
    let good = directory();
    assert_eq!(apply(&user("ada")).expect("it is right"), []);
    for text in ["nonsense".to_owned(), user("a name"), user("bob") + "group = [{ name = '' }]\n"] {
        reload_identities(&file(dir.path(), &text), &administration, NOW);
        apply(&text).expect_err("it is bad");
        assert_eq!(directory(), good);
    }
    reload_identities(&file(dir.path(), &user("bob")), &administration, NOW);
    assert_eq!(directory().users(ACCOUNT).count(), 2, "what the file does not name stays");
}

/// A file on a disk that does not answer holds up nobody but its reader.
#[test]
fn nobody_waits_while_the_file_is_read() {
    let dir = scratch();
    let path = dir.path().join("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &path,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .expect("a pipe");
    let administration = Administration::new(identities(), Arc::new(Stopped));
    let administration = &administration;
    let (told, heard) = std::sync::mpsc::channel();
    let was_free = std::thread::scope(|scope| {
        scope.spawn(|| reload_identities(&IdentitiesFile(path.clone()), administration, NOW));
        // From here the file is open, and its reader waits for what is written to it.
        let mut writer = fs::OpenOptions::new().write(true).open(&path).expect("there is a reader");
        scope.spawn(move || {
            let made = administration.with(|identities| first_account(identities, NOW));
            made.expect("there is room");
            told.send(()).expect("it is waited for");
        });
        let was_free = heard.recv_timeout(WAIT_MAX);
        let text = format!("[[account]]\nid = '{ACCOUNT}'\nuser = [{{ name = 'ada' }}]\n");
        io::Write::write_all(&mut writer, text.as_bytes()).expect("there is a reader");
        drop(writer);
        was_free
    });
    assert_eq!(was_free, Ok(()), "whoever administers identities waits for the file");
    assert_eq!(administration.reader().directory().users(ACCOUNT).count(), 1);
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
    let file = file(dir.path(), &text);
    let document = file.read(&variable).expect("it is right");
    file.apply(document, &mut identities, NOW).expect("it can be followed");
    assert_eq!(first_root_key(&mut identities, NOW), Ok(None));
}

/// The rotation of docs/iam.md, twice, with a file that still names the first key.
#[test]
fn a_key_that_was_deleted_by_hand_does_not_come_back_by_the_file() {
    let dir = scratch();
    let text = format!(
        "[[account]]\nid = '{ACCOUNT}'\n\
         user = [{{ name = 'ada', key = [{{ id = 'AKIAOLD', secret = 'long-enough' }}] }}]\n"
    );
    let file = file(dir.path(), &text);
    let mut identities = identities();
    let document = file.read(&variable).expect("it is right");
    file.apply(document.clone(), &mut identities, NOW).expect("it is right");
    let mut old = "AKIAOLD".to_owned();
    for _ in 0..2 {
        let mut ask = |operation: &str, more: &str| {
            let members = format!(r#"{{"UserName":"ada"{more}}}"#);
            let request = IdentityRequest::parse(operation, members.as_bytes());
            let request = request.expect("an operation");
            identities.handle(&request, &administrator(ACCOUNT), NOW).expect("it can be done")
        };
        let IdentityReply::NewKey { access_key } = ask("CreateAccessKey", "") else {
            panic!("a new key is answered as one");
        };
        let named = format!(r#","AccessKeyId":"{old}""#);
        ask("UpdateAccessKey", &format!(r#"{named},"Status":"Inactive""#));
        ask("DeleteAccessKey", &named);
        let steps = file.apply(document.clone(), &mut identities, NOW).expect("it is right");
        assert_eq!(steps, []);
        old = access_key.access_key_id.to_string();
        let directory = identities.reader().directory();
        let keys: Vec<_> = directory.keys().map(|key| key.id.to_string()).collect();
        assert_eq!(keys, [old.clone()]);
    }
}
