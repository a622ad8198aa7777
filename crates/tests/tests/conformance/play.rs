//! Plays cases against a host, and keeps what was seen.

use super::host::{Answer, HOLD_MS, Host, Sent};
use super::names::{Names, milliseconds, word};
use super::script::{Step, unquoted, words};
use super::{event, model, request};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use wire::Operation;

/// How many runs of a domain are looked at when a case is over.
const RUNS_AUDITED_MAX: usize = 50;

/// What has occurred in the cases that were played.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The operations that succeeded.
    pub operations: BTreeSet<String>,
    /// The types of the events in histories.
    pub event_types: BTreeSet<String>,
    /// Types of events, and the causes that these gave.
    pub causes: BTreeSet<(String, String)>,
    /// Refusals: names without their namespaces, and texts.
    pub faults: BTreeSet<(String, Option<String>)>,
}

impl Seen {
    pub fn merge(&mut self, other: Seen) {
        self.operations.extend(other.operations);
        self.event_types.extend(other.event_types);
        self.causes.extend(other.causes);
        self.faults.extend(other.faults);
    }

    fn event(&mut self, event: &Value) -> Result<(), String> {
        let event_type = event["eventType"].as_str().unwrap_or_default().to_owned();
        if let Some(cause) = event::attributes(event)?.get("cause").and_then(Value::as_str) {
            self.causes.insert((event_type.clone(), cause.to_owned()));
        }
        self.event_types.insert(event_type);
        Ok(())
    }
}

/// One case being played.
pub struct Player<'h> {
    host: &'h mut dyn Host,
    names: Names,
    /// The requests that wait, by the names that the case has given them.
    waiting: BTreeMap<String, (Operation, usize)>,
    pub seen: Seen,
}

