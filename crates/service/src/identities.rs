//! The one writer of the identities, and what everybody else sees of them.
//!
//! Changes are rare, so each operation is a commit of its own; memory follows only once it is
//! durable. Readers hold a whole state and wait for nobody. It needs a store and nothing else of
//! the service, so that a data directory can be administered without a server.
//!
//! When a key was last used is noted in memory, and written by [`Identities::flush`] at most once
//! in an interval, never on the way of a request. The greatest wall time that was seen is written
//! along, so that an expired session does not revive where the clock is behind after a start.

mod lost;
mod rows;

pub use lost::{discard_access_keys, stored_identities};
pub(crate) use rows::change_of;

use crate::api::Entropy;
use crate::judge::Credentials;
use crate::keys;
use crate::values::Damage;
use access::identity::{
    Change, Directory, Fresh, IdentityFault, IdentityReply, IdentityRequest, KeyMaterial, KeyUse,
    Keyring, NONCE_BYTES, OpenError, Setting, Unreadable, limits,
};
use access::{Claim, KeyRef, Origin, Principal, SigningKeys};
use rows::{load, write};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use store::{Batch, CommitError, Epoch, Store, StoreError};
use wire::{Fault, Timestamp};

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
    /// `None` after a commit of unknown outcome or a panic, until the identities are claimed and read again.
    epoch: Option<Epoch>,
}

/// The identities, for those who look: cheap to clone, and always the newest durable state.
#[derive(Clone)]
pub struct IdentityReader {
    /// Held to take what is there or to put another in its place, and never to make one.
    state: Arc<RwLock<Arc<State>>>,
    /// Uses that are not written yet: at most one of each key.
    uses: Arc<Mutex<BTreeMap<Arc<str>, KeyUse>>>,
}

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

    /// What follows from changes. This one stays as it is.
    fn after(&self, changes: &[Change]) -> Result<State, Unreadable> {
        let mut directory = Directory::clone(&self.directory);
        for change in changes {
            directory.evolve(change.clone())?;
        }
        let signing_keys = match changes.iter().any(touches_keys) {
            true => Arc::default(),
            false => Arc::clone(&self.signing_keys),
        };
        Ok(State { directory: Arc::new(directory), keyring: self.keyring.clone(), signing_keys })
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
            state: Arc::new(RwLock::new(Arc::new(State::new(Directory::default(), keyring)))),
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
        if let IdentityRequest::GetAccessKeyLastUsed(_) = request {
            // Whoever asks is about to take the key away: what is noted counts already.
            self.flush(now)?;
        }
        let fresh = self.fresh();
        let state = self.reader.state();
        let setting = Setting {
            account: asking.account,
            caller: asking.caller,
            origin: asking.origin,
            region: asking.region,
            keyring: &state.keyring,
            now,
            fresh: &fresh,
            short_secrets: asking.short_secrets,
            names_follow: false,
        };
        let (changes, reply) = state.directory.apply(request, &setting)?;
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
        let directory = self.reader.directory();
        self.reader.replace(State {
            directory,
            keyring: keyring.clone(),
            signing_keys: Arc::default(),
        });
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
            if changes.is_empty() {
                return Ok(resealed);
            }
            let count = changes.len();
            self.commit(changes, now)
                .map_err(|error| StoreError(format!("secrets were not sealed anew: {error}")))?;
            resealed += count;
        }
    }

    /// Reads the identities again, if what is in memory cannot be trusted. To be called before
    /// somebody's rights are judged by it.
    pub fn trust(&mut self, now: Timestamp) -> Result<(), IdentityError> {
        self.available(now).map(|_| ())
    }

    /// Has the identities claimed and read again before they are used: whoever held them has
    /// panicked, and what is in memory may be wrong.
    pub fn distrust(&mut self) {
        self.epoch = None;
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

    /// Folds changes in, and shows what came of it when they are durable. Readers go on with what
    /// they have meanwhile: to read policies and to wait for the disk takes long.
    fn commit(&mut self, changes: Vec<Change>, now: Timestamp) -> Result<(), IdentityError> {
        if changes.is_empty() {
            return Ok(());
        }
        let epoch = self.available(now)?;
        let next = self.reader.state().after(&changes).map_err(|error| {
            // What was applied can be folded in; what cannot is not to be stored.
            tracing::error!(%error, "a change of the identities makes no sense");
            IdentityError::Unavailable
        })?;
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
        self.reader.replace(next);
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
        let keyring = self.reader.state().keyring.clone();
        loaded.check_sealed(&keyring).map_err(|(key, why)| IdentitiesError::Sealed { key, why })?;
        // What was seen counts on, whatever is stored.
        loaded.latest(seen);
        self.reader.replace(State::new(loaded, keyring));
        Ok(*self.epoch.insert(epoch))
    }
}

impl IdentityReader {
    /// The newest state.
    pub fn directory(&self) -> Arc<Directory> {
        Arc::clone(&self.state().directory)
    }

    /// What a signature by this key is verified with.
    pub fn key_material(
        &self,
        access_key_id: &str,
        session_token: Option<&str>,
    ) -> Result<KeyMaterial, Fault> {
        let state = self.state();
        state.directory.key_material(&state.keyring, access_key_id, session_token)
    }

    /// Verifies who signed. Checks 13, 14 and 15a; whether a session has expired, and what its
    /// principal may do, [`IdentityReader::refresh`] says.
    pub fn verify(&self, claim: &Claim<'_>) -> Result<Verified, Fault> {
        let state = self.state();
        let State { directory, keyring, signing_keys } = &*state;
        let id = claim.access_key_id();
        let material = || directory.key_material(keyring, id, claim.session_token());
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

    fn state(&self) -> Arc<State> {
        // What is in it is whole, whoever panicked.
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// For the one writer alone: it made `next` from what is there.
    fn replace(&self, next: State) {
        let next = Arc::new(next);
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let last = std::mem::replace(&mut *state, next);
        drop(state);
        drop(last); // It may be the last that holds all of it: nobody waits for that.
    }
}

impl Credentials for IdentityReader {
    fn refresh(&self, key: &KeyRef, now: Timestamp) -> Result<Arc<Principal>, Fault> {
        IdentityReader::refresh(self, key, now)
    }

    fn is_only_account(&self, account: &str) -> bool {
        let directory = self.directory();
        let mut accounts = directory.accounts();
        accounts.next().is_some_and(|first| *first.id == *account) && accounts.next().is_none()
    }
}

/// Whether keys that were derived before a change may be wrong after it. To know exactly which would
/// save nothing: changes are rare.
fn touches_keys(change: &Change) -> bool {
    match change {
        Change::PutKeyUse(..)
        | Change::PutTime(_)
        | Change::PutDeletedKey(_)
        | Change::ForgetDeletedKey(_) => false,
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

#[cfg(test)]
mod tests;
