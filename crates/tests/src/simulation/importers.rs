//! Those who bring executions over: each exports the history of a run, open or closed, and imports it
//! piece by piece into another domain, whatever happens on the way. Nobody finds it before all of it
//! is there; then it has the same events, and if it was open it goes on.

use super::callers::caller;
use super::calls::{Purpose, body};
use super::chance::Chance;
use super::decisions::{self, DECISION_LISTS};
use super::histories::{event_type, is_close};
use super::world::World;
use serde_json::{Value, json};
use service::{Pending, Reply};
use std::collections::BTreeSet;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use wire::{Fault, Model, Operation, OwnOperation, OwnRequest};

/// The domain into which executions are brought.
pub const TARGET: &str = "target";

/// How many are brought over in a seed at most.
const IMPORTS_MAX: usize = 4;

/// One is begun in so many steps.
const BEGINS_ONCE_IN: usize = 25;

/// One in so many sends its next piece in a step, ...
const SENDS_ONCE_IN: usize = 3;

/// ... and one in so many is looked for.
const LOOKS_ONCE_IN: usize = 4;

/// How often somebody begins anew, whose import is not under way any more: none is dropped so soon.
const RESTARTS_MAX: usize = 3;

/// How many pieces a history is cut into at most: one is sent in a round.
const PIECES_MAX: usize = 100;

/// How many rounds all that is left may take once nothing fails.
const ROUNDS_MAX: usize = 300;

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// The history is being read.
    Reading,
    /// So many of its events have been taken.
    Sending(usize),
    /// It is there.
    Done,
    /// It cannot be brought over.
    Refused,
}

/// One execution that is brought over.
struct Import {
    source: (String, String),
    workflow_id: String,
    run_id: String,
    events: Vec<Value>,
    /// How many events a piece has.
    size: usize,
    times_out_started: bool,
    progress: Progress,
    /// Whether the last piece was ever sent.
    is_sent: bool,
    restarts: usize,
    pending: Option<Pending>,
    /// A look for it, and whether it was there when that began.
    look: Option<(Pending, bool)>,
}

/// All of them.
#[derive(Default)]
pub struct Importers {
    known: BTreeSet<(String, String)>,
    imports: Vec<Import>,
}

impl Importers {
    /// A run that somebody could bring over.
    pub fn knows(&mut self, run: (String, String)) {
        self.known.insert(run);
    }
}

/// Whether the target would do something to others that is counted where the run comes from, or cannot
/// take it without another one.
fn cannot_move(events: &[Value]) -> bool {
    let of_type = |kind: &'static str| events.iter().filter(move |e| event_type(e) == kind);
    // Its function would be called twice.
    let has_functions = of_type("LambdaFunctionScheduled").next().is_some();
    has_functions || of_type("WorkflowExecutionContinuedAsNew").next().is_some()
}

impl Import {
    fn is_over(&self) -> bool {
        matches!(self.progress, Progress::Done | Progress::Refused)
    }

    fn execution(&self) -> Value {
        json!({"workflowId": self.workflow_id, "runId": self.run_id})
    }

    fn piece(&mut self, from: usize) -> OwnRequest {
        let to = self.events.len().min(from + self.size);
        let is_last = to == self.events.len();
        self.is_sent |= is_last;
        let body = json!({
            "domain": TARGET, "execution": self.execution(), "events": self.events[from..to],
            "isLast": is_last, "timesOutStarted": self.times_out_started,
        });
        OwnRequest::check(OwnOperation::ImportWorkflowExecution, body).expect("a right request")
    }

