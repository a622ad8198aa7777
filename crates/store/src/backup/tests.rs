//! Backups from end to end, and what damages or interrupts them.

use super::*;
use crate::contract::{Batch, Direction, Entry, ShardId, Snapshot, Store};
use crate::embedded::{self, Embedded, OpenError, Restoring};
use crate::memory::{Call, Fault, Memory};
use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use tempfile::TempDir;

mod cutting;
mod hostile;

/// Rows that take several chunks.
const ROWS: u32 = 4_000;

fn scratch() -> TempDir {
    tempfile::tempdir().expect("a scratch directory")
}

fn taken_at(second: u32) -> TakenAt {
    TakenAt::new(&format!("2026-11-26T10:06:{second:02}.000Z")).expect("a time")
}

fn write(store: &dyn Store, shard: ShardId, rows: impl Iterator<Item = (u32, Vec<u8>)>) {
    let epoch = store.claim(shard, "test").expect("nothing fails");
    let mut batch = Batch::default();
    rows.for_each(|(key, value)| batch.put(key.to_be_bytes().to_vec(), value));
    assert_eq!(store.commit(shard, epoch, batch), Ok(()));
}

/// Some text that is another for each number and compresses a little.
fn text(number: u32) -> Vec<u8> {
    let word = |n: u32| format!("{:08x} of a history; ", n.wrapping_mul(2_654_435_761));
    (0..number % 20 + 1).map(|n| word(number * 31 + n)).collect::<String>().into_bytes()
}

fn filled(rows: u32) -> Memory {
    let memory = Memory::default();
    write(&memory, ShardId(3), (0..rows).map(|number| (number, text(number))));
    write(&memory, ShardId(u16::MAX), (0..rows / 10).map(|number| (number, text(number + 7))));
    memory
}

fn back_up(store: &dyn Store, dir: &Path, second: u32) -> Result<Created, BackupError> {
    let snapshot = store.snapshot()?;
    let repository = Writing::open(dir)?;
    create(repository, &*snapshot, taken_at(second), "9.9", &mut |_| ())
}

fn all(snapshot: &dyn Snapshot) -> Vec<(ShardId, Vec<Entry>)> {
    let shards = snapshot.shards().expect("the shards are listed");
    let page = |shard| snapshot.page(shard, None, usize::MAX).expect("a page is read");
    shards.into_iter().map(|shard| (shard, page(shard))).collect()
}

/// What is wrong with the newest backup.
fn damages(dir: &Path) -> Result<Vec<Damage>, BackupError> {
    let repository = Reading::open(dir)?;
    let id = repository.find(None)?;
    let manifest = repository.manifest(&id)?;
    let mut found = Vec::new();
    let verified =
        verify(&repository, &id, &manifest, &mut |damage| found.push(damage), &mut |_| ());
    assert_eq!(verified.damaged, found.len() as u64);
    Ok(found)
}

fn restore_into(repository: &Path, target: &Path) -> Result<Restored, RestoreError> {
    let repository = Reading::open(repository)?;
    let id = repository.find(None)?;
    let manifest = repository.manifest(&id)?;
    let target = Restoring::begin(target, embedded::Options::default())?;
    restore(&repository, (&id, &manifest), target, "test", |_| Ok(()), &mut |_| ())
}

/// Every file below `dir`.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("the directory is there") {
        let path = entry.expect("the directory is there").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn what_is_backed_up_is_restored() {
    let (dir, memory) = (scratch(), filled(ROWS));
    let (backups, target) = (dir.path().join("backups"), dir.path().join("target"));
    let created = back_up(&memory, &backups, 1).expect("a backup is made");
    assert!(3 < created.progress.chunks, "several chunks: {:?}", created.progress);
    assert_eq!(created.progress.rows, u64::from(ROWS + ROWS / 10));
    assert_eq!(damages(&backups).expect("the backup is read"), []);
    let restored = restore_into(&backups, &target).expect("the backup is restored");
    assert_eq!(restored.rows, created.progress.rows);
    let store = Embedded::open(&target, embedded::Options::default()).expect("it opens");
    let expected = all(&*memory.snapshot().expect("nothing fails"));
    assert!(all(&*store.snapshot().expect("the disk works")) == expected, "rows differ");
    let epoch = store.claim(ShardId(3), "server").expect("it can be claimed");
    let mut batch = Batch::default();
    batch.put(b"later".to_vec(), b"1".to_vec());
    assert_eq!(store.commit(ShardId(3), epoch, batch), Ok(()), "and written");
}

