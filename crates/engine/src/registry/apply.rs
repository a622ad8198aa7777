//! Decides what a request makes of the registry.

use super::{Change, Domain, DomainRecord, Registry, Scope};
use crate::limits::{Limits, is_reached};
use std::collections::BTreeMap;
use wire::RegistrationStatus::{Deprecated, Registered};
use wire::*;

impl Registry {
    /// What `request` changes, or the fault that the caller gets; `None` if the request is none
    /// of the registry's. Changes nothing.
    pub fn apply(
        &self,
        scope: &Scope,
        request: &Request,
        limits: &Limits,
        now: Timestamp,
    ) -> Option<Result<Vec<Change>, Fault>> {
        Some(match request {
            Request::RegisterDomain(input) => self.register_domain(scope, input, limits),
            Request::DeprecateDomain(input) => self.deprecate_domain(scope, &input.name, now),
            Request::UndeprecateDomain(input) => self.undeprecate_domain(scope, &input.name),
            Request::TagResource(input) => self.tag(scope, input, limits),
            Request::UntagResource(input) => self.untag(scope, input),
            Request::RegisterActivityType(input) => {
                self.register_activity_type(scope, input, limits, now)
            }
            Request::DeprecateActivityType(DeprecateActivityTypeInput {
                domain,
                activity_type,
            }) => self.move_activity_type(scope, domain, activity_type, Deprecated, now),
            Request::UndeprecateActivityType(input) => {
                let UndeprecateActivityTypeInput { domain, activity_type } = input;
                self.move_activity_type(scope, domain, activity_type, Registered, now)
            }
            Request::DeleteActivityType(DeleteActivityTypeInput { domain, activity_type }) => {
                self.delete_activity_type(scope, domain, activity_type)
            }
            Request::RegisterWorkflowType(input) => {
                self.register_workflow_type(scope, input, limits, now)
            }
            Request::DeprecateWorkflowType(DeprecateWorkflowTypeInput {
                domain,
                workflow_type,
            }) => self.move_workflow_type(scope, domain, workflow_type, Deprecated, now),
            Request::UndeprecateWorkflowType(input) => {
                let UndeprecateWorkflowTypeInput { domain, workflow_type } = input;
                self.move_workflow_type(scope, domain, workflow_type, Registered, now)
            }
            Request::DeleteWorkflowType(DeleteWorkflowTypeInput { domain, workflow_type }) => {
                self.delete_workflow_type(scope, domain, workflow_type)
            }
            Request::CountClosedWorkflowExecutions(_)
            | Request::CountOpenWorkflowExecutions(_)
            | Request::CountPendingActivityTasks(_)
            | Request::CountPendingDecisionTasks(_)
            | Request::DescribeActivityType(_)
            | Request::DescribeDomain(_)
            | Request::DescribeWorkflowExecution(_)
            | Request::DescribeWorkflowType(_)
            | Request::GetWorkflowExecutionHistory(_)
            | Request::ListActivityTypes(_)
            | Request::ListClosedWorkflowExecutions(_)
            | Request::ListDomains(_)
            | Request::ListOpenWorkflowExecutions(_)
            | Request::ListTagsForResource(_)
            | Request::ListWorkflowTypes(_)
            | Request::PollForActivityTask(_)
            | Request::PollForDecisionTask(_)
            | Request::RecordActivityTaskHeartbeat(_)
            | Request::RequestCancelWorkflowExecution(_)
            | Request::RespondActivityTaskCanceled(_)
            | Request::RespondActivityTaskCompleted(_)
            | Request::RespondActivityTaskFailed(_)
            | Request::RespondDecisionTaskCompleted(_)
            | Request::SignalWorkflowExecution(_)
            | Request::StartWorkflowExecution(_)
            | Request::TerminateWorkflowExecution(_) => return None,
        })
    }

    /// The domain that an ARN names, if it is of this scope.
    pub fn domain_of_arn(&self, scope: &Scope, arn: &Arn) -> Result<&Domain, Fault> {
        let name = arn.domain_name(&scope.account, &scope.region);
        let domain = name.and_then(|name| self.domain(scope, &name).ok());
        domain.ok_or_else(|| Fault::unknown_arn(arn))
    }

    fn register_domain(
        &self,
        scope: &Scope,
        input: &RegisterDomainInput,
        limits: &Limits,
    ) -> Result<Vec<Change>, Fault> {
        if self.domain(scope, &input.name).is_ok() {
            return Err(Fault::DomainAlreadyExists(input.name.clone()));
        }
        check_quota(self.domains(scope).count(), limits.domains_max, "domains")?;
        if !self.scopes.contains_key(scope) {
            let regions = self.regions(&scope.account).count();
            check_quota(regions, limits.regions_max, "regions with domains")?;
        }
        let mut record = DomainRecord {
            name: input.name.clone(),
            status: Registered,
            description: input.description.clone(),
            retention: input.workflow_execution_retention_period_in_days.clone(),
            tags: BTreeMap::new(),
        };
        add_tags(&mut record, input.tags.as_deref().unwrap_or_default(), limits)?;
        Ok(vec![Change::PutDomain(scope.clone(), record)])
    }

