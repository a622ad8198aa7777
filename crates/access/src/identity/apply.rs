//! What becomes of an operation: looked at purely, without carrying it out.
//!
//! Invariant: [`Directory::apply`] changes nothing; what it gives back can be folded in, all of it
//! or nothing. Whether whoever asks may do it was judged before, but for `AssumeRole`, which the
//! role's own policy decides together with the caller's.

use super::change::Change;
use super::directory::Directory;
use super::fault::IdentityFault;
use super::fresh::Fresh;
use super::limits;
use super::names;
use super::record::{
    Documents, Folded, GroupRecord, KeyOwner, PolicyRecord, RoleRecord, Tags, UserRecord,
};
use super::reply::{IdentityReply, Page};
use super::request::{IdentityRequest, Tag};
use super::sealing::Keyring;
use crate::caller::Principal;
use crate::check::Origin;
use crate::policy::{Policy, PolicyPlace};
use std::collections::BTreeSet;
use std::sync::Arc;
use wire::Timestamp;

mod accounts;
mod groups;
mod keys;
mod managed;
mod policies;
mod roles;
mod simulation;
mod sts;
mod users;

pub use simulation::Simulation;

/// With what an operation is looked at.
pub struct Setting<'a> {
    /// The account that it acts in.
    pub account: &'a str,
    /// Who asks; `None` for whoever administers the data directory itself.
    pub caller: Option<&'a Principal>,
    /// Where the request comes from.
    pub origin: Option<&'a Origin>,
    /// The region that the request is for.
    pub region: &'a str,
    /// The master keys.
    pub keyring: &'a Keyring,
    /// The time.
    pub now: Timestamp,
    /// Chance, for this operation alone.
    pub fresh: &'a Fresh,
    /// Whether secrets that are shorter than [`limits::SECRET_CHARS_MIN`] may be imported: for
    /// development.
    pub short_secrets: bool,
    /// Whether those whom a trust policy names may be made by operations that follow, and whoever
    /// carries all of them out looks at the end.
    pub names_follow: bool,
}

/// What an operation changes and answers.
pub type Applied = Result<(Vec<Change>, IdentityReply), IdentityFault>;

impl Directory {
    /// Looks at an operation: what changes by it, and what it answers.
    pub fn apply(&self, request: &IdentityRequest, setting: &Setting<'_>) -> Applied {
        let about_accounts = matches!(
            request,
            IdentityRequest::ImportIdentities(_)
                | IdentityRequest::CreateAccount(_)
                | IdentityRequest::DeleteAccount(_)
                | IdentityRequest::ListAccounts(_)
        );
        if !about_accounts && self.account(setting.account).is_none() {
            let account = setting.account;
            return Err(IdentityFault::NoSuchEntity(format!("There is no account {account}.")));
        }
        Draft { directory: self, setting }.look_at(request)
    }
}

/// An operation that is being looked at.
struct Draft<'a> {
    directory: &'a Directory,
    setting: &'a Setting<'a>,
}