#[test]
fn a_store_without_rows_can_be_backed_up() {
    let dir = scratch();
    let (backups, target) = (dir.path().join("backups"), dir.path().join("target"));
    back_up(&Memory::default(), &backups, 1).expect("a backup is made");
    assert_eq!(damages(&backups).expect("the backup is read"), []);
    restore_into(&backups, &target).expect("the backup is restored");
    Embedded::open(&target, embedded::Options::default()).expect("it opens");
}

/// What a backup is seen through is a store like others.
#[test]
fn a_backup_is_read_as_the_store_was() {
    let (dir, memory) = (scratch(), filled(ROWS));
    back_up(&memory, dir.path(), 1).expect("a backup is made");
    let repository = Reading::open(dir.path()).expect("there is a repository");
    let id = repository.find(None).expect("there is a backup");
    let manifest = repository.manifest(&id).expect("it is whole");
    let view = View::new(Arc::new(repository), manifest);
    assert!(all(&view) == all(&*memory.snapshot().expect("nothing fails")), "rows differ");
    let shard = ShardId(3);
    let key = |number: u32| number.to_be_bytes().to_vec();
    for number in [0, 1, 999, ROWS - 1, ROWS] {
        assert_eq!(view.get(shard, &key(number)), memory.get(shard, &key(number)));
    }
    assert_eq!(view.get(shard, b"\0"), Ok(None));
    assert_eq!(view.get(ShardId(4), &key(0)), Ok(None));
    for (start, end) in [(0, 1), (0, ROWS * 2), (500, 1_500), (ROWS - 1, ROWS), (7, 7), (9, 8)] {
        for limit in [0, 1, 3, 1_200, usize::MAX] {
            for direction in [Direction::Ascending, Direction::Descending] {
                let (start, end) = (key(start), key(end));
                let range = || start.as_slice()..end.as_slice();
                let found = view.scan(shard, range(), direction, limit).expect("a backup is read");
                let expected = memory.scan(shard, range(), direction, limit).expect("it is read");
                assert!(found == expected, "{:?} {limit} {direction:?}", range());
            }
        }
    }
    assert!(view.claim(shard, "test").is_err(), "a backup is only read");
}

/// Histories only grow, so a later backup is cheap.
#[test]
fn a_second_backup_has_only_what_has_changed() {
    let (dir, memory) = (scratch(), filled(ROWS * 10));
    let first = back_up(&memory, dir.path(), 1).expect("a backup is made").progress;
    assert_eq!(first.chunks_new, first.chunks);
    let again = back_up(&memory, dir.path(), 2).expect("a backup is made").progress;
    assert_eq!((again.chunks, again.chunks_new, again.bytes_new), (first.chunks, 0, 0));
    // One row in a hundred comes at the end, as run ids begin with the time; one changes.
    let new = (ROWS * 10..ROWS * 10 + ROWS / 10).map(|number| (number, text(number)));
    write(&memory, ShardId(3), new.chain([(17, b"changed".to_vec())]));
    let later = back_up(&memory, dir.path(), 3).expect("a backup is made").progress;
    assert!(later.chunks_new <= 4, "{later:?}");
    assert!(later.bytes_new * 10 < first.bytes_new, "{later:?} after {first:?}");
    assert_eq!(damages(dir.path()).expect("the backup is read"), []);
}

/// A flip in any byte of any file that a backup needs is seen.
#[test]
fn damage_of_every_byte_is_noticed() {
    let dir = scratch();
    let memory = Memory::default();
    write(&memory, ShardId(3), (0..12).map(|number| (number, text(number))));
    write(&memory, ShardId(4), (0..1).map(|number| (number, text(number))));
    back_up(&memory, dir.path(), 1).expect("a backup is made");
    assert_eq!(damages(dir.path()).expect("the backup is read"), []);
    let mut spoiled = 0;
    for path in files(dir.path()) {
        let whole = fs::read(&path).expect("a file");
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 8);
            fs::write(&path, &bytes).expect("a file");
            let found = damages(dir.path());
            assert!(!matches!(found, Ok(ref all) if all.is_empty()), "{} at {at}", path.display());
            spoiled += 1;
        }
        for cut in [0, whole.len() / 2, whole.len().saturating_sub(1)] {
            if cut < whole.len() {
                fs::write(&path, &whole[..cut]).expect("a file");
                let found = damages(dir.path());
                assert!(!matches!(found, Ok(ref all) if all.is_empty()), "{} cut", path.display());
            }
        }
        fs::write(&path, &whole).expect("a file");
    }
    assert!(1_000 < spoiled, "the files were found");
    assert_eq!(damages(dir.path()).expect("the backup is read"), []);
    let chunk = files(&dir.path().join("chunks")).pop().expect("a chunk");
    fs::remove_file(&chunk).expect("a file");
    let found = damages(dir.path()).expect("the manifest is read");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].path, chunk);
}

