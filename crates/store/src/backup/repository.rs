//! The directory that holds backups: who may use it, and how files get into it and out.
//!
//! Invariants: a file is written under another name, flushed and then renamed; a chunk's directory is
//! flushed before the manifest that needs it is named. Whoever writes or removes is alone; readers
//! are together. Everything is its owner's alone, since a backup has what histories hold and the
//! keys that seal tokens.

use super::chunk::{self, ChunkName};
use super::manifest::{BackupId, FORMAT, MANIFEST_BYTES_MAX, Manifest, Undecodable};
use super::{BackupError, io_error};
use crate::contract::Entry;
use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const MARK: &str = "REPOSITORY";
const MARK_TEXT: &str = "tidewheel backup repository format 1\n";
const LOCK: &str = "LOCK";
const CHUNKS: &str = "chunks";
const MANIFESTS: &str = "manifests";
const MANIFEST_ENDING: &str = ".json";
const TEMPORARY: &str = "tmp";
/// A file system's own, at the top of a volume made for backups.
const LOST_AND_FOUND: &str = "lost+found";

/// How many backups are named whose ids are like one that is not there.
const NEAREST_MAX: usize = 3;

/// A repository that nobody writes to meanwhile.
pub struct Reading {
    dir: PathBuf,
    /// Locked as long as it is open.
    _lock: File,
}

/// A repository that nobody else uses.
pub struct Writing {
    reading: Reading,
    /// The directories of chunks that the next manifest needs.
    touched: BTreeSet<PathBuf>,
    /// What is there already, or was written: it need not be looked for again.
    known: BTreeSet<ChunkName>,
}

/// What became of a chunk that was to be stored.
pub(super) struct Stored {
    pub name: ChunkName,
    /// Bytes of its file, if there was none.
    pub new_bytes: Option<u64>,
}

/// What [`prune`] has removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Backups.
    pub removed: Vec<BackupId>,
    /// Chunks that no other backup has.
    pub chunks: u64,
    /// Their files, in bytes.
    pub bytes: u64,
}

impl Reading {
    /// Opens a repository that is there, and writes nothing.
    pub fn open(dir: &Path) -> Result<Reading, BackupError> {
        check_mark(dir)?;
        let path = dir.join(LOCK);
        let lock = File::open(&path).map_err(|source| io_error("open", &path, source))?;
        lock_with(dir, lock.try_lock_shared())?;
        Ok(Reading { dir: dir.to_owned(), _lock: lock })
    }

    /// The backups, oldest first.
    pub fn ids(&self) -> Result<Vec<BackupId>, BackupError> {
        let mut ids = Vec::new();
        for name in names_in(&self.dir.join(MANIFESTS))? {
            // What else is there, as a copy leaves it that was cut, is in nobody's way.
            ids.extend(id_of(&name));
        }
        ids.sort();
        Ok(ids)
    }

    /// Fails if there is a file where manifests are that is none: it might be one under another name.
    fn check_names(&self) -> Result<(), BackupError> {
        let dir = self.dir.join(MANIFESTS);
        match names_in(&dir)?.into_iter().find(|name| id_of(name).is_none()) {
            Some(name) => {
                let what = "its name is not that of a backup".to_owned();
                Err(unsure(BackupError::Damaged { path: dir.join(&name), what }, dir.join(name)))
            }
            None => Ok(()),
        }
    }

    /// The backup whose id is or begins with `text`, or the newest.
    pub fn find(&self, text: Option<&str>) -> Result<BackupId, BackupError> {
        let mut ids = self.ids()?;
        let Some(text) = text else {
            return ids.pop().ok_or_else(|| BackupError::Empty { dir: self.dir.clone() });
        };
        let (mut found, others): (Vec<_>, Vec<_>) =
            ids.into_iter().partition(|id| id.as_str().starts_with(text));
        let (dir, text) = (self.dir.clone(), text.to_owned());
        match found.len() {
            0 => Err(BackupError::Unknown { dir, nearest: nearest(others, &text), text }),
            1 => Ok(found.remove(0)),
            _ => Err(BackupError::Ambiguous { dir, text, candidates: found }),
        }
    }

    /// What the backup consists of.
    pub fn manifest(&self, id: &BackupId) -> Result<Manifest, BackupError> {
        let path = self.manifest_path(id);
        let bytes = read_bounded(&path, MANIFEST_BYTES_MAX)?;
        Manifest::decode(id, &bytes).map_err(|why| match why {
            Undecodable::Damaged(what) => BackupError::Damaged { path, what },
            Undecodable::Later(found) => BackupError::Later { path, found, supported: FORMAT },
        })
    }

    /// The rows of a chunk, which are what they were when it was written.
    pub(super) fn entries(&self, name: ChunkName) -> Result<Vec<Entry>, BackupError> {
        let path = self.chunk_path(name);
        let file = read_bounded(&path, chunk::FILE_BYTES_MAX)?;
        let found = ChunkName::of(&file);
        let damaged = |what| BackupError::Damaged { path: path.clone(), what };
        if found != name {
            return Err(damaged(format!("its digest is {found}")));
        }
        chunk::decode(&file).map_err(damaged)
    }

