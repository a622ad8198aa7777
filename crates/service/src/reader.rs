//! Answers what only reads the store, and completes what a task's reply needs from it.
//!
//! Readers see what is durable. They keep the shards free of long reads.

use crate::api::Reply;
use crate::backlog::ListName;
use crate::backups::{self, Backups};
use crate::history;
use crate::invoker::{Place, WAITING_MAX};
use crate::keys::{self, Position};
use crate::listing::{self, Query};
use crate::matcher::{HEAD_MAX, ListPollers, Task};
use crate::paging::Paging;
use crate::shard::{StartedIds, StartedTask};
use crate::survey::{ListSurvey, LoadSurvey};
use crate::token::{TaskDelivery, TaskRef, Tokens};
use crate::values;
use engine::RunIdentity;
use engine::rows::{Key, LambdaTask, TaskKind, TaskListKey};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::{Direction, ShardId, Store, StoreError};
use wire::*;

/// How many tasks of one shard are read at a time for a list's head.
const TASKS_PER_SCAN: usize = 64;

/// How many Lambda tasks of one shard are read at a time.
const LAMBDAS_PER_SCAN: usize = 64;

/// Something to read.
pub enum Read {
    /// GetWorkflowExecutionHistory.
    History(Box<RunIdentity>, ShardId, Paging),
    /// A page of a decision task that the caller holds.
    DecisionTask(StartedTask, ShardId, DecisionPage),
    /// An activity task that the caller holds.
    ActivityTask(StartedTask, ShardId),
    /// ListOpenWorkflowExecutions and ListClosedWorkflowExecutions.
    List(Box<Query>, Paging),
    /// CountOpenWorkflowExecutions and CountClosedWorkflowExecutions.
    Count(Box<Query>),
    /// CountPendingActivityTasks and CountPendingDecisionTasks.
    CountTasks(TaskListKey),
    /// BeginBackup, under an id that is new.
    BeginBackup(BackupId, Timestamp),
    /// ReadBackup.
    Backup(backups::Place, Timestamp),
    /// DescribeTaskLists, with who polls.
    TaskLists(Box<ListSurvey>, BTreeMap<ListName, ListPollers>),
    /// DescribeLoad.
    Load(Box<LoadSurvey>),
}

/// Which page of a decision task.
pub struct DecisionPage {
    /// What the request says about pages.
    pub paging: Paging,
    /// Leave out what the previous decision task has shown.
    pub from_previous: bool,
    /// The first event, if this is not the first page.
    pub position: Option<EventId>,
}

/// What the token of a decision task's page names.
#[derive(Debug, Serialize, Deserialize)]
pub struct DecisionPlace {
    /// The task, which must still be the caller's.
    pub task: TaskDelivery,
    /// The first event of the page.
    pub next: EventId,
}

/// See the module.
pub struct Reader {
    /// Where to read.
    pub store: Arc<dyn Store>,
    /// For the tokens in replies.
    pub tokens: Arc<Tokens>,
    /// For the answers to polls that found nothing.
    pub empty_poll_token: EmptyPollToken,
    /// What is held for backups.
    pub backups: Arc<Backups>,
}

impl Reader {
    /// Answers.
    pub fn read(&self, read: Read) -> Result<Reply, Fault> {
        match read {
            Read::History(identity, shard, paging) => self.history(&identity, shard, &paging),
            Read::DecisionTask(task, shard, page) => self.decision_task(&task, shard, &page),
            Read::ActivityTask(task, shard) => self.activity_task(task, shard),
            Read::List(query, paging) => self.list(&query, &paging),
            Read::Count(query) => {
                let (count, truncated) = listing::count(&*self.store, &query).map_err(internal)?;
                Ok(Reply::json(&WorkflowExecutionCount { count, truncated: Some(truncated) }))
            }
            Read::CountTasks(list) => {
                let counted = listing::count_tasks(&*self.store, &list).map_err(internal)?;
                let (count, truncated) = counted;
                Ok(Reply::json(&PendingTaskCount { count, truncated: Some(truncated) }))
            }
            Read::BeginBackup(id, now) => {
                self.backups.begin(&*self.store, id, now).map(|detail| Reply::json(&detail))
            }
            Read::Backup(place, now) => {
                self.backups.read(&place, now).map(|rows| Reply::json(&rows))
            }
            Read::TaskLists(survey, polled) => {
                let page = survey.page(&*self.store, &polled).map_err(internal)?;
                Ok(Reply::json(&page))
            }
            Read::Load(survey) => Ok(Reply::json(&survey.page(&*self.store).map_err(internal)?)),
        }
    }

