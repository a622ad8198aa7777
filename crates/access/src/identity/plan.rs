//! From what there is to what a document says that there is: the operations that lead there.
//!
//! Invariant: once they have been carried out, the same document asks for none.

use super::change::Change;
use super::directory::{Directory, Unreadable};
use super::document::{AccountEntry, Document};
use super::fault::IdentityFault;
use super::record::KeyOwner;
use super::reply::SkippedKeyView;
use super::request::{CreateAccount, IdentityRequest};
use super::sealing::{Keyring, OpenError};
use std::collections::BTreeSet;
use std::sync::Arc;

mod difference;
mod groups;
mod policies;
mod pruned;
mod roles;
mod users;

/// What becomes of what a document does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unnamed {
    /// It stays.
    Kept,
    /// It is deleted from the accounts that the document names; only the keys of their roots stay.
    Pruned,
}

/// An operation and the account that it acts in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// In which account.
    pub account: Arc<str>,
    /// What is asked for.
    pub request: IdentityRequest,
}

/// How a document is followed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// What is done, in this order.
    pub steps: Vec<Step>,
    /// What is not, though the document says so.
    pub skipped_keys: Vec<SkippedKeyView>,
}

/// Why a document cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Something is named twice.
    #[error("the document names the {what} {name} twice")]
    Twice {
        /// What it is.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// A path cannot be changed.
    #[error("the {what} {name} has the path {path}, which cannot be changed: delete it first")]
    Path {
        /// What it is.
        what: &'static str,
        /// Its name.
        name: String,
        /// The path that it has.
        path: Arc<str>,
    },
    /// A managed policy that neither the document nor the account has.
    #[error("there is no policy {0} in the account")]
    UnknownPolicy(String),
    /// A key whose secret is not there: [`Document::resolve`] was not called.
    #[error("the access key {0} has no secret")]
    NoSecret(String),
    /// A secret that is there cannot be compared.
    #[error("the secret of the access key {0} cannot be opened: {1}")]
    Sealed(Arc<str>, OpenError),
    /// An operation was refused.
    #[error("{operation} in account {account}: {fault}")]
    Refused {
        /// The account.
        account: Arc<str>,
        /// The operation.
        operation: &'static str,
        /// Why.
        fault: IdentityFault,
    },
    /// A change made no sense.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl Document {
    /// The operations that make `directory` what the document says. None, if it is that already.
    /// Keys that were deleted stay so.
    pub fn plan(
        &self,
        directory: &Directory,
        keyring: &Keyring,
        unnamed: Unnamed,
    ) -> Result<Plan, PlanError> {
        twice("account", self.account.iter().map(|account| account.id.as_str()))?;
        let mut steps = Steps::default();
        for entry in &self.account {
            let planner = Planner {
                directory,
                keyring,
                entry,
                account: entry.id.as_str().into(),
                prune: unnamed == Unnamed::Pruned,
            };
            planner.plan(&mut steps)?;
        }
        // Ids of keys are unique among all accounts: one may move.
        let Steps { keys_gone, made, gone, skipped_keys } = steps;
        let steps = keys_gone.into_iter().chain(made).chain(gone).collect();
        Ok(Plan { steps, skipped_keys })
    }
}

/// Carries steps out purely: `apply` is called for each with the state that those before it have
/// led to, and gives its changes. All of them together are what is to be made durable; the state is
/// the one that they lead to.
pub fn carry_out(
    directory: &Directory,
    steps: Vec<Step>,
    mut apply: impl FnMut(&Directory, &Step) -> Result<Vec<Change>, IdentityFault>,
) -> Result<(Vec<Change>, Directory), PlanError> {
    let mut state = directory.clone();
    let mut all = Vec::new();
    for step in steps {
        let changes = apply(&state, &step).map_err(|fault| PlanError::Refused {
            account: Arc::clone(&step.account),
            operation: step.request.operation(),
            fault,
        })?;
        for change in &changes {
            state.evolve(change.clone())?;
        }
        all.extend(changes);
    }
    Ok((all, state))
}

#[derive(Default)]
struct Steps {
    keys_gone: Vec<Step>,
    made: Vec<Step>,
    gone: Vec<Step>,
    skipped_keys: Vec<SkippedKeyView>,
}

struct Planner<'a> {
    directory: &'a Directory,
    keyring: &'a Keyring,
    entry: &'a AccountEntry,
    account: Arc<str>,
    prune: bool,
}

impl Planner<'_> {
    fn plan(&self, steps: &mut Steps) -> Result<(), PlanError> {
        let entry = self.entry;
        twice("policy", entry.policy.iter().map(|policy| policy.name.as_str()))?;
        twice("group", entry.group.iter().map(|group| group.name.as_str()))?;
        twice("user", entry.user.iter().map(|user| user.name.as_str()))?;
        twice("role", entry.role.iter().map(|role| role.name.as_str()))?;
        if self.directory.account(&self.account).is_none() {
            let account_name = entry.name.clone();
            let request = CreateAccount { account_id: entry.id.clone(), account_name };
            self.step(&mut steps.made, request);
        }
        self.policies(steps)?;
        entry.group.iter().try_for_each(|group| self.group(group, steps))?;
        entry.user.iter().try_for_each(|user| self.user(user, steps))?;
        entry.role.iter().try_for_each(|role| self.role(role, steps))?;
        self.keys(&KeyOwner::Root, &entry.root_key, steps)?;
        if self.prune {
            self.pruned(steps);
        }
        Ok(())
    }

    fn step(&self, steps: &mut Vec<Step>, request: impl Into<IdentityRequest>) {
        steps.push(Step { account: Arc::clone(&self.account), request: request.into() });
    }

    fn arns(&self, names: &[String]) -> Result<BTreeSet<Arc<str>>, PlanError> {
        names.iter().filter_map(|name| self.arn(Some(name)).transpose()).collect()
    }

    /// The resource name of a policy that the document or the account has.
    fn arn(&self, name: Option<&str>) -> Result<Option<Arc<str>>, PlanError> {
        let Some(name) = name else { return Ok(None) };
        if name.starts_with("arn:") {
            return Ok(Some(name.into()));
        }
        let named = |path: &str, name: &str| {
            Some(format!("arn:aws:iam::{}:policy{path}{name}", self.account).into())
        };
        // The spelling and the path of one that is there count.
        let mut known = self.directory.policies(&self.account);
        if let Some(policy) = known.find(|policy| policy.name.eq_ignore_ascii_case(name)) {
            return Ok(named(&policy.path, &policy.name));
        }
        let mut entries = self.entry.policy.iter();
        match entries.find(|policy| policy.name.eq_ignore_ascii_case(name)) {
            Some(policy) => Ok(named(policy.path.as_deref().unwrap_or("/"), &policy.name)),
            None => Err(PlanError::UnknownPolicy(name.to_owned())),
        }
    }
}

fn twice<'a>(what: &'static str, names: impl Iterator<Item = &'a str>) -> Result<(), PlanError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name.to_ascii_lowercase()) {
            return Err(PlanError::Twice { what, name: name.to_owned() });
        }
    }
    Ok(())
}

fn check_path(
    what: &'static str,
    name: &str,
    wanted: Option<&str>,
    path: &Arc<str>,
) -> Result<(), PlanError> {
    if wanted.unwrap_or("/") == &**path {
        return Ok(());
    }
    Err(PlanError::Path { what, name: name.to_owned(), path: Arc::clone(path) })
}
