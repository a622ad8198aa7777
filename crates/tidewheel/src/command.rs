//! The command line.
//!
//! Values of settings are plain text here: `settings.rs` reads them, wherever they come from, and
//! words what is wrong with them.

pub use crate::backup::command::Backup;
use crate::settings::{Given, Key};
use std::path::PathBuf;

/// A durable workflow server that speaks Amazon SWF on the wire.
#[derive(Debug, clap::Parser)]
#[command(name = "tidewheel", version)]
pub enum Command {
    /// Run the server on a data directory.
    Serve(Serve),
    /// Try it: run the server, on a temporary directory unless one is named, and a demonstration.
    Dev(Dev),
    /// Check that what is stored agrees with the histories, while no server uses it.
    Check(Check),
    /// Make backups of a server, running or stopped; verify them; make data directories of them.
    #[command(subcommand)]
    Backup(Backup),
    /// Say how the server would run, and from where each setting comes; or check it.
    #[command(subcommand)]
    Config(Config),
    /// Administer identities: users, policies, access keys; `tidewheel iam help` lists operations.
    Iam(Iam),
    /// Every operation of the API, in the words of aws swf; `tidewheel swf help` lists them.
    Swf(Swf),
    /// Show what goes on: domains with their rates, task lists with who polls them, the worst first.
    Top(Top),
    /// Show the events of a domain as they happen.
    Tail(Tail),
    /// Show one execution as a timeline: what was done, by whom, for how long; what is pending, and
    /// when it times out.
    Show(Show),
    /// Say in words why an execution is where it is, what that rests on, and which commands help.
    Explain(Explain),
    /// Terminate, cancel or signal many executions: a dry run first, then at a rate, and resumable.
    #[command(subcommand)]
    Batch(crate::batch::command::Batch),
    /// Write a domain or some of its executions as JSON lines, with nothing but SWF's operations.
    Export(crate::transfer::Export),
    /// Take executions from a file or another server: open ones go on here.
    Import(crate::transfer::Import),
    /// Print the script with which a shell completes all this.
    Completion(Completion),
    /// Print the manual as man(1) reads it, or write its pages into a directory.
    Man(Man),
}

#[derive(Debug, clap::Args)]
pub struct Completion {
    /// Which shell.
    pub shell: Shell,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

#[derive(Debug, clap::Args)]
pub struct Man {
    /// Where the pages go, one for each subcommand and each operation of swf; it is made if it is
    /// missing. Without it, the page of the program is printed.
    pub directory: Option<PathBuf>,
}

/// Below the flags of `config check`.
const CONFIG_CODES: &str = "\
Exit codes:
  0  the server can run with these settings, as far as can be told without starting it
  1  the working directory or standard output is not usable
  2  something is wrong; each line on standard error names one thing";

/// What is done with the settings. Both take what `serve` takes.
#[derive(Debug, clap::Subcommand)]
pub enum Config {
    /// Print the settings that count, as a configuration file.
    #[command(after_help = OTHER_SOURCES)]
    Show {
        #[command(flatten)]
        flags: Flags,
        /// Say behind each setting where it comes from.
        #[arg(long)]
        origin: bool,
    },
    /// Check the settings and the files that they name: limits, identities, keys, certificates.
    #[command(after_help = CONFIG_CODES)]
    Check {
        #[command(flatten)]
        flags: Flags,
    },
}

/// Where to ask, and as whom: as for `tidewheel swf`, with its files and variables.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Asking {
    /// The server. [default: as the environment or AWS's files say, or else the local server]
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// A profile of AWS's files.
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// The region that requests are signed for.
    #[arg(long, value_name = "NAME")]
    pub region: Option<String>,
    /// Authorities, in PEM, that may vouch for an https server.
    #[arg(long, value_name = "FILE")]
    pub ca_bundle: Option<String>,
}

impl Asking {
    /// The flags that say the same again, in a command that is suggested.
    pub fn words(&self) -> Vec<String> {
        let Asking { endpoint_url, profile, region, ca_bundle } = self;
        let flags = [
            ("--endpoint-url", endpoint_url),
            ("--profile", profile),
            ("--region", region),
            ("--ca-bundle", ca_bundle),
        ];
        let given = flags.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        given.flat_map(|(name, value)| [name.to_owned(), value.clone()]).collect()
    }
}

/// Below the flags of what looks at executions.
const SHOW_CODES: &str = "\
Exit codes:
  0  it was shown
  1  it was not: there is no such execution, or the server did not answer
  2  the command line is wrong
  130  it was interrupted";

