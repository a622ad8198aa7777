//! The end of the trouble: one node, a store that works, and callers who do what they should. Then
//! everything has to come to its end, in a bounded time.

use super::callers::Somebody;
use super::calls::{HeldTask, Purpose};
use super::decisions::{self, ACTIVITY_LISTS, DECISION_LISTS};
use super::histories::pending_with_others;
use super::world::World;
use serde_json::{Value, json};
use service::Mail;
use wire::Operation;

/// How long everything may take to come to its end, in milliseconds of the true time.
const SETTLE_MS_MAX: i64 = 3 * 60 * 60 * 1000;

/// How many rounds of polls and answers everything may take, however little time passes.
const ROUNDS_MAX: usize = 5_000;

/// How many turns may be taken before nothing is left to do at a moment.
const TURNS_MAX: usize = 20_000;

/// How far apart the clocks of two nodes may be, in milliseconds.
const CLOCKS_APART_MS: i64 = 10_000;

/// How many tokens from before are tried.
const TOKENS_TRIED_MAX: usize = 5;

/// How many functions are called yet: nothing keeps their outcomes from being heard.
const FUNCTIONS_SETTLED_MAX: usize = 3;

/// How many times somebody loses his key while he polls.
const KEYS_LOST_MAX: usize = 10;

/// What deciders do by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// They begin nothing new, until nothing that they began is open.
    Finish,
    /// They end their executions, once nobody owes them an answer.
    Close,
}

impl World {
    /// Lets everything come to its end.
    pub fn settle(&mut self) -> Result<(), String> {
        while !self.nodes.is_empty() {
            self.crash_node(0);
        }
        while let Some(call) = self.calls.pop() {
            self.lose(call);
        }
        let held = std::mem::take(&mut self.held);
        self.time.advance(CLOCKS_APART_MS);
        self.start_node(0);
        self.settling_since = Some(self.time.now());
        self.check_store()?;
        // Whatever keys there were: their tokens are good.
        for task in held.iter().filter(|task| !task.is_decision).take(TOKENS_TRIED_MAX) {
            self.beat(task);
        }
        self.finish_imports()?;
        let end = self.time.now() + SETTLE_MS_MAX;
        self.settle_stage(Stage::Finish, end)?;
        // Until messages that were lost have come again.
        self.idle_for(5_000)?;
        self.check_policies()?;
        self.check_states()?;
        self.check_registrations()?;
        for run in self.open_runs()? {
            let body = json!({
                "domain": self.domain, "workflowId": run.workflow_id, "signalName": "close",
            });
            let answer = self.try_ask(Operation::SignalWorkflowExecution, body)?;
            if self.events_max.is_none() {
                answer.map_err(|fault| format!("{fault:?}"))?;
            }
        }
        self.settle_stage(Stage::Close, end)?;
        // What closed executions still have to say, and the rows of what has been said.
        self.idle_for(5_000)?;
        self.catch_up()?;
        self.let_imports_go_on()?;
        self.nodes[0].service.drain();
        self.idle_for(0)?;
        match self.calls.first() {
            Some(call) => Err(format!("{} was never answered", call.number)),
            None => Ok(()),
        }
    }

    fn settle_stage(&mut self, stage: Stage, end: i64) -> Result<(), String> {
        for _ in 0..ROUNDS_MAX {
            self.work_off()?;
            if self.is_over(stage)? {
                return Ok(());
            }
            self.work_off()?;
            self.poll_where_nobody_does();
            self.watch();
            if !self.nodes[0].service.busy().is_empty() {
                self.serve(stage)?;
                continue;
            }
            if self.time.now() > end {
                break;
            }
            self.pass_time();
            self.serve(stage)?;
        }
        let open = self.open_runs()?;
        Err(format!("stuck while they {stage:?}: {open:?}"))
    }

    /// Goes on to when something falls due.
    pub fn pass_time(&mut self) {
        let next = self.nodes[0].service.next_wake().map_or(0, |at| at.0);
        let ms = (next - self.time.now()).clamp(1, 60_000);
        self.note(|| format!("{ms} ms pass"));
        self.time.advance(ms);
    }

    /// Until nothing is left to do now.
    pub fn work_off(&mut self) -> Result<(), String> {
        for _ in 0..TURNS_MAX {
            let busy = self.nodes[0].service.busy();
            if busy.is_empty() {
                self.begin_functions()?;
                return self.hear();
            }
            let part = self.chance.one_of(&busy);
            self.take_turn(0, part, usize::MAX, Mail::Orderly);
        }
        Err("the service is never done".to_owned())
    }

    fn idle_for(&mut self, ms: i64) -> Result<(), String> {
        self.work_off()?;
        let end = self.time.now() + ms;
        while self.time.now() < end {
            self.pass_time();
            self.work_off()?;
        }
        Ok(())
    }

