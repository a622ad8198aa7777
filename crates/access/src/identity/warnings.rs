//! What is legal in the policies of a request, but has no effect: whoever gives them should know.
//!
//! Says nothing of a document that cannot be read: it is refused.

use super::document::Document;
use super::request::IdentityRequest;
use crate::policy::{Policy, PolicyPlace, PolicyWarning, TrustPolicy};
use std::fmt;

/// A warning of one policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentWarning {
    /// Which policy, where there may be several.
    pub policy: Option<String>,
    /// What has no effect in it.
    pub warning: PolicyWarning,
}

impl fmt::Display for DocumentWarning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.policy {
            Some(policy) => write!(formatter, "{policy}: {}", self.warning),
            None => self.warning.fmt(formatter),
        }
    }
}

impl IdentityRequest {
    /// The warnings of all policies that it gives.
    pub fn warnings(&self) -> Vec<DocumentWarning> {
        use PolicyPlace as Place;
        let mut warnings = Warnings::default();
        // Other operations give no policies.
        if let IdentityRequest::PutUserPolicy(request) = self {
            warnings.of_policy(None, &request.policy_document, Place::User);
        } else if let IdentityRequest::PutGroupPolicy(request) = self {
            warnings.of_policy(None, &request.policy_document, Place::Group);
        } else if let IdentityRequest::PutRolePolicy(request) = self {
            warnings.of_policy(None, &request.policy_document, Place::Role);
        } else if let IdentityRequest::CreatePolicy(request) = self {
            warnings.of_policy(None, &request.policy_document, Place::Managed);
        } else if let IdentityRequest::UpdatePolicy(request) = self {
            warnings.of_policy(None, &request.policy_document, Place::Managed);
        } else if let IdentityRequest::CreateRole(request) = self {
            warnings.of_trust(None, &request.assume_role_policy_document);
        } else if let IdentityRequest::UpdateAssumeRolePolicy(request) = self {
            warnings.of_trust(None, &request.policy_document);
        } else if let IdentityRequest::AssumeRole(request) = self {
            if let Some(document) = &request.policy {
                warnings.of_policy(None, document, Place::Session);
            }
        } else if let IdentityRequest::ImportIdentities(request) = self {
            return request.document.warnings();
        }
        warnings.0
    }
}

impl Document {
    /// The warnings of all its policies, each with whose it is.
    pub fn warnings(&self) -> Vec<DocumentWarning> {
        let mut warnings = Warnings::default();
        for account in &self.account {
            for policy in &account.policy {
                let name = format!("policy {}", policy.name);
                warnings.of_policy(Some(&name), &policy.document, PolicyPlace::Managed);
            }
            for group in &account.group {
                for (policy, document) in &group.policies {
                    let name = format!("policy {policy} of group {}", group.name);
                    warnings.of_policy(Some(&name), document, PolicyPlace::Group);
                }
            }
            for user in &account.user {
                for (policy, document) in &user.policies {
                    let name = format!("policy {policy} of user {}", user.name);
                    warnings.of_policy(Some(&name), document, PolicyPlace::User);
                }
            }
            for role in &account.role {
                warnings.of_trust(Some(&format!("trust of role {}", role.name)), &role.trust);
                for (policy, document) in &role.policies {
                    let name = format!("policy {policy} of role {}", role.name);
                    warnings.of_policy(Some(&name), document, PolicyPlace::Role);
                }
            }
        }
        warnings.0
    }
}

#[derive(Default)]
struct Warnings(Vec<DocumentWarning>);

impl Warnings {
    fn of_policy(&mut self, policy: Option<&str>, document: &str, place: PolicyPlace) {
        if let Ok(read) = Policy::parse(document, place) {
            self.add(policy, read.warnings());
        }
    }

    fn of_trust(&mut self, policy: Option<&str>, document: &str) {
        if let Ok(read) = TrustPolicy::parse(document) {
            self.add(policy, read.warnings());
        }
    }

    fn add(&mut self, policy: Option<&str>, warnings: &[PolicyWarning]) {
        self.0.extend(warnings.iter().map(|warning| DocumentWarning {
            policy: policy.map(str::to_owned),
            warning: warning.clone(),
        }));
    }
}

#[cfg(test)]
mod tests;