#[derive(Debug, clap::Args)]
#[command(after_help = SHOW_CODES)]
pub struct Show {
    /// The domain.
    pub domain: String,
    /// The execution's id.
    pub workflow_id: String,
    /// The run. [default: the open one, or else the newest that is closed]
    pub run_id: Option<String>,
    /// Go on with new events until the execution is closed.
    #[arg(long)]
    pub follow: bool,
    /// How often a server is asked for them that does not tell of events, as SWF does not, 1 to
    /// 3600.
    #[arg(long, value_name = "SECONDS", default_value_t = 1,
        value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub interval: u64,
    /// JSON: an object, and with --follow each new event in a line.
    #[arg(long)]
    pub json: bool,
    /// All groups, however many there are, instead of failures, what is open, and the newest.
    #[arg(long)]
    pub all: bool,
    /// Payloads in full instead of their beginnings.
    #[arg(long)]
    pub full: bool,
    #[command(flatten)]
    pub asking: Asking,
}

/// Below the flags of `tail`.
const TAIL_CODES: &str = "\
Exit codes:
  0    nobody reads the events any more
  1    the server did not answer, refused it, or does not tell of events
  2    the command line is wrong
  130  it was interrupted, as by Ctrl-C";

#[derive(Debug, clap::Args)]
#[command(after_help = TAIL_CODES)]
pub struct Tail {
    /// The domain.
    pub domain: String,
    /// Only the executions of this id.
    #[arg(long, value_name = "ID")]
    pub workflow_id: Option<String>,
    /// Only this run of it.
    #[arg(long, value_name = "ID", requires = "workflow_id")]
    pub run_id: Option<String>,
    /// Only executions of the type of this name.
    #[arg(long = "type", value_name = "NAME")]
    pub type_name: Option<String>,
    /// JSON: each event as an object in a line.
    #[arg(long)]
    pub json: bool,
    /// Begin with the history of the run so far.
    #[arg(long, requires = "workflow_id")]
    pub since_start: bool,
    /// Whole lines on a terminal, too, however long they are.
    #[arg(long)]
    pub full: bool,
    #[command(flatten)]
    pub asking: Asking,
}

/// Below the flags of `top`.
const TOP_CODES: &str = "\
On a terminal it goes on until q or Ctrl-C; anywhere else, and with --once or --json, it says once how
things stand.

Exit codes:
  0    it was shown, and left
  1    the server did not answer, refused it, or cannot say
  2    the command line is wrong
  130  it was interrupted, as by Ctrl-C";

#[derive(Debug, clap::Args)]
#[command(after_help = TOP_CODES)]
pub struct Top {
    /// The domain. [default: all]
    pub domain: Option<String>,
    /// How often the server is asked, 1 to 3600.
    #[arg(long, value_name = "SECONDS", default_value_t = 2,
        value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub interval: u64,
    /// Say it once, as a plain table.
    #[arg(long)]
    pub once: bool,
    /// Say it once, as JSON.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub asking: Asking,
}

#[derive(Debug, clap::Args)]
#[command(after_help = SHOW_CODES)]
pub struct Explain {
    /// The domain.
    pub domain: String,
    /// The execution's id.
    pub workflow_id: String,
    /// The run. [default: the open one, or else the newest that is closed]
    pub run_id: Option<String>,
    /// One JSON object.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub asking: Asking,
}

/// Its words are read by `iam.rs`: they follow from a table.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub struct Iam {
    /// An operation and its options.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPERATION")]
    pub words: Vec<std::ffi::OsString>,
}

/// Its words are read by `cli`: they follow from AWS's model.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub struct Swf {
    /// An operation and its options.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPERATION")]
    pub words: Vec<std::ffi::OsString>,
}

/// Below the flags of both commands.
const OTHER_SOURCES: &str = "\
Each setting may also be given in the environment (TIDEWHEEL_DATA_DIR and so on) or in the
configuration file (data_dir and so on). Flags win over the environment, and that over the file.";

#[derive(Debug, clap::Args)]
#[command(after_help = OTHER_SOURCES)]
pub struct Serve {
    #[command(flatten)]
    pub flags: Flags,
}

#[derive(Debug, clap::Args)]
#[command(after_help = OTHER_SOURCES)]
pub struct Dev {
    #[command(flatten)]
    pub flags: Flags,
    /// Stop the server when the demonstration is over.
    #[arg(long)]
    pub exit_after_demonstration: bool,
}