    /// The tasks that a list hands out first, and whether those are all.
    pub fn head(&self, list: &TaskListKey) -> Result<(Vec<Task>, bool), StoreError> {
        let mut head = BTreeSet::new();
        // Beyond this place a shard has tasks that were not read.
        let mut bound: Option<Task> = None;
        for shard in keys::shards() {
            let tasks = self.head_of_shard(list, shard)?;
            if let Some(last) = tasks.last().filter(|_| tasks.len() == TASKS_PER_SCAN)
                && bound.as_ref().is_none_or(|bound| last < bound)
            {
                bound = Some(last.clone());
            }
            head.extend(tasks);
        }
        let complete = bound.is_none() && head.len() <= HEAD_MAX;
        if let Some(bound) = bound {
            head.retain(|task| *task <= bound);
        }
        Ok((head.into_iter().take(HEAD_MAX).collect(), complete))
    }

    /// The first tasks of a shard that are not held back.
    fn head_of_shard(&self, list: &TaskListKey, shard: ShardId) -> Result<Vec<Task>, StoreError> {
        let mut range = keys::tasks(list);
        let mut tasks = Vec::new();
        loop {
            let scanned = range.start.as_slice()..range.end.as_slice();
            let rows = self.store.scan(shard, scanned, Direction::Ascending, TASKS_PER_SCAN)?;
            for (key, bytes) in &rows {
                if !values::is_deliverable(bytes) || tasks.len() == TASKS_PER_SCAN {
                    continue;
                }
                match keys::parse_task(key) {
                    Some(place) => tasks.push(Task { place, shard }),
                    // It costs itself, and not those behind it.
                    None => tracing::error!(shard = shard.0, "a task's key does not decode"),
                }
            }
            match rows.last() {
                Some((last, _)) if rows.len() == TASKS_PER_SCAN && tasks.len() < TASKS_PER_SCAN => {
                    range.start = [last.as_slice(), &[0]].concat();
                }
                Some(_) | None => return Ok(tasks),
            }
        }
    }

    /// The Lambda tasks that wait for their start, the older first as far as each shard was read,
    /// and whether those are all.
    pub fn lambdas(&self) -> Result<(Vec<Place>, bool), StoreError> {
        let (mut places, mut complete) = (BTreeSet::new(), true);
        for shard in keys::shards() {
            let (tasks, all) = self.lambdas_of_shard(shard)?;
            complete &= all;
            places.extend(tasks.into_iter().map(|task| Place { task, shard }));
        }
        complete &= places.len() <= WAITING_MAX;
        Ok((places.into_iter().take(WAITING_MAX).collect(), complete))
    }

    /// The first Lambda tasks of a shard, and whether those are all.
    fn lambdas_of_shard(&self, shard: ShardId) -> Result<(Vec<LambdaTask>, bool), StoreError> {
        let mut range = keys::lambdas();
        loop {
            let scanned = range.start.as_slice()..range.end.as_slice();
            let rows = self.store.scan(shard, scanned, Direction::Ascending, LAMBDAS_PER_SCAN)?;
            let tasks: Vec<LambdaTask> =
                rows.iter().filter_map(|(key, _)| keys::parse_lambda(key)).collect();
            if tasks.len() < rows.len() {
                // Such a row costs itself, and not those behind it.
                tracing::error!(shard = shard.0, "the key of a Lambda task does not decode");
            }
            match rows.last().filter(|_| rows.len() == LAMBDAS_PER_SCAN) {
                Some((last, _)) if tasks.is_empty() => {
                    range.start = [last.as_slice(), &[0]].concat();
                }
                Some(_) => return Ok((tasks, false)),
                None => return Ok((tasks, true)),
            }
        }
    }

