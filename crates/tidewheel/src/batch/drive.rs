//! A job under way: threads that call, and one that says which execution is next and writes what
//! came of it.

use super::file::{FileError, JobFile};
use crate::swf::caller::Caller;
use crate::system::wall_time;
use cli::batch::{Answer, Job, Pace, Record, Step, Stop, Told, bar};
use cli::{Model, Value};
use std::io::{self, IsTerminal, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

/// How often the line is drawn that says how far it is.
const REDRAWN: Duration = Duration::from_millis(200);
/// How wide it is where nothing says how wide the terminal is.
const COLUMNS: usize = 80;

/// What the driver is told.
pub enum News {
    /// What came of the action on one execution.
    Answer(usize, Answer),
    /// Begin nothing new.
    Stop,
}

/// Acts on the executions of a job until it is over or better stopped. Each outcome is in the file
/// before the driver waits for the next.
pub fn drive(
    job: &mut Job,
    file: &mut JobFile,
    pace: &mut Pace,
    callers: Vec<Caller>,
    (sender, news): (Sender<News>, Receiver<News>),
) -> Result<(), FileError> {
    let name = job.header.action.operation_name();
    let operation = Model::get().operation(name).expect("the model has it");
    let (tasks, taken) = mpsc::channel::<(usize, Value)>();
    let taken = Mutex::new(taken);
    let act = |mut caller: Caller, sender: Sender<News>| {
        loop {
            // The lock is held while it waits: the others wait for the same.
            let task = taken.lock().expect("no holder panics").recv();
            let Ok((index, parameters)) = task else { return };
            let called = catch_unwind(AssertUnwindSafe(|| {
                let answer = Answer::of(caller.call(operation, &parameters).as_ref().map(|_| ()));
                let is_closed = matches!(answer, Answer::Closed);
                if is_closed { confirm_closed(&mut caller, &parameters) } else { answer }
            }));
            // The driver waits for an answer to each.
            let answer = called.unwrap_or(Answer::Refused("a call has panicked".to_owned()));
            if sender.send(News::Answer(index, answer)).is_err() {
                return;
            }
        }
    };
    std::thread::scope(|scope| {
        for caller in callers {
            let sender = sender.clone();
            scope.spawn(move || act(caller, sender));
        }
        // Dropped at the end, which ends the threads.
        let tasks = tasks;
        let mut line = Line::new(job);
        let began = Instant::now();
        loop {
            let until = match pace.step(began.elapsed()) {
                Step::Over => return file.commit(),
                Step::Act(index) => {
                    let target = &job.targets[index];
                    let parameters = job.header.action.parameters(&job.header.domain, target);
                    let parameters = Value::parse(&parameters.to_string());
                    let parameters = parameters.expect("it was written as JSON");
                    tasks.send((index, parameters)).expect("the receiver is here");
                    continue;
                }
                Step::Wait(until) => until,
            };
            file.commit()?;
            line.tell(pace);
            let wait = until.map(|until| until.saturating_sub(began.elapsed()));
            let Some(first) = next(&news, line.bounded(wait)) else { continue };
            for told in std::iter::once(first).chain(news.try_iter()) {
                match told {
                    News::Stop => {
                        pace.stop(Stop::Interrupted);
                        line.end();
                        let under_way = pace.under_way();
                        if 0 < under_way {
                            crate::complain(format_args!(
                                "ending; {under_way} calls are under way, and Ctrl-C does not wait \
                                 for them"
                            ));
                        }
                    }
                    News::Answer(index, answer) => {
                        let Some(outcome) = pace.answer(index, answer, began.elapsed()) else {
                            continue;
                        };
                        let record = Record::new(index, outcome, wall_time());
                        file.add(&record);
                        line.count(job.outcomes[index].replace(record.outcome.clone()), &record);
                    }
                }
            }
        }
    })
}

/// Whether an execution that cannot be acted on has closed: another account does not know it either.
fn confirm_closed(caller: &mut Caller, parameters: &Value) -> Answer {
    let describe = Model::get().operation("DescribeWorkflowExecution").expect("the model has it");
    let member = |name: &str| {
        let value = parameters.get(name).cloned();
        (name.to_owned(), value.expect("a target has its domain, its id and its run"))
    };
    let execution = Value::Map(vec![member("workflowId"), member("runId")]);
    let parameters = Value::Map(vec![member("domain"), ("execution".to_owned(), execution)]);
    match Answer::of(caller.call(describe, &parameters).as_ref().map(|_| ())) {
        Answer::Closed => Answer::Failed(
            "it is not known: it has closed and is past its retention, or it is of another account"
                .to_owned(),
        ),
        // It is known; or whoever asks may not ask that.
        Answer::Done | Answer::Failed(_) | Answer::Refused(_) => Answer::Closed,
        unanswered @ (Answer::Throttled | Answer::Unknown(_)) => unanswered,
    }
}

/// What the driver is told next; nothing if it has waited long enough.
fn next(news: &Receiver<News>, wait: Option<Duration>) -> Option<News> {
    match wait {
        // The callers hold the other end.
        None => news.recv().ok(),
        Some(wait) => news.recv_timeout(wait).ok(),
    }
}

/// The line that says how far it is, on a terminal.
struct Line {
    told: Told,
    is_terminal: bool,
    drawn: Option<Instant>,
}

impl Line {
    fn new(job: &Job) -> Line {
        Line { told: Told::of(job), is_terminal: io::stderr().is_terminal(), drawn: None }
    }

    fn count(&mut self, before: Option<cli::batch::Outcome>, record: &Record) {
        self.told.count(before.as_ref(), &record.outcome);
    }

    /// Draws it, if it is time.
    fn tell(&mut self, pace: &Pace) {
        if !self.is_terminal || self.drawn.is_some_and(|drawn| drawn.elapsed() < REDRAWN) {
            return;
        }
        let size = rustix::termios::tcgetwinsize(io::stderr()).ok();
        let columns = size.map(|size| usize::from(size.ws_col)).filter(|columns| 0 < *columns);
        let text = bar(self.told, pace.rate(), columns.unwrap_or(COLUMNS));
        self.draw(&format!("\r{text}\u{1b}[K"));
        self.drawn = Some(Instant::now());
    }

    /// No longer than until it is drawn again.
    fn bounded(&self, wait: Option<Duration>) -> Option<Duration> {
        if !self.is_terminal {
            return wait;
        }
        Some(wait.map_or(REDRAWN, |wait| wait.min(REDRAWN)))
    }

    /// The line is empty again.
    fn end(&mut self) {
        if self.drawn.take().is_some() {
            self.draw("\r\u{1b}[K");
        }
    }

    fn draw(&self, text: &str) {
        let mut stderr = io::stderr().lock();
        // If nobody reads it, nobody misses it.
        let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.end();
    }
}