/// Below the flags of the check.
const CHECK_CODES: &str = "\
The server must be stopped: it holds the data directory, and the check fails while it does. The data
directory may also be given in the environment (TIDEWHEEL_DATA_DIR) or in the configuration file
(data_dir), as for serve.

Exit codes:
  0  all agrees, by now if it was to repair
  1  something does not, or is left after a repair; or the check failed
  2  the command line, the environment or the configuration file is wrong, or no data is there";

#[derive(Debug, clap::Args)]
#[command(after_help = CHECK_CODES)]
pub struct Check {
    /// Configuration file, in TOML, as that of the server.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data directory to check.
    #[arg(long, value_name = "DIRECTORY")]
    data_dir: Option<String>,
    /// Put right what follows from the histories. Histories themselves are never changed.
    #[arg(long)]
    pub repair: bool,
}

impl Check {
    /// The settings among the flags.
    pub fn given(&self) -> Given {
        let data_dir = self.data_dir.iter().map(|text| (Key::DataDir, text.clone()));
        Given { config: self.config.clone(), values: data_dir.collect() }
    }
}

/// The settings, as flags.
#[derive(Debug, clap::Args)]
pub struct Flags {
    /// Configuration file, in TOML.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the server keeps its data; created if it is missing.
    #[arg(long, value_name = "DIRECTORY")]
    data_dir: Option<String>,
    /// Address and port to listen on; port 0 takes any that is free. [default: 127.0.0.1:7933]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// How log lines are written: text or json. [default: text]
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
    /// What is logged: off, error, warn, info, debug, trace, or directives such as
    /// info,server=debug.
    /// [default: info; for dev: warn]
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
    /// How long a poll waits for a task before it is answered empty, 1 to 60. [default: 58]
    #[arg(long, value_name = "SECONDS")]
    poll_hold_seconds: Option<String>,
    /// What a poll that found no task is answered as taskToken: absent or empty. [default: absent]
    #[arg(long, value_name = "TOKEN")]
    empty_poll_token: Option<String>,
    /// Quotas and throttles: default (AWS's quotas, no throttles), aws (its throttles, too) or a
    /// file. [default: default]
    #[arg(long, value_name = "LIMITS")]
    limits: Option<String>,
    /// Where Lambda functions are called, by AWS's Invoke API; without it, decisions that schedule
    /// some are refused.
    #[arg(long, value_name = "URL")]
    lambda_endpoint: Option<String>,
    /// Authorities, in PEM, that may vouch for an https endpoint of functions. [default: the
    /// system's]
    #[arg(long, value_name = "FILE")]
    lambda_ca_bundle: Option<String>,
    /// Credentials that calls of functions are signed with, as AWS's tools write them; read again
    /// when they have changed. A file that others may read is refused. [default: not signed]
    #[arg(long, value_name = "FILE")]
    lambda_credentials: Option<String>,
    /// Networks, with commas in between, into which the name of the endpoint of functions may lead
    /// though they are not the internet. [default: none]
    #[arg(long, value_name = "NETWORKS")]
    lambda_allowed_networks: Option<String>,
    /// Certificate of the server, in PEM, with those that lead to its authority behind it; TLS is
    /// spoken with it. Not for dev.
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<String>,
    /// Private key of the certificate, in PEM; a file that others may read is refused.
    #[arg(long, value_name = "FILE")]
    tls_key: Option<String>,
    /// Authorities, in PEM: only clients with a certificate that one of them has signed are let in.
    #[arg(long, value_name = "FILE")]
    tls_client_ca: Option<String>,
    /// Proxies that say where requests come from: addresses and networks, with commas in between.
    /// [default: none]
    #[arg(long, value_name = "NETWORKS")]
    trusted_proxies: Option<String>,
    /// The headers in which they say it, whatever their clients write: x-forwarded (X-Forwarded-For
    /// and X-Forwarded-Proto) or forwarded (Forwarded). [default: x-forwarded]
    #[arg(long, value_name = "HEADERS")]
    proxy_headers: Option<String>,
    /// Where the master keys are, which seal the secrets of access keys. [default: master.key in
    /// the data directory, made when it is needed]
    #[arg(long, value_name = "FILE")]
    master_key_file: Option<String>,
    /// A file that describes users, policies and access keys; read at the start and at SIGHUP.
    #[arg(long, value_name = "FILE")]
    identities: Option<String>,
    /// Who is let in: sigv4 (whoever signs with an access key, as policies allow), off (anybody, on
    /// a loopback address) or off-anywhere (anybody, on any address).
    /// [default: sigv4; for dev: off]
    #[arg(long, value_name = "AUTH")]
    auth: Option<String>,
    /// Where anybody is let in: names that the server may be called by, beside addresses and
    /// localhost, with commas in between. [default: none]
    #[arg(long, value_name = "NAMES")]
    allowed_hosts: Option<String>,
    /// The regions that there are, with commas in between; requests in others are refused.
    /// [default: any]
    #[arg(long, value_name = "NAMES")]
    regions: Option<String>,
    /// How far the clocks of clients may be off, 1 to 60. [default: 15]
    #[arg(long, value_name = "MINUTES")]
    clock_skew_minutes: Option<String>,
    /// As what requests are refused that policies do not allow: access-denied or
    /// operation-not-permitted. [default: access-denied]
    #[arg(long, value_name = "FAULT")]
    denials: Option<String>,
}

