//! What somebody or something does to a repository between two commands.

use super::*;
use std::os::unix::fs::{PermissionsExt, symlink};

fn chunks(dir: &Path) -> Vec<PathBuf> {
    files(&dir.join("chunks")).into_iter().filter(|path| path.is_file()).collect()
}

/// Each is a whole chunk, but not the one that its name says.
#[test]
fn chunks_that_change_places_are_noticed_and_put_right() {
    let (dir, memory) = (scratch(), filled(ROWS));
    back_up(&memory, dir.path(), 1).expect("a backup is made");
    let chunks = chunks(dir.path());
    let [one, other] = [&chunks[0], &chunks[1]];
    let [first, second] = [one, other].map(|path| fs::read(path).expect("a file"));
    fs::write(one, second).expect("a file");
    fs::write(other, first).expect("a file");
    let found: BTreeSet<PathBuf> =
        damages(dir.path()).expect("it is read").into_iter().map(|damage| damage.path).collect();
    assert_eq!(found, [one.clone(), other.clone()].into_iter().collect());
    let refused = restore_into(dir.path(), &dir.path().join("target"));
    assert!(matches!(refused, Err(RestoreError::Backup(BackupError::Damaged { .. }))));
    assert!(!embedded::is_complete(&dir.path().join("target")).expect("it is looked at"));
    back_up(&memory, dir.path(), 2).expect("a backup is made");
    assert_eq!(damages(dir.path()).expect("it is read"), []);
}

#[test]
fn a_chunk_that_cannot_be_read_is_written_anew() {
    let (dir, memory) = (scratch(), filled(ROWS));
    back_up(&memory, dir.path(), 1).expect("a backup is made");
    let chunk = &chunks(dir.path())[0];
    fs::remove_file(chunk).expect("a file");
    symlink(chunk, chunk).expect("a link to itself");
    assert_eq!(damages(dir.path()).expect("it is read").len(), 1);
    let again = back_up(&memory, dir.path(), 2).expect("a backup is made");
    assert_eq!(again.progress.chunks_new, 1);
    assert_eq!(damages(dir.path()).expect("it is read"), []);
}

/// The manifests of two backups that change names: neither is what its name says.
#[test]
fn manifests_that_change_names_are_noticed() {
    let (dir, memory) = (scratch(), filled(10));
    let first = back_up(&memory, dir.path(), 1).expect("a backup is made").id;
    write(&memory, ShardId(3), [(17, b"changed".to_vec())].into_iter());
    let second = back_up(&memory, dir.path(), 2).expect("a backup is made").id;
    let repository = Reading::open(dir.path()).expect("there is a repository");
    let [one, other] = [&first, &second].map(|id| repository.manifest_path(id));
    let aside = dir.path().join("aside");
    for (from, to) in [(&one, &aside), (&other, &one), (&aside, &other)] {
        fs::rename(from, to).expect("a file");
    }
    for id in [&first, &second] {
        let refused = repository.manifest(id);
        assert!(matches!(refused, Err(BackupError::Damaged { .. })), "{refused:?}");
    }
}

/// What another tool has left among the chunks is neither in the way nor removed.
#[test]
fn strangers_among_chunks_are_left_alone_by_prune() {
    let (dir, memory) = (scratch(), filled(ROWS));
    back_up(&memory, dir.path(), 1).expect("a backup is made");
    write(&memory, ShardId(3), [(17, b"changed".to_vec())].into_iter());
    back_up(&memory, dir.path(), 2).expect("a backup is made");
    let chunks = dir.path().join("chunks");
    let elsewhere = scratch();
    let named = elsewhere.path().join("ab".repeat(32));
    fs::write(&named, b"somebody's").expect("a file");
    fs::write(chunks.join(".synchronised"), b"").expect("a file");
    symlink(elsewhere.path(), chunks.join("link")).expect("a link");
    let parent = files(&chunks)[1].parent().expect("a directory").to_owned();
    fs::write(parent.join(".half-a-chunk.Xa3b"), b"half").expect("a file");
    let pruned = prune(dir.path(), 1).expect("nothing is in the way");
    assert_eq!((pruned.removed.len(), pruned.chunks), (1, 1));
    assert!(named.exists(), "what is behind a link is somebody else's");
    assert_eq!(damages(dir.path()).expect("it is read"), []);
}

