//! Files of master keys: who may read them, what they say, how they change.

use super::*;
use crate::system::SystemEntropy;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

const LINE: &str = "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().expect("a scratch directory")
}

fn put(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).expect("the scratch directory is ours");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
}

fn find(data_dir: &Path, file: Option<PathBuf>) -> Result<MasterKeys, MasterKeyError> {
    MasterKeys::find(&Given { keys: None, file }, data_dir, &SystemEntropy)
}

#[test]
fn keys_are_made_when_they_are_needed_and_nobody_else_reads_them() {
    let dir = scratch();
    let mut made = find(dir.path(), None).expect("they are made");
    let path = dir.path().join("master.key");
    assert!(!path.exists(), "nothing is written before it is known that nothing was sealed");
    assert!(matches!(made.missing(), Some(MasterKeyError::Missing { .. })));
    made.keep().expect("the directory is ours");
    assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o600);
    let id = made.keyring.sealing_key_id().clone();
    let mut again = find(dir.path(), None).expect("it is there");
    assert_eq!(*again.keyring.sealing_key_id(), id);
    assert!(again.missing().is_none());
    again.keep().expect("there is nothing to do");
}

#[test]
fn a_file_that_others_can_read_is_not_used() {
    let dir = scratch();
    let path = dir.path().join("keys");
    for (mode, used) in [
        (0o600, true),
        (0o400, true),
        (0o700, true),
        (0o640, false),
        (0o604, false),
        (0o620, false),
        (0o644, false),
    ] {
        put(&path, LINE, mode);
        let found = find(dir.path(), Some(path.clone()));
        match found {
            Ok(_) => assert!(used, "{mode:o}"),
            Err(error) => {
                assert!(
                    matches!(error, MasterKeyError::File(SecretFileError::Access { mode: m, .. }) if m == mode)
                );
                assert!(!used && error.to_string().contains("chmod 600"), "{mode:o}: {error}");
            }
        }
        fs::remove_file(&path).expect("it is ours");
    }
}

/// What a link leads to counts: that is how secrets are mounted into containers.
#[test]
fn a_link_is_followed_and_what_it_leads_to_is_checked() {
    let dir = scratch();
    let (file, link) = (dir.path().join("file"), dir.path().join("link"));
    symlink(&file, &link).expect("the directory is ours");
    put(&file, LINE, 0o600);
    let mut found = find(dir.path(), Some(link.clone())).expect("it is private");
    found.add(&SystemEntropy).expect("it can be changed");
    assert!(fs::symlink_metadata(&link).expect("it is there").is_symlink());
    assert_eq!(fs::read_to_string(&file).expect("it is ours").lines().count(), 2);
    put(&file, LINE, 0o644);
    let found = find(dir.path(), Some(link));
    assert!(matches!(found, Err(MasterKeyError::File(SecretFileError::Access { .. }))));
    let found = find(dir.path(), Some(dir.path().to_owned()));
    assert!(
        matches!(found, Err(MasterKeyError::File(SecretFileError::NoFile { .. }))),
        "{found:?}"
    );
}

#[test]
fn what_is_no_key_is_refused_without_being_shown() {
    let dir = scratch();
    let path = dir.path().join("keys");
    for text in ["", "canary", "a:canary", "a:Y2FuYXJ5"] {
        put(&path, text, 0o600);
        let error = find(dir.path(), Some(path.clone())).expect_err("it is no key");
        assert!(matches!(error, MasterKeyError::Wrong { .. }));
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
        let keys = Some(Secret::new(text.to_owned()));
        let given = Given { keys, file: None };
        let error = MasterKeys::find(&given, dir.path(), &SystemEntropy).expect_err("no key");
        assert!(matches!(error, MasterKeyError::Variable(_)));
        assert!(!format!("{error} {error:?} {given:?}").contains("canary"), "{error:?}");
    }
    put(&path, &"#".repeat(70_000), 0o600);
    let error = find(dir.path(), Some(path)).expect_err("it is too long");
    assert!(matches!(error, MasterKeyError::File(SecretFileError::TooLong { .. })));
}

/// A file that is named and not there is a mistake; another one is not made in its place.
#[test]
fn a_file_that_is_named_must_be_there() {
    let dir = scratch();
    let error = find(dir.path(), Some(dir.path().join("keys"))).expect_err("it is not there");
    assert!(error.to_string().starts_with("cannot read the master key"), "{error}");
}

#[test]
fn a_new_key_seals_and_old_ones_stay_until_they_are_dropped() {
    let dir = scratch();
    let path = dir.path().join("keys");
    put(&path, &format!("# the first\n{LINE}\n"), 0o600);
    // The rest of an attempt that was interrupted.
    put(&dir.path().join("keys.new"), "half a line", 0o600);
    let mut keys = find(dir.path(), Some(path.clone())).expect("it is private");
    let sealed = keys.keyring.seal("text", b"purpose", &[1; access::identity::NONCE_BYTES]);
    let added = keys.add(&SystemEntropy).expect("it can be changed");
    assert_ne!(**added.sealing_key_id(), *"a");
    assert_eq!(added.open(&sealed, b"purpose").expect("it opens").expose(), "text");
    let read = find(dir.path(), Some(path.clone())).expect("it is private");
    assert_eq!(read.keyring.sealing_key_id(), added.sealing_key_id());
    let dropped = keys.drop_old().expect("it can be changed");
    assert_eq!(dropped.sealing_key_id(), added.sealing_key_id());
    assert!(dropped.open(&sealed, b"purpose").is_err());
    let text = fs::read_to_string(&path).expect("it is ours");
    assert!(text.contains("# the first") && !text.contains(LINE), "comments stay");
    assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o600);
}

#[test]
fn keys_in_the_environment_are_used_and_not_changed() {
    let dir = scratch();
    let given = Given { keys: Some(Secret::new(LINE.to_owned())), file: None };
    let mut keys = MasterKeys::find(&given, dir.path(), &SystemEntropy).expect("they are right");
    keys.keep().expect("there is nothing to do");
    assert!(matches!(keys.add(&SystemEntropy), Err(MasterKeyError::InEnvironment)));
    assert_eq!(fs::read_dir(dir.path()).expect("it is ours").count(), 0);
}

#[test]
fn a_full_file_takes_no_new_key_and_says_how_the_old_ones_go() {
    let dir = scratch();
    let path = dir.path().join("keys");
    let full: String =
        (0..16).map(|index| LINE.replace("a:", &format!("k{index}:")) + "\n").collect();
    put(&path, &full, 0o600);
    let mut keys = find(dir.path(), Some(path.clone())).expect("there is room for these");
    let error = keys.add(&SystemEntropy).expect_err("there is no room").to_string();
    assert!(error.contains("rotate-master-key --drop-old"), "{error}");
    assert_eq!(fs::read_to_string(&path).expect("it is ours"), full);
    keys.drop_old().expect("it can be changed");
    keys.add(&SystemEntropy).expect("there is room");
}
