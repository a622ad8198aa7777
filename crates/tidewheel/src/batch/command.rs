//! The command line of `tidewheel batch`.

use crate::command::Asking;
use cli::batch::{Action, RATE, RATE_MAX};
use std::path::PathBuf;
use wire::ChildPolicy;

/// Below the flags of all that looks for executions.
const CODES: &str = "\
A query compares fields (id, run, type, version, tag, parent, parent-run, started, age,
cancel-requested) by =, !=, ~ (a pattern with * and ?), in (...), <, <=, > and >=, joined by and, or, not
and parentheses. Words and fields may be in upper or lower case, what they are compared with may not:
  type = \"order\" AND tag IN (\"eu\", \"us\") AND NOT id ~ \"test-*\" AND age > 1h30m

Without --execute this is a dry run: nothing is done but a job file, which `tidewheel batch run`
carries out.

Exit codes:
  0    the job file is there; with --execute, each execution was acted on or was closed before
  1    it could not be done, or not to its end: the server did not answer or refused it, or a file
       cannot be used; what was begun can go on
  2    the command line or the query is wrong, or nobody has confirmed --execute
  3    no open execution matches: nothing was made, nothing was done
  4    with --execute: it is over, and for some executions it failed
  130  it was interrupted; what was begun can go on";

/// Below the flags of `run`.
const RUN_CODES: &str = "\
Executions that have an outcome in the job file are left alone, so that the same command goes on with
a job that was cut.

Exit codes:
  0    each execution was acted on or was closed before
  1    it could not be done, or not to its end: the server did not answer or refused it, or the job
       file cannot be used; the job can go on
  2    the command line is wrong
  4    it is over, and for some executions it failed
  130  it was interrupted; the job can go on";

/// Below the flags of `status`.
const STATUS_CODES: &str = "\
Exit codes:
  0    each execution was acted on or was closed before
  1    the job file cannot be used
  2    the command line is wrong
  4    it is over, and for some executions it failed
  5    some executions are still to be acted on";

/// What is done to many executions.
#[derive(Debug, clap::Subcommand)]
pub enum Batch {
    /// Terminate the open executions that a query means; a dry run unless --execute is there.
    #[command(after_help = CODES)]
    Terminate {
        #[command(flatten)]
        many: Many,
        /// Why; for the history.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// What else is to be known of it; for the history.
        #[arg(long, value_name = "TEXT")]
        details: Option<String>,
        /// What becomes of their children. [default: as each was started]
        #[arg(long, value_name = "POLICY")]
        child_policy: Option<Policy>,
    },
    /// Ask the deciders of the open executions that a query means to cancel them; a dry run unless
    /// --execute is there.
    #[command(after_help = CODES)]
    Cancel {
        #[command(flatten)]
        many: Many,
    },
    /// Signal the open executions that a query means; a dry run unless --execute is there.
    ///
    /// Each gets the signal at least once: again if it is not known whether it was sent.
    #[command(after_help = CODES)]
    Signal {
        #[command(flatten)]
        many: Many,
        /// The signal's name.
        #[arg(long, value_name = "NAME")]
        signal_name: String,
        /// What comes with it.
        #[arg(long, value_name = "TEXT")]
        input: Option<String>,
    },
    /// Carry a job out, or go on with it where it was cut.
    #[command(after_help = RUN_CODES)]
    Run {
        /// The job file.
        job_file: PathBuf,
        #[command(flatten)]
        rate: Rate,
        /// Try those again that failed.
        #[arg(long)]
        retry_failed: bool,
        #[command(flatten)]
        asking: Asking,
    },
    /// Tell how a job stands, while it runs or not; no server is asked.
    #[command(after_help = STATUS_CODES)]
    Status {
        /// The job file.
        job_file: PathBuf,
    },
}

/// Which executions, and whether it is meant.
#[derive(Debug, clap::Args)]
pub struct Many {
    /// The domain.
    pub domain: String,
    /// Which of its open executions, as in 'type = "order" and age > 2h'; 'all' means every one.
    #[arg(long, value_name = "QUERY")]
    pub query: String,
    /// Where the job file goes. [default: a name with the action, the domain and the time]
    #[arg(long, value_name = "FILE")]
    pub job: Option<PathBuf>,
    /// Carry the job out at once, when somebody has confirmed how many executions are meant.
    #[arg(long)]
    pub execute: bool,
    /// Nobody is asked to confirm.
    #[arg(long, requires = "execute")]
    pub yes: bool,
    #[command(flatten)]
    pub rate: Rate,
    #[command(flatten)]
    pub asking: Asking,
}

/// How fast.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Rate {
    /// How many executions are acted on each second at most, 1 to 1000; fewer while the server says
    /// that this is too much.
    #[arg(long, value_name = "NUMBER", default_value_t = RATE,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(RATE_MAX)))]
    pub rate: u32,
}

/// SWF's child policies, in its own words.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Policy {
    Terminate,
    RequestCancel,
    Abandon,
}

impl From<Policy> for ChildPolicy {
    fn from(policy: Policy) -> ChildPolicy {
        match policy {
            Policy::Terminate => ChildPolicy::Terminate,
            Policy::RequestCancel => ChildPolicy::RequestCancel,
            Policy::Abandon => ChildPolicy::Abandon,
        }
    }
}

/// What of it is to be done.
pub enum Task {
    Make(Many, Action),
    Run { job_file: PathBuf, rate: Rate, retry_failed: bool, asking: Asking },
    Status { job_file: PathBuf },
}

impl From<Batch> for Task {
    fn from(batch: Batch) -> Task {
        match batch {
            Batch::Terminate { many, reason, details, child_policy } => {
                let child_policy = child_policy.map(ChildPolicy::from);
                Task::Make(many, Action::Terminate { reason, details, child_policy })
            }
            Batch::Cancel { many } => Task::Make(many, Action::Cancel {}),
            Batch::Signal { many, signal_name, input } => {
                Task::Make(many, Action::Signal { signal_name, input })
            }
            Batch::Run { job_file, rate, retry_failed, asking } => {
                Task::Run { job_file, rate, retry_failed, asking }
            }
            Batch::Status { job_file } => Task::Status { job_file },
        }
    }
}
