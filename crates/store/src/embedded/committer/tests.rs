//! Groups, checked without threads: requests are queued first and the committer runs after.

use super::*;
use crate::embedded::{open_database, open_keyspace, reclaimer};
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::sync_channel;

const SHARD: ShardId = ShardId(9);

fn open_engine(dir: &Path) -> (Database, Keyspace, Arc<Published>) {
    let database = open_database(dir, 1024 * 1024).expect("an empty directory opens");
    let keyspace = open_keyspace(&database).expect("a new keyspace is made");
    let published = Arc::new(Published::new(&database));
    (database, keyspace, published)
}

/// Endless, and nobody who gives any back.
fn room(dir: &Path) -> (Arc<Room>, Removals) {
    let free_bytes: FreeBytesProbe = Box::new(|_| Ok(u64::MAX));
    let room = Room { dir: dir.to_owned(), free_bytes_min: 0, free_bytes };
    (Arc::new(room), reclaimer::removals().0)
}

/// Runs `requests` and returns how many writes each group had.
fn run(requests: Vec<Request>) -> Vec<usize> {
    let dir = tempfile::tempdir().expect("a scratch directory");
    let engine = open_engine(dir.path());
    let (sender, receiver) = sync_channel(requests.len() + 1);
    for request in requests {
        sender.send(request).expect("the queue has room for all");
    }
    sender.send(Request::Close).expect("the queue has room for all");
    let groups = Arc::new(Mutex::new(Vec::new()));
    let seen = groups.clone();
    let write: WriteGroup = Box::new(move |group| {
        seen.lock().expect("no panic").push(group.len());
        group.commit()
    });
    let room = room(dir.path());
    let poison = Arc::new(Poison::new(Box::new(|_| ())));
    Committer::new(receiver, engine, write, room, poison).run();
    let groups = groups.lock().expect("no panic");
    groups.clone()
}

fn claim() -> (Request, Receiver<Result<Epoch, StoreError>>) {
    let (answer, answered) = sync_channel(1);
    (Request::Claim { shard: SHARD, owner: "test".to_owned(), answer }, answered)
}

fn commit(
    epoch: u64,
    key: &[u8],
    value_bytes: usize,
) -> (Request, Receiver<Result<(), CommitError>>) {
    let (answer, answered) = sync_channel(1);
    let mut batch = Batch::default();
    batch.put(key.to_vec(), vec![7; value_bytes]);
    (Request::Commit { shard: SHARD, epoch: Epoch(epoch), batch, answer }, answered)
}

#[test]
fn requests_that_wait_together_share_one_write() {
    let (first, first_answer) = claim();
    let (commits, answers): (Vec<_>, Vec<_>) =
        (0..8_u8).map(|number| commit(1, &[number], 10)).unzip();
    assert_eq!(run([first].into_iter().chain(commits).collect()), [9]);
    assert_eq!(first_answer.recv(), Ok(Ok(Epoch(1))));
    for answer in answers {
        assert_eq!(answer.recv(), Ok(Ok(())));
    }
}

#[test]
fn a_claim_fences_the_commits_behind_it_even_in_its_group() {
    let (first, _first_answer) = claim();
    let (before, before_answer) = commit(1, b"before", 10);
    let (second, second_answer) = claim();
    let (after, after_answer) = commit(1, b"after", 10);
    // Both claims are one row.
    assert_eq!(run(vec![first, before, second, after]), [2]);
    assert_eq!(before_answer.recv(), Ok(Ok(())));
    assert_eq!(second_answer.recv(), Ok(Ok(Epoch(2))));
    assert_eq!(after_answer.recv(), Ok(Err(CommitError::Fenced)));
}

#[test]
fn a_group_ends_at_its_bound_of_bytes() {
    let (first, _answer) = claim();
    let half = GROUP_BYTES_MAX / 2;
    let (commits, answers): (Vec<_>, Vec<_>) = [half, half, 10, GROUP_BYTES_MAX + 1, 10]
        .iter()
        .enumerate()
        .map(|(number, bytes)| commit(1, &[number as u8], *bytes))
        .unzip();
    assert_eq!(run([first].into_iter().chain(commits).collect()), [2, 2, 1, 1]);
    for answer in answers {
        assert_eq!(answer.recv(), Ok(Ok(())), "a batch over the bound is still committed");
    }
}

#[test]
fn a_group_ends_at_its_bound_of_requests() {
    let (first, _answer) = claim();
    let (commits, _answers): (Vec<_>, Vec<_>) =
        (0..GROUP_REQUESTS_MAX).map(|number| commit(1, &number.to_be_bytes(), 1)).unzip();
    assert_eq!(run([first].into_iter().chain(commits).collect()), [GROUP_REQUESTS_MAX, 1]);
}

#[test]
fn a_group_of_refused_commits_writes_nothing() {
    let (fenced, answer) = commit(5, b"key", 10);
    assert_eq!(run(vec![fenced]), [0_usize; 0]);
    assert_eq!(answer.recv(), Ok(Err(CommitError::Fenced)));
}

#[test]
fn the_last_write_of_a_key_in_a_group_holds() {
    let dir = tempfile::tempdir().expect("a scratch directory");
    let (database, keyspace, published) = open_engine(dir.path());
    let (sender, receiver) = sync_channel(4);
    for request in [claim().0, commit(1, b"key", 3).0, commit(1, b"key", 5).0, Request::Close] {
        sender.send(request).expect("the queue has room for all");
    }
    let room = room(dir.path());
    let poison = Arc::new(Poison::new(Box::new(|_| ())));
    let write: WriteGroup = Box::new(OwnedWriteBatch::commit);
    let handles = (database, keyspace.clone(), published);
    Committer::new(receiver, handles, write, room, poison).run();
    let value = keyspace.get(stored_key(SHARD, Kind::Row, b"key")).expect("get answers");
    assert_eq!(value.as_deref(), Some(&[7; 5][..]));
}

#[test]
fn a_stored_claim_is_read_back_and_a_damaged_one_is_refused() {
    assert_eq!(decode_claim(&encode_claim(Epoch(258), "node")), Ok(Epoch(258)));
    assert!(decode_claim(b"").is_err());
    assert!(decode_claim(b"\x01\x00").is_err(), "cut short");
    assert!(decode_claim(&[2; 20]).is_err(), "a format that this build does not know");
}