    pub(super) fn chunk_path(&self, name: ChunkName) -> PathBuf {
        let name = name.to_string();
        self.dir.join(CHUNKS).join(&name[..2]).join(name)
    }

    /// Where its manifest is.
    pub fn manifest_path(&self, id: &BackupId) -> PathBuf {
        self.dir.join(MANIFESTS).join(format!("{id}{MANIFEST_ENDING}"))
    }
}

impl Writing {
    /// Looks whether a repository can be written to, or made. Makes and removes nothing: for those who
    /// have something to do before that may fail.
    pub fn check(dir: &Path) -> Result<(), BackupError> {
        match has_mark(dir)? {
            true => check_mark(dir)?,
            false => check_makeable(dir)?,
        }
        let path = dir.join(LOCK);
        match OpenOptions::new().write(true).open(&path) {
            Ok(lock) => lock_with(dir, lock.try_lock()),
            // It is made with the rest.
            Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(io_error("open", &path, source)),
        }
    }

    /// Opens a repository, which is made where there is nothing or an empty directory.
    pub fn open(dir: &Path) -> Result<Writing, BackupError> {
        match has_mark(dir)? {
            true => check_mark(dir)?,
            false => {
                check_makeable(dir)?;
                create_private(dir)?;
            }
        }
        // Before anything is made: two who begin at the same time would be in each other's way.
        let path = dir.join(LOCK);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let lock = options.open(&path).map_err(|source| io_error("open", &path, source))?;
        lock_with(dir, lock.try_lock())?;
        // Tools that copy files leave out directories without any.
        for part in [CHUNKS, MANIFESTS, TEMPORARY] {
            create_private(&dir.join(part))?;
        }
        let reading = Reading { dir: dir.to_owned(), _lock: lock };
        let writing = Writing { reading, touched: BTreeSet::new(), known: BTreeSet::new() };
        writing.empty_temporary()?;
        if has_mark(dir)? {
            check_mark(dir)?;
        } else {
            writing.make()?;
        }
        Ok(writing)
    }

    /// Makes it a repository: the mark comes last, so that what is cut short is made again.
    fn make(&self) -> Result<(), BackupError> {
        let dir = &self.reading.dir;
        self.write(&dir.join(MARK), MARK_TEXT.as_bytes())?;
        sync(dir)?;
        match dir.parent() {
            Some(parent) if parent != Path::new("") => sync(parent),
            Some(_) | None => sync(Path::new(".")),
        }
    }

    /// To read what is there.
    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    /// What a create that was cut short has left.
    fn empty_temporary(&self) -> Result<(), BackupError> {
        let temporary = self.reading.dir.join(TEMPORARY);
        for name in names_in(&temporary)? {
            remove_file(&temporary.join(name))?;
        }
        Ok(())
    }

    /// Stores a chunk, unless it is there.
    pub(super) fn put(&mut self, plain: &[u8]) -> Result<Stored, BackupError> {
        let file = chunk::encode(plain);
        let name = ChunkName::of(&file);
        let path = self.reading.chunk_path(name);
        let parent = path.parent().expect("a chunk is in a directory").to_owned();
        if !self.known.insert(name) {
            return Ok(Stored { name, new_bytes: None });
        }
        // One that is damaged or cannot be read is written anew: all backups that have it are whole
        // again.
        let is_there = read_bounded(&path, file.len()).is_ok_and(|found| found == file);
        if !is_there {
            create_private(&parent)?;
            self.write(&path, &file)?;
        }
        // One that is there may be from a create that ended before it flushed the directory.
        self.touched.insert(parent);
        Ok(Stored { name, new_bytes: (!is_there).then_some(file.len() as u64) })
    }

    /// Names the backup, which is whole and durable then.
    pub(super) fn finish(mut self, manifest: &Manifest) -> Result<BackupId, BackupError> {
        let (id, bytes) = manifest.encode()?;
        for dir in std::mem::take(&mut self.touched) {
            sync(&dir)?;
        }
        sync(&self.reading.dir.join(CHUNKS))?;
        self.write(&self.reading.manifest_path(&id), &bytes)?;
        match sync(&self.reading.dir.join(MANIFESTS)) {
            Ok(()) => Ok(id),
            Err(error) => Err(BackupError::Unflushed { id, source: Box::new(error) }),
        }
    }

    /// Whole or not at all, and durable but for the directory.
    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
        let name = path.file_name().expect("a file of a repository has a name");
        let temporary = self.reading.dir.join(TEMPORARY).join(name);
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary)
            .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
        let named =
            written.map_err(|source| io_error("write", &temporary, source)).and_then(|()| {
                fs::rename(&temporary, path).map_err(|source| io_error("rename", path, source))
            });
        if named.is_err() {
            // Its room may be what is missing. If it stays, the next create removes it.
            let _ = fs::remove_file(&temporary);
        }
        named
    }
}

/// The backup whose manifest is called so.
fn id_of(name: &str) -> Option<BackupId> {
    name.strip_suffix(MANIFEST_ENDING).and_then(BackupId::parse)
}

