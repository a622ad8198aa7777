//! One question to the policies: may this principal do this action to this resource, with these
//! values of condition keys?

use crate::action::Action;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use wire::Timestamp;

/// A condition key that belongs to a service. Names of keys know no case; a policy's spellings are
/// resolved when it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServiceKey {
    /// `swf:activityType.name`.
    ActivityTypeName,
    /// `swf:activityType.version`.
    ActivityTypeVersion,
    /// `swf:defaultTaskList.name`.
    DefaultTaskListName,
    /// `swf:name`.
    Name,
    /// `swf:version`.
    Version,
    /// `swf:tagFilter.tag`.
    TagFilterTag,
    /// `swf:tagList.member.0`, also written `swf:tagList.0` (access.md, section 1.6).
    TagListMember0,
    /// `swf:tagList.member.1`.
    TagListMember1,
    /// `swf:tagList.member.2`.
    TagListMember2,
    /// `swf:tagList.member.3`.
    TagListMember3,
    /// `swf:tagList.member.4`.
    TagListMember4,
    /// `swf:taskList.name`.
    TaskListName,
    /// `swf:typeFilter.name`.
    TypeFilterName,
    /// `swf:typeFilter.version`.
    TypeFilterVersion,
    /// `swf:workflowType.name`.
    WorkflowTypeName,
    /// `swf:workflowType.version`, also written `swf:workflowTypeVersion`.
    WorkflowTypeVersion,
    /// `iam:PassedToService`.
    PassedToService,
    /// `iam:PolicyARN`: the managed policy that is attached or detached.
    PolicyArn,
    /// `iam:PermissionsBoundary`: the one that a request gives, or else that of whom it changes.
    PermissionsBoundary,
}

/// The second names that AWS's documents have for some keys (access.md, section 1.6).
const ALIASES: [(&str, ServiceKey); 6] = [
    ("swf:tagList.0", ServiceKey::TagListMember0),
    ("swf:tagList.1", ServiceKey::TagListMember1),
    ("swf:tagList.2", ServiceKey::TagListMember2),
    ("swf:tagList.3", ServiceKey::TagListMember3),
    ("swf:tagList.4", ServiceKey::TagListMember4),
    ("swf:workflowTypeVersion", ServiceKey::WorkflowTypeVersion),
];

impl ServiceKey {
    /// How many there are.
    pub const COUNT: usize = ServiceKey::PermissionsBoundary as usize + 1;

    /// All of them.
    pub const ALL: [ServiceKey; ServiceKey::COUNT] = [
        ServiceKey::ActivityTypeName,
        ServiceKey::ActivityTypeVersion,
        ServiceKey::DefaultTaskListName,
        ServiceKey::Name,
        ServiceKey::Version,
        ServiceKey::TagFilterTag,
        ServiceKey::TagListMember0,
        ServiceKey::TagListMember1,
        ServiceKey::TagListMember2,
        ServiceKey::TagListMember3,
        ServiceKey::TagListMember4,
        ServiceKey::TaskListName,
        ServiceKey::TypeFilterName,
        ServiceKey::TypeFilterVersion,
        ServiceKey::WorkflowTypeName,
        ServiceKey::WorkflowTypeVersion,
        ServiceKey::PassedToService,
        ServiceKey::PolicyArn,
        ServiceKey::PermissionsBoundary,
    ];

    /// The keys of an execution's tags, in their order.
    pub const TAG_LIST: [ServiceKey; 5] = [
        ServiceKey::TagListMember0,
        ServiceKey::TagListMember1,
        ServiceKey::TagListMember2,
        ServiceKey::TagListMember3,
        ServiceKey::TagListMember4,
    ];

    /// The key of a name, in any case.
    pub fn parse(name: &str) -> Option<ServiceKey> {
        let names = ServiceKey::ALL.map(|key| (key.name(), key));
        let mut names = names.into_iter().chain(ALIASES);
        let (_, key) = names.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(key)
    }

    /// How policies write it, its second name left out.
    pub fn name(self) -> &'static str {
        match self {
            ServiceKey::ActivityTypeName => "swf:activityType.name",
            ServiceKey::ActivityTypeVersion => "swf:activityType.version",
            ServiceKey::DefaultTaskListName => "swf:defaultTaskList.name",
            ServiceKey::Name => "swf:name",
            ServiceKey::Version => "swf:version",
            ServiceKey::TagFilterTag => "swf:tagFilter.tag",
            ServiceKey::TagListMember0 => "swf:tagList.member.0",
            ServiceKey::TagListMember1 => "swf:tagList.member.1",
            ServiceKey::TagListMember2 => "swf:tagList.member.2",
            ServiceKey::TagListMember3 => "swf:tagList.member.3",
            ServiceKey::TagListMember4 => "swf:tagList.member.4",
            ServiceKey::TaskListName => "swf:taskList.name",
            ServiceKey::TypeFilterName => "swf:typeFilter.name",
            ServiceKey::TypeFilterVersion => "swf:typeFilter.version",
            ServiceKey::WorkflowTypeName => "swf:workflowType.name",
            ServiceKey::WorkflowTypeVersion => "swf:workflowType.version",
            ServiceKey::PassedToService => "iam:PassedToService",
            ServiceKey::PolicyArn => "iam:PolicyARN",
            ServiceKey::PermissionsBoundary => "iam:PermissionsBoundary",
        }
    }
}

/// The values of the services' keys in one check. What is not given is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ServiceValues<'a> {
    values: [Option<&'a str>; ServiceKey::COUNT],
}

impl<'a> ServiceValues<'a> {
    /// The value of a key, if it is present. An empty text is present.
    pub fn get(&self, key: ServiceKey) -> Option<&'a str> {
        self.values[key as usize]
    }

    /// Sets a key; `None` leaves it absent.
    pub fn set(&mut self, key: ServiceKey, value: Option<&'a str>) {
        self.values[key as usize] = value;
    }
}

/// What is asked. It borrows everything, so that hundreds of decisions cost no allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check<'a> {
    /// What is to be done.
    pub action: Action,
    /// To what: a whole resource name with region and account, such as
    /// `arn:aws:swf:us-east-1:000000000000:/domain/orders`. The same name without its region is an
    /// alias of it (access.md, section 1.1).
    pub resource: &'a str,
    /// The services' keys.
    pub values: ServiceValues<'a>,
    /// The tags of the resource, if it exists: `aws:ResourceTag/*`.
    pub resource_tags: Option<&'a BTreeMap<Arc<str>, Arc<str>>>,
    /// The tags that the request gives: `aws:RequestTag/*`.
    pub request_tags: &'a [(&'a str, &'a str)],
    /// The keys of tags that the request names, with values or without: `aws:TagKeys`.
    pub tag_keys: &'a [&'a str],
    /// Where the request comes from; absent in checks of decisions, where AWS has no
    /// `aws:SourceIp`, `aws:UserAgent` and `aws:SecureTransport` (access.md, section 1.4).
    pub origin: Option<&'a Origin>,
    /// The region of the request: `aws:RequestedRegion`.
    pub region: &'a str,
    /// The time of the check: `aws:CurrentTime`, `aws:EpochTime`.
    pub now: Timestamp,
}

/// Where a request comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The peer's address, or what a trusted proxy says.
    pub source_ip: Option<IpAddr>,
    /// The `User-Agent` header.
    pub user_agent: Option<Arc<str>>,
    /// Whether it came over TLS.
    pub secure: bool,
}
