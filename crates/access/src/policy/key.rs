//! Condition keys: a policy's spelling is resolved to one of these when the policy is read, so that
//! no name is compared while it is evaluated.

use super::value::Value;
use crate::caller::{Principal, PrincipalKind};
use crate::check::{Check, ServiceKey};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A condition key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Service(ServiceKey),
    PrincipalArn,
    PrincipalAccount,
    PrincipalType,
    PrincipalTag(Box<str>),
    UserName,
    UserId,
    SourceIp,
    UserAgent,
    SecureTransport,
    CurrentTime,
    EpochTime,
    RequestedRegion,
    TokenIssueTime,
    ResourceAccount,
    ResourceTag(Box<str>),
    RequestTag(Box<str>),
    /// The one key with several values.
    TagKeys,
    /// Any other: never present.
    Unknown,
}

/// The keys of every request.
const GLOBAL_KEYS: &[(&str, Key)] = &[
    ("aws:PrincipalArn", Key::PrincipalArn),
    ("aws:PrincipalAccount", Key::PrincipalAccount),
    ("aws:PrincipalType", Key::PrincipalType),
    ("aws:username", Key::UserName),
    ("aws:userid", Key::UserId),
    ("aws:SourceIp", Key::SourceIp),
    ("aws:UserAgent", Key::UserAgent),
    ("aws:SecureTransport", Key::SecureTransport),
    ("aws:CurrentTime", Key::CurrentTime),
    ("aws:EpochTime", Key::EpochTime),
    ("aws:RequestedRegion", Key::RequestedRegion),
    ("aws:TokenIssueTime", Key::TokenIssueTime),
    ("aws:ResourceAccount", Key::ResourceAccount),
    ("aws:TagKeys", Key::TagKeys),
];

impl Key {
    /// Resolves a name, in any case. A name that is not known is no error.
    pub(super) fn parse(name: &str) -> Key {
        if let Some(key) = ServiceKey::parse(name) {
            return Key::Service(key);
        }
        let global = GLOBAL_KEYS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        if let Some((_, key)) = global {
            return key.clone();
        }
        match name.split_once('/') {
            Some((_, "")) | None => Key::Unknown,
            Some((family, tag)) if family.eq_ignore_ascii_case("aws:PrincipalTag") => {
                Key::PrincipalTag(tag.into())
            }
            Some((family, tag)) if is_resource_tag(family) => Key::ResourceTag(tag.into()),
            Some((family, tag)) if family.eq_ignore_ascii_case("aws:RequestTag") => {
                Key::RequestTag(tag.into())
            }
            Some(_) => Key::Unknown,
        }
    }
}

/// Whether keys in front of whose slash this stands are the tags of the resource. IAM has a name of
/// its own for them.
pub(crate) fn is_resource_tag(family: &str) -> bool {
    ["aws:ResourceTag", "iam:ResourceTag"].iter().any(|name| name.eq_ignore_ascii_case(family))
}

/// What a key has in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    Absent,
    One(Value<'a>),
    /// At least one value of a key that may have several.
    Many(&'a [&'a str]),
}

/// What conditions and variables look at: who asks, and what.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) principal: &'a Principal,
    pub(super) check: &'a Check<'a>,
}

impl<'a> Context<'a> {
    /// What a key has in this request.
    pub(super) fn find(&self, key: &Key) -> Found<'a> {
        match key {
            Key::TagKeys if self.check.tag_keys.is_empty() => Found::Absent,
            Key::TagKeys => Found::Many(self.check.tag_keys),
            Key::Service(_)
            | Key::PrincipalArn
            | Key::PrincipalAccount
            | Key::PrincipalType
            | Key::PrincipalTag(_)
            | Key::UserName
            | Key::UserId
            | Key::SourceIp
            | Key::UserAgent
            | Key::SecureTransport
            | Key::CurrentTime
            | Key::EpochTime
            | Key::RequestedRegion
            | Key::TokenIssueTime
            | Key::ResourceAccount
            | Key::ResourceTag(_)
            | Key::RequestTag(_)
            | Key::Unknown => self.find_one(key).map_or(Found::Absent, Found::One),
        }
    }

    /// The value of a key, if it is present and has one value.
    pub(super) fn find_one(&self, key: &Key) -> Option<Value<'a>> {
        let Context { principal, check } = *self;
        let origin = check.origin;
        match key {
            Key::Service(key) => check.values.get(*key).map(Value::Text),
            Key::PrincipalArn => {
                Some(Value::Text(principal.role_arn.as_ref().unwrap_or(&principal.arn)))
            }
            Key::PrincipalAccount => Some(Value::Text(&principal.account)),
            Key::PrincipalType => Some(Value::Text(match principal.kind {
                PrincipalKind::Account => "Account",
                PrincipalKind::User => "User",
                PrincipalKind::AssumedRole => "AssumedRole",
            })),
            Key::PrincipalTag(tag) => tag_of(&principal.tags, tag),
            Key::UserName => principal.user_name.as_deref().map(Value::Text),
            Key::UserId => Some(Value::Text(&principal.user_id)),
            Key::SourceIp => origin?.source_ip.map(Value::Address),
            Key::UserAgent => origin?.user_agent.as_deref().map(Value::Text),
            Key::SecureTransport => Some(Value::Truth(origin?.secure)),
            Key::CurrentTime => Some(Value::Moment(check.now)),
            Key::EpochTime => Some(Value::Epoch(check.now)),
            Key::RequestedRegion => Some(Value::Text(check.region)),
            Key::TokenIssueTime => principal.token_issued_at.map(Value::Moment),
            Key::ResourceAccount => {
                let account = check.resource.split(':').nth(4);
                account.filter(|account| !account.is_empty()).map(Value::Text)
            }
            Key::ResourceTag(tag) => tag_of(check.resource_tags?, tag),
            Key::RequestTag(tag) => {
                let tags = check.request_tags;
                let same = tags.iter().find(|(key, _)| *key == &**tag);
                let found = same.or_else(|| tags.iter().find(|(key, _)| is_same_key(key, tag)));
                found.map(|(_, value)| Value::Text(value))
            }
            Key::TagKeys | Key::Unknown => None,
        }
    }
}

/// A tag's value. The names of condition keys know no case, so the keys of tags in them do not
/// either; of two tags that differ in nothing else, the one that is spelled like the policy's
/// counts, so that nobody can put another beside it.
fn tag_of<'a>(tags: &'a BTreeMap<Arc<str>, Arc<str>>, key: &str) -> Option<Value<'a>> {
    let found = tags
        .get(key)
        .or_else(|| tags.iter().find(|(other, _)| is_same_key(other, key)).map(|(_, value)| value));
    found.map(|value| Value::Text(value))
}

fn is_same_key(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}
