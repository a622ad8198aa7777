//! What only a store on disk can get wrong: directories, crashes, full and failing disks.

use super::*;
use fjall::AbstractTree;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use tempfile::TempDir;

const SHARD: ShardId = ShardId(7);
const NO_LIMIT: usize = 100_000;

fn scratch() -> TempDir {
    tempfile::tempdir().expect("a scratch directory")
}

fn open(dir: &Path) -> Embedded {
    Embedded::open(dir, Options::default()).expect("the directory opens")
}

/// The words with which `dir` is refused.
fn refusal(dir: &Path) -> String {
    match Embedded::open(dir, Options { build: "9.9".to_owned(), ..Options::default() }) {
        Ok(_) => panic!("{} was opened", dir.display()),
        Err(error) => error.to_string(),
    }
}

fn put(key: &[u8], value: &[u8]) -> Batch {
    let mut batch = Batch::default();
    batch.put(key.to_vec(), value.to_vec());
    batch
}

fn rows(store: &Embedded, shard: ShardId) -> Vec<Entry> {
    let all = b"".as_slice()..b"\xff\xff\xff\xff\xff";
    store.scan(shard, all, Direction::Ascending, NO_LIMIT).expect("scan answers")
}

/// What a crash at this moment would leave: the files as they are, the store still open.
fn copy_image(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a scratch directory");
    for entry in fs::read_dir(from).expect("the directory is there") {
        let entry = entry.expect("the directory is there");
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_image(&path, &target);
        } else {
            fs::copy(&path, &target).expect("no file goes away while so little is written");
        }
    }
}

/// Every file below `dir`.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("the directory is there") {
        let path = entry.expect("the directory is there").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn passes_the_contract_suite() {
    let dir = scratch();
    crate::suite::check_store(|| Box::new(open(dir.path())));
}

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

#[test]
fn a_full_disk_refuses_commits_and_work_resumes_with_room() {
    let dir = scratch();
    let free = Arc::new(AtomicU64::new(1_000_000));
    let probed = free.clone();
    let options = Options {
        free_bytes_min: 1_000,
        free_bytes: Box::new(move |_| match probed.load(Ordering::Relaxed) {
            u64::MAX => Err(io::Error::other("no such device")),
            free => Ok(free),
        }),
        ..Options::default()
    };
    let store = Embedded::open(dir.path(), options).expect("the directory opens");
    let old = store.claim(SHARD, "test").expect("there is room");
    assert_eq!(store.commit(SHARD, old, put(b"a", b"1")), Ok(()));

    free.store(999, Ordering::Relaxed);
    let epoch = store.claim(SHARD, "test").expect("a claim needs next to no room");
    let full = |text: &str| Err(CommitError::Full(text.to_owned()));
    let refused = store.commit(SHARD, epoch, put(b"b", b"2"));
    assert_eq!(refused, full("999 bytes are free, 1002 are needed"));
    let fenced = store.commit(SHARD, old, put(b"b", b"2"));
    assert_eq!(fenced, Err(CommitError::Fenced), "waiting for room would not help");
    free.store(u64::MAX, Ordering::Relaxed);
    let refused = store.commit(SHARD, epoch, put(b"b", b"2"));
    assert_eq!(refused, full("cannot tell how many bytes are free: no such device"));
    assert_eq!(rows(&store, SHARD), [(b"a".to_vec(), b"1".to_vec())]);
    assert_eq!(store.poisoned(), None);

    free.store(1_002, Ordering::Relaxed);
    assert_eq!(store.commit(SHARD, epoch, put(b"b", b"2")), Ok(()), "the same epoch goes on");
}