impl Draft<'_> {
    fn look_at(&self, request: &IdentityRequest) -> Applied {
        use IdentityRequest as R;
        match request {
            R::CreateUser(request) => self.create_user(request),
            R::DeleteUser(request) => self.delete_user(&request.user_name),
            R::GetUser(request) => self.get_user(request.user_name.as_deref()),
            R::ListUsers(request) => self.list_users(request),
            R::TagUser(request) => self.tag_user(request),
            R::UntagUser(request) => self.untag_user(request),
            R::PutUserPermissionsBoundary(request) => {
                self.bound_user(&request.user_name, Some(&request.permissions_boundary))
            }
            R::DeleteUserPermissionsBoundary(request) => self.bound_user(&request.user_name, None),
            R::CreateAccessKey(request) => self.create_key(request),
            R::ImportAccessKey(request) => self.import_key(request),
            R::UpdateAccessKey(request) => self.update_key(request),
            R::DeleteAccessKey(request) => self.delete_key(request),
            R::ListAccessKeys(request) => self.list_keys(request),
            R::GetAccessKeyLastUsed(request) => self.key_last_used(&request.access_key_id),
            R::PutUserPolicy(request) => {
                let holder = self.user_holder(&request.user_name)?;
                self.put_policy(holder, &request.policy_name, &request.policy_document)
            }
            R::GetUserPolicy(request) => {
                self.get_policy(&self.user_holder(&request.user_name)?, &request.policy_name)
            }
            R::DeleteUserPolicy(request) => {
                self.delete_policy(self.user_holder(&request.user_name)?, &request.policy_name)
            }
            R::ListUserPolicies(request) => {
                Ok(list_policies(&self.user_holder(&request.user_name)?))
            }
            R::AttachUserPolicy(request) => {
                self.attach(self.user_holder(&request.user_name)?, &request.policy_arn)
            }
            R::DetachUserPolicy(request) => {
                self.detach(self.user_holder(&request.user_name)?, &request.policy_arn)
            }
            R::ListAttachedUserPolicies(request) => {
                self.list_attached(&self.user_holder(&request.user_name)?)
            }
            R::CreateGroup(request) => self.create_group(request),
            R::DeleteGroup(request) => self.delete_group(&request.group_name),
            R::GetGroup(request) => self.get_group(&request.group_name),
            R::ListGroups(request) => self.list_groups(request),
            R::AddUserToGroup(request) => {
                self.add_to_group(&request.group_name, &request.user_name)
            }
            R::RemoveUserFromGroup(request) => {
                self.remove_from_group(&request.group_name, &request.user_name)
            }
            R::ListGroupsForUser(request) => self.groups_of(&request.user_name),
            R::PutGroupPolicy(request) => {
                let holder = self.group_holder(&request.group_name)?;
                self.put_policy(holder, &request.policy_name, &request.policy_document)
            }
            R::GetGroupPolicy(request) => {
                self.get_policy(&self.group_holder(&request.group_name)?, &request.policy_name)
            }
            R::DeleteGroupPolicy(request) => {
                self.delete_policy(self.group_holder(&request.group_name)?, &request.policy_name)
            }
            R::ListGroupPolicies(request) => {
                Ok(list_policies(&self.group_holder(&request.group_name)?))
            }
            R::AttachGroupPolicy(request) => {
                self.attach(self.group_holder(&request.group_name)?, &request.policy_arn)
            }
            R::DetachGroupPolicy(request) => {
                self.detach(self.group_holder(&request.group_name)?, &request.policy_arn)
            }
            R::ListAttachedGroupPolicies(request) => {
                self.list_attached(&self.group_holder(&request.group_name)?)
            }
            R::CreateRole(request) => self.create_role(request),
            R::DeleteRole(request) => self.delete_role(&request.role_name),
            R::GetRole(request) => self.get_role(&request.role_name),
            R::ListRoles(request) => self.list_roles(request),
            R::UpdateRole(request) => self.update_role(request),
            R::UpdateAssumeRolePolicy(request) => self.update_trust(request),
            R::TagRole(request) => self.tag_role(request),
            R::UntagRole(request) => self.untag_role(request),
            R::PutRolePermissionsBoundary(request) => {
                self.bound_role(&request.role_name, Some(&request.permissions_boundary))
            }
            R::DeleteRolePermissionsBoundary(request) => self.bound_role(&request.role_name, None),
            R::PutRolePolicy(request) => {
                let holder = self.role_holder(&request.role_name)?;
                self.put_policy(holder, &request.policy_name, &request.policy_document)
            }
            R::GetRolePolicy(request) => {
                self.get_policy(&self.role_holder(&request.role_name)?, &request.policy_name)
            }
            R::DeleteRolePolicy(request) => {
                self.delete_policy(self.role_holder(&request.role_name)?, &request.policy_name)
            }
            R::ListRolePolicies(request) => {
                Ok(list_policies(&self.role_holder(&request.role_name)?))
            }
            R::AttachRolePolicy(request) => {
                self.attach(self.role_holder(&request.role_name)?, &request.policy_arn)
            }
            R::DetachRolePolicy(request) => {
                self.detach(self.role_holder(&request.role_name)?, &request.policy_arn)
            }
            R::ListAttachedRolePolicies(request) => {
                self.list_attached(&self.role_holder(&request.role_name)?)
            }
            R::CreatePolicy(request) => self.create_managed(request),
            R::UpdatePolicy(request) => self.update_managed(request),
            R::DeletePolicy(request) => self.delete_managed(&request.policy_arn),
            R::GetPolicy(request) => self.get_managed(&request.policy_arn),
            R::ListPolicies(request) => self.list_managed(request),
            R::ListEntitiesForPolicy(request) => self.entities(request),
            R::SimulatePrincipalPolicy(request) => {
                let Setting { account, region, now, .. } = *self.setting;
                let simulation = Simulation { account, region, now };
                Ok((Vec::new(), self.directory.simulate(request, &simulation)?))
            }
            R::AssumeRole(request) => self.assume_role(request),
            R::GetCallerIdentity(_) => self.caller_identity(),
            R::ImportIdentities(request) => self.directory.import(request, self.setting),
            R::CreateAccount(request) => self.create_account(request),
            R::DeleteAccount(request) => self.delete_account(&request.account_id),
            R::ListAccounts(request) => self.list_accounts(request),
        }
    }

    fn account(&self) -> Arc<str> {
        self.setting.account.into()
    }

    fn user(&self, name: &str) -> Result<&Arc<UserRecord>, IdentityFault> {
        names::check_name("userName", name)?;
        let user = self.directory.user(self.setting.account, name);
        user.ok_or_else(|| IdentityFault::unknown("user", name))
    }

    fn group(&self, name: &str) -> Result<&Arc<GroupRecord>, IdentityFault> {
        names::check_long_name("groupName", name)?;
        let group = self.directory.group(self.setting.account, name);
        group.ok_or_else(|| IdentityFault::unknown("group", name))
    }

    fn role(&self, name: &str) -> Result<&Arc<RoleRecord>, IdentityFault> {
        names::check_name("roleName", name)?;
        let role = self.directory.role(self.setting.account, name);
        role.ok_or_else(|| IdentityFault::unknown("role", name))
    }

    /// A managed policy of the account. Those of others cannot be used.
    fn policy(&self, arn: &str) -> Result<&Arc<PolicyRecord>, IdentityFault> {
        let policy = self.directory.policy(self.setting.account, arn);
        policy.ok_or_else(|| IdentityFault::unknown_policy(arn))
    }

    fn user_holder(&self, name: &str) -> Result<Holder, IdentityFault> {
        Ok(Holder::User(UserRecord::clone(self.user(name)?)))
    }

    fn group_holder(&self, name: &str) -> Result<Holder, IdentityFault> {
        Ok(Holder::Group(GroupRecord::clone(self.group(name)?)))
    }

    fn role_holder(&self, name: &str) -> Result<Holder, IdentityFault> {
        Ok(Holder::Role(RoleRecord::clone(self.role(name)?)))
    }
}

