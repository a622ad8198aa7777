//! The files of TLS: read when the server starts, and again when they have changed.
//!
//! Invariant: what is served with was whole when it was read: the files did not change meanwhile,
//! and belong together. Whatever is wrong with newer ones, the server goes on with what it has, and
//! the log says why.

use crate::signals::Hangups;
use crate::stamp::Stamp;
use crate::system::wall_time;
use server::{Identity, Tls, TlsError};
use std::convert::Infallible;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use wire::Timestamp;

/// How often it is looked whether the files have changed, in seconds.
const LOOK_SECONDS: u64 = 5;
/// How many days before its end a certificate is warned of. Those who renew by themselves do so
/// earlier.
const WARNED_DAYS: i64 = 30;
const DAY_MILLISECONDS: i64 = 24 * 60 * 60 * 1000;
/// The longest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// What others than the owner must not be able to do with a key: anything at all, but that its
/// group may read it.
const KEY_ACCESS_REFUSED: u32 = 0o037;

/// Where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    pub cert: PathBuf,
    pub key: PathBuf,
    /// Without one, no client needs a certificate.
    pub client_ca: Option<PathBuf>,
}

/// Why there is nothing that could be served with.
#[derive(Debug, thiserror::Error)]
pub enum TlsFilesError {
    #[error("cannot read {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} is longer than {FILE_BYTES_MAX} bytes", path.display())]
    TooLong { path: PathBuf },
    #[error(
        "others than its owner have access to the private key {} (mode {mode:03o}); chmod 600 \
         takes it from them",
        path.display()
    )]
    KeyAccess { path: PathBuf, mode: u32 },
    #[error("{}: {source}", path.display())]
    Wrong { path: PathBuf, source: TlsError },
    #[error("the files of the certificate are being written")]
    Changing,
}

/// The stamps of all the files; none for one that is not there.
type Stamps = Vec<Option<Stamp>>;

impl TlsFiles {
    fn stamps(&self) -> Stamps {
        let paths = [Some(&self.cert), Some(&self.key), self.client_ca.as_ref()];
        let found = paths.into_iter().flatten().map(std::fs::metadata);
        found.map(|found| found.ok().as_ref().map(Stamp::of)).collect()
    }

