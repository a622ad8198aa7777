//! Random policies and random requests, each from a seed. The words are few, so that they meet.

use super::reference::{BYTES, Documents, MOMENTS, Question};
use super::{NOW, tags, user};
use crate::action::Action;
use crate::caller::{Principal, PrincipalKind};
use crate::check::{Check, Origin, ServiceKey, ServiceValues};
use crate::policy::{Permissions, Policy, PolicyPlace, Verdict};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Chance from a seed (SplitMix64).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// Less than `sides`.
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let mixed = usize::try_from((mixed ^ (mixed >> 31)) >> 32).expect("32 bits");
        mixed % sides
    }

    pub(super) fn one_in(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }

    pub(super) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len())].clone()
    }

    /// One, or a list of up to three.
    fn some_of(&mut self, from: &[&str]) -> Value {
        match self.roll(3) {
            0 => json!(self.pick(from)),
            count => (0..=count).map(|_| json!(self.pick(from))).collect(),
        }
    }
}

const ACTIONS: [Action; 6] = [
    Action::ListDomains,
    Action::StartWorkflowExecution,
    Action::ScheduleActivityTask,
    Action::CountPendingActivityTasks,
    Action::CountPendingDecisionTasks,
    Action::PassRole,
];

const ACTION_PATTERNS: [&str; 14] = [
    "*",
    "swf:*",
    "SWF:*",
    "swf:ListDomains",
    "swf:listdomains",
    "swf:Count*",
    "swf:Count*Tasks",
    "swf:count*activity*",
    "swf:S?????*",
    "swf:*Execution",
    "iam:PassRole",
    "iam:*",
    "s3:GetObject",
    "swf:CountPending????????Tasks",
];

const RESOURCES: [&str; 8] = [
    "arn:aws:swf:us-east-1:123456789012:/domain/*",
    "arn:aws:swf:us-east-1:123456789012:/domain/orders",
    "arn:aws:swf:us-east-1:123456789012:/domain/orders",
    "arn:aws:swf:us-east-1:123456789012:/domain/ann",
    "arn:aws:swf:us-east-1:123456789012:/domain/o*s",
    "arn:aws:swf:eu-west-1:123456789012:/domain/orders",
    "arn:aws:iam::123456789012:role/swf:orders",
    "arn:aws:iam::999999999999:role/swf/ann",
];

const RESOURCE_PATTERNS: [&str; 20] = [
    "*",
    "*",
    "arn:aws:swf:*:*:/domain/*",
    "arn:aws:swf:us-east-1:123456789012:/domain/orders",
    "arn:aws:swf:us-east-1:123456789012:/domain/Orders",
    "arn:aws:swf::123456789012:/domain/orders",
    "arn:aws:swf::123456789012:/domain/*",
    "arn:aws:swf:*",
    "arn:aws:swf",
    "arn:aws:iam::*:role/*",
    "arn:aws:*:orders",
    "arn:*:/domain/orders",
    "arn:aws:swf:us-*:123456789012:/domain/o?ders",
    "arn:aws:s?f:*:*:/domain/o*s",
    "arn:aws:swf:*:*:/domain/${aws:username}",
    "arn:aws:swf:*:*:/domain/${aws:username, 'orders'}",
    "arn:aws:swf:*:*:/domain/${swf:taskList.name}",
    "arn:aws:swf:*:*:/domain/o${*}s",
    "arn:aws:swf:*:*:/domain/${aws:PrincipalTag/team}*",
    "arn:aws:iam::123456789012:role/*s",
];

const KEYS: [&str; 28] = [
    "swf:taskList.name",
    "SWF:tasklist.NAME",
    "swf:activityType.name",
    "swf:tagList.member.0",
    "swf:tagList.0",
    "swf:workflowType.version",
    "swf:workflowTypeVersion",
    "iam:PassedToService",
    "aws:username",
    "aws:UserName",
    "aws:userid",
    "aws:PrincipalArn",
    "aws:PrincipalAccount",
    "aws:PrincipalType",
    "aws:PrincipalTag/team",
    "aws:principaltag/TEAM",
    "aws:ResourceTag/env",
    "aws:RequestTag/env",
    "aws:TagKeys",
    "aws:TagKeys",
    "aws:SourceIp",
    "aws:UserAgent",
    "aws:SecureTransport",
    "aws:CurrentTime",
    "aws:EpochTime",
    "aws:TokenIssueTime",
    "aws:RequestedRegion",
    "aws:nothing",
];

