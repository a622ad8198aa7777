//! Moments that are held, and how they end.

use super::*;
use store::Batch;
use store::memory::{Call, Fault as StoreFault, Memory};

const SHARD: ShardId = ShardId(3);

fn put(memory: &Memory, key: &str, value: &[u8]) {
    let epoch = memory.claim(SHARD, "test").expect("nothing fails");
    let mut batch = Batch::default();
    batch.put(key.as_bytes().to_vec(), value.to_vec());
    assert_eq!(memory.commit(SHARD, epoch, batch), Ok(()));
}

fn at(seconds: i64) -> Timestamp {
    Timestamp(1_000_000 + seconds * 1000)
}

fn place(id: &str, after: Option<&[u8]>) -> Place {
    Place { id: id.into(), shard: SHARD, after: after.map(<[u8]>::to_vec) }
}

/// All rows of the shard, and how many pages they took.
fn read(backups: &Backups, id: &str, now: Timestamp) -> Result<(Vec<store::Entry>, usize), Fault> {
    let (mut rows, mut pages) = (Vec::new(), 0);
    loop {
        let after = rows.last().map(|(key, _): &store::Entry| key.clone());
        let page = backups.read(&place(id, after.as_deref()), now)?.rows;
        if page.is_empty() {
            return Ok((rows, pages));
        }
        let packed = BASE64.decode(page).expect("base64");
        rows.extend(store::backup::unpack(&packed).expect("packed rows"));
        pages += 1;
    }
}

#[test]
fn a_moment_is_read_in_pages_whatever_is_written_later() {
    let (memory, backups) = (Memory::default(), Backups::default());
    let values = [vec![1; 700_000], vec![2; 700_000], vec![3; 10]];
    for (key, value) in ["a", "b", "c"].into_iter().zip(&values) {
        put(&memory, key, value);
    }
    let detail = backups.begin(&memory, "one".into(), at(0)).expect("it begins");
    let expected = BackupDetail { backup_id: "one".into(), taken_at: at(0), shards: vec![SHARD.0] };
    assert_eq!(detail, expected);
    put(&memory, "b", b"changed");
    put(&memory, "d", b"new");
    let (rows, pages) = read(&backups, "one", at(1)).expect("it is read");
    let expected: Vec<store::Entry> =
        [b"a", b"b", b"c"].into_iter().map(|key| key.to_vec()).zip(values).collect();
    assert!(rows == expected, "rows differ");
    assert_eq!(pages, 2, "a page has at most {PAGE_BYTES_MAX} bytes");
    assert_eq!(backups.end(&"one".into()), Ok(()));
    assert_eq!(backups.end(&"one".into()), Err(unknown(&"one".into())));
    assert_eq!(read(&backups, "one", at(1)), Err(unknown(&"one".into())));
}

#[test]
fn what_nobody_reads_ends_by_itself() {
    let (memory, backups) = (Memory::default(), Backups::default());
    backups.begin(&memory, "read".into(), at(0)).expect("it begins");
    backups.begin(&memory, "idle".into(), at(0)).expect("it begins");
    assert!(read(&backups, "read", at(100)).is_ok());
    backups.end_idle(at(IDLE_SECONDS_MAX));
    assert_eq!(backups.lock().len(), 2, "not yet");
    backups.end_idle(at(IDLE_SECONDS_MAX + 1));
    assert_eq!(backups.lock().len(), 1);
    assert_eq!(read(&backups, "idle", at(IDLE_SECONDS_MAX + 1)), Err(unknown(&"idle".into())));
    let mut now = 200;
    while now <= HELD_SECONDS_MAX {
        assert!(read(&backups, "read", at(now)).is_ok(), "after {now} seconds");
        now += 100;
    }
    assert_eq!(read(&backups, "read", at(HELD_SECONDS_MAX + 1)), Err(unknown(&"read".into())));
    assert!(backups.lock().is_empty(), "one that is read for ever ends, too");
}

#[test]
fn few_are_held_at_a_time() {
    let (memory, backups) = (Memory::default(), Backups::default());
    for number in 0..BACKUPS_MAX {
        backups.begin(&memory, number.to_string().into(), at(0)).expect("it begins");
    }
    let refused = backups.begin(&memory, "more".into(), at(0));
    assert!(matches!(refused, Err(Fault::LimitExceeded(_))), "{refused:?}");
    backups.begin(&memory, "later".into(), at(IDLE_SECONDS_MAX + 1)).expect("the others ended");
}

#[test]
fn a_store_that_fails_is_ours() {
    let (memory, backups) = (Memory::default(), Backups::default());
    put(&memory, "a", b"1");
    let broken =
        memory.with_faults(|call| matches!(call, Call::Snapshot).then_some(StoreFault::Lost));
    assert_eq!(backups.begin(&broken, "one".into(), at(0)), Err(Fault::Internal));
    assert!(backups.lock().is_empty());
}

#[test]
fn a_place_is_read_from_base64() {
    let input = |after: Option<&str>| ReadBackupInput {
        backup_id: "one".into(),
        shard: 7,
        after: after.map(str::to_owned),
    };
    let place = Place::parse(input(Some("AP8="))).expect("a key");
    assert_eq!((place.shard, place.after), (ShardId(7), Some(vec![0, 0xff])));
    assert_eq!(Place::parse(input(None)).expect("a place").after, None);
    assert!(matches!(Place::parse(input(Some("?"))), Err(Fault::Validation(_))));
}
