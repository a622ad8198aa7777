//! Managed policies. Of each only the newest document is kept.

use super::*;
use crate::identity::reply::{PolicyGroupView, PolicyRoleView, PolicyUserView, PolicyView};
use crate::identity::request::{CreatePolicy, ListEntitiesForPolicy, ListPolicies, UpdatePolicy};

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

    pub(super) fn entities(&self, request: &ListEntitiesForPolicy) -> Applied {
        let (directory, account) = (self.directory, self.setting.account);
        let arn = request.policy_arn.as_str();
        self.policy(arn)?;
        // There are none of the last two: they would be policies.
        let kinds = ["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"];
        let kind = one_of("entityFilter", request.entity_filter.as_deref(), &kinds)?;
        let usages = ["PermissionsPolicy", "PermissionsBoundary"];
        let usage = one_of("policyUsageFilter", request.policy_usage_filter.as_deref(), &usages)?;
        let prefix = request.path_prefix.as_deref().unwrap_or("/");
        let is_meant =
            |own: &str, path: &str, attached: &BTreeSet<Arc<str>>, bound: Option<&str>| {
                kind.is_none_or(|kind| kind == own)
                    && path.starts_with(prefix)
                    && ((usage != Some("PermissionsBoundary") && attached.contains(arn))
                        || (usage != Some("PermissionsPolicy") && bound == Some(arn)))
            };
        let groups = directory.groups(account);
        let groups = groups.filter(|group| is_meant("Group", &group.path, &group.attached, None));
        let users = directory.users(account);
        let users = users
            .filter(|user| is_meant("User", &user.path, &user.attached, user.boundary.as_deref()));
        let roles = directory.roles(account);
        let roles = roles
            .filter(|role| is_meant("Role", &role.path, &role.attached, role.boundary.as_deref()));
        let group = |group: &Arc<GroupRecord>| PolicyGroupView {
            group_name: Arc::clone(&group.name),
            group_id: Arc::clone(&group.id),
        };
        let user = |user: &Arc<UserRecord>| PolicyUserView {
            user_name: Arc::clone(&user.name),
            user_id: Arc::clone(&user.id),
        };
        let role = |role: &Arc<RoleRecord>| PolicyRoleView {
            role_name: Arc::clone(&role.name),
            role_id: Arc::clone(&role.id),
        };
        let reply = IdentityReply::Entities {
            policy_groups: groups.map(group).collect(),
            policy_users: users.map(user).collect(),
            policy_roles: roles.map(role).collect(),
        };
        Ok((Vec::new(), reply))
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

/// A value that has to be one of these, if it is given.
fn one_of<'v>(
    member: &str,
    given: Option<&'v str>,
    known: &[&str],
) -> Result<Option<&'v str>, IdentityFault> {
    match given.filter(|given| !known.contains(given)) {
        None => Ok(given),
        Some(given) => Err(IdentityFault::Validation(format!(
            "1 validation error detected: Value '{given}' at '{member}' failed to satisfy \
             constraint: Member must satisfy enum value set: [{}]",
            known.join(", ")
        ))),
    }
}