/// What a create leaves wherever it is cut short is no backup, and the next one is whole.
#[test]
fn a_create_that_is_cut_short_leaves_no_backup() {
    let memory = filled(ROWS);
    let whole = scratch();
    back_up(&memory, whole.path(), 1).expect("a backup is made");
    let calls = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let mut at = 0;
    loop {
        let dir = scratch();
        calls.store(0, std::sync::atomic::Ordering::Relaxed);
        let (counted, last) = (Arc::clone(&calls), at);
        let faulty = memory.with_faults(move |call| {
            let is_read = matches!(call, Call::Snapshot);
            let now = counted.fetch_add(u64::from(is_read), std::sync::atomic::Ordering::Relaxed);
            (is_read && now == last).then_some(Fault::Lost)
        });
        let outcome = back_up(&faulty, dir.path(), 1);
        if outcome.is_ok() {
            break;
        }
        if dir.path().join("REPOSITORY").exists() {
            let found = Reading::open(dir.path()).expect("there is a repository").ids();
            assert_eq!(found.expect("it is read"), [], "cut short at {at}");
            // As if the process had died while it wrote.
            fs::write(dir.path().join("tmp/half"), b"half").expect("a file");
        }
        back_up(&memory, dir.path(), 1).expect("the next one is made");
        let names = |dir: &Path| -> BTreeSet<PathBuf> {
            let strip = |path: PathBuf| path.strip_prefix(dir).expect("it is below").to_owned();
            files(dir).into_iter().map(strip).collect()
        };
        assert_eq!(names(dir.path()), names(whole.path()), "cut short at {at}");
        at += 1;
    }
    assert!(5 < at, "it was cut short {at} times");
}

#[test]
fn a_chunk_that_was_written_in_part_is_written_again() {
    let (dir, memory) = (scratch(), filled(100));
    back_up(&memory, dir.path(), 1).expect("a backup is made");
    let chunk = files(&dir.path().join("chunks")).pop().expect("a chunk");
    let whole = fs::read(&chunk).expect("a file");
    fs::write(&chunk, &whole[..whole.len() - 1]).expect("a file");
    let again = back_up(&memory, dir.path(), 2).expect("a backup is made");
    assert_eq!(again.progress.chunks_new, 1);
    assert!(fs::read(&chunk).expect("a file") == whole);
}

