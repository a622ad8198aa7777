//! Which directories open, which are refused in which words, and what first starts leave.

use super::*;

#[test]
fn a_missing_directory_is_created_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = scratch();
    let path = dir.path().join("below").join("data");
    drop(open(&path));
    let mode = fs::metadata(&path).expect("it was created").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn the_data_is_its_owners_alone_even_in_a_directory_that_is_not() {
    use std::os::unix::fs::PermissionsExt;
    let dir = scratch();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
    drop(open(dir.path()));
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode(dir.path()), mode(&dir.path().join("data"))), (0o755, 0o700));
}

#[test]
fn a_file_is_no_directory() {
    let dir = scratch();
    let path = dir.path().join("data.db");
    fs::write(&path, "").expect("writable");
    let path_shown = path.display();
    let expected = format!("cannot open the store: use {path_shown}: it is a file, no directory");
    assert_eq!(refusal(&path), expected);
}

#[test]
fn a_second_open_names_the_process_that_has_the_directory() {
    let dir = scratch();
    let first = open(dir.path());
    let expected = format!("{} is in use by process {}", dir.path().display(), std::process::id());
    assert_eq!(refusal(dir.path()), expected);
    drop(first);
    drop(open(dir.path()));
}

#[test]
fn another_format_is_refused_naming_both_versions() {
    let dir = scratch();
    drop(open(dir.path()));
    let version = dir.path().join("VERSION");
    for (text, found, created_by) in [
        ("tidewheel store format 2\ncreated by build 4.5.6\n", "2", "4.5.6"),
        ("tidewheel store format 0\ncreated by build 4.5.6\n", "0", "4.5.6"),
        ("tidewheel store format 2\n", "2", "unknown"),
    ] {
        fs::write(&version, text).expect("writable");
        let expected = format!(
            "{} holds store format {found}, created by build {created_by}; \
             this build (9.9) reads format 1",
            dir.path().display()
        );
        assert_eq!(refusal(dir.path()), expected);
    }
}

#[test]
fn a_damaged_version_is_said_to_be_damaged() {
    let dir = scratch();
    drop(open(dir.path()));
    let version = dir.path().join("VERSION");
    for text in ["", "\0\0\0\0", "tidewheel store format two\n", "tidewheel store form"] {
        fs::write(&version, text).expect("writable");
        let expected = format!(
            "cannot open the store: use {}: it is damaged and names no format; \
             put it back from a backup",
            version.display()
        );
        assert_eq!(refusal(dir.path()), expected);
    }
}

#[test]
fn the_build_that_created_a_directory_is_kept() {
    let dir = scratch();
    for build in ["1.2.3", "4.5.6"] {
        let options = Options { build: build.to_owned(), ..Options::default() };
        drop(Embedded::open(dir.path(), options).expect("the directory opens"));
        let text = fs::read_to_string(dir.path().join("VERSION")).expect("it is there");
        assert_eq!(text, "tidewheel store format 1\ncreated by build 1.2.3\n");
    }
}

#[test]
fn a_foreign_directory_is_refused_and_left_alone() {
    let dir = scratch();
    fs::write(dir.path().join("thesis.txt"), "years of work").expect("writable");
    assert!(refusal(dir.path()).contains("neither empty nor a tidewheel store"));
    assert_eq!(files(dir.path()), [dir.path().join("thesis.txt")]);
}

#[test]
fn data_whose_version_was_lost_is_refused_rather_than_made_anew() {
    let dir = scratch();
    drop(open(dir.path()));
    fs::remove_file(dir.path().join("VERSION")).expect("it is there");
    let before = files(dir.path());
    assert!(refusal(dir.path()).contains("neither empty nor a tidewheel store"));
    assert_eq!(files(dir.path()), before);
}

