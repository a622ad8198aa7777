//! From what there is to what a document says that there is: the operations that lead there.
//!
//! Invariant: once they have been carried out, the same document asks for none.

use super::change::Change;
use super::directory::{Directory, Unreadable};
use super::document::{AccountEntry, Document, GroupEntry, KeyEntry, RoleEntry, UserEntry};
use super::fault::IdentityFault;
use super::limits;
use super::record::{Documents, Folded, KeyOwner, KeyStatus, Tags};
use super::request::*;
use super::resolve::open_key;
use super::sealing::{Keyring, OpenError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What becomes of what a document does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unnamed {
    /// It stays.
    Kept,
    /// It is deleted from the accounts that the document names; only the keys of their roots stay.
    Pruned,
}

/// An operation and the account that it acts in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// In which account.
    pub account: Arc<str>,
    /// What is asked for.
    pub request: IdentityRequest,
}

/// Why a document cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Something is named twice.
    #[error("the document names the {what} {name} twice")]
    Twice {
        /// What it is.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// A path cannot be changed.
    #[error("the {what} {name} has the path {path}, which cannot be changed: delete it first")]
    Path {
        /// What it is.
        what: &'static str,
        /// Its name.
        name: String,
        /// The path that it has.
        path: Arc<str>,
    },
    /// A managed policy that neither the document nor the account has.
    #[error("there is no policy {0} in the account")]
    UnknownPolicy(String),
    /// A key whose secret is not there: [`Document::resolve`] was not called.
    #[error("the access key {0} has no secret")]
    NoSecret(String),
    /// A secret that is there cannot be compared.
    #[error("the secret of the access key {0} cannot be opened: {1}")]
    Sealed(Arc<str>, OpenError),
    /// An operation was refused.
    #[error("{operation} in account {account}: {fault}")]
    Refused {
        /// The account.
        account: Arc<str>,
        /// The operation.
        operation: &'static str,
        /// Why.
        fault: IdentityFault,
    },
    /// A change made no sense.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl Document {
    /// The operations that make `directory` what the document says. None, if it is that already.
    pub fn plan(
        &self,
        directory: &Directory,
        keyring: &Keyring,
        unnamed: Unnamed,
    ) -> Result<Vec<Step>, PlanError> {
        twice("account", self.account.iter().map(|account| account.id.as_str()))?;
        let mut steps = Steps::default();
        for entry in &self.account {
            let planner = Planner {
                directory,
                keyring,
                entry,
                account: entry.id.as_str().into(),
                prune: unnamed == Unnamed::Pruned,
            };
            planner.plan(&mut steps)?;
        }
        // TrustedIds of keys are unique among all accounts: one may move.
        Ok(steps.keys_gone.into_iter().chain(steps.made).chain(steps.gone).collect())
    }
}

/// Carries steps out purely: `apply` is called for each with the state that those before it have
/// led to, and gives its changes. All of them together are what is to be made durable.
pub fn carry_out(
    directory: &Directory,
    steps: Vec<Step>,
    mut apply: impl FnMut(&Directory, &Step) -> Result<Vec<Change>, IdentityFault>,
) -> Result<Vec<Change>, PlanError> {
    let mut state = directory.clone();
    let mut all = Vec::new();
    for step in steps {
        let changes = apply(&state, &step).map_err(|fault| PlanError::Refused {
            account: Arc::clone(&step.account),
            operation: step.request.operation(),
            fault,
        })?;
        for change in &changes {
            state.evolve(change.clone())?;
        }
        all.extend(changes);
    }
    Ok(all)
}

#[derive(Default)]
struct Steps {
    keys_gone: Vec<Step>,
    made: Vec<Step>,
    gone: Vec<Step>,
}

struct Planner<'a> {
    directory: &'a Directory,
    keyring: &'a Keyring,
    entry: &'a AccountEntry,
    account: Arc<str>,
    prune: bool,
}

