//! Managed policies. Of each only the newest document is kept.

use super::*;
use crate::identity::reply::PolicyView;
use crate::identity::request::{CreatePolicy, ListPolicies, UpdatePolicy};

impl Draft<'_> {
    pub(super) fn create_managed(&self, request: &CreatePolicy) -> Applied {
        let name = request.policy_name.as_str();
        names::check_long_name("policyName", name)?;
        let path = path_of(request.path.as_deref())?;
        let description = request.description.as_deref().unwrap_or_default();
        names::check_description(description)?;
        check_managed(&request.policy_document)?;
        let account = self.account();
        let folded = Folded::of(name);
        if self.directory.policies(&account).any(|policy| Folded::of(&policy.name) == folded) {
            return Err(IdentityFault::EntityAlreadyExists(format!(
                "A policy called {name} already exists. Duplicate names are not allowed."
            )));
        }
        if self.directory.policies(&account).count() >= limits::POLICIES_MAX {
            return Err(IdentityFault::quota("PoliciesPerAccount", limits::POLICIES_MAX));
        }
        let policy = PolicyRecord {
            name: name.into(),
            path,
            id: self.setting.fresh.id("ANPA").into(),
            created_at: self.setting.now,
            updated_at: self.setting.now,
            description: description.into(),
            document: request.policy_document.as_str().into(),
        };
        let reply = IdentityReply::Policy { policy: PolicyView::new(&account, &policy, 0, 0) };
        Ok((vec![Change::PutPolicy(account, policy)], reply))
    }

    pub(super) fn update_managed(&self, request: &UpdatePolicy) -> Applied {
        let policy = self.policy(&request.policy_arn)?;
        check_managed(&request.policy_document)?;
        if *policy.document == *request.policy_document {
            return done(Vec::new());
        }
        let after = PolicyRecord {
            document: request.policy_document.as_str().into(),
            updated_at: self.setting.now,
            ..PolicyRecord::clone(policy)
        };
        done(vec![Change::PutPolicy(self.account(), after)])
    }

    pub(super) fn delete_managed(&self, arn: &str) -> Applied {
        let policy = self.policy(arn)?;
        if self.uses_of(arn) != (0, 0) {
            return Err(IdentityFault::DeleteConflict(
                "Cannot delete a policy attached to entities.".to_owned(),
            ));
        }
        done(vec![Change::DeletePolicy(self.account(), Folded::of(&policy.name))])
    }

    pub(super) fn get_managed(&self, arn: &str) -> Applied {
        let policy = self.managed_view(self.policy(arn)?);
        Ok((Vec::new(), IdentityReply::Policy { policy }))
    }

    pub(super) fn list_managed(&self, request: &ListPolicies) -> Applied {
        let prefix = request.path_prefix.as_deref().unwrap_or("/");
        let policies = self.directory.policies(self.setting.account);
        let policies = policies.filter(|policy| policy.path.starts_with(prefix));
        let entries = policies.map(|policy| (policy.name.to_ascii_lowercase(), policy));
        let (policies, page) = page(entries, request.marker.as_deref(), request.max_items)?;
        let listed = |policy| PolicyView { policy_document: None, ..self.managed_view(policy) };
        let policies = policies.into_iter().map(|policy| listed(policy)).collect();
        Ok((Vec::new(), IdentityReply::Policies { policies, page }))
    }

    fn managed_view(&self, policy: &PolicyRecord) -> PolicyView {
        let account = self.setting.account;
        let (attachments, boundaries) = self.uses_of(&policy.arn(account));
        PolicyView::new(account, policy, attachments, boundaries)
    }

    /// To how many it is attached, and how many it bounds.
    fn uses_of(&self, arn: &str) -> (usize, usize) {
        let (directory, account) = (self.directory, self.setting.account);
        let users = directory.users(account);
        let (mut attachments, mut boundaries) = (0, 0);
        for user in users {
            attachments += usize::from(user.attached.contains(arn));
            boundaries += usize::from(user.boundary.as_deref() == Some(arn));
        }
        for group in directory.groups(account) {
            attachments += usize::from(group.attached.contains(arn));
        }
        for role in directory.roles(account) {
            attachments += usize::from(role.attached.contains(arn));
            boundaries += usize::from(role.boundary.as_deref() == Some(arn));
        }
        (attachments, boundaries)
    }
}

fn check_managed(document: &str) -> Result<(), IdentityFault> {
    if limits::counted_chars(document) > limits::POLICY_CHARS_MAX {
        return Err(IdentityFault::quota("PolicySize", limits::POLICY_CHARS_MAX));
    }
    read_document(document, PolicyPlace::Managed)?;
    Ok(())
}