#[test]
fn a_full_disk_takes_what_makes_room_while_half_of_the_reserve_is_left() {
    let dir = scratch();
    let free = Arc::new(AtomicU64::new(1_000_000));
    let probed = free.clone();
    let options = Options {
        free_bytes_min: 1_000,
        free_bytes: Box::new(move |_| Ok(probed.load(Ordering::Relaxed))),
        ..Options::default()
    };
    let store = Embedded::open(dir.path(), options).expect("the directory opens");
    let epoch = store.claim(SHARD, "test").expect("there is room");
    assert_eq!(store.commit(SHARD, epoch, put(b"a long key", b"1")), Ok(()));
    let deletion = || {
        let mut batch = Batch::default();
        batch.delete(b"a long key".to_vec());
        batch
    };
    // A little may be put with it: what remembers how far a removal has come.
    let mut with_a_note = deletion();
    with_a_note.put(b"note".to_vec(), b"1".to_vec());
    let mut no_gain = deletion();
    no_gain.put(b"note".to_vec(), b"as long".to_vec());

    free.store(509, Ordering::Relaxed);
    let full = |text: &str| Err(CommitError::Full(text.to_owned()));
    let refused = store.commit(SHARD, epoch, deletion());
    assert_eq!(refused, full("509 bytes are free, 510 are needed"));
    free.store(999, Ordering::Relaxed);
    let refused = store.commit(SHARD, epoch, no_gain);
    assert_eq!(refused, full("999 bytes are free, 1021 are needed"));
    assert_eq!(store.commit(SHARD, epoch, with_a_note), Ok(()));
    free.store(510, Ordering::Relaxed);
    assert_eq!(store.commit(SHARD, epoch, deletion()), Ok(()));
    assert_eq!(rows(&store, SHARD), [(b"note".to_vec(), b"1".to_vec())]);
}

#[test]
fn tables_are_rewritten_only_where_a_copy_has_room() {
    const ROWS: u8 = 200;
    let dir = scratch();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    // There is room whenever the committer asks, but for the reclaimer only at the second time.
    let free_bytes: FreeBytesProbe = Box::new(move |_| {
        let is_reclaimer = std::thread::current().name() == Some("store-reclaimer");
        let is_first = is_reclaimer && counted.fetch_add(1, Ordering::AcqRel) == 0;
        Ok(if is_first { 20_000 } else { u64::MAX })
    });
    let (store, told) = open_telling(dir.path(), free_bytes);
    let epoch = store.claim(SHARD, "test").expect("the disk works");
    let mut batch = Batch::default();
    (0..ROWS).for_each(|number| batch.put(vec![number], noise(1_000)));
    assert_eq!(store.commit(SHARD, epoch, batch), Ok(()));
    let delete = |numbers: Range<u8>| {
        let mut batch = Batch::default();
        numbers.for_each(|number| batch.delete(vec![number]));
        assert_eq!(store.commit(SHARD, epoch, batch), Ok(()));
    };
    delete(0..ROWS - 1);
    wait_until(|| asked.load(Ordering::Acquire) != 0);
    delete(ROWS - 1..ROWS);
    let limit = Duration::from_secs(COMMIT_WAIT_SECONDS_MAX);
    told.recv_timeout(limit).expect("with room they are");
    assert_eq!(asked.load(Ordering::Acquire), 2, "they were without room");
    assert_eq!(rows(&store, SHARD), []);
}

#[test]
fn what_an_earlier_process_deleted_gives_its_room_back_too() {
    const ROWS: u8 = 200;
    let dir = scratch();
    let no_room_for_a_copy: FreeBytesProbe = Box::new(|_| Ok(20_000));
    let (store, told) = open_telling(dir.path(), no_room_for_a_copy);
    let epoch = store.claim(SHARD, "test").expect("the disk works");
    for number in 0..ROWS {
        assert_eq!(store.commit(SHARD, epoch, put(&[number], &noise(1_000))), Ok(()));
    }
    let mut batch = Batch::default();
    (0..ROWS).for_each(|number| batch.delete(vec![number]));
    assert_eq!(store.commit(SHARD, epoch, batch), Ok(()));
    drop(store);
    assert!(told.try_recv().is_err(), "there was no room");

    let (store, told) = open_telling(dir.path(), Box::new(|_| Ok(u64::MAX)));
    let limit = Duration::from_secs(COMMIT_WAIT_SECONDS_MAX);
    told.recv_timeout(limit).expect("nobody has to ask for it");
    assert_eq!(store.keyspace.tree.tombstone_count(), 0);
    drop(store);
    let (store, told) = open_telling(dir.path(), Box::new(|_| Ok(u64::MAX)));
    assert_eq!(rows(&store, SHARD), []);
    drop(store);
    assert!(told.try_recv().is_err(), "once is enough");
}

#[test]
fn a_large_journal_goes_at_the_next_start() {
    let dir = scratch();
    let store = open(dir.path());
    let epoch = store.claim(SHARD, "test").expect("the disk works");
    let value = noise(1024 * 1024);
    for number in 0..10 {
        assert_eq!(store.commit(SHARD, epoch, put(&[number], &value)), Ok(()));
    }
    drop(store);
    let first = dir.path().join("data").join("0.jnl");
    assert!(first.exists());
    let store = open(dir.path());
    let kept = |store: &Embedded| {
        rows(store, SHARD).into_iter().filter(|(_, found)| *found == value).count()
    };
    assert_eq!(kept(&store), 10);
    assert_eq!(store.claim(SHARD, "test"), Ok(Epoch(2)));
    // The reclaimer flushes before it ends.
    wait_until(|| !first.exists());
    drop(store);
    let store = open(dir.path());
    assert_eq!((kept(&store), store.claim(SHARD, "test")), (10, Ok(Epoch(3))));
}

