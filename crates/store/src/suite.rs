//! The contract suite: what every [`Store`] must do, whatever keeps its data.
//!
//! Invariant: it relies on the contract alone, so each backend runs it unchanged and none may
//! weaken it. It panics at the first broken promise, in the words of that promise. Knows nothing
//! of disks, processes or faults; those are each backend's own tests.

mod snapshots;

use crate::contract::{Batch, CommitError, Direction, Entry, Epoch, ShardId, Store};
use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Writers and shards of the concurrency check.
const WRITERS: u16 = 8;
/// Commits of each of those writers.
const COMMITS_PER_WRITER: u16 = 25;
/// Size of the value that stands for the largest ones.
const LARGE_VALUE_BYTES: usize = 1024 * 1024;
/// A limit that no scan here reaches.
const NO_LIMIT: usize = 10_000;

type Open<'a> = &'a dyn Fn() -> Box<dyn Store>;

/// Checks the whole contract. `open` opens the same data every time, empty at first; the store it
/// returned before is dropped by then, as if the process had ended.
pub fn check_store(open: impl Fn() -> Box<dyn Store>) {
    let open: Open = &open;
    check_fence(open);
    check_epochs_across_reopen(open);
    check_batch(open);
    check_get(open);
    check_scan(open);
    check_shards_are_apart(open);
    check_concurrent_commits(open);
    check_concurrent_claims(open);
    check_scan_sees_one_moment(open);
    snapshots::check(open);
}

/// Checks the fence between two handles that are open at once. For backends that allow it: those
/// that share their data between processes, or keep it in this one.
pub fn check_shared_store(open: impl Fn() -> Box<dyn Store>) {
    let shard = ShardId(900);
    let (old, new) = (open(), open());
    let old_epoch = claim(&*old, shard);
    commit(&*old, shard, old_epoch, &[("a", Some("1"))]);
    let new_epoch = claim(&*new, shard);
    assert!(old_epoch < new_epoch, "epochs grow from one handle to the other");
    expect_rows(&*new, shard, &[("a", "1")], "a claim sees what the other handle committed");
    let answer = old.commit(shard, old_epoch, batch(&[("a", Some("9"))]));
    assert_eq!(answer, Err(CommitError::Fenced), "a claim by one handle fences the other");
    expect_rows(&*new, shard, &[("a", "1")], "a fenced commit leaves no trace");
}

fn check_fence(open: Open) {
    let shard = ShardId(1);
    let store = open();
    let never_claimed = store.commit(shard, Epoch(1), batch(&[("a", Some("0"))]));
    assert_eq!(never_claimed, Err(CommitError::Fenced), "nobody commits without a claim");

    let old = claim(&*store, shard);
    commit(&*store, shard, old, &[("a", Some("1")), ("b", Some("2"))]);
    let new = claim(&*store, shard);
    assert!(old < new, "a later claim has a larger epoch");
    expect_rows(&*store, shard, &[("a", "1"), ("b", "2")], "a claim sees earlier commits");

    let fenced = store.commit(shard, old, batch(&[("a", None), ("c", Some("9"))]));
    assert_eq!(fenced, Err(CommitError::Fenced), "a commit under an old epoch is refused");
    let empty = store.commit(shard, old, Batch::default());
    assert_eq!(empty, Err(CommitError::Fenced), "even an empty one");
    let expected = [("a", "1"), ("b", "2")];
    expect_rows(&*store, shard, &expected, "a fenced commit leaves no trace");

    let future = store.commit(shard, Epoch(new.0 + 1), batch(&[("a", None)]));
    assert_eq!(future, Err(CommitError::Fenced), "an epoch that was never handed out is refused");
    commit(&*store, shard, new, &[("c", Some("3"))]);
    commit(&*store, shard, new, &[]);
    let expected = [("a", "1"), ("b", "2"), ("c", "3")];
    expect_rows(&*store, shard, &expected, "a refused commit does not disturb the owner");

    let neighbour = claim(&*store, ShardId(2));
    commit(&*store, shard, new, &[("d", Some("4"))]);
    commit(&*store, ShardId(2), neighbour, &[("d", Some("4"))]);
}

