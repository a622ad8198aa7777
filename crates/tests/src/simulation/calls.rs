//! Requests under way, and what their callers make of the answers.

use super::ledger::Mark;
use super::world::World;
use serde_json::Value;
use service::{Mail, Pending, Reply};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use wire::{Fault, Operation};

/// How many turns a question may take.
const TURNS_PER_QUESTION_MAX: usize = 100_000;

/// Why a call was made.
#[derive(Clone, Debug)]
pub enum Purpose {
    /// For the effect that the mark stands for.
    Mark(Mark),
    /// For an effect that may happen as often as it is asked for.
    Repeated,
    /// For a task.
    Poll { list: &'static str, poller: String },
    /// To keep an activity task.
    Heartbeat { run_id: String, task: u64, details: String },
    /// To register an activity type.
    Registration { name: String },
    /// For more of the history that a decision task shows.
    Page { task: HeldTask, so_far: Vec<Value> },
    /// For a history, of which so many events had been seen.
    History { run_id: String, at_least: usize },
    /// For its answer, which goes into the box of that number.
    Question(usize),
}

/// A request whose caller waits for the answer.
pub struct Call {
    pub number: String,
    pub body: Value,
    pub pending: Pending,
    /// The key of a caller whose rights are asked for, and whether they suffice.
    pub sender: Option<(String, bool)>,
    pub purpose: Purpose,
}

/// A task that a decider or a worker has been given.
#[derive(Clone, Debug)]
pub struct HeldTask {
    pub is_decision: bool,
    pub token: String,
    pub workflow_id: String,
    pub run_id: String,
    pub started: u64,
    /// The request that it answered.
    pub polled: Value,
}

impl HeldTask {
    /// The ids of its workflow and run.
    pub fn execution(&self) -> (String, String) {
        (self.workflow_id.clone(), self.run_id.clone())
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The body of an answer.
pub fn body(reply: Reply) -> Value {
    match reply {
        Reply::Empty => Value::Null,
        Reply::Json(bytes) => serde_json::from_slice(&bytes).expect("a reply is JSON"),
    }
}

impl World {
    /// Callers hear the answers that are there.
    pub fn hear(&mut self) -> Result<(), String> {
        let mut context = Context::from_waker(Waker::noop());
        let (mut waiting, mut answered) = (Vec::new(), Vec::new());
        for mut call in std::mem::take(&mut self.calls) {
            match Pin::new(&mut call.pending).poll(&mut context) {
                Poll::Ready(answer) => answered.push((call, answer)),
                Poll::Pending => waiting.push(call),
            }
        }
        self.calls = waiting;
        for (call, answer) in answered {
            self.understand(call, answer)?;
        }
        self.hear_events()?;
        self.hear_imports()
    }

    fn understand(&mut self, call: Call, answer: Result<Reply, Fault>) -> Result<(), String> {
        let number = call.number.clone();
        self.note(|| match &answer {
            Ok(reply) => format!("{number} is answered {}", body(reply.clone())),
            Err(fault) => format!("{number} is refused: {fault:?}"),
        });
        if let Some((key, may)) = &call.sender {
            match &answer {
                Ok(_) if !may => return Err(format!("{number} is allowed to {key}, who may not")),
                // A poll is asked about once more.
                Err(Fault::AccessDenied(text))
                    if *may && !matches!(call.purpose, Purpose::Poll { .. }) =>
                {
                    return Err(format!("{number} is denied to {key}, who may: {text}"));
                }
                Ok(_) | Err(_) => (),
            }
        }
        match (call.purpose, answer) {
            (Purpose::Heartbeat { .. }, Err(Fault::Validation(text)))
                if self.settling_since.is_some() =>
            {
                return Err(format!("a token of ours is refused: {text}"));
            }
            (Purpose::Mark(mark), Ok(_)) => self.ledger.acknowledged(&mark),
            (Purpose::Mark(mark), Err(Fault::Internal)) => self.ledger.unknown(&mark),
            // What finds no room in a history ends it, and may have begun to take effect.
            (Purpose::Mark(mark), Err(Fault::UnknownResource(_))) if self.events_max.is_some() => {
                self.ledger.unknown(&mark);
            }
            (Purpose::Heartbeat { run_id, task, details }, Ok(_)) => {
                self.ledger.heartbeat_acknowledged(&run_id, task, &details);
            }
            (Purpose::Registration { name }, Ok(_)) => self.ledger.registered(&name),
            (Purpose::Page { task, so_far }, Ok(reply)) => {
                let reply = body(reply);
                if reply["startedEventId"] != task.started {
                    return Err(format!("a page of {} is one of {reply}", task.started));
                }
                self.read_on(task, so_far, &reply)?;
            }
            (Purpose::Poll { .. }, Ok(reply)) => {
                let reply = body(reply);
                if reply.get("taskToken").is_some() {
                    self.hold(&reply, call.body)?;
                }
            }
            (Purpose::History { run_id, at_least }, Ok(reply)) => {
                let reply = body(reply);
                let events = reply["events"].as_array().expect("a history has events");
                self.ledger.read(&run_id, events, at_least)?;
            }
            (Purpose::Question(index), answer) => self.answers[index] = Some(answer.map(body)),
            // A fault means that nothing has happened, which the ledger assumes.
            (Purpose::Mark(_) | Purpose::Heartbeat { .. } | Purpose::Poll { .. }, Err(_))
            | (Purpose::History { .. } | Purpose::Registration { .. }, Err(_))
            | (Purpose::Page { .. }, Err(_))
            | (Purpose::Repeated, _) => (),
        }
        Ok(())
    }

    /// A decider or a worker has a task now.
    fn hold(&mut self, reply: &Value, polled: Value) -> Result<(), String> {
        let execution = &reply["workflowExecution"];
        let task = HeldTask {
            is_decision: reply.get("events").is_some(),
            token: text(&reply["taskToken"]),
            workflow_id: text(&execution["workflowId"]),
            run_id: text(&execution["runId"]),
            started: reply["startedEventId"].as_u64().expect("a task has been started"),
            polled,
        };
        self.ledger.handed(&task.run_id, task.started)?;
        self.importers.knows(task.execution());
        if task.is_decision {
            self.read_on(task, Vec::new(), reply)
        } else {
            self.held.push(task);
            Ok(())
        }
    }

    /// A decider reads a page of its task's history, and asks for the next one, or has the task.
    fn read_on(
        &mut self,
        task: HeldTask,
        mut so_far: Vec<Value>,
        page: &Value,
    ) -> Result<(), String> {
        so_far.extend(page["events"].as_array().expect("a page has events").iter().cloned());
        if let Some(token) = page.get("nextPageToken") {
            if self.nodes.is_empty() {
                return Ok(()); // Nobody is there to ask: the task is lost to its time-out.
            }
            let mut body = task.polled.clone();
            body["nextPageToken"] = token.clone();
            let operation = Operation::PollForDecisionTask;
            self.send(operation, body, Purpose::Page { task, so_far });
            return Ok(());
        }
        let count = so_far.len();
        if count as u64 != task.started {
            return Err(format!("a task of event {} shows {count} events", task.started));
        }
        self.ledger.read(&task.run_id, &so_far, 0)?;
        self.held.push(task);
        Ok(())
    }

    /// Asks, and lets nothing happen but the answer. Faults are passed on.
    pub fn try_ask(
        &mut self,
        operation: Operation,
        body: Value,
    ) -> Result<Result<Value, Fault>, String> {
        let index = self.answers.len();
        self.answers.push(None);
        self.send(operation, body, Purpose::Question(index));
        for _ in 0..TURNS_PER_QUESTION_MAX {
            self.hear()?;
            if let Some(answer) = self.answers[index].take() {
                return Ok(answer);
            }
            let busy = self.nodes[0].service.busy();
            if busy.is_empty() {
                return Err(format!("{} is never answered", operation.name()));
            }
            let part = self.chance.one_of(&busy);
            self.take_turn(0, part, usize::MAX, Mail::Orderly);
        }
        Err(format!("{} is answered too late", operation.name()))
    }

    /// Asks, and expects no fault.
    pub fn ask(&mut self, operation: Operation, body: Value) -> Result<Value, String> {
        let answer = self.try_ask(operation, body)?;
        answer.map_err(|fault| format!("{} is refused: {fault:?}", operation.name()))
    }
}
