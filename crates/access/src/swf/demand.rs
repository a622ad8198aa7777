//! What must be allowed before one thing is done.

use crate::action::Action;
use crate::check::{Check, Origin, ServiceKey, ServiceValues};
use std::collections::BTreeMap;
use std::sync::Arc;
use wire::{Arn, ResourceTag, ResourceTagKey, Tag, Timestamp};

/// The service that runs Lambda tasks under the roles that are passed: `iam:PassedToService`.
const PASSED_TO: &str = "swf.amazonaws.com";

/// See the module. It borrows from the request or the decision; [`Demand::checks`] are its
/// questions. Two that are equal ask the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Demand<'a> {
    action: Action,
    values: ServiceValues<'a>,
    request_tags: Vec<(&'a str, &'a str)>,
    tag_keys: Vec<&'a str>,
    also: Option<Also<'a>>,
}

/// A second check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Also<'a> {
    /// The tags that a new domain is given.
    TagResource,
    /// The role that an execution is given.
    PassRole(&'a str),
}

/// What all checks of a demand have in common.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// The domain, or what stands for all of them.
    pub resource: &'a str,
    /// The domain's tags, if it exists.
    pub resource_tags: Option<&'a BTreeMap<Arc<str>, Arc<str>>>,
    /// Where a request comes from; decisions come from nowhere.
    pub origin: Option<&'a Origin>,
    /// The region of the request.
    pub region: &'a str,
    /// When it is asked.
    pub now: Timestamp,
}

impl<'a> Demand<'a> {
    /// The action alone.
    pub(crate) fn new(action: Action) -> Demand<'a> {
        let (values, request_tags, tag_keys) = (ServiceValues::default(), Vec::new(), Vec::new());
        Demand { action, values, request_tags, tag_keys, also: None }
    }

    /// With the value of a key.
    pub(super) fn with(self, key: ServiceKey, value: &'a str) -> Demand<'a> {
        self.with_some(key, Some(value))
    }

    /// With the value of a key, if there is one.
    pub(super) fn with_some(mut self, key: ServiceKey, value: Option<&'a str>) -> Demand<'a> {
        self.values.set(key, value);
        self
    }

    /// With an execution's tags. An empty one is a tag, too: what forbids a second tag must see it
    /// (access.md, section 1.5).
    pub(super) fn with_tag_list(mut self, tags: &'a [Tag]) -> Demand<'a> {
        for (key, tag) in ServiceKey::TAG_LIST.into_iter().zip(tags) {
            self.values.set(key, Some(tag.as_str()));
        }
        self
    }

    /// With the tags that a domain is to have. One without a value has an empty one.
    pub(super) fn with_request_tags(mut self, tags: &'a [ResourceTag]) -> Demand<'a> {
        let value = |tag: &'a ResourceTag| tag.value.as_ref().map_or("", |value| value.as_str());
        self.request_tags = tags.iter().map(|tag| (tag.key.as_str(), value(tag))).collect();
        self.tag_keys = tags.iter().map(|tag| tag.key.as_str()).collect();
        self
    }

    /// With the keys of tags that a domain is to lose.
    pub(super) fn with_tag_keys(mut self, keys: &'a [ResourceTagKey]) -> Demand<'a> {
        self.tag_keys = keys.iter().map(ResourceTagKey::as_str).collect();
        self
    }

    /// With the right to tag, if there are tags.
    pub(super) fn with_tagging(mut self) -> Demand<'a> {
        self.also = (!self.tag_keys.is_empty()).then_some(Also::TagResource);
        self
    }

    /// With the right to pass a role, if one is given.
    pub(super) fn with_role(mut self, role: Option<&'a Arn>) -> Demand<'a> {
        self.also = role.map(|role| Also::PassRole(role.as_str()));
        self
    }

    /// What is to be done.
    pub fn action(&self) -> Action {
        self.action
    }

    /// Each check in turn. Whoever asks must have all of them allowed.
    pub fn checks<'c>(&'c self, around: &Around<'c>) -> impl Iterator<Item = Check<'c>> {
        let first = Check {
            action: self.action,
            resource: around.resource,
            values: self.values,
            resource_tags: around.resource_tags,
            request_tags: &self.request_tags,
            tag_keys: &self.tag_keys,
            origin: around.origin,
            region: around.region,
            now: around.now,
        };
        let second = self.also.map(|also| match also {
            Also::TagResource => {
                Check { action: Action::TagResource, values: ServiceValues::default(), ..first }
            }
            Also::PassRole(role) => {
                let mut values = ServiceValues::default();
                values.set(ServiceKey::PassedToService, Some(PASSED_TO));
                Check {
                    action: Action::PassRole,
                    resource: role,
                    values,
                    // Of the role: AWS warns that its tags do not count here, and it need not be
                    // one of ours.
                    resource_tags: None,
                    ..first
                }
            }
        });
        [Some(first), second].into_iter().flatten()
    }
}
