//! From an access key to whom it speaks for.
//!
//! Two steps, since AWS verifies the signature before it says that credentials have expired:
//! [`Directory::key_material`] gives what a signature is verified with, and then
//! [`Directory::refresh`] says who that is, and says it again whenever a poll is about to deliver.
//! A request costs no rebuild: principals are kept beside the records that they follow from.

use super::change::Change;
use super::directory::{Account, Directory, Role};
use super::record::{Folded, KeyOwner, KeyRecord, KeyStatus, UserRecord, root_arn};
use super::sealing::{Keyring, NONCE_BYTES, OpenError, Secret};
use super::sessions;
use crate::caller::{KeyRef, Principal, PrincipalKind, Session};
use crate::policy::{Permissions, Policy, PolicyPlace};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use wire::{Fault, Timestamp};

/// How many sessions' principals are kept; then all are forgotten, and made again when needed.
const SESSION_PRINCIPALS_MAX: usize = 4_096;

/// How far ahead a session may have been issued: the difference of two clocks.
const ISSUED_AHEAD_MILLISECONDS_MAX: i64 = 5 * 60 * 1000;

/// What a request's signature is verified with.
#[derive(Clone, Debug)]
pub struct KeyMaterial {
    /// The credential, to be looked at again.
    pub key: KeyRef,
    /// The account that it is of.
    pub account: Arc<str>,
    /// The secret access key.
    pub secret: Secret,
}

/// The greatest wall time that was seen, so that no expired session revives when the clock is set
/// back (access.md, section 6, row 18).
#[derive(Clone, Debug)]
pub(super) struct Latest(Arc<AtomicI64>);

impl Default for Latest {
    fn default() -> Latest {
        Latest(Arc::new(AtomicI64::new(i64::MIN)))
    }
}

impl Latest {
    /// The later of `now` and all that was seen.
    pub fn see(&self, now: Timestamp) -> Timestamp {
        Timestamp(self.0.fetch_max(now.0, Ordering::Relaxed).max(now.0))
    }
}

/// The principals of sessions, as of one state of the directory.
#[derive(Clone, Debug, Default)]
pub(super) struct SessionPrincipals(Arc<Mutex<BTreeMap<Arc<str>, Arc<Principal>>>>);

impl Directory {
    /// What to verify a signature by this key with. Unknown and disabled keys, and tokens that are
    /// not the key's, are all the same to whoever asks. Whether a session has expired is not looked
    /// at: that is said to those whose signature is right.
    pub fn key_material(
        &self,
        keyring: &Keyring,
        access_key_id: &str,
        session_token: Option<&str>,
    ) -> Result<KeyMaterial, Fault> {
        match session_token {
            None => {
                let record = self.active_key(access_key_id)?;
                let secret = open_key(keyring, record).map_err(|_error| Fault::Internal)?;
                let key = KeyRef { access_key_id: Arc::clone(&record.id), session: None };
                Ok(KeyMaterial { key, account: Arc::clone(&record.account), secret })
            }
            Some(token) => {
                let (session, secret) = sessions::open(keyring, access_key_id, token)
                    .ok_or(Fault::UnrecognizedClient)?;
                self.session_role(&session)?;
                let account = Arc::clone(&session.account);
                let key = KeyRef { access_key_id: access_key_id.into(), session: Some(session) };
                Ok(KeyMaterial { key, account, secret })
            }
        }
    }

    /// Whom a verified credential speaks for, as of this state and at `now`.
    pub fn refresh(&self, key: &KeyRef, now: Timestamp) -> Result<Arc<Principal>, Fault> {
        let latest = self.latest.see(now);
        match &key.session {
            None => self.key_principal(self.active_key(&key.access_key_id)?),
            Some(session) => {
                if session.expires_at <= latest {
                    return Err(Fault::ExpiredToken);
                }
                // Issued by a clock that was wrong by more than clocks are.
                if session.issued_at.0 > latest.0.saturating_add(ISSUED_AHEAD_MILLISECONDS_MAX) {
                    return Err(Fault::UnrecognizedClient);
                }
                self.session_principal(&key.access_key_id, session)
            }
        }
    }