#[test]
fn a_store_does_not_open_with_less_room_than_it_works_in() {
    let dir = scratch();
    let free = Arc::new(AtomicU64::new(0));
    let open_with = |bytes: u64| {
        free.store(bytes, Ordering::Relaxed);
        let probed = free.clone();
        let free_bytes: FreeBytesProbe = Box::new(move |_| Ok(probed.load(Ordering::Relaxed)));
        Embedded::open(
            dir.path(),
            Options { free_bytes_min: 1_000, free_bytes, ..Options::default() },
        )
    };
    let words = |free: u64, needed: u64| {
        format!(
            "{} has too little room: {free} bytes are free, {needed} are needed; make room and \
             start again",
            dir.path().display()
        )
    };
    let refused = |bytes: u64| open_with(bytes).err().map(|error| error.to_string());
    assert_eq!(refused(999), Some(words(999, 1_000)), "a new one must be able to write");
    assert_eq!(refused(1_000), None);
    assert_eq!(refused(0), Some(words(0, 250)));
    assert_eq!(refused(249), Some(words(249, 250)));
    let store = open_with(250).expect("one that is there opens to be read");
    let epoch = store.claim(SHARD, "test").expect("a claim needs next to no room");
    let refused = store.commit(SHARD, epoch, put(b"a", b"1"));
    assert!(matches!(refused, Err(CommitError::Full(_))), "{refused:?}");
    assert_eq!((rows(&store, SHARD), store.poisoned()), (Vec::new(), None));
}

#[test]
fn a_full_disk_that_a_write_meets_is_not_taken_for_a_broken_one() {
    let full = || io::Error::from(io::ErrorKind::StorageFull);
    for error in [fjall::Error::Io(full()), fjall::Error::Storage(fjall::LsmError::Io(full()))] {
        let StoreError(text) = store_error(error);
        assert!(text.starts_with("no room is left on the disk ("), "{text}");
    }
}

#[test]
fn a_damaged_table_is_said_to_be_damaged() {
    let dir = scratch();
    let store = open(dir.path());
    let epoch = store.claim(SHARD, "test").expect("the disk works");
    // Apart from what is read when the store opens, which is in a block with the first.
    let mut batch = put(b"a", &noise(10_000));
    batch.put(b"b".to_vec(), vec![b'x'; 10_000]);
    (0..200).for_each(|number| batch.put(vec![b'c', number], b"1".to_vec()));
    assert_eq!(store.commit(SHARD, epoch, batch), Ok(()));
    store.keyspace.rotate_memtable_and_wait().expect("the disk works");
    drop(store);
    let mut damaged = 0;
    for table in files(&dir.path().join("data/keyspaces/1/tables")) {
        let mut bytes = fs::read(&table).expect("it is there");
        if let Some(at) = bytes.windows(100).position(|some| some == [b'x'; 100]) {
            bytes[at + 50] = b'y';
            fs::write(&table, bytes).expect("writable");
            damaged += 1;
        }
    }
    assert_eq!(damaged, 1);
    let store = open(dir.path());
    assert_eq!(store.get(SHARD, b"a"), Ok(Some(noise(10_000))), "the rest can be read");
    let error = store.get(SHARD, b"b").expect_err("the value is damaged");
    assert!(error.0.starts_with("bytes on the disk are damaged ("), "{error}");
    assert!(error.0.ends_with("cannot be read or repaired: restore a backup"), "{error}");

    // Tables that cannot be rewritten are no reason to fail: the rest goes on.
    let epoch = store.claim(SHARD, "test").expect("the disk works");
    let mut batch = Batch::default();
    (0..200).for_each(|number| batch.delete(vec![b'c', number]));
    assert_eq!(store.commit(SHARD, epoch, batch), Ok(()));
    let limit = Duration::from_secs(COMMIT_WAIT_SECONDS_MAX);
    let ended = store.reclaimer_ended.lock().expect("no panic").recv_timeout(limit);
    assert_eq!(ended, Err(RecvTimeoutError::Disconnected), "it gives up");
    assert_eq!(store.poisoned(), None);
    assert_eq!(store.commit(SHARD, epoch, put(b"d", b"1")), Ok(()));
}

