//! What the model knows, and how events come into histories.

use super::mistakes::Mistake;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A type's name and version.
pub type TypeName = (String, String);

/// The runs of the service, as it shows them: domain, workflow id, run id, events.
pub type Shown = BTreeMap<String, (String, String, Vec<Rc<Value>>)>;

/// An activity or workflow type.
#[derive(Clone)]
pub struct Type {
    /// The request that registered it.
    pub registered: Value,
    pub created: i64,
    pub deprecated: Option<i64>,
}

#[derive(Clone)]
pub struct Domain {
    /// The request that registered it.
    pub registered: Value,
    pub deprecated: bool,
    pub workflow_types: BTreeMap<TypeName, Type>,
    pub activity_types: BTreeMap<TypeName, Type>,
}

/// A decision task.
#[derive(Clone)]
pub struct DecisionTask {
    pub scheduled: u64,
    pub since: i64,
    pub list: String,
    /// The time-out while it waits, ...
    pub wait: String,
    /// ... from when it may be taken. SWF does not say that this is not from when it is scheduled;
    /// but nobody could be late who may not take it.
    pub ready: i64,
    /// Its started event, and when.
    pub started: Option<(u64, i64)>,
}

#[derive(Clone)]
pub struct Activity {
    pub scheduled: u64,
    /// Its scheduled event.
    pub attributes: Value,
    pub since: i64,
    pub started: Option<(u64, i64)>,
    /// When it was last heard of.
    pub beat: i64,
    pub details: Value,
    /// The newest request to cancel it.
    pub cancel: Option<u64>,
}

#[derive(Clone)]
pub struct Timer {
    pub id: String,
    pub started: u64,
    pub fires: Option<i64>,
}

/// A Lambda task.
#[derive(Clone)]
pub struct Lambda {
    pub scheduled: u64,
    /// Its scheduled event.
    pub attributes: Value,
    pub started: Option<(u64, i64)>,
}

#[derive(Clone)]
pub struct Child {
    pub initiated: u64,
    pub attributes: Value,
    /// The event that says it was started.
    pub started: Option<u64>,
}

/// Where later decision tasks go instead of where they went at first.
#[derive(Clone)]
pub struct Override {
    pub list: String,
    /// If it holds only while the tasks are taken in time.
    pub wait: Option<String>,
}

#[derive(Clone)]
pub struct Run {
    pub domain: String,
    pub workflow_id: String,
    pub run_id: String,
    /// Shared, because the model is copied to try what may happen next.
    pub events: Vec<Rc<Value>>,
    pub opened: i64,
    /// Status and time.
    pub closed: Option<(&'static str, i64)>,
    /// The run whose child it is, and the event there.
    pub parent: Option<(usize, u64)>,
    /// The decision task that waits, ...
    pub waiting: Option<DecisionTask>,
    /// ... and the one that a decider works on.
    pub working: Option<DecisionTask>,
    /// Whether something happened that needs a decision task.
    pub news: bool,
    /// The started event of the last decision task that was completed.
    pub previous: u64,
    pub moved: Option<Override>,
    pub activities: Vec<Activity>,
    pub timers: Vec<Timer>,
    pub children: Vec<Child>,
    pub lambdas: Vec<Lambda>,
    pub cancel_requested: bool,
    pub context: Value,
    pub latest_activity: Option<i64>,
    /// Only for a mistake: what is held back until the decider is done.
    pub buffer: Vec<(&'static str, Value)>,
    /// Only for a mistake: every activity id that there was.
    pub activity_ids: Vec<String>,
}

/// What one execution tells another. It arrives some time after the transaction that sent it.
#[derive(Clone)]
pub enum Message {
    StartChild {
        parent: usize,
        initiated: u64,
    },
    ChildStarted {
        parent: usize,
        initiated: u64,
        run_id: String,
    },
    ChildRefused {
        parent: usize,
        initiated: u64,
    },
    ChildClosed {
        parent: usize,
        initiated: u64,
        kind: String,
        attributes: Value,
    },
    /// A signal or a request to cancel, by its Initiated event.
    Deliver {
        sender: usize,
        initiated: u64,
        signal: bool,
    },
    /// What came of it: the run that got it.
    Delivered {
        sender: usize,
        initiated: u64,
        signal: bool,
        run_id: Option<String>,
    },
    Policy {
        parent: usize,
        initiated: u64,
        policy: String,
    },
}

#[derive(Clone)]
pub struct World {
    pub now: i64,
    pub domains: Rc<BTreeMap<String, Domain>>,
    pub runs: Vec<Run>,
    pub messages: Vec<Message>,
    /// The functions that were called so far, by run and scheduled event.
    pub calls: Vec<(usize, u64)>,
    pub mistake: Option<Mistake>,
    /// What the service shows. Run ids are taken from here, and the order of what has none.
    pub shown: Rc<Shown>,
    /// The functions that the service has called: name, input and seconds.
    pub called: Rc<Vec<(String, String, u64)>>,
}

/// A text member, or the empty text.
pub fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member].as_str().unwrap_or_default()
}

