//! What only a store on disk can get wrong: directories, full disks, failing ones, crashes, damage.

mod directories;
mod room;
mod snapshots;

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

#[test]
fn passes_the_contract_suite() {
    let dir = scratch();
    crate::suite::check_store(|| Box::new(open(dir.path())));
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
    let store = Embedded::open_with_writer(dir, options, Purpose::Serve, write)
        .expect("the directory opens");
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
