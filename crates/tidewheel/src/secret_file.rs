//! Files that hold secrets: those that others than their owner can read are not used.

use access::identity::Secret;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What others than its owner must not be able to do with the file: anything at all.
const ACCESS_REFUSED: u32 = 0o077;
/// The longest file that is read, in bytes: far more than anybody's secrets.
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
    #[error("{what} {} is longer than {FILE_BYTES_MAX} bytes", path.display())]
    TooLong { what: &'static str, path: PathBuf },
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
    let unreadable = |source| SecretFileError::Unreadable { what, path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    // Asked of what was opened: the name may stand for something else by now.
    check(what, path, &file.metadata().map_err(unreadable)?)?;
    let mut text = String::new();
    let read = file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text);
    let text = Secret::new(text);
    read.map_err(unreadable)?;
    match u64::try_from(text.expose().len()) {
        Ok(length) if length <= FILE_BYTES_MAX => Ok(text),
        Ok(_) | Err(_) => Err(SecretFileError::TooLong { what, path: path.to_owned() }),
    }
}

fn check(what: &'static str, path: &Path, found: &Metadata) -> Result<(), SecretFileError> {
    let path = || path.to_owned();
    if !found.is_file() {
        return Err(SecretFileError::NoFile { what, path: path() });
    }
    let mode = found.mode() & 0o777;
    if mode & ACCESS_REFUSED != 0 {
        return Err(SecretFileError::Access { what, path: path(), mode });
    }
    let owner = found.uid();
    if owner != ROOT && owner != rustix::process::geteuid().as_raw() {
        return Err(SecretFileError::Owner { what, path: path(), owner });
    }
    Ok(())
}
