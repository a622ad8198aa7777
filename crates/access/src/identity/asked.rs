//! What conditions see of an operation's members: the keys by which somebody is let administer a
//! part of the identities, and not their own rights.
//!
//! Invariant: the match over operations has no wildcard, so a new one does not compile without its
//! row. Where a key is absent, negated operators hold.

use super::directory::Directory;
use super::limits;
use super::request::{IdentityRequest, Tag};
use crate::check::{ServiceKey, ServiceValues};

/// See the module. What an operation does not have is empty.
pub(super) struct Asked<'a> {
    /// The managed policy that it attaches or detaches.
    policy: Option<&'a str>,
    boundary: Boundary<'a>,
    /// The tags that it gives.
    tags: &'a [Tag],
    /// The keys of the tags that it takes away.
    untagged: &'a [String],
}

/// The permissions boundary that counts.
enum Boundary<'a> {
    /// The one that is given, if there is one.
    Given(Option<&'a str>),
    /// The one that a user of that name has.
    OfUser(&'a str),
    /// The one that a role of that name has.
    OfRole(&'a str),
}

impl<'a> Asked<'a> {
    /// What a request has.
    pub fn of(request: &'a IdentityRequest) -> Asked<'a> {
        use IdentityRequest as R;
        let nothing =
            Asked { policy: None, boundary: Boundary::Given(None), tags: &[], untagged: &[] };
        match request {
            R::CreateUser(r) => Asked {
                boundary: Boundary::Given(r.permissions_boundary.as_deref()),
                tags: &r.tags,
                ..nothing
            },
            R::CreateRole(r) => Asked {
                boundary: Boundary::Given(r.permissions_boundary.as_deref()),
                tags: &r.tags,
                ..nothing
            },
            R::TagUser(r) => Asked { tags: &r.tags, ..nothing },
            R::UntagUser(r) => Asked { untagged: &r.tag_keys, ..nothing },
            R::TagRole(r) => Asked { tags: &r.tags, ..nothing },
            R::UntagRole(r) => Asked { untagged: &r.tag_keys, ..nothing },
            R::PutUserPermissionsBoundary(r) => {
                Asked { boundary: Boundary::Given(Some(&r.permissions_boundary)), ..nothing }
            }
            R::PutRolePermissionsBoundary(r) => {
                Asked { boundary: Boundary::Given(Some(&r.permissions_boundary)), ..nothing }
            }
            R::DeleteUserPermissionsBoundary(r) => {
                Asked { boundary: Boundary::OfUser(&r.user_name), ..nothing }
            }
            R::PutUserPolicy(r) => Asked { boundary: Boundary::OfUser(&r.user_name), ..nothing },
            R::DeleteUserPolicy(r) => Asked { boundary: Boundary::OfUser(&r.user_name), ..nothing },
            R::DeleteRolePermissionsBoundary(r) => {
                Asked { boundary: Boundary::OfRole(&r.role_name), ..nothing }
            }
            R::PutRolePolicy(r) => Asked { boundary: Boundary::OfRole(&r.role_name), ..nothing },
            R::DeleteRolePolicy(r) => Asked { boundary: Boundary::OfRole(&r.role_name), ..nothing },
            R::AttachUserPolicy(r) => Asked {
                policy: Some(&r.policy_arn),
                boundary: Boundary::OfUser(&r.user_name),
                ..nothing
            },
            R::AttachRolePolicy(r) => Asked {
                policy: Some(&r.policy_arn),
                boundary: Boundary::OfRole(&r.role_name),
                ..nothing
            },
            R::AttachGroupPolicy(r) => Asked { policy: Some(&r.policy_arn), ..nothing },
            R::DetachUserPolicy(r) => Asked {
                policy: Some(&r.policy_arn),
                boundary: Boundary::OfUser(&r.user_name),
                ..nothing
            },
            R::DetachRolePolicy(r) => Asked {
                policy: Some(&r.policy_arn),
                boundary: Boundary::OfRole(&r.role_name),
                ..nothing
            },
            R::DetachGroupPolicy(r) => Asked { policy: Some(&r.policy_arn), ..nothing },
            R::DeleteUser(_)
            | R::GetUser(_)
            | R::ListUsers(_)
            | R::CreateAccessKey(_)
            | R::ImportAccessKey(_)
            | R::UpdateAccessKey(_)
            | R::DeleteAccessKey(_)
            | R::ListAccessKeys(_)
            | R::GetAccessKeyLastUsed(_)
            | R::GetUserPolicy(_)
            | R::ListUserPolicies(_)
            | R::ListAttachedUserPolicies(_)
            | R::CreateGroup(_)
            | R::DeleteGroup(_)
            | R::GetGroup(_)
            | R::ListGroups(_)
            | R::AddUserToGroup(_)
            | R::RemoveUserFromGroup(_)
            | R::ListGroupsForUser(_)
            | R::PutGroupPolicy(_)
            | R::GetGroupPolicy(_)
            | R::DeleteGroupPolicy(_)
            | R::ListGroupPolicies(_)
            | R::ListAttachedGroupPolicies(_)
            | R::DeleteRole(_)
            | R::GetRole(_)
            | R::ListRoles(_)
            | R::UpdateRole(_)
            | R::UpdateAssumeRolePolicy(_)
            | R::GetRolePolicy(_)
            | R::ListRolePolicies(_)
            | R::ListAttachedRolePolicies(_)
            | R::CreatePolicy(_)
            | R::UpdatePolicy(_)
            | R::DeletePolicy(_)
            | R::GetPolicy(_)
            | R::ListPolicies(_)
            | R::ListEntitiesForPolicy(_)
            | R::SimulatePrincipalPolicy(_)
            | R::AssumeRole(_)
            | R::GetCallerIdentity(_)
            | R::ImportIdentities(_)
            | R::CreateAccount(_)
            | R::DeleteAccount(_)
            | R::ListAccounts(_) => nothing,
        }
    }

    /// Whether there is no more of it than a request can have that is carried out. Every pattern of
    /// the policies is compared with all of it, before anybody looks whether it makes sense.
    pub fn is_bounded(&self) -> bool {
        let given = match self.boundary {
            Boundary::Given(boundary) => boundary,
            Boundary::OfUser(_) | Boundary::OfRole(_) => None,
        };
        let tags = self.tags.iter().flat_map(|tag| [&tag.key, &tag.value]).chain(self.untagged);
        let mut texts = tags.map(String::as_str).chain(self.policy).chain(given);
        self.tags.len().max(self.untagged.len()) <= limits::TAGS_MAX
            && texts.all(|text| text.len() <= limits::RESOURCE_BYTES_MAX)
    }

    /// `iam:PolicyARN` and `iam:PermissionsBoundary`.
    pub fn values<'v>(&self, directory: &'v Directory, account: &str) -> ServiceValues<'v>
    where
        'a: 'v,
    {
        let boundary = match self.boundary {
            Boundary::Given(boundary) => boundary,
            Boundary::OfUser(name) => {
                directory.user(account, name).and_then(|user| user.boundary.as_deref())
            }
            Boundary::OfRole(name) => {
                directory.role(account, name).and_then(|role| role.boundary.as_deref())
            }
        };
        let mut values = ServiceValues::default();
        values.set(ServiceKey::PolicyArn, self.policy);
        values.set(ServiceKey::PermissionsBoundary, boundary);
        values
    }

    /// `aws:RequestTag`.
    pub fn request_tags(&self) -> Vec<(&'a str, &'a str)> {
        self.tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())).collect()
    }

    /// `aws:TagKeys`.
    pub fn tag_keys(&self) -> Vec<&'a str> {
        let given = self.tags.iter().map(|tag| tag.key.as_str());
        given.chain(self.untagged.iter().map(String::as_str)).collect()
    }
}
