//! A document as an operation among the others: it is asked for, judged, committed and answered as
//! they are, so that an import from outside is one request and one commit.

use super::apply::{Applied, Setting};
use super::directory::Directory;
use super::fault::IdentityFault;
use super::plan::{PlanError, Unnamed, carry_out};
use super::reply::{IdentityReply, ImportStepView};
use super::request::ImportIdentities;

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
        let unnamed = if request.prune { Unnamed::Pruned } else { Unnamed::Kept };
        let steps = document.plan(self, setting.keyring, unnamed).map_err(refusal)?;
        let mut done = Vec::new();
        let mut index = 0;
        let changes = carry_out(self, steps, |directory, step| {
            let resource = step.request.resource(directory, &step.account, None);
            let operation = step.request.operation();
            let fresh = setting.fresh.nth(index);
            index += 1;
            let setting = Setting { account: &step.account, fresh: &fresh, ..*setting };
            let (changes, _) = directory
                .apply(&step.request, &setting)
                .map_err(|fault| fault.at(&format!("{operation} {resource}")))?;
            if !changes.is_empty() {
                done.push(ImportStepView { operation, resource });
            }
            Ok(changes)
        })
        .map_err(refusal)?;
        let changes = if request.dry_run { Vec::new() } else { changes };
        Ok((changes, IdentityReply::Imported { steps: done }))
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
