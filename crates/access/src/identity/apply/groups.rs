//! Groups, and who is in them.

use super::*;
use crate::identity::reply::{GroupView, UserView};
use crate::identity::request::{CreateGroup, ListGroups};

impl Draft<'_> {
    pub(super) fn create_group(&self, request: &CreateGroup) -> Applied {
        let name = request.group_name.as_str();
        names::check_long_name("groupName", name)?;
        let path = path_of(request.path.as_deref())?;
        let account = self.account();
        if self.directory.group(&account, name).is_some() {
            return Err(IdentityFault::taken("Group", name));
        }
        if self.directory.groups(&account).count() >= limits::GROUPS_MAX {
            return Err(IdentityFault::quota("GroupsPerAccount", limits::GROUPS_MAX));
        }
        let group = GroupRecord {
            name: name.into(),
            path,
            id: self.setting.fresh.id("AGPA").into(),
            created_at: self.setting.now,
            policies: Documents::new(),
            attached: BTreeSet::new(),
        };
        let view = GroupView::new(&account, &group);
        let reply = IdentityReply::Group { group: view, users: Vec::new() };
        Ok((vec![Change::PutGroup(account, group)], reply))
    }

    pub(super) fn delete_group(&self, name: &str) -> Applied {
        let group = self.group(name)?;
        let conflict = |what: &str| {
            Err(IdentityFault::DeleteConflict(format!("Cannot delete entity, must {what} first.")))
        };
        if self.members(name).next().is_some() {
            return conflict("remove users from group");
        }
        if !group.policies.is_empty() {
            return conflict("delete policies");
        }
        if !group.attached.is_empty() {
            return conflict("detach all policies");
        }
        done(vec![Change::DeleteGroup(self.account(), Folded::of(name))])
    }

    pub(super) fn get_group(&self, name: &str) -> Applied {
        let account = self.setting.account;
        let group = GroupView::new(account, self.group(name)?);
        let users = self.members(name).map(|user| UserView::new(account, user)).collect();
        Ok((Vec::new(), IdentityReply::Group { group, users }))
    }

    pub(super) fn list_groups(&self, request: &ListGroups) -> Applied {
        let account = self.setting.account;
        let prefix = request.path_prefix.as_deref().unwrap_or("/");
        let groups = self.directory.groups(account).filter(|group| group.path.starts_with(prefix));
        let entries =
            groups.map(|group| (group.name.to_ascii_lowercase(), GroupView::new(account, group)));
        let (groups, page) = page(entries, request.marker.as_deref(), request.max_items)?;
        Ok((Vec::new(), IdentityReply::Groups { groups, page }))
    }

    pub(super) fn add_to_group(&self, group_name: &str, user_name: &str) -> Applied {
        self.group(group_name)?;
        let user = self.user(user_name)?;
        let mut after = UserRecord::clone(user);
        after.groups.insert(Folded::of(group_name));
        if after.groups.len() > limits::GROUPS_PER_USER_MAX {
            return Err(IdentityFault::quota("GroupsPerUser", limits::GROUPS_PER_USER_MAX));
        }
        self.put_user(user, after)
    }

    pub(super) fn remove_from_group(&self, group_name: &str, user_name: &str) -> Applied {
        self.group(group_name)?;
        let user = self.user(user_name)?;
        let mut after = UserRecord::clone(user);
        if !after.groups.remove(&Folded::of(group_name)) {
            return Err(IdentityFault::NoSuchEntity(format!(
                "User {user_name} is not in group {group_name}."
            )));
        }
        self.put_user(user, after)
    }

    pub(super) fn groups_of(&self, user_name: &str) -> Applied {
        let account = self.setting.account;
        let names = &self.user(user_name)?.groups;
        let groups = names.iter().filter_map(|name| self.directory.group(account, name.as_str()));
        let groups = groups.map(|group| GroupView::new(account, group)).collect();
        Ok((Vec::new(), IdentityReply::Groups { groups, page: Page::default() }))
    }

    fn members(&self, group_name: &str) -> impl Iterator<Item = &Arc<UserRecord>> {
        let group = Folded::of(group_name);
        self.directory.users(self.setting.account).filter(move |user| user.groups.contains(&group))
    }
}
