//! `tidewheel backup`: backups of a server, running or stopped, and data directories of backups.
//!
//! What a backup is, and how it stays whole, is in the store; here are the command line, the server
//! that is asked, and what is said.

pub mod command;
mod progress;
mod remote;

use crate::check;
use crate::process::{RunError, say};
use crate::system::{SystemEntropy, wall_time};
use crate::{EXIT_FAILURE, EXIT_USAGE, absolute, complain};
use command::{Backup, Create, Prune, Repository, Restore, Which};
use progress::{Line, size};
use remote::{Remote, RemoteError};
use service::check::Mode;
use service::note_restoration;
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
/// How long after its time a backup's moment is at most, in milliseconds: a server that is busy tells
/// the time first, and looks then.
const TAKEN_WITHIN_MS: i64 = 60_000;
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
    #[error("{0}; no backup was made, and what was written of it is used by the next create")]
    CutShort(Box<Failure>),
    #[error(
        "the backup is of store format {found}; this build reads {}: use the build that made it, {build}",
        embedded::FORMAT
    )]
    Format { found: u32, build: String },
    #[error(
        "{0}. It is the newest; tidewheel backup list shows the others, to be named by their IDs"
    )]
    Newest(BackupError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Usual(#[from] crate::Error),
}

impl Failure {
    fn exit_code(&self) -> u8 {
        match self {
            Failure::NoData(_) => EXIT_USAGE,
            Failure::CutShort(why) => why.exit_code(),
            Failure::Backup(error) | Failure::Restore(RestoreError::Backup(error)) => match error {
                BackupError::NoRepository { .. }
                | BackupError::Foreign { .. }
                | BackupError::Empty { .. }
                | BackupError::Unknown { .. }
                | BackupError::Ambiguous { .. } => EXIT_USAGE,
                BackupError::Format { .. }
                | BackupError::InUse { .. }
                | BackupError::Damaged { .. }
                | BackupError::Unsure { .. }
                | BackupError::Later { .. }
                | BackupError::Unflushed { .. }
                | BackupError::OutOfOrder { .. }
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
            | Failure::Newest(_)
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
        Backup::List(repository) => list(repository),
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
    // Before the store is opened, which may take long; and nothing is made if that fails.
    let repository = absolute(&create.repository)?;
    Writing::check(&repository)?;
    let store = Embedded::open(&data_dir, options()).map_err(|error| {
        let is_in_use = matches!(error, OpenError::InUse { .. });
        if is_in_use { Failure::InUse(error) } else { Failure::Open(error) }
    })?;
    let snapshot = store.snapshot()?;
    let repository = Writing::open(&repository)?;
    let created = save(repository, &*snapshot, wall_time()).map_err(cut_short)?;
    tell_of(&created)
}

fn make_of_server(create: &Create) -> Result<(), Failure> {
    // Before the server holds anything; and nothing is made if it does not answer.
    let repository = absolute(&create.repository)?;
    Writing::check(&repository)?;
    let (remote, taken_at) = Remote::begin(&create.asking)?;
    let repository = Writing::open(&repository)?;
    let saved = save(repository, &remote, taken_at);
    let created = saved.map_err(|why| cut_short(remote.failure().map_or(why, Failure::Remote)))?;
    tell_of(&created)
}

fn cut_short(why: Failure) -> Failure {
    match matches!(why, Failure::Backup(BackupError::Unflushed { .. })) {
        true => why,
        false => Failure::CutShort(Box::new(why)),
    }
}

fn save(repository: Writing, snapshot: &dyn Snapshot, at: Timestamp) -> Result<Created, Failure> {
    let mut line = Line::new();
    let mut tell = |progress: &Progress| {
        line.tell(|| {
            let Progress { shards, shards_all, rows, bytes, .. } = progress;
            format!("{shards} of {shards_all} shards, {rows} rows, {}", size(*bytes))
        });
    };
    let build = env!("CARGO_PKG_VERSION");
    Ok(backup::create(repository, snapshot, taken_at(at)?, build, &mut tell)?)
}

fn tell_of(created: &Created) -> Result<(), Failure> {
    say(&summary(created))?;
    if let Some(newest) = &created.behind {
        complain(format_args!(
            "backup {newest} counts as newer: it was made while a clock showed a later time. Whoever \
             names no ID means that one, and prune removes this one before it"
        ));
    }
    Ok(())
}

fn summary(created: &Created) -> String {
    let Created { id, progress, behind: _ } = created;
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
    let manifest = repository.manifest(&id).map_err(|why| match &which.id {
        Some(_) => Failure::Backup(why),
        None => Failure::Newest(why),
    })?;
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
    let until = good_until(&manifest.taken_at, wall_time())?;
    let note = |store: &dyn Store| note_restoration(&owner, store, &SystemEntropy, until);
    let restored = backup::restore(&repository, (&id, &manifest), target, &owner, note, &mut tell)?;
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

/// No event that is written from now on is as early, and each that the backup has is. The moment that
/// a backup is of is a little later than its time says. Less than now, lest a clock that is set back
/// after the restore be too early; but before now in any case, if the clock here is behind.
fn good_until(taken_at: &TakenAt, now: Timestamp) -> Result<Timestamp, Failure> {
    let taken_at: jiff::Timestamp = taken_at.as_str().parse().map_err(|_| Failure::Time)?;
    let last = taken_at.as_millisecond().saturating_add(TAKEN_WITHIN_MS);
    Ok(Timestamp(last.min(now.0.saturating_sub(1))))
}

/// What cannot be told is told to whoever restores.
fn has_master_key(data_dir: &Path) -> bool {
    data_dir.join(MASTER_KEY).try_exists().unwrap_or(false)
}

/// False if one cannot be read; the others are listed all the same.
fn list(arguments: &Repository) -> Result<bool, Failure> {
    let dir = absolute(&arguments.repository)?;
    let repository = Reading::open(&dir)?;
    let ids = repository.ids()?;
    if ids.is_empty() {
        complain(BackupError::Empty { dir });
    }
    let mut unreadable = 0;
    for id in ids {
        match repository.manifest(&id) {
            Ok(manifest) => {
                let (at, build) = (manifest.taken_at.as_str(), &manifest.build);
                let (rows, bytes) = (manifest.rows, size(manifest.bytes));
                let chunks = manifest.chunks();
                say(&format!(
                    "{id}  {at}  {rows} rows  {bytes}  {chunks} chunks  by build {build}"
                ))?;
            }
            Err(why) => {
                unreadable += 1;
                say(&format!("{id}  cannot be read: {why}"))?;
            }
        }
    }
    if 0 < unreadable {
        let noun = if unreadable == 1 { "backup" } else { "backups" };
        complain(format_args!(
            "{unreadable} {noun} cannot be read; prune removes nothing while it would keep one of them, \
             since what they need is not known"
        ));
    }
    Ok(unreadable == 0)
}

fn remove(arguments: &Prune) -> Result<(), Failure> {
    let keep = usize::try_from(arguments.keep).unwrap_or(usize::MAX);
    let pruned = backup::prune(&absolute(&arguments.repository)?, keep)?;
    for id in &pruned.removed {
        say(&format!("removed backup {id}"))?;
    }
    let noun = if pruned.chunks == 1 { "chunk" } else { "chunks" };
    say(&format!("removed {} {noun}, {}", pruned.chunks, size(pruned.bytes)))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Its manifest has its name by then, and the next list shows it.
    #[test]
    fn a_backup_that_may_be_lost_is_not_said_to_be_none() {
        let backup = BackupId::parse("20261126T100636.123Z-1f2e3d4c5b6a7988").expect("an id");
        let flush = |path: &str| {
            let source = std::io::Error::from(std::io::ErrorKind::StorageFull);
            BackupError::Io { what: "flush", path: path.into(), source }
        };
        let source = Box::new(flush("manifests"));
        let unflushed = BackupError::Unflushed { id: backup, source };
        let said = [unflushed, flush("chunks")].map(|why| cut_short(why.into()).to_string());
        assert_eq!(
            said,
            [
                "backup 20261126T100636.123Z-1f2e3d4c5b6a7988 was made, but cannot flush manifests: no \
                 storage space: if the machine fails, it may be lost",
                "cannot flush chunks: no storage space; no backup was made, and what was written of it \
                 is used by the next create",
            ]
        );
    }

    #[test]
    fn what_the_backup_has_is_told_from_what_comes() {
        let taken_at = TakenAt::new("2026-11-26T10:00:00.000Z").expect("a time");
        let at =
            |text: &str| Timestamp(text.parse::<jiff::Timestamp>().expect(text).as_millisecond());
        for (now, until) in [
            ("2026-11-27T00:00:00Z", "2026-11-26T10:01:00Z"),
            // Restored at once.
            ("2026-11-26T10:00:05Z", "2026-11-26T10:00:04.999Z"),
            // By a clock that is behind.
            ("2026-11-26T09:00:00Z", "2026-11-26T08:59:59.999Z"),
        ] {
            let found = good_until(&taken_at, at(now)).map_err(|error| error.to_string());
            assert_eq!(found, Ok(at(until)), "at {now}");
        }
    }
}
