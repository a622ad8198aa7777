//! Throttles: how fast requests and decisions may come. By default there are none; AWS's own can be
//! had, and each can be set (engine.md, section 13, row 25).
//!
//! A throttle is a token bucket per account and region, or per workflow or task list: every request
//! or decision takes a token, and the bucket fills again at a fixed rate. A request that finds no
//! token is refused as throttled and costs nothing else; a decision becomes the event that says so.

mod bucket;
mod table;

use crate::token::Tokens;
use engine::rows::TaskKind;
use engine::{CompleteDecisionTask, Registry, RunIdentity, Scope};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use table::Table;
use wire::*;

/// How many buckets of accounts are remembered.
const ACCOUNT_BUCKETS_MAX: usize = 16_384;

/// How many buckets of workflows and task lists are remembered.
const PLACE_BUCKETS_MAX: usize = 65_536;

/// How fast something may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many may come at once after a rest.
    pub bucket: u32,
    /// How many may come in a second for as long as one likes.
    pub refill_per_second: u32,
}

/// Which throttles there are. What is not named here has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Throttles {
    /// Requests, each operation for itself: per account and region.
    pub requests: BTreeMap<Operation, Rate>,
    /// Requests to one workflow execution: those of [`Throttles::WORKFLOW_REQUESTS`].
    pub workflow_requests: BTreeMap<Operation, Rate>,
    /// Decisions, each kind for itself: per account and region; those of [`Throttles::DECISIONS`].
    pub decisions: BTreeMap<DecisionType, Rate>,
    /// Activity tasks that decisions schedule on one task list.
    pub activities_per_task_list: Option<Rate>,
}

impl Throttles {
    /// The operations that are counted per workflow execution, too.
    pub const WORKFLOW_REQUESTS: [Operation; 4] = [
        Operation::GetWorkflowExecutionHistory,
        Operation::RecordActivityTaskHeartbeat,
        Operation::RequestCancelWorkflowExecution,
        Operation::SignalWorkflowExecution,
    ];

    /// The decisions that are counted: those for which the API has a cause that says so.
    pub const DECISIONS: [DecisionType; 7] = [
        DecisionType::ScheduleActivityTask,
        DecisionType::StartTimer,
        DecisionType::SignalExternalWorkflowExecution,
        DecisionType::RequestCancelExternalWorkflowExecution,
        DecisionType::StartChildWorkflowExecution,
        DecisionType::ContinueAsNewWorkflowExecution,
        DecisionType::ScheduleLambdaFunction,
    ];

    /// AWS's own, of the quota page of the developer guide. For continuing as new and for Lambda
    /// functions it has no numbers, so these have no throttle.
    pub fn aws() -> Throttles {
        use DecisionType as D;
        use Operation as O;
        let requests: [(u32, u32, &[Operation]); 10] = [
            (
                2000,
                200,
                &[
                    O::PollForActivityTask,
                    O::PollForDecisionTask,
                    O::RespondActivityTaskCanceled,
                    O::RespondActivityTaskCompleted,
                    O::RespondActivityTaskFailed,
                    O::RespondDecisionTaskCompleted,
                    O::StartWorkflowExecution,
                ],
            ),
            (2000, 160, &[O::RecordActivityTaskHeartbeat]),
            (2000, 60, &[O::GetWorkflowExecutionHistory, O::TerminateWorkflowExecution]),
            (2000, 30, &[O::RequestCancelWorkflowExecution, O::SignalWorkflowExecution]),
            (
                2000,
                6,
                &[
                    O::CountClosedWorkflowExecutions,
                    O::CountOpenWorkflowExecutions,
                    O::DescribeActivityType,
                    O::DescribeWorkflowExecution,
                    O::DescribeWorkflowType,
                ],
            ),
            (200, 60, &[O::RegisterActivityType, O::RegisterWorkflowType]),
            (200, 48, &[O::ListOpenWorkflowExecutions]),
            (
                200,
                6,
                &[
                    O::CountPendingActivityTasks,
                    O::CountPendingDecisionTasks,
                    O::DeleteActivityType,
                    O::DeleteWorkflowType,
                    O::DeprecateActivityType,
                    O::DeprecateWorkflowType,
                    O::UndeprecateActivityType,
                    O::UndeprecateWorkflowType,
                    O::DescribeDomain,
                    O::ListActivityTypes,
                    O::ListWorkflowTypes,
                    O::ListClosedWorkflowExecutions,
                ],
            ),
            (
                100,
                6,
                &[O::DeprecateDomain, O::ListDomains, O::RegisterDomain, O::UndeprecateDomain],
            ),
            (50, 30, &[O::ListTagsForResource, O::TagResource, O::UntagResource]),
        ];
        let rate = |bucket, refill_per_second| Rate { bucket, refill_per_second };
        let requests = requests.into_iter().flat_map(|(bucket, refill, operations)| {
            operations.iter().map(move |operation| (*operation, rate(bucket, refill)))
        });
        Throttles {
            requests: requests.collect(),
            workflow_requests: BTreeMap::from([
                (O::GetWorkflowExecutionHistory, rate(400, 200)),
                (O::RecordActivityTaskHeartbeat, rate(1000, 1000)),
                (O::RequestCancelWorkflowExecution, rate(200, 200)),
                (O::SignalWorkflowExecution, rate(1000, 1000)),
            ]),
            decisions: BTreeMap::from([
                (D::ScheduleActivityTask, rate(1000, 200)),
                (D::StartTimer, rate(2000, 200)),
                (D::SignalExternalWorkflowExecution, rate(1200, 120)),
                (D::RequestCancelExternalWorkflowExecution, rate(1200, 120)),
                (D::StartChildWorkflowExecution, rate(500, 12)),
            ]),
            activities_per_task_list: Some(rate(2000, 2000)),
        }
    }

