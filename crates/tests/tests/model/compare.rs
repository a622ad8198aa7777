//! Model and service, given the same operations and asked for the same answers and histories.

use super::decisions::check_decisions;
use super::mistakes::Mistake;
use super::operations::{Operation, Token, registrations};
use super::requests::{Answer, Held, refuse};
use super::service::{Call, POLL_HOLD_MS, Service};
use super::state::{Shown, World, join, text, without_nulls};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::rc::Rc;

/// When everything begins.
const EPOCH: i64 = 1_700_000_000_000;

/// How often events of each type were written.
pub type Tally = BTreeMap<String, usize>;

/// Plays a script on both. What differs is said, behind what was done up to there. Beside the model
/// go others that each make a mistake; those that are still there in the end were not noticed.
pub fn play(
    operations: &[Operation],
    mistakes: &[Mistake],
) -> Result<(Tally, Vec<Mistake>), String> {
    let mut duel = Duel::new(mistakes);
    let outcome = duel.play(operations);
    outcome.map_err(|what| format!("{}\n\n{what}", duel.script.join("\n")))?;
    let mut tally = Tally::new();
    for event in duel.model.runs.iter().flat_map(|run| &run.events) {
        *tally.entry(text(event, "eventType").to_owned()).or_default() += 1;
    }
    Ok((tally, duel.mistaken.iter().filter_map(|model| model.mistake).collect()))
}

struct Duel {
    service: Service,
    model: World,
    /// Models that make a mistake which has not been noticed yet.
    mistaken: Vec<World>,
    held: Vec<Held>,
    /// Whether anything was started in the other domain.
    elsewhere: bool,
    /// For people.
    script: Vec<String>,
}

impl Duel {
    fn new(mistakes: &[Mistake]) -> Duel {
        let model = |mistake| World {
            now: EPOCH,
            domains: Rc::default(),
            runs: Vec::new(),
            messages: Vec::new(),
            calls: Vec::new(),
            mistake,
            shown: Rc::default(),
            called: Rc::default(),
        };
        Duel {
            service: Service::new(EPOCH),
            model: model(None),
            mistaken: mistakes.iter().map(|mistake| model(Some(*mistake))).collect(),
            held: Vec::new(),
            elsewhere: false,
            script: Vec::new(),
        }
    }

    /// Holds the model against the service, and those that make mistakes, which part from it.
    fn judge<T>(&mut self, check: impl Fn(&mut World) -> Result<T, String>) -> Result<T, String> {
        self.mistaken.retain_mut(|model| check(model).is_ok());
        check(&mut self.model)
    }

    fn play(&mut self, operations: &[Operation]) -> Result<(), String> {
        for (operation, body) in registrations() {
            let real = self.service.ask(operation, &body);
            self.judge(|model| same(operation, &real, &model.call(operation, &body)))?;
        }
        for operation in operations {
            self.pass(1)?;
            self.step(operation)?;
        }
        self.look_at_everything()
    }

    fn step(&mut self, operation: &Operation) -> Result<(), String> {
        match operation {
            Operation::Wait(ms) => {
                self.script.push(format!("{ms} ms pass"));
                self.pass(*ms)
            }
            Operation::Call(name, body) => {
                let body = self.resolve(body);
                self.call(name, &body)
            }
            Operation::Poll { is_decision, body, lazily } => self.poll(*is_decision, body, *lazily),
            Operation::Page(which) => self.page(*which),
            Operation::Function { which, outcome } => self.end_function(*which, outcome),
            Operation::Answer { name, token, body } => self.answer(name, *token, body),
        }
    }

