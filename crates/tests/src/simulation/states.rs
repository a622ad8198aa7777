//! What the service says of an open execution, from the state that it holds, must be what follows
//! from the execution's history.

use super::histories::{attributes, event_type};
use super::world::World;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use wire::Operation;

/// The counts and flags that follow from a history.
#[derive(Debug, Default, PartialEq, Eq)]
struct State {
    activities: usize,
    timers: usize,
    children: usize,
    decision_tasks: usize,
    cancel_requested: bool,
    context: Option<String>,
}

impl State {
    fn of_history(events: &[Value]) -> State {
        let mut state = State::default();
        let (mut waiting, mut started) = (0, 0);
        let mut announced = BTreeSet::new();
        for event in events {
            let given = attributes(event);
            match event_type(event) {
                "ActivityTaskScheduled" => state.activities += 1,
                "ActivityTaskCompleted"
                | "ActivityTaskFailed"
                | "ActivityTaskCanceled"
                | "ActivityTaskTimedOut" => state.activities -= 1,
                "TimerStarted" => state.timers += 1,
                "TimerFired" | "TimerCanceled" => state.timers -= 1,
                "ChildWorkflowExecutionStarted" => {
                    announced.insert(given["initiatedEventId"].as_u64());
                }
                "ChildWorkflowExecutionCompleted"
                | "ChildWorkflowExecutionFailed"
                | "ChildWorkflowExecutionCanceled"
                | "ChildWorkflowExecutionTimedOut"
                | "ChildWorkflowExecutionTerminated" => {
                    announced.remove(&given["initiatedEventId"].as_u64());
                }
                "WorkflowExecutionCancelRequested" => state.cancel_requested = true,
                "DecisionTaskScheduled" => waiting = 1,
                "DecisionTaskStarted" => (waiting, started) = (0, 1),
                "DecisionTaskTimedOut" if given["timeoutType"] == "SCHEDULE_TO_START" => {
                    waiting = 0;
                }
                "DecisionTaskTimedOut" => started = 0,
                "DecisionTaskCompleted" => {
                    started = 0;
                    let context = given["executionContext"].as_str().map(str::to_owned);
                    state.context = context.or(state.context.take());
                }
                _ => (),
            }
        }
        state.children = announced.len();
        state.decision_tasks = (waiting + started).min(1);
        state
    }

    fn of_description(detail: &Value) -> State {
        let open = |kind: &str| {
            let count = detail["openCounts"][kind].as_u64();
            count.expect("a description has all counts") as usize
        };
        State {
            activities: open("openActivityTasks"),
            timers: open("openTimers"),
            children: open("openChildWorkflowExecutions"),
            decision_tasks: open("openDecisionTasks"),
            cancel_requested: detail["executionInfo"]["cancelRequested"] == true,
            context: detail["latestExecutionContext"].as_str().map(str::to_owned),
        }
    }
}

impl World {
    /// Compares every open execution. Nothing may be under way.
    pub fn check_states(&mut self) -> Result<(), String> {
        for run in self.open_runs()? {
            let events = self.history(self.domain, &run.workflow_id, &run.run_id)?;
            let body = json!({
                "domain": self.domain,
                "execution": {"workflowId": run.workflow_id, "runId": run.run_id},
            });
            let detail = self.ask(Operation::DescribeWorkflowExecution, body)?;
            let (held, told) = (State::of_description(&detail), State::of_history(&events));
            if held != told {
                let run_id = run.run_id;
                return Err(format!("run {run_id} is described as {held:?}, it is {told:?}"));
            }
        }
        Ok(())
    }

    /// Every activity type whose registration was acknowledged is there.
    pub fn check_registrations(&mut self) -> Result<(), String> {
        let mut listed = BTreeSet::new();
        let mut body = json!({"domain": self.domain, "registrationStatus": "REGISTERED"});
        loop {
            let page = self.ask(Operation::ListActivityTypes, body.clone())?;
            let types = page["typeInfos"].as_array().expect("a list has entries");
            let names = types.iter().filter_map(|info| info["activityType"]["name"].as_str());
            listed.extend(names.map(str::to_owned));
            match page.get("nextPageToken") {
                Some(token) => body["nextPageToken"] = token.clone(),
                None => break,
            }
        }
        match self.ledger.registrations().difference(&listed).next() {
            Some(name) => Err(format!("type {name} was registered and is not there")),
            None => Ok(()),
        }
    }
}
