//! `tidewheel batch`: the same done to many executions, by SWF's own operations.
//!
//! What a query means, how a job file reads, how fast it goes and what is said is decided in `cli`;
//! here are the files, the calls, the terminal and interrupts. Invariant: nothing is done to an
//! execution that is not in a job file, and what came of it is in that file.

pub mod command;
mod drive;
mod file;

use crate::command::Asking;
use crate::swf::caller::Caller;
use crate::swf::output::Progress;
use crate::swf::service::{self, AskError, Service};
use crate::swf::{configuration, variable};
use crate::system::wall_time;
use cli::Globals;
use cli::batch::{
    Action, CALLS_MAX, Header, Job, Pace, Stop, TARGETS_MAX, Target, Told, preview, status, summary,
};
use cli::failure::{CallError, EXIT_INTERRUPTED};
use cli::profile::{ENDPOINT_URL_VARIABLE, Place, Settings};
use cli::search::{Query, SearchError};
use command::{Batch, Many, Rate, Task};
use drive::{News, drive};
use file::{FileError, JobFile, look};
use serde_json::json;
use std::collections::HashSet;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use wire::{Fault, RunId, WorkflowExecutionInfos};

/// No open execution matches.
const EXIT_NOTHING: u8 = 3;
/// For some executions it failed.
const EXIT_SOME_FAILED: u8 = 4;
/// Some executions are still to be acted on.
const EXIT_LEFT: u8 = 5;
/// How many executions a page is asked for, which is SWF's most.
const PAGE_ITEMS: u32 = 1000;
/// The most pages that are looked at.
const PAGES_MAX: usize = 10_000;
/// The longest answer of whoever confirms, in bytes.
const ANSWER_BYTES_MAX: u64 = 100;

/// Why it could not be done.
#[derive(Debug, thiserror::Error)]
enum BatchError {
    #[error("the query is wrong: {0}")]
    Query(#[from] SearchError),
    #[error("{} would be refused: {}", .0, .1)]
    Action(&'static str, String),
    #[error(
        "--execute asks on a terminal whether it is meant, and there is none; say --yes, or carry \
         out the job of a dry run"
    )]
    NoTerminal,
    #[error("not confirmed; nothing was done. To do it: {0}")]
    Unconfirmed(String),
    #[error(transparent)]
    Ask(#[from] AskError),
    #[error(
        "the domain has more than {PAGES_MAX} pages of open executions; name a type, a tag, an id \
         or a start in the query"
    )]
    Endless,
    #[error(transparent)]
    File(#[from] FileError),
    #[error("cannot print: {0}")]
    Print(io::Error),
    #[error("cannot start: {0}")]
    Start(io::Error),
}

impl From<CallError> for BatchError {
    fn from(error: CallError) -> BatchError {
        BatchError::Ask(error.into())
    }
}

impl BatchError {
    fn exit_code(&self) -> u8 {
        match self {
            BatchError::Query(_)
            | BatchError::Action(..)
            | BatchError::NoTerminal
            | BatchError::Unconfirmed(_) => crate::EXIT_USAGE,
            BatchError::Ask(_)
            | BatchError::Endless
            | BatchError::File(_)
            | BatchError::Print(_)
            | BatchError::Start(_) => crate::EXIT_FAILURE,
        }
    }
}

/// Who is told of an interrupt: nobody while nothing is done to executions, and then the driver.
type Door = Arc<Mutex<Option<Sender<News>>>>;

/// Does what the command line says.
///
/// The work is done in a thread of its own, as in `swf.rs`: an interrupt ends the process at once
/// while executions are looked for, and in order while they are acted on.
pub fn run(batch: Batch) -> ExitCode {
    let door = Door::default();
    let code = begin(batch.into(), &door).unwrap_or_else(|error| {
        let error = BatchError::Start(error);
        crate::complain(&error);
        error.exit_code()
    });
    code.into()
}

fn begin(task: Task, door: &Door) -> io::Result<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let entered = runtime.enter();
    let mut interrupts = signal(SignalKind::interrupt())?;
    let mut terminations = signal(SignalKind::terminate())?;
    drop(entered);
    let (told, mut done) = oneshot::channel();
    let inside = Arc::clone(door);
    std::thread::Builder::new().name("batch".to_owned()).spawn(move || {
        let code = perform(task, &inside).unwrap_or_else(|error| {
            crate::complain(&error);
            error.exit_code()
        });
        // Whoever waited for it may have been interrupted.
        let _ = told.send(code);
    })?;
    Ok(runtime.block_on(async {
        loop {
            tokio::select! {
                code = &mut done => return code.unwrap_or(crate::EXIT_FAILURE),
                () = came(&mut interrupts) => (),
                () = came(&mut terminations) => (),
            }
            // The first is for the driver; the second ends even a call that hangs.
            let driver = door.lock().expect("no holder panics").take();
            if driver.is_none_or(|driver| driver.send(News::Stop).is_err()) {
                return EXIT_INTERRUPTED;
            }
        }
    }))
}