const TEXT_OPERATORS: [&str; 6] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
];
const NUMBER_OPERATORS: [&str; 6] = [
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
];
const DATE_OPERATORS: [&str; 6] = [
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
];
const NAME_OPERATORS: [&str; 4] = ["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"];

/// What keys have in requests.
const WORDS: [&str; 12] =
    ["orders", "Orders", "ann", "env", "blue", "", "o*s", "5", "5.0", "-7", "true", "10.0.0.9"];

/// What policies compare them with.
const TEXTS: [&str; 17] = [
    "orders",
    "ORDERS",
    "ann",
    "env",
    "blue",
    "",
    "*",
    "o*s",
    "?rders",
    "*e*",
    "boto*",
    "${aws:username}",
    "${aws:username, 'orders'}",
    "*${aws:username}",
    "o${*}s",
    "${swf:taskList.name}",
    "${aws:nothing}",
];
const NUMBERS: [&str; 5] = ["5", "5.00", "+4.5", "-7", "0"];
const NETWORKS: [&str; 8] = [
    "10.0.0.9",
    "10.0.0.0/8",
    "10.0.0.9/31",
    "0.0.0.0/0",
    "::ffff:10.0.0.9",
    "2001:db8::/32",
    "2001:db8::1",
    "::/0",
];
const NAMES: [&str; 9] = [
    "*",
    "arn:aws:iam::123456789012:user/team/ann",
    "arn:aws:iam::123456789012:*",
    "arn:aws:iam::*:user/*",
    "arn:aws:iam::*:role/*",
    "arn:aws:iam:*:*:*",
    "arn:aws:iam::123456789012:user/team/${aws:username}",
    "arn:aws:iam::${aws:PrincipalAccount}:user/*",
    "arn:aws:*:*:*:user/team/ann",
];

fn operator(dice: &mut Dice, names: &[&str]) -> String {
    let set = dice.pick(&["", "", "", "ForAllValues:", "ForAnyValue:"]);
    let if_exists = dice.pick(&["", "", "IfExists"]);
    format!("{set}{}{if_exists}", dice.pick(names))
}

/// An operator with a key and values that suit it, more or less.
fn condition(dice: &mut Dice) -> (String, String, Value) {
    let moments: Vec<&str> = MOMENTS.iter().map(|(text, _)| *text).collect();
    let bytes: Vec<&str> = BYTES.iter().map(|(text, _)| *text).collect();
    let (names, keys, values): (&[&str], &[&str], &[&str]) = match dice.roll(13) {
        0 => {
            let key = dice.pick(&KEYS).to_owned();
            return ("Null".to_owned(), key, dice.some_of(&["true", "false"]));
        }
        1 | 2 => (&NUMBER_OPERATORS, &KEYS[..20], &NUMBERS),
        3 => {
            let keys = &["aws:CurrentTime", "aws:EpochTime", "aws:TokenIssueTime"];
            (&DATE_OPERATORS, keys, &moments)
        }
        4 => (&["Bool"], &["aws:SecureTransport", "swf:taskList.name"], &["true", "FALSE"]),
        5 => (&["BinaryEquals"], &KEYS, &bytes),
        6 => {
            let keys = &["aws:SourceIp", "swf:taskList.name", "aws:TagKeys"];
            (&["IpAddress", "NotIpAddress"], keys, &NETWORKS)
        }
        7 => (&NAME_OPERATORS, &["aws:PrincipalArn", "aws:PrincipalArn", "aws:nothing"], &NAMES),
        _ => (&TEXT_OPERATORS, &KEYS, &TEXTS),
    };
    (operator(dice, names), dice.pick(keys).to_owned(), dice.some_of(values))
}

