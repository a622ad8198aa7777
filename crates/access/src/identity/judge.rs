//! Whether whoever asks for an operation may have it: what it demands of their policies.
//!
//! Invariant: an operation demands at least what IAM's operations that do the same demand, so that
//! a policy that was written for AWS denies here what it denies there. Those that IAM does not have
//! are actions of a service of their own, which `iam:*` does not reach, and demand IAM's actions
//! besides.

use super::asked::Asked;
use super::directory::Directory;
use super::fault::IdentityFault;
use super::limits;
use super::record::Tags;
use super::request::IdentityRequest;
use crate::action::Action;
use crate::caller::Principal;
use crate::check::{Check, Origin};
use crate::policy::Verdict;
use std::sync::Arc;
use wire::Timestamp;

/// Who asks, and from where.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// Who.
    pub principal: &'a Principal,
    /// The account that the operation acts in.
    pub account: &'a str,
    /// Where the request comes from.
    pub origin: Option<&'a Origin>,
    /// The region that it is for.
    pub region: &'a str,
    /// The time.
    pub now: Timestamp,
}

/// What the policies say of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// What was judged: the operation's own action, or another that it demands and that is denied.
    pub action: Action,
    /// The name of what it acts on. What exists goes by its own: policies know it by that.
    pub resource: Arc<str>,
    /// The same as whoever asks has named it. That is all that one who is denied is told: its path
    /// and its spelling would say that it exists.
    pub named: Arc<str>,
    /// What came of it.
    pub verdict: Verdict,
}

impl Judged {
    /// What whoever asks is told, if they may not.
    pub fn refusal(&self, principal: &Principal) -> Option<IdentityFault> {
        match &self.verdict {
            Verdict::Allowed(_) => None,
            Verdict::Denied(denial) => {
                let text = denial.text(&principal.arn, self.action, &self.named);
                Some(IdentityFault::AccessDenied(text))
            }
        }
    }
}

impl IdentityRequest {
    /// Judges all that the operation demands. The first that is denied is told, or else the
    /// operation's own. A name that is too long is refused before: a denial would quote it, and the
    /// audit note it; and so are tags that conditions would be compared with at length.
    pub fn judge(&self, directory: &Directory, by: &Asker<'_>) -> Result<Judged, IdentityFault> {
        let user_name = by.principal.user_name.as_deref();
        let resource = self.resource(directory, by.account, user_name);
        let named = self.resource_as_named(directory, by.account, user_name);
        if resource.len().max(named.len()) > limits::RESOURCE_BYTES_MAX {
            return Err(IdentityFault::Validation(format!(
                "What the operation acts on has a name of more than {} bytes.",
                limits::RESOURCE_BYTES_MAX
            )));
        }
        let asked = Asked::of(self);
        if !asked.is_bounded() {
            return Err(IdentityFault::Validation(format!(
                "There are {} tags at most, and what is given has {} bytes at most.",
                limits::TAGS_MAX,
                limits::RESOURCE_BYTES_MAX
            )));
        }
        let judge = |action, resource: &str| judge_one(&asked, directory, by, action, resource);
        let own = judge(self.action(), &resource);
        if let Verdict::Allowed(_) = own {
            for (action, everything) in self.demanded_besides() {
                let [resource, named] =
                    if *everything { ["*", "*"] } else { [&*resource, &*named] };
                let verdict = judge(*action, resource);
                if let Verdict::Denied(_) = verdict {
                    let (resource, named) = (resource.into(), named.into());
                    return Ok(Judged { action: *action, resource, named, verdict });
                }
            }
        }
        let (resource, named) = (resource.into(), named.into());
        Ok(Judged { action: self.action(), resource, named, verdict: own })
    }

    /// Actions that are demanded with the operation's own: on what it acts on, or on everything, of
    /// which IAM knows no parts.
    fn demanded_besides(&self) -> &'static [(Action, bool)] {
        use IdentityRequest as R;
        if let R::ImportAccessKey(_) = self {
            &[(Action::CreateAccessKey, false)]
        } else if let R::UpdatePolicy(_) = self {
            // The old version goes, too.
            &[
                (Action::CreatePolicyVersion, false),
                (Action::SetDefaultPolicyVersion, false),
                (Action::DeletePolicyVersion, false),
            ]
        } else if let R::GetPolicy(_) = self {
            // It shows the document, which IAM shows as that of a version.
            &[(Action::GetPolicyVersion, false)]
        } else if let R::ImportIdentities(_) = self {
            // Which steps it takes tells what there is. The steps themselves are judged when it is
            // known what they are.
            &[(Action::GetAccountAuthorizationDetails, true)]
        } else if let R::CreateUser(request) = self
            && !request.tags.is_empty()
        {
            &[(Action::TagUser, false)]
        } else if let R::CreateRole(request) = self
            && !request.tags.is_empty()
        {
            &[(Action::TagRole, false)]
        } else {
            &[]
        }
    }
}

fn judge_one(
    asked: &Asked<'_>,
    directory: &Directory,
    by: &Asker<'_>,
    action: Action,
    resource: &str,
) -> Verdict {
    // A role of another account may be assumed, and nothing else is done outside of one's own.
    let foreign = (action == Action::AssumeRole).then(|| resource.split(':').nth(4)).flatten();
    let (given, keys) = (asked.request_tags(), asked.tag_keys());
    let check = Check {
        action,
        resource,
        values: asked.values(directory, by.account),
        resource_tags: resource_tags(directory, foreign.unwrap_or(by.account), resource),
        request_tags: &given,
        tag_keys: &keys,
        origin: by.origin,
        region: by.region,
        now: by.now,
    };
    by.principal.permissions.judge(by.principal, &check)
}

/// The tags of a user or a role that is there.
fn resource_tags<'d>(directory: &'d Directory, account: &str, arn: &str) -> Option<&'d Tags> {
    let (_, name) = arn.rsplit_once('/')?;
    let user = directory.user(account, name).filter(|user| user.arn(account) == arn);
    let role = directory.role(account, name).filter(|role| role.arn(account) == arn);
    user.map(|user| &user.tags).or_else(|| role.map(|role| &role.tags))
}
