//! Routes a request to whoever handles it.

use crate::api::{Answer, Pending};
use crate::judge::{Asker, Judgment};
use crate::keys;
use crate::listing::{Filter, Query};
use crate::matcher::{Input, Waiter};
use crate::paging::Paging;
use crate::reader::{DecisionPage, DecisionPlace, Read};
use crate::registration;
use crate::shard::{ShardCommand, StartedIds, Target};
use crate::shared::{Poll, Registration, Shared, Ticket};
use crate::token::TaskRef;
use access::Caller;
use access::swf::{self, Subject};
use engine::rows::{Listing, TaskKind, TaskListKey, WorkflowKey};
use engine::{ActivityOutcome, Command, CompleteDecisionTask, Registry, RunIdentity, Scope};
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, RwLockReadGuard};
use store::{Direction, ShardId};
use wire::*;

/// Random bytes in a run id, after the six that say when it was minted.
const RUN_ID_RANDOM_BYTES: usize = 10;

impl Shared {
    /// Starts a checked request; the answer comes through what is returned. Never blocks.
    pub fn call(&self, caller: &Caller, request: Request) -> Pending {
        let permit = self.permit();
        let admitted = permit.is_some();
        let (pending, answer) = Pending::new(permit);
        if !admitted {
            // Polls whose callers are gone may hold permits until their time is up.
            self.to_matcher(Input::DismissGone);
            answer.send(Err(Fault::Throttling));
        } else {
            match self.admit(caller, &request, pending.judgment()) {
                Ok(desk) => desk.route(answer, request),
                Err(fault) => answer.send(Err(fault)),
            }
        }
        self.routed.fetch_add(1, Ordering::AcqRel);
        pending
    }

    /// Starts to make a new key for tokens; the answer is a [`TokenKeyRotation`] as JSON.
    ///
    /// [`TokenKeyRotation`]: crate::TokenKeyRotation
    pub fn rotate_token_key(&self) -> Pending {
        let permit = self.permit();
        let admitted = permit.is_some();
        let (pending, answer) = Pending::new(permit);
        if admitted {
            self.registrar.put(Registration::RotateTokenKey(answer));
        } else {
            answer.send(Err(Fault::Throttling));
        }
        self.routed.fetch_add(1, Ordering::AcqRel);
        pending
    }

    /// Lets a request in that is allowed and does not come too fast.
    fn admit(
        &self,
        caller: &Caller,
        request: &Request,
        judgment: Judgment,
    ) -> Result<Desk<'_>, Fault> {
        let scope = Scope { account: caller.account.clone(), region: caller.region.clone() };
        let now = self.clock.now();
        // First, or else a forged token would choose the domain on which it is judged.
        let task = match swf::subject(request) {
            Subject::DecisionTask(token) => {
                Some(self.held_task(&scope, TaskKind::Decision, token)?)
            }
            Subject::ActivityTask(token) => {
                Some(self.held_task(&scope, TaskKind::Activity, token)?)
            }
            Subject::Domain(_)
            | Subject::NewDomain(_)
            | Subject::AllDomains
            | Subject::Resource(_) => None,
        };
        let asker = Asker::of(caller, judgment);
        if let Some(asker) = &asker {
            self.judge.request(asker, request, task.as_ref(), now)?;
        }
        if !self.throttle.admit(&scope, request, &self.tokens, now) {
            return Err(Fault::Throttling);
        }
        Ok(Desk { shared: self, scope, asker, task })
    }
}

/// The service as one request sees it.
struct Desk<'s> {
    shared: &'s Shared,
    scope: Scope,
    /// Whoever's rights count, where more is judged on the way.
    asker: Option<Arc<Asker>>,
    /// What the request's token names.
    task: Option<TaskRef>,
}

/// A command, and the shard that handles it.
type ToShard = (ShardId, ShardCommand);

