//! `tidewheel backup`: backups of a server, running or stopped, and data directories of backups.
//!
//! What a backup is, and how it stays whole, is in the store; here are the command line, the server
//! that is asked, and what is said.

pub mod command;
mod progress;
mod remote;

use crate::check;
use crate::process::{RunError, say};
use crate::system::wall_time;
use crate::{EXIT_FAILURE, EXIT_USAGE, absolute, complain};
use command::{Backup, Create, Prune, Repository, Restore, Which};
use progress::{Line, size};
use remote::{Remote, RemoteError};
use service::check::Mode;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use store::backup::{
    self, BackupError, BackupId, Created, Manifest, Progress, Reading, RestoreError, TakenAt, View,
    Writing,
};
use store::embedded::{self, Embedded, OpenError, Restoring};
use store::{Snapshot, Store, StoreError};
use wire::Timestamp;

/// How many damaged files are printed one by one; of the others, only how many there are.
const DAMAGES_SHOWN_MAX: u64 = 1_000;
/// Where a server keeps its master key unless it is told otherwise.
const MASTER_KEY: &str = "master.key";

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Backup(#[from] BackupError),
    #[error(transparent)]
    Restore(#[from] RestoreError),
    #[error(transparent)]
    Open(OpenError),
    #[error(
        "{0}; if that is a server, leave --data-dir out and make the backup through it, with \
         --endpoint-url"
    )]
    InUse(OpenError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{} holds no data: it has no file VERSION; name a data directory", .0.display())]
    NoData(PathBuf),
    #[error(transparent)]
    Remote(#[from] RemoteError),
    #[error("the clock shows no time that a backup can have")]
    Time,
    #[error(
        "the backup is of store format {found}; this build reads {}: use the build that made it, {build}",
        embedded::FORMAT
    )]
    Format { found: u32, build: String },
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Usual(#[from] crate::Error),
}

impl Failure {
    fn exit_code(&self) -> u8 {
        match self {
            Failure::NoData(_) => EXIT_USAGE,
            Failure::Backup(error) | Failure::Restore(RestoreError::Backup(error)) => match error {
                BackupError::NoRepository { .. }
                | BackupError::Foreign { .. }
                | BackupError::Empty { .. }
                | BackupError::Unknown { .. } => EXIT_USAGE,
                BackupError::Format { .. }
                | BackupError::InUse { .. }
                | BackupError::Damaged { .. }
                | BackupError::TooLarge { .. }
                | BackupError::Io { .. }
                | BackupError::Store(_) => EXIT_FAILURE,
            },
            Failure::Open(OpenError::NotEmpty { .. } | OpenError::Foreign { .. }) => EXIT_USAGE,
            Failure::Open(_)
            | Failure::Restore(_)
            | Failure::InUse(_)
            | Failure::Store(_)
            | Failure::Remote(_)
            | Failure::Time
            | Failure::Format { .. }
            | Failure::Run(_)
            | Failure::Usual(_) => EXIT_FAILURE,
        }
    }
}

/// Does what is asked for.
pub fn run(asked: &Backup) -> ExitCode {
    let done = match asked {
        Backup::Create(create) => make(create).map(|()| true),
        Backup::Verify(which) => verify(which),
        Backup::Restore(restore) => put_back(restore).map(|()| true),
        Backup::List(repository) => list(repository).map(|()| true),
        Backup::Prune(prune) => remove(prune).map(|()| true),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => EXIT_FAILURE.into(),
        Err(error) => {
            complain(&error);
            error.exit_code().into()
        }
    }
}

fn options() -> embedded::Options {
    let build = env!("CARGO_PKG_VERSION").to_owned();
    embedded::Options { build, ..embedded::Options::default() }
}

fn taken_at(time: Timestamp) -> Result<TakenAt, Failure> {
    let time = jiff::Timestamp::from_millisecond(time.0).map_err(|_| Failure::Time)?;
    TakenAt::new(&format!("{time:.3}")).ok_or(Failure::Time)
}

fn make(create: &Create) -> Result<(), Failure> {
    let Some(data_dir) = &create.data_dir else { return make_of_server(create) };
    let data_dir = absolute(data_dir)?;
    // A store would be made where there is none.
    if !embedded::is_complete(&data_dir).map_err(Failure::Open)? {
        return Err(Failure::NoData(data_dir));
    }
    // Before the store is opened, which may take long.
    let repository = Writing::open(&absolute(&create.repository)?)?;
    let store = Embedded::open(&data_dir, options()).map_err(|error| {
        let is_in_use = matches!(error, OpenError::InUse { .. });
        if is_in_use { Failure::InUse(error) } else { Failure::Open(error) }
    })?;
    let snapshot = store.snapshot()?;
    save(repository, &*snapshot, wall_time())
}

fn make_of_server(create: &Create) -> Result<(), Failure> {
    // Before the server holds anything.
    let repository = Writing::open(&absolute(&create.repository)?)?;
    let (remote, taken_at) = Remote::begin(&create.asking)?;
    let saved = save(repository, &remote, taken_at);
    saved.map_err(|error| remote.failure().map_or(error, Failure::Remote))
}

