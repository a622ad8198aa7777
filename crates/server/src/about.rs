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
    /// The user who comes into a group or leaves it.
    pub target_user: Option<String>,
}

impl About {
    /// What is known before anything is done.
    pub fn of(request: &R) -> About {
        let mut about = About {
            target_key: request.target_key().and_then(note),
            target_policy: request.target_policy().and_then(note),
            target_user: request.target_user().and_then(note),
            ..About::default()
        };
        if let R::AssumeRole(r) = request {
            about.session = note(&r.role_session_name);
        } else if let R::UpdateAccessKey(r) = request {
            about.key_status = r.status.map(word);
        } else if let R::ImportAccessKey(r) = request {
            about.key_status = Some(word(r.status.unwrap_or(KeyStatus::Active)));
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
