//! The one writer of the identities, and what everybody else sees of them.
//!
//! Changes are rare, so each operation is a commit of its own; memory follows only once it is
//! durable. Readers hold a whole state and wait for nobody. It needs a store and nothing else of
//! the service, so that a data directory can be administered without a server.
//!
//! When a key was last used is noted in memory, and written by [`Identities::flush`] at most once
//! in an interval, never on the way of a request. The greatest wall time that was seen is written
//! along, so that an expired session does not revive where the clock is behind after a start.

use crate::api::Entropy;
use crate::judge::Credentials;
use crate::keys::{self, Table};
use crate::values::{self, Damage};
use access::identity::{
    Change, Directory, Folded, Fresh, IdentityFault, IdentityReply, IdentityRequest, KeyMaterial,
    KeyUse, Keyring, NONCE_BYTES, OpenError, Setting, Unreadable, limits,
};
use access::{Claim, KeyRef, Origin, Principal, SigningKeys};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, RwLock};
use store::{Batch, CommitError, Direction, Epoch, Store, StoreError};
use wire::{Fault, Timestamp};

/// How many rows are read at a time when the identities are loaded.
const ROWS_PER_SCAN: usize = 1000;

/// How many keys are sealed anew, and how many uses are written, by one commit.
const KEYS_PER_COMMIT: usize = 500;

/// How often it is written at most that a key was used, and that time passes.
pub const USE_INTERVAL_MILLISECONDS: i64 = 15 * 60 * 1000;

/// A stored time that is further ahead than sessions last is a clock's that was wrong: it protects
/// no session any more, and would end every new one.
const TIME_AHEAD_MILLISECONDS_MAX: i64 = limits::SESSION_SECONDS_MAX as i64 * 1000;

/// See the module.
pub struct Identities {
    owner: String,
    store: Arc<dyn Store>,
    entropy: Arc<dyn Entropy>,
    reader: IdentityReader,
    /// `None` after a commit of unknown outcome, until the identities are claimed and read again.
    epoch: Option<Epoch>,
}

/// The identities, for those who look: cheap to clone, and always the newest durable state.
#[derive(Clone)]
pub struct IdentityReader {
    state: Arc<RwLock<State>>,
    /// Uses that are not written yet: at most one of each key.
    uses: Arc<Mutex<BTreeMap<Arc<str>, KeyUse>>>,
}

#[derive(Clone)]
struct State {
    directory: Arc<Directory>,
    keyring: Keyring,
    /// Derived from secrets of this state, and so gone with it: what is found here is of a key that
    /// is there and active.
    signing_keys: Arc<SigningKeys>,
}

impl State {
    fn new(directory: Directory, keyring: Keyring) -> State {
        State { directory: Arc::new(directory), keyring, signing_keys: Arc::default() }
    }
}

/// A credential whose signature is right.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The credential, to be looked at whenever it matters whom it speaks for.
    pub key: KeyRef,
    /// The account that it is of.
    pub account: Arc<str>,
}

/// Who asks for an operation, and from where.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// The account that it acts in.
    pub account: &'a str,
    /// Who asks; `None` for whoever administers the data directory itself.
    pub caller: Option<&'a Principal>,
    /// Where the request comes from.
    pub origin: Option<&'a Origin>,
    /// The region that the request is for.
    pub region: &'a str,
    /// Whether short secrets may be imported: for development.
    pub short_secrets: bool,
}

