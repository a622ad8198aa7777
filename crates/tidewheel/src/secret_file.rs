//! Files that hold secrets: those that others than their owner can read are not used.

use access::identity::Secret;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What others than its owner must not be able to do with the file: anything at all.
const ACCESS_REFUSED: u32 = 0o077;
/// The longest file of secrets alone that is read, in bytes: far more than anybody's.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// The administrator, whose files everybody has to trust.
const ROOT: u32 = 0;

/// Why a file is not used. `what` says what it holds. Each text is one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    #[error("cannot read {what} {}: {source}", path.display())]
    Unreadable { what: &'static str, path: PathBuf, source: io::Error },
    #[error("{what} {} is not a plain file", path.display())]
    NoFile { what: &'static str, path: PathBuf },
    #[error("{what} {} is longer than {bytes_max} bytes", path.display())]
    TooLong { what: &'static str, path: PathBuf, bytes_max: u64 },
    #[error(
        "others than its owner have access to {what} {} (mode {mode:03o}); chmod 600 takes it from \
         them",
        path.display()
    )]
    Access { what: &'static str, path: PathBuf, mode: u32 },
    #[error(
        "{what} {} belongs to another user (uid {owner}), who could put another one in its place; \
         chown it",
        path.display()
    )]
    Owner { what: &'static str, path: PathBuf, owner: u32 },
}

impl SecretFileError {
    /// Whether there is no such file.
    pub fn is_absence(&self) -> bool {
        match self {
            SecretFileError::Unreadable { source, .. } => source.kind() == io::ErrorKind::NotFound,
            SecretFileError::NoFile { .. }
            | SecretFileError::TooLong { .. }
            | SecretFileError::Access { .. }
            | SecretFileError::Owner { .. } => false,
        }
    }
}

/// Reads a file of secrets, if nobody but its owner can. What a link leads to is looked at, and not
/// the link: secrets are mounted as links into directories that change as a whole.
pub fn read(what: &'static str, path: &Path) -> Result<Secret, SecretFileError> {
    let file = SecretFile::open(what, path)?;
    if !file.found.is_file() {
        return Err(SecretFileError::NoFile { what, path: path.to_owned() });
    }
    file.check()?;
    file.text(FILE_BYTES_MAX)
}

/// An open file, for those who know only when they have read it whether there are secrets in it.
#[derive(Debug)]
pub struct SecretFile<'a> {
    what: &'static str,
    path: &'a Path,
    file: File,
    /// Asked of what was opened: the name may stand for something else by now.
    found: Metadata,
}

impl<'a> SecretFile<'a> {
    /// Opens a file, or a pipe: that of a program which opens what is sealed, for instance.
    pub fn open(what: &'static str, path: &'a Path) -> Result<SecretFile<'a>, SecretFileError> {
        let unreadable =
            |source| SecretFileError::Unreadable { what, path: path.to_owned(), source };
        let file = File::open(path).map_err(unreadable)?;
        let found = file.metadata().map_err(unreadable)?;
        Ok(SecretFile { what, path, file, found })
    }

    /// Refuses what others than its owner have access to.
    pub fn check(&self) -> Result<(), SecretFileError> {
        let what = self.what;
        let path = || self.path.to_owned();
        let mode = self.found.mode() & 0o777;
        if mode & ACCESS_REFUSED != 0 {
            return Err(SecretFileError::Access { what, path: path(), mode });
        }
        let owner = self.found.uid();
        if owner != ROOT && owner != rustix::process::geteuid().as_raw() {
            return Err(SecretFileError::Owner { what, path: path(), owner });
        }
        Ok(())
    }

    /// What is in it from where it was read to, `bytes_max` bytes at most.
    pub fn text(&self, bytes_max: u64) -> Result<Secret, SecretFileError> {
        let (what, path) = (self.what, || self.path.to_owned());
        let mut text = String::new();
        let read = (&self.file).take(bytes_max + 1).read_to_string(&mut text);
        let text = Secret::new(text);
        read.map_err(|source| SecretFileError::Unreadable { what, path: path(), source })?;
        match u64::try_from(text.expose().len()) {
            Ok(length) if length <= bytes_max => Ok(text),
            Ok(_) | Err(_) => Err(SecretFileError::TooLong { what, path: path(), bytes_max }),
        }
    }
}
