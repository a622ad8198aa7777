//! The data directory: who may use it, and which format it has.
//!
//! ```text
//! LOCK          locked (flock) while a store is open; holds the process id
//! VERSION       the format and the build that created it; the directory is complete
//! VERSION.new   the same before the first start has finished; nothing was ever committed
//! VERSION.restoring   the same before a backup is restored; part of it may be committed
//! data/         the engine's files
//! ```
//!
//! Invariant: `VERSION.new` exists before `data/`, and becomes `VERSION` only when `data/` is
//! durable; likewise `VERSION.restoring`, which only a restore looks behind. So `data/` beside `VERSION.new` alone is the rest of a first start that crashed, and is
//! made anew; `data/` beside neither is somebody's data, and is not touched. Beside `VERSION`
//! nothing is ever made anew: what is missing there is lost. Of the engine's files it knows the
//! marker, and that there are always tables and a journal.

use super::{OpenError, journal};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The format that this build reads and writes.
pub const FORMAT: u32 = 1;

const LOCK: &str = "LOCK";
const VERSION: &str = "VERSION";
const VERSION_NEW: &str = "VERSION.new";
const VERSION_RESTORING: &str = "VERSION.restoring";
const DATA: &str = "data";
/// The engine's own mark of a directory of its; without it, the engine would begin anew.
const ENGINE_MARKER: &str = "version";
/// Where the engine keeps its tables.
const ENGINE_TABLES: &str = "keyspaces";
/// What [`Directory::lost`] says of missing tables.
pub(super) const TABLES_MISSING: &str = "its tables (data/keyspaces) are missing";
/// A file system's own, at the top of a volume made for the store.
const LOST_AND_FOUND: &str = "lost+found";

/// What seals secrets in the store, and is no part of it: it may be there first.
const MASTER_KEY: &str = "master.key";

const FORMAT_LABEL: &str = "tidewheel store format ";
const BUILD_LABEL: &str = "created by build ";

/// A locked data directory.
pub(super) struct Directory {
    path: PathBuf,
    /// Locked as long as it is open.
    _lock: File,
}

/// How far a directory has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Empty,
    Unfinished,
    Restoring,
    Complete,
    Foreign,
}

pub(super) fn io_error(what: &'static str, path: &Path, source: io::Error) -> OpenError {
    OpenError::Io { what, path: path.to_owned(), source }
}

impl Directory {
    /// Whether a first start has finished here. Changes nothing.
    pub(super) fn is_complete(path: &Path) -> Result<bool, OpenError> {
        let version = path.join(VERSION);
        match fs::metadata(&version) {
            Ok(found) => Ok(found.is_file()),
            Err(source) if is_absence(&source) => Ok(false),
            Err(source) => Err(io_error("read", &version, source)),
        }
    }

    /// Locks `path`, which is created if it is missing.
    pub(super) fn lock(path: &Path) -> Result<Directory, OpenError> {
        if path.is_file() {
            let source = io::Error::new(io::ErrorKind::NotADirectory, "it is a file, no directory");
            return Err(io_error("use", path, source));
        }
        if !path.is_dir() {
            create_private(path)?;
        }
        // Before the lock file is created, so that a foreign directory is left as it was.
        if stage(path)? == Stage::Foreign {
            return Err(OpenError::Foreign { dir: path.to_owned() });
        }
        let lock_path = path.join(LOCK);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut lock =
            options.open(&lock_path).map_err(|source| io_error("open", &lock_path, source))?;
        match lock.try_lock() {
            Ok(()) => (),
            Err(TryLockError::WouldBlock) => return Err(in_use(path, &mut lock)),
            Err(TryLockError::Error(source)) => return Err(io_error("lock", &lock_path, source)),
        }
        lock.set_len(0)
            .and_then(|()| writeln!(lock, "{}", std::process::id()))
            .map_err(|source| io_error("write", &lock_path, source))?;
        Ok(Directory { path: path.to_owned(), _lock: lock })
    }

    /// Where the engine keeps its files.
    pub(super) fn engine_path(&self) -> PathBuf {
        self.path.join(DATA)
    }

    /// Whether the directory is still being made: nothing was ever committed in it.
    pub(super) fn is_new(&self) -> Result<bool, OpenError> {
        Ok(stage(&self.path)? != Stage::Complete)
    }

    /// Says that of a complete directory `what` is gone.
    pub(super) fn lost(&self, what: &'static str) -> OpenError {
        OpenError::Lost { dir: self.path.clone(), what }
    }

    /// Checks the format of a complete directory, and begins to create any other.
    pub(super) fn prepare(&self, build: &str) -> Result<(), OpenError> {
        match stage(&self.path)? {
            Stage::Complete => {
                self.check_format(build)?;
                self.check_data()
            }
            Stage::Foreign => Err(OpenError::Foreign { dir: self.path.clone() }),
            Stage::Restoring => Err(OpenError::Restoring { dir: self.path.clone() }),
            Stage::Empty | Stage::Unfinished => self.begin(VERSION_NEW, build),
        }
    }

