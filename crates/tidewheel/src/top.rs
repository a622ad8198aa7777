//! `tidewheel top`: what goes on in a server, again and again.
//!
//! What is shown, and how, is decided in `cli`; here are the calls, the terminal and its keys.

mod screen;

use crate::command::Top as Words;
use crate::show::terminal;
use crate::swf::output::Output;
use crate::swf::service::{AskError, Service};
use crate::swf::variable;
use crate::tail::may_pass;
use cli::explain::Untold;
use cli::failure::CallError;
use cli::top::{Top, View};
use screen::{Key, Screen};
use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use tokio::signal::unix::SignalKind;
use wire::{
    DescribeLoadInput, DescribeTaskListsInput, DomainLoads, DomainName, PageToken, TaskListDetails,
};

/// How many pages of anything are read at a time.
const PAGES_MAX: usize = 20;

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
enum TopError {
    #[error(transparent)]
    Ask(#[from] AskError),
    #[error("this server cannot say what goes on (it has no TidewheelOperations.DescribeLoad)")]
    NotSaidHere,
    #[error(
        "{action} is denied to whoever asks here, and takes a policy that allows it{of_domains}"
    )]
    Denied { action: String, of_domains: &'static str },
    #[error("the terminal cannot be used: {0}")]
    Terminal(io::Error),
}

impl From<CallError> for TopError {
    fn from(error: CallError) -> TopError {
        TopError::Ask(error.into())
    }
}

/// Shows it.
pub fn run(words: Words) -> ExitCode {
    let work = move || {
        let looked = perform(&words);
        if looked.is_err() {
            // So that what is wrong is said where it stays.
            screen::restore();
        }
        looked
    };
    let ends = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let code = crate::looked_at_until("top", &ends, work);
    // They come while the screen is ours.
    screen::restore();
    code
}

fn perform(words: &Words) -> Result<(), TopError> {
    let mut service = Service::connect(&words.asking)?;
    let mut top = look(&mut service, words)?;
    let is_terminal = io::stdout().is_terminal() && io::stdin().is_terminal();
    // One that cannot be written on but at its end.
    let is_terminal = is_terminal && variable("TERM").is_some_and(|term| term != "dumb");
    if words.json || words.once || !is_terminal {
        let (columns, colored) = terminal();
        // In a pipe, lines are whole.
        let columns = if io::stdout().is_terminal() { columns } else { usize::MAX };
        let view = View { columns, rows: None, colored };
        let text = if words.json { format!("{}\n", top.json()) } else { top.draw(view) };
        return Ok(Output::new(None).write(&text)?);
    }
    let screen = Screen::enter().map_err(TopError::Terminal)?;
    loop {
        let asked = Instant::now();
        let mut drawn = None;
        let interval = Duration::from_secs(words.interval);
        while asked.elapsed() < interval {
            let (columns, rows) = Screen::size();
            if drawn != Some((columns, rows)) {
                let rows_for_it = rows.saturating_sub(1);
                let view = View { columns, rows: Some(rows_for_it), colored: terminal().1 };
                let text = format!("{}q leaves", top.draw(view));
                screen.draw(&text).map_err(TopError::Terminal)?;
                drawn = Some((columns, rows));
            }
            match screen.key().map_err(TopError::Terminal)? {
                Some(Key::Leave) => return Ok(()),
                Some(Key::Other) => break,
                None => (),
            }
        }
        match look(&mut service, words) {
            Ok(news) => top = news,
            // What was known stays to be seen.
            Err(TopError::Ask(AskError::Call(error))) if may_pass(&error) => {
                top.problems = vec![format!("not as of now: {error}")];
            }
            Err(error) => return Err(error),
        }
    }
}

/// Asks for everything.
fn look(service: &mut Service, words: &Words) -> Result<Top, TopError> {
    let mut token = None;
    let mut top: Option<Top> = None;
    for _page in 0..PAGES_MAX {
        let loads = match loads(service, words, token) {
            Ok(loads) => loads,
            Err(AskError::Call(error)) => {
                return Err(match Untold::of(&error) {
                    Some(Untold::NotHere) => TopError::NotSaidHere,
                    Some(Untold::Denied(action)) => {
                        let of_domains = match words.domain {
                            Some(_) => "",
                            None => " for all domains; with one named, for that one",
                        };
                        TopError::Denied { action, of_domains }
                    }
                    Some(Untold::Refused(_)) | None => error.into(),
                });
            }
            Err(error) => return Err(error.into()),
        };
        let DomainLoads { now, counted_since, domains, next_page_token } = loads;
        let top = top.get_or_insert_with(|| Top {
            place: service.caller.url(),
            now,
            counted_since,
            domains: Vec::new(),
            lists: Vec::new(),
            problems: Vec::new(),
        });
        top.domains.extend(domains);
        token = next_page_token;
        if token.is_none() {
            break;
        }
    }
    let mut top = top.expect("there is a first page");
    if token.is_some() {
        top.problems.push(format!("of more domains than these {}", top.domains.len()));
    }
    for domain in top.to_ask() {
        if let Err(error) = lists(service, &domain, &mut top) {
            match error {
                // The rights to some domains may be lacking.
                AskError::Call(CallError::Service(error)) => {
                    let why = match error.denied_action() {
                        Some(action) => format!("{action} is denied: its task lists are not shown"),
                        None => error.message,
                    };
                    top.problems.push(format!("{domain}: {why}"));
                }
                error @ (AskError::Call(_)
                | AskError::Unknown(..)
                | AskError::Unreadable(..)
                | AskError::Endless) => return Err(error.into()),
            }
        }
    }
    Ok(top)
}

fn loads(
    service: &mut Service,
    words: &Words,
    next_page_token: Option<PageToken>,
) -> Result<DomainLoads, AskError> {
    let domain = words.domain.as_deref().map(Into::into);
    let input = DescribeLoadInput { domain, maximum_page_size: None, next_page_token };
    service.operate(&input.into())
}

fn lists(service: &mut Service, domain: &DomainName, top: &mut Top) -> Result<(), AskError> {
    let mut next_page_token = None;
    for _page in 0..PAGES_MAX {
        let input = DescribeTaskListsInput {
            domain: domain.clone(),
            task_lists: None,
            maximum_page_size: None,
            next_page_token,
        };
        let page: TaskListDetails = service.operate(&input.into())?;
        let lists = page.task_lists.into_iter().map(|list| (domain.clone(), list));
        top.lists.extend(lists);
        next_page_token = page.next_page_token;
        if next_page_token.is_none() {
            return Ok(());
        }
    }
    top.problems.push(format!("{domain} has more task lists than are shown"));
    Ok(())
}