    /// Understands what came of the last request.
    fn hear(
        &mut self,
        answer: Result<Reply, Fault>,
        limited: bool,
        chance: &mut Chance,
    ) -> Result<(), String> {
        let reply = match (self.progress, answer) {
            (_, Err(Fault::Internal)) => return Ok(()), // Once more.
            // It has ended and gone meanwhile.
            (Progress::Reading, Err(_)) => {
                self.progress = Progress::Refused;
                return Ok(());
            }
            (_, Err(Fault::LimitExceeded(_))) if limited => {
                self.progress = Progress::Refused;
                return Ok(());
            }
            (_, Err(Fault::Validation(text)))
                if text.contains("is under way: begin with event 1") =>
            {
                self.restarts += 1;
                self.progress = Progress::Sending(0);
                return match self.restarts > RESTARTS_MAX {
                    true => Err("an import begins anew for ever".to_owned()),
                    false => Ok(()),
                };
            }
            (_, Err(fault)) => return Err(format!("an import is refused: {fault:?}")),
            (_, Ok(reply)) => body(reply),
        };
        match self.progress {
            Progress::Reading => {
                self.events = reply["events"].as_array().expect("a list").clone();
                let whole = reply.get("nextPageToken").is_none() && !cannot_move(&self.events);
                let size = 1 + chance.below(self.events.len());
                self.size = size.max(self.events.len().div_ceil(PIECES_MAX));
                self.progress = if whole { Progress::Sending(0) } else { Progress::Refused };
            }
            Progress::Sending(from) => {
                let to = self.events.len().min(from + self.size);
                if reply["status"] == "IN_PROGRESS" {
                    if reply["lastEventId"] != to {
                        return Err(format!("{to} events were sent and {reply} is said"));
                    }
                    self.progress = Progress::Sending(to);
                } else if self.is_sent {
                    self.progress = Progress::Done;
                } else {
                    return Err(format!("an import is over before all was sent: {reply}"));
                }
            }
            Progress::Done | Progress::Refused => (),
        }
        Ok(())
    }