    /// Puts the ids of runs in their places.
    fn resolve(&self, body: &Value) -> Value {
        match body {
            Value::String(text) => match text.strip_prefix('@').and_then(|it| it.parse().ok()) {
                Some(index) if !self.model.runs.is_empty() => {
                    let index: usize = index;
                    json!(self.model.runs[index % self.model.runs.len()].run_id)
                }
                Some(_) | None => body.clone(),
            },
            Value::Object(members) => {
                let resolve =
                    |(name, value): (&String, &Value)| (name.clone(), self.resolve(value));
                Value::Object(members.iter().map(resolve).collect())
            }
            Value::Array(items) => items.iter().map(|item| self.resolve(item)).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) => body.clone(),
        }
    }

    fn note(&mut self, name: &str, body: &Value, answer: &Answer) {
        let (Ok(said) | Err(said)) = answer;
        self.script.push(format!("{name} {body}\n    => {said}"));
    }

    /// Lets time pass, from one moment at which something happens to the next.
    fn pass(&mut self, ms: i64) -> Result<(), String> {
        let target = self.model.now + ms;
        while let Some(at) = self.model.next_deadline().filter(|at| *at <= target) {
            self.go(at)?;
        }
        self.go(target)
    }

    fn go(&mut self, at: i64) -> Result<(), String> {
        let due = self.model.next_deadline().is_some_and(|due| due <= at);
        self.service.set_time(at);
        let worked = self.service.work();
        if worked || due {
            self.look(at, &self.domains());
            return self.judge(|model| {
                model.settle()?;
                compare_histories(model)
            });
        }
        self.mistaken.iter_mut().chain([&mut self.model]).for_each(|model| model.now = at);
        Ok(())
    }

    /// Sees what the service has come to, where anything has begun.
    fn look(&mut self, now: i64, domains: &[&str]) {
        let mut shown = Shown::new();
        for domain in domains {
            for operation in ["ListOpenWorkflowExecutions", "ListClosedWorkflowExecutions"] {
                let body = json!({"domain": domain, "startTimeFilter": {"oldestDate": 0}});
                let listed = self.service.ask(operation, &body).expect("the domain is known");
                for info in listed["executionInfos"].as_array().into_iter().flatten() {
                    let execution = &info["execution"];
                    let run_id = text(execution, "runId");
                    // Of what was closed before, only the end of the case looks again.
                    let before = self.model.shown.get(run_id);
                    let closed = self.model.runs.iter().find(|run| run.run_id == run_id);
                    let run = match before {
                        Some(before) if closed.is_some_and(|run| !run.is_open()) => before.clone(),
                        Some(_) | None => {
                            let body = json!({"domain": domain, "execution": execution});
                            let history = self.service.ask("GetWorkflowExecutionHistory", &body);
                            let history = history.expect("the run is listed");
                            let events = history["events"].as_array().into_iter().flatten();
                            let events = events.cloned().map(Rc::new).collect();
                            let workflow_id = text(execution, "workflowId").to_owned();
                            ((*domain).to_owned(), workflow_id, events)
                        }
                    };
                    shown.insert(run_id.to_owned(), run);
                }
            }
        }
        let (shown, called) = (Rc::new(shown), Rc::new(self.service.called()));
        for model in self.mistaken.iter_mut().chain([&mut self.model]) {
            (model.now, model.shown) = (now, Rc::clone(&shown));
            model.called = Rc::clone(&called);
        }
    }

    fn domains(&self) -> Vec<&'static str> {
        if self.elsewhere { vec!["d", "e"] } else { vec!["d"] }
    }

    /// A request whose effects, if it has any, are looked at.
    fn both(
        &mut self,
        name: &str,
        body: &Value,
        expect: impl Fn(&mut World) -> Answer,
    ) -> Result<(), String> {
        let real = self.service.ask(name, body);
        self.note(name, body, &real);
        self.look(self.model.now, &self.domains());
        self.judge(|model| {
            same(name, &real, &expect(model))?;
            model.settle()?;
            compare_histories(model)
        })
    }

    fn call(&mut self, name: &str, body: &Value) -> Result<(), String> {
        self.elsewhere |= name == "StartWorkflowExecution" && body["domain"] == "e";
        let changes = !["Describe", "Get", "List", "Count"].iter().any(|it| name.starts_with(it));
        if changes {
            return self.both(name, body, |model| model.call(name, body));
        }
        let real = self.read_pages(name, body)?;
        self.note(name, body, &real);
        let is_list = name.starts_with("List") && name.ends_with("WorkflowExecutions");
        self.judge(|model| {
            let expected = model.call(name, body);
            match is_list {
                true => same_lists(name, body, &real, &expected),
                false => same(name, &real, &expected),
            }
        })
    }

    /// Asks for all pages, and puts them together.
    fn read_pages(&mut self, name: &str, body: &Value) -> Result<Answer, String> {
        let most = body["maximumPageSize"].as_u64().filter(|most| *most > 0).unwrap_or(1000);
        let (mut body, mut whole) = (body.clone(), json!({}));
        loop {
            let mut page = match self.service.ask(name, &body) {
                Ok(page) => page,
                Err(fault) => return Ok(Err(fault)),
            };
            let next = page["nextPageToken"].take();
            for (member, value) in page.as_object().into_iter().flatten() {
                match value {
                    Value::Array(items) => {
                        if items.len() as u64 > most {
                            return Err(format!("{name} gives {} on one page", items.len()));
                        }
                        let mut all = whole[member].as_array().cloned().unwrap_or_default();
                        all.extend(items.iter().cloned());
                        whole[member] = json!(all);
                    }
                    Value::Null => (),
                    Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                        whole[member] = value.clone();
                    }
                }
            }
            if next.is_null() {
                return Ok(Ok(whole));
            }
            body["nextPageToken"] = next;
        }
    }

    fn poll(&mut self, is_decision: bool, body: &Value, lazily: bool) -> Result<(), String> {
        let name = if is_decision { "PollForDecisionTask" } else { "PollForActivityTask" };
        let mut call = self.service.send(name, body);
        self.service.work();
        let real = call.answer();
        self.look(self.model.now, &self.domains());
        let Some(mut real) = real else { return self.poll_in_vain(name, is_decision, body, call) };
        if let Err(fault) = &real {
            self.note(name, body, &real);
            // Its faults are those of any request about the domain.
            let domain = json!({"name": body["domain"]});
            return self.judge(|model| {
                same(name, &Err(fault.clone()), &model.call("DescribeDomain", &domain))
            });
        }
        let answer = real.as_mut().expect("faults are dealt with");
        let (token, next) = (answer["taskToken"].take(), answer["nextPageToken"].take());
        *answer = without_nulls(answer.clone());
        self.note(name, body, &real);
        let answer = real.expect("faults are dealt with");
        let (mut held, rest) = self.judge(|model| {
            let task = model.poll(is_decision, body, &answer);
            let (expected, held) = task.ok_or("the model has no such task")?;
            let rest = match is_decision {
                true => check_page(&answer, &expected, body)?,
                false => {
                    same(name, &Ok(answer.clone()), &Ok(expected))?;
                    Vec::new()
                }
            };
            model.settle()?;
            compare_histories(model)?;
            Ok((held, rest))
        })?;
        if rest.is_empty() != next.is_null() {
            return Err("a page names a next one, and has none, or the reverse".to_owned());
        }
        held.token = token.as_str().unwrap_or_default().to_owned();
        if !rest.is_empty() {
            held.rest = Some((join(body.clone(), json!({"nextPageToken": next})), rest));
        }
        self.held.push(held);
        while !lazily && self.held.last().is_some_and(|held| held.rest.is_some()) {
            self.read_page(self.held.len() - 1)?;
        }
        Ok(())
    }

    /// There is no task. If something happens when the poll ends, its caller leaves: whether the
    /// poll gets what comes then is left to chance by SWF.
    fn poll_in_vain(
        &mut self,
        name: &str,
        is_decision: bool,
        body: &Value,
        mut call: Call,
    ) -> Result<(), String> {
        self.judge(|model| match model.clone().poll(is_decision, body, &json!({})) {
            Some((task, _)) => Err(format!("{name} {body} is not given this task: {task}")),
            None => Ok(()),
        })?;
        let end = self.model.now + POLL_HOLD_MS;
        if self.model.next_deadline().is_some_and(|due| due <= end) {
            self.script.push(format!("{name} {body}\n    whose caller leaves"));
            return Ok(());
        }
        self.pass(POLL_HOLD_MS)?;
        let Some(real) = call.answer() else {
            return Err(format!("{name} {body} is not answered in time"));
        };
        self.note(name, body, &real);
        let mut expected = json!({"startedEventId": 0});
        if is_decision {
            expected["previousStartedEventId"] = json!(0);
        }
        same(name, &real, &Ok(expected))
    }

    /// One of the functions that run ends, if any does.
    fn end_function(&mut self, which: usize, outcome: &Value) -> Result<(), String> {
        let running = self.service.running();
        let Some(index) = running.get(which % running.len().max(1)).copied() else { return Ok(()) };
        self.script.push(format!("function {index} ends with {outcome}"));
        self.service.end(index, outcome);
        self.look(self.model.now, &self.domains());
        self.judge(|model| {
            model.function_ends(index, outcome);
            model.settle()?;
            compare_histories(model)
        })
    }

    fn page(&mut self, which: usize) -> Result<(), String> {
        let lazy = (0..self.held.len()).rev().filter(|index| self.held[*index].rest.is_some());
        match lazy.collect::<Vec<_>>().as_slice() {
            [] => Ok(()),
            some => self.read_page(some[which % some.len()]),
        }
    }

    /// A further page of a decision task: of the history as it was when the task was started.
    fn read_page(&mut self, index: usize) -> Result<(), String> {
        let held = self.held[index].clone();
        let Some((body, rest)) = &held.rest else { return Ok(()) };
        let mut real = self.service.ask("PollForDecisionTask", body);
        if !self.model.is_held(&held) {
            self.note("PollForDecisionTask", body, &real);
            self.held[index].rest = None;
            let expected = self.model.answer("RespondDecisionTaskCompleted", &held, &json!({}));
            return same("a page of a closed task", &real, &expected);
        }
        let mut next = Value::Null;
        if let Ok(page) = &mut real {
            if page["taskToken"].take() != held.token {
                return Err("a further page has another token".to_owned());
            }
            next = page["nextPageToken"].take();
            *page = without_nulls(page.clone());
        }
        self.note("PollForDecisionTask", body, &real);
        let page = real.map_err(|fault| format!("a page of an open task is refused: {fault}"))?;
        let expected = join(held.head.clone(), json!({"events": rest}));
        let rest = check_page(&page, &expected, body)?;
        if rest.is_empty() != next.is_null() {
            return Err("a page names a next one, and has none, or the reverse".to_owned());
        }
        let rest =
            (!rest.is_empty()).then(|| (join(body.clone(), json!({"nextPageToken": next})), rest));
        self.held[index].rest = rest;
        Ok(())
    }

    fn answer(&mut self, name: &str, token: Token, body: &Value) -> Result<(), String> {
        let decides = name == "RespondDecisionTaskCompleted";
        let (wanted, which, open) = match token {
            Token::Garbage => {
                let body = join(self.resolve(body), json!({"taskToken": "Z2FyYmFnZQ=="}));
                let decisions = body["decisions"].as_array().map(Vec::as_slice);
                let expected = check_decisions(decisions.unwrap_or_default());
                let expected =
                    expected.err().unwrap_or(refuse("ValidationException", "Invalid token"));
                return self.both(name, &body, |_| Err(expected.clone()));
            }
            Token::Open(which) => (decides, which, true),
            Token::Any(which) => (decides, which, false),
            Token::Wrong(which) => (!decides, which, false),
        };
        let of_kind = self.held.iter().filter(|held| held.is_decision == wanted);
        let fitting: Vec<&Held> =
            of_kind.filter(|held| !open || self.model.is_held(held)).collect();
        if fitting.is_empty() {
            return Ok(());
        }
        let held = fitting[fitting.len() - 1 - which % fitting.len()].clone();
        let body = join(self.resolve(body), json!({"taskToken": held.token}));
        self.both(name, &body, |model| {
            if decides {
                let decisions = body["decisions"].as_array().map(Vec::as_slice);
                if !held.is_decision {
                    check_decisions(decisions.unwrap_or_default())?;
                }
            }
            model.answer(name, &held, &body)
        })
    }

    /// In the end all is compared, also what nothing should have changed.
    fn look_at_everything(&mut self) -> Result<(), String> {
        self.pass(1)?;
        self.model.shown = Rc::default();
        self.look(self.model.now, &["d", "e"]);
        self.judge(|model| compare_histories(model))?;
        for run in self.model.runs.clone() {
            let body = json!({"domain": run.domain, "execution": run.execution()});
            self.call("DescribeWorkflowExecution", &body)?;
        }
        for (kind, lists) in [("Decision", ["dl", "dl2"]), ("Activity", ["al", "al2"])] {
            for list in lists {
                let body = json!({"domain": "d", "taskList": {"name": list}});
                self.call(&format!("CountPending{kind}Tasks"), &body)?;
            }
        }
        let all = json!({"domain": "d", "startTimeFilter": {"oldestDate": 0}});
        self.call("ListOpenWorkflowExecutions", &all)?;
        self.call("ListClosedWorkflowExecutions", &all)
    }
}

