//! The command line of `tidewheel backup`.

use crate::command::Asking;
use std::path::PathBuf;

/// Below the flags of each.
const CODES: &str = "\
Exit codes:
  0  it was done, and what was looked at is as it was made
  1  it was not, or something is not as it was made
  2  the command line is wrong, or names what is not there";

/// Below those of `create`.
const CREATE_CODES: &str = "\
A backup is of one moment, whatever is done meanwhile; it takes room only for what has changed since
the last one in the same repository. Of a running server it takes the rights to
tidewheel:BeginBackup, tidewheel:ReadBackup and tidewheel:EndBackup; and since it has what all
accounts have, it is refused where there is more than one. The master key is in no backup: keep it
elsewhere.

Exit codes:
  0  it was done
  1  it was not; what is there already is as it was
  2  the command line is wrong, or names what is not there";

#[derive(Debug, clap::Subcommand)]
pub enum Backup {
    /// Make a backup of a running server, or of the data directory of one that is stopped.
    #[command(after_help = CREATE_CODES)]
    Create(Create),
    /// Read all of a backup, compare it with its digests, and check that rows and histories agree.
    #[command(after_help = CODES)]
    Verify(Which),
    /// Make a data directory of a backup.
    #[command(after_help = CODES)]
    Restore(Restore),
    /// List the backups of a repository, oldest first.
    #[command(after_help = CODES)]
    List(Repository),
    /// Remove all but the newest backups, and what is in none of these.
    #[command(after_help = CODES)]
    Prune(Prune),
}

#[derive(Debug, clap::Args)]
pub struct Repository {
    /// The directory that holds backups.
    pub repository: PathBuf,
}

#[derive(Debug, clap::Args)]
pub struct Create {
    /// The directory that holds backups; it is made if it is missing.
    pub repository: PathBuf,
    /// The data directory of a server that is stopped, instead of a running server.
    #[arg(long, value_name = "DIRECTORY",
        conflicts_with_all = ["endpoint_url", "profile", "region", "ca_bundle"])]
    pub data_dir: Option<PathBuf>,
    #[command(flatten)]
    pub asking: Asking,
}

#[derive(Debug, clap::Args)]
pub struct Which {
    /// The directory that holds backups.
    pub repository: PathBuf,
    /// The backup, or how its id begins. [default: the newest]
    pub id: Option<String>,
}

#[derive(Debug, clap::Args)]
pub struct Restore {
    #[command(flatten)]
    pub which: Which,
    /// The data directory to make: one that is missing or empty, but for a master key.
    #[arg(long, value_name = "DIRECTORY")]
    pub data_dir: PathBuf,
}

#[derive(Debug, clap::Args)]
pub struct Prune {
    /// The directory that holds backups.
    pub repository: PathBuf,
    /// How many backups stay, the newest of all.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub keep: u32,
}
