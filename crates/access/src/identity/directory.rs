//! One state of all identities, and how it changes.
//!
//! Invariants: what is attached to something exists; names of one kind in one account differ in
//! more than case; an access key id is there once among all accounts. [`Directory::evolve`] is the
//! only way it changes, live and when it is read from the store.

use super::change::Change;
use super::deleted_keys::DeletedKeys;
use super::record::{
    AccountRecord, DeletedKeyRecord, Folded, GroupRecord, KeyOwner, KeyRecord, KeyUse,
    PolicyRecord, RoleRecord, UserRecord,
};
use super::resolve::{Latest, SessionPrincipals};
use crate::caller::Principal;
use crate::policy::{Policy, PolicyPlace, TrustPolicy};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};
use wire::Timestamp;

/// See the module. Cloning one copies no record.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    pub(super) accounts: BTreeMap<Arc<str>, Account>,
    keys: BTreeMap<Arc<str>, Arc<KeyRecord>>,
    /// Ids of keys by whose they are.
    owners: BTreeMap<(Arc<str>, KeyOwner), BTreeSet<Arc<str>>>,
    uses: BTreeMap<Arc<str>, KeyUse>,
    /// Changes far less often than a state is cloned.
    deleted_keys: Arc<DeletedKeys>,
    /// As it is stored; what was seen since is in `latest`.
    time_stored: Option<Timestamp>,
    /// Shared by all states that follow from one another: time passes for all of them.
    pub(super) latest: Latest,
    /// What was made of sessions in this state.
    pub(super) sessions: SessionPrincipals,
}

/// Two are equal if the same is stored.
impl PartialEq for Directory {
    fn eq(&self, other: &Directory) -> bool {
        self.accounts == other.accounts
            && self.keys == other.keys
            && self.owners == other.owners
            && self.uses == other.uses
            && self.deleted_keys == other.deleted_keys
            && self.time_stored == other.time_stored
    }
}

impl Eq for Directory {}

/// An account and what is in it.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub record: Arc<AccountRecord>,
    pub users: BTreeMap<Folded, User>,
    pub groups: BTreeMap<Folded, Group>,
    pub roles: BTreeMap<Folded, Role>,
    pub policies: BTreeMap<Folded, Managed>,
    pub root: OnceLock<Arc<Principal>>,
}

/// What is cached follows from the records, so it does not count.
impl PartialEq for Account {
    fn eq(&self, other: &Account) -> bool {
        fn records<'a, V, R: ?Sized + 'a>(
            map: &'a BTreeMap<Folded, V>,
            record: impl Fn(&'a V) -> &'a R + 'a,
        ) -> impl Iterator<Item = (&'a Folded, &'a R)> {
            map.iter().map(move |(name, value)| (name, record(value)))
        }
        self.record == other.record
            && records(&self.users, |user| &*user.record)
                .eq(records(&other.users, |user| &*user.record))
            && records(&self.groups, |group| &*group.record)
                .eq(records(&other.groups, |group| &*group.record))
            && records(&self.roles, |role| &*role.record)
                .eq(records(&other.roles, |role| &*role.record))
            && records(&self.policies, |policy| &*policy.record)
                .eq(records(&other.policies, |policy| &*policy.record))
    }
}

/// A user, with its inline policies as they were read and, once it was asked for, its principal.
#[derive(Clone, Debug)]
pub(super) struct User {
    pub record: Arc<UserRecord>,
    pub inline: Vec<Arc<Policy>>,
    pub principal: OnceLock<Arc<Principal>>,
}

/// A group, with its inline policies as they were read.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub record: Arc<GroupRecord>,
    pub inline: Vec<Arc<Policy>>,
}

/// A role, likewise.
#[derive(Clone, Debug)]
pub(super) struct Role {
    pub record: Arc<RoleRecord>,
    pub inline: Vec<Arc<Policy>>,
    pub trust: Arc<TrustPolicy>,
}

/// A managed policy, as it was read.
#[derive(Clone, Debug)]
pub(super) struct Managed {
    pub record: Arc<PolicyRecord>,
    pub policy: Arc<Policy>,
}

/// A record that makes no sense. Those that [`Directory::apply`] makes do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{whose}: {why}")]
pub struct Unreadable {
    /// Which record.
    pub whose: String,
    /// What is wrong.
    pub why: String,
}

