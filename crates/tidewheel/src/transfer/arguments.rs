//! The words of both commands.

use crate::command::Asking;
use std::path::PathBuf;

/// Below the flags of the export.
const EXPORT_CODES: &str = "\
Only operations of SWF are called, so it works with AWS, too. docs/migrating.md has the form of the
lines.

Exit codes:
  0  all of it was written
  1  it was not: there is no such thing, the server did not answer, or the file cannot be written
  2  the command line is wrong";

/// Below the flags of the import.
const IMPORT_CODES: &str = "\
First there is a report of what would be imported, what would be refused and why, and what would be
different. Executions that are there already are passed by, so an import that was cut off is simply
run again. docs/migrating.md says how to leave AWS.

Exit codes:
  0  nothing was refused, or would be
  1  something was, or would be; or a server did not answer, or the file is none
  2  the command line is wrong";

#[derive(Debug, clap::Args)]
#[command(after_help = EXPORT_CODES)]
pub struct Export {
    /// The domain.
    pub domain: String,
    /// Only executions of this workflow id; without --run-id all its runs.
    #[arg(long, value_name = "ID")]
    pub workflow_id: Option<String>,
    /// Only this run.
    #[arg(long, value_name = "ID", requires = "workflow_id")]
    pub run_id: Option<String>,
    /// Only open executions.
    #[arg(long, conflicts_with_all = ["closed", "run_id"])]
    pub open: bool,
    /// Only closed executions.
    #[arg(long, conflicts_with = "run_id")]
    pub closed: bool,
    /// Open and closed executions, which is what is exported unless something else is asked for.
    #[arg(long, conflicts_with_all = ["open", "closed"])]
    pub all: bool,
    /// Where to; nobody else may read it. [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub asking: Asking,
}

#[derive(Debug, clap::Args)]
#[command(after_help = IMPORT_CODES)]
pub struct Import {
    /// What `tidewheel export` writes, or one history as `aws swf get-workflow-execution-history`
    /// prints it; - is standard input.
    #[arg(required_unless_present = "from_aws", conflicts_with = "from_aws")]
    pub file: Option<PathBuf>,
    /// From a server: all its domains, types and open executions.
    #[arg(long)]
    pub from_aws: bool,
    /// The server that it is imported from. [default: as the environment or AWS's files say]
    #[arg(long, value_name = "URL", requires = "from_aws")]
    pub source_endpoint_url: Option<String>,
    /// A profile of AWS's files for that server.
    #[arg(long, value_name = "NAME", requires = "from_aws")]
    pub source_profile: Option<String>,
    /// The region that requests to that server are signed for.
    #[arg(long, value_name = "NAME", requires = "from_aws")]
    pub source_region: Option<String>,
    /// Authorities, in PEM, that may vouch for that server.
    #[arg(long, value_name = "FILE", requires = "from_aws")]
    pub source_ca_bundle: Option<String>,
    /// Only these domains, with commas in between.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', requires = "from_aws")]
    pub domains: Vec<String>,
    /// Closed executions from that server, too, as far as they are not past their retention.
    #[arg(long, requires = "from_aws")]
    pub closed: bool,
    /// With --from-aws: import after the report, which otherwise is all. A file is imported at once.
    #[arg(long, requires = "from_aws", conflicts_with = "dry_run")]
    pub execute: bool,
    /// With a file: only the report.
    #[arg(long)]
    pub dry_run: bool,
    /// Into this domain; whose history it is, if it does not say so itself.
    #[arg(long, value_name = "NAME", conflicts_with = "from_aws")]
    pub domain: Option<String>,
    /// With --domain: every run gets a run id of its own, made from the old one, the region and the
    /// domain, so that a domain can be copied on its own server, where its run ids are taken.
    #[arg(long, requires = "domain", conflicts_with = "workflow_id")]
    pub new_run_ids: bool,
    /// Whose history it is.
    #[arg(long, value_name = "ID", requires_all = ["domain", "run_id"])]
    pub workflow_id: Option<String>,
    /// Whose history it is.
    #[arg(long, value_name = "ID", requires_all = ["domain", "workflow_id"])]
    pub run_id: Option<String>,
    /// Started activities and Lambda tasks time out at once, instead of when their time is over:
    /// whoever has them in hand cannot answer the new server.
    #[arg(long)]
    pub time_out_started: bool,
    /// Signals, requests to cancel and children that were announced and had no outcome are not sent
    /// once more.
    #[arg(long)]
    pub no_resend: bool,
    /// Everything in the report, however much it is.
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub asking: Asking,
}
