//! Access keys of users and of accounts' roots.

use super::*;
use crate::caller::PrincipalKind;
use crate::identity::record::{KeyRecord, KeyStatus};
use crate::identity::reply::{KeyUseView, KeyView, NewKeyView};
use crate::identity::request::{
    CreateAccessKey, DeleteAccessKey, ImportAccessKey, ListAccessKeys, UpdateAccessKey,
};
use crate::identity::resolve::key_purpose;
use crate::identity::sealing::Secret;

/// How the access key ids that are made here begin.
const KEY_PREFIX: &str = "AKIA";

impl Draft<'_> {
    pub(super) fn create_key(&self, request: &CreateAccessKey) -> Applied {
        let (owner, user_name) = self.key_owner(request.root, request.user_name.as_deref())?;
        let id: Arc<str> = self.setting.fresh.key_id(KEY_PREFIX).into();
        let secret = self.setting.fresh.secret();
        let record = self.new_key(&id, owner, &secret, KeyStatus::Active)?;
        let access_key = NewKeyView {
            user_name,
            access_key_id: id,
            status: record.status,
            secret_access_key: secret,
            create_date: record.created_at,
        };
        Ok((vec![Change::PutKey(record)], IdentityReply::NewKey { access_key }))
    }

    pub(super) fn import_key(&self, request: &ImportAccessKey) -> Applied {
        let (owner, _) = self.key_owner(request.root, request.user_name.as_deref())?;
        names::check_access_key_id(&request.access_key_id)?;
        let secret = &request.secret_access_key.0;
        let chars_min = if self.setting.short_secrets { 1 } else { limits::SECRET_CHARS_MIN };
        let chars_max = limits::SECRET_CHARS_MAX;
        let graphic = secret.expose().bytes().all(|byte| byte.is_ascii_graphic());
        if !graphic || !(chars_min..=chars_max).contains(&secret.expose().len()) {
            return Err(IdentityFault::Validation(format!(
                "A secret access key has {chars_min} to {chars_max} characters without spaces."
            )));
        }
        let status = request.status.unwrap_or(KeyStatus::Active);
        let record = self.new_key(&request.access_key_id, owner, secret, status)?;
        // Whoever names one that was deleted means it. Documents do not: they leave it out.
        let known = self.directory.deleted_key(&record.id);
        let forgotten = known.map(|known| Change::ForgetDeletedKey(Arc::clone(&known.id)));
        done(forgotten.into_iter().chain([Change::PutKey(record)]).collect())
    }

    pub(super) fn update_key(&self, request: &UpdateAccessKey) -> Applied {
        let (owner, _) = self.key_owner(request.root, request.user_name.as_deref())?;
        let key = self.key(&owner, &request.access_key_id)?;
        let Some(status) = request.status else {
            return Err(IdentityFault::Validation("Status is Active or Inactive.".to_owned()));
        };
        if key.status == status {
            return done(Vec::new());
        }
        done(vec![Change::PutKey(KeyRecord { status, ..KeyRecord::clone(key) })])
    }

    pub(super) fn delete_key(&self, request: &DeleteAccessKey) -> Applied {
        let (owner, _) = self.key_owner(request.root, request.user_name.as_deref())?;
        let key = self.key(&owner, &request.access_key_id)?;
        done(self.directory.without_keys(&[key], self.setting.now))
    }

    pub(super) fn list_keys(&self, request: &ListAccessKeys) -> Applied {
        let (owner, user_name) = self.key_owner(request.root, request.user_name.as_deref())?;
        let keys = self.directory.keys_of(self.setting.account, &owner);
        let access_key_metadata = keys.map(|key| KeyView::new(key, user_name.clone())).collect();
        Ok((Vec::new(), IdentityReply::Keys { access_key_metadata }))
    }

    pub(super) fn key_last_used(&self, id: &str) -> Applied {
        let account = self.setting.account;
        let key = self.directory.key(id).filter(|key| *key.account == *account);
        let key = key.ok_or_else(|| IdentityFault::unknown_key(id))?;
        let user_name = match &key.owner {
            KeyOwner::Root => None,
            KeyOwner::User(name) => {
                self.directory.user(account, name.as_str()).map(|user| Arc::clone(&user.name))
            }
        };
        let access_key_last_used = KeyUseView::new(self.directory.key_use(id));
        Ok((Vec::new(), IdentityReply::KeyUsed { user_name, access_key_last_used }))
    }

    /// Whose key a request is about: the root's, a user's, or that of who asks.
    fn key_owner(
        &self,
        root: bool,
        user_name: Option<&str>,
    ) -> Result<(KeyOwner, Option<Arc<str>>), IdentityFault> {
        let caller = self.setting.caller;
        let is_root = |caller: &Principal| caller.kind == PrincipalKind::Account;
        if root && let Some(caller) = caller.filter(|caller| !is_root(caller)) {
            return Err(IdentityFault::of_the_root_alone(&caller.arn));
        }
        let of_caller = caller.and_then(|caller| caller.user_name.as_deref());
        match (root, user_name, of_caller) {
            (true, None, _) => Ok((KeyOwner::Root, None)),
            (true, Some(_), _) => {
                Err(IdentityFault::Validation("A key is a user's or the root's.".to_owned()))
            }
            (false, Some(name), _) | (false, None, Some(name)) => {
                let user = self.user(name)?;
                Ok((KeyOwner::User(Folded::of(name)), Some(Arc::clone(&user.name))))
            }
            (false, None, None) => {
                // The root itself means its own keys.
                if caller.is_some_and(is_root) {
                    return Ok((KeyOwner::Root, None));
                }
                Err(IdentityFault::Validation(
                    "Must specify userName when calling with non-User credentials".to_owned(),
                ))
            }
        }
    }

    fn key(&self, owner: &KeyOwner, id: &str) -> Result<&Arc<KeyRecord>, IdentityFault> {
        let key = self.directory.key(id);
        let key = key.filter(|key| *key.account == *self.setting.account && key.owner == *owner);
        key.ok_or_else(|| IdentityFault::unknown_key(id))
    }

    fn new_key(
        &self,
        id: &str,
        owner: KeyOwner,
        secret: &Secret,
        status: KeyStatus,
    ) -> Result<KeyRecord, IdentityFault> {
        let account = self.account();
        if self.directory.keys_of(&account, &owner).count() >= limits::ACCESS_KEYS_MAX {
            let quota = match owner {
                KeyOwner::Root => "AccessKeysPerAccount",
                KeyOwner::User(_) => "AccessKeysPerUser",
            };
            return Err(IdentityFault::quota(quota, limits::ACCESS_KEYS_MAX));
        }
        if let Some(known) = self.directory.key(id) {
            // An id is there once among all accounts, so one of another account cannot be had; but
            // of what is there, its refusal says no more than that of an id that nobody can have.
            if self.setting.caller.is_some() && known.account != account {
                return Err(names::invalid_access_key_id());
            }
            return Err(IdentityFault::EntityAlreadyExists(format!(
                "Access key with id {id} already exists."
            )));
        }
        // Nor does it say of what was there.
        if let Some(known) = self.directory.deleted_key(id)
            && self.setting.caller.is_some()
            && known.account != account
        {
            return Err(names::invalid_access_key_id());
        }
        let purpose = key_purpose(id, &account);
        let nonce = self.setting.fresh.nonce();
        Ok(KeyRecord {
            id: id.into(),
            owner,
            status,
            created_at: self.setting.now,
            secret: self.setting.keyring.seal(secret.expose(), &purpose, &nonce),
            account,
        })
    }
}