fn check_epochs_across_reopen(open: Open) {
    let shard = ShardId(3);
    let old = {
        let store = open();
        let epoch = claim(&*store, shard);
        commit(&*store, shard, epoch, &[("a", Some("1")), ("b", Some("2")), ("c", Some("3"))]);
        commit(&*store, shard, epoch, &[("b", None), ("c", Some("4"))]);
        epoch
    };
    let store = open();
    let expected = [("a", "1"), ("c", "4")];
    expect_rows(&*store, shard, &expected, "what was acknowledged is there after a reopen");
    let new = claim(&*store, shard);
    assert!(old < new, "epochs grow across a reopen");
    let fenced = store.commit(shard, old, batch(&[("a", None)]));
    assert_eq!(fenced, Err(CommitError::Fenced), "an epoch from before a reopen is fenced");
    expect_rows(&*store, shard, &expected, "a fenced commit leaves no trace");
}

fn check_batch(open: Open) {
    let shard = ShardId(4);
    let store = open();
    let epoch = claim(&*store, shard);
    let all = [("a", Some("1")), ("b", Some("2")), ("c", Some("3")), ("d", Some("4"))];
    commit(&*store, shard, epoch, &all);
    let expected = [("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")];
    expect_rows(&*store, shard, &expected, "a batch is applied whole");

    let mixed = [("a", Some("5")), ("b", None), ("e", Some("6")), ("absent", None)];
    commit(&*store, shard, epoch, &mixed);
    let expected = [("a", "5"), ("c", "3"), ("d", "4"), ("e", "6")];
    expect_rows(&*store, shard, &expected, "a batch overwrites, deletes and puts");

    commit(&*store, shard, epoch, &[("b", Some("7")), ("c", None), ("c", Some("8"))]);
    commit(&*store, shard, epoch, &[("d", Some("9")), ("d", None)]);
    let expected = [("a", "5"), ("b", "7"), ("c", "8"), ("e", "6")];
    expect_rows(&*store, shard, &expected, "the last word of a batch on a key holds");
}

fn check_get(open: Open) {
    let shard = ShardId(5);
    // The bytes differ, so that a value cut short or shifted is noticed.
    let large: Vec<u8> = (0..LARGE_VALUE_BYTES).map(|index| (index % 251) as u8).collect();
    let rows: [(&[u8], &[u8]); 7] = [
        (b"", b"the empty key"),
        (b"empty", b""),
        (b"large", &large),
        (b"\x00", b"zero"),
        (b"a\x00b", b"a zero inside"),
        (b"\xff\xff", b"high"),
        (b"a", b"a prefix of another key"),
    ];
    {
        let store = open();
        let epoch = claim(&*store, shard);
        assert_eq!(store.get(shard, b"a"), Ok(None), "a key that was never put is absent");
        let mut batch = Batch::default();
        for (key, value) in rows {
            batch.put(key.to_vec(), value.to_vec());
        }
        assert_eq!(store.commit(shard, epoch, batch), Ok(()), "any bytes can be committed");
        check_get_rows(&*store, shard, &rows);
    }
    check_get_rows(&*open(), shard, &rows);
}

fn check_get_rows(store: &dyn Store, shard: ShardId, rows: &[(&[u8], &[u8])]) {
    for (key, value) in rows {
        // Not assert_eq: a megabyte is no message.
        let found = store.get(shard, key).expect("get answers");
        assert!(found.as_deref() == Some(*value), "get returns the value of {key:?} as it was put");
    }
    for absent in [&b"b"[..], b"a\x00", b"empt", b"emptyy", b"\xff", b"\x00\x00"] {
        assert_eq!(store.get(shard, absent), Ok(None), "{absent:?} is absent: keys match whole");
    }
}

/// A range and a limit, the keys that an ascending scan must find, and why.
type ScanRow<'a> = (Range<&'a [u8]>, usize, &'a [&'a [u8]], &'a str);

