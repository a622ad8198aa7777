//! Identities around the server: its first key, and the file that describes them.
//!
//! The file is TOML in the form of [`Document`]; see docs/iam.md. A policy may be a text of JSON, a
//! table, or `file://` and a path that is relative to the file.

use crate::master_key::{MasterKeyError, MasterKeys};
use crate::secret_file::{self, SecretFile, SecretFileError};
use crate::settings::Settings;
use access::ACCOUNT;
use access::identity::{
    CreateAccessKey, CreateAccount, DeleteAccessKey, Document, IdentityReply, IdentityRequest,
    ImportIdentities, ImportStepView, Secret, SecretError, SecretSource,
};
use server::Administration;
use service::{Asking, Clock, Entropy, Identities, IdentitiesError, IdentityError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::Store;
use wire::Timestamp;

/// What begins the name of a policy's file.
const FILE_PREFIX: &str = "file://";
/// As what complaints name the file, and one that it has a secret from.
const WHAT: &str = "the file of identities";
const WHAT_OF_SECRET: &str = "the file";
/// The longest file of identities that is read, in bytes: far more than the quotas of an account take.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Where all that is not of a region is asked for.
const REGION: &str = "us-east-1";

/// A file that describes identities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentitiesFile(pub PathBuf);

/// Why the file says nothing.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    #[error(transparent)]
    File(SecretFileError),
    #[error("{0}, or have its secrets elsewhere: secret_from_file, secret_from_env")]
    Open(SecretFileError),
    #[error("{}: {text}", path.display())]
    Malformed { path: PathBuf, text: String },
    #[error("{}: {source}", path.display())]
    Secret { path: PathBuf, source: SecretError<SourceError> },
    #[error("{}: {entry}: cannot read {}: {source}", path.display(), policy.display())]
    Policy { path: PathBuf, entry: String, policy: PathBuf, source: io::Error },
}

/// Why a secret cannot be had from where the file says that it is.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error("the variable {0} is not set")]
    Variable(String),
    #[error(transparent)]
    File(#[from] SecretFileError),
}

/// Why the identities are not what the file says. They are what they were.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    Document(#[from] DocumentError),
    #[error("{}: {source}", path.display())]
    Identity { path: PathBuf, source: IdentityError },
}

/// Why a server has no identities.
#[derive(Debug, thiserror::Error)]
pub enum OpenIdentitiesError {
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    #[error("cannot start on the data directory: {0}")]
    Identities(#[from] IdentitiesError),
    #[error("cannot start with the file of identities: {0}")]
    Import(#[from] ImportError),
}

impl OpenIdentitiesError {
    /// Whether what is wrong is the file of identities or the master keys.
    pub fn is_of_a_named_file(&self) -> bool {
        match self {
            OpenIdentitiesError::MasterKey(_)
            | OpenIdentitiesError::Identities(IdentitiesError::Sealed { .. })
            | OpenIdentitiesError::Import(ImportError::Document(_))
            | OpenIdentitiesError::Import(ImportError::Identity {
                source: IdentityError::Refused(_),
                ..
            }) => true,
            OpenIdentitiesError::Identities(
                IdentitiesError::Store(_)
                | IdentitiesError::Damaged(_)
                | IdentitiesError::Unreadable(_),
            )
            | OpenIdentitiesError::Import(ImportError::Identity {
                source: IdentityError::Unavailable,
                ..
            }) => false,
        }
    }
}

/// Whoever administers the data directory itself.
pub fn administrator(account: &str) -> Asking<'_> {
    Asking { account, caller: None, origin: None, region: REGION, short_secrets: false }
}

impl IdentitiesFile {
    /// Reads the file, and all that it refers to. `variable` reads the environment.
    pub fn read(
        &self,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Document, DocumentError> {
        let path = || self.0.clone();
        let file = SecretFile::open(WHAT, &self.0).map_err(DocumentError::File)?;
        let text = file.text(FILE_BYTES_MAX).map_err(DocumentError::File)?;
        let text = text.expose();
        let mut document: Document = toml::from_str(text).map_err(|error| {
            let text = without_values(crate::settings::toml_error(text, &error));
            DocumentError::Malformed { path: path(), text }
        })?;
        // Without secrets in it, it may lie where everybody reads it.
        if document.has_secrets() {
            file.check().map_err(DocumentError::Open)?;
        }
        let near = |name: &str| match self.0.parent() {
            Some(parent) => parent.join(name),
            None => PathBuf::from(name),
        };
        let secret = |source: SecretSource<'_>| match source {
            SecretSource::Environment(name) => {
                let value = variable(name).filter(|value| !value.is_empty());
                value.map(Secret::new).ok_or_else(|| SourceError::Variable(name.to_owned()))
            }
            SecretSource::File(name) => {
                let text = secret_file::read(WHAT_OF_SECRET, &near(name))?;
                Ok(Secret::new(text.expose().trim_end_matches(['\r', '\n']).to_owned()))
            }
        };
        document
            .resolve(secret)
            .map_err(|source| DocumentError::Secret { path: path(), source })?;
        for (entry, policy) in policies(&mut document) {
            let Some(name) = policy.strip_prefix(FILE_PREFIX) else { continue };
            let named = near(name);
            *policy = std::fs::read_to_string(&named)
                .map_err(|source| DocumentError::Policy {
                    path: path(),
                    entry,
                    policy: named,
                    source,
                })?
                .into();
        }
        Ok(document)
    }