    /// The later of `now` and every time that was seen before.
    pub fn latest(&self, now: Timestamp) -> Timestamp {
        self.latest.see(now)
    }

    /// The principal of a user, a role (as it would be in a session) or an account's root by its
    /// resource name: for simulation.
    pub fn principal(&self, account: &str, arn: &str) -> Option<Arc<Principal>> {
        let entry = self.accounts.get(account)?;
        if arn == root_arn(account) {
            return Some(root_principal(entry));
        }
        let (_, name) = arn.rsplit_once('/')?;
        if let Some(user) = entry.users.get(&Folded::of(name))
            && user.record.arn(account) == arn
        {
            return self.user_principal(account, &Folded::of(name));
        }
        let role = entry.roles.get(&Folded::of(name))?;
        (role.record.arn(account) == arn)
            .then(|| Arc::new(self.role_principal(account, role, "simulation", None, None)))
    }

    /// Looks whether every key's secret opens. The first that does not is named.
    pub fn check_sealed(&self, keyring: &Keyring) -> Result<(), (Arc<str>, OpenError)> {
        match self.unopened(keyring).next() {
            Some((record, why)) => Err((Arc::clone(&record.id), why)),
            None => Ok(()),
        }
    }

    /// The keys whose secrets do not open, each with the reason.
    pub fn unopened<'d>(
        &'d self,
        keyring: &'d Keyring,
    ) -> impl Iterator<Item = (&'d Arc<KeyRecord>, OpenError)> {
        self.keys().filter_map(|record| Some((record, open_key(keyring, record).err()?)))
    }

    /// Seals anew what another master key than the first has sealed, at most `keys_max` keys. There
    /// is nothing left to do when no change comes of it.
    pub fn reseal(
        &self,
        keyring: &Keyring,
        keys_max: usize,
        mut nonce: impl FnMut() -> [u8; NONCE_BYTES],
    ) -> Result<Vec<Change>, (Arc<str>, OpenError)> {
        let current = keyring.sealing_key_id();
        let others = self.keys().filter(|record| record.secret.key_id != *current);
        let reseal = |record: &Arc<KeyRecord>| {
            let secret = open_key(keyring, record).map_err(|why| (Arc::clone(&record.id), why))?;
            let purpose = key_purpose(&record.id, &record.account);
            let secret = keyring.seal(secret.expose(), &purpose, &nonce());
            Ok(Change::PutKey(KeyRecord { secret, ..KeyRecord::clone(record) }))
        };
        others.take(keys_max).map(reseal).collect()
    }

    fn active_key(&self, id: &str) -> Result<&Arc<KeyRecord>, Fault> {
        let record = self.key(id).ok_or(Fault::UnrecognizedClient)?;
        match record.status {
            KeyStatus::Active => Ok(record),
            KeyStatus::Inactive => Err(Fault::UnrecognizedClient),
        }
    }

    fn key_principal(&self, record: &KeyRecord) -> Result<Arc<Principal>, Fault> {
        let principal = match &record.owner {
            KeyOwner::Root => self.accounts.get(&record.account).map(root_principal),
            KeyOwner::User(name) => self.user_principal(&record.account, name),
        };
        principal.ok_or(Fault::UnrecognizedClient)
    }

    pub(super) fn user_principal(&self, account: &str, name: &Folded) -> Option<Arc<Principal>> {
        let user = self.accounts.get(account)?.users.get(name)?;
        let made = user.principal.get_or_init(|| {
            let record = &user.record;
            Arc::new(Principal {
                arn: record.arn(account).into(),
                role_arn: None,
                account: account.into(),
                kind: PrincipalKind::User,
                user_name: Some(Arc::clone(&record.name)),
                user_id: Arc::clone(&record.id),
                tags: record.tags.clone(),
                token_issued_at: None,
                permissions: self.user_permissions(account, record, &user.inline),
            })
        });
        Some(Arc::clone(made))
    }

    fn user_permissions(
        &self,
        account: &str,
        record: &UserRecord,
        inline: &[Arc<Policy>],
    ) -> Permissions {
        let mut identity = inline.to_vec();
        identity.extend(record.attached.iter().map(|arn| self.attached(account, arn)));
        let groups = &self.accounts[account].groups;
        for name in &record.groups {
            let group = groups.get(name).expect("a group that somebody is in is not deleted");
            identity.extend(group.inline.iter().cloned());
            let attached = &group.record.attached;
            identity.extend(attached.iter().map(|arn| self.attached(account, arn)));
        }
        let boundary = record.boundary.as_ref().map(|arn| self.attached(account, arn));
        Permissions { identity, boundary, session: None }
    }

    fn attached(&self, account: &str, arn: &str) -> Arc<Policy> {
        let managed = self.managed(account, arn);
        Arc::clone(&managed.expect("a policy that is attached is not deleted").policy)
    }

    pub(super) fn session_role(&self, session: &Session) -> Result<&Role, Fault> {
        let role = self
            .accounts
            .get(&session.account)
            .and_then(|account| account.roles.get(&Folded::of(&session.role_name)))
            .filter(|role| role.record.id == session.role_id);
        role.ok_or(Fault::UnrecognizedClient)
    }

    fn session_principal(
        &self,
        access_key_id: &Arc<str>,
        session: &Session,
    ) -> Result<Arc<Principal>, Fault> {
        let mut made = self.sessions.0.lock().expect("nobody panics with the lock");
        let role = self.session_role(session)?;
        // The policy is part of what was sealed, so a key's session is always the same one.
        if let Some(principal) = made.get(access_key_id) {
            return Ok(Arc::clone(principal));
        }
        let policy = match &session.policy {
            None => None,
            Some(document) => match Policy::parse(document, PolicyPlace::Session) {
                Ok(policy) => Some(Arc::new(policy)),
                // It was read when it was sealed; a later build may be stricter.
                Err(_error) => return Err(Fault::UnrecognizedClient),
            },
        };
        let issued_at = Some(session.issued_at);
        let principal =
            self.role_principal(&session.account, role, &session.name, issued_at, policy);
        let principal = Arc::new(principal);
        if made.len() >= SESSION_PRINCIPALS_MAX {
            made.clear();
        }
        made.insert(Arc::clone(access_key_id), Arc::clone(&principal));
        Ok(principal)
    }

    fn role_principal(
        &self,
        account: &str,
        role: &Role,
        session_name: &str,
        issued_at: Option<Timestamp>,
        session: Option<Arc<Policy>>,
    ) -> Principal {
        let record = &role.record;
        let mut identity = role.inline.clone();
        identity.extend(record.attached.iter().map(|arn| self.attached(account, arn)));
        let boundary = record.boundary.as_ref().map(|arn| self.attached(account, arn));
        Principal {
            arn: sessions::session_arn(account, &record.name, session_name).into(),
            role_arn: Some(record.arn(account).into()),
            account: account.into(),
            kind: PrincipalKind::AssumedRole,
            user_name: None,
            user_id: format!("{}:{session_name}", record.id).into(),
            tags: record.tags.clone(),
            token_issued_at: issued_at,
            permissions: Permissions { identity, boundary, session },
        }
    }
}

fn root_principal(account: &Account) -> Arc<Principal> {
    let made = account.root.get_or_init(|| {
        let id = &account.record.id;
        Arc::new(Principal {
            arn: root_arn(id).into(),
            role_arn: None,
            account: Arc::clone(id),
            kind: PrincipalKind::Account,
            user_name: None,
            user_id: Arc::clone(id),
            tags: BTreeMap::new(),
            token_issued_at: None,
            permissions: Permissions::default(),
        })
    });
    Arc::clone(made)
}

/// What a key's secret is sealed for: the form of the record, the key and its account.
pub(super) fn key_purpose(id: &str, account: &str) -> Vec<u8> {
    format!("access key 1\0{id}\0{account}").into_bytes()
}

/// Opens a key's secret.
pub(super) fn open_key(keyring: &Keyring, record: &KeyRecord) -> Result<Secret, OpenError> {
    keyring.open(&record.secret, &key_purpose(&record.id, &record.account))
}
