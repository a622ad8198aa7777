//! Job files on the disk: made as a whole, read while they grow, and written by one process at a
//! time.
//!
//! Invariant: what [`JobFile::commit`] has written is durable when it returns.

use cli::batch::{Job, JobError, Reading, Record};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// The longest line that is read, in bytes: more than a target or an outcome has, and more than a
/// header with the longest input of a signal.
const LINE_BYTES_MAX: u64 = 1024 * 1024;

/// Why a job file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("{} is there already; name another file with --job", .0.display())]
    Exists(PathBuf),
    #[error("cannot write the job file {}: {error}", path.display())]
    Write { path: PathBuf, error: io::Error },
    #[error("cannot read the job file {}: {error}", path.display())]
    Read { path: PathBuf, error: io::Error },
    #[error("another process uses the job file {}", .0.display())]
    Locked(PathBuf),
    #[error("{} is no job file that can be used: {error}", path.display())]
    Job { path: PathBuf, error: JobError },
    #[error("{} is no job file: it has a line of more than {LINE_BYTES_MAX} bytes", .0.display())]
    LongLine(PathBuf),
}

/// A job file that is this process's alone, until it is dropped.
pub struct JobFile {
    path: PathBuf,
    file: File,
    /// Lines that are not written yet.
    pending: String,
}

impl JobFile {
    /// Makes the file of a job. Whatever happens, it is there as a whole or not at all, and no other
    /// file is overwritten.
    pub fn create(path: &Path, job: &Job) -> Result<JobFile, FileError> {
        let failed = |error| FileError::Write { path: path.to_owned(), error };
        let directory = match path.parent() {
            Some(directory) if directory != Path::new("") => directory,
            Some(_) | None => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        let scratch = builder.prefix(".tidewheel-batch-").append(true).tempfile_in(directory);
        let scratch = scratch.map_err(failed)?;
        lock(scratch.as_file(), path)?;
        let mut writer = BufWriter::new(scratch.as_file());
        for line in job.lines() {
            writer.write_all(line.as_bytes()).map_err(failed)?;
        }
        writer.flush().map_err(failed)?;
        drop(writer);
        scratch.as_file().sync_all().map_err(failed)?;
        let file = scratch.persist_noclobber(path).map_err(|error| {
            let is_there = error.error.kind() == io::ErrorKind::AlreadyExists;
            if is_there { FileError::Exists(path.to_owned()) } else { failed(error.error) }
        })?;
        // The name is to be there after a crash, too.
        File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed)?;
        Ok(JobFile { path: path.to_owned(), file, pending: String::new() })
    }

    /// Opens a file to go on with its job. A line without an end, of a process that was cut, is
    /// removed.
    pub fn open(path: &Path) -> Result<(JobFile, Job), FileError> {
        let read = |error| FileError::Read { path: path.to_owned(), error };
        let file = OpenOptions::new().read(true).append(true).open(path).map_err(read)?;
        lock(&file, path)?;
        let (job, bytes) = parse(&file, path)?;
        let length = file.metadata().map_err(read)?.len();
        if bytes < length {
            let failed = |error| FileError::Write { path: path.to_owned(), error };
            file.set_len(bytes).map_err(failed)?;
        }
        Ok((JobFile { path: path.to_owned(), file, pending: String::new() }, job))
    }

    /// Adds an outcome; it is written with the next [`JobFile::commit`].
    pub fn add(&mut self, record: &Record) {
        self.pending.push_str(&record.line());
    }

    /// Writes what was added, and waits until it is durable. After an error nothing else may be
    /// written: what is on the disk is not known.
    pub fn commit(&mut self) -> Result<(), FileError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let written = self.file.write_all(self.pending.as_bytes());
        let written = written.and_then(|()| self.file.sync_data());
        self.pending.clear();
        written.map_err(|error| FileError::Write { path: self.path.clone(), error })
    }
}

/// Reads a job and whether a process runs it.
pub fn look(path: &Path) -> Result<(Job, bool), FileError> {
    let read = |error| FileError::Read { path: path.to_owned(), error };
    let file = File::open(path).map_err(read)?;
    let is_running = match file.try_lock_shared() {
        Ok(()) => {
            file.unlock().map_err(read)?;
            false
        }
        Err(TryLockError::WouldBlock) => true,
        Err(TryLockError::Error(error)) => return Err(read(error)),
    };
    Ok((parse(&file, path)?.0, is_running))
}

fn lock(file: &File, path: &Path) -> Result<(), FileError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(FileError::Locked(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(FileError::Read { path: path.to_owned(), error }),
    }
}

/// The job, and how many bytes its whole lines have.
fn parse(file: &File, path: &Path) -> Result<(Job, u64), FileError> {
    let wrong = |error| FileError::Job { path: path.to_owned(), error };
    let mut reader = BufReader::new(file);
    let mut reading = Reading::default();
    let mut bytes = 0;
    let mut line = Vec::new();
    loop {
        line.clear();
        let unreadable = |error| FileError::Read { path: path.to_owned(), error };
        // As bytes, since a line that was cut may be cut within a character.
        (&mut reader).take(LINE_BYTES_MAX).read_until(b'\n', &mut line).map_err(unreadable)?;
        let Some(text) = line.strip_suffix(b"\n") else {
            if u64::try_from(line.len()) == Ok(LINE_BYTES_MAX) {
                return Err(FileError::LongLine(path.to_owned()));
            }
            return Ok((reading.end().map_err(wrong)?, bytes));
        };
        bytes += line.len() as u64;
        let text =
            std::str::from_utf8(text).map_err(|error| unreadable(io::Error::other(error)))?;
        reading.line(text).map_err(wrong)?;
    }
}