    /// The same, with the environment of the process.
    pub fn read_here(&self) -> Result<Document, DocumentError> {
        self.read(&|name| std::env::var(name).ok())
    }

    /// Makes the identities what was read in the file, all of it or nothing, and says what that
    /// took. What the file does not name stays.
    pub fn apply(
        &self,
        document: Document,
        identities: &mut Identities,
        now: Timestamp,
    ) -> Result<Vec<ImportStepView>, ImportError> {
        let request: IdentityRequest =
            ImportIdentities { document, prune: false, dry_run: false }.into();
        let reply = identities
            .handle(&request, &administrator(ACCOUNT), now)
            .map_err(|source| ImportError::Identity { path: self.0.clone(), source })?;
        let IdentityReply::Imported { steps, skipped_keys } = reply else {
            panic!("an import is answered as one, not with {reply:?}");
        };
        for skipped in skipped_keys {
            let (owner, key) = (skipped.owner, skipped.access_key_id);
            tracing::warn!(
                file = %self.0.display(),
                owner,
                key,
                "an access key of the file was deleted and stays so; take it out of the file"
            );
        }
        for warning in request.warnings(None) {
            let warning = warning.to_string();
            let warning = warning.as_str();
            tracing::warn!(file = %self.0.display(), warning, "a policy has what matches nothing");
        }
        Ok(steps)
    }
}

/// A value of a wrong type may be a secret that somebody wrote without quotation marks.
fn without_values(message: String) -> String {
    match (message.find("invalid type: "), message.find(", expected ")) {
        (Some(from), Some(to)) if from < to => {
            format!("{}a value of a wrong type{}", &message[..from], &message[to..])
        }
        _ => message,
    }
}

/// All policies of a document, each with whose it is.
fn policies(document: &mut Document) -> impl Iterator<Item = (String, &mut Arc<str>)> {
    document.account.iter_mut().flat_map(|account| {
        let managed = account
            .policy
            .iter_mut()
            .map(|policy| (format!("policy {}", policy.name), &mut policy.document));
        let of_groups = account.group.iter_mut().flat_map(|group| {
            let name = &group.name;
            let named = move |policy: &str| format!("policy {policy} of group {name}");
            group.policies.iter_mut().map(move |(policy, text)| (named(policy), text))
        });
        let of_users = account.user.iter_mut().flat_map(|user| {
            let name = &user.name;
            let named = move |policy: &str| format!("policy {policy} of user {name}");
            user.policies.iter_mut().map(move |(policy, text)| (named(policy), text))
        });
        let of_roles = account.role.iter_mut().flat_map(|role| {
            let name = &role.name;
            let named = move |policy: &str| format!("policy {policy} of role {name}");
            let inline = role.policies.iter_mut().map(move |(policy, text)| (named(policy), text));
            inline.chain([(format!("trust of role {name}"), &mut role.trust)])
        });
        managed.chain(of_groups).chain(of_users).chain(of_roles)
    })
}

/// Reads the file again while the server runs. One that is bad changes nothing and says so. Whoever
/// administers identities waits for what the file changes, and not for the disk that it is on.
pub fn reload_identities(file: &IdentitiesFile, administration: &Administration, now: Timestamp) {
    let applied = file.read_here().map_err(ImportError::from).and_then(|document| {
        administration.with(|identities| file.apply(document, identities, now))
    });
    match applied {
        Ok(steps) if steps.is_empty() => {
            tracing::info!("the identities are as their file says, as before");
        }
        Ok(steps) => {
            let changes = steps.len();
            tracing::info!(changes, "the identities are as their file says");
            for step in steps {
                let (operation, resource) = (step.operation, step.resource.as_str());
                let about = step.about.as_deref();
                tracing::info!(operation, resource, about, "changed");
            }
        }
        Err(error) => {
            tracing::error!(%error, "the identities stay as they were; the new file is not used");
        }
    }
}

/// Makes the first account, if there is none.
pub fn first_account(identities: &mut Identities, now: Timestamp) -> Result<(), IdentityError> {
    if identities.reader().directory().accounts().next().is_some() {
        return Ok(());
    }
    let account_id = ACCOUNT.to_owned();
    let request = CreateAccount { account_id, account_name: None }.into();
    identities.handle(&request, &administrator(ACCOUNT), now)?;
    Ok(())
}

/// Opens the identities of a server, and makes them what their file says, if there is one.
pub fn open(
    settings: &Settings,
    data_dir: &Path,
    store: Arc<dyn Store>,
    entropy: Arc<dyn Entropy>,
    clock: Arc<dyn Clock>,
) -> Result<Administration, OpenIdentitiesError> {
    let mut master_keys = MasterKeys::find(&settings.master_keys, data_dir, &*entropy)?;
    let keyring = master_keys.keyring.clone();
    let owner = format!("process {}", std::process::id());
    let now = clock.now();
    let mut identities =
        Identities::open(&owner, store, entropy, keyring, now).map_err(|error| {
            // New keys open nothing that was sealed: then those that did it are missing.
            match (&error, master_keys.missing()) {
                (IdentitiesError::Sealed { .. }, Some(missing)) => missing.into(),
                (
                    IdentitiesError::Sealed { .. }
                    | IdentitiesError::Store(_)
                    | IdentitiesError::Damaged(_)
                    | IdentitiesError::Unreadable(_),
                    _,
                ) => OpenIdentitiesError::Identities(error),
            }
        })?;
    master_keys.keep()?;
    if let Some(file) = &settings.identities {
        let document = file.read_here().map_err(ImportError::from)?;
        let steps = file.apply(document, &mut identities, now)?;
        tracing::info!(changes = steps.len(), "the identities are as their file says");
    }
    Ok(Administration::new(identities, clock))
}

/// The key of the root that a server makes for those who start it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstKey {
    /// What is to be printed, once and on standard output alone.
    pub text: Secret,
    id: Arc<str>,
}