/// Waits for what another thread does, but not for ever.
fn wait_until(is_done: impl Fn() -> bool) {
    let began = std::time::Instant::now();
    while !is_done() {
        assert!(began.elapsed() < Duration::from_secs(COMMIT_WAIT_SECONDS_MAX), "it never came");
        std::thread::yield_now();
    }
}

/// Bytes that the file system keeps for the files below `dir`.
fn disk_bytes(dir: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    // The engine may delete a file meanwhile.
    let blocks = |file: PathBuf| fs::metadata(file).map_or(0, |found| found.blocks());
    files(dir).into_iter().map(blocks).sum::<u64>() * 512
}

/// Values that do not compress.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 1_u32;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(bytes)
    .collect()
}

/// With the bytes of each, just more than the engine writes to one journal, which stays until then.
const LARGE_ROWS: u32 = 1_000;
const LARGE_ROW_BYTES: usize = 64 * 1024;

/// Puts 65 MB of rows and one that stays, and deletes them in batches of 100.
fn put_and_delete(store: &Embedded, epoch: Epoch) {
    let value = noise(LARGE_ROW_BYTES);
    assert_eq!(store.commit(SHARD, epoch, put(b"stays", b"1")), Ok(()));
    let numbers: Vec<u32> = (0..LARGE_ROWS).collect();
    for some in numbers.chunks(100) {
        let mut batch = Batch::default();
        for number in some {
            let tell_apart = [&number.to_be_bytes()[..], &value[4..]].concat();
            batch.put(number.to_be_bytes().to_vec(), tell_apart);
        }
        assert_eq!(store.commit(SHARD, epoch, batch), Ok(()));
    }
    for some in numbers.chunks(100) {
        let mut batch = Batch::default();
        some.iter().for_each(|number| batch.delete(number.to_be_bytes().to_vec()));
        assert_eq!(store.commit(SHARD, epoch, batch), Ok(()));
    }
}

/// A store with little of a reserve, and what it says of the room that it gives back.
fn open_telling(dir: &Path, free_bytes: FreeBytesProbe) -> (Embedded, Receiver<(u64, u64)>) {
    let (sender, told) = std::sync::mpsc::channel();
    let on_reclaim: OnReclaim = Box::new(move |before, after| {
        // A test that has seen enough no longer listens.
        let _ = sender.send((before, after));
    });
    let options = Options { free_bytes_min: 1_000, free_bytes, on_reclaim, ..Options::default() };
    (Embedded::open(dir, options).expect("the directory opens"), told)
}

#[test]
fn what_was_deleted_gives_its_room_back_while_the_store_idles() {
    let dir = scratch();
    let (store, told) = open_telling(dir.path(), Box::new(|_| Ok(u64::MAX)));
    let epoch = store.claim(SHARD, "test").expect("the disk works");
    put_and_delete(&store, epoch);
    let written = u64::from(LARGE_ROWS) * LARGE_ROW_BYTES as u64;
    // Removals are judged many times, and the last one that is worth it leaves little.
    loop {
        let limit = Duration::from_secs(COMMIT_WAIT_SECONDS_MAX);
        told.recv_timeout(limit).expect("room is given back");
        if disk_bytes(dir.path()) < written / 8 {
            break;
        }
    }
    assert_eq!(rows(&store, SHARD), [(b"stays".to_vec(), b"1".to_vec())]);
    drop(store);
    assert_eq!(rows(&open(dir.path()), SHARD), [(b"stays".to_vec(), b"1".to_vec())]);
}

#[test]
fn the_free_bytes_of_a_real_directory_are_known() {
    let dir = scratch();
    assert!(0 < free_bytes(dir.path()).expect("statvfs answers"));
    assert!(free_bytes(&dir.path().join("absent")).is_err());
}

/// How a write to disk goes wrong.
#[derive(Clone, Copy, Debug)]
enum Failure {
    BeforeTheWrite,
    AfterTheWrite,
    Panic,
}

