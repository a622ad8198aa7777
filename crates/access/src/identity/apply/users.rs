//! Users.

use super::*;
use crate::identity::reply::UserView;
use crate::identity::request::{CreateUser, ListUsers, TagUser, UntagUser};

impl Draft<'_> {
    pub(super) fn create_user(&self, request: &CreateUser) -> Applied {
        let name = request.user_name.as_str();
        names::check_name("userName", name)?;
        let path = path_of(request.path.as_deref())?;
        let tags = tagged(&Tags::new(), &request.tags)?;
        let account = self.account();
        if self.directory.user(&account, name).is_some() {
            return Err(IdentityFault::taken("User", name));
        }
        if self.directory.users(&account).count() >= limits::USERS_MAX {
            return Err(IdentityFault::quota("UsersPerAccount", limits::USERS_MAX));
        }
        let user = UserRecord {
            name: name.into(),
            path,
            id: self.setting.fresh.id("AIDA").into(),
            created_at: self.setting.now,
            tags,
            policies: Documents::new(),
            attached: BTreeSet::new(),
            boundary: self.boundary(request.permissions_boundary.as_deref())?,
            groups: BTreeSet::new(),
        };
        let reply = IdentityReply::User { user: UserView::new(&account, &user) };
        Ok((vec![Change::PutUser(account, user)], reply))
    }

    pub(super) fn delete_user(&self, name: &str) -> Applied {
        let user = self.user(name)?;
        let folded = Folded::of(name);
        let account = self.account();
        let conflict = |what: &str| {
            Err(IdentityFault::DeleteConflict(format!("Cannot delete entity, must {what} first.")))
        };
        let owner = KeyOwner::User(folded.clone());
        if self.directory.keys_of(&account, &owner).next().is_some() {
            return conflict("delete access keys");
        }
        if !user.policies.is_empty() {
            return conflict("delete policies");
        }
        if !user.attached.is_empty() {
            return conflict("detach all policies");
        }
        if !user.groups.is_empty() {
            return conflict("remove user from all groups");
        }
        done(vec![Change::DeleteUser(account, folded)])
    }

    pub(super) fn get_user(&self, name: Option<&str>) -> Applied {
        let caller = self.setting.caller.and_then(|caller| caller.user_name.as_deref());
        let Some(name) = name.or(caller) else {
            return Err(IdentityFault::Validation(
                "Must specify userName when calling with non-User credentials".to_owned(),
            ));
        };
        let user = UserView::new(self.setting.account, self.user(name)?);
        Ok((Vec::new(), IdentityReply::User { user }))
    }

    pub(super) fn list_users(&self, request: &ListUsers) -> Applied {
        let account = self.setting.account;
        let prefix = request.path_prefix.as_deref().unwrap_or("/");
        let users = self.directory.users(account).filter(|user| user.path.starts_with(prefix));
        let entries =
            users.map(|user| (user.name.to_ascii_lowercase(), UserView::new(account, user)));
        let (users, page) = page(entries, request.marker.as_deref(), request.max_items)?;
        Ok((Vec::new(), IdentityReply::Users { users, page }))
    }

    pub(super) fn tag_user(&self, request: &TagUser) -> Applied {
        let user = self.user(&request.user_name)?;
        let tags = tagged(&user.tags, &request.tags)?;
        self.put_user(user, UserRecord { tags, ..UserRecord::clone(user) })
    }

    pub(super) fn untag_user(&self, request: &UntagUser) -> Applied {
        let user = self.user(&request.user_name)?;
        let tags = untagged(&user.tags, &request.tag_keys)?;
        self.put_user(user, UserRecord { tags, ..UserRecord::clone(user) })
    }

    pub(super) fn bound_user(&self, name: &str, arn: Option<&str>) -> Applied {
        let user = self.user(name)?;
        if arn.is_none() && user.boundary.is_none() {
            return Err(no_boundary("user", name));
        }
        let boundary = self.boundary(arn)?;
        self.put_user(user, UserRecord { boundary, ..UserRecord::clone(user) })
    }

    /// A boundary that a request names: a managed policy of the account.
    pub(super) fn boundary(&self, arn: Option<&str>) -> Result<Option<Arc<str>>, IdentityFault> {
        match arn {
            None => Ok(None),
            Some(arn) => {
                self.policy(arn)?;
                Ok(Some(arn.into()))
            }
        }
    }

    /// Writes a user if something is new.
    pub(super) fn put_user(&self, before: &UserRecord, after: UserRecord) -> Applied {
        if *before == after {
            return done(Vec::new());
        }
        done(vec![Change::PutUser(self.account(), after)])
    }
}

pub(super) fn no_boundary(what: &str, name: &str) -> IdentityFault {
    IdentityFault::NoSuchEntity(format!("The {what} {name} has no permissions boundary."))
}
