//! The master keys, which seal the secrets of access keys: from the environment, from a file that
//! is named, or else from `master.key` in the data directory.
//!
//! Text form: a key on each line, as `name:key`, where the key is 32 bytes in base64 or hexadecimal;
//! the first seals, all of them open. Empty lines and those that begin with `#` are passed over.
//!
//! Invariant: a key is on disk before anything is sealed with it, and a file of keys that others
//! than its owner can read is not used. Nothing here shows a key.

use crate::secret_file::{self, SecretFileError};
use access::identity::{Keyring, KeyringError, MASTER_KEY_BYTES, Secret};
use service::Entropy;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The variable that has the keys themselves.
pub const VARIABLE: &str = "TIDEWHEEL_MASTER_KEY";
/// The file in the data directory, if nothing else is said.
const FILE: &str = "master.key";
/// As what complaints name the file.
const WHAT: &str = "the master key";
/// Bytes of a key's name.
const NAME_BYTES: usize = 4;

/// Where the keys are said to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// The keys themselves.
    pub keys: Option<Secret>,
    /// The file that has them.
    pub file: Option<PathBuf>,
}

/// The keys, and where they are from.
#[derive(Debug)]
pub struct MasterKeys {
    pub keyring: Keyring,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Environment,
    File(PathBuf, Secret),
    /// They were just made, and are nowhere yet.
    New(PathBuf, Secret),
}

/// Why there are no keys. Each text is one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    #[error("{VARIABLE} is no master key: {0}")]
    Variable(KeyringError),
    #[error("cannot {what} the master key {}: {source}", path.display())]
    Io { what: &'static str, path: PathBuf, source: io::Error },
    #[error(transparent)]
    File(#[from] SecretFileError),
    #[error("the master key {}: {source}", path.display())]
    Wrong { path: PathBuf, source: KeyringError },
    #[error(
        "the master key {} is missing, and there are secrets that it has sealed; put it back from \
         where it was kept, or go on without them: tidewheel iam replace-master-key",
        path.display()
    )]
    Missing { path: PathBuf },
    #[error(
        "the master key {} has as many keys as there may be; rotate-master-key --drop-old takes \
         the old ones out",
        path.display()
    )]
    Full { path: PathBuf },
    #[error("the master keys are in {VARIABLE}, which cannot be changed from here")]
    InEnvironment,
}