/// Opens a store whose `nth` write fails; counts the writes and the calls of `on_poison`.
fn open_failing(
    dir: &Path,
    nth: usize,
    failure: Failure,
) -> (Embedded, Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let (writes, poisonings) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, poisoned) = (writes.clone(), poisonings.clone());
    let broken_disk = || fjall::Error::Io(io::Error::other("the disk is broken"));
    let write: WriteGroup = Box::new(move |group| {
        if counted.fetch_add(1, Ordering::Relaxed) + 1 != nth {
            return write_durably(group);
        }
        match failure {
            Failure::BeforeTheWrite => Err(broken_disk()),
            Failure::AfterTheWrite => write_durably(group).and(Err(broken_disk())),
            Failure::Panic => panic!("a bug in the engine"),
        }
    });
    let on_poison: OnPoison = Box::new(move |_| {
        poisoned.fetch_add(1, Ordering::Relaxed);
    });
    let options = Options { on_poison, ..Options::default() };
    let store = Embedded::open_with_writer(dir, options, write).expect("the directory opens");
    (store, writes, poisonings)
}

#[test]
fn a_failed_write_poisons_the_store_and_is_never_retried() {
    for (failure, reason, is_there) in [
        (Failure::BeforeTheWrite, "the disk is broken", false),
        (Failure::AfterTheWrite, "the disk is broken", true),
        (Failure::Panic, "the committer has ", false),
    ] {
        let dir = scratch();
        let (store, writes, poisonings) = open_failing(dir.path(), 3, failure);
        let epoch = store.claim(SHARD, "test").expect("the first write works");
        assert_eq!(store.commit(SHARD, epoch, put(b"a", b"1")), Ok(()));
        assert_eq!(store.poisoned(), None);

        for key in [b"b", b"c"] {
            match store.commit(SHARD, epoch, put(key, b"2")) {
                Err(CommitError::Unknown(error)) => assert!(error.0.contains(reason), "{error}"),
                answer => panic!("{failure:?} was answered with {answer:?}"),
            }
        }
        assert!(store.claim(SHARD, "test").is_err());
        assert_eq!(writes.load(Ordering::Relaxed), 3, "{failure:?} was retried");
        assert_eq!(store.get(SHARD, b"a"), Ok(Some(b"1".to_vec())), "reads go on");
        drop(store);
        assert_eq!(poisonings.load(Ordering::Relaxed), 1);

        let store = open(dir.path());
        let keys: Vec<Vec<u8>> = rows(&store, SHARD).into_iter().map(|(key, _)| key).collect();
        let expected: &[&[u8]] = if is_there { &[b"a", b"b"] } else { &[b"a"] };
        assert_eq!(keys, expected, "after {failure:?}");
        assert!(epoch < store.claim(SHARD, "test").expect("a new process starts afresh"));
    }
}

#[test]
fn a_failed_claim_is_not_handed_out() {
    let dir = scratch();
    let (store, ..) = open_failing(dir.path(), 1, Failure::AfterTheWrite);
    assert!(store.claim(SHARD, "test").is_err());
    assert!(store.poisoned().is_some());
}

/// Writers commit pairs of rows while the directory is copied again and again, as a crash at that
/// moment would leave it.
#[test]
fn a_crash_at_any_moment_loses_nothing_acknowledged_and_tears_nothing() {
    const WRITERS: u16 = 4;
    const IMAGES: usize = 3;
    let dir = scratch();
    let images = scratch();
    let store = open(dir.path());
    let acknowledged = Mutex::new(Vec::new());
    let is_done = AtomicBool::new(false);
    let mut acknowledged_before_image = Vec::new();
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (store, acknowledged, is_done) = (&store, &acknowledged, &is_done);
            scope.spawn(move || {
                let shard = ShardId(writer);
                let epoch = store.claim(shard, "test").expect("the disk works");
                let mut number = 0_u32;
                while !is_done.load(Ordering::Acquire) {
                    let mut batch = put(&[b"a".as_slice(), &number.to_be_bytes()].concat(), b"1");
                    batch.put([b"b".as_slice(), &number.to_be_bytes()].concat(), b"1".to_vec());
                    assert_eq!(store.commit(shard, epoch, batch), Ok(()));
                    acknowledged.lock().expect("no panic").push((shard, number));
                    number += 1;
                }
            });
        }
        for image in 0..IMAGES {
            // Something new must have been acknowledged since the last image.
            let known = acknowledged_before_image.last().map_or(0, Vec::len);
            while acknowledged.lock().expect("no panic").len() <= known {
                std::thread::yield_now();
            }
            acknowledged_before_image.push(acknowledged.lock().expect("no panic").clone());
            copy_image(dir.path(), &images.path().join(image.to_string()));
        }
        is_done.store(true, Ordering::Release);
    });
    for (image, acknowledged) in acknowledged_before_image.iter().enumerate() {
        let store = open(&images.path().join(image.to_string()));
        for (shard, number) in acknowledged {
            let key = [b"a".as_slice(), &number.to_be_bytes()].concat();
            let value = store.get(*shard, &key).expect("get answers");
            assert!(value.is_some(), "image {image} lost commit {number} of {shard:?}");
        }
        for shard in (0..WRITERS).map(ShardId) {
            let keys: Vec<Vec<u8>> = rows(&store, shard).into_iter().map(|(key, _)| key).collect();
            let (first, second) = keys.split_at(keys.len() / 2);
            let numbers = |keys: &[Vec<u8>]| -> Vec<Vec<u8>> {
                keys.iter().map(|key| key[1..].to_vec()).collect()
            };
            assert_eq!(numbers(first), numbers(second), "image {image} tears a commit");
        }
    }
}