fn check_scan(open: Open) {
    let shard = ShardId(6);
    let store = open();
    let keys: [&[u8]; 8] =
        [b"\x00", b"\x00\xff", b"a", b"a\x00", b"a\xff", b"b", b"\xff", b"\xff\xff"];
    let epoch = claim(&*store, shard);
    let mut batch = Batch::default();
    // Against key order: a store must sort, not remember.
    for key in keys.iter().rev() {
        batch.put(key.to_vec(), [b"value of ", *key].concat());
    }
    assert_eq!(store.commit(shard, epoch, batch), Ok(()), "any bytes can be committed");

    let rows: [ScanRow; 12] = [
        (b"".as_slice()..b"\xff\xff\xff", NO_LIMIT, &keys, "the whole shard"),
        (b"a"..b"b", NO_LIMIT, &keys[2..5], "the end of a range is exclusive"),
        (b"a"..b"b\x00", NO_LIMIT, &keys[2..6], "the start of a range is inclusive"),
        (b"a\x00"..b"a\x01", NO_LIMIT, &keys[3..4], "bounds with zero bytes"),
        (b"\xff"..b"\xff\xff", NO_LIMIT, &keys[6..7], "bounds with high bytes"),
        (b"\xff"..b"\xff\xff\x00", NO_LIMIT, &keys[6..8], "the last keys"),
        (b"aa"..b"ab", NO_LIMIT, &[], "a range between two keys is empty"),
        (b"a"..b"a", NO_LIMIT, &[], "a range that ends where it starts is empty"),
        (b"b"..b"a", NO_LIMIT, &[], "a range that ends before it starts is empty"),
        (b"a"..b"b", 3, &keys[2..5], "a limit that is just reached"),
        (b"a"..b"b", 0, &[], "a limit of none"),
        (b"\xff\xff\xff"..b"\xff\xff\xff\xff", 1, &[], "a range behind the last key is empty"),
    ];
    for (range, limit, expected, promise) in rows {
        let ascending = scan_keys(&*store, shard, range.clone(), Direction::Ascending, limit);
        assert_eq!(ascending, expected, "{promise}");
        let mut descending = scan_keys(&*store, shard, range, Direction::Descending, limit);
        descending.reverse();
        assert_eq!(descending, expected, "descending: {promise}");
    }
    let first = scan_keys(&*store, shard, b"a"..b"\xff", Direction::Ascending, 2);
    assert_eq!(first, keys[2..4], "a limit keeps the first of an ascending scan");
    let last = scan_keys(&*store, shard, b"a"..b"\xff", Direction::Descending, 2);
    assert_eq!(last, [keys[5], keys[4]], "a limit keeps the last of a descending scan");
}

fn check_shards_are_apart(open: Open) {
    // Neighbours in number, in the bytes of the number, and the ends.
    let shards = [0x0000, 0x00fe, 0x00ff, 0x0100, 0x0101, 0xff00, 0xfffe, u16::MAX].map(ShardId);
    let keys: [&[u8]; 3] = [b"\x00", b"key", b"\xff\xff\xff\xff"];
    let value = |shard: ShardId| shard.0.to_be_bytes().to_vec();
    let check = |store: &dyn Store| {
        for shard in shards {
            let entries = store
                .scan(
                    shard,
                    b"".as_slice()..b"\xff\xff\xff\xff\xff",
                    Direction::Ascending,
                    NO_LIMIT,
                )
                .expect("scan answers");
            let expected: Vec<Entry> =
                keys.iter().map(|key| (key.to_vec(), value(shard))).collect();
            assert_eq!(entries, expected, "a scan stays in its shard {:#06x}", shard.0);
            for key in keys {
                assert_eq!(store.get(shard, key), Ok(Some(value(shard))), "get stays in its shard");
            }
        }
    };
    {
        let store = open();
        for shard in shards {
            let epoch = claim(&*store, shard);
            let mut batch = Batch::default();
            for key in keys {
                batch.put(key.to_vec(), value(shard));
            }
            assert_eq!(store.commit(shard, epoch, batch), Ok(()), "every shard can be written");
        }
        check(&*store);
    }
    check(&*open());
}

fn check_concurrent_commits(open: Open) {
    let shards = (0..WRITERS).map(|writer| ShardId(2_000 + writer));
    {
        let store = open();
        let store = &*store;
        thread::scope(|scope| {
            let writers: Vec<_> = shards
                .clone()
                .map(|shard| scope.spawn(move || write_and_read(store, shard)))
                .collect();
            for writer in writers {
                // Joined by hand to keep the words of the promise that a writer found broken.
                writer.join().unwrap_or_else(|panic| resume_unwind(panic));
            }
        });
    }
    let store = open();
    let expected: Vec<Vec<u8>> =
        (0..COMMITS_PER_WRITER).map(|number| number.to_be_bytes().to_vec()).collect();
    for shard in shards {
        let range = b"".as_slice()..b"\xff\xff\xff";
        let keys = scan_keys(&*store, shard, range, Direction::Ascending, NO_LIMIT);
        assert_eq!(keys, expected, "all that concurrent writers committed is there");
    }
}