    /// Deprecates the domain with every type in it.
    fn deprecate_domain(
        &self,
        scope: &Scope,
        name: &DomainName,
        now: Timestamp,
    ) -> Result<Vec<Change>, Fault> {
        let domain = self.domain(scope, name)?;
        if domain.record.status == Deprecated {
            return Err(Fault::DomainDeprecated(name.clone()));
        }
        let record = DomainRecord { status: Deprecated, ..domain.record.clone() };
        let activity_types = domain
            .activity_types()
            .filter(|detail| detail.type_info.status == Registered)
            .map(|detail| put_activity_type(scope, name, detail, Deprecated, now));
        let workflow_types = domain
            .workflow_types()
            .filter(|detail| detail.type_info.status == Registered)
            .map(|detail| put_workflow_type(scope, name, detail, Deprecated, now));
        let mut changes = vec![Change::PutDomain(scope.clone(), record)];
        changes.extend(activity_types);
        changes.extend(workflow_types);
        Ok(changes)
    }

    /// The types stay deprecated: nothing says that they come back (api.md, section 8).
    fn undeprecate_domain(&self, scope: &Scope, name: &DomainName) -> Result<Vec<Change>, Fault> {
        let domain = self.domain(scope, name)?;
        if domain.record.status == Registered {
            return Err(Fault::DomainAlreadyExists(name.clone()));
        }
        let record = DomainRecord { status: Registered, ..domain.record.clone() };
        Ok(vec![Change::PutDomain(scope.clone(), record)])
    }

    fn tag(
        &self,
        scope: &Scope,
        input: &TagResourceInput,
        limits: &Limits,
    ) -> Result<Vec<Change>, Fault> {
        let mut record = self.domain_of_arn(scope, &input.resource_arn)?.record.clone();
        add_tags(&mut record, &input.tags, limits)?;
        Ok(vec![Change::PutDomain(scope.clone(), record)])
    }

    fn untag(&self, scope: &Scope, input: &UntagResourceInput) -> Result<Vec<Change>, Fault> {
        let mut record = self.domain_of_arn(scope, &input.resource_arn)?.record.clone();
        record.tags.retain(|key, _| !input.tag_keys.contains(key));
        Ok(vec![Change::PutDomain(scope.clone(), record)])
    }

    fn register_activity_type(
        &self,
        scope: &Scope,
        input: &RegisterActivityTypeInput,
        limits: &Limits,
        now: Timestamp,
    ) -> Result<Vec<Change>, Fault> {
        let activity_type =
            ActivityType { name: input.name.clone(), version: input.version.clone() };
        let domain = self.open_domain(scope, &input.domain)?;
        if domain.activity_type(&activity_type).is_ok() {
            return Err(Fault::TypeAlreadyExists(activity_type.to_string()));
        }
        check_quota(domain.activity_types.len(), limits.activity_types_max, "activity types")?;
        let detail = ActivityTypeDetail {
            type_info: ActivityTypeInfo {
                activity_type,
                status: Registered,
                creation_date: now,
                description: input.description.clone(),
                deprecation_date: None,
            },
            configuration: ActivityTypeConfiguration {
                default_task_start_to_close_timeout: input.default_task_start_to_close_timeout,
                default_task_heartbeat_timeout: input.default_task_heartbeat_timeout,
                default_task_list: input.default_task_list.clone(),
                default_task_priority: input.default_task_priority,
                default_task_schedule_to_start_timeout: input
                    .default_task_schedule_to_start_timeout,
                default_task_schedule_to_close_timeout: input
                    .default_task_schedule_to_close_timeout,
            },
        };
        Ok(vec![Change::PutActivityType(scope.clone(), input.domain.clone(), detail)])
    }

    fn register_workflow_type(
        &self,
        scope: &Scope,
        input: &RegisterWorkflowTypeInput,
        limits: &Limits,
        now: Timestamp,
    ) -> Result<Vec<Change>, Fault> {
        let workflow_type =
            WorkflowType { name: input.name.clone(), version: input.version.clone() };
        let domain = self.open_domain(scope, &input.domain)?;
        if domain.workflow_type(&workflow_type).is_ok() {
            return Err(Fault::TypeAlreadyExists(workflow_type.to_string()));
        }
        check_quota(domain.workflow_types.len(), limits.workflow_types_max, "workflow types")?;
        let detail = WorkflowTypeDetail {
            type_info: WorkflowTypeInfo {
                workflow_type,
                status: Registered,
                creation_date: now,
                description: input.description.clone(),
                deprecation_date: None,
            },
            configuration: WorkflowTypeConfiguration {
                default_task_start_to_close_timeout: input.default_task_start_to_close_timeout,
                default_execution_start_to_close_timeout: input
                    .default_execution_start_to_close_timeout,
                default_task_list: input.default_task_list.clone(),
                default_task_priority: input.default_task_priority,
                default_child_policy: input.default_child_policy,
                default_lambda_role: input.default_lambda_role.clone(),
            },
        };
        Ok(vec![Change::PutWorkflowType(scope.clone(), input.domain.clone(), detail)])
    }