#[test]
fn everything_is_its_owners_alone() {
    let (dir, memory) = (scratch(), filled(ROWS));
    let backups = dir.path().join("backups");
    back_up(&memory, &backups, 1).expect("a backup is made");
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    for path in files(&backups) {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        let parent = path.parent().expect("a directory");
        assert_eq!(mode(parent), 0o700, "{}", parent.display());
    }
}

/// A write that fails leaves nothing of itself, and the next create goes on with the rest.
#[test]
fn a_write_that_fails_leaves_no_part_of_a_file() {
    let (dir, memory) = (scratch(), filled(ROWS));
    let whole = scratch();
    back_up(&memory, whole.path(), 1).expect("a backup is made");
    let last = chunks(whole.path()).pop().expect("a chunk");
    let last = last.strip_prefix(whole.path()).expect("it is below");
    drop(Writing::open(dir.path()).expect("it is made"));
    // A directory of its name, which no file can take the place of.
    let obstacle = dir.path().join(last);
    fs::create_dir_all(obstacle.join("full")).expect("a directory");
    let refused = back_up(&memory, dir.path(), 1).expect_err("it cannot be written");
    assert!(matches!(refused, BackupError::Io { .. }), "{refused}");
    assert_eq!(files(&dir.path().join("tmp")), Vec::<PathBuf>::new());
    assert_eq!(files(&dir.path().join("manifests")), Vec::<PathBuf>::new());
    fs::remove_dir_all(&obstacle).expect("a directory");
    let made = back_up(&memory, dir.path(), 2).expect("a backup is made").progress;
    assert!(made.chunks_new < made.chunks, "what was written is used: {made:?}");
    assert_eq!(damages(dir.path()).expect("it is read"), []);
}

#[test]
fn looking_whether_a_repository_can_be_made_makes_none() {
    let dir = scratch();
    let (missing, letters) = (dir.path().join("missing/deep"), dir.path().join("letters"));
    Writing::check(&missing).expect("it can be made");
    assert!(!dir.path().join("missing").exists());
    fs::create_dir(&letters).expect("a directory");
    fs::write(letters.join("letter"), b"dear").expect("a file");
    assert!(matches!(Writing::check(&letters), Err(BackupError::Foreign { .. })));
    assert!(matches!(Writing::check(&letters.join("letter")), Err(BackupError::Io { .. })));
    let writing = Writing::open(&missing).expect("it is made");
    assert!(matches!(Writing::check(&missing), Err(BackupError::InUse { .. })));
    drop(writing);
    Writing::check(&missing).expect("it is there");
    // As a create leaves it that was cut short, and a tool that copies files alone.
    fs::write(missing.join("tmp/half"), b"half").expect("a file");
    fs::remove_dir(missing.join("chunks")).expect("it is empty");
    let before = files(&missing);
    Writing::check(&missing).expect("it is there");
    assert_eq!(files(&missing), before);
    assert!(!missing.join("chunks").exists());
    fs::remove_file(missing.join("LOCK")).expect("a file");
    Writing::check(&missing).expect("it is there");
    assert!(!missing.join("LOCK").exists());
}

/// A clock that was ahead once makes every later backup an older one.
#[test]
fn a_backup_says_that_it_does_not_count_as_the_newest() {
    let (dir, memory) = (scratch(), filled(10));
    let ahead = back_up(&memory, dir.path(), 30).expect("a backup is made");
    assert_eq!(ahead.behind, None);
    write(&memory, ShardId(3), [(17, b"changed".to_vec())].into_iter());
    let late = back_up(&memory, dir.path(), 10).expect("a backup is made");
    assert_eq!(late.behind, Some(ahead.id.clone()));
    let after = back_up(&memory, dir.path(), 31).expect("a backup is made");
    assert_eq!(after.behind, None);
}