impl Planner<'_> {
    fn plan(&self, steps: &mut Steps) -> Result<(), PlanError> {
        let entry = self.entry;
        twice("policy", entry.policy.iter().map(|policy| policy.name.as_str()))?;
        twice("group", entry.group.iter().map(|group| group.name.as_str()))?;
        twice("user", entry.user.iter().map(|user| user.name.as_str()))?;
        twice("role", entry.role.iter().map(|role| role.name.as_str()))?;
        if self.directory.account(&self.account).is_none() {
            let account_name = entry.name.clone();
            let request = CreateAccount { account_id: entry.id.clone(), account_name };
            self.step(&mut steps.made, request);
        }
        self.policies(steps)?;
        entry.group.iter().try_for_each(|group| self.group(group, steps))?;
        entry.user.iter().try_for_each(|user| self.user(user, steps))?;
        entry.role.iter().try_for_each(|role| self.role(role, steps))?;
        self.keys(&KeyOwner::Root, &entry.root_key, steps)?;
        if self.prune {
            self.pruned(steps);
        }
        Ok(())
    }

    fn step(&self, steps: &mut Vec<Step>, request: impl Into<IdentityRequest>) {
        steps.push(Step { account: Arc::clone(&self.account), request: request.into() });
    }

    fn policies(&self, steps: &mut Steps) -> Result<(), PlanError> {
        for policy in &self.entry.policy {
            let known = self
                .directory
                .policies(&self.account)
                .find(|known| known.name.eq_ignore_ascii_case(&policy.name));
            let document = policy.document.to_string();
            match known {
                None => self.step(
                    &mut steps.made,
                    CreatePolicy {
                        path: policy.path.clone(),
                        policy_name: policy.name.clone(),
                        policy_document: document,
                        description: None,
                    },
                ),
                Some(known) => {
                    check_path("policy", &policy.name, policy.path.as_deref(), &known.path)?;
                    if known.document != policy.document {
                        let policy_arn = known.arn(&self.account);
                        let request = UpdatePolicy { policy_arn, policy_document: document };
                        self.step(&mut steps.made, request);
                    }
                }
            }
        }
        Ok(())
    }

    fn group(&self, group: &GroupEntry, steps: &mut Steps) -> Result<(), PlanError> {
        let known = self.directory.group(&self.account, &group.name);
        let group_name = || group.name.clone();
        match known {
            None => self.step(
                &mut steps.made,
                CreateGroup { path: group.path.clone(), group_name: group_name() },
            ),
            Some(known) => check_path("group", &group.name, group.path.as_deref(), &known.path)?,
        }
        let (policies, attached) = match known {
            Some(known) => (known.policies.clone(), known.attached.clone()),
            None => Default::default(),
        };
        let wanted = self.arns(&group.attached)?;
        for policy_arn in gone(&attached, &wanted) {
            let request = DetachGroupPolicy { group_name: group_name(), policy_arn };
            self.step(&mut steps.made, request);
        }
        for policy_arn in gone(&wanted, &attached) {
            let request = AttachGroupPolicy { group_name: group_name(), policy_arn };
            self.step(&mut steps.made, request);
        }
        let (deleted, put) = documents(&policies, &group.policies);
        for policy_name in deleted {
            let request = DeleteGroupPolicy { group_name: group_name(), policy_name };
            self.step(&mut steps.made, request);
        }
        for (policy_name, policy_document) in put {
            let request = PutGroupPolicy { group_name: group_name(), policy_name, policy_document };
            self.step(&mut steps.made, request);
        }
        Ok(())
    }

    fn user(&self, user: &UserEntry, steps: &mut Steps) -> Result<(), PlanError> {
        let known = self.directory.user(&self.account, &user.name);
        let user_name = || user.name.clone();
        match known {
            None => self.step(
                &mut steps.made,
                CreateUser {
                    path: user.path.clone(),
                    user_name: user_name(),
                    ..CreateUser::default()
                },
            ),
            Some(known) => check_path("user", &user.name, user.path.as_deref(), &known.path)?,
        }
        let known = known.map(|known| (**known).clone());
        let (tags, policies, attached, boundary, groups) = match known {
            Some(known) => {
                (known.tags, known.policies, known.attached, known.boundary, known.groups)
            }
            None => Default::default(),
        };
        let (tag_keys, set) = tags_to(&tags, &user.tags);
        if !tag_keys.is_empty() {
            self.step(&mut steps.made, UntagUser { user_name: user_name(), tag_keys });
        }
        if !set.is_empty() {
            self.step(&mut steps.made, TagUser { user_name: user_name(), tags: set });
        }
        let wanted = self.arns(&user.attached)?;
        for policy_arn in gone(&attached, &wanted) {
            self.step(&mut steps.made, DetachUserPolicy { user_name: user_name(), policy_arn });
        }
        for policy_arn in gone(&wanted, &attached) {
            self.step(&mut steps.made, AttachUserPolicy { user_name: user_name(), policy_arn });
        }
        let (deleted, put) = documents(&policies, &user.policies);
        for policy_name in deleted {
            self.step(&mut steps.made, DeleteUserPolicy { user_name: user_name(), policy_name });
        }
        for (policy_name, policy_document) in put {
            let request = PutUserPolicy { user_name: user_name(), policy_name, policy_document };
            self.step(&mut steps.made, request);
        }
        match self.arn(user.boundary.as_deref())? {
            Some(arn) if boundary.as_ref() != Some(&arn) => {
                let permissions_boundary = arn.to_string();
                let request =
                    PutUserPermissionsBoundary { user_name: user_name(), permissions_boundary };
                self.step(&mut steps.made, request);
            }
            None if boundary.is_some() => {
                let request = DeleteUserPermissionsBoundary { user_name: user_name() };
                self.step(&mut steps.made, request);
            }
            Some(_) | None => (),
        }
        let wanted: BTreeSet<Folded> = user.groups.iter().map(|name| Folded::of(name)).collect();
        for group in groups.difference(&wanted) {
            let group_name = group.as_str().to_owned();
            let request = RemoveUserFromGroup { group_name, user_name: user_name() };
            self.step(&mut steps.made, request);
        }
        for group_name in &user.groups {
            if !groups.contains(&Folded::of(group_name)) {
                let group_name = group_name.clone();
                let request = AddUserToGroup { group_name, user_name: user_name() };
                self.step(&mut steps.made, request);
            }
        }
        self.keys(&KeyOwner::User(Folded::of(&user.name)), &user.key, steps)
    }

    fn role(&self, role: &RoleEntry, steps: &mut Steps) -> Result<(), PlanError> {
        let known = self.directory.role(&self.account, &role.name);
        let role_name = || role.name.clone();
        let seconds = role.max_session_duration.unwrap_or(limits::SESSION_SECONDS_DEFAULT);
        match known {
            None => self.step(
                &mut steps.made,
                CreateRole {
                    path: role.path.clone(),
                    role_name: role_name(),
                    assume_role_policy_document: role.trust.to_string(),
                    description: Some(role.description.clone()),
                    max_session_duration: Some(seconds),
                    ..CreateRole::default()
                },
            ),
            Some(known) => {
                check_path("role", &role.name, role.path.as_deref(), &known.path)?;
                if known.trust != role.trust {
                    let policy_document = role.trust.to_string();
                    let request =
                        UpdateAssumeRolePolicy { role_name: role_name(), policy_document };
                    self.step(&mut steps.made, request);
                }
                if *known.description != *role.description || known.session_seconds_max != seconds {
                    let request = UpdateRole {
                        role_name: role_name(),
                        description: Some(role.description.clone()),
                        max_session_duration: Some(seconds),
                    };
                    self.step(&mut steps.made, request);
                }
            }
        }
        let known = known.map(|known| (**known).clone());
        let (tags, policies, attached, boundary) = match known {
            Some(known) => (known.tags, known.policies, known.attached, known.boundary),
            None => Default::default(),
        };
        let (tag_keys, set) = tags_to(&tags, &role.tags);
        if !tag_keys.is_empty() {
            self.step(&mut steps.made, UntagRole { role_name: role_name(), tag_keys });
        }
        if !set.is_empty() {
            self.step(&mut steps.made, TagRole { role_name: role_name(), tags: set });
        }
        let wanted = self.arns(&role.attached)?;
        for policy_arn in gone(&attached, &wanted) {
            self.step(&mut steps.made, DetachRolePolicy { role_name: role_name(), policy_arn });
        }
        for policy_arn in gone(&wanted, &attached) {
            self.step(&mut steps.made, AttachRolePolicy { role_name: role_name(), policy_arn });
        }
        let (deleted, put) = documents(&policies, &role.policies);
        for policy_name in deleted {
            self.step(&mut steps.made, DeleteRolePolicy { role_name: role_name(), policy_name });
        }
        for (policy_name, policy_document) in put {
            let request = PutRolePolicy { role_name: role_name(), policy_name, policy_document };
            self.step(&mut steps.made, request);
        }
        match self.arn(role.boundary.as_deref())? {
            Some(arn) if boundary.as_ref() != Some(&arn) => {
                let permissions_boundary = arn.to_string();
                let request =
                    PutRolePermissionsBoundary { role_name: role_name(), permissions_boundary };
                self.step(&mut steps.made, request);
            }
            None if boundary.is_some() => {
                let request = DeleteRolePermissionsBoundary { role_name: role_name() };
                self.step(&mut steps.made, request);
            }
            Some(_) | None => (),
        }
        Ok(())
    }

    /// A key with another secret is deleted and imported anew.
    fn keys(
        &self,
        owner: &KeyOwner,
        entries: &[KeyEntry],
        steps: &mut Steps,
    ) -> Result<(), PlanError> {
        twice("access key", entries.iter().map(|key| key.id.as_str()))?;
        let (root, user_name) = match owner {
            KeyOwner::Root => (true, None),
            KeyOwner::User(name) => (false, Some(name.as_str().to_owned())),
        };
        let delete = |id: &str| DeleteAccessKey {
            user_name: user_name.clone(),
            root,
            access_key_id: id.to_owned(),
        };
        for key in entries {
            let wanted = key.secret.as_ref().ok_or_else(|| PlanError::NoSecret(key.id.clone()))?;
            let status = key.status.unwrap_or(KeyStatus::Active);
            let known =
                self.directory.keys_of(&self.account, owner).find(|known| *known.id == *key.id);
            if let Some(known) = known {
                let secret = open_key(self.keyring, known)
                    .map_err(|why| PlanError::Sealed(Arc::clone(&known.id), why))?;
                if secret == *wanted {
                    if known.status != status {
                        let request = UpdateAccessKey {
                            user_name: user_name.clone(),
                            root,
                            access_key_id: key.id.clone(),
                            status: Some(status),
                        };
                        self.step(&mut steps.made, request);
                    }
                    continue;
                }
                self.step(&mut steps.keys_gone, delete(&key.id));
            }
            let request = ImportAccessKey {
                user_name: user_name.clone(),
                root,
                access_key_id: key.id.clone(),
                secret_access_key: ImportedSecret(wanted.clone()),
                status: Some(status),
            };
            self.step(&mut steps.made, request);
        }
        if self.prune && !root {
            for known in self.directory.keys_of(&self.account, owner) {
                if entries.iter().all(|key| *key.id != *known.id) {
                    self.step(&mut steps.keys_gone, delete(&known.id));
                }
            }
        }
        Ok(())
    }

    /// Deletes what the document does not name, users and roles first, as the others hang on them.
    fn pruned(&self, steps: &mut Steps) {
        let (directory, account) = (self.directory, &*self.account);
        for user in directory.users(account) {
            if named(self.entry.user.iter().map(|user| &user.name), &user.name) {
                continue;
            }
            let user_name = || user.name.to_string();
            for key in directory.keys_of(account, &KeyOwner::User(Folded::of(&user.name))) {
                let (user_name, access_key_id) = (Some(user_name()), key.id.to_string());
                let request = DeleteAccessKey { user_name, root: false, access_key_id };
                self.step(&mut steps.keys_gone, request);
            }
            for policy_name in user.policies.keys().map(ToString::to_string) {
                self.step(
                    &mut steps.gone,
                    DeleteUserPolicy { user_name: user_name(), policy_name },
                );
            }
            for policy_arn in user.attached.iter().map(ToString::to_string) {
                self.step(&mut steps.gone, DetachUserPolicy { user_name: user_name(), policy_arn });
            }
            for group in &user.groups {
                let group_name = group.as_str().to_owned();
                let request = RemoveUserFromGroup { group_name, user_name: user_name() };
                self.step(&mut steps.gone, request);
            }
            self.step(&mut steps.gone, DeleteUser { user_name: user_name() });
        }
        for role in directory.roles(account) {
            if named(self.entry.role.iter().map(|role| &role.name), &role.name) {
                continue;
            }
            let role_name = || role.name.to_string();
            for policy_name in role.policies.keys().map(ToString::to_string) {
                self.step(
                    &mut steps.gone,
                    DeleteRolePolicy { role_name: role_name(), policy_name },
                );
            }
            for policy_arn in role.attached.iter().map(ToString::to_string) {
                self.step(&mut steps.gone, DetachRolePolicy { role_name: role_name(), policy_arn });
            }
            self.step(&mut steps.gone, DeleteRole { role_name: role_name() });
        }
        for group in directory.groups(account) {
            if named(self.entry.group.iter().map(|group| &group.name), &group.name) {
                continue;
            }
            let group_name = || group.name.to_string();
            for policy_name in group.policies.keys().map(ToString::to_string) {
                let request = DeleteGroupPolicy { group_name: group_name(), policy_name };
                self.step(&mut steps.gone, request);
            }
            for policy_arn in group.attached.iter().map(ToString::to_string) {
                let request = DetachGroupPolicy { group_name: group_name(), policy_arn };
                self.step(&mut steps.gone, request);
            }
            self.step(&mut steps.gone, DeleteGroup { group_name: group_name() });
        }
        for policy in directory.policies(account) {
            if !named(self.entry.policy.iter().map(|policy| &policy.name), &policy.name) {
                let policy_arn = policy.arn(account);
                self.step(&mut steps.gone, DeletePolicy { policy_arn });
            }
        }
    }

    fn arns(&self, names: &[String]) -> Result<BTreeSet<Arc<str>>, PlanError> {
        names.iter().filter_map(|name| self.arn(Some(name)).transpose()).collect()
    }

    /// The resource name of a policy that the document or the account has.
    fn arn(&self, name: Option<&str>) -> Result<Option<Arc<str>>, PlanError> {
        let Some(name) = name else { return Ok(None) };
        if name.starts_with("arn:") {
            return Ok(Some(name.into()));
        }
        let named = |path: &str, name: &str| {
            Some(format!("arn:aws:iam::{}:policy{path}{name}", self.account).into())
        };
        // The spelling and the path of one that is there count.
        let mut known = self.directory.policies(&self.account);
        if let Some(policy) = known.find(|policy| policy.name.eq_ignore_ascii_case(name)) {
            return Ok(named(&policy.path, &policy.name));
        }
        let mut entries = self.entry.policy.iter();
        match entries.find(|policy| policy.name.eq_ignore_ascii_case(name)) {
            Some(policy) => Ok(named(policy.path.as_deref().unwrap_or("/"), &policy.name)),
            None => Err(PlanError::UnknownPolicy(name.to_owned())),
        }
    }
}

