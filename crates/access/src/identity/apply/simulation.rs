//! The surroundings of a simulated request.

use super::*;
use crate::action::Action;
use crate::check::{Check, ServiceKey, ServiceValues};
use crate::identity::reply::SimulatedView;
use crate::policy::{DenialReason, Verdict, is_resource_tag};
use std::collections::BTreeMap;

/// Values of condition keys, as a simulation gives them.
pub(super) struct Context<'a> {
    values: ServiceValues<'a>,
    resource_tags: Option<Tags>,
    request_tags: Vec<(&'a str, &'a str)>,
    tag_keys: Vec<&'a str>,
    origin: Option<Origin>,
    region: &'a str,
    now: Timestamp,
}

impl<'a> Context<'a> {
    /// Resolves the keys that are given. The others are absent, but for the time and the region.
    pub fn parse(
        given: &'a BTreeMap<String, String>,
        setting: &Setting<'a>,
    ) -> Result<Context<'a>, IdentityFault> {
        let mut context = Context {
            values: ServiceValues::default(),
            resource_tags: None,
            request_tags: Vec::new(),
            tag_keys: Vec::new(),
            origin: None,
            region: setting.region,
            now: setting.now,
        };
        for (key, value) in given {
            context.set(key, value)?;
        }
        Ok(context)
    }

    fn set(&mut self, key: &'a str, value: &'a str) -> Result<(), IdentityFault> {
        let refused = |why: &str| IdentityFault::InvalidInput(format!("Context key {key}: {why}"));
        if let Some(key) = ServiceKey::parse(key) {
            self.values.set(key, Some(value));
            return Ok(());
        }
        match key.split_once('/') {
            Some((family, tag)) if is_resource_tag(family) => {
                let tags = self.resource_tags.get_or_insert_default();
                tags.insert(tag.into(), value.into());
                return Ok(());
            }
            Some((family, tag)) if family.eq_ignore_ascii_case("aws:RequestTag") => {
                self.request_tags.push((tag, value));
                self.tag_keys.push(tag);
                return Ok(());
            }
            Some(_) | None => (),
        }
        match key.to_ascii_lowercase().as_str() {
            "aws:sourceip" => {
                let address = value.parse().map_err(|_error| refused("no address"))?;
                self.origin.get_or_insert_default().source_ip = Some(address);
            }
            "aws:useragent" => {
                self.origin.get_or_insert_default().user_agent = Some(value.into());
            }
            "aws:securetransport" => {
                let secure = value.to_ascii_lowercase().parse();
                self.origin.get_or_insert_default().secure =
                    secure.map_err(|_error| refused("neither true nor false"))?;
            }
            "aws:requestedregion" => self.region = value,
            "aws:epochtime" => {
                let seconds: i64 = value.parse().map_err(|_error| refused("no number"))?;
                self.now = Timestamp(seconds.saturating_mul(1000));
            }
            "aws:tagkeys" => self.tag_keys.extend(value.split(',').map(str::trim)),
            _ => return Err(refused("it is not one that a request can have")),
        }
        Ok(())
    }

    /// The question about an action and a resource.
    pub fn check<'c>(&'c self, action: Action, resource: &'c str) -> Check<'c> {
        Check {
            action,
            resource,
            values: self.values,
            resource_tags: self.resource_tags.as_ref(),
            request_tags: &self.request_tags,
            tag_keys: &self.tag_keys,
            origin: self.origin.as_ref(),
            region: self.region,
            now: self.now,
        }
    }
}

/// A verdict in IAM's words.
pub(super) fn view(check: &Check<'_>, verdict: Verdict) -> SimulatedView {
    let (eval_decision, matched_sid) = match verdict {
        Verdict::Allowed(sid) => ("allowed", sid),
        Verdict::Denied(denial) => match denial.reason {
            DenialReason::ExplicitIdentity
            | DenialReason::ExplicitBoundary
            | DenialReason::ExplicitSession => ("explicitDeny", denial.sid),
            DenialReason::ImplicitIdentity
            | DenialReason::ImplicitBoundary
            | DenialReason::ImplicitSession => ("implicitDeny", None),
        },
    };
    SimulatedView {
        eval_action_name: check.action.to_string(),
        eval_resource_name: check.resource.to_owned(),
        eval_decision,
        matched_sid,
    }
}
