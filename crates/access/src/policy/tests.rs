//! Policies, seen from outside.

mod conditions;
mod documents;
mod evaluation;
mod patterns;
mod random;
mod reference;
mod scene;
mod trust;
mod values;

use super::{Permissions, Policy, PolicyPlace};
use crate::action::Action;
use crate::caller::{Principal, PrincipalKind};
use crate::check::{Check, Origin, ServiceKey, ServiceValues};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use wire::Timestamp;

const DOMAIN: &str = "arn:aws:swf:us-east-1:123456789012:/domain/orders";

/// 2026-11-26T04:00:00Z.
const NOW: Timestamp = Timestamp(1_795_665_600_000);

fn tags(pairs: &[(&str, &str)]) -> BTreeMap<Arc<str>, Arc<str>> {
    pairs.iter().map(|(key, value)| (Arc::from(*key), Arc::from(*value))).collect()
}

fn origin() -> Origin {
    let source_ip = Some("203.0.113.5".parse::<IpAddr>().expect("an address"));
    Origin { source_ip, user_agent: Some("boto3/1.44".into()), secure: true }
}

fn user() -> Principal {
    Principal {
        arn: "arn:aws:iam::123456789012:user/team/ann".into(),
        role_arn: None,
        account: "123456789012".into(),
        kind: PrincipalKind::User,
        user_name: Some("ann".into()),
        user_id: "AIDAEXAMPLE".into(),
        tags: tags(&[("team", "blue")]),
        token_issued_at: None,
        permissions: Permissions::default(),
    }
}

fn check<'a>(action: Action, resource: &'a str, values: &[(ServiceKey, &'a str)]) -> Check<'a> {
    let mut all = ServiceValues::default();
    for (key, value) in values {
        all.set(*key, Some(value));
    }
    Check {
        action,
        resource,
        values: all,
        resource_tags: None,
        request_tags: &[],
        tag_keys: &[],
        origin: None,
        region: "us-east-1",
        now: NOW,
    }
}

fn policy(document: Value) -> Arc<Policy> {
    let read = Policy::parse(&document.to_string(), PolicyPlace::Role);
    Arc::new(read.unwrap_or_else(|error| panic!("{error}\n{document}")))
}

fn permissions(documents: Vec<Value>) -> Permissions {
    let identity = documents.into_iter().map(policy).collect();
    Permissions { identity, ..Permissions::default() }
}