    fn count_requests(&self) -> bool {
        !self.requests.is_empty() || !self.workflow_requests.is_empty()
    }

    fn count_decisions(&self) -> bool {
        !self.decisions.is_empty() || self.activities_per_task_list.is_some()
    }
}

/// Counts requests and decisions, for all parts of a process.
#[derive(Debug)]
pub(crate) struct Throttle {
    rates: Throttles,
    tables: Mutex<Tables>,
}

#[derive(Debug)]
struct Tables {
    accounts: Table<(Scope, Counted)>,
    places: Table<(Scope, Place)>,
}

/// What is counted per account and region.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Counted {
    Request(Operation),
    Decision(DecisionType),
}

/// Where something is counted for itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Place {
    /// Requests that name the workflow, whichever run of it.
    Workflow(Operation, DomainName, WorkflowId),
    /// Requests that come with a task's token.
    Run(Operation, RunId),
    TaskList(DomainName, Name),
}

impl Throttle {
    pub fn new(rates: Throttles) -> Throttle {
        let accounts = Table::new(ACCOUNT_BUCKETS_MAX);
        let places = Table::new(PLACE_BUCKETS_MAX);
        Throttle { rates, tables: Mutex::new(Tables { accounts, places }) }
    }

    /// Whether the request may be served; if so, it is counted.
    pub fn admit(&self, scope: &Scope, request: &Request, tokens: &Tokens, now: Timestamp) -> bool {
        if !self.rates.count_requests() {
            return true;
        }
        let operation = request.operation();
        let account = self.rates.requests.get(&operation).map(|rate| {
            let counted = Counted::Request(operation);
            ((scope.clone(), counted), *rate)
        });
        let place = self.rates.workflow_requests.get(&operation).and_then(|rate| {
            let place = place_of(request, tokens)?;
            Some(((scope.clone(), place), *rate))
        });
        self.take(account, place, now)
    }

    /// The decisions that come too fast, by their place in the list; the others are counted, those
    /// among them that will be refused for another cause included, but for those that are not
    /// permitted: they go no further.
    pub fn rate_exceeded(
        &self,
        identity: &RunIdentity,
        registry: &Registry,
        answer: &CompleteDecisionTask,
        now: Timestamp,
    ) -> BTreeSet<usize> {
        if !self.rates.count_decisions() {
            return BTreeSet::new();
        }
        let scope = &identity.scope;
        let admit = |decision: &Decision| {
            let decision_type = decision.decision_type();
            let account = self.rates.decisions.get(&decision_type).map(|rate| {
                let counted = Counted::Decision(decision_type);
                ((scope.clone(), counted), *rate)
            });
            let place = self.rates.activities_per_task_list.and_then(|rate| {
                let list = task_list(identity, registry, decision)?;
                let place = Place::TaskList(identity.domain.clone(), list);
                Some(((scope.clone(), place), rate))
            });
            self.take(account, place, now)
        };
        let places = answer.decisions.iter().enumerate();
        let places = places.filter(|(place, _)| !answer.not_permitted.contains(place));
        places.filter(|(_, decision)| !admit(decision)).map(|(place, _)| place).collect()
    }

    /// Takes a token from each bucket, or from none if one of them has none.
    fn take(
        &self,
        account: Option<((Scope, Counted), Rate)>,
        place: Option<((Scope, Place), Rate)>,
        now: Timestamp,
    ) -> bool {
        let mut tables = self.tables.lock().expect("no holder panics");
        let Tables { accounts, places } = &mut *tables;
        let account = account.map(|(key, rate)| accounts.bucket(key, rate, now));
        let place = place.map(|(key, rate)| places.bucket(key, rate, now));
        let mut buckets = [account, place];
        let admitted = buckets.iter().flatten().all(|bucket| bucket.has_token());
        if admitted {
            buckets.iter_mut().flatten().for_each(|bucket| bucket.take());
        }
        admitted
    }
}

/// Which workflow a request is to. A token that is not ours is refused elsewhere.
fn place_of(request: &Request, tokens: &Tokens) -> Option<Place> {
    let operation = request.operation();
    let workflow = |domain: &DomainName, workflow_id: &WorkflowId| {
        Some(Place::Workflow(operation, domain.clone(), workflow_id.clone()))
    };
    if let Request::GetWorkflowExecutionHistory(input) = request {
        workflow(&input.domain, &input.execution.workflow_id)
    } else if let Request::SignalWorkflowExecution(input) = request {
        workflow(&input.domain, &input.workflow_id)
    } else if let Request::RequestCancelWorkflowExecution(input) = request {
        workflow(&input.domain, &input.workflow_id)
    } else if let Request::RecordActivityTaskHeartbeat(input) = request {
        let task = tokens.open_task(TaskKind::Activity, &input.task_token).ok()?;
        Some(Place::Run(operation, task.delivery.run_id))
    } else {
        None
    }
}

/// The list on which a decision puts an activity task.
fn task_list(identity: &RunIdentity, registry: &Registry, decision: &Decision) -> Option<Name> {
    let Decision::ScheduleActivityTask(schedule) = decision else { return None };
    if let Some(list) = &schedule.task_list {
        return Some(list.name.clone());
    }
    let domain = registry.domain(&identity.scope, &identity.domain).ok()?;
    let detail = domain.activity_type(&schedule.activity_type).ok()?;
    detail.configuration.default_task_list.as_ref().map(|list| list.name.clone())
}

#[cfg(test)]
mod tests;