/// Waits for a signal.
async fn came(signals: &mut Signal) {
    if signals.recv().await.is_none() {
        std::future::pending().await
    }
}

/// The exit code.
fn perform(task: Task, door: &Door) -> Result<u8, BatchError> {
    match task {
        Task::Make(many, action) => make(&many, action, door),
        Task::Run { job_file, rate, retry_failed, asking } => {
            let (file, job) = JobFile::open(&job_file)?;
            let next = command_line(&job_file, rate, &asking);
            execute(file, job, Execution { rate, retry_failed, asking: &asking, next }, door)
        }
        Task::Status { job_file } => {
            let (job, is_running) = look(&job_file)?;
            let next = command_line(&job_file, Rate { rate: cli::batch::RATE }, &Asking::default());
            print(&status(&job, is_running, &next))?;
            let told = Told::of(&job);
            Ok(match (told.left, told.failed) {
                (0, 0) => 0,
                (0, _) => EXIT_SOME_FAILED,
                (_, _) => EXIT_LEFT,
            })
        }
    }
}

/// Looks for executions, and makes a job of them; carries it out if that is asked for.
fn make(many: &Many, action: Action, door: &Door) -> Result<u8, BatchError> {
    let query = Query::parse(&many.query)?;
    let said = |fault: Fault| fault.message().unwrap_or(fault.type_name()).to_owned();
    action.check(&many.domain).map_err(|fault| BatchError::Action(action.word(), said(fault)))?;
    if many.execute && !many.yes && !io::stdin().is_terminal() {
        return Err(BatchError::NoTerminal);
    }
    let now = wall_time();
    let path = match &many.job {
        Some(path) => path.clone(),
        None => PathBuf::from(cli::batch::file_name(&action, &many.domain, now)),
    };
    // Before a long search; when it is made, it is looked at once more.
    if path.symlink_metadata().is_ok() {
        return Err(FileError::Exists(path).into());
    }
    let (globals, settings) = service::resolve(&many.asking)?;
    let mut header = Header::new(now, &many.domain, &many.query, action);
    header.endpoint = settings.place.url().to_owned();
    header.is_local = matches!(settings.place, Place::Ours(_));
    header.region = settings.region.clone();
    let mut service = Service::of(&globals, settings)?;
    let targets = search(&mut service, &query, &mut header)?;
    if targets.is_empty() {
        crate::complain(format_args!(
            "no open execution of domain {:?} matches; nothing was made",
            many.domain
        ));
        return Ok(EXIT_NOTHING);
    }
    let job = Job::new(header, targets);
    let file = JobFile::create(&path, &job)?;
    // Where and in which region is said in the job file.
    let asking = Asking { endpoint_url: None, region: None, ..many.asking.clone() };
    let next = command_line(&path, many.rate, &asking);
    print(&preview(&job, now, (!many.execute).then_some(next.as_str())))?;
    if !many.execute {
        return Ok(0);
    }
    if !many.yes && !is_confirmed(&job)? {
        return Err(BatchError::Unconfirmed(next));
    }
    execute(
        file,
        job,
        Execution { rate: many.rate, retry_failed: false, asking: &asking, next },
        door,
    )
}

/// The open executions that a query means, newest first.
fn search(
    service: &mut Service,
    query: &Query,
    header: &mut Header,
) -> Result<Vec<Target>, BatchError> {
    let pushdown = query.pushdown(header.made);
    if pushdown.is_empty() {
        return Ok(Vec::new());
    }
    let mut parameters = pushdown.parameters(&header.domain);
    parameters["maximumPageSize"] = json!(PAGE_ITEMS);
    let mut targets = Vec::new();
    // A listing that changes while it is read may have an execution on two pages.
    let mut known: HashSet<RunId> = HashSet::new();
    let mut progress = Progress::start();
    let mut seen = 0;
    for _ in 0..PAGES_MAX {
        let page: WorkflowExecutionInfos =
            service.call("ListOpenWorkflowExecutions", &parameters)?;
        seen += page.execution_infos.len();
        for info in page.execution_infos {
            if !query.matches(&info, header.made) || !known.insert(info.execution.run_id.clone()) {
                continue;
            }
            if targets.len() == TARGETS_MAX {
                header.is_cut = true;
                return Ok(targets);
            }
            targets.push(Target::from(info));
        }
        progress.tell(seen);
        match page.next_page_token {
            Some(token) => parameters["nextPageToken"] = json!(token),
            None => return Ok(targets),
        }
    }
    Err(BatchError::Endless)
}