    /// A domain in which types can be registered. The fault for a deprecated one is not in the
    /// model's list; a peer answers it, and it tells the caller what is wrong (api.md, section 8).
    fn open_domain(&self, scope: &Scope, name: &DomainName) -> Result<&Domain, Fault> {
        let domain = self.domain(scope, name)?;
        match domain.record.status {
            Registered => Ok(domain),
            Deprecated => Err(Fault::DomainDeprecated(name.clone())),
        }
    }

    fn move_activity_type(
        &self,
        scope: &Scope,
        domain: &DomainName,
        activity_type: &ActivityType,
        wanted: RegistrationStatus,
        now: Timestamp,
    ) -> Result<Vec<Change>, Fault> {
        let detail = self.domain(scope, domain)?.activity_type(activity_type)?;
        check_deprecation(detail.type_info.status, wanted, activity_type)?;
        Ok(vec![put_activity_type(scope, domain, detail, wanted, now)])
    }

    fn delete_activity_type(
        &self,
        scope: &Scope,
        domain: &DomainName,
        activity_type: &ActivityType,
    ) -> Result<Vec<Change>, Fault> {
        let detail = self.domain(scope, domain)?.activity_type(activity_type)?;
        check_deletion(detail.type_info.status)?;
        let (domain, activity_type) = (domain.clone(), activity_type.clone());
        Ok(vec![Change::DeleteActivityType(scope.clone(), domain, activity_type)])
    }

    fn move_workflow_type(
        &self,
        scope: &Scope,
        domain: &DomainName,
        workflow_type: &WorkflowType,
        wanted: RegistrationStatus,
        now: Timestamp,
    ) -> Result<Vec<Change>, Fault> {
        let detail = self.domain(scope, domain)?.workflow_type(workflow_type)?;
        check_deprecation(detail.type_info.status, wanted, workflow_type)?;
        Ok(vec![put_workflow_type(scope, domain, detail, wanted, now)])
    }

    fn delete_workflow_type(
        &self,
        scope: &Scope,
        domain: &DomainName,
        workflow_type: &WorkflowType,
    ) -> Result<Vec<Change>, Fault> {
        let detail = self.domain(scope, domain)?.workflow_type(workflow_type)?;
        check_deletion(detail.type_info.status)?;
        let (domain, workflow_type) = (domain.clone(), workflow_type.clone());
        Ok(vec![Change::DeleteWorkflowType(scope.clone(), domain, workflow_type)])
    }
}

/// A type can be moved to `wanted` only from the other status.
fn check_deprecation(
    status: RegistrationStatus,
    wanted: RegistrationStatus,
    named: &impl ToString,
) -> Result<(), Fault> {
    match (status, wanted) {
        (Registered, Deprecated) | (Deprecated, Registered) => Ok(()),
        (Deprecated, Deprecated) => Err(Fault::TypeDeprecated(named.to_string())),
        (Registered, Registered) => Err(Fault::TypeAlreadyExists(named.to_string())),
    }
}

fn check_quota(count: usize, most: u64, what: &str) -> Result<(), Fault> {
    if !is_reached(count, most) {
        return Ok(());
    }
    Err(Fault::LimitExceeded(format!("Limit of {most} {what} reached")))
}

fn check_deletion(status: RegistrationStatus) -> Result<(), Fault> {
    match status {
        Deprecated => Ok(()),
        Registered => Err(Fault::TypeNotDeprecated),
    }
}

fn put_activity_type(
    scope: &Scope,
    domain: &DomainName,
    detail: &ActivityTypeDetail,
    status: RegistrationStatus,
    now: Timestamp,
) -> Change {
    let mut detail = detail.clone();
    detail.type_info.status = status;
    detail.type_info.deprecation_date = (status == Deprecated).then_some(now);
    Change::PutActivityType(scope.clone(), domain.clone(), detail)
}

fn put_workflow_type(
    scope: &Scope,
    domain: &DomainName,
    detail: &WorkflowTypeDetail,
    status: RegistrationStatus,
    now: Timestamp,
) -> Change {
    let mut detail = detail.clone();
    detail.type_info.status = status;
    detail.type_info.deprecation_date = (status == Deprecated).then_some(now);
    Change::PutWorkflowType(scope.clone(), domain.clone(), detail)
}

fn add_tags(record: &mut DomainRecord, tags: &[ResourceTag], limits: &Limits) -> Result<(), Fault> {
    for tag in tags {
        record.tags.insert(tag.key.clone(), tag.value.clone());
    }
    let most = limits.domain_tags_max;
    if record.tags.len() as u64 > most {
        return Err(Fault::TooManyTags(format!("A domain can have at most {most} tags")));
    }
    Ok(())
}
