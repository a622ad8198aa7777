//! What must be true between histories: what an execution asked of another happened there once.

use super::histories::{at as time, attributes, event_type, is_close};
use serde_json::Value;
use std::collections::BTreeMap;

/// Every history, by its run.
pub type Histories = BTreeMap<String, (String, Vec<Value>)>;

fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member].as_str().unwrap_or_default()
}

/// What answers the announcement `initiated`, of the types given.
fn answers<'e>(
    events: &'e [Value],
    initiated: &Value,
    types: &'e [&'e str],
) -> impl Iterator<Item = &'e Value> {
    let id = initiated["eventId"].clone();
    events.iter().filter(move |event| {
        types.contains(&event_type(event)) && attributes(event)["initiatedEventId"] == id
    })
}

/// The events of all histories that say that the announcement of `run_id` reached them.
fn arrivals(histories: &Histories, run_id: &str, initiated: &Value, kind: &str) -> usize {
    let arrived = |event: &&Value| {
        let given = attributes(event);
        event_type(event) == kind
            && given["externalInitiatedEventId"] == initiated["eventId"]
            && text(&given["externalWorkflowExecution"], "runId") == run_id
    };
    histories.values().map(|(_, events)| events.iter().filter(arrived).count()).sum()
}

/// How far the clocks of two nodes may be apart, in milliseconds.
const CLOCKS_APART_MS: i64 = 10_000;

/// When the trouble was over, by the true time, and how the world is.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    /// By then every message is on its way for good.
    pub settling_since: i64,
    /// Full histories and quotas make executions refuse what they would take otherwise.
    pub limited: bool,
}

impl Circumstances {
    /// True if a run of the workflow could take a message that was sent at `at`, whenever it came.
    fn surely_open(&self, histories: &Histories, workflow_id: &str, at: i64) -> bool {
        histories.values().any(|(of, events)| {
            of == workflow_id
                && events.first().is_some_and(|e| time(e) < at - CLOCKS_APART_MS)
                && events.last().is_some_and(|e| time(e) > self.settling_since + CLOCKS_APART_MS)
        })
    }

    /// True if no run of the workflow was open when a message came that was sent at `at`.
    fn surely_free(&self, histories: &Histories, workflow_id: &str, at: i64) -> bool {
        !histories.values().any(|(of, events)| {
            of == workflow_id && events.last().is_some_and(|e| time(e) > at - CLOCKS_APART_MS)
        })
    }
}

/// Checks every announcement of every history.
pub fn check(histories: &Histories, world: Circumstances) -> Result<(), String> {
    for (run_id, (_, events)) in histories {
        for event in events {
            let checked = match event_type(event) {
                "SignalExternalWorkflowExecutionInitiated" => {
                    let outcomes = [
                        "ExternalWorkflowExecutionSignaled",
                        "SignalExternalWorkflowExecutionFailed",
                    ];
                    let kind = "WorkflowExecutionSignaled";
                    check_told(histories, world, run_id, events, event, outcomes, kind)
                }
                "RequestCancelExternalWorkflowExecutionInitiated" => {
                    let outcomes = [
                        "ExternalWorkflowExecutionCancelRequested",
                        "RequestCancelExternalWorkflowExecutionFailed",
                    ];
                    let kind = "WorkflowExecutionCancelRequested";
                    check_told(histories, world, run_id, events, event, outcomes, kind)
                }
                "StartChildWorkflowExecutionInitiated" => {
                    check_child(histories, world, run_id, events, event)
                }
                "WorkflowExecutionContinuedAsNew" => check_next(histories, run_id, events, event),
                _ => Ok(()),
            };
            checked.map_err(|what| format!("run {run_id}: {what}: {event}"))?;
        }
    }
    Ok(())
}

fn check_told(
    histories: &Histories,
    world: Circumstances,
    run_id: &str,
    events: &[Value],
    initiated: &Value,
    [done, failed]: [&str; 2],
    kind: &str,
) -> Result<(), String> {
    let done = answers(events, initiated, &[done]).count();
    let failed = answers(events, initiated, &[failed]).count();
    let arrived = arrivals(histories, run_id, initiated, kind);
    let target = text(attributes(initiated), "workflowId");
    match (done, failed, arrived) {
        // Who closes before the answer does not hear it; but what was announced is done.
        (0, 0, 0) if !world.limited && world.surely_open(histories, target, time(initiated)) => {
            Err("it was never told".to_owned())
        }
        (1, 0, 1) | (0, 1, 0) | (0, 0, 0 | 1) => Ok(()),
        counts => Err(format!("done, failed and arrived so often: {counts:?}")),
    }
}

/// The run that an announcement of a child has started.
fn child<'h>(
    histories: &'h Histories,
    run_id: &str,
    initiated: &Value,
) -> Result<Option<(&'h String, &'h Vec<Value>)>, String> {
    let is_child = |started: &Value| {
        text(&started["parentWorkflowExecution"], "runId") == run_id
            && started["parentInitiatedEventId"] == initiated["eventId"]
            && started.get("continuedExecutionRunId").is_none()
    };
    let mut children = histories
        .iter()
        .filter(|(_, (_, events))| events.first().is_some_and(|first| is_child(attributes(first))));
    let child = children.next().map(|(run_id, (_, events))| (run_id, events));
    match children.next() {
        Some(_) => Err("it has started two children".to_owned()),
        None => Ok(child),
    }
}

