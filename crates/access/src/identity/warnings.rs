//! What is legal in the policies of a request, but has no effect: whoever gives them should know.
//!
//! Says nothing of a document that cannot be read: it is refused.

use super::document::Document;
use super::request::{CreateRole, IdentityRequest, UpdateAssumeRolePolicy};
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
    /// The warnings of all policies that it gives, in the account that it acts in, if that is known.
    pub fn warnings(&self, account: Option<&str>) -> Vec<DocumentWarning> {
        use IdentityRequest as R;
        use PolicyPlace as Place;
        let mut warnings = Warnings { account, warnings: Vec::new() };
        let (document, place) = match self {
            R::PutUserPolicy(request) => (&request.policy_document, Place::User),
            R::PutGroupPolicy(request) => (&request.policy_document, Place::Group),
            R::PutRolePolicy(request) => (&request.policy_document, Place::Role),
            R::CreatePolicy(request) => (&request.policy_document, Place::Managed),
            R::UpdatePolicy(request) => (&request.policy_document, Place::Managed),
            R::AssumeRole(request) => match &request.policy {
                Some(document) => (document, Place::Session),
                None => return Vec::new(),
            },
            R::CreateRole(CreateRole { assume_role_policy_document: document, .. })
            | R::UpdateAssumeRolePolicy(UpdateAssumeRolePolicy {
                policy_document: document, ..
            }) => {
                warnings.of_trust(None, document);
                return warnings.warnings;
            }
            R::ImportIdentities(request) => return request.document.warnings(),
            // They give no policies.
            R::CreateUser(_)
            | R::DeleteUser(_)
            | R::GetUser(_)
            | R::ListUsers(_)
            | R::TagUser(_)
            | R::UntagUser(_)
            | R::PutUserPermissionsBoundary(_)
            | R::DeleteUserPermissionsBoundary(_)
            | R::CreateAccessKey(_)
            | R::ImportAccessKey(_)
            | R::UpdateAccessKey(_)
            | R::DeleteAccessKey(_)
            | R::ListAccessKeys(_)
            | R::GetAccessKeyLastUsed(_)
            | R::GetUserPolicy(_)
            | R::DeleteUserPolicy(_)
            | R::ListUserPolicies(_)
            | R::AttachUserPolicy(_)
            | R::DetachUserPolicy(_)
            | R::ListAttachedUserPolicies(_)
            | R::CreateGroup(_)
            | R::DeleteGroup(_)
            | R::GetGroup(_)
            | R::ListGroups(_)
            | R::AddUserToGroup(_)
            | R::RemoveUserFromGroup(_)
            | R::ListGroupsForUser(_)
            | R::GetGroupPolicy(_)
            | R::DeleteGroupPolicy(_)
            | R::ListGroupPolicies(_)
            | R::AttachGroupPolicy(_)
            | R::DetachGroupPolicy(_)
            | R::ListAttachedGroupPolicies(_)
            | R::DeleteRole(_)
            | R::GetRole(_)
            | R::ListRoles(_)
            | R::UpdateRole(_)
            | R::TagRole(_)
            | R::UntagRole(_)
            | R::PutRolePermissionsBoundary(_)
            | R::DeleteRolePermissionsBoundary(_)
            | R::GetRolePolicy(_)
            | R::DeleteRolePolicy(_)
            | R::ListRolePolicies(_)
            | R::AttachRolePolicy(_)
            | R::DetachRolePolicy(_)
            | R::ListAttachedRolePolicies(_)
            | R::DeletePolicy(_)
            | R::GetPolicy(_)
            | R::ListPolicies(_)
            | R::ListEntitiesForPolicy(_)
            | R::SimulatePrincipalPolicy(_)
            | R::GetCallerIdentity(_)
            | R::CreateAccount(_)
            | R::DeleteAccount(_)
            | R::ListAccounts(_) => return Vec::new(),
        };
        warnings.of_policy(None, document, place);
        warnings.warnings
    }
}

impl Document {
    /// The warnings of all its policies, each with whose it is.
    pub fn warnings(&self) -> Vec<DocumentWarning> {
        let mut all = Vec::new();
        for account in &self.account {
            let mut warnings = Warnings { account: Some(&account.id), warnings: all };
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
            all = warnings.warnings;
        }
        all
    }
}

struct Warnings<'a> {
    account: Option<&'a str>,
    warnings: Vec<DocumentWarning>,
}

impl Warnings<'_> {
    fn of_policy(&mut self, policy: Option<&str>, document: &str, place: PolicyPlace) {
        if let Ok(read) = Policy::parse(document, place) {
            self.add(policy, read.warnings());
            if let Some(account) = self.account {
                self.add(policy, read.warnings_in(account));
            }
        }
    }

    fn of_trust(&mut self, policy: Option<&str>, document: &str) {
        if let Ok(read) = TrustPolicy::parse(document) {
            self.add(policy, read.warnings());
        }
    }

    fn add<'w>(
        &mut self,
        policy: Option<&str>,
        warnings: impl IntoIterator<Item = &'w PolicyWarning>,
    ) {
        self.warnings.extend(warnings.into_iter().map(|warning| DocumentWarning {
            policy: policy.map(str::to_owned),
            warning: warning.clone(),
        }));
    }
}

#[cfg(test)]
mod tests;