/// The attributes of an event.
pub fn attributes(event: &Value) -> &Value {
    let kind = text(event, "eventType");
    &event[&attributes_member(kind)]
}

fn attributes_member(kind: &str) -> String {
    format!("{}{}EventAttributes", kind[..1].to_lowercase(), &kind[1..])
}

/// What was not given is not said.
pub fn without_nulls(mut value: Value) -> Value {
    if let Value::Object(members) = &mut value {
        members.retain(|_, value| !value.is_null());
    }
    value
}

/// The members of `value` of these names.
pub fn pick(value: &Value, members: &[&str]) -> Value {
    let given = members.iter().map(|name| ((*name).to_owned(), value[*name].clone()));
    without_nulls(Value::Object(given.collect()))
}

/// The members of both.
pub fn join(mut value: Value, others: Value) -> Value {
    if let (Value::Object(members), Value::Object(others)) = (&mut value, others) {
        members.extend(others);
    }
    value
}

/// So many seconds later, in milliseconds; never for `NONE`.
pub fn later(from: i64, seconds: &str) -> Option<i64> {
    seconds.parse::<i64>().ok().map(|seconds| from + seconds * 1000)
}

/// Whether a decision task must be pending after such an event.
fn is_news(kind: &str) -> bool {
    matches!(
        kind,
        "WorkflowExecutionStarted"
            | "WorkflowExecutionSignaled"
            | "WorkflowExecutionCancelRequested"
            | "ActivityTaskCompleted"
            | "ActivityTaskFailed"
            | "ActivityTaskTimedOut"
            | "ActivityTaskCanceled"
            | "TimerFired"
            | "DecisionTaskTimedOut"
            | "LambdaFunctionCompleted"
            | "LambdaFunctionTimedOut"
            | "ExternalWorkflowExecutionSignaled"
            | "ExternalWorkflowExecutionCancelRequested"
    ) || kind.starts_with("ChildWorkflowExecution")
        || (kind.ends_with("Failed") && kind != "WorkflowExecutionFailed")
}

impl Run {
    pub fn event(&self, id: u64) -> &Value {
        attributes(&self.events[id as usize - 1])
    }

    /// What it was started with.
    pub fn settings(&self) -> &Value {
        self.event(1)
    }

    pub fn execution(&self) -> Value {
        json!({"workflowId": self.workflow_id, "runId": self.run_id})
    }

    pub fn is_open(&self) -> bool {
        self.closed.is_none()
    }

    /// No decider works on it any more: the task that was held back may be taken.
    pub fn release(&mut self, now: i64) -> Option<DecisionTask> {
        self.waiting.iter_mut().for_each(|task| task.ready = now);
        self.working.take()
    }
}

impl World {
    pub fn is(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }

    /// Appends an event. Nulls among the attributes stand for what was not given.
    pub fn record(&mut self, run: usize, kind: &str, attributes: Value) -> u64 {
        let mistaken = (self.is(Mistake::MarkersAreNews) && kind == "MarkerRecorded")
            || (self.is(Mistake::StartedFunctionsAreNews) && kind == "LambdaFunctionStarted");
        let now = self.now;
        let run = &mut self.runs[run];
        let id = run.events.len() as u64 + 1;
        run.events.push(Rc::new(json!({
            "eventId": id, "eventTimestamp": now, "eventType": kind,
            attributes_member(kind): without_nulls(attributes),
        })));
        run.news |= is_news(kind) || mistaken;
        if kind.starts_with("ActivityTask") && kind != "ActivityTaskCancelRequested" {
            run.latest_activity = Some(now);
        }
        id
    }

    /// A transaction of one event.
    pub fn tell(&mut self, run: usize, kind: &'static str, attributes: Value) {
        if self.is(Mistake::BuffersEvents) && self.runs[run].working.is_some() {
            self.runs[run].buffer.push((kind, attributes));
            return;
        }
        self.record(run, kind, attributes);
        self.finish(run);
    }

