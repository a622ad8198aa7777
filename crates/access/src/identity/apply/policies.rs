//! Inline policies of users, groups and roles, and the managed ones that are attached to them.

use super::*;
use crate::identity::reply::AttachedView;

impl Draft<'_> {
    pub(super) fn put_policy(&self, mut holder: Holder, name: &str, document: &str) -> Applied {
        names::check_long_name("policyName", name)?;
        let (place, chars_max) = match &holder {
            Holder::User(_) => (PolicyPlace::User, limits::USER_POLICIES_CHARS_MAX),
            Holder::Group(_) => (PolicyPlace::Group, limits::GROUP_POLICIES_CHARS_MAX),
            Holder::Role(_) => (PolicyPlace::Role, limits::ROLE_POLICIES_CHARS_MAX),
        };
        let others = holder.policies().iter().filter(|(other, _)| ***other != *name);
        let others: usize = others.map(|(_, document)| limits::counted_chars(document)).sum();
        if others + limits::counted_chars(document) > chars_max {
            let (what, holder) = (holder.what(), holder.name());
            return Err(IdentityFault::LimitExceeded(format!(
                "Maximum policy size of {chars_max} bytes exceeded for {what} {holder}"
            )));
        }
        read_document(document, place)?;
        if holder.policies().get(name).is_some_and(|known| **known == *document) {
            return done(Vec::new());
        }
        holder.policies_mut().insert(name.into(), document.into());
        done(vec![holder.change(self.account())])
    }

    pub(super) fn get_policy(&self, holder: &Holder, name: &str) -> Applied {
        let (policy_name, document) =
            holder.policies().get_key_value(name).ok_or_else(|| no_policy(holder, name))?;
        let (policy_name, policy_document) = (Arc::clone(policy_name), Arc::clone(document));
        let name = Arc::clone(holder.name());
        let reply = match holder {
            Holder::User(_) => {
                IdentityReply::UserDocument { user_name: name, policy_name, policy_document }
            }
            Holder::Group(_) => {
                IdentityReply::GroupDocument { group_name: name, policy_name, policy_document }
            }
            Holder::Role(_) => {
                IdentityReply::RoleDocument { role_name: name, policy_name, policy_document }
            }
        };
        Ok((Vec::new(), reply))
    }

    pub(super) fn delete_policy(&self, mut holder: Holder, name: &str) -> Applied {
        if holder.policies_mut().remove(name).is_none() {
            return Err(no_policy(&holder, name));
        }
        done(vec![holder.change(self.account())])
    }

    pub(super) fn attach(&self, mut holder: Holder, arn: &str) -> Applied {
        if self.policy(arn).is_err() {
            return Err(IdentityFault::NoSuchEntity(format!(
                "Policy {arn} does not exist or is not attachable."
            )));
        }
        if !holder.attached_mut().insert(arn.into()) {
            return done(Vec::new());
        }
        if holder.attached().len() > limits::ATTACHED_MAX {
            let quota = match &holder {
                Holder::User(_) => "PoliciesPerUser",
                Holder::Group(_) => "PoliciesPerGroup",
                Holder::Role(_) => "PoliciesPerRole",
            };
            return Err(IdentityFault::quota(quota, limits::ATTACHED_MAX));
        }
        done(vec![holder.change(self.account())])
    }

    pub(super) fn detach(&self, mut holder: Holder, arn: &str) -> Applied {
        if !holder.attached_mut().remove(arn) {
            return Err(IdentityFault::unknown_policy(arn));
        }
        done(vec![holder.change(self.account())])
    }

    pub(super) fn list_attached(&self, holder: &Holder) -> Applied {
        let view = |arn: &Arc<str>| {
            let policy_name = Arc::clone(&self.policy(arn)?.name);
            Ok(AttachedView { policy_name, policy_arn: Arc::clone(arn) })
        };
        let attached_policies = holder.attached().iter().map(view).collect::<Result<_, _>>()?;
        Ok((Vec::new(), IdentityReply::Attached { attached_policies }))
    }
}

fn no_policy(holder: &Holder, name: &str) -> IdentityFault {
    IdentityFault::unknown(&format!("{} policy", holder.what()), name)
}