fn save(repository: Writing, snapshot: &dyn Snapshot, at: Timestamp) -> Result<(), Failure> {
    let mut line = Line::new();
    let mut tell = |progress: &Progress| {
        line.tell(|| {
            let Progress { shards, shards_all, rows, bytes, .. } = progress;
            format!("{shards} of {shards_all} shards, {rows} rows, {}", size(*bytes))
        });
    };
    let build = env!("CARGO_PKG_VERSION");
    let created = backup::create(repository, snapshot, taken_at(at)?, build, &mut tell)?;
    drop(line);
    say(&summary(&created))?;
    Ok(())
}

fn summary(created: &Created) -> String {
    let Created { id, progress } = created;
    let Progress { shards, rows, bytes, chunks, chunks_new, bytes_new, .. } = progress;
    format!(
        "made backup {id}: {shards} shards, {rows} rows, {}; {chunks_new} of {chunks} chunks are new, {}",
        size(*bytes),
        size(*bytes_new)
    )
}

/// A backup that this build can read.
fn find(which: &Which) -> Result<(Reading, BackupId, Manifest), Failure> {
    let repository = Reading::open(&absolute(&which.repository)?)?;
    let id = repository.find(which.id.as_deref())?;
    let manifest = repository.manifest(&id)?;
    if manifest.store_format != embedded::FORMAT {
        let (found, build) = (manifest.store_format, manifest.build);
        return Err(Failure::Format { found, build });
    }
    Ok((repository, id, manifest))
}

/// False if something is not as it was made, or rows and histories do not agree.
fn verify(which: &Which) -> Result<bool, Failure> {
    let (repository, id, manifest) = find(which)?;
    let (mut shown, mut output) = (0, Ok(()));
    let mut tell = |damage: backup::Damage| {
        shown += 1;
        if shown <= DAMAGES_SHOWN_MAX && output.is_ok() {
            output = say(&format!("{} is damaged: {}", damage.path.display(), damage.what));
        }
    };
    let mut line = Line::new();
    let mut progress = |so_far: &backup::Verified| {
        line.tell(|| format!("{} chunks, {} rows", so_far.chunks, so_far.rows));
    };
    let verified = backup::verify(&repository, &id, &manifest, &mut tell, &mut progress);
    drop(line);
    output?;
    if DAMAGES_SHOWN_MAX < shown {
        say(&format!("and {} more", shown - DAMAGES_SHOWN_MAX))?;
    }
    if 0 < verified.damaged {
        let noun = if verified.damaged == 1 { "file is" } else { "files are" };
        say(&format!("backup {id}: {} {noun} damaged", verified.damaged))?;
        return Ok(false);
    }
    let (chunks, bytes) = (verified.chunks, size(verified.bytes));
    say(&format!("backup {id}: {chunks} chunks are as they were made, {bytes}"))?;
    let place = repository.manifest_path(&id);
    let view = View::new(Arc::new(repository), manifest);
    Ok(check::look_through(&view, Mode::Look, &place)?)
}

fn put_back(arguments: &Restore) -> Result<(), Failure> {
    let (repository, id, manifest) = find(&arguments.which)?;
    let data_dir = absolute(&arguments.data_dir)?;
    let target = Restoring::begin(&data_dir, options()).map_err(Failure::Open)?;
    let owner = format!("restore by process {}", std::process::id());
    let mut line = Line::new();
    let rows_all = manifest.rows;
    let mut tell = |so_far: &backup::Restored| {
        line.tell(|| format!("{} of {rows_all} rows, {}", so_far.rows, size(so_far.bytes)));
    };
    let restored = backup::restore(&repository, (&id, &manifest), target, &owner, &mut tell)?;
    drop(line);
    let backup::Restored { shards, rows, bytes } = restored;
    say(&format!(
        "restored backup {id}, taken at {}, into {}: {shards} shards, {rows} rows, {}",
        manifest.taken_at.as_str(),
        data_dir.display(),
        size(bytes)
    ))?;
    if !has_master_key(&data_dir) {
        say(&format!(
            "The master key is in no backup: put it back as {}, or name it with --master-key-file, \
             before a server with access control starts.",
            data_dir.join(MASTER_KEY).display()
        ))?;
    }
    Ok(())
}

/// What cannot be told is told to whoever restores.
fn has_master_key(data_dir: &Path) -> bool {
    data_dir.join(MASTER_KEY).try_exists().unwrap_or(false)
}

fn list(arguments: &Repository) -> Result<(), Failure> {
    let repository = Reading::open(&absolute(&arguments.repository)?)?;
    for id in repository.ids()? {
        let manifest = repository.manifest(&id)?;
        let (at, build) = (manifest.taken_at.as_str(), &manifest.build);
        let (rows, bytes, chunks) = (manifest.rows, size(manifest.bytes), manifest.chunks());
        say(&format!("{id}  {at}  {rows} rows  {bytes}  {chunks} chunks  by build {build}"))?;
    }
    Ok(())
}

fn remove(arguments: &Prune) -> Result<(), Failure> {
    let keep = usize::try_from(arguments.keep).unwrap_or(usize::MAX);
    let pruned = backup::prune(&absolute(&arguments.repository)?, keep)?;
    for id in &pruned.removed {
        say(&format!("removed backup {id}"))?;
    }
    say(&format!("removed {} chunks, {}", pruned.chunks, size(pruned.bytes)))?;
    Ok(())
}
