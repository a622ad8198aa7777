//! The credentials that calls of functions are signed with, from a file such as AWS's tools write.
//!
//! They may be short-lived: whoever renews them replaces the file, and the next call is signed with
//! what it has by then. All of them are in one file, since they change together. Invariant: a file
//! that others than its owner can read is not used, and nothing here shows a secret.

use crate::secret_file::{self, SecretFileError};
use crate::stamp::Stamp;
use access::identity::Secret;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// As what complaints name the file.
const WHAT: &str = "the credentials";
/// The section that is read; what stands before any section is read, too.
const SECTION: &str = "[default]";

/// An access key, perhaps with the token of a session.
#[derive(Debug, PartialEq, Eq)]
pub struct Credentials {
    pub access_key_id: String,
    pub secret_access_key: Secret,
    pub session_token: Option<Secret>,
}

/// Why there are none. Each text is one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    #[error(transparent)]
    File(#[from] SecretFileError),
    #[error("the credentials {}: {source}", path.display())]
    Wrong { path: PathBuf, source: WrongCredentials },
}

/// What is wrong with a text of credentials. Says nothing of what stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongCredentials {
    #[error("line {0} is no section, such as [default], and no value, such as name = value")]
    Line(usize),
    #[error("{0} is there twice")]
    Twice(&'static str),
    #[error("{0} has characters that no request can carry")]
    Characters(&'static str),
    #[error("there is no {0} in it, or not in [default]")]
    Missing(&'static str),
}

const NAMES: [&str; 3] = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"];

impl Credentials {
    fn parse(text: &str) -> Result<Credentials, WrongCredentials> {
        let mut found: [Option<&str>; NAMES.len()] = [None; NAMES.len()];
        let mut is_read = true;
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            if line.starts_with('[') && line.ends_with(']') {
                is_read = line == SECTION;
                continue;
            }
            let pair = line.split_once('=').ok_or(WrongCredentials::Line(index + 1))?;
            let (name, value) = (pair.0.trim(), pair.1.trim());
            // Others' values, such as a region, may stand beside.
            let known = NAMES.iter().position(|known| known.eq_ignore_ascii_case(name));
            let Some(known) = known.filter(|_| is_read) else { continue };
            if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(WrongCredentials::Characters(NAMES[known]));
            }
            if found[known].replace(value).is_some() {
                return Err(WrongCredentials::Twice(NAMES[known]));
            }
        }
        let [id, secret, token] = found.map(|value| value.filter(|value| !value.is_empty()));
        Ok(Credentials {
            access_key_id: id.ok_or(WrongCredentials::Missing(NAMES[0]))?.to_owned(),
            secret_access_key: secret
                .map(|secret| Secret::new(secret.to_owned()))
                .ok_or(WrongCredentials::Missing(NAMES[1]))?,
            session_token: token.map(|token| Secret::new(token.to_owned())),
        })
    }
}

/// A file of credentials, and what was last found in it.
#[derive(Debug)]
pub struct CredentialsFile {
    path: PathBuf,
    found: Mutex<Found>,
}

#[derive(Debug)]
struct Found {
    /// The file as it was when it was last read, with success or without.
    stamp: Option<Stamp>,
    credentials: Arc<Credentials>,
}

impl CredentialsFile {
    pub fn open(path: &Path) -> Result<CredentialsFile, CredentialsError> {
        // Taken before: what is written meanwhile has another stamp.
        let stamp = stamp(path);
        let found = Mutex::new(Found { stamp, credentials: Arc::new(read(path)?) });
        Ok(CredentialsFile { path: path.to_owned(), found })
    }

    /// What the file has by now; what it had, if it cannot be used any more. Reads, and so may block.
    pub fn current(&self) -> Arc<Credentials> {
        let mut found = self.found.lock().expect("no holder panics");
        let now = stamp(&self.path);
        if now != found.stamp {
            found.stamp = now;
            match read(&self.path) {
                Ok(credentials) => {
                    tracing::info!("the credentials for functions were read again");
                    found.credentials = Arc::new(credentials);
                }
                Err(error) => {
                    tracing::error!(%error, "functions are called with the credentials from before");
                }
            }
        }
        found.credentials.clone()
    }
}

