//! Each operation's row: where its domain is named, and what must be allowed (access.md,
//! section 1.3).

use super::demand::Demand;
use super::{AnsweredActivity, Facts};
use crate::action::Action;
use crate::check::ServiceKey as K;
use wire::{
    ActivityType, Arn, DomainName, Name, Request, TagFilter, TaskList, TaskToken, WorkflowType,
    WorkflowTypeFilter,
};

/// What a request is about, as it says itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'a> {
    /// A domain by its name.
    Domain(&'a DomainName),
    /// A domain that is to be. It has no tags yet, and whether the name is taken is not for
    /// everybody to know.
    NewDomain(&'a DomainName),
    /// All domains of the account and region.
    AllDomains,
    /// A domain by its resource name, which may be of another account or region.
    Resource(&'a Arn),
    /// The domain of the decision task that the token names, once the token is known to be ours.
    DecisionTask(&'a TaskToken),
    /// The domain of the activity task that the token names, likewise.
    ActivityTask(&'a TaskToken),
}

/// Where a request names what it is about.
pub fn subject(request: &Request) -> Subject<'_> {
    use Request as R;
    match request {
        R::CountClosedWorkflowExecutions(input) => Subject::Domain(&input.domain),
        R::CountOpenWorkflowExecutions(input) => Subject::Domain(&input.domain),
        R::CountPendingActivityTasks(input) => Subject::Domain(&input.domain),
        R::CountPendingDecisionTasks(input) => Subject::Domain(&input.domain),
        R::DeleteActivityType(input) => Subject::Domain(&input.domain),
        R::DeleteWorkflowType(input) => Subject::Domain(&input.domain),
        R::DeprecateActivityType(input) => Subject::Domain(&input.domain),
        R::DeprecateDomain(input) => Subject::Domain(&input.name),
        R::DeprecateWorkflowType(input) => Subject::Domain(&input.domain),
        R::DescribeActivityType(input) => Subject::Domain(&input.domain),
        R::DescribeDomain(input) => Subject::Domain(&input.name),
        R::DescribeWorkflowExecution(input) => Subject::Domain(&input.domain),
        R::DescribeWorkflowType(input) => Subject::Domain(&input.domain),
        R::GetWorkflowExecutionHistory(input) => Subject::Domain(&input.domain),
        R::ListActivityTypes(input) => Subject::Domain(&input.domain),
        R::ListClosedWorkflowExecutions(input) => Subject::Domain(&input.domain),
        R::ListDomains(_) => Subject::AllDomains,
        R::ListOpenWorkflowExecutions(input) => Subject::Domain(&input.domain),
        R::ListTagsForResource(input) => Subject::Resource(&input.resource_arn),
        R::ListWorkflowTypes(input) => Subject::Domain(&input.domain),
        R::PollForActivityTask(input) => Subject::Domain(&input.domain),
        R::PollForDecisionTask(input) => Subject::Domain(&input.domain),
        R::RecordActivityTaskHeartbeat(input) => Subject::ActivityTask(&input.task_token),
        R::RegisterActivityType(input) => Subject::Domain(&input.domain),
        R::RegisterDomain(input) => Subject::NewDomain(&input.name),
        R::RegisterWorkflowType(input) => Subject::Domain(&input.domain),
        R::RequestCancelWorkflowExecution(input) => Subject::Domain(&input.domain),
        R::RespondActivityTaskCanceled(input) => Subject::ActivityTask(&input.task_token),
        R::RespondActivityTaskCompleted(input) => Subject::ActivityTask(&input.task_token),
        R::RespondActivityTaskFailed(input) => Subject::ActivityTask(&input.task_token),
        R::RespondDecisionTaskCompleted(input) => Subject::DecisionTask(&input.task_token),
        R::SignalWorkflowExecution(input) => Subject::Domain(&input.domain),
        R::StartWorkflowExecution(input) => Subject::Domain(&input.domain),
        R::TagResource(input) => Subject::Resource(&input.resource_arn),
        R::TerminateWorkflowExecution(input) => Subject::Domain(&input.domain),
        R::UndeprecateActivityType(input) => Subject::Domain(&input.domain),
        R::UndeprecateDomain(input) => Subject::Domain(&input.name),
        R::UndeprecateWorkflowType(input) => Subject::Domain(&input.domain),
        R::UntagResource(input) => Subject::Resource(&input.resource_arn),
    }
}

/// What a request demands. Of RespondActivityTaskCompleted it is the demand without its task; see
/// [`activity_answer`].
pub fn request<'a>(request: &'a Request, facts: &'a dyn Facts) -> Demand<'a> {
    use Request as R;
    let demand = Demand::new(Action::from(request.operation()));
    match request {
        R::CountClosedWorkflowExecutions(input) => {
            filters(demand, input.type_filter.as_ref(), input.tag_filter.as_ref())
        }
        R::CountOpenWorkflowExecutions(input) => {
            filters(demand, input.type_filter.as_ref(), input.tag_filter.as_ref())
        }
        R::CountPendingActivityTasks(input) => task_list(demand, &input.task_list),
        R::CountPendingDecisionTasks(input) => task_list(demand, &input.task_list),
        R::DeleteActivityType(input) => activity_type(demand, &input.activity_type),
        R::DeleteWorkflowType(input) => workflow_type(demand, &input.workflow_type),
        R::DeprecateActivityType(input) => activity_type(demand, &input.activity_type),
        R::DeprecateDomain(_) => demand,
        R::DeprecateWorkflowType(input) => workflow_type(demand, &input.workflow_type),
        R::DescribeActivityType(input) => activity_type(demand, &input.activity_type),
        R::DescribeDomain(_) => demand,
        R::DescribeWorkflowExecution(_) => demand,
        R::DescribeWorkflowType(input) => workflow_type(demand, &input.workflow_type),
        R::GetWorkflowExecutionHistory(_) => demand,
        R::ListActivityTypes(_) => demand,
        R::ListClosedWorkflowExecutions(input) => {
            filters(demand, input.type_filter.as_ref(), input.tag_filter.as_ref())
        }
        R::ListDomains(_) => demand,
        R::ListOpenWorkflowExecutions(input) => {
            filters(demand, input.type_filter.as_ref(), input.tag_filter.as_ref())
        }
        R::ListTagsForResource(_) => demand,
        R::ListWorkflowTypes(_) => demand,
        R::PollForActivityTask(input) => task_list(demand, &input.task_list),
        R::PollForDecisionTask(input) => task_list(demand, &input.task_list),
        R::RecordActivityTaskHeartbeat(_) => demand,
        R::RegisterActivityType(input) => demand
            .with(K::Name, input.name.as_str())
            .with(K::Version, input.version.as_str())
            .with_some(K::DefaultTaskListName, name_of(input.default_task_list.as_ref())),
        R::RegisterDomain(input) => {
            demand.with_request_tags(input.tags.as_deref().unwrap_or_default()).with_tagging()
        }
        R::RegisterWorkflowType(input) => demand
            .with(K::Name, input.name.as_str())
            .with(K::Version, input.version.as_str())
            .with_some(K::DefaultTaskListName, name_of(input.default_task_list.as_ref()))
            .with_role(input.default_lambda_role.as_ref()),
        R::RequestCancelWorkflowExecution(_) => demand,
        R::RespondActivityTaskCanceled(_) => demand,
        R::RespondActivityTaskCompleted(_) => activity_answer(None),
        R::RespondActivityTaskFailed(_) => demand,
        R::RespondDecisionTaskCompleted(_) => demand,
        R::SignalWorkflowExecution(_) => demand,
        R::StartWorkflowExecution(input) => {
            let default = || facts.workflow_task_list(&input.workflow_type).map(Name::as_str);
            workflow_type(demand, &input.workflow_type)
                .with_some(K::TaskListName, name_of(input.task_list.as_ref()).or_else(default))
                .with_tag_list(input.tag_list.as_deref().unwrap_or_default())
                .with_role(input.lambda_role.as_ref())
        }
        R::TagResource(input) => demand.with_request_tags(&input.tags),
        R::TerminateWorkflowExecution(_) => demand,
        R::UndeprecateActivityType(input) => activity_type(demand, &input.activity_type),
        R::UndeprecateDomain(_) => demand,
        R::UndeprecateWorkflowType(input) => workflow_type(demand, &input.workflow_type),
        R::UntagResource(input) => demand.with_tag_keys(&input.tag_keys),
    }
}

/// What RespondActivityTaskCompleted demands. AWS's guide says that nothing of it can be
/// constrained, its Service Authorization Reference names keys; they are those of the task that the
/// token names (access.md, section 1.6). Of a task that is not known any more there are none.
pub fn activity_answer(answered: Option<AnsweredActivity<'_>>) -> Demand<'_> {
    let demand = Demand::new(Action::RespondActivityTaskCompleted);
    match answered {
        Some(AnsweredActivity {
            activity_type: a,
            task_list: list,
            workflow_type: w,
            tag_list,
        }) => task_list(workflow_type(activity_type(demand, a), w), list).with_tag_list(tag_list),
        None => demand,
    }
}

/// What a poll demands that has waited on a list, before it is given a task.
pub fn poll(action: Action, list: &Name) -> Demand<'_> {
    Demand::new(action).with(K::TaskListName, list.as_str())
}

fn name_of(list: Option<&TaskList>) -> Option<&str> {
    list.map(|list| list.name.as_str())
}

fn task_list<'a>(demand: Demand<'a>, list: &'a TaskList) -> Demand<'a> {
    demand.with(K::TaskListName, list.name.as_str())
}

pub(super) fn activity_type<'a>(demand: Demand<'a>, named: &'a ActivityType) -> Demand<'a> {
    demand
        .with(K::ActivityTypeName, named.name.as_str())
        .with(K::ActivityTypeVersion, named.version.as_str())
}

pub(super) fn workflow_type<'a>(demand: Demand<'a>, named: &'a WorkflowType) -> Demand<'a> {
    demand
        .with(K::WorkflowTypeName, named.name.as_str())
        .with(K::WorkflowTypeVersion, named.version.as_str())
}

/// Filters by execution and by close status have no key.
fn filters<'a>(
    demand: Demand<'a>,
    of_type: Option<&'a WorkflowTypeFilter>,
    of_tag: Option<&'a TagFilter>,
) -> Demand<'a> {
    let version = of_type.and_then(|filter| filter.version.as_ref());
    demand
        .with_some(K::TypeFilterName, of_type.map(|filter| filter.name.as_str()))
        .with_some(K::TypeFilterVersion, version.map(|version| version.as_str()))
        .with_some(K::TagFilterTag, of_tag.map(|filter| filter.tag.as_str()))
}
