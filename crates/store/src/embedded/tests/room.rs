//! Disks without room, and the room that removed rows give back.

use super::*;

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
pub(super) fn open_telling(
    dir: &Path,
    free_bytes: FreeBytesProbe,
) -> (Embedded, Receiver<(u64, u64)>) {
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
