//! Roles.

use super::users::no_boundary;
use super::*;
use crate::identity::record::root_arn;
use crate::identity::reply::RoleView;
use crate::identity::request::{
    CreateRole, ListRoles, TagRole, UntagRole, UpdateAssumeRolePolicy, UpdateRole,
};
use crate::policy::{TrustPolicy, TrustedIds};

impl Draft<'_> {
    pub(super) fn create_role(&self, request: &CreateRole) -> Applied {
        let name = request.role_name.as_str();
        names::check_name("roleName", name)?;
        let path = path_of(request.path.as_deref())?;
        let description = request.description.as_deref().unwrap_or_default();
        names::check_description(description)?;
        let trust = read_trust(&request.assume_role_policy_document)?;
        let session_seconds_max = check_seconds(request.max_session_duration)?;
        let tags = tagged(&Tags::new(), &request.tags)?;
        let account = self.account();
        if self.directory.role(&account, name).is_some() {
            return Err(IdentityFault::taken("Role", name));
        }
        if self.directory.roles(&account).count() >= limits::ROLES_MAX {
            return Err(IdentityFault::quota("RolesPerAccount", limits::ROLES_MAX));
        }
        let role = RoleRecord {
            name: name.into(),
            path,
            id: self.setting.fresh.id("AROA").into(),
            created_at: self.setting.now,
            description: description.into(),
            trust: request.assume_role_policy_document.as_str().into(),
            trusted: self.trusted(&trust)?,
            session_seconds_max: session_seconds_max.unwrap_or(limits::SESSION_SECONDS_DEFAULT),
            tags,
            policies: Documents::new(),
            attached: BTreeSet::new(),
            boundary: self.boundary(request.permissions_boundary.as_deref())?,
        };
        let reply = IdentityReply::Role { role: RoleView::new(&account, &role) };
        Ok((vec![Change::PutRole(account, role)], reply))
    }

    pub(super) fn delete_role(&self, name: &str) -> Applied {
        let role = self.role(name)?;
        let conflict = |what: &str| {
            Err(IdentityFault::DeleteConflict(format!("Cannot delete entity, must {what} first.")))
        };
        if !role.policies.is_empty() {
            return conflict("delete policies");
        }
        if !role.attached.is_empty() {
            return conflict("detach all policies");
        }
        done(vec![Change::DeleteRole(self.account(), Folded::of(name))])
    }

    pub(super) fn get_role(&self, name: &str) -> Applied {
        let role = RoleView::new(self.setting.account, self.role(name)?);
        Ok((Vec::new(), IdentityReply::Role { role }))
    }

    pub(super) fn list_roles(&self, request: &ListRoles) -> Applied {
        let account = self.setting.account;
        let prefix = request.path_prefix.as_deref().unwrap_or("/");
        let roles = self.directory.roles(account).filter(|role| role.path.starts_with(prefix));
        let entries =
            roles.map(|role| (role.name.to_ascii_lowercase(), RoleView::new(account, role)));
        let (roles, page) = page(entries, request.marker.as_deref(), request.max_items)?;
        Ok((Vec::new(), IdentityReply::Roles { roles, page }))
    }

    /// What a request leaves out stays.
    pub(super) fn update_role(&self, request: &UpdateRole) -> Applied {
        let role = self.role(&request.role_name)?;
        let mut after = RoleRecord::clone(role);
        if let Some(description) = &request.description {
            names::check_description(description)?;
            after.description = description.as_str().into();
        }
        if let Some(seconds) = check_seconds(request.max_session_duration)? {
            after.session_seconds_max = seconds;
        }
        self.put_role(role, after)
    }

    pub(super) fn update_trust(&self, request: &UpdateAssumeRolePolicy) -> Applied {
        let role = self.role(&request.role_name)?;
        let trusted = self.trusted(&read_trust(&request.policy_document)?)?;
        let trust = request.policy_document.as_str().into();
        self.put_role(role, RoleRecord { trust, trusted, ..RoleRecord::clone(role) })
    }

    pub(super) fn tag_role(&self, request: &TagRole) -> Applied {
        let role = self.role(&request.role_name)?;
        let tags = tagged(&role.tags, &request.tags)?;
        self.put_role(role, RoleRecord { tags, ..RoleRecord::clone(role) })
    }

    pub(super) fn untag_role(&self, request: &UntagRole) -> Applied {
        let role = self.role(&request.role_name)?;
        let tags = untagged(&role.tags, &request.tag_keys)?;
        self.put_role(role, RoleRecord { tags, ..RoleRecord::clone(role) })
    }

    pub(super) fn bound_role(&self, name: &str, arn: Option<&str>) -> Applied {
        let role = self.role(name)?;
        if arn.is_none() && role.boundary.is_none() {
            return Err(no_boundary("role", name));
        }
        let boundary = self.boundary(arn)?;
        self.put_role(role, RoleRecord { boundary, ..RoleRecord::clone(role) })
    }

    fn trusted(&self, trust: &TrustPolicy) -> Result<TrustedIds, IdentityFault> {
        match self.setting.names_follow {
            true => Ok(TrustedIds::new()),
            false => self.directory.trusted(trust),
        }
    }

    fn put_role(&self, before: &RoleRecord, after: RoleRecord) -> Applied {
        if *before == after {
            return done(Vec::new());
        }
        done(vec![Change::PutRole(self.account(), after)])
    }
}

impl Directory {
    /// Who has the names of a trust policy now. Refuses one that names somebody who is not there, as
    /// AWS does: whoever is made under the name later would be let in, and a typing error stays
    /// unseen. An account that is not there is nobody, too: no caller can come from it.
    pub(in crate::identity) fn trusted(
        &self,
        trust: &TrustPolicy,
    ) -> Result<TrustedIds, IdentityFault> {
        let nobody = |arn: &str| {
            let text = format!("Invalid principal in policy: \"AWS\":\"{arn}\"");
            IdentityFault::MalformedPolicyDocument(text)
        };
        if let Some(account) = trust.accounts().find(|id| self.account(id).is_none()) {
            return Err(nobody(&root_arn(account)));
        }
        let id = |arn: &str| Ok((arn.into(), self.id_of(arn).ok_or_else(|| nobody(arn))?));
        trust.named().map(id).collect()
    }
}

fn read_trust(document: &str) -> Result<TrustPolicy, IdentityFault> {
    if limits::counted_chars(document) > limits::TRUST_CHARS_MAX {
        return Err(IdentityFault::quota("ACLSizePerRole", limits::TRUST_CHARS_MAX));
    }
    TrustPolicy::parse(document)
        .map_err(|error| IdentityFault::MalformedPolicyDocument(error.to_string()))
}

fn check_seconds(given: Option<u32>) -> Result<Option<u32>, IdentityFault> {
    let allowed = limits::SESSION_SECONDS_DEFAULT..=limits::SESSION_SECONDS_MAX;
    match given {
        Some(seconds) if !allowed.contains(&seconds) => Err(IdentityFault::Validation(format!(
            "1 validation error detected: Value '{seconds}' at 'maxSessionDuration' failed to \
             satisfy constraint: Member must have value between {} and {}",
            limits::SESSION_SECONDS_DEFAULT,
            limits::SESSION_SECONDS_MAX
        ))),
        Some(_) | None => Ok(given),
    }
}
