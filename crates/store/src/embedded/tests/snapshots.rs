//! Snapshots of a store on disk: what the engine does beside them.

use super::room::open_telling;
use super::*;
use crate::contract::Snapshot;

/// Rows of a batch: many, so that the engine is often seen while it applies one.
const BATCH_ROWS: u16 = 50;
/// Batches that are committed while snapshots are taken.
const BATCHES: u32 = 300;
/// Rows that are worth a rewrite of the tables when they are deleted.
const DELETED_ROWS: u8 = 200;

fn all(snapshot: &dyn Snapshot) -> Vec<Entry> {
    snapshot.page(SHARD, None, usize::MAX).expect("a page is read")
}

#[test]
fn a_snapshot_keeps_its_rows_while_tables_are_rewritten_without_them() {
    let dir = scratch();
    let (store, told) = open_telling(dir.path(), Box::new(|_| Ok(u64::MAX)));
    let epoch = store.claim(SHARD, "test").expect("the disk works");
    let mut batch = Batch::default();
    (0..DELETED_ROWS).for_each(|number| batch.put(vec![number], noise(1_000)));
    assert_eq!(store.commit(SHARD, epoch, batch), Ok(()));
    let before = rows(&store, SHARD);
    let snapshot = store.snapshot().expect("a snapshot is taken");
    let mut batch = Batch::default();
    (0..DELETED_ROWS).for_each(|number| batch.delete(vec![number]));
    assert_eq!(store.commit(SHARD, epoch, batch), Ok(()));
    let limit = Duration::from_secs(COMMIT_WAIT_SECONDS_MAX);
    told.recv_timeout(limit).expect("the tables are rewritten");
    assert_eq!(rows(&store, SHARD), []);
    // Not assert_eq: the values are no message.
    assert!(all(&*snapshot) == before, "the snapshot has lost rows");
}

#[test]
fn a_snapshot_keeps_the_directory_locked() {
    let dir = scratch();
    let store = open(dir.path());
    let snapshot = store.snapshot().expect("a snapshot is taken");
    drop(store);
    assert!(refusal(dir.path()).contains("is in use by process"));
    drop(snapshot);
    open(dir.path());
}

/// The engine numbers a batch before it writes it, and a memtable that is flushed meanwhile makes
/// later numbers visible: a snapshot that anybody took at any time would change while it is read, and
/// so would a scan have half of a batch.
#[test]
fn readers_see_one_moment_while_memtables_are_flushed() {
    let dir = scratch();
    let store = open(dir.path());
    let store = &store;
    let epoch = store.claim(SHARD, "test").expect("the disk works");
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..BATCHES {
                let mut batch = Batch::default();
                for row in 0..BATCH_ROWS {
                    batch.put(row.to_be_bytes().to_vec(), number.to_be_bytes().to_vec());
                }
                assert_eq!(store.commit(SHARD, epoch, batch), Ok(()));
            }
            is_done.store(true, Ordering::Release);
        });
        scope.spawn(|| {
            while !is_done.load(Ordering::Acquire) {
                store.keyspace.rotate_memtable_and_wait().expect("the disk works");
            }
        });
        scope.spawn(|| {
            while !is_done.load(Ordering::Acquire) {
                let scanned = rows(store, SHARD);
                let values: std::collections::BTreeSet<_> =
                    scanned.iter().map(|(_, v)| v).collect();
                assert!(values.len() < 2, "a scan has half of a batch");
            }
        });
        while !is_done.load(Ordering::Acquire) {
            let snapshot = store.snapshot().expect("a snapshot is taken");
            let first = all(&*snapshot);
            let values: std::collections::BTreeSet<_> = first.iter().map(|(_, v)| v).collect();
            assert!(values.len() < 2, "a snapshot has half of a batch");
            let second = all(&*snapshot);
            assert!(first == second, "a snapshot has changed");
        }
    });
}

/// What the engine shows of a batch while it applies it: one row of two.
#[test]
fn nobody_reads_a_group_before_all_of_it_is_applied() {
    let dir = scratch();
    let (begun_sender, begun) = sync_channel(1);
    let (go_sender, go) = sync_channel(1);
    let write: WriteGroup = Box::new(move |group| {
        begun_sender.send(()).expect("the test waits for it");
        go.recv().expect("the test goes on");
        write_durably(group)
    });
    let store = Embedded::open_with_writer(dir.path(), Options::default(), Purpose::Serve, write)
        .expect("the directory opens");
    let store = &store;
    let wait = Duration::from_secs(COMMIT_WAIT_SECONDS_MAX);
    let apply = |half: &dyn Fn()| {
        begun.recv_timeout(wait).expect("a write begins");
        half();
        go_sender.send(()).expect("the committer waits for it");
    };
    let entries = |value: &str| -> Vec<Entry> {
        ["a", "z"].iter().map(|key| (key.as_bytes().to_vec(), value.into())).collect()
    };
    let mut epoch = Epoch(0);
    for value in ["1", "2"] {
        let before = rows(store, SHARD);
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let epoch = store.claim(SHARD, "test").expect("the disk works");
                let mut batch = Batch::default();
                entries(value).into_iter().for_each(|(key, value)| batch.put(key, value));
                assert_eq!(store.commit(SHARD, epoch, batch), Ok(()));
                assert_eq!(
                    rows(store, SHARD),
                    entries(value),
                    "a writer reads what it has written"
                );
                epoch
            });
            apply(&|| ());
            apply(&|| {
                let key = stored_key(SHARD, Kind::Row, b"a");
                store.keyspace.insert(key, value).expect("the disk works");
                assert_eq!(rows(store, SHARD), before, "a scan has half of a batch");
                let found = store.get(SHARD, b"a").expect("the disk works");
                let expected = before.first().map(|(_, value)| value.clone());
                assert_eq!(found, expected, "a get is ahead of its batch");
                let snapshot = store.snapshot().expect("a snapshot is taken");
                assert_eq!(all(&*snapshot), before, "a snapshot has half of a batch");
            });
            epoch = writer.join().expect("the commit is acknowledged");
        });
    }
    assert_eq!(epoch, Epoch(2));
}