/// Why the identities cannot be had. None of these is passed over: a start without some of the
/// identities could allow what was denied.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum IdentitiesError {
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row does not decode.
    #[error("the stored identities are damaged: {0}")]
    Damaged(#[from] Damage),
    /// A record makes no sense.
    #[error("the stored identities are damaged: {0}")]
    Unreadable(#[from] Unreadable),
    /// A secret does not open with the master keys that are given.
    #[error("the secret of the access key {key} cannot be opened: {why}")]
    Sealed {
        /// Whose secret.
        key: Arc<str>,
        /// Why.
        why: OpenError,
    },
}

/// Why an operation was not carried out.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum IdentityError {
    /// It was refused.
    #[error(transparent)]
    Refused(#[from] IdentityFault),
    /// It may have taken effect or not; it can be asked for again.
    #[error("the identities are not available")]
    Unavailable,
}

impl Identities {
    /// Claims the identities and reads them. Refuses to, if a secret cannot be opened.
    pub fn open(
        owner: &str,
        store: Arc<dyn Store>,
        entropy: Arc<dyn Entropy>,
        keyring: Keyring,
        now: Timestamp,
    ) -> Result<Identities, IdentitiesError> {
        let reader = IdentityReader {
            state: Arc::new(RwLock::new(State::new(Directory::default(), keyring))),
            uses: Arc::new(Mutex::new(BTreeMap::new())),
        };
        let owner = owner.to_owned();
        let mut identities = Identities { owner, store, entropy, reader, epoch: None };
        identities.ready(now)?;
        Ok(identities)
    }

    /// The identities, for those who look.
    pub fn reader(&self) -> IdentityReader {
        self.reader.clone()
    }

    /// Carries out an operation.
    pub fn handle(
        &mut self,
        request: &IdentityRequest,
        asking: &Asking<'_>,
        now: Timestamp,
    ) -> Result<IdentityReply, IdentityError> {
        self.available(now)?;
        let fresh = self.fresh();
        let State { directory, keyring, .. } = self.reader.state();
        let setting = Setting {
            account: asking.account,
            caller: asking.caller,
            origin: asking.origin,
            region: asking.region,
            keyring: &keyring,
            now,
            fresh: &fresh,
            short_secrets: asking.short_secrets,
        };
        let (changes, reply) = directory.apply(request, &setting)?;
        // What is not held here any longer is not copied when it changes.
        drop(directory);
        self.commit(changes, now)?;
        Ok(reply)
    }

    /// Writes which keys were used, and that time has passed, if either is due.
    pub fn flush(&mut self, now: Timestamp) -> Result<(), IdentityError> {
        self.available(now)?;
        let directory = self.reader.directory();
        let uses = std::mem::take(&mut *self.reader.uses.lock().expect("nobody panics with it"));
        // Those of keys that were deleted meanwhile are of no use.
        let known = uses.into_iter().filter(|(id, _)| directory.key(id).is_some());
        let mut changes: Vec<Change> =
            known.map(|(id, key_use)| Change::PutKeyUse(id, key_use)).collect();
        let latest = directory.latest(now);
        let stored = directory.time_stored();
        if stored.is_none_or(|stored| latest.0 - stored.0 >= USE_INTERVAL_MILLISECONDS) {
            changes.push(Change::PutTime(latest));
        }
        drop(directory);
        for changes in changes.chunks(KEYS_PER_COMMIT) {
            self.commit(changes.to_vec(), now)?;
        }
        Ok(())
    }

    /// Takes other master keys, and seals all secrets with the first of them. The old ones must be
    /// among them; they are not needed any more when this is done, but for sessions that they have
    /// sealed. Gives how many secrets were sealed anew.
    pub fn rotate(&mut self, keyring: Keyring, now: Timestamp) -> Result<usize, IdentitiesError> {
        let unopened = |(key, why)| IdentitiesError::Sealed { key, why };
        self.ready(now)?;
        self.reader.directory().check_sealed(&keyring).map_err(unopened)?;
        let mut state = self.reader.state.write().expect("no writer panics");
        (state.keyring, state.signing_keys) = (keyring.clone(), Arc::default());
        drop(state);
        let mut resealed = 0;
        loop {
            let entropy = Arc::clone(&self.entropy);
            let nonce = || {
                let mut nonce = [0; NONCE_BYTES];
                entropy.fill(&mut nonce);
                nonce
            };
            let directory = self.reader.directory();
            let changes = directory.reseal(&keyring, KEYS_PER_COMMIT, nonce).map_err(unopened)?;
            drop(directory);
            if changes.is_empty() {
                return Ok(resealed);
            }
            let count = changes.len();
            self.commit(changes, now)
                .map_err(|error| StoreError(format!("secrets were not sealed anew: {error}")))?;
            resealed += count;
        }
    }

    fn fresh(&self) -> Fresh {
        let mut bytes = [0; Fresh::BYTES];
        self.entropy.fill(&mut bytes);
        Fresh::new(bytes)
    }

    fn available(&mut self, now: Timestamp) -> Result<Epoch, IdentityError> {
        self.ready(now).map_err(|error| {
            tracing::error!(%error, "the identities are not available");
            IdentityError::Unavailable
        })
    }

    /// Makes changes durable, and then folds them in.
    fn commit(&mut self, changes: Vec<Change>, now: Timestamp) -> Result<(), IdentityError> {
        if changes.is_empty() {
            return Ok(());
        }
        let epoch = self.available(now)?;
        let mut batch = Batch::default();
        changes.iter().for_each(|change| write(change, &mut batch));
        if let Err(error) = self.store.commit(keys::IDENTITY_SHARD, epoch, batch) {
            tracing::error!(%error, "a change of the identities was not acknowledged");
            match error {
                CommitError::Full(_) => (), // Nothing was written, and the claim still holds.
                CommitError::Fenced | CommitError::Unknown(_) => {
                    self.epoch = None;
                    // It may have taken effect: readers are to see what the store has.
                    if let Err(error) = self.ready(now) {
                        tracing::error!(%error, "the identities could not be read again");
                    }
                }
            }
            return Err(IdentityError::Unavailable);
        }
        let mut state = self.reader.state.write().expect("no writer panics");
        if changes.iter().any(touches_keys) {
            state.signing_keys = Arc::default();
        }
        let directory = Arc::make_mut(&mut state.directory);
        for change in changes {
            directory.evolve(change).expect("what was applied can be folded in");
        }
        Ok(())
    }

    /// Holds a claim, and memory is what the store has.
    fn ready(&mut self, now: Timestamp) -> Result<Epoch, IdentitiesError> {
        if let Some(epoch) = self.epoch {
            return Ok(epoch);
        }
        let epoch = self.store.claim(keys::IDENTITY_SHARD, &self.owner)?;
        let seen = self.reader.directory().latest(now);
        let loaded = load(&*self.store, seen)?;
        let mut state = self.reader.state.write().expect("no writer panics");
        loaded
            .check_sealed(&state.keyring)
            .map_err(|(key, why)| IdentitiesError::Sealed { key, why })?;
        // What was seen counts on, whatever is stored.
        loaded.latest(seen);
        *state = State::new(loaded, state.keyring.clone());
        Ok(*self.epoch.insert(epoch))
    }
}

impl IdentityReader {
    /// The newest state.
    pub fn directory(&self) -> Arc<Directory> {
        self.state().directory
    }

    /// What a signature by this key is verified with.
    pub fn key_material(
        &self,
        access_key_id: &str,
        session_token: Option<&str>,
    ) -> Result<KeyMaterial, Fault> {
        let State { directory, keyring, .. } = self.state();
        directory.key_material(&keyring, access_key_id, session_token)
    }

    /// Verifies who signed. Checks 13, 14 and 15a; whether a session has expired, and what its
    /// principal may do, [`IdentityReader::refresh`] says.
    pub fn verify(&self, claim: &Claim<'_>) -> Result<Verified, Fault> {
        let State { directory, keyring, signing_keys } = self.state();
        let id = claim.access_key_id();
        let material = || directory.key_material(&keyring, id, claim.session_token());
        if claim.session_token().is_some() {
            // What the token holds has to be opened in any case; and a key that was kept would be
            // found for a request without the token, too.
            let KeyMaterial { key, account, secret } = material()?;
            claim.verify(&claim.signing_key(secret.as_ref()))?;
            return Ok(Verified { key, account });
        }
        signing_keys.verify(claim, || material().map(|material| material.secret))?;
        let record = directory.key(id).expect("a key that has signed is there, in one state");
        let key = KeyRef { access_key_id: Arc::clone(&record.id), session: None };
        Ok(Verified { key, account: Arc::clone(&record.account) })
    }

    /// Whom a verified credential speaks for, as of now.
    pub fn refresh(&self, key: &KeyRef, now: Timestamp) -> Result<Arc<Principal>, Fault> {
        self.directory().refresh(key, now)
    }

    /// Notes that a key was used. Waits for nobody who writes to the store.
    pub fn used(&self, key: &KeyRef, region: &str, service: &str, now: Timestamp) {
        if key.session.is_some() {
            return;
        }
        let directory = self.directory();
        let id = &key.access_key_id;
        let recent = |at: Timestamp| now.0 - at.0 < USE_INTERVAL_MILLISECONDS;
        if directory.key_use(id).is_some_and(|key_use| recent(key_use.at))
            || directory.key(id).is_none()
        {
            return;
        }
        let mut uses = self.uses.lock().expect("nobody panics with it");
        if uses.get(id).is_none_or(|key_use| !recent(key_use.at)) {
            let key_use = KeyUse { at: now, region: region.into(), service: service.into() };
            uses.insert(Arc::clone(id), key_use);
        }
    }

    fn state(&self) -> State {
        self.state.read().expect("no writer panics").clone()
    }
}

impl Credentials for IdentityReader {
    fn refresh(&self, key: &KeyRef, now: Timestamp) -> Result<Arc<Principal>, Fault> {
        IdentityReader::refresh(self, key, now)
    }
}

/// Whether keys that were derived before a change may be wrong after it. To know exactly which would
/// save nothing: changes are rare.
fn touches_keys(change: &Change) -> bool {
    match change {
        Change::PutKeyUse(..) | Change::PutTime(_) => false,
        Change::PutKey(_)
        | Change::DeleteKey(_)
        | Change::PutAccount(_)
        | Change::DeleteAccount(_)
        | Change::PutPolicy(..)
        | Change::DeletePolicy(..)
        | Change::PutGroup(..)
        | Change::DeleteGroup(..)
        | Change::PutUser(..)
        | Change::DeleteUser(..)
        | Change::PutRole(..)
        | Change::DeleteRole(..) => true,
    }
}

/// Shows no identities: they are many, and nobody's business in a log.
impl std::fmt::Debug for IdentityReader {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("IdentityReader")
    }
}