impl Directory {
    /// Folds a change in. Refuses one whose policies cannot be read, and one that is of no account:
    /// to pass over either could allow what was denied.
    pub fn evolve(&mut self, change: Change) -> Result<(), Unreadable> {
        match change {
            Change::PutAccount(record) => self.put_account(record),
            Change::DeleteAccount(id) => {
                self.accounts.remove(&id);
            }
            Change::PutPolicy(account, record) => self.put_policy(&account, record)?,
            Change::DeletePolicy(account, name) => {
                self.account_mut(&account, name.as_str())?.policies.remove(&name);
            }
            Change::PutGroup(account, record) => self.put_group(&account, record)?,
            Change::DeleteGroup(account, name) => {
                self.account_mut(&account, name.as_str())?.groups.remove(&name);
            }
            Change::PutUser(account, record) => {
                let inline = read_all(&record.arn(&account), &record.policies, PolicyPlace::User)?;
                let (name, record) = (Folded::of(&record.name), Arc::new(record));
                let user = User { record, inline, principal: OnceLock::new() };
                self.account_mut(&account, name.as_str())?.users.insert(name, user);
            }
            Change::DeleteUser(account, name) => {
                self.account_mut(&account, name.as_str())?.users.remove(&name);
            }
            Change::PutRole(account, record) => self.put_role(&account, record)?,
            Change::DeleteRole(account, name) => {
                self.account_mut(&account, name.as_str())?.roles.remove(&name);
                self.sessions = SessionPrincipals::default();
            }
            Change::PutKey(record) => self.put_key(record)?,
            Change::DeleteKey(id) => self.delete_key(&id),
            Change::PutKeyUse(id, key_use) => {
                self.uses.insert(id, key_use);
            }
            Change::PutDeletedKey(record) => Arc::make_mut(&mut self.deleted_keys).put(record),
            Change::ForgetDeletedKey(id) => Arc::make_mut(&mut self.deleted_keys).forget(&id),
            Change::PutTime(at) => {
                self.time_stored = Some(at);
                self.latest.see(at);
            }
        }
        Ok(())
    }

    /// True if there is nothing at all: a first start.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    /// All accounts, by their ids.
    pub fn accounts(&self) -> impl Iterator<Item = &Arc<AccountRecord>> {
        self.accounts.values().map(|account| &account.record)
    }

    /// An account.
    pub fn account(&self, id: &str) -> Option<&Arc<AccountRecord>> {
        Some(&self.accounts.get(id)?.record)
    }

    /// An account's users, by their names.
    pub fn users(&self, account: &str) -> impl Iterator<Item = &Arc<UserRecord>> {
        let users = self.accounts.get(account).into_iter().flat_map(|account| &account.users);
        users.map(|(_, user)| &user.record)
    }

    /// A user.
    pub fn user(&self, account: &str, name: &str) -> Option<&Arc<UserRecord>> {
        Some(&self.accounts.get(account)?.users.get(&Folded::of(name))?.record)
    }

    /// An account's groups.
    pub fn groups(&self, account: &str) -> impl Iterator<Item = &Arc<GroupRecord>> {
        let groups = self.accounts.get(account).into_iter().flat_map(|account| &account.groups);
        groups.map(|(_, group)| &group.record)
    }

    /// A group.
    pub fn group(&self, account: &str, name: &str) -> Option<&Arc<GroupRecord>> {
        Some(&self.accounts.get(account)?.groups.get(&Folded::of(name))?.record)
    }

    /// An account's roles.
    pub fn roles(&self, account: &str) -> impl Iterator<Item = &Arc<RoleRecord>> {
        let roles = self.accounts.get(account).into_iter().flat_map(|account| &account.roles);
        roles.map(|(_, role)| &role.record)
    }

    /// A role.
    pub fn role(&self, account: &str, name: &str) -> Option<&Arc<RoleRecord>> {
        Some(&self.accounts.get(account)?.roles.get(&Folded::of(name))?.record)
    }

    /// An account's managed policies.
    pub fn policies(&self, account: &str) -> impl Iterator<Item = &Arc<PolicyRecord>> {
        let policies = self.accounts.get(account).into_iter().flat_map(|account| &account.policies);
        policies.map(|(_, policy)| &policy.record)
    }