    /// Begins to make a directory of a backup: one that is empty, or in which that was begun before.
    pub(super) fn prepare_restore(&self, build: &str) -> Result<(), OpenError> {
        match stage(&self.path)? {
            Stage::Empty | Stage::Restoring => self.begin(VERSION_RESTORING, build),
            Stage::Unfinished | Stage::Complete | Stage::Foreign => {
                Err(OpenError::NotEmpty { dir: self.path.clone() })
            }
        }
    }

    fn begin(&self, mark: &str, build: &str) -> Result<(), OpenError> {
        let version = format!("{FORMAT_LABEL}{FORMAT}\n{BUILD_LABEL}{build}\n");
        let version_new = self.path.join(mark);
        fs::write(&version_new, version)
            .map_err(|source| io_error("write", &version_new, source))?;
        sync(&version_new)?;
        sync(&self.path)?;
        let data = self.engine_path();
        match fs::remove_dir_all(&data) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(io_error("remove", &data, source))
            }
            // Private even where the directory itself was there before, and is not.
            Ok(()) | Err(_) => create_private(&data),
        }
    }

    /// Makes the engine's new files durable and the directory complete, if it is not yet.
    pub(super) fn finish(&self) -> Result<(), OpenError> {
        let mark = match stage(&self.path)? {
            Stage::Complete => return Ok(()),
            Stage::Restoring => VERSION_RESTORING,
            Stage::Unfinished | Stage::Empty | Stage::Foreign => VERSION_NEW,
        };
        sync_tree(&self.engine_path())?;
        let (from, to) = (self.path.join(mark), self.path.join(VERSION));
        fs::rename(&from, &to).map_err(|source| io_error("rename", &from, source))?;
        sync(&self.path)
    }

    /// The engine would make what is missing, and nobody would learn of the loss.
    fn check_data(&self) -> Result<(), OpenError> {
        let data = self.engine_path();
        let is_there =
            |path: &Path| path.try_exists().map_err(|source| io_error("look at", path, source));
        if !is_there(&data)? {
            return Err(self.lost("data/ is missing"));
        }
        if !is_there(&data.join(ENGINE_MARKER))? {
            return Err(self.lost("data/version is missing"));
        }
        if !is_there(&data.join(ENGINE_TABLES))? {
            return Err(self.lost(TABLES_MISSING));
        }
        match journal::journals(&data) {
            Ok(found) if found.is_empty() => Err(self.lost("the journal (data/*.jnl) is missing")),
            Ok(_) => Ok(()),
            Err(source) => Err(io_error("read", &data, source)),
        }
    }

    fn check_format(&self, build: &str) -> Result<(), OpenError> {
        let path = self.path.join(VERSION);
        let text = fs::read_to_string(&path).map_err(|source| io_error("read", &path, source))?;
        let labelled = |label: &str| text.lines().find_map(|line| line.strip_prefix(label));
        let found: Option<u32> = labelled(FORMAT_LABEL).and_then(|format| format.parse().ok());
        let Some(found) = found else {
            let text = "it is damaged and names no format; put it back from a backup";
            return Err(io_error("use", &path, io::Error::new(io::ErrorKind::InvalidData, text)));
        };
        if found == FORMAT {
            return Ok(());
        }
        Err(OpenError::Format {
            dir: self.path.clone(),
            found: found.to_string(),
            created_by: labelled(BUILD_LABEL).unwrap_or("unknown").to_owned(),
            build: build.to_owned(),
            supported: FORMAT,
        })
    }
}

/// Nothing is there, which is known; other errors leave it open.
fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn in_use(dir: &Path, lock: &mut File) -> OpenError {
    let mut holder = String::new();
    // The message is useful without it, so a failure to read it is not another error.
    let _ = lock.read_to_string(&mut holder);
    let holder = match holder.trim() {
        "" => "unknown".to_owned(),
        pid => pid.to_owned(),
    };
    OpenError::InUse { dir: dir.to_owned(), holder }
}

fn stage(dir: &Path) -> Result<Stage, OpenError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(|source| io_error("read", dir, source))? {
        names.push(entry.map_err(|source| io_error("read", dir, source))?.file_name());
    }
    let has = |name: &str| names.iter().any(|found| found == name);
    let is_neutral =
        |name: &std::ffi::OsString| name == LOCK || name == LOST_AND_FOUND || name == MASTER_KEY;
    Ok(if has(VERSION) {
        Stage::Complete
    } else if has(VERSION_RESTORING) {
        Stage::Restoring
    } else if has(VERSION_NEW) {
        Stage::Unfinished
    } else if names.iter().all(is_neutral) {
        Stage::Empty
    } else {
        Stage::Foreign
    })
}

/// Readable for the owner alone: histories hold what users put into them.
fn create_private(path: &Path) -> Result<(), OpenError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| io_error("create", path, source))?;
    match path.parent() {
        Some(parent) if parent != Path::new("") => sync(parent),
        Some(_) | None => sync(Path::new(".")),
    }
}

fn sync_tree(dir: &Path) -> Result<(), OpenError> {
    for entry in fs::read_dir(dir).map_err(|source| io_error("read", dir, source))? {
        let path = entry.map_err(|source| io_error("read", dir, source))?.path();
        if path.is_dir() { sync_tree(&path)? } else { sync(&path)? }
    }
    sync(dir)
}

fn sync(path: &Path) -> Result<(), OpenError> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(|source| io_error("flush", path, source))
}