    /// Deciders and workers answer all that they are given.
    fn serve(&mut self, stage: Stage) -> Result<(), String> {
        self.work_off()?;
        self.end_all_functions();
        for task in std::mem::take(&mut self.held) {
            if !task.is_decision {
                self.close_activity(&task, 0);
                continue;
            }
            let decisions = match stage {
                Stage::Finish if self.functions_settled < FUNCTIONS_SETTLED_MAX => {
                    self.functions_settled += 1;
                    vec![decisions::call_a_function(&mut self.names)]
                }
                Stage::Finish => Vec::new(),
                Stage::Close if self.owes_nobody(&task)? => vec![decisions::complete()],
                Stage::Close => Vec::new(),
            };
            self.decide(&task, decisions, false);
        }
        Ok(())
    }

    /// Whether all that the execution asked others for has been answered.
    fn owes_nobody(&mut self, task: &HeldTask) -> Result<bool, String> {
        match self.history(self.domain, &task.workflow_id, &task.run_id) {
            Ok(events) => Ok(pending_with_others(&events).is_empty()),
            Err(_) if self.domain == "brief" => Ok(false), // Closed and gone since.
            Err(what) => Err(what),
        }
    }

    fn poll_where_nobody_does(&mut self) {
        let lists = DECISION_LISTS.map(|list| (Operation::PollForDecisionTask, list));
        let lists = lists
            .into_iter()
            .chain(ACTIVITY_LISTS.map(|list| (Operation::PollForActivityTask, list)));
        for (operation, name) in lists {
            let polls = |call: &super::calls::Call| matches!(&call.purpose, Purpose::Poll { list, .. } if *list == name);
            if !self.calls.iter().any(polls) {
                // One who has lost his key by the time there is a task leaves it for the next.
                if self.keys_lost < KEYS_LOST_MAX && self.chance.once_in(4) {
                    self.keys_lost += 1;
                    let key = self.names.fresh("lost");
                    self.poll_and_lose_the_key(operation, name, Somebody::trusted(key));
                }
                self.poll(operation, name);
            }
        }
    }

    fn is_over(&mut self, stage: Stage) -> Result<bool, String> {
        for run in self.open_runs()? {
            if stage == Stage::Close {
                return Ok(false);
            }
            let body = json!({
                "domain": self.domain,
                "execution": {"workflowId": run.workflow_id, "runId": run.run_id},
            });
            let detail = match self.try_ask(Operation::DescribeWorkflowExecution, body)? {
                Ok(detail) => detail,
                Err(_) if self.domain == "brief" => return Ok(false), // Closed and gone since.
                Err(fault) => return Err(format!("{fault:?}")),
            };
            let open = |kind: &str| detail["openCounts"][kind].as_i64().unwrap_or(0) > 0;
            let kinds =
                ["openActivityTasks", "openTimers", "openDecisionTasks", "openLambdaFunctions"];
            if kinds.into_iter().any(open) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// A run, as lists name it.
#[derive(Clone, Debug)]
pub struct Listed {
    pub workflow_id: String,
    pub run_id: String,
}

impl World {
    /// Every open run, as the API lists them.
    pub fn open_runs(&mut self) -> Result<Vec<Listed>, String> {
        self.runs_in(self.domain, Operation::ListOpenWorkflowExecutions)
    }

    /// Every closed run.
    pub fn closed_runs(&mut self) -> Result<Vec<Listed>, String> {
        self.runs_in(self.domain, Operation::ListClosedWorkflowExecutions)
    }

    /// The runs of a domain that an operation lists.
    pub fn runs_in(&mut self, domain: &str, operation: Operation) -> Result<Vec<Listed>, String> {
        let mut listed = Vec::new();
        let mut body = json!({"domain": domain, "startTimeFilter": {"oldestDate": 0}});
        body["maximumPageSize"] = json!(1 + self.chance.below(100));
        loop {
            let page = self.ask(operation, body.clone())?;
            for info in page["executionInfos"].as_array().expect("a list has entries") {
                let id = |member: &str| {
                    info["execution"][member].as_str().expect("an id is a text").to_owned()
                };
                listed.push(Listed { workflow_id: id("workflowId"), run_id: id("runId") });
            }
            match page.get("nextPageToken") {
                Some(token) => body["nextPageToken"] = token.clone(),
                None => return Ok(listed),
            }
        }
    }

    /// The whole history of a run, page by page.
    pub fn history(
        &mut self,
        domain: &str,
        workflow_id: &str,
        run_id: &str,
    ) -> Result<Vec<Value>, String> {
        let mut body = json!({
            "domain": domain,
            "execution": {"workflowId": workflow_id, "runId": run_id},
        });
        body["maximumPageSize"] = json!(1 + self.chance.below(1000));
        let mut events = Vec::new();
        loop {
            let page = self.ask(Operation::GetWorkflowExecutionHistory, body.clone())?;
            events.extend(page["events"].as_array().expect("a history has events").iter().cloned());
            match page.get("nextPageToken") {
                Some(token) => body["nextPageToken"] = token.clone(),
                None => return Ok(events),
            }
        }
    }
}