/// Whoever has policies, with the record as it is to be.
enum Holder {
    User(UserRecord),
    Group(GroupRecord),
    Role(RoleRecord),
}

impl Holder {
    fn what(&self) -> &'static str {
        match self {
            Holder::User(_) => "user",
            Holder::Group(_) => "group",
            Holder::Role(_) => "role",
        }
    }

    fn name(&self) -> &Arc<str> {
        match self {
            Holder::User(user) => &user.name,
            Holder::Group(group) => &group.name,
            Holder::Role(role) => &role.name,
        }
    }

    fn policies(&self) -> &Documents {
        match self {
            Holder::User(user) => &user.policies,
            Holder::Group(group) => &group.policies,
            Holder::Role(role) => &role.policies,
        }
    }

    fn policies_mut(&mut self) -> &mut Documents {
        match self {
            Holder::User(user) => &mut user.policies,
            Holder::Group(group) => &mut group.policies,
            Holder::Role(role) => &mut role.policies,
        }
    }

    fn attached(&self) -> &BTreeSet<Arc<str>> {
        match self {
            Holder::User(user) => &user.attached,
            Holder::Group(group) => &group.attached,
            Holder::Role(role) => &role.attached,
        }
    }

    fn attached_mut(&mut self) -> &mut BTreeSet<Arc<str>> {
        match self {
            Holder::User(user) => &mut user.attached,
            Holder::Group(group) => &mut group.attached,
            Holder::Role(role) => &mut role.attached,
        }
    }

    fn change(self, account: Arc<str>) -> Change {
        match self {
            Holder::User(user) => Change::PutUser(account, user),
            Holder::Group(group) => Change::PutGroup(account, group),
            Holder::Role(role) => Change::PutRole(account, role),
        }
    }
}

