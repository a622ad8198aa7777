//! Roles.

use super::difference::{documents, gone, tags_to};
use super::{PlanError, Planner, Steps, check_path};
use crate::identity::document::RoleEntry;
use crate::identity::limits;
use crate::identity::request::*;

impl Planner<'_> {
    pub(super) fn role(&self, role: &RoleEntry, steps: &mut Steps) -> Result<(), PlanError> {
        let known = self.directory.role(&self.account, &role.name);
        let role_name = || role.name.clone();
        let wanted_boundary = self.arn(role.boundary.as_deref())?;
        let seconds = role.max_session_duration.unwrap_or(limits::SESSION_SECONDS_DEFAULT);
        match known {
            None => self.step(
                &mut steps.made,
                CreateRole {
                    path: role.path.clone(),
                    role_name: role_name(),
                    assume_role_policy_document: role.trust.to_string(),
                    description: Some(role.description.clone()),
                    max_session_duration: Some(seconds),
                    permissions_boundary: wanted_boundary.as_deref().map(str::to_owned),
                    ..CreateRole::default()
                },
            ),
            Some(known) => {
                check_path("role", &role.name, role.path.as_deref(), &known.path)?;
                if known.trust != role.trust {
                    let policy_document = role.trust.to_string();
                    let request =
                        UpdateAssumeRolePolicy { role_name: role_name(), policy_document };
                    self.step(&mut steps.made, request);
                }
                if *known.description != *role.description || known.session_seconds_max != seconds {
                    let request = UpdateRole {
                        role_name: role_name(),
                        description: Some(role.description.clone()),
                        max_session_duration: Some(seconds),
                    };
                    self.step(&mut steps.made, request);
                }
            }
        }
        let is_known = known.is_some();
        let known = known.map(|known| (**known).clone());
        let (tags, policies, attached, boundary) = match known {
            Some(known) => (known.tags, known.policies, known.attached, known.boundary),
            None => Default::default(),
        };
        // In force before anything is given that it bounds. One that is made has it from the start.
        if let Some(arn) = &wanted_boundary
            && is_known
            && boundary.as_ref() != Some(arn)
        {
            let (permissions_boundary, role_name) = (arn.to_string(), role_name());
            let request = PutRolePermissionsBoundary { role_name, permissions_boundary };
            self.step(&mut steps.made, request);
        }
        let (tag_keys, set) = tags_to(&tags, &role.tags);
        if !tag_keys.is_empty() {
            self.step(&mut steps.made, UntagRole { role_name: role_name(), tag_keys });
        }
        if !set.is_empty() {
            self.step(&mut steps.made, TagRole { role_name: role_name(), tags: set });
        }
        let wanted = self.arns(&role.attached)?;
        for policy_arn in gone(&attached, &wanted) {
            self.step(&mut steps.made, DetachRolePolicy { role_name: role_name(), policy_arn });
        }
        for policy_arn in gone(&wanted, &attached) {
            self.step(&mut steps.made, AttachRolePolicy { role_name: role_name(), policy_arn });
        }
        let (deleted, put) = documents(&policies, &role.policies);
        for policy_name in deleted {
            self.step(&mut steps.made, DeleteRolePolicy { role_name: role_name(), policy_name });
        }
        for (policy_name, policy_document) in put {
            let request = PutRolePolicy { role_name: role_name(), policy_name, policy_document };
            self.step(&mut steps.made, request);
        }
        if wanted_boundary.is_none() && boundary.is_some() {
            let request = DeleteRolePermissionsBoundary { role_name: role_name() };
            self.step(&mut steps.made, request);
        }
        Ok(())
    }
}