impl From<Flags> for Given {
    fn from(flags: Flags) -> Given {
        let Flags { config, data_dir, listen, log_format, log_level, .. } = flags;
        let Flags { poll_hold_seconds, empty_poll_token, limits, lambda_endpoint, .. } = flags;
        let Flags { lambda_ca_bundle, lambda_credentials, lambda_allowed_networks, .. } = flags;
        let Flags { tls_cert, tls_key, tls_client_ca, .. } = flags;
        let Flags { trusted_proxies, proxy_headers, .. } = flags;
        let Flags { master_key_file, identities, auth, allowed_hosts, .. } = flags;
        let Flags { regions, clock_skew_minutes, denials, .. } = flags;
        let values = [
            (Key::DataDir, data_dir),
            (Key::Listen, listen),
            (Key::LogFormat, log_format),
            (Key::LogLevel, log_level),
            (Key::PollHoldSeconds, poll_hold_seconds),
            (Key::EmptyPollToken, empty_poll_token),
            (Key::Limits, limits),
            (Key::LambdaEndpoint, lambda_endpoint),
            (Key::LambdaCaBundle, lambda_ca_bundle),
            (Key::LambdaCredentials, lambda_credentials),
            (Key::LambdaAllowedNetworks, lambda_allowed_networks),
            (Key::TlsCert, tls_cert),
            (Key::TlsPrivate, tls_key),
            (Key::TlsClientCa, tls_client_ca),
            (Key::TrustedProxies, trusted_proxies),
            (Key::ProxyHeaders, proxy_headers),
            (Key::MasterKeyFile, master_key_file),
            (Key::Identities, identities),
            (Key::Auth, auth),
            (Key::AllowedHosts, allowed_hosts),
            (Key::Regions, regions),
            (Key::ClockSkewMinutes, clock_skew_minutes),
            (Key::Denials, denials),
        ];
        let values = values.into_iter().filter_map(|(key, text)| Some((key, text?))).collect();
        Given { config, values }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Defaults;
    use clap::{CommandFactory, Parser};

    #[test]
    fn the_command_line_is_consistent() {
        Command::command().debug_assert();
    }

    /// The lines that `tidewheel explain` suggests, which `cli` makes; those of `swf` it reads itself.
    #[test]
    fn what_is_suggested_can_be_run() {
        for line in [
            &["explain", "d", "w", "r", "--endpoint-url", "http://127.0.0.1:7933"][..],
            &["explain", "--profile", "p", "--", "-d", "--follow", "r"],
            &["show", "d", "w", "r", "--follow", "--region", "eu-west-1"],
            &["show", "--follow", "--", "d", "-w", "r"],
        ] {
            let words = ["tidewheel"].iter().chain(line);
            assert!(Command::try_parse_from(words).is_ok(), "{line:?}");
        }
    }

    /// The help is the one place that says the defaults again.
    #[test]
    fn the_help_names_the_defaults() {
        let command = Command::command();
        let serve = command.find_subcommand("serve").expect("a command");
        for key in Key::ALL {
            let flag = key.name().replace('_', "-");
            let argument =
                serve.get_arguments().find(|argument| argument.get_long() == Some(&flag));
            let help = argument.expect(&flag).get_help().map(ToString::to_string);
            let help = help.expect("each flag has a help");
            if let Some(default) = key.default_text(Defaults::SERVE) {
                let said = help.split("[default: ").nth(1).expect(&help);
                let said = said.split([']', ';']).next().expect("split gives one");
                assert_eq!(said, default, "{flag}");
            }
        }
    }
}
