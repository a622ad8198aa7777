//! Operations on identities carried out here, on the data directory of a server that does not run,
//! with the rights of whoever may read it.

use super::arguments::Place;
use super::json::Ordered;
use super::{Failure, Perform};
use crate::identities::{administrator, first_account};
use crate::master_key::{self, MasterKeyError, MasterKeys};
use crate::settings::{Defaults, Given, Key, SettingsError};
use crate::system::{SystemEntropy, wall_time};
use access::ACCOUNT;
use access::identity::{Directory, IdentityFault, IdentityRequest, KeyOwner, KeyRecord, KeyStatus};
use service::{Identities, IdentitiesError, IdentityError};
use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::PathBuf;
use std::sync::Arc;
use store::Store;
use store::embedded::{self, Embedded, OpenError};
use store::memory::Memory;

/// What is done with a data directory in which there is nothing yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfEmpty {
    Refuse,
    Begin,
    /// As if it were begun, but it is not.
    Imagine,
}

/// Whether a running server can be asked instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elsewhere {
    /// It can.
    Asked,
    /// It cannot: this is done on the data directory alone.
    Nowhere,
}

/// An open data directory, in which nothing was looked at.
struct Opened {
    owner: String,
    store: Arc<dyn Store>,
    master_keys: MasterKeys,
    data_dir: PathBuf,
    /// Whether it is not there, but as if it were.
    imagined: bool,
}

impl Opened {
    fn open(place: &Place, if_empty: IfEmpty, elsewhere: Elsewhere) -> Result<Opened, Failure> {
        let values = [
            (Key::DataDir, place.data_dir.clone()),
            (Key::MasterKeyFile, place.master_key_file.clone()),
        ];
        let values = values.into_iter().filter_map(|(key, text)| Some((key, text?))).collect();
        let given = Given { config: place.config.clone(), values };
        let settings = crate::read_settings(given, Defaults::SERVE)?;
        let data_dir = settings.data_dir.as_deref().ok_or_else(|| {
            let error = SettingsError::NoDataDirectory;
            Failure::Usage(format!("{error}, or a running server with --endpoint-url"))
        })?;
        let data_dir = std::path::absolute(data_dir).map_err(other)?;
        let is_empty = !embedded::is_complete(&data_dir).map_err(other)?;
        if is_empty && if_empty == IfEmpty::Refuse {
            return Err(Failure::Usage(format!(
                "{} holds no data yet; create-root-key and import begin it, and so does serve",
                data_dir.display()
            )));
        }
        let options = embedded::Options {
            build: env!("CARGO_PKG_VERSION").to_owned(),
            ..embedded::Options::default()
        };
        let imagined = is_empty && if_empty == IfEmpty::Imagine;
        let store: Arc<dyn Store> = match imagined {
            true => Arc::new(Memory::default()),
            false => Arc::new(
                Embedded::open(&data_dir, options).map_err(|error| not_opened(error, elsewhere))?,
            ),
        };
        let master_keys = MasterKeys::find(&settings.master_keys, &data_dir, &SystemEntropy);
        let master_keys = master_keys.map_err(of_master_key)?;
        let owner = format!("iam by process {}", std::process::id());
        Ok(Opened { owner, store, master_keys, data_dir, imagined })
    }
}

/// An open data directory, and the identities in it.
pub struct Local {
    owner: String,
    account: String,
    store: Arc<dyn Store>,
    identities: Identities,
    master_keys: MasterKeys,
}

impl Local {
    /// Opens the data directory.
    pub fn open(place: &Place, if_empty: IfEmpty, elsewhere: Elsewhere) -> Result<Local, Failure> {
        Local::within(Opened::open(place, if_empty, elsewhere)?, account(place))
    }

    fn within(opened: Opened, account: String) -> Result<Local, Failure> {
        let Opened { owner, store, mut master_keys, imagined, .. } = opened;
        let keyring = master_keys.keyring.clone();
        let entropy = Arc::new(SystemEntropy);
        let mut identities = Identities::open(&owner, store.clone(), entropy, keyring, wall_time())
            .map_err(|error| not_read(error, &master_keys))?;
        if !imagined {
            master_keys.keep().map_err(of_master_key)?;
        }
        first_account(&mut identities, wall_time()).map_err(other)?;
        Ok(Local { owner, account, store, identities, master_keys })
    }

