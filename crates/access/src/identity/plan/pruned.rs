//! What a document does not name, and takes away.

use super::{Planner, Steps};
use crate::identity::record::{Folded, KeyOwner};
use crate::identity::request::*;

impl Planner<'_> {
    /// Deletes what the document does not name, users and roles first, as the others hang on them.
    pub(super) fn pruned(&self, steps: &mut Steps) {
        let (directory, account) = (self.directory, &*self.account);
        for user in directory.users(account) {
            if named(self.entry.user.iter().map(|user| &user.name), &user.name) {
                continue;
            }
            let user_name = || user.name.to_string();
            for key in directory.keys_of(account, &KeyOwner::User(Folded::of(&user.name))) {
                let (user_name, access_key_id) = (Some(user_name()), key.id.to_string());
                let request = DeleteAccessKey { user_name, root: false, access_key_id };
                self.step(&mut steps.keys_gone, request);
            }
            for policy_name in user.policies.keys().map(ToString::to_string) {
                self.step(
                    &mut steps.gone,
                    DeleteUserPolicy { user_name: user_name(), policy_name },
                );
            }
            for policy_arn in user.attached.iter().map(ToString::to_string) {
                self.step(&mut steps.gone, DetachUserPolicy { user_name: user_name(), policy_arn });
            }
            for group in &user.groups {
                let group_name = group.as_str().to_owned();
                let request = RemoveUserFromGroup { group_name, user_name: user_name() };
                self.step(&mut steps.gone, request);
            }
            self.step(&mut steps.gone, DeleteUser { user_name: user_name() });
        }
        for role in directory.roles(account) {
            if named(self.entry.role.iter().map(|role| &role.name), &role.name) {
                continue;
            }
            let role_name = || role.name.to_string();
            for policy_name in role.policies.keys().map(ToString::to_string) {
                self.step(
                    &mut steps.gone,
                    DeleteRolePolicy { role_name: role_name(), policy_name },
                );
            }
            for policy_arn in role.attached.iter().map(ToString::to_string) {
                self.step(&mut steps.gone, DetachRolePolicy { role_name: role_name(), policy_arn });
            }
            self.step(&mut steps.gone, DeleteRole { role_name: role_name() });
        }
        for group in directory.groups(account) {
            if named(self.entry.group.iter().map(|group| &group.name), &group.name) {
                continue;
            }
            let group_name = || group.name.to_string();
            for policy_name in group.policies.keys().map(ToString::to_string) {
                let request = DeleteGroupPolicy { group_name: group_name(), policy_name };
                self.step(&mut steps.gone, request);
            }
            for policy_arn in group.attached.iter().map(ToString::to_string) {
                let request = DetachGroupPolicy { group_name: group_name(), policy_arn };
                self.step(&mut steps.gone, request);
            }
            self.step(&mut steps.gone, DeleteGroup { group_name: group_name() });
        }
        for policy in directory.policies(account) {
            if !named(self.entry.policy.iter().map(|policy| &policy.name), &policy.name) {
                let policy_arn = policy.arn(account);
                self.step(&mut steps.gone, DeletePolicy { policy_arn });
            }
        }
    }
}

fn named<'a>(mut names: impl Iterator<Item = &'a String>, name: &str) -> bool {
    names.any(|named| named.eq_ignore_ascii_case(name))
}
