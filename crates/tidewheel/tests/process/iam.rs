//! `tidewheel iam` as its users type it.

use super::{Server, run, scratch, text, tidewheel};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const MASTER_KEY: &str = "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";
const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"swf:*","Resource":"*"}]}"#;

/// What a command prints, with its exit code if that is not 0. What is never twice the same is
/// masked.
fn iam(dir: &Path, line: &str) -> String {
    let mut command = tidewheel(&["iam"]);
    command.args(line.split(' ')).current_dir(dir).env("HOME", dir);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    let output = run(command);
    let mut told = text(&output.stdout) + &text(&output.stderr);
    if output.status.code() != Some(0) {
        told += &format!("exit code {:?}\n", output.status.code());
    }
    let masked = |line: &str| {
        for name in ["CreateDate", "UserId", "AccessKeyId", "SecretAccessKey", "SealingKey"] {
            let begin = format!("\"{name}\": ");
            if let Some(at) = line.find(&begin) {
                let end = if line.ends_with(',') { "," } else { "" };
                return format!("{}{begin}...{end}\n", &line[..at]);
            }
        }
        format!("{line}\n")
    };
    told.lines().map(masked).collect()
}

/// Commands behind `$` with what they print.
fn check_transcript(dir: &Path, transcript: &str) {
    let mut played = String::new();
    for line in transcript.lines().filter_map(|line| line.strip_prefix("$ ")) {
        played += &format!("$ {line}\n{}", iam(dir, line));
    }
    assert_eq!(played, transcript, "{played}");
}

fn put(path: &Path, content: &str, mode: u32) {
    fs::write(path, content).expect("the scratch directory is ours");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
}

/// The master key is there before all else, as where it was put back.
#[test]
fn a_data_directory_is_administered() {
    let dir = scratch();
    let data_dir = dir.path().join("d");
    fs::create_dir(&data_dir).expect("the scratch directory is ours");
    put(&data_dir.join("master.key"), MASTER_KEY, 0o600);
    put(&dir.path().join("p.json"), POLICY, 0o644);
    let file = "[[account]]\nid = '000000000000'\nuser = [{ name = 'bob' }]\n";
    put(&dir.path().join("i.toml"), file, 0o600);
    check_transcript(dir.path(), include_str!("iam.transcript"));
    let keys = fs::read_to_string(data_dir.join("master.key")).expect("it is ours");
    assert_eq!(keys.lines().count(), 2, "the old master key is kept");

    put(&data_dir.join("master.key"), &keys, 0o644);
    let refused = iam(dir.path(), "list-users --data-dir d");
    assert!(refused.contains("(mode 644); chmod 600 takes it"), "{refused}");
    assert!(refused.ends_with("exit code Some(252)\n"), "{refused}");
    put(&data_dir.join("master.key"), "no key", 0o600);
    let refused = iam(dir.path(), "list-users --data-dir d");
    assert!(refused.ends_with("exit code Some(252)\n"), "{refused}");
    fs::remove_file(data_dir.join("master.key")).expect("it is ours");
    let refused = iam(dir.path(), "list-users --data-dir d");
    assert!(refused.contains("is missing, and there are secrets that it has sealed"), "{refused}");
    assert!(refused.ends_with("exit code Some(252)\n"), "{refused}");
    assert!(!data_dir.join("master.key").exists(), "no other was made");
}