/// The end of the journal as a power failure may leave it: cut anywhere in the last commit, or with
/// a page of it never written.
#[test]
fn a_torn_end_of_the_journal_is_dropped_whole() {
    let dir = scratch();
    let images = scratch();
    let journal = Path::new("data").join("0.jnl");
    let store = open(dir.path());
    let epoch = store.claim(SHARD, "test").expect("the disk works");
    assert_eq!(store.commit(SHARD, epoch, put(b"a", b"kept")), Ok(()));
    let written_bytes = || {
        let bytes = fs::read(dir.path().join(&journal)).expect("the journal is there");
        bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
    };
    let kept_bytes = written_bytes();
    // Does not compress, so that a missing page is not noticed by a failing decompression alone.
    let noise = noise(20_000);
    let mut batch = put(b"b", &noise);
    for number in 0..40_u8 {
        batch.put(vec![b'c', number], noise[..1_000].to_vec());
    }
    assert_eq!(store.commit(SHARD, epoch, batch), Ok(()));
    let whole = fs::read(dir.path().join(&journal)).expect("the journal is there");
    let whole = &whole[..written_bytes()];

    let mut torn: Vec<(String, Vec<u8>)> = Vec::new();
    for step in 1..10 {
        let cut = kept_bytes + (whole.len() - kept_bytes) * step / 10;
        torn.push((format!("cut at {cut}"), whole[..cut].to_vec()));
    }
    for page in (kept_bytes.next_multiple_of(4_096)..whole.len() - 4_096).step_by(4_096) {
        let mut bytes = whole.to_vec();
        bytes[page..page + 4_096].fill(0);
        torn.push((format!("without the page at {page}"), bytes));
    }
    for (index, (what, mut bytes)) in torn.into_iter().enumerate() {
        let image = images.path().join(index.to_string());
        copy_image(dir.path(), &image);
        // As the engine allocates it.
        bytes.resize(1024 * 1024, 0);
        fs::write(image.join(&journal), bytes).expect("writable");
        if index % 2 == 1 {
            // As one that was begun at a start that crashed.
            fs::write(image.join("data").join("1.jnl"), [0; 4_096]).expect("writable");
        }
        let found = match Embedded::open(&image, Options::default()) {
            Ok(store) => rows(&store, SHARD),
            Err(error) => panic!("a journal {what}: {error}"),
        };
        assert_eq!(found, [(b"a".to_vec(), b"kept".to_vec())], "a journal {what}");
    }
}

#[test]
fn damage_to_an_acknowledged_commit_is_refused_and_leaves_the_journal_as_it_was() {
    let dir = scratch();
    let store = open(dir.path());
    let epoch = store.claim(SHARD, "test").expect("the disk works");
    for key in [b"a", b"b"] {
        assert_eq!(store.commit(SHARD, epoch, put(key, &[b'x'; 1_000])), Ok(()));
    }
    drop(store);
    let journal = dir.path().join("data").join("0.jnl");
    let mut bytes = fs::read(&journal).expect("the journal is there");
    let damaged = bytes.iter().position(|byte| *byte == b'x').expect("the values are there") + 500;
    bytes[damaged] = b'y';
    fs::write(&journal, &bytes).expect("writable");
    let refused = refusal(dir.path());
    let begins = format!("what is stored in {} is damaged (", dir.path().join("data").display());
    assert!(refused.starts_with(&begins) && refused.contains("ChecksumMismatch"), "{refused}");
    assert!(refused.ends_with("can look behind that: restore a backup"), "{refused}");
    assert!(fs::read(&journal).expect("the journal is there") == bytes, "the journal was changed");
}