    /// Makes a new master key, or drops the old ones. Keys are durable before anything is sealed
    /// with them, and are dropped when nothing is sealed with them any more.
    pub fn rotate_master_key(&mut self, drop_old: bool) -> Result<Ordered, Failure> {
        // Keys in the environment are put there by whoever sets it, the new one first.
        let keyring = match drop_old || self.master_keys.are_in_environment() {
            false => self.master_keys.add(&SystemEntropy).map_err(of_master_key)?,
            true => self.master_keys.keyring.clone(),
        };
        let sealing_key = keyring.sealing_key_id().to_string();
        let resealed = self.identities.rotate(keyring, wall_time()).map_err(other)?;
        if drop_old {
            self.master_keys.drop_old().map_err(of_master_key)?;
        }
        let number = |count: usize| Ordered::Number(count.into());
        Ok(Ordered::Object(vec![
            ("SealingKey".to_owned(), Ordered::Text(sealing_key)),
            ("SecretsSealedAnew".to_owned(), number(resealed)),
        ]))
    }

    /// Makes a new key of the tokens.
    pub fn rotate_token_key(&mut self) -> Result<Ordered, Failure> {
        let rotation =
            service::rotate_token_key(&self.owner, self.store.clone(), Arc::new(SystemEntropy));
        let rotation = rotation.map_err(other)?;
        let number = |id: u32| Ordered::Number(id.into());
        let mut answer = vec![("KeyId".to_owned(), number(rotation.key_id))];
        answer.extend(rotation.retired_key_id.map(|id| ("RetiredKeyId".to_owned(), number(id))));
        Ok(Ordered::Object(answer))
    }
}

