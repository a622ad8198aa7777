//! A document as an operation among the others: it is asked for, judged, committed and answered as
//! they are, so that an import from outside is one request and one commit.

use super::apply::{Applied, Setting};
use super::change::Change;
use super::directory::{Directory, Role};
use super::document::AccountEntry;
use super::fault::IdentityFault;
use super::judge::Asker;
use super::plan::{Plan, PlanError, Unnamed, carry_out};
use super::record::{Folded, KeyOwner, RoleRecord};
use super::reply::{IdentityReply, ImportStepView};
use super::request::{IdentityRequest, ImportAccessKey, ImportIdentities};
use crate::caller::PrincipalKind;
use std::sync::Arc;

impl Directory {
    /// Looks at an import: what it changes, and by which operations. Whoever asks from outside has
    /// no account but their own.
    pub(super) fn import(&self, request: &ImportIdentities, setting: &Setting<'_>) -> Applied {
        let document = &request.document;
        if let Some(caller) = setting.caller
            && let Some(other) = document.account.iter().find(|entry| entry.id != setting.account)
        {
            return Err(IdentityFault::AccessDenied(format!(
                "User: {} is not authorized to import identities of account {}",
                caller.arn, other.id
            )));
        }
        if let Some(principal) = setting.caller {
            // Before their secrets are compared: those of the root, policies do not give.
            if principal.kind != PrincipalKind::Account
                && document.account.iter().any(|entry| !entry.root_key.is_empty())
            {
                return Err(IdentityFault::of_the_root_alone(&principal.arn));
            }
            let Setting { origin, region, now, .. } = *setting;
            let asker = Asker { principal, account: setting.account, origin, region, now };
            // That a secret is the one that is there needs no step, and would tell who guesses it.
            // Where there is no such key in the account there is a step, which is judged as the
            // others are: judged here, a key of another account would be told by what is denied first.
            let is_there = |import: &ImportAccessKey| {
                let key = self.key(&import.access_key_id);
                key.is_some_and(|key| *key.account == *setting.account)
            };
            let mut there = document.account.iter().flat_map(imported_keys).collect::<Vec<_>>();
            there.retain(is_there);
            for import in there.into_iter().map(IdentityRequest::from) {
                if let Some(fault) = import.judge(self, &asker)?.refusal(principal) {
                    return Err(fault);
                }
            }
        }
        let unnamed = if request.prune { Unnamed::Pruned } else { Unnamed::Kept };
        let Plan { steps, skipped_keys } =
            document.plan(self, setting.keyring, unnamed).map_err(refusal)?;
        let mut done = Vec::new();
        let mut trusting = Vec::new();
        let mut index = 0;
        let (mut changes, after) = carry_out(self, steps, |directory, step| {
            if let Some(principal) = setting.caller {
                // As if it were asked for alone; but with the rights from before the import, of
                // which no step takes or gives any.
                let Setting { origin, region, now, .. } = *setting;
                let asker = Asker { principal, account: &step.account, origin, region, now };
                if let Some(fault) = step.request.judge(directory, &asker)?.refusal(principal) {
                    return Err(fault);
                }
            }
            let resource = step.request.resource(directory, &step.account, None);
            let operation = step.request.operation();
            let fresh = setting.fresh.nth(index);
            index += 1;
            let account = &step.account;
            let setting = Setting { account, fresh: &fresh, names_follow: true, ..*setting };
            let (changes, _) = directory.apply(&step.request, &setting).map_err(|fault| {
                let fault = without_room(fault, &step.request, directory, &setting);
                fault.at(&format!("{operation} {resource}"))
            })?;
            if let Some(role) = trusting_role(&step.request) {
                trusting.push((Arc::clone(account), role.to_owned(), operation, resource.clone()));
            }
            if !changes.is_empty() {
                let about = step.request.about().map(str::to_owned);
                done.push(ImportStepView { operation, resource, about });
            }
            Ok(changes)
        })
        .map_err(refusal)?;
        // Roles may trust those who were made after them, and not those who have gone.
        for (account, role, operation, resource) in trusting {
            let settled = after
                .settled(&account, &role)
                .map_err(|fault| fault.at(&format!("{operation} {resource}")))?;
            changes.extend(settled.map(|role| Change::PutRole(account, role)));
        }
        let changes = if request.dry_run { Vec::new() } else { changes };
        Ok((changes, IdentityReply::Imported { steps: done, skipped_keys }))
    }

    /// A role with the ids of those whom it trusts. None, if it has them or has gone.
    fn settled(&self, account: &str, role: &str) -> Result<Option<RoleRecord>, IdentityFault> {
        let role = self.accounts.get(account).and_then(|entry| entry.roles.get(&Folded::of(role)));
        let Some(Role { record, trust, .. }) = role else { return Ok(None) };
        let trusted = self.trusted(trust)?;
        if record.trusted == trusted {
            return Ok(None);
        }
        Ok(Some(RoleRecord { trusted, ..RoleRecord::clone(record) }))
    }
}

/// What it would take to import each key that a document names.
fn imported_keys(account: &AccountEntry) -> impl Iterator<Item = ImportAccessKey> {
    let of_users = account
        .user
        .iter()
        .flat_map(|user| user.key.iter().map(|key| (Some(user.name.clone()), key)));
    let of_root = account.root_key.iter().map(|key| (None, key));
    of_users.chain(of_root).map(|(user_name, key)| ImportAccessKey {
        root: user_name.is_none(),
        user_name,
        access_key_id: key.id.clone(),
        ..ImportAccessKey::default()
    })
}

/// Says which keys leave no room for one, and what to do. Through a server, it tells no more than the
/// operation alone would: not everybody may know somebody's keys who may import one.
fn without_room(
    fault: IdentityFault,
    request: &IdentityRequest,
    directory: &Directory,
    setting: &Setting<'_>,
) -> IdentityFault {
    let (IdentityFault::LimitExceeded(text), IdentityRequest::ImportAccessKey(import), None) =
        (&fault, request, setting.caller)
    else {
        return fault;
    };
    let owner = match &import.user_name {
        Some(name) => KeyOwner::User(Folded::of(name)),
        None => KeyOwner::Root,
    };
    let known: Vec<&str> = directory.keys_of(setting.account, &owner).map(|key| &*key.id).collect();
    let (id, known) = (&import.access_key_id, known.join(" and "));
    IdentityFault::LimitExceeded(format!(
        "{text}. There are {known} already, so there is no room for {id}: delete one of them \
         (delete-access-key), or take {id} out of the document"
    ))
}

/// The role that an operation makes, or whose trust policy it replaces.
fn trusting_role(request: &IdentityRequest) -> Option<&str> {
    if let IdentityRequest::CreateRole(request) = request {
        Some(&request.role_name)
    } else if let IdentityRequest::UpdateAssumeRolePolicy(request) = request {
        Some(&request.role_name)
    } else {
        None
    }
}

/// Why a document cannot be followed, in IAM's words.
fn refusal(error: PlanError) -> IdentityFault {
    match error {
        PlanError::Refused { fault, .. } => fault,
        PlanError::Twice { .. }
        | PlanError::Path { .. }
        | PlanError::UnknownPolicy(_)
        | PlanError::NoSecret(_) => IdentityFault::InvalidInput(error.to_string()),
        // What is stored does not open or makes no sense: not the document's fault.
        PlanError::Sealed(..) | PlanError::Unreadable(_) => IdentityFault::ServiceFailure,
    }
}

#[cfg(test)]
mod tests;