/// Asks whoever is at the terminal how many executions are meant.
fn is_confirmed(job: &Job) -> Result<bool, BatchError> {
    let count = job.targets.len();
    let word = job.header.action.word();
    let mut stderr = io::stderr().lock();
    write!(stderr, "\nTo {word} {count} executions now, type their number: ")
        .and_then(|()| stderr.flush())
        .map_err(BatchError::Print)?;
    drop(stderr);
    let mut answer = String::new();
    let stdin = io::stdin().lock();
    let read = io::BufRead::read_line(&mut io::Read::take(stdin, ANSWER_BYTES_MAX), &mut answer);
    Ok(read.is_ok() && answer.trim() == count.to_string())
}

/// How a job is carried out.
struct Execution<'a> {
    rate: Rate,
    retry_failed: bool,
    asking: &'a Asking,
    /// The command that goes on with it.
    next: String,
}

/// Carries a job out; the exit code.
fn execute(
    mut file: JobFile,
    mut job: Job,
    execution: Execution<'_>,
    door: &Door,
) -> Result<u8, BatchError> {
    let (globals, mut settings) = settle(execution.asking, &job.header)?;
    let left = job.left(execution.retry_failed);
    let mut pace = Pace::new(left, execution.rate.rate, settings.attempts);
    // What is sent again is decided by the pace, which slows all calls down.
    settings.attempts = 1;
    let settings = service::with_keys(settings)?;
    let callers = (0..CALLS_MAX.min(pace.left())).map(|_| Caller::new(&globals, settings.clone()));
    let callers = callers.collect::<Result<Vec<Caller>, CallError>>()?;
    let (sender, news) = mpsc::channel();
    *door.lock().expect("no holder panics") = Some(sender.clone());
    drive(&mut job, &mut file, &mut pace, callers, (sender, news))?;
    let stopped = pace.stopped();
    print(&summary(&job, stopped, &execution.next))?;
    Ok(match stopped {
        Some(Stop::Interrupted) => EXIT_INTERRUPTED,
        Some(Stop::Refused(_) | Stop::Broken(_) | Stop::Throttled | Stop::Failing(_)) => {
            crate::EXIT_FAILURE
        }
        None if 0 < Told::of(&job).failed => EXIT_SOME_FAILED,
        None => 0,
    })
}

/// Who asks and where: the flags, then the job, then the environment and AWS's files.
fn settle(asking: &Asking, header: &Header) -> Result<(Globals, Settings), CallError> {
    let mut globals = service::globals(asking);
    globals.region.get_or_insert_with(|| header.region.clone());
    let mut ours = None;
    if globals.endpoint_url.is_none() {
        match header.is_local {
            // A server that is named so is asked without credentials if there are none.
            true => ours = Some(header.endpoint.clone()),
            false => globals.endpoint_url = Some(header.endpoint.clone()),
        }
    }
    let variable = |name: &str| match &ours {
        Some(ours) if name == ENDPOINT_URL_VARIABLE => Some(ours.clone()),
        Some(_) | None => variable(name),
    };
    let settings = Settings::for_people(&globals, &configuration()?, &variable)?;
    Ok((globals, settings))
}

/// The command that carries a job out, for a shell.
fn command_line(path: &Path, rate: Rate, asking: &Asking) -> String {
    let mut words = vec!["tidewheel".to_owned(), "batch".to_owned(), "run".to_owned()];
    // A path that begins with a dash is no flag.
    let path = path.to_string_lossy();
    words.push(if path.starts_with('-') { format!("./{path}") } else { path.into_owned() });
    if rate.rate != cli::batch::RATE {
        words.extend(["--rate".to_owned(), rate.rate.to_string()]);
    }
    words.extend(asking.words());
    let quoted = |word: &String| match shlex::try_quote(word) {
        Ok(quoted) => quoted.into_owned(),
        // Only a word with a zero byte is none, and no argument has one.
        Err(_) => word.clone(),
    };
    words.iter().map(quoted).collect::<Vec<String>>().join(" ")
}

/// To standard output. Whoever reads it may have seen enough.
fn print(text: &str) -> Result<(), BatchError> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(BatchError::Print),
    }
}
