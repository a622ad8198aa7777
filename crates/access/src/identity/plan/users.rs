//! Users and their keys, and the keys of accounts' roots.

use super::difference::{documents, gone, tags_to};
use super::{PlanError, Planner, Steps, check_path, twice};
use crate::identity::document::{KeyEntry, UserEntry};
use crate::identity::record::{Folded, KeyOwner, KeyStatus, root_arn};
use crate::identity::reply::SkippedKeyView;
use crate::identity::request::*;
use crate::identity::resolve::open_key;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Planner<'_> {
    pub(super) fn user(&self, user: &UserEntry, steps: &mut Steps) -> Result<(), PlanError> {
        let known = self.directory.user(&self.account, &user.name);
        let user_name = || user.name.clone();
        let wanted_boundary = self.arn(user.boundary.as_deref())?;
        match known {
            None => self.step(
                &mut steps.made,
                CreateUser {
                    path: user.path.clone(),
                    user_name: user_name(),
                    permissions_boundary: wanted_boundary.as_deref().map(str::to_owned),
                    ..CreateUser::default()
                },
            ),
            Some(known) => check_path("user", &user.name, user.path.as_deref(), &known.path)?,
        }
        let is_known = known.is_some();
        let known = known.map(|known| (**known).clone());
        let (tags, policies, attached, boundary, groups) = match known {
            Some(known) => {
                (known.tags, known.policies, known.attached, known.boundary, known.groups)
            }
            None => Default::default(),
        };
        // In force before anything is given that it bounds. One that is made has it from the start.
        if let Some(arn) = &wanted_boundary
            && is_known
            && boundary.as_ref() != Some(arn)
        {
            let (permissions_boundary, user_name) = (arn.to_string(), user_name());
            let request = PutUserPermissionsBoundary { user_name, permissions_boundary };
            self.step(&mut steps.made, request);
        }
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
        if wanted_boundary.is_none() && boundary.is_some() {
            let request = DeleteUserPermissionsBoundary { user_name: user_name() };
            self.step(&mut steps.made, request);
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

    /// Whether a key is one that the account has had. What others had is looked at when it is
    /// imported, so that whoever asks from outside learns nothing of it.
    fn was_deleted(&self, id: &str) -> bool {
        let known = self.directory.deleted_key(id);
        known.is_some_and(|known| known.account == self.account)
    }

    fn owner_arn(&self, owner: &KeyOwner) -> String {
        let KeyOwner::User(name) = owner else { return root_arn(&self.account) };
        match self.directory.user(&self.account, name.as_str()) {
            Some(user) => user.arn(&self.account),
            None => format!("arn:aws:iam::{}:user/{}", self.account, name.as_str()),
        }
    }

    /// A key with another secret is deleted and imported anew. One that was deleted before stays so,
    /// whatever its secret.
    pub(super) fn keys(
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
            let known =
                self.directory.keys_of(&self.account, owner).find(|known| *known.id == *key.id);
            // One that was disabled by hand, as it had leaked, is not enabled by the next start.
            let there = self.directory.key(&key.id).map(|there| there.status);
            let status = key.status.or(there).unwrap_or(KeyStatus::Active);
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
            } else if self.was_deleted(&key.id) {
                let owner = self.owner_arn(owner);
                steps.skipped_keys.push(SkippedKeyView { owner, access_key_id: key.id.clone() });
                continue;
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
}
