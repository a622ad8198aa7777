//! A moment of a running server, read page by page through its API.

use crate::command::Asking;
use crate::swf::caller::Caller;
use crate::swf::{configuration, variable};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use cli::Globals;
use cli::failure::CallError;
use cli::profile::Settings;
use serde::de::DeserializeOwned;
use std::cell::RefCell;
use store::{Entry, ShardId, Snapshot, StoreError, backup};
use wire::{
    BackupDetail, BackupId, BackupRows, BeginBackupInput, EndBackupInput, OwnRequest,
    ReadBackupInput, Timestamp,
};

/// Why a server could not be backed up.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    #[error(transparent)]
    Call(CallError),
    #[error("{0}: the server is no Tidewheel, or one that cannot be backed up while it runs")]
    NotOurs(CallError),
    #[error("the answer to {0} cannot be read: {1}")]
    Unreadable(&'static str, String),
}

impl From<CallError> for RemoteError {
    fn from(error: CallError) -> RemoteError {
        if let CallError::Service(said) = &error
            && said.code == "UnknownOperationException"
        {
            return RemoteError::NotOurs(error);
        }
        RemoteError::Call(error)
    }
}

/// A moment that a server holds for us. It is told when it need not any longer.
pub struct Remote {
    server: RefCell<Server>,
    id: BackupId,
    shards: Vec<ShardId>,
}

struct Server {
    caller: Caller,
    /// Why the last page could not be read.
    failure: Option<RemoteError>,
}

impl Server {
    fn ask<T: DeserializeOwned>(&mut self, request: OwnRequest) -> Result<T, RemoteError> {
        let name = request.operation().name();
        let answer = self.caller.operate(&request)?;
        let text = serde_json::to_string(&answer).expect("a value is written to memory");
        serde_json::from_str(&text)
            .map_err(|error| RemoteError::Unreadable(name, error.to_string()))
    }

    fn read(&mut self, input: ReadBackupInput) -> Result<Vec<Entry>, RemoteError> {
        let after = input.after.clone();
        let BackupRows { rows } = self.ask(input.into())?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let unreadable = |what: String| RemoteError::Unreadable("ReadBackup", what);
        let packed = BASE64.decode(rows).map_err(|error| unreadable(error.to_string()))?;
        let entries = backup::unpack(&packed).map_err(unreadable)?;
        // Otherwise the same page would be read for ever.
        let first = entries.first().map(|(key, _)| BASE64.encode(key));
        if first.is_none() || first == after {
            return Err(unreadable("it does not go on".to_owned()));
        }
        Ok(entries)
    }
}

fn connect(asking: &Asking) -> Result<Caller, CallError> {
    let globals = Globals {
        endpoint_url: asking.endpoint_url.clone(),
        profile: asking.profile.clone(),
        region: asking.region.clone(),
        ca_bundle: asking.ca_bundle.clone(),
        ..Globals::default()
    };
    let settings = Settings::for_people(&globals, &configuration()?, &variable)?;
    Caller::new(&globals, settings)
}

impl Remote {
    /// Asks a server to hold this moment, and which it is.
    pub fn begin(asking: &Asking) -> Result<(Remote, Timestamp), RemoteError> {
        let caller = connect(asking)?;
        let mut server = Server { caller, failure: None };
        let BackupDetail { backup_id, taken_at, shards } =
            server.ask(BeginBackupInput {}.into())?;
        let shards = shards.into_iter().map(ShardId).collect();
        Ok((Remote { server: RefCell::new(server), id: backup_id, shards }, taken_at))
    }

    /// Why the last page could not be read, if one could not.
    pub fn failure(&self) -> Option<RemoteError> {
        self.server.borrow_mut().failure.take()
    }
}

impl Drop for Remote {
    /// A server that does not hear of it ends it by itself.
    fn drop(&mut self) {
        let request: OwnRequest = EndBackupInput { backup_id: self.id.clone() }.into();
        let _ = self.server.get_mut().caller.operate(&request);
    }
}

impl Snapshot for Remote {
    fn shards(&self) -> Result<Vec<ShardId>, StoreError> {
        Ok(self.shards.clone())
    }

    /// Pages are as large as the server makes them.
    fn page(
        &self,
        shard: ShardId,
        after: Option<&[u8]>,
        _bytes_max: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let after = after.map(|key| BASE64.encode(key));
        let input = ReadBackupInput { backup_id: self.id.clone(), shard: shard.0, after };
        let mut server = self.server.borrow_mut();
        server.read(input).map_err(|error| {
            let text = error.to_string();
            server.failure = Some(error);
            StoreError(text)
        })
    }
}