    fn history(
        &self,
        identity: &RunIdentity,
        shard: ShardId,
        paging: &Paging,
    ) -> Result<Reply, Fault> {
        let run_id = &identity.run_id;
        let unknown = || Fault::unknown_run(&identity.workflow_id, run_id);
        let row = self.store.get(shard, &keys::row(&Key::Run(run_id.clone())));
        let stored = values::parse_identity(&row.map_err(internal)?.ok_or_else(unknown)?);
        if stored.map_err(internal)? != *identity {
            return Err(unknown());
        }
        let position: Option<EventId> = paging.position()?;
        let range = match (position, paging.reverse) {
            (None, _) => EventId(1)..=history::END,
            (Some(next), false) => next..=history::END,
            (Some(next), true) => EventId(1)..=next,
        };
        let page = self.events(shard, run_id, range, paging)?;
        if !self.is_known(shard, run_id)? {
            return Err(unknown()); // It expired while its history was read.
        }
        let mut body = b"{\"events\":".to_vec();
        body.extend(page.events);
        if let Some(next) = page.next {
            push_member(&mut body, "nextPageToken", &paging.token(&next));
        }
        body.push(b'}');
        Ok(Reply::Json(body))
    }

    /// A decision task shows the history up to its own start, whatever has happened since.
    fn decision_task(
        &self,
        task: &StartedTask,
        shard: ShardId,
        page: &DecisionPage,
    ) -> Result<Reply, Fault> {
        let started = task.ids.started;
        let run_id = &task.identity.run_id;
        let first = match task.previous_started_event_id {
            EventId::NONE => EventId(1),
            previous if page.from_previous => previous,
            _ => EventId(1),
        };
        let range = match (page.position, page.paging.reverse) {
            (None, _) => first..=started,
            (Some(next), false) => next..=started,
            (Some(next), true) => first..=next,
        };
        let read = self.events(shard, run_id, range, &page.paging)?;
        if !self.is_known(shard, run_id)? {
            return self.expired(task, TaskKind::Decision, page.position.is_some());
        }
        let mut body = b"{\"events\":".to_vec();
        body.extend(read.events);
        let reference = reference(task, shard);
        let token = self.tokens.task(TaskKind::Decision, &reference);
        push_member(&mut body, "taskToken", &token);
        push_member(&mut body, "startedEventId", &started);
        push_member(&mut body, "workflowExecution", &task.identity.execution());
        push_member(&mut body, "workflowType", &task.workflow_type);
        push_member(&mut body, "previousStartedEventId", &task.previous_started_event_id);
        if let Some(next) = read.next {
            let place = DecisionPlace { task: reference.delivery, next };
            push_member(&mut body, "nextPageToken", &page.paging.token(&place));
        }
        body.push(b'}');
        Ok(Reply::Json(body))
    }

    fn events(
        &self,
        shard: ShardId,
        run_id: &RunId,
        range: std::ops::RangeInclusive<EventId>,
        paging: &Paging,
    ) -> Result<history::Page, Fault> {
        let direction = if paging.reverse { Direction::Descending } else { Direction::Ascending };
        let events_max = paging.entries_max(history::PAGE_EVENTS_MAX);
        history::page(&*self.store, shard, run_id, range, direction, events_max).map_err(internal)
    }