/// As a backup that was copied in part, or a journal that somebody took for a log.
#[test]
fn a_directory_that_has_lost_its_data_is_refused_rather_than_made_anew() {
    let remove_dir = |path: PathBuf| fs::remove_dir_all(path).expect("it is there");
    let remove = |path: PathBuf| fs::remove_file(path).expect("it is there");
    let empty = |path: PathBuf| fs::write(path, "").expect("writable");
    let losses: [(&str, Crash); 6] = [
        ("data/ is missing", Box::new(move |dir| remove_dir(dir.join("data")))),
        ("data/version is missing", Box::new(move |dir| remove(dir.join("data/version")))),
        (
            "its tables (data/keyspaces) are missing",
            Box::new(move |dir| remove_dir(dir.join("data/keyspaces"))),
        ),
        (
            "its tables (data/keyspaces) are missing",
            Box::new(move |dir| remove_dir(dir.join("data/keyspaces/1"))),
        ),
        (
            "the journal (data/*.jnl) is missing",
            Box::new(move |dir| remove(dir.join("data/0.jnl"))),
        ),
        (
            "no row is left in its journal and tables",
            Box::new(move |dir| empty(dir.join("data/0.jnl"))),
        ),
    ];
    for (what, lose) in losses {
        let dir = scratch();
        let store = open(dir.path());
        let epoch = store.claim(SHARD, "test").expect("the disk works");
        assert_eq!(store.commit(SHARD, epoch, put(b"a", b"1")), Ok(()));
        drop(store);
        lose(dir.path());
        let before = files(dir.path());
        let expected = format!(
            "{} has lost its data: {what}; restore a backup, or remove the directory to begin anew",
            dir.path().display()
        );
        for _again in 0..2 {
            assert_eq!(refusal(dir.path()), expected);
        }
        let made = files(dir.path()).into_iter().find(|file| !before.contains(file));
        assert_eq!(made, None, "{what}: a file was made");
    }
}

#[test]
fn a_directory_without_rows_is_as_good_as_any() {
    let dir = scratch();
    for _again in 0..3 {
        drop(open(dir.path()));
    }
}

#[test]
fn a_directory_of_a_build_that_wrote_no_mark_opens() {
    let dir = scratch();
    let store = open(dir.path());
    store.claim(SHARD, "test").expect("the disk works");
    let mark = stored_key(MARK_SHARD, Kind::Mark, b"");
    store.keyspace.remove(mark).expect("the disk works");
    drop(store);
    assert_eq!(open(dir.path()).claim(SHARD, "test"), Ok(Epoch(2)));
}

#[test]
fn whether_a_directory_is_in_use_is_an_error_when_it_cannot_be_told() {
    let dir = scratch();
    assert!(matches!(is_complete(dir.path()), Ok(false)));
    assert!(matches!(is_complete(&dir.path().join("absent")), Ok(false)));
    std::os::unix::fs::symlink("VERSION", dir.path().join("VERSION")).expect("writable");
    let error = is_complete(dir.path()).expect_err("the link leads nowhere").to_string();
    assert!(error.starts_with("cannot open the store: read "), "{error}");
}

#[test]
fn a_fresh_volume_is_as_good_as_an_empty_directory() {
    let dir = scratch();
    fs::create_dir(dir.path().join("lost+found")).expect("writable");
    drop(open(dir.path()));
}

type Crash = Box<dyn Fn(&Path)>;

/// The steps of a first start leave, in turn: a lock file, part of `VERSION.new`, all of it, some
/// of the engine's files, all of them.
#[test]
fn a_first_start_that_crashed_anywhere_can_be_repeated() {
    let complete = scratch();
    drop(open(complete.path()));
    let remove_data = |image: &Path| fs::remove_dir_all(image.join("data")).expect("it is there");
    let mut crashes: Vec<Crash> = vec![
        Box::new(|_| ()),
        Box::new(remove_data),
        Box::new(move |image| {
            remove_data(image);
            fs::write(image.join("VERSION.new"), "tidew").expect("writable");
        }),
        Box::new(move |image| {
            remove_data(image);
            fs::remove_file(image.join("VERSION.new")).expect("it is there");
        }),
    ];
    for file in files(&complete.path().join("data")) {
        let name = file.strip_prefix(complete.path()).expect("it is below").to_owned();
        crashes.push(Box::new(move |image| {
            fs::remove_file(image.join(&name)).expect("it is there");
        }));
    }
    for crash in crashes {
        let image = scratch();
        copy_image(complete.path(), image.path());
        let version_new = image.path().join("VERSION.new");
        fs::rename(image.path().join("VERSION"), &version_new).expect("it is there");
        crash(image.path());
        for epoch in [1, 2] {
            assert_eq!(open(image.path()).claim(SHARD, "test"), Ok(Epoch(epoch)));
            assert!(!version_new.exists());
        }
    }
}