fn statement(dice: &mut Dice) -> Value {
    let mut statement = Map::new();
    let effect = dice.pick(&["Allow", "Allow", "Deny"]);
    statement.insert("Effect".to_owned(), json!(effect));
    let element = dice.pick(&["Action", "Action", "Action", "NotAction"]);
    statement.insert(element.to_owned(), dice.some_of(&ACTION_PATTERNS));
    let element = dice.pick(&["Resource", "Resource", "Resource", "NotResource"]);
    statement.insert(element.to_owned(), dice.some_of(&RESOURCE_PATTERNS));
    let mut conditions: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    for _ in 0..dice.roll(4) {
        let (operator, key, values) = condition(dice);
        conditions.entry(operator).or_default().insert(key, values);
    }
    if !conditions.is_empty() || dice.one_in(4) {
        statement.insert("Condition".to_owned(), json!(conditions));
    }
    Value::Object(statement)
}

/// A document of one to four statements.
fn document(dice: &mut Dice) -> Value {
    let mut statements: Vec<Value> = (0..=dice.roll(4)).map(|_| statement(dice)).collect();
    let statements = match statements.len() {
        1 if dice.one_in(2) => statements.remove(0),
        _ => Value::Array(statements),
    };
    match dice.roll(6) {
        0 => json!({ "Statement": statements }),
        1 => json!({ "Version": "2008-10-17", "Statement": statements }),
        _ => json!({ "Version": "2012-10-17", "Statement": statements }),
    }
}

/// Somebody's policies.
pub(super) fn documents(dice: &mut Dice) -> Documents {
    Documents {
        identity: (0..=dice.roll(2)).map(|_| document(dice)).collect(),
        boundary: dice.one_in(3).then(|| document(dice)),
        session: dice.one_in(4).then(|| document(dice)),
    }
}

/// The same policies, read.
pub(super) fn read(documents: &Documents) -> Permissions {
    let policy = |document: &Value| {
        let read = Policy::parse(&document.to_string(), PolicyPlace::Role);
        Arc::new(read.unwrap_or_else(|error| panic!("{error}\n{document:#}")))
    };
    Permissions {
        identity: documents.identity.iter().map(policy).collect(),
        boundary: documents.boundary.as_ref().map(policy),
        session: documents.session.as_ref().map(policy),
    }
}

/// A request and who sends it.
#[derive(Debug)]
pub(super) struct Scene {
    action: Action,
    resource: &'static str,
    service: Vec<(ServiceKey, &'static str, &'static str)>,
    resource_tags: Option<BTreeMap<Arc<str>, Arc<str>>>,
    request_tags: Vec<(&'static str, &'static str)>,
    tag_keys: Vec<&'static str>,
    origin: Option<Origin>,
    region: &'static str,
    principal: Principal,
}

impl Scene {
    pub(super) fn new(dice: &mut Dice) -> Scene {
        let named = [
            (ServiceKey::TaskListName, "swf:tasklist.name"),
            (ServiceKey::ActivityTypeName, "swf:activitytype.name"),
            (ServiceKey::TagListMember0, "swf:taglist.member.0"),
            (ServiceKey::WorkflowTypeVersion, "swf:workflowtype.version"),
            (ServiceKey::PassedToService, "iam:passedtoservice"),
        ];
        let given = named.into_iter().filter(|_| !dice.one_in(3)).collect::<Vec<_>>();
        let service = given.into_iter().map(|(key, name)| (key, name, dice.pick(&WORDS)));
        let service = service.collect();
        let addresses = ["10.0.0.9", "203.0.113.5", "::ffff:10.0.0.9", "2001:db8::1"];
        let origin = Origin {
            source_ip: Some(dice.pick(&addresses).parse().expect("an address")),
            user_agent: dice.one_in(2).then(|| "boto3/1.44".into()),
            secure: dice.one_in(2),
        };
        let word = |dice: &mut Dice| dice.pick(&WORDS);
        Scene {
            action: dice.pick(&ACTIONS),
            resource: dice.pick(&RESOURCES),
            service,
            resource_tags: (!dice.one_in(3)).then(|| tags(&[("env", word(dice))])),
            request_tags: (0..dice.roll(2)).map(|_| ("Env", dice.pick(&WORDS))).collect(),
            tag_keys: (0..dice.roll(3)).map(|_| dice.pick(&WORDS)).collect(),
            origin: (!dice.one_in(4)).then_some(origin),
            region: dice.pick(&["us-east-1", "eu-west-1"]),
            principal: principal(dice),
        }
    }