fn compare_histories(model: &World) -> Result<(), String> {
    let (real, expected) = (&*model.called, model.called());
    if *real != expected {
        return Err(format!("the service calls {real:?}\n    where the model calls {expected:?}"));
    }
    for run in &model.runs {
        let name = format!("{} {}", run.workflow_id, run.run_id);
        let Some((_, _, events)) = model.shown.get(&run.run_id) else {
            let events = as_lines(&run.events);
            return Err(format!("the model has a run that the service lacks: {name}\n{events}"));
        };
        if *events != run.events {
            let (real, expected) = (as_lines(events), as_lines(&run.events));
            return Err(format!(
                "{name}: the service has\n{real}\nwhere the model has\n{expected}"
            ));
        }
    }
    let known = |id: &String| model.runs.iter().any(|run| run.run_id == *id);
    match model.shown.iter().find(|(id, _)| !known(id)) {
        Some((id, (_, workflow_id, events))) => {
            let events = as_lines(events);
            Err(format!("the service has a run that the model lacks: {workflow_id} {id}\n{events}"))
        }
        None => Ok(()),
    }
}

fn as_lines(events: &[Rc<Value>]) -> String {
    events.iter().map(|event| format!("    {event}")).collect::<Vec<_>>().join("\n")
}

fn same(what: &str, real: &Answer, expected: &Answer) -> Result<(), String> {
    if real == expected {
        return Ok(());
    }
    let say = |answer: &Answer| match answer {
        Ok(body) => format!("answers {body}"),
        Err(fault) => format!("refuses: {fault}"),
    };
    Err(format!("{what}: the service {}\n    where the model {}", say(real), say(expected)))
}