fn write_and_read(store: &dyn Store, shard: ShardId) {
    let epoch = claim(store, shard);
    for number in 0..COMMITS_PER_WRITER {
        let key = number.to_be_bytes().to_vec();
        let mut batch = Batch::default();
        batch.put(key.clone(), shard.0.to_be_bytes().to_vec());
        assert_eq!(store.commit(shard, epoch, batch), Ok(()), "nobody interferes");
        let found = store.get(shard, &key).expect("get answers");
        assert!(found.is_some(), "a writer reads what it has committed");
    }
}

fn check_concurrent_claims(open: Open) {
    let shard = ShardId(7);
    let store = open();
    let store = &*store;
    let mut epochs: Vec<Epoch> = thread::scope(|scope| {
        let claims: Vec<_> =
            (0..WRITERS).map(|_| scope.spawn(move || claim(store, shard))).collect();
        claims.into_iter().map(|claim| claim.join().expect("a claim succeeds")).collect()
    });
    epochs.sort_unstable();
    epochs.dedup();
    assert_eq!(epochs.len(), usize::from(WRITERS), "no two claims get the same epoch");
    let last = epochs.pop().expect("there are writers");
    for epoch in epochs {
        let answer = store.commit(shard, epoch, Batch::default());
        assert_eq!(answer, Err(CommitError::Fenced), "only the last claim may commit");
    }
    commit(store, shard, last, &[("a", Some("1"))]);
}

/// A writer keeps two keys equal while a reader scans them.
fn check_scan_sees_one_moment(open: Open) {
    let shard = ShardId(8);
    let store = open();
    let store = &*store;
    let epoch = claim(store, shard);
    commit(store, shard, epoch, &[("a", Some("0")), ("z", Some("0"))]);
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            // Set on a panic too, or the reader would never end.
            let _done = SetOnDrop(&is_done);
            for number in 0..COMMITS_PER_WRITER {
                let text = number.to_string();
                commit(store, shard, epoch, &[("a", Some(&text)), ("z", Some(&text))]);
            }
        });
        while !is_done.load(Ordering::Acquire) {
            let rows = store.scan(shard, b"a"..b"zz", Direction::Ascending, NO_LIMIT);
            let values: Vec<Vec<u8>> =
                rows.expect("scan answers").into_iter().map(|(_, value)| value).collect();
            assert_eq!(values.len(), 2, "a scan loses no rows to a writer");
            assert_eq!(values[0], values[1], "a scan sees a batch whole or not at all");
        }
    });
}

struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

#[track_caller]
fn claim(store: &dyn Store, shard: ShardId) -> Epoch {
    store.claim(shard, "suite").expect("a claim succeeds")
}

fn batch(writes: &[(&str, Option<&str>)]) -> Batch {
    let mut batch = Batch::default();
    for (key, value) in writes {
        match value {
            Some(value) => batch.put(key.as_bytes().to_vec(), value.as_bytes().to_vec()),
            None => batch.delete(key.as_bytes().to_vec()),
        }
    }
    batch
}

#[track_caller]
fn commit(store: &dyn Store, shard: ShardId, epoch: Epoch, writes: &[(&str, Option<&str>)]) {
    assert_eq!(store.commit(shard, epoch, batch(writes)), Ok(()), "the owner may commit");
}

/// Compares all rows of `shard` with `expected`, by scan and by get.
#[track_caller]
fn expect_rows(store: &dyn Store, shard: ShardId, expected: &[(&str, &str)], promise: &str) {
    let range = b"".as_slice()..b"\xff";
    let found = store.scan(shard, range, Direction::Ascending, NO_LIMIT).expect("scan answers");
    let expected: Vec<Entry> = expected
        .iter()
        .map(|(key, value)| (key.as_bytes().to_vec(), value.as_bytes().to_vec()))
        .collect();
    assert_eq!(found, expected, "{promise}");
    for (key, value) in expected {
        assert_eq!(store.get(shard, &key), Ok(Some(value)), "{promise}");
    }
}

#[track_caller]
fn scan_keys(
    store: &dyn Store,
    shard: ShardId,
    range: Range<&[u8]>,
    direction: Direction,
    limit: usize,
) -> Vec<Vec<u8>> {
    let entries = store.scan(shard, range, direction, limit).expect("scan answers");
    entries.into_iter().map(|(key, _)| key).collect()
}

#[cfg(test)]
mod tests;
