//! The invariants: some hold at every moment, the others once everything has come to its end.

use super::Watch;
use super::counts;
use super::decisions::{ACTIVITY_LISTS, DECISION_LISTS};
use super::histories;
use super::links::{self, Circumstances, Histories};
use super::world::World;
use serde_json::json;
use service::check::{Finding, Mode, check};
use wire::{Operation, Timestamp};

/// How far the clock of a node may be ahead of the true time, in milliseconds.
const CLOCK_AHEAD_MS: i64 = 5_000;

impl World {
    /// What must be true of the store at every moment: rows are written with the events that they
    /// follow from, so they agree in the middle of any trouble.
    pub fn check_store(&mut self) -> Result<(), String> {
        if self.watch == Watch::Outside {
            return Ok(());
        }
        let now = Timestamp(self.time.now() + CLOCK_AHEAD_MS);
        let mut first = None;
        let mut tell = |finding: Finding| {
            first.get_or_insert_with(|| finding.to_string());
        };
        let report = check(&self.disk.memory, now, Mode::Look, &mut tell);
        let report = report.map_err(|error| error.to_string())?;
        match first {
            Some(first) => Err(format!("{} rows do not agree: {first}", report.findings)),
            None => counts::check(&self.disk.memory),
        }
    }

    /// Every history that the API shows.
    fn histories(&mut self) -> Result<Histories, String> {
        let mut histories = Histories::new();
        let open = self.open_runs()?;
        for run in self.closed_runs()?.into_iter().chain(open) {
            let events = self.history(self.domain, &run.workflow_id, &run.run_id)?;
            let at_least = self.ledger.seen_events(&run.run_id);
            self.ledger.read(&run.run_id, &events, at_least)?;
            let other = histories.insert(run.run_id.clone(), (run.workflow_id, events));
            if other.is_some() {
                return Err(format!("run {} is listed twice", run.run_id));
            }
        }
        Ok(histories)
    }

    /// What ends of parents must have done to children by now.
    pub fn check_policies(&mut self) -> Result<(), String> {
        if self.domain == "brief" {
            return Ok(()); // The parents are gone.
        }
        links::check_policies(&self.histories()?)
    }

    /// What must be true in the end; how many runs and events there are.
    pub fn check_all(&mut self) -> Result<(usize, usize), String> {
        self.check_store()?;
        let histories = self.histories()?;
        let all_there = self.domain != "brief";
        for (run_id, (_, events)) in &histories {
            histories::check(run_id, events, &self.ledger)?;
            if let Some(events_max) = self.events_max {
                let count = events.len() as u64;
                // One that closes with its last event needs nobody to end it.
                if count > events_max
                    || (histories::ends_at_the_limit(events) && count < events_max)
                {
                    return Err(format!("run {run_id} ends at event {count} of {events_max}"));
                }
            }
        }
        if all_there {
            let world = Circumstances {
                settling_since: self.settling_since.unwrap_or(i64::MAX),
                limited: self.events_max.is_some(),
            };
            links::check(&histories, world)?;
        } else if let Some(run_id) = histories.keys().next() {
            return Err(format!("run {run_id} should have expired"));
        }
        let marks = histories::marks(histories.values().map(|(_, events)| events));
        self.ledger.check(&marks, all_there)?;
        self.check_pollers(&histories)?;
        self.check_watchers(&histories, all_there)?;
        self.check_lists()?;
        if all_there {
            self.check_functions(&histories)?;
        }
        let events = histories.values().map(|(_, events)| events.len()).sum();
        Ok((histories.len(), events))
    }

    /// No task waits when all executions have ended.
    fn check_lists(&mut self) -> Result<(), String> {
        let lists = DECISION_LISTS.map(|list| (Operation::CountPendingDecisionTasks, list));
        let others = ACTIVITY_LISTS.map(|list| (Operation::CountPendingActivityTasks, list));
        for (operation, name) in lists.into_iter().chain(others) {
            let body = json!({"domain": self.domain, "taskList": {"name": name}});
            let counted = self.ask(operation, body)?;
            if counted["count"] != 0 {
                return Err(format!("{counted} tasks wait on {name} for executions that ended"));
            }
        }
        Ok(())
    }

    /// No function was called whose start is not in the history.
    fn check_functions(&self, histories: &Histories) -> Result<(), String> {
        let started = histories::started_functions(histories.values().map(|(_, events)| events));
        match self.ledger.functions().find(|mark| !started.contains(mark.as_str())) {
            Some(mark) => Err(format!("the function of {mark} was called and not started")),
            None => Ok(()),
        }
    }

    /// No task was started for a poller that was known to have gone.
    fn check_pollers(&self, histories: &Histories) -> Result<(), String> {
        let events = histories.values().flat_map(|(_, events)| events);
        let served: std::collections::BTreeSet<&str> =
            events.filter_map(|event| histories::attributes(event)["identity"].as_str()).collect();
        match self.ledger.gone().find(|poller| served.contains(poller.as_str())) {
            Some(poller) => Err(format!("{poller} was given a task after it had gone")),
            None => Ok(()),
        }
    }
}