/// None if there is no file.
fn stamp(path: &Path) -> Option<Stamp> {
    std::fs::metadata(path).ok().as_ref().map(Stamp::of)
}

fn read(path: &Path) -> Result<Credentials, CredentialsError> {
    let text = secret_file::read(WHAT, path)?;
    Credentials::parse(text.expose())
        .map_err(|source| CredentialsError::Wrong { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    fn credentials(token: Option<&str>) -> Credentials {
        Credentials {
            access_key_id: "AKID".to_owned(),
            secret_access_key: Secret::new("s/e+c=".to_owned()),
            session_token: token.map(|token| Secret::new(token.to_owned())),
        }
    }

    const PLAIN: &str = "aws_access_key_id=AKID\naws_secret_access_key=s/e+c=\n";

    #[test]
    fn texts_of_credentials() {
        for (text, token) in [
            (PLAIN.to_owned(), None),
            (format!("# of mine\n; too\n\n[default]\nregion = x y\n{PLAIN}"), None),
            (format!("{PLAIN}AWS_SESSION_TOKEN = tok==\n"), Some("tok==")),
            (format!("{PLAIN}aws_session_token =\n"), None),
            (format!("[other]\naws_access_key_id = B\n[default]\n{PLAIN}[last]\n{PLAIN}"), None),
        ] {
            assert_eq!(Credentials::parse(&text), Ok(credentials(token)), "{text}");
        }
        use WrongCredentials::{Characters, Line, Missing, Twice};
        for (text, expected) in [
            (String::new(), Missing("aws_access_key_id")),
            (format!("[other]\n{PLAIN}"), Missing("aws_access_key_id")),
            ("aws_access_key_id = AKID".to_owned(), Missing("aws_secret_access_key")),
            ("aws_access_key_id = AKID\naws_secret_access_key =".to_owned(), Missing(NAMES[1])),
            (format!("{PLAIN}canary"), Line(3)),
            (format!("{PLAIN}{PLAIN}"), Twice("aws_access_key_id")),
            (format!("{PLAIN}aws_session_token = canary canary"), Characters("aws_session_token")),
            (format!("{PLAIN}aws_session_token = canarü"), Characters("aws_session_token")),
        ] {
            let error = Credentials::parse(&text).expect_err("it is wrong");
            assert_eq!(error, expected, "{text}");
            assert!(!format!("{error} {error:?}").contains("canar"), "{error}");
        }
        assert!(!format!("{:?}", credentials(Some("tok"))).contains("s/e+c="));
    }

    fn put(path: &Path, text: &str, mode: u32) {
        // In the place of the old one, as those do it who renew credentials.
        let new = path.with_extension("new");
        std::fs::write(&new, text).expect("the scratch directory is ours");
        std::fs::set_permissions(&new, Permissions::from_mode(mode)).expect("it is ours");
        std::fs::rename(&new, path).expect("it is ours");
    }

    #[test]
    fn a_file_is_read_again_when_it_has_changed() {
        let dir = tempfile::tempdir().expect("a scratch directory");
        let path = dir.path().join("credentials");
        let error = CredentialsFile::open(&path).expect_err("it is not there");
        assert!(error.to_string().starts_with("cannot read the credentials "), "{error}");
        put(&path, PLAIN, 0o640);
        let error = CredentialsFile::open(&path).expect_err("others can read it");
        assert!(matches!(error, CredentialsError::File(SecretFileError::Access { .. })));
        put(&path, "canary", 0o600);
        let error = CredentialsFile::open(&path).expect_err("it has none");
        assert!(matches!(error, CredentialsError::Wrong { .. }));
        put(&path, PLAIN, 0o600);
        let file = CredentialsFile::open(&path).expect("it is right");
        assert_eq!(*file.current(), credentials(None));
        put(&path, &format!("{PLAIN}aws_session_token = new"), 0o600);
        assert_eq!(*file.current(), credentials(Some("new")));
        // What cannot be used is not, and the next that can be is.
        put(&path, PLAIN, 0o644);
        assert_eq!(*file.current(), credentials(Some("new")));
        std::fs::remove_file(&path).expect("it is ours");
        assert_eq!(*file.current(), credentials(Some("new")));
        put(&path, PLAIN, 0o600);
        assert_eq!(*file.current(), credentials(None));
    }
}