impl Desk<'_> {
    fn route(self, answer: Answer, request: Request) {
        use Request as R;
        let scope = &self.scope;
        match request {
            R::RegisterDomain(_)
            | R::DeprecateDomain(_)
            | R::UndeprecateDomain(_)
            | R::TagResource(_)
            | R::UntagResource(_)
            | R::RegisterActivityType(_)
            | R::DeprecateActivityType(_)
            | R::UndeprecateActivityType(_)
            | R::DeleteActivityType(_)
            | R::RegisterWorkflowType(_)
            | R::DeprecateWorkflowType(_)
            | R::UndeprecateWorkflowType(_)
            | R::DeleteWorkflowType(_) => {
                self.shared.to_registrar(answer, self.scope, request);
            }

            R::DescribeDomain(input) => {
                answer.send(registration::describe_domain(&self.registry(), scope, &input));
            }
            R::DescribeActivityType(input) => {
                answer.send(registration::describe_activity_type(&self.registry(), scope, &input));
            }
            R::DescribeWorkflowType(input) => {
                answer.send(registration::describe_workflow_type(&self.registry(), scope, &input));
            }
            R::ListTagsForResource(input) => {
                answer.send(registration::list_tags(&self.registry(), scope, &input));
            }
            R::ListDomains(input) => {
                let paging = self.paging(Operation::ListDomains, &input);
                answer.send(registration::list_domains(&self.registry(), scope, &input, &paging));
            }
            R::ListActivityTypes(input) => {
                let paging = self.paging(Operation::ListActivityTypes, &input);
                let registry = self.registry();
                answer.send(registration::list_activity_types(&registry, scope, &input, &paging));
            }
            R::ListWorkflowTypes(input) => {
                let paging = self.paging(Operation::ListWorkflowTypes, &input);
                let registry = self.registry();
                answer.send(registration::list_workflow_types(&registry, scope, &input, &paging));
            }

            R::StartWorkflowExecution(input) => self.to_shard(answer, self.start(input)),
            R::SignalWorkflowExecution(input) => {
                let SignalWorkflowExecutionInput { domain, workflow_id, run_id, .. } = input;
                let command =
                    Command::Signal { signal_name: input.signal_name, input: input.input };
                self.to_shard(answer, self.command(&domain, workflow_id, run_id, command));
            }
            R::RequestCancelWorkflowExecution(input) => {
                let RequestCancelWorkflowExecutionInput { domain, workflow_id, run_id } = input;
                let command = Command::RequestCancel;
                self.to_shard(answer, self.command(&domain, workflow_id, run_id, command));
            }
            R::TerminateWorkflowExecution(input) => {
                let TerminateWorkflowExecutionInput { domain, workflow_id, run_id, .. } = input;
                let TerminateWorkflowExecutionInput { reason, details, child_policy, .. } = input;
                let command = Command::Terminate { reason, details, child_policy };
                self.to_shard(answer, self.command(&domain, workflow_id, run_id, command));
            }
            R::DescribeWorkflowExecution(input) => {
                let WorkflowExecution { workflow_id, run_id } = input.execution;
                let target = self.target(&input.domain, workflow_id, Some(run_id));
                let describe = |(shard, target)| (shard, ShardCommand::Describe(target));
                self.to_shard(answer, target.map(describe));
            }

            R::RespondDecisionTaskCompleted(input) => {
                self.to_shard(answer, self.complete_decision_task(input));
            }
            R::RecordActivityTaskHeartbeat(input) => {
                let details = input.details;
                let heartbeat =
                    |scheduled_event_id| Command::RecordHeartbeat { scheduled_event_id, details };
                self.to_shard(answer, self.activity_task(heartbeat));
            }
            R::RespondActivityTaskCompleted(input) => {
                let outcome = ActivityOutcome::Completed { result: input.result };
                self.to_shard(answer, self.close_activity_task(outcome));
            }
            R::RespondActivityTaskFailed(input) => {
                let RespondActivityTaskFailedInput { reason, details, .. } = input;
                let outcome = ActivityOutcome::Failed { reason, details };
                self.to_shard(answer, self.close_activity_task(outcome));
            }
            R::RespondActivityTaskCanceled(input) => {
                let outcome = ActivityOutcome::Canceled { details: input.details };
                self.to_shard(answer, self.close_activity_task(outcome));
            }

            R::PollForActivityTask(input) => {
                let PollForActivityTaskInput { domain, task_list, identity } = input;
                self.poll(answer, TaskKind::Activity, domain, task_list, identity, None);
            }
            R::PollForDecisionTask(input) => self.poll_for_decision_task(answer, input),

            R::GetWorkflowExecutionHistory(input) => {
                let paging = self.paging(Operation::GetWorkflowExecutionHistory, &input);
                self.to_reader(answer, self.history(input, paging));
            }
            R::ListOpenWorkflowExecutions(input) => {
                let paging = self.paging(Operation::ListOpenWorkflowExecutions, &input);
                let filter =
                    Filter::of(input.execution_filter, input.type_filter, input.tag_filter, None);
                let times = input.start_time_filter;
                let query = self.query(input.domain, Listing::Open, times, filter, paging.reverse);
                self.to_reader(answer, query.map(|query| Read::List(query, paging)));
            }
            R::CountOpenWorkflowExecutions(input) => {
                let filter =
                    Filter::of(input.execution_filter, input.type_filter, input.tag_filter, None);
                let times = input.start_time_filter;
                let query = self.query(input.domain, Listing::Open, times, filter, false);
                self.to_reader(answer, query.map(Read::Count));
            }
            R::ListClosedWorkflowExecutions(input) => {
                let paging = self.paging(Operation::ListClosedWorkflowExecutions, &input);
                let filter = Filter::of(
                    input.execution_filter,
                    input.type_filter,
                    input.tag_filter,
                    input.close_status_filter,
                );
                let times = closed_by(input.start_time_filter, input.close_time_filter);
                let query = times.and_then(|(listing, times)| {
                    self.query(input.domain, listing, times, filter, paging.reverse)
                });
                self.to_reader(answer, query.map(|query| Read::List(query, paging)));
            }
            R::CountClosedWorkflowExecutions(input) => {
                let filter = Filter::of(
                    input.execution_filter,
                    input.type_filter,
                    input.tag_filter,
                    input.close_status_filter,
                );
                let times = closed_by(input.start_time_filter, input.close_time_filter);
                let query = times.and_then(|(listing, times)| {
                    self.query(input.domain, listing, times, filter, false)
                });
                self.to_reader(answer, query.map(Read::Count));
            }
            R::CountPendingActivityTasks(input) => {
                let list = self.task_list(TaskKind::Activity, input.domain, input.task_list);
                self.to_reader(answer, list.map(Read::CountTasks));
            }
            R::CountPendingDecisionTasks(input) => {
                let list = self.task_list(TaskKind::Decision, input.domain, input.task_list);
                self.to_reader(answer, list.map(Read::CountTasks));
            }
        }
    }

    fn to_shard(&self, answer: Answer, command: Result<ToShard, Fault>) {
        match command {
            Ok((shard, command)) => self.shared.to_shard(shard, Ticket::Call(answer), command),
            Err(fault) => answer.send(Err(fault)),
        }
    }

    fn to_reader(&self, answer: Answer, read: Result<Read, Fault>) {
        match read {
            Ok(read) => self.shared.to_reader(answer, read),
            Err(fault) => answer.send(Err(fault)),
        }
    }

    fn registry(&self) -> RwLockReadGuard<'_, Registry> {
        self.shared.registry.read().expect("no writer panics")
    }

    fn paging(&self, operation: Operation, input: &impl Serialize) -> Paging {
        let now = self.shared.clock.now();
        Paging::of(operation, input, &self.scope, &self.shared.tokens, now)
    }

    /// Deprecated domains serve what is in them all the same.
    fn check_domain(&self, domain: &DomainName) -> Result<(), Fault> {
        self.registry().domain(&self.scope, domain).map(|_| ())
    }

    fn workflow(&self, domain: &DomainName, workflow_id: WorkflowId) -> WorkflowKey {
        WorkflowKey { scope: self.scope.clone(), domain: domain.clone(), workflow_id }
    }

    /// A run id that no other run has. It begins with the time, so that what is written together
    /// lies together in the store.
    fn mint_run_id(&self) -> RunId {
        let mut random = [0; RUN_ID_RANDOM_BYTES];
        self.shared.entropy.fill(&mut random);
        let mut text = format!("{:012x}", self.shared.clock.now().0);
        random.iter().for_each(|byte| text.push_str(&format!("{byte:02x}")));
        text.into()
    }
}

