//! What an operation is about beside the resource that it acts on, for those who read afterwards what
//! was done. Nothing of it is secret; it is as whoever asked has written it.

use super::request::IdentityRequest;

impl IdentityRequest {
    /// The access key, the policy or the user that it gives somebody or takes away.
    pub fn about(&self) -> Option<&str> {
        self.target_key().or_else(|| self.target_policy()).or_else(|| self.target_user())
    }

    /// The access key that it puts or changes.
    pub fn target_key(&self) -> Option<&str> {
        if let IdentityRequest::ImportAccessKey(request) = self {
            Some(&request.access_key_id)
        } else if let IdentityRequest::UpdateAccessKey(request) = self {
            Some(&request.access_key_id)
        } else if let IdentityRequest::DeleteAccessKey(request) = self {
            Some(&request.access_key_id)
        } else {
            None
        }
    }

    /// The user that it puts into a group or takes out of it.
    pub fn target_user(&self) -> Option<&str> {
        if let IdentityRequest::AddUserToGroup(request) = self {
            Some(&request.user_name)
        } else if let IdentityRequest::RemoveUserFromGroup(request) = self {
            Some(&request.user_name)
        } else {
            None
        }
    }

    /// The policy that it gives to somebody or takes away: the inline one's name, or the managed one's
    /// resource name, which may be a boundary.
    pub fn target_policy(&self) -> Option<&str> {
        use IdentityRequest as R;
        if let R::PutUserPolicy(r) = self {
            Some(&r.policy_name)
        } else if let R::PutGroupPolicy(r) = self {
            Some(&r.policy_name)
        } else if let R::PutRolePolicy(r) = self {
            Some(&r.policy_name)
        } else if let R::DeleteUserPolicy(r) = self {
            Some(&r.policy_name)
        } else if let R::DeleteGroupPolicy(r) = self {
            Some(&r.policy_name)
        } else if let R::DeleteRolePolicy(r) = self {
            Some(&r.policy_name)
        } else if let R::AttachUserPolicy(r) = self {
            Some(&r.policy_arn)
        } else if let R::AttachGroupPolicy(r) = self {
            Some(&r.policy_arn)
        } else if let R::AttachRolePolicy(r) = self {
            Some(&r.policy_arn)
        } else if let R::DetachUserPolicy(r) = self {
            Some(&r.policy_arn)
        } else if let R::DetachGroupPolicy(r) = self {
            Some(&r.policy_arn)
        } else if let R::DetachRolePolicy(r) = self {
            Some(&r.policy_arn)
        } else if let R::PutUserPermissionsBoundary(r) = self {
            Some(&r.permissions_boundary)
        } else if let R::PutRolePermissionsBoundary(r) = self {
            Some(&r.permissions_boundary)
        } else if let R::CreateUser(r) = self {
            r.permissions_boundary.as_deref()
        } else if let R::CreateRole(r) = self {
            r.permissions_boundary.as_deref()
        } else {
            None
        }
    }
}