    /// What the evaluator says of somebody with these policies.
    pub(super) fn judge(&self, permissions: &Permissions) -> Verdict {
        let mut values = ServiceValues::default();
        for (key, _, value) in &self.service {
            values.set(*key, Some(value));
        }
        let check = Check {
            action: self.action,
            resource: self.resource,
            values,
            resource_tags: self.resource_tags.as_ref(),
            request_tags: &self.request_tags,
            tag_keys: &self.tag_keys,
            origin: self.origin.as_ref(),
            region: self.region,
            now: NOW,
        };
        permissions.judge(&self.principal, &check)
    }

    pub(super) fn is_root(&self) -> bool {
        self.principal.kind == PrincipalKind::Account
    }

    /// The same in the words of the documentation.
    pub(super) fn question(&self) -> Question {
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut set = |key: &str, value: &str| {
            values.entry(key.to_owned()).or_default().push(value.to_owned());
        };
        self.service.iter().for_each(|(_, name, value)| set(name, value));
        let resource_tags = self.resource_tags.iter().flatten();
        resource_tags.for_each(|(_, value)| set("aws:resourcetag/env", value));
        self.request_tags.iter().for_each(|(_, value)| set("aws:requesttag/env", value));
        self.tag_keys.iter().for_each(|key| set("aws:tagkeys", key));
        let principal = &self.principal;
        principal.tags.values().for_each(|value| set("aws:principaltag/team", value));
        set("aws:principalarn", principal.role_arn.as_ref().unwrap_or(&principal.arn));
        set("aws:principalaccount", &principal.account);
        set("aws:principaltype", &format!("{:?}", principal.kind));
        set("aws:userid", &principal.user_id);
        principal.user_name.iter().for_each(|name| set("aws:username", name));
        if principal.token_issued_at.is_some() {
            set("aws:tokenissuetime", "2026-11-26T03:59:59Z");
        }
        if let Some(origin) = &self.origin {
            let address = origin.source_ip.expect("all have one").to_canonical();
            set("aws:sourceip", &address.to_string());
            set("aws:securetransport", &origin.secure.to_string());
            origin.user_agent.iter().for_each(|agent| set("aws:useragent", agent));
        }
        set("aws:currenttime", "2026-11-26T04:00:00Z");
        set("aws:epochtime", "1795665600");
        set("aws:requestedregion", self.region);
        let (action, resource) = (self.action.to_string(), self.resource.to_owned());
        Question { action, resource, values, is_root: self.is_root() }
    }
}

fn principal(dice: &mut Dice) -> Principal {
    let mut principal = user();
    principal.tags = match dice.roll(3) {
        0 => BTreeMap::new(),
        _ => tags(&[("team", dice.pick(&WORDS))]),
    };
    match dice.roll(6) {
        0 => {
            principal.kind = PrincipalKind::Account;
            principal.arn = "arn:aws:iam::123456789012:root".into();
            principal.user_name = None;
        }
        1 | 2 => {
            principal.kind = PrincipalKind::AssumedRole;
            principal.arn = "arn:aws:sts::123456789012:assumed-role/decider/s".into();
            principal.role_arn = Some("arn:aws:iam::123456789012:role/decider".into());
            principal.user_name = None;
            principal.token_issued_at = Some(wire::Timestamp(NOW.0 - 999));
        }
        _ => principal.user_name = Some(dice.pick(&["ann", "orders", "*", "o*s"]).into()),
    }
    principal
}