fn write(change: &Change, batch: &mut Batch) {
    match change {
        Change::PutAccount(record) => batch.put(keys::account(&record.id), values::json(record)),
        Change::DeleteAccount(id) => batch.delete(keys::account(id)),
        Change::PutPolicy(account, record) => {
            batch.put(
                keys::managed_policy(account, &Folded::of(&record.name)),
                values::json(record),
            );
        }
        Change::DeletePolicy(account, name) => batch.delete(keys::managed_policy(account, name)),
        Change::PutGroup(account, record) => {
            batch.put(keys::group(account, &Folded::of(&record.name)), values::json(record));
        }
        Change::DeleteGroup(account, name) => batch.delete(keys::group(account, name)),
        Change::PutUser(account, record) => {
            batch.put(keys::user(account, &Folded::of(&record.name)), values::json(record));
        }
        Change::DeleteUser(account, name) => batch.delete(keys::user(account, name)),
        Change::PutRole(account, record) => {
            batch.put(keys::role(account, &Folded::of(&record.name)), values::json(record));
        }
        Change::DeleteRole(account, name) => batch.delete(keys::role(account, name)),
        Change::PutKey(record) => batch.put(keys::access_key(&record.id), values::json(record)),
        Change::DeleteKey(id) => {
            batch.delete(keys::access_key(id));
            batch.delete(keys::key_use(id));
        }
        Change::PutKeyUse(id, key_use) => batch.put(keys::key_use(id), values::json(key_use)),
        Change::PutTime(at) => batch.put(keys::latest_time(), values::json(at)),
    }
}

