//! What snapshots promise: one moment of all shards, whatever is committed afterwards or meanwhile.

use super::{Open, SetOnDrop, claim, commit};
use crate::contract::{Batch, Entry, ShardId, Snapshot};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// More bytes than any shard here has.
const NO_BOUND: usize = 64 * 1024 * 1024;
/// Rounds in which a writer goes from shard to shard while snapshots are taken.
const ROUNDS: u16 = 100;

pub(super) fn check(open: Open) {
    check_moment(open);
    check_pages(open);
    check_shards(open);
    check_while_others_write(open);
}

/// All of a shard, in pages of `bytes_max`.
fn all(snapshot: &dyn Snapshot, shard: ShardId, bytes_max: usize) -> Vec<Entry> {
    let mut found: Vec<Entry> = Vec::new();
    loop {
        let after = found.last().map(|(key, _)| key.as_slice());
        let page = snapshot.page(shard, after, bytes_max).expect("a page is read");
        let Some((first, _)) = page.first() else { return found };
        let is_next = found.last().is_none_or(|(last, _)| last < first);
        assert!(is_next, "a page begins behind the key that it is to begin behind");
        found.extend(page);
    }
}

fn texts(entries: &[(&str, &str)]) -> Vec<Entry> {
    let bytes = |(key, value): &(&str, &str)| (key.as_bytes().to_vec(), value.as_bytes().to_vec());
    entries.iter().map(bytes).collect()
}

fn check_moment(open: Open) {
    let shards = [ShardId(5_000), ShardId(5_001)];
    let store = open();
    let epochs = shards.map(|shard| claim(&*store, shard));
    let write = |number: &str| {
        for (shard, epoch) in shards.into_iter().zip(epochs) {
            commit(&*store, shard, epoch, &[("a", Some(number)), ("z", Some(number))]);
        }
    };
    write("1");
    let first = store.snapshot().expect("a snapshot is taken");
    // One shard is looked at before the others change, as somebody would who reads it from its
    // start to its end.
    let early = all(&*first, shards[0], NO_BOUND);
    assert_eq!(early, texts(&[("a", "1"), ("z", "1")]), "a snapshot has what was acknowledged");
    write("2");
    commit(&*store, shards[1], epochs[1], &[("a", None), ("m", Some("2"))]);
    let second = store.snapshot().expect("a second one is taken beside the first");
    write("3");
    claim(&*store, shards[1]);
    for shard in shards {
        let promise = "what is committed after a snapshot is in no shard of it";
        assert_eq!(all(&*first, shard, NO_BOUND), texts(&[("a", "1"), ("z", "1")]), "{promise}");
    }
    let found = all(&*second, shards[1], NO_BOUND);
    assert_eq!(found, texts(&[("m", "2"), ("z", "2")]), "a snapshot has no deleted rows");
    drop(first);
    let found = all(&*second, shards[0], NO_BOUND);
    assert_eq!(found, texts(&[("a", "2"), ("z", "2")]), "a snapshot outlives others");
    let newest = store.snapshot().expect("a snapshot is taken");
    assert_eq!(all(&*newest, shards[0], NO_BOUND), texts(&[("a", "3"), ("z", "3")]), "and ages");
}

