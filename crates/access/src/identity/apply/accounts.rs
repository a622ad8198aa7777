//! Accounts. They are made and deleted by whoever administers the data directory: an administrator
//! of one account has no power over another.

use super::*;
use crate::identity::record::AccountRecord;
use crate::identity::reply::AccountView;
use crate::identity::request::{CreateAccount, ListAccounts};

impl Draft<'_> {
    pub(super) fn create_account(&self, request: &CreateAccount) -> Applied {
        self.check_local()?;
        let id = request.account_id.as_str();
        names::check_account(id)?;
        let name = request.account_name.as_deref().unwrap_or_default();
        names::check_description(name)?;
        if self.directory.account(id).is_some() {
            return Err(IdentityFault::EntityAlreadyExists(format!(
                "Account {id} already exists."
            )));
        }
        if self.directory.accounts().count() >= limits::ACCOUNTS_MAX {
            return Err(IdentityFault::quota("Accounts", limits::ACCOUNTS_MAX));
        }
        let account =
            AccountRecord { id: id.into(), name: name.into(), created_at: self.setting.now };
        let reply = IdentityReply::Account { account: AccountView::new(&account) };
        Ok((vec![Change::PutAccount(account)], reply))
    }

    pub(super) fn delete_account(&self, id: &str) -> Applied {
        self.check_local()?;
        let Some(account) = self.directory.account(id) else {
            return Err(IdentityFault::NoSuchEntity(format!("There is no account {id}.")));
        };
        let directory = self.directory;
        if directory.users(id).next().is_some()
            || directory.groups(id).next().is_some()
            || directory.roles(id).next().is_some()
            || directory.policies(id).next().is_some()
        {
            return Err(IdentityFault::DeleteConflict(
                "Cannot delete entity, must delete users, groups, roles and policies first."
                    .to_owned(),
            ));
        }
        let keys = directory.keys_of(id, &KeyOwner::Root);
        // What is known of deleted keys stays: a document may still name the account, and them.
        let mut changes = directory.without_keys(&keys.collect::<Vec<_>>(), self.setting.now);
        changes.push(Change::DeleteAccount(Arc::clone(&account.id)));
        done(changes)
    }

    /// Whoever asks from outside sees no account but their own.
    pub(super) fn list_accounts(&self, request: &ListAccounts) -> Applied {
        let local = self.setting.caller.is_none();
        let accounts = self.directory.accounts();
        let accounts = accounts.filter(|account| local || *account.id == *self.setting.account);
        let entries = accounts.map(|account| (account.id.to_string(), AccountView::new(account)));
        let (accounts, page) = page(entries, request.marker.as_deref(), request.max_items)?;
        Ok((Vec::new(), IdentityReply::Accounts { accounts, page }))
    }

    fn check_local(&self) -> Result<(), IdentityFault> {
        match self.setting.caller {
            None => Ok(()),
            Some(caller) => Err(IdentityFault::AccessDenied(format!(
                "User: {} is not authorized to administer accounts; that is done on the data \
                 directory",
                caller.arn
            ))),
        }
    }
}