impl MasterKeys {
    /// Finds the keys. If they are to be in the data directory and are not, new ones are made, which
    /// are nowhere until [`MasterKeys::keep`].
    pub fn find(
        given: &Given,
        data_dir: &Path,
        entropy: &dyn Entropy,
    ) -> Result<MasterKeys, MasterKeyError> {
        if let Some(keys) = &given.keys {
            let keyring = Keyring::parse(keys.expose()).map_err(MasterKeyError::Variable)?;
            return Ok(MasterKeys { keyring, source: Source::Environment });
        }
        let path = given.file.clone().unwrap_or_else(|| data_dir.join(FILE));
        match secret_file::read(WHAT, &path) {
            Ok(text) => {
                let keyring = parse(&path, &text)?;
                Ok(MasterKeys { keyring, source: Source::File(path, text) })
            }
            Err(error) if error.is_absence() && given.file.is_none() => {
                let text = with_new_key("", entropy);
                let keyring = parse(&path, &text)?;
                Ok(MasterKeys { keyring, source: Source::New(path, text) })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Writes new keys to where they will be found. To be called when it is known that nothing was
    /// sealed before, and before anything is.
    pub fn keep(&mut self) -> Result<(), MasterKeyError> {
        if let Source::New(path, text) = &self.source {
            write_new(path, text)?;
            self.source = Source::File(path.clone(), text.clone());
        }
        Ok(())
    }

    /// The same, said where secrets that were sealed before do not open: new keys are none of
    /// theirs.
    pub fn missing(&self) -> Option<MasterKeyError> {
        match &self.source {
            Source::New(path, _) => Some(MasterKeyError::Missing { path: path.clone() }),
            Source::Environment | Source::File(..) => None,
        }
    }

    /// Whether they are where nothing can be changed from here.
    pub fn are_in_environment(&self) -> bool {
        match self.source {
            Source::Environment => true,
            Source::File(..) | Source::New(..) => false,
        }
    }

    /// Puts a new key before those in the file, and gives all of them.
    pub fn add(&mut self, entropy: &dyn Entropy) -> Result<Keyring, MasterKeyError> {
        let (path, text) = self.file()?;
        let text = with_new_key(text.expose(), entropy);
        self.put(path, text).map_err(|error| {
            if let MasterKeyError::Wrong { path, source: KeyringError::TooMany } = error {
                return MasterKeyError::Full { path };
            }
            error
        })
    }

    /// Drops all keys but the first from the file. What is not a key's line stays.
    pub fn drop_old(&mut self) -> Result<Keyring, MasterKeyError> {
        let (path, text) = self.file()?;
        let mut keys = 0;
        let kept = text.expose().lines().filter(|line| {
            let line = line.trim();
            let is_key = !line.is_empty() && !line.starts_with('#');
            keys += usize::from(is_key);
            !is_key || keys == 1
        });
        let kept: Vec<&str> = kept.collect();
        let text = Secret::new(kept.join("\n") + "\n");
        self.put(path, text)
    }

    /// Where the file is, and what is in it.
    fn file(&self) -> Result<(PathBuf, Secret), MasterKeyError> {
        match &self.source {
            Source::Environment => Err(MasterKeyError::InEnvironment),
            Source::File(path, text) | Source::New(path, text) => Ok((path.clone(), text.clone())),
        }
    }

    fn put(&mut self, path: PathBuf, text: Secret) -> Result<Keyring, MasterKeyError> {
        let keyring = parse(&path, &text)?;
        replace(&path, &text)?;
        self.keyring = keyring.clone();
        self.source = Source::File(path, text);
        Ok(keyring)
    }
}

/// The keys in the data directory, if there are any, whatever else is given.
pub fn beside(data_dir: &Path) -> Result<Option<(PathBuf, Keyring)>, MasterKeyError> {
    let path = data_dir.join(FILE);
    match secret_file::read(WHAT, &path) {
        Ok(text) => Ok(Some((path.clone(), parse(&path, &text)?))),
        Err(error) if error.is_absence() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn parse(path: &Path, text: &Secret) -> Result<Keyring, MasterKeyError> {
    Keyring::parse(text.expose())
        .map_err(|source| MasterKeyError::Wrong { path: path.to_owned(), source })
}

/// Keys with a new one before them.
fn with_new_key(text: &str, entropy: &dyn Entropy) -> Secret {
    let mut name = [0; NAME_BYTES];
    entropy.fill(&mut name);
    let name: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut key = [0; MASTER_KEY_BYTES];
    entropy.fill(&mut key);
    let line = Keyring::line(&name, &key);
    Secret::new(format!("{}\n{text}", line.expose()))
}

fn io_error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> MasterKeyError {
    move |source| MasterKeyError::Io { what, path: path.to_owned(), source }
}

/// Makes a file of keys that nobody else can read, where there is none.
fn write_new(path: &Path, text: &Secret) -> Result<(), MasterKeyError> {
    let error = |source| io_error("write", path)(source);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file = options.open(path).map_err(error)?;
    file.write_all(text.expose().as_bytes()).and_then(|()| file.sync_all()).map_err(error)?;
    sync_directory(path).map_err(error)
}

/// Puts another file in the place of one, so that one of them is there at any time.
fn replace(path: &Path, text: &Secret) -> Result<(), MasterKeyError> {
    // A link stays one: it may be how the file is found from elsewhere.
    let path = &std::fs::canonicalize(path).map_err(io_error("find", path))?;
    let mut new = path.clone().into_os_string();
    new.push(".new");
    let new = PathBuf::from(new);
    match std::fs::remove_file(&new) {
        Ok(()) => (), // The rest of an attempt that was interrupted.
        Err(error) if error.kind() == io::ErrorKind::NotFound => (),
        Err(source) => return Err(io_error("replace", &new)(source)),
    }
    write_new(&new, text)?;
    std::fs::rename(&new, path).map_err(io_error("replace", path))?;
    sync_directory(path).map_err(io_error("replace", path))
}

/// Makes a new name durable.
fn sync_directory(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if parent != Path::new("") => File::open(parent)?.sync_all(),
        Some(_) | None => File::open(".")?.sync_all(),
    }
}

#[cfg(test)]
mod tests;
