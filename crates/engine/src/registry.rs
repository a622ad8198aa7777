//! What is registered: domains, and the workflow and activity types in them.
//!
//! The registry is a fold over [`Change`]s, as an execution is one over events. It is held in
//! memory whole, which the quotas bound: 100 domains of 10,000 types of each kind.

mod apply;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use wire::*;

/// The account and region that a request acts in. Every name and ARN is scoped by both.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scope {
    /// Twelve digits.
    pub account: Arc<str>,
    /// Such as `us-east-1`.
    pub region: Arc<str>,
}

/// Everything that is registered, in all accounts and regions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registry {
    scopes: BTreeMap<Scope, BTreeMap<DomainName, Domain>>,
}

/// A domain with its types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// What was registered, and its status.
    pub record: DomainRecord,
    /// Those of the record.
    tags: Arc<BTreeMap<Arc<str>, Arc<str>>>,
    activity_types: BTreeMap<(Name, Version), ActivityTypeDetail>,
    workflow_types: BTreeMap<(Name, Version), WorkflowTypeDetail>,
}

/// What is kept of a domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainRecord {
    /// Its name, unique in its scope.
    pub name: DomainName,
    /// Registered or deprecated.
    pub status: RegistrationStatus,
    /// For people.
    pub description: Option<Description>,
    /// How long its closed executions are kept.
    pub retention: RetentionPeriod,
    /// Its tags; a tag may lack a value.
    pub tags: BTreeMap<ResourceTagKey, Option<ResourceTagValue>>,
}

/// One difference between two registries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A domain is new, or its record changed.
    PutDomain(Scope, DomainRecord),
    /// An activity type is new, or its status changed.
    PutActivityType(Scope, DomainName, ActivityTypeDetail),
    /// An activity type is gone.
    DeleteActivityType(Scope, DomainName, ActivityType),
    /// A workflow type is new, or its status changed.
    PutWorkflowType(Scope, DomainName, WorkflowTypeDetail),
    /// A workflow type is gone.
    DeleteWorkflowType(Scope, DomainName, WorkflowType),
}

impl Registry {
    /// The domain, registered or deprecated.
    pub fn domain(&self, scope: &Scope, name: &DomainName) -> Result<&Domain, Fault> {
        let domains = self.scopes.get(scope);
        domains.and_then(|d| d.get(name)).ok_or_else(|| Fault::unknown_domain(name))
    }

    /// Every domain of a scope, by name.
    pub fn domains(&self, scope: &Scope) -> impl DoubleEndedIterator<Item = &Domain> {
        self.scopes.get(scope).into_iter().flat_map(BTreeMap::values)
    }

    /// The regions in which an account has domains. There are at most `regions_max`.
    pub fn regions(&self, account: &str) -> impl Iterator<Item = &str> {
        let scopes = self.scopes.keys().filter(move |scope| *scope.account == *account);
        scopes.map(|scope| &*scope.region)
    }

    /// Every domain of every scope.
    pub fn all_domains(&self) -> impl Iterator<Item = (&Scope, &Domain)> {
        self.scopes.iter().flat_map(|(scope, domains)| domains.values().map(move |d| (scope, d)))
    }

    /// Folds one change in. Types always follow their domain.
    pub fn evolve(&mut self, change: Change) {
        match change {
            Change::PutDomain(scope, record) => {
                let domains = self.scopes.entry(scope).or_default();
                match domains.get_mut(&record.name) {
                    Some(domain) => {
                        domain.tags = tags(&record);
                        domain.record = record;
                    }
                    None => {
                        domains.insert(record.name.clone(), Domain::new(record));
                    }
                }
            }
            Change::PutActivityType(scope, domain, detail) => {
                let ActivityType { name, version } = detail.type_info.activity_type.clone();
                self.domain_mut(&scope, &domain).activity_types.insert((name, version), detail);
            }
            Change::DeleteActivityType(scope, domain, ActivityType { name, version }) => {
                self.domain_mut(&scope, &domain).activity_types.remove(&(name, version));
            }
            Change::PutWorkflowType(scope, domain, detail) => {
                let WorkflowType { name, version } = detail.type_info.workflow_type.clone();
                self.domain_mut(&scope, &domain).workflow_types.insert((name, version), detail);
            }
            Change::DeleteWorkflowType(scope, domain, WorkflowType { name, version }) => {
                self.domain_mut(&scope, &domain).workflow_types.remove(&(name, version));
            }
        }
    }

    fn domain_mut(&mut self, scope: &Scope, name: &DomainName) -> &mut Domain {
        let domains = self.scopes.get_mut(scope);
        domains.and_then(|d| d.get_mut(name)).expect("types are changed in a known domain")
    }
}

impl Domain {
    fn new(record: DomainRecord) -> Domain {
        let (activity_types, workflow_types) = (BTreeMap::new(), BTreeMap::new());
        Domain { tags: tags(&record), record, activity_types, workflow_types }
    }

    /// Its tags as texts, the same for whoever looks at them. One without a value has an empty one.
    pub fn tags(&self) -> &Arc<BTreeMap<Arc<str>, Arc<str>>> {
        &self.tags
    }

    /// The activity type, registered or deprecated.
    pub fn activity_type(&self, wanted: &ActivityType) -> Result<&ActivityTypeDetail, Fault> {
        self.activity_types
            .get(&(wanted.name.clone(), wanted.version.clone()))
            .ok_or_else(|| Fault::unknown_activity_type(wanted))
    }

    /// The workflow type, registered or deprecated.
    pub fn workflow_type(&self, wanted: &WorkflowType) -> Result<&WorkflowTypeDetail, Fault> {
        self.workflow_types
            .get(&(wanted.name.clone(), wanted.version.clone()))
            .ok_or_else(|| Fault::unknown_workflow_type(wanted))
    }

    /// Every activity type, by name and version.
    pub fn activity_types(&self) -> impl DoubleEndedIterator<Item = &ActivityTypeDetail> {
        self.activity_types.values()
    }

    /// Every workflow type, by name and version.
    pub fn workflow_types(&self) -> impl DoubleEndedIterator<Item = &WorkflowTypeDetail> {
        self.workflow_types.values()
    }
}

fn tags(record: &DomainRecord) -> Arc<BTreeMap<Arc<str>, Arc<str>>> {
    let text = |value: &ResourceTagValue| Arc::from(value.as_str());
    let tag = |(key, value): (&ResourceTagKey, &Option<ResourceTagValue>)| {
        (Arc::from(key.as_str()), value.as_ref().map_or_else(|| Arc::from(""), text))
    };
    Arc::new(record.tags.iter().map(tag).collect())
}

impl DomainRecord {
    /// The domain's ARN.
    pub fn arn(&self, scope: &Scope) -> Arn {
        Arn::of_domain(&scope.account, &scope.region, &self.name)
    }

    /// What the API says of the domain.
    pub fn info(&self, scope: &Scope) -> DomainInfo {
        DomainInfo {
            name: self.name.clone(),
            status: self.status,
            description: self.description.clone(),
            arn: Some(self.arn(scope)),
        }
    }

    /// The whole description.
    pub fn detail(&self, scope: &Scope) -> DomainDetail {
        DomainDetail {
            domain_info: self.info(scope),
            configuration: DomainConfiguration {
                workflow_execution_retention_period_in_days: self.retention.clone(),
            },
        }
    }
}