/// Goes on without a master key that is lost: deletes the access keys whose secrets no key opens that
/// is there, and makes one of the root of the account, if that has none left. Without keys in the data
/// directory, a new one is made there. Users, roles and policies stay.
pub fn replace_master_key(place: &Place, dry_run: bool) -> Result<Ordered, Failure> {
    let mut opened = Opened::open(place, IfEmpty::Refuse, Elsewhere::Nowhere)?;
    let directory = service::stored_identities(&*opened.store, wall_time()).map_err(other)?;
    let lost = directory.unopened(&opened.master_keys.keyring);
    let lost: Vec<Arc<KeyRecord>> = lost.map(|(record, _)| Arc::clone(record)).collect();
    let account = account(place);
    if lost.is_empty() {
        return Err(Failure::Usage(
            "the master keys open all secrets: nothing is lost. rotate-master-key changes them, and \
             create-root-key makes a key of the root"
                .to_owned(),
        ));
    }
    if directory.account(&account).is_none() {
        return Err(Failure::Usage(format!(
            "there is no account {account} whose root could have a new key; --account names another"
        )));
    }
    // Another key may have been given by mistake, from the environment of another server.
    if let Some((path, kept)) = master_key::beside(&opened.data_dir).map_err(of_master_key)? {
        let unopened = directory.unopened(&kept).map(|(record, _)| Arc::clone(&record.id));
        let unopened: BTreeSet<Arc<str>> = unopened.collect();
        if lost.iter().any(|record| !unopened.contains(&record.id)) {
            return Err(Failure::Usage(format!(
                "{} opens some of them: that key is not lost, but another one was given",
                path.display()
            )));
        }
    }
    let keys = lost.iter().map(|record| lost_key(&directory, record)).collect();
    let mut answer = vec![("DiscardedKeys".to_owned(), Ordered::List(keys))];
    if dry_run {
        return Ok(Ordered::Object(answer));
    }
    let ids: Vec<Arc<str>> = lost.iter().map(|record| Arc::clone(&record.id)).collect();
    let is_good = |key: &Arc<KeyRecord>| key.status == KeyStatus::Active && !ids.contains(&key.id);
    let has_key = directory.keys_of(&account, &KeyOwner::Root).any(is_good);
    // Where one of these fails, another attempt goes on with what is left.
    opened.master_keys.keep().map_err(of_master_key)?;
    let discarded: Vec<&Arc<KeyRecord>> = lost.iter().collect();
    let (owner, store) = (&opened.owner, &*opened.store);
    service::discard_access_keys(owner, store, &directory, &discarded, wall_time())
        .map_err(other)?;
    let mut local = Local::within(opened, account)?;
    let sealing_key = local.master_keys.keyring.sealing_key_id().to_string();
    answer.push(("SealingKey".to_owned(), Ordered::Text(sealing_key)));
    if !has_key {
        let made = local.perform("CreateAccessKey", br#"{"Root":true}"#)?;
        let made = Ordered::answer(&made).map_err(other)?;
        answer.extend(made.get("AccessKey").map(|key| ("AccessKey".to_owned(), key.clone())));
    }
    Ok(Ordered::Object(answer))
}

/// Which key it is, and whose.
fn lost_key(directory: &Directory, record: &KeyRecord) -> Ordered {
    let text = |text: &str| Ordered::Text(text.to_owned());
    let mut members = vec![("AccountId".to_owned(), text(&record.account))];
    if let KeyOwner::User(name) = &record.owner {
        let user = directory.user(&record.account, name.as_str());
        let name = user.map_or(name.as_str(), |user| &user.name);
        members.push(("UserName".to_owned(), text(name)));
    }
    members.push(("AccessKeyId".to_owned(), text(&record.id)));
    Ordered::Object(members)
}

/// The account that is acted in.
pub fn account(place: &Place) -> String {
    place.account.clone().unwrap_or_else(|| ACCOUNT.to_owned())
}

impl Perform for Local {
    fn perform(&mut self, operation: &'static str, members: &[u8]) -> Result<Vec<u8>, Failure> {
        let refused = |fault: IdentityFault| Failure::Refused {
            operation,
            code: fault.code().to_owned(),
            message: fault.to_string(),
        };
        let request = IdentityRequest::parse(operation, members).map_err(refused)?;
        let asking = administrator(&self.account);
        match self.identities.handle(&request, &asking, wall_time()) {
            Ok(reply) => Ok(serde_json::to_vec(&reply).expect("a reply has text keys")),
            Err(IdentityError::Refused(fault)) => Err(refused(fault)),
            Err(error @ IdentityError::Unavailable) => Err(other(error)),
        }
    }
}

fn not_opened(error: OpenError, elsewhere: Elsewhere) -> Failure {
    let in_use = matches!(error, OpenError::InUse { .. });
    let advice = match elsewhere {
        Elsewhere::Asked if in_use => "; ask the server that uses it with --endpoint-url",
        Elsewhere::Nowhere if in_use => {
            "; this is done while no server runs: stop it, do this, and start it again"
        }
        Elsewhere::Asked | Elsewhere::Nowhere => "",
    };
    Failure::Other(format!("{error}{advice}"))
}

/// New master keys open nothing that was sealed: then those that did it are missing.
fn not_read(error: IdentitiesError, master_keys: &MasterKeys) -> Failure {
    match (&error, master_keys.missing()) {
        (IdentitiesError::Sealed { .. }, Some(missing)) => of_master_key(missing),
        (IdentitiesError::Sealed { .. }, None) => Failure::Usage(error.to_string()),
        (
            IdentitiesError::Store(_)
            | IdentitiesError::Damaged(_)
            | IdentitiesError::Unreadable(_),
            _,
        ) => other(error),
    }
}

/// Keys that are missing or wrong are files or an environment that is; not so a disk that fails.
fn of_master_key(error: MasterKeyError) -> Failure {
    match error {
        MasterKeyError::Io { .. } => other(error),
        MasterKeyError::Variable(_)
        | MasterKeyError::File(_)
        | MasterKeyError::Wrong { .. }
        | MasterKeyError::Missing { .. }
        | MasterKeyError::Full { .. }
        | MasterKeyError::InEnvironment => Failure::Usage(error.to_string()),
    }
}

fn other(error: impl Display) -> Failure {
    Failure::Other(error.to_string())
}
