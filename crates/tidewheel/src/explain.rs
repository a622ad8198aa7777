//! `tidewheel explain`: why an execution is where it is.
//!
//! What follows from the facts is decided in `cli`; here are the calls, the terminal and the time.

use crate::command::{Asking, Explain};
use crate::executions::Executions;
use crate::show::terminal;
use crate::swf::output::Output;
use crate::swf::service::{self, AskError};
use crate::system::wall_time;
use cli::explain::{
    Counted, Facts, LISTS_ASKED_MAX, LaterRun, Look, TaskLists, Untold, awaited, explain,
};
use cli::failure::CallError;
use cli::timeline::{Snapshot, Timeline};
use serde_json::json;
use std::process::ExitCode;
use wire::{DescribeTaskListsInput, OwnRequest, PageToken, PendingTaskCount};
use wire::{TaskListDetails, TaskListKind, TaskListName, Timestamp};

/// The most runs of a chain that are followed; the newest of a longer one is not found.
const CHAIN_MAX: usize = 100;
/// The most lists of which what waits on them is counted, where it is a request for each.
const LISTS_COUNTED_MAX: usize = 20;
/// The most pages of lists of a domain that are looked through for one with a similar name.
const LIST_PAGES_MAX: usize = 10;

/// Explains an execution.
pub fn run(arguments: Explain) -> ExitCode {
    crate::looked_at("explain", move || perform(&arguments))
}

fn perform(arguments: &Explain) -> Result<(), AskError> {
    let mut executions = Executions::connect(&arguments.asking, &arguments.domain)?;
    let run_id = executions.run_of(&arguments.workflow_id, arguments.run_id.as_deref())?;
    let execution = json!({ "workflowId": arguments.workflow_id, "runId": run_id });
    let detail = executions.describe(&execution)?;
    let mut timeline = Timeline::default();
    executions.history(&execution, |event| timeline.add(event))?;
    let snapshot = Snapshot {
        domain: &arguments.domain,
        timeline: &timeline,
        detail: &detail,
        now: wall_time(),
    };
    let (lists, told_at) = lists(&mut executions, awaited(&snapshot))?;
    let endpoint = service::wants_our_variable(&arguments.asking);
    // Its URL is not said twice.
    let named = arguments.asking.endpoint_url.clone().filter(|_| endpoint.is_none());
    let asking = Asking { endpoint_url: named, ..arguments.asking.clone() };
    let facts = Facts {
        // Ages are right by the server's clock, which wrote the events.
        snapshot: Snapshot { now: told_at.unwrap_or(snapshot.now), ..snapshot },
        lists: &lists,
        later: &later_runs(&mut executions, &arguments.workflow_id, &timeline)?,
        asking: &asking.words(),
        endpoint: endpoint.as_deref(),
    };
    let explanation = explain(facts);
    let (columns, colored) = terminal();
    let text = if arguments.json {
        format!("{}\n", explanation.json())
    } else {
        explanation.draw(Look { columns, colored })
    };
    Ok(Output::new(None).write(&text)?)
}

/// What is known of lists, and the server's time if it told that. Where it does not tell who polls,
/// or not to who asks, what waits is counted.
fn lists(
    executions: &mut Executions<'_>,
    awaited: Vec<TaskListName>,
) -> Result<(TaskLists, Option<Timestamp>), AskError> {
    let asked = &awaited[..awaited.len().min(LISTS_ASKED_MAX)];
    if awaited.is_empty() {
        let told = TaskLists::Counted { untold: Untold::NotHere, counts: Vec::new() };
        return Ok((told, None));
    }
    let TaskListDetails { counted_since: since, now: told_at, mut task_lists, mut next_page_token } =
        match describe(executions, Some(asked.to_vec()), None) {
            Ok(told) => told,
            Err(AskError::Call(error)) => {
                let untold = Untold::of(&error).ok_or(error)?;
                let counts = counts(executions, awaited)?;
                return Ok((TaskLists::Counted { untold, counts }, None));
            }
            Err(error) => return Err(error),
        };
    // A page may end before all of them: counting long backlogs takes the server time.
    while let Some(token) = next_page_token.take().filter(|_| task_lists.len() < asked.len()) {
        let page = match describe(executions, Some(asked.to_vec()), Some(token)) {
            Ok(page) => page,
            // What is known already is worth telling.
            Err(AskError::Call(CallError::Service(_))) => break,
            Err(error) => return Err(error),
        };
        // Each page has a list.
        next_page_token = page.next_page_token.filter(|_| !page.task_lists.is_empty());
        task_lists.extend(page.task_lists);
    }
    let told = TaskLists::Told { since, lists: task_lists.clone() };
    if awaited.iter().any(|list| !told.is_polled(list, told_at)) {
        let mut token = None;
        for _ in 0..LIST_PAGES_MAX {
            let page = match describe(executions, None, token) {
                Ok(page) => page,
                // What is known already is worth telling.
                Err(AskError::Call(CallError::Service(_))) => break,
                Err(error) => return Err(error),
            };
            let others = page.task_lists.into_iter().filter(|list| {
                !task_lists.iter().any(|known| known.kind == list.kind && known.name == list.name)
            });
            let others: Vec<_> = others.collect();
            task_lists.extend(others);
            token = page.next_page_token;
            if token.is_none() {
                break;
            }
        }
    }
    Ok((TaskLists::Told { since, lists: task_lists }, Some(told_at)))
}

fn describe(
    executions: &mut Executions<'_>,
    task_lists: Option<Vec<TaskListName>>,
    next_page_token: Option<PageToken>,
) -> Result<TaskListDetails, AskError> {
    let domain = executions.domain.into();
    let maximum_page_size = None;
    let input = DescribeTaskListsInput { domain, task_lists, maximum_page_size, next_page_token };
    executions.service.operate(&OwnRequest::DescribeTaskLists(input))
}

/// How much waits, of those lists of which whoever asks may know it.
fn counts(
    executions: &mut Executions<'_>,
    awaited: Vec<TaskListName>,
) -> Result<Vec<Counted>, AskError> {
    let mut counts = Vec::new();
    for list in awaited.into_iter().take(LISTS_COUNTED_MAX) {
        let operation = match list.kind {
            TaskListKind::Decision => "CountPendingDecisionTasks",
            TaskListKind::Activity => "CountPendingActivityTasks",
        };
        let parameters = json!({ "domain": executions.domain, "taskList": { "name": list.name } });
        match executions.service.call::<PendingTaskCount>(operation, &parameters) {
            Ok(count) => counts.push((list, Ok(count))),
            Err(AskError::Call(error)) => {
                counts.push((list, Err(Untold::of(&error).ok_or(error)?)));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(counts)
}

/// The runs that one was continued as, as far as they are still there.
fn later_runs(
    executions: &mut Executions<'_>,
    workflow_id: &str,
    timeline: &Timeline,
) -> Result<Vec<LaterRun>, AskError> {
    let mut later = Vec::new();
    let mut next = timeline.continued_as().cloned();
    while let Some(run_id) = next.take().filter(|_| later.len() < CHAIN_MAX) {
        let execution = json!({ "workflowId": workflow_id, "runId": run_id });
        // How a run ended is its last event.
        let last = match executions.newest(&execution) {
            Ok(last) => Timeline::of(&last),
            Err(AskError::Call(CallError::Service(error)))
                if error.code == "UnknownResourceFault" =>
            {
                break;
            }
            Err(error) => return Err(error),
        };
        next = last.continued_as().cloned();
        later.push(LaterRun { run_id, close_status: last.close_status() });
    }
    Ok(later)
}