    fn activity_task(&self, task: StartedTask, shard: ShardId) -> Result<Reply, Fault> {
        let StartedIds { scheduled, started } = task.ids;
        let run_id = &task.identity.run_id;
        let event = history::event(&*self.store, shard, run_id, scheduled);
        if event.is_err() && !self.is_known(shard, run_id)? {
            return self.expired(&task, TaskKind::Activity, false);
        }
        let event = event.map_err(internal)?;
        let EventAttributes::ActivityTaskScheduled(attributes) = event.attributes else {
            let text = format!("event {scheduled} of run {run_id} schedules no activity");
            return Err(internal(StoreError(text)));
        };
        let task_token = self.tokens.task(TaskKind::Activity, &reference(&task, shard));
        Ok(Reply::json(&ActivityTask {
            task_token,
            activity_id: attributes.activity_id,
            started_event_id: started,
            workflow_execution: task.identity.execution(),
            activity_type: attributes.activity_type,
            input: attributes.input,
        }))
    }

    /// False once the run has expired: then what was read of it may lack its beginning.
    fn is_known(&self, shard: ShardId, run_id: &RunId) -> Result<bool, Fault> {
        let row = self.store.get(shard, &keys::row(&Key::Run(run_id.clone())));
        Ok(row.map_err(internal)?.is_some())
    }

    /// What the holder of a task is told whose run was closed and expired before the reply was
    /// complete: a poll got nothing, and a further page is one of an unknown run.
    fn expired(
        &self,
        task: &StartedTask,
        kind: TaskKind,
        is_further_page: bool,
    ) -> Result<Reply, Fault> {
        if is_further_page {
            return Err(Fault::unknown_run(&task.identity.workflow_id, &task.identity.run_id));
        }
        Ok(empty_poll(kind, self.empty_poll_token))
    }

    fn list(&self, query: &Query, paging: &Paging) -> Result<Reply, Fault> {
        let after: Option<Position> = paging.position()?;
        let most = paging.entries_max(listing::PAGE_EXECUTIONS_MAX);
        let page = listing::page(&*self.store, query, after.as_ref(), most).map_err(internal)?;
        Ok(Reply::json(&WorkflowExecutionInfos {
            execution_infos: page.infos,
            next_page_token: page.next_after.map(|after| paging.token(&after)),
        }))
    }
}

/// What stands for the task in the answer to a poll that found none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmptyPollToken {
    /// No `taskToken`, as the live service answers: most clients test for its absence.
    Absent,
    /// `"taskToken": ""`, as the API's documentation says: some clients read it unconditionally.
    Empty,
}

/// The answer to a poll that got no task (api.md, trap 1; engine.md, section 13, row 1). The event
/// ids are there, as 0.
pub fn empty_poll(kind: TaskKind, token: EmptyPollToken) -> Reply {
    let mut body = match kind {
        TaskKind::Decision => b"{\"previousStartedEventId\":0,\"startedEventId\":0".to_vec(),
        TaskKind::Activity => b"{\"startedEventId\":0".to_vec(),
    };
    match token {
        EmptyPollToken::Absent => (),
        EmptyPollToken::Empty => push_member(&mut body, "taskToken", &""),
    }
    body.push(b'}');
    Reply::Json(body)
}

/// What the token of a task names.
fn reference(task: &StartedTask, shard: ShardId) -> TaskRef {
    let RunIdentity { scope, domain, run_id, workflow_id: _ } = &*task.identity;
    let delivery = TaskDelivery {
        shard: shard.0,
        run_id: run_id.clone(),
        scheduled_event_id: task.ids.scheduled,
        started_event_id: task.ids.started,
    };
    TaskRef { scope: scope.clone(), domain: domain.clone(), delivery }
}

fn push_member(body: &mut Vec<u8>, name: &str, value: &impl Serialize) {
    body.extend(format!(",\"{name}\":").bytes());
    serde_json::to_writer(body, value).expect("an output has text keys");
}

fn internal(error: impl std::fmt::Display) -> Fault {
    tracing::error!(%error, "the store could not be read");
    Fault::Internal
}

#[cfg(test)]
mod tests;
