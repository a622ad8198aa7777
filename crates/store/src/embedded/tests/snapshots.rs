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
/// later numbers visible: a snapshot that anybody took at any time would change while it is read.
#[test]
fn a_snapshot_is_of_one_moment_while_memtables_are_flushed() {
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
