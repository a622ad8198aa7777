//! A moment of a running server, read page by page through its API.

use crate::command::Asking;
use crate::swf::service::{AskError, Service};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use cli::failure::CallError;
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
    Ask(AskError),
    #[error("{0}: the server is no Tidewheel, or one that cannot be backed up while it runs")]
    NotOurs(CallError),
    #[error("the answer to {0} cannot be read: {1}")]
    Unreadable(&'static str, String),
}

impl From<AskError> for RemoteError {
    fn from(error: AskError) -> RemoteError {
        match error {
            AskError::Call(error) if is_unknown(&error) => RemoteError::NotOurs(error),
            AskError::Call(_)
            | AskError::Unreadable(..)
            | AskError::Unknown(..)
            | AskError::Endless => RemoteError::Ask(error),
        }
    }
}

fn is_unknown(error: &CallError) -> bool {
    matches!(error, CallError::Service(said) if said.code == "UnknownOperationException")
}

/// A moment that a server holds for us. It is told when it need not any longer.
pub struct Remote {
    server: RefCell<Server>,
    id: BackupId,
    shards: Vec<ShardId>,
}

struct Server {
    service: Service,
    /// Why the last page could not be read.
    failure: Option<RemoteError>,
}

impl Server {
    fn ask<T: DeserializeOwned>(&mut self, request: OwnRequest) -> Result<T, RemoteError> {
        Ok(self.service.operate(&request)?)
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

impl Remote {
    /// Asks a server to hold this moment, and which it is.
    pub fn begin(asking: &Asking) -> Result<(Remote, Timestamp), RemoteError> {
        let mut server =
            Server { service: Service::connect(asking).map_err(AskError::from)?, failure: None };
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
        let _ = self.server.get_mut().service.caller.operate(&request);
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