/// It is not said to be damaged: nobody should make it anew.
#[test]
fn a_backup_of_a_later_build_is_told_from_a_damaged_one() {
    let (dir, memory) = (scratch(), filled(10));
    let id = back_up(&memory, dir.path(), 1).expect("a backup is made").id;
    let repository = Reading::open(dir.path()).expect("there is a repository");
    let json = fs::read_to_string(repository.manifest_path(&id)).expect("a manifest");
    let later = json.replace("\"format\":1", "\"format\":2");
    assert_ne!(later, json);
    let digest = chunk::hex(&chunk::ChunkName::of(later.as_bytes()).0[..8]);
    let id = BackupId::parse(&format!("20271126T100601.000Z-{digest}")).expect("an id");
    fs::write(repository.manifest_path(&id), later).expect("a file");
    let refused = repository.manifest(&id).expect_err("nobody knows how to read it");
    assert!(matches!(refused, BackupError::Later { found: 2, supported: 1, .. }), "{refused}");
    drop(repository);
    assert!(matches!(prune(dir.path(), 1), Err(BackupError::Unsure { .. })));
}

/// As tools leave it that copy files alone.
#[test]
fn a_repository_without_its_empty_directories_goes_on() {
    let (dir, memory) = (scratch(), filled(10));
    back_up(&memory, dir.path(), 1).expect("a backup is made");
    fs::remove_dir(dir.path().join("tmp")).expect("it is empty");
    fs::remove_file(dir.path().join("LOCK")).expect("a file");
    back_up(&memory, dir.path(), 2).expect("a backup is made");
    fs::remove_dir(dir.path().join("tmp")).expect("it is empty");
    prune(dir.path(), 1).expect("the first goes");
    assert_eq!(damages(dir.path()).expect("it is read"), []);
}

#[test]
fn two_who_make_a_repository_at_the_same_time_are_told_apart() {
    for _ in 0..50 {
        let dir = scratch();
        let path = dir.path().join("backups");
        let begin = std::sync::Barrier::new(2);
        let open = || {
            begin.wait();
            Writing::open(&path)
        };
        let opened = std::thread::scope(|scope| {
            let other = scope.spawn(open);
            [open(), other.join().expect("no panic")]
        });
        let mut made = 0;
        for opened in &opened {
            match opened {
                Ok(_) => made += 1,
                Err(error) => assert!(matches!(error, BackupError::InUse { .. }), "{error}"),
            }
        }
        assert_eq!(made, 1, "both are held");
        drop(opened);
        assert_eq!(Reading::open(&path).expect("it is made").ids().expect("it is read"), []);
    }
}

/// A server with a mistake.
struct Disorder {
    shards: Vec<ShardId>,
    pages: Vec<Entry>,
}

impl Snapshot for Disorder {
    fn shards(&self) -> Result<Vec<ShardId>, crate::StoreError> {
        Ok(self.shards.clone())
    }

    /// One row a page, in the order in which they are here.
    fn page(
        &self,
        _shard: ShardId,
        after: Option<&[u8]>,
        _bytes_max: usize,
    ) -> Result<Vec<Entry>, crate::StoreError> {
        let place = match after {
            Some(after) => 1 + self.pages.iter().position(|(key, _)| key == after).expect("ours"),
            None => 0,
        };
        Ok(self.pages.get(place).cloned().into_iter().collect())
    }
}

#[test]
fn rows_that_come_out_of_order_make_no_backup() {
    let row = |key: &str| (key.as_bytes().to_vec(), vec![7; 10]);
    for (shards, pages) in [
        (vec![ShardId(3)], vec![row("b"), row("a")]),
        (vec![ShardId(4), ShardId(3)], vec![row("a")]),
        (vec![ShardId(3), ShardId(3)], vec![row("a")]),
    ] {
        let dir = scratch();
        let repository = Writing::open(dir.path()).expect("it is made");
        let disorder = Disorder { shards, pages };
        let refused = create(repository, &disorder, taken_at(1), "9.9", &mut |_| ());
        let refused = refused.expect_err("nobody could restore it");
        assert!(matches!(refused, BackupError::OutOfOrder { .. }), "{refused}");
        let reading = Reading::open(dir.path()).expect("there is a repository");
        assert_eq!(reading.ids().expect("it is read"), []);
    }
}