    /// The id of the user or role with a resource name; of a session's name, that of its role.
    pub(super) fn id_of(&self, arn: &str) -> Option<Arc<str>> {
        let mut parts = arn.splitn(6, ':').skip(4);
        let (account, named) = (parts.next()?, parts.next()?);
        if let Some(session) = named.strip_prefix("assumed-role/") {
            let (role, _) = session.split_once('/')?;
            return Some(Arc::clone(&self.role(account, role)?.id));
        }
        let (_, name) = named.rsplit_once('/')?;
        let user = self.user(account, name).filter(|user| user.arn(account) == arn);
        let role = || self.role(account, name).filter(|role| role.arn(account) == arn);
        user.map(|user| &user.id).or_else(|| role().map(|role| &role.id)).cloned()
    }

    /// A managed policy of an account by its whole resource name.
    pub fn policy(&self, account: &str, arn: &str) -> Option<&Arc<PolicyRecord>> {
        Some(&self.managed(account, arn)?.record)
    }

    pub(super) fn managed(&self, account: &str, arn: &str) -> Option<&Managed> {
        let (_, name) = arn.rsplit_once('/')?;
        let managed = self.accounts.get(account)?.policies.get(&Folded::of(name))?;
        (managed.record.arn(account) == arn).then_some(managed)
    }

    /// All access keys, by their ids.
    pub fn keys(&self) -> impl Iterator<Item = &Arc<KeyRecord>> {
        self.keys.values()
    }

    /// An access key.
    pub fn key(&self, id: &str) -> Option<&Arc<KeyRecord>> {
        self.keys.get(id)
    }

    /// The keys of a user or of an account's root, by their ids.
    pub fn keys_of(
        &self,
        account: &str,
        owner: &KeyOwner,
    ) -> impl Iterator<Item = &Arc<KeyRecord>> {
        let ids = self.owners.get(&(Arc::from(account), owner.clone())).into_iter().flatten();
        ids.map(|id| self.keys.get(id).expect("an id among the owner's is a key's"))
    }

    /// When a key was last used, within the interval at which that is written.
    pub fn key_use(&self, id: &str) -> Option<&KeyUse> {
        self.uses.get(id)
    }

    /// An access key that was deleted, if that is remembered.
    pub fn deleted_key(&self, id: &str) -> Option<&Arc<DeletedKeyRecord>> {
        self.deleted_keys.get(id)
    }

    pub(super) fn deleted_keys(&self) -> &DeletedKeys {
        &self.deleted_keys
    }

    /// The greatest wall time that is stored.
    pub fn time_stored(&self) -> Option<Timestamp> {
        self.time_stored
    }

    /// Looks whether everything that is named is there, after all has been read.
    pub fn check_references(&self) -> Result<(), Unreadable> {
        for (id, account) in &self.accounts {
            let check = |whose: String, attached: &mut dyn Iterator<Item = &Arc<str>>| {
                for arn in attached {
                    if self.managed(id, arn).is_none() {
                        return Err(Unreadable { whose, why: format!("there is no {arn}") });
                    }
                }
                Ok(())
            };
            for user in account.users.values().map(|user| &user.record) {
                check(user.arn(id), &mut user.attached.iter().chain(&user.boundary))?;
                if let Some(name) =
                    user.groups.iter().find(|name| !account.groups.contains_key(name))
                {
                    let why = format!("there is no group {}", name.as_str());
                    return Err(Unreadable { whose: user.arn(id), why });
                }
            }
            for group in account.groups.values().map(|group| &group.record) {
                check(group.arn(id), &mut group.attached.iter())?;
            }
            for role in account.roles.values().map(|role| &role.record) {
                check(role.arn(id), &mut role.attached.iter().chain(&role.boundary))?;
            }
        }
        for key in self.keys.values() {
            let known = match (&key.owner, self.accounts.get(&key.account)) {
                (_, None) => false,
                (KeyOwner::Root, Some(_)) => true,
                (KeyOwner::User(name), Some(account)) => account.users.contains_key(name),
            };
            if !known {
                let why = "whose it is, is not there".to_owned();
                return Err(Unreadable { whose: format!("access key {}", key.id), why });
            }
        }
        Ok(())
    }

    fn account_mut(&mut self, id: &str, whose: &str) -> Result<&mut Account, Unreadable> {
        self.accounts.get_mut(id).ok_or_else(|| Unreadable {
            whose: whose.to_owned(),
            why: format!("there is no account {id}"),
        })
    }