    /// Reads them all, and hands them on.
    fn read<T>(
        &self,
        take: impl FnOnce(Identity<'_>) -> Result<T, TlsError>,
    ) -> Result<T, TlsFilesError> {
        let before = self.stamps();
        let certificates = read(&self.cert, |_| None)?;
        let key = read(&self.key, |found| {
            let mode = found.mode() & 0o777;
            let path = self.key.clone();
            (mode & KEY_ACCESS_REFUSED != 0).then_some(TlsFilesError::KeyAccess { path, mode })
        })?;
        let client_ca = self.client_ca.as_deref().map(|path| read(path, |_| None)).transpose()?;
        if self.stamps() != before {
            return Err(TlsFilesError::Changing);
        }
        let identity = Identity {
            certificates: &certificates,
            key: &key,
            client_authorities: client_ca.as_deref(),
        };
        take(identity).map_err(|source| {
            let path = match (&source, &self.client_ca) {
                (TlsError::ClientAuthorities(_), Some(path))
                | (TlsError::ClientAuthority(_), Some(path))
                | (TlsError::ClientVerifier(_), Some(path)) => path,
                (TlsError::Key(_), _) => &self.key,
                (
                    TlsError::Certificate(_)
                    | TlsError::Pair(_)
                    | TlsError::ClientAuthorities(_)
                    | TlsError::ClientAuthority(_)
                    | TlsError::ClientVerifier(_),
                    _,
                ) => &self.cert,
            };
            TlsFilesError::Wrong { path: path.clone(), source }
        })
    }
}

fn read(
    path: &Path,
    objection: impl FnOnce(&Metadata) -> Option<TlsFilesError>,
) -> Result<Vec<u8>, TlsFilesError> {
    let unreadable = |source| TlsFilesError::Unreadable { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    // Asked of what was opened: the name may stand for something else by now.
    if let Some(error) = objection(&file.metadata().map_err(unreadable)?) {
        return Err(error);
    }
    let mut bytes = Vec::new();
    let length = file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    match u64::try_from(length) {
        Ok(length) if length <= FILE_BYTES_MAX => Ok(bytes),
        Ok(_) | Err(_) => Err(TlsFilesError::TooLong { path: path.to_owned() }),
    }
}

/// The files, and what is served with.
pub struct Watch {
    files: TlsFiles,
    tls: Arc<Tls>,
    /// The files as they were at the last attempt to read them.
    tried: Stamps,
    /// The files as they were at the last look.
    seen: Stamps,
    /// How many days were left when it was warned of the end.
    warned: Option<i64>,
}

/// What came of a look.
#[derive(Debug)]
enum Look {
    /// Nothing is new.
    Same,
    /// They have changed since the last look: perhaps they are still being written.
    Changing,
    Replaced,
    /// The new ones cannot be used.
    Kept(TlsFilesError),
}

impl Watch {
    pub fn open(files: TlsFiles) -> Result<Watch, TlsFilesError> {
        let tried = files.stamps();
        let tls = Arc::new(files.read(Tls::new)?);
        Ok(Watch { files, tls, seen: tried.clone(), tried, warned: None })
    }

    pub fn tls(&self) -> Arc<Tls> {
        self.tls.clone()
    }

    /// Reads the files if they have changed, and have been left alone since the last look.
    fn look(&mut self) -> Look {
        let now = self.files.stamps();
        if now != self.seen {
            self.seen = now;
            return Look::Changing;
        }
        match now == self.tried {
            true => Look::Same,
            false => self.read_again(),
        }
    }

    /// For how many whole days what is served is good, if those are few. It is said once a day;
    /// fewer than none are left if it has expired.
    fn days_left(&mut self, now: Timestamp) -> Option<i64> {
        let left = self.tls.expires_at().map(|end| end.0.saturating_sub(now.0));
        let days = left.map(|left| left.div_euclid(DAY_MILLISECONDS));
        let days = days.filter(|days| *days < WARNED_DAYS);
        let is_said = days == self.warned;
        self.warned = days;
        days.filter(|_| !is_said)
    }

    fn read_again(&mut self) -> Look {
        let now = self.files.stamps();
        match self.files.read(|identity| self.tls.replace(identity)) {
            Ok(()) => {
                self.tried = now;
                self.warned = None;
                Look::Replaced
            }
            Err(TlsFilesError::Changing) => Look::Changing,
            Err(error) => {
                self.tried = now;
                Look::Kept(error)
            }
        }
    }
}

/// Reads files again for as long as the server runs: at a hangup, and when they have changed.
/// `reread` is called at a hangup, too, where it may block.
pub async fn keep(
    watch: Option<Watch>,
    mut hangups: Hangups,
    reread: Option<Reread>,
) -> Infallible {
    let Some(mut watch) = watch else {
        loop {
            hangups.next().await;
            match &reread {
                Some(reread) => read_others(reread).await,
                None => tracing::info!("SIGHUP: there is nothing to read again"),
            }
        }
    };
    let mut ticks = interval(Duration::from_secs(LOOK_SECONDS));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let (read, hung_up): (fn(&mut Watch) -> Look, bool) = tokio::select! {
            _ = ticks.tick() => (Watch::look, false),
            () = hangups.next() => (Watch::read_again, true),
        };
        // Files may be far away, and requests must not wait for them.
        let looked = tokio::task::spawn_blocking(move || {
            let look = read(&mut watch);
            (watch, look)
        });
        let look;
        (watch, look) = looked.await.expect("looking at files does not panic");
        match look {
            Look::Same | Look::Changing => (),
            Look::Replaced => tracing::info!("the certificate was read again"),
            Look::Kept(error) => {
                tracing::error!(%error, "the new certificate is not used; the old one is served");
            }
        }
        match watch.days_left(wall_time()) {
            None => (),
            Some(days) if days < 0 => tracing::warn!("the certificate has expired"),
            Some(days) => tracing::warn!(days, "the certificate expires soon"),
        }
        if let Some(reread) = reread.as_ref().filter(|_| hung_up) {
            read_others(reread).await;
        }
    }
}

/// Reads again what has nothing to do with TLS.
pub type Reread = Arc<dyn Fn() + Send + Sync>;

async fn read_others(reread: &Reread) {
    let reread = reread.clone();
    // It panicked, which is no reason to end the server.
    if let Err(error) = tokio::task::spawn_blocking(move || reread()).await {
        tracing::error!(%error, "SIGHUP: the identities were not read again");
    }
}

#[cfg(test)]
mod tests;