/// Executions.
impl Desk<'_> {
    fn start(&self, input: StartWorkflowExecutionInput) -> Result<ToShard, Fault> {
        self.check_domain(&input.domain)?;
        let identity = RunIdentity {
            scope: self.scope.clone(),
            domain: input.domain.clone(),
            workflow_id: input.workflow_id.clone(),
            run_id: self.mint_run_id(),
        };
        let workflow = self.workflow(&input.domain, input.workflow_id.clone());
        Ok((keys::shard_of(&workflow), ShardCommand::Start(identity, Box::new(input))))
    }

    /// The named run, or without a run id whichever is open.
    fn target(
        &self,
        domain: &DomainName,
        workflow_id: WorkflowId,
        run_id: Option<RunId>,
    ) -> Result<(ShardId, Target), Fault> {
        self.check_domain(domain)?;
        let workflow = self.workflow(domain, workflow_id);
        let shard = keys::shard_of(&workflow);
        let target = match run_id {
            Some(run_id) => Target::Execution(workflow, run_id),
            None => Target::Open(workflow),
        };
        Ok((shard, target))
    }

    fn command(
        &self,
        domain: &DomainName,
        workflow_id: WorkflowId,
        run_id: Option<RunId>,
        command: Command,
    ) -> Result<ToShard, Fault> {
        let (shard, target) = self.target(domain, workflow_id, run_id)?;
        Ok((shard, ShardCommand::Apply(target, command)))
    }

    fn history(
        &self,
        input: GetWorkflowExecutionHistoryInput,
        paging: Paging,
    ) -> Result<Read, Fault> {
        self.check_domain(&input.domain)?;
        let WorkflowExecution { workflow_id, run_id } = input.execution;
        let shard = keys::shard_of(&self.workflow(&input.domain, workflow_id.clone()));
        let (scope, domain) = (self.scope.clone(), input.domain);
        let identity = RunIdentity { scope, domain, workflow_id, run_id };
        Ok(Read::History(Box::new(identity), shard, paging))
    }

    fn query(
        &self,
        domain: DomainName,
        listing: Listing,
        times: ExecutionTimeFilter,
        filter: Option<Filter>,
        oldest_first: bool,
    ) -> Result<Box<Query>, Fault> {
        self.check_domain(&domain)?;
        let direction = if oldest_first { Direction::Ascending } else { Direction::Descending };
        let scope = self.scope.clone();
        Ok(Box::new(Query { listing, scope, domain, times, direction, filter }))
    }
}