    fn put_account(&mut self, record: AccountRecord) {
        let record = Arc::new(record);
        match self.accounts.get_mut(&record.id) {
            Some(account) => account.record = record,
            None => {
                let id = Arc::clone(&record.id);
                let account = Account {
                    record,
                    users: BTreeMap::new(),
                    groups: BTreeMap::new(),
                    roles: BTreeMap::new(),
                    policies: BTreeMap::new(),
                    root: OnceLock::new(),
                };
                self.accounts.insert(id, account);
            }
        }
    }

    fn put_policy(&mut self, account: &Arc<str>, record: PolicyRecord) -> Result<(), Unreadable> {
        let arn: Arc<str> = record.arn(account).into();
        let policy = read(&arn, &record.document, PolicyPlace::Managed, Arc::clone(&arn))?;
        let name = Folded::of(&record.name);
        let account = self.account_mut(account, &arn)?;
        account.policies.insert(name, Managed { record: Arc::new(record), policy });
        let through_groups: BTreeSet<Folded> = account
            .groups
            .iter()
            .filter(|(_, group)| group.record.attached.contains(&arn))
            .map(|(name, _)| name.clone())
            .collect();
        for user in account.users.values_mut() {
            let record = &user.record;
            if record.attached.contains(&arn)
                || record.boundary.as_ref() == Some(&arn)
                || !record.groups.is_disjoint(&through_groups)
            {
                user.principal = OnceLock::new();
            }
        }
        self.sessions = SessionPrincipals::default();
        Ok(())
    }

    fn put_group(&mut self, account: &Arc<str>, record: GroupRecord) -> Result<(), Unreadable> {
        let inline = read_all(&record.arn(account), &record.policies, PolicyPlace::Group)?;
        let name = Folded::of(&record.name);
        let account = self.account_mut(account, name.as_str())?;
        for user in account.users.values_mut().filter(|user| user.record.groups.contains(&name)) {
            user.principal = OnceLock::new();
        }
        account.groups.insert(name, Group { record: Arc::new(record), inline });
        Ok(())
    }

    fn put_role(&mut self, account: &Arc<str>, record: RoleRecord) -> Result<(), Unreadable> {
        let arn = record.arn(account);
        let inline = read_all(&arn, &record.policies, PolicyPlace::Role)?;
        let trust = TrustPolicy::parse(&record.trust)
            .map_err(|why| Unreadable { whose: arn.clone(), why: why.to_string() })?;
        let (name, record) = (Folded::of(&record.name), Arc::new(record));
        let role = Role { record, inline, trust: Arc::new(trust) };
        self.account_mut(account, &arn)?.roles.insert(name, role);
        self.sessions = SessionPrincipals::default();
        Ok(())
    }

    fn put_key(&mut self, record: KeyRecord) -> Result<(), Unreadable> {
        let place = (Arc::clone(&record.account), record.owner.clone());
        if let Some(older) = self.keys.get(&record.id)
            && (&older.account, &older.owner) != (&record.account, &record.owner)
        {
            let why = "it is somebody else's already".to_owned();
            return Err(Unreadable { whose: format!("access key {}", record.id), why });
        }
        self.owners.entry(place).or_default().insert(Arc::clone(&record.id));
        self.keys.insert(Arc::clone(&record.id), Arc::new(record));
        Ok(())
    }

    fn delete_key(&mut self, id: &Arc<str>) {
        self.uses.remove(id);
        let Some(record) = self.keys.remove(id) else { return };
        let place = (Arc::clone(&record.account), record.owner.clone());
        if let Some(ids) = self.owners.get_mut(&place) {
            ids.remove(id);
            if ids.is_empty() {
                self.owners.remove(&place);
            }
        }
    }
}

/// Reads a policy; `name` is what verdicts call it.
fn read(
    whose: &str,
    document: &str,
    place: PolicyPlace,
    name: Arc<str>,
) -> Result<Arc<Policy>, Unreadable> {
    match Policy::parse(document, place) {
        Ok(policy) => Ok(Arc::new(policy.named(name))),
        Err(error) => Err(Unreadable { whose: whose.to_owned(), why: error.to_string() }),
    }
}

fn read_all(
    whose: &str,
    documents: &BTreeMap<Arc<str>, Arc<str>>,
    place: PolicyPlace,
) -> Result<Vec<Arc<Policy>>, Unreadable> {
    let inline = documents.iter();
    // A managed policy's name is its resource name; these have none.
    let name = |name: &Arc<str>| format!("{name} of {whose}").into();
    inline.map(|(of, document)| read(whose, document, place, name(of))).collect()
}
