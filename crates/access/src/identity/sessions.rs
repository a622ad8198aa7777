//! Temporary credentials: a role's session is in its token, sealed, and nowhere else.
//!
//! Invariant: a token opens only together with the access key id that it was issued with, and only
//! under a master key that is still known: taking one out of the ring ends its sessions.

use super::fault::IdentityFault;
use super::fresh::Fresh;
use super::limits;
use super::sealing::{Keyring, Sealed, Secret};
use crate::caller::Session;
use serde::{Deserialize, Serialize};

/// How the access key ids of sessions begin, and no others.
pub const SESSION_KEY_PREFIX: &str = "ASIA";

/// What a token holds.
#[derive(Serialize, Deserialize)]
struct Contents {
    secret: Secret,
    session: Session,
}

/// Credentials for a session.
pub struct Issued {
    /// `ASIA` and 16 characters.
    pub access_key_id: String,
    /// Forty characters.
    pub secret: Secret,
    /// The token that goes with every request.
    pub token: String,
}

/// Issues credentials for a session.
pub fn issue(keyring: &Keyring, session: Session, fresh: &Fresh) -> Result<Issued, IdentityFault> {
    let access_key_id = fresh.key_id(SESSION_KEY_PREFIX);
    let contents = Contents { secret: fresh.secret(), session };
    let text = serde_json::to_string(&contents).expect("its keys are texts");
    let text = Secret::new(text);
    let token = keyring.seal(text.expose(), &purpose(&access_key_id), &fresh.nonce()).to_text();
    if token.len() > limits::SESSION_TOKEN_BYTES_MAX {
        let percent = token.len() * 100 / limits::SESSION_TOKEN_BYTES_MAX;
        return Err(IdentityFault::PackedPolicyTooLarge(format!(
            "Packed size of session policy consumes {percent}% of allotted space."
        )));
    }
    Ok(Issued { access_key_id, secret: contents.secret, token })
}

/// The session of a token that was issued with this key.
pub fn open(keyring: &Keyring, access_key_id: &str, token: &str) -> Option<(Session, Secret)> {
    if token.len() > limits::SESSION_TOKEN_BYTES_MAX {
        return None;
    }
    let text = keyring.open(&Sealed::parse(token)?, &purpose(access_key_id)).ok()?;
    let contents: Contents = serde_json::from_str(text.expose()).ok()?;
    Some((contents.session, contents.secret))
}

/// The resource name of a session.
pub fn session_arn(account: &str, role_name: &str, session_name: &str) -> String {
    format!("arn:aws:sts::{account}:assumed-role/{role_name}/{session_name}")
}

fn purpose(access_key_id: &str) -> Vec<u8> {
    format!("session 1\0{access_key_id}").into_bytes()
}
