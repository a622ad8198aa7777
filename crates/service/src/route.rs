//! Routes a request to whoever handles it.

use crate::api::{Answer, Pending};
use crate::feed;
use crate::held_task::HeldTask;
use crate::judge::{Asker, Judgment};
use crate::keys;
use crate::listing::{Filter, Query};
use crate::matcher::Input;
use crate::paging::Paging;
use crate::reader::Read;
use crate::registration;
use crate::shard::{ShardCommand, Target};
use crate::shared::{Registration, Shared, Ticket};
use access::swf::{self, Subject};
use access::{Caller, Origin};
use engine::rows::{Listing, TaskKind, WorkflowKey};
use engine::{ActivityOutcome, Command, Registry, RunIdentity, Scope};
use serde::Serialize;
use std::sync::atomic::Ordering;
use std::sync::{Arc, RwLockReadGuard};
use store::{Direction, ShardId};
use wire::*;

mod own;
mod tasks;
mod watch;

/// Random bytes in a run id, after the six that say when it was minted.
const RUN_ID_RANDOM_BYTES: usize = 10;

impl Shared {
    /// Starts a checked request; the answer comes through what is returned. Never blocks.
    pub fn call(&self, caller: &Caller, request: Request) -> Pending {
        self.enter(|answer, judgment| match self.admit(caller, &request, judgment) {
            Ok(desk) => desk.route(answer, request),
            Err(fault) => answer.send(Err(fault)),
        })
    }

    /// Lets a request in, if there is room, and has it routed.
    fn enter(&self, route: impl FnOnce(Answer, Judgment)) -> Pending {
        let permit = self.permit();
        let admitted = permit.is_some();
        let (pending, answer) = Pending::new(permit);
        if admitted {
            route(answer, pending.judgment());
        } else {
            // Polls whose callers are gone may hold permits until their time is up.
            self.to_matcher(Input::DismissGone);
            self.feed.put_bounded(feed::Input::DismissGone, 1);
            answer.send(Err(Fault::Throttling));
        }
        self.routed.fetch_add(1, Ordering::AcqRel);
        pending
    }

    /// Starts to make a new key for tokens; the answer is a [`TokenKeyRotation`] as JSON.
    ///
    /// [`TokenKeyRotation`]: crate::TokenKeyRotation
    pub fn rotate_token_key(&self) -> Pending {
        self.enter(|answer, _| {
            self.registrar.put(Registration::RotateTokenKey(answer));
        })
    }

    /// Lets a request in that is allowed and does not come too fast.
    fn admit(
        &self,
        caller: &Caller,
        request: &Request,
        judgment: Judgment,
    ) -> Result<Desk<'_>, Fault> {
        let scope = Scope { account: caller.account.clone(), region: caller.region.clone() };
        // The one time that shards have, too: what a request and its decisions are judged by must not
        // differ, and a right that has ended must not come back. A clock that is set back is thus not
        // followed (docs/policies.md says so).
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
            self.judge.request(asker, request, task.as_ref().map(|held| &held.task), now)?;
        }
        if !self.throttle.admit(&scope, request, &self.tokens, now) {
            return Err(Fault::Throttling);
        }
        let origin = Arc::clone(&caller.origin);
        Ok(Desk { shared: self, scope, asker, origin, task })
    }
}

/// The service as one request sees it.
struct Desk<'s> {
    shared: &'s Shared,
    scope: Scope,
    /// Whoever's rights count, where more is judged on the way.
    asker: Option<Arc<Asker>>,
    /// Where the request comes from.
    origin: Arc<Origin>,
    /// What the request's token names.
    task: Option<HeldTask>,
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