/// A server that nobody could get into: makes the first account a key of its root. Nothing, if
/// there is any key at all.
pub fn first_root_key(
    identities: &mut Identities,
    now: Timestamp,
) -> Result<Option<FirstKey>, IdentityError> {
    first_account(identities, now)?;
    if identities.reader().directory().keys().next().is_some() {
        return Ok(None);
    }
    let request: IdentityRequest = CreateAccessKey { user_name: None, root: true }.into();
    let reply = identities.handle(&request, &administrator(ACCOUNT), now)?;
    let IdentityReply::NewKey { access_key } = reply else {
        panic!("a new key is answered as one, not with {reply:?}");
    };
    let text = Secret::new(format!(
        "No access key is known yet, so here is one of the root of account {ACCOUNT}.\n\
         It may do everything, and its secret is not shown again:\n\
         \n    \
         export AWS_ACCESS_KEY_ID={}\n    \
         export AWS_SECRET_ACCESS_KEY={}\n\
         \n\
         Make users with it (tidewheel iam create-user), and then put it away.\n",
        access_key.access_key_id,
        access_key.secret_access_key.expose()
    ));
    Ok(Some(FirstKey { text, id: access_key.access_key_id }))
}

/// Takes back a key that nobody has seen, so that the next start makes another.
pub fn withdraw(
    key: &FirstKey,
    identities: &mut Identities,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let access_key_id = key.id.to_string();
    let request = DeleteAccessKey { user_name: None, root: true, access_key_id }.into();
    identities.handle(&request, &administrator(ACCOUNT), now).map(|_| ())
}

#[cfg(test)]
mod tests;