/// What began, or closed, in the same millisecond has no order.
fn same_lists(what: &str, body: &Value, real: &Answer, expected: &Answer) -> Result<(), String> {
    let by = if body["closeTimeFilter"].is_null() { "startTimestamp" } else { "closeTimestamp" };
    let sorted = |answer: &Answer| {
        let mut answer = answer.clone();
        if let Ok(page) = &mut answer
            && let Some(infos) = page["executionInfos"].as_array_mut()
        {
            let first = infos.first().map_or(0, |info| info[by].as_i64().unwrap_or_default());
            infos.sort_by_key(|info| {
                let away = (info[by].as_i64().unwrap_or_default() - first).abs();
                (away, info["execution"]["runId"].to_string())
            });
        }
        answer
    };
    // Sorting by the distance from the first would hide a wrong order, so that is looked at before.
    let moments = |answer: &Answer| match answer {
        Ok(page) => page["executionInfos"]
            .as_array()
            .map(|infos| infos.iter().map(|info| info[by].clone()).collect::<Vec<_>>()),
        Err(_) => None,
    };
    if moments(real) != moments(expected) {
        return same(what, real, expected);
    }
    same(what, &sorted(real), &sorted(expected))
}

/// Compares a page with all that is to come, and returns what is left.
fn check_page(page: &Value, whole: &Value, body: &Value) -> Result<Vec<Value>, String> {
    let most = body["maximumPageSize"].as_u64().filter(|most| *most > 0).unwrap_or(1000);
    let list = |value: &Value| value["events"].as_array().cloned().unwrap_or_default();
    let (events, all) = (list(page), list(whole));
    let fits = !events.is_empty() && events.len() as u64 <= most && events.len() <= all.len();
    let expected = if fits { all[..events.len()].to_vec() } else { all.clone() };
    let expected = join(whole.clone(), json!({"events": expected}));
    same("a page of a decision task", &Ok(page.clone()), &Ok(expected))?;
    Ok(all[events.len().min(all.len())..].to_vec())
}