fn twice<'a>(what: &'static str, names: impl Iterator<Item = &'a str>) -> Result<(), PlanError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name.to_ascii_lowercase()) {
            return Err(PlanError::Twice { what, name: name.to_owned() });
        }
    }
    Ok(())
}

fn named<'a>(mut names: impl Iterator<Item = &'a String>, name: &str) -> bool {
    names.any(|named| named.eq_ignore_ascii_case(name))
}

fn check_path(
    what: &'static str,
    name: &str,
    wanted: Option<&str>,
    path: &Arc<str>,
) -> Result<(), PlanError> {
    if wanted.unwrap_or("/") == &**path {
        return Ok(());
    }
    Err(PlanError::Path { what, name: name.to_owned(), path: Arc::clone(path) })
}

/// What is in the one and not in the other.
fn gone(one: &BTreeSet<Arc<str>>, other: &BTreeSet<Arc<str>>) -> Vec<String> {
    one.difference(other).map(ToString::to_string).collect()
}

/// Names of documents to delete, and documents to put. One that is replaced is deleted first, so
/// that there is room for the new one.
fn documents(
    known: &Documents,
    wanted: &BTreeMap<String, Arc<str>>,
) -> (Vec<String>, Vec<(String, String)>) {
    let same = |name: &str, document: &Arc<str>| wanted.get(name) == Some(document);
    let deleted = known.iter().filter(|(name, document)| !same(name, document));
    let put = wanted.iter().filter(|(name, document)| known.get(name.as_str()) != Some(document));
    (
        deleted.map(|(name, _)| name.to_string()).collect(),
        put.map(|(name, document)| (name.clone(), document.to_string())).collect(),
    )
}

/// Keys of tags to remove, and tags to set.
fn tags_to(known: &Tags, wanted: &BTreeMap<String, String>) -> (Vec<String>, Vec<Tag>) {
    let removed = known.keys().filter(|key| !wanted.contains_key(&***key));
    let set = wanted.iter().filter(|(key, value)| {
        known.get(key.as_str()).map(|known| &**known) != Some(value.as_str())
    });
    (
        removed.map(ToString::to_string).collect(),
        set.map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect(),
    )
}