/// The change that a row follows from.
pub(crate) fn change_of(table: Table, key: &[u8], bytes: &[u8]) -> Result<Change, Damage> {
    let damaged = || Damage(format!("a key of the table {table} does not decode"));
    let named = || keys::parse_identity(key).map(Arc::from).ok_or_else(damaged);
    let change = if table == Table::Account {
        Change::PutAccount(values::parse_json(bytes)?)
    } else if table == Table::ManagedPolicy {
        Change::PutPolicy(named()?, values::parse_json(bytes)?)
    } else if table == Table::Group {
        Change::PutGroup(named()?, values::parse_json(bytes)?)
    } else if table == Table::User {
        Change::PutUser(named()?, values::parse_json(bytes)?)
    } else if table == Table::Role {
        Change::PutRole(named()?, values::parse_json(bytes)?)
    } else if table == Table::AccessKey {
        Change::PutKey(values::parse_json(bytes)?)
    } else if table == Table::KeyUse {
        Change::PutKeyUse(named()?, values::parse_json(bytes)?)
    } else if table == Table::LatestTime {
        Change::PutTime(values::parse_json(bytes)?)
    } else {
        return Err(damaged());
    };
    // The key that the change is written under must be the one that it was found under.
    let mut batch = Batch::default();
    write(&change, &mut batch);
    match batch.get(key) {
        Some(Some(_)) => Ok(change),
        Some(None) | None => Err(damaged()),
    }
}

/// Folds everything that is stored.
fn load(store: &dyn Store, now: Timestamp) -> Result<Directory, IdentitiesError> {
    let mut directory = Directory::default();
    for table in Table::OF_IDENTITIES {
        let mut range = table.keys();
        loop {
            let rows = store.scan(
                keys::IDENTITY_SHARD,
                range.start.as_slice()..range.end.as_slice(),
                Direction::Ascending,
                ROWS_PER_SCAN,
            )?;
            for (key, bytes) in &rows {
                let change = change_of(table, key, bytes)?;
                if let Change::PutTime(at) = change
                    && at.0 - now.0 > TIME_AHEAD_MILLISECONDS_MAX
                {
                    tracing::warn!("the clock is far behind of where it has been");
                    continue;
                }
                directory.evolve(change)?;
            }
            let Some((mut last, _)) = rows.into_iter().last() else { break };
            last.push(0); // The smallest key after it.
            range.start = last;
        }
    }
    directory.check_references()?;
    Ok(directory)
}

#[cfg(test)]
mod tests;