impl Player<'_> {
    pub fn new(host: &mut dyn Host) -> Player<'_> {
        let names = Names::new(host.around().now());
        Player { host, names, waiting: BTreeMap::new(), seen: Seen::default() }
    }

    /// Plays one step, as often as it says.
    pub fn play(&mut self, step: &Step) -> Result<(), String> {
        let repeated = step.text.split_once(" times ").and_then(|(count, text)| {
            let count = count.parse::<usize>().ok()?;
            Some((count, text))
        });
        let Some((count, text)) = repeated else { return self.play_once(step) };
        (1..=count).try_for_each(|index| {
            let numbered = |text: &str| text.replace('#', &index.to_string());
            let once = Step {
                line: step.line,
                text: numbered(text),
                expected: step.expected.as_deref().map(numbered),
                details: step.details.clone(),
            };
            self.play_once(&once)
        })
    }

    fn play_once(&mut self, step: &Step) -> Result<(), String> {
        let (verb, rest) = step.text.split_once(' ').unwrap_or((&step.text, ""));
        match verb {
            "advance" => {
                let ms = milliseconds(rest).ok_or("advance is followed by seconds")?;
                self.host.advance(ms);
                Ok(())
            }
            "store" => {
                let is_full = match rest {
                    "is full" => true,
                    "has room" => false,
                    _ => return Err("a store is full or has room".to_owned()),
                };
                self.host.around().set_store_full(is_full);
                Ok(())
            }
            "answer" => {
                let (operation, number) =
                    self.waiting.remove(rest).ok_or("nothing waits under that name")?;
                let answer = self.host.answer(number).ok_or("it waits still")?;
                self.compare(operation, &answer, step)
            }
            "function" => {
                self.host.around().functions.play(&words(rest))?;
                self.host.rest();
                Ok(())
            }
            "http" => self.http(rest, step),
            _ => {
                let (operation, body) = request::parse(&step.text).ok_or("this is no step")?;
                let body = self.names.fill_value(&body)?;
                self.call(operation, &body, step)
            }
        }
    }

    fn call(&mut self, operation: Operation, body: &Value, step: &Step) -> Result<(), String> {
        let expected = step.expected.as_deref();
        let wait = expected.and_then(|expected| expected.strip_prefix("waits as "));
        match (self.host.send(operation, body), wait) {
            (Sent::Answered(answer), None) if expected != Some("nothing") => {
                if let (Some(id), Some(run_id)) = (body.get("workflowId"), answer.body.get("runId"))
                {
                    self.names.set(format!("{}.run", word(id)), run_id.clone());
                }
                self.compare(operation, &answer, step)
            }
            (Sent::Answered(answer), _) => Err(format!("it did not wait: {}", answer.body)),
            (Sent::Waits(number), Some(name)) => {
                self.waiting.insert(name.to_owned(), (operation, number));
                Ok(())
            }
            (Sent::Waits(number), None) => {
                self.host.advance(HOLD_MS);
                let answer = self.host.answer(number).ok_or("it waits for ever")?;
                if expected != Some("nothing") {
                    return Err(format!("it waited in vain: {}", answer.body));
                }
                let empty = match operation == Operation::PollForDecisionTask {
                    true => json!({ "startedEventId": 0, "previousStartedEventId": 0 }),
                    false => json!({ "startedEventId": 0 }),
                };
                match answer == (Answer { status: 200, body: empty }) {
                    true => Ok(()),
                    false => Err(format!("an empty poll is answered otherwise: {}", answer.body)),
                }
            }
        }
    }

    fn compare(
        &mut self,
        operation: Operation,
        answer: &Answer,
        step: &Step,
    ) -> Result<(), String> {
        let Answer { status, body } = answer;
        let expected = step.expected.as_deref();
        if *status != 200 {
            return self.compare_fault(answer, expected);
        }
        if body.is_null() == model::has_output(operation.name()) {
            return Err(format!("this is no answer to {}: {body}", operation.name()));
        }
        self.seen.operations.insert(operation.name().to_owned());
        self.learn(operation, body)?;
        match expected {
            None => (),
            Some("ok") if body.is_null() => (),
            Some(json) if json.starts_with('{') => {
                let json = with_openings(json);
                let expected: Value = serde_json::from_str(&json).map_err(|e| e.to_string())?;
                if !self.names.value_is(&expected, body)? {
                    return Err(format!("expected {expected}\nbut got  {body}"));
                }
            }
            Some(other) => return Err(format!("expected {other}\nbut got  {body}")),
        }
        self.compare_details(body, step)
    }

    fn compare_details(&mut self, body: &Value, step: &Step) -> Result<(), String> {
        let is_event = |line: &&String| line.starts_with(|c: char| c.is_ascii_digit());
        let (events, members): (Vec<&String>, Vec<&String>) =
            step.details.iter().partition(is_event);
        // A history that is asked for without a word about it is wrong in the script.
        let asked = step.text.starts_with("history ") && step.expected.is_none();
        if !events.is_empty() || (asked && members.is_empty()) {
            let lines: Vec<String> = events.into_iter().cloned().collect();
            let actual = body["events"].as_array().map(Vec::as_slice).unwrap_or_default();
            event::are(&lines, actual, &mut self.names)?;
        }
        for member in members.iter().flat_map(|line| words(line)) {
            let (path, expected) =
                member.split_once('=').ok_or("a member is written path=value")?;
            let actual = body.pointer(&format!("/{}", path.replace('.', "/")));
            if !self.names.word_is(&unquoted(expected), actual)? {
                let actual = actual.unwrap_or(&Value::Null);
                return Err(format!("expected {member}\nbut got {actual} in {body}"));
            }
        }
        Ok(())
    }

    /// Compares a refusal: its name, its text (none stands for none), and the form of both.
    fn compare_fault(&mut self, answer: &Answer, expected: Option<&str>) -> Result<(), String> {
        let Answer { status, body } = answer;
        let full_name = body["__type"].as_str().ok_or_else(|| format!("no fault: {body}"))?;
        let name = full_name.rsplit('#').next().unwrap_or_default();
        // The front end that reads JSON spells the member with a capital.
        let member = if name == "SerializationException" { "Message" } else { "message" };
        let text = body.get(member).and_then(Value::as_str);
        let members = body.as_object().map_or(0, |members| members.len());
        let status_expected = match name {
            "InternalFailure" => 500,
            "RequestEntityTooLargeException" => 413,
            _ => 400,
        };
        let form = full_name == format!("{}#{name}", namespace(name))
            && members == 1 + usize::from(text.is_some())
            && *status == status_expected;
        if !form {
            return Err(format!("the form of this is wrong: {status} {body}"));
        }
        self.seen.faults.insert((name.to_owned(), text.map(str::to_owned)));
        let actual = text.map_or(name.to_owned(), |text| format!("{name} {text}"));
        let expected = expected.unwrap_or("success");
        let expected = match expected.split_once(' ') {
            Some((name, text)) => format!("{name} {}", self.names.fill(&unquoted(text))?),
            None => expected.to_owned(),
        };
        let begins = |head: &str| actual.starts_with(head);
        if actual == expected || expected.strip_suffix("...").is_some_and(begins) {
            return Ok(());
        }
        Err(format!("expected {expected}\nbut got  {actual}"))
    }

    /// Gives names to the run ids and tokens of an answer.
    fn learn(&mut self, operation: Operation, body: &Value) -> Result<(), String> {
        for event in body["events"].as_array().into_iter().flatten() {
            self.seen.event(event)?;
            let started =
                &event["childWorkflowExecutionStartedEventAttributes"]["workflowExecution"];
            if let Some(id) = started["workflowId"].as_str() {
                self.names.set(format!("{id}.run"), started["runId"].clone());
            }
        }
        let Some(token) = body.get("taskToken") else { return Ok(()) };
        let execution = &body["workflowExecution"];
        if operation == Operation::PollForDecisionTask {
            let id = word(&execution["workflowId"]);
            self.names.set(format!("{id}.run"), execution["runId"].clone());
            self.names.set(format!("{id}.decision"), token.clone());
        } else {
            self.names.set(format!("{}.activity", word(&body["activityId"])), token.clone());
        }
        Ok(())
    }

    fn http(&mut self, rest: &str, step: &Step) -> Result<(), String> {
        let words = words(rest);
        let [method, path, headers @ ..] = &words[..] else {
            return Err("http is followed by a method and a path".to_owned());
        };
        let mut body = String::new();
        let mut given = Vec::new();
        for header in headers {
            let (name, value) = header.split_once('=').ok_or("a header is written name=value")?;
            match name {
                "body" => body = unquoted(value),
                _ => given.push((name.to_owned(), unquoted(value))),
            }
        }
        let host = self.host.http().ok_or("this host speaks no HTTP")?;
        let raw = host.exchange(method, path, &given, body.as_bytes());
        let id = raw.header("x-amzn-requestid").is_some();
        let text = String::from_utf8(raw.body.clone()).map_err(|error| error.to_string())?;
        let expected = step.expected.as_deref().ok_or("an answer must be expected")?;
        if !id {
            return Err(format!("no request id: {}", raw.head));
        }
        if expected.starts_with(|c: char| c.is_ascii_digit()) {
            let actual = format!("{} {}", raw.status, text.trim_end());
            return match actual.trim_end() == expected {
                true => Ok(()),
                false => Err(format!("expected {expected}\nbut got  {actual}")),
            };
        }
        let body = serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
        self.compare_fault(&Answer { status: raw.status, body }, Some(expected))
    }

    /// Reads every history there is, and looks at what must hold for all.
    pub fn audit(&mut self) -> Result<(), String> {
        self.host.lift_rights();
        let always = json!({ "oldestDate": 0 });
        for status in ["REGISTERED", "DEPRECATED"] {
            let list = json!({ "registrationStatus": status });
            for domain in self.pages(Operation::ListDomains, list, "domainInfos")? {
                let list = json!({ "domain": domain["name"], "startTimeFilter": always });
                let open = Operation::ListOpenWorkflowExecutions;
                let mut runs = self.pages(open, list.clone(), "executionInfos")?;
                let closed = Operation::ListClosedWorkflowExecutions;
                runs.extend(self.pages(closed, list, "executionInfos")?);
                for run in runs.into_iter().take(RUNS_AUDITED_MAX) {
                    let history =
                        json!({ "domain": domain["name"], "execution": run["execution"] });
                    let operation = Operation::GetWorkflowExecutionHistory;
                    let events = self.pages(operation, history, "events")?;
                    self.audit_history(&run, &events)?;
                }
            }
        }
        Ok(())
    }

    fn audit_history(&mut self, run: &Value, events: &[Value]) -> Result<(), String> {
        let mut latest = 0.0;
        for (index, event) in events.iter().enumerate() {
            self.seen.event(event)?;
            let moment = event["eventTimestamp"].as_f64().unwrap_or_default();
            if event["eventId"] != index + 1 || moment < latest {
                return Err(format!("this event is not in order: {event}"));
            }
            latest = moment;
        }
        let closing = |event: &Value| {
            let event_type = event["eventType"].as_str().unwrap_or_default();
            event_type.strip_prefix("WorkflowExecution").is_some_and(|end| {
                ["Completed", "Failed", "Canceled", "TimedOut", "Terminated", "ContinuedAsNew"]
                    .contains(&end)
            })
        };
        let ends = events.iter().filter(|event| closing(event)).count();
        let closed = run["executionStatus"] == "CLOSED";
        let last = events.last().is_some_and(closing);
        match ends == usize::from(closed) && last == closed {
            true => Ok(()),
            false => Err(format!("{ends} events close this run: {run}")),
        }
    }

    fn pages(
        &mut self,
        operation: Operation,
        mut body: Value,
        member: &str,
    ) -> Result<Vec<Value>, String> {
        let mut items = Vec::new();
        loop {
            let Sent::Answered(Answer { status: 200, body: page }) =
                self.host.send(operation, &body)
            else {
                return Err(format!("{} fails for {body}", operation.name()));
            };
            items.extend(page[member].as_array().cloned().unwrap_or_default());
            match page.get("nextPageToken") {
                Some(token) => body["nextPageToken"] = token.clone(),
                None => return Ok(items),
            }
        }
    }
}

/// Where the names of faults live (api.md, section 1.4).
fn namespace(name: &str) -> &'static str {
    match name {
        "ValidationException" => "com.amazon.coral.validate",
        "ThrottlingException" => "com.amazon.coral.availability",
        _ if name.ends_with("Fault") => "com.amazonaws.swf.base.model",
        _ => "com.amazon.coral.service",
    }
}

/// Writes `...` outside of texts as a member or an item that JSON allows.
fn with_openings(json: &str) -> String {
    let mut written = String::new();
    let (mut in_text, mut escaped) = (false, false);
    let mut within = Vec::new();
    let mut rest = json;
    while let Some(letter) = rest.chars().next() {
        if !in_text && rest.starts_with("...") {
            written += if within.last() == Some(&'{') { "\"...\":0" } else { "\"...\"" };
            rest = &rest[3..];
            continue;
        }
        match letter {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            '{' | '[' if !in_text => within.push(letter),
            '}' | ']' if !in_text => drop(within.pop()),
            _ => (),
        }
        written.push(letter);
        rest = &rest[letter.len_utf8()..];
    }
    written
}