/// What it has sealed is gone, and the rest goes on under another one.
#[test]
fn a_master_key_that_is_lost_is_replaced() {
    let dir = scratch();
    let data_dir = dir.path().join("d");
    let master_key = data_dir.join("master.key");
    fs::create_dir(&data_dir).expect("the scratch directory is ours");
    let other = MASTER_KEY.replace("a:AA", "b:BB");
    put(&master_key, MASTER_KEY, 0o600);
    let key = |id: &str| format!("key = [{{ id = '{id}', secret = 'long-enough' }}]");
    let file = |keys_of_bob: &str| {
        format!(
            "[[account]]\nid = '000000000000'\nroot_key = [{{ id = 'ROOT', secret = 'long-enough' }}]\n\
             [[account.user]]\nname = 'Ada'\n{}\n[[account.user]]\nname = 'bob'\n{keys_of_bob}\n",
            key("ADA")
        )
    };
    put(&dir.path().join("i.toml"), &file(""), 0o600);
    iam(dir.path(), "import --file i.toml --data-dir d");
    put(&master_key, &format!("{other}{MASTER_KEY}"), 0o600);
    put(&dir.path().join("i.toml"), &file(&key("BOB")), 0o600);
    iam(dir.path(), "import --file i.toml --data-dir d");
    check_transcript(
        dir.path(),
        "$ replace-master-key --discard-sealed-keys --data-dir d\n\
        tidewheel: the master keys open all secrets: nothing is lost. rotate-master-key changes \
        them, and create-root-key makes a key of the root\nexit code Some(252)\n",
    );
    // Another server's key was given by mistake: what its own opens is not lost.
    put(&dir.path().join("other.key"), &other.replace("b:", "c:").replace("BB", "CC"), 0o600);
    let refused =
        "replace-master-key --discard-sealed-keys --data-dir d --master-key-file other.key";
    let told = iam(dir.path(), refused);
    assert!(told.contains("d/master.key opens some of them: that key is not lost"), "{told}");
    assert!(told.ends_with("exit code Some(252)\n"), "{told}");
    put(&master_key, &other, 0o600);
    check_transcript(dir.path(), include_str!("lost.transcript"));
    assert_eq!(fs::read_to_string(&master_key).expect("it is ours"), other);

    fs::remove_file(&master_key).expect("it is ours");
    let shown = iam(dir.path(), "replace-master-key --dry-run --data-dir d");
    assert_eq!(shown.matches("AccessKeyId").count(), 2, "{shown}");
    assert!(!master_key.exists(), "nothing was changed");
    let told = iam(dir.path(), "replace-master-key --discard-sealed-keys --data-dir d");
    assert!(told.contains("SecretAccessKey"), "{told}");
    let made = fs::metadata(&master_key).expect("it was made");
    assert_eq!(made.permissions().mode() & 0o777, 0o600);
    let told = iam(dir.path(), "list-users --data-dir d");
    assert_eq!(told.matches("\"UserName\"").count(), 2, "{told}");
}

/// A slip in the name of a directory begins no other.
#[test]
fn only_what_begins_a_data_directory_makes_one() {
    let dir = scratch();
    let told = iam(dir.path(), "list-users --data-dir nowhere");
    assert!(told.contains("nowhere holds no data yet; create-root-key and import"), "{told}");
    assert!(told.ends_with("exit code Some(252)\n"), "{told}");
    let file = "[[account]]\nid = '000000000000'\nuser = [{ name = 'bob' }]\n";
    put(&dir.path().join("i.toml"), file, 0o600);
    let told = iam(dir.path(), "import --file i.toml --dry-run --data-dir nowhere");
    assert!(told.contains("\"Operation\": \"CreateUser\""), "{told}");
    assert!(!dir.path().join("nowhere").exists());
}

/// It is taken all the same: only whoever gave it can say whether it was meant.
#[test]
fn what_has_no_effect_in_a_policy_is_warned_of() {
    let dir = scratch();
    let policy = POLICY.replace("swf:*", "swf:Nothing");
    put(&dir.path().join("p.json"), &policy, 0o644);
    let file = "[[account]]\nid = '000000000000'\nuser = [{ name = 'bob' }]\n\
                policy = [{ name = 'p', document = 'file://p.json' }]\n";
    put(&dir.path().join("i.toml"), file, 0o600);
    let warning = "Statement[0].Action: \"swf:Nothing\" matches no known action\n";
    let told = iam(dir.path(), "import --file i.toml --data-dir d");
    assert!(told.ends_with(&format!("tidewheel: warning: policy p: {warning}")), "{told}");
    let line = "put-user-policy --user-name bob --policy-name q --policy-document file://p.json";
    let told = iam(dir.path(), &format!("{line} --data-dir d"));
    assert_eq!(told, format!("tidewheel: warning: {warning}"));
}