    /// The end of a transaction: what is new needs a decision task, if none waits already.
    pub fn finish(&mut self, index: usize) {
        let waits = self.runs[index].waiting.is_some() && !self.is(Mistake::SecondDecisionTask);
        let late = self.is(Mistake::SchedulesLate) && self.runs[index].working.is_some();
        let run = &mut self.runs[index];
        if !run.is_open() || !run.news || late {
            return;
        }
        run.news = false;
        if waits {
            return;
        }
        let (list, wait) = match &run.moved {
            Some(moved) => (moved.list.clone(), moved.wait.clone().unwrap_or("NONE".to_owned())),
            None => (text(&run.settings()["taskList"], "name").to_owned(), "NONE".to_owned()),
        };
        let attributes = json!({
            "taskList": {"name": list}, "scheduleToStartTimeout": wait,
            "startToCloseTimeout": run.settings()["taskStartToCloseTimeout"],
            "taskPriority": run.settings()["taskPriority"],
        });
        let scheduled = self.record(index, "DecisionTaskScheduled", attributes);
        let since = self.now;
        let task = DecisionTask { scheduled, since, list, wait, ready: since, started: None };
        self.runs[index].waiting = Some(task);
    }

    /// Begins a run, whose id is that of the run which the service has begun in the same way.
    pub fn open(
        &mut self,
        (domain, workflow_id): (&str, &str),
        started: Value,
        parent: Option<(usize, u64)>,
    ) -> usize {
        let index = self.runs.len();
        self.runs.push(Run {
            domain: domain.to_owned(),
            workflow_id: workflow_id.to_owned(),
            run_id: format!("a run that the service has not begun, number {index}"),
            events: Vec::new(),
            opened: self.now,
            closed: None,
            parent,
            waiting: None,
            working: None,
            news: false,
            previous: 0,
            moved: None,
            activities: Vec::new(),
            timers: Vec::new(),
            children: Vec::new(),
            lambdas: Vec::new(),
            cancel_requested: false,
            context: Value::Null,
            latest_activity: None,
            buffer: Vec::new(),
            activity_ids: Vec::new(),
        });
        self.record(index, "WorkflowExecutionStarted", started);
        let known = |id: &String| self.runs.iter().any(|run| run.run_id == *id);
        let (first, place) = (self.runs[index].events[0].clone(), (domain, workflow_id));
        let shown = self.shown.iter().find(|(id, (domain, workflow_id, events))| {
            (domain.as_str(), workflow_id.as_str()) == place && events[0] == first && !known(id)
        });
        if let Some((run_id, _)) = shown {
            self.runs[index].run_id = run_id.clone();
        }
        self.finish(index);
        index
    }

    /// The open run of a workflow, if it is this one or any will do.
    pub fn find(&self, domain: &str, workflow_id: &str, run_id: &str) -> Option<usize> {
        self.runs.iter().position(|run| {
            run.is_open()
                && (run.domain == domain && run.workflow_id == workflow_id)
                && (run_id.is_empty() || run.run_id == run_id)
        })
    }

    /// Closes a run, with the last event of its history.
    pub fn close(&mut self, index: usize, status: &'static str, kind: &str, attributes: Value) {
        let policy = text(&attributes, "childPolicy").to_owned();
        self.record(index, kind, attributes.clone());
        let now = self.now;
        self.runs[index].closed = Some((status, now));
        if self.is(Mistake::ClearsCounts) {
            self.runs[index].activities.clear();
            self.runs[index].timers.clear();
        }
        if let Some((parent, initiated)) = self.runs[index].parent
            && status != "CONTINUED_AS_NEW"
        {
            let run = &self.runs[index];
            let said = pick(&attributes, &["result", "reason", "details", "timeoutType"]);
            let said = if status == "TERMINATED" { json!({}) } else { said };
            let attributes = json!({
                "workflowExecution": run.execution(),
                "workflowType": run.settings()["workflowType"],
                "initiatedEventId": initiated,
            });
            let (kind, attributes) = (format!("Child{kind}"), join(attributes, said));
            self.messages.push(Message::ChildClosed { parent, initiated, kind, attributes });
        }
        let applies = matches!(status, "TERMINATED" | "TIMED_OUT");
        let mistaken = self.is(Mistake::PolicyOnComplete) && status == "COMPLETED";
        let policy = if mistaken { "TERMINATE".to_owned() } else { policy };
        if (applies || mistaken) && policy != "ABANDON" {
            for child in self.runs[index].children.clone() {
                let (initiated, policy) = (child.initiated, policy.clone());
                self.messages.push(Message::Policy { parent: index, initiated, policy });
            }
        }
    }
}