/// Removes all backups but the newest `keep`, and the chunks that none of these has.
pub fn prune(dir: &Path, keep: usize) -> Result<Pruned, BackupError> {
    check_mark(dir)?;
    let writing = Writing::open(dir)?;
    let reading = &writing.reading;
    reading.check_names()?;
    let mut removed = reading.ids()?;
    let kept = removed.split_off(removed.len().saturating_sub(keep));
    // Before anything goes: a manifest that cannot be read does not say what it needs.
    let mut needed = BTreeSet::new();
    for id in &kept {
        let path = reading.manifest_path(id);
        let manifest = reading.manifest(id).map_err(|error| unsure(error, path))?;
        needed.extend(manifest.names());
    }
    let mut pruned = Pruned::default();
    for id in removed {
        remove_file(&reading.manifest_path(&id))?;
        pruned.removed.push(id);
    }
    // What has no manifest any more must not get it back after its chunks have gone.
    sync(&dir.join(MANIFESTS))?;
    let chunks = dir.join(CHUNKS);
    for parent in names_in(&chunks)? {
        let parent = chunks.join(parent);
        // What else is there, such as a tool's that copied it, is left alone.
        let is_ours = fs::symlink_metadata(&parent).is_ok_and(|found| found.is_dir());
        if !is_ours {
            continue;
        }
        for name in names_in(&parent)? {
            let is_needed = ChunkName::parse(&name).is_none_or(|name| needed.contains(&name));
            if is_needed {
                continue;
            }
            let path = parent.join(name);
            let length =
                fs::symlink_metadata(&path).map_err(|source| io_error("look at", &path, source))?;
            remove_file(&path)?;
            pruned.chunks += 1;
            pruned.bytes += length.len();
        }
    }
    Ok(pruned)
}

/// The ids that have most of `text` in common with it; among those with as much, the newest. `ids`
/// are oldest first.
fn nearest(mut ids: Vec<BackupId>, text: &str) -> Vec<BackupId> {
    let common = |id: &BackupId| {
        id.as_str().bytes().zip(text.bytes()).take_while(|(one, other)| one == other).count()
    };
    ids.reverse();
    ids.sort_by_key(|id| std::cmp::Reverse(common(id)));
    ids.truncate(NEAREST_MAX);
    ids
}

fn unsure(error: BackupError, path: PathBuf) -> BackupError {
    BackupError::Unsure { path, source: Box::new(error) }
}

fn has_mark(dir: &Path) -> Result<bool, BackupError> {
    let mark = dir.join(MARK);
    match fs::symlink_metadata(&mark) {
        Ok(_) => Ok(true),
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(io_error("look at", &mark, source)),
    }
}

/// Fails if there is something else. What a create was about to make is no obstacle, nor is the mark:
/// somebody has made it since it was looked for.
fn check_makeable(dir: &Path) -> Result<(), BackupError> {
    let ours = [CHUNKS, MANIFESTS, TEMPORARY, LOCK, MARK, LOST_AND_FOUND];
    match names_in(dir) {
        Ok(names) if names.iter().all(|name| ours.contains(&name.as_str())) => Ok(()),
        Ok(_) => Err(BackupError::Foreign { dir: dir.to_owned() }),
        Err(BackupError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn check_mark(dir: &Path) -> Result<(), BackupError> {
    let path = dir.join(MARK);
    match fs::read(&path) {
        Ok(found) if found == MARK_TEXT.as_bytes() => Ok(()),
        Ok(found) => {
            let found: String = String::from_utf8_lossy(&found).chars().take(80).collect();
            Err(BackupError::Format { path, found, supported: MARK_TEXT.trim_end() })
        }
        Err(source) if is_absence(&source) => {
            Err(BackupError::NoRepository { dir: dir.to_owned() })
        }
        Err(source) => Err(io_error("read", &path, source)),
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn lock_with(dir: &Path, locked: Result<(), TryLockError>) -> Result<(), BackupError> {
    match locked {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(BackupError::InUse { dir: dir.to_owned() }),
        Err(TryLockError::Error(source)) => Err(io_error("lock", &dir.join(LOCK), source)),
    }
}

fn read_bounded(path: &Path, bytes_max: usize) -> Result<Vec<u8>, BackupError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(bytes_max as u64 + 1).read_to_end(&mut bytes))
        .map_err(|source| io_error("read", path, source))?;
    if bytes_max < bytes.len() {
        let what = format!("it has more than {bytes_max} bytes");
        return Err(BackupError::Damaged { path: path.to_owned(), what });
    }
    Ok(bytes)
}

/// The names of what is in a directory; one that is no text is nobody's of ours.
fn names_in(dir: &Path) -> Result<Vec<String>, BackupError> {
    let error = |source| io_error("read", dir, source);
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(error)? {
        names.push(entry.map_err(error)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn remove_file(path: &Path) -> Result<(), BackupError> {
    fs::remove_file(path).map_err(|source| io_error("remove", path, source))
}

fn create_private(path: &Path) -> Result<(), BackupError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| io_error("create", path, source))
}

fn sync(path: &Path) -> Result<(), BackupError> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(|source| io_error("flush", path, source))
}