/// Tasks.
impl Desk<'_> {
    fn complete_decision_task(
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

    fn close_activity_task(&self, outcome: ActivityOutcome) -> Result<ToShard, Fault> {
        self.activity_task(|scheduled_event_id| Command::CloseActivityTask {
            scheduled_event_id,
            outcome,
        })
    }

    fn activity_task(&self, command: impl FnOnce(EventId) -> Command) -> Result<ToShard, Fault> {
        let TaskRef { scope, domain, delivery } = self.held_task()?;
        let command = command(delivery.scheduled_event_id);
        let target = Target::Run(scope, domain, delivery.run_id);
        Ok((ShardId(delivery.shard), self.apply(target, command)))
    }

    /// What the request's token names.
    fn held_task(&self) -> Result<TaskRef, Fault> {
        self.task.clone().ok_or_else(Fault::invalid_token)
    }

    /// Whoever's rights count goes with what is judged in the shard.
    fn apply(&self, target: Target, command: Command) -> ShardCommand {
        match &self.asker {
            Some(asker) => ShardCommand::ApplyFor(Arc::clone(asker), target, command),
            None => ShardCommand::Apply(target, command),
        }
    }

    fn task_list(
        &self,
        kind: TaskKind,
        domain: DomainName,
        task_list: TaskList,
    ) -> Result<TaskListKey, Fault> {
        self.check_domain(&domain)?;
        Ok(TaskListKey { kind, scope: self.scope.clone(), domain, name: task_list.name })
    }

    fn poll(
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
            // An empty identity is none (engine.md, trap 29).
            identity: identity.filter(|identity| !identity.as_str().is_empty()),
            principal: self.asker.as_ref().and_then(|asker| asker.principal_arn()),
            deadline: Timestamp(self.shared.clock.now().0.saturating_add(hold_ms)),
            presence: answer.presence(),
            poll: Poll { answer, page, asker: self.asker.clone() },
        };
        self.shared.to_matcher(Input::Poll(list, waiter));
    }

    /// Without a page token: waits for a task. With one: a further page of a task that the caller
    /// holds, at once.
    fn poll_for_decision_task(&self, answer: Answer, input: PollForDecisionTaskInput) {
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

/// Which list of closed executions a request is about, and between which times. The check of the
/// request has made sure that there is exactly one filter.
fn closed_by(
    start: Option<ExecutionTimeFilter>,
    close: Option<ExecutionTimeFilter>,
) -> Result<(Listing, ExecutionTimeFilter), Fault> {
    match (start, close) {
        (Some(times), _) => Ok((Listing::ClosedByStart, times)),
        (None, Some(times)) => Ok((Listing::ClosedByClose, times)),
        (None, None) => Err(Fault::Validation("Must specify time filter".to_owned())),
    }
}
