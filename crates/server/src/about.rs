//! What an operation on identities is about beside the resource that it acts on, for the audit.

use access::identity::{IdentityFault, IdentityReply, IdentityRequest as R, KeyStatus};

/// The longest text that is noted: a policy's resource name with its path. A longer one is no name.
const TEXT_BYTES_MAX: usize = 1_024;

/// See the module. Nothing of it is secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The name of the session that a role is assumed for.
    pub session: Option<String>,
    /// The access key that came of it.
    pub issued_key: Option<String>,
    /// The access key that is changed.
    pub target_key: Option<String>,
    /// What becomes of that key: `Active` or `Inactive`.
    pub key_status: Option<&'static str>,
    /// The name of the inline policy, or the resource name of the managed one.
    pub target_policy: Option<String>,
}

impl About {
    /// What is known before anything is done.
    pub fn of(request: &R) -> About {
        let mut about = About::default();
        if let R::AssumeRole(r) = request {
            about.session = note(&r.role_session_name);
        } else if let R::UpdateAccessKey(r) = request {
            about.target_key = note(&r.access_key_id);
            about.key_status = r.status.map(word);
        } else if let R::DeleteAccessKey(r) = request {
            about.target_key = note(&r.access_key_id);
        } else if let R::ImportAccessKey(r) = request {
            about.target_key = note(&r.access_key_id);
            about.key_status = Some(word(r.status.unwrap_or(KeyStatus::Active)));
        } else {
            about.target_policy = policy(request).and_then(note);
        }
        about
    }

    /// The same when it is done.
    pub fn with(mut self, reply: &Result<IdentityReply, IdentityFault>) -> About {
        if let Ok(IdentityReply::Session { credentials, .. }) = reply {
            self.issued_key = Some(credentials.access_key_id.clone());
        } else if let Ok(IdentityReply::NewKey { access_key }) = reply {
            self.issued_key = Some(access_key.access_key_id.to_string());
            self.key_status = Some(word(access_key.status));
        }
        self
    }
}

fn note(text: &str) -> Option<String> {
    (1..=TEXT_BYTES_MAX).contains(&text.len()).then(|| text.to_owned())
}

fn word(status: KeyStatus) -> &'static str {
    match status {
        KeyStatus::Active => "Active",
        KeyStatus::Inactive => "Inactive",
    }
}

/// The policy that is given to somebody or taken away, if the operation does that.
fn policy(request: &R) -> Option<&str> {
    if let R::PutUserPolicy(r) = request {
        Some(&r.policy_name)
    } else if let R::PutGroupPolicy(r) = request {
        Some(&r.policy_name)
    } else if let R::PutRolePolicy(r) = request {
        Some(&r.policy_name)
    } else if let R::DeleteUserPolicy(r) = request {
        Some(&r.policy_name)
    } else if let R::DeleteGroupPolicy(r) = request {
        Some(&r.policy_name)
    } else if let R::DeleteRolePolicy(r) = request {
        Some(&r.policy_name)
    } else if let R::AttachUserPolicy(r) = request {
        Some(&r.policy_arn)
    } else if let R::AttachGroupPolicy(r) = request {
        Some(&r.policy_arn)
    } else if let R::AttachRolePolicy(r) = request {
        Some(&r.policy_arn)
    } else if let R::DetachUserPolicy(r) = request {
        Some(&r.policy_arn)
    } else if let R::DetachGroupPolicy(r) = request {
        Some(&r.policy_arn)
    } else if let R::DetachRolePolicy(r) = request {
        Some(&r.policy_arn)
    } else {
        None
    }
}
