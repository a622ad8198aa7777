//! Reads of the registry: descriptions and lists of domains and types.

use crate::api::Reply;
use crate::paging::Paging;
use engine::{Registry, Scope};
use serde::{Deserialize, Serialize};
use wire::*;

/// How many entries a page holds unless the caller wants fewer.
const PAGE_ENTRIES_MAX: usize = 1000;

/// Where a list of domains or types goes on: after this name (and version).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct After(Name, Option<Version>);

/// DescribeDomain.
pub fn describe_domain(
    registry: &Registry,
    scope: &Scope,
    input: &DescribeDomainInput,
) -> Result<Reply, Fault> {
    Ok(Reply::json(&registry.domain(scope, &input.name)?.record.detail(scope)))
}

/// DescribeActivityType.
pub fn describe_activity_type(
    registry: &Registry,
    scope: &Scope,
    input: &DescribeActivityTypeInput,
) -> Result<Reply, Fault> {
    let domain = registry.domain(scope, &input.domain)?;
    Ok(Reply::json(domain.activity_type(&input.activity_type)?))
}

/// DescribeWorkflowType.
pub fn describe_workflow_type(
    registry: &Registry,
    scope: &Scope,
    input: &DescribeWorkflowTypeInput,
) -> Result<Reply, Fault> {
    let domain = registry.domain(scope, &input.domain)?;
    Ok(Reply::json(domain.workflow_type(&input.workflow_type)?))
}

/// ListTagsForResource.
pub fn list_tags(
    registry: &Registry,
    scope: &Scope,
    input: &ListTagsForResourceInput,
) -> Result<Reply, Fault> {
    let domain = registry.domain_of_arn(scope, &input.resource_arn)?;
    let tags = domain.record.tags.iter();
    let tags = tags.map(|(key, value)| ResourceTag { key: key.clone(), value: value.clone() });
    Ok(Reply::json(&ListTagsForResourceOutput { tags: Some(tags.collect()) }))
}

/// ListDomains.
pub fn list_domains(
    registry: &Registry,
    scope: &Scope,
    input: &ListDomainsInput,
    paging: &Paging,
) -> Result<Reply, Fault> {
    let domains = registry
        .domains(scope)
        .filter(|domain| domain.record.status == input.registration_status)
        .map(|domain| (After(domain.record.name.as_str().into(), None), domain));
    let (domains, next_page_token) = page(domains, paging)?;
    let domain_infos = domains.into_iter().map(|domain| domain.record.info(scope)).collect();
    Ok(Reply::json(&DomainInfos { domain_infos, next_page_token }))
}

/// ListActivityTypes.
pub fn list_activity_types(
    registry: &Registry,
    scope: &Scope,
    input: &ListActivityTypesInput,
    paging: &Paging,
) -> Result<Reply, Fault> {
    let types = registry
        .domain(scope, &input.domain)?
        .activity_types()
        .map(|detail| &detail.type_info)
        .filter(|info| info.status == input.registration_status)
        .filter(|info| input.name.as_ref().is_none_or(|name| *name == info.activity_type.name))
        .map(|info| {
            let ActivityType { name, version } = info.activity_type.clone();
            (After(name, Some(version)), info)
        });
    let (infos, next_page_token) = page(types, paging)?;
    let type_infos = infos.into_iter().cloned().collect();
    Ok(Reply::json(&ActivityTypeInfos { type_infos, next_page_token }))
}

/// ListWorkflowTypes.
pub fn list_workflow_types(
    registry: &Registry,
    scope: &Scope,
    input: &ListWorkflowTypesInput,
    paging: &Paging,
) -> Result<Reply, Fault> {
    let types = registry
        .domain(scope, &input.domain)?
        .workflow_types()
        .map(|detail| &detail.type_info)
        .filter(|info| info.status == input.registration_status)
        .filter(|info| input.name.as_ref().is_none_or(|name| *name == info.workflow_type.name))
        .map(|info| {
            let WorkflowType { name, version } = info.workflow_type.clone();
            (After(name, Some(version)), info)
        });
    let (infos, next_page_token) = page(types, paging)?;
    let type_infos = infos.into_iter().cloned().collect();
    Ok(Reply::json(&WorkflowTypeInfos { type_infos, next_page_token }))
}

/// One page of `entries`, which come in ascending order, and the token of the next.
fn page<T>(
    entries: impl DoubleEndedIterator<Item = (After, T)>,
    paging: &Paging,
) -> Result<(Vec<T>, Option<PageToken>), Fault> {
    let after: Option<After> = paging.position()?;
    let mut ordered: Box<dyn Iterator<Item = (After, T)>> = if paging.reverse {
        Box::new(entries.rev().filter(|(at, _)| after.as_ref().is_none_or(|after| at < after)))
    } else {
        Box::new(entries.filter(|(at, _)| after.as_ref().is_none_or(|after| at > after)))
    };
    let (places, page): (Vec<After>, Vec<T>) =
        ordered.by_ref().take(paging.entries_max(PAGE_ENTRIES_MAX)).unzip();
    let more = ordered.next().is_some();
    let last = places.last().filter(|_| more);
    Ok((page, last.map(|last| paging.token(last))))
}
