//! The rows: a request or a decision in, its checks out, as text.

use super::*;
use crate::action::Action;
use crate::check::{Check, ServiceKey};
use std::collections::{BTreeMap, BTreeSet};
use wire::{Arn, Decision, Model, Operation, Request, Timestamp};

mod decisions;
mod keys;
mod requests;

const ACCOUNT: &str = "000000000000";
const REGION: &str = "us-east-1";

/// Of both kinds a type that has a default list, and one that has none. No other type exists.
#[derive(Default)]
struct Registered {
    lists: BTreeMap<(Name, wire::Version), Name>,
}

impl Registered {
    fn new() -> Registered {
        Registered { lists: BTreeMap::from([(("t".into(), "1".into()), "usual".into())]) }
    }

    fn list(&self, name: &Name, version: &wire::Version) -> Option<&Name> {
        self.lists.get(&(name.clone(), version.clone()))
    }
}

impl Facts for Registered {
    fn workflow_task_list(&self, workflow_type: &WorkflowType) -> Option<&Name> {
        self.list(&workflow_type.name, &workflow_type.version)
    }

    fn activity_task_list(&self, activity_type: &ActivityType) -> Option<&Name> {
        self.list(&activity_type.name, &activity_type.version)
    }
}

/// The keys as policies write them.
fn spelling(key: ServiceKey) -> &'static str {
    use ServiceKey as K;
    match key {
        K::ActivityTypeName => "activityType.name",
        K::ActivityTypeVersion => "activityType.version",
        K::DefaultTaskListName => "defaultTaskList.name",
        K::Name => "name",
        K::Version => "version",
        K::TagFilterTag => "tagFilter.tag",
        K::TagListMember0 => "tagList.member.0",
        K::TagListMember1 => "tagList.member.1",
        K::TagListMember2 => "tagList.member.2",
        K::TagListMember3 => "tagList.member.3",
        K::TagListMember4 => "tagList.member.4",
        K::TaskListName => "taskList.name",
        K::TypeFilterName => "typeFilter.name",
        K::TypeFilterVersion => "typeFilter.version",
        K::WorkflowTypeName => "workflowType.name",
        K::WorkflowTypeVersion => "workflowType.version",
        K::PassedToService => "iam:PassedToService",
        K::PolicyArn => "iam:PolicyARN",
        K::PermissionsBoundary => "iam:PermissionsBoundary",
    }
}

fn show(check: &Check<'_>) -> String {
    let mut text = format!("{} {}", check.action, check.resource);
    for key in ServiceKey::ALL {
        if let Some(value) = check.values.get(key) {
            text += &format!(" {}={value:?}", spelling(key));
        }
    }
    for (key, value) in check.request_tags {
        text += &format!(" aws:RequestTag/{key}={value:?}");
    }
    if !check.tag_keys.is_empty() {
        text += &format!(" aws:TagKeys={}", check.tag_keys.join(","));
    }
    text
}

fn shown(demand: &Demand<'_>, resource: &str) -> String {
    let around =
        Around { resource, resource_tags: None, origin: None, region: REGION, now: Timestamp(0) };
    demand.checks(&around).map(|check| show(&check)).collect::<Vec<_>>().join("; ")
}

fn parse(operation: Operation, body: &str) -> Request {
    let body = serde_json::from_str(body).expect("JSON");
    Model::get().check(operation, body).unwrap_or_else(|fault| panic!("{operation:?}: {fault:?}"))
}

/// What a request is about, with `D` and `A` for the names of tables: a domain, and all of them.
fn about(request: &Request) -> String {
    match subject(request) {
        Subject::Domain(name) => format!("{name}"),
        Subject::NewDomain(name) => format!("new {name}"),
        Subject::AllDomains => "all".to_owned(),
        Subject::Resource(arn) => match arn.domain_name(ACCOUNT, REGION) {
            Some(name) => format!("{name}"),
            None => "elsewhere".to_owned(),
        },
        Subject::DecisionTask(token) => format!("decision {token}"),
        Subject::ActivityTask(token) => format!("activity {token}"),
    }
}