fn list_policies(holder: &Holder) -> (Vec<Change>, IdentityReply) {
    let policy_names = holder.policies().keys().cloned().collect();
    (Vec::new(), IdentityReply::PolicyNames { policy_names })
}

fn done(changes: Vec<Change>) -> Applied {
    Ok((changes, IdentityReply::Done {}))
}

/// Reads a document, or says why it is none.
fn read_document(document: &str, place: PolicyPlace) -> Result<Policy, IdentityFault> {
    if document.is_empty() || document.len() > limits::DOCUMENT_CHARS_MAX {
        return Err(IdentityFault::Validation(format!(
            "A policy document has 1 to {} characters.",
            limits::DOCUMENT_CHARS_MAX
        )));
    }
    Policy::parse(document, place)
        .map_err(|error| IdentityFault::MalformedPolicyDocument(error.to_string()))
}

/// The path that a request gives, or the usual one.
fn path_of(given: Option<&str>) -> Result<Arc<str>, IdentityFault> {
    let path = given.unwrap_or("/");
    names::check_path(path)?;
    Ok(path.into())
}

/// Tags with some more of them.
fn tagged(tags: &Tags, more: &[Tag]) -> Result<Tags, IdentityFault> {
    let mut tags = tags.clone();
    let mut given = BTreeSet::new();
    for tag in more {
        names::check_tag(&tag.key, &tag.value)?;
        // Conditions know no case of keys, so one key in two cases would be a way around them.
        tags.retain(|key, _| !key.eq_ignore_ascii_case(&tag.key));
        if !given.insert(tag.key.to_ascii_lowercase()) {
            return Err(IdentityFault::InvalidInput(
                "Duplicate tag keys found. Please note that Tag keys are case insensitive."
                    .to_owned(),
            ));
        }
        tags.insert(tag.key.as_str().into(), tag.value.as_str().into());
    }
    if tags.len() > limits::TAGS_MAX {
        return Err(IdentityFault::quota("TagsPerResource", limits::TAGS_MAX));
    }
    Ok(tags)
}

/// Tags without some of them.
fn untagged(tags: &Tags, keys: &[String]) -> Result<Tags, IdentityFault> {
    let mut tags = tags.clone();
    for key in keys {
        names::check_tag_key(key)?;
        tags.remove(key.as_str());
    }
    Ok(tags)
}

/// The entries of a list that a page shows, with the marker of the next. Entries are in the order
/// of their keys, and the marker is the last key shown.
fn page<T>(
    entries: impl Iterator<Item = (String, T)>,
    marker: Option<&str>,
    max_items: Option<usize>,
) -> Result<(Vec<T>, Page), IdentityFault> {
    let most = max_items.unwrap_or(limits::ITEMS_DEFAULT);
    if !(1..=limits::ITEMS_MAX).contains(&most) {
        let text = format!("MaxItems is 1 to {}.", limits::ITEMS_MAX);
        return Err(IdentityFault::Validation(text));
    }
    let mut shown = Vec::new();
    let mut last = None;
    for (key, entry) in entries {
        if marker.is_some_and(|marker| key.as_str() <= marker) {
            continue;
        }
        if shown.len() == most {
            return Ok((shown, Page { is_truncated: true, marker: last }));
        }
        last = Some(key);
        shown.push(entry);
    }
    Ok((shown, Page::default()))
}
