//! Sessions, and who somebody is.

use super::*;
use crate::action::Action;
use crate::caller::{PrincipalKind, Session};
use crate::check::{Check, ServiceValues};
use crate::identity::reply::{AssumedView, CredentialsView};
use crate::identity::request::AssumeRole;
use crate::identity::sealing::Secret;
use crate::identity::sessions;
use crate::policy::{Admission, DenialReason, Permissions, Verdict};

impl Draft<'_> {
    pub(super) fn caller_identity(&self) -> Applied {
        let caller = self.caller()?;
        let reply = IdentityReply::Caller {
            user_id: Arc::clone(&caller.user_id),
            account: Arc::clone(&caller.account),
            arn: Arc::clone(&caller.arn),
        };
        Ok((Vec::new(), reply))
    }

    pub(super) fn assume_role(&self, request: &AssumeRole) -> Applied {
        let caller = self.caller()?;
        names::check_session_name(&request.role_session_name)?;
        let refused = || {
            IdentityFault::AccessDenied(format!(
                "User: {} is not authorized to perform: sts:AssumeRole on resource: {}",
                caller.arn, request.role_arn
            ))
        };
        // A role that is not there is refused as one that does not let the caller in.
        let (account, role) = self.role_by_arn(&request.role_arn).ok_or_else(refused)?;
        if caller.kind == PrincipalKind::Account {
            return Err(IdentityFault::AccessDenied(
                "Roles may not be assumed by root accounts.".to_owned(),
            ));
        }
        // For both policies: what a condition asks of the role, it asks of its tags.
        let check = self.check(Action::AssumeRole, &request.role_arn, &role.record.tags);
        let allowed = match caller.permissions.judge(caller, &check) {
            Verdict::Allowed(_) => true,
            Verdict::Denied(denial) => match denial.reason {
                DenialReason::ExplicitIdentity
                | DenialReason::ExplicitBoundary
                | DenialReason::ExplicitSession
                | DenialReason::ImplicitBoundary
                | DenialReason::ImplicitSession => return Err(refused()),
                // Reported before what the others say: they still have to allow it.
                DenialReason::ImplicitIdentity if is_within_limits(caller, &check) => false,
                DenialReason::ImplicitIdentity => return Err(refused()),
            },
        };
        match role.trust.admits(caller, &role.record.trusted, &check) {
            Admission::Named if allowed || *caller.account == *account => (),
            Admission::Account if allowed => (),
            Admission::Named | Admission::Account | Admission::Unmentioned | Admission::Denied => {
                return Err(refused());
            }
        }
        let record = &role.record;
        let seconds = session_seconds(caller, request.duration_seconds, record)?;
        if let Some(document) = &request.policy {
            if limits::counted_chars(document) > limits::SESSION_POLICY_CHARS_MAX {
                return Err(IdentityFault::Validation(format!(
                    "A session's policy has at most {} characters.",
                    limits::SESSION_POLICY_CHARS_MAX
                )));
            }
            read_document(document, PolicyPlace::Session)?;
        }
        let issued_at = self.directory.latest(self.setting.now);
        let expires_at = Timestamp(issued_at.0 + i64::from(seconds) * 1000);
        let session = Session {
            account: Arc::clone(&account),
            role_name: Arc::clone(&record.name),
            role_id: Arc::clone(&record.id),
            name: request.role_session_name.as_str().into(),
            issued_at,
            expires_at,
            policy: request.policy.as_deref().map(Arc::from),
            source: Arc::clone(&caller.arn),
        };
        let name = Arc::clone(&session.name);
        let issued = sessions::issue(self.setting.keyring, session, self.setting.fresh)?;
        let credentials = CredentialsView {
            access_key_id: issued.access_key_id,
            secret_access_key: issued.secret,
            session_token: Secret::new(issued.token),
            expiration: expires_at,
        };
        let assumed_role_user = AssumedView {
            assumed_role_id: format!("{}:{name}", record.id),
            arn: sessions::session_arn(&account, &record.name, &name),
        };
        Ok((Vec::new(), IdentityReply::Session { credentials, assumed_role_user }))
    }

    fn caller(&self) -> Result<&Principal, IdentityFault> {
        self.setting.caller.ok_or_else(|| {
            IdentityFault::Validation(
                "This is asked with credentials, not on the data directory.".to_owned(),
            )
        })
    }

    fn role_by_arn(&self, arn: &str) -> Option<(Arc<str>, &crate::identity::directory::Role)> {
        let account = arn.split(':').nth(4)?;
        let (_, name) = arn.rsplit_once('/')?;
        let entry = self.directory.accounts.get(account)?;
        let role = entry.roles.get(&Folded::of(name))?;
        (role.record.arn(account) == arn).then(|| (Arc::clone(&entry.record.id), role))
    }

    fn check<'c>(&'c self, action: Action, resource: &'c str, tags: &'c Tags) -> Check<'c> {
        Check {
            action,
            resource,
            values: ServiceValues::default(),
            resource_tags: Some(tags),
            request_tags: &[],
            tag_keys: &[],
            origin: self.setting.origin,
            region: self.setting.region,
            now: self.setting.now,
        }
    }
}

/// Whether the boundary and the session's policy allow it, as far as there are any: a role that
/// names its caller stands in for policies that grant, and not for those that limit.
fn is_within_limits(caller: &Principal, check: &Check<'_>) -> bool {
    let Permissions { identity: _, boundary, session } = &caller.permissions;
    let mut limits = boundary.iter().chain(session);
    limits.all(|limit| {
        let alone = Permissions { identity: vec![Arc::clone(limit)], ..Permissions::default() };
        matches!(alone.judge(caller, check), Verdict::Allowed(_))
    })
}

/// How long a session lasts. One that a session opens lasts an hour at most, as in AWS.
fn session_seconds(
    caller: &Principal,
    given: Option<u32>,
    role: &RoleRecord,
) -> Result<u32, IdentityFault> {
    let seconds = given.unwrap_or(limits::SESSION_SECONDS_DEFAULT);
    if !(limits::SESSION_SECONDS_MIN..=limits::SESSION_SECONDS_MAX).contains(&seconds) {
        return Err(IdentityFault::Validation(format!(
            "1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to \
             satisfy constraint: Member must have value between {} and {}",
            limits::SESSION_SECONDS_MIN,
            limits::SESSION_SECONDS_MAX
        )));
    }
    if seconds > role.session_seconds_max {
        return Err(IdentityFault::Validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
                .to_owned(),
        ));
    }
    if caller.kind == PrincipalKind::AssumedRole && seconds > limits::SESSION_SECONDS_DEFAULT {
        return Err(IdentityFault::Validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by \
             role chaining."
                .to_owned(),
        ));
    }
    Ok(seconds)
}