fn check_child(
    histories: &Histories,
    world: Circumstances,
    run_id: &str,
    events: &[Value],
    initiated: &Value,
) -> Result<(), String> {
    let started: Vec<&Value> =
        answers(events, initiated, &["ChildWorkflowExecutionStarted"]).collect();
    let failed = answers(events, initiated, &["StartChildWorkflowExecutionFailed"]).count();
    let child = child(histories, run_id, initiated)?;
    match (started.as_slice(), failed, child) {
        ([], 0, None) => {
            // A parent that is terminated takes back what has not started yet.
            let takes_back = ["WorkflowExecutionTerminated", "WorkflowExecutionTimedOut"];
            let ends_so = events.last().is_some_and(|end| takes_back.contains(&event_type(end)));
            let workflow_id = text(attributes(initiated), "workflowId");
            let free = world.surely_free(histories, workflow_id, time(initiated));
            if free && !ends_so && !world.limited {
                return Err("its child never started".to_owned());
            }
            return Ok(());
        }
        ([], 1, None) => return Ok(()),
        ([], 0, Some(_)) => (), // The parent has closed before it was told.
        ([event], 0, Some((child, _))) => {
            let told = text(&attributes(event)["workflowExecution"], "runId");
            if told != child {
                return Err(format!("told of {told} instead of {child}"));
            }
        }
        (started, failed, child) => {
            let child = child.map(|(run_id, _)| run_id);
            return Err(format!("{} starts, {failed} failures, child {child:?}", started.len()));
        }
    }
    let (_, mut last) = child.ok_or("it has no child")?;
    while let Some(end) = last.last().filter(|e| event_type(e) == "WorkflowExecutionContinuedAsNew")
    {
        let next = text(attributes(end), "newExecutionRunId");
        last = &histories.get(next).ok_or("its child does not go on")?.1;
    }
    let ends = [
        "ChildWorkflowExecutionCompleted",
        "ChildWorkflowExecutionFailed",
        "ChildWorkflowExecutionCanceled",
        "ChildWorkflowExecutionTimedOut",
        "ChildWorkflowExecutionTerminated",
    ];
    let told: Vec<&Value> = answers(events, initiated, &ends).collect();
    let end = last.last().filter(|event| is_close(event)).map_or("none", event_type);
    match told.as_slice() {
        [] => Ok(()), // The parent has closed before it was told.
        [event] if event_type(event) == format!("Child{end}") => Ok(()),
        told => Err(format!("the child's end is {end}, the parent was told {told:?}")),
    }
}

fn check_next(
    histories: &Histories,
    run_id: &str,
    events: &[Value],
    end: &Value,
) -> Result<(), String> {
    let next = text(attributes(end), "newExecutionRunId");
    let (_, next) = histories.get(next).ok_or("the next run does not exist")?;
    let first = |events: &[Value]| events.first().map(attributes).cloned().unwrap_or_default();
    let (before, after) = (first(events), first(next));
    let same = ["parentWorkflowExecution", "parentInitiatedEventId"];
    if same.iter().any(|member| before[member] != after[member]) {
        return Err("the link to the parent is not carried on".to_owned());
    }
    if text(&after, "continuedExecutionRunId") != run_id {
        return Err("the next run does not know of this one".to_owned());
    }
    Ok(())
}

/// The children that their parents' ends should have ended, or asked to cancel, and did not.
pub fn check_policies(histories: &Histories) -> Result<(), String> {
    for (run_id, (_, events)) in histories {
        let first = events.first().map_or(&Value::Null, attributes);
        let parent = text(&first["parentWorkflowExecution"], "runId");
        let Some(end) = histories.get(parent).and_then(|(_, events)| events.last()) else {
            continue;
        };
        let applies = ["WorkflowExecutionTerminated", "WorkflowExecutionTimedOut"];
        if !applies.contains(&event_type(end)) || events.last().is_some_and(is_close) {
            continue;
        }
        match text(attributes(end), "childPolicy") {
            "TERMINATE" => return Err(format!("run {run_id} outlives its parent")),
            "REQUEST_CANCEL" => {
                let asked = |e: &Value| event_type(e) == "WorkflowExecutionCancelRequested";
                if !so_far(histories, run_id).any(asked) {
                    return Err(format!("run {run_id} was not asked to cancel with its parent"));
                }
            }
            _ => (),
        }
    }
    Ok(())
}

/// The events of a run and of those that it continues.
fn so_far<'h>(histories: &'h Histories, run_id: &'h str) -> impl Iterator<Item = &'h Value> {
    let before = |run_id: &&'h str| {
        let (_, events) = histories.get(*run_id)?;
        events.first().and_then(|first| attributes(first)["continuedExecutionRunId"].as_str())
    };
    let runs = std::iter::successors(Some(run_id), before);
    runs.filter_map(|run_id| histories.get(run_id)).flat_map(|(_, events)| events)
}