    /// Understands what came of a look for it, which began when it was there or not.
    fn found(&self, was_there: bool, answer: &Result<Reply, Fault>) -> Result<(), String> {
        match answer {
            Ok(_) if !self.is_sent => {
                Err("an import is found before all of it was sent".to_owned())
            }
            Ok(_) if self.progress == Progress::Refused => {
                Err("an import is found that was refused".to_owned())
            }
            Err(Fault::UnknownResource(_)) if was_there => {
                Err("an import is done and is not found".to_owned())
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

impl World {
    /// Some who bring executions over do something.
    pub fn bring_over(&mut self) {
        if self.nodes.is_empty() {
            return;
        }
        let chance = &mut self.import_chance;
        let Importers { known, imports } = &mut self.importers;
        let begins = imports.len() < IMPORTS_MAX && !known.is_empty();
        if begins && self.settling_since.is_none() && chance.once_in(BEGINS_ONCE_IN) {
            let source = known.iter().nth(chance.below(known.len())).expect("there are so many");
            let number = imports.len();
            imports.push(Import {
                source: source.clone(),
                workflow_id: format!("moved{number}"),
                run_id: format!("moved-run{number}"),
                events: Vec::new(),
                size: 1,
                times_out_started: chance.once_in(2),
                progress: Progress::Reading,
                is_sent: false,
                restarts: 0,
                pending: None,
                look: None,
            });
        }
        for index in 0..imports.len() {
            let settling = self.settling_since.is_some();
            let import = &self.importers.imports[index];
            let sends = import.pending.is_none() && !import.is_over();
            let looks = import.look.is_none() && import.progress != Progress::Reading;
            if sends && (settling || self.import_chance.once_in(SENDS_ONCE_IN)) {
                self.send_a_piece(index);
            }
            if looks && self.import_chance.once_in(LOOKS_ONCE_IN) {
                self.look_for(index);
            }
        }
    }

    fn send_a_piece(&mut self, index: usize) {
        let node = &self.nodes[self.import_chance.below(self.nodes.len())];
        let (number, import) = (node.number, &mut self.importers.imports[index]);
        let pending = match import.progress {
            Progress::Reading => {
                let (workflow_id, run_id) = &import.source;
                let execution = json!({"workflowId": workflow_id, "runId": run_id});
                let body = json!({"domain": self.domain, "execution": execution});
                let request = Model::get().check(Operation::GetWorkflowExecutionHistory, body);
                node.service.call(&caller(), request.expect("a right request"))
            }
            Progress::Sending(from) => node.service.operate(&caller(), import.piece(from)),
            Progress::Done | Progress::Refused => return,
        };
        import.pending = Some(pending);
        let (run_id, progress) = (import.run_id.clone(), import.progress);
        self.note(|| format!("import of {run_id} goes on at node {number}: {progress:?}"));
    }

    fn look_for(&mut self, index: usize) {
        let node = &self.nodes[self.import_chance.below(self.nodes.len())];
        let import = &mut self.importers.imports[index];
        let body = json!({"domain": TARGET, "execution": import.execution()});
        let request = Model::get().check(Operation::DescribeWorkflowExecution, body);
        let pending = node.service.call(&caller(), request.expect("a right request"));
        import.look = Some((pending, import.progress == Progress::Done));
    }

    /// Those who bring executions over hear what came of it.
    pub fn hear_imports(&mut self) -> Result<(), String> {
        let mut context = Context::from_waker(Waker::noop());
        let limited = self.events_max.is_some();
        for index in 0..self.importers.imports.len() {
            let import = &mut self.importers.imports[index];
            let answer =
                import.pending.as_mut().map(|pending| Pin::new(pending).poll(&mut context));
            if let Some(Poll::Ready(answer)) = answer {
                import.pending = None;
                let heard = import.hear(answer, limited, &mut self.import_chance);
                heard.map_err(|what| format!("{what} ({})", import.run_id))?;
                let (run_id, progress) = (import.run_id.clone(), import.progress);
                self.note(|| format!("import of {run_id}: {progress:?}"));
            }
            let import = &mut self.importers.imports[index];
            let Some((look, was_there)) = &mut import.look else { continue };
            if let (Poll::Ready(answer), was_there) =
                (Pin::new(look).poll(&mut context), *was_there)
            {
                import.look = None;
                let found = import.found(was_there, &answer);
                found.map_err(|what| format!("{what} ({})", import.run_id))?;
            }
        }
        Ok(())
    }

    /// Whatever is under way is brought over.
    pub fn finish_imports(&mut self) -> Result<(), String> {
        for _ in 0..ROUNDS_MAX {
            if self.importers.imports.iter().all(Import::is_over) {
                return Ok(());
            }
            self.bring_over();
            self.work_off()?;
        }
        Err("an import is never done".to_owned())
    }

    /// What was brought over while it was open comes to its end.
    pub fn let_imports_go_on(&mut self) -> Result<(), String> {
        for run in self.runs_in(TARGET, Operation::ListOpenWorkflowExecutions)? {
            let body = json!({
                "domain": TARGET, "workflowId": run.workflow_id, "signalName": "close",
            });
            // It may end, for its own time is over.
            let _ = self.try_ask(Operation::SignalWorkflowExecution, body)?;
        }
        for _ in 0..ROUNDS_MAX {
            let open = self.runs_in(TARGET, Operation::ListOpenWorkflowExecutions)?;
            if open.is_empty() {
                return Ok(());
            }
            for list in DECISION_LISTS {
                let poller = self.names.fresh("poller");
                let body = json!({
                    "domain": TARGET, "taskList": {"name": list}, "identity": poller,
                });
                self.send(Operation::PollForDecisionTask, body, Purpose::Poll { list, poller });
            }
            self.work_off()?;
            for task in std::mem::take(&mut self.held) {
                let decisions = [decisions::complete()];
                let body = json!({"taskToken": task.token, "decisions": decisions});
                let operation = Operation::RespondDecisionTaskCompleted;
                self.send(operation, body, Purpose::Repeated);
            }
            self.work_off()?;
            self.pass_time();
        }
        let open = self.runs_in(TARGET, Operation::ListOpenWorkflowExecutions)?;
        Err(format!("what was brought over does not go on: {open:?}"))
    }

    /// What was brought over is there, and nothing else is. How many there are.
    pub fn check_imports(&mut self) -> Result<u64, String> {
        let mut expected = BTreeSet::new();
        for index in 0..self.importers.imports.len() {
            let import = &self.importers.imports[index];
            if import.progress != Progress::Done {
                continue;
            }
            let (workflow_id, run_id) = (import.workflow_id.clone(), import.run_id.clone());
            let here = self.history(TARGET, &workflow_id, &run_id)?;
            let there = &self.importers.imports[index].events;
            if !here.starts_with(there) {
                return Err(format!("run {run_id} has other events than it was brought with"));
            }
            let was_open = !there.last().is_some_and(is_close);
            let went_on = here.len() > there.len() && here.last().is_some_and(is_close);
            if was_open != went_on || (!was_open && here.len() > there.len()) {
                let (here, there) = (here.len(), there.len());
                return Err(format!("run {run_id} came with {there} events and ends with {here}"));
            }
            expected.insert(run_id);
        }
        let closed = self.runs_in(TARGET, Operation::ListClosedWorkflowExecutions)?;
        let found: BTreeSet<String> = closed.into_iter().map(|run| run.run_id).collect();
        if found != expected {
            return Err(format!("{found:?} were brought over instead of {expected:?}"));
        }
        Ok(expected.len() as u64)
    }
}