#[test]
fn a_wrong_file_is_wrong_usage() {
    let dir = scratch();
    std::fs::create_dir(dir.path().join(".aws")).expect("the scratch directory is ours");
    let keys = "[default]\naws_access_key_id = a\naws_secret_access_key = s\n";
    put(&dir.path().join(".aws/credentials"), keys, 0o600);
    let told = iam(dir.path(), "list-users --endpoint-url https://localhost:1 --ca-bundle nowhere");
    assert!(told.starts_with("tidewheel: nowhere: ") && told.ends_with("Some(252)\n"), "{told}");
}

#[test]
fn a_directory_that_a_server_uses_is_asked_through_the_server() {
    let dir = scratch();
    let server = Server::start(dir.path());
    let line = format!("list-users --data-dir {}", dir.path().display());
    let told = iam(dir.path(), &line);
    let advice = format!(
        "is in use by process {}; ask the server that uses it with --endpoint-url\n",
        server.process_id
    );
    assert!(told.ends_with(&format!("{advice}exit code Some(255)\n")), "{told}");
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}

/// At the start, and again at SIGHUP; a bad file changes nothing and says so.
#[test]
fn a_server_has_the_identities_of_its_file() {
    let dir = scratch();
    let (data_dir, file) = (dir.path().join("d"), dir.path().join("i.toml"));
    let users = |names: &str| format!("[[account]]\nid = '000000000000'\nuser = [{names}]\n");
    put(&file, &users("{ name = 'ada' }"), 0o600);
    let log_path = dir.path().join("log");
    let log = fs::File::create(&log_path).expect("the scratch directory is ours");
    let mut command = tidewheel(&["serve", "--listen", "127.0.0.1:0", "--data-dir"]);
    command.arg(&data_dir).arg("--identities").arg(&file).stderr(log);
    let server = Server::start_with(command);
    let wait_for = |what: &str| {
        let begin = std::time::Instant::now();
        loop {
            let log = fs::read_to_string(&log_path).expect("it is written");
            if log.contains(what) {
                return;
            }
            assert!(begin.elapsed().as_secs() < super::WAIT_SECONDS_MAX, "{what}: {log}");
            std::thread::yield_now();
        }
    };
    put(&file, "nonsense", 0o600);
    server.signal("HUP");
    wait_for("the identities stay as they were; the new file is not used");
    put(&file, &users("{ name = 'ada' }, { name = 'bob' }"), 0o600);
    server.signal("HUP");
    wait_for("operation=\"CreateUser\" resource=\"arn:aws:iam::000000000000:user/bob\"");
    for (line, advice) in [
        ("list-users", "; ask the server that uses it with --endpoint-url"),
        (
            "rotate-master-key",
            "; this is done while no server runs: stop it, do this, and start it again",
        ),
        (
            "create-account --account-id 111111111111",
            "; this is done while no server runs: stop it",
        ),
    ] {
        let told = iam(dir.path(), &format!("{line} --data-dir d"));
        assert!(told.contains(advice), "{line}: {told}");
        assert!(told.ends_with("exit code Some(255)\n"), "{line}: {told}");
    }
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    let told = iam(dir.path(), "list-users --data-dir d");
    let names: Vec<&str> = told.lines().filter(|line| line.contains("UserName")).collect();
    assert_eq!(names.len(), 2, "{told}");

    put(&file, &users("{ nme = 'ada' }"), 0o600);
    let mut command = tidewheel(&["serve", "--listen", "127.0.0.1:0", "--data-dir"]);
    command.arg(&data_dir).arg("--identities").arg(&file);
    let output = run(command);
    let why = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{why}");
    assert!(why.contains("i.toml: line 3: unknown field `nme`"), "{why}");
}