/// A chunk of the right length that has rotted would be in every later backup.
#[test]
fn a_chunk_that_is_damaged_is_written_again_by_the_next_create() {
    let (dir, memory) = (scratch(), filled(ROWS));
    back_up(&memory, dir.path(), 1).expect("it is made");
    let chunks = files(&dir.path().join("chunks"));
    let chunk = chunks.iter().find(|path| path.is_file()).expect("there are chunks");
    let mut bytes = fs::read(chunk).expect("it is read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(chunk, bytes).expect("it is written");
    assert_eq!(damages(dir.path()).expect("it is looked at").len(), 1);
    let again = back_up(&memory, dir.path(), 2).expect("it is made");
    assert_eq!(again.progress.chunks_new, 1);
    assert_eq!(damages(dir.path()).expect("it is looked at"), []);
}

/// As an interrupted copy leaves one.
#[test]
fn a_stray_file_beside_manifests_is_in_the_way_of_prune_alone() {
    let (dir, memory) = (scratch(), filled(10));
    back_up(&memory, dir.path(), 1).expect("it is made");
    fs::write(dir.path().join("manifests/.2026.json.Xa3b"), "{").expect("it is written");
    assert_eq!(damages(dir.path()).expect("it is looked at"), []);
    restore_into(dir.path(), &dir.path().join("restored")).expect("it is restored");
    assert!(matches!(prune(dir.path(), 1), Err(BackupError::Unsure { .. })));
}

/// A restore that is cut short is no data directory, and can be begun anew in the same place.
#[test]
fn a_restore_that_is_cut_short_is_not_opened() {
    let (dir, memory) = (scratch(), filled(ROWS));
    let (backups, target) = (dir.path().join("backups"), dir.path().join("target"));
    back_up(&memory, &backups, 1).expect("a backup is made");
    let mut chunks = files(&backups.join("chunks"));
    let last = chunks.pop().expect("a chunk");
    let hidden = dir.path().join("hidden");
    fs::rename(&last, &hidden).expect("a file");
    restore_into(&backups, &target).expect_err("a chunk is missing");
    let refused = Embedded::open(&target, embedded::Options::default());
    let refused = refused.err().expect("it is not opened").to_string();
    assert!(refused.contains("its restore was cut short"), "{refused}");
    assert!(!embedded::is_complete(&target).expect("it is looked at"));
    fs::rename(&hidden, &last).expect("a file");
    restore_into(&backups, &target).expect("it is restored again");
    let store = Embedded::open(&target, embedded::Options::default()).expect("it opens");
    let expected = all(&*memory.snapshot().expect("nothing fails"));
    assert!(all(&*store.snapshot().expect("the disk works")) == expected, "rows differ");
}

/// Rows that are committed and not finished are behind the mark, as after a kill.
#[test]
fn a_restore_is_marked_until_its_end() {
    let dir = scratch();
    let target = Restoring::begin(dir.path(), embedded::Options::default()).expect("it begins");
    write(target.store(), ShardId(3), (0..10).map(|number| (number, text(number))));
    drop(target);
    let refused = Embedded::open(dir.path(), embedded::Options::default()).err();
    assert!(matches!(refused, Some(OpenError::Restoring { .. })), "{refused:?}");
    let again = Restoring::begin(dir.path(), embedded::Options::default()).expect("it begins");
    let shards = again.store().snapshot().expect("the disk works").shards();
    assert_eq!(shards, Ok(Vec::new()), "it begins with nothing");
    again.finish().expect("it is finished");
    Embedded::open(dir.path(), embedded::Options::default()).expect("it opens");
}

#[test]
fn a_restore_goes_nowhere_but_into_an_empty_directory() {
    let (dir, memory) = (scratch(), filled(10));
    let (backups, target) = (dir.path().join("backups"), dir.path().join("target"));
    back_up(&memory, &backups, 1).expect("a backup is made");
    drop(Embedded::open(&target, embedded::Options::default()).expect("a new one"));
    let refused = restore_into(&backups, &target).expect_err("it is in use").to_string();
    assert!(refused.contains("is not empty"), "{refused}");
    Embedded::open(&target, embedded::Options::default()).expect("it is as it was");
    let foreign = dir.path().join("foreign");
    fs::create_dir(&foreign).expect("a directory");
    fs::write(foreign.join("letter"), b"dear").expect("a file");
    let refused = restore_into(&backups, &foreign).expect_err("it is foreign").to_string();
    assert!(refused.contains("it is left alone"), "{refused}");
    assert_eq!(files(&foreign).len(), 1);
    // The key may be put there before.
    let with_key = dir.path().join("key");
    fs::create_dir(&with_key).expect("a directory");
    fs::write(with_key.join("master.key"), b"key").expect("a file");
    restore_into(&backups, &with_key).expect("it is restored beside the key");
}

#[test]
fn a_repository_is_used_by_one_writer_or_by_readers() {
    let (dir, memory) = (scratch(), filled(10));
    assert!(matches!(Reading::open(dir.path()), Err(BackupError::NoRepository { .. })));
    let writing = Writing::open(dir.path()).expect("it is made");
    assert!(matches!(Writing::open(dir.path()), Err(BackupError::InUse { .. })));
    assert!(matches!(Reading::open(dir.path()), Err(BackupError::InUse { .. })));
    drop(writing);
    let empty = Reading::open(dir.path()).expect("there is a repository").find(None);
    assert!(matches!(empty, Err(BackupError::Empty { .. })));
    back_up(&memory, dir.path(), 1).expect("a backup is made");
    let readers = [(); 2].map(|()| Reading::open(dir.path()).expect("readers are together"));
    assert!(matches!(prune(dir.path(), 1), Err(BackupError::InUse { .. })));
    drop(readers);
    prune(dir.path(), 1).expect("nobody reads");
}

#[test]
fn a_directory_of_something_else_is_left_alone() {
    let dir = scratch();
    fs::write(dir.path().join("letter"), b"dear").expect("a file");
    assert!(matches!(Writing::open(dir.path()), Err(BackupError::Foreign { .. })));
    assert_eq!(files(dir.path()).len(), 1);
    fs::write(dir.path().join("REPOSITORY"), b"tidewheel backup repository format 2\n")
        .expect("a file");
    assert!(matches!(Writing::open(dir.path()), Err(BackupError::Format { .. })));
}

#[test]
fn backups_are_found_by_how_their_ids_begin() {
    let (dir, memory) = (scratch(), filled(10));
    let first = back_up(&memory, dir.path(), 1).expect("a backup is made").id;
    let second = back_up(&memory, dir.path(), 2).expect("a backup is made").id;
    let repository = Reading::open(dir.path()).expect("there is a repository");
    assert_eq!(repository.ids().expect("they are listed"), [first.clone(), second.clone()]);
    assert_eq!(repository.find(None).expect("the newest"), second);
    assert_eq!(repository.find(Some(first.as_str())).expect("by its id"), first);
    assert_eq!(repository.find(Some("20261126T100601")).expect("by its time"), first);
    let refusal = |text: &str| repository.find(Some(text)).expect_err("it is not one").to_string();
    let both = format!("2 backups that \"2026\" stands for: {first}, {second}; name one of them");
    assert!(refusal("2026").ends_with(&both), "{}", refusal("2026"));
    for (text, nearest) in [
        ("2027", format!("{second}, {first}")),
        ("20261126T100601.000Z-0", format!("{first}, {second}")),
        ("", String::new()),
    ] {
        let refused = refusal(text);
        let expected = match text {
            "" => "name one of them".to_owned(),
            _ => format!("holds no backup that {text:?} stands for; the nearest: {nearest}"),
        };
        assert!(refused.ends_with(&expected), "{refused}");
    }
    drop(repository);
    let other = scratch();
    drop(Writing::open(other.path()).expect("it is made"));
    let found = Reading::open(other.path()).expect("there is a repository").find(Some("2"));
    let refused = found.expect_err("there is none").to_string();
    assert!(refused.ends_with("; it holds none at all"), "{refused}");
}

#[test]
fn what_no_backup_needs_any_more_is_removed() {
    let (dir, memory) = (scratch(), filled(ROWS));
    let first = back_up(&memory, dir.path(), 1).expect("a backup is made").id;
    write(&memory, ShardId(3), [(17, b"changed".to_vec())].into_iter());
    back_up(&memory, dir.path(), 2).expect("a backup is made");
    let before = files(dir.path()).len();
    let pruned = prune(dir.path(), 2).expect("nothing is to go");
    assert_eq!(pruned, Pruned::default());
    let pruned = prune(dir.path(), 1).expect("the first goes");
    assert_eq!((pruned.removed.as_slice(), pruned.chunks), ([first].as_slice(), 1));
    assert!(0 < pruned.bytes);
    assert_eq!(files(dir.path()).len(), before - 2, "a manifest and a chunk");
    assert_eq!(damages(dir.path()).expect("the backup is read"), []);
    let manifest = files(&dir.path().join("manifests")).pop().expect("a manifest");
    let whole = fs::read(&manifest).expect("a file");
    fs::write(&manifest, &whole[1..]).expect("a file");
    let before = files(dir.path());
    let refused = prune(dir.path(), 1).expect_err("it is unknown what is needed");
    assert!(matches!(refused, BackupError::Unsure { .. }), "{refused}");
    let says = format!("To give it up, remove {} and prune again", manifest.display());
    assert!(refused.to_string().ends_with(&says), "{refused}");
    assert_eq!(files(dir.path()), before, "nothing goes while it is unknown what is needed");
    // What it says helps.
    back_up(&memory, dir.path(), 3).expect("a backup is made beside it");
    assert!(matches!(prune(dir.path(), 2), Err(BackupError::Unsure { .. })), "it is kept");
    fs::remove_file(&manifest).expect("a file");
    prune(dir.path(), 2).expect("the rest is whole");
    assert_eq!(damages(dir.path()).expect("the backup is read"), []);
}

#[test]
fn a_row_that_is_too_large_is_refused() {
    let (dir, memory) = (scratch(), Memory::default());
    let large = vec![0; chunk::ROW_BYTES_MAX];
    write(&memory, ShardId(3), [(1, large)].into_iter());
    let refused = back_up(&memory, dir.path(), 1);
    assert!(matches!(refused, Err(BackupError::TooLarge { .. })), "{refused:?}");
}
