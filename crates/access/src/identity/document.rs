//! The identities as one declarative document: what a file says that there is.
//!
//! Whoever reads the file gives it here as a [`Document`], and the secrets that it only refers to.
//! What the document says of something that it names is all that is true of it: policies,
//! attachments, groups, tags and boundaries that it does not mention are taken away. What it does
//! not name at all stays, unless it is to be pruned; then each account that it names has nothing
//! else. Accounts that it does not name are left alone, and so are the keys of accounts' roots.

use super::record::KeyStatus;
use super::sealing::Secret;
use crate::policy::Node;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Document {
    /// The accounts.
    pub account: Vec<AccountEntry>,
}

/// An account and what is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountEntry {
    /// Twelve digits.
    pub id: String,
    /// For people. It is given when the account is made, and stays.
    #[serde(default)]
    pub name: Option<String>,
    /// Managed policies.
    #[serde(default)]
    pub policy: Vec<PolicyEntry>,
    /// Groups.
    #[serde(default)]
    pub group: Vec<GroupEntry>,
    /// Users.
    #[serde(default)]
    pub user: Vec<UserEntry>,
    /// Roles.
    #[serde(default)]
    pub role: Vec<RoleEntry>,
    /// Keys of the account's root.
    #[serde(default)]
    pub root_key: Vec<KeyEntry>,
}

/// A managed policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyEntry {
    /// Its name.
    pub name: String,
    /// Its path, or else `/`.
    #[serde(default)]
    pub path: Option<String>,
    /// What it says.
    #[serde(deserialize_with = "document_text")]
    pub document: Arc<str>,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupEntry {
    /// Its name.
    pub name: String,
    /// Its path, or else `/`.
    #[serde(default)]
    pub path: Option<String>,
    /// Its inline policies.
    #[serde(default, deserialize_with = "document_texts")]
    pub policies: BTreeMap<String, Arc<str>>,
    /// Managed policies of the account, by name or by resource name.
    #[serde(default)]
    pub attached: Vec<String>,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserEntry {
    /// Its name.
    pub name: String,
    /// Its path, or else `/`.
    #[serde(default)]
    pub path: Option<String>,
    /// Its tags.
    #[serde(default, deserialize_with = "once_each")]
    pub tags: BTreeMap<String, String>,
    /// Its inline policies.
    #[serde(default, deserialize_with = "document_texts")]
    pub policies: BTreeMap<String, Arc<str>>,
    /// Managed policies of the account, by name or by resource name.
    #[serde(default)]
    pub attached: Vec<String>,
    /// The managed policy that bounds it, likewise.
    #[serde(default)]
    pub boundary: Option<String>,
    /// Its groups, by name.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Its access keys. Others that it has stay, unless they are to be pruned.
    #[serde(default)]
    pub key: Vec<KeyEntry>,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleEntry {
    /// Its name.
    pub name: String,
    /// Its path, or else `/`.
    #[serde(default)]
    pub path: Option<String>,
    /// For people.
    #[serde(default)]
    pub description: String,
    /// Who may assume it.
    #[serde(deserialize_with = "document_text")]
    pub trust: Arc<str>,
    /// The longest that a session may be asked to last, or else an hour.
    #[serde(default)]
    pub max_session_duration: Option<u32>,
    /// Its tags.
    #[serde(default, deserialize_with = "once_each")]
    pub tags: BTreeMap<String, String>,
    /// Its inline policies.
    #[serde(default, deserialize_with = "document_texts")]
    pub policies: BTreeMap<String, Arc<str>>,
    /// Managed policies of the account, by name or by resource name.
    #[serde(default)]
    pub attached: Vec<String>,
    /// The managed policy that bounds it, likewise.
    #[serde(default)]
    pub boundary: Option<String>,
}

/// An access key. Its secret is given in one of three ways.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyEntry {
    /// Its id.
    pub id: String,
    /// The secret itself.
    #[serde(default)]
    pub secret: Option<Secret>,
    /// The environment variable that has it.
    #[serde(default)]
    pub secret_from_env: Option<String>,
    /// The file that has it.
    #[serde(default)]
    pub secret_from_file: Option<String>,
    /// Whether it is accepted.
    #[serde(default)]
    pub status: Option<KeyStatus>,
}

/// Where a secret is to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretSource<'a> {
    /// In an environment variable of that name.
    Environment(&'a str),
    /// In a file of that name.
    File(&'a str),
}

/// Why a key has no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError<E> {
    /// It is given in no way, or in several.
    #[error("the access key {0} needs one of secret, secret_from_env and secret_from_file")]
    Ways(String),
    /// It could not be had.
    #[error("the secret of the access key {0}: {1}")]
    Source(String, E),
}

impl Document {
    /// Whether there are secrets in it, and not only where they are.
    pub fn has_secrets(&self) -> bool {
        let of_users = |account: &AccountEntry| {
            account.user.iter().flat_map(|user| &user.key).any(|key| key.secret.is_some())
        };
        let of_root = |account: &AccountEntry| account.root_key.iter().any(|k| k.secret.is_some());
        self.account.iter().any(|account| of_users(account) || of_root(account))
    }

    /// Gets the secrets that the document only refers to.
    pub fn resolve<E>(
        &mut self,
        mut read: impl FnMut(SecretSource<'_>) -> Result<Secret, E>,
    ) -> Result<(), SecretError<E>> {
        for account in &mut self.account {
            let users = account.user.iter_mut().flat_map(|user| &mut user.key);
            for key in users.chain(&mut account.root_key) {
                let source = match (&key.secret, &key.secret_from_env, &key.secret_from_file) {
                    (Some(_), None, None) => continue,
                    (None, Some(name), None) => SecretSource::Environment(name),
                    (None, None, Some(name)) => SecretSource::File(name),
                    _ => return Err(SecretError::Ways(key.id.clone())),
                };
                let secret = read(source).map_err(|e| SecretError::Source(key.id.clone(), e))?;
                key.secret = Some(secret);
                (key.secret_from_env, key.secret_from_file) = (None, None);
            }
        }
        Ok(())
    }
}

/// A policy as a text of JSON, or written out in the form of the file. What is written out twice
/// stays so, for whoever reads the policy to refuse it.
fn document_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<str>, D::Error> {
    Ok(Written::deserialize(deserializer)?.0)
}

fn document_texts<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Arc<str>>, D::Error> {
    let written = once_each::<Written, D>(deserializer)?;
    Ok(written.into_iter().map(|(name, Written(text))| (name, text)).collect())
}

struct Written(Arc<str>);

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Written, D::Error> {
        match Node::deserialize(deserializer)? {
            Node::Text(text) => Ok(Written(text.into())),
            object @ Node::Object(_) => Ok(Written(object.to_string().into())),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::List(_) => {
                Err(D::Error::custom("a policy is a text or written out"))
            }
        }
    }
}

/// A map of which no key is given twice: of two, nobody could say which is meant.
fn once_each<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, T>, D::Error> {
    deserializer.deserialize_map(OnceEach(PhantomData))
}

struct OnceEach<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OnceEach<T> {
    type Value = BTreeMap<String, T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<BTreeMap<String, T>, A::Error> {
        let mut entries = BTreeMap::new();
        while let Some((key, value)) = map.next_entry::<String, T>()? {
            if let Some((key, _)) = entries.get_key_value(&key) {
                return Err(A::Error::custom(format_args!("{key} is given twice")));
            }
            entries.insert(key, value);
        }
        Ok(entries)
    }
}
