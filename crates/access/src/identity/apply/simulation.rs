//! What somebody would be allowed: the surroundings of a simulated request, and what is said of it.

use super::*;
use crate::action::Action;
use crate::check::{Check, ServiceKey, ServiceValues};
use crate::identity::reply::SimulatedView;
use crate::identity::request::SimulatePrincipalPolicy;
use crate::policy::{DenialReason, Verdict, is_resource_tag};
use std::collections::BTreeMap;

/// What surrounds a simulation itself.
#[derive(Clone, Copy, Debug)]
pub struct Simulation<'a> {
    /// The account that it is asked in.
    pub account: &'a str,
    /// The region of simulated requests that are given none.
    pub region: &'a str,
    /// Their time, likewise.
    pub now: Timestamp,
}

impl Directory {
    /// Says what the policies of a principal allow: every action on every resource. It changes
    /// nothing and takes no chance, so whoever has a state can ask it.
    pub fn simulate(
        &self,
        request: &SimulatePrincipalPolicy,
        simulation: &Simulation<'_>,
    ) -> Result<IdentityReply, IdentityFault> {
        let source = &request.policy_source_arn;
        let principal = self.principal(simulation.account, source);
        let principal = principal
            .ok_or_else(|| IdentityFault::NoSuchEntity(format!("{source} cannot be found.")))?;
        let everything = ["*".to_owned()];
        let resources = match request.resource_arns.as_slice() {
            [] => &everything[..],
            given => given,
        };
        let counts = [request.action_names.len(), resources.len(), request.context.len()];
        if request.action_names.is_empty()
            || counts.iter().any(|count| *count > limits::SIMULATED_MAX)
        {
            let most = limits::SIMULATED_MAX;
            return Err(IdentityFault::InvalidInput(format!(
                "A simulation takes 1 to {most} actions and as many resources and keys."
            )));
        }
        if request.action_names.len() * resources.len() > limits::JUDGMENTS_MAX {
            return Err(IdentityFault::InvalidInput(format!(
                "A simulation judges each action on each resource, {} times at most.",
                limits::JUDGMENTS_MAX
            )));
        }
        // Each is compared with every pattern of the policies, for each action; of keys, those of tags.
        let most = limits::RESOURCE_BYTES_MAX;
        let texts = resources.iter().chain(request.context.keys()).chain(request.context.values());
        if texts.map(String::len).any(|length| length > most) {
            return Err(IdentityFault::InvalidInput(format!(
                "Resources, keys and values of a simulation have {most} bytes at most."
            )));
        }
        let context = Context::parse(&request.context, simulation)?;
        let mut evaluation_results = Vec::new();
        for name in &request.action_names {
            let action =
                Action::ALL.iter().find(|action| action.to_string().eq_ignore_ascii_case(name));
            let action = *action
                .ok_or_else(|| IdentityFault::InvalidInput(format!("Invalid Action: {name}")))?;
            for resource in resources {
                let check = context.check(action, resource);
                let verdict = principal.permissions.judge(&principal, &check);
                evaluation_results.push(view(&check, verdict));
            }
        }
        Ok(IdentityReply::Simulated { evaluation_results })
    }
}

/// Values of condition keys, as a simulation gives them.
struct Context<'a> {
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
        simulation: &Simulation<'a>,
    ) -> Result<Context<'a>, IdentityFault> {
        let mut context = Context {
            values: ServiceValues::default(),
            resource_tags: None,
            request_tags: Vec::new(),
            tag_keys: Vec::new(),
            origin: None,
            region: simulation.region,
            now: simulation.now,
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
fn view(check: &Check<'_>, verdict: Verdict) -> SimulatedView {
    let (eval_decision, by) = match verdict {
        Verdict::Allowed(by) => ("allowed", by),
        Verdict::Denied(denial) => match denial.reason {
            DenialReason::ExplicitIdentity
            | DenialReason::ExplicitBoundary
            | DenialReason::ExplicitSession => ("explicitDeny", denial.by),
            DenialReason::ImplicitIdentity
            | DenialReason::ImplicitBoundary
            | DenialReason::ImplicitSession => ("implicitDeny", None),
        },
    };
    SimulatedView {
        eval_action_name: check.action.to_string(),
        eval_resource_name: check.resource.to_owned(),
        eval_decision,
        matched_sid: by.and_then(|by| by.sid),
    }
}