fn check_pages(open: Open) {
    let shard = ShardId(5_010);
    let store = open();
    let epoch = claim(&*store, shard);
    let large = vec![7; 100_000];
    let rows: [(&[u8], &[u8]); 6] = [
        (b"", b"the empty key"),
        (b"\x00", b""),
        (b"a", b"12345678"),
        (b"a\x00", b"1234567"),
        (b"large", &large),
        (&[0xff; 100], b"high"),
    ];
    let mut batch = Batch::default();
    rows.iter().for_each(|(key, value)| batch.put(key.to_vec(), value.to_vec()));
    assert_eq!(store.commit(shard, epoch, batch), Ok(()), "any bytes can be committed");
    let snapshot = store.snapshot().expect("a snapshot is taken");
    let expected: Vec<Entry> =
        rows.iter().map(|(key, value)| (key.to_vec(), value.to_vec())).collect();
    for bytes_max in [0, 1, 9, 18, 100, NO_BOUND] {
        // Not assert_eq: the value is no message.
        let found = all(&*snapshot, shard, bytes_max);
        assert!(found == expected, "pages of {bytes_max} bytes are all of a shard, in order");
    }
    for (after, bytes_max, count, promise) in [
        (&b"\x00"[..], 17, 1, "a page ends before its bound is passed"),
        (b"\x00", 18, 2, "a page is filled up to its bound"),
        (b"a\x00", 1, 1, "a page has one entry, however large"),
        (b"aaaa", NO_BOUND, 2, "a page begins behind a key that is not there"),
        (&[0xff; 100], NO_BOUND, 0, "behind the last key is nothing"),
    ] {
        let page = snapshot.page(shard, Some(after), bytes_max).expect("a page is read");
        assert_eq!(page.len(), count, "{promise}");
    }
}

fn check_shards(open: Open) {
    let (with_rows, claimed, emptied) = (ShardId(5_020), ShardId(5_021), ShardId(5_022));
    let store = open();
    for shard in [with_rows, emptied, ShardId(u16::MAX)] {
        let epoch = claim(&*store, shard);
        commit(&*store, shard, epoch, &[("a", Some("1"))]);
        if shard == emptied {
            commit(&*store, shard, epoch, &[("a", None)]);
        }
    }
    claim(&*store, claimed);
    let snapshot = store.snapshot().expect("a snapshot is taken");
    let epoch = claim(&*store, claimed);
    commit(&*store, claimed, epoch, &[("a", Some("1"))]);
    let shards = snapshot.shards().expect("the shards are listed");
    assert!(shards.is_sorted() && shards.contains(&with_rows), "shards with rows are listed");
    assert!(shards.contains(&ShardId(u16::MAX)), "up to the last shard");
    let others = [claimed, emptied].iter().any(|shard| shards.contains(shard));
    assert!(!others, "shards without rows are not listed");
    for shard in shards {
        let is_there = !snapshot.page(shard, None, 0).expect("a page is read").is_empty();
        assert!(is_there, "a listed shard has rows");
    }
}

/// A writer commits each number to one shard and then to another, as somebody who sends a message
/// and has it received.
fn check_while_others_write(open: Open) {
    let (sender, receiver) = (ShardId(5_031), ShardId(5_030));
    let store = open();
    let store = &*store;
    let epochs = (claim(store, sender), claim(store, receiver));
    let is_done = AtomicBool::new(false);
    let number = |snapshot: &dyn Snapshot, shard| -> u16 {
        let rows = all(snapshot, shard, 1);
        let texts = rows.iter().map(|(_, value)| String::from_utf8_lossy(value));
        let numbers: Vec<u16> = texts.map(|text| text.parse().expect("a number")).collect();
        assert!(numbers.is_empty() || numbers.len() == 2, "a snapshot loses no rows to a writer");
        let is_whole = numbers.windows(2).all(|pair| pair[0] == pair[1]);
        assert!(is_whole, "a snapshot has a batch whole or not at all");
        numbers.first().copied().unwrap_or(0)
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            // Set on a panic too, or the reader would never end.
            let _done = SetOnDrop(&is_done);
            for number in 1..=ROUNDS {
                let text = number.to_string();
                let writes = [("a", Some(text.as_str())), ("z", Some(text.as_str()))];
                commit(store, sender, epochs.0, &writes);
                commit(store, receiver, epochs.1, &writes);
            }
        });
        while !is_done.load(Ordering::Acquire) {
            let snapshot = store.snapshot().expect("a snapshot is taken");
            // Against the order in which they are written: what is torn shows.
            let sent = number(&*snapshot, sender);
            let received = number(&*snapshot, receiver);
            let is_one_moment = received <= sent && sent <= received + 1;
            assert!(
                is_one_moment,
                "all shards are of one moment: {sent} sent, {received} received"
            );
        }
    });
}
