//! Requests about tasks: polls, and what is answered to the tasks that they have given.

use super::{Desk, ToShard};
use crate::api::Answer;
use crate::matcher::{Input, Poller, Waiter};
use crate::reader::{DecisionPage, DecisionPlace};
use crate::shard::{ShardCommand, StartedIds, Target};
use crate::shared::{Poll, Ticket};
use crate::token::TaskRef;
use engine::rows::{TaskKind, TaskListKey};
use engine::{ActivityOutcome, Command, CompleteDecisionTask};
use std::collections::BTreeSet;
use std::sync::Arc;
use store::ShardId;
use wire::*;

impl Desk<'_> {
    pub(super) fn complete_decision_task(
        &self,
        input: RespondDecisionTaskCompletedInput,
    ) -> Result<ToShard, Fault> {
        let TaskRef { scope, domain, delivery } = self.held_task()?;
        let decisions = input.decisions.unwrap_or_default();
        let runs = decisions.iter().filter(|decision| decision.decision_type().starts_run());
        let command = Command::CompleteDecisionTask(CompleteDecisionTask {
            scheduled_event_id: delivery.scheduled_event_id,
            started_event_id: delivery.started_event_id,
            run_ids: runs.map(|_| self.mint_run_id()).collect(),
            decisions,
            execution_context: input.execution_context,
            task_list: input.task_list,
            task_list_schedule_to_start_timeout: input.task_list_schedule_to_start_timeout,
            // Known where the run is known.
            not_permitted: BTreeSet::new(),
            rate_exceeded: BTreeSet::new(),
        });
        let target = Target::Run(scope, domain, delivery.run_id);
        Ok((ShardId(delivery.shard), self.apply(target, command)))
    }

    pub(super) fn close_activity_task(&self, outcome: ActivityOutcome) -> Result<ToShard, Fault> {
        self.activity_task(|scheduled_event_id| Command::CloseActivityTask {
            scheduled_event_id,
            outcome,
        })
    }

    pub(super) fn activity_task(
        &self,
        command: impl FnOnce(EventId) -> Command,
    ) -> Result<ToShard, Fault> {
        let TaskRef { scope, domain, delivery } = self.held_task()?;
        let command = command(delivery.scheduled_event_id);
        let target = Target::Run(scope, domain, delivery.run_id);
        Ok((ShardId(delivery.shard), self.apply(target, command)))
    }

    /// What the request's token names.
    pub(super) fn held_task(&self) -> Result<TaskRef, Fault> {
        let held = self.task.as_ref().ok_or_else(Fault::invalid_token)?;
        self.shared.check_started(held)?;
        Ok(held.task.clone())
    }

    /// Whoever's rights count goes with what is judged in the shard.
    pub(super) fn apply(&self, target: Target, command: Command) -> ShardCommand {
        match &self.asker {
            Some(asker) => ShardCommand::ApplyFor(Arc::clone(asker), target, command),
            None => ShardCommand::Apply(target, command),
        }
    }

    pub(super) fn task_list(
        &self,
        kind: TaskKind,
        domain: DomainName,
        task_list: TaskList,
    ) -> Result<TaskListKey, Fault> {
        self.check_domain(&domain)?;
        Ok(TaskListKey { kind, scope: self.scope.clone(), domain, name: task_list.name })
    }

    pub(super) fn poll(
        &self,
        answer: Answer,
        kind: TaskKind,
        domain: DomainName,
        task_list: TaskList,
        identity: Option<Identity>,
        page: Option<DecisionPage>,
    ) {
        let list = match self.task_list(kind, domain, task_list) {
            Ok(list) => list,
            Err(fault) => return answer.send(Err(fault)),
        };
        let hold_ms = i64::try_from(self.shared.poll_hold.as_millis()).unwrap_or(i64::MAX);
        let waiter = Waiter {
            poller: Poller {
                // An empty identity is none (engine.md, trap 29).
                identity: identity.filter(|identity| !identity.as_str().is_empty()),
                principal: self.asker.as_ref().and_then(|asker| asker.arn()),
                address: self.origin.source_ip,
            },
            principal: self.asker.as_ref().and_then(|asker| asker.counted_arn()),
            deadline: Timestamp(self.shared.clock.now().0.saturating_add(hold_ms)),
            presence: answer.presence(),
            poll: Poll { answer, page, asker: self.asker.clone() },
        };
        self.shared.to_matcher(Input::Poll(list, waiter));
    }

    /// Without a page token: waits for a task. With one: a further page of a task that the caller
    /// holds, at once.
    pub(super) fn poll_for_decision_task(&self, answer: Answer, input: PollForDecisionTaskInput) {
        let paging = self.paging(Operation::PollForDecisionTask, &input);
        let from_previous = input.start_at_previous_started_event.unwrap_or(false);
        let place: Option<DecisionPlace> = match paging.position() {
            Ok(place) => place,
            Err(fault) => return answer.send(Err(fault)),
        };
        let position = place.as_ref().map(|place| place.next);
        let page = DecisionPage { paging, from_previous, position };
        let Some(DecisionPlace { task, .. }) = place else {
            let PollForDecisionTaskInput { domain, task_list, identity, .. } = input;
            return self.poll(answer, TaskKind::Decision, domain, task_list, identity, Some(page));
        };
        let ids = StartedIds { scheduled: task.scheduled_event_id, started: task.started_event_id };
        // The token is bound to a request that names the domain, and that is the task's.
        let target = Target::Run(self.scope.clone(), input.domain, task.run_id);
        let command = ShardCommand::ResumeDecisionTask(target, ids);
        self.shared.to_shard(ShardId(task.shard), Ticket::Page(answer, page), command);
    }
}
