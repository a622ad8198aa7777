//! The files, changed under the eyes of a watch.

use super::*;
use rcgen::{CertificateParams, KeyPair};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

/// A directory with a certificate that signs itself, and its key.
struct Place {
    dir: TempDir,
    files: TlsFiles,
}

impl Place {
    fn new() -> Place {
        let dir = tempfile::tempdir().expect("a scratch directory");
        let (cert, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
        let place = Place { dir, files: TlsFiles { cert, key, client_ca: None } };
        let (cert, key) = issue();
        place.put(&place.files.cert, &cert);
        place.put(&place.files.key, &key);
        place
    }

    /// Puts a file in the place of another, as those do who know that it is read.
    fn put(&self, path: &Path, text: &str) {
        let new = self.dir.path().join("new");
        std::fs::write(&new, text).expect("the directory is ours");
        std::fs::set_permissions(&new, Permissions::from_mode(0o600)).expect("it is ours");
        std::fs::rename(new, path).expect("the directory is ours");
    }
}

/// A certificate and its key.
fn issue() -> (String, String) {
    issue_until(4096)
}

/// One that is good until a year begins.
fn issue_until(year: i32) -> (String, String) {
    let key = KeyPair::generate().expect("randomness");
    let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a name of a host");
    params.not_after = rcgen::date_time_ymd(year, 1, 1);
    (params.self_signed(&key).expect("a certificate").pem(), key.serialize_pem())
}

/// What came of one look after another, in words.
fn looks(watch: &mut Watch, count: usize) -> Vec<String> {
    let word = |look| match look {
        Look::Same => "same".to_owned(),
        Look::Changing => "changing".to_owned(),
        Look::Replaced => "replaced".to_owned(),
        Look::Kept(error) => error.to_string(),
    };
    (0..count).map(|_| word(watch.look())).collect()
}

#[test]
fn new_files_are_taken_when_they_are_left_alone() {
    let place = Place::new();
    let mut watch = Watch::open(place.files.clone()).expect("all is there");
    assert_eq!(looks(&mut watch, 2), ["same", "same"]);
    let (cert, key) = issue();
    place.put(&place.files.cert, &cert);
    assert_eq!(looks(&mut watch, 1), ["changing"]);
    place.put(&place.files.key, &key);
    assert_eq!(looks(&mut watch, 4), ["changing", "replaced", "same", "same"]);
}

/// The word is said once, and not again before something changes.
#[test]
fn files_that_cannot_be_used_change_nothing() {
    let place = Place::new();
    let mut watch = Watch::open(place.files.clone()).expect("all is there");
    let (cert, key) = issue();
    place.put(&place.files.cert, &cert[..cert.len() / 2]);
    let path = place.files.cert.display();
    let torn = format!("{path}: the certificate cannot be used: it ends in the middle");
    assert_eq!(looks(&mut watch, 4), ["changing", &torn, "same", "same"]);
    place.put(&place.files.cert, &cert);
    let mixed = &looks(&mut watch, 3)[1];
    assert!(mixed.contains("the certificate and the private key do not go together"), "{mixed}");
    std::fs::remove_file(&place.files.key).expect("it is there");
    let gone = format!(
        "cannot read {}: No such file or directory (os error 2)",
        place.files.key.display()
    );
    assert_eq!(looks(&mut watch, 3), ["changing", &gone, "same"]);
    place.put(&place.files.key, &key);
    assert_eq!(looks(&mut watch, 3), ["changing", "replaced", "same"]);
}

#[test]
fn a_key_that_others_have_access_to_is_refused() {
    let place = Place::new();
    let key = &place.files.key;
    for (mode, is_refused) in [
        (0o600, false),
        (0o400, false),
        (0o640, false),
        (0o644, true),
        (0o604, true),
        (0o660, true),
        (0o620, true),
        (0o602, true),
    ] {
        std::fs::set_permissions(key, Permissions::from_mode(mode)).expect("it is ours");
        let expected = is_refused.then(|| {
            format!(
                "others than its owner have access to the private key {} (mode {mode:o}); chmod \
                 600 takes it from them",
                key.display()
            )
        });
        let refused = Watch::open(place.files.clone()).err().map(|error| error.to_string());
        assert_eq!(refused, expected);
    }
    // Access that is taken away is a change, too.
    std::fs::set_permissions(key, Permissions::from_mode(0o600)).expect("it is ours");
    let mut watch = Watch::open(place.files.clone()).expect("all is there");
    std::fs::set_permissions(key, Permissions::from_mode(0o644)).expect("it is ours");
    let looked = looks(&mut watch, 2);
    assert!(looked[1].starts_with("others than its owner have access"), "{looked:?}");
    std::fs::set_permissions(key, Permissions::from_mode(0o600)).expect("it is ours");
    assert_eq!(looks(&mut watch, 2), ["changing", "replaced"]);
}

#[test]
fn the_file_that_is_wrong_is_named() {
    let place = Place::new();
    let client_ca = place.dir.path().join("clients.pem");
    let files = TlsFiles { client_ca: Some(client_ca.clone()), ..place.files.clone() };
    place.put(&client_ca, "");
    let error = Watch::open(files.clone()).err().expect("it is empty").to_string();
    let begin = format!("{}: the authorities of clients cannot be used: ", client_ca.display());
    assert!(error.starts_with(&begin), "{error}");
    place.put(&client_ca, &"x".repeat(1024 * 1024 + 1));
    let error = Watch::open(files).err().expect("it is too long").to_string();
    assert_eq!(error, format!("{} is longer than 1048576 bytes", client_ca.display()));
    place.put(&place.files.key, "nothing");
    let error = Watch::open(place.files.clone()).err().expect("no key").to_string();
    let begin = format!("{}: the private key cannot be used: ", place.files.key.display());
    assert!(error.starts_with(&begin), "{error}");
}

#[test]
fn a_hangup_reads_at_once() {
    let place = Place::new();
    let mut watch = Watch::open(place.files.clone()).expect("all is there");
    let (cert, key) = issue();
    place.put(&place.files.cert, &cert);
    place.put(&place.files.key, &key);
    assert!(matches!(watch.read_again(), Look::Replaced));
    assert_eq!(looks(&mut watch, 2), ["changing", "same"], "it has what is there");
}

#[test]
fn the_end_of_a_certificate_is_said_once_a_day() {
    const END: i64 = 1_893_456_000_000; // 2030-01-01T00:00:00Z
    let place = Place::new();
    let put = |(cert, key): (String, String)| {
        place.put(&place.files.cert, &cert);
        place.put(&place.files.key, &key);
    };
    put(issue_until(2030));
    let mut watch = Watch::open(place.files.clone()).expect("all is there");
    let at = |milliseconds: i64| Timestamp(END + milliseconds);
    for (milliseconds, said) in [
        (-31 * DAY_MILLISECONDS, None),
        (-30 * DAY_MILLISECONDS, None),
        (-30 * DAY_MILLISECONDS + 1, Some(29)),
        (-30 * DAY_MILLISECONDS + 2, None),
        (-29 * DAY_MILLISECONDS, None),
        (-29 * DAY_MILLISECONDS + 1, Some(28)),
        (-1, Some(0)),
        (0, None),
        (1000, Some(-1)),
        (DAY_MILLISECONDS, None),
        (DAY_MILLISECONDS + 1, Some(-2)),
    ] {
        assert_eq!(watch.days_left(at(milliseconds)), said, "{milliseconds}");
    }
    // A new one is no better, which is said at once.
    put(issue_until(2030));
    assert_eq!(looks(&mut watch, 2), ["changing", "replaced"]);
    assert_eq!(watch.days_left(at(DAY_MILLISECONDS + 1)), Some(-2));
    put(issue_until(2031));
    assert_eq!(looks(&mut watch, 2), ["changing", "replaced"]);
    assert_eq!(watch.days_left(at(DAY_MILLISECONDS + 1)), None);
}

/// Whoever awaits it is the server itself.
#[tokio::test]
async fn a_panic_while_the_identities_are_read_again_ends_nothing() {
    let reread: Reread = Arc::new(|| panic!("in the middle of something"));
    read_others(&reread).await;
}
